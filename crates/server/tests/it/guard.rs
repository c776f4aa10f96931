//! What stands before every page.

use axum::http::StatusCode;

use crate::ask::{get, plain, post, with, word};
use crate::house::{DOOR, OFFICIAL, SECADMIN};

const HOST: (&str, &str) = ("host", "127.0.0.1:8787");

#[tokio::test]
async fn a_foreign_name_for_this_machine_is_refused() {
    for (host, status) in [
        ("127.0.0.1:8787", StatusCode::OK),
        ("localhost", StatusCode::OK),
        ("[::1]:8787", StatusCode::OK),
        ("evil.example:8787", StatusCode::MISDIRECTED_REQUEST),
        ("127.0.0.1.evil.example", StatusCode::MISDIRECTED_REQUEST),
        ("10.0.0.5", StatusCode::MISDIRECTED_REQUEST),
    ] {
        assert_eq!(with("/", &[("host", host)]).await.status, status, "{host}");
    }
    assert_eq!(with("/", &[]).await.status, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn only_our_own_pages_may_send_a_form() {
    let size = "size=large&back=/warnings?kind=a";
    for (headers, status) in [
        (
            vec![HOST, ("sec-fetch-site", "same-origin")],
            StatusCode::SEE_OTHER,
        ),
        (
            vec![HOST, ("origin", "http://127.0.0.1:8787")],
            StatusCode::SEE_OTHER,
        ),
        (
            vec![HOST, ("sec-fetch-site", "cross-site")],
            StatusCode::FORBIDDEN,
        ),
        (
            vec![HOST, ("sec-fetch-site", "same-site")],
            StatusCode::FORBIDDEN,
        ),
        (vec![HOST, ("origin", "null")], StatusCode::FORBIDDEN),
        (
            vec![HOST, ("origin", "http://evil.example")],
            StatusCode::FORBIDDEN,
        ),
        (vec![HOST], StatusCode::FORBIDDEN),
    ] {
        assert_eq!(
            post("/display", size, &headers).await.status,
            status,
            "{headers:?}"
        );
    }
}

#[tokio::test]
async fn large_type_is_remembered_and_leads_back_to_our_own_pages_only() {
    for (body, back) in [
        ("size=large&back=%2Fwarnings%3Fkind%3Da", "/warnings?kind=a"),
        ("size=large&back=%2F%2Fevil.example", "/"),
        ("size=large&back=https%3A%2F%2Fevil.example", "/"),
        ("size=large&back=%2F%5Cevil.example", "/"),
    ] {
        let answer = post("/display", body, &[HOST, ("sec-fetch-site", "same-origin")]).await;
        assert_eq!(answer.headers["location"], back, "{body}");
        assert!(
            answer.headers["set-cookie"]
                .to_str()
                .unwrap()
                .contains("HttpOnly; SameSite=Lax")
        );
    }
    let large = with("/", &[HOST, ("cookie", "a=b; doudi_display=large")]).await;
    assert!(large.body.contains("<html lang=\"zh-CN\" class=\"large\">"));
    assert!(!get("/").await.body.contains("class=\"large\""));
}

#[tokio::test]
async fn every_answer_keeps_to_itself() {
    for path in [
        "/",
        "/warnings",
        "/nowhere",
        "/api/v1/overview",
        "/feeds/3/errors.xlsx",
    ] {
        let headers = get(path).await.headers;
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self'; "), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["referrer-policy"], "no-referrer", "{path}");
    }
}

#[tokio::test]
async fn the_first_page_with_all_it_needs_is_within_its_budget() {
    let page = get("/").await;
    let mut bytes = page.bytes;
    for part in page
        .body
        .split('"')
        .filter(|part| part.starts_with("/assets/"))
    {
        let path = part.split('#').next().unwrap();
        if page.body.find(part) != page.body.find(path) || part.contains("icons.svg#") {
            continue;
        }
        let asset = with(path, &[HOST, ("accept-encoding", "gzip, br")]).await;
        assert_eq!(asset.status, StatusCode::OK, "{path}");
        assert!(
            asset.headers["cache-control"]
                .to_str()
                .unwrap()
                .contains("immutable")
        );
        bytes += asset.bytes;
    }
    let icons = page
        .body
        .split('"')
        .find(|part| part.contains("icons.svg#"))
        .unwrap();
    let icons = with(
        icons.split('#').next().unwrap(),
        &[HOST, ("accept-encoding", "gzip")],
    )
    .await;
    bytes += icons.bytes;
    assert!(bytes < 100 * 1024, "the first page weighs {bytes} bytes");
}

#[tokio::test]
async fn an_asset_under_an_old_address_is_gone() {
    let path = "/assets/0000000000000000/doudi.css";
    assert_eq!(get(path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn pages_are_not_served_to_the_network_without_tls_before_them() {
    let addr = std::net::SocketAddr::from(([0, 0, 0, 0], 0));
    let refused = server::serve(DOOR.house(None), addr, |_| ()).await;
    assert!(refused.unwrap_err().to_string().contains("做 TLS 的代理"));
}

#[tokio::test]
async fn a_page_asks_for_a_session_and_leads_back_and_a_program_is_told() {
    let cookie = DOOR.cookie(OFFICIAL);
    let stale = "doudi_session=00";
    for (path, cookie, status, place) in [
        (
            "/warnings?kind=a",
            None,
            303,
            Some("/sign-in?next=%2Fwarnings%3Fkind%3Da"),
        ),
        ("/", None, 303, Some("/home")),
        ("/nowhere", None, 303, Some("/sign-in?next=%2Fnowhere")),
        (
            "/warnings",
            Some(stale),
            303,
            Some("/sign-in?next=%2Fwarnings"),
        ),
        ("/warnings", Some(cookie.as_str()), 200, None),
        ("/sign-in", Some(cookie.as_str()), 303, Some("/inbox")),
        ("/sign-in", None, 200, None),
        ("/api/v1/overview", None, 401, None),
        ("/openapi.json", None, 200, None),
    ] {
        let mut headers = vec![HOST];
        headers.extend(cookie.map(|cookie| ("cookie", cookie)));
        let answer = plain("GET", path, String::new(), &headers, None).await;
        assert_eq!(answer.status.as_u16(), status, "{path}");
        let led = answer.headers.get("location").map(|l| l.to_str().unwrap());
        assert_eq!(led, place, "{path}");
    }
}

#[tokio::test]
async fn a_form_without_the_word_of_its_session_is_refused() {
    let cookie = DOOR.cookie(OFFICIAL);
    let own = word(OFFICIAL).await;
    let of_another = word(SECADMIN).await;
    let send = async |body: String, extra: Option<(&str, &str)>| {
        let mut headers = vec![
            HOST,
            ("sec-fetch-site", "same-origin"),
            ("cookie", cookie.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        headers.extend(extra);
        plain("POST", "/account/tokens", body, &headers, None)
            .await
            .status
    };
    assert_eq!(send("name=a".into(), None).await, StatusCode::FORBIDDEN);
    assert_eq!(
        send(format!("name=a&form={of_another}"), None).await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        send("name=a&form=".into(), None).await,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        send(format!("name=a&form={own}"), None).await,
        StatusCode::OK
    );
    let header = Some(("x-doudi-form", own.as_str()));
    assert_eq!(send("name=a".into(), header).await, StatusCode::OK);
}

#[tokio::test]
async fn a_program_comes_with_its_token_and_needs_no_word() {
    let cookie = DOOR.cookie(OFFICIAL);
    let own = word(OFFICIAL).await;
    let headers = [
        HOST,
        ("sec-fetch-site", "same-origin"),
        ("cookie", cookie.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
    ];
    let body = format!("name=报表&form={own}");
    let page = plain("POST", "/account/tokens", body, &headers, None)
        .await
        .body;
    let token = page
        .split("secret mono\">")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap();
    assert_eq!(token.len(), 64);
    let bearer = format!("Bearer {token}");
    let as_program = async |path: &str, bearer: &str| {
        let headers = [HOST, ("authorization", bearer)];
        plain("GET", path, String::new(), &headers, None)
            .await
            .status
            .as_u16()
    };
    assert_eq!(as_program("/api/v1/overview", &bearer).await, 200);
    assert_eq!(as_program("/api/v1/health", &bearer).await, 403);
    assert_eq!(as_program("/api/v1/overview", "Bearer 00").await, 401);
    // The word opens the interface and no page.
    assert_eq!(as_program("/warnings", &bearer).await, 401);
    // A cookie does not help a wrong token along.
    let headers = [
        HOST,
        ("authorization", "Basic x"),
        ("cookie", cookie.as_str()),
    ];
    let mixed = plain("GET", "/api/v1/overview", String::new(), &headers, None).await;
    assert_eq!(mixed.status.as_u16(), 401);
}

#[tokio::test]
async fn behind_a_proxy_only_the_public_name_and_secure_cookies_are_used() {
    let front = Some("https://jiuzhu.example");
    let ask = async |host: &str, cookie: &str| {
        let headers = [("host", host), ("cookie", cookie)];
        plain("GET", "/warnings", String::new(), &headers, front).await
    };
    let secret = DOOR.secrets[OFFICIAL].clone();
    let whole = format!("__Host-doudi_session={secret}");
    let answer = ask("jiuzhu.example", &whole).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert!(answer.headers.contains_key("strict-transport-security"));
    let local = ask("127.0.0.1:8787", &whole).await;
    assert_eq!(local.status, StatusCode::MISDIRECTED_REQUEST);
    let plain_cookie = ask("jiuzhu.example", &DOOR.cookie(OFFICIAL)).await;
    assert_eq!(plain_cookie.status, StatusCode::SEE_OTHER);
    let form = |origin| [("host", "jiuzhu.example"), ("origin", origin)];
    for (origin, status) in [
        ("https://jiuzhu.example", StatusCode::SEE_OTHER),
        ("http://jiuzhu.example", StatusCode::FORBIDDEN),
    ] {
        let headers = form(origin);
        let answer = plain("POST", "/display", "size=large".into(), &headers, front).await;
        assert_eq!(answer.status, status, "{origin}");
    }
}

#[tokio::test]
async fn every_route_needs_a_right_or_shows_nothing_of_anybody() {
    let open: Vec<&str> = server::routes()
        .iter()
        .filter(|route| route.need == server::Need::Nothing)
        .map(|route| route.path)
        .collect();
    let shown_to_all = [
        "/sign-in",
        "/sign-in",
        "/display",
        // Residents ask and check without an account; nothing of anybody is shown or kept.
        "/guide",
        "/guide",
        "/guide/{id}",
        "/check",
        "/check",
        "/favicon.ico",
        "/assets/{hash}/{*path}",
        // The tablet asks whether its package still holds, by a secret of 256 bits; the page and its worker
        // hold nothing of anybody.
        "/visit-package/{token}",
        "/visit-tablet",
        "/visit-worker.js",
        // Public by law, with the fields the procedure lists, names masked, for its days only.
        "/notice",
        "/notice/{no}/objection",
        // Residents' door: asks for a telephone, answers everybody alike.
        "/home",
        "/my/sign-in",
        "/my/sign-in",
        // Help is sought without an account; a link of 256 bits rates one case or signs for one person.
        "/sos",
        "/sos",
        "/r/{token}",
        "/r/{token}",
        "/c/{token}",
        "/c/{token}",
        // Only where all people are invented.
        "/outbox",
        // Anybody reports, without a name too; a receipt tells where it stands and nothing of anybody.
        "/report",
        "/report",
        "/report/status",
        "/report/{receipt}",
        // What was published of a month: numbers of places, small ones hidden, nobody named.
        "/figures",
        "/api/v1/notices",
        "/openapi.json",
    ];
    assert_eq!(open, shown_to_all);
}
