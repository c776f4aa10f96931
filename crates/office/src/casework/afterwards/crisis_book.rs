//! 受益名单 as a workbook: nobody named.

use super::super::Done;
use super::benefited;
use crate::access::Acting;
use crate::exports::{self, Leaving};
use crate::office::Office;
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

/// The list of a channel as a workbook: its name and bytes.
///
/// # Errors
/// As [`benefited`]; another person has to agree first, or it cannot be written.
pub async fn workbook(office: &Office, who: &Acting, no: i64) -> Done<(String, Vec<u8>)> {
    let (_, rows) = benefited(office, who, no).await?;
    let leaving = Leaving {
        kind: "crisis",
        subject: no.to_string(),
        words: format!("第 {no} 次"),
        rows: rows.len(),
    };
    let mark = exports::leave(office, who, leaving).await?;
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
    let name = mark.named(&format!("紧急通道{no}-受益名单"), "xlsx");
    let bytes = text_sheet::workbook("受益名单", HEADER, cells.collect(), mark).await?;
    Ok((name, bytes))
}
