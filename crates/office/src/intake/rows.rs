//! The rows of a file, block by block, with every check of the file as a whole. There is one way in for what a
//! department sends every month and for what it answers when it was asked: a sum that does not fit, cells that
//! slipped and a file cut short send either back.

use super::block::{Block, Layout};
use super::companion::{self, Companion};
use super::decode::{Notes, Survey, Text, told};
use super::records::{Page, Records};
use super::sheet::{SentBack, Table};
use crate::error::{OfficeError, Result};
use crate::office::Office;
use domain::{Month, PrefixHistory};
use rules::Program;
use rules::feed::FeedPlan;
use std::path::Path;
use store::batches::Size;

/// Where rows come from.
#[derive(Clone, Copy)]
pub(super) enum Source<'p> {
    /// A file that was looked at.
    File(&'p Survey),
    /// Pasted text: CSV, or cells as a spreadsheet copies them.
    Pasted(&'p str),
}

/// By which description rows are read.
pub(super) struct By<'p> {
    pub office: &'p Office,
    pub program: &'p Program,
    pub feed: &'p FeedPlan,
    pub period: Month,
    /// First digits of identity numbers there ever were, where they are to be compared.
    pub prefixes: Option<PrefixHistory>,
}

/// The rows below a header.
pub(super) struct Rows<'p> {
    source: Source<'p>,
    feed: &'p FeedPlan,
    companion: Companion,
    records: Records,
    page: Page,
    header: Vec<String>,
    table: Table<'p>,
    notes: Notes,
    received: u64,
}

impl Source<'_> {
    fn text(&self) -> Result<Text> {
        match self {
            Self::File(survey) => survey.open(),
            Self::Pasted(text) => Ok(Text::pasted(text)),
        }
    }

    fn told(&self, error: std::io::Error) -> OfficeError {
        match self {
            Self::File(survey) => told(survey.path(), error),
            Self::Pasted(_) => told(Path::new("粘贴的内容"), error),
        }
    }
}

impl<'p> Rows<'p> {
    /// Begins to read.
    ///
    /// # Errors
    /// The whole file goes back: it is no table, its header is not the feed's, or its companion does not fit.
    pub(super) fn open(by: By<'p>, source: Source<'p>) -> Result<Self> {
        let companion = match source {
            Source::File(survey) => companion::of(survey, by.feed)?,
            Source::Pasted(_) => companion::none(by.feed)?,
        };
        let text = source.text()?;
        let notes = text.notes.clone();
        let (records, header) = Records::open(text).map_err(|e| source.told(e))?;
        let head = (header.as_slice(), by.prefixes);
        let table = Table::new(by.office, by.program, by.feed, by.period, head);
        let table = table.map_err(|error| match source {
            Source::File(survey) => survey.guessed(error),
            Source::Pasted(_) => error,
        })?;
        Ok(Self {
            source,
            feed: by.feed,
            companion,
            records,
            page: Page::default(),
            header,
            table,
            notes,
            received: 0,
        })
    }

    /// The columns.
    pub(super) fn layout(&self) -> &std::sync::Arc<Layout> {
        self.table.layout()
    }

    /// The header, as it came.
    pub(super) fn header(&self) -> &[String] {
        &self.header
    }

    /// Rows below the header, so far.
    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Of what size the amounts of the rows so far are.
    pub(super) fn sizes(&self) -> Vec<Size> {
        self.table.totals().sizes(self.feed)
    }

    /// The next rows, up to so many, and what of them goes back; none at the end.
    ///
    /// # Errors
    /// The whole file goes back: it is damaged, or a sum of its own does not fit.
    pub(super) fn next(&mut self, most: usize) -> Result<Option<(Block, SentBack)>> {
        let source = self.source;
        let read = self.records.read(&mut self.page, most);
        if !read.map_err(|e| source.told(e))? {
            return Ok(None);
        }
        let mut block = Block::new(self.table.layout());
        let mut back = SentBack::default();
        for written in self.page.records().map_err(|e| source.told(e))? {
            self.received = self.received.saturating_add(1);
            self.table.row(&written, &mut block, &mut back);
        }
        if let Some(said) = back.condemned.take() {
            return Err(OfficeError::FileRefused(said));
        }
        self.table.refuse_by_rules(&mut block, &mut back);
        Ok(Some((block, back)))
    }

    /// All was read. Answers what was noticed of the file as it was opened.
    ///
    /// # Errors
    /// The whole file goes back: it has no rows, was written to meanwhile, or is not what its companion says.
    pub(super) fn end(&self) -> Result<Vec<String>> {
        if self.received == 0 {
            return Err(OfficeError::FileRefused(
                "只有表头,没有数据;请核对导出的范围再报送".to_owned(),
            ));
        }
        if let Source::File(survey) = self.source {
            survey.check_unchanged()?;
        }
        self.companion.compare(self.feed, self.table.totals())?;
        Ok(self.notes.taken())
    }
}
