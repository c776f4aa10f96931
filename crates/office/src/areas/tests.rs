//! What a list says row by row, and what it changes of what is known.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that fails should stop where it failed"
)]

use super::list::{self, Kind, List};
use super::merge::{About, Became};
use super::{scope, span, year_in};
use domain::{Area, AreaCode, AreaLevel, Day};
use std::io::Write;
use store::areas::{Edition, Known, Step};

fn read(text: &str) -> List {
    list::read(text.as_bytes()).unwrap()
}

/// What is told of one row, written under the header of our own lists.
fn check_refused(row: &str, expected: &str) {
    let list = read(&format!("code,name,level,parent,urban_rural_code\n{row}\n"));
    let told: Vec<String> = list
        .refused
        .iter()
        .chain(&list.same_as_above)
        .map(|t| format!("{} {}:{}", t.line, t.code, t.reason))
        .collect();
    assert_eq!(told, [expected], "{row}");
}

#[test]
fn every_row_that_cannot_be_taken_is_told_with_its_line_and_reason() {
    check_refused("99010,x,,,", "2 99010:地区代码应为2、4、6、9或12位,实为5位");
    check_refused("县,x,,,", "2 县:地区代码只能是数字");
    check_refused(",x,,,", "2 :地区代码为空");
    check_refused("990101,,,,", "2 990101:名称为空");
    check_refused("990101,x,8,,", "2 990101:级别 `8` 不是 1 到 5");
    check_refused("990101,x,2,99,", "2 990101:级别是市,代码却是县的,请核对");
    check_refused(
        "441900,东莞市,3,4419,",
        "2 441900:级别是县,代码却是市的;与 4419 是同一处,不另立",
    );
    check_refused(
        "990101,x,3,9902,",
        "2 990101:上级 9902 不是代码的前几位,请核对",
    );
    check_refused("990101,甲\n990101,乙", "3 990101:第 2 行已有同一代码");
    check_refused(
        "990101,\"甲\n县\",,,",
        "2 990101:名称超过 100 个字或含换行等控制字符,可能是行错位",
    );
}

#[test]
fn a_row_its_own_list_is_not_sure_of_is_not_taken_and_not_ended() {
    let list = read("adcode,name,level,lon,lat,note\n500157,两江新区,3,,,待核实\n");
    assert_eq!(list.rows, []);
    assert!(list.refused[0].reason.contains("待核实"), "{list:?}");
    assert_eq!(list.in_doubt.iter().next().unwrap().as_str(), "500157");
}

#[test]
fn a_file_that_is_no_list_is_refused_whole() {
    let refused = |text: &[u8], words: &str| {
        let said = list::read(text).unwrap_err().to_string();
        assert!(said.contains(words), "{said}");
    };
    refused(b"id,title\n1,x\n", "表头没有代码和名称两列");
    refused(b"code,name\n", "没有一个地区");
    refused(b"code,name\n99,\xff\xff\n", "既不是 UTF-8 也不是 GB18030");
    refused(b"\x1f\x8bnothing", "解不开");
    refused(b"\xfd7zXZ\x00nothing", "解不开");
}

#[test]
fn packed_files_and_old_encodings_say_the_same() {
    let text = "代码,名称\n990101001000,城东街道\n";
    let plain = read(text).rows;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    let gz = packed.finish().unwrap();
    let (old, ..) = encoding_rs::GB18030.encode(text);
    for bytes in [gz.as_slice(), &old, format!("\u{FEFF}{text}").as_bytes()] {
        assert_eq!(list::read(bytes).unwrap().rows, plain);
    }
    assert_eq!(plain[0].code.level(), AreaLevel::Township);
}

#[test]
fn a_list_without_a_day_takes_the_last_year_of_its_name() {
    assert_eq!(year_in("cn_divisions_l1_l4_2023.csv.gz", 2026), Some(2023));
    assert_eq!(year_in("codes_1980_2024.csv", 2026), Some(2024));
    assert_eq!(year_in("demo_990101.csv", 2026), None);
    assert_eq!(year_in("plan_2031.csv", 2026), None);
}

#[test]
fn the_places_above_a_county_are_listed_only_to_say_where_it_lies() {
    let of = |text: &str| scope(&read(&format!("code,name\n{text}")).rows);
    let code = |text| AreaCode::parse(text).ok();
    let county = "99,省\n9901,市\n990101,县\n990101001,甲\n990101002,乙\n";
    assert_eq!(of(county), code("990101"));
    assert_eq!(of("11,北京\n12,天津\n"), None, "a whole country");
    assert_eq!(of("990101001001,甲\n990101002001,乙\n"), code("990101"));
}

const CODE: &str = "990101";

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

/// What is known of the county: `id name from to edition`, a dash where nothing is.
fn known(rows: &[&str]) -> Vec<Known> {
    let of = |row: &&str| {
        let cells: Vec<&str> = row.split(' ').collect();
        let maybe = |at: usize| (cells[at] != "-").then(|| day(cells[at]));
        Known {
            id: cells[0].parse().unwrap(),
            area: Area {
                code: AreaCode::parse(CODE).unwrap(),
                name: cells[1].to_owned(),
                level: AreaLevel::County,
                urban_rural: None,
                valid_from: maybe(2),
                valid_to: maybe(3),
            },
            edition: maybe(4),
        }
    };
    rows.iter().map(of).collect()
}

/// Lists taken in before: `day` or `day whole`.
fn before(lists: &[&str]) -> Vec<Edition> {
    let of = |list: &&str| Edition {
        day: day(&list[..10]),
        file: String::new(),
        digest: [0; 32],
        scope: None,
        levels: AreaLevel::ALL.to_vec(),
        whole: list.ends_with("whole"),
        listed: 0,
        added: 0,
        changed: 0,
        ended: 0,
        at: store::At::parse("2026-01-01T00:00:00Z").unwrap(),
    };
    lists.iter().map(of).collect()
}

fn told(became: &Became) -> String {
    let steps = |steps: &[Step]| -> Vec<String> {
        let step = |s: &Step| match s {
            Step::Add(area) => format!("+{} {}", area.name, span(area)),
            Step::End(id, day) => format!("end {id} {day}"),
            Step::Begin(id, day) => format!("begin {id} {day}"),
            Step::Class(id, class) => format!("class {id} {}", class.name()),
        };
        steps.iter().map(step).collect()
    };
    match became {
        Became::Added(done) | Became::Changed(done) => steps(done).join(", "),
        Became::Unchanged => "unchanged".to_owned(),
        Became::Older => "older".to_owned(),
        Became::Refused(reason) => reason.clone(),
    }
}

/// What a list of 2023 that names the county 新县 does.
fn check_place(lists: &[&str], rows: &[&str], expected: &str) {
    let before = before(lists);
    let about = About {
        day: day("2023-06-30"),
        before: &before,
    };
    let list = read(&format!("code,name\n{CODE},新县\n"));
    let became = about.place(&known(rows), &list.rows[0]);
    assert_eq!(told(&became), expected, "{rows:?} after {lists:?}");
}

#[test]
fn a_newer_list_renames_and_an_older_one_does_not() {
    check_place(&[], &[], "+新县 现行");
    check_place(&[], &["1 新县 - - 2020-12-31"], "unchanged");
    check_place(
        &["2020-12-31"],
        &["1 旧县 - - 2020-12-31"],
        "end 1 2023-06-30, +新县 2023-06-30起",
    );
    check_place(&["2025-12-31"], &["1 旧县 - - 2025-12-31"], "older");
    // The newer list only repeated the name: it counts all the same.
    check_place(
        &["2020-12-31", "2025-12-31"],
        &["1 旧县 - - 2020-12-31"],
        "older",
    );
    check_place(
        &["2023-06-30"],
        &["1 旧县 - - 2023-06-30"],
        "同一版本(2023-06-30)里这个代码已是「旧县」",
    );
}

#[test]
fn a_place_comes_and_goes_with_the_lists_of_all_places() {
    check_place(&["2020-12-31 whole"], &[], "+新县 2023-06-30起");
    check_place(&["2025-12-31 whole"], &[], "+新县 至2025-12-30");
    check_place(&["2025-12-31"], &[], "+新县 现行");
    let gone = "1 新县 - 2025-12-31 2020-12-31";
    check_place(&["2025-12-31 whole"], &[gone], "older");
    let long_gone = "1 旧县 - 2010-01-01 2020-12-31";
    check_place(&[], &[long_gone], "+新县 2023-06-30起");
}

#[test]
fn a_list_of_all_places_ends_what_it_does_not_name() {
    let about = |lists: &[Edition], row: &str| {
        let about = About {
            day: day("2023-06-30"),
            before: lists,
        };
        about.ends(&known(&[row])[0])
    };
    let ends = Some(Step::End(1, day("2023-06-30")));
    assert_eq!(about(&[], "1 旧县 - - 2020-12-31"), ends);
    assert_eq!(about(&[], "1 旧县 - 2010-01-01 2020-12-31"), None);
    assert_eq!(
        about(&[], "1 旧县 - - 2023-06-30"),
        None,
        "listed by another of the day"
    );
    let newer = before(&["2025-12-31"]);
    assert_eq!(about(&newer, "1 旧县 - - 2020-12-31"), None);
}

/// What a list of the years 1980 to 2024 does; the rows are `name,first,last`.
fn check_years(lists: &[&str], rows: &[&str], years: &[&str], expected: &[&str]) {
    let before = before(lists);
    let about = About {
        day: day("2024-12-31"),
        before: &before,
    };
    let mut text = "adcode,name,first_year,last_year\n110000,x,1980,2024\n".to_owned();
    for row in years {
        text.push_str(&format!("{CODE},{row}\n"));
    }
    let list = read(&text);
    assert_eq!((list.kind, list.last_year), (Kind::Years, Some(2024)));
    let known = known(rows);
    let of_county: Vec<_> = list
        .rows
        .into_iter()
        .filter(|r| r.code.as_str() == CODE)
        .collect();
    let became = about.years(&known, &of_county);
    let told: Vec<String> = became.iter().map(|(_, b)| told(b)).collect();
    assert_eq!(told, expected, "{years:?} on {rows:?}");
}

#[test]
fn the_years_of_a_code_tell_when_its_names_began_and_ended() {
    let twice = ["旧县,1980,1994", "新县,1995,2024"];
    check_years(&[], &[], &twice, &["+新县 1995年起", "+旧县 至1994年"]);
    let list = ["1 新县 - - 2023-12-31"];
    check_years(
        &["2023-12-31"],
        &list,
        &twice,
        &["begin 1 1995-01-01", "+旧县 至1994年"],
    );
    let whole = [
        "1 新县 1995-01-01 - 2023-12-31",
        "2 旧县 - 1995-01-01 2024-12-31",
    ];
    check_years(&["2024-12-31"], &whole, &twice, &["unchanged", "unchanged"]);
    // The code was given to another place long after; a list knows it, the years do not.
    check_years(
        &["2025-12-31"],
        &["1 后县 - - 2025-12-31"],
        &["旧县,1980,1994"],
        &["begin 1 2025-12-31, +旧县 至1994年"],
    );
}

#[test]
fn years_that_overlap_are_refused_and_change_no_other_row() {
    check_years(
        &["2023-12-31"],
        &["1 新县 - - 2023-12-31"],
        &["新县,1980,2024", "错县,1982,1983"],
        &["unchanged", "与同一代码的「新县」(现行)年份重叠,请核对"],
    );
}

#[test]
fn a_name_in_force_until_the_years_end_gives_way_to_a_newer_list() {
    check_years(
        &["2025-12-31"],
        &["1 新县 - - 2025-12-31"],
        &["旧县,1980,2024"],
        &["begin 1 2025-12-31, +旧县 至2025-12-30"],
    );
    check_years(
        &["2025-12-31 whole"],
        &[],
        &["旧县,1980,2024"],
        &["+旧县 至2025-12-30"],
    );
    check_years(
        &["2020-12-31"],
        &["1 旧县 - - 2020-12-31"],
        &["旧县,1980,2021", "新县,2022,2024"],
        &["end 1 2022-01-01, +新县 2022年起", "unchanged"],
    );
}
