//! Turns statements into a linked, typed program, and tells everything that stands in the way.
//!
//! Files are checked in the order in which they read one another; a name is used after it is
//! defined. The checker proves units, ranges and divisors; it never evaluates a household.

mod aggregates;
mod ahead;
mod bounds;
mod calls;
mod cites;
mod compare;
mod dictionary;
mod doable;
mod exclusions;
mod exprs;
mod feeds;
mod files;
mod letters;
mod measures;
mod outcomes;
mod params;
mod procedure_lines;
pub(crate) mod procedures;
mod quantities;
mod scope;
mod tables;
mod ways;

use crate::ast::{Ex, Expr, File, Name, SetText, Stmt, Text};
use crate::dict::Dict;
use crate::feed::FeedPlan;
use crate::params::Filled;
use crate::plan::{Body, EntityId, FileId, FilePlan, Home, Item, ItemId, Program, RelId, Type};
use crate::problem::{Problem, Span};
use domain::Day;
use std::collections::{HashMap, HashSet};

/// A parsed rule file.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// Its path in the rulebook.
    pub path: String,
    /// Its title.
    pub title: String,
    /// Its statements.
    pub file: File,
    /// Whether every statement could be read; a name of one that could not is not missed.
    pub whole: bool,
    /// Every part of the dotted names it reads, among them the ids of other files.
    pub(crate) names: HashSet<String>,
}

impl Parsed {
    /// A file that was read.
    pub(crate) fn new(path: &str, title: String, file: File, whole: bool) -> Self {
        let mut paths = Vec::new();
        for statement in &file.statements {
            statement_paths(&statement.kind, &mut paths);
        }
        Self {
            path: path.to_owned(),
            title,
            names: paths.into_iter().flat_map(|(parts, _)| parts).collect(),
            file,
            whole,
        }
    }

    /// The head statement, if the text is a rule file.
    pub fn head(&self) -> Option<&crate::ast::Head> {
        self.file.statements.iter().find_map(|s| match &s.kind {
            Stmt::Head(head) => Some(head),
            _ => None,
        })
    }
}

/// An instrument of law.md.
#[derive(Clone, Debug)]
pub struct Instrument {
    /// Its name as cited.
    pub name: String,
    /// First day of force.
    pub from: Day,
    /// Last day of force.
    pub to: Option<Day>,
    /// The articles relied on.
    pub articles: Vec<String>,
}

/// What a program is built from.
pub struct Source<'a> {
    /// The dictionary files, the interaction matrix and the rule files in force on the day.
    pub files: Vec<&'a Parsed>,
    /// The day.
    pub day: Day,
    /// The locality's numbers.
    pub filled: &'a Filled,
    /// The files the place takes (采用); each of their open parameters needs a number.
    pub adopted: &'a [String],
    /// What the place is called.
    pub place: &'a str,
    /// law.md; citations are not checked when it is empty.
    pub law: &'a [Instrument],
}

/// Builds the program of a day. With problems of severity `Error` it must not be used.
pub fn build(source: &Source<'_>) -> (Program, Vec<Problem>) {
    let mut builder = Builder::new(source);
    builder.dictionary();
    builder.declare_feeds();
    builder.declare_facts();
    for at in builder.order() {
        builder.check_file(at);
    }
    builder.check_exclusions();
    builder.finish()
}

struct Builder<'a> {
    source: &'a Source<'a>,
    dict: Dict,
    items: Vec<Item>,
    index: HashMap<String, ItemId>,
    entity_items: HashMap<(EntityId, String), ItemId>,
    columns: HashMap<(RelId, String), ItemId>,
    /// Names of 不得使用.
    forbidden: HashSet<String>,
    files: Vec<FilePlan>,
    feeds: Vec<FeedPlan>,
    exclusions: Vec<crate::plan::Exclusion>,
    file_index: HashMap<String, FileId>,
    problems: Vec<Problem>,
    /// Who reads whom in a ring: a file's path and the id it reads.
    rings: HashSet<(String, String)>,
    /// Whole names of quantities that 当时 reads before they are defined.
    ahead: Vec<String>,
    current: Current,
}

/// What the file at hand has defined so far.
#[derive(Default)]
struct Current {
    path: String,
    id: String,
    file: Option<FileId>,
    kind: Option<crate::plan::FileKind>,
    entity: Option<EntityId>,
    names: HashMap<String, ItemId>,
    reads: HashSet<FileId>,
    own_rows: Option<RelId>,
    /// Whether every statement could be read.
    whole: bool,
    /// Names whose own statement was told to be wrong: their users are not told again.
    broken: HashSet<String>,
    /// Names the file defines further on.
    later: HashSet<String>,
    /// The name the statement at hand defines.
    defining: String,
}

impl<'a> Builder<'a> {
    fn new(source: &'a Source<'a>) -> Self {
        Self {
            source,
            dict: Dict::default(),
            items: vec![],
            index: HashMap::new(),
            entity_items: HashMap::new(),
            columns: HashMap::new(),
            forbidden: HashSet::new(),
            files: vec![],
            feeds: vec![],
            exclusions: vec![],
            file_index: HashMap::new(),
            problems: vec![],
            rings: HashSet::new(),
            ahead: vec![],
            current: Current::default(),
        }
    }

    fn finish(self) -> (Program, Vec<Problem>) {
        let mut program = Program {
            dict: self.dict,
            files: self.files,
            items: self.items,
            exclusions: self.exclusions,
            feeds: self.feeds,
        };
        ahead::fill(&mut program, &self.ahead);
        (program, self.problems)
    }

    fn tell(&mut self, problem: Problem) {
        let path = self.current.path.clone();
        self.problems.push(problem.at(&path));
    }

    fn error(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.tell(Problem::error(code, span, message).help(help));
    }

    fn add(&mut self, item: Item) -> ItemId {
        let id = ItemId(u32::try_from(self.items.len()).unwrap_or(u32::MAX));
        self.index.entry(item.path.clone()).or_insert(id);
        self.items.push(item);
        id
    }

    fn item(&self, id: ItemId) -> Option<&Item> {
        self.items.get(id.at())
    }

    /// The order of the rule files: each after those it reads. A ring is told once.
    fn order(&mut self) -> Vec<usize> {
        let files = self.source.files.clone();
        let mut ids: HashMap<&str, usize> = HashMap::new();
        for (at, file) in files.iter().enumerate() {
            if let Some(head) = file.head()
                && let Some(first) = ids.insert(head.id.text.as_str(), at)
            {
                let other = files.get(first).map_or("", |f| f.path.as_str()).to_owned();
                self.current.path.clone_from(&file.path);
                let said = format!(
                    "编号 `{}` 在同一天有两个文件,另一个是 {other}",
                    head.id.text
                );
                self.error(
                    "id-twice",
                    head.id.span,
                    said,
                    "给前一个写上 止 的日期,或换一个编号",
                );
            }
        }
        let reads: Vec<Vec<(usize, Span)>> = files
            .iter()
            .map(|f| {
                let mut paths = Vec::new();
                f.file
                    .statements
                    .iter()
                    .for_each(|s| statement_paths(&s.kind, &mut paths));
                paths
                    .iter()
                    .flat_map(|(parts, span)| parts.iter().map(move |p| (p, *span)))
                    .filter_map(|(p, span)| ids.get(p.as_str()).map(|i| (*i, span)))
                    .collect()
            })
            .collect();
        let mut state = vec![0_u8; files.len()];
        let mut out = Vec::new();
        for (at, file) in files.iter().enumerate() {
            if file.head().is_some() {
                self.visit(at, &reads, &mut state, &mut out, &mut vec![]);
            }
        }
        out
    }

    fn visit(
        &mut self,
        at: usize,
        reads: &[Vec<(usize, Span)>],
        state: &mut [u8],
        out: &mut Vec<usize>,
        ring: &mut Vec<usize>,
    ) {
        if state.get(at).copied().unwrap_or(2) != 0 {
            return;
        }
        if let Some(s) = state.get_mut(at) {
            *s = 1;
        }
        ring.push(at);
        for (next, span) in reads.get(at).cloned().unwrap_or_default() {
            if next == at {
                continue;
            }
            if state.get(next) == Some(&1) {
                let name = |i: &usize| {
                    self.source
                        .files
                        .get(*i)
                        .and_then(|f| f.head())
                        .map_or(String::new(), |h| h.id.text.clone())
                };
                let from = ring.iter().position(|i| *i == next).unwrap_or(0);
                let names: Vec<String> = ring.iter().skip(from).chain([&next]).map(name).collect();
                self.current.path = self
                    .source
                    .files
                    .get(at)
                    .map_or(String::new(), |f| f.path.clone());
                let ring = (self.current.path.clone(), name(&next));
                self.rings.insert(ring);
                let said = format!("文件互相引用,绕成一圈:{}", names.join(" → "));
                self.error(
                    "cycle",
                    span,
                    said,
                    "往回看的一处改用 当时(…, 上月末) 读已记录的结果",
                );
                continue;
            }
            self.visit(next, reads, state, out, ring);
        }
        ring.pop();
        if let Some(s) = state.get_mut(at) {
            *s = 2;
        }
        out.push(at);
    }
}

fn text_paths(text: &Text, out: &mut Vec<(Vec<String>, Span)>) {
    text.quotes.iter().for_each(|(_, e)| expr_paths(e, out));
}

/// Every dotted name of a statement, apart from those read as history.
fn statement_paths(stmt: &Stmt, out: &mut Vec<(Vec<String>, Span)>) {
    match stmt {
        Stmt::Use(path) => out.push(parts(path)),
        Stmt::Compute { expr, .. } | Stmt::Benefit { expr, .. } => expr_paths(expr, out),
        Stmt::Refuse { .. } => {}
        Stmt::Classify { rows, .. } => rows.iter().for_each(|r| expr_paths(&r.when, out)),
        Stmt::Itemise { rows, .. } => {
            for row in rows {
                expr_paths(&row.amount, out);
                row.when
                    .iter()
                    .chain(&row.cap)
                    .for_each(|e| expr_paths(e, out));
            }
        }
        Stmt::Condition {
            expr, otherwise, ..
        } => {
            expr_paths(expr, out);
            otherwise.iter().for_each(|t| text_paths(t, out));
        }
        Stmt::Grant { when, from, to, .. } => {
            when.iter()
                .chain(from)
                .chain(to)
                .for_each(|e| expr_paths(e, out));
        }
        Stmt::Trigger(t) => {
            expr_paths(&t.expr, out);
            t.urgency.iter().for_each(|e| expr_paths(e, out));
            t.text.iter().for_each(|text| text_paths(text, out));
        }
        Stmt::Rate { num, den, .. } => {
            expr_paths(num, out);
            expr_paths(den, out);
        }
        _ => {}
    }
}

fn parts(path: &crate::ast::Path) -> (Vec<String>, Span) {
    (
        path.parts.iter().map(|p| p.text.clone()).collect(),
        path.span(),
    )
}

fn expr_paths(expr: &Expr, out: &mut Vec<(Vec<String>, Span)>) {
    match &expr.kind {
        Ex::Path(path) if path.parts.len() > 1 => out.push(parts(path)),
        Ex::Table(path, keys) => {
            out.push(parts(path));
            keys.iter().for_each(|k| expr_paths(k, out));
        }
        // History reads what was recorded, so it makes no ring.
        Ex::Call(name, args) if name.text == "当时" || name.text == "曾" => {
            args.iter().skip(1).for_each(|a| expr_paths(a, out));
        }
        Ex::Call(_, args) | Ex::And(args) | Ex::Or(args) => {
            args.iter().for_each(|a| expr_paths(a, out))
        }
        Ex::Aggregate { over, filter, .. } => {
            expr_paths(over, out);
            filter.iter().for_each(|f| expr_paths(f, out));
        }
        Ex::Not(e) | Ex::Negate(e) => expr_paths(e, out),
        Ex::Compare(_, a, b) | Ex::Arith(_, a, b) => {
            expr_paths(a, out);
            expr_paths(b, out);
        }
        Ex::In(e, set) => {
            expr_paths(e, out);
            match set.as_ref() {
                SetText::Members(list) => list.iter().for_each(|m| expr_paths(m, out)),
                SetText::Path(path) => out.push(parts(path)),
                SetText::Past(count, _) => expr_paths(count, out),
                SetText::Named(_) => {}
            }
        }
        Ex::If(a, b, c) => [a, b, c].into_iter().for_each(|e| expr_paths(e, out)),
        Ex::Number(..) | Ex::Date(_) | Ex::Truth(_) | Ex::Path(_) => {}
    }
}

/// The name a statement defines, as it is used further on; an alias has two.
fn defines(stmt: &Stmt) -> Vec<String> {
    match stmt {
        Stmt::Use(path) => {
            let rest = path.parts.iter().skip(1).map(|p| p.text.as_str());
            let last = path.parts.last().map_or("", |p| p.text.as_str());
            let tail = rest.collect::<Vec<_>>().join(".");
            vec![path.text(), tail, last.to_owned()]
        }
        Stmt::Input(path, _) => vec![path.text()],
        Stmt::Param(param) => vec![param.name.text.clone()],
        Stmt::Compute { name, .. } | Stmt::Classify { name, .. } | Stmt::Itemise { name, .. } => {
            vec![name.text()]
        }
        Stmt::Condition { name, .. } | Stmt::Benefit { name, .. } | Stmt::Rate { name, .. } => {
            vec![name.text.clone()]
        }
        Stmt::Trigger(trigger) => vec![trigger.name.text.clone()],
        _ => vec![],
    }
}

fn day_of(name: &Name) -> Option<Day> {
    Day::parse(&name.text).ok()
}

fn plain_item(name: &str, home: Home, ty: Type, body: Body, span: Span) -> Item {
    Item {
        name: name.to_owned(),
        path: name.to_owned(),
        file: None,
        home,
        ty,
        body,
        bounds: None,
        span,
    }
}
