//! 任务: who is visited next. One knock per door, the most urgent first, nobody gets more than can be done.
//!
//! Never decides what is urgent: warnings bring their urgency from the rulebook.

use std::collections::BTreeMap;

use crate::{Day, HouseholdId, TaskId, WarningId, WorkerId};

/// 预警, as far as planning needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Warning {
    /// 预警编号
    pub id: WarningId,
    /// Whose door.
    pub household: HouseholdId,
    /// How urgent, by the rulebook; the greater the sooner.
    pub urgency: i64,
    /// Since when it has been known.
    pub since: Day,
    /// Who serves that door; none where no worker is named yet.
    pub worker: Option<WorkerId>,
}

/// 任务 that is not done yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Task {
    /// 任务编号
    pub id: TaskId,
    /// Whose door.
    pub household: HouseholdId,
    /// Who has it.
    pub worker: WorkerId,
}

/// 新任务: one door with everything there is to ask at it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NewTask {
    /// Whose door.
    pub household: HouseholdId,
    /// Who goes.
    pub worker: WorkerId,
    /// The greatest urgency among its warnings.
    pub urgency: i64,
    /// The oldest of its warnings.
    pub since: Day,
    /// Its warnings, the most urgent first.
    pub warnings: Vec<WarningId>,
}

/// How many tasks each worker can have open at a time. Who is not in it gets none.
pub type Budget = BTreeMap<WorkerId, usize>;

/// The tasks to raise, the most urgent first.
///
/// A door with an open task gets no second one: see [`joins`]. What does not fit a worker's budget waits, and comes
/// up again in the next plan with its older date.
#[must_use]
pub fn plan(warnings: &[Warning], open: &[Task], budget: &Budget) -> Vec<NewTask> {
    let mut left = budget.clone();
    for task in open {
        if let Some(room) = left.get_mut(&task.worker) {
            *room = room.saturating_sub(1);
        }
    }
    let busy: BTreeMap<HouseholdId, TaskId> =
        open.iter().map(|task| (task.household, task.id)).collect();
    let mut doors = doors(warnings.iter().filter(|w| !busy.contains_key(&w.household)));
    // Oldest first among equals: a household waiting longest is visited first.
    doors.sort_by_key(|door| (std::cmp::Reverse(door.urgency), door.since, door.household));
    doors.retain(|door| match left.get_mut(&door.worker) {
        Some(room) if *room > 0 => {
            *room -= 1;
            true
        }
        _ => false,
    });
    doors
}

/// The warnings that belong to a door somebody is already going to, with the task they join.
#[must_use]
pub fn joins(warnings: &[Warning], open: &[Task]) -> Vec<(WarningId, TaskId)> {
    let busy: BTreeMap<HouseholdId, TaskId> =
        open.iter().map(|task| (task.household, task.id)).collect();
    warnings
        .iter()
        .filter_map(|w| busy.get(&w.household).map(|task| (w.id, *task)))
        .collect()
}

/// One task for each door; a door no worker serves gets none.
fn doors<'a>(warnings: impl Iterator<Item = &'a Warning>) -> Vec<NewTask> {
    let mut by_door: BTreeMap<HouseholdId, Vec<&Warning>> = BTreeMap::new();
    for warning in warnings {
        by_door.entry(warning.household).or_default().push(warning);
    }
    by_door
        .into_iter()
        .filter_map(|(household, warnings)| door(household, warnings))
        .collect()
}

fn door(household: HouseholdId, mut warnings: Vec<&Warning>) -> Option<NewTask> {
    warnings.sort_by_key(|w| (std::cmp::Reverse(w.urgency), w.since, w.id));
    Some(NewTask {
        household,
        worker: warnings.iter().find_map(|w| w.worker)?,
        urgency: warnings.first()?.urgency,
        since: warnings.iter().map(|w| w.since).min()?,
        warnings: warnings.iter().map(|w| w.id).collect(),
    })
}
