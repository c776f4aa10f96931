//! 备份和恢复: a copy of the whole office while clerks write, and an office made of a copy.
//!
//! The record is copied as of one moment; the files beside it are durable before the record names them and
//! are never rewritten, so those copied afterwards hold all that moment names. The keys are apart: whoever
//! has a backup without them has no name and no number. A copy is whole under its name or not there, and is
//! compared byte by byte with its list before anything of it is put in place.

mod noted;

pub use noted::{DUMP, Newest, confirm, newest, note};

use crate::audit::{HEADS_FILE, write_checkpoint};
use crate::clock::Clock;
use crate::error::{OfficeError, Result, at_path};
use crate::office::{Office, Setting};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};
use store::backup::{self, FILES, Facts};
use store::digest::hex;

/// The list of a backup: a first line with the digest of the rest, then what is in it.
const LIST: &str = "backup.list";
const HEADING: &str = "doudi-backup 1";
/// Folders of the data folder that go with the record. What is on its way in, and what was written for a
/// bank and can be written again, does not.
const FOLDERS: [&str; 3] = ["lake", "rulebooks", "photos"];
/// Files of the data folder that go with the record, besides the database.
const BESIDE: [&str; 1] = ["demo.json"];
/// Endings of files that are not whole.
const UNFINISHED: [&str; 2] = ["part", "new"];
/// How many differences are told one by one.
const TOLD_MAX: usize = 5;
const BLOCK: usize = 1 << 20;

/// What to back up, and where to.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The data folder.
    pub data: PathBuf,
    /// A folder that is not there or empty.
    pub target: PathBuf,
    /// Where the keys are copied to, apart from the backup; without it they are not copied.
    pub keys: Option<PathBuf>,
    /// The clock.
    pub clock: Clock,
}

/// A file of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Listed {
    path: String,
    bytes: u64,
    sha256: String,
}

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holds {
    /// When it was made.
    pub made: String,
    /// By which version of the program.
    pub program: String,
    /// The version of the record's shape.
    pub schema: i64,
    /// The end of the chain, as `doudi audit verify` prints it; empty while there is none.
    pub head: String,
    /// Rows by table.
    pub tables: BTreeMap<String, u64>,
    /// What the record keeps of its keys; tells nothing about them.
    keys: String,
    files: Vec<Listed>,
}

impl Holds {
    /// How many files.
    #[must_use]
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// How many bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// How many rows in all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.values().sum()
    }
}

/// An office made of a backup.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What the backup holds; the office holds the same.
    pub holds: Holds,
    /// Entries of its chain, looked at one by one after it was opened.
    pub entries: u64,
    /// What is wrong with the chain; empty when nothing.
    pub breaks: Vec<String>,
}

/// Called with what is done, how far, and of how much.
pub type Tell<'a> = &'a (dyn Fn(&str, u64, u64) + Send + Sync);

/// Backs up a data folder, which others may have open. It changes nothing in it.
///
/// # Errors
/// No SQLite record there; the target is not empty; a file the record names is missing or changed.
pub fn back_up(ask: &Ask, tell: Tell<'_>) -> Result<Holds> {
    let making = beside(&ask.target, "making")?;
    if let Some(keys) = &ask.keys {
        must_lie_apart(keys, &ask.target)?;
    }
    make_folder(&making)?;
    let done = fill(ask, &making, tell).and_then(|holds| {
        put_in_place(&making, &ask.target)?;
        Ok(holds)
    });
    if done.is_err() {
        // Made by this call a moment ago: nobody else has anything in it.
        drop(std::fs::remove_dir_all(&making));
    }
    done
}

fn fill(ask: &Ask, making: &Path, tell: Tell<'_>) -> Result<Holds> {
    let [database, key_file] = FILES;
    let mut files = Vec::new();
    // The heads first: none of them may lie behind the end of the chain that is copied.
    files.extend(copied_if_there(&ask.data, making, HEADS_FILE)?);
    let target = making.join(database);
    backup::copy(&ask.data, &target, &|done, all| tell("记录", done, all))?;
    let facts = backup::examine(&target)?;
    must_be_sound(&facts)?;
    let (bytes, sha256) = digest_of(&target)?;
    files.push(Listed {
        path: database.to_owned(),
        bytes,
        sha256,
    });
    for name in BESIDE {
        files.extend(copied_if_there(&ask.data, making, name)?);
    }
    let mut paths = Vec::new();
    for folder in FOLDERS {
        list(&ask.data, Path::new(folder), &mut paths)?;
    }
    let all = u64::try_from(paths.len()).unwrap_or(u64::MAX);
    for (at, path) in (0..).zip(&paths) {
        tell("文件", at, all);
        // What is taken back while we copy goes away; whether it is missed is asked below.
        files.extend(copied_if_there(&ask.data, making, path)?);
    }
    must_hold_all(&facts, &files)?;
    if let Some(keys) = &ask.keys {
        let own = ask.data.join(key_file);
        must_fit(&own, &facts.keys)?;
        copy_keys(&own, keys)?;
    }
    let holds = Holds {
        made: ask.clock.minute(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        schema: facts.schema,
        head: facts
            .head
            .as_ref()
            .map_or_else(String::new, write_checkpoint),
        tables: facts.tables,
        keys: facts.keys,
        files,
    };
    write_list(making, &holds)?;
    Ok(holds)
}

/// Makes an office of a backup, in a folder that is not there or empty, and looks at its whole chain.
///
/// # Errors
/// It is no backup, or not whole; the keys are of another record; the folder is not empty. Then nothing is
/// there.
pub async fn restore(
    backup: &Path,
    keys: &Path,
    setting: Setting,
    tell: Tell<'_>,
) -> Result<Restored> {
    let making = beside(&setting.folder, "restoring")?;
    let holds = read_list(backup)?;
    if holds.schema > store::newest_schema() {
        return Err(refused(format!(
            "这份备份是用较新的程序({})做的,结构第 {} 版,本程序只认识到第 {} 版;请用较新的程序恢复",
            holds.program,
            holds.schema,
            store::newest_schema()
        )));
    }
    must_fit(keys, &holds.keys)?;
    make_folder(&making)?;
    let placed = place(backup, keys, &making, (&holds, tell))
        .and_then(|()| put_in_place(&making, &setting.folder));
    if placed.is_err() {
        drop(std::fs::remove_dir_all(&making));
    }
    placed?;
    tell("审计链", 0, 1);
    let office = Office::open(setting).await?;
    let verified = crate::audit::verify_against(&office, &[], None).await;
    office.close().await;
    let verified = verified?;
    let breaks = verified.verdict.breaks.iter();
    let mut breaks: Vec<String> = breaks
        .map(|found| format!("第 {} 条:{}", found.seq, found.kind.name()))
        .collect();
    let lines = verified.heads.wrong_lines.iter();
    breaks.extend(lines.map(|line| format!("存证第 {line} 行不是用本库密钥签记的链头")));
    breaks.extend(verified.tables.findings.iter().map(crate::audit::said));
    Ok(Restored {
        holds,
        entries: verified.verdict.entries,
        breaks,
    })
}

fn place(
    backup: &Path,
    keys: &Path,
    making: &Path,
    (holds, tell): (&Holds, Tell<'_>),
) -> Result<()> {
    let [database, key_file] = FILES;
    let mut wrong = Vec::new();
    let all = u64::try_from(holds.files.len()).unwrap_or(u64::MAX);
    for (at, listed) in (0..).zip(&holds.files) {
        tell("文件", at, all);
        match copied_if_there(backup, making, &listed.path)? {
            None => wrong.push(format!("缺 {}", listed.path)),
            Some(found) if found.bytes != listed.bytes => wrong.push(format!(
                "{} 应有 {} 字节,只有 {} 字节",
                listed.path, listed.bytes, found.bytes
            )),
            Some(found) if found != *listed => {
                wrong.push(format!("{} 的内容和清单不同", listed.path));
            }
            Some(_) => {}
        }
    }
    if !wrong.is_empty() {
        let more = wrong.len().saturating_sub(TOLD_MAX);
        let more = match more {
            0 => String::new(),
            more => format!(";另有 {more} 处"),
        };
        wrong.truncate(TOLD_MAX);
        return Err(refused(format!(
            "备份 `{}` 坏了:{}{more}。什么也没有恢复,请换一份备份",
            backup.display(),
            wrong.join(";")
        )));
    }
    let facts = backup::examine(&making.join(database))?;
    must_be_sound(&facts)?;
    must_hold_all(&facts, &holds.files)?;
    let head = facts
        .head
        .as_ref()
        .map_or_else(String::new, write_checkpoint);
    if facts.tables != holds.tables || head != holds.head || facts.schema != holds.schema {
        return Err(refused(
            "备份里的数据库和清单说的不是一回事(行数、链头或者结构不同);什么也没有恢复,请换一份备份"
                .to_owned(),
        ));
    }
    copy_keys(keys, &making.join(key_file))
}

fn refused(said: String) -> OfficeError {
    OfficeError::FileRefused(said)
}

fn must_be_sound(facts: &Facts) -> Result<()> {
    match facts.damage.first() {
        None => Ok(()),
        Some(first) => Err(refused(format!(
            "数据库有 {} 处损坏,第一处:{first};请先运行 doudi doctor",
            facts.damage.len()
        ))),
    }
}

/// Every file the record names is in the copy, as the record knows it.
fn must_hold_all(facts: &Facts, files: &[Listed]) -> Result<()> {
    let held: BTreeMap<&str, &str> = files
        .iter()
        .map(|file| (file.path.as_str(), file.sha256.as_str()))
        .collect();
    let wrong = facts.needed.iter().filter_map(|needed| {
        match (held.get(needed.path.as_str()), needed.digest) {
            (None, _) => Some(format!("缺 {}", needed.path)),
            (Some(found), Some(known)) if **found != hex(&known) => {
                Some(format!("{} 被改动过", needed.path))
            }
            (Some(_), _) => None,
        }
    });
    let wrong: Vec<String> = wrong.collect();
    match wrong.first() {
        None => Ok(()),
        Some(first) => Err(refused(format!(
            "记录里登记的文件有 {} 个对不上,第一个:{first};请运行 doudi doctor 查看,再做一次",
            wrong.len()
        ))),
    }
}

/// The folder something is made in before it gets its name; the name must be free.
fn beside(target: &Path, ending: &str) -> Result<PathBuf> {
    let free = match std::fs::read_dir(target) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => return Err(at_path(target)(error)),
    };
    if !free {
        return Err(refused(format!(
            "`{}` 不是空的;请换一个空文件夹或者还没有的文件夹",
            target.display()
        )));
    }
    let mut name = target.as_os_str().to_owned();
    name.push(format!(".{ending}"));
    let making = PathBuf::from(name);
    if making.exists() {
        return Err(refused(format!(
            "`{}` 是上一次没有做完留下的,里面不是完整的东西;请删掉它,再做一次",
            making.display()
        )));
    }
    Ok(making)
}

fn make_folder(path: &Path) -> Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(path);
    made.map_err(at_path(path))
}

/// Gives what was made its name, durably.
fn put_in_place(making: &Path, target: &Path) -> Result<()> {
    if target.is_dir() {
        std::fs::remove_dir(target).map_err(at_path(target))?;
    }
    std::fs::rename(making, target).map_err(at_path(target))?;
    let parent = target
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    let synced = File::open(parent).and_then(|folder| folder.sync_all());
    synced.map_err(at_path(parent))
}

fn must_lie_apart(keys: &Path, target: &Path) -> Result<()> {
    let full = |path: &Path| std::path::absolute(path).map_err(at_path(path));
    if full(keys)?.starts_with(full(target)?) {
        return Err(refused(format!(
            "密钥文件不能放进备份 `{}` 里:有了两样,谁拿到都看得见姓名和证件号;请另指一处,分开保管",
            target.display()
        )));
    }
    if keys.exists() {
        return Err(refused(format!(
            "`{}` 已经有了;密钥不覆盖,请换一个文件名",
            keys.display()
        )));
    }
    Ok(())
}

fn must_fit(key_file: &Path, known: &str) -> Result<()> {
    match backup::fingerprint(key_file)? == known {
        true => Ok(()),
        false => Err(refused(format!(
            "密钥文件 `{}` 不是这份记录的;请取回做备份时的密钥文件",
            key_file.display()
        ))),
    }
}

fn copy_keys(from: &Path, to: &Path) -> Result<()> {
    let bytes = std::fs::read(from).map_err(at_path(from))?;
    write_new(to, &bytes)
}

fn write_new(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = new_file(path)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    written.map_err(at_path(path))
}

fn new_file(path: &Path) -> Result<File> {
    let mut open = OpenOptions::new();
    let opened = open.write(true).create_new(true).mode(0o600).open(path);
    opened.map_err(at_path(path))
}

/// The whole files under a folder, by their paths from the root, in order.
fn list(root: &Path, folder: &Path, out: &mut Vec<String>) -> Result<()> {
    let whole = root.join(folder);
    let entries = match std::fs::read_dir(&whole) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(at_path(&whole)(error)),
    };
    let mut found = BTreeSet::new();
    for entry in entries {
        found.insert(entry.map_err(at_path(&whole))?.file_name());
    }
    for name in found {
        let path = folder.join(&name);
        if root.join(&path).is_dir() {
            list(root, &path, out)?;
            continue;
        }
        let ending = path.extension().and_then(|ending| ending.to_str());
        if !ending.is_some_and(|ending| UNFINISHED.contains(&ending)) {
            out.extend(path.to_str().map(str::to_owned));
        }
    }
    Ok(())
}

/// Copies a file from one root to another and tells what was copied; none when it is not there.
fn copied_if_there(from: &Path, to: &Path, path: &str) -> Result<Option<Listed>> {
    let plain = Path::new(path)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    if !plain {
        return Err(refused(format!(
            "备份清单里的 `{path}` 不是文件名;清单被改动过"
        )));
    }
    let source = from.join(path);
    let mut reading = match File::open(&source) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(at_path(&source)(error)),
    };
    let target = to.join(path);
    if let Some(parent) = target.parent() {
        make_folder(parent)?;
    }
    let mut writing = new_file(&target)?;
    let (bytes, sha256) = pass(&mut reading, &mut writing).map_err(at_path(&target))?;
    writing.sync_all().map_err(at_path(&target))?;
    Ok(Some(Listed {
        path: path.to_owned(),
        bytes,
        sha256,
    }))
}

fn digest_of(path: &Path) -> Result<(u64, String)> {
    let mut file = File::open(path).map_err(at_path(path))?;
    pass(&mut file, &mut std::io::sink()).map_err(at_path(path))
}

/// Passes bytes on; how many there were, and their digest.
fn pass(from: &mut impl Read, to: &mut impl Write) -> std::io::Result<(u64, String)> {
    let mut block = vec![0_u8; BLOCK];
    let mut digest = Sha256::new();
    let mut bytes = 0_u64;
    loop {
        let read = from.read(&mut block)?;
        let Some(part) = block.get(..read).filter(|part| !part.is_empty()) else {
            return Ok((bytes, hex(&digest.finalize())));
        };
        digest.update(part);
        to.write_all(part)?;
        bytes = bytes.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
    }
}

fn write_list(folder: &Path, holds: &Holds) -> Result<()> {
    let body = serde_json::to_string_pretty(holds)
        .map_err(|error| OfficeError::Other(format!("备份清单没有写成:{error}")))?;
    let body = format!("{body}\n");
    let digest = hex(&Sha256::digest(body.as_bytes()));
    write_new(
        &folder.join(LIST),
        format!("{HEADING} {digest}\n{body}").as_bytes(),
    )
}

fn read_list(folder: &Path) -> Result<Holds> {
    let path = folder.join(LIST);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(refused(format!(
                "`{}` 不是 doudi 的备份:里面没有 {LIST};请指明 doudi backup 做出来的文件夹",
                folder.display()
            )));
        }
        Err(error) => return Err(at_path(&path)(error)),
    };
    let told = text.split_once('\n').and_then(|(head, body)| {
        let digest = head.strip_prefix(HEADING)?.trim();
        Some((digest, body))
    });
    let Some((digest, body)) = told else {
        let said = format!(
            "`{}` 的第一行不是备份清单的开头;请换一份备份",
            path.display()
        );
        return Err(refused(said));
    };
    let same = digest == hex(&Sha256::digest(body.as_bytes()));
    let read = serde_json::from_str(body).ok().filter(|_| same);
    read.ok_or_else(|| {
        refused(format!(
            "`{}` 被改动过或者坏了(摘要不符);请换一份备份",
            path.display()
        ))
    })
}
