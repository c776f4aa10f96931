//! 认定以后: a recognition gives no money, so that changing it pays nothing more and ending it asks nothing back; what
//! changes is whom it is for, from when and until when.

use super::super::capsule::{self, Capsule};
use super::super::{CaseError, Done, Writing, recognised};
use super::weigh::Weighed;
use crate::office::Office;
use domain::Month;
use store::decisions;
use store::entitlements::{Cause, Entitlement};
use store::notices::RuleResult;

/// A recognition goes on for the family as it is today only once everything is known of it; whether that departs
/// from the rules.
pub(super) fn goes_on(weighed: &Weighed, pending: bool) -> Done<bool> {
    if !pending {
        return Ok(weighed.result() != Some(RuleResult::Eligible));
    }
    let missing = weighed.missing();
    Err(CaseError::Refused(format!(
        "{missing};没有查清以前,不能变更认定"
    )))
}

/// A recognition goes on from a month: one that is to end, or has ended, has another in its place. It ends when that
/// one was to end of itself; after one that was stopped, or is over, when the policy says on what was decided now.
pub(super) async fn go_on(
    office: &Office,
    tx: &mut Writing,
    by: &str,
    (help, from): (&Entitlement, Month),
    (cause, sealed): (&Cause, &str),
) -> Done<()> {
    let Some(to) = help.to else {
        return Ok(());
    };
    let from = from.max(help.from);
    let own = help.to.filter(|to| *to > from);
    let ends = match own.filter(|_| help.stopped_cause.is_empty()) {
        Some(to) => Some(to),
        None => ends(office, tx, (help, from), sealed).await?,
    };
    if from < to {
        let why = format!("{}:{}", cause.kind, cause.id);
        store::entitlements::stop(tx, &office.clock.at(), help.id, from, &why).await?;
    }
    let new = recognised::New::after(help, from, ends);
    recognised::begin(office, tx, by, new, cause).await?;
    Ok(())
}

/// The first month in which what goes on from a month no longer holds; none where it has no end. The policy says it on
/// the facts of the decision that has it go on. Where that one asked no rules or departs from them, it is the end that
/// was decided first; where that is over, it holds as long again as it was given for.
async fn ends(
    office: &Office,
    tx: &Writing,
    (help, from): (&Entitlement, Month),
    sealed: &str,
) -> Done<Option<Month>> {
    let end = |(_, to): recognised::Span| to.map(|day| Month::containing(day).next());
    let now = match Capsule::read(sealed) {
        Ok(kept) => recognised::spanned(office, &kept)?,
        Err(_) => None,
    };
    if let Some(span) = now {
        match end(span) {
            Some(to) if to <= from => {}
            to => return Ok(to),
        }
    }
    let first = match (help.decided_to, help.cause.id.parse()) {
        (None, Ok(no)) if help.cause.kind == "decision" => decisions::find(tx, no).await?,
        _ => None,
    };
    let first = match &first {
        Some(first) => recognised::spanned(office, &capsule::of_decision(first)?)?,
        None => None,
    };
    let to = help.decided_to.or(first.and_then(end));
    Ok(to.map(|to| match to > from {
        true => to,
        false => from.add(help.from.months_until(to).max(1)),
    }))
}
