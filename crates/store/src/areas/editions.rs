//! Taking in a list of areas: the record read in the order of codes, and the steps that follow.
//!
//! What a list changes is decided elsewhere. Here nothing is removed: a place that is no longer
//! listed ends, a new name stands beside the old one.

use super::{add, from_row, level_word, urban_rural_word};
use crate::at::At;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, count, counted};
use domain::{Area, AreaCode, AreaLevel, Day, UrbanRural};

statements! {
    PAGE = "select code, name, level, urban_rural, valid_from, valid_to, area_id, edition from area
        where code > $1 and code < $2 order by code, valid_from limit $3";
    OF_CODE = "select code, name, level, urban_rural, valid_from, valid_to, area_id, edition from area
        where code = $1 order by valid_from";
    STOP = "update area set valid_to = $1 where area_id = $2 and valid_to is null";
    BEGIN = "update area set valid_from = $1 where area_id = $2 and valid_from = '0001-01-01'";
    CLASS = "update area set urban_rural = $1 where area_id = $2 and urban_rural is null";
    EDITIONS = "select edition, file_name, file_digest, scope, levels, whole, listed, added, changed,
            ended, at from area_edition order by edition, edition_no";
    ADD_EDITION = "insert into area_edition (edition_no, edition, file_name, file_digest, scope, levels,
            whole, listed, added, changed, ended, at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
}

/// A place as it stands in the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its number in the record.
    pub id: i64,
    /// The place.
    pub area: Area,
    /// The day of the edition that stated it; none for places older than editions.
    pub edition: Option<Day>,
}

/// One thing a list changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A place, or a new name of one.
    Add(Area),
    /// A place that is no longer there, or no longer under this name: its number, the first day without.
    End(i64, Day),
    /// The first day of a place, which was not known.
    Begin(i64, Day),
    /// Urban or rural, which was not known.
    Class(i64, UrbanRural),
}

/// A list of areas that was taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edition {
    /// The day it stands for.
    pub day: Day,
    /// Name of its file.
    pub file: String,
    /// Digest of its file.
    pub digest: [u8; 32],
    /// The smallest place around all it lists; none for a whole country.
    pub scope: Option<AreaCode>,
    /// The levels it lists.
    pub levels: Vec<AreaLevel>,
    /// Whether it lists all there is of these levels inside its scope.
    pub whole: bool,
    /// How many places it lists.
    pub listed: u64,
    /// Places added.
    pub added: u64,
    /// Places that changed name or validity.
    pub changed: u64,
    /// Places that ended.
    pub ended: u64,
    /// When it was taken in.
    pub at: At,
}

impl Edition {
    /// Does it tell of such a place, named or not?
    #[must_use]
    pub fn covers(&self, code: &AreaCode) -> bool {
        self.levels.contains(&code.level()) && self.scope.is_none_or(|scope| scope.contains(code))
    }
}

/// Places of the record by code, after one code and below another, all names of a code together:
/// about `limit` rows, none when there are no more.
pub async fn page(on: &impl Reads, after: &str, below: &str, limit: u32) -> Result<Vec<Known>> {
    let values = vec![after.into(), below.into(), limit.into()];
    let rows = on.rows(PAGE, values).await?;
    let mut known: Vec<Known> = rows.iter().map(known).collect::<Result<_>>()?;
    if counted(rows.len(), "地区")? < i64::from(limit) {
        return Ok(known);
    }
    // The last code may have more names than fit: it is read whole.
    if let Some(last) = known.last().map(|k| k.area.code) {
        known.retain(|k| k.area.code != last);
        known.extend(of_code(on, &last).await?);
    }
    Ok(known)
}

/// All that is known of one code, the oldest first.
pub async fn of_code(on: &impl Reads, code: &AreaCode) -> Result<Vec<Known>> {
    let rows = on.rows(OF_CODE, vec![code.full().into()]).await?;
    rows.iter().map(known).collect()
}

/// Does what a list changes: ends first, so that a new name finds its code free.
pub async fn take(tx: &mut JournalTx, steps: Vec<Step>, edition: Day) -> Result<()> {
    let (mut ends, mut begins, mut classes, mut areas) = (vec![], vec![], vec![], vec![]);
    for step in steps {
        match step {
            Step::Add(area) => areas.push(area),
            Step::End(id, day) => ends.push(vec![day.to_string().into(), id.into()]),
            Step::Begin(id, day) => begins.push(vec![day.to_string().into(), id.into()]),
            Step::Class(id, class) => {
                classes.push(vec![urban_rural_word(class).into(), id.into()]);
            }
        }
    }
    for (statement, sets) in [(STOP, ends), (BEGIN, begins), (CLASS, classes)] {
        let changed = tx.execute_each(statement, sets).await?;
        if changed.iter().any(|rows| *rows != 1) {
            return Err(StoreError::NotThere {
                what: "地区",
                id: 0,
            });
        }
    }
    add(tx, &areas, &edition.to_string()).await
}

/// Every list taken in, the oldest edition first.
pub async fn editions(on: &impl Reads) -> Result<Vec<Edition>> {
    let rows = on.rows(EDITIONS, vec![]).await?;
    rows.iter().map(edition).collect()
}

/// Notes that a list was taken in.
pub async fn keep_edition(tx: &mut JournalTx, edition: &Edition) -> Result<()> {
    let number = tx.take_numbers("area_edition", 1).await?;
    let levels: Vec<&str> = edition.levels.iter().map(|l| level_word(*l)).collect();
    let values = vec![
        number.into(),
        edition.day.to_string().into(),
        edition.file.as_str().into(),
        edition.digest.into(),
        edition
            .scope
            .map_or(String::new(), |code| code.as_str().to_owned())
            .into(),
        levels.join(",").into(),
        i64::from(edition.whole).into(),
        counted(edition.listed, "地区")?.into(),
        counted(edition.added, "地区")?.into(),
        counted(edition.changed, "地区")?.into(),
        counted(edition.ended, "地区")?.into(),
        (&edition.at).into(),
    ];
    tx.execute(ADD_EDITION, values).await?;
    Ok(())
}

fn known(row: &Row) -> Result<Known> {
    Ok(Known {
        area: from_row(row)?,
        id: row.int(6)?,
        edition: match row.text(7)?.as_str() {
            "" => None,
            text => Some(super::day_from(text)?),
        },
    })
}

fn edition(row: &Row) -> Result<Edition> {
    let level = |word: &str| {
        super::level_from(word).ok_or_else(|| StoreError::BadValue {
            what: "地区级别".to_owned(),
        })
    };
    let scope = row.text(3)?;
    let bad = |_| StoreError::BadValue {
        what: "地区代码".to_owned(),
    };
    Ok(Edition {
        day: row.day(0)?,
        file: row.text(1)?,
        digest: row.array(2)?,
        scope: (!scope.is_empty())
            .then(|| AreaCode::parse(&scope).map_err(bad))
            .transpose()?,
        levels: row
            .text(4)?
            .split(',')
            .filter(|word| !word.is_empty())
            .map(level)
            .collect::<Result<_>>()?,
        whole: row.int(5)? == 1,
        listed: count(row.int(6)?),
        added: count(row.int(7)?),
        changed: count(row.int(8)?),
        ended: count(row.int(9)?),
        at: row.at(10)?,
    })
}
