//! A department's answers, read by their description with the same cells, codes and 拒收 as any feed.
//! Nothing is stored here: whoever asked decides what becomes of them.

use super::decode;
use super::rows::{By, Rows, Source};
use super::sheet;
use super::whole::{self, Patience, Tally};
use crate::error::{OfficeError, Result};
use crate::office::Office;
use domain::{IdNumber, Month};
use rules::Program;
use rules::feed::FeedPlan;
use rules::value::Value;
use sha2::{Digest, Sha256};
use std::path::Path;
use store::batches::Refusal;

/// Rows read at a time.
const ROWS_AT_ONCE: usize = 1_024;
/// A line that adds others up is skipped, not a mistake.
const SKIPPED: &str = "total-row";

/// How answers come.
pub(crate) enum Came<'a> {
    /// A file: CSV in any usual encoding, or a workbook.
    File(&'a Path),
    /// Pasted text: CSV, or cells as a spreadsheet copies them.
    Pasted(&'a str),
}

/// A row of answers.
pub(crate) struct AnswerRow {
    /// Row below the header, from 1.
    pub line: u32,
    /// The number it tells.
    pub id: Option<IdNumber>,
    /// Its values, by the description's columns; unknown for what no rule reads.
    pub values: Vec<Value>,
}

/// What was read.
pub(crate) struct Answers {
    /// Digest of the bytes.
    pub digest: [u8; 32],
    /// Rows below the header.
    pub lines: u64,
    /// The rows without a mistake.
    pub rows: Vec<AnswerRow>,
    /// The mistakes, by row.
    pub refusals: Vec<Refusal>,
}

/// Reads answers. A whole file that cannot be read is one mistake of row 0.
///
/// # Errors
/// The disk.
pub(crate) fn read(
    office: &Office,
    program: &Program,
    feed: &FeedPlan,
    period: Month,
    came: &Came<'_>,
) -> Result<Answers> {
    let looked_at;
    let (digest, source) = match came {
        Came::File(path) => {
            looked_at = decode::survey(path)?;
            (looked_at.digest, Source::File(&looked_at))
        }
        Came::Pasted(text) => (Sha256::digest(text).into(), Source::Pasted(text)),
    };
    let mut out = Answers {
        digest,
        lines: 0,
        rows: Vec::new(),
        refusals: Vec::new(),
    };
    let by = By {
        office,
        program,
        feed,
        period,
        prefixes: None,
    };
    match rows(by, source, &mut out) {
        Ok(()) => Ok(out),
        Err(OfficeError::FileRefused(said)) => {
            out.rows.clear();
            out.refusals = vec![whole::refusal(said)];
            Ok(out)
        }
        Err(other) => Err(other),
    }
}

fn rows(by: By<'_>, source: Source<'_>, out: &mut Answers) -> Result<()> {
    let (program, feed) = (by.program, by.feed);
    let patience = Patience::of(by.office)?;
    let mut rows = Rows::open(by, source)?;
    let mut tally = Tally::default();
    while let Some((block, back)) = rows.next(ROWS_AT_ONCE)? {
        out.lines = rows.received();
        tally.add(&back);
        let mistakes = back.refusals.into_iter().filter(|r| r.code != SKIPPED);
        out.refusals.extend(mistakes);
        for at in 0..block.len() {
            let value = |(place, column): (usize, &rules::feed::FeedColumn)| {
                column.item.map_or(Value::Unknown, |item| {
                    sheet::value(program, item, &block.cell(place, at))
                })
            };
            out.rows.push(AnswerRow {
                line: block.number(at),
                id: block.id(at).copied(),
                values: feed.columns.iter().enumerate().map(value).collect(),
            });
        }
    }
    rows.end()?;
    tally.received = rows.received();
    if let Some(said) = tally.unreadable(feed, patience, &out.refusals, 0) {
        // One mistake sends the whole file back; whoever asked may still tell what else is wrong in its rows.
        out.refusals.insert(0, whole::refusal(said));
    }
    Ok(())
}
