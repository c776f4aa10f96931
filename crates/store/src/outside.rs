//! 第三方报告: what outside investigators reported, in the order in which it came, and which of it the township
//! visits again.

use crate::at::At;
use crate::error::Result;
use crate::notices::add;
use crate::samples::LotWhy;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value};
use domain::{Day, Month, TaskId};

statements! {
    REPORT = "insert into outside_reports (place_no, visit_no, login, organisation_id, month, share, at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
    REPORTS = "select place_no, visit_no, login, organisation_id, month, share, at
        from outside_reports where month = $1 order by place_no";
    MONTHS = "select distinct month from outside_reports order by month desc";
    // The act with which the visit was done.
    ENTRY = "select seq, digest from audit
        where object_kind = 'visit' and object_id = $1 and act = 'visit.finish' order by seq limit 1";
    RECHECK = "insert into outside_rechecks (visit_no, entry_no, seed, why, task_id, due_day, at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
    RECHECKS = "select k.visit_no, k.entry_no, k.seed, k.why, k.task_id, k.due_day
        from outside_rechecks k join outside_reports r on r.visit_no = k.visit_no
        where r.month = $1 order by r.place_no";
    OF_TASK = "select visit_no from outside_rechecks where task_id = $1 order by visit_no";
}

/// What an outside investigator reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewReport {
    /// The visit.
    pub visit: i64,
    /// Who did it.
    pub login: String,
    /// For which organisation.
    pub organisation: i64,
    /// In which month.
    pub month: Month,
    /// The share of the rulebook, in hundredths of a percent.
    pub share: u32,
}

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its place among all.
    pub place: i64,
    /// What it is.
    pub content: NewReport,
    /// When it came.
    pub at: At,
}

/// One that was drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recheck {
    /// The visit of the report.
    pub visit: i64,
    /// The entry of the chain it was drawn by.
    pub entry: i64,
    /// The digest of that entry, in hexadecimal.
    pub seed: String,
    /// Why.
    pub why: LotWhy,
    /// The task of the second visit.
    pub task: TaskId,
    /// By when.
    pub due: Day,
}

/// Writes down that a report came; answers its place. A visit is reported once.
pub async fn report(tx: &mut JournalTx, at: &At, new: &NewReport) -> Result<i64> {
    let place = tx.take_numbers("outside-report", 1).await?;
    let columns = [
        ("place_no", Value::from(place)),
        ("visit_no", new.visit.into()),
        ("login", new.login.as_str().into()),
        ("organisation_id", new.organisation.into()),
        ("month", new.month.to_string().into()),
        ("share", i64::from(new.share).into()),
        ("at", at.into()),
    ];
    add(tx, REPORT, "outside_reports", &columns).await?;
    Ok(place)
}

/// The reports of a month, in the order in which they came.
pub async fn reports(on: &impl Reads, month: Month) -> Result<Vec<Report>> {
    let rows = on.rows(REPORTS, vec![month.to_string().into()]).await?;
    let read = |row: &Row| {
        Ok(Report {
            place: row.int(0)?,
            content: NewReport {
                visit: row.int(1)?,
                login: row.text(2)?,
                organisation: row.int(3)?,
                month: row.month(4)?,
                share: u32::try_from(row.int(5)?).unwrap_or(u32::MAX),
            },
            at: row.at(6)?,
        })
    };
    rows.iter().map(read).collect()
}

/// The months in which a report came, newest first.
pub async fn months(on: &impl Reads) -> Result<Vec<Month>> {
    let rows = on.rows(MONTHS, Vec::new()).await?;
    rows.iter().map(|row| row.month(0)).collect()
}

/// The entries of the chain with which reports came: number and digest; none for one whose entry is not there.
pub async fn entries(on: &impl Reads, all: &[Report]) -> Result<Vec<Option<(i64, Vec<u8>)>>> {
    let set = |one: &Report| vec![one.content.visit.to_string().into()];
    let answers = on.rows_each(ENTRY, all.iter().map(set).collect()).await?;
    let read = |rows: &Vec<Row>| {
        let row = rows.first();
        row.map(|row| Ok((row.int(0)?, row.bytes(1)?))).transpose()
    };
    answers.iter().map(read).collect()
}

/// Writes down that a report is visited again.
pub async fn recheck(tx: &mut JournalTx, at: &At, one: &Recheck) -> Result<()> {
    let columns = [
        ("visit_no", Value::from(one.visit)),
        ("entry_no", one.entry.into()),
        ("seed", one.seed.as_str().into()),
        ("why", one.why.into()),
        ("task_id", one.task.get().into()),
        ("due_day", one.due.to_string().into()),
        ("at", at.into()),
    ];
    add(tx, RECHECK, "outside_rechecks", &columns).await
}

/// Those of a month's reports that are visited again, in the order in which they came.
pub async fn rechecks(on: &impl Reads, month: Month) -> Result<Vec<Recheck>> {
    let rows = on.rows(RECHECKS, vec![month.to_string().into()]).await?;
    let read = |row: &Row| {
        Ok(Recheck {
            visit: row.int(0)?,
            entry: row.int(1)?,
            seed: row.text(2)?,
            why: row.word(3, LotWhy::from_word)?,
            task: TaskId::new(row.int(4)?),
            due: row.day(5)?,
        })
    };
    rows.iter().map(read).collect()
}

/// The reports a task visits again.
pub async fn of_task(on: &impl Reads, task: TaskId) -> Result<Vec<i64>> {
    let rows = on.rows(OF_TASK, vec![task.get().into()]).await?;
    rows.iter().map(|row| row.int(0)).collect()
}
