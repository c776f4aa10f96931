//! Closed cases, and how they ended where an older program wrote it otherwise.

use super::{CLOSED, CaseRow, rows};
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use domain::CaseNo;

statements! {
    END_AS = "update cases set outcome = $1 where case_no = $2 and last_seq = $3 and state = 'closed'";
}

/// Closed cases, by number, after one (0 for the first).
pub async fn list_closed(on: &impl Reads, after: i64, limit: u32) -> Result<Vec<CaseRow>> {
    rows(on.rows(CLOSED, vec![after.into(), limit.into()]).await?)
}

/// Writes how a closed case ended anew, worked out from its events.
pub async fn end_as(tx: &mut JournalTx, no: CaseNo, seen: i64, outcome: &str) -> Result<()> {
    let values = vec![outcome.into(), no.get().into(), seen.into()];
    match tx.execute(END_AS, values).await? {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "办结的个案",
            id: no.get(),
        }),
    }
}
