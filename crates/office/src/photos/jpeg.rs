//! JPEG, segment by segment. Nothing is decoded.

use super::bytes::Walk;
use super::exif::{self, Told};
use super::picture::{Seen, Wrong};
use store::photos::PhotoKind;

const EXIF: &[u8] = b"Exif\0\0";
const ADOBE: &[u8] = b"Adobe";
const BROKEN: Wrong = Wrong::Broken("照片不完整,或者在传的时候坏了");

/// Segments of one picture. A camera writes some dozens; each takes room of its own while it is looked at.
const SEGMENTS_MAX: usize = 4_096;

struct Segment<'b> {
    marker: u8,
    /// Between its length and the next segment; empty for those without.
    body: &'b [u8],
    /// All of it, with the marker and, behind a scan's head, the scan.
    whole: &'b [u8],
}

/// The segments between the beginning and the end of the picture; what follows the end is no part of it.
fn segments(bytes: &[u8]) -> Option<Vec<Segment<'_>>> {
    let mut walk = Walk::new(bytes);
    if walk.take(2)? != [0xff, 0xd8] {
        return None;
    }
    let mut out = Vec::new();
    loop {
        let start = walk.rest();
        if walk.byte()? != 0xff {
            return None;
        }
        let mut marker = walk.byte()?;
        while marker == 0xff {
            marker = walk.byte()?;
        }
        match marker {
            0xd9 => return Some(out),
            0x01 | 0xd0..=0xd7 => continue,
            0x00 | 0xd8 => return None,
            _ => {}
        }
        let length = usize::from(walk.big16()?).checked_sub(2)?;
        let body = walk.take(length)?;
        if marker == 0xda {
            walk.take(scan(walk.rest())?)?;
        }
        if out.len() >= SEGMENTS_MAX {
            return None;
        }
        let taken = start.len().checked_sub(walk.rest().len())?;
        out.push(Segment {
            marker,
            body,
            whole: start.get(..taken)?,
        });
    }
}

/// How long a scan is: to the next marker that does not belong to it.
fn scan(bytes: &[u8]) -> Option<usize> {
    let mut at = 0_usize;
    loop {
        at = at.checked_add(memchr::memchr(0xff, bytes.get(at..)?)?)?;
        match bytes.get(at.checked_add(1)?)? {
            0x00 | 0xd0..=0xd7 => at = at.checked_add(2)?,
            0xff => at = at.checked_add(1)?,
            _ => return Some(at),
        }
    }
}

fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
}

fn told(all: &[Segment<'_>]) -> Told {
    let mut exif = all.iter().filter(|one| one.marker == 0xe1);
    let exif = exif.find_map(|one| one.body.strip_prefix(EXIF));
    exif.map(exif::read).unwrap_or_default()
}

/// Size and what it says of itself.
pub(super) fn look(bytes: &[u8]) -> Result<Seen, Wrong> {
    let all = segments(bytes).ok_or(BROKEN)?;
    let mut frames = all.iter().filter(|one| is_frame(one.marker));
    let (Some(frame), None) = (frames.next(), frames.next()) else {
        return Err(BROKEN);
    };
    let scans = all.iter().any(|one| one.marker == 0xda);
    let mut body = Walk::new(frame.body);
    let sides = body
        .byte()
        .and_then(|_| Some((body.big16()?, body.big16()?)));
    let (high, wide) = sides.filter(|_| scans).ok_or(BROKEN)?;
    Ok(Seen {
        kind: PhotoKind::Jpeg,
        wide: u32::from(wide),
        high: u32::from(high),
        told: told(&all),
    })
}

/// The same picture without what was written beside it.
pub(super) fn copy(bytes: &[u8]) -> Option<Vec<u8>> {
    let all = segments(bytes)?;
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(&[0xff, 0xd8]);
    if let Some(up) = exif::turned_only(&told(&all)) {
        let length = up.len().checked_add(EXIF.len())?.checked_add(2)?;
        out.extend_from_slice(&[0xff, 0xe1]);
        out.extend_from_slice(&u16::try_from(length).ok()?.to_be_bytes());
        out.extend_from_slice(EXIF);
        out.extend_from_slice(&up);
    }
    for one in &all {
        // Without Adobe's word on the colours some pictures would be shown in wrong ones.
        let colours = one.marker == 0xee && one.body.starts_with(ADOBE) && one.body.len() <= 12;
        let beside = matches!(one.marker, 0xe0..=0xef | 0xfe) && !colours;
        if !beside {
            out.extend_from_slice(one.whole);
        }
    }
    out.extend_from_slice(&[0xff, 0xd9]);
    Some(out)
}
