//! D5: an application taken away from home keeps the day it was handed in and accepted, and the day it is
//! due, when it goes home; nobody starts again, and the one who took it no longer sees it.

use super::{Counter, TOWN, take_many};
use crate::staff::Signed;
use domain::Day;
use office::casework::{self, CaseNo};

/// Where the applicant's household is registered.
const HOME: &str = "990101002";

/// What must not change: the day handed in, the day accepted, and the law's days due.
async fn days(counter: &Counter, who: &Signed, no: CaseNo) -> (Day, Day, Vec<Option<Day>>) {
    let case = casework::load(&counter.office, &who.who, no).await.unwrap();
    let accepted = case.standing.last_done("受理").unwrap().day;
    let due = |runs: &domain::casework::Runs| runs.due.as_ref().ok().map(|due| due.day);
    (
        case.standing.submitted,
        accepted,
        case.clock.law.iter().map(due).collect(),
    )
}

async fn done(counter: &Counter, who: &Signed, path: &str, fields: &[(&str, &str)]) -> String {
    let told = counter.ask(who, "POST", path, fields).await;
    assert_eq!(told.status, 303, "{fields:?}: {}", told.body);
    told.place
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_goes_home_keeps_its_days_and_goes_on_where_it_stood() {
    let counter = Counter::open().await;
    let wang = counter.staff.enter("wang", "窗口经办", TOWN).await;
    let home = counter.staff.enter("home", "窗口经办", HOME).await;
    let no = take_many(&counter, &wang, 1).await[0].cases[0];
    let path = format!("/case/{no}");
    let papers = [
        ("act", "papers"),
        ("given", "申请书"),
        ("given", "授权核对委托书"),
        ("given", "身份证件"),
    ];
    done(&counter, &wang, &path, &papers).await;
    for step in ["提交申请", "受理"] {
        let fields = [("act", "complete"), ("step", step), ("gave", "")];
        done(&counter, &wang, &path, &fields).await;
    }
    let (_, _, usual) = days(&counter, &wang, no).await;
    let away = [
        ("act", "tell"),
        ("name", "异地申请"),
        ("said", "住在这里,户口在邻镇"),
    ];
    done(&counter, &wang, &path, &away).await;
    let before = days(&counter, &wang, no).await;
    // Away from home the law gives more time, and only to the day it ends.
    assert!(before.2[0] > usual[0], "{:?} {usual:?}", before.2);

    // A week later it goes home; a reason that no list has is refused.
    counter.office.clock().set("2026-09-21T09:00");
    let send = |reason: &'static str| {
        [
            ("act", "transfer"),
            ("area", HOME),
            ("reason", reason),
            ("said", ""),
        ]
    };
    let refused = counter.ask(&wang, "POST", &path, &send("不想办")).await;
    assert!(
        refused.status == 422 && refused.body.contains("事由表"),
        "{}",
        refused.body
    );
    let left = done(&counter, &wang, &path, &send("户籍在别处")).await;
    assert_eq!(left, format!("/inbox?moved={no}"));
    assert_eq!(counter.see(&wang, &path).await.status, 404);

    assert_eq!(days(&counter, &home, no).await, before);
    let page = counter.see(&home, &path).await;
    let due = before.2[0].unwrap().to_string();
    for words in ["户籍在别处", "异地申请", due.as_str()] {
        assert!(page.body.contains(words), "{words}: {}", page.body);
    }
    let inbox = counter.see(&home, "/inbox").await;
    assert!(inbox.body.contains(&path), "{}", inbox.body);
    let next = [
        ("act", "complete"),
        ("step", "启动调查"),
        ("gave", "核对请求"),
        ("rest", "yes"),
    ];
    done(&counter, &home, &path, &next).await;
    assert_eq!(days(&counter, &home, no).await, before);
}
