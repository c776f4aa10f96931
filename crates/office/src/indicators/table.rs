//! 哪些能给人看: the places and groups of a file's table, with the small figures hidden from those
//! whose places they are not.

use super::Seen;
use super::shown::Sheet;
use domain::{AreaCode, AreaLevel};
use engine::indicators::{Count, Figure, Node, Tally, Told, Veil, veil};
use rules::plan::FilePlan;
use std::collections::BTreeMap;

/// A place of the table: a real one, or those of one nobody could place further.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spot {
    Place(AreaCode),
    Rest(AreaCode),
}

/// The table of a file: its places, and what of each may be told, measure by measure.
pub(super) struct Table {
    pub spots: Vec<(Spot, usize)>,
    pub veils: BTreeMap<Spot, Vec<Veil>>,
    /// The groups' values, by quantity and place in it.
    pub groups: BTreeMap<(usize, usize), Vec<Veil>>,
}

impl Sheet<'_> {
    /// What may be told of a file's places and groups. The measures of a file share their counts,
    /// so what is hidden for one is hidden for all.
    pub(super) fn table(&self, plan: &FilePlan, figures: &[&Figure]) -> Table {
        let home = self.places.home;
        let mut levels: Vec<AreaLevel> = plan
            .measures
            .iter()
            .flat_map(|m| m.levels.clone())
            .collect();
        levels.push(home.level());
        let mut codes: Vec<AreaCode> = figures
            .iter()
            .flat_map(|f| f.tally.areas.keys().copied())
            .filter(|c| home.contains(c) && levels.contains(&c.level()))
            .chain([home])
            .collect();
        codes.sort_unstable_by_key(|c| (c.level(), *c));
        codes.dedup();
        let parent = |code: &AreaCode| {
            let mut around = code.parent();
            while let Some(up) = around {
                if let Ok(at) = codes.binary_search_by_key(&(up.level(), up), |c| (c.level(), *c)) {
                    return Some(at);
                }
                around = up.parent();
            }
            None
        };
        let mut nodes: Vec<Node> = Vec::new();
        let mut spots: Vec<(Spot, usize)> = Vec::new();
        for code in &codes {
            let around = if *code == home { None } else { parent(code) };
            let depth = around
                .and_then(|at| spots.get(at))
                .map_or(0, |(_, d)| d.saturating_add(1));
            let own = self.seen.covers(code);
            nodes.push(Node {
                parent: around,
                counts: figures
                    .iter()
                    .map(|f| count_of(&at_home(&f.tally, *code)))
                    .collect(),
                known: figures
                    .iter()
                    .map(|f| self.known(&f.tally, *code))
                    .collect(),
                own,
            });
            spots.push((Spot::Place(*code), depth));
        }
        for at in 0..codes.len() {
            self.rest(at, figures, &mut nodes, &mut spots);
        }
        let told = veil(&nodes, self.now.least);
        let veils = spots.iter().map(|(spot, _)| *spot).zip(told).collect();
        let mut table = Table {
            spots,
            veils,
            groups: BTreeMap::new(),
        };
        self.veil_groups(figures, &mut table);
        table.spots.sort_by_key(|(spot, _)| match spot {
            Spot::Place(code) => (code.full().to_owned(), 0, code.level()),
            Spot::Rest(code) => (format!("{}~", code.as_str()), 1, code.level()),
        });
        table
    }

    /// Those of a place who are in none of the places shown below it.
    fn rest(
        &self,
        at: usize,
        figures: &[&Figure],
        nodes: &mut Vec<Node>,
        spots: &mut Vec<(Spot, usize)>,
    ) {
        let Some((Spot::Place(code), depth)) = spots.get(at).copied() else {
            return;
        };
        let below: Vec<usize> = nodes
            .iter()
            .enumerate()
            .filter(|(_, n)| n.parent == Some(at))
            .map(|(at, _)| at)
            .collect();
        if below.is_empty() {
            return;
        }
        let left = |figure: usize| {
            let whole = nodes
                .get(at)
                .and_then(|n| n.counts.get(figure))
                .copied()
                .unwrap_or_default();
            let parts = below
                .iter()
                .filter_map(|b| nodes.get(*b)?.counts.get(figure).copied());
            parts.fold(whole, |left, c| Count {
                whole: left.whole.saturating_sub(c.whole),
                part: left.part.saturating_sub(c.part),
            })
        };
        let counts: Vec<Count> = (0..figures.len()).map(left).collect();
        if counts.iter().all(|c| *c == Count::default()) {
            return;
        }
        let own = self.seen.covers(&code);
        nodes.push(Node {
            parent: Some(at),
            known: if own {
                counts.clone()
            } else {
                vec![Count::default(); counts.len()]
            },
            counts,
            own,
        });
        spots.push((Spot::Rest(code), depth.saturating_add(1)));
    }

    /// What a reader knows of a place anyway: what lies in their own places inside it.
    fn known(&self, tally: &Told<Tally>, code: AreaCode) -> Count {
        if self.seen.covers(&code) {
            return count_of(&at_home(tally, code));
        }
        let Seen::Places(own) = self.seen else {
            return Count::default();
        };
        let mut sum = Tally::default();
        for place in own.iter().filter(|own| code.contains(own)) {
            sum.merge(&at_home(tally, *place));
        }
        count_of(&sum)
    }

    /// The groups hang below the same total as the places; a total hidden in one table is hidden in
    /// all, and then nothing below it is told.
    fn veil_groups(&self, figures: &[&Figure], table: &mut Table) {
        let home = self.places.home;
        let root = Spot::Place(home);
        let shown = |veils: Option<&Vec<Veil>>| {
            veils.is_some_and(|v| v.iter().all(|veil| *veil == Veil::Shown))
        };
        let mut open = shown(table.veils.get(&root));
        let quantities = figures.first().map_or(0, |f| f.groups.len());
        let mut told: BTreeMap<(usize, usize), Vec<Veil>> = BTreeMap::new();
        for quantity in 0..quantities {
            let of = |f: &&Figure, row: usize| {
                let group = f.groups.get(quantity)?;
                Some(group.rows.get(row)?.1.clone())
            };
            let values = figures
                .first()
                .and_then(|f| f.groups.get(quantity))
                .map_or(0, |g| g.rows.len());
            let own = self.seen.covers(&home);
            let mut nodes = vec![Node {
                parent: None,
                counts: figures
                    .iter()
                    .map(|f| count_of(&at_home(&f.tally, home)))
                    .collect(),
                known: figures.iter().map(|f| self.known(&f.tally, home)).collect(),
                own,
            }];
            for row in 0..values {
                let all: Vec<Told<Tally>> = figures.iter().filter_map(|f| of(f, row)).collect();
                nodes.push(Node {
                    parent: Some(0),
                    counts: all.iter().map(|t| count_of(&at_home(t, home))).collect(),
                    known: all.iter().map(|t| self.known(t, home)).collect(),
                    own,
                });
            }
            let mut veils = veil(&nodes, self.now.least).into_iter();
            open &= shown(veils.next().as_ref());
            told.extend(veils.enumerate().map(|(row, veil)| ((quantity, row), veil)));
        }
        if !open {
            for (spot, veils) in &mut table.veils {
                let own = match spot {
                    Spot::Place(code) | Spot::Rest(code) => self.seen.covers(code),
                };
                if !own {
                    veils.fill(Veil::Hidden);
                }
            }
            told.values_mut().for_each(|veils| veils.fill(Veil::Hidden));
        }
        table.groups = told;
    }
}

pub(super) fn at_home(told: &Told<Tally>, code: AreaCode) -> Tally {
    told.areas.get(&code).copied().unwrap_or_default()
}

pub(super) fn count_of(tally: &Tally) -> Count {
    Count {
        whole: tally.whole_rows,
        part: tally.part_rows.min(tally.whole_rows),
    }
}

pub(super) fn is_small(counts: &[Count], least: u64, seen: &Seen, home: AreaCode) -> bool {
    let node = Node {
        parent: None,
        counts: counts.to_vec(),
        known: vec![Count::default(); counts.len()],
        own: seen.covers(&home),
    };
    veil(&[node], least)
        .iter()
        .flatten()
        .any(|v| *v != Veil::Shown)
}

pub(super) fn veil_of(table: &Table, spot: Spot, measure: usize) -> Veil {
    let veils = table.veils.get(&spot);
    let veil = veils.and_then(|v| v.get(measure)).copied();
    veil.unwrap_or(Veil::Hidden)
}
