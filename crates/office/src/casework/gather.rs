//! 汇集: the newest month's facts of a case and of all whom its rules may look at, with what the case brought.

use super::facts::{AREA, Brought, Facts, HOUSEHOLD, PERSON, Sources};
use super::{Case, CaseError, Done, brought};
use crate::error::OfficeError;
use crate::monitoring::{self, MonthData};
use crate::office::Office;
use domain::{AreaCode, Month};
use engine::arrow::array::Array;
use engine::differential::{Cluster, situation_of};
use std::collections::BTreeSet;
use std::sync::Arc;
use store::Reads;
use store::applications::DeclaredRow;

const MEMBERS: &str = "成员";
/// The list of those obliged to support somebody.
pub(super) const OBLIGED: &str = "义务人";

/// The newest month's facts, read once until another batch comes.
#[derive(Default)]
pub(crate) struct AtHand(tokio::sync::Mutex<Option<(i64, Arc<MonthData>)>>);

impl AtHand {
    /// The newest month a register has come for, up to this month.
    pub(super) async fn newest(&self, office: &Office) -> Done<Arc<MonthData>> {
        let store = &office.store;
        let batches = store::batches::list(store, None, i64::MAX, 1).await?;
        let answers = store::doubts::newest_answer(store).await?;
        let stand = batches
            .first()
            .map_or(0, |b| b.batch_no.saturating_add(answers));
        // A run may have found more at doors and in the office's own record than the one before.
        let runs = store::runs::list(store, i64::MAX, 1).await?;
        let stand = stand.saturating_add(runs.first().map_or(0, |run| run.run_no));
        let today = Month::containing(office.clock.today());
        let months = monitoring::months(office).await?;
        let month = months.into_iter().rev().find(|month| *month <= today);
        let month = month.ok_or_else(|| {
            CaseError::Refused("还没有户籍登记来文,不能核对事实;请先导入来文".to_owned())
        })?;
        let mut held = self.0.lock().await;
        if let Some((of, data)) = held.as_ref()
            && *of == stand
            && data.month == month
        {
            return Ok(Arc::clone(data));
        }
        let program = office.program_of(month);
        let data = Arc::new(MonthData::for_trial(office, program, month).await?);
        *held = Some((stand, Arc::clone(&data)));
        Ok(data)
    }
}

/// The facts of a case: the month's, of everybody the rules may look at, and what the case brought.
pub(crate) async fn gather(office: &Office, on: &impl Reads, case: &Case) -> Done<Facts> {
    let data = office.procedures.month.newest(office).await?;
    let declared = store::applications::declared(on, case.row.content.application).await?;
    let content = &case.application.content;
    let mut persons: BTreeSet<i64> = content.members.iter().map(|(who, _)| who.get()).collect();
    persons.insert(content.applicant.get());
    let home = case.row.content.household.map(domain::HouseholdId::get);
    let mut brought = declared_facts(&declared, case);
    brought.extend(brought::of_case(office, on, case).await?);
    let kin = super::kin::standing(on, case).await?;
    let elsewhere: Vec<i64> = kin.iter().map(|one| one.content.person.get()).collect();
    let here = case.standing.area;
    apart(move || {
        let mut facts = of_month(&data, home, persons, &elsewhere);
        for one in &kin {
            facts.oblige(&data.program, OBLIGED, (&here, one));
        }
        for one in &brought {
            facts.bring(&data.program, home, one);
        }
        facts
    })
    .await
}

/// The facts of those who live together before there is a case, with what they declare.
pub(super) async fn of_family(
    office: &Office,
    (home, persons): (Option<i64>, BTreeSet<i64>),
    brought: Vec<Brought>,
) -> Done<Facts> {
    let data = office.procedures.month.newest(office).await?;
    apart(move || {
        let mut facts = of_month(&data, home, persons, &[]);
        for one in &brought {
            facts.bring(&data.program, home, one);
        }
        facts
    })
    .await
}

/// What the month tells of a family, of whom a clerk named, and of all around them, each fact with who told it.
fn of_month(data: &MonthData, home: Option<i64>, persons: BTreeSet<i64>, named: &[i64]) -> Facts {
    let program = &data.program;
    let cluster = around(data, home, persons, named);
    let sides = situation_of(program, &data.frames, &cluster);
    let sources = Sources {
        month: data.month.to_string(),
        batches: data.batches.iter().cloned().collect(),
    };
    let mut facts = Facts::of(program, &sides.situation, &sources);
    facts.come_from(program, &data.origins);
    facts
}

/// Work on a month's facts off the threads that answer pages.
pub(super) async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Done<T> {
    let worked = tokio::task::spawn_blocking(work).await;
    worked.map_err(|e| CaseError::Office(OfficeError::Other(format!("汇集事实中断:{e}"))))
}

fn declared_facts(rows: &[DeclaredRow], case: &Case) -> Vec<Brought> {
    let record = format!("application:{}", case.row.content.application);
    let came = case.application.content.received_day;
    let one = |row: &DeclaredRow| brought::declared(&row.content, &record, came);
    rows.iter().map(one).collect()
}

/// Those of a case, those obliged to support them, also whom a clerk named, their households, and the areas around
/// all of them.
pub(super) fn around(
    data: &MonthData,
    home: Option<i64>,
    mut persons: BTreeSet<i64>,
    named: &[i64],
) -> Cluster {
    let mut households: BTreeSet<i64> = home.into_iter().collect();
    persons.extend(home.into_iter().flat_map(|h| targets(data, MEMBERS, h)));
    let core: Vec<i64> = persons.iter().copied().collect();
    let listed = core
        .into_iter()
        .flat_map(|member| targets(data, OBLIGED, member));
    for obliged in listed.chain(named.iter().copied()) {
        persons.insert(obliged);
        if let Some(home) = home_of(data, obliged)
            && households.insert(home)
        {
            persons.extend(targets(data, MEMBERS, home));
        }
    }
    let mut cluster = Cluster::default();
    let areas = areas(data, &persons, &households);
    for (name, ids) in [(PERSON, persons), (HOUSEHOLD, households), (AREA, areas)] {
        if let Some(entity) = data.program.dict.entity(name) {
            cluster.ids.insert(entity, ids.into_iter().collect());
        }
    }
    cluster
}

fn targets(data: &MonthData, relation: &str, owner: i64) -> Vec<i64> {
    let relation = data.program.dict.relation(relation);
    let frame = relation.and_then(|r| data.frames.relations.get(&r));
    frame.map_or_else(Vec::new, |frame| frame.targets_of(owner))
}

fn frame<'d>(data: &'d MonthData, entity: &str) -> Option<&'d engine::frames::EntityFrame> {
    let entity = data.program.dict.entity(entity)?;
    data.frames.entities.get(&entity)
}

fn home_of(data: &MonthData, person: i64) -> Option<i64> {
    let frame = frame(data, PERSON)?;
    let row = usize::try_from(frame.position(person)?).ok()?;
    let homes = frame.households();
    homes.is_valid(row).then(|| homes.value(row))
}

fn areas(data: &MonthData, persons: &BTreeSet<i64>, homes: &BTreeSet<i64>) -> BTreeSet<i64> {
    let lives = |entity: &str, id: i64| {
        let frame = frame(data, entity)?;
        let row = usize::try_from(frame.position(id)?).ok()?;
        let areas = frame.areas();
        let code = areas.is_valid(row).then(|| areas.value(row))?;
        AreaCode::parse(code).ok()
    };
    let lived: BTreeSet<AreaCode> = persons
        .iter()
        .filter_map(|person| lives(PERSON, *person))
        .chain(homes.iter().filter_map(|home| lives(HOUSEHOLD, *home)))
        .collect();
    let Some(frame) = frame(data, AREA) else {
        return BTreeSet::new();
    };
    let holds = |code: &str| lived.iter().any(|at| at.full().starts_with(code));
    let rows = frame.ids().values().iter().zip(frame.areas().iter());
    rows.filter(|(_, code)| code.is_some_and(holds))
        .map(|(id, _)| *id)
        .collect()
}
