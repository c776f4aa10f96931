//! 协办: what a department was asked about a case, by when, and what it answered.

use crate::areas::range;
use crate::at::At;
use crate::error::Result;
use crate::notices::{add, once};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value};
use domain::{AreaCode, CaseNo, Day};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "select assist_no, case_no, step, department, office, area, question, choices, day, due, at,
                by_login, outcome, answer, answered_at, answered_by
            from assists ",
            $rest
        )
    };
}

statements! {
    ASK = "insert into assists (assist_no, case_no, step, department, office, area, question, choices, day,
            due, at, by_login, outcome, answer, answered_by, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '', '', '', $13)";
    FIND = select!("where assist_no = $1");
    OF_CASE = select!("where case_no = $1 order by assist_no");
    // Those without an answer first.
    IN_AREA = select!("where area >= $1 and area < $2 order by outcome <> '', due, assist_no limit $3");
    LATE = select!("where outcome = '' and due < $3 and area >= $1 and area < $2
        order by due, assist_no limit $4");
    ANSWER = "update assists set outcome = $1, answer = $2, answered_at = $3, answered_by = $4
        where assist_no = $5 and outcome = ''";
}

/// What a department is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAssist {
    /// About which case.
    pub case: CaseNo,
    /// Which step waits for the answer; empty where none does.
    pub step: String,
    /// Which department.
    pub department: String,
    /// Code of its organisation here; empty where it has no account.
    pub office: String,
    /// Where the case is handled.
    pub area: AreaCode,
    /// What it is asked, without a name or number.
    pub question: String,
    /// The answers to choose from, with 、 between.
    pub choices: String,
    /// The day it was asked.
    pub day: Day,
    /// By when it answers.
    pub due: Day,
    /// Who asked.
    pub by: String,
}

/// 协办, as the record knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assist {
    /// Its number.
    pub no: i64,
    /// What was asked.
    pub content: NewAssist,
    /// When.
    pub at: At,
    /// The answer chosen; empty while there is none.
    pub outcome: String,
    /// The same in words.
    pub answer: String,
    /// When.
    pub answered_at: Option<At>,
    /// Who answered.
    pub answered_by: String,
}

/// Asks; answers its number.
pub async fn ask(tx: &mut JournalTx, at: &At, new: &NewAssist) -> Result<i64> {
    let no = tx.take_numbers("assist", 1).await?;
    let columns = [
        ("assist_no", Value::from(no)),
        ("case_no", new.case.get().into()),
        ("step", new.step.as_str().into()),
        ("department", new.department.as_str().into()),
        ("office", new.office.as_str().into()),
        ("area", new.area.full().into()),
        ("question", new.question.as_str().into()),
        ("choices", new.choices.as_str().into()),
        ("day", new.day.to_string().into()),
        ("due", new.due.to_string().into()),
        ("at", at.into()),
        ("by_login", new.by.as_str().into()),
    ];
    add(tx, ASK, "assists", &columns).await?;
    Ok(no)
}

/// One of them.
pub async fn find(on: &impl Reads, no: i64) -> Result<Option<Assist>> {
    let rows = on.rows(FIND, vec![no.into()]).await?;
    rows.first().map(from_row).transpose()
}

/// All that was asked about a case, oldest first.
pub async fn of_case(on: &impl Reads, case: CaseNo) -> Result<Vec<Assist>> {
    let rows = on.rows(OF_CASE, vec![case.get().into()]).await?;
    rows.iter().map(from_row).collect()
}

/// What was asked about cases of a place and all inside it, those without an answer first.
pub async fn in_area(on: &impl Reads, area: Option<&AreaCode>, limit: u32) -> Result<Vec<Assist>> {
    let (from, below) = range(area);
    let rows = on.rows(IN_AREA, vec![from, below, limit.into()]).await?;
    rows.iter().map(from_row).collect()
}

/// What is not answered though its day is over, the longest first.
pub async fn late(
    on: &impl Reads,
    area: Option<&AreaCode>,
    today: Day,
    limit: u32,
) -> Result<Vec<Assist>> {
    let (from, below) = range(area);
    let values = vec![from, below, today.to_string().into(), limit.into()];
    let rows = on.rows(LATE, values).await?;
    rows.iter().map(from_row).collect()
}

/// The department's answer, once.
pub async fn answer(
    tx: &mut JournalTx,
    at: &At,
    by: &str,
    no: i64,
    (outcome, answer): (&str, &str),
) -> Result<()> {
    let values = vec![
        outcome.into(),
        answer.into(),
        at.into(),
        by.into(),
        no.into(),
    ];
    once(tx.execute(ANSWER, values).await?, "待答复的协办", no)
}

fn from_row(row: &Row) -> Result<Assist> {
    Ok(Assist {
        no: row.int(0)?,
        content: NewAssist {
            case: CaseNo::new(row.int(1)?),
            step: row.text(2)?,
            department: row.text(3)?,
            office: row.text(4)?,
            area: row.area(5)?,
            question: row.text(6)?,
            choices: row.text(7)?,
            day: row.day(8)?,
            due: row.day(9)?,
            by: row.text(11)?,
        },
        at: row.at(10)?,
        outcome: row.text(12)?,
        answer: row.text(13)?,
        answered_at: row.at_opt(14)?,
        answered_by: row.text(15)?,
    })
}
