//! 查找: households, persons, warnings and rules by a few words.

use askama::Template;
use office::views::SearchResult;

use crate::desk::{Answered, Desk};
use crate::links::Link as _;
use crate::look::Grouped as _;
use crate::shell::Shell;

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    shell: Shell,
    more: bool,
    view: SearchResult,
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let words = desk.fields.get("q").unwrap_or_default();
    let view = desk
        .views
        .search(words.clone())
        .await
        .map_err(|error| desk.refuse(error))?;
    let mut shell = desk.shell("查找", None);
    shell.words = words;
    let more = u64::try_from(view.rows.len()).is_ok_and(|shown| shown < view.total);
    desk.show(&SearchPage { shell, more, view })
}
