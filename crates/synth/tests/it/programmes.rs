//! What the other departments keep follows from the truth: nobody is watched in town, on a post without its wage,
//! or subsidised above the premium.

use std::collections::{BTreeMap, BTreeSet};

use crate::county;
use crate::files::rows;

fn fen(cell: &str) -> i64 {
    cell.replace('.', "").parse().unwrap()
}

#[test]
fn premiums_labour_and_posts_agree_with_wages_and_the_roll() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path(), 12_000, false);
    let root = folder.path();
    let columns = ["身份证号", "申报工资"];
    let wages: BTreeMap<String, i64> = rows(root, "2026-06", "social-insurance", columns)
        .into_iter()
        .map(|[number, wage]| (number, fen(&wage)))
        .collect();
    let columns = ["身份证号", "参保年度", "个人缴费标准", "已资助金额"];
    let insured = rows(root, "2026-06", "insured", columns);
    let mut subsidised = 0;
    for [number, year, premium, aided] in &insured {
        assert!(year == "2026" && !wages.contains_key(number));
        assert!((0..=fen(premium)).contains(&fen(aided)));
        subsidised += usize::from(fen(aided) > 0);
    }
    assert!(
        subsidised > 100 && subsidised * 2 < insured.len(),
        "{subsidised}"
    );
    let columns = [
        "身份证号",
        "是否就业",
        "是否登记失业",
        "是否就业困难人员",
        "是否在公益性岗位",
        "公益性岗位起始日期",
    ];
    let mut posts = 0;
    let mut jobless = 0;
    for [number, works, free, hard, post, since] in rows(root, "2026-06", "employment", columns) {
        assert_eq!(works == "是", wages.contains_key(&number));
        assert_ne!(works, free);
        assert!(post == "否" || (works == "是" && hard == "是" && since.as_str() < "2026-06-01"));
        posts += usize::from(post == "是");
        jobless += usize::from(free == "是");
    }
    assert!(posts > 5 && jobless > 50, "{posts} {jobless}");
}

#[test]
fn who_is_watched_lives_in_the_country_and_who_is_assessed_is_old() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path(), 12_000, false);
    let root = folder.path();
    let columns = ["身份证号", "城乡", "户号", "出生日期"];
    let register = rows(root, "2026-08", "register", columns);
    let of: BTreeMap<&str, &[String; 4]> =
        register.iter().map(|row| (row[0].as_str(), row)).collect();
    let columns = ["身份证号", "户编号", "识别日期", "风险消除日期"];
    let watched = rows(root, "2026-08", "at-risk-list", columns);
    let mut open = BTreeSet::new();
    for [number, household, since, cleared] in &watched {
        let [_, zone, book, _] = of[number.as_str()];
        assert!(zone == "农村" && household[2..] == book[1..]);
        assert!(since.as_str() <= "2026-08-31" && cleared.as_str() <= "2026-08-31");
        assert!(cleared.is_empty() || cleared >= since);
        if cleared.is_empty() {
            open.insert(household);
        }
    }
    assert!(open.len() > 5 && watched.len() > open.len() * 2);
    let columns = ["身份证号", "能力等级", "居家服务费", "机构服务费"];
    let assessed = rows(root, "2026-08", "elder-care", columns);
    for [number, level, home, institution] in &assessed {
        assert!(of[number.as_str()][3].as_str() <= "1966-07-01");
        let helped = fen(home) + fen(institution) > 0;
        assert!(!helped || ["中度", "重度", "完全"].contains(&level.as_str()));
    }
    assert!(assessed.len() > 100);
}

#[test]
fn housing_is_by_household_and_relief_is_two_years_first_and_then_the_months_own() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path(), 12_000, false);
    let root = folder.path();
    let columns = ["保障编号", "保障方式", "是否危房改造", "开始日期"];
    let mut homes: BTreeMap<String, [String; 3]> = BTreeMap::new();
    for [number, form, repaired, from] in rows(root, "2026-08", "public-housing", columns) {
        assert_eq!(form == "无", repaired == "是");
        let first = homes
            .entry(number)
            .or_insert_with(|| [form.clone(), repaired.clone(), from.clone()]);
        assert_eq!(*first, [form, repaired, from]);
    }
    let repaired = homes.values().filter(|[_, repaired, _]| repaired == "是");
    assert!(repaired.count() > 10 && homes.values().any(|[form, ..]| form == "公租房"));
    let columns = ["救助编号", "救助事由", "发放日期", "发放金额"];
    let first = rows(root, "2026-06", "temporary-relief-paid", columns);
    let (least, most) = (
        first.iter().map(|row| &row[2]).min().unwrap(),
        first.iter().map(|row| &row[2]).max().unwrap(),
    );
    assert!(
        least.as_str() >= "2024-07-01" && least.as_str() < "2024-10-01",
        "{least}"
    );
    assert!(most.as_str() <= "2026-06-30");
    for [_, cause, day, paid] in rows(root, "2026-08", "temporary-relief-paid", columns) {
        assert!(day.starts_with("2026-08") && cause != "无" && fen(&paid) > 0);
    }
}
