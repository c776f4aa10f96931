//! PostgreSQL itself killed while clerks write, and its disk full: what was acknowledged is there, what was not is
//! told, and the same open record goes on once the server is back.
//!
//! Each test has a server of its own, so that the others keep theirs.

use crate::databases::{Bench, act};
use crate::postgres::programs;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{Database, Store, StoreError, audit};
use tempfile::TempDir;

const CLERKS: i64 = 4;
const KILLS: i64 = 5;
/// What fits on the disk that becomes full; the server alone takes about half.
const DISK: &str = "96m";

/// A server nobody else uses; its files go with it.
struct Server {
    folder: TempDir,
    programs: PathBuf,
    disk: bool,
}

impl Server {
    /// Starts one; on a small disk of its own where that is asked for. None, loudly, where it cannot be had.
    fn start(disk: bool) -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!("SKIPPED: no initdb; install postgresql or set DOUDI_PG_BIN");
            return None;
        };
        let server = Self {
            folder: tempfile::tempdir().unwrap(),
            programs,
            disk,
        };
        let size = format!("size={DISK}");
        let base = server.base();
        if disk && !run(&["mount", "-t", "tmpfs", "-o", &size, "tmpfs", &base]) {
            eprintln!("SKIPPED: only root may mount a small disk to fill it");
            return None;
        }
        let made = server.shell(
            "chmod 755 $BASE
            if [ \"$(id -u)\" = 0 ]; then
                user=postgres; id $user >/dev/null 2>&1 || user=nobody; chown $user $BASE
            fi
            $AS $BIN/initdb -D $BASE/data -U postgres -A trust -E UTF8 --locale=C --data-checksums \
                --wal-segsize=1 >/dev/null",
        );
        assert!(made, "initdb failed in {base}");
        server.up();
        Some(server)
    }

    fn base(&self) -> String {
        self.folder.path().to_string_lossy().into_owned()
    }

    fn database(&self) -> Database {
        Database::Postgres {
            address: format!("host={} user=postgres dbname=postgres", self.base()),
        }
    }

    /// initdb and the server refuse root, so root hands them to the account PostgreSQL brings along.
    fn shell(&self, script: &str) -> bool {
        let whole = format!(
            "cd /; BASE='{}'; BIN='{}'; AS=''
            if [ \"$(id -u)\" = 0 ]; then
                user=postgres; id $user >/dev/null 2>&1 || user=nobody; AS=\"runuser -u $user --\"
            fi
            {script}",
            self.base(),
            self.programs.display()
        );
        run(&["sh", "-c", &whole])
    }

    /// Starts the server and waits for it; a killed one's children may still hold its memory for a moment.
    fn up(&self) {
        let start = "tries=0
            until $AS $BIN/pg_ctl -w -s -D $BASE/data -l $BASE/data/server.log \
                -o \"-c listen_addresses='' -c unix_socket_directories=$BASE -c wal_keep_size=1024\" start; do
                tries=$((tries+1)); [ $tries -lt 60 ] || exit 1; sleep 1
            done";
        assert!(self.shell(start), "the server in {} is not up", self.base());
    }

    /// `kill -9` of the server and of all it started.
    fn kill(&self) {
        let kill = "master=$(head -1 $BASE/data/postmaster.pid)
            kill -9 $master $(cat /proc/$master/task/$master/children)";
        assert!(self.shell(kill), "there is no server to kill");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shell("$AS $BIN/pg_ctl -s -m immediate -D $BASE/data stop || true");
        if self.disk {
            run(&["umount", &self.base()]);
        }
    }
}

fn run(line: &[&str]) -> bool {
    let status = Command::new(line[0])
        .args(&line[1..])
        .stdin(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

/// What was acknowledged, by number.
type Told = Arc<Mutex<BTreeSet<i64>>>;

/// A clerk writes until the record says no, to what and how.
async fn writes(store: Store, told: Told, first: i64, padding: usize) -> (i64, StoreError) {
    let mut number = first;
    loop {
        let act = act("told").on("case", number).carrying("x".repeat(padding));
        if let Err(error) = store.record_alone(act).await {
            return (number, error);
        }
        told.lock().unwrap().insert(number);
        number += 1;
    }
}

/// Clerks at work on one record.
fn clerks(bench: &Bench, told: &Told, round: i64, padding: usize) -> Vec<Writing> {
    let first = |clerk: i64| (round * CLERKS + clerk) * 1_000_000;
    (0..CLERKS)
        .map(|clerk| {
            let store = bench.store.clone();
            tokio::spawn(writes(store, Arc::clone(told), first(clerk), padding))
        })
        .collect()
}

type Writing = tokio::task::JoinHandle<(i64, StoreError)>;

/// Waits until so many more were acknowledged, so that the end comes in the middle of the work.
async fn until_told(told: &Told, more: usize) {
    let before = told.lock().unwrap().len();
    while told.lock().unwrap().len() < before + more {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// How the clerks' work ended: what was told as not saved. Nobody is told anything but that the storage is full,
/// that the server is gone, or that nobody knows.
async fn ended(writing: Vec<Writing>) -> BTreeSet<i64> {
    let mut refused = BTreeSet::new();
    for clerk in writing {
        match clerk.await.unwrap() {
            (_, StoreError::OutcomeUnknown { .. }) => {}
            (number, StoreError::Unreachable { .. } | StoreError::StorageFull) => {
                refused.insert(number);
            }
            (_, other) => panic!("{other:?}"),
        }
    }
    refused
}

/// Everything acknowledged is there and nothing told as not saved; the chain is whole, and the same record takes
/// the next act.
async fn what_was_told_is_true(bench: &Bench, told: &Told, refused: &BTreeSet<i64>) {
    let next = act("afterwards").on("case", -1);
    bench.store.record_alone(next).await.unwrap();
    let kept = bench
        .raw_words("select object_id from audit where act = 'told'")
        .await;
    let kept: BTreeSet<i64> = kept.iter().map(|row| row[0].parse().unwrap()).collect();
    let lost: Vec<i64> = told.lock().unwrap().difference(&kept).copied().collect();
    assert_eq!(lost, [], "acknowledged and lost");
    let saved: Vec<i64> = refused.intersection(&kept).copied().collect();
    assert_eq!(saved, [], "told as not saved and saved");
    let verdict = audit::verify(&bench.store, &[]).await.unwrap();
    assert!(verdict.is_whole(), "{:?}", verdict.breaks);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_outlives_the_server_killed_in_the_middle_of_writes() {
    let Some(server) = Server::start(false) else {
        return;
    };
    let bench = Bench::open(server.database()).await;
    let told = Told::default();
    for round in 0..KILLS {
        let writing = clerks(&bench, &told, round, 20);
        until_told(&told, 40).await;
        server.kill();
        let refused = ended(writing).await;
        server.up();
        what_was_told_is_true(&bench, &told, &refused).await;
    }
    bench.store.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_of_the_server_is_told_and_loses_nothing() {
    let Some(server) = Server::start(true) else {
        return;
    };
    let bench = Bench::open(server.database()).await;
    let ballast = format!("{}/ballast", server.base());
    std::fs::write(&ballast, vec![0; 8 << 20]).unwrap();
    let told = Told::default();
    let refused = ended(clerks(&bench, &told, 0, 100_000)).await;
    assert!(
        !told.lock().unwrap().is_empty(),
        "the disk was full at once"
    );
    std::fs::remove_file(&ballast).unwrap();
    // A server that cannot write its log stops by itself; whoever runs it starts it again.
    if !server.shell("$BIN/pg_isready -q -h $BASE") {
        server.up();
    }
    what_was_told_is_true(&bench, &told, &refused).await;
    bench.store.close().await;
}
