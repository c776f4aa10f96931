//! What is added to a recovery that was decided: told, heard, decided and handed over anew, and only then taken; the
//! first decision stays. What turns out not to be owed is let go.

use super::owed::{adds_up, decided, paid, repaid, said, state};
use super::*;
use store::payments::RecoveryState;

async fn told(bench: &Bench, no: CaseNo) -> Result<i64, CaseError> {
    bench.tell(no).await
}

async fn goes_its_way(database: Database) {
    let bench = Bench::open(database).await;
    let (help, _, amount) = paid(&bench, 0).await;
    let (office, chen, wang) = (&bench.office, &bench.chen.who, &bench.wang.who);
    let september = month("2026-09");
    let due = |less: Fen| amount.checked_sub(less).unwrap();
    let first = (september, due(fen(9_000)));
    let recovery = pay::recover(office, chen, help, first, "九月起少一人").await;
    let recovery = recovery.unwrap();
    let no = decided(&bench, recovery, fen(9_000)).await;
    bench.no_letter(no, "补充追回告知书").await;
    let more = (september, due(fen(12_000)));
    pay::recover(office, chen, help, more, "又核出一笔")
        .await
        .unwrap();
    said(repaid(&bench, recovery, fen(9_001)).await, "90.00 元");
    // Neither asked back nor given up before the family was told and heard; not by whoever told them.
    let mut ask = ruling(AfterKind::Recover, "八月已经分家,登记晚了");
    refused(bench.sign(no, &ask).await, "还没有告知本人");
    refused(bench.hear(no, HeardAnswer::Agrees, &[]).await, "请先告知");
    let seen = after::after_file(office, wang, no).await.unwrap();
    assert!(seen.may.tell && !seen.may.hear && seen.may.added.as_deref() == Some("30.00"));
    told(&bench, no).await.unwrap();
    refused(told(&bench, no).await, "已经告知本人");
    refused(bench.hear(no, HeardAnswer::Silent, &[]).await, "第二天起");
    refused(bench.sign(no, &ask).await, "还没有听取意见");
    // More still: that was not told.
    let still = (september, due(fen(12_500)));
    pay::recover(office, chen, help, still, "再核出一笔")
        .await
        .unwrap();
    refused(bench.hear(no, HeardAnswer::Agrees, &[]).await, "请先告知");
    told(&bench, no).await.unwrap();
    bench.hear(no, HeardAnswer::Agrees, &[]).await.unwrap();
    refused(after::sign(office, wang, no, &ask).await, "没有");
    ask.amount = Some(fen(3_501));
    refused(bench.sign(no, &ask).await, "又多发 35.00 元");
    ask.amount = Some(fen(3_300));
    bench.sign(no, &ask).await.unwrap();
    refused(bench.sign(no, &ask).await, "还没有送达");
    let words = [
        "在原来的追回决定以后,又查出 2026 年 9 月 多领 33.00 元",
        "八月已经分家",
        "以前退回",
        "行政复议",
    ];
    bench.letter_says(no, "补充追回告知书", &words).await;
    // Added while it waits to be handed over: not of it.
    let last = (september, due(fen(12_600)));
    pay::recover(office, chen, help, last, "最后一笔")
        .await
        .unwrap();
    said(repaid(&bench, recovery, fen(9_001)).await, "90.00 元");
    assert_eq!(bench.deliver(no).await.unwrap(), Some(recovery));
    assert_eq!(bench.step(no).await, "退回", "the case waits where it did");
    assert_eq!(
        state(&bench, recovery).await,
        (RecoveryState::Open, fen(12_400)),
        "90 and 33 decided, 1 added since"
    );
    bench.letter_says(no, "补充追回告知书", &words).await;
    bench
        .letter_says(no, "追回告知书", &["多领 90.00 元"])
        .await;
    repaid(&bench, recovery, fen(12_300)).await.unwrap();
    said(repaid(&bench, recovery, fen(100)).await, "另作决定");
    // The last of it is not owed: no hearing, and the case ends with nothing left.
    let kept = ruling(AfterKind::Kept, "核对发放记录,这一笔算错了");
    bench.sign(no, &kept).await.unwrap();
    bench.deliver(no).await.unwrap();
    assert_eq!(
        state(&bench, recovery).await,
        (RecoveryState::Closed, fen(12_300))
    );
    assert_eq!(bench.step(no).await, "");
    adds_up(&bench).await;
    let seen = pay::recovery(office, chen, recovery).await.unwrap();
    assert!(
        seen.steps.iter().all(|step| !step.what.contains(':')),
        "marks are no steps"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_added_to_a_decided_recovery_is_told_heard_and_decided_before_it_is_taken() {
    on_both(goes_its_way).await;
}
