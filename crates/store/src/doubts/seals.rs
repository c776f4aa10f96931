//! What a doubtful row says, under seal: sealed on its way in, opened to compare or to take somebody
//! into the record, and sealed anew when keys are changed.

use super::Side;
use crate::error::{Result, StoreError};
use crate::keys::ColumnSeal;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::Value;

statements! {
    OLD_SEALS = "select row_id, name, number from doubt_row where key_id < $1 order by row_id limit $2";
    SEAL = "update doubt_row set key_id = $1, name = $2, number = $3 where row_id = $4";
    LEFT_SEALS = "select count(*) from doubt_row where key_id < $1";
}

/// The seals of the two columns.
pub(super) struct Seals {
    name: ColumnSeal,
    number: ColumnSeal,
}

impl Seals {
    pub(super) fn of(on: &impl Reads) -> Self {
        let ring = on.key_ring();
        Self {
            name: ring.0.column("doubt_row", "name"),
            number: ring.0.column("doubt_row", "number"),
        }
    }

    pub(super) fn seal(&self, id: i64, side: &Side) -> Result<[Value; 2]> {
        let one = |seal: &ColumnSeal, value: &Option<String>| match value {
            Some(value) => Ok::<Value, StoreError>(seal.seal(id, value.as_bytes())?.into()),
            None => Ok(Value::Null),
        };
        Ok([
            one(&self.name, &side.name)?,
            one(&self.number, &side.number)?,
        ])
    }

    pub(super) fn open(
        &self,
        id: i64,
        name: Option<Vec<u8>>,
        number: Option<Vec<u8>>,
    ) -> Result<Side> {
        let one = |seal: &ColumnSeal, value: Option<Vec<u8>>| {
            value.map(|value| seal.open_text(id, &value)).transpose()
        };
        Ok(Side {
            name: one(&self.name, name)?,
            number: one(&self.number, number)?,
            birth: None,
        })
    }
}

/// Seals up to `limit` rows under older keys anew; answers how many.
pub(crate) async fn seal_anew(tx: &JournalTx, newest: i64, old: Vec<Value>) -> Result<u64> {
    let seals = Seals::of(tx);
    let mut sets = Vec::new();
    for row in tx.rows(OLD_SEALS, old).await? {
        let id = row.int(0)?;
        let side = seals.open(id, row.bytes_opt(1)?, row.bytes_opt(2)?)?;
        let mut values: Vec<Value> = vec![newest.into()];
        values.extend(seals.seal(id, &side)?);
        values.push(id.into());
        sets.push(values);
    }
    Ok(tx.execute_each(SEAL, sets).await?.iter().sum())
}
