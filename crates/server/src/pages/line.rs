//! 定线: candidate lines for the dibao standard; it proposes, and has nothing to press that decides.

use askama::Template;
use office::views::{LineAsk, LinePage};

use crate::desk::{Answered, Desk};
use crate::look::Grouped as _;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "line.html")]
struct Page {
    shell: Shell,
    view: LinePage,
}

pub(crate) async fn show(desk: Desk) -> Answered {
    // The form sends names and values side by side, in their order.
    let names = desk.fields.all("name");
    let values = desk.fields.all("value");
    let ask = LineAsk {
        numbers: names.into_iter().zip(values).collect(),
        ..LineAsk::default()
    };
    let view = desk
        .views
        .line(&desk.who, ask)
        .await
        .map_err(|error| desk.refuse(error))?;
    let page = Page {
        shell: desk.shell("低保标准候选线", Some(Menu::Line)),
        view,
    };
    desk.show(&page)
}
