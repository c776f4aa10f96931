//! 政策找人名单: whom the month's judging found entitled and not receiving, kind by kind, with what to do next.

use askama::Template;
use office::access::Right;
use office::casework::targets::{self, NextStep};
use office::channels::finds::{self, Target};
use office::views::{Behind, WarningFilter, WarningList, WarningRow, WarningState};
use std::collections::BTreeMap;

use super::{Pager, pager};
use crate::desk::{Answered, Desk, Refusal};
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
    /// What is listed; nothing where the place looks for nobody.
    view: Option<WarningList>,
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

fn filter(kind: &str, cursor: Option<String>) -> WarningFilter {
    WarningFilter {
        kind: Some(kind.to_owned()),
        state: Some(WarningState::Open),
        cursor,
        ..WarningFilter::default()
    }
}

/// The kinds the place looks for, counted at once, with the list of the chosen one.
async fn found(desk: &Desk) -> Result<(Vec<Kind>, Option<WarningList>), Refusal> {
    let office = desk.access.office();
    let known = finds::targets(office).map_err(|error| desk.refuse(error.into()))?;
    let counts = targets::counts(office, &desk.who).await;
    let counts = counts.map_err(|error| desk.refuse(error.into()))?;
    let count = |target: &Target| counts.get(&target.warning).copied().unwrap_or(0);
    let asked = desk.fields.get("kind").unwrap_or_default();
    let own = known.iter().find(|target| target.warning == asked);
    let own = own.or_else(|| known.iter().find(|target| count(target) > 0));
    let Some(own) = own.or_else(|| known.first()) else {
        return Ok((Vec::new(), None));
    };
    let wanted = filter(&own.warning, desk.fields.get("cursor"));
    let view = desk.views.warnings(&desk.who, wanted).await;
    let view = view.map_err(|error| desk.refuse(error))?;
    let mut kinds = Vec::new();
    for target in &known {
        let named = view.kinds.iter().find(|one| one.value == target.warning);
        // A warning the place does not take is left out, unless some are open from before.
        if named.is_none() && count(target) == 0 {
            continue;
        }
        kinds.push(Kind {
            title: named.map_or_else(|| target.warning.clone(), |one| one.label.clone()),
            count: count(target),
            href: with_field("/targets", "kind", &target.warning),
            chosen: target.warning == own.warning,
            target: target.clone(),
        });
    }
    let listed = kinds.iter().any(|kind| kind.chosen);
    Ok((kinds, listed.then_some(view)))
}

pub(crate) async fn show(desk: Desk) -> Answered {
    let (kinds, view) = found(&desk).await?;
    let office = desk.access.office();
    let rows = view.iter().flat_map(|view| &view.page.rows);
    let homes: Vec<i64> = rows.filter_map(home).collect();
    let steps = targets::next_steps(office, &desk.who, &homes).await;
    let chosen = kinds.iter().find(|kind| kind.chosen);
    let page = TargetsPage {
        total: kinds.iter().map(|one| one.count).sum(),
        next: chosen.map_or_else(String::new, |kind| kind.target.next.clone()),
        steps: steps.map_err(|error| desk.refuse(error.into()))?,
        pushes: desk.who.may(Right::FIND_PUSH),
        assists: desk.who.may(Right::CASE_ASSIST),
        pager: view.as_ref().map_or_else(Pager::default, |view| {
            pager(&view.page, "条", |key| {
                let kind = view.filter.kind.clone().unwrap_or_default();
                with_field(&with_field("/targets", "kind", &kind), "cursor", &key)
            })
        }),
        shell: desk.shell("政策找人名单", Some(Menu::Targets)),
        kinds,
        view,
    };
    desk.show(&page)
}
