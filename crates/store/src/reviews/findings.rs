//! 责任认定: what a supervisor found of somebody's work. Appended, never changed.

use crate::at::At;
use crate::error::Result;
use crate::notices::add;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Value, words};
use domain::{CaseNo, Day};

statements! {
    FINDING = "insert into work_findings (work_finding_no, case_no, login, what, good_faith, corrected_day,
            because, by_login, at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    FINDINGS = "select case_no, login, what, good_faith, corrected_day, because, by_login, at
        from work_findings where login = $1 order by work_finding_no";
}

words! {
    /// 善意.
    GoodFaith {
        /// 没有故意或者重大过失.
        Yes = "yes",
        /// 有故意或者重大过失.
        No = "no",
    }
}

/// What was found of somebody's work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkFinding {
    /// In which case.
    pub case: CaseNo,
    /// Whose work.
    pub login: String,
    /// What went wrong.
    pub what: String,
    /// Whether in good faith.
    pub good_faith: GoodFaith,
    /// On which day it was put right.
    pub corrected: Option<Day>,
    /// Why it is found so.
    pub because: String,
    /// Who found it.
    pub by: String,
    /// When.
    pub at: At,
}

/// Keeps what was found of somebody's work.
pub async fn add_finding(tx: &mut JournalTx, new: &WorkFinding) -> Result<i64> {
    let no = tx.take_numbers("work_finding", 1).await?;
    let columns = [
        ("work_finding_no", Value::from(no)),
        ("case_no", new.case.get().into()),
        ("login", new.login.as_str().into()),
        ("what", new.what.as_str().into()),
        ("good_faith", new.good_faith.into()),
        (
            "corrected_day",
            new.corrected.map(|day| day.to_string()).into(),
        ),
        ("because", new.because.as_str().into()),
        ("by_login", new.by.as_str().into()),
        ("at", (&new.at).into()),
    ];
    add(tx, FINDING, "work_findings", &columns).await?;
    Ok(no)
}

/// What was found of somebody's work, oldest first.
pub async fn findings(on: &impl Reads, login: &str) -> Result<Vec<WorkFinding>> {
    let rows = on.rows(FINDINGS, vec![login.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(WorkFinding {
                case: CaseNo::new(row.int(0)?),
                login: row.text(1)?,
                what: row.text(2)?,
                good_faith: row.word(3, GoodFaith::from_word)?,
                corrected: row.day_opt(4)?,
                because: row.text(5)?,
                by: row.text(6)?,
                at: row.at(7)?,
            })
        })
        .collect()
}
