//! Tables of plain values, for callers who do not see Arrow: written to the lake and read back.

use crate::error::{EngineError, Result};
use crate::lake::{self, LakeFile};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray,
};
use datafusion::arrow::datatypes::{DataType, Date32Type, Field, Int64Type, Schema};
use domain::Month;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A lake in a folder.
#[derive(Clone, Debug)]
pub struct Lake {
    root: PathBuf,
}

/// A column of plain values; `None` is unknown or absent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Column {
    /// Whole numbers (ids, 分, numerators).
    Int(Vec<Option<i64>>),
    /// Days since 1970-01-01.
    Day(Vec<Option<i32>>),
    /// 是 or 否.
    Bool(Vec<Option<bool>>),
    /// Words: members of enumerations, keys, free text that identifies nobody.
    Text(Vec<Option<String>>),
}

/// A table of plain values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sheet {
    /// Names and columns, all of one length.
    pub columns: Vec<(String, Column)>,
}

impl Column {
    /// How many values.
    pub fn len(&self) -> usize {
        match self {
            Self::Int(v) => v.len(),
            Self::Day(v) => v.len(),
            Self::Bool(v) => v.len(),
            Self::Text(v) => v.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn array(&self) -> ArrayRef {
        match self {
            Self::Int(v) => Arc::new(Int64Array::from(v.clone())),
            Self::Day(v) => Arc::new(Date32Array::from(v.clone())),
            Self::Bool(v) => Arc::new(BooleanArray::from(v.clone())),
            Self::Text(v) => Arc::new(StringArray::from(v.clone())),
        }
    }

    fn data_type(&self) -> DataType {
        match self {
            Self::Int(_) => DataType::Int64,
            Self::Day(_) => DataType::Date32,
            Self::Bool(_) => DataType::Boolean,
            Self::Text(_) => DataType::Utf8,
        }
    }

    fn from_array(array: &ArrayRef, name: &str) -> Result<Self> {
        Ok(match array.data_type() {
            DataType::Int64 => Self::Int(array.as_primitive::<Int64Type>().iter().collect()),
            DataType::Date32 => Self::Day(array.as_primitive::<Date32Type>().iter().collect()),
            DataType::Boolean => Self::Bool(array.as_boolean().iter().collect()),
            DataType::Utf8 => {
                let words = array.as_string::<i32>().iter();
                Self::Text(words.map(|s| s.map(str::to_owned)).collect())
            }
            _ => {
                return Err(EngineError::Column {
                    column: name.to_owned(),
                });
            }
        })
    }
}

impl Sheet {
    /// How many rows.
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, |(_, c)| c.len())
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A column by name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|(n, _)| n == name).map(|(_, c)| c)
    }

    /// Whole numbers by name; empty when there is no such column.
    pub fn ints(&self, name: &str) -> &[Option<i64>] {
        match self.column(name) {
            Some(Column::Int(v)) => v,
            _ => &[],
        }
    }

    /// As a record batch.
    ///
    /// # Errors
    /// Columns of different length.
    pub fn batch(&self) -> Result<RecordBatch> {
        let field = |(name, column): &(String, Column)| Field::new(name, column.data_type(), true);
        let fields: Vec<Field> = self.columns.iter().map(field).collect();
        let arrays = self.columns.iter().map(|(_, c)| c.array()).collect();
        Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
    }

    fn from_batch(batch: &RecordBatch) -> Result<Self> {
        let fields = batch.schema_ref().fields().iter().zip(batch.columns());
        let columns = fields.map(|(f, a)| Ok((f.name().clone(), Column::from_array(a, f.name())?)));
        Ok(Self {
            columns: columns.collect::<Result<_>>()?,
        })
    }
}

impl Lake {
    /// The lake in a folder; made when there is none.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self> {
        let root = root.into();
        std::fs::create_dir_all(&root).map_err(|source| EngineError::File {
            path: root.clone(),
            source,
        })?;
        Ok(Self { root })
    }

    /// Writes a table as a new file, named by its content.
    ///
    /// # Errors
    /// The disk; nothing half-written is left under a final name.
    pub fn write(&self, kind: &str, month: Month, county: &str, sheet: &Sheet) -> Result<LakeFile> {
        self.write_batch(kind, month, county, sheet.batch()?)
    }

    /// Writes a record batch as a new file, named by its content.
    ///
    /// # Errors
    /// The disk; nothing half-written is left under a final name.
    pub fn write_batch(
        &self,
        kind: &str,
        month: Month,
        county: &str,
        batch: RecordBatch,
    ) -> Result<LakeFile> {
        lake::write(&self.root, kind, month, county, &[batch])?.ok_or_else(|| EngineError::Column {
            column: kind.to_owned(),
        })
    }

    /// Reads a file by its path from the root.
    ///
    /// # Errors
    /// No such file, or not what was written.
    pub fn read(&self, path: &str) -> Result<Sheet> {
        Sheet::from_batch(&self.read_batch(path)?)
    }

    /// Reads a file as one record batch.
    ///
    /// # Errors
    /// No such file, or not what was written.
    pub fn read_batch(&self, path: &str) -> Result<RecordBatch> {
        self.read_columns(path, &[])
    }

    /// Reads some columns of a file as one record batch, all when none is named; a name the file
    /// does not have is passed over.
    ///
    /// # Errors
    /// No such file, or not what was written.
    pub fn read_columns(&self, path: &str, columns: &[&str]) -> Result<RecordBatch> {
        lake::read_whole(&self.root, path, columns)
    }

    /// Reads some columns of a file; a name the file does not have is passed over.
    ///
    /// # Errors
    /// No such file, or not what was written.
    pub fn read_some(&self, path: &str, columns: &[&str]) -> Result<Sheet> {
        Sheet::from_batch(&self.read_columns(path, columns)?)
    }

    /// Reads one row of a file, from 0, without the others.
    ///
    /// # Errors
    /// No such file or row, or not what was written.
    pub fn read_row(&self, path: &str, place: usize) -> Result<Sheet> {
        let batch = lake::read_row(&self.root, path, place)?;
        let batch = batch.ok_or_else(|| EngineError::Column {
            column: path.to_owned(),
        })?;
        Sheet::from_batch(&batch)
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }
}
