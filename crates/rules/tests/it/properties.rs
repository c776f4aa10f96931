//! 性质: each is tried on generated households, and one that does not hold is found with its numbers.

use crate::own_rulebook::texts;
use rules::Rulebook;
use rules::cases::{CaseResult, run_all};

/// The properties tried in a place, after a change of one file.
fn tried(locality: &str, path: &str, change: impl Fn(&str) -> String) -> Vec<CaseResult> {
    let mut all = texts();
    let changed = all.iter_mut().find(|t| t.path == path).unwrap();
    changed.text = change(&changed.text);
    let book = Rulebook::read(all);
    let results = run_all(&book, locality).into_iter();
    results.filter(|r| r.heading == "性质").collect()
}

#[test]
fn every_property_of_the_own_rulebook_is_tried_and_holds() {
    let stated: usize = texts()
        .iter()
        .map(|t| t.text.lines().filter(|l| l.starts_with("性质 ")).count())
        .sum();
    let book = Rulebook::read(texts());
    let mut held = 0;
    for place in book.localities() {
        let own = run_all(&book, &place.id).into_iter();
        for property in own.filter(|r| r.heading == "性质") {
            assert!(
                property.passed(),
                "{} {:?}",
                property.name,
                property.failures
            );
            held += 1;
        }
    }
    assert!(stated > 0 && held >= stated, "{held} of {stated}");
}

#[test]
fn a_score_that_rises_with_a_poorer_class_is_found_with_its_numbers() {
    let path = "assessments/resilience.md";
    let own = "健康 : 维度权重[健康] * 维度分[健康, 健康档]";
    let wrong = "健康 : 维度权重[健康] * (100 分值 - 维度分[健康, 健康档])";
    let results = tried("demo", path, |text| {
        assert!(text.contains(own));
        text.replace(own, wrong)
    });
    let failed: Vec<&CaseResult> = results.iter().filter(|r| !r.passed()).collect();
    let [one] = failed.as_slice() else {
        panic!("{failed:?}")
    };
    assert_eq!(
        (one.path.as_str(), one.name.as_str()),
        (path, "抗风险分 随 健康档 不减")
    );
    let said = one.failures.join("");
    for words in ["健康档 由 弱 改为 中", "抗风险分 由", "别的不变"] {
        assert!(said.contains(words), "{words}: {said}");
    }
}

#[test]
fn a_score_that_falls_only_far_beyond_the_cases_is_found() {
    // Every case of the file has fewer hours; the hundred points come off at five hundred.
    let path = "localities/weihai/assessments/points.md";
    let own = " / 每分时数四 , 四舍五入";
    let wrong = " / 每分时数四 - (若 志愿时数 > 500 时 则 100 分值 否则 0 分值) , 四舍五入";
    let results = tried("weihai", path, |text| {
        assert!(text.contains(own));
        text.replace(own, wrong)
    });
    let said: Vec<&String> = results.iter().flat_map(|r| &r.failures).collect();
    assert!(said.iter().any(|s| s.contains("时数分 由")), "{said:?}");
}

#[test]
fn a_property_along_what_has_no_order_is_told_and_not_passed_over() {
    let path = "localities/weihai/assessments/points.md";
    let stated = "性质 时数分 随 志愿时数 不减";
    let results = tried("weihai", path, |text| {
        text.replace(stated, "输入 性别 : 性别\n性质 时数分 随 性别 不减")
    });
    let said: Vec<&String> = results.iter().flat_map(|r| &r.failures).collect();
    assert!(said.iter().any(|s| s.contains("没有先后")), "{said:?}");
}
