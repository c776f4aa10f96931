//! 接收: a department's file becomes rows of the lake, tied to persons; identity goes sealed to the
//! record. A bad row is refused with its reason and never stops the others; a bad file leaves nothing.

mod cells;
mod decode;
mod households;
mod owner;
mod register;
mod sheet;
pub mod workbook;

pub use decode::WORKBOOK_REFUSED;

use crate::error::{OfficeError, Result, at_path};
use crate::office::Office;
use domain::{HouseholdId, Month, PersonId};
use households::Places;
use rules::feed::FeedPlan;
use sha2::{Digest, Sha256};
use sheet::Parsed;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use store::batches::{self, BatchState, Begun, Counts, NewBatch, Refusal};
use store::manifest::{self, LakeFile};
use store::tokens::{self, Token, TokenField, Tokeniser};
use store::{Act, RowId};

/// The feed whose rows make persons and households.
const REGISTER: &str = "register";
/// Above this share of refused rows the whole file goes back: its columns are not what they say.
const REFUSED_PERCENT_MAX: u64 = 20;
/// A file of fewer rows is not judged by that share.
const REFUSED_ROWS_MIN: u64 = 50;
/// How many refusals are kept row by row; the counts cover all.
const REFUSALS_KEPT_MAX: usize = 20_000;

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
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// 已入库.
    Applied,
    /// The same content is here already; nothing changed.
    Repeated,
    /// It would change too much; a person must confirm.
    Waiting(String),
    /// The whole file goes back, for this reason.
    Refused(String),
}

/// The intake of one sitting: keeps the token tables at hand between files.
pub struct Intake<'a> {
    office: &'a Office,
    tokeniser: Tokeniser,
    by_number: HashMap<Token, PersonId>,
    by_name: HashMap<Token, Vec<PersonId>>,
    loaded: bool,
}

impl<'a> Intake<'a> {
    /// Opens the intake.
    pub fn new(office: &'a Office) -> Self {
        let tokeniser = Tokeniser::of(&office.store);
        Self {
            office,
            tokeniser,
            by_number: HashMap::new(),
            by_name: HashMap::new(),
            loaded: false,
        }
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
        let program = self.office.program_of(period);
        let feed = program
            .feeds
            .iter()
            .find(|f| f.id == feed_id)
            .ok_or_else(|| OfficeError::FeedUnknown(feed_id.clone()))?;
        let bytes = std::fs::read(file).map_err(at_path(file))?;
        let digest: [u8; 32] = Sha256::digest(&bytes).into();
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
        };
        if let Some(seen) = batches::find_file(&self.office.store, digest).await?
            && seen.state == BatchState::Applied
            && seen.feed == feed.id
            && seen.period == period
        {
            received.batch_no = Some(seen.batch_no);
            received.counts = seen.counts;
            received.state = State::Repeated;
            return Ok(received);
        }
        let parsed = decode::read(file, &bytes)
            .and_then(|cells| sheet::parse(self.office, &program, feed, period, cells));
        match parsed {
            Ok(parsed) => {
                self.take(feed, digest, parsed, &mut received, confirmed)
                    .await?
            }
            Err(OfficeError::FileRefused(said)) => {
                self.send_back(digest, &said, &mut received).await?
            }
            Err(other) => return Err(other),
        }
        Ok(received)
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

    async fn load(&mut self) -> Result<()> {
        if self.loaded {
            return Ok(());
        }
        let numbers = tokens::export_all(&self.office.store, TokenField::IdNumber).await?;
        self.by_number = numbers.into_iter().collect();
        self.by_name.clear();
        for (token, person) in
            tokens::export_all(&self.office.store, TokenField::NameBirthArea).await?
        {
            self.by_name.entry(token).or_default().push(person);
        }
        self.loaded = true;
        Ok(())
    }

    async fn send_back(&self, digest: [u8; 32], said: &str, received: &mut Received) -> Result<()> {
        let at = self.office.clock.at();
        let mut tx = self.office.store.write().await?;
        let begun = batches::begin(&mut tx, &self.new_batch(received, digest, digest)).await?;
        received.state = State::Refused(said.to_owned());
        let Begun::New(batch_no) = begun else {
            return Ok(());
        };
        let refusal = Refusal {
            row_no: 0,
            column: String::new(),
            code: "file".to_owned(),
            message: said.to_owned(),
            masked: String::new(),
        };
        batches::refuse_many(&mut tx, batch_no, &[refusal]).await?;
        batches::finish(&mut tx, batch_no, BatchState::Refused, received.counts, &at).await?;
        tx.record(
            Act::new(&at, "system", "intake.send-back")
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

    async fn take(
        &mut self,
        feed: &FeedPlan,
        digest: [u8; 32],
        mut parsed: Parsed,
        received: &mut Received,
        confirmed: bool,
    ) -> Result<()> {
        self.load().await?;
        let at = self.office.clock.at();
        let places = self.place(feed, &mut parsed).await?;
        let whole = u64::from(parsed.received);
        let refused_rows = parsed.refused_rows();
        if whole >= REFUSED_ROWS_MIN
            && refused_rows.saturating_mul(100) > whole.saturating_mul(REFUSED_PERCENT_MAX)
        {
            let reason = parsed.refusals.first().map_or(String::new(), |r| {
                format!("如第 {} 行 {}:{}", r.row_no, r.column, r.message)
            });
            let said = format!(
                "{whole} 行里有 {refused_rows} 行读不懂,超过 {REFUSED_PERCENT_MAX}%,像是列错了位或导出方式不对。{reason}"
            );
            return self.send_back(digest, &said, received).await;
        }
        if !confirmed && let Some(said) = self.changes_too_much(feed, &parsed).await? {
            return self.wait(digest, said, whole, &parsed, received).await;
        }
        let mut tx = self.office.store.write().await?;
        let batch_no =
            match batches::begin(&mut tx, &self.new_batch(received, digest, parsed.canonical))
                .await?
            {
                Begun::New(batch_no) => batch_no,
                Begun::Seen(batch) if confirmed && batch.state == BatchState::Waiting => {
                    batch.batch_no
                }
                Begun::Seen(batch) => {
                    received.batch_no = Some(batch.batch_no);
                    received.counts = batch.counts;
                    received.state = State::Repeated;
                    return Ok(());
                }
            };
        let links = if feed.id == REGISTER {
            let month = received.period;
            register::take(self, &mut tx, batch_no, &parsed, month, &places).await?
        } else if parsed.of_households {
            households::take(&mut tx, &at, batch_no, feed, &parsed, received.period).await?
        } else {
            self.link(&parsed)
        };
        let gaps = households::gaps(self, &tx, &parsed).await?;
        let sheets = parsed.sheets(batch_no, &links);
        let files = self.to_lake(
            feed,
            received.period,
            batch_no,
            &parsed.county,
            sheets,
            gaps,
        )?;
        manifest::append(&mut tx, &files, &at).await?;
        parsed.refusals.truncate(REFUSALS_KEPT_MAX);
        batches::refuse_many(&mut tx, batch_no, &parsed.refusals).await?;
        let doubtful = u64::try_from(links.doubts.len()).unwrap_or(0);
        batches::doubt_many(&mut tx, &links.doubts, &at).await?;
        let counts = Counts {
            received: whole,
            applied: whole
                .saturating_sub(refused_rows)
                .saturating_sub(links.repeated)
                .saturating_sub(doubtful),
            unchanged: links.repeated,
            refused: refused_rows,
            doubtful,
        };
        batches::finish(&mut tx, batch_no, BatchState::Applied, counts, &at).await?;
        tx.record(
            Act::new(&at, "system", "intake.receive")
                .on("batch", batch_no)
                .because("报送")
                .under(format!("feeds/{}", feed.id)),
        );
        tx.commit().await?;
        received.batch_no = Some(batch_no);
        received.counts = counts;
        received.refusals = parsed.refusals;
        crate::audit::keep(self.office).await?;
        Ok(())
    }

    /// A whole list that is much shorter or longer than the last one waits for a person.
    async fn changes_too_much(&self, feed: &FeedPlan, parsed: &Parsed) -> Result<Option<String>> {
        let (true, Some(limit)) = (feed.whole, feed.change_limit) else {
            return Ok(None);
        };
        let Some(last) = batches::newest_applied(&self.office.store, &feed.id).await? else {
            return Ok(None);
        };
        let (now, before) = (u64::from(parsed.received), last.counts.received);
        let change = now.abs_diff(before);
        if change.saturating_mul(10_000) <= before.saturating_mul(u64::from(limit)) {
            return Ok(None);
        }
        Ok(Some(format!(
            "上次 {before} 行,这次 {now} 行,变动超过 {}%;请核实后用 --confirm 确认入库",
            limit / 100
        )))
    }

    async fn wait(
        &self,
        digest: [u8; 32],
        said: String,
        whole: u64,
        parsed: &Parsed,
        received: &mut Received,
    ) -> Result<()> {
        let at = self.office.clock.at();
        let mut tx = self.office.store.write().await?;
        if let Begun::New(batch_no) =
            batches::begin(&mut tx, &self.new_batch(received, digest, parsed.canonical)).await?
        {
            let counts = Counts {
                received: whole,
                applied: 0,
                unchanged: whole,
                refused: 0,
                doubtful: 0,
            };
            batches::finish(&mut tx, batch_no, BatchState::Waiting, counts, &at).await?;
            tx.record(
                Act::new(&at, "system", "intake.wait")
                    .on("batch", batch_no)
                    .because("变动上限"),
            );
            tx.commit().await?;
            received.batch_no = Some(batch_no);
            received.counts = counts;
        }
        received.state = State::Waiting(said);
        Ok(())
    }

    /// Sends back rows that tell of no place; answers where the people of the others live.
    async fn place(&self, feed: &FeedPlan, parsed: &mut Parsed) -> Result<Places> {
        households::refuse_placeless(feed, parsed);
        if feed.id != REGISTER {
            return Ok(Places::default());
        }
        let places = Places::of(&self.office.store, parsed).await?;
        places.refuse_homeless(feed, parsed);
        Ok(places)
    }

    /// The person of an id number.
    fn by_id(&self, id: &domain::IdNumber) -> Option<PersonId> {
        self.by_number.get(&self.tokeniser.id_number(id)).copied()
    }

    /// The person that 归属 tells of, where there is no id number.
    fn by_key(&self, key: &str) -> Option<PersonId> {
        let token = self.tokeniser.id_text(&office_number(key));
        self.by_number.get(&token).copied()
    }

    /// Whose rows they are, by their numbers.
    fn link(&self, parsed: &Parsed) -> Links {
        let mut links = Links::default();
        let mut seen = HashSet::new();
        for (at, row) in parsed.rows.iter().enumerate() {
            let by_key = || row.key.as_deref().and_then(|key| self.by_key(key));
            links
                .persons
                .push(row.id.map_or_else(by_key, |id| self.by_id(&id)));
            links
                .targets
                .push(row.second_id.and_then(|id| self.by_id(&id)));
            if !seen.insert(parsed.row_digest(at)) {
                links.repeated = links.repeated.saturating_add(1);
                links.dropped.push(at);
            }
        }
        links
    }

    /// Writes rows, links and gaps to the lake, side by side and in one order.
    fn to_lake(
        &self,
        feed: &FeedPlan,
        period: Month,
        batch_no: i64,
        county: &str,
        (rows, link): (engine::Sheet, engine::Sheet),
        gaps: engine::Sheet,
    ) -> Result<Vec<LakeFile>> {
        let mut files = Vec::new();
        for (kind, sheet) in [("row", rows), ("link", link), ("gap", gaps)] {
            if kind == "gap" && sheet.is_empty() {
                continue;
            }
            let kind = format!("{kind}-{}", feed.id);
            let written = self.office.lake.write(&kind, period, county, &sheet)?;
            files.push(LakeFile {
                kind,
                month: period,
                county: county.to_owned(),
                path: written.path,
                rows: written.rows,
                digest: unhex(&written.sha256),
                cause: batch_no.to_string(),
            });
        }
        Ok(files)
    }
}

/// What stands in the place of an id number for a person known by 归属: sealed and found like one.
/// The blind index passes over hyphens, so they are written otherwise.
fn office_number(key: &str) -> String {
    key.replace('-', "－")
}

/// Whose the rows of a file are.
#[derive(Default)]
pub(crate) struct Links {
    pub persons: Vec<Option<PersonId>>,
    /// Of a feed of households; empty for all others.
    pub households: Vec<Option<HouseholdId>>,
    pub targets: Vec<Option<PersonId>>,
    pub doubts: Vec<batches::Doubt>,
    /// Rows that say again what another row of the file says.
    pub repeated: u64,
    /// Places of rows left out of the lake.
    pub dropped: Vec<usize>,
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
