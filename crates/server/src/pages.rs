//! One file a page: its route and its view struct; the template of the same name stands in `templates/`.

pub(crate) mod accept;
pub(crate) mod account;
pub(crate) mod areas;
pub(crate) mod assessments;
pub(crate) mod assists;
pub(crate) mod audit;
pub(crate) mod calendar;
pub(crate) mod case;
pub(crate) mod changes;
pub(crate) mod check;
pub(crate) mod clues;
pub(crate) mod conference;
pub(crate) mod crisis;
pub(crate) mod display;
pub(crate) mod doubts;
pub(crate) mod duties;
pub(crate) mod exports;
pub(crate) mod feeds;
pub(crate) mod figures;
pub(crate) mod file;
pub(crate) mod finds;
pub(crate) mod flags;
pub(crate) mod grid;
pub(crate) mod guide;
pub(crate) mod handling;
pub(crate) mod health;
pub(crate) mod hearings;
pub(crate) mod households;
pub(crate) mod identity;
pub(crate) mod inbox;
pub(crate) mod indicators;
pub(crate) mod kin;
pub(crate) mod line;
pub(crate) mod lookup;
pub(crate) mod lost;
pub(crate) mod matters;
pub(crate) mod outside_reports;
pub(crate) mod overview;
pub(crate) mod params;
pub(crate) mod payments;
pub(crate) mod persons;
pub(crate) mod photos;
pub(crate) mod portal;
pub(crate) mod programmes;
pub(crate) mod publicity;
pub(crate) mod recorded;
pub(crate) mod report;
pub(crate) mod reports;
pub(crate) mod review;
pub(crate) mod reviews;
pub(crate) mod rulebook;
pub(crate) mod search;
pub(crate) mod sign_in;
pub(crate) mod stays;
pub(crate) mod tablet;
pub(crate) mod targets;
pub(crate) mod tickets;
pub(crate) mod tokens;
pub(crate) mod urging;
pub(crate) mod users;
pub(crate) mod verify;
pub(crate) mod visit_ledger;
pub(crate) mod visits;
pub(crate) mod warnings;
pub(crate) mod whatif;

use office::views::Page;

use crate::look::Grouped;

/// Where a page of a list stands, and its neighbours.
#[derive(Default)]
pub(crate) struct Pager {
    /// 共 137 条,第 51–100 条.
    pub(crate) text: String,
    /// The page before.
    pub(crate) previous: Option<String>,
    /// The page after.
    pub(crate) next: Option<String>,
}

/// The pager of a list; `address` makes the address of the page with a key.
pub(crate) fn pager<T>(page: &Page<T>, unit: &str, address: impl Fn(String) -> String) -> Pager {
    let shown = u64::try_from(page.rows.len()).unwrap_or(0);
    let text = match (page.total, shown) {
        (0, _) => format!("共 0 {unit}"),
        (total, 0) => format!("共 {} {unit}", total.grouped()),
        (total, shown) => format!(
            "共 {} {unit},第 {}–{} {unit}",
            total.grouped(),
            (page.before + 1).grouped(),
            (page.before + shown).grouped()
        ),
    };
    Pager {
        text,
        previous: page.previous.clone().map(&address),
        next: page.next.clone().map(&address),
    }
}
