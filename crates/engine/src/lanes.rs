//! Columns under way to the lake: values as they come, a block at a time, handed over whole.
//!
//! Unlike a [`Sheet`](crate::Sheet) a lane keeps its values side by side as Arrow does, so that
//! nothing is copied value by value, and a row begun in vain is taken back.

use crate::error::Result;
use crate::lake::{LakeFile, LakeWriter};
use crate::sheet::Lake;
use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray,
};
use datafusion::arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use domain::Month;
use std::sync::Arc;

/// What a lane holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Whole numbers (ids, 分, numerators).
    Int,
    /// Days since 1970-01-01.
    Day,
    /// 是 or 否.
    Bool,
    /// Words.
    Text,
}

/// A column being filled; nothing is unknown or absent.
#[derive(Clone, Debug)]
pub enum Lane {
    /// Whole numbers.
    Int(Plain<i64>),
    /// Days since 1970-01-01.
    Day(Plain<i32>),
    /// 是 or 否.
    Bool(Plain<bool>),
    /// Words.
    Text(Words),
}

/// Values of one size.
#[derive(Clone, Debug, Default)]
pub struct Plain<T> {
    values: Vec<T>,
    known: Vec<bool>,
}

impl<T: Copy + Default> Plain<T> {
    /// Adds a value.
    pub fn push(&mut self, value: Option<T>) {
        self.values.push(value.unwrap_or_default());
        self.known.push(value.is_some());
    }

    /// The value of a row.
    pub fn get(&self, row: usize) -> Option<T> {
        let known = self.known.get(row).copied().unwrap_or(false);
        self.values.get(row).copied().filter(|_| known)
    }

    fn truncate(&mut self, rows: usize) {
        self.values.truncate(rows);
        self.known.truncate(rows);
    }

    fn retain(&mut self, kept: &[bool]) {
        retain(&mut self.values, kept);
        retain(&mut self.known, kept);
    }
}

/// Words, one behind the other in one text.
#[derive(Clone, Debug, Default)]
pub struct Words {
    text: String,
    /// Where each ends.
    ends: Vec<i32>,
    known: Vec<bool>,
}

impl Words {
    /// Adds a word.
    pub fn push(&mut self, word: Option<&str>) {
        self.text.push_str(word.unwrap_or(""));
        // A block is cut long before its text is as long as that.
        self.ends
            .push(i32::try_from(self.text.len()).unwrap_or(i32::MAX));
        self.known.push(word.is_some());
    }

    /// The word of a row.
    pub fn get(&self, row: usize) -> Option<&str> {
        if !*self.known.get(row)? {
            return None;
        }
        let from = row.checked_sub(1).map_or(Some(0), |r| self.end(r))?;
        self.text.get(from..self.end(row)?)
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Takes the rows from one on back.
    pub fn truncate(&mut self, rows: usize) {
        let end = rows.checked_sub(1).map_or(Some(0), |r| self.end(r));
        if let Some(end) = end {
            self.text.truncate(end);
        }
        self.ends.truncate(rows);
        self.known.truncate(rows);
    }

    /// Keeps the rows that are to be kept.
    pub fn retain(&mut self, kept: &[bool]) {
        let mut out = Self::default();
        for (row, _) in kept.iter().enumerate().filter(|(_, kept)| **kept) {
            out.push(self.get(row));
        }
        *self = out;
    }

    fn end(&self, row: usize) -> Option<usize> {
        usize::try_from(*self.ends.get(row)?).ok()
    }
}

/// Keeps the values whose place says so.
pub fn retain<T>(values: &mut Vec<T>, kept: &[bool]) {
    let mut kept = kept.iter();
    values.retain(|_| kept.next().copied().unwrap_or(true));
}

impl Lane {
    /// A lane without rows.
    pub fn new(shape: Shape) -> Self {
        match shape {
            Shape::Int => Self::Int(Plain::default()),
            Shape::Day => Self::Day(Plain::default()),
            Shape::Bool => Self::Bool(Plain::default()),
            Shape::Text => Self::Text(Words::default()),
        }
    }

    /// Adds what is unknown or absent.
    pub fn push_none(&mut self) {
        match self {
            Self::Int(lane) => lane.push(None),
            Self::Day(lane) => lane.push(None),
            Self::Bool(lane) => lane.push(None),
            Self::Text(lane) => lane.push(None),
        }
    }

    /// Takes the rows from one on back.
    pub fn truncate(&mut self, rows: usize) {
        match self {
            Self::Int(lane) => lane.truncate(rows),
            Self::Day(lane) => lane.truncate(rows),
            Self::Bool(lane) => lane.truncate(rows),
            Self::Text(lane) => lane.truncate(rows),
        }
    }

    /// Keeps the rows that are to be kept.
    pub fn retain(&mut self, kept: &[bool]) {
        match self {
            Self::Int(lane) => lane.retain(kept),
            Self::Day(lane) => lane.retain(kept),
            Self::Bool(lane) => lane.retain(kept),
            Self::Text(lane) => lane.retain(kept),
        }
    }

    fn array(self) -> Result<ArrayRef> {
        Ok(match self {
            Self::Int(lane) => {
                let values = ScalarBuffer::from(lane.values);
                Arc::new(Int64Array::try_new(values, nulls(lane.known))?)
            }
            Self::Day(lane) => {
                let values = ScalarBuffer::from(lane.values);
                Arc::new(Date32Array::try_new(values, nulls(lane.known))?)
            }
            Self::Bool(lane) => {
                let values = BooleanBuffer::from(lane.values);
                Arc::new(BooleanArray::new(values, nulls(lane.known)))
            }
            Self::Text(lane) => {
                let offsets: Vec<i32> = std::iter::once(0).chain(lane.ends).collect();
                let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
                let text = Buffer::from_vec(lane.text.into_bytes());
                Arc::new(StringArray::try_new(offsets, text, nulls(lane.known))?)
            }
        })
    }
}

fn nulls(known: Vec<bool>) -> Option<NullBuffer> {
    Some(NullBuffer::from(known)).filter(|nulls| nulls.null_count() > 0)
}

/// A lake file that grows block by block. Dropped before its end it leaves nothing.
pub struct LaneWriter {
    writer: LakeWriter,
    schema: SchemaRef,
}

impl Lake {
    /// Begins a file of some columns; where it is kept is said at its end.
    ///
    /// # Errors
    /// A kind that is no plain name; the disk.
    pub fn begin(
        &self,
        kind: &str,
        month: Month,
        columns: &[(String, Shape)],
    ) -> Result<LaneWriter> {
        let fields = columns.iter().map(|(name, shape)| {
            let kind = match shape {
                Shape::Int => DataType::Int64,
                Shape::Day => DataType::Date32,
                Shape::Bool => DataType::Boolean,
                Shape::Text => DataType::Utf8,
            };
            Field::new(name, kind, true)
        });
        let schema: SchemaRef = Arc::new(Schema::new(fields.collect::<Vec<Field>>()));
        let writer = LakeWriter::begin(self.root(), kind, month, Arc::clone(&schema))?;
        Ok(LaneWriter { writer, schema })
    }
}

impl LaneWriter {
    /// Appends rows: the lanes in the order the columns were named.
    ///
    /// # Errors
    /// Lanes of other shapes or different lengths; a full disk.
    pub fn write(&mut self, lanes: Vec<Lane>) -> Result<()> {
        let arrays: Result<Vec<ArrayRef>> = lanes.into_iter().map(Lane::array).collect();
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays?)?;
        self.writer.write(&batch)
    }

    /// Makes the file durable under its final name, in the folder of a county.
    ///
    /// # Errors
    /// A county that is no plain name; a full disk.
    pub fn finish(self, county: &str) -> Result<LakeFile> {
        self.writer.finish_in(county)
    }
}
