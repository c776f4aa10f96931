use domain::{Day, Month, add_months, age_in_years, full_months};

use crate::day;

fn check(cell: &str, expected: &str) {
    let read = Day::parse(cell).map_or_else(|error| error.to_string(), |day| day.to_string());
    assert_eq!(read, expected, "the cell `{cell}`");
}

fn check_month(cell: &str, expected: &str) {
    let read = Month::parse(cell).map_or_else(|error| error.to_string(), |month| month.to_string());
    assert_eq!(read, expected, "the cell `{cell}`");
}

#[test]
fn a_day_is_read_in_every_form_that_can_mean_one_day_only() {
    check("2026-07-01", "2026-07-01");
    check("2026/7/1", "2026-07-01");
    check("2026.7.1", "2026-07-01");
    check("20260701", "2026-07-01");
    check("2026年7月1日", "2026-07-01");
    check("２０２６－０７－０１", "2026-07-01");
    check("\u{3000}2026-07-01 \u{FEFF}", "2026-07-01");
    check("二〇二六年二月三日", "2026-02-03");
    check("二○二六年十二月三十一日", "2026-12-31");
    check("二〇二六年十月二十日", "2026-10-20");
    check("9999-12-31", "9999-12-31");
}

#[test]
fn a_time_of_day_is_dropped_in_local_time_and_moved_to_shanghai_otherwise() {
    check("2026-02-03 00:00:00", "2026-02-03");
    check("1986-05-04 02:30", "1986-05-04");
    check("2026-01-31T16:30:00Z", "2026-02-01");
    check("2026-01-31T15:59:59.999Z", "2026-01-31");
    check("2026-02-01T00:30:00+08:00", "2026-02-01");
    check("2026-02-01T00:30:00+09:00", "2026-01-31");
    check("2026-02-01T20:00:00-05:00", "2026-02-02");
    check("2026-02-01T25:00:00", "不是日期,请写成 2026-02-03 的形式");
}

#[test]
fn a_day_the_calendar_does_not_have_is_refused() {
    for cell in [
        "2026-02-29",
        "2026-13-01",
        "2026-04-31",
        "2026-00-10",
        "20260230",
        "0026-01-01",
    ] {
        check(cell, "日历上没有这一天,请核对年月日");
    }
}

#[test]
fn a_cell_that_could_mean_two_days_is_refused() {
    for cell in ["03/02/2026", "26-02-03", "26年2月3日"] {
        check(cell, "年月日的次序无法确定,请写成 2026-02-03 的形式");
    }
    for cell in ["腊月初八", "丙午年正月初一", "丙午年", "二〇二六年腊月初八"]
    {
        check(cell, "农历日期不能换算,请填公历日期");
    }
    for cell in [
        "2026-02-03 起",
        "2026-02-03起",
        "2026年2月份",
        "约2020年",
        "2026-02",
        "2026",
    ] {
        check(cell, "日期应精确到日,且不带其他文字");
    }
    check(
        "46056",
        "这是表格软件的日期序号,请把该列设为日期格式后重新导出",
    );
    check("2月3日", "没有写明四位年份,请补全");
    check("不详", "不是日期,请写成 2026-02-03 的形式");
    check(" ", "日期为空,按未知处理");
}

#[test]
fn a_spreadsheet_day_number_is_read_where_the_cell_is_numeric() {
    assert_eq!(Day::from_serial(46056), Ok(day("2026-02-03")));
    assert_eq!(Day::from_serial(1), Ok(day("1900-01-01")));
    assert_eq!(Day::from_serial(59), Ok(day("1900-02-28")));
    assert_eq!(Day::from_serial(61), Ok(day("1900-03-01")));
    for serial in [60, 0, -1, 2_958_466, i64::MAX] {
        assert!(Day::from_serial(serial).is_err(), "serial {serial}");
    }
}

#[test]
fn days_count_as_columns_count_them() {
    assert_eq!(day("1970-01-01").epoch_days(), 0);
    assert_eq!(day("2026-09-14").epoch_days(), 20_710);
    assert_eq!(Day::from_epoch_days(-1), Day::new(1969, 12, 31));
    for days in [-50_000, -1, 0, 11_016, 20_710, 80_000] {
        assert_eq!(Day::from_epoch_days(days).map(Day::epoch_days), Some(days));
    }
    assert_eq!(day("2026-09-14").days_until(day("2026-10-30")), 46);
    assert_eq!(day("2026-09-14").add_days(-14), Some(day("2026-08-31")));
    assert_eq!(day("2026-09-14").add_days(i64::MAX), None);
    assert_eq!(Day::from_epoch_days(i32::MAX), None);
}

#[test]
fn age_is_full_on_the_birthday_and_on_1_march_for_the_leap_day() {
    let check = |birth, at, age| assert_eq!(age_in_years(day(birth), day(at)), age, "{birth} {at}");
    check("1966-09-14", "2026-09-13", 59);
    check("1966-09-14", "2026-09-14", 60);
    check("2008-02-29", "2026-02-28", 17);
    check("2008-02-29", "2026-03-01", 18);
    check("2008-02-29", "2028-02-29", 20);
}

#[test]
fn months_added_stop_at_the_last_day_and_whole_months_agree_with_that() {
    let check = |from, months, to| {
        assert_eq!(
            add_months(day(from), months),
            Some(day(to)),
            "{from} {months}"
        )
    };
    check("2026-01-31", 1, "2026-02-28");
    check("2028-01-31", 1, "2028-02-29");
    check("2026-03-31", -1, "2026-02-28");
    check("2026-06-30", 12, "2027-06-30");
    let check =
        |from, to, months| assert_eq!(full_months(day(from), day(to)), months, "{from} {to}");
    check("2026-01-31", "2026-02-27", 0);
    check("2026-01-31", "2026-02-28", 1);
    check("2026-01-15", "2026-02-14", 0);
    check("2026-01-15", "2027-01-15", 12);
    check("2026-02-15", "2026-01-15", -1);
    check("2026-02-14", "2026-01-15", 0);
}

#[test]
fn a_month_is_read_with_its_year_and_refused_without() {
    for cell in [
        "2026-08",
        "2026-8",
        "202608",
        "2026/08",
        "2026年8月",
        "2026年8月份",
        "２０２６-０８",
    ] {
        check_month(cell, "2026-08");
    }
    check_month("2026-13", "日历上没有这一天,请核对年月日");
    check_month("8月", "没有写明四位年份,请补全");
    check_month("26-08", "没有写明四位年份,请补全");
    check_month("", "日期为空,按未知处理");
}

#[test]
fn a_month_knows_its_neighbours_and_its_days() {
    let august = Month::containing(day("2026-08-17"));
    assert_eq!(
        (august.first(), august.last()),
        (day("2026-08-01"), day("2026-08-31"))
    );
    assert_eq!(august.add(5).to_string(), "2027-01");
    assert_eq!(august.add(-8).to_string(), "2025-12");
    assert_eq!(august.index(), 2026 * 12 + 7);
    assert_eq!(Month::from_index(august.index()), Some(august));
    assert_eq!(august.prev().next(), august);
    assert_eq!(Month::new(2026, 13), None);
}
