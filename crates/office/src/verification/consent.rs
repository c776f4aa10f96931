//! 核对授权: given per person and source with the version of the text, withdrawn at once. What is asked
//! already and not answered yet is marked.

use super::VerifyBook;
use crate::access::{Acting, Right};
use crate::casework::{Case, CaseError, Done, load_with, without_numbers};
use crate::office::Office;
use domain::{ApplicationNo, CaseNo, Day, PersonId};
use std::collections::BTreeSet;
use store::consents::{self, Consent, NewConsent};
use store::{Act, JournalTx, verifications};

pub use store::consents::Signed;

/// A consent as it is signed.
#[derive(Clone, Debug)]
pub struct Given {
    /// By whom, or for whom.
    pub person: PersonId,
    /// To which sources, by code; empty for all there are.
    pub sources: Vec<String>,
    /// How.
    pub signed: Signed,
    /// The text that was signed, where that was before now; none for today's.
    pub text: Option<SignedText>,
}

/// A text that was signed.
#[derive(Clone, Debug)]
pub struct SignedText {
    /// Its version.
    pub version: String,
    /// The minute it was signed in, its day first.
    pub at: String,
}

impl SignedText {
    /// The day it was signed on, where it is still the text that stands.
    fn day(&self, book: &VerifyBook) -> Done<Day> {
        let again = || {
            let said = "签的是旧版的授权书;请本人看过新版再签一次";
            CaseError::Refused(said.to_owned())
        };
        let day = self.at.get(..10).and_then(|day| Day::parse(day).ok());
        day.filter(|_| self.version == book.consent_version)
            .ok_or_else(again)
    }
}

/// Writes consents of the members of a case down; answers how many are new. One that stands already is
/// not given again.
///
/// # Errors
/// The right is missing, no such case or member, or no such source.
pub async fn give(office: &Office, who: &Acting, no: CaseNo, given: &[Given]) -> Done<usize> {
    let case = load_with(office, who, Right::VERIFY_CONSENT, no).await?;
    for one in given {
        is_member(&case, one.person)?;
    }
    let mut tx = office.begin().await?;
    let made = give_in(office, &mut tx, who.login(), case.application.no, given).await?;
    if made == 0 {
        return Ok(0);
    }
    office.end(tx).await?;
    Ok(made)
}

/// The same within a write of somebody who has checked who signs (the resident's own page).
///
/// # Errors
/// No such source, or the record.
pub async fn give_in(
    office: &Office,
    tx: &mut JournalTx,
    actor: &str,
    application: ApplicationNo,
    given: &[Given],
) -> Done<usize> {
    let book = super::book(office)?;
    let today = office.clock.today();
    let persons: Vec<PersonId> = given.iter().map(|one| one.person).collect();
    let before = consents::of_persons(tx, &persons).await?;
    let mut new: Vec<NewConsent> = Vec::new();
    for one in given {
        let from = match &one.text {
            Some(text) => text.day(&book)?,
            None => today,
        };
        let until = last_day(&book, from)?;
        if until < today {
            let said = "授权签得太早,已经过期;请本人再签一次";
            return Err(CaseError::Refused(said.to_owned()));
        }
        let all = || book.sources.iter().map(|s| s.code.clone()).collect();
        let sources: Vec<String> = match one.sources.is_empty() {
            true => all(),
            false => one.sources.clone(),
        };
        for source in sources {
            book.source(&source)?;
            let same = |c: &&Consent| c.content.person == one.person && c.content.source == source;
            let stands = before.iter().filter(same).any(|c| c.holds(today));
            let twice = new
                .iter()
                .any(|c| c.person == one.person && c.source == source);
            if stands || twice {
                continue;
            }
            new.push(NewConsent {
                person: one.person,
                source,
                application: Some(application),
                text_version: book.consent_version.clone(),
                signed: one.signed,
                given: from,
                until,
            });
        }
    }
    if new.is_empty() {
        return Ok(0);
    }
    let at = office.clock.at();
    let made = consents::give(tx, &at, actor, &new).await?;
    let numbers: Vec<String> = made.iter().map(ToString::to_string).collect();
    tx.record(
        Act::new(&at, actor, "consent.give")
            .on("application", application)
            .under(format!("consent-text:{}", book.consent_version))
            .carrying(format!(
                "{{\"consents\":[{}],\"signed_at\":[{}]}}",
                numbers.join(","),
                moments(given)
            )),
    );
    Ok(made.len())
}

/// The minutes in which texts were signed before now, each once, as a list of texts.
fn moments(given: &[Given]) -> String {
    let at: BTreeSet<&str> = given
        .iter()
        .filter_map(|one| one.text.as_ref().map(|text| text.at.as_str()))
        .collect();
    let quoted: Vec<String> = at.iter().map(|at| format!("\"{at}\"")).collect();
    quoted.join(",")
}

fn last_day(book: &VerifyBook, from: Day) -> Done<Day> {
    let days = i64::from(book.consent_days).saturating_sub(1).max(0);
    let none = || CaseError::Refused("授权有效的天数太长,算不出到期日".to_owned());
    from.add_days(days).ok_or_else(none)
}

/// Withdraws consents of a member of a case: nothing new is asked from now on, and what is asked and
/// not answered is marked. Answers how many requests that were.
///
/// # Errors
/// The right is missing, no such case, or none of these stands.
pub async fn withdraw(
    office: &Office,
    who: &Acting,
    no: CaseNo,
    numbers: &[i64],
    why: &str,
) -> Done<u64> {
    let case = load_with(office, who, Right::VERIFY_CONSENT, no).await?;
    let mut tx = office.begin().await?;
    let mut stopped = 0_u64;
    for number in numbers {
        let one = withdraw_in(office, &mut tx, who.login(), *number, why, |person| {
            is_member(&case, person)
        });
        stopped = stopped.saturating_add(one.await?);
    }
    if numbers.is_empty() {
        return Err(CaseError::Refused("请勾选要撤回的授权".to_owned()));
    }
    office.end(tx).await?;
    Ok(stopped)
}

/// The same within a write of somebody who has checked whose it is, as `own` says.
///
/// # Errors
/// It is not the own one, it does not stand, or the record.
pub async fn withdraw_in(
    office: &Office,
    tx: &mut JournalTx,
    actor: &str,
    number: i64,
    why: &str,
    own: impl Fn(PersonId) -> Done<()> + Send,
) -> Done<u64> {
    without_numbers(why)?;
    let why = why.trim();
    if why.is_empty() {
        return Err(CaseError::Refused(
            "请写明为什么撤回,如 本人要求".to_owned(),
        ));
    }
    let held = consents::find(tx, number).await?;
    let none = || CaseError::NotFound(format!("没有编号为 {number} 的授权"));
    let held = held.ok_or_else(none)?;
    own(held.content.person)?;
    let at = office.clock.at();
    consents::withdraw(tx, &at, actor, why, number).await?;
    let stopped = verifications::stop(tx, &at, number).await?;
    tx.record(
        Act::new(&at, actor, "consent.withdraw")
            .on("consent", number)
            .because(why)
            .carrying(format!("{{\"stopped\":{stopped}}}")),
    );
    Ok(stopped)
}

fn is_member(case: &Case, person: PersonId) -> Done<()> {
    let members = &case.application.content.members;
    match members.iter().any(|(member, _)| *member == person) {
        true => Ok(()),
        false => Err(CaseError::Refused(
            "授权的人不是这一件的家庭成员;请从这一件的成员里选".to_owned(),
        )),
    }
}

/// The consents of the members of a case, oldest first.
///
/// # Errors
/// The right is missing, or no such case.
pub async fn consents_of(office: &Office, who: &Acting, no: CaseNo) -> Done<(Case, Vec<Consent>)> {
    let case = load_with(office, who, Right::VERIFY_CONSENT, no).await?;
    let members = case.application.content.members.iter();
    let persons: Vec<PersonId> = members.map(|(person, _)| *person).collect();
    let held = consents::of_persons(&office.store, &persons).await?;
    Ok((case, held))
}
