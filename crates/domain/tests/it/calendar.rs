use domain::{Day, Span, WorkCalendar};

use crate::{day, shared};

/// The announced years, or none where the table is absent.
fn announced() -> Option<WorkCalendar> {
    let table = shared::table("holidays/cn_holidays_2018_2026.csv")?;
    let rows = shared::rows(&table);
    let rows = rows
        .iter()
        .map(|[date, _name, is_off, _paper]: &[&str; 4]| (day(date), *is_off == "1"));
    Some(WorkCalendar::from_rows(rows, 2018..=2026))
}

fn check(calendar: &WorkCalendar, start: &str, workdays: u32, expected: &str) {
    let due = calendar
        .add_workdays(day(start), workdays)
        .map(|(due, _)| due.to_string());
    assert_eq!(
        due.unwrap_or_else(|error| error.to_string()),
        expected,
        "{workdays} from {start}"
    );
}

#[test]
fn thirty_working_days_from_the_demo_day_end_on_30_october() {
    let Some(calendar) = announced() else { return };
    check(&calendar, "2026-09-14", 30, "2026-10-30");
    let (_, skipped) = calendar
        .add_workdays(day("2026-09-14"), 30)
        .unwrap_or((day("1970-01-01"), Vec::new()));
    assert!(
        skipped.contains(&day("2026-09-25")) && skipped.contains(&day("2026-10-01")),
        "{skipped:?}"
    );
    assert_eq!(
        calendar.workdays_between(day("2026-09-14"), day("2026-10-30")),
        Ok(30)
    );
}

#[test]
fn a_make_up_day_is_worked_and_a_holiday_is_not() {
    let Some(calendar) = announced() else { return };
    assert_eq!(calendar.is_workday(day("2018-02-11")), Ok(true));
    assert_eq!(calendar.is_workday(day("2018-02-15")), Ok(false));
    assert_eq!(calendar.is_workday(day("2026-09-13")), Ok(false));
    assert_eq!(calendar.is_workday(day("2026-09-14")), Ok(true));
}

#[test]
fn a_year_not_announced_is_asked_for_not_guessed() {
    let missing = "缺少2027年工作日历,请在国务院办公厅公布后导入";
    let calendar = WorkCalendar::from_rows([], [2026]);
    check(&calendar, "2026-12-30", 1, "2026-12-31");
    check(&calendar, "2026-12-30", 2, missing);
    check(&calendar, "2026-12-31", 0, "2026-12-31");
    let asked = calendar
        .is_workday(day("2027-01-04"))
        .map_err(|error| error.to_string());
    assert_eq!(asked, Err(missing.to_owned()));
}

#[test]
fn paused_days_do_not_count() {
    let calendar = WorkCalendar::from_rows([], [2026]);
    let due = |pauses: &[Span]| {
        calendar
            .due(day("2026-09-14"), 3, pauses)
            .map(|(due, _): (Day, _)| due)
    };
    assert_eq!(due(&[]), Ok(day("2026-09-17")));
    let pause: Vec<Span> = Span::new(day("2026-09-15"), Some(day("2026-09-17")))
        .into_iter()
        .collect();
    assert_eq!(due(&pause), Ok(day("2026-09-21")));
}
