use domain::{Area, AreaCode, AreaLevel, PrefixHistory, UrbanRural, roll_up};

use crate::day;

fn check(cell: &str, expected: &str) {
    let read = AreaCode::parse(cell).map_or_else(
        |error| error.to_string(),
        |code| format!("{code} {} {}", code.level().name(), code.full()),
    );
    assert_eq!(read, expected, "the cell `{cell}`");
}

#[test]
fn a_code_has_the_level_its_filling_zeros_leave_it() {
    check("99", "99 省 990000000000");
    check("9901", "9901 市 990100000000");
    check("990101", "990101 县 990101000000");
    check("990101001", "990101001 乡镇街道 990101001000");
    check("990101001200", "990101001200 村居 990101001200");
    check("990101000000", "990101 县 990101000000");
    check("990100", "9901 市 990100000000");
    check("130503.0", "130503 县 130503000000");
}

#[test]
fn a_code_that_cannot_be_is_refused() {
    check("", "地区代码为空");
    check("99010", "地区代码应为2、4、6、9或12位,实为5位");
    check("示例县", "地区代码只能是数字");
    check("030501", "地区代码不会以0开头,请核对");
}

#[test]
fn a_place_contains_what_starts_with_it() {
    let code = |text| AreaCode::parse(text).ok();
    let (county, village) = (code("990101"), code("990101001200"));
    let contains = |a: Option<AreaCode>, b: Option<AreaCode>| a.zip(b).map(|(a, b)| a.contains(&b));
    assert_eq!(contains(county, village), Some(true));
    assert_eq!(contains(village, county), Some(false));
    assert_eq!(contains(county, code("990102001200")), Some(false));
    assert_eq!(village.and_then(|v| v.parent()), code("990101001"));
    assert_eq!(village.and_then(|v| v.at(AreaLevel::City)), code("9901"));
    assert_eq!(county.and_then(|c| c.at(AreaLevel::Village)), None);
    assert_eq!(code("99").and_then(|p| p.parent()), None);
}

#[test]
fn an_area_is_in_force_from_its_first_day_to_the_day_before_its_end() {
    let Ok(code) = AreaCode::parse("990101") else {
        return;
    };
    let area = Area {
        code,
        name: "示例县".to_owned(),
        level: code.level(),
        urban_rural: UrbanRural::from_class("111"),
        valid_from: None,
        valid_to: Some(day("2026-01-01")),
    };
    assert!(area.in_force(day("2025-12-31")));
    assert!(!area.in_force(day("2026-01-01")));
    assert_eq!(UrbanRural::from_class("220"), Some(UrbanRural::Rural));
    assert_eq!(UrbanRural::from_class("300"), None);
}

#[test]
fn an_abolished_code_is_good_for_births_before_its_end() {
    let history =
        PrefixHistory::from_rows([("110103".to_owned(), 2010), ("110101".to_owned(), 2024)]);
    assert!(history.knows("110103", day("1960-01-01")));
    assert!(!history.knows("110103", day("2015-01-01")));
    assert!(history.knows("110101", day("2015-01-01")));
    assert!(!history.knows("110199", day("1960-01-01")));
    assert!(history.ever("110103") && !history.ever("110199"));
    // Only a list that holds what is gone can tell that a code never was.
    assert!(history.holds_the_past());
    let today =
        PrefixHistory::from_rows([("110101".to_owned(), 2024), ("110102".to_owned(), 2024)]);
    assert!(!today.holds_the_past());
    assert!(!PrefixHistory::default().holds_the_past());
}

/// Numbers that look random and are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn pick<const N: usize>(&mut self, of: [usize; N]) -> usize {
        let all = u64::try_from(N).unwrap_or(1);
        let at = usize::try_from(self.below(all)).unwrap_or(0);
        of.get(at).copied().unwrap_or_default()
    }
}

/// Counts at places of every level, also in cities without counties and counties without a city.
fn counted(seed: u64) -> Vec<(AreaCode, [u64; 2])> {
    let mut dice = Dice(seed);
    let mut out = Vec::new();
    for _ in 0..200 {
        let province = 11 + dice.below(4);
        let city = dice.pick([1, 2, 90]);
        // County 00 is no county: its townships stand directly in the city.
        let (county, township, village) = (dice.below(3), 1 + dice.below(3), 1 + dice.below(4));
        let full = format!("{province}{city:02}{county:02}{township:03}{village:03}");
        let digits = dice.pick([2, 4, 6, 9, 12]);
        let counts = [dice.below(1_000), dice.below(3)];
        out.extend(
            full.get(..digits)
                .and_then(|code| Some((AreaCode::parse(code).ok()?, counts))),
        );
    }
    out
}

#[test]
fn every_place_holds_the_sum_of_all_that_lies_in_it() {
    for seed in 0..100 {
        let leaves = counted(seed);
        let sums = roll_up(leaves.iter().copied());
        let total = |inside: &dyn Fn(&AreaCode) -> bool| {
            let mut sum = [0_u64; 2];
            for (_, counts) in leaves.iter().filter(|(code, _)| inside(code)) {
                sum = [sum[0] + counts[0], sum[1] + counts[1]];
            }
            sum
        };
        for (place, sum) in &sums {
            let digits = place.as_str();
            let expected = total(&|code| code.full().starts_with(digits));
            assert_eq!(*sum, expected, "seed {seed}, {place}");
        }
        let provinces = sums.iter().filter(|(code, _)| code.parent().is_none());
        let all = provinces.fold([0; 2], |all, (_, s)| [all[0] + s[0], all[1] + s[1]]);
        assert_eq!(all, total(&|_| true), "seed {seed}, all provinces");
    }
}

#[test]
fn a_township_of_a_city_without_counties_stands_directly_in_the_city() {
    let code = |text| AreaCode::parse(text).ok();
    let township = code("441900003");
    assert_eq!(township.and_then(|t| t.parent()), code("4419"));
    assert_eq!(code("441900"), code("4419"));
    assert_eq!(code("419001").and_then(|c| c.parent()), code("4190"));
}
