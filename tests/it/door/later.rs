//! The next year: its work calendar comes in by the door an official has for it, the regular review finds nothing
//! changed, and work ends the help by steps; what was decided is printed, told back and computed again.

use super::place::{Family, Place};
use super::told::told_later;
use super::{COUNTY, People, answered, own_line};
use crate::browse::{Page, Person};
use office::casework::capsule;
use office::trace::trace;

/// The year as the administrator hands it in: invented, and marked so.
const YEAR: &str = include_str!("../../inputs/calendar-2027.csv");

/// The year nobody had is imported in November: a wrong row sends it back with row and field, a whole file is
/// signed by two, and the pages take it up.
pub(super) async fn imported(place: &Place, people: &People) {
    place.at("2026-11-25T09:00");
    let admin = place.enter("admin", "系统管理员", COUNTY).await;
    let guard = place.enter("gu", "安全保密管理员", COUNTY).await;
    let [chen, ..] = &people.chen;
    let door = "/admin/calendar";
    let page = admin.read(door).await;
    page.says(&["未导入年份", "未导入 2027 年"]);
    // Nobody without the right has the form; and no due day of that year is made up meanwhile.
    assert!(
        !people
            .wang
            .read(door)
            .await
            .body
            .contains("action=\"/admin/calendar\"")
    );
    let fields = [("year", "2027"), ("why", "示例:国办发明电〔2026〕7 号")];
    let wrong = YEAR
        .replace("2027-06-09,端午节,1", "2027-06-31,端午节,1")
        .replace("2027-10-09,国庆节,0", "2027-10-09,国庆节,两");
    let file = ("2027.csv", wrong.as_bytes());
    let back = admin.hand_in(&page, door, &fields, file).await;
    assert_eq!(back.status, 422);
    back.says(&[
        "整份退回",
        "date:`2027-06-31` 日历上没有这一天",
        "is_off_day:`两` 读不懂",
    ]);
    let half: String = YEAR.split_inclusive('\n').take(20).collect();
    let file = ("2027.csv", half.as_bytes());
    let back = admin.hand_in(&page, door, &fields, file).await;
    back.says(&["国庆节写了 0 天放假", "安排不全"]);
    let none = admin.read("/rulebook/changes").await;
    none.says(&["还没有提出过改动"]);

    let file = ("2027.csv", YEAR.as_bytes());
    let version = admin.hand_in(&page, door, &fields, file).await;
    assert_eq!(version.path(), "/rulebook/changes/1", "{}", version.words());
    version.says(&["calendars/2027.csv", "从 2027-01-01 起", "没有挡着的"]);
    let sign = "/rulebook/changes/1/sign";
    chen.done(&chen.read(version.path()).await, sign, &[]).await;
    people.wang.read(door).await.says(&["未导入 2027 年"]);
    guard
        .done(&guard.read(version.path()).await, sign, &[])
        .await;
    // The page does not wait for it; the test does.
    place.pages.follow().await.unwrap();
    let page = admin.read(door).await;
    page.says(&["没有缺的年份", "2027 示例值"]);
    let version = admin.read(version.path()).await;
    version.says(&["admin的姓名(admin)", "chen的姓名(chen)", "gu的姓名(gu)"]);
}

/// A plain step of a case.
async fn step(who: &Person, case: &str, step: &str) -> Page {
    let page = who.read(case).await;
    who.done(&page, case, &[("act", "complete"), ("step", step)])
        .await
}

/// Everybody signs again, the departments answer as of a day, and the report is issued.
async fn verified(place: &Place, people: &People, case: i64, (day, wages): (&str, &[[&str; 4]])) {
    let (wang, zhao) = (&people.wang, &people.zhao);
    let page = wang.read(&format!("/case/{case}")).await;
    let consents = wang.read(&page.link("/verify/consents/")).await;
    let persons = consents.choices(consents.path(), "person");
    let mut signs: Vec<(&str, &str)> = persons.iter().map(|p| ("person", p.as_str())).collect();
    signs.extend([("signed", "paper"), ("act", "give")]);
    wang.done(&consents, consents.path(), &signs).await;
    let list = zhao.read("/verify").await;
    let number = case.to_string();
    let batch = zhao.done(&list, "/verify", &[("case", &number)]).await;
    answered(place, (zhao, &people.chen[0]), &batch, (day, wages)).await;
    let page = zhao.read(batch.path()).await;
    let diff = zhao
        .read(&page.link(&format!("{}/diff/", batch.path())))
        .await;
    let report = [("act", "report")];
    zhao.done(&diff, diff.path(), &report).await;
}

/// Half a year later the review is due, because somebody in the family can work; nothing has changed.
pub(super) async fn reviewed(place: &Place, people: &People, family: &Family) {
    let wang = &people.wang;
    place.at("2027-05-10T09:00");
    let month = "2027-05";
    let list = wang.read(&format!("/reviews?month={month}")).await;
    list.says(&["2027-05-11", "6 个月", "有劳动能力"]);
    let opened = wang.done(&list, "/reviews", &[("month", month)]).await;
    opened.says(&["列入核查"]);
    let history = format!("/households/{}/history", family.household);
    let review = wang.read(&history).await.link("/reviews/");
    let review = wang.read(&review).await;
    review.says(&["定期核查"]);
    // From the review to its case and back.
    let case = wang.read(&review.link("/case/")).await;
    let no = case.number();
    assert_eq!(case.link("/reviews/"), format!("/reviews/{no}"));
    let case = format!("/case/{no}");
    step(wang, &case, "列入核查").await;
    place.at("2027-05-11T09:00");
    verified(place, people, no, ("2027-05-11", &[])).await;
    step(wang, &case, "核查结论").await;
    step(wang, &case, "维持不变").await;
    wang.read(&format!("/reviews/{no}")).await.says(&["已办结"]);
}

/// Somebody has found work: told and heard, signed by the county, handed to a grown-up member, and ended.
pub(super) async fn left_by_steps(place: &Place, people: &People, family: &Family) -> i64 {
    let (wang, [chen, ..]) = (&people.wang, &people.chen);
    place.at("2027-06-10T09:00");
    let history = format!("/households/{}/history", family.household);
    let page = wang.read(&history).await;
    let list = wang.read(&page.link("/reviews?household=")).await;
    let help = list.choices("/reviews/begin", "entitlement");
    assert_eq!(help.len(), 1, "{}", list.words());
    let begin = [
        ("purpose", "gradual-exit"),
        ("entitlement", help[0].as_str()),
        ("said", "到镇上工厂上班"),
    ];
    let exit = wang.done(&list, "/reviews/begin", &begin).await;
    let (no, path) = (exit.number(), exit.path().to_owned());
    let case = format!("/case/{no}");
    step(wang, &case, "登记就业").await;
    place.at("2027-06-15T09:00");
    let (number, name) = (family.number.as_str(), family.name.as_str());
    let wages = [
        [number, name, "2027-05", "9000.00"],
        [number, name, "2027-06", "9000.00"],
    ];
    verified(place, people, no, ("2027-06-15", &wages)).await;
    let page = wang.read(&path).await;
    page.says(&["未满足", "渐退怎么发", "2027-07"]);
    let tell = [
        ("act", "tell"),
        ("way", "in-person"),
        ("said", "工资从五月起"),
    ];
    let told = wang.done(&page, &path, &tell).await;
    let notice = wang.read(&told.link(&format!("{case}/letters/"))).await;
    notice.says(&["听取意见", "工资从五月起", "以前说明情况"]);
    let hear = [
        ("act", "hear"),
        ("heard", "spoken"),
        ("answer", "agrees"),
        ("said", "同意,工作已经稳定"),
    ];
    wang.done(&told, &path, &hear).await;

    place.at("2027-06-17T09:00");
    let decide = format!("{path}/decide");
    let page = chen.read(&path).await;
    let page = chen
        .done(
            &page,
            &decide,
            &[("kind", "exit"), ("said", "就业后收入过线,渐退")],
        )
        .await;
    page.says(&["渐退", "复议"]);
    let page = wang.read(&path).await;
    printed(
        wang,
        &case,
        "渐退期告知书",
        &["2027 年 7 月 起", "2027 年 12 月", "全部理由", "行政复议"],
    )
    .await;
    let relative = page.choices(&path, "receiver");
    let relative = relative.iter().find(|one| one.starts_with("同住成年家属:"));
    let hand = [
        ("act", "deliver"),
        ("way", "in-person"),
        ("receiver", relative.unwrap().as_str()),
    ];
    // A notice to everybody is no way to a member's hand.
    let mut public = hand;
    public[1].1 = "public";
    let refused = wang.send(&page, &path, &public).await;
    assert_eq!(refused.status, 422);
    refused.says(&["不用于公告送达"]);
    wang.done(&page, &path, &hand).await.says(&["家属"]);

    place.at("2027-12-20T09:00");
    step(wang, &case, "渐退期").await;
    let page = chen.read(&path).await;
    let stopped = [("kind", "stopped"), ("said", "渐退期满")];
    chen.done(&page, &decide, &stopped).await;
    printed(
        wang,
        &case,
        "停发告知书",
        &["从 2028 年 1 月 起停发", "渐退期满", "行政诉讼"],
    )
    .await;
    let page = wang.read(&path).await;
    let hand = [
        ("act", "deliver"),
        ("way", "in-person"),
        ("receiver", "本人"),
    ];
    wang.done(&page, &path, &hand).await.says(&["已办结"]);
    // The whole period stands in the family's file, and nothing is paid any more.
    let periods = wang.read(&history).await;
    periods.says(&["2026-11 起,到 2027-12", "2028-01 起", "停发"]);
    place.at("2028-01-04T09:00");
    let list = chen.read("/payments").await;
    let later = [
        ("month", "2028-01"),
        ("kind", "monthly"),
        ("act", "prepare"),
    ];
    let batch = chen.done(&list, "/payments", &later).await;
    assert!(!is_paid_in(chen, batch, family.household).await);
    no
}

/// Whether a batch has a line of a household, on whichever of its pages.
async fn is_paid_in(who: &Person, batch: Page, household: i64) -> bool {
    let mut page = batch;
    loop {
        if own_line(&page, household).is_some() {
            return true;
        }
        let mut links = page.links().into_iter();
        match links.find(|link| link.contains("cursor=")) {
            Some(next) => page = who.read(&next).await,
            None => return false,
        }
    }
}

/// A letter as its page shows it, with reason, article and remedy; the same as PDF.
async fn printed(who: &Person, case: &str, title: &str, says: &[&str]) {
    let letter = format!("{case}/letters/{title}");
    let page = who.read(&letter).await;
    page.says(says);
    page.says(&["依据", "民政局"]);
    let pdf = who.open(&page.link(&letter)).await;
    // Where no Chinese font is installed the page says so.
    assert!(
        pdf.bytes.starts_with(b"%PDF") || pdf.has("字体"),
        "{title}: {}",
        pdf.words()
    );
}

/// What was decided later is traced and computed again like the first decision.
pub(super) async fn told_and_replayed(place: &Place, exit: i64) {
    let office = &place.office;
    let tx = office.begin().await.unwrap();
    let decided = store::reviews::decisions(&tx, domain::CaseNo::new(exit))
        .await
        .unwrap();
    drop(tx);
    let numbers: Vec<i64> = decided.iter().map(|one| one.no).collect();
    assert_eq!(numbers.len(), 2, "the exit and its end");
    for no in &numbers {
        let again = capsule::replay_after(office, *no).await.unwrap();
        assert!(again.same, "{:?}", again.differs);
    }
    let steps = trace(office, &format!("after-decision:{}", numbers[0]))
        .await
        .unwrap();
    let whats = [
        "处理决定",
        "规则",
        "办件",
        "告知",
        "听取意见",
        "送达",
        "事实",
        "核对报告",
    ];
    for what in whats {
        assert!(steps.iter().any(|step| step.what == what), "no {what}");
    }
    told_later(&steps);
}
