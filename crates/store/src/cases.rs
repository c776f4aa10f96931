//! 个案: what happened to each, in order, and the standing derived from it for lists.
//!
//! An event is appended after the one its writer saw, or not at all; a closed case takes no more.
//! The standing beside it is what the office worked out from the events and can be made again.

mod closed;
mod told;
mod waits;

pub(crate) use closed::STATEMENTS as CLOSED_STATEMENTS;
pub use closed::{end_as, list_closed};
pub(crate) use told::STATEMENTS as TOLD_STATEMENTS;
pub use told::of_circumstance;
pub(crate) use waits::STATEMENTS as WAIT_STATEMENTS;
pub use waits::{Wait, all_waits, waits};

use waits::keep_waits;

use crate::areas::{day_value, range};
use crate::at::At;
use crate::digest::of_row;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, counted, words};
use domain::{ApplicationNo, AreaCode, CaseNo, Day, HouseholdId, PersonId};
use std::collections::HashMap;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select case_no, application_no, programme, procedure, rules_day, subject_kind,
                subject_id, household_id, applicant, opened_at, state, area, step, since, due,
                overall_due, no_calendar, paused, pause_ends, marks, outcome, last_seq, closed_at
            from cases ",
            $rest
        )
    };
}

statements! {
    OPEN = "insert into cases (case_no, application_no, programme, procedure, rules_day,
            subject_kind, subject_id, household_id, applicant, opened_at, state, area, step, since,
            due, overall_due, no_calendar, paused, pause_ends, marks, outcome, last_seq)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open', $11, $12, $13, $14, $15, $16, $17,
            $18, $19, '', 1)";
    // The last number is also the lock: whoever saw an older one writes nothing.
    MOVE = "update cases set area = $1, step = $2, since = $3, due = $4, overall_due = $5,
            no_calendar = $6, paused = $7, pause_ends = $8, marks = $9, last_seq = $10,
            state = $11, outcome = $12, closed_at = $13
        where case_no = $14 and last_seq = $15 and state = 'open'";
    REDERIVE = "update cases set area = $1, step = $2, since = $3, due = $4, overall_due = $5,
            no_calendar = $6, paused = $7, pause_ends = $8, marks = $9
        where case_no = $10 and last_seq = $11";
    ADD_EVENT = "insert into case_events (case_no, seq, before_seq, kind, step, name, others, outcome,
            because, detail, day, at, actor, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    EVENTS = "select seq, kind, step, name, others, outcome, because, detail, day, at, actor, digest
        from case_events where case_no = $1 order by seq";
    FIND = select!("where case_no = $1");
    LIST = select!("where state = 'open' and area >= $1 and area < $2 and case_no > $3
        order by case_no limit $4");
    LIST_ALL = select!("where area >= $1 and area < $2 and case_no < $3
        order by case_no desc limit $4");
    CLOSED = select!("where state = 'closed' and case_no > $1 order by case_no limit $2");
    OF_APPLICATION = select!("where application_no = $1 order by case_no");
    OF_HOUSEHOLD = select!("where household_id = $1 order by case_no desc");
    OPEN_AT = "select case_no from cases where household_id = $1 and state = 'open'
        order by case_no desc limit 1";
    OF_APPLICANT = select!("where applicant = $1 order by case_no desc");
    OPEN_OF_MEMBER = "select c.case_no from cases c
            join application_members m on m.application_no = c.application_no
        where m.person_id = $1 and c.state = 'open'
        union select case_no from cases where applicant = $1 and state = 'open'
        order by 1 desc";
    OF_MEMBER = "select c.case_no from cases c
            join application_members m on m.application_no = c.application_no
        where m.person_id = $1
        union select case_no from cases where applicant = $1
        order by 1 desc";
    NUMBERS_OF_HOUSEHOLD = "select case_no from cases where household_id = $1 order by case_no desc";
    OPEN_OF = select!("where programme = $1 and subject_kind = $2 and subject_id = $3
        and state = 'open'");
    WAITING = "select c.case_no, c.application_no, c.programme, c.procedure, c.rules_day,
            c.subject_kind, c.subject_id, c.household_id, c.applicant, c.opened_at, c.state, c.area,
            c.step, c.since, c.due, c.overall_due, c.no_calendar, c.paused, c.pause_ends, c.marks,
            c.outcome, c.last_seq, c.closed_at, w.step, w.owner, w.not_by
        from case_waits w join cases c on c.case_no = w.case_no
        where w.role = $1 and w.area >= $2 and w.area < $3
        order by w.due, w.case_no limit $4";
}

words! {
    /// What happened to a case.
    EventKind {
        /// 提交.
        Submitted = "submitted",
        /// 步骤完成.
        Completed = "completed",
        /// 退回.
        SentBack = "sent-back",
        /// 暂停.
        Paused = "paused",
        /// 恢复.
        Resumed = "resumed",
        /// 情形.
        Circumstance = "circumstance",
        /// 转办.
        Transferred = "transferred",
        /// 移交.
        HandedOver = "handed-over",
        /// 办结.
        Closed = "closed",
    }
}

words! {
    /// Whether a case still goes on.
    CaseState {
        /// 在办.
        Open = "open",
        /// 办结.
        Closed = "closed",
    }
}

/// Whom a case is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A household.
    Household(HouseholdId),
    /// A person.
    Person(PersonId),
}

impl Subject {
    /// The words the record keeps.
    fn parts(self) -> (&'static str, i64) {
        match self {
            Self::Household(id) => ("household", id.get()),
            Self::Person(id) => ("person", id.get()),
        }
    }

    fn read(row: &Row, kind: usize, id: usize) -> Result<Self> {
        let number = row.int(id)?;
        row.word(kind, |word| match word {
            "household" => Some(Self::Household(HouseholdId::new(0))),
            "person" => Some(Self::Person(PersonId::new(0))),
            _ => None,
        })
        .map(|read| match read {
            Self::Household(_) => Self::Household(HouseholdId::new(number)),
            Self::Person(_) => Self::Person(PersonId::new(number)),
        })
    }
}

/// A case to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCase {
    /// The application it comes from.
    pub application: ApplicationNo,
    /// The programme, by its policy's name.
    pub programme: String,
    /// The procedure it follows, by its name.
    pub procedure: String,
    /// The day whose rules it follows to its end.
    pub rules_day: Day,
    /// Whom it is about.
    pub subject: Subject,
    /// The household, where there is one.
    pub household: Option<HouseholdId>,
    /// Who applied.
    pub applicant: PersonId,
}

/// One event to be appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// What.
    pub kind: EventKind,
    /// Which step.
    pub step: String,
    /// What the step gave, or the name of the reason, circumstance, place, official or outcome.
    pub name: String,
    /// Accounts that did it too, with 、 between; empty for none.
    pub others: String,
    /// What was decided, or how it ended; empty for nothing.
    pub outcome: String,
    /// Why, without a name or number.
    pub because: String,
    /// What else belongs to it, as JSON; empty for nothing.
    pub detail: String,
    /// On which day it counts.
    pub day: Day,
    /// When it was written.
    pub at: At,
    /// Who.
    pub actor: String,
}

/// 经过: one thing that happened to a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its number in the case, from 1.
    pub seq: i64,
    /// What happened.
    pub content: NewEvent,
}

/// 现状, derived from the events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Current {
    /// Where it is handled.
    pub area: AreaCode,
    /// The open steps, with 、 between; empty when it is closed.
    pub step: String,
    /// Since when the first of them is open.
    pub since: Day,
    /// By when the next of them is due.
    pub due: Option<Day>,
    /// By when all is due.
    pub overall_due: Option<Day>,
    /// The year whose calendar is missing for the due day.
    pub no_calendar: Option<i32>,
    /// Why it is paused; empty when it is not.
    pub paused: String,
    /// The last day on which the pause stops the clock; none where it is not limited.
    pub pause_ends: Option<Day>,
    /// What lists mark, with 、 between.
    pub marks: String,
    /// How it ended; none while it goes on.
    pub outcome: Option<String>,
    /// Who may do the open steps.
    pub waits: Vec<Wait>,
}

/// 个案, as lists need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseRow {
    /// 个案编号.
    pub no: CaseNo,
    /// What it is about.
    pub content: NewCase,
    /// When it was opened.
    pub opened_at: At,
    /// Whether it goes on.
    pub state: CaseState,
    /// Where it stands; whose it is stands in [`waits`].
    pub current: Current,
    /// Number of its last event.
    pub last_seq: i64,
    /// When it was closed.
    pub closed_at: Option<At>,
}

/// Opens a case with its first event. One that is open for the same programme and subject already
/// stands in the way: ask [`open_of`] first.
pub async fn open(
    tx: &mut JournalTx,
    new: &NewCase,
    first: &NewEvent,
    current: &Current,
) -> Result<CaseNo> {
    let no = tx.take_numbers("case", 1).await?;
    let (kind, subject) = new.subject.parts();
    let mut values = vec![
        no.into(),
        new.application.get().into(),
        new.programme.as_str().into(),
        new.procedure.as_str().into(),
        new.rules_day.to_string().into(),
        kind.into(),
        subject.into(),
        new.household.map(HouseholdId::get).into(),
        new.applicant.get().into(),
        (&first.at).into(),
    ];
    values.extend(current.values());
    tx.execute(OPEN, values).await?;
    add_event(tx, no, 1, first).await?;
    keep_waits(tx, no, current).await?;
    Ok(CaseNo::new(no))
}

/// Appends events after the number their writer saw, with the standing they lead to. A case that has
/// moved on meanwhile, or is closed, takes nothing.
pub async fn append(
    tx: &mut JournalTx,
    no: CaseNo,
    seen: i64,
    events: &[NewEvent],
    current: &Current,
) -> Result<()> {
    let Some(newest) = events.last() else {
        return Ok(());
    };
    let last = seen.saturating_add(counted(events.len(), "经过")?);
    let state = match current.outcome {
        Some(_) => CaseState::Closed,
        None => CaseState::Open,
    };
    let closed_at = current.outcome.as_ref().map(|_| newest.at.to_string());
    let mut values = current.values();
    values.extend([
        last.into(),
        state.into(),
        current.outcome.clone().unwrap_or_default().into(),
        closed_at.into(),
        no.get().into(),
        seen.into(),
    ]);
    if tx.execute(MOVE, values).await? != 1 {
        return Err(StoreError::NotThere {
            what: "在办个案(可能已被别人办理,请刷新)",
            id: no.get(),
        });
    }
    for (seq, event) in (seen.saturating_add(1)..).zip(events) {
        add_event(tx, no.get(), seq, event).await?;
    }
    keep_waits(tx, no.get(), current).await
}

/// Writes the standing of a case anew, worked out from its events; the events stay as they are.
pub async fn rederive(tx: &mut JournalTx, no: CaseNo, seen: i64, current: &Current) -> Result<()> {
    let mut values = current.values();
    values.extend([no.get().into(), seen.into()]);
    match tx.execute(REDERIVE, values).await? {
        1 => keep_waits(tx, no.get(), current).await,
        _ => Err(StoreError::NotThere {
            what: "个案",
            id: no.get(),
        }),
    }
}

/// One case.
pub async fn find(on: &impl Reads, no: CaseNo) -> Result<Option<CaseRow>> {
    let rows = on.rows(FIND, vec![no.get().into()]).await?;
    rows.first().map(from_row).transpose()
}

/// What happened to a case, oldest first; a changed row is told, not read over.
pub async fn events(on: &impl Reads, no: CaseNo) -> Result<Vec<Event>> {
    let rows = on.rows(EVENTS, vec![no.get().into()]).await?;
    rows.iter()
        .map(|row| {
            let event = Event {
                seq: row.int(0)?,
                content: NewEvent {
                    kind: row.word(1, EventKind::from_word)?,
                    step: row.text(2)?,
                    name: row.text(3)?,
                    others: row.text(4)?,
                    outcome: row.text(5)?,
                    because: row.text(6)?,
                    detail: row.text(7)?,
                    day: row.day(8)?,
                    at: row.at(9)?,
                    actor: row.text(10)?,
                },
            };
            let digest: [u8; 32] = row.array(11)?;
            if digest != event.content.digest(no.get(), event.seq) {
                return Err(StoreError::BadValue {
                    what: format!("个案 {no} 第 {} 条经过与摘要不符", event.seq),
                });
            }
            Ok(event)
        })
        .collect()
}

/// Open cases of a place and all inside it, by number, after one (0 for the first).
pub async fn list_open(
    on: &impl Reads,
    area: Option<&AreaCode>,
    after: i64,
    limit: u32,
) -> Result<Vec<CaseRow>> {
    let (from, below) = range(area);
    let values = vec![from, below, after.into(), limit.into()];
    rows(on.rows(LIST, values).await?)
}

/// All cases of a place and all inside it, newest first, before a number.
pub async fn list(
    on: &impl Reads,
    area: Option<&AreaCode>,
    before: i64,
    limit: u32,
) -> Result<Vec<CaseRow>> {
    let (from, below) = range(area);
    let values = vec![from, below, before.into(), limit.into()];
    rows(on.rows(LIST_ALL, values).await?)
}

/// The cases an application opened.
pub async fn of_application(on: &impl Reads, no: ApplicationNo) -> Result<Vec<CaseRow>> {
    rows(on.rows(OF_APPLICATION, vec![no.get().into()]).await?)
}

/// The cases of a household, newest first.
pub async fn of_household(on: &impl Reads, household: HouseholdId) -> Result<Vec<CaseRow>> {
    rows(on.rows(OF_HOUSEHOLD, vec![household.get().into()]).await?)
}

/// The newest open case of each of some households; one without is left out.
pub async fn open_at(on: &impl Reads, homes: &[HouseholdId]) -> Result<Vec<(HouseholdId, CaseNo)>> {
    let sets = homes.iter().map(|home| vec![home.get().into()]);
    let answers = on.rows_each(OPEN_AT, sets.collect()).await?;
    let found = homes.iter().zip(answers);
    let first = found.filter_map(|(home, rows)| Some((*home, rows.into_iter().next()?)));
    first
        .map(|(home, row)| Ok((home, CaseNo::new(row.int(0)?))))
        .collect()
}

/// The cases somebody applied for, newest first.
pub async fn of_applicant(on: &impl Reads, applicant: PersonId) -> Result<Vec<CaseRow>> {
    rows(on.rows(OF_APPLICANT, vec![applicant.get().into()]).await?)
}

/// Some cases by number; those that are not there are left out.
pub async fn find_many(on: &impl Reads, numbers: &[CaseNo]) -> Result<Vec<CaseRow>> {
    let sets = numbers.iter().map(|no| vec![no.get().into()]).collect();
    let found = on.rows_each(FIND, sets).await?;
    rows(found.into_iter().flatten().collect())
}

/// The numbers of the cases of each of some households, newest first.
pub async fn of_households(
    on: &impl Reads,
    homes: &[HouseholdId],
) -> Result<HashMap<HouseholdId, Vec<CaseNo>>> {
    let sets = homes.iter().map(|home| vec![home.get().into()]).collect();
    let found = on.rows_each(NUMBERS_OF_HOUSEHOLD, sets).await?;
    let mut out = HashMap::new();
    for (home, rows) in homes.iter().zip(found) {
        let numbers: Result<Vec<CaseNo>> = rows
            .iter()
            .map(|row| Ok(CaseNo::new(row.int(0)?)))
            .collect();
        out.insert(*home, numbers?);
    }
    Ok(out)
}

/// Every case somebody applied for or is a member of, newest first.
pub async fn of_member(on: &impl Reads, person: PersonId) -> Result<Vec<CaseNo>> {
    let found = on.rows(OF_MEMBER, vec![person.get().into()]).await?;
    let numbers = found.iter().map(|row| Ok(CaseNo::new(row.int(0)?)));
    numbers.collect()
}

/// The open cases somebody applied for or is a member of, newest first.
pub async fn open_of_member(on: &impl Reads, person: PersonId) -> Result<Vec<CaseNo>> {
    let found = on.rows(OPEN_OF_MEMBER, vec![person.get().into()]).await?;
    let numbers = found.iter().map(|row| Ok(CaseNo::new(row.int(0)?)));
    numbers.collect()
}

/// The open case of a programme and subject.
pub async fn open_of(
    on: &impl Reads,
    programme: &str,
    subject: Subject,
) -> Result<Option<CaseRow>> {
    let (kind, id) = subject.parts();
    let values = vec![programme.into(), kind.into(), id.into()];
    let found = on.rows(OPEN_OF, values).await?;
    found.first().map(from_row).transpose()
}

/// Cases whose open step a role may do in a place and all inside it, the first due first; each with the
/// step, whom it was handed to and who must not do it.
pub async fn waiting(
    on: &impl Reads,
    role: &str,
    area: Option<&AreaCode>,
    limit: u32,
) -> Result<Vec<(CaseRow, Wait)>> {
    let (from, below) = range(area);
    let values = vec![role.into(), from, below, limit.into()];
    let found = on.rows(WAITING, values).await?;
    found
        .iter()
        .map(|row| {
            let case = from_row(row)?;
            let wait = Wait {
                step: row.text(23)?,
                role: role.to_owned(),
                area: case.current.area,
                owner: row.text(24)?,
                not_by: row.text(25)?,
            };
            Ok((case, wait))
        })
        .collect()
}

async fn add_event(tx: &JournalTx, no: i64, seq: i64, event: &NewEvent) -> Result<()> {
    let before = (seq > 1).then(|| seq.saturating_sub(1));
    let values = vec![
        no.into(),
        seq.into(),
        before.into(),
        event.kind.into(),
        event.step.as_str().into(),
        event.name.as_str().into(),
        event.others.as_str().into(),
        event.outcome.as_str().into(),
        event.because.as_str().into(),
        event.detail.as_str().into(),
        event.day.to_string().into(),
        (&event.at).into(),
        event.actor.as_str().into(),
        event.digest(no, seq).into(),
    ];
    tx.execute(ADD_EVENT, values).await?;
    Ok(())
}

impl NewEvent {
    fn digest(&self, no: i64, seq: i64) -> [u8; 32] {
        let columns = [
            ("case_no", no.into()),
            ("seq", seq.into()),
            ("kind", self.kind.into()),
            ("step", self.step.as_str().into()),
            ("name", self.name.as_str().into()),
            ("others", self.others.as_str().into()),
            ("outcome", self.outcome.as_str().into()),
            ("because", self.because.as_str().into()),
            ("detail", self.detail.as_str().into()),
            ("day", self.day.to_string().into()),
            ("at", (&self.at).into()),
            ("actor", self.actor.as_str().into()),
        ];
        of_row("case_events", &columns)
    }
}

impl Current {
    fn values(&self) -> Vec<Value> {
        vec![
            self.area.full().into(),
            self.step.as_str().into(),
            self.since.to_string().into(),
            day_value(self.due),
            day_value(self.overall_due),
            self.no_calendar.into(),
            self.paused.as_str().into(),
            day_value(self.pause_ends),
            self.marks.as_str().into(),
        ]
    }
}

fn rows(found: Vec<Row>) -> Result<Vec<CaseRow>> {
    found.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<CaseRow> {
    let year = row.int_opt(16)?.and_then(|year| i32::try_from(year).ok());
    Ok(CaseRow {
        no: CaseNo::new(row.int(0)?),
        content: NewCase {
            application: ApplicationNo::new(row.int(1)?),
            programme: row.text(2)?,
            procedure: row.text(3)?,
            rules_day: row.day(4)?,
            subject: Subject::read(row, 5, 6)?,
            household: row.int_opt(7)?.map(HouseholdId::new),
            applicant: PersonId::new(row.int(8)?),
        },
        opened_at: row.at(9)?,
        state: row.word(10, CaseState::from_word)?,
        current: Current {
            area: row.area(11)?,
            step: row.text(12)?,
            since: row.day(13)?,
            due: row.day_opt(14)?,
            overall_due: row.day_opt(15)?,
            no_calendar: year,
            paused: row.text(17)?,
            pause_ends: row.day_opt(18)?,
            marks: row.text(19)?,
            outcome: Some(row.text(20)?).filter(|outcome| !outcome.is_empty()),
            waits: Vec::new(),
        },
        last_seq: row.int(21)?,
        closed_at: row.at_opt(22)?,
    })
}
