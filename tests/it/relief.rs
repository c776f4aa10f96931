//! Temporary relief from an application to money the bank has answered: help first and papers after, what was
//! given taken off, the rest in instalments, made public afterwards; an expenditure case in one sum. By officials
//! of each role, on both databases.

mod bench;

use crate::county::{County, Faults};
use crate::found_out::{SIGNATURE, verified};
use crate::postgres;
use crate::staff::{Signed, Staff};
use domain::payment::LineState;
use domain::{CaseNo, Fen, HouseholdId, Month, PersonId, Relation};
use office::access::Acting;
use office::casework::first_help::{self, HelpingFirst};
use office::casework::opinion::{Proposed, look_into};
use office::casework::recorded::{self, Finding};
use office::casework::{
    self, CaseError, Cause, Completion, DecidedAs, Declared, DeliveryWay, Holds, Opening, Paper,
    PaperState, Wanted, capsule, decision, opinion, publicity,
};
use office::disbursement as pay;
use office::photos::PhotoRole;
use office::visits::{self, About, Ending, Said, VisitPhoto};
use office::{Database, Office};
use std::sync::Arc;
use store::notices::{Proposal, RuleResult};
use synth::bank_answer;

const COUNTY: &str = "990101";

struct Bench {
    office: Arc<Office>,
    staff: Staff,
    li: Signed,
    wang: Signed,
    zhao: Signed,
    tang: Signed,
    chen: [Signed; 3],
    county: County,
}

fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

fn yuan(amount: i64) -> Fen {
    Fen::from_yuan(amount).unwrap()
}

fn refused<T>(answer: Result<T, CaseError>, words: &str) {
    match answer {
        Ok(_) => panic!("taken, though it should be refused with {words}"),
        Err(why) => assert!(why.to_string().contains(words), "{why} instead of {words}"),
    }
}

async fn help_first_papers_after_and_the_rest_by_parts(database: Database) {
    let bench = Bench::open(database).await;
    let home = bench.homes().await[0];
    let no = bench.apply(home, &[("临救事由", "火灾")]).await;
    what_was_found_out(&bench, no).await;
    helped_first(&bench, no).await;
    paid_late(&bench).await;
    papers_after(&bench, no).await;
    the_rest_by_parts(&bench, no).await;
    let found = pay::verify(&bench.office).await.unwrap();
    assert!(found.is_empty(), "{found:?}");
    settled(&bench, home.0).await;
    papers_are_watched(&bench, home.0).await;
}

async fn what_was_found_out(bench: &Bench, no: CaseNo) {
    let wang = &bench.wang.who;
    // Only what the rules of the programme read, of the right kind, with a reason and what it was seen in.
    let view = recorded::recorded(&bench.staff.access, wang, no)
        .await
        .unwrap();
    let asked: Vec<&str> = view.asked.iter().map(|one| one.field.as_str()).collect();
    for fact in [
        "需要救助额",
        "情况紧急",
        "需要立即救助",
        "经一事一议",
        "救助分期数",
    ] {
        assert!(asked.contains(&fact), "{fact} is not among {asked:?}");
    }
    assert!(!asked.contains(&"先行救助日") && !asked.iter().any(|one| one.contains("养育方式")));
    refused(
        bench.found(wang, no, ("养育方式", "无")).await,
        "请从清单里选",
    );
    refused(
        bench.found(wang, no, ("需要救助额", "八百")).await,
        "需要救助额",
    );
    bench.found(wang, no, ("情况紧急", "是")).await.unwrap();
    bench.found(wang, no, ("需要立即救助", "是")).await.unwrap();
    bench.found(wang, no, ("需要救助额", "8000")).await.unwrap();
    bench.done(wang, no, "提交申请", "").await.unwrap();
    assert_eq!(
        bench.step_of(no).await,
        "先行救助",
        "what was found out is told as it is"
    );
}

async fn helped_first(bench: &Bench, no: CaseNo) {
    let (wang, tang) = (&bench.wang.who, &bench.tang.who);
    // Within the township's limit, by somebody who found nothing out, with the money behind it.
    refused(bench.done(tang, no, "先行救助", "").await, "先行救助决定");
    let first = |amount: Option<i64>| HelpingFirst {
        because: "没有住处,当天要安置".to_owned(),
        amount: amount.map(yuan),
    };
    let early = first_help::sign(&bench.office, tang, no, &first(None)).await;
    refused(early, "小额线");
    bench.found(wang, no, ("需要救助额", "800")).await.unwrap();
    let by_clerk = first_help::sign(&bench.office, wang, no, &first(None)).await;
    assert!(by_clerk.is_err(), "a clerk signs no decision");
    let much = first_help::sign(&bench.office, tang, no, &first(Some(801))).await;
    refused(much, "800");
    let help = first_help::sign(&bench.office, tang, no, &first(None))
        .await
        .unwrap();
    assert!(help > 0);
    assert_eq!(bench.step_of(no).await, "补办手续");
    let again = capsule::replay_first(&bench.office, help).await.unwrap();
    assert!(again.same && again.rules_same, "{:?}", again.differs);
    let sources = again
        .then
        .lines
        .iter()
        .any(|line| line.name == "需要救助额");
    assert!(sources, "the amount stands in what was kept");
}

async fn paid_late(bench: &Bench) {
    let (wang, [chen, ..]) = (&bench.wang.who, &bench.chen);
    // One working day; then it is late, and whoever sees payments is told.
    let waits = bench.waits().await;
    assert_eq!(
        (waits.len(), waits[0].amount.as_str(), waits[0].late),
        (1, "800.00", false)
    );
    bench.at("2026-09-03T09:00");
    assert!(bench.waits().await[0].late);
    let late = pay::late_for(&bench.office, &chen.who).await.unwrap();
    assert_eq!(
        (late, pay::late_for(&bench.office, wang).await.unwrap()),
        (1, 0)
    );
    assert_eq!(bench.paid("first_help", "2026-09").await, yuan(800));
    assert!(bench.waits().await.is_empty());
}

async fn papers_after(bench: &Bench, no: CaseNo) {
    let wang = &bench.wang.who;
    // The papers: with a deadline, and not without them.
    let case = casework::load(&bench.office, wang, no).await.unwrap();
    assert_eq!(
        case.row.current.due.unwrap().to_string(),
        "2026-09-15",
        "ten working days"
    );
    refused(bench.done(wang, no, "补办手续", "").await, "还缺材料");
    bench.at("2026-09-10T09:00");
    let mut case = casework::load(&bench.office, wang, no).await.unwrap();
    let papers = ["申请书", "困难情况说明"].map(|name| Paper {
        name: name.to_owned(),
        state: PaperState::Given,
        because: String::new(),
    });
    let mut tx = bench.office.begin().await.unwrap();
    casework::hand_in(&bench.office, &mut tx, wang, &mut case, &papers)
        .await
        .unwrap();
    bench.office.end(tx).await.unwrap();
    bench.tell(wang, no, "仍有困难").await;
    bench.done(wang, no, "补办手续", "").await.unwrap();
    let view = recorded::recorded(&bench.staff.access, wang, no)
        .await
        .unwrap();
    let written: Vec<(&str, &str)> = view
        .lines
        .iter()
        .map(|l| (l.fact.as_str(), l.value.as_str()))
        .collect();
    assert!(
        written.contains(&("先行救助日", "2026-09-01")) && written.contains(&("材料已补齐", "是")),
        "{written:?}"
    );
}

async fn the_rest_by_parts(bench: &Bench, no: CaseNo) {
    let (wang, [chen, ..]) = (&bench.wang.who, &bench.chen);
    // It goes on: three thousand in two parts, of which eight hundred came first.
    verified(&bench.office, wang, &bench.zhao.who, no).await;
    bench.visited(no).await;
    for (fact, value) in [
        ("需要救助额", "3001"),
        ("需要立即救助", "否"),
        ("救助分期数", "2"),
    ] {
        bench.found(wang, no, (fact, value)).await.unwrap();
    }
    assert_eq!(bench.judged(no).await, RuleResult::Eligible);
    bench.opine(no).await;
    assert_eq!(
        bench.step_of(no).await,
        "审核确认",
        "above what a township approves"
    );
    let signed = bench.signs(&chen.who, no).await.unwrap();
    let tx = bench.office.begin().await.unwrap();
    let kept = store::decisions::find(&tx, signed)
        .await
        .unwrap()
        .unwrap()
        .content;
    drop(tx);
    assert_eq!(
        (kept.amount, kept.from),
        (Some(yuan(3001)), Some(month("2026-09")))
    );
    assert!(
        kept.reasons.contains("分 2 期") && kept.reasons.contains("还要发 2,201.00 元"),
        "{}",
        kept.reasons
    );
    let replay = capsule::replay(&bench.office, signed).await.unwrap();
    assert!(replay.same, "{:?}", replay.differs);
    bench.delivered(no).await;
    assert_eq!(bench.step_of(no).await, "发放");
    refused(bench.done(&chen.who, no, "发放", "").await, "还没有交银行");
    assert_eq!(bench.paid("relief", "2026-09").await, yuan(700));
    bench.done(&chen.who, no, "发放", "").await.unwrap();
    assert_eq!(
        bench.step_of(no).await,
        "分次跟进",
        "in parts, so it is followed"
    );
    let none = pay::prepare(&bench.office, &chen.who, "relief", month("2026-09"), |_| {}).await;
    assert!(none.is_err(), "the second part waits for its month");
    bench.at("2026-10-09T09:00");
    assert_eq!(bench.paid("relief", "2026-10").await, yuan(1501));
    bench.done(&bench.li.who, no, "分次跟进", "").await.unwrap();
    refused(bench.done(&chen.who, no, "事后公布", "").await, "先公布");
    bench.publish(&chen.who, no).await;
    let asked = publicity::Asked::default();
    let shown = publicity::publicity(&bench.office, &asked);
    let shown = shown.await.unwrap().published.rows;
    let own = shown.iter().flat_map(|one| &one.shown);
    let sums: Vec<&str> = own
        .filter(|(n, _)| n == "救助金额")
        .map(|(_, v)| v.as_str())
        .collect();
    assert_eq!(sums, ["3,001.00 元"]);
    assert_eq!(bench.step_of(no).await, "", "it is closed");
}

/// All money of a household's relief arrived: 3001 元, to the 分.
async fn settled(bench: &Bench, home: HouseholdId) {
    let tx = bench.office.begin().await.unwrap();
    let lines = store::payments::of_household(&tx, home, 50).await.unwrap();
    let own = lines
        .iter()
        .filter(|l| l.content.programme == "temporary_relief");
    let own: Vec<_> = own.collect();
    assert!(own.iter().all(|line| line.state == LineState::Paid));
    let sum = Fen::total(own.iter().map(|line| line.content.amount));
    assert_eq!((own.len(), sum), (3, Some(yuan(3001))));
}

/// The month's run knows on which day somebody was helped first, and that the papers came.
async fn papers_are_watched(bench: &Bench, home: HouseholdId) {
    let data = office::monitoring::MonthData::load(&bench.office, month("2026-08"))
        .await
        .unwrap();
    let entity = data.program.dict.entity("家庭").unwrap();
    let known = |fact: &str, data: &office::monitoring::MonthData| {
        let item = data.program.find(fact).unwrap();
        data.frames.entities[&entity].column(item).is_some()
    };
    assert!(!known("先行救助日", &data), "in August nobody knew");
    let folder = bench.county.folder.path().join("later/2026-09");
    std::fs::create_dir_all(&folder).unwrap();
    let from = bench.county.feeds().join("2026-08/register.csv");
    std::fs::copy(from, folder.join("register.csv")).unwrap();
    office::intake::Intake::new(&bench.office)
        .receive_folder(folder.parent().unwrap(), |_, _, _| {})
        .await
        .unwrap();
    let data = office::monitoring::MonthData::load(&bench.office, month("2026-09"))
        .await
        .unwrap();
    assert!(known("先行救助日", &data) && known("材料已补齐", &data));
    let table = data.judged.table("relief_papers_due").unwrap();
    let late = table.answers("触发.材料逾期未补");
    let at = table.ids().iter().position(|id| *id == home.get()).unwrap();
    println!("{late:?} {at}");
}

async fn spending_that_outruns_a_family(database: Database) {
    let bench = Bench::open(database).await;
    let mut granted = None;
    for home in bench.homes().await {
        let said = [("临救事由", "支出过大"), ("其他必需支出", "300000")];
        let no = bench.apply(home, &said).await;
        let wang = &bench.wang.who;
        bench.found(wang, no, ("需要救助额", "5000")).await.unwrap();
        bench.done(wang, no, "提交申请", "").await.unwrap();
        verified(&bench.office, wang, &bench.zhao.who, no).await;
        bench.visited(no).await;
        if bench.judged(no).await == RuleResult::Eligible {
            granted = Some((no, home));
            break;
        }
    }
    let (no, home) = granted.expect("a family whose income and bills the departments know");
    let [chen, ..] = &bench.chen;
    bench.opine(no).await;
    assert_eq!(bench.step_of(no).await, "审核确认");
    // Whoever found out a fact does not decide on it, whatever role they hold.
    let own = bench.found(&chen.who, no, ("救助分期数", "1")).await;
    own.unwrap();
    refused(bench.signs(&chen.who, no).await, "查实了这一件的事实");
    let [_, two, _] = &bench.chen;
    bench.signs(&two.who, no).await.unwrap();
    bench.delivered(no).await;
    let waits = bench.waits().await;
    assert_eq!((waits.len(), waits[0].amount.as_str()), (1, "5,000.00"));
    assert_eq!(
        waits[0].due.text, "2026-09-04 到期",
        "three working days, not next month"
    );
    assert_eq!(bench.paid("relief", "2026-09").await, yuan(5000));
    bench.done(&chen.who, no, "发放", "").await.unwrap();
    bench.publish(&bench.tang.who, no).await;
    assert_eq!(bench.step_of(no).await, "");
    let tx = bench.office.begin().await.unwrap();
    let lines = store::payments::of_household(&tx, home.0, 50)
        .await
        .unwrap();
    let mut own = lines
        .iter()
        .filter(|l| l.content.programme == "temporary_relief");
    assert!(own.all(|line| line.state == LineState::Paid));
    drop(tx);
    declared_again(&bench, home).await;
}

/// What an application declares stands for what a decided one of the same day declared, also in the months that know it.
async fn declared_again(bench: &Bench, home: (HouseholdId, PersonId)) {
    // The month in which it was decided.
    let feeds = bench.county.feeds();
    std::fs::create_dir_all(feeds.join("2026-09")).unwrap();
    let from = feeds.join("2026-08/register.csv");
    std::fs::copy(from, feeds.join("2026-09/register.csv")).unwrap();
    bench.county.receive(&bench.office).await;
    let no = bench.apply(home, &[("临救事由", "火灾")]).await;
    let who = &bench.chen[0].who;
    let case = casework::load(&bench.office, who, no).await.unwrap();
    let judged = look_into(&bench.office, &case).await.unwrap();
    let told = |name: &str| {
        let mut facts = judged.facts.things.iter().flat_map(|thing| &thing.facts);
        let fact = facts.find(|fact| fact.name == name).unwrap();
        format!("{:?} {:?}", fact.value, fact.source)
    };
    let (why, spent) = (told("临救事由"), told("其他必需支出"));
    assert!(
        spent.contains("300000"),
        "the decided one still counts: {spent}"
    );
    assert!(why.contains("火灾"), "{why}");
}

async fn on_both(test: impl AsyncFn(Database)) {
    test(Database::Sqlite).await;
    if let Some(address) = postgres::fresh_database().await {
        test(Database::Postgres { address }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emergency_is_paid_at_once_papers_follow_and_the_rest_comes_by_parts() {
    on_both(help_first_papers_after_and_the_rest_by_parts).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spending_that_outruns_the_income_is_paid_within_three_working_days() {
    on_both(spending_that_outruns_a_family).await;
}
