//! The departments' files: one open file per feed and month, each in its department's encoding.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, Worksheet, XlsxError};

use crate::calendar::{DayNo, MonthNo, day_text, month_text};
use crate::dice::Dice;
use crate::error::Error;
use crate::faults;
use crate::feeds::{Coding, FEEDS, FeedSpec};

/// What a column holds; faults look for their kind of column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Col {
    /// An identity number.
    Id,
    /// A name of a person.
    Name,
    /// A day.
    Date,
    /// Yuan.
    Money,
    /// Anything else.
    Text,
}

/// A row under construction; its cells are reused.
#[derive(Default)]
pub(crate) struct Row {
    cells: Vec<String>,
    used: usize,
}

impl Row {
    /// Begins a new row.
    pub(crate) fn start(&mut self) -> &mut Self {
        self.used = 0;
        self
    }

    /// Adds text.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        match self.cells.get_mut(self.used) {
            Some(cell) => {
                cell.clear();
                cell.push_str(text);
            }
            None => self.cells.push(text.to_owned()),
        }
        self.used += 1;
        self
    }

    /// Adds a day.
    pub(crate) fn day(&mut self, day: DayNo) -> &mut Self {
        let text = day_text(day);
        self.text(&text)
    }

    /// Adds a day, or an empty cell.
    pub(crate) fn maybe(&mut self, day: Option<DayNo>) -> &mut Self {
        match day {
            Some(day) => self.day(day),
            None => self.text(""),
        }
    }

    /// Adds a month.
    pub(crate) fn month(&mut self, month: MonthNo) -> &mut Self {
        let text = month_text(month);
        self.text(&text)
    }

    /// Adds an amount in yuan with two decimals.
    pub(crate) fn yuan(&mut self, fen: i64) -> &mut Self {
        let text = yuan_text(fen);
        self.text(&text)
    }

    /// A cell.
    pub(crate) fn cell(&self, at: usize) -> Option<&str> {
        self.cells
            .get(at)
            .filter(|_| at < self.used)
            .map(String::as_str)
    }

    /// Replaces a cell.
    pub(crate) fn set(&mut self, at: usize, text: &str) {
        if let Some(cell) = self.cells.get_mut(at) {
            cell.clear();
            cell.push_str(text);
        }
    }

    /// Moves every cell one column to the right; the last is lost.
    pub(crate) fn shift(&mut self) {
        if let Some(used) = self.cells.get_mut(..self.used) {
            used.rotate_right(1);
            if let Some(first) = used.first_mut() {
                first.clear();
            }
        }
    }
}

/// Yuan with two decimals, as departments export it.
pub(crate) fn yuan_text(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let whole = fen.unsigned_abs();
    format!("{sign}{}.{:02}", whole / 100, whole % 100)
}

/// Encodes UTF-8 to GB18030 on the way to the file; passes UTF-8 through.
struct Encoded {
    file: BufWriter<File>,
    gb18030: bool,
    pending: Vec<u8>,
}

impl Write for Encoded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.gb18030 {
            self.file.write_all(bytes)?;
            return Ok(bytes.len());
        }
        self.pending.extend_from_slice(bytes);
        // A character may be cut at the end of a buffer; its bytes wait for the rest.
        let valid = match std::str::from_utf8(&self.pending) {
            Ok(text) => text.len(),
            Err(cut) => cut.valid_up_to(),
        };
        let rest = self.pending.split_off(valid);
        let text = std::str::from_utf8(&self.pending).map_err(io::Error::other)?;
        let mut encoder = encoding_rs::GB18030.new_encoder();
        let size = encoder.max_buffer_length_from_utf8_without_replacement(text.len());
        let mut out = Vec::with_capacity(size.unwrap_or(text.len() * 2 + 16));
        let (result, _) =
            encoder.encode_from_utf8_to_vec_without_replacement(text, &mut out, false);
        if let encoding_rs::EncoderResult::Unmappable(c) = result {
            return Err(io::Error::other(format!(
                "U+{:04X} has no GB18030 code",
                u32::from(c)
            )));
        }
        self.file.write_all(&out)?;
        self.pending = rest;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

enum Target {
    Csv(Box<csv::Writer<Encoded>>),
    Xlsx(Box<(Workbook, Worksheet)>),
}

/// One file of one feed.
struct FeedFile {
    path: PathBuf,
    target: Target,
    order: Vec<usize>,
    /// Lines written, the header included.
    lines: u32,
    /// Sum of the first amount column, for feeds that end with a sum row.
    total_fen: Option<i64>,
}

/// The files of all feeds and months, and the list of planted faults.
pub(crate) struct Sink {
    files: Vec<Vec<FeedFile>>,
    months: Vec<MonthNo>,
    faults: Option<Faults>,
    out: PathBuf,
}

struct Faults {
    list: csv::Writer<File>,
    counts: Vec<(&'static str, u64)>,
}

/// How many rows each feed and month got, and how many faults of each kind.
pub(crate) struct Written {
    /// Feed, month, rows.
    pub(crate) rows: Vec<(&'static str, MonthNo, u64)>,
    /// Kind, count.
    pub(crate) faults: Vec<(&'static str, u64)>,
}

impl Sink {
    /// Opens every file and writes the headers.
    pub(crate) fn open(
        out: &Path,
        months: &[MonthNo],
        with_faults: bool,
        workbooks: bool,
    ) -> Result<Self, Error> {
        let truth = out.join("truth");
        make_dir(&truth)?;
        let faults = if with_faults {
            let path = truth.join("faults.csv");
            let mut list = csv::Writer::from_path(&path).map_err(|e| Error::csv(&path, e))?;
            list.write_record([
                "feed",
                "month",
                "file",
                "row",
                "kind",
                "person_no",
                "column",
                "before",
                "after",
            ])
            .map_err(|e| Error::csv(&path, e))?;
            Some(Faults {
                list,
                counts: Vec::new(),
            })
        } else {
            None
        };
        let mut sink = Self {
            files: Vec::new(),
            months: months.to_vec(),
            faults,
            out: out.to_path_buf(),
        };
        for at in 0..months.len() {
            let files: Result<Vec<_>, _> = FEEDS
                .iter()
                .map(|spec| sink.open_one(at, spec, workbooks))
                .collect();
            sink.files.push(files?);
        }
        Ok(sink)
    }

    fn strikes(&self, fault: (&str, &str, usize), at: usize, feed: &str) -> bool {
        let (_, struck, month) = fault;
        let month = month.min(self.months.len().saturating_sub(1));
        self.faults.is_some() && feed == struck && at == month
    }

    fn open_one(&mut self, at: usize, spec: &FeedSpec, workbooks: bool) -> Result<FeedFile, Error> {
        let month = self.months.get(at).copied().unwrap_or_default();
        let late = self
            .months
            .get(at + 1)
            .copied()
            .filter(|_| self.strikes(faults::files::LATE, at, spec.id));
        let folder = self
            .out
            .join("feeds")
            .join(month_text(late.unwrap_or(month)));
        make_dir(&folder)?;
        let xlsx = workbooks && matches!(spec.coding, Coding::Workbook);
        let ending = if xlsx { "xlsx" } else { "csv" };
        let name = match late {
            Some(_) => format!("{}.{}.{ending}", spec.id, month_text(month)),
            None => format!("{}.{ending}", spec.id),
        };
        let path = folder.join(&name);
        if late.is_some() {
            self.note_file(faults::files::LATE.0, spec.id, month, &name)?;
        }
        let mut order: Vec<usize> = (0..spec.columns.len()).collect();
        if self.strikes(faults::files::REORDERED, at, spec.id) {
            order.reverse();
            order.rotate_left(2);
            self.note_file(faults::files::REORDERED.0, spec.id, month, &name)?;
        }
        let target = if xlsx {
            open_sheet(spec)?
        } else {
            open_csv(spec, &path)?
        };
        let total_fen = self
            .strikes(faults::files::TOTAL_ROW, at, spec.id)
            .then_some(0);
        let mut file = FeedFile {
            path,
            target,
            order,
            lines: 0,
            total_fen,
        };
        let headers: Vec<&str> = spec.columns.iter().map(|(h, _)| *h).collect();
        file.write(spec, &headers)?;
        Ok(file)
    }

    /// Writes a row of a feed into a month's file, perhaps damaged.
    pub(crate) fn put(
        &mut self,
        at: usize,
        feed: usize,
        row: &mut Row,
        person: u64,
        dice: &mut Dice,
    ) -> Result<(), Error> {
        let (Some(spec), Some(file)) = (
            FEEDS.get(feed),
            self.files.get_mut(at).and_then(|files| files.get_mut(feed)),
        ) else {
            return Ok(());
        };
        let damage = match self.faults {
            Some(_) => faults::strike(dice, spec.columns, row),
            None => None,
        };
        let twice = damage.as_ref().is_some_and(|d| d.twice);
        for _ in 0..=u8::from(twice) {
            let cells: Vec<&str> = row
                .cells
                .iter()
                .take(row.used.min(spec.columns.len()))
                .map(String::as_str)
                .collect();
            file.write(spec, &cells)?;
        }
        if let (Some(damage), Some(faults)) = (damage, self.faults.as_mut()) {
            let month = self.months.get(at).copied().unwrap_or_default();
            let name = file
                .path
                .file_name()
                .and_then(|n| n.to_str())
                .unwrap_or_default();
            faults.note([
                spec.id,
                &month_text(month),
                name,
                &file.rows().to_string(),
                damage.kind,
                &person.to_string(),
                damage.column,
                &damage.before,
                &damage.after,
            ])?;
            faults.count(damage.kind);
        }
        Ok(())
    }

    fn note_file(
        &mut self,
        kind: &'static str,
        feed: &str,
        month: MonthNo,
        name: &str,
    ) -> Result<(), Error> {
        if let Some(faults) = self.faults.as_mut() {
            faults.note([feed, &month_text(month), name, "", kind, "", "", "", ""])?;
            faults.count(kind);
        }
        Ok(())
    }

    /// Ends every file.
    pub(crate) fn close(mut self) -> Result<Written, Error> {
        let mut rows = Vec::new();
        for (at, files) in std::mem::take(&mut self.files).into_iter().enumerate() {
            let month = self.months.get(at).copied().unwrap_or_default();
            for (mut file, spec) in files.into_iter().zip(&FEEDS) {
                let name = file
                    .path
                    .file_name()
                    .and_then(|n| n.to_str())
                    .unwrap_or_default()
                    .to_owned();
                if self.strikes(faults::files::TOTAL_ROW, at, spec.id) {
                    file.write_total(spec)?;
                    self.note_file(faults::files::TOTAL_ROW.0, spec.id, month, &name)?;
                }
                rows.push((spec.id, month, u64::from(file.rows())));
                let path = file.path.clone();
                let empty = file.rows() == 0;
                file.close()?;
                if empty {
                    // A department with nothing to report sends nothing.
                    fs::remove_file(&path).map_err(|e| Error::io(&path, e))?;
                    continue;
                }
                if self.strikes(faults::files::REPEATED, at, spec.id)
                    && let Some(next) = self.months.get(at + 1).copied()
                {
                    let again = format!("{}.{}.csv", spec.id, month_text(month));
                    let to = self.out.join("feeds").join(month_text(next)).join(&again);
                    fs::copy(&path, &to).map_err(|e| Error::io(&to, e))?;
                    self.note_file(faults::files::REPEATED.0, spec.id, next, &again)?;
                }
            }
        }
        let mut faults = Vec::new();
        if let Some(mut list) = self.faults.take() {
            list.list.flush().map_err(|e| Error::io(&self.out, e))?;
            faults = list.counts;
        }
        Ok(Written { rows, faults })
    }
}

impl Faults {
    fn note(&mut self, cells: [&str; 9]) -> Result<(), Error> {
        self.list
            .write_record(cells)
            .map_err(|e| Error::csv(Path::new("truth/faults.csv"), e))
    }

    fn count(&mut self, kind: &'static str) {
        match self.counts.iter_mut().find(|(k, _)| *k == kind) {
            Some((_, n)) => *n += 1,
            None => self.counts.push((kind, 1)),
        }
    }
}

impl FeedFile {
    fn write(&mut self, spec: &FeedSpec, cells: &[&str]) -> Result<(), Error> {
        let ordered = self
            .order
            .iter()
            .map(|at| cells.get(*at).copied().unwrap_or_default());
        match &mut self.target {
            Target::Csv(csv) => csv
                .write_record(ordered)
                .map_err(|e| Error::csv(&self.path, e))?,
            Target::Xlsx(pair) => {
                for (column, text) in ordered.enumerate() {
                    let column = u16::try_from(column).unwrap_or(u16::MAX);
                    write_cell(&mut pair.1, self.lines, column, text)
                        .map_err(|e| Error::xlsx(&self.path, e))?;
                }
            }
        }
        self.lines += 1;
        if let Some(total) = self.total_fen.as_mut() {
            let money = spec.columns.iter().position(|(_, col)| *col == Col::Money);
            let cell = money
                .and_then(|at| cells.get(at))
                .copied()
                .unwrap_or_default();
            *total += cell.replace('.', "").parse::<i64>().unwrap_or(0);
        }
        Ok(())
    }

    /// Data rows written.
    fn rows(&self) -> u32 {
        self.lines.saturating_sub(1)
    }

    fn write_total(&mut self, spec: &FeedSpec) -> Result<(), Error> {
        let total = yuan_text(self.total_fen.unwrap_or(0));
        let mut seen = false;
        let cells: Vec<&str> = spec
            .columns
            .iter()
            .enumerate()
            .map(|(at, (_, col))| {
                if at == 0 {
                    "合计"
                } else if *col == Col::Money && !std::mem::replace(&mut seen, true) {
                    total.as_str()
                } else {
                    ""
                }
            })
            .collect();
        self.write(spec, &cells)
    }

    fn close(self) -> Result<(), Error> {
        match self.target {
            Target::Csv(mut csv) => csv.flush().map_err(|e| Error::io(&self.path, e)),
            Target::Xlsx(pair) => {
                let (mut book, sheet) = *pair;
                let made =
                    ExcelDateTime::from_ymd(2026, 1, 1).map_err(|e| Error::xlsx(&self.path, e))?;
                // A fixed date, or the same seed would not give the same bytes.
                book.set_properties(&DocProperties::new().set_creation_datetime(&made));
                book.push_worksheet(sheet);
                book.save(&self.path)
                    .map_err(|e| Error::xlsx(&self.path, e))
            }
        }
    }
}

/// Amounts become number cells, as in a workbook typed by hand; all else stays text.
fn write_cell(sheet: &mut Worksheet, line: u32, column: u16, text: &str) -> Result<(), XlsxError> {
    let amount = text
        .strip_suffix(".00")
        .and_then(|yuan| yuan.parse::<i32>().ok());
    match amount {
        Some(yuan) => sheet.write_number(line, column, yuan)?,
        None => sheet.write_string(line, column, text)?,
    };
    Ok(())
}

fn open_csv(spec: &FeedSpec, path: &Path) -> Result<Target, Error> {
    let file = File::create(path).map_err(|e| Error::io(path, e))?;
    let mut file = BufWriter::with_capacity(1 << 16, file);
    if spec.coding == Coding::Utf8Bom {
        file.write_all("\u{feff}".as_bytes())
            .map_err(|e| Error::io(path, e))?;
    }
    let encoded = Encoded {
        file,
        gb18030: spec.coding == Coding::Gb18030,
        pending: Vec::new(),
    };
    let ending = match spec.coding {
        Coding::Utf8 | Coding::Workbook => csv::Terminator::Any(b'\n'),
        Coding::Utf8Bom | Coding::Gb18030 => csv::Terminator::CRLF,
    };
    let csv = csv::WriterBuilder::new()
        .terminator(ending)
        .buffer_capacity(1 << 16)
        .from_writer(encoded);
    Ok(Target::Csv(Box::new(csv)))
}

fn open_sheet(spec: &FeedSpec) -> Result<Target, Error> {
    let fail = |e| Error::xlsx(Path::new(spec.id), e);
    let mut book = Workbook::new();
    let mut sheet = book.new_worksheet_with_constant_memory().map_err(fail)?;
    sheet.set_name(spec.name).map_err(fail)?;
    Ok(Target::Xlsx(Box::new((book, sheet))))
}

pub(crate) fn make_dir(path: &Path) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(|e| Error::io(path, e))
}
