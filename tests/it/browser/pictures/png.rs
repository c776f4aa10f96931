//! A picture of the screen in few colours: letters on plain grounds lose nothing one sees, and three quarters of
//! the bytes.

use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use std::collections::HashMap;
use std::io::{Read, Write};

const SIGNATURE: &[u8; 8] = b"\x89PNG\r\n\x1a\n";
/// Colours a byte can name.
const COLOURS: usize = 256;

type Colour = [u8; 3];

/// The same picture with at most 256 colours: those seen most, the others as the nearest of them.
pub(super) fn in_few_colours(bytes: &[u8]) -> Vec<u8> {
    let (wide, high, colours) = read(bytes);
    let mut seen: HashMap<Colour, usize> = HashMap::new();
    for colour in &colours {
        *seen.entry(*colour).or_default() += 1;
    }
    let mut often: Vec<(Colour, usize)> = seen.into_iter().collect();
    often.sort_unstable_by_key(|(colour, many)| (std::cmp::Reverse(*many), *colour));
    let palette: Vec<Colour> = often.iter().take(COLOURS).map(|(one, _)| *one).collect();
    let named: HashMap<Colour, u8> = often
        .iter()
        .map(|(colour, _)| (*colour, nearest(&palette, *colour)))
        .collect();
    let mut rows = Vec::with_capacity(colours.len() + high);
    for row in colours.chunks(wide) {
        rows.push(0);
        rows.extend(row.iter().map(|colour| named[colour]));
    }
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
    packed.write_all(&rows).unwrap();
    let mut head = Vec::new();
    for side in [wide, high] {
        head.extend(u32::try_from(side).unwrap().to_be_bytes());
    }
    head.extend([8, 3, 0, 0, 0]);
    let mut out = SIGNATURE.to_vec();
    chunk(&mut out, b"IHDR", &head);
    chunk(&mut out, b"PLTE", &palette.concat());
    chunk(&mut out, b"IDAT", &packed.finish().unwrap());
    chunk(&mut out, b"IEND", &[]);
    out
}

fn nearest(palette: &[Colour], wanted: Colour) -> u8 {
    let far = |one: &Colour| -> u32 {
        let parts = one.iter().zip(wanted);
        parts.map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
    };
    let best = palette.iter().enumerate().min_by_key(|(_, one)| far(one));
    u8::try_from(best.unwrap().0).unwrap()
}

fn chunk(out: &mut Vec<u8>, kind: &[u8], body: &[u8]) {
    out.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
    let mut sum = Crc::new();
    sum.update(kind);
    sum.update(body);
    out.extend(kind);
    out.extend(body);
    out.extend(sum.sum().to_be_bytes());
}

/// Width, height and points of a picture as chromium writes it: eight bits, three or four of them a point.
fn read(bytes: &[u8]) -> (usize, usize, Vec<Colour>) {
    let number = |at: usize| {
        let four: [u8; 4] = bytes[at..at + 4].try_into().unwrap();
        usize::try_from(u32::from_be_bytes(four)).unwrap()
    };
    assert_eq!(&bytes[..8], SIGNATURE);
    let (wide, high) = (number(16), number(20));
    let (depth, kind) = (bytes[24], bytes[25]);
    assert!(depth == 8 && (kind == 2 || kind == 6), "{depth} {kind}");
    let of_point = if kind == 2 { 3 } else { 4 };
    let (mut at, mut packed) = (8, Vec::new());
    while at < bytes.len() {
        let length = number(at);
        if &bytes[at + 4..at + 8] == b"IDAT" {
            packed.extend(&bytes[at + 8..at + 8 + length]);
        }
        at += 12 + length;
    }
    let mut flat = Vec::new();
    ZlibDecoder::new(packed.as_slice())
        .read_to_end(&mut flat)
        .unwrap();
    let mut before = vec![0_u8; wide * of_point];
    let mut colours = Vec::with_capacity(wide * high);
    for row in flat.chunks(1 + wide * of_point) {
        let mut line = row[1..].to_vec();
        unfilter(row[0], &mut line, &before, of_point);
        colours.extend(line.chunks(of_point).map(|p| [p[0], p[1], p[2]]));
        before = line;
    }
    (wide, high, colours)
}

fn unfilter(way: u8, line: &mut [u8], above: &[u8], of_point: usize) {
    for at in 0..line.len() {
        let left = if at < of_point {
            0
        } else {
            line[at - of_point]
        };
        let corner = if at < of_point {
            0
        } else {
            above[at - of_point]
        };
        let up = above[at];
        let guess = match way {
            0 => 0,
            1 => left,
            2 => up,
            3 => u8::try_from((u16::from(left) + u16::from(up)) / 2).unwrap(),
            _ => paeth(left, up, corner),
        };
        line[at] = line[at].wrapping_add(guess);
    }
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let [a, b, c] = [left, up, corner].map(i16::from);
    let far = |one: i16| (a + b - c - one).abs();
    let best = [(far(a), 0, left), (far(b), 1, up), (far(c), 2, corner)];
    best.into_iter().min().unwrap().2
}
