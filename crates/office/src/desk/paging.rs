//! Pages of a list that is walked by keys, and the small words all pages share.

use crate::views::{Choice, Page, Tone, Word};
use jiff::Timestamp;
use jiff::tz::{TimeZone, offset};
use rules::Ratio;
use rules::unit::Unit;
use store::At;

/// A page of `size` rows from place `start` on; `key` names a row, and a page begins after one.
pub(super) fn page<T, R>(
    all: &[T],
    start: usize,
    size: usize,
    key: impl Fn(&T) -> String,
    row: impl Fn(&T) -> R,
) -> Page<R> {
    let start = start.min(all.len());
    let end = start.saturating_add(size).min(all.len());
    let rows = all.get(start..end).unwrap_or_default();
    let previous = (start > 0).then(|| match start.saturating_sub(size).checked_sub(1) {
        None => String::new(),
        Some(before) => all.get(before).map_or(String::new(), &key),
    });
    Page {
        rows: rows.iter().map(row).collect(),
        total: count(all.len()),
        before: count(start),
        next: (end < all.len()).then(|| rows.last().map(&key)).flatten(),
        previous,
    }
}

/// A size as pages count.
pub(super) fn count(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}

/// `34870` → `34,870`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && digits.len().saturating_sub(at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// 分 as `1,240.00 元`.
pub(super) fn yuan(fen: Ratio) -> String {
    Unit::parse("元").map_or_else(|| UNKNOWN.to_owned(), |unit| rules::show::number(fen, unit))
}

/// The same with its sign, for differences.
pub(super) fn signed_yuan(fen: Ratio) -> String {
    if fen > Ratio::ZERO {
        format!("+{}", yuan(fen))
    } else {
        yuan(fen)
    }
}

/// What a page shows for what nobody knows.
pub(super) const UNKNOWN: &str = "未知";

/// A state in words.
pub(super) fn word(text: impl Into<String>, tone: Tone) -> Word {
    Word {
        text: text.into(),
        tone,
    }
}

/// A choice in a filter.
pub(super) fn choice(value: impl Into<String>, label: impl Into<String>) -> Choice {
    Choice {
        value: value.into(),
        label: label.into(),
    }
}

/// `2026-09-01 01:02` in Beijing.
pub(crate) fn minute(at: &At) -> String {
    minute_of(at.as_str())
}

/// The same of a moment as the chain writes it.
pub(crate) fn minute_of(at: &str) -> String {
    let Ok(moment) = at.parse::<Timestamp>() else {
        return at.to_owned();
    };
    // A fixed offset, as the office's clock has it.
    moment
        .to_zoned(TimeZone::fixed(offset(8)))
        .strftime("%Y-%m-%d %H:%M")
        .to_string()
}

/// `2026-09-01` in Beijing.
pub(super) fn day(at: &At) -> String {
    minute(at).chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(start: usize, expected: &str) {
        let all: Vec<u32> = (1..=7).collect();
        let page = page(&all, start, 3, u32::to_string, |n| *n);
        let shown = format!(
            "{:?} of {} after {}, {:?} {:?}",
            page.rows, page.total, page.before, page.previous, page.next
        );
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_page_names_its_neighbours_by_the_row_before_them() {
        check(0, r#"[1, 2, 3] of 7 after 0, None Some("3")"#);
        check(3, r#"[4, 5, 6] of 7 after 3, Some("") Some("6")"#);
        check(6, r#"[7] of 7 after 6, Some("3") None"#);
    }

    #[test]
    fn a_page_past_the_end_is_empty_and_leads_back() {
        check(9, r#"[] of 7 after 7, Some("4") None"#);
    }
}
