//! Runs tests/good and tests/bad: Markdown files in which officials' texts, a command and its
//! output stand one under the other.
//!
//! Before the first `## ` stand texts shared by all sections. A line holding only a path in
//! backticks begins a text of that path; without one, a section is the text `policies/t.md`.
//! A ````markdown block is a piece of the text at hand, whatever fences it holds; a ```csv block is the text of localities/demo/parameters.csv. A ````console block holds
//! `$ check`, `$ cases`, `$ explain 案例`, `$ format` (the last text), each with its output below.
//! `UPDATE=1 cargo nextest run -p rules` rewrites the outputs; the diff is reviewed.

use rules::{Rulebook, SourceText};
use std::path::{Path, PathBuf};

const PARAMETERS: &str = "localities/demo/parameters.csv";

/// All files of a folder of tests, in order.
pub fn files(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(folder);
    let mut all: Vec<PathBuf> = std::fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "md"))
        .collect();
    all.sort();
    all
}

/// The texts of every section of a file: (section title, texts).
pub fn sections(text: &str) -> Vec<(String, Vec<SourceText>)> {
    let mut shared = Vec::new();
    let mut out = Vec::new();
    for part in split(text) {
        let texts = texts(part);
        match part.strip_prefix("## ") {
            None => shared = texts,
            Some(rest) => {
                let title = rest.lines().next().unwrap_or("").to_owned();
                out.push((title, merged(&shared, texts)));
            }
        }
    }
    out
}

/// A section's own texts come after the shared ones and replace those of the same path.
fn merged(shared: &[SourceText], own: Vec<SourceText>) -> Vec<SourceText> {
    let mut all: Vec<SourceText> = shared
        .iter()
        .filter(|s| own.iter().all(|o| o.path != s.path))
        .cloned()
        .collect();
    all.extend(own);
    all
}

/// The file cut before each `## ` outside its fences.
fn split(text: &str) -> Vec<&str> {
    let mut cuts = vec![0];
    let mut fence: Option<&str> = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        fence = fence_after(fence, line);
        if fence.is_none() && line.starts_with("## ") {
            cuts.push(at);
        }
        at += line.len();
    }
    cuts.push(text.len());
    cuts.windows(2).map(|w| &text[w[0]..w[1]]).collect()
}

fn fence_after<'a>(open: Option<&'a str>, line: &'a str) -> Option<&'a str> {
    let ticks = &line[..line.len() - line.trim_start_matches('`').len()];
    match open {
        None if ticks.len() >= 3 => Some(ticks),
        Some(open) if ticks.len() >= open.len() && line.trim() == ticks => None,
        _ => open,
    }
}

/// The texts of a section, without its console blocks.
fn texts(section: &str) -> Vec<SourceText> {
    let mut out: Vec<SourceText> = Vec::new();
    let mut path = "policies/t.md".to_owned();
    let mut fence = None;
    let mut skip = false;
    let (mut csv, mut whole) = (false, false);
    for line in section.split_inclusive('\n') {
        let before = fence;
        fence = fence_after(fence, line);
        let (opens, closes) = (
            before.is_none() && fence.is_some(),
            before.is_some() && fence.is_none(),
        );
        if opens {
            skip = line.trim_end().ends_with("console");
            csv = line.trim_end().ends_with("csv");
            whole = line.trim_end().ends_with("markdown");
        }
        if skip || ((csv || whole) && (opens || closes)) {
            skip &= !closes;
            csv &= !closes;
            whole &= !closes;
            continue;
        }
        let marked = line
            .trim()
            .strip_prefix('`')
            .and_then(|l| l.strip_suffix('`'));
        if let Some(named) =
            marked.filter(|m| fence.is_none() && (m.ends_with(".md") || m.ends_with(".csv")))
        {
            path = named.to_owned();
            continue;
        }
        let to = if csv { PARAMETERS } else { &path };
        match out.iter_mut().find(|t| t.path == to) {
            Some(old) => old.text.push_str(line),
            None => out.push(SourceText {
                path: to.to_owned(),
                text: line.to_owned(),
            }),
        }
    }
    out.retain(|t| t.path == PARAMETERS || t.text.contains("```规则") || t.path != "policies/t.md");
    out
}

/// The file with every output as the tool gives it now.
pub fn rerun(text: &str) -> String {
    let mut shared = Vec::new();
    let mut out = String::new();
    for part in split(text) {
        let own = texts(part);
        if part.starts_with("## ") {
            out.push_str(&consoles(part, merged(&shared, own)));
        } else {
            shared = own;
            out.push_str(part);
        }
    }
    out
}

fn consoles(section: &str, texts: Vec<SourceText>) -> String {
    let mut out = String::new();
    let mut open: Option<&str> = None;
    let mut fence = None;
    for line in section.split_inclusive('\n') {
        let before = fence;
        fence = fence_after(fence, line);
        if before.is_none() && line.trim_end().ends_with("console") {
            open = fence;
            out.push_str(line);
            continue;
        }
        if open.is_none() {
            out.push_str(line);
            continue;
        }
        if fence.is_none() {
            open = None;
            out.push_str(line);
        } else if let Some(command) = line.strip_prefix("$ ") {
            out.push_str(line);
            let told = run(command.trim(), &texts);
            out.push_str(told.trim_end());
            out.push('\n');
        }
    }
    out
}

fn run(command: &str, texts: &[SourceText]) -> String {
    let book = Rulebook::read(texts.to_vec());
    let (word, rest) = command.split_once(' ').unwrap_or((command, ""));
    match word {
        "check" => check(&book),
        "cases" => cases(&book),
        "explain" => explain(&book, rest),
        "format" => {
            let last = texts.iter().rfind(|t| t.path != PARAMETERS).unwrap();
            rules::format::format(&last.text).unwrap_or_else(|p| format!("{p:?}"))
        }
        _ => panic!("no command {command}"),
    }
}

fn check(book: &Rulebook) -> String {
    let told: Vec<String> = book
        .check()
        .iter()
        .map(|p| p.show(book.texts().get(&p.path).map_or("", String::as_str)))
        .collect();
    if told.is_empty() {
        return "没有问题".to_owned();
    }
    told.join("\n\n")
}

fn cases(book: &Rulebook) -> String {
    let results = rules::cases::run_all(book, "demo");
    let lines: Vec<String> = results
        .iter()
        .map(|r| match r.passed() {
            true => format!("✓ {}", r.name),
            false => format!("✗ {}:{}", r.name, r.failures.join(" | ")),
        })
        .collect();
    lines.join("\n")
}

fn explain(book: &Rulebook, name: &str) -> String {
    let path = book
        .parsed()
        .iter()
        .map(|p| p.path.clone())
        .find(|p| rules::cases::names(book, p).iter().any(|n| n == name))
        .unwrap_or_default();
    match rules::cases::find(book, "demo", &path, name) {
        Ok(case) => case.explain(),
        Err(said) => said,
    }
}

fn check_folder(folder: &str) -> Vec<(PathBuf, String)> {
    check_files(files(folder))
}

fn check_files(files: Vec<PathBuf>) -> Vec<(PathBuf, String)> {
    let mut outs = Vec::new();
    let mut wrong = String::new();
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        let now = rerun(&text);
        if now != text {
            if std::env::var_os("UPDATE").is_some() {
                std::fs::write(&path, &now).unwrap();
            } else {
                let was = text.lines().zip(now.lines()).position(|(a, b)| a != b);
                let at = was.unwrap_or(text.lines().count().min(now.lines().count()));
                wrong.push_str(&format!(
                    "{}:{}\n  written: {}\n  is:      {}\n",
                    path.display(),
                    at + 1,
                    text.lines().nth(at).unwrap_or("(end)"),
                    now.lines().nth(at).unwrap_or("(end)")
                ));
            }
        }
        outs.push((path, now));
    }
    assert!(
        wrong.is_empty(),
        "UPDATE=1 rewrites the outputs; review the diff\n{wrong}"
    );
    outs
}

#[test]
fn every_good_text_checks_and_its_cases_pass() {
    for (path, text) in check_folder("good") {
        let mut command = "";
        for line in text.lines() {
            command = line.strip_prefix("$ ").unwrap_or(command);
            let wrong = match command {
                "check" => line.contains(": 错误["),
                "cases" => line.starts_with("✗ "),
                _ => false,
            };
            assert!(!wrong, "{}: {line}", path.display());
            if line == "````" {
                command = "";
            }
        }
    }
}

/// Group H of the catalogue of bad inputs: each row has its section, and each is told.
#[test]
fn the_catalogue_of_bad_policies_is_answered() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/inputs/policies.md");
    for (path, text) in check_files(vec![path]) {
        for part in split(&text).into_iter().filter(|p| p.starts_with("## ")) {
            let title = part.lines().next().unwrap_or("");
            let told =
                part.contains(": 错误[") || part.contains(": 提醒[") || part.contains("\n✗ ");
            assert!(told, "{}: {title} finds nothing", path.display());
        }
    }
}

#[test]
fn every_bad_text_is_told_with_what_to_write_instead() {
    for (path, text) in check_folder("bad") {
        for part in split(&text).into_iter().filter(|p| p.starts_with("## ")) {
            let title = part.lines().next().unwrap_or("");
            let told =
                part.contains(": 错误[") || part.contains(": 提醒[") || part.contains("\n✗ ");
            assert!(told, "{}: {title} finds nothing", path.display());
        }
        let helps = text.matches("改法:").count();
        let findings = text.matches(": 错误[").count() + text.matches(": 提醒[").count();
        assert_eq!(
            helps,
            findings,
            "{}: a finding without 改法",
            path.display()
        );
    }
}

#[test]
fn every_kind_of_finding_has_a_bad_text() {
    let bad: String = files("bad")
        .iter()
        .map(|p| std::fs::read_to_string(p).unwrap())
        .collect();
    let single = ["arity", "cycle", "overflow"].map(str::to_owned);
    let missing: Vec<String> = codes_in_source()
        .into_iter()
        .chain(single)
        .filter(|code| !TOO_LARGE.contains(&code.as_str()))
        .filter(|code| !bad.contains(&format!("[{code}]")))
        .collect();
    assert!(missing.is_empty(), "no bad text for {missing:?}");
}

/// Every `"word-word"` written behind `error(`, `fail(`, `Problem::` … in the reading modules.
fn codes_in_source() -> Vec<String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut out = Vec::new();
    for place in ["", "check", "parse"] {
        for entry in std::fs::read_dir(src.join(place)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]").next().unwrap_or("");
                out.extend(
                    code.split('"')
                        .skip(1)
                        .step_by(2)
                        .filter(|w| is_code(w))
                        .map(str::to_owned),
                );
            }
        }
    }
    out.sort();
    out.dedup();
    out
}

/// Findings about texts too large to be shown here; robust.rs meets them.
const TOO_LARGE: [&str; 5] = [
    "block-large",
    "expr-long",
    "file-large",
    "line-long",
    "too-many",
];

fn is_code(word: &str) -> bool {
    word != "dddd-dd-dd"
        && word.contains('-')
        && !word.starts_with('-')
        && !word.ends_with('-')
        && word.chars().all(|c| c.is_ascii_lowercase() || c == '-')
}
