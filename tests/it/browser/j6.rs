//! J6 as it is done on pages: a department hands in its file, a grade of disability with the amounts before and
//! after, a death that holds the money and stops nothing, a clerk's own township, found to be so and found not to be
//! so, a family for the adviser, a stop with its hearing.

use super::chrome::Chrome;
use super::county::money::checked;
use super::page::{Page, Scripts, word};
use super::place::{Cases, Place};
use super::{DESK, PHONE, nothing_found};
use crate::county::{County, Faults, Table};
use domain::Month;
use office::monitoring::{self, MonthRun};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The township of the demo's clerk.
const TOWN: &str = "990101001";
const MONTH: &str = "2026-08";
const FEED: &str = "medical-expense";
const BILL: &str = "60000.00";
/// The last day of silence, ninety days after the demo's.
const SILENT_UNTIL: &str = "2026-12-13";

#[test]
fn j6_a_file_becomes_warnings_that_are_looked_into_and_change_what_is_paid() {
    let Some(chrome) = Chrome::start() else {
        return;
    };
    let county = County::new(Faults::None);
    let file = held_back(&county);
    worse(&county);
    let dead = died(&county);
    let town = earns(&county);
    let mut place = Place::demo(&county, Cases::None);
    place.hire("wu", "窗口经办", &town);
    place.hire("qian", "网格员", &town);
    let mut pages = Vec::new();
    for (at, (width, scripts)) in [(DESK, Scripts::On), (PHONE, Scripts::Off)]
        .into_iter()
        .enumerate()
    {
        let mut yibao = place.enter(&chrome, "yibao", width, scripts);
        hands_in(&mut yibao, &file, at);
        pages.push(yibao);
    }
    assert!(judged(&place).warnings_raised > 0);
    let mut chen = place.enter(&chrome, "chen", DESK, Scripts::On);
    amounts(&mut chen);
    let mut wang = place.enter(&chrome, "wang", PHONE, Scripts::Off);
    own_township(&mut wang);
    not_stopped(&place, &chrome, &mut chen, &dead);
    is_not_so(&place, &mut wang);
    for_the_adviser(&place, &chrome, &mut wang);
    let periods = stopped(&place, &chrome, &mut chen);
    pages.extend(periods);
    pages.extend([chen, wang]);
    nothing_found(pages);
}

fn judged(place: &Place) -> MonthRun {
    let month = Month::parse(MONTH).unwrap();
    let run = monitoring::run_month(place.access.office(), month, |_| {});
    place.runtime.block_on(run).unwrap()
}

/// Heads of households of the newest register.
fn heads(county: &County) -> Vec<[String; 4]> {
    let register = county.feed(MONTH, "register");
    let people = register.columns([
        "身份证号",
        "姓名",
        "户号",
        "与户主关系",
        "登记状态",
        "居住地区",
    ]);
    let heads = people
        .into_iter()
        .filter(|[number, _, _, relation, state, _]| {
            *relation == "户主" && *state == "在册" && number.len() == 18
        });
    heads
        .map(|[number, name, home, _, _, area]| [number, name, home, area].map(str::to_owned))
        .collect()
}

/// The department's file of the month with heavy bills of families of the clerk's township; it has not come yet.
fn held_back(county: &County) -> PathBuf {
    let roll = county.feed(MONTH, "roll");
    let helped: BTreeSet<&str> = roll
        .columns(["户编号"])
        .into_iter()
        .map(|[of]| of)
        .collect();
    let chosen: Vec<[String; 4]> = heads(county)
        .into_iter()
        .filter(|[_, _, home, area]| area.starts_with(TOWN) && !helped.contains(home.as_str()))
        .take(6)
        .collect();
    county.rewrite(MONTH, FEED, |list: &mut Table| {
        for (at, [number, name, ..]) in chosen.iter().enumerate() {
            list.add_row(&[
                ("结算单号", format!("JS99999998{at:02}").as_str()),
                ("身份证号", number),
                ("姓名", name),
                ("就医类型", "住院"),
                ("病种", "重病"),
                ("结算日", "2026-08-20"),
                ("总费用", "90000.00"),
                ("政策内费用", "80000.00"),
                ("统筹支付", "30000.00"),
                ("大病支付", "0.00"),
                ("个人自付", BILL),
            ]);
        }
        list.add_row(&[
            ("结算单号", "JS9999999899"),
            ("身份证号", "990101195403121283"),
            ("姓名", "无此人"),
        ]);
    });
    let path = county.feeds().join(MONTH).join(format!("{FEED}.csv"));
    let held = county.folder.path().join("自付.csv");
    std::fs::rename(path, &held).unwrap();
    held
}

/// Somebody's third grade of disability becomes the second.
fn worse(county: &County) {
    county.rewrite(MONTH, "disability", |list: &mut Table| {
        let third = (1..=list.len()).find(|row| {
            list.cell(*row, "残疾等级") == "三级"
                && list.cell(*row, "残疾类别") == "肢体"
                && list.cell(*row, "证件状态") == "有效"
        });
        list.set(
            third.expect("nobody has the third grade"),
            "残疾等级",
            "二级",
        );
    });
}

/// Somebody who is paid died in July.
fn died(county: &County) -> String {
    let roll = county.feed(MONTH, "roll");
    let rows = roll.columns(["救助类型", "终止月份", "身份证号", "姓名", "户编号"]);
    let homes: Vec<&str> = rows.iter().map(|row| row[4]).collect();
    let alone = |home: &str| homes.iter().filter(|of| **of == home).count() == 1;
    let one = rows
        .iter()
        .find(|[kind, until, number, _, home]| {
            *kind == "低保" && until.is_empty() && number.len() == 18 && alone(home)
        })
        .expect("nobody lives on dibao alone");
    let (number, name) = (one[2].to_owned(), one[3].to_owned());
    county.rewrite(MONTH, "deaths", |list: &mut Table| {
        list.add_row(&[
            ("身份证号", &number),
            ("姓名", &name),
            ("死亡日期", "2026-07-20"),
            ("登记日期", "2026-08-05"),
        ]);
    });
    name
}

/// Somebody on dibao earns far more in the month; their township.
fn earns(county: &County) -> String {
    let roll = county.feed(MONTH, "roll");
    let rows = roll.columns(["救助类型", "终止月份", "身份证号", "姓名", "地区"]);
    let on = rows.iter().rev().find(|[kind, until, number, ..]| {
        *kind == "低保" && until.is_empty() && number.len() == 18
    });
    let [_, _, number, name, area] = on.expect("nobody is on dibao");
    county.rewrite(MONTH, "social-insurance", |list: &mut Table| {
        let row = (1..=list.len()).find(|row| list.cell(*row, "参保月份") == MONTH);
        let row = row.expect("nobody is insured this month");
        list.set(row, "身份证号", number);
        list.set(row, "姓名", name);
        list.set(row, "申报工资", "9000.00");
    });
    area[..9].to_owned()
}

/// J6 1 and 9: the report of its rows; the same file again changes nothing.
fn hands_in(page: &mut Page, file: &Path, at: usize) {
    let menu = if at == 0 { "数据报送" } else { "报送" };
    page.press("link", menu);
    page.judge_both("J6 1 what may be handed in");
    if at == 0 {
        send(page, file);
        let text = page.text();
        assert!(
            text.contains("每一行的去向") && text.contains("已入库"),
            "{text}"
        );
        assert!(
            !text.contains("990101195403121283") && text.contains("***"),
            "a number stands in full or not at all: {text}"
        );
        page.judge_both("J6 1 the report");
        let (name, path) = page.download("link", "下载退回明细表");
        let book = std::fs::read(path).unwrap();
        assert!(book.starts_with(b"PK") && name.ends_with(".xlsx"), "{name}");
        page.press("link", "返回数据报送");
    }
    send(page, file);
    assert!(page.text().contains("什么都没有变"), "{}", page.text());
    page.judge_both("J6 9 the same file again");
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

/// The open warnings of a kind.
fn kind(page: &mut Page, id: &str) {
    page.open(&format!("/warnings?kind={id}&state=open"));
}

/// J6 2: what is paid for care before and after, in the words of the warning.
fn amounts(chen: &mut Page) {
    kind(chen, "disability_grade_changed");
    let text = chen.text();
    let line = text
        .lines()
        .find(|line| line.contains("由上月的 三级 变为 二级"));
    let line = line.unwrap_or_else(|| panic!("{text}"));
    assert_eq!(line.matches("元/月").count(), 2, "before and after: {line}");
    chen.judge_both("J6 2 the list");
    let path = chen.links("/warnings/").remove(0);
    chen.open(&path);
    chen.judge_both("J6 2 a grade has changed");
}

/// J6 4: the clerk's list is of her township.
fn own_township(wang: &mut Page) {
    wang.press("link", "预警");
    let rows =
        wang.tell("[...document.querySelectorAll('main tbody tr, main li')].map(r => r.innerText)");
    let rows = rows.as_array().cloned().unwrap_or_default();
    assert!(!rows.is_empty(), "{}", wang.text());
    for row in rows {
        assert!(!word(&row).contains("城西街道"), "{}", word(&row));
    }
    wang.judge_both("J6 4 her township");
}

/// J6 3: the next month's money is held, the door is to be visited, and no machine has stopped anything.
fn not_stopped(place: &Place, chrome: &Chrome, chen: &mut Page, dead: &str) {
    kind(chen, "paid_after_death");
    let path = chen.links("/warnings/").remove(0);
    chen.open(&path);
    let text = chen.text();
    assert!(
        text.contains("2026-07-20") && text.contains("最迟 2026-09-20"),
        "somebody has to go by a day: {text}"
    );
    assert!(!text.contains(dead), "a name in full");
    chen.judge_both("J6 3 somebody has died");
    let home = chen.links("/households/").remove(0);
    chen.open("/payments");
    chen.fill("月份", MONTH);
    chen.press("button", "按名册开账");
    let (batch, mut two) = checked(place, chrome, chen, DESK);
    two.open(&format!("{}?state=apart", batch));
    assert!(
        two.text().contains("收款人或者对象已去世"),
        "{}",
        two.text()
    );
    two.judge_both("J6 3 the money is held");
    nothing_found([two]);
    chen.open(&home);
    chen.press("link", "发放记录");
    let rows = chen.rows();
    let paid = rows.iter().find(|row| row[0].starts_with("最低生活保障"));
    let paid = paid.unwrap_or_else(|| panic!("{}", chen.text()));
    assert!(!paid[1].contains("停"), "no machine stops it: {paid:?}");
    chen.judge_both("J6 3 still entitled");
}

/// J6 5 and 6: found to be so, it is an application with the family in it; the adviser of the place sees it.
fn for_the_adviser(place: &Place, chrome: &Chrome, wang: &mut Page) {
    kind(wang, "medical_spike");
    let path = wang.links("/warnings/").remove(0);
    wang.open(&path);
    wang.choose("核实属实,转为申请", "刚性支出困难家庭");
    wang.press("button", "属实,开办件");
    let case = wang.place();
    assert!(case.starts_with("/case/"), "{}", wang.text());
    let text = wang.text();
    assert!(
        text.contains("家庭成员") && text.contains("预警 №"),
        "{text}"
    );
    wang.judge_both("J6 6 an application");
    wang.open(&path);
    assert!(wang.text().contains("属实"), "{}", wang.text());
    assert!(!wang.has("button", "属实,开办件"), "disposed of once");
    assert_eq!(judged(place).warnings_raised, 0, "it is being handled");
    let mut liu = place.enter(chrome, "liu", PHONE, Scripts::Off);
    liu.press("link", "待办");
    liu.press("link", "全部办件");
    liu.judge_both("J6 6 the adviser's list");
    let no = case.rsplit('/').next().unwrap().to_owned();
    liu.press("link", &format!("№ {no} 刚性支出"));
    assert_eq!(liu.place(), case);
    assert!(liu.text().contains("刚性支出"), "{}", liu.text());
    liu.judge_both("J6 6 the family");
    nothing_found([liu]);
}

/// J6 5: not so, with a reason: closed, and the rule says nothing of it for ninety days.
fn is_not_so(place: &Place, wang: &mut Page) {
    wang.open("/warnings?state=open");
    let path = wang.links("/warnings/").remove(0);
    wang.open(&path);
    wang.judge_both("J6 5 a warning");
    wang.fill("不属实", "电话 13800138000");
    wang.press("button", "不属实");
    assert_eq!(wang.status(), 422, "{}", wang.text());
    wang.judge("J6 5 a number in the reason");
    wang.fill("不属实", "单据是替别人开的");
    wang.press("button", "不属实");
    assert!(!wang.has("button", "不属实"), "{}", wang.text());
    assert!(wang.text().contains(SILENT_UNTIL), "{}", wang.text());
    wang.judge_both("J6 5 found not to be so");
    assert_eq!(judged(place).warnings_raised, 0, "the rule is silent");
    wang.open(&path);
    assert!(!wang.has("button", "不属实"), "{}", wang.text());
}

/// J6 7: told, heard before two of the county, decided by another, handed over; both periods stay readable.
fn stopped(place: &Place, chrome: &Chrome, chen: &mut Page) -> Vec<Page> {
    let mut own = place.enter(chrome, "wu", DESK, Scripts::On);
    let wang = &mut own;
    kind(wang, "receiving_not_entitled");
    let path = wang.links("/warnings/").remove(0);
    let home = wang.links("/households/").remove(0);
    wang.open(&path);
    wang.choose("核实属实,已经在享受的,转办", "停发");
    wang.press("button", "属实,转后续办理");
    let review = wang.place();
    assert!(review.starts_with("/reviews/"), "{}", wang.text());
    let text = wang.text();
    assert!(
        text.contains("现在每月") && text.contains("按现在的事实和规则"),
        "{text}"
    );
    wang.judge_both("J6 5 what is paid beside what the rules give");
    wang.press("link", "办件:步骤、时限和经过");
    wang.press("button", "办完“登记线索”");
    went(place, chrome, wang);
    wang.open(&review);
    wang.choose("怎样告知", "当面");
    wang.press("button", "已告知本人");
    wang.judge_both("J6 7 told");
    wang.click("radio", "口头陈述");
    wang.click("radio", "不同意");
    wang.fill("原话或者要点", "儿子只是临时打工,要求当面说");
    wang.click("checkbox", "要求听证");
    wang.press("button", "记下,办结“陈述申辩”");
    wang.judge_both("J6 7 heard");
    chen.open(&review);
    chen.click("radio", "当面听证");
    chen.click("radio", "不同意");
    chen.fill("原话或者要点", "儿子在外地务工,工资按月到账");
    chen.fill("另一位听取人的账号", "chen2");
    chen.press("button", "记下,办结“听证”");
    let text = chen.text();
    assert!(
        text.contains("停发决定") && text.contains("请回避"),
        "whoever heard is told that somebody else decides: {text}"
    );
    assert!(!chen.has("button", "签署决定"), "nor is it offered: {text}");
    chen.judge_both("J6 7 before two of the county, who do not decide");
    let mut three = place.enter(chrome, "chen3", PHONE, Scripts::Off);
    three.open(&review);
    three.click("radio", "停发");
    three.fill("理由", "家庭收入连续三个月高于低保标准");
    three.press("button", "签署决定");
    assert!(three.text().contains("送达"), "{}", three.text());
    three.judge_both("J6 7 decided");
    wang.open(&review);
    wang.choose("方式", "当面");
    wang.press("button", "已送达");
    wang.judge_both("J6 7 handed over");
    wang.open(&home);
    wang.press("link", "享受历史");
    let rows = wang.rows();
    let periods: Vec<&Vec<String>> = rows
        .iter()
        .filter(|row| row[0].starts_with("最低生活保障"))
        .collect();
    assert_eq!(periods.len(), 2, "{rows:?}");
    assert!(periods[0][1].contains("到 2026-09"), "{periods:?}");
    assert!(
        periods[1][1].starts_with("2026-10") && periods[1][2] == "停发",
        "{periods:?}"
    );
    assert!(wang.text().contains("连续三个月"), "{}", wang.text());
    wang.judge_both("J6 7 both periods");
    vec![three, own]
}

/// Two go to the door, and both say that it is as they saw it.
fn went(place: &Place, chrome: &Chrome, wang: &mut Page) {
    wang.press("button", "填“核实”的走访表");
    let door = wang.place();
    assert!(wang.choose_each("共同生活", "是") > 0, "{}", wang.text());
    wang.press("button", "先保存");
    wang.judge_both("J6 7 what was seen");
    let mut second = place.enter(chrome, "qian", PHONE, Scripts::Off);
    second.open(&door);
    second.press("button", "确认同去");
    second.judge_both("J6 7 the second saw it too");
    nothing_found([second]);
    wang.open(&door);
    wang.fill("另一名调查人的账号", "qian");
    wang.choose("住户没有签名的原因", "不在场");
    wang.press("button", "办完“核实”");
    assert_eq!(wang.status(), 200, "{}", wang.text());
    wang.judge_both("J6 7 verified by two");
}
