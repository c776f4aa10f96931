//! 追回: what was paid and must come back. Opened by a stop or by an official, walked through the
//! steps the rulebook names; money that comes back moves in the ledger in the same write.

use super::{Paid, PayError, book, whole};
use crate::access::{Acting, Right};
use crate::office::Office;
use domain::payment::LineState;
use domain::{Fen, Month, ledger};
use store::entitlements::{Cause, Entitlement};
use store::ledger::{Entry, Pending};
use store::payments::{self, NewRecovery, RecoveryState, RecoveryStep};
use store::{Act, At, JournalTx};

/// Opens a recovery of what an entitlement was paid from a month on, when anything was.
pub(super) async fn ask_back(
    tx: &mut JournalTx,
    at: &At,
    by: &str,
    entitlement: &Entitlement,
    from: Month,
    why: &str,
) -> Paid<Option<i64>> {
    let lines = payments::of_entitlement(tx, entitlement.id, from).await?;
    let paid: Vec<_> = lines
        .iter()
        .filter(|line| line.state == LineState::Paid)
        .collect();
    let Some(amount) = Fen::total(paid.iter().map(|line| line.content.amount)) else {
        return Err(PayError::Refused("多发的合计超出可以计算的范围".to_owned()));
    };
    if amount == Fen::ZERO {
        return Ok(None);
    }
    let new = NewRecovery {
        entitlement: entitlement.id,
        household: entitlement.household,
        programme: entitlement.programme.clone(),
        amount,
        cause: why.to_owned(),
        by: by.to_owned(),
        lines: paid.iter().map(|line| line.id).collect(),
    };
    let id = payments::add_recovery(tx, at, &new).await?;
    tx.record(
        Act::new(at, by, "payment.recover")
            .on("recovery", id)
            .because(format!("{from} 起多发 {amount} 元"))
            .under(why),
    );
    Ok(Some(id))
}

/// Opens a recovery by hand: an entitlement was paid from a month on and should not have been.
///
/// # Errors
/// The right is missing, nothing was paid since, or a recovery of it is open.
pub async fn recover(
    office: &Office,
    who: &Acting,
    entitlement: i64,
    from: Month,
    why: &str,
) -> Paid<i64> {
    whole(who, Right::PAYMENT_APPROVE)?;
    if why.trim().is_empty() {
        let said = "请写明为什么要追回,依据是哪份文件或者哪条记录";
        return Err(PayError::Refused(said.to_owned()));
    }
    let mut tx = office.store.write().await?;
    let known = store::entitlements::find(&tx, entitlement).await?;
    let known =
        known.ok_or_else(|| PayError::NotFound(format!("没有编号为 {entitlement} 的待遇")))?;
    let at = office.clock.at();
    let opened = ask_back(&mut tx, &at, who.login(), &known, from, why.trim()).await?;
    let id = opened.ok_or_else(|| {
        PayError::Refused(format!(
            "待遇 {entitlement} 从 {from} 起没有已发的钱,不用追回"
        ))
    })?;
    tx.commit().await?;
    Ok(id)
}

/// Notes a step of a recovery; what came back moves in the ledger, and when all has, it is closed.
///
/// # Errors
/// The right is missing, the rulebook knows no such step, more came back than was asked.
pub async fn recovery_step(
    office: &Office,
    who: &Acting,
    recovery: i64,
    step: &str,
    amount: Option<Fen>,
    says: &str,
) -> Paid<()> {
    whole(who, Right::PAYMENT_APPROVE)?;
    let book = book(office)?;
    let known = book.steps.iter().find(|known| known.code == step);
    let known =
        known.ok_or_else(|| PayError::Refused(format!("发放办法里没有追回步骤 `{step}`")))?;
    let mut tx = office.store.write().await?;
    let found = payments::find_recovery(&tx, recovery).await?;
    let found = found.ok_or_else(|| PayError::NotFound(format!("没有编号为 {recovery} 的追回")))?;
    if found.state == RecoveryState::Closed {
        let said = format!("追回 {recovery} 已经了结,不再登记;请刷新后再看");
        return Err(PayError::Refused(said));
    }
    match (known.money, amount.map(|amount| amount > Fen::ZERO)) {
        (true, Some(true)) | (false, None) => {}
        (true, _) => {
            let said = format!("“{}”请写退回多少元", known.title);
            return Err(PayError::Refused(said));
        }
        (false, Some(_)) => {
            let said = format!("“{}”不收款,不要写金额", known.title);
            return Err(PayError::Refused(said));
        }
    }
    if known.ends && says.trim().is_empty() {
        let said = format!("“{}”请写明凭证", known.title);
        return Err(PayError::Refused(said));
    }
    let before = payments::recovery_steps(&tx, recovery).await?;
    let back = Fen::total(before.iter().filter_map(|step| step.amount).chain(amount));
    let asked = found.content.amount;
    if back.is_none_or(|back| back > asked) {
        let said = format!("退回的合计超过要追回的 {asked} 元;请核对金额");
        return Err(PayError::Refused(said));
    }
    let at = office.clock.at();
    let noted = RecoveryStep {
        step: known.title.clone(),
        amount,
        by: who.login().to_owned(),
        at: at.clone(),
        says: says.trim().to_owned(),
    };
    payments::note_step(&mut tx, recovery, &noted).await?;
    if let Some(amount) = amount {
        let transfers = ledger::give_back(&found.content.programme, amount);
        let entry = Entry {
            transfers: &transfers,
            pending: Pending::No,
            batch: None,
            cause: Cause::new("recovery", format!("{recovery}/{}", before.len())),
        };
        store::ledger::apply(&mut tx, &at, &entry).await?;
    }
    if known.ends && (amount.is_none() || back == Some(asked)) {
        payments::close_recovery(&mut tx, recovery, &at).await?;
    }
    tx.record(
        Act::new(&at, who.login(), "payment.recovery-step")
            .on("recovery", recovery)
            .because(&known.title),
    );
    tx.commit().await?;
    Ok(())
}
