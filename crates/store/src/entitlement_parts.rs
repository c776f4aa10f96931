//! 金额组成: of what an amount of an entitlement is made up, such as 差额 and 分类施保. Kept with the amount, so that
//! what changes or ends brings its own parts; a row is never changed.

use crate::at::At;
use crate::entitlements::Cause;
use crate::error::Result;
use crate::notices::add;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value};
use domain::{Fen, Month, PersonId};

statements! {
    CHANGES = "select change_no from entitlement_amount where cause_kind = $1 and cause_id = $2
        order by change_no";
    CHANGE = "select max(change_no) from entitlement_amount where entitlement_id = $1 and from_month <= $2";
    ADD = "insert into entitlement_part (part_no, change_no, part, person_id, amount, at, digest)
        values ($1, $2, $3, $4, $5, $6, $7)";
    OF_CAUSE = "select part, person_id, amount from entitlement_part where change_no =
            (select min(change_no) from entitlement_amount where cause_kind = $1 and cause_id = $2)
        order by part_no";
    OF_MONTH = "select part, person_id, amount from entitlement_part where change_no =
            (select max(change_no) from entitlement_amount where entitlement_id = $1 and from_month <= $2)
        order by part_no";
    OF_BATCH = "select l.line_no, p.part, p.amount from payment_line l
        join entitlement_part p on p.change_no =
            (select max(a.change_no) from entitlement_amount a
                where a.entitlement_id = l.entitlement_id and a.from_month <= l.month)
        where l.batch_no = $1 and p.person_id is null order by l.line_no, p.part_no";
}

/// A part of an amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is called in the rulebook.
    pub part: String,
    /// Whose share of it; none for the whole part.
    pub person: Option<PersonId>,
    /// How much a month.
    pub amount: Fen,
}

/// Keeps the parts of every amount that came of a cause.
///
/// # Errors
/// The record.
pub async fn keep(tx: &mut JournalTx, at: &At, cause: &Cause, parts: &[Part]) -> Result<()> {
    let of = vec![cause.kind.as_str().into(), cause.id.as_str().into()];
    for change in tx.rows(CHANGES, of).await? {
        add_to(tx, at, change.int(0)?, parts).await?;
    }
    Ok(())
}

/// Keeps the parts of what an entitlement gives in a month; of one without an amount, nothing.
///
/// # Errors
/// The record.
pub async fn keep_of(
    tx: &mut JournalTx,
    at: &At,
    (entitlement, month): (i64, Month),
    parts: &[Part],
) -> Result<()> {
    let of = vec![entitlement.into(), month.to_string().into()];
    let rows = tx.rows(CHANGE, of).await?;
    let change = rows.first().map(|row| row.int_opt(0)).transpose()?;
    match change.flatten() {
        Some(change) => add_to(tx, at, change, parts).await,
        None => Ok(()),
    }
}

async fn add_to(tx: &mut JournalTx, at: &At, change: i64, parts: &[Part]) -> Result<()> {
    let first = tx.take_numbers("entitlement_part", parts.len()).await?;
    for (no, part) in (first..).zip(parts) {
        let columns = [
            ("part_no", Value::from(no)),
            ("change_no", change.into()),
            ("part", part.part.as_str().into()),
            ("person_id", part.person.map(PersonId::get).into()),
            ("amount", part.amount.get().into()),
            ("at", at.into()),
        ];
        add(tx, ADD, "entitlement_part", &columns).await?;
    }
    Ok(())
}

/// The parts of what a cause gives.
///
/// # Errors
/// The record.
pub async fn of_cause(on: &impl Reads, cause: &Cause) -> Result<Vec<Part>> {
    let of = vec![cause.kind.as_str().into(), cause.id.as_str().into()];
    let rows = on.rows(OF_CAUSE, of).await?;
    rows.iter().map(from_row).collect()
}

/// The parts of what an entitlement gives in a month.
///
/// # Errors
/// The record.
pub async fn of_month(on: &impl Reads, entitlement: i64, month: Month) -> Result<Vec<Part>> {
    let of = vec![entitlement.into(), month.to_string().into()];
    let rows = on.rows(OF_MONTH, of).await?;
    rows.iter().map(from_row).collect()
}

/// The whole parts of the lines of a batch, in order: the line, the part, how much.
///
/// # Errors
/// The record.
pub async fn of_batch(on: &impl Reads, batch: i64) -> Result<Vec<(i64, String, Fen)>> {
    let rows = on.rows(OF_BATCH, vec![batch.into()]).await?;
    rows.iter()
        .map(|row| Ok((row.int(0)?, row.text(1)?, Fen::new(row.int(2)?))))
        .collect()
}

fn from_row(row: &Row) -> Result<Part> {
    Ok(Part {
        part: row.text(0)?,
        person: row.int_opt(1)?.map(PersonId::new),
        amount: Fen::new(row.int(2)?),
    })
}
