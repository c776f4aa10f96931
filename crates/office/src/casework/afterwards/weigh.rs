//! 前后对照: what is paid now beside what the rules of today give on the newest facts, and from which month a
//! decision of today would hold.

use super::super::opinion::{Judged, look_into};
use super::super::{Case, CaseError, Done};
use super::{AfterKind, about, amount_in, effect};
use crate::office::Office;
use domain::procedure::PaysFrom;
use domain::{Fen, Month};
use store::Reads;
use store::entitlements::Entitlement;
use store::notices::RuleResult;
use store::reviews::NewAfter;

/// 前后对照.
#[derive(Clone, Debug)]
pub struct Weighed {
    /// Which help the case is about.
    pub after: NewAfter,
    /// The help itself.
    pub help: Entitlement,
    /// The first month in which it, or what it goes on as, is no longer given; none without an end.
    pub ends: Option<Month>,
    /// What it is a month before, in the month a decision would hold from.
    pub before: Fen,
    /// The month from which a decision of today holds, where nothing else is said.
    pub from: Month,
    /// What the rules say; or why they could not be asked.
    pub judged: Result<Judged, String>,
}

impl Weighed {
    /// What the rules give a month; none when they give nothing or do not know.
    #[must_use]
    pub fn ruled(&self) -> Option<Fen> {
        let found = &self.judged.as_ref().ok()?.found;
        let eligible = found.result() == RuleResult::Eligible;
        found.amount().filter(|fen| eligible && fen.get() > 0)
    }

    /// What is still to be found out, in words; or why the rules could not be asked.
    pub(super) fn missing(&self) -> String {
        match &self.judged {
            Ok(judged) => format!("还缺 {}", judged.found.missing.join("、")),
            Err(why) => why.clone(),
        }
    }

    /// What the rules say: 符合, 不符合, 待查; none where they could not be asked.
    #[must_use]
    pub fn result(&self) -> Option<RuleResult> {
        self.judged
            .as_ref()
            .ok()
            .map(|judged| judged.found.result())
    }
}

/// Weighs a case as of today.
///
/// # Errors
/// It is no case after a decision, or the record.
pub async fn weigh(office: &Office, on: &impl Reads, case: &Case) -> Done<Weighed> {
    let (after, help) = about(on, case).await?;
    let this = Month::containing(office.clock.today().max(case.standing.newest));
    let from = match case.procedure.pays_from {
        Some(PaysFrom::SameMonth) => this,
        // Where the rulebook says nothing, what was paid for this month stays paid.
        Some(PaysFrom::NextMonth) | None => this.next(),
    };
    let judged = match look_into(office, case).await {
        Ok(judged) => Ok(judged),
        Err(CaseError::Refused(why)) => Err(why),
        Err(error) => return Err(error),
    };
    let before = amount_in(on, &help, from).await?;
    let ends = effect::ends(on, &help, AfterKind::Stopped).await?;
    Ok(Weighed {
        after,
        help,
        ends,
        before,
        from,
        judged,
    })
}
