//! A record on each database, and a way around it for tests that tamper.

use crate::postgres;
use domain::{AreaCode, Day, Month};
use std::path::PathBuf;
use store::batches::{self, Begun, NewBatch};
use store::identity::NewIdentity;
use store::persons::{NewPerson, PersonStatus};
use store::{Act, At, Backend, Database, JournalTx, Opening, RowId, Store, StoreError};
use tempfile::TempDir;

pub(crate) struct Bench {
    pub(crate) store: Store,
    pub(crate) database: Database,
    pub(crate) folder: TempDir,
}

/// Does a test on SQLite and on PostgreSQL.
pub(crate) async fn on_both<F: AsyncFn(Bench)>(test: F) {
    test(Bench::open(Database::Sqlite).await).await;
    if let Some(address) = postgres::fresh_database().await {
        test(Bench::open(Database::Postgres { address }).await).await;
    }
}

impl Bench {
    pub(crate) async fn open(database: Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = open(folder.path().to_owned(), &database).await.unwrap();
        Self {
            store,
            database,
            folder,
        }
    }

    /// Closes the record and opens it again.
    pub(crate) async fn reopen(&mut self) -> Result<(), StoreError> {
        self.store.close().await;
        self.store = open(self.folder.path().to_owned(), &self.database).await?;
        Ok(())
    }

    pub(crate) fn key_file(&self) -> PathBuf {
        self.folder.path().join("doudi.keys")
    }

    /// Runs SQL around the program, with its rules in force.
    pub(crate) async fn raw(&self, sql: &str) -> Result<(), String> {
        self.run(sql, "").await
    }

    /// Runs SQL as somebody who owns the database file: no trigger and no reference holds.
    pub(crate) async fn tamper(&self, sql: &str) {
        let first = match self.store.backend() {
            Backend::Sqlite => {
                "pragma foreign_keys = off; drop trigger if exists audit_no_change;
                 drop trigger if exists audit_no_removal;"
            }
            Backend::Postgres => "set session_replication_role = replica;",
        };
        self.run(sql, first).await.unwrap();
    }

    /// The same with none of the checks of the database either.
    pub(crate) async fn tamper_all(&self, sql: &str) {
        let first = match self.store.backend() {
            Backend::Sqlite => "pragma foreign_keys = off; pragma ignore_check_constraints = on;",
            Backend::Postgres => "set session_replication_role = replica;",
        };
        self.run(sql, first).await.unwrap();
    }

    /// Rows of words, asked around the program.
    pub(crate) async fn raw_words(&self, sql: &str) -> Vec<Vec<String>> {
        match &self.database {
            Database::Sqlite => {
                let connection = self.connection();
                let mut statement = connection.prepare(sql).unwrap();
                let width = statement.column_count();
                let rows = statement.query_map([], |row| (0..width).map(|i| row.get(i)).collect());
                rows.unwrap().map(Result::unwrap).collect()
            }
            Database::Postgres { address } => {
                let (client, connection) = tokio_postgres::connect(address, tokio_postgres::NoTls)
                    .await
                    .unwrap();
                tokio::spawn(connection);
                let rows = client.query(sql, &[]).await.unwrap();
                let words =
                    |row: &tokio_postgres::Row| (0..row.len()).map(|i| row.get(i)).collect();
                rows.iter().map(words).collect()
            }
        }
    }

    async fn run(&self, sql: &str, first: &str) -> Result<(), String> {
        let sql = format!("{first} {sql}");
        match &self.database {
            Database::Sqlite => self
                .connection()
                .execute_batch(&sql)
                .map_err(|e| e.to_string()),
            Database::Postgres { address } => {
                let (client, connection) = tokio_postgres::connect(address, tokio_postgres::NoTls)
                    .await
                    .unwrap();
                tokio::spawn(connection);
                client
                    .batch_execute(&sql)
                    .await
                    .map_err(|e| match e.as_db_error() {
                        Some(cause) => cause.to_string(),
                        None => e.to_string(),
                    })
            }
        }
    }

    /// One whole number, asked around the program.
    pub(crate) async fn raw_number(&self, sql: &str) -> i64 {
        match &self.database {
            Database::Sqlite => self
                .connection()
                .query_row(sql, [], |row| row.get(0))
                .unwrap(),
            Database::Postgres { address } => {
                let (client, connection) = tokio_postgres::connect(address, tokio_postgres::NoTls)
                    .await
                    .unwrap();
                tokio::spawn(connection);
                client.query_one(sql, &[]).await.unwrap().get(0)
            }
        }
    }

    fn connection(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.folder.path().join("doudi.db")).unwrap()
    }

    /// A write with its act recorded already.
    pub(crate) async fn writing(&self) -> JournalTx {
        let mut tx = self.store.write().await.unwrap();
        tx.record(act("test"));
        tx
    }

    /// A batch to hang rows on.
    pub(crate) async fn batch(&self) -> i64 {
        let mut tx = self.writing().await;
        let Begun::New(batch_no) = batches::begin(&mut tx, &new_batch(1)).await.unwrap() else {
            panic!("the first batch is new")
        };
        tx.commit().await.unwrap();
        batch_no
    }
}

pub(crate) async fn open(folder: PathBuf, database: &Database) -> Result<Store, StoreError> {
    Store::open(Opening {
        folder,
        database: database.clone(),
        at: moment(0),
    })
    .await
}

pub(crate) fn act(name: &str) -> Act {
    Act::new(&moment(1), "wang", name)
        .on("thing", 7)
        .because("测试")
        .carrying("{\"n\":1}")
}

/// Minutes after the demo's fixed moment.
pub(crate) fn moment(minutes: u32) -> At {
    At::parse(&format!(
        "2026-09-14T01:{:02}:{:02}Z",
        minutes % 60,
        minutes / 60
    ))
    .unwrap()
}

pub(crate) fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

pub(crate) fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

pub(crate) fn area(code: &str) -> AreaCode {
    AreaCode::parse(code).unwrap()
}

pub(crate) fn new_batch(content: u8) -> NewBatch {
    NewBatch {
        feed: "register".to_owned(),
        period: month("2026-06"),
        file_name: "register.csv".to_owned(),
        file_digest: [content; 32],
        canonical_digest: [content; 32],
        received_at: moment(0),
    }
}

pub(crate) fn row(number: u32) -> RowId {
    RowId::new(1, number).unwrap()
}

pub(crate) fn person(number: u32, name: &str, id_number: &str) -> NewPerson {
    NewPerson {
        row: row(number),
        sex: None,
        birth: Some(day("1954-03-12")),
        death: None,
        area: Some(area("990101001001")),
        registered_area: None,
        urban_rural: None,
        status: PersonStatus::OnRegister,
        identity: NewIdentity {
            name: Some(name.to_owned()),
            id_number: Some(id_number.to_owned()),
            ..NewIdentity::default()
        },
    }
}
