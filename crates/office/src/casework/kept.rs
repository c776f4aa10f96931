//! 决定 for programs: what was decided of a case somebody may see, and what was kept with it to compute it
//! again. Facts stand under their names and the register's numbers; no name and no number of a person.

use super::capsule::{self, Replay};
use super::{CaseError, Done, load};
use crate::access::Acting;
use crate::office::Office;
use domain::{CaseNo, Day, Fen, Month};
use store::cases::CaseRow;
use store::decisions::{self, DecidedAs, DecisionState};
use store::digest::hex;

/// A decision that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// 决定编号.
    pub no: i64,
    /// 办件编号.
    pub case: i64,
    /// The programme, by its policy's name.
    pub programme: String,
    /// Of a programme for one person: whom it is for, by their number in the register.
    pub person: Option<i64>,
    /// The same masked; 全户 of a programme of the household.
    pub subject: String,
    /// 认定日.
    pub day: Day,
    /// How.
    pub outcome: DecidedAs,
    /// What the rules said.
    pub result: String,
    /// Whether it departs from that.
    pub departs: bool,
    /// How much, when granted.
    pub amount: Option<Fen>,
    /// From which month, when granted.
    pub from: Option<Month>,
    /// Every reason.
    pub reasons: Vec<String>,
    /// The articles.
    pub articles: Vec<String>,
    /// Whether it stands, or a later one took its place.
    pub stands: bool,
    /// What was kept with it, as JSON.
    pub capsule: String,
    /// SHA-256 of that.
    pub digest: String,
}

/// One decision of a case somebody may see.
///
/// # Errors
/// No such decision within the scope, or a near relative's.
pub async fn kept(office: &Office, who: &Acting, no: i64) -> Done<Kept> {
    who.scope(crate::access::Right::CASE)?;
    let missing = || CaseError::NotFound(format!("没有编号为 {no} 的决定;请核对编号"));
    let found = decisions::find(&office.store, no).await?;
    let found = found.ok_or_else(missing)?;
    let row = within(office, who, found.content.case, missing).await?;
    let of = whom(office, &row).await?;
    Ok(read(found, &of))
}

/// The decisions of a case somebody may see, oldest first.
///
/// # Errors
/// No such case within the scope, or a near relative's.
pub async fn kept_of(office: &Office, who: &Acting, case: CaseNo) -> Done<Vec<Kept>> {
    let row = load(office, who, case).await?.row;
    let of = whom(office, &row).await?;
    let all = decisions::of_case(&office.store, case).await?;
    Ok(all.into_iter().map(|one| read(one, &of)).collect())
}

/// The same decision computed again, with the rules of then and of today.
///
/// # Errors
/// As [`kept`], or what was kept cannot be read.
pub async fn replayed(office: &Office, who: &Acting, no: i64) -> Done<Replay> {
    kept(office, who, no).await?;
    capsule::replay(office, no).await
}

/// A decision outside the scope is as if there were none.
async fn within(
    office: &Office,
    who: &Acting,
    case: CaseNo,
    missing: impl Fn() -> CaseError,
) -> Done<CaseRow> {
    match load(office, who, case).await {
        Ok(case) => Ok(case.row),
        Err(CaseError::NotFound(_)) => Err(missing()),
        Err(error) => Err(error),
    }
}

/// Whom a case is for: the member's number, and the name masked.
async fn whom(office: &Office, row: &CaseRow) -> Done<(Option<i64>, String)> {
    let line = super::shown::listed::of_row(office, row).await?;
    Ok((line.person, line.subject))
}

fn read(found: decisions::Decision, (person, subject): &(Option<i64>, String)) -> Kept {
    let lines = |text: &str| text.lines().map(str::to_owned).collect();
    let content = found.content;
    Kept {
        no: found.no,
        case: content.case.get(),
        programme: content.programme,
        person: *person,
        subject: subject.clone(),
        day: content.day,
        outcome: content.outcome,
        result: content.result.word().to_owned(),
        departs: content.departs,
        amount: content.amount,
        from: content.from,
        reasons: lines(&content.reasons),
        articles: lines(&content.articles),
        stands: found.state == DecisionState::Effective,
        capsule: content.capsule,
        digest: hex(&found.capsule_digest),
    }
}
