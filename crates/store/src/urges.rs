//! 督办: what was urged in which place, by when it is to be answered, and the one answer that ends it.

use crate::areas::range;
use crate::at::At;
use crate::error::Result;
use crate::notices::add;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, count, counted};
use domain::{AreaCode, Day};

statements! {
    ADD = "insert into urges (urge_no, area, late, words, due, by_login, day, at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    ANSWER = "insert into urge_answers (urge_no, words, day, by_login, at, digest)
        values ($1, $2, $3, $4, $5, $6)";
    FIND = "select u.urge_no, u.area, u.late, u.words, u.due, u.by_login, u.day, a.words, a.day, a.by_login
        from urges u left join urge_answers a on a.urge_no = u.urge_no where u.urge_no = $1";
    LIST = "select u.urge_no, u.area, u.late, u.words, u.due, u.by_login, u.day, a.words, a.day, a.by_login
        from urges u left join urge_answers a on a.urge_no = u.urge_no
        where u.area >= $1 and u.area < $2 order by u.urge_no desc limit $3";
    OPEN = "select u.urge_no, u.area, u.late, u.words, u.due, u.by_login, u.day, a.words, a.day, a.by_login
        from urges u left join urge_answers a on a.urge_no = u.urge_no
        where u.area >= $1 and u.area < $2 and a.urge_no is null order by u.due, u.urge_no limit $3";
}

/// An urging to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUrge {
    /// Which place.
    pub area: AreaCode,
    /// How many cases were late there.
    pub late: u64,
    /// What is to be done, without a name.
    pub words: String,
    /// By when it is to be answered.
    pub due: Day,
    /// Who urged.
    pub by: String,
    /// On which day.
    pub day: Day,
}

/// What a place answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrgeAnswer {
    /// In words, without a name.
    pub words: String,
    /// On which day.
    pub day: Day,
    /// Who wrote it.
    pub by: String,
}

/// 督办.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Urge {
    /// Its number.
    pub no: i64,
    /// What it is.
    pub content: NewUrge,
    /// The answer; none while it is open.
    pub answer: Option<UrgeAnswer>,
}

/// Keeps an urging; answers its number.
pub async fn urge(tx: &mut JournalTx, at: &At, new: &NewUrge) -> Result<i64> {
    let no = tx.take_numbers("urge", 1).await?;
    let columns = [
        ("urge_no", Value::from(no)),
        ("area", new.area.full().into()),
        ("late", counted(new.late, "逾期件数")?.into()),
        ("words", new.words.as_str().into()),
        ("due", new.due.to_string().into()),
        ("by_login", new.by.as_str().into()),
        ("day", new.day.to_string().into()),
        ("at", at.into()),
    ];
    add(tx, ADD, "urges", &columns).await?;
    Ok(no)
}

/// Keeps what a place answered; the database refuses a second answer.
pub async fn answer(tx: &mut JournalTx, at: &At, no: i64, new: &UrgeAnswer) -> Result<()> {
    let columns = [
        ("urge_no", Value::from(no)),
        ("words", new.words.as_str().into()),
        ("day", new.day.to_string().into()),
        ("by_login", new.by.as_str().into()),
        ("at", at.into()),
    ];
    add(tx, ANSWER, "urge_answers", &columns).await
}

/// One of them.
pub async fn find(on: &impl Reads, no: i64) -> Result<Option<Urge>> {
    let rows = on.rows(FIND, vec![no.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// Those of a place and all inside it, newest first.
pub async fn list(on: &impl Reads, area: Option<&AreaCode>, limit: u32) -> Result<Vec<Urge>> {
    let (from, below) = range(area);
    let rows = on.rows(LIST, vec![from, below, limit.into()]).await?;
    rows.iter().map(from_row).collect()
}

/// Those of a place and all inside it that nobody answered, the first due first.
pub async fn open(on: &impl Reads, area: Option<&AreaCode>, limit: u32) -> Result<Vec<Urge>> {
    let (from, below) = range(area);
    let rows = on.rows(OPEN, vec![from, below, limit.into()]).await?;
    rows.iter().map(from_row).collect()
}

fn from_row(row: &Row) -> Result<Urge> {
    let answer = match row.text_opt(7)? {
        None => None,
        Some(words) => Some(UrgeAnswer {
            words,
            day: row.day(8)?,
            by: row.text(9)?,
        }),
    };
    Ok(Urge {
        no: row.int(0)?,
        content: NewUrge {
            area: row.area(1)?,
            late: count(row.int(2)?),
            words: row.text(3)?,
            due: row.day(4)?,
            by: row.text(5)?,
            day: row.day(6)?,
        },
        answer,
    })
}
