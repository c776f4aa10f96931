//! 小数保护 of a published figure: the tree of its places, with those hidden from which a small number could be
//! found (`engine::indicators::disclosure`). Nobody who reads it has places of their own.

use domain::{AreaCode, AreaLevel, Fen};
use engine::indicators::{Count, Node, Veil, veil};
use std::collections::{BTreeMap, BTreeSet};

/// What stands somewhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    /// How many.
    pub whole: u64,
    /// How many of them are in the numerator.
    pub part: u64,
    /// How much money.
    pub amount: Fen,
}

/// A place of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    /// A place with all below it.
    Place(AreaCode),
    /// Those of it that stand in none below.
    Unplaced(AreaCode),
}

impl Sum {
    /// Adds another.
    pub(super) fn add(&mut self, other: Self) {
        self.whole = self.whole.saturating_add(other.whole);
        self.part = self.part.saturating_add(other.part);
        self.amount = Fen::new(self.amount.get().saturating_add(other.amount.get()));
    }
}

/// Every place of a figure with the place it is listed in, and its numbers where they may be told. Below a hidden
/// place every place of the register is listed as hidden: which of them have somebody would tell how many there
/// are at least.
pub(super) fn veiled(
    at: &BTreeMap<AreaCode, Sum>,
    (home, register): (AreaCode, &BTreeSet<AreaCode>),
    least: u64,
) -> Vec<(Spot, AreaCode, Option<Sum>)> {
    let inside = at.iter().filter(|(code, _)| home.contains(code));
    let mut sums: BTreeMap<AreaCode, Sum> = BTreeMap::from([(home, Sum::default())]);
    for (code, sum) in inside.clone() {
        let mut around = Some(*code);
        while let Some(code) = around.filter(|code| home.contains(code)) {
            sums.entry(code).or_default().add(*sum);
            around = code.parent().filter(|_| code != home);
        }
    }
    // The widest first: a total stands before what it is of.
    let mut places: Vec<(AreaCode, Sum)> = sums.into_iter().collect();
    places.sort_by_key(|(code, _)| (code.level(), *code));
    let index = |code: &AreaCode| places.iter().position(|(one, _)| one == code);
    let mut spots: Vec<(Spot, AreaCode, Sum, Option<usize>)> = Vec::new();
    for (code, sum) in &places {
        let up = code.parent().filter(|_| *code != home);
        let around = up.unwrap_or(home);
        spots.push((
            Spot::Place(*code),
            around,
            *sum,
            up.and_then(|up| index(&up)),
        ));
    }
    for (code, sum) in inside {
        let has_below = places
            .iter()
            .any(|(one, _)| one != code && code.contains(one));
        if has_below && code.level() != AreaLevel::Village {
            spots.push((Spot::Unplaced(*code), *code, *sum, index(code)));
        }
    }
    let node = |(_, _, sum, parent): &(Spot, AreaCode, Sum, Option<usize>)| Node {
        parent: *parent,
        counts: vec![Count {
            whole: sum.whole,
            part: sum.part.min(sum.whole),
        }],
        known: vec![Count::default()],
        own: false,
    };
    let nodes: Vec<Node> = spots.iter().map(node).collect();
    let told = veil(&nodes, least);
    let shown = |veils: Vec<Veil>| veils.first() == Some(&Veil::Shown);
    let rows = spots.into_iter().zip(told);
    let mut rows: Vec<(Spot, AreaCode, Option<Sum>)> = rows
        .map(|((spot, around, sum, _), veils)| (spot, around, shown(veils).then_some(sum)))
        .collect();
    let hidden = |row: &(Spot, AreaCode, Option<Sum>)| match row {
        (Spot::Place(code), _, None) => Some(*code),
        _ => None,
    };
    let veiled: BTreeSet<AreaCode> = rows.iter().filter_map(hidden).collect();
    let below = |code: &AreaCode| {
        let mut up = code.parent();
        while let Some(around) = up.filter(|around| home.contains(around)) {
            if veiled.contains(&around) {
                return true;
            }
            up = around.parent();
        }
        false
    };
    rows.retain(|(spot, _, _)| match spot {
        Spot::Place(code) => !below(code),
        Spot::Unplaced(code) => !veiled.contains(code) && !below(code),
    });
    let alike = register.iter().filter(|code| below(code));
    rows.extend(alike.filter_map(|code| Some((Spot::Place(*code), code.parent()?, None))));
    rows
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test that fails should stop where it failed"
    )]
    use super::*;

    const LEAST: u64 = 3;

    struct Dice(u64);

    impl Dice {
        fn below(&mut self, n: u64) -> u64 {
            self.0 = self
                .0
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % n
        }
    }

    fn code(text: &str) -> AreaCode {
        AreaCode::parse(text).unwrap()
    }

    fn of(whole: u64) -> Sum {
        Sum {
            whole,
            part: 0,
            amount: Fen::new(i64::try_from(whole).unwrap() * 41_300),
        }
    }

    /// Every place there is.
    fn register() -> BTreeSet<AreaCode> {
        let township = |t: u64| (0..9).map(move |v| code(&format!("990101{t:03}{v:03}")));
        (1..=6).flat_map(township).collect()
    }

    fn county(dice: &mut Dice) -> BTreeMap<AreaCode, Sum> {
        let mut at = BTreeMap::new();
        for township in 1..=1 + dice.below(4) {
            let large = [3, 6, 40][usize::try_from(dice.below(3)).unwrap()];
            for village in 0..=dice.below(5) {
                // Village 0 is the township itself: those nobody could place further.
                let whole = dice.below(large);
                let part = dice.below(whole + 1);
                let place = format!("990101{township:03}{village:03}");
                at.insert(code(&place), Sum { part, ..of(whole) });
            }
        }
        if dice.below(3) == 0 {
            at.insert(code("990101"), of(dice.below(4)));
        }
        // Where there is nobody the record counts nothing, and the page says so.
        at.retain(|_, sum| sum.whole > 0);
        at
    }

    /// Everything somebody can conclude who adds up and takes away as long as anything new is found: the least
    /// and the most each number can be, from what is shown and from the rows there are.
    fn bounds(
        rows: &[(Spot, AreaCode, Option<Sum>)],
        number: impl Fn(&Sum) -> u64,
        floor: u64,
    ) -> Vec<(u64, u64)> {
        let hidden = |place: AreaCode| {
            let mut rows = rows.iter();
            rows.any(|(spot, _, told)| *spot == Spot::Place(place) && told.is_none())
        };
        const MANY: u64 = 1 << 40;
        let mut out: Vec<(u64, u64)> = rows
            .iter()
            .map(|(spot, around, told)| match told {
                Some(sum) => (number(sum), number(sum)),
                // Below a hidden place everybody is listed, whoever is there.
                None if *spot != Spot::Place(*around) && hidden(*around) => (0, MANY),
                None => (floor, MANY),
            })
            .collect();
        let below = |at: usize| -> Vec<usize> {
            let Spot::Place(code) = rows[at].0 else {
                return Vec::new();
            };
            let listed = |(other, (spot, around, _)): (usize, &(Spot, AreaCode, Option<Sum>))| {
                let own = *spot == Spot::Place(code);
                (*around == code && !own).then_some(other)
            };
            rows.iter().enumerate().filter_map(listed).collect()
        };
        loop {
            let before = out.clone();
            for at in 0..rows.len() {
                let children = below(at);
                if children.is_empty() {
                    continue;
                }
                let low: u64 = children.iter().map(|c| out[*c].0).sum();
                let high: u64 = children.iter().map(|c| out[*c].1).sum();
                out[at] = (out[at].0.max(low), out[at].1.min(high));
                for child in &children {
                    let others = children.iter().filter(|c| *c != child);
                    let (low, high) =
                        others.fold((0, 0), |(l, h), c| (l + out[*c].0, h + out[*c].1));
                    let own = out[*child];
                    out[*child] = (
                        own.0.max(out[at].0.saturating_sub(high)),
                        own.1.min(out[at].1.saturating_sub(low)),
                    );
                }
            }
            if out == before {
                return out;
            }
        }
    }

    #[test]
    fn no_hidden_number_of_households_is_found_by_adding_up_and_taking_away() {
        let (mut hidden, mut shown) = (0, 0);
        for seed in 0..10_000 {
            let mut dice = Dice(seed);
            let at: BTreeMap<AreaCode, Sum> = county(&mut dice)
                .into_iter()
                .map(|(code, sum)| (code, Sum { part: 0, ..sum }))
                .collect();
            let rows = veiled(&at, (code("990101"), &register()), LEAST);
            // A row is listed because somebody is there, except where nobody was told to be.
            let wholes = bounds(&rows, |sum| sum.whole, 1);
            for (row, bound) in rows.iter().zip(&wholes) {
                match row.2 {
                    Some(sum) => {
                        shown += 1;
                        let small = (1..LEAST).contains(&sum.whole);
                        assert!(!small, "seed {seed}: {row:?}");
                    }
                    None => {
                        hidden += 1;
                        assert!(bound.0 < bound.1, "seed {seed}: {row:?} is {bound:?}");
                        assert!(bound.1 >= LEAST, "seed {seed}: {row:?} is small {bound:?}");
                    }
                }
            }
        }
        assert!(hidden > 5_000 && shown > 5_000, "{hidden} {shown}");
    }

    #[test]
    fn neither_number_of_a_hidden_rate_is_found_by_adding_up_and_taking_away() {
        let mut hidden = 0;
        for seed in 0..10_000 {
            let mut dice = Dice(seed);
            let rows = veiled(&county(&mut dice), (code("990101"), &register()), LEAST);
            let wholes = bounds(&rows, |sum| sum.whole, 1);
            let parts = bounds(&rows, |sum| sum.part, 0);
            let rests = bounds(&rows, |sum| sum.whole - sum.part, 0);
            for (at, row) in rows.iter().enumerate() {
                let Some(sum) = row.2 else {
                    hidden += 1;
                    let (whole, part, rest) = (wholes[at], parts[at], rests[at]);
                    assert!(whole.0 < whole.1, "seed {seed}: {row:?} is {whole:?}");
                    // That nobody stands there may be told.
                    assert!(
                        part.0 < part.1 || part.1 == 0,
                        "seed {seed}: {row:?} {part:?}"
                    );
                    assert!(
                        rest.0 < rest.1 || rest.1 == 0,
                        "seed {seed}: {row:?} {rest:?}"
                    );
                    continue;
                };
                let small = |n: u64| (1..LEAST).contains(&n);
                let told = small(sum.whole) || small(sum.part) || small(sum.whole - sum.part);
                assert!(!told, "seed {seed}: {row:?}");
            }
        }
        assert!(hidden > 5_000, "{hidden}");
    }

    #[test]
    fn a_village_of_two_hides_with_the_smallest_beside_it_and_money_goes_with_the_count() {
        let at = BTreeMap::from([
            (code("990101001001"), of(2)),
            (code("990101001002"), of(9)),
            (code("990101001003"), of(30)),
            (code("990101002001"), of(50)),
        ]);
        let rows = veiled(&at, (code("990101"), &register()), LEAST);
        let told = |place: &str| {
            let spot = Spot::Place(code(place));
            rows.iter().find(|row| row.0 == spot).unwrap().2
        };
        assert_eq!((told("990101001001"), told("990101001002")), (None, None));
        assert_eq!(told("990101001003"), Some(of(30)));
        assert_eq!(told("990101001"), Some(of(41)));
        assert_eq!(told("990101"), Some(of(91)));
    }
}
