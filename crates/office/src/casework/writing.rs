//! A write of the record, for whoever puts acts on cases into it.

use super::Done;
use crate::office::Office;
use store::JournalTx;

/// One write of the record, as an act on a case is part of it.
pub type Writing = JournalTx;

impl Office {
    /// Begins a write: acts on cases go into it, and all of it is kept or nothing.
    ///
    /// # Errors
    /// The record is busy or cannot be written.
    pub async fn begin(&self) -> Done<Writing> {
        Ok(self.store.write().await?)
    }

    /// Keeps a write with its acts.
    ///
    /// # Errors
    /// No act was recorded, or the record cannot be written.
    pub async fn end(&self, writing: Writing) -> Done<()> {
        writing.commit().await?;
        Ok(())
    }
}
