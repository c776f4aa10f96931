//! Where the results of a run go when nobody wants them whole: to files, to counts, to warnings.
//!
//! A taker sees the rows of one table, some at a time and in their order; it changes nothing.

use crate::compile::Compiled;
use crate::error::Result;
use crate::frames::Frames;
use crate::judged::JudgedTable;
use crate::lake::{LakeFile, LakeWriter};
use domain::Month;
use rules::plan::Home;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

/// Takes the rows of one result table.
pub trait Sink: Send {
    /// Some rows, those after the last ones taken.
    ///
    /// # Errors
    /// What the taker cannot do, a full disk.
    fn take(&mut self, rows: &JudgedTable) -> Result<()>;

    /// There are no more.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    fn end(self: Box<Self>) -> Result<()>;
}

/// Opens a taker for a table: of which file, and whom its rows are about.
pub type Open<'s> = &'s dyn Fn(&str, Home) -> Result<Box<dyn Sink + 's>>;

/// Judges everybody and writes every result table, with the quantities its reasons are made of, as
/// a lake file of kind `judged-<file>`; those of the rows of a list as `judged-<file>-rows`.
///
/// # Errors
/// As [`Compiled::run`], or a full disk.
pub fn to_lake(
    compiled: &Compiled,
    frames: &Frames,
    threads: NonZeroUsize,
    lake: &Path,
    (month, county): (Month, &str),
) -> Result<Vec<LakeFile>> {
    let files = Mutex::new(Vec::new());
    let open = |file: &str, home: Home| -> Result<Box<dyn Sink + '_>> {
        let kind = match home {
            Home::Entity(_) => format!("judged-{file}"),
            Home::Rows(_) => format!("judged-{file}-rows"),
        };
        Ok(Box::new(ToLake {
            lake,
            kind,
            month,
            county,
            writer: None,
            files: &files,
        }))
    };
    compiled.run_into(frames, threads, &open)?;
    let mut files = files.into_inner().unwrap_or_else(PoisonError::into_inner);
    files.sort_unstable();
    Ok(files)
}

/// A lake file under way; its columns are known with the first rows.
struct ToLake<'s> {
    lake: &'s Path,
    kind: String,
    month: Month,
    county: &'s str,
    writer: Option<LakeWriter>,
    files: &'s Mutex<Vec<LakeFile>>,
}

impl Sink for ToLake<'_> {
    fn take(&mut self, rows: &JudgedTable) -> Result<()> {
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => {
                let schema = rows.batch.schema();
                let (kind, county) = (&self.kind, self.county);
                let file = LakeWriter::create(self.lake, kind, self.month, county, schema)?;
                none.insert(file)
            }
        };
        writer.write(&rows.batch)
    }

    fn end(self: Box<Self>) -> Result<()> {
        if let Some(writer) = self.writer {
            let file = writer.finish()?;
            let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
            files.push(file);
        }
        Ok(())
    }
}
