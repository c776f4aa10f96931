//! Looking places up: by code, by name, and downwards; a page at a time, whatever the record holds.

use crate::error::{OfficeError, Result};
use crate::office::Office;
use domain::{Area, AreaCode, AreaLevel, Day, PrefixHistory};
use std::collections::BTreeMap;
use store::areas::{self, After};

/// Places on one page.
pub const PAGE_ROWS: u32 = 50;

/// A place in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The place.
    pub area: Area,
    /// The names around it, from the province down, without its own.
    pub path: String,
    /// How many places stand directly below it today.
    pub children: u64,
}

/// What somebody looks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Words {
    /// The first digits of a code.
    Digits(String),
    /// The beginning of a name.
    Name(String),
}

impl Words {
    /// Digits are a code, everything else a name.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let text = text.trim();
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            Self::Digits(text.to_owned())
        } else {
            Self::Name(text.to_owned())
        }
    }
}

/// Everything about one code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The places around it, the province first; a code of which nobody knows a name stands alone.
    pub around: Vec<(AreaCode, Option<String>)>,
    /// Every name the code had, the oldest first; the last may be in force.
    pub names: Vec<Area>,
    /// Places that took the name of an abolished one when it ended.
    pub successors: Vec<Area>,
    /// How many places stand directly below it today.
    pub children: u64,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// One code.
    One(AreaCode),
    /// Several places of the name; not more than a page.
    Several(Vec<Row>),
}

/// Finds a place by its code, its name, or the beginning of its name.
///
/// # Errors
/// There is none; the record.
pub async fn find(office: &Office, text: &str) -> Result<Found> {
    let none = || OfficeError::NotFound(format!("没有代码或名称为 `{text}` 的地区"));
    if let Ok(code) = AreaCode::parse(text) {
        let names = areas::history(&office.store, &code).await?;
        return names.first().map(|a| Found::One(a.code)).ok_or_else(none);
    }
    let words = Words::of(text);
    let mut rows = search(office, &words, &After::default(), PAGE_ROWS).await?;
    if rows.iter().any(|row| row.area.name == text.trim()) {
        rows.retain(|row| row.area.name == text.trim());
    }
    match rows.as_slice() {
        [] => Err(none()),
        [first, rest @ ..] if rest.iter().all(|row| row.area.code == first.area.code) => {
            Ok(Found::One(first.area.code))
        }
        _ => Ok(Found::Several(rows)),
    }
}

/// Places whose code or name begins with the words, abolished ones too: a page after a place.
///
/// # Errors
/// The record.
pub async fn search(office: &Office, words: &Words, after: &After, limit: u32) -> Result<Vec<Row>> {
    let found = match words {
        Words::Digits(digits) => areas::coded(&office.store, digits, after, limit).await?,
        Words::Name(name) => areas::named(&office.store, name, after, limit).await?,
    };
    rows(office, found).await
}

/// The places directly below another today, the provinces without one: a page after a code.
///
/// # Errors
/// The record.
pub async fn below(
    office: &Office,
    around: Option<&AreaCode>,
    after: &str,
    limit: u32,
) -> Result<Vec<Row>> {
    let today = office.clock.today();
    let found = match around {
        Some(code) => areas::below(&office.store, code, today, after, limit).await?,
        None => areas::provinces(&office.store, today)
            .await?
            .into_iter()
            .filter(|area| area.code.full() > after)
            .collect(),
    };
    rows(office, found).await
}

async fn rows(office: &Office, found: Vec<Area>) -> Result<Vec<Row>> {
    let codes: Vec<AreaCode> = found.iter().map(|area| area.code).collect();
    let today = office.clock.today();
    let children = areas::count_below(&office.store, &codes, today).await?;
    let around = codes.iter().flat_map(|code| above(*code));
    let names = areas::names(&office.store, around).await?;
    let row = |(area, children): (Area, u64)| Row {
        path: path(&area.code, &names),
        area,
        children,
    };
    Ok(found.into_iter().zip(children).map(row).collect())
}

/// Everything about one code.
///
/// # Errors
/// Nobody ever named it; the record.
pub async fn show(office: &Office, code: &AreaCode) -> Result<Shown> {
    let names = areas::history(&office.store, code).await?;
    let Some(newest) = names.last() else {
        return Err(OfficeError::NotFound(format!("没有代码为 {code} 的地区")));
    };
    let code = newest.code;
    let mut around: Vec<AreaCode> = above(code).collect();
    around.reverse();
    let known = areas::names(&office.store, around.iter().copied()).await?;
    let children = areas::count_below(&office.store, &[code], office.clock.today()).await?;
    Ok(Shown {
        around: around
            .into_iter()
            .map(|code| (code, known.get(&code).cloned()))
            .collect(),
        successors: areas::same_name_from(&office.store, newest).await?,
        children: children.first().copied().unwrap_or(0),
        names,
    })
}

/// The places of the own place, those around it, and others where somebody lives, on a day; where no
/// place is known to be the own, provinces, cities and counties. Never all places of a country.
pub(crate) async fn own(office: &Office, day: Day) -> Result<Vec<Area>> {
    let store = &office.store;
    let Some(home) = areas::home(store, day).await? else {
        return Ok(areas::wide(store, day).await?);
    };
    let mut own = areas::list_inside(store, &home, day).await?;
    for code in above(home) {
        own.extend(areas::find(store, &code, day).await?);
    }
    own.extend(areas::lived_in_outside(store, &home, day).await?);
    Ok(own)
}

/// How many places of each level are in force today, the widest first.
///
/// # Errors
/// The record.
pub async fn count(office: &Office) -> Result<Vec<(AreaLevel, u64)>> {
    Ok(areas::count(&office.store, office.clock.today()).await?)
}

/// Every code of six digits that was ever in force: the first digits of an identity number may be
/// an abolished one's.
///
/// # Errors
/// The record.
pub async fn prefixes(office: &Office) -> Result<PrefixHistory> {
    Ok(areas::prefixes(&office.store, office.clock.today()).await?)
}

/// The places around a code, the nearest first.
pub(crate) fn above(code: AreaCode) -> impl Iterator<Item = AreaCode> {
    std::iter::successors(code.parent(), AreaCode::parent)
}

fn path(code: &AreaCode, names: &BTreeMap<AreaCode, String>) -> String {
    let mut parts: Vec<&str> = above(*code)
        .filter_map(|code| names.get(&code).map(String::as_str))
        .collect();
    parts.reverse();
    parts.join(" / ")
}
