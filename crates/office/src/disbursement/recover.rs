//! 追回: what was paid and must come back. Opened by a stop or by an official, walked through the
//! steps the rulebook names; money that comes back moves in the ledger in the same write.

use super::{Paid, PayError, book, whole};
use crate::access::{Acting, Right};
use crate::office::Office;
use domain::payment::LineState;
use domain::{Fen, Month, ledger};
use std::collections::BTreeSet;
use store::entitlements::{Cause, Entitlement};
use store::ledger::{Entry, Pending};
use store::payments::{self, NewRecovery, RecoveryState, RecoveryStep};
use store::reviews::{AfterDecision, AfterKind, AfterState};
use store::{Act, At, JournalTx};

/// Asks back what an entitlement was paid from a month on and no recovery asks back yet: the open recovery is
/// extended, or one is opened. Answers it; with nothing new, the open one.
pub(super) async fn ask_back(
    tx: &mut JournalTx,
    at: &At,
    by: &str,
    entitlement: &Entitlement,
    from: Month,
    why: &str,
) -> Paid<Option<i64>> {
    let lines = payments::of_entitlement(tx, entitlement.id, from).await?;
    let asked = payments::asked_back(tx, entitlement.id).await?;
    let paid: Vec<(i64, Fen)> = lines
        .iter()
        .filter(|line| line.state == LineState::Paid && !asked.contains(&line.id))
        .map(|line| (line.id, line.content.amount))
        .collect();
    open_or_extend(tx, at, by, (entitlement, &paid), why).await
}

/// Money that was on its way while help was stopped or cut, and has arrived: it is asked back in the write
/// that says it arrived.
pub(super) async fn ask_back_arrived(
    tx: &mut JournalTx,
    at: &At,
    by: &str,
    (batch, arrived): (i64, &BTreeSet<i64>),
    why: &str,
) -> Paid<()> {
    for beyond in payments::overpaid(tx, batch).await? {
        if !arrived.contains(&beyond.line) {
            continue;
        }
        let known = store::entitlements::find(tx, beyond.entitlement).await?;
        if let Some(known) = known {
            let lines = [(beyond.line, beyond.amount)];
            open_or_extend(tx, at, by, (&known, &lines), why).await?;
        }
    }
    Ok(())
}

async fn open_or_extend(
    tx: &mut JournalTx,
    at: &At,
    by: &str,
    (entitlement, lines): (&Entitlement, &[(i64, Fen)]),
    why: &str,
) -> Paid<Option<i64>> {
    let Some(amount) = Fen::total(lines.iter().map(|(_, amount)| *amount)) else {
        return Err(PayError::Refused("多发的合计超出可以计算的范围".to_owned()));
    };
    let open = payments::open_recovery_of(tx, entitlement.id).await?;
    if amount == Fen::ZERO {
        return Ok(open.map(|open| open.id));
    }
    let ids: Vec<i64> = lines.iter().map(|(line, _)| *line).collect();
    let (id, said) = match open {
        Some(open) => {
            payments::extend_recovery(tx, open.id, &ids, amount).await?;
            (open.id, format!("又多发 {amount} 元,并入"))
        }
        None => {
            let new = NewRecovery {
                entitlement: entitlement.id,
                household: entitlement.household,
                programme: entitlement.programme.clone(),
                amount,
                cause: why.to_owned(),
                by: by.to_owned(),
                lines: ids,
            };
            let id = payments::add_recovery(tx, at, &new).await?;
            (id, format!("多发 {amount} 元"))
        }
    };
    tx.record(
        Act::new(at, by, "payment.recover")
            .on("recovery", id)
            .because(said)
            .under(why),
    );
    Ok(Some(id))
}

/// What a delivered decision asks back is what is asked back, and no more.
///
/// # Errors
/// It is closed, or more came back already than was decided.
pub async fn decided(
    office: &Office,
    tx: &mut JournalTx,
    by: &str,
    (recovery, amount): (i64, Fen),
    cause: &Cause,
) -> Paid<()> {
    let found = payments::find_recovery(tx, recovery).await?;
    let found = found.ok_or_else(|| PayError::NotFound(format!("没有编号为 {recovery} 的追回")))?;
    let steps = payments::recovery_steps(tx, recovery).await?;
    let back = Fen::total(steps.iter().filter_map(|step| step.amount));
    if back.is_none_or(|back| back > amount) || amount > found.content.amount {
        let said = format!(
            "追回 {recovery} 登记多领 {} 元;决定追回的 {amount} 元不能比它多,也不能比已经退回的少",
            found.content.amount
        );
        return Err(PayError::Refused(said));
    }
    if amount == found.content.amount {
        return Ok(());
    }
    payments::lower_recovery(tx, recovery, amount).await?;
    let at = office.clock.at();
    let noted = RecoveryStep {
        step: "追回决定".to_owned(),
        amount: None,
        by: by.to_owned(),
        at: at.clone(),
        says: format!("登记多领 {} 元,决定追回 {amount} 元", found.content.amount),
    };
    payments::note_step(tx, recovery, &noted).await?;
    if back == Some(amount) {
        payments::close_recovery(tx, recovery, &at).await?;
    }
    tx.record(
        Act::new(&at, by, "payment.recover")
            .on("recovery", recovery)
            .because(noted.says)
            .under(format!("{}:{}", cause.kind, cause.id)),
    );
    Ok(())
}

/// Nothing was paid beyond after all: the recovery ends and asks nothing back.
///
/// # Errors
/// Money came back on it already; the record.
pub async fn nothing_beyond(
    office: &Office,
    tx: &mut JournalTx,
    by: &str,
    recovery: i64,
    why: &str,
) -> Paid<()> {
    let found = payments::find_recovery(tx, recovery).await?;
    if found.is_none_or(|found| found.state == RecoveryState::Closed) {
        return Ok(());
    }
    let steps = payments::recovery_steps(tx, recovery).await?;
    if steps.iter().any(|step| step.amount.is_some()) {
        let said = format!("追回 {recovery} 已经收了退款,不能按没有多领了结;请先核对退款");
        return Err(PayError::Refused(said));
    }
    let at = office.clock.at();
    let noted = RecoveryStep {
        step: "没有多领".to_owned(),
        amount: None,
        by: by.to_owned(),
        at: at.clone(),
        says: why.to_owned(),
    };
    payments::note_step(tx, recovery, &noted).await?;
    payments::close_recovery(tx, recovery, &at).await?;
    tx.record(
        Act::new(&at, by, "payment.recovery-step")
            .on("recovery", recovery)
            .because("没有多领")
            .under(why),
    );
    Ok(())
}

/// Opens a recovery by hand: an entitlement was paid from a month on and should not have been.
///
/// # Errors
/// The right is missing, or nothing was paid since.
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
        (true, Some(true)) => may_take(&tx, recovery).await?,
        (false, None) => {}
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

/// Money is taken on a recovery that has its case only once the decision was handed over.
async fn may_take(tx: &JournalTx, recovery: i64) -> Paid<()> {
    let Some(case) = store::reviews::of_recovery(tx, recovery).await? else {
        return Ok(());
    };
    let decided = store::reviews::decisions(tx, case.case).await?;
    let holds = |one: &AfterDecision| {
        one.content.kind == AfterKind::Recover && one.state == AfterState::Effective
    };
    match decided.iter().any(holds) {
        true => Ok(()),
        false => Err(PayError::Refused(format!(
            "追回 {recovery} 由办件 № {} 办理,追回决定送达以前不能收款",
            case.case
        ))),
    }
}
