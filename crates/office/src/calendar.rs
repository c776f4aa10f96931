//! The work calendar from the rulebook's `calendars/<year>.csv`.

use crate::error::{OfficeError, Result};
use domain::{Day, WorkCalendar};
use rules::Rulebook;

/// Reads all years; a year without a file has no calendar, and a deadline in it is an error.
///
/// # Errors
/// A row that is no day.
pub fn read(book: &Rulebook) -> Result<WorkCalendar> {
    let (calendar, problems) = rules::procedure::calendar(book);
    match problems.first() {
        Some(wrong) => Err(OfficeError::FileRefused(wrong.to_string())),
        None => Ok(calendar),
    }
}

/// Holidays in words, days that follow one another as one span: `2026-09-25 至 2026-09-27 中秋节`.
#[must_use]
pub fn said(book: &Rulebook, days: &[Day]) -> String {
    let mut spans: Vec<(Day, Day, String)> = Vec::new();
    for day in days {
        let name = name_of(book, *day);
        match spans.last_mut() {
            Some((_, last, known)) if last.add_days(1) == Some(*day) && *known == name => {
                *last = *day
            }
            _ => spans.push((*day, *day, name)),
        }
    }
    let said = spans.iter().map(|(first, last, name)| match first == last {
        true => format!("{first} {name}"),
        false => format!("{first} 至 {last} {name}"),
    });
    said.map(|text| text.trim_end().to_owned())
        .collect::<Vec<_>>()
        .join(",")
}

/// What a holiday is called in its year's file.
fn name_of(book: &Rulebook, day: Day) -> String {
    let text = book.texts().get(&format!("calendars/{}.csv", day.year()));
    let mut lines = text.map_or("", String::as_str).lines();
    let header = lines.next().map(rules::params::split).unwrap_or_default();
    let place = |name: &str| header.iter().position(|h| h == name);
    let (Some(date), Some(name)) = (place("date"), place("name")) else {
        return String::new();
    };
    let wanted = day.to_string();
    let row = lines
        .map(rules::params::split)
        .find(|row| row.get(date) == Some(&wanted));
    row.and_then(|row| row.get(name).cloned())
        .unwrap_or_default()
}
