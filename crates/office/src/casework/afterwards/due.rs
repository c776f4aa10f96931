//! 到期核查: who has to be looked at again by the end of a month, worked out from the help that runs. Nothing has
//! to be remembered: whoever is paid is on the list once their time is over, and stays on it until a review
//! is closed. How often for whom, the rulebook says; quarterly visits the same way.

use super::super::{CaseError, Done};
use super::open::{Begin, begin_in, subject};
use super::{AfterPurpose, procedure};
use crate::access::{Acting, Right, Scope};
use crate::clock::Watch;
use crate::office::Office;
use crate::visits::schedule;
use domain::procedure::{Counted, Length, Procedure, ReviewCycle};
use domain::{CaseNo, Day, HouseholdId, Month};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use store::Act;
use store::entitlements::{self, Cause, Entitlement, Subject};
use store::jobs::{self, Advance, JobEnd, Lease};
use store::reviews;
use store::tasks;

/// Entitlements read at a time.
const READ_MAX: u32 = 10_000;
/// Cases opened in one write.
const STEP_MAX: usize = 50;
/// How long a job is held without a step.
const LEASE_SECONDS: i64 = 120;
/// The job's kind.
const JOB: &str = "review-cycle";
/// How a door says yes.
const YES: &str = "是";

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueLine {
    /// Which help.
    pub entitlement: i64,
    /// In which programme.
    pub programme: String,
    /// Whose file.
    pub household: HouseholdId,
    /// Where.
    pub area: domain::AreaCode,
    /// The day it was looked at last, or from which the time runs.
    pub last: Day,
    /// What that day is.
    pub basis: &'static str,
    /// Why it is looked at so often: the circumstances, or nothing for the general time.
    pub class: String,
    /// How often, and on which article.
    pub every: (Length, String),
    /// By when.
    pub due: Day,
    /// The review that is open.
    pub open: Option<CaseNo>,
}

/// What came of opening what is due.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenedDue {
    /// Reviews opened now.
    pub reviews: usize,
    /// Due, with another case of it open.
    pub waiting: usize,
    /// Visits that became tasks now.
    pub visits: u64,
    /// Visits that joined a task at the same door.
    pub joined: u64,
}

/// What the record knows of looks, told circumstances and doors, read once for a whole list.
struct Known {
    looked: HashMap<(String, Subject), Day>,
    told: HashMap<(String, Subject), BTreeSet<String>>,
    /// Of each circumstance that is also asked at doors: the households where somebody said yes.
    answered: BTreeMap<String, BTreeSet<HouseholdId>>,
    /// 起始月份 of the roll, by its row.
    begun: HashMap<String, Month>,
    open: HashMap<i64, CaseNo>,
}

/// The reviews due by the end of a month within somebody's places, the first due first.
///
/// # Errors
/// No right, or the record.
pub async fn due(office: &Office, who: &Acting, month: Month) -> Done<Vec<DueLine>> {
    let scope = who.scope(Right::CASE)?;
    let all = running(office, &scope, who).await?;
    lines(office, &all, month).await
}

/// The monthly help that runs now, of everybody, without what is paid beside it.
pub(crate) async fn in_force(office: &Office) -> Done<Vec<Entitlement>> {
    let mut all = in_force_of_all(office).await?;
    all.retain(super::is_main);
    Ok(all)
}

/// The same of the households that get something within a scope.
pub(crate) async fn in_force_around(office: &Office, scope: &Scope) -> Done<Vec<Entitlement>> {
    let this = Month::containing(office.clock.today());
    let mut found: BTreeMap<i64, Entitlement> = BTreeMap::new();
    for place in scope.each_place() {
        let mut after = 0;
        loop {
            let asked = (after, READ_MAX);
            let page = entitlements::around(&office.store, this, place.as_ref(), asked).await?;
            let Some(last) = page.last() else { break };
            after = last.id;
            found.extend(page.into_iter().map(|one| (one.id, one)));
        }
    }
    Ok(found.into_values().filter(super::is_main).collect())
}

/// The same of the households at whose door an open task of a kind is past its day.
pub(crate) async fn in_force_late(office: &Office, kind: &str) -> Done<Vec<Entitlement>> {
    let today = office.clock.today();
    let this = Month::containing(today);
    let mut all = entitlements::with_late_task(&office.store, this, (kind, today)).await?;
    all.retain(super::is_main);
    Ok(all)
}

/// The same with what is paid beside it.
pub(super) async fn in_force_of_all(office: &Office) -> Done<Vec<Entitlement>> {
    let this = Month::containing(office.clock.today());
    let mut out = Vec::new();
    let mut after = 0;
    loop {
        let page = entitlements::in_force(&office.store, this, after, READ_MAX).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        out.extend(page);
    }
    Ok(out)
}

/// The same within somebody's places, without relatives.
async fn running(office: &Office, scope: &Scope, who: &Acting) -> Done<Vec<Entitlement>> {
    let mut all = in_force(office).await?;
    all.retain(|one| {
        let near = who.is_kept_from(one.household) || who.is_kept_from_person(one.payee);
        scope.contains(&one.area) && !near
    });
    Ok(all)
}

async fn lines(office: &Office, all: &[Entitlement], month: Month) -> Done<Vec<DueLine>> {
    let today = office.clock.today();
    let mut ways: BTreeMap<&str, Option<Arc<Procedure>>> = BTreeMap::new();
    for help in all {
        ways.entry(&help.programme)
            .or_insert_with(|| procedure(office, AfterPurpose::Review, &help.programme, today));
    }
    let cycles = ways.values().flatten().flat_map(|way| &way.reviews);
    let names: BTreeSet<&String> = cycles.flat_map(|cycle| &cycle.when.any_of).collect();
    let known = known(office, all, &names).await?;
    let mut out = Vec::new();
    for help in all {
        let Some(way) = ways.get(help.programme.as_str()).and_then(Option::as_ref) else {
            continue;
        };
        let told = known.of(help);
        let Some(cycle) = way.review_for(&told) else {
            continue;
        };
        let (last, basis) = known.last(help, cycle);
        let due = cycle.every.due(last, office.calendar()?, &[]);
        let due = due
            .map_err(|none| CaseError::Refused(none.to_string()))?
            .day;
        if due > month.last() {
            continue;
        }
        let holding = cycle.when.any_of.iter().filter(|name| told.contains(*name));
        let class: Vec<&str> = holding.map(String::as_str).collect();
        out.push(DueLine {
            entitlement: help.id,
            programme: help.programme.clone(),
            household: help.household,
            area: help.area,
            last,
            basis,
            class: class.join("、"),
            every: (cycle.every, cycle.cites.join("、")),
            due,
            open: known.open.get(&help.id).copied(),
        });
    }
    out.sort_by_key(|line| (line.due, line.entitlement));
    Ok(out)
}

async fn known(office: &Office, all: &[Entitlement], names: &BTreeSet<&String>) -> Done<Known> {
    let store = &office.store;
    let looked = reviews::looked(store).await?.into_iter();
    let mut told: HashMap<(String, Subject), BTreeSet<String>> = HashMap::new();
    for (programme, subject, name, holds) in reviews::told(store).await? {
        let held = told.entry((programme, subject)).or_default();
        match holds {
            true => held.insert(name),
            false => held.remove(&name),
        };
    }
    let mut answered = BTreeMap::new();
    for name in names {
        let mut people: BTreeMap<(HouseholdId, i64), bool> = BTreeMap::new();
        for (home, person, value) in reviews::answered(store, name).await? {
            people.insert((home, person), value == YES);
        }
        let yes = people.into_iter().filter(|(_, yes)| *yes);
        answered.insert((*name).clone(), yes.map(|((home, _), _)| home).collect());
    }
    let months: BTreeSet<Month> = all
        .iter()
        .filter(|help| help.cause.kind == "row")
        .map(|help| help.from)
        .collect();
    let mut begun = HashMap::new();
    for month in months {
        let rows = crate::disbursement::roll_begun(office, month).await;
        begun.extend(rows.map_err(|error| CaseError::from(crate::views::ViewError::from(error)))?);
    }
    let open = reviews::list_open(store, None, AfterPurpose::Review, READ_MAX).await?;
    Ok(Known {
        looked: looked
            .map(|(programme, of, day)| ((programme, of), day))
            .collect(),
        told,
        answered,
        begun,
        open: open
            .into_iter()
            .map(|one| (one.entitlement, one.case))
            .collect(),
    })
}

impl Known {
    /// What is true of some help: told of its newest review, or said at its door.
    fn of(&self, help: &Entitlement) -> BTreeSet<String> {
        let key = (help.programme.clone(), help.subject);
        let mut told = self.told.get(&key).cloned().unwrap_or_default();
        let at_door = self
            .answered
            .iter()
            .filter(|(_, homes)| homes.contains(&help.household));
        told.extend(at_door.map(|(name, _)| name.clone()));
        told
    }

    /// The day from which the time runs. What was taken over from a roll was looked at by others: its time is
    /// counted in whole cycles from the month the roll says it began.
    fn last(&self, help: &Entitlement, cycle: &ReviewCycle) -> (Day, &'static str) {
        let looked = self.looked.get(&(help.programme.clone(), help.subject));
        if let Some(day) = looked.filter(|day| **day >= help.from.first()) {
            return (*day, "上次核查");
        }
        let taken = help.from.first();
        let Some(begun) = self
            .begun
            .get(&help.cause.id)
            .filter(|_| help.cause.kind == "row")
        else {
            let day = looked.copied().map_or(taken, |day| day.min(taken));
            return (day, "开始享受");
        };
        let months = match cycle.every.counted {
            Counted::Months => i32::try_from(cycle.every.count).unwrap_or(0),
            Counted::Days | Counted::Workdays => 0,
        };
        if months < 1 {
            return (taken, "开始享受");
        }
        let passed = help.from.index().saturating_sub(begun.index()).max(0);
        let whole = passed.div_euclid(months).saturating_mul(months);
        (begun.add(whole).first(), "按名册起始月份推算")
    }
}

/// 列入核查: opens a review for everything due by the end of a month, and raises the regular visits, in a job
/// of steps. Killed anywhere it goes on; run twice it opens nothing twice.
///
/// # Errors
/// No right, or the record.
pub async fn open_due(office: &Office, who: &Acting, month: Month) -> Done<OpenedDue> {
    let scope = who.scope(Right::REVIEW_OPEN)?;
    let all = running(office, &scope, who).await?;
    let lines = lines(office, &all, month).await?;
    let at = office.clock.at();
    let mut tx = office.begin().await?;
    let key = format!("{month}:{}:{}", who.login(), Watch::Machine.at(0));
    let asked = jobs::ask(&mut tx, &at, JOB, &key, &month.to_string()).await?;
    tx.record(
        Act::new(&at, who.login(), "review.job")
            .on("job", asked.id)
            .because(format!("{month} 到期的定期核查")),
    );
    office.end(tx).await?;
    let mut done = OpenedDue::default();
    // An older job somebody was stopped in is ended first: whatever it left is on this list too.
    while let Some(job) = claim(office, who).await? {
        for (at, part) in lines.chunks(STEP_MAX).enumerate() {
            done = step(office, who, (job, at), part, done).await?;
        }
        let visits = visits(office, who, (job, month), &all).await?;
        done.visits = done.visits.saturating_add(visits.raised);
        done.joined = done.joined.saturating_add(visits.joined);
        let mut tx = office.begin().await?;
        let said = format!("核查 {} 件,走访 {} 项", done.reviews, done.visits);
        jobs::finish(&mut tx, job, &lease(office), JobEnd::Done, &said).await?;
        tx.record(
            Act::new(&office.clock.at(), who.login(), "review.job-done")
                .on("job", job)
                .because(said),
        );
        office.end(tx).await?;
    }
    Ok(done)
}

fn lease(office: &Office) -> Lease {
    let watch = Watch::Machine;
    Lease {
        holder: format!("folder:{}", office.store.folder().display()),
        now: watch.at(0),
        until: watch.at(LEASE_SECONDS),
    }
}

async fn claim(office: &Office, who: &Acting) -> Done<Option<i64>> {
    let mut tx = office.begin().await?;
    let Some(job) = jobs::claim(&mut tx, JOB, &lease(office)).await? else {
        return Ok(None);
    };
    tx.record(
        Act::new(&office.clock.at(), who.login(), "review.job-step")
            .on("job", job.id)
            .because("领取作业"),
    );
    office.end(tx).await?;
    Ok(Some(job.id))
}

async fn step(
    office: &Office,
    who: &Acting,
    (job, at): (i64, usize),
    part: &[DueLine],
    mut done: OpenedDue,
) -> Done<OpenedDue> {
    let mut waiting: BTreeSet<i64> = BTreeSet::new();
    let (tx, opened) = loop {
        let mut tx = office.begin().await?;
        match open_part(office, &mut tx, who, (part, &mut waiting)).await? {
            Opened::All(opened) => break (tx, opened),
            // Nothing of the write is kept: the rest is begun again without the one that was refused.
            Opened::Not(entitlement) => waiting.insert(entitlement),
        };
    };
    if keep_step(office, tx, who, (job, &format!("reviews-{at}"))).await? == Kept::Now {
        done.reviews = done.reviews.saturating_add(opened);
        done.waiting = done.waiting.saturating_add(waiting.len());
    }
    Ok(done)
}

/// How far a part came.
enum Opened {
    /// All that could be opened, so many.
    All(usize),
    /// This one was refused on the way.
    Not(i64),
}

/// Opens what is due of a part, without what has to wait; what has another case open is added to that.
async fn open_part(
    office: &Office,
    tx: &mut store::JournalTx,
    who: &Acting,
    (part, waiting): (&[DueLine], &mut BTreeSet<i64>),
) -> Done<Opened> {
    let mut opened = 0_usize;
    for line in part.iter().filter(|line| line.open.is_none()) {
        if waiting.contains(&line.entitlement) {
            continue;
        }
        let help = entitlements::find(tx, line.entitlement).await?;
        let busy = match &help {
            None => true,
            Some(help) => {
                let open = store::cases::open_of(tx, &help.programme, subject(help)).await?;
                match open {
                    None => false,
                    Some(open) => {
                        let for_review = Some(AfterPurpose::Review);
                        let room = super::open::makes_room(tx, open.no, for_review).await?;
                        room.is_none()
                    }
                }
            }
        };
        if busy {
            waiting.insert(line.entitlement);
            continue;
        }
        let new = Begin {
            purpose: AfterPurpose::Review,
            entitlement: line.entitlement,
            recovery: None,
            cause: Cause::new("due", cause(tx, line).await?),
            because: String::new(),
        };
        match begin_in(office, tx, who, (Right::REVIEW_OPEN, &new)).await {
            Ok(_) => opened = opened.saturating_add(1),
            Err(CaseError::NotFound(_) | CaseError::Refused(_) | CaseError::Forbidden(_)) => {
                return Ok(Opened::Not(line.entitlement));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Opened::All(opened))
}

/// The day a review is due; after one of that day that was closed early, with the number of the last one, so
/// that it can be opened again.
async fn cause(tx: &store::JournalTx, line: &DueLine) -> Done<String> {
    let key = format!("after:review:{}:due:{}", line.entitlement, line.due);
    let known = store::applications::find_by_form(tx, &key).await?;
    if known.is_none() {
        return Ok(line.due.to_string());
    }
    let all = reviews::of_entitlement(tx, line.entitlement).await?;
    let mut all = all.iter().rev();
    let last = all.find(|one| one.purpose == AfterPurpose::Review);
    Ok(match last {
        Some(last) => format!("{}:{}", line.due, last.case),
        None => line.due.to_string(),
    })
}

/// Whether a step of a job was done now or in an earlier run.
#[derive(PartialEq, Eq)]
enum Kept {
    Now,
    Before,
}

/// Keeps a step of the job with what it did, or takes both back where it was done before.
async fn keep_step(
    office: &Office,
    mut tx: store::JournalTx,
    who: &Acting,
    (job, name): (i64, &str),
) -> Done<Kept> {
    match jobs::advance(&mut tx, job, &lease(office), name, "ok", "").await? {
        Advance::Before(_) => Ok(Kept::Before),
        Advance::Now => {
            tx.record(
                Act::new(&office.clock.at(), who.login(), "review.job-step")
                    .on("job", job)
                    .because(name),
            );
            office.end(tx).await?;
            Ok(Kept::Now)
        }
    }
}

/// 定期走访: each door whose day comes by the end of the month becomes a task, or joins the one there is.
async fn visits(
    office: &Office,
    who: &Acting,
    (job, month): (i64, Month),
    all: &[Entitlement],
) -> Done<tasks::Raised> {
    let doors = schedule::of(office, all, &[None]).await?;
    let mut tx = office.begin().await?;
    let raised = schedule::raise_due(office, &mut tx, who.login(), (&doors, month.last())).await?;
    match keep_step(office, tx, who, (job, "visits")).await? {
        Kept::Now => Ok(raised),
        Kept::Before => Ok(tasks::Raised::default()),
    }
}
