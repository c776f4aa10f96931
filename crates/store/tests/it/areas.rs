//! Places of a whole country: found by code, name and level without reading all of them.

use crate::databases::{Bench, area, day, moment, on_both, row};
use domain::{Area, AreaCode, AreaLevel, UrbanRural};
use store::areas::{self, After, Edition, Known, Step};
use store::households::{self, NewHousehold};
use store::{At, StoreError};

const TODAY: &str = "2026-09-14";

fn place(code: &str, name: &str) -> Area {
    let code = area(code);
    Area {
        code,
        name: name.to_owned(),
        level: code.level(),
        urban_rural: None,
        valid_from: None,
        valid_to: None,
    }
}

/// Two provinces: one with a city without counties and a county without a city.
async fn fill(db: &Bench) {
    let mut areas: Vec<Area> = [
        ("44", "南省"),
        ("4401", "首市"),
        ("440103", "河湾区"),
        ("440103001", "河湾街道"),
        ("4419", "直筒市"),
        ("441900003", "东坑镇"),
        ("441900003101", "河湾社区"),
        ("41", "北省"),
        ("419001", "独立县"),
        ("419001001", "河湾镇"),
    ]
    .into_iter()
    .map(|(code, name)| place(code, name))
    .collect();
    areas.extend((1..=40).map(|n| place(&format!("440103001{n:03}"), &format!("桃园{n}村"))));
    let mut tx = db.writing().await;
    let steps = areas.into_iter().map(Step::Add).collect();
    areas::take(&mut tx, steps, day("2023-12-31"))
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

fn codes(areas: &[Area]) -> Vec<&str> {
    areas.iter().map(|a| a.code.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_level_is_found_below_the_one_that_is_there() {
    on_both(async |db| {
        fill(&db).await;
        let below = async |code: &str| {
            let below = areas::below(&db.store, &area(code), day(TODAY), "", 100).await;
            let below = below.unwrap();
            let counted = areas::count_below(&db.store, &[area(code)], day(TODAY)).await;
            let expected = u64::try_from(below.len()).unwrap();
            assert_eq!(counted.unwrap(), [expected], "{code}");
            below
        };
        assert_eq!(codes(&below("44").await), ["4401", "4419"]);
        assert_eq!(codes(&below("4419").await), ["441900003"]);
        assert_eq!(codes(&below("41").await), ["419001"], "no city between");
        assert_eq!(below("440103001").await.len(), 40);
        assert!(below("440103001001").await.is_empty());
        let provinces = areas::provinces(&db.store, day(TODAY)).await.unwrap();
        assert_eq!(codes(&provinces), ["41", "44"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_by_name_and_by_code_leave_nothing_out_and_repeat_nothing() {
    on_both(async |db| {
        fill(&db).await;
        let (mut seen, mut after) = (Vec::new(), After::default());
        loop {
            let page = areas::named(&db.store, "桃园", &after, 7).await.unwrap();
            let Some(last) = page.last() else { break };
            after = After::of(last);
            seen.extend(page);
        }
        assert_eq!(seen.len(), 40);
        assert!(seen.is_sorted_by(|a, b| (&a.name, a.code) < (&b.name, b.code)));
        let found = areas::named(&db.store, "河湾", &After::default(), 9).await;
        let found = found.unwrap();
        let names: Vec<&str> = found.iter().map(|a| a.name.as_str()).collect();
        assert_eq!(
            names,
            ["河湾区", "河湾社区", "河湾街道", "河湾镇"],
            "not 桃园"
        );
        let (mut seen, mut after) = (Vec::new(), After::default());
        loop {
            let page = areas::coded(&db.store, "440103", &after, 9).await.unwrap();
            let Some(last) = page.last() else { break };
            after = After::of(last);
            seen.extend(page);
        }
        assert_eq!(seen.len(), 42);
        let by_percent = areas::named(&db.store, "%", &After::default(), 9).await;
        assert_eq!(by_percent.unwrap(), [], "words are no pattern");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_record_is_read_by_pages_that_keep_the_names_of_a_code_together() {
    on_both(async |db| {
        fill(&db).await;
        let known: Vec<Known> = areas::of_code(&db.store, &area("440103")).await.unwrap();
        let mut tx = db.writing().await;
        let mut renamed = place("440103", "新河湾区");
        renamed.valid_from = Some(day("2025-01-01"));
        let steps = vec![
            Step::End(known[0].id, day("2025-01-01")),
            Step::Add(renamed),
            Step::Class(known[0].id, UrbanRural::Urban),
        ];
        areas::take(&mut tx, steps, day("2025-01-01"))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let (mut after, mut all) = (String::new(), Vec::new());
        loop {
            let page = areas::page(&db.store, &after, ":", 4).await.unwrap();
            let Some(last) = page.last() else { break };
            after = last.area.code.full().to_owned();
            all.extend(page);
        }
        assert_eq!(all.len(), 51);
        let names: Vec<(&str, Option<domain::Day>)> = all
            .iter()
            .filter(|k| k.area.code == area("440103"))
            .map(|k| (k.area.name.as_str(), k.edition))
            .collect();
        let days = (Some(day("2023-12-31")), Some(day("2025-01-01")));
        assert_eq!(names, [("河湾区", days.0), ("新河湾区", days.1)]);
        let counts = areas::count(&db.store, day(TODAY)).await.unwrap();
        let villages = counts.iter().find(|c| c.0 == AreaLevel::Village);
        assert_eq!(villages.map(|c| c.1), Some(41));
        // What ended once does not end again.
        let mut tx = db.writing().await;
        let again = vec![Step::End(known[0].id, day("2026-01-01"))];
        let refused = areas::take(&mut tx, again, day("2026-01-01")).await;
        assert!(matches!(refused.unwrap_err(), StoreError::NotThere { .. }));
    })
    .await;
}

async fn live(db: &Bench, codes: &[&str]) {
    let mut tx = db.writing().await;
    let household = |(at, code): (u32, &&str)| NewHousehold {
        number: format!("H{code}-{at}"),
        area: area(code),
        urban_rural: None,
        row: row(1),
    };
    let households: Vec<_> = (0..).zip(codes).map(household).collect();
    households::upsert_many(&mut tx, &moment(1), &households)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_own_place_is_where_most_households_live() {
    on_both(async |db| {
        let home = async || areas::home(&db.store, day(TODAY)).await.unwrap();
        assert_eq!(home().await, None, "nothing is known");
        fill(&db).await;
        assert_eq!(home().await, None, "two counties, nobody lives in either");
        let village = "440103001001";
        live(&db, &[village, village, "419001001"]).await;
        assert_eq!(home().await, Some(area("440103")));
        let elsewhere = areas::lived_in_outside(&db.store, &area("440103"), day(TODAY)).await;
        assert_eq!(codes(&elsewhere.unwrap()), ["41", "419001", "419001001"]);
        live(&db, &["441900003", "441900003101"]).await;
        assert_eq!(home().await, Some(area("44")), "two and two of five");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abolished_code_is_still_good_in_an_identity_number() {
    on_both(async |db| {
        fill(&db).await;
        let mut ended = place("440104", "旧城区");
        ended.valid_to = Some(day("2010-01-01"));
        let mut heir = place("440106", "旧城区");
        heir.valid_from = Some(day("2010-01-01"));
        let mut tx = db.writing().await;
        let steps = vec![Step::Add(ended.clone()), Step::Add(heir.clone())];
        areas::take(&mut tx, steps, day("2023-12-31"))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let known = areas::prefixes(&db.store, day(TODAY)).await.unwrap();
        assert!(known.knows("440104", day("2009-05-01")));
        assert!(!known.knows("440104", day("2011-05-01")));
        assert!(known.knows("440106", day("2026-05-01")));
        let heirs = areas::same_name_from(&db.store, &ended).await.unwrap();
        assert_eq!(heirs, [heir]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_is_noted_once_with_what_it_covers() {
    on_both(async |db| {
        let edition = |scope: Option<AreaCode>| Edition {
            day: day("2023-06-30"),
            file: "四级.csv".to_owned(),
            digest: [7; 32],
            scope,
            levels: vec![AreaLevel::County, AreaLevel::Township],
            whole: true,
            listed: 3,
            added: 2,
            changed: 1,
            ended: 0,
            at: At::parse("2026-09-14T01:00:00Z").unwrap(),
        };
        let noted = edition(Some(area("4401")));
        let mut tx = db.writing().await;
        areas::keep_edition(&mut tx, &noted).await.unwrap();
        tx.commit().await.unwrap();
        let read = areas::editions(&db.store).await.unwrap();
        assert_eq!(read, [noted]);
        assert!(read[0].covers(&area("440103")));
        assert!(!read[0].covers(&area("4401")), "not of these levels");
        assert!(!read[0].covers(&area("441900003")), "not in the scope");
        assert!(edition(None).covers(&area("441900003")));
        let mut tx = db.writing().await;
        let twice = areas::keep_edition(&mut tx, &read[0]).await;
        assert!(matches!(twice.unwrap_err(), StoreError::Refused { .. }));
    })
    .await;
}
