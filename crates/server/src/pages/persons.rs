//! A person: the household's file where there is one, else a page of their own.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use office::access::Right;
use office::views::{PersonFile, WarningFilter};

use crate::desk::{Answered, Desk};
use crate::links::Link as _;
use crate::look::{Look as _, Part as _, Sign as _};
use crate::shell::Shell;

#[derive(Template)]
#[template(path = "person.html")]
struct PersonPage {
    shell: Shell,
    list: Option<WarningFilter>,
    /// Whether an application can be taken of them here.
    accepts: bool,
    view: PersonFile,
}

pub(crate) async fn show(desk: Desk, Path(id): Path<String>) -> Answered {
    let id = desk.id(&id, "人员")?;
    let month = desk.fields.get("month");
    let view = desk.views.person(&desk.who, id, month).await;
    let view = view.map_err(|error| desk.refuse(error))?;
    if let Some(household) = view.household {
        return Ok(Redirect::to(&format!("/households/{household}#p{id}")).into_response());
    }
    let shell = desk.shell(format!("个人档案 · {}", view.member.name), None);
    desk.show(&PersonPage {
        shell,
        list: None,
        accepts: desk.who.may(Right::CASE_ACCEPT),
        view,
    })
}
