//! 接上: the door and the desk under the version of the rulebook that was signed since they were opened. Who
//! is signed in stays so, and nobody's tries are forgotten.

use super::Access;
use crate::desk::Desk;
use crate::error::{OfficeError, Result};
use crate::views::Views;
use std::sync::Arc;

impl Access {
    /// The door and the desk under the version in force, beside these; none while these are of it. What was
    /// begun with these goes on with them.
    ///
    /// # Errors
    /// The version's texts or access rules cannot be used; then these stay.
    pub async fn followed(&self) -> Result<Option<(Arc<Self>, Arc<dyn Views>)>> {
        let Some(office) = self.office.succeeded().await? else {
            return Ok(None);
        };
        let office = Arc::new(office);
        let read = office.access_book();
        let book = read.map_err(|wrong| OfficeError::Rulebook {
            count: wrong.len(),
            first: wrong.into_iter().next().unwrap_or_default(),
        })?;
        let next = Self {
            office: Arc::clone(&office),
            book: Arc::new(book),
            watch: self.watch.clone(),
            seen: Arc::clone(&self.seen),
            counters: Arc::clone(&self.counters),
            visits: Arc::clone(&self.visits),
            calls: Arc::clone(&self.calls),
            confirmed: Arc::clone(&self.confirmed),
            reveals: Arc::clone(&self.reveals),
            turns: Arc::clone(&self.turns),
        };
        let views = Desk::open_for_pages(office).await?;
        Ok(Some((Arc::new(next), views)))
    }
}
