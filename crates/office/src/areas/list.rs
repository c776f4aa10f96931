//! Bytes of a list of areas → places by code, and every row not taken with its line and reason.
//!
//! Lists are told apart by their columns, never by their name: our own and the statistics bureau's
//! (`code,name[,level,parent,urban_rural_code]`), and codes with the years they were in force
//! (`adcode,name,…,first_year,last_year`). Packed files are opened by their first bytes.

use super::Told;
use crate::error::{OfficeError, Result};
use domain::{AreaCode, AreaLevel, Day, UrbanRural};
use encoding_rs::GB18030;
use std::collections::BTreeSet;
use std::io::Read;

/// The most a packed list may become; a whole country's villages are 21 MB.
const BYTES_MAX: u64 = 512 << 20;
/// The longest name of a place, in characters.
const NAME_MAX: usize = 100;
/// What a list writes beside a row it is not sure of.
const UNSURE: &str = "待核实";

/// A row that can be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub code: AreaCode,
    pub name: Box<str>,
    pub class: Option<UrbanRural>,
    /// The first day, where the list tells one.
    pub from: Option<Day>,
    /// The first day without, where the list tells one.
    pub to: Option<Day>,
    pub line: u64,
}

/// What kind of list it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The places there are on one day.
    Places,
    /// Codes with the years they were in force.
    Years,
}

/// A list that was read.
#[derive(Debug)]
pub(super) struct List {
    pub kind: Kind,
    /// By code, and by the first day within one.
    pub rows: Vec<Listed>,
    /// The last year a list of years tells of.
    pub last_year: Option<i32>,
    pub refused: Vec<Told>,
    /// Rows that repeat the place around them under its own digits: `441900` is `4419`.
    pub same_as_above: Vec<Told>,
    /// Codes of refused rows: listed all the same, so none of them has gone.
    pub in_doubt: BTreeSet<AreaCode>,
}

/// Reads a list.
///
/// # Errors
/// The whole file is none: not packed as it says, no such columns, no rows.
pub(super) fn read(bytes: &[u8]) -> Result<List> {
    let text = text(unpacked(bytes)?)?;
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.trim_start_matches('\u{FEFF}').as_bytes());
    let broken = |e: csv::Error| OfficeError::FileRefused(format!("CSV 读不下去:{e}"));
    let columns = Columns::of(reader.headers().map_err(broken)?)?;
    let mut list = List {
        kind: columns.kind(),
        rows: Vec::new(),
        last_year: None,
        refused: Vec::new(),
        same_as_above: Vec::new(),
        in_doubt: BTreeSet::new(),
    };
    let mut years = Vec::new();
    let mut record = csv::StringRecord::new();
    while reader.read_record(&mut record).map_err(broken)? {
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let line = record.position().map_or(0, csv::Position::line);
        match columns.row(&record, line) {
            Ok((row, span)) => {
                list.rows.push(row);
                years.extend(span);
            }
            Err(Why::SameAsAbove(told)) => list.same_as_above.push(told),
            Err(Why::Refused(told, code)) => {
                list.in_doubt.extend(code);
                list.refused.push(told);
            }
        }
    }
    if list.rows.is_empty() && list.refused.is_empty() && list.same_as_above.is_empty() {
        return refuse("只有表头,没有一个地区");
    }
    if list.kind == Kind::Years {
        list.last_year = set_days(&mut list.rows, &years);
    }
    list.rows
        .sort_unstable_by_key(|row| (row.code, row.from, row.line));
    if list.kind == Kind::Places {
        refuse_repeated(&mut list);
    }
    Ok(list)
}

fn refuse<T>(said: impl Into<String>) -> Result<T> {
    Err(OfficeError::FileRefused(said.into()))
}

fn unpacked(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let read = if bytes.starts_with(&[0x1F, 0x8B]) {
        let packed = flate2::read::MultiGzDecoder::new(bytes);
        packed.take(BYTES_MAX).read_to_end(&mut out)
    } else if bytes.starts_with(&[0xFD, b'7', b'z', b'X', b'Z', 0]) {
        let packed = lzma_rust2::XzReader::new(bytes, true);
        packed.take(BYTES_MAX).read_to_end(&mut out)
    } else {
        bytes.take(BYTES_MAX).read_to_end(&mut out)
    };
    match read {
        Err(error) => refuse(format!("压缩文件解不开({error});请重新传送")),
        Ok(length) if u64::try_from(length).unwrap_or(u64::MAX) >= BYTES_MAX => {
            refuse("展开后超过 512 MB,不是区划表")
        }
        Ok(_) => Ok(out),
    }
}

fn text(bytes: Vec<u8>) -> Result<String> {
    if bytes.contains(&0) {
        return refuse("文件里有空字符,不是文本;请另存为 CSV(UTF-8)");
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => match GB18030.decode_without_bom_handling(error.as_bytes()) {
            (text, false) => Ok(text.into_owned()),
            (_, true) => refuse("文件既不是 UTF-8 也不是 GB18030;请另存为 CSV(UTF-8)"),
        },
    }
}

/// Why a row is not taken.
enum Why {
    SameAsAbove(Told),
    Refused(Told, Option<AreaCode>),
}

/// Where the columns stand.
struct Columns {
    code: usize,
    name: usize,
    level: Option<usize>,
    parent: Option<usize>,
    class: Option<usize>,
    years: Option<(usize, usize)>,
    note: Option<usize>,
}

impl Columns {
    fn of(header: &csv::StringRecord) -> Result<Self> {
        let find = |names: &[&str]| {
            let mut cells = header.iter().map(str::trim);
            cells.position(|cell| names.iter().any(|name| cell.eq_ignore_ascii_case(name)))
        };
        let (Some(code), Some(name)) = (
            find(&["code", "adcode", "代码", "区划代码", "统计用区划代码"]),
            find(&["name", "名称", "区划名称"]),
        ) else {
            let found: Vec<&str> = header.iter().take(12).collect();
            return refuse(format!(
                "表头没有代码和名称两列;第一行应像 code,name,level,parent,urban_rural_code,实为 {}",
                found.join(",")
            ));
        };
        Ok(Self {
            code,
            name,
            level: find(&["level", "级别"]),
            parent: find(&["parent", "上级代码", "上级"]),
            class: find(&["urban_rural_code", "城乡分类代码"]),
            years: find(&["first_year", "启用年"]).zip(find(&["last_year", "末年"])),
            note: find(&["note", "备注"]),
        })
    }

    fn kind(&self) -> Kind {
        match self.years {
            Some(_) => Kind::Years,
            None => Kind::Places,
        }
    }

    /// A row, and the years it names.
    fn row(
        &self,
        record: &csv::StringRecord,
        line: u64,
    ) -> Result<(Listed, Option<(i32, i32)>), Why> {
        let cell = |at: usize| record.get(at).unwrap_or("").trim();
        let optional = |at: Option<usize>| at.map_or("", cell);
        let told = |reason: String| Told {
            line,
            code: cell(self.code).to_owned(),
            reason,
        };
        let code = AreaCode::parse(cell(self.code))
            .map_err(|error| Why::Refused(told(error.to_string()), None))?;
        let wrong = |reason: String| Why::Refused(told(reason), Some(code));
        if let Some(level) = level(optional(self.level)).map_err(wrong)? {
            let said = format!("级别是{},代码却是{}的", level.name(), code.level().name());
            if level > code.level() {
                let same = format!("{said};与 {code} 是同一处,不另立");
                return Err(Why::SameAsAbove(told(same)));
            }
            if level < code.level() {
                return Err(wrong(format!("{said},请核对")));
            }
        }
        let name = cell(self.name);
        named(name).map_err(wrong)?;
        let parent = optional(self.parent);
        if !parent.is_empty() {
            let around = AreaCode::parse(parent).map_err(|e| wrong(format!("上级:{e}")))?;
            if !around.contains(&code) || around == code {
                return Err(wrong(format!("上级 {around} 不是代码的前几位,请核对")));
            }
        }
        let note = optional(self.note);
        if note.contains(UNSURE) {
            return Err(wrong(format!(
                "名单自己注明「{note}」;核实后去掉备注再导入"
            )));
        }
        let years = match self.years {
            None => None,
            Some((first, last)) => Some(years(cell(first), cell(last)).map_err(wrong)?),
        };
        let row = Listed {
            code,
            name: name.into(),
            class: UrbanRural::from_class(optional(self.class)),
            from: None,
            to: None,
            line,
        };
        Ok((row, years))
    }
}

fn level(cell: &str) -> Result<Option<AreaLevel>, String> {
    if cell.is_empty() {
        return Ok(None);
    }
    let mut numbered = ["1", "2", "3", "4", "5"].into_iter().zip(AreaLevel::ALL);
    let found = numbered.find(|(number, level)| cell == *number || cell == level.name());
    match found {
        Some((_, level)) => Ok(Some(level)),
        None => Err(format!("级别 `{cell}` 不是 1 到 5")),
    }
}

fn named(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("名称为空".to_owned());
    }
    if name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(format!(
            "名称超过 {NAME_MAX} 个字或含换行等控制字符,可能是行错位"
        ));
    }
    Ok(())
}

fn years(first: &str, last: &str) -> Result<(i32, i32), String> {
    let year = |text: &str| text.parse().ok().filter(|y| (1900..=9000).contains(y));
    match (year(first), year(last)) {
        (Some(first), Some(last)) if first <= last => Ok((first, last)),
        _ => Err(format!("年份 {first}—{last} 不对,请核对")),
    }
}

/// A list of years begins and ends somewhere: what was in force in its first year may be older,
/// what is in force in its last year still is.
fn set_days(rows: &mut [Listed], years: &[(i32, i32)]) -> Option<i32> {
    let oldest = years.iter().map(|y| y.0).min()?;
    let newest = years.iter().map(|y| y.1).max()?;
    for (row, (first, last)) in rows.iter_mut().zip(years) {
        row.from = (*first > oldest).then(|| Day::new(*first, 1, 1)).flatten();
        row.to = (*last < newest)
            .then(|| Day::new(last.saturating_add(1), 1, 1))
            .flatten();
    }
    Some(newest)
}

fn refuse_repeated(list: &mut List) {
    let mut before: Option<(AreaCode, u64)> = None;
    let mut refused = Vec::new();
    list.rows.retain(|row| {
        if let Some((code, line)) = before
            && code == row.code
        {
            refused.push(Told {
                line: row.line,
                code: row.code.to_string(),
                reason: format!("第 {line} 行已有同一代码"),
            });
            return false;
        }
        before = Some((row.code, row.line));
        true
    });
    list.refused.extend(refused);
}
