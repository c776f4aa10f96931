//! 核对授权 of a resident: which stand, taking them back, and the link by which a grown-up member of the
//! family signs for themselves.

use super::book::PortalBook;
use super::send::grown_up_others;
use super::sign_in::{PortalError, give_code, right_code};
use super::{Resident, mobile};
use crate::access::{Access, Acting, Right, Secret};
use crate::casework::residents::bring;
use crate::casework::{Case, CaseError, Done, Paper, PaperState, load_with, read};
use crate::desk::minute;
use crate::office::Office;
use crate::verification::{self, Given, Signed};
use domain::{ApplicationNo, CaseNo, IdNumber, PersonId};
use jiff::Timestamp;
use store::portal::{self, CodeFor, Invite};
use store::tokens::{TokenField, Tokeniser, look_up_many};
use store::{Act, At, JournalTx, Reads, consents as kept};

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
        let mine = |person: PersonId| match person == own {
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

fn gone() -> CaseError {
    CaseError::NotFound("这个链接不能用了:签过了、过期了,或者打错了".to_owned())
}

async fn open_invite(access: &Access, token: &str) -> Done<Invite> {
    let office = access.office();
    let token = Secret::parse(token).ok_or_else(gone)?;
    let invite = portal::invite_by_token(&office.store, &token).await?;
    let invite = invite.ok_or_else(gone)?;
    let now = access.watch().now();
    let ends = invite.expires_at.as_str().parse::<Timestamp>();
    let tries = PortalBook::of(office)?.invite_tries;
    let good = !invite.used && ends.is_ok_and(|ends| now < ends) && invite.tries < tries;
    good.then_some(invite).ok_or_else(gone)
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

/// The telephone a member is reached at for themselves: their own account's or the register's, and not the one the
/// applicant comes in with. Without one they sign on paper at the window.
async fn reach(on: &impl Reads, member: PersonId, applicant: PersonId) -> Done<Option<String>> {
    let known = portal::own_phone(on, member).await?;
    let Some(phone) = known.and_then(|known| mobile(&known)) else {
        return Ok(None);
    };
    let applicants = match portal::by_person(on, applicant).await? {
        Some(account) => Some(account.phone(on).await?),
        None => None,
    };
    Ok((applicants.as_deref() != Some(phone.as_str())).then_some(phone))
}

/// Sends the grown-up members their links, each to their own telephone; nobody else sees one.
pub(super) async fn invite_others(
    access: &Access,
    tx: &mut JournalTx,
    (application, applicant): (ApplicationNo, PersonId),
) -> Done<()> {
    let office = access.office();
    let known = store::applications::find(tx, application).await?;
    let members = known.map_or_else(Vec::new, |known| known.content.members);
    let grown = grown_up_others(office, tx, &members, applicant).await?;
    let days = PortalBook::of(office)?.invite_days;
    let (at, ends) = invite_times(access, days);
    for person in grown {
        // Whoever cannot be reached has one as well: it counts as not signed, and nobody holds its secret.
        let token = portal::invite(tx, (application, person), &at, &ends).await?;
        if let Some(phone) = reach(tx, person, applicant).await? {
            send_link(office, tx, &phone, (&token, days)).await?;
        }
    }
    Ok(())
}

fn invite_times(access: &Access, days: i64) -> (At, At) {
    let seconds = days.saturating_mul(86_400);
    (access.watch().at(0), access.watch().at(seconds))
}

async fn send_link(
    office: &Office,
    tx: &mut JournalTx,
    phone: &str,
    (token, days): (&Secret, i64),
) -> Done<()> {
    let body = format!(
        "家里有人申请救助,请您本人看过核对授权再签:/c/{} ,{days} 天内有效。不要转给别人。",
        token.text()
    );
    portal::post(tx, &office.clock.at(), "sign", (phone, &body)).await?;
    Ok(())
}

/// 重新发送, by the applicant: the members who have not signed get a new link each; the old ones are void.
/// Answers how many were sent.
///
/// # Errors
/// It is not one's own, it is closed, nobody can be reached, or it was sent just now.
pub async fn send_links_again(access: &Access, who: &Resident, no: CaseNo) -> Done<usize> {
    let case = super::my::own_case(access.office(), who, no).await?;
    links_again(access, &who.actor(), &case).await
}

/// The same by an official at the window.
///
/// # Errors
/// No right, no such case, it is closed, nobody can be reached, or it was sent just now.
pub async fn send_links_for(access: &Access, who: &Acting, no: CaseNo) -> Done<usize> {
    let case = load_with(access.office(), who, Right::RESIDENT_HANDLE, no).await?;
    links_again(access, who.login(), &case).await
}

async fn links_again(access: &Access, actor: &str, case: &Case) -> Done<usize> {
    let office = access.office();
    if case.standing.closed.is_some() {
        return Err(CaseError::Refused("这一件已经办结,不用再签".to_owned()));
    }
    let (application, applicant) = (case.application.no, case.application.content.applicant);
    let book = PortalBook::of(office)?;
    let (at, ends) = invite_times(access, book.invite_days);
    let lately = access.watch().at(book.code_seconds.saturating_neg());
    let mut tx = office.store.write().await?;
    let (mut sent, mut waits) = (0_usize, false);
    for one in portal::invites_of(&tx, application).await? {
        if one.used {
            continue;
        }
        let Some(phone) = reach(&tx, one.person, applicant).await? else {
            continue;
        };
        if one.at > lately {
            waits = true;
            continue;
        }
        if let Some(token) = portal::renew_invite(&mut tx, one.no, &at, &ends).await? {
            send_link(office, &mut tx, &phone, (&token, book.invite_days)).await?;
            sent = sent.saturating_add(1);
        }
    }
    if sent == 0 {
        let said = match waits {
            true => "刚刚发过;请等几分钟再发",
            false => "没有签字的家人没有登记自己的手机号;请本人带身份证到窗口签",
        };
        return Err(CaseError::Refused(said.to_owned()));
    }
    let act = Act::new(&office.clock.at(), actor, "consent.links-again");
    tx.record(act.on("application", application));
    tx.commit().await?;
    Ok(sent)
}

/// The register's telephone of whoever a link is for; none where the register has none of theirs alone.
async fn phone_of(office: &Office, invite: &Invite) -> Done<String> {
    let none = || CaseError::Refused("登记里没有您自己的手机号,请带身份证到窗口签".to_owned());
    let application = store::applications::find(&office.store, invite.application).await?;
    let applicant = application.ok_or_else(none)?.content.applicant;
    let phone = reach(&office.store, invite.person, applicant).await?;
    phone.ok_or_else(none)
}

/// Sends the member a code: signing needs their own telephone as well as the number of their card.
///
/// # Errors
/// The link is none, the register has no telephone of theirs, or too many codes were asked for.
pub async fn sign_code(access: &Access, token: &str, origin: &str) -> Done<()> {
    let invite = open_invite(access, token).await?;
    let phone = phone_of(access.office(), &invite).await?;
    let said = "签核对授权的验证码";
    give_code(access, (&phone, CodeFor::Sign), origin, said).await?;
    Ok(())
}

/// The member signs: the number of their own card and a code of their own telephone show who they are.
///
/// # Errors
/// The link is none, the number is another one, or the code is wrong.
pub async fn sign_invited(access: &Access, token: &str, (number, code): (&str, &str)) -> Done<()> {
    let office = access.office();
    let invite = open_invite(access, token).await?;
    let store = &office.store;
    let parsed = IdNumber::parse(number, office.clock.today())
        .map_err(|error| CaseError::Refused(error.to_string()))?;
    let phone = phone_of(office, &invite).await?;
    let wanted = Tokeniser::of(store).id_number(&parsed.number);
    let found = look_up_many(store, TokenField::IdNumber, &[wanted]).await?;
    let theirs = found
        .get(&wanted)
        .is_some_and(|list| list.contains(&invite.person));
    let at = office.clock.at();
    // Counted before anything is told: however many come at once, no more than the tries are answered.
    let mut tx = store.write().await?;
    let tries = PortalBook::of(office)?.invite_tries;
    if !portal::try_invite(&mut tx, invite.no, tries).await? {
        return Err(gone());
    }
    let act = match theirs {
        true => "consent.try",
        false => "consent.refused",
    };
    tx.record(Act::new(&at, "unknown", act).on("application", invite.application));
    tx.commit().await?;
    if !theirs {
        let said = "身份证号不是这位家人的,没有签;请本人来签";
        return Err(CaseError::Refused(said.to_owned()));
    }
    if !right_code(access, (&phone, CodeFor::Sign), code).await? {
        return Err(PortalError::Refused.into());
    }
    let mut tx = store.write().await?;
    if !portal::use_invite(&mut tx, &at, invite.no).await? {
        return Err(CaseError::Refused("这个链接已经签过了".to_owned()));
    }
    let given = [Given {
        person: invite.person,
        sources: Vec::new(),
        signed: Signed::Screen,
        text: None,
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
    // A member the window has not looked at yet has not signed either.
    let doubts = portal::doubts(&tx, Some(&area), u32::MAX).await?;
    let unsure = doubts.iter().any(|one| one.application == no);
    if !unsure && left.iter().all(|one| one.used) {
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
