//! What comes after a decision, on its pages: money asked back, a joint meeting with its minutes, a crisis channel
//! opened and closed, the reviews of a month, who worked how and what was found of it. With scripts and without.

use super::page::{Page, Scripts};
use super::place::{Cases, demo};
use super::{DESK, PHONE, nothing_found};
use crate::county::Faults;

#[test]
fn what_comes_after_a_decision_is_done_on_its_pages_with_and_without_scripts() {
    let Some((chrome, _county, place)) = demo(Faults::None, Cases::Everything) else {
        return;
    };
    let mut on = place.enter(&chrome, "chen", DESK, Scripts::On);
    let mut off = place.enter(&chrome, "chen2", PHONE, Scripts::Off);
    for (at, page) in [&mut on, &mut off].into_iter().enumerate() {
        asked_back(page, at);
        met(page, at);
        channel(page, at);
        worked(page, at);
    }
    reviewed(&mut on);
    nothing_found([on, off]);
}

/// Money paid beyond what was due is asked back by itself, step by step.
fn asked_back(page: &mut Page, at: usize) {
    page.open("/payments/1");
    let homes = page.links("/households/");
    let home = homes.get(at).expect("somebody was paid");
    let home: Vec<&str> = home.split('/').take(3).collect();
    page.open(&format!("{}/payments", home.join("/")));
    page.judge_both("payments of a household");
    assert!(page.unfold("开追回") > 0, "{}", page.text());
    page.fill("从哪个月起多发", "八月");
    page.fill("为什么追回", "名册开账以后查明不在当地居住");
    page.press("button", "开追回");
    assert_eq!(
        (page.status(), page.has("alert", "")),
        (422, true),
        "{}",
        page.text()
    );
    page.judge_both("a recovery refused");
    page.unfold("开追回");
    page.fill("从哪个月起多发", "2026-09");
    page.fill("为什么追回", "名册开账以后查明不在当地居住");
    page.press("button", "开追回");
    assert!(
        page.place().starts_with("/payments/recoveries/"),
        "{}",
        page.text()
    );
    page.judge_both("a recovery");
    page.press("link", "返回追回");
    assert!(page.has("link", "№ "), "{}", page.text());
    page.judge_both("recoveries");
    page.press("link", "№ ");
}

/// A meeting, its minutes, an item; a number in it is refused.
fn met(page: &mut Page, at: usize) {
    page.open("/reviews");
    page.press("link", "联席会议");
    page.judge_both("meetings");
    page.fill("名称", &format!("第 {at} 次社会救助联席会议"));
    page.fill("参加的单位", "民政局、医疗保障局、教育局");
    page.fill("几个人参加", "5");
    page.press("button", "建立纪要");
    assert!(
        page.text().contains("示例县"),
        "a place is told by name: {}",
        page.text()
    );
    page.judge_both("minutes");
    page.fill("情形", "990101195403121282 独居");
    page.fill("议题", "报废没有注销的车算不算财产");
    page.fill("结论", "已经不能使用,正在办注销的,不算家庭财产");
    page.press("button", "记下");
    assert_eq!(
        (page.status(), page.has("alert", "")),
        (422, true),
        "{}",
        page.text()
    );
    page.judge_both("minutes with a number");
    page.fill("情形", "老人独居,名下有一辆报废车");
    page.fill("议题", "报废没有注销的车算不算财产");
    page.fill("结论", "已经不能使用,正在办注销的,不算家庭财产");
    page.press("button", "记下");
    assert!(page.text().contains("报废车"), "{}", page.text());
    page.judge_both("minutes with an item");
    page.press("link", "联席会议");
    page.fill("情形、议题", "报废车");
    page.press("button", "找");
    assert!(page.text().contains("老人独居"), "{}", page.text());
    page.judge_both("a precedent found");
}

/// A channel for a disaster, opened and closed before its day.
fn channel(page: &mut Page, at: usize) {
    let title = format!("第 {at} 场暴雨");
    page.open("/reviews");
    page.press("link", "紧急通道");
    page.judge_both("channels");
    page.fill("发生了什么", &title);
    page.fill("依据的文件", "示例县应急响应通知");
    page.fill("截止日", "昨天");
    page.press("button", "开通");
    assert_eq!(
        (page.status(), page.has("alert", "")),
        (422, true),
        "{}",
        page.text()
    );
    page.judge_both("a channel refused");
    page.fill("发生了什么", &title);
    page.click("checkbox", "临时救助");
    page.fill("依据的文件", "示例县应急响应通知");
    page.fill("截止日", "2026-10-04");
    page.press("button", "开通");
    assert!(page.has("link", &title), "{}", page.text());
    page.judge_both("a channel opened");
    page.press("link", &title);
    page.judge_both("who went through it");
    page.press("link", "紧急通道");
    page.fill("为什么", "雨停了,转入平常办理");
    page.press("button", "关闭");
    page.judge_both("a channel closed");
}

/// Who worked how, and a finding with its reasons.
fn worked(page: &mut Page, at: usize) {
    page.open("/reviews");
    page.press("link", "经办情况");
    page.judge_both("who worked how");
    page.press("link", "王演示");
    page.judge_both("one clerk");
    page.fill("办件编号", "1");
    page.fill("出了什么差错", &format!("第 {at} 次:少算一人"));
    page.click("radio", "没有");
    page.fill("理由", "当天发现,当天改正,不追究");
    page.press("button", "记下");
    page.judge_both("a finding");
}

/// The reviews of a month are opened and one of them is looked at.
fn reviewed(page: &mut Page) {
    page.open("/reviews");
    page.judge_both("reviews of a month");
    if page.has("button", "全部列入核查") {
        page.press("button", "全部列入核查");
        page.judge_both("reviews opened");
    }
    let reviews = page.links("/reviews/");
    let numbered = |href: &&String| {
        href.rsplit('/')
            .next()
            .is_some_and(|no| no.parse::<i64>().is_ok())
    };
    let one = reviews
        .iter()
        .find(numbered)
        .expect("a review goes on")
        .clone();
    page.open(&one);
    page.judge_both("one review");
    page.open("/hearings");
    page.judge_both("hearings");
}
