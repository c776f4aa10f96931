//! What a meeting entrusts stands in its holder's list until the result is written, and past its day in the list of
//! whoever oversees; what it settled is offered where a case is like it.

use super::counters::applies;
use super::*;
use domain::{AreaCode, Day};
use office::casework::afterwards::{Came, Entrust, MinutesItem, NewMinutes};
use office::casework::review::review;

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

async fn a_task_is_done_or_late(database: Database) {
    let bench = Bench::open(database).await;
    bench.at("2026-09-14T09:00");
    let (office, chen) = (&bench.office, &bench.chen.who);
    let minutes = NewMinutes {
        area: AreaCode::parse(COUNTY).unwrap(),
        day: day("2026-09-11"),
        title: "九月联席会议".to_owned(),
        offices: "民政局、医保局".to_owned(),
        attendees: 5,
    };
    let meeting = after::hold(office, chen, &minutes).await.unwrap();
    let hard = applies(&bench, "hard", "dibao", 0).await.unwrap();
    let item = MinutesItem {
        case: Some(hard),
        programme: "dibao".to_owned(),
        circumstances: "有一辆报废的车".to_owned(),
        question: "报废的车算不算".to_owned(),
        resolution: "不算,请交管所补注销".to_owned(),
        departs: None,
        articles: String::new(),
    };
    let item = after::add_item(office, chen, meeting, &item).await.unwrap();
    let part = async |login: &str| {
        let one = ("公安局", login, Came::Yes);
        after::take_part(office, chen, meeting, one).await
    };
    part("li").await.unwrap();
    refused(part("li").await, "已经记过");
    refused(part("nobody").await, "没有在用");
    let entrust = |login: &str, what: &str, due: &str| Entrust {
        item: Some(item),
        login: login.to_owned(),
        what: what.to_owned(),
        due: day(due),
    };
    let what = "陪申请人到交管所补办注销";
    for (wrong, says) in [
        (entrust("li", what, "2026-09-13"), "已经过了"),
        (entrust("nobody", what, "2026-09-20"), "没有在用"),
        (entrust("li", " ", "2026-09-20"), "请写明"),
        (
            Entrust {
                item: Some(item + 1),
                ..entrust("li", what, "2026-09-20")
            },
            "没有编号",
        ),
    ] {
        refused(after::entrust(office, chen, meeting, &wrong).await, says);
    }
    let one = entrust("li", what, "2026-09-20");
    let not_theirs = after::entrust(office, &bench.wang.who, meeting, &one).await;
    assert!(not_theirs.is_err(), "a window clerk keeps no minutes");
    let task = after::entrust(office, chen, meeting, &one).await.unwrap();
    let own = after::own_tasks(office, &bench.li.who).await.unwrap();
    assert_eq!((own.len(), own[0].no, own[0].late), (1, task, false));
    assert_eq!(after::own_tasks(office, chen).await.unwrap(), []);
    // Another's is as if it were not there.
    refused(
        after::finish(office, &bench.zhao.who, task, "办了").await,
        "没有编号",
    );
    assert_eq!(after::late_tasks(office, chen).await.unwrap(), []);
    bench.at("2026-09-21T09:00");
    let late = after::late_tasks(office, chen).await.unwrap();
    assert_eq!((late.len(), late[0].late), (1, true));
    let blind = after::late_tasks(office, &bench.wang.who).await.unwrap();
    assert_eq!(blind, [], "who oversees nothing is told nothing");
    refused(
        after::finish(office, &bench.li.who, task, " ").await,
        "办得怎么样",
    );
    after::finish(office, &bench.li.who, task, "已经注销,凭证在卷")
        .await
        .unwrap();
    refused(
        after::finish(office, &bench.li.who, task, "又办了一次").await,
        "已经办结",
    );
    assert_eq!(after::late_tasks(office, chen).await.unwrap(), []);
    let page = after::minutes(office, chen, meeting).await.unwrap();
    assert_eq!((page.members.len(), page.tasks.len()), (1, 1));
    assert!(page.tasks[0].result.contains("凭证在卷") && !page.tasks[0].mine);
    precedents_are_offered(&bench, hard).await;
}

/// A case of the same programme and kind is shown what was settled, with what is alike; the case itself is not, nor
/// one of another programme that has too little in common.
async fn precedents_are_offered(bench: &Bench, hard: CaseNo) {
    let like = applies(bench, "like", "dibao", 1).await.unwrap();
    let other = applies(bench, "other", "edge", 2).await.unwrap();
    let seen = async |no: CaseNo| {
        let page = review(&bench.staff.access, &bench.wang.who, no).await;
        page.unwrap().similar
    };
    let shown = seen(like).await;
    assert_eq!(shown.len(), 1);
    assert!(shown[0].alike.contains("同一项目"), "{}", shown[0].alike);
    assert!(shown[0].precedent.resolution.contains("不算"));
    assert!(seen(hard).await.is_empty() && seen(other).await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_meeting_entrusts_is_done_with_a_result_or_late_and_what_it_settled_is_offered_to_the_like()
 {
    on_both(a_task_is_done_or_late).await;
}
