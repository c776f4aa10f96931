//! 中位数: of what size the amounts of a file were, so that one in another unit is noticed.

use crate::error::Result;
use crate::sql::{Kind, Table, statements};
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, count, counted};
use domain::Fen;

statements! {
    LIST_SIZES = "select column_name, amounts, median_fen from feed_size where batch_no = $1
        order by column_name";
}

pub(super) const SIZES: Table = Table {
    name: "feed_size",
    columns: &[
        ("batch_no", Kind::Int),
        ("column_name", Kind::Text),
        ("amounts", Kind::Int),
        ("median_fen", Kind::Int),
    ],
};

/// Of what size the amounts of a column are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    /// The column by its header.
    pub column: String,
    /// How many amounts above zero there are.
    pub amounts: u64,
    /// The one in their middle, within an eighth.
    pub median: Fen,
}

/// Keeps of what size the amounts of a batch are.
pub async fn keep_sizes(tx: &mut JournalTx, batch_no: i64, sizes: &[Size]) -> Result<()> {
    let row = |size: &Size| {
        Ok(vec![
            batch_no.into(),
            size.column.as_str().into(),
            counted::<u64>(size.amounts, "笔数")?.into(),
            size.median.get().into(),
        ])
    };
    let rows = sizes.iter().map(row).collect::<Result<Vec<_>>>()?;
    tx.insert(SIZES, rows).await
}

/// Of what size the amounts of a batch were, by column; none of one taken by an older program.
pub async fn list_sizes(on: &impl Reads, batch_no: i64) -> Result<Vec<Size>> {
    let rows = on.rows(LIST_SIZES, vec![batch_no.into()]).await?;
    let of_row = |row: &Row| {
        Ok(Size {
            column: row.text(0)?,
            amounts: count(row.int(1)?),
            median: Fen::new(row.int(2)?),
        })
    };
    rows.iter().map(of_row).collect()
}
