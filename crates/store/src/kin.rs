//! 户外亲属: those obliged to support a member of a case who live elsewhere, and what was established about them. A
//! row is never changed; the newest counts, and those before it stay.

use crate::at::At;
use crate::error::Result;
use crate::notices::add;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value};
use domain::{CaseNo, Day, PersonId};

statements! {
    ADD = "insert into kin (kin_no, case_no, member_id, person_id, relation, withdrawn, because, day, by_login,
            at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    OF_CASE = "select kin_no, case_no, member_id, person_id, relation, withdrawn, because, day, by_login, at
        from kin where case_no = $1 order by kin_no";
    ADD_FACT = "insert into kin_fact (kin_fact_no, case_no, person_id, fact, value, way, paper, paper_day, day,
            by_login, at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    FACTS_OF_CASE = "select kin_fact_no, case_no, person_id, fact, value, way, paper, paper_day, day, by_login, at
        from kin_fact where case_no = $1 order by kin_fact_no";
    FACTS_OF = "select kin_fact_no, case_no, person_id, fact, value, way, paper, paper_day, day, by_login, at
        from kin_fact where fact = $1 and day <= $2 order by kin_fact_no";
}

/// Whom a member has outside the household, to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKin {
    /// 办件.
    pub case: CaseNo,
    /// The member they are obliged to.
    pub member: PersonId,
    /// Who.
    pub person: PersonId,
    /// What they are to the member, in the rulebook's words.
    pub relation: String,
    /// Whether this takes back what was told of the two before.
    pub withdrawn: bool,
    /// Why there is no number, or why it is taken back; empty where nothing is to be said.
    pub because: String,
    /// On which day.
    pub day: Day,
    /// By whom.
    pub by: String,
}

/// 户外亲属, as the record keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kin {
    /// Its number.
    pub no: i64,
    /// What it is.
    pub content: NewKin,
    /// When it was written down.
    pub at: At,
}

/// What was established about one of them, to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewKinFact {
    /// 办件.
    pub case: CaseNo,
    /// About whom.
    pub person: PersonId,
    /// Which fact of the dictionary.
    pub fact: String,
    /// Its value, as case tables write it.
    pub value: String,
    /// How it was established, in the rulebook's words.
    pub way: String,
    /// The paper or record it was seen in.
    pub paper: String,
    /// The day of that paper.
    pub paper_day: Day,
    /// On which day it was written down.
    pub day: Day,
    /// By whom.
    pub by: String,
}

/// What was established, as the record keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KinFact {
    /// Its number.
    pub no: i64,
    /// What it is.
    pub content: NewKinFact,
    /// When it was written down.
    pub at: At,
}

/// Keeps whom a member has outside the household; answers its number.
///
/// # Errors
/// The record.
pub async fn name(tx: &mut JournalTx, at: &At, new: &NewKin) -> Result<i64> {
    let no = tx.take_numbers("kin", 1).await?;
    let columns = [
        ("kin_no", Value::from(no)),
        ("case_no", new.case.get().into()),
        ("member_id", new.member.get().into()),
        ("person_id", new.person.get().into()),
        ("relation", new.relation.as_str().into()),
        ("withdrawn", i64::from(new.withdrawn).into()),
        ("because", new.because.as_str().into()),
        ("day", new.day.to_string().into()),
        ("by_login", new.by.as_str().into()),
        ("at", at.into()),
    ];
    add(tx, ADD, "kin", &columns).await?;
    Ok(no)
}

/// Those of a case, what was taken back too, oldest first.
///
/// # Errors
/// The record.
pub async fn of_case(on: &impl Reads, case: CaseNo) -> Result<Vec<Kin>> {
    let rows = on.rows(OF_CASE, vec![case.get().into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Kin {
                no: row.int(0)?,
                content: NewKin {
                    case: CaseNo::new(row.int(1)?),
                    member: PersonId::new(row.int(2)?),
                    person: PersonId::new(row.int(3)?),
                    relation: row.text(4)?,
                    withdrawn: row.int(5)? == 1,
                    because: row.text(6)?,
                    day: row.day(7)?,
                    by: row.text(8)?,
                },
                at: row.at(9)?,
            })
        })
        .collect()
}

/// Keeps what was established about one of them; answers its number.
///
/// # Errors
/// The record.
pub async fn establish(tx: &mut JournalTx, at: &At, new: &NewKinFact) -> Result<i64> {
    let no = tx.take_numbers("kin_fact", 1).await?;
    let columns = [
        ("kin_fact_no", Value::from(no)),
        ("case_no", new.case.get().into()),
        ("person_id", new.person.get().into()),
        ("fact", new.fact.as_str().into()),
        ("value", new.value.as_str().into()),
        ("way", new.way.as_str().into()),
        ("paper", new.paper.as_str().into()),
        ("paper_day", new.paper_day.to_string().into()),
        ("day", new.day.to_string().into()),
        ("by_login", new.by.as_str().into()),
        ("at", at.into()),
    ];
    add(tx, ADD_FACT, "kin_fact", &columns).await?;
    Ok(no)
}

/// What was established for a case, oldest first.
///
/// # Errors
/// The record.
pub async fn facts_of_case(on: &impl Reads, case: CaseNo) -> Result<Vec<KinFact>> {
    let rows = on.rows(FACTS_OF_CASE, vec![case.get().into()]).await?;
    rows.iter().map(fact_from).collect()
}

/// All of a fact up to a day, oldest first.
///
/// # Errors
/// The record.
pub async fn facts_of(on: &impl Reads, fact: &str, until: Day) -> Result<Vec<KinFact>> {
    let values = vec![fact.into(), until.to_string().into()];
    let rows = on.rows(FACTS_OF, values).await?;
    rows.iter().map(fact_from).collect()
}

fn fact_from(row: &Row) -> Result<KinFact> {
    Ok(KinFact {
        no: row.int(0)?,
        content: NewKinFact {
            case: CaseNo::new(row.int(1)?),
            person: PersonId::new(row.int(2)?),
            fact: row.text(3)?,
            value: row.text(4)?,
            way: row.text(5)?,
            paper: row.text(6)?,
            paper_day: row.day(7)?,
            day: row.day(8)?,
            by: row.text(9)?,
        },
        at: row.at(10)?,
    })
}
