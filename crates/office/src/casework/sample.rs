//! 抽查: a share of a month's cases, drawn by SHA-256 over a seed told to everybody and the cases' numbers,
//! so that anybody with a list and `sha256sum` draws the same. Near relatives of staff are all looked into.

use super::near::RELATIVE;
use super::{Case, CaseError, Done, guard};
use crate::access::{Acting, Right};
use crate::error::OfficeError;
use crate::office::Office;
use domain::{CaseNo, Month};
use store::Act;
use store::digest::{hex, of_bytes};
use store::notices::{self, NewSample, SampleWhy};

/// Parts of a share: hundredths of a percent.
const WHOLE: u64 = 10_000;
/// Cases looked through for a draw.
const CASES_MAX: u32 = 100_000;

/// One number with what it was drawn by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The case.
    pub case: CaseNo,
    /// SHA-256 of the seed, a colon and the number.
    pub digest: String,
    /// Why it is looked into; none when it is not.
    pub why: Option<SampleWhy>,
}

/// A draw of a programme and month.
#[derive(Clone, Debug)]
pub struct Draw {
    /// The programme.
    pub programme: String,
    /// Of which month.
    pub month: Month,
    /// The seed.
    pub seed: String,
    /// The share, in hundredths of a percent.
    pub share: u32,
    /// All numbers, those drawn first.
    pub tickets: Vec<Ticket>,
}

/// Draws: numbers in the order of their digests, the first of them up to the share, rounded up; and every
/// case of a near relative besides.
#[must_use]
pub fn draw(seed: &str, share: u32, cases: &[(CaseNo, bool)]) -> Vec<Ticket> {
    let mut tickets: Vec<(Ticket, bool)> = cases
        .iter()
        .map(|(case, near)| {
            let digest = hex(&of_bytes(format!("{seed}:{case}").as_bytes()));
            let ticket = Ticket {
                case: *case,
                digest,
                why: None,
            };
            (ticket, *near)
        })
        .collect();
    tickets.sort_by(|(a, _), (b, _)| a.digest.cmp(&b.digest));
    let all = u64::try_from(tickets.len()).unwrap_or(u64::MAX);
    let wanted = all.saturating_mul(u64::from(share)).div_ceil(WHOLE);
    for (place, (ticket, near)) in (0_u64..).zip(tickets.iter_mut()) {
        ticket.why = match (place < wanted, *near) {
            (_, true) => Some(SampleWhy::Relative),
            (true, false) => Some(SampleWhy::Drawn),
            (false, false) => None,
        };
    }
    tickets.into_iter().map(|(ticket, _)| ticket).collect()
}

/// What a draw of a month would be: for each programme whose decision is drawn from, the cases that reached
/// the decision in that month.
///
/// # Errors
/// The record.
pub async fn look(office: &Office, who: &Acting, month: Month, seed: &str) -> Done<Vec<Draw>> {
    let scope = who.scope(Right::DECISION)?;
    let seed = seed.trim();
    if seed.is_empty() {
        let said = "请填种子:一串公开的、事先不能挑的字,如当天的福彩号码";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let store = &office.store;
    let rows = store::cases::list(store, scope.start().as_ref(), i64::MAX, CASES_MAX).await?;
    let mut by_programme: std::collections::BTreeMap<String, (u32, Vec<(CaseNo, bool)>)> =
        std::collections::BTreeMap::new();
    for row in rows.iter().filter(|row| scope.contains(&row.current.area)) {
        let procedure = office.procedure(&row.content.procedure, row.content.rules_day)?;
        let steps = procedure.steps.iter();
        let mut shares = steps.filter(|step| guard::is_decision(step));
        let Some(share) = shares.find_map(|step| step.sample) else {
            continue;
        };
        let Some(case) = super::read(office, store, row.no).await? else {
            continue;
        };
        if reached(&case).is_some_and(|day| Month::containing(day) == month) {
            let near = case.standing.told.contains(RELATIVE);
            let programme = row.content.programme.clone();
            let entry = by_programme.entry(programme).or_insert((share, Vec::new()));
            entry.1.push((row.no, near));
        }
    }
    let draws = by_programme
        .into_iter()
        .map(|(programme, (share, mut cases))| {
            cases.sort_unstable();
            Draw {
                programme,
                month,
                seed: seed.to_owned(),
                share,
                tickets: draw(seed, share, &cases),
            }
        });
    Ok(draws.collect())
}

/// The day a case first came to be decided.
fn reached(case: &Case) -> Option<domain::Day> {
    let decides = |name: &str| {
        let step = case.procedure.step(name);
        step.is_some_and(guard::is_decision)
    };
    let done = case.standing.done.iter().find(|done| decides(&done.step));
    let open = case.standing.open.as_ref().filter(|o| decides(&o.name));
    done.map(|done| done.opened).or(open.map(|open| open.since))
}

/// Keeps the draw of a month; each programme is drawn once.
///
/// # Errors
/// It was drawn already, or there is nothing to draw from.
pub async fn keep(office: &Office, who: &Acting, month: Month, seed: &str) -> Done<Vec<Draw>> {
    let draws = look(office, who, month, seed).await?;
    if draws.is_empty() {
        let said = format!("{month} 没有到审核确认这一步的办件,不用抽");
        return Err(CaseError::Refused(said));
    }
    let at = office.clock.at();
    let mut tx = office.begin().await?;
    let known = notices::samples(&tx).await?;
    for one in &draws {
        let same =
            |s: &&notices::Sample| s.content.month == month && s.content.programme == one.programme;
        if let Some(before) = known.iter().find(same) {
            let said = format!("{month} 已经用种子“{}”抽过,不能重抽", before.content.seed);
            return Err(CaseError::Refused(said));
        }
        let mut numbers: Vec<i64> = one.tickets.iter().map(|t| t.case.get()).collect();
        numbers.sort_unstable();
        let numbers = serde_json::to_string(&numbers)
            .map_err(|e| CaseError::Office(OfficeError::Other(e.to_string())))?;
        let cases = one.tickets.iter();
        let new = NewSample {
            month,
            programme: one.programme.clone(),
            seed: one.seed.clone(),
            share: one.share,
            numbers,
            actor: who.login().to_owned(),
            cases: cases.filter_map(|t| Some((t.case, t.why?))).collect(),
        };
        let no = notices::add_sample(&mut tx, &at, &new).await?;
        tx.record(
            Act::new(&at, who.login(), "case.sample")
                .on("sample", no)
                .because(format!("{month} 抽查,种子 {}", one.seed)),
        );
    }
    office.end(tx).await?;
    Ok(draws)
}
