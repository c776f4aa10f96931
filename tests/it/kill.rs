//! The real program, killed at any moment and started again, ends as if it had never been killed.
//!
//! The moments come from a printed seed; set `DOUDI_SEED` to walk them again.

use crate::postgres;
use domain::Month;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use store::warnings::{Filter, WarningState};
use store::{At, Database, Opening, Store};

const MOMENT: &str = "2026-09-14T09:00";
const KILLS: u32 = 8;

/// The program that `cargo build -p doudi` leaves beside this test; the newest of both is meant.
pub(crate) fn program() -> Option<PathBuf> {
    let here = std::env::current_exe().ok()?;
    let program = here
        .parent()?
        .parent()?
        .join(format!("doudi{}", std::env::consts::EXE_SUFFIX));
    if program.is_file() {
        return Some(program);
    }
    eprintln!(
        "SKIPPED: no `{}`; run `cargo build -p doudi` first, as `cargo xtask test` does",
        program.display()
    );
    None
}

/// Moments that look random and are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn new() -> Self {
        let seed = std::env::var("DOUDI_SEED")
            .ok()
            .and_then(|s| s.parse().ok())
            .unwrap_or(20_260_914);
        println!("DOUDI_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

struct Work<'a> {
    program: &'a Path,
    data: PathBuf,
    feeds: PathBuf,
    database: Database,
}

impl Work<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.program);
        command
            .args(arguments)
            .arg("--data")
            .arg(&self.data)
            .args(["--now", MOMENT]);
        if let Database::Postgres { address } = &self.database {
            command.args(["--postgres", address]);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    fn steps(&self) -> Vec<Command> {
        let feeds = self.feeds.to_string_lossy().into_owned();
        let months = ["2026-06", "2026-07", "2026-08"].map(|m| self.command(&["run-month", m]));
        std::iter::once(self.command(&["import", &feeds]))
            .chain(months)
            .collect()
    }

    /// Does all of it, uninterrupted.
    fn whole(&self) {
        for mut step in self.steps() {
            let code = step.status().unwrap().code();
            assert!(matches!(code, Some(0 | 1)), "{step:?} ended with {code:?}");
        }
    }

    /// Does all of it, killed on the way.
    fn killed(&self, dice: &mut Dice) {
        let mut died = 0;
        for mut step in self.steps() {
            let kills = if step.get_args().next().is_some_and(|a| a == "import") {
                KILLS
            } else {
                2
            };
            for _ in 0..kills {
                let child = step.spawn().unwrap();
                died += u32::from(kill(child, Duration::from_millis(dice.below(600))));
            }
            let code = step.status().unwrap().code();
            assert!(
                matches!(code, Some(0 | 1)),
                "{step:?} ended with {code:?} after kills"
            );
        }
        println!("{died} times killed before the end");
        assert!(died > 3, "the kills came too late to mean anything");
    }

    async fn state(&self) -> State {
        let opening = Opening {
            folder: self.data.clone(),
            database: self.database.clone(),
            at: At::parse("2026-09-14T01:00:00Z").unwrap(),
        };
        let store = Store::open(opening).await.unwrap();
        let state = State::read(&store).await;
        let verdict = store::audit::verify(&store, &[]).await.unwrap();
        assert!(verdict.is_whole(), "{:?}", verdict.breaks);
        store.close().await;
        state
    }
}

/// Kills a child after a while; whether it was still at work.
fn kill(mut child: Child, after: Duration) -> bool {
    std::thread::sleep(after);
    let working = child.try_wait().unwrap().is_none();
    // On Unix this is SIGKILL: nothing is flushed, nothing is tidied.
    child.kill().unwrap_or(());
    child.wait().unwrap();
    working
}

/// All that must be the same.
#[derive(Debug, PartialEq, Eq)]
struct State {
    persons: u64,
    households: u64,
    batches: Vec<String>,
    lake: Vec<String>,
    warnings: Vec<String>,
    tasks: Vec<String>,
    verdicts: Vec<String>,
}

impl State {
    async fn read(store: &Store) -> Self {
        let batches = store::batches::list(store, None, i64::MAX, 10_000)
            .await
            .unwrap();
        let lake = store::manifest::list_all(store).await.unwrap();
        let mut warnings = Vec::new();
        for state in [WarningState::Open, WarningState::Closed] {
            let filter = Filter {
                state,
                area: None,
                rule: None,
                urgency_min: i64::MIN,
            };
            warnings.extend(
                store::warnings::list(store, &filter, None, 100_000)
                    .await
                    .unwrap(),
            );
        }
        let filter = store::tasks::Filter {
            state: store::tasks::TaskState::Open,
            area: None,
            worker: None,
        };
        let tasks = store::tasks::list(store, &filter, None, 100_000)
            .await
            .unwrap();
        let mut verdicts = Vec::new();
        for month in ["2026-06", "2026-07", "2026-08"] {
            let run = store::runs::newest(store, Month::parse(month).unwrap())
                .await
                .unwrap()
                .unwrap();
            verdicts.push(run.content.counts);
        }
        Self {
            persons: store::persons::count(store).await.unwrap(),
            households: store::households::count(store, None).await.unwrap(),
            batches: sorted(batches.iter().map(|b| {
                format!(
                    "{} {} {} {:?} {:?}",
                    b.feed, b.period, b.file_name, b.state, b.counts
                )
            })),
            lake: sorted(
                lake.iter()
                    .map(|f| format!("{} {} {} {}", f.kind, f.month, f.path, f.rows)),
            ),
            warnings: sorted(warnings.iter().map(|w| {
                format!(
                    "{} {:?} {} {} {:?}",
                    w.content.rule, w.content.household, w.content.month, w.content.text, w.state
                )
            })),
            tasks: sorted(tasks.iter().map(|t| {
                format!(
                    "{} {:?} {:?} {}",
                    t.content.kind, t.content.household, t.content.due, t.content.urgency
                )
            })),
            verdicts,
        }
    }
}

fn sorted(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = lines.collect();
    lines.sort();
    lines
}

async fn ends_as_if_never_killed(databases: [Database; 2]) {
    let Some(program) = program() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut config = synth::Config::new(folder.path().join("county"));
    config.persons = 2_000;
    synth::generate(&config, &mut |_, _, _| {}).unwrap();
    let work = |name: &str, database: Database| Work {
        program: &program,
        data: folder.path().join(name),
        feeds: folder.path().join("county/feeds"),
        database,
    };
    let [one, other] = databases;
    let (whole, killed) = (work("whole", one), work("killed", other));
    whole.whole();
    killed.killed(&mut Dice::new());
    assert_eq!(killed.state().await, whole.state().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_it_ends_as_if_it_never_was() {
    ends_as_if_never_killed([Database::Sqlite, Database::Sqlite]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_on_postgresql_it_ends_as_if_it_never_was() {
    let (one, other) = (
        postgres::fresh_database().await,
        postgres::fresh_database().await,
    );
    if let (Some(one), Some(other)) = (one, other) {
        ends_as_if_never_killed([
            Database::Postgres { address: one },
            Database::Postgres { address: other },
        ])
        .await;
    }
}
