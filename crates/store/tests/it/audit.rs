//! The chain of acts: whole under concurrent writers, and telling where it was tampered with.

use crate::databases::{Bench, act, moment, on_both};
use store::audit::{self, About, BreakKind, Checkpoint};
use store::{Act, Store};

/// Entries 2 to 9 by the test; entry 1 is the making of the record.
async fn fill(db: &Bench) {
    for number in 2..10 {
        let act = act("fill")
            .on("case", number)
            .carrying(format!("{{\"n\":{number}}}"));
        db.store.record_alone(act).await.unwrap();
    }
    assert!(audit::verify(&db.store, &[]).await.unwrap().is_whole());
}

async fn found(store: &Store, kept: &[Checkpoint]) -> Vec<(i64, BreakKind)> {
    let verdict = audit::verify(store, kept).await.unwrap();
    assert_eq!(verdict.head.is_none(), !verdict.is_whole());
    verdict
        .breaks
        .iter()
        .map(|found| (found.seq, found.kind))
        .collect()
}

/// Fills a chain, tampers with it, and compares what is told.
async fn check(sql: &str, expected: &[(i64, BreakKind)]) {
    on_both(async |db| {
        fill(&db).await;
        db.tamper(sql).await;
        assert_eq!(found(&db.store, &[]).await, expected, "{sql}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_entry_is_found_at_its_place() {
    for change in [
        "actor = 'li'",
        "act = 'else'",
        "at = '2026-09-14T01:01:01.000Z'",
        "object_id = '8'",
        "purpose = ''",
        "authority = 'x'",
        "hlc_tick = hlc_tick + 1",
        "hlc_at = 'x'",
        "algorithm = 'sm3'",
        "prev = payload_commit",
        "digest = payload_commit",
        "at = 'not a moment'",
    ] {
        let sql = format!("update audit set {change} where seq = 5");
        check(&sql, &[(5, BreakKind::Changed)]).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_entry_is_found_at_its_place() {
    let remove = |seq: i64| {
        format!("delete from audit_payload where seq = {seq}; delete from audit where seq = {seq}")
    };
    check(&remove(5), &[(5, BreakKind::Removed)]).await;
    check(&remove(1), &[(1, BreakKind::Removed)]).await;
    check(&remove(9), &[(9, BreakKind::Removed)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_inserted_entry_is_found() {
    let copy = "insert into audit (seq, algorithm, prev, at, hlc_at, hlc_tick, actor, act,
            object_kind, object_id, purpose, authority, payload_commit, digest)
        select 10, algorithm, digest, at, hlc_at, hlc_tick + 1, actor, act, object_kind,
            object_id, purpose, authority, payload_commit, payload_commit
        from audit where seq = 9";
    check(copy, &[(10, BreakKind::Changed), (10, BreakKind::Inserted)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_squeezed_in_between_is_found_where_it_stands() {
    // All later entries are renumbered, as somebody would who does not know the digests' secret.
    let sql = "update audit_payload set seq = seq + 1000 where seq > 4;
        update audit set seq = seq + 1000 where seq > 4;
        update audit set seq = seq - 999 where seq > 1000;
        update audit_payload set seq = seq - 999 where seq > 1000;
        insert into audit (seq, algorithm, prev, at, hlc_at, hlc_tick, actor, act,
            object_kind, object_id, purpose, authority, payload_commit, digest)
        select 5, algorithm, digest, at, hlc_at, hlc_tick + 1, actor, act, object_kind,
            object_id, purpose, authority, payload_commit, payload_commit
        from audit where seq = 4";
    on_both(async |db| {
        fill(&db).await;
        db.tamper(sql).await;
        let found = found(&db.store, &[]).await;
        assert_eq!(found[0], (5, BreakKind::Changed), "{found:?}");
        assert!(found.contains(&(10, BreakKind::Inserted)), "{found:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_entries_that_changed_places_are_told_as_moved() {
    let sql = "update audit set seq = 1000 where seq = 5;
        update audit set seq = 5 where seq = 6;
        update audit set seq = 6 where seq = 1000;
        update audit_payload set seq = 1000 where seq = 5;
        update audit_payload set seq = 5 where seq = 6;
        update audit_payload set seq = 6 where seq = 1000";
    on_both(async |db| {
        fill(&db).await;
        db.tamper(sql).await;
        let found = found(&db.store, &[]).await;
        let moved: Vec<i64> = found
            .iter()
            .filter(|one| one.1 == BreakKind::Moved)
            .map(|one| one.0)
            .collect();
        assert_eq!(moved, [5, 6], "{found:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn content_moved_beside_another_entry_is_found() {
    let sql = "update audit_payload set sealed =
        (select p.sealed from audit_payload p where p.seq = 6) where seq = 5";
    check(sql, &[(5, BreakKind::ContentChanged)]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tail_cut_off_with_its_head_is_found_by_a_checkpoint_kept_outside() {
    let sql = "delete from audit_payload where seq > 7; delete from audit where seq > 7;
        update audit_head set seq = 7, digest = (select digest from audit where seq = 7)";
    on_both(async |db| {
        fill(&db).await;
        let kept = audit::checkpoint(&db.store).await.unwrap().unwrap();
        assert_eq!(kept.seq, 9);
        db.tamper(sql).await;
        assert_eq!(
            found(&db.store, &[]).await,
            [],
            "nothing inside the database tells"
        );
        let verdict = audit::verify(&db.store, &[kept]).await.unwrap();
        assert_eq!(verdict.cut_off, Some((8, 9)), "{verdict:?}");
        assert_eq!(verdict.breaks.len(), 1);
        assert_eq!(verdict.breaks[0].kind, BreakKind::CutOff);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_cannot_be_changed_or_removed_by_mistake() {
    on_both(async |db| {
        fill(&db).await;
        let change = db
            .raw("update audit set actor = 'li' where seq = 5")
            .await
            .unwrap_err();
        assert!(change.contains("audit_no_change"), "{change}");
        let removal = db.raw("delete from audit where seq = 9").await.unwrap_err();
        assert!(removal.contains("audit_no_removal"), "{removal}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn content_may_be_destroyed_and_the_chain_stays_whole() {
    on_both(async |db| {
        fill(&db).await;
        let text = audit::payload(&db.store, 5).await.unwrap();
        assert_eq!(text.as_deref(), Some("{\"n\":5}"));
        let mut tx = db.writing().await;
        assert!(audit::forget_payload(&mut tx, 5).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(audit::payload(&db.store, 5).await.unwrap(), None);
        let verdict = audit::verify(&db.store, &[]).await.unwrap();
        assert!(verdict.is_whole());
        assert_eq!((verdict.entries, verdict.without_content), (10, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_are_gapless_under_eight_writers_and_dropped_writes() {
    on_both(async |db| {
        let writers = (0..8).map(|writer| {
            let store = db.store.clone();
            tokio::spawn(async move {
                for round in 0..10_u32 {
                    let mut tx = store.write().await.unwrap();
                    tx.record(act("race").on("writer", writer));
                    tx.record(act("race").on("round", round));
                    if round % 3 == 2 {
                        drop(tx);
                    } else {
                        let receipt = tx.commit().await.unwrap();
                        assert_eq!(receipt.last, receipt.first + 1);
                    }
                    store.record_alone(act("alone")).await.unwrap();
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        let verdict = audit::verify(&db.store, &[]).await.unwrap();
        assert!(verdict.is_whole(), "{verdict:?}");
        // One for the making, seven of ten writes with two acts, ten alone, for each of eight.
        assert_eq!(verdict.entries, 1 + 8 * (7 * 2 + 10));
        assert_eq!(db.raw_number("select max(seq) from audit").await, 193);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moments_in_the_chain_never_go_back_when_the_clock_does() {
    on_both(async |db| {
        for minutes in [5, 3, 5, 9] {
            let act = Act::new(&moment(minutes), "wang", "tick");
            db.store.record_alone(act).await.unwrap();
        }
        let mut entries = audit::list(&db.store, &About::Everything, i64::MAX, 4)
            .await
            .unwrap();
        entries.reverse();
        let times: Vec<_> = entries
            .iter()
            .map(|e| (e.hlc_at.clone(), e.hlc_tick))
            .collect();
        assert!(times.is_sorted_by(|one, next| one < next), "{times:?}");
        assert_eq!(
            entries[1].at,
            moment(3),
            "what the caller said stays beside it"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_are_listed_by_thing_and_by_actor() {
    on_both(async |db| {
        fill(&db).await;
        let about = About::Object {
            kind: "case".to_owned(),
            id: "5".to_owned(),
        };
        let entries = audit::list(&db.store, &about, i64::MAX, 10).await.unwrap();
        assert_eq!(entries.iter().map(|e| e.seq).collect::<Vec<_>>(), [5]);
        let about = About::Actor("wang".to_owned());
        let entries = audit::list(&db.store, &about, 6, 3).await.unwrap();
        assert_eq!(entries.iter().map(|e| e.seq).collect::<Vec<_>>(), [5, 4, 3]);
    })
    .await;
}
