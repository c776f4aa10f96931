//! 校验文件: what a department's system writes beside a file when it is complete. `deaths.csv.md5` and
//! `.sha256` hold its digest as the usual tools print it; `.ok` says line by line what it knows, and may be
//! empty: that it is there says the file is whole.
//!
//! ```text
//! 行数 1200
//! 合计 申报工资 4800000.00
//! sha256 9f86d0…
//! ```

use super::decode::Survey;
use super::totals::Totals;
use crate::error::{OfficeError, Result, at_path};
use domain::Fen;
use md5::{Digest as _, Md5};
use rules::feed::FeedPlan;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Endings behind the file's own name.
pub(super) const ENDINGS: [&str; 3] = ["ok", "md5", "sha256"];
/// The longest companion, in bytes.
const BYTES_MAX: u64 = 1 << 16;

/// What a file's companions say of it.
#[derive(Debug, Default)]
pub(super) struct Companion {
    rows: Option<u64>,
    /// Headers and sums.
    sums: Vec<(String, Fen)>,
}

/// Where a companion of a file lies.
pub(super) fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    file.with_file_name(name)
}

/// Reads what lies beside a file, and compares its digest.
///
/// # Errors
/// The feed asks for a companion and there is none, it cannot be read, or the digest is another: the whole
/// file goes back.
pub(super) fn of(survey: &Survey, feed: &FeedPlan) -> Result<Companion> {
    let mut companion = Companion::default();
    let mut found = false;
    for ending in ENDINGS {
        let path = beside(survey.path(), ending);
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            // One that is there and cannot be looked into is not one that is not there.
            opened => opened.map_err(at_path(&path))?,
        };
        found = true;
        let mut bytes = Vec::new();
        let most = BYTES_MAX.saturating_add(1);
        let read = file.take(most).read_to_end(&mut bytes);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if u64::try_from(bytes.len()).is_ok_and(|read| read > BYTES_MAX) {
            return refuse(format!(
                "`{name}` 超过 {} KB,不像校验文件;请重新生成再报送",
                BYTES_MAX >> 10
            ));
        }
        let (Ok(_), Ok(text)) = (read, String::from_utf8(bytes)) else {
            return refuse(format!("校验文件 `{name}` 读不懂;请重新生成再报送"));
        };
        match ending {
            "ok" => companion.lines(survey, &text, &name)?,
            kind => {
                let written = text.split_whitespace().next().unwrap_or("");
                check(survey, kind, written, &name)?;
            }
        }
    }
    match found {
        true => Ok(companion),
        false => none(feed),
    }
}

/// What nothing lies beside.
///
/// # Errors
/// The feed asks for a companion.
pub(super) fn none(feed: &FeedPlan) -> Result<Companion> {
    match feed.companion {
        false => Ok(Companion::default()),
        true => refuse(
            "没有随附校验文件(.ok、.md5 或 .sha256),不知道文件传全了没有;请连同校验文件一起报送"
                .to_owned(),
        ),
    }
}

fn refuse<T>(said: String) -> Result<T> {
    Err(OfficeError::FileRefused(said))
}

/// Compares a digest.
fn check(survey: &Survey, kind: &str, written: &str, name: &str) -> Result<()> {
    let own = match kind {
        "md5" => md5_of(survey.path())?,
        _ => hex(&survey.digest),
    };
    if own.eq_ignore_ascii_case(written) {
        return Ok(());
    }
    refuse(format!(
        "文件和校验文件 `{name}` 写的摘要对不上,可能没有传全或者被改过;请重新传送文件和校验文件"
    ))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn md5_of(path: &Path) -> Result<String> {
    let mut file = File::open(path).map_err(at_path(path))?;
    let mut hash = Md5::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer).map_err(at_path(path))?;
        if read == 0 {
            return Ok(hex(&hash.finalize()));
        }
        hash.update(buffer.get(..read).unwrap_or(&[]));
    }
}

impl Companion {
    fn lines(&mut self, survey: &Survey, text: &str, name: &str) -> Result<()> {
        for line in text.trim_start_matches('\u{FEFF}').lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            let known = match words.as_slice() {
                [] => true,
                ["行数", rows] => {
                    self.rows = rows.parse().ok();
                    self.rows.is_some()
                }
                ["合计", header, sum] => match Fen::parse(sum) {
                    Ok(sum) => {
                        self.sums.push(((*header).to_owned(), sum));
                        true
                    }
                    Err(_) => false,
                },
                [kind @ ("md5" | "sha256"), digest] => {
                    check(survey, kind, digest, name)?;
                    true
                }
                _ => false,
            };
            if !known {
                return refuse(format!(
                    "校验文件 `{name}` 里有读不懂的一行;每行写 行数 n、合计 表头 金额、md5 … 或 sha256 …"
                ));
            }
        }
        Ok(())
    }

    /// Compares what it says with the rows that were read.
    ///
    /// # Errors
    /// Rows or a sum do not fit: the whole file goes back.
    pub(super) fn compare(&self, feed: &FeedPlan, totals: &Totals) -> Result<()> {
        if let Some(rows) = self.rows
            && rows != totals.rows()
        {
            let own = totals.rows();
            return refuse(format!(
                "校验文件写着 {rows} 行,文件里有 {own} 行;请重新导出并连同校验文件一起报送"
            ));
        }
        for (header, sum) in &self.sums {
            let column = feed.columns.iter().position(|c| c.headers.contains(header));
            let Some(column) = column else {
                return refuse(format!("校验文件里的 `{header}` 不是这种来文的列;请核对"));
            };
            match totals.whole(column) {
                Some(own) if own == sum.get() => {}
                Some(own) => {
                    return refuse(format!(
                        "校验文件写的 `{header}` 合计是 {sum} 元,逐行相加是 {} 元;请核对有没有漏行、重复行,再报送",
                        Fen::new(own)
                    ));
                }
                None => {
                    return refuse(format!(
                        "`{header}` 有读不懂的格,和校验文件的合计没法核对;请更正以后再报送"
                    ));
                }
            }
        }
        Ok(())
    }
}
