//! 户外亲属: those obliged to support a member of a case who live elsewhere, and what was established about them. A
//! row is never changed; the newest counts, and those before it stay.

use crate::at::At;
use crate::error::Result;
use crate::notices::add;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value};
use domain::{CaseNo, Day, HouseholdId, PersonId};

macro_rules! kin {
    ($rest:literal) => {
        concat!(
            "select k.kin_no, k.case_no, k.member_id, k.person_id, k.relation, k.withdrawn, k.because, k.day,
                k.by_login, k.at
            from kin k ",
            $rest
        )
    };
}

macro_rules! facts {
    ($($rest:expr),+) => {
        concat!(
            "select f.kin_fact_no, f.case_no, f.person_id, f.fact, f.value, f.way, f.paper, f.paper_day, f.day,
                f.by_login, f.at
            from kin_fact f ",
            $($rest),+
        )
    };
}

// What was established about somebody counts no longer once they were taken back and nobody has them any more. It
// does where nobody had named them when it was established, and where it was established after: then a department
// lists them.
macro_rules! counts {
    ($until:literal) => {
        concat!(
            " and not (exists (select 1 from kin w where w.person_id = f.person_id and w.withdrawn = 1
                and w.at >= f.at and w.day <= ",
            $until,
            ") and exists (select 1 from kin b where b.person_id = f.person_id and b.withdrawn = 0 and b.at <= f.at)
            and not exists (select 1 from kin s where s.person_id = f.person_id and s.withdrawn = 0 and s.day <= ",
            $until,
            " and not exists (select 1 from kin n where n.person_id = s.person_id and n.member_id = s.member_id
                and n.kin_no > s.kin_no and n.day <= ",
            $until,
            "))) order by f.kin_fact_no"
        )
    };
}

statements! {
    ADD = "insert into kin (kin_no, case_no, member_id, person_id, relation, withdrawn, because, day, by_login,
            at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    FIND = kin!("where k.kin_no = $1");
    OF_CASE = kin!("where k.case_no = $1 order by k.kin_no");
    // The newest row of each pair, in whatever case it was told.
    OF_FAMILY = kin!("join cases c on c.case_no = k.case_no
        where (c.household_id = $1 or (c.subject_kind = 'person' and c.subject_id = $2)) and k.withdrawn = 0
          and not exists (select 1 from kin n where n.member_id = k.member_id and n.person_id = k.person_id
            and n.kin_no > k.kin_no)
        order by k.kin_no");
    ADD_FACT = "insert into kin_fact (kin_fact_no, case_no, person_id, fact, value, way, paper, paper_day, day,
            by_login, at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    FIND_FACT = facts!("where f.kin_fact_no = $1");
    FACTS_OF_CASE = facts!("where f.case_no = $1 order by f.kin_fact_no");
    FACTS_OF_PERSON = facts!("where f.person_id = $1 and f.day <= $2", counts!("$2"));
    FACTS_OF_FAMILY = facts!("join cases c on c.case_no = f.case_no
        where (c.household_id = $1 or (c.subject_kind = 'person' and c.subject_id = $2))", counts!("'9999-12-31'"));
    FACTS_OF = facts!("where f.fact = $1 and f.day <= $2", counts!("$2"));
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

/// One row of it.
///
/// # Errors
/// The record.
pub async fn find(on: &impl Reads, no: i64) -> Result<Option<Kin>> {
    let rows = on.rows(FIND, vec![no.into()]).await?;
    rows.first().map(kin_from).transpose()
}

/// Those of a case, what was taken back too, oldest first.
///
/// # Errors
/// The record.
pub async fn of_case(on: &impl Reads, case: CaseNo) -> Result<Vec<Kin>> {
    let rows = on.rows(OF_CASE, vec![case.get().into()]).await?;
    rows.iter().map(kin_from).collect()
}

/// Those who stand in all cases of a household, or of the person one is about: of each pair the newest row, without
/// what was taken back; oldest first.
///
/// # Errors
/// The record.
pub async fn of_family(on: &impl Reads, family: Family) -> Result<Vec<Kin>> {
    let rows = on.rows(OF_FAMILY, family.values()).await?;
    rows.iter().map(kin_from).collect()
}

/// Whose cases belong together: those of a household, and those about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Family {
    /// 家庭.
    pub household: Option<HouseholdId>,
    /// Whom a case for one person is about.
    pub subject: Option<PersonId>,
}

impl Family {
    fn values(self) -> Vec<Value> {
        vec![
            self.household.map(HouseholdId::get).into(),
            self.subject.map(PersonId::get).into(),
        ]
    }
}

fn kin_from(row: &Row) -> Result<Kin> {
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

/// One thing that was established.
///
/// # Errors
/// The record.
pub async fn find_fact(on: &impl Reads, no: i64) -> Result<Option<KinFact>> {
    let rows = on.rows(FIND_FACT, vec![no.into()]).await?;
    rows.first().map(fact_from).transpose()
}

/// What was established for a case, about whom was taken back too, oldest first: its history.
///
/// # Errors
/// The record.
pub async fn facts_of_case(on: &impl Reads, case: CaseNo) -> Result<Vec<KinFact>> {
    let rows = on.rows(FACTS_OF_CASE, vec![case.get().into()]).await?;
    rows.iter().map(fact_from).collect()
}

/// What counts of what was established in all cases of a household, or of the person one is about, oldest first.
///
/// # Errors
/// The record.
pub async fn facts_of_family(on: &impl Reads, family: Family) -> Result<Vec<KinFact>> {
    let rows = on.rows(FACTS_OF_FAMILY, family.values()).await?;
    rows.iter().map(fact_from).collect()
}

/// What counts of all that was established about somebody up to a day, oldest first.
///
/// # Errors
/// The record.
pub async fn facts_of_person(
    on: &impl Reads,
    person: PersonId,
    until: Day,
) -> Result<Vec<KinFact>> {
    let values = vec![person.get().into(), until.to_string().into()];
    let rows = on.rows(FACTS_OF_PERSON, values).await?;
    rows.iter().map(fact_from).collect()
}

/// What counts of a fact up to a day, as it stood then, oldest first.
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
