//! 追回: what was paid and must come back. Opened by a stop or by an official, but nothing is taken before the
//! county decided on it and the decision was handed over. Money that comes back moves in the ledger in the same
//! write; months that are due after all are let go, and what came back for them is paid again.

use super::arrears::{self, Of, Payments, Weighed};
use super::decided::{rests_on, undecided};
use super::{Paid, PayBook, PayError, book, whole};
use crate::access::{Acting, Right};
use crate::casework::{CaseError, afterwards};
use crate::office::Office;
use domain::payment::LineState;
use domain::{Fen, Month, ledger, recovery as sums};
use std::collections::{BTreeMap, BTreeSet};
use store::arrears::{Beside, Way};
use store::entitlements::{Cause, Entitlement};
use store::ledger::{Entry, Pending};
use store::payments::{self, NewRecovery, Recovery, RecoveryState, RecoveryStep};
use store::{Act, At, JournalTx, Reads};

/// Asks back what an entitlement was paid for months from one on beyond what was due a month, and no recovery asks back
/// yet: the open recovery is extended, or one is opened. Answers it; with nothing new, the open one.
pub(super) async fn ask_back(
    tx: &mut JournalTx,
    (at, by): (&At, &str),
    entitlement: &Entitlement,
    (from, due): (Month, Fen),
    why: &str,
) -> Paid<Option<i64>> {
    let lines = payments::of_entitlement(tx, entitlement.id, entitlement.from).await?;
    let months: BTreeMap<i64, Month> = lines
        .iter()
        .map(|line| (line.id, line.content.month))
        .collect();
    let all = Payments::read(tx, entitlement).await?;
    let mut asked: BTreeMap<i64, Fen> = BTreeMap::new();
    for one in payments::asked_back(tx, entitlement.id).await? {
        // What came back of a month and was told apart is not had any more.
        let of = months.get(&one.line).map(|month| (entitlement.id, *month));
        let told = of.map_or(Fen::ZERO, |of| all.told(one.recovery, Some(of)));
        let still = one.amount.checked_sub(told.min(one.amount));
        let sum = asked.entry(one.line).or_insert(Fen::ZERO);
        let more = still.and_then(|still| sum.checked_add(still));
        *sum = more.ok_or_else(large)?;
    }
    let weighed = all.weigh(|(_, month)| (month >= from).then_some(due))?;
    let paid = lines.iter().filter(|line| line.state == LineState::Paid);
    let beyond = paid.map(|line| {
        let before = asked.get(&line.id).copied().unwrap_or(Fen::ZERO);
        let one = of_line(&weighed, line);
        (line.id, sums::beyond(one.has, before, one.due))
    });
    let beyond: Vec<(i64, Fen)> = beyond.filter(|(_, amount)| *amount > Fen::ZERO).collect();
    open_or_extend(tx, (at, by), (entitlement, &beyond), why).await
}

fn of_line(weighed: &BTreeMap<Of, Weighed>, line: &payments::Line) -> Weighed {
    let of = (line.content.entitlement, line.content.month);
    weighed.get(&of).copied().unwrap_or_default()
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
    for more in payments::more_than_due(tx, batch).await? {
        if !arrived.contains(&more.line) {
            continue;
        }
        let Some(known) = store::entitlements::find(tx, more.entitlement).await? else {
            continue;
        };
        let named = arrears::due_of_line(tx, more.line).await?;
        let own = (more.entitlement, more.month);
        let due = |of: Of| match of == own {
            true => Some(more.due),
            false => named.get(&of).copied(),
        };
        let weighed = Payments::read(tx, &known).await?.weigh(due)?;
        let one = weighed.get(&own).copied().unwrap_or_default();
        let beyond = sums::beyond(one.has, Fen::ZERO, one.due);
        open_or_extend(tx, (at, by), (&known, &[(more.line, beyond)]), why).await?;
    }
    Ok(())
}

pub(super) fn large() -> PayError {
    PayError::Refused("多发的合计超出可以计算的范围".to_owned())
}

async fn open_or_extend(
    tx: &mut JournalTx,
    (at, by): (&At, &str),
    (entitlement, lines): (&Entitlement, &[(i64, Fen)]),
    why: &str,
) -> Paid<Option<i64>> {
    let amount = Fen::total(lines.iter().map(|(_, amount)| *amount)).ok_or_else(large)?;
    let open = payments::open_recovery_of(tx, entitlement.id).await?;
    if amount == Fen::ZERO {
        return Ok(open.map(|open| open.id));
    }
    let (id, said) = match open {
        Some(open) => {
            payments::extend_recovery(tx, (at, by), open.id, (lines, amount)).await?;
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
                lines: lines.to_vec(),
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

/// Months of some help from one on until another are due again, so much each: they are no longer asked back. What came
/// back is told apart by the months it came back of, for the family has it no longer.
pub(super) async fn due_again(
    tx: &mut JournalTx,
    (at, by): (&At, &str),
    help: &Entitlement,
    (from, to, due): (Month, Option<Month>, Fen),
    why: &str,
) -> Paid<()> {
    let mut asked: BTreeMap<i64, Vec<(i64, Fen)>> = BTreeMap::new();
    for one in payments::asked_back(tx, help.id).await? {
        let of = asked.entry(one.recovery).or_default();
        of.push((one.line, one.amount));
    }
    if asked.is_empty() {
        return Ok(());
    }
    let lines = payments::of_entitlement(tx, help.id, help.from).await?;
    let lines: BTreeMap<i64, &payments::Line> = lines.iter().map(|line| (line.id, line)).collect();
    let mut paid = Payments::read(tx, help).await?;
    let over = |month: Month| to.is_some_and(|to| to <= month);
    let weighed = paid.weigh(|(_, month)| match over(month) {
        true => Some(Fen::ZERO),
        false => (month >= from).then_some(due),
    })?;
    let is_due = |month: Month| month >= from && !over(month);
    // What stays beyond is asked back once, by the oldest recovery that asks for it.
    let mut beyond: BTreeMap<i64, Fen> = BTreeMap::new();
    for (recovery, parts) in asked {
        let mut free = Vec::new();
        for (line, asked) in &parts {
            let Some(known) = lines.get(line) else {
                continue;
            };
            let one = of_line(&weighed, known);
            let whole = sums::beyond(one.has, Fen::ZERO, one.due);
            let left = beyond.entry(*line).or_insert(whole);
            // Of a line that brought something for earlier months, later ones are asked back first.
            let asked = (*asked).min(one.has);
            let freed = sums::let_go(*left, asked, Fen::ZERO);
            *left = sums::beyond(*left, asked, Fen::ZERO);
            if freed > Fen::ZERO {
                free.push((*line, freed));
            }
        }
        if free.is_empty() {
            continue;
        }
        let before = Fen::total(parts.iter().map(|(_, asked)| *asked)).ok_or_else(large)?;
        net(tx, (at, by), recovery, (before, &free), why).await?;
        let asked = AskedOf {
            lines: &lines,
            parts: &parts,
            free: &free,
        };
        tell_apart(tx, at, recovery, &mut paid, (&asked, is_due)).await?;
    }
    Ok(())
}

/// What a recovery asks of which lines, and what of it was let go just now.
struct AskedOf<'a> {
    lines: &'a BTreeMap<i64, &'a payments::Line>,
    parts: &'a [(i64, Fen)],
    free: &'a [(i64, Fen)],
}

/// Tells what came back on a recovery apart by months: of what stays asked first, then of what was let go.
async fn tell_apart(
    tx: &mut JournalTx,
    at: &At,
    recovery: i64,
    paid: &mut Payments,
    (asked, is_due): (&AskedOf<'_>, impl Fn(Month) -> bool),
) -> Paid<()> {
    let AskedOf { lines, parts, free } = *asked;
    let told = paid.told(recovery, None);
    let mut left = came_back(tx, recovery)
        .await?
        .checked_sub(told)
        .ok_or_else(large)?;
    let freed: BTreeMap<i64, Fen> = free.iter().copied().collect();
    let stays = parts.iter().map(|(line, asked)| {
        let freed = freed.get(line).copied().unwrap_or(Fen::ZERO);
        (*line, asked.checked_sub(freed).unwrap_or(Fen::ZERO))
    });
    let stays = stays.map(|(line, up_to)| (line, up_to, false));
    let free = free.iter().map(|(line, up_to)| (*line, *up_to, true));
    let mut back = Vec::new();
    for (line, up_to, due) in stays.chain(free) {
        let Some(line) = lines.get(&line) else {
            continue;
        };
        let with = (line.content.entitlement, line.content.month);
        let first = |month: Month| is_due(month) == due;
        for ((entitlement, month), share) in paid.take_back((with, left.min(up_to)), first)? {
            left = left.checked_sub(share).ok_or_else(large)?;
            back.push(Beside {
                entitlement,
                month,
                amount: Fen::ZERO.checked_sub(share).ok_or_else(large)?,
                way: Way::Recovery(recovery),
            });
        }
    }
    Ok(store::arrears::keep(tx, at, &back).await?)
}

/// Lets go of parts of a recovery that asked for so much of its payments; it ends when nothing is left of it.
async fn net(
    tx: &mut JournalTx,
    (at, by): (&At, &str),
    recovery: i64,
    (before, free): (Fen, &[(i64, Fen)]),
    why: &str,
) -> Paid<Fen> {
    let found = known(tx, recovery).await?;
    let freed = Fen::total(free.iter().map(|(_, amount)| *amount)).ok_or_else(large)?;
    let now = before.checked_sub(freed).ok_or_else(large)?;
    let back = came_back(tx, recovery).await?;
    let asked = found.content.amount;
    // What was added to a decided recovery is weighed apart: it is in no decision that could ask less of it.
    let added = undecided(tx, recovery).await?;
    payments::let_go(tx, (at, by), recovery, free).await?;
    let still = undecided(tx, recovery).await?;
    let apart = |whole: Fen, added: Fen| whole.checked_sub(added).ok_or_else(large);
    let (before, now) = (apart(before, added)?, apart(now, still)?);
    let mut left = sums::left(apart(asked, added)?, back, (before, now));
    left.amount = left.amount.checked_add(still).ok_or_else(large)?;
    left.ends &= still == Fen::ZERO;
    let says = match left.again > Fen::ZERO {
        true => format!(
            "{freed} 元原是应当发的,不再追回;已经退回的 {} 元随以后的发放补回",
            left.again
        ),
        false => format!("{freed} 元原是应当发的,不再追回"),
    };
    note(tx, (at, by), recovery, ("恢复抵减", &says)).await?;
    if found.state == RecoveryState::Open {
        // A recovery of nothing is closed as it stood: it asks for nothing any more.
        if left.amount > Fen::ZERO && left.amount < asked {
            payments::lower_recovery(tx, recovery, left.amount).await?;
        }
        if left.ends {
            payments::close_recovery(tx, recovery, at).await?;
        }
    }
    tx.record(
        Act::new(at, by, "payment.recover")
            .on("recovery", recovery)
            .because(says)
            .under(why),
    );
    Ok(left.again)
}

pub(super) async fn known(on: &impl Reads, recovery: i64) -> Paid<Recovery> {
    let found = payments::find_recovery(on, recovery).await?;
    found.ok_or_else(|| PayError::NotFound(format!("没有编号为 {recovery} 的追回")))
}

/// How much came back on a recovery.
pub(super) async fn came_back(on: &impl Reads, recovery: i64) -> Paid<Fen> {
    let steps = payments::recovery_steps(on, recovery).await?;
    Fen::total(steps.iter().filter_map(|step| step.amount)).ok_or_else(large)
}

pub(super) async fn note(
    tx: &mut JournalTx,
    (at, by): (&At, &str),
    recovery: i64,
    (step, says): (&str, &str),
) -> Paid<()> {
    let noted = RecoveryStep {
        step: step.to_owned(),
        amount: None,
        by: by.to_owned(),
        at: at.clone(),
        says: says.to_owned(),
    };
    Ok(payments::note_step(tx, recovery, &noted).await?)
}

/// How much of an open recovery has not come back; none where it is closed.
///
/// # Errors
/// There is none, or the record.
pub async fn owed(on: &impl Reads, recovery: i64) -> Paid<Option<(Fen, Fen)>> {
    let found = known(on, recovery).await?;
    let back = came_back(on, recovery).await?;
    let rest = found.content.amount.checked_sub(back).ok_or_else(large)?;
    Ok((found.state == RecoveryState::Open).then_some((back, rest)))
}

/// 核销: a delivered decision gives up what has not come back.
///
/// # Errors
/// It is closed, the rulebook has no such step, or the record.
pub async fn written_off(
    office: &Office,
    tx: &mut JournalTx,
    by: &str,
    recovery: i64,
    cause: &Cause,
) -> Paid<()> {
    let book = book(office)?;
    let step = book.steps.iter().find(|step| gives_up(step));
    let missing = || PayError::Refused("发放办法的“追回”里没有不收款就了结的步骤".to_owned());
    let step = step.ok_or_else(missing)?;
    let Some((_, rest)) = owed(tx, recovery).await? else {
        let said = format!("追回 {recovery} 已经了结,没有可以核销的");
        return Err(PayError::Refused(said));
    };
    let at = office.clock.at();
    let says = format!("处理决定 {}:其余 {rest} 元不再追回", cause.id);
    note(tx, (&at, by), recovery, (&step.title, &says)).await?;
    payments::close_recovery(tx, recovery, &at).await?;
    tx.record(
        Act::new(&at, by, "payment.recovery-step")
            .on("recovery", recovery)
            .because(&step.title)
            .under(format!("{}:{}", cause.kind, cause.id)),
    );
    Ok(())
}

/// A step that ends a recovery without money: only a decision does that.
pub(super) fn gives_up(step: &super::Step) -> bool {
    step.ends && !step.money
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
    let Some(found) = found.filter(|found| found.state == RecoveryState::Open) else {
        return Ok(());
    };
    if came_back(tx, recovery).await? > Fen::ZERO {
        let said = format!("追回 {recovery} 已经收了退款,不能按没有多领了结;请先核对退款");
        return Err(PayError::Refused(said));
    }
    let at = office.clock.at();
    let lines = payments::recovery_lines(tx, &found).await?;
    let asked = lines.into_iter().filter(|(_, asked)| *asked > Fen::ZERO);
    payments::let_go(tx, (&at, by), recovery, &asked.collect::<Vec<_>>()).await?;
    note(tx, (&at, by), recovery, ("没有多领", why)).await?;
    payments::close_recovery(tx, recovery, &at).await?;
    tx.record(
        Act::new(&at, by, "payment.recovery-step")
            .on("recovery", recovery)
            .because("没有多领")
            .under(why),
    );
    Ok(())
}

/// Opens a recovery by hand, with its case: an entitlement was paid more from a month on than was due a month.
/// Where another case of the family is open, 多领立案 opens this one after it.
///
/// # Errors
/// The right is missing, or no more was paid since.
pub async fn recover(
    office: &Office,
    who: &Acting,
    entitlement: i64,
    (from, due): (Month, Fen),
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
    let hand = (&at, who.login());
    let cause = Cause::new("act", why.trim());
    let paid = payments::of_entitlement(&tx, entitlement, from).await?;
    let paid = paid.iter().filter(|line| line.state == LineState::Paid);
    let paid: BTreeSet<Month> = paid.map(|line| line.content.month).collect();
    let asked = |(id, month): Of| id == entitlement && paid.contains(&month);
    arrears::due_at_most(office, &mut tx, &known, (from, due), asked, &cause).await?;
    let opened = ask_back(&mut tx, hand, &known, (from, due), why.trim()).await?;
    let id = opened.ok_or_else(|| {
        let said = match due > Fen::ZERO {
            true => format!("待遇 {entitlement} 从 {from} 起没有比每月 {due} 元多发的钱,不用追回"),
            false => format!("待遇 {entitlement} 从 {from} 起没有已发的钱,不用追回"),
        };
        PayError::Refused(said)
    })?;
    tx.commit().await?;
    match afterwards::begin_recovery(office, who, (id, entitlement)).await {
        // It waits for its case: nothing is taken before.
        Ok(_)
        | Err(
            CaseError::Denied(_)
            | CaseError::Forbidden(_)
            | CaseError::Refusal(_)
            | CaseError::Refused(_)
            | CaseError::NotFound(_),
        ) => Ok(id),
        Err(CaseError::Office(error)) => Err(PayError::Office(error)),
    }
}

/// Notes a step of a recovery; what came back moves in the ledger, and when all has, it is closed with its case.
///
/// # Errors
/// The right is missing, the rulebook knows no such step, more came back than was asked, or money before the
/// decision was handed over.
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
    let mut tx = office.store.write().await?;
    let found = known(&tx, recovery).await?;
    if found.state == RecoveryState::Closed {
        let said = format!("追回 {recovery} 已经了结,不再登记;请刷新后再看");
        return Err(PayError::Refused(said));
    }
    let before = payments::recovery_steps(&tx, recovery).await?;
    let back = Fen::total(before.iter().filter_map(|step| step.amount).chain(amount));
    let known = allowed(&tx, &book, recovery, (step, amount), back).await?;
    if known.ends && says.trim().is_empty() {
        let said = format!("“{}”请写明凭证", known.title);
        return Err(PayError::Refused(said));
    }
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
    tx.record(
        Act::new(&at, who.login(), "payment.recovery-step")
            .on("recovery", recovery)
            .because(&known.title),
    );
    if known.ends && back == Some(asked) {
        payments::close_recovery(&mut tx, recovery, &at).await?;
        let settled = afterwards::settled(office, &mut tx, who, recovery, "多领的已经退够").await;
        settled.map_err(|error| match error {
            CaseError::Office(error) => PayError::Office(error),
            other => PayError::Refused(other.to_string()),
        })?;
    }
    tx.commit().await?;
    Ok(())
}

/// The step, where it may be noted now with this amount.
async fn allowed<'b>(
    on: &impl Reads,
    book: &'b PayBook,
    recovery: i64,
    (step, amount): (&str, Option<Fen>),
    back: Option<Fen>,
) -> Paid<&'b super::Step> {
    let known = book.steps.iter().find(|known| known.code == step);
    let known =
        known.ok_or_else(|| PayError::Refused(format!("发放办法里没有追回步骤 `{step}`")))?;
    let said = match (known.money, amount.map(|amount| amount > Fen::ZERO)) {
        (true, Some(true)) => {
            may_take(on, recovery, back).await?;
            return Ok(known);
        }
        (false, None) if gives_up(known) => {
            format!(
                "“{}”要由县级作出决定,送达以后自动了结;请打开这笔追回的办件办理",
                known.title
            )
        }
        (false, None) => return Ok(known),
        (true, _) => format!("“{}”请写退回多少元", known.title),
        (false, Some(_)) => format!("“{}”不收款,不要写金额", known.title),
    };
    Err(PayError::Refused(said))
}

/// Money is taken on a recovery only once the county decided on it and the decision was handed over, and no more
/// than it says: what was added to the recovery since then waits for a decision of its own. `back` is what came back
/// with this.
async fn may_take(on: &impl Reads, recovery: i64, back: Option<Fen>) -> Paid<()> {
    let said = match rests_on(on, recovery).await? {
        Some((_, Some(decided))) if back.is_some_and(|back| back <= decided) => return Ok(()),
        Some((case, Some(decided))) => format!(
            "退回的合计超过已经送达的追回决定写明的 {decided} 元;后来又多发的,要在办件 № {case} 另作决定"
        ),
        Some((case, None)) => {
            format!("追回 {recovery} 由办件 № {case} 办理,追回决定送达以前不能收款")
        }
        None => {
            format!("追回 {recovery} 还没有立案,没有追回决定不能收款;请在“后续管理”先把多领立案")
        }
    };
    Err(PayError::Refused(said))
}
