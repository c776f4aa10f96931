//! 政策 for programs: the programmes of the place on a day, and its numbers with the document of each.

use crate::access::{Acting, Denied, Right};
use crate::office::Office;
use domain::Day;
use rules::params::{Row, split};
use rules::plan::FileKind;
use std::collections::BTreeMap;

/// What marks a number that is no place's own.
const EXAMPLE: &str = "示例值";

/// 救助项目.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Programme {
    /// Its policy's name: `dibao`.
    pub id: String,
    /// Its name.
    pub title: String,
    /// Whether one can apply for it here on that day.
    pub applies: bool,
    /// Its file in the rulebook.
    pub path: String,
}

/// A number of the place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The file of the rulebook it fills in.
    pub file: String,
    /// Its name.
    pub name: String,
    /// The area it holds in; empty for the whole place.
    pub area: String,
    /// What it is told apart by: name and value.
    pub keys: Vec<(String, String)>,
    /// The value as it is written.
    pub value: String,
    /// Its unit.
    pub unit: String,
    /// From which day.
    pub from: Option<Day>,
    /// Up to which day, that day included.
    pub to: Option<Day>,
    /// The document.
    pub source: String,
    /// Whether it is an example and no place's real number.
    pub example: bool,
}

/// The programmes of the place on a day.
///
/// # Errors
/// The right is missing.
pub fn programmes(office: &Office, who: &Acting, day: Day) -> Result<Vec<Programme>, Denied> {
    who.scope(Right::RULEBOOK)?;
    let program = office.rules_on(day);
    let files = program.files.iter();
    let policies = files.filter(|file| file.kind == FileKind::Policy);
    Ok(policies
        .map(|file| Programme {
            id: file.id.clone(),
            title: file.title.clone(),
            applies: office.admission(&file.id, day).is_some(),
            path: file.path.clone(),
        })
        .collect())
}

/// The numbers of the place that hold on a day, each once.
///
/// # Errors
/// The right is missing.
pub fn parameters(office: &Office, who: &Acting, day: Day) -> Result<Vec<Parameter>, Denied> {
    who.scope(Right::RULEBOOK)?;
    let places = office.book.localities();
    let place = places.iter().find(|place| place.id == office.locality);
    let rows = place.map_or(&[][..], |place| place.filled.rows.as_slice());
    let holds =
        |row: &&Row| row.from.is_none_or(|from| from <= day) && row.to.is_none_or(|to| day <= to);
    // A later row takes the place of an earlier one without saying so.
    let mut newest: BTreeMap<_, &Row> = BTreeMap::new();
    for row in rows.iter().filter(holds) {
        let of = (
            row.file.as_str(),
            row.name.as_str(),
            row.area.as_str(),
            row.keys.as_slice(),
        );
        let later = newest.get(&of).is_none_or(|held| held.from <= row.from);
        if later {
            newest.insert(of, row);
        }
    }
    let parameter = |row: &Row| {
        let text = office
            .book
            .texts()
            .get(&row.path)
            .map_or("", String::as_str);
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
        let line = text.get(row.span.start..row.span.end).unwrap_or_default();
        Parameter {
            file: row.file.clone(),
            name: row.name.clone(),
            area: row.area.clone(),
            keys: row.keys.clone(),
            value: row.value.clone(),
            unit: row.unit.clone(),
            from: row.from,
            to: row.to,
            source: row.source.clone(),
            example: split(line).iter().any(|cell| cell.contains(EXAMPLE)),
        }
    };
    Ok(newest.into_values().map(parameter).collect())
}
