//! 信息核对: consent, a batch of questions to departments, their answers, declared against found, the
//! report, and the case that goes on with it.
//!
//! Three answers and never two: 查得, 查无, and 待查 for a source that did not reply. What is found never
//! overwrites what was declared. Which sources there are, what they are asked, in how many days and
//! within which tolerance stands in `rulebook/verification/`.

mod answers;
mod applicant;
mod batch;
mod book;
mod consent;
pub mod demo;
mod differences;
mod export;
mod recognise;
mod report;
mod shown;
mod urge;
mod views;

pub use answers::{Imported, import_bytes, import_file, import_text, mistakes_book};
pub(crate) use applicant::{ToExplain, explained_by, to_explain, told_of};
pub use batch::{Candidate, Opened, Plan, Unsigned, candidates, open, plan};
pub(crate) use batch::{all_signed, may_ask_the_others, starts};
pub use book::{ItemRule, SourceRule, VerifyBook};
pub use consent::{Given, Signed, SignedText, consents_of, give, give_in, withdraw, withdraw_in};
pub use differences::{
    Difference, FoundFact, FoundWas, Verdict, accept_not, ask_to_explain, differences, explained,
    found_of, judge,
};
pub use domain::{ApplicationNo, CaseNo, PersonId};
pub use export::{request_csv, request_rows, request_workbook};
pub use recognise::{Recognised, recognise, recognised_in};
pub use report::{
    Issued, issue, page as report_page, pdf as report_pdf, printed as report_printed, report,
    reports_of_case,
};
pub use shown::{batch_view, consent_view, diff_view, list_view, mistakes_view, report_view};
pub use urge::{Urged, urge};
pub use views::{
    BatchRow, BatchView, CandidateRow, ConsentRow, ConsentView, DiffRow, DiffView, FileRow,
    ListView, MistakeRow, ReportView, SourceRow, SubjectRow,
};

use crate::access::{Acting, Right, Scope};
use crate::casework::{CaseError, Done};
use crate::office::Office;
use std::collections::BTreeSet;
use store::applications::{self, Application};
use store::verifications::{self, Subject, Verification};
use store::{Act, JournalTx, Reads};

/// What holds in this place.
///
/// # Errors
/// The rulebook says nothing about verification, or not rightly.
pub fn book(office: &Office) -> Done<VerifyBook> {
    VerifyBook::read(office)
}

/// The header of a source's table of answers.
///
/// # Errors
/// The rulebook has no such source.
pub fn answer_header(office: &Office, source: &str) -> Done<Vec<String>> {
    let rules = book(office)?;
    let columns = rules.feed(source)?.columns.iter();
    let headers = columns.filter_map(|column| column.headers.first().cloned());
    Ok(headers.collect())
}

/// A batch that is there, within the scope of a right.
async fn found(office: &Office, scope: &Scope, no: i64) -> Done<Verification> {
    let missing = || CaseError::NotFound(format!("没有第 {no} 批核对;请从核对批次清单打开"));
    let batch = verifications::find(&office.store, no).await?;
    let batch = batch.ok_or_else(missing)?;
    match scope.contains(&batch.area) {
        true => Ok(batch),
        false => Err(missing()),
    }
}

/// An application of a batch, with what it says.
async fn subject(
    on: &impl Reads,
    no: i64,
    application: ApplicationNo,
) -> Done<(Subject, Application)> {
    let missing =
        || CaseError::NotFound(format!("第 {no} 批里没有申请 {application};请从这一批打开"));
    let subjects = verifications::subjects(on, no).await?;
    let subject = subjects
        .into_iter()
        .find(|subject| subject.application == application)
        .ok_or_else(missing)?;
    let held = applications::find(on, application).await?;
    Ok((subject, held.ok_or_else(missing)?))
}

/// Own and near relatives' applications are neither seen nor handled.
fn not_a_relative(who: &Acting, application: &Application) -> Done<()> {
    let content = &application.content;
    let mut persons = content.members.iter().map(|(person, _)| *person);
    let near = persons.any(|person| who.is_kept_from_person(person))
        || content.household.is_some_and(|home| who.is_kept_from(home));
    match near {
        true => Err(crate::views::ViewError::kept_from().into()),
        false => Ok(()),
    }
}

/// The sources whose requests somebody may see: all for whoever verifies, a liaison those of the own
/// office.
async fn own_sources(office: &Office, who: &Acting, book: &VerifyBook) -> Done<BTreeSet<String>> {
    who.scope(Right::VERIFY_ANSWER)?;
    if who.may(Right::VERIFY) {
        return Ok(book.sources.iter().map(|s| s.code.clone()).collect());
    }
    let user = store::users::get(&office.store, who.user()).await?;
    let offices = store::organisations::list(&office.store, None).await?;
    let code = user.and_then(|user| {
        let own = offices.iter().find(|o| o.id == user.organisation);
        own.map(|o| o.content.code.clone())
    });
    let own = book
        .offices
        .iter()
        .filter(|(_, o)| Some(*o) == code.as_ref());
    Ok(own.map(|(source, _)| source.clone()).collect())
}

/// Whether a source is one whose requests this person may see.
async fn own_source(
    office: &Office,
    who: &Acting,
    book: &VerifyBook,
    source: &str,
) -> Done<SourceRule> {
    let known = book.source(source)?.clone();
    match own_sources(office, who, book).await?.contains(source) {
        true => Ok(known),
        false => Err(CaseError::Forbidden(format!(
            "“{}”的核对请求由它自己的联络员答复,您看不到",
            known.title
        ))),
    }
}

fn note(tx: &mut JournalTx, office: &Office, who: &Acting, act: &str, no: i64, says: &str) {
    let act = Act::new(&office.clock.at(), who.login(), act);
    tx.record(act.on("verification", no).because(says));
}
