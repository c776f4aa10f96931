//! J2, 3 to 6: two who write the same form choose between their answers; a clue that cannot wait stands on top
//! of the clerk's list the same day; told twice it is one; and it becomes an application with the family and
//! the photos it is about.

use super::chrome::Chrome;
use super::page::{Page, Scripts};
use super::place::{Cases, Place, demo};
use super::resident::noise;
use super::{DESK, PHONE, nothing_found};
use crate::county::{County, Faults};

/// The township of the demo's clerk.
const TOWN: &str = "990101001";
/// A question of the form about the household.
const HARD: &str = "生活难以维持";
/// The boxes of those who live together.
const FAMILY: &str = "登记在同一户的,一起生活的请勾上";

/// Whom a clue is about.
struct Family {
    name: String,
    number: String,
}

/// Families of the town of more than two, on no roll.
fn families(county: &County) -> Vec<Family> {
    let register = county.feed("2026-08", "register");
    let rows = register.columns(["户号", "登记状态"]);
    let live = |book: &str| {
        let own = rows
            .iter()
            .filter(|[of, state]| *of == book && *state == "在册");
        own.count()
    };
    let heads = county.heads(TOWN).into_iter();
    let large = heads.filter(|[_, _, book]| live(book) > 2);
    large
        .map(|[name, number, _]| Family { name, number })
        .collect()
}

#[test]
fn j2_a_form_two_write_and_a_clue_told_twice_become_one_answer_and_one_application() {
    let Some((chrome, county, place)) = demo(Faults::None, Cases::None) else {
        return;
    };
    let mut pages = both_write(&place, &chrome);
    let families = families(&county);
    let photo = county.folder.path().join("bed.png");
    std::fs::write(&photo, noise(120)).unwrap();
    let mut wang = place.enter(&chrome, "wang", DESK, Scripts::On);
    let mut plain = place.enter(&chrome, "wang", PHONE, Scripts::Off);
    for (scripts, family, clerk) in [
        (Scripts::On, &families[0], &mut wang),
        (Scripts::Off, &families[1], &mut plain),
    ] {
        let mut li = place.enter(&chrome, "li2", PHONE, scripts);
        let no = reported(&mut li, family, &photo);
        on_top(clerk, &no);
        let mut other = place.enter(&chrome, "li", PHONE, scripts);
        joined(&mut other, family, &no);
        applied(clerk, family, &no);
        pages.extend([li, other]);
    }
    pages.extend([wang, plain]);
    nothing_found(pages);
}

/// J2 3, without scripts: what two answered differently is shown, and one of it is chosen.
fn both_write(place: &Place, chrome: &Chrome) -> Vec<Page> {
    let mut li = place.enter(chrome, "li2", PHONE, Scripts::Off);
    li.open("/visits");
    li.judge_both("J2 3 the doors");
    li.press("button", "开始走访");
    let door = li.place();
    let mut wang = place.enter(chrome, "wang", DESK, Scripts::Off);
    wang.open(&door);
    for page in [&mut li, &mut wang] {
        page.click("DisclosureTriangle", "全家");
    }
    li.choose(HARD, "是");
    li.press("button", "先保存");
    assert!(li.text().contains("已保存 1 项"), "{}", li.text());
    wang.choose(HARD, "否");
    wang.press("button", "先保存");
    assert_eq!(wang.status(), 422);
    let both = "li2 填的是“是”,您填的是“否”";
    assert!(wang.text().contains(both), "{}", wang.text());
    wang.judge_both("J2 3 both are shown");
    wang.choose(HARD, "否");
    wang.press("button", "先保存");
    assert!(wang.text().contains("已保存 1 项"), "{}", wang.text());
    li.open(&door);
    li.click("DisclosureTriangle", "全家");
    assert_eq!(li.chosen(HARD), "否", "the one that was chosen");
    vec![li, wang]
}

/// Writes the form of a clue.
fn write(page: &mut Page, family: &Family, text: &str) {
    page.open("/visits");
    page.press("link", "上报线索");
    page.fill("姓名", &family.name);
    page.fill("身份证号", &family.number);
    page.choose("怎么知道的", "走访看到的");
    page.fill("发生了什么", text);
}

/// J2 4: somebody fell ill, and it cannot wait. Answers the number of the clue.
fn reported(page: &mut Page, family: &Family, photo: &std::path::Path) -> String {
    page.open("/clues/new");
    page.judge_both("J2 4 a clue");
    write(page, family, "户主突发重病,没有人照看");
    page.fill("身份证号", "990101195403121283");
    page.press("button", "上报");
    assert_eq!(page.status(), 422);
    assert!(page.text().contains("校验位"), "{}", page.text());
    page.judge("J2 4 a wrong number");
    page.fill("身份证号", &family.number);
    page.click("checkbox", "紧急");
    page.attach("照片", photo);
    page.press("button", "上报");
    let text = page.text();
    assert!(text.contains("已登记线索 #"), "{text}");
    page.judge_both("J2 4 reported");
    let no = text.split("已登记线索 #").nth(1).unwrap();
    no.chars().take_while(char::is_ascii_digit).collect()
}

/// J2 4: with one look at the list it stands on top, due today.
fn on_top(page: &mut Page, no: &str) {
    page.open("/inbox");
    let first = page.tell("document.querySelector('main h2').innerText");
    assert_eq!(first, "紧急线索,当日处理");
    let text = page.text();
    let top = text.split("要办的").next().unwrap();
    for words in [format!("№ {no}"), "今日到期".to_owned()] {
        assert!(top.contains(&words), "{words}: {top}");
    }
    page.judge_both("J2 4 on top of the list");
}

/// J2 5: another worker tells of the same person.
fn joined(page: &mut Page, family: &Family, no: &str) {
    write(page, family, "邻居说已经住院");
    page.press("button", "上报");
    let (text, known) = (page.text(), format!("已有线索 #{no},"));
    assert!(text.contains(&known) && text.contains("并入"), "{text}");
    page.judge_both("J2 5 joined");
}

/// J2 6: the application, with everybody who lives there and what was photographed.
fn applied(page: &mut Page, family: &Family, no: &str) {
    page.open("/inbox");
    page.press("link", "转为申请");
    assert_eq!(page.heading(), "收件");
    let text = page.text();
    for words in [
        format!("线索 № {no}"),
        "突发重病".to_owned(),
        "主动发现".to_owned(),
        "照片和扫描件 1 份".to_owned(),
    ] {
        assert!(text.contains(&words), "{words}: {text}");
    }
    let (ticked, all) = page.ticked(FAMILY);
    assert!(all > 1 && ticked == all, "{ticked} of {all} come along");
    assert!(!page.has("textbox", "身份证号"), "nobody types it again");
    page.judge_both("J2 6 the clue's family");
    page.click("checkbox", "临时救助");
    page.press("button", "查看要问什么");
    assert_eq!(page.ticked(FAMILY), (all, all));
    page.press("button", "收件");
    assert!(page.place().starts_with("/case/"), "{}", page.text());
    let text = page.text();
    for words in [
        format!("主动发现:线索 № {no}"),
        "照片和扫描件 1 份".to_owned(),
    ] {
        assert!(text.contains(&words), "{words}: {text}");
    }
    let members = "document.querySelectorAll('main a[href^=\"/persons/\"]').length";
    assert_eq!(page.tell(members), all, "the family of the case");
    assert!(!text.contains(&family.number), "{text}");
    page.judge_both("J2 6 the case");
    page.open("/inbox");
    assert!(!page.text().contains("紧急线索"), "{}", page.text());
}
