//! Reading and writing the record. A write cannot be committed without an audit entry.

use crate::audit::{self, Act, Receipt};
use crate::error::{Result, StoreError};
use crate::keys::Keys;
use crate::postgres::PostgresTx;
use crate::seal::{Asks, Moved, Sealed, Seals, Verb, Way, Write};
use crate::sql::{Sql, Table, With, statements};
use crate::sqlite::{self, SqliteTx};
use crate::value::{Row, Value};
use std::collections::{BTreeMap, HashMap};
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Rows a statement may answer at once while they are sealed.
const SEALED_AT_ONCE: usize = 5_000;
/// Seals that may wait to be written into their rows.
const WAITING_AT_ONCE: usize = 20_000;

/// Seals of rows a write has changed, by table and key.
type Waiting = BTreeMap<String, HashMap<Vec<Value>, Vec<u8>>>;

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
    seals: Arc<Seals>,
    moved: Mutex<BTreeMap<String, Moved>>,
    /// That do not stand in their rows yet.
    waiting: Mutex<Waiting>,
    acts: Vec<Act>,
    broken: AtomicBool,
}

impl JournalTx {
    pub(crate) fn new(line: Line, keys: KeyRing, seals: Arc<Seals>) -> Self {
        Self {
            line,
            keys,
            seals,
            moved: Mutex::new(BTreeMap::new()),
            waiting: Mutex::new(BTreeMap::new()),
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
        let seals = Arc::clone(&self.seals);
        match seals.of(sql.0) {
            None => self.change(sql.0.to_owned(), sets).await,
            Some(write) => {
                let answers = self.write_sealed(&seals, write, sets).await?;
                Ok(answers.iter().map(Answer::count).collect())
            }
        }
    }

    /// Adds many rows to a table.
    pub(crate) async fn insert(&self, table: Table, mut rows: Vec<Vec<Value>>) -> Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        let mut with = With::Nothing;
        if let Some((sealed, sources)) = self.seals.bulk(&table)? {
            with = With::Seal;
            let mut moved = Moved::default();
            for row in &mut rows {
                let seal = self.seals.seal_known(sealed, &sources, row);
                self.seals.count_known(&mut moved, &seal);
                row.push(seal.into());
            }
            self.add_moved(sealed.name(), moved);
        }
        let answer = match &self.line {
            Line::Sqlite(tx) => tx.run(move |c| sqlite::insert(c, table, with, &rows)).await,
            Line::Postgres(tx) => tx.insert(table, with, rows).await,
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

/// What a statement did for one set of values.
enum Answer {
    /// How many rows it changed.
    Count(u64),
    /// What it answered for each.
    Rows(Vec<Row>),
}

impl Answer {
    fn count(&self) -> u64 {
        match self {
            Self::Count(count) => *count,
            Self::Rows(rows) => u64::try_from(rows.len()).unwrap_or(u64::MAX),
        }
    }

    fn rows(self) -> Vec<Row> {
        match self {
            Self::Count(_) => Vec::new(),
            Self::Rows(rows) => rows,
        }
    }
}

/// The one place where rows get their seals.
impl JournalTx {
    async fn change(&self, text: String, sets: Vec<Vec<Value>>) -> Result<Vec<u64>> {
        let answer = match &self.line {
            Line::Sqlite(tx) => tx.run(move |c| sqlite::execute_each(c, &text, &sets)).await,
            Line::Postgres(tx) => tx.execute_each(&text, sets).await,
        };
        self.watch(answer)
    }

    async fn answers(&self, text: String, sets: Vec<Vec<Value>>) -> Result<Vec<Vec<Row>>> {
        let answer = match &self.line {
            Line::Sqlite(tx) => tx.run(move |c| sqlite::rows_each(c, &text, &sets)).await,
            Line::Postgres(tx) => tx.rows_each(&text, sets).await,
        };
        self.watch(answer)
    }

    async fn write_sealed(
        &self,
        seals: &Seals,
        write: Write<'_>,
        mut sets: Vec<Vec<Value>>,
    ) -> Result<Vec<Answer>> {
        let table = write.table;
        let mut moved = Moved::default();
        let mut all = Vec::with_capacity(sets.len());
        match write.way {
            Way::Known(text, sources) => {
                let mut given = Vec::with_capacity(sets.len());
                for set in &mut sets {
                    let seal = seals.seal_known(table, &sources, set);
                    given.push(seal.clone());
                    set.push(seal.into());
                }
                for (count, seal) in self.change(text, sets).await?.into_iter().zip(given) {
                    if count > 0 {
                        seals.count_known(&mut moved, &seal);
                    }
                    all.push(Answer::Count(count));
                }
            }
            Way::Asked(text, verb) => {
                while !sets.is_empty() {
                    let rest = sets.split_off(sets.len().min(SEALED_AT_ONCE));
                    let some = std::mem::replace(&mut sets, rest);
                    let answers = self.answers(text.clone(), some).await?;
                    let sealed = self.seal_answers(seals, table, verb, answers, &mut moved);
                    all.extend(sealed.await?.into_iter().map(Answer::Rows));
                }
            }
        }
        self.add_moved(table.name(), moved);
        Ok(all)
    }

    /// Seals the rows a statement has answered, and leaves of them what it was asked for.
    async fn seal_answers(
        &self,
        seals: &Seals,
        table: &Sealed,
        verb: Verb,
        answers: Vec<Vec<Row>>,
        moved: &mut Moved,
    ) -> Result<Vec<Vec<Row>>> {
        let mut left = Vec::with_capacity(answers.len());
        let full = {
            let mut waiting = self.waiting();
            let waiting = waiting.entry(table.name().to_owned()).or_default();
            for rows in answers {
                let mut own = Vec::with_capacity(rows.len());
                for row in rows {
                    own.push(self.watch(seals.take_answer(table, verb, row, moved, waiting))?);
                }
                left.push(own);
            }
            waiting.len() >= WAITING_AT_ONCE
        };
        if full {
            self.write_waiting().await?;
        }
        Ok(left)
    }

    /// Writes the seals that wait into their rows.
    async fn write_waiting(&self) -> Result<()> {
        let waiting = std::mem::take(&mut *self.waiting());
        let seals = Arc::clone(&self.seals);
        for (table, rows) in waiting {
            let sets = rows.into_iter().map(|(key, seal)| {
                let mut set = vec![Value::Bytes(seal)];
                set.extend(key);
                set
            });
            if let Some(text) = seals.set_text(&table) {
                self.set_seals(text, sets.collect()).await?;
            }
        }
        Ok(())
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes seals into their rows; each must be there.
    pub(crate) async fn set_seals(&self, text: String, sets: Vec<Vec<Value>>) -> Result<()> {
        if sets.is_empty() {
            return Ok(());
        }
        let changed = self.change(text, sets).await?;
        if changed.iter().all(|count| *count == 1) {
            return Ok(());
        }
        self.watch(Err(StoreError::WriteBroken))
    }

    /// From here on rows of these tables are sealed.
    pub(crate) fn protect(&mut self, seals: Arc<Seals>) {
        self.seals = seals;
    }

    fn moved(&self) -> MutexGuard<'_, BTreeMap<String, Moved>> {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add_moved(&self, table: &str, more: Moved) {
        if more.is_nothing() {
            return;
        }
        let mut moved = self.moved();
        moved.entry(table.to_owned()).or_default().join(more);
    }

    /// A table that was sealed anew.
    pub(crate) fn set_moved(&self, table: &str, all: Moved) {
        self.moved().insert(table.to_owned(), all);
    }

    /// Writes the last seals and moves the sums of the tables on, with the head of the chain held; the digest over all sums, where
    /// this write touched any.
    pub(crate) async fn settle(&self, seq: i64) -> Result<Option<Vec<u8>>> {
        self.write_waiting().await?;
        let moved = std::mem::take(&mut *self.moved());
        self.seals.settle(self, moved, seq).await
    }

    /// What the last entry of this write carries of the tables.
    pub(crate) fn state(&self, entry: &[u8], tables: &[u8]) -> Vec<u8> {
        self.seals.state(entry, tables)
    }
}

impl Asks for JournalTx {
    async fn ask(&self, text: String, values: Vec<Value>) -> Result<Vec<Row>> {
        let mut answers = self.answers(text, vec![values]).await?;
        Ok(answers.pop().unwrap_or_default())
    }
}

impl Reads for JournalTx {
    async fn rows(&self, sql: Sql, values: Vec<Value>) -> Result<Vec<Row>> {
        let mut answers = self.rows_each(sql, vec![values]).await?;
        Ok(answers.pop().unwrap_or_default())
    }

    async fn rows_each(&self, sql: Sql, sets: Vec<Vec<Value>>) -> Result<Vec<Vec<Row>>> {
        let seals = Arc::clone(&self.seals);
        match seals.of(sql.0) {
            None => self.answers(sql.0.to_owned(), sets).await,
            Some(write) => {
                let answers = self.write_sealed(&seals, write, sets).await?;
                Ok(answers.into_iter().map(Answer::rows).collect())
            }
        }
    }

    fn key_ring(&self) -> KeyRing {
        self.keys.clone()
    }
}
