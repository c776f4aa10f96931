//! Reading and writing the record. A write cannot be committed without an audit entry.

use crate::audit::{self, Act, Receipt};
use crate::error::{Result, StoreError};
use crate::keys::Keys;
use crate::postgres::PostgresTx;
use crate::sql::{Sql, Table, statements};
use crate::sqlite::{self, SqliteTx};
use crate::value::{Row, Value};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

statements! {
    TAKE_NUMBERS = "insert into counter (name, last) values ($1, $2)
        on conflict (name) do update set last = counter.last + excluded.last returning last";
}

/// Whatever can be asked: the open record, or a write in progress with what it has written.
pub trait Reads: Sync {
    /// The rows a statement answers.
    #[doc(hidden)]
    fn rows(&self, sql: Sql, values: Vec<Value>) -> impl Future<Output = Result<Vec<Row>>> + Send;

    /// The rows a statement answers for each set of values.
    #[doc(hidden)]
    fn rows_each(
        &self,
        sql: Sql,
        sets: Vec<Vec<Value>>,
    ) -> impl Future<Output = Result<Vec<Vec<Row>>>> + Send;

    /// The keys of the record.
    #[doc(hidden)]
    fn key_ring(&self) -> KeyRing;
}

/// The keys, kept from view.
#[doc(hidden)]
#[derive(Clone)]
pub struct KeyRing(pub(crate) Arc<Keys>);

pub(crate) enum Line {
    Sqlite(SqliteTx),
    Postgres(PostgresTx),
}

/// One write of the record: all of it or nothing, with the acts that caused it.
///
/// Dropped without [`JournalTx::commit`], nothing of it remains. On SQLite there is one at a time;
/// on PostgreSQL two that stand in each other's way end with [`StoreError::Busy`] for one of them,
/// which may then be tried again from its first read.
pub struct JournalTx {
    line: Line,
    keys: KeyRing,
    acts: Vec<Act>,
    broken: AtomicBool,
}

impl JournalTx {
    pub(crate) fn new(line: Line, keys: KeyRing) -> Self {
        Self {
            line,
            keys,
            acts: Vec::new(),
            broken: AtomicBool::new(false),
        }
    }

    /// Names an act this write is part of; at least one is needed.
    pub fn record(&mut self, act: Act) {
        self.acts.push(act);
    }

    /// Appends the acts to the chain and makes all of the write durable.
    pub async fn commit(mut self) -> Result<Receipt> {
        if self.broken.load(Ordering::Acquire) {
            return Err(StoreError::WriteBroken);
        }
        let acts = std::mem::take(&mut self.acts);
        if acts.is_empty() {
            return Err(StoreError::NothingRecorded);
        }
        let (receipt, mark) = audit::append(&self, acts).await?;
        match self.line {
            Line::Sqlite(tx) => tx.commit().await?,
            Line::Postgres(tx) => tx.commit(&mark).await?,
        }
        Ok(receipt)
    }

    /// A failed statement breaks the write on both databases alike.
    fn watch<T>(&self, answer: Result<T>) -> Result<T> {
        if answer.is_err() {
            self.broken.store(true, Ordering::Release);
        }
        answer
    }

    /// How many rows a statement changed.
    pub(crate) async fn execute(&self, sql: Sql, values: Vec<Value>) -> Result<u64> {
        Ok(self
            .execute_each(sql, vec![values])
            .await?
            .first()
            .copied()
            .unwrap_or(0))
    }

    /// How many rows a statement changed, for each set of values.
    pub(crate) async fn execute_each(&self, sql: Sql, sets: Vec<Vec<Value>>) -> Result<Vec<u64>> {
        let answer = match &self.line {
            Line::Sqlite(tx) => tx.run(move |c| sqlite::execute_each(c, sql, &sets)).await,
            Line::Postgres(tx) => tx.execute_each(sql, sets).await,
        };
        self.watch(answer)
    }

    /// Adds many rows to a table.
    pub(crate) async fn insert(&self, table: Table, rows: Vec<Vec<Value>>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let answer = match &self.line {
            Line::Sqlite(tx) => tx.run(move |c| sqlite::insert(c, table, &rows)).await,
            Line::Postgres(tx) => tx.insert(table, rows).await,
        };
        self.watch(answer)
    }

    /// Runs several statements without values.
    pub(crate) async fn batch(&self, text: String) -> Result<()> {
        let answer = match &self.line {
            Line::Sqlite(tx) => tx.run(move |c| Ok(c.execute_batch(&text)?)).await,
            Line::Postgres(tx) => tx.batch(&text).await,
        };
        self.watch(answer)
    }

    /// Takes the next numbers of a kind of thing; the first of them is answered.
    pub(crate) async fn take_numbers(&self, kind: &'static str, how_many: usize) -> Result<i64> {
        let many = crate::value::counted(how_many, "数量")?;
        let rows = self
            .rows(TAKE_NUMBERS, vec![kind.into(), many.into()])
            .await?;
        let last = rows.first().ok_or(StoreError::WriteBroken)?.int(0)?;
        Ok(last.saturating_sub(many).saturating_add(1))
    }
}

impl Reads for JournalTx {
    async fn rows(&self, sql: Sql, values: Vec<Value>) -> Result<Vec<Row>> {
        let answer = match &self.line {
            Line::Sqlite(tx) => tx.run(move |c| sqlite::rows(c, sql, &values)).await,
            Line::Postgres(tx) => tx.rows(sql, values).await,
        };
        self.watch(answer)
    }

    async fn rows_each(&self, sql: Sql, sets: Vec<Vec<Value>>) -> Result<Vec<Vec<Row>>> {
        let answer = match &self.line {
            Line::Sqlite(tx) => tx.run(move |c| sqlite::rows_each(c, sql, &sets)).await,
            Line::Postgres(tx) => tx.rows_each(sql, sets).await,
        };
        self.watch(answer)
    }

    fn key_ring(&self) -> KeyRing {
        self.keys.clone()
    }
}
