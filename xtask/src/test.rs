//! Runs every test, after bringing the PostgreSQL and the browser the tests drive.
//!
//! Never fails because one of them cannot be had: it says loudly what is skipped.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

/// The test that takes the pictures of the docs.
const PICTURES: &str = "browser::pictures::the_pictures_of_the_docs_are_taken_anew";

/// A program the tests drive.
struct Driven {
    /// The tests learn its place from this variable.
    variable: &'static str,
    /// The Debian package that brings it.
    package: &'static str,
    /// What it needs beside it to be of use.
    with: &'static [&'static str],
    /// What is not tested without it.
    tests: &'static str,
    find: fn() -> Option<PathBuf>,
}

const DRIVEN: &[Driven] = &[
    Driven {
        variable: "DOUDI_PG_BIN",
        package: "postgresql",
        with: &[],
        tests: "the PostgreSQL half of the store and story tests",
        find: postgres,
    },
    Driven {
        variable: "DOUDI_CHROMIUM",
        package: "chromium",
        // Without Chinese letters every page is boxes.
        with: &["fonts-noto-cjk"],
        tests: "the browser journeys",
        find: chromium,
    },
];

/// Runs the tests of the workspace, or those the arguments choose.
pub fn run(root: &Path, arguments: &[String]) -> Result<()> {
    let mut command = runner();
    let chosen = arguments
        .iter()
        .any(|argument| argument == "-p" || argument.starts_with("--package"));
    if !chosen {
        command.arg("--workspace");
    }
    if !chosen || arguments.iter().any(|argument| argument == "story") {
        // The story kills the real program in the middle of its work, so it must be there.
        crate::cargo(root, &["build", "-p", "doudi"])?;
    }
    command.args(arguments).current_dir(root);
    for driven in DRIVEN {
        driven.tell(&mut command);
    }
    crate::run(&mut command)?;
    // The interface is tried with the program the story has built.
    match arguments.is_empty() {
        true => crate::api::run(root),
        false => Ok(()),
    }
}

/// Takes the pictures of the docs anew, from the program's own demo.
pub fn screenshots(root: &Path) -> Result<()> {
    crate::cargo(root, &["build", "-p", "doudi"])?;
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root);
    command.args(["test", "-p", "story", "--test", "it", "--"]);
    command.args(["--ignored", "--exact", PICTURES]);
    command.env("DOUDI_PICTURES", root.join("docs/images"));
    if !DRIVEN
        .iter()
        .any(|driven| driven.package == "chromium" && driven.tell(&mut command))
    {
        bail!("pictures are taken with chromium");
    }
    crate::run(&mut command)
}

impl Driven {
    /// Tells the tests where it is, after bringing it where that is ours to do; whether it is there.
    fn tell(&self, command: &mut Command) -> bool {
        let Driven {
            variable,
            package,
            with,
            tests,
            find,
        } = self;
        match given(variable)
            .or_else(find)
            .or_else(|| installed(package, with, *find))
        {
            Some(path) => {
                eprintln!("xtask: {variable}={}", path.display());
                command.env(variable, path);
                true
            }
            None => {
                eprintln!(
                    "xtask: SKIPPED: {tests}, because {package} is absent and cannot be installed \
                     here; install it or set {variable}"
                );
                false
            }
        }
    }
}

/// nextest where it is installed, cargo's own runner otherwise.
fn runner() -> Command {
    let quiet =
        |command: &mut Command| command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    let has_nextest = quiet(Command::new(env!("CARGO")).args(["nextest", "--version"]))
        .is_ok_and(|s| s.success());
    let mut command = Command::new(env!("CARGO"));
    if has_nextest {
        command.args(["nextest", "run"]);
    } else {
        eprintln!("xtask: cargo-nextest is absent; running cargo test");
        command.arg("test");
    }
    command
}

/// A place the developer named; it must be there.
fn given(variable: &str) -> Option<PathBuf> {
    let path = PathBuf::from(std::env::var_os(variable)?);
    let present = path.exists();
    if !present {
        eprintln!(
            "xtask: {variable} names `{}`, which is absent; looking elsewhere",
            path.display()
        );
    }
    present.then_some(path)
}

/// The folder of the newest PostgreSQL's programs.
fn postgres() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let bins = versions.filter_map(|version| {
        let version = version.ok()?;
        let number: u32 = version.file_name().to_str()?.parse().ok()?;
        let bin = version.path().join("bin");
        bin.join("initdb").exists().then_some((number, bin))
    });
    bins.max()
        .map(|(_, bin)| bin)
        .or_else(|| on_path("initdb")?.parent().map(Path::to_path_buf))
}

fn chromium() -> Option<PathBuf> {
    ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find_map(on_path)
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|candidate| candidate.is_file())
}

/// Installs a Debian package when that is ours to do, and looks again.
fn installed(package: &str, with: &[&str], find: fn() -> Option<PathBuf>) -> Option<PathBuf> {
    if !is_root() || !Path::new("/etc/debian_version").exists() {
        return None;
    }
    let arguments = [&["install", "-y", package], with].concat();
    eprintln!("xtask: apt-get {}", arguments.join(" "));
    let install = || apt(&arguments);
    // A fresh machine has no package lists yet.
    if !install() && apt(&["update"]) {
        install();
    }
    find()
}

fn apt(arguments: &[&str]) -> bool {
    let mut command = Command::new("apt-get");
    command
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
