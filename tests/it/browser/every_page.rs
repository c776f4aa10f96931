//! Every address without a parameter, for every role, on a phone and on a screen: shown or refused in
//! words, whole either way.

use super::page::{Came, Scripts, word};
use super::place::{Cases, demo};
use super::{DESK, PHONE, nothing_found};
use crate::county::Faults;
use server::Need;
use std::collections::{BTreeMap, BTreeSet};

/// What an answer may be: a page, or a page that says what it was not told.
const WELL: [i64; 3] = [200, 400, 422];

#[test]
fn every_page_is_whole_for_every_role_on_a_phone_and_on_a_screen() {
    let Some((chrome, _county, place)) = demo(Faults::Planted, Cases::WithAPast) else {
        return;
    };
    let routes = server::routes();
    // What ends in a dot and letters is a file, got from the page that knows what it is about.
    let simple = routes.iter().filter(|route| {
        route.method == "GET" && !route.path.contains('{') && !route.path.contains('.')
    });
    let simple: Vec<_> = simple.collect();
    let mut pages = Vec::new();
    let mut outside = place.page(&chrome, PHONE, Scripts::On);
    for route in simple.iter().filter(|route| route.need == Need::Nothing) {
        for width in [PHONE, DESK] {
            outside.resize(width);
            if let Came::Page(status) = outside.open(route.path) {
                assert_eq!(status, 200, "{}", route.path);
                outside.judge("nobody");
            }
        }
    }
    pages.push(outside);
    let mut shown = 0;
    for login in place.one_of_each_role() {
        let mut page = place.enter(&chrome, login, DESK, Scripts::On);
        let mut refused = false;
        for route in &simple {
            let Need::Right(right) = route.need else {
                continue;
            };
            if !place.may(login, right) {
                // One refusal looks like every other; that each is refused is asked without a browser (`access`).
                if !refused && let Came::Page(status) = page.open(route.path) {
                    refused = true;
                    assert_eq!(status, 403, "{login} {}", route.path);
                    page.judge(login);
                }
                continue;
            }
            for width in [DESK, PHONE] {
                page.resize(width);
                let Came::Page(status) = page.open(route.path) else {
                    continue;
                };
                if !WELL.contains(&status) {
                    page.note(format!("{login} {} answers {status}", route.path));
                }
                page.judge(login);
                shown += 1;
            }
        }
        pages.push(page);
    }
    assert!(shown > 100, "only {shown} pages were shown");
    nothing_found(pages);
}

/// Of pages that differ only by what they are about, so many are looked at.
const ALIKE: usize = 2;

#[test]
fn every_kind_of_page_behind_a_link_is_whole_on_a_phone_and_on_a_screen() {
    let Some((chrome, _county, place)) = demo(Faults::Planted, Cases::Everything) else {
        return;
    };
    let routes = server::routes();
    let kinds: Vec<&str> = routes
        .iter()
        .filter(|route| route.method == "GET" && route.path.contains('{'))
        .map(|route| route.path)
        .collect();
    let mut looked: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut pages = Vec::new();
    for login in place.one_of_each_role() {
        let mut page = place.enter(&chrome, login, DESK, Scripts::On);
        let mut next = vec![page.place()];
        let menu = page.tell(MENU);
        next.extend(menu.as_array().into_iter().flatten().map(word));
        let mut seen: BTreeSet<String> = next.iter().cloned().collect();
        while let Some(address) = next.pop() {
            let path = address.split('?').next().unwrap_or_default();
            let kind = kinds.iter().find(|kind| is_of(kind, path)).copied();
            let fresh = kind.is_none_or(|kind| {
                let of_kind = looked.entry(kind).or_default();
                of_kind.len() < ALIKE && of_kind.insert(path.to_owned())
            });
            if !fresh {
                continue;
            }
            page.resize(DESK);
            let Came::Page(status) = page.open(&address) else {
                continue;
            };
            // A list that leaves only when another person agreed is answered with the page on which to ask.
            let asks = status == 403 && page.text().contains("要另一人同意");
            if status != 200 && !asks {
                page.note(format!(
                    "{login} is led to {address}, which answers {status}"
                ));
            }
            if kind.is_some() {
                for width in [DESK, PHONE] {
                    page.resize(width);
                    page.judge(login);
                }
            }
            let links = page.tell(LINKS);
            let links = links.as_array().into_iter().flatten().map(word);
            let ours = links.filter(|link| {
                let path = link.split('?').next().unwrap_or_default();
                kinds.iter().any(|kind| is_of(kind, path))
            });
            next.extend(ours.filter(|link| seen.insert(link.clone())));
        }
        pages.push(page);
    }
    for kind in LED_TO {
        assert!(looked.contains_key(kind), "nothing leads to {kind}");
    }
    nothing_found(pages);
}

/// Kinds some list or page leads to.
const LED_TO: [&str; 4] = [
    "/households/{id}",
    "/case/{no}",
    "/warnings/{id}",
    "/feeds/{batch}",
];

const MENU: &str = "[...document.querySelectorAll('nav a')].map(a => a.getAttribute('href'))\
    .filter(h => h.startsWith('/'))";
/// Where a page leads, files left out.
const LINKS: &str = "[...new Set([...document.querySelectorAll('main a[href]:not([download])')]\
    .map(a => a.getAttribute('href').split('#')[0]).filter(h => h.startsWith('/')))]";

/// Whether a path is one of a route's.
fn is_of(kind: &str, path: &str) -> bool {
    let mut given = path.split('/');
    for part in kind.split('/') {
        if part.starts_with("{*") {
            return given.next().is_some_and(|rest| !rest.is_empty());
        }
        let Some(segment) = given.next() else {
            return false;
        };
        if part != segment && !part.starts_with('{') {
            return false;
        }
    }
    given.next().is_none()
}
