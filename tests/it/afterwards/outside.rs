//! Reports of an outside investigator: a share of them is visited again by the township's own, and what differs by
//! more than the rulebook allows is a finding of that organisation.

use super::*;
use office::casework::sample;
use office::visits::{self, About, VisitOutcome};

const REPORT: &str = "第三方报告复核";

impl Bench {
    /// An outside investigator's visit in a review, with a township's grid worker.
    async fn reports(&self, who: &Signed, answers: &[(&str, &str)]) -> (i64, CaseNo) {
        let all = self.dibao().await;
        for (entitlement, _) in all {
            let Ok(no) = self.begin(AfterPurpose::Review, entitlement).await else {
                continue;
            };
            let (wang, zhao) = (&self.wang.who, &self.zhao.who);
            if self.done(wang, no, "列入核查").await.is_err() {
                continue;
            }
            self.told(zhao, no, "有变化").await.unwrap();
            self.verified(no).await;
            let two = (&who.who, &self.li.who);
            let about = About::Case(no);
            let visit = self.walks(two, about, VisitOutcome::True, answers).await;
            return (visit, no);
        }
        panic!("nobody to review")
    }
}

async fn drawn_and_compared(database: Database) {
    let bench = Bench::open(database).await;
    let office = &bench.office;
    bench.at("2026-09-14T09:00");
    let third = bench.staff.enter("third", "第三方调查员", COUNTY).await;
    let told = [
        ("住房安全", "是"),
        ("生活难以维持", "否"),
        ("社会参与情况", "强"),
    ];
    let mut reports = Vec::new();
    for _ in 0..3 {
        reports.push(bench.reports(&third, &told).await.0);
    }
    let this = month("2026-09");
    let chen = &bench.chen.who;
    let before = visits::outside_reports(office, chen, this).await.unwrap();
    let came: Vec<i64> = before.rows.iter().map(|row| row.visit).collect();
    assert_eq!(came, reports);
    refused(
        visits::outside_reports(office, &third.who, this).await,
        "权限",
    );
    refused(visits::draw_reports(office, &third.who, this).await, "权限");
    let many = visits::draw_reports(office, chen, this).await.unwrap();
    assert!(many >= 1, "a share is a floor: of three one at least");
    assert_eq!(visits::draw_reports(office, chen, this).await.unwrap(), 0);
    let seen = visits::outside_reports(office, chen, this).await.unwrap();
    let drawn = seen.rows.iter().filter(|row| !row.state.is_empty());
    assert_eq!(u64::try_from(drawn.count()).unwrap(), many);
    // Whoever has the chain computes it again.
    for row in &seen.rows {
        let of = format!("{}:{}", row.ticket.seed, row.visit);
        assert_eq!(
            row.ticket.lot,
            store::digest::hex(&store::digest::of_bytes(of.as_bytes()))
        );
    }
    let same: Vec<_> = before.rows.iter().map(|row| &row.ticket).collect();
    let now: Vec<_> = seen.rows.iter().map(|row| &row.ticket).collect();
    assert_eq!(same, now);
    assert_ne!(
        seen.rows[0].why,
        sample::why_word(store::samples::LotWhy::None)
    );

    // What is drawn already asks no calendar, not even where next year's is not known yet.
    bench.at("2026-12-28T09:00");
    assert_eq!(visits::draw_reports(office, chen, this).await.unwrap(), 0);
    bench.at("2026-09-15T09:00");

    // The one who was there for the report does not look at it again; others find three things otherwise, of which
    // one may differ.
    let task = bench.tasks(REPORT).await[0];
    let li = visits::begin(office, &bench.li.who, About::Task(task)).await;
    refused(li, "不能复核自己");
    let other = bench.staff.enter("sun", "网格员", COUNTY).await;
    let found = [
        ("住房安全", "否"),
        ("生活难以维持", "是"),
        ("社会参与情况", "弱"),
    ];
    let two = (&other.who, &bench.wang.who);
    bench
        .walks(two, About::Task(task), VisitOutcome::True, &found)
        .await;
    let seen = visits::outside_reports(office, chen, this).await.unwrap();
    let finding: Vec<_> = seen.rows.iter().filter(|row| row.is_done).collect();
    assert_eq!(finding.len(), 1);
    let finding = finding[0];
    assert!(finding.is_finding && finding.compared >= 3);
    let counts = |counts| {
        finding
            .differences
            .iter()
            .filter(move |one| one.counts == counts)
    };
    assert_eq!((counts(true).count(), counts(false).count()), (2, 1));
    let own = &seen.organisations[0];
    assert_eq!((own.reports, own.done, own.findings), (3, 1, 1));
    assert_eq!(own.share, "100.0%");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_of_what_outside_investigators_report_is_visited_again_and_compared_field_by_field()
{
    on_both(drawn_and_compared).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_of_a_family_in_no_household_is_looked_at_again_at_the_door_of_whoever_applied() {
    let bench = Bench::open(Database::Sqlite).await;
    let office = &bench.office;
    bench.at("2026-09-14T09:00");
    let third = bench.staff.enter("third", "第三方调查员", COUNTY).await;
    let told = [("住房安全", "是"), ("生活难以维持", "否")];
    let (visit, case) = bench.reports(&third, &told).await;
    // As a family stands that is in no household of the register.
    let file = bench.county.folder.path().join("data/doudi.db");
    let record = rusqlite::Connection::open(file).unwrap();
    let alone = "update visits set household_id = null where visit_no = ?1";
    record.execute(alone, [visit]).unwrap();
    let this = month("2026-09");
    let chen = &bench.chen.who;
    assert_eq!(visits::draw_reports(office, chen, this).await.unwrap(), 1);
    let task = bench.tasks(REPORT).await[0];
    let tx = office.begin().await.unwrap();
    let content = store::tasks::find(&tx, task)
        .await
        .unwrap()
        .unwrap()
        .content;
    let case = store::cases::find(&tx, case).await.unwrap().unwrap();
    drop(tx);
    assert_eq!(
        (content.household, content.person),
        (None, Some(case.content.applicant))
    );

    // Of two visits that answer nothing in common nothing is known: it is not done, and no finding.
    let other = bench.staff.enter("sun", "网格员", COUNTY).await;
    let two = (&other.who, &bench.wang.who);
    bench
        .walks(two, About::Task(task), VisitOutcome::True, &told)
        .await;
    let gone = "delete from visit_answers where visit_no = ?1";
    record.execute(gone, [visit]).unwrap();
    drop(record);
    let seen = visits::outside_reports(office, chen, this).await.unwrap();
    let row = &seen.rows[0];
    assert!(row.state.contains("没有可比的"), "{}", row.state);
    assert!(!row.is_done && !row.is_finding && seen.organisations[0].done == 0);
}
