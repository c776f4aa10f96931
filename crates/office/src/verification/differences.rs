//! 差异: declared beside found, by person, source and fact. Neither is changed by the other; where they
//! differ by more than the tolerance the applicant explains.

use super::book::{SourceRule, Tolerance, VerifyBook};
use super::{found, not_a_relative, note, subject};
use crate::access::{Acting, Right};
use crate::casework::{CaseError, Done, without_numbers};
use crate::office::Office;
use domain::{ApplicationNo, Day, PersonId, Relation};
use rules::value::{Ratio, Value};
use std::collections::BTreeMap;
use store::Reads;
use store::applications::{self, Application, Declared};
use store::verifications::{
    self, Answer, AnswerState, Explanation, ExplanationKind, LeftOut, NewExplanation, Request,
};

/// What a source found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundWas {
    /// It was not asked, and why.
    NotAsked(String),
    /// The consent was withdrawn before it answered.
    Stopped,
    /// It has not answered; by when it was due.
    Waiting(Day),
    /// It answered: 查得 or 查无, of which day, and the value where it tells one.
    Answered {
        /// 查得 or 查无.
        state: AnswerState,
        /// Of which day.
        as_of: Day,
        /// The value, as case tables write it.
        value: Option<String>,
    },
}

/// How declared and found stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// 一致.
    Same,
    /// 不一致: to be explained.
    Differs,
    /// 未申报而查得: to be explained.
    Undeclared,
    /// 未申报, and nothing was found.
    Nothing,
    /// 待查: nobody knows.
    Unknown,
    /// 未查: it was not asked.
    NotChecked,
}

impl Verdict {
    /// What officials call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Same => "一致",
            Self::Differs => "不一致",
            Self::Undeclared => "未申报而查得",
            Self::Nothing => "未申报,查无",
            Self::Unknown => "待查",
            Self::NotChecked => "未查",
        }
    }

    /// Whether the applicant is to explain.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Differs | Self::Undeclared)
    }
}

/// One line of the comparison.
#[derive(Clone, Debug)]
pub struct Difference {
    /// Of whom.
    pub person: PersonId,
    /// How related to the applicant.
    pub relation: Relation,
    /// The source's code.
    pub source: String,
    /// The source's name.
    pub source_title: String,
    /// The fact.
    pub fact: String,
    /// What was declared, with the time it is about.
    pub declared: Option<Declared>,
    /// What was found.
    pub found: FoundWas,
    /// The consent it rests on.
    pub consent: Option<i64>,
    /// How they stand to each other.
    pub verdict: Verdict,
    /// What was asked and said about it, oldest first.
    pub said: Vec<Explanation>,
}

impl Difference {
    /// Whether it stands: a difference without an explanation, or with one that was not accepted.
    #[must_use]
    pub fn stands(&self) -> bool {
        let last = self.said.last().map(|said| said.content.kind);
        self.verdict.is_open() && last != Some(ExplanationKind::Explained)
    }

    /// By when it is to be explained, where that was asked.
    #[must_use]
    pub fn due(&self) -> Option<Day> {
        self.said.iter().rev().find_map(|said| said.content.due)
    }
}

/// Compares one fact.
#[must_use]
pub fn judge(declared: Value, found: Value, tolerance: Tolerance) -> Verdict {
    match (declared, found) {
        (_, Value::Unknown) => Verdict::Unknown,
        (Value::Unknown, Value::Bool(false)) => Verdict::Nothing,
        (Value::Unknown, Value::Num(n)) if n == Ratio::ZERO => Verdict::Nothing,
        (Value::Unknown, _) => Verdict::Undeclared,
        (Value::Num(said), Value::Num(found)) => match is_near(said, found, tolerance) {
            true => Verdict::Same,
            false => Verdict::Differs,
        },
        (said, found) if said == found => Verdict::Same,
        _ => Verdict::Differs,
    }
}

/// Whether two numbers differ by no more than the tolerance; what cannot be reckoned is not near.
fn is_near(said: Ratio, found: Ratio, tolerance: Tolerance) -> bool {
    let size = |n: Ratio| match n < Ratio::ZERO {
        true => n.neg(),
        false => Some(n),
    };
    let gap = found.sub(said).and_then(size);
    let most = match tolerance {
        Tolerance::Plain(most) => Some(most),
        Tolerance::Share(share) => size(said).and_then(|size| size.mul(share)),
    };
    gap.zip(most).is_some_and(|(gap, most)| gap <= most)
}

/// Everything a batch says about one application, ready to be compared.
pub(super) struct Side<'a> {
    pub(super) book: &'a VerifyBook,
    pub(super) application: &'a Application,
    pub(super) declared: Vec<Declared>,
    requests: Vec<Request>,
    left_out: Vec<LeftOut>,
    answers: BTreeMap<i64, Answer>,
    said: Vec<Explanation>,
}

impl<'a> Side<'a> {
    pub(super) async fn gather(
        on: &impl Reads,
        book: &'a VerifyBook,
        no: i64,
        application: &'a Application,
    ) -> Done<Self> {
        let key = (no, application.no);
        let declared = applications::declared(on, application.no).await?;
        Ok(Self {
            book,
            application,
            declared: declared.into_iter().map(|row| row.content).collect(),
            requests: verifications::requests(on, no).await?,
            left_out: verifications::left_out(on, no).await?,
            answers: verifications::answers_of(on, no).await?,
            said: verifications::explanations(on, key).await?,
        })
    }

    fn request(&self, person: PersonId, source: &str) -> Option<&Request> {
        let mut all = self.requests.iter();
        all.find(|r| r.person == person && r.source == source)
    }

    fn answered(&self, person: PersonId, source: &str, fact: &str) -> FoundWas {
        let Some(request) = self.request(person, source) else {
            let mut left = self.left_out.iter();
            let why = left.find(|l| l.person == person && l.source == source);
            let why = why.map_or("不在这一批里", |left| &left.because);
            return FoundWas::NotAsked(why.to_owned());
        };
        match self.answers.get(&request.no) {
            Some(answer) => {
                let content = &answer.content;
                let value = content.found.iter().find(|(name, _)| name == fact);
                FoundWas::Answered {
                    state: content.state,
                    as_of: content.as_of,
                    value: value.map(|(_, value)| value.clone()),
                }
            }
            None if request.stopped_at.is_some() => FoundWas::Stopped,
            None => FoundWas::Waiting(request.due),
        }
    }

    /// Every member, source and fact, in order.
    pub(super) fn compare(&self) -> Vec<Difference> {
        let mut out = Vec::new();
        for (person, relation) in &self.application.content.members {
            for source in &self.book.sources {
                self.of(*person, *relation, source, &mut out);
            }
        }
        out
    }

    fn of(
        &self,
        person: PersonId,
        relation: Relation,
        source: &SourceRule,
        out: &mut Vec<Difference>,
    ) {
        for item in &source.items {
            let said = self.declared.iter().rev();
            let declared = said
                .filter(|d| d.fact == item.fact)
                .find(|d| d.person == Some(person));
            let found = self.answered(person, &source.code, &item.fact);
            let value = |text: &str| self.book.value(text, &item.fact);
            let verdict = match &found {
                FoundWas::NotAsked(_) | FoundWas::Stopped => Verdict::NotChecked,
                FoundWas::Waiting(_) => Verdict::Unknown,
                FoundWas::Answered { value: told, .. } => judge(
                    declared.map_or(Value::Unknown, |d| value(&d.value)),
                    told.as_deref().map_or(Value::Unknown, value),
                    item.tolerance,
                ),
            };
            let about =
                |e: &&Explanation| e.content.person == person && e.content.fact == item.fact;
            out.push(Difference {
                person,
                relation,
                source: source.code.clone(),
                source_title: source.title.clone(),
                fact: item.fact.clone(),
                declared: declared.cloned(),
                consent: self.request(person, &source.code).map(|r| r.consent),
                found,
                verdict,
                said: self.said.iter().filter(about).cloned().collect(),
            });
        }
    }
}

/// 差异 of an application in a batch.
///
/// # Errors
/// The right is missing, no such batch, or a near relative's.
pub async fn differences(
    office: &Office,
    who: &Acting,
    no: i64,
    application: ApplicationNo,
) -> Done<Vec<Difference>> {
    let scope = who.scope(Right::VERIFY)?;
    found(office, &scope, no).await?;
    let book = super::book(office)?;
    let (_, held) = subject(&office.store, no, application).await?;
    not_a_relative(who, &held)?;
    let side = Side::gather(&office.store, &book, no, &held).await?;
    Ok(side.compare())
}

/// One difference, named by whom and what.
struct About<'a> {
    no: i64,
    application: ApplicationNo,
    person: PersonId,
    fact: &'a str,
}

/// Asks the applicant to explain every difference nobody asked about yet, by a day; answers how many.
///
/// # Errors
/// As [`differences`], or the report is issued, or the calendar of the year is missing.
pub async fn ask_to_explain(
    office: &Office,
    who: &Acting,
    no: i64,
    application: ApplicationNo,
) -> Done<usize> {
    let all = differences(office, who, no, application).await?;
    not_issued(office, no, application).await?;
    let days = super::book(office)?.explain_days;
    let due = office.calendar()?.add_workdays(office.clock.today(), days);
    let (due, _) = due.map_err(|none| CaseError::Refused(none.to_string()))?;
    let open: Vec<&Difference> = all
        .iter()
        .filter(|d| d.verdict.is_open() && d.said.is_empty())
        .collect();
    if open.is_empty() {
        return Ok(0);
    }
    let at = office.clock.at();
    let mut tx = office.begin().await?;
    for difference in &open {
        let new = NewExplanation {
            person: difference.person,
            fact: difference.fact.clone(),
            kind: ExplanationKind::Asked,
            due: Some(due),
            says: String::new(),
        };
        verifications::explain(&mut tx, &at, who.login(), (no, application), &new).await?;
    }
    let says = format!("申请 {application} 有 {} 处请说明,{due} 前", open.len());
    note(&mut tx, office, who, "verification.ask", no, &says);
    office.end(tx).await?;
    Ok(open.len())
}

/// Writes down how the applicant explains a difference.
///
/// # Errors
/// As [`differences`], there is no such difference, or nothing was said.
pub async fn explained(
    office: &Office,
    who: &Acting,
    (no, application): (i64, ApplicationNo),
    (person, fact): (PersonId, &str),
    says: &str,
) -> Done<()> {
    let about = About {
        no,
        application,
        person,
        fact,
    };
    say(office, who, about, ExplanationKind::Explained, says).await
}

/// Says why an explanation does not remove a difference.
///
/// # Errors
/// As [`explained`].
pub async fn accept_not(
    office: &Office,
    who: &Acting,
    (no, application): (i64, ApplicationNo),
    (person, fact): (PersonId, &str),
    says: &str,
) -> Done<()> {
    let about = About {
        no,
        application,
        person,
        fact,
    };
    say(office, who, about, ExplanationKind::NotAccepted, says).await
}

async fn say(
    office: &Office,
    who: &Acting,
    about: About<'_>,
    kind: ExplanationKind,
    says: &str,
) -> Done<()> {
    let (no, application) = (about.no, about.application);
    let all = differences(office, who, no, application).await?;
    not_issued(office, no, application).await?;
    without_numbers(says)?;
    let says = says.trim();
    if says.is_empty() {
        return Err(CaseError::Refused("请写明说明的内容".to_owned()));
    }
    let same = |d: &&Difference| d.person == about.person && d.fact == about.fact;
    let difference = all.iter().find(same).filter(|d| d.verdict.is_open());
    let difference =
        difference.ok_or_else(|| CaseError::Refused("这一项没有不一致,不用说明".to_owned()))?;
    let last = difference.said.last().map(|said| said.content.kind);
    if kind == ExplanationKind::NotAccepted && last != Some(ExplanationKind::Explained) {
        let said = "申请人还没有说明,谈不上采信不采信";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let new = NewExplanation {
        person: about.person,
        fact: about.fact.to_owned(),
        kind,
        due: None,
        says: says.to_owned(),
    };
    let at = office.clock.at();
    let mut tx = office.begin().await?;
    verifications::explain(&mut tx, &at, who.login(), (no, application), &new).await?;
    let act = match kind {
        ExplanationKind::NotAccepted => "verification.not-accept",
        ExplanationKind::Asked | ExplanationKind::Explained => "verification.explain",
    };
    let says = format!("申请 {application} 的{}", about.fact);
    note(&mut tx, office, who, act, no, &says);
    office.end(tx).await
}

pub(super) async fn not_issued(office: &Office, no: i64, application: ApplicationNo) -> Done<()> {
    match verifications::report_of(&office.store, (no, application)).await? {
        None => Ok(()),
        Some(report) => Err(CaseError::Refused(format!(
            "{} 已经出具,不再改动;有异议的,在流程的再次核对里另查一次",
            report.number
        ))),
    }
}

/// 查得的事实: a fact of a case with its source and day, beside what was declared and never over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFact {
    /// Of whom.
    pub person: PersonId,
    /// The fact, by its name in the dictionary.
    pub fact: String,
    /// The value, as case tables write it.
    pub value: String,
    /// The source's code.
    pub source: String,
    /// Of which day.
    pub as_of: Day,
    /// 查得 or 查无.
    pub state: AnswerState,
    /// The answer in the record.
    pub answer: i64,
}

/// What was found for an application, of a fact asked several times the newest; a source that did not
/// reply gives nothing, so its facts stay unknown.
///
/// # Errors
/// The record.
pub async fn found_of(on: &impl Reads, application: ApplicationNo) -> Done<Vec<FoundFact>> {
    let Some(held) = applications::find(on, application).await? else {
        return Ok(Vec::new());
    };
    let members: Vec<PersonId> = held.content.members.iter().map(|(p, _)| *p).collect();
    let mut newest: BTreeMap<(PersonId, String), FoundFact> = BTreeMap::new();
    let mut times = verifications::of_application(on, application).await?;
    times.reverse();
    for time in times {
        let requests = verifications::requests(on, time.verification).await?;
        let answers = verifications::answers_of(on, time.verification).await?;
        for request in requests.iter().filter(|r| members.contains(&r.person)) {
            let Some(answer) = answers.get(&request.no) else {
                continue;
            };
            for (fact, value) in &answer.content.found {
                let found = FoundFact {
                    person: request.person,
                    fact: fact.clone(),
                    value: value.clone(),
                    source: request.source.clone(),
                    as_of: answer.content.as_of,
                    state: answer.content.state,
                    answer: answer.no,
                };
                newest.insert((request.person, fact.clone()), found);
            }
        }
    }
    Ok(newest.into_values().collect())
}
