//! 经办人员: the officials and grid workers tasks go to.

use crate::areas::range;
use crate::error::Result;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, count};
use domain::{AreaCode, WorkerId};

statements! {
    UPSERT = "insert into worker (worker_id, login, name, role, area, task_budget)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (login) do update set name = excluded.name, role = excluded.role,
            area = excluded.area, task_budget = excluded.task_budget
        returning worker_id";
    FIND = "select worker_id, login, name, role, area, task_budget from worker where login = $1";
    LIST = "select worker_id, login, name, role, area, task_budget from worker
        where area >= $1 and area < $2 order by area, worker_id";
}

/// A person who works for the office.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewWorker {
    /// Name of the account.
    pub login: String,
    /// Name shown to colleagues.
    pub name: String,
    /// Role, in the office's word.
    pub role: String,
    /// The place served.
    pub area: AreaCode,
    /// Tasks that may be open at a time.
    pub task_budget: u32,
}

/// 经办人, under the number tasks name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// 经办人编号.
    pub id: WorkerId,
    /// Who it is.
    pub content: NewWorker,
}

/// Adds workers, or brings them up to date; answers their ids in the order given.
pub async fn upsert_many(tx: &mut JournalTx, workers: &[NewWorker]) -> Result<Vec<WorkerId>> {
    let first = tx.take_numbers("worker", workers.len()).await?;
    let sets = (first..).zip(workers).map(|(id, new)| {
        vec![
            id.into(),
            new.login.as_str().into(),
            new.name.as_str().into(),
            new.role.as_str().into(),
            new.area.full().into(),
            new.task_budget.into(),
        ]
    });
    let answers = tx.rows_each(UPSERT, sets.collect()).await?;
    answers
        .iter()
        .flatten()
        .map(|row| Ok(WorkerId::new(row.int(0)?)))
        .collect()
}

/// The worker of an account.
pub async fn find(on: &impl Reads, login: &str) -> Result<Option<Worker>> {
    on.rows(FIND, vec![login.into()])
        .await?
        .first()
        .map(from_row)
        .transpose()
}

/// The workers who serve a place or one inside it.
pub async fn list(on: &impl Reads, area: Option<&AreaCode>) -> Result<Vec<Worker>> {
    let (from, below) = range(area);
    on.rows(LIST, vec![from, below])
        .await?
        .iter()
        .map(from_row)
        .collect()
}

fn from_row(row: &Row) -> Result<Worker> {
    Ok(Worker {
        id: WorkerId::new(row.int(0)?),
        content: NewWorker {
            login: row.text(1)?,
            name: row.text(2)?,
            role: row.text(3)?,
            area: row.area(4)?,
            task_budget: u32::try_from(count(row.int(5)?)).unwrap_or(u32::MAX),
        },
    })
}
