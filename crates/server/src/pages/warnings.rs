//! 预警: the list with its filters, and one warning with its explanation, causes and trace.

use askama::Template;
use axum::extract::Path;
use office::views::{WarningFilter, WarningList, WarningState, WarningView};

use super::{Pager, pager};
use crate::desk::{Answered, Desk};
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
struct WarningPage {
    shell: Shell,
    back: String,
    list: Option<WarningFilter>,
    view: WarningView,
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
    let view = desk
        .views
        .warning(&desk.who, id)
        .await
        .map_err(|error| desk.refuse(error))?;
    // The list it was opened from is read as a filter and written anew: no foreign address comes back.
    let from = desk.fields.get("from").unwrap_or_default();
    let from = Fields::read(&from).warning_filter().unwrap_or_default();
    let title = format!("{} · {}", view.row.kind.title, view.row.subject);
    let page = WarningPage {
        shell: desk.shell(title, Some(Menu::Warnings)),
        back: warnings(&from),
        list: None,
        view,
    };
    desk.show(&page)
}
