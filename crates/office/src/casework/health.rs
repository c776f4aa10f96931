//! 体检 of cases: every open one is what its events lead to, and waits for the roles its procedure names; every closed
//! one ended as they say. Looking repairs nothing. What an older program called 办结 and this one 终止办理 is put right
//! once, when the record is opened.

use super::{Case, CaseError, Done, Outcome, events, read};
use crate::office::Office;
use store::cases::{self, CaseRow, Current};
use store::{Act, upkeep};

/// Cases that are read at a time.
const CASES_READ: u32 = 500;
/// What putting the endings right is called in the record.
const ENDINGS: &str = "case-endings";

/// What is not as the events say, one sentence a case, and how many open ones were looked at.
///
/// # Errors
/// The record cannot be read at all.
pub async fn unsound(office: &Office) -> Done<(Vec<String>, u64)> {
    let mut found = Vec::new();
    let mut count = 0_u64;
    let mut after = 0;
    loop {
        let rows = cases::list_open(&office.store, None, after, CASES_READ).await?;
        let Some(last) = rows.last() else { break };
        after = last.no.get();
        for row in &rows {
            count = count.saturating_add(1);
            if let Some(said) = wrong(office, row).await? {
                found.push(format!("办件 № {}:{said}", row.no));
            }
        }
    }
    ended_otherwise(office, &mut found).await?;
    Ok((found, count))
}

/// Of the closed ones those that did not end as their events say.
async fn ended_otherwise(office: &Office, found: &mut Vec<String>) -> Done<()> {
    let mut after = 0;
    loop {
        let rows = cases::list_closed(&office.store, after, CASES_READ).await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = last.no.get();
        for row in &rows {
            let said = match folded(office, row).await? {
                Ok(case) if outcome(&case) == row.current.outcome => continue,
                Ok(_) => "清单上的结果与经过不符".to_owned(),
                Err(said) => said,
            };
            found.push(format!("办件 № {}:{said}", row.no));
        }
    }
}

/// How a case ended, by its events.
fn outcome(case: &Case) -> Option<String> {
    let closed = case.standing.closed;
    closed.map(|(outcome, _)| outcome.word().to_owned())
}

/// A case as its events lead to it, or what is wrong with them.
async fn folded(office: &Office, row: &CaseRow) -> Done<Result<Case, String>> {
    match read(office, &office.store, row.no).await {
        Ok(Some(case)) => Ok(Ok(case)),
        Ok(None) => Ok(Err("不见了".to_owned())),
        Err(CaseError::Office(error)) => Ok(Err(error.to_string())),
        Err(error) => Err(error),
    }
}

/// Closed cases that a program before this one kept as 办结 although their procedure was ended end as their events
/// say; answers how many. Done once for a record.
///
/// # Errors
/// The record.
pub async fn end_rightly(office: &Office) -> Done<u64> {
    if upkeep::is_done(&office.store, ENDINGS).await? {
        return Ok(0);
    }
    let (mut after, mut wrong, mut seen) = (0, Vec::new(), false);
    loop {
        let rows = cases::list_closed(&office.store, after, CASES_READ).await?;
        let Some(last) = rows.last() else { break };
        after = last.no.get();
        let as_done = |row: &&CaseRow| row.current.outcome.as_deref() == Some(Outcome::Done.word());
        for row in rows.iter().filter(as_done) {
            seen = true;
            // One that cannot be read stays as it is; whoever examines the office is told.
            let Ok(case) = folded(office, row).await? else {
                continue;
            };
            if let Some(outcome) = outcome(&case).filter(|_| outcome(&case) != row.current.outcome)
            {
                wrong.push((row.no, row.last_seq, outcome));
            }
        }
    }
    // Nothing is written to a record in which there was nothing to look at.
    if !seen {
        return Ok(0);
    }
    let at = office.clock.at();
    let mut tx = office.begin().await?;
    for (no, last_seq, outcome) in &wrong {
        cases::end_as(&mut tx, *no, *last_seq, outcome).await?;
    }
    upkeep::done(&mut tx, &at, ENDINGS).await?;
    tx.record(
        Act::new(&at, "system", "case.endings")
            .on("upkeep", ENDINGS)
            .because(format!("{} 件办结的按经过改记结果", wrong.len())),
    );
    office.end(tx).await?;
    Ok(u64::try_from(wrong.len()).unwrap_or(u64::MAX))
}

async fn wrong(office: &Office, row: &CaseRow) -> Done<Option<String>> {
    let case = match folded(office, row).await? {
        Ok(case) => case,
        Err(said) => return Ok(Some(said)),
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
