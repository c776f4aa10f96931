//! Two evaluators, one answer: random people for any rules, judged in columns and one by one.
//!
//! People come in small clusters of a few households that know only one another, so that one
//! cluster is one `rules` situation. Facts are missing at random, lists and rolls are incomplete
//! at random, ids lead nowhere at random. It is for tests and benches and decides nothing.

mod dice;
mod people;
mod situation;

pub use dice::Dice;
pub use people::{Cluster, Population, generate};
pub use situation::{Sides, situation_of};

use crate::judged::{Judged, JudgedTable};
use rules::Program;
use rules::eval::Evaluator;
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

/// Compares what a file proposes for its own entity, and the warnings that fire.
fn compare_proposals(
    program: &Program,
    sides: &Sides,
    evaluator: &mut Evaluator<'_>,
    (file, table): (&FilePlan, &JudgedTable),
    out: &mut Comparison,
) {
    let Home::Entity(entity) = table.home else { return };
    let own: Vec<_> = file.grants.iter().filter(|g| g.relation.is_none()).collect();
    if own.is_empty() && file.dispatches.is_empty() {
        return;
    }
    let name = |item: ItemId| program.item(item).map_or("", |i| i.name.as_str());
    for (id, at) in sides.instances(entity) {
        let Ok(row) = table.ids().binary_search(&id) else { continue };
        let Some(outcome) = evaluator.outcome(table.file, at) else { continue };
        let is = |column: &str| table.named(column, row) == Some(Value::Bool(true));
        let mut note = |item: ItemId, columns: Value, household: Value| {
            out.compared = out.compared.saturating_add(1);
            if columns != household && out.differences.len() < 100 {
                let path = format!("{}:{}", file.id, name(item));
                out.differences.push(Difference { item, path, id, row: None, columns, household });
            }
        };
        for grant in &own {
            let column = format!("给予.{}", name(grant.status));
            let proposed = outcome.grants.iter().find(|g| g.status == grant.status);
            // A file without conditions is never 符合, so it proposes nothing to sign.
            if outcome.verdict.is_some() {
                note(grant.status, Value::Bool(is(&column)), Value::Bool(proposed.is_some()));
            }
            if let (Some(proposed), Some(_)) = (proposed, &grant.from) {
                let from = table.named(&format!("{column}.起"), row).unwrap_or(Value::Unknown);
                note(grant.status, from, proposed.from.map_or(Value::Unknown, Value::Day));
            }
        }
        for dispatch in &file.dispatches {
            let fired = outcome.fired.iter().find(|f| f.trigger == dispatch.trigger);
            let column = name(dispatch.trigger);
            note(dispatch.trigger, Value::Bool(is(column)), Value::Bool(fired.is_some()));
            if let (Some(fired), Some(_)) = (fired, &dispatch.urgency) {
                let urgency = table.named(&format!("{column}.紧急"), row).unwrap_or(Value::Unknown);
                note(dispatch.trigger, urgency, fired.urgency);
            }
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
    let mut note = |item: ItemId, id, row, columns: Value, household: Value| {
        out.compared = out.compared.saturating_add(1);
        out.known = out.known.saturating_add(u64::from(household.is_known()));
        if columns != household && out.differences.len() < 100 {
            let path = program.item(item).map_or(String::new(), |i| i.path.clone());
            out.differences.push(Difference { item, path, id, row, columns, household });
        }
    };
    let mut items: Vec<ItemId> = table.items().collect();
    items.sort_unstable();
    match table.home {
        Home::Entity(entity) => {
            for (id, at) in sides.instances(entity) {
                let Ok(row) = ids.binary_search(&id) else { continue };
                for item in &items {
                    let columns = table.value(*item, row).unwrap_or(Value::Unknown);
                    note(*item, id, None, columns, evaluator.value(*item, at));
                }
            }
        }
        Home::Rows(relation) => {
            for (owner, list) in sides.lists(relation) {
                let start = ids.partition_point(|id| *id < owner);
                let end = ids.partition_point(|id| *id <= owner);
                for row in 0..end.saturating_sub(start) {
                    for item in &items {
                        let at = start.saturating_add(row);
                        let columns = table.value(*item, at).unwrap_or(Value::Unknown);
                        let household = evaluator.row_value(*item, list, row);
                        note(*item, owner, Some(row), columns, household);
                    }
                }
            }
        }
    }
}
