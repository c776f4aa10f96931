//! What an attacker would try at the door, as a table: headers of every answer, redirects, names and addresses
//! that were made up.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use server::Need;

use crate::ask::{Answer, plain, with};
use crate::house::{DOOR, OFFICIAL};

const HOST: (&str, &str) = ("host", "127.0.0.1:8787");
const FRONT: &str = "https://jiuzhu.example";

/// Behind the proxy, from an address of our choosing.
async fn from(address: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut all = vec![("host", "jiuzhu.example"), ("x-forwarded-for", address)];
    all.extend(headers);
    plain("GET", path, String::new(), &all, Some(FRONT)).await
}

fn filled(path: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}').unwrap();
        out.push_str(before);
        out.push_str(match name {
            "day" => "2026-09-14",
            "*path" => "policies/dibao.md",
            "hash" => "0000000000000000",
            _ => "1",
        });
        rest = behind;
    }
    out + rest
}

#[tokio::test]
async fn every_route_answers_with_the_protecting_headers_whatever_it_answers() {
    let expected = [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("strict-transport-security", "max-age=31536000"),
    ];
    let mut seen = BTreeSet::new();
    for route in server::routes() {
        for signed_in in [false, true] {
            let path = filled(route.path);
            let cookie = format!("__Host-doudi_session={}", DOOR.secrets[OFFICIAL]);
            let headers = [("cookie", cookie.as_str())];
            let headers: &[(&str, &str)] = if signed_in { &headers } else { &[] };
            // An address of its own for each, so that nobody comes too often.
            let address = format!("10.0.{}.{}", seen.len() / 200, seen.len() % 200);
            let answer = from(&address, &path, headers).await;
            for (name, value) in expected {
                assert_eq!(answer.headers[name], value, "{path} {name}");
            }
            // What is the same for everybody may be kept by a browser; nothing that is somebody's.
            if route.need != Need::Nothing {
                assert_eq!(answer.headers["cache-control"], "no-store", "{path}");
            }
            let policy = answer.headers["content-security-policy"].to_str().unwrap();
            for part in [
                "default-src 'self'",
                "object-src 'none'",
                "base-uri 'none'",
                "frame-ancestors 'none'",
                "form-action 'self'",
            ] {
                assert!(policy.contains(part), "{path} {part}");
            }
            assert!(
                !policy.contains("unsafe") && !policy.contains('*'),
                "{path}"
            );
            let personal = route.need != Need::Nothing;
            let secret = answer.headers.contains_key("set-cookie");
            assert!(
                !(personal && secret && !signed_in),
                "{path} gives a cookie to nobody"
            );
            assert_ne!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        }
        seen.insert((route.method, route.path));
    }
    assert!(seen.len() > 100);
}

#[tokio::test]
async fn a_place_to_go_on_to_is_one_of_our_own_whatever_is_asked() {
    let cookie = DOOR.cookie(OFFICIAL);
    for wanted in [
        "//evil.example",
        "https://evil.example",
        "/%09/evil.example",
        "/%5Cevil.example",
        "%5C%5Cevil.example",
        "%2F%2Fevil.example",
        "/%0d%0aSet-Cookie:%20a=b",
        "/%0aLocation:%20https://evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "%00//evil.example",
        "/..//evil.example",
    ] {
        let headers = [HOST, ("cookie", cookie.as_str())];
        let path = format!("/sign-in?next={wanted}");
        let answer = plain("GET", &path, String::new(), &headers, None).await;
        let place = answer
            .headers
            .get("location")
            .map(|l| l.to_str().unwrap().to_owned());
        assert!(
            place.is_none_or(|p| p.starts_with('/') && !p.starts_with("//")),
            "{wanted}"
        );
        let own = crate::ask::post(
            "/display",
            &format!("size=large&back={wanted}"),
            &[HOST, ("sec-fetch-site", "same-origin")],
        )
        .await;
        let place = own.headers["location"].to_str().unwrap();
        assert!(
            place.starts_with('/') && !place.starts_with("//") && !place.starts_with("/\\"),
            "{wanted}: {place}"
        );
        let cookies: Vec<_> = own.headers.get_all("set-cookie").iter().collect();
        assert_eq!(cookies.len(), 1, "{wanted}");
    }
}

#[tokio::test]
async fn headers_that_claim_something_are_not_believed() {
    // The house is built here, not by a thread of its own runtime, which would wait for itself.
    let _built = &DOOR.access;
    for (name, value) in [
        ("x-forwarded-host", "evil.example"),
        ("x-user", "admin"),
        ("x-original-url", "/admin/users"),
        ("x-rewrite-url", "/admin/users"),
        ("x-http-method-override", "DELETE"),
        ("forwarded", "for=127.0.0.1;host=evil.example"),
    ] {
        let nobody = plain(
            "GET",
            "/warnings",
            String::new(),
            &[HOST, (name, value)],
            None,
        )
        .await;
        assert_eq!(nobody.status, StatusCode::SEE_OTHER, "{name}");
        assert_eq!(
            nobody.headers["location"], "/sign-in?next=%2Fwarnings",
            "{name}"
        );
        let official = with("/warnings", &[HOST, (name, value)]).await;
        assert_eq!(official.status, StatusCode::OK, "{name}");
        assert!(!official.body.contains("evil.example"), "{name}");
    }
}

#[tokio::test]
async fn whoever_is_nobody_and_comes_too_often_is_told_when_to_come_again() {
    let most = DOOR.access.book().settings().visits_each;
    let mut last = None;
    for visit in 0..=most {
        // What stands before the last address was written by whoever sent it.
        let claimed = format!("203.0.113.{}, 192.0.2.7", visit % 200);
        last = Some(from(&claimed, "/sign-in", &[]).await);
    }
    let last = last.unwrap();
    assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(last.headers["retry-after"], "60");
    assert!(last.body.contains("来得太快了") && last.body.contains("<h1"));
    let program = from("192.0.2.7", "/api/v1/cases", &[]).await;
    assert_eq!(program.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(program.headers["content-type"], "application/problem+json");
    // Others are not kept waiting, nor is somebody who is signed in, nor are our own letters.
    assert_eq!(
        from("192.0.2.8", "/sign-in", &[]).await.status,
        StatusCode::OK
    );
    let cookie = format!("__Host-doudi_session={}", DOOR.secrets[OFFICIAL]);
    let official = from("192.0.2.7", "/warnings", &[("cookie", &cookie)]).await;
    assert_eq!(official.status, StatusCode::OK);
    let asset = from("192.0.2.7", "/assets/0000000000000000/doudi.css", &[]).await;
    assert_eq!(asset.status, StatusCode::NOT_FOUND);
    DOOR.watch.advance(60);
    let later = from("192.0.2.7", "/sign-in", &[]).await;
    assert_eq!(later.status, StatusCode::OK);
}

#[tokio::test]
async fn a_problem_of_the_interface_is_told_as_one_in_words_an_official_would_read() {
    let cookie = DOOR.cookie(OFFICIAL);
    let own = crate::ask::word(OFFICIAL).await;
    let own = own.as_str();
    let page = [HOST, ("cookie", cookie.as_str())];
    let json = ("content-type", "application/json");
    let form = ("x-doudi-form", own);
    let here = ("sec-fetch-site", "same-origin");
    let sent = |extra: &[(&'static str, &'static str)]| -> Vec<(String, String)> {
        let own = [form, here];
        let all = page.iter().chain(&own).chain(extra);
        all.map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect()
    };
    // Method, path, body, headers; the status and field they are told.
    type Asked<'a> = (
        &'a str,
        &'a str,
        String,
        Vec<(String, String)>,
        u16,
        Option<&'a str>,
    );
    let cases: Vec<Asked<'_>> = vec![
        (
            "GET",
            "/api/v1/warnings?state=foo",
            String::new(),
            sent(&[]),
            400,
            Some("state"),
        ),
        (
            "GET",
            "/api/v1/warnings?wat=1",
            String::new(),
            sent(&[]),
            400,
            Some("query"),
        ),
        (
            "GET",
            "/api/v1/warnings?state=open&state=open",
            String::new(),
            sent(&[]),
            400,
            Some("state"),
        ),
        (
            "GET",
            "/api/v1/warnings/abc",
            String::new(),
            sent(&[]),
            404,
            Some("id"),
        ),
        (
            "GET",
            "/api/v1/households/404",
            String::new(),
            sent(&[]),
            404,
            None,
        ),
        (
            "GET",
            "/api/v1/nowhere",
            String::new(),
            sent(&[]),
            404,
            None,
        ),
        (
            "DELETE",
            "/api/v1/warnings",
            String::new(),
            sent(&[]),
            405,
            None,
        ),
        ("GET", "/api/v1/health", String::new(), sent(&[]), 403, None),
        (
            "POST",
            "/api/v1/guide",
            "question=x".into(),
            sent(&[("content-type", "text/plain")]),
            415,
            None,
        ),
        (
            "POST",
            "/api/v1/guide",
            "{".into(),
            sent(&[json]),
            400,
            Some("body"),
        ),
        (
            "POST",
            "/api/v1/guide",
            "{}".into(),
            sent(&[json]),
            422,
            Some("/question"),
        ),
        (
            "POST",
            "/api/v1/guide",
            format!("{{\"question\":\"{}\"}}", "问".repeat(400_000)),
            sent(&[json]),
            413,
            None,
        ),
        (
            "POST",
            "/api/v1/guide",
            "{\"question\":\"低保\"}".into(),
            vec![
                ("host".into(), HOST.1.into()),
                ("cookie".into(), cookie.clone()),
                ("content-type".into(), json.1.into()),
            ],
            403,
            None,
        ),
        (
            "GET",
            "/api/v1/cases",
            String::new(),
            vec![("host".into(), HOST.1.into())],
            401,
            None,
        ),
        (
            "GET",
            "/api/v1/cases",
            String::new(),
            vec![("host".into(), "evil.example".into())],
            421,
            None,
        ),
    ];
    for (method, path, body, headers, status, field) in cases {
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        let answer = plain(method, path, body, &headers, None).await;
        assert_eq!(
            answer.status.as_u16(),
            status,
            "{method} {path}\n{}",
            answer.body
        );
        assert_eq!(
            answer.headers["content-type"], "application/problem+json",
            "{path}"
        );
        let told: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(told["status"], status, "{path}");
        assert_eq!(told["field"].as_str(), field, "{path}");
        assert!(!told["detail"].as_str().unwrap().is_ascii(), "{path}");
        assert!(
            told["type"].as_str().unwrap().starts_with("urn:doudi:"),
            "{path}"
        );
    }
    let refused = plain(
        "DELETE",
        "/api/v1/warnings",
        String::new(),
        &[HOST, ("cookie", &cookie), form, here],
        None,
    )
    .await;
    assert_eq!(refused.headers["allow"], "GET,HEAD");
}

#[tokio::test]
async fn the_document_names_every_operation_of_the_router_and_no_other() {
    let document: serde_json::Value = serde_json::from_str(&server::openapi()).unwrap();
    let described: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().keys();
            methods.map(|method| (method.to_ascii_uppercase(), path.clone()))
        })
        .collect();
    let routed: BTreeSet<(String, String)> = server::routes()
        .iter()
        .filter(|route| route.path.starts_with("/api/v1/"))
        .map(|route| (route.method.to_owned(), route.path.to_owned()))
        .collect();
    assert_eq!(described, routed);
    assert!(routed.len() >= 30);
    // Whatever is pointed to is there, and nothing is there that nobody points to.
    let text = document.to_string();
    for kind in ["schemas", "responses"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            assert!(
                text.contains(&format!("\"#/components/{kind}/{name}\"")),
                "{kind} {name}"
            );
        }
    }
    for part in text.split("\"#/components/").skip(1) {
        let pointer = format!("/components/{}", part.split('"').next().unwrap());
        assert!(
            document.pointer(&pointer).is_some_and(|v| !v.is_null()),
            "{pointer}"
        );
    }
    let ids: Vec<&str> = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|methods| methods.as_object().unwrap().values())
        .map(|operation| operation["operationId"].as_str().unwrap())
        .collect();
    let once: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(once.len(), ids.len());
}
