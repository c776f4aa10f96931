//! 撤回: a batch taken by mistake no longer counts, and the newest older list stands again. Nothing is erased,
//! and a month that was judged keeps what it was judged by.

use super::REGISTER;
use crate::access::{Acting, Right};
use crate::casework::{CaseError, Done, without_numbers};
use crate::office::Office;
use domain::Month;
use store::Act;
use store::batches::{self, BatchState, Undo};
use store::tasks::{self, TaskEnd, TaskState};

/// The longest reason, in characters.
const REASON_CHARS_MAX: usize = 200;
/// Runs read back from the newest.
const RUNS_READ_MAX: u32 = 2_000;

/// What undoing a batch did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undone {
    /// 批次.
    pub batch_no: i64,
    /// The feed's title.
    pub title: String,
    /// The month it told of.
    pub period: Month,
    /// Its file.
    pub file: String,
    /// How many of its rows counted.
    pub rows: u64,
    /// The batch that stands again for the same list; none where nothing older is there, or where files
    /// add to one another.
    pub stands: Option<i64>,
    /// Months judged with it; they keep what they found.
    pub judged: Vec<Month>,
    /// Questions whose rows are they, ended without an answer.
    pub doubts: u64,
}

/// Takes a batch back.
///
/// # Errors
/// The right or the reason is missing, there is no such batch that counts, or it made the persons and
/// households others stand on.
pub async fn undo(office: &Office, who: &Acting, batch_no: i64, because: &str) -> Done<Undone> {
    who.scope(Right::FEED_UNDO)?;
    let reason = because.trim();
    without_numbers(reason)?;
    if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX {
        let said = format!("请写明为什么撤回,最多 {REASON_CHARS_MAX} 字;理由记入审计");
        return Err(CaseError::Refused(said));
    }
    let none = || CaseError::NotFound(format!("没有第 {batch_no} 批来文;请从来文清单打开"));
    let batch = batches::find(&office.store, batch_no).await?;
    let batch = batch.ok_or_else(none)?;
    if batch.state != BatchState::Applied {
        let said = match batches::undone(&office.store, batch_no).await? {
            Some(_) => "这一批已经撤回过了",
            None => "这一批没有入库,不用撤回",
        };
        return Err(CaseError::Refused(said.to_owned()));
    }
    let program = office.program_of(batch.period);
    let feed = program.feeds.iter().find(|f| f.id == batch.feed);
    let founds = batch.feed == REGISTER || feed.is_some_and(|f| f.founds);
    if founds {
        // Persons and households it made stand in files, cases and payments that came after.
        let said = "这种来文建立人员和住户,后来的文件和办件都建在它上面,不能撤回;请部门报送更正后的整份名单,\
                    新的一份按姓名、证件号和户号逐人改正";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let at = office.clock.at();
    let mut tx = office.begin().await?;
    let undo = Undo {
        batch_no,
        actor: who.login().to_owned(),
        reason: reason.to_owned(),
        at: at.clone(),
    };
    batches::undo(&mut tx, &undo).await?;
    let kinds = ["row", "link", "gap"].map(|kind| format!("{kind}-{}", batch.feed));
    store::manifest::supersede_cause(&mut tx, &kinds, &batch_no.to_string()).await?;
    let (doubts, asked) = batches::close_doubts(&mut tx, &at, batch_no).await?;
    for task in asked {
        let found = tasks::find(&tx, task).await?;
        let open = found.is_some_and(|t| t.state == TaskState::Open);
        if open && store::doubts::count_of_task(&tx, task).await? == 0 {
            let end = TaskEnd::Cancelled;
            tasks::close(&mut tx, &at, who.login(), task, end, "来文撤回").await?;
        }
    }
    let act = Act::new(&at, who.login(), "intake.undo");
    let act = act.on("batch", batch_no).because(reason);
    tx.record(act.under(format!("feeds/{}", batch.feed)));
    office.end(tx).await?;
    let whole = feed.is_some_and(|f| f.whole);
    let older = batches::newest_applied(&office.store, &batch.feed).await?;
    Ok(Undone {
        batch_no,
        title: feed.map_or_else(|| batch.feed.clone(), |f| f.title.clone()),
        period: batch.period,
        file: batch.file_name,
        rows: batch.counts.applied,
        stands: older.filter(|_| whole).map(|b| b.batch_no),
        judged: judged(office, batch.period).await?,
        doubts,
    })
}

/// Months from one on that were judged.
async fn judged(office: &Office, from: Month) -> Done<Vec<Month>> {
    let runs = store::runs::list(&office.store, i64::MAX, RUNS_READ_MAX).await?;
    let mut months: Vec<Month> = runs.iter().map(|run| run.content.month).collect();
    months.retain(|month| *month >= from);
    months.sort_unstable();
    months.dedup();
    Ok(months)
}
