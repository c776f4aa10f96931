//! Everything the rules say of a month, in files: each table with every quantity, so that the reasons
//! are there. It is handed on while people are judged and never held for everybody.

use super::need::Need;
use crate::error::Result;
use crate::office::Office;
use domain::Month;
use engine::LakeFile;
use std::num::NonZeroUsize;
use std::path::Path;

/// What was written.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// Persons judged.
    pub persons: usize,
    /// Households judged.
    pub households: usize,
    /// Columns of all tables.
    pub columns: usize,
    /// The files, each a table of one rule file.
    pub files: Vec<LakeFile>,
}

/// Judges everybody by every rule of the month and writes all results under a folder. Nothing of it
/// is entered in the record, nobody is warned of.
///
/// # Errors
/// No register for the month; a full disk.
pub async fn write(office: &Office, month: Month, county: &str, folder: &Path) -> Result<Written> {
    let (folder, county) = (folder.to_owned(), county.to_owned());
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let judge = move |judging: &engine::Compiled, frames: &engine::Frames| {
        let of = (month, county.as_str());
        let files = engine::sink::to_lake(judging, frames, threads, &folder, of)?;
        Ok((files, judging.column_count()))
    };
    let program = office.program_of(month);
    let (data, (files, columns)) =
        super::judged_by(office, program, month, (Need::Results, judge)).await?;
    let count = |name: &str| {
        let frame = data.program.dict.entity(name);
        let frame = frame.and_then(|e| data.frames.entities.get(&e));
        frame.map_or(0, engine::EntityFrame::len)
    };
    Ok(Written {
        persons: count("个人"),
        households: count("家庭"),
        columns,
        files,
    })
}
