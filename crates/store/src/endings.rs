//! 终止办理的送达: how the letter about a procedure that was ended before a decision reached the applicant.

use crate::areas::range;
use crate::at::At;
use crate::decisions::DeliveryWay;
use crate::error::Result;
use crate::notices::add;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::Value;
use domain::{AreaCode, CaseNo, Day};
use std::collections::BTreeSet;

statements! {
    ADD = "insert into ending_deliveries (case_no, document, way, receiver, day, by_login, at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8)";
    FIND = "select document, way, receiver, day, by_login from ending_deliveries where case_no = $1";
    // Ended cases of a procedure whose letter nobody has handed over, the newest ended first.
    WAITING = "select c.case_no, c.closed_at from cases c left join ending_deliveries d on d.case_no = c.case_no
        where c.state = 'closed' and c.outcome = 'ended' and c.procedure = $1 and c.area >= $2 and c.area < $3
          and d.case_no is null order by c.closed_at desc, c.case_no desc limit $4";
}

/// How a letter was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndingDelivery {
    /// Of which case.
    pub case: CaseNo,
    /// Which letter.
    pub document: String,
    /// By which way.
    pub way: DeliveryWay,
    /// Who signed for it: a word and a number of the register, never a name.
    pub receiver: String,
    /// On which day.
    pub day: Day,
    /// Who handed it over.
    pub by: String,
}

/// Keeps how it was handed over; the database refuses a second time.
pub async fn deliver(tx: &mut JournalTx, at: &At, new: &EndingDelivery) -> Result<()> {
    let columns = [
        ("case_no", Value::from(new.case.get())),
        ("document", new.document.as_str().into()),
        ("way", new.way.into()),
        ("receiver", new.receiver.as_str().into()),
        ("day", new.day.to_string().into()),
        ("by_login", new.by.as_str().into()),
        ("at", at.into()),
    ];
    add(tx, ADD, "ending_deliveries", &columns).await
}

/// How the letter of a case was handed over; none while it was not.
pub async fn delivered(on: &impl Reads, case: CaseNo) -> Result<Option<EndingDelivery>> {
    let rows = on.rows(FIND, vec![case.get().into()]).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    Ok(Some(EndingDelivery {
        case,
        document: row.text(0)?,
        way: row.word(1, DeliveryWay::from_word)?,
        receiver: row.text(2)?,
        day: row.day(3)?,
        by: row.text(4)?,
    }))
}

/// Ended cases whose letter nobody handed over, the newest ended first: of procedures, each in a place and all inside
/// it. The limit is for all of them together.
pub async fn waiting(on: &impl Reads, of: &[(&str, AreaCode)], limit: u32) -> Result<Vec<CaseNo>> {
    let sets = of.iter().map(|(procedure, place)| {
        let (from, below) = range(Some(place));
        vec![Value::from(*procedure), from, below, limit.into()]
    });
    let answers = on.rows_each(WAITING, sets.collect()).await?;
    // Places may lie within each other.
    let mut found: BTreeSet<(String, i64)> = BTreeSet::new();
    for row in answers.iter().flatten() {
        found.insert((row.text(1)?, row.int(0)?));
    }
    let newest = found.into_iter().rev().map(|(_, no)| CaseNo::new(no));
    Ok(newest
        .take(usize::try_from(limit).unwrap_or(usize::MAX))
        .collect())
}
