//! 好差评 after a case is closed, with putting right what was bad; and 投诉, a case of its own procedure.

use super::book::{PortalBook, due};
use super::my::own_case;
use super::{Resident, home_of};
use crate::access::{Access, Acting, Right, Secret};
use crate::casework::residents::{Matter, open_matter};
use crate::casework::{Case, CaseError, Done, without_numbers};
use crate::office::Office;
use domain::CaseNo;
use jiff::{SignedDuration, Timestamp};
use store::portal::{self, Grade, Rating};
use store::{Act, At, JournalTx};

/// Longest text of a rating or a complaint.
const WORDS_CHARS_MAX: usize = 500;

/// What the page of a rating shows.
#[derive(Clone, Debug)]
pub struct RatingView {
    /// 办件编号.
    pub case: i64,
    /// The grades: word and name.
    pub grades: Vec<(&'static str, &'static str)>,
    /// What was said already; empty while nothing was.
    pub said: String,
    /// By when it is put right; empty where it need not be.
    pub due: String,
}

/// A case was closed: its applicant may rate it. The link goes to the telephone of their account.
pub(crate) async fn closed(office: &Office, tx: &mut JournalTx, case: &Case) -> Done<()> {
    let source = format!("case:{}", case.no());
    let said = "已随办件办结,结果见告知书";
    crate::channels::with_answer(office, tx, &source, ("system", said)).await?;
    let Ok(book) = PortalBook::of(office) else {
        return Ok(());
    };
    let Some((token, _)) = new_token(office, tx, case, &book).await? else {
        return Ok(());
    };
    let applicant = case.application.content.applicant;
    if let Some(known) = portal::by_person(tx, applicant).await? {
        let phone = known.phone(tx).await?;
        let body = format!(
            "您的办件 № {} 已办结,请评价:/r/{}。结果在“我的办件”里看。",
            case.no(),
            token.text()
        );
        portal::post(tx, &office.clock.at(), "rating", (&phone, &body)).await?;
    }
    Ok(())
}

/// A decision was signed: the applicant is told that there is one, and never what it says.
pub(crate) async fn decided(office: &Office, tx: &mut JournalTx, case: &Case) -> Done<()> {
    if case.standing.closed.is_some() {
        return Ok(());
    }
    let applicant = case.application.content.applicant;
    if let Some(known) = portal::by_person(tx, applicant).await? {
        let phone = known.phone(tx).await?;
        let body = format!(
            "您的办件 № {} 已作出决定,告知书在“我的办件”里看;同意网上送达的,登录打开就是送达。",
            case.no()
        );
        portal::post(tx, &office.clock.at(), "decided", (&phone, &body)).await?;
    }
    Ok(())
}

/// The applicant is told on their telephone that papers are missing; which ones, only behind the door.
pub(crate) async fn lacks_papers(office: &Office, tx: &mut JournalTx, case: &Case) -> Done<()> {
    let applicant = case.application.content.applicant;
    if let Some(known) = portal::by_person(tx, applicant).await? {
        let phone = known.phone(tx).await?;
        let body = format!(
            "您的办件 № {} 还缺材料。缺什么、哪天以前补齐,在“我的办件”里看,可以拍照补交。",
            case.no()
        );
        portal::post(tx, &office.clock.at(), "papers", (&phone, &body)).await?;
    }
    Ok(())
}

/// What a complaint says, on the page of the case that handles it.
#[derive(Clone)]
pub struct ComplaintView {
    /// The text; empty for whoever it is about.
    pub text: String,
    /// The case it is about.
    pub about: Option<i64>,
    /// Whether it is kept from this official: it is about what they did.
    pub withheld: bool,
}

/// What the complaint of a case says, for whoever may see that case and did nothing in the one complained
/// about. The look is in the chain first; none where the case is no complaint.
///
/// # Errors
/// No right, no such case within the scope, a near relative's, or the record.
pub async fn complaint(office: &Office, who: &Acting, no: CaseNo) -> Done<Option<ComplaintView>> {
    let store = &office.store;
    let Some((text, about)) = portal::complaint_of_case(store, no).await? else {
        return Ok(None);
    };
    crate::casework::load(office, who, no).await?;
    if let Some(about) = about
        && had_a_hand(office, who.login(), about).await?
    {
        return Ok(Some(ComplaintView {
            text: String::new(),
            about: None,
            withheld: true,
        }));
    }
    let look = Act::new(&office.clock.at(), who.login(), "read.complaint").on("case", no);
    let channel = who.channel().word();
    store
        .record_alone(look.carrying(format!("{{\"channel\":\"{channel}\"}}")))
        .await?;
    Ok(Some(ComplaintView {
        text,
        about: about.map(CaseNo::get),
        withheld: false,
    }))
}

/// Whether an official took a case in, did something to it, or was named with whoever did.
async fn had_a_hand(office: &Office, login: &str, no: CaseNo) -> Done<bool> {
    let store = &office.store;
    if let Some(row) = store::cases::find(store, no).await?
        && let Some(from) = store::applications::find(store, row.content.application).await?
        && from.content.taken_by == login
    {
        return Ok(true);
    }
    let events = store::cases::events(store, no).await?;
    Ok(events.iter().any(|event| {
        let with = event.content.others.split('、');
        event.content.actor == login || with.into_iter().any(|one| one == login)
    }))
}

async fn new_token(
    office: &Office,
    tx: &mut JournalTx,
    case: &Case,
    book: &PortalBook,
) -> Done<Option<(Secret, At)>> {
    let now = office.clock.now();
    let hours = book.rating_days.saturating_mul(24);
    let ends = now.checked_add(SignedDuration::from_hours(hours));
    let ends = At::from(ends.unwrap_or(now));
    let about = (case.no(), &case.standing.area);
    let token = portal::invite_rating(tx, about, &office.clock.at(), &ends).await?;
    Ok(token.map(|token| (token, ends)))
}

/// A new link to rate a closed case of one's own; the one before is no longer good.
///
/// # Errors
/// It is not one's own, not closed, or was rated.
pub async fn rating_token(access: &Access, who: &Resident, no: CaseNo) -> Done<String> {
    let office = access.office();
    let case = own_case(office, who, no).await?;
    if case.standing.closed.is_none() {
        let said = "还没有办结,办结以后再评价;对办理有意见可以投诉";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let book = PortalBook::of(office)?;
    let mut tx = office.store.write().await?;
    let made = new_token(office, &mut tx, &case, &book).await?;
    let rated = || CaseError::Refused("这一件已经评价过了,谢谢".to_owned());
    let (token, _) = made.ok_or_else(rated)?;
    let act = Act::new(&office.clock.at(), who.actor(), "rating.link");
    tx.record(act.on("case", no));
    tx.commit().await?;
    Ok(token.text())
}

async fn of_token(office: &Office, token: &str) -> Done<Rating> {
    let none = || CaseError::NotFound("这个评价链接不能用了:过期了,或者打错了".to_owned());
    let token = Secret::parse(token).ok_or_else(none)?;
    let rating = portal::rating_by_token(&office.store, &token).await?;
    let rating = rating.ok_or_else(none)?;
    let ends = rating.expires_at.as_str().parse::<Timestamp>();
    let good = ends.is_ok_and(|ends| office.clock.now() < ends) || rating.grade.is_some();
    good.then_some(rating).ok_or_else(none)
}

/// The page behind a link.
///
/// # Errors
/// The link is none or too old.
pub async fn rating(office: &Office, token: &str) -> Done<RatingView> {
    let rating = of_token(office, token).await?;
    Ok(RatingView {
        case: rating.case.get(),
        grades: Grade::ALL.map(|one| (one.word(), one.name())).to_vec(),
        said: rating.grade.map_or("", Grade::name).to_owned(),
        due: rating.due.map_or_else(String::new, |day| day.to_string()),
    })
}

/// 评价, once. What is bad is put right within the days of the place.
///
/// # Errors
/// The link is none, no grade was chosen, or it was rated.
pub async fn rate(office: &Office, token: &str, (grade, words): (&str, &str)) -> Done<()> {
    let rating = of_token(office, token).await?;
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    let grade = Grade::from_word(grade).ok_or_else(|| refused("请选一项"))?;
    let words = words.trim();
    if words.chars().count() > WORDS_CHARS_MAX {
        return Err(refused("写得太长了,请写短一些"));
    }
    let book = PortalBook::of(office)?;
    let day = match grade.is_bad() {
        true => due(office, book.rectify_days),
        false => None,
    };
    if grade.is_bad() && day.is_none() {
        tracing::error!("a bad rating has no day: the calendar is missing");
    }
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    if !portal::rate(&mut tx, &at, rating.no, (grade, words), day).await? {
        return Err(refused("这一件已经评价过了,谢谢"));
    }
    let act = Act::new(&at, "resident", "rating.give").on("case", rating.case);
    tx.record(act.because(grade.name()));
    tx.commit().await?;
    Ok(())
}

/// What was done about a bad rating: told to whoever rated.
///
/// # Errors
/// No right, another place, nothing said, or there is nothing to be put right.
pub async fn answer_rating(office: &Office, who: &Acting, case: CaseNo, answer: &str) -> Done<()> {
    let scope = who.scope(Right::RESIDENT_HANDLE)?;
    let none = || CaseError::NotFound(format!("办件 № {case} 没有要整改的评价"));
    let rating = portal::rating_of_case(&office.store, case).await?;
    let rating = rating
        .filter(|one| scope.contains(&one.area))
        .ok_or_else(none)?;
    let answer = answer.trim();
    without_numbers(answer)?;
    if answer.is_empty() {
        return Err(CaseError::Refused("请写明怎么整改的".to_owned()));
    }
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    portal::answer_rating(&mut tx, &at, who.login(), rating.no, answer).await?;
    let act = Act::new(&at, who.login(), "rating.rectify").on("case", case);
    tx.record(act.because(answer));
    let row = store::cases::find(&tx, case).await?.ok_or_else(none)?;
    if let Some(known) = portal::by_person(&tx, row.content.applicant).await? {
        let phone = known.phone(&tx).await?;
        let body = format!("您对办件 № {case} 的评价已有回复:{answer}");
        portal::post(&mut tx, &at, "rectified", (&phone, &body)).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// 投诉 about a case of one's own, or about none: a case of the procedure of complaints.
///
/// # Errors
/// Nothing said, the case is not one's own, or one is open.
pub async fn complain(
    access: &Access,
    who: &Resident,
    (form_key, about, text): (&str, Option<CaseNo>, &str),
) -> Done<CaseNo> {
    let office = access.office();
    let person = who.own()?;
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    let text = text.trim();
    if text.is_empty() {
        return Err(refused("请写明投诉什么"));
    }
    if text.chars().count() > WORDS_CHARS_MAX {
        return Err(refused("写得太长了,请写短一些;材料可以到窗口交"));
    }
    if let Some(no) = about {
        own_case(office, who, no).await?;
    }
    let (_, area) = home_of(office, &office.store, person).await?;
    let area = area.ok_or_else(|| refused("登记里没有您住的地方,请到窗口投诉"))?;
    let acting = access.resident(who.no, area);
    let matter = Matter {
        procedure: PortalBook::of(office)?.complaint,
        form_key: format!("complaint:{}:{form_key}", who.no),
        person,
    };
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    let known = store::applications::find_by_form(&tx, &matter.form_key).await?;
    let case = open_matter(office, &mut tx, &acting, Right::PORTAL, &matter).await?;
    if known.is_some() {
        return Ok(case);
    }
    let no = portal::add_complaint(&mut tx, &at, (person, case, about), text).await?;
    let act = Act::new(&at, who.actor(), "complaint.make").on("complaint", no);
    tx.record(act.under(format!("case:{case}")));
    let source = format!("case:{case}");
    let record = (source.as_str(), "投诉");
    let whose = (area, Some(person));
    crate::channels::with_record(office, &mut tx, record, whose, &who.actor()).await?;
    tx.commit().await?;
    Ok(case)
}
