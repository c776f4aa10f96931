//! Rows of a feed as typed columns in the lake, in bounded memory.
//!
//! The caller has read, checked and split each row: what identifies somebody stays with the store,
//! here come row ids, keyed tokens and facts. A row that does not fit its shape is refused whole.

use crate::error::{EngineError, Result};
use crate::lake::{LakeFile, LakeWriter};
use datafusion::arrow::array::{
    ArrayBuilder, ArrayRef, BooleanBuilder, Date32Builder, FixedSizeBinaryBuilder, Int64Builder,
    RecordBatch, StringBuilder, UInt16Builder,
};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use domain::{Day, Month};
use std::path::Path;
use std::sync::Arc;

const ROWS_AT_ONCE: usize = 16_384;
const TOKEN_BYTES: i32 = 16;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// A row id or a person's id: Int64.
    Id,
    /// A number: numerators over the column's constant denominator, money in 分.
    Number,
    /// 是 or 否.
    Bool,
    /// A day; a month is its first day.
    Day,
    /// A member of an enumeration, by place.
    Member,
    /// Words kept with the row, never in a rule.
    Text,
    /// A keyed token of an identity: 16 bytes.
    Token,
}

/// A column of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnShape {
    /// Its name in the lake.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
}

/// The columns of a feed, in the order rows give them.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct FeedShape {
    /// The columns.
    pub columns: Vec<ColumnShape>,
}

/// A cell of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Unknown.
    Empty,
    /// An id or a number.
    Number(i64),
    /// 是 or 否.
    Bool(bool),
    /// A day.
    Day(Day),
    /// A member of an enumeration.
    Member(u16),
    /// Words.
    Text(String),
    /// A keyed token.
    Token([u8; 16]),
}

impl FeedShape {
    /// The columns as Arrow fields; every one may be unknown.
    pub fn schema(&self) -> SchemaRef {
        let field = |c: &ColumnShape| Field::new(&c.name, data_type(c.kind), true);
        Arc::new(Schema::new(
            self.columns.iter().map(field).collect::<Vec<_>>(),
        ))
    }
}

fn data_type(kind: ColumnKind) -> DataType {
    match kind {
        ColumnKind::Id | ColumnKind::Number => DataType::Int64,
        ColumnKind::Bool => DataType::Boolean,
        ColumnKind::Day => DataType::Date32,
        ColumnKind::Member => DataType::UInt16,
        ColumnKind::Text => DataType::Utf8,
        ColumnKind::Token => DataType::FixedSizeBinary(TOKEN_BYTES),
    }
}

/// Writes all rows as one file of the lake.
///
/// # Errors
/// A row that does not fit the shape; a folder that cannot be written.
pub fn ingest(
    shape: &FeedShape,
    rows: impl IntoIterator<Item = Vec<Cell>>,
    lake: &Path,
    (kind, month, county): (&str, Month, &str),
) -> Result<LakeFile> {
    let mut ingest = Ingest::start(shape, lake, (kind, month, county))?;
    for row in rows {
        ingest.push(row)?;
    }
    ingest.finish()
}

/// A feed on its way into the lake.
pub struct Ingest {
    shape: FeedShape,
    schema: SchemaRef,
    writer: LakeWriter,
    columns: Vec<Builder>,
    waiting: usize,
}

impl Ingest {
    /// Begins a file of the lake.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn start(shape: &FeedShape, lake: &Path, at: (&str, Month, &str)) -> Result<Self> {
        let schema = shape.schema();
        let writer = LakeWriter::create(lake, at.0, at.1, at.2, Arc::clone(&schema))?;
        let columns = shape.columns.iter().map(|c| Builder::new(c.kind)).collect();
        Ok(Self {
            shape: shape.clone(),
            schema,
            writer,
            columns,
            waiting: 0,
        })
    }

    /// Adds a row, one cell for each column.
    ///
    /// # Errors
    /// A row that does not fit the shape: then the file must be given up.
    pub fn push(&mut self, row: Vec<Cell>) -> Result<()> {
        if row.len() != self.columns.len() {
            return Err(EngineError::Column {
                column: format!("{} 列", row.len()),
            });
        }
        for ((cell, column), shape) in row
            .into_iter()
            .zip(&mut self.columns)
            .zip(&self.shape.columns)
        {
            if !column.push(cell) {
                return Err(EngineError::Column {
                    column: shape.name.clone(),
                });
            }
        }
        self.waiting = self.waiting.saturating_add(1);
        if self.waiting >= ROWS_AT_ONCE {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        if self.waiting > 0 {
            let columns: Vec<ArrayRef> = self.columns.iter_mut().map(Builder::finish).collect();
            self.writer
                .write(&RecordBatch::try_new(Arc::clone(&self.schema), columns)?)?;
            self.waiting = 0;
        }
        Ok(())
    }

    /// Makes the file durable.
    ///
    /// # Errors
    /// A full disk.
    pub fn finish(mut self) -> Result<LakeFile> {
        self.flush()?;
        self.writer.finish()
    }
}

enum Builder {
    Number(Int64Builder),
    Bool(BooleanBuilder),
    Day(Date32Builder),
    Member(UInt16Builder),
    Text(StringBuilder),
    Token(FixedSizeBinaryBuilder),
}

impl Builder {
    fn new(kind: ColumnKind) -> Self {
        match kind {
            ColumnKind::Id | ColumnKind::Number => Self::Number(Int64Builder::new()),
            ColumnKind::Bool => Self::Bool(BooleanBuilder::new()),
            ColumnKind::Day => Self::Day(Date32Builder::new()),
            ColumnKind::Member => Self::Member(UInt16Builder::new()),
            ColumnKind::Text => Self::Text(StringBuilder::new()),
            ColumnKind::Token => Self::Token(FixedSizeBinaryBuilder::new(TOKEN_BYTES)),
        }
    }

    /// Whether the cell is of the column's kind.
    fn push(&mut self, cell: Cell) -> bool {
        match (self, cell) {
            (Self::Number(b), Cell::Number(n)) => b.append_value(n),
            (Self::Number(b), Cell::Empty) => b.append_null(),
            (Self::Bool(b), Cell::Bool(answer)) => b.append_value(answer),
            (Self::Bool(b), Cell::Empty) => b.append_null(),
            (Self::Day(b), Cell::Day(day)) => b.append_value(day.epoch_days()),
            (Self::Day(b), Cell::Empty) => b.append_null(),
            (Self::Member(b), Cell::Member(member)) => b.append_value(member),
            (Self::Member(b), Cell::Empty) => b.append_null(),
            (Self::Text(b), Cell::Text(words)) => b.append_value(words),
            (Self::Text(b), Cell::Empty) => b.append_null(),
            (Self::Token(b), Cell::Token(token)) => return b.append_value(token).is_ok(),
            (Self::Token(b), Cell::Empty) => b.append_null(),
            _ => return false,
        }
        true
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Number(b) => ArrayBuilder::finish(b),
            Self::Bool(b) => ArrayBuilder::finish(b),
            Self::Day(b) => ArrayBuilder::finish(b),
            Self::Member(b) => ArrayBuilder::finish(b),
            Self::Text(b) => ArrayBuilder::finish(b),
            Self::Token(b) => ArrayBuilder::finish(b),
        }
    }
}
