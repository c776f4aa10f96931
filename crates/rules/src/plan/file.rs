//! A checked file: what it defines, what it decides, what it hands on.

use super::{EntityId, Expr, FileId, ItemId, RelId, TextPart};
use domain::{AreaLevel, Day};

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// 政策
    Policy,
    /// 预警
    Warning,
    /// 评估
    Assessment,
    /// 指标
    Indicator,
    /// 来文
    Feed,
}

/// 每月, 每季, 每年, 每次.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// 月
    Month,
    /// 季
    Quarter,
    /// 年
    Year,
    /// 次
    Occasion,
}

/// A benefit and the statuses proposed when 符合.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The status.
    pub status: ItemId,
    /// The relation, for `给予 成员.低保`.
    pub relation: Option<RelId>,
    /// 当
    pub when: Option<Expr>,
    /// 起
    pub from: Option<Expr>,
    /// 止
    pub to: Option<Expr>,
}

/// What a warning asks for when it fires.
#[derive(Clone, Debug)]
pub struct Dispatch {
    /// The trigger's item.
    pub trigger: ItemId,
    /// 说明, may quote {names}.
    pub text: Vec<TextPart>,
    /// 派发: the procedure.
    pub procedure: String,
    /// 给: the role or place.
    pub to: String,
    /// 限 n 个工作日.
    pub working_days: u32,
    /// 静默 n 天.
    pub silent_days: Option<u32>,
    /// 紧急, in 分值.
    pub urgency: Option<Expr>,
}

/// 性质 x 随 y 不增|不减.
#[derive(Clone, Debug)]
pub struct Property {
    /// The quantity.
    pub item: ItemId,
    /// What it follows.
    pub along: ItemId,
    /// 不减 (true) or 不增.
    pub rising: bool,
}

/// 指标: a figure of a file, and what it says of itself.
#[derive(Clone, Debug)]
pub struct Measure {
    /// Its name.
    pub name: String,
    /// How it comes about.
    pub kind: MeasureKind,
    /// 分子, in words.
    pub part: String,
    /// 分母, in words.
    pub whole: String,
    /// 来源: where the facts come from.
    pub source: String,
    /// 层级: for which areas it is told.
    pub levels: Vec<AreaLevel>,
    /// 依据.
    pub cites: Vec<String>,
    /// 出处: a study or report that is no instrument.
    pub origin: String,
}

/// How a figure comes about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MeasureKind {
    /// 比率: the sum of the numerators by the sum of the denominators.
    Rate(ItemId),
    /// 分布: poverty and inequality of an income.
    Spread {
        /// The income.
        value: ItemId,
        /// 权数: how many persons live on it.
        weight: ItemId,
        /// The poverty line of each.
        line: ItemId,
        /// The share of the median that is the relative line.
        median: Option<ItemId>,
    },
}

/// A checked file.
#[derive(Clone, Debug)]
pub struct FilePlan {
    /// Its id: `dibao`.
    pub id: String,
    /// Its title, the first heading.
    pub title: String,
    /// Its path in the rulebook.
    pub path: String,
    /// What it is.
    pub kind: FileKind,
    /// What one result is about.
    pub entity: EntityId,
    /// How often.
    pub period: Period,
    /// First day of force.
    pub from: Day,
    /// Last day of force.
    pub to: Option<Day>,
    /// Its quantities in the order written: parameters, formulas, conditions, benefits, triggers.
    pub items: Vec<ItemId>,
    /// Its inputs (facts read with 输入).
    pub inputs: Vec<ItemId>,
    /// Its conditions in order.
    pub conditions: Vec<ItemId>,
    /// Its benefits in order, with the articles.
    pub benefits: Vec<(ItemId, Vec<String>)>,
    /// The item `file.符合`; present when it has conditions.
    pub verdict: Option<ItemId>,
    /// 给予.
    pub grants: Vec<Grant>,
    /// 触发.
    pub dispatches: Vec<Dispatch>,
    /// 性质.
    pub properties: Vec<Property>,
    /// 比率 and 分布, with their words.
    pub measures: Vec<Measure>,
    /// 按: the quantities figures are told apart by.
    pub groups: Vec<ItemId>,
    /// The relation of a feed's 行.
    pub rows: Option<RelId>,
    /// Files this one reads (through items).
    pub reads: Vec<FileId>,
}

/// One line of the interaction matrix.
#[derive(Clone, Debug)]
pub struct Exclusion {
    /// First file id.
    pub a: String,
    /// Second file id.
    pub b: String,
    /// How it is resolved.
    pub rule: ExclusionRule,
    /// The articles.
    pub cites: Vec<String>,
}

/// How two kinds of help that may not stand together are resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExclusionRule {
    /// 先 A: not B while A is held.
    First(String),
    /// 自选 fact: the one the fact names.
    Choice(String),
    /// 补差: only what exceeds A, never below 0.
    TopUp,
}
