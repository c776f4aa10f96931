//! 月份: the unit benefits, wages and feeds are counted in. It is never a day and never a number.

use std::fmt;

use crate::day::{Day, DayError, small_number};
use crate::text;

/// 月份: one calendar month.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i32);

impl Month {
    /// The month of that year, 1 to 12.
    #[must_use]
    pub fn new(year: i32, month: u8) -> Option<Self> {
        Day::new(year, month, 1).map(Self::containing)
    }

    /// The month a day falls in.
    #[must_use]
    pub fn containing(day: Day) -> Self {
        Self(day.year() * 12 + i32::from(day.month()) - 1)
    }

    /// Months since year 0, for columns and differences: year × 12 + month − 1.
    #[must_use]
    pub const fn index(self) -> i32 {
        self.0
    }

    /// The month with that index, when the calendar reaches so far.
    #[must_use]
    pub fn from_index(index: i32) -> Option<Self> {
        (12..120_000).contains(&index).then_some(Self(index))
    }

    /// The year.
    #[must_use]
    pub const fn year(self) -> i32 {
        self.0.div_euclid(12)
    }

    /// The month of the year, 1 to 12.
    #[must_use]
    pub fn month(self) -> u8 {
        u8::try_from(self.0.rem_euclid(12) + 1).unwrap_or(1)
    }

    /// The first day.
    #[must_use]
    pub fn first(self) -> Day {
        // Every index we hold is inside the calendar, so the fallback is never taken.
        Day::new(self.year(), self.month(), 1).unwrap_or(Day::FALLBACK)
    }

    /// The last day.
    #[must_use]
    pub fn last(self) -> Day {
        (28..=31)
            .rev()
            .find_map(|day| Day::new(self.year(), self.month(), day))
            .unwrap_or(Day::FALLBACK)
    }

    /// The month that many months later, or earlier when negative; it stops at the ends of the calendar.
    #[must_use]
    #[expect(
        clippy::should_implement_trait,
        reason = "a month and a count are not two of a kind"
    )]
    pub fn add(self, months: i32) -> Self {
        Self(self.0.saturating_add(months).clamp(12, 119_999))
    }

    /// The month after.
    #[must_use]
    pub fn next(self) -> Self {
        self.add(1)
    }

    /// The month before.
    #[must_use]
    pub fn prev(self) -> Self {
        self.add(-1)
    }

    /// Months from this one to the other; negative when the other is earlier.
    #[must_use]
    pub const fn months_until(self, other: Self) -> i32 {
        other.0 - self.0
    }

    /// The month written in a cell: `2026-08`, `2026-8`, `202608`, `2026/08`, `2026年8月(份)`.
    ///
    /// # Errors
    /// A month without its year, or anything else, is refused with the reason.
    pub fn parse(cell: &str) -> Result<Self, DayError> {
        let cell: String = text::trimmed(cell).chars().map(text::fold_width).collect();
        let cell = text::trimmed(&cell);
        if cell.is_empty() {
            return Err(DayError::Missing);
        }
        let (year, month) = split(cell)?;
        let year = text::number(year)
            .filter(|_| year.len() == 4)
            .ok_or(DayError::NoYear)?;
        let month = small_number(month).ok_or(DayError::Unreadable)?;
        let year = i32::try_from(year)
            .ok()
            .filter(|y| *y >= 1800)
            .ok_or(DayError::NoSuchDay)?;
        let month = u8::try_from(month).map_err(|_| DayError::NoSuchDay)?;
        Self::new(year, month).ok_or(DayError::NoSuchDay)
    }
}

/// The year and the month as written.
fn split(cell: &str) -> Result<(&str, &str), DayError> {
    if cell.len() == 6 && text::number(cell).is_some() {
        return Ok(cell.split_at(4));
    }
    if let Some((year, rest)) = cell.split_once('年') {
        let month = rest
            .strip_suffix('份')
            .unwrap_or(rest)
            .strip_suffix('月')
            .ok_or(DayError::Unreadable)?;
        return Ok((year, month));
    }
    if cell.ends_with('月') || cell.ends_with("月份") {
        return Err(DayError::NoYear);
    }
    cell.split_once(['-', '/', '.']).ok_or(DayError::Unreadable)
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year(), self.month())
    }
}

impl fmt::Debug for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::str::FromStr for Month {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        Self::parse(text)
    }
}

/// 整月数: whole months from one day to another; negative when the second is earlier.
///
/// A month is whole when its day of month is reached, or, in a shorter month, that month's last day is past.
#[must_use]
pub fn full_months(from: Day, to: Day) -> i32 {
    if to < from {
        return -full_months(to, from);
    }
    let months = Month::containing(from).months_until(Month::containing(to));
    // 31 January + 1 month stops at 28 February, so that day completes the month.
    let reached = add_months(from, months).is_some_and(|day| day <= to);
    months - i32::from(!reached)
}

/// The same day of another month; it stops at that month's last day.
#[must_use]
pub fn add_months(day: Day, months: i32) -> Option<Day> {
    let index = Month::containing(day).index().checked_add(months)?;
    let month = Month::from_index(index)?;
    Day::new(month.year(), month.month(), day.day()).or_else(|| Some(month.last()))
}
