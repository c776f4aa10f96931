//! Two evaluators, one answer: random people for any rules, judged in columns and one by one.
//!
//! People come in small clusters of a few households that know only one another, so that one
//! cluster is one `rules` situation. Facts are missing at random, lists and rolls are incomplete
//! at random, ids lead nowhere at random. It is for tests and benches and decides nothing.

mod dice;
mod people;

pub use crate::situation::{Cluster, Sides, situation_of};
pub use dice::Dice;
pub use people::{Population, generate};

use crate::judged::{Judged, JudgedTable};
use rules::Program;
use rules::eval::{Evaluator, Outcome};
use rules::plan::{FilePlan, Home, ItemId};
use rules::situation::Moments;
use rules::value::Value;

/// A quantity on which the two evaluators differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The quantity.
    pub item: ItemId,
    /// Its whole name.
    pub path: String,
    /// Of whom: the id of the entity, or of the owner of the row.
    pub id: i64,
    /// Which row of the owner.
    pub row: Option<usize>,
    /// What the columns say.
    pub columns: Value,
    /// What the household's evaluator says.
    pub household: Value,
}

/// How a comparison went.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// How many values were compared.
    pub compared: u64,
    /// How many of them were known.
    pub known: u64,
    /// Those that differ, at most 100.
    pub differences: Vec<Difference>,
}

/// Compares every named quantity of every table for the clusters.
pub fn compare(
    program: &Program,
    moments: Moments,
    people: &Population,
    judged: &Judged,
) -> Comparison {
    let mut out = Comparison::default();
    for cluster in &people.clusters {
        let sides = situation_of(program, &people.frames, cluster);
        let mut evaluator = Evaluator::new(program, &sides.situation, moments);
        for table in &judged.tables {
            compare_table(program, &sides, &mut evaluator, table, &mut out);
            if let Some(file) = program.files.get(table.file.at()) {
                compare_proposals(program, &sides, &mut evaluator, (file, table), &mut out);
            }
        }
        if out.differences.len() >= 100 {
            break;
        }
    }
    out
}

impl Comparison {
    fn note(
        &mut self,
        program: &Program,
        item: ItemId,
        (id, row): (i64, Option<usize>),
        (columns, household): (Value, Value),
    ) {
        self.compared = self.compared.saturating_add(1);
        self.known = self.known.saturating_add(u64::from(household.is_known()));
        if columns == household || self.differences.len() >= 100 {
            return;
        }
        let path = program.item(item).map_or(String::new(), |i| i.path.clone());
        self.differences.push(Difference {
            item,
            path,
            id,
            row,
            columns,
            household,
        });
    }
}

/// Compares what a file proposes for its own entity, and the warnings that fire.
fn compare_proposals(
    program: &Program,
    sides: &Sides,
    evaluator: &mut Evaluator<'_>,
    (file, table): (&FilePlan, &JudgedTable),
    out: &mut Comparison,
) {
    let Home::Entity(entity) = table.home else {
        return;
    };
    if file.grants.iter().all(|g| g.relation.is_some()) && file.dispatches.is_empty() {
        return;
    }
    for (id, at) in sides.instances(entity) {
        let Ok(row) = table.ids().binary_search(&id) else {
            continue;
        };
        let Some(outcome) = evaluator.outcome(table.file, at) else {
            continue;
        };
        compare_outcome(program, (file, table), (id, row), &outcome, out);
    }
}

fn compare_outcome(
    program: &Program,
    (file, table): (&FilePlan, &JudgedTable),
    (id, row): (i64, usize),
    outcome: &Outcome,
    out: &mut Comparison,
) {
    let name = |item: ItemId| program.item(item).map_or("", |i| i.name.as_str());
    let named = |column: &str| table.named(column, row).unwrap_or(Value::Unknown);
    let is = |column: &str| Value::Bool(named(column) == Value::Bool(true));
    let mut note = |item, sides| out.note(program, item, (id, None), sides);
    // A file without conditions is never 符合, so it proposes nothing to sign.
    let signed = outcome.verdict.is_some();
    for grant in file
        .grants
        .iter()
        .filter(|g| signed && g.relation.is_none())
    {
        let column = format!("给予.{}", name(grant.status));
        let proposed = outcome.grants.iter().find(|g| g.status == grant.status);
        note(grant.status, (is(&column), Value::Bool(proposed.is_some())));
        if let (Some(proposed), Some(_)) = (proposed, &grant.from) {
            let from = proposed.from.map_or(Value::Unknown, Value::Day);
            note(grant.status, (named(&format!("{column}.起")), from));
        }
    }
    for dispatch in &file.dispatches {
        let column = name(dispatch.trigger);
        let fired = outcome.fired.iter().find(|f| f.trigger == dispatch.trigger);
        note(dispatch.trigger, (is(column), Value::Bool(fired.is_some())));
        if let (Some(fired), Some(_)) = (fired, &dispatch.urgency) {
            note(
                dispatch.trigger,
                (named(&format!("{column}.紧急")), fired.urgency),
            );
        }
    }
}

fn compare_table(
    program: &Program,
    sides: &Sides,
    evaluator: &mut Evaluator<'_>,
    table: &JudgedTable,
    out: &mut Comparison,
) {
    let ids = table.ids();
    let mut items: Vec<ItemId> = table.items().collect();
    items.sort_unstable();
    let columns = |item: ItemId, row: usize| table.value(item, row).unwrap_or(Value::Unknown);
    match table.home {
        Home::Entity(entity) => {
            for (id, at) in sides.instances(entity) {
                let Ok(row) = ids.binary_search(&id) else {
                    continue;
                };
                for item in &items {
                    let both = (columns(*item, row), evaluator.value(*item, at));
                    out.note(program, *item, (id, None), both);
                }
            }
        }
        Home::Rows(relation) => {
            for (owner, list) in sides.lists(relation) {
                let start = ids.partition_point(|id| *id < owner);
                let end = ids.partition_point(|id| *id <= owner);
                for row in 0..end.saturating_sub(start) {
                    for item in &items {
                        let here = columns(*item, start.saturating_add(row));
                        let both = (here, evaluator.row_value(*item, list, row));
                        out.note(program, *item, (owner, Some(row)), both);
                    }
                }
            }
        }
    }
}
