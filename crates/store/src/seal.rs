//! 印记: what finds a row that was changed, added, removed or put back behind the program.
//!
//! Every row of a protected table carries a seal: a keyed digest over the table, its key and each column
//! that is not null, by name, so that a column added later and still empty changes no seal. Every table has
//! a sum of its seals, moved on by the write that changes it; the digest over all sums stands, bound with
//! the key, in the entry of the chain that ends the write. So the contents are what the chain says at its
//! head, or [`check`] says which row or table is not.
//!
//! Nobody calls this to write: [`crate::JournalTx`] sends every statement through [`Seals::of`], which
//! knows the tables from the database itself. A new table is protected by being made.

mod check;
mod start;
mod statement;

pub(crate) use check::STATEMENTS as CHECK_STATEMENTS;
pub use check::{Broken, Finding, NOTED, Place, Verdict, check};
pub(crate) use start::{Changes, bring_up_to_date, is_sealed};
pub(crate) use statement::{Verb, Way, Write};

use crate::digest::Keyed;
use crate::error::{Result, StoreError};
use crate::keys::{Keys, random};
use crate::schema::Backend;
use crate::sql::{Sql, statements};
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value};
use std::collections::BTreeMap;
use std::future::Future;

/// Bytes of a seal in its row.
const SEAL: usize = 16;
const NONCE: usize = 16;
/// Rows read at a time when a whole table is looked at.
const PAGE: i64 = 5_000;
const SUM: usize = 32;

/// Tables without seals, and what finds a change of them instead.
pub const UNSEALED: [(&str, &str); 6] = [
    (
        "schema_version",
        "every version is compared with the program's own at each start",
    ),
    (
        "audit",
        "each entry carries its own digest and that of the one before",
    ),
    (
        "audit_payload",
        "its entry carries a commitment to it; it may be destroyed",
    ),
    ("audit_head", "compared with the last entry"),
    (
        "seal_head",
        "its digest stands in the last entry, made with the key",
    ),
    (
        "counter",
        "a number given out again is refused by the key of its table",
    ),
];

statements! {
    HEADS = "select table_name, rows, sum, seq from seal_head order by table_name";
    SET_HEAD = "insert into seal_head (table_name, rows, sum, seq) values ($1, $2, $3, $4)
        on conflict (table_name) do update set rows = excluded.rows, sum = excluded.sum,
            seq = excluded.seq";
}

const COLUMNS_SQLITE: Sql = Sql("select m.name, c.name, c.pk,
        c.\"notnull\" <> 0 or c.dflt_value is not null
    from sqlite_schema m join pragma_table_info(m.name) c
    where m.type = 'table' and m.name not like 'sqlite%' order by m.name, c.cid");
const COLUMNS_POSTGRES: Sql = Sql("select c.relname::text, a.attname::text,
        coalesce((select k.place from unnest(i.indkey::int2[]) with ordinality k (num, place)
            where k.num = a.attnum), 0)::bigint,
        (a.attnotnull or a.atthasdef)::int::bigint
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_index i on i.indrelid = c.oid and i.indisprimary
    where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace
    order by c.relname collate \"C\", a.attnum");

/// One column of a protected table.
#[derive(Clone, Debug)]
struct Column {
    name: String,
    /// It may not be left out of a row that is sealed before it is written.
    needed: bool,
}

/// One protected table.
#[derive(Clone, Debug)]
pub(crate) struct Sealed {
    name: String,
    /// Without `seal`, by name.
    columns: Vec<Column>,
    /// Places of the key within `columns`, in the order of the key.
    key: Vec<usize>,
}

/// The protected tables, and the keys of their seals.
pub(crate) struct Seals {
    tables: BTreeMap<String, Sealed>,
    /// Tables that should carry seals and have no column for them.
    bare: Vec<String>,
    row: Keyed,
    add: Keyed,
    hide: Keyed,
    all: Keyed,
    state: Keyed,
}

/// Where a page of rows begins.
#[derive(Clone, Copy, Debug)]
enum From {
    Start,
    Behind,
}

/// A sum of seals, modulo 2^256.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    high: u128,
    low: u128,
}

/// What a write has done to one table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    /// The table was sealed anew: what the sum was before does not count.
    afresh: bool,
    rows: i64,
    sum: Sum,
}

/// What stands in `seal_head` for one table.
#[derive(Clone, Debug)]
struct Head {
    rows: i64,
    sum: Sum,
    seq: i64,
}

impl Sum {
    fn of(bytes: [u8; SUM]) -> Self {
        let (high, low) = bytes.split_at(16);
        let number = |half: &[u8]| half.try_into().map_or(0, u128::from_be_bytes);
        Self {
            high: number(high),
            low: number(low),
        }
    }

    fn bytes(self) -> [u8; SUM] {
        let mut bytes = [0; SUM];
        let both = self
            .high
            .to_be_bytes()
            .into_iter()
            .chain(self.low.to_be_bytes());
        bytes
            .iter_mut()
            .zip(both)
            .for_each(|(place, byte)| *place = byte);
        bytes
    }

    fn plus(self, other: Self) -> Self {
        let (low, carry) = self.low.overflowing_add(other.low);
        Self {
            high: self
                .high
                .wrapping_add(other.high)
                .wrapping_add(u128::from(carry)),
            low,
        }
    }

    fn minus(self, other: Self) -> Self {
        let (low, borrow) = self.low.overflowing_sub(other.low);
        Self {
            high: self
                .high
                .wrapping_sub(other.high)
                .wrapping_sub(u128::from(borrow)),
            low,
        }
    }
}

impl Moved {
    fn add(&mut self, sum: Sum) {
        self.rows = self.rows.saturating_add(1);
        self.sum = self.sum.plus(sum);
    }

    fn remove(&mut self, sum: Sum) {
        self.rows = self.rows.saturating_sub(1);
        self.sum = self.sum.minus(sum);
    }

    /// Nothing was written, or what was written is as it was.
    pub(crate) fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// A table that begins anew, with nothing in it.
    fn nothing_afresh() -> Self {
        Self {
            afresh: true,
            ..Self::default()
        }
    }

    /// What the same write did later to the same table.
    pub(crate) fn join(&mut self, more: Self) {
        self.rows = self.rows.saturating_add(more.rows);
        self.sum = self.sum.plus(more.sum);
    }
}

impl Sealed {
    /// The names of the columns as a statement lists them, `seal` last.
    fn list(&self) -> String {
        let mut names: String = self
            .columns
            .iter()
            .map(|c| quoted(&c.name) + ", ")
            .collect();
        names.push_str("seal");
        names
    }

    fn key_names(&self) -> Vec<&str> {
        let column = |place: &usize| self.columns.get(*place).map(|c| c.name.as_str());
        self.key.iter().filter_map(column).collect()
    }

    fn key_of(&self, values: &[Value]) -> Vec<Value> {
        self.key
            .iter()
            .filter_map(|place| values.get(*place).cloned())
            .collect()
    }

    /// Writes a seal into its row: `$1` the seal, then the key.
    fn set(&self) -> String {
        let names = self.key_names();
        let key: Vec<String> = (2..)
            .zip(&names)
            .map(|(place, name)| format!("{} = ${place}", quoted(name)))
            .collect();
        format!(
            "update {} set seal = $1 where {}",
            self.name,
            key.join(" and ")
        )
    }

    /// The first rows, or the rows behind a key, in its order.
    fn page(&self, from: From, rows: i64) -> String {
        let names: Vec<String> = self.key_names().iter().map(|name| quoted(name)).collect();
        let key = names.join(", ");
        let places: Vec<String> = (1..=names.len()).map(|n| format!("${n}")).collect();
        let behind = match from {
            From::Start => String::new(),
            From::Behind if names.len() == 1 => format!("where {key} > $1"),
            From::Behind => format!("where ({key}) > ({})", places.join(", ")),
        };
        let (list, table) = (self.list(), &self.name);
        format!("select {list} from {table} {behind} order by {key} limit {rows}")
    }
}

impl Seals {
    /// No table is protected: before the tables are known.
    pub(crate) fn none() -> Self {
        Self::with(&Keys::none(), BTreeMap::new(), Vec::new())
    }

    fn with(keys: &Keys, tables: BTreeMap<String, Sealed>, bare: Vec<String>) -> Self {
        let key = |usage| keys.token_key("seal", usage);
        Self {
            tables,
            bare,
            row: key("row"),
            add: key("add"),
            hide: key("hide"),
            all: key("all"),
            state: key("state"),
        }
    }

    /// Learns the tables from the database.
    pub(crate) async fn read(on: &impl Reads, backend: Backend) -> Result<Self> {
        let question = match backend {
            Backend::Sqlite => COLUMNS_SQLITE,
            Backend::Postgres => COLUMNS_POSTGRES,
        };
        let mut found: BTreeMap<String, Vec<(String, i64, bool)>> = BTreeMap::new();
        for row in &on.rows(question, vec![]).await? {
            let column = (row.text(1)?, row.int(2)?, row.int(3)? != 0);
            found.entry(row.text(0)?).or_default().push(column);
        }
        let (mut tables, mut bare) = (BTreeMap::new(), Vec::new());
        for (name, mut columns) in found {
            if UNSEALED.iter().any(|(unsealed, _)| *unsealed == name) {
                continue;
            }
            let all = columns.len();
            columns.retain(|(column, ..)| column != "seal");
            if columns.len() == all {
                bare.push(name);
                continue;
            }
            columns.sort();
            let mut key: Vec<(i64, usize)> = columns
                .iter()
                .enumerate()
                .filter(|(_, (_, place, _))| *place > 0)
                .map(|(at, (_, place, _))| (*place, at))
                .collect();
            key.sort_unstable();
            let sealed = Sealed {
                name: name.clone(),
                columns: columns
                    .into_iter()
                    .map(|(name, _, needed)| Column { name, needed })
                    .collect(),
                key: key.into_iter().map(|(_, at)| at).collect(),
            };
            tables.insert(name, sealed);
        }
        Ok(Self::with(&on.key_ring().0, tables, bare))
    }

    /// The seal of a row, its values in the order of the table's columns.
    fn seal<'a>(&self, table: &Sealed, values: impl IntoIterator<Item = &'a Value>) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(256);
        part(&mut bytes, b's', table.name.as_bytes());
        for (column, value) in table.columns.iter().zip(values) {
            if *value == Value::Null {
                continue;
            }
            part(&mut bytes, b'c', column.name.as_bytes());
            match value {
                Value::Null => {}
                Value::Int(value) => part(&mut bytes, b'i', &value.to_be_bytes()),
                Value::Text(value) => part(&mut bytes, b't', value.as_bytes()),
                Value::Bytes(value) => part(&mut bytes, b'b', value),
            }
        }
        let digest = self.row.digest(&[&bytes]);
        digest.into_iter().take(SEAL).collect()
    }

    /// What a seal adds to the sum of its table: nobody without the key can compute it.
    fn share(&self, seal: &[u8]) -> Sum {
        Sum::of(self.add.digest(&[seal]))
    }

    fn mask(&self, table: &str, nonce: &[u8]) -> [u8; SUM] {
        self.hide.digest(&[table.as_bytes(), nonce])
    }

    /// A sum as it is kept: whoever sees two of them learns nothing of the rows between.
    fn hidden(&self, table: &str, sum: Sum) -> Result<Vec<u8>> {
        let nonce: Vec<u8> = random()?.into_iter().take(NONCE).collect();
        let mask = self.mask(table, &nonce);
        let body = sum.bytes().into_iter().zip(mask).map(|(a, b)| a ^ b);
        Ok(nonce.iter().copied().chain(body).collect())
    }

    fn shown(&self, table: &str, kept: &[u8]) -> Option<Sum> {
        let (nonce, body) = kept.split_at_checked(NONCE)?;
        let body: [u8; SUM] = body.try_into().ok()?;
        let mut plain = self.mask(table, nonce);
        plain.iter_mut().zip(body).for_each(|(a, b)| *a ^= b);
        Some(Sum::of(plain))
    }

    /// The digest over all heads.
    fn digest_of(&self, heads: &BTreeMap<String, Head>) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(heads.len().saturating_mul(96));
        for (table, head) in heads {
            part(&mut bytes, b's', table.as_bytes());
            part(&mut bytes, b'n', &head.rows.to_be_bytes());
            part(&mut bytes, b'q', &head.seq.to_be_bytes());
            part(&mut bytes, b'h', &head.sum.bytes());
        }
        self.all.digest(&[&bytes]).to_vec()
    }

    /// What the last entry of a write carries: the tables as they are then, bound to its place.
    pub(crate) fn state(&self, entry: &[u8], tables: &[u8]) -> Vec<u8> {
        self.state.digest(&[entry, tables]).to_vec()
    }

    fn heads(&self, rows: &[Row]) -> Result<BTreeMap<String, Head>> {
        let mut heads = BTreeMap::new();
        for row in rows {
            let table = row.text(0)?;
            let sum = self.shown(&table, &row.bytes(2)?);
            // A sum that cannot be read counts as nothing, and agrees with nothing.
            let head = Head {
                rows: row.int(1)?,
                sum: sum.unwrap_or_default(),
                seq: row.int(3)?,
            };
            heads.insert(table, head);
        }
        Ok(heads)
    }

    /// Moves the sums of the tables a write has touched, and answers the digest over all; none when it
    /// touched none. Called with the chain's head held, so that writes follow each other.
    pub(crate) async fn settle(
        &self,
        tx: &JournalTx,
        moved: BTreeMap<String, Moved>,
        seq: i64,
    ) -> Result<Option<Vec<u8>>> {
        if moved.is_empty() {
            return Ok(None);
        }
        let mut heads = self.heads(&tx.rows(HEADS, vec![]).await?)?;
        let mut sets = Vec::with_capacity(moved.len());
        for (table, moved) in moved {
            let before = heads.get(&table).filter(|_| !moved.afresh);
            let head = Head {
                rows: before
                    .map_or(0, |head| head.rows)
                    .saturating_add(moved.rows),
                sum: before
                    .map_or_else(Sum::default, |head| head.sum)
                    .plus(moved.sum),
                seq,
            };
            sets.push(vec![
                (&table).into(),
                head.rows.max(0).into(),
                self.hidden(&table, head.sum)?.into(),
                seq.into(),
            ]);
            heads.insert(table, head);
        }
        tx.execute_each(SET_HEAD, sets).await?;
        Ok(Some(self.digest_of(&heads)))
    }
}

/// Whatever answers a text made from the tables' own names.
pub(crate) trait Asks: Sync {
    /// The rows it answers.
    fn ask(
        &self,
        text: String,
        values: Vec<Value>,
    ) -> impl Future<Output = Result<Vec<Row>>> + Send;
}

/// Shows every row of a table, in the order of its key, with its seal where it has one.
async fn walk(
    on: &impl Asks,
    table: &Sealed,
    mut see: impl FnMut(&[Value], Option<Vec<u8>>) + Send,
) -> Result<()> {
    let (mut from, mut key) = (From::Start, Vec::new());
    loop {
        let rows = on.ask(table.page(from, PAGE), key).await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        let whole = rows.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
        key = table.key_of(&last.0);
        from = From::Behind;
        for row in rows {
            let (values, seal) = opened(row)?;
            see(&values, seal);
        }
        if !whole {
            return Ok(());
        }
    }
}

fn part(bytes: &mut Vec<u8>, kind: u8, content: &[u8]) {
    bytes.push(kind);
    bytes.extend_from_slice(
        &u64::try_from(content.len())
            .unwrap_or(u64::MAX)
            .to_be_bytes(),
    );
    bytes.extend_from_slice(content);
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// A row of a protected table: its columns, and its seal where it has one.
fn opened(row: Row) -> Result<(Vec<Value>, Option<Vec<u8>>)> {
    let mut values = row.0;
    match values.pop() {
        Some(Value::Bytes(seal)) => Ok((values, Some(seal))),
        Some(Value::Null) => Ok((values, None)),
        Some(_) | None => Err(StoreError::BadValue {
            what: "印记".to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::Sum;

    #[test]
    fn a_sum_carries_and_borrows_over_all_its_bytes() {
        let (one, most) = (
            Sum { high: 0, low: 1 },
            Sum {
                high: 0,
                low: u128::MAX,
            },
        );
        assert_eq!(most.plus(one), Sum { high: 1, low: 0 });
        assert_eq!(Sum { high: 1, low: 0 }.minus(one), most);
        let all = Sum {
            high: u128::MAX,
            low: u128::MAX,
        };
        assert_eq!(all.plus(one), Sum::default());
        assert_eq!(Sum::of(all.minus(one).bytes()), all.minus(one));
    }
}
