//! What a file that left bears: its number and who took it in words, and the number once more in the order of its rows,
//! so that a list whose head was cut off still tells which one it was.
//!
//! Neighbouring rows stand in pairs, the smaller first for a 0 and the greater first for a 1. Eighty rows hold the number
//! and its check, and the next eighty hold it again; a piece of a list of as many rows is enough, from wherever it was
//! taken, as long as nobody sorted it.

use crate::casework::{CaseError, Done};
use crate::desk::minute;
use crate::intake::workbook;
use crate::office::Office;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook, Worksheet, XlsxError};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use store::exports::{self as kept, Export, Wanted};

const NUMBER: &str = "导出编号";
/// Bits of the number and of its check, and the rows they take.
const NUMBER_BITS: u32 = 24;
const CHECK_BITS: u32 = 16;
const BLOCK_ROWS: usize = 80;
/// The most a sheet may hold when it is looked at.
const ROWS_MAX: usize = 200_000;
/// The most exports that are named for a file.
const FOUND_MAX: usize = 5;

/// What a file bears.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    no: i64,
    title: String,
    says: String,
    is_plain: bool,
}

impl Mark {
    pub(super) fn new(no: i64, wanted: &Wanted, minute: &str, is_plain: bool) -> Self {
        Self {
            no,
            title: wanted.title.clone(),
            says: format!("{minute} 由 {} 导出,{} 行", wanted.by, wanted.rows),
            is_plain,
        }
    }

    /// One for the tests of what is written under it.
    #[cfg(test)]
    pub(crate) fn sample() -> Self {
        Self {
            no: 1,
            title: "样例".to_owned(),
            says: String::new(),
            is_plain: false,
        }
    }

    /// A file's name with the number in it.
    pub(crate) fn named(&self, stem: &str, ending: &str) -> String {
        format!("{stem}-导出{}.{ending}", self.no)
    }

    /// Puts rows into an order that tells the number; `key` is one cell of a row as it is written.
    pub(crate) fn order<R, K: Ord>(&self, rows: &mut [R], key: impl Fn(&R) -> K) {
        for (pair, bit) in rows.chunks_exact_mut(2).zip(bits(self.no).cycle()) {
            if let [one, other] = pair {
                let falls = key(one) > key(other);
                if falls != bit && key(one) != key(other) {
                    std::mem::swap(one, other);
                }
            }
        }
    }

    /// What stands at the foot of every printed page of a sheet.
    pub(crate) fn foot(&self, sheet: &mut Worksheet) {
        let says = format!("{NUMBER} {} · {}", self.no, self.says).replace('&', "&&");
        sheet.set_footer(format!("&L{says}&R&P / &N"));
    }

    /// Adds the sheet that says what the workbook is, and the same in its properties.
    pub(crate) fn stamp(&self, book: &mut Workbook) -> Result<(), XlsxError> {
        // Nothing but the number tells one writing of the same rows from another.
        let fixed = ExcelDateTime::from_ymd(2000, 1, 1)?;
        let properties = DocProperties::new()
            .set_creation_datetime(&fixed)
            .set_comment(format!("{NUMBER} {} {}", self.no, self.says));
        book.set_properties(&properties);
        let shows = match self.is_plain {
            true => "有完整的姓名和号码,只限申请时写明的用途,用完按规定销毁",
            false => "没有姓名,号码遮着;不得和别的名单拼接",
        };
        let lines = [
            (NUMBER, self.no.to_string()),
            ("导出", self.title.clone()),
            ("谁、什么时候", self.says.clone()),
            ("内容", shows.to_owned()),
            (
                "登记",
                "这一份已经记入审计链;行的先后里也有编号,转发、截取都查得到".to_owned(),
            ),
        ];
        let sheet = book.add_worksheet();
        sheet.set_name(workbook::TOLD)?;
        sheet.set_column_width(0, 18.0)?;
        sheet.set_column_width(1, 70.0)?;
        for (row, (word, says)) in (0_u32..).zip(lines) {
            sheet.write_string(row, 0, word)?;
            sheet.write_string(row, 1, says)?;
        }
        Ok(())
    }
}

fn check_of(no: u64) -> u64 {
    let digest: [u8; 32] = Sha256::digest(no.to_be_bytes()).into();
    let [high, low, ..] = digest;
    u64::from(u16::from_be_bytes([high, low]))
}

/// The bits of a number and its check, the highest first.
fn bits(no: i64) -> impl Iterator<Item = bool> + Clone {
    let no = u64::try_from(no).unwrap_or(0) & ((1 << NUMBER_BITS) - 1);
    let all = (no << CHECK_BITS) | check_of(no);
    let places = (0..NUMBER_BITS.saturating_add(CHECK_BITS)).rev();
    places.map(move |place| (all >> place) & 1 == 1)
}

/// The number a block of rows tells by a column; none where its check is wrong.
fn number_of(cells: &[&str]) -> Option<i64> {
    let pairs = cells.chunks_exact(2).map(|pair| match pair {
        [one, other] => one > other,
        _ => false,
    });
    let all = pairs.fold(0_u64, |all, bit| (all << 1) | u64::from(bit));
    let (no, check) = (all >> CHECK_BITS, all & ((1 << CHECK_BITS) - 1));
    (no > 0 && check == check_of(no)).then_some(i64::try_from(no).ok()?)
}

/// How often each number is told by the order of rows, by whatever column.
fn told(rows: &[Vec<String>]) -> BTreeMap<i64, usize> {
    let mut out = BTreeMap::new();
    let width = rows.iter().map(Vec::len).max().unwrap_or(0);
    for column in 0..width {
        let cells: Vec<&str> = rows
            .iter()
            .map(|row| row.get(column).map_or("", String::as_str))
            .collect();
        for block in cells.windows(BLOCK_ROWS) {
            if let Some(no) = number_of(block) {
                let times: &mut usize = out.entry(no).or_default();
                *times = times.saturating_add(1);
            }
        }
    }
    out
}

/// An export a file may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its number.
    pub no: i64,
    /// What it was.
    pub title: String,
    /// How many rows left.
    pub rows: u64,
    /// Who took it.
    pub by: String,
    /// When.
    pub at: String,
    /// Whether the file says so itself.
    pub is_written: bool,
    /// How many blocks of rows say so by their order.
    pub blocks: usize,
}

/// Which export a file is, or a piece of one: what it says of itself, and what the order of its rows tells.
///
/// # Errors
/// The file cannot be read, or the record.
pub async fn whose(office: &Office, path: &Path) -> Done<Vec<Found>> {
    let from = path.to_owned();
    let read = tokio::task::spawn_blocking(move || rows_of(&from)).await;
    let read = read.map_err(|error| CaseError::Refused(format!("文件没有读成:{error}")))?;
    let sheets = read.map_err(CaseError::Refused)?;
    let mut written = BTreeSet::new();
    let mut blocks: BTreeMap<i64, usize> = BTreeMap::new();
    for rows in &sheets {
        let own = rows.iter().filter_map(|row| match row.as_slice() {
            [word, no, ..] if word == NUMBER => no.parse::<i64>().ok(),
            _ => None,
        });
        written.extend(own);
        for (no, times) in told(rows) {
            let held = blocks.entry(no).or_default();
            *held = held.saturating_add(times);
        }
    }
    let numbers: BTreeSet<i64> = written.iter().chain(blocks.keys()).copied().collect();
    let mut out = Vec::new();
    for no in numbers {
        let Some(export) = kept::find(&office.store, no).await? else {
            continue;
        };
        let Export { wanted, at, .. } = export;
        let found = Found {
            no,
            title: wanted.title,
            rows: wanted.rows,
            by: wanted.by,
            at: minute(&at),
            is_written: written.contains(&no),
            blocks: blocks.get(&no).copied().unwrap_or(0),
        };
        // So many rows in an order that tells of it never left under it.
        let fits = usize::try_from(found.rows).is_ok_and(|rows| rows >= BLOCK_ROWS);
        if found.is_written || fits {
            out.push(found);
        }
    }
    out.sort_by_key(|one| (!one.is_written, std::cmp::Reverse(one.blocks), one.no));
    out.truncate(FOUND_MAX);
    Ok(out)
}

/// The rows of each sheet of a workbook, or of a CSV.
fn rows_of(path: &Path) -> Result<Vec<Vec<Vec<String>>>, String> {
    let ends = path.extension().and_then(|end| end.to_str());
    if ends.is_some_and(|end| end.eq_ignore_ascii_case("xlsx")) {
        return workbook::sheets(path, ROWS_MAX);
    }
    let unread = |error: csv::Error| format!("CSV 读不下去:{error}");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_path(path)
        .map_err(unread)?;
    let mut rows = Vec::new();
    for record in reader.byte_records().take(ROWS_MAX) {
        let record = record.map_err(unread)?;
        let cells = record
            .iter()
            .map(|cell| String::from_utf8_lossy(cell).into_owned());
        rows.push(cells.collect());
    }
    Ok(vec![rows])
}

#[cfg(test)]
mod tests {
    use super::{BLOCK_ROWS, Mark, told};
    use proptest::prelude::*;

    fn mark(no: i64) -> Mark {
        Mark {
            no,
            ..Mark::sample()
        }
    }

    proptest! {
        #[test]
        fn the_order_of_a_lists_rows_tells_its_number_also_in_a_piece_of_it(
            no in 1_i64..(1 << 24), from in 0_usize..200, more in 0_usize..200, seed in any::<u64>(),
        ) {
            let count = from + 2 * BLOCK_ROWS + more;
            let mut rows: Vec<Vec<String>> = (0_u64..)
                .take(count)
                .map(|i| {
                    let mixed = (i + 1).wrapping_mul(seed | 1).rotate_left(17);
                    vec![format!("{mixed}-{i}"), i.to_string()]
                })
                .collect();
            let before: std::collections::BTreeSet<Vec<String>> = rows.iter().cloned().collect();
            mark(no).order(&mut rows, |row| row.first().cloned());
            prop_assert_eq!(before, rows.iter().cloned().collect::<std::collections::BTreeSet<_>>());
            let piece: Vec<Vec<String>> = rows.into_iter().skip(from).collect();
            prop_assert!(told(&piece).contains_key(&no));
        }

        #[test]
        fn a_list_in_its_own_order_tells_none(count in 160_usize..600) {
            let rows: Vec<Vec<String>> = (0..count).map(|i| vec![format!("{i:06}")]).collect();
            prop_assert!(told(&rows).is_empty());
        }
    }
}
