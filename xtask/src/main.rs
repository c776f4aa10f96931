//! Chores of the repository: `cargo xtask tidy`, `test`, `screenshots`, `ci`.

mod api;
mod test;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

const USAGE: &str = "\
cargo xtask tidy          the rules of the house no other tool checks
cargo xtask test [ARGS]   every test; ARGS go to the test runner, e.g. `cargo xtask test -p domain`
cargo xtask screenshots   docs/images anew: the demo's pages in chromium, wide and on a phone
cargo xtask api           the interface for programs, by a tester that invents requests (schemathesis)
cargo xtask ci            fmt, clippy, tidy, test: what must be green before a change is handed in
";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let chore = arguments.next().unwrap_or_default();
    let rest: Vec<String> = arguments.collect();
    let done = match chore.as_str() {
        "tidy" => tidy::run(&root()),
        "test" => test::run(&root(), &rest),
        "api" => api::run(&root()),
        "ci" => ci(&root()),
        "screenshots" => test::screenshots(&root()),
        "" | "help" | "--help" | "-h" => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        other => Err(anyhow::anyhow!(
            "no chore is called `{other}`; there are:\n{USAGE}"
        )),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask {chore}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The cheap checks first, so that a slip is told before the long build.
fn ci(root: &Path) -> Result<()> {
    cargo(root, &["fmt", "--all", "--check"])?;
    tidy::run(root)?;
    cargo(
        root,
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ],
    )?;
    test::run(root, &[])
}

fn cargo(root: &Path, arguments: &[&str]) -> Result<()> {
    eprintln!("xtask: cargo {}", arguments.join(" "));
    run(Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(root))
}

/// Runs a command to its end with our own input and output.
fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("{command:?} did not start"))?;
    if !status.success() {
        bail!("{command:?} failed: {status}");
    }
    Ok(())
}

/// The root of the repository.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_path_buf()
}
