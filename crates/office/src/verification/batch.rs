//! 核对批次: whose questions go to which source. Of a household of N members exactly those who consent are
//! asked about, each once at each source; the others are listed with the reason.

use super::book::{REST_FIRST, STARTS, words};
use super::{VerifyBook, note};
use crate::access::{Acting, Right};
use crate::casework::{Case, CaseError, Done, load_with};
use crate::office::Office;
use domain::procedure::Step;
use domain::{ApplicationNo, AreaCode, CaseNo, Day, PersonId};
use std::collections::{BTreeMap, BTreeSet};
use store::Reads;
use store::cases::{self, CaseRow};
use store::consents::{self, Consent};
use store::identity;
use store::verifications::{self, Begun, LeftOut, NewRequest, NewVerification};

/// Cases looked at for a list of those that wait.
const CASES_READ_MAX: u32 = 2_000;
/// Members without a consent who are named at once.
const NAMED_MAX: usize = 20;

/// A case whose open step is a verification.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The case.
    pub row: CaseRow,
    /// The batch it is in already, where its report is not issued yet.
    pub running: Option<i64>,
}

/// What a batch asks and whom it leaves out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The questions.
    pub asked: Vec<NewRequest>,
    /// Who is not asked about, at which source, and why.
    pub left_out: Vec<LeftOut>,
}

/// 批次 as it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Its number.
    pub no: i64,
    /// Questions in it.
    pub asked: usize,
    /// Persons and sources left out.
    pub left_out: usize,
    /// The same form opened it before.
    pub again: bool,
}

/// What becomes of a batch in which somebody has not consented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unsigned {
    /// Nothing is asked, and who it is is told.
    #[default]
    Stop,
    /// 先查其余的人: the others are asked about, where the procedure allows it.
    AskTheOthers,
}

/// Decides whom to ask about, at the sources with the days their answers are due.
#[must_use]
pub fn plan(
    members: &[PersonId],
    consents: &[Consent],
    sources: &[(String, Day)],
    today: Day,
) -> Plan {
    // A set: whoever stands twice in a family, or in two applications, is one person.
    let persons: BTreeSet<PersonId> = members.iter().copied().collect();
    let mut of: BTreeMap<(PersonId, &str), Vec<&Consent>> = BTreeMap::new();
    for consent in consents {
        let key = (consent.content.person, consent.content.source.as_str());
        of.entry(key).or_default().push(consent);
    }
    let mut out = Plan::default();
    for (source, due) in sources {
        for person in &persons {
            let own = of
                .get(&(*person, source.as_str()))
                .map_or(&[][..], Vec::as_slice);
            let standing = own.iter().rev().find(|consent| consent.holds(today));
            match standing {
                Some(consent) => out.asked.push(NewRequest {
                    person: *person,
                    source: source.clone(),
                    consent: consent.no,
                    due: *due,
                }),
                None => out.left_out.push(LeftOut {
                    person: *person,
                    source: source.clone(),
                    because: why_not(own, today).to_owned(),
                }),
            }
        }
    }
    out
}

fn why_not(own: &[&Consent], today: Day) -> &'static str {
    match own.last() {
        None => "没有授权",
        Some(consent) if consent.withdrawn_at.is_some() => "授权已撤回",
        Some(consent) if consent.content.until < today => "授权已过期",
        Some(_) => "授权还没有生效",
    }
}

/// The paper of verification the open step of a case gives, and the step; none where it gives none.
pub(super) fn step_of<'c>(book: &'c VerifyBook, case: &'c Case) -> Option<(&'c str, &'c str)> {
    let step = case.open_step()?;
    let paper = step
        .gives
        .iter()
        .find(|paper| book.papers.contains(paper))?;
    Some((step.name.as_str(), paper.as_str()))
}

/// The cases that wait for verification where this person verifies.
///
/// # Errors
/// The right is missing, or the record.
pub async fn candidates(office: &Office, who: &Acting) -> Done<Vec<Candidate>> {
    let scope = who.scope(Right::VERIFY)?;
    let book = super::book(office)?;
    let mut rows: Vec<CaseRow> = Vec::new();
    let places: Vec<Option<AreaCode>> = match scope.places() {
        None => vec![None],
        Some(places) => places.iter().copied().map(Some).collect(),
    };
    for place in places {
        rows.extend(cases::list_open(&office.store, place.as_ref(), 0, CASES_READ_MAX).await?);
    }
    let mut out = Vec::new();
    for row in rows {
        let near = who.is_kept_from_person(row.content.applicant)
            || row
                .content
                .household
                .is_some_and(|home| who.is_kept_from(home));
        let procedure = office.procedure(&row.content.procedure, row.content.rules_day)?;
        let open = procedure.step(&row.current.step);
        let verifies = open.is_some_and(|step| step.gives.iter().any(|p| book.papers.contains(p)));
        if near || !verifies || !scope.contains(&row.current.area) {
            continue;
        }
        let running = running(office, row.content.application).await?;
        out.push(Candidate { row, running });
    }
    Ok(out)
}

/// The batch an application is in without a report.
pub(super) async fn running(office: &Office, no: ApplicationNo) -> Done<Option<i64>> {
    let newest = verifications::of_application(&office.store, no).await?;
    let Some(newest) = newest.first() else {
        return Ok(None);
    };
    let key = (newest.verification, no);
    let report = verifications::report_of(&office.store, key).await?;
    Ok(report.is_none().then_some(newest.verification))
}

/// Opens a batch over cases whose open step is a verification: only persons with a consent that holds
/// are asked about. While a member has none nothing is asked, unless the others are chosen.
///
/// # Errors
/// The right is missing, a case does not wait for it or is in a batch already, somebody does not consent, or
/// the calendar of the year is missing.
pub async fn open(
    office: &Office,
    who: &Acting,
    form_key: &str,
    numbers: &[CaseNo],
    unsigned: Unsigned,
) -> Done<Opened> {
    let scope = who.scope(Right::VERIFY)?;
    let book = super::book(office)?;
    if form_key.trim().is_empty() {
        let said = "这张表没有编号,不能防止重复提交;请重新打开页面";
        return Err(CaseError::Refused(said.to_owned()));
    }
    if let Some(no) = verifications::find_by_form(&office.store, form_key).await? {
        return opened(office, no, true).await;
    }
    let cases = gather(office, who, &book, numbers).await?;
    let members: BTreeSet<PersonId> = cases.iter().flat_map(members_of).collect();
    let members: Vec<PersonId> = members.into_iter().collect();
    let home = office.home().await?.map(|area| area.code);
    let area = scope.start().or(home);
    let area = area.ok_or_else(|| CaseError::Refused("本系统还没有登记地区".to_owned()))?;
    let today = office.clock.today();
    let sources = due_days(office, &book, today)?;
    let at = office.clock.at();
    let mut tx = office.begin().await?;
    let held = consents::of_persons(&tx, &members).await?;
    let plan = plan(&members, &held, &sources, today);
    if plan.asked.is_empty() {
        let said = format!(
            "这些办件的 {} 名家庭成员没有一份有效的核对授权,不能核对;请先补签核对授权书",
            members.len()
        );
        return Err(CaseError::Refused(said));
    }
    let silent: BTreeSet<PersonId> = plan.left_out.iter().map(|left| left.person).collect();
    if !silent.is_empty() {
        may_go_on(&tx, &book, (&cases, &plan.left_out), unsigned).await?;
    }
    let applications: BTreeSet<ApplicationNo> =
        cases.iter().map(|case| case.application.no).collect();
    let new = NewVerification {
        form_key: form_key.to_owned(),
        area,
        day: today,
        actor: who.login().to_owned(),
        applications: applications.into_iter().collect(),
        requests: plan.asked,
        left_out: plan.left_out,
    };
    let no = match verifications::open(&mut tx, &at, &new).await? {
        Begun::New(no) => no,
        Begun::Before(no) => return opened(office, no, true).await,
    };
    let says = match silent.len() {
        0 => format!("{} 份申请", new.applications.len()),
        left => format!(
            "{} 份申请;{left} 人没有授权,先查其余的人",
            new.applications.len()
        ),
    };
    note(&mut tx, office, who, "verification.open", no, &says);
    office.end(tx).await?;
    opened(office, no, false).await
}

async fn opened(office: &Office, no: i64, again: bool) -> Done<Opened> {
    Ok(Opened {
        no,
        asked: verifications::requests(&office.store, no).await?.len(),
        left_out: verifications::left_out(&office.store, no).await?.len(),
        again,
    })
}

/// Whether a step sends questions on their way.
pub(crate) fn starts(office: &Office, step: &Step) -> bool {
    let papers = words(office, STARTS);
    step.gives.iter().any(|paper| papers.contains(paper))
}

/// Whether the others may be asked about while somebody of a case has not signed.
pub(crate) fn may_ask_the_others(office: &Office, case: &Case) -> bool {
    words(office, REST_FIRST).contains(&case.procedure.id)
}

/// Refuses to send questions on their way while somebody of a case has no consent that holds, as a batch does.
///
/// # Errors
/// Somebody has none, and the others were not chosen or may not be asked about.
pub(crate) async fn all_signed(
    office: &Office,
    on: &impl Reads,
    case: &Case,
    unsigned: Unsigned,
) -> Done<()> {
    let book = super::book(office)?;
    let today = office.clock.today();
    let members: Vec<PersonId> = members_of(case).collect();
    let held = consents::of_persons(on, &members).await?;
    let sources = book.sources.iter().map(|one| (one.code.clone(), today));
    let sources: Vec<(String, Day)> = sources.collect();
    let plan = plan(&members, &held, &sources, today);
    match plan.left_out.is_empty() {
        true => Ok(()),
        false => {
            let one = std::slice::from_ref(case);
            may_go_on(on, &book, (one, &plan.left_out), unsigned).await
        }
    }
}

fn members_of(case: &Case) -> impl Iterator<Item = PersonId> {
    let members = case.application.content.members.iter();
    members.map(|(person, _)| *person)
}

/// Asks whether the others may be asked about while somebody has not consented; names who it is.
async fn may_go_on(
    on: &impl Reads,
    book: &VerifyBook,
    (cases, left): (&[Case], &[LeftOut]),
    unsigned: Unsigned,
) -> Done<()> {
    let people: Vec<PersonId> = left.iter().map(|one| one.person).collect();
    let masked = identity::masked(on, &people).await?;
    let (mut named, mut count) = (Vec::new(), 0_usize);
    let mut firm: Vec<&str> = Vec::new();
    for case in cases {
        for (person, relation) in &case.application.content.members {
            let own: Vec<&LeftOut> = left.iter().filter(|one| one.person == *person).collect();
            let Some(first) = own.first() else { continue };
            let title = &case.procedure.title;
            if !book.rest_first.contains(&case.procedure.id) && !firm.contains(&title.as_str()) {
                firm.push(title);
            }
            count = count.saturating_add(1);
            if named.len() >= NAMED_MAX {
                continue;
            }
            let name = masked.get(person).and_then(|masked| masked.name.clone());
            let name = name.unwrap_or_else(|| "姓名未登记".to_owned());
            let sources: Vec<String> = own.iter().map(|one| book.title(&one.source)).collect();
            let sources = match sources.len() == book.sources.len() {
                true => "全部来源".to_owned(),
                false => sources.join("、"),
            };
            named.push(format!(
                "№ {} 的{name}({},{sources}:{})",
                case.no(),
                relation.name(),
                first.because
            ));
        }
    }
    if unsigned == Unsigned::AskTheOthers && firm.is_empty() {
        return Ok(());
    }
    let mut places: Vec<String> = Vec::new();
    for case in cases {
        let mut own = case.application.content.members.iter();
        if own.any(|(person, _)| people.contains(person)) {
            places.push(format!("/verify/consents/{}", case.no()));
        }
    }
    let sign = format!("请先在核对授权页 {} 登记签字", places.join("、"));
    let way = match firm.is_empty() {
        true => {
            format!("{sign};暂时签不了的,可以勾选“先查其余的人”再办,没有授权的人不查")
        }
        false => format!("{}要人人有授权才能核对,{sign}", firm.join("、")),
    };
    let more = match count > named.len() {
        true => "等",
        false => "",
    };
    Err(CaseError::Refused(format!(
        "没有发起核对:{count} 名家庭成员没有有效的核对授权,{}{more}。{way}",
        named.join("、")
    )))
}

/// The ticked cases, one for each application.
async fn gather(
    office: &Office,
    who: &Acting,
    book: &VerifyBook,
    numbers: &[CaseNo],
) -> Done<Vec<Case>> {
    if numbers.is_empty() {
        return Err(CaseError::Refused("请至少勾选一件".to_owned()));
    }
    let mut out: Vec<Case> = Vec::new();
    for no in numbers {
        let case = load_with(office, who, Right::VERIFY, *no).await?;
        if step_of(book, &case).is_none() || !case.is_for(who) {
            let said = format!("№ {no} 现在不在信息核对这一步,不能列入批次");
            return Err(CaseError::Refused(said));
        }
        let application = case.application.no;
        if out.iter().any(|one| one.application.no == application) {
            continue;
        }
        if let Some(running) = running(office, application).await? {
            let said = format!("№ {no} 的申请已经在第 {running} 批核对,不重复查;请等它出报告");
            return Err(CaseError::Refused(said));
        }
        out.push(case);
    }
    if out.len() > book.most {
        let said = format!("一批最多 {} 份申请,请分几批", book.most);
        return Err(CaseError::Refused(said));
    }
    Ok(out)
}

/// The sources with the day each answer is due.
fn due_days(office: &Office, book: &VerifyBook, today: Day) -> Done<Vec<(String, Day)>> {
    let calendar = office.calendar()?;
    let mut out = Vec::new();
    for source in &book.sources {
        let due = calendar.add_workdays(today, source.answer_days);
        let (due, _) = due.map_err(|none| CaseError::Refused(none.to_string()))?;
        out.push((source.code.clone(), due));
    }
    Ok(out)
}
