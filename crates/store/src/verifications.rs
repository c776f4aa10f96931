//! 核对批次: which applications are verified, which question went to which source about whom, and who
//! was left out. Answers and reports stand in the modules below.
//!
//! A question without a consent that holds on the day cannot be written.

mod answers;
mod reports;

pub use answers::{
    Answer, AnswerFile, AnswerState, FileState, Found, Mistake, NewAnswer, NewFile, add_file,
    answers_of, file, file_by_digest, files_of, mistakes, take_answers,
};
pub(crate) use answers::{STATEMENTS as ANSWER_STATEMENTS, TABLES as ANSWER_TABLES};
pub(crate) use reports::STATEMENTS as REPORT_STATEMENTS;
pub use reports::{
    Explanation, ExplanationKind, NewExplanation, NewReport, Report, Use, explain, explanations,
    find_report, issue, newest_report, report_of, reports_of_application, use_report, uses_of_case,
    uses_of_report,
};

use crate::areas::range;
use crate::at::At;
use crate::error::{Result, StoreError};
use crate::sql::{Kind, Table, statements};
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, count};
use domain::{ApplicationNo, AreaCode, Day, PersonId, TaskId};

statements! {
    ADD = "insert into verifications (verification_no, form_key, area, day, at, actor)
        values ($1, $2, $3, $4, $5, $6) on conflict (form_key) do nothing";
    FIND_KEY = "select verification_no from verifications where form_key = $1";
    FIND = "select verification_no, area, day, at, actor from verifications
        where verification_no = $1";
    LIST = "select verification_no, area, day, at, actor from verifications
        where area >= $1 and area < $2 and verification_no < $3
        order by verification_no desc limit $4";
    NEXT_VERSION = "select coalesce(max(version), 0) + 1 from verification_subjects
        where application_no = $1";
    ADD_SUBJECT = "insert into verification_subjects (verification_no, application_no, version)
        values ($1, $2, $3)";
    SUBJECTS = "select verification_no, application_no, version from verification_subjects
        where verification_no = $1 order by application_no";
    OF_APPLICATION = "select verification_no, application_no, version from verification_subjects
        where application_no = $1 order by version desc";
    // The consent must stand at this very moment: what is withdrawn is not asked about.
    ADD_REQUEST = "insert into verification_requests (request_no, verification_no, person_id, source,
            consent_no, due)
        select cast($1 as bigint), cast($2 as bigint), c.person_id, c.source, c.consent_no,
            cast($3 as text)
        from consents c
        where c.consent_no = $4 and c.person_id = $5 and c.source = $6
          and c.withdrawn_at is null and c.given_day <= $7 and c.until_day >= $7";
    REQUESTS = "select request_no, verification_no, person_id, source, consent_no, due, stopped_at
        from verification_requests where verification_no = $1 order by source, request_no";
    REQUESTS_TO = "select request_no, verification_no, person_id, source, consent_no, due, stopped_at
        from verification_requests where verification_no = $1 and source = $2 order by request_no";
    REQUESTS_OF = "select request_no, verification_no, person_id, source, consent_no, due, stopped_at
        from verification_requests where person_id = $1 and source = $2 order by request_no desc";
    STOP = "update verification_requests set stopped_at = $1
        where consent_no = $2 and stopped_at is null and not exists (
            select 1 from verification_answers a
            where a.request_no = verification_requests.request_no)";
    LEFT_OUT = "select person_id, source, because from verification_left_out
        where verification_no = $1 order by person_id, source";
    COUNTS = "select r.source, count(*),
            sum(case when r.stopped_at is not null then 1 else 0 end),
            sum(case when r.stopped_at is null and exists (select 1 from verification_answers a
                where a.request_no = r.request_no) then 1 else 0 end),
            min(r.due)
        from verification_requests r where r.verification_no = $1
        group by r.source order by r.source";
    ADD_URGE = "insert into verification_urges (verification_no, source, day, task_id, requests, actor)
        values ($1, $2, $3, $4, $5, $6) on conflict (verification_no, source, day) do nothing";
    URGES = "select source, day, task_id, requests, actor from verification_urges
        where verification_no = $1 order by day, source";
}

const LEFT_OUT_ROWS: Table = Table {
    name: "verification_left_out",
    columns: &[
        ("verification_no", Kind::Int),
        ("person_id", Kind::Int),
        ("source", Kind::Text),
        ("because", Kind::Text),
    ],
};
pub(crate) const TABLES: &[Table] = &[LEFT_OUT_ROWS];

/// A batch to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVerification {
    /// The word of the form: the same form sent twice is one batch.
    pub form_key: String,
    /// For which place.
    pub area: AreaCode,
    /// On which day it is asked.
    pub day: Day,
    /// By whom.
    pub actor: String,
    /// The applications.
    pub applications: Vec<ApplicationNo>,
    /// The questions.
    pub requests: Vec<NewRequest>,
    /// Who is not asked.
    pub left_out: Vec<LeftOut>,
}

/// A question to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRequest {
    /// About whom.
    pub person: PersonId,
    /// Which source.
    pub source: String,
    /// On which consent.
    pub consent: i64,
    /// By when an answer is due.
    pub due: Day,
}

/// Somebody who is not asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Who.
    pub person: PersonId,
    /// At which source.
    pub source: String,
    /// Why.
    pub because: String,
}

/// 核对批次.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// 批次编号.
    pub no: i64,
    /// For which place.
    pub area: AreaCode,
    /// On which day it was asked.
    pub day: Day,
    /// When it was written.
    pub at: At,
    /// By whom.
    pub actor: String,
}

/// An application of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The batch.
    pub verification: i64,
    /// The application.
    pub application: ApplicationNo,
    /// Which time it is verified, from 1.
    pub version: i64,
}

/// 核对请求.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// 请求编号.
    pub no: i64,
    /// Its batch.
    pub verification: i64,
    /// About whom.
    pub person: PersonId,
    /// Which source.
    pub source: String,
    /// On which consent.
    pub consent: i64,
    /// By when an answer is due.
    pub due: Day,
    /// When the consent was withdrawn before an answer came.
    pub stopped_at: Option<At>,
}

/// How far a source is with a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceCount {
    /// The source.
    pub source: String,
    /// Questions.
    pub asked: u64,
    /// Of them stopped by a withdrawn consent.
    pub stopped: u64,
    /// Of the others answered.
    pub answered: u64,
    /// The earliest day an answer was due.
    pub due: Day,
}

/// 催办.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Urge {
    /// Which source.
    pub source: String,
    /// On which day.
    pub day: Day,
    /// The task raised.
    pub task: TaskId,
    /// How many questions were open.
    pub requests: i64,
    /// By whom.
    pub actor: String,
}

/// What became of a batch to be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It is new.
    New(i64),
    /// The same form opened it before.
    Before(i64),
}

/// Opens a batch with its questions; the same form a second time answers the first.
pub async fn open(tx: &mut JournalTx, at: &At, new: &NewVerification) -> Result<Begun> {
    let no = tx.take_numbers("verification", 1).await?;
    let day = new.day.to_string();
    let values = vec![
        no.into(),
        new.form_key.as_str().into(),
        new.area.full().into(),
        day.as_str().into(),
        at.into(),
        new.actor.as_str().into(),
    ];
    if tx.execute(ADD, values).await? == 0 {
        let rows = tx.rows(FIND_KEY, vec![(&new.form_key).into()]).await?;
        let before = rows.first().ok_or(StoreError::WriteBroken)?.int(0)?;
        return Ok(Begun::Before(before));
    }
    for application in &new.applications {
        let key = vec![application.get().into()];
        let rows = tx.rows(NEXT_VERSION, key).await?;
        let version = rows.first().ok_or(StoreError::WriteBroken)?.int(0)?;
        let values = vec![no.into(), application.get().into(), version.into()];
        tx.execute(ADD_SUBJECT, values).await?;
    }
    let first = tx
        .take_numbers("verification_request", new.requests.len())
        .await?;
    let sets = (first..).zip(&new.requests).map(|(number, request)| {
        vec![
            number.into(),
            no.into(),
            request.due.to_string().into(),
            request.consent.into(),
            request.person.get().into(),
            request.source.as_str().into(),
            day.as_str().into(),
        ]
    });
    let added = tx.execute_each(ADD_REQUEST, sets.collect()).await?;
    if let Some((at, _)) = added.iter().enumerate().find(|(_, rows)| **rows != 1) {
        return Err(StoreError::NotThere {
            what: "有效的授权",
            id: new.requests.get(at).map_or(0, |request| request.consent),
        });
    }
    let left = new.left_out.iter().map(|left| {
        vec![
            no.into(),
            left.person.get().into(),
            left.source.as_str().into(),
            left.because.as_str().into(),
        ]
    });
    tx.insert(LEFT_OUT_ROWS, left.collect()).await?;
    Ok(Begun::New(no))
}

/// One batch.
pub async fn find(on: &impl Reads, no: i64) -> Result<Option<Verification>> {
    let rows = on.rows(FIND, vec![no.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// The batch a form opened, where it did.
pub async fn find_by_form(on: &impl Reads, form_key: &str) -> Result<Option<i64>> {
    let rows = on.rows(FIND_KEY, vec![form_key.into()]).await?;
    rows.first().map(|row| row.int(0)).transpose()
}

/// Batches of a place and all inside it, newest first, below a number.
pub async fn list(
    on: &impl Reads,
    area: Option<&AreaCode>,
    before: i64,
    limit: u32,
) -> Result<Vec<Verification>> {
    let (from, below) = range(area);
    let values = vec![from, below, before.into(), limit.into()];
    on.rows(LIST, values).await?.iter().map(from_row).collect()
}

/// The applications of a batch.
pub async fn subjects(on: &impl Reads, no: i64) -> Result<Vec<Subject>> {
    let rows = on.rows(SUBJECTS, vec![no.into()]).await?;
    rows.iter().map(subject).collect()
}

/// The times an application was verified, newest first.
pub async fn of_application(on: &impl Reads, no: ApplicationNo) -> Result<Vec<Subject>> {
    let rows = on.rows(OF_APPLICATION, vec![no.get().into()]).await?;
    rows.iter().map(subject).collect()
}

/// The questions of a batch, by source.
pub async fn requests(on: &impl Reads, no: i64) -> Result<Vec<Request>> {
    let rows = on.rows(REQUESTS, vec![no.into()]).await?;
    rows.iter().map(request).collect()
}

/// The questions of a batch to one source.
pub async fn requests_to(on: &impl Reads, no: i64, source: &str) -> Result<Vec<Request>> {
    let rows = on.rows(REQUESTS_TO, vec![no.into(), source.into()]).await?;
    rows.iter().map(request).collect()
}

/// Every question ever asked about somebody at a source, newest first.
pub async fn requests_about(
    on: &impl Reads,
    person: PersonId,
    source: &str,
) -> Result<Vec<Request>> {
    let values = vec![person.get().into(), source.into()];
    let rows = on.rows(REQUESTS_OF, values).await?;
    rows.iter().map(request).collect()
}

/// Marks the questions that rest on a consent and have no answer yet; answers how many.
pub async fn stop(tx: &mut JournalTx, at: &At, consent: i64) -> Result<u64> {
    tx.execute(STOP, vec![at.into(), consent.into()]).await
}

/// Who was left out of a batch.
pub async fn left_out(on: &impl Reads, no: i64) -> Result<Vec<LeftOut>> {
    let rows = on.rows(LEFT_OUT, vec![no.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(LeftOut {
                person: PersonId::new(row.int(0)?),
                source: row.text(1)?,
                because: row.text(2)?,
            })
        })
        .collect()
}

/// How far each source is with a batch.
pub async fn counts(on: &impl Reads, no: i64) -> Result<Vec<SourceCount>> {
    let rows = on.rows(COUNTS, vec![no.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(SourceCount {
                source: row.text(0)?,
                asked: count(row.int(1)?),
                stopped: count(row.int(2)?),
                answered: count(row.int(3)?),
                due: row.day(4)?,
            })
        })
        .collect()
}

/// Keeps that a source was urged; once a day.
pub async fn urge(tx: &mut JournalTx, no: i64, urge: &Urge) -> Result<bool> {
    let values = vec![
        no.into(),
        urge.source.as_str().into(),
        urge.day.to_string().into(),
        urge.task.get().into(),
        urge.requests.into(),
        urge.actor.as_str().into(),
    ];
    Ok(tx.execute(ADD_URGE, values).await? == 1)
}

/// When the sources of a batch were urged.
pub async fn urges(on: &impl Reads, no: i64) -> Result<Vec<Urge>> {
    let rows = on.rows(URGES, vec![no.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Urge {
                source: row.text(0)?,
                day: row.day(1)?,
                task: TaskId::new(row.int(2)?),
                requests: row.int(3)?,
                actor: row.text(4)?,
            })
        })
        .collect()
}

fn from_row(row: &Row) -> Result<Verification> {
    Ok(Verification {
        no: row.int(0)?,
        area: row.area(1)?,
        day: row.day(2)?,
        at: row.at(3)?,
        actor: row.text(4)?,
    })
}

fn subject(row: &Row) -> Result<Subject> {
    Ok(Subject {
        verification: row.int(0)?,
        application: ApplicationNo::new(row.int(1)?),
        version: row.int(2)?,
    })
}

fn request(row: &Row) -> Result<Request> {
    Ok(Request {
        no: row.int(0)?,
        verification: row.int(1)?,
        person: PersonId::new(row.int(2)?),
        source: row.text(3)?,
        consent: row.int(4)?,
        due: row.day(5)?,
        stopped_at: row.at_opt(6)?,
    })
}

/// A text of the record that may be missing.
pub(crate) fn day_value(day: Option<Day>) -> Value {
    day.map(|day| day.to_string()).into()
}
