//! Whoever led a family's hearing stays away from the decision: the page offers it to others, and says why not to
//! them; their act is refused by the same rule.

use super::*;

async fn heard_and_decided_by_others(database: Database) {
    let bench = Bench::open(database).await;
    let office = &bench.office;
    bench.at("2026-09-02T09:00");
    let (no, ..) = bench.sure(AfterPurpose::Ending, 0).await;
    bench.done(&bench.wang.who, no, "登记线索").await.unwrap();
    bench.visited(no).await;
    bench.tell(no).await.unwrap();
    bench
        .hear(no, HeardAnswer::Objects, &["要求听证"])
        .await
        .unwrap();
    assert_eq!(bench.step(no).await, "听证");
    let heard = Heard {
        form: HeardAs::Hearing,
        answer: HeardAnswer::Objects,
        words: "工资按月到账,只有三个月".to_owned(),
        with: "chen2".to_owned(),
        follows: Vec::new(),
    };
    after::hear(office, &bench.chen.who, no, &heard)
        .await
        .unwrap();
    assert_eq!(bench.step(no).await, "停发决定");
    let stop = ruling(AfterKind::Stopped, "收入连续三个月高于标准");
    for led in [&bench.chen, &bench.chen2] {
        let file = after::after_file(office, &led.who, no).await.unwrap();
        assert_eq!(file.may.kinds, [], "{}", led.who.login());
        assert!(!file.may.other, "nothing is left for them on another page");
        let why = &file.may.recused;
        for part in ["听证", "请回避", "chen(听证)", "chen2(听证)"] {
            assert!(why.contains(part), "{part}: {why}");
        }
        assert!(after::sign(office, &led.who, no, &stop).await.is_err());
        let page = casework::case_file(&bench.staff.access, &led.who, no).await;
        let page = page.unwrap();
        assert_eq!(&page.not_yours, why, "both pages say the same");
        assert!(page.acts.is_some_and(|acts| !acts.completes));
    }
    let file = after::after_file(office, &bench.chen3.who, no)
        .await
        .unwrap();
    assert_eq!(file.may.recused, "");
    assert!(!file.may.kinds.is_empty());
    after::sign(office, &bench.chen3.who, no, &stop)
        .await
        .unwrap();
    // Where the step is another role's nobody is told to stay away.
    let file = after::after_file(office, &bench.chen.who, no)
        .await
        .unwrap();
    assert_eq!(file.may.recused, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_led_the_hearing_is_offered_no_decision_and_is_told_who_stays_away() {
    on_both(heard_and_decided_by_others).await;
}
