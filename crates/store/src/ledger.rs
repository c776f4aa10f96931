//! 总账 in the record: each transfer is one row that takes from one account and gives to another, and
//! moves the sums of both in its own write. The database refuses an account below nothing.

use crate::at::At;
use crate::digest;
use crate::entitlements::Cause;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, words};
use domain::Fen;
use domain::ledger::{Account, AccountKind, Settlement, Sums, Transfer};

statements! {
    OPEN_ACCOUNT = "insert into ledger_account (ledger_account_no, kind, of_what, posted_in,
            posted_out, pending_in, pending_out)
        values ($1, $2, $3, 0, 0, 0, 0) on conflict (kind, of_what) do nothing";
    FIND_ACCOUNT = "select ledger_account_no from ledger_account where kind = $1 and of_what = $2";
    ACCOUNTS = "select kind, of_what, posted_in, posted_out, pending_in, pending_out
        from ledger_account order by kind, of_what";
    SUMS = "select kind, of_what, posted_in, posted_out, pending_in, pending_out
        from ledger_account where kind = $1 and of_what = $2";
    ADD = "insert into ledger_transfer (transfer_no, entry_no, from_account, to_account, amount,
            phase, settles, batch_no, cause_kind, cause_id, at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    POST = "update ledger_account set posted_out = posted_out + $1 where ledger_account_no = $2";
    POST_IN = "update ledger_account set posted_in = posted_in + $1 where ledger_account_no = $2";
    HOLD = "update ledger_account set pending_out = pending_out + $1 where ledger_account_no = $2";
    HOLD_IN = "update ledger_account set pending_in = pending_in + $1 where ledger_account_no = $2";
    // Both columns in one statement: in between the account would cover less than it holds.
    SETTLE_OUT = "update ledger_account set pending_out = pending_out - $1,
        posted_out = posted_out + $2 where ledger_account_no = $3";
    SETTLE_IN = "update ledger_account set pending_in = pending_in - $1,
        posted_in = posted_in + $2 where ledger_account_no = $3";
    PENDING_OF = "select t.transfer_no, t.from_account, t.to_account, t.amount from ledger_transfer t
        where t.batch_no = $1 and t.phase = 'pending'
          and not exists (select 1 from ledger_transfer s where s.settles = t.transfer_no)
        order by t.transfer_no";
    OF_BATCH = "select t.transfer_no, t.entry_no, f.kind, f.of_what, g.kind, g.of_what, t.amount,
            t.phase, t.cause_kind, t.cause_id, t.at
        from ledger_transfer t
        join ledger_account f on f.ledger_account_no = t.from_account
        join ledger_account g on g.ledger_account_no = t.to_account
        where t.batch_no = $1 order by t.transfer_no";
    REPLAY = "select a.kind, a.of_what,
            coalesce((select cast(sum(t.amount) as bigint) from ledger_transfer t
                where t.to_account = a.ledger_account_no and t.phase in ('posted', 'post')), 0),
            coalesce((select cast(sum(t.amount) as bigint) from ledger_transfer t
                where t.from_account = a.ledger_account_no and t.phase in ('posted', 'post')), 0),
            a.posted_in, a.posted_out
        from ledger_account a order by a.kind, a.of_what";
    BATCH_IN = "select cast(coalesce(sum(t.amount), 0) as bigint) from ledger_transfer t
        join ledger_account g on g.ledger_account_no = t.to_account
        where t.batch_no = $1 and g.kind = $2 and t.phase in ('posted', 'post')";
    ALLOTTED = "select cast(coalesce(sum(t.amount), 0) as bigint) from ledger_transfer t
        where t.cause_kind = $1 and t.cause_id >= $2 and t.cause_id < $3";
}

words! {
    /// What a row of the ledger does.
    RowPhase {
        /// Moves money.
        Posted = "posted",
        /// Holds money back.
        Pending = "pending",
        /// Moves what was held back.
        Post = "post",
        /// Lets go of what was held back.
        Void = "void",
    }
}

/// Transfers that stand together.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// The transfers.
    pub transfers: &'a [Transfer],
    /// Whether money moves at once.
    pub pending: Pending,
    /// Of which batch.
    pub batch: Option<i64>,
    /// Because of what; the same cause never moves the same money twice.
    pub cause: Cause,
}

/// Whether money moves at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pending {
    /// It moves.
    No,
    /// It is held back.
    Yes,
}

/// A row as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Its number.
    pub no: i64,
    /// The entry it belongs to.
    pub entry: i64,
    /// Where it takes from.
    pub from: Account,
    /// Where it gives to.
    pub to: Account,
    /// How much.
    pub amount: Fen,
    /// What it does.
    pub phase: RowPhase,
    /// Because of what.
    pub cause: Cause,
    /// When.
    pub at: At,
}

/// What does not add up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discrepancy {
    /// In words.
    pub says: String,
}

/// Takes the transfers of an entry, all or none.
///
/// # Errors
/// An account would go below nothing: the database refuses with `ledger_account_covers`.
pub async fn apply(tx: &mut JournalTx, at: &At, entry: &Entry<'_>) -> Result<()> {
    if entry.transfers.is_empty() {
        return Ok(());
    }
    let entry_no = tx.take_numbers("ledger_entry", 1).await?;
    let first = tx
        .take_numbers("ledger_transfer", entry.transfers.len())
        .await?;
    let phase = match entry.pending {
        Pending::No => RowPhase::Posted,
        Pending::Yes => RowPhase::Pending,
    };
    for (no, transfer) in (first..).zip(entry.transfers) {
        let from = account_no(tx, transfer.from()).await?;
        let to = account_no(tx, transfer.to()).await?;
        let amount = transfer.amount().get();
        let (out, into) = match entry.pending {
            Pending::No => (POST, POST_IN),
            Pending::Yes => (HOLD, HOLD_IN),
        };
        tx.execute(out, vec![amount.into(), from.into()]).await?;
        tx.execute(into, vec![amount.into(), to.into()]).await?;
        let row = NewRow {
            no,
            entry: entry_no,
            from,
            to,
            amount,
            phase,
            settles: None,
            batch: entry.batch,
            cause: &entry.cause,
        };
        add(tx, at, &row).await?;
    }
    Ok(())
}

/// Ends all that a batch holds back.
pub async fn settle(
    tx: &mut JournalTx,
    at: &At,
    batch: i64,
    how: Settlement,
    cause: &Cause,
) -> Result<()> {
    let waiting = tx.rows(PENDING_OF, vec![batch.into()]).await?;
    if waiting.is_empty() {
        return Ok(());
    }
    let entry_no = tx.take_numbers("ledger_entry", 1).await?;
    let first = tx.take_numbers("ledger_transfer", waiting.len()).await?;
    for (no, row) in (first..).zip(&waiting) {
        let (from, to, amount) = (row.int(1)?, row.int(2)?, row.int(3)?);
        let (phase, moved) = match how {
            Settlement::Post => (RowPhase::Post, amount),
            Settlement::Void => (RowPhase::Void, 0),
        };
        let values = |account: i64| vec![amount.into(), moved.into(), account.into()];
        tx.execute(SETTLE_OUT, values(from)).await?;
        tx.execute(SETTLE_IN, values(to)).await?;
        let row = NewRow {
            no,
            entry: entry_no,
            from,
            to,
            amount,
            phase,
            settles: Some(row.int(0)?),
            batch: Some(batch),
            cause,
        };
        add(tx, at, &row).await?;
    }
    Ok(())
}

struct NewRow<'a> {
    no: i64,
    entry: i64,
    from: i64,
    to: i64,
    amount: i64,
    phase: RowPhase,
    settles: Option<i64>,
    batch: Option<i64>,
    cause: &'a Cause,
}

async fn add(tx: &JournalTx, at: &At, row: &NewRow<'_>) -> Result<()> {
    let mut values: Vec<Value> = vec![
        row.no.into(),
        row.entry.into(),
        row.from.into(),
        row.to.into(),
        row.amount.into(),
        row.phase.into(),
        row.settles.into(),
        row.batch.into(),
        row.cause.kind.as_str().into(),
        row.cause.id.as_str().into(),
        at.into(),
    ];
    let names = [
        "transfer_no",
        "entry_no",
        "from_account",
        "to_account",
        "amount",
        "phase",
        "settles",
        "batch_no",
        "cause_kind",
        "cause_id",
        "at",
    ];
    let columns: Vec<(&str, Value)> = names.into_iter().zip(values.iter().cloned()).collect();
    values.push(digest::of_row("ledger_transfer", &columns).into());
    tx.execute(ADD, values).await?;
    Ok(())
}

async fn account_no(tx: &JournalTx, account: &Account) -> Result<i64> {
    let key = || vec![account.kind.code().into(), account.of.as_str().into()];
    if let Some(row) = tx.rows(FIND_ACCOUNT, key()).await?.first() {
        return row.int(0);
    }
    let no = tx.take_numbers("ledger_account", 1).await?;
    let mut values: Vec<Value> = vec![no.into()];
    values.extend(key());
    tx.execute(OPEN_ACCOUNT, values).await?;
    let rows = tx.rows(FIND_ACCOUNT, key()).await?;
    rows.first().ok_or(StoreError::WriteBroken)?.int(0)
}

/// Sums of an account; one nobody used has none.
pub async fn sums(on: &impl Reads, account: &Account) -> Result<Sums> {
    let key = vec![account.kind.code().into(), account.of.as_str().into()];
    let rows = on.rows(SUMS, key).await?;
    rows.first()
        .map_or(Ok(Sums::default()), |row| Ok(account_row(row)?.1))
}

/// Every account with its sums.
pub async fn accounts(on: &impl Reads) -> Result<Vec<(Account, Sums)>> {
    let rows = on.rows(ACCOUNTS, vec![]).await?;
    rows.iter().map(account_row).collect()
}

fn account_row(row: &Row) -> Result<(Account, Sums)> {
    let account = Account::new(row.word(0, AccountKind::from_code)?, row.text(1)?);
    let fen = |position| row.int(position).map(Fen::new);
    Ok((
        account,
        Sums {
            posted_in: fen(2)?,
            posted_out: fen(3)?,
            pending_in: fen(4)?,
            pending_out: fen(5)?,
        },
    ))
}

/// The rows of a batch, in order.
pub async fn of_batch(on: &impl Reads, batch: i64) -> Result<Vec<Posting>> {
    let rows = on.rows(OF_BATCH, vec![batch.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Posting {
                no: row.int(0)?,
                entry: row.int(1)?,
                from: Account::new(row.word(2, AccountKind::from_code)?, row.text(3)?),
                to: Account::new(row.word(4, AccountKind::from_code)?, row.text(5)?),
                amount: Fen::new(row.int(6)?),
                phase: row.word(7, RowPhase::from_word)?,
                cause: Cause::new(row.text(8)?, row.text(9)?),
                at: row.at(10)?,
            })
        })
        .collect()
}

/// What a batch has put into accounts of a kind.
pub async fn put_in(on: &impl Reads, batch: i64, kind: AccountKind) -> Result<Fen> {
    let rows = on
        .rows(BATCH_IN, vec![batch.into(), kind.code().into()])
        .await?;
    whole(rows.first())
}

/// What was moved so far for causes of a kind whose id begins so.
pub async fn moved_for(on: &impl Reads, kind: &str, prefix: &str) -> Result<Fen> {
    let end = format!("{prefix}\u{10FFFF}");
    let rows = on
        .rows(ALLOTTED, vec![kind.into(), prefix.into(), end.into()])
        .await?;
    whole(rows.first())
}

/// A sum: PostgreSQL answers `numeric`, so sums are cast where they are written.
fn whole(row: Option<&Row>) -> Result<Fen> {
    row.map_or(Ok(Fen::ZERO), |row| row.int(0).map(Fen::new))
}

/// What does not add up: accounts whose sums are not those of their rows, or a total that is not zero.
pub async fn discrepancies(on: &impl Reads) -> Result<Vec<Discrepancy>> {
    let mut out = Vec::new();
    let mut total = 0_i64;
    for row in on.rows(REPLAY, vec![]).await? {
        let (came, went) = (row.int(2)?, row.int(3)?);
        let (kept_in, kept_out) = (row.int(4)?, row.int(5)?);
        total = total.saturating_add(kept_in).saturating_sub(kept_out);
        if (came, went) != (kept_in, kept_out) {
            out.push(Discrepancy {
                says: format!(
                    "总账账户 {} {} 的合计与明细不符:收 {kept_in} 应为 {came},付 {kept_out} 应为 {went}(分)",
                    row.text(0)?,
                    row.text(1)?
                ),
            });
        }
    }
    if total != 0 {
        out.push(Discrepancy {
            says: format!("总账各账户合计应为零,实为 {total} 分"),
        });
    }
    Ok(out)
}
