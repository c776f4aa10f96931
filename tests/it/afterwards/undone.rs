//! What is decided again: a raise handed over after its month was paid, a job lost during a gradual exit, and
//! money that was on its way while help was stopped.

use super::*;

/// A change without anything to hear, up to the decision.
pub(super) async fn change_up_to_decision(bench: &Bench, no: CaseNo) {
    bench.done(&bench.wang.who, no, "登记变化").await.unwrap();
    bench.verified(no).await;
    assert_eq!(bench.step(no).await, "变更决定");
}

/// October is paid as it was before the decision is handed over.
pub(super) async fn paid_before_handed_over(
    bench: &Bench,
    no: CaseNo,
    (household, before): (HouseholdId, Fen),
) {
    bench.at("2026-10-05T09:00");
    let (batch, paid) = bench.drawn(month("2026-10"), household).await;
    assert_eq!(paid, Some(before));
    bench.paid(batch).await;
    bench.at("2026-10-06T09:00");
    assert_eq!(bench.deliver(no).await.unwrap(), None, "nothing is owed");
}

async fn a_raise_comes_late(database: Database) {
    let bench = Bench::open(database).await;
    bench.at("2026-09-28T09:00");
    let (no, help, household) = bench.sure(AfterPurpose::Change, 0).await;
    let before = bench.amount(help, month("2026-10")).await;
    change_up_to_decision(&bench, no).await;
    let more = before.checked_add(fen(30_00));
    refused(bench.sign(no, &raise(more, "2026-08")).await, "已经过去");
    bench.sign(no, &raise(more, "2026-10")).await.unwrap();
    paid_before_handed_over(&bench, no, (household, before)).await;
    // November brings what October lacked, December the new amount.
    bench.at("2026-11-02T09:00");
    let with_both = before.checked_add(fen(60_00));
    assert_eq!(bench.drawn(month("2026-11"), household).await.1, with_both);
    bench.at("2026-12-02T09:00");
    assert_eq!(bench.drawn(month("2026-12"), household).await.1, more);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_raise_handed_over_after_its_month_was_paid_brings_that_month_too_and_asks_nothing_back()
{
    on_both(a_raise_comes_late).await;
}

async fn a_job_is_lost(database: Database) {
    let bench = Bench::open(database).await;
    bench.at("2026-09-02T09:00");
    let (exit, help, household) = bench.sure(AfterPurpose::GradualExit, 0).await;
    let before = bench.amount(help, month("2026-10")).await;
    bench.done(&bench.wang.who, exit, "登记就业").await.unwrap();
    bench.verified(exit).await;
    bench.tell(exit).await.unwrap();
    bench.hear(exit, HeardAnswer::Agrees, &[]).await.unwrap();
    bench
        .sign(exit, &ruling(AfterKind::Exit, "长子就业,收入过线"))
        .await
        .unwrap();
    bench.deliver(exit).await.unwrap();
    assert_eq!(bench.step(exit).await, "渐退期");
    // Its end is not written down before it comes.
    refused(
        bench.done(&bench.wang.who, exit, "渐退期").await,
        "期满以前不办",
    );

    bench.at("2026-11-10T09:00");
    let no = bench.begin(AfterPurpose::Change, help).await.unwrap();
    assert_eq!(bench.step(exit).await, "", "the change takes its place");
    change_up_to_decision(&bench, no).await;
    let mut back = ruling(AfterKind::Restored, "长子失去工作,收入回到标准以下");
    back.amount = Some(before);
    back.from = Some(month("2026-10"));
    refused(bench.sign(no, &back).await, "还在发");
    back.from = None;
    bench.sign(no, &back).await.unwrap();
    assert_eq!(bench.deliver(no).await.unwrap(), None);
    for of in ["2026-12", "2027-04", "2027-10"] {
        bench.at(&format!("{of}-02T09:00"));
        assert_eq!(
            bench.drawn(month(of), household).await.1,
            Some(before),
            "{of}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_loses_the_job_during_a_gradual_exit_is_paid_on_past_its_end() {
    on_both(a_job_is_lost).await;
}

async fn money_is_on_its_way(database: Database) {
    let bench = Bench::open(database).await;
    let office = &bench.office;
    bench.at("2026-09-02T09:00");
    let (help, household) = bench.dibao().await[0];
    let (batch, paid) = bench.drawn(month("2026-09"), household).await;
    pay::check(office, &bench.chen2.who, batch).await.unwrap();
    pay::approve(office, &bench.chen3.who, batch).await.unwrap();
    pay::seal(office, &bench.chen3.who, batch).await.unwrap();
    let file = pay::release(office, &bench.chen3.who, batch, |_| {})
        .await
        .unwrap();
    let stopped = crate::found_out::stopped(
        office,
        &bench.chen.who,
        help,
        month("2026-09"),
        "核实已迁出",
    )
    .await;
    assert_eq!(stopped.unwrap(), None, "nothing has arrived yet");
    let book = office.book().texts()["banks/demo.md"].clone();
    let reply = synth::bank_answer(&book, &std::fs::read(file).unwrap(), 1, &[]).unwrap();
    pay::answer(office, &bench.chen2.who, batch, &reply.name, &reply.bytes)
        .await
        .unwrap();
    let seen = pay::household(office, &bench.chen.who, household.get())
        .await
        .unwrap();
    let asked: Vec<String> = seen.recoveries.iter().map(|one| one.2.clone()).collect();
    assert_eq!(asked, [paid.unwrap().to_string()], "arrived and asked back");
    // An earlier stop finds nothing new and leaves that recovery as it is.
    let earlier = crate::found_out::stopped(
        office,
        &bench.chen.who,
        help,
        month("2026-08"),
        "八月已迁出",
    )
    .await;
    let recovery = earlier.unwrap().expect("the open one");
    // No money is taken before it has its case, and then before the decision is handed over.
    let early = pay::recovery_step(office, &bench.chen.who, recovery, "repaid", paid, "回执").await;
    assert!(early.unwrap_err().to_string().contains("还没有立案"));
    let opened = after::open_recoveries(office, &bench.wang.who)
        .await
        .unwrap();
    assert_eq!(opened, 1);
    let early = pay::recovery_step(office, &bench.chen.who, recovery, "repaid", paid, "回执").await;
    assert!(early.unwrap_err().to_string().contains("送达以前不能收款"));
    // Found not to be owed, the case ends the recovery.
    let list = after::list(office, &bench.wang.who, AfterPurpose::Recovery)
        .await
        .unwrap();
    let no = CaseNo::new(list[0].no);
    bench.done(&bench.wang.who, no, "登记多领").await.unwrap();
    bench.told(&bench.wang.who, no, "没有多领").await.unwrap();
    bench.done(&bench.wang.who, no, "核实金额").await.unwrap();
    bench.done(&bench.wang.who, no, "撤销登记").await.unwrap();
    let tx = office.begin().await.unwrap();
    let closed = store::payments::find_recovery(&tx, recovery).await.unwrap();
    assert_eq!(
        closed.unwrap().state,
        store::payments::RecoveryState::Closed
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn money_that_arrives_after_the_stop_is_asked_back_once_and_no_longer_when_it_was_not_owed() {
    on_both(money_is_on_its_way).await;
}
