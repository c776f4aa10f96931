//! What was declared in applications that were decided: it counts beyond its case, as the office's other facts do.

use crate::error::Result;
use crate::sql::statements;
use crate::tx::Reads;
use crate::value::Row;
use domain::{Day, HouseholdId, PersonId};

statements! {
    TOLD = "select d.declared_no, a.household_id, d.person_id, d.fact, d.value, d.application_no, a.received_day
        from declared d join applications a on a.application_no = d.application_no
        where d.declared_no > $1 and a.received_day >= $2 and exists (
            select 1 from cases c join decisions k on k.case_no = c.case_no
            where c.application_no = d.application_no and k.day <= $3)
        order by d.declared_no limit $4";
    TOLD_OF = "select d.declared_no, a.household_id, d.person_id, d.fact, d.value, d.application_no, a.received_day
        from declared d join applications a on a.application_no = d.application_no
        where d.declared_no in (
            select e.declared_no from declared e join applications b on b.application_no = e.application_no
            where b.household_id = $1
            union select declared_no from declared where person_id = $2)
          and exists (
            select 1 from cases c join decisions k on k.case_no = c.case_no
            where c.application_no = d.application_no and k.day <= $3)
        order by d.declared_no";
}

/// Something declared in an application that was decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecidedRow {
    /// Its number; of a fact said twice the later counts.
    pub no: i64,
    /// The household of the application.
    pub household: Option<HouseholdId>,
    /// Of whom; none for the household.
    pub person: Option<PersonId>,
    /// The fact, by its name in the dictionary.
    pub fact: String,
    /// As it was said and checked.
    pub value: String,
    /// 申请编号.
    pub application: i64,
    /// On which day the application was received.
    pub day: Day,
}

/// What was declared since a day in applications decided by another, those after a number first; so many at the most.
///
/// # Errors
/// The record.
pub async fn decided(
    on: &impl Reads,
    after: i64,
    (from, until): (Day, Day),
    limit: u32,
) -> Result<Vec<DecidedRow>> {
    let values = vec![
        after.into(),
        from.to_string().into(),
        until.to_string().into(),
        limit.into(),
    ];
    let rows = on.rows(TOLD, values).await?;
    rows.iter().map(read).collect()
}

/// What was declared of a household or a person in applications decided by a day, oldest first.
///
/// # Errors
/// The record.
pub async fn decided_of(
    on: &impl Reads,
    household: Option<HouseholdId>,
    person: Option<PersonId>,
    until: Day,
) -> Result<Vec<DecidedRow>> {
    let values = vec![
        household.map_or(0, HouseholdId::get).into(),
        person.map_or(0, PersonId::get).into(),
        until.to_string().into(),
    ];
    let rows = on.rows(TOLD_OF, values).await?;
    rows.iter().map(read).collect()
}

fn read(row: &Row) -> Result<DecidedRow> {
    Ok(DecidedRow {
        no: row.int(0)?,
        household: row.int_opt(1)?.map(HouseholdId::new),
        person: row.int_opt(2)?.map(PersonId::new),
        fact: row.text(3)?,
        value: row.text(4)?,
        application: row.int(5)?,
        day: row.day(6)?,
    })
}
