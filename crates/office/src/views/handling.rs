//! 预警处置率: a rate with its two numbers, from the county down to the list it counts.

use serde::Serialize;

use super::{Behind, Choice, Page, WarningRow};

/// Which of the warnings raised in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HandlingPart {
    /// All: 分母.
    Raised,
    /// Dealt with: 分子.
    Handled,
    /// Still open.
    Waiting,
    /// Open for too long.
    Late,
}

impl HandlingPart {
    /// Every part.
    pub const ALL: [Self; 4] = [Self::Raised, Self::Handled, Self::Waiting, Self::Late];

    /// How an address names it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Raised => "raised",
            Self::Handled => "handled",
            Self::Waiting => "waiting",
            Self::Late => "late",
        }
    }

    /// What an official reads.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Raised => "提出的预警",
            Self::Handled => "已经处置的",
            Self::Waiting => "还没有处置的",
            Self::Late => "超过时限还没有处置的",
        }
    }

    /// The part an address names.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.code() == code)
    }
}

/// What somebody asks to see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct HandlingAsk {
    /// The last month counted; this month without.
    pub month: Option<String>,
    /// Code of a place.
    pub area: Option<String>,
    /// Whether only those of the place are meant that stand in none below it.
    pub only: bool,
    /// Id of a kind.
    pub kind: Option<String>,
    /// Which list; of none without.
    pub part: Option<HandlingPart>,
    /// The page of the list.
    pub cursor: Option<String>,
}

/// A number and the list it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HandlingCount {
    /// How many.
    pub value: u64,
    /// The list.
    pub list: HandlingAsk,
}

/// The rate of a place or a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HandlingRow {
    /// Its name.
    pub name: String,
    /// One level further down, where there is one.
    pub down: Option<HandlingAsk>,
    /// `78.3%`; none where nothing was raised.
    pub rate: Option<String>,
    /// 分母.
    pub raised: HandlingCount,
    /// 分子.
    pub handled: HandlingCount,
    /// Still open.
    pub waiting: HandlingCount,
    /// Open for too long.
    pub late: HandlingCount,
}

/// 预警处置率 of a place.
#[derive(Clone, Debug, Serialize)]
pub struct HandlingView {
    /// What was asked, as understood.
    pub ask: HandlingAsk,
    /// Months to choose from, newest first.
    pub months: Vec<Choice>,
    /// Kinds to choose from.
    pub kinds: Vec<Choice>,
    /// `2026-09-01 至 2026-09-30`.
    pub period: String,
    /// As the record stands on this day.
    pub as_of: String,
    /// What counts as dealt with, in words.
    pub counts: String,
    /// Within how many days.
    pub days: i64,
    /// Where the parameters stand.
    pub rule: Behind,
    /// Places around this one that may be seen, the widest first.
    pub around: Vec<(String, HandlingAsk)>,
    /// The place.
    pub whole: HandlingRow,
    /// The places directly below it.
    pub places: Vec<HandlingRow>,
    /// Kind by kind.
    pub by_kind: Vec<HandlingRow>,
}

/// The list behind a number.
#[derive(Clone, Debug, Serialize)]
pub struct HandlingList {
    /// What was asked, as understood.
    pub ask: HandlingAsk,
    /// Where, in which time, and which.
    pub about: String,
    /// The rows.
    pub page: Page<WarningRow>,
}
