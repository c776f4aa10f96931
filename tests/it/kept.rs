//! Offices that are made once for all tests of a run: a county's files received, its months judged. What is kept is told
//! apart by all it is made of, the county's files, the setting and this very program: a test that changes a file first
//! has one of its own.

use crate::county::County;
use office::{Database, Office, Setting};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, OnceLock};
use store::digest::{hex, of_bytes};

/// The folder of what every program keeps.
const FOLDER: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/kept");

/// An office in a folder and database of its own, as `make` left the one that is kept under a name. `make` is given the
/// office and its folder.
pub(crate) async fn office(
    county: &County,
    setting: Setting,
    name: &str,
    make: impl AsyncFnOnce(&Arc<Office>, &Path),
) -> Office {
    let key = key(county, &setting, name);
    let folder = room().join(&key);
    let kept = Setting {
        folder: folder.with_extension("half"),
        database: match &setting.database {
            Database::Sqlite => Database::Sqlite,
            Database::Postgres { address } => Database::Postgres {
                address: address.replace(&named(address), &format!("kept_{}", &key[..24])),
            },
        },
        ..setting.clone()
    };
    let alone = lock(&folder.with_extension("lock"));
    alone.lock().unwrap();
    if !is_there(&folder, &kept.database).await {
        for old in [&folder, &kept.folder] {
            if old.exists() {
                std::fs::remove_dir_all(old).unwrap();
            }
        }
        if let Database::Postgres { address } = &kept.database {
            fill_anew(address, None).await;
        }
        let office = Arc::new(Office::open(kept.clone()).await.unwrap());
        make(&office, &kept.folder).await;
        let office = Arc::into_inner(office).expect("nobody else holds it");
        office.close().await;
        std::fs::rename(&kept.folder, &folder).unwrap();
    }
    alone.unlock().unwrap();
    copy(&folder, &setting.folder);
    if let (Database::Postgres { address }, Database::Postgres { address: from }) =
        (&setting.database, &kept.database)
    {
        fill_anew(address, Some(from)).await;
    }
    Office::open(setting).await.unwrap()
}

/// Makes a database anew: empty, or as another one is, in which nobody is.
pub(crate) async fn fill_anew(address: &str, from: Option<&str>) {
    let name = named(address);
    let client = at_server(address).await;
    let template = from.map_or(String::new(), |from| format!("template {}", named(from)));
    for text in [
        format!("drop database if exists {name} with (force)"),
        format!("create database {name} {template}"),
    ] {
        client.batch_execute(&text).await.unwrap();
    }
}

/// A line to the server of a database, not to the database.
pub(crate) async fn at_server(address: &str) -> tokio_postgres::Client {
    let address = address.replace(&named(address), "postgres");
    let (client, connection) = tokio_postgres::connect(&address, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
}

/// The name of a database in its address.
pub(crate) fn named(address: &str) -> String {
    let name = address.split("dbname=").nth(1).unwrap();
    name.split(' ').next().unwrap().to_owned()
}

async fn is_there(folder: &Path, database: &Database) -> bool {
    // A database lives as long as the server of a run.
    folder.exists()
        && match database {
            Database::Sqlite => true,
            Database::Postgres { address } => {
                let client = at_server(address).await;
                let asked = "select 1 from pg_database where datname = $1";
                let rows = client.query(asked, &[&named(address)]).await.unwrap();
                !rows.is_empty()
            }
        }
}

/// Copies what is in a folder into another, which is made.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    let mut copy = Command::new("cp");
    let copied = copy.arg("-a").arg(from.join(".")).arg(to).status();
    assert!(copied.unwrap().success());
}

/// What an office is made of.
fn key(county: &County, setting: &Setting, name: &str) -> String {
    let Setting {
        folder: _,
        database,
        rulebook,
        locality,
        clock,
    } = setting;
    let database = match database {
        Database::Sqlite => "sqlite",
        Database::Postgres { .. } => "postgres",
    };
    // The server of databases is everybody's: what another program keeps there is not this one's.
    let (moment, program) = (clock.at(), program());
    let mut all = format!(
        "{program}|{name}|{database}|{locality}|{moment}|{}\n",
        rulebook.is_some()
    );
    for folder in rulebook
        .iter()
        .chain([&county.folder.path().join("county")])
    {
        say_files(folder, folder, &mut all);
    }
    hex(&of_bytes(all.as_bytes()))
}

/// Names every file under a folder with a digest of what it holds.
fn say_files(root: &Path, folder: &Path, out: &mut String) {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            say_files(root, &path, out);
        } else {
            let holds = hex(&of_bytes(&std::fs::read(&path).unwrap()));
            let name = path.strip_prefix(root).unwrap().display().to_string();
            out.push_str(&format!("{name} {holds}\n"));
        }
    }
}

/// The folder of what this very program keeps; those of programs that are gone are removed.
fn room() -> &'static Path {
    static ROOM: OnceLock<(PathBuf, File)> = OnceLock::new();
    let (room, _in_use) = ROOM.get_or_init(|| {
        let program = program();
        let all = Path::new(FOLDER);
        std::fs::create_dir_all(all).unwrap();
        let in_use = lock(&all.join(format!("{program}.in-use")));
        in_use.lock_shared().unwrap();
        let room = all.join(&program);
        std::fs::create_dir_all(&room).unwrap();
        for entry in std::fs::read_dir(all).unwrap() {
            let path = entry.unwrap().path();
            if path == room || !path.is_dir() {
                continue;
            }
            // Whoever else removes it at the same moment does what is wanted here.
            let theirs = lock(&path.with_extension("in-use"));
            if theirs.try_lock().is_ok() {
                let _ = std::fs::remove_dir_all(&path);
            }
        }
        (room, in_use)
    });
    room
}

/// This very program, also when somebody has built another in its place meanwhile.
fn program() -> String {
    let about = std::fs::metadata("/proc/self/exe")
        .or_else(|_| std::fs::metadata(std::env::current_exe()?))
        .unwrap();
    let told = format!("{} {:?}", about.len(), about.modified().unwrap());
    hex(&of_bytes(told.as_bytes()))[..16].to_owned()
}

fn lock(path: &Path) -> File {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .unwrap()
}
