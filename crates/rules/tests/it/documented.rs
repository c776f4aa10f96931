//! docs/cases.md says which case shows what; every case it names is in the file it names.

use crate::own_rulebook::texts;
use rules::Rulebook;
use std::path::Path;

#[test]
fn every_case_named_in_the_table_of_examples_is_in_its_file() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cases.md");
    let page = std::fs::read_to_string(path).unwrap();
    let book = Rulebook::read(texts());
    let mut missing = Vec::new();
    let mut named = 0;
    for line in page.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        let Some(at) = cells
            .iter()
            .position(|c| c.starts_with('`') && c.ends_with(".md`"))
        else {
            continue;
        };
        let file = cells[at].trim_matches('`');
        let own = rules::cases::names(&book, file);
        for case in cells[at + 1].split('、') {
            named += 1;
            // A case's own name may hold the sign that parts two.
            if !own.iter().any(|name| name == case) {
                missing.push(format!("{file}: {case}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(named > 200, "{named}");
}

#[test]
fn the_table_of_edge_cases_leaves_none_of_the_twenty_out() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/cases.md");
    let page = std::fs::read_to_string(path).unwrap();
    let (_, edges) = page.split_once("## §7").unwrap();
    let first = |line: &str| line.trim_matches('|').split('|').next().map(str::to_owned);
    let numbers: Vec<u32> = edges
        .lines()
        .filter_map(first)
        .filter_map(|cell| cell.trim().parse().ok())
        .collect();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
}
