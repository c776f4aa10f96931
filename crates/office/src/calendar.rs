//! The work calendar from the rulebook's `calendars/<year>.csv`.

use crate::error::{OfficeError, Result};
use domain::{Day, WorkCalendar};
use rules::Rulebook;

/// Reads all years; a year without a file has no calendar, and a deadline in it is an error.
///
/// # Errors
/// A row that is no day.
pub fn read(book: &Rulebook) -> Result<WorkCalendar> {
    let mut days = Vec::new();
    let mut years = Vec::new();
    for (path, text) in book.texts() {
        let Some(year) = path
            .strip_prefix("calendars/")
            .and_then(|p| p.strip_suffix(".csv"))
        else {
            continue;
        };
        years.extend(year.parse::<i32>().ok());
        let header: Vec<String> = text
            .lines()
            .next()
            .map(rules::params::split)
            .unwrap_or_default();
        let place = |name: &str| header.iter().position(|h| h == name);
        let (date, off) = (place("date").unwrap_or(0), place("is_off_day").unwrap_or(2));
        for line in text.lines().skip(1).filter(|l| !l.trim().is_empty()) {
            let cells = rules::params::split(line);
            let cell = |i: usize| cells.get(i).map_or("", |c| c.trim());
            let day = Day::parse(cell(date))
                .map_err(|e| OfficeError::FileRefused(format!("{path}:{e}")))?;
            days.push((day, matches!(cell(off), "1" | "true" | "是" | "休")));
        }
    }
    Ok(WorkCalendar::from_rows(days, years))
}
