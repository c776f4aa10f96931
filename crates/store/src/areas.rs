//! 地区: places under their codes and names, with the days these hold.
//!
//! Every question is answered by an index and a page: with the villages of a whole country here,
//! nothing may read all rows.

mod editions;
mod found;

pub(crate) use editions::STATEMENTS as EDITION_STATEMENTS;
pub use editions::{Edition, Known, Step, editions, keep_edition, of_code, page, take};
pub(crate) use found::STATEMENTS as FOUND_STATEMENTS;
pub use found::{
    After, below, coded, count, count_below, find_many, history, home, lived_in_outside, named,
    names, prefixes, provinces, same_name_from, wide,
};

use crate::error::{Result, StoreError};
use crate::sql::{Kind, Table, statements};
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value};
use domain::{Area, AreaCode, AreaLevel, Day, UrbanRural};

statements! {
    LIST = "select code, name, level, urban_rural, valid_from, valid_to from area
        where valid_from <= $1 and (valid_to is null or valid_to > $1) order by code";
    LIST_INSIDE = "select code, name, level, urban_rural, valid_from, valid_to from area
        where code >= $1 and code < $2
          and valid_from <= $3 and (valid_to is null or valid_to > $3) order by code";
    LIST_WITHIN = "select code, name, level, urban_rural, valid_from, valid_to from area
        where code >= $1 and code < $2 and level = $3
          and valid_from <= $4 and (valid_to is null or valid_to > $4) order by code";
    FIND = "select code, name, level, urban_rural, valid_from, valid_to from area
        where code = $1 and valid_from <= $2 and (valid_to is null or valid_to > $2)";
    END = "update area set valid_to = $1 where code = $2 and valid_to is null";
}

const AREAS: Table = Table {
    name: "area",
    columns: &[
        ("area_id", Kind::Int),
        ("code", Kind::Text),
        ("name", Kind::Text),
        ("level", Kind::Text),
        ("urban_rural", Kind::Text),
        ("valid_from", Kind::Text),
        ("valid_to", Kind::Text),
        ("parent", Kind::Text),
        ("edition", Kind::Text),
    ],
};
pub(crate) const TABLES: &[Table] = &[AREAS];

/// A place whose first day is not known has always been.
const ALWAYS: &str = "0001-01-01";

/// Adds places; one that is in force under the same code already is refused.
pub async fn add_many(tx: &mut JournalTx, areas: &[Area]) -> Result<()> {
    add(tx, areas, "").await
}

/// Adds places as an edition states them.
async fn add(tx: &mut JournalTx, areas: &[Area], edition: &str) -> Result<()> {
    if areas.is_empty() {
        return Ok(());
    }
    let first = tx.take_numbers("area", areas.len()).await?;
    let rows = (first..).zip(areas).map(|(id, area)| {
        vec![
            id.into(),
            area.code.full().into(),
            area.name.as_str().into(),
            level_word(area.level).into(),
            area.urban_rural.map(urban_rural_word).into(),
            first_day(area.valid_from).into(),
            day_value(area.valid_to),
            area.code
                .parent()
                .map(|around| around.full().to_owned())
                .into(),
            edition.into(),
        ]
    });
    tx.insert(AREAS, rows.collect()).await
}

fn first_day(known: Option<Day>) -> String {
    known.map_or_else(|| ALWAYS.to_owned(), |day| day.to_string())
}

/// Ends a place's code or name; the new one is added beside it.
pub async fn end(tx: &mut JournalTx, code: &AreaCode, first_day_without: Day) -> Result<()> {
    let day = first_day_without.to_string();
    match tx
        .execute(END, vec![day.into(), code.full().into()])
        .await?
    {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "地区",
            id: code.full().parse().unwrap_or(0),
        }),
    }
}

/// All places in force on a day, by code. For a record of one county; a country is asked in pages.
pub async fn list(on: &impl Reads, day: Day) -> Result<Vec<Area>> {
    let rows = on.rows(LIST, vec![day.to_string().into()]).await?;
    rows.iter().map(from_row).collect()
}

/// A place and all inside it in force on a day, by code: a county's, never a country's.
pub async fn list_inside(on: &impl Reads, around: &AreaCode, day: Day) -> Result<Vec<Area>> {
    let (from, below) = range(Some(around));
    let values = vec![from, below, day.to_string().into()];
    on.rows(LIST_INSIDE, values)
        .await?
        .iter()
        .map(from_row)
        .collect()
}

/// The places of one level inside another, in force on a day, by code.
pub async fn list_within(
    on: &impl Reads,
    around: &AreaCode,
    level: AreaLevel,
    day: Day,
) -> Result<Vec<Area>> {
    let (from, below) = range(Some(around));
    let day = day.to_string();
    let values = vec![from, below, level_word(level).into(), day.into()];
    on.rows(LIST_WITHIN, values)
        .await?
        .iter()
        .map(from_row)
        .collect()
}

/// The place a code stood for on a day.
pub async fn find(on: &impl Reads, code: &AreaCode, day: Day) -> Result<Option<Area>> {
    let rows = on
        .rows(FIND, vec![code.full().into(), day.to_string().into()])
        .await?;
    rows.first().map(from_row).transpose()
}

fn from_row(row: &Row) -> Result<Area> {
    Ok(Area {
        code: row.area(0)?,
        name: row.text(1)?,
        level: row.word(2, level_from)?,
        urban_rural: row.urban_rural(3)?,
        valid_from: row.day_opt(4)?.filter(|day| day.to_string() != ALWAYS),
        valid_to: row.day_opt(5)?,
    })
}

/// The codes inside a place, as a range of text: from the first up to, not including, the second.
pub(crate) fn range(around: Option<&AreaCode>) -> (Value, Value) {
    match around {
        // ':' follows '9', so that every longer code of the place lies below.
        Some(code) => (code.as_str().into(), format!("{}:", code.as_str()).into()),
        None => ("".into(), ":".into()),
    }
}

/// The word kept for a level.
pub(crate) fn level_word(level: AreaLevel) -> &'static str {
    match level {
        AreaLevel::Province => "province",
        AreaLevel::City => "city",
        AreaLevel::County => "county",
        AreaLevel::Township => "township",
        AreaLevel::Village => "village",
    }
}

/// The level a word stands for.
pub(crate) fn level_from(word: &str) -> Option<AreaLevel> {
    AreaLevel::ALL
        .into_iter()
        .find(|level| level_word(*level) == word)
}

/// The word kept for urban or rural.
pub(crate) fn urban_rural_word(which: UrbanRural) -> &'static str {
    match which {
        UrbanRural::Urban => "urban",
        UrbanRural::Rural => "rural",
    }
}

/// A day as the record keeps it.
pub(crate) fn day_value(day: Option<Day>) -> Value {
    day.map(|day| day.to_string()).into()
}

impl Row {
    /// An area code that must be there.
    pub(crate) fn area(&self, position: usize) -> Result<AreaCode> {
        self.area_opt(position)?
            .ok_or_else(|| StoreError::BadValue {
                what: "地区代码".to_owned(),
            })
    }

    /// An area code that may be missing.
    pub(crate) fn area_opt(&self, position: usize) -> Result<Option<AreaCode>> {
        let bad = |_| StoreError::BadValue {
            what: "地区代码".to_owned(),
        };
        self.text_opt(position)?
            .map(|code| AreaCode::parse(&code).map_err(bad))
            .transpose()
    }

    /// A day that must be there.
    pub(crate) fn day(&self, position: usize) -> Result<Day> {
        self.day_opt(position)?.ok_or_else(|| StoreError::BadValue {
            what: "日期".to_owned(),
        })
    }

    /// A day that may be missing.
    pub(crate) fn day_opt(&self, position: usize) -> Result<Option<Day>> {
        self.text_opt(position)?
            .as_deref()
            .map(day_from)
            .transpose()
    }

    /// A month that must be there.
    pub(crate) fn month(&self, position: usize) -> Result<domain::Month> {
        let text = self.text(position)?;
        domain::Month::parse(&text).map_err(|_| StoreError::BadValue {
            what: "月份".to_owned(),
        })
    }

    /// Urban or rural, when known.
    pub(crate) fn urban_rural(&self, position: usize) -> Result<Option<UrbanRural>> {
        match self.text_opt(position)?.as_deref() {
            None => Ok(None),
            Some("urban") => Ok(Some(UrbanRural::Urban)),
            Some("rural") => Ok(Some(UrbanRural::Rural)),
            Some(_) => Err(StoreError::BadValue {
                what: "城乡".to_owned(),
            }),
        }
    }
}

/// Reads exactly what `Day` writes; the dirty forms of feeds have no place here.
fn day_from(text: &str) -> Result<Day> {
    let mut parts = text.splitn(3, '-');
    let mut next = || parts.next();
    let day = (|| {
        let year = next()?.parse().ok()?;
        let month = next()?.parse().ok()?;
        Day::new(year, month, next()?.parse().ok()?)
    })();
    day.ok_or_else(|| StoreError::BadValue {
        what: "日期".to_owned(),
    })
}
