//! 决定的效力: what a decision does once it is handed over — to the help it is about, and to what a 紧急通道 had that
//! help go on as: whatever is decided of help holds for its continuation too.

use super::super::parts::keep_sealed;
use super::super::{CaseError, Done, Writing, recognised};
use super::crisis_care::{CAUSE, EXTENSION};
use super::late::ahead;
use super::recognition::go_on;
use super::{AfterKind, amount_in};
use crate::disbursement::{self, Entitle};
use crate::office::Office;
use domain::{Fen, Month};
use store::Reads;
use store::entitlements::{self, Cause, Entitlement};
use store::reviews::{AfterDecision, NewAfter};

/// What a delivered decision does to the help: from which month, and the recovery it opened.
pub(super) async fn hold(
    office: &Office,
    tx: &mut Writing,
    by: &str,
    (after, help, decision): (&NewAfter, &Entitlement, &AfterDecision),
    late: i32,
) -> Done<(Option<Month>, Option<i64>)> {
    let content = &decision.content;
    let cause = Cause::new("after-decision", decision.no);
    match (content.kind, content.from, content.after) {
        (AfterKind::Kept, _, _) => Ok((None, None)),
        (AfterKind::Recover, _, Some(amount)) => {
            if let Some(recovery) = after.recovery {
                let with = (recovery, amount);
                disbursement::decided(office, tx, by, with, (decision.no, &cause)).await?;
            }
            Ok((None, after.recovery))
        }
        (AfterKind::Raised | AfterKind::Restored, Some(from), amount) => {
            let links = links(tx, help, from).await?;
            let from = give(office, tx, by, (&links, decision, &cause), (from, amount)).await?;
            Ok((Some(from), None))
        }
        (AfterKind::Cut | AfterKind::Exit | AfterKind::Stopped, Some(from), _) => {
            let this = Month::containing(office.clock.today().max(content.day));
            let from = match content.kind {
                AfterKind::Exit => from.add(late),
                _ => ahead(from, content.day, this),
            };
            let (mut told, mut recovery) = (None, None);
            for link in &links(tx, help, from).await? {
                let what = (link, decision, &cause);
                let (holds, opened) = take(office, tx, by, what, (from, late)).await?;
                told = told.or(Some(holds));
                recovery = recovery.or(opened);
            }
            Ok((told, recovery))
        }
        (AfterKind::Recover | AfterKind::Raised | AfterKind::Restored, ..)
        | (AfterKind::Cut | AfterKind::Exit | AfterKind::Stopped, None, _) => Err(unsaid(decision)),
    }
}

fn unsaid(decision: &AfterDecision) -> CaseError {
    let said = format!("处理决定 {} 没有写月份或者金额", decision.no);
    CaseError::Office(crate::OfficeError::Other(said))
}

/// The help with what channels had it go on as, one after the other; without what is over by itself before a month,
/// unless nothing follows it. What was taken back of a channel is no continuation.
async fn links(on: &impl Reads, help: &Entitlement, from: Month) -> Done<Vec<Entitlement>> {
    let (programme, component) = (&help.programme, &help.component);
    let all = entitlements::of_subject(on, programme, component, help.subject).await?;
    let mut links = vec![help.clone()];
    let mut end = help.decided_to;
    while let Some(to) = end {
        let next = all.iter().find(|one| {
            let undone = one.stopped_cause.starts_with(EXTENSION);
            one.cause.kind == CAUSE && one.from == to && one.id != help.id && !undone
        });
        end = next.and_then(|next| next.decided_to.filter(|end| *end > to));
        links.extend(next.cloned());
    }
    let last = links.len().saturating_sub(1);
    let over =
        |one: &Entitlement| one.stopped_cause.is_empty() && one.to.is_some_and(|to| to <= from);
    let kept = links.into_iter().enumerate();
    let kept = kept.filter(|(at, one)| *at == last || !over(one));
    Ok(kept.map(|(_, one)| one).collect())
}

/// More, or again: each ends when it was to end. What months lacked that are paid already, and that no further month
/// of theirs can bring, comes with the next, or once.
async fn give(
    office: &Office,
    tx: &mut Writing,
    by: &str,
    (links, decision, cause): (&[Entitlement], &AfterDecision, &Cause),
    (from, amount): (Month, Option<Fen>),
) -> Done<Month> {
    let sealed = decision.content.capsule.as_str();
    let mut told = None;
    let mut lacked = Fen::ZERO;
    let mut last = None;
    for link in links {
        let from = from.max(link.from);
        if recognised::is_one(link) {
            go_on(office, tx, by, (link, from), (cause, sealed)).await?;
            told = told.or(Some(from));
            continue;
        }
        let amount = amount.ok_or_else(|| unsaid(decision))?;
        let with = disbursement::Amend {
            from,
            to: link.decided_to,
            amount,
            lacked,
        };
        let amended = disbursement::amend(office, tx, by, link, with, cause).await?;
        lacked = amended.lacked;
        told = told.or(Some(amended.from));
        last = Some((link, amended.from));
    }
    if let Some((link, month)) = last.filter(|_| lacked > Fen::ZERO) {
        let once = Entitle::after(link, lacked, (month, Some(month)), cause.clone());
        disbursement::entitle(office, tx, by, &once).await?;
    }
    if let Some(amount) = amount.filter(|_| last.is_some()) {
        keep_sealed(office, tx, sealed, (amount, cause)).await?;
    }
    Ok(told.unwrap_or(from))
}

/// Less, or nothing more: from which month, and the recovery it opened.
async fn take(
    office: &Office,
    tx: &mut Writing,
    by: &str,
    (help, decision, cause): (&Entitlement, &AfterDecision, &Cause),
    (from, late): (Month, i32),
) -> Done<(Month, Option<i64>)> {
    let content = &decision.content;
    let from = from.max(help.from);
    match (content.kind, content.after) {
        (AfterKind::Stopped, _) => {
            if let Some(to) = help.to.filter(|to| *to <= from) {
                return Ok((to, None));
            }
            let opened = disbursement::stop(office, tx, by, help.id, from, cause).await?;
            Ok((from, opened))
        }
        (AfterKind::Cut, Some(amount)) => {
            disbursement::change(office, tx, by, help.id, (from, amount), cause).await?;
            keep_sealed(office, tx, &content.capsule, (amount, cause)).await?;
            Ok((from, None))
        }
        (_, Some(amount)) => {
            if amount_in(tx, help, from).await? != amount {
                disbursement::change(office, tx, by, help.id, (from, amount), cause).await?;
            }
            let ends = content.last.map(|last| last.add(late).next());
            let known = entitlements::find(tx, help.id).await?;
            let to = known.and_then(|known| known.to);
            let opened = match ends.filter(|ends| to.is_none_or(|to| *ends < to)) {
                Some(ends) => disbursement::stop(office, tx, by, help.id, ends, cause).await?,
                None => None,
            };
            Ok((from, opened))
        }
        (_, None) => Err(unsaid(decision)),
    }
}
