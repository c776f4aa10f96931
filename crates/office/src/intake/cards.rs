//! Bank cards a file tells: sealed into the record, each with the row that told it; the lake never
//! sees them.

use super::row_id;
use crate::error::Result;
use domain::BankCard;
use store::{At, JournalTx, RowId};

/// Keeps the cards of a file by row number.
pub(super) async fn keep(
    tx: &mut JournalTx,
    at: &At,
    batch_no: i64,
    told: Vec<(u32, String)>,
) -> Result<()> {
    // Every one was read as a card before.
    let cards: Vec<(RowId, BankCard)> = told
        .into_iter()
        .filter_map(|(row, card)| Some((row_id(batch_no, row), BankCard::parse(&card).ok()?.card)))
        .collect();
    if cards.is_empty() {
        return Ok(());
    }
    let (rows, cards): (Vec<RowId>, Vec<BankCard>) = cards.into_iter().unzip();
    let ids = store::bank_accounts::remember(tx, at, &cards).await?;
    let told: Vec<(RowId, i64)> = rows.into_iter().zip(ids).collect();
    store::bank_accounts::note_rows(tx, &told).await?;
    Ok(())
}
