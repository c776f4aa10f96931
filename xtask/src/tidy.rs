//! The rules of the house no other tool checks; each failure says where, what, and why it is a rule.
//!
//! Reads text, builds nothing. The checks on Rust are heuristics over code with strings and comments set apart:
//! better to rename a false alarm than to parse Rust here.

mod clock;
mod crates;
mod floats;
mod lengths;
mod policy;
mod source;
mod sql;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use source::Source;

/// One broken rule.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Problem {
    path: String,
    line: usize,
    what: String,
}

impl Problem {
    fn new(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            line,
            what: what.into(),
        }
    }
}

/// A check of one Rust file.
type Check = fn(&Source) -> Vec<Problem>;

const CHECKS: &[Check] = &[
    lengths::file,
    lengths::functions,
    lengths::attributes,
    floats::check,
    clock::check,
    sql::check,
    policy::check,
];

/// Checks the whole repository.
pub fn run(root: &Path) -> Result<()> {
    let mut problems = crates::check(root)?;
    let mut sources = Vec::new();
    for path in rust_files(root)? {
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let name = path
            .strip_prefix(root)
            .unwrap_or(&path)
            .to_string_lossy()
            .replace('\\', "/");
        let source = Source::new(&name, &text);
        problems.extend(CHECKS.iter().flat_map(|check| check(&source)));
        sources.push(source);
    }
    problems.extend(policy::stale(&sources));
    let files = sources.len();
    problems.sort();
    for problem in &problems {
        eprintln!("{}:{}: {}", problem.path, problem.line, problem.what);
    }
    if !problems.is_empty() {
        bail!("{} broken rules in {files} Rust files", problems.len());
    }
    eprintln!("xtask tidy: {files} Rust files, nothing to say");
    Ok(())
}

fn rust_files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for folder in ["crates", "tests", "bench", "xtask"] {
        collect(&root.join(folder), &mut files)?;
    }
    files.sort();
    Ok(files)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    // `bench/peers` holds other people's programs.
    if !folder.is_dir() || folder.ends_with("target") || folder.ends_with("peers") {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}

/// What a check says about a text, for the tests of the checks.
#[cfg(test)]
fn said(check: Check, path: &str, text: &str) -> Vec<usize> {
    check(&Source::new(path, text))
        .into_iter()
        .map(|problem| problem.line)
        .collect()
}
