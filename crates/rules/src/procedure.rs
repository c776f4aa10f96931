//! 流程: the procedures of the rulebook as they hold in a place on a day.
//!
//! `procedures(&book, locality, day)` gives them with everything that stands in the way; a procedure
//! with an error, or with a number the place has not filled in, is left out. `calendar(&book)` is the
//! work calendar of the same rulebook.

use crate::ast::{BlockStmt, Stmt};
use crate::check::Parsed;
use crate::check::procedures::{Around, Field, build, list};
use crate::markdown::Cell;
use crate::params;
use crate::problem::{Problem, Span};
use crate::rulebook::Rulebook;
use domain::procedure::{Counted, Length, Procedure};
use domain::{Day, WorkCalendar};
use std::collections::{BTreeMap, BTreeSet};

/// The procedures of a place on a day, in the order of their files; and what is wrong with them.
///
/// The one for a programme is found by `purpose` and `programmes`. Circumstances the place says of all
/// its cases are in `Procedure::always`.
pub fn procedures(book: &Rulebook, locality: &str, day: Day) -> (Vec<Procedure>, Vec<Problem>) {
    build(&book.place(locality).source(day), &around(book))
}

/// Roles, fields and policies that procedures may name.
pub(crate) fn around(book: &Rulebook) -> Around<'_> {
    let heads = book.parsed().iter().filter_map(|p| p.head());
    let policies = heads.filter(|h| h.keyword.text == "政策");
    Around {
        roles: roles(book),
        rights: rights(book),
        policies: policies.map(|h| h.id.text.as_str()).collect(),
        fields: fields(book),
        texts: Some(book.texts()),
    }
}

/// Days on which a procedure begins to hold, or the day after its last.
#[must_use]
pub fn turning_days(book: &Rulebook) -> BTreeSet<Day> {
    turning_days_of(book.parsed().iter())
}

/// The same of some files.
pub(crate) fn turning_days_of<'a>(files: impl Iterator<Item = &'a Parsed>) -> BTreeSet<Day> {
    let mut out = BTreeSet::new();
    for block in heads(files) {
        // `名称 2021-07-01 起施行 2024-12-31 止`: the first day stands before 起施行, the last behind it.
        let firsts = block.head.iter().filter_map(|w| Day::parse(&w.text).ok());
        out.extend(firsts);
        let behind = block.clauses.iter().filter(|(c, _)| c.text == "起施行");
        let lasts = behind
            .flat_map(|(_, w)| w)
            .filter_map(|w| Day::parse(&w.text).ok());
        out.extend(lasts.filter_map(|d| d.add_days(1)));
    }
    out
}

/// What a file's procedures go by: their ids and the policies they serve. Empty when it has none.
pub(crate) fn declared(parsed: &Parsed) -> Vec<String> {
    let mut out = Vec::new();
    for statement in &parsed.file.statements {
        let Stmt::Block(block) = &statement.kind else {
            continue;
        };
        if block.keyword.text == "流程" {
            out.extend(block.head.first().map(|n| n.text.clone()));
            let serves = block.clauses.iter().filter(|(c, _)| c.text == "适用");
            out.extend(serves.flat_map(|(_, w)| list(w)).map(|n| n.text));
        }
    }
    out
}

/// `30 个工作日`
pub fn written(length: Length) -> String {
    if length.count == 0 {
        return "当日".to_owned();
    }
    let unit = match length.counted {
        Counted::Workdays => "个工作日",
        Counted::Days => "天",
        Counted::Months => "个月",
    };
    format!("{} {unit}", length.count)
}

/// The parameters of procedures: (the procedure's id, the name).
pub(crate) fn parameters(book: &Rulebook) -> BTreeSet<(String, String)> {
    let mut out = BTreeSet::new();
    for parsed in book.parsed() {
        let mut id = None;
        for statement in &parsed.file.statements {
            match (&statement.kind, id) {
                (Stmt::Block(b), _) if b.keyword.text == "流程" => id = b.head.first(),
                (Stmt::Param(p), Some(id)) => {
                    let _ = out.insert((id.text.clone(), p.name.text.clone()));
                }
                _ => {}
            }
        }
    }
    out
}

fn heads<'a>(files: impl Iterator<Item = &'a Parsed>) -> impl Iterator<Item = &'a BlockStmt> {
    let statements = files.flat_map(|p| &p.file.statements);
    statements.filter_map(|s| match &s.kind {
        Stmt::Block(b) if b.keyword.text == "流程" => Some(b),
        _ => None,
    })
}

/// The 角色 of access.md.
fn roles(book: &Rulebook) -> BTreeSet<String> {
    let tables = book.document("access/access.md").map(|d| &d.tables);
    let mut out = BTreeSet::new();
    for table in tables.into_iter().flatten() {
        let column = |name: &str| table.header.iter().position(|c| c.text == name);
        let (Some(role), Some(_), Some(_)) = (column("角色"), column("代号"), column("类别"))
        else {
            continue;
        };
        let named = table.rows.iter().filter_map(|r| r.get(role));
        out.extend(named.map(|c| c.text.clone()));
    }
    out
}

/// The roles of each right of access.md; a cell may name a whole class of them.
fn rights(book: &Rulebook) -> BTreeMap<String, BTreeSet<String>> {
    let tables = book.document("access/access.md").map(|d| &d.tables);
    let (mut classes, mut out) = (BTreeMap::<String, BTreeSet<String>>::new(), BTreeMap::new());
    for table in tables.into_iter().flatten() {
        let column = |name: &str| table.header.iter().position(|c| c.text == name);
        let cell =
            |row: &[Cell], at: usize| row.get(at).map_or_else(String::new, |c| c.text.clone());
        match (
            column("角色"),
            column("类别"),
            column("代号"),
            column("遮盖"),
        ) {
            (Some(role), Some(class), Some(_), None) => {
                for row in &table.rows {
                    let of = classes.entry(cell(row, class)).or_default();
                    of.insert(cell(row, role));
                }
            }
            (Some(roles), None, Some(code), Some(_)) => {
                for row in &table.rows {
                    let named = cell(row, roles);
                    let meant = named
                        .split('、')
                        .flat_map(|word| match classes.get(word.trim()) {
                            Some(all) => all.iter().cloned().collect(),
                            None => vec![word.trim().to_owned()],
                        });
                    out.insert(cell(row, code), meant.collect());
                }
            }
            _ => {}
        }
    }
    out
}

/// The rows of notices/fields.md.
fn fields(book: &Rulebook) -> Vec<Field> {
    let tables = book.document("notices/fields.md").map(|d| &d.tables);
    let mut out = Vec::new();
    for table in tables.into_iter().flatten() {
        let column = |name: &str| table.header.iter().position(|c| c.text == name);
        let columns = ["字段", "个人信息", "可以公开", "可以写进文书"].map(column);
        let [Some(name), Some(personal), Some(public), Some(letter)] = columns else {
            continue;
        };
        for row in &table.rows {
            let cell = |at: usize| row.get(at).map_or("", |c| c.text.as_str());
            out.push(Field {
                name: cell(name).to_owned(),
                // What is not said plainly is a person's and not for others.
                personal: cell(personal) != "否",
                public: cell(public) == "是",
                letter: cell(letter) == "是",
            });
        }
    }
    out
}

/// 工作日历: the years of `calendars/<year>.csv`; a row that is no day is told and left out.
pub fn calendar(book: &Rulebook) -> (WorkCalendar, Vec<Problem>) {
    let (mut days, mut years, mut problems) = (Vec::new(), Vec::new(), Vec::new());
    for (path, text) in book.texts() {
        let name = path
            .strip_prefix("calendars/")
            .and_then(|p| p.strip_suffix(".csv"));
        let Some(name) = name else {
            continue;
        };
        years.extend(name.parse::<i32>().ok());
        let mut columns = None;
        let mut at = 0_usize;
        for line in text.split_inclusive('\n') {
            let span = Span::new(at, at.saturating_add(line.trim_end().len()));
            at = at.saturating_add(line.len());
            if line.trim().is_empty() {
                continue;
            }
            let cells = params::split(line.trim_end());
            let Some((date, off)) = columns else {
                let place = |name: &str| cells.iter().position(|h| h == name);
                columns = Some((place("date").unwrap_or(0), place("is_off_day").unwrap_or(2)));
                continue;
            };
            let cell = |i: usize| cells.get(i).map_or("", |c| c.trim());
            match Day::parse(cell(date)) {
                Ok(day) => days.push((day, matches!(cell(off), "1" | "true" | "是" | "休"))),
                Err(wrong) => problems.push(
                    Problem::error("calendar-day", span, wrong.to_string())
                        .help("每行写一天,如 2026-10-01,国庆节,1")
                        .at(path),
                ),
            }
        }
    }
    (WorkCalendar::from_rows(days, years), problems)
}
