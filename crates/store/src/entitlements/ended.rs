//! 停了的待遇: whoever was helped and is not any more.

use super::{Subject, SubjectKind};
use crate::error::Result;
use crate::sql::statements;
use crate::tx::Reads;
use crate::value::Row;
use domain::Month;

statements! {
    // Whoever was paid, is not any more, and has nothing else of the programme.
    ENDED = "select e.entitlement_id, e.programme, e.subject_kind, e.subject_id, e.to_month, e.stopped_cause
        from entitlement e
        where e.to_month is not null and e.to_month <= $1
          and not exists (select 1 from entitlement f
                where f.programme = e.programme and f.subject_kind = e.subject_kind
                  and f.subject_id = e.subject_id and f.from_month <= $1
                  and (f.to_month is null or $1 < f.to_month))
        order by e.to_month, e.entitlement_id";
}

/// An entitlement that has ended, with nothing in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its number.
    pub id: i64,
    /// The programme.
    pub programme: String,
    /// Of whom it was.
    pub subject: Subject,
    /// The first month without it.
    pub from: Month,
    /// Why.
    pub because: String,
}

/// Those that had ended by a month and have no other of the programme in their place, oldest end first.
pub async fn ended(on: &impl Reads, month: Month) -> Result<Vec<Ended>> {
    let rows = on.rows(ENDED, vec![month.to_string().into()]).await?;
    let ended = |row: &Row| {
        Ok(Ended {
            id: row.int(0)?,
            programme: row.text(1)?,
            subject: Subject {
                kind: row.word(2, SubjectKind::from_word)?,
                id: row.int(3)?,
            },
            from: row.month(4)?,
            because: row.text_opt(5)?.unwrap_or_default(),
        })
    };
    rows.iter().map(ended).collect()
}
