//! 数据湖清单: the files of the lake, each named by its content, and which of them count.

use crate::at::At;
use crate::error::Result;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, count, counted};
use domain::Month;

statements! {
    ADD = "insert into lake_manifest (file_no, kind, month, county, path, row_count, digest,
            cause, added_at, state)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'live')
        on conflict (path) do update set state = 'live', cause = excluded.cause";
    // What was destroyed once and is kept again is no longer destroyed.
    FOUND_AGAIN = "delete from lake_expiry
        where file_no = (select file_no from lake_manifest where path = $1) and destroyed_at is not null";
    SUPERSEDE = "update lake_manifest set state = 'superseded'
        where kind = $1 and month = $2 and county = $3 and state = 'live'";
    SUPERSEDE_FILE = "update lake_manifest set state = 'superseded'
        where path = $1 and state = 'live'";
    SUPERSEDE_CAUSE = "update lake_manifest set state = 'superseded'
        where kind = $1 and cause = $2 and state = 'live'";
    LIST = "select kind, month, county, path, row_count, digest, cause from lake_manifest
        where kind = $1 and month = $2 and state = 'live' order by county, file_no";
    LIST_UP_TO = "select kind, month, county, path, row_count, digest, cause from lake_manifest
        where kind = $1 and month <= $2 and state = 'live' order by month, county, file_no";
    MONTHS = "select distinct month from lake_manifest where kind = $1 and state = 'live' order by month";
    LIST_ALL = "select kind, month, county, path, row_count, digest, cause from lake_manifest
        where state = 'live' order by file_no";
}

/// One file of the lake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LakeFile {
    /// What it holds, such as `row/register` or `fact`.
    pub kind: String,
    /// The month it tells of.
    pub month: Month,
    /// County of its rows, six digits.
    pub county: String,
    /// Where it is, from the root of the lake.
    pub path: String,
    /// How many rows it has.
    pub rows: u64,
    /// SHA-256 of its bytes.
    pub digest: [u8; 32],
    /// What it was made from, such as `batch 12` or `run 3`.
    pub cause: String,
}

/// Adds files to the lake beside those that are there.
pub async fn append(tx: &mut JournalTx, files: &[LakeFile], at: &At) -> Result<()> {
    let first = tx.take_numbers("lake_manifest", files.len()).await?;
    let mut sets = Vec::with_capacity(files.len());
    for (number, file) in (first..).zip(files) {
        sets.push(vec![
            number.into(),
            file.kind.as_str().into(),
            file.month.to_string().into(),
            file.county.as_str().into(),
            file.path.as_str().into(),
            counted(file.rows, "行数")?.into(),
            file.digest.into(),
            file.cause.as_str().into(),
            at.into(),
        ]);
    }
    tx.execute_each(ADD, sets).await?;
    let paths = files.iter().map(|file| vec![file.path.as_str().into()]);
    tx.execute_each(FOUND_AGAIN, paths.collect()).await?;
    Ok(())
}

/// Puts files in the place of all others of their kinds, months and counties, in one switch.
pub async fn replace(tx: &mut JournalTx, files: &[LakeFile], at: &At) -> Result<()> {
    let partitions: std::collections::BTreeSet<_> = files
        .iter()
        .map(|file| {
            (
                file.kind.as_str(),
                file.month.to_string(),
                file.county.as_str(),
            )
        })
        .collect();
    let sets = partitions
        .into_iter()
        .map(|(kind, month, county)| vec![kind.into(), month.into(), county.into()]);
    tx.execute_each(SUPERSEDE, sets.collect()).await?;
    append(tx, files, at).await
}

/// Takes one file out of use; the file itself stays.
pub async fn supersede(tx: &mut JournalTx, path: &str) -> Result<bool> {
    Ok(tx.execute(SUPERSEDE_FILE, vec![path.into()]).await? == 1)
}

/// Takes every file of some kinds that was made from one thing out of use; the files themselves stay.
pub async fn supersede_cause(tx: &mut JournalTx, kinds: &[String], cause: &str) -> Result<()> {
    let sets = kinds
        .iter()
        .map(|kind| vec![kind.as_str().into(), cause.into()]);
    tx.execute_each(SUPERSEDE_CAUSE, sets.collect()).await?;
    Ok(())
}

/// The files in use of a kind and month.
pub async fn list(on: &impl Reads, kind: &str, month: Month) -> Result<Vec<LakeFile>> {
    let rows = on
        .rows(LIST, vec![kind.into(), month.to_string().into()])
        .await?;
    rows.iter().map(from_row).collect()
}

/// The files in use of a kind, up to and including a month, oldest first.
pub async fn list_up_to(on: &impl Reads, kind: &str, month: Month) -> Result<Vec<LakeFile>> {
    let rows = on
        .rows(LIST_UP_TO, vec![kind.into(), month.to_string().into()])
        .await?;
    rows.iter().map(from_row).collect()
}

/// The months of which a kind has files in use, oldest first.
pub async fn months(on: &impl Reads, kind: &str) -> Result<Vec<Month>> {
    let rows = on.rows(MONTHS, vec![kind.into()]).await?;
    rows.iter().map(|row| row.month(0)).collect()
}

/// Every file in use.
pub async fn list_all(on: &impl Reads) -> Result<Vec<LakeFile>> {
    on.rows(LIST_ALL, vec![])
        .await?
        .iter()
        .map(from_row)
        .collect()
}

fn from_row(row: &Row) -> Result<LakeFile> {
    Ok(LakeFile {
        kind: row.text(0)?,
        month: row.month(1)?,
        county: row.text(2)?,
        path: row.text(3)?,
        rows: count(row.int(4)?),
        digest: row.array(5)?,
        cause: row.text(6)?,
    })
}
