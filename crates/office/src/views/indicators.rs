//! 指标: what is counted, area by area and group by group, and whom a figure counts.

use serde::Serialize;

use super::{Behind, Choice, Page};

/// What a figure can be besides a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FigureState {
    /// It is told.
    Told,
    /// 不公布: so few stand behind it that they could be recognised.
    Hidden,
    /// 没有数据来源: nobody has sent what it is counted from.
    NoSource,
    /// 不适用: nobody is there to be counted.
    NotApplicable,
}

/// A figure in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FigureValue {
    /// `35.20%`, `412.50 元/人月`, or why there is none.
    pub text: String,
    /// What it is.
    pub state: FigureState,
    /// 分子.
    pub part: Option<String>,
    /// 分母.
    pub whole: Option<String>,
    /// Of how many nobody knows; none where it is not told.
    pub unknown: Option<u64>,
}

/// What a figure says of itself.
#[derive(Clone, Debug, Serialize)]
pub struct IndicatorWords {
    /// 分子.
    pub part: String,
    /// 分母.
    pub whole: String,
    /// 单位.
    pub unit: String,
    /// 来源.
    pub source: String,
    /// 频次.
    pub period: String,
    /// 层级.
    pub levels: String,
    /// 依据 and 出处.
    pub basis: String,
}

/// A figure in the list.
#[derive(Clone, Debug, Serialize)]
pub struct IndicatorRow {
    /// `coverage.低保覆盖面`.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it says of itself.
    pub words: IndicatorWords,
    /// The whole place.
    pub now: FigureValue,
    /// The reader's own places, where they are not the whole.
    pub own: Option<FigureValue>,
    /// The month before; none where nobody counted it.
    pub last_month: Option<FigureValue>,
    /// The same month a year ago; none where nobody counted it.
    pub last_year: Option<FigureValue>,
}

/// The figures of one file of the rulebook.
#[derive(Clone, Debug, Serialize)]
pub struct IndicatorFile {
    /// Its title.
    pub title: String,
    /// Its file.
    pub rule: Behind,
    /// Its figures.
    pub rows: Vec<IndicatorRow>,
}

/// All figures of a month.
#[derive(Clone, Debug, Serialize)]
pub struct IndicatorList {
    /// The month.
    pub month: String,
    /// Months to choose from, newest first.
    pub months: Vec<Choice>,
    /// The whole place, e.g. 示例县.
    pub place: String,
    /// Fewer than so many are not told outside one's own places.
    pub least: u64,
    /// File by file.
    pub files: Vec<IndicatorFile>,
}

/// Which rows behind a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FigurePart {
    /// 分子.
    Counted,
    /// 分母.
    Among,
    /// In the denominator and not in the numerator.
    Rest,
    /// 不知道.
    Unknown,
}

impl FigurePart {
    /// Every part.
    pub const ALL: [Self; 4] = [Self::Counted, Self::Among, Self::Rest, Self::Unknown];

    /// How an address names it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Counted => "counted",
            Self::Among => "among",
            Self::Rest => "rest",
            Self::Unknown => "unknown",
        }
    }

    /// What an official reads.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Counted => "分子",
            Self::Among => "分母",
            Self::Rest => "在分母不在分子",
            Self::Unknown => "不知道",
        }
    }

    /// The part an address names.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.code() == code)
    }
}

/// A list behind a figure.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FigureRowsAsk {
    /// The figure.
    pub id: String,
    /// The month; the newest without.
    pub month: Option<String>,
    /// Which rows; the numerator without.
    pub part: Option<FigurePart>,
    /// Code of an area.
    pub area: Option<String>,
    /// The quantity groups are told apart by, and the value: `城乡:农村`.
    pub group: Option<String>,
    /// The page.
    pub cursor: Option<String>,
}

/// A way to the rows behind a figure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FigureLink {
    /// 分子 12 户.
    pub text: String,
    /// Which rows.
    pub ask: FigureRowsAsk,
}

/// A measure of poverty or inequality in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SpreadText {
    /// 基尼系数.
    pub name: &'static str,
    /// `0.3312`, or 无.
    pub value: String,
}

/// A figure of an area.
#[derive(Clone, Debug, Serialize)]
pub struct AreaFigure {
    /// Its code; empty for those nobody could place further.
    pub code: String,
    /// Its name.
    pub name: String,
    /// 县, 乡镇, 村.
    pub level: String,
    /// How far it stands below the whole place.
    pub depth: usize,
    /// Whether it is one of the reader's own places.
    pub own: bool,
    /// The figure.
    pub value: FigureValue,
    /// Poverty and inequality.
    pub spread: Vec<SpreadText>,
    /// Whom it counts, in one's own places.
    pub links: Vec<FigureLink>,
}

/// A figure of a group.
#[derive(Clone, Debug, Serialize)]
pub struct GroupFigure {
    /// The value: 农村.
    pub label: String,
    /// Of the whole place.
    pub value: FigureValue,
    /// Of the reader's own places, where they are not the whole.
    pub own: Option<FigureValue>,
    /// Poverty and inequality.
    pub spread: Vec<SpreadText>,
    /// Whom it counts, in one's own places.
    pub links: Vec<FigureLink>,
}

/// The groups of one quantity.
#[derive(Clone, Debug, Serialize)]
pub struct GroupTable {
    /// The quantity: 城乡.
    pub title: String,
    /// Its values.
    pub rows: Vec<GroupFigure>,
}

/// One figure with its areas and groups.
#[derive(Clone, Debug, Serialize)]
pub struct IndicatorView {
    /// The month.
    pub month: String,
    /// Months to choose from, newest first.
    pub months: Vec<Choice>,
    /// Its file.
    pub rule: Behind,
    /// The file's title.
    pub file: String,
    /// 户, 人 or 处.
    pub unit: String,
    /// The figure.
    pub row: IndicatorRow,
    /// Fewer than so many are not told outside one's own places.
    pub least: u64,
    /// Area by area.
    pub areas: Vec<AreaFigure>,
    /// Group by group.
    pub groups: Vec<GroupTable>,
    /// Desk by desk, for figures of places, to those who oversee them.
    pub desks: Vec<DeskFigure>,
}

/// What one official has on the desk.
#[derive(Clone, Debug, Serialize)]
pub struct DeskFigure {
    /// Name shown to colleagues.
    pub who: String,
    /// The account.
    pub login: String,
    /// The township or county served.
    pub place: String,
    /// Open visits given to this official.
    pub visits: i64,
    /// Open cases whose next step was handed to this official.
    pub cases: i64,
    /// The figure of a place with this one official and nothing else to do.
    pub value: FigureValue,
}

/// One of those a figure counts.
#[derive(Clone, Debug, Serialize)]
pub struct FigureRow {
    /// 王*英户.
    pub subject: String,
    /// Its file.
    pub about: Behind,
    /// Township and village.
    pub place: String,
}

/// Whom a figure counts.
#[derive(Clone, Debug, Serialize)]
pub struct FigureRows {
    /// The list as understood.
    pub ask: FigureRowsAsk,
    /// The figure's name.
    pub name: String,
    /// What the list is: 分子:当月在低保名册上的居民.
    pub about: String,
    /// Where, and of which group.
    pub place: String,
    /// 户 or 人.
    pub unit: String,
    /// The rows.
    pub page: Page<FigureRow>,
}
