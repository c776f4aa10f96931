//! 区划: lists of areas are taken in, and places are looked up.
//!
//! A list may be a county's or the whole country's: file and record are walked side by side in the
//! order of codes, so that only the file is in memory. One list is one transaction; the same list
//! again changes nothing, and an older one never overwrites a newer.

mod list;
mod lookup;
mod merge;
#[cfg(test)]
mod tests;

pub use lookup::{Found, PAGE_ROWS, Row, Shown, Words, below, count, find, prefixes, search, show};
pub(crate) use lookup::{above, own};
pub use store::areas::After;

use crate::error::{OfficeError, Result, at_path};
use crate::office::Office;
use domain::{Area, AreaCode, AreaLevel, Day};
use list::{Kind, List, Listed};
use merge::{About, Became};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::path::Path;
use store::areas::{Edition, Known, Step};
use store::digest::hex;
use store::{Act, JournalTx};

/// Rows of the record read, and steps written, at once.
const BATCH: u32 = 10_000;

/// What a list claims to hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// Some places; what it does not name stays.
    #[default]
    Part,
    /// All places of its levels inside its scope; what it does not name is no longer there.
    Whole,
}

/// What is done when a row cannot be taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Refusals {
    /// It is told, the other rows are taken.
    #[default]
    Tell,
    /// The whole list goes back.
    SendBack,
}

/// How a list is to be taken.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ask {
    /// What is done when a row cannot be taken.
    pub refusals: Refusals,
    /// The day it stands for; without, the last year in the list or in its name, else today.
    pub edition: Option<Day>,
    /// What it claims to hold.
    pub extent: Extent,
}

/// A row that was not taken, or not as its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its line in the file.
    pub line: u64,
    /// What stands in its code.
    pub code: String,
    /// Why.
    pub reason: String,
}

/// What became of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its name.
    pub file: String,
    /// The day it stands for.
    pub edition: Day,
    /// Rows that could be read.
    pub listed: u64,
    /// Places added.
    pub added: u64,
    /// Places with a new name, or days that were not known.
    pub changed: u64,
    /// Places that ended.
    pub ended: u64,
    /// Places known as they are.
    pub unchanged: u64,
    /// Rows a newer list said otherwise of.
    pub older: u64,
    /// Rows not taken.
    pub refused: Vec<Told>,
    /// Rows that repeat the place around them.
    pub same_as_above: Vec<Told>,
    /// Nothing changed: this list, or all it says, is here already.
    pub repeated: bool,
}

/// Takes a list of areas into the record.
///
/// # Errors
/// The file is no list of areas; the record. What is wrong with a row is in the answer.
pub async fn import(office: &Office, path: &Path, ask: Ask) -> Result<Taken> {
    let bytes = std::fs::read(path).map_err(at_path(path))?;
    let digest: [u8; 32] = Sha256::digest(&bytes).into();
    let mut list = list::read(&bytes)?;
    drop(bytes);
    let before = store::areas::editions(&office.store).await?;
    let file = path
        .file_name()
        .map_or(String::new(), |name| name.to_string_lossy().into_owned());
    let day = edition(office, &list, &file, digest, ask, &before)?;
    let scope = scope(&list.rows);
    let mut taken = Taken {
        file,
        edition: day,
        listed: len(&list.rows),
        added: 0,
        changed: 0,
        ended: 0,
        unchanged: 0,
        older: 0,
        refused: std::mem::take(&mut list.refused),
        same_as_above: std::mem::take(&mut list.same_as_above),
        repeated: false,
    };
    let mut tx = office.store.write().await?;
    let whole = ask.extent == Extent::Whole;
    let levels = levels(&list.rows);
    let walk = Walk {
        about: About {
            day,
            before: &before,
        },
        ends: whole.then_some((scope, levels.as_slice())),
        list: &list,
        alive: [None; 5],
        steps: Vec::new(),
    };
    walk.through(&mut tx, &mut taken).await?;
    taken.refused.sort_by_key(|told| told.line);
    if ask.refusals == Refusals::SendBack
        && let Some(first) = taken.refused.first()
    {
        return Err(OfficeError::FileRefused(format!(
            "第 {} 行 {}:{}",
            first.line, first.code, first.reason
        )));
    }
    let changes = taken.added + taken.changed + taken.ended;
    let known = before
        .iter()
        .any(|e| e.digest == digest && e.day == day && e.whole == whole);
    taken.repeated = changes == 0 && (known || taken.unchanged + taken.older == 0);
    if taken.repeated {
        return Ok(taken);
    }
    let at = office.clock.at();
    let noted = Edition {
        day,
        file: taken.file.clone(),
        digest,
        scope,
        levels,
        whole,
        listed: taken.listed,
        added: taken.added,
        changed: taken.changed,
        ended: taken.ended,
        at: at.clone(),
    };
    store::areas::keep_edition(&mut tx, &noted).await?;
    let carried = json!({
        "file": noted.file, "digest": hex(&digest), "edition": day.to_string(), "whole": whole,
        "listed": noted.listed, "added": noted.added, "changed": noted.changed, "ended": noted.ended,
        "refused": taken.refused.len(),
    });
    tx.record(
        Act::new(&at, "system", "areas.import")
            .on("areas", changes)
            .because("导入区划")
            .carrying(carried.to_string()),
    );
    tx.commit().await?;
    crate::audit::keep(office).await?;
    Ok(taken)
}

/// Days as officials read them: `2013年起`, `1980年以前至2009年`.
pub fn span(area: &Area) -> String {
    let whole_years = |day: Day| day.month() == 1 && day.day() == 1;
    let from = area.valid_from.map(|day| {
        if whole_years(day) {
            format!("{}年", day.year())
        } else {
            day.to_string()
        }
    });
    let to = area.valid_to.map(|day| {
        if whole_years(day) {
            format!("{}年", day.year().saturating_sub(1))
        } else {
            day.add_days(-1).unwrap_or(day).to_string()
        }
    });
    match (from, to) {
        (None, None) => "现行".to_owned(),
        (Some(from), None) => format!("{from}起"),
        (None, Some(to)) => format!("至{to}"),
        (Some(from), Some(to)) => format!("{from}至{to}"),
    }
}

fn len<T>(rows: &[T]) -> u64 {
    u64::try_from(rows.len()).unwrap_or(u64::MAX)
}

/// The day the list stands for.
fn edition(
    office: &Office,
    list: &List,
    file: &str,
    digest: [u8; 32],
    ask: Ask,
    before: &[Edition],
) -> Result<Day> {
    let today = office.clock.today();
    if let Some(day) = ask.edition {
        if day > today {
            return Err(OfficeError::FileRefused(format!(
                "版本日 {day} 在今天({today})之后,请核对"
            )));
        }
        return Ok(day);
    }
    // A list without its own day that was taken in before keeps the day it was given then.
    if let Some(known) = before.iter().rev().find(|e| e.digest == digest) {
        return Ok(known.day);
    }
    let year = list.last_year.or_else(|| year_in(file, today.year()));
    let last_day = year.and_then(|year| Day::new(year, 12, 31));
    Ok(last_day.unwrap_or(today).min(today))
}

/// The last year in a file's name: `cn_divisions_l1_l4_2023.csv.gz`.
fn year_in(file: &str, latest: i32) -> Option<i32> {
    file.split(|c: char| !c.is_ascii_digit())
        .filter(|part| part.len() == 4)
        .filter_map(|part| part.parse().ok())
        .rfind(|year| (1949..=latest).contains(year))
}

/// The smallest place around everything of the deepest level listed; none for a whole country.
/// The places above it are listed only to say where it lies.
fn scope(rows: &[Listed]) -> Option<AreaCode> {
    let deepest = rows.iter().map(|row| row.code.level()).max()?;
    let mut of_level = rows.iter().filter(|row| row.code.level() == deepest);
    let first = of_level.next()?.code;
    let last = of_level.next_back().map_or(first, |row| row.code);
    let mut around = first.parent();
    while let Some(code) = around.filter(|code| !code.contains(&last)) {
        around = code.parent();
    }
    around
}

fn levels(rows: &[Listed]) -> Vec<AreaLevel> {
    let has = |level: &AreaLevel| rows.iter().any(|row| row.code.level() == *level);
    AreaLevel::ALL.into_iter().filter(has).collect()
}

/// File and record side by side, in the order of codes.
struct Walk<'a> {
    about: About<'a>,
    /// Where and on which levels an unnamed place has ended.
    ends: Option<(Option<AreaCode>, &'a [AreaLevel])>,
    list: &'a List,
    /// The last place of each level that is there: whatever follows may lie in it.
    alive: [Option<AreaCode>; 5],
    steps: Vec<Step>,
}

impl Walk<'_> {
    async fn through(mut self, tx: &mut JournalTx, taken: &mut Taken) -> Result<()> {
        let list = self.list;
        let (Some(first), Some(last)) = (list.rows.first(), list.rows.last()) else {
            return Ok(());
        };
        let mut around = first.code.parent();
        while let Some(code) = around {
            let known = store::areas::of_code(tx, &code).await?;
            self.note_alive(&code, &known, true);
            around = code.parent();
        }
        let mut rows = list.rows.as_slice();
        let (mut after, below) = self.range(&first.code, &last.code);
        loop {
            let known = store::areas::page(tx, &after, &below, BATCH).await?;
            let end = known.last().map(|k| k.area.code);
            let (now, rest) = match end {
                None => (rows, &[][..]),
                Some(end) => {
                    rows.split_at(rows.partition_point(|row| row.code.full() <= end.full()))
                }
            };
            self.side_by_side(tx, &known, now, taken).await?;
            rows = rest;
            match end {
                None => break,
                Some(end) => end.full().clone_into(&mut after),
            }
        }
        self.write(tx).await
    }

    /// After and below which codes the record is read: along the file, and all a whole list speaks of.
    fn range(&self, first: &AreaCode, last: &AreaCode) -> (String, String) {
        // Twelve digits without their last sort before them; ':' follows the digits.
        let before = |code: &AreaCode| code.full().get(..11).unwrap_or_default().to_owned();
        let along = (before(first), format!("{}:", last.full()));
        match &self.ends {
            None => along,
            Some((None, _)) => (String::new(), ":".to_owned()),
            Some((Some(scope), _)) => (
                along.0.min(before(scope)),
                along.1.max(format!("{}:", scope.as_str())),
            ),
        }
    }

    async fn side_by_side(
        &mut self,
        tx: &mut JournalTx,
        known: &[Known],
        rows: &[Listed],
        taken: &mut Taken,
    ) -> Result<()> {
        let (mut known, mut rows) = (known, rows);
        loop {
            let next = match (known.first(), rows.first()) {
                (None, None) => return Ok(()),
                (Some(k), None) => k.area.code,
                (None, Some(row)) => row.code,
                (Some(k), Some(row)) => k.area.code.min(row.code),
            };
            let of_code = known.iter().take_while(|k| k.area.code == next).count();
            let listed = rows.iter().take_while(|row| row.code == next).count();
            let (here, later) = known.split_at(of_code);
            let (said, after) = rows.split_at(listed);
            (known, rows) = (later, after);
            self.one_code(&next, here, said, taken);
            if self.steps.len() >= usize::try_from(BATCH).unwrap_or(usize::MAX) {
                self.write(tx).await?;
            }
        }
    }

    fn one_code(&mut self, code: &AreaCode, known: &[Known], rows: &[Listed], taken: &mut Taken) {
        if rows.is_empty() {
            let gone = known.iter().find_map(|k| self.gone(k));
            self.note_alive(code, known, gone.is_none());
            if let Some(step) = gone {
                taken.ended += 1;
                self.steps.push(step);
            }
            return;
        }
        let became = match self.list.kind {
            Kind::Years => self.about.years(known, rows),
            Kind::Places => rows
                .iter()
                .map(|row| (row, self.place(known, row)))
                .collect(),
        };
        let mut there = !known.is_empty();
        for (row, became) in became {
            match became {
                Became::Added(steps) => {
                    there = true;
                    taken.added += 1;
                    self.steps.extend(steps);
                }
                Became::Changed(steps) => {
                    taken.changed += 1;
                    self.steps.extend(steps);
                }
                Became::Unchanged => taken.unchanged += 1,
                Became::Older => taken.older += 1,
                Became::Refused(reason) => taken.refused.push(Told {
                    line: row.line,
                    code: row.code.to_string(),
                    reason,
                }),
            }
        }
        if there {
            self.set_alive(code);
        }
    }

    /// A row of a list of places: a new one needs a place around it.
    fn place(&self, known: &[Known], row: &Listed) -> Became {
        match row.code.parent() {
            Some(around) if known.is_empty() && !self.is_there(&around) => Became::Refused(
                format!("上级 {around} 不在这份名单里,也不在库里;先导入上级"),
            ),
            _ => self.about.place(known, row),
        }
    }

    /// Is the place there, or a province that governs its counties without a city?
    fn is_there(&self, code: &AreaCode) -> bool {
        self.alive.contains(&Some(*code))
            || (code.level() == AreaLevel::City
                && code.parent().is_some_and(|p| self.alive.contains(&Some(p))))
    }

    fn gone(&self, known: &Known) -> Option<Step> {
        let (scope, levels) = self.ends.as_ref()?;
        let code = &known.area.code;
        let spoken_of = levels.contains(&code.level())
            && scope.is_none_or(|scope| scope.contains(code) && scope != *code)
            && !self.list.in_doubt.contains(code);
        spoken_of.then(|| self.about.ends(known)).flatten()
    }

    fn note_alive(&mut self, code: &AreaCode, known: &[Known], stays: bool) {
        let stands = |k: &Known| k.area.valid_to.is_none_or(|to| to > self.about.day);
        if stays && known.iter().any(stands) {
            self.set_alive(code);
        }
    }

    fn set_alive(&mut self, code: &AreaCode) {
        let mut slots = AreaLevel::ALL.into_iter().zip(&mut self.alive);
        if let Some((_, slot)) = slots.find(|(level, _)| *level == code.level()) {
            *slot = Some(*code);
        }
    }

    async fn write(&mut self, tx: &mut JournalTx) -> Result<()> {
        let steps = std::mem::take(&mut self.steps);
        Ok(store::areas::take(tx, steps, self.about.day).await?)
    }
}
