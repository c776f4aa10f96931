//! Values as officials read and write them: 1,180.00 元/人月, 30%, 2026-08-01, 是, 一级, ？.
//!
//! It never rounds what is computed on; a fraction that has no short decimal is shown with ≈.

use crate::dict::Dict;
use crate::plan::{EnumId, Type};
use crate::unit::Unit;
use crate::value::{Direction, Ratio, Rounding, Value};
use domain::{Day, Month};

/// The sign of what nobody has said.
pub const UNKNOWN: &str = "？";

/// A value with its unit.
pub fn value(value: Value, ty: Type, dict: &Dict) -> String {
    match (value, ty) {
        (Value::Num(n), Type::Num(unit)) => number(n, unit),
        (Value::Num(n), _) => number(n, Unit::RATIO),
        (Value::Unknown, _) => UNKNOWN.to_owned(),
        (Value::Bool(true), _) => "是".to_owned(),
        (Value::Bool(false), _) => "否".to_owned(),
        (Value::Day(day), _) => day.to_string(),
        (Value::Sym(member), Type::Enum(e) | Type::Set(e)) => {
            dict.member_name(e, member).to_owned()
        }
        (Value::Sym(member), _) => member.to_string(),
        (Value::Set(set), Type::Set(e) | Type::Enum(e)) => set_text(set, e, dict),
        (Value::Set(set), _) => format!("{set:b}"),
    }
}

fn set_text(set: u64, e: EnumId, dict: &Dict) -> String {
    let members = dict.enum_of(e).map_or(&[][..], |e| e.members.as_slice());
    let held: Vec<&str> = members
        .iter()
        .enumerate()
        .filter(|(at, _)| {
            u32::try_from(*at).is_ok_and(|at| set.checked_shr(at).unwrap_or(0) & 1 == 1)
        })
        .map(|(_, name)| name.as_str())
        .collect();
    if held.is_empty() {
        "（无）".to_owned()
    } else {
        held.join("、")
    }
}

/// A number with its unit: `1,180.00 元/人月`, `3 人`, `30%`, `≈ 483.33 元/人月`.
pub fn number(n: Ratio, unit: Unit) -> String {
    let (text, exact) = digits(n, unit);
    let about = if exact { "" } else { "≈ " };
    if unit.is_ratio() {
        format!("{about}{text}%")
    } else {
        format!("{about}{text} {unit}")
    }
}

/// A number without its unit, as a case table writes it: `1180.00`, `3`, `30%`.
pub fn plain(n: Ratio, unit: Unit) -> String {
    let (text, exact) = digits(n, unit);
    let about = if exact { "" } else { "≈ " };
    let percent = if unit.is_ratio() { "%" } else { "" };
    format!("{about}{}{percent}", text.replace(',', ""))
}

/// How many times the machine's scale exceeds the written one: 100 a power of 元, 1/100 for 比例
/// in per cent.
fn scale(unit: Unit) -> Option<Ratio> {
    if unit.is_ratio() {
        return Ratio::new(1, 100);
    }
    let power = unit.money_power();
    let hundreds = 100_i128.checked_pow(u32::from(power.unsigned_abs()))?;
    if power >= 0 {
        Ratio::new(hundreds, 1)
    } else {
        Ratio::new(1, hundreds)
    }
}

/// The digits with thousands separators, and whether they are the whole truth.
fn digits(n: Ratio, unit: Unit) -> (String, bool) {
    let Some(written) = scale(unit).and_then(|s| n.div(s)) else {
        return (format!("{}/{}", n.num(), n.den()), true);
    };
    // Money always has its two decimals; other numbers as many as they need, up to four.
    let (least, most) = if unit.money_power() == 0 {
        (0, 4)
    } else {
        (2, 2)
    };
    for places in least..=most {
        if let Some(whole) = shifted(written, places).filter(|s| s.den() == 1) {
            return (point(whole.num(), places), true);
        }
    }
    let how = Rounding {
        direction: Direction::HalfUp,
        step: Ratio::whole(1),
    };
    match shifted(written, 2).and_then(|s| s.round(how)) {
        Some(rounded) => (point(rounded.num(), 2), false),
        None => (format!("{}/{}", n.num(), n.den()), true),
    }
}

fn shifted(n: Ratio, places: u32) -> Option<Ratio> {
    n.mul(Ratio::whole(10_i128.checked_pow(places)?))
}

/// Puts the decimal point and the thousands separators.
fn point(n: i128, places: u32) -> String {
    let places = usize::try_from(places).unwrap_or(0);
    let text = format!(
        "{:0>width$}",
        n.unsigned_abs(),
        width = places.saturating_add(1)
    );
    let (whole, rest) = text
        .split_at_checked(text.len().saturating_sub(places))
        .unwrap_or((&text, ""));
    let mut out = String::from(if n < 0 { "-" } else { "" });
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && whole.len().saturating_sub(at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if !rest.is_empty() {
        out.push('.');
        out.push_str(rest);
    }
    out
}

/// Reads a cell of a case table by the type of its column. `？` is unknown; an empty cell is an
/// error, because the caller decides what it means.
pub fn parse_cell(text: &str, ty: Type, dict: &Dict) -> Result<Value, String> {
    let cell = text.trim();
    if cell == UNKNOWN || cell == "?" {
        return Ok(Value::Unknown);
    }
    if cell.is_empty() {
        return Err("这一格是空的;不知道写 ？".to_owned());
    }
    match ty {
        Type::Num(unit) => parse_number(cell, unit),
        Type::Bool => match cell {
            "是" | "✓" => Ok(Value::Bool(true)),
            "否" | "✗" => Ok(Value::Bool(false)),
            _ => Err(format!("`{cell}` 不是 是、否 或 ？")),
        },
        Type::Day => Day::parse(cell)
            .or_else(|e| Month::parse(cell).map(Month::first).map_err(|_| e))
            .map(Value::Day)
            .map_err(|e| format!("`{cell}` 不是日期:{e}")),
        Type::Enum(e) => member(cell, e, dict).map(Value::Sym),
        Type::Set(e) => parse_set(cell, e, dict),
        Type::Area => Err("地区不能写在这一格;写在 地区 一列".to_owned()),
    }
}

fn member(name: &str, e: EnumId, dict: &Dict) -> Result<u16, String> {
    dict.member(e, name).ok_or_else(|| {
        let all = dict
            .enum_of(e)
            .map_or(String::new(), |e| e.members.join("、"));
        format!("`{name}` 不是 {all} 之一")
    })
}

fn parse_set(cell: &str, e: EnumId, dict: &Dict) -> Result<Value, String> {
    let inner = cell.trim_matches(['{', '}', '｛', '｝', ' ']);
    if inner.is_empty() || inner == "（无）" || inner == "(无)" {
        return Ok(Value::Set(0));
    }
    let mut set = 0;
    for name in inner.split(['、', ',', '，']) {
        let place = member(name.trim(), e, dict)?;
        set |= 1_u64
            .checked_shl(u32::from(place))
            .ok_or("集合最多六十四项")?;
    }
    Ok(Value::Set(set))
}

fn parse_number(cell: &str, unit: Unit) -> Result<Value, String> {
    let wrong = || format!("`{cell}` 不是 {unit} 的数");
    let mut text: String = cell
        .chars()
        .filter(|c| !matches!(c, ',' | '，' | ' ' | '≈'))
        .collect();
    let name = unit.to_string();
    if let Some(bare) = text.strip_suffix(&name) {
        text = bare.to_owned();
    }
    let percent = text.ends_with(['%', '％']);
    if percent && !unit.is_ratio() {
        return Err(wrong());
    }
    let text = text.trim_end_matches(['%', '％']);
    let written = match text.split_once('/') {
        Some((top, below)) => decimal(top)
            .zip(decimal(below))
            .and_then(|(top, below)| top.div(below)),
        None => decimal(text),
    };
    let scale = match (unit.is_ratio(), percent) {
        (true, false) => Some(Ratio::whole(1)),
        (true, true) | (false, _) => scale(unit),
    };
    written
        .zip(scale)
        .and_then(|(n, scale)| n.mul(scale))
        .map(Value::Num)
        .ok_or_else(wrong)
}

/// `-1180.005` as a fraction.
fn decimal(text: &str) -> Option<Ratio> {
    let (negative, text) = match text.strip_prefix(['-', '－', '−']) {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let all = format!("{whole}{rest}");
    if all.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let den = 10_i128.checked_pow(u32::try_from(rest.len()).ok()?)?;
    let n = Ratio::new(all.parse().ok()?, den)?;
    if negative { n.neg() } else { Some(n) }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use crate::dict::Enumeration;

    fn unit(text: &str) -> Unit {
        Unit::parse(text).unwrap()
    }

    #[test]
    fn money_has_two_decimals_and_a_fraction_is_marked() {
        let check = |num, den, of: &str, want: &str| {
            assert_eq!(number(Ratio::new(num, den).unwrap(), unit(of)), want);
        };
        check(118_000, 1, "元/人月", "1,180.00 元/人月");
        check(145_000, 3, "元/人月", "≈ 483.33 元/人月");
        check(-5, 1, "元", "-0.05 元");
        check(123_456_789, 1, "元", "1,234,567.89 元");
        check(3, 1, "人", "3 人");
        check(5, 2, "分值", "2.5 分值");
        check(3, 10, "比例", "30%");
        check(1, 3, "比例", "≈ 33.33%");
    }

    #[test]
    fn a_cell_reads_what_is_shown() {
        let dict = Dict {
            enums: vec![Enumeration {
                name: "等级".to_owned(),
                members: vec!["一级".to_owned(), "二级".to_owned(), "无".to_owned()],
                ordered: true,
            }],
            ..Dict::default()
        };
        let e = EnumId(0);
        let check = |text: &str, ty: Type, want: Value| {
            assert_eq!(parse_cell(text, ty, &dict), Ok(want), "{text}");
            if want.is_known() {
                let shown = value(want, ty, &dict);
                assert_eq!(parse_cell(&shown, ty, &dict), Ok(want), "{shown}");
            }
        };
        let money = Type::Num(unit("元/人月"));
        check("1180.00", money, Value::whole(118_000));
        check("1,180.00 元/人月", money, Value::whole(118_000));
        check("-0.05", money, Value::whole(-5));
        check(
            "30%",
            Type::Num(Unit::RATIO),
            Value::Num(Ratio::new(3, 10).unwrap()),
        );
        check(
            "0.3",
            Type::Num(Unit::RATIO),
            Value::Num(Ratio::new(3, 10).unwrap()),
        );
        check("？", money, Value::Unknown);
        check("是", Type::Bool, Value::Bool(true));
        check(
            "2026-07-01",
            Type::Day,
            Value::Day(Day::new(2026, 7, 1).unwrap()),
        );
        check("二级", Type::Enum(e), Value::Sym(1));
        check("一级、无", Type::Set(e), Value::Set(5));
        check("{一级}", Type::Set(e), Value::Set(1));
        assert!(parse_cell("五级", Type::Enum(e), &dict).is_err());
        assert!(parse_cell("abc", money, &dict).is_err());
        assert!(parse_cell("", money, &dict).is_err());
    }
}
