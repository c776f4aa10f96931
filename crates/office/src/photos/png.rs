//! PNG, chunk by chunk. Nothing is decoded.

use super::bytes::{Walk, size};
use super::exif::{self, Told};
use super::picture::{Seen, Wrong};
use flate2::Crc;
use store::photos::PhotoKind;

pub(super) const MAGIC: &[u8] = b"\x89PNG\r\n\x1a\n";
/// What a picture needs; anything else is left out of a copy.
const NEEDED: [&[u8]; 11] = [
    b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"bKGD",
    b"pHYs",
];
const BROKEN: Wrong = Wrong::Broken("图片不完整,或者在传的时候坏了");

struct Chunk<'b> {
    kind: &'b [u8],
    body: &'b [u8],
    whole: &'b [u8],
}

/// The chunks up to the last; what follows is no part of the picture.
fn chunks(bytes: &[u8]) -> Option<Vec<Chunk<'_>>> {
    let mut walk = Walk::new(bytes.strip_prefix(MAGIC)?);
    let mut out = Vec::new();
    loop {
        let start = walk.rest();
        let length = size(walk.big32()?);
        let kind = walk.take(4)?;
        let body = walk.take(length)?;
        let mut sum = Crc::new();
        sum.update(kind);
        sum.update(body);
        if walk.big32()? != sum.sum() {
            return None;
        }
        let taken = start.len().checked_sub(walk.rest().len())?;
        let whole = start.get(..taken)?;
        out.push(Chunk { kind, body, whole });
        if kind == b"IEND" {
            return Some(out);
        }
    }
}

fn told(all: &[Chunk<'_>]) -> Told {
    let exif = all.iter().find(|one| one.kind == b"eXIf");
    exif.map(|one| exif::read(one.body)).unwrap_or_default()
}

/// Size and what it says of itself.
pub(super) fn look(bytes: &[u8]) -> Result<Seen, Wrong> {
    let all = chunks(bytes).ok_or(BROKEN)?;
    let head = all.first().filter(|one| one.kind == b"IHDR");
    let mut head = head.map(|one| Walk::new(one.body)).ok_or(BROKEN)?;
    let sides = head.big32().and_then(|wide| Some((wide, head.big32()?)));
    let (wide, high) = sides.ok_or(BROKEN)?;
    let pictured = all.iter().any(|one| one.kind == b"IDAT");
    if !pictured {
        return Err(BROKEN);
    }
    Ok(Seen {
        kind: PhotoKind::Png,
        wide,
        high,
        told: told(&all),
    })
}

/// The same picture without what was written beside it.
pub(super) fn copy(bytes: &[u8]) -> Option<Vec<u8>> {
    let all = chunks(bytes)?;
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(MAGIC);
    for one in &all {
        if NEEDED.contains(&one.kind) {
            out.extend_from_slice(one.whole);
        }
        if one.kind == b"IHDR"
            && let Some(up) = exif::turned_only(&told(&all))
        {
            let mut sum = Crc::new();
            sum.update(b"eXIf");
            sum.update(&up);
            out.extend_from_slice(&u32::try_from(up.len()).ok()?.to_be_bytes());
            out.extend_from_slice(b"eXIf");
            out.extend_from_slice(&up);
            out.extend_from_slice(&sum.sum().to_be_bytes());
        }
    }
    Some(out)
}
