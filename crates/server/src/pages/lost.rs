//! The page that says what was not found or went wrong, and where to go from there.

use askama::Template;
use axum::http::Uri;
use office::views::ViewError;

use crate::desk::{Answered, Desk};
use crate::shell::Shell;

#[derive(Template)]
#[template(path = "lost.html")]
pub(crate) struct LostPage {
    pub(crate) shell: Shell,
    pub(crate) code: u16,
    pub(crate) text: String,
}

pub(crate) async fn show(desk: Desk, uri: Uri) -> Answered {
    let text = format!(
        "没有 `{}` 这个页面;请从菜单进入,或用上方的查找框查找",
        uri.path()
    );
    Err(desk.refuse(ViewError::NotFound(text)))
}
