//! 提醒: what was taken as it came and deserves a look. A remark changes nothing of the row.

use crate::error::Result;
use crate::sql::{Kind, Table, statements};
use crate::tx::{JournalTx, Reads};

statements! {
    LAST_REMARK = "select coalesce(max(remark_no), 0) from feed_remark where batch_no = $1";
    LIST_REMARKS = "select remark_no, row_no, column_name, code, message
        from feed_remark where batch_no = $1 and remark_no > $2 order by remark_no limit $3";
}

pub(super) const REMARKS: Table = Table {
    name: "feed_remark",
    columns: &[
        ("batch_no", Kind::Int),
        ("remark_no", Kind::Int),
        ("row_no", Kind::Int),
        ("column_name", Kind::Text),
        ("code", Kind::Text),
        ("message", Kind::Text),
    ],
};

/// 提醒: a cell or row that was taken and deserves a look. Holds no name or number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Row of the file, from 1; 0 for the whole file.
    pub row_no: u32,
    /// Column by its header, empty for the whole row.
    pub column: String,
    /// Stable code of what was noticed.
    pub code: String,
    /// What was noticed, in the department's words.
    pub message: String,
}

/// Adds what was noticed in a file, behind what was noticed before.
pub async fn remark_many(tx: &mut JournalTx, batch_no: i64, remarks: &[Remark]) -> Result<()> {
    if remarks.is_empty() {
        return Ok(());
    }
    let last = tx.rows(LAST_REMARK, vec![batch_no.into()]).await?;
    let last = last.first().map_or(Ok(0), |row| row.int(0))?;
    let rows = (last.saturating_add(1)..)
        .zip(remarks)
        .map(|(number, remark)| {
            vec![
                batch_no.into(),
                number.into(),
                remark.row_no.into(),
                remark.column.as_str().into(),
                remark.code.as_str().into(),
                remark.message.as_str().into(),
            ]
        });
    tx.insert(REMARKS, rows.collect()).await
}

/// What was noticed in a file, in order, after a number (0 for the first), with its number.
pub async fn list_remarks(
    on: &impl Reads,
    batch_no: i64,
    after: i64,
    limit: u32,
) -> Result<Vec<(i64, Remark)>> {
    let asked = vec![batch_no.into(), after.into(), limit.into()];
    let rows = on.rows(LIST_REMARKS, asked).await?;
    let of_row = |row: &crate::value::Row| {
        let remark = Remark {
            row_no: u32::try_from(row.int(1)?).unwrap_or(u32::MAX),
            column: row.text(2)?,
            code: row.text(3)?,
            message: row.text(4)?,
        };
        Ok((row.int(0)?, remark))
    };
    rows.iter().map(of_row).collect()
}
