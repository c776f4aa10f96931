//! Two evaluators, one answer. On a difference: the seed is printed, run again with it.

use domain::Month;
use engine::differential::{compare, generate};
use engine::{Frames, Judged};
use rules::situation::Moments;
use rules::{Program, Rulebook, Severity, SourceText};
use std::path::Path;

fn collect(root: &Path, dir: &Path, out: &mut Vec<SourceText>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, out);
        } else if path.extension().is_some_and(|e| e == "md" || e == "csv") {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_string_lossy()
                .into_owned();
            out.push(SourceText {
                path: name,
                text: std::fs::read_to_string(&path).unwrap(),
            });
        }
    }
}

/// The rulebook of the repository.
pub fn book() -> Rulebook {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rulebook");
    let mut texts = Vec::new();
    collect(&root, &root, &mut texts);
    Rulebook::read(texts)
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or(usual)
}

/// `DOUDI_SEED=… DOUDI_CLUSTERS=…` make other people, and more of them.
pub fn seed() -> u64 {
    number("DOUDI_SEED", 20_260_914)
}

/// The rules of the demo county in a month.
pub fn demo(month: Month) -> Program {
    book().program("demo", month.first()).0
}

/// Random people judged by a program: the same people for the same seed.
pub fn people_of(program: Program, month: Month, clusters: usize) -> (Program, Judged, Frames) {
    let moments = Moments::monthly(month);
    let compiled = engine::compile(&program, moments).unwrap();
    let people = generate(
        &program,
        moments,
        compiled.history_wanted(),
        clusters,
        seed(),
    )
    .unwrap();
    let judged = compiled.run(&people.frames).unwrap();
    (program, judged, people.frames)
}

fn agree(program: &Program, month: Month, clusters: usize, seed: u64) -> Judged {
    let moments = Moments::monthly(month);
    let compiled = engine::compile(program, moments).unwrap();
    println!("{} steps compiled", compiled.step_count());
    let people = generate(program, moments, compiled.history_wanted(), clusters, seed).unwrap();
    let judged = compiled.run(&people.frames).unwrap();
    let outcome = compare(program, moments, &people, &judged);
    println!(
        "seed {seed}: {} values compared, {} known, {} differ",
        outcome.compared,
        outcome.known,
        outcome.differences.len()
    );
    for difference in outcome.differences.iter().take(20) {
        println!("{difference:?}");
    }
    assert!(
        outcome.known > 0,
        "nothing was known: the comparison says nothing"
    );
    assert!(
        outcome.differences.is_empty(),
        "seed {seed}: the two evaluators differ"
    );
    judged
}

#[test]
fn both_evaluators_agree_on_every_quantity_of_the_rulebook() {
    let book = book();
    for month in [Month::new(2026, 6).unwrap(), Month::new(2026, 8).unwrap()] {
        let (program, problems) = book.program("demo", month.first());
        let errors: Vec<_> = problems
            .iter()
            .filter(|p| p.severity == Severity::Error)
            .collect();
        println!("{} errors in the rulebook", errors.len());
        for e in errors.iter().take(5) {
            println!("{e}");
        }
        let clusters = usize::try_from(number("DOUDI_CLUSTERS", 150)).unwrap();
        agree(&program, month, clusters, seed());
    }
}

/// Whether something a place's own file says was known of somebody.
fn says_something(program: &Program, judged: &Judged, place: &str) -> bool {
    let folder = format!("localities/{place}/");
    let own = judged.tables.iter().filter(|table| {
        let file = program.files.get(table.file.at());
        file.is_some_and(|file| file.path.starts_with(&folder))
    });
    own.into_iter().any(|table| {
        let items: Vec<_> = table.items().collect();
        (0..table.ids().len()).any(|row| {
            let known = |item: &_| table.value(*item, row).is_some_and(|v| v.is_known());
            items.iter().any(known)
        })
    })
}

#[test]
fn both_evaluators_agree_under_every_place_of_the_sources() {
    let book = book();
    let month = Month::new(2026, 8).unwrap();
    let clusters = usize::try_from(number("DOUDI_CLUSTERS", 40)).unwrap();
    for place in [
        "jilin",
        "hangzhou",
        "xiamen",
        "changning",
        "guangzhou",
        "xiangcheng",
        "weihai",
    ] {
        let (program, problems) = book.program(place, month.first());
        let errors = problems.iter().filter(|p| p.severity == Severity::Error);
        assert_eq!(errors.count(), 0, "{place}");
        println!("{place}");
        let judged = agree(&program, month, clusters, seed());
        assert!(says_something(&program, &judged, place), "{place}");
    }
}

/// Every form of the language at least once; the files are `tests/it/forms/`.
fn forms() -> Rulebook {
    let text = |path: &str, text: &str| SourceText {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    Rulebook::read(vec![
        text("facts.md", include_str!("forms/facts.md")),
        text("feeds/wages.md", include_str!("forms/wages.md")),
        text("policies/forms.md", include_str!("forms/forms.md")),
        text("policies/house.md", include_str!("forms/house.md")),
        text("policies/trigger.md", include_str!("forms/trigger.md")),
        text("policies/rates.md", include_str!("forms/rates.md")),
        text("warnings/spike.md", include_str!("forms/spike.md")),
        text(
            "localities/demo/parameters.csv",
            include_str!("forms/parameters.csv"),
        ),
    ])
}

#[test]
fn both_evaluators_agree_on_every_form_of_the_language() {
    let month = Month::new(2026, 8).unwrap();
    let (program, problems) = forms().program("demo", month.first());
    let errors: Vec<_> = problems
        .iter()
        .filter(|p| p.severity == Severity::Error)
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    for round in 0..8 {
        agree(&program, month, 60, seed() + round);
    }
}
