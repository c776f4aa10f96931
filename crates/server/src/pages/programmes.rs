//! 名册: the households or persons behind a programme's number.

use askama::Template;
use office::views::{ProgrammeFilter, ProgrammeList, Standing};

use super::{Pager, pager};
use crate::desk::{Answered, Desk};
use crate::links::{Link as _, programme};
use crate::look::Look as _;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "programmes.html")]
struct ProgrammesPage {
    shell: Shell,
    pager: Pager,
    standings: Vec<(&'static str, &'static str, bool)>,
    view: ProgrammeList,
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let filter = desk
        .fields
        .programme_filter()
        .map_err(|error| desk.refuse(error))?;
    let view = desk
        .views
        .programme(&desk.who, filter)
        .await
        .map_err(|error| desk.refuse(error))?;
    let page = ProgrammesPage {
        shell: desk.shell(format!("救助名册 · {}", view.title), Some(Menu::Programmes)),
        pager: pager(&view.page, &view.unit, |key| {
            programme(&ProgrammeFilter {
                cursor: Some(key),
                ..view.filter.clone()
            })
        }),
        standings: Standing::ALL
            .into_iter()
            .map(|standing| {
                (
                    standing.code(),
                    standing.word(),
                    view.filter.standing == standing,
                )
            })
            .collect(),
        view,
    };
    desk.show(&page)
}
