//! Month by month: what a household is paid while it is looked at, earns more, leaves by steps and is out; and
//! what a cut, a stop and a death do to payments.

use super::*;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The rulebook with one place in a folder, to be changed.
pub(super) fn one_place(folder: &Path) {
    for (path, text) in office::rulebook::read(None).unwrap().texts() {
        if path.starts_with("localities/") && !path.starts_with("localities/demo/") {
            continue;
        }
        let file = folder.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
}

/// A gradual exit of two parts.
fn two_parts(folder: &Path) {
    one_place(folder);
    let parts = "从第几个月,比例,取整,说明\n1,100%,,\n4,50%,四舍五入到分,\n";
    std::fs::write(folder.join("localities/demo/gradual-exit.csv"), parts).unwrap();
}

/// Lets the head of every dibao household earn far more in August; what each household gets a month.
fn risen(county: &County) -> BTreeMap<String, Fen> {
    let roll = county.feed("2026-08", "roll");
    let rows = roll.columns(["户编号", "救助类型", "终止月份", "月发放额"]);
    let dibao: BTreeSet<&str> = rows
        .iter()
        .filter(|[_, kind, last, _]| *kind == "低保" && last.is_empty())
        .map(|[book, ..]| *book)
        .collect();
    let register = county.feed("2026-08", "register");
    let people = register.columns(["户号", "与户主关系", "身份证号", "姓名"]);
    let heads: Vec<&[&str; 4]> = people
        .iter()
        .filter(|[book, relation, number, _]| {
            dibao.contains(book) && *relation == "户主" && number.len() == 18
        })
        .collect();
    county.rewrite("2026-08", "social-insurance", |table| {
        let months = table.columns(["参保月份"]);
        let here = months
            .iter()
            .enumerate()
            .filter(|(_, [of])| *of == "2026-08");
        let here: Vec<usize> = here.map(|(at, _)| at + 1).collect();
        for (row, [_, _, number, name]) in here.into_iter().zip(&heads) {
            table.set(row, "身份证号", number);
            table.set(row, "姓名", name);
            table.set(row, "申报工资", "9000.00");
        }
    });
    let amount = |book: &str| {
        let own = rows
            .iter()
            .filter(|[of, kind, ..]| *kind == "低保" && *of == book);
        Fen::total(own.map(|[.., paid]| Fen::parse(paid).unwrap())).unwrap()
    };
    heads
        .iter()
        .map(|[book, ..]| ((*book).to_owned(), amount(book)))
        .collect()
}

/// The review finds the wages and hands the household on.
async fn handed_on(bench: &Bench, (help, review): (i64, CaseNo)) {
    bench
        .done(&bench.wang.who, review, "列入核查")
        .await
        .unwrap();
    bench.told(&bench.zhao.who, review, "有变化").await.unwrap();
    refused(
        bench.done(&bench.zhao.who, review, "信息核对").await,
        "由核对报告办结",
    );
    bench.verified(review).await;
    assert_eq!(bench.step(review).await, "入户核查");
    refused(
        bench.done(&bench.wang.who, review, "入户核查").await,
        "由走访记录办结",
    );
    let (one, other) = (&bench.wang.who, &bench.li.who);
    crate::found_out::visited(&bench.office, one, other, review).await;
    let twice = bench.begin(AfterPurpose::GradualExit, help).await;
    refused(twice, "已经有在办的办件");
    bench.told(&bench.wang.who, review, "要调整").await.unwrap();
    bench
        .done(&bench.wang.who, review, "核查结论")
        .await
        .unwrap();
    bench.done(&bench.wang.who, review, "转变更").await.unwrap();
    assert_eq!(bench.step(review).await, "");
}

async fn a_household_leaves_by_steps(database: Database) {
    let county = County::new(Faults::None);
    let rulebook = county.folder.path().join("rules");
    two_parts(&rulebook);
    let risen = risen(&county);
    let bench = Bench::with(county, database, Some(rulebook)).await;
    bench.at("2026-09-01T09:00");
    let (review, help, household) = bench.sure(AfterPurpose::Review, 0).await;
    let case = casework::load(&bench.office, &bench.chen.who, review)
        .await
        .unwrap();
    let judged = look_into(&bench.office, &case).await.unwrap();
    assert_eq!(
        judged.found.result(),
        RuleResult::Ineligible,
        "the wages are over the line"
    );
    let tx = bench.office.begin().await.unwrap();
    let home = store::households::get_many(&tx, &[household])
        .await
        .unwrap()
        .remove(0);
    drop(tx);
    let amount = risen[&home.number];
    assert_eq!(
        bench.drawn(month("2026-09"), household).await.1,
        Some(amount)
    );
    handed_on(&bench, (help, review)).await;
    bench.at("2026-09-10T09:00");
    let exit = bench.begin(AfterPurpose::GradualExit, help).await.unwrap();
    bench.done(&bench.wang.who, exit, "登记就业").await.unwrap();
    bench.verified(exit).await;
    // What ends in a stop is told and heard first.
    refused(
        bench.done(&bench.wang.who, exit, "告知拟渐退").await,
        "要先告知本人",
    );
    bench.no_letter(exit, "听取意见告知书").await;
    bench.tell(exit).await.unwrap();
    let told = ["拟从 2026-10 起", "2026-09-17 以前说明情况"];
    bench.letter_says(exit, "听取意见告知书", &told).await;
    bench.hear(exit, HeardAnswer::Agrees, &[]).await.unwrap();
    assert_eq!(bench.step(exit).await, "渐退确认");
    let early = Ruling {
        from: Some(month("2026-09")),
        ..ruling(AfterKind::Exit, "长子就业,收入过线")
    };
    assert!(
        bench.sign(exit, &early).await.is_err(),
        "not a month sooner than they were told"
    );
    // Nobody passes the decision by a click, and the step takes no other decision.
    refused(
        bench.done(&bench.chen.who, exit, "渐退确认").await,
        "处理决定",
    );
    refused(
        bench.sign(exit, &ruling(AfterKind::Stopped, "过线")).await,
        "停发",
    );
    bench
        .sign(exit, &ruling(AfterKind::Exit, "长子就业,收入过线"))
        .await
        .unwrap();
    // Signed is not handed over: nothing has moved.
    assert_eq!(bench.amount(help, month("2027-02")).await, amount);
    refused(bench.done(&bench.wang.who, exit, "送达").await, "送达");
    let half = fen((amount.get() + 1) / 2);
    let both = format!("2026 年 10 月 起 {amount} 元,2027 年 1 月 起 {half} 元");
    let told = [
        &both,
        "发到 2027 年 3 月",
        "- 长子就业,收入过线",
        "行政复议",
    ];
    bench.letter_says(exit, "渐退期告知书", &told).await;
    assert_eq!(bench.deliver(exit).await.unwrap(), None);

    paid_by_month(&bench, household, (amount, half)).await;

    // It ended by itself; the end is written down all the same.
    bench.at("2027-05-06T09:00");
    bench.done(&bench.wang.who, exit, "渐退期").await.unwrap();
    bench
        .sign(exit, &ruling(AfterKind::Stopped, ""))
        .await
        .unwrap();
    assert_eq!(bench.deliver(exit).await.unwrap(), None);
    assert_eq!(bench.step(exit).await, "");
    let told = ["从 2027 年 4 月 起停发", "- 渐退期满", "行政诉讼"];
    bench.letter_says(exit, "停发告知书", &told).await;
    bench.replayed(exit).await;

    told_in_the_file(
        &bench,
        household,
        (&format!("{amount} 元"), &format!("{half} 元")),
    )
    .await;
}

/// What is drawn up for the household month by month while it leaves.
async fn paid_by_month(bench: &Bench, household: HouseholdId, (amount, half): (Fen, Fen)) {
    let expected = [
        ("2026-10", Some(amount)),
        ("2026-11", Some(amount)),
        ("2026-12", Some(amount)),
        ("2027-01", Some(half)),
        ("2027-02", Some(half)),
        ("2027-03", Some(half)),
        ("2027-04", None),
        ("2027-05", None),
    ];
    for (of, paid) in expected {
        bench.at(&format!("{of}-01T09:00"));
        assert_eq!(bench.drawn(month(of), household).await.1, paid, "{of}");
    }
}

/// The household's file tells the periods and the three decisions.
async fn told_in_the_file(bench: &Bench, household: HouseholdId, (whole, part): (&str, &str)) {
    let seen = after::history(&bench.office, &bench.wang.who, household.get())
        .await
        .unwrap();
    let periods: Vec<(&str, &str)> = seen
        .periods
        .iter()
        .filter(|one| one.title.starts_with("最低生活保障"))
        .map(|one| (one.months.as_str(), one.amount.as_str()))
        .collect();
    assert_eq!(
        periods,
        [
            ("2026-08 起,到 2026-12", whole),
            ("2027-01 起,到 2027-03", part),
            ("2027-04 起", "停发"),
        ]
    );
    assert_eq!(seen.decisions.len(), 3, "two parts and the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_household_is_reviewed_earns_more_leaves_by_steps_and_is_paid_to_the_fen_each_month() {
    on_both(a_household_leaves_by_steps).await;
}

async fn a_cut_wants_a_hearing(database: Database) {
    let bench = Bench::open(database).await;
    bench.at("2026-09-02T09:00");
    let (no, help, household) = bench.sure(AfterPurpose::Change, 0).await;
    let before = bench.amount(help, month("2026-10")).await;
    let less = before.checked_sub(fen(1_01)).unwrap();
    bench.done(&bench.wang.who, no, "登记变化").await.unwrap();
    bench.told(&bench.wang.who, no, "要减发").await.unwrap();
    refused(
        bench.done(&bench.zhao.who, no, "核实变化").await,
        "由核对报告办结",
    );
    bench.verified(no).await;
    assert_eq!(bench.step(no).await, "听取意见");
    refused(
        bench.done(&bench.wang.who, no, "听取意见").await,
        "本人说了什么",
    );
    refused(bench.hear(no, HeardAnswer::Agrees, &[]).await, "还没有告知");
    bench.tell_of(no, (None, Some(less))).await.unwrap();
    // Silence before the time is over is not silence.
    refused(bench.hear(no, HeardAnswer::Silent, &[]).await, "第二天起");
    bench
        .hear(no, HeardAnswer::Objects, &["本人不同意"])
        .await
        .unwrap();
    assert_eq!(bench.step(no).await, "复核");
    bench.done(&bench.chen.who, no, "复核").await.unwrap();
    let mut cut = ruling(AfterKind::Cut, "");
    cut.amount = Some(less);
    refused(bench.sign(no, &cut).await, "请写明理由");
    cut.because = "次子已经分家,减少一人".to_owned();
    let this = Ruling {
        from: Some(month("2026-09")),
        ..cut.clone()
    };
    refused(bench.sign(no, &this).await, "下个月");
    let more = Ruling {
        amount: less.checked_sub(fen(1)),
        ..cut.clone()
    };
    refused(bench.sign(no, &more).await, "重新告知");
    bench.no_letter(no, "变更告知书").await;
    bench.sign(no, &cut).await.unwrap();
    let amounts = format!("每月由 {before} 元 调整为 {less} 元");
    let told = [&amounts, "从 2026 年 10 月 起", "次子已经分家", "行政复议"];
    bench.letter_says(no, "变更告知书", &told).await;
    // Handed over a month late it does not reach back, and the letter says so.
    bench.at("2026-10-09T09:00");
    let late = ["从 2026 年 11 月 起"];
    bench.letter_says(no, "变更告知书", &late).await;
    bench.left_with_witnesses(no).await;
    bench.letter_says(no, "变更告知书", &late).await;
    bench.replayed(no).await;
    assert_eq!(
        bench.drawn(month("2026-10"), household).await.1,
        Some(before)
    );
    bench.at("2026-11-02T09:00");
    assert_eq!(bench.drawn(month("2026-11"), household).await.1, Some(less));
    assert_eq!(bench.step(no).await, "");

    // The way without a hearing takes no cut: only a raise, or leaving it as it is.
    let (other, help, _) = bench.sure(AfterPurpose::Change, 3).await;
    bench
        .done(&bench.wang.who, other, "登记变化")
        .await
        .unwrap();
    bench.verified(other).await;
    let before = bench.amount(help, month("2026-12")).await;
    cut.amount = before.checked_sub(fen(1));
    refused(bench.sign(other, &cut).await, "听取意见");
    bench
        .sign(other, &ruling(AfterKind::Kept, ""))
        .await
        .unwrap();
    assert_eq!(bench.step(other).await, "告知不调整");
    assert_eq!(bench.amount(help, month("2026-12")).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_is_heard_first_signed_with_a_reason_and_holds_from_the_month_after_it_is_handed_over()
 {
    on_both(a_cut_wants_a_hearing).await;
}

async fn a_stop_is_heard_and_recovered(database: Database) {
    let bench = Bench::open(database).await;
    bench.at("2026-09-02T09:00");
    let (no, help, household) = bench.sure(AfterPurpose::Ending, 0).await;
    let (batch, paid) = bench.drawn(month("2026-09"), household).await;
    bench.paid(batch).await;
    bench.done(&bench.wang.who, no, "登记线索").await.unwrap();
    bench.told(&bench.wang.who, no, "有多领").await.unwrap();
    refused(
        bench.done(&bench.wang.who, no, "核实").await,
        "由走访记录办结",
    );
    bench.visited(no).await;
    assert_eq!(bench.step(no).await, "告知拟停发");
    bench
        .tell_of(no, (Some(month("2026-09")), None))
        .await
        .unwrap();
    assert_eq!(
        bench.step(no).await,
        "陈述申辩",
        "telling them was all of that step"
    );
    refused(bench.hear(no, HeardAnswer::Silent, &[]).await, "第二天起");
    bench.at("2026-09-10T09:00");
    bench.hear(no, HeardAnswer::Silent, &[]).await.unwrap();
    let mut stop = ruling(AfterKind::Stopped, "八月起全家迁往外省,不再共同生活");
    stop.from = Some(month("2026-08"));
    refused(bench.sign(no, &stop).await, "重新告知");
    stop.from = Some(month("2026-09"));
    let own = after::sign(&bench.office, &bench.wang.who, no, &stop).await;
    refused(own, "没有");
    bench.sign(no, &stop).await.unwrap();
    let told = ["从 2026 年 9 月 起停发", "- 八月起全家迁往外省", "行政复议"];
    bench.letter_says(no, "停发告知书", &told).await;
    let recovery = bench
        .deliver(no)
        .await
        .unwrap()
        .expect("September was paid");
    let seen = pay::household(&bench.office, &bench.chen.who, household.get())
        .await
        .unwrap();
    let asked: Vec<&str> = seen.recoveries.iter().map(|one| one.2.as_str()).collect();
    assert_eq!(
        asked,
        [paid.unwrap().to_string()],
        "what was paid beyond, to the fen"
    );
    assert!(
        seen.lines
            .iter()
            .all(|(.., line)| !line.amount.starts_with('-')),
        "never a negative line"
    );
    bench.done(&bench.wang.who, no, "转追回").await.unwrap();
    bench
        .done(&bench.wang.who, no, "衔接其他救助")
        .await
        .unwrap();
    assert_eq!(
        after::open_recoveries(&bench.office, &bench.wang.who)
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        after::open_recoveries(&bench.office, &bench.wang.who)
            .await
            .unwrap(),
        0
    );
    let list = after::list(&bench.office, &bench.wang.who, AfterPurpose::Recovery)
        .await
        .unwrap();
    assert_eq!(list.len(), 1);
    let file = CaseNo::new(list[0].no);
    let file = after::after_file(&bench.office, &bench.wang.who, file)
        .await
        .unwrap();
    assert!(
        file.recovery.contains(&format!("追回 {recovery}")),
        "{}",
        file.recovery
    );
    let back = CaseNo::new(list[0].no);
    bench
        .asked_back(back, ("2026 年 9 月", paid.unwrap()))
        .await;
    bench.at("2026-10-01T09:00");
    assert_eq!(bench.drawn(month("2026-10"), household).await.1, None);
    let tx = bench.office.begin().await.unwrap();
    let known = store::entitlements::find(&tx, help).await.unwrap().unwrap();
    assert_eq!(known.to, Some(month("2026-09")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_waits_for_the_familys_time_and_what_was_paid_beyond_becomes_a_recovery_with_its_case()
 {
    on_both(a_stop_is_heard_and_recovered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_death_holds_the_next_payment_and_raises_a_task_and_no_machine_stops_it() {
    let county = County::new(Faults::None);
    let register = county.feed("2026-08", "register");
    let roll = county.feed("2026-08", "roll");
    let dibao: BTreeSet<&str> = roll
        .columns(["户编号", "救助类型"])
        .into_iter()
        .filter(|[_, kind]| *kind == "低保")
        .map(|[book, _]| book)
        .collect();
    let heads = register.columns(["身份证号", "姓名", "户号", "与户主关系"]);
    let mut heads = heads
        .iter()
        .filter(|[number, .., relation]| *relation == "户主" && number.len() == 18);
    let [number, name, book, _] = *heads.find(|[_, _, book, _]| dibao.contains(book)).unwrap();
    county.rewrite("2026-08", "deaths", |table| {
        table.set(1, "身份证号", number);
        table.set(1, "姓名", name);
        table.set(1, "死亡日期", "2026-07-20");
        table.set(1, "登记日期", "2026-07-22");
    });
    let bench = Bench::with(county, Database::Sqlite, None).await;
    let tx = bench.office.begin().await.unwrap();
    let homes = store::households::look_up_many(&tx, &[book.to_owned()])
        .await
        .unwrap();
    let household = homes[book];
    drop(tx);
    let (batch, amount) = bench.drawn(month("2026-09"), household).await;
    assert!(amount.is_some(), "the machine stops nobody");
    let found = pay::check(&bench.office, &bench.chen2.who, batch)
        .await
        .unwrap();
    let seen = pay::household(&bench.office, &bench.chen.who, household.get())
        .await
        .unwrap();
    let own: Vec<u32> = seen
        .lines
        .iter()
        .filter(|(_, of, _)| *of == batch)
        .map(|(.., line)| line.no)
        .collect();
    let held = found
        .iter()
        .filter(|one| one.code == "death" && own.contains(&one.line_no));
    assert!(held.count() > 0, "{found:?}");
    office::monitoring::run_month(&bench.office, month("2026-08"), |_| {})
        .await
        .unwrap();
    let tx = bench.office.begin().await.unwrap();
    let tasks = store::tasks::of_household(&tx, household).await.unwrap();
    let all = store::entitlements::of_household(&tx, household)
        .await
        .unwrap();
    let help = all.iter().find(|one| one.programme == "dibao").unwrap();
    assert_eq!(help.to, None, "no machine stops it");
    let knocks = |task: &store::tasks::Task| task.state == store::tasks::TaskState::Open;
    assert!(tasks.iter().any(knocks), "somebody has to go and look");
}
