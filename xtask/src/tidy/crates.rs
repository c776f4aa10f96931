//! The direction of dependencies (ARCHITECTURE.md): which crate may know which.

use std::path::Path;

use anyhow::{Context, Result};

use super::Problem;

struct Rule {
    name: &'static str,
    /// Our own crates it may use.
    ours: &'static [&'static str],
    /// What else it may use.
    others: Others,
    because: &'static str,
}

enum Others {
    Only(&'static [&'static str]),
    Not(&'static [&'static str]),
}

const OURS: &[&str] = &[
    "domain", "rules", "engine", "store", "office", "server", "synth", "doudi",
];

const RULES: &[Rule] = &[
    Rule {
        name: "domain",
        ours: &[],
        others: Others::Only(&["jiff"]),
        because: "it changes rarely, so all else rebuilds rarely",
    },
    Rule {
        name: "rules",
        ours: &["domain"],
        others: Others::Not(&[
            "tokio",
            "datafusion",
            "rusqlite",
            "tokio-postgres",
            "axum",
            "chrono",
            "jiff",
            "time",
        ]),
        because: "one household is explained in a test, with no database, no files and no today",
    },
    Rule {
        name: "engine",
        ours: &["rules", "domain"],
        others: Others::Not(&["axum", "hyper", "reqwest", "rusqlite", "tokio-postgres"]),
        because: "record batches in, record batches out; the heavy build stays behind this wall",
    },
    Rule {
        name: "store",
        ours: &["domain"],
        others: Others::Not(&["axum", "hyper", "reqwest", "datafusion"]),
        because: "it stores what it is told; no policy can hide in SQL",
    },
    Rule {
        name: "office",
        ours: &["domain", "rules", "engine", "store"],
        others: Others::Not(&[
            "axum",
            "hyper",
            "askama",
            "datafusion",
            "rusqlite",
            "tokio-postgres",
        ]),
        because: "the only writer, so access control and audit have one door; no HTTP, no HTML, no SQL",
    },
    Rule {
        name: "server",
        ours: &["office", "domain"],
        others: Others::Not(&["datafusion", "rusqlite", "tokio-postgres"]),
        because: "a page can show only what an office function gives it",
    },
    Rule {
        name: "synth",
        ours: &["domain"],
        others: Others::Not(&["datafusion", "rusqlite", "tokio-postgres", "axum"]),
        because: "test data must not be made by the code under test",
    },
    Rule {
        name: "doudi",
        ours: &["server", "office", "synth", "rules", "domain"],
        others: Others::Not(&["datafusion", "rusqlite", "tokio-postgres"]),
        because: "commands are thin: they call an office function and show it",
    },
];

/// Checks the manifest of every crate.
pub(super) fn check(root: &Path) -> Result<Vec<Problem>> {
    let mut problems = Vec::new();
    for entry in std::fs::read_dir(root.join("crates")).context("crates/")? {
        let folder = entry?.path();
        let name = folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let Ok(manifest) = std::fs::read_to_string(folder.join("Cargo.toml")) else {
            continue;
        };
        problems.extend(check_manifest(&name, &manifest));
    }
    Ok(problems)
}

fn check_manifest(name: &str, manifest: &str) -> Vec<Problem> {
    let path = format!("crates/{name}/Cargo.toml");
    let Some(rule) = RULES.iter().find(|rule| rule.name == name) else {
        let what = format!(
            "`{name}` is in no place of the dependency table; make it a module of a crate that is"
        );
        return vec![Problem::new(&path, 1, what)];
    };
    let allowed = |dependency: &str| match (OURS.contains(&dependency), &rule.others) {
        (true, _) => rule.ours.contains(&dependency),
        (false, Others::Only(only)) => only.contains(&dependency),
        (false, Others::Not(banned)) => !banned.contains(&dependency),
    };
    let wrong = dependencies(manifest)
        .into_iter()
        .filter(|(_, dependency)| !allowed(dependency));
    let say = |(line, dependency)| {
        Problem::new(
            &path,
            line,
            format!("`{name}` must not know `{dependency}`: {}", rule.because),
        )
    };
    wrong.map(say).collect()
}

/// What a crate is built on, with line numbers. What only its tests use may point anywhere.
fn dependencies(manifest: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut inside = false;
    for (number, line) in manifest.lines().enumerate() {
        let line = line.trim();
        if let Some(section) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            let table = |kind: &str| section == kind || section.ends_with(&format!(".{kind}"));
            inside = table("dependencies") || table("build-dependencies");
            let single = section
                .split_once("dependencies.")
                .filter(|(kind, _)| !kind.ends_with("dev-"));
            found.extend(single.map(|(_, name)| (number + 1, name.to_owned())));
        } else if inside && !line.is_empty() && !line.starts_with('#') {
            let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
            found.push((number + 1, name.trim_matches('"').to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, manifest: &str, expected: &[&str]) {
        let said: Vec<String> = check_manifest(name, manifest)
            .into_iter()
            .map(|problem| problem.what)
            .collect();
        assert_eq!(said, expected);
    }

    #[test]
    fn a_dependency_against_the_direction_is_told_with_its_reason() {
        check("domain", "[dependencies]\njiff.workspace = true\n", &[]);
        check(
            "domain",
            "[dependencies]\nserde = \"1\"",
            &["`domain` must not know `serde`: it changes rarely, so all else rebuilds rarely"],
        );
        check(
            "server",
            "[dependencies]\noffice.workspace = true\nstore = { path = \"../store\" }",
            &[
                "`server` must not know `store`: a page can show only what an office function gives it",
            ],
        );
        check(
            "store",
            "[dependencies.rules]\npath = \"../rules\"",
            &[
                "`store` must not know `rules`: it stores what it is told; no policy can hide in SQL",
            ],
        );
    }

    #[test]
    fn what_only_tests_use_may_point_anywhere() {
        check(
            "engine",
            "[dev-dependencies]\nsynth.workspace = true\n[dev-dependencies.store]\npath = \"x\"",
            &[],
        );
    }

    #[test]
    fn a_crate_per_topic_is_refused() {
        let what =
            "`ledger` is in no place of the dependency table; make it a module of a crate that is";
        check("ledger", "", &[what]);
    }
}
