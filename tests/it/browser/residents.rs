//! A resident on a phone: the large letters, what one could apply for, and a question in plain words.
//! With scripts and without, and with the keyboard alone.

use super::page::{Page, Scripts};
use super::place::{Cases, demo};
use super::{DESK, PHONE, nothing_found};
use crate::county::Faults;

/// More questions than this and nobody finishes.
const QUESTIONS_MAX: usize = 40;

#[test]
fn a_resident_with_large_letters_learns_what_to_apply_for_and_asks_in_plain_words() {
    let Some((chrome, _county, place)) = demo(Faults::None, Cases::None) else {
        return;
    };
    let mut on = place.page(&chrome, PHONE, Scripts::On);
    learns(&mut on);
    let mut off = place.page(&chrome, PHONE, Scripts::Off);
    learns(&mut off);
    let mut desk = place.page(&chrome, DESK, Scripts::On);
    asks(&mut desk);
    nothing_found([on, off, desk]);
}

fn learns(page: &mut Page) {
    page.open("/");
    page.press("button", "长辈版");
    let size = page.tell("parseFloat(getComputedStyle(document.querySelector('p')).fontSize)");
    assert!(
        size.as_f64().is_some_and(|size| size >= 24.0),
        "J1 1 letters of {size} px"
    );
    page.judge("J1 1 large letters");
    page.press("link", "我能申请什么");
    page.judge("J1 2 the first question");
    page.click("checkbox", "有人有残疾人证");
    page.press("button", "下一题");
    let mut asked = 1;
    while page.has("button", "下一题") && asked < QUESTIONS_MAX {
        // What nobody in the house is sure of is a good answer to most questions.
        let before = (page.heading(), page.text());
        if !answer(page) {
            page.note(format!("J1 2 nothing to answer: {before:?}"));
            break;
        }
        page.judge("J1 2 a question");
        page.press("button", "下一题");
        if page.has("alert", "") {
            page.judge("J1 2 something to mend");
            let refused = page.text();
            page.note(format!("J1 2 an answer is refused: {refused}"));
            break;
        }
        asked += 1;
    }
    if page.has("button", "先看结果") {
        page.press("button", "先看结果");
    }
    assert!(page.text().contains("以审核为准"), "{}", page.text());
    page.judge("J1 2 what is possible");
    page.press("button", "上一题");
    page.judge("J1 2 one question back");
}

/// What the household of the journey says of itself.
const SAID: [(&str, &str); 2] = [("一起过日子", "3"), ("全家一个月", "1500")];

/// Answers what the page asks: what the household says, and for the rest that nobody is sure.
fn answer(page: &mut Page) -> bool {
    let said = SAID.iter().find(|(asks, _)| page.has("textbox", asks));
    if let Some((asks, words)) = said {
        page.fill(asks, words);
        return true;
    }
    let unsure = page.click_all("radio", "不清楚") + page.click_all("checkbox", "不清楚");
    unsure + page.choose_all("不清楚") + page.count("checkbox", "") > 0
}

fn asks(page: &mut Page) {
    page.open("/guide");
    page.fill("您遇到了什么事", "冬天暖气费交不起");
    page.enter("您遇到了什么事");
    assert!(page.has("heading", "可能对得上的"), "{}", page.text());
    page.judge("a question in plain words");
    page.open("/guide");
    page.press("link", "低保");
    page.judge("one programme");
}
