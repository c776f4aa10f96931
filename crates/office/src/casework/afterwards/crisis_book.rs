//! 受益名单 as a workbook: nobody named.

use super::super::Done;
use super::Benefited;
use crate::text_sheet;

const HEADER: [&str; 8] = [
    "办件",
    "救助项目",
    "地点",
    "收件",
    "现在",
    "补材料期限",
    "还缺的材料",
    "逾期",
];

/// The workbook of a list.
///
/// # Errors
/// It cannot be written.
pub async fn workbook(rows: Vec<Benefited>) -> Done<Vec<u8>> {
    let cells = rows.into_iter().map(|row| {
        let late = if row.late { "是" } else { "否" };
        [
            format!("№ {}", row.case),
            row.programme,
            row.place,
            row.received,
            row.state,
            row.papers_due.to_string(),
            row.lacking.join("、"),
            late.to_owned(),
        ]
    });
    text_sheet::workbook("受益名单", HEADER, cells.collect()).await
}
