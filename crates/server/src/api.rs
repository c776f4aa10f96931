//! The interface for programs, under `/api/v1`, over the same office functions as the pages: the same rights,
//! places, masking and recusal. What an operation asks and gives is said once, and the router, the check of
//! what comes in, and the OpenAPI document are made from it.

mod applications;
mod cases;
mod decisions;
mod document;
mod feeds;
mod households;
mod indicators;
mod monitoring;
mod notices;
mod operation;
mod payments;
pub(crate) mod problem;
mod rules;
mod shape;
mod strict;
mod verification;

use std::sync::LazyLock;

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

pub(crate) use operation::{Operation, checked};

use crate::routes::{self, Need, Routes};

/// Every operation, and the document of them.
pub(crate) fn add(routes: Routes) -> Routes {
    let routes = monitoring::add(routes);
    let routes = households::add(routes);
    let routes = cases::add(routes);
    let routes = applications::add(routes);
    let routes = verification::add(routes);
    let routes = notices::add(routes);
    let routes = decisions::add(routes);
    let routes = payments::add(routes);
    let routes = feeds::add(routes);
    let routes = indicators::add(routes);
    let routes = rules::add(routes);
    routes.get(Need::Nothing, "/openapi.json", openapi)
}

/// The OpenAPI document of the interface.
#[must_use]
pub fn description() -> String {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
        let all = routes::all();
        let document = document::document(all.operations());
        format!("{document:#}")
    });
    DOCUMENT.clone()
}

async fn openapi() -> Response {
    ([(CONTENT_TYPE, "application/json")], description()).into_response()
}
