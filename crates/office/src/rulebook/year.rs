//! 年份日历: a year's arrangement of holidays as an official hands it in — a table, or the year file of the
//! public project the earlier years came from — checked row by row, then a version of the rulebook that two
//! persons sign like every other. No day is made up here, and no half year is taken.

use super::Review;
use super::versions::{self, ChangeError, Changing, Proposal, VersionRow};
use crate::access::{Acting, Right};
use crate::office::Office;
use domain::Day;
use rules::{Rulebook, SourceText};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// The folder of the years, and the text that says what a year must have.
const FOLDER: &str = "calendars/";
const README: &str = "calendars/README.md";
/// Columns of a table, as they are kept; beside each what an office may write instead.
const COLUMNS: [(&str, &str); 4] = [
    ("date", "日期"),
    ("name", "节日"),
    ("is_off_day", "是否放假"),
    ("paper", "通知"),
];
/// More bytes than any year has.
const BYTES_MAX: usize = 1 << 20;
/// Refusals told of one file.
const TOLD_MAX: usize = 50;
const NAME_CHARS_MAX: usize = 40;
const PAPER_CHARS_MAX: usize = 200;
/// What an invented text says of itself.
const EXAMPLE: &str = "示例值";

/// Something of a year's file that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowRefusal {
    /// The line of a table, the header being 1, or the number of a day in a year file; none for the whole.
    pub row: Option<usize>,
    /// Which field; empty for the whole row or file.
    pub field: &'static str,
    /// What, and what to do.
    pub said: String,
}

impl fmt::Display for RowRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.row, self.field) {
            (Some(row), "") => write!(f, "第 {row} 行:{}", self.said),
            (Some(row), field) => write!(f, "第 {row} 行 {field}:{}", self.said),
            (None, _) => write!(f, "{}", self.said),
        }
    }
}

fn whole(said: impl Into<String>) -> RowRefusal {
    RowRefusal {
        row: None,
        field: "",
        said: said.into(),
    }
}

/// A row as it was written.
struct Row {
    at: usize,
    cells: [String; 4],
}

/// A day that differs from the week's rule.
struct Exception {
    name: String,
    off: bool,
    paper: String,
}

/// Reads a year: a table in UTF-8 or GB18030, or a year file in JSON (one year, or several of which this is one).
///
/// # Errors
/// Everything that cannot be taken, each with its row and field; then nothing is.
pub fn read_year(book: &Rulebook, year: i32, bytes: &[u8]) -> Result<SourceText, Vec<RowRefusal>> {
    if bytes.len() > BYTES_MAX {
        return Err(vec![whole(format!(
            "太大,一年的日历不会超过 {} KB",
            BYTES_MAX >> 10
        ))]);
    }
    let text = decoded(bytes).ok_or_else(|| vec![whole("不是文字;请交 CSV 或者 JSON 文件")])?;
    let rows = match text.trim_start().starts_with(['{', '[']) {
        true => of_json(&text, year)?,
        false => of_table(&text)?,
    };
    let mut refused = Vec::new();
    let mut days: BTreeMap<Day, (usize, Exception)> = BTreeMap::new();
    for row in rows {
        match exception(&row, year) {
            Err(found) => refused.extend(found),
            Ok((day, one)) => match days.get(&day) {
                Some((before, _)) => refused.push(RowRefusal {
                    row: Some(row.at),
                    field: "date",
                    said: format!("{day} 在第 {before} 行已经写过;一天只写一行"),
                }),
                None => {
                    days.insert(day, (row.at, one));
                }
            },
        }
    }
    // What is missing is told only once all that is there can be read.
    if refused.is_empty() {
        refused.extend(missing(book, &days));
    }
    if !refused.is_empty() {
        let more = refused.len().saturating_sub(TOLD_MAX);
        refused.truncate(TOLD_MAX);
        if more > 0 {
            refused.push(whole(format!("还有 {more} 处不对")));
        }
        return Err(refused);
    }
    let mut text = COLUMNS.map(|(name, _)| name).join(",");
    text.push('\n');
    for (day, (_, one)) in days {
        let off = u8::from(one.off);
        text.push_str(&format!("{day},{},{off},{}\n", one.name, one.paper));
    }
    Ok(SourceText {
        path: format!("{FOLDER}{year}.csv"),
        text,
    })
}

fn decoded(bytes: &[u8]) -> Option<String> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            let (text, wrong) = encoding_rs::GB18030.decode_without_bom_handling(bytes);
            (!wrong).then(|| text.into_owned())?
        }
    };
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
    (!text.contains('\0')).then(|| text.replace("\r\n", "\n"))
}

/// The rows of a table under its header.
fn of_table(text: &str) -> Result<Vec<Row>, Vec<RowRefusal>> {
    let mut lines = (1_usize..).zip(text.lines());
    let header = lines.next().map(|(_, line)| rules::params::split(line));
    let header = header.unwrap_or_default();
    let place = |(name, other): (&str, &str)| {
        let mut columns = header.iter();
        columns.position(|cell| cell.trim() == name || cell.trim() == other)
    };
    let places = COLUMNS.map(place);
    let absent = COLUMNS.iter().zip(places).filter(|(_, at)| at.is_none());
    let absent: Vec<String> = absent
        .map(|((name, other), _)| format!("{name}({other})"))
        .collect();
    if !absent.is_empty() {
        return Err(vec![RowRefusal {
            row: Some(1),
            field: "",
            said: format!(
                "表头缺 {};表头写 date,name,is_off_day,paper",
                absent.join("、")
            ),
        }]);
    }
    let rows = lines.filter(|(_, line)| !line.trim().is_empty());
    let rows = rows.map(|(at, line)| {
        let cells = rules::params::split(line);
        let cell = |at: Option<usize>| {
            let cell = at.and_then(|at| cells.get(at));
            cell.map_or_else(String::new, |cell| cell.trim().to_owned())
        };
        Row {
            at,
            cells: places.map(cell),
        }
    });
    Ok(rows.collect())
}

/// The days of a year file: `{"year": 2026, "papers": [..], "days": [{"name": .., "date": .., "isOffDay": ..}]}`.
fn of_json(text: &str, year: i32) -> Result<Vec<Row>, Vec<RowRefusal>> {
    let read: Value = serde_json::from_str(text)
        .map_err(|wrong| vec![whole(format!("JSON 读不懂:{wrong};请重新下载这一年的文件"))])?;
    let of_year = |one: &&Value| one.get("year").and_then(Value::as_i64) == Some(i64::from(year));
    let found = match &read {
        Value::Array(all) => all.iter().find(of_year),
        one => Some(one).filter(of_year),
    };
    let found = found.ok_or_else(|| vec![whole(format!("里面没有 {year} 年;请核对年份和文件"))])?;
    let texts = |name: &str| found.get(name).and_then(Value::as_array);
    let papers = texts("papers").into_iter().flatten();
    let papers: Vec<&str> = papers.filter_map(Value::as_str).collect();
    let paper = papers.join(" ");
    let days = texts("days").map_or(&[][..], Vec::as_slice);
    let rows = (1_usize..).zip(days).map(|(at, day)| {
        let word = |name: &str| day.get(name).and_then(Value::as_str);
        let own = |name: &str| word(name).unwrap_or_default().trim().to_owned();
        let off = match day.get("isOffDay").and_then(Value::as_bool) {
            Some(true) => "1",
            Some(false) => "0",
            None => "",
        };
        let cells = [own("date"), own("name"), off.to_owned(), paper.clone()];
        Row { at, cells }
    });
    Ok(rows.collect())
}

/// One row, every field of it looked at.
fn exception(row: &Row, year: i32) -> Result<(Day, Exception), Vec<RowRefusal>> {
    let [date, name, off, paper] = &row.cells;
    let mut refused = Vec::new();
    let mut refuse = |field: &'static str, said: String| {
        refused.push(RowRefusal {
            row: Some(row.at),
            field,
            said,
        });
    };
    let day = match Day::parse(date) {
        Err(wrong) => {
            refuse("date", format!("`{date}` {wrong}"));
            None
        }
        Ok(day) if day.year() != year => {
            refuse(
                "date",
                format!("{day} 不在 {year} 年;别的年份的日子写进那一年的表,另外导入"),
            );
            None
        }
        Ok(day) => Some(day),
    };
    let off = match off.as_str() {
        "1" | "true" | "是" | "休" | "放假" => Some(true),
        "0" | "false" | "否" | "班" | "上班" => Some(false),
        other => {
            refuse(
                "is_off_day",
                format!("`{other}` 读不懂;放假写 1,调休上班写 0"),
            );
            None
        }
    };
    if let (Some(day), Some(false)) = (day, off)
        && !day.is_weekend()
    {
        refuse(
            "is_off_day",
            format!("{day} 不是周六周日,本来就上班,不是调休;请核对日期或者改成 1"),
        );
    }
    for (field, text, most, what) in [
        ("name", name, NAME_CHARS_MAX, "写哪个节日,如 国庆节"),
        (
            "paper",
            paper,
            PAPER_CHARS_MAX,
            "写国务院办公厅放假通知的地址或者文号;还没有公布的年份不能导入",
        ),
    ] {
        let plain = |c: char| !c.is_control() && c != ',' && c != '"';
        if text.is_empty() {
            refuse(field, format!("空着;{what}"));
        } else if text.chars().count() > most || !text.chars().all(plain) {
            refuse(field, format!("太长,或者有逗号、引号;{what}"));
        }
    }
    match (day, off) {
        (Some(day), Some(off)) if refused.is_empty() => {
            let (name, paper) = (name.clone(), paper.clone());
            Ok((day, Exception { name, off, paper }))
        }
        _ => Err(refused),
    }
}

/// Festivals the rulebook says every year has, of which too few days are there: a part of an arrangement would
/// count days as worked that are not.
fn missing(book: &Rulebook, days: &BTreeMap<Day, (usize, Exception)>) -> Vec<RowRefusal> {
    let wanted = festivals(book);
    if wanted.is_empty() {
        return vec![whole(format!(
            "规则手册的 {README} 没有写每年有哪些节日,不知道这一份全不全;请管理规则的人补上"
        ))];
    }
    let mut out = Vec::new();
    for (name, least) in wanted {
        let named = days.values().filter(|(_, one)| one.off);
        let named = named.filter(|(_, one)| one.name.contains(&name)).count();
        if named < least {
            out.push(whole(format!(
                "{name}写了 {named} 天放假,至少应有 {least} 天;安排不全,整份退回"
            )));
        }
    }
    out
}

/// 每年必有的节日, with the fewest days off.
fn festivals(book: &Rulebook) -> Vec<(String, usize)> {
    let tables = book.document(README).map(|document| &document.tables);
    let mut out = Vec::new();
    for table in tables.into_iter().flatten() {
        let column = |name: &str| table.header.iter().position(|cell| cell.text == name);
        let (Some(name), Some(least)) = (column("节日"), column("至少放假")) else {
            continue;
        };
        for row in &table.rows {
            let cell = |at: usize| row.get(at).map_or("", |cell| cell.text.trim());
            let least = cell(least).trim_end_matches('天').trim().parse();
            if let (false, Ok(least)) = (cell(name).is_empty(), least) {
                out.push((cell(name).to_owned(), least));
            }
        }
    }
    out
}

/// A year's file and why it is handed in.
#[derive(Clone, Debug)]
pub struct YearFile {
    /// Which year.
    pub year: i32,
    /// The file.
    pub bytes: Vec<u8>,
    /// The notice it is from.
    pub because: String,
}

/// 导入年份日历: a year's file becomes a proposal, as every change of the rulebook; two persons sign it.
///
/// # Errors
/// The right is missing; a row cannot be taken, each told with row and field; no reason.
pub async fn import_year(
    office: &Office,
    who: &Acting,
    file: YearFile,
) -> Changing<(VersionRow, Review)> {
    who.scope(Right::CALENDAR_IMPORT)?;
    let text = read_year(&office.book, file.year, &file.bytes).map_err(|refused| {
        let said: Vec<String> = refused.iter().map(ToString::to_string).collect();
        ChangeError::Refused(said.join("\n"))
    })?;
    let proposal = Proposal {
        texts: vec![text],
        remove: Vec::new(),
        because: file.because,
        no: None,
    };
    versions::put(office, who, proposal).await
}

/// A year that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YearRow {
    /// The year.
    pub year: i32,
    /// Days off.
    pub off: usize,
    /// Weekend days that are worked.
    pub worked: usize,
    /// The notices it is from.
    pub papers: Vec<String>,
    /// Whether it is invented.
    pub example: bool,
}

/// 工作日历, as its page shows it.
#[derive(Clone, Debug)]
pub struct YearsView {
    /// The years there are, the newest first.
    pub years: Vec<YearRow>,
    /// 未导入年份: years up to the next that nobody has imported.
    pub missing: Vec<i32>,
    /// The days of the year asked for: day, what it is called, what is so on it.
    pub days: Vec<(String, String, &'static str)>,
    /// The year asked for.
    pub asked: i32,
    /// Whether this person may import a year.
    pub imports: bool,
}

/// The years of the work calendar, and the days of one.
///
/// # Errors
/// The right is missing.
pub fn years(office: &Office, who: &Acting, asked: Option<i32>) -> Changing<YearsView> {
    who.scope(Right::RULEBOOK)?;
    let this = office.clock.today().year();
    let mut years = Vec::new();
    let mut days = Vec::new();
    let asked = asked.unwrap_or(this);
    for (path, text) in office.book.texts() {
        let year = path.strip_prefix(FOLDER);
        let year = year.and_then(|name| name.strip_suffix(".csv")?.parse::<i32>().ok());
        let (Some(year), Ok(rows)) = (year, of_table(text)) else {
            continue;
        };
        let mut row = YearRow {
            year,
            off: 0,
            worked: 0,
            papers: Vec::new(),
            example: text.contains(EXAMPLE),
        };
        for one in rows {
            let [date, name, off, paper] = one.cells;
            let off = off == "1";
            row.off = row.off.saturating_add(usize::from(off));
            row.worked = row.worked.saturating_add(usize::from(!off));
            if !row.papers.contains(&paper) {
                row.papers.push(paper);
            }
            if year == asked {
                days.push((date, name, if off { "放假" } else { "调休上班" }));
            }
        }
        years.push(row);
    }
    years.sort_by_key(|row| std::cmp::Reverse(row.year));
    let first = years.last().map_or(this, |row| row.year.min(this));
    let known = |year: &i32| years.iter().any(|row| row.year == *year);
    let missing = (first..=this.saturating_add(1)).filter(|year| !known(year));
    Ok(YearsView {
        missing: missing.collect(),
        years,
        days,
        asked,
        imports: who.may(Right::CALENDAR_IMPORT),
    })
}

#[cfg(test)]
#[expect(
    clippy::indexing_slicing,
    reason = "a test that fails should stop where it failed"
)]
mod tests {
    use super::*;

    const HEAD: &str = "date,name,is_off_day,paper\n";
    const README_TEXT: &str = "# 工作日历\n\n要旨:一年一个文件。\n\n| 节日 | 至少放假 | 依据 |\n|---|---|---|\n| 元旦 | 1 天 | 示例 |\n| 国庆节 | 2 天 | 示例 |\n";

    fn check(file: &str, expected: &str) {
        let book = Rulebook::read(vec![SourceText {
            path: README.to_owned(),
            text: README_TEXT.to_owned(),
        }]);
        let told = match read_year(&book, 2027, file.as_bytes()) {
            Ok(text) => format!("{}\n{}", text.path, text.text),
            Err(refused) => {
                let said: Vec<String> = refused.iter().map(ToString::to_string).collect();
                said.join("\n")
            }
        };
        assert_eq!(told, expected);
    }

    const WHOLE: &str = "2027-10-02,国庆节,1,甲\n2027-01-01,元旦,1,甲\n2027-10-01,国庆节,1,甲\n2027-10-09,国庆节,0,甲\n";
    const SORTED: &str = "calendars/2027.csv\ndate,name,is_off_day,paper\n2027-01-01,元旦,1,甲\n2027-10-01,国庆节,1,甲\n2027-10-02,国庆节,1,甲\n2027-10-09,国庆节,0,甲\n";

    #[test]
    fn a_whole_year_is_taken_from_a_table_or_a_year_file() {
        check(&format!("{HEAD}{WHOLE}"), SORTED);
        check(
            &format!("\u{FEFF}通知,日期,节日,是否放假\r\n{}", {
                let rows = WHOLE.lines().map(|row| {
                    let cells: Vec<&str> = row.split(',').collect();
                    format!("{},{},{},{}\r\n", cells[3], cells[0], cells[1], cells[2])
                });
                rows.collect::<String>()
            }),
            SORTED,
        );
        let days = WHOLE.lines().map(|row| {
            let cells: Vec<&str> = row.split(',').collect();
            serde_json::json!({"date": cells[0], "name": cells[1], "isOffDay": cells[2] == "1"})
        });
        let year =
            serde_json::json!({"year": 2027, "papers": ["甲"], "days": days.collect::<Vec<_>>()});
        check(&year.to_string(), SORTED);
        check(
            &serde_json::json!([{"year": 2026}, year]).to_string(),
            SORTED,
        );
    }

    #[test]
    fn every_wrong_row_is_told_with_its_field_and_nothing_is_taken() {
        check(
            &format!("{HEAD}2027-13-01,元旦,1,甲\n2028-01-01,,2,\n2027-10-08,国庆节,0,甲\n"),
            "第 2 行 date:`2027-13-01` 日历上没有这一天,请核对年月日\n\
             第 3 行 date:2028-01-01 不在 2027 年;别的年份的日子写进那一年的表,另外导入\n\
             第 3 行 is_off_day:`2` 读不懂;放假写 1,调休上班写 0\n\
             第 3 行 name:空着;写哪个节日,如 国庆节\n\
             第 3 行 paper:空着;写国务院办公厅放假通知的地址或者文号;还没有公布的年份不能导入\n\
             第 4 行 is_off_day:2027-10-08 不是周六周日,本来就上班,不是调休;请核对日期或者改成 1",
        );
        check(
            &format!("{HEAD}{WHOLE}2027-01-01,元旦,1,甲\n"),
            "第 6 行 date:2027-01-01 在第 3 行已经写过;一天只写一行",
        );
        check(
            "日期,是否放假\n2027-01-01,1\n",
            "第 1 行:表头缺 name(节日)、paper(通知);表头写 date,name,is_off_day,paper",
        );
    }

    #[test]
    fn a_part_of_a_year_or_a_year_not_announced_is_no_calendar() {
        check(
            &format!("{HEAD}2027-01-01,元旦,1,甲\n2027-10-01,国庆节,1,甲\n"),
            "国庆节写了 1 天放假,至少应有 2 天;安排不全,整份退回",
        );
        let empty = "元旦写了 0 天放假,至少应有 1 天;安排不全,整份退回\n国庆节写了 0 天放假,至少应有 2 天;安排不全,整份退回";
        check(r#"[{"year":2027,"papers":[],"days":[]}]"#, empty);
        check(HEAD, empty);
        check(r#"{"year":2026}"#, "里面没有 2027 年;请核对年份和文件");
    }
}
