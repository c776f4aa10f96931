//! The lake: immutable Parquet files in a local folder, named by their content.
//!
//! `<lake>/<kind>/<month>/<county>/<sha256>.parquet`. A file appears whole or not at all, and is
//! never changed; which files count is written in the manifest, which the caller keeps. It holds
//! ids and facts, never a name, number or address.

use crate::error::{EngineError, Result};
use datafusion::arrow::array::{RecordBatch, RecordBatchReader};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::dataframe::DataFrame;
use datafusion::execution::context::SessionContext;
use datafusion::execution::options::ParquetReadOptions;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{
    ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder, RowSelection, RowSelector,
};
use datafusion::parquet::basic::{Compression, Encoding, ZstdLevel};
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};
use datafusion::parquet::schema::types::ColumnPath;
use domain::Month;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

const ROWS_IN_GROUP: usize = 131_072;
const ROWS_IN_BATCH: usize = 65_536;

/// 数据湖文件: one immutable file, as the manifest lists it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LakeFile {
    /// What it holds: `rows-register`, `link`, `fact`, `judged-dibao`.
    pub kind: String,
    /// Of which month.
    pub month: Month,
    /// Of which county: its code.
    pub county: String,
    /// Its path under the lake, with `/`.
    pub path: String,
    /// How many rows it holds.
    pub rows: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

/// Writes batches as one file. The same rows give the same file, so writing twice changes nothing.
///
/// # Errors
/// A kind or county that is no plain name; a folder that cannot be written.
pub fn write(
    lake: &Path,
    kind: &str,
    month: Month,
    county: &str,
    batches: &[RecordBatch],
) -> Result<Option<LakeFile>> {
    let Some(first) = batches.first() else {
        return Ok(None);
    };
    let mut file = LakeWriter::create(lake, kind, month, county, first.schema())?;
    for batch in batches {
        file.write(batch)?;
    }
    file.finish().map(Some)
}

/// A lake file under way: rows are written as they come, in bounded memory.
pub struct LakeWriter {
    lake: PathBuf,
    temp: TempFile,
    writer: ArrowWriter<Hashing>,
    rows: u64,
    file: LakeFile,
}

impl LakeWriter {
    /// Begins a file; nothing is seen of it before [`finish`](Self::finish).
    ///
    /// # Errors
    /// A kind or county that is no plain name; a folder that cannot be written.
    pub fn create(
        lake: &Path,
        kind: &str,
        month: Month,
        county: &str,
        schema: SchemaRef,
    ) -> Result<Self> {
        let mut begun = Self::begin(lake, kind, month, schema)?;
        plain(county)?.clone_into(&mut begun.file.county);
        Ok(begun)
    }

    /// Begins a file whose county is told at its end.
    ///
    /// # Errors
    /// A kind that is no plain name; a folder that cannot be written.
    pub fn begin(lake: &Path, kind: &str, month: Month, schema: SchemaRef) -> Result<Self> {
        plain(kind)?;
        fs::create_dir_all(lake).map_err(|e| file_error(lake, e))?;
        let temp = TempFile::new(lake);
        let file = File::create_new(&temp.path).map_err(|e| file_error(&temp.path, e))?;
        let properties = properties(&schema)?;
        let hashing = Hashing {
            file: BufWriter::new(file),
            hash: Sha256::new(),
        };
        let writer = ArrowWriter::try_new(hashing, schema, Some(properties))?;
        let file = LakeFile {
            kind: kind.to_owned(),
            month,
            county: String::new(),
            path: String::new(),
            rows: 0,
            sha256: String::new(),
        };
        Ok(Self {
            lake: lake.to_owned(),
            temp,
            writer,
            rows: 0,
            file,
        })
    }

    /// Appends rows.
    ///
    /// # Errors
    /// Columns other than the file's; a full disk.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<()> {
        self.writer.write(batch)?;
        self.rows = self
            .rows
            .saturating_add(u64::try_from(batch.num_rows()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Makes the file durable under its final name, in the folder of a county.
    ///
    /// # Errors
    /// A county that is no plain name; a full disk.
    pub fn finish_in(mut self, county: &str) -> Result<LakeFile> {
        plain(county)?.clone_into(&mut self.file.county);
        self.finish()
    }

    /// Makes the file durable under its final name.
    ///
    /// # Errors
    /// A full disk.
    pub fn finish(mut self) -> Result<LakeFile> {
        let Hashing { file, hash } = self.writer.into_inner()?;
        let temp = &self.temp.path;
        let file = file
            .into_inner()
            .map_err(|e| file_error(temp, e.into_error()))?;
        file.sync_all().map_err(|e| file_error(temp, e))?;
        drop(file);
        let LakeFile {
            kind,
            month,
            county,
            ..
        } = &self.file;
        let relative = format!("{kind}/{month}/{county}");
        make_durable(&self.lake, &relative)?;
        self.file.sha256 = hex(&hash.finalize());
        self.file.path = format!("{relative}/{}.parquet", self.file.sha256);
        self.file.rows = self.rows;
        let path = self.lake.join(&self.file.path);
        fs::rename(temp, &path).map_err(|e| file_error(&path, e))?;
        // The name itself is only durable once its folder is.
        sync(&self.lake.join(&relative))?;
        Ok(self.file)
    }
}

/// How files are written: ids follow one another and a quantity's denominators hardly differ, so of
/// both the differences are kept.
fn properties(schema: &SchemaRef) -> Result<WriterProperties> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_max_row_group_row_count(Some(ROWS_IN_GROUP))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_created_by("doudi".to_owned());
    for field in schema.fields() {
        let name = field.name();
        let even = name == "id" || name.ends_with("_id") || name.ends_with(".d");
        if even && *field.data_type() == DataType::Int64 {
            let column = ColumnPath::new(vec![name.clone()]);
            properties = properties
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
        }
    }
    Ok(properties.build())
}

/// Makes a folder inside the lake, and durable what had to be made of the way to it.
fn make_durable(lake: &Path, relative: &str) -> Result<()> {
    let folder = lake.join(relative);
    if folder.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(&folder).map_err(|e| file_error(&folder, e))?;
    for above in folder.ancestors().skip(1) {
        sync(above)?;
        if above == lake {
            break;
        }
    }
    Ok(())
}

fn sync(folder: &Path) -> Result<()> {
    File::open(folder)
        .and_then(|opened| opened.sync_all())
        .map_err(|e| file_error(folder, e))
}

/// All rows of the files, file by file.
///
/// # Errors
/// A file that is missing or no Parquet.
pub fn read(lake: &Path, files: &[LakeFile]) -> Result<Vec<RecordBatch>> {
    read_columns(lake, files, &[])
}

/// Some columns of the files, in the files' order of columns; all when none is named.
///
/// # Errors
/// A file that is missing or no Parquet.
pub fn read_columns(lake: &Path, files: &[LakeFile], columns: &[&str]) -> Result<Vec<RecordBatch>> {
    let mut batches = Vec::new();
    for file in files {
        for batch in stream(lake, file, columns)? {
            batches.push(batch?);
        }
    }
    Ok(batches)
}

/// The rows of one file, a batch at a time.
///
/// # Errors
/// A file that is missing or no Parquet.
pub fn stream(
    lake: &Path,
    file: &LakeFile,
    columns: &[&str],
) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
    let reader = reader(lake, &file.path, columns)?;
    Ok(reader.map(|batch| batch.map_err(EngineError::from)))
}

/// Some columns of one file as one batch, all when none is named. A file without rows is a batch without
/// rows: a department that has nothing to report may say so.
///
/// # Errors
/// A file that is missing or no Parquet.
pub fn read_whole(lake: &Path, path: &str, columns: &[&str]) -> Result<RecordBatch> {
    let reader = reader(lake, path, columns)?;
    let schema = reader.schema();
    let batches = reader.collect::<std::result::Result<Vec<_>, _>>()?;
    Ok(concat_batches(&schema, &batches)?)
}

fn reader(lake: &Path, path: &str, columns: &[&str]) -> Result<ParquetRecordBatchReader> {
    let path = lake.join(path);
    let opened = File::open(&path).map_err(|e| file_error(&path, e))?;
    let mut builder = ParquetRecordBatchReaderBuilder::try_new(opened)?;
    if !columns.is_empty() {
        let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
        builder = builder.with_projection(mask);
    }
    Ok(builder.with_batch_size(ROWS_IN_BATCH).build()?)
}

/// One row of a file, from 0, as a batch of one; none past the end. Only its group of rows is read, and of
/// that only the pages it stands on.
///
/// # Errors
/// A file that is missing or no Parquet.
pub fn read_row(lake: &Path, path: &str, place: usize) -> Result<Option<RecordBatch>> {
    let path = lake.join(path);
    let opened = File::open(&path).map_err(|e| file_error(&path, e))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(opened)?;
    let mut before = 0_usize;
    for (at, group) in builder.metadata().row_groups().iter().enumerate() {
        let rows = usize::try_from(group.num_rows()).unwrap_or(0);
        let within = place.saturating_sub(before);
        if within < rows {
            let wanted = vec![RowSelector::skip(within), RowSelector::select(1)];
            let reader = builder
                .with_row_groups(vec![at])
                .with_row_selection(RowSelection::from(wanted));
            return Ok(reader.build()?.next().transpose()?);
        }
        before = before.saturating_add(rows);
    }
    Ok(None)
}

/// The files as one table for a query.
///
/// # Errors
/// A file that is missing or no Parquet.
pub async fn table(session: &SessionContext, lake: &Path, files: &[LakeFile]) -> Result<DataFrame> {
    let paths: Vec<String> = files
        .iter()
        .map(|f| lake.join(&f.path).to_string_lossy().into_owned())
        .collect();
    Ok(session
        .read_parquet(paths, ParquetReadOptions::default())
        .await?)
}

/// Whether a file still is what its name says.
///
/// # Errors
/// [`EngineError::Altered`] when it is not.
pub fn verify(lake: &Path, file: &LakeFile) -> Result<()> {
    let path = lake.join(&file.path);
    let mut opened = File::open(&path).map_err(|e| file_error(&path, e))?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0_u8; 65_536];
    loop {
        let read = opened.read(&mut buffer).map_err(|e| file_error(&path, e))?;
        match buffer.get(..read) {
            None | Some([]) => break,
            Some(bytes) => hash.update(bytes),
        }
    }
    if hex(&hash.finalize()) == file.sha256 {
        Ok(())
    } else {
        Err(EngineError::Altered { path })
    }
}

/// Removes a file for good; one that is gone already is none.
///
/// # Errors
/// The disk.
pub fn remove(lake: &Path, path: &str) -> Result<()> {
    let file = lake.join(path);
    match fs::remove_file(&file) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(file_error(&file, error)),
    }
    // Only then is its name gone after a power cut as well.
    let Some(folder) = file.parent() else {
        return Ok(());
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|e| file_error(folder, e))
}

/// Files under their final names that are older than a moment, by their paths from the root.
///
/// # Errors
/// A folder that cannot be read.
pub fn older_than(lake: &Path, before: SystemTime) -> Result<Vec<String>> {
    let mut out = Vec::new();
    walk(lake, &mut |path| {
        let is_whole = path.extension().is_some_and(|e| e == "parquet");
        let changed = path.metadata().and_then(|about| about.modified());
        let is_old = changed.is_ok_and(|at| at < before);
        let own = path.strip_prefix(lake).ok().and_then(Path::to_str);
        out.extend(own.filter(|_| is_whole && is_old).map(str::to_owned));
        Ok(())
    })?;
    Ok(out)
}

/// Removes what a killed process left half written. Only the one writer may call it.
///
/// # Errors
/// A folder that cannot be read.
pub fn sweep(lake: &Path) -> Result<usize> {
    let mut removed = 0_usize;
    walk(lake, &mut |path| {
        if path.extension().is_some_and(|e| e == "part") {
            fs::remove_file(path).map_err(|e| file_error(path, e))?;
            removed = removed.saturating_add(1);
        }
        Ok(())
    })?;
    Ok(removed)
}

/// Every file below a folder; none where there is no such folder.
fn walk(folder: &Path, each: &mut impl FnMut(&Path) -> Result<()>) -> Result<()> {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(file_error(&folder, error)),
        };
        for entry in entries {
            let path = entry.map_err(|e| file_error(&folder, e))?.path();
            match path.is_dir() {
                true => folders.push(path),
                false => each(&path)?,
            }
        }
    }
    Ok(())
}

/// A file that goes away again unless it was renamed.
struct TempFile {
    path: PathBuf,
}

impl TempFile {
    fn new(folder: &Path) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        Self {
            path: folder.join(format!("{}-{number}.part", std::process::id())),
        }
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        // After the rename there is nothing left to remove; a leftover is swept at the next start.
        let _ = fs::remove_file(&self.path);
    }
}

/// Hashes what it writes.
struct Hashing {
    file: BufWriter<File>,
    hash: Sha256,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or(bytes));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Kinds and counties become folders: letters, digits, `-`, `_` and `.` inside.
fn plain(name: &str) -> Result<&str> {
    let fits = !name.is_empty()
        && !name.starts_with('.')
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if fits {
        Ok(name)
    } else {
        Err(EngineError::Column {
            column: name.to_owned(),
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn file_error(path: &Path, source: io::Error) -> EngineError {
    EngineError::File {
        path: path.to_owned(),
        source,
    }
}
