//! 影响预览: a whole rulebook against the one in force, each as it is on a day to come, on the people of a
//! month as they are. Whoever is to sign sees who gains, who loses and what it costs before the day comes.
//!
//! The rules and numbers of that day are taken as if it had come; people, roll and facts stay those of the
//! month. Numbers that rules ask for earlier days stay as they were then.

use super::report::{Change, DoorRow, Report};
use super::{Ask, WORDS, blocking, compared, fitted, groups, line, summary};
use crate::error::{OfficeError, Result};
use crate::monitoring::MonthData;
use crate::office::Office;
use domain::{Day, Month};
use engine::arrow::array::Array;
use engine::simulate::{Door, Effect, Outcome, Roll};
use rules::plan::{Body, FileKind, Home, Param};
use rules::{Program, Rulebook};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Two rulebooks, and when and on whom they are compared.
pub(crate) struct Whole {
    /// The one in force.
    pub old: Arc<Rulebook>,
    /// The one that is proposed.
    pub new: Arc<Rulebook>,
    /// What it changes, in words.
    pub changes: Vec<Change>,
    /// Whether the facts themselves may come out otherwise.
    pub facts: bool,
    /// The month whose people are looked at.
    pub month: Month,
    /// The day whose rules are compared.
    pub day: Day,
}

/// What came of it.
pub(crate) struct Tried {
    /// The report, with one scenario; its doors are all that change or turn.
    pub report: Report,
    /// Doors with somebody on the roll.
    pub on_roll: u64,
    /// Of these, for how many some programme is answered otherwise.
    pub turned: u64,
}

/// Compares two rulebooks on the people of a month.
///
/// # Errors
/// No register for the month; rules that cannot be run.
pub(crate) async fn whole(
    office: &Office,
    ask: &Whole,
    mut told: impl FnMut(&str),
) -> Result<Tried> {
    told(&format!(
        "按 {} 的规则判断 {} 的人:现行",
        ask.day, ask.month
    ));
    let place = office.locality.clone();
    let (old, new) = (Arc::clone(&ask.old), Arc::clone(&ask.new));
    let (month, day) = (ask.month, ask.day);
    let programs = blocking(move || {
        let of = |book: &Rulebook| as_of(book.program(&place, day).0, (month, day));
        Ok((of(&old), of(&new)))
    });
    let (before, after) = programs.await?;
    let data = Arc::new(MonthData::for_trials_by(office, before, month).await?);
    told(&format!(
        "按 {} 的规则判断 {} 的人:提出的一版",
        ask.day, ask.month
    ));
    let after = Arc::new(fitted(office, &data, after, (ask.facts, month)).await?);
    let stated = line::stated(&data.program, None).map_err(OfficeError::NotFound)?;
    let outcome = compared(&data, &after, (&stated.of(&data), Roll::Follows)).await?;
    let asked = Ask {
        month,
        scenarios: Vec::new(),
        cap: None,
        line: None,
        by: Vec::new(),
        roll: Roll::Follows,
        axis: None,
    };
    let mut report = Report::new(office, &data, &asked, &stated);
    report.notes.insert(
        0,
        format!("两边都取 {day} 那天的规则和数:现行的一版和提出的一版;人、名册和事实是 {month} 的"),
    );
    let places = summary::Places::of(office, month).await?;
    let name = format!("{day} 起");
    let mut one = summary::scenario(&data, (&name, &ask.changes), &outcome, &places);
    one.groups = groups::groups(&data, &outcome, &[]);
    one.funds = summary::funds(office, &outcome);
    let on_roll = on_roll(&data);
    let turned = turned(&outcome, &on_roll);
    one.doors = rows(&data, &outcome, &places, &turned);
    report.scenarios.push(one);
    Ok(Tried {
        report,
        on_roll: summary::count(on_roll.len()),
        turned: summary::count(turned.len()),
    })
}

/// The rules of a day with its numbers in force since the month began, so that they are judged on the month.
fn as_of(mut program: Program, (month, day): (Month, Day)) -> Program {
    if day <= month.first() {
        return program;
    }
    for item in &mut program.items {
        if let Body::Param(param) = &mut item.body {
            brought_forward(param, (month.first(), day));
        }
    }
    program
}

/// What holds on the day holds from the first of the month; what held in between gives way.
fn brought_forward(param: &mut Param, (first, day): (Day, Day)) {
    let covers = |from: Day, to: Option<Day>| from <= day && to.is_none_or(|to| day <= to);
    let newest = |area: &str, keys: &[Option<u16>], all: &Param| {
        let same = all.values.iter();
        let same = same.filter(|v| v.area == area && v.keys == keys && covers(v.from, v.to));
        same.map(|v| v.from).max()
    };
    let held = param.clone();
    for value in &mut param.values {
        let best = newest(&value.area, &value.keys, &held);
        if covers(value.from, value.to) && best == Some(value.from) {
            value.from = value.from.min(first);
        } else if value.from <= day && value.to.is_none_or(|to| first <= to) {
            value.to = first.add_days(-1);
        }
    }
    param.values.retain(|v| v.to.is_none_or(|to| v.from <= to));
}

/// Doors with somebody who holds a status of some policy at the end of the month.
fn on_roll(data: &MonthData) -> BTreeSet<Door> {
    let last = data.month.last().epoch_days();
    let program = &data.program;
    let (household, person) = (
        program.dict.entity(WORDS.household),
        program.dict.entity(WORDS.person),
    );
    let people = person.and_then(|entity| data.frames.entities.get(&entity));
    let home = |id: i64| {
        let people = people?;
        let row = usize::try_from(people.position(id)?).ok()?;
        let homes = people.households();
        homes.is_valid(row).then(|| homes.value(row))
    };
    let policies = program.files.iter().filter(|f| f.kind == FileKind::Policy);
    let mut out = BTreeSet::new();
    for grant in policies.flat_map(|file| &file.grants) {
        let Some(frame) = data.frames.statuses.get(&grant.status) else {
            continue;
        };
        let of = program.item(grant.status).map(|item| item.home);
        let held = frame.periods();
        let held = held.filter(|(_, from, to)| *from <= last && to.is_none_or(|to| last <= to));
        for (holder, ..) in held {
            let door = match of {
                Some(Home::Entity(entity)) if Some(entity) == household => Door::Household(holder),
                _ => home(holder).map_or(Door::Person(holder), Door::Household),
            };
            out.insert(door);
        }
    }
    out
}

/// Those of the roll for whom some programme begins or ceases to be 符合.
fn turned(outcome: &Outcome, on_roll: &BTreeSet<Door>) -> BTreeSet<Door> {
    let turns = |effect: Effect| matches!(effect, Effect::Enters | Effect::Leaves);
    let all = outcome.changed.iter().filter(|one| turns(one.effect));
    all.filter_map(|one| one.door.filter(|door| on_roll.contains(door)))
        .collect()
}

fn rows(
    data: &MonthData,
    outcome: &Outcome,
    places: &summary::Places,
    turned: &BTreeSet<Door>,
) -> Vec<DoorRow> {
    let mut rows = summary::doors(data, outcome, places, turned);
    let doors: Vec<Door> = rows.iter().map(|row| row.door.into()).collect();
    for (row, kinds) in rows.iter_mut().zip(groups::kinds(data, &doors)) {
        row.kinds = kinds;
    }
    rows
}

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    reason = "a test that fails should stop where it failed"
)]
mod tests {
    use super::*;
    use rules::plan::ParamValue;
    use rules::value::{Ratio, Value};

    fn check(rows: &[(&str, &str, i128)], day: &str, asked: &[(&str, Option<i128>)]) {
        let date = |text: &str| Day::parse(text).unwrap();
        let values = rows.iter().map(|(from, to, value)| ParamValue {
            area: String::new(),
            keys: Vec::new(),
            from: date(from),
            to: Day::parse(to).ok(),
            value: Value::Num(Ratio::whole(*value)),
            source: String::new(),
        });
        let mut param = Param {
            keys: Vec::new(),
            values: values.collect(),
        };
        brought_forward(&mut param, (date("2026-08-01"), date(day)));
        for (at, wanted) in asked {
            let found = param.lookup("", &[], date(at)).map(|v| v.value);
            assert_eq!(found, wanted.map(|n| Value::Num(Ratio::whole(n))), "{at}");
        }
    }

    #[test]
    fn the_numbers_of_a_day_to_come_hold_in_the_month_and_the_past_stays_as_it_was() {
        let rows = [
            ("2026-01-01", "2026-06-30", 780),
            ("2026-07-01", "2026-12-31", 820),
            ("2027-01-01", "", 900),
            ("2028-01-01", "", 950),
        ];
        let asked = [
            ("2026-05-01", Some(780)),
            ("2026-07-15", Some(820)),
            ("2026-08-01", Some(900)),
        ];
        check(&rows, "2027-01-01", &asked);
        check(&rows, "2026-07-15", &[("2026-08-01", Some(820))]);
        check(&rows, "2028-06-01", &[("2026-08-01", Some(950))]);
    }

    #[test]
    fn a_number_that_has_ended_by_the_day_holds_no_longer() {
        check(
            &[("2026-07-01", "2026-12-31", 820)],
            "2027-01-01",
            &[("2026-07-15", Some(820)), ("2026-08-01", None)],
        );
    }
}
