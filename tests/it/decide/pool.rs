//! A refusal of the office's own casework puts the person into Hangzhou's pool with the next run, and the
//! household's page says from which case that is known.

use super::{Bench, COUNTY, homes};
use crate::county::{County, Faults, run_months};
use crate::staff::Staff;
use domain::{Month, PersonId};
use office::casework::decision::Signing;
use office::desk::Desk;
use office::views::{AssessmentFilter, Behind};
use office::{Database, Setting, monitoring};
use std::path::Path;
use std::sync::Arc;
use store::decisions::DecidedAs;
use store::notices::{Proposal, RuleResult};

async fn opened() -> Bench {
    let county = County::new(Faults::None);
    // September brings what August brought.
    copy(
        &county.feeds().join("2026-08"),
        &county.feeds().join("2026-09"),
    );
    let setting = Setting {
        rulebook: Some(concat!(env!("CARGO_MANIFEST_DIR"), "/../rulebook").into()),
        locality: "hangzhou".to_owned(),
        ..crate::county::setting(
            &county.folder.path().join("data"),
            Database::Sqlite,
            "2026-09-01T09:00",
        )
    };
    let office = Arc::new(county.received(setting).await);
    let staff = Staff::of(&office, COUNTY).await;
    Bench {
        li: staff.enter("li", "网格员", COUNTY).await,
        wang: staff.enter("wang", "窗口经办", COUNTY).await,
        zhao: staff.enter("zhao", "核对员", COUNTY).await,
        chen: staff.enter("chen", "县级审核", COUNTY).await,
        office,
        staff,
        county,
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let file = entry.unwrap().path();
        std::fs::copy(&file, to.join(file.file_name().unwrap())).unwrap();
    }
}

/// Whether the newest month's list of those refused has somebody.
async fn is_in_pool(bench: &Bench, person: PersonId) -> bool {
    let views = Desk::open(Arc::clone(&bench.office)).await.unwrap();
    let filter = AssessmentFilter {
        assessment: "hangzhou_pool".to_owned(),
        quantity: "入库原因".to_owned(),
        value: "申请未获批".to_owned(),
        ..AssessmentFilter::default()
    };
    let list = views.assessments(&bench.chen.who, filter).await.unwrap();
    let mut rows = list.page.rows.iter();
    rows.any(|row| matches!(row.about, Behind::Person(id) if id == person.get()))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_is_in_the_pool_with_the_next_run() {
    let bench = opened().await;
    run_months(&bench.office).await;
    let mut refused = None;
    for (at, (household, head)) in homes(&bench).await.into_iter().rev().enumerate() {
        let no = bench.case(at, head, household).await;
        if bench.judged(no).await.found.result() == RuleResult::Ineligible {
            refused = Some((no, household, head));
            break;
        }
    }
    let (no, household, head) = refused.unwrap();
    assert!(!is_in_pool(&bench, head).await);
    bench.to_the_county(no, Proposal::Refuse).await;
    crate::found_out::checked(&bench.office, &bench.chen.who, no).await;
    let signing = Signing {
        outcome: DecidedAs::Refused,
        because: String::new(),
        amount: None,
        articles: Vec::new(),
    };
    let signed = office::casework::decision::sign(&bench.office, &bench.chen.who, no, &signing);
    signed.await.unwrap();
    let month = Month::parse("2026-09").unwrap();
    monitoring::run_month(&bench.office, month, |_| {})
        .await
        .unwrap();
    assert!(is_in_pool(&bench, head).await);
    let views = Desk::open(Arc::clone(&bench.office)).await.unwrap();
    let file = views
        .household(&bench.chen.who, household.get(), None)
        .await;
    let file = file.unwrap();
    let member = file.members.iter().find(|m| m.id == head.get()).unwrap();
    let fact = member
        .facts
        .iter()
        .find(|f| f.name == "最近申请结果")
        .unwrap();
    assert_eq!(fact.value.as_deref(), Some("未获批准"));
    assert!(
        fact.source.contains(&format!("办件 № {}", no.get())),
        "{}",
        fact.source
    );
}
