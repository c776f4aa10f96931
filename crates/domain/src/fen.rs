//! 金额: whole fen, exact. Sums are checked, never rounded, never wrapped, never floating point.

use std::fmt;

use crate::text;

/// 金额, in fen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Fen(i64);

/// Why a cell is not an amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MoneyError {
    /// Nothing is written: the amount is unknown, which is not zero.
    Missing,
    /// More than two decimals.
    TooFine,
    /// Separators in the wrong place: `1.234,56`, `12,34`, `12 34`.
    Separators,
    /// `1e3`, `0x10`, `NaN`.
    Notation,
    /// 壹仟贰佰元整.
    ChineseNumerals,
    /// 万元 or 亿元 in the cell.
    LargeUnit,
    /// Another currency.
    Currency,
    /// More fen than can be counted.
    TooLarge,
    /// Not an amount in any form we read.
    Unreadable,
}

/// What was tidied on the way, for the import report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MoneyNote {
    /// Signs, units, blanks or full-width digits were folded.
    Cleaned,
    /// `-0.00` was read as zero.
    NegativeZero,
}

impl MoneyError {
    /// What is wrong and what to do, for the official who sent the file.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Missing => "金额为空,按未知处理,不等于零",
            Self::TooFine => "金额最多两位小数",
            Self::Separators => "千分位或小数点位置不对,请写成 1234.50",
            Self::Notation => "金额不能用科学计数法或其他进制,请写成 1234.50",
            Self::ChineseNumerals => "金额不能用大写汉字,请写成 1234.50",
            Self::LargeUnit => "金额单位应为元,请换算后填写",
            Self::Currency => "只接受人民币金额",
            Self::TooLarge => "金额超出可以计算的范围",
            Self::Unreadable => "不是金额,请写成 1234.50",
        }
    }
}

impl fmt::Display for MoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for MoneyError {}

impl Fen {
    /// No money at all, which is not the same as an unknown amount.
    pub const ZERO: Self = Self(0);

    /// That many fen.
    #[must_use]
    pub const fn new(fen: i64) -> Self {
        Self(fen)
    }

    /// That many whole yuan.
    #[must_use]
    pub const fn from_yuan(yuan: i64) -> Option<Self> {
        match yuan.checked_mul(100) {
            Some(fen) => Some(Self(fen)),
            None => None,
        }
    }

    /// The count of fen.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The sum, unless it cannot be counted.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, unless it cannot be counted.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// So many times the amount, unless it cannot be counted.
    #[must_use]
    pub fn checked_mul_int(self, times: i64) -> Option<Self> {
        self.0.checked_mul(times).map(Self)
    }

    /// The amount with the other sign, unless it cannot be counted.
    #[must_use]
    pub fn checked_neg(self) -> Option<Self> {
        self.0.checked_neg().map(Self)
    }

    /// The total, unless it cannot be counted.
    #[must_use]
    pub fn total(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// Yuan with two decimals and no separators, as files want it: `1234.50`.
    #[must_use]
    pub fn to_plain(self) -> String {
        let fen = self.0.unsigned_abs();
        format!("{}{}.{:02}", self.sign(), fen / 100, fen % 100)
    }

    /// The amount of yuan written in a cell.
    ///
    /// # Errors
    /// A [`MoneyError`] whose message the official can act on; an amount is never guessed.
    pub fn parse(cell: &str) -> Result<Self, MoneyError> {
        Self::parse_with_notes(cell).map(|(fen, _)| fen)
    }

    /// The amount of yuan written in a cell, and what was tidied on the way.
    ///
    /// # Errors
    /// As [`Fen::parse`].
    pub fn parse_with_notes(cell: &str) -> Result<(Self, Vec<MoneyNote>), MoneyError> {
        let folded: String = text::trimmed(cell)
            .chars()
            .map(text::fold_width)
            .map(plain_sign)
            .collect();
        let bare = without_unit(text::trimmed(&folded))?;
        let (negative, digits) = match bare.strip_prefix('-') {
            Some(digits) => (true, text::trimmed(digits)),
            None => (false, bare),
        };
        let digits = if negative {
            digits.strip_prefix('¥').unwrap_or(digits)
        } else {
            digits
        };
        let fen = fen_of(digits)?;
        let mut notes = Vec::new();
        if bare != cell {
            notes.push(MoneyNote::Cleaned);
        }
        if negative && fen == 0 {
            notes.push(MoneyNote::NegativeZero);
        }
        Ok((Self(if negative { -fen } else { fen }), notes))
    }

    const fn sign(self) -> &'static str {
        if self.0 < 0 { "-" } else { "" }
    }
}

/// Yuan with separators, as pages show it: `1,234.50`.
impl fmt::Display for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fen = self.0.unsigned_abs();
        let yuan = (fen / 100).to_string();
        let mut grouped = String::with_capacity(yuan.len() + yuan.len() / 3);
        for (place, digit) in yuan.chars().enumerate() {
            if place > 0 && (yuan.len() - place).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        f.pad(&format!("{}{grouped}.{:02}", self.sign(), fen % 100))
    }
}

impl fmt::Debug for Fen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn plain_sign(c: char) -> char {
    match c {
        '\u{2212}' | '\u{2013}' | '\u{2014}' => '-',
        '￥' => '¥',
        _ => c,
    }
}

/// The number without `¥` before it or 元 after it; other units and currencies are refused.
fn without_unit(cell: &str) -> Result<&str, MoneyError> {
    const CURRENCIES: &[&str] = &[
        "HKD", "USD", "EUR", "MOP", "TWD", "JPY", "$", "港", "美", "欧", "澳门", "日元",
    ];
    if cell.is_empty() {
        return Err(MoneyError::Missing);
    }
    let upper = cell.to_ascii_uppercase();
    if CURRENCIES.iter().any(|currency| upper.contains(currency)) {
        return Err(MoneyError::Currency);
    }
    if cell
        .chars()
        .any(|c| "零壹贰叁肆伍陆柒捌玖拾佰仟整一二三四五六七八九十百千".contains(c))
    {
        return Err(MoneyError::ChineseNumerals);
    }
    if cell.contains(['万', '亿']) {
        return Err(MoneyError::LargeUnit);
    }
    let cell = cell.strip_suffix('元').unwrap_or(cell);
    Ok(text::trimmed(
        cell.strip_prefix('¥').unwrap_or(text::trimmed(cell)),
    ))
}

/// The fen in plain digits with at most one dot and right separators.
fn fen_of(digits: &str) -> Result<i64, MoneyError> {
    if digits.is_empty() {
        return Err(MoneyError::Unreadable);
    }
    if text::is_scientific(digits) || has_other_notation(digits) {
        return Err(MoneyError::Notation);
    }
    if digits
        .chars()
        .any(|c| !c.is_ascii_digit() && !",. '".contains(c) && !text::is_blank(c))
    {
        return Err(MoneyError::Unreadable);
    }
    let (whole, cents) = digits.split_once('.').unwrap_or((digits, "0"));
    if text::number(cents).is_none() && !cents.bytes().all(|b| b.is_ascii_digit()) {
        return Err(MoneyError::Separators);
    }
    let cents = match (cents.len(), text::number(cents)) {
        (1, Some(tenths)) => tenths * 10,
        (2, Some(hundredths)) => hundredths,
        (0, _) => return Err(MoneyError::Unreadable),
        _ => return Err(MoneyError::TooFine),
    };
    let yuan = ungrouped(whole)?
        .parse::<i64>()
        .map_err(|_| MoneyError::TooLarge)?;
    yuan.checked_mul(100)
        .and_then(|fen| fen.checked_add(cents))
        .ok_or(MoneyError::TooLarge)
}

fn has_other_notation(digits: &str) -> bool {
    let lower = digits.to_ascii_lowercase();
    lower.starts_with("0x") || lower == "nan" || lower.trim_start_matches('+').starts_with("inf")
}

/// The whole yuan without its separators, when every group has three digits.
fn ungrouped(whole: &str) -> Result<String, MoneyError> {
    let mut groups = whole.split(',');
    let first = groups.next().unwrap_or_default();
    let mut digits = first.to_owned();
    for group in groups {
        if group.len() != 3 || first.is_empty() || first.len() > 3 {
            return Err(MoneyError::Separators);
        }
        digits.push_str(group);
    }
    if digits.is_empty() {
        return Err(MoneyError::Unreadable);
    }
    let plain = digits.bytes().all(|b| b.is_ascii_digit());
    plain.then_some(digits).ok_or(MoneyError::Separators)
}
