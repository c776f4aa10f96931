//! 督办里办件以外的事: clues, returned payments, tickets, calls for help, ratings, corrections and pushes that are
//! past their day. Whatever somebody waits for has a day, and what is past it stands before whoever oversees.

use super::{Done, place_names};
use crate::access::{Acting, Right};
use crate::office::Office;
use crate::rulebook::tables;
use domain::{AreaCode, Day, HouseholdId};
use store::At;
use store::applications::Clue;
use store::late::{self, LateKind, LateRow};

/// Days of what is no step of a procedure, beside the procedures and in a place's own folder.
const LIMITS: &str = "other-limits.csv";
/// Rows of one kind and place that are read.
const ROWS_READ: u32 = 500;
/// The kind of a task that money came back.
pub(crate) const RETURNED: &str = "payment-returned";

/// Something that is past its day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LateMatter {
    /// What it is: 线索, 工单 …
    pub what: &'static str,
    /// Its number.
    pub no: i64,
    /// Where, in words.
    pub place: String,
    /// By when it was due.
    pub due: Day,
    /// Where it is worked on.
    pub href: String,
}

/// The days of other-limits.csv, read once for a list.
pub(crate) struct Limits<'o> {
    office: &'o Office,
    rows: Vec<Vec<String>>,
}

impl<'o> Limits<'o> {
    pub(crate) fn of(office: &'o Office) -> Self {
        let rows = tables::rows(office, LIMITS).collect();
        Self { office, rows }
    }

    /// Working days of something; none where the rulebook does not say.
    fn days(&self, (what, how): (&str, &str)) -> Option<u32> {
        self.rows.iter().find_map(|cells| {
            let [of, case, days, ..] = cells.as_slice() else {
                return None;
            };
            let meant = of.trim() == what && case.trim() == how;
            meant.then(|| days.trim().parse().ok())?
        })
    }

    /// By which day something is due; none where the rulebook's days or the calendar of the year are not there.
    pub(crate) fn due(&self, key: (&str, &str), from: Day) -> Option<Day> {
        crate::channels::due(self.office, from, self.days(key)?)
    }

    /// By which day a clue must have become an application or come to an end.
    pub(super) fn of_clue(&self, clue: &Clue) -> Option<Day> {
        self.due(class(clue.content.urgent), day_of(&clue.at)?)
    }
}

/// The row of the limits a clue falls under.
fn class(urgent: bool) -> (&'static str, &'static str) {
    ("线索", if urgent { "紧急" } else { "其他" })
}

fn day_of(at: &At) -> Option<Day> {
    Day::parse(crate::desk::minute(at).get(..10)?).ok()
}

/// By which day something is due, as the rulebook's days say; none where they or the calendar of the year do not.
pub(crate) fn due(office: &Office, key: (&str, &str), from: Day) -> Option<Day> {
    Limits::of(office).due(key, from)
}

/// What is late within an overseer's places, the longest first; nothing for whoever oversees nothing.
///
/// # Errors
/// The record cannot be read.
pub async fn late_matters(office: &Office, who: &Acting) -> Done<Vec<LateMatter>> {
    let Ok(scope) = who.scope(Right::CASE_OVERSEE) else {
        return Ok(Vec::new());
    };
    let today = office.clock.today();
    let mut found: Vec<Late> = Vec::new();
    for place in scope.each_place() {
        found.extend(late_clues(office, place.as_ref()).await?);
        for kind in LateKind::ALL {
            let asked = (today, ROWS_READ);
            let rows = late::due_before(&office.store, kind, place.as_ref(), asked).await?;
            found.extend(rows.into_iter().map(|row| of_row(kind, row)));
        }
    }
    found.sort_by_key(|one| (one.due, one.what, one.no));
    let places = found.iter().map(|one| one.area);
    let names = place_names(office, places, today).await?;
    let of = |one: Late| LateMatter {
        what: one.what,
        no: one.no,
        place: names.get(&one.area).cloned().unwrap_or_default(),
        due: one.due,
        href: one.href,
    };
    Ok(found.into_iter().map(of).collect())
}

/// One before its place has a name.
struct Late {
    what: &'static str,
    no: i64,
    area: AreaCode,
    due: Day,
    href: String,
}

/// The open clues of a place that are past their day, which is counted from when they came.
async fn late_clues(office: &Office, place: Option<&AreaCode>) -> Done<Vec<Late>> {
    let limits = Limits::of(office);
    let today = office.clock.today();
    let mut out = Vec::new();
    for urgent in [true, false] {
        // So many working days are no fewer days of the calendar: what came later than that is not late.
        let days = limits.days(class(urgent));
        let days = days.and_then(|days| i64::from(days).checked_neg());
        let Some(first) = days.and_then(|days| today.add_days(days)) else {
            continue;
        };
        let before = At::parse(&format!("{first}T00:00:00+08:00"))?;
        let asked = (&before, ROWS_READ);
        for (no, area, at) in late::clues_before(&office.store, urgent, place, asked).await? {
            let due = day_of(&at).and_then(|came| limits.due(class(urgent), came));
            if let Some(due) = due.filter(|due| *due < today) {
                out.push(Late {
                    what: "线索",
                    no,
                    area,
                    due,
                    href: format!("/clues/{no}"),
                });
            }
        }
    }
    Ok(out)
}

fn of_row(kind: LateKind, row: LateRow) -> Late {
    let home = row.household.map_or(0, HouseholdId::get);
    let no = row.no;
    let (what, href) = match kind {
        LateKind::Returned => ("退票", format!("/households/{home}/payments")),
        LateKind::Ticket => ("工单", format!("/tickets/{no}")),
        LateKind::Help => ("求助", "/residents".to_owned()),
        LateKind::Rating => ("不满意整改", "/residents#ratings".to_owned()),
        LateKind::Correction => ("更正", "/residents".to_owned()),
        LateKind::Find => ("政策找人", format!("/households/{home}/finds")),
    };
    Late {
        what,
        no,
        area: row.area,
        due: row.due,
        href,
    }
}
