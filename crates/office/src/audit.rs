//! 审计: the chain of all acts, computed again and compared with its heads kept outside the database.
//!
//! A chain whose end is cut off together with its head looks whole from the inside. So the newest
//! head is written to a file of the data folder after every import, every month and once a day:
//! appended, never rewritten, on the disk before anybody is told. Who can write that file too can
//! cut both; a copy of it kept elsewhere finds even that.

use crate::error::{OfficeError, Result, at_path};
use crate::office::Office;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use store::audit::{Checkpoint, Verdict};
use store::digest::hex;
use store::seal;
use store::{Act, At};

/// The file of heads in the data folder: a line is `412:9f0c… moment mark`.
pub const HEADS_FILE: &str = "audit-heads.txt";

/// 存证: a head that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Where the chain ended.
    pub place: Checkpoint,
    /// When it was kept; empty for one copied by hand.
    pub at: String,
}

/// Heads kept in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heads {
    /// In the order written.
    pub kept: Vec<Kept>,
    /// Lines that are no head, or whose mark was not made with the keys of this record.
    pub wrong_lines: Vec<usize>,
}

/// The chain, and what was kept of it outside.
#[derive(Clone, Debug)]
pub struct Verified {
    /// What the chain says of itself and against all that was kept.
    pub verdict: Verdict,
    /// The heads of the data folder and of the copies given.
    pub heads: Heads,
    /// Every row of every protected table.
    pub tables: seal::Verdict,
}

impl Verified {
    /// True when nothing was found, in the chain, in the kept heads or in the tables.
    pub fn is_whole(&self) -> bool {
        self.verdict.is_whole() && self.heads.wrong_lines.is_empty() && self.tables.is_whole()
    }

    /// When the newest head was kept that lies behind the end of the chain.
    pub fn cut_off_after(&self) -> Option<&str> {
        let (_, last) = self.verdict.cut_off?;
        let kept = self.heads.kept.iter().find(|k| k.place.seq == last)?;
        Some(kept.at.as_str()).filter(|at| !at.is_empty())
    }
}

/// Computes the whole chain again and compares it with the heads kept in the data folder.
///
/// # Errors
/// The record or the file cannot be read; what is wrong with the chain is in the answer.
pub async fn verify(office: &Office) -> Result<Verdict> {
    Ok(chain(office, &[], None).await?.0)
}

/// The same, also with places written down elsewhere and with a copy of the file of heads; and every row of
/// the protected tables against its seal.
///
/// # Errors
/// The record or a file cannot be read; what is wrong with the chain is in the answer.
pub async fn verify_against(
    office: &Office,
    places: &[Checkpoint],
    copy: Option<&Path>,
) -> Result<Verified> {
    let (verdict, heads) = chain(office, places, copy).await?;
    Ok(Verified {
        verdict,
        heads,
        tables: rows(office).await?,
    })
}

/// 逐行核对: every row of the protected tables against its seal, and the tables against the chain's head.
///
/// # Errors
/// The record cannot be read; what is wrong with a row is in the answer.
pub async fn rows(office: &Office) -> Result<seal::Verdict> {
    Ok(seal::check(&office.store).await?)
}

/// Writes into the chain that all was found whole: what is found wrong later came after this entry.
///
/// # Errors
/// The record.
pub async fn note(office: &Office, actor: &str) -> Result<()> {
    let act = Act::new(&office.clock.at(), actor, seal::NOTED)
        .on("schema", store::newest_schema())
        .because("审计链和各表逐行核对,没有不符");
    Ok(office.store.record_alone(act).await?)
}

/// What is wrong with a row or a table, in one line without any value of it.
pub fn said(found: &seal::Finding) -> String {
    let table = match named(&found.table) {
        "" => format!("表 {}", found.table),
        name => format!("{name}(表 {})", found.table),
    };
    let row = match (found.key.as_str(), found.rows) {
        ("", 0) => String::new(),
        ("", rows) => format!(" {rows} 行"),
        (key, _) => format!(" 编号 {key}"),
    };
    let written = found.written.map_or_else(String::new, |seq| {
        format!(";程序最后写这张表是审计链第 {seq} 条")
    });
    format!("{table}{row}:{}{written}", found.broken.name())
}

/// From which entry on something can have happened, in one line.
pub fn since(tables: &seal::Verdict) -> String {
    match &tables.since {
        Some(place) => format!(
            "上一次记下各表无误(或开始逐行加印)在审计链第 {} 条 {},改动在这之后",
            place.seq,
            crate::desk::minute_of(&place.at)
        ),
        None => "建库时起就逐行加印,还没有记过一次核对无误".to_owned(),
    }
}

/// What officials call the tables that decide who gets what.
fn named(table: &str) -> &'static str {
    match table {
        "person" => "人员",
        "person_change" => "人员变更",
        "identity" => "身份信息",
        "token" => "身份索引",
        "household" => "家庭",
        "membership" => "家庭成员",
        "warning" => "预警",
        "task" => "任务",
        "office_user" => "账号",
        "role_grant" => "角色",
        "cases" => "办件",
        "case_events" => "办件经过",
        "decisions" => "决定",
        "entitlement" => "待遇",
        "entitlement_amount" => "待遇金额",
        "month_due" => "以前月份应发",
        "arrears" => "补以前月份",
        "payment_batch" => "发放批次",
        "payment_line" => "发放明细",
        "bank_account" => "银行账户",
        "consents" => "核对授权",
        "feed_batch" => "来文批次",
        "seal_head" => "各表总印",
        _ => "",
    }
}

async fn chain(
    office: &Office,
    places: &[Checkpoint],
    copy: Option<&Path>,
) -> Result<(Verdict, Heads)> {
    let mut heads = heads(office, &file(office))?;
    if let Some(copy) = copy {
        let also = self::heads(office, copy)?;
        if also.kept.is_empty() {
            return Err(OfficeError::FileRefused(format!(
                "`{}` 里没有一个链头",
                copy.display()
            )));
        }
        heads.kept.extend(also.kept);
        heads.wrong_lines.extend(also.wrong_lines);
    }
    heads.kept.extend(places.iter().map(|place| Kept {
        place: place.clone(),
        at: String::new(),
    }));
    // Two heads of one place can differ only where history was written twice: each is compared.
    let mut first: Vec<Checkpoint> = Vec::new();
    let mut again: Vec<Checkpoint> = Vec::new();
    for kept in &heads.kept {
        let same_seq = first.iter().find(|p| p.seq == kept.place.seq);
        match same_seq {
            None => first.push(kept.place.clone()),
            Some(known) if *known != kept.place => again.push(kept.place.clone()),
            Some(_) => {}
        }
    }
    let mut verdict = store::audit::verify(&office.store, &first).await?;
    if !again.is_empty() {
        let other = store::audit::verify(&office.store, &again).await?;
        verdict.breaks.extend(other.breaks);
        verdict.breaks.sort_unstable();
        verdict.breaks.dedup();
        verdict.head = verdict.head.filter(|_| verdict.breaks.is_empty());
        verdict.cut_off = verdict.cut_off.max(other.cut_off);
    }
    Ok((verdict, heads))
}

/// Keeps the newest head outside the database; nothing when it is the last one kept.
///
/// # Errors
/// The record, or the file cannot be written.
pub async fn keep(office: &Office) -> Result<()> {
    let Some(head) = store::audit::checkpoint(&office.store).await? else {
        return Ok(());
    };
    let path = file(office);
    let last = heads(office, &path)?.kept.pop();
    match &last {
        Some(last) if last.place == head => return Ok(()),
        Some(last) if last.place.seq >= head.seq => {
            // Kept all the same: the longer head stays in the file and every verification names it.
            tracing::error!(
                kept = last.place.seq,
                found = head.seq,
                "the audit chain is shorter than a head kept of it"
            );
        }
        Some(_) | None => {}
    }
    append(&path, &line(office, &head, &office.clock.at()))
}

/// Keeps the newest head when none was kept today.
///
/// # Errors
/// The record, or the file cannot be written.
pub async fn keep_daily(office: &Office) -> Result<()> {
    let today = day_of(&office.clock.at());
    let heads = heads(office, &file(office))?;
    match heads.kept.last() {
        Some(last) if last.at.get(..10) == Some(today.as_str()) => Ok(()),
        Some(_) | None => keep(office).await,
    }
}

/// The day of a moment, as its text begins.
fn day_of(at: &At) -> String {
    at.as_str().get(..10).unwrap_or_default().to_owned()
}

fn file(office: &Office) -> PathBuf {
    office.store.folder().join(HEADS_FILE)
}

fn line(office: &Office, place: &Checkpoint, at: &At) -> String {
    let mark = store::audit::mark(&office.store, place, at.as_str());
    format!("{} {at} {}\n", write_checkpoint(place), hex(&mark))
}

/// The heads kept in a file; none where there is no file.
fn heads(office: &Office, path: &Path) -> Result<Heads> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && path == file(office) => {
            return Ok(Heads::default());
        }
        Err(error) => return Err(at_path(path)(error)),
    };
    let mut heads = Heads::default();
    for (number, line) in (1..).zip(text.lines()) {
        match read_line(office, line) {
            Some(kept) => heads.kept.push(kept),
            None => heads.wrong_lines.push(number),
        }
    }
    Ok(heads)
}

fn read_line(office: &Office, line: &str) -> Option<Kept> {
    let mut words = line.split(' ');
    let (place, at, mark) = (words.next()?, words.next()?, words.next()?);
    let place = read_checkpoint(place).ok()?;
    let expected = hex(&store::audit::mark(&office.store, &place, at));
    (mark == expected && words.next().is_none()).then(|| Kept {
        place,
        at: at.to_owned(),
    })
}

/// Adds a line and waits until it is on the disk.
fn append(path: &Path, line: &str) -> Result<()> {
    let new = !path.exists();
    // A line torn by a power cut stays a wrong line of its own.
    let torn = std::fs::read(path).is_ok_and(|text| text.last().is_some_and(|b| *b != b'\n'));
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(path)
        .map_err(at_path(path))?;
    let whole = format!("{}{line}", if torn { "\n" } else { "" });
    file.write_all(whole.as_bytes()).map_err(at_path(path))?;
    file.sync_all().map_err(at_path(path))?;
    match path.parent().filter(|_| new) {
        // A new file is there after a power cut only once its folder is on the disk as well.
        Some(folder) => File::open(folder)
            .and_then(|f| f.sync_all())
            .map_err(at_path(folder)),
        None => Ok(()),
    }
}

/// A place of the chain in one line, to be written down elsewhere: `412:9f0c…`.
pub fn write_checkpoint(checkpoint: &Checkpoint) -> String {
    format!("{}:{}", checkpoint.seq, hex(&checkpoint.digest))
}

/// Reads such a line.
///
/// # Errors
/// It is none.
pub fn read_checkpoint(line: &str) -> Result<Checkpoint> {
    let wrong = || {
        OfficeError::NotFound(format!(
            "`{line}` 不是链头;链头像 412:9f0c…,由 doudi audit verify 打印"
        ))
    };
    let (seq, digits) = line.trim().split_once(':').ok_or_else(wrong)?;
    let seq = seq.parse().map_err(|_| wrong())?;
    let digest = crate::intake::unhex(digits);
    if digits.len() != 64 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    Ok(Checkpoint {
        seq,
        digest: digest.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_of_the_chain_survives_being_written_down() {
        let place = Checkpoint {
            seq: 412,
            digest: (0..32).collect(),
        };
        let line = write_checkpoint(&place);
        assert_eq!(read_checkpoint(&line).ok(), Some(place));
        for wrong in ["", "412", "412:", "x:00", "412:zz"] {
            assert!(read_checkpoint(wrong).is_err(), "{wrong}");
        }
    }
}
