//! The month's money of the journey: what is spoilt beforehand and set apart, who signs, what the bank sends back.

use super::MONTH;
use crate::browser::chrome::Chrome;
use crate::browser::page::{Page, Scripts};
use crate::browser::place::Place;
use crate::browser::{DESK, PHONE, nothing_found};
use crate::county::{County, Table};
use domain::BankCard;
use domain::payment::BatchAct;
use office::intake::workbook;
use std::fs::File;
use std::path::{Path, PathBuf};

/// What stops a line of the month: somebody dead, a card's digit, a card of two households.
pub(super) fn spoilt(county: &County) -> Vec<&'static str> {
    let roll = county.feed(MONTH, "roll");
    let rows = roll.columns([
        "救助类型",
        "终止月份",
        "银行卡号",
        "身份证号",
        "姓名",
        "户编号",
    ]);
    let mut homes = Vec::new();
    let mut paid: Vec<(usize, [&str; 6])> = Vec::new();
    for (at, row) in rows.into_iter().enumerate() {
        let good = BankCard::parse(row[2]).is_ok_and(|read| read.card.check_digit_fits());
        if row[0] == "低保"
            && row[1].is_empty()
            && row[3].len() == 18
            && good
            && !homes.contains(&row[5])
        {
            homes.push(row[5]);
            paid.push((at + 1, row));
        }
    }
    let [dead, digit, one, two] = [0, 1, 2, 3].map(|at| paid[at]);
    let mut card: Vec<char> = digit.1[2].chars().collect();
    let last = card.pop().and_then(|c| c.to_digit(10)).unwrap();
    card.push(char::from_digit((last + 1) % 10, 10).unwrap());
    let card: String = card.into_iter().collect();
    let (shared, of) = (one.1[2].to_owned(), two.1[5].to_owned());
    let died = (dead.1[3].to_owned(), dead.1[4].to_owned());
    county.rewrite(MONTH, "roll", |list: &mut Table| {
        list.set(digit.0, "银行卡号", &card);
        for row in 1..=list.len() {
            if list.cell(row, "户编号") == of && list.cell(row, "救助类型") == "低保" {
                list.set(row, "银行卡号", &shared);
            }
        }
    });
    county.rewrite(MONTH, "deaths", |list: &mut Table| {
        list.add_row(&[
            ("身份证号", &died.0),
            ("姓名", &died.1),
            ("死亡日期", "2026-08-20"),
            ("登记日期", "2026-08-25"),
        ]);
    });
    vec![
        "收款人或者对象已去世",
        "卡号校验位不符",
        "同一张卡同一项目重复",
    ]
}

/// J5 8: those the county pays already are taken over as they are paid.
pub(super) fn roll_opened(chen: &mut Page) {
    chen.press("link", "发放批次");
    chen.fill("月份", MONTH);
    chen.press("button", "按名册开账");
    assert!(chen.text().contains("新立待遇"), "{}", chen.text());
    chen.judge_both("J5 8 the roll is opened");
}

/// September's payments drawn up, and checked by another, on a phone without scripts or at a desk.
pub(in crate::browser) fn checked(
    place: &Place,
    chrome: &Chrome,
    chen: &mut Page,
    width: u32,
) -> (String, Page) {
    chen.open("/payments");
    chen.fill("月份", "2026-09");
    chen.press("button", "编制");
    let batch = chen.place();
    let scripts = if width == PHONE {
        Scripts::Off
    } else {
        Scripts::On
    };
    let mut two = place.enter(chrome, "chen2", width, scripts);
    two.open(&batch);
    two.press("button", BatchAct::Check.word());
    (batch, two)
}

/// J5 8 and 9: a month with what is set apart and why; two that come back are work for somebody.
pub(super) fn money(place: &Place, chrome: &Chrome, chen: &mut Page, apart: &[&str]) {
    let (batch, mut two) = checked(place, chrome, chen, PHONE);
    let text = two.text();
    for title in apart {
        assert!(text.contains(title), "{title}: {text}");
    }
    two.judge_both("J5 8 set apart");
    let mut three = place.enter(chrome, "chen3", DESK, Scripts::On);
    three.open(&batch);
    for act in [BatchAct::Approve, BatchAct::Seal, BatchAct::Release] {
        three.press("button", act.word());
        three.judge(act.word());
    }
    let (_, sent) = three.download("link", "送盘文件");
    let sent = std::fs::read(sent).unwrap();
    let (_, book) = three.download("link", "发放花名册");
    roster(&book, &sent);
    three.judge_both("J5 8 at the bank");
    let answer = answered(place, &sent, &book);
    two.open(&batch);
    two.attach("银行的回盘文件", &answer);
    two.press("button", "接收文件");
    assert!(two.text().contains("回盘已收"), "{}", two.text());
    two.judge_both("J5 9 what the bank says");
    two.attach("银行的回盘文件", &answer);
    two.press("button", "接收文件");
    assert!(two.text().contains("什么都没有变"), "{}", two.text());
    chen.open("/payments");
    assert_eq!(chen.figure("退票待补发"), 2, "{}", chen.text());
    chen.judge_both("J5 9 two came back");
    let home = chen.links("/households/");
    chen.open(&home[0]);
    assert!(chen.text().contains("退票"), "{}", chen.text());
    chen.unfold("换卡");
    chen.judge_both("J5 9 another card");
    nothing_found([two, three]);
}

/// The roster has every digit of every card that goes to the bank, and the sum at its end.
fn roster(book: &Path, sent: &[u8]) {
    let table = book.with_extension("csv");
    workbook::to_csv(book, File::create(&table).unwrap()).unwrap();
    let text = std::fs::read_to_string(table).unwrap();
    let sent = encoding_rs::GB18030.decode(sent).0.into_owned();
    let mut total = domain::Fen::ZERO;
    for line in sent.lines().skip(1) {
        let cells: Vec<&str> = line.split('|').collect();
        assert!(text.contains(cells[1]), "a card lost its digits");
        let paid = domain::Fen::parse(cells[3]).unwrap();
        total = total.checked_add(paid).unwrap();
    }
    assert!(text.contains(&total.to_plain()), "the sum is not there");
}

/// The bank's answer: two lines come back.
fn answered(place: &Place, sent: &[u8], beside: &Path) -> PathBuf {
    let book = place.access.office().book().texts()["banks/demo.md"].clone();
    let faults = [(synth::BankFault::Returned, 2)];
    let reply = synth::bank_answer(&book, sent, 7, &faults).unwrap();
    let path = beside.with_file_name(reply.name);
    std::fs::write(&path, reply.bytes).unwrap();
    path
}
