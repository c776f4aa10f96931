//! 居民事项 on an official's desk: who needs help now, whose papers must be seen, what was sent and waits,
//! members nobody is sure of, bad ratings, and facts somebody says are wrong.

use super::claim::{self, Waiting, read};
use super::consent::invite_others;
use super::draft::Assent;
use super::draft::Member;
use super::helping::Need;
use super::joining::doubt;
use super::reopen;
use super::send::{Begun, content_of, open_content};
use super::steps::{Subject, subject_for};
use super::{claim::exact_of, send::Known};
use crate::access::{Access, Acting, Right};
use crate::casework::{CaseError, Cause, Done, Opened, place_name, without_numbers};
use crate::desk::minute;
use crate::office::Office;
use crate::verification::Signed;
use domain::{AreaCode, IdNumber};
use store::identity::{mask_name, mask_number};
use store::portal::{self, Correction, CorrectionState, Reopened, SubmissionState};
use store::{Act, identity};

/// Rows of one part that are read.
const ROWS_READ: u32 = 200;

/// Somebody who needs help now.
#[derive(Clone, Debug)]
pub struct HelpLine {
    /// Its number.
    pub no: i64,
    /// Name, masked.
    pub name: String,
    /// Telephone in full: to be called today.
    pub phone: String,
    /// Where.
    pub place: String,
    /// What is needed.
    pub need: String,
    /// When it came.
    pub at: String,
    /// Whether its day is over.
    pub late: bool,
}

/// One line of another part.
#[derive(Clone, Debug)]
pub struct MatterLine {
    /// Its number.
    pub no: i64,
    /// Who or what, masked.
    pub title: String,
    /// What it says.
    pub text: String,
    /// Where.
    pub place: String,
    /// When, or by when.
    pub when: String,
    /// Whether it is late.
    pub late: bool,
}

/// 居民事项.
#[derive(Clone, Debug, Default)]
pub struct ResidentDesk {
    /// Who needs help now.
    pub helps: Vec<HelpLine>,
    /// Whose papers must be seen.
    pub claims: Vec<Waiting>,
    /// What was sent and waits.
    pub submissions: Vec<MatterLine>,
    /// What was sent and not taken; it can be taken up again.
    pub refused: Vec<MatterLine>,
    /// Corrections that were not accepted; they can be taken up again.
    pub declined: Vec<MatterLine>,
    /// Members nobody is sure of.
    pub doubts: Vec<MatterLine>,
    /// Bad ratings to be put right; the number is the case's.
    pub ratings: Vec<MatterLine>,
    /// Facts somebody says are wrong.
    pub corrections: Vec<MatterLine>,
    /// Whether this person handles residents' matters, not corrections alone.
    pub handles: bool,
}

/// What residents wait for in somebody's places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResidentsWaiting {
    /// Who needs help now.
    pub helps: usize,
    /// Bad ratings to be put right.
    pub ratings: usize,
}

/// How many residents wait in somebody's places; nothing for whoever does not handle residents' matters.
///
/// # Errors
/// The record cannot be read.
pub async fn residents_waiting(office: &Office, who: &Acting) -> Done<Option<ResidentsWaiting>> {
    let Ok(scope) = who.scope(Right::RESIDENT_HANDLE) else {
        return Ok(None);
    };
    let mut count = ResidentsWaiting::default();
    for place in scope.each_place() {
        let helps = portal::helps(&office.store, place.as_ref(), ROWS_READ).await?;
        count.helps = count.helps.saturating_add(helps.len());
        let ratings = portal::bad_ratings_in(&office.store, place.as_ref(), ROWS_READ).await?;
        count.ratings = count.ratings.saturating_add(ratings.len());
    }
    Ok(Some(count))
}

/// What waits on somebody's desk.
///
/// # Errors
/// No right for any of it, or the record.
pub async fn resident_desk(access: &Access, who: &Acting) -> Done<ResidentDesk> {
    let office = access.office();
    let mut out = ResidentDesk {
        handles: who.may(Right::RESIDENT_HANDLE),
        ..ResidentDesk::default()
    };
    if who.may(Right::CORRECTION_ANSWER) {
        out.corrections = corrections(office, who).await?;
        out.declined = reopen::declined(office, who).await?;
    }
    if !out.handles {
        who.scope(Right::CORRECTION_ANSWER)?;
        return Ok(out);
    }
    let scope = who.scope(Right::RESIDENT_HANDLE)?;
    let store = &office.store;
    let today = office.clock.today();
    for place in scope.each_place() {
        for one in portal::helps(store, place.as_ref(), ROWS_READ).await? {
            let need: Need = read(&one.content)?;
            out.helps.push(HelpLine {
                no: one.no,
                name: mask_name(&need.name),
                phone: need.phone,
                place: format!(
                    "{} {}",
                    place_name(office, &one.area, today).await?,
                    need.place
                ),
                need: need.need,
                at: minute(&one.at),
                late: one.day < today,
            });
        }
        for one in portal::submissions_in(store, place.as_ref(), ROWS_READ).await? {
            out.submissions.push(sent_line(office, &one).await?);
        }
        for one in portal::submissions_refused(store, place.as_ref(), ROWS_READ).await? {
            let line = sent_line(office, &one).await?;
            out.refused.push(MatterLine {
                text: format!("{};没有收件:{}", line.text, one.because),
                late: false,
                ..line
            });
        }
        for one in portal::doubts(store, place.as_ref(), ROWS_READ).await? {
            let member: Member = read(&one.content)?;
            out.doubts.push(MatterLine {
                no: one.no,
                title: format!("{} {}", member.called(), member.shown()),
                text: format!(
                    "申请 {} 写的{},没有核对过",
                    one.application, member.relation
                ),
                place: place_name(office, &one.area, today).await?,
                when: minute(&one.at),
                late: false,
            });
        }
        for one in portal::bad_ratings_in(store, place.as_ref(), ROWS_READ).await? {
            out.ratings.push(MatterLine {
                no: one.case.get(),
                title: one.grade.map_or("", portal::Grade::name).to_owned(),
                text: one.words.clone(),
                place: place_name(office, &one.area, today).await?,
                when: one
                    .due
                    .map_or_else(|| "没有日历".to_owned(), |day| format!("{day} 前整改")),
                late: one.due.is_some_and(|due| due < today),
            });
        }
    }
    out.claims = claim::waiting(office, who).await?;
    // Telephones of those who ask for help stand in full on the page: that is a look.
    if !out.helps.is_empty() {
        let act = Act::new(&office.clock.at(), who.login(), "read.helps");
        store.record_alone(act.because("回应求助")).await?;
    }
    Ok(out)
}

/// What was sent, as a line; taken up again, its day is that day.
async fn sent_line(office: &Office, one: &portal::Submission) -> Done<MatterLine> {
    let content = content_of(one)?;
    let who = &content.who;
    let today = office.clock.today();
    let again = portal::reopenings(&office.store, (Reopened::Submission, one.no)).await?;
    let (when, day) = match again.last() {
        Some(again) => (
            format!("{} 重新打开:{}", minute(&again.at), again.because),
            again.day,
        ),
        None => (minute(&one.new.at), one.new.day),
    };
    Ok(MatterLine {
        no: one.no,
        title: format!("{} {}", mask_name(&who.name), mask_number(&who.number)),
        text: format!(
            "{} 项救助,{} 位家人",
            content.programmes.len(),
            content.members.len()
        ),
        place: place_name(office, &one.new.area, today).await?,
        when,
        late: day < today,
    })
}

/// Whose fact it is, masked, and what is asked about it.
pub(super) async fn correction_title(office: &Office, one: &Correction) -> Done<String> {
    let masked = identity::masked(&office.store, &[one.new.person]).await?;
    let name = masked.get(&one.new.person).and_then(|m| m.name.clone());
    let name = name.unwrap_or_else(|| "姓名未登记".to_owned());
    Ok(format!("{name}的{}({})", one.new.fact, one.new.kind.name()))
}

/// Those somebody may answer: of the own organisation, or of the own window where no department owns them.
async fn corrections(office: &Office, who: &Acting) -> Done<Vec<MatterLine>> {
    let scope = who.scope(Right::CORRECTION_ANSWER)?;
    let own = organisation(office, who).await?;
    let today = office.clock.today();
    let mut found = Vec::new();
    for place in scope.each_place() {
        found.extend(portal::corrections_in(&office.store, place.as_ref(), ROWS_READ).await?);
    }
    let mut out = Vec::new();
    for one in found.into_iter().filter(|one| is_for(one, who, &own)) {
        out.push(MatterLine {
            no: one.no,
            title: correction_title(office, &one).await?,
            text: format!("{} · 由{}答复", one.new.says, one.new.department),
            place: place_name(office, &one.new.area, today).await?,
            when: one
                .new
                .due
                .map_or_else(|| "没有日历".to_owned(), |day| format!("{day} 前答复")),
            late: one.new.due.is_some_and(|due| due < today),
        });
    }
    Ok(out)
}

/// Code of somebody's organisation; empty where it is not known.
pub(crate) async fn organisation(office: &Office, who: &Acting) -> Done<String> {
    let user = store::users::find(&office.store, who.login()).await?;
    let all = store::organisations::list(&office.store, None).await?;
    let own = user.and_then(|user| all.into_iter().find(|one| one.id == user.organisation));
    Ok(own.map_or_else(String::new, |one| one.content.code))
}

/// A correction is for the department that owns the fact; where that has no account here, for whoever
/// handles residents' matters there.
pub(super) fn is_for(one: &Correction, who: &Acting, own: &str) -> bool {
    let theirs = !one.new.office.is_empty() && one.new.office == own;
    let windows = one.new.office.is_empty() && who.may(Right::RESIDENT_HANDLE);
    (theirs || windows) && !who.is_kept_from_person(one.new.person)
}

/// Answers what somebody says is wrong. An accepted one is put right at its source and comes with the next
/// file; nothing is written over here.
///
/// # Errors
/// No right, another's, or no reason.
pub async fn answer_correction(
    office: &Office,
    who: &Acting,
    no: i64,
    (state, because): (CorrectionState, &str),
) -> Done<()> {
    let scope = who.scope(Right::CORRECTION_ANSWER)?;
    let none = || CaseError::NotFound(format!("没有编号为 {no} 的更正申请"));
    let one = portal::correction(&office.store, no)
        .await?
        .ok_or_else(none)?;
    let own = organisation(office, who).await?;
    if !scope.contains(&one.new.area) || !is_for(&one, who, &own) {
        return Err(none());
    }
    let because = because.trim();
    without_numbers(because)?;
    if because.is_empty() || state == CorrectionState::Open {
        let said = "请选采纳或者不采纳,并写明理由;本人看得到";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    portal::answer_correction(&mut tx, &at, who.login(), no, (state, because)).await?;
    let act = Act::new(&at, who.login(), "correction.answer").on("correction", no);
    tx.record(act.because(because));
    if let Some(known) = portal::by_person(&tx, one.new.person).await? {
        let phone = known.phone(&tx).await?;
        let body = "您提出的更正有了答复,请在“我的数据”里看。";
        portal::post(&mut tx, &at, "correction", (&phone, body)).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// What was done about a call for help.
///
/// # Errors
/// No right, another place, or nothing said.
pub async fn answer_help(office: &Office, who: &Acting, no: i64, answer: &str) -> Done<()> {
    let scope = who.scope(Right::RESIDENT_HANDLE)?;
    let none = || CaseError::NotFound(format!("没有编号为 {no} 的求助登记"));
    let one = portal::find_help(&office.store, no).await?;
    one.filter(|one| scope.contains(&one.area))
        .ok_or_else(none)?;
    let answer = answer.trim();
    without_numbers(answer)?;
    if answer.is_empty() {
        return Err(CaseError::Refused("请写明怎么处理的".to_owned()));
    }
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    portal::answer_help(&mut tx, &at, who.login(), no, answer).await?;
    let act = Act::new(&at, who.login(), "help.answer").on("help", no);
    tx.record(act.because(answer));
    let source = format!("help:{no}");
    crate::channels::with_answer(office, &mut tx, &source, (who.login(), answer)).await?;
    tx.commit().await?;
    Ok(())
}

/// A typed member was looked at and does not join the application.
///
/// # Errors
/// No right, another place, or nothing said.
pub async fn settle_doubt(office: &Office, who: &Acting, no: i64, because: &str) -> Done<()> {
    doubt(office, who, no).await?;
    let because = because.trim();
    without_numbers(because)?;
    if because.is_empty() {
        return Err(CaseError::Refused("请写明为什么不并入".to_owned()));
    }
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    portal::settle_doubt(&mut tx, &at, who.login(), no, because).await?;
    let act = Act::new(&at, who.login(), "submission.doubt").on("submission-doubt", no);
    tx.record(act.because(because));
    tx.commit().await?;
    Ok(())
}

async fn theirs(office: &Office, who: &Acting, no: i64) -> Done<portal::Submission> {
    let scope = who.scope(Right::RESIDENT_HANDLE)?;
    let none = || CaseError::NotFound(format!("没有回执为 {no} 的待核对网上申请"));
    let one = portal::find_submission(&office.store, no)
        .await?
        .ok_or_else(none)?;
    let open = one.state == SubmissionState::Waiting && scope.contains(&one.new.area);
    open.then_some(one).ok_or_else(none)
}

/// The official saw the card and takes what was sent: its number, typed from the card, must be the one that
/// was said. The application and its cases are opened; the account it came from stays whose it was, for
/// somebody else may have sent it.
///
/// # Errors
/// No right, another place, another number, or what opening an application refuses.
pub async fn take_submission(access: &Access, who: &Acting, no: i64, number: &str) -> Done<Opened> {
    let office = access.office();
    let one = theirs(office, who, no).await?;
    let content = content_of(&one)?;
    let today = office.clock.today();
    let typed = IdNumber::parse(number, today)
        .map_err(|error| CaseError::Refused(error.to_string()))?
        .number;
    if typed.as_str() != content.who.number {
        let said = "证件上的号码和网上填的不一样,不能收件;请本人重新填";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let store = &office.store;
    let subject = match exact_of(store, &typed, &content.who.name).await? {
        Known::Certain(_) => {
            // Asked as an official asks: the register may be looked at now, within the own places.
            let own = subject_for(office, who, Right::CASE_ACCEPT, &content).await?;
            if own.person.is_none() {
                let said = "登记里这个人住在别处,或者您要回避;请转给登记住址的窗口收件";
                return Err(CaseError::Refused(said.to_owned()));
            }
            own
        }
        Known::Nobody => Subject {
            area: AreaCode::parse(&content.who.area).ok(),
            ..Subject::default()
        },
        Known::Another => {
            let said = "登记里这个号码是另一个姓名;请对照证件,先更正登记";
            return Err(CaseError::Refused(said.to_owned()));
        }
    };
    let begun = Begun {
        who,
        right: Right::CASE_ACCEPT,
        cause: match one.new.resident {
            Some(_) => Cause::Apply,
            None => Cause::OnBehalf,
        },
        cause_id: None,
        area: subject.area.unwrap_or(one.new.area),
        signed: match content.assent {
            Some(Assent::Paper) => Signed::Paper,
            Some(Assent::Code) | None => Signed::Screen,
        },
    };
    let at = office.clock.at();
    let mut tx = store.write().await?;
    let form = (one.new.form_key.as_str(), content.draft, &content);
    let (opened, applicant) = open_content(office, &mut tx, &begun, form, &subject).await?;
    invite_others(access, &mut tx, (opened.application, applicant)).await?;
    let taken = (Some(opened.application), "");
    portal::settle_submission(&mut tx, &at, who.login(), no, taken).await?;
    let act = Act::new(&at, who.login(), "submission.take").on("submission", no);
    tx.record(act.under(format!("application:{}", opened.application)));
    tx.commit().await?;
    Ok(opened)
}

/// What was sent cannot be taken: told with a reason.
///
/// # Errors
/// No right, another place, or no reason.
pub async fn refuse_submission(office: &Office, who: &Acting, no: i64, because: &str) -> Done<()> {
    let one = theirs(office, who, no).await?;
    let because = because.trim();
    without_numbers(because)?;
    if because.is_empty() {
        return Err(CaseError::Refused("退回要写明理由".to_owned()));
    }
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    portal::settle_submission(&mut tx, &at, who.login(), no, (None, because)).await?;
    let act = Act::new(&at, who.login(), "submission.refuse").on("submission", no);
    tx.record(act.because(because));
    if let Some(resident) = one.new.resident
        && let Some(account) = portal::find(&tx, resident).await?
    {
        let phone = account.phone(&tx).await?;
        let body = format!("您的网上申请回执 {no} 没有收件:{because}");
        portal::post(&mut tx, &at, "refused", (&phone, &body)).await?;
    }
    tx.commit().await?;
    Ok(())
}
