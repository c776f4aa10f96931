//! What a page may show: ready words and numbers, and the one door through which pages ask for them.
//!
//! Nothing here computes, queries or formats HTML. Names and numbers are masked before they arrive
//! in these structs; unknown is its own answer and never zero.

pub mod areas;
pub mod assessments;
pub mod casework;
pub mod channels;
pub mod feeds;
pub mod handling;
pub mod health;
pub mod household;
pub mod indicators;
pub mod line;
pub mod markdown;
pub mod overview;
pub mod preview;
pub mod programmes;
pub mod rule_text;
pub mod rulebook;
pub mod search;
pub mod warnings;
pub mod whatif;

use std::future::Future;
use std::pin::Pin;

use crate::access::Acting;
use domain::Day;
use serde::Serialize;

pub use areas::{AreaAsk, AreaFound, AreaHit, AreaRow, AreaTree};
pub use assessments::{
    AssessedRow, AssessedValue, AssessmentFilter, AssessmentList, AssessmentQuantity,
};
pub use feeds::{
    BatchState, ColumnQuality, DoubtfulRow, Download, FeedBatchView, FeedCell, FeedCounts,
    FeedList, FeedRow, ReasonCount, RefusalRow, RemarkRow,
};
pub use handling::{
    HandlingAsk, HandlingCount, HandlingList, HandlingPart, HandlingRow, HandlingView,
};
pub use health::{HealthCheck, HealthView};
pub use household::{
    AssessmentResult, Counted, Distance, ExplainLine, FactView, FoundRow, HistoryRow,
    HouseholdFile, LineKind, MemberView, PersonFile, ProgrammeResult, RollEntry, Verdict,
};
pub use indicators::{
    AreaFigure, DeskFigure, FigureLink, FigurePart, FigureRow, FigureRows, FigureRowsAsk,
    FigureState, FigureValue, GroupFigure, GroupTable, IndicatorFile, IndicatorList, IndicatorRow,
    IndicatorView, IndicatorWords, SpreadText,
};
pub use line::{
    LineAsk, LineCandidate, LineInput, LinePage, LineReach, LineSensitivity, LineTable,
};
pub use overview::{
    AssessmentRow, Figure, KindRow, Overview, ProgrammeMonth, ProgrammeRow, RunView, Todo,
    TownshipRow,
};
pub use preview::{AffectedList, AffectedRow};
pub use programmes::{ProgrammeFilter, ProgrammeList, Standing, StandingRow};
pub use rulebook::{
    Block, CaseRow, CaseTable, ListItem, RuleFileRow, RuleLine, RulePage, RulebookIndex,
    RulebookSection, Span, SpanKind,
};
pub use search::{SearchAsk, SearchResult, SearchRow};
pub use warnings::{
    Cause, ExplainPart, KindView, TraceStep, WarningEvent, WarningFilter, WarningList, WarningRow,
    WarningState, WarningView,
};
pub use whatif::{
    Cliff, CliffBucket, CurvePoint, ParameterChoice, WhatIf, WhatIfAsk, WhatIfCap, WhatIfChange,
    WhatIfCliffs, WhatIfCurve, WhatIfExcluded, WhatIfGroup, WhatIfHousehold, WhatIfMonth,
    WhatIfPoverty, WhatIfProgramme, WhatIfResult, WhatIfScenario,
};

/// The answer to a page: it arrives later, and may be an error an official can read.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, ViewError>> + Send + 'a>>;

/// Everything a page can ask of the office, always as somebody: the answer is within their rights and
/// their places. Nothing can be changed through it.
pub trait Views: Send + Sync + 'static {
    /// Where and when we are; shown on every page, so it must be at hand without waiting.
    fn place(&self) -> Place;
    /// 总览: what must be done now, and the numbers of the month (the newest without `month`).
    fn overview<'a>(&'a self, who: &'a Acting, month: Option<String>) -> Answer<'a, Overview>;
    /// 预警: one page of the list that a filter asks for, most urgent first.
    fn warnings<'a>(&'a self, who: &'a Acting, filter: WarningFilter) -> Answer<'a, WarningList>;
    /// One warning with its explanation, its causes and its trace.
    /// With `explain` the steps of a warning that is over are made, which judges its month anew.
    fn warning<'a>(&'a self, who: &'a Acting, id: i64, explain: bool) -> Answer<'a, WarningView>;
    /// 名册: the households or persons behind a programme's number.
    fn programme<'a>(
        &'a self,
        who: &'a Acting,
        filter: ProgrammeFilter,
    ) -> Answer<'a, ProgrammeList>;
    /// 家庭档案, as of a month (the newest without `month`).
    fn household<'a>(
        &'a self,
        who: &'a Acting,
        id: i64,
        month: Option<String>,
    ) -> Answer<'a, HouseholdFile>;
    /// A person; the page goes to the household's file where there is one.
    fn person<'a>(
        &'a self,
        who: &'a Acting,
        id: i64,
        month: Option<String>,
    ) -> Answer<'a, PersonFile>;
    /// 部门来文: what has arrived, month by month.
    fn feeds<'a>(&'a self, who: &'a Acting) -> Answer<'a, FeedList>;
    /// One batch with its quality and one page of its refusals.
    fn batch<'a>(
        &'a self,
        who: &'a Acting,
        id: i64,
        cursor: Option<String>,
    ) -> Answer<'a, FeedBatchView>;
    /// The error workbook of a batch, in the department's own template.
    fn batch_errors<'a>(&'a self, who: &'a Acting, id: i64) -> Answer<'a, Download>;
    /// The rulebook's table of contents.
    fn rulebook<'a>(&'a self, who: &'a Acting) -> Answer<'a, RulebookIndex>;
    /// One file of the rulebook, e.g. `policies/dibao.md`.
    fn rule<'a>(&'a self, who: &'a Acting, path: String) -> Answer<'a, RulePage>;
    /// 试算: the choices, and the result where something was asked.
    fn whatif<'a>(&'a self, who: &'a Acting, ask: Option<WhatIfAsk>) -> Answer<'a, WhatIf>;
    /// The same as a workbook, with every household that changes.
    fn whatif_workbook<'a>(&'a self, who: &'a Acting, ask: WhatIfAsk) -> Answer<'a, Download>;
    /// The same as PDF: what the page shows, naming nobody.
    fn whatif_pdf<'a>(&'a self, _who: &'a Acting, _ask: WhatIfAsk) -> Answer<'a, Download> {
        let said = "这里不能写 PDF".to_owned();
        Box::pin(std::future::ready(Err(ViewError::NotAnswerable(said))))
    }
    /// 影响预览: the households a proposed version of the rulebook reaches; none while they are not at hand.
    fn affected<'a>(
        &'a self,
        _who: &'a Acting,
        _version: i64,
        _ask: crate::rulebook::AffectedAsk,
    ) -> Answer<'a, Option<AffectedList>> {
        Box::pin(std::future::ready(Ok(None)))
    }
    /// 指标: every figure of a month, within what may be told.
    fn indicators<'a>(
        &'a self,
        who: &'a Acting,
        month: Option<String>,
    ) -> Answer<'a, IndicatorList>;
    /// One figure, area by area and group by group.
    fn indicator<'a>(
        &'a self,
        who: &'a Acting,
        id: String,
        month: Option<String>,
    ) -> Answer<'a, IndicatorView>;
    /// Whom a figure counts, within the scope.
    fn indicator_rows<'a>(&'a self, who: &'a Acting, ask: FigureRowsAsk) -> Answer<'a, FigureRows>;
    /// 定线: candidate lines by six methods; proposes, never decides.
    fn line<'a>(&'a self, who: &'a Acting, ask: LineAsk) -> Answer<'a, LinePage>;
    /// An area with those directly below it (the place itself without `code`), or areas looked up.
    fn areas<'a>(&'a self, who: &'a Acting, ask: AreaAsk) -> Answer<'a, AreaTree>;
    /// Households, persons, warnings, places and rules that match the words.
    fn search<'a>(&'a self, who: &'a Acting, ask: SearchAsk) -> Answer<'a, SearchResult>;
    /// 与规则对照: what a batch pays beside what the rules of its month give.
    fn payment_gaps<'a>(
        &'a self,
        _who: &'a Acting,
        _batch: i64,
    ) -> Answer<'a, crate::disbursement::RuleGaps> {
        let said = "这里不能与规则对照".to_owned();
        Box::pin(async move { Err(ViewError::NotAnswerable(said)) })
    }
    /// 问政策: what residents may ask without signing in; none where the tables cannot be read.
    fn guide(&self) -> Option<std::sync::Arc<crate::guide::Guide>> {
        None
    }
    /// What is known of a family before an application is taken, and what is still to be asked. An office
    /// without judged months cannot tell.
    fn family<'a>(
        &'a self,
        _who: &'a Acting,
        _ask: casework::FamilyAsk,
    ) -> Answer<'a, casework::Family> {
        let said = "这里没有按月判断的数据,问题由窗口人工询问";
        Box::pin(std::future::ready(Err(ViewError::NotAnswerable(
            said.to_owned(),
        ))))
    }
    /// 政策找人: what the rules find for a household that it does not get.
    fn finds<'a>(&'a self, _who: &'a Acting, _household: i64) -> Answer<'a, channels::FoundFor> {
        let said = "这里没有按月判断的数据,不能找".to_owned();
        Box::pin(std::future::ready(Err(ViewError::NotAnswerable(said))))
    }
    /// 困难家庭查询: of these programmes, on which roll somebody or their household stands.
    fn hardship<'a>(
        &'a self,
        _who: &'a Acting,
        _person: domain::PersonId,
        _programmes: Vec<String>,
    ) -> Answer<'a, channels::Hardship> {
        let said = "这里没有按月判断的数据,不能查".to_owned();
        Box::pin(std::future::ready(Err(ViewError::NotAnswerable(said))))
    }
    /// 预警处置率 of a place within one's own; an office without a record of warnings cannot tell.
    fn handling<'a>(&'a self, _who: &'a Acting, _ask: HandlingAsk) -> Answer<'a, HandlingView> {
        let said = "这里没有预警登记,不能数".to_owned();
        Box::pin(std::future::ready(Err(ViewError::NotAnswerable(said))))
    }
    /// The list behind one of its numbers.
    fn handling_rows<'a>(
        &'a self,
        _who: &'a Acting,
        _ask: HandlingAsk,
    ) -> Answer<'a, HandlingList> {
        let said = "这里没有预警登记,不能数".to_owned();
        Box::pin(std::future::ready(Err(ViewError::NotAnswerable(said))))
    }
    /// 评估名单: who has which value of an assessment in a month.
    fn assessments<'a>(
        &'a self,
        _who: &'a Acting,
        _filter: AssessmentFilter,
    ) -> Answer<'a, AssessmentList> {
        let said = "这里没有按月判断的数据,没有评估名单".to_owned();
        Box::pin(std::future::ready(Err(ViewError::NotAnswerable(said))))
    }
    /// Whether the machine is well.
    fn health<'a>(&'a self, who: &'a Acting) -> Answer<'a, HealthView>;
}

/// Why a page cannot be shown; the message is for an official and names the next step.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// There is no such thing; says what was looked for.
    #[error("{0}")]
    NotFound(String),
    /// What was asked cannot be answered; says what to ask instead.
    #[error("{0}")]
    NotAnswerable(String),
    /// It may not be seen or done; says which right is missing or what stands against it.
    #[error("{0}")]
    Forbidden(String),
    /// The storage failed, or the line to it; says whether anything was kept, and what to do.
    #[error("{0}")]
    Storage(String),
    /// The machine failed; the text goes to the log and never to the page.
    #[error("{0}")]
    Failed(String),
}

impl ViewError {
    /// A household of one's own or of a near relative.
    pub(crate) fn kept_from() -> Self {
        Self::Forbidden(
            "这一户有您本人或者您的近亲属,按规定您要回避:不能看,也不能办;已经转给别的同事"
                .to_owned(),
        )
    }
}

/// The place and moment every page is about.
#[derive(Clone, Debug, Serialize)]
pub struct Place {
    /// Statistical code of the area this office answers for, e.g. `990101000000`.
    pub code: String,
    /// Its name, e.g. 演示县.
    pub name: String,
    /// Whether the people shown are invented.
    pub demo: bool,
    /// The office's clock, e.g. `2026-09-14 09:00`.
    pub now: String,
    /// The newest month that was judged, if any, e.g. `2026-08`.
    pub month: Option<String>,
}

/// How a state is to be felt; pages add a colour and an icon to the words, never colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// As it should be.
    Good,
    /// For information.
    Calm,
    /// Somebody should look at it soon.
    Notice,
    /// Somebody must act now.
    Urgent,
    /// Not known yet.
    Unknown,
}

/// A state in words.
#[derive(Clone, Debug, Serialize)]
pub struct Word {
    /// The office's own word, e.g. 待确认.
    pub text: String,
    /// How it is to be felt.
    pub tone: Tone,
}

impl Word {
    /// A day something is to be done by, as every list says it.
    pub(crate) fn due(due: Option<Day>, today: Day) -> Self {
        let (text, tone) = match due {
            None => ("没有期限".to_owned(), Tone::Unknown),
            Some(due) if due < today => (format!("{due} 已逾期"), Tone::Urgent),
            Some(due) if due == today => ("今日到期".to_owned(), Tone::Notice),
            Some(due) => (format!("{due} 前"), Tone::Calm),
        };
        Self { text, tone }
    }
}

/// ✓, ✗ or ？: the three answers of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// ✓ it holds.
    Holds,
    /// ✗ it does not hold.
    Fails,
    /// ？ a fact is missing.
    Unknown,
}

/// What stands behind a number or a name, for the page to link to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Behind {
    /// Nothing can be opened.
    Nothing,
    /// The warnings a filter selects; their total equals the number shown.
    Warnings(WarningFilter),
    /// One warning.
    Warning(i64),
    /// The roll or result list of a programme; its total equals the number shown.
    Programme(ProgrammeFilter),
    /// The list of a value of an assessment; its total equals the number shown.
    Assessment(AssessmentFilter),
    /// A household's file.
    Household(i64),
    /// A person.
    Person(i64),
    /// All feeds.
    Feeds,
    /// One batch.
    Batch(i64),
    /// The rows whose person is in doubt.
    Doubts,
    /// One of them.
    Doubt(i64),
    /// A file of the rulebook, by its path.
    Rule(String),
    /// An area, by its code.
    Area(String),
    /// The areas of the place.
    Areas,
}

/// A number and the list it counts.
#[derive(Clone, Debug, Serialize)]
pub struct Count {
    /// The number.
    pub value: u64,
    /// The list behind it.
    pub behind: Behind,
}

/// A choice in a filter.
#[derive(Clone, Debug, Serialize)]
pub struct Choice {
    /// What the address carries.
    pub value: String,
    /// What the official reads.
    pub label: String,
}

/// One page of a list that is walked by keys, so that rows arriving meanwhile never shift it.
#[derive(Clone, Debug, Serialize)]
pub struct Page<T> {
    /// The rows of this page.
    pub rows: Vec<T>,
    /// How many rows the whole list has.
    pub total: u64,
    /// How many rows stand before this page.
    pub before: u64,
    /// The key of the page after this one.
    pub next: Option<String>,
    /// The key of the page before this one; the first page has the empty key.
    pub previous: Option<String>,
}
