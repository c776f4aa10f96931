//! What the feeds' own formulas say becomes facts and statuses of the month.

use crate::error::Result;
use domain::{Day, Month};
use engine::arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Int64Array, UInt16Array, UInt64Array,
};
use engine::{Complete, Frames, Judged, StatusFrame};
use rules::plan::{Body, EntityId, Home, ItemId, Type};
use rules::value::Value;
use rules::{Program, Ratio};
use std::collections::BTreeMap;
use std::sync::Arc;

/// 来文's 计算 and 归类 by the name of a fact give that fact.
pub(super) fn yield_facts(program: &Program, feeds: &Judged, frames: &mut Frames) -> Result<()> {
    for feed in &program.feeds {
        let Some(table) = feeds.table(&feed.id) else {
            continue;
        };
        let Some(frame) = frames.entities.get_mut(&feed.entity) else {
            continue;
        };
        for (fact, formula) in &feed.yields {
            // A table's rows stand as its entity's do.
            let values =
                (0..frame.len()).map(|row| table.value(*formula, row).unwrap_or(Value::Unknown));
            let column = column(program, *fact, values);
            frame.set(*fact, column);
        }
    }
    Ok(())
}

fn column(program: &Program, item: ItemId, values: impl Iterator<Item = Value>) -> ArrayRef {
    let it = program.item(item);
    let den = it.and_then(|i| i.bounds).map_or(1, |b| b.den_min);
    match it.map(|i| i.ty) {
        Some(Type::Bool) => Arc::new(values.map(Value::truth).collect::<BooleanArray>()),
        Some(Type::Day) => Arc::new(
            values
                .map(|v| match v {
                    Value::Day(d) => Some(d.epoch_days()),
                    _ => None,
                })
                .collect::<Date32Array>(),
        ),
        Some(Type::Enum(_)) => Arc::new(
            values
                .map(|v| match v {
                    Value::Sym(s) => Some(s),
                    _ => None,
                })
                .collect::<UInt16Array>(),
        ),
        Some(Type::Set(_)) => Arc::new(
            values
                .map(|v| match v {
                    Value::Set(s) => Some(s),
                    _ => None,
                })
                .collect::<UInt64Array>(),
        ),
        _ => Arc::new(values.map(|v| whole(v, den)).collect::<Int64Array>()),
    }
}

/// A number over the fact's denominator; one finer than the fact is recorded to is unknown.
fn whole(value: Value, den: i128) -> Option<i64> {
    let Value::Num(n) = value else { return None };
    let scaled = n.mul(Ratio::whole(den))?;
    (scaled.den() == 1)
        .then(|| i64::try_from(scaled.num()).ok())
        .flatten()
}

/// 来文's 给予 give statuses. A status no feed brings is nobody's until an office records it.
pub(super) fn yield_statuses(
    program: &Program,
    feeds: &Judged,
    frames: &mut Frames,
    month: Month,
) -> Result<()> {
    let mut given: BTreeMap<ItemId, StatusFrame> = BTreeMap::new();
    for feed in &program.feeds {
        let Some(table) = feeds.table(&feed.id) else {
            continue;
        };
        for grant in &feed.grants {
            let Some(status) = program.item(grant.status) else {
                continue;
            };
            let Some(answers) = table.answers(&format!("给予.{}", status.name)) else {
                continue;
            };
            let mut holders = Vec::new();
            let mut silent = std::collections::BTreeSet::new();
            for (row, id) in table.ids().iter().enumerate() {
                if answers.is_null(row) {
                    silent.insert(*id);
                } else if answers.value(row) {
                    holders.push(*id);
                }
            }
            let count = holders.len();
            let known = since(month);
            let since = vec![known.epoch_days(); count];
            let complete = if silent.is_empty() {
                Complete::Everybody
            } else {
                Complete::Except(silent)
            };
            let frame = StatusFrame::new(
                Int64Array::from(holders),
                Date32Array::from(since),
                Date32Array::new_null(count),
                complete,
            )?
            // The roll of a month tells nothing of who stood on it a year ago.
            .known_from(Some(known));
            given.insert(grant.status, frame);
        }
    }
    for (at, item) in program.items.iter().enumerate() {
        let id = ItemId(u32::try_from(at).unwrap_or(u32::MAX));
        if matches!(item.body, Body::Status) && !given.contains_key(&id) {
            let none = StatusFrame::new(
                Int64Array::from(Vec::<i64>::new()),
                Date32Array::from(Vec::<i32>::new()),
                Date32Array::from(Vec::<i32>::new()),
                Complete::Everybody,
            )?;
            given.insert(id, none);
        }
    }
    frames.statuses = given;
    Ok(())
}

/// A roll says who holds a status this month, not since when: it is held to have stood at the end of
/// the month before, so that 当时(身份, 上月末) reads the roll the month begins with.
fn since(month: Month) -> Day {
    month.prev().first()
}

/// Whose a file's results are.
pub(super) fn entity_of(program: &Program, item: ItemId) -> Option<EntityId> {
    match program.item(item)?.home {
        Home::Entity(entity) => Some(entity),
        Home::Rows(_) => None,
    }
}
