//! Screens J8.5: the auditor sees who opened a family's file today and why; one row changed by hand behind the
//! program is named by the check, on the page and in the command's words, without anything of what it holds.

use crate::county::{County, Faults};
use crate::postgres;
use crate::staff::{Signed, Staff};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use office::Database;
use std::path::Path;
use std::sync::Arc;
use tower::ServiceExt;

async fn ask(router: &Router, method: &str, path: &str, who: &Signed) -> (u16, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "127.0.0.1:8642")
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cookie", format!("doudi_session={}", who.secret))
        .body(Body::from(format!("form={}", who.word)))
        .unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8_lossy(&bytes).into_owned())
}

/// Changes the database as somebody would who owns it.
async fn by_hand(database: &Database, folder: &Path, sql: &str) {
    match database {
        Database::Sqlite => {
            let line = rusqlite::Connection::open(folder.join("doudi.db")).unwrap();
            line.execute_batch(sql).unwrap();
        }
        Database::Postgres { address } => {
            let (client, line) = tokio_postgres::connect(address, tokio_postgres::NoTls)
                .await
                .unwrap();
            tokio::spawn(line);
            client.batch_execute(sql).await.unwrap();
        }
    }
}

async fn the_auditor_finds_who_looked_and_what_was_changed_by_hand(database: Database) {
    let county = County::new(Faults::None);
    let folder = county.folder.path().join("data");
    let setting = crate::county::setting(&folder, database.clone(), crate::county::NOW);
    let office = Arc::new(county.judged(setting).await);
    let staff = Staff::of(&office, "990101").await;
    let router = staff.router(&office).await;
    let wang = staff.enter("wang", "县级审核", "990101").await;
    let shenji = staff.enter("shenji", "审计监督", "990101").await;
    for _ in 0..2 {
        let (status, _) = ask(&router, "GET", "/households/7", &wang).await;
        assert_eq!(status, 200);
    }
    let (status, page) = ask(&router, "GET", "/audit?household=7", &shenji).await;
    assert_eq!(status, 200);
    assert_eq!(page.matches("看家庭档案(遮盖)").count(), 2, "{page}");
    assert!(page.contains("wang的姓名(wang)"));
    // Whole after a county's files, its months, accounts, sign-ins and looks.
    let (status, page) = ask(&router, "POST", "/audit/check", &shenji).await;
    assert_eq!(status, 200);
    assert!(page.contains("行行与写下时的印记相符"), "{page}");
    let noted = office::audit::verify_against(&office, &[], None)
        .await
        .unwrap();
    assert!(noted.is_whole(), "{:?}", noted.tables.findings);
    let since = noted.tables.since.unwrap().seq;
    // One cell of one row.
    by_hand(
        &database,
        &folder,
        "update person set birth = '1950-01-01' where person_id = 7",
    )
    .await;
    let (_, page) = ask(&router, "POST", "/audit/check", &shenji).await;
    assert!(page.contains("人员(表 person) 编号 7:内容被改"), "{page}");
    assert!(page.contains(&format!("第 {since} 条")), "{page}");
    assert!(!page.contains("1950-01-01"), "nothing of the row is told");
    let found = office::audit::verify_against(&office, &[], None)
        .await
        .unwrap();
    assert!(found.verdict.is_whole() && !found.is_whole());
    let told: Vec<_> = found
        .tables
        .findings
        .iter()
        .map(|f| (f.table.as_str(), f.key.as_str()))
        .collect();
    assert_eq!(told, [("person", "7")]);
    let checks = office::doctor::examine(&office).await.unwrap();
    let rows = checks
        .iter()
        .find(|check| check.name == "逐行核对")
        .unwrap();
    assert!(!rows.good && rows.found.contains("编号 7"), "{rows:?}");
    // Nobody else may look.
    let (status, _) = ask(&router, "POST", "/audit/check", &wang).await;
    assert_eq!(status, 403);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_changed_by_hand_is_named_to_the_auditor() {
    the_auditor_finds_who_looked_and_what_was_changed_by_hand(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_changed_by_hand_is_named_to_the_auditor_on_postgresql() {
    if let Some(address) = postgres::fresh_database().await {
        the_auditor_finds_who_looked_and_what_was_changed_by_hand(Database::Postgres { address })
            .await;
    }
}
