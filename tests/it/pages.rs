//! Every page over real data answers, and every number equals the list it opens.

use crate::county::{County, Faults};
use crate::staff::{Signed, reviewer};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use http_body_util::BodyExt;
use office::access::Acting;
use office::desk::Desk;
use office::views::{Behind, Count, SearchAsk, Views};
use std::collections::BTreeSet;
use std::sync::Arc;
use tower::ServiceExt;

struct Pages {
    county: County,
    views: Arc<dyn Views>,
    router: Router,
    chen: Signed,
    admin: Signed,
}

async fn pages() -> Pages {
    let county = County::new(Faults::Planted);
    let office = Arc::new(county.judged(county.setting("data")).await);
    let views = Desk::open(Arc::clone(&office)).await.unwrap();
    let (staff, chen) = reviewer(&office, "990101").await;
    let admin = staff.admin().await;
    Pages {
        county,
        router: staff.router_of(&views),
        views,
        chen,
        admin,
    }
}

async fn get(pages: &Pages, path: &str) -> (StatusCode, String) {
    // The state of the machine is not an official's page.
    let signed = if path == "/health" {
        &pages.admin
    } else {
        &pages.chen
    };
    let request = Request::get(path)
        .header("host", "127.0.0.1:8642")
        .header("cookie", format!("doudi_session={}", signed.secret))
        .body(Body::empty())
        .unwrap();
    let answer = pages.router.clone().oneshot(request).await.unwrap();
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
    let pages = pages().await;
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
        // Of the many areas a person looks at few.
        let few = |path: &String| !path.starts_with("/areas/") || path.ends_with("01000");
        next = found
            .into_iter()
            .filter(few)
            .filter(|path| seen.insert(path.clone()))
            .take(150)
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
        "/search",
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
}

/// How long the list behind a number is; none where a number opens no list.
async fn length(views: &dyn Views, who: &Acting, behind: &Behind) -> Option<u64> {
    match behind {
        Behind::Warnings(filter) => Some(
            views
                .warnings(who, filter.clone())
                .await
                .unwrap()
                .page
                .total,
        ),
        Behind::Programme(filter) => Some(
            views
                .programme(who, filter.clone())
                .await
                .unwrap()
                .page
                .total,
        ),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_number_of_the_overview_equals_the_list_behind_it() {
    let pages = pages().await;
    let (views, who) = (pages.views.as_ref(), &pages.chen.who);
    for month in ["2026-06", "2026-07", "2026-08"] {
        let overview = views.overview(who, Some(month.to_owned())).await.unwrap();
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
            if let Some(length) = length(views, who, &count.behind).await {
                assert_eq!(count.value, length, "{month} {what} {:?}", count.behind);
                compared += 1;
            }
        }
        for figure in &overview.figures {
            if let Some(length) = length(views, who, &figure.behind).await {
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
}

#[tokio::test(flavor = "multi_thread")]
async fn no_page_shows_a_whole_number_or_name() {
    let pages = pages().await;
    let people = pages.county.truth("persons.csv");
    let known = people.columns(["id_number", "name"]);
    let mut texts = Vec::new();
    for path in [
        "/",
        "/warnings",
        "/programmes",
        "/feeds",
        "/households/5",
        "/households/6",
        "/api/v1/warnings",
    ] {
        texts.push((path, get(&pages, path).await.1));
    }
    // A whole number finds its holder and comes back masked, but for the words as typed.
    let whole = known.iter().map(|[number, _]| number);
    let mut found = 0;
    for number in whole.filter(|number| number.len() == 18).take(20) {
        let ask = SearchAsk {
            words: (*number).to_string(),
            after: 0,
        };
        let mut answer = pages.views.search(&pages.chen.who, ask).await.unwrap();
        answer.words.clear();
        found += answer.rows.len();
        texts.push(("search", serde_json::to_string(&answer).unwrap()));
    }
    assert!(found > 0, "nobody is found by a whole number");
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
