//! 备份记录: that a copy was made stands in the chain, behind the copy itself; how old the newest is, everybody who
//! sees how the machine does can see. A PostgreSQL record is copied with PostgreSQL's own tools: what was copied is
//! looked at here and written down as whoever did it says so.

use super::{Holds, digest_of, refused};
use crate::audit::HEADS_FILE;
use crate::error::{Result, at_path};
use crate::office::Office;
use jiff::Timestamp;
use std::io::Read;
use std::path::Path;
use store::audit::{About, list};
use store::{Act, Reads};

/// What a copy is in the chain.
const OBJECT: (&str, &str) = ("backup", "record");
/// What a copy by `pg_dump` is called.
pub const DUMP: &str = "doudi.dump";
/// How a custom-format dump begins.
const MAGIC: &[u8; 5] = b"PGDMP";
const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// The newest copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newest {
    /// When it was written down: date and minute in Beijing.
    pub at: String,
    /// So many seconds ago.
    pub seconds: i64,
}

impl Newest {
    /// How long ago, in words.
    #[must_use]
    pub fn ago(&self) -> String {
        match self.seconds {
            under if under < HOUR => "一小时以内".to_owned(),
            under if under < 2 * DAY => format!("{} 小时前", under.div_euclid(HOUR)),
            more => format!("{} 天前", more.div_euclid(DAY)),
        }
    }
}

/// Writes down that a copy was made of this office.
///
/// # Errors
/// The record cannot be written.
pub async fn note(office: &Office, holds: &Holds) -> Result<()> {
    let told = format!(
        "{{\"files\":{},\"bytes\":{},\"rows\":{},\"schema\":{}}}",
        holds.files(),
        holds.bytes(),
        holds.rows(),
        holds.schema
    );
    let act = Act::new(&office.clock.at(), "system", "backup.make")
        .on(OBJECT.0, OBJECT.1)
        .because("整个办公室备份")
        .under(holds.head.clone())
        .carrying(told);
    office.store.record_alone(act).await?;
    Ok(())
}

/// Writes down that the operator copied a PostgreSQL record with `pg_dump`; answers the size of the dump and its
/// SHA-256, to be kept with it.
///
/// # Errors
/// There is no whole-looking dump in the folder, or the heads of the chain do not lie beside it.
pub async fn confirm(office: &Office, target: &Path) -> Result<(u64, String)> {
    let dump = target.join(DUMP);
    let missing = |what: &str| {
        refused(format!(
            "{} 里{what};没有登记。请照 doudi backup 写出来的步骤做完再登记",
            target.display()
        ))
    };
    if !dump.is_file() {
        return Err(missing(&format!("没有 {DUMP}")));
    }
    let mut begin = [0_u8; 5];
    let mut file = std::fs::File::open(&dump).map_err(at_path(&dump))?;
    let read = file.read(&mut begin).map_err(at_path(&dump))?;
    if read < MAGIC.len() || &begin != MAGIC {
        return Err(missing(&format!(
            "的 {DUMP} 不是 pg_dump --format=custom 写的"
        )));
    }
    if !target.join(HEADS_FILE).is_file() {
        return Err(missing(&format!("没有审计链存证 {HEADS_FILE}")));
    }
    let (bytes, sha256) = digest_of(&dump)?;
    let act = Act::new(&office.clock.at(), "system", "backup.confirm")
        .on(OBJECT.0, OBJECT.1)
        .because("管理员确认已用 pg_dump 备份")
        .under(format!("sha256:{sha256}"))
        .carrying(format!("{{\"bytes\":{bytes}}}"));
    office.store.record_alone(act).await?;
    Ok((bytes, sha256))
}

/// The newest copy that was written down; none where none was.
///
/// # Errors
/// The record cannot be read.
pub async fn newest(office: &Office, on: &impl Reads) -> Result<Option<Newest>> {
    let about = About::Object {
        kind: OBJECT.0.to_owned(),
        id: OBJECT.1.to_owned(),
    };
    let found = list(on, &about, i64::MAX, 1).await?;
    let Some(entry) = found.first() else {
        return Ok(None);
    };
    let then: Option<Timestamp> = entry.at.as_str().parse().ok();
    let now = office.clock.now().as_second();
    let seconds = then.map_or(0, |then| now.saturating_sub(then.as_second()));
    Ok(Some(Newest {
        at: crate::desk::minute(&entry.at),
        seconds,
    }))
}
