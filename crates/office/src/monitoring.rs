//! 监测: the facts of a month, everybody judged by every rule, and what came of it: warnings for the
//! people to be visited, and one task for each door.

mod feeds;
mod frames;
mod history;
mod need;
pub(crate) mod recorded;
pub mod results;
mod warnings;

use crate::error::{OfficeError, Result};
use crate::office::Office;
use domain::Month;
use engine::{Compiled, Frames, Judged, Memo};
pub(crate) use frames::official::Origins;
use need::Need;
use rules::Program;
use rules::plan::{FileKind, FilePlan, ItemId};
use rules::situation::Moments;
use std::collections::BTreeSet;

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
    /// Where the facts of the office's own record come from.
    pub(crate) causes: recorded::Causes,
    /// The facts the office's own record answers for.
    pub(crate) of_record: Vec<String>,
    /// Where the facts come from that were seen at a door, declared or found out.
    pub(crate) origins: Origins,
    /// The quantities the rules ask about for other days (当时).
    asked: BTreeSet<ItemId>,
    /// What was made when everybody was judged, where trials follow.
    pub(crate) made: Option<Memo>,
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
    /// Tasks taken back, since every warning they were to answer is closed.
    pub tasks_closed: u64,
    /// Visits by risk that became tasks.
    pub visits_due: u64,
    /// Visits taken back, since the household has left the roll.
    pub visits_left: u64,
    /// File id, title, 符合, 不符合, 待查.
    pub verdicts: Vec<(String, String, u64, u64, u64)>,
}

impl MonthData {
    /// Assembles the facts of a month from the lake and judges everybody; every quantity of every
    /// file is there.
    ///
    /// # Errors
    /// No register for the month; a lake file that is missing.
    pub async fn load(office: &Office, month: Month) -> Result<Self> {
        Self::load_by(office, office.program_of(month), month, Need::Everything).await
    }

    /// The same with all facts, and of the results what pages and trials read: no numbers but those
    /// given, those of households and those a trial counts.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub async fn for_pages(office: &Office, month: Month) -> Result<Self> {
        Self::load_by(office, office.program_of(month), month, Need::Pages).await
    }

    /// The facts the indicators rest on, and what they count of everybody.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub(crate) async fn for_figures(office: &Office, month: Month) -> Result<Self> {
        Self::load_by(office, office.program_of(month), month, Need::Figures).await
    }

    /// The same for trials, which judge again only what their changes reach.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub(crate) async fn for_trials(office: &Office, month: Month) -> Result<Self> {
        Self::for_trials_by(office, office.program_of(month), month).await
    }

    /// The same by rules that are not yet in force.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    pub(crate) async fn for_trials_by(
        office: &Office,
        program: Program,
        month: Month,
    ) -> Result<Self> {
        let judge = |judging: &Compiled, frames: &Frames| {
            let mut made = Memo::default();
            Ok((judging.run_keeping(frames, &mut made)?, Some(made)))
        };
        let (data, (judged, made)) =
            judged_by(office, program, month, (Need::Pages, judge)).await?;
        Ok(Self {
            judged,
            made,
            ..data
        })
    }

    /// The same by other rules than those of the month: for a trial.
    ///
    /// # Errors
    /// No register for the month; a lake file that is missing.
    pub(crate) async fn for_trial(office: &Office, program: Program, month: Month) -> Result<Self> {
        Self::load_by(office, program, month, Need::Facts).await
    }

    async fn load_by(office: &Office, program: Program, month: Month, need: Need) -> Result<Self> {
        let judge = move |judging: &Compiled, frames: &Frames| match need {
            Need::Facts | Need::Results => Ok(Judged::default()),
            Need::Everything | Need::Pages | Need::Run | Need::Figures => Ok(judging.run(frames)?),
        };
        let (data, judged) = judged_by(office, program, month, (need, judge)).await?;
        Ok(Self { judged, ..data })
    }
}

/// The facts of a month, and what comes of judging everybody on them.
async fn judged_by<T: Send + 'static>(
    office: &Office,
    program: Program,
    month: Month,
    (need, judge): (
        Need,
        impl FnOnce(&Compiled, &Frames) -> Result<T> + Send + 'static,
    ),
) -> Result<(MonthData, T)> {
    let gathered = frames::gather(office, &program, month).await?;
    let past = history::Past::list(office, &program, month).await?;
    let known = recorded::gather(office, month).await?;
    let worked = tokio::task::spawn_blocking(move || {
        let (data, judging) = assemble(program, (gathered, known), &past, (month, need))?;
        let judged = judge(&judging, &data.frames)?;
        Ok((data, judged))
    });
    worked
        .await
        .map_err(|e| OfficeError::Other(format!("当月判断中断:{e}")))?
}

/// The tables of a month and the rules that judge on them; nobody is judged yet.
fn assemble(
    program: Program,
    (mut gathered, known): (frames::Gathered, recorded::Recorded),
    past: &history::Past,
    (month, need): (Month, Need),
) -> Result<(MonthData, Compiled)> {
    let moments = Moments::monthly(month);
    let batches = gathered.batches.clone();
    let is_feed = |f: &FilePlan| f.kind == FileKind::Feed;
    let yielding = engine::compile(&program.only(is_feed), moments)?;
    let judging = engine::compile(&program.only(|f| !is_feed(f)), moments)?;
    let wanted = [&yielding, &judging];
    let wanted = wanted.iter().flat_map(|c| c.history_wanted());
    let asked: BTreeSet<ItemId> = wanted.map(|(item, _)| *item).collect();
    let cut = need::cut(&program, need, (yielding, judging), &asked);
    let found = std::mem::take(&mut gathered.found);
    let mut frames = frames::build(&program, gathered, cut.needed.as_ref())?;
    past.remember(&program, &[&cut.yielding, &cut.judging], &mut frames)?;
    let feeds = cut.yielding.run(&frames)?;
    feeds::yield_facts(&program, &feeds, &mut frames)?;
    feeds::yield_statuses(&program, &feeds, &mut frames, month)?;
    // After the departments' own, whose word goes first.
    let origins = frames::official::take(&program, &found, &mut frames);
    let causes = known.yield_facts(&program, &mut frames);
    let data = MonthData {
        program,
        month,
        frames,
        judged: Judged::default(),
        feeds,
        batches,
        causes,
        of_record: known.facts(),
        origins,
        asked,
        made: None,
    };
    Ok((data, cut.judging))
}

/// The months a register has come for and is there still, oldest first.
///
/// # Errors
/// The record.
pub async fn months(office: &Office) -> Result<Vec<Month>> {
    Ok(store::manifest::months(&office.store, "row-register").await?)
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
    // A rule that is left out would close the warnings it raised.
    office.may_judge()?;
    if !months(office).await?.contains(&month) {
        return Err(OfficeError::NoRegister(month));
    }
    crate::keeping::is_complete(office, month).await?;
    told("汇集当月事实,逐户逐人判断");
    let program = office.program_of(month);
    let data = MonthData::load_by(office, program, month, Need::Run).await?;
    told("提出预警,派发任务");
    let figures = crate::indicators::keep(office, &data).await?;
    let mut kept = crate::assessed::keep(office, &data).await?;
    kept.extend(figures);
    kept.push(crate::sums::keep(office, &data).await?);
    let mut run = warnings::raise(office, &data, kept).await?;
    let cared = crate::casework::afterwards::keep_up(office, &mut told).await;
    cared.map_err(|why| OfficeError::Other(format!("紧急通道:{why}")))?;
    let drawn = crate::visits::outside::draw_all(office, &mut told).await;
    drawn.map_err(|why| OfficeError::Other(format!("第三方报告抽查:{why}")))?;
    told("按风险排走访");
    let planned = crate::visits::schedule::plan(office).await;
    let planned = planned.map_err(|why| OfficeError::Other(format!("排走访:{why}")))?;
    run.visits_due = planned.raised;
    run.visits_left = planned.left;
    crate::audit::keep(office).await?;
    Ok(run)
}
