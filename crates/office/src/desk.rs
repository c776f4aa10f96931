//! 经办台: answers every page from the record, the lake and the rules; it changes nothing.
//!
//! Judged months and the list of warnings are kept at hand and read anew when the record has grown.
//! What is not known stays unknown: a page that cannot be answered says so.

mod areas;
mod assessments;
mod batch;
mod casework;
mod channels;
mod clusters;
mod errors_book;
mod explained;
mod facts;
mod feeds;
mod handling;
mod health;
mod household;
mod indicators;
mod ledger;
pub mod matters;
mod month;
mod names;
mod overview;
mod owners;
mod paging;
mod payments;
mod preview;
mod procedures;
mod programmes;
mod report;
mod results;
mod rulebook;
mod search;
mod traces;
mod trial;
mod trial_curve;
mod trial_months;
mod trial_pdf;
mod warnings;
mod whatif;

pub(crate) use batch::refusal as refusal_row;
pub(crate) use errors_book::of as errors_of;
pub(crate) use facts::row_words;
pub(crate) use feeds::{counts as counts_of, state as state_of};
pub(crate) use paging::{grouped, minute, minute_of};
pub use report::report_pdf;
pub use trial::{measures as trial_measures, without_names as trial_without_names};
pub use trial_pdf::trial_pdf;

use crate::access::{Acting, Right};
use crate::error::OfficeError;
use crate::office::Office;
use crate::views::{
    AffectedList, Answer, AreaAsk, AreaTree, AssessmentFilter, AssessmentList, Download,
    FeedBatchView, FeedList, FigureRows, FigureRowsAsk, HandlingAsk, HandlingList, HandlingView,
    HealthView, HouseholdFile, IndicatorList, IndicatorView, LineAsk, LinePage, Overview,
    PersonFile, Place, ProgrammeFilter, ProgrammeList, RulePage, RulebookIndex, SearchAsk,
    SearchResult, ViewError, Views, WarningFilter, WarningList, WarningView, WhatIf, WhatIfAsk,
};
use domain::Month;
use ledger::Record;
use month::Months;
use rulebook::Tried;
use std::sync::{Arc, PoisonError, RwLock};

/// How often a server looks whether a day has begun.
const HOUR: std::time::Duration = std::time::Duration::from_secs(3_600);

/// 经办台.
pub struct Desk {
    office: Arc<Office>,
    tried: tokio::sync::OnceCell<Tried>,
    rulebook: String,
    months: Months,
    /// Whose the rows of the batches are that were asked for.
    owners: tokio::sync::Mutex<owners::Shelf>,
    figures: indicators::Shelf,
    assessed: assessments::Shelf,
    trials: whatif::Trials,
    guide: crate::guide::Shelf,
    /// Whom a name finds; read when the pages open, and on with every search.
    people: tokio::sync::Mutex<store::name_index::NameIndex>,
    /// The lists, and how far the chain had grown when they were last found to hold.
    record: tokio::sync::Mutex<Option<(i64, Arc<Record>)>>,
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
    /// Opens the desk: judges the newest month.
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
                && let Err(error) = overview::warm(&desk).await
            {
                tracing::warn!(%error, "the charts are not at hand yet");
            }
        });
        let waiting = Arc::downgrade(&desk);
        tokio::spawn(async move {
            if let Some(desk) = waiting.upgrade() {
                let read = desk.people.lock().await.refresh(&desk.office.store).await;
                if let Err(error) = read {
                    tracing::warn!(%error, "the names are not at hand yet");
                }
            }
        });
        // A server runs for weeks: the head of the audit chain is kept outside on each of its days.
        let kept = Arc::downgrade(&desk);
        tokio::spawn(async move {
            let mut hours = tokio::time::interval(HOUR);
            loop {
                hours.tick().await;
                let Some(desk) = kept.upgrade() else { return };
                if let Err(error) = crate::audit::keep_daily(&desk.office).await {
                    tracing::error!(%error, "the head of the audit chain was not kept");
                }
            }
        });
        Ok(desk)
    }

    async fn ready(office: Arc<Office>) -> crate::error::Result<Self> {
        let desk = Self {
            rulebook: rulebook::digest(&office.book),
            office,
            tried: tokio::sync::OnceCell::new(),
            months: Months::default(),
            owners: tokio::sync::Mutex::default(),
            figures: indicators::Shelf::default(),
            assessed: assessments::Shelf::default(),
            trials: whatif::Trials::default(),
            guide: crate::guide::Shelf::default(),
            people: tokio::sync::Mutex::default(),
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

    /// The rulebook tried, when somebody looks at it for the first time: not everybody who opens a desk does.
    async fn tried(&self) -> Result<&Tried, ViewError> {
        let office = Arc::clone(&self.office);
        let run = || async move {
            let ran =
                tokio::task::spawn_blocking(move || Tried::of(&office.book, &office.locality));
            let failed = |e| ViewError::Failed(format!("规则案例没有跑完:{e}"));
            ran.await.map_err(failed)
        };
        self.tried.get_or_try_init(run).await
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
        match error.is_of_storage() {
            true => Self::Storage(error.to_string()),
            false => Self::Failed(error.to_string()),
        }
    }
}

impl From<engine::EngineError> for ViewError {
    fn from(error: engine::EngineError) -> Self {
        // A full disk comes wrapped by whoever was writing to it.
        OfficeError::from(error).into()
    }
}

impl From<OfficeError> for ViewError {
    fn from(error: OfficeError) -> Self {
        match error {
            OfficeError::NoRegister(_) | OfficeError::Outdated(_) => {
                Self::NotAnswerable(error.to_string())
            }
            OfficeError::NotFound(said) => Self::NotFound(said),
            OfficeError::Storage(said) => Self::Storage(said),
            OfficeError::Store(error) => error.into(),
            OfficeError::Engine(_)
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

    fn overview<'a>(&'a self, who: &'a Acting, month: Option<String>) -> Answer<'a, Overview> {
        Box::pin(async move {
            let scope = who.scope(Right::OVERVIEW)?;
            overview::overview(self, who, &scope, month).await
        })
    }

    fn warnings<'a>(&'a self, who: &'a Acting, filter: WarningFilter) -> Answer<'a, WarningList> {
        Box::pin(async move {
            let scope = who.scope(Right::WARNING)?;
            warnings::list(self, &scope, filter).await
        })
    }

    fn warning<'a>(&'a self, who: &'a Acting, id: i64, explain: bool) -> Answer<'a, WarningView> {
        Box::pin(async move {
            let scope = who.scope(Right::WARNING)?;
            warnings::one(self, (who, &scope), id, explain).await
        })
    }

    fn programme<'a>(
        &'a self,
        who: &'a Acting,
        filter: ProgrammeFilter,
    ) -> Answer<'a, ProgrammeList> {
        Box::pin(async move {
            let scope = who.scope(Right::ROLL)?;
            programmes::list(self, &scope, filter).await
        })
    }

    fn assessments<'a>(
        &'a self,
        who: &'a Acting,
        filter: AssessmentFilter,
    ) -> Answer<'a, AssessmentList> {
        Box::pin(async move {
            let scope = who.scope(Right::ROLL)?;
            assessments::list(self, &scope, filter).await
        })
    }

    fn household<'a>(
        &'a self,
        who: &'a Acting,
        id: i64,
        month: Option<String>,
    ) -> Answer<'a, HouseholdFile> {
        Box::pin(async move {
            let scope = who.scope(Right::HOUSEHOLD)?;
            household::file(self, who, &scope, id, month).await
        })
    }

    fn person<'a>(
        &'a self,
        who: &'a Acting,
        id: i64,
        month: Option<String>,
    ) -> Answer<'a, PersonFile> {
        Box::pin(async move {
            let scope = who.scope(Right::HOUSEHOLD)?;
            household::person(self, who, &scope, id, month).await
        })
    }

    fn feeds<'a>(&'a self, who: &'a Acting) -> Answer<'a, FeedList> {
        Box::pin(async move {
            who.scope(Right::FEED)?;
            feeds::list(self).await
        })
    }

    fn batch<'a>(
        &'a self,
        who: &'a Acting,
        id: i64,
        cursor: Option<String>,
    ) -> Answer<'a, FeedBatchView> {
        Box::pin(async move {
            who.scope(Right::FEED)?;
            batch::view(self, id, cursor).await
        })
    }

    fn batch_errors<'a>(&'a self, who: &'a Acting, id: i64) -> Answer<'a, Download> {
        Box::pin(async move {
            who.scope(Right::FEED_EXPORT)?;
            errors_book::download(self, who, id).await
        })
    }

    fn rulebook<'a>(&'a self, who: &'a Acting) -> Answer<'a, RulebookIndex> {
        Box::pin(async move {
            who.scope(Right::RULEBOOK)?;
            rulebook::index(self).await
        })
    }

    fn rule<'a>(&'a self, who: &'a Acting, path: String) -> Answer<'a, RulePage> {
        Box::pin(async move {
            who.scope(Right::RULEBOOK)?;
            rulebook::page(self, &path).await
        })
    }

    fn whatif<'a>(&'a self, who: &'a Acting, ask: Option<WhatIfAsk>) -> Answer<'a, WhatIf> {
        Box::pin(async move {
            who.scope(Right::TRIAL)?;
            whatif::whatif(self, who, ask).await
        })
    }

    fn whatif_workbook<'a>(&'a self, who: &'a Acting, ask: WhatIfAsk) -> Answer<'a, Download> {
        Box::pin(async move {
            who.scope(Right::TRIAL)?;
            whatif::workbook(self, who, ask).await
        })
    }

    fn whatif_pdf<'a>(&'a self, who: &'a Acting, ask: WhatIfAsk) -> Answer<'a, Download> {
        Box::pin(async move {
            who.scope(Right::TRIAL)?;
            whatif::pdf(self, who, ask).await
        })
    }

    fn affected<'a>(
        &'a self,
        who: &'a Acting,
        version: i64,
        ask: crate::rulebook::AffectedAsk,
    ) -> Answer<'a, Option<AffectedList>> {
        Box::pin(async move {
            who.scope(Right::TRIAL)?;
            preview::affected(self, who, version, &ask).await
        })
    }

    fn indicators<'a>(
        &'a self,
        who: &'a Acting,
        month: Option<String>,
    ) -> Answer<'a, IndicatorList> {
        Box::pin(async move {
            let scope = who.scope(Right::OVERVIEW)?;
            indicators::list(self, &scope, month).await
        })
    }

    fn indicator<'a>(
        &'a self,
        who: &'a Acting,
        id: String,
        month: Option<String>,
    ) -> Answer<'a, IndicatorView> {
        Box::pin(async move {
            let scope = who.scope(Right::OVERVIEW)?;
            indicators::one(self, who, &scope, (&id, month)).await
        })
    }

    fn indicator_rows<'a>(&'a self, who: &'a Acting, ask: FigureRowsAsk) -> Answer<'a, FigureRows> {
        Box::pin(async move {
            let scope = who.scope(Right::ROLL)?;
            indicators::rows(self, &scope, ask).await
        })
    }

    fn handling<'a>(&'a self, who: &'a Acting, ask: HandlingAsk) -> Answer<'a, HandlingView> {
        Box::pin(async move {
            let scope = who.scope(Right::WARNING)?;
            handling::show(self, &scope, ask).await
        })
    }

    fn handling_rows<'a>(&'a self, who: &'a Acting, ask: HandlingAsk) -> Answer<'a, HandlingList> {
        Box::pin(async move {
            let scope = who.scope(Right::WARNING)?;
            handling::rows(self, &scope, ask).await
        })
    }

    fn line<'a>(&'a self, who: &'a Acting, ask: LineAsk) -> Answer<'a, LinePage> {
        Box::pin(async move {
            who.scope(Right::TRIAL)?;
            // Without a judged month the lines are told, and nobody can say whom they reach.
            let incomes = self.newest().await.ok();
            let incomes = incomes.map(|judgement| crate::line::Incomes::of(&judgement.data));
            Ok(crate::line::propose(&self.office, incomes.as_ref(), &ask)?)
        })
    }

    fn areas<'a>(&'a self, who: &'a Acting, ask: AreaAsk) -> Answer<'a, AreaTree> {
        Box::pin(async move {
            let scope = who.scope(Right::AREA)?;
            areas::tree(self, &scope, ask).await
        })
    }

    fn search<'a>(&'a self, who: &'a Acting, ask: SearchAsk) -> Answer<'a, SearchResult> {
        Box::pin(async move {
            let scope = who.scope(Right::SEARCH)?;
            search::search(self, &scope, ask).await
        })
    }

    fn payment_gaps<'a>(
        &'a self,
        who: &'a Acting,
        batch: i64,
    ) -> Answer<'a, crate::disbursement::RuleGaps> {
        Box::pin(async move {
            who.scope(Right::PAYMENT)?;
            payments::gaps(self, batch).await
        })
    }

    fn guide(&self) -> Option<Arc<crate::guide::Guide>> {
        let office = &self.office;
        self.guide
            .of(&office.book, &office.locality, office.clock.today())
    }

    fn family<'a>(
        &'a self,
        who: &'a Acting,
        ask: crate::views::casework::FamilyAsk,
    ) -> Answer<'a, crate::views::casework::Family> {
        Box::pin(async move {
            let scope = who.scope(Right::CASE_ACCEPT)?;
            casework::family(self, &scope, ask).await
        })
    }

    fn finds<'a>(
        &'a self,
        who: &'a Acting,
        household: i64,
    ) -> Answer<'a, crate::views::channels::FoundFor> {
        Box::pin(async move {
            let scope = who.scope(Right::FIND_PUSH)?;
            channels::finds(self, who, &scope, household).await
        })
    }

    fn hardship<'a>(
        &'a self,
        who: &'a Acting,
        person: domain::PersonId,
        programmes: Vec<String>,
    ) -> Answer<'a, crate::views::channels::Hardship> {
        Box::pin(async move {
            let scope = who.scope(Right::LOOKUP)?;
            channels::hardship(self, &scope, person, &programmes).await
        })
    }

    fn health<'a>(&'a self, who: &'a Acting) -> Answer<'a, HealthView> {
        Box::pin(async move {
            who.scope(Right::HEALTH)?;
            health::view(self).await
        })
    }
}

impl Desk {
    /// The line about what the version in force lacks for this program.
    fn missing(&self) -> Option<crate::rulebook::Missing> {
        self.office.missing()
    }

    /// A place of the demo county is made of invented people; its codes are issued to nobody.
    fn is_demo(&self) -> bool {
        self.shown().code.starts_with("99")
    }
}
