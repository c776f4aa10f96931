//! What was typed into a form that is refused comes back with it: every form that pages show, filled with
//! words that fit no date, number or place, as each role.

use super::{Kind, Person, forms, tags};
use crate::county::{County, Faults};
use crate::staff::Staff;
use axum::Router;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Pages followed from those that have an address of their own.
const FOLLOWED_MAX: usize = 25;
/// Forms that leave, say only a secret or what is looked for, or come with files (those are sent elsewhere).
const ASIDE: [&str; 8] = [
    "/clues/new",
    "/report/status",
    "/sign-out",
    "/display",
    "/account/password",
    "/account/sessions/end",
    "/search",
    "/audit/check",
];

/// What a form sends with every word of it wrong, and those words; none where nobody types in it.
fn wrong(form: &super::Form, open: &BTreeSet<String>) -> Option<(String, Vec<String>)> {
    let mut words = Vec::new();
    let mut out = form_urlencoded::Serializer::new(String::new());
    for field in &form.fields {
        match field.kind {
            Kind::Hidden => {
                out.append_pair(&field.name, &field.value);
            }
            Kind::Typed if open.contains(&field.name) => {
                let word = format!("坏{}\"&<", words.len());
                out.append_pair(&field.name, &word);
                words.push(word);
            }
            Kind::Typed | Kind::Ticked => {}
            Kind::Chosen => {
                let last = field.options.last().map(|(value, _)| value.as_str());
                out.append_pair(&field.name, last.unwrap_or_default());
            }
            Kind::Button if !field.name.is_empty() => {
                out.append_pair(&field.name, &field.value);
            }
            Kind::Button => {}
        }
    }
    (!words.is_empty()).then(|| (out.finish(), words))
}

/// Fields of words: no secret, no file.
fn open_fields(body: &str) -> BTreeSet<String> {
    let words = tags(body).into_iter().filter(|tag| {
        let kind = tag.get("type").unwrap_or_default();
        let once = tag.get("autocomplete").as_deref() == Some("one-time-code");
        let input = tag.name == "input" && matches!(kind.as_str(), "" | "text" | "search");
        (input || tag.name == "textarea") && !once
    });
    words.filter_map(|tag| tag.get("name")).collect()
}

/// Sends every form of a page wrong; what was lost, and how many forms were refused.
async fn try_forms(me: &Person, path: &str, seen: &mut BTreeSet<String>) -> (usize, Vec<String>) {
    let page = me.open(path).await;
    let open = open_fields(&page.body);
    let (mut refused, mut lost) = (0, Vec::new());
    for form in forms(&page.body) {
        let names: Vec<&str> = form.fields.iter().map(|f| f.name.as_str()).collect();
        let kind = form.action.replace(|c: char| c.is_ascii_digit(), "");
        let key = format!("{kind} {names:?}");
        if form.method != "post" || ASIDE.contains(&form.action.as_str()) || !seen.insert(key) {
            continue;
        }
        let Some((sent, words)) = wrong(&form, &open) else {
            continue;
        };
        let answer = me.go("POST", &form.action, sent).await;
        if answer.status == 200 {
            continue;
        }
        refused += 1;
        let kept = tags(&answer.body);
        let stands = |word: &String| {
            kept.iter().any(|tag| {
                tag.get("value").as_ref() == Some(word)
                    || tag.name == "textarea" && super::unescaped(tag.text.trim()) == *word
            })
        };
        if let Some(word) = words.iter().find(|word| !stands(word)) {
            let said = answer.words();
            let said: String = said.chars().take(160).collect();
            lost.push(format!(
                "{} of {path}: {word} {} {said}",
                form.action, answer.status
            ));
        }
    }
    (refused, lost)
}

async fn router() -> (County, Staff, Router) {
    let county = County::new(Faults::None);
    let office = Arc::new(county.judged(county.setting("data")).await);
    let staff = Staff::of(&office, "990101").await;
    let router = staff.router(&office).await;
    (county, staff, router)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_form_that_is_refused_loses_what_was_typed() {
    let (_county, staff, router) = router().await;
    let chair = Person::of(&router, &staff.enter("chair", "县级审核", "990101").await);
    let held = [
        ("title", "八月联席会议"),
        ("day", "2026-09-01"),
        ("area", "990101"),
        ("offices", "民政局"),
        ("attendees", "3"),
    ];
    let page = chair.read("/conference").await;
    let minutes = chair.done(&page, "/conference", &held).await.place;
    let roles = [
        "窗口经办",
        "县级审核",
        "核对员",
        "网格员",
        "部门联络员",
        "系统管理员",
        "安全保密管理员",
    ];
    let own: Vec<&str> = server::routes()
        .iter()
        .filter(|route| route.method == "GET" && !route.path.contains(['{', '.']))
        .map(|route| route.path)
        .filter(|path| !path.starts_with("/api") && !path.starts_with("/assets"))
        .collect();
    let (mut seen, mut refused, mut lost) = (BTreeSet::new(), 0, Vec::new());
    for (at, role) in roles.into_iter().enumerate() {
        let login = format!("typist{at}");
        let me = Person::of(&router, &staff.enter(&login, role, "990101").await);
        let mut paths: Vec<String> = own.iter().map(|path| (*path).to_owned()).collect();
        let mut kinds = BTreeSet::new();
        for path in &own {
            let links = me.open(path).await.links().into_iter();
            paths.extend(links.filter(|link| {
                let kind = link.replace(|c: char| c.is_ascii_digit(), "");
                link.starts_with('/') && !link.contains('?') && kinds.insert(kind)
            }));
        }
        paths.truncate(own.len() + FOLLOWED_MAX);
        paths.push(minutes.clone());
        for path in paths {
            let (more, gone) = try_forms(&me, &path, &mut seen).await;
            refused += more;
            lost.extend(gone);
        }
    }
    assert!(
        lost.is_empty(),
        "{} of {refused}:\n{}",
        lost.len(),
        lost.join("\n")
    );
    for page in ["/conference/ ", "/conference ", "/crisis "] {
        assert!(seen.iter().any(|form| form.starts_with(page)), "no {page}");
    }
    assert!(refused > 20, "only {refused} forms were refused");
}
