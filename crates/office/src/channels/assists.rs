//! 协办: what a case needs to be told by another department. A step that rests on it (凭 协办) asks by itself when
//! it opens; an official may ask beside the steps too. The department's own liaison sees what was put to their
//! department and nothing else, answers by a day, and the answer is in the case. Where a department has no account
//! here, the window writes down what it answered on paper.

use super::book::{due, number, office_of, table};
use super::here;
use crate::access::{Acting, Right};
use crate::casework::{
    self, Case, CaseError, CaseNo, Completion, Done, place_name, without_numbers,
};
use crate::desk::minute;
use crate::office::Office;
use crate::portal::organisation;
use domain::PersonId;
use domain::procedure::Ground;
use rules::Rulebook;
use store::assists::{self, Assist, NewAssist};
use store::cases::Subject;
use store::{Act, At, JournalTx, Reads};

const ASSISTS: &str = "channels/assists.md";
/// Rows of a page.
const SHOWN_MAX: u32 = 300;
/// Characters of a question or an answer.
const WORDS_MAX: usize = 200;
/// Between the answers to choose from.
const BETWEEN: char = '、';

/// A step that a department answers, as the rulebook says it.
struct OfStep {
    procedure: String,
    step: String,
    department: String,
    question: String,
    choices: String,
}

/// A department that may be asked about any case.
struct Askable {
    department: String,
    days: u32,
    choices: String,
}

fn of_steps(from: (&Rulebook, &str)) -> Done<Vec<OfStep>> {
    let columns = ["流程", "步骤", "部门", "问什么", "答复"];
    let rows = table(from, ASSISTS, "步骤协办", columns)?.into_iter();
    let rows = rows.map(|[procedure, step, department, question, choices]| OfStep {
        procedure,
        step,
        department,
        question,
        choices,
    });
    Ok(rows.collect())
}

fn askable(from: (&Rulebook, &str)) -> Done<Vec<Askable>> {
    let rows = table(from, ASSISTS, "可以交给的部门", ["部门", "工作日", "答复"])?.into_iter();
    rows.map(|[department, days, choices]| {
        Ok(Askable {
            days: number(ASSISTS, &format!("{department} 的工作日"), &days)?,
            department,
            choices,
        })
    })
    .collect()
}

/// Reads what the rulebook says of it.
///
/// # Errors
/// A table is missing, or a value is no number.
pub(super) fn read(from: (&Rulebook, &str)) -> Done<()> {
    of_steps(from)?;
    askable(from)?;
    Ok(())
}

/// The organisation here that answers a step; empty where its department has no account, none where no department
/// is named for it.
pub(crate) fn office_for(office: &Office, procedure: &str, step: &str) -> Done<Option<String>> {
    let all = of_steps(here(office))?;
    let mut all = all.iter();
    let own = all.find(|one| one.procedure == procedure && one.step == step);
    Ok(own.map(|one| office_of(office, &one.department)))
}

/// Asks the department of the open step, when it rests on an answer that has not been asked for since it opened.
pub(crate) async fn opened(
    office: &Office,
    tx: &mut JournalTx,
    actor: &str,
    case: &Case,
    since: Option<&At>,
) -> Done<()> {
    let Some(step) = case
        .open_step()
        .filter(|step| step.ground == Some(Ground::Assist))
    else {
        return Ok(());
    };
    let asked = assists::of_case(tx, case.no()).await?;
    let mut here_before = asked.iter().filter(|one| one.content.step == step.name);
    if here_before.any(|one| Some(&one.at) >= since) {
        return Ok(());
    }
    let all = of_steps(here(office))?;
    let mut all = all.into_iter();
    let named = all.find(|one| one.procedure == case.procedure.id && one.step == step.name);
    let named = named.ok_or_else(|| {
        CaseError::Refused(format!(
            "规则手册 {ASSISTS} 没有写“{}”交给哪个部门;请管理规则的人补上",
            step.name
        ))
    })?;
    let today = office.clock().today();
    let until = case.clock.next_due().filter(|day| *day >= today);
    let new = NewAssist {
        case: case.no(),
        step: step.name.clone(),
        office: office_of(office, &named.department),
        department: named.department,
        area: case.standing.area,
        question: named.question,
        choices: named.choices,
        day: today,
        due: until.unwrap_or(today),
        by: actor.to_owned(),
    };
    kept(office, tx, &new).await
}

async fn kept(office: &Office, tx: &mut JournalTx, new: &NewAssist) -> Done<()> {
    let at = office.clock().at();
    let no = assists::ask(tx, &at, new).await?;
    tx.record(
        Act::new(&at, &new.by, "assist.ask")
            .on("assist", no)
            .because(format!("{}:{}", new.department, new.question))
            .under(format!("case:{}", new.case)),
    );
    Ok(())
}

/// Asks a department about an open case beside its steps.
///
/// # Errors
/// No right, the case is closed, no such department, or nothing is asked.
pub async fn ask(
    office: &Office,
    who: &Acting,
    no: CaseNo,
    (department, question): (&str, &str),
) -> Done<()> {
    let case = casework::load_with(office, who, Right::CASE_HANDLE, no).await?;
    if case.standing.closed.is_some() {
        return Err(CaseError::Refused("这一件已经办结,不能再交协办".to_owned()));
    }
    let question = words(question, "请写明要部门核对或者说明什么")?;
    let all = askable(here(office))?;
    let named = all.into_iter().find(|one| one.department == department);
    let named = named.ok_or_else(|| CaseError::Refused("请从名单里选一个部门".to_owned()))?;
    let today = office.clock().today();
    let no_day =
        || CaseError::Refused("没有那一年的工作日历,算不出答复期限;请管理员补日历".to_owned());
    let new = NewAssist {
        case: no,
        step: String::new(),
        office: office_of(office, &named.department),
        department: named.department,
        area: case.standing.area,
        question,
        choices: named.choices,
        day: today,
        due: due(office, today, named.days).ok_or_else(no_day)?,
        by: who.login().to_owned(),
    };
    let mut tx = office.begin().await?;
    kept(office, &mut tx, &new).await?;
    office.end(tx).await
}

fn words(said: &str, lacking: &str) -> Done<String> {
    let said = said.trim();
    if said.is_empty() {
        return Err(CaseError::Refused(lacking.to_owned()));
    }
    if said.chars().count() > WORDS_MAX {
        return Err(CaseError::Refused(format!("写短些,最多 {WORDS_MAX} 字")));
    }
    without_numbers(said)?;
    Ok(said.to_owned())
}

/// One 协办 on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssistLine {
    /// Its number.
    pub no: i64,
    /// Of which case.
    pub case: i64,
    /// What was applied for.
    pub programme: String,
    /// Whom it is about, masked.
    pub about: String,
    /// The number of their identity card, masked.
    pub number: String,
    /// Township and village.
    pub place: String,
    /// Which step waits for it; empty where none does.
    pub step: String,
    /// Which department.
    pub department: String,
    /// What is asked.
    pub question: String,
    /// The answers to choose from.
    pub choices: Vec<String>,
    /// When it was asked, and by when it is to be answered.
    pub asked: String,
    /// By when.
    pub due: String,
    /// Whether that is over and nobody answered.
    pub late: bool,
    /// The answer with who gave it and when; empty while there is none.
    pub answer: String,
    /// Whether it is for this official to answer.
    pub mine: bool,
}

/// Whether somebody answers it: their own department's, or on paper where that has no account.
fn is_for(one: &Assist, who: &Acting, own: &str) -> bool {
    let theirs = !one.content.office.is_empty() && one.content.office == own;
    let on_paper = one.content.office.is_empty() && who.may(Right::CASE_HANDLE);
    (theirs || on_paper) && who.may(Right::ASSIST)
}

/// Whom a case is about.
fn person(case: &Case) -> PersonId {
    match case.row.content.subject {
        Subject::Person(person) => person,
        Subject::Household(_) => case.application.content.applicant,
    }
}

fn is_near(who: &Acting, case: &Case) -> bool {
    let content = &case.application.content;
    let mut people = content.members.iter().map(|(person, _)| *person);
    who.is_kept_from_person(content.applicant)
        || people.any(|person| who.is_kept_from_person(person))
        || case
            .row
            .content
            .household
            .is_some_and(|home| who.is_kept_from(home))
}

async fn line(office: &Office, who: &Acting, own: &str, one: &Assist) -> Done<Option<AssistLine>> {
    let content = &one.content;
    let case = casework::read(office, &office.store, content.case).await?;
    let Some(case) = case.filter(|case| !is_near(who, case)) else {
        return Ok(None);
    };
    let person = person(&case);
    let masked = store::identity::masked(&office.store, &[person]).await?;
    let masked = masked.get(&person);
    let today = office.clock().today();
    let program = office.rules_on(case.row.content.rules_day);
    let title = program.file(&case.row.content.programme);
    let answered = one.answered_at.as_ref().map(minute).unwrap_or_default();
    Ok(Some(AssistLine {
        no: one.no,
        case: content.case.get(),
        programme: title.map_or_else(
            || case.procedure.title.clone(),
            |(_, plan)| plan.title.clone(),
        ),
        about: masked
            .and_then(|masked| masked.name.clone())
            .unwrap_or_else(|| "姓名未登记".to_owned()),
        number: masked
            .and_then(|masked| masked.id_number.clone())
            .unwrap_or_else(|| "没有身份证号".to_owned()),
        place: place_name(office, &content.area, today).await?,
        step: content.step.clone(),
        department: content.department.clone(),
        question: content.question.clone(),
        choices: content.choices.split(BETWEEN).map(str::to_owned).collect(),
        asked: content.day.to_string(),
        due: content.due.to_string(),
        late: one.outcome.is_empty() && content.due < today,
        answer: match one.outcome.as_str() {
            "" => String::new(),
            outcome => format!("{outcome}:{}({} {answered})", one.answer, one.answered_by),
        },
        mine: one.outcome.is_empty() && is_for(one, who, own),
    }))
}

async fn lines(office: &Office, who: &Acting, all: &[Assist]) -> Done<Vec<AssistLine>> {
    let own = organisation(office, who).await?;
    let mut out = Vec::new();
    for one in all {
        out.extend(line(office, who, &own, one).await?);
    }
    Ok(out)
}

/// What is put to this official's department within their places, those without an answer first.
///
/// # Errors
/// No right, or the record.
pub async fn put_to(office: &Office, who: &Acting) -> Done<Vec<AssistLine>> {
    let scope = who.scope(Right::ASSIST)?;
    let own = organisation(office, who).await?;
    let mut found = Vec::new();
    for place in scope.each_place() {
        found.extend(assists::in_area(&office.store, place.as_ref(), SHOWN_MAX).await?);
    }
    found.retain(|one| is_for(one, who, &own));
    lines(office, who, &found).await
}

/// What was asked about a case, oldest first; with the departments that may be asked, empty once it is closed or
/// where this official does not handle cases.
///
/// # Errors
/// No right, no such case, or the record.
pub async fn of_case(
    office: &Office,
    who: &Acting,
    no: CaseNo,
) -> Done<(Vec<AssistLine>, Vec<String>)> {
    let case = casework::load(office, who, no).await?;
    let all = assists::of_case(&office.store, no).await?;
    let departments = match case.standing.closed.is_none() && who.may(Right::CASE_HANDLE) {
        true => askable(here(office))?
            .into_iter()
            .map(|one| one.department)
            .collect(),
        false => Vec::new(),
    };
    Ok((lines(office, who, &all).await?, departments))
}

/// 督办: what departments have not answered in time, within the overseer's places; none for whoever oversees
/// nothing.
///
/// # Errors
/// The record.
pub async fn late(office: &Office, who: &Acting) -> Done<Vec<AssistLine>> {
    let Ok(scope) = who.scope(Right::CASE_OVERSEE) else {
        return Ok(Vec::new());
    };
    let today = office.clock().today();
    let mut found = Vec::new();
    for place in scope.each_place() {
        found.extend(assists::late(&office.store, place.as_ref(), today, SHOWN_MAX).await?);
    }
    lines(office, who, &found).await
}

/// The department's answer; it is in the case, and a step that waited for it is done.
///
/// # Errors
/// No right, another's, answered before, or nothing is said.
pub async fn answer(
    office: &Office,
    who: &Acting,
    no: i64,
    (outcome, because): (&str, &str),
) -> Done<()> {
    let scope = who.scope(Right::ASSIST)?;
    let none = || CaseError::NotFound(format!("没有编号为 {no} 的协办"));
    let mut tx = office.begin().await?;
    let one = assists::find(&tx, no).await?.ok_or_else(none)?;
    let own = organisation(office, who).await?;
    if !scope.contains(&one.content.area) || !is_for(&one, who, &own) {
        return Err(none());
    }
    let case = casework::read(office, &tx, one.content.case).await?;
    let mut case = case.filter(|case| !is_near(who, case)).ok_or_else(none)?;
    let because = words(because, "请写明查到了什么、看的是哪份记录")?;
    if !one
        .content
        .choices
        .split(BETWEEN)
        .any(|known| known == outcome)
    {
        return Err(CaseError::Refused("请从名单里选一种答复".to_owned()));
    }
    let at = office.clock().at();
    assists::answer(&mut tx, &at, who.login(), no, (outcome, &because)).await?;
    tx.record(
        Act::new(&at, who.login(), "assist.answer")
            .on("assist", no)
            .because(format!("{outcome}:{because}"))
            .under(format!("case:{}", one.content.case)),
    );
    let waits = case
        .open_step()
        .filter(|step| step.ground == Some(Ground::Assist) && step.name == one.content.step);
    if let Some(step) = waits.cloned() {
        let because = format!("{}:{outcome},{because}", one.content.department);
        let completion = Completion {
            step: &step.name,
            gave: step.gives.first().map_or("", String::as_str),
            because: &because,
            ..Completion::default()
        };
        casework::complete(office, &mut tx, who, &mut case, completion).await?;
    }
    office.end(tx).await
}

/// Whether a department answered for a step since it opened.
pub(crate) async fn is_answered(
    on: &impl Reads,
    case: &Case,
    step: &str,
    since: Option<&At>,
) -> Done<bool> {
    let all = assists::of_case(on, case.no()).await?;
    let answered = |one: &Assist| one.content.step == step && !one.outcome.is_empty();
    Ok(all
        .iter()
        .any(|one| answered(one) && Some(&one.at) >= since))
}
