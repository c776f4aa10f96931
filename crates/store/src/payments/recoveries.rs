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
