//! What a household is paid, month by month, with the card of each entitlement, masked, and what must come
//! back.

use super::shown::{LineRow, line_rows, title};
use super::{Paid, PayError};
use crate::access::{Acting, Right, Scope, home_within};
use crate::office::Office;
use crate::views::{Tone, ViewError, Word};
use domain::{Fen, HouseholdId, Month};
use serde::Serialize;
use store::payments;

/// Lines of a household's file.
const OF_HOUSEHOLD_SHOWN: u32 = 36;

/// What a household is entitled to.
#[derive(Clone, Debug, Serialize)]
pub struct EntitledRow {
    /// Its number.
    pub id: i64,
    /// 项目 and 组成.
    pub title: String,
    /// From when until when.
    pub when: String,
    /// How much a month.
    pub amount: String,
    /// The card, masked.
    pub card: String,
}

/// What a household was paid.
#[derive(Clone, Debug, Serialize)]
pub struct HouseholdPayments {
    /// Entitlements.
    pub entitled: Vec<EntitledRow>,
    /// Whether this official may change a card.
    pub cards: bool,
    /// Whether this official may ask money back.
    pub recovers: bool,
    /// Lines, newest first.
    pub lines: Vec<(String, i64, LineRow)>,
    /// Recoveries: number, programme, sum, state.
    pub recoveries: Vec<(i64, String, String, Word)>,
}

/// Refuses what belongs to this official or a near relative.
pub(super) fn within(who: &Acting, household: HouseholdId) -> Paid<()> {
    match who.is_kept_from(household) {
        true => Err(PayError::Refused(ViewError::kept_from().to_string())),
        false => Ok(()),
    }
}

/// The card each entitlement is paid to, masked.
async fn cards_of(office: &Office, entitlements: &[i64]) -> Paid<Vec<String>> {
    let store = &office.store;
    let all = store::entitlements::accounts(store, entitlements).await?;
    let newest: Vec<Option<i64>> = all.iter().map(|c| c.last().map(|c| c.account)).collect();
    let ids: Vec<i64> = newest.iter().flatten().copied().collect();
    let known = store::bank_accounts::known(store, &ids).await?;
    let masked = |id: &Option<i64>| {
        let card = id.and_then(|id| known.get(&id));
        card.map_or_else(|| "没有卡".to_owned(), |card| card.masked.clone())
    };
    Ok(newest.iter().map(masked).collect())
}

/// What a household was paid and is entitled to, within a scope.
///
/// # Errors
/// The household is not within the scope, or the record cannot be read.
pub async fn household(
    office: &Office,
    who: &Acting,
    id: i64,
) -> Result<HouseholdPayments, ViewError> {
    let scope: Scope = who.scope(Right::HOUSEHOLD)?;
    let store = &office.store;
    let home = home_within(store, &scope, id).await?;
    if who.is_kept_from(home.id) {
        return Err(ViewError::kept_from());
    }
    let program = office.program_of(Month::containing(office.clock.today()));
    let household = HouseholdId::new(id);
    let mut entitled = Vec::new();
    let mut all = store::entitlements::of_household(store, household).await?;
    // Of a recognition nothing is paid.
    all.retain(|one| !crate::casework::recognised::is_one(one));
    let ids: Vec<i64> = all.iter().map(|one| one.id).collect();
    let cards = cards_of(office, &ids).await?;
    for (one, card) in all.into_iter().zip(cards) {
        let amounts = store::entitlements::amounts(store, one.id).await?;
        let amount = amounts.last().map_or(Fen::ZERO, |change| change.amount);
        let until = one
            .to
            .map_or_else(|| "至今".to_owned(), |to| format!("到 {} 止", to.prev()));
        entitled.push(EntitledRow {
            id: one.id,
            title: format!("{} · {}", title(&program, &one.programme), one.component),
            when: format!("{} 起,{until}", one.from),
            amount: format!("{amount} 元"),
            card,
        });
    }
    let lines = payments::of_household(store, household, OF_HOUSEHOLD_SHOWN).await?;
    let rows = line_rows(office, &program, &lines).await?;
    let lines = lines
        .iter()
        .zip(rows)
        .map(|(line, row)| (line.content.month.to_string(), line.batch, row))
        .collect();
    let recoveries = payments::recoveries_of_household(store, household).await?;
    let recoveries = recoveries.into_iter().map(|one| {
        let (text, tone) = match one.closed_at {
            None => ("追回中", Tone::Notice),
            Some(_) => ("已了结", Tone::Good),
        };
        let word = Word {
            text: text.to_owned(),
            tone,
        };
        (
            one.id,
            title(&program, &one.content.programme),
            one.content.amount.to_string(),
            word,
        )
    });
    Ok(HouseholdPayments {
        entitled,
        cards: who.scope(Right::PAYMENT_PREPARE).is_ok(),
        recovers: who.scope(Right::PAYMENT_APPROVE).is_ok(),
        lines,
        recoveries: recoveries.collect(),
    })
}
