//! Changing the rulebook on the pages of a server that goes on serving.

use super::{Bench, NUMBERS, raised};
use crate::staff::{Signed, Staff};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use office::desk::Desk;
use server::{House, Pages};
use std::io::Write;
use std::sync::Arc;
use tower::ServiceExt;

struct Told {
    status: u16,
    place: String,
    body: String,
}

async fn ask(router: &Router, request: Request<Body>) -> Told {
    let answer = router.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let place = answer.headers().get("location");
    let place = place.map_or_else(String::new, |place| place.to_str().unwrap().to_owned());
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    Told {
        status,
        place,
        body: String::from_utf8_lossy(&bytes).into_owned(),
    }
}

fn request(method: &str, path: &str, who: &Signed) -> axum::http::request::Builder {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "127.0.0.1:8642")
        .header("sec-fetch-site", "same-origin")
        .header("cookie", format!("doudi_session={}", who.secret))
}

async fn get(router: &Router, path: &str, who: &Signed) -> Told {
    let request = request("GET", path, who).body(Body::empty()).unwrap();
    ask(router, request).await
}

async fn post(router: &Router, path: &str, who: &Signed, fields: &str) -> Told {
    let request = request("POST", path, who)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(format!("form={}&{fields}", who.word)));
    ask(router, request.unwrap()).await
}

/// A form with a file, as a browser sends it.
async fn hand_in(router: &Router, path: &str, who: &Signed, (name, bytes): (&str, &[u8])) -> Told {
    let mut body = Vec::new();
    for (field, value) in [("form", who.word.as_str()), ("why", "示例民发〔2026〕3 号")] {
        write!(
            body,
            "--b\r\ncontent-disposition: form-data; name=\"{field}\"\r\n\r\n{value}\r\n"
        )
        .unwrap();
    }
    write!(
        body,
        "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         content-type: application/octet-stream\r\n\r\n"
    )
    .unwrap();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--b--\r\n");
    let request = request("POST", path, who)
        .header("content-type", "multipart/form-data; boundary=b")
        .body(Body::from(body));
    ask(router, request.unwrap()).await
}

fn zipped(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_persons_change_the_rulebook_on_the_pages_and_the_server_takes_it_up() {
    let (bench, _rulebook) = Bench::small().await;
    let office = bench.office();
    let staff = Staff::of_beside(&office, "990101").await;
    let mei = staff.enter("mei", "县级审核", "990101").await;
    let qian = staff.enter("qian", "县级审核", "990101").await;
    let wei = staff.enter("wei", "窗口经办", "990101").await;
    let before = Desk::open(Arc::clone(&office)).await.unwrap();
    let pages = Pages::new(House {
        views: Arc::clone(&before),
        access: Arc::clone(&staff.access),
        front: None,
    });
    let router = pages.router();
    let numbers = raised(&bench.text(NUMBERS), "2027-01-01", "2026-12-31");

    // Whoever may not propose is refused, and hostile files leave nothing behind.
    let (name, zip) = ("改动.zip", zipped(&[(NUMBERS, numbers.as_bytes())]));
    let refused = hand_in(&router, "/rulebook/changes", &wei, (name, &zip)).await;
    assert_eq!(refused.status, 403);
    for (bytes, expected) in [
        (zipped(&[("../../etc/a.md", b"x")]), "指向压缩包以外"),
        (zipped(&[(NUMBERS, &vec![b'a'; 64 << 20])]), "太大"),
        (
            zipped(&[("policies/dibao.md", "# 低保\n收\u{202E}入\n".as_bytes())]),
            "policies/dibao.md:2:2: 有看不见的字符 U+202E",
        ),
        (zip[..zip.len() / 2].to_vec(), "不完整或已损坏"),
        (b"MZ\x90".to_vec(), "手册里没有这个文件"),
    ] {
        let told = hand_in(&router, "/rulebook/changes", &mei, ("a.zip", &bytes)).await;
        assert_eq!(told.status, 422, "{expected}");
        assert!(told.body.contains(expected), "{expected}: {}", told.body);
    }
    let none = get(&router, "/rulebook/changes", &mei).await;
    assert!(none.body.contains("还没有提出过改动"));

    let told = hand_in(&router, "/rulebook/changes", &mei, (name, &zip)).await;
    assert_eq!(
        (told.status, told.place.as_str()),
        (303, "/rulebook/changes/1?done=propose")
    );
    let page = get(&router, "/rulebook/changes/1", &mei).await;
    assert!(
        page.body.contains("2027-01-01 起 900 元/人月"),
        "{}",
        page.body
    );
    assert!(page.body.contains("没有挡着的"));

    // The same person twice is one person, on the pages too.
    let sign = "/rulebook/changes/1/sign";
    assert_eq!(post(&router, sign, &wei, "").await.status, 403);
    assert_eq!(post(&router, sign, &mei, "").await.status, 303);
    let again = post(&router, sign, &mei, "").await;
    assert_eq!(again.status, 422);
    assert!(again.body.contains("另一个人"));
    assert_eq!(
        staff.access.office().version(),
        0,
        "one signature puts nothing in force"
    );
    assert_eq!(post(&router, sign, &qian, "").await.status, 303);

    // The page does not wait for it; the test does.
    pages.follow().await.unwrap();
    let index = get(&router, "/rulebook", &mei).await;
    assert!(index.body.contains("两人签发的第 1 版"), "{}", index.body);
    let list = get(&router, "/rulebook/changes", &qian).await;
    assert!(list.body.contains("现在运行") && !list.body.contains("正在换上"));
    let shown = get(
        &router,
        "/admin/params?day=2027-01-01&words=personal_means",
        &qian,
    )
    .await;
    assert!(shown.body.contains("900 元/人月"));
    let shown = get(
        &router,
        "/admin/params?day=2026-12-31&words=personal_means",
        &qian,
    )
    .await;
    assert!(shown.body.contains("820 元/人月"));
    // What was begun before goes on with what it began with.
    let old = before.rulebook(&mei.who).await.unwrap();
    assert!(!old.origin.contains("第 1 版"));
    // Nothing more was signed: nothing more is taken up.
    assert!(!pages.follow().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sheet_of_numbers_goes_out_and_comes_back_by_the_page_and_a_wrong_cell_sends_it_back() {
    let (bench, _rulebook) = Bench::small().await;
    let office = bench.office();
    let staff = Staff::of_beside(&office, "990101").await;
    let mei = staff.enter("mei", "县级审核", "990101").await;
    let router = staff.router(&office).await;
    let page = get(&router, "/admin/params", &mei).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("低保标准") && page.body.contains("示例值"));
    let request = request("GET", "/admin/params/export.xlsx?year=2027", &mei);
    let answer = router
        .clone()
        .oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    let folder = tempfile::tempdir().unwrap();
    let (sheet, text) = (folder.path().join("a.xlsx"), folder.path().join("a.csv"));
    std::fs::write(&sheet, &bytes).unwrap();
    office::intake::workbook::to_csv(&sheet, std::fs::File::create(&text).unwrap()).unwrap();
    let filled = |value: &str| {
        let mut rows = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_path(&text)
            .unwrap();
        let mut out = csv::Writer::from_writer(Vec::new());
        for row in rows.records() {
            let row = row.unwrap();
            let mut cells: Vec<String> = row.iter().map(str::to_owned).collect();
            let of = (&cells[0], &cells[1], &cells[2], &cells[3]);
            if [of.0, of.1, of.2, of.3] == ["personal_means", "低保标准", "990101", "城乡=城镇"]
            {
                cells[8] = value.to_owned();
                cells[9] = "2027-01-01".to_owned();
                cells[10] = "示例民发〔2026〕3 号".to_owned();
            }
            out.write_record(&cells).unwrap();
        }
        out.into_inner().unwrap()
    };
    let wrong = hand_in(&router, "/admin/params", &mei, ("a.csv", &filled("九百"))).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("九百"), "{}", wrong.body);
    let none = get(&router, "/rulebook/changes", &mei).await;
    assert!(none.body.contains("还没有提出过改动"));
    let good = hand_in(&router, "/admin/params", &mei, ("a.csv", &filled("900"))).await;
    assert_eq!(
        (good.status, good.place.as_str()),
        (303, "/rulebook/changes/1?done=propose")
    );
    let left = std::fs::read_dir(bench.folder.path().join("data")).unwrap();
    let left = left.filter(|e| {
        e.as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with("sheet-")
    });
    assert_eq!(left.count(), 0, "a sheet that was handed in is not kept");
}
