//! Names and numbers: sealed where they stand, found by tokens, opened only under a grant.

use crate::databases::{Bench, act, area, day, moment, on_both, person, row};
use domain::PersonId;
use store::audit::{self, About};
use store::identity::{self, Field, Grant, Masked, NewIdentity};
use store::persons;
use store::tokens::{self, TokenField, Tokeniser};
use store::{Backend, StoreError};

async fn two_persons(db: &Bench) -> Vec<PersonId> {
    let mut first = person(1, "王小英", "99010119540312128X");
    first.identity.phone = Some("138 1234 8000".to_owned());
    let second = person(2, "阿卜杜拉·买买提", "990101195403121282");
    let mut tx = db.writing().await;
    let ids = persons::create_many(&mut tx, &moment(1), vec![first, second])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    ids
}

fn grant(fields: &[Field]) -> Grant {
    Grant {
        at: moment(2),
        actor: "li".to_owned(),
        purpose: "入户核实".to_owned(),
        authority: "任务 3".to_owned(),
        channel: "screen".to_owned(),
        fields: fields.to_vec(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_sees_masked_values_only() {
    on_both(async |db| {
        let ids = two_persons(&db).await;
        let masked = identity::masked(&db.store, &ids).await.unwrap();
        let expected = Masked {
            name: Some("王*英".to_owned()),
            id_number: Some("990101********128X".to_owned()),
            phone: Some("138******8000".to_owned()),
            card: None,
        };
        assert_eq!(masked[&ids[0]], expected);
        assert_eq!(masked[&ids[1]].name.as_deref(), Some("阿******提"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_name_nor_number_stands_readable_in_the_database() {
    on_both(async |db| {
        two_persons(&db).await;
        if db.store.backend() == Backend::Sqlite {
            db.store.close().await;
            let file = std::fs::read(db.folder.path().join("doudi.db")).unwrap();
            for secret in ["王小英", "买买提", "99010119540312128X", "13812348000"] {
                let seen = file
                    .windows(secret.len())
                    .any(|part| part == secret.as_bytes());
                assert!(!seen, "{secret}");
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_is_opened_only_after_its_entry_and_only_as_granted() {
    on_both(async |db| {
        let ids = two_persons(&db).await;
        let sealed = identity::sealed(&db.store, &ids[..1]).await.unwrap();
        let seen = identity::reveal(&db.store, &grant(&[Field::Name]), sealed)
            .await
            .unwrap();
        assert_eq!(seen[0].name.as_deref(), Some("王小英"));
        assert_eq!(seen[0].id_number, None, "the number was not granted");
        assert!(!format!("{:?}", seen[0]).contains("王"));
        let about = About::Object {
            kind: "person".to_owned(),
            id: ids[0].to_string(),
        };
        let entries = audit::list(&db.store, &about, i64::MAX, 10).await.unwrap();
        assert_eq!(
            (entries[0].actor.as_str(), entries[0].act.as_str()),
            ("li", "identity.reveal")
        );
        let told = audit::payload(&db.store, entries[0].seq)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            told,
            format!(
                "{{\"channel\":\"screen\",\"fields\":[\"name\"],\"persons\":[{}]}}",
                ids[0]
            )
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_put_into_another_row_or_column_cannot_be_opened() {
    for moved in [
        "update identity set name = (select i.name from identity i where i.identity_id = 2)
            where identity_id = 1",
        "update identity set name = id_number where identity_id = 1",
    ] {
        on_both(async |db| {
            let ids = two_persons(&db).await;
            db.tamper(moved).await;
            let refused = identity::masked(&db.store, &ids).await.unwrap_err();
            let broken = StoreError::SealBroken {
                table: "identity",
                column: "name",
                row: 1,
            };
            assert_eq!(refused.to_string(), broken.to_string());
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_id_number_belongs_to_one_person() {
    on_both(async |db| {
        two_persons(&db).await;
        let mut tx = db.writing().await;
        let again = vec![person(3, "王晓英", "99010119540312128x")];
        let refused = persons::create_many(&mut tx, &moment(3), again)
            .await
            .unwrap_err();
        assert!(matches!(refused, StoreError::Refused { .. }), "{refused}");
        drop(tx);
        let raw = "insert into token select field, token, 2 from token
            where field = 'id-number' and person_id = 1";
        assert!(db.raw(raw).await.is_err(), "the database itself refuses it");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_found_by_number_and_by_name_birth_and_county() {
    on_both(async |db| {
        let ids = two_persons(&db).await;
        let make = Tokeniser::of(&db.store);
        let (known, unknown) = (make.id_text("99010119540312128x"), make.id_text("1"));
        let numbers = [known, unknown];
        let found = tokens::look_up_many(&db.store, TokenField::IdNumber, &numbers)
            .await
            .unwrap();
        assert_eq!((found.len(), &found[&known]), (1, &vec![ids[0]]));
        // Another dot in the name, another village of the same county.
        let (birth, village) = (day("1954-03-12"), area("990101002003"));
        let key = make.name_birth_area("阿卜杜拉•买买提", birth, &village);
        let field = TokenField::NameBirthArea;
        let found = tokens::look_up_many(&db.store, field, &[key])
            .await
            .unwrap();
        assert_eq!(found[&key], [ids[1]]);
        assert_eq!(tokens::export_all(&db.store, field).await.unwrap().len(), 2);
        let phone = make.phone("13812348000");
        let found = tokens::look_up_many(&db.store, TokenField::Phone, &[phone])
            .await
            .unwrap();
        assert_eq!(found[&phone], [ids[0]]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_identity_keeps_what_it_does_not_tell() {
    on_both(async |db| {
        let ids = two_persons(&db).await;
        let card = NewIdentity {
            card: Some("6299123412341234".to_owned()),
            ..NewIdentity::default()
        };
        let phone = NewIdentity {
            phone: Some("13900000001".to_owned()),
            ..NewIdentity::default()
        };
        let mut tx = db.writing().await;
        let newer = vec![(ids[0], row(8), card), (ids[0], row(9), phone)];
        identity::update_many(&mut tx, &moment(3), newer)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let masked = identity::masked(&db.store, &ids).await.unwrap();
        let first = &masked[&ids[0]];
        assert_eq!(first.name.as_deref(), Some("王*英"));
        assert_eq!(first.card.as_deref(), Some("6299********1234"));
        assert_eq!(first.phone.as_deref(), Some("139****0001"));
        assert_eq!(
            identity::sealed_page(&db.store, 0, 10).await.unwrap().len(),
            2
        );
        let make = Tokeniser::of(&db.store);
        let both = [make.phone("13812348000"), make.phone("13900000001")];
        let found = tokens::look_up_many(&db.store, TokenField::Phone, &both)
            .await
            .unwrap();
        assert_eq!(found.len(), 2, "the old number still finds the person");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_changed_step_by_step_and_everything_stays_readable() {
    on_both(async |mut db| {
        let ids = two_persons(&db).await;
        assert_eq!(db.store.add_key(act("key")).await.unwrap(), 2);
        let mut tx = db.writing().await;
        let third = vec![person(3, "丁", "3")];
        let third = persons::create_many(&mut tx, &moment(3), third)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let refused = identity::retire_old_keys(&db.store, &moment(4), "secadmin").await;
        assert!(refused.is_err(), "values under the old key are left");

        let everybody = [ids, third].concat();
        let mut left = u64::MAX;
        while left > 0 {
            let step = identity::rotate(&db.store, &moment(4), "secadmin", 1)
                .await
                .unwrap();
            assert!(step.left < left, "each step does something");
            left = step.left;
            let masked = identity::masked(&db.store, &everybody).await.unwrap();
            assert_eq!(masked.len(), 3);
            db.reopen().await.unwrap();
        }
        identity::retire_old_keys(&db.store, &moment(5), "secadmin")
            .await
            .unwrap();
        db.reopen().await.unwrap();
        let keys = std::fs::read_to_string(db.key_file()).unwrap();
        assert!(!keys.contains("seal 1 ") && keys.contains("seal 2 "));
        assert_eq!(
            identity::masked(&db.store, &everybody).await.unwrap().len(),
            3
        );
        let verdict = audit::verify(&db.store, &[]).await.unwrap();
        assert!(
            verdict.is_whole() && verdict.without_content == 0,
            "{verdict:?}"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_at_one_time_share_a_commit_and_each_has_an_entry() {
    on_both(async |db| {
        let ids = two_persons(&db).await;
        let readers = (0..20).map(|_| {
            let (store, id) = (db.store.clone(), ids[0]);
            tokio::spawn(async move {
                let sealed = identity::sealed(&store, &[id]).await.unwrap();
                identity::reveal(&store, &grant(&[Field::Name]), sealed)
                    .await
                    .unwrap()
            })
        });
        for reader in readers.collect::<Vec<_>>() {
            assert_eq!(reader.await.unwrap().len(), 1);
        }
        let sql = "select count(*) from audit where act = 'identity.reveal'";
        assert_eq!(db.raw_number(sql).await, 20);
        assert!(audit::verify(&db.store, &[]).await.unwrap().is_whole());
    })
    .await;
}

#[test]
fn a_name_shows_its_ends_and_never_all_of_itself() {
    for (name, shown) in [
        ("王小英", "王*英"),
        ("张三", "张*"),
        ("丁", "*"),
        ("阿卜杜拉·买买提", "阿******提"),
        ("", ""),
    ] {
        assert_eq!(identity::mask_name(name), shown);
    }
}

#[test]
fn a_number_too_short_to_hide_anything_shows_nothing() {
    assert_eq!(
        identity::mask_number("99010119540312128X"),
        "990101********128X"
    );
    assert_eq!(identity::mask_number("990101195403"), "************");
    assert_eq!(identity::mask_phone("13812348000"), "138****8000");
    assert_eq!(identity::mask_card("6299123412341234"), "6299********1234");
}
