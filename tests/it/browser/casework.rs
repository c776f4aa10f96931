//! From the papers on the counter to an accepted application, as the clerk's hands do it; with scripts
//! and without.

use super::page::{Page, Scripts};
use super::place::{Cases, demo};
use super::{DESK, PHONE, nothing_found};
use crate::county::{County, Faults};

/// The township of the demo's clerk.
const TOWN: &str = "990101001";
const PAPERS: [&str; 2] = ["申请书", "授权核对委托书"];

/// Somebody as a paper on the counter names them.
struct Named {
    name: String,
    number: String,
}

/// Heads of households of the town who are grown up and on no roll.
fn heads(county: &County) -> Vec<Named> {
    let heads = county.heads(TOWN).into_iter();
    heads
        .map(|[name, number, _]| Named { name, number })
        .collect()
}

/// Somebody whom the roll pays elsewhere.
fn helped(county: &County) -> Named {
    let roll = county.feed("2026-08", "roll");
    let rows = roll.columns(["姓名", "身份证号", "终止月份"]);
    let one = rows
        .into_iter()
        .find(|[_, number, until]| number.len() == 18 && until.is_empty());
    let [name, number, _] = one.unwrap();
    Named {
        name: name.to_owned(),
        number: number.to_owned(),
    }
}

#[test]
fn papers_on_the_counter_become_an_accepted_application_with_and_without_scripts() {
    let Some((chrome, county, place)) = demo(Faults::None, Cases::None) else {
        return;
    };
    let heads = heads(&county);
    let helped = helped(&county);
    let mut on = place.enter(&chrome, "wang", DESK, Scripts::On);
    from_papers(&mut on, &heads[0], &helped);
    let mut off = place.enter(&chrome, "wang", PHONE, Scripts::Off);
    from_papers(&mut off, &heads[1], &helped);
    nothing_found([on, off]);
}

/// J3, 1 to 4.
fn from_papers(page: &mut Page, who: &Named, helped: &Named) {
    page.open("/inbox");
    page.press("link", "收件");
    page.judge("J3 1 the counter");
    page.fill("姓名", "张不对");
    page.fill("身份证号", &who.number);
    page.press("button", "查找");
    assert!(
        page.text().contains("姓名和身份证号对不上"),
        "{}",
        page.text()
    );
    page.judge("J3 1 another name");
    page.fill("姓名", &who.name);
    page.press("button", "查找");
    assert!(page.has("heading", "家庭成员"), "{}", page.text());
    page.judge("J3 1 found");
    let pasted = format!(
        "姓名\t身份证号\t与申请人关系\n{}\t990101195403121283\t妻子们",
        helped.name
    );
    page.fill("别的成员", &pasted);
    page.press("button", "查看要问什么");
    for words in ["第 2 行", "与申请人关系"] {
        assert!(page.text().contains(words), "{words}: {}", page.text());
    }
    page.judge("J3 2 pasted with mistakes");
    let pasted = format!("{}\t{}\t兄弟姐妹", helped.name, helped.number);
    page.fill("别的成员", &pasted);
    page.click("checkbox", "最低生活保障");
    page.press("button", "查看要问什么");
    assert!(page.text().contains("名下享受"), "{}", page.text());
    page.judge("J3 2 helped elsewhere");
    for paper in PAPERS {
        page.click("checkbox", &format!("{paper} 已交"));
    }
    page.click("checkbox", "身份证件 容缺后补");
    page.fill("容缺理由", "补办中");
    page.press("button", "收件");
    assert_eq!(page.status(), 422);
    assert!(page.text().contains("继续办理的理由"), "{}", page.text());
    page.judge("J3 2 a reason is wanted");
    page.fill("继续办理的理由", "已核实,分户生活");
    page.press("button", "收件");
    assert!(page.place().starts_with("/case/"), "{}", page.text());
    page.judge("J3 3 taken with a paper to follow");
    let text = page.text();
    assert!(text.contains("补办中") && !text.contains(&who.number));
    for step in ["提交申请", "受理"] {
        page.press("button", &format!("办完“{step}”"));
        page.judge(&format!("J3 4 {step}"));
    }
    let text = page.text();
    assert!(
        text.contains("2026-10-30") && text.contains("国庆"),
        "thirty working days, and what they skip: {text}"
    );
    let case = page.place();
    page.press("link", "我的待办");
    assert!(page.text().contains("启动调查"), "{}", page.text());
    page.judge("J3 4 the list");
    page.open(&case);
    page.click("checkbox", "先查其余的人");
    page.press("button", "办完“启动调查”");
    page.judge("J3 10 in other hands");
    assert!(
        !page.has("button", "办完"),
        "another step is the clerk's: {}",
        page.text()
    );
}
