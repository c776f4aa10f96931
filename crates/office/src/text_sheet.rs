//! A list as a workbook of one sheet: every cell a text, so that no number loses its digits.

use crate::casework::{CaseError, Done};
use crate::exports::Mark;
use crate::views::ViewError;
use rust_xlsxwriter::{Workbook, XlsxError};

/// The workbook of rows under their header, under the number it leaves with; neighbouring rows change places to tell it.
///
/// # Errors
/// It cannot be written.
pub(crate) async fn workbook<const N: usize>(
    name: &'static str,
    header: [&'static str; N],
    mut rows: Vec<[String; N]>,
    mark: Mark,
) -> Done<Vec<u8>> {
    mark.order(&mut rows, |row| row.first().cloned());
    let written = tokio::task::spawn_blocking(move || write(name, header, &rows, &mark)).await;
    let failed = |why: String| CaseError::from(ViewError::Failed(why));
    let written = written.map_err(|error| failed(error.to_string()))?;
    written.map_err(|error| failed(error.to_string()))
}

fn write<const N: usize>(
    name: &str,
    header: [&str; N],
    rows: &[[String; N]],
    mark: &Mark,
) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name(name)?;
    mark.foot(sheet);
    for (column, text) in (0_u16..).zip(header) {
        sheet.write_string(0, column, text)?;
    }
    for (at, row) in (1_u32..).zip(rows) {
        for (column, text) in (0_u16..).zip(row) {
            sheet.write_string(at, column, text.as_str())?;
        }
    }
    mark.stamp(&mut book)?;
    book.save_to_buffer()
}
