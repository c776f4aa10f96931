//! The peers' Parquet files as they are.

use anyhow::{Context, Result, anyhow};
use datafusion::arrow::array::{ArrayRef, AsArray, PrimitiveArray};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::ArrowPrimitiveType;
use datafusion::arrow::record_batch::{RecordBatch, RecordBatchReader};
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// A table with one array for each column.
pub struct Table {
    rows: usize,
    columns: BTreeMap<String, ArrayRef>,
}

impl Table {
    /// Some columns of a file, whole and shared among threads.
    pub fn read(path: &Path, columns: &[&str], threads: usize) -> Result<Self> {
        let named = || path.display().to_string();
        let file = File::open(path).with_context(named)?;
        let metadata =
            ArrowReaderMetadata::load(&file, ArrowReaderOptions::default()).with_context(named)?;
        let mut shares: Vec<Vec<&str>> = vec![Vec::new(); threads.clamp(1, columns.len().max(1))];
        for (column, share) in columns.iter().zip((0..shares.len()).cycle()) {
            if let Some(share) = shares.get_mut(share) {
                share.push(column);
            }
        }
        let read: Vec<RecordBatch> = std::thread::scope(|scope| {
            let share = |columns: Vec<&str>| read_columns(path, &metadata, &columns);
            let workers: Vec<_> = shares
                .into_iter()
                .map(|columns| scope.spawn(move || share(columns)))
                .collect();
            let done = workers.into_iter().map(|worker| match worker.join() {
                Ok(read) => read,
                Err(_) => Err(anyhow!("a reader of {} stopped", path.display())),
            });
            done.collect::<Result<_>>()
        })?;
        let mut table = BTreeMap::new();
        for batch in &read {
            for (field, array) in batch.schema_ref().fields().iter().zip(batch.columns()) {
                table.insert(field.name().clone(), Arc::clone(array));
            }
        }
        Ok(Self {
            rows: read.first().map_or(0, RecordBatch::num_rows),
            columns: table,
        })
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// A column as it is.
    pub fn column(&self, name: &str) -> Result<&ArrayRef> {
        self.columns
            .get(name)
            .with_context(|| format!("no column `{name}`"))
    }

    /// A column of numbers of the type given.
    pub fn numbers<T: ArrowPrimitiveType>(&self, name: &str) -> Result<&PrimitiveArray<T>> {
        self.column(name)?
            .as_primitive_opt::<T>()
            .with_context(|| format!("`{name}` is of another type"))
    }
}

/// Columns in one piece: a batch of the reader may span row groups, so nothing is copied after.
fn read_columns(
    path: &Path,
    metadata: &ArrowReaderMetadata,
    columns: &[&str],
) -> Result<RecordBatch> {
    let builder =
        ParquetRecordBatchReaderBuilder::new_with_metadata(File::open(path)?, metadata.clone());
    let rows = usize::try_from(metadata.metadata().file_metadata().num_rows())?;
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
    let reader = builder
        .with_projection(mask)
        .with_batch_size(rows.max(1))
        .build()?;
    let schema = reader.schema();
    let batches = reader.collect::<Result<Vec<_>, _>>()?;
    Ok(concat_batches(&schema, &batches)?)
}
