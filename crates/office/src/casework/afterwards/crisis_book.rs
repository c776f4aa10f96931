//! 受益名单 as a workbook: every cell a text, nobody named.

use super::super::{CaseError, Done};
use super::Benefited;
use crate::views::ViewError;
use rust_xlsxwriter::{Workbook, XlsxError};

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
    let written = tokio::task::spawn_blocking(move || write(&rows)).await;
    let failed = |why: String| CaseError::from(ViewError::Failed(why));
    let written = written.map_err(|error| failed(error.to_string()))?;
    written.map_err(|error| failed(error.to_string()))
}

fn write(rows: &[Benefited]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("受益名单")?;
    for (column, text) in (0_u16..).zip(HEADER) {
        sheet.write_string(0, column, text)?;
    }
    for (at, row) in (1_u32..).zip(rows) {
        let late = if row.late { "是" } else { "否" };
        let cells = [
            format!("№ {}", row.case),
            row.programme.clone(),
            row.place.clone(),
            row.received.clone(),
            row.state.clone(),
            row.papers_due.to_string(),
            row.lacking.join("、"),
            late.to_owned(),
        ];
        for (column, text) in (0_u16..).zip(&cells) {
            sheet.write_string(at, column, text.as_str())?;
        }
    }
    book.save_to_buffer()
}
