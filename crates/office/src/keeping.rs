//! 保存期限 and 到期销毁: how long what departments sent and what was worked out of it is kept, what goes when its term is
//! over, and what is held beyond it. The terms are the rulebook's: of a feed its own 保留, of the rest `access/keeping.md`.
//!
//! Nothing goes on the day on which it is found past its term: it is noted, and goes some days later if its term still
//! is over then, so that a term somebody wrote too short, or a clock that ran ahead, is seen before it does harm.

mod held;
mod shown;

pub use held::{HoldAsk, end_hold, hold};
pub use shown::{DestroyedRow, HeldRow, KeepingView, MaterialRow, shown};

use crate::casework::{CaseError, Done};
use crate::channels::{here, number, table};
use crate::clock;
use crate::desk::minute;
use crate::error::OfficeError;
use crate::office::Office;
use domain::{Day, Month};
use engine::lake;
use rules::Program;
use rules::feed::FeedPlan;
use std::collections::{BTreeMap, HashSet};
use store::batches::Batch;
use store::keeping::{self as kept, Hold, Kept, SentBack};
use store::{Act, At, JournalTx};

const PATH: &str = "access/keeping.md";
const WAIT: &str = "到期后等";
/// What is past its term is unreadable within so many days.
const WAIT_DAYS_MAX: u32 = 30;
const SYSTEM: &str = "system";
/// What stands in the place of a cell that was sent back, once its term is over.
const FORGOTTEN: &str = "原值已按保存期限销毁";

/// How long something is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Term {
    /// So many months after the one it tells of.
    Months(u32),
    /// 长期.
    Always,
    /// The rulebook does not say.
    Unknown,
}

impl Term {
    /// The first day on which what tells of a month is past its term.
    pub(crate) fn over_from(self, month: Month) -> Option<Day> {
        let Self::Months(months) = self else {
            return None;
        };
        let months = i32::try_from(months).unwrap_or(i32::MAX);
        Some(month.add(months.saturating_add(1)).first())
    }
}

/// What the rulebook says of terms.
pub(crate) struct Terms {
    program: Program,
    /// Of what is worked out: code, title and term.
    worked: Vec<(String, String, Term)>,
    /// Days between the noting and the going.
    wait: u32,
}

impl Terms {
    /// Those in force on a day.
    ///
    /// # Errors
    /// `access/keeping.md` is missing, or a value of it is none.
    pub(crate) fn of(office: &Office, day: Day) -> Done<Self> {
        let rows = table(here(office), PATH, "监测得出的", ["代号", "材料", "保留"])?;
        let mut worked = Vec::new();
        for [code, title, cell] in rows {
            let term = match cell.strip_suffix('月').map(str::trim) {
                _ if cell == "长期" => Term::Always,
                Some(months) => Term::Months(number(PATH, &title, months)?),
                None => {
                    let said =
                        format!("规则手册 {PATH}:{title}的“保留”是 `{cell}`,应写成 60 月,或者长期");
                    return Err(CaseError::Refused(said));
                }
            };
            worked.push((code, title, term));
        }
        let settings = table(here(office), PATH, "设置", ["设置", "值"])?;
        let wait = settings.into_iter().find(|[name, _]| name == WAIT);
        let wait: u32 = match wait {
            Some([_, value]) => number(PATH, WAIT, &value)?,
            None => {
                return Err(CaseError::Refused(format!(
                    "规则手册 {PATH} 没有写“{WAIT}”"
                )));
            }
        };
        if !(1..=WAIT_DAYS_MAX).contains(&wait) {
            let said = format!("规则手册 {PATH}:“{WAIT}”是 {wait} 天,应在 1 到 {WAIT_DAYS_MAX} 天");
            return Err(CaseError::Refused(said));
        }
        Ok(Self {
            program: office.program_of(Month::containing(day)),
            worked,
            wait,
        })
    }

    /// How long a material is kept, by its name in the rulebook.
    pub(crate) fn term(&self, material: &str) -> Term {
        let worked = self.worked.iter().find(|(code, ..)| code == material);
        if let Some((.., term)) = worked {
            return *term;
        }
        let feed = self.program.feeds.iter().find(|feed| feed.id == material);
        feed.map_or(Term::Unknown, |feed| {
            feed.keep_months.map_or(Term::Always, Term::Months)
        })
    }

    /// What it is called, and who sent it.
    fn title(&self, material: &str) -> (String, String) {
        let worked = self.worked.iter().find(|(code, ..)| code == material);
        if let Some((_, title, _)) = worked {
            return (title.clone(), String::new());
        }
        let feed = self.program.feeds.iter().find(|feed| feed.id == material);
        feed.map_or((material.to_owned(), String::new()), |feed| {
            (feed.title.clone(), feed.department.clone())
        })
    }

    /// Every material the rulebook names.
    fn all(&self) -> impl Iterator<Item = &str> {
        let feeds = self.program.feeds.iter().map(|feed| feed.id.as_str());
        feeds.chain(self.worked.iter().map(|(code, ..)| code.as_str()))
    }
}

/// Which material a file of the lake holds; none for counts and sums, in which nobody stands.
pub(crate) fn material(kind: &str) -> Option<&str> {
    let (what, of) = kind.split_once('-')?;
    match what {
        "row" | "link" | "gap" => Some(of),
        "fact" => Some("facts"),
        "assessed" => Some("assessed"),
        _ => None,
    }
}

/// What a pass over everything kept did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// Files noted to go.
    pub noted: usize,
    /// Files whose noting was taken back: their term is longer now, or they are held.
    pub taken_back: usize,
    /// Files destroyed.
    pub destroyed: usize,
    /// Rows in them.
    pub rows: u64,
    /// Cells that were sent back and whose value went.
    pub refused: u64,
    /// Files without a row in the record that were removed.
    pub nobodys: usize,
}

/// What is to be done with what there is.
struct Plan<'k, T> {
    note: Vec<&'k T>,
    take_back: Vec<&'k T>,
    destroy: Vec<&'k T>,
}

impl<'k, T> Plan<'k, T> {
    /// `told` says of one whether it is past its term and not held, and the day it goes where that was noted.
    fn of(all: &'k [T], today: Day, told: impl Fn(&T) -> Option<(bool, Option<Day>)>) -> Self {
        let (mut note, mut take_back, mut destroy) = (Vec::new(), Vec::new(), Vec::new());
        for one in all {
            match told(one) {
                Some((true, None)) => note.push(one),
                Some((true, Some(day))) if day <= today => destroy.push(one),
                Some((false, Some(_))) => take_back.push(one),
                Some((true, Some(_)) | (false, None)) | None => {}
            }
        }
        Self {
            note,
            take_back,
            destroy,
        }
    }

    fn is_empty(&self) -> bool {
        self.note.is_empty() && self.take_back.is_empty() && self.destroy.is_empty()
    }
}

/// Whether what tells of a month goes: past its term and not held.
fn goes(terms: &Terms, holds: &[Hold], material: &str, month: Month, today: Day) -> bool {
    let over = terms.term(material).over_from(month);
    let is_held = holds.iter().any(|hold| hold.keeps(material, month));
    over.is_some_and(|day| day <= today) && !is_held
}

/// Notes what is past its term, destroys what was noted long enough ago, and removes files no row of the record names. To
/// be called when the program starts and once a day. Killed at any moment, the next pass ends what it began.
///
/// # Errors
/// The rulebook does not say how long, the record, or the disk.
pub async fn pass(office: &Office) -> Done<Passed> {
    let today = office.clock.today();
    let terms = Terms::of(office, today)?;
    let at = office.clock.at();
    let mut tx = office.begin().await?;
    kept::alone(&tx).await?;
    let holds = kept::holds(&tx).await?;
    let files = kept::files(&tx).await?;
    let plan = Plan::of(&files, today, |file: &Kept| {
        let of = material(&file.kind).filter(|_| !file.is_destroyed)?;
        Some((goes(&terms, &holds, of, file.month, today), file.goes_on))
    });
    let goes_on = today.add_days(i64::from(terms.wait));
    let goes_on =
        goes_on.ok_or_else(|| CaseError::Office(OfficeError::Other("时钟不对".to_owned())))?;
    kept::note(&mut tx, &numbers(&plan.note), (today, goes_on)).await?;
    kept::take_back(&mut tx, &numbers(&plan.take_back)).await?;
    kept::destroy(&mut tx, &at, &numbers(&plan.destroy), today).await?;
    let said = format!("到期,{goes_on} 销毁");
    let acts = [
        ("keeping.note", said.as_str(), &plan.note),
        (
            "keeping.take-back",
            "期限改长了,或者暂停了销毁",
            &plan.take_back,
        ),
        ("keeping.destroy", "保存期限届满", &plan.destroy),
    ];
    for (act, because, files) in acts {
        for ((kind, month), (count, rows)) in counted(files) {
            let act = Act::new(&at, SYSTEM, act).on("lake", format!("{kind}/{month}"));
            tx.record(act.because(format!("{because},{count} 个文件 {rows} 行")));
        }
    }
    let sent_back = kept::refused(&tx).await?;
    let cells = Plan::of(&sent_back, today, |one: &SentBack| {
        let goes = goes(&terms, &holds, &one.feed, one.period, today);
        Some((goes, one.goes_on))
    });
    let refused = of_cells(&mut tx, &at, &cells, (today, goes_on)).await?;
    match plan.is_empty() && cells.is_empty() {
        true => drop(tx),
        false => office.end(tx).await?,
    }
    remove_destroyed(office).await?;
    Ok(Passed {
        noted: plan.note.len(),
        taken_back: plan.take_back.len(),
        destroyed: plan.destroy.len(),
        rows: plan.destroy.iter().map(|file| file.rows).sum(),
        refused,
        nobodys: remove_nobodys(office).await?,
    })
}

fn numbers(files: &[&Kept]) -> Vec<i64> {
    files.iter().map(|file| file.no).collect()
}

/// How many files and rows of each kind and month.
fn counted<'f>(files: &[&'f Kept]) -> BTreeMap<(&'f str, Month), (u64, u64)> {
    let mut out: BTreeMap<(&str, Month), (u64, u64)> = BTreeMap::new();
    for file in files {
        let (count, rows) = out.entry((file.kind.as_str(), file.month)).or_default();
        *count = count.saturating_add(1);
        *rows = rows.saturating_add(file.rows);
    }
    out
}

/// What was written in cells that were sent back goes as their file does, also of files that were sent back whole.
/// Answers of how many cells.
async fn of_cells(
    tx: &mut JournalTx,
    at: &At,
    plan: &Plan<'_, SentBack>,
    (today, goes_on): (Day, Day),
) -> Done<u64> {
    kept::note_refused(tx, &plan.note, (today, goes_on)).await?;
    kept::take_back_refused(tx, &plan.take_back).await?;
    let mut all = 0_u64;
    let mut said = Vec::new();
    for one in &plan.destroy {
        let cells = kept::forget_refused(tx, one, FORGOTTEN).await?;
        said.push((
            "keeping.forget",
            *one,
            format!("保存期限届满,退回的 {cells} 格不再留原值"),
        ));
        all = all.saturating_add(cells);
    }
    let note = format!("到期,{goes_on} 起退回的各格不再留原值");
    said.extend(
        plan.note
            .iter()
            .map(|one| ("keeping.note", *one, note.clone())),
    );
    let back = "期限改长了,或者暂停了销毁";
    said.extend(
        plan.take_back
            .iter()
            .map(|one| ("keeping.take-back", *one, back.to_owned())),
    );
    for (act, one, because) in said {
        let act = Act::new(at, SYSTEM, act).on("refused", format!("{}/{}", one.feed, one.period));
        tx.record(act.because(because));
    }
    Ok(all)
}

/// Removes the files of what was destroyed.
async fn remove_destroyed(office: &Office) -> Done<()> {
    let mut tx = office.begin().await?;
    kept::alone(&tx).await?;
    let files = kept::files(&tx).await?;
    let gone: Vec<&Kept> = files.iter().filter(|file| file.is_destroyed).collect();
    if gone.is_empty() {
        return Ok(());
    }
    for file in &gone {
        lake::remove(office.lake.root(), &file.path).map_err(OfficeError::from)?;
    }
    let at = office.clock.at();
    kept::removed(&mut tx, &at, &numbers(&gone)).await?;
    let act = Act::new(&at, SYSTEM, "keeping.removed");
    tx.record(act.because(format!("销毁的 {} 个文件已从磁盘删去", gone.len())));
    office.end(tx).await
}

/// Removes files the record does not name, a day after they were written: an import that was killed left them. None where
/// the record names fewer than half of what is there: then this is another record's lake, and nothing of it may go.
async fn remove_nobodys(office: &Office) -> Done<usize> {
    let day = std::time::Duration::from_hours(24);
    let Some(before) = clock::of_the_disk().checked_sub(day) else {
        return Ok(0);
    };
    let root = office.lake.root();
    let old = lake::older_than(root, before).map_err(OfficeError::from)?;
    let known: HashSet<String> = kept::paths(&office.store).await?.into_iter().collect();
    let nobodys: Vec<&String> = old.iter().filter(|path| !known.contains(*path)).collect();
    if nobodys.len() > known.len() {
        return Ok(0);
    }
    for path in &nobodys {
        lake::remove(root, path).map_err(OfficeError::from)?;
    }
    Ok(nobodys.len())
}

/// Why a file of a month comes too late to be taken; none when it does not.
pub(crate) async fn too_late(
    office: &Office,
    feed: &FeedPlan,
    period: Month,
) -> crate::Result<Option<String>> {
    let Some(months) = feed.keep_months else {
        return Ok(None);
    };
    let over = Term::Months(months).over_from(period);
    let Some(over) = over.filter(|day| *day <= office.clock.today()) else {
        return Ok(None);
    };
    let holds = kept::holds(&office.store).await?;
    if holds.iter().any(|hold| hold.keeps(&feed.id, period)) {
        return Ok(None);
    }
    Ok(Some(format!(
        "这份来文说的是 {period},{}只保留 {months} 个月,从 {over} 起已过保存期限,不收;还要用的,先在“保存期限”页暂停这个月的销毁",
        feed.title
    )))
}

/// How many files are past their term and the days after it, and are still there: nobody went through them.
pub(crate) async fn overdue(office: &Office) -> Done<usize> {
    let today = office.clock.today();
    let terms = Terms::of(office, today)?;
    let holds = kept::holds(&office.store).await?;
    let files = kept::files(&office.store).await?;
    let since = today.add_days(-i64::from(WAIT_DAYS_MAX)).unwrap_or(today);
    let is_overdue = |file: &&Kept| {
        let Some(of) = material(&file.kind) else {
            return false;
        };
        let over = terms.term(of).over_from(file.month);
        let noted_late = over.is_some_and(|day| day < since);
        let is_late = file.goes_on.map_or(noted_late, |day| day < today);
        file.is_destroyed || is_late && goes(&terms, &holds, of, file.month, today)
    };
    Ok(files.iter().filter(is_overdue).count())
}

/// Until when the rows of a batch are kept, or when they were destroyed.
pub(crate) async fn of_batch(office: &Office, batch: &Batch) -> Done<String> {
    let kind = format!("row-{}", batch.feed);
    let cause = batch.batch_no.to_string();
    if let Some(at) = kept::destroyed_of(&office.store, &kind, &cause).await? {
        return Ok(format!("已于 {} 按保存期限销毁", minute(&at)));
    }
    // A version signed before there were terms says none; that must not keep anybody from the page.
    let Ok(terms) = Terms::of(office, office.clock.today()) else {
        return Ok("手册没有写保留多久,不销毁".to_owned());
    };
    let holds = kept::holds(&office.store).await?;
    let is_held = holds
        .iter()
        .any(|hold| hold.keeps(&batch.feed, batch.period));
    Ok(
        match (
            terms.term(&batch.feed),
            terms.term(&batch.feed).over_from(batch.period),
        ) {
            _ if is_held => "暂停了销毁".to_owned(),
            (_, Some(over)) => format!("到 {over} 以前,以后过 {} 天销毁", terms.wait),
            (Term::Always, None) => "长期".to_owned(),
            (_, None) => "手册没有写保留多久,不销毁".to_owned(),
        },
    )
}

/// A month of which something was destroyed cannot be judged as it was.
///
/// # Errors
/// Something of it was destroyed, or the record.
pub(crate) async fn is_complete(office: &Office, month: Month) -> crate::Result<()> {
    match kept::destroyed_in(&office.store, month).await? {
        0 => Ok(()),
        files => Err(OfficeError::Other(format!(
            "{month} 的材料有 {files} 个文件已按保存期限销毁,不能再判断这个月;当时的预警、办件和决定都还在"
        ))),
    }
}
