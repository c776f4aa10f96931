//! 申请人说明: what the applicant is told of the differences, in a letter or on their own page, and what they say.

use super::book::VerifyBook;
use super::differences::{Difference, FoundWas, Side};
use super::note;
use crate::access::Acting;
use crate::casework::{CaseError, Done};
use crate::office::Office;
use domain::{Day, PersonId};
use store::Reads;
use store::applications::Application;
use store::verifications::{self, ExplanationKind, NewExplanation};

/// What the applicant is told that differs, line by line and without a name, and by when to explain it; none while
/// nothing differs.
///
/// # Errors
/// The rulebook, the calendar of the year, or the record.
pub(crate) async fn told_of(
    office: &Office,
    on: &impl Reads,
    (application, told): (&Application, Day),
) -> Done<Option<(Vec<String>, Day)>> {
    let times = verifications::of_application(on, application.no).await?;
    let Some(newest) = times.first() else {
        return Ok(None);
    };
    let book = super::book(office)?;
    let side = Side::gather(on, &book, newest.verification, application).await?;
    let all = side.compare();
    let open: Vec<&Difference> = all.iter().filter(|one| one.verdict.is_open()).collect();
    if open.is_empty() {
        return Ok(None);
    }
    let asked = open.iter().filter_map(|one| one.due()).max();
    let until = match asked {
        Some(day) => day,
        None => {
            let due = office.calendar()?.add_workdays(told, book.explain_days);
            due.map_err(|none| CaseError::Refused(none.to_string()))?.0
        }
    };
    let lines = open.iter().map(|one| {
        format!(
            "{}的{}:{}",
            whose(one, application),
            one.fact,
            values(&book, one)
        )
    });
    Ok(Some((lines.collect(), until)))
}

/// A difference the applicant was asked about and may still explain.
#[derive(Clone, Debug)]
pub(crate) struct ToExplain {
    /// In which batch.
    pub(crate) batch: i64,
    /// Of whom.
    pub(crate) person: PersonId,
    /// Who that is, in a word: 本人, 配偶.
    pub(crate) whose: String,
    /// Whether it is the applicant's own.
    pub(crate) is_own: bool,
    /// The fact.
    pub(crate) fact: String,
    /// What was declared and found.
    pub(crate) values: String,
    /// By when.
    pub(crate) due: Option<Day>,
    /// What was said of it since it was asked.
    pub(crate) said: Vec<String>,
}

/// What waits for the applicant's words; nothing once the report is issued.
///
/// # Errors
/// The rulebook, or the record.
pub(crate) async fn to_explain(
    office: &Office,
    on: &impl Reads,
    application: &Application,
) -> Done<Vec<ToExplain>> {
    let times = verifications::of_application(on, application.no).await?;
    let Some(newest) = times.first().map(|time| time.verification) else {
        return Ok(Vec::new());
    };
    let key = (newest, application.no);
    if verifications::report_of(on, key).await?.is_some() {
        return Ok(Vec::new());
    }
    let book = super::book(office)?;
    let side = Side::gather(on, &book, newest, application).await?;
    let asked = |one: &Difference| {
        let mut said = one.said.iter();
        one.verdict.is_open() && said.any(|said| said.content.kind == ExplanationKind::Asked)
    };
    let all = side.compare().into_iter().filter(asked);
    let all = all.map(|one| {
        let said = one.said.iter().filter_map(|said| {
            let says = &said.content.says;
            match said.content.kind {
                ExplanationKind::Asked => None,
                ExplanationKind::Explained => Some(format!("您说明:{says}")),
                ExplanationKind::NotAccepted => Some(format!("没有采信:{says}")),
            }
        });
        ToExplain {
            batch: newest,
            person: one.person,
            whose: whose(&one, application).to_owned(),
            is_own: one.person == application.content.applicant,
            values: values(&book, &one),
            due: one.due(),
            said: said.collect(),
            fact: one.fact.clone(),
        }
    });
    Ok(all.collect())
}

/// Keeps the applicant's own words about a difference, inside the write of their photos.
///
/// # Errors
/// The record.
pub(crate) async fn explained_by(
    office: &Office,
    tx: &mut store::JournalTx,
    who: &Acting,
    (application, one): (&Application, &ToExplain),
    says: &str,
) -> Done<()> {
    let new = NewExplanation {
        person: one.person,
        fact: one.fact.clone(),
        kind: ExplanationKind::Explained,
        due: None,
        says: says.to_owned(),
    };
    let key = (one.batch, application.no);
    verifications::explain(tx, &office.clock.at(), who.login(), key, &new).await?;
    let said = format!("申请 {} 的{},申请人在网上说明", application.no, one.fact);
    note(tx, office, who, "verification.explain", one.batch, &said);
    Ok(())
}

fn whose(one: &Difference, application: &Application) -> &'static str {
    match one.person == application.content.applicant {
        true => "本人",
        false => one.relation.name(),
    }
}

/// What was declared and what was found, in words.
fn values(book: &VerifyBook, one: &Difference) -> String {
    let shown = |value: &str| book.shown(value, &one.fact);
    let said = one.declared.as_ref();
    let said = said.map_or_else(
        || "没有申报".to_owned(),
        |d| format!("申报 {}", shown(&d.value)),
    );
    let FoundWas::Answered { as_of, value, .. } = &one.found else {
        return said;
    };
    let value = value.as_deref().map_or_else(|| "查得".to_owned(), shown);
    format!("{said},查得 {value}({} {as_of})", one.source_title)
}
