//! 结果互认: a case of another programme uses a report that is there, and nothing is asked again. The act
//! that recognised it is listed with the report.

use super::batch::step_of;
use super::differences::{Difference, Side};
use super::report::use_in;
use super::subject;
use crate::access::{Acting, Right};
use crate::casework::{CaseError, Done, load_with};
use crate::office::Office;
use domain::{CaseNo, PersonId};
use std::collections::BTreeSet;
use store::verifications::{self, Report, Use};
use store::{applications, cases};

/// A report a case went on with.
#[derive(Clone, Debug)]
pub struct Recognised {
    /// The report.
    pub report: Report,
    /// How the case used it.
    pub by: Use,
}

/// Lets a case that waits for verification go on with the newest report of the same household: the same
/// members, issued within the shortest time an answer stands.
///
/// # Errors
/// The right is missing, the case does not wait for it, or there is no such report.
pub async fn recognise(office: &Office, who: &Acting, no: CaseNo) -> Done<Recognised> {
    let book = super::book(office)?;
    let mut case = load_with(office, who, Right::VERIFY, no).await?;
    let Some((step, paper)) = step_of(&book, &case) else {
        let said = format!("№ {no} 现在不在信息核对这一步");
        return Err(CaseError::Refused(said));
    };
    let (step, paper) = (step.to_owned(), paper.to_owned());
    let report = newest_for(office, &case).await?;
    let none = || {
        let said = "没有可以互认的核对报告:家庭成员要相同,并且还在有效期内;请另开批次核对";
        CaseError::Refused(said.to_owned())
    };
    let report = report.ok_or_else(none)?;
    let stands = book.sources.iter().map(|source| source.recheck_days).min();
    let last = report.content.day.add_days(i64::from(stands.unwrap_or(0)));
    let already = report.content.application == case.application.no
        && !verifications::uses_of_case(&office.store, no)
            .await?
            .is_empty();
    if already || last.is_none_or(|last| last < office.clock.today()) {
        return Err(none());
    }
    let mut tx = office.begin().await?;
    let key = report.content.verification;
    let (_, held) = subject(&tx, key, report.content.application).await?;
    let side = Side::gather(&tx, &book, key, &held).await?;
    let differs = side.compare().iter().any(Difference::stands);
    let used = (&report, step.as_str(), paper.as_str());
    use_in(office, &mut tx, who, &mut case, used, (&book, differs)).await?;
    office.end(tx).await?;
    let uses = verifications::uses_of_case(&office.store, no).await?;
    let by = uses.into_iter().rfind(|one| one.report == report.no);
    let by = by.ok_or_else(none)?;
    Ok(Recognised { report, by })
}

/// The newest report over the same members: of this application, or of another of the household.
async fn newest_for(office: &Office, case: &crate::casework::Case) -> Done<Option<Report>> {
    let store = &office.store;
    let persons = |members: &[(PersonId, domain::Relation)]| {
        members
            .iter()
            .map(|(person, _)| *person)
            .collect::<BTreeSet<_>>()
    };
    let own = persons(&case.application.content.members);
    let mut numbers = BTreeSet::from([case.application.no]);
    if let Some(home) = case.row.content.household {
        let others = cases::of_household(store, home).await?;
        numbers.extend(others.iter().map(|other| other.content.application));
    }
    let mut newest: Option<Report> = None;
    for number in numbers {
        let Some(other) = applications::find(store, number).await? else {
            continue;
        };
        if persons(&other.content.members) != own {
            continue;
        }
        let report = verifications::newest_report(store, number).await?;
        let later = |report: &Report| newest.as_ref().is_none_or(|n| n.no < report.no);
        if let Some(report) = report.filter(later) {
            newest = Some(report);
        }
    }
    Ok(newest)
}

/// The reports a case went on with.
///
/// # Errors
/// The right is missing, or no such case.
pub async fn recognised_in(office: &Office, who: &Acting, no: CaseNo) -> Done<Vec<Recognised>> {
    load_with(office, who, Right::CASE, no).await?;
    let mut out = Vec::new();
    for by in verifications::uses_of_case(&office.store, no).await? {
        let report = verifications::find_report(&office.store, by.report).await?;
        out.extend(report.map(|report| Recognised { report, by }));
    }
    Ok(out)
}
