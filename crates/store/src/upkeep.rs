//! 补做: what is worked out once over a record that an older program kept, so that it is not done at every opening.

use crate::at::At;
use crate::error::Result;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};

statements! {
    FIND = "select at from upkeep where name = $1";
    ADD = "insert into upkeep (name, at) values ($1, $2)";
}

/// Whether something was done already.
pub async fn is_done(on: &impl Reads, name: &str) -> Result<bool> {
    let rows = on.rows(FIND, vec![name.into()]).await?;
    Ok(!rows.is_empty())
}

/// Writes down that it was done, in the write that does it; the database refuses a second time.
pub async fn done(tx: &mut JournalTx, at: &At, name: &str) -> Result<()> {
    tx.execute(ADD, vec![name.into(), at.into()]).await?;
    Ok(())
}
