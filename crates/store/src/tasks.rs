//! 任务: what somebody has to do next. One open task per kind and door; what comes in meanwhile
//! joins it, and the shorter time counts.

mod doors;
mod raise;

pub(crate) use doors::STATEMENTS as DOOR_STATEMENTS;
pub use doors::{OpenDoor, open_around, open_doors, waiting_at};
pub(crate) use raise::STATEMENTS as RAISE_STATEMENTS;
pub use raise::{Raised, raise_many};

use crate::areas::range;
use crate::at::At;
use crate::error::{Result, StoreError};
use crate::sql::{Kind, Table, statements};
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, count, words};
use domain::{AreaCode, Day, HouseholdId, PersonId, TaskId, WarningId, WorkerId};

statements! {
    FIND = "select task_id, kind, household_id, person_id, area, worker_id, due, urgency,
            cause_kind, cause_id, summary, state, created_at, closed_at
        from task where task_id = $1";
    LIST = "select task_id, kind, household_id, person_id, area, worker_id, due, urgency,
            cause_kind, cause_id, summary, state, created_at, closed_at
        from task
        where state = $1 and area >= $2 and area < $3
          and (urgency < $4 or (urgency = $4 and task_id > $5))
        order by urgency desc, task_id limit $6";
    LIST_WORKER = "select task_id, kind, household_id, person_id, area, worker_id, due, urgency,
            cause_kind, cause_id, summary, state, created_at, closed_at
        from task
        where state = $1 and area >= $2 and area < $3
          and (urgency < $4 or (urgency = $4 and task_id > $5)) and worker_id = $7
        order by urgency desc, task_id limit $6";
    LIST_HOUSEHOLD = "select task_id, kind, household_id, person_id, area, worker_id, due, urgency,
            cause_kind, cause_id, summary, state, created_at, closed_at
        from task where household_id = $1 order by task_id desc";
    LIST_OPEN = "select task_id, household_id, worker_id from task
        where state = 'open' and kind = $1 and household_id is not null and worker_id is not null
        order by task_id";
    WARNINGS = "select warning_id from task_warning where task_id = $1 order by warning_id";
    OF_WARNING = "select task_id from task_warning where warning_id = $1 order by task_id";
    ASSIGN = "update task set worker_id = $1 where task_id = $2 and state = 'open'";
    HAND_OVER = "update task set worker_id = $1 where task_id = $2 and state = 'open'";
    CLOSE = "update task set state = $1, closed_at = $2 where task_id = $3 and state = 'open'";
    // Raised by warnings, none of them open any more, and nobody was given it or began.
    CLOSE_ANSWERED = "update task set state = 'cancelled', closed_at = $1
        where state = 'open' and worker_id is null
          and exists (select 1 from task_warning l where l.task_id = task.task_id)
          and not exists (select 1 from task_warning l
              join warning w on w.warning_id = l.warning_id
              where l.task_id = task.task_id and w.state = 'open')
          and not exists (select 1 from task_event e
              where e.task_id = task.task_id and e.event not in ('raised', 'joined'))
        returning task_id";
    COUNT = "select count(*) from task where state = $1 and area >= $2 and area < $3";
    COUNT_BY_TOWNSHIP = "select kind, substr(area, 1, 9), count(*) from task
        where state = $1 and area >= $2 and area < $3
        group by kind, substr(area, 1, 9) order by kind, substr(area, 1, 9)";
    LIST_EVENTS = "select at, actor, event, why from task_event where task_id = $1
        order by event_no";
}

const EVENTS: Table = Table {
    name: "task_event",
    columns: &[
        ("event_no", Kind::Int),
        ("task_id", Kind::Int),
        ("at", Kind::Text),
        ("actor", Kind::Text),
        ("event", Kind::Text),
        ("why", Kind::Text),
    ],
};
pub(crate) const TABLES: &[Table] = &[EVENTS];

words! {
    /// Whether a task is still to be done.
    TaskState {
        /// 待办.
        Open = "open",
        /// 已办.
        Done = "done",
        /// 已撤销.
        Cancelled = "cancelled",
    }
}

words! {
    /// What happened to a task.
    TaskEvent {
        /// Raised.
        Raised = "raised",
        /// Something more joined it.
        Joined = "joined",
        /// Given to somebody.
        Assigned = "assigned",
        /// Taken from one and given to another, or to nobody yet.
        HandedOver = "handed-over",
        /// Done.
        Done = "done",
        /// No longer needed.
        Cancelled = "cancelled",
    }
}

/// A task to be raised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTask {
    /// Kind of task, such as `visit` or `who-is-this`.
    pub kind: String,
    /// Whose door.
    pub household: Option<HouseholdId>,
    /// Which person.
    pub person: Option<PersonId>,
    /// Where.
    pub area: AreaCode,
    /// Who has it; none until somebody is named.
    pub worker: Option<WorkerId>,
    /// By when.
    pub due: Option<Day>,
    /// How urgent; the greater the sooner.
    pub urgency: i64,
    /// Kind of thing that caused it, such as `warning` or `doubt`.
    pub cause_kind: String,
    /// Its number.
    pub cause_id: i64,
    /// One sentence for whoever does it, without a full name or number.
    pub summary: String,
    /// The warnings it is to answer.
    pub warnings: Vec<WarningId>,
}

/// 任务, as the record knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// 任务编号.
    pub id: TaskId,
    /// What is to be done; its warnings are asked for by [`warnings`].
    pub content: NewTask,
    /// Whether it is still to be done.
    pub state: TaskState,
    /// When it was raised.
    pub created_at: At,
    /// When it was done or taken back.
    pub closed_at: Option<At>,
}

/// Which tasks to list.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Open, done or cancelled.
    pub state: TaskState,
    /// The place and all inside it; none for everywhere.
    pub area: Option<AreaCode>,
    /// Of one worker; none for all.
    pub worker: Option<WorkerId>,
}

/// Where a page of tasks ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct After {
    /// Urgency of the last one shown.
    pub urgency: i64,
    /// Number of the last one shown.
    pub id: TaskId,
}

/// One thing that happened to a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastEvent {
    /// When.
    pub at: At,
    /// Who.
    pub actor: String,
    /// What.
    pub event: TaskEvent,
    /// Why.
    pub why: String,
}

/// Gives a task to somebody.
pub async fn assign(
    tx: &mut JournalTx,
    at: &At,
    actor: &str,
    task: TaskId,
    worker: WorkerId,
) -> Result<()> {
    match tx
        .execute(ASSIGN, vec![worker.get().into(), task.get().into()])
        .await?
    {
        1 => {
            add_events(
                tx,
                at,
                actor,
                vec![(task.get(), TaskEvent::Assigned, String::new())],
            )
            .await
        }
        _ => Err(StoreError::NotThere {
            what: "任务",
            id: task.get(),
        }),
    }
}

/// Takes a task from whoever has it and gives it to another, or to nobody yet.
pub async fn hand_over(
    tx: &mut JournalTx,
    at: &At,
    actor: &str,
    task: TaskId,
    to: Option<WorkerId>,
    why: &str,
) -> Result<()> {
    let values = vec![to.map(WorkerId::get).into(), task.get().into()];
    match tx.execute(HAND_OVER, values).await? {
        1 => {
            let event = (task.get(), TaskEvent::HandedOver, why.to_owned());
            add_events(tx, at, actor, vec![event]).await
        }
        _ => Err(StoreError::NotThere {
            what: "任务",
            id: task.get(),
        }),
    }
}

words! {
    /// How a task ends.
    TaskEnd {
        /// 已办.
        Done = "done",
        /// 已撤销.
        Cancelled = "cancelled",
    }
}

/// Ends a task.
pub async fn close(
    tx: &mut JournalTx,
    at: &At,
    actor: &str,
    task: TaskId,
    end: TaskEnd,
    why: &str,
) -> Result<()> {
    let event = match end {
        TaskEnd::Done => TaskEvent::Done,
        TaskEnd::Cancelled => TaskEvent::Cancelled,
    };
    match tx
        .execute(CLOSE, vec![end.into(), at.into(), task.get().into()])
        .await?
    {
        1 => add_events(tx, at, actor, vec![(task.get(), event, why.to_owned())]).await,
        _ => Err(StoreError::NotThere {
            what: "任务",
            id: task.get(),
        }),
    }
}

/// Takes back the tasks whose every warning is closed; one that somebody was given or began stays
/// open. Answers how many.
pub async fn close_answered(tx: &mut JournalTx, at: &At, actor: &str, why: &str) -> Result<u64> {
    let rows = tx.rows(CLOSE_ANSWERED, vec![at.into()]).await?;
    let mut ids: Vec<i64> = rows.iter().map(|row| row.int(0)).collect::<Result<_>>()?;
    ids.sort_unstable();
    let events: Vec<(i64, TaskEvent, String)> = ids
        .iter()
        .map(|id| (*id, TaskEvent::Cancelled, why.to_owned()))
        .collect();
    add_events(tx, at, actor, events).await?;
    Ok(u64::try_from(ids.len()).unwrap_or(u64::MAX))
}

async fn add_events(
    tx: &JournalTx,
    at: &At,
    actor: &str,
    events: Vec<(i64, TaskEvent, String)>,
) -> Result<()> {
    let first = tx.take_numbers("task_event", events.len()).await?;
    let rows = (first..).zip(events).map(|(number, (task, event, why))| {
        vec![
            number.into(),
            task.into(),
            at.into(),
            actor.into(),
            event.into(),
            why.into(),
        ]
    });
    tx.insert(EVENTS, rows.collect()).await
}

/// One task.
pub async fn find(on: &impl Reads, task: TaskId) -> Result<Option<Task>> {
    on.rows(FIND, vec![task.get().into()])
        .await?
        .first()
        .map(from_row)
        .transpose()
}

/// Tasks, the most urgent first, after the last one shown.
pub async fn list(
    on: &impl Reads,
    filter: &Filter,
    after: Option<After>,
    limit: u32,
) -> Result<Vec<Task>> {
    let (from, below) = range(filter.area.as_ref());
    let (urgency, id) = after.map_or((i64::MAX, 0), |after| (after.urgency, after.id.get()));
    let mut values = vec![
        filter.state.into(),
        from,
        below,
        urgency.into(),
        id.into(),
        limit.into(),
    ];
    let rows = match filter.worker {
        Some(worker) => {
            values.push(worker.get().into());
            on.rows(LIST_WORKER, values).await?
        }
        None => on.rows(LIST, values).await?,
    };
    rows.iter().map(from_row).collect()
}

/// The tasks of a household, newest first.
pub async fn of_household(on: &impl Reads, household: HouseholdId) -> Result<Vec<Task>> {
    let rows = on
        .rows(LIST_HOUSEHOLD, vec![household.get().into()])
        .await?;
    rows.iter().map(from_row).collect()
}

/// The open tasks of a kind, as planning needs them.
pub async fn list_open(on: &impl Reads, kind: &str) -> Result<Vec<domain::task::Task>> {
    let rows = on.rows(LIST_OPEN, vec![kind.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(domain::task::Task {
                id: TaskId::new(row.int(0)?),
                household: HouseholdId::new(row.int(1)?),
                worker: WorkerId::new(row.int(2)?),
            })
        })
        .collect()
}

/// The warnings a task is to answer.
pub async fn warnings(on: &impl Reads, task: TaskId) -> Result<Vec<WarningId>> {
    let rows = on.rows(WARNINGS, vec![task.get().into()]).await?;
    rows.iter()
        .map(|row| Ok(WarningId::new(row.int(0)?)))
        .collect()
}

/// The tasks a warning has led to.
pub async fn of_warning(on: &impl Reads, warning: WarningId) -> Result<Vec<TaskId>> {
    let rows = on.rows(OF_WARNING, vec![warning.get().into()]).await?;
    rows.iter()
        .map(|row| Ok(TaskId::new(row.int(0)?)))
        .collect()
}

/// How many tasks a place has in a state.
pub async fn count_all(on: &impl Reads, state: TaskState, area: Option<&AreaCode>) -> Result<u64> {
    let (from, below) = range(area);
    let rows = on.rows(COUNT, vec![state.into(), from, below]).await?;
    rows.first().map_or(Ok(0), |row| Ok(count(row.int(0)?)))
}

/// Tasks by kind and township, nine digits.
pub async fn count_by_township(
    on: &impl Reads,
    state: TaskState,
    area: Option<&AreaCode>,
) -> Result<Vec<(String, AreaCode, u64)>> {
    let (from, below) = range(area);
    let rows = on
        .rows(COUNT_BY_TOWNSHIP, vec![state.into(), from, below])
        .await?;
    rows.iter()
        .map(|row| Ok((row.text(0)?, row.area(1)?, count(row.int(2)?))))
        .collect()
}

/// What happened to a task, oldest first.
pub async fn list_events(on: &impl Reads, task: TaskId) -> Result<Vec<PastEvent>> {
    let rows = on.rows(LIST_EVENTS, vec![task.get().into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(PastEvent {
                at: row.at(0)?,
                actor: row.text(1)?,
                event: row.word(2, TaskEvent::from_word)?,
                why: row.text(3)?,
            })
        })
        .collect()
}

fn from_row(row: &Row) -> Result<Task> {
    Ok(Task {
        id: TaskId::new(row.int(0)?),
        content: NewTask {
            kind: row.text(1)?,
            household: row.int_opt(2)?.map(HouseholdId::new),
            person: row.int_opt(3)?.map(PersonId::new),
            area: row.area(4)?,
            worker: row.int_opt(5)?.map(WorkerId::new),
            due: row.day_opt(6)?,
            urgency: row.int(7)?,
            cause_kind: row.text(8)?,
            cause_id: row.int(9)?,
            summary: row.text(10)?,
            warnings: Vec::new(),
        },
        state: row.word(11, TaskState::from_word)?,
        created_at: row.at(12)?,
        closed_at: row.at_opt(13)?,
    })
}
