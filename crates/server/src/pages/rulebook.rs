//! 政策规则: the rulebook as readable pages, with its cases and their results.

use askama::Template;
use axum::extract::Path;
use office::views::{Block, Mark, RulePage, RulebookIndex};

use crate::desk::{Answered, Desk};
use crate::links::Link as _;
use crate::look::{Grouped as _, Look as _, Part as _, Sign as _};
use crate::shell::{Menu, Shell};

#[derive(Template)]
#[template(path = "rulebook.html")]
struct RulebookPage {
    shell: Shell,
    cases: u64,
    passed: u64,
    files: usize,
    view: RulebookIndex,
}

#[derive(Template)]
#[template(path = "rule.html")]
struct RuleFilePage {
    shell: Shell,
    headings: Vec<String>,
    failed: usize,
    cases: usize,
    view: RulePage,
}

pub(crate) async fn index(desk: Desk) -> Answered {
    let view = desk
        .views
        .rulebook(&desk.who)
        .await
        .map_err(|error| desk.refuse(error))?;
    let files = || view.sections.iter().flat_map(|section| &section.files);
    let page = RulebookPage {
        shell: desk.shell("政策规则", Some(Menu::Rulebook)),
        cases: files().map(|file| file.cases).sum(),
        passed: files().map(|file| file.passed).sum(),
        files: files().count(),
        view,
    };
    desk.show(&page)
}

pub(crate) async fn show(desk: Desk, Path(path): Path<String>) -> Answered {
    let view = desk
        .views
        .rule(&desk.who, path)
        .await
        .map_err(|error| desk.refuse(error))?;
    let rows = || {
        view.blocks.iter().flat_map(|block| match block {
            Block::Cases(table) => table.rows.as_slice(),
            Block::Heading { .. }
            | Block::Paragraph(_)
            | Block::List(_)
            | Block::Table { .. }
            | Block::Rule(_)
            | Block::Code(_) => &[],
        })
    };
    let heading = |block: &Block| match block {
        Block::Heading { level: 2, text } => Some(text.clone()),
        Block::Heading { .. }
        | Block::Paragraph(_)
        | Block::List(_)
        | Block::Table { .. }
        | Block::Rule(_)
        | Block::Code(_)
        | Block::Cases(_) => None,
    };
    let page = RuleFilePage {
        shell: desk.shell(view.title.clone(), Some(Menu::Rulebook)),
        headings: view.blocks.iter().filter_map(heading).collect(),
        failed: rows().filter(|row| row.mark == Mark::Fails).count(),
        cases: rows().count(),
        view,
    };
    desk.show(&page)
}
