//! 后续清单: what is due, what is open, who was told and not yet heard, what must come back without a case — all on
//! one page, in ready words.

use super::super::{Done, place_name};
use super::{AfterLine, AfterPurpose, DueLine, due, list, purpose_name, running_hearings};
use crate::access::{Acting, Right};
use crate::office::Office;
use crate::views::Page;
use domain::Month;
use rules::procedure::written;
use std::collections::BTreeMap;

/// Lines of what is due on one page.
const DUE_SHOWN: usize = 50;
/// Recoveries counted.
const RECOVERIES_READ: u32 = 1_000;

/// One review that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueRow {
    /// Which help.
    pub entitlement: i64,
    /// Whose file.
    pub household: i64,
    /// The programme.
    pub programme: String,
    /// Where.
    pub place: String,
    /// The last look, and what it was.
    pub last: String,
    /// How often, and why.
    pub every: String,
    /// By when.
    pub due: String,
    /// Whether that is over.
    pub late: bool,
    /// The review that is open.
    pub open: Option<i64>,
}

/// The page.
#[derive(Clone, Debug)]
pub struct AfterOverview {
    /// The month.
    pub month: String,
    /// Of these, past their day.
    pub late: usize,
    /// Of these, without an open review.
    pub unopened: usize,
    /// By programme and class: how many.
    pub classes: Vec<(String, String, usize)>,
    /// What is due by its end, the first due first.
    pub due: Page<DueRow>,
    /// The open cases.
    pub open: Vec<AfterLine>,
    /// Families that were told: how many whose time is over unheard.
    pub unheard: usize,
    /// Recoveries without a case.
    pub recoveries: usize,
    /// Whether this person may open what is due.
    pub opens: bool,
    /// Whether this person handles cases.
    pub handles: bool,
    /// Whether this person oversees.
    pub oversees: bool,
}

/// The page of a month; `key` is that of a page of what is due, empty for the first.
///
/// # Errors
/// No right, or the record.
pub async fn overview(
    office: &Office,
    who: &Acting,
    month: Month,
    key: &str,
) -> Done<AfterOverview> {
    let lines = due(office, who, month).await?;
    let today = office.clock.today();
    let title = |id: &str| office.title(id);
    let mut classes: BTreeMap<(String, String), usize> = BTreeMap::new();
    for line in &lines {
        let key = (title(&line.programme), every(line));
        let count = classes.entry(key).or_default();
        *count = count.saturating_add(1);
    }
    let before = key.parse().unwrap_or(0_usize).min(lines.len());
    let mut rows = Vec::new();
    for line in lines.iter().skip(before).take(DUE_SHOWN) {
        rows.push(DueRow {
            entitlement: line.entitlement,
            household: line.household.get(),
            programme: title(&line.programme),
            place: place_name(office, &line.area, today).await?,
            last: format!("{}({})", line.last, line.basis),
            every: every(line),
            due: line.due.to_string(),
            late: line.due < today,
            open: line.open.map(domain::CaseNo::get),
        });
    }
    let mut open = Vec::new();
    for purpose in [
        AfterPurpose::Ending,
        AfterPurpose::Change,
        AfterPurpose::GradualExit,
        AfterPurpose::Recovery,
        AfterPurpose::Review,
    ] {
        open.extend(list(office, who, purpose).await?);
    }
    let told = running_hearings(office, who).await?;
    let store = &office.store;
    let mut recoveries = 0_usize;
    for place in who.scope(Right::CASE)?.each_place() {
        let read = RECOVERIES_READ;
        let here = store::reviews::recoveries_without_case(store, place.as_ref(), 0, read).await?;
        recoveries = recoveries.saturating_add(here.len());
    }
    Ok(AfterOverview {
        month: month.to_string(),
        late: lines.iter().filter(|line| line.due < today).count(),
        unopened: lines.iter().filter(|line| line.open.is_none()).count(),
        classes: classes.into_iter().map(|((a, b), n)| (a, b, n)).collect(),
        due: paged(rows, before, lines.len()),
        open,
        unheard: told.iter().filter(|line| line.late).count(),
        recoveries,
        opens: who.may(Right::REVIEW_OPEN),
        handles: who.may(Right::CASE_HANDLE),
        oversees: who.may(Right::CASE_OVERSEE),
    })
}

/// A page of a list that is worked out whole each time.
fn paged(rows: Vec<DueRow>, before: usize, total: usize) -> Page<DueRow> {
    let next = before.saturating_add(rows.len());
    let previous = before.saturating_sub(DUE_SHOWN);
    let key = |at: usize| {
        if at == 0 {
            String::new()
        } else {
            at.to_string()
        }
    };
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    Page {
        rows,
        total: count(total),
        before: count(before),
        next: (next < total).then(|| key(next)),
        previous: (before > 0).then(|| key(previous)),
    }
}

fn every(line: &DueLine) -> String {
    let every = written(line.every.0);
    match line.class.as_str() {
        "" => format!("每 {every}"),
        class => format!("每 {every}({class})"),
    }
}

/// The purposes a case can be opened for by hand: word and name.
#[must_use]
pub fn purposes() -> Vec<(&'static str, &'static str)> {
    [
        AfterPurpose::Change,
        AfterPurpose::GradualExit,
        AfterPurpose::Ending,
        AfterPurpose::Review,
    ]
    .map(|purpose| (purpose.word(), purpose_name(purpose)))
    .to_vec()
}
