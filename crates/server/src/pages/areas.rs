//! 行政区划: one area, the way up, what lies directly below, and areas looked up by name or code.

use askama::Template;
use axum::extract::Path;
use office::views::{AreaAsk, AreaTree};

use super::{Pager, pager};
use crate::desk::{Answered, Desk};
use crate::links::{Link as _, areas_below, areas_found};
use crate::look::Grouped as _;
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "areas.html")]
struct AreasPage {
    shell: Shell,
    words: String,
    pager: Pager,
    view: AreaTree,
}

pub(crate) async fn show(desk: Desk) -> Answered {
    answer(desk, None).await
}

pub(crate) async fn show_one(desk: Desk, Path(code): Path<String>) -> Answered {
    answer(desk, Some(code)).await
}

async fn answer(desk: Desk, code: Option<String>) -> Answered {
    let ask = AreaAsk {
        code,
        words: desk.fields.get("q"),
        after: desk.fields.get("after"),
    };
    let view = desk
        .views
        .areas(&desk.who, ask)
        .await
        .map_err(|error| desk.refuse(error))?;
    let title = match &view.found {
        Some(found) => format!("行政区划 · 查找“{}”", found.words),
        None => format!("行政区划 · {}", view.here.name),
    };
    let pager = match &view.found {
        Some(found) => Pager {
            text: format!("本页 {} 个", found.rows.len()),
            previous: found.later.then(|| areas_found(&found.words, "")),
            next: found
                .next
                .as_ref()
                .map(|key| areas_found(&found.words, key)),
        },
        None => pager(&view.below, "个", |key| areas_below(&view.here.code, &key)),
    };
    let page = AreasPage {
        shell: desk.shell(title, Some(Menu::Areas)),
        words: view
            .found
            .as_ref()
            .map_or(String::new(), |f| f.words.clone()),
        pager,
        view,
    };
    desk.show(&page)
}
