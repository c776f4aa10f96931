//! Who may do the open steps of a case: derived with its row, so that a work list is one question.

use super::Current;
use crate::areas::range;
use crate::error::Result;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::Row;
use domain::{AreaCode, CaseNo};

statements! {
    WAITS = "select step, role, area, owner, not_by from case_waits where case_no = $1
        order by step, role";
    ALL_WAITS = "select w.case_no, w.step, w.role, w.area, w.owner, w.not_by from case_waits w
        where w.area >= $1 and w.area < $2 order by w.case_no, w.step, w.role";
    FORGET_WAITS = "delete from case_waits where case_no = $1";
    ADD_WAIT = "insert into case_waits (case_no, step, role, area, owner, not_by, due)
        values ($1, $2, $3, $4, $5, $6, $7)";
}

/// What follows every day: a case without a due day stands after all that have one.
const NO_DUE: &str = "9999-12-31";

/// Who may do an open step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The step.
    pub step: String,
    /// The role.
    pub role: String,
    /// Where.
    pub area: AreaCode,
    /// The one official it was handed to; empty for any.
    pub owner: String,
    /// Accounts that must not do it because of what they did before, with 、 between.
    pub not_by: String,
}

/// Who may do the open steps of a case.
pub async fn waits(on: &impl Reads, no: CaseNo) -> Result<Vec<Wait>> {
    let found = on.rows(WAITS, vec![no.get().into()]).await?;
    found.iter().map(|row| wait(row, 0)).collect()
}

/// Who may do the open steps of all cases of a place and all inside it, by case.
pub async fn all_waits(on: &impl Reads, area: Option<&AreaCode>) -> Result<Vec<(CaseNo, Wait)>> {
    let (from, below) = range(area);
    let found = on.rows(ALL_WAITS, vec![from, below]).await?;
    found
        .iter()
        .map(|row| Ok((CaseNo::new(row.int(0)?), wait(row, 1)?)))
        .collect()
}

fn wait(row: &Row, first: usize) -> Result<Wait> {
    Ok(Wait {
        step: row.text(first)?,
        role: row.text(first.saturating_add(1))?,
        area: row.area(first.saturating_add(2))?,
        owner: row.text(first.saturating_add(3))?,
        not_by: row.text(first.saturating_add(4))?,
    })
}

/// Writes them anew; a closed case waits for nobody.
pub(super) async fn keep_waits(tx: &JournalTx, no: i64, current: &Current) -> Result<()> {
    tx.execute(FORGET_WAITS, vec![no.into()]).await?;
    if current.outcome.is_some() {
        return Ok(());
    }
    let due = current
        .due
        .map_or_else(|| NO_DUE.to_owned(), |d| d.to_string());
    let sets = current.waits.iter().map(|wait| {
        vec![
            no.into(),
            wait.step.as_str().into(),
            wait.role.as_str().into(),
            wait.area.full().into(),
            wait.owner.as_str().into(),
            wait.not_by.as_str().into(),
            due.as_str().into(),
        ]
    });
    tx.execute_each(ADD_WAIT, sets.collect()).await?;
    Ok(())
}
