//! 监测: the facts of a month, everybody judged by every rule, and what came of it: warnings for the
//! people to be visited, and one task for each door.

mod feeds;
mod frames;
mod warnings;

use crate::error::{OfficeError, Result};
use crate::office::Office;
use domain::Month;
use engine::{Frames, Judged};
use rules::Program;
use rules::plan::{FileKind, FilePlan};
use rules::situation::Moments;
use std::sync::Arc;
use store::batches::BatchState;

/// The facts of a month and what the rules say on them.
pub struct MonthData {
    /// The rules of the month.
    pub program: Program,
    /// The month.
    pub month: Month,
    /// Facts, lists and statuses.
    pub frames: Frames,
    /// What the policies and warnings say.
    pub judged: Judged,
    /// What the feeds' own formulas yielded.
    pub feeds: Judged,
    /// The newest batch of each feed that counts for the month.
    pub batches: Vec<(String, i64)>,
}

/// What came of a month's run.
#[derive(Clone, Debug, Default)]
pub struct MonthRun {
    /// Persons judged.
    pub persons: u64,
    /// Households judged.
    pub households: u64,
    /// Warnings raised for the first time.
    pub warnings_raised: u64,
    /// Warnings that stand as before.
    pub warnings_seen_again: u64,
    /// Warnings whose trigger is no longer true.
    pub warnings_closed: u64,
    /// Tasks raised.
    pub tasks_raised: u64,
    /// File id, title, 符合, 不符合, 待查.
    pub verdicts: Vec<(String, String, u64, u64, u64)>,
}

impl MonthData {
    /// Assembles the facts of a month from the lake and judges everybody.
    ///
    /// # Errors
    /// No register for the month; a lake file that is missing.
    pub async fn load(office: &Office, month: Month) -> Result<Self> {
        let program = Arc::new(office.program_of(month));
        let gathered = frames::gather(office, &program, month).await?;
        let worker = Arc::clone(&program);
        let worked = tokio::task::spawn_blocking(move || assemble(&worker, gathered, month));
        let (frames, judged, feeds, batches) = worked
            .await
            .map_err(|e| OfficeError::Other(format!("当月判断中断:{e}")))??;
        let program = Arc::try_unwrap(program).unwrap_or_else(|p| (*p).clone());
        Ok(Self {
            program,
            month,
            frames,
            judged,
            feeds,
            batches,
        })
    }
}

type Assembled = (Frames, Judged, Judged, Vec<(String, i64)>);

fn assemble(program: &Program, gathered: frames::Gathered, month: Month) -> Result<Assembled> {
    let moments = Moments::monthly(month);
    let batches = gathered.batches.clone();
    let mut frames = frames::build(program, gathered)?;
    let is_feed = |f: &FilePlan| f.kind == FileKind::Feed;
    let feeds = engine::compile(&program.only(is_feed), moments)?.run(&frames)?;
    feeds::yield_facts(program, &feeds, &mut frames)?;
    feeds::yield_statuses(program, &feeds, &mut frames, month)?;
    let judged = engine::compile(&program.only(|f| !is_feed(f)), moments)?.run(&frames)?;
    Ok((frames, judged, feeds, batches))
}

/// The months a register has come for, oldest first.
///
/// # Errors
/// The record.
pub async fn months(office: &Office) -> Result<Vec<Month>> {
    let batches = store::batches::list(&office.store, Some("register"), i64::MAX, 1_000).await?;
    let mut months: Vec<Month> = batches
        .iter()
        .filter(|b| b.state == BatchState::Applied)
        .map(|b| b.period)
        .collect();
    months.sort_unstable();
    months.dedup();
    Ok(months)
}

/// Judges everybody by every rule of the month; raises, keeps and closes warnings; raises tasks.
/// Run twice, it changes nothing the second time.
///
/// # Errors
/// No register for the month; the record.
pub async fn run_month(
    office: &Office,
    month: Month,
    mut told: impl FnMut(&str),
) -> Result<MonthRun> {
    if !months(office).await?.contains(&month) {
        return Err(OfficeError::NoRegister(month));
    }
    told("汇集当月事实,逐户逐人判断");
    let data = MonthData::load(office, month).await?;
    told("提出预警,派发任务");
    warnings::raise(office, &data).await
}
