//! 日期: a civil day in Asia/Shanghai, and the ways departments write one.
//!
//! Never guesses: a cell that could mean two days is refused with the reason.

use std::fmt;

use jiff::SignedDuration;
use jiff::civil::{Date, date};

use crate::text;

const EPOCH: Date = date(1970, 1, 1);
/// Spreadsheets count days from here, from serial 61 on.
const SPREADSHEET_ORIGIN: Date = date(1899, 12, 30);

/// 日期: one civil day.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

/// Why a cell is not a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DayError {
    /// Nothing is written: the day is unknown.
    Missing,
    /// The calendar has no such day.
    NoSuchDay,
    /// `03/02/2026` or `26-02-03`: which part is the year, the month, the day?
    Ambiguous,
    /// `8月`, `26-08`: of which year?
    NoYear,
    /// A spreadsheet's day number in a text cell.
    SerialNumber,
    /// A day of the lunar calendar.
    Lunar,
    /// `约2020年`, `2026-02-03 起`, a month where a day is wanted.
    Imprecise,
    /// Not a day in any form we read.
    Unreadable,
}

impl DayError {
    /// What is wrong and what to do, for the official who sent the file.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Missing => "日期为空,按未知处理",
            Self::NoSuchDay => "日历上没有这一天,请核对年月日",
            Self::Ambiguous => "年月日的次序无法确定,请写成 2026-02-03 的形式",
            Self::NoYear => "没有写明四位年份,请补全",
            Self::SerialNumber => "这是表格软件的日期序号,请把该列设为日期格式后重新导出",
            Self::Lunar => "农历日期不能换算,请填公历日期",
            Self::Imprecise => "日期应精确到日,且不带其他文字",
            Self::Unreadable => "不是日期,请写成 2026-02-03 的形式",
        }
    }
}

/// The first day of the count of days: stands where there is no better answer.
impl Default for Day {
    fn default() -> Self {
        Self::FALLBACK
    }
}

impl fmt::Display for DayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for DayError {}

impl Day {
    /// Where arithmetic that cannot leave the calendar would have to answer something.
    pub(crate) const FALLBACK: Self = Self(EPOCH);

    /// The day of that year, month and day of month, when the calendar has it.
    #[must_use]
    pub fn new(year: i32, month: u8, day: u8) -> Option<Self> {
        let date = Date::new(
            i16::try_from(year).ok()?,
            i8::try_from(month).ok()?,
            i8::try_from(day).ok()?,
        );
        date.ok().map(Self)
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> i32 {
        i32::from(self.0.year())
    }

    /// The month of the year, 1 to 12.
    #[must_use]
    pub fn month(self) -> u8 {
        self.0.month().unsigned_abs()
    }

    /// The day of the month, 1 to 31.
    #[must_use]
    pub fn day(self) -> u8 {
        self.0.day().unsigned_abs()
    }

    /// Is it a Saturday or a Sunday?
    #[must_use]
    pub fn is_weekend(self) -> bool {
        use jiff::civil::Weekday::{Saturday, Sunday};
        matches!(self.0.weekday(), Saturday | Sunday)
    }

    /// The day that many days after 1970-01-01, as Parquet and Arrow count.
    #[must_use]
    pub fn from_epoch_days(days: i32) -> Option<Self> {
        Self(EPOCH).add_days(i64::from(days))
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub fn epoch_days(self) -> i32 {
        // The calendar spans 20,000 years, so the count of days always fits.
        i32::try_from(Self(EPOCH).days_until(self)).unwrap_or(i32::MAX)
    }

    /// The day that many days later, or earlier when negative.
    #[must_use]
    pub fn add_days(self, days: i64) -> Option<Self> {
        let hours = days
            .checked_mul(24)
            .filter(|h| h.unsigned_abs() < 1 << 40)?;
        self.0
            .checked_add(SignedDuration::from_hours(hours))
            .ok()
            .map(Self)
    }

    /// Days from this day to the other; negative when the other is earlier.
    #[must_use]
    pub fn days_until(self, other: Self) -> i64 {
        other.0.duration_since(self.0).as_hours() / 24
    }

    /// The day behind a spreadsheet's numeric date cell.
    ///
    /// # Errors
    /// Serial 60 (a 29 February 1900 that never was), zero, negatives and years past 9999.
    pub fn from_serial(serial: i64) -> Result<Self, DayError> {
        let origin = Self(SPREADSHEET_ORIGIN);
        match serial {
            1..=59 => origin.add_days(serial + 1).ok_or(DayError::NoSuchDay),
            61..=2_958_465 => origin.add_days(serial).ok_or(DayError::NoSuchDay),
            _ => Err(DayError::NoSuchDay),
        }
    }

    /// The day written in a cell, in any form that can mean one day only.
    ///
    /// # Errors
    /// A [`DayError`] whose message the official can act on.
    pub fn parse(cell: &str) -> Result<Self, DayError> {
        let cell: String = text::trimmed(cell)
            .chars()
            .map(text::fold_width)
            .map(plain_numeral)
            .collect();
        let cell = text::trimmed(&cell);
        if cell.is_empty() {
            return Err(DayError::Missing);
        }
        if is_lunar(cell) {
            return Err(DayError::Lunar);
        }
        match cell.split_once(['T', ' ']) {
            Some((day, clock)) => with_clock(day, clock),
            None => bare(cell),
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        Self::parse(text)
    }
}

/// 周岁: full years of age, reached on the birthday; somebody born on 29 February turns on 1 March.
#[must_use]
pub fn age_in_years(birth: Day, at: Day) -> i32 {
    let birthday_to_come = (at.month(), at.day()) < (birth.month(), birth.day());
    at.year() - birth.year() - i32::from(birthday_to_come)
}

/// A full stop between digits was folded to `.`; Chinese digits become plain ones.
fn plain_numeral(c: char) -> char {
    match c {
        '〇' | '○' => '0',
        '／' => '/',
        _ => c,
    }
}

fn is_lunar(cell: &str) -> bool {
    const WORDS: &[&str] = &["腊月", "正月", "冬月", "闰", "初", "廿", "农历", "阴历"];
    const STEMS: &str = "甲乙丙丁戊己庚辛壬癸";
    const BRANCHES: &str = "子丑寅卯辰巳午未申酉戌亥";
    let pairs = cell.chars().zip(cell.chars().skip(1));
    WORDS.iter().any(|word| cell.contains(word))
        || pairs
            .into_iter()
            .any(|(a, b)| STEMS.contains(a) && BRANCHES.contains(b))
}

/// `2026-01-31T16:30:00Z`, `2026-02-03 00:00:00`: the civil day in Asia/Shanghai.
fn with_clock(day: &str, clock: &str) -> Result<Day, DayError> {
    let clock = text::trimmed(clock);
    if clock.is_empty() || !clock.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(DayError::Imprecise);
    }
    let day = bare(day)?;
    let (clock, offset_minutes) = split_offset(clock)?;
    let minutes = minutes_of(clock)?;
    match offset_minutes {
        None => Ok(day),
        Some(offset) => {
            let there = minutes - offset + 8 * 60;
            day.add_days(there.div_euclid(24 * 60))
                .ok_or(DayError::NoSuchDay)
        }
    }
}

fn split_offset(clock: &str) -> Result<(&str, Option<i64>), DayError> {
    if let Some(clock) = clock.strip_suffix(['Z', 'z']) {
        return Ok((clock, Some(0)));
    }
    let Some(at) = clock.find(['+', '-']) else {
        return Ok((clock, None));
    };
    let (clock, offset) = clock.split_at(at);
    let minutes = minutes_of(offset.trim_start_matches(['+', '-']))?;
    Ok((
        clock,
        Some(if offset.starts_with('-') {
            -minutes
        } else {
            minutes
        }),
    ))
}

/// `16:30`, `16:30:00`, `16:30:00.123` as minutes of the day.
fn minutes_of(clock: &str) -> Result<i64, DayError> {
    let mut parts = clock.split(':');
    let hour = parts
        .next()
        .and_then(text::number)
        .filter(|h| *h < 24)
        .ok_or(DayError::Unreadable)?;
    let minute = parts
        .next()
        .and_then(text::number)
        .filter(|m| *m < 60)
        .ok_or(DayError::Unreadable)?;
    let second = parts.next().unwrap_or("0");
    let (second, fraction) = second.split_once('.').unwrap_or((second, "0"));
    let whole = text::number(second).is_some_and(|s| s <= 60) && text::number(fraction).is_some();
    if !whole || parts.next().is_some() {
        return Err(DayError::Unreadable);
    }
    Ok(hour * 60 + minute)
}

/// A day without a time of day.
fn bare(cell: &str) -> Result<Day, DayError> {
    if let Some(number) = text::number(cell) {
        return match cell.len() {
            8 => from_parts(number / 10_000, number / 100 % 100, number % 100),
            4 | 6 => Err(DayError::Imprecise),
            5 | 7 => Err(DayError::SerialNumber),
            _ => Err(DayError::Unreadable),
        };
    }
    if cell.contains('年') {
        return in_characters(cell);
    }
    if cell.contains('月') {
        return Err(DayError::NoYear);
    }
    let Some(separator) = cell.chars().find(|c| "-/.".contains(*c)) else {
        return Err(if cell.starts_with('约') {
            DayError::Imprecise
        } else {
            DayError::Unreadable
        });
    };
    let parts: Vec<&str> = cell.split(separator).collect();
    match *parts.as_slice() {
        [year, month, day] if year.len() == 4 => from_text(year, month, day),
        [a, b, c] if [a, b, c].iter().all(|part| text::number(part).is_some()) => {
            Err(DayError::Ambiguous)
        }
        [year, month] if text::number(year).is_some() && text::number(month).is_some() => {
            Err(DayError::Imprecise)
        }
        _ if cell.starts_with(|c: char| c.is_ascii_digit()) => Err(DayError::Imprecise),
        _ => Err(DayError::Unreadable),
    }
}

/// `2026年7月1日`, `二〇二六年二月三日`.
fn in_characters(cell: &str) -> Result<Day, DayError> {
    let (year, rest) = cell.split_once('年').ok_or(DayError::Unreadable)?;
    let (month, rest) = rest.split_once('月').ok_or(DayError::Imprecise)?;
    let day = rest.strip_suffix(['日', '号']).ok_or(DayError::Imprecise)?;
    let year: Option<String> = year
        .chars()
        .map(|c| chinese_digit(c).map(|d| d.to_string()))
        .collect();
    let year = year.ok_or(DayError::Imprecise)?;
    if year.len() == 2 {
        return Err(DayError::Ambiguous);
    }
    let year = text::number(&year)
        .filter(|_| year.len() == 4)
        .ok_or(DayError::Unreadable)?;
    let month = small_number(text::trimmed(month)).ok_or(DayError::Unreadable)?;
    let day = small_number(text::trimmed(day)).ok_or(DayError::Unreadable)?;
    from_parts(year, month, day)
}

fn from_text(year: &str, month: &str, day: &str) -> Result<Day, DayError> {
    let part = |text: &str| {
        let number = text::number(text).filter(|_| text.len() <= 4);
        // `3日起` starts with a number and says more than a day.
        let starts = text.starts_with(|c: char| c.is_ascii_digit());
        number.ok_or(if starts {
            DayError::Imprecise
        } else {
            DayError::Unreadable
        })
    };
    from_parts(part(year)?, part(month)?, part(day)?)
}

fn from_parts(year: i64, month: i64, day: i64) -> Result<Day, DayError> {
    // Nobody on a register was born before 1800; such a year is a slip of the pen.
    let year = i32::try_from(year)
        .ok()
        .filter(|y| *y >= 1800)
        .ok_or(DayError::NoSuchDay)?;
    let month = u8::try_from(month).map_err(|_| DayError::NoSuchDay)?;
    let day = u8::try_from(day).map_err(|_| DayError::NoSuchDay)?;
    Day::new(year, month, day).ok_or(DayError::NoSuchDay)
}

/// One digit, plain or Chinese.
fn chinese_digit(c: char) -> Option<u32> {
    match c {
        '零' => Some(0),
        _ => text::digit(c).or_else(|| {
            "0一二三四五六七八九"
                .chars()
                .zip(0_u32..)
                .find(|(d, _)| *d == c)
                .map(|p| p.1)
        }),
    }
}

/// 1 to 31, plain or Chinese: `7`, `07`, `七`, `十二`, `三十一`, `二十`.
pub(crate) fn small_number(text: &str) -> Option<i64> {
    if let Some(number) = text::number(text) {
        return (text.len() <= 2).then_some(number);
    }
    let (tens, ones) = match text.split_once('十') {
        Some(("", ones)) => (1, ones),
        Some((tens, ones)) => (single(tens)?, ones),
        None => (0, text),
    };
    let ones = if ones.is_empty() { 0 } else { single(ones)? };
    Some(tens * 10 + ones)
}

fn single(text: &str) -> Option<i64> {
    let mut chars = text.chars();
    let digit = chinese_digit(chars.next()?)?;
    chars.next().is_none().then_some(i64::from(digit))
}
