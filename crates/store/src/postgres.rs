//! The record in PostgreSQL: a pool of connections, `copy` for bulk rows, pipelines for loops.
//!
//! Writes run at read committed: every rule that must hold is a constraint, and the head of the
//! audit chain, locked at commit, puts the writes in one order.

use crate::audit::{self, Mark};
use crate::error::{Result, StoreError};
use crate::sql::{Kind, Table, With};
use crate::value::{Row, Value};
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use futures::future::try_join_all;
use std::pin::pin;
use std::time::Duration;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, private::BytesMut, to_sql_checked};
use tokio_postgres::{NoTls, RowStream, Statement};

/// Statements on their way at once; more only fill the buffers.
const PIPELINE: usize = 512;
/// How often somebody asks what became of a commit whose answer was lost, and how long it waits between.
const ASKED_AGAIN_MAX: u32 = 5;
const BETWEEN_QUESTIONS: Duration = Duration::from_millis(400);
const ONCE_IT_HAS_ENDED: &str = "begin; select seq from audit_head where head = 1 for update";
const LIMITS: &str = "-c lock_timeout=15s -c idle_in_transaction_session_timeout=600s \
                      -c statement_timeout=1800s -c client_min_messages=warning";

type Unfit = Box<dyn std::error::Error + Sync + Send>;

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, Unfit> {
        match (self, ty) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Int(value), &Type::INT4) => i32::try_from(*value)?.to_sql(ty, out),
            (Self::Int(value), &Type::INT8) => value.to_sql(ty, out),
            (Self::Text(value), &Type::TEXT | &Type::VARCHAR) => value.to_sql(ty, out),
            (Self::Bytes(value), &Type::BYTEA) => value.to_sql(ty, out),
            _ => Err(format!("a value does not fit a place of type {ty}").into()),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> std::result::Result<Self, Unfit> {
        match *ty {
            Type::INT4 => Ok(Self::Int(i64::from(i32::from_sql(ty, raw)?))),
            Type::INT8 => Ok(Self::Int(i64::from_sql(ty, raw)?)),
            Type::TEXT | Type::VARCHAR => Ok(Self::Text(String::from_sql(ty, raw)?)),
            Type::BYTEA => Ok(Self::Bytes(Vec::from_sql(ty, raw)?)),
            _ => Err(format!("a column of type {ty} has no place in the record").into()),
        }
    }

    fn from_sql_null(_: &Type) -> std::result::Result<Self, Unfit> {
        Ok(Self::Null)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(
            *ty,
            Type::INT4 | Type::INT8 | Type::TEXT | Type::VARCHAR | Type::BYTEA
        )
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(cause) = error.as_db_error() else {
            let reason = error.to_string();
            let cause = std::error::Error::source(&error);
            let line = cause.is_some_and(|cause| cause.is::<std::io::Error>());
            return if line || error.is_closed() {
                Self::Unreachable { reason }
            } else {
                Self::Database { reason }
            };
        };
        // The detail of a constraint error quotes the row; only its name may be shown.
        let code = cause.code();
        let rule = || {
            cause
                .constraint()
                .unwrap_or_else(|| cause.message())
                .to_owned()
        };
        match *code {
            SqlState::T_R_SERIALIZATION_FAILURE
            | SqlState::T_R_DEADLOCK_DETECTED
            | SqlState::LOCK_NOT_AVAILABLE => Self::Busy,
            SqlState::DISK_FULL => Self::StorageFull,
            SqlState::IO_ERROR => Self::NotWritable,
            SqlState::RAISE_EXCEPTION => Self::Refused {
                rule: cause.message().to_owned(),
            },
            _ if code.code().starts_with("23") => Self::Refused { rule: rule() },
            _ if code.code().starts_with("57P") => Self::Unreachable {
                reason: cause.message().to_owned(),
            },
            _ => Self::Database {
                reason: cause.message().to_owned(),
            },
        }
    }
}

impl From<deadpool_postgres::PoolError> for StoreError {
    fn from(error: deadpool_postgres::PoolError) -> Self {
        match error {
            deadpool_postgres::PoolError::Backend(error) if error.as_db_error().is_some() => {
                Self::from(error)
            }
            other => Self::Unreachable {
                reason: other.to_string(),
            },
        }
    }
}

/// An open PostgreSQL record.
pub(crate) struct Postgres {
    pool: Pool,
}

/// One write in progress; dropping it closes its connection, and the server takes all back.
pub(crate) struct PostgresTx {
    client: Option<Object>,
    /// To ask again when the line breaks in the moment of the commit.
    pool: Pool,
}

impl Postgres {
    /// Connects to the server named by a `postgres://` address.
    pub(crate) async fn open(address: &str) -> Result<Self> {
        let mut config: tokio_postgres::Config =
            address
                .parse()
                .map_err(|e: tokio_postgres::Error| StoreError::BadAddress {
                    reason: e.to_string(),
                })?;
        let options = config
            .get_options()
            .map_or_else(|| LIMITS.to_owned(), |given| format!("{LIMITS} {given}"));
        config.options(&options).application_name("doudi");
        let manager = Manager::from_config(
            config,
            NoTls,
            ManagerConfig {
                recycling_method: RecyclingMethod::Fast,
            },
        );
        let pool = Pool::builder(manager)
            .max_size(16)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(Duration::from_secs(15)))
            .create_timeout(Some(Duration::from_secs(5)))
            .build()
            .map_err(|e| StoreError::BadAddress {
                reason: e.to_string(),
            })?;
        drop(pool.get().await?);
        Ok(Self { pool })
    }

    /// Begins a write.
    pub(crate) async fn begin(&self) -> Result<PostgresTx> {
        PostgresTx::begin(&self.pool, "begin").await
    }

    /// One moment of the record, to be read for as long as it takes.
    pub(crate) async fn snapshot(&self) -> Result<PostgresTx> {
        PostgresTx::begin(
            &self.pool,
            "begin isolation level repeatable read read only",
        )
        .await
    }

    /// The rows a statement answers, outside any write.
    pub(crate) async fn rows(&self, text: &str, values: Vec<Value>) -> Result<Vec<Row>> {
        let client = self.pool.get().await?;
        rows(&client, text, values).await
    }

    /// The rows a statement answers for each set of values, outside any write.
    pub(crate) async fn rows_each(
        &self,
        text: &str,
        sets: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Row>>> {
        let client = self.pool.get().await?;
        rows_each(&client, text, sets).await
    }

    /// What the server says of its files: without checksums it cannot find silent damage.
    pub(crate) async fn examine(&self) -> Result<Vec<String>> {
        let said = self
            .rows("select current_setting('data_checksums')", vec![])
            .await?;
        let on = said
            .first()
            .map_or(Ok(false), |row| row.text(0).map(|word| word == "on"))?;
        let warning = "PostgreSQL 未开启数据校验(data_checksums),磁盘静默损坏将无法发现";
        Ok(if on {
            Vec::new()
        } else {
            vec![warning.to_owned()]
        })
    }

    /// Checks that a statement can be prepared.
    pub(crate) async fn prepare(&self, text: &str) -> Result<()> {
        self.pool.get().await?.prepare(text).await?;
        Ok(())
    }

    /// Lets the connections go.
    pub(crate) fn close(&self) {
        self.pool.close();
    }
}

impl PostgresTx {
    async fn begin(pool: &Pool, text: &str) -> Result<Self> {
        let tx = Self {
            client: Some(pool.get().await?),
            pool: pool.clone(),
        };
        tx.client()?.batch_execute(text).await?;
        Ok(tx)
    }

    fn client(&self) -> Result<&Object> {
        self.client.as_ref().ok_or(StoreError::Closed)
    }

    pub(crate) async fn rows(&self, text: &str, values: Vec<Value>) -> Result<Vec<Row>> {
        rows(self.client()?, text, values).await
    }

    pub(crate) async fn rows_each(
        &self,
        text: &str,
        sets: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Row>>> {
        rows_each(self.client()?, text, sets).await
    }

    /// How many rows a statement changed for each set of values.
    pub(crate) async fn execute_each(&self, text: &str, sets: Vec<Vec<Value>>) -> Result<Vec<u64>> {
        let client = self.client()?;
        let statement = client.prepare_cached(text).await?;
        let mut changed = Vec::with_capacity(sets.len());
        for some in sets.chunks(PIPELINE) {
            let answers = some
                .iter()
                .map(|values| client.execute_raw(&statement, values));
            changed.extend(try_join_all(answers).await?);
        }
        Ok(changed)
    }

    /// Adds rows as one stream.
    pub(crate) async fn insert(
        &self,
        table: Table,
        with: With,
        rows: Vec<Vec<Value>>,
    ) -> Result<()> {
        let mut types: Vec<Type> = table
            .columns
            .iter()
            .map(|(_, kind)| match kind {
                Kind::Int => Type::INT8,
                Kind::Text => Type::TEXT,
                Kind::Bytes => Type::BYTEA,
            })
            .collect();
        types.extend((with == With::Seal).then_some(Type::BYTEA));
        let sink = self.client()?.copy_in(&table.copy(with)).await?;
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
        for row in rows {
            writer.as_mut().write_raw(row).await?;
        }
        writer.as_mut().finish().await?;
        Ok(())
    }

    /// Runs several statements without values.
    pub(crate) async fn batch(&self, text: &str) -> Result<()> {
        Ok(self.client()?.batch_execute(text).await?)
    }

    /// Makes the write durable. `last` is the entry of the chain that stands only if all of it does.
    ///
    /// When the line breaks or the server stops before the answer comes, whether the write stands is looked up by that entry:
    /// it is neither done again nor told as failed while it stands.
    pub(crate) async fn commit(mut self, last: &Mark) -> Result<()> {
        let answer = self.client()?.batch_execute("commit").await;
        match answer.map_err(StoreError::from) {
            Ok(()) => {
                // Only now may the connection serve others; an error drops it with the transaction.
                drop(self.client.take());
                Ok(())
            }
            // A server that fails at its own storage stops by itself, and may have written the commit before.
            Err(
                said @ (StoreError::Unreachable { .. }
                | StoreError::StorageFull
                | StoreError::NotWritable),
            ) => {
                let pool = self.pool.clone();
                drop(self);
                match stands(&pool, last).await {
                    Ok(true) => Ok(()),
                    Ok(false) => Err(said),
                    Err(_) => Err(StoreError::OutcomeUnknown {
                        reason: said.to_string(),
                    }),
                }
            }
            Err(other) => Err(other),
        }
    }
}

impl Drop for PostgresTx {
    fn drop(&mut self) {
        if let Some(client) = self.client.take() {
            drop(Object::take(client));
        }
    }
}

/// Whether an entry of the chain stands, asked on a new line.
async fn stands(pool: &Pool, mark: &Mark) -> Result<bool> {
    let mut asked = Err(StoreError::Closed);
    for _ in 0..ASKED_AGAIN_MAX {
        asked = found(pool, mark).await;
        if !matches!(asked, Err(StoreError::Unreachable { .. })) {
            break;
        }
        tokio::time::sleep(BETWEEN_QUESTIONS).await;
    }
    asked
}

async fn found(pool: &Pool, mark: &Mark) -> Result<bool> {
    // The server may not have noticed that the old line is gone: whoever gets the head of the chain knows
    // that the write which held it has ended, one way or the other. Dropped, this one takes nothing along.
    let look = PostgresTx::begin(pool, ONCE_IT_HAS_ENDED).await?;
    let rows = look
        .rows(audit::FIND_DIGEST.0, vec![mark.seq.into()])
        .await?;
    let digest = rows.first().map(|row| row.bytes(0)).transpose()?;
    Ok(digest.as_ref() == Some(&mark.digest))
}

async fn rows(client: &Object, text: &str, values: Vec<Value>) -> Result<Vec<Row>> {
    let statement = client.prepare_cached(text).await?;
    answer(client, &statement, &values).await
}

async fn rows_each(client: &Object, text: &str, sets: Vec<Vec<Value>>) -> Result<Vec<Vec<Row>>> {
    let statement = client.prepare_cached(text).await?;
    let mut all = Vec::with_capacity(sets.len());
    for some in sets.chunks(PIPELINE) {
        let answers = some.iter().map(|values| answer(client, &statement, values));
        all.extend(try_join_all(answers).await?);
    }
    Ok(all)
}

async fn answer(client: &Object, statement: &Statement, values: &[Value]) -> Result<Vec<Row>> {
    let stream: RowStream = client.query_raw(statement, values).await?;
    let rows: Vec<tokio_postgres::Row> = futures::TryStreamExt::try_collect(stream).await?;
    rows.iter()
        .map(|row| {
            let cells: std::result::Result<Vec<Value>, _> =
                (0..row.len()).map(|i| row.try_get::<_, Value>(i)).collect();
            Ok(Row(cells?))
        })
        .collect()
}
