//! Civil days as Arrow counts them: days since 1970-01-01, without going through a date type.
//!
//! Independent of `domain`'s calendar on purpose: the differential test compares the two.

const DAYS_TO_EPOCH: i64 = 719_468;
const DAYS_IN_ERA: i64 = 146_097;
/// Months since year 0 the calendar reaches.
const MONTHS: std::ops::Range<i64> = 12..120_000;

/// A day taken apart.
#[derive(Clone, Copy)]
pub(crate) struct Civil {
    year: i64,
    month: i64,
    day: i64,
}

impl Civil {
    /// Months since year 0.
    fn month_index(self) -> i64 {
        self.year * 12 + self.month - 1
    }
}

/// Year, month and day of a day number.
pub(crate) fn civil(days: i32) -> Civil {
    let z = i64::from(days) + DAYS_TO_EPOCH;
    let era = z.div_euclid(DAYS_IN_ERA);
    let day_of_era = z.rem_euclid(DAYS_IN_ERA);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // Years run from March here, so that the leap day is the last of its year.
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Civil { year, month, day }
}

/// The day number of a year, month and day that exist.
fn number(year: i64, month: i64, day: i64) -> Option<i32> {
    let year = year - i64::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    i32::try_from(era * DAYS_IN_ERA + day_of_era - DAYS_TO_EPOCH).ok()
}

fn last_of(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// 周岁: full years on a day; somebody born on 29 February turns on 1 March.
pub(crate) fn age(birth: i32, at: i32) -> i64 {
    age_on(birth, civil(at))
}

/// 周岁 on a day already taken apart.
pub(crate) fn age_on(birth: i32, at: Civil) -> i64 {
    let birth = civil(birth);
    let to_come = (at.month, at.day) < (birth.month, birth.day);
    at.year - birth.year - i64::from(to_come)
}

/// The same day of another month; it stops at that month's last day. None outside the calendar.
pub(crate) fn add_months(day: i32, months: i64) -> Option<i32> {
    let from = civil(day);
    let index = from
        .month_index()
        .checked_add(months)
        .filter(|i| MONTHS.contains(i))?;
    let (year, month) = (index.div_euclid(12), index.rem_euclid(12) + 1);
    number(year, month, from.day.min(last_of(year, month)))
}

/// The first day of the month that many months away.
pub(crate) fn month_start(day: i32, months: i64) -> Option<i32> {
    add_months(day, months).map(|there| there - i32::try_from(civil(there).day - 1).unwrap_or(0))
}

/// 满月数: whole months from one day to another; negative when the second is earlier.
pub(crate) fn full_months(from: i32, to: i32) -> i64 {
    if to < from {
        return -full_months(to, from);
    }
    let months = civil(to).month_index() - civil(from).month_index();
    let reached = add_months(from, months).is_some_and(|day| day <= to);
    months - i64::from(!reached)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use domain::Day;

    #[test]
    fn the_calendar_agrees_with_domain_on_every_day_of_a_leap_cycle() {
        let at = Day::new(2026, 8, 31).unwrap();
        for number in -40_000..60_000 {
            let day = Day::from_epoch_days(number).unwrap();
            let c = civil(number);
            let parts = (
                i64::from(day.year()),
                i64::from(day.month()),
                i64::from(day.day()),
            );
            assert_eq!((c.year, c.month, c.day), parts);
            assert_eq!(
                age(number, at.epoch_days()),
                i64::from(domain::age_in_years(day, at))
            );
            assert_eq!(
                full_months(number, at.epoch_days()),
                i64::from(domain::full_months(day, at))
            );
            let moved = i64::from(number % 37);
            let want = domain::add_months(day, number % 37).map(Day::epoch_days);
            assert_eq!(add_months(number, moved), want);
        }
    }
}
