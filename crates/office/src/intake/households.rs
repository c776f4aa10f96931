//! Rows of households are tied by the household's number; a feed with 立户 takes households nobody
//! knew into the record. Who lives in them the register says.

use super::sheet::{Parsed, Row};
use super::{Intake, Links, row_id};
use crate::error::Result;
use domain::{AreaCode, HouseholdId, Month, UrbanRural};
use engine::{Column, Sheet};
use rules::feed::FeedPlan;
use std::collections::{BTreeSet, HashMap, HashSet};
use store::batches::Refusal;
use store::households::{self, HouseholdRow, NewHousehold};
use store::{At, JournalTx, Reads};

/// The column of a household's area.
const AREA: &str = "居住地区";

/// Rows of a feed with 立户 that do not say where the household lives go back.
pub(super) fn refuse_placeless(feed: &FeedPlan, parsed: &mut Parsed) {
    if !feed.founds {
        return;
    }
    parsed.refuse(feed, |parsed, row| {
        let written = parsed.text(row, AREA).unwrap_or("");
        let refusal = |said: String| Refusal {
            row_no: row.number,
            column: parsed.header(feed, AREA),
            code: "area".to_owned(),
            message: said,
            masked: String::new(),
        };
        AreaCode::parse(written)
            .err()
            .map(|e| refusal(e.to_string()))
    });
}

/// Ties the rows of a file to their households.
pub(super) async fn take(
    tx: &mut JournalTx,
    at: &At,
    batch_no: i64,
    feed: &FeedPlan,
    parsed: &Parsed,
    period: Month,
) -> Result<Links> {
    let numbers: BTreeSet<&str> = parsed
        .rows
        .iter()
        .filter_map(|r| r.key.as_deref())
        .collect();
    let numbers: Vec<String> = numbers.into_iter().map(str::to_owned).collect();
    let mut known = households::look_up_many(tx, &numbers).await?;
    if feed.founds {
        // An older list never overwrites what a newer one said; it may still tell of new ones.
        let newest = store::batches::newest_applied(tx, &feed.id).await?;
        let stale = newest.is_some_and(|b| b.period > period);
        let told = |row: &&Row| {
            let number = row.key.as_deref().unwrap_or("");
            !stale || !known.contains_key(number)
        };
        let list: Vec<NewHousehold> = parsed
            .rows
            .iter()
            .filter(told)
            .filter_map(|row| {
                Some(NewHousehold {
                    number: row.key.clone()?,
                    area: AreaCode::parse(parsed.text(row, AREA)?).ok()?,
                    urban_rural: urban_rural(parsed, row),
                    row: row_id(batch_no, row.number),
                })
            })
            .collect();
        let ids = households::upsert_many(tx, at, &list).await?;
        known.extend(list.into_iter().map(|h| h.number).zip(ids));
    }
    let mut links = Links::default();
    let mut seen = HashSet::new();
    for (at, row) in parsed.rows.iter().enumerate() {
        let home = row.key.as_ref().and_then(|n| known.get(n).copied());
        links.households.push(home);
        links.persons.push(None);
        links.targets.push(None);
        if !seen.insert(parsed.row_digest(at)) {
            links.repeated = links.repeated.saturating_add(1);
            links.dropped.push(at);
        }
    }
    Ok(links)
}

/// Whose lists have a gap, because a row of theirs went back.
pub(super) async fn gaps(intake: &Intake<'_>, on: &impl Reads, parsed: &Parsed) -> Result<Sheet> {
    let mut persons = BTreeSet::new();
    let mut numbers = BTreeSet::new();
    for gap in &parsed.gaps {
        let key = gap.key.as_deref();
        if parsed.of_households {
            numbers.extend(key.map(str::to_owned));
        } else {
            let by_key = || key.and_then(|k| intake.by_key(k));
            let person = gap.id.map_or_else(by_key, |id| intake.by_id(&id));
            persons.extend(person.map(|p| p.get()));
        }
        numbers.extend(gap.household.clone());
    }
    let numbers: Vec<String> = numbers.into_iter().collect();
    let mut homes: Vec<i64> = households::look_up_many(on, &numbers)
        .await?
        .into_values()
        .map(HouseholdId::get)
        .collect();
    homes.sort_unstable();
    let none = |n: usize| std::iter::repeat_n(None, n);
    let (of_persons, of_homes) = (persons.len(), homes.len());
    let people = persons.into_iter().map(Some).chain(none(of_homes));
    let doors = none(of_persons).chain(homes.into_iter().map(Some));
    Ok(Sheet {
        columns: vec![
            ("person_id".to_owned(), Column::Int(people.collect())),
            ("household_id".to_owned(), Column::Int(doors.collect())),
        ],
    })
}

fn urban_rural(parsed: &Parsed, row: &Row) -> Option<UrbanRural> {
    match parsed.text(row, "城乡")? {
        "城镇" => Some(UrbanRural::Urban),
        "农村" => Some(UrbanRural::Rural),
        _ => None,
    }
}

/// Where the people of the register live: as their row says, or else with their household.
#[derive(Default)]
pub(super) struct Places(HashMap<String, HouseholdRow>);

impl Places {
    /// The households of rows that do not say where.
    pub(super) async fn of(on: &impl Reads, parsed: &Parsed) -> Result<Self> {
        let numbers: BTreeSet<&str> = parsed
            .rows
            .iter()
            .filter(|row| said(parsed, row).is_none())
            .filter_map(|row| parsed.text(row, "户号"))
            .collect();
        let numbers: Vec<String> = numbers.into_iter().map(str::to_owned).collect();
        let known = households::look_up_many(on, &numbers).await?;
        let ids: Vec<HouseholdId> = known.into_values().collect();
        let rows = households::get_many(on, &ids).await?;
        Ok(Self(
            rows.into_iter().map(|h| (h.number.clone(), h)).collect(),
        ))
    }

    fn home(&self, parsed: &Parsed, row: &Row) -> Option<&HouseholdRow> {
        self.0.get(parsed.text(row, "户号")?)
    }

    /// 居住地区.
    pub(super) fn area(&self, parsed: &Parsed, row: &Row) -> Option<AreaCode> {
        said(parsed, row).or_else(|| self.home(parsed, row).map(|h| h.area))
    }

    /// 城乡.
    pub(super) fn urban_rural(&self, parsed: &Parsed, row: &Row) -> Option<UrbanRural> {
        urban_rural(parsed, row).or_else(|| self.home(parsed, row)?.urban_rural)
    }

    /// Rows of the register that nobody can place: no area, and a household nobody has told of.
    pub(super) fn refuse_homeless(&self, feed: &FeedPlan, parsed: &mut Parsed) {
        parsed.refuse(feed, |parsed, row| {
            (self.area(parsed, row).is_none() && parsed.text(row, "户号").is_some()).then(|| {
                Refusal {
                    row_no: row.number,
                    column: parsed.header(feed, "户号"),
                    code: "household".to_owned(),
                    message: "这一户还没有登记,这一行也没有写居住地区;请先报送住户的表".to_owned(),
                    masked: String::new(),
                }
            })
        });
    }
}

fn said(parsed: &Parsed, row: &Row) -> Option<AreaCode> {
    let area = |column: &str| AreaCode::parse(parsed.text(row, column)?).ok();
    area(AREA).or_else(|| area("户籍地区"))
}
