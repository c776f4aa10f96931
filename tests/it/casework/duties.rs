//! 责任清单: each role's steps as the procedures say them, and what is owed now: what a township owes is in its own
//! list, in the county's, and in nobody else's.

use super::*;
use office::casework::duties::{Owed, duties};

#[tokio::test(flavor = "multi_thread")]
async fn what_a_role_owes_stands_with_its_time_and_what_is_late_is_counted_by_township() {
    let counter = Counter::open().await;
    let wang = counter.staff.enter("wang", "窗口经办", TOWN).await;
    let beside = counter.staff.enter("wang2", "窗口经办", "990101002").await;
    let chen = counter.staff.enter("chen", "县级审核", "990101").await;
    take_many(&counter, &wang, 4).await;
    let office = &counter.office;
    let own = duties(office, &wang.who, ("", TOWN)).await.unwrap();
    assert_eq!(own.role, "窗口经办", "by default one's own");
    let notice = own.duties.iter().find(|one| one.step == "告知拟停发");
    assert_eq!(notice.unwrap().limit, "3 个工作日");
    assert!(!own.duties.iter().any(|one| one.step == "停发决定"));
    let county = duties(office, &chen.who, ("县级审核", "")).await.unwrap();
    let decides = county.duties.iter().find(|one| one.step == "停发决定");
    assert_eq!(decides.unwrap().with, "不能是办 核实、听证 的人");
    let village = duties(office, &chen.who, ("网格员", "")).await.unwrap();
    assert!(
        !village.duties.is_empty() && village.duties.iter().all(|one| !one.gives.contains("决定")),
        "a village helps and does not decide"
    );
    let of = |list: &[Owed], role: &str| {
        let mut own = list
            .iter()
            .filter(|one| one.role == role && one.town == TOWN);
        own.next().map(|one| (one.open, one.late))
    };
    assert_eq!(of(&own.owed, "窗口经办"), Some((4, 0)));
    assert_eq!(of(&county.owed, "窗口经办"), Some((4, 0)));
    assert_eq!((own.cases.len(), county.cases.len()), (4, 0));
    counter.office.clock().set("2026-12-01T09:00");
    let late = duties(office, &wang.who, ("", TOWN)).await.unwrap();
    assert_eq!(of(&late.owed, "窗口经办"), Some((4, 4)));
    assert!(late.cases.iter().all(|one| one.late));
    let blind = duties(office, &beside.who, ("", TOWN)).await.unwrap();
    assert_eq!((blind.owed, blind.cases), (Vec::new(), Vec::new()));
    let page = counter
        .see(&chen, "/duties?role=%E7%AA%97%E5%8F%A3%E7%BB%8F%E5%8A%9E")
        .await;
    assert!(
        page.status == 200
            && page.body.contains("现在欠办的")
            && page.body.contains("town=990101001"),
        "{}",
        page.body
    );
}
