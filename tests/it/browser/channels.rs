//! By whatever channel somebody comes: told without a name on the public page, written down from a call, answered
//! and handed on; somebody at the rescue station; what the rules find, pushed and answered; a department that
//! looks up before it helps. With scripts and without.

use super::chrome::Chrome;
use super::page::{Page, Scripts, word};
use super::place::{Cases, Place};
use super::{DESK, PHONE, nothing_found};
use crate::county::{County, Faults};

/// The township of the demo's clerk.
const TOWN: &str = "990101001";
/// The department that answers here itself.
const MEDICAL: &str = "医疗保障局";
/// Bills of the month that were paid after the treatment, by hand.
const BY_HAND: usize = 3;
/// Households somebody looks through until something is found for one.
const LOOKED_MAX: i64 = 400;

#[test]
fn whatever_channel_somebody_comes_by_their_pages_are_whole_and_usable() {
    let Some(chrome) = Chrome::start() else {
        return;
    };
    let county = County::new(Faults::None);
    let numbers = paid_by_hand(&county);
    let place = Place::demo(&county, Cases::None);
    let mut wang = place.enter(&chrome, "wang", DESK, Scripts::On);
    let mut plain = place.enter(&chrome, "wang", PHONE, Scripts::Off);
    let mut outside = place.page(&chrome, PHONE, Scripts::Off);
    let receipt = told_without_a_name(&mut outside);
    handled(&mut plain, &mut outside, &receipt);
    let mut visitor = place.page(&chrome, DESK, Scripts::On);
    let receipt = told_without_a_name(&mut visitor);
    handled(&mut wang, &mut visitor, &receipt);
    called(&mut wang, &county);
    stayed(&mut wang, "演示-21");
    stayed(&mut plain, "演示-22");
    let mut chen = place.enter(&chrome, "chen", DESK, Scripts::On);
    let mut yibao = place.enter(&chrome, "yibao", PHONE, Scripts::Off);
    found(&mut chen, &mut yibao);
    looked_up(&mut yibao, &mut chen, &numbers);
    nothing_found([wang, plain, outside, visitor, chen, yibao]);
}

/// Bills the medical department paid without the hospital's counter; whose they are.
fn paid_by_hand(county: &County) -> Vec<String> {
    let mut numbers = Vec::new();
    county.rewrite("2026-08", "medical-aid-paid", |table| {
        let rows = table.len().min(BY_HAND);
        for row in 1..=rows {
            table.set(row, "支付日期", "2026-08-20");
            table.set(row, "结算方式", "事后报销");
            numbers.push(table.cell(row, "身份证号").to_owned());
        }
    });
    assert!(!numbers.is_empty(), "nobody was paid");
    numbers
}

/// Anybody tells, with a mistake first, and is given a receipt.
fn told_without_a_name(page: &mut Page) -> String {
    page.open("/home");
    page.press("link", "反映情况");
    page.judge_both("report");
    page.press("button", "交上去");
    assert_eq!((page.status(), page.has("alert", "")), (422, true));
    page.judge_both("report refused");
    page.choose("什么事", "生活困难");
    page.fill("发生了什么", "隔壁人家屋顶漏雨,下雨天没法住");
    page.choose("在哪个村(社区)", "城东街道");
    page.fill("具体地方", "村口第三家");
    page.press("button", "交上去");
    assert_eq!(page.heading(), "已经登记", "{}", page.text());
    page.judge_both("report taken");
    let receipt = word(&page.tell("document.querySelector('main b').innerText"));
    assert!(receipt.len() > 6, "a receipt: {receipt}");
    page.press("link", "看办到哪一步");
    assert!(page.text().contains("最迟答复"), "{}", page.text());
    page.judge_both("report status");
    page.press("link", "再查、再反映");
    page.fill("回执", "ABCDEFGH");
    page.press("button", "查");
    assert_eq!(page.status(), 404, "{}", page.text());
    page.judge_both("report no receipt");
    receipt
}

/// The clerk answers and closes; whoever told reads it with the receipt.
fn handled(clerk: &mut Page, outside: &mut Page, receipt: &str) {
    clerk.press("link", "工单");
    clerk.judge_both("tickets");
    assert!(clerk.text().contains("匿名"), "{}", clerk.text());
    let rows = clerk.links("/tickets/");
    let one = rows.iter().find(|href| {
        href.rsplit('/')
            .next()
            .is_some_and(|no| no.parse::<i64>().is_ok())
    });
    clerk.open(one.expect("a ticket waits"));
    assert!(clerk.text().contains("屋顶漏雨") && clerk.text().contains("村口第三家"));
    clerk.judge_both("ticket");
    clerk.press("button", "答复");
    assert_eq!((clerk.status(), clerk.has("alert", "")), (422, true));
    clerk.judge_both("ticket refused");
    clerk.choose("转到哪一类事项", "其他");
    clerk.fill("为什么", "房屋安全,不是生活困难");
    clerk.press("button", "转办");
    assert!(clerk.text().contains("房屋安全"), "{}", clerk.text());
    clerk.judge_both("ticket referred");
    clerk.fill("怎么办的", "当天去看过,报了住建部门鉴定");
    clerk.press("button", "答复");
    assert!(clerk.has("button", "办结"), "{}", clerk.text());
    clerk.judge_both("ticket answered");
    outside.open("/report");
    outside.fill("回执", receipt);
    outside.press("button", "查");
    assert!(
        outside.text().contains("报了住建部门鉴定"),
        "{}",
        outside.text()
    );
    outside.judge_both("report answered");
    clerk.press("button", "办结");
    assert!(!clerk.has("button", "办结") && !clerk.has("button", "答复"));
    clerk.judge_both("ticket closed");
    clerk.press("link", "工单");
}

/// A call about somebody by name becomes a clue, and the clue an application.
fn called(clerk: &mut Page, county: &County) {
    let [name, number, _] = county.heads(TOWN).swap_remove(0);
    clerk.open("/tickets");
    clerk.press("link", "登记来电、来访");
    clerk.judge_both("ticket new");
    clerk.press("button", "登记");
    assert_eq!((clerk.status(), clerk.has("alert", "")), (422, true));
    clerk.judge_both("ticket new refused");
    clerk.choose("从哪来", "热线");
    clerk.choose("打的哪条线", "养老服务热线");
    clerk.choose("关于", "老年人");
    clerk.fill("发生了什么", "老人独居,三天没有生火");
    clerk.choose("在哪个村(社区)", "城东街道");
    clerk.click("checkbox", "紧急");
    clerk.press("button", "登记");
    assert_eq!(clerk.heading(), "已经登记", "{}", clerk.text());
    clerk.judge_both("ticket taken");
    clerk.press("link", "工单 ");
    assert!(clerk.text().contains("紧急"), "{}", clerk.text());
    clerk.fill("关于谁:姓名", &name);
    clerk.fill("身份证号", &number);
    clerk.press("button", "转为线索");
    assert!(clerk.text().contains("已转为线索"), "{}", clerk.text());
    assert!(!clerk.text().contains(&number), "a number on the page");
    clerk.judge_both("ticket to clue");
    clerk.press("link", "转为申请");
    assert_eq!(clerk.status(), 200);
    clerk.judge_both("ticket to application");
}

/// Somebody nobody can name: the days, the tasks, the end.
fn stayed(clerk: &mut Page, station_no: &str) {
    clerk.open("/tickets");
    clerk.press("link", "滞留人员安置");
    clerk.judge_both("stays");
    clerk.press("button", "入站登记");
    assert_eq!((clerk.status(), clerk.has("alert", "")), (422, true));
    clerk.judge_both("stays refused");
    clerk.fill("站内编号", station_no);
    clerk.fill("入站日期", "2026-06-10");
    clerk.press("button", "入站登记");
    assert!(clerk.text().contains("第 97 天"), "{}", clerk.text());
    clerk.judge_both("stays admitted");
    clerk.fill("怎么办的(报公安机关登记户口)", "已报公安,落集体户口");
    clerk.press("button", "办好了");
    assert!(clerk.text().contains("已报公安"), "{}", clerk.text());
    clerk.judge_both("stays settled");
    clerk.press("button", "结束");
    assert_eq!((clerk.status(), clerk.has("alert", "")), (422, true));
    clerk.choose("怎么结束的", "身份已查明");
    clerk.fill(&format!("情况({station_no})"), "比中亲属,家人来接");
    clerk.press("button", "结束");
    assert!(clerk.text().contains("家人来接"), "{}", clerk.text());
    clerk.judge_both("stays ended");
}

/// What the rules find is confirmed by a person, pushed, and answered by the department.
fn found(county: &mut Page, department: &mut Page) {
    let mut home = 0;
    for id in 1..LOOKED_MAX {
        county.open(&format!("/households/{id}/finds"));
        if county.status() == 200 && county.text().contains(MEDICAL) {
            home = id;
            break;
        }
    }
    assert!(home > 0, "nothing medical is found for anybody");
    county.open(&format!("/households/{home}"));
    county.press("link", "政策找人");
    county.judge_both("finds of a household");
    county.press("button", "确认,推送给部门");
    assert_eq!((county.status(), county.has("alert", "")), (422, true));
    county.judge_both("finds nothing chosen");
    assert!(county.click_all("checkbox", "") > 0, "{}", county.text());
    county.press("button", "确认,推送给部门");
    assert!(
        county.heading().starts_with("政策找人"),
        "{}",
        county.text()
    );
    county.judge_both("finds pushed");
    department.open("/finds");
    department.judge_both("finds of a department");
    let mine = department.count("button", "答复");
    assert!(mine > 0, "{}", department.text());
    department.press("button", "答复");
    assert_eq!(
        (department.status(), department.has("alert", "")),
        (422, true)
    );
    department.judge_both("finds answer refused");
    department.choose("怎么办", "已受理");
    department.fill("情况(推送", "已列入救助对象");
    department.press("button", "答复");
    assert_eq!(department.count("button", "答复"), mine - 1);
    department.judge_both("finds answered");
    county.open("/finds");
    assert!(
        county.text().contains("已列入救助对象"),
        "{}",
        county.text()
    );
    county.open(&format!("/households/{home}/finds"));
    county.judge_both("finds of a household answered");
}

/// A department looks up, says what came of it, and explains why it gave help before.
fn looked_up(department: &mut Page, county: &mut Page, numbers: &[String]) {
    department.open("/lookup");
    department.judge_both("lookup");
    department.press("button", "查询");
    assert_eq!(
        (department.status(), department.has("alert", "")),
        (422, true)
    );
    department.judge_both("lookup refused");
    department.fill("身份证号", &numbers[0]);
    department.choose("用途", "医疗救助");
    department.press("button", "查询");
    assert!(department.has("status", ""), "{}", department.text());
    assert!(
        !department.text().contains(&numbers[0]),
        "a number on the page"
    );
    department.judge_both("lookup told");
    department.choose("给了没有", "已给予");
    department.fill("效果(查询", "救助以后自付减少");
    department.press("button", "反馈");
    assert!(
        department.text().contains("自付减少"),
        "{}",
        department.text()
    );
    county.press("link", "困难家庭查询");
    county.fill("清查哪个月", "八月");
    county.press("button", "清查未查询先救助");
    assert_eq!((county.status(), county.has("alert", "")), (422, true));
    county.judge_both("lookup a month nobody can read");
    county.fill("清查哪个月", "2026-08");
    county.press("button", "清查未查询先救助");
    county.judge_both("lookup checked");
    department.open("/lookup");
    department.fill("为什么没有先查", "系统停机,先救后查");
    department.press("button", "说明");
    department.judge_both("lookup explained");
    county.open("/lookup");
    assert!(county.text().contains("系统停机"), "{}", county.text());
}
