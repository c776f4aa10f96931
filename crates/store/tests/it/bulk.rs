//! How fast a county's register goes in. Measured by hand: `cargo test -p store -- --ignored --nocapture`.

use crate::databases::{moment, on_both, person};
use store::persons;
use store::tokens::{self, TokenField, Tokeniser};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement, not a check: its answer depends on the machine"]
async fn a_hundred_thousand_persons_go_in_at_once() {
    on_both(async |db| {
        let people: Vec<_> = (0..100_000_u32)
            .map(|number| {
                person(
                    number + 1,
                    &format!("王{number}"),
                    &format!("990101{number:012}"),
                )
            })
            .collect();
        let numbers: Vec<String> = people
            .iter()
            .filter_map(|one| one.identity.id_number.clone())
            .collect();
        let start = std::time::Instant::now();
        let mut tx = db.writing().await;
        let ids = persons::create_many(&mut tx, &moment(1), people)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let stored = start.elapsed();
        let start = std::time::Instant::now();
        let make = Tokeniser::of(&db.store);
        let wanted: Vec<_> = numbers.iter().map(|number| make.id_text(number)).collect();
        let found = tokens::look_up_many(&db.store, TokenField::IdNumber, &wanted)
            .await
            .unwrap();
        let looked_up = start.elapsed();
        assert_eq!((ids.len(), found.len()), (100_000, 100_000));
        let start = std::time::Instant::now();
        let all = store::identity::masked(&db.store, &ids).await.unwrap();
        assert_eq!(all.len(), 100_000);
        let masked = start.elapsed();
        let start = std::time::Instant::now();
        let checked = store::seal::check(&db.store).await.unwrap();
        assert!(checked.is_whole());
        println!(
            "{:?}: stored in {stored:?}, looked up in {looked_up:?}, masked in {masked:?}, {} rows checked in {:?}",
            db.store.backend(),
            checked.rows,
            start.elapsed()
        );
    })
    .await;
}
