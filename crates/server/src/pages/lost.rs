//! The page that says what was not found or went wrong, and where to go from there.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use office::views::ViewError;

use crate::api::problem::is_ours;
use crate::desk::{App, Desk};
use crate::guard;
use crate::shell::Shell;

#[derive(Template)]
#[template(path = "lost.html")]
pub(crate) struct LostPage {
    pub(crate) shell: Shell,
    pub(crate) code: u16,
    pub(crate) text: String,
}

/// An address of the interface asked in a way it does not answer; of pages nobody learns which there are.
pub(crate) async fn other_method(app: State<App>, request: Request) -> Response {
    match is_ours(request.uri().path()) {
        true => guard::refusal(
            StatusCode::METHOD_NOT_ALLOWED,
            "这个地址不接受这种请求;请看 /openapi.json",
        ),
        false => show(app, request).await,
    }
}

/// An address we do not answer; who is not signed in learns nothing about which ones we do.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Response {
    let visitor = match guard::visitor_of(&app, request.uri().path(), request.headers()).await {
        Ok(Some(visitor)) => visitor,
        Ok(None) => return guard::come_in_first(&request),
        Err(response) => return response,
    };
    let text = format!(
        "没有 `{}` 这个页面;请从菜单进入,或用上方的查找框查找",
        request.uri().path()
    );
    Desk::lost(&app, &visitor, ViewError::NotFound(text))
}
