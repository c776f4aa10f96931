//! Persons and households over time.

use crate::databases::{Bench, area, day, moment, on_both, person, row};
use domain::{HouseholdId, Membership, PersonId, Relation, Sex, Span, Standing};
use store::households::{self, NewHousehold};
use store::persons::{self, Alias, Change, PersonStatus};
use store::{StoreError, doctor};

async fn a_household_of_two(db: &Bench) -> (HouseholdId, Vec<PersonId>) {
    let mut tx = db.writing().await;
    let people = vec![person(1, "王小英", "1"), person(2, "李建国", "2")];
    let ids = persons::create_many(&mut tx, &moment(1), people)
        .await
        .unwrap();
    let household = NewHousehold {
        number: "H0000001".to_owned(),
        area: area("990101001001"),
        urban_rural: None,
        row: row(1),
    };
    let households = households::upsert_many(&mut tx, &moment(1), &[household])
        .await
        .unwrap();
    let members = [
        (member(households[0], ids[0], "2020-01-01", None), row(1)),
        (
            member(households[0], ids[1], "2020-01-01", Some("2024-05-01")),
            row(2),
        ),
    ];
    households::join_many(&mut tx, &members).await.unwrap();
    tx.commit().await.unwrap();
    (households[0], ids)
}

fn member(household: HouseholdId, person: PersonId, from: &str, to: Option<&str>) -> Membership {
    Membership {
        household,
        person,
        relation: Relation::Head,
        span: Span::new(day(from), to.map(day)).unwrap(),
        standing: Standing::Counted,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overlapping_membership_is_refused_even_around_the_program() {
    on_both(async |db| {
        a_household_of_two(&db).await;
        let insert = |person: i64, from: &str, to: &str| {
            format!(
                "insert into membership (membership_id, person_id, household_id, from_day, to_day,
                    relation, counted, reason, row_id)
                 values (99, {person}, 1, '{from}', {to}, 'other', 1, '', 1)"
            )
        };
        for (person, from, to) in [
            (1, "2021-01-01", "'2021-02-01'"),
            (1, "2019-01-01", "'2020-01-02'"),
            (1, "2019-01-01", "null"),
            (2, "2024-04-30", "null"),
        ] {
            let refused = db.raw(&insert(person, from, to)).await.unwrap_err();
            assert!(refused.contains("membership_no_overlap"), "{refused}");
        }
        db.raw(&insert(2, "2024-05-01", "null")).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_membership_is_ended_once_and_never_rewritten() {
    on_both(async |db| {
        let (household, ids) = a_household_of_two(&db).await;
        for change in [
            "update membership set to_day = '2025-01-01' where person_id = 2",
            "update membership set from_day = '2019-01-01' where person_id = 1",
            "update membership set to_day = '2026-01-01', household_id = 7 where person_id = 1",
            "delete from membership",
        ] {
            assert!(db.raw(change).await.is_err(), "{change}");
        }
        let mut tx = db.writing().await;
        let leaving = [(ids[0], day("2026-08-01")), (ids[1], day("2026-08-01"))];
        assert_eq!(households::leave_many(&mut tx, &leaving).await.unwrap(), 1);
        let back = member(household, ids[0], "2026-08-01", None);
        households::join_many(&mut tx, &[(back.clone(), row(3))])
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let history = households::memberships(&db.store, ids[0]).await.unwrap();
        assert_eq!(history.len(), 2);
        let on = |text| households::memberships_on(&db.store, &ids, day(text));
        assert_eq!(on("2023-01-01").await.unwrap().len(), 2);
        assert_eq!(on("2026-08-01").await.unwrap()[&ids[0]], back);
        let everybody = households::list_memberships_on(&db.store, day("2023-01-01")).await;
        assert_eq!(everybody.unwrap().len(), 2);
        assert_eq!(
            households::members(&db.store, household)
                .await
                .unwrap()
                .len(),
            3
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_count_needs_a_reason() {
    on_both(async |db| {
        let (household, ids) = a_household_of_two(&db).await;
        let mut without = member(household, ids[1], "2025-01-01", None);
        without.standing = Standing::NotCounted {
            reason: String::new(),
        };
        let mut tx = db.writing().await;
        let refused = households::join_many(&mut tx, &[(without.clone(), row(3))]).await;
        assert!(matches!(refused.unwrap_err(), StoreError::Refused { .. }));
        drop(tx);
        without.standing = Standing::NotCounted {
            reason: "服刑".to_owned(),
        };
        let mut tx = db.writing().await;
        households::join_many(&mut tx, &[(without.clone(), row(3))])
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let history = households::memberships(&db.store, ids[1]).await.unwrap();
        assert_eq!(history[1], without);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_household_keeps_its_number_when_it_moves() {
    on_both(async |db| {
        let (household, _) = a_household_of_two(&db).await;
        let moved = NewHousehold {
            number: "H0000001".to_owned(),
            area: area("990101002001"),
            urban_rural: Some(domain::UrbanRural::Urban),
            row: row(9),
        };
        let mut tx = db.writing().await;
        let ids = households::upsert_many(&mut tx, &moment(2), &[moved.clone(), moved])
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(ids, [household, household]);
        let township = area("990101002");
        let listed = households::list(&db.store, Some(&township), 0, 9)
            .await
            .unwrap();
        assert_eq!((listed[0].id, listed[0].row), (household, row(1)));
        assert_eq!(
            households::count(&db.store, Some(&area("990101001")))
                .await
                .unwrap(),
            0
        );
        assert_eq!(
            households::get_many(&db.store, &ids).await.unwrap().len(),
            2
        );
        let numbers = ["H0000001".to_owned(), "H0000002".to_owned()];
        let found = households::look_up_many(&db.store, &numbers).await.unwrap();
        assert_eq!(
            found.into_iter().collect::<Vec<_>>(),
            [("H0000001".to_owned(), household)]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_of_a_person_leaves_what_it_was() {
    on_both(async |db| {
        let (_, ids) = a_household_of_two(&db).await;
        let death = Change::Death(Some(day("2026-07-03")));
        let changes = [
            (ids[0], row(5), death),
            (ids[0], row(5), Change::Status(PersonStatus::Deceased)),
            (ids[0], row(6), death),
            (ids[0], row(7), Change::Death(Some(day("2026-07-04")))),
            (ids[1], row(8), Change::Area(Some(area("990101001001")))),
            (ids[1], row(8), Change::Sex(Some(Sex::Male))),
        ];
        let mut tx = db.writing().await;
        assert_eq!(
            persons::change_many(&mut tx, &moment(2), &changes)
                .await
                .unwrap(),
            4
        );
        tx.commit().await.unwrap();
        let now = persons::get_many(&db.store, &ids).await.unwrap();
        assert_eq!(now[0].death, Some(day("2026-07-04")));
        assert_eq!(
            (now[0].status, now[1].sex),
            (PersonStatus::Deceased, Some(Sex::Male))
        );
        let past = persons::list_changes(&db.store, ids[0]).await.unwrap();
        let deaths: Vec<_> = past
            .iter()
            .filter(|change| change.field == "death")
            .map(|change| (change.was.as_deref(), change.became.as_deref(), change.row))
            .collect();
        let expected = [
            (None, Some("2026-07-03"), row(5)),
            (Some("2026-07-03"), Some("2026-07-04"), row(7)),
        ];
        assert_eq!(deaths, expected);
        assert_eq!(
            persons::list(&db.store, ids[0].get(), 9)
                .await
                .unwrap()
                .len(),
            1
        );
        assert_eq!(persons::count(&db.store).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_persons_found_to_be_one_can_be_parted_again() {
    on_both(async |db| {
        let (_, ids) = a_household_of_two(&db).await;
        for (alias, joined) in [(Alias::Same, 1), (Alias::NotSame, 0)] {
            let mut tx = db.writing().await;
            let (person, other) = (ids[1], ids[0]);
            persons::alias(&mut tx, &moment(2), person, other, alias, "同一人")
                .await
                .unwrap();
            tx.commit().await.unwrap();
            assert_eq!(
                persons::list_aliases(&db.store).await.unwrap().len(),
                joined
            );
        }
        assert_eq!(persons::count(&db.store).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_state_that_its_history_does_not_lead_to_is_found() {
    on_both(async |db| {
        let (_, ids) = a_household_of_two(&db).await;
        let mut tx = db.writing().await;
        let death = Change::Death(Some(day("2026-07-03")));
        persons::change_many(&mut tx, &moment(2), &[(ids[0], row(5), death)])
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let ours = |findings: Vec<doctor::Finding>| {
            findings
                .into_iter()
                .filter(|one| !one.what.contains("data_checksums"))
                .collect::<Vec<_>>()
        };
        assert_eq!(ours(doctor::examine(&db.store).await.unwrap()), []);
        db.tamper("update person set death = null").await;
        let findings = ours(doctor::examine(&db.store).await.unwrap());
        let expected = doctor::Finding {
            what: "人员死亡日期与变更记录不符".to_owned(),
            count: 1,
        };
        assert_eq!(findings, [expected]);
    })
    .await;
}
