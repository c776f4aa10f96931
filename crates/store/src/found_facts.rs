//! 经办查实: what officials found out for a case, each with its reason, its evidence and whoever did. A row is
//! never changed; the newest of a fact counts, and those before it stay.

use crate::at::At;
use crate::error::Result;
use crate::notices::add;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value};
use domain::{AreaCode, CaseNo, Day, HouseholdId, PersonId};

macro_rules! rows {
    ($rest:literal) => {
        concat!(
            "select found_no, case_no, household_id, person_id, fact, value, because, evidence, photo_no,
                day, by_login, at
            from found_fact ",
            $rest
        )
    };
}

statements! {
    ADD = "insert into found_fact (found_no, case_no, household_id, person_id, fact, value, because, evidence,
            photo_no, day, by_login, at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    FIND = rows!("where found_no = $1");
    OF_CASE = rows!("where case_no = $1 order by found_no");
    OF_HOUSEHOLD = rows!("where household_id = $1 order by found_no");
    OF_PERSON = rows!("where person_id = $1 order by found_no");
    OF_FACT = rows!("where fact = $1 and day <= $2 order by found_no");
    PLACES = "select f.found_no, c.area from found_fact f join cases c on c.case_no = f.case_no
        where f.fact = $1 and f.day <= $2 order by f.found_no";
}

/// Something found out, to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFound {
    /// 办件.
    pub case: CaseNo,
    /// The household of the case.
    pub household: Option<HouseholdId>,
    /// Of whom; none for the household.
    pub person: Option<PersonId>,
    /// Which fact of the dictionary.
    pub fact: String,
    /// Its value, as case tables write it.
    pub value: String,
    /// Why it is so.
    pub because: String,
    /// The paper or record it was seen in.
    pub evidence: String,
    /// The photo of the case that shows it.
    pub photo: Option<i64>,
    /// On which day.
    pub day: Day,
    /// By whom.
    pub by: String,
}

/// Something found out, as the record keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its number.
    pub no: i64,
    /// What it is.
    pub content: NewFound,
    /// When it was written down.
    pub at: At,
}

/// Keeps something found out; answers its number.
///
/// # Errors
/// The record.
pub async fn record(tx: &mut JournalTx, at: &At, new: &NewFound) -> Result<i64> {
    let no = tx.take_numbers("found", 1).await?;
    let columns = [
        ("found_no", Value::from(no)),
        ("case_no", new.case.get().into()),
        ("household_id", new.household.map(HouseholdId::get).into()),
        ("person_id", new.person.map(PersonId::get).into()),
        ("fact", new.fact.as_str().into()),
        ("value", new.value.as_str().into()),
        ("because", new.because.as_str().into()),
        ("evidence", new.evidence.as_str().into()),
        ("photo_no", new.photo.into()),
        ("day", new.day.to_string().into()),
        ("by_login", new.by.as_str().into()),
        ("at", at.into()),
    ];
    add(tx, ADD, "found_fact", &columns).await?;
    Ok(no)
}

/// One of them.
///
/// # Errors
/// The record.
pub async fn find(on: &impl Reads, no: i64) -> Result<Option<Found>> {
    let rows = on.rows(FIND, vec![no.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// Those of a case, oldest first.
///
/// # Errors
/// The record.
pub async fn of_case(on: &impl Reads, case: CaseNo) -> Result<Vec<Found>> {
    let rows = on.rows(OF_CASE, vec![case.get().into()]).await?;
    rows.iter().map(from_row).collect()
}

/// Those of all cases of a household and its members, oldest first.
///
/// # Errors
/// The record.
pub async fn of_household(on: &impl Reads, household: HouseholdId) -> Result<Vec<Found>> {
    let rows = on.rows(OF_HOUSEHOLD, vec![household.get().into()]).await?;
    rows.iter().map(from_row).collect()
}

/// Those about a person, in whatever case, oldest first.
///
/// # Errors
/// The record.
pub async fn of_person(on: &impl Reads, person: PersonId) -> Result<Vec<Found>> {
    let rows = on.rows(OF_PERSON, vec![person.get().into()]).await?;
    rows.iter().map(from_row).collect()
}

/// All of a fact up to a day, oldest first.
///
/// # Errors
/// The record.
pub async fn of_fact(on: &impl Reads, fact: &str, until: Day) -> Result<Vec<Found>> {
    let values = vec![fact.into(), until.to_string().into()];
    let rows = on.rows(OF_FACT, values).await?;
    rows.iter().map(from_row).collect()
}

/// Where the cases are handled for which a fact was found out up to a day, by the finding's number.
///
/// # Errors
/// The record.
pub async fn places(on: &impl Reads, fact: &str, until: Day) -> Result<Vec<(i64, AreaCode)>> {
    let values = vec![fact.into(), until.to_string().into()];
    let rows = on.rows(PLACES, values).await?;
    rows.iter()
        .map(|row| Ok((row.int(0)?, row.area(1)?)))
        .collect()
}

fn from_row(row: &Row) -> Result<Found> {
    Ok(Found {
        no: row.int(0)?,
        content: NewFound {
            case: CaseNo::new(row.int(1)?),
            household: row.int_opt(2)?.map(HouseholdId::new),
            person: row.int_opt(3)?.map(PersonId::new),
            fact: row.text(4)?,
            value: row.text(5)?,
            because: row.text(6)?,
            evidence: row.text(7)?,
            photo: row.int_opt(8)?,
            day: row.day(9)?,
            by: row.text(10)?,
        },
        at: row.at(11)?,
    })
}
