//! A record of its own for every try: a folder copied, a database copied, and all of it as text to compare.

use crate::kept::{at_server, fill_anew, named};
use crate::postgres;
use office::Database;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What differs between two ways to the same end: who signed in when, what the chain says of it, and when by
/// the machine's clock a job held its lease.
const OF_THE_WAY: [&str; 10] = [
    "audit",
    "audit_head",
    "audit_payload",
    "counter",
    "job",
    "job_step",
    "seal_head",
    "session",
    "sign_in_attempt",
    "schema_version",
];
/// The folder of the invented county is only read.
const COUNTY: &str = "county";

/// A folder and its database.
pub(super) struct Record {
    pub(super) folder: PathBuf,
    pub(super) database: Database,
}

/// All rows of all tables as text, without what is sealed.
pub(super) type Dump = BTreeMap<String, Vec<String>>;

impl Record {
    /// An empty place for a record; none where there is no PostgreSQL.
    pub(super) async fn empty(folder: PathBuf, like: &Database) -> Option<Self> {
        let database = match like {
            Database::Sqlite => Database::Sqlite,
            Database::Postgres { .. } => Database::Postgres {
                address: postgres::fresh_database().await?,
            },
        };
        Some(Self { folder, database })
    }

    /// The same again in another folder.
    pub(super) async fn copy(&self, folder: PathBuf) -> Self {
        if folder.exists() {
            std::fs::remove_dir_all(&folder).unwrap();
        }
        std::fs::create_dir_all(&folder).unwrap();
        for entry in std::fs::read_dir(&self.folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name() != COUNTY {
                let to = folder.join(entry.file_name());
                let mut copy = Command::new("cp");
                let copied = copy.arg("-a").arg(entry.path()).arg(to).status();
                assert!(copied.unwrap().success());
            }
        }
        let database = match &self.database {
            Database::Sqlite => Database::Sqlite,
            Database::Postgres { address } => {
                let fresh = postgres::fresh_database().await.unwrap();
                // Whoever was killed may still be on the line.
                let text = format!(
                    "select pg_terminate_backend(pid) from pg_stat_activity
                        where datname = '{}' and pid <> pg_backend_pid()",
                    named(address)
                );
                let client = at_server(address).await;
                client.batch_execute(&text).await.unwrap();
                fill_anew(&fresh, Some(address)).await;
                Database::Postgres { address: fresh }
            }
        };
        Self { folder, database }
    }

    /// Removes the database of a try; its folder goes with the next.
    pub(super) async fn drop_database(&self) {
        if let Database::Postgres { address } = &self.database {
            let client = at_server(address).await;
            let text = format!("drop database if exists {} with (force)", named(address));
            client.batch_execute(&text).await.unwrap();
        }
    }

    pub(super) async fn dump(&self) -> Dump {
        match &self.database {
            Database::Sqlite => dump_sqlite(&self.folder.join("doudi.db")),
            Database::Postgres { address } => dump_postgres(address).await,
        }
    }
}

async fn connect(address: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(address, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    client
}

fn counts(table: &str) -> bool {
    !OF_THE_WAY.contains(&table) && !table.starts_with("sqlite_")
}

fn dump_sqlite(path: &Path) -> Dump {
    let line = rusqlite::Connection::open(path).unwrap();
    let names = |text: &str| -> Vec<String> {
        let mut asked = line.prepare(text).unwrap();
        let rows = asked.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let mut dump = Dump::new();
    for table in names("select name from sqlite_master where type = 'table'") {
        if !counts(&table) {
            continue;
        }
        let columns = names(&format!(
            "select name from pragma_table_info('{table}') where upper(type) <> 'BLOB'"
        ));
        let columns: Vec<String> = columns
            .iter()
            .map(|c| format!("coalesce(cast({c} as text), '-')"))
            .collect();
        let mut rows = names(&format!(
            "select {} from {table}",
            columns.join(" || '|' || ")
        ));
        rows.sort();
        dump.insert(table, rows);
    }
    dump
}

async fn dump_postgres(address: &str) -> Dump {
    let client = connect(address).await;
    let names = async |text: String| -> Vec<String> {
        let rows = client.query(&text, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    };
    // Of the catalogue itself: the views the standard asks for take longer than all the rows.
    let tables = "select relname::text from pg_class
        where relnamespace = 'public'::regnamespace and relkind = 'r'";
    let mut dump = Dump::new();
    for table in names(tables.to_owned()).await {
        if !counts(&table) {
            continue;
        }
        let columns = names(format!(
            "select attname::text from pg_attribute where attrelid = '{table}'::regclass
                and attnum > 0 and not attisdropped and atttypid <> 'bytea'::regtype order by attnum"
        ))
        .await;
        let columns: Vec<String> = columns
            .iter()
            .map(|c| format!("coalesce({c}::text, '-')"))
            .collect();
        let mut rows = names(format!(
            "select {} from {table}",
            columns.join(" || '|' || ")
        ))
        .await;
        rows.sort();
        dump.insert(table, rows);
    }
    dump
}

/// Where two records differ, for whoever reads why a test failed.
pub(super) fn difference(one: &Dump, other: &Dump) -> Option<String> {
    let mut said = Vec::new();
    for table in one.keys().chain(other.keys()) {
        let (a, b) = (one.get(table), other.get(table));
        if a == b {
            continue;
        }
        let empty = Vec::new();
        let (a, b) = (a.unwrap_or(&empty), b.unwrap_or(&empty));
        let only = |these: &[String], those: &[String]| {
            let rows = these.iter().filter(|row| !those.contains(row));
            rows.take(3).cloned().collect::<Vec<_>>()
        };
        said.push(format!(
            "{table}: {:?} instead of {:?}",
            only(a, b),
            only(b, a)
        ));
    }
    said.sort();
    said.dedup();
    (!said.is_empty()).then(|| said.join("\n"))
}
