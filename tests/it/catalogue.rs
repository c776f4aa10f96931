//! The catalogue of bad inputs is whole: `inputs/README.md` says of every kind where it is tried, and what it
//! names is there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Every row of the catalogue.
const ROWS: [(&str, &[u16]); 10] = [
    (
        "A",
        &[
            1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19, 21, 22, 23, 25, 26, 27, 29, 30,
        ],
    ),
    ("B", &[1, 3, 4, 5, 7, 8, 9, 11, 12, 13, 15, 16, 17]),
    ("C", &[1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18]),
    ("D", &[1, 3, 4, 5, 7, 8, 9, 11, 12, 13, 15, 16, 17, 19, 20]),
    (
        "E",
        &[
            1, 3, 4, 5, 7, 8, 9, 11, 12, 13, 15, 16, 17, 19, 20, 21, 23, 24, 25, 27, 28, 29,
        ],
    ),
    (
        "F",
        &[
            2, 3, 4, 6, 7, 8, 10, 11, 12, 14, 15, 16, 18, 19, 20, 22, 23, 24,
        ],
    ),
    ("H", &[2, 3, 4, 6, 7, 8, 10, 11, 12, 14, 15, 16, 18, 19, 20]),
    (
        "I",
        &[
            1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19, 21, 22, 23,
        ],
    ),
    ("K", &[1, 2, 3, 5, 6, 7, 9, 10, 11]),
    ("L", &[1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(folder: &Path, out: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && name != "target" && name != "vendor" {
            sources(&path, out);
        } else if name.ends_with(".rs") {
            out.push((path.clone(), std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Whether a test of that name is in a file or folder of the module's name.
fn is_test(sources: &[(PathBuf, String)], module: &str, test: &str) -> bool {
    sources.iter().any(|(path, text)| {
        let own = path.with_extension("");
        let own = own.components().any(|part| part.as_os_str() == module);
        own && text.split(&format!("fn {test}(")).skip(1).count() == 1
            && text
                .split(&format!("fn {test}("))
                .next()
                .is_some_and(|before| {
                    before
                        .trim_end()
                        .lines()
                        .rev()
                        .take(4)
                        .any(|l| l.contains("test"))
                })
    })
}

#[test]
fn every_row_of_the_catalogue_names_where_it_is_tried() {
    let inputs = root().join("tests/inputs");
    let table = std::fs::read_to_string(inputs.join("README.md")).unwrap();
    let mut rows: BTreeMap<String, (String, String)> = BTreeMap::new();
    for line in table.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let ["", id, place, answer, ""] = cells.as_slice() {
            rows.insert(
                (*id).to_owned(),
                ((*place).to_owned(), (*answer).to_owned()),
            );
        }
    }
    let mut known = Vec::new();
    for folder in ["tests/it", "crates"] {
        sources(&root().join(folder), &mut known);
    }
    let mut wrong = Vec::new();
    for (group, numbers) in ROWS {
        for number in numbers {
            let id = format!("{group}{number}");
            let Some((place, answer)) = rows.get(&id) else {
                wrong.push(format!("{id} is not in the table"));
                continue;
            };
            if place == "无" {
                assert!(answer.chars().count() > 8, "{id}: say why nothing tries it");
                continue;
            }
            for named in place.split('`').skip(1).step_by(2) {
                let found = match named.rsplit_once("::") {
                    Some((module, test)) => {
                        let module = module.rsplit("::").next().unwrap();
                        is_test(&known, module, test)
                    }
                    None => {
                        let text = std::fs::read_to_string(inputs.join(named)).unwrap();
                        text.contains(&format!("\n| {id} | "))
                            || text.contains(&format!("\n## {id} "))
                    }
                };
                if !found {
                    wrong.push(format!("{id}: {named} is not there"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A path as docs/sources.md writes it: from the root or from the rulebook, `*` and `{a,b}` standing for some files.
fn is_file(path: &str) -> bool {
    let all = match (path.split_once('{'), path.split_once('}')) {
        (Some((before, _)), Some((_, after))) => {
            let within = &path[before.len() + 1..path.len() - after.len() - 1];
            let one = |name: &str| format!("{before}{name}{after}");
            within.split(',').map(one).collect()
        }
        _ => vec![path.to_owned()],
    };
    all.iter().all(|path| {
        let tried = [root().join(path), root().join("rulebook").join(path)];
        tried
            .iter()
            .any(|path| match path.to_str().unwrap().split_once('*') {
                None => path.exists(),
                Some((before, after)) => {
                    let (folder, begins) = before.rsplit_once('/').unwrap();
                    let entries = std::fs::read_dir(folder).into_iter().flatten();
                    let mut names = entries.map(|e| e.unwrap().file_name().into_string().unwrap());
                    names.any(|name| name.starts_with(begins) && name.ends_with(after))
                }
            })
    })
}

/// Whether there is such a test, or tests in such a module: `module::`, `module::test`, `module::begins…`.
fn is_named(sources: &[(PathBuf, String)], named: &str) -> bool {
    let (path, whole) = match named.strip_suffix('…') {
        Some(begins) => (begins, false),
        None => (named, true),
    };
    let mut parts = path.rsplit("::");
    let (last, module) = (parts.next().unwrap(), parts.next());
    let within = |module: &str, needle: &str| {
        sources.iter().any(|(path, text)| {
            let own = path.with_extension("");
            let mut own = own.components();
            own.any(|part| part.as_os_str() == module) && text.contains(needle)
        })
    };
    let tests = |module: &str| within(module, "#[test]") || within(module, "#[tokio::test");
    match (last, module, whole) {
        ("", Some(module), _) => tests(module),
        (begins, Some(module), false) => within(module, &format!("fn {begins}")),
        (begins, None, false) => {
            let needle = format!("fn {begins}");
            sources.iter().any(|(_, text)| text.contains(&needle))
        }
        (last, module, true) => {
            let test = module.is_some_and(|module| is_test(sources, module, last));
            test || tests(last) || module.is_some_and(|m| within(m, &format!("mod {last}")))
        }
    }
}

#[test]
fn every_path_and_test_the_sources_name_is_there() {
    let text = std::fs::read_to_string(root().join("docs/sources.md")).unwrap();
    let tables = text.split("## Invariants and threats").next().unwrap();
    let mut known = Vec::new();
    for folder in ["tests/it", "crates"] {
        sources(&root().join(folder), &mut known);
    }
    let mut wrong = Vec::new();
    for row in tables.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        let (id, test) = (cells[0], cells[cells.len() - 1]);
        let words = |cell: &str| -> Vec<String> {
            let words = cell.split('`').skip(1).step_by(2);
            words.map(str::to_owned).collect()
        };
        let ends = [".md", ".csv", ".rs", ".js"];
        let is_path = |word: &str| ends.iter().any(|end| word.ends_with(end));
        for word in cells.iter().flat_map(|cell| words(cell)) {
            if is_path(&word) && !is_file(&word) {
                wrong.push(format!("{id}: no file {word}"));
            }
        }
        for word in words(test) {
            if !is_path(&word) && !is_named(&known, &word) {
                wrong.push(format!("{id}: no test {word}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// I-1 to I-46 and T1 to T44 of docs/sources.md: each has its test, or says that it has none.
#[test]
fn every_invariant_and_threat_names_its_test_or_that_it_has_none() {
    let text = std::fs::read_to_string(root().join("docs/sources.md")).unwrap();
    let section = text.split("## Invariants and threats").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let mut known = Vec::new();
    for folder in ["tests/it", "crates"] {
        sources(&root().join(folder), &mut known);
    }
    let invariants = (1..=46).map(|n| format!("I-{n}"));
    let threats = (1..=44).map(|n| format!("T{n}"));
    let mut wrong = Vec::new();
    for id in invariants.chain(threats) {
        let row = section
            .lines()
            .find(|l| l.starts_with(&format!("| {id} |")));
        let row = row.unwrap_or_else(|| panic!("{id} is not in the table"));
        let test = row.split('|').nth(3).unwrap().trim();
        if let Some(why) = test.strip_prefix("none:") {
            assert!(why.len() > 20, "{id}: say why");
            continue;
        }
        for named in test.split('`').skip(1).step_by(2) {
            let (module, name) = named.rsplit_once("::").unwrap();
            if !is_test(&known, module, name) {
                wrong.push(format!("{id}: {named} is not there"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
