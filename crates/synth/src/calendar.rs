//! Days as days since 1970-01-01 and months as `year * 12 + month - 1`.
//! Own arithmetic: test data must not be made by the code under test.

/// Days since 1970-01-01.
pub(crate) type DayNo = i32;
/// `year * 12 + month - 1`, the same count as `domain::Month::index`.
pub(crate) type MonthNo = i32;

/// The day number of a civil date of the Gregorian calendar.
pub(crate) fn day(year: i32, month: i32, day_of_month: i32) -> DayNo {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y - era * 400;
    let shifted = (month + 9) % 12;
    let day_of_year = (153 * shifted + 2) / 5 + day_of_month - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a day number.
pub(crate) fn civil(number: DayNo) -> (i32, i32, i32) {
    let z = number + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z - era * 146_097;
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i32::from(month <= 2);
    (year, month, doy - (153 * mp + 2) / 5 + 1)
}

/// The first day of a month.
pub(crate) fn first_of(month: MonthNo) -> DayNo {
    day(month.div_euclid(12), month.rem_euclid(12) + 1, 1)
}

/// The last day of a month.
pub(crate) fn last_of(month: MonthNo) -> DayNo {
    first_of(month + 1) - 1
}

/// The month a day lies in.
pub(crate) fn month_of(number: DayNo) -> MonthNo {
    let (year, month, _) = civil(number);
    year * 12 + month - 1
}

/// Full years of age on a day; someone born on 29 February has the birthday on 1 March.
pub(crate) fn age(birth: DayNo, at: DayNo) -> i32 {
    let (by, bm, bd) = civil(birth);
    let (y, m, d) = civil(at);
    y - by - i32::from((m, d) < (bm, bd))
}

/// `2026-07-01`.
pub(crate) fn day_text(number: DayNo) -> String {
    let (y, m, d) = civil(number);
    format!("{y:04}-{m:02}-{d:02}")
}

/// `2026-07`.
pub(crate) fn month_text(month: MonthNo) -> String {
    format!(
        "{:04}-{:02}",
        month.div_euclid(12),
        month.rem_euclid(12) + 1
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_civil_dates_are_each_others_inverse() {
        for number in (-30_000..30_000).step_by(37) {
            let (y, m, d) = civil(number);
            assert_eq!(day(y, m, d), number);
        }
        assert_eq!(day(1970, 1, 1), 0);
        assert_eq!(day_text(day(2024, 2, 29)), "2024-02-29");
        assert_eq!(age(day(2000, 2, 29), day(2026, 2, 28)), 25);
        assert_eq!(age(day(2000, 2, 29), day(2026, 3, 1)), 26);
    }
}
