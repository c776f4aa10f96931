//! 退回明细: a workbook for the department, every cell a text, so that no number loses its digits; what
//! was taken and deserves a look on a sheet of its own.

use super::batch::{find, refusal, remark};
use super::{Desk, Told};
use crate::access::Acting;
use crate::exports::{self, Leaving, Mark};
use crate::views::{Download, RefusalRow, RemarkRow, ViewError};
use rust_xlsxwriter::{Workbook, XlsxError};
use store::batches::Refusal;

const NOTICED: [&str; 3] = ["行", "列", "提醒"];
const HEADER: [&str; 5] = ["行", "列", "原值(已遮盖)", "退回原因", "请这样办"];

pub(super) async fn download(desk: &Desk, who: &Acting, id: i64) -> Told<Download> {
    let found = find(desk, id).await?;
    if found.refusals.is_empty() && found.remarks.is_empty() {
        return Err(ViewError::NotAnswerable(
            "这一批没有退回的行,也没有提醒,不用下载明细".to_owned(),
        ));
    }
    let title = found.title();
    let rows: Vec<RefusalRow> = found.refusals.iter().map(refusal).collect();
    let noticed: Vec<RemarkRow> = found.remarks.iter().map(remark).collect();
    let stem = format!("{title}-{}-退回明细", found.batch.period);
    let leaving = Leaving {
        kind: "feed-errors",
        subject: id.to_string(),
        words: format!("{title} {}", found.batch.period),
        rows: rows.len().saturating_add(noticed.len()),
    };
    let mark = exports::leave(&desk.office, who, leaving).await?;
    let file_name = mark.named(&stem, "xlsx");
    let written = tokio::task::spawn_blocking(move || workbook(&rows, &noticed, &mark)).await;
    let written = written.map_err(|e| ViewError::Failed(e.to_string()))?;
    let bytes = written.map_err(|e| ViewError::Failed(e.to_string()))?;
    Ok(Download { file_name, bytes })
}

/// The workbook of the refused rows of a batch.
pub(crate) fn of(refusals: &[Refusal], mark: &Mark) -> Result<Vec<u8>, XlsxError> {
    let rows: Vec<RefusalRow> = refusals.iter().map(refusal).collect();
    workbook(&rows, &[], mark)
}

fn workbook(rows: &[RefusalRow], noticed: &[RemarkRow], mark: &Mark) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("退回明细")?;
    mark.foot(sheet);
    for (column, width) in (0_u16..).zip([8.0, 16.0, 26.0, 48.0, 40.0]) {
        sheet.set_column_width(column, width)?;
    }
    for (column, text) in (0_u16..).zip(HEADER) {
        sheet.write_string(0, column, text)?;
    }
    for (at, row) in (1_u32..).zip(rows) {
        let cells = [
            &row.row.to_string(),
            &row.column,
            &row.value,
            &row.reason,
            &row.advice,
        ];
        for (column, text) in (0_u16..).zip(cells) {
            sheet.write_string(at, column, text.as_str())?;
        }
    }
    if !noticed.is_empty() {
        let sheet = book.add_worksheet();
        sheet.set_name("提醒")?;
        for (column, width) in (0_u16..).zip([8.0, 16.0, 60.0]) {
            sheet.set_column_width(column, width)?;
        }
        for (column, text) in (0_u16..).zip(NOTICED) {
            sheet.write_string(0, column, text)?;
        }
        for (at, row) in (1_u32..).zip(noticed) {
            let cells = [&row.row.to_string(), &row.column, &row.message];
            for (column, text) in (0_u16..).zip(cells) {
                sheet.write_string(at, column, text.as_str())?;
            }
        }
    }
    mark.stamp(&mut book)?;
    book.save_to_buffer()
}

#[cfg(test)]
mod tests {
    use super::{Mark, RefusalRow, workbook};
    use calamine::{Data, Reader, Xlsx};
    use std::io::Cursor;

    #[test]
    fn what_looks_like_a_formula_goes_back_to_the_department_as_words() {
        let looks = [
            "=HYPERLINK(\"http://198.51.100.1\",\"点这里\")",
            "+1",
            "-1",
            "@SUM(A1)",
        ];
        let rows: Vec<RefusalRow> = looks
            .iter()
            .map(|value| RefusalRow {
                row: 2,
                column: "姓名".to_owned(),
                value: (*value).to_owned(),
                reason: "读不懂".to_owned(),
                advice: "改好再报".to_owned(),
            })
            .collect();
        let bytes = workbook(&rows, &[], &Mark::sample()).unwrap_or_default();
        let mut book = Xlsx::new(Cursor::new(bytes)).ok();
        let book = book.as_mut();
        let (mut cells, mut formulas) = (Vec::new(), 0);
        if let Some(book) = book {
            if let Ok(sheet) = book.worksheet_range("退回明细") {
                let third = sheet.rows().skip(1).filter_map(|row| row.get(2));
                cells.extend(third.cloned());
            }
            let asked = book.worksheet_formula("退回明细");
            formulas = asked.map_or(usize::MAX, |sheet| sheet.used_cells().count());
        }
        assert_eq!(cells, looks.map(|word| Data::String(word.to_owned())));
        assert_eq!(formulas, 0);
    }
}
