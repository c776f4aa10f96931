//! The checked form of the rules: what both evaluators walk. No name is left to look up.
//!
//! A `Program` is the set of rule files in force on one day, linked together. Every named
//! quantity — a fact, a status, a parameter, a formula, a condition, a verdict — is one `Item`;
//! items stand in an order in which each uses only earlier ones, apart from history (当时, 曾).

mod file;

pub use file::{
    Dispatch, Exclusion, ExclusionRule, FileKind, FilePlan, Grant, Measure, MeasureKind, Period,
    Property,
};

use crate::dict::Dict;
use crate::problem::Span;
use crate::unit::Unit;
use crate::value::{Rounding, Value};
use domain::Day;

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name(pub u32);
        impl $name {
            /// Place in its table.
            pub fn at(self) -> usize {
                usize::try_from(self.0).unwrap_or(usize::MAX)
            }
        }
    };
}
index!(
    /// A named quantity of the program.
    ItemId
);
index!(
    /// A rule file of the program.
    FileId
);
index!(
    /// An entity: 家庭, 个人, 地区, 事件.
    EntityId
);
index!(
    /// A relation: 成员, 义务人, or the rows of a feed.
    RelId
);
index!(
    /// An enumeration.
    EnumId
);

/// The type of a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Type {
    /// A number with its unit; money is kept in 分.
    Num(Unit),
    /// 是 or 否.
    Bool,
    /// A day.
    Day,
    /// One member of an enumeration.
    Enum(EnumId),
    /// Several members of an enumeration.
    Set(EnumId),
    /// An area code; only a key.
    Area,
}

/// Where the values of an item live.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Home {
    /// One value for each instance of the entity.
    Entity(EntityId),
    /// One value for each row of the relation (computed with the owner and the row at hand).
    Rows(RelId),
}

/// A named quantity.
#[derive(Clone, Debug)]
pub struct Item {
    /// Short name: `人均月收入`, or `计入` for `成员.计入`.
    pub name: String,
    /// Whole name: `household_means.人均月收入`, `composition.成员.计入`; a fact's own name.
    pub path: String,
    /// The file that defines it; none for facts, statuses and feed columns.
    pub file: Option<FileId>,
    /// Where its values live.
    pub home: Home,
    /// Its type.
    pub ty: Type,
    /// How it comes about.
    pub body: Body,
    /// Least and greatest possible value as a fraction's parts, when it is a number.
    pub bounds: Option<Bounds>,
    /// Where it is written.
    pub span: Span,
}

/// Bounds of a number in the machine's scale, kept as numerator and denominator apart,
/// by the convention both evaluators share: `a ± b` over lcm of constant denominators, else over
/// their product (the same denominator stays); `a × b` multiplies both; `a ÷ b` is `an·bd / ad·bn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Least numerator.
    pub num_min: i128,
    /// Greatest numerator.
    pub num_max: i128,
    /// Least denominator, at least 1.
    pub den_min: i128,
    /// Greatest denominator; equal to `den_min` when the denominator is constant.
    pub den_max: i128,
}

/// How an item comes about.
#[derive(Clone, Debug)]
pub enum Body {
    /// A fact of the month, from a feed, a visit or an application. Built-in: 地区, 城乡.
    Fact,
    /// A status (身份): 是, 否 or unknown on 基准日.
    Status,
    /// First day of a status; unknown where there is none.
    StatusStart(ItemId),
    /// Last day of a status; unknown where there is none or it is open.
    StatusEnd(ItemId),
    /// A column of a relation's rows (a feed's rows).
    Column,
    /// A dated number from the rule text or the locality.
    Param(Param),
    /// 计算 and 给付 (with `benefit`), exact unless a rounding is written.
    Formula {
        /// The formula.
        expr: Expr,
        /// The written rounding.
        rounding: Option<Rounding>,
    },
    /// 归类.
    Classify {
        /// The rows, in order.
        rows: Vec<ClassRow>,
        /// The value of 其余, when written.
        otherwise: Option<u16>,
        /// 取首个 (true) or 取每项 (false).
        first: bool,
    },
    /// 分项.
    Itemise {
        /// 取合计, 取最大 or by a parameter.
        mode: ItemiseMode,
        /// The rows, in order.
        rows: Vec<AmountRow>,
    },
    /// 条件.
    Condition {
        /// What must be true.
        expr: Expr,
        /// The articles.
        cites: Vec<String>,
        /// What the person is told when it is false; may quote {names}.
        otherwise: Vec<TextPart>,
    },
    /// `file.符合`: 不符合 if any condition is false; else 待查 if any is unknown; else 符合.
    Verdict(FileId),
    /// 触发 of a warning.
    Trigger {
        /// Fires only when true.
        expr: Expr,
    },
    /// 比率 of an indicator.
    Rate {
        /// Numerator.
        num: Expr,
        /// Denominator; 0 is 不适用 (unknown).
        den: Expr,
    },
}

/// 分项's mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemiseMode {
    /// 取合计
    Sum,
    /// 取最大
    Max,
    /// 取 <parameter>: an enumeration {取合计, 取最大} given by the place; member 0 is 取合计.
    ByParam(ItemId),
}

/// A row of 归类.
#[derive(Clone, Debug)]
pub struct ClassRow {
    /// The member of the enumeration.
    pub value: u16,
    /// When it holds.
    pub when: Expr,
    /// 说明.
    pub note: Option<String>,
}

/// A row of 分项.
#[derive(Clone, Debug)]
pub struct AmountRow {
    /// Its label.
    pub label: String,
    /// Its amount.
    pub amount: Expr,
    /// 当: a row whose 当 is false counts 0.
    pub when: Option<Expr>,
    /// 封顶.
    pub cap: Option<Expr>,
}

/// A piece of a text that may quote {names}.
#[derive(Clone, Debug)]
pub enum TextPart {
    /// Words.
    Words(String),
    /// The value of a quantity.
    Quote(Expr),
}

/// A parameter: where its numbers are looked up.
#[derive(Clone, Debug)]
pub struct Param {
    /// Its keys, in the order written after 按.
    pub keys: Vec<ParamKey>,
    /// Dated values written in the rule text or filled by the locality.
    pub values: Vec<ParamValue>,
}

/// A key of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParamKey {
    /// 地区: the nearest area upward that has the value.
    Area,
    /// An enumeration (城乡 and others).
    Enum(EnumId),
}

/// One dated number of a parameter.
#[derive(Clone, Debug)]
pub struct ParamValue {
    /// Area code it holds for (a prefix of the codes below it); empty for everywhere.
    pub area: String,
    /// Members of the enumeration keys in their order (area left out); `None` is 其余.
    pub keys: Vec<Option<u16>>,
    /// First day.
    pub from: Day,
    /// Last day, when closed.
    pub to: Option<Day>,
    /// The number, in the machine's scale.
    pub value: Value,
    /// Document, or 示例值.
    pub source: String,
}

impl Param {
    /// The value for an area and key members on a day: nearest area upward, exact member before
    /// 其余, then latest 起. `None` when nothing covers the day.
    pub fn lookup(&self, area: &str, keys: &[Option<u16>], day: Day) -> Option<&ParamValue> {
        self.values
            .iter()
            .filter(|v| area.starts_with(v.area.as_str()))
            .filter(|v| v.from <= day && v.to.is_none_or(|to| day <= to))
            .filter(|v| {
                v.keys.len() == keys.len()
                    && v.keys
                        .iter()
                        .zip(keys)
                        .all(|(have, want)| have.is_none() || have == want)
            })
            .max_by_key(|v| {
                (
                    v.area.len(),
                    v.keys.iter().filter(|k| k.is_some()).count(),
                    v.from,
                )
            })
    }
}

/// The constant denominator of a fact measured with decimals (比例, 平方米 …); other facts are
/// whole numbers, money in 分. A fact's `Item::bounds` says which.
pub const FACT_DEN: i128 = 10_000;

/// A typed expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it does.
    pub kind: ExprKind,
    /// Its type.
    pub ty: Type,
    /// Its bounds, when it is a number.
    pub bounds: Option<Bounds>,
    /// Where it is written.
    pub span: Span,
}

/// From where a reference reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// The instance the file is about (in a row: still the owner).
    Own,
    /// The row at hand: the row's own columns, or the facts of the person it leads to.
    Row,
    /// One step up: 本户 of a person. Unknown where there is none.
    Household,
    /// One step up: the area of the entity.
    Area,
}

/// The forms of an expression. Numbers compare and add only within one unit.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A literal.
    Literal(Value),
    /// A named day of the run: 基准日, 月初 …
    Moment(Moment),
    /// The value of an item.
    Ref(ItemId, Step),
    /// A parameter by its keys: one expression per `Param::keys`, `None` for 地区 (the owner's).
    Param(ItemId, Vec<Option<Expr>>),
    /// 非
    Not(Box<Expr>),
    /// 且
    And(Vec<Expr>),
    /// 或
    Or(Vec<Expr>),
    /// A comparison of two values of one type.
    Compare(Compare, Box<Expr>, Box<Expr>),
    /// Arithmetic of numbers.
    Arith(Arith, Box<Expr>, Box<Expr>),
    /// The opposite number.
    Negate(Box<Expr>),
    /// 属于 {a, b}: equal to one of them.
    OneOf(Box<Expr>, Vec<Expr>),
    /// a value 属于 a 取每项 quantity.
    InClasses(Box<Expr>, Box<Expr>),
    /// A day 属于 本月 …: `from <= day <= to` (the ends follow from the moment).
    Within(Box<Expr>, Window),
    /// 若 … 则 … 否则 …
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    /// 最大(…) 不低于(a,b)
    Greatest(Vec<Expr>),
    /// 最小(…) 不超过(a,b)
    Least(Vec<Expr>),
    /// 段内(x, a, b): the part of x between a and b.
    Between(Box<Expr>, Box<Expr>, Box<Expr>),
    /// 合计 人数 条数 任一 全部 已知合计 over a relation of the own instance.
    Aggregate(Box<Aggregate>),
    /// 知道(x): whether x is known. Never unknown itself.
    Known(Box<Expr>),
    /// 当时(x, date): what was recorded for that date.
    AsOf(ItemId, Step, Box<Expr>),
    /// 曾(status, from, to): whether the status was held on any day between.
    Ever(ItemId, Step, Box<Expr>, Box<Expr>),
    /// 周岁(birth, at) in 岁.
    Age(Box<Expr>, Box<Expr>),
    /// 天数(from, to) in 天.
    Days(Box<Expr>, Box<Expr>),
    /// 满月数(from, to) in 月.
    FullMonths(Box<Expr>, Box<Expr>),
    /// 次月初(date)
    NextMonth(Box<Expr>),
    /// date + n 月
    PlusMonths(Box<Expr>, Box<Expr>),
}

/// Named days of a run. In a monthly run 基准日 is 月初; in a case it is 受理日.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Moment {
    /// 基准日
    Base,
    /// 月初
    MonthStart,
    /// 月末
    MonthEnd,
    /// 上月末
    LastMonthEnd,
    /// 年初
    YearStart,
    /// 受理日 (unknown outside a case)
    Acceptance,
    /// 认定日 (unknown outside a case)
    Decision,
}

/// Comparisons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// <
    Less,
    /// <=
    AtMost,
    /// =
    Equal,
    /// ≠
    Unequal,
    /// >=
    AtLeast,
    /// >
    Greater,
}

/// Arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arith {
    /// +
    Add,
    /// -
    Sub,
    /// *
    Mul,
    /// /
    Div,
}

/// A window of days. 近 n 月 and 近 n 天 are whole and end before 基准日.
#[derive(Clone, Debug)]
pub enum Window {
    /// 本月
    ThisMonth,
    /// 上月
    LastMonth,
    /// 本年
    ThisYear,
    /// 近 n 月: the n whole months before 基准日's month.
    PastMonths(Box<Expr>),
    /// 近 n 天: the n days before 基准日.
    PastDays(Box<Expr>),
}

/// What an aggregate does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AggregateKind {
    /// 合计: unknown with an unknown row or an incomplete list.
    Sum,
    /// 已知合计: adds only what has come.
    KnownSum,
    /// 人数: persons, each once.
    Persons,
    /// 条数: rows.
    Rows,
    /// 任一
    Any,
    /// 全部
    All,
}

/// An aggregate over the rows of a relation of the own instance.
#[derive(Clone, Debug)]
pub struct Aggregate {
    /// What it does.
    pub kind: AggregateKind,
    /// Over which relation.
    pub relation: RelId,
    /// What is summed (Sum, KnownSum).
    pub value: Option<Expr>,
    /// Which rows: the filter, or the test of 任一 and 全部.
    pub filter: Option<Expr>,
}

/// The rules in force on one day, linked.
#[derive(Clone, Debug)]
pub struct Program {
    /// The dictionary (entities, enumerations, relations, facts).
    pub dict: Dict,
    /// The files, in an order in which each reads only earlier ones.
    pub files: Vec<FilePlan>,
    /// All items; facts and statuses first, then file by file.
    pub items: Vec<Item>,
    /// The interaction matrix.
    pub exclusions: Vec<Exclusion>,
    /// The feeds in force.
    pub feeds: Vec<crate::feed::FeedPlan>,
}

impl Program {
    /// An item by its id. Ids come from this program only.
    pub fn item(&self, id: ItemId) -> Option<&Item> {
        self.items.get(id.at())
    }

    /// The same program with nothing to judge in the files not wanted; ids stay the same.
    #[must_use]
    pub fn only(&self, wanted: impl Fn(&FilePlan) -> bool) -> Self {
        let mut program = self.clone();
        for file in program.files.iter_mut().filter(|f| !wanted(f)) {
            file.items.clear();
            file.conditions.clear();
            file.benefits.clear();
            file.verdict = None;
            file.grants.clear();
            file.dispatches.clear();
        }
        program
    }

    /// A file by its id text.
    pub fn file(&self, id: &str) -> Option<(FileId, &FilePlan)> {
        let at = self.files.iter().position(|f| f.id == id)?;
        Some((FileId(u32::try_from(at).ok()?), self.files.get(at)?))
    }

    /// An item by its whole name: `dibao.低保金`, `composition.成员.计入`, a fact's name.
    pub fn find(&self, path: &str) -> Option<ItemId> {
        let at = self.items.iter().position(|i| i.path == path)?;
        u32::try_from(at).ok().map(ItemId)
    }
}
