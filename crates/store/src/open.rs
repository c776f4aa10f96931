//! Opening the record, and the one door to reading and writing it.

use crate::at::At;
use crate::audit::Act;
use crate::error::{Result, StoreError};
use crate::keys::Keys;
use crate::postgres::Postgres;
use crate::postgres::PostgresTx;
use crate::schema::{self, Backend};
use crate::seal::{Asks, Seals};
use crate::sql::{Sql, statements};
use crate::sqlite::{self, Sqlite, SqliteMoment};
use crate::tx::{JournalTx, KeyRing, Line, Reads};
use crate::value::{Row, Value};
use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::oneshot::{self, error::TryRecvError};

pub(crate) const DATABASE_FILE: &str = "doudi.db";
const LOCK_FILE: &str = "doudi.lock";
pub(crate) const KEY_FILE: &str = "doudi.keys";

statements! {
    FIND_META = "select value from meta where name = $1";
    ADD_META = "insert into meta (name, value) values ($1, $2)";
}

/// Where the record is kept.
#[derive(Clone, Debug)]
pub enum Database {
    /// One file in the data folder.
    Sqlite,
    /// A PostgreSQL server, by its `postgres://` address.
    Postgres {
        /// The address, password included; never shown.
        address: String,
    },
}

/// What is needed to open the record.
#[derive(Clone, Debug)]
pub struct Opening {
    /// The data folder: keys, lock, and the database file of SQLite.
    pub folder: PathBuf,
    /// Where the record is kept.
    pub database: Database,
    /// The moment of opening, for the entries of migrations.
    pub at: At,
}

/// 升级: a step of bringing the record up to date, told before it is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upgrade {
    /// The newest version it had; 0 for a new record.
    pub from: i64,
    /// The version this step brings.
    pub to: i64,
    /// Steps taken already.
    pub done: u64,
    /// All steps.
    pub all: u64,
}

/// The open record. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    engine: Engine,
    folder: PathBuf,
    keys: RwLock<KeyRing>,
    seals: Arc<Seals>,
    waiting_reads: Mutex<Vec<(Act, oneshot::Sender<Result<()>>)>>,
    read_turn: tokio::sync::Mutex<()>,
    /// Held for as long as the folder is in use; the SQLite writer keeps it itself.
    lock: Mutex<Option<File>>,
}

enum Engine {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl Engine {
    fn backend(&self) -> Backend {
        match self {
            Self::Sqlite(_) => Backend::Sqlite,
            Self::Postgres(_) => Backend::Postgres,
        }
    }

    async fn begin(&self) -> Result<Line> {
        Ok(match self {
            Self::Sqlite(sqlite) => Line::Sqlite(sqlite.begin().await?),
            Self::Postgres(postgres) => Line::Postgres(postgres.begin().await?),
        })
    }
}

impl Store {
    /// Opens the record, making it and its keys when there is none, and brings it up to date.
    pub async fn open(opening: Opening) -> Result<Self> {
        Self::open_telling(opening, &|_| {}).await
    }

    /// The same, telling each step of bringing it up to date.
    pub async fn open_telling(
        opening: Opening,
        tell: &(dyn Fn(Upgrade) + Send + Sync),
    ) -> Result<Self> {
        let folder = opening.folder;
        let lock = lock_folder(&folder)?;
        let (engine, lock) = match &opening.database {
            Database::Sqlite => {
                let sqlite = Sqlite::open(&folder.join(DATABASE_FILE), lock).await?;
                (Engine::Sqlite(sqlite), None)
            }
            Database::Postgres { address } => {
                (Engine::Postgres(Postgres::open(address).await?), Some(lock))
            }
        };
        let opened = bring_up_to_date(&engine, &folder, &opening.at, tell).await;
        let (keys, seals) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                engine.close().await;
                return Err(error);
            }
        };
        Ok(Self(Arc::new(Inner {
            engine,
            folder,
            keys: RwLock::new(keys),
            seals,
            waiting_reads: Mutex::new(Vec::new()),
            read_turn: tokio::sync::Mutex::new(()),
            lock: Mutex::new(lock),
        })))
    }

    /// Begins a write: all of it or nothing, and never without an act.
    pub async fn write(&self) -> Result<JournalTx> {
        Ok(JournalTx::new(
            self.0.engine.begin().await?,
            self.key_ring(),
            self.seals(),
        ))
    }

    /// The protected tables as they were when the record was opened.
    pub(crate) fn seals(&self) -> Arc<Seals> {
        Arc::clone(&self.0.seals)
    }

    /// One moment of the record, to be read for as long as it takes.
    pub(crate) async fn snapshot(&self) -> Result<Snapshot> {
        Ok(match &self.0.engine {
            Engine::Sqlite(sqlite) => Snapshot::Sqlite(sqlite.snapshot().await?),
            Engine::Postgres(postgres) => Snapshot::Postgres(Box::new(postgres.snapshot().await?)),
        })
    }

    /// Which database holds the record.
    #[must_use]
    pub fn backend(&self) -> Backend {
        self.0.engine.backend()
    }

    /// The data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// Finishes the write in hand and lets the folder go; nothing can be asked afterwards.
    pub async fn close(&self) {
        self.0.engine.close().await;
        drop(
            self.0
                .lock
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take(),
        );
    }

    /// Appends an act that changes nothing else, such as a read of names; several callers share
    /// one commit, and each is answered after it is durable.
    pub async fn record_alone(&self, act: Act) -> Result<()> {
        let (answer, mut answered) = oneshot::channel();
        let waiting = || {
            self.0
                .waiting_reads
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        waiting().push((act, answer));
        let _turn = self.0.read_turn.lock().await;
        match answered.try_recv() {
            // Somebody before wrote it with their own: what became of the others' is not asked here.
            Ok(answer) => return answer,
            // Whoever was writing it went away in the middle.
            Err(TryRecvError::Closed) => return Err(StoreError::Busy),
            Err(TryRecvError::Empty) => {}
        }
        let together = std::mem::take(&mut *waiting());
        let (acts, answers): (Vec<_>, Vec<_>) = together.into_iter().unzip();
        let done = self.record_together(acts).await;
        for answer in answers {
            // Whoever no longer waits has left nothing to reveal.
            let _ = answer.send(match &done {
                Ok(()) => Ok(()),
                Err(error) => Err(error.for_another()),
            });
        }
        done
    }

    async fn record_together(&self, acts: Vec<Act>) -> Result<()> {
        let mut tx = self.write().await?;
        acts.into_iter().for_each(|act| tx.record(act));
        tx.commit().await.map(drop)
    }

    /// Number of the key new values are sealed with.
    #[must_use]
    pub fn newest_key(&self) -> u32 {
        self.key_ring().0.newest()
    }

    /// Adds a newer key: new values are sealed with it, old ones until [`crate::identity::rotate`].
    pub async fn add_key(&self, act: Act) -> Result<u32> {
        let mut tx = self.write().await?;
        let next = Arc::new(self.key_ring().0.with_a_newer_one()?);
        let newest = next.newest();
        tx.record(act);
        // The file first: a key that is in the file and never used does no harm.
        next.save(&self.0.folder.join(KEY_FILE))?;
        tx.commit().await?;
        self.set_keys(KeyRing(next));
        Ok(newest)
    }

    pub(crate) fn drop_old_keys(&self) -> Result<()> {
        let next = Arc::new(self.key_ring().0.newest_only());
        next.save(&self.0.folder.join(KEY_FILE))?;
        self.set_keys(KeyRing(next));
        Ok(())
    }

    fn set_keys(&self, keys: KeyRing) {
        *self.0.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    /// What the database itself says of its files; empty when all is well.
    pub(crate) async fn examine_file(&self) -> Result<Vec<String>> {
        match &self.0.engine {
            Engine::Sqlite(sqlite) => sqlite.read(sqlite::examine).await,
            Engine::Postgres(postgres) => postgres.examine().await,
        }
    }

    /// Prepares every statement of the record on its database.
    #[doc(hidden)]
    pub async fn prepare_everything(&self) -> Result<usize> {
        let texts = crate::every::every_statement();
        let number = texts.len();
        for table in &crate::every::every_table() {
            self.0.seals.bulk(table)?;
        }
        let sealed = texts.iter().filter_map(|text| self.0.seals.of(text));
        let sealed: Vec<String> = sealed.map(|write| write.text()).collect();
        let texts = texts.into_iter().chain(sealed);
        for text in texts {
            match &self.0.engine {
                Engine::Sqlite(sqlite) => sqlite.read(move |c| sqlite::prepare(c, &text)).await?,
                Engine::Postgres(postgres) => postgres.prepare(&text).await?,
            }
        }
        Ok(number)
    }
}

/// One moment of the record.
pub(crate) enum Snapshot {
    Sqlite(SqliteMoment),
    Postgres(Box<PostgresTx>),
}

impl Asks for Snapshot {
    async fn ask(&self, text: String, values: Vec<Value>) -> Result<Vec<Row>> {
        match self {
            Self::Sqlite(moment) => moment.rows(text, values).await,
            Self::Postgres(moment) => moment.rows(&text, values).await,
        }
    }
}

impl Engine {
    async fn close(&self) {
        match self {
            Self::Sqlite(sqlite) => sqlite.close().await,
            Self::Postgres(postgres) => postgres.close(),
        }
    }
}

impl Reads for Store {
    async fn rows(&self, sql: Sql, values: Vec<Value>) -> Result<Vec<Row>> {
        match &self.0.engine {
            Engine::Sqlite(sqlite) => sqlite.read(move |c| sqlite::rows(c, sql.0, &values)).await,
            Engine::Postgres(postgres) => postgres.rows(sql.0, values).await,
        }
    }

    async fn rows_each(&self, sql: Sql, sets: Vec<Vec<Value>>) -> Result<Vec<Vec<Row>>> {
        if sets.is_empty() {
            return Ok(Vec::new());
        }
        match &self.0.engine {
            Engine::Sqlite(sqlite) => {
                sqlite
                    .read(move |c| sqlite::rows_each(c, sql.0, &sets))
                    .await
            }
            Engine::Postgres(postgres) => postgres.rows_each(sql.0, sets).await,
        }
    }

    fn key_ring(&self) -> KeyRing {
        self.0
            .keys
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

async fn bring_up_to_date(
    engine: &Engine,
    folder: &Path,
    at: &At,
    tell: &(dyn Fn(Upgrade) + Send + Sync),
) -> Result<(KeyRing, Arc<Seals>)> {
    let backend = engine.backend();
    let path = folder.join(KEY_FILE);
    let record_is_new = {
        // Only looks: a migration needs keys for its entry, and keys may be made only for a new record.
        let no_keys = KeyRing(Arc::new(Keys::none()));
        let looking = JournalTx::new(engine.begin().await?, no_keys, Arc::new(Seals::none()));
        schema::check(&looking, backend).await?.is_empty()
    };
    let keys = KeyRing(Arc::new(Keys::load_or_create(&path, record_is_new)?));
    let no_seals = Arc::new(Seals::none());
    let mut tx = JournalTx::new(engine.begin().await?, keys.clone(), no_seals);
    let fingerprint = keys.0.fingerprint();
    let (changed, seals) = schema::migrate(&mut tx, backend, at, tell).await?;
    let known = tx.rows(FIND_META, vec!["key-fingerprint".into()]).await?;
    match known.first() {
        Some(row) if row.text(0)? == fingerprint => {}
        Some(_) => return Err(StoreError::KeyFileOfAnotherRecord),
        None => {
            tx.execute(ADD_META, vec!["key-fingerprint".into(), fingerprint.into()])
                .await?;
        }
    }
    if changed {
        tx.commit().await?;
    }
    Ok((keys, seals))
}

fn lock_folder(folder: &Path) -> Result<File> {
    let failed = |source| StoreError::File {
        path: folder.display().to_string(),
        source,
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(failed)?;
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(folder.join(LOCK_FILE))
        .map_err(failed)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StoreError::FolderInUse {
            folder: folder.display().to_string(),
        }),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}
