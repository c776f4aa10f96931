//! The page that says what was not found or went wrong, and where to go from there.

use askama::Template;
use axum::extract::{Request, State};
use axum::response::Response;
use office::views::ViewError;

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

/// An address we do not answer; who is not signed in learns nothing about which ones we do.
pub(crate) async fn show(State(app): State<App>, request: Request) -> Response {
    let visitor = match guard::visitor_of(&app, request.headers()).await {
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
