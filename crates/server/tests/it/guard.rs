//! What stands before every page.

use axum::http::StatusCode;

use crate::ask::{get, post, with};
use crate::fixture::Fixture;

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
async fn pages_are_not_served_to_the_network() {
    let addr = std::net::SocketAddr::from(([0, 0, 0, 0], 0));
    let refused = server::serve(std::sync::Arc::new(Fixture), addr, |_| ()).await;
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("只能在本机提供页面")
    );
}
