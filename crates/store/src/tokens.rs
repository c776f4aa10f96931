//! Blind index: finds a person by an exact number, or by name, birth day and county, without the
//! number or name being in the database or the lake.
//!
//! A token is a keyed digest cut to 16 bytes, under a key of its own per field and use. Nothing
//! with few values (sex, village, illness) ever gets one: its frequencies would tell it.

use crate::digest::Keyed;
use crate::error::Result;
use crate::sql::{Kind, Table, statements};
use crate::tx::Reads;
use crate::value::{Row, words};
use domain::{AreaCode, AreaLevel, Day, IdNumber, PersonId, names};
use std::collections::HashMap;

statements! {
    LOOK_UP = "select person_id from token where field = $1 and token = $2 order by person_id";
    EXPORT = "select token, person_id from token where field = $1 order by token, person_id";
    ADD = "insert into token (field, token, person_id) values ($1, $2, $3)
        on conflict (field, token, person_id) do nothing";
}

/// Rows of tokens, written with the persons they find.
pub(crate) const TOKENS: Table = Table {
    name: "token",
    columns: &[
        ("field", Kind::Text),
        ("token", Kind::Bytes),
        ("person_id", Kind::Int),
    ],
};
pub(crate) const TABLES: &[Table] = &[TOKENS];

/// A keyed digest that finds a person.
pub type Token = [u8; 16];

words! {
    /// What a token is made from.
    TokenField {
        /// 身份证号; finds one person at most.
        IdNumber = "id-number",
        /// 姓名, 出生日期 and county together.
        NameBirthArea = "name-birth-area",
        /// 手机号.
        Phone = "phone",
        /// 银行卡号.
        Card = "card",
    }
}

const FIELDS: [TokenField; 4] = [
    TokenField::IdNumber,
    TokenField::NameBirthArea,
    TokenField::Phone,
    TokenField::Card,
];

/// Makes tokens. Cheap to clone; holds keys, so it is never shown or sent.
#[derive(Clone)]
pub struct Tokeniser {
    keys: [Keyed; 4],
}

impl Tokeniser {
    /// The token maker of a record, for exact look-up inside it.
    #[must_use]
    pub fn of(on: &impl Reads) -> Self {
        let ring = on.key_ring();
        Self {
            keys: FIELDS.map(|field| ring.0.token_key(field.word(), "search")),
        }
    }

    fn token(&self, field: TokenField, parts: &[&[u8]]) -> Token {
        let [number, name, phone, card] = &self.keys;
        let key = match field {
            TokenField::IdNumber => number,
            TokenField::NameBirthArea => name,
            TokenField::Phone => phone,
            TokenField::Card => card,
        };
        let digest = key.digest(parts);
        *digest.first_chunk::<16>().unwrap_or(&[0; 16])
    }

    /// Token of a checked id number.
    #[must_use]
    pub fn id_number(&self, number: &IdNumber) -> Token {
        self.id_text(number.as_str())
    }

    /// Token of a number that failed the check but is all a row has, as written, blanks removed.
    #[must_use]
    pub fn id_text(&self, number: &str) -> Token {
        self.token(TokenField::IdNumber, &[plain(number).as_bytes()])
    }

    /// Token of a person's second key: folded name, birth day, county of the area.
    #[must_use]
    pub fn name_birth_area(&self, name: &str, birth: Day, area: &AreaCode) -> Token {
        let county = area.at(AreaLevel::County).unwrap_or(*area);
        let (name, birth) = (names::match_key(name), birth.to_string());
        let parts = [
            name.as_bytes(),
            birth.as_bytes(),
            county.as_str().as_bytes(),
        ];
        self.token(TokenField::NameBirthArea, &parts)
    }

    /// Token of a telephone number.
    #[must_use]
    pub fn phone(&self, number: &str) -> Token {
        self.token(TokenField::Phone, &[plain(number).as_bytes()])
    }

    /// Token of a bank card number.
    #[must_use]
    pub fn card(&self, number: &str) -> Token {
        self.token(TokenField::Card, &[plain(number).as_bytes()])
    }
}

/// Blanks and hyphens carry nothing in a number; letters are upper case.
fn plain(number: &str) -> String {
    let kept = number.chars().filter(|c| !c.is_whitespace() && *c != '-');
    kept.flat_map(char::to_uppercase).collect()
}

/// Whom each token finds; a token that finds nobody is not in the answer.
pub async fn look_up_many(
    on: &impl Reads,
    field: TokenField,
    tokens: &[Token],
) -> Result<HashMap<Token, Vec<PersonId>>> {
    let sets = tokens
        .iter()
        .map(|token| vec![field.into(), (*token).into()]);
    let answers = on.rows_each(LOOK_UP, sets.collect()).await?;
    let mut found = HashMap::new();
    for (token, rows) in tokens.iter().zip(answers) {
        if !rows.is_empty() {
            let persons: Result<Vec<PersonId>> = rows.iter().map(|row| person(row, 0)).collect();
            found.insert(*token, persons?);
        }
    }
    Ok(found)
}

/// Every token of a field with its person, in order of token, for linkage.
pub async fn export_all(on: &impl Reads, field: TokenField) -> Result<Vec<(Token, PersonId)>> {
    let rows = on.rows(EXPORT, vec![field.into()]).await?;
    rows.iter()
        .map(|row| Ok((row.array(0)?, person(row, 1)?)))
        .collect()
}

fn person(row: &Row, position: usize) -> Result<PersonId> {
    row.int(position).map(PersonId::new)
}
