//! 人员: who is in the record, and what is known of each life apart from name and numbers.
//!
//! A person is never removed and never merged away: two found to be one are joined by an alias.

use crate::areas::{day_value, urban_rural_word};
use crate::at::At;
use crate::error::{Result, StoreError};
use crate::identity::{self, NewIdentity};
use crate::sql::{Kind, Table, statements};
use crate::tokens::TOKENS;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, words};
use domain::{AreaCode, Day, PersonId, Sex, UrbanRural};

/// Moves one field of a person on, and keeps what it was.
macro_rules! log_change {
    ($column:literal) => {
        concat!(
            "insert into person_change (change_no, person_id, field, was, became, row_id, at)
             select cast($1 as bigint), person_id, '",
            $column,
            "', ",
            $column,
            ",
                cast($2 as text), cast($3 as bigint), cast($4 as text)
             from person where person_id = $5 and ",
            $column,
            " is distinct from cast($2 as text)"
        )
    };
}
macro_rules! make_change {
    ($column:literal) => {
        concat!("update person set ", $column, " = $1 where person_id = $2")
    };
}

statements! {
    FIND = "select person_id, row_id, sex, birth, death, area, registered_area, urban_rural, status
        from person where person_id = $1";
    LIST = "select person_id, row_id, sex, birth, death, area, registered_area, urban_rural, status
        from person where person_id > $1 order by person_id limit $2";
    LIVES = "select person_id, birth, coalesce(registered_area, area) from person
        where person_id > $1 order by person_id limit $2";
    // Whoever was only named as somebody's kin elsewhere lives in no place of this office.
    PLACES = "select person_id, area, urban_rural from person
        where person_id > $1 and (area is not null or status <> 'not-on-register'
            or exists (select 1 from membership m where m.person_id = person.person_id))
        order by person_id limit $2";
    COUNT = "select count(*) from person";
    LOG_SEX = log_change!("sex");
    LOG_BIRTH = log_change!("birth");
    LOG_DEATH = log_change!("death");
    LOG_AREA = log_change!("area");
    LOG_REGISTERED_AREA = log_change!("registered_area");
    LOG_URBAN_RURAL = log_change!("urban_rural");
    LOG_STATUS = log_change!("status");
    SET_SEX = make_change!("sex");
    SET_BIRTH = make_change!("birth");
    SET_DEATH = make_change!("death");
    SET_AREA = make_change!("area");
    SET_REGISTERED_AREA = make_change!("registered_area");
    SET_URBAN_RURAL = make_change!("urban_rural");
    SET_STATUS = make_change!("status");
    LIST_CHANGES = "select field, was, became, row_id, at from person_change
        where person_id = $1 order by change_no";
    ADD_ALIAS = "insert into person_alias (alias_no, person_id, same_as, undone, reason, at)
        values ($1, $2, $3, $4, $5, $6)";
    LIST_ALIASES = "select person_id, same_as, undone from person_alias order by alias_no";
}

const PERSONS: Table = Table {
    name: "person",
    columns: &[
        ("person_id", Kind::Int),
        ("row_id", Kind::Int),
        ("created_at", Kind::Text),
        ("sex", Kind::Text),
        ("birth", Kind::Text),
        ("death", Kind::Text),
        ("area", Kind::Text),
        ("registered_area", Kind::Text),
        ("urban_rural", Kind::Text),
        ("status", Kind::Text),
    ],
};
pub(crate) const TABLES: &[Table] = &[PERSONS];

/// A row of a file, for ever: number of the batch and number of the row in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId(i64);

impl RowId {
    /// Row `row_no`, from 1, of batch `batch_no`; none when the batch number is out of range.
    #[must_use]
    pub fn new(batch_no: i64, row_no: u32) -> Option<Self> {
        let batch_no = u32::try_from(batch_no).ok().filter(|no| *no < 1 << 31)?;
        Some(Self(i64::from(batch_no) << 32 | i64::from(row_no)))
    }

    /// The id as the lake writes it.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }

    /// From the id as the lake writes it.
    #[must_use]
    pub const fn from_get(id: i64) -> Self {
        Self(id)
    }

    /// Number of the batch.
    #[must_use]
    pub const fn batch_no(self) -> i64 {
        self.0 >> 32
    }

    /// Number of the row in it, from 1.
    #[must_use]
    pub fn row_no(self) -> u32 {
        u32::try_from(self.0 & i64::from(u32::MAX)).unwrap_or(u32::MAX)
    }
}

words! {
    /// 登记状态.
    PersonStatus {
        /// 在册.
        OnRegister = "on-register",
        /// 迁出.
        MovedOut = "moved-out",
        /// 死亡注销.
        Deceased = "deceased",
        /// Known from another feed than the register, or without papers.
        NotOnRegister = "not-on-register",
    }
}

/// A person to be taken into the record.
#[derive(Clone, Debug)]
pub struct NewPerson {
    /// The row that brought the person.
    pub row: RowId,
    /// 性别.
    pub sex: Option<Sex>,
    /// 出生日期.
    pub birth: Option<Day>,
    /// 死亡日期.
    pub death: Option<Day>,
    /// 居住地区.
    pub area: Option<AreaCode>,
    /// 户籍地区.
    pub registered_area: Option<AreaCode>,
    /// 城乡.
    pub urban_rural: Option<UrbanRural>,
    /// 登记状态.
    pub status: PersonStatus,
    /// Name and numbers, sealed on their way in.
    pub identity: NewIdentity,
}

/// 人员, without name and numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// 人员编号.
    pub id: PersonId,
    /// The row that brought the person.
    pub row: RowId,
    /// 性别.
    pub sex: Option<Sex>,
    /// 出生日期.
    pub birth: Option<Day>,
    /// 死亡日期.
    pub death: Option<Day>,
    /// 居住地区.
    pub area: Option<AreaCode>,
    /// 户籍地区.
    pub registered_area: Option<AreaCode>,
    /// 城乡.
    pub urban_rural: Option<UrbanRural>,
    /// 登记状态.
    pub status: PersonStatus,
}

/// What a newer row says of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// 性别.
    Sex(Option<Sex>),
    /// 出生日期.
    Birth(Option<Day>),
    /// 死亡日期.
    Death(Option<Day>),
    /// 居住地区.
    Area(Option<AreaCode>),
    /// 户籍地区.
    RegisteredArea(Option<AreaCode>),
    /// 城乡.
    UrbanRural(Option<UrbanRural>),
    /// 登记状态.
    Status(PersonStatus),
}

impl Change {
    const FIELDS: usize = 7;

    /// Place of the field, its statements, and the new value.
    fn parts(self) -> (usize, crate::sql::Sql, crate::sql::Sql, Value) {
        let area = |code: Option<AreaCode>| code.map(|code| code.full().to_owned()).into();
        match self {
            Self::Sex(sex) => (0, LOG_SEX, SET_SEX, sex.map(sex_word).into()),
            Self::Birth(day) => (1, LOG_BIRTH, SET_BIRTH, day_value(day)),
            Self::Death(day) => (2, LOG_DEATH, SET_DEATH, day_value(day)),
            Self::Area(code) => (3, LOG_AREA, SET_AREA, area(code)),
            Self::RegisteredArea(code) => (4, LOG_REGISTERED_AREA, SET_REGISTERED_AREA, area(code)),
            Self::UrbanRural(which) => (
                5,
                LOG_URBAN_RURAL,
                SET_URBAN_RURAL,
                which.map(urban_rural_word).into(),
            ),
            Self::Status(status) => (6, LOG_STATUS, SET_STATUS, status.into()),
        }
    }
}

/// One change as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastChange {
    /// Name of the field.
    pub field: String,
    /// What it was.
    pub was: Option<String>,
    /// What it became.
    pub became: Option<String>,
    /// The row that said so.
    pub row: RowId,
    /// When it was recorded.
    pub at: At,
}

/// Takes persons into the record with their sealed identity and their tokens.
///
/// Answers their ids in the same order. An id number known already is refused: look it up first.
pub async fn create_many(
    tx: &mut JournalTx,
    at: &At,
    people: Vec<NewPerson>,
) -> Result<Vec<PersonId>> {
    let first = tx.take_numbers("person", people.len()).await?;
    let first_identity = tx.take_numbers("identity", people.len()).await?;
    let sealing = identity::Sealing::new(tx);
    let at_value = Value::from(at);
    // Sealing is arithmetic only, so it runs where it holds up no other request.
    let (persons, identities, tokens, ids) = tokio::task::spawn_blocking(move || {
        let mut rows = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for ((id, identity_id), new) in (first..).zip(first_identity..).zip(people) {
            let person = PersonId::new(id);
            let place = new.registered_area.or(new.area);
            rows.2
                .extend(sealing.tokens(person, &new.identity, new.birth, place));
            let row = sealing.row(identity_id, person, new.row, &at_value, &new.identity)?;
            rows.1.push(row);
            rows.0.push(person_row(id, &at_value, &new));
            rows.3.push(person);
        }
        Ok::<_, StoreError>(rows)
    })
    .await
    .map_err(|_| StoreError::Closed)??;
    tx.insert(PERSONS, persons).await?;
    tx.insert(identity::IDENTITIES, identities).await?;
    tx.insert(TOKENS, tokens).await?;
    Ok(ids)
}

fn person_row(id: i64, at: &Value, new: &NewPerson) -> Vec<Value> {
    let area = |code: Option<AreaCode>| code.map(|code| code.full().to_owned()).into();
    vec![
        id.into(),
        new.row.get().into(),
        at.clone(),
        new.sex.map(sex_word).into(),
        day_value(new.birth),
        day_value(new.death),
        area(new.area),
        area(new.registered_area),
        new.urban_rural.map(urban_rural_word).into(),
        new.status.into(),
    ]
}

/// Birth day and the area the second key of each person was made with (户籍地区, or else 居住地区), by
/// person, after one (0 for the first).
pub async fn lives(on: &impl Reads, after: i64, limit: u32) -> Result<Vec<Life>> {
    let rows = on.rows(LIVES, vec![after.into(), limit.into()]).await?;
    let life = |row: &Row| {
        Ok((
            PersonId::new(row.int(0)?),
            row.day_opt(1)?,
            row.area_opt(2)?,
        ))
    };
    rows.iter().map(life).collect()
}

/// A person, when born, and registered where.
pub type Life = (PersonId, Option<Day>, Option<AreaCode>);

/// Records what newer rows say; what is the same already changes nothing. Answers how many changed.
pub async fn change_many(
    tx: &mut JournalTx,
    at: &At,
    changes: &[(PersonId, RowId, Change)],
) -> Result<u64> {
    let first = tx.take_numbers("person_change", changes.len()).await?;
    let mut by_field = vec![(None, Vec::new(), Vec::new()); Change::FIELDS];
    for (number, (person, row, change)) in (first..).zip(changes) {
        let (field, log, set, value) = change.parts();
        if let Some((statements, logs, sets)) = by_field.get_mut(field) {
            *statements = Some((log, set));
            let id = Value::from(person.get());
            logs.push(vec![
                number.into(),
                value.clone(),
                row.get().into(),
                at.into(),
                id.clone(),
            ]);
            sets.push(vec![value, id]);
        }
    }
    let mut changed = 0_u64;
    for (statements, logs, sets) in by_field {
        if let Some((log, set)) = statements {
            // One person may change twice in one call: each change must see the one before.
            for (log_values, set_values) in logs.into_iter().zip(sets) {
                if tx.execute(log, log_values).await? == 1 {
                    tx.execute(set, set_values).await?;
                    changed = changed.saturating_add(1);
                }
            }
        }
    }
    Ok(changed)
}

/// Persons by id, in the order asked; unknown ids are left out.
pub async fn get_many(on: &impl Reads, ids: &[PersonId]) -> Result<Vec<Person>> {
    let sets = ids.iter().map(|id| vec![id.get().into()]).collect();
    let answers = on.rows_each(FIND, sets).await?;
    answers.iter().flatten().map(from_row).collect()
}

/// Persons by id, after an id (0 for the first).
pub async fn list(on: &impl Reads, after: i64, limit: u32) -> Result<Vec<Person>> {
    on.rows(LIST, vec![after.into(), limit.into()])
        .await?
        .iter()
        .map(from_row)
        .collect()
}

/// A person, with the place and whether it is a town.
pub type Resident = (PersonId, Option<AreaCode>, Option<UrbanRural>);

/// Where each person lives, by person, after one (0 for the first): what the tables of a month need
/// of everybody.
pub async fn places(on: &impl Reads, after: i64, limit: u32) -> Result<Vec<Resident>> {
    let rows = on.rows(PLACES, vec![after.into(), limit.into()]).await?;
    let place = |row: &Row| {
        Ok((
            PersonId::new(row.int(0)?),
            row.area_opt(1)?,
            row.urban_rural(2)?,
        ))
    };
    rows.iter().map(place).collect()
}

/// How many persons the record has.
pub async fn count(on: &impl Reads) -> Result<u64> {
    let rows = on.rows(COUNT, vec![]).await?;
    rows.first()
        .map_or(Ok(0), |row| Ok(crate::value::count(row.int(0)?)))
}

/// What changed of a person, oldest first.
pub async fn list_changes(on: &impl Reads, person: PersonId) -> Result<Vec<PastChange>> {
    let rows = on.rows(LIST_CHANGES, vec![person.get().into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(PastChange {
                field: row.text(0)?,
                was: row.text_opt(1)?,
                became: row.text_opt(2)?,
                row: RowId(row.int(3)?),
                at: row.at(4)?,
            })
        })
        .collect()
}

words! {
    /// Whether two persons are held to be one.
    Alias {
        /// They are one.
        Same = "same",
        /// They were held to be one by mistake.
        NotSame = "not-same",
    }
}

/// Joins two persons found to be one, or takes that back. Nothing else changes.
pub async fn alias(
    tx: &mut JournalTx,
    at: &At,
    person: PersonId,
    same_as: PersonId,
    alias: Alias,
    reason: &str,
) -> Result<()> {
    let number = tx.take_numbers("person_alias", 1).await?;
    let undone = match alias {
        Alias::Same => 0_i64,
        Alias::NotSame => 1,
    };
    let values = vec![
        number.into(),
        person.get().into(),
        same_as.get().into(),
        undone.into(),
        reason.into(),
        at.into(),
    ];
    tx.execute(ADD_ALIAS, values).await?;
    Ok(())
}

/// The persons held to be another one now: each with the other.
pub async fn list_aliases(on: &impl Reads) -> Result<Vec<(PersonId, PersonId)>> {
    let mut now = std::collections::BTreeMap::new();
    for row in on.rows(LIST_ALIASES, vec![]).await? {
        let (person, same_as) = (PersonId::new(row.int(0)?), PersonId::new(row.int(1)?));
        match row.int(2)? {
            0 => now.insert(person, same_as),
            _ => now.remove(&person),
        };
    }
    Ok(now.into_iter().collect())
}

fn from_row(row: &Row) -> Result<Person> {
    Ok(Person {
        id: PersonId::new(row.int(0)?),
        row: RowId(row.int(1)?),
        sex: row.text_opt(2)?.as_deref().map(sex_from).transpose()?,
        birth: row.day_opt(3)?,
        death: row.day_opt(4)?,
        area: row.area_opt(5)?,
        registered_area: row.area_opt(6)?,
        urban_rural: row.urban_rural(7)?,
        status: row.word(8, PersonStatus::from_word)?,
    })
}

fn sex_word(sex: Sex) -> &'static str {
    match sex {
        Sex::Male => "male",
        Sex::Female => "female",
    }
}

fn sex_from(word: &str) -> Result<Sex> {
    match word {
        "male" => Ok(Sex::Male),
        "female" => Ok(Sex::Female),
        _ => Err(StoreError::BadValue {
            what: "性别".to_owned(),
        }),
    }
}
