//! Photos and scanned papers: taken by what they are, within bounds, sealed, and shown as copies to whoever may.

use super::{About, Bench, Database, Signed, postgres, visits};
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt;
use office::photos::{PHOTO_BYTES_MAX, PHOTO_FILES_MAX};
use std::path::{Path, PathBuf};
use store::photos::{AboutKind, PhotoAbout};
use tower::ServiceExt;

const BOUNDARY: &str = "doudi-test-boundary";

/// A field, or a file with its name.
pub(super) enum Part<'a> {
    Field(&'a str, &'a str),
    File(&'a str, &'a [u8]),
}

pub(super) fn multipart(parts: &[Part<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    for part in parts {
        out.extend(format!("--{BOUNDARY}\r\n").into_bytes());
        let (head, bytes) = match part {
            Part::Field(name, value) => (format!("name=\"{name}\""), value.as_bytes()),
            Part::File(name, bytes) => (
                // What a browser says of the type is not believed.
                format!("name=\"file\"; filename=\"{name}\"\r\nContent-Type: image/jpeg"),
                *bytes,
            ),
        };
        out.extend(format!("Content-Disposition: form-data; {head}\r\n\r\n").into_bytes());
        out.extend(bytes);
        out.extend(b"\r\n");
    }
    out.extend(format!("--{BOUNDARY}--\r\n").into_bytes());
    out
}

pub(super) struct Came {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) bytes: Vec<u8>,
}

impl Came {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Bench {
    pub(super) async fn send(&self, who: &Signed, path: &str, kind: &str, body: Vec<u8>) -> Came {
        let mut request = Request::builder()
            .method(if body.is_empty() { "GET" } else { "POST" })
            .uri(path)
            .header("host", "127.0.0.1:8642")
            .header("sec-fetch-site", "same-origin")
            .header("cookie", format!("doudi_session={}", who.secret))
            .header("content-type", kind);
        if kind == "application/json" {
            request = request.header("x-doudi-form", &who.word);
        }
        let request = request.body(Body::from(body)).unwrap();
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        Came {
            status: parts.status.as_u16(),
            headers: parts.headers,
            bytes: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }

    async fn upload(&self, who: &Signed, path: &str, parts: &[Part<'_>]) -> Came {
        let mut all = vec![Part::Field("form", &who.word)];
        all.extend(parts.iter().map(|part| match part {
            Part::Field(name, value) => Part::Field(name, value),
            Part::File(name, bytes) => Part::File(name, bytes),
        }));
        let kind = format!("multipart/form-data; boundary={BOUNDARY}");
        self.send(who, path, &kind, multipart(&all)).await
    }

    /// Sends one file; its status and what the page says.
    async fn one(&self, visit: i64, name: &str, bytes: &[u8]) -> (u16, String) {
        let path = format!("/visit/{visit}/photos");
        let came = self
            .upload(&self.li, &path, &[Part::File(name, bytes)])
            .await;
        (came.status, came.text())
    }
}

/// A picture of so many pixels, with what a phone writes beside it: where it was taken.
fn jpeg(wide: u16, high: u16, mark: u8) -> Vec<u8> {
    let segment = |marker: u8, body: &[u8]| {
        let length = u16::try_from(body.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], length.as_slice(), body].concat()
    };
    let mut tiff =
        b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x88\x25\0\x04\0\0\0\x01\0\0\0\x1a\0\0\0\0".to_vec();
    tiff.extend(b"\0\x04\0\x01\0\x02\0\0\0\x02N\0\0\0\0\x02\0\x05\0\0\0\x03\0\0\0\x50");
    tiff.extend(b"\0\x03\0\x02\0\0\0\x02E\0\0\0\0\x04\0\x05\0\0\0\x03\0\0\0\x68\0\0\0\0");
    for (over, under) in [(29_u32, 1_u32), (30, 1), (0, 1), (106, 1), (15, 1), (0, 1)] {
        tiff.extend(over.to_be_bytes());
        tiff.extend(under.to_be_bytes());
    }
    let [a, b] = high.to_be_bytes();
    let [c, d] = wide.to_be_bytes();
    let mut out = vec![0xff, 0xd8];
    out.extend(segment(0xe1, &tiff));
    out.extend(segment(0xc0, &[8, a, b, c, d, 1, 1, 0x11, 0]));
    out.extend(segment(0xda, &[1, 1, 0, 0, 63, 0]));
    out.extend([mark, 0xff, 0xd9]);
    out
}

/// A picture that would unfold to so many pixels.
fn png(wide: u32, high: u32) -> Vec<u8> {
    let chunk = |kind: &[u8], body: &[u8]| {
        let mut sum = flate2::Crc::new();
        sum.update(kind);
        sum.update(body);
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [length.as_slice(), kind, body, &sum.sum().to_be_bytes()].concat()
    };
    let head = [
        wide.to_be_bytes().as_slice(),
        &high.to_be_bytes(),
        &[8, 0, 0, 0, 0],
    ]
    .concat();
    [
        b"\x89PNG\r\n\x1a\n".as_slice(),
        &chunk(b"IHDR", &head),
        &chunk(b"IDAT", &[1]),
        &chunk(b"IEND", &[]),
    ]
    .concat()
}

async fn begun(bench: &Bench, at: usize) -> i64 {
    let (home, head) = bench.heads().await[at];
    let no = bench.case(home, head).await;
    visits::begin(&bench.office, &bench.li.who, About::Case(no))
        .await
        .unwrap()
}

/// K1, K2, K3, K6, K9: what is refused, with which status, and in which words.
async fn refused(bench: &Bench, visit: i64) {
    let png = png(50_000, 50_000);
    let large = [jpeg(40, 30, 1), vec![0; PHOTO_BYTES_MAX]].concat();
    // In two halves: the whole would make a scanner stop at this file.
    let trial = [
        b"$EICAR-STANDARD-".as_slice(),
        b"ANTIVIRUS-TEST-FILE!$".as_slice(),
    ]
    .concat();
    let trial = [jpeg(40, 30, 1), trial].concat();
    let script = b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n%%EOF";
    for (name, bytes, status, words) in [
        ("exe.jpg", b"MZ\x90\0\x03".as_slice(), 415, "程序"),
        (
            "page.jpg",
            b"<!doctype html><script>1</script>",
            415,
            "网页",
        ),
        ("draw.jpg", b"<svg onload=alert(1)>", 415, "SVG"),
        ("code.jpg", b"alert(1)", 415, "不认识"),
        ("act.pdf", script, 415, "脚本"),
        ("wide.png", &png, 400, "50000×50000"),
        ("none.jpg", b"", 400, "空的"),
        ("large.jpg", &large, 413, "10 MB"),
        ("trial.jpg", &trial, 415, "病毒"),
        ("cut.jpg", &jpeg(40, 30, 1)[..50], 400, "不完整"),
    ] {
        let (told, page) = bench.one(visit, name, bytes).await;
        assert!(
            told == status && page.contains(words),
            "{name}: {told}\n{page}"
        );
        assert!(!page.contains(name), "{name} is on the page");
    }
    let about = PhotoAbout::new(AboutKind::Visit, visit);
    let tx = bench.office.begin().await.unwrap();
    assert_eq!(store::photos::of(&tx, &about).await.unwrap(), []);
}

/// Files under a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(all) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let all = all.map(|one| one.unwrap().path());
    all.flat_map(|path| match path.is_dir() {
        true => files(&path),
        false => vec![path],
    })
    .collect()
}

/// K5, K7: kept by what it is, under seal, and shown without place.
async fn kept(bench: &Bench, visit: i64) -> i64 {
    let photo = jpeg(40, 30, 7);
    let path = format!("/visit/{visit}/photos");
    let long = "长".repeat(300);
    for name in ["../../x.jpg", "CON", "a\u{202e}gpj.exe", "a%00b", &long] {
        let (status, page) = bench.one(visit, name, &photo).await;
        assert_eq!(status, 303, "{name}: {page}");
    }
    let about = PhotoAbout::new(AboutKind::Visit, visit);
    let tx = bench.office.begin().await.unwrap();
    let all = store::photos::of(&tx, &about).await.unwrap();
    let [one] = all.as_slice() else {
        panic!("the same content is kept {} times", all.len())
    };
    // The first name is kept, under seal; no name makes a path.
    assert_eq!(
        store::photos::name(&tx, one.no).await.unwrap(),
        "../../x.jpg"
    );
    let told = store::photos::told(&tx, one.file).await.unwrap();
    assert!(
        told.contains("29500000") && told.contains("106250000"),
        "{told}"
    );
    drop(tx);
    let folder = bench.county.folder.path().join("data").join("photos");
    let lies = files(&folder);
    assert_eq!(lies.len(), 1, "{lies:?}");
    let sealed = std::fs::read(&lies[0]).unwrap();
    assert!(!sealed.windows(4).any(|four| four == b"Exif"));
    // Without the word of the session nothing is taken.
    let kind = format!("multipart/form-data; boundary={BOUNDARY}");
    let body = multipart(&[Part::Field("form", "x"), Part::File("a.jpg", &photo)]);
    assert_eq!(bench.send(&bench.li, &path, &kind, body).await.status, 403);

    let came = bench
        .send(&bench.li, &format!("/photos/{}", one.no), "", Vec::new())
        .await;
    assert_eq!(came.status, 200);
    let said = |name: &str| came.headers[name].to_str().unwrap().to_owned();
    assert_eq!(said("content-type"), "image/jpeg");
    assert_eq!(said("x-content-type-options"), "nosniff");
    assert_eq!(said("cache-control"), "no-store");
    assert!(said("content-disposition").contains(&format!("photo-{}.jpg", one.no)));
    assert!(said("content-security-policy").contains("sandbox"));
    assert!(!came.bytes.windows(4).any(|four| four == b"Exif"));
    assert!(came.bytes.ends_with(&[7, 0xff, 0xd9]));
    let tx = bench.office.begin().await.unwrap();
    let on = store::audit::About::Object {
        kind: "photo".to_owned(),
        id: one.no.to_string(),
    };
    let entries = store::audit::list(&tx, &on, i64::MAX, 10).await.unwrap();
    let acts: Vec<&str> = entries.iter().map(|entry| entry.act.as_str()).collect();
    assert_eq!(acts, ["read.photo", "photo.keep"]);
    one.no
}

/// K6: so many and no more, with what is there and what may be.
async fn full(bench: &Bench, visit: i64) {
    for at in 1..PHOTO_FILES_MAX {
        let (status, page) = bench
            .one(
                visit,
                "a.jpg",
                &jpeg(40, 30, 100 + u8::try_from(at).unwrap()),
            )
            .await;
        assert_eq!(status, 303, "{at}: {page}");
    }
    let (status, page) = bench.one(visit, "a.jpg", &jpeg(41, 30, 1)).await;
    let words = format!("已经有 {PHOTO_FILES_MAX} 份");
    assert!(status == 413 && page.contains(&words), "{status}\n{page}");
    // One of them once more takes no room.
    assert_eq!(bench.one(visit, "a.jpg", &jpeg(40, 30, 101)).await.0, 303);
    let whole = vec![0; 33 * 1024 * 1024];
    let (status, said) = bench.one(visit, "a.jpg", &whole).await;
    assert_eq!(status, 413, "{said}");
}

async fn the_whole(database: Database) {
    let bench = Bench::open(database).await;
    let visit = begun(&bench, 0).await;
    refused(&bench, visit).await;
    let photo = kept(&bench, visit).await;
    // K10: the same content at another door.
    let other = begun(&bench, 1).await;
    let came = bench
        .upload(
            &bench.li,
            &format!("/visit/{other}/photos"),
            &[
                Part::Field("label", "房子外面"),
                Part::File("b.jpg", &jpeg(40, 30, 7)),
            ],
        )
        .await;
    let place = came.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(place, format!("/visit/{other}?photos=1&elsewhere=1"));
    let (_, _, page) = bench.ask(&bench.li, &place, None).await;
    assert!(
        page.contains("用的是同一份") && page.contains("房子外面"),
        "{page}"
    );
    // Somebody of another township, and somebody who only checks what departments say.
    let far = bench.staff.enter("far", "窗口经办", "990102").await;
    let path = format!("/photos/{photo}");
    assert_eq!(bench.send(&far, &path, "", Vec::new()).await.status, 404);
    assert_eq!(
        bench.send(&bench.zhao, &path, "", Vec::new()).await.status,
        200
    );
    let shenji = bench.staff.enter("shenji", "审计监督", "990101").await;
    assert_eq!(bench.send(&shenji, &path, "", Vec::new()).await.status, 403);
    full(&bench, visit).await;
    let checks = office::doctor::examine(&bench.office).await.unwrap();
    let said = checks.iter().find(|check| check.name == "照片").unwrap();
    assert!(said.good, "{}", said.found);
    // A file that was changed is found.
    let folder = bench.county.folder.path().join("data").join("photos");
    let lies = files(&folder).remove(0);
    let mut bytes = std::fs::read(&lies).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&lies, bytes).unwrap();
    let checks = office::doctor::examine(&bench.office).await.unwrap();
    let said = checks.iter().find(|check| check.name == "照片").unwrap();
    assert!(!said.good, "{}", said.found);
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_are_taken_by_what_they_are_sealed_and_shown_without_place() {
    the_whole(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_are_taken_by_what_they_are_sealed_and_shown_without_place_on_postgresql() {
    if let Some(address) = postgres::fresh_database().await {
        the_whole(Database::Postgres { address }).await;
    }
}
