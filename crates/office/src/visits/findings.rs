//! What a visit found: facts of a case, the end of a task, and what becomes of a warning. 属实 is an
//! application where the law wants one; 不属实 is told with a reason, and the same rule is silent for a
//! while.

use super::form::SOURCE;
use super::{Ending, VisitOutcome, newest};
use crate::access::{Acting, Right};
use crate::casework::{
    self, Brought, Case, CaseError, Cause, Done, Opened, Opening, Source, Wanted, Whose,
    without_numbers,
};
use crate::office::Office;
use crate::views::{Choice, ViewError};
use domain::{ApplicationNo, Day, PersonId, Relation, WarningId};
use store::tasks::{self, Task, TaskEnd};
use store::visits::{self, Silence, Visit, VisitState};
use store::warnings::{self, Warning, WarningState};
use store::{Act, JournalTx, Reads};

/// The settings of visits, beside the procedures and in a place's own folder.
const SETTINGS: &str = "visits.csv";
const SILENT_DAYS: &str = "不属实以后静默";
const HANDLED_DAYS: &str = "属实以后静默";

/// What was seen at the door of a case, the newest last: at visits of its application, and at those of
/// the warning it came from.
pub(crate) async fn seen_for(on: &impl Reads, case: &Case) -> Done<Vec<Brought>> {
    let application = &case.application;
    let mut all: Vec<Visit> = Vec::new();
    if let (Cause::Warning, Some(id)) = (application.content.cause, application.content.cause_id) {
        for task in tasks::of_warning(on, WarningId::new(id)).await? {
            all.extend(visits::of_task(on, task).await?);
        }
    }
    all.extend(visits::of_application(on, application.no).await?);
    let mut out = Vec::new();
    // Where nobody was met, what stood in the form was asked of nobody.
    let met = |visit: &&Visit| {
        visit.state == VisitState::Done && visit.outcome != Some(VisitOutcome::NotMet)
    };
    for visit in all.iter().filter(met) {
        let answers = visits::answers(on, visit.no).await?;
        let day = visit.done.unwrap_or(visit.content.day);
        out.extend(newest(&answers).into_values().map(|answer| Brought {
            of: Whose::person_or_home(answer.content.person),
            fact: answer.content.fact.clone(),
            value: answer.content.value.clone(),
            source: Source {
                kind: SOURCE.to_owned(),
                name: SOURCE.to_owned(),
                record: format!("visit:{}", visit.no),
                period: day.to_string(),
            },
        }));
    }
    Ok(out)
}

/// Writes down what was found about a task. Where nobody was met it stays to be done.
pub(super) async fn of_task(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    task: &Task,
    ending: &Ending,
) -> Done<()> {
    let none = || CaseError::Refused("请选走访结论".to_owned());
    let why = match ending.outcome.ok_or_else(none)? {
        VisitOutcome::NotMet => return Ok(()),
        VisitOutcome::True => "属实",
        VisitOutcome::Partly => "部分属实",
        VisitOutcome::False => "不属实",
    };
    let at = office.clock.at();
    tasks::close(tx, &at, who.login(), task.id, TaskEnd::Done, why).await?;
    if ending.outcome == Some(VisitOutcome::False) {
        for id in tasks::warnings(tx, task.id).await? {
            let warning = warnings::find(tx, id).await?;
            let open = warning.filter(|warning| warning.state == WarningState::Open);
            if let Some(warning) = open {
                not_so(office, tx, who, &warning, &ending.because).await?;
            }
        }
    }
    Ok(())
}

/// An open warning within somebody's places.
pub(crate) async fn open_warning(
    office: &Office,
    who: &Acting,
    right: Right,
    id: WarningId,
) -> Done<Warning> {
    let scope = who.scope(right)?;
    let missing = || CaseError::NotFound(format!("没有编号为 {id} 的预警;请从预警清单打开"));
    let warning = warnings::find(&office.store, id).await?;
    let warning = warning.filter(|warning| scope.contains(&warning.content.area));
    let warning = warning.ok_or_else(missing)?;
    let near = warning
        .content
        .household
        .is_some_and(|home| who.is_kept_from(home))
        || warning
            .content
            .person
            .is_some_and(|person| who.is_kept_from_person(person));
    if near {
        return Err(ViewError::kept_from().into());
    }
    match warning.state {
        WarningState::Open => Ok(warning),
        WarningState::Closed => Err(CaseError::Refused("这条预警已经处置".to_owned())),
    }
}

/// 不属实: closes a warning with a reason; the same rule says nothing of the same household or person for
/// the days the rulebook sets.
///
/// # Errors
/// No right, no such warning, no reason, or the rulebook sets no days.
pub async fn dismiss(office: &Office, who: &Acting, id: WarningId, because: &str) -> Done<Day> {
    let warning = open_warning(office, who, Right::VISIT_REPORT, id).await?;
    let mut tx = office.begin().await?;
    let until = not_so(office, &mut tx, who, &warning, because).await?;
    let why = "要核实的预警都已处置";
    tasks::close_answered(&mut tx, &office.clock.at(), who.login(), why).await?;
    office.end(tx).await?;
    Ok(until)
}

async fn not_so(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    warning: &Warning,
    because: &str,
) -> Done<Day> {
    let because = because.trim();
    without_numbers(because)?;
    if because.is_empty() {
        return Err(CaseError::Refused("不属实的,请写明看到了什么".to_owned()));
    }
    let days = silent_days(office, &warning.content.rule)?;
    let today = office.clock.today();
    let until = today.add_days(i64::from(days)).unwrap_or(today);
    let at = office.clock.at();
    let why = format!("不属实:{because};同一条规则静默到 {until}");
    warnings::close_many(tx, &at, &[warning.id], &why).await?;
    keep_silent(office, tx, who, warning, (until, because)).await?;
    tx.record(
        Act::new(&at, who.login(), "warning.dismiss")
            .on("warning", warning.id)
            .because(because)
            .carrying(format!("{{\"until\":\"{until}\"}}")),
    );
    Ok(until)
}

async fn keep_silent(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    warning: &Warning,
    (until, because): (Day, &str),
) -> Done<()> {
    let silence = Silence {
        warning: warning.id,
        rule: warning.content.rule.clone(),
        about: (warning.content.entity, warning.content.entity_id),
        until,
        because: because.to_owned(),
    };
    visits::silence(tx, &office.clock.at(), who.login(), &silence).await?;
    Ok(())
}

/// 属实: what became a case is not raised again while the case runs, for the days the settings give; a rulebook
/// that names no days raises it at the next run.
pub(crate) async fn being_handled(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    warning: &Warning,
) -> Done<()> {
    let today = office.clock.today();
    let until = set_days(office, HANDLED_DAYS).and_then(|days| today.add_days(i64::from(days)));
    match until {
        Some(until) => keep_silent(office, tx, who, warning, (until, "核实属实,已经开办件")).await,
        None => Ok(()),
    }
}

/// 静默: as the rule itself says, else as the settings of visits say.
fn silent_days(office: &Office, rule: &str) -> Done<u32> {
    let program = office.rules_on(office.clock.today());
    let file = program.files.iter().find(|file| file.id == rule);
    let own = file.and_then(|file| file.dispatches.first()?.silent_days);
    own.or_else(|| set_days(office, SILENT_DAYS))
        .ok_or_else(|| {
            let said = format!("规则没有写“{SILENT_DAYS}”几天,不能处置;请在 {SETTINGS} 里填");
            CaseError::Refused(said)
        })
}

/// Days or months of a setting of visits: the place's own, else the procedures'.
pub(super) fn set_days(office: &Office, wanted: &str) -> Option<u32> {
    crate::rulebook::tables::setting(office, SETTINGS, wanted)
}

/// 核实属实, as its doer says it.
#[derive(Clone, Debug)]
pub struct Confirm {
    /// The programme the application is for, by its policy's name.
    pub programme: String,
    /// Why it goes on although somebody was found elsewhere; empty when nobody was.
    pub going_on: String,
}

/// 核实属实: an application of whoever the warning is about, with the family as it is known, caused by the
/// warning. It is decided like any other.
///
/// # Errors
/// No right, no such warning, nobody to apply, or as [`casework::open`].
pub async fn confirm(
    office: &Office,
    who: &Acting,
    id: WarningId,
    confirm: &Confirm,
) -> Done<Opened> {
    let warning = open_warning(office, who, Right::CASE_ACCEPT, id).await?;
    let today = office.clock.today();
    let mut tx = office.begin().await?;
    let mut members: Vec<(PersonId, Relation)> = Vec::new();
    if let Some(home) = warning.content.household {
        let all = store::households::members(&tx, home).await?;
        let now = all.iter().filter(|member| member.span.contains(today));
        members.extend(now.map(|member| (member.person, member.relation)));
    }
    let head = members
        .iter()
        .find(|(_, relation)| *relation == Relation::Head);
    let head = head.or(members.first()).map(|(person, _)| *person);
    let applicant = warning.content.person.or(head);
    let none = || CaseError::Refused("这一户没有登记在册的人,不能转为申请".to_owned());
    let applicant = applicant.ok_or_else(none)?;
    let opening = Opening {
        form_key: format!("warning-{id}"),
        cause: Cause::Warning,
        cause_id: Some(id.get()),
        applicant,
        helper: None,
        members,
        wanted: vec![Wanted {
            programme: confirm.programme.clone(),
            person: warning.content.person,
        }],
        declared: Vec::new(),
        papers: Vec::new(),
        going_on: confirm.going_on.clone(),
    };
    let opened = casework::open_in(office, &mut tx, who, Right::CASE_ACCEPT, &opening).await?;
    if opened.again {
        return Ok(opened);
    }
    became(office, &mut tx, who, (&warning, opened.application)).await?;
    office.end(tx).await?;
    Ok(opened)
}

/// A warning that was looked into became an application: it is closed, and nothing of it waits any more.
pub(crate) async fn became(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    (warning, application): (&Warning, ApplicationNo),
) -> Done<()> {
    let at = office.clock.at();
    let why = format!("核实属实,转为申请 {application}");
    warnings::close_many(tx, &at, &[warning.id], &why).await?;
    being_handled(office, tx, who, warning).await?;
    tasks::close_answered(tx, &at, who.login(), "要核实的预警都已处置").await?;
    tx.record(
        Act::new(&at, who.login(), "warning.confirm")
            .on("warning", warning.id)
            .under(format!("application:{application}")),
    );
    Ok(())
}

/// What somebody can apply for here today.
#[must_use]
pub fn programmes(office: &Office) -> Vec<Choice> {
    let today = office.clock.today();
    let program = office.rules_on(today);
    let open = program.files.iter();
    open.filter(|file| office.admission(&file.id, today).is_some())
        .map(|file| Choice {
            value: file.id.clone(),
            label: file.title.clone(),
        })
        .collect()
}
