//! WebP, chunk by chunk. Nothing is decoded; a picture that moves is not taken.

use super::bytes::{Walk, size};
use super::exif::{self, Told};
use super::picture::{Seen, Wrong};
use store::photos::PhotoKind;

const EXTENDED: &[u8] = b"VP8X";
const LOSSY: &[u8] = b"VP8 ";
const LOSSLESS: &[u8] = b"VP8L";
const ALPHA: &[u8] = b"ALPH";
const EXIF: &[u8] = b"EXIF";
const HAS_ALPHA: u8 = 0x10;
const HAS_EXIF: u8 = 0x08;
const BROKEN: Wrong = Wrong::Broken("图片不完整,或者在传的时候坏了");

struct Chunk<'b> {
    kind: &'b [u8],
    body: &'b [u8],
}

fn chunks(bytes: &[u8]) -> Option<Vec<Chunk<'_>>> {
    let mut walk = Walk::new(bytes);
    if walk.take(4)? != b"RIFF" {
        return None;
    }
    let whole = size(walk.little32()?);
    let mut walk = Walk::new(walk.rest().get(..whole)?);
    if walk.take(4)? != b"WEBP" {
        return None;
    }
    let mut out = Vec::new();
    while !walk.rest().is_empty() {
        let kind = walk.take(4)?;
        let length = walk.little32()?;
        let body = walk.take(size(length))?;
        if length % 2 == 1 {
            walk.take(1)?;
        }
        out.push(Chunk { kind, body });
    }
    Some(out)
}

fn told(all: &[Chunk<'_>]) -> Told {
    let exif = all.iter().find(|one| one.kind == EXIF);
    let body = exif.map(|one| one.body.strip_prefix(b"Exif\0\0").unwrap_or(one.body));
    body.map(exif::read).unwrap_or_default()
}

/// The sides one chunk tells of.
fn sides(one: &Chunk<'_>) -> Option<(u32, u32)> {
    let mut walk = Walk::new(one.body);
    if one.kind == EXTENDED {
        walk.take(4)?;
        return Some((
            walk.little24()?.checked_add(1)?,
            walk.little24()?.checked_add(1)?,
        ));
    }
    if one.kind == LOSSY {
        walk.take(3)?;
        if walk.take(3)? != [0x9d, 0x01, 0x2a] {
            return None;
        }
        let (wide, high) = (walk.little16()?, walk.little16()?);
        return Some((u32::from(wide & 0x3fff), u32::from(high & 0x3fff)));
    }
    if walk.byte()? != 0x2f {
        return None;
    }
    let bits = walk.little32()?;
    Some(((bits & 0x3fff) + 1, ((bits >> 14) & 0x3fff) + 1))
}

/// Size and what it says of itself.
pub(super) fn look(bytes: &[u8]) -> Result<Seen, Wrong> {
    let all = chunks(bytes).ok_or(BROKEN)?;
    if all
        .iter()
        .any(|one| one.kind == b"ANIM" || one.kind == b"ANMF")
    {
        return Err(Wrong::NotTaken("会动的图"));
    }
    let pictures = all
        .iter()
        .filter(|one| one.kind == LOSSY || one.kind == LOSSLESS);
    if pictures.count() != 1 {
        return Err(BROKEN);
    }
    let shown = [EXTENDED, LOSSY, LOSSLESS];
    let mut largest = (0, 0);
    for one in all.iter().filter(|one| shown.contains(&one.kind)) {
        let (wide, high) = sides(one).ok_or(BROKEN)?;
        largest = (wide.max(largest.0), high.max(largest.1));
    }
    Ok(Seen {
        kind: PhotoKind::Webp,
        wide: largest.0,
        high: largest.1,
        told: told(&all),
    })
}

/// The same picture without what was written beside it.
pub(super) fn copy(bytes: &[u8]) -> Option<Vec<u8>> {
    let all = chunks(bytes)?;
    let extended = all.iter().any(|one| one.kind == EXTENDED);
    let up = exif::turned_only(&told(&all)).filter(|_| extended);
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(b"WEBP");
    for one in &all {
        let mut body = one.body.to_vec();
        if one.kind == EXTENDED {
            let flags = body.first_mut()?;
            *flags &= HAS_ALPHA;
            if up.is_some() {
                *flags |= HAS_EXIF;
            }
        } else if ![LOSSY, LOSSLESS, ALPHA].contains(&one.kind) {
            continue;
        }
        put(&mut out, one.kind, &body)?;
    }
    if let Some(up) = up {
        put(&mut out, EXIF, &up)?;
    }
    let mut whole = b"RIFF".to_vec();
    whole.extend_from_slice(&u32::try_from(out.len()).ok()?.to_le_bytes());
    whole.append(&mut out);
    Some(whole)
}

fn put(out: &mut Vec<u8>, kind: &[u8], body: &[u8]) -> Option<()> {
    out.extend_from_slice(kind);
    out.extend_from_slice(&u32::try_from(body.len()).ok()?.to_le_bytes());
    out.extend_from_slice(body);
    if !body.len().is_multiple_of(2) {
        out.push(0);
    }
    Some(())
}
