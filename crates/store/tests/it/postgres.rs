//! One PostgreSQL server for all tests of a run, also when each test is a process of its own.
//!
//! Every test process holds a shared lock for as long as it lives; a small shell beside the server
//! stops it and removes its files once nobody has held the lock for a while.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

const BASE: &str = "/tmp/doudi-test-pg";

struct Server {
    _in_use: File,
}

/// A new database on the shared server, by its address; none when PostgreSQL is not installed.
pub(crate) async fn fresh_database() -> Option<String> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    SERVER.get_or_init(start).as_ref()?;
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("t{}_{number}", std::process::id());
    let (client, connection) = tokio_postgres::connect(&address("postgres"), tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
        .batch_execute(&format!("drop database if exists {name}"))
        .await
        .unwrap();
    client
        .batch_execute(&format!("create database {name}"))
        .await
        .unwrap();
    Some(address(&name))
}

fn address(database: &str) -> String {
    format!("host={BASE} user=postgres dbname={database}")
}

pub(crate) fn programs() -> Option<PathBuf> {
    let given = std::env::var_os("DOUDI_PG_BIN").map(PathBuf::from);
    let installed = std::fs::read_dir("/usr/lib/postgresql")
        .ok()
        .into_iter()
        .flatten();
    let newest = installed
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .max();
    given
        .or(newest)
        .filter(|folder| folder.join("initdb").exists())
}

fn start() -> Option<Server> {
    let Some(programs) = programs() else {
        eprintln!("SKIPPED on PostgreSQL: no initdb; install postgresql or set DOUDI_PG_BIN");
        return None;
    };
    let in_use = open(&format!("{BASE}.lock"));
    in_use.lock_shared().unwrap();
    let starting = open(&format!("{BASE}.start"));
    starting.lock().unwrap();
    let asks = Command::new(programs.join("pg_isready"))
        .args(["-q", "-h", BASE])
        .status();
    if !asks.is_ok_and(|status| status.success()) {
        start_new(&programs);
    }
    Some(Server { _in_use: in_use })
}

fn open(path: &str) -> File {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap()
}

fn start_new(programs: &Path) {
    let programs = programs.display();
    // initdb refuses root, so root hands the server to the account PostgreSQL brings along.
    let script = format!(
        "set -e
        rm -rf {BASE}; mkdir -m 755 {BASE}
        as=''
        if [ \"$(id -u)\" = 0 ]; then
            user=postgres; id $user >/dev/null 2>&1 || user=nobody
            chown $user {BASE}; as=\"runuser -u $user --\"
        fi
        cd {BASE}
        $as {programs}/initdb -D {BASE}/data -U postgres -A trust -E UTF8 --locale=C --data-checksums --no-sync >{BASE}.log 2>&1
        $as {programs}/pg_ctl -w -s -D {BASE}/data -l {BASE}/server.log \
            -o \"-c listen_addresses='' -c unix_socket_directories={BASE} -c fsync=off -c full_page_writes=off \
                -c autovacuum=off -c max_connections=200\" start
        setsid sh -c 'idle=0
            while [ $idle -lt 20 ]; do
                sleep 1
                if flock -n -x {BASE}.lock true; then idle=$((idle+1)); else idle=0; fi
            done
            exec 9>>{BASE}.lock; flock -x 9
            '\"$as\"' {programs}/pg_ctl -s -m immediate -D {BASE}/data stop; rm -rf {BASE}' \
            </dev/null >/dev/null 2>&1 &"
    );
    let status = Command::new("sh")
        .args(["-c", &script])
        .stdin(Stdio::null())
        .status();
    assert!(
        status.unwrap().success(),
        "the test server did not start; see {BASE}.log"
    );
}
