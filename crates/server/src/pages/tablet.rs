//! 带到平板: the package a tablet takes along, the worker that answers where there is no network, the empty
//! page it shows there, and what comes back. A cached page holds nothing of anybody.

use askama::Template;
use axum::extract::{Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use office::casework::CaseError;
use office::views::ViewError;
use office::visits::{self, Package, PackageToken, Standing, SyncSent};
use serde_json::json;

use crate::assets;
use crate::desk::{App, Desk};
use crate::shell::Shell;

const WORKER: &str = include_str!("../../assets/visit-worker.js");
/// Where the worker answers: the list of visits, each form, and the page without network.
const SCOPE: &str = "/visit";
const ALLOWED: HeaderName = HeaderName::from_static("service-worker-allowed");
/// The header that names a package.
const PACKAGE: HeaderName = HeaderName::from_static("x-doudi-package");
/// The page without network and what it needs.
const SHELL: &str = "/visit-tablet";
const FILES: [&str; 8] = [
    "mark.svg",
    "chevron.svg",
    "doudi.css",
    "visit.js",
    "visit-vault.js",
    "vendor/bootstrap-5.3.9/bootstrap.min.css",
    "vendor/htmx-4.0.1/htmx.min.js",
    "vendor/tabler-icons-3.51.0/icons.svg",
];

#[derive(Template)]
#[template(path = "visit_tablet.html")]
struct ShellPage {
    shell: Shell,
}

/// The worker, with the addresses of what it keeps.
pub(crate) async fn worker() -> Response {
    let mut files: Vec<String> = FILES.iter().map(|path| assets::url(path)).collect();
    files.push(SHELL.to_owned());
    let list = serde_json::to_string(&files).unwrap_or_default();
    let name = assets::url("visits");
    let text = WORKER
        .replace("__FILES__", &list)
        .replace("__NAME__", &name);
    let headers = [
        (CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (CACHE_CONTROL, "no-cache"),
        (ALLOWED, SCOPE),
    ];
    (headers, text).into_response()
}

/// The page without network: the same for everybody, whoever is signed in.
pub(crate) async fn shell(State(app): State<App>) -> Response {
    let place = app.views.place();
    let shell = Shell::new("平板走访".to_owned(), None, place, SHELL.to_owned());
    match (ShellPage { shell }).render() {
        Ok(text) => Html(text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the tablet's page could not be shown");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

fn told(status: StatusCode, said: &str) -> Response {
    let body = json!({ "title": "没有办成", "detail": said });
    (status, axum::Json(body)).into_response()
}

/// The package has to go from the tablet.
fn gone() -> Response {
    let said = "这个离线包不再有效:已经退出,或者账号有变动";
    told(StatusCode::GONE, said)
}

/// A refusal a script can read.
fn refused(desk: &Desk, error: CaseError) -> Response {
    let status = match &error {
        CaseError::Refused(_) | CaseError::Refusal(_) => StatusCode::UNPROCESSABLE_ENTITY,
        CaseError::Forbidden(_) | CaseError::Denied(_) => StatusCode::FORBIDDEN,
        CaseError::NotFound(_) => StatusCode::NOT_FOUND,
        CaseError::Office(_) => return desk.refuse(ViewError::from(error)).into_response(),
    };
    told(status, &error.to_string())
}

/// A package with the word the forms of this session carry.
fn given(desk: &Desk, package: &Package) -> Response {
    match serde_json::to_value(package) {
        Ok(mut body) => {
            if let Some(fields) = body.as_object_mut() {
                fields.insert("word".to_owned(), json!(desk.visitor.form_word));
            }
            axum::Json(body).into_response()
        }
        Err(error) => desk
            .refuse(ViewError::Failed(error.to_string()))
            .into_response(),
    }
}

/// Takes the visits somebody began along.
pub(crate) async fn take(desk: Desk) -> Response {
    match visits::take(desk.access.office(), &desk.who).await {
        Ok(package) => given(&desk, &package),
        Err(error) => refused(&desk, error),
    }
}

/// Opens a package again, for whoever took it.
pub(crate) async fn reopen(desk: Desk, headers: HeaderMap) -> Response {
    let token = headers.get(PACKAGE).and_then(|token| token.to_str().ok());
    let Some(token) = token else {
        let said = "没有说是哪个离线包";
        return told(StatusCode::BAD_REQUEST, said);
    };
    let Some(token) = PackageToken::parse(token) else {
        return gone();
    };
    match visits::reopen(desk.access.office(), &desk.who, &token).await {
        Ok(Some(package)) => given(&desk, &package),
        Ok(None) => gone(),
        Err(error) => refused(&desk, error),
    }
}

/// Whether a package still holds, is only over its time, or has to go; asked by a tablet whose session does not
/// hold. Tells nothing else.
pub(crate) async fn holds(State(app): State<App>, Path(token): Path<String>) -> Response {
    let Some(token) = PackageToken::parse(&token) else {
        return gone();
    };
    match visits::standing(app.access.office(), &token).await {
        Ok(Standing::Holds) => axum::Json(json!({ "holds": true })).into_response(),
        Ok(Standing::Expired) => axum::Json(json!({ "holds": false })).into_response(),
        Ok(Standing::Ended) => gone(),
        Err(error) => {
            tracing::error!(%error, "a package could not be looked up");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Takes what was written on a tablet.
pub(crate) async fn sync(desk: Desk, Path(no): Path<String>, body: String) -> Response {
    let Ok(no) = no.parse::<i64>() else {
        return told(StatusCode::NOT_FOUND, "没有这个编号的走访");
    };
    let sent: SyncSent = match serde_json::from_str(&body) {
        Ok(sent) => sent,
        Err(error) => {
            let said = format!(
                "同步的内容读不懂(第 {} 行第 {} 列),没有收",
                error.line(),
                error.column()
            );
            return told(StatusCode::BAD_REQUEST, &said);
        }
    };
    match visits::sync(desk.access.office(), &desk.who, no, &sent).await {
        Ok(Some(done)) => axum::Json(done).into_response(),
        Ok(None) => gone(),
        Err(error) => refused(&desk, error),
    }
}
