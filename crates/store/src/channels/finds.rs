//! 政策找人: what the rules found possible, who confirmed it, which department it went to, and its answer.

use crate::areas::range;
use crate::at::At;
use crate::error::Result;
use crate::notices::{add, once};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, words};
use domain::{AreaCode, Day, HouseholdId, Month, PersonId};

statements! {
    ADD_FIND = "insert into policy_finds (find_no, household_id, person_id, subject, programme, month, place,
            verdict, because, department, office, area, day, due, at, by_login, answer, answered_by, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, '', '', $17)";
    FIND_FIND = "select find_no, household_id, person_id, programme, month, place, verdict, because,
            department, office, area, day, due, at, by_login, outcome, answer, answered_at, answered_by
        from policy_finds where find_no = $1";
    FINDS_OF = "select find_no, household_id, person_id, programme, month, place, verdict, because,
            department, office, area, day, due, at, by_login, outcome, answer, answered_at, answered_by
        from policy_finds where household_id = $1 order by find_no";
    PUSHED = "select find_no from policy_finds where household_id = $1 limit 1";
    // Those without an answer first.
    FINDS_IN = "select find_no, household_id, person_id, programme, month, place, verdict, because,
            department, office, area, day, due, at, by_login, outcome, answer, answered_at, answered_by
        from policy_finds where area >= $1 and area < $2
        order by outcome is not null, due, find_no limit $3";
    ANSWER_FIND = "update policy_finds set outcome = $1, answer = $2, answered_at = $3, answered_by = $4
        where find_no = $5 and outcome is null";
}

words! {
    /// What the rules said when it was pushed.
    FindVerdict {
        /// 符合.
        Met = "met",
        /// 待查.
        Unsettled = "unsettled",
    }
}

words! {
    /// What the department made of it.
    FindOutcome {
        /// 已受理.
        Accepted = "accepted",
        /// 不符合.
        Refused = "refused",
        /// 已在享受.
        Already = "already",
    }
}

/// A find to be pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFind {
    /// Which household.
    pub household: HouseholdId,
    /// Which member, where the programme is for one person.
    pub person: Option<PersonId>,
    /// The programme, by its policy's name.
    pub programme: String,
    /// The month whose facts it rests on.
    pub month: Month,
    /// Its place in the ranked list, from 1.
    pub place: i64,
    /// What the rules said.
    pub verdict: FindVerdict,
    /// The conditions, by name; no amount.
    pub because: String,
    /// The department that owns the programme.
    pub department: String,
    /// Code of its organisation here; empty where it has no account.
    pub office: String,
    /// Where they live.
    pub area: AreaCode,
    /// The day it was confirmed.
    pub day: Day,
    /// By when the department answers.
    pub due: Day,
    /// Who confirmed it.
    pub by: String,
}

/// 推送.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Find {
    /// Its number.
    pub no: i64,
    /// What it is.
    pub content: NewFind,
    /// When it was confirmed.
    pub at: At,
    /// What the department made of it.
    pub outcome: Option<FindOutcome>,
    /// In words.
    pub answer: String,
    /// When.
    pub answered_at: Option<At>,
    /// Who answered.
    pub answered_by: String,
}

/// Pushes a find; answers its number.
pub async fn add_find(tx: &mut JournalTx, at: &At, new: &NewFind) -> Result<i64> {
    let no = tx.take_numbers("policy-find", 1).await?;
    let subject = match new.person {
        Some(person) => format!("person:{person}"),
        None => format!("household:{}", new.household),
    };
    let columns = [
        ("find_no", Value::from(no)),
        ("household_id", new.household.get().into()),
        ("person_id", new.person.map(PersonId::get).into()),
        ("subject", subject.into()),
        ("programme", new.programme.as_str().into()),
        ("month", new.month.to_string().into()),
        ("place", new.place.into()),
        ("verdict", new.verdict.into()),
        ("because", new.because.as_str().into()),
        ("department", new.department.as_str().into()),
        ("office", new.office.as_str().into()),
        ("area", new.area.full().into()),
        ("day", new.day.to_string().into()),
        ("due", new.due.to_string().into()),
        ("at", at.into()),
        ("by_login", new.by.as_str().into()),
    ];
    add(tx, ADD_FIND, "policy_finds", &columns).await?;
    Ok(no)
}

/// One push.
pub async fn find(on: &impl Reads, no: i64) -> Result<Option<Find>> {
    let rows = on.rows(FIND_FIND, vec![no.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// What was pushed for a household, oldest first.
pub async fn finds_of(on: &impl Reads, household: HouseholdId) -> Result<Vec<Find>> {
    let rows = on.rows(FINDS_OF, vec![household.get().into()]).await?;
    rows.iter().map(from_row).collect()
}

/// Those of some households for which something was pushed.
pub async fn pushed_at(on: &impl Reads, homes: &[HouseholdId]) -> Result<Vec<HouseholdId>> {
    let sets = homes.iter().map(|home| vec![home.get().into()]);
    let answers = on.rows_each(PUSHED, sets.collect()).await?;
    let pushed = homes.iter().zip(answers);
    let pushed = pushed.filter(|(_, rows)| !rows.is_empty());
    Ok(pushed.map(|(home, _)| *home).collect())
}

/// What was pushed for a place and all inside it, those without an answer first.
pub async fn finds(on: &impl Reads, area: Option<&AreaCode>, limit: u32) -> Result<Vec<Find>> {
    let (from, below) = range(area);
    let rows = on.rows(FINDS_IN, vec![from, below, limit.into()]).await?;
    rows.iter().map(from_row).collect()
}

/// The department's answer, once.
pub async fn answer_find(
    tx: &mut JournalTx,
    at: &At,
    by: &str,
    no: i64,
    (outcome, answer): (FindOutcome, &str),
) -> Result<()> {
    let values = vec![
        outcome.into(),
        answer.into(),
        at.into(),
        by.into(),
        no.into(),
    ];
    once(tx.execute(ANSWER_FIND, values).await?, "待答复的推送", no)
}

fn from_row(row: &Row) -> Result<Find> {
    let outcome = row.text_opt(15)?;
    Ok(Find {
        no: row.int(0)?,
        content: NewFind {
            household: HouseholdId::new(row.int(1)?),
            person: row.int_opt(2)?.map(PersonId::new),
            programme: row.text(3)?,
            month: row.month(4)?,
            place: row.int(5)?,
            verdict: row.word(6, FindVerdict::from_word)?,
            because: row.text(7)?,
            department: row.text(8)?,
            office: row.text(9)?,
            area: row.area(10)?,
            day: row.day(11)?,
            due: row.day(12)?,
            by: row.text(14)?,
        },
        at: row.at(13)?,
        outcome: outcome.as_deref().and_then(FindOutcome::from_word),
        answer: row.text(16)?,
        answered_at: row.at_opt(17)?,
        answered_by: row.text(18)?,
    })
}
