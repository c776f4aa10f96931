//! 政策找人名单: whom the month's judging found entitled and not receiving, kind by kind, with what to do next.

use askama::Template;
use office::access::Right;
use office::casework::targets::{self, NextStep};
use office::channels::finds::{self, Target};
use office::views::{Behind, WarningFilter, WarningList, WarningRow, WarningState};
use std::collections::BTreeMap;

use super::{Pager, pager};
use crate::desk::{Answered, Desk};
use crate::links::{Link as _, with_field};
use crate::look::Grouped as _;
use crate::shell::{Menu, Shell};

/// One kind with how many there are.
struct Kind {
    target: Target,
    title: String,
    count: u64,
    href: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "targets.html")]
struct TargetsPage {
    shell: Shell,
    kinds: Vec<Kind>,
    /// All together.
    total: u64,
    /// What to do about the kind that is listed.
    next: String,
    steps: BTreeMap<i64, NextStep>,
    /// Whether this person pushes what was found, and helps to apply.
    pushes: bool,
    assists: bool,
    pager: Pager,
    view: WarningList,
}

impl TargetsPage {
    fn step(&self, row: &WarningRow) -> Option<&NextStep> {
        home(row).and_then(|id| self.steps.get(&id))
    }
}

fn home(row: &WarningRow) -> Option<i64> {
    match row.about {
        Behind::Household(id) => Some(id),
        _ => None,
    }
}

fn filter(kind: &str) -> WarningFilter {
    WarningFilter {
        kind: Some(kind.to_owned()),
        state: Some(WarningState::Open),
        ..WarningFilter::default()
    }
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let office = desk.access.office();
    let known = finds::targets(office).map_err(|error| desk.refuse(error.into()))?;
    let mut kinds = Vec::new();
    for target in known {
        let list = desk
            .views
            .warnings(&desk.who, filter(&target.warning))
            .await;
        let list = list.map_err(|error| desk.refuse(error))?;
        let named = list.kinds.iter().find(|one| one.value == target.warning);
        // The place does not take this warning.
        if named.is_none() && list.page.total == 0 {
            continue;
        }
        kinds.push(Kind {
            title: named.map_or_else(|| target.warning.clone(), |one| one.label.clone()),
            count: list.page.total,
            href: with_field("/targets", "kind", &target.warning),
            chosen: false,
            target,
        });
    }
    let asked = desk.fields.get("kind").unwrap_or_default();
    let chosen = kinds.iter().position(|one| one.target.warning == asked);
    let chosen = chosen.or_else(|| kinds.iter().position(|one| one.count > 0));
    let chosen = chosen.unwrap_or(0);
    let mut wanted = WarningFilter {
        cursor: desk.fields.get("cursor"),
        ..WarningFilter::default()
    };
    let mut next = String::new();
    if let Some(kind) = kinds.get_mut(chosen) {
        kind.chosen = true;
        next.clone_from(&kind.target.next);
        let cursor = wanted.cursor.take();
        wanted = WarningFilter {
            cursor,
            ..filter(&kind.target.warning)
        };
    }
    let view = desk.views.warnings(&desk.who, wanted).await;
    let view = view.map_err(|error| desk.refuse(error))?;
    let homes: Vec<i64> = view.page.rows.iter().filter_map(home).collect();
    let steps = targets::next_steps(office, &desk.who, &homes).await;
    let page = TargetsPage {
        total: kinds.iter().map(|one| one.count).sum(),
        next,
        steps: steps.map_err(|error| desk.refuse(error.into()))?,
        pushes: desk.who.may(Right::FIND_PUSH),
        assists: desk.who.may(Right::CASE_ASSIST),
        pager: pager(&view.page, "条", |key| {
            let kind = view.filter.kind.clone().unwrap_or_default();
            with_field(&with_field("/targets", "kind", &kind), "cursor", &key)
        }),
        shell: desk.shell("政策找人名单", Some(Menu::Targets)),
        kinds,
        view,
    };
    desk.show(&page)
}
