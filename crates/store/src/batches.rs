//! 报送批次: files that arrived from departments, what was not taken from them and why, and the
//! rows whose person is in doubt.
//!
//! The same content of the same feed and month is known again and changes nothing.

mod remarks;
mod sizes;
mod undo;

pub(crate) use remarks::STATEMENTS as REMARK_STATEMENTS;
pub use remarks::{Remark, list_remarks, remark_many};
pub(crate) use sizes::STATEMENTS as SIZE_STATEMENTS;
pub use sizes::{Size, keep_sizes, list_sizes};
pub(crate) use undo::STATEMENTS as UNDO_STATEMENTS;
pub use undo::{Undo, close_doubts, links_of, list_undone, undo, undone};

use crate::at::At;
use crate::error::{Result, StoreError};
use crate::persons::RowId;
use crate::sql::{Kind, Table, statements};
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, count, counted, words};
use domain::{Month, PersonId};

statements! {
    LAST_NUMBER = "select last from counter where name = 'feed_batch'";
    FIND_SAME = "select batch_no, feed, period, file_name, file_digest, canonical_digest,
            received_at, state, finished_at, received, applied, unchanged, refused, doubtful
        from feed_batch
        where feed = $1 and period = $2 and canonical_digest = $3 and state <> 'refused'";
    ADD = "insert into feed_batch (batch_no, feed, period, file_name, file_digest,
            canonical_digest, received_at, state, received, applied, unchanged, refused, doubtful)
        values ($1, $2, $3, $4, $5, $6, $7, 'staged', 0, 0, 0, 0, 0)";
    FINISH = "update feed_batch set state = $1, finished_at = $2, received = $3, applied = $4,
            unchanged = $5, refused = $6, doubtful = $7
        where batch_no = $8 and state in ('staged', 'waiting')";
    FIND = "select batch_no, feed, period, file_name, file_digest, canonical_digest,
            received_at, state, finished_at, received, applied, unchanged, refused, doubtful
        from feed_batch where batch_no = $1";
    FIND_FILE = "select batch_no, feed, period, file_name, file_digest, canonical_digest,
            received_at, state, finished_at, received, applied, unchanged, refused, doubtful
        from feed_batch where file_digest = $1 order by batch_no desc limit 1";
    LIST = "select batch_no, feed, period, file_name, file_digest, canonical_digest,
            received_at, state, finished_at, received, applied, unchanged, refused, doubtful
        from feed_batch where batch_no < $1 order by batch_no desc limit $2";
    LIST_FEED = "select batch_no, feed, period, file_name, file_digest, canonical_digest,
            received_at, state, finished_at, received, applied, unchanged, refused, doubtful
        from feed_batch where feed = $1 and batch_no < $2 order by batch_no desc limit $3";
    LIST_MONTH = "select batch_no, feed, period, file_name, file_digest, canonical_digest,
            received_at, state, finished_at, received, applied, unchanged, refused, doubtful
        from feed_batch where period = $1 order by feed, batch_no";
    NEWEST_APPLIED = "select batch_no, feed, period, file_name, file_digest, canonical_digest,
            received_at, state, finished_at, received, applied, unchanged, refused, doubtful
        from feed_batch where feed = $1 and state = 'applied' order by period desc, batch_no desc limit 1";
    LAST_REFUSAL = "select coalesce(max(refusal_no), 0) from feed_refusal where batch_no = $1";
    LIST_REFUSALS = "select refusal_no, row_no, column_name, code, message, masked
        from feed_refusal where batch_no = $1 and refusal_no > $2 order by refusal_no limit $3";
    COUNT_REFUSALS = "select code, count(*) from feed_refusal where batch_no = $1
        group by code order by code";
    ADD_DOUBT = "insert into doubtful_link (row_id, batch_no, candidates, state, raised_at)
        values ($1, $2, $3, 'open', $4) on conflict (row_id) do nothing";
    LIST_DOUBTS = "select row_id, batch_no, candidates, settled_person from doubtful_link
        where state = $1 and row_id > $2 order by row_id limit $3";
    COUNT_DOUBTS = "select count(*) from doubtful_link where state = 'open'";
    SETTLE = "update doubtful_link set state = 'settled', settled_person = $1, settled_at = $2
        where row_id = $3 and state = 'open'";
}

const REFUSALS: Table = Table {
    name: "feed_refusal",
    columns: &[
        ("batch_no", Kind::Int),
        ("refusal_no", Kind::Int),
        ("row_no", Kind::Int),
        ("column_name", Kind::Text),
        ("code", Kind::Text),
        ("message", Kind::Text),
        ("masked", Kind::Text),
    ],
};
pub(crate) const TABLES: &[Table] = &[REFUSALS, remarks::REMARKS, sizes::SIZES];

words! {
    /// How far a file has come.
    BatchState {
        /// 暂存: rows are read, nothing is in use yet.
        Staged = "staged",
        /// 已入库.
        Applied = "applied",
        /// 待人确认: would change too much, so a named person must say yes.
        Waiting = "waiting",
        /// 整批退回.
        Refused = "refused",
    }
}

/// A file that arrives.
#[derive(Clone, Debug)]
pub struct NewBatch {
    /// Id of the feed, such as `register`.
    pub feed: String,
    /// The month it tells of.
    pub period: Month,
    /// Name of the file.
    pub file_name: String,
    /// SHA-256 of its bytes.
    pub file_digest: [u8; 32],
    /// SHA-256 of its rows in canonical order and spelling.
    pub canonical_digest: [u8; 32],
    /// When it arrived.
    pub received_at: At,
}

/// Rows of a file by what became of them; received is the sum of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows in the file.
    pub received: u64,
    /// Taken.
    pub applied: u64,
    /// Known already.
    pub unchanged: u64,
    /// Refused, with reason.
    pub refused: u64,
    /// Set aside: whose they are is in doubt.
    pub doubtful: u64,
}

/// 报送批次: one file as the record knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its number, from 1; part of each row id.
    pub batch_no: i64,
    /// Id of the feed.
    pub feed: String,
    /// The month it tells of.
    pub period: Month,
    /// Name of the file.
    pub file_name: String,
    /// SHA-256 of its bytes.
    pub file_digest: [u8; 32],
    /// SHA-256 of its canonical rows.
    pub canonical_digest: [u8; 32],
    /// When it arrived.
    pub received_at: At,
    /// How far it has come.
    pub state: BatchState,
    /// When it was finished with.
    pub finished_at: Option<At>,
    /// Its rows by what became of them.
    pub counts: Counts,
}

/// Whether a file is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// New, under this number.
    New(i64),
    /// The same content came before; if it is still staged, go on with it.
    Seen(Box<Batch>),
}

/// The number [`begin`] gives to the next file, unless another file comes first.
pub async fn next_number(on: &impl Reads) -> Result<i64> {
    let rows = on.rows(LAST_NUMBER, vec![]).await?;
    let last = rows.first().map_or(Ok(0), |row| row.int(0))?;
    Ok(last.saturating_add(1))
}

/// Takes a file in, unless the same content of that feed and month is here already.
pub async fn begin(tx: &mut JournalTx, new: &NewBatch) -> Result<Begun> {
    let period = new.period.to_string();
    let same = vec![
        new.feed.as_str().into(),
        period.as_str().into(),
        new.canonical_digest.into(),
    ];
    if let Some(row) = tx.rows(FIND_SAME, same).await?.first() {
        return Ok(Begun::Seen(Box::new(from_row(row)?)));
    }
    let batch_no = tx.take_numbers("feed_batch", 1).await?;
    let values = vec![
        batch_no.into(),
        new.feed.as_str().into(),
        period.into(),
        new.file_name.as_str().into(),
        new.file_digest.into(),
        new.canonical_digest.into(),
        (&new.received_at).into(),
    ];
    tx.execute(ADD, values).await?;
    Ok(Begun::New(batch_no))
}

/// Says what became of a file; its rows must add up.
pub async fn finish(
    tx: &mut JournalTx,
    batch_no: i64,
    state: BatchState,
    counts: Counts,
    at: &At,
) -> Result<()> {
    let of = |number| counted::<u64>(number, "行数");
    let received = of(counts.received)?;
    let parts = [
        of(counts.applied)?,
        of(counts.unchanged)?,
        of(counts.refused)?,
        of(counts.doubtful)?,
    ];
    let sum = parts
        .iter()
        .fold(0_i64, |sum, part| sum.saturating_add(*part));
    if sum != received {
        return Err(StoreError::CountsDisagree {
            batch_no,
            received,
            sum,
        });
    }
    let [applied, unchanged, refused, doubtful] = parts;
    let values = vec![
        state.into(),
        at.into(),
        received.into(),
        applied.into(),
        unchanged.into(),
        refused.into(),
        doubtful.into(),
        batch_no.into(),
    ];
    match tx.execute(FINISH, values).await? {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "批次",
            id: batch_no,
        }),
    }
}

/// One file by its number.
pub async fn find(on: &impl Reads, batch_no: i64) -> Result<Option<Batch>> {
    on.rows(FIND, vec![batch_no.into()])
        .await?
        .first()
        .map(from_row)
        .transpose()
}

/// The newest file with exactly these bytes.
pub async fn find_file(on: &impl Reads, file_digest: [u8; 32]) -> Result<Option<Batch>> {
    on.rows(FIND_FILE, vec![file_digest.into()])
        .await?
        .first()
        .map(from_row)
        .transpose()
}

/// Files, newest first, before a number (`i64::MAX` for the newest), of one feed or of all.
pub async fn list(
    on: &impl Reads,
    feed: Option<&str>,
    before: i64,
    limit: u32,
) -> Result<Vec<Batch>> {
    let rows = match feed {
        Some(feed) => {
            on.rows(LIST_FEED, vec![feed.into(), before.into(), limit.into()])
                .await?
        }
        None => on.rows(LIST, vec![before.into(), limit.into()]).await?,
    };
    rows.iter().map(from_row).collect()
}

/// The files that tell of a month.
pub async fn list_month(on: &impl Reads, month: Month) -> Result<Vec<Batch>> {
    let rows = on.rows(LIST_MONTH, vec![month.to_string().into()]).await?;
    rows.iter().map(from_row).collect()
}

/// The applied file of a feed that tells of the latest month.
pub async fn newest_applied(on: &impl Reads, feed: &str) -> Result<Option<Batch>> {
    on.rows(NEWEST_APPLIED, vec![feed.into()])
        .await?
        .first()
        .map(from_row)
        .transpose()
}

fn from_row(row: &Row) -> Result<Batch> {
    Ok(Batch {
        batch_no: row.int(0)?,
        feed: row.text(1)?,
        period: row.month(2)?,
        file_name: row.text(3)?,
        file_digest: row.array(4)?,
        canonical_digest: row.array(5)?,
        received_at: row.at(6)?,
        state: row.word(7, BatchState::from_word)?,
        finished_at: row.at_opt(8)?,
        counts: Counts {
            received: count(row.int(9)?),
            applied: count(row.int(10)?),
            unchanged: count(row.int(11)?),
            refused: count(row.int(12)?),
            doubtful: count(row.int(13)?),
        },
    })
}

/// 退回明细: a cell or row not taken. Holds no full name or number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Row of the file, from 1.
    pub row_no: u32,
    /// Column by its header, empty for the whole row.
    pub column: String,
    /// Stable code of the reason.
    pub code: String,
    /// The reason, in the department's words.
    pub message: String,
    /// The value, masked.
    pub masked: String,
}

/// Adds the cells and rows of a file that were not taken.
pub async fn refuse_many(tx: &mut JournalTx, batch_no: i64, refusals: &[Refusal]) -> Result<()> {
    let last = tx.rows(LAST_REFUSAL, vec![batch_no.into()]).await?;
    let first = last
        .first()
        .map_or(Ok(0), |row| row.int(0))?
        .saturating_add(1);
    let rows = (first..).zip(refusals).map(|(number, refusal)| {
        vec![
            batch_no.into(),
            number.into(),
            refusal.row_no.into(),
            refusal.column.as_str().into(),
            refusal.code.as_str().into(),
            refusal.message.as_str().into(),
            refusal.masked.as_str().into(),
        ]
    });
    tx.insert(REFUSALS, rows.collect()).await
}

/// What was not taken of a file, in order, after a number (0 for the first), with its number.
pub async fn list_refusals(
    on: &impl Reads,
    batch_no: i64,
    after: i64,
    limit: u32,
) -> Result<Vec<(i64, Refusal)>> {
    let rows = on
        .rows(
            LIST_REFUSALS,
            vec![batch_no.into(), after.into(), limit.into()],
        )
        .await?;
    rows.iter()
        .map(|row| {
            let refusal = Refusal {
                row_no: u32::try_from(row.int(1)?).unwrap_or(u32::MAX),
                column: row.text(2)?,
                code: row.text(3)?,
                message: row.text(4)?,
                masked: row.text(5)?,
            };
            Ok((row.int(0)?, refusal))
        })
        .collect()
}

/// How often each reason stands in a file.
pub async fn count_refusals(on: &impl Reads, batch_no: i64) -> Result<Vec<(String, u64)>> {
    let rows = on.rows(COUNT_REFUSALS, vec![batch_no.into()]).await?;
    rows.iter()
        .map(|row| Ok((row.text(0)?, count(row.int(1)?))))
        .collect()
}

/// 待认人: a row that may be one of several persons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The row.
    pub row: RowId,
    /// Persons it may be, with the parts of each score, as JSON.
    pub candidates: String,
    /// Who it was found to be; none while open, or when it is nobody known.
    pub settled_person: Option<PersonId>,
}

/// Adds rows in doubt; those here already stay as they are.
pub async fn doubt_many(tx: &mut JournalTx, doubts: &[Doubt], at: &At) -> Result<u64> {
    let sets = doubts.iter().map(|doubt| {
        let row = doubt.row;
        let candidates = doubt.candidates.as_str().into();
        vec![
            row.get().into(),
            row.batch_no().into(),
            candidates,
            at.into(),
        ]
    });
    Ok(tx
        .execute_each(ADD_DOUBT, sets.collect())
        .await?
        .iter()
        .sum())
}

/// Rows in doubt, in order, after a row (`None` from the first).
pub async fn list_doubts(
    on: &impl Reads,
    state: DoubtState,
    after: Option<RowId>,
    limit: u32,
) -> Result<Vec<Doubt>> {
    let after = after.map_or(0, RowId::get);
    let rows = on
        .rows(LIST_DOUBTS, vec![state.into(), after.into(), limit.into()])
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Doubt {
                row: RowId::from_get(row.int(0)?),
                candidates: row.text(2)?,
                settled_person: row.int_opt(3)?.map(PersonId::new),
            })
        })
        .collect()
}

words! {
    /// Whether it is known whose a row is.
    DoubtState {
        /// 待认.
        Open = "open",
        /// 已认.
        Settled = "settled",
    }
}

/// How many rows are in doubt.
pub async fn count_doubts(on: &impl Reads) -> Result<u64> {
    let rows = on.rows(COUNT_DOUBTS, vec![]).await?;
    rows.first().map_or(Ok(0), |row| Ok(count(row.int(0)?)))
}

/// Says whose a row is, or that it is nobody known.
pub async fn settle_doubt(
    tx: &mut JournalTx,
    row: RowId,
    person: Option<PersonId>,
    at: &At,
) -> Result<()> {
    let values = vec![
        person.map(PersonId::get).into(),
        at.into(),
        row.get().into(),
    ];
    match tx.execute(SETTLE, values).await? {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "待认人记录",
            id: row.get(),
        }),
    }
}
