//! Cases for programs: the same lists and the same case as the pages show, in days, codes and numbers instead
//! of sentences. Names are masked; every look at a case is in the chain before its answer leaves.

use super::{Words, split};
use crate::access::Acting;
use crate::casework::{Case, Done, Outcome, load, note_look};
use crate::office::Office;
pub use domain::Day;
use domain::casework::Runs;
use domain::procedure::Counted;
use domain::{AreaCode, CaseNo, PersonId};
use store::cases::{CaseRow, CaseState, Subject};

/// Whom a programme of the household is for.
const WHOLE: &str = "全户";

/// Which cases; a field that is not set does not narrow.
#[derive(Clone, Debug, Default)]
pub struct CaseFilter {
    /// Word of the state: `open` or `closed`.
    pub state: Option<String>,
    /// The programme, by its policy's name.
    pub programme: Option<String>,
    /// A place, with all inside it.
    pub area: Option<AreaCode>,
    /// The open step.
    pub step: Option<String>,
    /// Due before this day.
    pub due_before: Option<Day>,
}

impl CaseFilter {
    fn wants(&self, row: &CaseRow) -> bool {
        let current = &row.current;
        let is = |wanted: &Option<String>, has: &str| wanted.as_ref().is_none_or(|w| w == has);
        is(&self.state, row.state.word())
            && is(&self.programme, &row.content.programme)
            && is(&self.step, &current.step)
            && self.area.is_none_or(|area| area.contains(&current.area))
            && self
                .due_before
                .is_none_or(|day| current.due.is_some_and(|due| due < day))
    }
}

/// One case in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// 办件编号.
    pub no: i64,
    /// 申请编号.
    pub application: i64,
    /// The programme, by its policy's name.
    pub programme: String,
    /// Its title.
    pub title: String,
    /// Who applied, masked.
    pub applicant: String,
    /// Of a programme for one person: whom it is for, by their number in the register.
    pub person: Option<i64>,
    /// The same masked; 全户 of a programme of the household.
    pub subject: String,
    /// The household in the register.
    pub household: Option<i64>,
    /// Where it is handled.
    pub area: String,
    /// The same in words.
    pub place: String,
    /// When it was opened, UTC.
    pub opened_at: String,
    /// `open` or `closed`.
    pub state: &'static str,
    /// How it ended.
    pub outcome: Option<&'static str>,
    /// The open step; empty when it is closed.
    pub step: String,
    /// Since which day.
    pub since: Day,
    /// By when the next of its times is over.
    pub due: Option<Day>,
    /// The year whose calendar is missing for that.
    pub calendar_missing: Option<i32>,
    /// Why it is paused.
    pub paused: Option<String>,
    /// Its marks.
    pub marks: Vec<String>,
    /// Number of its newest event.
    pub seq: i64,
}

/// A time that runs, or ran.
#[derive(Clone, Debug)]
pub struct Deadline {
    /// `step`, `notice` or `law`.
    pub kind: &'static str,
    /// The step that must be done by then.
    pub to: String,
    /// What it runs from, in words.
    pub since: String,
    /// The day it runs from.
    pub from: Day,
    /// How long.
    pub count: u32,
    /// `workdays`, `days` or `months`.
    pub unit: &'static str,
    /// The last day in time.
    pub due: Option<Day>,
    /// Holidays skipped on the way.
    pub skipped: Vec<Day>,
    /// The year whose calendar is missing.
    pub calendar_missing: Option<i32>,
    /// When the step was done.
    pub done: Option<Day>,
    /// On which articles.
    pub cites: Vec<String>,
}

/// One thing that happened.
#[derive(Clone, Debug)]
pub struct Happened {
    /// Its number in the case.
    pub seq: i64,
    /// The word of the record: `completed`, `sent-back` …
    pub kind: &'static str,
    /// The step that was open.
    pub step: String,
    /// What it gave, or the name of the reason, circumstance or place.
    pub name: String,
    /// What was decided or how it ended.
    pub outcome: Option<&'static str>,
    /// Why.
    pub because: String,
    /// On which day it counts.
    pub day: Day,
    /// When it was written, UTC.
    pub at: String,
    /// Which account.
    pub by: String,
}

/// Cases within somebody's places, newest first, before a number; with the number to go on before, where
/// there may be more.
///
/// # Errors
/// No right, or the record.
pub async fn listed(
    office: &Office,
    who: &Acting,
    filter: &CaseFilter,
    (before, limit): (Option<i64>, u32),
) -> Done<(Vec<Listed>, Option<i64>)> {
    let wanted = |row: &CaseRow| filter.wants(row);
    let (rows, next) = super::some_cases(office, who, (before, limit), wanted).await?;
    Ok((lines(office, &rows).await?, next))
}

/// One case somebody may see, after the entry that says who looked.
///
/// # Errors
/// No right, no such case within the scope, a near relative's, or the record.
pub async fn seen(office: &Office, who: &Acting, no: CaseNo) -> Done<(Case, Listed)> {
    let case = load(office, who, no).await?;
    note_look(office, who, &case, "").await?;
    let line = line(office, &case).await?;
    Ok((case, line))
}

/// A case that was just loaded or written, as the list shows it.
///
/// # Errors
/// The record.
pub async fn line(office: &Office, case: &Case) -> Done<Listed> {
    of_row(office, &case.row).await
}

/// The same of its row.
pub(in super::super) async fn of_row(office: &Office, row: &CaseRow) -> Done<Listed> {
    let mut lines = lines(office, std::slice::from_ref(row)).await?;
    let gone = || crate::casework::CaseError::NotFound("办件不在了".to_owned());
    lines.pop().ok_or_else(gone)
}

async fn lines(office: &Office, rows: &[CaseRow]) -> Done<Vec<Listed>> {
    let people: Vec<PersonId> = rows
        .iter()
        .flat_map(|row| [Some(row.content.applicant), whom(row)])
        .flatten()
        .collect();
    let places: Vec<AreaCode> = rows.iter().map(|row| row.current.area).collect();
    let words = Words::of(office, &people, &places).await?;
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let line = |row: &CaseRow| Listed {
        no: row.no.get(),
        application: row.content.application.get(),
        programme: row.content.programme.clone(),
        title: words.programme(&row.content.programme),
        applicant: words.person(row.content.applicant),
        person: whom(row).map(PersonId::get),
        subject: whom(row).map_or_else(|| WHOLE.to_owned(), |one| words.person(one)),
        household: row.content.household.map(domain::HouseholdId::get),
        area: row.current.area.to_string(),
        place: words.place(&row.current.area),
        opened_at: row.opened_at.to_string(),
        state: row.state.word(),
        outcome: row.current.outcome.as_deref().and_then(outcome),
        step: match row.state {
            CaseState::Open => row.current.step.clone(),
            CaseState::Closed => String::new(),
        },
        since: row.current.since,
        due: row.current.due,
        calendar_missing: row.current.no_calendar,
        paused: some(&row.current.paused),
        marks: split(&row.current.marks),
        seq: row.last_seq,
    };
    Ok(rows.iter().map(line).collect())
}

/// Whom a programme for one person is for.
fn whom(row: &CaseRow) -> Option<PersonId> {
    match row.content.subject {
        Subject::Person(person) => Some(person),
        Subject::Household(_) => None,
    }
}

fn outcome(word: &str) -> Option<&'static str> {
    Outcome::from_word(word).map(Outcome::word)
}

/// The times of a case, that of the open step first.
#[must_use]
pub fn deadlines(case: &Case) -> Vec<Deadline> {
    let clock = &case.clock;
    let step = clock.step.iter().map(|runs| ("step", runs));
    let notice = clock.notice.iter().map(|runs| ("notice", runs));
    let law = clock.law.iter().map(|runs| ("law", runs));
    let all = step.chain(notice).chain(law);
    all.map(|(kind, runs)| deadline(kind, runs)).collect()
}

fn deadline(kind: &'static str, runs: &Runs) -> Deadline {
    let due = runs.due.as_ref();
    Deadline {
        kind,
        to: runs.to.clone(),
        since: runs.since.clone(),
        from: runs.from,
        count: runs.length.count,
        unit: match runs.length.counted {
            Counted::Workdays => "workdays",
            Counted::Days => "days",
            Counted::Months => "months",
        },
        due: due.ok().map(|due| due.day),
        skipped: due.map_or_else(|_| Vec::new(), |due| due.skipped.clone()),
        calendar_missing: due.err().map(|missing| missing.year),
        done: runs.done,
        cites: runs.cites.clone(),
    }
}

/// What happened to a case, oldest first.
#[must_use]
pub fn happened(case: &Case) -> Vec<Happened> {
    let event = |event: &store::cases::Event| {
        let content = &event.content;
        Happened {
            seq: event.seq,
            kind: content.kind.word(),
            step: content.step.clone(),
            name: content.name.clone(),
            outcome: outcome(&content.outcome),
            because: content.because.clone(),
            day: content.day,
            at: content.at.to_string(),
            by: content.actor.clone(),
        }
    };
    case.events.iter().map(event).collect()
}

/// A day out of an address.
///
/// # Errors
/// It is none.
pub fn day(text: &str) -> Done<Day> {
    Day::parse(text).map_err(|error| crate::casework::CaseError::Refused(error.to_string()))
}
