//! 重新打开: what was refused of a resident's and is looked at again. The answer given before stays beside it.

use super::matters::{Correction, CorrectionState, corrections_listed};
use super::sending::SubmissionState;
use crate::at::At;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::words;
use domain::{AreaCode, Day};

statements! {
    ADD = "insert into reopenings (reopening_no, kind, matter_no, refused_because, refused_by, refused_at,
            because, by_login, at, day)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    OF = "select refused_because, refused_by, refused_at, because, by_login, at, day from reopenings
        where kind = $1 and matter_no = $2 order by reopening_no";
    REFUSED_SUBMISSION = "select because, settled_by, settled_at from submissions
        where submission_no = $1 and state = $2";
    REFUSED_CORRECTION = "select because, answered_by, answered_at from corrections
        where correction_no = $1 and state = $2";
    CORRECTIONS_REFUSED = "select correction_no, person_id, area, fact, kind, source, department, office,
            content, at, due, state, because, answered_at, answered_by
        from corrections where state = 'refused' and area >= $1 and area < $2
        order by correction_no desc limit $3";
    OPEN_SUBMISSION = "update submissions set state = $1, settled_at = null, settled_by = '', because = ''
        where submission_no = $2 and state = 'refused'";
    OPEN_CORRECTION = "update corrections set state = $1, because = '', answered_at = null,
            answered_by = '', due = $2
        where correction_no = $3 and state = 'refused'";
}

words! {
    /// What is looked at again.
    Reopened {
        /// 网上申请.
        Submission = "submission",
        /// 更正.
        Correction = "correction",
    }
}

/// 重新打开.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reopening {
    /// Why it was refused, by whom, when.
    pub refused: (String, String, At),
    /// Why it is looked at again.
    pub because: String,
    /// By whom.
    pub by: String,
    /// When.
    pub at: At,
    /// On which day; its clock runs from here.
    pub day: Day,
}

/// Takes up again what was refused. `due` is by when a correction is answered now.
///
/// # Errors
/// It was not refused.
pub async fn reopen(
    tx: &mut JournalTx,
    (at, day, by): (&At, Day, &str),
    (kind, no): (Reopened, i64),
    (because, due): (&str, Option<Day>),
) -> Result<()> {
    let (refused, state) = match kind {
        Reopened::Submission => (REFUSED_SUBMISSION, SubmissionState::Refused.word()),
        Reopened::Correction => (REFUSED_CORRECTION, CorrectionState::Refused.word()),
    };
    let gone = || StoreError::NotThere {
        what: "没有收件或者没有采纳的事项",
        id: no,
    };
    let rows = tx.rows(refused, vec![no.into(), state.into()]).await?;
    let row = rows.first().ok_or_else(gone)?;
    let values = vec![
        tx.take_numbers("reopening", 1).await?.into(),
        kind.into(),
        no.into(),
        row.text(0)?.into(),
        row.text(1)?.into(),
        (&row.at(2)?).into(),
        because.into(),
        by.into(),
        at.into(),
        day.to_string().into(),
    ];
    tx.execute(ADD, values).await?;
    let opened = match kind {
        Reopened::Submission => {
            let values = vec![SubmissionState::Waiting.word().into(), no.into()];
            tx.execute(OPEN_SUBMISSION, values).await?
        }
        Reopened::Correction => {
            let due = due.map(|day| day.to_string());
            let values = vec![CorrectionState::Open.word().into(), due.into(), no.into()];
            tx.execute(OPEN_CORRECTION, values).await?
        }
    };
    match opened {
        1 => Ok(()),
        _ => Err(gone()),
    }
}

/// How often something was taken up again, oldest first.
pub async fn reopenings(on: &impl Reads, (kind, no): (Reopened, i64)) -> Result<Vec<Reopening>> {
    let rows = on.rows(OF, vec![kind.into(), no.into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Reopening {
                refused: (row.text(0)?, row.text(1)?, row.at(2)?),
                because: row.text(3)?,
                by: row.text(4)?,
                at: row.at(5)?,
                day: row.day(6)?,
            })
        })
        .collect()
}

/// Those that were not accepted in a place and all inside it, the newest first.
pub async fn corrections_refused(
    on: &impl Reads,
    area: Option<&AreaCode>,
    limit: u32,
) -> Result<Vec<Correction>> {
    corrections_listed(on, CORRECTIONS_REFUSED, (area, limit)).await
}
