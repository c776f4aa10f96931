//! 部门来文: what has arrived, feed by feed and month by month.

use super::overview::newest_batches;
use super::{Desk, Told};
use crate::views::{BatchState, Behind, FeedCell, FeedCounts, FeedList, FeedRow};
use domain::Month;
use rules::feed::FeedPlan;
use std::collections::{BTreeMap, BTreeSet};
use store::batches::{self, Batch};

/// How many months the table goes back.
const MONTHS_SHOWN: usize = 6;

pub(super) async fn list(desk: &Desk) -> Told<FeedList> {
    let found = newest_batches(desk).await?;
    let periods: BTreeSet<Month> = found.iter().map(|b| b.period).collect();
    let mut months: Vec<Month> = periods.into_iter().rev().take(MONTHS_SHOWN).collect();
    months.reverse();
    let by_cell: BTreeMap<(&str, Month), &Batch> = found
        .iter()
        .map(|b| ((b.feed.as_str(), b.period), b))
        .collect();
    let program = super::month::program_today(&desk.office);
    let feeds: Vec<FeedRow> = program
        .feeds
        .iter()
        .map(|feed| row(desk, feed, &months, &by_cell))
        .collect();
    let mut totals = FeedCounts::default();
    if let Some(newest) = months.last() {
        found
            .iter()
            .filter(|b| b.period == *newest)
            .for_each(|b| add(&mut totals, counts(b)));
    }
    Ok(FeedList {
        months: months.iter().map(Month::to_string).collect(),
        totals,
        feeds,
    })
}

fn row(
    desk: &Desk,
    feed: &FeedPlan,
    months: &[Month],
    by_cell: &BTreeMap<(&str, Month), &Batch>,
) -> FeedRow {
    let cell = |month: &Month| match by_cell.get(&(feed.id.as_str(), *month)) {
        None => FeedCell {
            state: BatchState::Missing,
            batch: None,
            counts: FeedCounts::default(),
        },
        Some(batch) => FeedCell {
            state: state(batch),
            batch: Some(batch.batch_no),
            counts: counts(batch),
        },
    };
    FeedRow {
        id: feed.id.clone(),
        title: feed.title.clone(),
        department: feed.department.clone(),
        cycle: feed.cycle.clone(),
        rule: rule_of(desk, &feed.id),
        cells: months.iter().map(cell).collect(),
    }
}

/// The page of a feed's description.
pub(super) fn rule_of(desk: &Desk, feed: &str) -> Behind {
    let path = desk
        .office
        .book
        .parsed()
        .iter()
        .find(|p| p.path.starts_with("feeds/") && p.head().is_some_and(|h| h.id.text == feed));
    path.map_or(Behind::Nothing, |p| Behind::Rule(p.path.clone()))
}

pub(crate) fn state(batch: &Batch) -> BatchState {
    match batch.state {
        // A file that is being taken in is not in force yet.
        batches::BatchState::Staged | batches::BatchState::Waiting => BatchState::Waiting,
        batches::BatchState::Applied => BatchState::Applied,
        batches::BatchState::Refused => BatchState::Refused,
    }
}

pub(crate) fn counts(batch: &Batch) -> FeedCounts {
    let counts = batch.counts;
    FeedCounts {
        received: counts.received,
        applied: counts.applied,
        unchanged: counts.unchanged,
        refused: counts.refused,
        doubtful: counts.doubtful,
    }
}

fn add(total: &mut FeedCounts, one: FeedCounts) {
    total.received = total.received.saturating_add(one.received);
    total.applied = total.applied.saturating_add(one.applied);
    total.unchanged = total.unchanged.saturating_add(one.unchanged);
    total.refused = total.refused.saturating_add(one.refused);
    total.doubtful = total.doubtful.saturating_add(one.doubtful);
}
