//! 解释: why an outcome is what it is — one line a named quantity, with its formula in names and
//! in numbers, its result and articles. It names rows by number, never a person.

mod label;
mod order;
mod print;
mod rows;

pub use label::gap_text;

use crate::eval::{Evaluator, Outcome, Place, result_text};
use crate::plan::{Body, Compare, Expr, ExprKind, FileId, Item, ItemId, RelId, Type};
use crate::show;
use crate::situation::{InstanceId, ListId, SourceRef};
use crate::value::{Ratio, Value};
use order::Entry;
use print::Printer;
use std::fmt;

/// How far an explanation goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The quantities of the file; those of other files stand as results.
    File,
    /// Down to the facts, through all files about the same instance.
    Whole,
}

/// ✓ ✗ ？
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// ✓
    Yes,
    /// ✗
    No,
    /// ？
    Unknown,
}

impl Mark {
    /// From a three-valued answer.
    pub fn of(answer: Option<bool>) -> Self {
        match answer {
            Some(true) => Self::Yes,
            Some(false) => Self::No,
            None => Self::Unknown,
        }
    }

    /// The sign.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Yes => "✓",
            Self::No => "✗",
            Self::Unknown => "？",
        }
    }
}

/// Whose quantity a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The instance itself.
    Own,
    /// Each row of a relation.
    Rows(RelId),
    /// 本户
    Household,
    /// 本地
    Area,
}

/// What kind of quantity a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// 事实, or a column of rows.
    Fact,
    /// 身份 and its days.
    Status,
    /// 参数
    Parameter,
    /// 计算
    Formula,
    /// 归类
    Classify,
    /// 分项
    Itemise,
    /// 条件
    Condition,
    /// 给付
    Benefit,
    /// 符合 of a file.
    Verdict,
    /// 触发
    Trigger,
    /// 比率
    Rate,
}

/// One row under a line: a member, a bill, a row of 归类 or 分项.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowLine {
    /// `成员 1`, or the label of the row of 归类 and 分项.
    pub label: String,
    /// Whether it holds or counts.
    pub mark: Option<Mark>,
    /// Its value with unit; empty when the mark says all.
    pub result: String,
    /// Its formula, in names or numbers.
    pub formula: Option<String>,
    /// 说明 and the like.
    pub note: Option<String>,
    /// Whether it decides the line's result.
    pub decides: bool,
    /// The row of the situation it stands for.
    pub row: Option<(ListId, u32)>,
    /// The record its value came from.
    pub source: Option<SourceRef>,
}

/// One named quantity.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The quantity.
    pub item: ItemId,
    /// Whose it is.
    pub scope: Scope,
    /// What kind.
    pub kind: LineKind,
    /// The title of the file that defines it, when it is not the file explained.
    pub file: Option<String>,
    /// Its name as the file writes it.
    pub name: String,
    /// Its formula in names.
    pub formula: Option<String>,
    /// Its formula in numbers; none for quantities of rows.
    pub numbers: Option<String>,
    /// Its value; unknown for quantities of rows.
    pub value: Value,
    /// Its value with unit; empty for quantities of rows.
    pub result: String,
    /// The written rounding.
    pub rounding: Option<String>,
    /// ✓ ✗ ？ of a yes-or-no quantity.
    pub mark: Option<Mark>,
    /// The articles.
    pub cites: Vec<String>,
    /// What the person is told, when a condition is false.
    pub reason: Option<String>,
    /// 还差 or 超出 how much.
    pub distance: Option<String>,
    /// 暂计: what an unknown number may be.
    pub tentative: Option<String>,
    /// The record a fact came from.
    pub source: Option<SourceRef>,
    /// The document of a parameter, or that a quantity was given.
    pub note: Option<String>,
    /// Its rows.
    pub rows: Vec<RowLine>,
}

/// 解释 of one outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The file.
    pub file: FileId,
    /// Whom it is about.
    pub at: InstanceId,
    /// The file's title.
    pub title: String,
    /// `符合`, `不符合 甲、乙`, `待查 丙`; empty for a file without conditions.
    pub verdict_text: String,
    /// The named quantities, each after those it uses.
    pub lines: Vec<Line>,
    /// What to ask for, in words.
    pub missing: Vec<String>,
    /// The outcome explained.
    pub outcome: Outcome,
}

/// Explains what a file says of an instance; none when there is no such file.
pub fn explain(
    eval: &mut Evaluator<'_>,
    file: FileId,
    at: InstanceId,
    detail: Detail,
) -> Option<Explanation> {
    let program = eval.program();
    let plan = program.files.get(file.at())?;
    let outcome = eval.outcome(file, at)?;
    let entries = order::entries(program, file, detail);
    let lines = entries
        .into_iter()
        .filter_map(|entry| line(eval, file, at, entry))
        .collect();
    let missing = outcome
        .missing
        .iter()
        .map(|gap| gap_text(eval, at, gap))
        .collect();
    Some(Explanation {
        file,
        at,
        title: plan.title.clone(),
        verdict_text: result_text(program, &outcome),
        lines,
        missing,
        outcome,
    })
}

fn kind(item: &Item, is_benefit: bool) -> LineKind {
    match &item.body {
        Body::Fact | Body::Column => LineKind::Fact,
        Body::Status | Body::StatusStart(_) | Body::StatusEnd(_) => LineKind::Status,
        Body::Param(_) => LineKind::Parameter,
        Body::Formula { .. } if is_benefit => LineKind::Benefit,
        Body::Formula { .. } => LineKind::Formula,
        Body::Classify { .. } => LineKind::Classify,
        Body::Itemise { .. } => LineKind::Itemise,
        Body::Condition { .. } => LineKind::Condition,
        Body::Verdict(_) => LineKind::Verdict,
        Body::Trigger { .. } => LineKind::Trigger,
        Body::Rate { .. } => LineKind::Rate,
    }
}

/// The main formula of an item, when it has one.
fn formula(item: &Item) -> Option<&Expr> {
    match &item.body {
        Body::Formula { expr, .. } | Body::Condition { expr, .. } | Body::Trigger { expr } => {
            Some(expr)
        }
        _ => None,
    }
}

fn line<'p>(
    eval: &mut Evaluator<'p>,
    file: FileId,
    main: InstanceId,
    entry: Entry<'p>,
) -> Option<Line> {
    let program = eval.program();
    let item = program.item(entry.item)?;
    let benefit = program
        .files
        .get(item.file.map_or(usize::MAX, FileId::at))
        .and_then(|f| f.benefits.iter().find(|(b, _)| *b == entry.item));
    let relation = match entry.scope {
        Scope::Rows(relation) => Some(relation),
        Scope::Own | Scope::Household | Scope::Area => None,
    };
    // A formula is shown in the words of its own file.
    let printer = Printer {
        program,
        file: item.file.or(Some(file)),
        relation,
    };
    let outer = Printer {
        program,
        file: Some(file),
        relation,
    };
    let mut line = Line {
        item: entry.item,
        scope: entry.scope,
        kind: kind(item, benefit.is_some()),
        file: item
            .file
            .filter(|f| *f != file)
            .and_then(|f| program.files.get(f.at()))
            .map(|f| f.title.clone()),
        name: outer.reference(entry.item, entry.step),
        formula: order::formula_text(&printer, item),
        numbers: None,
        value: Value::Unknown,
        result: String::new(),
        rounding: match &item.body {
            Body::Formula {
                rounding: Some(how),
                ..
            } => Some(print::rounding(*how, item.ty)),
            _ => None,
        },
        mark: None,
        cites: match &item.body {
            Body::Condition { cites, .. } => cites.clone(),
            _ => benefit.map_or_else(Vec::new, |(_, cites)| cites.clone()),
        },
        reason: None,
        distance: None,
        tentative: None,
        source: None,
        note: None,
        rows: Vec::new(),
    };
    match entry.scope {
        Scope::Rows(relation) => rows::of_relation(eval, &printer, main, relation, item, &mut line),
        Scope::Own => single(eval, &printer, item, &entry, main, &mut line),
        Scope::Household | Scope::Area => {
            match eval.there(entry.item, entry.step, Place::own(main)) {
                Some(there) => single(eval, &printer, item, &entry, there, &mut line),
                None => line.result = show::UNKNOWN.to_owned(),
            }
        }
    }
    Some(line)
}

/// Fills in a line about one value.
fn single<'p>(
    eval: &mut Evaluator<'p>,
    printer: &Printer<'p>,
    item: &'p Item,
    entry: &Entry<'p>,
    at: InstanceId,
    line: &mut Line,
) {
    let place = Place::own(at);
    let value = match entry.via {
        Some(via) => eval.expr(via, place),
        None => eval.item(entry.item, place),
    };
    let dict = &eval.program().dict;
    line.value = value;
    line.result = show::value(value, item.ty, dict);
    if item.ty == Type::Bool {
        line.mark = Some(Mark::of(value.truth()));
    }
    if let Some(given) = eval.situation().given(at, entry.item) {
        line.source.clone_from(&given.source);
        if line.kind != LineKind::Fact {
            line.note = Some("这个数是给定的".to_owned());
            return;
        }
    }
    if let Body::Param(_) = item.body {
        line.note = rows::parameter_source(eval, entry, at);
    }
    if let Some(expr) = formula(item) {
        line.numbers =
            Some(printer.numbers(expr, eval, place)).filter(|n| !says_same(n, &line.result));
        line.distance = distance(eval, printer, expr, place, 0);
        rows::of_aggregates(eval, printer, expr, place, &mut line.rows);
        if rows::is_at_least(eval, expr, place) {
            line.result = format!("至少 {}", line.result);
        }
    }
    match &item.body {
        Body::Classify {
            rows,
            otherwise,
            first,
        } => {
            rows::of_classes(
                eval,
                printer,
                rows,
                *otherwise,
                *first,
                item.ty,
                place,
                &mut line.rows,
            );
        }
        Body::Itemise { rows, mode } => {
            rows::of_amounts(eval, printer, rows, *mode, item.ty, place, &mut line.rows);
        }
        Body::Rate { num, den } => {
            let (top, below) = (
                printer.numbers(num, eval, place),
                printer.numbers(den, eval, place),
            );
            line.numbers = Some(format!("{top} / {below}"));
            if eval.expr(den, place) == Value::Num(Ratio::ZERO) {
                line.result = "不适用".to_owned();
            }
        }
        Body::Condition { .. } if value == Value::Bool(false) => {
            line.reason = eval.reason(entry.item, at);
        }
        _ => {}
    }
    if !value.is_known()
        && let Type::Num(unit) = item.ty
        && matches!(
            line.kind,
            LineKind::Formula | LineKind::Itemise | LineKind::Benefit
        )
    {
        line.tentative = rows::tentative(eval, entry.item, place, unit);
    }
}

/// Whether two texts are one number, with or without idle decimals: then it is told once.
fn says_same(a: &str, b: &str) -> bool {
    a.replace(".00 ", " ") == b.replace(".00 ", " ")
}

/// 还差 or 超出 how much, for each comparison of numbers that makes up a test.
fn distance<'p>(
    eval: &mut Evaluator<'p>,
    printer: &Printer<'p>,
    e: &'p Expr,
    place: Place,
    depth: u8,
) -> Option<String> {
    match &e.kind {
        ExprKind::Compare(op, a, b) => {
            let Type::Num(unit) = a.ty else {
                return None;
            };
            if matches!(op, Compare::Equal | Compare::Unequal) {
                return None;
            }
            let (Value::Num(left), Value::Num(right)) = (eval.expr(a, place), eval.expr(b, place))
            else {
                return None;
            };
            let gap = left.sub(right)?;
            if gap == Ratio::ZERO {
                return Some("恰好相等".to_owned());
            }
            let (word, size) = if gap < Ratio::ZERO {
                ("还差", gap.neg()?)
            } else {
                ("超出", gap)
            };
            Some(format!("{word} {}", show::number(size, unit)))
        }
        ExprKind::And(parts) | ExprKind::Or(parts) => {
            let told: Vec<String> = parts
                .iter()
                .filter_map(|p| {
                    let told = distance(eval, printer, p, place, depth)?;
                    let name = match &p.kind {
                        ExprKind::Compare(_, a, _) => printer.names(a),
                        _ => printer.names(p),
                    };
                    Some(format!("{name} {told}"))
                })
                .collect();
            (!told.is_empty()).then(|| told.join(";"))
        }
        ExprKind::If(cond, yes, no) => {
            let taken = if eval.expr(cond, place).truth()? {
                yes
            } else {
                no
            };
            distance(eval, printer, taken, place, depth)
        }
        ExprKind::Ref(item, crate::plan::Step::Own) if depth < 4 => {
            let below = formula(eval.program().item(*item)?)?;
            if eval.situation().given(place.owner, *item).is_some() {
                return None;
            }
            distance(eval, printer, below, place, depth.saturating_add(1))
        }
        _ => None,
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.title)?;
        if !self.verdict_text.is_empty() {
            write!(f, ":{}", self.verdict_text)?;
        }
        writeln!(f)?;
        for line in &self.lines {
            write!(f, "{line}")?;
        }
        for fired in &self.outcome.fired {
            writeln!(f, "! {}", fired.text)?;
        }
        if !self.missing.is_empty() {
            writeln!(f, "需要查清:{}", self.missing.join("、"))?;
        }
        Ok(())
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.mark.map_or(" ", Mark::sign), self.name)?;
        for text in [&self.formula, &self.numbers].into_iter().flatten() {
            write!(f, " = {text}")?;
        }
        if self.mark.is_none() && !self.result.is_empty() {
            write!(f, " = {}", self.result)?;
        }
        if let Some(rounding) = &self.rounding {
            write!(f, "({rounding})")?;
        }
        for text in [&self.tentative, &self.distance].into_iter().flatten() {
            write!(f, " · {text}")?;
        }
        if !self.cites.is_empty() {
            write!(f, " · 依据 {}", self.cites.join("、"))?;
        }
        if let Some(note) = &self.note {
            write!(f, " · {note}")?;
        }
        if let Some(source) = &self.source {
            write!(f, " · 来自 {} {}", source.feed, source.period)?;
        }
        writeln!(f)?;
        if let Some(reason) = &self.reason {
            writeln!(f, "    {reason}")?;
        }
        for row in &self.rows {
            write!(f, "    {} {}", row.mark.map_or(" ", Mark::sign), row.label)?;
            if let Some(formula) = &row.formula {
                write!(f, " : {formula}")?;
            }
            if !row.result.is_empty() {
                write!(f, " = {}", row.result)?;
            }
            if let Some(note) = &row.note {
                write!(f, " · {note}")?;
            }
            if let Some(source) = &row.source {
                write!(f, " · 来自 {} {}", source.feed, source.period)?;
            }
            writeln!(f, "{}", if row.decides { " ←" } else { "" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests;
