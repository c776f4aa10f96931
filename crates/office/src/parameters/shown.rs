//! 参数与标准: the numbers of a place on a day, each with its source and what it was before and will be.

use super::keys;
use crate::access::{Acting, Right};
use crate::office::Office;
use crate::views::{Choice, ViewError};
use domain::Day;
use rules::params::Row;
use std::collections::BTreeMap;

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct ParamAsk {
    /// The day; today without.
    pub day: Option<String>,
    /// The place, by its folder's name; this office's without.
    pub place: Option<String>,
    /// An area code: only numbers that hold there.
    pub area: Option<String>,
    /// Part of the name of a number.
    pub words: Option<String>,
}

/// The numbers of a place.
#[derive(Clone, Debug)]
pub struct ParamPage {
    /// The day they hold on.
    pub day: String,
    /// The place chosen.
    pub place: String,
    /// All places of the rulebook.
    pub places: Vec<Choice>,
    /// Whether it is this office's own: only those are changed here.
    pub own: bool,
    /// The area asked for.
    pub area: String,
    /// The words asked for.
    pub words: String,
    /// File by file.
    pub groups: Vec<ParamGroup>,
    /// How many numbers there are on these pages.
    pub count: usize,
    /// The year a sheet is offered for: the next.
    pub year: i32,
    /// Whether whoever asks may hand a filled-in sheet in.
    pub proposes: bool,
    /// The version they are of; 0 for the rulebook of the program.
    pub version: i64,
}

/// The numbers one rule file reads.
#[derive(Clone, Debug)]
pub struct ParamGroup {
    /// The file's id.
    pub id: String,
    /// Its title; its id where it is not in force on the day.
    pub title: String,
    /// Its path, where it is in force.
    pub path: Option<String>,
    /// The numbers.
    pub rows: Vec<ParamRow>,
}

/// One number.
#[derive(Clone, Debug)]
pub struct ParamRow {
    /// Its name.
    pub name: String,
    /// Area and keys it holds for.
    pub of: String,
    /// The value that holds on the day, with its unit; none where none does.
    pub now: Option<ParamPast>,
    /// All other values, by rising first day.
    pub others: Vec<ParamPast>,
}

/// A value and its days.
#[derive(Clone, Debug)]
pub struct ParamPast {
    /// With its unit.
    pub value: String,
    /// First day.
    pub from: String,
    /// Last day; empty while it is open.
    pub to: String,
    /// The document it comes from, or 示例值.
    pub source: String,
    /// Whether it is an example that is not yet replaced.
    pub example: bool,
}

/// The numbers of a place on a day.
///
/// # Errors
/// The right is missing; no such day or place.
pub fn page(office: &Office, who: &Acting, ask: &ParamAsk) -> Result<ParamPage, ViewError> {
    who.scope(Right::RULEBOOK)?;
    let day = match &ask.day {
        None => office.clock.today(),
        Some(text) => Day::parse(text).map_err(|_| {
            ViewError::NotAnswerable(format!("日期 `{text}` 读不懂,请写成 2027-01-01"))
        })?,
    };
    let id = ask.place.as_deref().unwrap_or(&office.locality);
    let book = office.book();
    let place = book.localities().iter().find(|place| place.id == id);
    let place = place.ok_or_else(|| {
        ViewError::NotFound(format!("手册里没有名为 `{id}` 的地方,请在清单里重新选"))
    })?;
    let (area, words) = (
        ask.area.clone().unwrap_or_default(),
        ask.words.clone().unwrap_or_default(),
    );
    let wanted = |row: &&Row| {
        let there = area.is_empty() || area.starts_with(&row.area) || row.area.starts_with(&area);
        there && (words.is_empty() || row.name.contains(&words) || row.file.contains(&words))
    };
    let rows: Vec<&Row> = place.filled.rows.iter().filter(wanted).collect();
    let program = book.program(id, day).0;
    let mut groups: Vec<ParamGroup> = Vec::new();
    for file in files(&rows) {
        let known = program.files.iter().find(|plan| plan.id == file);
        groups.push(ParamGroup {
            id: file.to_owned(),
            title: known.map_or_else(|| file.to_owned(), |plan| plan.title.clone()),
            path: known.map(|plan| plan.path.clone()),
            rows: of_file(&rows, file, day),
        });
    }
    Ok(ParamPage {
        day: day.to_string(),
        place: place.title.clone(),
        places: book
            .localities()
            .iter()
            .map(|place| Choice {
                value: place.id.clone(),
                label: place.title.clone(),
            })
            .collect(),
        own: id == office.locality,
        area,
        words,
        count: groups.iter().map(|group| group.rows.len()).sum(),
        groups,
        year: office.clock.today().year().saturating_add(1),
        proposes: who.may(Right::RULEBOOK_PROPOSE),
        version: office.version(),
    })
}

/// The files the rows are of, in the order they are first named.
fn files<'a>(rows: &[&'a Row]) -> Vec<&'a str> {
    let mut out: Vec<&str> = Vec::new();
    for row in rows {
        if !out.contains(&row.file.as_str()) {
            out.push(&row.file);
        }
    }
    out
}

fn of_file(rows: &[&Row], file: &str, day: Day) -> Vec<ParamRow> {
    let mut order: Vec<(&str, &str, String)> = Vec::new();
    let mut all: BTreeMap<(&str, &str, String), Vec<&Row>> = BTreeMap::new();
    for row in rows.iter().copied().filter(|row| row.file == file) {
        let of = (row.name.as_str(), row.area.as_str(), keys(row));
        if !all.contains_key(&of) {
            order.push(of.clone());
        }
        all.entry(of).or_default().push(row);
    }
    let mut out = Vec::new();
    for of in order {
        let Some(mut values) = all.remove(&of) else {
            continue;
        };
        values.sort_by_key(|row| row.from);
        let (name, area, keys) = of;
        let begun = values
            .iter()
            .rposition(|row| row.from.is_none_or(|from| from <= day));
        let holds = begun.filter(|at| {
            let row = values.get(*at);
            row.is_some_and(|row| row.to.is_none_or(|to| day <= to))
        });
        let of: Vec<&str> = [area, keys.as_str()]
            .into_iter()
            .filter(|w| !w.is_empty())
            .collect();
        out.push(ParamRow {
            name: name.to_owned(),
            of: of.join(" · "),
            now: holds.and_then(|at| values.get(at)).map(|row| past(row)),
            others: values
                .iter()
                .enumerate()
                .filter(|(at, _)| Some(*at) != holds)
                .map(|(_, row)| past(row))
                .collect(),
        });
    }
    out
}

fn past(row: &Row) -> ParamPast {
    let day = |day: Option<Day>| day.map_or_else(String::new, |day| day.to_string());
    ParamPast {
        value: format!("{} {}", row.value, row.unit).trim().to_owned(),
        from: day(row.from),
        to: day(row.to),
        source: row.source.clone(),
        example: row.source.contains("示例值"),
    }
}
