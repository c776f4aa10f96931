//! The demo's county in a record: cases, payments and a verification that wait for the next step.

use super::acts::{NOW, SILENT};
use super::record::Record;
use crate::county::{County, Faults, run_months};
use crate::kept;
use office::access::Access;
use office::casework::{decided_demo, demo};
use office::{Office, Watch, disbursement, verification};
use std::path::Path;
use std::sync::Arc;
use synth::{BankFault, bank_answer, department_answer};

/// When the demo's officials were hired, and when the departments looked into their files.
const HIRED: &str = "2026-08-03T09:00";
const LOOKED: [&str; 2] = ["2026-08-26", "2026-09-10"];
/// The newest month of the departments' files.
const NEWEST: &str = "2026-08";

/// Makes it, as the demo does; the county's files come to lie in the folder.
pub(super) async fn demo_county(record: &Record) {
    let county = County::new(Faults::None);
    let setting = crate::county::setting(&record.folder, record.database.clone(), NOW);
    let office = kept::office(&county, setting, "crash", async |office, _| {
        fill(&county, office).await;
    });
    office.await.close().await;
    let files = record.folder.join("county");
    std::fs::rename(county.folder.path().join("county"), &files).unwrap();
}

async fn fill(county: &County, office: &Arc<Office>) {
    county.receive(office).await;
    run_months(office).await;
    let access = Access::open(Arc::clone(office), Watch::by_hand(office.clock())).unwrap();
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
    let folder = county.feeds().join(NEWEST);
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
}
