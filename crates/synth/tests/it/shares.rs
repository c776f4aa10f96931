//! Shares at 20,000 persons lie near the published figures.

use crate::county;

/// How far a small county may lie from a figure, in percent of the figure.
fn tolerance(figure: &str) -> f64 {
    match figure {
        "0至15岁" | "16至59岁" | "60岁及以上" | "农村人口" | "户均人数" => 6.0,
        "65岁及以上" | "农村人均年收入" | "城镇人均年收入" => 8.0,
        "农村低保人数占农村人口" | "最低五分之一人均月收入" | "持证残疾人占人口" => {
            15.0
        }
        "居民住院率" | "退休职工住院率" | "死亡率" => 15.0,
        "居民次均住院费" | "职工次均住院费" => 25.0,
        "言语" | "出生率" | "城镇低保人数占城镇人口" | "在职职工住院率" => {
            60.0
        }
        "农村人口中的监测对象" | "城镇家庭享受住房保障" => 60.0,
        _ => 40.0,
    }
}

#[test]
fn a_county_of_20000_persons_looks_like_the_published_figures() {
    let folder = tempfile::tempdir().unwrap();
    let summary = county(folder.path(), 20_000, false);
    assert!(summary.comparison.len() > 30);
    let off: Vec<String> = summary
        .comparison
        .iter()
        .filter(|c| (c.generated - c.published).abs() > c.published * tolerance(c.figure) / 100.0)
        .map(|c| {
            format!(
                "{} is {:.2}, published {:.2}",
                c.figure, c.generated, c.published
            )
        })
        .collect();
    assert!(off.is_empty(), "{off:#?}");
}

#[test]
fn every_kind_of_disagreement_between_roll_and_truth_is_planted() {
    let folder = tempfile::tempdir().unwrap();
    let summary = county(folder.path(), 20_000, false);
    let planted: Vec<&str> = summary
        .situations
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    for wanted in [
        "never-applied",
        "income-not-seen",
        "new-car",
        "new-job",
        "inheritance",
        "dead-still-paid",
        "duplicated-over-two-households",
        "regraded",
        "single-person-dibao",
        "job-lost",
        "hidden-wage",
    ] {
        assert!(
            planted.contains(&wanted),
            "{wanted} is missing among {planted:?}"
        );
    }
}
