//! 行政区划: one area, the way up, and what lies directly below.

use askama::Template;
use axum::extract::Path;
use office::views::AreaTree;

use crate::desk::{Answered, Desk};
use crate::links::Link as _;
use crate::look::Grouped as _;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "areas.html")]
struct AreasPage {
    shell: Shell,
    view: AreaTree,
}

pub(crate) async fn show(desk: Desk) -> Answered {
    answer(desk, None).await
}

pub(crate) async fn show_one(desk: Desk, Path(code): Path<String>) -> Answered {
    answer(desk, Some(code)).await
}

async fn answer(desk: Desk, code: Option<String>) -> Answered {
    let view = desk
        .views
        .areas(code)
        .await
        .map_err(|error| desk.refuse(error))?;
    let shell = desk.shell(format!("行政区划 · {}", view.here.name), Some(Menu::Areas));
    desk.show(&AreasPage { shell, view })
}
