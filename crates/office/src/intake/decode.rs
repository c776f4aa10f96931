//! Bytes of a department's file → header and rows of cells. Never guesses past what it can show.

use crate::error::{OfficeError, Result, at_path};
use encoding_rs::{GB18030, UTF_16BE, UTF_16LE};
use flate2::read::MultiGzDecoder;
use std::io::Read;
use std::path::Path;
use std::process::Command;

/// A file's cells.
#[derive(Debug, Default)]
pub(crate) struct Cells {
    /// `CSV · UTF-8`
    pub format: String,
    /// The header row.
    pub header: Vec<String>,
    /// The rows below it, each with its row number in the file (1 for the first below the header).
    pub rows: Vec<(u32, Vec<String>)>,
}

/// The longest line, in bytes; a longer one is a damaged file.
const LINE_MAX: usize = 1 << 20;
/// The most columns a department's file may have.
const COLUMNS_MAX: usize = 512;

/// The most bytes a compressed file may unpack to: a whole province's register, and no bomb.
const UNPACKED_MAX: u64 = 1 << 29;

/// Reads a file by its content, whatever its ending says.
pub(crate) fn read(path: &Path, bytes: &[u8]) -> Result<Cells> {
    if bytes.starts_with(&GZIP) {
        let inside = unpack(bytes, UNPACKED_MAX)?;
        if inside.starts_with(&GZIP) || inside.starts_with(b"PK") {
            return refuse("压缩文件里还是压缩文件或工作簿;请解开后直接报送");
        }
        let mut cells = plain(path, &inside)?;
        cells.format.push_str(" · gzip");
        return Ok(cells);
    }
    plain(path, bytes)
}

/// How a gzip file begins.
const GZIP: [u8; 3] = [0x1F, 0x8B, 0x08];

/// What a gzip file holds, up to `most` bytes; the rest of a bomb is never unpacked.
fn unpack(bytes: &[u8], most: u64) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    let mut inside = MultiGzDecoder::new(bytes).take(most.saturating_add(1));
    if inside.read_to_end(&mut out).is_err() {
        return refuse("压缩文件不完整或已损坏,请重新压缩或直接报送 CSV");
    }
    if u64::try_from(out.len()).is_ok_and(|n| n > most) {
        let megabytes = most >> 20;
        return refuse(format!(
            "压缩文件解开后超过 {megabytes} MB,请分成几个文件报送"
        ));
    }
    Ok(out)
}

fn plain(path: &Path, bytes: &[u8]) -> Result<Cells> {
    if bytes.starts_with(b"PK\x03\x04") {
        return workbook(path);
    }
    if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        return refuse("这是旧版 .xls 或加密的表格,请另存为 xlsx 或 CSV 再报送");
    }
    let (text, encoding) = text(bytes)?;
    csv_cells(&text, encoding)
}

fn refuse<T>(said: impl Into<String>) -> Result<T> {
    Err(OfficeError::FileRefused(said.into()))
}

fn text(bytes: &[u8]) -> Result<(String, &'static str)> {
    if bytes.is_empty() {
        return refuse("文件是空的(0 字节)");
    }
    if let Some(rest) = bytes.strip_prefix(&[0xEF, 0xBB, 0xBF]) {
        return match std::str::from_utf8(rest) {
            Ok(text) => Ok((text.to_owned(), "UTF-8(带 BOM)")),
            Err(e) => refuse(format!(
                "文件标明 UTF-8,但第 {} 个字节起不是;可能是两种编码拼在一起",
                e.valid_up_to()
            )),
        };
    }
    for (mark, encoding, name) in [
        (&[0xFF_u8, 0xFE][..], UTF_16LE, "UTF-16LE"),
        (&[0xFE, 0xFF][..], UTF_16BE, "UTF-16BE"),
    ] {
        if let Some(rest) = bytes.strip_prefix(mark) {
            let (text, bad) = encoding.decode_without_bom_handling(rest);
            return if bad {
                refuse(format!("{name} 内容损坏,请重新导出"))
            } else {
                Ok((text.into_owned(), name))
            };
        }
    }
    if bytes.contains(&0) {
        return refuse("文件里有空字符(NUL),不是文本文件;请另存为 CSV(UTF-8)");
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Ok((text.to_owned(), "UTF-8"));
    }
    let (text, bad) = GB18030.decode_without_bom_handling(bytes);
    if bad {
        return refuse("文件既不是 UTF-8 也不是 GB18030;请另存为 CSV(UTF-8)");
    }
    Ok((text.into_owned(), "GB18030"))
}

fn csv_cells(text: &str, encoding: &str) -> Result<Cells> {
    if let Some(line) = text.lines().position(|l| l.len() > LINE_MAX) {
        return refuse(format!(
            "第 {} 行超过 1 MB,文件可能损坏",
            line.saturating_add(1)
        ));
    }
    let first = text.lines().find(|l| !l.trim().is_empty()).unwrap_or("");
    if first.is_empty() {
        return refuse("文件里只有空白");
    }
    let delimiter = [b',', b'\t', b';', b'|']
        .into_iter()
        .max_by_key(|d| first.bytes().filter(|b| b == d).count())
        .unwrap_or(b',');
    unclosed_quote(text)?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut cells = Cells {
        format: format!("CSV · {encoding}"),
        ..Cells::default()
    };
    let mut number: u32 = 0;
    for record in reader.records() {
        let record = record.map_err(|e| OfficeError::FileRefused(format!("CSV 读不下去:{e}")))?;
        let row: Vec<String> = record.iter().map(str::to_owned).collect();
        if row.iter().all(|c| c.trim().is_empty()) {
            continue;
        }
        if cells.header.is_empty() {
            cells.header = row;
            if cells.header.len() > COLUMNS_MAX {
                return refuse(format!(
                    "表头有 {} 列,超过上限 {COLUMNS_MAX}",
                    cells.header.len()
                ));
            }
            continue;
        }
        number = number.saturating_add(1);
        cells.rows.push((number, row));
    }
    if cells.rows.is_empty() {
        return refuse("只有表头,没有数据");
    }
    Ok(cells)
}

/// A quote that opens and never closes swallows the rest of the file: told with its line.
fn unclosed_quote(text: &str) -> Result<()> {
    let mut open = false;
    let mut opened: usize = 0;
    for (at, line) in text.lines().enumerate() {
        for _ in line.bytes().filter(|b| *b == b'"') {
            open = !open;
            if open {
                opened = at;
            }
        }
        if open && at.saturating_sub(opened) > 1_000 {
            break;
        }
    }
    if open {
        return refuse(format!("第 {} 行起引号未闭合", opened.saturating_add(1)));
    }
    Ok(())
}

/// A workbook is opened by a child of ours with little memory and time, so that a hostile file
/// cannot take this process down.
fn workbook(path: &Path) -> Result<Cells> {
    let program = own_program().map_err(at_path(path))?;
    let output = Command::new("sh")
        .args([
            "-c",
            "ulimit -v 1048576; ulimit -t 60; exec \"$0\" read-workbook \"$1\"",
        ])
        .arg(&program)
        .arg(path)
        .output()
        .map_err(at_path(path))?;
    if matches!(output.status.code(), Some(126 | 127)) {
        return Err(OfficeError::Other(
            "打开工作簿的子程序没有启动起来,请检查程序文件是否完整".to_owned(),
        ));
    }
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said
            .lines()
            .rev()
            .find(|l| !l.trim().is_empty())
            .unwrap_or("");
        return refuse(if output.status.code() == Some(WORKBOOK_REFUSED) {
            last.to_owned()
        } else {
            "工作簿打不开:文件损坏,或展开后过大;请另存为 CSV 再报送".to_owned()
        });
    }
    let text = String::from_utf8(output.stdout)
        .map_err(|_| OfficeError::FileRefused("工作簿里有读不懂的文字".to_owned()))?;
    let mut cells = csv_cells(&text, "")?;
    "XLSX".clone_into(&mut cells.format);
    Ok(cells)
}

/// This program's file; where it was replaced while running (an upgrade), the new one of that name.
fn own_program() -> std::io::Result<std::path::PathBuf> {
    let program = std::env::current_exe()?;
    let text = program.to_string_lossy();
    Ok(text
        .strip_suffix(" (deleted)")
        .map_or_else(|| program.clone(), std::path::PathBuf::from))
}

/// The child's exit code for a refusal whose words stand on its last line of stderr.
pub const WORKBOOK_REFUSED: i32 = 3;

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

    fn said(bytes: &[u8], most: u64) -> String {
        unpack(bytes, most).map_or_else(|e| e.to_string(), |b| format!("{} 字节", b.len()))
    }

    #[test]
    fn a_compressed_file_is_unpacked_up_to_its_limit_and_no_further() {
        let bomb = packed(&vec![b'0'; 3 << 20]);
        assert!(bomb.len() < 1 << 13);
        assert_eq!(said(&bomb, 3 << 20), "3145728 字节");
        assert!(said(&bomb, 2 << 20).contains("超过 2 MB"));
    }

    #[test]
    fn a_compressed_file_cut_short_or_holding_another_goes_back() {
        let whole = packed("a,b\n1,2\n".as_bytes());
        let cut = whole.get(..whole.len().saturating_sub(4)).unwrap();
        assert!(said(cut, 1 << 20).contains("不完整"));
        let cells = read(Path::new("a.csv.gz"), &whole).unwrap();
        assert_eq!(cells.format, "CSV · UTF-8 · gzip");
        let twice = read(Path::new("a.csv.gz"), &packed(&whole)).unwrap_err();
        assert!(twice.to_string().contains("还是压缩文件"));
    }
}
