//! The files: reproducible, under fictional prefixes only, damaged where faults.csv says.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use calamine::{Data, Reader, Xlsx};

use crate::county;

const PERSONS: u64 = 6_000;

fn all_files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_path_buf();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Header and rows of a feed file in whatever coding it came.
pub(crate) fn table(path: &Path) -> Vec<Vec<String>> {
    let bytes = fs::read(path).unwrap();
    if path.extension().unwrap() == "xlsx" {
        let mut book: Xlsx<_> = calamine::open_workbook(path).unwrap();
        let range = book.worksheet_range_at(0).unwrap().unwrap();
        let cell = |c: &Data| match c {
            Data::Float(f) => format!("{f:.2}"),
            other => other.to_string(),
        };
        return range.rows().map(|r| r.iter().map(cell).collect()).collect();
    }
    let text = match String::from_utf8(bytes.clone()) {
        Ok(text) => text.trim_start_matches('\u{feff}').to_owned(),
        Err(_) => encoding_rs::GB18030
            .decode_without_bom_handling(&bytes)
            .0
            .into_owned(),
    };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    reader
        .records()
        .map(|r| r.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

/// The rows of a feed of a month under some headers, whatever form its file has.
pub(crate) fn rows<const N: usize>(
    root: &Path,
    month: &str,
    feed: &str,
    columns: [&str; N],
) -> Vec<[String; N]> {
    let folder = root.join("feeds").join(month);
    let csv = folder.join(format!("{feed}.csv"));
    let xlsx = folder.join(format!("{feed}.xlsx"));
    let all = table(if csv.exists() { &csv } else { &xlsx });
    let at = columns.map(|name| all[0].iter().position(|h| h == name).unwrap());
    let row = |row: &Vec<String>| at.map(|at| row[at].clone());
    all.iter().skip(1).map(row).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    county(one.path(), PERSONS, true);
    county(two.path(), PERSONS, true);
    let (one, two) = (all_files(one.path()), all_files(two.path()));
    assert_eq!(
        one.keys().collect::<Vec<_>>(),
        two.keys().collect::<Vec<_>>()
    );
    for (name, bytes) in &one {
        assert!(bytes == &two[name], "{} differs", name.display());
    }
}

#[test]
fn faults_never_change_the_truth() {
    let (clean, dirty) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    county(clean.path(), PERSONS, false);
    county(dirty.path(), PERSONS, true);
    for name in ["truth/persons.csv", "truth/households.csv", "areas.csv"] {
        let read = |root: &Path| fs::read(root.join(name)).unwrap();
        assert!(read(clean.path()) == read(dirty.path()), "{name} differs");
    }
}

/// One planted fault as written in truth/faults.csv.
struct Fault {
    path: PathBuf,
    row: Option<usize>,
    kind: String,
    person: String,
    column: String,
    before: String,
    after: String,
}

fn faults(root: &Path) -> Vec<Fault> {
    let mut reader = csv::Reader::from_path(root.join("truth/faults.csv")).unwrap();
    let late = |file: &str, month: &str, kind: &str| match kind {
        // A late file lies in the next month's folder.
        "late-file" => "2026-07".to_owned(),
        _ if file.contains(".2026-") && kind != "repeated-file" => "2026-07".to_owned(),
        _ => month.to_owned(),
    };
    reader
        .records()
        .map(|r| {
            let r = r.unwrap();
            Fault {
                path: root
                    .join("feeds")
                    .join(late(&r[2], &r[1], &r[4]))
                    .join(&r[2]),
                row: r[3].parse().ok(),
                kind: r[4].to_owned(),
                person: r[5].to_owned(),
                column: r[6].to_owned(),
                before: r[7].to_owned(),
                after: r[8].to_owned(),
            }
        })
        .collect()
}

#[test]
fn every_planted_fault_is_found_where_the_list_says() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path(), 20_000, true);
    let mut tables: HashMap<PathBuf, Vec<Vec<String>>> = HashMap::new();
    let mut kinds = HashSet::new();
    for f in faults(folder.path()) {
        let rows = tables
            .entry(f.path.clone())
            .or_insert_with(|| table(&f.path));
        check(&f, rows);
        kinds.insert(f.kind);
    }
    for kind in [
        "wrong-check-digit",
        "missing-number",
        "fifteen-digits",
        "number-spaces",
        "full-width-number",
        "zero-width-prefix",
        "lower-case-x",
        "scientific-number",
        "dot-variant",
        "name-space",
        "invalid-date",
        "money-with-text",
        "money-out-of-range",
        "shifted-row",
        "duplicate-row",
        "header-order",
        "total-row",
        "late-file",
        "repeated-file",
    ] {
        assert!(kinds.contains(kind), "no {kind} was planted");
    }
}

fn check(f: &Fault, rows: &[Vec<String>]) {
    let place = format!(
        "{} {:?} {} of {}",
        f.path.display(),
        f.row,
        f.kind,
        f.person
    );
    let Some(at) = f.row else {
        match f.kind.as_str() {
            "total-row" => assert_eq!(rows.last().unwrap()[0], "合计", "{place}"),
            "header-order" => assert_ne!(rows[0][0], "身份证号", "{place}"),
            _ => assert!(rows.len() > 1, "{place}"),
        }
        return;
    };
    let (header, row) = (&rows[0], &rows[at]);
    match f.kind.as_str() {
        "duplicate-row" => assert_eq!(row, &rows[at - 1], "{place}"),
        "shifted-row" => assert!(row.contains(&String::new()), "{place}"),
        _ => {
            let column = header.iter().position(|h| *h == f.column).unwrap();
            assert_eq!(row[column], f.after, "{place}");
            assert_ne!(f.before, f.after, "{place}");
        }
    }
}

#[test]
fn no_identity_number_lies_outside_the_fictional_province() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path(), PERSONS, false);
    let mut seen = HashSet::new();
    for row in table(&folder.path().join("truth/persons.csv"))
        .iter()
        .skip(1)
    {
        assert!(
            row[1].starts_with("9901"),
            "a number does not begin with 9901"
        );
        assert_eq!(row[1].len(), 18);
        assert!(seen.insert(row[1].clone()), "a number was given twice");
    }
    for (name, _) in all_files(&folder.path().join("feeds")) {
        let path = folder.path().join("feeds").join(&name);
        let rows = table(&path);
        for column in ["身份证号", "亲属身份证号", "残疾人证号"] {
            let Some(at) = rows[0].iter().position(|h| h == column) else {
                continue;
            };
            for row in rows.iter().skip(1) {
                assert!(
                    row[at].starts_with("9901"),
                    "{}: a foreign number",
                    name.display()
                );
            }
        }
    }
}

#[test]
fn a_household_in_the_truth_adds_up_to_what_the_feeds_say() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path(), PERSONS, false);
    let fen = |cell: &str| cell.replace('.', "").parse::<i64>().unwrap();
    let month = folder.path().join("feeds/2026-06");
    let sum = |feed: &str, column: &str| -> i64 {
        let rows = table(&month.join(feed));
        let at = rows[0].iter().position(|h| h == column).unwrap();
        rows.iter().skip(1).map(|r| fen(&r[at])).sum()
    };
    let truth = table(&folder.path().join("truth/households.csv"));
    let total = |at: usize| -> i64 {
        truth
            .iter()
            .filter(|r| r[1] == "2026-06")
            .map(|r| fen(&r[at]))
            .sum()
    };
    assert_eq!(total(6), sum("income-other.csv", "经营净收入"));
    assert_eq!(total(7), sum("income-other.csv", "财产净收入"));
    assert_eq!(total(8), sum("income-other.csv", "惠农补贴"));
    // The dead are paid until their death is registered, so the feeds carry a little more.
    let wages = 12 * sum("social-insurance.csv", "申报工资");
    assert!(
        (total(4)..total(4) * 101 / 100).contains(&wages),
        "{wages} {}",
        total(4)
    );
    let pensions = 12 * sum("pensions.csv", "月发放额");
    assert!(
        (total(5)..total(5) * 103 / 100).contains(&pensions),
        "{pensions} {}",
        total(5)
    );
}

#[test]
fn july_2026_crosses_the_price_trigger_and_its_neighbours_do_not() {
    let folder = tempfile::tempdir().unwrap();
    county(folder.path(), 200, false);
    let prices: Vec<Vec<String>> = (6..=8)
        .map(|m| {
            table(
                &folder
                    .path()
                    .join(format!("feeds/2026-0{m}/price-index.csv")),
            )[1]
            .clone()
        })
        .collect();
    let over = |row: &Vec<String>| row[2].parse::<f64>().unwrap() >= 3.5;
    assert_eq!(
        prices.iter().map(over).collect::<Vec<_>>(),
        [false, true, false]
    );
}

#[test]
fn so_many_counties_as_asked_for_and_no_fewer_than_have_room() {
    let people = |folder: &Path, counties: u64, persons: u64| {
        let config = synth::Config {
            persons,
            faults: false,
            counties: Some(counties),
            ..synth::Config::new(folder.to_path_buf())
        };
        synth::generate(&config, &mut |_, _, _| {}).map(|_| {
            let mut people = BTreeMap::<String, u64>::new();
            for row in table(&folder.join("truth/persons.csv")).iter().skip(1) {
                *people.entry(row[1][..6].to_owned()).or_default() += 1;
            }
            people
        })
    };
    let folder = tempfile::tempdir().unwrap();
    let three = people(&folder.path().join("three"), 3, PERSONS).unwrap();
    for county in ["990101", "990102", "990103"] {
        let here = three[county];
        assert!(
            (PERSONS / 5..PERSONS / 2).contains(&here),
            "{county}: {here}"
        );
    }
    assert!(!three.contains_key("990104"));
    for (counties, persons) in [(0, PERSONS), (1, 20_000_000), (11, 10)] {
        let refused = people(&folder.path().join("none"), counties, persons).unwrap_err();
        assert!(
            refused.to_string().contains(&format!("`{counties}`个")),
            "{refused}"
        );
    }
    assert!(!folder.path().join("none").exists());
}
