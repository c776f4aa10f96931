//! 走访: who goes to a door, with the form of the rulebook, and what they saw there.
//!
//! A visit is for the open step of a case or for a task. Its answers are kept one after another, each with
//! the one it stands on, so that two who write at once both see what the other wrote. What was seen is
//! read with the other facts of the case; the step is completed through `casework::complete` and nowhere
//! else.

mod findings;
mod form;
mod household;
mod ledger;
mod merge;
pub(crate) mod outside;
mod pictures;
pub(crate) mod schedule;
mod second;
mod shown;
mod tablet;

pub use domain::{Month, PersonId, TaskId, WarningId};
pub use findings::{Confirm, confirm, dismiss, programmes};
pub(crate) use findings::{became, being_handled, open_warning, seen_for};
pub use ledger::{
    LateVisits, Ledger, LedgerAsk, LedgerRow, LedgerShows, LedgerTown, late, ledger,
    ledger_workbook,
};
pub use outside::{
    Difference, OutsideOrganisation, OutsideReports, ReportLine, draw_reports, outside_reports,
};
pub use pictures::{VisitPhoto, add_photo, may_fill, withdraw_photo};
pub use second::confirm_seen;
pub(crate) use shown::outcome_word;
pub use shown::{
    FieldView, PersonForm, Typed, VisitLine, VisitList, VisitView, When, visit_list, visit_view,
};
pub use store::visits::VisitOutcome;
pub use tablet::{
    ChangeTold, Package, PackageToken, SentChange, Standing, SyncSent, SyncTold, TabletField,
    TabletPart, TabletVisit, reopen, standing, sync, take,
};

use crate::access::{Acting, Right};
use crate::casework::{self, Case, CaseError, Completion, Done, without_numbers};
use crate::office::Office;
use crate::views::ViewError;
use domain::procedure::{Purpose, Step};
use domain::{AreaCode, CaseNo, HouseholdId, Relation};
use form::Form;
use merge::{Verdict, Written, judge};
use std::collections::BTreeMap;
use store::tasks::{self, Task, TaskState};
use store::visits::{self, Answer, NewAnswer, NewVisit, Visit, VisitEnd, VisitFor, VisitState};
use store::{Act, JournalTx, Reads};

/// What somebody goes out for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// The open step of a case.
    Case(CaseNo),
    /// A task.
    Task(TaskId),
}

/// One answer, as it was written on the form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// Of whom; none for the household.
    pub person: Option<PersonId>,
    /// Which fact.
    pub fact: String,
    /// The value, or ？.
    pub value: String,
    /// The answer that stood on the form; 0 for none.
    pub base: i64,
}

/// Two answers to one question, of which somebody has to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Of whom; none for the household.
    pub person: Option<PersonId>,
    /// Which fact.
    pub fact: String,
    /// What was sent now.
    pub mine: String,
    /// What was kept meanwhile.
    pub theirs: String,
    /// By whom.
    pub by: String,
    /// Its number: what a choice stands on.
    pub base: i64,
}

/// What became of answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Saved {
    /// How many are new.
    pub kept: usize,
    /// Those somebody has to choose between; nothing of them was kept.
    pub conflicts: Vec<Conflict>,
}

/// How a visit ends, as its doer says it.
#[derive(Clone, Debug, Default)]
pub struct Ending {
    /// The account of the second investigator, who has confirmed or signed; may be empty where one is enough or
    /// only one other has.
    pub other: String,
    /// What was found, for a task.
    pub outcome: Option<VisitOutcome>,
    /// What is written to it, without a name or number.
    pub because: String,
    /// Why nobody of the household signed, by the rulebook's list; empty where somebody did.
    pub not_signed: String,
}

/// The door of a visit, with whoever lives behind it.
struct Door {
    about: VisitFor,
    household: Option<HouseholdId>,
    area: AreaCode,
    people: Vec<(PersonId, Relation)>,
    case: Option<Case>,
    task: Option<Task>,
    /// The step that is open for a visit now, with its form.
    open: Option<(Step, Form)>,
}

impl Door {
    /// Whether this person may do the open step.
    fn is_for(&self, who: &Acting) -> bool {
        let step = self.open.as_ref().map(|(step, _)| step);
        step.is_some_and(|step| step.who.iter().any(|role| who.holds_role(role, &self.area)))
    }

    fn ready(&self, who: &Acting) -> Done<&(Step, Form)> {
        let closed = || {
            let said = "现在没有要上门的步骤:已经办完,或者还没有办到这一步";
            CaseError::Refused(said.to_owned())
        };
        let open = self.open.as_ref().ok_or_else(closed)?;
        if !self.is_for(who) {
            let said = format!("“{}”由{}办", open.0.name, open.0.who.join("、"));
            return Err(CaseError::Forbidden(said));
        }
        Ok(open)
    }
}

/// Finds the door of a case or task within somebody's places.
async fn door(office: &Office, who: &Acting, about: About) -> Done<Door> {
    match about {
        About::Case(no) => door_of_case(office, who, no).await,
        About::Task(id) => door_of_task(office, who, id).await,
    }
}

async fn door_of_case(office: &Office, who: &Acting, no: CaseNo) -> Done<Door> {
    let case = casework::load_with(office, who, Right::VISIT_REPORT, no).await?;
    let forms = form::forms(office)?;
    let step = case.open_step().cloned();
    let open = step.and_then(|step| Some((form::of(&forms, &step)?.clone(), step)));
    let content = &case.application.content;
    let mut people = content.members.clone();
    if !people
        .iter()
        .any(|(person, _)| *person == content.applicant)
    {
        people.insert(0, (content.applicant, Relation::Head));
    }
    Ok(Door {
        about: VisitFor::Case(no, case.application.no),
        household: case.row.content.household,
        area: case.standing.area,
        people,
        open: open.map(|(form, step)| (step, form)),
        case: Some(case),
        task: None,
    })
}

async fn door_of_task(office: &Office, who: &Acting, id: TaskId) -> Done<Door> {
    let scope = who.scope(Right::VISIT_REPORT)?;
    let missing = || CaseError::NotFound(format!("没有编号为 {id} 的走访任务;请从走访清单打开"));
    let task = tasks::find(&office.store, id).await?.ok_or_else(missing)?;
    let today = office.clock.today();
    let mut area = task.content.area;
    let mut people = Vec::new();
    if let Some(home) = task.content.household {
        let rows = store::households::get_many(&office.store, &[home]).await?;
        area = rows.first().map_or(area, |row| row.area);
        let members = store::households::members(&office.store, home).await?;
        let now = members.iter().filter(|member| member.span.contains(today));
        people.extend(now.map(|member| (member.person, member.relation)));
    } else if let Some(person) = task.content.person {
        let rows = store::persons::get_many(&office.store, &[person]).await?;
        area = rows.first().and_then(|row| row.area).unwrap_or(area);
        people.push((person, Relation::Head));
    }
    if !scope.contains(&area) {
        return Err(missing());
    }
    let near = task
        .content
        .household
        .is_some_and(|home| who.is_kept_from(home))
        || people
            .iter()
            .any(|(person, _)| who.is_kept_from_person(*person));
    if near {
        return Err(ViewError::kept_from().into());
    }
    let forms = form::forms(office)?;
    let procedures = office.procedures(today);
    let procedure = procedures
        .iter()
        .find(|one| one.id == task.content.kind && one.purpose == Purpose::Visit)
        .ok_or_else(missing)?;
    let step = procedure.steps.iter();
    let open = step.filter_map(|step| Some((step.clone(), form::of(&forms, step)?.clone())));
    let open = open
        .take(1)
        .next()
        .filter(|_| task.state == TaskState::Open);
    Ok(Door {
        about: VisitFor::Task(id),
        household: task.content.household,
        area,
        people,
        case: None,
        task: Some(task),
        open,
    })
}

/// The visit of a number with its door.
async fn find(office: &Office, who: &Acting, no: i64) -> Done<(Visit, Door)> {
    let missing = || CaseError::NotFound(format!("没有编号为 {no} 的走访;请从走访清单打开"));
    let visit = visits::find(&office.store, no).await?.ok_or_else(missing)?;
    let about = match visit.content.about {
        VisitFor::Case(case, _) => About::Case(case),
        VisitFor::Task(task) => About::Task(task),
    };
    // Whoever looks from outside is told the same as where there is no such visit, and not of which case it is.
    let door = door(office, who, about).await.map_err(|why| match why {
        CaseError::NotFound(_) => missing(),
        why => why,
    })?;
    Ok((visit, door))
}

fn act(office: &Office, who: &Acting, act: &str, no: i64, door: &Door) -> Act {
    let act = Act::new(&office.clock.at(), who.login(), act).on("visit", no);
    act.under(match door.about {
        VisitFor::Case(case, _) => format!("case:{case}"),
        VisitFor::Task(task) => format!("task:{task}"),
    })
}

/// Whether a step is a visit: the rulebook has a form for what it gives.
pub(crate) fn is_visit(office: &Office, step: &Step) -> bool {
    form::forms(office).is_ok_and(|forms| form::of(&forms, step).is_some())
}

/// Begins the visit of a case's open step or of a task; one that goes on already is answered as it is.
///
/// # Errors
/// No right, a near relative's, or nothing to visit for now.
pub async fn begin(office: &Office, who: &Acting, about: About) -> Done<i64> {
    let door = door(office, who, about).await?;
    let (step, form) = door.ready(who)?;
    let mut tx = office.begin().await?;
    if let Some(task) = &door.task {
        outside::kept_away(&tx, task, &[who.login().to_owned()]).await?;
    }
    let going_on = match door.about {
        VisitFor::Case(case, _) => visits::open_of_case(&tx, case).await?,
        VisitFor::Task(task) => visits::open_of_task(&tx, task).await?,
    };
    if let Some(visit) = going_on
        .as_ref()
        .filter(|visit| visit.content.step == step.name)
    {
        return Ok(visit.no);
    }
    let at = office.clock.at();
    let today = office.clock.today();
    if let Some(old) = going_on {
        // The case went on without it: what was answered stays, and a new visit begins.
        let by = [old.actor.clone()];
        let end = VisitEnd {
            visitors: &by,
            outcome: None,
            because: "步骤已经另外办完",
            not_signed: "",
            day: today,
        };
        visits::finish(&mut tx, &at, old.no, &end).await?;
    }
    let new = NewVisit {
        about: door.about,
        household: door.household,
        area: door.area,
        step: step.name.clone(),
        form: form.id.clone(),
        day: today,
    };
    let no = visits::begin(&mut tx, &at, who.login(), &new).await?;
    tx.record(act(office, who, "visit.begin", no, &door));
    office.end(tx).await?;
    Ok(no)
}

/// The newest answer to each question.
fn newest(answers: &[Answer]) -> BTreeMap<(Option<PersonId>, String), &Answer> {
    let key = |answer: &Answer| (answer.content.person, answer.content.fact.clone());
    answers.iter().map(|answer| (key(answer), answer)).collect()
}

/// Keeps answers. One that was written while another stood there is kept only when they say the same;
/// else both are told.
///
/// # Errors
/// No right, no such visit, it has ended, or a value is none of its fact.
pub async fn save(office: &Office, who: &Acting, no: i64, said: &[Said]) -> Done<Saved> {
    let (visit, door) = find(office, who, no).await?;
    let (_, form) = going_on(who, &visit, &door)?;
    for one in said {
        fits(office, form, &door, one)?;
    }
    let mut tx = office.begin().await?;
    let saved = keep(office, &mut tx, who, &visit, said).await?;
    if saved.kept > 0 {
        let said = format!("{} 项", saved.kept);
        tx.record(act(office, who, "visit.answer", no, &door).because(said));
        office.end(tx).await?;
    }
    Ok(saved)
}

/// An answer is of somebody at this door, to a question of the form, and can be.
fn fits(office: &Office, form: &Form, door: &Door, said: &Said) -> Done<()> {
    let lives = said
        .person
        .is_none_or(|person| door.people.iter().any(|(p, _)| *p == person));
    match lives {
        true => form::check(office, form, said),
        false => Err(CaseError::Refused("有一项填的人不在这一户里".to_owned())),
    }
}

/// Whether somebody may see a visit: its place is theirs, and nobody there is of their family.
pub(crate) async fn may_see(office: &Office, who: &Acting, no: i64) -> Done<()> {
    find(office, who, no).await.map(|_| ())
}

fn going_on<'d>(who: &Acting, visit: &Visit, door: &'d Door) -> Done<&'d (Step, Form)> {
    if visit.state == VisitState::Done {
        let said = "这一次走访已经办完,不能再改;要补充,请另外走访一次";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let open = door.ready(who)?;
    match open.0.name == visit.content.step {
        true => Ok(open),
        false => Err(CaseError::Refused(format!(
            "“{}”已经办完,这张表不再收;请从走访清单重新打开",
            visit.content.step
        ))),
    }
}

async fn keep(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    visit: &Visit,
    said: &[Said],
) -> Done<Saved> {
    let held = visits::answers(tx, visit.no).await?;
    let newest = newest(&held);
    let mut saved = Saved::default();
    let at = office.clock.at();
    for one in said {
        let now = newest.get(&(one.person, one.fact.clone()));
        let stood = held.iter().find(|answer| answer.no == one.base);
        let written = (one.value.as_str(), one.base);
        let base = match judge(now.copied(), written, Written::OnForm(stood)) {
            Verdict::Keep(base) => base,
            Verdict::Same(_) | Verdict::Untouched | Verdict::Older => continue,
            Verdict::Differs(now) => {
                saved.conflicts.push(Conflict {
                    person: one.person,
                    fact: one.fact.clone(),
                    mine: one.value.clone(),
                    theirs: now.content.value.clone(),
                    by: now.actor.clone(),
                    base: now.no,
                });
                continue;
            }
        };
        let new = NewAnswer {
            person: one.person,
            fact: one.fact.clone(),
            value: one.value.clone(),
            base,
        };
        visits::answer(tx, &at, who.login(), visit.no, &new).await?;
        saved.kept = saved.kept.saturating_add(1);
    }
    Ok(saved)
}

/// Ends a visit: for a case its step is completed, for a task what was found is written down. With
/// conflicts nothing ends.
///
/// # Errors
/// As [`save`]; a second investigator or a required answer is missing, or nothing was found.
pub async fn finish(
    office: &Office,
    who: &Acting,
    no: i64,
    (said, ending): (&[Said], &Ending),
) -> Done<Saved> {
    let because = ending.because.trim();
    without_numbers(because)?;
    let saved = save(office, who, no, said).await?;
    if !saved.conflicts.is_empty() {
        return Ok(saved);
    }
    let (visit, mut door) = find(office, who, no).await?;
    let (step, form) = going_on(who, &visit, &door)?.clone();
    let mut tx = office.begin().await?;
    let others = second::second(&tx, who, (&door, &step), no, ending.other.trim()).await?;
    // Who met nobody at the door of a task has nothing to answer; a case needs the answers.
    let mut not_signed = String::new();
    if door.case.is_some() || ending.outcome != Some(VisitOutcome::NotMet) {
        all_required(&tx, &form, &door, no).await?;
        let why = ending.not_signed.trim();
        not_signed = household::signed_or_why(office, &tx, (&form, no), why).await?;
    }
    let mut visitors = vec![who.login().to_owned()];
    visitors.extend(others.iter().cloned());
    if let Some(task) = &door.task {
        outside::kept_away(&tx, task, &visitors).await?;
    }
    let end = VisitEnd {
        visitors: &visitors,
        outcome: ending.outcome.filter(|_| door.task.is_some()),
        because,
        not_signed: &not_signed,
        day: office.clock.today(),
    };
    // First: the step may only be done on a visit that is done.
    visits::finish(&mut tx, &office.clock.at(), no, &end).await?;
    outside::reported(office, &mut tx, who, no).await?;
    if let Some(case) = door.case.as_mut() {
        let detail = format!("{{\"visit\":{no}}}");
        let completion = Completion {
            step: &step.name,
            gave: &form.record,
            others: &others,
            because,
            detail: &detail,
            ..Completion::default()
        };
        casework::complete(office, &mut tx, who, case, completion).await?;
    } else if let Some(task) = &door.task {
        findings::of_task(office, &mut tx, who, task, ending).await?;
    }
    tx.record(act(office, who, "visit.finish", no, &door).because(because));
    office.end(tx).await?;
    Ok(saved)
}

async fn all_required(on: &impl Reads, form: &Form, door: &Door, no: i64) -> Done<()> {
    let held = visits::answers(on, no).await?;
    let newest = newest(&held);
    for field in form.fields.iter().filter(|field| field.required) {
        let asked: Vec<Option<PersonId>> = match field.of_home {
            true => vec![None],
            false => door
                .people
                .iter()
                .map(|(person, _)| Some(*person))
                .collect(),
        };
        let open = asked
            .iter()
            .filter(|who| !newest.contains_key(&(**who, field.fact.clone())));
        let open = open.count();
        if open > 0 {
            let said = format!("“{}”必填,还有 {open} 处没有填", field.fact);
            return Err(CaseError::Refused(said));
        }
    }
    Ok(())
}
