//! The library between a child and the system, and the child: this test binary again, doing one act.

use super::acts::Act;
use office::Database;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

const KILLED: i32 = 9;

/// What the library is to do to a child.
#[derive(Clone, Debug)]
pub(super) enum Doing {
    /// Nothing.
    Nothing,
    /// Write down every act.
    Log,
    /// Kill before this one, counted from 1.
    KillBefore(usize),
    /// Kill after this one.
    KillAfter(usize),
    /// Let acts of a kind fail: `w` writes, `s` syncs; with this error, from one of them to another.
    Fail(char, i32, usize, usize),
}

/// What a child left.
pub(super) struct Left {
    pub(super) killed: bool,
    /// What it said, line by line.
    pub(super) said: Vec<String>,
    /// Its acts, in order, where they were written down.
    pub(super) log: Vec<String>,
}

impl Left {
    /// What stands after a word at the beginning of a line.
    pub(super) fn after(&self, word: &str) -> Option<&str> {
        let lines = self.said.iter().rev();
        lines.into_iter().find_map(|line| line.strip_prefix(word))
    }
}

/// The compiled library; none without a C compiler, which the build of SQLite needs as well.
fn library() -> Option<&'static Path> {
    static LIBRARY: OnceLock<Option<(tempfile::TempDir, PathBuf)>> = OnceLock::new();
    let built = LIBRARY.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let (source, library) = (folder.path().join("shim.c"), folder.path().join("shim.so"));
        std::fs::write(&source, include_str!("shim.c")).unwrap();
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-o"])
            .args([&library, &source])
            .arg("-ldl")
            .status();
        match compiled {
            Ok(status) => {
                assert!(status.success(), "shim.c does not compile");
                Some((folder, library))
            }
            Err(error) => {
                eprintln!("SKIPPED: no C compiler: {error}");
                None
            }
        }
    });
    built.as_ref().map(|(_, library)| library.as_path())
}

/// A child that does an act on a folder.
pub(super) struct Child<'a> {
    pub(super) act: &'a Act,
    pub(super) folder: &'a Path,
    pub(super) database: &'a Database,
}

impl Child<'_> {
    /// Runs it to its end, whatever that is; none where the library cannot be built.
    pub(super) fn run(&self, doing: &Doing) -> Option<Left> {
        let library = library()?;
        let beside = tempfile::tempdir().unwrap();
        let (arm, log) = (beside.path().join("arm"), beside.path().join("log"));
        // This very program, even when somebody has built another in its place meanwhile.
        let mut command = Command::new("/proc/self/exe");
        command
            .args(["crash::worker", "--exact", "--ignored", "--nocapture"])
            .env("DOUDI_CRASH_FOLDER", self.folder)
            .env("DOUDI_CRASH_ACT", self.act.word())
            .env("DOUDI_CRASH_ARM", &arm)
            .env("LD_PRELOAD", library)
            .env("DOUDI_SHIM_ARM", &arm)
            .env("DOUDI_SHIM_UNDER", self.folder)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit());
        match self.database {
            Database::Sqlite => command.env_remove("DOUDI_CRASH_POSTGRES"),
            Database::Postgres { address } => command
                .env("DOUDI_CRASH_POSTGRES", address)
                .env("DOUDI_SHIM_SOCKETS", "1"),
        };
        match doing {
            Doing::Nothing => &mut command,
            Doing::Log => command.env("DOUDI_SHIM_LOG", &log),
            Doing::KillBefore(at) => command.env("DOUDI_SHIM_KILL", at.to_string()),
            Doing::KillAfter(at) => command.env("DOUDI_SHIM_KILL_AFTER", at.to_string()),
            Doing::Fail(kind, error, first, last) => {
                command.env("DOUDI_SHIM_FAIL", format!("{kind}:{error}:{first}:{last}"))
            }
        };
        let out = command.output().unwrap();
        let killed = out.status.signal() == Some(KILLED);
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(
            killed || out.status.success(),
            "{:?} {doing:?}: {}\n{said}",
            self.act,
            out.status
        );
        let log = std::fs::read_to_string(&log).unwrap_or_default();
        Some(Left {
            killed,
            said: said.lines().map(str::to_owned).collect(),
            log: log.lines().map(str::to_owned).collect(),
        })
    }
}
