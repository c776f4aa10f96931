//! Departments that answer a verification: each looks the asked numbers up in its own file of the month
//! and fills the table of answers in. Whoever is not in the file is 无.

use crate::error::Error;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The columns of every table of answers that the request tells.
const NUMBER: &str = "序号";
const REQUEST: &str = "请求编号";
const ID: &str = "身份证号";
const NAME: &str = "姓名";
const IS_FOUND: &str = "是否查得";
const DAY: &str = "查询日期";

type Row = BTreeMap<String, String>;

/// Answers the requests of a CSV file from a department's own file, as CSV under the header given. `day` is
/// the day it looked. The own file is UTF-8 or GB18030.
///
/// # Errors
/// One of the two is no CSV with a header.
pub fn department_answer(
    header: &[String],
    requests: &str,
    own: &[u8],
    day: &str,
) -> Result<String, Error> {
    let own = match std::str::from_utf8(own) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::GB18030.decode(own).0.into_owned(),
    };
    let mut by_id: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in rows(&own)? {
        let id = row.get(ID).cloned().unwrap_or_default();
        by_id.entry(id).or_default().push(row);
    }
    let mut out = header.join(",");
    let mut number = 0_u32;
    for request in rows(requests)? {
        let id = request.get(ID).cloned().unwrap_or_default();
        let nothing = [Row::new()];
        let found = by_id.get(&id).map(Vec::as_slice);
        for row in found.unwrap_or(&nothing) {
            number += 1;
            let cells = header.iter().map(|column| match column.as_str() {
                NUMBER => number.to_string(),
                REQUEST | ID | NAME => request.get(column).cloned().unwrap_or_default(),
                IS_FOUND if found.is_some() => "有".to_owned(),
                IS_FOUND => "无".to_owned(),
                DAY => day.to_owned(),
                other => own_cell(row, other),
            });
            let cells: Vec<String> = cells.map(|cell| quoted(&cell)).collect();
            // Writing to a text does not fail.
            let _ = write!(out, "\n{}", cells.join(","));
        }
    }
    Ok(out)
}

/// A cell of the department's own file: under the same header, or one that begins with it.
fn own_cell(row: &Row, column: &str) -> String {
    let same = row.get(column);
    let near = || row.iter().find(|(name, _)| name.starts_with(column));
    same.or_else(|| near().map(|(_, cell)| cell))
        .cloned()
        .unwrap_or_default()
}

fn quoted(cell: &str) -> String {
    match cell.contains([',', '"', '\n']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    }
}

fn rows(text: &str) -> Result<Vec<Row>, Error> {
    let text = text.trim_start_matches('\u{FEFF}');
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let wrong = |error: csv::Error| Error::Bank(error.to_string());
    let header = reader.headers().map_err(wrong)?.clone();
    let mut out = Vec::new();
    for row in reader.records() {
        let row = row.map_err(wrong)?;
        let cells = header.iter().zip(row.iter());
        out.push(
            cells
                .map(|(name, cell)| (name.trim().to_owned(), cell.to_owned()))
                .collect(),
        );
    }
    Ok(out)
}
