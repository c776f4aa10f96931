//! 核对授权: who lets which source be asked about them, since when, until when.
//!
//! A consent is given once and withdrawn once. Requests point at it, so none can exist without it.

use crate::at::At;
use crate::digest::of_row;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, words};
use domain::{ApplicationNo, Day, PersonId};

statements! {
    ADD = "insert into consents (consent_no, person_id, source, application_no, text_version, signed,
            given_day, until_day, at, actor, withdrawn_by, withdrawn_why, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, '', '', $11)";
    OF_PERSON = "select consent_no, person_id, source, application_no, text_version, signed, given_day,
            until_day, at, actor, withdrawn_at, withdrawn_why, digest
        from consents where person_id = $1 order by consent_no";
    FIND = "select consent_no, person_id, source, application_no, text_version, signed, given_day,
            until_day, at, actor, withdrawn_at, withdrawn_why, digest
        from consents where consent_no = $1";
    WITHDRAW = "update consents set withdrawn_at = $1, withdrawn_by = $2, withdrawn_why = $3
        where consent_no = $4 and withdrawn_at is null";
}

words! {
    /// How a consent was signed.
    Signed {
        /// On paper.
        Paper = "paper",
        /// On a screen, by the person.
        Screen = "screen",
        /// By the guardian of a minor or of somebody who cannot.
        Guardian = "guardian",
    }
}

impl Signed {
    /// All of them, in the order of a form.
    pub const ALL: [Self; 3] = [Self::Paper, Self::Screen, Self::Guardian];

    /// What officials call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Paper => "纸质签字",
            Self::Screen => "屏幕签字",
            Self::Guardian => "监护人代签",
        }
    }
}

/// A consent to be written down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewConsent {
    /// Whose.
    pub person: PersonId,
    /// To which source, by its code in the rulebook.
    pub source: String,
    /// For which application; none where it stands for itself.
    pub application: Option<ApplicationNo>,
    /// Which text was signed.
    pub text_version: String,
    /// How.
    pub signed: Signed,
    /// From which day.
    pub given: Day,
    /// To which day, inclusive.
    pub until: Day,
}

/// 核对授权.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// 授权编号.
    pub no: i64,
    /// What it says.
    pub content: NewConsent,
    /// When it was written down.
    pub at: At,
    /// By whom.
    pub actor: String,
    /// When it was withdrawn.
    pub withdrawn_at: Option<At>,
    /// Why, as told.
    pub withdrawn_why: String,
}

impl Consent {
    /// Whether a source may be asked on a day.
    #[must_use]
    pub fn holds(&self, day: Day) -> bool {
        self.withdrawn_at.is_none() && self.content.given <= day && day <= self.content.until
    }
}

/// Writes consents down; answers their numbers.
pub async fn give(
    tx: &mut JournalTx,
    at: &At,
    actor: &str,
    consents: &[NewConsent],
) -> Result<Vec<i64>> {
    let first = tx.take_numbers("consent", consents.len()).await?;
    let sets = (first..).zip(consents).map(|(no, new)| {
        let digest = of_row("consents", &new.digested(no));
        let mut values: Vec<Value> = new
            .digested(no)
            .into_iter()
            .map(|(_, value)| value)
            .collect();
        values.extend([at.into(), actor.into(), digest.into()]);
        values
    });
    let added = tx.execute_each(ADD, sets.collect()).await?;
    Ok((first..).take(added.len()).collect())
}

/// One consent.
pub async fn find(on: &impl Reads, no: i64) -> Result<Option<Consent>> {
    let rows = on.rows(FIND, vec![no.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// Every consent a person ever gave, oldest first; a changed row is told, not read over.
pub async fn of_person(on: &impl Reads, person: PersonId) -> Result<Vec<Consent>> {
    let rows = on.rows(OF_PERSON, vec![person.get().into()]).await?;
    rows.iter().map(from_row).collect()
}

/// The same for several, in the order asked.
pub async fn of_persons(on: &impl Reads, persons: &[PersonId]) -> Result<Vec<Consent>> {
    let sets = persons.iter().map(|p| vec![p.get().into()]).collect();
    let rows = on.rows_each(OF_PERSON, sets).await?;
    rows.iter().flatten().map(from_row).collect()
}

/// Withdraws a consent that stands.
pub async fn withdraw(tx: &mut JournalTx, at: &At, actor: &str, why: &str, no: i64) -> Result<()> {
    let values = vec![at.into(), actor.into(), why.into(), no.into()];
    match tx.execute(WITHDRAW, values).await? {
        1 => Ok(()),
        _ => Err(StoreError::NotThere {
            what: "未撤回的授权",
            id: no,
        }),
    }
}

impl NewConsent {
    fn digested(&self, no: i64) -> Vec<(&'static str, Value)> {
        vec![
            ("consent_no", no.into()),
            ("person_id", self.person.get().into()),
            ("source", self.source.as_str().into()),
            (
                "application_no",
                self.application.map(ApplicationNo::get).into(),
            ),
            ("text_version", self.text_version.as_str().into()),
            ("signed", self.signed.into()),
            ("given_day", self.given.to_string().into()),
            ("until_day", self.until.to_string().into()),
        ]
    }
}

fn from_row(row: &Row) -> Result<Consent> {
    let no = row.int(0)?;
    let content = NewConsent {
        person: PersonId::new(row.int(1)?),
        source: row.text(2)?,
        application: row.int_opt(3)?.map(ApplicationNo::new),
        text_version: row.text(4)?,
        signed: row.word(5, Signed::from_word)?,
        given: row.day(6)?,
        until: row.day(7)?,
    };
    let kept: [u8; 32] = row.array(12)?;
    if kept != of_row("consents", &content.digested(no)) {
        return Err(StoreError::BadValue {
            what: format!("授权 {no} 的内容与摘要不符"),
        });
    }
    Ok(Consent {
        no,
        content,
        at: row.at(8)?,
        actor: row.text(9)?,
        withdrawn_at: row.at_opt(10)?,
        withdrawn_why: row.text(11)?,
    })
}
