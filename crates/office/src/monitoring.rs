//! 监测: the facts of a month, everybody judged by every rule, and what came of it: warnings for the
//! people to be visited, and one task for each door.

mod feeds;
mod frames;
mod history;
mod warnings;

use crate::error::{OfficeError, Result};
use crate::office::Office;
use domain::Month;
use engine::{Frames, Judged};
use rules::Program;
use rules::plan::{FileKind, FilePlan, ItemId};
use rules::situation::Moments;
use std::collections::BTreeSet;
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
    /// The quantities the rules ask about for other days (当时).
    asked: BTreeSet<ItemId>,
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
        Self::load_by(office, office.program_of(month), month).await
    }

    /// The same by other rules than those of the month: for a trial.
    ///
    /// # Errors
    /// No register for the month; a lake file that is missing.
    pub(crate) async fn load_by(office: &Office, program: Program, month: Month) -> Result<Self> {
        let program = Arc::new(program);
        let gathered = frames::gather(office, &program, month).await?;
        let past = history::Past::list(office, &program, month).await?;
        let worker = Arc::clone(&program);
        let worked = tokio::task::spawn_blocking(move || assemble(&worker, gathered, &past, month));
        let assembled = worked
            .await
            .map_err(|e| OfficeError::Other(format!("当月判断中断:{e}")))??;
        let program = Arc::try_unwrap(program).unwrap_or_else(|p| (*p).clone());
        Ok(Self {
            program,
            month,
            frames: assembled.frames,
            judged: assembled.judged,
            feeds: assembled.feeds,
            batches: assembled.batches,
            asked: assembled.asked,
        })
    }
}

/// A month's tables and what the rules say on them.
struct Assembled {
    frames: Frames,
    judged: Judged,
    feeds: Judged,
    batches: Vec<(String, i64)>,
    asked: BTreeSet<ItemId>,
}

fn assemble(
    program: &Program,
    gathered: frames::Gathered,
    past: &history::Past,
    month: Month,
) -> Result<Assembled> {
    let moments = Moments::monthly(month);
    let batches = gathered.batches.clone();
    let mut frames = frames::build(program, gathered)?;
    let is_feed = |f: &FilePlan| f.kind == FileKind::Feed;
    let yielding = engine::compile(&program.only(is_feed), moments)?;
    let judging = engine::compile(&program.only(|f| !is_feed(f)), moments)?;
    past.remember(program, &[&yielding, &judging], &mut frames)?;
    let feeds = yielding.run(&frames)?;
    feeds::yield_facts(program, &feeds, &mut frames)?;
    feeds::yield_statuses(program, &feeds, &mut frames, month)?;
    let judged = judging.run(&frames)?;
    let wanted = [&yielding, &judging];
    let wanted = wanted.iter().flat_map(|c| c.history_wanted());
    Ok(Assembled {
        asked: wanted.map(|(item, _)| *item).collect(),
        frames,
        judged,
        feeds,
        batches,
    })
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
    let run = warnings::raise(office, &data).await?;
    crate::audit::keep(office).await?;
    Ok(run)
}
