//! The repository's own rulebook.

use domain::Day;
use domain::procedure::{Ground, Purpose};
use rules::{Rulebook, SourceText};
use std::path::Path;

/// All texts of the rulebook, with their paths in it.
pub fn texts() -> Vec<SourceText> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rulebook");
    let mut out = Vec::new();
    collect(&root, &root, &mut out);
    out.sort_by(|a, b| a.path.cmp(&b.path));
    out
}

fn collect(root: &Path, dir: &Path, out: &mut Vec<SourceText>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, out);
        } else if path.extension().is_some_and(|e| e == "md" || e == "csv") {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .replace('\\', "/");
            out.push(SourceText {
                path: name,
                text: std::fs::read_to_string(&path).unwrap(),
            });
        }
    }
}

#[test]
fn the_own_rulebook_has_no_findings() {
    let book = Rulebook::read(texts());
    let found: Vec<String> = book
        .check()
        .iter()
        .map(|p| p.show(book.texts().get(&p.path).map_or("", String::as_str)))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n\n"));
}

#[test]
fn every_case_of_the_own_rulebook_passes() {
    let book = Rulebook::read(texts());
    for place in book.localities() {
        let results = rules::cases::run_all(&book, &place.id);
        assert!(!results.is_empty());
        let failed: Vec<String> = results
            .iter()
            .filter(|r| !r.passed())
            .map(|r| format!("{} {}: {}", r.path, r.name, r.failures.join(" | ")))
            .collect();
        assert!(failed.is_empty(), "{}", failed.join("\n"));
    }
}

/// A way to a decision that nobody has to sign would let a page end a case by a click.
#[test]
fn every_admission_of_the_own_rulebook_has_a_step_that_rests_on_a_signed_decision() {
    let book = Rulebook::read(texts());
    let today = Day::parse("2026-09-01").unwrap();
    let mut admissions = 0;
    for place in book.localities() {
        let (all, problems) = rules::procedure::procedures(&book, &place.id, today);
        assert!(problems.is_empty(), "{problems:?}");
        for way in all.iter().filter(|p| p.purpose == Purpose::Admission) {
            admissions += 1;
            let mut steps = way.steps.iter();
            let signed = steps.any(|step| step.ground == Some(Ground::Decision));
            assert!(signed, "{} {}", place.id, way.title);
        }
    }
    assert!(admissions > 10, "{admissions}");
}

/// A field nothing fills makes a letter that can never be printed.
#[test]
fn every_field_of_every_letter_of_every_procedure_is_filled_where_the_letter_is_given() {
    let book = Rulebook::read(texts());
    let (mut letters, mut fields) = (0, 0);
    for day in ["2022-11-01", "2026-06-30", "2026-09-01"] {
        let day = Day::parse(day).unwrap();
        for place in book.localities() {
            let (all, _) = rules::procedure::procedures(&book, &place.id, day);
            for way in &all {
                for step in &way.steps {
                    let given = step.gives.iter().filter_map(|title| way.document(title));
                    for letter in given {
                        letters += 1;
                        fields += letter.fields.len();
                        let lacks = domain::letters::lacking(way, step, letter);
                        assert!(lacks.is_empty(), "{} {} {lacks:?}", way.title, letter.title);
                    }
                }
            }
        }
    }
    assert!(letters > 100 && fields > 1_000, "{letters} {fields}");
}

#[test]
fn a_letter_that_could_not_be_printed_is_told_with_its_place_and_what_to_do() {
    let mut all = texts();
    let own = all
        .iter_mut()
        .find(|one| one.path == "procedures/complaint.md");
    let own = own.unwrap();
    own.text = own.text.replace("用于 投诉", "用于 其他");
    let book = Rulebook::read(all);
    let told: Vec<String> = book
        .check()
        .iter()
        .map(|p| p.show(book.texts().get(&p.path).map_or("", String::as_str)))
        .filter(|told| told.contains("letter-field-empty"))
        .collect();
    assert!(!told.is_empty());
    for words in [
        "procedures/complaint.md:",
        "`答复内容`",
        "步骤 答复",
        "用于 投诉 的流程",
    ] {
        assert!(
            told.iter().all(|one| one.contains(words)),
            "{words}: {told:?}"
        );
    }
}
