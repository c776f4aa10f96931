//! 登记簿: lists of things, not of residents, that single matters are judged over. A list comes whole and is
//! never changed; the newest of a register counts.

use crate::at::At;
use crate::error::Result;
use crate::sql::{Kind, Table, statements};
use crate::tx::{JournalTx, Reads};
use crate::value::{count, counted};

statements! {
    ADD = "insert into register_list (list_no, locality, register, row_count, because, actor, at)
        values ($1, $2, $3, $4, $5, $6, $7)";
    NEWEST = "select list_no, row_count, because, actor, at from register_list
        where locality = $1 and register = $2 order by list_no desc limit 1";
    ROWS = "select entry_key, cells from register_row where list_no = $1 order by entry_key";
}

const ENTRIES: Table = Table {
    name: "register_row",
    columns: &[
        ("list_no", Kind::Int),
        ("entry_key", Kind::Text),
        ("cells", Kind::Text),
    ],
};
pub(crate) const TABLES: &[Table] = &[ENTRIES];

/// A list to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewList {
    /// The place whose rules read it.
    pub locality: String,
    /// The register's name.
    pub register: String,
    /// On which document.
    pub because: String,
    /// Who recorded it.
    pub actor: String,
    /// Things by their code, each with its cells.
    pub rows: Vec<(String, String)>,
}

/// A list as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct List {
    /// Its number.
    pub no: i64,
    /// How many things it has.
    pub count: u64,
    /// On which document.
    pub because: String,
    /// Who recorded it.
    pub actor: String,
    /// When.
    pub at: At,
}

/// Records a list; answers its number.
///
/// # Errors
/// A code stands twice; the record.
pub async fn add(tx: &mut JournalTx, at: &At, new: &NewList) -> Result<i64> {
    let no = tx.take_numbers("register", 1).await?;
    let values = vec![
        no.into(),
        new.locality.as_str().into(),
        new.register.as_str().into(),
        counted(new.rows.len(), "行数")?.into(),
        new.because.as_str().into(),
        new.actor.as_str().into(),
        at.into(),
    ];
    tx.execute(ADD, values).await?;
    let rows = new.rows.iter();
    let rows = rows.map(|(key, cells)| vec![no.into(), key.into(), cells.into()]);
    tx.insert(ENTRIES, rows.collect()).await?;
    Ok(no)
}

/// The newest list of a register; none before the first.
///
/// # Errors
/// The record cannot be read.
pub async fn newest(on: &impl Reads, locality: &str, register: &str) -> Result<Option<List>> {
    let rows = on
        .rows(NEWEST, vec![locality.into(), register.into()])
        .await?;
    let list = rows.first().map(|row| {
        Ok(List {
            no: row.int(0)?,
            count: count(row.int(1)?),
            because: row.text(2)?,
            actor: row.text(3)?,
            at: row.at(4)?,
        })
    });
    list.transpose()
}

/// The things of a list by their code, each with its cells.
///
/// # Errors
/// The record cannot be read.
pub async fn rows(on: &impl Reads, no: i64) -> Result<Vec<(String, String)>> {
    let rows = on.rows(ROWS, vec![no.into()]).await?;
    rows.iter()
        .map(|row| Ok((row.text(0)?, row.text(1)?)))
        .collect()
}
