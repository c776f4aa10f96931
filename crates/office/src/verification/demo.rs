//! 演示: one batch over the demo's cases that wait for verification, by the demo's own accounts and through
//! the same acts as any other. Some have not consented; one department stays silent.

use super::{
    Given, Signed, Unsigned, candidates, give, import_text, issue, mistakes_view, open, request_csv,
};
use crate::access::{Access, Acting};
use crate::casework::{CaseError, Done};
use crate::exports::demo::with_another;
use crate::office::Office;
use domain::{CaseNo, PersonId};
use std::collections::BTreeSet;
use store::cases;

/// Who takes consents and who verifies.
const CLERK: [&str; 2] = ["wang", "wang2"];
const OFFICER: &str = "zhao";
/// Who agrees to requests that leave.
const AGREES: &str = "chen";
/// Of so many members one has not signed.
const UNSIGNED_EVERY: usize = 9;
/// When it was asked and when the answers came.
const ASKED: &str = "2026-09-08T10:00";
const ANSWERED: &str = "2026-09-11T15:00";

/// What was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Questions asked.
    pub asked: usize,
    /// Questions answered.
    pub answered: usize,
}

/// Opens the batch and lets departments answer: `answer` gives the file of a source, by its code and the
/// header of its table, for requests in CSV; none for one that stays silent. A file that is sent back
/// comes again without the rows that were wrong. The clock ends where it stood.
///
/// # Errors
/// The record, or an act that is not allowed.
pub async fn fill(
    access: &Access,
    now: &str,
    answer: impl Fn(&str, &[String], &str) -> Option<String> + Send,
) -> Done<Made> {
    let office = access.office();
    let made = past(access, answer).await;
    office.clock.set(now);
    made
}

async fn past(
    access: &Access,
    answer: impl Fn(&str, &[String], &str) -> Option<String> + Send,
) -> Done<Made> {
    let office = access.office();
    let two = (
        acting(access, OFFICER).await?,
        acting(access, AGREES).await?,
    );
    let (Some(officer), Some(agrees)) = two else {
        return Ok(Made::default());
    };
    // Before the clock goes back: the accounts begin today.
    let mut clerks = Vec::new();
    for login in CLERK {
        clerks.extend(acting(access, login).await?);
    }
    office.clock.set(ASKED);
    // Only what had come to this step by then.
    let today = office.clock.today();
    let waiting = candidates(office, &officer).await?;
    let waiting: Vec<_> = waiting
        .into_iter()
        .filter(|c| c.running.is_none() && c.row.current.since <= today)
        .collect();
    let numbers: Vec<CaseNo> = waiting.iter().map(|c| c.row.no).collect();
    let mut count = 0_usize;
    for clerk in &clerks {
        for case in &waiting {
            sign(office, clerk, case.row.no, (&mut count, UNSIGNED_EVERY)).await?;
        }
    }
    let asked = asked(office, &officer, "demo-verification", &numbers).await?;
    office.clock.set(ANSWERED);
    match asked {
        None => Ok(Made::default()),
        Some((no, asked)) => Ok(Made {
            asked,
            answered: answered(office, (&officer, &agrees), no, &answer).await?,
        }),
    }
}

/// Opens a batch; its number and how many were asked, none when nothing can be asked.
async fn asked(
    office: &Office,
    officer: &Acting,
    key: &str,
    numbers: &[CaseNo],
) -> Done<Option<(i64, usize)>> {
    match open(office, officer, key, numbers, Unsigned::AskTheOthers).await {
        Ok(opened) if !opened.again => Ok(Some((opened.no, opened.asked))),
        Ok(_) | Err(CaseError::Refused(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Lets the departments answer a batch; how many requests were answered.
async fn answered(
    office: &Office,
    (officer, agrees): (&Acting, &Acting),
    no: i64,
    answer: &(impl Fn(&str, &[String], &str) -> Option<String> + Send),
) -> Done<usize> {
    let mut answered = 0_usize;
    for source in super::book(office)?.sources {
        let take = async || request_csv(office, officer, no, &source.code).await;
        let (_, request) = with_another(office, (officer, agrees), take).await?;
        let request = String::from_utf8_lossy(&request).into_owned();
        let header = super::answer_header(office, &source.code)?;
        let Some(file) = answer(&source.code, &header, &request) else {
            continue;
        };
        let code = source.code.as_str();
        let mut taken = import_text(office, officer, no, code, &file).await?;
        if taken.mistakes > 0 {
            let wrong = mistakes_view(office, officer, no, taken.file).await?;
            let wrong: BTreeSet<i64> = wrong.iter().map(|mistake| mistake.line).collect();
            let right = (0_i64..)
                .zip(file.lines())
                .filter(|(line, _)| !wrong.contains(line));
            let right: Vec<&str> = right.map(|(_, text)| text).collect();
            taken = import_text(office, officer, no, code, &right.join("\n")).await?;
        }
        answered = answered.saturating_add(taken.answered);
    }
    Ok(answered)
}

/// A whole round over cases that wait for verification: everybody signs, the departments answer, and each
/// application has its report; the clock is set as the round goes.
///
/// # Errors
/// The record, or an act that is not allowed.
pub(crate) async fn whole_round(
    office: &Office,
    (clerk, officer, agrees): (&Acting, &Acting, &Acting),
    (key, times): (&str, [&str; 3]),
    numbers: &[CaseNo],
    answer: &(impl Fn(&str, &[String], &str) -> Option<String> + Send),
) -> Done<()> {
    let [asked_at, answered_at, issued_at] = times;
    office.clock.set(asked_at);
    for no in numbers {
        sign(office, clerk, *no, (&mut 0, usize::MAX)).await?;
    }
    let Some((batch, _)) = asked(office, officer, key, numbers).await? else {
        return Ok(());
    };
    office.clock.set(answered_at);
    answered(office, (officer, agrees), batch, answer).await?;
    office.clock.set(issued_at);
    let mut applications = BTreeSet::new();
    for no in numbers {
        let row = cases::find(&office.store, *no).await?;
        applications.extend(row.map(|row| row.content.application));
    }
    for application in applications {
        issue(office, officer, batch, application).await?;
    }
    Ok(())
}

async fn acting(access: &Access, login: &str) -> Done<Option<Acting>> {
    let Ok(begun) = access.session_at_the_machine(login, "演示核对").await else {
        return Ok(None);
    };
    let visitor = access.visitor(&begun.secret.text()).await?;
    Ok(visitor.map(|visitor| visitor.acting))
}

/// Members of a case sign, all but one in so many.
async fn sign(
    office: &Office,
    clerk: &Acting,
    no: CaseNo,
    (count, unsigned_every): (&mut usize, usize),
) -> Done<()> {
    let case = match super::consents_of(office, clerk, no).await {
        Ok((case, _)) => case,
        // Another township's, or a relative's.
        Err(CaseError::NotFound(_) | CaseError::Forbidden(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    // Only where the others may be asked about without them.
    let rest = super::book(office)?.rest_first;
    let may_miss = rest.contains(&case.procedure.id);
    let mut given = Vec::new();
    for (person, _) in &case.application.content.members {
        *count = count.saturating_add(1);
        if !may_miss || !count.is_multiple_of(unsigned_every) {
            given.push(signed(*person));
        }
    }
    give(office, clerk, no, &given).await?;
    Ok(())
}

fn signed(person: PersonId) -> Given {
    Given {
        person,
        sources: Vec::new(),
        signed: Signed::Paper,
        text: None,
    }
}
