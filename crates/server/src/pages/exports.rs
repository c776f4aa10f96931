//! 导出: what somebody took and asked for, and what waits for another person's word.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect};
use office::casework::{CaseError, Done};
use office::exports::{self, ExportsView};
use office::views::ViewError;

use crate::desk::{Answered, Desk, Refusal};
use crate::links::Fields;
use crate::look::Grouped as _;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "exports.html")]
struct ExportsPage {
    shell: Shell,
    problem: Option<String>,
    view: ExportsView,
}

async fn page(desk: &Desk, problem: Option<String>) -> Result<ExportsPage, Refusal> {
    let before = desk.fields.get("before").and_then(|no| no.parse().ok());
    let view = exports::shown(desk.access.office(), &desk.who, before).await;
    Ok(ExportsPage {
        shell: desk.shell("导出", Some(Menu::Exports)),
        problem,
        view: view.map_err(|error| desk.refuse(error.into()))?,
    })
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let page = page(&desk, None).await?;
    desk.show(&page)
}

/// Says what an export is for.
pub(crate) async fn say(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let no = desk.id(&no, "导出申请")?;
    let purpose = Fields::read(&body).get("purpose").unwrap_or_default();
    let done = exports::say(desk.access.office(), &desk.who, no, &purpose).await;
    after(&desk, done).await
}

/// Takes an ask back.
pub(crate) async fn give_up(desk: Desk, Path(no): Path<String>) -> Answered {
    let no = desk.id(&no, "导出申请")?;
    let done = exports::give_up(desk.access.office(), &desk.who, no).await;
    after(&desk, done).await
}

/// Agrees, or does not.
pub(crate) async fn rule(desk: Desk, Path(no): Path<String>, body: String) -> Answered {
    let no = desk.id(&no, "导出申请")?;
    let fields = Fields::read(&body);
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let seen = word("rows").parse().unwrap_or(0);
    let agrees = match word("act").as_str() {
        "agree" => Some(true),
        "refuse" => Some(false),
        _ => None,
    };
    let because = word("because");
    let done = match agrees {
        Some(agrees) => {
            let answer = (agrees, because.as_str());
            exports::rule(desk.access.office(), &desk.who, (no, seen), answer).await
        }
        None => Err(CaseError::Refused("请选同意还是不同意".to_owned())),
    };
    after(&desk, done).await
}

async fn after(desk: &Desk, done: Done<()>) -> Answered {
    match done {
        Ok(()) => Ok(Redirect::to("/exports").into_response()),
        Err(error @ (CaseError::Refused(_) | CaseError::Refusal(_))) => {
            let page = page(desk, Some(error.to_string())).await?;
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}

/// A file that may not leave yet: whoever asked is brought to where they say what for.
pub(crate) async fn stopped(desk: &Desk, error: ViewError) -> Answered {
    match error {
        ViewError::Forbidden(said) => {
            let page = page(desk, Some(said)).await?;
            Ok((StatusCode::FORBIDDEN, desk.show(&page)?).into_response())
        }
        other => Err(desk.refuse(other)),
    }
}
