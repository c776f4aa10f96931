//! 银行卡: cards money is sent to, sealed like all identity, found by a keyed digest, shown masked.
//!
//! Which row of a department's file told which card is kept, so that a card can be traced.

use crate::at::At;
use crate::error::Result;
use crate::identity::mask_card;
use crate::keys::ColumnSeal;
use crate::persons::RowId;
use crate::sql::{Kind, Table, statements};
use crate::tokens::{Token, Tokeniser};
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value};
use domain::BankCard;
use std::collections::HashMap;

statements! {
    FIND_TOKEN = "select account_id from bank_account where token = $1";
    FIND = "select account_id, token, card, check_digit_fits from bank_account where account_id = $1";
    FIND_TOKEN_OF = "select account_id, token from bank_account where account_id = $1";
    ADD_ROW = "insert into bank_account_row (row_id, account_id) values ($1, $2)
        on conflict (row_id) do nothing";
    ROWS_BETWEEN = "select row_id, account_id from bank_account_row
        where row_id >= $1 and row_id < $2 order by row_id";
    CONFIRM = "insert into payment_confirmation (confirmation_id, about, about_id, code, by_login, at, why)
        values ($1, $2, $3, $4, $5, $6, $7) on conflict (about, about_id, code) do nothing";
    CONFIRMED = "select about, about_id, code from payment_confirmation order by confirmation_id";
    OLD = "select account_id, card from bank_account where key_id < $1 order by account_id limit $2";
    SEAL = "update bank_account set key_id = $1, card = $2 where account_id = $3";
    LEFT_CARDS = "select count(*) from bank_account where key_id < $1";
}

const ACCOUNTS: Table = Table {
    name: "bank_account",
    columns: &[
        ("account_id", Kind::Int),
        ("token", Kind::Bytes),
        ("key_id", Kind::Int),
        ("card", Kind::Bytes),
        ("check_digit_fits", Kind::Int),
        ("at", Kind::Text),
    ],
};
pub(crate) const TABLES: &[Table] = &[ACCOUNTS];

/// What may be known of a card without opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its number in the record.
    pub id: i64,
    /// Keyed digest of the card.
    pub token: Token,
    /// `6299*******1234`.
    pub masked: String,
    /// Whether its last digit fits.
    pub check_digit_fits: bool,
}

/// Takes cards in; answers their numbers in the order given, the same for the same card.
pub async fn remember(tx: &mut JournalTx, at: &At, cards: &[BankCard]) -> Result<Vec<i64>> {
    let make = Tokeniser::of(tx);
    let tokens: Vec<Token> = cards.iter().map(|card| make.card(card.as_str())).collect();
    let mut known: HashMap<Token, i64> = HashMap::new();
    let sets = tokens.iter().map(|token| vec![(*token).into()]).collect();
    for (token, rows) in tokens.iter().zip(tx.rows_each(FIND_TOKEN, sets).await?) {
        if let Some(row) = rows.first() {
            known.insert(*token, row.int(0)?);
        }
    }
    let mut fresh: Vec<(Token, &BankCard)> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (token, card) in tokens.iter().zip(cards) {
        if !known.contains_key(token) && seen.insert(*token) {
            fresh.push((*token, card));
        }
    }
    let first = tx.take_numbers("bank_account", fresh.len()).await?;
    let seal = seal(tx);
    let newest = i64::from(tx.key_ring().0.newest());
    let mut rows = Vec::with_capacity(fresh.len());
    for (id, (token, card)) in (first..).zip(&fresh) {
        rows.push(vec![
            id.into(),
            (*token).into(),
            newest.into(),
            seal.seal(id, card.as_str().as_bytes())?.into(),
            i64::from(card.check_digit_fits()).into(),
            at.into(),
        ]);
        known.insert(*token, id);
    }
    tx.insert(ACCOUNTS, rows).await?;
    Ok(tokens
        .iter()
        .filter_map(|token| known.get(token).copied())
        .collect())
}

/// Notes which rows told which cards.
pub async fn note_rows(tx: &mut JournalTx, rows: &[(RowId, i64)]) -> Result<()> {
    let sets = rows
        .iter()
        .map(|(row, account)| vec![row.get().into(), (*account).into()]);
    tx.execute_each(ADD_ROW, sets.collect()).await?;
    Ok(())
}

/// The cards the rows of a file told, by row.
pub async fn of_batch(on: &impl Reads, batch_no: i64) -> Result<HashMap<i64, i64>> {
    let first = RowId::new(batch_no, 0).map_or(0, RowId::get);
    let end = RowId::new(batch_no.saturating_add(1), 0).map_or(i64::MAX, RowId::get);
    let rows = on
        .rows(ROWS_BETWEEN, vec![first.into(), end.into()])
        .await?;
    rows.iter()
        .map(|row| Ok((row.int(0)?, row.int(1)?)))
        .collect()
}

/// What may be known of cards, by number.
pub async fn known(on: &impl Reads, ids: &[i64]) -> Result<HashMap<i64, Known>> {
    let seal = seal(on);
    let sets = ids.iter().map(|id| vec![(*id).into()]).collect();
    let mut out = HashMap::new();
    for row in on.rows_each(FIND, sets).await?.iter().flatten() {
        let id = row.int(0)?;
        let known = Known {
            id,
            token: row.array(1)?,
            masked: mask_card(&seal.open_text(id, &row.bytes(2)?)?),
            check_digit_fits: row.int(3)? == 1,
        };
        out.insert(id, known);
    }
    Ok(out)
}

/// Keyed digests of cards, by number.
pub async fn tokens(on: &impl Reads, ids: &[i64]) -> Result<HashMap<i64, Token>> {
    let sets = ids.iter().map(|id| vec![(*id).into()]).collect();
    let answers = on.rows_each(FIND_TOKEN_OF, sets).await?;
    let rows = answers.iter().flatten();
    rows.map(|row| Ok((row.int(0)?, row.array(1)?))).collect()
}

/// Notes that somebody looked at what a check found and answers for it.
pub async fn confirm(
    tx: &mut JournalTx,
    at: &At,
    by: &str,
    about: (&str, i64),
    code: &str,
    why: &str,
) -> Result<()> {
    let id = tx.take_numbers("payment_confirmation", 1).await?;
    let values = vec![
        id.into(),
        about.0.into(),
        about.1.into(),
        code.into(),
        by.into(),
        at.into(),
        why.into(),
    ];
    tx.execute(CONFIRM, values).await?;
    Ok(())
}

/// What was confirmed: about what, its number, which check.
pub async fn confirmed(on: &impl Reads) -> Result<Vec<(String, i64, String)>> {
    let rows = on.rows(CONFIRMED, vec![]).await?;
    rows.iter()
        .map(|row| Ok((row.text(0)?, row.int(1)?, row.text(2)?)))
        .collect()
}

/// Opens the card of a row that selected it; the caller has the grant.
pub(crate) fn open(seal: &ColumnSeal, row: &Row, id_at: usize, card_at: usize) -> Result<String> {
    seal.open_text(row.int(id_at)?, &row.bytes(card_at)?)
}

/// The seal of the cards.
pub(crate) fn seal(on: &impl Reads) -> ColumnSeal {
    on.key_ring().0.column("bank_account", "card")
}

/// Seals old cards anew with the newest key.
pub(crate) async fn seal_anew(tx: &JournalTx, newest: i64, old: Vec<Value>) -> Result<u64> {
    let seal = seal(tx);
    let mut sets = Vec::new();
    for row in tx.rows(OLD, old).await? {
        let id = row.int(0)?;
        let opened = seal.open(id, &row.bytes(1)?)?;
        sets.push(vec![
            newest.into(),
            seal.seal(id, &opened)?.into(),
            id.into(),
        ]);
    }
    Ok(tx.execute_each(SEAL, sets).await?.iter().sum())
}
