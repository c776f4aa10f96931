//! 报送: a department's own person hands in its file on a page. It goes through the same door as every other
//! file; here is only who may send which, how far it has come, and the report for its sender.
//!
//! What is going on is held in memory: a file that was being read when the program stopped left nothing, and
//! is sent again.

use super::held::FOLDER;
pub(crate) use super::held::Held;
use super::{Intake, Received, State};
use crate::access::{Acting, Right};
use crate::casework::{CaseError, Done};
use crate::desk::{errors_of, refusal_row};
use crate::error::{OfficeError, at_path};
use crate::exports::{self, Leaving};
use crate::office::Office;
use crate::views::{FeedCounts, RefusalRow};
use domain::Month;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::batches::{self, Batch, BatchState};
use tokio::sync::watch;

/// Endings of what a department may send; what is inside is found out by looking.
const ENDINGS: [&str; 6] = ["csv", "txt", "xlsx", "xlsb", "xls", "ods"];
/// The longest name of a file, in bytes: no file system here takes more than 255, with the ending of a 校验文件.
const NAME_BYTES_MAX: usize = 240;
/// How many months back a file may tell of.
const MONTHS_BACK_MAX: usize = 24;
/// How many deliveries are remembered; older ones that have ended are forgotten first.
const REMEMBERED_MAX: usize = 200;
/// Batches listed.
const LISTED_MAX: usize = 20;
/// Batches looked through for them.
const READ_MAX: u32 = 2_000;
/// Refused rows on the report; the workbook has all that are kept.
const ROWS_SHOWN_MAX: usize = 50;
/// Refusals read at a time.
const REFUSALS_READ: u32 = 5_000;

/// What is being taken in, and what came of it lately.
#[derive(Clone, Default)]
pub(crate) struct Deliveries(Arc<Inner>);

#[derive(Default)]
struct Inner {
    going: Mutex<BTreeMap<u64, Arc<Going>>>,
    last: AtomicU64,
    /// One file after the other: each is read beside what the one before it brought.
    turn: tokio::sync::Mutex<()>,
}

struct Going {
    user: String,
    told: Told,
    rows: Arc<AtomicU64>,
    ended: watch::Sender<Option<Ended>>,
}

/// What is said of a file from the beginning.
#[derive(Clone, Debug)]
pub struct Told {
    /// The feed's title.
    pub title: String,
    /// The month it tells of.
    pub month: Month,
    /// Its name.
    pub file: String,
}

/// What came of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It became this batch, or was it before.
    Batch {
        /// Its number.
        no: i64,
        /// The same content was here already.
        repeated: bool,
    },
    /// It was not taken, and nothing of it is here; says why.
    NotTaken(String),
}

/// How far a file has come.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Its number among those being taken in.
    pub no: u64,
    /// What it is.
    pub told: Told,
    /// Rows read so far.
    pub rows: u64,
    /// What came of it; none while it is being read.
    pub ended: Option<Ended>,
}

/// A feed somebody may send.
#[derive(Clone, Debug)]
pub struct Offered {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Who sends it, and how often.
    pub department: String,
    /// The columns a row must have.
    pub columns: String,
}

/// A batch in the list of whoever sent it.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its number.
    pub no: i64,
    /// The feed's title.
    pub title: String,
    /// The month it tells of.
    pub month: String,
    /// Its file.
    pub file: String,
    /// When it came.
    pub at: String,
    /// What became of it.
    pub state: crate::views::BatchState,
    /// Its rows.
    pub counts: FeedCounts,
}

/// 报送页: what may be sent, for which months, and what was.
#[derive(Clone, Debug)]
pub struct Counter {
    /// Feeds.
    pub feeds: Vec<Offered>,
    /// Months, newest first.
    pub months: Vec<String>,
    /// Whether this person may say that what made a file wait is real.
    pub confirms: bool,
    /// What came lately, newest first.
    pub sent: Vec<Sent>,
}

/// 报告: what became of each row of a file.
#[derive(Clone, Debug)]
pub struct Report {
    /// The batch.
    pub batch: Sent,
    /// Rows that are somebody's for certain, in doubt, and nobody's the record knows.
    pub whose: Option<[u64; 3]>,
    /// What to do now.
    pub advice: String,
    /// The first refused rows.
    pub refusals: Vec<RefusalRow>,
    /// How many were kept in all.
    pub refused: usize,
}

/// A file as it came from the form.
pub struct File<'f> {
    /// Which feed.
    pub feed: &'f str,
    /// Which month.
    pub month: &'f str,
    /// What its sender calls it.
    pub name: &'f str,
    /// Its bytes.
    pub bytes: &'f [u8],
    /// 校验文件 that came with it: the ending of its name, and its bytes.
    pub companions: Vec<(&'static str, &'f [u8])>,
    /// Whether somebody who may has looked into what made it wait.
    pub seen: Seen,
}

/// Whether what a file waits for was looked into: that it changes much, is of another place, or of another unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Not yet.
    NotYet,
    /// 核实过了,是真的.
    Real,
}

/// Removes what was being read when the program was stopped: it stood in the clear.
pub(crate) fn sweep(folder: &Path) -> crate::error::Result<()> {
    let place = folder.join(FOLDER);
    match fs::remove_dir_all(&place) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(at_path(&place)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// What somebody may send, and what came lately of it.
///
/// # Errors
/// The right is missing; the record.
pub async fn counter(office: &Office, who: &Acting) -> Done<Counter> {
    let feeds = offered(office, who).await?;
    let this = Month::containing(office.clock.today());
    let months = std::iter::successors(Some(this), |month| Some(month.prev()));
    let mut sent = Vec::new();
    for batch in batches::list(&office.store, None, i64::MAX, READ_MAX).await? {
        if sent.len() >= LISTED_MAX {
            break;
        }
        if feeds.iter().any(|feed| feed.id == batch.feed) {
            sent.push(shown(office, &batch).await?);
        }
    }
    Ok(Counter {
        feeds,
        months: months
            .take(MONTHS_BACK_MAX)
            .map(|m| m.to_string())
            .collect(),
        confirms: who.may(Right::FEED),
        sent,
    })
}

/// Takes a file in: it is read on its own, and asked after by its number.
///
/// # Errors
/// The right is missing, it is another department's feed, or what was sent cannot be a file of one.
pub async fn deliver(office: &Arc<Office>, who: &Acting, file: File<'_>) -> Done<u64> {
    let own = offered(office, who).await?;
    let feed = own.into_iter().find(|feed| feed.id == file.feed);
    let feed = feed.ok_or_else(|| {
        CaseError::Forbidden("这种来文由它自己的部门报送,您不能报;请选本单位的来文".to_owned())
    })?;
    let month = month_of(office, file.month)?;
    if file.seen == Seen::Real && !who.may(Right::FEED) {
        let said = "文件要人核实的,由县里核对的人确认;请不要勾选,报送以后等他们联系";
        return Err(CaseError::Forbidden(said.to_owned()));
    }
    let name = file_name(file.name)?;
    if file.bytes.is_empty() {
        let said = format!("{name} 是空的,没有收;请重新导出再选");
        return Err(CaseError::Refused(said));
    }
    let deliveries = office.deliveries.clone();
    let last = deliveries.0.last.fetch_add(1, Ordering::Relaxed);
    let no = last.saturating_add(1);
    let held = Held::put(&office.folder(), no, &name, file.bytes)?;
    for (ending, bytes) in &file.companions {
        held.beside(ending, bytes)?;
    }
    let going = Arc::new(Going {
        user: who.login().to_owned(),
        told: Told {
            title: feed.title,
            month,
            file: name,
        },
        rows: Arc::new(AtomicU64::new(0)),
        ended: watch::Sender::new(None),
    });
    deliveries.remember(no, Arc::clone(&going));
    let (office, id, seen) = (Arc::clone(office), feed.id, file.seen);
    let runtime = tokio::runtime::Handle::current();
    // Reading and linking keep a processor busy: not one of those that answer the pages.
    tokio::task::spawn_blocking(move || {
        let taken = runtime.block_on(async {
            let _turn = deliveries.0.turn.lock().await;
            let mut intake = Intake::new(&office)
                .by(&going.user)
                .telling(Arc::clone(&going.rows));
            let named = Some((id.as_str(), going.told.month));
            intake.receive(held.path(), named, seen == Seen::Real).await
        });
        drop(held);
        going.ended.send_replace(Some(ended(taken)));
    });
    Ok(no)
}

/// How far a file has come; waits a little for its end, so that most are answered at once.
///
/// # Errors
/// The right is missing, or nobody here handed in such a file.
pub async fn progress(office: &Office, who: &Acting, no: u64, wait: Duration) -> Done<Progress> {
    who.scope(Right::FEED_DELIVER)?;
    let going = office.deliveries.lock().get(&no).cloned();
    let going = going.filter(|going| going.user == who.login());
    let going = going.ok_or_else(|| {
        CaseError::NotFound(
            "没有这次报送。程序可能重新启动过:没读完的文件什么都没有留下,请再报送一次".to_owned(),
        )
    })?;
    let mut end = going.ended.subscribe();
    let waited = tokio::time::timeout(wait, end.wait_for(Option::is_some)).await;
    let ended = match waited {
        Ok(Ok(ended)) => ended.clone(),
        Ok(Err(_)) | Err(_) => None,
    };
    Ok(Progress {
        no,
        told: going.told.clone(),
        rows: going.rows.load(Ordering::Relaxed),
        ended,
    })
}

/// The report of a batch, for its own department and for whoever sees all.
///
/// # Errors
/// The right is missing, or there is no such batch of theirs.
pub async fn report(office: &Office, who: &Acting, no: i64) -> Done<Report> {
    let batch = own_batch(office, who, no).await?;
    let all = refusals(office, no).await?;
    let undone = batches::undone(&office.store, no).await?;
    let advice = match (batch.state, undone) {
        (_, Some(undone)) => format!("这一批已经撤回:{};更正以后可以再报送", undone.reason),
        (BatchState::Refused, None) => match all.first() {
            Some(first) if first.code == "file" => {
                format!("整个文件没有入库:{};请更正后重报", first.message)
            }
            Some(_) | None => "整个文件没有入库;请更正后重报".to_owned(),
        },
        (BatchState::Waiting, None) => {
            let reasons = super::asked(&office.store, no).await?.join(";");
            format!("没有入库,要核实:{reasons};县里核对的人会来问,确认以后才入库")
        }
        (BatchState::Staged, None) => "正在入库".to_owned(),
        (BatchState::Applied, None) if batch.counts.refused > 0 => format!(
            "{} 行已入库;退回的 {} 行请下载明细,更正以后和下一份一起报送,或者单独再报",
            batch.counts.applied, batch.counts.refused
        ),
        (BatchState::Applied, None) => "全部收下了,不用再做什么".to_owned(),
    };
    Ok(Report {
        whose: batches::links_of(&office.store, no).await?,
        batch: shown(office, &batch).await?,
        advice,
        refusals: all.iter().take(ROWS_SHOWN_MAX).map(refusal_row).collect(),
        refused: all.len(),
    })
}

/// The refused rows of a batch as a workbook: its name and its bytes.
///
/// # Errors
/// As [`report`]; nothing was refused.
pub async fn errors(office: &Office, who: &Acting, no: i64) -> Done<(String, Vec<u8>)> {
    let batch = own_batch(office, who, no).await?;
    let all = refusals(office, no).await?;
    if all.is_empty() {
        let said = "这一批没有退回的行,不用下载明细";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let title = shown(office, &batch).await?.title;
    let leaving = Leaving {
        kind: "own-errors",
        subject: no.to_string(),
        words: format!("{title} {}", batch.period),
        rows: all.len(),
    };
    let mark = exports::leave(office, who, leaving).await?;
    let name = mark.named(&format!("{title}-{}-退回明细", batch.period), "xlsx");
    let written = tokio::task::spawn_blocking(move || errors_of(&all, &mark)).await;
    let written = written.map_err(|e| OfficeError::Other(e.to_string()))?;
    let bytes = written.map_err(|e| OfficeError::Other(e.to_string()))?;
    Ok((name, bytes))
}

impl Deliveries {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<Going>>> {
        self.0.going.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remember(&self, no: u64, new: Arc<Going>) {
        let mut going = self.lock();
        going.insert(no, new);
        let too_many = going.len().saturating_sub(REMEMBERED_MAX);
        let old = going.iter().filter(|(_, one)| one.ended.borrow().is_some());
        let old: Vec<u64> = old.map(|(no, _)| *no).take(too_many).collect();
        for no in old {
            going.remove(&no);
        }
    }
}

fn ended(taken: crate::error::Result<Received>) -> Ended {
    match taken {
        Ok(received) => match (received.batch_no, received.state) {
            (Some(no), state) => Ended::Batch {
                no,
                repeated: state == State::Repeated,
            },
            (None, State::Refused(said) | State::Waiting(said)) => Ended::NotTaken(said),
            (None, State::Applied | State::Repeated) => {
                Ended::NotTaken("没有入库,请再报送一次".to_owned())
            }
        },
        Err(error) => {
            tracing::error!(%error, "a file that was handed in could not be taken");
            Ended::NotTaken(match error {
                OfficeError::Storage(said) | OfficeError::FileRefused(said) => said,
                _ => "系统出错,没有入库,已记入日志;请再报送一次,仍不行请告诉管理员".to_owned(),
            })
        }
    }
}

/// The feeds somebody may send: all for whoever sees all, a liaison those of the own office.
async fn offered(office: &Office, who: &Acting) -> Done<Vec<Offered>> {
    who.scope(Right::FEED_DELIVER)?;
    let program = office.program(office.clock.today());
    let mut feeds = program.feeds;
    if !who.may(Right::FEED) {
        let book = crate::verification::book(office)?;
        let user = store::users::find(&office.store, who.login()).await?;
        let offices = store::organisations::list(&office.store, None).await?;
        let own = user.and_then(|user| offices.into_iter().find(|o| o.id == user.organisation));
        let code = own.map(|own| own.content.code);
        feeds.retain(|feed| code.is_some() && book.offices.get(&feed.id) == code.as_ref());
    }
    let feeds = feeds.into_iter().map(|feed| {
        let headers = feed.columns.iter().filter_map(|c| c.headers.first());
        let columns: Vec<&str> = headers.map(String::as_str).collect();
        Offered {
            columns: columns.join("、"),
            department: format!("{} · {}", feed.department, feed.cycle),
            id: feed.id,
            title: feed.title,
        }
    });
    Ok(feeds.collect())
}

async fn own_batch(office: &Office, who: &Acting, no: i64) -> Done<Batch> {
    let own = offered(office, who).await?;
    let batch = batches::find(&office.store, no).await?;
    let batch = batch.filter(|batch| own.iter().any(|feed| feed.id == batch.feed));
    batch.ok_or_else(|| {
        CaseError::NotFound(format!(
            "没有第 {no} 批报送,或者不是本单位的;请从报送清单打开"
        ))
    })
}

async fn shown(office: &Office, batch: &Batch) -> Done<Sent> {
    let program = office.program_of(batch.period);
    let feed = program.feeds.into_iter().find(|f| f.id == batch.feed);
    let undone = batches::undone(&office.store, batch.batch_no).await?;
    Ok(Sent {
        no: batch.batch_no,
        title: feed.map_or_else(|| batch.feed.clone(), |f| f.title),
        month: batch.period.to_string(),
        file: batch.file_name.clone(),
        at: crate::desk::minute(&batch.received_at),
        state: match undone {
            Some(_) => crate::views::BatchState::Undone,
            None => crate::desk::state_of(batch),
        },
        counts: crate::desk::counts_of(batch),
    })
}

async fn refusals(office: &Office, no: i64) -> Done<Vec<batches::Refusal>> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let page = batches::list_refusals(&office.store, no, after, REFUSALS_READ).await?;
        let Some((last, _)) = page.last() else {
            return Ok(all);
        };
        after = *last;
        all.extend(page.into_iter().map(|(_, refusal)| refusal));
    }
}

/// A month out of the form: not one that has not begun.
fn month_of(office: &Office, text: &str) -> Done<Month> {
    let this = Month::containing(office.clock.today());
    let month = Month::parse(text.trim()).ok().filter(|m| *m <= this);
    month.ok_or_else(|| {
        CaseError::Refused(format!("请选这份文件说的是哪个月;{this} 以后的还没有开始"))
    })
}

/// The last part of what its sender calls the file, without anything a path could hide in.
fn file_name(written: &str) -> Done<String> {
    let last = written.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last.chars().filter(|c| !c.is_control()).collect();
    let kept = kept.trim().trim_start_matches('.');
    // A long name keeps its end, where the ending is.
    let mut short = kept.chars();
    while short.as_str().len() > NAME_BYTES_MAX {
        short.next();
    }
    let short = short.as_str().to_owned();
    let ending = Path::new(&short).extension().and_then(|e| e.to_str());
    let fits = ending.is_some_and(|e| ENDINGS.contains(&e.to_ascii_lowercase().as_str()));
    match fits {
        true => Ok(short),
        false => Err(CaseError::Refused(format!(
            "只收 {} 文件;请把表另存为 xlsx 或 CSV 再报送",
            ENDINGS.join("、")
        ))),
    }
}

/// The ending of a 校验文件, by what its sender calls it; none for a file of rows.
#[must_use]
pub fn companion(name: &str) -> Option<&'static str> {
    let (_, ending) = name.trim().rsplit_once('.')?;
    let mut known = super::companion::ENDINGS.into_iter();
    known.find(|known| ending.eq_ignore_ascii_case(known))
}

impl Held {
    /// Puts down what came.
    ///
    /// # Errors
    /// It is empty or no table, or the disk.
    pub(crate) fn of(office: &Office, name: &str, bytes: &[u8]) -> Done<Self> {
        let name = file_name(name)?;
        if bytes.is_empty() {
            let said = format!("{name} 是空的,没有收;请重新导出再选");
            return Err(CaseError::Refused(said));
        }
        let last = office.deliveries.0.last.fetch_add(1, Ordering::Relaxed);
        let no = last.saturating_add(1);
        Ok(Self::put(&office.folder(), no, &name, bytes)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_lead_out_of_the_folder_and_a_program_is_not_taken() {
        let check = |written: &str, expected: Option<&str>| {
            assert_eq!(file_name(written).ok().as_deref(), expected, "{written}");
        };
        check("自付.csv", Some("自付.csv"));
        check("../../etc/自付.CSV", Some("自付.CSV"));
        check("C:\\报表\\自付.xlsx", Some("自付.xlsx"));
        check("..csv", None);
        check("报表.et", None);
        check("setup.exe", None);
        check("", None);
    }
}
