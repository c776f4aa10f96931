//! The child that opens a workbook: looks into the package first, then streams the one sheet that
//! holds data as CSV, row by row. Whatever a person must decide (several sheets, hidden rows) goes
//! back with the question; a cell that cannot be trusted is written as [`UNREADABLE`] and its reason.

mod package;
mod sheet_xml;

use calamine::{Data, DataRef, Ods, Reader, SheetType, SheetVisible, Xls, Xlsb, Xlsx};
use package::Kind;
use sheet_xml::Scan;
use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom, Write};
use std::path::Path;

/// The most cells a workbook may have.
const CELLS_MAX: u64 = 20_000_000;
/// The most sheets a workbook may have.
const SHEETS_MAX: usize = 50;
/// The most columns a row may reach to.
const COLUMNS_MAX: usize = 512;
/// What we call the sheet a department fills in, beside the one that tells what is asked or what is wrong.
pub(crate) const FILLED_IN: &str = "答复表";
/// The sheet of a workbook of ours that tells what it is and who took it: never data.
pub(crate) const TOLD: &str = "导出说明";
/// Days between the two epochs of spreadsheets, 1900 and 1904.
const EPOCHS_APART: f64 = 1462.0;

/// Begins a cell whose value cannot be known, before the reason. No text has this sign: Unicode
/// keeps it for programs.
pub(crate) const UNREADABLE: char = '\u{FDD0}';

/// Writes the sheet that holds the data as CSV. Answers what its sender should look at.
///
/// # Errors
/// What is wrong with the workbook, in words for the department.
pub fn to_csv(path: &Path, out: impl Write) -> Result<Vec<String>, String> {
    let mut file = File::open(path).map_err(|e| format!("工作簿读不到:{e}"))?;
    let (kind, links) = package::inspect(&mut file)?;
    file.seek(SeekFrom::Start(0)).map_err(|e| e.to_string())?;
    let file = BufReader::new(file);
    let mut noted = Vec::from_iter(links);
    match kind {
        Kind::Xlsx => noted.extend(xlsx(file, path, out)?),
        Kind::Xlsb => xlsb(file, out)?,
        Kind::Ods => of_range(Ods::new(file).map_err(unopened)?, false, out)?,
        Kind::Xls => {
            let book = Xls::new(file).map_err(
                |_| "这份表格(.xls 或者 .et)打不开;如果加了密码请去掉,或者另存为 xlsx 再报送",
            )?;
            let later = book.has_1904_epoch();
            of_range(book, later, out)?;
        }
    }
    Ok(noted)
}

/// The cells of every sheet, as texts, at most so many rows of each: for finding out what a file is.
///
/// # Errors
/// What is wrong with the workbook.
pub(crate) fn sheets(path: &Path, rows: usize) -> Result<Vec<Vec<Vec<String>>>, String> {
    let mut file = File::open(path).map_err(|e| format!("工作簿读不到:{e}"))?;
    let (kind, _) = package::inspect(&mut file)?;
    if !matches!(kind, Kind::Xlsx) {
        return Err("只看 xlsx 和 csv;请另存为 xlsx 再看".to_owned());
    }
    file.seek(SeekFrom::Start(0)).map_err(|e| e.to_string())?;
    let mut book: Xlsx<_> = Xlsx::new(BufReader::new(file)).map_err(unopened)?;
    let mut out = Vec::new();
    for name in book.sheet_names().into_iter().take(SHEETS_MAX) {
        let range = book.worksheet_range(&name).map_err(unread)?;
        let cells = range.rows().take(rows);
        out.push(
            cells
                .map(|row| row.iter().map(ToString::to_string).collect())
                .collect(),
        );
    }
    Ok(out)
}

/// What the reader says is in no official's words.
fn unopened<E>(_: E) -> String {
    "工作簿已损坏,打不开;请用表格软件打开,另存为新的 xlsx 再报送".to_owned()
}

fn unread<E>(_: E) -> String {
    "工作表已损坏,读不下去;请用表格软件打开,另存为新的 xlsx 再报送".to_owned()
}

fn xlsx(file: BufReader<File>, path: &Path, out: impl Write) -> Result<Option<String>, String> {
    let mut book: Xlsx<_> = Xlsx::new(file).map_err(unopened)?;
    let names = visible(&book)?;
    let mut scans = package::scan_sheets(path, &names)?;
    scans.retain(|(_, scan)| scan.filled > 0);
    let (name, scan) = the_only(scans, |(name, _)| name.as_str())?;
    scan.refusal()?;
    let later = book.has_1904_epoch();
    let mut rows = Rows::new(out, &scan, later);
    let mut cells = book.worksheet_cells_reader(&name).map_err(unopened)?;
    while let Some(cell) = cells.next_cell().map_err(unread)? {
        rows.cell(cell.get_position(), cell.get_value())?;
    }
    rows.end()?;
    Ok(scan.noted())
}

fn xlsb(file: BufReader<File>, out: impl Write) -> Result<(), String> {
    let mut book: Xlsb<_> = Xlsb::new(file).map_err(unopened)?;
    let later = book.has_1904_epoch();
    let mut filled = Vec::new();
    for name in visible(&book)? {
        let mut cells = book.worksheet_cells_reader(&name).map_err(unopened)?;
        while let Some(cell) = cells.next_cell().map_err(unread)? {
            if !matches!(cell.get_value(), DataRef::Empty) {
                filled.push(name);
                break;
            }
        }
    }
    let name = the_only(filled, String::as_str)?;
    let scan = Scan::default();
    let mut rows = Rows::new(out, &scan, later);
    let mut cells = book.worksheet_cells_reader(&name).map_err(unopened)?;
    while let Some(cell) = cells.next_cell().map_err(unread)? {
        rows.cell(cell.get_position(), cell.get_value())?;
    }
    rows.end()
}

/// Kinds that calamine reads whole: what they may take is limited by the child's memory.
fn of_range<B, E>(mut book: B, later: bool, out: impl Write) -> Result<(), String>
where
    B: Reader<BufReader<File>, Error = E>,
    E: std::fmt::Debug + std::fmt::Display,
{
    let mut filled = Vec::new();
    for name in visible(&book)? {
        let range = book.worksheet_range(&name).map_err(unread)?;
        if range.used_cells().next().is_some() {
            filled.push((name, range));
        }
    }
    let (_, range) = the_only(filled, |(name, _)| name.as_str())?;
    let (row, column) = range.start().unwrap_or((0, 0));
    let scan = Scan::default();
    let mut rows = Rows::new(out, &scan, later);
    for (r, c, value) in range.used_cells() {
        let at = (
            row.saturating_add(u32::try_from(r).unwrap_or(u32::MAX)),
            column.saturating_add(u32::try_from(c).unwrap_or(u32::MAX)),
        );
        rows.value(at, value)?;
    }
    rows.end()
}

/// The worksheets a person sees. Hidden ones are no data.
fn visible<B, E>(book: &B) -> Result<Vec<String>, String>
where
    B: Reader<BufReader<File>, Error = E>,
    E: std::fmt::Debug,
{
    let sheets = book.sheets_metadata();
    if sheets.len() > SHEETS_MAX {
        return Err(format!(
            "工作簿有 {} 张表,超过上限 {SHEETS_MAX};请只留要报送的一张",
            sheets.len()
        ));
    }
    let seen = sheets
        .iter()
        .filter(|s| s.typ == SheetType::WorkSheet && s.visible == SheetVisible::Visible);
    let seen = seen.filter(|s| s.name != TOLD);
    Ok(seen.map(|s| s.name.clone()).collect())
}

/// The sheet with data. Of a workbook of ours it is the one that was to be filled in; which of several others
/// is meant, only a person can say.
fn the_only<T>(mut filled: Vec<T>, name: impl Fn(&T) -> &str) -> Result<T, String> {
    if let Some(at) = filled.iter().position(|one| name(one) == FILLED_IN) {
        return Ok(filled.swap_remove(at));
    }
    if filled.len() > 1 {
        let names: Vec<&str> = filled.iter().map(name).take(5).collect();
        return Err(format!(
            "工作簿里有 {} 张有内容的表(`{}`),不知道报送的是哪一张;请只留一张,或分成几个文件",
            filled.len(),
            names.join("`、`")
        ));
    }
    filled.pop().ok_or_else(|| {
        "工作簿里没有看得见的、有内容的表;数据如果在隐藏的表里,请取消隐藏再报送".to_owned()
    })
}

/// Writes cells as they come, a record a row.
struct Rows<'a, W: Write> {
    writer: csv::Writer<W>,
    scan: &'a Scan,
    /// Whether days are counted from 1904.
    later: bool,
    row: Vec<String>,
    /// How many columns the header has; a title over it stands in one cell.
    width: usize,
    line: u32,
    count: u64,
}

impl<'a, W: Write> Rows<'a, W> {
    fn new(out: W, scan: &'a Scan, later: bool) -> Self {
        Self {
            writer: csv::WriterBuilder::new().flexible(true).from_writer(out),
            scan,
            later,
            row: vec![],
            width: 0,
            line: 0,
            count: 0,
        }
    }

    fn cell(&mut self, at: (u32, u32), value: &DataRef<'_>) -> Result<(), String> {
        self.value(at, &Data::from(value.clone()))
    }

    fn value(&mut self, (line, column): (u32, u32), value: &Data) -> Result<(), String> {
        self.count = self.count.saturating_add(1);
        if self.count > CELLS_MAX {
            return Err(format!("工作表超过 {CELLS_MAX} 格;请分成几个文件报送"));
        }
        if line != self.line {
            self.write_row()?;
            self.line = line;
        }
        let at = usize::try_from(column).unwrap_or(usize::MAX);
        if at >= COLUMNS_MAX {
            return Err(format!(
                "第 {} 行用到第 {} 列,超过上限 {COLUMNS_MAX} 列;请删去右边多余的列",
                line.saturating_add(1),
                at.saturating_add(1)
            ));
        }
        while self.row.len() < at {
            self.row.push(String::new());
        }
        let text = match self.scan.doubt(line, column, matches!(value, Data::Empty)) {
            Some(said) => format!("{UNREADABLE}{said}"),
            None => self.text((line, column), value),
        };
        self.row.push(text);
        Ok(())
    }

    /// A cell's text. A number keeps all its digits, so that a damaged id number shows as one.
    fn text(&self, (line, column): (u32, u32), value: &Data) -> String {
        match value {
            Data::Empty => String::new(),
            Data::String(s) => s.clone(),
            Data::Int(n) => n.to_string(),
            Data::Float(f) if f.fract() == 0.0 && f.abs() < 1e15 => format!("{f:.0}"),
            Data::Float(f) if f.abs() >= 1e15 => format!("{f:E}"),
            Data::Float(f) => format!("{f}"),
            Data::Bool(true) => "是".to_owned(),
            Data::Bool(false) => "否".to_owned(),
            Data::DateTime(d) => {
                let days = if self.later { EPOCHS_APART } else { 0.0 };
                serial(&format!("{:.0}", (d.as_f64() + days).floor()))
            }
            Data::DateTimeIso(s) | Data::DurationIso(s) => s.clone(),
            Data::Error(e) => {
                let at = sheet_xml::a1(line, column);
                format!("{UNREADABLE}{at} 格是错误值 {e},请改成正确的值或清空")
            }
        }
    }

    fn write_row(&mut self) -> Result<(), String> {
        if !self.row.is_empty() {
            // A sheet has no cell where nothing is written; in a CSV file a missing one is a row that slipped.
            while self.row.len() < self.width {
                self.row.push(String::new());
            }
            if self.width == 0 && self.row.iter().filter(|cell| !cell.is_empty()).count() > 1 {
                self.width = self.row.len();
            }
            self.writer
                .write_record(&self.row)
                .map_err(|e| e.to_string())?;
        }
        self.row.clear();
        Ok(())
    }

    fn end(mut self) -> Result<(), String> {
        self.write_row()?;
        self.writer.flush().map_err(|e| e.to_string())
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
