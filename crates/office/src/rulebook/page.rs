//! A version as its page shows it: what it changes, what stands in its way, whom it reaches, and what
//! whoever looks may do.

use super::checked::Review;
use super::diff::{self, FileChange};
use super::preview::{self, PreviewRow};
use super::versions::{self, Changing, VersionRow};
use crate::access::{Acting, Right};
use crate::error::{OfficeError, Result};
use crate::office::Office;
use rules::Rulebook;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use store::rulebooks::{Version, VersionState};

/// Reviews that are held: running all cases takes seconds.
const REVIEWS_HELD_MAX: usize = 8;

/// The digest of a proposal, the newest judged month, and what came of checking it.
type Reviewed = ([u8; 32], Option<domain::Month>, Arc<Review>);

/// The reviews of proposals against the rulebook in force; the same two rulebooks have one review.
#[derive(Default)]
pub(crate) struct Reviews(Mutex<VecDeque<Reviewed>>);

impl Reviews {
    fn of(&self, digest: [u8; 32], judged: Option<domain::Month>) -> Option<Arc<Review>> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = held
            .iter()
            .find(|(of, month, _)| *of == digest && *month == judged);
        found.map(|(.., review)| Arc::clone(review))
    }

    pub(super) fn hold(&self, digest: [u8; 32], judged: Option<domain::Month>, review: &Review) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|(of, ..)| *of != digest);
        held.push_front((digest, judged, Arc::new(review.clone())));
        held.truncate(REVIEWS_HELD_MAX);
    }
}

/// What whoever looks may do to a version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MayDo {
    /// Work out whom it reaches.
    pub preview: bool,
    /// Approve what came of it.
    pub approve: bool,
    /// Have it checked again, so that it may be signed.
    pub check: bool,
    /// Sign.
    pub sign: bool,
    /// Withdraw.
    pub withdraw: bool,
    /// See the households it reaches, one by one.
    pub households: bool,
}

/// A version.
#[derive(Clone, Debug)]
pub struct VersionPage {
    /// The version.
    pub row: VersionRow,
    /// Its digest, whole.
    pub digest: String,
    /// What it changes against the one it was made from.
    pub changes: Vec<FileChange>,
    /// Why it cannot be said what it changes; empty when it can.
    pub unsaid: String,
    /// What stands in the way of signing, each with its place; empty when nothing does.
    pub blockers: Vec<String>,
    /// What a signer should know besides.
    pub reminders: Vec<String>,
    /// How many cases were run; none for a version that is no longer open.
    pub cases: Option<usize>,
    /// Its newest preview.
    pub preview: Option<PreviewRow>,
    /// Whether it may still be signed or withdrawn.
    pub open: bool,
    /// What whoever looks may do.
    pub may: MayDo,
}

/// A version as its page shows it. An open one is checked against the rulebook in force.
///
/// # Errors
/// The right is missing; no such version; its texts were changed.
pub async fn version_page(office: &Office, who: &Acting, no: i64) -> Changing<VersionPage> {
    who.scope(Right::RULEBOOK)?;
    let version = versions::version(office, no).await?;
    let state = version.content.state;
    let open = matches!(state, VersionState::Draft | VersionState::Waiting);
    let preview = preview::previewed(office, who, no).await?;
    let approved = preview.as_ref().is_some_and(|p| p.approved.is_some());
    let waits = preview
        .as_ref()
        .is_some_and(|p| p.needs.is_some() && p.approved.is_none());
    let proposed_it = version.content.proposed_by == who.user();
    let signed_it = version
        .first
        .as_ref()
        .is_some_and(|hand| hand.user == who.user());
    let waiting = state == VersionState::Waiting;
    let mut page = VersionPage {
        row: versions::shown(office, no).await?,
        digest: store::digest::hex(&version.content.digest),
        changes: Vec::new(),
        unsaid: String::new(),
        blockers: Vec::new(),
        reminders: Vec::new(),
        cases: None,
        may: MayDo {
            preview: open && who.may(Right::TRIAL),
            approve: open && waits && !proposed_it && who.may(Right::RULEBOOK_APPROVE),
            check: state == VersionState::Draft && who.may(Right::RULEBOOK_PROPOSE),
            sign: waiting && !signed_it && who.may(Right::RULEBOOK_SIGN),
            withdraw: open && who.may(Right::RULEBOOK_PROPOSE),
            households: preview.is_some() && who.may(Right::TRIAL),
        },
        preview,
        open,
    };
    if open {
        let judged = versions::judged(&office.store).await?;
        let review = match office.reviews.of(version.content.digest, judged) {
            Some(held) => held,
            None => {
                let (_, review) = versions::look(office, no).await?;
                Arc::new(review)
            }
        };
        page.changes = review.changes.clone();
        page.blockers = review.blockers.clone();
        page.blockers.extend(versions::stale(office, &version));
        page.blockers.dedup();
        page.reminders = review.reminders.clone();
        page.cases = Some(review.cases);
        if page.blockers.is_empty() && !approved {
            page.blockers
                .extend(preview::in_the_way(office, &version, &review).await?);
        }
        page.may.sign &= page.blockers.is_empty();
        // Deadlines move; nobody gets more or less, and there is nothing to work out.
        page.may.preview &= !diff::only_calendars(&page.changes);
        return Ok(page);
    }
    match made_from(office, &version).await? {
        Some(base) => {
            let texts = versions::texts_of(&office.store, &office.folder(), &version).await?;
            let work = move || diff::changes(&base, &Rulebook::read(texts));
            let changes = tokio::task::spawn_blocking(work).await;
            page.changes = changes.map_err(|e| OfficeError::Other(format!("比较中断:{e}")))?;
        }
        None => {
            "它是在程序自带的手册上改的,程序后来换过,那一份不在这里了".clone_into(&mut page.unsaid);
        }
    }
    Ok(page)
}

/// The rulebook a version was made from, where it is still here.
async fn made_from(office: &Office, version: &Version) -> Result<Option<Rulebook>> {
    let content = &version.content;
    if content.base == office.running.no && content.base_digest == office.running.digest {
        return Ok(Some(office.signed_book().clone()));
    }
    if content.base > 0 {
        let base = store::rulebooks::find(&office.store, content.base).await?;
        let Some(base) = base else { return Ok(None) };
        let texts = versions::texts_of(&office.store, &office.folder(), &base).await?;
        return Ok(Some(Rulebook::read(texts)));
    }
    let own = super::read(None)?;
    let same = versions::digest_of(own.texts()) == content.base_digest;
    Ok(same.then_some(own))
}
