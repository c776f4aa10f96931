//! What must come back: a part of a payment, on the county's decision alone, to the last fen; given up by another
//! decision; due after all. Each way on both databases, and the money book adds up after each.

use super::undone::change_up_to_decision;
use super::*;
use office::disbursement::PayError;
use store::payments::RecoveryState;

pub(super) fn said<T: std::fmt::Debug>(answer: Result<T, PayError>, says: &str) {
    let said = answer.unwrap_err().to_string();
    assert!(said.contains(says), "{said}");
}

/// A month paid to everybody: the first dibao help of a place in the list, its household, and how much.
pub(super) async fn paid(bench: &Bench, skip: usize) -> (i64, HouseholdId, Fen) {
    bench.at("2026-09-02T09:00");
    let (batch, _) = bench
        .drawn(month("2026-09"), bench.dibao().await[0].1)
        .await;
    bench.paid(batch).await;
    let tx = bench.office.begin().await.unwrap();
    let mut found = Vec::new();
    for (help, household) in bench.dibao().await {
        let lines = store::payments::of_entitlement(&tx, help, month("2026-09"))
            .await
            .unwrap();
        let arrived = |line: &&store::payments::Line| {
            line.state == domain::payment::LineState::Paid && line.content.amount > fen(20_000)
        };
        if let Some(line) = lines.iter().find(arrived) {
            found.push((help, household, line.content.amount));
        }
    }
    found.swap_remove(skip)
}

pub(super) async fn repaid(bench: &Bench, recovery: i64, amount: Fen) -> Result<(), PayError> {
    let (office, who) = (&bench.office, &bench.chen.who);
    pay::recovery_step(office, who, recovery, "repaid", Some(amount), "退款回单").await
}

pub(super) async fn state(bench: &Bench, recovery: i64) -> (RecoveryState, Fen) {
    let tx = bench.office.begin().await.unwrap();
    let found = store::payments::find_recovery(&tx, recovery).await.unwrap();
    let found = found.unwrap();
    (found.state, found.content.amount)
}

async fn case_of(bench: &Bench, recovery: i64) -> CaseNo {
    let tx = bench.office.begin().await.unwrap();
    let case = store::reviews::of_recovery(&tx, recovery).await.unwrap();
    case.expect("it has its case").case
}

pub(super) async fn adds_up(bench: &Bench) {
    let found = pay::verify(&bench.office).await.unwrap();
    assert!(found.is_empty(), "{found:?}");
}

/// The case of a recovery from its beginning to the decision handed over.
pub(super) async fn decided(bench: &Bench, recovery: i64, amount: Fen) -> CaseNo {
    let no = case_of(bench, recovery).await;
    let wang = &bench.wang.who;
    bench.done(wang, no, "登记多领").await.unwrap();
    refused(bench.done(wang, no, "核实金额").await, "写明核实了什么");
    let words = "看了九月的发放记录和迁出证明";
    bench.found(wang, no, ("核实金额", words)).await.unwrap();
    bench.tell(no).await.unwrap();
    bench.hear(no, HeardAnswer::Agrees, &[]).await.unwrap();
    said(repaid(bench, recovery, fen(1)).await, "送达以前不能收款");
    let mut ask = ruling(AfterKind::Recover, "九月多发,家里少了一人");
    ask.amount = amount.checked_add(fen(1));
    refused(bench.sign(no, &ask).await, "不能决定追回");
    ask.amount = Some(amount);
    bench.sign(no, &ask).await.unwrap();
    said(repaid(bench, recovery, fen(1)).await, "送达以前不能收款");
    assert_eq!(bench.deliver(no).await.unwrap(), Some(recovery));
    assert_eq!(bench.step(no).await, "退回");
    no
}

async fn a_part_comes_back(database: Database) {
    let bench = Bench::open(database).await;
    let (help, _, amount) = paid(&bench, 0).await;
    let (office, chen) = (&bench.office, &bench.chen.who);
    let part = fen(90_01);
    let due = amount.checked_sub(part).unwrap();
    let september = month("2026-09");
    let why = "次子八月分家,九月起少一人";
    // Whoever opens it: it has its case at once, and asks for nothing before the county decided.
    let recovery = pay::recover(office, chen, help, (september, due), why).await;
    let recovery = recovery.unwrap();
    assert_eq!(state(&bench, recovery).await, (RecoveryState::Open, part));
    let seen = pay::recovery(office, chen, recovery).await.unwrap();
    assert_eq!(seen.paid[0].4, part.to_string(), "a part of the payment");
    assert!(!seen.decided && seen.choices.iter().all(|one| one.code != "repaid"));
    let gives_up = pay::recovery_step(office, chen, recovery, "written_off", None, "批准").await;
    said(gives_up, "由县级作出决定");
    let no = decided(&bench, recovery, part).await;
    said(repaid(&bench, recovery, fen(90_02)).await, "超过");
    repaid(&bench, recovery, fen(50_00)).await.unwrap();
    assert_eq!(bench.step(no).await, "退回", "not all came back");
    repaid(&bench, recovery, fen(40_01)).await.unwrap();
    assert_eq!(state(&bench, recovery).await, (RecoveryState::Closed, part));
    assert_eq!(bench.step(no).await, "", "the case ends with the last fen");
    let case = casework::load(office, chen, no).await.unwrap();
    let closed = case.standing.closed.map(|(outcome, _)| outcome);
    assert_eq!(closed, Some(casework::Outcome::Done));
    adds_up(&bench).await;
    // Asked again for the same there is nothing; help that is stopped asks for the rest of that month.
    let again = pay::recover(office, chen, help, (september, due), why).await;
    said(again, "没有比每月");
    let stopped = crate::found_out::stopped(office, chen, help, september, "核实已迁出").await;
    let rest = stopped.unwrap().expect("the rest of September");
    assert_eq!(state(&bench, rest).await, (RecoveryState::Open, due));
    adds_up(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_payment_comes_back_on_a_decision_alone_and_its_case_ends_with_the_last_fen() {
    on_both(a_part_comes_back).await;
}

async fn more_is_found_later(database: Database) {
    let bench = Bench::open(database).await;
    let (help, _, amount) = paid(&bench, 0).await;
    let (office, chen) = (&bench.office, &bench.chen.who);
    let september = month("2026-09");
    let due = |less: Fen| amount.checked_sub(less).unwrap();
    let part = fen(90_00);
    let first = pay::recover(office, chen, help, (september, due(part)), "九月起少一人").await;
    let recovery = first.unwrap();
    decided(&bench, recovery, part).await;
    // The same hand adds to it after the county's decision.
    let more = (september, due(fen(12_000)));
    let again = pay::recover(office, chen, help, more, "又核出一笔").await;
    assert_eq!(again.unwrap(), recovery);
    assert_eq!(state(&bench, recovery).await.1, fen(12_000));
    said(
        repaid(&bench, recovery, fen(90_01)).await,
        "写明的 90.00 元",
    );
    repaid(&bench, recovery, part).await.unwrap();
    said(repaid(&bench, recovery, fen(1)).await, "另作决定");
    adds_up(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_added_to_a_decided_recovery_is_not_taken_on_the_old_decision() {
    on_both(more_is_found_later).await;
}

async fn the_rest_is_given_up(database: Database) {
    let bench = Bench::open(database).await;
    let (help, _, amount) = paid(&bench, 0).await;
    let (office, chen) = (&bench.office, &bench.chen.who);
    let from = (month("2026-09"), Fen::ZERO);
    let recovery = pay::recover(office, chen, help, from, "全家迁往外省")
        .await
        .unwrap();
    let no = decided(&bench, recovery, amount).await;
    bench.no_letter(no, "核销决定书").await;
    repaid(&bench, recovery, fen(30_00)).await.unwrap();
    // It makes room for a change, and can be given up all the same.
    let change = bench.begin(AfterPurpose::Change, help).await.unwrap();
    assert_ne!(bench.step(change).await, "");
    assert_eq!(bench.step(no).await, "");
    let mut rest = ruling(AfterKind::Recover, "重病住院,确实退不了,有批准文件");
    refused(bench.sign(no, &rest).await, "不能再由同一个人");
    let own = after::sign(office, &bench.wang.who, no, &rest).await;
    refused(own, "没有");
    let sign = async |ruling: &Ruling| after::sign(office, &bench.chen2.who, no, ruling).await;
    rest.because = String::new();
    refused(sign(&rest).await, "请写明为什么");
    rest.because = "重病住院,确实退不了,有批准文件".to_owned();
    sign(&rest).await.unwrap();
    // Signed is not handed over.
    assert_eq!(state(&bench, recovery).await.0, RecoveryState::Open);
    let rest = amount.checked_sub(fen(30_00)).unwrap();
    let told = [
        format!("多领 {amount} 元,已经退回 30.00 元"),
        format!("其余 {rest} 元,决定核销"),
        "重病住院,确实退不了".to_owned(),
        "不用再退".to_owned(),
        "行政复议".to_owned(),
    ];
    let told: Vec<&str> = told.iter().map(String::as_str).collect();
    bench.letter_says(no, "核销决定书", &told).await;
    let by_county = after::deliver(
        office,
        &bench.chen2.who,
        no,
        (DeliveryWay::InPerson, "本人".into()),
    );
    refused(by_county.await, "由窗口经办办");
    assert_eq!(bench.deliver(no).await.unwrap(), Some(recovery));
    assert_eq!(
        state(&bench, recovery).await,
        (RecoveryState::Closed, amount)
    );
    said(repaid(&bench, recovery, fen(1)).await, "已经了结");
    let file = after::after_file(office, chen, no).await.unwrap();
    let newest = file.decisions.last().unwrap();
    assert!(newest.what.contains("核销"), "{}", newest.what);
    assert_eq!(
        newest.amounts, "已经退回 30.00 元,其余不再追回",
        "what came back is all of it"
    );
    let whole = ["其余", "决定核销"];
    bench.letter_says(no, "核销决定书", &whole).await;
    adds_up(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_come_back_is_given_up_by_another_official_and_once_it_is_handed_over() {
    on_both(the_rest_is_given_up).await;
}

/// Help that was stopped for a month that was paid goes on from that month.
pub(super) async fn restored(bench: &Bench, help: i64, (from, amount): (&str, Fen)) {
    let no = bench.begin(AfterPurpose::Change, help).await.unwrap();
    change_up_to_decision(bench, no).await;
    let mut back = ruling(AfterKind::Restored, "迁出有误,一直住在本地");
    back.amount = Some(amount);
    back.from = Some(month(from));
    bench.sign(no, &back).await.unwrap();
    assert_eq!(bench.deliver(no).await.unwrap(), None, "nothing is owed");
}

async fn due_after_all(database: Database) {
    let bench = Bench::open(database).await;
    let (help, household, amount) = paid(&bench, 0).await;
    let (other, other_home, whole) = paid_beside(&bench, help).await;
    let (office, chen) = (&bench.office, &bench.chen.who);
    let mut opened = Vec::new();
    for help in [help, other] {
        let stopped =
            crate::found_out::stopped(office, chen, help, month("2026-09"), "核实已迁出").await;
        opened.push(stopped.unwrap().expect("September was paid"));
    }
    // The other family pays all of it back before the mistake is seen.
    after::open_recoveries(office, &bench.wang.who)
        .await
        .unwrap();
    let no = case_of(&bench, opened[0]).await;
    assert_ne!(bench.step(no).await, "");
    decided(&bench, opened[1], whole).await;
    repaid(&bench, opened[1], whole).await.unwrap();
    // A recovery that was not decided is found not to be owed by its own case.
    bench.done(&bench.wang.who, no, "登记多领").await.unwrap();
    bench.told(&bench.wang.who, no, "没有多领").await.unwrap();
    bench.done(&bench.wang.who, no, "核实金额").await.unwrap();
    bench.done(&bench.wang.who, no, "撤销登记").await.unwrap();
    bench.at("2026-09-20T09:00");
    restored(&bench, help, ("2026-09", amount)).await;
    restored(&bench, other, ("2026-09", whole)).await;
    adds_up(&bench).await;
    bench.at("2026-10-05T09:00");
    let (batch, next) = bench.drawn(month("2026-10"), household).await;
    assert_eq!(next, Some(amount), "September was kept");
    let tx = office.begin().await.unwrap();
    let lines = store::payments::of_household(&tx, other_home, 20)
        .await
        .unwrap();
    drop(tx);
    let october = lines
        .iter()
        .find(|line| line.batch == batch && line.content.programme == "dibao");
    let october = october.unwrap().content.amount;
    assert_eq!(
        Some(october),
        whole.checked_add(whole),
        "September again, with October"
    );
    adds_up(&bench).await;
}

/// Another help paid in September.
async fn paid_beside(bench: &Bench, first: i64) -> (i64, HouseholdId, Fen) {
    let tx = bench.office.begin().await.unwrap();
    for (help, household) in bench.dibao().await {
        let lines = store::payments::of_entitlement(&tx, help, month("2026-09"))
            .await
            .unwrap();
        let mut lines = lines.iter();
        let arrived =
            |line: &&store::payments::Line| line.state == domain::payment::LineState::Paid;
        if let Some(line) = lines.find(arrived).filter(|_| help != first) {
            return (help, household, line.content.amount);
        }
    }
    panic!("nobody else was paid")
}

async fn open_and_due(database: Database) {
    let bench = Bench::open(database).await;
    let (help, household, amount) = paid(&bench, 0).await;
    let (office, chen) = (&bench.office, &bench.chen.who);
    bench.at("2026-10-05T09:00");
    let (batch, october) = bench.drawn(month("2026-10"), household).await;
    assert_eq!(october, Some(amount));
    bench.paid(batch).await;
    let stopped =
        crate::found_out::stopped(office, chen, help, month("2026-09"), "核实已迁出").await;
    let recovery = stopped.unwrap().expect("two months were paid");
    let both = amount.checked_add(amount).unwrap();
    assert_eq!(state(&bench, recovery).await, (RecoveryState::Open, both));
    // October is due after all: September stays asked.
    restored(&bench, help, ("2026-10", amount)).await;
    let left = (RecoveryState::Open, amount);
    assert_eq!(state(&bench, recovery).await, left);
    bench.at("2026-11-05T09:00");
    let next = bench.drawn(month("2026-11"), household).await.1;
    assert_eq!(next, Some(amount));
    adds_up(&bench).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn months_that_are_due_after_all_are_no_longer_asked_back_and_what_came_back_is_paid_again() {
    on_both(due_after_all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recovery_that_is_open_is_netted_with_what_is_due_of_its_months() {
    on_both(open_and_due).await;
}
