//! 工作日历: which days count for a deadline. The days are data the caller has read.
//!
//! Never guesses a year that has not been announced: weekends alone are not a calendar.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::{Day, Span};

/// 工作日历 of the years that have been announced.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WorkCalendar {
    /// Days that differ from the week's rule: true for a holiday, false for a make-up workday.
    exceptions: BTreeMap<Day, bool>,
    years: BTreeSet<i32>,
}

/// The year's calendar has not been announced or not been imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct NoCalendar {
    /// The year that is missing.
    pub year: i32,
}

impl fmt::Display for NoCalendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "缺少{}年工作日历,请在国务院办公厅公布后导入", self.year)
    }
}

impl std::error::Error for NoCalendar {}

impl WorkCalendar {
    /// The calendar of `years`, from the days announced as off (true) or worked (false).
    pub fn from_rows(
        rows: impl IntoIterator<Item = (Day, bool)>,
        years: impl IntoIterator<Item = i32>,
    ) -> Self {
        Self {
            exceptions: rows.into_iter().collect(),
            years: years.into_iter().collect(),
        }
    }

    /// The years it covers, in order.
    pub fn years(&self) -> impl Iterator<Item = i32> {
        self.years.iter().copied()
    }

    /// Is it a working day?
    ///
    /// # Errors
    /// [`NoCalendar`] when the day's year is not covered.
    pub fn is_workday(&self, day: Day) -> Result<bool, NoCalendar> {
        if !self.years.contains(&day.year()) {
            return Err(NoCalendar { year: day.year() });
        }
        Ok(match self.exceptions.get(&day) {
            Some(is_off) => !is_off,
            None => !day.is_weekend(),
        })
    }

    /// The last of `workdays` working days, the first being the one after `start`; and the announced holidays
    /// skipped on the way.
    ///
    /// # Errors
    /// [`NoCalendar`] when the way leads into a year that is not covered.
    pub fn add_workdays(&self, start: Day, workdays: u32) -> Result<(Day, Vec<Day>), NoCalendar> {
        self.due(start, workdays, &[])
    }

    /// As [`WorkCalendar::add_workdays`], while the days within a pause do not count.
    ///
    /// # Errors
    /// [`NoCalendar`] when the way leads into a year that is not covered.
    pub fn due(
        &self,
        start: Day,
        workdays: u32,
        pauses: &[Span],
    ) -> Result<(Day, Vec<Day>), NoCalendar> {
        let mut day = start;
        let mut left = workdays;
        let mut holidays = Vec::new();
        while left > 0 {
            day = next(day)?;
            if self.is_workday(day)? {
                let paused = pauses.iter().any(|pause| pause.contains(day));
                left -= u32::from(!paused);
            } else if self.exceptions.contains_key(&day) {
                holidays.push(day);
            }
        }
        Ok((day, holidays))
    }

    /// Working days after `from` up to and including `to`; none when `to` is not later.
    ///
    /// # Errors
    /// [`NoCalendar`] when a year between them is not covered.
    pub fn workdays_between(&self, from: Day, to: Day) -> Result<u32, NoCalendar> {
        let mut day = from;
        let mut count = 0;
        while day < to {
            day = next(day)?;
            count += u32::from(self.is_workday(day)?);
        }
        Ok(count)
    }
}

fn next(day: Day) -> Result<Day, NoCalendar> {
    day.add_days(1).ok_or(NoCalendar {
        year: day.year() + 1,
    })
}
