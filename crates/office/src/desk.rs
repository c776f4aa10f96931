//! 经办台: answers every page from the record, the lake and the rules; it changes nothing.
//!
//! Judged months and the list of warnings are kept at hand and read anew when the record has grown.
//! What is not known stays unknown: a page that cannot be answered says so.

mod areas;
mod batch;
mod clusters;
mod errors_book;
mod explained;
mod facts;
mod feeds;
mod health;
mod household;
mod ledger;
mod month;
mod names;
mod overview;
mod paging;
mod programmes;
mod results;
mod rulebook;
mod search;
mod traces;
mod trial;
mod trial_curve;
mod warnings;
mod whatif;

use crate::error::OfficeError;
use crate::office::Office;
use crate::views::{
    Answer, AreaTree, Download, FeedBatchView, FeedList, HealthView, HouseholdFile, Overview,
    PersonFile, Place, ProgrammeFilter, ProgrammeList, RulePage, RulebookIndex, SearchResult,
    ViewError, Views, WarningFilter, WarningList, WarningView, WhatIf, WhatIfAsk,
};
use domain::Month;
use ledger::Record;
use month::Months;
use rules::cases::CaseResult;
use std::sync::{Arc, PoisonError, RwLock};

/// 经办台.
pub struct Desk {
    office: Arc<Office>,
    cases: Vec<CaseResult>,
    findings: Vec<String>,
    rulebook: String,
    months: Months,
    record: tokio::sync::Mutex<Option<Arc<Record>>>,
    shown: RwLock<Shown>,
}

/// What stands at the head of every page, at hand without waiting.
#[derive(Clone, Default)]
struct Shown {
    code: String,
    name: String,
    month: Option<Month>,
}

/// The answer of a page.
type Told<T> = Result<T, ViewError>;

impl Desk {
    /// Opens the desk: runs the rulebook's cases and judges the newest month.
    ///
    /// # Errors
    /// The record or the lake cannot be read.
    pub async fn open(office: Arc<Office>) -> crate::error::Result<Arc<dyn Views>> {
        Ok(Arc::new(Self::ready(office).await?))
    }

    /// The same for a server: the older months of the charts are judged in the background, so that
    /// the first page need not wait for them.
    ///
    /// # Errors
    /// The record or the lake cannot be read.
    pub async fn open_for_pages(office: Arc<Office>) -> crate::error::Result<Arc<dyn Views>> {
        let desk = Arc::new(Self::ready(office).await?);
        // The server may end before the months are judged; then nobody waits for them.
        let waiting = Arc::downgrade(&desk);
        tokio::spawn(async move {
            if let Some(desk) = waiting.upgrade()
                && let Err(error) = overview::overview(&desk, None).await
            {
                tracing::warn!(%error, "the charts are not at hand yet");
            }
        });
        Ok(desk)
    }

    async fn ready(office: Arc<Office>) -> crate::error::Result<Self> {
        let worker = Arc::clone(&office);
        let ran = tokio::task::spawn_blocking(move || {
            let cases = rules::cases::run_all(&worker.book, &worker.locality);
            (
                cases,
                rulebook::findings(&worker.book),
                rulebook::digest(&worker.book),
            )
        });
        let (cases, findings, rulebook) = ran
            .await
            .map_err(|e| OfficeError::Other(format!("规则案例没有跑完:{e}")))?;
        let desk = Self {
            office,
            cases,
            findings,
            rulebook,
            months: Months::default(),
            record: tokio::sync::Mutex::new(None),
            shown: RwLock::new(Shown::default()),
        };
        let opened = desk.record().await;
        opened.map_err(|e| OfficeError::Other(e.to_string()))?;
        // A month that cannot be judged is told by its own page; the desk opens all the same.
        if let Err(error) = desk.newest().await {
            tracing::warn!(%error, "the newest month is not at hand yet");
        }
        Ok(desk)
    }

    fn shown(&self) -> Shown {
        self.shown
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn show(&self, change: impl FnOnce(&mut Shown)) {
        change(&mut self.shown.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl From<store::StoreError> for ViewError {
    fn from(error: store::StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<engine::EngineError> for ViewError {
    fn from(error: engine::EngineError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<OfficeError> for ViewError {
    fn from(error: OfficeError) -> Self {
        match error {
            OfficeError::NoRegister(_) => Self::NotAnswerable(error.to_string()),
            OfficeError::NotFound(said) => Self::NotFound(said),
            OfficeError::Store(_)
            | OfficeError::Engine(_)
            | OfficeError::File { .. }
            | OfficeError::Rulebook { .. }
            | OfficeError::FileRefused(_)
            | OfficeError::FeedUnknown(_)
            | OfficeError::Other(_) => Self::Failed(error.to_string()),
        }
    }
}

impl Views for Desk {
    fn place(&self) -> Place {
        let shown = self.shown();
        Place {
            demo: self.is_demo(),
            code: shown.code,
            name: shown.name,
            now: self.office.clock.minute(),
            month: shown.month.map(|m| m.to_string()),
        }
    }

    fn overview(&self, month: Option<String>) -> Answer<'_, Overview> {
        Box::pin(overview::overview(self, month))
    }

    fn warnings(&self, filter: WarningFilter) -> Answer<'_, WarningList> {
        Box::pin(warnings::list(self, filter))
    }

    fn warning(&self, id: i64) -> Answer<'_, WarningView> {
        Box::pin(warnings::one(self, id))
    }

    fn programme(&self, filter: ProgrammeFilter) -> Answer<'_, ProgrammeList> {
        Box::pin(programmes::list(self, filter))
    }

    fn household(&self, id: i64, month: Option<String>) -> Answer<'_, HouseholdFile> {
        Box::pin(household::file(self, id, month))
    }

    fn person(&self, id: i64, month: Option<String>) -> Answer<'_, PersonFile> {
        Box::pin(household::person(self, id, month))
    }

    fn feeds(&self) -> Answer<'_, FeedList> {
        Box::pin(feeds::list(self))
    }

    fn batch(&self, id: i64, cursor: Option<String>) -> Answer<'_, FeedBatchView> {
        Box::pin(batch::view(self, id, cursor))
    }

    fn batch_errors(&self, id: i64) -> Answer<'_, Download> {
        Box::pin(errors_book::download(self, id))
    }

    fn rulebook(&self) -> Answer<'_, RulebookIndex> {
        Box::pin(std::future::ready(Ok(rulebook::index(self))))
    }

    fn rule(&self, path: String) -> Answer<'_, RulePage> {
        Box::pin(std::future::ready(rulebook::page(self, &path)))
    }

    fn whatif(&self, ask: Option<WhatIfAsk>) -> Answer<'_, WhatIf> {
        Box::pin(whatif::whatif(self, ask))
    }

    fn areas(&self, code: Option<String>) -> Answer<'_, AreaTree> {
        Box::pin(areas::tree(self, code))
    }

    fn search(&self, words: String) -> Answer<'_, SearchResult> {
        Box::pin(search::search(self, words))
    }

    fn health(&self) -> Answer<'_, HealthView> {
        Box::pin(health::view(self))
    }
}

impl Desk {
    /// A place of the demo county is made of invented people; its codes are issued to nobody.
    fn is_demo(&self) -> bool {
        self.shown().code.starts_with("99")
    }
}
