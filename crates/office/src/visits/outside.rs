//! 第三方报告的抽查: an outside investigator reports and never decides. A share of the reports, drawn by the chain as
//! cases are (`casework::sample`), is visited again by two of the township's own; their answers are put beside the
//! report's, field by field. More differences than the rulebook allows are a finding, counted by organisation.

use super::{Answer, VisitState, newest};
use crate::access::{Acting, Class, Right, Scope};
use crate::casework::sample::{self, Ticket};
use crate::casework::{CaseError, Done, place_name};
use crate::office::Office;
use crate::rulebook::tables;
use domain::{AreaLevel, Month, PersonId, TaskId};
use std::collections::{BTreeMap, BTreeSet};
use store::outside::{self, NewReport, Recheck, Report};
use store::samples::LotWhy;
use store::tasks::{self, NewTask, Task};
use store::visits::{self, Visit, VisitFor, VisitOutcome};
use store::{Act, JournalTx, Reads};

/// Its settings, beside the procedures and in a place's own folder.
const SETTINGS: &str = "outside-reports.csv";
const SHARE: &str = "抽查比例";
const DAYS: &str = "复核期限";
const ALLOWED: &str = "允许不同";
const MAY_DIFFER: &str = "可以不同";
/// The procedure of the second visit.
const KIND: &str = "report_recheck";
const CAUSE: &str = "visit";
/// What the rulebook's urgencies call it.
const WHAT: &str = "第三方报告复核";
const UNKNOWN: &str = "？";

/// What the rulebook says of reports.
#[derive(Clone, Debug, Default)]
struct Rules {
    share: u32,
    days: u32,
    allowed: usize,
    may_differ: BTreeSet<String>,
}

/// None where the place takes no such settings: nothing is drawn there.
fn rules_of(office: &Office) -> Option<Rules> {
    let mut out = Rules::default();
    for row in tables::rows(office, SETTINGS) {
        let [name, value, ..] = row.as_slice() else {
            continue;
        };
        match name.as_str() {
            SHARE => out.share = value.parse().ok()?,
            DAYS => out.days = value.parse().ok()?,
            ALLOWED => out.allowed = value.parse().ok()?,
            MAY_DIFFER => {
                out.may_differ.insert(value.clone());
            }
            _ => {}
        }
    }
    (out.share > 0 && out.days > 0).then_some(out)
}

/// Keeps that an outside investigator has reported, in the write with which the visit ends.
pub(super) async fn reported(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    visit: i64,
) -> Done<()> {
    let titles = who.role_titles();
    let mut roles = titles
        .iter()
        .filter_map(|title| who.book().role_named(title));
    let outside = roles.any(|role| role.class == Class::ThirdParty);
    let Some(rules) = rules_of(office).filter(|_| outside) else {
        return Ok(());
    };
    let user = store::users::find(tx, who.login()).await?;
    let Some(user) = user else { return Ok(()) };
    let new = NewReport {
        visit,
        login: who.login().to_owned(),
        organisation: user.organisation,
        month: Month::containing(office.clock.today()),
        share: rules.share.min(10_000),
    };
    outside::report(tx, &office.clock.at(), &new).await?;
    Ok(())
}

/// Refuses somebody at a second visit who was there for the report.
pub(super) async fn kept_away(on: &impl Reads, task: &Task, logins: &[String]) -> Done<()> {
    if task.content.kind != KIND {
        return Ok(());
    }
    for report in outside::of_task(on, task.id).await? {
        let visit = visits::find(on, report).await?;
        let visitors = visit.map_or_else(Vec::new, |visit| visit.visitors);
        if let Some(login) = logins.iter().find(|login| visitors.contains(*login)) {
            let said = format!("{login} 去过报告里的那一次,不能复核自己;请换一个人去");
            return Err(CaseError::Refused(said));
        }
    }
    Ok(())
}

/// The lots of a month's reports, computed anew from the chain.
async fn tickets(on: &impl Reads, all: &[Report]) -> Done<Vec<Ticket<i64>>> {
    let entries = outside::entries(on, all).await?;
    let comes = all.iter().zip(entries);
    let comes = comes.map(|(one, entry)| (one.content.visit, one.content.share, entry));
    Ok(sample::draw(&comes.collect::<Vec<_>>()))
}

/// Of a month's reports those that were drawn and have no second visit yet, each with the entry it was drawn by.
async fn fresh(on: &impl Reads, month: Month) -> Done<Vec<(Ticket<i64>, i64)>> {
    let all = outside::reports(on, month).await?;
    let known = outside::rechecks(on, month).await?;
    let known: BTreeSet<i64> = known.iter().map(|one| one.visit).collect();
    let drawn = tickets(on, &all).await?.into_iter();
    let drawn = drawn.filter(|one| one.why != LotWhy::None && !known.contains(&one.no));
    Ok(drawn
        .filter_map(|one| one.entry.map(|entry| (one, entry)))
        .collect())
}

/// Whose door it was where the family stands in no household: whoever applied.
async fn person_of(on: &impl Reads, visit: &Visit) -> Done<Option<PersonId>> {
    match (visit.content.household, visit.content.about) {
        (Some(_), _) => Ok(None),
        (None, VisitFor::Case(case, _)) => {
            let row = store::cases::find(on, case).await?;
            Ok(row.map(|row| row.content.applicant))
        }
        (None, VisitFor::Task(task)) => {
            let task = tasks::find(on, task).await?;
            Ok(task.and_then(|task| task.content.person))
        }
    }
}

/// Makes tasks of the second visits that were drawn and have none. Run twice it changes nothing the second time, and
/// where nothing is to be done it asks neither the calendar nor for a write.
async fn draw_month(office: &Office, by: &str, month: Month) -> Done<u64> {
    let Some(rules) = rules_of(office) else {
        return Ok(0);
    };
    if fresh(&office.store, month).await?.is_empty() {
        return Ok(0);
    }
    let at = office.clock.at();
    let today = office.clock.today();
    let (due, _) = office
        .calendar()?
        .add_workdays(today, rules.days)
        .map_err(|none| CaseError::Refused(none.to_string()))?;
    let mut tx = office.begin().await?;
    let mut count = 0_u64;
    for (ticket, entry) in fresh(&tx, month).await? {
        let Some(visit) = visits::find(&tx, ticket.no).await? else {
            continue;
        };
        let area = visit.content.area;
        let task = NewTask {
            kind: KIND.to_owned(),
            household: visit.content.household,
            person: person_of(&tx, &visit).await?,
            area: area.at(AreaLevel::Township).unwrap_or(area),
            worker: None,
            due: Some(due),
            urgency: tables::urgency(office, WHAT),
            cause_kind: CAUSE.to_owned(),
            cause_id: ticket.no,
            summary: format!(
                "第三方入户报告(走访 № {})抽中复核:两个人再去一次,不看报告先填表",
                ticket.no
            ),
            warnings: Vec::new(),
        };
        let raised = tasks::raise_many(&mut tx, &at, by, std::slice::from_ref(&task)).await?;
        let Some(task) = raised.ids.first().copied() else {
            continue;
        };
        let one = Recheck {
            visit: ticket.no,
            entry,
            seed: ticket.seed,
            why: ticket.why,
            task,
            due,
        };
        outside::recheck(&mut tx, &at, &one).await?;
        tx.record(
            Act::new(&at, by, "visit.sample")
                .on("visit", ticket.no)
                .because(sample::why_word(one.why))
                .under(format!("audit:{entry}")),
        );
        count = count.saturating_add(1);
    }
    if count > 0 {
        office.end(tx).await?;
    }
    Ok(count)
}

/// Draws every month's reports, with the month's run. What one of them is refused is told, and the others go on.
pub(crate) async fn draw_all(office: &Office, mut told: impl FnMut(&str)) -> Done<u64> {
    let mut all = 0_u64;
    for month in outside::months(&office.store).await? {
        match draw_month(office, "system", month).await {
            Ok(count) => all = all.saturating_add(count),
            Err(CaseError::Refused(why)) => {
                tracing::warn!(%month, %why, "a month's outside reports were not drawn");
                told(&format!("{month} 的第三方报告没有抽查:{why}"));
            }
            Err(other) => return Err(other),
        }
    }
    Ok(all)
}

/// 抽取: draws a month's reports now; answers how many are visited again from now on.
///
/// # Errors
/// No right, or the record.
pub async fn draw_reports(office: &Office, who: &Acting, month: Month) -> Done<u64> {
    who.scope(Right::DECISION)?;
    draw_month(office, who.login(), month).await
}

/// One answer that is not the same twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Of whom, masked; empty for the household.
    pub who: String,
    /// Which fact.
    pub fact: String,
    /// What the report says.
    pub reported: String,
    /// What the township found.
    pub found: String,
    /// Whether it counts: the rulebook does not let it differ, and both are known.
    pub counts: bool,
}

/// One report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportLine {
    /// The visit.
    pub visit: i64,
    /// Who reported.
    pub login: String,
    /// For which organisation.
    pub organisation: String,
    /// Where.
    pub place: String,
    /// What it was drawn by, computed anew.
    pub ticket: Ticket<i64>,
    /// Why it is visited again, or not.
    pub why: String,
    /// How the second visit stands.
    pub state: String,
    /// How many answers stand in both.
    pub compared: usize,
    /// What differs.
    pub differences: Vec<Difference>,
    /// Whether that is more than the rulebook allows.
    pub is_finding: bool,
    /// Whether the second visit is done and answered something the report answers.
    pub is_done: bool,
}

/// An organisation's share.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutsideOrganisation {
    /// Its name.
    pub name: String,
    /// Its reports.
    pub reports: usize,
    /// Of these, drawn.
    pub drawn: usize,
    /// Of these, visited again.
    pub done: usize,
    /// Of these, findings.
    pub findings: usize,
    /// Findings of those visited again: `25.0%`; empty where none is.
    pub share: String,
}

/// 第三方报告抽查 of a month.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OutsideReports {
    /// The organisations.
    pub organisations: Vec<OutsideOrganisation>,
    /// The reports in the order in which they came.
    pub rows: Vec<ReportLine>,
    /// How many differences the rulebook allows, and which it does not count.
    pub allowed: String,
}

/// The reports of a month within somebody's places, with what came of the second visits.
///
/// # Errors
/// No right, or the record.
pub async fn outside_reports(office: &Office, who: &Acting, month: Month) -> Done<OutsideReports> {
    let scope = match who.scope(Right::AUDIT) {
        Ok(scope) => scope,
        Err(_) => who.scope(Right::DECISION)?,
    };
    let on = &office.store;
    let rules = rules_of(office).unwrap_or_default();
    let all = outside::reports(on, month).await?;
    let rechecks = outside::rechecks(on, month).await?;
    let rechecks: BTreeMap<i64, Recheck> =
        rechecks.into_iter().map(|one| (one.visit, one)).collect();
    let names = store::organisations::list(on, None).await?.into_iter();
    let names: BTreeMap<i64, String> = names.map(|one| (one.id, one.content.name)).collect();
    let mut out = OutsideReports {
        allowed: format!(
            "不同的项超过 {} 项是问题;可以不同的项不算:{}",
            rules.allowed,
            rules
                .may_differ
                .iter()
                .cloned()
                .collect::<Vec<_>>()
                .join("、")
        ),
        ..OutsideReports::default()
    };
    let mut sums: BTreeMap<i64, OutsideOrganisation> = BTreeMap::new();
    for (ticket, report) in tickets(on, &all).await?.into_iter().zip(&all) {
        let visit = visits::find(on, ticket.no).await?;
        let Some(visit) = visit.filter(|visit| seen(who, &scope, visit)) else {
            continue;
        };
        let organisation = report.content.organisation;
        let name = names.get(&organisation).cloned().unwrap_or_default();
        let recheck = rechecks.get(&ticket.no);
        let line = line(office, &rules, (&visit, report), (ticket, name, recheck)).await?;
        let sum = sums.entry(organisation).or_default();
        sum.name.clone_from(&line.organisation);
        sum.reports = sum.reports.saturating_add(1);
        let add = |sum: &mut usize, is: bool| *sum = sum.saturating_add(usize::from(is));
        add(&mut sum.drawn, recheck.is_some());
        add(&mut sum.done, line.is_done);
        add(&mut sum.findings, line.is_finding);
        out.rows.push(line);
    }
    out.organisations = sums.into_values().map(shared).collect();
    Ok(out)
}

fn shared(mut one: OutsideOrganisation) -> OutsideOrganisation {
    let thousandths = one.findings.saturating_mul(1_000).checked_div(one.done);
    one.share = thousandths.map_or_else(String::new, |parts| {
        format!("{}.{}%", parts.div_euclid(10), parts.rem_euclid(10))
    });
    one
}

fn seen(who: &Acting, scope: &Scope, visit: &Visit) -> bool {
    let home = visit.content.household;
    scope.contains(&visit.content.area) && !home.is_some_and(|home| who.is_kept_from(home))
}

async fn line(
    office: &Office,
    rules: &Rules,
    (visit, report): (&Visit, &Report),
    (ticket, organisation, recheck): (Ticket<i64>, String, Option<&Recheck>),
) -> Done<ReportLine> {
    let on = &office.store;
    let today = office.clock.today();
    let again = match recheck {
        Some(one) => second(on, one.task).await?,
        None => None,
    };
    let (mut compared, mut differences) = (0, Vec::new());
    if let Some(again) = &again {
        let first = visits::answers(on, visit.no).await?;
        let then = visits::answers(on, again.no).await?;
        let beside = beside(&first, &then);
        compared = beside.len();
        let people: Vec<PersonId> = beside
            .iter()
            .filter_map(|(one, _)| one.content.person)
            .collect();
        let names = store::identity::masked(on, &people).await?;
        for (reported, found) in beside {
            let (one, other) = (&reported.content, &found.content);
            if one.value == other.value {
                continue;
            }
            let known = one.value != UNKNOWN && other.value != UNKNOWN;
            let name = one.person.map(|person| {
                let masked = names.get(&person).and_then(|masked| masked.name.clone());
                masked.unwrap_or_else(|| "姓名未登记".to_owned())
            });
            differences.push(Difference {
                who: name.unwrap_or_default(),
                fact: one.fact.clone(),
                reported: one.value.clone(),
                found: other.value.clone(),
                counts: known && !rules.may_differ.contains(&one.fact),
            });
        }
    }
    let counted = differences.iter().filter(|one| one.counts).count();
    // Nothing that can be put beside the report tells nothing of it.
    let is_done = again.is_some() && compared > 0;
    let state = match (&again, recheck) {
        (Some(again), _) => format!(
            "{} {} 复核{}",
            again.done.unwrap_or(again.content.day),
            again.visitors.join("、"),
            if is_done { "" } else { ",没有可比的" }
        ),
        (None, Some(one)) if one.due < today => format!("{} 到期,逾期没有复核", one.due),
        (None, Some(one)) => format!("{} 前复核", one.due),
        (None, None) => String::new(),
    };
    Ok(ReportLine {
        visit: visit.no,
        login: report.content.login.clone(),
        organisation,
        place: place_name(office, &visit.content.area, today).await?,
        why: sample::why_word(ticket.why).to_owned(),
        ticket,
        state,
        compared,
        is_finding: is_done && counted > rules.allowed,
        is_done,
        differences,
    })
}

/// The visit of a task at which somebody was met.
async fn second(on: &impl Reads, task: TaskId) -> Done<Option<Visit>> {
    let all = visits::of_task(on, task).await?;
    let met = |visit: &Visit| {
        visit.state == VisitState::Done && visit.outcome != Some(VisitOutcome::NotMet)
    };
    Ok(all.into_iter().rev().find(met))
}

/// The newest answers to the same question of both.
fn beside<'a>(first: &'a [Answer], then: &'a [Answer]) -> Vec<(&'a Answer, &'a Answer)> {
    let then = newest(then);
    let both = newest(first).into_iter();
    both.filter_map(|(key, one)| Some((one, *then.get(&key)?)))
        .collect()
}
