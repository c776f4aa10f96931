//! 运行状况: what `doudi doctor` sees.

use askama::Template;
use office::views::HealthView;

use crate::desk::{Answered, Desk};
use crate::look::Look as _;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "health.html")]
struct HealthPage {
    shell: Shell,
    view: HealthView,
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let view = desk
        .views
        .health(&desk.who)
        .await
        .map_err(|error| desk.refuse(error))?;
    desk.show(&HealthPage {
        shell: desk.shell("运行状况", Some(Menu::Health)),
        view,
    })
}
