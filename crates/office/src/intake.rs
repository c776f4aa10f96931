//! 接收: a department's file becomes rows of the lake, tied to persons; identity goes sealed to the
//! record. A bad row is refused with its reason and never stops the others; a bad file leaves nothing.

pub(crate) mod answers;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod arbitrary;
mod block;
mod cards;
mod cells;
mod child;
mod companion;
mod decode;
pub mod deliver;
mod digests;
mod held;
mod households;
mod link;
mod owner;
mod readings;
mod records;
mod register;
mod rows;
mod sheet;
mod sizes;
mod stream;
mod totals;
mod undo;
mod whole;
pub mod workbook;

pub use child::{NOTED, WORKBOOK_REFUSED};
pub(crate) use decode::survey as look_at;
pub use undo::{Undone, undo};
pub(crate) use workbook::UNREADABLE;

use crate::error::{OfficeError, Result, at_path};
use crate::office::Office;
use domain::Month;
use link::Tables;
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use store::batches::{self, BatchState, Begun, Counts, NewBatch, Refusal, Remark};
use store::manifest::{self, LakeFile};
use store::tokens::Tokeniser;
use store::{Act, RowId};
use stream::{Job, Taken};
use whole::Patience;

/// The feed whose rows make persons and households.
const REGISTER: &str = "register";
/// How many rows are read, tied and written at a time.
const ROWS_AT_ONCE: usize = 4_096;
/// How often a file is begun anew because another took its number meanwhile.
const TRIES_MAX: usize = 5;
/// How many refusals are kept row by row; the counts cover all.
const REFUSALS_KEPT_MAX: usize = 20_000;
/// How many remarks are kept.
const REMARKS_KEPT_MAX: usize = 20_000;
/// The code of a remark that says why a file waited for a person; such remarks stand before all others.
pub(crate) const ASKED: &str = "asks";
/// More reasons than a file can have to wait.
const ASKED_MAX: u32 = 10;

/// What became of a file.
#[derive(Clone, Debug)]
pub struct Received {
    /// Its number, when it was taken in (now or before).
    pub batch_no: Option<i64>,
    /// The feed.
    pub feed: String,
    /// The feed's title.
    pub title: String,
    /// The month it tells of.
    pub period: Month,
    /// Its name.
    pub file: String,
    /// What became of it.
    pub state: State,
    /// Its rows.
    pub counts: Counts,
    /// The first refusals, for the one who sent it.
    pub refusals: Vec<Refusal>,
    /// 提醒: what was taken and deserves a look, the first ones.
    pub remarks: Vec<Remark>,
    /// Rows that were taken and are nobody's the record knows.
    pub unknown: u64,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// 已入库.
    Applied,
    /// The same content is here already; nothing changed.
    Repeated,
    /// It changes too much, or is of another place or unit: a person must confirm. Every reason.
    Waiting(String),
    /// The whole file goes back, for this reason.
    Refused(String),
}

/// The intake of one sitting: keeps the token tables at hand between files.
pub struct Intake<'a> {
    office: &'a Office,
    tokeniser: Tokeniser,
    tables: Tables,
    rows_at_once: usize,
    /// Who hands the files in, as the chain keeps it.
    actor: String,
    /// Rows read of the file that is being taken.
    read: Arc<AtomicU64>,
}

/// Whether a file has its answer.
enum Settled {
    Done,
    /// Its rows were numbered under a batch that is not its own: again, under this one or the next.
    Again(Option<i64>),
}

impl<'a> Intake<'a> {
    /// Opens the intake.
    pub fn new(office: &'a Office) -> Self {
        let tokeniser = Tokeniser::of(&office.store);
        Self {
            office,
            tokeniser,
            tables: Tables::default(),
            rows_at_once: ROWS_AT_ONCE,
            actor: "system".to_owned(),
            read: Arc::default(),
        }
    }

    /// Somebody hands the files in, and answers for it in the chain.
    #[must_use]
    pub fn by(mut self, login: &str) -> Self {
        login.clone_into(&mut self.actor);
        self
    }

    /// Tells how many rows of a file were read.
    #[must_use]
    pub fn telling(mut self, read: Arc<AtomicU64>) -> Self {
        self.read = read;
        self
    }

    /// Reads so many rows at a time; what comes of a file is the same.
    #[must_use]
    pub fn in_blocks_of(mut self, rows: usize) -> Self {
        self.rows_at_once = rows.max(1);
        self
    }

    /// Receives every file of a folder: month by month, the register first.
    ///
    /// # Errors
    /// The record or the disk; what is wrong with a file is in its answer.
    pub async fn receive_folder(
        &mut self,
        folder: &Path,
        mut told: impl FnMut(usize, usize, &Path),
    ) -> Result<Vec<Received>> {
        let files = self.files_in_order(folder)?;
        let mut out = Vec::new();
        for (at, file) in files.iter().enumerate() {
            told(at, files.len(), file);
            out.push(self.receive(file, None, false).await?);
        }
        told(files.len(), files.len(), folder);
        Ok(out)
    }

    /// Receives a file. The feed is its name, the month that of its folder or name, unless given.
    /// `confirmed`: a person has seen that it changes much.
    ///
    /// # Errors
    /// The record or the disk; what is wrong with the file is in the answer.
    pub async fn receive(
        &mut self,
        file: &Path,
        named: Option<(&str, Month)>,
        confirmed: bool,
    ) -> Result<Received> {
        let (feed_id, period) = match named {
            Some((feed, month)) => (feed.replace('-', "_"), month),
            None => name_and_month(file)?,
        };
        self.load().await?;
        let program = self.office.program_of(period);
        let feed = program
            .feeds
            .iter()
            .find(|f| f.id == feed_id)
            .ok_or_else(|| OfficeError::FeedUnknown(feed_id.clone()))?;
        let survey = decode::survey(file)?;
        let mut received = Received {
            batch_no: None,
            feed: feed.id.clone(),
            title: feed.title.clone(),
            period,
            file: file
                .file_name()
                .map_or(String::new(), |n| n.to_string_lossy().into_owned()),
            state: State::Applied,
            counts: Counts {
                received: 0,
                applied: 0,
                unchanged: 0,
                refused: 0,
                doubtful: 0,
            },
            refusals: vec![],
            remarks: vec![],
            unknown: 0,
        };
        let seen = batches::find_file(&self.office.store, survey.digest).await?;
        let seen = seen.filter(|seen| seen.feed == feed.id && seen.period == period);
        if let Some(seen) = &seen
            && seen.state == BatchState::Applied
        {
            received.batch_no = Some(seen.batch_no);
            received.counts = seen.counts;
            received.state = State::Repeated;
            return Ok(received);
        }
        if let Some(said) = crate::keeping::too_late(self.office, feed, period).await? {
            self.send_back(survey.digest, (said.as_str(), vec![]), &mut received)
                .await?;
            return Ok(received);
        }
        let waiting = seen.filter(|seen| confirmed && seen.state == BatchState::Waiting);
        let mut number = waiting.map(|seen| seen.batch_no);
        for _ in 0..TRIES_MAX {
            let batch_no = match number {
                Some(number) => number,
                None => batches::next_number(&self.office.store).await?,
            };
            let job = Job {
                survey: &survey,
                program: &program,
                feed,
                period,
                batch_no,
                at: self.office.clock.at(),
            };
            let settled = match stream::run(self, &job).await {
                Ok(taken) => self.settle(taken, &job, &mut received, confirmed).await?,
                Err(OfficeError::FileRefused(said)) => {
                    self.send_back(survey.digest, (said.as_str(), vec![]), &mut received)
                        .await?;
                    Settled::Done
                }
                Err(other) => return Err(other),
            };
            match settled {
                Settled::Done => return Ok(received),
                Settled::Again(under) => number = under,
            }
        }
        Err(OfficeError::Other(
            "别的文件一直在同时写入,这一份没有入库;请稍后再报送".to_owned(),
        ))
    }

    /// The files of a folder by month: households first, then those who live in them, then what the
    /// departments know of them.
    fn files_in_order(&self, folder: &Path) -> Result<Vec<PathBuf>> {
        let mut founding: BTreeMap<Month, HashSet<String>> = BTreeMap::new();
        let mut files = files_of(folder)?;
        files.sort_by_cached_key(|file| {
            let of = |month: Month| {
                let feeds = self.office.program_of(month).feeds.into_iter();
                feeds.filter(|f| f.founds).map(|f| f.id).collect()
            };
            let rank = match name_and_month(file) {
                Ok((feed, _)) if feed == REGISTER => 1,
                Ok((feed, month)) => {
                    let first = founding.entry(month).or_insert_with(|| of(month));
                    if first.contains(&feed) { 0 } else { 2 }
                }
                Err(_) => 2_u8,
            };
            (file.parent().map(Path::to_path_buf), rank, file.clone())
        });
        Ok(files)
    }

    /// The whole file goes back, with the rows of it that could not be read.
    async fn send_back(
        &self,
        digest: [u8; 32],
        (said, mut rows): (&str, Vec<Refusal>),
        received: &mut Received,
    ) -> Result<()> {
        let at = self.office.clock.at();
        let mut tx = self.office.store.write().await?;
        let begun = batches::begin(&mut tx, &self.new_batch(received, digest, digest)).await?;
        received.state = State::Refused(said.to_owned());
        let Begun::New(batch_no) = begun else {
            return Ok(());
        };
        let refusal = whole::refusal(said.to_owned());
        batches::refuse_many(&mut tx, batch_no, &[refusal]).await?;
        rows.truncate(REFUSALS_KEPT_MAX);
        batches::refuse_many(&mut tx, batch_no, &rows).await?;
        received.refusals = rows;
        batches::finish(&mut tx, batch_no, BatchState::Refused, received.counts, &at).await?;
        tx.record(
            Act::new(&at, &self.actor, "intake.send-back")
                .on("batch", batch_no)
                .because("报送"),
        );
        tx.commit().await?;
        received.batch_no = Some(batch_no);
        Ok(())
    }

    fn new_batch(
        &self,
        received: &Received,
        file_digest: [u8; 32],
        canonical_digest: [u8; 32],
    ) -> NewBatch {
        NewBatch {
            feed: received.feed.clone(),
            period: received.period,
            file_name: received.file.clone(),
            file_digest,
            canonical_digest,
            received_at: self.office.clock.at(),
        }
    }

    /// Decides what becomes of a file that was read, and does it in one transaction of the record.
    async fn settle(
        &mut self,
        mut taken: Taken,
        job: &Job<'_>,
        received: &mut Received,
        confirmed: bool,
    ) -> Result<Settled> {
        let (feed, at) = (job.feed, &job.at);
        let (whole, refused_rows) = (taken.tally.received, taken.tally.refused);
        let canonical = taken.canonical();
        let patience = Patience::of(self.office)?;
        let (refusals, in_doubt) = (&taken.refusals, taken.doubts.len());
        let unreadable = taken.tally.unreadable(feed, patience, refusals, in_doubt);
        if let Some(said) = unreadable {
            // What was written on the way goes first, and with it the turn to write.
            let rows = std::mem::take(&mut taken.refusals);
            drop(taken);
            self.send_back(job.survey.digest, (said.as_str(), rows), received)
                .await?;
            return Ok(Settled::Done);
        }
        let reasons = self.asks_somebody(&taken, feed, patience).await?;
        if !confirmed && !reasons.is_empty() {
            drop(taken);
            self.wait(job.survey.digest, canonical, &reasons, whole, received)
                .await?;
            return Ok(Settled::Done);
        }
        let mut tx = match taken.tx.take() {
            Some(tx) => tx,
            None => self.office.store.write().await?,
        };
        let new = self.new_batch(received, job.survey.digest, canonical);
        let batch_no = match batches::begin(&mut tx, &new).await? {
            Begun::New(batch_no) if batch_no == job.batch_no => batch_no,
            Begun::New(_) => return Ok(Settled::Again(None)),
            Begun::Seen(batch) if confirmed && batch.state == BatchState::Waiting => {
                if batch.batch_no != job.batch_no {
                    return Ok(Settled::Again(Some(batch.batch_no)));
                }
                batch.batch_no
            }
            Begun::Seen(batch) => {
                received.batch_no = Some(batch.batch_no);
                received.counts = batch.counts;
                received.state = State::Repeated;
                return Ok(Settled::Done);
            }
        };
        let mut refusals = std::mem::take(&mut taken.refusals);
        refusals.truncate(REFUSALS_KEPT_MAX);
        batches::refuse_many(&mut tx, batch_no, &refusals).await?;
        let remarks = std::mem::take(&mut taken.remarks);
        // What somebody confirmed is kept with what was taken on their word.
        let told = asked(&tx, batch_no).await?;
        let new = reasons.iter().filter(|said| !told.contains(said));
        let new: Vec<Remark> = new.map(|said| why_asked(said)).collect();
        batches::remark_many(&mut tx, batch_no, &new).await?;
        batches::remark_many(&mut tx, batch_no, &remarks).await?;
        batches::keep_sizes(&mut tx, batch_no, &taken.sizes).await?;
        let asked = (batch_no, feed, received.period);
        link::raise_doubts(self.office, &mut tx, at, asked, &taken.doubts).await?;
        let [certain, doubts, unknown] = taken.whose;
        store::doubts::count_links(&mut tx, batch_no, certain, doubts, unknown).await?;
        let doubtful = u64::try_from(taken.doubts.len()).unwrap_or(0);
        let refused_rows = refused_rows.saturating_sub(taken.doubts_sent_back);
        let counts = Counts {
            received: whole,
            applied: whole
                .saturating_sub(refused_rows)
                .saturating_sub(taken.repeated)
                .saturating_sub(doubtful),
            unchanged: taken.repeated,
            refused: refused_rows,
            doubtful,
        };
        batches::finish(&mut tx, batch_no, BatchState::Applied, counts, at).await?;
        cards::keep(&mut tx, at, batch_no, std::mem::take(&mut taken.cards)).await?;
        let left = taken.finish(self, job, &mut tx).await?;
        let files = left.files.iter().map(|(kind, file)| LakeFile {
            kind: kind.clone(),
            month: file.month,
            county: file.county.clone(),
            path: file.path.clone(),
            rows: file.rows,
            digest: unhex(&file.sha256),
            cause: batch_no.to_string(),
        });
        manifest::append(&mut tx, &files.collect::<Vec<_>>(), at).await?;
        tx.record(
            Act::new(at, &self.actor, "intake.receive")
                .on("batch", batch_no)
                .because(match reasons.is_empty() {
                    true => "报送".to_owned(),
                    false => format!("核实过,确认入库:{}", reasons.join(";")),
                })
                .under(format!("feeds/{}", feed.id)),
        );
        tx.commit().await?;
        left.learn(self);
        received.batch_no = Some(batch_no);
        received.counts = counts;
        received.refusals = refusals;
        received.remarks = remarks;
        received.unknown = unknown;
        crate::audit::keep(self.office).await?;
        Ok(Settled::Done)
    }

    async fn wait(
        &self,
        digest: [u8; 32],
        canonical: [u8; 32],
        reasons: &[String],
        whole: u64,
        received: &mut Received,
    ) -> Result<()> {
        let at = self.office.clock.at();
        let mut tx = self.office.store.write().await?;
        if let Begun::New(batch_no) =
            batches::begin(&mut tx, &self.new_batch(received, digest, canonical)).await?
        {
            let kept: Vec<Remark> = reasons.iter().map(|said| why_asked(said)).collect();
            batches::remark_many(&mut tx, batch_no, &kept).await?;
            let counts = Counts {
                received: whole,
                applied: 0,
                unchanged: whole,
                refused: 0,
                doubtful: 0,
            };
            batches::finish(&mut tx, batch_no, BatchState::Waiting, counts, &at).await?;
            tx.record(
                Act::new(&at, &self.actor, "intake.wait")
                    .on("batch", batch_no)
                    .because(reasons.join(";")),
            );
            tx.commit().await?;
            received.batch_no = Some(batch_no);
            received.counts = counts;
        }
        received.state = State::Waiting(reasons.join(";"));
        Ok(())
    }
}

/// Why a batch waits for a person, or did.
pub(crate) async fn asked(on: &impl store::Reads, batch_no: i64) -> Result<Vec<String>> {
    let first = batches::list_remarks(on, batch_no, 0, ASKED_MAX).await?;
    let asked = first.into_iter().filter(|(_, remark)| remark.code == ASKED);
    Ok(asked.map(|(_, remark)| remark.message).collect())
}

fn why_asked(said: &str) -> Remark {
    Remark {
        row_no: 0,
        column: String::new(),
        code: ASKED.to_owned(),
        message: said.to_owned(),
    }
}

pub(crate) fn row_id(batch_no: i64, row_no: u32) -> RowId {
    RowId::new(batch_no, row_no).unwrap_or(RowId::from_get(0))
}

/// Bytes of a digest in hexadecimal; zeros for what is none.
pub(crate) fn unhex(text: &str) -> [u8; 32] {
    let mut out = [0; 32];
    for (byte, pair) in out.iter_mut().zip(text.as_bytes().chunks(2)) {
        let digits = std::str::from_utf8(pair).unwrap_or("");
        *byte = u8::from_str_radix(digits, 16).unwrap_or(0);
    }
    out
}

/// The files of a folder and of those inside it.
fn files_of(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).map_err(at_path(&next))? {
            let path = entry.map_err(at_path(&next))?.path();
            if path.is_dir() {
                folders.push(path);
            } else if unpacked(&path)
                .extension()
                .is_some_and(|e| ["csv", "xlsx", "txt"].iter().any(|x| e == *x))
            {
                files.push(path);
            }
        }
    }
    Ok(files)
}

/// A file's name without the ending that says it is compressed.
fn unpacked(file: &Path) -> PathBuf {
    match file.extension() {
        Some(end) if end == "gz" => file.with_extension(""),
        _ => file.to_path_buf(),
    }
}

/// `2026-08/medical-expense.csv`, or `medical-expense.2026-06.csv` for a late one.
fn name_and_month(file: &Path) -> Result<(String, Month)> {
    // A path typed wrong is told as such, before anything that follows from its words.
    std::fs::metadata(file).map_err(at_path(file))?;
    let stem = unpacked(file)
        .file_stem()
        .map_or(String::new(), |s| s.to_string_lossy().into_owned());
    let (name, own) = match stem.split_once('.') {
        Some((name, month)) => (name.to_owned(), Month::parse(month).ok()),
        None => (stem, None),
    };
    let folder = file
        .parent()
        .and_then(Path::file_name)
        .map(|n| n.to_string_lossy().into_owned());
    let month = own.or_else(|| folder.and_then(|f| Month::parse(&f).ok()));
    let month = month.ok_or_else(|| {
        OfficeError::FileRefused(
            "不知道是哪个月的;把文件放进 2026-08 这样的文件夹,或用 --month 写明".to_owned(),
        )
    })?;
    Ok((name.replace('-', "_"), month))
}
