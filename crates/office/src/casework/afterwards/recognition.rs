//! 认定以后: a recognition gives no money, so that changing it pays nothing more and ending it asks nothing back; what
//! changes is whom it is for, from when and until when.

use super::super::{CaseError, Done, Writing, recognised};
use super::weigh::Weighed;
use crate::office::Office;
use domain::Month;
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

/// A recognition goes on from a month: one that is to end, or has ended, has another in its place.
pub(super) async fn go_on(
    office: &Office,
    tx: &mut Writing,
    by: &str,
    (help, from): (&Entitlement, Month),
    cause: &Cause,
) -> Done<()> {
    let Some(to) = help.to else {
        return Ok(());
    };
    let from = from.max(help.from);
    if from < to {
        let why = format!("{}:{}", cause.kind, cause.id);
        store::entitlements::stop(tx, &office.clock.at(), help.id, from, &why).await?;
    }
    let new = recognised::New {
        programme: help.programme.clone(),
        subject: help.subject,
        household: help.household,
        payee: help.payee,
        area: help.area,
        from,
        to: None,
    };
    recognised::begin(office, tx, by, new, cause).await
}
