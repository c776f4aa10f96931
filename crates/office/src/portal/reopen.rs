//! 重新打开: an office takes up again what it refused of a resident's — an application that was not taken, a
//! correction that was not accepted — with its reason. The time runs anew by the rule, whoever sent it is told, and
//! the answer given before stays in the record.

use super::book::{PortalBook, due};
use super::window::{MatterLine, correction_title, is_for, organisation};
use crate::access::{Acting, Right};
use crate::casework::{CaseError, Done, place_name, without_numbers};
use crate::office::Office;
use store::Act;
use store::portal::{self, Correction, CorrectionState, Reopened, SubmissionState};

/// Rows that are read.
const ROWS_READ: u32 = 200;

fn why(because: &str) -> Done<&str> {
    let because = because.trim();
    without_numbers(because)?;
    match because {
        "" => Err(CaseError::Refused(
            "重新打开要写明理由,如 本人补来了证件、原来的退回有误".to_owned(),
        )),
        because => Ok(because),
    }
}

/// Takes up again an application that was not taken: it waits as on the day it came. Answers whether its sender
/// was told; an account that is closed, or another's hand, has no telephone.
///
/// # Errors
/// No right, another place, it was not refused, or no reason.
pub async fn reopen_submission(
    office: &Office,
    who: &Acting,
    no: i64,
    because: &str,
) -> Done<bool> {
    let scope = who.scope(Right::RESIDENT_HANDLE)?;
    let none = || CaseError::NotFound(format!("没有回执为 {no} 的退回的网上申请"));
    let one = portal::find_submission(&office.store, no).await?;
    let refused = |one: &portal::Submission| {
        one.state == SubmissionState::Refused && scope.contains(&one.new.area)
    };
    let one = one.filter(refused).ok_or_else(none)?;
    let because = why(because)?;
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    let hand = (&at, office.clock.today(), who.login());
    portal::reopen(&mut tx, hand, (Reopened::Submission, no), (because, None)).await?;
    let act = Act::new(&at, who.login(), "submission.reopen").on("submission", no);
    tx.record(act.because(because));
    let mut told = false;
    if let Some(resident) = one.new.resident
        && let Some(account) = portal::find(&tx, resident).await?
    {
        let phone = account.phone(&tx).await?;
        let body = format!(
            "您的网上申请回执 {no} 已重新打开:{because}。等窗口核对身份,进度在“我的办件”里看。"
        );
        portal::post(&mut tx, &at, "reopened", (&phone, &body)).await?;
        told = true;
    }
    tx.commit().await?;
    Ok(told)
}

/// Takes up again a correction that was not accepted: it is to be answered anew, by the days of the rulebook from
/// today. Answers whether whoever asked was told.
///
/// # Errors
/// No right, another's, it was not refused, or no reason.
pub async fn reopen_correction(
    office: &Office,
    who: &Acting,
    no: i64,
    because: &str,
) -> Done<bool> {
    let scope = who.scope(Right::CORRECTION_ANSWER)?;
    let none = || CaseError::NotFound(format!("没有编号为 {no} 的没有采纳的更正申请"));
    let one = portal::correction(&office.store, no).await?;
    let own = organisation(office, who).await?;
    let theirs = |one: &Correction| {
        let refused = one.state == CorrectionState::Refused;
        refused && scope.contains(&one.new.area) && is_for(one, who, &own)
    };
    let one = one.filter(theirs).ok_or_else(none)?;
    let because = why(because)?;
    let due = due(office, PortalBook::of(office)?.correction_days);
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    let hand = (&at, office.clock.today(), who.login());
    portal::reopen(&mut tx, hand, (Reopened::Correction, no), (because, due)).await?;
    let act = Act::new(&at, who.login(), "correction.reopen").on("correction", no);
    tx.record(act.because(because));
    let mut told = false;
    if let Some(known) = portal::by_person(&tx, one.new.person).await? {
        let phone = known.phone(&tx).await?;
        let body = format!("您提出的更正已重新打开:{because}。答复以后在“我的数据”里看。");
        portal::post(&mut tx, &at, "reopened", (&phone, &body)).await?;
        told = true;
    }
    tx.commit().await?;
    Ok(told)
}

/// Corrections somebody may take up again, the newest first.
pub(super) async fn declined(office: &Office, who: &Acting) -> Done<Vec<MatterLine>> {
    let scope = who.scope(Right::CORRECTION_ANSWER)?;
    let own = organisation(office, who).await?;
    let today = office.clock.today();
    let mut out = Vec::new();
    for place in scope.each_place() {
        let found = portal::corrections_refused(&office.store, place.as_ref(), ROWS_READ).await?;
        for one in found.into_iter().filter(|one| is_for(one, who, &own)) {
            out.push(MatterLine {
                no: one.no,
                title: correction_title(office, &one).await?,
                text: format!("没有采纳:{}", one.because),
                place: place_name(office, &one.new.area, today).await?,
                when: one.new.department.clone(),
                late: false,
            });
        }
    }
    Ok(out)
}
