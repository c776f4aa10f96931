//! 追回: what was paid and must come back, with the lines it was paid by and each step on the way.

use crate::at::At;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, words};
use domain::{Fen, HouseholdId};

statements! {
    ADD = "insert into recovery (recovery_id, entitlement_id, household_id, programme, amount, state,
            cause, opened_by, opened_at)
        values ($1, $2, $3, $4, $5, 'open', $6, $7, $8)";
    ADD_LINE = "insert into recovery_line (recovery_id, line_id) values ($1, $2)";
    ADD_STEP = "insert into recovery_step (step_no, recovery_id, step, amount, by_login, at, says)
        values ($1, $2, $3, $4, $5, $6, $7)";
    CLOSE = "update recovery set state = 'closed', closed_at = $1
        where recovery_id = $2 and state = 'open'";
    FIND = "select recovery_id, entitlement_id, household_id, programme, amount, state, cause,
            opened_by, opened_at, closed_at from recovery where recovery_id = $1";
    LIST = "select recovery_id, entitlement_id, household_id, programme, amount, state, cause,
            opened_by, opened_at, closed_at
        from recovery where recovery_id < $1 order by recovery_id desc limit $2";
    OF_HOUSEHOLD = "select recovery_id, entitlement_id, household_id, programme, amount, state, cause,
            opened_by, opened_at, closed_at
        from recovery where household_id = $1 order by recovery_id desc";
    OPEN_OF = "select recovery_id, entitlement_id, household_id, programme, amount, state, cause,
            opened_by, opened_at, closed_at
        from recovery where entitlement_id = $1 and state = 'open'";
    EXTEND = "update recovery set amount = amount + $1 where recovery_id = $2 and state = 'open'";
    LOWER = "update recovery set amount = $1
        where recovery_id = $2 and state = 'open' and amount >= $1";
    ASKED = "select r.line_id from recovery_line r
        join payment_line l on l.line_id = r.line_id
        where l.entitlement_id = $1 order by r.line_id";
    // Lines of a batch that arrived and were more than what is now decided for their month; of a month help
    // has ended by, the whole line.
    OVERPAID = "select o.line_id, o.entitlement_id, o.amount, o.due
        from (select l.line_id, l.entitlement_id, l.amount,
                case when e.to_month is not null and e.to_month <= l.month then 0
                    else coalesce((select a.amount from entitlement_amount a
                        where a.entitlement_id = l.entitlement_id and a.from_month <= l.month
                        order by a.change_no desc limit 1), 0) end as due
            from payment_line l join entitlement e on e.entitlement_id = l.entitlement_id
            where l.batch_no = $1 and l.state = 'paid'
              and not exists (select 1 from recovery_line r where r.line_id = l.line_id)) o
        where o.amount > o.due order by o.line_id";
    LINES = "select line_id from recovery_line where recovery_id = $1 order by line_id";
    STEPS = "select step, amount, by_login, at, says from recovery_step
        where recovery_id = $1 order by step_no";
}

words! {
    /// How far a recovery has come.
    RecoveryState {
        /// Something is still to come back.
        Open = "open",
        /// All came back, or was given up with its reason.
        Closed = "closed",
    }
}

/// A recovery to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecovery {
    /// Of which entitlement.
    pub entitlement: i64,
    /// Whose file.
    pub household: HouseholdId,
    /// 项目.
    pub programme: String,
    /// How much.
    pub amount: Fen,
    /// Why, with the record it rests on.
    pub cause: String,
    /// Who opened it.
    pub by: String,
    /// The lines it was paid by.
    pub lines: Vec<i64>,
}

/// 追回.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// Its number.
    pub id: i64,
    /// What it is; its lines are asked for apart.
    pub content: NewRecovery,
    /// How far it has come.
    pub state: RecoveryState,
    /// When it was opened.
    pub opened_at: At,
    /// When it was closed.
    pub closed_at: Option<At>,
}

/// A step on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryStep {
    /// Which, by the rulebook.
    pub step: String,
    /// What came back by it.
    pub amount: Option<Fen>,
    /// Who did it.
    pub by: String,
    /// When.
    pub at: At,
    /// In words.
    pub says: String,
}

/// Opens a recovery; a line is in one only.
pub async fn add_recovery(tx: &mut JournalTx, at: &At, new: &NewRecovery) -> Result<i64> {
    let id = tx.take_numbers("recovery", 1).await?;
    let values = vec![
        id.into(),
        new.entitlement.into(),
        new.household.get().into(),
        new.programme.as_str().into(),
        new.amount.get().into(),
        new.cause.as_str().into(),
        new.by.as_str().into(),
        at.into(),
    ];
    tx.execute(ADD, values).await?;
    let lines = new.lines.iter().map(|line| vec![id.into(), (*line).into()]);
    tx.execute_each(ADD_LINE, lines.collect()).await?;
    Ok(id)
}

/// More is asked back by an open recovery: by these lines, so much together.
pub async fn extend_recovery(
    tx: &mut JournalTx,
    recovery: i64,
    lines: &[i64],
    amount: Fen,
) -> Result<()> {
    let extended = tx
        .execute(EXTEND, vec![amount.get().into(), recovery.into()])
        .await?;
    open_one(extended, recovery)?;
    let rows = lines
        .iter()
        .map(|line| vec![recovery.into(), (*line).into()]);
    tx.execute_each(ADD_LINE, rows.collect()).await?;
    Ok(())
}

/// So much is asked back by an open recovery and no more; never more than before.
pub async fn lower_recovery(tx: &mut JournalTx, recovery: i64, amount: Fen) -> Result<()> {
    let values = vec![amount.get().into(), recovery.into()];
    open_one(tx.execute(LOWER, values).await?, recovery)
}

fn open_one(changed: u64, recovery: i64) -> Result<()> {
    match changed {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "追回",
            id: recovery,
        }),
    }
}

/// The open recovery of an entitlement.
pub async fn open_recovery_of(on: &impl Reads, entitlement: i64) -> Result<Option<Recovery>> {
    let rows = on.rows(OPEN_OF, vec![entitlement.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// Lines of an entitlement that a recovery asks back already.
pub async fn asked_back(on: &impl Reads, entitlement: i64) -> Result<Vec<i64>> {
    let rows = on.rows(ASKED, vec![entitlement.into()]).await?;
    rows.iter().map(|row| row.int(0)).collect()
}

/// A line that arrived and was more than what is decided for its month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overpaid {
    /// Which line.
    pub line: i64,
    /// Of which entitlement.
    pub entitlement: i64,
    /// How much more.
    pub amount: Fen,
}

/// Lines of a batch that arrived, were more than what is decided for their month, and are in no recovery.
pub async fn overpaid(on: &impl Reads, batch: i64) -> Result<Vec<Overpaid>> {
    let rows = on.rows(OVERPAID, vec![batch.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Overpaid {
                line: row.int(0)?,
                entitlement: row.int(1)?,
                amount: Fen::new(row.int(2)?.saturating_sub(row.int(3)?)),
            })
        })
        .collect()
}

/// Notes a step.
pub async fn note_step(tx: &mut JournalTx, recovery: i64, step: &RecoveryStep) -> Result<()> {
    let no = tx.take_numbers("recovery_step", 1).await?;
    let values = vec![
        no.into(),
        recovery.into(),
        step.step.as_str().into(),
        step.amount.map(Fen::get).into(),
        step.by.as_str().into(),
        (&step.at).into(),
        step.says.as_str().into(),
    ];
    tx.execute(ADD_STEP, values).await?;
    Ok(())
}

/// Closes a recovery.
pub async fn close_recovery(tx: &mut JournalTx, recovery: i64, at: &At) -> Result<()> {
    match tx.execute(CLOSE, vec![at.into(), recovery.into()]).await? {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "追回",
            id: recovery,
        }),
    }
}

/// One recovery.
pub async fn find_recovery(on: &impl Reads, id: i64) -> Result<Option<Recovery>> {
    let rows = on.rows(FIND, vec![id.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// Recoveries, newest first, before a number (`i64::MAX` for the newest).
pub async fn list_recoveries(on: &impl Reads, before: i64, limit: u32) -> Result<Vec<Recovery>> {
    let rows = on.rows(LIST, vec![before.into(), limit.into()]).await?;
    rows.iter().map(from_row).collect()
}

/// Recoveries of a household, newest first.
pub async fn recoveries_of_household(
    on: &impl Reads,
    household: HouseholdId,
) -> Result<Vec<Recovery>> {
    let rows = on.rows(OF_HOUSEHOLD, vec![household.get().into()]).await?;
    rows.iter().map(from_row).collect()
}

/// The lines a recovery asks back.
pub async fn recovery_lines(on: &impl Reads, id: i64) -> Result<Vec<i64>> {
    let rows = on.rows(LINES, vec![id.into()]).await?;
    rows.iter().map(|row| row.int(0)).collect()
}

/// The steps of a recovery, oldest first.
pub async fn recovery_steps(on: &impl Reads, id: i64) -> Result<Vec<RecoveryStep>> {
    let rows = on.rows(STEPS, vec![id.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(RecoveryStep {
                step: row.text(0)?,
                amount: row.int_opt(1)?.map(Fen::new),
                by: row.text(2)?,
                at: row.at(3)?,
                says: row.text(4)?,
            })
        })
        .collect()
}

fn from_row(row: &Row) -> Result<Recovery> {
    Ok(Recovery {
        id: row.int(0)?,
        content: NewRecovery {
            entitlement: row.int(1)?,
            household: HouseholdId::new(row.int(2)?),
            programme: row.text(3)?,
            amount: Fen::new(row.int(4)?),
            cause: row.text(6)?,
            by: row.text(7)?,
            lines: Vec::new(),
        },
        state: row.word(5, RecoveryState::from_word)?,
        opened_at: row.at(8)?,
        closed_at: row.at_opt(9)?,
    })
}
