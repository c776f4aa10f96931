//! The record in one SQLite file: one writer on a thread of its own, readers from a pool.
//!
//! Never more than one write at a time, never `synchronous` below full: an answer means the row
//! is on the disk.

use crate::error::{Result, StoreError};
use crate::sql::{Table, With};
use crate::value::{Row, Value};
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, params_from_iter};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// The first version without the write-ahead-log reset defect.
const OLDEST_SOUND: i32 = 3_051_003;
const READERS: usize = 4;

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(value) => ValueRef::Integer(*value),
            Self::Text(value) => ValueRef::Text(value.as_bytes()),
            Self::Bytes(value) => ValueRef::Blob(value),
        }))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match &error {
            rusqlite::Error::SqliteFailure(cause, text) => match cause.code {
                ErrorCode::ConstraintViolation => Self::Refused {
                    rule: text.clone().unwrap_or_else(|| cause.to_string()),
                },
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
                ErrorCode::DiskFull => Self::StorageFull,
                ErrorCode::SystemIoFailure => Self::NotWritable,
                _ => Self::Database {
                    reason: error.to_string(),
                },
            },
            _ => Self::Database {
                reason: error.to_string(),
            },
        }
    }
}

type Work = Box<dyn FnOnce(&mut Connection) + Send>;

enum Order {
    Do(Work),
    Stop(oneshot::Sender<()>),
}

/// An open SQLite record.
pub(crate) struct Sqlite {
    orders: mpsc::Sender<Order>,
    turn: Arc<Semaphore>,
    failed: Arc<AtomicBool>,
    readers: Arc<Readers>,
}

struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    places: Semaphore,
}

/// One write in progress; dropping it takes everything back.
pub(crate) struct SqliteTx {
    orders: mpsc::Sender<Order>,
    failed: Arc<AtomicBool>,
    open: bool,
    _turn: OwnedSemaphorePermit,
}

/// Refuses an SQLite library known to damage files, by its version number such as 3040001.
pub fn refuse_unsound_library(found: i32) -> Result<()> {
    if found < OLDEST_SOUND {
        Err(StoreError::SqliteTooOld { found })
    } else {
        Ok(())
    }
}

impl Sqlite {
    /// Opens the file, making it if need be. The lock is held until the writer has stopped.
    pub(crate) async fn open(path: &Path, lock: File) -> Result<Self> {
        refuse_unsound_library(rusqlite::version_number())?;
        let (orders, work) = mpsc::channel::<Order>();
        let (ready, opened) = oneshot::channel();
        let file = path.to_owned();
        std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write_until_stopped(&file, lock, ready, &work))
            .map_err(|source| StoreError::File {
                path: path.display().to_string(),
                source,
            })?;
        opened.await.map_err(|_| StoreError::Closed)??;
        Ok(Self {
            orders,
            turn: Arc::new(Semaphore::new(1)),
            failed: Arc::new(AtomicBool::new(false)),
            readers: Arc::new(Readers {
                path: path.to_owned(),
                idle: Mutex::new(Vec::new()),
                places: Semaphore::new(READERS),
            }),
        })
    }

    /// Waits for its turn and begins a write.
    pub(crate) async fn begin(&self) -> Result<SqliteTx> {
        if self.failed.load(Ordering::Acquire) {
            return Err(StoreError::NotWritable);
        }
        let turn = Arc::clone(&self.turn)
            .acquire_owned()
            .await
            .map_err(|_| StoreError::Closed)?;
        // Built before the statement runs: if this future is dropped meanwhile, the drop rolls back.
        let tx = SqliteTx {
            orders: self.orders.clone(),
            failed: Arc::clone(&self.failed),
            open: true,
            _turn: turn,
        };
        tx.run(|c| Ok(c.execute_batch("begin immediate")?)).await?;
        Ok(tx)
    }

    /// Answers a question outside any write.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let readers = Arc::clone(&self.readers);
        let _place = self
            .readers
            .places
            .acquire()
            .await
            .map_err(|_| StoreError::Closed)?;
        tokio::task::spawn_blocking(move || {
            let idle = readers
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop();
            let connection = match idle {
                Some(connection) => connection,
                None => open_reader(&readers.path)?,
            };
            let answer = question(&connection);
            readers
                .idle
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(connection);
            answer
        })
        .await
        .map_err(|_| StoreError::Closed)?
    }

    /// One moment of the record, to be read for as long as it takes.
    pub(crate) async fn snapshot(&self) -> Result<SqliteMoment> {
        let path = self.readers.path.clone();
        let opened = tokio::task::spawn_blocking(move || {
            let connection = open_reader(&path)?;
            connection.execute_batch("begin")?;
            // The moment is the first read, not the begin.
            rows(&connection, "select count(*) from schema_version", &[])?;
            Ok::<_, StoreError>(connection)
        });
        let connection = opened.await.map_err(|_| StoreError::Closed)??;
        Ok(SqliteMoment(Arc::new(Mutex::new(connection))))
    }

    /// Finishes the write in hand, empties the log into the file and closes it.
    pub(crate) async fn close(&self) {
        let turn = self.turn.acquire().await;
        self.readers.places.close();
        self.readers
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        let (done, stopped) = oneshot::channel();
        if self.orders.send(Order::Stop(done)).is_ok() {
            // An error means the writer is gone already, which is what we wait for.
            let _ = stopped.await;
        }
        self.turn.close();
        drop(turn);
    }
}

/// One moment of the record; writes that come later are not seen.
pub(crate) struct SqliteMoment(Arc<Mutex<Connection>>);

impl SqliteMoment {
    /// The rows a text answers.
    pub(crate) async fn rows(&self, text: String, values: Vec<Value>) -> Result<Vec<Row>> {
        let connection = Arc::clone(&self.0);
        let asked = tokio::task::spawn_blocking(move || {
            let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            rows(&connection, &text, &values)
        });
        asked.await.map_err(|_| StoreError::Closed)?
    }
}

impl SqliteTx {
    /// Does work on the writer's thread, in the order asked.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        let order: Work = Box::new(move |connection| {
            // Nobody waits any more when the caller was dropped; its transaction rolls back.
            let _ = answer.send(work(connection));
        });
        self.orders
            .send(Order::Do(order))
            .map_err(|_| StoreError::Closed)?;
        let answer = answered.await.map_err(|_| StoreError::Closed)?;
        if matches!(answer, Err(StoreError::NotWritable)) {
            // A failed fsync is never tried again: what reached the disk is unknown.
            self.failed.store(true, Ordering::Release);
        }
        answer
    }

    /// Makes the write durable.
    pub(crate) async fn commit(mut self) -> Result<()> {
        let answer = self.run(|c| Ok(c.execute_batch("commit")?)).await;
        if answer.is_ok() {
            self.open = false;
        }
        answer
    }
}

impl Drop for SqliteTx {
    fn drop(&mut self) {
        if self.open {
            let work: Work = Box::new(|connection| {
                if !connection.is_autocommit() {
                    // A rollback that fails leaves the transaction to be refused at its next step.
                    let _ = connection.execute_batch("rollback");
                }
            });
            let _ = self.orders.send(Order::Do(work));
        }
    }
}

fn write_until_stopped(
    path: &Path,
    lock: File,
    ready: oneshot::Sender<Result<()>>,
    work: &mpsc::Receiver<Order>,
) {
    let mut connection = match open_writer(path) {
        Ok(connection) => connection,
        Err(error) => {
            drop(lock);
            let _ = ready.send(Err(error));
            return;
        }
    };
    if ready.send(Ok(())).is_err() {
        return;
    }
    let mut stopped = None;
    for order in work {
        match order {
            Order::Do(work) => work(&mut connection),
            Order::Stop(done) => {
                stopped = Some(done);
                break;
            }
        }
    }
    // Best effort: a log left behind is read again at the next start.
    let _ = connection.query_row("pragma wal_checkpoint(truncate)", [], |_| Ok(()));
    drop(connection);
    drop(lock);
    if let Some(done) = stopped {
        let _ = done.send(());
    }
}

fn open_writer(path: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    set_up(&connection)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "foreign_keys", "on")?;
    // A county's import makes the log long once; it need not stay so.
    connection.pragma_update(None, "journal_size_limit", 67_108_864)?;
    Ok(connection)
}

pub(crate) fn open_reader(path: &Path) -> Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    set_up(&connection)?;
    Ok(connection)
}

fn set_up(connection: &Connection) -> Result<()> {
    connection.set_prepared_statement_cache_capacity(256);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.busy_timeout(std::time::Duration::from_secs(5))?;
    connection.pragma_update(None, "trusted_schema", "off")?;
    connection.pragma_update(None, "cell_size_check", "on")?;
    connection.pragma_update(None, "cache_size", -65_536)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    Ok(())
}

/// `?1` takes the first value; SQLite would number `$1` by where it first stands.
fn numbered(text: &str) -> String {
    text.replace('$', "?")
}

/// The rows a statement answers.
pub(crate) fn rows(connection: &Connection, text: &str, values: &[Value]) -> Result<Vec<Row>> {
    let mut statement = connection.prepare_cached(&numbered(text))?;
    answer(&mut statement, values)
}

/// The rows a statement answers for each set of values.
pub(crate) fn rows_each(
    connection: &Connection,
    text: &str,
    sets: &[Vec<Value>],
) -> Result<Vec<Vec<Row>>> {
    let mut statement = connection.prepare_cached(&numbered(text))?;
    sets.iter()
        .map(|values| answer(&mut statement, values))
        .collect()
}

fn answer(statement: &mut rusqlite::Statement<'_>, values: &[Value]) -> Result<Vec<Row>> {
    let width = statement.column_count();
    let mut rows = statement.query(params_from_iter(values))?;
    let mut answer = Vec::new();
    while let Some(row) = rows.next()? {
        let cells: Result<Vec<Value>> = (0..width).map(|i| cell(row.get_ref(i)?)).collect();
        answer.push(Row(cells?));
    }
    Ok(answer)
}

fn cell(value: ValueRef<'_>) -> Result<Value> {
    let unknown = |what: &str| StoreError::BadValue {
        what: what.to_owned(),
    };
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Int(value),
        ValueRef::Text(bytes) => Value::Text(
            std::str::from_utf8(bytes)
                .map_err(|_| unknown("文字"))?
                .to_owned(),
        ),
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => return Err(unknown("小数")),
    })
}

/// How many rows a statement changed, summed over the sets of values.
pub(crate) fn execute_each(
    connection: &Connection,
    text: &str,
    sets: &[Vec<Value>],
) -> Result<Vec<u64>> {
    let mut statement = connection.prepare_cached(&numbered(text))?;
    sets.iter()
        .map(|values| {
            let changed = statement.execute(params_from_iter(values))?;
            Ok(u64::try_from(changed).unwrap_or(u64::MAX))
        })
        .collect()
}

/// Adds rows by one prepared statement.
pub(crate) fn insert(
    connection: &Connection,
    table: Table,
    with: With,
    rows: &[Vec<Value>],
) -> Result<()> {
    let mut statement = connection.prepare_cached(&numbered(&table.insert(with)))?;
    for row in rows {
        statement.execute(params_from_iter(row))?;
    }
    Ok(())
}

/// Checks that a statement can be prepared.
pub(crate) fn prepare(connection: &Connection, text: &str) -> Result<()> {
    connection.prepare(&numbered(text))?;
    Ok(())
}

/// What SQLite says of its file: damage, and rows that refer to nothing.
pub(crate) fn examine(connection: &Connection) -> Result<Vec<String>> {
    let said = rows(connection, "pragma integrity_check", &[])?;
    let said: Result<Vec<String>> = said.iter().map(|row| row.text(0)).collect();
    let mut said: Vec<String> = said?.into_iter().filter(|line| line != "ok").collect();
    for row in rows(connection, "pragma foreign_key_check", &[])? {
        said.push(format!("表 `{}` 中有行引用了不存在的记录", row.text(0)?));
    }
    Ok(said)
}
