//! 走访: visits, what was answered at the door, and the silence after a warning that was not so.
//!
//! An answer names the one it stands on; two that stand on the same one cannot both be kept, so nothing
//! is overwritten unseen.

use crate::at::At;
use crate::error::{Result, StoreError};
use crate::notices::{add, once};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, words};
use crate::warnings::Entity;
use domain::{ApplicationNo, AreaCode, CaseNo, Day, HouseholdId, PersonId, TaskId, WarningId};
use std::collections::BTreeSet;

statements! {
    BEGIN = "insert into visits (visit_no, case_no, application_no, task_id, household_id, area, step, form,
            day, at, actor, state, visitors, outcome, because)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'open', '', '', '')";
    FIND = "select visit_no, case_no, application_no, task_id, household_id, area, step, form, day, at, actor,
            state, visitors, outcome, because, done_day, not_signed
        from visits where visit_no = $1";
    OPEN_OF_CASE = "select visit_no, case_no, application_no, task_id, household_id, area, step, form, day,
            at, actor, state, visitors, outcome, because, done_day, not_signed
        from visits where case_no = $1 and state = 'open'";
    OPEN_OF_TASK = "select visit_no, case_no, application_no, task_id, household_id, area, step, form, day,
            at, actor, state, visitors, outcome, because, done_day, not_signed
        from visits where task_id = $1 and state = 'open'";
    OF_APPLICATION = "select visit_no, case_no, application_no, task_id, household_id, area, step, form, day,
            at, actor, state, visitors, outcome, because, done_day, not_signed
        from visits where application_no = $1 order by visit_no";
    OF_TASK = "select visit_no, case_no, application_no, task_id, household_id, area, step, form, day,
            at, actor, state, visitors, outcome, because, done_day, not_signed
        from visits where task_id = $1 order by visit_no";
    FINISH = "update visits set state = 'done', visitors = $1, outcome = $2, because = $3, done_day = $4,
            done_at = $5, not_signed = $6
        where visit_no = $7 and state = 'open'";
    ANSWER = "insert into visit_answers (answer_no, visit_no, person_id, fact, value, base, at, actor, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    ANSWERS = "select answer_no, person_id, fact, value, base, at, actor from visit_answers
        where visit_no = $1 order by answer_no";
    // What was answered at doors that are done with and where somebody was met: a page of all, and of one door.
    SEEN = "select a.answer_no, v.household_id, a.person_id, a.fact, a.value, v.visit_no, v.done_day
        from visit_answers a join visits v on v.visit_no = a.visit_no
        where a.answer_no > $1 and v.state = 'done' and v.outcome <> 'not-met'
            and v.done_day >= $2 and v.done_day <= $3
        order by a.answer_no limit $4";
    SEEN_OF = "select a.answer_no, v.household_id, a.person_id, a.fact, a.value, v.visit_no, v.done_day
        from visit_answers a join visits v on v.visit_no = a.visit_no
        where (v.household_id = $1 or a.person_id = $2) and v.state = 'done' and v.outcome <> 'not-met'
            and v.done_day <= $3
        order by a.answer_no";
    LAST_SEEN = "select a.person_id, max(v.done_day)
        from visit_answers a join visits v on v.visit_no = a.visit_no
        where a.person_id is not null and v.state = 'done' and v.outcome <> 'not-met'
            and v.done_day <= $1
        group by a.person_id";
    SILENCE = "insert into warning_silences (warning_id, rule, entity_kind, entity_id, until_day, because, at,
            actor)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
    SILENCED = "select rule, entity_kind, entity_id from warning_silences where until_day >= $1";
}

words! {
    /// Whether a visit still goes on.
    VisitState {
        /// 在办.
        Open = "open",
        /// 已办.
        Done = "done",
    }
}

words! {
    /// 走访结论 about what a task asked.
    VisitOutcome {
        /// 属实.
        True = "true",
        /// 不属实.
        False = "false",
        /// 部分属实.
        Partly = "partly",
        /// 没有见到人.
        NotMet = "not-met",
    }
}

/// What a visit is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VisitFor {
    /// The open step of a case.
    Case(CaseNo, ApplicationNo),
    /// A task.
    Task(TaskId),
}

/// A visit to be begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVisit {
    /// What for.
    pub about: VisitFor,
    /// Whose door.
    pub household: Option<HouseholdId>,
    /// Where.
    pub area: AreaCode,
    /// The step it is to complete.
    pub step: String,
    /// The form that is filled in.
    pub form: String,
    /// On which day it began.
    pub day: Day,
}

/// 走访.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// 走访编号.
    pub no: i64,
    /// What it is.
    pub content: NewVisit,
    /// When it began.
    pub at: At,
    /// Who began it.
    pub actor: String,
    /// Whether it still goes on.
    pub state: VisitState,
    /// Who went; nobody until it is done.
    pub visitors: Vec<String>,
    /// What was found, for a task.
    pub outcome: Option<VisitOutcome>,
    /// What was written to it.
    pub because: String,
    /// On which day it was done.
    pub done: Option<Day>,
    /// Why nobody of the household signed; empty where somebody did, or none was asked to.
    pub not_signed: String,
}

/// How a visit ends.
#[derive(Clone, Debug)]
pub struct VisitEnd<'a> {
    /// Who went.
    pub visitors: &'a [String],
    /// What was found, for a task.
    pub outcome: Option<VisitOutcome>,
    /// What is written to it.
    pub because: &'a str,
    /// Why nobody of the household signed; empty where somebody did, or none was asked to.
    pub not_signed: &'a str,
    /// On which day.
    pub day: Day,
}

/// An answer to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAnswer {
    /// Of whom; none for the household.
    pub person: Option<PersonId>,
    /// Which fact.
    pub fact: String,
    /// The value, as case tables write it.
    pub value: String,
    /// The answer it stands on; 0 for none.
    pub base: i64,
}

/// What was answered at the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Its number.
    pub no: i64,
    /// What it says.
    pub content: NewAnswer,
    /// When it was written down.
    pub at: At,
    /// By whom.
    pub actor: String,
}

/// A warning that was not so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Silence {
    /// The warning.
    pub warning: WarningId,
    /// Its rule.
    pub rule: String,
    /// Whom it is about.
    pub about: (Entity, i64),
    /// The last day of silence.
    pub until: Day,
    /// Why.
    pub because: String,
}

/// Begins a visit; answers its number.
pub async fn begin(tx: &mut JournalTx, at: &At, actor: &str, new: &NewVisit) -> Result<i64> {
    let no = tx.take_numbers("visit", 1).await?;
    let (case, application, task) = match new.about {
        VisitFor::Case(case, application) => (Some(case.get()), Some(application.get()), None),
        VisitFor::Task(task) => (None, None, Some(task.get())),
    };
    let values = vec![
        no.into(),
        case.into(),
        application.into(),
        task.into(),
        new.household.map(HouseholdId::get).into(),
        new.area.full().into(),
        new.step.as_str().into(),
        new.form.as_str().into(),
        new.day.to_string().into(),
        at.into(),
        actor.into(),
    ];
    tx.execute(BEGIN, values).await?;
    Ok(no)
}

/// One visit.
pub async fn find(on: &impl Reads, no: i64) -> Result<Option<Visit>> {
    let rows = on.rows(FIND, vec![no.into()]).await?;
    rows.first().map(visit).transpose()
}

/// The visit of a case that goes on.
pub async fn open_of_case(on: &impl Reads, no: CaseNo) -> Result<Option<Visit>> {
    let rows = on.rows(OPEN_OF_CASE, vec![no.get().into()]).await?;
    rows.first().map(visit).transpose()
}

/// The visit of a task that goes on.
pub async fn open_of_task(on: &impl Reads, task: TaskId) -> Result<Option<Visit>> {
    let rows = on.rows(OPEN_OF_TASK, vec![task.get().into()]).await?;
    rows.first().map(visit).transpose()
}

/// The visits of an application, oldest first.
pub async fn of_application(on: &impl Reads, no: ApplicationNo) -> Result<Vec<Visit>> {
    let rows = on.rows(OF_APPLICATION, vec![no.get().into()]).await?;
    rows.iter().map(visit).collect()
}

/// The visits of a task, oldest first.
pub async fn of_task(on: &impl Reads, task: TaskId) -> Result<Vec<Visit>> {
    let rows = on.rows(OF_TASK, vec![task.get().into()]).await?;
    rows.iter().map(visit).collect()
}

/// Ends a visit; one that has ended is refused.
pub async fn finish(tx: &mut JournalTx, at: &At, no: i64, end: &VisitEnd<'_>) -> Result<()> {
    let values = vec![
        end.visitors.join("、").into(),
        end.outcome.map_or("", VisitOutcome::word).into(),
        end.because.into(),
        end.day.to_string().into(),
        at.into(),
        Some(end.not_signed).filter(|why| !why.is_empty()).into(),
        no.into(),
    ];
    once(tx.execute(FINISH, values).await?, "在办的走访", no)
}

/// Keeps an answer; answers its number.
pub async fn answer(
    tx: &mut JournalTx,
    at: &At,
    actor: &str,
    visit: i64,
    new: &NewAnswer,
) -> Result<i64> {
    let no = tx.take_numbers("visit_answer", 1).await?;
    let columns = [
        ("answer_no", Value::from(no)),
        ("visit_no", visit.into()),
        ("person_id", new.person.map(PersonId::get).into()),
        ("fact", new.fact.as_str().into()),
        ("value", new.value.as_str().into()),
        ("base", new.base.into()),
        ("at", at.into()),
        ("actor", actor.into()),
    ];
    add(tx, ANSWER, "visit_answers", &columns).await?;
    Ok(no)
}

/// All answers of a visit, oldest first; the newest of a person's fact counts.
pub async fn answers(on: &impl Reads, visit: i64) -> Result<Vec<Answer>> {
    let rows = on.rows(ANSWERS, vec![visit.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Answer {
                no: row.int(0)?,
                content: NewAnswer {
                    person: row.int_opt(1)?.map(PersonId::new),
                    fact: row.text(2)?,
                    value: row.text(3)?,
                    base: row.int(4)?,
                },
                at: row.at(5)?,
                actor: row.text(6)?,
            })
        })
        .collect()
}

/// What was answered at a door, once the visit was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The answer's number.
    pub no: i64,
    /// The household of the visit.
    pub household: Option<HouseholdId>,
    /// Of whom; none for the household.
    pub person: Option<PersonId>,
    /// Which fact.
    pub fact: String,
    /// The value, as case tables write it.
    pub value: String,
    /// 走访编号.
    pub visit: i64,
    /// On which day the visit was done.
    pub day: Day,
}

/// Answers of visits that were done within days, those after a number first; so many at the most.
///
/// # Errors
/// The record.
pub async fn seen(
    on: &impl Reads,
    after: i64,
    (from, until): (Day, Day),
    limit: u32,
) -> Result<Vec<Seen>> {
    let values = vec![
        after.into(),
        from.to_string().into(),
        until.to_string().into(),
        limit.into(),
    ];
    let rows = on.rows(SEEN, values).await?;
    rows.iter().map(seen_row).collect()
}

/// Answers about a household or a person from visits that were done by a day, oldest first.
///
/// # Errors
/// The record.
pub async fn seen_of(
    on: &impl Reads,
    household: Option<HouseholdId>,
    person: Option<PersonId>,
    until: Day,
) -> Result<Vec<Seen>> {
    let values = vec![
        household.map_or(0, HouseholdId::get).into(),
        person.map_or(0, PersonId::get).into(),
        until.to_string().into(),
    ];
    let rows = on.rows(SEEN_OF, values).await?;
    rows.iter().map(seen_row).collect()
}

/// The day of the last visit, done by a day, at which each person was asked about anything.
///
/// # Errors
/// The record.
pub async fn last_seen(on: &impl Reads, until: Day) -> Result<Vec<(PersonId, Day)>> {
    let rows = on.rows(LAST_SEEN, vec![until.to_string().into()]).await?;
    rows.iter()
        .map(|row| Ok((PersonId::new(row.int(0)?), row.day(1)?)))
        .collect()
}

fn seen_row(row: &Row) -> Result<Seen> {
    Ok(Seen {
        no: row.int(0)?,
        household: row.int_opt(1)?.map(HouseholdId::new),
        person: row.int_opt(2)?.map(PersonId::new),
        fact: row.text(3)?,
        value: row.text(4)?,
        visit: row.int(5)?,
        day: row.day(6)?,
    })
}

/// Keeps a rule silent about somebody up to a day.
pub async fn silence(tx: &mut JournalTx, at: &At, actor: &str, new: &Silence) -> Result<()> {
    let values = vec![
        new.warning.get().into(),
        new.rule.as_str().into(),
        new.about.0.into(),
        new.about.1.into(),
        new.until.to_string().into(),
        new.because.as_str().into(),
        at.into(),
        actor.into(),
    ];
    tx.execute(SILENCE, values).await?;
    Ok(())
}

/// What is silent on a day: rule and whom it is about.
pub async fn silenced(on: &impl Reads, day: Day) -> Result<BTreeSet<(String, String, i64)>> {
    let rows = on.rows(SILENCED, vec![day.to_string().into()]).await?;
    rows.iter()
        .map(|row| Ok((row.text(0)?, row.text(1)?, row.int(2)?)))
        .collect()
}

fn visit(row: &Row) -> Result<Visit> {
    let (case, application, task) = (row.int_opt(1)?, row.int_opt(2)?, row.int_opt(3)?);
    let about = match (case, application, task) {
        (Some(case), Some(application), None) => {
            VisitFor::Case(CaseNo::new(case), ApplicationNo::new(application))
        }
        (None, None, Some(task)) => VisitFor::Task(TaskId::new(task)),
        _ => {
            return Err(StoreError::BadValue {
                what: "走访的来由".to_owned(),
            });
        }
    };
    let visitors = row.text(12)?;
    let names = visitors.split('、').filter(|name| !name.is_empty());
    Ok(Visit {
        no: row.int(0)?,
        content: NewVisit {
            about,
            household: row.int_opt(4)?.map(HouseholdId::new),
            area: row.area(5)?,
            step: row.text(6)?,
            form: row.text(7)?,
            day: row.day(8)?,
        },
        at: row.at(9)?,
        actor: row.text(10)?,
        state: row.word(11, VisitState::from_word)?,
        visitors: names.map(str::to_owned).collect(),
        outcome: VisitOutcome::from_word(&row.text(13)?),
        because: row.text(14)?,
        done: row.text_opt(15)?.and_then(|day| Day::parse(&day).ok()),
        not_signed: row.text_opt(16)?.unwrap_or_default(),
    })
}
