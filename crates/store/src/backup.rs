//! 备份: a whole copy of an SQLite record while others write to it, and what a copy says of itself.
//!
//! The copy is one moment of the record: a read transaction is held from its first page to its last, so that
//! writers, of this program or another, neither wait for it nor get into it. A PostgreSQL record is copied
//! with PostgreSQL's own means.

use crate::audit::Checkpoint;
use crate::error::{Result, StoreError};
use crate::keys::Keys;
use crate::open::{DATABASE_FILE, KEY_FILE};
use crate::sql::Sql;
use crate::sqlite;
use crate::value::count;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, MAIN_DB};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

/// Pages between two words about how far it is.
const PAGES_A_STEP: i32 = 2_000;

const VERSION: Sql = Sql("select coalesce(max(version), 0) from schema_version");
const FINGERPRINT: Sql = Sql("select value from meta where name = 'key-fingerprint'");
const HEAD: Sql = Sql("select seq, digest from audit_head where head = 1");
const TABLES: Sql = Sql("select name from sqlite_schema
    where type = 'table' and name not like 'sqlite\\_%' escape '\\' order by name");
const LAKE: Sql = Sql("select path, digest from lake_manifest where state = 'live' order by path");
const TEXTS: Sql = Sql("select distinct digest from rulebook_text order by digest");
const PHOTOS: Sql = Sql("select mark from photo_files where length(file_key) > 0 order by mark");

/// The names of the record's own files in a data folder: the database, the keys.
pub const FILES: [&str; 2] = [DATABASE_FILE, KEY_FILE];

/// A file beside the record without which it is not whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// Where it lies: a part of the data folder and the path in it, `lake/…`, `rulebooks/…`, `photos/…`.
    pub path: String,
    /// SHA-256 of its bytes, where the record keeps it.
    pub digest: Option<[u8; 32]>,
}

/// What a copy of a record says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The newest version of its shape.
    pub schema: i64,
    /// What it keeps of its keys; tells nothing about them.
    pub keys: String,
    /// The end of the chain; none while nothing was recorded.
    pub head: Option<Checkpoint>,
    /// Rows by table.
    pub tables: BTreeMap<String, u64>,
    /// The files it names.
    pub needed: Vec<Needed>,
    /// What SQLite finds wrong with it; empty when nothing.
    pub damage: Vec<String>,
}

/// Copies the record of a data folder into a new file, on the disk when this answers. `tell` hears how many
/// pages are copied, and of how many.
///
/// # Errors
/// No SQLite record in the folder; the copy cannot be written.
pub fn copy(folder: &Path, target: &Path, tell: &dyn Fn(u64, u64)) -> Result<()> {
    let path = folder.join(DATABASE_FILE);
    if !path.is_file() {
        return Err(StoreError::NoRecord {
            folder: folder.display().to_string(),
        });
    }
    let source = sqlite::open_reader(&path)?;
    let mut copy = Connection::open(target)?;
    all_pages(&source, &mut copy, tell)?;
    // One file without a log beside it can be carried away whole.
    copy.pragma_update(None, "journal_mode", "delete")?;
    drop(copy);
    let written = File::open(target).and_then(|file| file.sync_all());
    written.map_err(|source| StoreError::File {
        path: target.display().to_string(),
        source,
    })
}

/// Copies every page as it was at the first one.
pub(crate) fn all_pages(
    source: &Connection,
    copy: &mut Connection,
    tell: &dyn Fn(u64, u64),
) -> Result<()> {
    source.execute_batch("begin")?;
    let read = source.query_row("select count(*) from sqlite_schema", [], |row| {
        row.get::<_, i64>(0)
    });
    let copied = read.map_err(StoreError::from).and_then(|_| {
        let pages = Backup::new_with_names(source, MAIN_DB, copy, MAIN_DB)?;
        loop {
            let step = pages.step(PAGES_A_STEP)?;
            let progress = pages.progress();
            let all = u64::try_from(progress.pagecount).unwrap_or(0);
            let left = u64::try_from(progress.remaining).unwrap_or(0);
            tell(all.saturating_sub(left), all);
            match step {
                StepResult::Done => return Ok(()),
                StepResult::More => {}
                StepResult::Busy | StepResult::Locked => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                // SQLite's own list may grow; a word we do not know copies nothing for certain.
                _ => return Err(StoreError::Busy),
            }
        }
    });
    source.execute_batch("rollback")?;
    copied
}

/// What a copy says of itself; it is not opened for writing and nothing is brought up to date.
///
/// # Errors
/// It is no record, or cannot be read.
pub fn examine(file: &Path) -> Result<Facts> {
    let connection = sqlite::open_reader(file)?;
    let rows = |sql: Sql| sqlite::rows(&connection, sql.0, &[]);
    let damage = sqlite::examine(&connection)?;
    let first = |sql: Sql| rows(sql).map(|rows| rows.into_iter().next());
    let schema = first(VERSION)?.map_or(Ok(0), |row| row.int(0))?;
    let keys = first(FINGERPRINT)?.map_or(Ok(String::new()), |row| row.text(0))?;
    let head = first(HEAD)?.map(|row| {
        Ok::<_, StoreError>(Checkpoint {
            seq: row.int(0)?,
            digest: row.bytes(1)?,
        })
    });
    let mut tables = BTreeMap::new();
    for row in rows(TABLES)? {
        let name = row.text(0)?;
        let quoted = name.replace('"', "\"\"");
        let found =
            connection.query_row(&format!("select count(*) from \"{quoted}\""), [], |row| {
                row.get::<_, i64>(0)
            })?;
        tables.insert(name, count(found));
    }
    let mut needed = Vec::new();
    let has = |name: &str| tables.contains_key(name);
    let lake = if has("lake_manifest") {
        rows(LAKE)?
    } else {
        Vec::new()
    };
    for row in lake {
        needed.push(Needed {
            path: format!("lake/{}", row.text(0)?),
            digest: Some(row.array(1)?),
        });
    }
    let texts = if has("rulebook_text") {
        rows(TEXTS)?
    } else {
        Vec::new()
    };
    for row in texts {
        let digest = row.array(0)?;
        needed.push(Needed {
            path: format!("rulebooks/{}", crate::digest::hex(&digest)),
            digest: Some(digest),
        });
    }
    let photos = if has("photo_files") {
        rows(PHOTOS)?
    } else {
        Vec::new()
    };
    for row in photos {
        let name = crate::digest::hex(&row.bytes(0)?);
        let shelf = name.get(..2).unwrap_or_default();
        needed.push(Needed {
            path: format!("photos/{shelf}/{name}"),
            digest: None,
        });
    }
    Ok(Facts {
        schema,
        keys,
        head: head.transpose()?,
        tables,
        needed,
        damage,
    })
}

/// What a record keeps of the keys in a file, to tell whether they are its own.
///
/// # Errors
/// The file cannot be read, is open to others or is no key file.
pub fn fingerprint(key_file: &Path) -> Result<String> {
    Ok(Keys::load(key_file)?.fingerprint())
}
