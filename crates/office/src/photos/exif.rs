//! What a camera wrote beside its picture: which way is up, where and when. Only these are read; the rest is
//! left out of every copy.

use super::bytes::{Walk, size};

/// What a picture says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Told {
    /// How it is to be turned, 1 to 8; 0 when it does not say.
    pub(super) turned: u16,
    /// Millionths of a degree, north and east.
    pub(super) place: Option<(i64, i64)>,
    /// As the camera wrote it: `2026:09:14 09:00:00`.
    pub(super) taken: Option<String>,
}

/// Entries of one directory that are looked at.
const ENTRIES_MAX: usize = 256;
const TURNED: u16 = 0x0112;
const CAMERA: u16 = 0x8769;
const PLACE: u16 = 0x8825;
const TAKEN: u16 = 0x9003;
const MILLION: i64 = 1_000_000;

/// One value, or where its values lie.
struct Entry {
    tag: u16,
    count: u32,
    value: [u8; 4],
}

struct Tiff<'b> {
    bytes: &'b [u8],
    little: bool,
}

impl<'b> Tiff<'b> {
    fn n16(&self, bytes: [u8; 2]) -> u16 {
        match self.little {
            true => u16::from_le_bytes(bytes),
            false => u16::from_be_bytes(bytes),
        }
    }

    fn n32(&self, bytes: [u8; 4]) -> u32 {
        match self.little {
            true => u32::from_le_bytes(bytes),
            false => u32::from_be_bytes(bytes),
        }
    }

    fn at(&self, offset: u32) -> Option<Walk<'b>> {
        self.bytes.get(size(offset)..).map(Walk::new)
    }

    /// The entries of a directory; one that breaks off is read as far as it goes.
    fn entries(&self, offset: u32) -> Vec<Entry> {
        let mut out = Vec::new();
        let Some(mut walk) = self.at(offset) else {
            return out;
        };
        let Some(count) = walk.take(2).and_then(|two| two.try_into().ok()) else {
            return out;
        };
        for _ in 0..usize::from(self.n16(count)).min(ENTRIES_MAX) {
            let Some(twelve) = walk.take(12) else { break };
            let (head, value) = twelve.split_at(8);
            let (Ok(value), Some((tag, rest))) = (value.try_into(), head.split_first_chunk::<2>())
            else {
                break;
            };
            let count = rest.get(2..).and_then(|four| four.try_into().ok());
            out.push(Entry {
                tag: self.n16(*tag),
                count: count.map_or(0, |four| self.n32(four)),
                value,
            });
        }
        out
    }

    /// Degrees, minutes and seconds as millionths of a degree.
    fn degrees(&self, entry: &Entry) -> Option<i64> {
        let mut walk = self.at(self.n32(entry.value))?;
        let mut sum = 0_i64;
        for part in [1_i64, 60, 3600] {
            let over = walk.take(4)?.try_into().ok().map(|b| self.n32(b))?;
            let under = walk.take(4)?.try_into().ok().map(|b| self.n32(b))?;
            let under = i64::from(under).checked_mul(part)?;
            let millionths = i64::from(over).checked_mul(MILLION)?;
            sum = sum.checked_add(millionths.checked_div(under)?)?;
        }
        Some(sum)
    }

    fn place(&self, offset: u32) -> Option<(i64, i64)> {
        let entries = self.entries(offset);
        let find = |tag: u16| entries.iter().find(|entry| entry.tag == tag);
        let sign = |tag: u16, against: u8| {
            let [first, ..] = find(tag)?.value;
            Some(if first == against { -1 } else { 1 })
        };
        let north = self.degrees(find(2)?)?.checked_mul(sign(1, b'S')?)?;
        let east = self.degrees(find(4)?)?.checked_mul(sign(3, b'W')?)?;
        let fits = north.abs() <= 90 * MILLION && east.abs() <= 180 * MILLION;
        fits.then_some((north, east))
    }

    fn taken(&self, offset: u32) -> Option<String> {
        let entries = self.entries(offset);
        let entry = entries.iter().find(|entry| entry.tag == TAKEN)?;
        let length = size(entry.count).min(20);
        let text = self.at(self.n32(entry.value))?.take(length)?;
        let text = std::str::from_utf8(text).ok()?.trim_end_matches('\0');
        let fits = |c: char| c.is_ascii_digit() || c == ':' || c == ' ';
        (!text.is_empty() && text.chars().all(fits)).then(|| text.to_owned())
    }
}

/// Reads what stands behind `Exif`, or nothing.
pub(super) fn read(bytes: &[u8]) -> Told {
    let little = match bytes.get(..4) {
        Some([b'I', b'I', 42, 0]) => true,
        Some([b'M', b'M', 0, 42]) => false,
        _ => return Told::default(),
    };
    let tiff = Tiff { bytes, little };
    let first = bytes.get(4..8).and_then(|four| four.try_into().ok());
    let mut told = Told::default();
    for entry in tiff.entries(first.map_or(0, |four| tiff.n32(four))) {
        let [a, b, ..] = entry.value;
        match entry.tag {
            TURNED => told.turned = tiff.n16([a, b]),
            PLACE => told.place = tiff.place(tiff.n32(entry.value)),
            CAMERA => told.taken = tiff.taken(tiff.n32(entry.value)),
            _ => {}
        }
    }
    if told.turned > 8 {
        told.turned = 0;
    }
    told
}

/// What a copy still says: which way is up, and nothing else; none when it is up already.
pub(super) fn turned_only(told: &Told) -> Option<Vec<u8>> {
    if told.turned < 2 {
        return None;
    }
    let mut out = vec![b'M', b'M', 0, 42, 0, 0, 0, 8, 0, 1];
    out.extend_from_slice(&TURNED.to_be_bytes());
    out.extend_from_slice(&[0, 3, 0, 0, 0, 1]);
    out.extend_from_slice(&told.turned.to_be_bytes());
    out.extend_from_slice(&[0, 0, 0, 0, 0, 0]);
    Some(out)
}
