//! Opening the record, and what a write may and may not do.

use crate::databases::{act, moment, new_batch, on_both, open, person, row};
use std::os::unix::fs::PermissionsExt;
use store::batches::{self, BatchState, Counts};
use store::identity::NewIdentity;
use store::{StoreError, Value, audit, identity, persons, tasks, warnings};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_statement_can_be_prepared() {
    on_both(async |db| {
        assert!(db.store.prepare_everything().await.unwrap() > 80);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_program_cannot_open_the_folder() {
    on_both(async |mut db| {
        let second = open(db.folder.path().to_owned(), &db.database).await;
        assert!(matches!(
            second.err().unwrap(),
            StoreError::FolderInUse { .. }
        ));
        db.reopen().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_schema_is_refused() {
    on_both(async |mut db| {
        db.raw("insert into schema_version values (99, 'x', 'y')")
            .await
            .unwrap();
        let refused = db.reopen().await.unwrap_err();
        assert!(
            matches!(
                refused,
                StoreError::SchemaNewer { found: 99, known } if known == store::newest_schema()
            ),
            "{refused}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_other_than_the_one_applied_is_refused() {
    on_both(async |mut db| {
        db.raw("update schema_version set checksum = 'x' where version = 1")
            .await
            .unwrap();
        let refused = db.reopen().await.unwrap_err();
        assert!(
            matches!(refused, StoreError::MigrationChanged { version: 1 }),
            "{refused}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_was_numbered_before_the_newest_is_applied_where_it_is_missing() {
    on_both(async |mut db| {
        // As a record of the program before 0017 was there, which knew 0018.
        for table in [
            "stay_tasks",
            "stays",
            "lookup_gaps",
            "lookups",
            "policy_finds",
            "ticket_events",
            "tickets",
        ] {
            db.raw(&format!("drop table {table}")).await.unwrap();
        }
        db.raw("delete from schema_version where version = 17")
            .await
            .unwrap();
        db.reopen().await.unwrap();
        let new = store::channels::NewStay {
            station_no: "J-1".to_owned(),
            area: domain::AreaCode::parse("990101").unwrap(),
            admitted: domain::Day::new(2026, 6, 16).unwrap(),
            ticket: None,
            by: "wang".to_owned(),
        };
        let mut tx = db.store.write().await.unwrap();
        let kept = store::channels::admit(&mut tx, &moment(0), &new).await;
        assert_eq!(kept.unwrap(), Some(1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_key_file_is_asked_for_and_never_made_anew() {
    on_both(async |mut db| {
        let mode = std::fs::metadata(db.key_file())
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        let away = db.folder.path().join("away");
        std::fs::rename(db.key_file(), &away).unwrap();
        let refused = db.reopen().await.unwrap_err();
        assert!(
            matches!(refused, StoreError::KeyFileMissing { .. }),
            "{refused}"
        );
        std::fs::rename(&away, db.key_file()).unwrap();
        db.reopen().await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_file_of_another_record_or_open_to_others_is_refused() {
    on_both(async |mut db| {
        let ours = std::fs::read_to_string(db.key_file()).unwrap();
        let token = ours.lines().find(|line| line.starts_with("token")).unwrap();
        let other = format!("token {}", "ab".repeat(32));
        std::fs::write(db.key_file(), ours.replace(token, &other)).unwrap();
        let refused = db.reopen().await.unwrap_err();
        assert!(
            matches!(refused, StoreError::KeyFileOfAnotherRecord),
            "{refused}"
        );
        std::fs::set_permissions(db.key_file(), std::fs::Permissions::from_mode(0o640)).unwrap();
        let refused = db.reopen().await.unwrap_err();
        assert!(
            matches!(refused, StoreError::KeyFileOpenToOthers { .. }),
            "{refused}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_without_an_act_leaves_nothing() {
    on_both(async |db| {
        let mut tx = db.store.write().await.unwrap();
        batches::begin(&mut tx, &new_batch(1)).await.unwrap();
        let refused = tx.commit().await.unwrap_err();
        assert!(matches!(refused, StoreError::NothingRecorded), "{refused}");
        assert_eq!(db.raw_number("select count(*) from feed_batch").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_is_dropped_leaves_nothing() {
    on_both(async |db| {
        let mut tx = db.writing().await;
        batches::begin(&mut tx, &new_batch(1)).await.unwrap();
        drop(tx);
        let next = db.batch().await;
        assert_eq!(
            next, 1,
            "the number of the dropped batch is given out again"
        );
        assert!(audit::verify(&db.store, &[]).await.unwrap().is_whole());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_with_a_refused_row_cannot_be_committed() {
    on_both(async |db| {
        let refusal = batches::Refusal {
            row_no: 1,
            column: String::new(),
            code: "x".to_owned(),
            message: "x".to_owned(),
            masked: String::new(),
        };
        let mut tx = db.writing().await;
        batches::begin(&mut tx, &new_batch(1)).await.unwrap();
        let refused = batches::refuse_many(&mut tx, 999, &[refusal]).await;
        // PostgreSQL and SQLite both know at once that there is no batch 999.
        assert!(matches!(refused.unwrap_err(), StoreError::Refused { .. }));
        assert!(matches!(
            tx.commit().await.unwrap_err(),
            StoreError::WriteBroken
        ));
        assert_eq!(db.raw_number("select count(*) from feed_batch").await, 0);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_there_cannot_be_finished() {
    on_both(async |db| {
        let mut tx = db.writing().await;
        let counts = Counts::default();
        let missing = batches::finish(&mut tx, 5, BatchState::Applied, counts, &moment(1)).await;
        assert!(matches!(
            missing.unwrap_err(),
            StoreError::NotThere { id: 5, .. }
        ));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_made_in_use_opens_as_the_same_record() {
    on_both(async |db| {
        db.store.record_alone(act("before")).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let key_file = db.key_file();
        let here = key_file.parent().unwrap();
        // A PostgreSQL record is copied with PostgreSQL's own means.
        if here.join("doudi.db").is_file() {
            store::backup::copy(here, &folder.path().join("doudi.db"), &|_, _| {}).unwrap();
            std::fs::copy(db.key_file(), folder.path().join("doudi.keys")).unwrap();
            let copy = open(folder.path().to_owned(), &db.database).await.unwrap();
            let verdict = audit::verify(&copy, &[]).await.unwrap();
            assert_eq!(verdict.head, audit::checkpoint(&db.store).await.unwrap());
            copy.close().await;
        }
    })
    .await;
}

#[test]
fn an_sqlite_that_may_damage_files_is_refused() {
    let debian = store::refuse_unsound_library(3_040_001).unwrap_err();
    assert!(
        matches!(debian, StoreError::SqliteTooOld { found: 3_040_001 }),
        "{debian}"
    );
    store::refuse_unsound_library(rusqlite::version_number()).unwrap();
}

/// A request handler may move between threads while it waits, so every future here must too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_whole_write_may_move_between_threads() {
    on_both(async |db| {
        let store = db.store.clone();
        let whole = async move {
            let (mut tx, at) = (store.write().await?, moment(1));
            batches::begin(&mut tx, &new_batch(1)).await?;
            let people = vec![person(1, "王小英", "1")];
            let ids = persons::create_many(&mut tx, &at, people).await?;
            let newer = vec![(ids[0], row(2), NewIdentity::default())];
            identity::update_many(&mut tx, &at, newer).await?;
            warnings::open_many(&mut tx, &at, &[]).await?;
            tasks::raise_many(&mut tx, &at, "system", &[]).await?;
            tx.record(act("whole"));
            tx.commit().await?;
            audit::verify(&store, &[]).await
        };
        assert!(tokio::spawn(whole).await.unwrap().unwrap().is_whole());
    })
    .await;
}

#[test]
fn the_digest_of_a_row_tells_apart_what_looks_alike_when_joined() {
    let of = |columns: &[(&str, Value)]| store::digest::of_row("payment", columns);
    let one = of(&[("a", "12".into()), ("b", "3".into())]);
    let other = of(&[("a", "1".into()), ("b", "23".into())]);
    let number = of(&[("a", "12".into()), ("b", 3_i64.into())]);
    let nothing = of(&[("a", "12".into()), ("b", Value::Null)]);
    let all = std::collections::HashSet::from([one, other, number, nothing]);
    assert_eq!(all.len(), 4);
    assert_eq!(one, of(&[("a", "12".into()), ("b", "3".into())]));
}
