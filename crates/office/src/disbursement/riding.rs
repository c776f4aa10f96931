//! 随后补发: what paid months lacked comes on top of the first month that is still to be drawn. When that month is
//! changed, or no longer given, what rides on it is not lost.

use super::{Paid, PayError};
use domain::{Fen, Month};
use std::collections::BTreeSet;
use store::entitlements::{self, AmountChange, Entitlement};
use store::{Reads, payments};

/// What rides on a month of some help from `changed` on, and on which: what months before `since` lacked. What later
/// ones lacked is not among it, for whoever changes help from a month on says anew what is due from there.
///
/// # Errors
/// The amounts are out of reach; the record.
pub(crate) async fn riding(
    on: &impl Reads,
    help: &Entitlement,
    changed: Month,
    since: Month,
) -> Paid<Option<(Month, Fen)>> {
    let amounts = entitlements::amounts(on, help.id).await?;
    let drawn: BTreeSet<Month> = payments::of_entitlement(on, help.id, changed)
        .await?
        .iter()
        .filter(|line| line.state.holds())
        .map(|line| line.content.month)
        .collect();
    let begins: BTreeSet<Month> = amounts.iter().map(|change| change.from).collect();
    let open = begins.into_iter().filter(|month| {
        *month >= changed && !drawn.contains(month) && help.to.is_none_or(|to| *month < to)
    });
    let mut with_more = open.filter_map(|month| {
        let (more, due) = on_top(&amounts, month)?;
        Some((month, more, due))
    });
    let Some((month, more, due)) = with_more.next() else {
        return Ok(None);
    };
    let mut later = Vec::new();
    let (programme, component) = (&help.programme, &help.component);
    for one in entitlements::of_subject(on, programme, component, help.subject).await? {
        for line in payments::of_entitlement(on, one.id, since).await? {
            if line.state.holds() && line.content.month < month {
                later.extend(due.checked_sub(line.content.amount));
            }
        }
    }
    let later = Fen::total(later.into_iter().filter(|less| *less > Fen::ZERO));
    let kept = more.checked_sub(later.ok_or_else(large)?);
    Ok(kept
        .filter(|kept| *kept > Fen::ZERO)
        .map(|kept| (month, kept)))
}

/// What some help gives a month by itself, without what rides on it; nothing before it began.
///
/// # Errors
/// The record.
pub(crate) async fn own_amount(on: &impl Reads, help: &Entitlement, month: Month) -> Paid<Fen> {
    let amounts = entitlements::amounts(on, help.id).await?;
    let held = held(&amounts, month).map_or(Fen::ZERO, |change| change.amount);
    Ok(on_top(&amounts, month).map_or(held, |(_, due)| due))
}

fn held(amounts: &[AmountChange], month: Month) -> Option<&AmountChange> {
    let mut newest = amounts.iter().rev();
    newest.find(|change| change.from <= month)
}

/// What rides on a month, and the month's own amount. Both were written by the same decision: so much in that month,
/// less from the next on.
fn on_top(amounts: &[AmountChange], month: Month) -> Option<(Fen, Fen)> {
    let (with, then) = (held(amounts, month)?, held(amounts, month.next())?);
    let one = with.from == month && then.from == month.next() && with.cause == then.cause;
    let more = with.amount.checked_sub(then.amount)?;
    (one && more > Fen::ZERO).then_some((more, then.amount))
}

pub(super) fn large() -> PayError {
    PayError::Refused("补差的合计超出可以计算的范围".to_owned())
}
