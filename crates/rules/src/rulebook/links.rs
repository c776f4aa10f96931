//! Names that lead from one text of the rulebook to another, whatever the day.

use super::{Locality, Rulebook};
use crate::ast::{ExcludeText, Name, Stmt};
use crate::problem::{Problem, Span, nearest};
use std::collections::BTreeSet;

/// 派发, 不并给, 码表, 采用 and 替换 that lead nowhere.
pub(super) fn broken(book: &Rulebook) -> Vec<Problem> {
    let ids: BTreeSet<&str> = book
        .parsed()
        .iter()
        .filter_map(|p| p.head())
        .map(|h| h.id.text.as_str())
        .collect();
    let procedures = procedures(book);
    let adoptable = ids
        .iter()
        .copied()
        .chain(procedures.iter().map(String::as_str))
        .collect();
    let mut out = Vec::new();
    for parsed in book.parsed() {
        for statement in &parsed.file.statements {
            let told = match &statement.kind {
                Stmt::Trigger(t) => t.procedure.as_ref().and_then(|p| procedure(p, &procedures)),
                Stmt::Exclude { a, b, rule, .. } => {
                    out.extend([a, b].into_iter().filter_map(|n| policy(n, &ids)));
                    choice(rule, book)
                }
                Stmt::Column(c) => c.codes.as_ref().and_then(|c| codes(c, book)),
                _ => None,
            };
            out.extend(told);
        }
        out.iter_mut()
            .filter(|p| p.path.is_empty())
            .for_each(|p| p.path.clone_from(&parsed.path));
    }
    out.extend(
        book.localities()
            .iter()
            .flat_map(|l| choices(l, book, &adoptable)),
    );
    out
}

fn meant<'a>(written: &str, known: impl IntoIterator<Item = &'a str>, else_do: &str) -> String {
    nearest(written, known).map_or_else(|| else_do.to_owned(), |n| format!("是不是 `{n}`?"))
}

/// The ids of 流程.
pub(super) fn procedures(book: &Rulebook) -> BTreeSet<String> {
    let blocks = book.parsed().iter().flat_map(|p| &p.file.statements);
    blocks
        .filter_map(|s| match &s.kind {
            Stmt::Block(b) if b.keyword.text == "流程" => b.head.first().map(|n| n.text.clone()),
            _ => None,
        })
        .collect()
}

fn procedure(name: &Name, known: &BTreeSet<String>) -> Option<Problem> {
    if known.is_empty() || known.contains(&name.text) {
        return None;
    }
    let said = format!("没有 `{}` 这个流程", name.text);
    let help = meant(
        &name.text,
        known.iter().map(String::as_str),
        "先在 procedures/ 里写这个流程",
    );
    Some(Problem::error("procedure-unknown", name.span, said).help(help))
}

fn policy(name: &Name, ids: &BTreeSet<&str>) -> Option<Problem> {
    if ids.contains(name.text.as_str()) {
        return None;
    }
    let said = format!("没有 `{}` 这个政策", name.text);
    let help = meant(&name.text, ids.iter().copied(), "写政策文件的编号");
    Some(Problem::error("exclude-unknown", name.span, said).help(help))
}

fn choice(rule: &ExcludeText, book: &Rulebook) -> Option<Problem> {
    let ExcludeText::Choice(name) = rule else {
        return None;
    };
    let statements = book.parsed().iter().flat_map(|p| &p.file.statements);
    let facts: BTreeSet<&str> = statements
        .filter_map(|s| match &s.kind {
            Stmt::Fact(f) => Some(f.name.text.as_str()),
            _ => None,
        })
        .collect();
    if facts.contains(name.text.as_str()) {
        return None;
    }
    let said = format!("facts.md 里没有 `{}`,不知道本人选了哪一个", name.text);
    let help = meant(&name.text, facts, "先在 facts.md 里写这个事实");
    Some(Problem::error("exclude-choice", name.span, said).help(help))
}

fn codes(name: &Name, book: &Rulebook) -> Option<Problem> {
    let tables: Vec<&str> = book
        .texts()
        .keys()
        .filter_map(|p| match p.strip_prefix("localities/") {
            Some(own) => own.split_once("/codes/").map(|(_, table)| table),
            None => p.strip_prefix("codes/"),
        })
        .collect();
    if tables.is_empty() || tables.contains(&name.text.as_str()) {
        return None;
    }
    let said = format!("codes/ 里没有 `{}` 这个码表", name.text);
    let help = meant(&name.text, tables, "把码表放进 codes/,或核对文件名");
    Some(Problem::error("codes-unknown", name.span, said).help(help))
}

/// What a place takes and replaces.
fn choices(locality: &Locality, book: &Rulebook, ids: &BTreeSet<&str>) -> Vec<Problem> {
    let path = format!("localities/{}/locality.md", locality.id);
    let span = |word: &str| {
        let at = book
            .texts()
            .get(&path)
            .and_then(|t| t.find(word))
            .unwrap_or(0);
        Span::new(at, at.saturating_add(word.len()))
    };
    let mut out = Vec::new();
    out.extend(locality.base.as_ref().and_then(|base| {
        let places = book.localities().iter();
        let found = places.clone().find(|l| l.id == *base);
        let (said, help) = match found {
            Some(found) if found.base.is_none() && found.id != locality.id => return None,
            Some(_) => (
                format!("`{base}` 自己也沿用别处,不能再被沿用"),
                "沿用一个自成一册的地方".to_owned(),
            ),
            None => (
                format!("沿用的 `{base}` 没有这个地方"),
                meant(
                    base,
                    places.map(|l| l.id.as_str()),
                    "写 localities/ 下的文件夹名",
                ),
            ),
        };
        let told = Problem::error("base-unknown", span(base), said).help(help);
        Some(told.at(&path))
    }));
    for id in locality
        .adopts
        .iter()
        .filter(|id| !ids.contains(id.as_str()))
    {
        let said = format!("采用的 `{id}` 没有这个文件");
        let help = meant(id, ids.iter().copied(), "写文件的编号");
        out.push(
            Problem::error("adopt-unknown", span(id), said)
                .help(help)
                .at(&path),
        );
    }
    let paths: Vec<&str> = book.parsed().iter().map(|p| p.path.as_str()).collect();
    for (old, new) in &locality.replaces {
        for file in [old, new] {
            let own = format!("localities/{}/{file}", locality.id);
            let known = |p: &&str| [file, &own].into_iter().any(|f| super::replaced(f, p));
            if !paths.iter().any(known) {
                let said = format!("替换里的 `{file}` 没有这个文件");
                let help = meant(
                    file,
                    paths.iter().copied(),
                    "写文件在手册里的路径,如 policies/dibao",
                );
                out.push(
                    Problem::error("replace-unknown", span(file), said)
                        .help(help)
                        .at(&path),
                );
            }
        }
    }
    out
}
