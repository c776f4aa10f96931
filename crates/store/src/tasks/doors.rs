//! Tasks at doors: which are open, by when, and whether they still wait for something.

use crate::areas::range;
use crate::error::Result;
use crate::sql::statements;
use crate::tx::Reads;
use crate::value::Row;
use domain::{AreaCode, Day, HouseholdId, TaskId};

statements! {
    // Whether a warning waits for it, or somebody has begun: it is not only what raised it any more.
    OPEN_DOORS = "select t.task_id, t.household_id, t.cause_kind, t.due,
            (select count(*) from task_warning l join warning w on w.warning_id = l.warning_id
                where l.task_id = t.task_id and w.state = 'open')
            + (select count(*) from visits v where v.task_id = t.task_id and v.state = 'open')
        from task t where t.state = 'open' and t.kind = $1 and t.household_id is not null
        order by t.task_id";
    OPEN_AROUND = "select household_id, task_id, due from task
        where state = 'open' and kind = $1
          and household_id in (select household_id from entitlement where area >= $2 and area < $3)
        order by task_id";
    // What waits at a door, the newest first, as its file has them.
    WAITING = "select due from task where household_id = $1 and state = 'open' order by task_id desc limit 1";
}

/// An open task at a door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenDoor {
    /// Which.
    pub id: TaskId,
    /// Whose door.
    pub household: HouseholdId,
    /// Kind of thing that caused it.
    pub cause_kind: String,
    /// By when.
    pub due: Option<Day>,
    /// Whether an open warning waits for it too, or its visit has begun.
    pub busy: bool,
}

/// The open tasks of a kind at doors, one each.
pub async fn open_doors(on: &impl Reads, kind: &str) -> Result<Vec<OpenDoor>> {
    let rows = on.rows(OPEN_DOORS, vec![kind.into()]).await?;
    let read = |row: &Row| {
        Ok(OpenDoor {
            id: TaskId::new(row.int(0)?),
            household: HouseholdId::new(row.int(1)?),
            cause_kind: row.text(2)?,
            due: row.day_opt(3)?,
            busy: row.int(4)? > 0,
        })
    };
    rows.iter().map(read).collect()
}

/// The open tasks of a kind at the doors of those who get something in a place: whose, which, by when.
pub async fn open_around(
    on: &impl Reads,
    kind: &str,
    area: Option<&AreaCode>,
) -> Result<Vec<(HouseholdId, TaskId, Option<Day>)>> {
    let (from, below) = range(area);
    let rows = on.rows(OPEN_AROUND, vec![kind.into(), from, below]).await?;
    let read = |row: &Row| {
        let home = HouseholdId::new(row.int(0)?);
        Ok((home, TaskId::new(row.int(1)?), row.day_opt(2)?))
    };
    rows.iter().map(read).collect()
}

/// The newest open task at each of some doors: whose, by when; a door without one is left out.
pub async fn waiting_at(
    on: &impl Reads,
    homes: &[HouseholdId],
) -> Result<Vec<(HouseholdId, Option<Day>)>> {
    let sets = homes.iter().map(|home| vec![home.get().into()]);
    let answers = on.rows_each(WAITING, sets.collect()).await?;
    let found = homes.iter().zip(answers);
    let first = found.filter_map(|(home, rows)| Some((*home, rows.into_iter().next()?)));
    first
        .map(|(home, row)| Ok((home, row.day_opt(0)?)))
        .collect()
}
