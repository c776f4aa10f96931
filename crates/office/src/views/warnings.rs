//! 预警: the list, one warning, and the way back from it to the row of a department's file.

use serde::Serialize;

use super::{Behind, Choice, ExplainLine, FactView, Page, Tone, Word};

/// Which warnings; a field that is not set does not narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WarningFilter {
    /// Code of a township.
    pub township: Option<String>,
    /// Id of a kind, i.e. of a file in `warnings/`.
    pub kind: Option<String>,
    /// Id of a programme.
    pub programme: Option<String>,
    /// Where the warning stands.
    pub state: Option<WarningState>,
    /// The month it was raised in.
    pub month: Option<String>,
    /// The page, as [`Page::next`] gave it.
    pub cursor: Option<String>,
}

/// Where a warning stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningState {
    /// 待处置.
    Open,
    /// 已派单.
    Assigned,
    /// 核实属实.
    Confirmed,
    /// 不属实.
    Refuted,
    /// 已消除: the trigger no longer holds.
    Lapsed,
}

/// A kind of warning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KindView {
    /// Its id.
    pub id: String,
    /// Its name, e.g. 应享未享.
    pub title: String,
    /// How urgent this kind is.
    pub tone: Tone,
}

/// One page of warnings with the filter that made it.
#[derive(Clone, Debug, Serialize)]
pub struct WarningList {
    /// The filter as understood.
    pub filter: WarningFilter,
    /// Townships to choose from.
    pub townships: Vec<Choice>,
    /// Kinds to choose from.
    pub kinds: Vec<Choice>,
    /// Programmes to choose from.
    pub programmes: Vec<Choice>,
    /// Months to choose from, newest first.
    pub months: Vec<Choice>,
    /// The rows.
    pub page: Page<WarningRow>,
}

/// One line of the list.
#[derive(Clone, Debug, Serialize)]
pub struct WarningRow {
    /// Its id.
    pub id: i64,
    /// Its kind.
    pub kind: KindView,
    /// Where it stands.
    pub state: WarningState,
    /// How urgent, 0–100, on one scale for all rules.
    pub urgency: u8,
    /// Whom it is about, masked, e.g. 王*英.
    pub subject: String,
    /// Their household or person.
    pub about: Behind,
    /// Village and township, e.g. 城东街道 · 河湾村.
    pub place: String,
    /// The programme concerned, e.g. 最低生活保障.
    pub programme: Option<String>,
    /// Why, in one sentence.
    pub reason: String,
    /// Money at stake, e.g. `1,240.00 元/月`.
    pub amount: Option<String>,
    /// The month it was raised in.
    pub month: String,
}

/// One warning, whole.
#[derive(Clone, Debug, Serialize)]
pub struct WarningView {
    /// Whether its steps are here: those of a warning that is over are made when they are asked for.
    pub explained: bool,
    /// Its line in the list.
    pub row: WarningRow,
    /// What to do next, and who, e.g. 15 个工作日内入户核实.
    pub advice: String,
    /// The rule that raised it.
    pub rule: Behind,
    /// Its title and version, e.g. 预警 应享未享 · 2026-07-01 起施行.
    pub rule_title: String,
    /// Step by step: what the rule itself says.
    pub lines: Vec<ExplainLine>,
    /// The steps of other files it rests on, down to the facts, file by file.
    pub beneath: Vec<ExplainPart>,
    /// The facts it rests on, with their sources.
    pub facts: Vec<FactView>,
    /// Rows of departments' files that caused it.
    pub causes: Vec<Cause>,
    /// From the warning back to the file, one record a step.
    pub trace: Vec<TraceStep>,
    /// What was done about it, newest first.
    pub events: Vec<WarningEvent>,
    /// Other warnings of the same door.
    pub others: Vec<WarningRow>,
}

/// The steps of one file beneath an explanation.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainPart {
    /// The file's title.
    pub title: String,
    /// Its steps.
    pub lines: Vec<ExplainLine>,
}

/// A row of a department's file.
#[derive(Clone, Debug, Serialize)]
pub struct Cause {
    /// The feed, e.g. 死亡登记 · 公安局.
    pub feed: String,
    /// Its batch.
    pub batch: i64,
    /// The file's name.
    pub file: String,
    /// 1-based data row.
    pub row: u64,
    /// What the row says, masked.
    pub says: String,
    /// How the row was linked to the person, e.g. 证件号一致 · 确定.
    pub link: Word,
}

/// One record on the way back.
#[derive(Clone, Debug, Serialize)]
pub struct TraceStep {
    /// What it is: 预警 判定 事实 关联 来文行 批次.
    pub what: String,
    /// Its record number, as `doudi trace` takes it.
    pub record: String,
    /// What it says.
    pub says: String,
    /// When it was written.
    pub at: String,
    /// What can be opened.
    pub behind: Behind,
}

/// Something done about a warning.
#[derive(Clone, Debug, Serialize)]
pub struct WarningEvent {
    /// When.
    pub at: String,
    /// Who; the machine is 系统.
    pub by: String,
    /// What, with the reason.
    pub did: String,
}

impl WarningState {
    /// Every state in the order of a warning's life.
    pub const ALL: [WarningState; 5] = [
        WarningState::Open,
        WarningState::Assigned,
        WarningState::Confirmed,
        WarningState::Refuted,
        WarningState::Lapsed,
    ];

    /// As an address carries it.
    pub fn code(self) -> &'static str {
        match self {
            WarningState::Open => "open",
            WarningState::Assigned => "assigned",
            WarningState::Confirmed => "confirmed",
            WarningState::Refuted => "refuted",
            WarningState::Lapsed => "lapsed",
        }
    }

    /// The state an address carries.
    pub fn from_code(code: &str) -> Option<WarningState> {
        WarningState::ALL
            .into_iter()
            .find(|state| state.code() == code)
    }

    /// The office's word.
    pub fn word(self) -> &'static str {
        match self {
            WarningState::Open => "待处置",
            WarningState::Assigned => "已派单",
            WarningState::Confirmed => "核实属实",
            WarningState::Refuted => "不属实",
            WarningState::Lapsed => "已消除",
        }
    }

    /// How it is to be felt.
    pub fn tone(self) -> Tone {
        match self {
            WarningState::Open => Tone::Notice,
            WarningState::Assigned | WarningState::Confirmed => Tone::Calm,
            WarningState::Refuted | WarningState::Lapsed => Tone::Good,
        }
    }
}
