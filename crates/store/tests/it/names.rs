//! Persons found by name and by its first letters, within a place, and after the record has moved on.

use crate::databases::{Bench, area, moment, on_both, person, row};
use domain::{AreaCode, PersonId};
use store::identity::{self, NewIdentity};
use store::name_index::NameIndex;
use store::persons::{self, Change};

async fn create(bench: &Bench, names: &[&str]) -> Vec<PersonId> {
    let new = names.iter().zip(1_u32..).map(|(name, at)| {
        let mut new = person(at, name, &format!("99010119540312{at:04}"));
        if at == 2 {
            new.area = Some(area("990101002001"));
        }
        new
    });
    let mut tx = bench.writing().await;
    let made = persons::create_many(&mut tx, &moment(2), new.collect()).await;
    tx.commit().await.unwrap();
    made.unwrap()
}

fn everywhere(_: Option<AreaCode>) -> bool {
    true
}

#[tokio::test]
async fn a_person_is_found_by_name_and_by_its_first_letters_within_a_place() {
    on_both(async |bench| {
        let names = [
            "张秀兰",
            "张秀兰",
            "张晓丽",
            "单雄信",
            "阿依古丽·买买提",
            "王英",
        ];
        let all = create(&bench, &names).await;
        let mut index = NameIndex::default();
        index.refresh(&bench.store).await.unwrap();
        let find = |words: &str| index.find(words, everywhere);
        assert_eq!(find("张秀兰"), all[..2]);
        assert_eq!(
            find("张秀"),
            all[..2],
            "the first two characters are enough"
        );
        assert_eq!(find("zxl"), all[..3]);
        assert_eq!(find("ZX"), all[..3]);
        assert_eq!(find("sxx"), all[3..4], "a surname sounds otherwise");
        assert_eq!(
            find("dxx"),
            all[3..4],
            "and those who do not know that find it too"
        );
        assert_eq!(find("阿依古丽・买买提"), all[4..5], "any dot");
        assert_eq!(find("wy"), all[5..]);
        for nobody in ["", "张", "z", "张秀英", "zxlq", "990101", "张秀兰 1"] {
            assert_eq!(find(nobody), [], "{nobody}");
        }
        let town = area("990101002");
        let inside = |place: Option<AreaCode>| place.is_some_and(|p| town.contains(&p));
        assert_eq!(index.find("张秀兰", inside), all[1..2]);
    })
    .await;
}

#[tokio::test]
async fn a_name_written_anew_and_a_move_are_found_at_once() {
    on_both(async |bench| {
        let all = create(&bench, &["张秀兰", "李四", "王五"]).await;
        let mut index = NameIndex::default();
        index.refresh(&bench.store).await.unwrap();
        let named = |name: &str| NewIdentity {
            name: Some(name.to_owned()),
            ..NewIdentity::default()
        };
        let mut tx = bench.writing().await;
        let newer = vec![(all[0], row(9), named("赵秀兰"))];
        identity::update_many(&mut tx, &moment(3), newer)
            .await
            .unwrap();
        let moved = Change::Area(Some(area("990101002001")));
        persons::change_many(&mut tx, &moment(3), &[(all[1], row(9), moved)])
            .await
            .unwrap();
        tx.commit().await.unwrap();
        index.refresh(&bench.store).await.unwrap();
        assert_eq!(index.find("zxl", everywhere), all[..1]);
        assert_eq!(index.find("张秀兰", everywhere), []);
        assert_eq!(index.find("赵秀兰", everywhere), all[..1]);
        let town = area("990101002");
        let inside = |place: Option<AreaCode>| place.is_some_and(|p| town.contains(&p));
        assert_eq!(index.find("ls", inside), all[1..2]);
    })
    .await;
}
