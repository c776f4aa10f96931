//! 地区的数: what the record itself knows of a place: open visits, cases under way and the staff who
//! serve it; and the same of one official's desk.
//!
//! It counts and weighs nothing: weights and norms stand in `indicators/workload.md`. What the record
//! does not keep stays unknown.

use crate::access::Class;
use crate::error::{OfficeError, Result};
use crate::office::Office;
use domain::{AreaCode, AreaLevel, Month};
use engine::arrow::array::{Int64Array, StringArray};
use engine::{EntityFrame, Frames, Judged};
use rules::Program;
use rules::plan::{Body, FileKind, FilePlan, Home};
use rules::situation::Moments;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use store::tasks::TaskState;

/// Facts of a place the record can count.
const OPEN_VISITS: &str = "未办走访";
const OPEN_CASES: &str = "未办个案";
const STAFF: &str = "经办人员";
/// How many rows of a list are read at once.
const PAGE: u32 = 1_000;

/// What one official has on the desk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OwnDesk {
    /// The account.
    pub login: String,
    /// Name shown to colleagues.
    pub name: String,
    /// The place served, a township or the county.
    pub place: AreaCode,
    /// Open visits given to this official.
    pub visits: i64,
    /// Open cases whose next step was handed to this official.
    pub cases: i64,
}

/// An account with a role that handles cases.
struct Worker {
    user: i64,
    login: String,
    name: String,
    /// Roles by their names, each with the place as granted.
    roles: Vec<(String, AreaCode)>,
}

/// A frame with one row for the own county and each of its townships.
///
/// # Errors
/// The record.
pub(super) async fn frames(office: &Office, program: &Program, month: Month) -> Result<Frames> {
    let areas = crate::areas::own(office, month.first()).await?;
    let places: Vec<AreaCode> = areas
        .into_iter()
        .map(|area| area.code)
        .filter(|code| matches!(code.level(), AreaLevel::County | AreaLevel::Township))
        .collect();
    let visits = visits(office).await?;
    let workers = workers(office).await?;
    let cases = cases(office, &workers).await?;
    let mut staff: BTreeMap<AreaCode, BTreeSet<i64>> = BTreeMap::new();
    for worker in &workers {
        for (_, place) in &worker.roles {
            staff.entry(served(*place)).or_default().insert(worker.user);
        }
    }
    let of = |counts: &BTreeMap<AreaCode, i64>, code: &AreaCode| counts.get(code).copied();
    let mut rows = Vec::new();
    for code in &places {
        let here = staff.get(code).map_or(0, BTreeSet::len);
        rows.push(Row {
            place: Some(*code),
            visits: Some(of(&visits, code).unwrap_or(0)),
            // Without a single case ever the record does not keep them.
            cases: cases.as_ref().map(|c| of(c, code).unwrap_or(0)),
            // Without a single account nobody knows who works here.
            staff: i64::try_from(here).ok().filter(|_| !workers.is_empty()),
        });
    }
    frame(program, &rows)
}

/// What the rules of places say of a frame.
///
/// # Errors
/// A form without columns.
pub(super) fn judge(program: &Program, month: Month, frames: &Frames) -> Result<Judged> {
    let area = program.dict.entity("地区");
    let of_places = |f: &FilePlan| f.kind == FileKind::Indicator && Some(f.entity) == area;
    let compiled = engine::compile(&program.only(of_places), Moments::monthly(month))?;
    Ok(compiled.run(frames)?)
}

/// The desks of those who serve some places, each judged by the same rules as a place with one
/// official. The table's rows are the desks in order, by ids from 1.
///
/// # Errors
/// The record.
pub(crate) async fn desks(
    office: &Office,
    program: &Program,
    month: Month,
    covers: impl Fn(&AreaCode) -> bool,
) -> Result<(Vec<OwnDesk>, Judged)> {
    let handed = handed(office).await?;
    let mut desks = Vec::new();
    for worker in workers(office).await? {
        let place = worker.roles.iter().map(|(_, place)| served(*place)).min();
        let Some(place) = place.filter(|place| covers(place)) else {
            continue;
        };
        desks.push(OwnDesk {
            visits: own_visits(office, &worker.login).await?,
            cases: handed.get(&worker.login).copied().unwrap_or(0),
            login: worker.login,
            name: worker.name,
            place,
        });
    }
    desks.sort_by(|a, b| (a.place, &a.login).cmp(&(b.place, &b.login)));
    let rows: Vec<Row> = desks
        .iter()
        .map(|desk| Row {
            place: Some(desk.place),
            visits: Some(desk.visits),
            cases: Some(desk.cases),
            staff: Some(1),
        })
        .collect();
    let judged = judge(program, month, &frame(program, &rows)?)?;
    Ok((desks, judged))
}

/// What is known of a place or of a desk.
struct Row {
    place: Option<AreaCode>,
    visits: Option<i64>,
    cases: Option<i64>,
    staff: Option<i64>,
}

fn frame(program: &Program, rows: &[Row]) -> Result<Frames> {
    let mut frames = Frames::default();
    let Some(entity) = program.dict.entity("地区") else {
        return Ok(frames);
    };
    let ids = (1..).zip(rows).map(|(id, _)| id).collect();
    let codes = rows
        .iter()
        .map(|row| row.place.map(|c| c.full().to_owned()));
    let mut frame = EntityFrame::new(ids)?.with_areas(codes.collect::<StringArray>());
    let mut set = |name: &str, values: Int64Array| {
        let found = program.items.iter().position(|item| {
            let home = item.home == Home::Entity(entity);
            home && item.name == name && matches!(item.body, Body::Fact)
        });
        if let Some(item) = found.and_then(|at| u32::try_from(at).ok()) {
            frame.set(rules::plan::ItemId(item), Arc::new(values));
        }
    };
    set(OPEN_VISITS, rows.iter().map(|row| row.visits).collect());
    set(OPEN_CASES, rows.iter().map(|row| row.cases).collect());
    set(STAFF, rows.iter().map(|row| row.staff).collect());
    frames.entities.insert(entity, frame);
    Ok(frames)
}

/// The township a place lies in; the county for wider ones.
fn served(place: AreaCode) -> AreaCode {
    place.at(AreaLevel::Township).unwrap_or(place)
}

/// Open visits by township.
async fn visits(office: &Office) -> Result<BTreeMap<AreaCode, i64>> {
    let counted = store::tasks::count_by_township(&office.store, TaskState::Open, None).await?;
    let mut out = BTreeMap::new();
    for (_, place, count) in counted {
        let sum: &mut i64 = out.entry(served(place)).or_default();
        *sum = sum.saturating_add(i64::try_from(count).unwrap_or(i64::MAX));
    }
    Ok(out)
}

/// Open visits given to one official.
async fn own_visits(office: &Office, login: &str) -> Result<i64> {
    let Some(worker) = store::workers::find(&office.store, login).await? else {
        return Ok(0);
    };
    let filter = store::tasks::Filter {
        state: TaskState::Open,
        area: None,
        worker: Some(worker.id),
    };
    let mut after = None;
    let mut sum = 0_i64;
    loop {
        let page = store::tasks::list(&office.store, &filter, after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(sum);
        };
        after = Some(store::tasks::After {
            urgency: last.content.urgency,
            id: last.id,
        });
        sum = sum.saturating_add(i64::try_from(page.len()).unwrap_or(i64::MAX));
    }
}

/// Open cases by the place whose staff may do the next step: the township where somebody there holds
/// a role of it, else the place above. None where the record never had a case.
async fn cases(office: &Office, workers: &[Worker]) -> Result<Option<BTreeMap<AreaCode, i64>>> {
    let ever = store::cases::list(&office.store, None, i64::MAX, 1).await?;
    if ever.is_empty() {
        return Ok(None);
    }
    let waits = store::cases::all_waits(&office.store, None).await?;
    let mut places: BTreeMap<i64, AreaCode> = BTreeMap::new();
    for (case, wait) in &waits {
        let may = |place: AreaCode| {
            workers.iter().any(|worker| {
                let held = |(role, around): &(String, AreaCode)| {
                    *role == wait.role && served(*around) == place
                };
                let owner = wait.owner.is_empty() || wait.owner == worker.login;
                owner && worker.roles.iter().any(held)
            })
        };
        let mut place = served(wait.area);
        while !may(place) {
            match place.parent().filter(|up| up.level() >= AreaLevel::County) {
                Some(up) => place = up,
                None => {
                    // Nobody may do it: it lies where it was handed in.
                    place = served(wait.area);
                    break;
                }
            }
        }
        places
            .entry(case.get())
            .and_modify(|at| *at = (*at).max(place))
            .or_insert(place);
    }
    let mut out: BTreeMap<AreaCode, i64> = BTreeMap::new();
    let mut after = 0;
    loop {
        let page = store::cases::list_open(&office.store, None, after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(Some(out));
        };
        after = last.no.get();
        for case in &page {
            let place = places.get(&case.no.get()).copied();
            let place = place.unwrap_or_else(|| served(case.current.area));
            let sum = out.entry(place).or_default();
            *sum = sum.saturating_add(1);
        }
    }
}

/// Open cases by the official their next step was handed to.
async fn handed(office: &Office) -> Result<BTreeMap<String, i64>> {
    let mut of: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    for (case, wait) in store::cases::all_waits(&office.store, None).await? {
        if !wait.owner.is_empty() {
            of.entry(wait.owner).or_default().insert(case.get());
        }
    }
    let count = |cases: BTreeSet<i64>| i64::try_from(cases.len()).unwrap_or(i64::MAX);
    Ok(of
        .into_iter()
        .map(|(login, cases)| (login, count(cases)))
        .collect())
}

/// Accounts with a role that handles cases.
async fn workers(office: &Office) -> Result<Vec<Worker>> {
    let book = office
        .access_book()
        .map_err(|said| OfficeError::Other(said.join(";")))?;
    let now = office.clock.at();
    let mut roles: BTreeMap<i64, Vec<(String, AreaCode)>> = BTreeMap::new();
    for grant in store::grants::list(&office.store).await? {
        let role = book.role(&grant.content.role);
        let role = role.filter(|role| role.class == Class::Casework);
        if let Some(role) = role.filter(|_| grant.holds(&now)) {
            let held = (role.title.clone(), grant.content.area);
            roles
                .entry(grant.content.user.get())
                .or_default()
                .push(held);
        }
    }
    if roles.is_empty() {
        return Ok(Vec::new());
    }
    let users = store::users::list(&office.store).await?.into_iter();
    let known = users.filter_map(|user| {
        Some(Worker {
            user: user.id.get(),
            roles: roles.remove(&user.id.get())?,
            login: user.login,
            name: user.name,
        })
    });
    Ok(known.collect())
}
