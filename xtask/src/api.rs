//! The interface for programs, tried by schemathesis: the document is validated, then requests are invented from
//! it, right and wrong, with a fixed seed; no answer may be a failure of the server, or other than described.
//!
//! The tester lives in a virtual environment of the cache folder, with pinned versions. Where there is no Python
//! the chore says so loudly and is skipped.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

/// Persons of the county it is tried on.
const PERSONS: &str = "2000";
const SEED: &str = "20260914";
/// Requests invented for each operation.
const EXAMPLES: &str = "40";
/// The place of the county, and its bureau.
const AREA: &str = "990101";
const BUREAU: &str = "demo-mz";
/// The programs that ask, the roles of each, and what its token is narrowed to.
const PROGRAMS: &[(&str, &[&str], &[&str])] = &[
    (
        "api-window",
        &["窗口经办", "核对员"],
        &[
            "overview.view",
            "warning.view",
            "roll.view",
            "household.view",
            "feed.view",
            "case.view",
            "case.accept",
            "case.handle",
            "verification.answer",
            "verification.export",
            "rulebook.view",
        ],
    ),
    (
        "api-county",
        &["县级审核"],
        &[
            "case.view",
            "payment.view",
            "payment.file",
            "rulebook.view",
            "overview.view",
        ],
    ),
    ("api-machine", &["系统管理员"], &["health.view"]),
];
/// Numbers of the access rules that would slow the tester down; what they do is tested elsewhere.
const PACES: &[&str] = &["每处打开", "全部打开", "每令牌调用", "全部调用"];
/// Tells whether the document at an address is a valid one.
const VALIDATE: &str = "import json,sys,urllib.request\n\
from openapi_spec_validator import validate\n\
validate(json.load(urllib.request.urlopen(sys.argv[1])))\n\
print('xtask: the document is a valid OpenAPI document')";

/// Tries the interface; skipped where the tester cannot be had.
pub fn run(root: &Path) -> Result<()> {
    let Some(python) = tester(root)? else {
        return Ok(());
    };
    crate::cargo(root, &["build", "-p", "doudi"])?;
    let place = std::env::temp_dir().join(format!("doudi-api-{}", std::process::id()));
    let tried = try_all(root, &python, &place);
    // What was made to be tried is of no use afterwards.
    if let Err(error) = std::fs::remove_dir_all(&place) {
        eprintln!("xtask: {} stays behind: {error}", place.display());
    }
    tried
}

/// The tester's Python, made where that can be done; none with the reason told.
fn tester(root: &Path) -> Result<Option<PathBuf>> {
    let wanted = std::fs::read_to_string(root.join("xtask/api/requirements.txt"))?;
    let folder = cache().join("doudi-peers/api-venv");
    let (python, mark) = (folder.join("bin/python"), folder.join("requirements.txt"));
    let held = std::fs::read_to_string(&mark).unwrap_or_default();
    if held == wanted && python.is_file() {
        return Ok(Some(python));
    }
    let folder_text = folder.to_string_lossy().into_owned();
    let file = root.join("xtask/api/requirements.txt");
    let file = file.to_string_lossy().into_owned();
    let steps: [(&str, &[&str]); 2] = [
        ("python3", &["-m", "venv", &folder_text]),
        (
            &python.to_string_lossy(),
            &["-m", "pip", "install", "--quiet", "-r", &file],
        ),
    ];
    for (program, arguments) in steps {
        eprintln!("xtask: {program} {}", arguments.join(" "));
        let done = Command::new(program).args(arguments).status();
        if !done.is_ok_and(|status| status.success()) {
            eprintln!(
                "xtask: SKIPPED: the tester of the interface (schemathesis), because `{program} {}` \
                 did not work; install python3 with venv and reach a package index",
                arguments.join(" ")
            );
            return Ok(None);
        }
    }
    std::fs::write(mark, wanted)?;
    Ok(Some(python))
}

/// Where what is downloaded once is kept.
fn cache() -> PathBuf {
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from);
    named("XDG_CACHE_HOME")
        .or_else(|| named("HOME").map(|home| home.join(".cache")))
        .unwrap_or_else(std::env::temp_dir)
}

fn try_all(root: &Path, python: &Path, place: &Path) -> Result<()> {
    let (data, rules) = (place.join("data"), place.join("rulebook"));
    std::fs::create_dir_all(place)?;
    unhurried(&root.join("rulebook"), &rules)?;
    let data = data.to_string_lossy().into_owned();
    let doudi = program()?;
    let ask = |arguments: &[&str]| {
        let mut command = Command::new(&doudi);
        command.args(arguments).args(["--data", &data]);
        command.stdin(Stdio::null());
        command
    };
    crate::run(ask(&["demo", "--persons", PERSONS, "--no-serve"]).stdout(Stdio::null()))?;
    let mut tokens = Vec::new();
    for (login, roles, rights) in PROGRAMS {
        crate::run(
            ask(&[
                "token",
                "account",
                login,
                "--name",
                "接口测试",
                "--office",
                BUREAU,
            ])
            .stdout(Stdio::null()),
        )?;
        for role in *roles {
            crate::run(&mut ask(&[
                "user", "grant", login, "--role", role, "--area", AREA,
            ]))?;
        }
        let mut make = ask(&[
            "token",
            "create",
            login,
            "--label",
            "接口测试",
            "--area",
            AREA,
            "--why",
            "接口测试",
            "--json",
        ]);
        for right in *rights {
            make.args(["--right", right]);
        }
        tokens.push((*login, told_token(&mut make)?));
    }
    let rules = rules.to_string_lossy().into_owned();
    let mut served = Served::begin(&mut ask(&["serve", "--port", "0", "--rulebook", &rules]))?;
    let document = format!("{}/openapi.json", served.address);
    crate::run(Command::new(python).args(["-c", VALIDATE, &document]))?;
    for (login, token) in tokens {
        eprintln!("xtask: as {login}");
        let mut tester = Command::new(python.with_file_name("st"));
        tester
            .arg("--config-file")
            .arg(root.join("xtask/api/schemathesis.toml"));
        tester.args(["run", &document, "--header"]);
        tester.arg(format!("Authorization: Bearer {token}"));
        tester.args(["--seed", SEED, "--max-examples", EXAMPLES]);
        tester.args(["--checks", "all", "--warnings", "off"]);
        tester.args(["--request-timeout", "30", "--continue-on-failure"]);
        tester.current_dir(place);
        crate::run(&mut tester)?;
        served.must_be_up()?;
    }
    Ok(())
}

/// The token a command tells.
fn told_token(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let token = text.split('"').find(|part| part.len() == 64);
    token.map(str::to_owned).context("no token was told")
}

/// The program cargo just built, beside this one.
fn program() -> Result<PathBuf> {
    let here = std::env::current_exe()?;
    let program = here.with_file_name("doudi");
    match program.is_file() {
        true => Ok(program),
        false => bail!("{} is not there", program.display()),
    }
}

/// The rulebook with the paces raised.
fn unhurried(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            unhurried(&path, &target)?;
            continue;
        }
        if path.ends_with("access/access.md") {
            let text = std::fs::read_to_string(&path)?;
            let lines: Vec<String> = text.lines().map(raised).collect();
            std::fs::write(&target, lines.join("\n") + "\n")?;
            continue;
        }
        std::fs::copy(&path, &target)?;
    }
    Ok(())
}

fn raised(line: &str) -> String {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    match cells.as_slice() {
        ["", name, _, unit, said, ""] if PACES.contains(name) => {
            format!("| {name} | 100000 | {unit} | {said} |")
        }
        _ => line.to_owned(),
    }
}

/// The pages, served until this is dropped.
struct Served {
    child: Child,
    address: String,
}

impl Served {
    fn begin(command: &mut Command) -> Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let out = child.stdout.take().context("nothing to read from")?;
        let mut lines = BufReader::new(out).lines();
        let address = lines.by_ref().find_map(|line| {
            let line = line.ok()?;
            let at = line.find("http://")?;
            let rest = line.get(at..)?;
            rest.split_whitespace().next().map(str::to_owned)
        });
        // Somebody must go on reading, or the program waits for it.
        std::thread::spawn(move || lines.for_each(drop));
        match address {
            Some(address) => Ok(Self { child, address }),
            None => {
                let status = child.wait()?;
                bail!("the pages were not served: {status}")
            }
        }
    }

    fn must_be_up(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("the program ended while it was tried: {status}"),
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It was ours alone; whether it had ended before does not matter.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
