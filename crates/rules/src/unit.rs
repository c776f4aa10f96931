//! Units as types: 元/月 ÷ 人 is 元/人月. Adding or comparing across units is refused.

use std::fmt;

/// The base units, in the order they are written. 元 is kept in 分 inside the machine.
pub const BASES: [&str; 24] = [
    "元",
    "人",
    "月",
    "年",
    "岁",
    "套",
    "辆",
    "次",
    "天",
    "时",
    "项",
    "分值",
    "户",
    "平方米",
    "亩",
    "台",
    "个",
    "家",
    "公里",
    "张",
    "床",
    "份",
    "分钟",
    "周",
];

/// A unit: one exponent per base. All zero is 比例 (a plain ratio).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug, PartialOrd, Ord)]
pub struct Unit([i8; 24]);

impl Unit {
    /// 比例: no unit at all.
    pub const RATIO: Self = Self([0; 24]);

    /// The unit of one base, by its written name.
    pub fn base(name: &str) -> Option<Self> {
        let at = BASES.iter().position(|b| *b == name)?;
        let mut unit = Self::RATIO;
        *unit.0.get_mut(at)? = 1;
        Some(unit)
    }

    /// Reads `元`, `元/月`, `元/人月`, `月/年` or `比例`. `None` when a part is no known base.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "比例" {
            return Some(Self::RATIO);
        }
        let (top, below) = match text.split_once('/') {
            Some((top, below)) => (top, Some(below)),
            None => (text, None),
        };
        let mut unit = Self::product(top)?;
        if let Some(below) = below {
            unit = unit.divide(Self::product(below)?)?;
        }
        Some(unit)
    }

    fn product(text: &str) -> Option<Self> {
        let mut rest = text;
        let mut unit = Self::RATIO;
        while !rest.is_empty() {
            let base = BASES
                .iter()
                .filter(|b| rest.starts_with(**b))
                .max_by_key(|b| b.len())?;
            unit = unit.times(Self::base(base)?)?;
            rest = rest.strip_prefix(base)?;
        }
        (!text.is_empty()).then_some(unit)
    }

    /// The unit of a product. `None` when an exponent would leave its range.
    pub fn times(self, other: Self) -> Option<Self> {
        self.zip(other, i8::checked_add)
    }

    /// The unit of a quotient. `None` when an exponent would leave its range.
    pub fn divide(self, other: Self) -> Option<Self> {
        self.zip(other, i8::checked_sub)
    }

    fn zip(self, other: Self, f: impl Fn(i8, i8) -> Option<i8>) -> Option<Self> {
        let mut out = Self::RATIO;
        for ((o, a), b) in out.0.iter_mut().zip(self.0).zip(other.0) {
            *o = f(a, b).filter(|e| e.abs() <= 4)?;
        }
        Some(out)
    }

    /// The exponent of 元: 1 for money, so that `value × 100^n` is kept in 分.
    pub fn money_power(self) -> i8 {
        self.0.first().copied().unwrap_or(0)
    }

    /// Whether this is 比例.
    pub fn is_ratio(self) -> bool {
        self == Self::RATIO
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_ratio() {
            return f.write_str("比例");
        }
        let part = |sign: i8| -> String {
            BASES
                .iter()
                .zip(self.0)
                .filter(|(_, e)| e.signum() == sign)
                .flat_map(|(b, e)| std::iter::repeat_n(*b, usize::from(e.unsigned_abs())))
                .collect()
        };
        let (top, below) = (part(1), part(-1));
        match (top.is_empty(), below.is_empty()) {
            (false, true) => f.write_str(&top),
            (false, false) => write!(f, "{top}/{below}"),
            _ => write!(f, "1/{below}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_reads_and_prints_the_same() {
        for text in [
            "元",
            "元/月",
            "元/人月",
            "月/年",
            "比例",
            "人",
            "分值",
            "平方米",
        ] {
            assert_eq!(
                Unit::parse(text).map(|u| u.to_string()),
                Some(text.to_owned())
            );
        }
        assert_eq!(Unit::parse("元/斤"), None);
    }

    #[test]
    fn money_a_month_divided_by_persons_is_money_a_person_month() {
        let got = Unit::parse("元/月").and_then(|u| u.divide(Unit::parse("人")?));
        assert_eq!(got, Unit::parse("元/人月"));
    }
}
