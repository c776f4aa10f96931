//! 查找: households, persons, warnings, places and rules by a few words.
//!
//! The words may be somebody's id number, so they come and go in the body of a form and never stand
//! in an address, a history or a log.

use askama::Template;
use office::views::{SearchAsk, SearchResult};

use crate::desk::{Answered, Desk};
use crate::links::{Fields, Link as _};
use crate::look::Grouped as _;
use crate::shell::Shell;

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    shell: Shell,
    /// The neighbouring pages: word, and where they begin.
    turns: Vec<(&'static str, u64)>,
    view: Option<SearchResult>,
}

/// The page before anything is looked for; an address never says what.
pub(crate) async fn show(desk: Desk) -> Answered {
    let shell = desk.shell("查找", None);
    desk.show(&SearchPage {
        shell,
        turns: Vec::new(),
        view: None,
    })
}

/// What was found.
pub(crate) async fn find(desk: Desk, body: String) -> Answered {
    let fields = Fields::read(&body);
    let words = fields.get("q").unwrap_or_default();
    let after = fields.get("after").and_then(|text| text.parse().ok());
    let ask = SearchAsk {
        words: words.clone(),
        after: after.unwrap_or(0),
    };
    let view = desk
        .views
        .search(&desk.who, ask)
        .await
        .map_err(|error| desk.refuse(error))?;
    let mut shell = desk.shell("查找", None);
    shell.words = words;
    let turns = [("上一页", view.previous), ("下一页", view.next)];
    let turns = turns.into_iter();
    desk.show(&SearchPage {
        shell,
        turns: turns.filter_map(|(word, at)| Some((word, at?))).collect(),
        view: Some(view),
    })
}
