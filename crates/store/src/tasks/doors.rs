//! Tasks at doors: which are open, and how many are past their day.

use crate::error::Result;
use crate::sql::statements;
use crate::tx::Reads;
use crate::value::{Row, count};
use domain::{AreaCode, Day, HouseholdId, TaskId};

statements! {
    // Whether a warning waits for it, or somebody has begun: it is not only what raised it any more.
    OPEN_DOORS = "select t.task_id, t.household_id, t.cause_kind,
            (select count(*) from task_warning l join warning w on w.warning_id = l.warning_id
                where l.task_id = t.task_id and w.state = 'open')
            + (select count(*) from visits v where v.task_id = t.task_id and v.state = 'open')
        from task t where t.state = 'open' and t.kind = $1 and t.household_id is not null
        order by t.task_id";
    LATE = "select area, count(*) from task
        where state = 'open' and kind = $1 and cause_kind = $2 and due < $3 group by area order by area";
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
            busy: row.int(3)? > 0,
        })
    };
    rows.iter().map(read).collect()
}

/// Open tasks of a kind and cause past their day, by place.
pub async fn late(
    on: &impl Reads,
    (kind, cause): (&str, &str),
    day: Day,
) -> Result<Vec<(AreaCode, u64)>> {
    let values = vec![kind.into(), cause.into(), day.to_string().into()];
    let rows = on.rows(LATE, values).await?;
    let read = |row: &Row| Ok((row.area(0)?, count(row.int(1)?)));
    rows.iter().map(read).collect()
}
