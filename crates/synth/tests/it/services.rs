//! Needs, services and the medical aid belong to the persons they are written for, and disturb nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::county;
use crate::files::rows;

fn persons(rows: &[[String; 1]]) -> BTreeSet<&str> {
    rows.iter().map(|[number]| number.as_str()).collect()
}

#[test]
fn a_need_belongs_to_somebody_who_has_it_and_a_village_has_a_service_or_not() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path(), 12_000, false);
    let root = folder.path();
    let columns = [
        "身份证号",
        "服务项目",
        "附近有供给",
        "获得服务日期",
        "登记日期",
    ];
    let needs = rows(root, "2026-08", "service-needs", columns);
    let pupils = rows(root, "2026-06", "school", ["身份证号"]);
    let pupils = persons(&pupils);
    // Who came later is on no list of pupils before September.
    let june = rows(root, "2026-06", "register", ["身份证号"]);
    let june = persons(&june);
    let cards = rows(root, "2026-08", "disability", ["残疾人证号", "残疾类别"]);
    let physical = |number: &str| {
        cards.iter().any(|[card, kind]| {
            card.starts_with(number) && !["视力", "听力", "言语"].contains(&kind.as_str())
        })
    };
    let register = rows(
        root,
        "2026-08",
        "register",
        ["身份证号", "户籍地区", "居住地区", "出生日期"],
    );
    let at_home: BTreeMap<&str, &[String; 4]> = register
        .iter()
        .filter(|[_, book, lives, _]| book == lives)
        .map(|row| (row[0].as_str(), row))
        .collect();
    let mut supply: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    let mut services: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
    for [number, service, nearby, obtained, registered] in &needs {
        let counts = services.entry(service).or_default();
        counts[0] += 1;
        counts[1] += usize::from(nearby == "是");
        counts[2] += usize::from(!obtained.is_empty());
        assert!(obtained.is_empty() || obtained >= registered);
        match service.as_str() {
            "课业辅导" if june.contains(number.as_str()) => {
                assert!(pupils.contains(number.as_str()));
            }
            "康复训练" => assert!(physical(number)),
            "助餐" => {
                let born = at_home.get(number.as_str()).map(|row| row[3].as_str());
                assert!(born.is_none_or(|born| born < "1967"), "{born:?}");
            }
            _ => {}
        }
        if let Some([_, village, ..]) = at_home.get(number.as_str()) {
            let told = supply.entry((village, service)).or_insert(nearby);
            assert_eq!(told, nearby, "{village} {service}");
        }
    }
    assert_eq!(services.len(), 7, "{services:?}");
    let [all, near, got] = services.values().fold([0; 3], |sum, one| {
        [sum[0] + one[0], sum[1] + one[1], sum[2] + one[2]]
    });
    // Between none and all, or the figures would show nothing.
    assert!(all > 100 && near * 5 > all && near < all, "{all} {near}");
    assert!(got * 5 > all && got * 5 < all * 4, "{all} {got}");
}

#[test]
fn the_medical_aid_pays_those_on_the_roll_and_no_more_than_the_bills_leave() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path(), 12_000, false);
    let root = folder.path();
    let paid = ["身份证号", "人员类别", "救助金额", "结算方式", "支付日期"];
    let paid = rows(root, "2026-06", "medical-aid-paid", paid);
    let roll: BTreeSet<(String, String)> = rows(root, "2026-06", "roll", ["身份证号", "救助类型"])
        .into_iter()
        .map(|[number, kind]| (number, kind))
        .collect();
    let columns = ["身份证号", "政策内费用", "统筹支付", "大病支付"];
    let fen = |cell: &str| cell.replace('.', "").parse::<i64>().unwrap();
    let mut left: BTreeMap<String, i64> = BTreeMap::new();
    for [number, covered, basic, major] in rows(root, "2026-06", "medical-expense", columns) {
        *left.entry(number).or_default() += fen(&covered) - fen(&basic) - fen(&major);
    }
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    let mut one_stop = 0;
    for [number, class, amount, way, day] in &paid {
        assert!(
            day.as_str() >= "2026-01-01" && day.as_str() <= "2026-06-30",
            "{day}"
        );
        let kind = match class.as_str() {
            "特困级" => "特困",
            "低保级" => "低保",
            "低边级" => "低保边缘",
            _ => "刚性支出",
        };
        // Who left the roll since January is no longer on June's.
        let gone = !roll.iter().any(|(on, _)| on == number);
        assert!(gone || roll.contains(&(number.clone(), kind.to_owned())) || class == "刚性支出级");
        *sums.entry(number).or_default() += fen(amount);
        one_stop += usize::from(way == "一站式结算");
    }
    assert!(paid.len() > 50 && one_stop * 2 > paid.len() && one_stop < paid.len());
    for (number, sum) in sums {
        assert!(sum > 0 && sum <= left[number], "{sum} of {}", left[number]);
    }
}
