//! The rulebook of a scenario: its texts with numbers replaced and rule files exchanged, then read
//! and checked like any other. Nothing is patched behind the checker's back.

use super::Scenario;
use super::report::Change;
use super::setting::{Number, Setting};
use crate::error::{OfficeError, Result};
use crate::office::Office;
use domain::Day;
use rules::params::{COLUMNS, split};
use rules::{Program, Rulebook, Severity, SourceText};
use std::collections::BTreeMap;

/// The texts of a scenario and what differs in them.
pub(crate) struct Changed {
    pub texts: BTreeMap<String, String>,
    /// In words, one change a line.
    pub changes: Vec<Change>,
    /// Whether a rule file was exchanged, so that the whole book must be checked.
    pub files: bool,
    /// Whether the facts themselves may come out otherwise.
    pub facts: bool,
}

/// The texts with everything changed that the scenario asks for.
///
/// # Errors
/// What cannot be understood.
pub(super) fn changed(office: &Office, scenario: &Scenario, day: Day) -> Result<Changed, String> {
    let mut out = Changed {
        texts: office.book.texts().clone(),
        changes: Vec::new(),
        files: false,
        facts: false,
    };
    for file in &scenario.rules {
        exchange(&mut out, file)?;
    }
    // A number may stand in a file that was just exchanged.
    let reread;
    let book = if out.files {
        let texts = out.texts.iter();
        reread = Rulebook::read(
            texts
                .map(|(path, text)| SourceText {
                    path: path.clone(),
                    text: text.clone(),
                })
                .collect(),
        );
        &reread
    } else {
        &office.book
    };
    let mut numbers: Vec<(Number, String)> = Vec::new();
    for written in &scenario.settings {
        let setting = Setting::parse(written)?;
        for number in setting.numbers(book, &office.locality, day)? {
            if numbers.iter().any(|(n, _)| same(n, &number)) {
                return Err(format!("参数 `{}`({})改了两次", number.name, number.of));
            }
            numbers.push((number, setting.value.clone()));
        }
    }
    if out.changes.is_empty() && numbers.is_empty() {
        return Err("没有写要改什么;用 --set 改一个数,或用 --rules 换规则文件".to_owned());
    }
    let feed = |id: &str| is_feed(book, id);
    out.facts |= numbers.iter().any(|(n, _)| feed(&n.file));
    out.changes.extend(told(&numbers));
    write(&mut out.texts, numbers);
    Ok(out)
}

fn same(a: &Number, b: &Number) -> bool {
    a.path == b.path && a.span == b.span
}

fn is_feed(book: &Rulebook, id: &str) -> bool {
    let heads = book.parsed().iter().filter_map(|p| p.head());
    let mut mine = heads.filter(|h| h.id.text == id);
    mine.any(|h| h.keyword.text == "来文")
}

/// Puts a rule file in the place of the one with its path, or of its name where it has no folder.
fn exchange(out: &mut Changed, file: &SourceText) -> Result<(), String> {
    let path = if file.path.contains('/') || out.texts.contains_key(&file.path) {
        file.path.clone()
    } else {
        let ending = format!("/{}", file.path);
        let mut alike = out.texts.keys().filter(|path| path.ends_with(&ending));
        match (alike.next(), alike.next()) {
            (Some(path), None) => path.clone(),
            (Some(a), Some(b)) => {
                return Err(format!(
                    "规则文件 `{}` 可以是 `{a}` 或 `{b}`;请放进同名的文件夹",
                    file.path
                ));
            }
            (None, _) => {
                return Err(format!(
                    "手册里没有规则文件 `{}`;新的文件请放进 policies/ 这样的文件夹",
                    file.path
                ));
            }
        }
    };
    let old = out.texts.get(&path);
    if old == Some(&file.text) {
        return Ok(());
    }
    // Feeds and the dictionary decide what the facts are; everything else only reads them.
    let reads_only = ["policies/", "warnings/", "procedures/", "assessments/"];
    let feed = |text: &str| text.contains("来文 ");
    let reads_only = reads_only.iter().any(|f| path.contains(f)) || path.ends_with(".csv");
    out.facts |= !reads_only || feed(&file.text);
    out.files = true;
    out.changes.push(Change {
        what: format!("规则文件 {path}"),
        was: if old.is_some() { "现行" } else { "没有" }.to_owned(),
        is: if old.is_some() {
            "换成新的"
        } else {
            "新增"
        }
        .to_owned(),
        unit: String::new(),
        together: Vec::new(),
    });
    out.texts.insert(path, file.text.clone());
    Ok(())
}

/// Changes in words: a number stated for several files is told once, with the files.
fn told(numbers: &[(Number, String)]) -> Vec<Change> {
    let mut out: Vec<(Change, Vec<&str>)> = Vec::new();
    for (number, value) in numbers {
        let of = if number.of.is_empty() {
            String::new()
        } else {
            format!("({})", number.of)
        };
        let change = Change {
            what: format!("{}{of}", number.name),
            was: number.value.clone(),
            is: value.clone(),
            unit: number.unit.clone(),
            together: Vec::new(),
        };
        match out.iter_mut().find(|(c, _)| *c == change) {
            Some((_, files)) => files.push(&number.file),
            None => out.push((change, vec![&number.file])),
        }
    }
    out.into_iter()
        .map(|(mut change, files)| {
            if files.len() > 1 {
                change.together = files.into_iter().map(str::to_owned).collect();
            }
            change
        })
        .collect()
}

/// Writes the values into the texts, from the end so that places stay where they are.
fn write(texts: &mut BTreeMap<String, String>, mut numbers: Vec<(Number, String)>) {
    numbers.sort_by_key(|(n, _)| std::cmp::Reverse((n.path.clone(), n.span.start)));
    for (number, value) in numbers {
        let Some(text) = texts.get_mut(&number.path) else {
            continue;
        };
        // Places are counted without the mark some editors put at the very beginning of a table.
        let mark = if number.row {
            text.len()
                .saturating_sub(text.trim_start_matches('\u{FEFF}').len())
        } else {
            0
        };
        let start = number.span.start.saturating_add(mark);
        let end = number.span.end.saturating_add(mark);
        let Some(old) = text.get(start..end) else {
            continue;
        };
        let new = if number.row {
            let header = text.trim_start_matches('\u{FEFF}').lines().next();
            row(header.unwrap_or_default(), old, &value)
        } else {
            with_unit(old, &value)
        };
        text.replace_range(start..end, &new);
    }
}

/// A row of parameters.csv with another value.
fn row(header: &str, line: &str, value: &str) -> String {
    let column = split(header)
        .iter()
        .position(|c| c == "值")
        .or_else(|| COLUMNS.iter().position(|c| *c == "值"));
    let cells = split(line);
    let written = cells
        .iter()
        .enumerate()
        .map(|(at, cell)| quoted(if Some(at) == column { value } else { cell }));
    written.collect::<Vec<_>>().join(",")
}

fn quoted(cell: &str) -> String {
    if cell.contains([',', '"']) {
        format!("\"{}\"", cell.replace('"', "\"\""))
    } else {
        cell.to_owned()
    }
}

/// A value in a rule text keeps its unit where only the number is written.
fn with_unit(old: &str, value: &str) -> String {
    let digit = |c: char| c.is_ascii_digit() || c == '.' || c == ',' || c == '-';
    if !value.chars().all(digit) {
        return value.to_owned();
    }
    let unit = old.trim_start_matches(digit);
    format!("{value}{unit}")
}

/// The rules of a scenario on a day.
///
/// # Errors
/// The first mistake in them, in the checker's words.
pub(super) fn program(office: &Office, changed: &Changed, day: Day) -> Result<Program> {
    let texts = changed.texts.iter();
    let book = Rulebook::read(
        texts
            .map(|(path, text)| SourceText {
                path: path.clone(),
                text: text.clone(),
            })
            .collect(),
    );
    let (program, linked) = book.program(&office.locality, day);
    let problems = if changed.files { book.check() } else { linked };
    let wrong: Vec<_> = problems
        .iter()
        .filter(|p| p.severity == Severity::Error)
        .collect();
    let Some(first) = wrong.first() else {
        return Ok(program);
    };
    if changed.files {
        let text = book.texts().get(&first.path).map_or("", String::as_str);
        return Err(OfficeError::Rulebook {
            count: wrong.len(),
            first: first.show(text),
        });
    }
    let help = first.help.as_ref();
    let help = help.map_or(String::new(), |help| format!(";{help}"));
    Err(OfficeError::NotFound(format!(
        "不能这样改:{}{help}",
        first.message
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_value_of_the_chosen_row_changes() {
        let header = "文件,参数,地区,键,起,止,值,单位,来源,说明";
        let line = "a,标准,990101,,2026-07-01,,820,元,文件,\"示例值;一,二\"";
        assert_eq!(row(header, line, "900"), line.replace(",820,", ",900,"));
    }

    #[test]
    fn a_number_in_a_rule_text_keeps_its_unit_and_a_word_has_none() {
        assert_eq!(with_unit("1180 元/人月", "1260"), "1260 元/人月");
        assert_eq!(with_unit("150%", "160%"), "160%");
        assert_eq!(with_unit("差额", "分档"), "分档");
    }
}
