//! 规则手册 as pages: text, rules line by line, cases with what comes of them.

use super::Desk;
use super::month::program_today;
use super::paging::count;
use crate::views::markdown::blocks;
use crate::views::{
    Behind, Block, CaseRow, CaseTable, Mark, RuleFileRow, RulePage, RulebookIndex, RulebookSection,
    SpanKind, ViewError,
};
use rules::Rulebook;
use rules::cases::CaseResult;
use rules::check::Parsed;
use std::collections::HashMap;

/// Folders in the order officials read them, with their names.
const SECTIONS: [(&str, &str, &str); 9] = [
    ("", "总则", "每一个词的意思、来源和所依的法律"),
    ("policies/", "救助政策", "谁该得到什么,依据哪一条,怎么算"),
    ("warnings/", "预警", "什么情形值得上门看一看"),
    ("indicators/", "指标", "怎样数、除以什么"),
    ("procedures/", "办事程序", "谁先办、谁后办、几天办完"),
    (
        "notices/",
        "文书和公示",
        "每份文书写什么、能写什么、怎样救济",
    ),
    ("feeds/", "部门来文", "部门送什么、每一列是什么意思"),
    (
        "access/",
        "权限",
        "谁能看什么、办什么,哪些角色不能由一个人兼任",
    ),
    ("localities/", "各地的数", "本地的标准、比例和选择"),
];

/// What the checker finds in the rulebook, and what comes of its cases with the place's numbers.
pub(super) struct Tried {
    pub(super) cases: Vec<CaseResult>,
    /// One line each.
    findings: Vec<String>,
}

impl Tried {
    pub(super) fn of(book: &Rulebook, locality: &str) -> Self {
        let told = |p: rules::Problem| {
            let text = book.texts().get(&p.path).map_or("", String::as_str);
            let (line, column) = rules::problem::line_column(text, p.span.start);
            format!("{} {line}:{column} {}", p.path, p.message)
        };
        Self {
            cases: rules::cases::run_all(book, locality),
            findings: book.check().into_iter().map(told).collect(),
        }
    }
}

/// Digest of all texts, as a run records it.
pub(super) fn digest(book: &Rulebook) -> String {
    let mut all = Vec::new();
    for (path, text) in book.texts() {
        for part in [path, text] {
            all.extend_from_slice(part.as_bytes());
            all.push(0);
        }
    }
    short(&store::digest::of_bytes(&all))
}

fn short(digest: &[u8]) -> String {
    store::digest::hex(digest).chars().take(12).collect()
}

pub(super) async fn index(desk: &Desk) -> Result<RulebookIndex, ViewError> {
    let tried = desk.tried().await?;
    let book = &desk.office.book;
    let section = |(folder, title, gist): &(&str, &str, &str)| RulebookSection {
        title: (*title).to_owned(),
        gist: (*gist).to_owned(),
        files: paths(book)
            .filter(|p| folder_of(p) == *folder)
            .map(|p| row(desk, tried, p))
            .collect(),
    };
    let sections = SECTIONS
        .iter()
        .map(section)
        .filter(|s| !s.files.is_empty())
        .collect();
    Ok(RulebookIndex {
        hash: desk.rulebook.clone(),
        origin: format!(
            "{} · 共 {} 个文件{}",
            desk.office.locality,
            book.texts().len(),
            match desk.office.version() {
                0 => String::new(),
                no => format!(" · 两人签发的第 {no} 版"),
            }
        ),
        findings: tried.findings.clone(),
        sections,
    })
}

/// Texts officials read: all of Markdown, and the locality's numbers.
fn paths(book: &Rulebook) -> impl Iterator<Item = &str> {
    let is_shown = |p: &&str| {
        p.ends_with(".md") && !p.ends_with("README.md") || p.ends_with("/parameters.csv")
    };
    book.texts().keys().map(String::as_str).filter(is_shown)
}

fn folder_of(path: &str) -> &str {
    let of = |(folder, ..): &&(&str, &str, &str)| !folder.is_empty() && path.starts_with(folder);
    SECTIONS.iter().find(of).map_or("", |(folder, ..)| folder)
}

fn section_title(path: &str) -> &'static str {
    let folder = folder_of(path);
    SECTIONS
        .iter()
        .find(|(f, ..)| *f == folder)
        .map_or("", |(_, title, _)| title)
}

fn parsed<'a>(book: &'a Rulebook, path: &str) -> Option<&'a Parsed> {
    book.parsed().iter().find(|p| p.path == path)
}

fn row(desk: &Desk, tried: &Tried, path: &str) -> RuleFileRow {
    let book = &desk.office.book;
    let results = || tried.cases.iter().filter(|c| c.path == path);
    let title = parsed(book, path).map_or("参数表", |p| p.title.as_str());
    RuleFileRow {
        path: path.to_owned(),
        title: if title.is_empty() {
            path.to_owned()
        } else {
            title.to_owned()
        },
        in_force: in_force(book, path),
        cases: count(results().count()),
        passed: count(results().filter(|c| c.passed()).count()),
    }
}

fn in_force(book: &Rulebook, path: &str) -> String {
    let Some(head) = parsed(book, path).and_then(Parsed::head) else {
        return String::new();
    };
    let from = head.from.as_ref().map(|d| format!("{} 起施行", d.text));
    let to = head.to.as_ref().map(|d| format!("{} 止", d.text));
    [from, to]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ")
}

pub(super) async fn page(desk: &Desk, path: &str) -> Result<RulePage, ViewError> {
    let book = &desk.office.book;
    let missing = || ViewError::NotFound(format!("规则手册里没有 `{path}`;请从目录打开"));
    let text = book.texts().get(path).ok_or_else(missing)?;
    let tried = desk.tried().await?;
    let shown = row(desk, tried, path);
    let program = program_today(&desk.office);
    let mut uses = Vec::new();
    let mut used_by = Vec::new();
    for file in &program.files {
        let reads = || file.reads.iter().filter_map(|f| program.files.get(f.at()));
        if file.path == path {
            uses.extend(
                reads()
                    .filter(|f| f.path != path)
                    .map(|f| row(desk, tried, &f.path)),
            );
        } else if reads().any(|f| f.path == path) {
            used_by.push(row(desk, tried, &file.path));
        }
    }
    let links: HashMap<&str, &str> = program
        .files
        .iter()
        .map(|f| (f.id.as_str(), f.path.as_str()))
        .collect();
    let mut found = if path.ends_with(".csv") {
        vec![table(text)]
    } else {
        blocks(text)
    };
    let mut results = tried.cases.iter().filter(|c| c.path == path);
    found
        .iter_mut()
        .for_each(|block| complete(block, &mut results, &links));
    let procedures = desk.office.procedures(desk.office.clock.today());
    let own = procedures.iter().filter(|p| p.path == path);
    found.extend(super::procedures::tables(
        &own.map(|p| &**p).collect::<Vec<_>>(),
    ));
    Ok(RulePage {
        path: path.to_owned(),
        title: shown.title,
        section: section_title(path).to_owned(),
        in_force: shown.in_force,
        hash: short(&store::digest::of_bytes(text.as_bytes())),
        blocks: found,
        uses,
        used_by,
    })
}

/// Cases get their results, names of other files their links.
fn complete<'a>(
    block: &mut Block,
    results: &mut impl Iterator<Item = &'a CaseResult>,
    links: &HashMap<&str, &str>,
) {
    match block {
        Block::Table { header, rows } if header.first().is_some_and(|h| h == "案例") => {
            let header = std::mem::take(header);
            let rows = std::mem::take(rows);
            let rows = rows
                .into_iter()
                .map(|cells| case_row(cells, results.next()))
                .collect();
            *block = Block::Cases(CaseTable { header, rows });
        }
        Block::Rule(lines) => {
            let spans = lines.iter_mut().flat_map(|line| &mut line.spans);
            for span in spans.filter(|s| matches!(s.kind, SpanKind::Name | SpanKind::Plain)) {
                let file = span.text.trim().split_once('.').map(|(file, _)| file);
                if let Some(path) = file.and_then(|f| links.get(f)) {
                    span.behind = Behind::Rule((*path).to_owned());
                }
            }
        }
        Block::Heading { .. }
        | Block::Paragraph(_)
        | Block::List(_)
        | Block::Table { .. }
        | Block::Code(_)
        | Block::Cases(_) => {}
    }
}

fn case_row(cells: Vec<String>, result: Option<&CaseResult>) -> CaseRow {
    // The results stand in the order of the tables; a name that differs means the row was not run.
    let result = result.filter(|r| cells.first().is_some_and(|name| *name == r.name));
    CaseRow {
        mark: match result {
            None => Mark::Unknown,
            Some(r) if r.passed() => Mark::Holds,
            Some(_) => Mark::Fails,
        },
        differs: result.and_then(|r| r.failures.first().cloned()),
        cells,
    }
}

fn table(text: &str) -> Block {
    let mut lines = text
        .lines()
        .filter(|l| !l.trim().is_empty())
        .map(|l| rules::params::split(l.trim_start_matches('\u{FEFF}')));
    Block::Table {
        header: lines.next().unwrap_or_default(),
        rows: lines.collect(),
    }
}
