//! The same views as JSON, under `/api/v1`; field for field the structs of `office::views`.

use axum::extract::Path;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use office::views::ViewError;

use crate::desk::{Desk, json, no_such};

pub(crate) async fn overview(desk: Desk) -> Response {
    let month = desk.fields.get("month");
    json(desk.views.overview(&desk.who, month).await)
}

pub(crate) async fn warnings(desk: Desk) -> Response {
    match desk.fields.warning_filter() {
        Ok(filter) => json(desk.views.warnings(&desk.who, filter).await),
        Err(error) => json::<()>(Err(error)),
    }
}

pub(crate) async fn warning(desk: Desk, Path(id): Path<String>) -> Response {
    match number(&id, "预警") {
        Ok(id) => json(desk.views.warning(&desk.who, id).await),
        Err(error) => json::<()>(Err(error)),
    }
}

pub(crate) async fn household(desk: Desk, Path(id): Path<String>) -> Response {
    match number(&id, "家庭") {
        Ok(id) => json(
            desk.views
                .household(&desk.who, id, desk.fields.get("month"))
                .await,
        ),
        Err(error) => json::<()>(Err(error)),
    }
}

pub(crate) async fn health(desk: Desk) -> Response {
    json(desk.views.health(&desk.who).await)
}

/// The description of this interface.
pub(crate) async fn openapi() -> Response {
    (
        [(CONTENT_TYPE, "application/json")],
        include_str!("../assets/openapi.json"),
    )
        .into_response()
}

fn number(text: &str, what: &str) -> Result<i64, ViewError> {
    text.parse().map_err(|_| no_such(what, text))
}
