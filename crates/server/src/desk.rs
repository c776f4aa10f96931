//! The desk a page works at: the office's views, the fields of the address, and how to answer or refuse.

use std::convert::Infallible;
use std::sync::Arc;

use askama::Template;
use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use office::views::{ViewError, Views};
use serde::Serialize;

use crate::links::Fields;
use crate::pages::lost::LostPage;
use crate::shell::{Menu, Shell};

/// The name of the cookie that remembers 长辈版.
pub(crate) const DISPLAY_COOKIE: &str = "doudi_display";

/// What every route shares.
#[derive(Clone)]
pub(crate) struct App {
    /// The office.
    pub(crate) views: Arc<dyn Views>,
}

/// One request, read.
pub(crate) struct Desk {
    /// The office.
    pub(crate) views: Arc<dyn Views>,
    /// Fields of the address.
    pub(crate) fields: Fields,
    here: String,
    large: bool,
}

/// An answer that is not the page asked for.
pub(crate) struct Refusal(Box<Response>);

/// A page or a refusal.
pub(crate) type Answered = Result<Response, Refusal>;

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        *self.0
    }
}

impl FromRequestParts<App> for Desk {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Desk, Infallible> {
        let here = parts
            .uri
            .path_and_query()
            .map_or("/", |whole| whole.as_str());
        Ok(Desk {
            views: Arc::clone(&app.views),
            fields: Fields::read(parts.uri.query().unwrap_or_default()),
            here: here.to_owned(),
            large: wants_large(&parts.headers),
        })
    }
}

impl Desk {
    /// The frame of a page.
    pub(crate) fn shell(&self, title: impl Into<String>, menu: Option<Menu>) -> Shell {
        let mut shell = Shell::new(title.into(), menu, self.views.place(), self.here.clone());
        shell.large = self.large;
        shell
    }

    /// Answers with a page.
    pub(crate) fn show(&self, page: &impl Template) -> Answered {
        match page.render() {
            Ok(text) => Ok(Html(text).into_response()),
            Err(error) => Err(self.refuse(ViewError::Failed(error.to_string()))),
        }
    }

    /// Answers with the page that says why, and what to do.
    pub(crate) fn refuse(&self, error: ViewError) -> Refusal {
        let (status, title, text) = told(error);
        let shell = self.shell(title, None);
        let body = LostPage {
            shell,
            code: status.as_u16(),
            text,
        }
        .render()
        .unwrap_or_default();
        Refusal(Box::new((status, Html(body)).into_response()))
    }

    /// Reads a record number out of an address.
    pub(crate) fn id(&self, text: &str, what: &str) -> Result<i64, Refusal> {
        text.parse().map_err(|_| self.refuse(no_such(what, text)))
    }
}

/// Answers a program.
pub(crate) fn json<T: Serialize>(answer: Result<T, ViewError>) -> Response {
    match answer {
        Ok(view) => Json(view).into_response(),
        Err(error) => {
            let (status, title, text) = told(error);
            (
                status,
                Json(serde_json::json!({ "title": title, "detail": text })),
            )
                .into_response()
        }
    }
}

/// There is no such record.
pub(crate) fn no_such(what: &str, text: &str) -> ViewError {
    ViewError::NotFound(format!(
        "没有编号为 `{text}` 的{what};请核对编号,或用上方的查找框查找"
    ))
}

/// The status, title and text of an error; what the machine says goes to the log only.
fn told(error: ViewError) -> (StatusCode, &'static str, String) {
    match error {
        ViewError::NotFound(text) => (StatusCode::NOT_FOUND, "没有找到", text),
        ViewError::NotAnswerable(text) => (StatusCode::BAD_REQUEST, "无法按此查询", text),
        ViewError::Failed(cause) => {
            tracing::error!(%cause, "a page failed");
            let text =
                "系统内部出错,已记入日志。数据没有改动;请稍后再试,仍不行请把发生的时间告诉管理员。";
            (
                StatusCode::INTERNAL_SERVER_ERROR,
                "系统出错",
                text.to_owned(),
            )
        }
    }
}

fn wants_large(headers: &HeaderMap) -> bool {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .any(|(name, value)| name == DISPLAY_COOKIE && value == "large")
}
