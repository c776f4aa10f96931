//! The child that opens a workbook: streams the first sheet's cells as CSV, row by row.

use calamine::{Data, DataRef, Reader, Xlsx, open_workbook};
use std::io::Write;
use std::path::Path;

/// The most cells a workbook may have.
const CELLS_MAX: u64 = 20_000_000;
/// The most sheets a workbook may have.
const SHEETS_MAX: usize = 50;

/// Writes the first sheet with content as CSV.
///
/// # Errors
/// What is wrong with the workbook, in words for the department.
pub fn to_csv(path: &Path, out: impl Write) -> Result<(), String> {
    let mut book: Xlsx<_> = open_workbook(path).map_err(|e| format!("工作簿打不开:{e}"))?;
    let sheets = book.sheet_names();
    if sheets.len() > SHEETS_MAX {
        return Err(format!(
            "工作簿有 {} 张表,超过上限 {SHEETS_MAX}",
            sheets.len()
        ));
    }
    let first = sheets.first().ok_or("工作簿里没有表")?.clone();
    let mut cells = book
        .worksheet_cells_reader(&first)
        .map_err(|e| format!("工作表打不开:{e}"))?;
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(out);
    let mut row: Vec<String> = Vec::new();
    let (mut at, mut count) = (0_u32, 0_u64);
    while let Some(cell) = cells
        .next_cell()
        .map_err(|e| format!("工作表读不下去:{e}"))?
    {
        count = count.saturating_add(1);
        if count > CELLS_MAX {
            return Err(format!("工作表超过 {CELLS_MAX} 格"));
        }
        let (line, column) = cell.get_position();
        if line != at {
            if !row.is_empty() {
                writer.write_record(&row).map_err(|e| e.to_string())?;
            }
            row.clear();
            at = line;
        }
        let column = usize::try_from(column).unwrap_or(usize::MAX);
        if column >= 512 {
            return Err(format!(
                "第 {} 行用到第 {} 列,超过上限 512 列",
                line.saturating_add(1),
                column.saturating_add(1)
            ));
        }
        while row.len() < column {
            row.push(String::new());
        }
        row.push(text(cell.get_value()));
    }
    if !row.is_empty() {
        writer.write_record(&row).map_err(|e| e.to_string())?;
    }
    writer.flush().map_err(|e| e.to_string())
}

/// A cell's text. A number keeps all its digits, so that a damaged id number shows as one.
fn text(value: &DataRef<'_>) -> String {
    match Data::from(value.clone()) {
        Data::Empty => String::new(),
        Data::String(s) => s,
        Data::Int(n) => n.to_string(),
        Data::Float(f) if f.fract() == 0.0 && f.abs() < 1e15 => format!("{f:.0}"),
        Data::Float(f) if f.abs() >= 1e15 => format!("{f:E}"),
        Data::Float(f) => format!("{f}"),
        Data::Bool(b) => {
            if b {
                "是".to_owned()
            } else {
                "否".to_owned()
            }
        }
        Data::DateTime(d) => serial(&format!("{:.0}", d.as_f64().floor())),
        Data::DateTimeIso(s) | Data::DurationIso(s) => s,
        Data::Error(e) => format!("{e}"),
    }
}

/// A date cell's serial number as a day; the number itself when it is none.
fn serial(text: &str) -> String {
    let day = text
        .parse()
        .ok()
        .and_then(|n| domain::Day::from_serial(n).ok());
    day.map_or_else(|| text.to_owned(), |d| d.to_string())
}
