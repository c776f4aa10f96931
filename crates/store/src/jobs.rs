//! 后台作业: long work in leased steps. Whoever holds the lease works; when it runs out another
//! may go on, and a step that was done is not done again.

use crate::at::At;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, words};

statements! {
    ADD = "insert into job (job_id, kind, job_key, step, state, payload, created_at, updated_at)
        values ($1, $2, $3, '', 'ready', $4, $5, $5) on conflict (kind, job_key) do nothing";
    FIND = "select job_id, kind, job_key, step, state, holder, lease_until, payload from job
        where job_id = $1";
    FIND_KEY = "select job_id, kind, job_key, step, state, holder, lease_until, payload from job
        where kind = $1 and job_key = $2";
    // The condition stands twice: on PostgreSQL a rival may have taken the row in between.
    CLAIM = "update job set state = 'running', holder = $1, lease_until = $2, updated_at = $3
        where job_id = (select min(job_id) from job where kind = $4
                and (state = 'ready' or (state = 'running' and lease_until <= $3)))
          and (state = 'ready' or (state = 'running' and lease_until <= $3))
        returning job_id, kind, job_key, step, state, holder, lease_until, payload";
    RESUME = "update job set lease_until = $1, updated_at = $2
        where job_id = $3 and state = 'running' and holder = $4
        returning job_id, kind, job_key, step, state, holder, lease_until, payload";
    HOLD = "update job set step = $1, payload = $2, lease_until = $3, updated_at = $4
        where job_id = $5 and state = 'running' and holder = $6 and lease_until > $4";
    FIND_STEP = "select outcome from job_step where job_id = $1 and step = $2";
    ADD_STEP = "insert into job_step (job_id, step, done_at, outcome) values ($1, $2, $3, $4)";
    FINISH = "update job set state = $1, payload = $2, holder = null, lease_until = null,
            updated_at = $3
        where job_id = $4 and state = 'running' and holder = $5 and lease_until > $3";
    RETRY = "update job set state = 'ready', updated_at = $1 where job_id = $2 and state = 'failed'";
    LIST = "select job_id, kind, job_key, step, state, holder, lease_until, payload from job
        where job_id < $1 order by job_id desc limit $2";
    LIST_STEPS = "select step, done_at, outcome from job_step where job_id = $1
        order by done_at, step";
}

words! {
    /// How far a job has come.
    JobState {
        /// Waits for somebody to do it.
        Ready = "ready",
        /// Somebody holds its lease.
        Running = "running",
        /// Done.
        Done = "done",
        /// Given up; may be tried again.
        Failed = "failed",
    }
}

/// 作业: one piece of long work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its number.
    pub id: i64,
    /// Kind of work, such as `screen`.
    pub kind: String,
    /// What makes it one of its kind, such as a month.
    pub key: String,
    /// The last step done.
    pub step: String,
    /// How far it has come.
    pub state: JobState,
    /// Who holds its lease.
    pub holder: Option<String>,
    /// Until when.
    pub lease_until: Option<At>,
    /// What it needs to go on, usually JSON; at the end, what came of it.
    pub payload: String,
}

/// A lease in hand: who holds it, what moment it is, and until when it shall last.
#[derive(Clone, Debug)]
pub struct Lease {
    /// Who works.
    pub holder: String,
    /// Now.
    pub now: At,
    /// Until when the lease lasts.
    pub until: At,
}

/// What became of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Advance {
    /// Recorded now.
    Now,
    /// Was done before, with this outcome; what this write did beside it must be taken back.
    Before(String),
}

/// Asks for a job; the same kind and key is the same job.
pub async fn ask(tx: &mut JournalTx, at: &At, kind: &str, key: &str, payload: &str) -> Result<Job> {
    let id = tx.take_numbers("job", 1).await?;
    let values = vec![
        id.into(),
        kind.into(),
        key.into(),
        payload.into(),
        at.into(),
    ];
    tx.execute(ADD, values).await?;
    let rows = tx.rows(FIND_KEY, vec![kind.into(), key.into()]).await?;
    from_row(rows.first().ok_or(StoreError::WriteBroken)?)
}

/// Takes the oldest job of a kind that waits, or whose lease has run out.
pub async fn claim(tx: &mut JournalTx, kind: &str, lease: &Lease) -> Result<Option<Job>> {
    let values = vec![
        lease.holder.as_str().into(),
        Value::from(&lease.until),
        (&lease.now).into(),
        kind.into(),
    ];
    tx.rows(CLAIM, values)
        .await?
        .first()
        .map(from_row)
        .transpose()
}

/// Takes up again a job whose lease the same holder has, who died over it and came back.
pub async fn resume(tx: &mut JournalTx, job: i64, lease: &Lease) -> Result<Option<Job>> {
    let values = vec![
        Value::from(&lease.until),
        (&lease.now).into(),
        job.into(),
        lease.holder.as_str().into(),
    ];
    let rows = tx.rows(RESUME, values).await?;
    rows.first().map(from_row).transpose()
}

/// Records a step together with what it did, and holds the lease on.
pub async fn advance(
    tx: &mut JournalTx,
    job: i64,
    lease: &Lease,
    step: &str,
    outcome: &str,
    payload: &str,
) -> Result<Advance> {
    // Taking the lease first makes a rival wait, so that the look at the step below is true.
    let hold = vec![
        step.into(),
        payload.into(),
        (&lease.until).into(),
        (&lease.now).into(),
        job.into(),
        lease.holder.as_str().into(),
    ];
    if tx.execute(HOLD, hold).await? != 1 {
        return Err(StoreError::LeaseLost { job });
    }
    let before = tx.rows(FIND_STEP, vec![job.into(), step.into()]).await?;
    if let Some(row) = before.first() {
        return Ok(Advance::Before(row.text(0)?));
    }
    let values = vec![job.into(), step.into(), (&lease.now).into(), outcome.into()];
    tx.execute(ADD_STEP, values).await?;
    Ok(Advance::Now)
}

/// What a step came to, when it was done.
pub async fn step_outcome(on: &impl Reads, job: i64, step: &str) -> Result<Option<String>> {
    let rows = on.rows(FIND_STEP, vec![job.into(), step.into()]).await?;
    rows.first().map(|row| row.text(0)).transpose()
}

words! {
    /// How a job ends.
    JobEnd {
        /// Done.
        Done = "done",
        /// Given up.
        Failed = "failed",
    }
}

/// Ends a job, with what came of it.
pub async fn finish(
    tx: &mut JournalTx,
    job: i64,
    lease: &Lease,
    end: JobEnd,
    payload: &str,
) -> Result<()> {
    let values = vec![
        end.into(),
        payload.into(),
        (&lease.now).into(),
        job.into(),
        lease.holder.as_str().into(),
    ];
    match tx.execute(FINISH, values).await? {
        1 => Ok(()),
        _ => Err(StoreError::LeaseLost { job }),
    }
}

/// Lets a job that was given up be tried again; steps done stay done.
pub async fn retry(tx: &mut JournalTx, job: i64, at: &At) -> Result<()> {
    match tx.execute(RETRY, vec![at.into(), job.into()]).await? {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "作业",
            id: job,
        }),
    }
}

/// One job.
pub async fn find(on: &impl Reads, job: i64) -> Result<Option<Job>> {
    on.rows(FIND, vec![job.into()])
        .await?
        .first()
        .map(from_row)
        .transpose()
}

/// The job of a kind and key.
pub async fn find_key(on: &impl Reads, kind: &str, key: &str) -> Result<Option<Job>> {
    on.rows(FIND_KEY, vec![kind.into(), key.into()])
        .await?
        .first()
        .map(from_row)
        .transpose()
}

/// Jobs, newest first, before a number (`i64::MAX` for the newest).
pub async fn list(on: &impl Reads, before: i64, limit: u32) -> Result<Vec<Job>> {
    on.rows(LIST, vec![before.into(), limit.into()])
        .await?
        .iter()
        .map(from_row)
        .collect()
}

/// The steps done of a job: name, moment, outcome.
pub async fn list_steps(on: &impl Reads, job: i64) -> Result<Vec<(String, At, String)>> {
    let rows = on.rows(LIST_STEPS, vec![job.into()]).await?;
    rows.iter()
        .map(|row| Ok((row.text(0)?, row.at(1)?, row.text(2)?)))
        .collect()
}

fn from_row(row: &Row) -> Result<Job> {
    Ok(Job {
        id: row.int(0)?,
        kind: row.text(1)?,
        key: row.text(2)?,
        step: row.text(3)?,
        state: row.word(4, JobState::from_word)?,
        holder: row.text_opt(5)?,
        lease_until: row.at_opt(6)?,
        payload: row.text(7)?,
    })
}
