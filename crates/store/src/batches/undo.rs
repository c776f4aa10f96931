//! 撤回: a file taken by mistake. From then on its batch is none of the applied, so the same file may come
//! again; that it was taken once, by whom it was undone and why stays.

use crate::at::At;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, count};
use domain::TaskId;

statements! {
    UNDO = "update feed_batch set state = 'refused' where batch_no = $1 and state = 'applied'";
    ADD_UNDO = "insert into feed_undo (batch_no, actor, reason, at) values ($1, $2, $3, $4)";
    FIND_UNDO = "select batch_no, actor, reason, at from feed_undo where batch_no = $1";
    LIST_UNDONE = "select batch_no, actor, reason, at from feed_undo order by batch_no desc";
    TASKS_OF_DOUBTS = "select distinct r.task_id from doubt_row r
        join doubtful_link l on l.row_id = r.row_id
        where l.batch_no = $1 and l.state = 'open' and r.task_id is not null order by r.task_id";
    CLOSE_DOUBTS = "update doubtful_link set state = 'settled', settled_at = $1
        where batch_no = $2 and state = 'open'";
    LINKS_OF = "select certain, doubtful, unknown from link_count where batch_no = $1";
}

/// 撤回 of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undo {
    /// The batch.
    pub batch_no: i64,
    /// Account of whoever undid it.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: At,
}

/// Takes an applied batch out of what counts, and keeps who and why. Its files of the lake go by
/// [`crate::manifest::supersede_cause`], its questions by [`close_doubts`].
///
/// # Errors
/// No such batch is applied.
pub async fn undo(tx: &mut JournalTx, undo: &Undo) -> Result<()> {
    if tx.execute(UNDO, vec![undo.batch_no.into()]).await? != 1 {
        return Err(StoreError::NotThere {
            what: "已入库的批次",
            id: undo.batch_no,
        });
    }
    let values = vec![
        undo.batch_no.into(),
        undo.actor.as_str().into(),
        undo.reason.as_str().into(),
        (&undo.at).into(),
    ];
    tx.execute(ADD_UNDO, values).await?;
    Ok(())
}

/// The undoing of a batch, where it was undone.
pub async fn undone(on: &impl Reads, batch_no: i64) -> Result<Option<Undo>> {
    let rows = on.rows(FIND_UNDO, vec![batch_no.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// Every batch that was undone, newest first.
pub async fn list_undone(on: &impl Reads) -> Result<Vec<Undo>> {
    let rows = on.rows(LIST_UNDONE, vec![]).await?;
    rows.iter().map(from_row).collect()
}

/// Ends the open questions of a batch without an answer: nobody has to say any more whose its rows are.
/// Answers how many, and the tasks that asked them.
pub async fn close_doubts(
    tx: &mut JournalTx,
    at: &At,
    batch_no: i64,
) -> Result<(u64, Vec<TaskId>)> {
    let rows = tx.rows(TASKS_OF_DOUBTS, vec![batch_no.into()]).await?;
    let tasks = rows.iter().map(|row| Ok(TaskId::new(row.int(0)?)));
    let tasks = tasks.collect::<Result<Vec<TaskId>>>()?;
    let closed = tx
        .execute(CLOSE_DOUBTS, vec![at.into(), batch_no.into()])
        .await?;
    Ok((closed, tasks))
}

/// How the rows of a batch were linked: somebody's for certain, in doubt, nobody's; none for a batch that
/// was not taken.
pub async fn links_of(on: &impl Reads, batch_no: i64) -> Result<Option<[u64; 3]>> {
    let rows = on.rows(LINKS_OF, vec![batch_no.into()]).await?;
    let of = |row: &Row| Ok([count(row.int(0)?), count(row.int(1)?), count(row.int(2)?)]);
    rows.first().map(of).transpose()
}

fn from_row(row: &Row) -> Result<Undo> {
    Ok(Undo {
        batch_no: row.int(0)?,
        actor: row.text(1)?,
        reason: row.text(2)?,
        at: row.at(3)?,
    })
}
