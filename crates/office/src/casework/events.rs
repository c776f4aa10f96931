//! Events as the record keeps them and as the machine of the domain walks them; and what lists keep of a
//! standing. Both directions stand here, so that one cannot say what the other does not read.

use super::papers::waits_for_papers;
use super::{Outcome, Standing, What};
use crate::office::Office;
use domain::casework::{Event, kept_clock};
use domain::procedure::Procedure;
use domain::{AreaCode, WorkCalendar};
use store::applications::{Application, Paper, PaperState};
use store::cases::{self, Current, EventKind, NewEvent, Wait};

/// Between names in one column; no account and no step has it in its name.
const BETWEEN: &str = "、";
/// The mark of a circumstance that no longer holds.
pub(super) const NO_LONGER: &str = "no";

/// What happened, in the order of the record; none when a row says what no event says.
pub(super) fn read(rows: &[cases::Event]) -> Option<Vec<Event>> {
    rows.iter().map(|row| one(&row.content)).collect()
}

fn one(row: &NewEvent) -> Option<Event> {
    let name = row.name.clone();
    let what = match row.kind {
        EventKind::Submitted => What::Submitted,
        EventKind::Completed => What::Completed {
            step: row.step.clone(),
            gave: name,
            others: split(&row.others),
            decided: Outcome::from_word(&row.outcome),
        },
        EventKind::SentBack => What::SentBack { to: name },
        EventKind::Paused => What::Paused { reason: name },
        EventKind::Resumed => What::Resumed,
        EventKind::Circumstance if row.outcome == NO_LONGER => What::Untold { circumstance: name },
        EventKind::Circumstance => What::Told { circumstance: name },
        EventKind::Transferred => What::Transferred {
            to: AreaCode::parse(&name).ok()?,
        },
        EventKind::HandedOver => What::HandedOver { to: name },
        EventKind::Closed => What::Closed {
            outcome: Outcome::from_word(&row.outcome)?,
        },
    };
    Some(Event {
        day: row.day,
        actor: row.actor.clone(),
        what,
        because: row.because.clone(),
    })
}

/// An event as a row; `step` is the one that was open.
pub(super) fn write(event: &Event, step: &str, detail: &str, office: &Office) -> NewEvent {
    let mut row = NewEvent {
        kind: EventKind::Submitted,
        step: step.to_owned(),
        name: String::new(),
        others: String::new(),
        outcome: String::new(),
        because: event.because.clone(),
        detail: detail.to_owned(),
        day: event.day,
        at: office.clock.at(),
        actor: event.actor.clone(),
    };
    match &event.what {
        What::Submitted => {}
        What::Completed {
            step,
            gave,
            others,
            decided,
        } => {
            row.kind = EventKind::Completed;
            row.step.clone_from(step);
            row.name.clone_from(gave);
            row.others = others.join(BETWEEN);
            row.outcome = decided.map_or("", Outcome::word).to_owned();
        }
        What::SentBack { to } => {
            row.kind = EventKind::SentBack;
            row.name.clone_from(to);
        }
        What::Paused { reason } => {
            row.kind = EventKind::Paused;
            row.name.clone_from(reason);
        }
        What::Resumed => row.kind = EventKind::Resumed,
        What::Told { circumstance } => {
            row.kind = EventKind::Circumstance;
            row.name.clone_from(circumstance);
        }
        What::Untold { circumstance } => {
            row.kind = EventKind::Circumstance;
            row.name.clone_from(circumstance);
            NO_LONGER.clone_into(&mut row.outcome);
        }
        What::Transferred { to } => {
            row.kind = EventKind::Transferred;
            to.full().clone_into(&mut row.name);
        }
        What::HandedOver { to } => {
            row.kind = EventKind::HandedOver;
            row.name.clone_from(to);
        }
        What::Closed { outcome } => {
            row.kind = EventKind::Closed;
            outcome.word().clone_into(&mut row.outcome);
        }
    }
    row
}

fn split(joined: &str) -> Vec<String> {
    let parts = joined.split(BETWEEN).filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

/// What a list marks a case with.
pub(super) mod mark {
    /// A public notice hangs.
    pub(crate) const NOTICE: &str = "公示";
    /// It was sent back.
    pub(crate) const SENT_BACK: &str = "退回";
    /// The applicant was told what is missing.
    pub(crate) const PAPERS: &str = "补正";
    /// A paper follows later: it goes through the green channel.
    pub(crate) const LATER: &str = "绿色通道·容缺";
    /// It was handed in elsewhere.
    pub(crate) const ELSEWHERE: &str = "异地收件";
}

/// Where a case stands, as lists keep it; follows from its events alone.
pub(super) fn current(
    procedure: &Procedure,
    standing: &Standing,
    calendar: &WorkCalendar,
    (application, papers): (&Application, &[Paper]),
) -> Current {
    let clock = kept_clock(standing, procedure, calendar);
    let open = standing.open.as_ref();
    let step = open.and_then(|open| procedure.step(&open.name));
    let mut marks: Vec<&str> = Vec::new();
    if clock.notice.is_some() {
        marks.push(mark::NOTICE);
    }
    if open.is_some_and(|open| open.sent_back.is_some()) {
        marks.push(mark::SENT_BACK);
    }
    if open.is_some_and(|open| waits_for_papers(procedure, &open.name)) {
        marks.push(mark::PAPERS);
    }
    if papers.iter().any(|paper| paper.state == PaperState::Later) {
        marks.push(mark::LATER);
    }
    let content = &application.content;
    if !content.taken_area.contains(&content.area) && !content.area.contains(&content.taken_area) {
        marks.push(mark::ELSEWHERE);
    }
    let notice = clock
        .notice
        .as_ref()
        .and_then(|runs| runs.due.as_ref().ok());
    let owner = open.and_then(|open| open.owner.clone()).unwrap_or_default();
    let kept: Vec<String> = standing.kept_from(procedure).into_keys().collect();
    let not_by = kept.join(BETWEEN);
    let wait = |step: &str, role: &String| Wait {
        step: step.to_owned(),
        role: role.clone(),
        area: standing.area,
        owner: owner.clone(),
        not_by: not_by.clone(),
    };
    let roles = step.into_iter().flat_map(|step| &step.who);
    let name = open.map_or("", |open| open.name.as_str());
    let waits = roles.map(|role| wait(name, role));
    Current {
        area: standing.area,
        step: open.map_or_else(String::new, |open| open.name.clone()),
        since: open.map_or(standing.newest, |open| open.since),
        due: notice.map(|due| due.day).or_else(|| clock.next_due()),
        overall_due: clock.law_due(),
        no_calendar: clock.missing_year(),
        pause_ends: clock.pause_ends,
        paused: standing
            .paused()
            .map_or_else(String::new, |p| p.reason.clone()),
        marks: marks.join(BETWEEN),
        outcome: standing
            .closed
            .map(|(outcome, _)| outcome.word().to_owned()),
        waits: waits.collect(),
    }
}
