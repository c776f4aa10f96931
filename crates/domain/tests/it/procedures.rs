//! The arithmetic of a procedure: which way is next, which time holds, when it is over.

use crate::day;
use domain::procedure::{
    Counted, Length, Next, Procedure, Purpose, Step, StepLimit, TimeLimit, When,
};
use domain::{Span, WorkCalendar};

use std::collections::BTreeSet;

fn calendar() -> WorkCalendar {
    let off = |text: &str| (day(text), true);
    WorkCalendar::from_rows(
        [
            off("2026-10-01"),
            off("2026-10-02"),
            (day("2026-10-10"), false),
        ],
        [2026],
    )
}

fn check(count: u32, counted: Counted, start: &str, pauses: &[Span], want: &str) {
    let told = Length { count, counted }.due(day(start), &calendar(), pauses);
    let got = told.map_or_else(|e| e.to_string(), |due| due.day.to_string());
    assert_eq!(got, want);
}

fn when(names: &[&str]) -> When {
    When {
        any_of: names.iter().map(|n| (*n).to_owned()).collect(),
    }
}

fn told(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

fn step(name: &str, next: &[(&str, &[&str])]) -> Step {
    Step {
        name: name.to_owned(),
        who: vec!["窗口经办".to_owned()],
        persons: 1,
        other_than: vec![],
        limit: None::<StepLimit>,
        sample: None,
        ground: None,
        papers: vec![],
        gives: vec![],
        next: next
            .iter()
            .map(|(to, w)| Next {
                step: (*to).to_owned(),
                when: when(w),
            })
            .collect(),
    }
}

fn limit(count: u32, holds: &[&str], extended: Option<(u32, &[&str])>) -> TimeLimit {
    let workdays = |count| Length {
        count,
        counted: Counted::Workdays,
    };
    TimeLimit {
        length: workdays(count),
        from: "受理".to_owned(),
        to: "决定".to_owned(),
        when: when(holds),
        extended: extended.map(|(n, w)| (workdays(n), when(w))),
        without: vec![],
        cites: vec![],
    }
}

fn procedure() -> Procedure {
    Procedure {
        id: "a".to_owned(),
        title: "办理".to_owned(),
        path: "procedures/a.md".to_owned(),
        from: day("2026-01-01"),
        to: None,
        cites: vec![],
        purpose: Purpose::Admission,
        programmes: vec![],
        steps: vec![
            step("受理", &[("公示", &["要公示"]), ("决定", &[])]),
            step("公示", &[("决定", &[])]),
            step("决定", &[]),
        ],
        circumstances: vec![],
        limits: vec![
            limit(30, &[], Some((45, &["有异议", "异地"]))),
            limit(20, &["下放"], None),
        ],
        pauses: vec![],
        notice: None,
        documents: vec![],
        published: vec![],
        pays_from: None,
        reviews: vec![],
    }
}

#[test]
fn holidays_do_not_count_and_a_made_up_saturday_does() {
    check(5, Counted::Workdays, "2026-09-29", &[], "2026-10-08");
    check(7, Counted::Workdays, "2026-09-29", &[], "2026-10-10");
}

#[test]
fn days_of_public_notice_count_through_a_holiday() {
    check(7, Counted::Days, "2026-09-28", &[], "2026-10-05");
}

#[test]
fn months_from_the_last_day_end_on_the_last_day() {
    check(3, Counted::Months, "2026-11-30", &[], "2027-02-28");
}

#[test]
fn the_days_of_a_pause_are_given_back_however_they_are_counted() {
    let pause = [Span::new(day("2026-10-05"), Some(day("2026-10-07"))).unwrap()];
    check(5, Counted::Workdays, "2026-09-29", &pause, "2026-10-10");
    check(7, Counted::Days, "2026-09-30", &pause, "2026-10-09");
}

#[test]
fn a_year_without_a_calendar_is_told_and_not_guessed() {
    let said = "缺少2027年工作日历,请在国务院办公厅公布后导入";
    check(30, Counted::Workdays, "2026-12-15", &[], said);
}

#[test]
fn a_circumstance_opens_its_own_way_and_without_it_the_last_one_opens() {
    let procedure = procedure();
    let next = |names: &[&str]| {
        procedure
            .next_of("受理", &told(names))
            .map(|s| s.name.clone())
    };
    assert_eq!(next(&["要公示"]).as_deref(), Some("公示"));
    assert_eq!(next(&["异地"]).as_deref(), Some("决定"));
    assert!(procedure.next_of("决定", &told(&[])).is_none());
}

#[test]
fn the_time_made_for_such_cases_goes_before_the_general_one() {
    let procedure = procedure();
    let days = |names: &[&str]| -> Vec<u32> {
        let limits = procedure.limits_for(&told(names));
        limits.iter().map(|(_, length)| length.count).collect()
    };
    assert_eq!(days(&[]), [30]);
    assert_eq!(days(&["异地"]), [45]);
    assert_eq!(days(&["下放", "异地"]), [20]);
}
