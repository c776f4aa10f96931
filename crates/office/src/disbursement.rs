//! 发放: who is entitled to money, the month's batch on its way from draft to closed, and what comes
//! back. Three persons hold a batch one after another; the database refuses two.
//!
//! Nothing here knows an amount or a limit: amounts come from decisions, the roll or a rule of the
//! month, limits from the rulebook's `banks/`. Every step is one write, so a batch killed anywhere is
//! found as it stood before or after a step, never between.

mod answer;
mod arrears;
mod asked_back;
mod bank_file;
mod book;
mod checks;
mod decided;
pub mod demo;
mod entitled;
mod facts;
mod medical;
mod of_household;
mod prepare;
mod prompt;
mod recover;
mod roll;
mod roster;
mod shown;
mod steps;

pub use answer::{Answered, Arrived, answer, answer_text, settle_unknown};
pub(crate) use arrears::{make_up, own_amount};
pub use asked_back::{
    RecoveryRow, RecoveryView, StepChoice, StepRow, ask_back_from, change_card, recoveries,
    recovery, settle, step_of_recovery, this_month,
};
pub use bank_file::BankBook;
pub use book::{
    AtOnce, BatchKind, Budget, Check, Festival, HelpFirst, Level, Of, PartRule, PayBook, Programme,
    Source, Step, Stops,
};
pub use checks::{answer_for_feeds, confirm, set_card};
pub use decided::{decided, ruled_on, undecided};
pub(crate) use entitled::BASIC;
pub use entitled::{Amend, Entitle, amend, change, entitle, give_way, in_force, stop};
pub(crate) use facts::died;
pub use medical::{StatusList, status_list};
pub use of_household::{EntitledRow, HouseholdPayments, household};
pub use prepare::{Prepared, prepare};
pub(crate) use prompt::{Grant, cease, grant, not_with_the_bank};
pub use prompt::{PromptRow, late_for, waiting};
pub use recover::{nothing_beyond, owed, recover, recovery_step, written_off};
pub(crate) use roll::begun as roll_begun;
pub use roll::{TakenOver, take_over};
pub use shown::{
    AnswerRow, BatchAsk, BatchRow, FundRow, GapRow, HandRow, LedgerRow, LineRow, PaymentBatch,
    PaymentList, RuleGaps, batch, batches, list,
};
pub use steps::{approve, check, close, file, release, roster as roster_of, seal, verify, void};

use crate::access::{Acting, Denied, Right};
use crate::casework::CaseError;
use crate::error::OfficeError;
use crate::office::Office;
use crate::views::ViewError;
use domain::payment::{BatchAct, BatchState, Hands};
use store::payments::{self, Batch};
use store::users::UserId;
use store::{Act, JournalTx, Reads};

/// Why something about paying cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum PayError {
    /// The right is missing.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// What was asked is against the rules; says which, and what to do.
    #[error("{0}")]
    Refused(String),
    /// There is no such batch, line or entitlement.
    #[error("{0}")]
    NotFound(String),
    /// The record or the machine.
    #[error(transparent)]
    Office(#[from] OfficeError),
}

/// The result of an act about paying.
pub type Paid<T> = Result<T, PayError>;

impl From<store::StoreError> for PayError {
    fn from(error: store::StoreError) -> Self {
        Self::Office(OfficeError::Store(error))
    }
}

impl From<CaseError> for PayError {
    fn from(error: CaseError) -> Self {
        match error {
            CaseError::Denied(denied) => Self::Denied(denied),
            CaseError::NotFound(said) => Self::NotFound(said),
            CaseError::Office(error) => Self::Office(error),
            other => Self::Refused(other.to_string()),
        }
    }
}

impl From<engine::EngineError> for PayError {
    fn from(error: engine::EngineError) -> Self {
        Self::Office(OfficeError::Engine(error))
    }
}

impl From<PayError> for ViewError {
    fn from(error: PayError) -> Self {
        match error {
            PayError::Denied(denied) => denied.into(),
            PayError::Refused(said) => Self::NotAnswerable(said),
            PayError::NotFound(said) => Self::NotFound(said),
            PayError::Office(error) => error.into(),
        }
    }
}

/// What holds in this place.
///
/// # Errors
/// The rulebook says nothing about paying, or not rightly.
pub fn book(office: &Office) -> Paid<PayBook> {
    PayBook::read(office.book(), &office.locality)
}

/// A batch that is there.
async fn found(on: &impl Reads, batch: i64) -> Paid<Batch> {
    let found = payments::find(on, batch).await?;
    found.ok_or_else(|| PayError::NotFound(format!("没有第 {batch} 批发放;请从发放批次清单打开")))
}

fn hands(batch: &Batch) -> Hands {
    let user = |hand: &Option<payments::Hand>| hand.as_ref().map(|hand| hand.user.get());
    Hands {
        prepared: Some(batch.content.prepared_by.get()),
        checked: user(&batch.checked),
        approved: user(&batch.approved),
    }
}

/// Every account of the person who acts: two accounts of one person are one person.
async fn accounts_of(on: &impl Reads, who: &Acting) -> Paid<Vec<i64>> {
    let same = store::recusals::same_person(on, who.user(), "self").await?;
    let mut all: Vec<i64> = same.into_iter().map(UserId::get).collect();
    all.push(who.user().get());
    Ok(all)
}

/// Whether an act may be done to a batch now, by this person.
async fn may(on: &impl Reads, who: &Acting, batch: &Batch, act: BatchAct) -> Paid<BatchState> {
    let next = batch.state.after(act).ok_or_else(|| {
        let said = format!(
            "第 {} 批现在是{},不能{};请刷新后再看",
            batch.no,
            batch.state.word(),
            act.word()
        );
        PayError::Refused(said)
    })?;
    let mine = accounts_of(on, who).await?;
    match hands(batch).clash(act, &mine) {
        None => Ok(next),
        Some(earlier) => Err(PayError::Refused(format!(
            "第 {} 批由您{},不能再由您{};请换一位同事办",
            batch.no,
            earlier.word(),
            act.word()
        ))),
    }
}

fn note(tx: &mut JournalTx, office: &Office, who: &Acting, act: &str, batch: i64, says: &str) {
    let at = office.clock.at();
    tx.record(
        Act::new(&at, who.login(), act)
            .on("payment-batch", batch)
            .because(says),
    );
}

/// A month as a form writes it.
#[must_use]
pub fn month(text: &str) -> Option<domain::Month> {
    domain::Month::parse(text).ok()
}

/// A batch with all its lines, for the desk.
pub(crate) async fn all_lines_of(
    office: &Office,
    batch: i64,
) -> Paid<(Batch, Vec<payments::Line>)> {
    let held = found(&office.store, batch).await?;
    Ok((held, checks::all_lines(office, batch).await?))
}

/// The whole of what cannot be divided: a batch is of the whole place.
fn whole(who: &Acting, right: Right) -> Paid<()> {
    who.scope(right)?;
    Ok(())
}
