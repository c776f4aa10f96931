//! Facts of the month from the rows of the feeds: the newest row's value, the feed's formulas, and
//! the statuses a roll brings.
//!
//! What the tables already say (a visit, an application) stays; a feed only fills what is unknown.
//! It never counts a missing row as zero: the feed's formulas say what a missing row means.

use crate::compile::{column_type, compile_files};
use crate::error::Result;
use crate::frames::{Complete, EntityFrame, Frames, RelationFrame, StatusFrame};
use crate::judged::{Judged, JudgedTable};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Int64Array, UInt32Array, new_null_array,
};
use datafusion::arrow::compute::kernels::zip::zip;
use datafusion::arrow::compute::{cast, is_not_null, take};
use datafusion::arrow::datatypes::Date32Type;
use rules::Program;
use rules::feed::FeedPlan;
use rules::plan::{EntityId, FileKind, Grant, Home, Item, ItemId};
use rules::situation::Moments;
use rules::value::{Ratio, Value};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What assembling the facts brought.
#[derive(Clone, Debug, Default)]
pub struct Assembled {
    /// What the feeds' own formulas say: totals, refusals (`拒收1`), statuses.
    pub judged: Judged,
    /// Values that did not fit the fact's denominator and stay unknown.
    pub inexact: u64,
}

/// Fills the facts and statuses that the feeds' rows yield, for the entities in the tables.
///
/// # Errors
/// A column of another type, or a number that leaves its range.
pub fn assemble(program: &Program, moments: Moments, frames: &mut Frames) -> Result<Assembled> {
    for feed in &program.feeds {
        newest_rows(program, feed, frames)?;
    }
    let compiled = compile_files(program, moments, |file| file.kind == FileKind::Feed)?;
    let judged = compiled.run(frames)?;
    let mut inexact = 0_u64;
    for feed in &program.feeds {
        for (fact, formula) in &feed.yields {
            let (Some(item), Some(table)) = (program.item(*fact), judged.table_of(*formula)) else {
                continue;
            };
            let Some((column, lost)) = as_fact(item, *formula, table) else { continue };
            inexact = inexact.saturating_add(lost);
            if let Some(frame) = entity_of(item).and_then(|e| frames.entities.get_mut(&e)) {
                fill(frame, *fact, &column)?;
            }
        }
        for grant in &feed.grants {
            if let Some(status) = granted(program, moments, feed, grant, &judged)? {
                frames.statuses.entry(grant.status).or_insert(status);
            }
        }
    }
    Ok(Assembled { judged, inexact })
}

fn entity_of(item: &Item) -> Option<EntityId> {
    match item.home {
        Home::Entity(entity) => Some(entity),
        Home::Rows(_) => None,
    }
}

/// What is unknown takes the feed's value.
fn fill(frame: &mut EntityFrame, fact: ItemId, column: &ArrayRef) -> Result<()> {
    let filled = match frame.column(fact) {
        None => Arc::clone(column),
        Some(known) => {
            let known = cast(known, column.data_type())?;
            zip(&is_not_null(&known)?, &known, column)?
        }
    };
    frame.set(fact, filled);
    Ok(())
}

/// The newest row's value is the fact, where a feed's column has a fact's name.
fn newest_rows(program: &Program, feed: &FeedPlan, frames: &mut Frames) -> Result<()> {
    let columns: Vec<(ItemId, ItemId)> =
        feed.columns.iter().filter_map(|c| Some((c.item?, c.fact?))).collect();
    let Some(rows) = feed.rows.filter(|_| !columns.is_empty()) else { return Ok(()) };
    let Some(relation) = frames.relations.get(&rows).cloned() else { return Ok(()) };
    let dated = feed.columns.iter().find(|c| feed.date_column.as_ref() == Some(&c.name));
    let dates = dated.and_then(|c| relation.column(c.item?));
    let Some(frame) = frames.entities.get_mut(&feed.entity) else { return Ok(()) };
    let newest = newest(frame, &relation, dates);
    for (item, fact) in columns {
        let Some(column) = relation.column(item) else { continue };
        let known = program.item(fact).map(|f| f.ty) == program.item(item).map(|i| i.ty);
        if known {
            fill(frame, fact, &take(column, &newest, None)?)?;
        }
    }
    Ok(())
}

/// The newest row of each: the latest date, of equal dates the later row.
fn newest(frame: &EntityFrame, relation: &RelationFrame, dates: Option<&ArrayRef>) -> UInt32Array {
    let dates = dates.and_then(|d| d.as_primitive_opt::<Date32Type>());
    let date = |row: usize| dates.and_then(|d| d.is_valid(row).then(|| d.value(row)));
    let mut best: Vec<Option<(Option<i32>, u32)>> = vec![None; frame.len()];
    for (row, owner) in (0_u32..).zip(relation.owners().values()) {
        let place = frame.position(*owner).and_then(|at| usize::try_from(at).ok());
        let Some(best) = place.and_then(|at| best.get_mut(at)) else { continue };
        let here = (date(usize::try_from(row).unwrap_or(usize::MAX)), row);
        if best.is_none_or(|before| before <= here) {
            *best = Some(here);
        }
    }
    best.into_iter().map(|row| row.map(|(_, row)| row)).collect()
}

/// A formula's column as a fact's, and how many values did not fit its denominator.
fn as_fact(fact: &Item, formula: ItemId, table: &JudgedTable) -> Option<(ArrayRef, u64)> {
    let data_type = column_type(fact.ty)?;
    let den = crate::compile::number::fact_den(fact.bounds);
    let count = table.batch.num_rows();
    let mut values = Vec::with_capacity(count);
    let mut lost = 0_u64;
    for row in 0..count {
        let value = table.value(formula, row)?;
        values.push(match value {
            Value::Num(number) if !fits(number, den) => {
                lost = lost.saturating_add(1);
                Value::Unknown
            }
            known => known,
        });
    }
    Some((crate::run::column(&values, &data_type, den)?, lost))
}

fn fits(number: Ratio, den: i64) -> bool {
    i128::from(den).checked_rem(number.den()) == Some(0)
}

/// The periods a feed's 给予 says: held this month, from 起 when it is written.
fn granted(
    program: &Program,
    moments: Moments,
    feed: &FeedPlan,
    grant: &Grant,
    judged: &Judged,
) -> Result<Option<StatusFrame>> {
    let Some(table) = judged.table(&feed.id).filter(|_| grant.relation.is_none()) else {
        return Ok(None);
    };
    let name = program.item(grant.status).map_or("", |i| i.name.as_str());
    let Some(held) = table.answers(&format!("给予.{name}")) else { return Ok(None) };
    let day = |part: &str, row: usize| match table.named(&format!("给予.{name}.{part}"), row) {
        Some(Value::Day(day)) => Some(day),
        _ => None,
    };
    let month = moments.month;
    let (mut holders, mut from, mut to) = (Vec::new(), Vec::new(), Vec::new());
    let mut known = BTreeSet::new();
    for (row, (id, answer)) in table.ids().iter().zip(held.iter()).enumerate() {
        let Some(answer) = answer else { continue };
        known.insert(*id);
        if answer {
            holders.push(*id);
            from.push(day("起", row).unwrap_or(month.first()).epoch_days());
            to.push(Some(day("止", row).unwrap_or(month.last()).epoch_days()));
        }
    }
    let (from, to) = (Date32Array::from(from), Date32Array::from(to));
    StatusFrame::new(Int64Array::from(holders), from, to, Complete::Of(known)).map(Some)
}

/// An empty column of a fact, for tables that must have it.
pub fn unknown_column(item: &Item, count: usize) -> Option<ArrayRef> {
    Some(new_null_array(&column_type(item.ty)?, count))
}
