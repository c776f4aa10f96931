//! Every page over real data answers, and every number equals the list it opens.

use crate::county::{County, Faults, run_months};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use office::desk::Desk;
use office::views::{Behind, Count, Views};
use std::collections::BTreeSet;
use std::sync::Arc;
use tower::ServiceExt;

async fn desk() -> (County, Arc<dyn Views>) {
    let county = County::new(Faults::Planted);
    let office = Arc::new(county.office("data").await);
    county.receive(&office).await;
    run_months(&office).await;
    let views = Desk::open(office).await.unwrap();
    (county, views)
}

async fn get(pages: &Router, path: &str) -> (StatusCode, String) {
    let request = Request::get(path)
        .header("host", "127.0.0.1:8642")
        .body(Body::empty())
        .unwrap();
    let answer = pages.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&bytes).into_owned())
}

/// The addresses a page links to, without those inside it.
fn links(page: &str) -> BTreeSet<String> {
    let hrefs = page
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next());
    let own = hrefs.filter(|h| h.starts_with('/') && !h.starts_with("/assets"));
    own.map(|h| {
        h.split('#')
            .next()
            .unwrap()
            .replace("&amp;", "&")
            .replace("&#38;", "&")
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_that_a_page_links_to_answers() {
    let (county, views) = desk().await;
    let pages = server::router(views);
    let mut seen: BTreeSet<String> = BTreeSet::from(["/".to_owned()]);
    let mut next: Vec<String> = vec!["/".to_owned()];
    // Two clicks from the overview, and never more of a kind than a person would look at.
    for _ in 0..3 {
        let mut found = BTreeSet::new();
        for path in next {
            let (status, page) = get(&pages, &path).await;
            assert_eq!(status, StatusCode::OK, "{path}\n{page}");
            found.extend(links(&page));
        }
        next = found
            .into_iter()
            .filter(|path| seen.insert(path.clone()))
            .take(60)
            .collect();
    }
    for part in ["/warnings", "/programmes", "/feeds", "/rulebook", "/areas"] {
        assert!(
            seen.iter().any(|s| s.starts_with(part)),
            "nothing links to {part}"
        );
    }
    assert!(
        seen.iter().any(|s| s.starts_with("/households/")),
        "no household was opened: {seen:?}"
    );
    for path in [
        "/whatif",
        "/health",
        "/search?q=H0000005",
        "/api/v1/overview",
        "/api/v1/warnings",
        "/openapi.json",
    ] {
        assert_eq!(get(&pages, path).await.0, StatusCode::OK, "{path}");
    }
    for path in [
        "/households/999999999",
        "/warnings/999999999",
        "/rulebook/no.md",
        "/nowhere",
    ] {
        assert_eq!(get(&pages, path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
    drop(county);
}

/// How long the list behind a number is; none where a number opens no list.
async fn length(views: &dyn Views, behind: &Behind) -> Option<u64> {
    match behind {
        Behind::Warnings(filter) => Some(views.warnings(filter.clone()).await.unwrap().page.total),
        Behind::Programme(filter) => {
            Some(views.programme(filter.clone()).await.unwrap().page.total)
        }
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_number_of_the_overview_equals_the_list_behind_it() {
    let (county, views) = desk().await;
    for month in ["2026-06", "2026-07", "2026-08"] {
        let overview = views.overview(Some(month.to_owned())).await.unwrap();
        let mut counts: Vec<(String, &Count)> = Vec::new();
        counts.extend(overview.todos.iter().map(|t| (t.title.clone(), &t.count)));
        counts.extend(
            overview
                .kinds
                .iter()
                .map(|k| (k.kind.title.clone(), &k.count)),
        );
        for town in &overview.townships {
            counts.push((town.name.clone(), &town.count));
            counts.extend(town.parts.iter().map(|c| (town.name.clone(), c)));
            let parts: u64 = town.parts.iter().map(|c| c.value).sum();
            assert_eq!(parts, town.count.value, "{month} {}", town.name);
        }
        for programme in &overview.programmes {
            let all = programme
                .months
                .iter()
                .flat_map(|m| [&m.on_roll, &m.entitled, &m.unsettled]);
            counts.extend(
                all.chain([&programme.missing, &programme.leaving])
                    .map(|c| (programme.title.clone(), c)),
            );
        }
        let mut compared = 0;
        for (what, count) in counts {
            if let Some(length) = length(views.as_ref(), &count.behind).await {
                assert_eq!(count.value, length, "{month} {what} {:?}", count.behind);
                compared += 1;
            }
        }
        for figure in &overview.figures {
            if let Some(length) = length(views.as_ref(), &figure.behind).await {
                assert_eq!(
                    figure.value.replace(',', ""),
                    length.to_string(),
                    "{month} {}",
                    figure.label
                );
                compared += 1;
            }
        }
        assert!(
            compared > 20,
            "{month}: only {compared} numbers open a list"
        );
    }
    drop(county);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_shows_a_whole_number_or_name() {
    let (county, views) = desk().await;
    let pages = server::router(views);
    let people = county.truth("persons.csv");
    let known = people.columns(["id_number", "name"]);
    let mut texts = Vec::new();
    for path in [
        "/",
        "/warnings",
        "/programmes",
        "/feeds",
        "/search?q=H0000005",
        "/households/5",
        "/households/6",
        "/api/v1/warnings",
    ] {
        texts.push((path, get(&pages, path).await.1));
    }
    for (path, text) in &texts {
        for [number, name] in &known {
            assert!(
                number.is_empty() || !text.contains(number),
                "{path} shows a whole number"
            );
            // Names of two characters are masked to the first; a longer one cannot stand there by chance.
            assert!(
                name.chars().count() < 4 || !text.contains(name),
                "{path} shows a whole name"
            );
        }
    }
}
