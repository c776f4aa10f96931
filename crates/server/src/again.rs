//! A form that could not be taken comes back with what was typed: one place for all pages, so that no
//! template can forget a field. Words, choices and ticks are put back into the form that was sent; what the
//! page itself hides in it, secrets and files never are. The field the refusal speaks of is marked.

mod tags;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use crate::upload::{self, UPLOAD_BYTES_MAX};

/// The longest page a form comes back on.
const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Puts what was typed back where a form is refused.
pub(crate) async fn with_what_was_typed(request: Request, next: Next) -> Response {
    let is_form = is(request.headers(), "application/x-www-form-urlencoded");
    if request.method() != Method::POST || !(is_form || upload::is_upload(request.headers())) {
        return next.run(request).await;
    }
    let path = request.uri().path().to_owned();
    let (parts, body) = request.into_parts();
    let Ok(bytes) = to_bytes(body, UPLOAD_BYTES_MAX).await else {
        let said = "提交的内容太大,没有保存。";
        return crate::guard::refusal(StatusCode::PAYLOAD_TOO_LARGE, said);
    };
    let kind = parts.headers.get(CONTENT_TYPE).cloned();
    let request = Request::from_parts(parts, Body::from(bytes.clone()));
    let response = next.run(request).await;
    if response.status() != StatusCode::UNPROCESSABLE_ENTITY || !is(response.headers(), "text/html")
    {
        return response;
    }
    let typed = match is_form {
        true => form_urlencoded::parse(&bytes).into_owned().collect(),
        false => words_of(bytes, kind).await,
    };
    let (mut parts, body) = response.into_parts();
    let Ok(page) = to_bytes(body, PAGE_BYTES_MAX).await else {
        let said = "页面太大,显示不了;没有保存。";
        return crate::guard::refusal(StatusCode::INTERNAL_SERVER_ERROR, said);
    };
    parts.headers.remove(CONTENT_LENGTH);
    let body = match std::str::from_utf8(&page) {
        Ok(text) => Body::from(tags::filled(text, &path, &typed)),
        Err(_) => Body::from(page),
    };
    Response::from_parts(parts, body)
}

fn is(headers: &HeaderMap, kind: &str) -> bool {
    let said = headers.get(CONTENT_TYPE);
    let said = said.and_then(|kind| kind.to_str().ok());
    said.is_some_and(|said| said.starts_with(kind))
}

/// The fields of a form with files, without them.
async fn words_of(bytes: Bytes, kind: Option<HeaderValue>) -> Vec<(String, String)> {
    let mut copy = Request::new(Body::from(bytes));
    if let Some(kind) = kind {
        copy.headers_mut().insert(CONTENT_TYPE, kind);
    }
    match upload::read(copy).await {
        Ok(upload) => upload.fields.starting_with(""),
        Err(_) => Vec::new(),
    }
}
