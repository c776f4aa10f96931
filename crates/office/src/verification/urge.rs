//! 催办: a source that is late gets a task for its liaison, once a day. What it did not answer stays 待查.

use super::{found, note};
use crate::access::{Acting, Right};
use crate::casework::{CaseError, Done};
use crate::office::Office;
use domain::Day;
use store::tasks::{self, NewTask};
use store::verifications::{self, SourceCount, Urge};

/// Kind of the task.
const TASK: &str = "urge-department";

/// What was urged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Urged {
    /// Requests without an answer.
    pub requests: i64,
    /// Whether somebody of that office has an account here.
    pub has_liaison: bool,
}

/// The first day on which a source may be urged: some working days after its answer was due.
pub(super) fn from_day(office: &Office, due: Day, days: u32) -> Done<Day> {
    let day = office.calendar()?.add_workdays(due, days);
    let (day, _) = day.map_err(|none| CaseError::Refused(none.to_string()))?;
    Ok(day)
}

/// Requests of a source without an answer.
pub(super) fn open_of(count: &SourceCount) -> u64 {
    let ended = count.answered.saturating_add(count.stopped);
    count.asked.saturating_sub(ended)
}

/// Urges a source that is late.
///
/// # Errors
/// The right is missing, no such batch or source, it is not late enough, or it was urged today.
pub async fn urge(office: &Office, who: &Acting, no: i64, source: &str) -> Done<Urged> {
    let scope = who.scope(Right::VERIFY)?;
    let batch = found(office, &scope, no).await?;
    let book = super::book(office)?;
    let rule = book.source(source)?;
    let counts = verifications::counts(&office.store, no).await?;
    let count = counts.iter().find(|count| count.source == source);
    let none = || CaseError::Refused(format!("第 {no} 批没有向“{}”请求核对", rule.title));
    let count = count.ok_or_else(none)?;
    let open = open_of(count);
    if open == 0 {
        let said = format!("“{}”都答复了,不用催", rule.title);
        return Err(CaseError::Refused(said));
    }
    let today = office.clock.today();
    let from = from_day(office, count.due, rule.urge_days)?;
    if today < from {
        let said = format!("“{}”{} 前应答复,{from} 起才能催办", rule.title, count.due);
        return Err(CaseError::Refused(said));
    }
    let requests = i64::try_from(open).unwrap_or(i64::MAX);
    let at = office.clock.at();
    let task = NewTask {
        kind: TASK.to_owned(),
        household: None,
        person: None,
        area: batch.area,
        worker: None,
        due: Some(today),
        urgency: requests,
        cause_kind: "verification".to_owned(),
        cause_id: no,
        summary: format!(
            "第 {no} 批核对:{}({})还有 {open} 条没有答复,应于 {} 前答复",
            rule.title, rule.department, count.due
        ),
        warnings: Vec::new(),
    };
    let mut tx = office.begin().await?;
    let raised = tasks::raise_many(&mut tx, &at, who.login(), &[task]).await?;
    let failed = || CaseError::Refused("催办任务没有建成,请再试一次".to_owned());
    let task = raised.ids.first().copied().ok_or_else(failed)?;
    let new = Urge {
        source: source.to_owned(),
        day: today,
        task,
        requests,
        actor: who.login().to_owned(),
    };
    if !verifications::urge(&mut tx, no, &new).await? {
        let said = format!("“{}”今天已经催过", rule.title);
        return Err(CaseError::Refused(said));
    }
    let says = format!("{source} {open} 条");
    note(&mut tx, office, who, "verification.urge", no, &says);
    office.end(tx).await?;
    Ok(Urged {
        requests,
        has_liaison: book.offices.contains_key(source),
    })
}
