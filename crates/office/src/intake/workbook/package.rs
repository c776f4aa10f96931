//! The package a workbook is: what it declares, what it really unpacks to, and what it must not hold.
//!
//! Looked at before any reader of spreadsheets sees a byte: half a kilobyte can declare a sheet of
//! gigabytes, and half a megabyte of blanks unpacks to five hundred.

use super::sheet_xml::{self, Scan};
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use zip::ZipArchive;

/// The most entries a package may have.
const ENTRIES_MAX: usize = 4_096;
/// The most one entry may unpack to, in bytes.
const ENTRY_MAX: u64 = 128 << 20;
/// The most a package may unpack to, in bytes.
const PACKAGE_MAX: u64 = 256 << 20;
/// An entry that unpacks to less is never called a bomb.
const SMALL: u64 = 1 << 20;
/// How many times its packed size an entry may unpack to.
const PACKED_TIMES_MAX: u64 = 100;

/// What sort of workbook it is, by its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Office Open XML.
    Xlsx,
    /// The same in binary parts.
    Xlsb,
    /// OpenDocument.
    Ods,
    /// BIFF8 in a compound file.
    Xls,
}

/// Parts that lead out of a workbook or act in it: never opened, never run.
const NOT_OPENED: [&str; 3] = ["xl/externalLinks/", "xl/embeddings/", "xl/activeX/"];

/// Looks at a workbook's package. Answers what it is, and what of it was not looked at.
///
/// # Errors
/// What must go back, in words for the department.
pub(super) fn inspect(file: &mut File) -> Result<(Kind, Option<String>), String> {
    let mut head = [0_u8; 4];
    file.read_exact(&mut head)
        .map_err(|_| "工作簿不完整".to_owned())?;
    file.seek(SeekFrom::Start(0)).map_err(|e| e.to_string())?;
    if head == [0xD0, 0xCF, 0x11, 0xE0] {
        return Ok((Kind::Xls, None));
    }
    let mut package = open(file)?;
    if package.len() > ENTRIES_MAX {
        return Err(format!(
            "工作簿里有 {} 个部分,超过上限 {ENTRIES_MAX};请另存为 CSV 再报送",
            package.len()
        ));
    }
    if package.has_duplicate_names()
        || package.has_overlapping_entries().unwrap_or(true)
        || package.validate_header_consistency().is_err()
    {
        return Err("工作簿的压缩目录前后不一致,像是被改动过;请用表格软件重新另存一份".to_owned());
    }
    let mut total = 0_u64;
    for at in 0..package.len() {
        total = total.saturating_add(entry(&mut package, at)?);
        if total > PACKAGE_MAX {
            return Err(format!(
                "工作簿解开后超过 {} MB,请分成几个文件",
                PACKAGE_MAX >> 20
            ));
        }
    }
    let leads_out = |name: &str| NOT_OPENED.iter().any(|part| name.starts_with(part));
    let found = package.file_names().flatten().any(|name| leads_out(&name));
    let noted = found.then(|| {
        "工作簿里有指向别的文件的链接或者嵌入的对象,没有打开,只用保存时的值;请核对这些值,最好粘贴成数值再报送"
            .to_owned()
    });
    Ok((kind(&mut package)?, noted))
}

fn open<R: Read + Seek>(file: R) -> Result<ZipArchive<R>, String> {
    ZipArchive::new(file).map_err(|_| "工作簿不完整或已损坏,请重新保存一份再报送".to_owned())
}

/// What an entry unpacks to, in bytes, by unpacking it: what it declares proves nothing.
fn entry<R: Read + Seek>(package: &mut ZipArchive<R>, at: usize) -> Result<u64, String> {
    let damaged = |_| format!("工作簿的第 {} 个部分已损坏", at.saturating_add(1));
    let mut part = package.by_index(at).map_err(damaged)?;
    let plain = part
        .name()
        .is_ok_and(|n| !n.starts_with('/') && !n.contains('\\') && !n.contains("../"));
    if !plain || part.enclosed_name().is_none() || part.is_symlink() {
        return Err(
            "工作簿里有指向别处的路径,不是正常保存的文件,不接收;请用表格软件另存为新的 xlsx 再报送"
                .to_owned(),
        );
    }
    let packed = part.compressed_size();
    if part.size() > ENTRY_MAX {
        return Err(too_large(part.size()));
    }
    let mut unpacked = 0_u64;
    let mut buffer = vec![0_u8; 1 << 16];
    loop {
        let read = part
            .read(&mut buffer)
            .map_err(|_| format!("工作簿的第 {} 个部分已损坏", at.saturating_add(1)))?;
        if read == 0 {
            return Ok(unpacked);
        }
        unpacked = unpacked.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
        if unpacked > ENTRY_MAX
            || (unpacked > SMALL && unpacked > packed.saturating_mul(PACKED_TIMES_MAX))
        {
            return Err(too_large(unpacked));
        }
    }
}

fn too_large(bytes: u64) -> String {
    format!(
        "工作簿的一个部分解开后至少有 {} MB,远大于文件本身或超过上限,不接收;请另存为 CSV 再报送",
        (bytes >> 20).max(1)
    )
}

fn kind<R: Read + Seek>(package: &mut ZipArchive<R>) -> Result<Kind, String> {
    let has = |package: &ZipArchive<R>, name: &str| package.index_for_name(name).is_some();
    let types = text(package, "[Content_Types].xml").unwrap_or_default();
    if has(package, "xl/vbaProject.bin") || types.contains("macroEnabled") {
        return Err("工作簿带有宏,不接收;请另存为不带宏的 xlsx 再报送".to_owned());
    }
    if has(package, "xl/workbook.xml") {
        return Ok(Kind::Xlsx);
    }
    if has(package, "xl/workbook.bin") {
        return Ok(Kind::Xlsb);
    }
    let open = text(package, "mimetype").unwrap_or_default();
    if open.contains("opendocument.spreadsheet") {
        return Ok(Kind::Ods);
    }
    Err("这不是表格工作簿(可能是文档或压缩包);请另存为 xlsx 或 CSV 再报送".to_owned())
}

fn text<R: Read + Seek>(package: &mut ZipArchive<R>, name: &str) -> Option<String> {
    let part = package.by_name(name).ok()?;
    let mut out = String::new();
    part.take(SMALL).read_to_string(&mut out).ok()?;
    Some(out)
}

/// What stands in the parts of these sheets beside their values.
///
/// # Errors
/// A part is missing or damaged.
pub(super) fn scan_sheets(path: &Path, names: &[String]) -> Result<Vec<(String, Scan)>, String> {
    let file = File::open(path).map_err(|e| format!("工作簿读不到:{e}"))?;
    let mut package = open(BufReader::new(file))?;
    let parts = parts(&mut package)?;
    let mut out = Vec::new();
    for name in names {
        let missing =
            || format!("工作簿已损坏:找不到表 `{name}` 的内容,请用表格软件另存为新的 xlsx 再报送");
        let part = parts.get(name).ok_or_else(missing)?;
        let xml = package.by_name(part).map_err(|_| missing())?;
        out.push((name.clone(), sheet_xml::scan(BufReader::new(xml))?));
    }
    Ok(out)
}

/// The part of each sheet, by the sheet's name.
fn parts<R: Read + Seek>(package: &mut ZipArchive<R>) -> Result<BTreeMap<String, String>, String> {
    let mut targets = BTreeMap::new();
    each(package, "xl/_rels/workbook.xml.rels", |tag| {
        if tag.local_name().as_ref() == "Relationship"
            && let (Some(id), Some(target)) = (attribute(tag, "Id"), attribute(tag, "Target"))
        {
            let path = target
                .strip_prefix('/')
                .map_or_else(|| format!("xl/{target}"), str::to_owned);
            targets.insert(id, path);
        }
    })?;
    let mut sheets = BTreeMap::new();
    each(package, "xl/workbook.xml", |tag| {
        if tag.local_name().as_ref() == "sheet"
            && let (Some(name), Some(id)) = (attribute(tag, "name"), attribute(tag, "id"))
            && let Some(path) = targets.get(&id)
        {
            sheets.insert(name, path.clone());
        }
    })?;
    Ok(sheets)
}

/// Walks the tags of a small part.
fn each<R: Read + Seek>(
    package: &mut ZipArchive<R>,
    name: &str,
    mut see: impl FnMut(&BytesStart<'_>),
) -> Result<(), String> {
    let damaged =
        || format!("工作簿已损坏:部分 {name} 缺失或读不懂,请用表格软件另存为新的 xlsx 再报送");
    let part = package.by_name(name).map_err(|_| damaged())?;
    let mut xml = quick_xml::Reader::from_reader(BufReader::new(part));
    let mut buffer = Vec::new();
    loop {
        match xml.read_event_into(&mut buffer).map_err(|_| damaged())? {
            Event::Start(tag) | Event::Empty(tag) => see(&tag),
            Event::DocType(_) => return Err(sheet_xml::DOCTYPE.to_owned()),
            Event::Eof => return Ok(()),
            _ => {}
        }
        buffer.clear();
    }
}

/// An attribute's text, whatever prefix its name has.
fn attribute(tag: &BytesStart<'_>, local: &str) -> Option<String> {
    let found = tag
        .attributes()
        .flatten()
        .find(|a| a.key.local_name().as_ref() == local)?;
    found
        .normalized_value(XmlVersion::Implicit1_0)
        .ok()
        .map(std::borrow::Cow::into_owned)
}
