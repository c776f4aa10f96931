//! 身份信息: names, numbers, telephones, addresses and cards, sealed.
//!
//! Full values leave only through [`reveal`], which first makes durable who sees what of whom
//! and why. Pages use [`masked`], which never gives a full value.

mod mask;
mod rotation;

pub use mask::{mask_card, mask_name, mask_number, mask_phone};
pub(crate) use rotation::STATEMENTS as ROTATION_STATEMENTS;
pub use rotation::{Rotation, retire_old_keys, rotate};

use crate::at::At;
use crate::audit::Act;
use crate::error::{Result, StoreError};
use crate::keys::ColumnSeal;
use crate::open::Store;
use crate::persons::RowId;
use crate::sql::{Kind, Table, statements};
use crate::tokens::{self, TokenField, Tokeniser};
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, words};
use domain::{AreaCode, Day, PersonId};
use std::collections::HashMap;

statements! {
    NEWEST = "select identity_id, person_id, name, id_number, phone, address, card from identity
        where person_id = $1 order by identity_id desc limit 1";
    PAGE = "select identity_id, person_id, name, id_number, phone, address, card from identity i
        where person_id > $1 and identity_id =
            (select max(j.identity_id) from identity j where j.person_id = i.person_id)
        order by person_id limit $2";
    NEWEST_ID = "select max(identity_id) from identity where person_id = $1";
    BIRTH_AND_PLACE = "select birth, registered_area, area from person where person_id = $1";
}

/// Rows of sealed identity.
pub(crate) const IDENTITIES: Table = Table {
    name: "identity",
    columns: &[
        ("identity_id", Kind::Int),
        ("person_id", Kind::Int),
        ("row_id", Kind::Int),
        ("at", Kind::Text),
        ("key_id", Kind::Int),
        ("name", Kind::Bytes),
        ("id_number", Kind::Bytes),
        ("phone", Kind::Bytes),
        ("address", Kind::Bytes),
        ("card", Kind::Bytes),
    ],
};
pub(crate) const TABLES: &[Table] = &[IDENTITIES];

const COLUMNS: [&str; 5] = ["name", "id_number", "phone", "address", "card"];

words! {
    /// One kind of identity value.
    Field {
        /// 姓名.
        Name = "name",
        /// 身份证号.
        IdNumber = "id-number",
        /// 电话.
        Phone = "phone",
        /// 住址.
        Address = "address",
        /// 银行卡号.
        Card = "card",
    }
}

/// Identity as it arrives. Has no printable form.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NewIdentity {
    /// 姓名, exactly as it came.
    pub name: Option<String>,
    /// 身份证号, in the form the office checked.
    pub id_number: Option<String>,
    /// 电话.
    pub phone: Option<String>,
    /// 住址.
    pub address: Option<String>,
    /// 银行卡号.
    pub card: Option<String>,
}

impl std::fmt::Debug for NewIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NewIdentity(**)")
    }
}

impl NewIdentity {
    fn values(&self) -> [Option<&str>; 5] {
        [
            &self.name,
            &self.id_number,
            &self.phone,
            &self.address,
            &self.card,
        ]
        .map(Option::as_deref)
    }

    /// These values, and where one is missing that of the other.
    fn over(self, other: Self) -> Self {
        Self {
            name: self.name.or(other.name),
            id_number: self.id_number.or(other.id_number),
            phone: self.phone.or(other.phone),
            address: self.address.or(other.address),
            card: self.card.or(other.card),
        }
    }
}

/// A person's identity under seal. Says nothing; opened by [`reveal`] only.
#[derive(Clone)]
pub struct Sealed {
    person: PersonId,
    identity_id: i64,
    values: [Option<Vec<u8>>; 5],
}

impl Sealed {
    /// Whose it is.
    #[must_use]
    pub fn person(&self) -> PersonId {
        self.person
    }

    fn from_row(row: &Row) -> Result<Self> {
        let value = |position| row.bytes_opt(position);
        Ok(Self {
            identity_id: row.int(0)?,
            person: PersonId::new(row.int(1)?),
            values: [value(2)?, value(3)?, value(4)?, value(5)?, value(6)?],
        })
    }
}

/// 查看授权: who may see which values, why, on what authority, through which channel.
#[derive(Clone, Debug)]
pub struct Grant {
    /// The moment of the read.
    pub at: At,
    /// Who reads.
    pub actor: String,
    /// Why, such as 入户核实.
    pub purpose: String,
    /// Case, task or article the purpose rests on.
    pub authority: String,
    /// Where it goes: screen, print, export, linkage.
    pub channel: String,
    /// The values to be seen; all others stay sealed.
    pub fields: Vec<Field>,
}

/// Full values, for the grant's purpose only. Has no printable form.
#[derive(Clone, PartialEq, Eq)]
pub struct Revealed {
    /// Whose they are.
    pub person: PersonId,
    /// 姓名.
    pub name: Option<String>,
    /// 身份证号.
    pub id_number: Option<String>,
    /// 电话.
    pub phone: Option<String>,
    /// 住址.
    pub address: Option<String>,
    /// 银行卡号.
    pub card: Option<String>,
}

impl std::fmt::Debug for Revealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Revealed({}, **)", self.person)
    }
}

/// What any page may show of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Masked {
    /// 王*英.
    pub name: Option<String>,
    /// 990101********128X.
    pub id_number: Option<String>,
    /// 138****8000.
    pub phone: Option<String>,
    /// 6299*******1234.
    pub card: Option<String>,
}

/// The newest sealed identity of persons, in the order asked; who has none is left out.
pub async fn sealed(on: &impl Reads, persons: &[PersonId]) -> Result<Vec<Sealed>> {
    let sets = persons
        .iter()
        .map(|person| vec![person.get().into()])
        .collect();
    let answers = on.rows_each(NEWEST, sets).await?;
    answers.iter().flatten().map(Sealed::from_row).collect()
}

/// The number of the newest identity of persons: what counts now, and can be opened later as it was.
pub async fn newest_ids(on: &impl Reads, persons: &[PersonId]) -> Result<HashMap<PersonId, i64>> {
    let sets = persons.iter().map(|p| vec![p.get().into()]).collect();
    let answers = on.rows_each(NEWEST_ID, sets).await?;
    let mut out = HashMap::new();
    for (person, rows) in persons.iter().zip(answers) {
        if let Some(id) = rows.first().map_or(Ok(None), |row| row.int_opt(0))? {
            out.insert(*person, id);
        }
    }
    Ok(out)
}

/// The newest sealed identity of everybody, by person, after one (0 for the first).
pub async fn sealed_page(on: &impl Reads, after: i64, limit: u32) -> Result<Vec<Sealed>> {
    let rows = on.rows(PAGE, vec![after.into(), limit.into()]).await?;
    rows.iter().map(Sealed::from_row).collect()
}

/// Opens seals under a grant. The entry saying so is durable before anything is opened.
pub async fn reveal(store: &Store, grant: &Grant, sealed: Vec<Sealed>) -> Result<Vec<Revealed>> {
    store.record_alone(grant.act(&sealed)).await?;
    let seals = Seals::of(store);
    let fields = grant.fields.clone();
    tokio::task::spawn_blocking(move || {
        sealed
            .iter()
            .map(|one| seals.open(one, &fields).map(|id| one.reveal(id)))
            .collect()
    })
    .await
    .map_err(|_| StoreError::Closed)?
}

/// What any page may show of persons; needs no grant and never gives a full value.
pub async fn masked(on: &impl Reads, persons: &[PersonId]) -> Result<HashMap<PersonId, Masked>> {
    let seals = Seals::of(on);
    let shown = [Field::Name, Field::IdNumber, Field::Phone, Field::Card];
    let mut answer = HashMap::new();
    for one in sealed(on, persons).await? {
        let full = seals.open(&one, &shown)?;
        let masked = Masked {
            name: full.name.as_deref().map(mask_name),
            id_number: full.id_number.as_deref().map(mask_number),
            phone: full.phone.as_deref().map(mask_phone),
            card: full.card.as_deref().map(mask_card),
        };
        answer.insert(one.person, masked);
    }
    Ok(answer)
}

/// A person's newest identity, for a comparison inside the record; it never leaves this crate.
pub(crate) async fn opened_within(on: &impl Reads, person: PersonId) -> Result<NewIdentity> {
    let seals = Seals::of(on);
    let newest = sealed(on, &[person]).await?;
    let opened = newest.first().map(|one| seals.open(one, &ALL));
    Ok(opened.transpose()?.unwrap_or_default())
}

/// Adds newer identities: a value given takes the place of the old one, a missing one keeps it.
pub async fn update_many(
    tx: &mut JournalTx,
    at: &At,
    newer: Vec<(PersonId, RowId, NewIdentity)>,
) -> Result<()> {
    let persons: Vec<PersonId> = newer.iter().map(|(person, _, _)| *person).collect();
    let sealing = Sealing::new(tx);
    let mut known = HashMap::new();
    for one in sealed(tx, &persons).await? {
        known.insert(one.person, sealing.seals.open(&one, &ALL)?);
    }
    let sets = persons
        .iter()
        .map(|person| vec![person.get().into()])
        .collect();
    let lives = tx.rows_each(BIRTH_AND_PLACE, sets).await?;
    let first = tx.take_numbers("identity", newer.len()).await?;
    let (mut rows, mut tokens) = (Vec::new(), Vec::new());
    for ((identity_id, (person, row, given)), life) in (first..).zip(newer).zip(lives) {
        let life = life.first().ok_or(StoreError::NotThere {
            what: "人员",
            id: person.get(),
        })?;
        let place = life.area_opt(1)?.or(life.area_opt(2)?);
        let before = known.remove(&person).unwrap_or_default();
        let now = given.over(before);
        tokens.extend(sealing.tokens(person, &now, life.day_opt(0)?, place));
        rows.push(sealing.row(identity_id, person, row, &at.into(), &now)?);
        known.insert(person, now);
    }
    tx.insert(IDENTITIES, rows).await?;
    tx.execute_each(tokens::ADD, tokens).await?;
    Ok(())
}

const ALL: [Field; 5] = [
    Field::Name,
    Field::IdNumber,
    Field::Phone,
    Field::Address,
    Field::Card,
];

impl Sealed {
    fn reveal(&self, opened: NewIdentity) -> Revealed {
        let NewIdentity {
            name,
            id_number,
            phone,
            address,
            card,
        } = opened;
        Revealed {
            person: self.person,
            name,
            id_number,
            phone,
            address,
            card,
        }
    }
}

impl Grant {
    /// The entry of a read: whom and which fields are told in its sealed payload.
    fn act(&self, sealed: &[Sealed]) -> Act {
        let fields: Vec<String> = self
            .fields
            .iter()
            .map(|field| format!("\"{}\"", field.word()))
            .collect();
        let persons: Vec<String> = sealed.iter().map(|one| one.person.to_string()).collect();
        let act = Act::new(&self.at, &self.actor, "identity.reveal")
            .because(&self.purpose)
            .under(&self.authority)
            .carrying(format!(
                "{{\"channel\":\"{}\",\"fields\":[{}],\"persons\":[{}]}}",
                self.channel.replace(['"', '\\'], "'"),
                fields.join(","),
                persons.join(",")
            ));
        match persons.as_slice() {
            [one] => act.on("person", one),
            many => act.on("persons", many.len()),
        }
    }
}

/// The seals of the five columns.
struct Seals([ColumnSeal; 5]);

impl Seals {
    fn of(on: &impl Reads) -> Self {
        let ring = on.key_ring();
        Self(COLUMNS.map(|column| ring.0.column("identity", column)))
    }

    /// Opens the fields asked for; the others stay sealed.
    fn open(&self, sealed: &Sealed, fields: &[Field]) -> Result<NewIdentity> {
        let [name, id_number, phone, address, card] = &self.0;
        let [
            name_value,
            number_value,
            phone_value,
            address_value,
            card_value,
        ] = &sealed.values;
        let open = |field: Field, seal: &ColumnSeal, value: &Option<Vec<u8>>| {
            let value = value.as_deref().filter(|_| fields.contains(&field));
            value
                .map(|value| seal.open_text(sealed.identity_id, value))
                .transpose()
        };
        Ok(NewIdentity {
            name: open(Field::Name, name, name_value)?,
            id_number: open(Field::IdNumber, id_number, number_value)?,
            phone: open(Field::Phone, phone, phone_value)?,
            address: open(Field::Address, address, address_value)?,
            card: open(Field::Card, card, card_value)?,
        })
    }

    /// Seals the five values for the row they will stand in.
    fn seal(&self, identity_id: i64, identity: &NewIdentity) -> Result<Vec<Value>> {
        self.0
            .iter()
            .zip(identity.values())
            .map(|(seal, value)| match value {
                Some(value) => Ok(seal.seal(identity_id, value.as_bytes())?.into()),
                None => Ok(Value::Null),
            })
            .collect()
    }
}

/// Opens names alone, for the index of names.
pub(crate) fn name_seal(on: &impl Reads) -> ColumnSeal {
    on.key_ring().0.column("identity", "name")
}

/// What turns identities into rows and tokens.
pub(crate) struct Sealing {
    seals: Seals,
    tokeniser: Tokeniser,
    newest_key: i64,
}

impl Sealing {
    pub(crate) fn new(tx: &JournalTx) -> Self {
        Self {
            seals: Seals::of(tx),
            tokeniser: Tokeniser::of(tx),
            newest_key: i64::from(tx.key_ring().0.newest()),
        }
    }

    /// The row of one identity.
    pub(crate) fn row(
        &self,
        identity_id: i64,
        person: PersonId,
        row: RowId,
        at: &Value,
        identity: &NewIdentity,
    ) -> Result<Vec<Value>> {
        let mut values: Vec<Value> = vec![
            identity_id.into(),
            person.get().into(),
            row.get().into(),
            at.clone(),
            self.newest_key.into(),
        ];
        values.extend(self.seals.seal(identity_id, identity)?);
        Ok(values)
    }

    /// The rows of the tokens that find a person.
    pub(crate) fn tokens(
        &self,
        person: PersonId,
        identity: &NewIdentity,
        birth: Option<Day>,
        area: Option<AreaCode>,
    ) -> Vec<Vec<Value>> {
        let make = &self.tokeniser;
        let second_key = match (&identity.name, birth, area) {
            (Some(name), Some(birth), Some(area)) => Some(make.name_birth_area(name, birth, &area)),
            _ => None,
        };
        let made = [
            (
                TokenField::IdNumber,
                identity.id_number.as_deref().map(|n| make.id_text(n)),
            ),
            (TokenField::NameBirthArea, second_key),
            (
                TokenField::Phone,
                identity.phone.as_deref().map(|n| make.phone(n)),
            ),
            (
                TokenField::Card,
                identity.card.as_deref().map(|n| make.card(n)),
            ),
        ];
        made.into_iter()
            .filter_map(|(field, token)| Some((field, token?)))
            .map(|(field, token)| vec![field.into(), token.into(), person.get().into()])
            .collect()
    }
}
