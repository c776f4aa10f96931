//! 预警处置率 from the county down to the list, the same number at each level; and what everybody may read of it
//! without signing in, from which no small number comes back.

use crate::county::{County, Faults, NOW, setting};
use crate::postgres;
use crate::staff::Staff;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt;
use office::Database;
use office::access::{Access, Acting, By};
use office::desk::Desk;
use office::views::{Views, WarningFilter, WarningState};
use office::visits;
use std::collections::BTreeMap;
use std::sync::Arc;
use tower::ServiceExt;

const TOWNSHIP: &str = "990101001000";
const LEAST: u64 = 3;

struct Here {
    _county: County,
    access: Arc<Access>,
    views: Arc<dyn Views>,
    router: Router,
    passwords: BTreeMap<String, String>,
}

/// Somebody who came in: the session, and the word of its forms.
struct Came {
    who: Acting,
    secret: String,
    word: String,
}

struct Told {
    status: u16,
    headers: HeaderMap,
    body: String,
}

impl Here {
    async fn open(name: &str, database: Database) -> Self {
        let county = County::new(Faults::Planted);
        let setting = setting(&county.folder.path().join(name), database, NOW);
        let office = Arc::new(county.judged(setting).await);
        let staff = Staff::of_beside(&office, "990101").await;
        let access = Arc::clone(&staff.access);
        let made = access.make_demo_accounts().await.unwrap();
        // Somebody who may look into a warning wherever it is.
        access
            .grant(By::Machine, "li", "窗口经办", "990101", None, "测试")
            .await
            .unwrap();
        let passwords = made
            .into_iter()
            .map(|one| (one.login, one.password.tell().to_owned()))
            .collect();
        let views = Desk::open(Arc::clone(&office)).await.unwrap();
        Self {
            _county: county,
            access,
            router: staff.router_of(&views),
            views,
            passwords,
        }
    }

    async fn enter(&self, login: &str) -> Came {
        let begun = self
            .access
            .sign_in(login, &self.passwords[login], login, "test");
        let secret = begun.await.unwrap().secret.text();
        let visitor = self.access.visitor(&secret).await.unwrap().unwrap();
        Came {
            who: visitor.acting,
            secret,
            word: visitor.form_word,
        }
    }

    async fn ask(&self, method: &str, path: &str, who: Option<&Came>, body: String) -> Told {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "127.0.0.1:8642")
            .header("sec-fetch-site", "same-origin")
            .header("content-type", "application/x-www-form-urlencoded");
        if let Some(who) = who {
            request = request.header("cookie", format!("doudi_session={}", who.secret));
        }
        let request = request.body(Body::from(body)).unwrap();
        let (parts, body) = self
            .router
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Told {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    async fn page(&self, path: &str, who: Option<&Came>) -> String {
        let told = self.ask("GET", path, who, String::new()).await;
        assert_eq!(told.status, 200, "{path}: {}", told.body);
        told.body
    }

    /// The number a list says it has, and how many rows stand on all of its pages.
    async fn list(&self, path: &str, who: &Came) -> (u64, usize) {
        let (mut path, mut rows) = (path.to_owned(), 0);
        loop {
            let page = self.page(&path, Some(who)).await;
            let total = number(between(&page, "data-total=\"", "\"").unwrap());
            rows += page.matches("data-label=\"为什么\"").count();
            match page.split("rel=\"next\"").nth(1) {
                Some(rest) => path = unescaped(between(rest, "href=\"", "\"").unwrap()),
                None => return (total, rows),
            }
        }
    }
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    text.split_once(from)?.1.split_once(to).map(|(it, _)| it)
}

fn number(text: &str) -> u64 {
    text.replace(',', "").trim().parse().unwrap()
}

fn unescaped(text: &str) -> String {
    let marks = [
        ("&#38;", "&"),
        ("&amp;", "&"),
        ("&#60;", "<"),
        ("&lt;", "<"),
    ];
    marks
        .iter()
        .fold(text.to_owned(), |text, (mark, is)| text.replace(mark, is))
}

/// What stands in a piece of a page without its marks.
fn plain(html: &str) -> String {
    let mut out = String::new();
    let mut inside = false;
    for letter in html.chars() {
        match letter {
            '<' => {
                inside = true;
                out.push(' ');
            }
            '>' => inside = false,
            _ if !inside => out.push(letter),
            _ => {}
        }
    }
    unescaped(&out)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// One rate of a page: its name, the way down, and each number with its list.
#[derive(Debug)]
struct Rate {
    name: String,
    down: Option<String>,
    counts: BTreeMap<String, (u64, String)>,
}

impl Rate {
    fn of(html: &str) -> Self {
        let counts = html.split("data-count=\"").skip(1).map(|piece| {
            let part = piece.split('"').next().unwrap().to_owned();
            let href = unescaped(between(piece, "href=\"", "\"").unwrap());
            let value = number(between(piece, "\">", "</a>").unwrap());
            (part, (value, href))
        });
        let head = between(html, "<th scope=\"row\"", "</th>").unwrap_or_default();
        Self {
            name: plain(head.split_once('>').map_or("", |(_, rest)| rest)),
            down: html
                .split("data-down")
                .nth(1)
                .and_then(|rest| between(rest, "href=\"", "\""))
                .map(unescaped),
            counts: counts.collect(),
        }
    }

    fn value(&self, part: &str) -> u64 {
        self.counts[part].0
    }
}

/// The whole of a page, and the places below it.
fn rates(page: &str) -> (Rate, Vec<Rate>) {
    let whole = Rate::of(between(page, "<dl class=\"figures\">", "</dl>").unwrap());
    let places = between(page, "id=\"places\"", "</section>").unwrap_or_default();
    let rows = places.split("<tr>").skip(2).map(Rate::of);
    (whole, rows.collect())
}

const PARTS: [&str; 4] = ["raised", "handled", "waiting", "late"];

/// The places of a page add up to its whole, and each number of it is the list it opens.
async fn adds_up(here: &Here, who: &Came, (whole, places): &(Rate, Vec<Rate>), lists: bool) {
    for part in PARTS {
        let sum: u64 = places.iter().map(|place| place.value(part)).sum();
        if !places.is_empty() {
            assert_eq!(sum, whole.value(part), "{part} {places:?}");
        }
        for rate in places.iter().filter(|_| lists).chain([whole]) {
            let (value, href) = &rate.counts[part];
            let (total, rows) = here.list(href, who).await;
            assert_eq!(
                (total, rows),
                (*value, usize::try_from(*value).unwrap()),
                "{href}"
            );
        }
    }
}

/// Says of open warnings that they are not so; answers of how many.
async fn dispose(here: &Here, clerk: &Came, most: usize) -> u64 {
    let list = here.views.warnings(&clerk.who, WarningFilter::default());
    let rows = list.await.unwrap().page.rows;
    let open = [WarningState::Open, WarningState::Assigned];
    let open = rows.iter().filter(|row| open.contains(&row.state));
    let mut done = 0;
    for row in open.take(most) {
        let id = visits::WarningId::new(row.id);
        let why = "上门看过,不是这样";
        visits::dismiss(here.access.office(), &clerk.who, id, why)
            .await
            .unwrap();
        done += 1;
    }
    done
}

async fn one_rate_from_the_county_to_its_list(name: &str, database: Database) {
    let here = Here::open(name, database).await;
    let (leader, clerk) = (here.enter("zhou").await, here.enter("wang").await);
    let handled = dispose(&here, &here.enter("li").await, 7).await;
    let county = rates(&here.page("/handling", Some(&leader)).await);
    assert!(
        county.0.value("raised") > 15 && county.1.len() > 2,
        "{county:?}"
    );
    assert_eq!((county.0.value("handled"), handled), (7, 7));
    adds_up(&here, &leader, &county, true).await;
    let largest = county.1.iter().map(|place| place.value("raised")).max();
    let mut villages_seen = 0;
    for township in &county.1 {
        let Some(down) = &township.down else { continue };
        let own = rates(&here.page(down, Some(&leader)).await);
        for part in PARTS {
            assert_eq!(own.0.value(part), township.value(part), "{down}");
        }
        let lists = Some(township.value("raised")) == largest;
        adds_up(&here, &leader, &own, lists).await;
        for village in own.1.iter().filter(|_| lists) {
            let Some(down) = &village.down else { continue };
            let (whole, below) = rates(&here.page(down, Some(&leader)).await);
            assert!(below.is_empty());
            for part in PARTS {
                assert_eq!(whole.value(part), village.value(part), "{down}");
            }
            villages_seen += 1;
        }
    }
    assert!(villages_seen > 0);
    // The clerk sees her own township, the same number, and no other.
    let (whole, _) = rates(&here.page("/handling", Some(&clerk)).await);
    let own = county
        .1
        .iter()
        .find(|r| r.down.as_ref().is_some_and(|d| d.contains(TOWNSHIP)));
    assert_eq!(whole.value("raised"), own.unwrap().value("raised"));
    for path in ["/handling", "/handling/rows"] {
        let other = format!("{path}?area=990101002000");
        let told = here.ask("GET", &other, Some(&clerk), String::new()).await;
        assert_eq!(told.status, 404, "{other}");
    }
    // Nothing was raised in a month before.
    let (none, _) = rates(&here.page("/handling?month=2026-07", Some(&leader)).await);
    assert_eq!(none.value("raised"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_is_the_same_number_from_the_county_to_the_list_behind_it() {
    one_rate_from_the_county_to_its_list("handling", Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_is_the_same_number_on_postgresql_too() {
    if let Some(address) = postgres::fresh_database().await {
        one_rate_from_the_county_to_its_list("handling-pg", Database::Postgres { address }).await;
    }
}

/// The cells of a published page: the whole, and each place's by name.
fn published(page: &str) -> (Vec<String>, BTreeMap<String, Vec<String>>) {
    let cells = |html: &str, mark: &str| -> Vec<String> {
        let pieces = html.split(mark).skip(1);
        let end = format!("</{}", &mark[1..3]);
        pieces
            .map(|piece| {
                let piece = piece.split_once(&end).map_or(piece, |(it, _)| it);
                plain(piece.split_once('>').map_or("", |(_, rest)| rest))
            })
            .collect()
    };
    let whole = between(page, "<dl class=\"figures\">", "</dl>").unwrap();
    let table = between(page, "<tbody>", "</tbody>").unwrap_or_default();
    let rows = table.split("<tr>").skip(1).map(|row| {
        let name = between(row, "<th scope=\"row\"", "</th>").unwrap();
        let name = plain(name.split_once('>').unwrap().1);
        (name, cells(row, "<td"))
    });
    (cells(whole, "<dd"), rows.collect())
}

/// `66.6% 2 ÷ 3 条` as numerator and denominator; none where it is hidden.
fn told_rate(cell: &str) -> Option<(u64, u64)> {
    if cell.contains("受保护") {
        assert_eq!(cell, "<3 或受保护");
        return None;
    }
    if cell == "0" {
        return Some((0, 0));
    }
    let (_, parts) = cell.split_once(' ').unwrap();
    let (part, whole) = parts.split_once(" ÷ ").unwrap();
    Some((number(part), number(whole.trim_end_matches('条'))))
}

fn is_small((part, whole): (u64, u64)) -> bool {
    [part, whole, whole - part]
        .iter()
        .any(|n| (1..LEAST).contains(n))
}

/// Numerator and denominator.
type Pair = (u64, u64);

/// What a page hides cannot be found from its total: two places at least, with room to be one or the other.
fn cannot_be_subtracted(whole: Option<Pair>, rows: &[(Option<Pair>, Pair)]) {
    let veiled: Vec<&(u64, u64)> = rows
        .iter()
        .filter(|r| r.0.is_none())
        .map(|r| &r.1)
        .collect();
    let Some(whole) = whole else {
        assert_eq!(
            veiled.len(),
            rows.len(),
            "below a hidden total all is hidden"
        );
        return;
    };
    if veiled.is_empty() {
        return;
    }
    let shown: u64 = rows
        .iter()
        .filter_map(|r| r.0)
        .map(|(_, whole)| whole)
        .sum();
    let left = whole.1 - shown;
    let many = u64::try_from(veiled.len()).unwrap();
    assert!(many >= 2 && left >= LEAST + many - 1, "{left} in {many}");
}

async fn what_is_published_hides_small_numbers(name: &str, database: Database) {
    let here = Here::open(name, database).await;
    let [leader, clerk, county] = ["zhou", "wang", "chen"];
    let (leader, clerk, county) = (
        here.enter(leader).await,
        here.enter(clerk).await,
        here.enter(county).await,
    );
    let visitor = here.enter("li").await;
    dispose(&here, &visitor, 12).await;
    let description = here.access.office().book().texts()["banks/demo.md"].clone();
    let bank = |sent: &std::path::Path| {
        let sent = std::fs::read(sent).ok()?;
        let reply = synth::bank_answer(&description, &sent, 7, &[]).ok()?;
        Some((reply.name, reply.bytes))
    };
    office::disbursement::demo::fill(&here.access, NOW, bank)
        .await
        .unwrap();
    let nothing = here.page("/figures", None).await;
    assert!(nothing.contains("还没有公布过数据"));
    let publish = async |who: &Came, month: &str| {
        let body = format!("form={}&month={month}", who.word);
        let told = here.ask("POST", "/figures/publish", Some(who), body).await;
        told.status
    };
    assert_eq!(publish(&clerk, "2026-09").await, 403);
    assert_eq!(publish(&county, "2026-10").await, 422, "it has not begun");
    assert_eq!(publish(&county, "2026-09").await, 303);
    assert_eq!(publish(&leader, "2026-09").await, 422, "once and no more");
    // What happens afterwards is in no page of the month.
    let page = here.page("/figures", None).await;
    assert!(dispose(&here, &visitor, 3).await > 0);
    assert_eq!(here.page("/figures", None).await, page);
    assert!(page.contains("截至 2026-09-14"));

    let exact = rates(&here.page("/handling", Some(&leader)).await);
    let (whole, places) = published(&page);
    assert!(whole.len() > 1, "nothing was paid: {whole:?}");
    let mut small_villages = 0;
    let mut pairs = Vec::new();
    for township in &exact.1 {
        let name = &township.name;
        let seen = told_rate(&places[name][0]);
        let Some(down) = &township.down else { continue };
        let area = down
            .split("area=")
            .nth(1)
            .unwrap()
            .split('&')
            .next()
            .unwrap();
        let below = here.page(&format!("/figures?area={area}"), None).await;
        let (own, villages) = published(&below);
        // A township has no column for what nobody there has any of.
        let some = places[name].iter().filter(|cell| *cell != "0");
        let some: Vec<String> = some.cloned().collect();
        assert_eq!(own, some, "the same cell on both pages");
        let truth = rates(&here.page(down, Some(&leader)).await);
        let mut inside = Vec::new();
        for village in &truth.1 {
            let told = told_rate(&villages[&village.name][0]);
            let raised = village.value("raised");
            small_villages += u64::from((1..LEAST).contains(&raised));
            if (1..LEAST).contains(&raised) {
                assert_eq!(told, None, "{}", village.name);
            }
            if let Some((part, whole)) = told {
                assert_eq!(whole, raised);
                assert!(!is_small((part, whole)), "{}", village.name);
            }
            inside.push((told, (village.value("handled"), raised)));
        }
        cannot_be_subtracted(seen, &inside);
        pairs.push((seen, (township.value("handled"), township.value("raised"))));
        money_cannot_be_subtracted(&own, &villages);
    }
    assert!(small_villages > 0, "no village is small enough to tell");
    cannot_be_subtracted(told_rate(&whole[0]), &pairs);
    money_cannot_be_subtracted(&whole, &places);
    // On a wall the same cells, nothing to press, and it looks again by itself.
    let wall = here
        .ask(
            "GET",
            &format!("/screen?area={TOWNSHIP}"),
            Some(&leader),
            String::new(),
        )
        .await;
    let town = here.page(&format!("/figures?area={TOWNSHIP}"), None).await;
    assert_eq!(published(&wall.body), published(&town));
    assert!(wall.headers.contains_key("refresh"));
    for control in ["<a ", "<form", "<button", "<script"] {
        assert!(!wall.body.contains(control), "{control}");
    }
    for path in [
        "/figures?area=990102",
        "/figures?month=2026-08",
        "/figures?area=990101001001",
    ] {
        let told = here.ask("GET", path, None, String::new()).await;
        assert_eq!(told.status, 404, "{path}");
    }
}

/// Households of each programme: where a total is shown, what is hidden below it is several places with room.
fn money_cannot_be_subtracted(whole: &[String], places: &BTreeMap<String, Vec<String>>) {
    let households = |cell: &str| match cell {
        "0" => Some(0),
        cell if cell.contains("受保护") => None,
        cell => Some(number(cell.split_once(" 户").unwrap().0)),
    };
    for figure in 1..whole.len() {
        let total = households(&whole[figure]);
        let cells: Vec<Option<u64>> = places
            .values()
            .map(|row| households(&row[figure]))
            .collect();
        let veiled = cells.iter().filter(|cell| cell.is_none()).count();
        for cell in cells.iter().flatten() {
            assert!(!(1..LEAST).contains(cell), "{whole:?}");
        }
        let Some(total) = total.filter(|_| !cells.is_empty()) else {
            continue;
        };
        let left = total - cells.iter().flatten().sum::<u64>();
        let many = u64::try_from(veiled).unwrap();
        assert!(
            (many == 0 && left == 0) || (many >= 2 && left >= LEAST + many - 1),
            "{figure}: {left} in {many}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_everybody_reads_gives_no_small_number_back() {
    what_is_published_hides_small_numbers("published", Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_everybody_reads_gives_no_small_number_back_on_postgresql_too() {
    if let Some(address) = postgres::fresh_database().await {
        what_is_published_hides_small_numbers("published-pg", Database::Postgres { address }).await;
    }
}
