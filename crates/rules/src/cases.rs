//! 案例: the tables by which officials test a rule. Each row becomes a situation and is judged. Every
//! 性质 is tried beside them, on generated households.

mod deadlines;
mod fill;
mod properties;

use crate::ast::Stmt;
use crate::eval::{Evaluator, result_text};
use crate::markdown::{Cell, Table};
use crate::plan::{FileId, Program};
use crate::problem::Span;
use crate::rulebook::{Locality, Rulebook};
use crate::show;
use crate::situation::{InstanceId, Moments, Situation};
use crate::value::Value;
use domain::{Day, Month};
use fill::{Filler, Target, target};
use std::collections::HashMap;
use std::sync::Arc;

/// What came of one case.
#[derive(Clone, Debug)]
pub struct CaseResult {
    /// The rule file's path.
    pub path: String,
    /// The heading above its table.
    pub heading: String,
    /// Its name, the first cell.
    pub name: String,
    /// Where it stands.
    pub span: Span,
    /// What differs; empty when it passes.
    pub failures: Vec<String>,
    /// The explanation, for a failing case.
    pub explanation: String,
}

impl CaseResult {
    /// Whether it passes.
    pub fn passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// A case's inputs, ready to be judged or explained.
pub struct Case {
    /// The program of its month, shared by all cases of it.
    pub program: Arc<Program>,
    /// What it gives.
    pub situation: Situation,
    /// Its days.
    pub moments: Moments,
    /// Whom it is about.
    pub at: InstanceId,
    /// Its file.
    pub file: FileId,
}

/// Runs all cases of the rule files a place answers for.
pub fn run_all(book: &Rulebook, locality: &str) -> Vec<CaseResult> {
    let mut programs = Programs {
        book,
        locality,
        by_day: HashMap::new(),
    };
    let mut out = Vec::new();
    let tried = book.tried_in(locality);
    for parsed in book.parsed() {
        if parsed.head().is_none() || !tried.contains(parsed.path.as_str()) {
            continue;
        }
        for (table, row) in rows_of(book, &parsed.path) {
            out.push(programs.run(&parsed.path, table, row));
        }
    }
    out.extend(properties::run_all(&mut programs));
    out.extend(deadlines::run_all(book, locality));
    out
}

/// One case by its name, ready to be explained.
pub fn find(book: &Rulebook, locality: &str, path: &str, name: &str) -> Result<Case, String> {
    let mut programs = Programs {
        book,
        locality,
        by_day: HashMap::new(),
    };
    let (table, row) = rows_of(book, path)
        .into_iter()
        .find(|(_, row)| row.first().is_some_and(|c| c.text == name))
        .ok_or_else(|| format!("`{path}` 里没有叫 `{name}` 的案例"))?;
    programs.prepare(path, table, row)
}

/// The names of a file's cases.
pub fn names(book: &Rulebook, path: &str) -> Vec<String> {
    rows_of(book, path)
        .into_iter()
        .filter_map(|(_, r)| r.first().map(|c| c.text.clone()))
        .collect()
}

fn rows_of<'a>(book: &'a Rulebook, path: &str) -> Vec<(&'a Table, &'a Vec<Cell>)> {
    let tables = book.document(path).map_or(&[][..], |d| d.tables.as_slice());
    tables
        .iter()
        .filter(|t| t.header.first().is_some_and(|c| c.text == "案例"))
        .flat_map(|t| t.rows.iter().map(move |r| (t, r)))
        .collect()
}

struct Programs<'a> {
    book: &'a Rulebook,
    locality: &'a str,
    by_day: HashMap<Day, Arc<Program>>,
}

impl Programs<'_> {
    fn run(&mut self, path: &str, table: &Table, row: &[Cell]) -> CaseResult {
        let name = row.first().map_or(String::new(), |c| c.text.clone());
        let span = row.first().map_or(Span::default(), |c| c.span);
        let mut result = CaseResult {
            path: path.to_owned(),
            heading: table.heading.clone(),
            name,
            span,
            failures: vec![],
            explanation: String::new(),
        };
        match self.prepare(path, table, row) {
            Err(said) => result.failures.push(said),
            Ok(case) => {
                let alias = aliases(self.book, path);
                result.failures = compare(&case, &alias, table, row);
                if !result.failures.is_empty() {
                    result.explanation = case.explain();
                }
            }
        }
        result
    }

    fn prepare(&mut self, path: &str, table: &Table, row: &[Cell]) -> Result<Case, String> {
        let cell = |name: &str| {
            table
                .header
                .iter()
                .position(|h| h.text == name)
                .and_then(|i| row.get(i))
                .map(|c| c.text.as_str())
        };
        let day = |name: &str| {
            cell(name)
                .filter(|t| !t.is_empty())
                .map(|t| Day::parse(t).map_err(|e| format!("{name}:{e}")))
                .transpose()
        };
        let acceptance = day("受理日")?;
        let month = match (cell("月份"), acceptance) {
            (Some(text), _) => Month::parse(text).map_err(|e| format!("月份 `{text}`:{e}"))?,
            (None, Some(day)) => Month::containing(day),
            (None, None) => return Err("案例表缺少 月份 一列".to_owned()),
        };
        let mut moments = Moments::monthly(month);
        if let Some(acceptance) = acceptance {
            moments = Moments::case(acceptance, None);
        }
        moments.decision = day("认定日")?;
        let program = self.program(moments.base);
        let at = program.files.iter().position(|f| f.path == path);
        let file = at.and_then(|i| u32::try_from(i).ok()).map(FileId);
        let Some((file, plan)) = file.and_then(|f| Some((f, program.files.get(f.at())?.clone())))
        else {
            return Err(self.not_in_force(path, month));
        };
        let place = self
            .book
            .localities()
            .iter()
            .find(|l| l.id == self.locality);
        let area = cell("地区")
            .filter(|t| !t.is_empty())
            .map_or_else(|| place.map_or(String::new(), home_area), str::to_owned);
        let mut filler = Filler::new(&program, &plan, aliases(self.book, path), &area);
        for (header, value) in table.header.iter().zip(row).skip(1) {
            let input = !header.text.starts_with('→')
                && !["月份", "受理日", "认定日", "地区"].contains(&header.text.as_str());
            if input && !value.text.is_empty() {
                filler
                    .fill(&header.text, &value.text)
                    .map_err(|e| format!("`{}` 一格:{e}", header.text))?;
            }
        }
        let (situation, at) = (filler.situation, filler.at);
        Ok(Case {
            program,
            situation,
            moments,
            at,
            file,
        })
    }

    fn not_in_force(&self, path: &str, month: Month) -> String {
        let head = self
            .book
            .parsed()
            .iter()
            .find(|p| p.path == path)
            .and_then(|p| p.head());
        let days = |name: Option<&crate::ast::Name>| name.and_then(|n| Day::parse(&n.text).ok());
        let (from, to) = (
            days(head.and_then(|h| h.from.as_ref())),
            days(head.and_then(|h| h.to.as_ref())),
        );
        match (from, to) {
            (Some(from), _) if month.last() < from => {
                format!("{month} 这个文件还没有施行,它从 {from} 起")
            }
            (_, Some(to)) if month.first() > to => {
                format!("{month} 这个文件已经不施行,它到 {to} 止")
            }
            _ => format!("{month} 这个文件写得有错,不能试算;先查一查"),
        }
    }

    fn program(&mut self, day: Day) -> Arc<Program> {
        let (book, locality) = (self.book, self.locality);
        let held = self
            .by_day
            .entry(day)
            .or_insert_with(|| Arc::new(book.program(locality, day).0));
        Arc::clone(held)
    }
}

impl Case {
    /// The explanation of the case's judgement.
    pub fn explain(&self) -> String {
        let mut eval = Evaluator::new(&self.program, &self.situation, self.moments);
        crate::explain::explain(&mut eval, self.file, self.at, crate::explain::Detail::Whole)
            .map_or(String::new(), |e| e.to_string())
    }
}

/// The area a place's numbers are for: the widest one written.
fn home_area(place: &Locality) -> String {
    let areas = place.filled.rows.iter().map(|r| r.area.as_str());
    let widest = areas.filter(|a| !a.is_empty()).min_by_key(|a| a.len());
    widest.unwrap_or("").to_owned()
}

/// Short names of a file: 引用 gives `人均月收入` for `household_means.人均月收入`.
fn aliases(book: &Rulebook, path: &str) -> HashMap<String, String> {
    let mut out = HashMap::new();
    for statement in book
        .parsed()
        .iter()
        .filter(|p| p.path == path)
        .flat_map(|p| &p.file.statements)
    {
        let Stmt::Use(used) = &statement.kind else {
            continue;
        };
        let words: Vec<&str> = used.parts.iter().map(|p| p.text.as_str()).collect();
        let rest = words.get(1..).unwrap_or(&[]).join(".");
        if !matches!(words.first(), Some(&("本户" | "本地"))) {
            out.insert(rest, words.join("."));
        }
    }
    out
}

fn compare(
    case: &Case,
    alias: &HashMap<String, String>,
    table: &Table,
    row: &[Cell],
) -> Vec<String> {
    let mut out = Vec::new();
    let mut eval = Evaluator::new(&case.program, &case.situation, case.moments);
    for (header, cell) in table.header.iter().zip(row) {
        let Some(name) = header.text.strip_prefix('→').map(str::trim) else {
            continue;
        };
        if cell.text.is_empty() {
            continue;
        }
        let told = if name == "结果" {
            verdict(case, &mut eval, &cell.text)
        } else {
            quantity(case, &mut eval, alias, name, &cell.text)
        };
        out.extend(told.err());
    }
    out
}

fn verdict(case: &Case, eval: &mut Evaluator<'_>, want: &str) -> Result<(), String> {
    let outcome = eval.outcome(case.file, case.at).ok_or("没有结果")?;
    let got = result_text(&case.program, &outcome);
    let split = |t: &str| -> (String, Vec<String>) {
        let (word, names) = t.split_once(' ').unwrap_or((t, ""));
        let mut names: Vec<String> = names
            .split('、')
            .map(str::trim)
            .filter(|n| !n.is_empty())
            .map(str::to_owned)
            .collect();
        names.sort();
        (word.to_owned(), names)
    };
    if split(want) == split(&got) {
        return Ok(());
    }
    Err(format!("结果 应为 `{want}`,算得 `{got}`"))
}

fn quantity(
    case: &Case,
    eval: &mut Evaluator<'_>,
    alias: &HashMap<String, String>,
    name: &str,
    want: &str,
) -> Result<(), String> {
    let program = &case.program;
    let plan = program.files.get(case.file.at()).ok_or("没有这个文件")?;
    let found =
        target(program, plan, alias, name).ok_or_else(|| format!("没有 `{name}` 这个量"))?;
    let (id, rel) = match found {
        Target::Own(id) | Target::Parameter(id) => (id, None),
        Target::Row(rel, id) => (id, Some(rel)),
        _ => return Err(format!("`{name}` 不是这个文件的量")),
    };
    let item = program.item(id).ok_or("没有这个量")?;
    let wants: Vec<&str> = if rel.is_some() {
        want.split([';', '\u{FF1B}']).map(str::trim).collect()
    } else {
        vec![want]
    };
    let mut got = Vec::new();
    match rel {
        None => got.push(eval.value(id, case.at)),
        Some(rel) => {
            let list = case.situation.list_of(case.at, rel).ok_or("没有这个名单")?;
            let rows = case.situation.list(list).map_or(0, |l| l.rows.len());
            got.extend((0..rows).map(|r| eval.row_value(id, list, r)));
        }
    }
    let expected: Vec<Value> = wants
        .iter()
        .map(|w| show::parse_cell(w, item.ty, &program.dict))
        .collect::<Result<_, _>>()?;
    let shown = |v: Value| show::value(v, item.ty, &program.dict);
    let same = expected.len() == got.len()
        && expected
            .iter()
            .zip(&got)
            .all(|(e, g)| e == g || shown(*e) == shown(*g) && !exact(*g));
    if same {
        return Ok(());
    }
    let all: Vec<String> = got.iter().map(|g| shown(*g)).collect();
    Err(format!("`{name}` 应为 {want},算得 {}", all.join(";")))
}

/// Whether a number has a finite decimal form of two places; others are compared as shown.
fn exact(value: Value) -> bool {
    matches!(value, Value::Num(n) if n.den() == 1)
}
