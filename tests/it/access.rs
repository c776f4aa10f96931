//! Who may see and do what: every route by every role from every kind of place, against the access
//! rules themselves; and the ways in, out and around.

mod cases;
mod firsts;
mod objects;

use crate::county::{County, Faults};
use crate::staff::{Signed, Staff};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt;
use office::access::{Reach, Right};
use office::desk::Desk;
use office::views::{Views, WarningFilter};
use server::{Need, Route};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use tower::ServiceExt;

/// The place of the things asked for, one beside it, the one around both, and one elsewhere.
const OWN: &str = "990101001";
const PLACES: [(&str, &str); 4] = [
    ("own", OWN),
    ("sibling", "990101002"),
    ("parent", "990101"),
    ("foreign", "990102"),
];

struct Pages {
    county: County,
    views: Arc<dyn Views>,
    staff: Staff,
    router: Router,
}

/// One patient of each township with another last digit, so that somebody has to say whose the row is.
fn doubted(county: &County) {
    let register = county.feed("2026-08", "register");
    let rows = register.columns(["身份证号", "居住地区"]).into_iter();
    let numbered = rows.filter(|[number, area]| number.len() == 18 && area.len() >= 9);
    let town_of: BTreeMap<String, String> = numbered
        .map(|[number, area]| (number.to_owned(), area[..9].to_owned()))
        .collect();
    county.rewrite("2026-08", "medical-expense", |table| {
        let numbers = table.columns(["身份证号"]).into_iter();
        let known = numbers.zip(1..).filter_map(|([number], row)| {
            let town = town_of.get(number)?;
            Some((town.clone(), (number.to_owned(), row)))
        });
        let chosen: BTreeMap<String, (String, usize)> = known.collect();
        assert!(chosen.contains_key(OWN), "{:?}", chosen.keys());
        for (number, row) in chosen.into_values() {
            let (most, last) = number.split_at(17);
            let other = format!("{most}{}", if last == "1" { "2" } else { "1" });
            table.set(row, "身份证号", &other);
        }
    });
}

impl Pages {
    async fn open() -> Self {
        let county = County::new(Faults::Planted);
        doubted(&county);
        let office = Arc::new(county.judged(county.setting("data")).await);
        let views = Desk::open(Arc::clone(&office)).await.unwrap();
        let staff = Staff::of(&office, "990101").await;
        Self {
            county,
            router: staff.router_of(&views),
            views,
            staff,
        }
    }

    async fn ask(&self, method: &str, path: &str, secret: &str, body: String) -> Told {
        ask(&self.router, method, path, secret, body).await
    }

    /// A household with an open warning in a township, one of its members, and that warning.
    async fn a_door(&self, township: &str) -> (i64, i64, i64) {
        let chen = self.staff.enter("finder", "县级审核", "990101").await;
        let filter = WarningFilter {
            township: Some(township.to_owned()),
            state: Some(office::views::WarningState::Open),
            ..WarningFilter::default()
        };
        let rows = self
            .views
            .warnings(&chen.who, filter)
            .await
            .unwrap()
            .page
            .rows;
        for row in rows {
            if let office::views::Behind::Household(id) = row.about {
                let file = self.views.household(&chen.who, id, None).await.unwrap();
                return (id, file.members[0].id, row.id);
            }
        }
        panic!("no open warning of a household in {township}")
    }
}

struct Told {
    status: u16,
    headers: HeaderMap,
    body: String,
}

async fn ask(router: &Router, method: &str, path: &str, secret: &str, body: String) -> Told {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "127.0.0.1:8642")
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cookie", format!("doudi_session={secret}"))
        .body(Body::from(body))
        .unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Told {
        status: parts.status.as_u16(),
        headers: parts.headers,
        body: String::from_utf8_lossy(&bytes).into_owned(),
    }
}

/// What a path's parts stand for here, and whether what it names lies in [`OWN`].
fn filled(route: &Route, (household, person, warning): (i64, i64, i64)) -> (String, bool) {
    let local = ["/households/", "/persons/", "/warnings/"];
    let id = if route.path.contains("/warnings/") {
        warning
    } else if route.path.starts_with("/persons/") {
        person
    } else {
        household
    };
    let path = route
        .path
        .replace("{id}", &id.to_string())
        .replace("{person}", &person.to_string())
        .replace("{batch}", "1")
        .replace("{code}", OWN)
        .replace("{*path}", "policies/dibao.md")
        .replace("{login}", "nobody-here")
        .replace("{no}", "999999")
        .replace("{session}", "999999")
        .replace("{grant}", "999999");
    (path, local.iter().any(|part| route.path.contains(part)))
}

/// What the access rules say somebody with one role over one place is answered.
fn expected(pages: &Pages, right: Right, role: &str, place: &str, is_local: bool) -> &'static str {
    let book = pages.staff.access.book();
    let rule = book.rule(right).unwrap();
    let wide = "990101".starts_with(place);
    let inside = OWN.starts_with(place);
    match rule.reach {
        _ if !book.allows(role, right) => "403",
        Reach::Whole if !wide => "403",
        Reach::Area if is_local && !inside => "404",
        Reach::Area | Reach::Whole | Reach::Undivided | Reach::Own => "answered",
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_every_role_from_every_place_as_the_access_rules_say() {
    let pages = Pages::open().await;
    let door = pages.a_door(OWN).await;
    let routes = server::routes();
    let roles: Vec<String> = pages
        .staff
        .access
        .book()
        .roles()
        .iter()
        .map(|role| role.code.clone())
        .collect();
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, role) in roles.iter().enumerate() {
        for (kind, place) in PLACES {
            let login = format!("u{at}-{kind}");
            let signed = pages.staff.enter(&login, role, place).await;
            for route in &routes {
                let Need::Right(right) = route.need else {
                    continue;
                };
                // Ends the very session that asks: told on its own below.
                if route.path == "/account/sessions/end" {
                    continue;
                }
                let (path, is_local) = filled(route, door);
                let form = format!("form={}", signed.word);
                let told = pages.ask(route.method, &path, &signed.secret, form).await;
                let wanted = expected(&pages, right, role, place, is_local);
                let said = match (wanted, told.status) {
                    ("answered", 200 | 303 | 400 | 409 | 415 | 422) => "answered",
                    // Nothing is there under the numbers used for accounts and sessions.
                    ("answered", 404) if !is_local => "answered",
                    (_, 403) => "403",
                    (_, 404) => "404",
                    (_, other) => panic!(
                        "{role} {kind} {} {path}: {other}\n{}",
                        route.method, told.body
                    ),
                };
                assert_eq!(
                    said, wanted,
                    "{role} {kind} {} {path}\n{}",
                    route.method, told.body
                );
                *seen.entry(wanted).or_default() += 1;
            }
        }
    }
    // A test that saw no case of a kind says nothing of it.
    assert!(
        seen["403"] > 500 && seen["404"] > 20 && seen["answered"] > 200,
        "{seen:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_township_sees_its_own_and_the_townships_together_are_the_county() {
    let pages = Pages::open().await;
    let chen = pages.staff.enter("chen", "县级审核", "990101").await;
    let whole = pages.views.overview(&chen.who, None).await.unwrap();
    let all = WarningFilter::default;
    let total = pages
        .views
        .warnings(&chen.who, all())
        .await
        .unwrap()
        .page
        .total;
    let names: BTreeSet<&str> = whole.townships.iter().map(|t| t.name.as_str()).collect();
    let (mut sum, mut rolls) = (0, 0);
    for (at, town) in whole.townships.iter().enumerate() {
        let code = &town.code[..9];
        let wang = pages
            .staff
            .enter(&format!("wang{at}"), "窗口经办", code)
            .await;
        let own = pages.views.overview(&wang.who, None).await.unwrap();
        let shown: Vec<&str> = own.townships.iter().map(|t| t.name.as_str()).collect();
        assert_eq!(shown, [town.name.as_str()]);
        assert_eq!(own.townships[0].count.value, town.count.value);
        let list = pages.views.warnings(&wang.who, all()).await.unwrap();
        sum += list.page.total;
        rolls += own.programmes[0].months.last().unwrap().on_roll.value;
        assert!(
            list.page
                .rows
                .iter()
                .all(|row| row.place.starts_with(&town.name))
        );
        // Nothing on the page names a place beside one's own.
        let page = pages
            .ask("GET", "/", &wang.secret, String::new())
            .await
            .body;
        for other in names.iter().filter(|name| **name != town.name) {
            assert!(!page.contains(*other), "{} sees {other}", town.name);
        }
    }
    assert_eq!(sum, total);
    let known = whole.programmes[0].months.last().unwrap().on_roll.value;
    assert!(
        rolls <= known && rolls * 10 >= known * 9,
        "{rolls} of {known}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_number_is_in_the_chain_before_it_is_on_the_page() {
    let pages = Pages::open().await;
    let (household, person, warning) = pages.a_door(OWN).await;
    let wang = pages.staff.enter("wang", "窗口经办", OWN).await;
    let path = format!("/households/{household}/persons/{person}/identity");
    let people = pages.county.truth("persons.csv");
    let numbers: BTreeSet<&str> = people
        .columns(["id_number"])
        .into_iter()
        .map(|[n]| n)
        .collect();
    let whole = |page: &str| {
        numbers
            .iter()
            .filter(|n| n.len() == 18 && page.contains(**n))
            .count()
    };
    let shenji = pages.staff.enter("shenji", "审计监督", "990101").await;
    let reveals = async || {
        let journal = pages
            .staff
            .access
            .journal(&shenji.who, Some("wang"), None, None);
        let rows = journal.await.unwrap().rows.into_iter();
        let mine = rows.filter(|row| row.did == "看完整");
        mine.map(|row| (row.on, row.why)).collect::<Vec<_>>()
    };
    let form = pages.ask("GET", &path, &wang.secret, String::new()).await;
    assert_eq!((form.status, whole(&form.body)), (200, 0));
    let send = async |purpose: &str, cause: &str, field: &str| {
        let body = format!(
            "form={}&purpose={purpose}&cause={cause}&field={field}",
            wang.word
        );
        pages.ask("POST", &path, &wang.secret, body).await
    };
    let cause = format!("warning:{warning}");
    for (purpose, cause, field) in [
        ("", cause.as_str(), "id-number"),
        ("curiosity", &cause, "id-number"),
        ("visit", "", "id-number"),
        ("visit", "warning:999999", "id-number"),
        ("visit", &cause, ""),
        ("visit", &cause, "everything"),
    ] {
        let told = send(purpose, cause, field).await;
        assert_eq!(
            (told.status, whole(&told.body)),
            (422, 0),
            "{purpose} {cause} {field}"
        );
    }
    assert_eq!(reveals().await, []);
    let told = send("visit", &cause, "id-number").await;
    assert_eq!((told.status, whole(&told.body)), (200, 1));
    assert_eq!(told.headers["cache-control"], "no-store");
    let entry = (format!("人员 {person}"), format!("入户核实 · {cause}"));
    assert_eq!(reveals().await, [entry]);
    // The household's own page tells who looked, and why.
    let file = pages
        .ask(
            "GET",
            &format!("/households/{household}"),
            &wang.secret,
            String::new(),
        )
        .await;
    assert!(file.body.contains("看完整:身份证号") && file.body.contains("入户核实"));
    assert!(file.body.contains("wang的姓名(wang)"));
    assert_eq!(whole(&file.body), 0);
    // A household where nothing waits shows nothing, whatever is said.
    let chen = pages.staff.enter("chen2", "县级审核", "990101").await;
    let quiet = a_quiet_household(&pages, &chen).await;
    let (home, member) = quiet;
    let path = format!("/households/{home}/persons/{member}/identity");
    let body = format!(
        "form={}&purpose=visit&cause={cause}&field=id-number",
        chen.word
    );
    let told = pages.ask("POST", &path, &chen.secret, body).await;
    assert_eq!((told.status, whole(&told.body)), (422, 0));
}

/// A household without an open warning or task.
async fn a_quiet_household(pages: &Pages, chen: &Signed) -> (i64, i64) {
    for id in 1..200 {
        let Ok(file) = pages.views.household(&chen.who, id, None).await else {
            continue;
        };
        if file.warnings.is_empty() && !file.members.is_empty() {
            return (id, file.members[0].id);
        }
    }
    panic!("every household has a warning")
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_works_on_a_household_of_their_own_or_of_a_relative() {
    let pages = Pages::open().await;
    let (household, person, warning) = pages.a_door(OWN).await;
    let wang = pages.staff.enter("wang", "窗口经办", OWN).await;
    let places = [
        format!("/households/{household}"),
        format!("/warnings/{warning}"),
        format!("/households/{household}/persons/{person}/identity"),
    ];
    for path in &places {
        assert_eq!(
            pages
                .ask("GET", path, &wang.secret, String::new())
                .await
                .status,
            200
        );
    }
    // The member's number, as its holder knows it, told by somebody who may see it.
    let chen = pages.staff.enter("chen", "县级审核", "990101").await;
    let ask = office::access::RevealAsk {
        purpose: "visit".to_owned(),
        cause: format!("warning:{warning}"),
        fields: vec!["id-number".to_owned()],
    };
    let shown = pages
        .staff
        .access
        .reveal(&chen.who, household, person, &ask)
        .await
        .unwrap();
    let number = shown.values[0].1.clone().expect("the member has a number");
    let body = format!("form={}&relation=parent&number={number}", wang.word);
    let told = pages
        .ask("POST", "/account/recusals", &wang.secret, body)
        .await;
    assert_eq!(told.status, 303);
    for path in &places {
        let told = pages.ask("GET", path, &wang.secret, String::new()).await;
        assert_eq!(told.status, 403, "{path}");
        assert!(told.body.contains("回避"), "{path}");
    }
    let account = pages
        .ask("GET", "/account", &wang.secret, String::new())
        .await
        .body;
    assert!(!account.contains(&number) && account.contains("父母"));
    relation_ends(&pages, &wang, (&account, &places[0])).await;
    // Others go on working there.
    assert_eq!(
        pages
            .ask("GET", &places[0], &chen.secret, String::new())
            .await
            .status,
        200
    );
}

/// Who no longer is a relative says since when and why; it holds once another person has confirmed it, and both
/// stay on the page.
async fn relation_ends(pages: &Pages, wang: &Signed, (account, door): (&str, &str)) {
    let path = account.split("action=\"/account/recusals/").nth(1).unwrap();
    let path = path.split('"').next().unwrap();
    let path = format!("/account/recusals/{path}");
    let ask = async |who: &Signed, path: &str, fields: &str| {
        let body = format!("form={}&{fields}", who.word);
        pages.ask("POST", path, &who.secret, body).await
    };
    let early = ask(wang, &path, "day=2030-01-01&reason=%E8%AF%AF%E7%99%BB").await;
    assert!(early.status == 422 && early.body.contains("还没有到"));
    let asked = ask(wang, &path, "day=2026-09-01&reason=%E8%AF%AF%E7%99%BB").await;
    assert_eq!(asked.status, 303, "{}", asked.body);
    let still = pages.ask("GET", door, &wang.secret, String::new()).await;
    assert_eq!(still.status, 403, "until another person confirms");
    let anquan = pages
        .staff
        .enter("anquan", "安全保密管理员", "990101")
        .await;
    let users = pages
        .ask("GET", "/admin/users", &anquan.secret, String::new())
        .await;
    assert!(users.body.contains("等确认终止:1 件") && users.body.contains("父母"));
    let settle = users
        .body
        .split("action=\"/admin/recusals/")
        .nth(1)
        .unwrap();
    let settle = format!("/admin/recusals/{}", settle.split('"').next().unwrap());
    let mute = ask(&anquan, &settle, "act=confirm&reason=").await;
    assert_eq!(mute.status, 422, "{}", mute.body);
    let done = ask(&anquan, &settle, "act=confirm&reason=%E7%9C%8B%E8%BF%87").await;
    assert_eq!(done.status, 303, "{}", done.body);
    let open = pages.ask("GET", door, &wang.secret, String::new()).await;
    assert_eq!(open.status, 200, "{}", open.body);
    let account = pages
        .ask("GET", "/account", &wang.secret, String::new())
        .await;
    assert!(
        account.body.contains("已终止,从 2026-09-01 起不再是") && account.body.contains("父母")
    );
}
