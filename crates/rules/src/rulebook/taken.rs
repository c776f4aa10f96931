//! Which files a place uses: its own, those it takes (采用), and those they read.

use super::{Locality, Rulebook};
use crate::ast::Head;
use crate::check::Parsed;
use crate::problem::Problem;
use std::collections::{BTreeMap, BTreeSet};

/// The paths of the texts in use in a place. The dictionary, the procedures and the feeds serve
/// every place; a place that writes no 采用 takes everything.
pub(super) fn files<'a>(book: &'a Rulebook, place: &Locality) -> BTreeSet<&'a str> {
    let own = format!("localities/{}/", place.id);
    let here = |p: &&Parsed| !p.path.starts_with("localities/") || p.path.starts_with(&own);
    let wanted = wanted(book, place, &own);
    book.parsed()
        .iter()
        .filter(here)
        .filter(|p| {
            !place
                .replaces
                .iter()
                .any(|(old, _)| super::replaced(old, &p.path))
        })
        .filter(|p| {
            place.adopts.is_empty()
                || p.path.starts_with(&own)
                || p.head()
                    .is_none_or(|h| h.keyword.text == "来文" || wanted.contains(&*h.id.text))
        })
        .map(|p| p.path.as_str())
        .collect()
}

/// Ids of rule files: the place's own and the taken ones, then whatever they read, and so on.
fn wanted<'a>(book: &'a Rulebook, place: &Locality, own: &str) -> BTreeSet<&'a str> {
    let mut by_id: BTreeMap<&str, Vec<&Parsed>> = BTreeMap::new();
    for parsed in book.parsed() {
        if let Some(head) = parsed.head() {
            by_id.entry(&head.id.text).or_default().push(parsed);
        }
    }
    let starts = by_id.iter().filter(|(id, files)| {
        place.adopts.iter().any(|a| a == **id) || files.iter().any(|f| f.path.starts_with(own))
    });
    let mut next: Vec<&str> = starts.map(|(id, _)| *id).collect();
    let mut out = BTreeSet::new();
    while let Some(id) = next.pop() {
        if !out.insert(id) {
            continue;
        }
        for file in by_id.get(id).into_iter().flatten() {
            let read = file.names.iter();
            next.extend(read.filter_map(|name| Some(*by_id.get_key_value(name.as_str())?.0)));
        }
    }
    out
}

/// The paths whose cases run in a place: its own, the feeds, and those it takes by name. A file
/// that is only read by another is tried where somebody answers for it.
pub(super) fn tried<'a>(book: &'a Rulebook, place: &Locality) -> BTreeSet<&'a str> {
    let own = format!("localities/{}/", place.id);
    let mut out = files(book, place);
    if !place.adopts.is_empty() {
        let named = |p: &&Parsed| {
            let answers = |h: &Head| h.keyword.text == "来文" || place.named.contains(&h.id.text);
            p.path.starts_with(&own) || p.head().is_some_and(answers)
        };
        let named: BTreeSet<&str> = book
            .parsed()
            .iter()
            .filter(named)
            .map(|p| p.path.as_str())
            .collect();
        out.retain(|p| named.contains(p));
    }
    out
}

/// National rule files that no place takes by name: nobody fills their numbers, no case is run.
pub(super) fn by_nobody(book: &Rulebook) -> Vec<Problem> {
    let heads = || {
        book.parsed()
            .iter()
            .filter_map(|p| p.head().map(|h| (p, h)))
    };
    let ids: BTreeSet<&str> = heads().map(|(_, h)| &*h.id.text).collect();
    let taken: BTreeSet<&str> = book
        .localities()
        .iter()
        .flat_map(|l| &l.adopts)
        .map(String::as_str)
        .collect();
    // An id written wrong is told as such.
    let procedures = super::links::procedures(book);
    let known = |id: &&str| ids.contains(id) || procedures.contains(*id);
    if taken.is_empty() || !taken.iter().all(known) {
        return vec![];
    }
    heads()
        .filter(|(p, h)| {
            let own = p.path.starts_with("localities/") || h.keyword.text == "来文";
            !own && !taken.contains(&*h.id.text)
        })
        .map(|(p, h)| {
            let id = &h.id.text;
            let said = format!("没有一个地方采用 `{id}`,它的数没有人填,案例没有地方跑");
            let help = "在一个地方的 locality.md 的 采用 里加上它,并在参数表里填上它的数";
            Problem::warning("adopted-nowhere", h.id.span, said)
                .help(help)
                .at(&p.path)
        })
        .collect()
}
