//! A department's data as it comes: what a feed file of the rulebook says about the columns.

use crate::plan::{EntityId, EnumId, Grant, ItemId, RelId};
use crate::unit::Unit;
use domain::Day;

/// A feed's description.
#[derive(Clone, Debug)]
pub struct FeedPlan {
    /// Its id: `social_insurance`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The department that sends it.
    pub department: String,
    /// 每月, 每年, 每日 or 实时.
    pub cycle: String,
    /// 全量: each file is the whole list; without it files add to one another.
    pub whole: bool,
    /// 自动 or an encoding's name.
    pub encoding: String,
    /// How long its rows are kept, in months; `None` for 长期.
    pub keep_months: Option<u32>,
    /// Above this share of changed persons (hundredths of a percent) it waits for a person.
    pub change_limit: Option<u32>,
    /// 错行上限: above this share of rows with more or fewer cells than the header (hundredths of a percent)
    /// the whole file goes back; none where the text says none.
    pub damage_limit: Option<u32>,
    /// 外地上限: above this share of rows of other places than the record's own (hundredths of a percent) the
    /// file waits for a person.
    pub elsewhere_limit: Option<u32>,
    /// 随附 校验文件: a file without one beside it goes back.
    pub companion: bool,
    /// Whose rows they are.
    pub entity: EntityId,
    /// First day of force.
    pub from: Day,
    /// The relation of its 行.
    pub rows: Option<RelId>,
    /// The column that dates a row.
    pub date_column: Option<String>,
    /// 归属: the columns that tell whose a row is: a household's number, or what a person without an
    /// id number is known by. Empty when rows are tied by id number alone.
    pub owner: Vec<String>,
    /// 认人: by what, besides the name, a person is known who has no number, or a damaged one. Without
    /// it the birth date is the number's, as far as it can be read.
    pub known_by: Option<KnownBy>,
    /// 立户: a row of an unknown household takes it into the record.
    pub founds: bool,
    /// Its columns.
    pub columns: Vec<FeedColumn>,
    /// 拒收: a row for which the item is true is refused with the text.
    pub refusals: Vec<(ItemId, String)>,
    /// Facts it yields by formula: the fact and the formula's item.
    pub yields: Vec<(ItemId, ItemId)>,
    /// Statuses it brings.
    pub grants: Vec<Grant>,
}

/// 认人: the columns that make the second key with the name. It alone is never certain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownBy {
    /// The column of the birth date.
    pub birth: String,
    /// The column of the area of registration; none where the number's own place is meant.
    pub area: Option<String>,
}

/// A column of a feed.
#[derive(Clone, Debug)]
pub struct FeedColumn {
    /// The header as printed, and its other spellings.
    pub headers: Vec<String>,
    /// Its name in rules.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
    /// Whether a row without it is refused.
    pub required: bool,
    /// The code table that translates it.
    pub codes: Option<String>,
    /// 科学计数: the sender writes `1e+05` for a whole 100000, and no digit is lost by it.
    pub scientific: bool,
    /// 信用代码: words that are a 统一社会信用代码, whose check character must hold. The fifteen digits of an older
    /// licence, which has no check of this kind, are let through.
    pub credit_code: bool,
    /// Rows are told apart by it: it is of the 主键 or of 归属.
    pub tells_apart: bool,
    /// The row column's item, when rules may read it.
    pub item: Option<ItemId>,
    /// The fact the newest row gives, when the name is a fact of the entity.
    pub fact: Option<ItemId>,
}

/// What a column holds. Identity never reaches the lake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// 证件号
    IdNumber,
    /// 姓名
    PersonName,
    /// 卡号
    Card,
    /// 文本: kept with the row, never in a rule.
    Text,
    /// 整数
    Integer,
    /// A number with its unit.
    Number(Unit),
    /// 是否
    Bool,
    /// 日期
    Day,
    /// 月份: the first day of the month in rules.
    Month,
    /// A member of an enumeration.
    Enum(EnumId),
}
