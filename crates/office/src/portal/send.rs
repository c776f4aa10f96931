//! 交出: one application and its cases, however often the button is pressed. Whoever is not certain waits for
//! the window; what is uncertain about a member goes to the window and is never answered here.

use super::book::PortalBook;
use super::claim::{read, written};
use super::consent::invite_others;
use super::draft::{Assent, Content, Held, held};
use super::steps::{self, Step, Subject, declared, subject};
use super::taking::is_own_phone;
use super::{Writer, apply};
use crate::access::{Access, Acting, Right};
use crate::casework::people::{self, KnownBy, Line};
use crate::casework::{
    CaseError, Cause, Done, Opened, Opening, Paper, PaperState, online, open_in, residents,
};
use crate::office::Office;
use crate::photos::{self, AboutKind, PhotoAbout};
use crate::verification::{self, Given, Signed, SignedText};
use crate::visits;
use domain::{
    ApplicationNo, AreaCode, CaseNo, IdNumber, PersonId, Relation, WarningId, age_in_years,
};
use std::collections::BTreeSet;
use store::portal::{self, NewSubmission, Sent, Submission};
use store::warnings::Warning;
use store::{Act, JournalTx};

/// Why an application goes on although somebody was found elsewhere: the window looks at it.
const GOING_ON: &str = "网上交出,由窗口核实";

/// What was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// 回执编号.
    pub no: i64,
    /// Its cases; none while somebody's papers have to be seen first.
    pub cases: Vec<CaseNo>,
    /// Whether the same form was sent before.
    pub again: bool,
}

/// What is left to be answered before a draft can be sent.
fn unanswered(plan: &[Step], content: &Content) -> Option<String> {
    let open = plan
        .iter()
        .find(|step| **step != Step::Check && !content.done.contains(&step.key()))?;
    Some(open.key())
}

/// Sends a draft. The same form again answers the same receipt.
///
/// # Errors
/// Something is not answered, an open case stands in its way, or the record.
pub async fn send(access: &Access, writer: &Writer, form_key: &str, no: i64) -> Done<Receipt> {
    let office = access.office();
    if let Some(before) = before(office, writer, form_key).await? {
        return Ok(before);
    }
    let held = match held(office, writer, no).await {
        Ok(held) => held,
        Err(error) => {
            // Sent by another hand between two looks: that is the answer.
            return before(office, writer, form_key).await?.ok_or(error);
        }
    };
    let content = &held.content;
    let subject = subject(office, writer, content).await?;
    let plan = steps::plan(office, writer, content, &subject).await?;
    if unanswered(&plan, content).is_some() || content.signed.is_none() {
        let said = "还有没有回答的题;请从“核对您的回答”里看哪一题没有答";
        return Err(CaseError::Refused(said.to_owned()));
    }
    if !signs_today(office, content)? {
        let said = "授权书有了新的版本;请从“核对您的回答”里打开“核对授权”,看过以后再签一次";
        return Err(CaseError::Refused(said.to_owned()));
    }
    if matches!(writer, Writer::Worker(_)) {
        let agreed = match (&content.assent, content.assent_phone) {
            (None, _) | (Some(Assent::Code), None) => false,
            (Some(Assent::Paper), _) => true,
            (Some(Assent::Code), Some(token)) => is_own_phone(office, &subject, token).await?,
        };
        if !agreed {
            return Err(CaseError::Refused("还没有本人的同意,不能代办".to_owned()));
        }
    }
    let mut tx = office.store.write().await?;
    if let Some(known) = portal::submission_by_key(&tx, &held.draft.form_key).await? {
        return receipt(office, &known, true).await;
    }
    // Whoever is not certain is taken at the window, whoever filled it in.
    let sent = match subject.person.is_some() {
        true => open_now(access, &mut tx, writer, (&held, &subject)).await?,
        false => wait_for_window(office, &mut tx, writer, &held).await?,
    };
    match sent.again {
        true => {}
        false => {
            tx.commit().await?;
        }
    }
    Ok(sent)
}

/// Whether the text that was signed is the one that stands today.
fn signs_today(office: &Office, content: &Content) -> Done<bool> {
    let version = verification::book(office)?.consent_version;
    let signed = content.signed.as_ref();
    Ok(signed.is_some_and(|(known, _)| *known == version))
}

/// The receipt of a form that was sent before by the same writer.
async fn before(office: &Office, writer: &Writer, form_key: &str) -> Done<Option<Receipt>> {
    let known = portal::submission_by_key(&office.store, form_key).await?;
    let own = known.filter(|known| match writer {
        Writer::Resident(one) => known.new.resident == Some(one.no),
        Writer::Worker(who) => known.new.resident.is_none() && known.new.by == who.login(),
    });
    match own {
        Some(known) => receipt(office, &known, true).await.map(Some),
        None => Ok(None),
    }
}

async fn receipt(office: &Office, known: &Submission, again: bool) -> Done<Receipt> {
    let cases = match known.new.application {
        Some(no) => store::cases::of_application(&office.store, no).await?,
        None => Vec::new(),
    };
    Ok(Receipt {
        no: known.no,
        cases: cases.iter().map(|case| case.no).collect(),
        again,
    })
}

/// Keeps what was sent until somebody's papers were seen.
async fn wait_for_window(
    office: &Office,
    tx: &mut JournalTx,
    writer: &Writer,
    held: &Held,
) -> Done<Receipt> {
    let content = &held.content;
    let area = AreaCode::parse(&content.who.area)
        .map_err(|_| CaseError::Refused("请选您住的村(社区)".to_owned()))?;
    let at = office.clock.at();
    let new = NewSubmission {
        form_key: held.draft.form_key.clone(),
        resident: resident_of(writer),
        area,
        application: None,
        at: at.clone(),
        day: office.clock.today(),
        by: match writer {
            Writer::Resident(_) => String::new(),
            Writer::Worker(who) => who.login().to_owned(),
        },
    };
    // The pictures belong to the draft until there is an application.
    let waits = Content {
        draft: held.draft.no,
        ..content.clone()
    };
    let no = match portal::send(tx, &held.draft, &new, &written(&waits)?).await? {
        Sent::New(no) => no,
        Sent::Before(no) => return Ok(plain(no, true)),
    };
    let act = Act::new(&at, writer.actor(), "submission.wait");
    tx.record(act.on("submission", no));
    tell(office, tx, writer, no, &[]).await?;
    Ok(plain(no, false))
}

fn plain(no: i64, again: bool) -> Receipt {
    Receipt {
        no,
        cases: Vec::new(),
        again,
    }
}

fn resident_of(writer: &Writer) -> Option<i64> {
    match writer {
        Writer::Resident(one) => Some(one.no),
        Writer::Worker(_) => None,
    }
}

/// Opens the cases at once.
async fn open_now(
    access: &Access,
    tx: &mut JournalTx,
    writer: &Writer,
    (held, subject): (&Held, &Subject),
) -> Done<Receipt> {
    let office = access.office();
    let none = || CaseError::Refused("登记里没有您住的地方,请到窗口办".to_owned());
    let area = subject.area.ok_or_else(none)?;
    let (who, right) = writer.acting(access, area);
    let warning = led_there(office, writer, (&held.content, subject)).await?;
    let cause = match (writer, &warning) {
        (Writer::Resident(_), _) => Cause::Apply,
        (Writer::Worker(_), None) => Cause::OnBehalf,
        (Writer::Worker(_), Some(_)) => Cause::Warning,
    };
    let begun = Begun {
        who: &who,
        right,
        cause,
        cause_id: warning.as_ref().map(|one| one.id.get()),
        area,
        signed: match held.content.assent {
            Some(Assent::Paper) => Signed::Paper,
            Some(Assent::Code) | None => Signed::Screen,
        },
    };
    let content = (held.draft.form_key.as_str(), held.draft.no, &held.content);
    let (opened, applicant) = open_content(office, tx, &begun, content, subject).await?;
    if opened.again {
        let known = portal::submission_by_key(tx, &held.draft.form_key).await?;
        return match known {
            Some(known) => receipt(office, &known, true).await,
            None => Err(CaseError::Refused("这份表已经收过了".to_owned())),
        };
    }
    if let Some(warning) = &warning {
        visits::became(office, tx, &who, (warning, opened.application)).await?;
    }
    invite_others(access, tx, (opened.application, applicant)).await?;
    let at = office.clock.at();
    let new = NewSubmission {
        form_key: held.draft.form_key.clone(),
        resident: resident_of(writer),
        area,
        application: Some(opened.application),
        at: at.clone(),
        day: office.clock.today(),
        by: who.login().to_owned(),
    };
    let no = match portal::send(tx, &held.draft, &new, &written(&held.content)?).await? {
        Sent::New(no) | Sent::Before(no) => no,
    };
    let act = Act::new(&at, writer.actor(), "submission.send").on("submission", no);
    tx.record(act.under(format!("application:{}", opened.application)));
    tell(office, tx, writer, no, &opened.cases).await?;
    Ok(Receipt {
        no,
        cases: opened.cases,
        again: false,
    })
}

/// The warning that led an official to the door, still open; whoever applies has to live behind that door.
async fn led_there(
    office: &Office,
    writer: &Writer,
    (content, subject): (&Content, &Subject),
) -> Done<Option<Warning>> {
    let (Writer::Worker(who), Some(id)) = (writer, content.warning) else {
        return Ok(None);
    };
    let id = WarningId::new(id);
    let warning = visits::open_warning(office, who, Right::CASE_ASSIST, id).await?;
    let theirs = match warning.content.household {
        Some(home) => subject.household == Some(home),
        None => warning.content.person == subject.person,
    };
    match theirs {
        true => Ok(Some(warning)),
        false => Err(CaseError::Refused(format!(
            "这份代办是从预警 № {id} 开始的,申请人不是那一户的人;请从“代办申请”另开一份"
        ))),
    }
}

/// Who opens an application, and how.
pub(super) struct Begun<'a> {
    pub who: &'a Acting,
    pub right: Right,
    pub cause: Cause,
    pub cause_id: Option<i64>,
    pub area: AreaCode,
    pub signed: Signed,
}

/// Takes the family into the record and opens the application with its cases and the applicant's consents.
pub(super) async fn open_content(
    office: &Office,
    tx: &mut JournalTx,
    begun: &Begun<'_>,
    (form_key, draft, content): (&str, i64, &Content),
    subject: &Subject,
) -> Done<(Opened, PersonId)> {
    let (who, right) = (begun.who, begun.right);
    let applicant = match subject.person {
        Some(person) => person,
        None => new_applicant(office, tx, begun, content).await?,
    };
    let members = members(content, (applicant, subject));
    people::household_of(office, tx, who, applicant, &members, begun.area).await?;
    let book = PortalBook::of(office)?;
    let about = apply::about(draft);
    let kept = photos::of(office, tx, &about).await?;
    let given = |name: &str| kept.iter().any(|photo| photo.label == name);
    let alone = grown_up_others(office, tx, &members, applicant)
        .await?
        .is_empty();
    // Nobody signed for a member nobody has looked at, nor under a text that does not stand any more.
    let fresh = signs_today(office, content)?;
    let alone = alone && fresh && content.members.iter().all(|one| one.outside);
    let ids: Vec<PersonId> = members.iter().map(|(person, _)| *person).collect();
    let opening = Opening {
        form_key: form_key.to_owned(),
        cause: begun.cause,
        cause_id: begun.cause_id,
        applicant,
        helper: None,
        members,
        wanted: content.wanted(office, applicant),
        declared: declared(content, &ids),
        papers: papers_of(office, &book, content, (&given, alone)),
        going_on: GOING_ON.to_owned(),
    };
    let opened = open_in(office, tx, who, right, &opening).await?;
    if opened.again {
        return Ok((opened, applicant));
    }
    let no = opened.application;
    let to = PhotoAbout::new(AboutKind::Application, no);
    let under = format!("application:{no}");
    photos::carry(office, tx, who.login(), &about, &to, &under).await?;
    for one in &content.members {
        let text = written(one)?;
        portal::add_doubt(tx, &office.clock.at(), (no, &begun.area), &text).await?;
    }
    if let Some((version, signed_at)) = content.signed.as_ref().filter(|_| fresh) {
        let text = SignedText {
            version: version.clone(),
            at: signed_at.clone(),
        };
        sign_for(office, tx, (begun, text), (no, applicant), &opening.members).await?;
    }
    if content.reads && online::is_offered(office) {
        for case in &opened.cases {
            online::agree(office, tx, who.login(), *case).await?;
        }
    }
    Ok((opened, applicant))
}

/// An applicant the register does not know, taken in by an official.
async fn new_applicant(
    office: &Office,
    tx: &mut JournalTx,
    begun: &Begun<'_>,
    content: &Content,
) -> Done<PersonId> {
    let number = IdNumber::parse(&content.who.number, office.clock.today())
        .map_err(|error| CaseError::Refused(error.to_string()))?
        .number;
    let line = Line {
        row: 0,
        name: content.who.name.clone(),
        known_by: KnownBy::Number(number),
        relation: Relation::Head,
    };
    let taken =
        people::take_with(office, tx, begun.who, begun.right, (&[line], begun.area)).await?;
    let wrong = "姓名和身份证号对不上,请对照证件再填一次";
    let taken = taken.map_err(|_| CaseError::Refused(wrong.to_owned()))?;
    let first = taken.first().map(|(person, _)| *person);
    first.ok_or_else(|| CaseError::Refused(wrong.to_owned()))
}

type Members = Vec<(PersonId, Relation)>;

/// Who belongs to it: the applicant and those ticked of the register's household. Members somebody typed are
/// for the window, whatever the register knows of them: a name and a number attach nobody.
fn members(content: &Content, (applicant, subject): (PersonId, &Subject)) -> Members {
    let mut out: Members = vec![(applicant, Relation::Head)];
    let ticked = subject.others.iter();
    out.extend(
        ticked
            .filter(|(person, _)| content.household.contains(&person.get()))
            .map(|(person, relation)| {
                // To the applicant, not to the head of the book: only the applicant can say.
                let relation = match relation {
                    Relation::Head => Relation::Other,
                    other => *other,
                };
                (*person, relation)
            }),
    );
    out
}

/// What the register says of a name and a number.
pub(super) enum Known {
    /// This person.
    Certain(PersonId),
    /// The number is somebody's of another name.
    Another,
    /// It does not have the number.
    Nobody,
}

fn papers_of(
    office: &Office,
    book: &PortalBook,
    content: &Content,
    (given, alone): (&impl Fn(&str) -> bool, bool),
) -> Vec<Paper> {
    let paper = |name: String, state: PaperState, because: &str| Paper {
        name,
        state,
        because: because.to_owned(),
    };
    let forms = book.form_papers.iter();
    let mut out: Vec<Paper> = forms
        .map(|name| paper(name.clone(), PaperState::Given, ""))
        .collect();
    out.push(match alone {
        true => paper(book.consent_paper.clone(), PaperState::Given, ""),
        false => paper(
            book.consent_paper.clone(),
            PaperState::Later,
            "还有成年家人没有签字",
        ),
    });
    for name in steps::papers(office, book, &content.programmes) {
        let state = match given(&name) {
            true => PaperState::Given,
            false => PaperState::Missing,
        };
        out.push(paper(name, state, ""));
    }
    out
}

/// Grown-up members other than the applicant; one whose birth day is not known counts as one.
pub(super) async fn grown_up_others(
    office: &Office,
    tx: &JournalTx,
    members: &[(PersonId, Relation)],
    applicant: PersonId,
) -> Done<Vec<PersonId>> {
    let ids: Vec<PersonId> = members
        .iter()
        .map(|(person, _)| *person)
        .filter(|person| *person != applicant)
        .collect();
    let today = office.clock.today();
    let years = residents::grown_up(office);
    let people = store::persons::get_many(tx, &ids).await?;
    let child = |person: PersonId| {
        let known = people.iter().find(|one| one.id == person);
        let birth = known.and_then(|one| one.birth);
        match (birth, years) {
            (Some(birth), Some(years)) => age_in_years(birth, today) < years,
            _ => false,
        }
    };
    Ok(ids.into_iter().filter(|person| !child(*person)).collect())
}

/// The applicant signs for themselves and for the children.
async fn sign_for(
    office: &Office,
    tx: &mut JournalTx,
    (begun, text): (&Begun<'_>, SignedText),
    (application, applicant): (ApplicationNo, PersonId),
    members: &Members,
) -> Done<()> {
    let grown: BTreeSet<PersonId> = grown_up_others(office, tx, members, applicant)
        .await?
        .into_iter()
        .collect();
    let mut given = vec![Given {
        person: applicant,
        sources: Vec::new(),
        signed: begun.signed,
        text: Some(text.clone()),
    }];
    let children = members.iter().map(|(person, _)| *person);
    given.extend(
        children
            .filter(|person| *person != applicant && !grown.contains(person))
            .map(|person| Given {
                person,
                sources: Vec::new(),
                signed: Signed::Guardian,
                text: Some(text.clone()),
            }),
    );
    verification::give_in(office, tx, begun.who.login(), application, &given).await?;
    Ok(())
}

/// The message that it was received: its number and nothing of what stands in it.
async fn tell(
    office: &Office,
    tx: &mut JournalTx,
    writer: &Writer,
    no: i64,
    cases: &[CaseNo],
) -> Done<()> {
    let Writer::Resident(one) = writer else {
        return Ok(());
    };
    let Some(known) = portal::find(tx, one.no).await? else {
        return Ok(());
    };
    let phone = known.phone(tx).await?;
    let numbers: Vec<String> = cases.iter().map(|case| format!("№ {case}")).collect();
    let body = match numbers.is_empty() {
        true => {
            format!("您的救助申请已收到,回执 {no}。窗口核对身份后开始办理,进度在“我的办件”里看。")
        }
        false => format!(
            "您的救助申请已收到,办件编号 {}。进度和要补的材料在“我的办件”里看。",
            numbers.join("、")
        ),
    };
    portal::post(tx, &office.clock.at(), "received", (&phone, &body)).await?;
    Ok(())
}

/// Throws a draft away.
///
/// # Errors
/// No such draft of the writer's.
pub async fn drop_draft(office: &Office, writer: &Writer, no: i64) -> Done<()> {
    let held = held(office, writer, no).await?;
    super::draft::drop_one(office, &writer.actor(), &held.draft, "本人删去").await
}

/// What a submission that waits says.
pub(super) fn content_of(submission: &Submission) -> Done<Content> {
    read(&submission.content)
}
