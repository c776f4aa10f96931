//! J8 as it is done on pages: an old ledger with all its faults is handed in, read in a report, taken back and
//! handed in again; and the auditor sees who did it and who looked at whom.

use super::page::{Page, Scripts, word};
use super::place::{Cases, Place, demo};
use super::{DESK, PHONE, nothing_found};
use crate::county::{County, Faults};
use std::path::{Path, PathBuf};

/// Rows of the ledger before some of them come twice: two thousand in all.
const ROWS: usize = 1_997;
/// Rows that come twice.
const TWICE: usize = 3;

#[test]
fn an_old_ledger_is_handed_in_taken_back_and_handed_in_again() {
    let Some((chrome, county, place)) = demo(Faults::None, Cases::None) else {
        return;
    };
    let mut pages = Vec::new();
    for (width, scripts) in [(DESK, Scripts::On), (PHONE, Scripts::Off)] {
        let file = ledger(&county, width);
        let mut chen = place.enter(&chrome, "chen", width, scripts);
        let batch = hands_in(&mut chen, &file);
        takes_back(&mut chen, batch);
        let again = hands_in(&mut chen, &file);
        assert_ne!(again, batch);
        takes_back(&mut chen, again);
        pages.push(chen);
    }
    pages.extend(looked(&place, &chrome, &county));
    nothing_found(pages);
}

/// Dates as people write them, cards a spreadsheet rounded, and rows twice.
fn ledger(county: &County, seed: u32) -> PathBuf {
    let register = county.feed("2026-08", "register");
    let people = register.columns(["身份证号", "姓名", "户号", "居住地区"]);
    let dates = ["2019-03", "2019年3月", "2019.3", "2019/3/1", "201903"];
    let mut text = "身份证号,姓名,户编号,救助类型,起始月份,月发放额,银行卡号,地区\n".to_owned();
    let known = people.iter().filter(|[number, ..]| number.len() == 18);
    for (at, [number, name, home, area]) in known.take(ROWS).enumerate() {
        let date = dates[at % dates.len()];
        let card = if at % 40 == 3 { "6.22848E+18" } else { "" };
        text.push_str(&format!(
            "{number},{name},{home},低保,{date},{seed}.00,{card},{area}\n"
        ));
    }
    let twice: Vec<String> = text
        .lines()
        .skip(1)
        .take(TWICE)
        .map(str::to_owned)
        .collect();
    twice
        .iter()
        .for_each(|row| text.push_str(&format!("{row}\n")));
    assert_eq!(
        text.lines().count(),
        1 + ROWS + TWICE,
        "the county is too small"
    );
    let path = county.folder.path().join(format!("老台账{seed}.csv"));
    std::fs::write(&path, text).unwrap();
    path
}

/// J8 4: import, report.
fn hands_in(page: &mut Page, file: &Path) -> i64 {
    page.open("/feeds");
    page.press("link", "报送文件");
    page.choose("报什么", "在册救助对象");
    page.choose("说的是哪个月", "2026-09");
    page.attach("文件", file);
    page.click("checkbox", "核实过了");
    page.press("button", "报送");
    while page.has("link", "看到哪里了") {
        page.press("link", "看到哪里了");
    }
    let text = page.text();
    for words in ["已入库", "科学计数法", "重复"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    page.judge("J8 4 the report of the ledger");
    let batch = page.place();
    batch.rsplit('/').next().unwrap().parse().unwrap()
}

/// J8 4: undo.
fn takes_back(page: &mut Page, batch: i64) {
    page.open(&format!("/feeds/{batch}"));
    page.judge("J8 4 a batch that counts");
    page.fill("为什么撤回", "列的是旧台账");
    page.press("button", "撤回");
    let text = page.text();
    assert!(
        text.contains("已撤回") && text.contains("列的是旧台账"),
        "{text}"
    );
    assert!(!page.has("button", "撤回"));
    page.judge("J8 4 a batch that was taken back");
}

/// J8 5: who took back, who looked at a household today and why, and a row changed by hand.
fn looked(place: &Place, chrome: &super::chrome::Chrome, county: &County) -> [Page; 2] {
    let mut chen = place.enter(chrome, "chen", DESK, Scripts::On);
    chen.open("/warnings?state=open");
    let home = "(document.querySelector('main a[href^=\"/households/\"]') || {}).pathname || ''";
    let home = word(&chen.tell(home));
    chen.open(&home);
    chen.press("link", "看完整号码");
    chen.judge_both("J8 5 a number in full is asked for");
    chen.choose("用途", "入户核实");
    chen.click("checkbox", "身份证号");
    chen.press("button", "登记并查看");
    assert!(
        chen.text().contains("已登记用途:入户核实"),
        "{}",
        chen.text()
    );
    chen.judge_both("J8 5 a number in full");
    let mut page = place.enter(chrome, "shenji", PHONE, Scripts::On);
    page.open("/audit?actor=chen");
    let text = page.text();
    assert!(
        text.contains("撤回来文") && text.contains("列的是旧台账"),
        "{text}"
    );
    page.judge_both("J8 5 what one account did");
    let no = home.rsplit('/').next().unwrap().to_owned();
    page.open("/audit");
    page.fill("家庭编号", &no);
    page.press("button", "筛选");
    let rows = page.rows();
    let today = |row: &&Vec<String>| row[1].starts_with("2026-09-14") && row[2].contains("chen");
    let of_chen: Vec<&Vec<String>> = rows.iter().filter(today).collect();
    assert!(!of_chen.is_empty(), "{rows:?}");
    for row in &of_chen {
        assert!(!row[5].is_empty(), "no reason: {row:?}");
    }
    assert!(
        of_chen.iter().any(|row| row[5].contains("在办:")),
        "{rows:?}"
    );
    page.judge_both("J8 5 who looked at a household");
    let person = word(&chen.tell("location.pathname.split('/')[4]"));
    page.open(&format!("/audit?person={person}"));
    assert!(page.text().contains("入户核实"), "{}", page.text());
    page.judge_both("J8 5 who saw a number");
    by_hand(county, &mut page);
    [chen, page]
}

/// J8 5: one cell changed behind the program is named, and nothing of it told.
fn by_hand(county: &County, page: &mut Page) {
    page.open("/audit");
    page.press("button", "逐行核对各表");
    assert!(
        page.text().contains("行行与写下时的印记相符"),
        "{}",
        page.text()
    );
    page.judge_both("J8 5 every row is whole");
    let line = rusqlite::Connection::open(county.folder.path().join("data/doudi.db")).unwrap();
    let change = "update person set birth = '1950-01-01' where person_id = 7";
    line.execute_batch(change).unwrap();
    page.open("/audit");
    page.press("button", "逐行核对各表");
    let text = page.text();
    assert!(text.contains("人员(表 person) 编号 7:内容被改"), "{text}");
    assert!(!text.contains("1950-01-01"), "{text}");
    page.judge_both("J8 5 a row changed by hand");
}
