//! 督办里办件以外的事: clues, returned payments, tickets, calls for help, ratings, corrections and pushes that are
//! past their day. Whatever somebody waits for has a day, and what is past it stands before whoever oversees.

use super::{Done, place_name};
use crate::access::{Acting, Right};
use crate::office::Office;
use crate::rulebook::tables;
use domain::{AreaCode, Day};
use store::applications::{self, Clue};
use store::channels::{self, TicketState};
use store::portal;
use store::tasks;

/// Days of what is no step of a procedure, beside the procedures and in a place's own folder.
const LIMITS: &str = "other-limits.csv";
/// Rows of one kind that are read.
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

/// By which day something is due, as the rulebook's days say; none where they or the calendar of the year do not.
pub(crate) fn due(office: &Office, (what, how): (&str, &str), from: Day) -> Option<Day> {
    let days = tables::rows(office, LIMITS).find_map(|cells| {
        let [of, case, days, ..] = cells.as_slice() else {
            return None;
        };
        let meant = of.trim() == what && case.trim() == how;
        meant.then(|| days.trim().parse::<u32>().ok())?
    })?;
    crate::channels::due(office, from, days)
}

/// By which day a clue must have become an application or come to an end.
pub(super) fn clue_due(office: &Office, clue: &Clue) -> Option<Day> {
    let said = crate::desk::minute(&clue.at);
    let came = Day::parse(said.get(..10)?).ok()?;
    let how = if clue.content.urgent {
        "紧急"
    } else {
        "其他"
    };
    due(office, ("线索", how), came)
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
    let mut found: Vec<(&'static str, i64, AreaCode, Day, String)> = Vec::new();
    for place in scope.each_place() {
        found.extend(open_matters(office, place.as_ref()).await?);
    }
    found.retain(|(.., due, _)| *due < today);
    found.sort_by(|one, other| (one.3, one.0, one.1).cmp(&(other.3, other.0, other.1)));
    found.dedup();
    let mut out = Vec::new();
    for (what, no, area, due, href) in found {
        out.push(LateMatter {
            what,
            no,
            place: place_name(office, &area, today).await?,
            due,
            href,
        });
    }
    Ok(out)
}

/// Everything of a place that is no case, is open and has a day.
async fn open_matters(
    office: &Office,
    place: Option<&AreaCode>,
) -> Done<Vec<(&'static str, i64, AreaCode, Day, String)>> {
    let store = &office.store;
    let mut out = Vec::new();
    for one in applications::open_clues(store, place, ROWS_READ).await? {
        if let Some(due) = clue_due(office, &one) {
            let href = format!("/clues/{}", one.no);
            out.push(("线索", one.no, one.content.area, due, href));
        }
    }
    for one in tasks::open_of_kind(store, RETURNED, place, ROWS_READ).await? {
        if let (Some(due), Some(home)) = (one.content.due, one.content.household) {
            let href = format!("/households/{home}/payments");
            out.push(("退票", one.id.get(), one.content.area, due, href));
        }
    }
    for one in channels::tickets(store, TicketState::Open, place, ROWS_READ).await? {
        if let Some(due) = one.due {
            out.push((
                "工单",
                one.no,
                one.area,
                due,
                format!("/tickets/{}", one.no),
            ));
        }
    }
    for one in portal::helps(store, place, ROWS_READ).await? {
        out.push(("求助", one.no, one.area, one.day, "/residents".to_owned()));
    }
    for one in portal::bad_ratings_in(store, place, ROWS_READ).await? {
        if let Some(due) = one.due {
            out.push((
                "不满意整改",
                one.no,
                one.area,
                due,
                "/residents#ratings".to_owned(),
            ));
        }
    }
    for one in portal::corrections_in(store, place, ROWS_READ).await? {
        if let Some(due) = one.new.due {
            out.push(("更正", one.no, one.new.area, due, "/residents".to_owned()));
        }
    }
    let pushed = channels::finds(store, place, ROWS_READ).await?;
    for one in pushed.into_iter().filter(|one| one.outcome.is_none()) {
        let href = format!("/households/{}/finds", one.content.household);
        out.push(("政策找人", one.no, one.content.area, one.content.due, href));
    }
    Ok(out)
}
