//! 年度调标: the numbers of the place out as a workbook and back. A sheet that comes back is taken whole
//! or not at all: every mistake is told by its cell, and while one is left there is no proposal.

mod shown;

pub use shown::{ParamAsk, ParamGroup, ParamPage, ParamPast, ParamRow, page};

use crate::error::{OfficeError, Result, at_path};
use crate::intake::{UNREADABLE, look_at};
use crate::office::Office;
use domain::Day;
use rules::params::{Row, split};
use rules::{Rulebook, Severity, SourceText};
use rust_xlsxwriter::{Format, Workbook, XlsxError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::digest::{hex, of_bytes};

/// The columns of the sheet, left to right; the year stands behind 新值起.
const HEAD: [&str; 12] = [
    "文件",
    "参数",
    "地区",
    "键",
    "现值",
    "单位",
    "现值起",
    "现值来源",
    "新值",
    "新值起",
    "新值来源",
    "说明",
];
/// Where the columns to be filled in begin and end.
const FILLED_IN: std::ops::RangeInclusive<usize> = 8..=10;

/// A number as it stands now, with the line it stands on.
struct Now<'a> {
    row: &'a Row,
    note: String,
}

/// The most rows a sheet may have.
const ROWS_MAX: usize = 20_000;

/// The path of a place's numbers.
fn path_of(locality: &str) -> String {
    format!("localities/{locality}/parameters.csv")
}

fn keys(row: &Row) -> String {
    let keys = row.keys.iter().map(|(k, v)| format!("{k}={v}"));
    keys.collect::<Vec<_>>().join(";")
}

/// The newest row of each number, in the order of the file.
fn newest<'a>(book: &'a Rulebook, locality: &str) -> Vec<Now<'a>> {
    let place = book.localities().iter().find(|l| l.id == locality);
    let rows = place.map_or(&[][..], |l| l.filled.rows.as_slice());
    // Numbers of the place this one stands on are changed there, or written anew here.
    let own = place.map_or("", |l| l.filled.path.as_str());
    let rows = rows.iter().filter(|row| row.path == own);
    let mut at: BTreeMap<(&str, &str, &str, String), usize> = BTreeMap::new();
    let mut out: Vec<Now<'a>> = Vec::new();
    for row in rows {
        let of = (
            row.file.as_str(),
            row.name.as_str(),
            row.area.as_str(),
            keys(row),
        );
        let text = book.texts().get(&row.path).map_or("", String::as_str);
        let cells = split(line(text, row));
        let note = cells.last().cloned().unwrap_or_default();
        let now = Now { row, note };
        match at.get(&of).and_then(|at| out.get_mut(*at)) {
            Some(held) if held.row.from < row.from => *held = now,
            Some(_) => {}
            None => {
                at.insert(of, out.len());
                out.push(now);
            }
        }
    }
    out
}

fn line<'a>(text: &'a str, row: &Row) -> &'a str {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    text.get(row.span.start..row.span.end).unwrap_or_default()
}

/// The numbers of the place as a workbook for a year: what stands is locked, what is to be filled in is
/// open.
///
/// # Errors
/// The sheet cannot be written.
pub fn export(office: &Office, year: u16) -> Result<Vec<u8>> {
    let told = |e: XlsxError| OfficeError::Other(format!("调标表写不出来:{e}"));
    write(&newest(office.book(), &office.locality), year).map_err(told)
}

fn write(numbers: &[Now<'_>], year: u16) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.set_name("调标")?;
    sheet.set_freeze_panes(1, 0)?;
    let bold = Format::new().set_bold();
    let open = Format::new().set_num_format("@").set_unlocked();
    for (column, title) in (0_u16..).zip(HEAD) {
        let title = if title == "新值起" {
            format!("{title}({year} 年)")
        } else {
            title.to_owned()
        };
        sheet.set_column_width(column, 18)?;
        sheet.write_string_with_format(0, column, title, &bold)?;
    }
    for (at, now) in (1_u32..).zip(numbers) {
        let row = now.row;
        let from = row.from.map_or_else(String::new, |d| d.to_string());
        let (keys, none) = (keys(row), String::new());
        let cells = [
            &row.file,
            &row.name,
            &row.area,
            &keys,
            &row.value,
            &row.unit,
            &from,
            &row.source,
            &none,
            &none,
            &none,
            &now.note,
        ];
        for (column, cell) in (0_u16..).zip(cells) {
            if FILLED_IN.contains(&usize::from(column)) {
                sheet.write_blank(at, column, &open)?;
            } else {
                sheet.write_string(at, column, cell)?;
            }
        }
    }
    sheet.protect();
    book.save_to_buffer()
}

/// A mistake in a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongCell {
    /// The cell, such as `I7`.
    pub cell: String,
    /// What, and what to do.
    pub said: String,
}

impl std::fmt::Display for WrongCell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.cell, self.said)
    }
}

fn wrong(column: usize, row: usize, said: impl Into<String>) -> WrongCell {
    let letter = (b'A'..=b'Z').nth(column).map_or('?', char::from);
    WrongCell {
        cell: format!("{letter}{row}"),
        said: said.into(),
    }
}

/// The changed numbers of a sheet that was filled in, as the text to be proposed.
///
/// # Errors
/// The workbook cannot be opened. Mistakes in cells are answered, all of them.
pub fn read(office: &Office, sheet: &Path) -> Result<Result<SourceText, Vec<WrongCell>>> {
    let rows = table_of(sheet)?;
    Ok(changed(office.book(), &office.locality, &rows))
}

/// The same of a sheet that was handed in as bytes.
///
/// # Errors
/// As [`read`]; the machine.
pub async fn read_bytes(
    office: &Arc<Office>,
    bytes: Vec<u8>,
) -> Result<Result<SourceText, Vec<WrongCell>>> {
    let office = Arc::clone(office);
    let work = move || {
        // The child that opens workbooks reads a file; it is gone again whatever comes of it.
        let name = format!("sheet-{}.new", hex(&of_bytes(&bytes)));
        let held = Passing(office.folder().join(name));
        std::fs::write(&held.0, bytes).map_err(at_path(&held.0))?;
        read(&office, &held.0)
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| OfficeError::Other(format!("调标表没有读完:{e}")))?
}

/// A file that does not outlive its reading.
struct Passing(PathBuf);

impl Drop for Passing {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.0) {
            tracing::warn!(%error, "a sheet that was handed in was not removed");
        }
    }
}

/// The rows of a sheet. A workbook is opened by the child that opens those of the departments.
fn table_of(sheet: &Path) -> Result<Vec<Vec<String>>> {
    let text = look_at(sheet)?.open()?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(text.reader);
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| OfficeError::FileRefused(e.to_string()))?;
        if rows.len() >= ROWS_MAX {
            let said = format!("调标表超过 {ROWS_MAX} 行,不像是导出的那一份");
            return Err(OfficeError::FileRefused(said));
        }
        rows.push(record.iter().map(str::to_owned).collect());
    }
    Ok(rows)
}

/// A number to be changed: which, what it becomes, and on which row of the sheet it says so.
struct Step {
    at: usize,
    value: String,
    from: Day,
    source: String,
    sheet_row: usize,
}

/// The place's numbers with what a sheet changes; its first row is the head.
fn changed(
    book: &Rulebook,
    locality: &str,
    sheet: &[Vec<String>],
) -> Result<SourceText, Vec<WrongCell>> {
    let path = path_of(locality);
    let numbers = newest(book, locality);
    let year = head(sheet.first().map_or(&[][..], Vec::as_slice))?;
    let mut told = Vec::new();
    let mut steps: Vec<Step> = Vec::new();
    for (sheet_row, cells) in (2_usize..).zip(sheet.iter().skip(1)) {
        match step(&numbers, year, sheet_row, cells) {
            Ok(Some(step)) if steps.iter().any(|s| s.at == step.at) => {
                told.push(wrong(1, sheet_row, "这个数在前面已经改过一次;留一行"));
            }
            Ok(step) => steps.extend(step),
            Err(found) => told.extend(found),
        }
    }
    if told.is_empty() && steps.is_empty() {
        told.push(wrong(8, 2, "一个新值也没有填"));
    }
    if !told.is_empty() {
        return Err(told);
    }
    let (text, lines) = rewritten(book, &path, &numbers, &steps);
    let found = checked(book, locality, &path, &text, &lines);
    if found.is_empty() {
        Ok(SourceText { path, text })
    } else {
        Err(found)
    }
}

/// The year of the sheet; its columns must be those it went out with.
fn head(cells: &[String]) -> Result<i32, Vec<WrongCell>> {
    let mut told = Vec::new();
    let mut year = None;
    for (column, title) in HEAD.iter().enumerate() {
        let cell = cells.get(column).map_or("", |cell| cell.trim());
        if *title == "新值起" {
            let written = cell
                .strip_prefix("新值起(")
                .and_then(|c| c.strip_suffix(" 年)"));
            year = written.and_then(|y| y.parse().ok());
            if year.is_none() {
                told.push(wrong(column, 1, "表头应是 新值起(年份);请用导出的表"));
            }
        } else if cell != *title {
            told.push(wrong(
                column,
                1,
                format!("表头应是 `{title}`;请用导出的表,不要增删列"),
            ));
        }
    }
    year.filter(|_| told.is_empty()).ok_or(told)
}

fn step(
    numbers: &[Now<'_>],
    year: i32,
    sheet_row: usize,
    cells: &[String],
) -> Result<Option<Step>, Vec<WrongCell>> {
    let cell = |column: usize| cells.get(column).map_or("", |cell| cell.trim());
    let unread = cells.iter().enumerate().filter_map(|(column, cell)| {
        let reason = cell.strip_prefix(UNREADABLE)?;
        Some(wrong(column, sheet_row, format!("这一格读不出来:{reason}")))
    });
    let unread: Vec<WrongCell> = unread.collect();
    if !unread.is_empty() {
        return Err(unread);
    }
    let [value, from, source] = [cell(8), cell(9), cell(10)];
    if [value, from, source].iter().all(|c| c.is_empty()) {
        return Ok(None);
    }
    let same = |now: &Now<'_>| {
        let row = now.row;
        row.file == cell(0) && row.name == cell(1) && row.area == cell(2) && keys(row) == cell(3)
    };
    let Some((at, now)) = numbers.iter().enumerate().find(|(_, now)| same(now)) else {
        let said = format!("手册里没有参数 `{}`(`{}`);前四列不要改", cell(1), cell(0));
        return Err(vec![wrong(1, sheet_row, said)]);
    };
    let mut told = Vec::new();
    if now.row.value != cell(4) {
        let said = format!("现值现在是 `{}`,和表上不同;请重新导出再填", now.row.value);
        told.push(wrong(4, sheet_row, said));
    }
    if value.is_empty() {
        told.push(wrong(8, sheet_row, "填了起始日或来源,没有填新值"));
    } else if value == now.row.value {
        told.push(wrong(8, sheet_row, "新值和现值一样;不改的留空"));
    }
    if source.is_empty() {
        told.push(wrong(10, sheet_row, "没有写来源;写文件名和文号"));
    }
    let day = Day::parse(from).ok();
    match day {
        None => {
            let said = format!("`{from}` 不是日期;写成 {year}-01-01 的样子");
            told.push(wrong(9, sheet_row, said));
        }
        Some(day) if day.year() != year => {
            told.push(wrong(9, sheet_row, format!("{day} 不在 {year} 年")));
        }
        Some(day) => {
            let late = now.row.from.is_none_or(|was| was < day);
            let open = now.row.to.is_none_or(|last| last.add_days(1) == Some(day));
            if !late || !open {
                let said = "要晚于现值起;现值已有止日的,新值从第二天起";
                told.push(wrong(9, sheet_row, said));
            }
        }
    }
    match day {
        Some(from) if told.is_empty() => Ok(Some(Step {
            at,
            value: value.to_owned(),
            from,
            source: source.to_owned(),
            sheet_row,
        })),
        _ => Err(told),
    }
}

/// The text with each changed number's row closed and a new one behind it; and which rows of the sheet
/// the new lines came from, by the number of the line.
fn rewritten(
    book: &Rulebook,
    path: &str,
    numbers: &[Now<'_>],
    steps: &[Step],
) -> (String, BTreeMap<usize, usize>) {
    let whole = book.texts().get(path).map_or("", String::as_str);
    let whole = whole.strip_prefix('\u{FEFF}').unwrap_or(whole);
    let starts = steps
        .iter()
        .filter_map(|s| Some((numbers.get(s.at)?.row.span.start, s)));
    let starts: BTreeMap<usize, &Step> = starts.collect();
    let head = split(whole.lines().next().unwrap_or_default());
    let (mut out, mut lines) = (String::new(), BTreeMap::new());
    let (mut at, mut count) = (0_usize, 0_usize);
    for line in whole.split_inclusive('\n') {
        let step = starts.get(&at);
        at = at.saturating_add(line.len());
        count = count.saturating_add(1);
        let Some(step) = step else {
            out.push_str(line);
            continue;
        };
        let cells = split(line.trim_end_matches(['\r', '\n']));
        let last = step
            .from
            .add_days(-1)
            .map_or_else(String::new, |d| d.to_string());
        let closed = [("止", last.as_str())];
        let from = step.from.to_string();
        let fresh = [
            ("起", from.as_str()),
            ("止", ""),
            ("值", &step.value),
            ("来源", &step.source),
        ];
        out.push_str(&with(&head, &cells, &closed));
        out.push_str(&with(&head, &cells, &fresh));
        count = count.saturating_add(1);
        lines.insert(count, step.sheet_row);
    }
    (out, lines)
}

/// A line with other words in some columns.
fn with(head: &[String], cells: &[String], words: &[(&str, &str)]) -> String {
    let written = head.iter().zip(cells).map(|(title, cell)| {
        let other = words.iter().find(|(name, _)| name == title);
        let cell = other.map_or(cell.as_str(), |(_, word)| word);
        if cell.contains([',', '"']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.to_owned()
        }
    });
    written.collect::<Vec<_>>().join(",") + "\n"
}

/// What the checker of the rules says of the new lines, by the cells they came from.
fn checked(
    book: &Rulebook,
    locality: &str,
    path: &str,
    text: &str,
    lines: &BTreeMap<usize, usize>,
) -> Vec<WrongCell> {
    let mut texts = book.texts().clone();
    texts.insert(path.to_owned(), text.to_owned());
    let sources = texts
        .into_iter()
        .map(|(path, text)| SourceText { path, text });
    let problems = Rulebook::read(sources.collect()).check_in(locality);
    let errors = problems.iter().filter(|p| p.severity == Severity::Error);
    let cell = |problem: &rules::Problem| {
        let (line, _) = rules::problem::line_column(text, problem.span.start);
        let row = lines.get(&line).filter(|_| problem.path == path);
        let help = problem.help.as_deref().unwrap_or("核对这一格");
        let said = format!("{};{help}", problem.message);
        row.map_or_else(
            || {
                wrong(
                    8,
                    2,
                    format!("改了以后整份手册不成立:{}: {said}", problem.path),
                )
            },
            |row| wrong(8, *row, said.clone()),
        )
    };
    errors.map(cell).collect()
}

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that fails should stop where it failed"
)]
mod tests {
    use super::*;

    /// The demo's sheet, with cells written into the row of the standard of towns.
    fn filled(cells: &[(usize, &str)]) -> (Rulebook, Vec<Vec<String>>, usize) {
        let book = crate::rulebook::read(None).unwrap();
        let mut head: Vec<String> = HEAD.iter().map(|title| (*title).to_owned()).collect();
        head[9] = "新值起(2027 年)".to_owned();
        let mut sheet = vec![head];
        let mut place = 0;
        for now in newest(&book, "demo") {
            let row = now.row;
            if (row.file.as_str(), row.name.as_str()) == ("personal_means", "低保标准")
                && place == 0
            {
                place = sheet.len();
            }
            let from = row.from.unwrap().to_string();
            let words = [
                &row.file,
                &row.name,
                &row.area,
                &keys(row),
                &row.value,
                &row.unit,
                &from,
            ];
            let mut line: Vec<String> = words.into_iter().cloned().collect();
            line.resize(HEAD.len(), String::new());
            sheet.push(line);
        }
        for (column, word) in cells {
            sheet[place][*column] = (*word).to_owned();
        }
        (book, sheet, place + 1)
    }

    fn check(cells: &[(usize, &str)], expected: &[(char, &str)]) {
        let (book, sheet, row) = filled(cells);
        let told = changed(&book, "demo", &sheet).err().unwrap_or_default();
        let all: Vec<String> = told.iter().map(ToString::to_string).collect();
        assert_eq!(all.len(), expected.len(), "{all:?}");
        for (said, (letter, word)) in all.iter().zip(expected) {
            assert!(
                said.starts_with(&format!("{letter}{row} ")) && said.contains(word),
                "{said}"
            );
        }
    }

    #[test]
    fn every_mistake_is_told_by_its_cell_and_nothing_is_taken() {
        check(&[(8, "900")], &[('K', "来源"), ('J', "不是日期")]);
        check(
            &[(8, "820"), (9, "2028-01-01"), (10, "文件")],
            &[('I', "一样"), ('J', "2027 年")],
        );
        check(
            &[(4, "1"), (8, "900"), (9, "2027-01-01"), (10, "文件")],
            &[('E', "重新导出")],
        );
        check(
            &[(8, "九百"), (9, "2027-01-01"), (10, "文件")],
            &[('I', "九百")],
        );
        check(
            &[(1, "标准"), (8, "900"), (9, "2027-01-01"), (10, "文件")],
            &[('B', "没有参数")],
        );
    }

    #[test]
    fn a_new_value_closes_the_old_row_and_stands_behind_it() {
        let (book, sheet, _) = filled(&[(8, "900"), (9, "2027-01-01"), (10, "某文")]);
        let text = changed(&book, "demo", &sheet).unwrap().text;
        let mut lines = text
            .lines()
            .skip_while(|line| !line.contains("2026-07-01,2026-12-31,820"));
        assert!(lines.next().unwrap().starts_with("personal_means,低保标准"));
        assert!(
            lines
                .next()
                .unwrap()
                .contains(",2027-01-01,,900,元/人月,某文,")
        );
        assert_eq!(
            text.lines().count(),
            book.texts()[&path_of("demo")].lines().count() + 1
        );
    }
}
