//! 预警: the list with its filters, and one warning with its explanation, causes and trace.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use office::access::Right;
use office::casework::{CaseError, Done};
use office::views::{Choice, WarningFilter, WarningList, WarningState, WarningView};
use office::visits::{self, Confirm, WarningId};

use super::{Pager, pager};
use crate::desk::{Answered, Desk, Refusal};
use crate::links::{Fields, Link as _, warning_query, warnings};
use crate::look::{Look as _, Part as _, Sign as _};
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "warnings.html")]
struct WarningsPage {
    shell: Shell,
    pager: Pager,
    states: Vec<(&'static str, &'static str, bool)>,
    filtered: bool,
    list: Option<WarningFilter>,
    view: WarningList,
}

#[derive(Template)]
#[template(path = "warning.html")]
pub(super) struct WarningPage {
    shell: Shell,
    back: String,
    list: Option<WarningFilter>,
    problem: Option<String>,
    /// Whether this person may say that it is not so, and take an application.
    disposes: Disposes,
    view: WarningView,
}

/// What somebody may do about an open warning.
struct Disposes {
    dismisses: bool,
    confirms: bool,
    /// Whether they may help the family to apply.
    assists: bool,
    programmes: Vec<Choice>,
}

pub(crate) async fn list(desk: Desk) -> Answered {
    let filter = desk
        .fields
        .warning_filter()
        .map_err(|error| desk.refuse(error))?;
    let view = desk
        .views
        .warnings(&desk.who, filter)
        .await
        .map_err(|error| desk.refuse(error))?;
    let page = WarningsPage {
        shell: desk.shell("预警线索", Some(Menu::Warnings)),
        pager: pager(&view.page, "条", |key| {
            warnings(&WarningFilter {
                cursor: Some(key),
                ..view.filter.clone()
            })
        }),
        states: WarningState::ALL
            .into_iter()
            .map(|state| (state.code(), state.word(), view.filter.state == Some(state)))
            .collect(),
        filtered: !warning_query(&view.filter).is_empty(),
        list: Some(view.filter.clone()),
        view,
    };
    desk.show(&page)
}

pub(crate) async fn show(desk: Desk, Path(id): Path<String>) -> Answered {
    let id = desk.id(&id, "预警")?;
    let page = page(&desk, id, None).await?;
    desk.show(&page)
}

/// 处置: 核实属实 is an application, 不属实 is told with a reason.
pub(crate) async fn dispose(desk: Desk, Path(id): Path<String>, body: String) -> Answered {
    let id = desk.id(&id, "预警")?;
    match disposed(&desk, id, &Fields::read(&body)).await {
        Ok(place) => Ok(Redirect::to(&place).into_response()),
        Err(error @ (CaseError::Refused(_) | CaseError::Forbidden(_) | CaseError::Refusal(_))) => {
            let page = page(&desk, id, Some(error.to_string())).await?;
            desk.show_again(&page)
        }
        Err(error) => Err(desk.refuse(error.into())),
    }
}

async fn disposed(desk: &Desk, id: i64, fields: &Fields) -> Done<String> {
    let (office, who) = (desk.access.office(), &desk.who);
    let word = |name: &str| fields.get(name).unwrap_or_default();
    let warning = WarningId::new(id);
    match word("act").as_str() {
        "dismiss" => {
            visits::dismiss(office, who, warning, &word("because")).await?;
            Ok(format!("/warnings/{id}"))
        }
        "confirm" => {
            let confirm = Confirm {
                programme: word("programme"),
                going_on: word("going_on"),
            };
            let opened = visits::confirm(office, who, warning, &confirm).await?;
            let first = opened.cases.first();
            Ok(first.map_or_else(|| "/inbox".to_owned(), |no| format!("/case/{no}")))
        }
        _ => Err(CaseError::Refused("没有选要办什么".to_owned())),
    }
}

pub(super) async fn page(
    desk: &Desk,
    id: i64,
    problem: Option<String>,
) -> Result<WarningPage, Refusal> {
    let view = desk
        .views
        .warning(&desk.who, id, desk.fields.get("explain").is_some())
        .await
        .map_err(|error| desk.refuse(error))?;
    // The list it was opened from is read as a filter and written anew: no foreign address comes back.
    let from = desk.fields.get("from").unwrap_or_default();
    let from = Fields::read(&from).warning_filter().unwrap_or_default();
    let title = format!("{} · {}", view.row.kind.title, view.row.subject);
    let open = view.row.state == WarningState::Open;
    let confirms = open && desk.who.may(Right::CASE_ACCEPT);
    Ok(WarningPage {
        shell: desk.shell(title, Some(Menu::Warnings)),
        back: warnings(&from),
        list: None,
        problem,
        disposes: Disposes {
            dismisses: open && desk.who.may(Right::VISIT_REPORT),
            confirms,
            assists: open && desk.who.may(Right::CASE_ASSIST),
            programmes: match confirms {
                true => visits::programmes(desk.access.office()),
                false => Vec::new(),
            },
        },
        view,
    })
}
