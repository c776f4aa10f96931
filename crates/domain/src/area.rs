//! 地区: statistical codes of 2, 4, 6, 9 or 12 digits, each a prefix of the places inside it.
//!
//! Never decides whether a household is urban or rural: that follows registration and land, not the code.

use std::collections::BTreeMap;
use std::fmt;

use crate::Day;
use crate::text;

/// 地区代码: the code of one place, without the zeros that only fill it up to 12 digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AreaCode {
    digits: [u8; 12],
    level: AreaLevel,
}

/// 地区级别.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AreaLevel {
    /// 省
    Province,
    /// 市
    City,
    /// 县
    County,
    /// 乡镇街道
    Township,
    /// 村居
    Village,
}

impl AreaLevel {
    /// Every level, the widest first.
    pub const ALL: [Self; 5] = [
        Self::Province,
        Self::City,
        Self::County,
        Self::Township,
        Self::Village,
    ];

    /// How many digits a code of this level has.
    #[must_use]
    pub const fn digits(self) -> usize {
        match self {
            Self::Province => 2,
            Self::City => 4,
            Self::County => 6,
            Self::Township => 9,
            Self::Village => 12,
        }
    }

    /// What officials call the level.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Province => "省",
            Self::City => "市",
            Self::County => "县",
            Self::Township => "乡镇街道",
            Self::Village => "村居",
        }
    }

    /// The level that contains this one.
    #[must_use]
    pub const fn above(self) -> Option<Self> {
        match self {
            Self::Province => None,
            Self::City => Some(Self::Province),
            Self::County => Some(Self::City),
            Self::Township => Some(Self::County),
            Self::Village => Some(Self::Township),
        }
    }
}

/// Why a cell is not an area code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AreaError {
    /// Nothing is written.
    Missing,
    /// Something other than digits.
    NotDigits,
    /// Not 2, 4, 6, 9 or 12 digits.
    Length(usize),
    /// A code starting with zero: no province has one, so a digit was lost or added.
    LeadingZero,
}

impl fmt::Display for AreaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("地区代码为空"),
            Self::NotDigits => f.write_str("地区代码只能是数字"),
            Self::Length(found) => write!(f, "地区代码应为2、4、6、9或12位,实为{found}位"),
            Self::LeadingZero => f.write_str("地区代码不会以0开头,请核对"),
        }
    }
}

impl std::error::Error for AreaError {}

impl AreaCode {
    /// The code written in a cell. Zeros that only fill it up are dropped: `990101000000` is the county `990101`.
    ///
    /// # Errors
    /// An [`AreaError`] whose message the official can act on.
    pub fn parse(cell: &str) -> Result<Self, AreaError> {
        let code = text::without_blanks(cell);
        // A numeric cell arrives as `130503.0`: still a whole number, so still the same code.
        let code = code.strip_suffix(".0").unwrap_or(&code);
        if code.is_empty() {
            return Err(AreaError::Missing);
        }
        if !code.bytes().all(|b| b.is_ascii_digit()) {
            return Err(AreaError::NotDigits);
        }
        let exact = |level: &AreaLevel| level.digits() == code.len();
        let written = AreaLevel::ALL
            .into_iter()
            .find(exact)
            .ok_or(AreaError::Length(code.len()))?;
        let mut digits = [b'0'; 12];
        for (slot, digit) in digits.iter_mut().zip(code.bytes()) {
            *slot = digit;
        }
        if digits.first() == Some(&b'0') {
            return Err(AreaError::LeadingZero);
        }
        let mut code = Self {
            digits,
            level: written,
        };
        while code.ends_in_filling() {
            let Some(above) = code.level.above() else {
                break;
            };
            code.level = above;
        }
        Ok(code)
    }

    /// The level of the place.
    #[must_use]
    pub const fn level(&self) -> AreaLevel {
        self.level
    }

    /// The code in as many digits as its level has.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let digits = self.digits.get(..self.level.digits()).unwrap_or_default();
        std::str::from_utf8(digits).unwrap_or_default()
    }

    /// The code filled up to 12 digits, as the lake keeps it.
    #[must_use]
    pub fn full(&self) -> &str {
        std::str::from_utf8(&self.digits).unwrap_or_default()
    }

    /// The place around this one. A city without counties stands directly around its townships:
    /// the county digits of `441900003` only fill, so its parent is the city `4419`.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let mut around = self.at(self.level.above()?)?;
        while around.ends_in_filling() {
            around.level = around.level.above()?;
        }
        Some(around)
    }

    /// This place, or the place of a wider level around it.
    #[must_use]
    pub fn at(&self, level: AreaLevel) -> Option<Self> {
        if level > self.level {
            return None;
        }
        let mut digits = self.digits;
        for slot in digits.iter_mut().skip(level.digits()) {
            *slot = b'0';
        }
        Some(Self { digits, level })
    }

    /// Is the other place this one, or inside it?
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        other.as_str().starts_with(self.as_str())
    }

    fn ends_in_filling(&self) -> bool {
        let above = self.level.above().map_or(0, AreaLevel::digits);
        self.digits
            .iter()
            .take(self.level.digits())
            .skip(above)
            .all(|digit| *digit == b'0')
    }
}

impl fmt::Display for AreaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for AreaCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for AreaCode {
    type Err = AreaError;

    fn from_str(text: &str) -> Result<Self, AreaError> {
        Self::parse(text)
    }
}

/// 城乡: which of the two a place or a registration belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UrbanRural {
    /// 城镇
    Urban,
    /// 农村
    Rural,
}

impl UrbanRural {
    /// From the statistics bureau's three-digit class: 1xx urban, 2xx rural.
    #[must_use]
    pub fn from_class(class: &str) -> Option<Self> {
        match class.trim() {
            "111" | "112" | "121" | "122" | "123" => Some(Self::Urban),
            "210" | "220" => Some(Self::Rural),
            _ => None,
        }
    }

    /// What officials call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Urban => "城镇",
            Self::Rural => "农村",
        }
    }
}

/// 地区: one place under one name for as long as it had them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Area {
    /// 地区代码
    pub code: AreaCode,
    /// 名称
    pub name: String,
    /// 级别
    pub level: AreaLevel,
    /// 城乡分类, when the statistics bureau has given one.
    pub urban_rural: Option<UrbanRural>,
    /// The first day under this code and name, when known.
    pub valid_from: Option<Day>,
    /// The first day no longer under them; none while they are in force.
    pub valid_to: Option<Day>,
}

impl Area {
    /// Was the place under this code and name on that day?
    #[must_use]
    pub fn in_force(&self, day: Day) -> bool {
        self.valid_from.is_none_or(|from| from <= day) && self.valid_to.is_none_or(|to| day < to)
    }
}

/// 逐级汇总: what is counted by place, summed for each of those places and every place above it.
///
/// What is counted at a place itself and what is counted inside it both belong to it, so a province
/// holds the sum of all leaves in it, each counted once.
pub fn roll_up<const N: usize>(
    counted: impl IntoIterator<Item = (AreaCode, [u64; N])>,
) -> BTreeMap<AreaCode, [u64; N]> {
    let mut sums: BTreeMap<AreaCode, [u64; N]> = BTreeMap::new();
    for (code, counts) in counted {
        add(&mut sums, code, &counts);
    }
    // A level is complete once all below it have been added, so each sum is carried up once.
    for level in AreaLevel::ALL.into_iter().rev() {
        let of_level = sums.iter().filter(|(code, _)| code.level == level);
        let carried: Vec<(AreaCode, [u64; N])> = of_level
            .filter_map(|(code, counts)| Some((code.parent()?, *counts)))
            .collect();
        for (around, counts) in carried {
            add(&mut sums, around, &counts);
        }
    }
    sums
}

fn add<const N: usize>(sums: &mut BTreeMap<AreaCode, [u64; N]>, code: AreaCode, counts: &[u64; N]) {
    let sum = sums.entry(code).or_insert([0; N]);
    for (slot, count) in sum.iter_mut().zip(counts) {
        *slot = slot.saturating_add(*count);
    }
}

/// 历史区划代码: every six-digit code that was ever in force, for the first digits of identity numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PrefixHistory(Vec<(String, i32)>);

impl PrefixHistory {
    /// From rows of code and the last year it was in force.
    pub fn from_rows(rows: impl IntoIterator<Item = (String, i32)>) -> Self {
        let mut codes: Vec<(String, i32)> = rows.into_iter().collect();
        codes.sort();
        Self(codes)
    }

    /// How many codes with their last years.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether the code was ever in force.
    #[must_use]
    pub fn ever(&self, code6: &str) -> bool {
        let found = self
            .0
            .binary_search_by(|(code, _)| code.as_str().cmp(code6));
        found.is_ok()
    }

    /// Whether abolished codes are among them: without those of the past nobody can say that a code never was.
    #[must_use]
    pub fn holds_the_past(&self) -> bool {
        let newest = self.0.iter().map(|(_, last_year)| *last_year).max();
        let gone = self.0.iter().filter(|(_, last)| Some(*last) < newest);
        // A tenth and more of all codes there ever were are gone; a list of today's has next to none.
        gone.count().saturating_mul(10) >= self.0.len() && newest.is_some()
    }

    /// Could somebody born on that day have been first registered under the code?
    #[must_use]
    pub fn knows(&self, code6: &str, birth: Day) -> bool {
        let start = self.0.partition_point(|(code, _)| code.as_str() < code6);
        let same = self
            .0
            .iter()
            .skip(start)
            .take_while(|(code, _)| code == code6);
        // A number is given at birth or later, so only a code abolished before the birth is impossible.
        same.into_iter()
            .any(|(_, last_year)| birth.year() <= *last_year)
    }
}
