//! 紧急通道: where and until when papers may follow help, and who came through it.

pub mod care;

use crate::at::At;
use crate::error::Result;
use crate::notices::{add, once};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value};
use domain::{AreaCode, CaseNo, Day};

statements! {
    OPEN = "insert into crisis_channels (crisis_no, title, area, programmes, because, from_day, last_day,
            papers_days, by_login, at, ended_because, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', $11)";
    END = "update crisis_channels set ended_day = $1, ended_because = $2
        where crisis_no = $3 and ended_day is null";
    FIND = "select crisis_no, title, area, programmes, because, from_day, last_day, papers_days, by_login, at,
            ended_day, ended_because
        from crisis_channels where crisis_no = $1";
    LIST = "select crisis_no, title, area, programmes, because, from_day, last_day, papers_days, by_login, at,
            ended_day, ended_because
        from crisis_channels order by crisis_no desc limit $1";
    // The day it was ended on is no longer one of it.
    RUNNING = "select crisis_no, title, area, programmes, because, from_day, last_day, papers_days, by_login,
            at, ended_day, ended_because
        from crisis_channels
        where from_day <= $1 and last_day >= $1 and (ended_day is null or ended_day > $1)
        order by crisis_no";
    ADD_CASE = "insert into crisis_cases (crisis_no, case_no, papers_due, at) values ($1, $2, $3, $4)";
    CASES = "select case_no, papers_due from crisis_cases where crisis_no = $1 order by case_no";
    OF_CASE = "select crisis_no, papers_due from crisis_cases where case_no = $1";
}

/// A channel to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCrisis {
    /// What happened: 云岭乡洪涝.
    pub title: String,
    /// Where.
    pub area: AreaCode,
    /// For which programmes, by their policies' names.
    pub programmes: Vec<String>,
    /// On which document.
    pub because: String,
    /// The first day.
    pub from: Day,
    /// The last day.
    pub last: Day,
    /// Days within which papers follow.
    pub papers_days: u32,
    /// Who switched it on.
    pub by: String,
}

/// 紧急通道.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crisis {
    /// Its number.
    pub no: i64,
    /// What it is.
    pub content: NewCrisis,
    /// When it was switched on.
    pub at: At,
    /// The first day on which it no longer held, where it was ended early, and why.
    pub ended: Option<(Day, String)>,
}

/// Opens a channel; answers its number.
pub async fn open(tx: &mut JournalTx, at: &At, new: &NewCrisis) -> Result<i64> {
    let no = tx.take_numbers("crisis", 1).await?;
    let columns = [
        ("crisis_no", Value::from(no)),
        ("title", new.title.as_str().into()),
        ("area", new.area.full().into()),
        ("programmes", new.programmes.join("、").into()),
        ("because", new.because.as_str().into()),
        ("from_day", new.from.to_string().into()),
        ("last_day", new.last.to_string().into()),
        ("papers_days", new.papers_days.into()),
        ("by_login", new.by.as_str().into()),
        ("at", at.into()),
    ];
    add(tx, OPEN, "crisis_channels", &columns).await?;
    Ok(no)
}

/// Ends a channel before its last day.
pub async fn end(tx: &mut JournalTx, no: i64, day: Day, because: &str) -> Result<()> {
    let values = vec![day.to_string().into(), because.into(), no.into()];
    once(tx.execute(END, values).await?, "还开着的紧急通道", no)
}

/// One channel.
pub async fn find(on: &impl Reads, no: i64) -> Result<Option<Crisis>> {
    let rows = on.rows(FIND, vec![no.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// The channels, newest first.
pub async fn list(on: &impl Reads, limit: u32) -> Result<Vec<Crisis>> {
    let rows = on.rows(LIST, vec![limit.into()]).await?;
    rows.iter().map(from_row).collect()
}

/// Those that hold on a day in a place for a programme, oldest first.
pub async fn running(
    on: &impl Reads,
    day: Day,
    area: &AreaCode,
    programme: &str,
) -> Result<Vec<Crisis>> {
    let rows = on.rows(RUNNING, vec![day.to_string().into()]).await?;
    let all: Result<Vec<Crisis>> = rows.iter().map(from_row).collect();
    let holds = |one: &Crisis| {
        let content = &one.content;
        content.area.contains(area) && content.programmes.iter().any(|id| id == programme)
    };
    Ok(all?.into_iter().filter(holds).collect())
}

/// Writes down that a case came through a channel.
pub async fn add_case(
    tx: &mut JournalTx,
    at: &At,
    crisis: i64,
    case: CaseNo,
    papers_due: Day,
) -> Result<()> {
    let values = vec![
        crisis.into(),
        case.get().into(),
        papers_due.to_string().into(),
        at.into(),
    ];
    tx.execute(ADD_CASE, values).await?;
    Ok(())
}

/// The cases that came through a channel, each with the day its papers are due.
pub async fn cases(on: &impl Reads, crisis: i64) -> Result<Vec<(CaseNo, Day)>> {
    let rows = on.rows(CASES, vec![crisis.into()]).await?;
    rows.iter()
        .map(|row| Ok((CaseNo::new(row.int(0)?), row.day(1)?)))
        .collect()
}

/// The channel a case came through, with the day its papers are due.
pub async fn of_case(on: &impl Reads, case: CaseNo) -> Result<Option<(i64, Day)>> {
    let rows = on.rows(OF_CASE, vec![case.get().into()]).await?;
    rows.first()
        .map(|row| Ok((row.int(0)?, row.day(1)?)))
        .transpose()
}

fn from_row(row: &Row) -> Result<Crisis> {
    let programmes = row.text(3)?;
    let ended = row.day_opt(10)?;
    let why = row.text(11)?;
    Ok(Crisis {
        no: row.int(0)?,
        content: NewCrisis {
            title: row.text(1)?,
            area: row.area(2)?,
            programmes: programmes.split('、').map(str::to_owned).collect(),
            because: row.text(4)?,
            from: row.day(5)?,
            last: row.day(6)?,
            papers_days: u32::try_from(row.int(7)?).unwrap_or(0),
            by: row.text(8)?,
        },
        at: row.at(9)?,
        ended: ended.map(|day| (day, why)),
    })
}

/// The channels of a place, of what is inside it and of what is around it, newest first.
pub async fn list_of(on: &impl Reads, area: Option<&AreaCode>, limit: u32) -> Result<Vec<Crisis>> {
    let all = list(on, limit).await?;
    let near = |one: &Crisis| {
        area.is_none_or(|area| one.content.area.contains(area) || area.contains(&one.content.area))
    };
    Ok(all.into_iter().filter(near).collect())
}
