//! Files as they come, good and bad, made here byte by byte.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that fails should stop where it failed"
)]

use super::exif::Told;
use super::picture::{Seen, Wrong, copy, look};
use flate2::Crc;
use store::photos::PhotoKind;

fn segment(marker: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], length.as_slice(), body].concat()
}

/// A picture of so many pixels with these segments in front; its scan holds a stuffed byte and a restart.
fn jpeg(wide: u16, high: u16, beside: &[Vec<u8>]) -> Vec<u8> {
    let sides = [
        &[8],
        high.to_be_bytes().as_slice(),
        &wide.to_be_bytes(),
        &[1, 1, 0x11, 0],
    ]
    .concat();
    let mut out = vec![0xff, 0xd8];
    out.extend(beside.concat());
    out.extend(segment(0xdb, &[0; 65]));
    out.extend(segment(0xc0, &sides));
    out.extend(segment(0xda, &[1, 1, 0, 0, 63, 0]));
    out.extend([0x12, 0xff, 0x00, 0x34, 0xff, 0xd0, 0x56, 0xff, 0xd9]);
    out
}

fn entry(tag: u16, kind: u16, count: u32, value: [u8; 4]) -> Vec<u8> {
    [
        tag.to_le_bytes().as_slice(),
        &kind.to_le_bytes(),
        &count.to_le_bytes(),
        &value,
    ]
    .concat()
}

/// What a phone writes: turned to the right, at 29°33′36″ north and 106°30′ west of nowhere's east.
fn exif() -> Vec<u8> {
    let mut tiff = b"II\x2a\0\x08\0\0\0".to_vec();
    let at = |offset: u32| offset.to_le_bytes();
    tiff.extend([3, 0]);
    tiff.extend(entry(0x0112, 3, 1, [6, 0, 0, 0]));
    tiff.extend(entry(0x8769, 4, 1, at(50)));
    tiff.extend(entry(0x8825, 4, 1, at(88)));
    tiff.extend([0; 4]);
    tiff.extend([1, 0]);
    tiff.extend(entry(0x9003, 2, 20, at(68)));
    tiff.extend([0; 4]);
    tiff.extend(b"2026:09:14 09:00:00\0");
    tiff.extend([4, 0]);
    tiff.extend(entry(1, 2, 2, *b"N\0\0\0"));
    tiff.extend(entry(2, 5, 3, at(142)));
    tiff.extend(entry(3, 2, 2, *b"E\0\0\0"));
    tiff.extend(entry(4, 5, 3, at(166)));
    tiff.extend([0; 4]);
    for (over, under) in [
        (29_u32, 1_u32),
        (33, 1),
        (3600, 100),
        (106, 1),
        (30, 1),
        (0, 1),
    ] {
        tiff.extend(over.to_le_bytes());
        tiff.extend(under.to_le_bytes());
    }
    tiff
}

fn chunk(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut sum = Crc::new();
    sum.update(kind);
    sum.update(body);
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [length.as_slice(), kind, body, &sum.sum().to_be_bytes()].concat()
}

fn png(wide: u32, high: u32, beside: &[Vec<u8>]) -> Vec<u8> {
    let head = [
        wide.to_be_bytes().as_slice(),
        &high.to_be_bytes(),
        &[8, 0, 0, 0, 0],
    ]
    .concat();
    let mut out = super::png::MAGIC.to_vec();
    out.extend(chunk(b"IHDR", &head));
    out.extend(beside.concat());
    out.extend(chunk(b"IDAT", &[1, 2, 3]));
    out.extend(chunk(b"IEND", &[]));
    out
}

fn riff(chunks: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    for (kind, bytes) in chunks {
        body.extend(*kind);
        body.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
        body.extend(bytes);
        body.extend(vec![0; bytes.len() % 2]);
    }
    [
        b"RIFF".as_slice(),
        &u32::try_from(body.len()).unwrap().to_le_bytes(),
        &body,
    ]
    .concat()
}

fn lossy(wide: u16, high: u16) -> Vec<u8> {
    let mut out = vec![0, 0, 0, 0x9d, 0x01, 0x2a];
    out.extend(wide.to_le_bytes());
    out.extend(high.to_le_bytes());
    out
}

/// kind, sides, how it is turned, whether it says where and when.
fn check(bytes: &[u8], expected: &str) {
    let said = match look(bytes) {
        Ok(Seen {
            kind,
            wide,
            high,
            told,
        }) => format!(
            "{} {wide}×{high} {} {} {}",
            kind.word(),
            told.turned,
            told.place
                .map_or("nowhere".to_owned(), |(n, e)| format!("{n},{e}")),
            told.taken.unwrap_or_default()
        ),
        Err(Wrong::NotTaken(what)) => format!("not taken: {what}"),
        Err(Wrong::Unsafe(_)) => "unsafe".to_owned(),
        Err(Wrong::Broken(_)) => "broken".to_owned(),
        Err(Wrong::TooWide(wide, high)) => format!("too wide: {wide}×{high}"),
    };
    assert_eq!(said.trim(), expected);
}

#[test]
fn a_file_is_what_its_bytes_are_and_its_sides_are_known_before_anything_is_decoded() {
    let located = segment(0xe1, &[b"Exif\0\0".as_slice(), &exif()].concat());
    check(&jpeg(4000, 3000, &[]), "jpeg 4000×3000 0 nowhere");
    check(
        &jpeg(4000, 3000, &[located]),
        "jpeg 4000×3000 6 29560000,106500000 2026:09:14 09:00:00",
    );
    check(&png(640, 480, &[]), "png 640×480 0 nowhere");
    check(
        &riff(&[(b"VP8 ", lossy(300, 200))]),
        "webp 300×200 0 nowhere",
    );
    check(
        b"%PDF-1.4\n1 0 obj <</Type/Catalog>> endobj\n%%EOF\n",
        "pdf 0×0 0 nowhere",
    );
    check(&png(50_000, 50_000, &[]), "too wide: 50000×50000");
    check(&jpeg(65_000, 10, &[]), "too wide: 65000×10");
    check(&png(0, 10, &[]), "broken");
    // Ten million bytes of empty segments would take ten times their room.
    let beside = vec![segment(0xfe, &[]); 5_000];
    check(&jpeg(10, 10, &beside), "broken");
    check(&jpeg(10, 10, &beside[..1_000]), "jpeg 10×10 0 nowhere");
}

#[test]
fn what_only_calls_itself_a_picture_is_told_by_what_it_is() {
    check(b"MZ\x90\0", "not taken: 程序");
    check(b"<!doctype html><script>", "not taken: 网页或者 SVG 图");
    check(
        b" <svg xmlns='http://www.w3.org/2000/svg'/>",
        "not taken: 网页或者 SVG 图",
    );
    check(b"PK\x03\x04", "not taken: 压缩包或者办公文档");
    check(b"\0\0\0\x18ftypheic", "not taken: HEIC 照片或者视频");
    check(b"alert(1)", "not taken: 不认识的文件");
    check(
        &riff(&[
            (b"VP8X", vec![2, 0, 0, 0, 9, 0, 0, 9, 0, 0]),
            (b"ANIM", vec![0; 6]),
        ]),
        "not taken: 会动的图",
    );
    // Put together: the scanners' trial string would be found in the source of this test.
    let trial = [
        b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-".as_slice(),
        b"ANTIVIRUS-TEST-FILE!$H+H*",
    ]
    .concat();
    check(&[jpeg(10, 10, &[]), trial].concat(), "unsafe");
}

#[test]
fn a_paper_that_can_act_is_refused_however_its_words_are_written() {
    for acts in [
        "/OpenAction 2 0 R",
        "/AA <</O 3 0 R>>",
        "/S/JavaScript/JS(app.alert(1))",
        "/S/J#61vaScript",
        "/S /Launch",
        "/EmbeddedFiles 4 0 R",
        "/Type/ObjStm",
        "/Encrypt 5 0 R",
        "/S/URI/URI(http://example)",
    ] {
        let text = format!("%PDF-1.4\n1 0 obj <</Type/Catalog {acts}>> endobj\n%%EOF\n");
        check(text.as_bytes(), "unsafe");
    }
    check(b"%PDF-1.4\n1 0 obj", "broken");
    let trailing = [b"%PDF-1.4\n%%EOF\n".as_slice(), &[b'x'; 5000]].concat();
    check(&trailing, "broken");
}

#[test]
fn a_file_cut_anywhere_is_refused_and_never_panics() {
    let located = segment(0xe1, &[b"Exif\0\0".as_slice(), &exif()].concat());
    let extended = vec![0x08, 0, 0, 0, 0x2b, 1, 0, 0xc7, 0, 0];
    let whole = [
        jpeg(40, 30, &[located]),
        png(64, 48, &[chunk(b"eXIf", &exif())]),
        riff(&[
            (b"VP8X", extended),
            (b"VP8 ", lossy(300, 200)),
            (b"EXIF", exif()),
        ]),
    ];
    for file in whole {
        assert!(look(&file).is_ok());
        for cut in 0..file.len() {
            assert!(look(&file[..cut]).is_err(), "{cut} of {}", file.len());
        }
        // One bit wrong: refused or taken, but answered.
        for at in 0..file.len() * 8 {
            let mut bent = file.clone();
            bent[at / 8] ^= 1 << (at % 8);
            if let Ok(seen) = look(&bent) {
                copy(seen.kind, bent);
            }
        }
    }
}

/// The copy is the same picture, says which way is up, and nothing else of what was written beside it.
fn clean(kind: PhotoKind, bytes: Vec<u8>) {
    let before = look(&bytes).unwrap();
    let out = copy(kind, bytes).unwrap();
    let after = look(&out).unwrap();
    assert_eq!(
        (after.kind, after.wide, after.high),
        (kind, before.wide, before.high)
    );
    let up = Told {
        turned: before.told.turned,
        ..Told::default()
    };
    assert_eq!(after.told, up);
    for word in [b"SECRET".as_slice(), b"2026:09", b"PK\x03\x04", b"http"] {
        assert!(
            memchr::memmem::find(&out, word).is_none(),
            "{kind:?} keeps {word:?}"
        );
    }
}

#[test]
fn a_copy_says_which_way_is_up_and_not_where_or_when_or_by_whom() {
    let beside = [
        segment(0xe0, b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0"),
        segment(0xe1, &[b"Exif\0\0".as_slice(), &exif()].concat()),
        segment(0xe1, b"http://ns.adobe.com/xap/1.0/\0SECRET"),
        segment(0xed, b"Photoshop 3.0\0SECRET"),
        segment(0xfe, b"SECRET"),
    ];
    // Another archive behind the end is no part of the picture.
    clean(
        PhotoKind::Jpeg,
        [jpeg(40, 30, &beside), b"PK\x03\x04SECRET".to_vec()].concat(),
    );
    let beside = [
        chunk(b"eXIf", &exif()),
        chunk(b"tEXt", b"Author\0SECRET"),
        chunk(b"prVt", b"SECRET"),
    ];
    clean(
        PhotoKind::Png,
        [png(64, 48, &beside), b"SECRET".to_vec()].concat(),
    );
    let extended = vec![0x2c, 0, 0, 0, 0x2b, 1, 0, 0xc7, 0, 0];
    let webp = riff(&[
        (b"VP8X", extended),
        (b"ICCP", b"SECRET".to_vec()),
        (b"VP8 ", lossy(300, 200)),
        (b"EXIF", exif()),
        (b"XMP ", b"SECRET".to_vec()),
    ]);
    clean(PhotoKind::Webp, webp);
}
