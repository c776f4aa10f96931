//! 体检 of cases: every open one is what its events lead to, and waits for the roles its procedure names.
//! Repairs nothing.

use super::{CaseError, Done, events, read};
use crate::office::Office;
use store::cases::{self, CaseRow, Current};

/// Open cases that are read at a time.
const CASES_READ: u32 = 500;

/// What is not as the events say, one sentence a case, and how many were looked at.
///
/// # Errors
/// The record cannot be read at all.
pub async fn unsound(office: &Office) -> Done<(Vec<String>, u64)> {
    let mut found = Vec::new();
    let mut count = 0_u64;
    let mut after = 0;
    loop {
        let rows = cases::list_open(&office.store, None, after, CASES_READ).await?;
        let Some(last) = rows.last() else {
            return Ok((found, count));
        };
        after = last.no.get();
        for row in &rows {
            count = count.saturating_add(1);
            if let Some(said) = wrong(office, row).await? {
                found.push(format!("办件 № {}:{said}", row.no));
            }
        }
    }
}

async fn wrong(office: &Office, row: &CaseRow) -> Done<Option<String>> {
    let case = match read(office, &office.store, row.no).await {
        Ok(Some(case)) => case,
        Ok(None) => return Ok(Some("不见了".to_owned())),
        Err(CaseError::Office(error)) => return Ok(Some(error.to_string())),
        Err(error) => return Err(error),
    };
    let derived = events::current(
        &case.procedure,
        &case.standing,
        office.calendar()?,
        (&case.application, &case.papers),
    );
    let kept = &row.current;
    if derived.step != kept.step || derived.area != kept.area || derived.paused != kept.paused {
        return Ok(Some("清单上的步骤与经过不符".to_owned()));
    }
    let times = |current: &Current| (current.due, current.overall_due, current.pause_ends);
    if times(&derived) != times(kept) || derived.marks != kept.marks {
        return Ok(Some("清单上的期限或者标记与经过不符".to_owned()));
    }
    let mut should = derived.waits;
    let mut waits = cases::waits(&office.store, row.no).await?;
    should.sort_by(|a, b| (&a.step, &a.role).cmp(&(&b.step, &b.role)));
    waits.sort_by(|a, b| (&a.step, &a.role).cmp(&(&b.step, &b.role)));
    if should != waits || should.is_empty() {
        return Ok(Some("待办清单上的承办角色与流程不符".to_owned()));
    }
    Ok(None)
}
