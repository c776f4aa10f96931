//! PDF: only what a scanner makes. One that can act, or that hides part of itself, is not taken.

use super::exif::Told;
use super::picture::{Seen, Wrong};
use store::photos::PhotoKind;

pub(super) const MAGIC: &[u8] = b"%PDF-";
const END: &[u8] = b"%%EOF";
/// Bytes that may follow the end: line ends and what a mail program adds.
const AFTER_MAX: usize = 1024;
/// The longest name that is looked at, in bytes.
const NAME_MAX: usize = 64;
/// What acts, carries other files, asks for input, or puts objects where they cannot be seen.
const REFUSED: [&[u8]; 19] = [
    b"JavaScript",
    b"JS",
    b"Launch",
    b"OpenAction",
    b"AA",
    b"EmbeddedFile",
    b"EmbeddedFiles",
    b"FileAttachment",
    b"RichMedia",
    b"XFA",
    b"AcroForm",
    b"ObjStm",
    b"Encrypt",
    b"SubmitForm",
    b"GoToR",
    b"GoToE",
    b"ImportData",
    b"URI",
    b"Movie",
];

/// A name as it is meant: `/J#53` is `/JS`.
fn name(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes.iter().take(NAME_MAX).copied();
    while let Some(byte) = rest.next() {
        let regular = !byte.is_ascii_whitespace() && !b"()<>[]{}/%\0".contains(&byte);
        if !regular {
            break;
        }
        if byte != b'#' {
            out.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(rest.next()), digit(rest.next())) else {
            break;
        };
        out.push(u8::try_from(high * 16 + low).unwrap_or(0));
    }
    out
}

/// Whether it is simple enough to be taken.
pub(super) fn look(bytes: &[u8]) -> Result<Seen, Wrong> {
    let ends = memchr::memmem::rfind(bytes, END);
    let after = ends.map(|at| bytes.len().saturating_sub(at).saturating_sub(END.len()));
    if after.is_none_or(|after| after > AFTER_MAX) {
        return Err(Wrong::Broken("PDF 不完整,或者后面还接着别的东西"));
    }
    // Streams too: a reader may be led into them by the table at the end.
    for at in memchr::memchr_iter(b'/', bytes) {
        let from = at.saturating_add(1);
        let name = name(bytes.get(from..).unwrap_or_default());
        if REFUSED.contains(&name.as_slice()) {
            return Err(Wrong::Unsafe(
                "PDF 里有脚本、表单、链接、附件或者加密的内容,不收;请打印以后重新扫描,或者拍照",
            ));
        }
    }
    Ok(Seen {
        kind: PhotoKind::Pdf,
        wide: 0,
        high: 0,
        told: Told::default(),
    })
}
