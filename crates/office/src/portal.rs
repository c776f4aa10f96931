//! 居民自己办: coming in by telephone, applying one question a page, following one's own cases, signing and
//! withdrawing consent, seeing who looked, saying what is wrong, rating, complaining, asking for help.
//!
//! A resident is no official: the account has the one role of residents, its sessions stand in a table of
//! their own, and everything it may see is its own person's or what it sent itself. Whoever is not certain
//! is told the same as everybody else, and goes to the window. No period, count or paper is named here;
//! they stand in `rulebook/portal/portal.md`.

mod apply;
mod book;
mod claim;
mod consent;
mod data;
pub mod demo;
mod draft;
mod explain;
mod helping;
mod joining;
mod letters;
mod matters;
mod my;
mod pictures;
mod reopen;
mod send;
mod sign_in;
mod steps;
mod taking;
mod whom;
mod window;

pub use crate::casework::online::LetterLine;
pub use apply::{Filled, Form, Pick, StepView, TakenStep, show};
pub use book::PortalBook;
pub use claim::{Waiting, claim, claim_code, close_account, confirm_claim, refuse_claim};
pub use consent::{
    ConsentLine, Invited, consents, invited, send_links_again, send_links_for, sign_code,
    sign_invited, withdraw,
};
pub use data::{FactLine, OwnData, ask_correction, own_data};
pub use domain::CaseNo;
pub use draft::{DraftLine, begin, begin_at, begin_for, drafts_of, forget_old};
pub use explain::{ExplainLine, explain};
pub use helping::{HelpForm, seek_help};
pub use joining::join_member;
pub use letters::{MyLetter, agree, letter_pdf, my_letter, open_letter};
pub use matters::{
    ComplaintView, RatingView, answer_rating, complain, complaint, rate, rating, rating_token,
};
pub use my::{
    FixView, MyCase, MyCaseLine, MyOutcome, MyView, SentLine, fix, fix_view, my, my_case,
};
pub use pictures::{again, draft_photo};
pub use reopen::{reopen_correction, reopen_submission};
pub use send::{Receipt, drop_draft, send};
pub use sign_in::{PortalError, ask_code, enter, leave, of_secret};
pub use store::portal::{CorrectionKind, CorrectionState, Grade};
pub use taking::take;
pub use window::{
    HelpLine, MatterLine, ResidentDesk, ResidentsWaiting, answer_correction, answer_help,
    refuse_submission, resident_desk, residents_waiting, settle_doubt, take_submission,
};

pub(crate) use explain::LABEL as EXPLAINS;
pub(crate) use matters::{closed, decided, lacks_papers};
pub(crate) use window::organisation;

use crate::access::{Access, Acting, Right, Secret};
use crate::casework::{CaseError, Done};
use crate::office::Office;
use domain::{AreaCode, HouseholdId, PersonId};
use store::Reads;

/// 居民, signed in.
#[derive(Clone, Debug)]
pub struct Resident {
    /// Number of the account.
    pub no: i64,
    /// Number of the session.
    pub(crate) session: i64,
    /// Whose account it is, once that is certain.
    pub person: Option<PersonId>,
    /// Whether somebody said who they are and waits for the window.
    pub claimed: bool,
    /// The word every form of this session carries.
    pub form_word: String,
}

impl Resident {
    /// How the chain calls them.
    pub(crate) fn actor(&self) -> String {
        crate::access::actor(self.no)
    }

    /// Whose account it is; told what to do while that is not certain.
    pub(crate) fn own(&self) -> Done<PersonId> {
        let said = "还没有核对过您是谁;请先填姓名和身份证号,网上核不准的请带身份证到窗口核对";
        self.person
            .ok_or_else(|| CaseError::Refused(said.to_owned()))
    }
}

/// Who fills a draft in.
#[derive(Clone)]
pub enum Writer {
    /// The resident.
    Resident(Resident),
    /// An official, in somebody's name.
    Worker(Acting),
}

impl Writer {
    /// The kind and the word drafts are kept under.
    pub(crate) fn owner(&self) -> (store::portal::Owner, String) {
        match self {
            Self::Resident(one) => (store::portal::Owner::Resident, one.no.to_string()),
            Self::Worker(who) => (store::portal::Owner::Worker, who.login().to_owned()),
        }
    }

    /// How the chain calls them.
    pub(crate) fn actor(&self) -> String {
        match self {
            Self::Resident(one) => one.actor(),
            Self::Worker(who) => who.login().to_owned(),
        }
    }

    /// Who acts, and by which right, in a place.
    pub(crate) fn acting(&self, access: &Access, area: AreaCode) -> (Acting, Right) {
        match self {
            Self::Resident(one) => (access.resident(one.no, area), Right::PORTAL),
            Self::Worker(who) => (who.clone(), Right::CASE_ASSIST),
        }
    }
}

/// Where a person lives: the household of the register today, and the place.
pub(crate) async fn home_of(
    office: &Office,
    on: &impl Reads,
    person: PersonId,
) -> Done<(Option<HouseholdId>, Option<AreaCode>)> {
    let today = office.clock.today();
    let homes = store::households::memberships_on(on, &[person], today).await?;
    let home = homes.get(&person).map(|member| member.household);
    let of_home = match home {
        Some(home) => store::households::get_many(on, &[home]).await?.pop(),
        None => None,
    };
    let people = store::persons::get_many(on, &[person]).await?;
    let own = people.first().and_then(|person| person.area);
    Ok((home, of_home.map(|home| home.area).or(own)))
}

/// A word that makes a form one form.
pub(crate) fn form_key() -> Done<String> {
    Ok(Secret::random()?.form_word())
}

/// The villages to choose from, each with its township.
///
/// # Errors
/// The record cannot be read.
pub async fn villages(office: &Office, chosen: &str) -> Done<Pick> {
    apply::villages(office, chosen).await
}

/// A form word for a page that is shown without a session.
///
/// # Errors
/// The machine has no randomness.
pub fn fresh_word() -> Done<String> {
    form_key()
}

/// A mobile telephone of the mainland, digits only.
pub(crate) fn mobile(text: &str) -> Option<String> {
    let digits: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .collect();
    let digits = digits.strip_prefix("+86").unwrap_or(&digits).to_owned();
    let fits = digits.len() == 11
        && digits.starts_with('1')
        && digits.chars().all(|c| c.is_ascii_digit())
        && !digits.starts_with("10");
    fits.then_some(digits)
}
