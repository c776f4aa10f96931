//! The page 导出: what somebody took and asked for, and what waits for another person.

use super::book::ExportBook;
use crate::access::{Acting, Right};
use crate::casework::Done;
use crate::desk::minute;
use crate::office::Office;
use store::exports::{self as kept, Export, ExportAsk};

/// Rows of a list.
const SHOWN_MAX: i64 = 100;

/// What somebody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskRow {
    /// Its number.
    pub no: i64,
    /// What.
    pub title: String,
    /// How many rows.
    pub rows: u64,
    /// Why it needs another person.
    pub because: String,
    /// What for; empty until it was said.
    pub purpose: String,
    /// Who asked and when.
    pub asked: String,
    /// What another person said; empty until somebody did.
    pub ruled: String,
    /// Whether it may be taken now.
    pub is_open: bool,
    /// Whether it waits for an answer.
    pub waits: bool,
    /// How many rows whoever asked took alone today.
    pub taken: u64,
}

/// What left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportRow {
    /// Its number.
    pub no: i64,
    /// What.
    pub title: String,
    /// How many rows.
    pub rows: u64,
    /// Who took it.
    pub by: String,
    /// When.
    pub at: String,
    /// Who agreed; empty where nobody had to.
    pub agreed: String,
}

/// The page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportsView {
    /// Own asks that wait for a purpose or an answer, or may be taken; then the others.
    pub own: Vec<AskRow>,
    /// What waits for this person's word.
    pub to_rule: Vec<AskRow>,
    /// What left: all of it for whoever oversees it, else what they took themselves.
    pub taken: Vec<ExportRow>,
    /// Whether that is all of it.
    pub is_all: bool,
    /// Whether this person may agree.
    pub agrees: bool,
    /// Rows of a masked file, and of a day, that need nobody else.
    pub limits: (u64, u64),
    /// Rows this person took alone today.
    pub today: u64,
    /// Hours for which an agreement holds.
    pub hours: u32,
    /// The number before which the next page begins.
    pub next: Option<i64>,
}

/// The page.
///
/// # Errors
/// No right, the rulebook, or the record.
pub async fn shown(office: &Office, who: &Acting, before: Option<i64>) -> Done<ExportsView> {
    let is_all = who.may(Right::AUDIT);
    let agrees = who.may(Right::EXPORT_AGREE);
    who.scope(Right::EXPORT)?;
    let book = ExportBook::of(office)?;
    let (store, today) = (&office.store, office.clock.today());
    let now = office.clock.at();
    let own = kept::asks_of(store, who.login(), SHOWN_MAX).await?;
    let mut own: Vec<AskRow> = own.iter().map(|ask| row(ask, &now)).collect();
    own.sort_by_key(|row| !(row.waits || row.is_open));
    let mut to_rule = Vec::new();
    if agrees {
        for ask in kept::to_rule(store).await? {
            if ask.wanted.by != who.login() {
                let mut row = row(&ask, &now);
                row.taken = kept::rows_alone(store, &ask.wanted.by, today).await?;
                to_rule.push(row);
            }
        }
    }
    let found = match is_all {
        true => kept::list(store, before.unwrap_or(i64::MAX), SHOWN_MAX).await?,
        false => kept::of_one(store, who.login(), SHOWN_MAX).await?,
    };
    let full = found.len() >= usize::try_from(SHOWN_MAX).unwrap_or(usize::MAX);
    let next = found.last().map(|last| last.no).filter(|_| is_all && full);
    let mut taken = Vec::new();
    for export in found {
        taken.push(left(office, export).await?);
    }
    Ok(ExportsView {
        own,
        to_rule,
        taken,
        is_all,
        agrees,
        limits: (book.one, book.day),
        today: kept::rows_alone(store, who.login(), today).await?,
        hours: book.hours,
        next,
    })
}

fn row(ask: &ExportAsk, now: &store::At) -> AskRow {
    let ruled = ask.ruled.as_ref();
    let until = ruled.and_then(|ruled| ruled.until.as_ref());
    let said = ruled.map_or_else(String::new, |ruled| {
        let word = match &ruled.until {
            Some(until) => format!("同意,{} 以前可以下载", minute(until)),
            None => "没有同意".to_owned(),
        };
        format!(
            "{} {} {word}:{}",
            minute(&ruled.at),
            ruled.by,
            ruled.because
        )
    });
    AskRow {
        no: ask.no,
        title: ask.wanted.title.clone(),
        rows: ask.wanted.rows,
        because: ask.because.clone(),
        purpose: ask.purpose.clone(),
        asked: format!("{} {}", minute(&ask.at), ask.wanted.by),
        ruled: said,
        is_open: until.is_some_and(|until| now < until),
        waits: ruled.is_none(),
        taken: 0,
    }
}

async fn left(office: &Office, export: Export) -> Done<ExportRow> {
    let agreed = match export.ask {
        Some(no) => kept::find_ask(&office.store, no).await?,
        None => None,
    };
    let agreed = agreed.and_then(|ask| ask.ruled).map(|ruled| ruled.by);
    Ok(ExportRow {
        no: export.no,
        title: export.wanted.title,
        rows: export.wanted.rows,
        by: export.wanted.by,
        at: minute(&export.at),
        agreed: agreed.unwrap_or_default(),
    })
}
