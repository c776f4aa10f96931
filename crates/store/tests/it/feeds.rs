//! Files that arrive, what they leave behind, and the files of the lake.

use crate::databases::{area, day, moment, month, new_batch, on_both, row};
use domain::{Area, AreaLevel, UrbanRural};
use store::batches::{self, BatchState, Begun, Counts, Doubt, DoubtState, Refusal};
use store::manifest::{self, LakeFile};
use store::runs::{self, NewRun};
use store::summaries::{self, Number};
use store::{StoreError, areas};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_content_is_known_again_until_it_was_refused() {
    on_both(async |db| {
        let first = db.batch().await;
        let mut tx = db.writing().await;
        let mut renamed = new_batch(1);
        renamed.file_name = "again.xlsx".to_owned();
        renamed.file_digest = [9; 32];
        let Begun::Seen(batch) = batches::begin(&mut tx, &renamed).await.unwrap() else {
            panic!("the content is the same")
        };
        assert_eq!((batch.batch_no, batch.state), (first, BatchState::Staged));
        let all_refused = Counts {
            received: 3,
            refused: 3,
            ..Counts::default()
        };
        batches::finish(&mut tx, first, BatchState::Refused, all_refused, &moment(1))
            .await
            .unwrap();
        let again = batches::begin(&mut tx, &renamed).await.unwrap();
        assert_eq!(again, Begun::New(2));
        tx.commit().await.unwrap();
        assert_eq!(
            batches::newest_applied(&db.store, "register")
                .await
                .unwrap(),
            None
        );
        assert_eq!(
            batches::list(&db.store, Some("register"), i64::MAX, 9)
                .await
                .unwrap()
                .len(),
            2
        );
        assert_eq!(batches::list(&db.store, None, 2, 9).await.unwrap().len(), 1);
        assert_eq!(
            batches::list_month(&db.store, month("2026-06"))
                .await
                .unwrap()
                .len(),
            2
        );
        let found = batches::find_file(&db.store, [9; 32])
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.batch_no, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_do_not_add_up_are_refused_by_program_and_database() {
    on_both(async |db| {
        let batch = db.batch().await;
        let counts = Counts {
            received: 10,
            applied: 5,
            unchanged: 1,
            refused: 1,
            doubtful: 2,
        };
        let mut tx = db.writing().await;
        let wrong = batches::finish(&mut tx, batch, BatchState::Applied, counts, &moment(1)).await;
        let disagree = StoreError::CountsDisagree {
            batch_no: 1,
            received: 10,
            sum: 9,
        };
        assert_eq!(wrong.unwrap_err().to_string(), disagree.to_string());
        let counts = Counts {
            doubtful: 3,
            ..counts
        };
        batches::finish(&mut tx, batch, BatchState::Applied, counts, &moment(1))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let applied = batches::newest_applied(&db.store, "register")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (applied.counts, applied.finished_at),
            (counts, Some(moment(1)))
        );
        assert!(db.raw("update feed_batch set applied = 6").await.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refusals_and_doubts_are_kept_in_order() {
    on_both(async |db| {
        let batch = db.batch().await;
        let refusal = |row_no, code: &str| Refusal {
            row_no,
            column: "身份证号".to_owned(),
            code: code.to_owned(),
            message: "校验位不对".to_owned(),
            masked: "990101********1283".to_owned(),
        };
        let mut tx = db.writing().await;
        batches::refuse_many(&mut tx, batch, &[refusal(4, "a"), refusal(2, "b")])
            .await
            .unwrap();
        batches::refuse_many(&mut tx, batch, &[refusal(9, "a")])
            .await
            .unwrap();
        let doubt = |number| Doubt {
            row: row(number),
            candidates: "[]".to_owned(),
            settled_person: None,
        };
        let doubts = [doubt(5), doubt(6)];
        assert_eq!(
            batches::doubt_many(&mut tx, &doubts, &moment(1))
                .await
                .unwrap(),
            2
        );
        assert_eq!(
            batches::doubt_many(&mut tx, &doubts, &moment(2))
                .await
                .unwrap(),
            0
        );
        batches::settle_doubt(&mut tx, row(5), None, &moment(3))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let listed = batches::list_refusals(&db.store, batch, 1, 10)
            .await
            .unwrap();
        assert_eq!(listed, [(2, refusal(2, "b")), (3, refusal(9, "a"))]);
        let counted = batches::count_refusals(&db.store, batch).await.unwrap();
        assert_eq!(counted, [("a".to_owned(), 2), ("b".to_owned(), 1)]);
        let open = batches::list_doubts(&db.store, DoubtState::Open, None, 10)
            .await
            .unwrap();
        assert_eq!(open, [doubt(6)]);
        assert_eq!(batches::count_doubts(&db.store).await.unwrap(), 1);
        assert_eq!(
            (row(5).batch_no(), row(5).row_no(), row(5).get()),
            (1, 5, (1 << 32) + 5)
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lake_files_are_put_in_place_of_others_in_one_switch() {
    on_both(async |db| {
        let file = |path: &str, at: &str| LakeFile {
            kind: "fact".to_owned(),
            month: month(at),
            county: "990101".to_owned(),
            path: path.to_owned(),
            rows: 7,
            digest: [3; 32],
            cause: "run 1".to_owned(),
        };
        let mut tx = db.writing().await;
        let first = [
            file("a", "2026-06"),
            file("b", "2026-06"),
            file("c", "2026-07"),
        ];
        manifest::append(&mut tx, &first, &moment(1)).await.unwrap();
        manifest::replace(&mut tx, &[file("d", "2026-06")], &moment(2))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let paths = |files: Vec<LakeFile>| files.into_iter().map(|f| f.path).collect::<Vec<_>>();
        let june = manifest::list(&db.store, "fact", month("2026-06"))
            .await
            .unwrap();
        assert_eq!(june, [file("d", "2026-06")]);
        let up_to = manifest::list_up_to(&db.store, "fact", month("2026-07"))
            .await
            .unwrap();
        assert_eq!(paths(up_to), ["d", "c"]);
        let mut tx = db.writing().await;
        manifest::replace(&mut tx, &[file("a", "2026-06")], &moment(3))
            .await
            .unwrap();
        assert!(manifest::supersede(&mut tx, "c").await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(paths(manifest::list_all(&db.store).await.unwrap()), ["a"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_and_the_numbers_of_a_month_are_found_again() {
    on_both(async |db| {
        let run = NewRun {
            month: month("2026-08"),
            rules_digest: [1; 32],
            facts_digest: [2; 32],
            at: moment(1),
            persons: 100_000,
            households: 40_000,
            warnings: 12,
            counts: "{}".to_owned(),
        };
        let number = |code: &str, value| Number {
            area: area(code),
            name: "warnings".to_owned(),
            value,
            detail: "{}".to_owned(),
        };
        let mut tx = db.writing().await;
        let run_no = runs::append(&mut tx, &run).await.unwrap();
        let numbers = [number("990101001", 5), number("990101002", 7)];
        summaries::replace(&mut tx, "tiles", month("2026-08"), &numbers)
            .await
            .unwrap();
        let numbers = [number("990101001", 6), number("990101002", 7)];
        summaries::replace(&mut tx, "tiles", month("2026-08"), &numbers)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let newest = runs::newest(&db.store, month("2026-08"))
            .await
            .unwrap()
            .unwrap();
        assert_eq!((newest.run_no, newest.content), (run_no, run));
        assert_eq!(runs::list(&db.store, i64::MAX, 5).await.unwrap().len(), 1);
        let of = |code: &str| Some(area(code));
        let month = month("2026-08");
        let listed = summaries::list(&db.store, "tiles", month, of("990101").as_ref()).await;
        assert_eq!(listed.unwrap(), numbers);
        let listed = summaries::list(&db.store, "tiles", month, of("990101001").as_ref()).await;
        assert_eq!(listed.unwrap(), numbers[..1]);
        assert_eq!(
            summaries::list_months(&db.store, "tiles").await.unwrap(),
            [month]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_place_has_one_name_on_each_day() {
    on_both(async |db| {
        let place = |name: &str, from: Option<&str>, to: Option<&str>| Area {
            code: area("990101001"),
            name: name.to_owned(),
            level: AreaLevel::Township,
            urban_rural: Some(UrbanRural::Rural),
            valid_from: from.map(day),
            valid_to: to.map(day),
        };
        let mut tx = db.writing().await;
        areas::add_many(&mut tx, &[place("城东乡", None, None)])
            .await
            .unwrap();
        areas::end(&mut tx, &area("990101001"), day("2020-01-01"))
            .await
            .unwrap();
        areas::add_many(&mut tx, &[place("城东街道", Some("2020-01-01"), None)])
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let then = areas::find(&db.store, &area("990101001"), day("2019-12-31"))
            .await
            .unwrap();
        assert_eq!(then, Some(place("城东乡", None, Some("2020-01-01"))));
        let county = area("990101");
        let day = day("2026-09-14");
        let now = areas::list_within(&db.store, &county, AreaLevel::Township, day)
            .await
            .unwrap();
        assert_eq!(now, [place("城东街道", Some("2020-01-01"), None)]);
        assert_eq!(areas::list(&db.store, day).await.unwrap(), now);
        let mut tx = db.writing().await;
        let twice = areas::add_many(&mut tx, &[place("又一个", Some("2021-01-01"), None)]).await;
        assert!(matches!(twice.unwrap_err(), StoreError::Refused { .. }));
    })
    .await;
}
