//! 滞留: somebody at the rescue station whom nobody can name, from admission to the end, and what was settled.

use crate::areas::range;
use crate::at::At;
use crate::error::Result;
use crate::notices::{add, once};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, words};
use domain::{AreaCode, Day};

statements! {
    ADD_STAY = "insert into stays (stay_no, station_no, area, admitted, ticket_no, at, taken_by, because)
        values ($1, $2, $3, $4, $5, $6, $7, '')";
    BY_STATION_NO = "select stay_no from stays where station_no = $1";
    FIND_STAY = "select stay_no, station_no, area, admitted, ticket_no, at, taken_by, outcome, because, ended_day
        from stays where stay_no = $1";
    // Those still there first, the longest first.
    STAYS = "select stay_no, station_no, area, admitted, ticket_no, at, taken_by, outcome, because, ended_day
        from stays where area >= $1 and area < $2
        order by outcome is not null, admitted, stay_no limit $3";
    END_STAY = "update stays set outcome = $1, because = $2, ended_day = $3, ended_at = $4
        where stay_no = $5 and outcome is null";
    ADD_TASK = "insert into stay_tasks (stay_no, task, note, day, at, actor, digest)
        values ($1, $2, $3, $4, $5, $6, $7)";
    TASKS = "select stay_no, task, note, day, actor from stay_tasks
        where stay_no >= $1 and stay_no <= $2 order by stay_no, task";
}

words! {
    /// How a stay ended.
    StayEnd {
        /// 身份已查明.
        Identified = "identified",
        /// 离站.
        Left = "left",
        /// 去世.
        Died = "died",
    }
}

/// Somebody to be admitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewStay {
    /// 站内编号: what the station calls them; no name.
    pub station_no: String,
    /// Where the station is.
    pub area: AreaCode,
    /// 入站日期.
    pub admitted: Day,
    /// The ticket it came from.
    pub ticket: Option<i64>,
    /// Who wrote it down.
    pub by: String,
}

/// 滞留.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stay {
    /// Its number.
    pub no: i64,
    /// What it is.
    pub content: NewStay,
    /// When it was written down.
    pub at: At,
    /// How it ended.
    pub outcome: Option<StayEnd>,
    /// In words.
    pub because: String,
    /// On which day.
    pub ended: Option<Day>,
}

/// 安置任务, done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Whose.
    pub stay: i64,
    /// Which, by its code in the rulebook.
    pub task: String,
    /// What was done.
    pub note: String,
    /// On which day.
    pub day: Day,
    /// By whom.
    pub actor: String,
}

/// Admits somebody; none where the station's number stands here already.
pub async fn admit(tx: &mut JournalTx, at: &At, new: &NewStay) -> Result<Option<i64>> {
    let known = tx.rows(BY_STATION_NO, vec![new.station_no.as_str().into()]);
    if !known.await?.is_empty() {
        return Ok(None);
    }
    let no = tx.take_numbers("stay", 1).await?;
    let values = vec![
        no.into(),
        new.station_no.as_str().into(),
        new.area.full().into(),
        new.admitted.to_string().into(),
        new.ticket.into(),
        at.into(),
        new.by.as_str().into(),
    ];
    tx.execute(ADD_STAY, values).await?;
    Ok(Some(no))
}

/// One stay.
pub async fn stay(on: &impl Reads, no: i64) -> Result<Option<Stay>> {
    let rows = on.rows(FIND_STAY, vec![no.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// Those of a place and all inside it, whoever is still there first, the longest first.
pub async fn stays(on: &impl Reads, area: Option<&AreaCode>, limit: u32) -> Result<Vec<Stay>> {
    let (from, below) = range(area);
    let rows = on.rows(STAYS, vec![from, below, limit.into()]).await?;
    rows.iter().map(from_row).collect()
}

/// Ends a stay, once.
pub async fn end_stay(
    tx: &mut JournalTx,
    at: &At,
    no: i64,
    (outcome, because): (StayEnd, &str),
    day: Day,
) -> Result<()> {
    let values = vec![
        outcome.into(),
        because.into(),
        day.to_string().into(),
        at.into(),
        no.into(),
    ];
    once(tx.execute(END_STAY, values).await?, "在站的滞留人员", no)
}

/// Keeps a task that was done.
pub async fn settle(tx: &mut JournalTx, at: &At, new: &Settled) -> Result<()> {
    let columns = [
        ("stay_no", Value::from(new.stay)),
        ("task", new.task.as_str().into()),
        ("note", new.note.as_str().into()),
        ("day", new.day.to_string().into()),
        ("at", at.into()),
        ("actor", new.actor.as_str().into()),
    ];
    add(tx, ADD_TASK, "stay_tasks", &columns).await
}

/// What was done for the stays from one number to another.
pub async fn settled(on: &impl Reads, (from, to): (i64, i64)) -> Result<Vec<Settled>> {
    let rows = on.rows(TASKS, vec![from.into(), to.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Settled {
                stay: row.int(0)?,
                task: row.text(1)?,
                note: row.text(2)?,
                day: row.day(3)?,
                actor: row.text(4)?,
            })
        })
        .collect()
}

fn from_row(row: &Row) -> Result<Stay> {
    let outcome = row.text_opt(7)?;
    Ok(Stay {
        no: row.int(0)?,
        content: NewStay {
            station_no: row.text(1)?,
            area: row.area(2)?,
            admitted: row.day(3)?,
            ticket: row.int_opt(4)?,
            by: row.text(6)?,
        },
        at: row.at(5)?,
        outcome: outcome.as_deref().and_then(StayEnd::from_word),
        because: row.text(8)?,
        ended: row.day_opt(9)?,
    })
}
