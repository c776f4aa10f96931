//! 追回决定: what of a recovery the county's delivered decisions are about, and what was added to it since the newest
//! of them was signed. What was added waits for a decision of its own and is taken on none before.

use super::recover::{came_back, known, large, note};
use super::{Paid, PayError};
use crate::office::Office;
use domain::Fen;
use store::entitlements::Cause;
use store::payments::{self, RecoveryState};
use store::reviews::{self, AfterDecision, AfterKind, AfterState};
use store::{Act, JournalTx, Reads};

/// The decisions about how much of a recovery is asked back, oldest first; those that give the rest up are none.
fn asking(decided: &[AfterDecision]) -> impl DoubleEndedIterator<Item = &AfterDecision> {
    decided.iter().filter(|one| {
        let amounts = matches!(one.content.kind, AfterKind::Recover | AfterKind::Kept);
        amounts && one.state == AfterState::Effective && !gives_up(one)
    })
}

/// Whether a decision gives up the rest: it follows one that asks and is signed beside the steps.
fn gives_up(one: &AfterDecision) -> bool {
    one.content.step == crate::casework::afterwards::WRITE_OFF
}

/// How much of a recovery no delivered decision is about though one is about the rest; nothing before the first.
///
/// # Errors
/// There is none, or the record.
pub async fn undecided(on: &impl Reads, recovery: i64) -> Paid<Fen> {
    let found = known(on, recovery).await?;
    if found.state == RecoveryState::Closed {
        return Ok(Fen::ZERO);
    }
    let Some(case) = reviews::of_recovery(on, recovery).await? else {
        return Ok(Fen::ZERO);
    };
    let decided = reviews::decisions(on, case.case).await?;
    let Some(newest) = asking(&decided).next_back() else {
        return Ok(Fen::ZERO);
    };
    if let Some(lines) = payments::added_since(on, recovery, (newest.no, None)).await? {
        return sum(&lines);
    }
    // Signed before the record said where: what goes beyond what was decided was added.
    let asked = asking(&decided).filter_map(|one| one.content.after);
    let asked = Fen::total(asked).ok_or_else(large)?;
    let beyond = found.content.amount.checked_sub(asked);
    Ok(beyond.ok_or_else(large)?.max(Fen::ZERO))
}

fn sum(lines: &[(i64, Fen)]) -> Paid<Fen> {
    Fen::total(lines.iter().map(|(_, amount)| *amount)).ok_or_else(large)
}

/// The case of a recovery, and how much of it the decisions that were handed over ask back; none while none was.
pub(super) async fn rests_on(on: &impl Reads, recovery: i64) -> Paid<Option<(i64, Option<Fen>)>> {
    let Some(case) = reviews::of_recovery(on, recovery).await? else {
        return Ok(None);
    };
    let decided = reviews::decisions(on, case.case).await?;
    if asking(&decided).next().is_none() {
        return Ok(Some((case.case.get(), None)));
    }
    let asked = known(on, recovery).await?.content.amount;
    let added = undecided(on, recovery).await?;
    let decided = asked.checked_sub(added).ok_or_else(large)?;
    Ok(Some((case.case.get(), Some(decided))))
}

/// A decision about a recovery is signed: what is added from now on is not of it.
///
/// # Errors
/// There is none, or the record.
pub async fn ruled_on(
    office: &Office,
    tx: &mut JournalTx,
    by: &str,
    (recovery, decision): (i64, i64),
) -> Paid<()> {
    let asked = known(tx, recovery).await?.content.amount;
    let at = office.clock.at();
    payments::ruled(tx, (&at, by), recovery, (decision, asked)).await?;
    Ok(())
}

/// What a delivered decision asks back is what is asked back of all it is about, and no more; what was added since it
/// was signed waits. Whether nothing is owed any more.
///
/// # Errors
/// It is closed, or there is less to ask back than was decided.
pub async fn decided(
    office: &Office,
    tx: &mut JournalTx,
    by: &str,
    (recovery, amount): (i64, Fen),
    (decision, cause): (i64, &Cause),
) -> Paid<bool> {
    let found = known(tx, recovery).await?;
    let case = reviews::of_recovery(tx, recovery).await?;
    let before = match case {
        Some(case) => reviews::decisions(tx, case.case).await?,
        None => Vec::new(),
    };
    let later = payments::added_since(tx, recovery, (decision, None)).await?;
    let later = sum(&later.unwrap_or_default())?;
    let whole = match asking(&before).next_back() {
        Some(_) => undecided(tx, recovery).await?,
        None => found.content.amount,
    };
    let about = whole.checked_sub(later).ok_or_else(large)?;
    let drops = about.checked_sub(amount).ok_or_else(large)?;
    let back = came_back(tx, recovery).await?;
    let now = found.content.amount.checked_sub(drops).ok_or_else(large)?;
    if drops < Fen::ZERO || back > now {
        let said = format!(
            "追回 {recovery} 登记多领 {about} 元;决定追回的 {amount} 元不能比它多,也不能比已经退回的少"
        );
        return Err(PayError::Refused(said));
    }
    if drops == Fen::ZERO {
        return Ok(false);
    }
    let at = office.clock.at();
    let says = format!("登记多领 {about} 元,决定追回 {amount} 元");
    note(tx, (&at, by), recovery, ("追回决定", &says)).await?;
    // A recovery of nothing is closed as it stood: it asks for nothing any more.
    if now > Fen::ZERO {
        payments::lower_recovery(tx, recovery, now).await?;
    }
    let ends = back == now;
    if ends {
        payments::close_recovery(tx, recovery, &at).await?;
    }
    tx.record(
        Act::new(&at, by, "payment.recover")
            .on("recovery", recovery)
            .because(says)
            .under(format!("{}:{}", cause.kind, cause.id)),
    );
    Ok(ends)
}
