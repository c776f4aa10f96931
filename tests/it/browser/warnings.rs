//! J6 as it is done on pages: a department hands in its file, the report of its rows, the same file again, a
//! warning looked into and found not to be so, and the number of one place the same at each level.

use super::chrome::Chrome;
use super::page::{Page, Scripts, word};
use super::place::{Cases, Place, demo};
use super::{DESK, PHONE, nothing_found};
use crate::county::{County, Faults};
use domain::Month;
use office::monitoring;
use std::path::{Path, PathBuf};

const MONTH: &str = "2026-08";
const FEED: &str = "medical-expense";

#[test]
fn a_department_hands_in_a_file_and_a_warning_of_it_is_looked_into() {
    let Some((chrome, county, place)) = demo(Faults::None, Cases::None) else {
        return;
    };
    let mut pages = Vec::new();
    for (at, (width, scripts)) in [(DESK, Scripts::On), (PHONE, Scripts::Off)]
        .into_iter()
        .enumerate()
    {
        let file = written(&county, at);
        let mut yibao = place.enter(&chrome, "yibao", width, scripts);
        hands_in(&mut yibao, &file);
        pages.push(yibao);
    }
    let month = Month::parse(MONTH).unwrap();
    let run = monitoring::run_month(place.access.office(), month, |_| {});
    let run = place.runtime.block_on(run).unwrap();
    assert!(run.warnings_raised > 0, "{run:?}");
    pages.push(own_township(&place, &chrome));
    pages.push(is_not_so(&place, &chrome));
    nothing_found(pages);
}

/// The month's file with a stay in hospital of one more head of a household, and a number that is none.
fn written(county: &County, at: usize) -> PathBuf {
    let register = county.feed(MONTH, "register");
    let people = register.columns(["身份证号", "姓名", "与户主关系", "登记状态"]);
    let mut heads = people.iter().filter(|[number, _, relation, state]| {
        *relation == "户主" && *state == "在册" && number.len() == 18
    });
    let [number, name, ..] = heads.nth(40 + at).unwrap();
    let mut table = county.feed(MONTH, FEED);
    for (no, number) in [(0, *number), (1, "990101195403121283")] {
        table.add_row(&[
            ("结算单号", format!("JS8888880{at}{no}").as_str()),
            ("身份证号", number),
            ("姓名", name),
            ("就医类型", "住院"),
            ("病种", "重病"),
            ("结算日", "2026-08-21"),
            ("总费用", "61000.00"),
            ("政策内费用", "50000.00"),
            ("统筹支付", "20000.00"),
            ("大病支付", "0.00"),
            ("个人自付", "41000.00"),
        ]);
    }
    let path = county.folder.path().join(format!("自付{at}.csv"));
    table.write(&path);
    path
}

/// J6 1 and 9.
fn hands_in(page: &mut Page, file: &Path) {
    page.press("link", "数据报送");
    page.judge("J6 1 what may be handed in");
    let empty = file.with_file_name("空.csv");
    std::fs::write(&empty, "").unwrap();
    send(page, &empty);
    assert!(page.text().contains("没有办成"), "{}", page.text());
    page.judge("J6 1 an empty file");
    send(page, file);
    let text = page.text();
    assert!(
        text.contains("每一行的去向") && text.contains("已入库"),
        "{text}"
    );
    assert!(
        text.contains("990101********1283"),
        "a number stands in full or not at all: {text}"
    );
    page.judge("J6 1 the report");
    let (name, path) = page.download("link", "下载退回明细表");
    let book = std::fs::read(path).unwrap();
    assert!(book.starts_with(b"PK") && name.ends_with(".xlsx"), "{name}");
    page.press("link", "返回数据报送");
    send(page, file);
    assert!(page.text().contains("什么都没有变"), "{}", page.text());
    page.judge("J6 9 the same file again");
}

fn send(page: &mut Page, file: &Path) {
    page.choose("报什么", "医疗费用结算");
    page.choose("说的是哪个月", MONTH);
    page.attach("文件", file);
    page.press("button", "报送");
    // A file that takes long is asked after by the page's own button.
    while page.has("link", "看到哪里了") {
        page.press("link", "看到哪里了");
    }
}

/// J6 4: what the clerk of a township sees is of that township.
fn own_township(place: &Place, chrome: &Chrome) -> Page {
    let mut page = place.enter(chrome, "wang", DESK, Scripts::On);
    page.open("/warnings");
    let places = page.tell("[...document.querySelectorAll('main tbody tr')].map(r => r.innerText)");
    let rows = places.as_array().cloned().unwrap_or_default();
    for row in rows {
        assert!(!word(&row).contains("城西街道"), "{}", word(&row));
    }
    page.judge("J6 4 her township");
    page
}

/// J6 5: not so, with a reason; the warning is closed and the rule silent.
fn is_not_so(place: &Place, chrome: &Chrome) -> Page {
    let mut page = place.enter(chrome, "wang", PHONE, Scripts::On);
    let first = "(document.querySelector('main a[href^=\"/warnings/\"]') || {}).pathname || ''";
    page.open("/warnings?kind=medical_spike&state=open");
    let mut at = word(&page.tell(first));
    if at.is_empty() {
        page.open("/warnings?state=open");
        at = word(&page.tell(first));
    }
    page.open(&at);
    page.judge("J6 5 a warning");
    page.fill("不属实", "单据是替别人开的");
    page.press("button", "不属实");
    assert!(!page.has("button", "不属实"), "{}", page.text());
    page.judge("J6 5 found not to be so");
    page
}
