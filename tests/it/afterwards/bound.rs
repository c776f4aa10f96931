//! What binds whoever decides after the first decision: the record of a death, a hearing by two who may, a review
//! that was really done, the words of the chain; and the hearing before destitute support ends or its care is cut.

use super::*;
use domain::AreaLevel;
use office::casework::opinion::{self, Proposed};
use office::casework::{Outcome, Proposal, notice};
use store::recusals::{self, NewRecusal};

async fn a_word_spares_no_hearing(database: Database) {
    let bench = Bench::open(database).await;
    bench.at("2026-09-02T09:00");
    let (no, help, _) = bench.sure(AfterPurpose::Ending, 0).await;
    bench.done(&bench.wang.who, no, "登记线索").await.unwrap();
    bench.told(&bench.wang.who, no, "已去世").await.unwrap();
    bench.visited(no).await;
    assert_eq!(bench.step(no).await, "停发决定");
    let stop = ruling(AfterKind::Stopped, "本人已经去世");
    refused(bench.sign(no, &stop).await, "只有登记");
    let tx = bench.office.begin().await.unwrap();
    let known = store::entitlements::find(&tx, help).await.unwrap();
    assert_eq!(known.unwrap().to, None, "nothing was stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn somebodys_word_that_a_person_died_spares_no_hearing_without_the_record_or_a_paper() {
    on_both(a_word_spares_no_hearing).await;
}

async fn a_review_is_done_or_due(database: Database) {
    let bench = Bench::open(database).await;
    bench.at("2026-09-14T09:00");
    let (office, this) = (&bench.office, month("2026-09"));
    let all = after::due(office, &bench.wang.who, this).await.unwrap();
    let closed = all[0].entitlement;
    // One payee is a near relative's of the clerk who opens what is due: the others are opened all the same.
    let tx = office.begin().await.unwrap();
    let kept = all[1].entitlement;
    let help = store::entitlements::find(&tx, kept).await.unwrap().unwrap();
    drop(tx);
    let clerk = bench.staff.enter("wang9", "窗口经办", COUNTY).await;
    let mut tx = office.begin().await.unwrap();
    let near = NewRecusal {
        user: clerk.who.user(),
        person: help.payee,
        relation: "sibling".to_owned(),
        declared_by: "wang9".to_owned(),
    };
    let at = office.clock().at();
    recusals::add(&mut tx, &at, &near).await.unwrap();
    tx.record(store::Act::new(&at, "wang9", "access.recusal").because("测试"));
    office.end(tx).await.unwrap();
    let clerk = bench.staff.visitor(&clerk.secret).await.unwrap();
    let wang = clerk.acting;
    let opened = after::open_due(office, &wang, this).await.unwrap();
    assert_eq!(
        opened.reviews,
        all.len() - 1,
        "one refusal stops nobody else's"
    );
    let list = after::due(office, &bench.chen.who, this).await.unwrap();
    let of = |help: i64| list.iter().find(|line| line.entitlement == help).unwrap();
    assert_eq!(of(kept).open, None);
    // Closed before anybody looked, it is due as before, and is opened again.
    let no = of(closed).open.unwrap();
    let mut case = casework::load(office, &wang, no).await.unwrap();
    let mut tx = office.begin().await.unwrap();
    casework::close(
        office,
        &mut tx,
        &wang,
        &mut case,
        Outcome::Ended,
        ("重复列入", ""),
    )
    .await
    .unwrap();
    office.end(tx).await.unwrap();
    let list = after::due(office, &wang, this).await.unwrap();
    let again = list.iter().find(|line| line.entitlement == closed).unwrap();
    assert_eq!((again.open, again.due), (None, all[0].due));
    let opened = after::open_due(office, &wang, this).await.unwrap();
    assert_eq!(opened.reviews, 1);
    let list = after::due(office, &wang, this).await.unwrap();
    let again = list.iter().find(|line| line.entitlement == closed).unwrap();
    assert!(again.open.is_some_and(|new| new != no));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_review_closed_before_anybody_looked_is_due_again_and_one_refusal_stops_nobody_elses() {
    on_both(a_review_is_done_or_due).await;
}

async fn a_cut_is_heard_and_handed_over(database: Database) {
    let bench = Bench::open(database).await;
    bench.at("2026-09-02T09:00");
    let (no, help, _) = bench.sure(AfterPurpose::Change, 0).await;
    let before = bench.amount(help, month("2026-10")).await;
    let less = before.checked_sub(fen(1_01)).unwrap();
    bench.done(&bench.wang.who, no, "登记变化").await.unwrap();
    bench.told(&bench.wang.who, no, "要减发").await.unwrap();
    bench.verified(no).await;
    bench.tell_of(no, (None, Some(less))).await.unwrap();
    // Whoever heard them too is an account that could do the step, and is named by no free text.
    let heard = |with: &str| Heard {
        form: HeardAs::Hearing,
        answer: HeardAnswer::Agrees,
        words: "同意".to_owned(),
        with: with.to_owned(),
        follows: Vec::new(),
    };
    for (with, says) in [
        ("", "要两个人"),
        ("wang", "不能填您自己"),
        ("nobody", "账号 `nobody` 办不了"),
        ("zhao", "账号 `zhao` 办不了"),
    ] {
        let told = after::hear(&bench.office, &bench.wang.who, no, &heard(with)).await;
        refused(told, says);
    }
    bench.staff.enter("wang3", "窗口经办", COUNTY).await;
    after::hear(&bench.office, &bench.wang.who, no, &heard("wang3"))
        .await
        .unwrap();
    let mut cut = ruling(AfterKind::Cut, "次子已经分家,减少一人");
    cut.amount = Some(less);
    let decision = bench.sign(no, &cut).await.unwrap();
    let way = (DeliveryWay::InPerson, "王小明".into());
    refused(
        after::deliver(&bench.office, &bench.wang.who, no, way).await,
        "请从名单里选谁签收",
    );
    let way = (DeliveryWay::Post, "本人".into());
    after::deliver(&bench.office, &bench.wang.who, no, way)
        .await
        .unwrap();
    let tx = bench.office.begin().await.unwrap();
    let about = store::audit::About::Object {
        kind: "after-decision".to_owned(),
        id: decision.to_string(),
    };
    let acts = store::audit::list(&tx, &about, i64::MAX, 10).await.unwrap();
    let handed: Vec<&str> = acts
        .iter()
        .filter(|one| one.act == "after.deliver")
        .map(|one| one.purpose.as_str())
        .collect();
    assert_eq!(
        handed,
        [DeliveryWay::Post.word()],
        "the way and nobody's name"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hearing_wants_another_who_may_and_the_chain_tells_how_a_decision_was_handed_over_and_no_name()
 {
    on_both(a_cut_is_heard_and_handed_over).await;
}

async fn each_place_opens_its_own(database: Database) {
    let bench = Bench::open(database).await;
    bench.at("2026-09-02T09:00");
    let (office, chen) = (&bench.office, &bench.chen.who);
    let far = month("2030-01");
    let all = after::due(office, &bench.wang.who, far).await.unwrap();
    let dibao = all.iter().filter(|line| line.programme == "dibao");
    let (batch, _) = bench.drawn(month("2026-09"), all[0].household).await;
    bench.paid(batch).await;
    let mut towns: Vec<(String, i64)> = Vec::new();
    for line in dibao {
        let town = line.area.at(AreaLevel::Township).unwrap().as_str()[..9].to_owned();
        let stopped = crate::found_out::stopped(
            office,
            chen,
            line.entitlement,
            month("2026-09"),
            "核实已迁出",
        );
        if stopped.await.unwrap().is_some() {
            towns.push((town, line.entitlement));
        }
    }
    let town = towns[0].0.clone();
    let own = towns.iter().filter(|(of, _)| *of == town).count();
    assert!(own > 0 && own < towns.len(), "{own} of {}", towns.len());
    // Page by page nothing is left out and nothing is read twice.
    let tx = office.begin().await.unwrap();
    let (mut after_no, mut seen) = (0, Vec::new());
    loop {
        let page = store::reviews::recoveries_without_case(&tx, None, after_no, 1).await;
        let page = page.unwrap();
        let Some((no, help)) = page.first() else {
            break;
        };
        after_no = *no;
        seen.push(*help);
    }
    drop(tx);
    let mut expected: Vec<i64> = towns.iter().map(|(_, help)| *help).collect();
    expected.sort_unstable();
    seen.sort_unstable();
    assert_eq!(seen, expected);
    let clerk = bench.staff.enter("wang2", "窗口经办", &town).await;
    assert_eq!(
        after::open_recoveries(office, &clerk.who).await.unwrap(),
        own
    );
    let rest = after::open_recoveries(office, &bench.wang.who)
        .await
        .unwrap();
    let tx = office.begin().await.unwrap();
    let left = store::reviews::recoveries_without_case(&tx, None, 0, 1_000);
    let left = left.await.unwrap();
    drop(tx);
    assert_eq!(
        own + rest + left.len(),
        towns.len(),
        "the rest is the county's"
    );
    assert!(rest > own, "{rest} of {}", towns.len());
    // Whoever is left has a reason of their own, and stops nobody else's.
    for (recovery, help) in left {
        let new = Begin {
            purpose: AfterPurpose::Recovery,
            entitlement: help,
            recovery: Some(recovery),
            cause: Cause::new("recovery", recovery),
            because: String::new(),
        };
        let why = after::begin(office, &bench.wang.who, &new).await;
        println!("{}", why.unwrap_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_township_opens_the_cases_of_its_own_recoveries_and_none_is_left_out() {
    on_both(each_place_opens_its_own).await;
}

/// A case of destitute support whose facts are all known, of the people on the roll, one after another.
async fn tekun(bench: &Bench, purpose: AfterPurpose) -> (CaseNo, i64, bool) {
    let far = month("2030-01");
    let all = after::due(&bench.office, &bench.wang.who, far)
        .await
        .unwrap();
    let mut last = None;
    for line in all.iter().filter(|line| line.programme == "tekun") {
        let Ok(no) = bench.begin(purpose, line.entitlement).await else {
            continue;
        };
        let case = casework::load(&bench.office, &bench.chen.who, no)
            .await
            .unwrap();
        let judged = look_into(&bench.office, &case).await.unwrap();
        let known = judged.found.result() != RuleResult::Pending;
        last = Some((no, line.entitlement, known));
        if known {
            break;
        }
    }
    last.expect("somebody has destitute support")
}

async fn support_ends_heard(database: Database) {
    let bench = Bench::open(database).await;
    bench.at("2026-09-02T09:00");
    let (no, help, known) = tekun(&bench, AfterPurpose::Ending).await;
    let wang = &bench.wang.who;
    bench.done(wang, no, "发现变化").await.unwrap();
    refused(bench.done(wang, no, "核实变化").await, "由走访记录办结");
    bench.visited(no).await;
    refused(bench.done(wang, no, "告知拟终止").await, "要先告知本人");
    bench.tell(no).await.unwrap();
    refused(bench.done(wang, no, "听取意见").await, "本人说了什么");
    bench.hear(no, HeardAnswer::Objects, &[]).await.unwrap();
    refused(bench.done(wang, no, "终止意见").await, "要先写初审意见");
    let mut case = casework::load(&bench.office, wang, no).await.unwrap();
    let judged = look_into(&bench.office, &case).await.unwrap();
    let proposed = Proposed {
        proposes: Proposal::Refuse,
        because: "法定义务人已经有能力供养".to_owned(),
    };
    let worked_out = notice::worked_out(&bench.office, &case).await.unwrap();
    let mut tx = bench.office.begin().await.unwrap();
    let said = (&judged, &proposed);
    opinion::give(&bench.office, &mut tx, wang, &mut case, said)
        .await
        .unwrap();
    notice::post(&bench.office, &mut tx, wang, (&case, worked_out))
        .await
        .unwrap();
    bench.office.end(tx).await.unwrap();
    bench.at("2026-09-11T09:00");
    bench.done(wang, no, "终止公示").await.unwrap();
    assert_eq!(bench.step(no).await, "终止决定");
    refused(
        bench.done(&bench.chen.who, no, "终止决定").await,
        "处理决定",
    );
    let mut stop = ruling(AfterKind::Stopped, "法定义务人已经有能力供养");
    stop.from = Some(month("2026-09"));
    let early = bench.sign(no, &stop).await;
    assert!(early.is_err(), "not a month sooner than was told");
    stop.from = Some(month("2026-10"));
    if !known {
        // What is not known ends nobody's support.
        refused(bench.sign(no, &stop).await, "没有查清以前");
        return;
    }
    bench.sign(no, &stop).await.unwrap();
    let amount = bench.amount(help, month("2026-10")).await;
    assert!(amount > Fen::ZERO);
    assert_eq!(bench.deliver(no).await.unwrap(), None);
    assert_eq!(bench.step(no).await, "衔接其他救助");
    let tx = bench.office.begin().await.unwrap();
    let ended = store::entitlements::find(&tx, help).await.unwrap();
    assert_eq!(ended.unwrap().to, Some(month("2026-10")));
}

#[tokio::test(flavor = "multi_thread")]
async fn destitute_support_ends_after_the_person_was_told_and_heard_on_a_decision_handed_over() {
    on_both(support_ends_heard).await;
}

async fn care_is_cut_heard(database: Database) {
    let bench = Bench::open(database).await;
    bench.at("2026-09-02T09:00");
    let (no, help, known) = tekun(&bench, AfterPurpose::Change).await;
    let before = bench.amount(help, month("2026-10")).await;
    let less = before.checked_sub(fen(10_00)).unwrap();
    let other = bench.staff.enter("wang3", "窗口经办", COUNTY).await;
    bench.done(&bench.wang.who, no, "报告变化").await.unwrap();
    bench.told(&bench.wang.who, no, "要减发").await.unwrap();
    crate::found_out::visited(&bench.office, &bench.wang.who, &other.who, no).await;
    assert_eq!(bench.step(no).await, "听取意见");
    bench.tell_of(no, (None, Some(less))).await.unwrap();
    bench.hear(no, HeardAnswer::Agrees, &[]).await.unwrap();
    assert_eq!(bench.step(no).await, "调整护理标准");
    let mut cut = ruling(AfterKind::Cut, "六项评估比上次少两项做不到");
    cut.amount = Some(less);
    if !known {
        refused(bench.sign(no, &cut).await, "没有查清以前");
        return;
    }
    bench.sign(no, &cut).await.unwrap();
    assert_eq!(
        bench.amount(help, month("2026-10")).await,
        before,
        "not handed over"
    );
    bench.deliver(no).await.unwrap();
    assert_eq!(bench.amount(help, month("2026-10")).await, less);
    assert_eq!(bench.amount(help, month("2026-09")).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lower_care_grade_is_heard_first_and_holds_from_the_month_after_it_is_handed_over() {
    on_both(care_is_cut_heard).await;
}
