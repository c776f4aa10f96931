//! 导出: what left as a file, and what may leave only when another person agreed.

use crate::at::At;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value};
use domain::Day;

macro_rules! asks {
    ($rest:literal) => {
        concat!(
            "select ask_no, kind, subject, title, row_count, because, by_login, purpose, at, ruled_by, ruled,
                ruled_because, ruled_at, until from export_ask ",
            $rest
        )
    };
}

macro_rules! exports {
    ($rest:literal) => {
        concat!(
            "select export_no, kind, subject, title, row_count, by_login, channel, on_day, at, ask_no, alone
                from export ",
            $rest
        )
    };
}

statements! {
    WAITING = asks!("where by_login = $1 and kind = $2 and subject = $3 and ruled = ''");
    AGREED = asks!("where by_login = $1 and kind = $2 and subject = $3 and ruled = 'agreed' and until > $4
        order by row_count desc, ask_no desc limit 1");
    ASK = "insert into export_ask (ask_no, kind, subject, title, row_count, because, by_login, purpose, at, ruled_by,
            ruled, ruled_because)
        values ($1, $2, $3, $4, $5, $6, $7, '', $8, '', '', '')";
    // What is more than was asked for before is a new thing to agree to: its purpose is said again.
    ASK_AGAIN = "update export_ask set title = $1, purpose = case when row_count < $2 then '' else purpose end,
            row_count = $2, because = $3, at = $4
        where ask_no = $5 and ruled = ''";
    PURPOSE = "update export_ask set purpose = $1, at = $2 where ask_no = $3 and ruled = '' and by_login = $4";
    DROP = "delete from export_ask where ask_no = $1 and ruled = '' and by_login = $2";
    RULE = "update export_ask set ruled_by = $1, ruled = $2, ruled_because = $3, ruled_at = $4, until = $5
        where ask_no = $6 and ruled = '' and purpose <> ''";
    FIND = asks!("where ask_no = $1");
    TO_RULE = asks!("where ruled = '' and purpose <> '' order by ask_no");
    ASKS_OF = asks!("where by_login = $1 order by ask_no desc limit $2");
    TAKE = "insert into export (export_no, kind, subject, title, row_count, by_login, channel, on_day, at, ask_no, alone)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    ALONE = "select cast(coalesce(sum(row_count), 0) as bigint) from export
        where by_login = $1 and on_day = $2 and alone = 1";
    OF_ONE = exports!("where by_login = $1 order by export_no desc limit $2");
    LIST = exports!("where export_no < $1 order by export_no desc limit $2");
    EXPORT = exports!("where export_no = $1");
    SINCE = "select by_login, on_day, cast(sum(row_count) as bigint) from export where on_day >= $1
        group by by_login, on_day having sum(row_count) > $2 order by on_day desc, by_login";
}

/// What is wanted: a kind of the rulebook, and of what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its code in the rulebook.
    pub kind: String,
    /// What of that kind, such as `batch 3`; no name and no number of anybody.
    pub subject: String,
    /// What officials call it.
    pub title: String,
    /// How many rows.
    pub rows: u64,
    /// Account of whoever wants it.
    pub by: String,
}

impl Wanted {
    fn key(&self) -> Vec<Value> {
        let key = [&self.by, &self.kind, &self.subject];
        key.map(|text| text.as_str().into()).into()
    }
}

/// What another person said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ruled {
    /// Account of whoever said it.
    pub by: String,
    /// Why.
    pub because: String,
    /// When.
    pub at: At,
    /// Until when it may be taken; none where it was refused.
    pub until: Option<At>,
}

/// What somebody may not take alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportAsk {
    /// Its number.
    pub no: i64,
    /// What.
    pub wanted: Wanted,
    /// Why it needs another person.
    pub because: String,
    /// What for; empty until it was said.
    pub purpose: String,
    /// When it was last asked for.
    pub at: At,
    /// What another person said.
    pub ruled: Option<Ruled>,
}

/// What left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Its number.
    pub no: i64,
    /// What.
    pub wanted: Wanted,
    /// The way it went.
    pub channel: String,
    /// The day.
    pub day: Day,
    /// When.
    pub at: At,
    /// What another person agreed to, where that was needed.
    pub ask: Option<i64>,
    /// Whether it counts towards what somebody may take alone in a day.
    pub is_alone: bool,
}

/// What leaves now.
#[derive(Clone, Debug)]
pub struct NewExport {
    /// What.
    pub wanted: Wanted,
    /// The way it goes.
    pub channel: &'static str,
    /// The day.
    pub day: Day,
    /// What another person agreed to.
    pub ask: Option<i64>,
    /// Whether it counts towards what somebody may take alone in a day.
    pub is_alone: bool,
}

/// Waits until nobody else takes anything, so that two files at once are counted one after the other.
///
/// # Errors
/// The record.
pub async fn alone(tx: &JournalTx) -> Result<()> {
    tx.take_numbers("export", 0).await?;
    Ok(())
}

/// Keeps what left; answers its number.
///
/// # Errors
/// The record.
pub async fn take(tx: &mut JournalTx, at: &At, new: &NewExport) -> Result<i64> {
    let no = tx.take_numbers("export", 1).await?;
    let wanted = &new.wanted;
    let values = vec![
        no.into(),
        wanted.kind.as_str().into(),
        wanted.subject.as_str().into(),
        wanted.title.as_str().into(),
        counted(wanted.rows),
        wanted.by.as_str().into(),
        new.channel.into(),
        new.day.to_string().into(),
        at.into(),
        new.ask.into(),
        i64::from(new.is_alone).into(),
    ];
    tx.execute(TAKE, values).await?;
    Ok(no)
}

fn counted(rows: u64) -> Value {
    i64::try_from(rows).unwrap_or(i64::MAX).into()
}

/// Keeps that somebody wants what may not be taken alone, in the place of the same that waits already; answers its
/// number, and whether it is new.
///
/// # Errors
/// The record.
pub async fn ask(
    tx: &mut JournalTx,
    at: &At,
    wanted: &Wanted,
    because: &str,
) -> Result<(i64, bool)> {
    let waiting = tx.rows(WAITING, wanted.key()).await?;
    if let Some(row) = waiting.first() {
        let no = row.int(0)?;
        let values = vec![
            wanted.title.as_str().into(),
            counted(wanted.rows),
            because.into(),
            at.into(),
            no.into(),
        ];
        tx.execute(ASK_AGAIN, values).await?;
        return Ok((no, false));
    }
    let no = tx.take_numbers("export_ask", 1).await?;
    let values = vec![
        no.into(),
        wanted.kind.as_str().into(),
        wanted.subject.as_str().into(),
        wanted.title.as_str().into(),
        counted(wanted.rows),
        because.into(),
        wanted.by.as_str().into(),
        at.into(),
    ];
    tx.execute(ASK, values).await?;
    Ok((no, true))
}

/// Says what for.
///
/// # Errors
/// The record, or it does not wait, or is somebody else's.
pub async fn say(tx: &mut JournalTx, at: &At, no: i64, (by, purpose): (&str, &str)) -> Result<()> {
    let values = vec![purpose.into(), at.into(), no.into(), by.into()];
    one(tx.execute(PURPOSE, values).await?, no)
}

/// Takes back what waits.
///
/// # Errors
/// The record, or it does not wait, or is somebody else's.
pub async fn drop_ask(tx: &mut JournalTx, no: i64, by: &str) -> Result<()> {
    one(tx.execute(DROP, vec![no.into(), by.into()]).await?, no)
}

/// Keeps what another person said; the database refuses whoever asked.
///
/// # Errors
/// The record, or it does not wait.
pub async fn rule(tx: &mut JournalTx, no: i64, ruled: &Ruled) -> Result<()> {
    let word = if ruled.until.is_some() {
        "agreed"
    } else {
        "refused"
    };
    let values = vec![
        ruled.by.as_str().into(),
        word.into(),
        ruled.because.as_str().into(),
        (&ruled.at).into(),
        ruled.until.as_ref().into(),
        no.into(),
    ];
    one(tx.execute(RULE, values).await?, no)
}

fn one(changed: u64, no: i64) -> Result<()> {
    match changed {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "导出申请",
            id: no,
        }),
    }
}

/// One that was asked.
///
/// # Errors
/// The record.
pub async fn find_ask(on: &impl Reads, no: i64) -> Result<Option<ExportAsk>> {
    let rows = on.rows(FIND, vec![no.into()]).await?;
    rows.first().map(ask_of).transpose()
}

/// What another person agreed to and may still be taken: the one of the most rows.
///
/// # Errors
/// The record.
pub async fn agreed(on: &impl Reads, wanted: &Wanted, now: &At) -> Result<Option<ExportAsk>> {
    let mut key = wanted.key();
    key.push(now.into());
    let rows = on.rows(AGREED, key).await?;
    rows.first().map(ask_of).transpose()
}

/// What waits for another person, oldest first.
///
/// # Errors
/// The record.
pub async fn to_rule(on: &impl Reads) -> Result<Vec<ExportAsk>> {
    let rows = on.rows(TO_RULE, vec![]).await?;
    rows.iter().map(ask_of).collect()
}

/// What an account asked for, newest first.
///
/// # Errors
/// The record.
pub async fn asks_of(on: &impl Reads, login: &str, limit: i64) -> Result<Vec<ExportAsk>> {
    let rows = on.rows(ASKS_OF, vec![login.into(), limit.into()]).await?;
    rows.iter().map(ask_of).collect()
}

/// How many rows an account took alone on a day.
///
/// # Errors
/// The record.
pub async fn rows_alone(on: &impl Reads, login: &str, day: Day) -> Result<u64> {
    let rows = on
        .rows(ALONE, vec![login.into(), day.to_string().into()])
        .await?;
    let sum = rows.first().map_or(Ok(0), |row| row.int(0))?;
    Ok(u64::try_from(sum).unwrap_or(0))
}

/// What an account took, newest first.
///
/// # Errors
/// The record.
pub async fn of_one(on: &impl Reads, login: &str, limit: i64) -> Result<Vec<Export>> {
    let rows = on.rows(OF_ONE, vec![login.into(), limit.into()]).await?;
    rows.iter().map(export_of).collect()
}

/// What everybody took before a number, newest first.
///
/// # Errors
/// The record.
pub async fn list(on: &impl Reads, before: i64, limit: i64) -> Result<Vec<Export>> {
    let rows = on.rows(LIST, vec![before.into(), limit.into()]).await?;
    rows.iter().map(export_of).collect()
}

/// One that left.
///
/// # Errors
/// The record.
pub async fn find(on: &impl Reads, no: i64) -> Result<Option<Export>> {
    let rows = on.rows(EXPORT, vec![no.into()]).await?;
    rows.first().map(export_of).transpose()
}

/// Accounts and days, from a day on, on which more rows than some left: account, day and rows.
///
/// # Errors
/// The record.
pub async fn more_than(on: &impl Reads, from: Day, rows: u64) -> Result<Vec<(String, Day, u64)>> {
    let values = vec![from.to_string().into(), counted(rows)];
    let found = on.rows(SINCE, values).await?;
    let each = found.iter();
    each.map(|row| {
        let rows = u64::try_from(row.int(2)?).unwrap_or(0);
        Ok((row.text(0)?, row.day(1)?, rows))
    })
    .collect()
}

fn wanted_of(row: &Row, by: usize) -> Result<Wanted> {
    Ok(Wanted {
        kind: row.text(1)?,
        subject: row.text(2)?,
        title: row.text(3)?,
        rows: u64::try_from(row.int(4)?).unwrap_or(0),
        by: row.text(by)?,
    })
}

fn ask_of(row: &Row) -> Result<ExportAsk> {
    let ruled = match row.at_opt(12)? {
        Some(at) => Some(Ruled {
            by: row.text(9)?,
            because: row.text(11)?,
            at,
            until: row.at_opt(13)?,
        }),
        None => None,
    };
    Ok(ExportAsk {
        no: row.int(0)?,
        wanted: wanted_of(row, 6)?,
        because: row.text(5)?,
        purpose: row.text(7)?,
        at: row.at(8)?,
        ruled,
    })
}

fn export_of(row: &Row) -> Result<Export> {
    Ok(Export {
        no: row.int(0)?,
        wanted: wanted_of(row, 5)?,
        channel: row.text(6)?,
        day: row.day(7)?,
        at: row.at(8)?,
        ask: row.int_opt(9)?,
        is_alone: row.int(10)? == 1,
    })
}
