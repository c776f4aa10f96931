//! Bytes of a department's file → UTF-8 text of CSV, as a stream. Never guesses past what it can show.
//!
//! A file is read twice: the first time to know its digest, its encoding and that its lines and
//! quotes are those of a table, the second time for its rows. Neither holds more than a buffer.

mod readers;

use super::child::Workbook;
use super::readings;
use crate::error::{OfficeError, Result, at_path};
use encoding_rs::{Encoding, GB18030, UTF_16BE, UTF_16LE};
use readers::{Transcoded, Unpacked};
use sha2::{Digest, Sha256};
use std::fs::{File, Metadata};
use std::io::{self, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

/// The longest line, in bytes; a longer one is a damaged file.
pub(super) const LINE_MAX: usize = 1 << 20;
/// The most bytes a compressed file may unpack to: a whole province's register, and no bomb.
const UNPACKED_MAX: u64 = 1 << 29;
/// The most lines a quoted cell may run over.
const QUOTED_LINES_MAX: usize = 1_000;
/// Bytes read at a time.
pub(super) const BYTES_AT_ONCE: usize = 1 << 17;
/// How a gzip file begins.
const GZIP: [u8; 3] = [0x1F, 0x8B, 0x08];

/// What a reader tells of the file it reads.
#[derive(Debug)]
pub(super) enum Told {
    /// The file goes back.
    Refused(String),
    /// It is not the file's fault.
    Failed(String),
}

impl std::fmt::Display for Told {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (Self::Refused(said) | Self::Failed(said)) = self;
        f.write_str(said)
    }
}

impl std::error::Error for Told {}

/// The whole file goes back, said from inside a reader.
pub(super) fn refuse<T>(said: impl Into<String>) -> io::Result<T> {
    Err(io::Error::other(Told::Refused(said.into())))
}

/// What a reader said of a file.
pub(super) fn told(path: &Path, error: io::Error) -> OfficeError {
    match error.downcast::<Told>() {
        Ok(Told::Refused(said)) => OfficeError::FileRefused(said),
        Ok(Told::Failed(said)) => OfficeError::Other(said),
        Err(error) => at_path(path)(error),
    }
}

/// What a file holds.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Text {
        packed: bool,
        /// None: UTF-8.
        encoding: Option<&'static Encoding>,
        /// Bytes of the mark in front.
        mark: usize,
        /// What there is of letters past ASCII.
        wide: Wide,
    },
    Workbook,
}

/// Letters past ASCII, as UTF-8 writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wide {
    /// None, or Chinese among them.
    Plain,
    /// Some, and no Chinese: they may be Chinese of another encoding.
    NoChinese,
}

/// A file looked at once from its first byte to its last.
#[derive(Debug)]
pub(crate) struct Survey {
    path: PathBuf,
    /// SHA-256 of its bytes.
    pub digest: [u8; 32],
    kind: std::result::Result<Kind, String>,
    was: (u64, Option<SystemTime>),
}

/// The text of a file.
pub(crate) struct Text {
    pub reader: Box<dyn Read + Send>,
    /// What stands between cells, where that is not to be guessed.
    pub delimiter: Option<u8>,
    /// What whoever opens the file has to say of it.
    pub notes: Notes,
}

impl Text {
    /// Text that came without a file.
    pub(super) fn pasted(text: &str) -> Self {
        Self {
            reader: Box::new(Cursor::new(text.as_bytes().to_vec())),
            delimiter: None,
            notes: Notes::default(),
        }
    }
}

/// What is noticed of a file while it is opened; whole when its text was read to the end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    /// Puts down one more.
    pub(super) fn add(&self, said: String) {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        notes.push(said);
    }

    /// All of them, and forgets them.
    pub(super) fn taken(&self) -> Vec<String> {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut notes)
    }
}

/// Looks at a file by its content, whatever its ending says.
pub(crate) fn survey(path: &Path) -> Result<Survey> {
    look_at(path, UNPACKED_MAX)
}

fn look_at(path: &Path, unpacked_max: u64) -> Result<Survey> {
    let file = File::open(path).map_err(at_path(path))?;
    let was = stamp(&file.metadata().map_err(at_path(path))?);
    let mut raw = Hashing {
        file,
        hash: Sha256::new(),
    };
    let kind = match look(&mut raw, unpacked_max).map_err(|e| told(path, e)) {
        Ok(kind) => Ok(kind),
        Err(OfficeError::FileRefused(said)) => Err(said),
        Err(other) => return Err(other),
    };
    let mut rest = vec![0; BYTES_AT_ONCE];
    while raw.read(&mut rest).map_err(at_path(path))? > 0 {}
    let mut survey = Survey {
        path: path.to_path_buf(),
        digest: raw.hash.finalize().into(),
        kind,
        was,
    };
    if let Some(said) = survey.two_ways()? {
        survey.kind = Err(said);
    }
    Ok(survey)
}

fn stamp(metadata: &Metadata) -> (u64, Option<SystemTime>) {
    (metadata.len(), metadata.modified().ok())
}

impl Survey {
    /// The file's name and folder.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What was guessed of a text, where another guess would read it otherwise.
    fn two_ways(&self) -> Result<Option<String>> {
        let Ok(Kind::Text {
            packed,
            encoding,
            mark: 0,
            wide,
        }) = &self.kind
        else {
            return Ok(None);
        };
        let read = match encoding {
            Some(_) => readings::two_encodings(self.bytes(*packed)?),
            None if *wide == Wide::NoChinese => readings::two_readings(self.bytes(*packed)?),
            None => Ok(None),
        };
        read.map_err(|e| told(&self.path, e))
    }

    /// What was taken for granted of the text, for whoever sent it; none where the file says it itself.
    pub(crate) fn assumed(&self) -> Option<&'static str> {
        let guessed = matches!(
            &self.kind,
            Ok(Kind::Text { encoding: Some(encoding), mark: 0, .. }) if *encoding == GB18030
        );
        guessed.then_some("文件没有标明编码,不是 UTF-8,是按 GB18030 读的;请看一看姓名有没有读错")
    }

    /// The same refusal, with what the file may be written in where nobody knows its header.
    pub(crate) fn guessed(&self, error: OfficeError) -> OfficeError {
        let (OfficeError::FileRefused(said), Ok(Kind::Text { packed, .. })) = (&error, &self.kind)
        else {
            return error;
        };
        let guess = self.bytes(*packed).map(readings::guess);
        match guess {
            Ok(Ok(Some(guess))) => OfficeError::FileRefused(format!(
                "{said}。这份文件像是 {guess} 编码,没有照这个猜测入库;请另存为 CSV(UTF-8)再报送"
            )),
            _ => error,
        }
    }

    /// The bytes as they lie there, unpacked.
    fn bytes(&self, packed: bool) -> Result<Box<dyn Read + Send>> {
        let file = File::open(&self.path).map_err(at_path(&self.path))?;
        Ok(match packed {
            true => Box::new(Unpacked::new(file, UNPACKED_MAX)),
            false => Box::new(file),
        })
    }

    /// Reads the file again, for its rows.
    pub(crate) fn open(&self) -> Result<Text> {
        let kind = self.kind.clone().map_err(OfficeError::FileRefused)?;
        let path = self.path.as_path();
        let Kind::Text {
            packed,
            encoding,
            mark,
            wide: _,
        } = kind
        else {
            let notes = Notes::default();
            return Ok(Text {
                reader: Box::new(Workbook::open(path, notes.clone())?),
                delimiter: Some(b','),
                notes,
            });
        };
        let mut reader = self.bytes(packed)?;
        if mark > 0 {
            head(&mut reader, mark).map_err(|e| told(path, e))?;
        }
        if let Some(encoding) = encoding {
            reader = Box::new(Transcoded::new(reader, encoding));
        }
        Ok(Text {
            reader,
            delimiter: None,
            notes: Notes::default(),
        })
    }

    /// Says so when the file was written to since it was looked at: its digest would be another's.
    pub(crate) fn check_unchanged(&self) -> Result<()> {
        let now = std::fs::metadata(&self.path).map_err(at_path(&self.path))?;
        if stamp(&now) == self.was {
            return Ok(());
        }
        Err(OfficeError::FileRefused(
            "文件在读取时又被改动;请等它写完,再重新报送".to_owned(),
        ))
    }
}

/// The first bytes, up to so many.
fn head(reader: &mut impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut head = Vec::with_capacity(most);
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    reader.take(most).read_to_end(&mut head)?;
    Ok(head)
}

/// Whether the bytes begin like a workbook: a ZIP package, or the compound file of .xls.
fn is_workbook(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(&[0xD0, 0xCF, 0x11, 0xE0])
}

fn look(raw: &mut (impl Read + Send), unpacked_max: u64) -> io::Result<Kind> {
    let first = head(raw, 4)?;
    if is_workbook(&first) {
        return Ok(Kind::Workbook);
    }
    let packed = first.starts_with(&GZIP);
    let whole = Cursor::new(first.clone()).chain(raw);
    if !packed {
        return look_at_text(&first, whole, packed);
    }
    let mut inside = Unpacked::new(whole, unpacked_max);
    let first = head(&mut inside, 4)?;
    if first.starts_with(&GZIP) || first.starts_with(b"PK") || is_workbook(&first) {
        return refuse("压缩文件里还是压缩文件或工作簿;请解开后直接报送");
    }
    look_at_text(&first, Cursor::new(first.clone()).chain(inside), packed)
}

/// What a file is that is no table, by how it begins.
fn no_table(first: &[u8]) -> Option<&'static str> {
    const KINDS: [(&[u8], &str); 8] = [
        (b"%PDF", "PDF 文件"),
        (b"\x89PNG", "图片"),
        (&[0xFF, 0xD8, 0xFF], "图片"),
        (b"{\\rt", "文字处理文件"),
        (b"<htm", "网页"),
        (b"<!DO", "网页"),
        (&[0xFF, 0xFE, 0, 0], "UTF-32 编码的文本"),
        (&[0, 0, 0xFE, 0xFF], "UTF-32 编码的文本"),
    ];
    let found = KINDS.iter().find(|(begins, _)| first.starts_with(begins));
    found.map(|(_, kind)| *kind)
}

fn look_at_text(first: &[u8], mut bytes: impl Read, packed: bool) -> io::Result<Kind> {
    if first.is_empty() {
        return refuse("文件是空的(0 字节);请重新导出再报送");
    }
    if let Some(kind) = no_table(first) {
        return refuse(format!(
            "这是{kind},不是表;请在原来的软件里另存为 xlsx 或 CSV(UTF-8)再报送"
        ));
    }
    let found = |encoding, mark| Kind::Text {
        packed,
        encoding,
        mark,
        wide: Wide::Plain,
    };
    for (sign, encoding) in [(&[0xFF_u8, 0xFE], UTF_16LE), (&[0xFE, 0xFF], UTF_16BE)] {
        if first.starts_with(sign) {
            head(&mut bytes, sign.len())?;
            scan(&mut Transcoded::new(bytes, encoding), |_| Ok(()))?;
            return Ok(found(Some(encoding), sign.len()));
        }
    }
    let marked = first.starts_with(&[0xEF, 0xBB, 0xBF]);
    let mark = if marked { 3 } else { 0 };
    head(&mut bytes, mark)?;
    let mut utf8 = Utf8::default();
    let mut greatest = 0_u8;
    scan(&mut bytes, |part| {
        greatest = part.iter().fold(greatest, |most, byte| most.max(*byte));
        if memchr::memchr(0, part).is_some() {
            return refuse("文件里有空字符(NUL),不是文本文件;请另存为 CSV(UTF-8)");
        }
        utf8.read(part);
        match utf8.broken {
            Some(at) if marked => refuse(mixed(at)),
            _ => Ok(()),
        }
    })?;
    utf8.end();
    match utf8.broken {
        Some(at) if marked => refuse(mixed(at)),
        Some(_) => Ok(found(Some(GB18030), mark)),
        // Chinese begins with a byte from 0xE3 on.
        None if (0x80..0xE3).contains(&greatest) => Ok(Kind::Text {
            packed,
            encoding: None,
            mark,
            wide: Wide::NoChinese,
        }),
        None => Ok(found(None, mark)),
    }
}

fn mixed(at: usize) -> String {
    format!(
        "文件标明 UTF-8,但第 {at} 个字节起不是;可能是两种编码拼在一起,请在表格软件里打开核对,另存为 CSV(UTF-8)再报送"
    )
}

/// Walks through a text for what condemns a whole file: a line without end, a quote that opens and
/// never closes and swallows what follows. Line ends and quotes are the same bytes in UTF-8 and
/// GB18030.
fn scan(text: &mut impl Read, mut also: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut buffer = vec![0; BYTES_AT_ONCE];
    let (mut line, mut length): (usize, usize) = (1, 0);
    let (mut open, mut opened) = (false, 0);
    loop {
        let read = match text.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e),
        };
        let part = buffer.get(..read).unwrap_or(&[]);
        also(part)?;
        let mut from = 0;
        for at in memchr::memchr2_iter(b'"', b'\n', part) {
            if part.get(at) == Some(&b'"') {
                open = !open;
                if open {
                    opened = line;
                }
                continue;
            }
            length = length.saturating_add(at.saturating_sub(from));
            if length > LINE_MAX {
                break;
            }
            if open && line.saturating_sub(opened) > QUOTED_LINES_MAX {
                return refuse(unclosed(opened));
            }
            line = line.saturating_add(1);
            length = 0;
            from = at.saturating_add(1);
        }
        length = length.saturating_add(read.saturating_sub(from));
        if length > LINE_MAX {
            return refuse(format!("第 {line} 行超过 1 MB,文件可能损坏;请重新导出"));
        }
    }
    if open {
        return refuse(unclosed(opened));
    }
    Ok(())
}

fn unclosed(line: usize) -> String {
    format!("第 {line} 行起引号未闭合;请补上或删去这一行多出的双引号,或者重新导出")
}

/// Whether a text that comes in parts is UTF-8.
#[derive(Default)]
struct Utf8 {
    /// A character begun at the end of the last part.
    begun: Vec<u8>,
    /// Good bytes so far.
    good: usize,
    /// Where it stopped being UTF-8.
    broken: Option<usize>,
}

impl Utf8 {
    fn read(&mut self, part: &[u8]) {
        let mut part = part;
        while !self.begun.is_empty() && self.broken.is_none() {
            let Some((next, rest)) = part.split_first() else {
                return;
            };
            part = rest;
            self.begun.push(*next);
            match std::str::from_utf8(&self.begun) {
                Ok(_) => {
                    self.good = self.good.saturating_add(self.begun.len());
                    self.begun.clear();
                }
                Err(e) if e.error_len().is_some() => self.broken = Some(self.good),
                Err(_) => {}
            }
        }
        if self.broken.is_some() {
            return;
        }
        match simdutf8::compat::from_utf8(part) {
            Ok(_) => self.good = self.good.saturating_add(part.len()),
            Err(e) => {
                self.good = self.good.saturating_add(e.valid_up_to());
                if e.error_len().is_some() {
                    self.broken = Some(self.good);
                } else {
                    let begun = part.get(e.valid_up_to()..).unwrap_or(&[]);
                    self.begun.extend_from_slice(begun);
                }
            }
        }
    }

    fn end(&mut self) {
        if !self.begun.is_empty() && self.broken.is_none() {
            self.broken = Some(self.good);
        }
    }
}

/// Hashes what is read.
struct Hashing {
    file: File,
    hash: Sha256,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.hash.update(buffer.get(..read).unwrap_or(&[]));
        Ok(read)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut out = GzEncoder::new(Vec::new(), Compression::best());
        out.write_all(bytes).unwrap();
        out.finish().unwrap()
    }

    /// What is said of a file of these bytes, and its text.
    fn said(bytes: &[u8], most: u64) -> String {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("doudi-decode-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, bytes).unwrap();
        let read = look_at(&path, most).and_then(|survey| {
            let mut text = String::new();
            let mut reader = survey.open()?.reader;
            reader
                .read_to_string(&mut text)
                .map_err(|e| told(&path, e))?;
            Ok(text)
        });
        std::fs::remove_file(&path).unwrap();
        read.unwrap_or_else(|e| e.to_string())
    }

    #[test]
    fn a_compressed_file_is_unpacked_up_to_its_limit_and_no_further() {
        let line = format!("{}\n", "0".repeat((1 << 19) - 1));
        let bomb = packed(line.repeat(6).as_bytes());
        assert!(bomb.len() < 1 << 13);
        assert_eq!(said(&bomb, 3 << 20).len(), 3 << 20);
        assert!(said(&bomb, 2 << 20).contains("超过 2 MB"));
    }

    #[test]
    fn a_compressed_file_cut_short_or_holding_another_goes_back() {
        let whole = packed("a,b\n1,2\n".as_bytes());
        let cut = whole.get(..whole.len().saturating_sub(4)).unwrap();
        assert!(said(cut, 1 << 20).contains("不完整"));
        assert_eq!(said(&whole, 1 << 20), "a,b\n1,2\n");
        assert!(said(&packed(&whole), 1 << 20).contains("还是压缩文件"));
    }

    #[test]
    fn a_file_that_goes_on_growing_is_not_taken() {
        let path = std::env::temp_dir().join(format!("doudi-growing-{}", std::process::id()));
        std::fs::write(&path, "a,b\n1,2\n").unwrap();
        let survey = survey(&path).unwrap();
        assert!(survey.check_unchanged().is_ok());
        std::fs::write(&path, "a,b\n1,2\n3,4\n").unwrap();
        let said = survey.check_unchanged().map_err(|e| e.to_string());
        std::fs::remove_file(&path).unwrap();
        assert!(said.is_err_and(|said| said.contains("等它写完")));
        assert!(survey.check_unchanged().is_err());
    }

    #[test]
    fn characters_cut_by_the_buffer_are_read_whole_in_every_encoding() {
        let text: String = (0..30_000_u32)
            .map(|n| format!("{}王𬭚,é\n", "x".repeat(usize::try_from(n % 7).unwrap())))
            .collect();
        let utf16: Vec<u8> = std::iter::once(0xFEFF)
            .chain(text.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        let gb18030 = GB18030.encode(&text).0.into_owned();
        let marked = format!("\u{FEFF}{text}").into_bytes();
        for bytes in [text.clone().into_bytes(), marked, gb18030, utf16] {
            assert!(bytes.len() > BYTES_AT_ONCE);
            assert!(said(&bytes, 1 << 20) == text);
            assert!(said(&packed(&bytes), 1 << 30) == text);
        }
    }
}
