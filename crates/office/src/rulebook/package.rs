//! A proposal as it comes in: a folder, a zip or one file. Bytes become texts here or are refused with
//! their place; nothing is judged, and nothing of it is kept.

use rules::SourceText;
use rules::markdown::{LINE_BYTES_MAX, TEXT_BYTES_MAX};
use rules::problem::line_column;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{Cursor, Read};
use std::path::Path;

/// The most files a proposal may have.
const FILES_MAX: usize = 2_000;
/// The most bytes of one file; a text may have no more.
const FILE_BYTES_MAX: usize = TEXT_BYTES_MAX;
/// The most bytes of all files together.
const ALL_BYTES_MAX: usize = 32 << 20;
/// The most bytes of a zip.
const ZIP_BYTES_MAX: u64 = 16 << 20;
/// How deep folders may stand inside one another.
const DEPTH_MAX: usize = 8;
/// The longest path of a text.
const PATH_BYTES_MAX: usize = 200;

/// Something that cannot be taken, with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The file.
    pub path: String,
    /// Line and column, from 1; none when it is about the whole file.
    pub at: Option<(usize, usize)>,
    /// What, and what to do.
    pub said: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.at {
            Some((line, column)) => write!(f, "{}:{line}:{column}: {}", self.path, self.said),
            None => write!(f, "{}: {}", self.path, self.said),
        }
    }
}

fn whole(path: impl Into<String>, said: impl Into<String>) -> Refusal {
    Refusal {
        path: path.into(),
        at: None,
        said: said.into(),
    }
}

type Files = BTreeMap<String, Vec<u8>>;

/// Reads a proposal from disk. One file alone stands for the text of the same name in the rulebook.
///
/// # Errors
/// Everything that cannot be taken, each with its place.
pub fn open(
    given: &Path,
    known: &BTreeMap<String, String>,
) -> Result<Vec<SourceText>, Vec<Refusal>> {
    let name = given
        .file_name()
        .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
    let unread = |e: std::io::Error| vec![whole(given.to_string_lossy(), format!("读不到:{e}"))];
    if given.is_dir() {
        let mut files = Files::new();
        let mut left = FILES_MAX;
        folder(given, "", &mut files, &mut left).map_err(|r| vec![r])?;
        return texts(files);
    }
    let size = std::fs::metadata(given).map_err(unread)?.len();
    if size > ZIP_BYTES_MAX {
        return Err(vec![whole(name, too_long(size))]);
    }
    open_bytes(&name, std::fs::read(given).map_err(unread)?, known)
}

/// Reads a proposal that was handed in as one file: a zip, or one text.
///
/// # Errors
/// Everything that cannot be taken, each with its place.
pub fn open_bytes(
    name: &str,
    bytes: Vec<u8>,
    known: &BTreeMap<String, String>,
) -> Result<Vec<SourceText>, Vec<Refusal>> {
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if size > ZIP_BYTES_MAX {
        return Err(vec![whole(name, too_long(size))]);
    }
    let files = if bytes.starts_with(b"PK") {
        unzip(name, bytes).map_err(|r| vec![r])?
    } else {
        Files::from([(place_of(name, known).map_err(|r| vec![r])?, bytes)])
    };
    texts(files)
}

fn too_long(size: u64) -> String {
    format!("有 {} MB,超过上限 {} MB", size >> 20, ZIP_BYTES_MAX >> 20)
}

/// The texts of files by path.
///
/// # Errors
/// Everything that cannot be taken, each with its place.
pub fn texts(files: BTreeMap<String, Vec<u8>>) -> Result<Vec<SourceText>, Vec<Refusal>> {
    let mut refused = Vec::new();
    let mut out = Vec::new();
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let all: usize = files.values().map(Vec::len).sum();
    if files.is_empty() {
        refused.push(whole("(改动)", "里面没有手册的文件(.md 或 .csv)"));
    }
    if files.len() > FILES_MAX || all > ALL_BYTES_MAX {
        let most = ALL_BYTES_MAX >> 20;
        let said = format!("太大:最多 {FILES_MAX} 个文件,合计 {most} MB");
        return Err(vec![whole("(改动)", said)]);
    }
    for (path, bytes) in files {
        refused.extend(path_refused(&path).map(|said| whole(path.clone(), said)));
        if let Some(other) = seen.insert(path.to_lowercase(), path.clone()) {
            let said = format!("和 `{other}` 只有大小写不同,有的电脑上是同一个文件;改一个名字");
            refused.push(whole(path.clone(), said));
        }
        match text(&path, &bytes) {
            Ok(text) => out.push(SourceText { path, text }),
            Err(found) => refused.extend(found),
        }
    }
    if refused.is_empty() {
        Ok(out)
    } else {
        Err(refused)
    }
}

/// One file alone: its whole path, or its name where only one text has it.
fn place_of(name: &str, known: &BTreeMap<String, String>) -> Result<String, Refusal> {
    let ending = format!("/{name}");
    let mut alike = known.keys().filter(|p| *p == name || p.ends_with(&ending));
    match (alike.next(), alike.next()) {
        (Some(path), None) => Ok(path.clone()),
        (Some(a), Some(b)) => Err(whole(
            name,
            format!("可以是 `{a}`,也可以是 `{b}`;请按手册里的文件夹放好,交整个文件夹"),
        )),
        (None, _) => Err(whole(
            name,
            "手册里没有这个文件;新的文件请按手册里的文件夹放好,交整个文件夹",
        )),
    }
}

fn folder(at: &Path, under: &str, out: &mut Files, left: &mut usize) -> Result<(), Refusal> {
    let unread = |e: std::io::Error| whole(at.to_string_lossy(), format!("读不到:{e}"));
    if under.matches('/').count() > DEPTH_MAX {
        return Err(whole(under, format!("文件夹套得太深,超过 {DEPTH_MAX} 层")));
    }
    for entry in std::fs::read_dir(at).map_err(unread)? {
        let entry = entry.map_err(unread)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{under}{name}");
        // What a link points to is somebody else's.
        let kind = entry.file_type().map_err(unread)?;
        if kind.is_dir() {
            folder(&entry.path(), &format!("{path}/"), out, left)?;
            continue;
        }
        if !kind.is_file() {
            return Err(whole(path, "不是普通文件(可能是快捷方式),不接收"));
        }
        *left = left
            .checked_sub(1)
            .ok_or_else(|| whole(under, format!("文件太多,超过 {FILES_MAX} 个")))?;
        let size = entry.metadata().map_err(unread)?.len();
        if usize::try_from(size).map_or(true, |size| size > FILE_BYTES_MAX) {
            return Err(whole(path, too_large()));
        }
        let bytes = std::fs::read(entry.path()).map_err(unread)?;
        out.insert(path, bytes);
    }
    Ok(())
}

fn too_large() -> String {
    format!("太大,一个文件最多 {} KB;请拆开", FILE_BYTES_MAX >> 10)
}

fn unzip(name: &str, bytes: Vec<u8>) -> Result<Files, Refusal> {
    let damaged = || whole(name, "压缩包不完整或已损坏,请重新压缩");
    let mut package = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| damaged())?;
    if package.len() > FILES_MAX {
        return Err(whole(name, format!("文件太多,超过 {FILES_MAX} 个")));
    }
    if package.has_duplicate_names()
        || package.has_overlapping_entries().unwrap_or(true)
        || package.validate_header_consistency().is_err()
    {
        return Err(whole(
            name,
            "压缩包的目录前后不一致,像是被改动过;请重新压缩",
        ));
    }
    let mut out = Files::new();
    let mut all = 0_usize;
    for at in 0..package.len() {
        let part = package.by_index(at).map_err(|_| damaged())?;
        let path = part.name().map_err(|_| damaged())?.to_string();
        if part.is_symlink() || part.enclosed_name().is_none() || path.contains("..") {
            return Err(whole(
                format!("{name}/{path}"),
                "指向压缩包以外的地方,不接收",
            ));
        }
        if part.is_dir() {
            continue;
        }
        // What the package declares proves nothing: no more than this is unpacked.
        let most = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        let mut limited = part.take(most.saturating_add(1));
        limited.read_to_end(&mut bytes).map_err(|_| damaged())?;
        all = all.saturating_add(bytes.len());
        if bytes.len() > FILE_BYTES_MAX {
            return Err(whole(format!("{name}/{path}"), too_large()));
        }
        if all > ALL_BYTES_MAX {
            let most = ALL_BYTES_MAX >> 20;
            return Err(whole(name, format!("解开后超过 {most} MB,不接收")));
        }
        out.insert(path, bytes);
    }
    Ok(out)
}

fn path_refused(path: &str) -> Option<&'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    if path.len() > PATH_BYTES_MAX || !path.chars().all(plain) {
        return Some("文件名只用英文字母、数字和 - _ . 组成,不要太长");
    }
    let parts = || path.split('/');
    if parts().any(|part| part.is_empty() || part.starts_with('.')) {
        return Some("文件名里不能有空的一段、`..` 或以点开头的一段");
    }
    if !path.ends_with(".md") && !path.ends_with(".csv") {
        return Some("手册里只有 .md 和 .csv 文件;别的文件请拿掉");
    }
    None
}

/// A file's text: UTF-8, with lines people can read and nothing hidden in it. Line ends of Windows and
/// the mark at the very beginning are taken off, so that the same text has one digest.
fn text(path: &str, bytes: &[u8]) -> Result<String, Vec<Refusal>> {
    if bytes.len() > FILE_BYTES_MAX {
        return Err(vec![whole(path, too_large())]);
    }
    let text =
        std::str::from_utf8(bytes).map_err(|e| vec![not_utf8(path, bytes, e.valid_up_to())])?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let text = text.replace("\r\n", "\n");
    let mut found = Vec::new();
    for (number, line) in (1_usize..).zip(text.split('\n')) {
        if line.len() > LINE_BYTES_MAX {
            found.push(Refusal {
                path: path.to_owned(),
                at: Some((number, 1)),
                said: format!(
                    "这一行有 {} 字节,超过上限 {LINE_BYTES_MAX};请断行",
                    line.len()
                ),
            });
            continue;
        }
        let hidden = line.chars().enumerate().find(|(_, c)| is_hidden(*c));
        found.extend(hidden.map(|(column, c)| Refusal {
            path: path.to_owned(),
            at: Some((number, column.saturating_add(1))),
            said: format!(
                "有看不见的字符 U+{:04X},人读到的和机器读到的会不一样;删掉它",
                u32::from(c)
            ),
        }));
    }
    if found.is_empty() {
        Ok(text)
    } else {
        Err(found)
    }
}

fn not_utf8(path: &str, bytes: &[u8], valid: usize) -> Refusal {
    let before = bytes.get(..valid).unwrap_or_default();
    let before = std::str::from_utf8(before).unwrap_or_default();
    let wide = bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]);
    let (_, gbk_wrong) = encoding_rs::GB18030.decode_without_bom_handling(bytes);
    let said = if wide {
        "是 UTF-16 编码;请另存为 UTF-8"
    } else if gbk_wrong {
        "从这里起不是文字,也许不是文本文件"
    } else {
        "从这里起不是 UTF-8,像是 GBK;请另存为 UTF-8"
    };
    Refusal {
        path: path.to_owned(),
        at: Some(line_column(before, before.len())),
        said: said.to_owned(),
    }
}

/// Control characters, direction marks, blanks without width, soft hyphens, tags.
fn is_hidden(c: char) -> bool {
    c.is_control() && c != '\t'
        || matches!(c,
            '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &str, bytes: &[u8], expected: &str) {
        let files = BTreeMap::from([(path.to_owned(), bytes.to_vec())]);
        let told = match texts(files) {
            Ok(texts) => texts.into_iter().map(|t| t.text).collect::<String>(),
            Err(found) => found.first().map_or_else(String::new, ToString::to_string),
        };
        assert!(told.contains(expected), "{path}: {told}");
    }

    #[test]
    fn what_cannot_be_read_safely_is_refused_with_its_place() {
        let (gbk, ..) = encoding_rs::GBK.encode("# 低保\n");
        check(
            "policies/a.md",
            &gbk,
            "policies/a.md:1:3: 从这里起不是 UTF-8,像是 GBK",
        );
        check(
            "a.md",
            "一行\n收\u{202E}入".as_bytes(),
            "a.md:2:2: 有看不见的字符 U+202E",
        );
        check(
            "a.md",
            "长".repeat(10_000).as_bytes(),
            "a.md:1:1: 这一行有 30000 字节",
        );
        check("../a.md", b"x", "`..`");
        check("a.exe", b"x", "只有 .md 和 .csv");
        check("a.md", b"a\0b", "a.md:1:2: 有看不见的字符 U+0000");
        check("a.md", "\u{FEFF}一\r\n二".as_bytes(), "一\n二");
    }
}
