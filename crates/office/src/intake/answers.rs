//! A department's answers, read by their description with the same cells, codes and 拒收 as any feed.
//! Nothing is stored here: whoever asked decides what becomes of them.

use super::block::Block;
use super::decode::{self, Text, told};
use super::records::{Page, Records};
use super::sheet::{self, SentBack, Table};
use crate::error::{OfficeError, Result};
use crate::office::Office;
use domain::{IdNumber, Month};
use rules::Program;
use rules::feed::FeedPlan;
use rules::value::Value;
use sha2::{Digest, Sha256};
use std::io::Cursor;
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

impl Came<'_> {
    fn open(&self) -> Result<([u8; 32], Result<Text>)> {
        match self {
            Self::File(path) => {
                let survey = decode::survey(path)?;
                Ok((survey.digest, survey.open()))
            }
            Self::Pasted(text) => {
                let bytes = text.as_bytes().to_vec();
                let digest = Sha256::digest(&bytes).into();
                let reader = Box::new(Cursor::new(bytes));
                Ok((
                    digest,
                    Ok(Text {
                        reader,
                        delimiter: None,
                    }),
                ))
            }
        }
    }

    fn told(&self, error: std::io::Error) -> OfficeError {
        match self {
            Self::File(path) => told(path, error),
            Self::Pasted(_) => told(Path::new("粘贴的内容"), error),
        }
    }
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
    let (digest, text) = came.open()?;
    let mut out = Answers {
        digest,
        lines: 0,
        rows: Vec::new(),
        refusals: Vec::new(),
    };
    let read = text.and_then(|text| rows(office, program, feed, period, came, text, &mut out));
    match read {
        Ok(()) => Ok(out),
        Err(OfficeError::FileRefused(said)) => {
            out.rows.clear();
            out.refusals = vec![Refusal {
                row_no: 0,
                column: String::new(),
                code: "file".to_owned(),
                message: said,
                masked: String::new(),
            }];
            Ok(out)
        }
        Err(other) => Err(other),
    }
}

fn rows(
    office: &Office,
    program: &Program,
    feed: &FeedPlan,
    period: Month,
    came: &Came<'_>,
    text: Text,
    out: &mut Answers,
) -> Result<()> {
    let (mut records, header) = Records::open(text).map_err(|e| came.told(e))?;
    let mut table = Table::new(office, program, feed, period, (&header, None))?;
    let mut page = Page::default();
    while records
        .read(&mut page, ROWS_AT_ONCE)
        .map_err(|e| came.told(e))?
    {
        let mut block = Block::new(table.layout());
        let mut back = SentBack::default();
        for written in page.records().map_err(|e| came.told(e))? {
            out.lines = out.lines.saturating_add(1);
            table.row(&written, &mut block, &mut back);
        }
        table.refuse_by_rules(&mut block, &mut back);
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
    Ok(())
}
