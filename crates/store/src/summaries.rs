//! 汇总: numbers made ready for pages. Derived: replaced whole, and rebuilt from the lake.

use crate::areas::range;
use crate::error::Result;
use crate::sql::{Kind, Table, statements};
use crate::tx::{JournalTx, Reads};
use domain::{AreaCode, Month};

statements! {
    REMOVE = "delete from summary where kind = $1 and month = $2";
    LIST = "select area, name, value, detail from summary
        where kind = $1 and month = $2 and area >= $3 and area < $4 order by area, name";
    MONTHS = "select distinct month from summary where kind = $1 order by month";
}

const SUMMARIES: Table = Table {
    name: "summary",
    columns: &[
        ("kind", Kind::Text),
        ("month", Kind::Text),
        ("area", Kind::Text),
        ("name", Kind::Text),
        ("value", Kind::Int),
        ("detail", Kind::Text),
    ],
};
pub(crate) const TABLES: &[Table] = &[SUMMARIES];

/// One number for a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// Of which place.
    pub area: AreaCode,
    /// What is counted.
    pub name: String,
    /// A count, or fen.
    pub value: i64,
    /// What a page shows behind the number, usually JSON.
    pub detail: String,
}

/// Puts numbers in the place of all others of their kind and month.
pub async fn replace(
    tx: &mut JournalTx,
    kind: &str,
    month: Month,
    numbers: &[Number],
) -> Result<()> {
    let month = month.to_string();
    tx.execute(REMOVE, vec![kind.into(), month.as_str().into()])
        .await?;
    let rows = numbers.iter().map(|number| {
        vec![
            kind.into(),
            month.as_str().into(),
            number.area.full().into(),
            number.name.as_str().into(),
            number.value.into(),
            number.detail.as_str().into(),
        ]
    });
    tx.insert(SUMMARIES, rows.collect()).await
}

/// The numbers of a kind and month, for a place and all inside it.
pub async fn list(
    on: &impl Reads,
    kind: &str,
    month: Month,
    area: Option<&AreaCode>,
) -> Result<Vec<Number>> {
    let (from, below) = range(area);
    let rows = on
        .rows(
            LIST,
            vec![kind.into(), month.to_string().into(), from, below],
        )
        .await?;
    rows.iter()
        .map(|row| {
            Ok(Number {
                area: row.area(0)?,
                name: row.text(1)?,
                value: row.int(2)?,
                detail: row.text(3)?,
            })
        })
        .collect()
}

/// The months there are numbers of a kind for, oldest first.
pub async fn list_months(on: &impl Reads, kind: &str) -> Result<Vec<Month>> {
    on.rows(MONTHS, vec![kind.into()])
        .await?
        .iter()
        .map(|row| row.month(0))
        .collect()
}
