//! Of what size amounts are. A file in thousands of yuan adds up with itself and breaks no rule; only beside the
//! file before it does it show: what is in the middle is a thousand times smaller.

use domain::Fen;
use store::batches::Size;

/// Steps between an amount and its double.
const STEPS: usize = 8;
const STEP_BITS: u32 = 3;

/// How many amounts there are of each size, in steps of an eighth: what is held does not grow with the rows.
#[derive(Clone, Default)]
pub(super) struct Sizes {
    counts: Vec<u64>,
    amounts: u64,
}

impl Sizes {
    /// One more amount; nothing and less than nothing have no size.
    pub(super) fn add(&mut self, fen: i64) {
        let Some(at) = u64::try_from(fen).ok().and_then(place) else {
            return;
        };
        if self.counts.len() <= at {
            self.counts.resize(at.saturating_add(1), 0);
        }
        if let Some(count) = self.counts.get_mut(at) {
            *count = count.saturating_add(1);
            self.amounts = self.amounts.saturating_add(1);
        }
    }

    /// How many, and the one in the middle; none without an amount.
    pub(super) fn of(&self, column: &str) -> Option<Size> {
        let half = self.amounts.div_ceil(2);
        let mut below = 0_u64;
        let at = self.counts.iter().position(|count| {
            below = below.saturating_add(*count);
            *count > 0 && below >= half
        })?;
        Some(Size {
            column: column.to_owned(),
            amounts: self.amounts,
            median: Fen::new(i64::try_from(least(at)).unwrap_or(i64::MAX)),
        })
    }
}

/// The step an amount stands on; none for zero.
fn place(fen: u64) -> Option<usize> {
    let doubled = fen.checked_ilog2()?;
    let within = match doubled.checked_sub(STEP_BITS) {
        Some(shift) => fen >> shift,
        None => fen << STEP_BITS.saturating_sub(doubled),
    };
    let within = usize::try_from(within).ok()?.checked_sub(STEPS)?;
    usize::try_from(doubled)
        .ok()?
        .checked_mul(STEPS)?
        .checked_add(within)
}

/// The least amount on a step.
fn least(place: usize) -> u64 {
    let whole = u64::try_from((place % STEPS).saturating_add(STEPS)).unwrap_or(0);
    let doubled = u32::try_from(place / STEPS).unwrap_or(0);
    match doubled.checked_sub(STEP_BITS) {
        Some(shift) => whole << shift,
        None => whole >> STEP_BITS.saturating_sub(doubled),
    }
}

/// Whether two sizes are nearer to a thousand times each other than to a hundred: no wage, bill or rent moves so far
/// from one file to the next, and a unit does. Some amounts on either side are no measure.
pub(super) fn of_another_unit(before: &Size, now: &Size, enough: u64) -> bool {
    let many = before.amounts >= enough && now.amounts >= enough;
    let [low, high] = {
        let mut both = [before, now].map(|size| i128::from(size.median.get()));
        both.sort_unstable();
        both
    };
    // More than 10^2.5 times, without a root.
    many && high.saturating_mul(high) >= low.saturating_mul(low).saturating_mul(100_000)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn the_middle_of_many_amounts_is_known_within_an_eighth() {
        let mut sizes = Sizes::default();
        assert_eq!(sizes.of("x"), None);
        sizes.add(0);
        sizes.add(-5);
        assert_eq!(sizes.of("x"), None);
        for fen in 1..=999_999_i64 {
            if fen % 7 == 0 {
                sizes.add(fen);
            }
        }
        let size = sizes.of("x").unwrap();
        assert_eq!(size.amounts, 142_857);
        let median = size.median.get();
        assert!((437_500..=500_000).contains(&median), "{median}");
        for fen in [1, 2, 3, 7, 8, 9, 1_000, 400_000, u64::MAX >> 1] {
            let found = place(fen).map_or(0, least);
            assert!(found <= fen && found >= fen - fen / 8 - 1, "{fen} {found}");
        }
    }

    #[test]
    fn thousands_are_told_from_a_dear_month() {
        let size = |amounts: u64, yuan: i64| Size {
            column: "工资".to_owned(),
            amounts,
            median: Fen::new(yuan * 100),
        };
        let check = |before: i64, now: i64, expected: bool| {
            let found = of_another_unit(&size(60, before), &size(60, now), 50);
            assert_eq!(found, expected, "{before} {now}");
        };
        check(4_000, 4, true);
        check(4, 4_000, true);
        check(40_000, 4, true);
        check(4_000, 8, true);
        check(4_000, 40, false);
        check(4_000, 4_400, false);
        assert!(!of_another_unit(&size(49, 4_000), &size(60, 4), 50));
    }
}
