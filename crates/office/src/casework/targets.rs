//! 找人名单: what comes next at a door where the month's judging found help nobody has asked for.

use super::Done;
use crate::access::{Acting, Right};
use crate::office::Office;
use domain::HouseholdId;
use std::collections::BTreeMap;
use store::cases::{self, CaseState};
use store::tasks::{self, TaskState};

/// What comes next at a door.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NextStep {
    /// The case that is open already.
    pub case: Option<i64>,
    /// By when somebody goes there, where a visit waits; none for no day.
    pub visit: Option<Option<String>>,
    /// Whether something was pushed to a department already.
    pub pushed: bool,
}

/// What comes next at each of some doors within somebody's places.
///
/// # Errors
/// No right, or the record.
pub async fn next_steps(
    office: &Office,
    who: &Acting,
    homes: &[i64],
) -> Done<BTreeMap<i64, NextStep>> {
    let scope = who.scope(Right::WARNING)?;
    let store = &office.store;
    let ids: Vec<HouseholdId> = homes.iter().copied().map(HouseholdId::new).collect();
    let mut out = BTreeMap::new();
    for home in store::households::get_many(store, &ids).await? {
        if !scope.contains(&home.area) || who.is_kept_from(home.id) {
            continue;
        }
        let open = cases::of_household(store, home.id).await?;
        let open = open.iter().find(|row| row.state == CaseState::Open);
        let waiting = tasks::of_household(store, home.id).await?;
        let waiting = waiting.iter().find(|task| task.state == TaskState::Open);
        let pushed = store::channels::finds_of(store, home.id).await?;
        let next = NextStep {
            case: open.map(|row| row.no.get()),
            visit: waiting.map(|task| task.content.due.map(|due| due.to_string())),
            pushed: !pushed.is_empty(),
        };
        out.insert(home.id.get(), next);
    }
    Ok(out)
}
