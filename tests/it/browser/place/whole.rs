//! Everything the demo has, as `doudi demo` makes it: money on its way, cases at every step and decided, a
//! verification with a silent department, a resident's own, tickets by every channel.

use super::NOW;
use crate::county::County;
use office::access::Access;
use office::casework::{afterwards, decided_demo};
use office::{channels, disbursement, portal, verification};
use std::path::Path;
use synth::{BankFault, bank_answer, department_answer};

/// When the departments looked into the families' files.
const LOOKED: [&str; 2] = ["2026-08-26", "2026-09-10"];
/// The source that stays silent.
const SILENT: &str = "medical_expense";
/// Lines the bank sends back.
const RETURNED: u64 = 2;

/// Money first, and the cases' past with it.
pub(super) async fn fill(access: &Access, county: &County) {
    let office = access.office();
    let book = office.book().texts()["banks/demo.md"].clone();
    let bank = |sent: &Path| {
        let sent = std::fs::read(sent).unwrap();
        let faults = [(BankFault::Returned, RETURNED)];
        let reply = bank_answer(&book, &sent, 1, &faults).unwrap();
        Some((reply.name, reply.bytes))
    };
    disbursement::demo::fill(access, NOW, bank).await.unwrap();
    office::casework::demo::fill(access, NOW).await.unwrap();
    let folder = county.feeds().join("2026-08");
    let departments = |day: &'static str| {
        let folder = folder.clone();
        move |source: &str, header: &[String], request: &str| {
            let file = folder.join(format!("{}.csv", source.replace('_', "-")));
            let bytes = std::fs::read(file).ok()?;
            department_answer(header, request, &bytes, day).ok()
        }
    };
    let [early, late] = LOOKED;
    let decided = decided_demo::fill(access, NOW, departments(early)).await;
    assert!(decided.unwrap() > 0, "the demo decides nothing");
    afterwards::demo::fill(access, NOW).await.unwrap();
    let answers = departments(late);
    let some = |source: &str, header: &[String], request: &str| match source {
        SILENT => None,
        _ => answers(source, header, request),
    };
    verification::demo::fill(access, NOW, some).await.unwrap();
    portal::demo::fill(access).await.unwrap();
    channels::demo::fill(access, NOW).await.unwrap();
}
