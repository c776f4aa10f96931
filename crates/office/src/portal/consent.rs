//! 核对授权 of a resident: which stand, taking them back, and the link by which a grown-up member of the
//! family signs for themselves.

use super::Resident;
use super::book::PortalBook;
use crate::access::{Access, Acting, Secret};
use crate::casework::residents::bring;
use crate::casework::{CaseError, Done, Paper, PaperState, read};
use crate::desk::minute;
use crate::office::Office;
use crate::verification::{self, Given, Signed};
use domain::IdNumber;
use jiff::Timestamp;
use store::portal::{self, Invite};
use store::tokens::{TokenField, Tokeniser, look_up_many};
use store::{Act, JournalTx, consents as kept};

/// One consent of one's own.
#[derive(Clone, Debug)]
pub struct ConsentLine {
    /// Its number.
    pub no: i64,
    /// Who may be asked.
    pub source: String,
    /// From when to when.
    pub stands: String,
    /// Version of the text, and when it was written down.
    pub signed: String,
    /// Whether it stands today.
    pub holds: bool,
    /// Since when it does not, and why; empty while it does.
    pub ended: String,
}

/// The consents of a resident's own, newest first.
///
/// # Errors
/// The account is bound to nobody, or the record.
pub async fn consents(office: &Office, who: &Resident) -> Done<Vec<ConsentLine>> {
    let person = who.own()?;
    let book = verification::book(office)?;
    let today = office.clock.today();
    let mut lines: Vec<ConsentLine> = kept::of_person(&office.store, person)
        .await?
        .iter()
        .map(|one| ConsentLine {
            no: one.no,
            source: book.title(&one.content.source),
            stands: format!("{} 至 {}", one.content.given, one.content.until),
            signed: format!("版本 {},{} 签", one.content.text_version, minute(&one.at)),
            holds: one.holds(today),
            ended: match &one.withdrawn_at {
                Some(at) => format!("{} 已撤回", minute(at)),
                None if one.holds(today) => String::new(),
                None => "已过期".to_owned(),
            },
        })
        .collect();
    lines.reverse();
    Ok(lines)
}

/// Takes consents of one's own back: nothing is asked from now on.
///
/// # Errors
/// One is not one's own, or does not stand.
pub async fn withdraw(office: &Office, who: &Resident, numbers: &[i64]) -> Done<()> {
    let own = who.own()?;
    if numbers.is_empty() {
        return Err(CaseError::Refused("请勾上要撤回的授权".to_owned()));
    }
    let mut tx = office.store.write().await?;
    for number in numbers {
        let mine = |person: domain::PersonId| match person == own {
            true => Ok(()),
            false => Err(CaseError::NotFound(format!("没有编号为 {number} 的授权"))),
        };
        verification::withdraw_in(office, &mut tx, &who.actor(), *number, "本人撤回", mine).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// What a link shows before it is signed.
#[derive(Clone, Debug)]
pub struct Invited {
    /// Who applies, masked.
    pub applicant: String,
    /// Who signs, masked.
    pub who: String,
    /// The text.
    pub lines: Vec<String>,
    /// Version of the text.
    pub version: String,
}

async fn open_invite(access: &Access, token: &str) -> Done<Invite> {
    let none = || CaseError::NotFound("这个链接不能用了:签过了、过期了,或者打错了".to_owned());
    let office = access.office();
    let token = Secret::parse(token).ok_or_else(none)?;
    let invite = portal::invite_by_token(&office.store, &token).await?;
    let invite = invite.ok_or_else(none)?;
    let now = access.watch().now();
    let ends = invite.expires_at.as_str().parse::<Timestamp>();
    let tries = PortalBook::of(office)?.invite_tries;
    let good = !invite.used && ends.is_ok_and(|ends| now < ends) && invite.tries < tries;
    good.then_some(invite).ok_or_else(none)
}

/// What a link is for.
///
/// # Errors
/// It was used, is too old, or is none.
pub async fn invited(access: &Access, token: &str) -> Done<Invited> {
    let office = access.office();
    let invite = open_invite(access, token).await?;
    let application = store::applications::find(&office.store, invite.application).await?;
    let applicant = application.map(|one| one.content.applicant);
    let people: Vec<_> = applicant.into_iter().chain([invite.person]).collect();
    let masked = store::identity::masked(&office.store, &people).await?;
    let name = |person| {
        let known: Option<&store::identity::Masked> = masked.get(&person);
        let name = known.and_then(|known| known.name.clone());
        name.unwrap_or_else(|| "姓名未登记".to_owned())
    };
    Ok(Invited {
        applicant: applicant.map_or_else(String::new, name),
        who: name(invite.person),
        lines: PortalBook::of(office)?.consent_paragraphs(office),
        version: verification::book(office)?.consent_version,
    })
}

/// The member signs: the number of their own card shows who they are.
///
/// # Errors
/// The link is none, or the number is another one.
pub async fn sign_invited(access: &Access, token: &str, number: &str) -> Done<()> {
    let office = access.office();
    let invite = open_invite(access, token).await?;
    let store = &office.store;
    let parsed = IdNumber::parse(number, office.clock.today())
        .map_err(|error| CaseError::Refused(error.to_string()))?;
    let wanted = Tokeniser::of(store).id_number(&parsed.number);
    let found = look_up_many(store, TokenField::IdNumber, &[wanted]).await?;
    let theirs = found
        .get(&wanted)
        .is_some_and(|list| list.contains(&invite.person));
    let at = office.clock.at();
    let mut tx = store.write().await?;
    if !theirs {
        portal::try_invite(&mut tx, invite.no).await?;
        let act = Act::new(&at, "unknown", "consent.refused");
        tx.record(act.on("application", invite.application));
        tx.commit().await?;
        let said = "身份证号不是这位家人的,没有签;请本人来签";
        return Err(CaseError::Refused(said.to_owned()));
    }
    if !portal::use_invite(&mut tx, &at, invite.no).await? {
        return Err(CaseError::Refused("这个链接已经签过了".to_owned()));
    }
    let given = [Given {
        person: invite.person,
        sources: Vec::new(),
        signed: Signed::Screen,
    }];
    let none = || CaseError::NotFound("这份申请不在了".to_owned());
    let application = store::applications::find(&tx, invite.application).await?;
    let area = application.ok_or_else(none)?.content.area;
    let who = access.signer(invite.person, area);
    let no = invite.application;
    let made = verification::give_in(office, &mut tx, who.login(), no, &given).await?;
    if made == 0 {
        let act = Act::new(&at, who.login(), "consent.again");
        tx.record(act.on("application", invite.application));
    }
    let left = portal::invites_of(&tx, invite.application).await?;
    if left.iter().all(|one| one.used) {
        all_signed(office, &mut tx, &who, &invite).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// The last one has signed: the paper of consent is there.
async fn all_signed(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    invite: &Invite,
) -> Done<()> {
    let paper = Paper {
        name: PortalBook::of(office)?.consent_paper,
        state: PaperState::Given,
        because: String::new(),
    };
    for row in store::cases::of_application(tx, invite.application).await? {
        let Some(mut case) = read(office, tx, row.no).await? else {
            continue;
        };
        let waits = case.papers.iter().any(|one| one.name == paper.name);
        if waits && case.standing.closed.is_none() {
            bring(office, tx, who, &mut case, std::slice::from_ref(&paper)).await?;
        }
    }
    Ok(())
}
