//! J1 once more at a desk, with Tab, Space, Enter and the arrows alone: what one could apply for, the code, one
//! question a page with a mistake on the way, the check of the answers, the sending. The focus is always seen.

use super::page::{Key, Page, Scripts};
use super::place::{Cases, Place, demo};
use super::{DESK, nothing_found};
use crate::county::Faults;

/// More questions than this and nobody finishes.
const QUESTIONS_MAX: usize = 60;
/// More stops of Tab than this has no question.
const STOPS_MAX: usize = 120;

/// What the household says of itself: the question, and what each of its members answers in turn.
const SAID: [(&str, &[&str]); 11] = [
    ("有人有残疾人证", &["yes"]),
    ("本县城镇户口", &["本县城镇户口"]),
    ("一起过日子", &["3"]),
    ("全家一个月", &["1500"]),
    ("哪年哪月生的", &["1970-05", "1972-03", "2005-06"]),
    ("残疾人证上写的是哪一类", &["肢体", "无", "无"]),
    ("一级", &["一级", "无", "无"]),
    ("家里人名下有没有机动车", &["没有"]),
    ("家里人名下一共有几套住房", &["1"]),
    ("名下的住房一共有多少平方米", &["60"]),
    ("每一位一个月有多少收入", &["500"]),
];
/// What is possible for it, and why.
const POSSIBLE: [[&str; 2]; 3] = [
    ["低保", "收入低于标准"],
    ["困难残疾人生活补贴", "持有残疾人证"],
    ["重度残疾人护理补贴", "在补贴范围"],
];

#[test]
fn j1_a_resident_applies_with_the_keyboard_alone() {
    let Some((chrome, _county, place)) = demo(Faults::None, Cases::WithAPast) else {
        return;
    };
    let filled = place
        .runtime
        .block_on(office::portal::demo::fill(&place.access));
    assert!(filled.unwrap().is_some(), "no resident has an open case");
    let mut page = place.page(&chrome, DESK, Scripts::On);
    page.open("/");
    assert_eq!(page.tab(), ("link".to_owned(), "跳到正文".to_owned()));
    page.key_press("button", "长辈版");
    page.key_press("button", "标准版");
    page.key_press("link", "我能申请什么");
    learns(&mut page);
    page.key_press("link", "立即申请");
    enters(&mut page, &place);
    applies(&mut page);
    nothing_found([page]);
}

/// J1 2: the questions, and what is possible, each with its reasons.
fn learns(page: &mut Page) {
    for asked in 0..QUESTIONS_MAX {
        if page.has("button", "先看结果") && asked > 0 && page.text().contains("可能符合:低保")
        {
            break;
        }
        answers(page);
        page.judge("J1 2 by keyboard");
    }
    page.key_press("button", "先看结果");
    let text = page.text();
    assert!(
        text.contains("以审核为准") && text.contains("理由"),
        "J1 2 {text}"
    );
    for [programme, why] in POSSIBLE {
        assert!(page.has("heading", programme), "J1 2 {programme}: {text}");
        assert!(text.contains(why), "J1 2 {why}: {text}");
    }
    page.judge("J1 2 what is possible");
}

/// Answers the fields of one page as Tab comes to them, and goes on.
fn answers(page: &mut Page) {
    let mut times = [0; SAID.len()];
    for _ in 0..STOPS_MAX {
        let (role, name) = page.tab();
        if role == "button" && name == "下一题" {
            page.key_leads(Key::Enter);
            assert!(!page.has("alert", ""), "J1 2 {}", page.text());
            return;
        }
        let said = SAID.iter().position(|(asks, _)| name.starts_with(asks));
        let Some(at) = said else { continue };
        let wanted = SAID[at].1[times[at].min(SAID[at].1.len() - 1)];
        times[at] += 1;
        match role.as_str() {
            "checkbox" => page.key(Key::Space),
            "radio" | "combobox" => page.key_choose(wanted),
            _ => page.write(wanted),
        }
    }
    panic!("no button to go on: {}", page.text());
}

/// J1 3: the code from the telephone.
fn enters(page: &mut Page, place: &Place) {
    page.key_fill("手机号", office::portal::demo::PHONE);
    page.key_leads(Key::Enter);
    page.key_fill("短信里的验证码", &super::resident::code(place));
    page.key_press("button", "登录");
    page.judge("J1 3 by keyboard");
}

/// J1 3 to 10: one question a page, a mistake and back to its field, the check, the sending.
fn applies(page: &mut Page) {
    let mut erred = false;
    for _ in 0..QUESTIONS_MAX {
        page.judge("J1 a question by keyboard");
        let heading = page.heading();
        if heading.starts_with("核对您的回答") {
            break;
        }
        if page.has("textbox", "家人的姓名") && !std::mem::replace(&mut erred, true) {
            errs(page);
            continue;
        }
        one(page);
    }
    assert!(erred, "nobody was asked who lives together");
    page.key_press("link", "改 申请");
    page.key_press("button", "下一步");
    assert!(
        page.heading().starts_with("核对您的回答"),
        "J1 8 {}",
        page.heading()
    );
    page.key_press("button", "确认无误,提交");
    assert!(page.text().contains("办件编号 №"), "J1 9 {}", page.text());
    page.judge("J1 9 sent by keyboard");
    page.key_press("link", "看办到哪一步");
    let my = page.text();
    for words in ["受理中", "承办", "城东街道", "最迟"] {
        assert!(my.contains(words), "J1 10 {words}: {my}");
    }
    page.judge("J1 10 by keyboard");
}

/// A member without a number: the focus is on the summary, and its link leads to the field.
fn errs(page: &mut Page) {
    page.tab_to("radio", "");
    page.key_choose("还有一位");
    page.key_fill("家人的姓名", "林小满");
    page.tab_to("combobox", "是您的什么人");
    page.key_choose("父母");
    page.key_press("button", "下一步");
    assert_eq!(page.tell("document.activeElement.id"), "problems", "J1 3");
    page.judge("J1 3 something to mend by keyboard");
    page.tab_to("link", "请填家人的身份证号");
    page.key(Key::Enter);
    assert_eq!(
        page.tell("document.activeElement.id"),
        "number",
        "J1 3 to the field"
    );
    page.write("990101195403121282");
    page.key_press("button", "下一步");
    assert!(
        page.text().contains("出生 1954-03-12"),
        "J1 4 {}",
        page.text()
    );
}

/// Any other question: what nobody is sure of, what comes later, what is agreed to.
fn one(page: &mut Page) {
    for _ in 0..STOPS_MAX {
        let (role, name) = page.tab();
        match (role.as_str(), name.as_str()) {
            ("button", "下一步") => {
                page.key_leads(Key::Enter);
                assert!(!page.has("alert", ""), "J1 {}", page.text());
                return;
            }
            ("radio", _) if page.has("radio", "没有了") => page.key_choose("没有了"),
            ("radio", _) if page.has("radio", "不清楚") => page.key_choose("不清楚"),
            ("checkbox", "不清楚" | "现在没有,以后再交" | "我看过了,同意授权" | "申请人本人") =>
            {
                page.key(Key::Space);
            }
            _ => {}
        }
    }
    panic!("no button to go on: {}", page.text());
}
