//! What a file is, by its own bytes and never by its name; how large its picture is, before anybody decodes
//! it; and the copy that is shown.

use super::exif::Told;
use super::{jpeg, pdf, png, webp};
use store::photos::PhotoKind;

/// Pixels of a side, and of the whole.
const SIDE_MAX: u32 = 20_000;
const PIXELS_MAX: u64 = 60_000_000;
/// What every scanner of viruses knows as its trial.
const TRIAL: &[u8] = b"$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$";

/// A file that can be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) kind: PhotoKind,
    pub(super) wide: u32,
    pub(super) high: u32,
    pub(super) told: Told,
}

/// Why it cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wrong {
    /// It is something else; what it seems to be.
    NotTaken(&'static str),
    /// It could do something.
    Unsafe(&'static str),
    /// It breaks off.
    Broken(&'static str),
    /// It would unfold to too much.
    TooWide(u32, u32),
}

/// Looks at a file.
pub(super) fn look(bytes: &[u8]) -> Result<Seen, Wrong> {
    if memchr::memmem::find(bytes, TRIAL).is_some() {
        return Err(Wrong::Unsafe("文件里有病毒测试标记,不收"));
    }
    let seen = if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        jpeg::look(bytes)?
    } else if bytes.starts_with(png::MAGIC) {
        png::look(bytes)?
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        webp::look(bytes)?
    } else if bytes.starts_with(pdf::MAGIC) {
        return pdf::look(bytes);
    } else {
        return Err(Wrong::NotTaken(seems(bytes)));
    };
    let pixels = u64::from(seen.wide).saturating_mul(u64::from(seen.high));
    let sides = [seen.wide, seen.high];
    if pixels > PIXELS_MAX || sides.iter().any(|side| *side > SIDE_MAX) {
        return Err(Wrong::TooWide(seen.wide, seen.high));
    }
    match pixels {
        0 => Err(Wrong::Broken("图片没有宽或者高")),
        _ => Ok(seen),
    }
}

/// What a file that is not taken seems to be.
fn seems(bytes: &[u8]) -> &'static str {
    let text = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    match bytes {
        [b'M', b'Z', ..] | [0x7f, b'E', b'L', b'F', ..] => "程序",
        [b'P', b'K', ..] | [b'7', b'z', ..] | [b'R', b'a', b'r', ..] | [0x1f, 0x8b, ..] => {
            "压缩包或者办公文档"
        }
        [b'G', b'I', b'F', b'8', ..] => "GIF 图",
        [b'B', b'M', ..] => "BMP 图",
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => "TIFF 图",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "HEIC 照片或者视频",
        _ if text == Some(&b'<') => "网页或者 SVG 图",
        _ => "不认识的文件",
    }
}

/// The copy that is shown: the picture without what was written beside it. A PDF is given as it came.
pub(super) fn copy(kind: PhotoKind, bytes: Vec<u8>) -> Option<Vec<u8>> {
    match kind {
        PhotoKind::Jpeg => jpeg::copy(&bytes),
        PhotoKind::Png => png::copy(&bytes),
        PhotoKind::Webp => webp::copy(&bytes),
        PhotoKind::Pdf => Some(bytes),
    }
}
