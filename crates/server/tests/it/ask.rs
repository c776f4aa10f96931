//! Asks a page and reads the answer.

use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use server::Front;
use tower::ServiceExt;

use crate::house::{ADMIN, DOOR, OFFICIAL, RUNTIME};

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
    pub bytes: usize,
}

/// Asks as somebody who may see the page.
pub async fn get(path: &str) -> Answer {
    with(path, &[("host", "127.0.0.1:8787")]).await
}

/// The same with headers; a cookie is added to those given.
pub async fn with(path: &str, headers: &[(&str, &str)]) -> Answer {
    let inside = ["/health", "/api/v1/health", "/admin"];
    let login = match inside.iter().any(|start| path.starts_with(start)) {
        true => ADMIN,
        false => OFFICIAL,
    };
    let cookie = DOOR.cookie(login);
    let mut all = headers.to_vec();
    all.push(("cookie", &cookie));
    plain("GET", path, String::new(), &all, None).await
}

/// Sends a form as the official, with the word of the session.
pub async fn post(path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
    let cookie = DOOR.cookie(OFFICIAL);
    let mut all = headers.to_vec();
    all.push(("cookie", &cookie));
    all.push(("content-type", "application/x-www-form-urlencoded"));
    let body = format!("{body}&form={}", word(OFFICIAL).await);
    plain("POST", path, body, &all, None).await
}

/// The word the forms of somebody's session carry.
pub async fn word(login: &'static str) -> String {
    let secret = DOOR.secrets[login].clone();
    let visitor = RUNTIME.spawn(async move { DOOR.access.visitor(&secret).await });
    visitor.await.unwrap().unwrap().unwrap().form_word
}

/// Asks with nothing added.
pub async fn plain(
    method: &str,
    path: &str,
    body: String,
    headers: &[(&str, &str)],
    front: Option<&str>,
) -> Answer {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body)).expect("a request");
    let front = front.map(|address| Front::parse(address).expect("an address"));
    let answered = RUNTIME.spawn(async move {
        let response = server::router(DOOR.house(front))
            .oneshot(request)
            .await
            .expect("an answer");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
            bytes: bytes.len(),
        }
    });
    answered.await.expect("an answer")
}
