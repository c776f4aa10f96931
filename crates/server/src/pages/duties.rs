//! 责任清单: which role owes what by when, and what of it is owed now in each township.

use askama::Template;
use office::casework::duties::{self, DutyList};

use crate::desk::{Answered, Desk};
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "duties.html")]
struct DutiesPage {
    shell: Shell,
    view: DutyList,
    /// The township whose open steps are listed; empty for none.
    town: String,
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let role = desk.fields.get("role").unwrap_or_default();
    let town = desk.fields.get("town").unwrap_or_default();
    let view = duties::duties(desk.access.office(), &desk.who, (&role, &town)).await;
    desk.show(&DutiesPage {
        shell: desk.shell("责任清单", Some(Menu::Reviews)),
        view: view.map_err(|error| desk.refuse(error.into()))?,
        town,
    })
}
