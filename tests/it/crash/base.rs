//! The demo's county in a record: cases, payments and a verification that wait for the next step.

use super::acts::{NOW, SILENT, close, opened};
use super::record::Record;
use crate::county::{County, Faults};
use office::access::Access;
use office::casework::{decided_demo, demo};
use office::intake::Intake;
use office::{Watch, disbursement, monitoring, verification};
use std::path::Path;
use std::sync::Arc;
use synth::{BankFault, bank_answer, department_answer};

/// When the demo's officials were hired, and when the departments looked into their files.
const HIRED: &str = "2026-08-03T09:00";
const LOOKED: [&str; 2] = ["2026-08-26", "2026-09-10"];
/// The folder of the departments' files of the newest month.
const NEWEST: &str = "county/feeds/2026-08";

/// Makes it, as the demo does; the county's files come to lie in the folder.
pub(super) async fn demo_county(record: &Record) {
    let county = County::new(Faults::None);
    std::fs::create_dir_all(&record.folder).unwrap();
    let files = record.folder.join("county");
    std::fs::rename(county.folder.path().join("county"), &files).unwrap();
    let office = opened(&record.folder, &record.database, NOW).await;
    office.load_areas(&files.join("areas.csv")).await.unwrap();
    Intake::new(&office)
        .receive_folder(&files.join("feeds"), |_, _, _| {})
        .await
        .unwrap();
    for month in monitoring::months(&office).await.unwrap() {
        monitoring::run_month(&office, month, |_| {}).await.unwrap();
    }
    let access = Access::open(Arc::clone(&office), Watch::by_hand(office.clock())).unwrap();
    office.clock().set(HIRED);
    access.make_demo_accounts().await.unwrap();
    office.clock().set(NOW);
    let book = office.book().texts()["banks/demo.md"].clone();
    let bank = |sent: &Path| {
        let sent = std::fs::read(sent).unwrap();
        let faults = [(BankFault::Returned, 2)];
        let reply = bank_answer(&book, &sent, 1, &faults).unwrap();
        Some((reply.name, reply.bytes))
    };
    disbursement::demo::fill(&access, NOW, bank).await.unwrap();
    demo::fill(&access, NOW).await.unwrap();
    let folder = record.folder.join(NEWEST);
    let departments = |day: &'static str| {
        let folder = folder.clone();
        move |source: &str, header: &[String], request: &str| {
            let name = source.replace('_', "-");
            let bytes = std::fs::read(folder.join(format!("{name}.csv"))).ok()?;
            department_answer(header, request, &bytes, day).ok()
        }
    };
    let [early, late] = LOOKED;
    let decided = decided_demo::fill(&access, NOW, departments(early)).await;
    assert!(
        decided.unwrap() > 3,
        "the demo decides too little to be killed in it"
    );
    let answers = departments(late);
    let some = |source: &str, header: &[String], request: &str| match source {
        SILENT => None,
        _ => answers(source, header, request),
    };
    verification::demo::fill(&access, NOW, some).await.unwrap();
    drop(access);
    close(office).await;
}
