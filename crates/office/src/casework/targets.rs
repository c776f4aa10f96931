//! 找人名单: what comes next at a door where the month's judging found help nobody has asked for.

use super::Done;
use crate::access::{Acting, Right};
use crate::office::Office;
use domain::HouseholdId;
use std::collections::BTreeMap;

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
    let homes = store::households::get_many(store, &ids).await?;
    let homes = homes.into_iter();
    let homes = homes.filter(|home| scope.contains(&home.area) && !who.is_kept_from(home.id));
    let homes: Vec<HouseholdId> = homes.map(|home| home.id).collect();
    let mut out: BTreeMap<i64, NextStep> = homes
        .iter()
        .map(|home| (home.get(), NextStep::default()))
        .collect();
    for (home, no) in store::cases::open_at(store, &homes).await? {
        out.entry(home.get()).or_default().case = Some(no.get());
    }
    for (home, due) in store::tasks::waiting_at(store, &homes).await? {
        let visit = Some(due.map(|due| due.to_string()));
        out.entry(home.get()).or_default().visit = visit;
    }
    for home in store::channels::pushed_at(store, &homes).await? {
        out.entry(home.get()).or_default().pushed = true;
    }
    Ok(out)
}

/// How many open warnings of each kind lie within somebody's places, nobody named for them yet.
///
/// # Errors
/// No right, or the record.
pub async fn counts(office: &Office, who: &Acting) -> Done<BTreeMap<String, u64>> {
    let scope = who.scope(Right::WARNING)?;
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for place in scope.each_place() {
        let waiting = store::warnings::count_waiting(&office.store, place.as_ref());
        for (kind, some) in waiting.await? {
            let count = counts.entry(kind).or_default();
            *count = count.saturating_add(some);
        }
    }
    Ok(counts)
}
