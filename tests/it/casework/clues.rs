//! A clue has a day. It becomes an application or is brought to an end with a reason, and what is late stands
//! before whoever oversees.

use super::*;
use office::casework::{ClueSource, Report};

#[tokio::test(flavor = "multi_thread")]
async fn a_clue_has_a_day_ends_with_a_reason_and_stands_before_the_overseer_when_it_is_late() {
    let counter = Counter::open().await;
    let li = counter.staff.enter("li", "网格员", TOWN).await;
    let wang = counter.staff.enter("wang", "窗口经办", TOWN).await;
    let chen = counter.staff.enter("chen", "县级审核", "990101").await;
    let other = counter.staff.enter("wang2", "窗口经办", "990101002").await;
    for [name, number, _] in counter.heads().iter().take(2) {
        let person = casework::people::find(&counter.office, &wang.who, name, number).await;
        let said = Report {
            person: person.unwrap().unwrap(),
            area: None,
            source: ClueSource::Worker,
            urgent: false,
            text: "一个人住,屋顶漏雨".to_owned(),
        };
        casework::report(&counter.office, &li.who, &said)
            .await
            .unwrap();
    }
    // Five working days from Monday, as the rulebook says: the Sunday is worked for the holiday.
    let inbox = counter.see(&wang, "/inbox").await;
    assert!(inbox.body.contains("2026-09-20 前"), "{}", inbox.body);
    let page = counter.see(&wang, "/clues/1").await;
    assert!(
        page.body.contains("2026-09-20 前转为申请或者了结"),
        "{}",
        page.body
    );
    assert_eq!(counter.see(&other, "/clues/1").await.status, 404);
    let nothing = counter.see(&chen, "/inbox").await;
    assert!(
        !nothing.body.contains("工单和居民事项逾期"),
        "nothing is late yet"
    );
    counter.office.clock().set("2026-09-22T09:00");
    let late = counter.see(&chen, "/inbox").await;
    assert!(
        late.body.contains("工单和居民事项逾期 2 件"),
        "{}",
        late.body
    );
    // Without a reason of the list it stays; whoever only looks cannot end it.
    let refused = [("reason", "不想办"), ("said", "去看过")];
    let answer = counter.ask(&wang, "POST", "/clues/1", &refused).await;
    assert!(
        answer.status == 422 && answer.body.contains("事由表") && answer.body.contains("去看过"),
        "{}",
        answer.body
    );
    let reason = [("reason", "上门看过不属实"), ("said", "屋顶上月修好了")];
    assert_eq!(
        counter.ask(&chen, "POST", "/clues/1", &reason).await.status,
        403
    );
    let done = counter.ask(&wang, "POST", "/clues/1", &reason).await;
    assert_eq!(
        (done.status, done.place.as_str()),
        (303, "/clues/1"),
        "{}",
        done.body
    );
    let page = counter.see(&wang, "/clues/1").await;
    assert!(
        page.body
            .contains("wang 了结:上门看过不属实:屋顶上月修好了"),
        "{}",
        page.body
    );
    let again = counter.ask(&wang, "POST", "/clues/1", &reason).await;
    assert!(
        again.status == 422 && again.body.contains("已经办过"),
        "{}",
        again.body
    );
    let late = counter.see(&chen, "/inbox").await;
    assert!(
        late.body.contains("工单和居民事项逾期 1 件"),
        "{}",
        late.body
    );
}
