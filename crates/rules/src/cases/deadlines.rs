//! 期限案例: the tables by which officials test how long a procedure gives, by the work calendar.
//!
//! | 案例 | 流程 | 自 | 受理日 | 至 | 遇有 | 暂停 | → 到期日 | → 跳过的假日 |. 流程 may be left out in a file with one,
//! 自 where only one time ends at 至; 受理日 is the day of 自.

use super::{CaseResult, rows_of};
use crate::check::Parsed;
use crate::markdown::{Cell, Table};
use crate::problem::Span;
use crate::procedure::{calendar, declared, procedures};
use crate::rulebook::Rulebook;
use domain::procedure::{Due, Length, Procedure};
use domain::{Day, WorkCalendar};
use std::collections::{BTreeSet, HashMap};

/// The column that makes a table one of deadlines.
const DUE: &str = "→ 到期日";

/// Runs the deadline cases of the procedures a place answers for.
pub(super) fn run_all(book: &Rulebook, locality: &str) -> Vec<CaseResult> {
    let adopts = book.localities().iter().find(|l| l.id == locality);
    let adopts = adopts.map_or(&[][..], |l| l.named.as_slice());
    let own = format!("localities/{locality}/");
    let mut runner = Runner {
        book,
        locality,
        calendar: calendar(book).0,
        by_day: HashMap::new(),
    };
    let mut out = Vec::new();
    for parsed in book.parsed() {
        let named = declared(parsed);
        let answers = adopts.is_empty() || named.iter().any(|n| adopts.contains(n));
        let here = parsed.path.starts_with(&own)
            || answers
                && !parsed.path.starts_with("localities/")
                && !replaced(book, locality, parsed);
        if named.is_empty() || !here {
            continue;
        }
        for (table, row) in rows_of(book, &parsed.path) {
            if table.header.iter().any(|c| c.text == DUE) {
                out.push(runner.run(&parsed.path, table, row));
            }
        }
    }
    out
}

fn replaced(book: &Rulebook, locality: &str, parsed: &Parsed) -> bool {
    let place = book.localities().iter().find(|l| l.id == locality);
    place.is_some_and(|l| {
        l.replaces
            .iter()
            .any(|(old, _)| crate::rulebook::replaced(old, &parsed.path))
    })
}

struct Runner<'a> {
    book: &'a Rulebook,
    locality: &'a str,
    calendar: WorkCalendar,
    by_day: HashMap<Day, Vec<Procedure>>,
}

/// A row's cells by the name of their column.
struct Row<'a>(&'a Table, &'a [Cell]);

impl Row<'_> {
    fn cell(&self, name: &str) -> &str {
        let at = self.0.header.iter().position(|h| h.text == name);
        at.and_then(|i| self.1.get(i))
            .map_or("", |c| c.text.as_str())
    }

    fn list(&self, name: &str) -> Vec<String> {
        let words = self.cell(name).split(['、', ',', '\u{FF0C}']);
        words
            .map(str::trim)
            .filter(|w| !w.is_empty())
            .map(str::to_owned)
            .collect()
    }
}

impl Runner<'_> {
    fn run(&mut self, path: &str, table: &Table, cells: &[Cell]) -> CaseResult {
        let row = Row(table, cells);
        let mut result = CaseResult {
            path: path.to_owned(),
            heading: table.heading.clone(),
            name: cells.first().map_or(String::new(), |c| c.text.clone()),
            span: cells.first().map_or(Span::default(), |c| c.span),
            failures: vec![],
            explanation: String::new(),
        };
        match self.due(path, &row) {
            Err(said) => result.failures.push(said),
            Ok((told, length)) => {
                compare(&row, &told, &mut result.failures);
                if !result.failures.is_empty() {
                    result.explanation = explain(&row, length, &told);
                }
            }
        }
        result
    }

    /// What the procedure gives; the text of a missing calendar is an answer too.
    fn due(&mut self, path: &str, row: &Row<'_>) -> Result<(Result<Due, String>, Length), String> {
        let start = Day::parse(row.cell("受理日")).map_err(|e| format!("受理日:{e}"))?;
        let pauses = pauses(row)?;
        let (book, locality) = (self.book, self.locality);
        let all = self
            .by_day
            .entry(start)
            .or_insert_with(|| procedures(book, locality, start).0);
        let named = row.cell("流程");
        let procedure = all
            .iter()
            .find(|p| p.path == path && (named.is_empty() || p.id == named))
            .ok_or_else(|| {
                let which = if named.is_empty() { path } else { named };
                format!("{start} 没有可以用的流程 `{which}`:那天没有施行,有错,或者参数没有填")
            })?;
        let length = length(procedure, row)?;
        let due = length.due(start, &self.calendar, &pauses);
        Ok((due.map_err(|e| e.to_string()), length))
    }
}

/// The time between 自 and 至 for a case with these circumstances.
fn length(procedure: &Procedure, row: &Row<'_>) -> Result<Length, String> {
    let (from, to) = (row.cell("自"), row.cell("至"));
    if procedure.step(to).is_none() {
        return Err(format!("没有 `{to}` 这一步"));
    }
    let mut told: BTreeSet<String> = procedure.always().map(str::to_owned).collect();
    for name in row.list("遇有") {
        if !procedure.circumstances.iter().any(|c| c.name == name) {
            return Err(format!("没有 `{name}` 这个情形"));
        }
        told.insert(name);
    }
    let law = procedure.limits_for(&told);
    let found = law
        .iter()
        .find(|(l, _)| l.to == to && (from.is_empty() || l.from == from));
    if let Some((_, length)) = found {
        return Ok(*length);
    }
    let own = procedure
        .step(to)
        .and_then(|s| s.limit.as_ref())
        .filter(|l| {
            let since = l.from.as_deref();
            from.is_empty() || since == Some(from) || since.is_none() && leads(procedure, from, to)
        });
    own.map(|l| l.length)
        .ok_or_else(|| format!("这个流程没有从 `{from}` 至 `{to}` 的期限"))
}

fn leads(procedure: &Procedure, from: &str, to: &str) -> bool {
    procedure
        .step(from)
        .is_some_and(|s| s.next.iter().any(|n| n.step == to))
}

/// `2026-09-16 至 2026-09-18`, several with 、 between; both days are within the pause.
fn pauses(row: &Row<'_>) -> Result<Vec<domain::Span>, String> {
    row.list("暂停")
        .iter()
        .map(|text| {
            let (first, last) = text.split_once('至').unwrap_or((text, text));
            let day = |t: &str| Day::parse(t.trim()).map_err(|e| format!("暂停:{e}"));
            let (first, last) = (day(first)?, day(last)?);
            domain::Span::new(first, last.add_days(1))
                .ok_or_else(|| format!("暂停 `{text}` 的后一天早于前一天"))
        })
        .collect()
}

fn compare(row: &Row<'_>, told: &Result<Due, String>, failures: &mut Vec<String>) {
    let want = row.cell(DUE);
    match told {
        Ok(due) => {
            if due.day.to_string() != want {
                failures.push(format!("到期日 应是 {want},得到 {}", due.day));
            }
            let skipped = row.list("→ 跳过的假日");
            if !skipped.is_empty() && skipped != days(due) {
                let got = days(due).join("、");
                failures.push(format!("跳过的假日 应是 {},得到 {got}", skipped.join("、")));
            }
        }
        Err(said) if want.is_empty() || !said.starts_with(want) => {
            failures.push(format!("到期日 应是 {want},却{said}"));
        }
        Err(_) => {}
    }
}

fn days(due: &Due) -> Vec<String> {
    due.skipped.iter().map(Day::to_string).collect()
}

fn explain(row: &Row<'_>, length: Length, told: &Result<Due, String>) -> String {
    let start = row.cell("受理日");
    let mut out = format!(
        "从 {start} 的第二天起数 {}",
        crate::procedure::written(length)
    );
    match told {
        Ok(due) if due.skipped.is_empty() => out.push_str(&format!(",到 {}", due.day)),
        Ok(due) => {
            let skipped = days(due).join("、");
            out.push_str(&format!(",到 {};跳过法定假日 {skipped}", due.day));
        }
        Err(said) => out.push_str(&format!(";{said}")),
    }
    out
}
