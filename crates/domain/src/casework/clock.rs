//! 时限: by when the open step and the whole case are due, with the holidays skipped and the pauses left out.
//!
//! A day in a year without a calendar is an error that is shown; weekends alone are never taken for one.

use std::collections::BTreeSet;

use super::{Paused, Standing};
use crate::procedure::{Counted, Due, Length, Procedure, TimeLimit};
use crate::{Day, NoCalendar, Span, WorkCalendar};

/// One running time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runs {
    /// The step that must be done in it.
    pub to: String,
    /// From which day; that day itself is not counted.
    pub from: Day,
    /// From what: the step done or the circumstance told; empty for the opening of the step.
    pub since: String,
    /// How long.
    pub length: Length,
    /// On which articles; empty for the time of a step.
    pub cites: Vec<String>,
    /// By when, with the holidays skipped; or the year whose calendar is missing.
    pub due: Result<Due, NoCalendar>,
    /// On which day it was done.
    pub done: Option<Day>,
}

/// 到期 of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    /// The time of the open step.
    pub step: Option<Runs>,
    /// The time a public notice must hang before the open step may be done: it is waited for, never late.
    pub notice: Option<Runs>,
    /// The times of the law, those that run and those that ran.
    pub law: Vec<Runs>,
    /// The days that do not count because of pauses.
    pub pauses: Vec<Span>,
    /// The last day on which the pause that goes on stops the clock; none when it is not limited.
    pub pause_ends: Option<Day>,
    /// The year whose calendar is missing for a pause.
    pub no_calendar: Option<i32>,
}

impl Clock {
    /// The running times: of the open step and of the law.
    pub fn running(&self) -> impl Iterator<Item = &Runs> {
        let law = self.law.iter().filter(|runs| runs.done.is_none());
        self.step.iter().chain(law)
    }

    /// The earliest day on which something running is due.
    #[must_use]
    pub fn next_due(&self) -> Option<Day> {
        let due = self.running().filter_map(|runs| runs.due.as_ref().ok());
        due.map(|due| due.day).min()
    }

    /// The earliest due day of the law that still runs.
    #[must_use]
    pub fn law_due(&self) -> Option<Day> {
        let running = self.law.iter().filter(|runs| runs.done.is_none());
        let due = running.filter_map(|runs| runs.due.as_ref().ok());
        due.map(|due| due.day).min()
    }

    /// A year whose calendar is missing for a running time.
    #[must_use]
    pub fn missing_year(&self) -> Option<i32> {
        let runs = self.running().filter_map(|runs| runs.due.as_ref().err());
        runs.map(|none| none.year).min().or(self.no_calendar)
    }

    /// How many days ago the earliest running time was over; none while there is time.
    #[must_use]
    pub fn overdue(&self, today: Day) -> Option<i64> {
        let due = self.next_due()?;
        (due < today).then(|| due.days_until(today))
    }
}

/// The times of a case, worked out as of a day.
#[must_use]
pub fn clocks(
    standing: &Standing,
    procedure: &Procedure,
    calendar: &WorkCalendar,
    today: Day,
) -> Clock {
    let mut clock = Clock {
        step: None,
        notice: None,
        law: Vec::new(),
        pauses: Vec::new(),
        pause_ends: None,
        no_calendar: None,
    };
    for (at, pause) in standing.pauses.iter().enumerate() {
        let earlier = standing.pauses.get(..at).unwrap_or_default();
        match not_counted(pause, earlier, procedure, calendar, today) {
            Ok((span, ends)) => {
                clock.pauses.extend(span);
                clock.pause_ends = ends.filter(|_| pause.to.is_none());
            }
            Err(none) => clock.no_calendar = Some(none.year),
        }
    }
    let runs = step_runs(standing, procedure, calendar, &clock.pauses);
    let hangs = procedure.notice.as_ref().is_some_and(|notice| {
        let open = runs.as_ref().map(|runs| &runs.to);
        open.is_some_and(|open| notice.steps.contains(open))
    });
    match hangs {
        true => clock.notice = runs,
        false => clock.step = runs,
    }
    let ahead = ahead(standing, procedure);
    let met = |to: &str| ahead.contains(to) || standing.last_done(to).is_some();
    clock.law = procedure
        .limits_for(&standing.told)
        .into_iter()
        .filter(|(limit, _)| met(&limit.to))
        .filter_map(|(limit, length)| law_runs(standing, limit, length, calendar, &clock.pauses))
        .collect();
    clock
}

/// The times of a case as a list may keep them: a pause that goes on counts to its last allowed day at once,
/// so that nothing has to be written on the day it is over. Depends on what happened alone, not on today.
#[must_use]
pub fn kept_clock(standing: &Standing, procedure: &Procedure, calendar: &WorkCalendar) -> Clock {
    let newest = standing.newest;
    let clock = clocks(standing, procedure, calendar, newest);
    match clock.pause_ends {
        Some(end) if end > newest => clocks(standing, procedure, calendar, end),
        Some(_) | None => clock,
    }
}

/// The steps that lie ahead as things stand, the open one first; a time of the law that ends elsewhere is not
/// this case's.
fn ahead<'a>(standing: &Standing, procedure: &'a Procedure) -> BTreeSet<&'a str> {
    let mut seen = BTreeSet::new();
    let open = standing.open.as_ref();
    let mut step = open.and_then(|open| procedure.step(&open.name));
    while let Some(here) = step {
        if !seen.insert(here.name.as_str()) {
            break;
        }
        step = procedure.next_of(&here.name, &standing.told);
    }
    seen
}

/// The days of a pause that do not count, cut where the allowed time of its reason is used up; and the last
/// of them. The day on which it began has begun and counts; the day on which work went on does not.
fn not_counted(
    pause: &Paused,
    earlier: &[Paused],
    procedure: &Procedure,
    calendar: &WorkCalendar,
    today: Day,
) -> Result<(Option<Span>, Option<Day>), NoCalendar> {
    let end = pause.to.unwrap_or(today).max(pause.from);
    let allowed = procedure.pause(&pause.reason).and_then(|p| p.at_most);
    let last = match allowed {
        None => None,
        Some(allowed) => {
            let used = used(earlier, &pause.reason, allowed, calendar)?;
            Some(left_until(allowed, used, pause.from, calendar)?)
        }
    };
    let end = last.map_or(end, |last| last.min(end));
    let first = pause.from.add_days(1);
    let after = end.add_days(1);
    let span = first.zip(after).and_then(|(first, after)| {
        let span = Span::new(first, Some(after));
        span.filter(|_| pause.from < end)
    });
    Ok((span, last))
}

/// The last day of a pause that would begin on `from`, with what the pauses that are over have left of the
/// allowed time of its reason; `from` itself when nothing is left.
///
/// # Errors
/// [`NoCalendar`] when a day lies in a year without a calendar.
pub fn pause_left(
    standing: &Standing,
    reason: &str,
    allowed: Length,
    calendar: &WorkCalendar,
    from: Day,
) -> Result<Day, NoCalendar> {
    let used = used(&standing.pauses, reason, allowed, calendar)?;
    left_until(allowed, used, from, calendar)
}

/// How much of the allowed time of a reason the pauses that are over have taken, in its own days; of months,
/// in days.
fn used(
    pauses: &[Paused],
    reason: &str,
    allowed: Length,
    calendar: &WorkCalendar,
) -> Result<u32, NoCalendar> {
    let mut sum = 0_u32;
    for one in pauses.iter().filter(|one| one.reason == reason) {
        let to = one.to.unwrap_or(one.from);
        sum = sum.saturating_add(units(allowed.counted, calendar, one.from, to)?);
    }
    Ok(sum)
}

/// How much of an allowance days between two take; months are counted in days.
fn units(counted: Counted, calendar: &WorkCalendar, from: Day, to: Day) -> Result<u32, NoCalendar> {
    match counted {
        Counted::Workdays => calendar.workdays_between(from, to),
        Counted::Days | Counted::Months => {
            Ok(u32::try_from(from.days_until(to).max(0)).unwrap_or(u32::MAX))
        }
    }
}

/// The last day of what is left of an allowance that begins on `from`.
fn left_until(
    allowed: Length,
    used: u32,
    from: Day,
    calendar: &WorkCalendar,
) -> Result<Day, NoCalendar> {
    match allowed.counted {
        Counted::Workdays | Counted::Days => {
            let left = Length {
                count: allowed.count.saturating_sub(used),
                counted: allowed.counted,
            };
            Ok(left.due(from, calendar, &[])?.day)
        }
        Counted::Months => {
            let whole = allowed.due(from, calendar, &[])?.day;
            let back = whole.add_days(-i64::from(used)).unwrap_or(from);
            Ok(back.max(from))
        }
    }
}

/// The time of the open step: from the step or circumstance it names, but a step that was opened anew by
/// 退回 has its whole time again from that day.
fn step_runs(
    standing: &Standing,
    procedure: &Procedure,
    calendar: &WorkCalendar,
    pauses: &[Span],
) -> Option<Runs> {
    let open = standing.open.as_ref()?;
    let limit = procedure.step(&open.name)?.limit.as_ref()?;
    let named = limit.from.as_deref();
    let since = named.and_then(|from| day_of(standing, from).map(|day| (from, day)));
    let again = standing.done.iter().any(|done| done.step == open.name);
    let (since, from) = match since {
        Some((name, day)) if !again => (name.to_owned(), day),
        Some(_) | None => (String::new(), open.since),
    };
    Some(Runs {
        to: open.name.clone(),
        from,
        since,
        length: limit.length,
        cites: Vec::new(),
        due: limit.length.due(from, calendar, pauses),
        done: None,
    })
}

fn law_runs(
    standing: &Standing,
    limit: &TimeLimit,
    length: Length,
    calendar: &WorkCalendar,
    pauses: &[Span],
) -> Option<Runs> {
    let from = day_of(standing, &limit.from)?;
    let mut without = pauses.to_vec();
    let steps = limit.without.iter();
    without.extend(steps.flat_map(|step| spans_of(standing, step)));
    Some(Runs {
        to: limit.to.clone(),
        from,
        since: limit.from.clone(),
        length,
        cites: limit.cites.clone(),
        due: length.due(from, calendar, &without),
        done: standing.last_done(&limit.to).map(|done| done.day),
    })
}

/// The day a step was first done, or a circumstance first told.
fn day_of(standing: &Standing, name: &str) -> Option<Day> {
    let done = standing.done.iter().find(|done| done.step == name);
    done.map(|done| done.day)
        .or_else(|| standing.told_on.get(name).copied())
}

/// The days during which a step was open, which a time of the law leaves out.
fn spans_of<'a>(standing: &'a Standing, step: &'a str) -> impl Iterator<Item = Span> + 'a {
    let done = standing.done.iter().filter(move |done| done.step == step);
    let done = done.map(|done| (done.opened, Some(done.day)));
    let open = standing.open.iter().filter(move |open| open.name == step);
    let open = open.map(|open| (open.since, None));
    done.chain(open).filter_map(|(from, to)| {
        let to = to.and_then(|day| day.add_days(1));
        Span::new(from.add_days(1)?, to)
    })
}
