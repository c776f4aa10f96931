//! 监测运行: each screening of a month, with the digests of the rules and facts it used.

use crate::at::At;
use crate::error::Result;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, count, counted};
use domain::Month;

statements! {
    ADD = "insert into screening_run (run_no, month, rules_digest, facts_digest, at, persons,
            households, warnings, counts)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    FIND = "select run_no, month, rules_digest, facts_digest, at, persons, households, warnings, counts
        from screening_run where run_no = $1";
    NEWEST_OF_MONTH = "select run_no, month, rules_digest, facts_digest, at, persons, households,
            warnings, counts
        from screening_run where month = $1 order by run_no desc limit 1";
    LIST = "select run_no, month, rules_digest, facts_digest, at, persons, households, warnings, counts
        from screening_run where run_no < $1 order by run_no desc limit $2";
}

/// A screening that has been done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRun {
    /// The month screened.
    pub month: Month,
    /// SHA-256 of the rules used.
    pub rules_digest: [u8; 32],
    /// SHA-256 of the facts used.
    pub facts_digest: [u8; 32],
    /// When.
    pub at: At,
    /// Persons looked at.
    pub persons: u64,
    /// Households looked at.
    pub households: u64,
    /// Warnings found.
    pub warnings: u64,
    /// Counts by rule and answer, as JSON.
    pub counts: String,
}

/// 监测运行: one screening under its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its number.
    pub run_no: i64,
    /// What was done.
    pub content: NewRun,
}

/// Adds a screening; answers its number.
pub async fn append(tx: &mut JournalTx, run: &NewRun) -> Result<i64> {
    let run_no = tx.take_numbers("screening_run", 1).await?;
    let values = vec![
        run_no.into(),
        run.month.to_string().into(),
        run.rules_digest.into(),
        run.facts_digest.into(),
        (&run.at).into(),
        counted(run.persons, "人数")?.into(),
        counted(run.households, "户数")?.into(),
        counted(run.warnings, "预警数")?.into(),
        run.counts.as_str().into(),
    ];
    tx.execute(ADD, values).await?;
    Ok(run_no)
}

/// One screening.
pub async fn find(on: &impl Reads, run_no: i64) -> Result<Option<Run>> {
    on.rows(FIND, vec![run_no.into()])
        .await?
        .first()
        .map(from_row)
        .transpose()
}

/// The newest screening of a month.
pub async fn newest(on: &impl Reads, month: Month) -> Result<Option<Run>> {
    let rows = on
        .rows(NEWEST_OF_MONTH, vec![month.to_string().into()])
        .await?;
    rows.first().map(from_row).transpose()
}

/// Screenings, newest first, before a number (`i64::MAX` for the newest).
pub async fn list(on: &impl Reads, before: i64, limit: u32) -> Result<Vec<Run>> {
    on.rows(LIST, vec![before.into(), limit.into()])
        .await?
        .iter()
        .map(from_row)
        .collect()
}

fn from_row(row: &Row) -> Result<Run> {
    Ok(Run {
        run_no: row.int(0)?,
        content: NewRun {
            month: row.month(1)?,
            rules_digest: row.array(2)?,
            facts_digest: row.array(3)?,
            at: row.at(4)?,
            persons: count(row.int(5)?),
            households: count(row.int(6)?),
            warnings: count(row.int(7)?),
            counts: row.text(8)?,
        },
    })
}
