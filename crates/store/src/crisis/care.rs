//! What a crisis does for those who are helped already: help that goes on instead of ending, the households swept
//! for their carers, and who is looked at again when it is over.

use crate::at::At;
use crate::error::Result;
use crate::notices::{add, once};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, words};
use domain::{Day, Month, TaskId};
use std::collections::BTreeSet;

statements! {
    EXTEND = "insert into crisis_extensions (extension_no, crisis_no, ended_id, entitlement_id, from_month,
            last_month, day, by_login, at, undone_by, undone_because, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', '', $10)";
    UNDO = "update crisis_extensions set undone_day = $1, undone_by = $2, undone_because = $3
        where extension_no = $4 and undone_day is null";
    // Changes nothing: whoever else would hold or undo it waits for this write to end.
    HOLD = "update crisis_extensions set undone_by = undone_by where extension_no = $1 and undone_day is null";
    EXTENSION = "select extension_no, crisis_no, ended_id, entitlement_id, from_month, last_month, day, by_login,
            undone_day, undone_by, undone_because
        from crisis_extensions where extension_no = $1";
    EXTENSIONS = "select extension_no, crisis_no, ended_id, entitlement_id, from_month, last_month, day, by_login,
            undone_day, undone_by, undone_because
        from crisis_extensions where crisis_no = $1 order by extension_no";
    EXTENDED = "select ended_id from crisis_extensions order by ended_id";
    DOOR = "insert into crisis_doors (crisis_no, kind, about_no, task_id, due_day, at, digest)
        values ($1, $2, $3, $4, $5, $6, $7)";
    DOORS = "select kind, about_no, task_id, due_day from crisis_doors where crisis_no = $1
        order by kind, about_no";
    LATE = "select d.crisis_no, d.kind, t.area, count(*) from crisis_doors d join task t on t.task_id = d.task_id
        where t.state = 'open' and d.due_day < $1
        group by d.crisis_no, d.kind, t.area order by d.crisis_no, d.kind, t.area";
}

words! {
    /// Why somebody goes to a door.
    DoorKind {
        /// 照料人排查.
        Sweep = "sweep",
        /// 容缺受理的复核.
        Gap = "gap",
        /// 延长救助的复核.
        Extended = "extended",
    }
}

/// Help that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewExtension {
    /// By which channel.
    pub crisis: i64,
    /// The help that would have ended.
    pub ended: i64,
    /// The help that goes on in its place.
    pub entitlement: i64,
    /// Its first month.
    pub from: Month,
    /// Its last month.
    pub last: Month,
    /// On which day.
    pub day: Day,
    /// Who switched the channel on, or the month's run.
    pub by: String,
}

/// 到期救助自动延长.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its number.
    pub no: i64,
    /// What it is.
    pub content: NewExtension,
    /// When it was taken back, by whom and why.
    pub undone: Option<(Day, String, String)>,
}

/// A door somebody goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrisisDoor {
    /// What for.
    pub kind: DoorKind,
    /// The entitlement, case or extension.
    pub about: i64,
    /// The task.
    pub task: TaskId,
    /// By when.
    pub due: Day,
}

/// Writes down that help goes on; answers its number. One ends once.
pub async fn extend(tx: &mut JournalTx, at: &At, new: &NewExtension) -> Result<i64> {
    let no = tx.take_numbers("crisis-extension", 1).await?;
    let columns = [
        ("extension_no", Value::from(no)),
        ("crisis_no", new.crisis.into()),
        ("ended_id", new.ended.into()),
        ("entitlement_id", new.entitlement.into()),
        ("from_month", new.from.to_string().into()),
        ("last_month", new.last.to_string().into()),
        ("day", new.day.to_string().into()),
        ("by_login", new.by.as_str().into()),
        ("at", at.into()),
    ];
    add(tx, EXTEND, "crisis_extensions", &columns).await?;
    Ok(no)
}

/// Takes an extension back, once.
pub async fn undo(
    tx: &mut JournalTx,
    no: i64,
    (day, by, because): (Day, &str, &str),
) -> Result<()> {
    let values = vec![day.to_string().into(), by.into(), because.into(), no.into()];
    once(tx.execute(UNDO, values).await?, "没有撤销过的延长", no)
}

/// Whether an extension stands; until this write ends nobody else takes it back.
pub async fn hold(tx: &mut JournalTx, no: i64) -> Result<bool> {
    Ok(tx.execute(HOLD, vec![no.into()]).await? > 0)
}

/// One extension.
pub async fn extension(on: &impl Reads, no: i64) -> Result<Option<Extension>> {
    let rows = on.rows(EXTENSION, vec![no.into()]).await?;
    rows.first().map(extension_row).transpose()
}

/// The extensions of a channel, oldest first.
pub async fn extensions(on: &impl Reads, crisis: i64) -> Result<Vec<Extension>> {
    let rows = on.rows(EXTENSIONS, vec![crisis.into()]).await?;
    rows.iter().map(extension_row).collect()
}

/// The help some channel has extended.
pub async fn extended(on: &impl Reads) -> Result<BTreeSet<i64>> {
    let rows = on.rows(EXTENDED, Vec::new()).await?;
    rows.iter().map(|row| row.int(0)).collect()
}

fn extension_row(row: &Row) -> Result<Extension> {
    let undone = row.day_opt(8)?;
    let (by, because) = (row.text(9)?, row.text(10)?);
    Ok(Extension {
        no: row.int(0)?,
        content: NewExtension {
            crisis: row.int(1)?,
            ended: row.int(2)?,
            entitlement: row.int(3)?,
            from: row.month(4)?,
            last: row.month(5)?,
            day: row.day(6)?,
            by: row.text(7)?,
        },
        undone: undone.map(|day| (day, by, because)),
    })
}

/// Writes down that somebody is to go to a door.
pub async fn add_door(tx: &mut JournalTx, at: &At, crisis: i64, door: &CrisisDoor) -> Result<()> {
    let columns = [
        ("crisis_no", Value::from(crisis)),
        ("kind", door.kind.into()),
        ("about_no", door.about.into()),
        ("task_id", door.task.get().into()),
        ("due_day", door.due.to_string().into()),
        ("at", at.into()),
    ];
    add(tx, DOOR, "crisis_doors", &columns).await
}

/// The doors of a channel.
pub async fn doors(on: &impl Reads, crisis: i64) -> Result<Vec<CrisisDoor>> {
    let rows = on.rows(DOORS, vec![crisis.into()]).await?;
    let read = |row: &Row| {
        Ok(CrisisDoor {
            kind: row.word(0, DoorKind::from_word)?,
            about: row.int(1)?,
            task: TaskId::new(row.int(2)?),
            due: row.day(3)?,
        })
    };
    rows.iter().map(read).collect()
}

/// Doors nobody answered for by their day: channel, what for, place and how many.
pub async fn late_doors(
    on: &impl Reads,
    day: Day,
) -> Result<Vec<(i64, DoorKind, domain::AreaCode, u64)>> {
    let rows = on.rows(LATE, vec![day.to_string().into()]).await?;
    let read = |row: &Row| {
        let count = crate::value::count(row.int(3)?);
        Ok((
            row.int(0)?,
            row.word(1, DoorKind::from_word)?,
            row.area(2)?,
            count,
        ))
    };
    rows.iter().map(read).collect()
}
