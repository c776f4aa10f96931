//! Whose a doubtful row is: asked, answered, answered otherwise, and sealed all the while.

use crate::databases::{Bench, area, day, moment, month, on_both, person, row};
use domain::PersonId;
use store::batches::DoubtState;
use store::doubts::{self, Asker, Compared, NewAnswer, NewDoubt, Side, Verdict};
use store::{identity, persons};

const NUMBER: &str = "990101195403121274";

fn side(name: &str, number: &str) -> Side {
    Side {
        name: Some(name.to_owned()),
        number: Some(number.to_owned()),
        birth: Some(day("1954-03-12")),
    }
}

async fn asked(db: &Bench, side: &Side) -> PersonId {
    db.batch().await;
    let mut tx = db.writing().await;
    let known = persons::create_many(&mut tx, &moment(1), vec![person(1, "王秀英", "1")])
        .await
        .unwrap()[0];
    let asker = Asker::of(&db.store);
    let doubt = |number, place: &str| NewDoubt {
        row: row(number),
        feed: "medical_expense".to_owned(),
        month: month("2026-08"),
        area: area(place),
        asked: asker.asked("medical_expense", side),
        candidates: vec![known],
        number: Compared::Missing,
        name: Compared::Same,
        side: side.clone(),
        task: None,
    };
    let new = [doubt(5, "990101001001"), doubt(9, "990101002001")];
    doubts::raise_many(&mut tx, &moment(2), &new).await.unwrap();
    tx.commit().await.unwrap();
    known
}

fn answer(verdict: Verdict, person: Option<PersonId>, asked: [u8; 16]) -> NewAnswer {
    NewAnswer {
        asked,
        row: row(5),
        verdict,
        person,
        candidates: vec![],
        actor: "chen".to_owned(),
        reason: "已打电话核实".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_is_shown_masked_and_within_its_place() {
    on_both(async |db| {
        let known = asked(&db, &side("王秀英", "990101195403121273")).await;
        let east = area("990101001");
        let open = DoubtState::Open;
        let list = doubts::list(&db.store, open, Some(&east), None, 10)
            .await
            .unwrap();
        assert_eq!(list.len(), 1);
        assert_eq!(list[0].masked_name.as_deref(), Some("王*英"));
        let number = list[0].masked_number.as_deref().unwrap();
        assert!(
            number.contains("**") && !number.contains("19540312"),
            "{number}"
        );
        let of_feed = doubts::open_of_feed(&db.store, "medical_expense").await;
        assert_eq!(
            of_feed.unwrap(),
            [(row(5), vec![known]), (row(9), vec![known])]
        );
        assert_eq!(doubts::count_all(&db.store, open, None).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_answer_counts_and_the_older_ones_stay() {
    on_both(async |db| {
        let known = asked(&db, &side("王秀英", "990101195403121273")).await;
        let question = doubts::find(&db.store, row(5)).await.unwrap().unwrap();
        let told = [(Verdict::Other, None), (Verdict::Same, Some(known))];
        for (verdict, person) in told {
            let mut tx = db.writing().await;
            let new = answer(verdict, person, question.asked);
            doubts::answer(&mut tx, &moment(3), &new).await.unwrap();
            for one in doubts::list_asked(&tx, question.asked).await.unwrap() {
                doubts::settle(&mut tx, &moment(3), &one, person)
                    .await
                    .unwrap();
            }
            tx.commit().await.unwrap();
        }
        let past = doubts::answers_to(&db.store, question.asked).await.unwrap();
        let past: Vec<_> = past
            .iter()
            .map(|a| (a.content.verdict, a.content.person))
            .collect();
        assert_eq!(past, told);
        assert_eq!(doubts::newest_answer(&db.store).await.unwrap(), 2);
        let settled =
            "select count(*) from doubtful_link where state = 'settled' and settled_person = 1";
        assert_eq!(db.raw_number(settled).await, 2, "both rows ask the same");
        assert!(db.raw("update link_answer set reason = ''").await.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_person_takes_a_number_only_when_it_is_valid_and_nobody_has_it() {
    on_both(async |db| {
        for (number, kept) in [
            (NUMBER, true),
            (NUMBER, false),
            ("990101195403121273", false),
        ] {
            let (row_no, side) = (if kept { 5 } else { 9 }, side("王秀兰", number));
            if kept {
                asked(&db, &side).await;
            }
            let mut tx = db.writing().await;
            let today = day("2026-09-14");
            let place = area("990101001001");
            let new = doubts::found(&mut tx, &moment(3), row(row_no), place, today)
                .await
                .unwrap();
            tx.commit().await.unwrap();
            let shown = identity::masked(&db.store, &[new]).await.unwrap();
            assert_eq!(shown[&new].name.as_deref(), Some("王*兰"));
            assert_eq!(shown[&new].id_number.is_some(), kept, "{number}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_doubtful_row_says_is_sealed_anew_with_a_newer_key() {
    on_both(async |db| {
        let known = asked(&db, &side("王 秀英", NUMBER)).await;
        db.store
            .add_key(crate::databases::act("key"))
            .await
            .unwrap();
        let turned = identity::rotate(&db.store, &moment(3), "wang", 100)
            .await
            .unwrap();
        assert_eq!(turned.left, 0);
        identity::retire_old_keys(&db.store, &moment(4), "wang")
            .await
            .unwrap();
        let compared = doubts::compare(&db.store, row(5), known).await.unwrap();
        assert_eq!(compared.name, Compared::Same, "blanks are folded");
    })
    .await;
}
