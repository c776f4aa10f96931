//! 家庭档案: who lives there, what is known and from whom, what every programme says and why.

use askama::Template;
use axum::extract::Path;
use office::access::{OpeningRow, Right};
use office::views::{HouseholdFile, WarningFilter};

use crate::desk::{Answered, Desk};
use crate::links::{Link as _, with_field};
use crate::look::{Look as _, Part as _, Sign as _};
use crate::shell::Shell;

#[derive(Template)]
#[template(path = "household.html")]
struct HouseholdPage {
    shell: Shell,
    months: Vec<(String, String)>,
    list: Option<WarningFilter>,
    /// Whether numbers may be asked for in full.
    reveals: bool,
    /// Whether an application can be taken of them here.
    accepts: bool,
    /// Whether what the rules find may be pushed to departments.
    finds: bool,
    /// Who looked; none for those who may not know.
    openings: Option<Vec<OpeningRow>>,
    view: HouseholdFile,
}

pub(crate) async fn show(desk: Desk, Path(id): Path<String>) -> Answered {
    let id = desk.id(&id, "家庭")?;
    let month = desk.fields.get("month");
    let view = desk.views.household(&desk.who, id, month).await;
    let view = view.map_err(|error| desk.refuse(error))?;
    let openings = match desk.who.may(Right::OPENING) {
        true => Some(desk.access.openings(&desk.who, id).await),
        false => None,
    };
    let openings = openings.transpose().map_err(|error| desk.refuse(error))?;
    let path = format!("/households/{id}");
    let page = HouseholdPage {
        shell: desk.shell(format!("家庭档案 · {}", view.head), None),
        months: view
            .months
            .iter()
            .map(|m| (m.clone(), with_field(&path, "month", m)))
            .collect(),
        list: None,
        reveals: desk.who.may(Right::REVEAL),
        accepts: desk.who.may(Right::CASE_ACCEPT),
        finds: desk.who.may(Right::FIND_PUSH),
        openings,
        view,
    };
    desk.show(&page)
}
