//! 长辈版: remembers how large the text should be, and goes back to where the official was.

use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse, Redirect, Response};

use crate::desk::DISPLAY_COOKIE;
use crate::links::Fields;

pub(crate) async fn change(body: String) -> Response {
    let fields = Fields::read(&body);
    let cookie = cookie(fields.get("size").as_deref() == Some("large"));
    let back = fields.get("back").filter(|back| is_own_address(back));
    let back = back.unwrap_or_else(|| "/".to_owned());
    ([(SET_COOKIE, cookie)], Redirect::to(&back)).into_response()
}

/// The cookie that remembers 长辈版.
pub(crate) fn cookie(large: bool) -> String {
    let size = if large { "large" } else { "normal" };
    format!("{DISPLAY_COOKIE}={size}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax")
}

/// A path of ours and nothing that a browser could read as another site.
pub(crate) fn is_own_address(back: &str) -> bool {
    back.starts_with('/')
        && !back.starts_with("//")
        && back.chars().all(|c| c.is_ascii_graphic() && c != '\\')
}
