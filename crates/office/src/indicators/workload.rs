//! 地区的数: what the record itself knows of a place: open visits and the staff who serve it.
//!
//! It counts and weighs nothing: weights and norms stand in `indicators/workload.md`. What the record
//! does not keep stays unknown.

use crate::access::{AccessBook, Class};
use crate::error::{OfficeError, Result};
use crate::office::Office;
use domain::{AreaCode, AreaLevel, Month};
use engine::arrow::array::{Int64Array, StringArray};
use engine::{EntityFrame, Frames};
use rules::Program;
use rules::plan::{Body, Home};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::tasks::TaskState;

/// Facts of a place the record can count.
const OPEN_VISITS: &str = "未办走访";
const STAFF: &str = "经办人员";

/// A frame with one row for the own county and each of its townships.
///
/// # Errors
/// The record.
pub(super) async fn frames(office: &Office, program: &Program, month: Month) -> Result<Frames> {
    let mut frames = Frames::default();
    let Some(entity) = program.dict.entity("地区") else {
        return Ok(frames);
    };
    let areas = crate::areas::own(office, month.first()).await?;
    let places: Vec<AreaCode> = areas
        .into_iter()
        .map(|area| area.code)
        .filter(|code| matches!(code.level(), AreaLevel::County | AreaLevel::Township))
        .collect();
    let visits = visits(office).await?;
    let staff = staff(office).await?;
    let ids = (1..).zip(&places).map(|(id, _)| id).collect();
    let codes: StringArray = places.iter().map(|c| Some(c.full().to_owned())).collect();
    let mut frame = EntityFrame::new(ids)?.with_areas(codes);
    let mut set = |name: &str, values: Int64Array| {
        let found = program.items.iter().position(|item| {
            let home = item.home == Home::Entity(entity);
            home && item.name == name && matches!(item.body, Body::Fact)
        });
        if let Some(item) = found.and_then(|at| u32::try_from(at).ok()) {
            frame.set(rules::plan::ItemId(item), Arc::new(values));
        }
    };
    let number = |n: usize| i64::try_from(n).ok();
    let open = |code: &AreaCode| Some(visits.get(code).copied().unwrap_or(0));
    set(OPEN_VISITS, places.iter().map(open).collect());
    // Without a single account nobody knows who works here.
    if let Some(staff) = staff {
        let here = |code: &AreaCode| number(staff.get(code).map_or(0, BTreeSet::len));
        set(STAFF, places.iter().map(here).collect());
    }
    frames.entities.insert(entity, frame);
    Ok(frames)
}

/// Open visits by township.
async fn visits(office: &Office) -> Result<BTreeMap<AreaCode, i64>> {
    let counted = store::tasks::count_by_township(&office.store, TaskState::Open, None).await?;
    let mut out = BTreeMap::new();
    for (_, place, count) in counted {
        let place = place.at(AreaLevel::Township).unwrap_or(place);
        let sum: &mut i64 = out.entry(place).or_default();
        *sum = sum.saturating_add(i64::try_from(count).unwrap_or(i64::MAX));
    }
    Ok(out)
}

/// Accounts with a role that handles cases, by the county or township they serve; each once where
/// it serves.
async fn staff(office: &Office) -> Result<Option<BTreeMap<AreaCode, BTreeSet<i64>>>> {
    let book = AccessBook::read(&office.book, &office.locality)
        .map_err(|said| OfficeError::Other(said.join(";")))?;
    let now = office.clock.at();
    let mut out: BTreeMap<AreaCode, BTreeSet<i64>> = BTreeMap::new();
    for grant in store::grants::list(&office.store).await? {
        let works = book
            .role(&grant.content.role)
            .is_some_and(|role| role.class == Class::Casework);
        if !works || !grant.holds(&now) {
            continue;
        }
        let place = grant.content.area;
        let place = place.at(AreaLevel::Township).unwrap_or(place);
        out.entry(place)
            .or_default()
            .insert(grant.content.user.get());
    }
    Ok((!out.is_empty()).then_some(out))
}
