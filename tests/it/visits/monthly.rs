//! What was seen at a door, or found out for a case, is in the month's run: the assessments come out, the file names
//! the visit, the warning leads back to it, and a second run says the same.

use super::{Bench, Helped};
use crate::county::run_months;
use crate::found_out::visited_and_told;
use crate::postgres;
use crate::staff::Signed;
use domain::{CaseNo, HouseholdId, PersonId};
use office::casework;
use office::casework::opinion::look_into;
use office::casework::recorded::{self, Finding};
use office::desk::Desk;
use office::views::{AssessmentFilter, Behind, Views};
use office::visits::Said;
use office::{Database, monitoring, trace};
use std::sync::Arc;

struct Months {
    bench: Bench,
    county: Signed,
    views: Arc<dyn Views>,
}

/// Facts and what is said of them.
type Answers<'a> = &'a [(&'a str, &'a str)];

impl Months {
    async fn open(database: Database, locality: &str) -> Self {
        let bench = Bench::open_at(database, locality, "2026-08-20T09:00").await;
        run_months(&bench.office).await;
        Self {
            county: bench.staff.enter("county", "县级审核", super::COUNTY).await,
            views: Desk::open(Arc::clone(&bench.office)).await.unwrap(),
            bench,
        }
    }

    /// A case of a household whose door was opened, with what was told there of the whole and of its head.
    async fn been_at(
        &self,
        (home, head): (HouseholdId, PersonId),
        (whole, of_head): (Answers<'_>, Answers<'_>),
    ) -> CaseNo {
        let no = self.bench.case(home, head).await;
        let said = |person: Option<PersonId>, (fact, value): (&str, &str)| Said {
            person,
            fact: fact.to_owned(),
            value: value.to_owned(),
            base: 0,
        };
        let mut more: Vec<Said> = whole.iter().map(|one| said(None, *one)).collect();
        more.extend(of_head.iter().map(|one| said(Some(head), *one)));
        let two = (&self.bench.li.who, &self.bench.wang.who);
        visited_and_told(&self.bench.office, two, no, &more).await;
        no
    }

    /// What an official found out for a case, of its household or place.
    async fn found(&self, no: CaseNo, facts: &[(&str, &str)]) {
        for (fact, value) in facts {
            let finding = Finding {
                person: None,
                fact: (*fact).to_owned(),
                value: (*value).to_owned(),
                because: "看过登记".to_owned(),
                evidence: "登记簿".to_owned(),
                photo: None,
            };
            let wang = &self.bench.wang.who;
            recorded::record(&self.bench.office, wang, no, &finding)
                .await
                .unwrap();
        }
    }

    /// Weeks ago somebody was established, as kin in a case of others, to be missing.
    async fn established_before(&self, person: PersonId) {
        let office = &self.bench.office;
        let (home, head) = self.bench.heads().await[1];
        let case = self.bench.case(home, head).await;
        let mut tx = office.begin().await.unwrap();
        let at = office.clock().at();
        let day = domain::Day::parse("2026-08-01").unwrap();
        let row = store::kin::NewKinFact {
            case,
            person,
            fact: "失踪".to_owned(),
            value: "是".to_owned(),
            way: "证明".to_owned(),
            paper: "判决书".to_owned(),
            paper_day: day,
            day,
            by: "wang".to_owned(),
        };
        store::kin::establish(&mut tx, &at, &row).await.unwrap();
        tx.record(store::Act::new(&at, "wang", "case.kin-fact").because("测试"));
        office.end(tx).await.unwrap();
    }

    /// The month once more, and again: the second time nothing is new.
    async fn again(&self) {
        let months = monitoring::months(&self.bench.office).await.unwrap();
        let newest = *months.last().unwrap();
        monitoring::run_month(&self.bench.office, newest, |_| {})
            .await
            .unwrap();
        let second = monitoring::run_month(&self.bench.office, newest, |_| {})
            .await
            .unwrap();
        let new = (
            second.warnings_raised,
            second.warnings_closed,
            second.tasks_raised,
        );
        assert_eq!(new, (0, 0, 0));
    }

    /// Whether somebody is in the list of a value, and how many are.
    async fn list(&self, of: [&str; 3], about: &Behind) -> (bool, u64) {
        let [assessment, quantity, value] = of.map(str::to_owned);
        let filter = AssessmentFilter {
            assessment,
            quantity,
            value,
            ..AssessmentFilter::default()
        };
        let list = self
            .views
            .assessments(&self.county.who, filter)
            .await
            .unwrap();
        let mut rows = list.page.rows.iter();
        (rows.any(|row| row.about == *about), list.page.total)
    }

    async fn says(&self, about: &Behind, lists: &[[&str; 3]]) {
        for of in lists {
            let (there, total) = self.list(*of, about).await;
            assert!(there, "{of:?}: not among {total}");
        }
    }

    async fn page(&self, home: HouseholdId) -> String {
        let path = format!("/households/{home}");
        let (status, _, page) = self.bench.ask(&self.county, &path, None).await;
        assert_eq!(status, 200);
        page
    }
}

/// The national assessments, on either database.
async fn somebody_was_there(database: Database) {
    let months = Months::open(database, "demo").await;
    let bench = &months.bench;
    let door = bench.heads().await[0];
    let (home, head) = (
        Behind::Household(door.0.get()),
        Behind::Person(door.1.get()),
    );
    let open = ["service_steps", "本步", "待查"];
    let before = months.list(open, &head).await.1;
    let whole = [("住房安全", "是"), ("社会参与情况", "弱")];
    let of_head = [
        ("户籍在本地", "否"),
        ("持居住证", "是"),
        ("需要助餐", "是"),
        ("生活照料已落实", "否"),
        ("需要长期照护", "否"),
        ("需要心理疏导", "否"),
        ("需要课业辅导", "否"),
        ("需要技能培养", "是"),
        ("技能培养已落实", "否"),
        ("需要社会融入", "否"),
        ("贫困风险", "高风险"),
        ("能吃饭", "是"),
        ("失踪", "否"),
    ];
    months.established_before(door.1).await;
    months.been_at(door, (&whole, &of_head)).await;
    months.again().await;
    months
        .says(
            &head,
            &[
                ["residence_package", "基本包", "政策咨询"],
                ["residence_package", "增项", "助餐"],
                ["residence_package", "增项", "技能培训"],
                ["service_steps", "本步", "生活照料"],
                ["service_steps", "等着", "技能培养"],
                ["social_work_by_risk", "功能", "赋权增能"],
            ],
        )
        .await;
    assert_eq!(months.list(open, &head).await.1, before - 1);
    // 社会参与 of the eight factors, which only a visit tells.
    months
        .says(&home, &[["eight_factors", "弱的", "社会参与"]])
        .await;
    let page = months.page(door.0).await;
    assert!(
        page.contains("社会参与情况") && page.contains("走访 · 第 1 次走访"),
        "{page}"
    );

    // A newer visit counts before what was established about somebody as kin, and is named.
    assert!(
        page.contains("失踪") && !page.contains("户外亲属 · 第 1 条"),
        "{page}"
    );

    // A warning that reads such facts leads back to the visit, and that to its case.
    let warning = bench
        .warn_by(door.0, "entitled_not_receiving", "2026-08")
        .await;
    let record = format!("warning:{warning}");
    let steps = trace::trace(&bench.office, &record).await.unwrap();
    let visit = steps.iter().find(|step| step.record == "visit:1").unwrap();
    assert!(visit.says.contains("共同生活 是") && visit.cause.starts_with("case:"));
    let told = trace::trace(&bench.office, "visit:1").await.unwrap();
    assert_eq!((told[0].what, &told[0].cause), ("走访", &visit.cause));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_visit_found_is_in_the_month_with_its_visit_as_source() {
    somebody_was_there(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_visit_found_is_in_the_month_with_its_visit_as_source_on_postgresql() {
    if let Some(address) = postgres::fresh_database().await {
        somebody_was_there(Database::Postgres { address }).await;
    }
}

const SCORES: [&str; 10] = [
    "人均收入得分",
    "财产得分",
    "疾病得分",
    "残疾得分",
    "自理得分",
    "照料负担得分",
    "就业得分",
    "就学得分",
    "居住得分",
    "社会支持得分",
];

#[tokio::test(flavor = "multi_thread")]
async fn one_visit_in_changning_brings_out_degree_crowd_circle_tasks_and_matches() {
    let months = Months::open(Database::Sqlite, "changning").await;
    let helped = months.bench.heads_of(Helped::Yes).await[0];
    let (home, head) = (
        Behind::Household(helped.0.get()),
        Behind::Person(helped.1.get()),
    );
    let scores = SCORES.map(|score| (score, "60"));
    let xiaojia = [
        ("父母一方工亡", "是"),
        ("工伤待遇已领", "否"),
        ("遗属待遇已领", "否"),
        ("另一方收入低", "是"),
        ("需要心理疏导", "是"),
        ("需要课业辅导", "是"),
        ("需要助餐", "否"),
        ("需要技能培养", "否"),
        ("缺衣物学习用品", "是"),
    ];
    let open = ["changning_consult", "还要问清", "困境程度"];
    let before = months.list(open, &head).await.1;
    let no = months.been_at(helped, (&scores, &xiaojia)).await;
    let adviser = [
        ("已派顾问", "是"),
        ("顾问现有户数", "12"),
        ("政策任务数", "2"),
        ("资源任务数", "1"),
        ("陪伴任务数", "0"),
        ("缺责任人或日期的任务数", "0"),
        ("有助餐点", "是"),
        ("有心理咨询师", "否"),
        ("有课业志愿者", "是"),
        ("有职业指导师", "是"),
    ];
    months.found(no, &adviser).await;
    let struck = months.bench.heads().await[0];
    months.been_at(struck, (&[], &[("突发变故", "是")])).await;
    months.again().await;

    months
        .says(
            &home,
            &[
                ["changning_degree", "程度", "高"],
                ["changning_adviser", "情况", "已有顾问"],
                ["changning_plan", "情况", "有空缺"],
                ["changning_plan", "空着的部分", "陪伴帮扶"],
            ],
        )
        .await;
    let tasks = [
        "工伤待遇",
        "遗属待遇",
        "心理疏导",
        "课业辅导",
        "衣物学习用品",
    ];
    for task in tasks {
        months
            .says(&head, &[["changning_tasks", "任务", task]])
            .await;
    }
    months
        .says(
            &head,
            &[
                ["changning_match", "可以链接", "课业辅导"],
                ["changning_match", "有缺口", "心理疏导"],
            ],
        )
        .await;
    let crowd = ["changning_target", "人群", "高度困境在册"];
    assert!(months.list(crowd, &head).await.1 > 0);
    assert!(months.list(open, &head).await.1 < before);
    let circle = ["changning_circle", "圈", "及时保护"];
    months
        .says(&Behind::Person(struck.1.get()), &[circle])
        .await;
    let page = months.page(helped.0).await;
    assert!(
        page.contains("已派顾问") && page.contains("经办查实 · 第"),
        "{page}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_of_a_new_job_and_a_crisis_recorded_in_xiamen_are_in_the_month() {
    let months = Months::open(Database::Sqlite, "xiamen").await;
    let (home, head) = months.bench.heads_of(Helped::Yes).await[0];
    let crowd = ["xiamen_green_channel", "受益", "照料人排查"];
    let about = Behind::Person(head.get());
    assert_eq!(months.list(crowd, &about).await.1, 0);
    let no = months.been_at((home, head), (&[], &[])).await;
    let told = [
        ("最近就业日期", "2026-07-15"),
        ("危机模式", "是"),
        ("危机止日", "2026-09-30"),
    ];
    months.found(no, &told).await;
    // The case itself knows of the crisis at once, as a fact of the place.
    let office = &months.bench.office;
    let case = casework::load(office, &months.bench.wang.who, no).await;
    let known = look_into(office, &case.unwrap()).await.unwrap().facts;
    let mut places = known.things.iter().filter(|thing| thing.entity == "地区");
    let told = places.any(|one| one.facts.iter().any(|fact| fact.name == "危机模式"));
    assert!(told, "{known:?}");
    months.again().await;
    assert!(months.list(crowd, &about).await.1 > 0);
    let page = months.page(home).await;
    assert!(
        page.contains("最近就业日期") && page.contains("2026-07-15"),
        "{page}"
    );
    // The fading period begins on the first of the month after.
    let file = months
        .views
        .household(&months.county.who, home.get(), None)
        .await
        .unwrap();
    let fading = file
        .results
        .iter()
        .find(|one| one.id == "xiamen_fading")
        .unwrap();
    let reasons = format!("{:?}", fading.reasons);
    assert!(!reasons.contains("没有人新就业"), "{reasons}");
}
