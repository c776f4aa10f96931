//! 家庭: households under their book numbers, and who belongs to which of them when.
//!
//! A person belongs to one household at a time; the database itself refuses an overlap.

use crate::areas::{day_value, range, urban_rural_word};
use crate::at::At;
use crate::error::{Result, StoreError};
use crate::persons::RowId;
use crate::sql::{Kind, Table, statements};
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value};
use domain::{
    AreaCode, Day, HouseholdId, Membership, PersonId, Relation, Span, Standing, UrbanRural,
};
use std::collections::HashMap;

statements! {
    UPSERT = "insert into household (household_id, number, area, urban_rural, row_id, created_at)
        values ($1, $2, $3, $4, $5, $6)
        on conflict (number) do update set area = excluded.area, urban_rural = excluded.urban_rural
        returning household_id";
    FIND = "select household_id, number, area, urban_rural, row_id from household
        where household_id = $1";
    FIND_NUMBER = "select household_id from household where number = $1";
    LIST = "select household_id, number, area, urban_rural, row_id from household
        where area >= $1 and area < $2 and household_id > $3 order by household_id limit $4";
    FIRST_AREA = "select min(area) from household";
    COUNT = "select count(*) from household where area >= $1 and area < $2";
    CLOSE = "update membership set to_day = $1 where person_id = $2 and to_day is null";
    OF_HOUSEHOLD = "select household_id, person_id, relation, from_day, to_day, counted, reason
        from membership where household_id = $1 order by from_day, person_id";
    OF_PERSON = "select household_id, person_id, relation, from_day, to_day, counted, reason
        from membership where person_id = $1 order by from_day";
    OF_PERSON_ON = "select household_id, person_id, relation, from_day, to_day, counted, reason
        from membership
        where person_id = $1 and from_day <= $2 and (to_day is null or to_day > $2)";
    LIST_ON = "select household_id, person_id, relation, from_day, to_day, counted, reason
        from membership where from_day <= $1 and (to_day is null or to_day > $1)
        order by household_id, person_id";
}

const MEMBERSHIPS: Table = Table {
    name: "membership",
    columns: &[
        ("membership_id", Kind::Int),
        ("person_id", Kind::Int),
        ("household_id", Kind::Int),
        ("from_day", Kind::Text),
        ("to_day", Kind::Text),
        ("relation", Kind::Text),
        ("counted", Kind::Int),
        ("reason", Kind::Text),
        ("row_id", Kind::Int),
    ],
};
pub(crate) const TABLES: &[Table] = &[MEMBERSHIPS];

/// A household as the register tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewHousehold {
    /// 户号.
    pub number: String,
    /// 居住地区.
    pub area: AreaCode,
    /// 城乡.
    pub urban_rural: Option<UrbanRural>,
    /// The row that tells it.
    pub row: RowId,
}

/// 家庭, as the record knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HouseholdRow {
    /// 家庭编号.
    pub id: HouseholdId,
    /// 户号.
    pub number: String,
    /// 居住地区.
    pub area: AreaCode,
    /// 城乡.
    pub urban_rural: Option<UrbanRural>,
    /// The row that brought it.
    pub row: RowId,
}

/// Takes households in, or brings their area up to date; answers their ids in the order given.
pub async fn upsert_many(
    tx: &mut JournalTx,
    at: &At,
    households: &[NewHousehold],
) -> Result<Vec<HouseholdId>> {
    let first = tx.take_numbers("household", households.len()).await?;
    let sets = (first..).zip(households).map(|(id, new)| {
        vec![
            id.into(),
            new.number.as_str().into(),
            new.area.full().into(),
            new.urban_rural.map(urban_rural_word).into(),
            new.row.get().into(),
            at.into(),
        ]
    });
    let answers = tx.rows_each(UPSERT, sets.collect()).await?;
    answers
        .iter()
        .flatten()
        .map(|row| Ok(HouseholdId::new(row.int(0)?)))
        .collect()
}

/// Households by id, in the order asked; unknown ids are left out.
pub async fn get_many(on: &impl Reads, ids: &[HouseholdId]) -> Result<Vec<HouseholdRow>> {
    let sets = ids.iter().map(|id| vec![id.get().into()]).collect();
    on.rows_each(FIND, sets)
        .await?
        .iter()
        .flatten()
        .map(household)
        .collect()
}

/// Households by book number; an unknown number is not in the answer.
pub async fn look_up_many(
    on: &impl Reads,
    numbers: &[String],
) -> Result<HashMap<String, HouseholdId>> {
    let sets = numbers.iter().map(|number| vec![number.into()]).collect();
    let mut found = HashMap::new();
    for (number, rows) in numbers.iter().zip(on.rows_each(FIND_NUMBER, sets).await?) {
        if let Some(row) = rows.first() {
            found.insert(number.clone(), HouseholdId::new(row.int(0)?));
        }
    }
    Ok(found)
}

/// Households of a place and all inside it, by id, after an id (0 for the first).
pub async fn list(
    on: &impl Reads,
    area: Option<&AreaCode>,
    after: i64,
    limit: u32,
) -> Result<Vec<HouseholdRow>> {
    let (from, below) = range(area);
    let values = vec![from, below, after.into(), limit.into()];
    on.rows(LIST, values).await?.iter().map(household).collect()
}

/// The first area, by code, in which a household of the record lives.
pub async fn first_area(on: &impl Reads) -> Result<Option<AreaCode>> {
    let rows = on.rows(FIRST_AREA, vec![]).await?;
    rows.first().map_or(Ok(None), |row| row.area_opt(0))
}

/// How many households a place has.
pub async fn count(on: &impl Reads, area: Option<&AreaCode>) -> Result<u64> {
    let (from, below) = range(area);
    let rows = on.rows(COUNT, vec![from, below]).await?;
    rows.first()
        .map_or(Ok(0), |row| Ok(crate::value::count(row.int(0)?)))
}

/// Adds memberships; one that overlaps another of the same person is refused.
pub async fn join_many(tx: &mut JournalTx, joining: &[(Membership, RowId)]) -> Result<()> {
    let first = tx.take_numbers("membership", joining.len()).await?;
    let rows = (first..).zip(joining).map(|(id, (membership, row))| {
        let (counted, reason) = match &membership.standing {
            Standing::Counted => (1_i64, ""),
            Standing::NotCounted { reason } => (0, reason.as_str()),
        };
        vec![
            id.into(),
            membership.person.get().into(),
            membership.household.get().into(),
            membership.span.from().to_string().into(),
            day_value(membership.span.to()),
            relation_word(membership.relation).into(),
            counted.into(),
            reason.into(),
            row.get().into(),
        ]
    });
    tx.insert(MEMBERSHIPS, rows.collect()).await
}

/// Ends the open memberships of persons; the day given is the first without. Answers how many.
pub async fn leave_many(tx: &mut JournalTx, leaving: &[(PersonId, Day)]) -> Result<u64> {
    let sets = leaving
        .iter()
        .map(|(person, day)| vec![day.to_string().into(), Value::from(person.get())])
        .collect();
    Ok(tx.execute_each(CLOSE, sets).await?.iter().sum())
}

/// All memberships a household has had, oldest first.
pub async fn members(on: &impl Reads, household: HouseholdId) -> Result<Vec<Membership>> {
    let rows = on.rows(OF_HOUSEHOLD, vec![household.get().into()]).await?;
    rows.iter().map(membership).collect()
}

/// The same of many households.
pub async fn members_of(
    on: &impl Reads,
    households: &[HouseholdId],
) -> Result<HashMap<HouseholdId, Vec<Membership>>> {
    let sets = households.iter().map(|home| vec![home.get().into()]);
    let answers = on.rows_each(OF_HOUSEHOLD, sets.collect()).await?;
    let read = households.iter().zip(answers);
    read.map(|(home, rows)| {
        let members: Result<Vec<Membership>> = rows.iter().map(membership).collect();
        Ok((*home, members?))
    })
    .collect()
}

/// All memberships a person has had, oldest first.
pub async fn memberships(on: &impl Reads, person: PersonId) -> Result<Vec<Membership>> {
    let rows = on.rows(OF_PERSON, vec![person.get().into()]).await?;
    rows.iter().map(membership).collect()
}

/// The membership of each person on a day; who has none is not in the answer.
pub async fn memberships_on(
    on: &impl Reads,
    persons: &[PersonId],
    day: Day,
) -> Result<HashMap<PersonId, Membership>> {
    let day = day.to_string();
    let sets = persons
        .iter()
        .map(|p| vec![p.get().into(), day.as_str().into()])
        .collect();
    let answers = on.rows_each(OF_PERSON_ON, sets).await?;
    let found: Result<Vec<Membership>> = answers.iter().flatten().map(membership).collect();
    Ok(found?.into_iter().map(|one| (one.person, one)).collect())
}

/// Every membership that holds on a day, by household and person.
pub async fn list_memberships_on(on: &impl Reads, day: Day) -> Result<Vec<Membership>> {
    let rows = on.rows(LIST_ON, vec![day.to_string().into()]).await?;
    rows.iter().map(membership).collect()
}

fn household(row: &Row) -> Result<HouseholdRow> {
    Ok(HouseholdRow {
        id: HouseholdId::new(row.int(0)?),
        number: row.text(1)?,
        area: row.area(2)?,
        urban_rural: row.urban_rural(3)?,
        row: RowId::from_get(row.int(4)?),
    })
}

fn membership(row: &Row) -> Result<Membership> {
    let bad = || StoreError::BadValue {
        what: "家庭成员起止日期".to_owned(),
    };
    let standing = match row.int(5)? {
        1 => Standing::Counted,
        _ => Standing::NotCounted {
            reason: row.text(6)?,
        },
    };
    Ok(Membership {
        household: HouseholdId::new(row.int(0)?),
        person: PersonId::new(row.int(1)?),
        relation: row.word(2, relation_from)?,
        span: Span::new(row.day(3)?, row.day_opt(4)?).ok_or_else(bad)?,
        standing,
    })
}

fn relation_word(relation: Relation) -> &'static str {
    match relation {
        Relation::Head => "head",
        Relation::Spouse => "spouse",
        Relation::Child => "child",
        Relation::Grandchild => "grandchild",
        Relation::Parent => "parent",
        Relation::Grandparent => "grandparent",
        Relation::Sibling => "sibling",
        Relation::Other => "other",
    }
}

fn relation_from(word: &str) -> Option<Relation> {
    Relation::ALL
        .into_iter()
        .find(|relation| relation_word(*relation) == word)
}
