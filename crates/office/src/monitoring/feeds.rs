//! What the feeds' own formulas say becomes facts and statuses of the month.

use crate::error::Result;
use domain::{Day, Month};
use engine::arrow::array::{Array, Date32Array, Int64Array};
use engine::{Complete, Frames, Judged, StatusFrame};
use rules::Program;
use rules::plan::{Body, EntityId, Home, ItemId};
use std::collections::BTreeMap;

/// 来文's 计算 and 归类 by the name of a fact give that fact; one finer than the fact is recorded to is
/// unknown.
pub(super) fn yield_facts(program: &Program, feeds: &Judged, frames: &mut Frames) -> Result<()> {
    for feed in &program.feeds {
        let Some(table) = feeds.table(&feed.id) else {
            continue;
        };
        let Some(frame) = frames.entities.get_mut(&feed.entity) else {
            continue;
        };
        for (fact, formula) in &feed.yields {
            let bounds = program.item(*fact).and_then(|i| i.bounds);
            let den = bounds.map_or(1, |b| b.den_min);
            // A table's rows stand as its entity's do.
            let column = i64::try_from(den)
                .ok()
                .and_then(|den| table.over(*formula, den));
            if let Some(column) = column {
                frame.set(*fact, column);
            }
        }
    }
    Ok(())
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
