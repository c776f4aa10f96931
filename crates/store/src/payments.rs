//! 发放批次: batches with their lines, and what the checks found. The bank's answers, the files and
//! the recoveries have modules of their own.
//!
//! What a line says never changes, only how far it has come; its digest covers all the rest. The
//! database keeps three persons apart and one entitlement from being paid twice for a month.

mod answers;
mod lines;
mod opened;
mod recoveries;

pub(crate) use answers::STATEMENTS as ANSWER_STATEMENTS;
pub(crate) use answers::TABLES as ANSWER_TABLES;
pub use answers::{
    Answer, AnswerRowKept, NewAnswer, answer_rows, answers_of, find_answer, keep_answer,
};
pub(crate) use lines::STATEMENTS as LINE_STATEMENTS;
pub(crate) use lines::TABLES as LINE_TABLES;
pub use lines::{
    Arrived, Line, NewLine, PartTotal, Total, add_lines, arrived, find_line, heads, last_line,
    line_changed_by, line_id, lines, lines_in, move_lines, nameless, of_entitlement, of_household,
    open_lines_count, paid_elsewhere, parts, returned, total_in, totals,
};
pub(crate) use opened::STATEMENTS as OPENED_STATEMENTS;
pub use opened::{OpenLine, open_lines};
pub(crate) use recoveries::STATEMENTS as RECOVERY_STATEMENTS;
pub use recoveries::{
    Asked, More, NewRecovery, Recovery, RecoveryState, RecoveryStep, add_recovery, added_since,
    asked_back, close_recovery, extend_recovery, find_recovery, let_go, list_recoveries,
    lower_recovery, more_than_due, note_step, open_recovery_of, recoveries_of_household,
    recovery_discrepancies, recovery_lines, recovery_steps, ruled,
};

use crate::at::At;
use crate::digest::Parts;
use crate::error::{Result, StoreError};
use crate::sql::{Kind, Table, statements};
use crate::tx::{JournalTx, Reads};
use crate::users::UserId;
use crate::value::{Row, count, counted};
use domain::payment::{BatchState, LineEvent, LineState};
use domain::{Fen, Month};

statements! {
    ADD_BATCH = "insert into payment_batch (batch_no, kind, component, month, bank, state, round,
            lines, amount, apart, apart_amount, prepared_by, prepared_at)
        values ($1, $2, $3, $4, $5, 'preparing', 0, 0, 0, 0, 0, $6, $7)";
    FIND_BATCH = "select batch_no, kind, component, month, bank, state, round, lines, amount, apart,
            apart_amount, prepared_by, prepared_at, checked_by, checked_at, approved_by, approved_at,
            sealed_at, digest, released_by, released_at, file_digest, closed_at
        from payment_batch where batch_no = $1";
    FIND_OPEN = "select batch_no, kind, component, month, bank, state, round, lines, amount, apart,
            apart_amount, prepared_by, prepared_at, checked_by, checked_at, approved_by, approved_at,
            sealed_at, digest, released_by, released_at, file_digest, closed_at
        from payment_batch where kind = $1 and month = $2
          and state in ('preparing', 'draft', 'checked', 'approved')";
    LIST_BATCHES = "select batch_no, kind, component, month, bank, state, round, lines, amount, apart,
            apart_amount, prepared_by, prepared_at, checked_by, checked_at, approved_by, approved_at,
            sealed_at, digest, released_by, released_at, file_digest, closed_at
        from payment_batch where batch_no < $1 order by batch_no desc limit $2";
    PREPARED = "update payment_batch set state = 'draft', lines = $1, amount = $2
        where batch_no = $3 and state = 'preparing'";
    CHECKED = "update payment_batch set state = 'checked', round = round + 1, lines = $1, amount = $2,
            apart = $3, apart_amount = $4, checked_by = $5, checked_at = $6
        where batch_no = $7 and state in ('draft', 'checked') returning round";
    APPROVED = "update payment_batch set state = 'approved', approved_by = $1, approved_at = $2
        where batch_no = $3 and state = 'checked'";
    SEALED = "update payment_batch set state = 'sealed', sealed_at = $1, digest = $2
        where batch_no = $3 and state = 'approved'";
    RELEASED = "update payment_batch set state = 'released', released_by = $1, released_at = $2,
            file_digest = $3
        where batch_no = $4 and state = 'sealed'";
    ANSWERED = "update payment_batch set state = 'answered'
        where batch_no = $1 and state in ('released', 'answered')";
    CLOSED = "update payment_batch set state = 'closed', closed_at = $1
        where batch_no = $2 and state = 'answered'";
    VOIDED = "update payment_batch set state = 'void', closed_at = $1
        where batch_no = $2 and state in ('preparing', 'draft', 'checked', 'approved')";
    FINDINGS = "select line_no, code, says from payment_finding
        where batch_no = $1 and round = $2 order by line_no, code";
    VERIFY_SUMS = "select b.batch_no, b.state, b.lines, b.amount,
            cast(count(l.line_id) as bigint), cast(coalesce(sum(l.amount), 0) as bigint)
        from payment_batch b left join payment_line l on l.batch_no = b.batch_no
            and l.state not in ('proposed', 'apart', 'void')
        where b.state in ('sealed', 'released', 'answered', 'closed')
        group by b.batch_no, b.state, b.lines, b.amount order by b.batch_no";
}

const FINDING_ROWS: Table = Table {
    name: "payment_finding",
    columns: &[
        ("batch_no", Kind::Int),
        ("round", Kind::Int),
        ("line_no", Kind::Int),
        ("code", Kind::Text),
        ("says", Kind::Text),
    ],
};
pub(crate) const TABLES: &[Table] = &[FINDING_ROWS];

/// A batch to be drawn up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBatch {
    /// 批次种类, by its code in the rulebook.
    pub kind: String,
    /// Which component of entitlements it pays.
    pub component: String,
    /// For which month.
    pub month: Month,
    /// Through which bank, by its description in the rulebook.
    pub bank: String,
    /// Who prepares it.
    pub prepared_by: UserId,
}

/// Somebody and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hand {
    /// Who.
    pub user: UserId,
    /// When.
    pub at: At,
}

/// 发放批次.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Its number.
    pub no: i64,
    /// What it is.
    pub content: NewBatch,
    /// How far it has come.
    pub state: BatchState,
    /// How often it was checked.
    pub round: i64,
    /// Lines in it, those set apart left out.
    pub lines: u64,
    /// Their sum.
    pub amount: Fen,
    /// Lines set apart.
    pub apart: u64,
    /// Their sum.
    pub apart_amount: Fen,
    /// When it was prepared.
    pub prepared_at: At,
    /// Who checked it.
    pub checked: Option<Hand>,
    /// Who approved it.
    pub approved: Option<Hand>,
    /// When it was sealed.
    pub sealed_at: Option<At>,
    /// Digest over the sealed lines and totals.
    pub digest: Option<[u8; 32]>,
    /// Who handed it to the bank.
    pub released: Option<Hand>,
    /// Digest of the bank's file.
    pub file_digest: Option<[u8; 32]>,
    /// When it was closed or voided.
    pub closed_at: Option<At>,
}

/// Why a line was set apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which line.
    pub line_no: u32,
    /// Which check, by its code in the rulebook.
    pub code: String,
    /// In words, without a name or number.
    pub says: String,
}

/// Begins a batch; while one of its kind and month is open, the database refuses another.
pub async fn begin(tx: &mut JournalTx, at: &At, new: &NewBatch) -> Result<i64> {
    let no = tx.take_numbers("payment_batch", 1).await?;
    let values = vec![
        no.into(),
        new.kind.as_str().into(),
        new.component.as_str().into(),
        new.month.to_string().into(),
        new.bank.as_str().into(),
        new.prepared_by.get().into(),
        at.into(),
    ];
    tx.execute(ADD_BATCH, values).await?;
    Ok(no)
}

/// The batch is whole: it may be checked.
pub async fn prepared(tx: &mut JournalTx, batch: i64, total: Total) -> Result<()> {
    let values = vec![
        counted(total.lines, "行数")?.into(),
        total.amount.get().into(),
        batch.into(),
    ];
    one(tx.execute(PREPARED, values).await?, batch)
}

/// Keeps what the checks found: lines set apart, lines taken back, the sums of both.
pub async fn checked(
    tx: &mut JournalTx,
    batch: i64,
    hand: &Hand,
    findings: &[Finding],
) -> Result<()> {
    lines::move_all(tx, batch, LineState::Apart, LineEvent::TakeBack).await?;
    let mut apart: Vec<u32> = findings.iter().map(|finding| finding.line_no).collect();
    apart.sort_unstable();
    apart.dedup();
    let moves: Vec<(i64, LineState, LineState)> = apart
        .iter()
        .filter_map(|line| line_id(batch, *line))
        .map(|id| (id, LineState::Proposed, LineState::Apart))
        .collect();
    move_lines(tx, &moves).await?;
    let (kept, gone) = (
        total_in(tx, batch, LineState::Proposed).await?,
        total_in(tx, batch, LineState::Apart).await?,
    );
    let values = vec![
        counted(kept.lines, "行数")?.into(),
        kept.amount.get().into(),
        counted(gone.lines, "行数")?.into(),
        gone.amount.get().into(),
        hand.user.get().into(),
        (&hand.at).into(),
        batch.into(),
    ];
    let rows = tx.rows(CHECKED, values).await?;
    let round = rows
        .first()
        .ok_or(StoreError::NotThere {
            what: "发放批次",
            id: batch,
        })?
        .int(0)?;
    let rows = findings.iter().map(|finding| {
        vec![
            batch.into(),
            round.into(),
            i64::from(finding.line_no).into(),
            finding.code.as_str().into(),
            finding.says.as_str().into(),
        ]
    });
    tx.insert(FINDING_ROWS, rows.collect()).await
}

/// Somebody approves a batch.
pub async fn approved(tx: &mut JournalTx, batch: i64, hand: &Hand) -> Result<()> {
    let values = vec![hand.user.get().into(), (&hand.at).into(), batch.into()];
    one(tx.execute(APPROVED, values).await?, batch)
}

/// Seals a batch: its lines move with it.
pub async fn sealed(tx: &mut JournalTx, batch: i64, at: &At, digest: [u8; 32]) -> Result<()> {
    lines::move_all(tx, batch, LineState::Proposed, LineEvent::Seal).await?;
    let values = vec![at.into(), digest.into(), batch.into()];
    one(tx.execute(SEALED, values).await?, batch)
}

/// Hands a batch to the bank: its lines move with it.
pub async fn released(
    tx: &mut JournalTx,
    batch: i64,
    hand: &Hand,
    file_digest: [u8; 32],
) -> Result<()> {
    lines::move_all(tx, batch, LineState::Batched, LineEvent::Send).await?;
    let values = vec![
        hand.user.get().into(),
        (&hand.at).into(),
        file_digest.into(),
        batch.into(),
    ];
    one(tx.execute(RELEASED, values).await?, batch)
}

/// Notes that the bank has answered.
pub async fn answered(tx: &mut JournalTx, batch: i64) -> Result<()> {
    tx.execute(ANSWERED, vec![batch.into()]).await?;
    Ok(())
}

/// Closes a batch of which nothing is open.
pub async fn closed(tx: &mut JournalTx, batch: i64, at: &At) -> Result<()> {
    one(
        tx.execute(CLOSED, vec![at.into(), batch.into()]).await?,
        batch,
    )
}

/// Voids a batch the bank never had; its months may be put into another.
pub async fn voided(tx: &mut JournalTx, batch: i64, at: &At) -> Result<()> {
    lines::move_all(tx, batch, LineState::Proposed, LineEvent::Void).await?;
    lines::move_all(tx, batch, LineState::Apart, LineEvent::Void).await?;
    one(
        tx.execute(VOIDED, vec![at.into(), batch.into()]).await?,
        batch,
    )
}

/// One batch.
pub async fn find(on: &impl Reads, batch: i64) -> Result<Option<Batch>> {
    let rows = on.rows(FIND_BATCH, vec![batch.into()]).await?;
    rows.first().map(batch_row).transpose()
}

/// The batch of a kind and month that is not sealed yet.
pub async fn find_open(on: &impl Reads, kind: &str, month: Month) -> Result<Option<Batch>> {
    let rows = on
        .rows(FIND_OPEN, vec![kind.into(), month.to_string().into()])
        .await?;
    rows.first().map(batch_row).transpose()
}

/// Batches, newest first, before a number (`i64::MAX` for the newest).
pub async fn list(on: &impl Reads, before: i64, limit: u32) -> Result<Vec<Batch>> {
    let rows = on
        .rows(LIST_BATCHES, vec![before.into(), limit.into()])
        .await?;
    rows.iter().map(batch_row).collect()
}

/// What the last check of a batch found.
pub async fn findings(on: &impl Reads, batch: i64, round: i64) -> Result<Vec<Finding>> {
    let rows = on.rows(FINDINGS, vec![batch.into(), round.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Finding {
                line_no: small(row.int(0)?)?,
                code: row.text(1)?,
                says: row.text(2)?,
            })
        })
        .collect()
}

/// Digest over a batch: what it is, its totals, and the digest of each line in order.
pub struct BatchDigest(Parts);

impl BatchDigest {
    /// Begins with what the batch is and its totals.
    #[must_use]
    pub fn of(batch: &Batch, total: Total) -> Self {
        let content = &batch.content;
        let parts = Parts::of("doudi/payment-batch/1")
            .int(batch.no)
            .text(&content.kind)
            .text(&content.month.to_string())
            .text(&content.bank)
            .int(i64::try_from(total.lines).unwrap_or(i64::MAX))
            .int(total.amount.get());
        Self(parts)
    }

    /// Adds a line.
    #[must_use]
    pub fn with(self, line: &Line) -> Self {
        Self(self.0.bytes(&line.digest))
    }

    /// The digest.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        self.0.finish()
    }
}

/// Batches whose lines do not add up to what they were sealed with.
pub async fn discrepancies(on: &impl Reads) -> Result<Vec<String>> {
    let mut out = Vec::new();
    for row in on.rows(VERIFY_SUMS, vec![]).await? {
        let kept = (row.int(2)?, row.int(3)?);
        let found = (row.int(4)?, row.int(5)?);
        if kept != found {
            out.push(format!(
                "发放批次 {} 的行与合计不符:合计 {} 行 {} 分,行里有 {} 行 {} 分",
                row.int(0)?,
                kept.0,
                kept.1,
                found.0,
                found.1
            ));
        }
    }
    Ok(out)
}

fn one(changed: u64, batch: i64) -> Result<()> {
    match changed {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "发放批次",
            id: batch,
        }),
    }
}

fn small(value: i64) -> Result<u32> {
    u32::try_from(value).map_err(|_| StoreError::TooLarge {
        what: "批次行号"
    })
}

fn hand(row: &Row, user: usize, at: usize) -> Result<Option<Hand>> {
    let (user, at) = (row.int_opt(user)?, row.at_opt(at)?);
    Ok(user.zip(at).map(|(user, at)| Hand {
        user: UserId::new(user),
        at,
    }))
}

fn digest_opt(row: &Row, position: usize) -> Result<Option<[u8; 32]>> {
    match row.bytes_opt(position)? {
        None => Ok(None),
        Some(_) => row.array(position).map(Some),
    }
}

fn batch_row(row: &Row) -> Result<Batch> {
    Ok(Batch {
        no: row.int(0)?,
        content: NewBatch {
            kind: row.text(1)?,
            component: row.text(2)?,
            month: row.month(3)?,
            bank: row.text(4)?,
            prepared_by: UserId::new(row.int(11)?),
        },
        state: row.word(5, BatchState::from_code)?,
        round: row.int(6)?,
        lines: count(row.int(7)?),
        amount: Fen::new(row.int(8)?),
        apart: count(row.int(9)?),
        apart_amount: Fen::new(row.int(10)?),
        prepared_at: row.at(12)?,
        checked: hand(row, 13, 14)?,
        approved: hand(row, 15, 16)?,
        sealed_at: row.at_opt(17)?,
        digest: digest_opt(row, 18)?,
        released: hand(row, 19, 20)?,
        file_digest: digest_opt(row, 21)?,
        closed_at: row.at_opt(22)?,
    })
}
