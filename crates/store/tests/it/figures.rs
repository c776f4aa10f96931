//! 处置率 and 公布 on both databases.

use crate::databases::{Bench, area, moment, month, on_both};
use domain::{AreaLevel, Fen, WarningId};
use store::handling::{Asked, Outcome, Within, count_by, list};
use store::publications::{self, Cell, Numbers, Publication};
use store::warnings::{self, Entity, NewWarning};
use store::{Act, At};

/// Warnings of persons, one a place, each in its own moment; what each was closed with.
async fn raise(db: &Bench, told: &[(u32, &str, &str)]) {
    for (number, place, why) in told {
        let mut tx = db.writing().await;
        let new = NewWarning {
            rule: "重病".to_owned(),
            entity: Entity::Area,
            entity_id: i64::from(*number),
            household: None,
            person: None,
            area: area(place),
            month: month("2026-08"),
            amount: None,
            urgency: 5,
            text: "自付医疗费用突增".to_owned(),
            explanation: "{}".to_owned(),
        };
        warnings::open_many(&mut tx, &moment(*number), &[new])
            .await
            .unwrap();
        if !why.is_empty() {
            let id = [WarningId::new(i64::from(*number))];
            warnings::close_many(&mut tx, &moment(*number), &id, why)
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
    }
}

fn asked(within: Within) -> Asked {
    Asked {
        from: moment(1),
        before: moment(7),
        late_before: moment(2),
        within,
        rule: None,
        begins: ["核实属实".to_owned(), "不属实".to_owned()],
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn warnings_of_a_time_are_counted_by_place_and_end_and_listed_alike() {
    on_both(async |db| {
        let told = [
            (1, "990101001001", ""),
            (2, "990101001002", ""),
            (3, "990101001002", "核实属实,转为申请 № 1"),
            (4, "990101002001", "不属实:核实属实的说法是错的"),
            (5, "990101001000", "触发的条件不再成立"),
            (6, "990101002001", "不属实:看过了"),
            // Raised after the time that is asked about.
            (7, "990101002001", ""),
        ];
        raise(&db, &told).await;
        let of = async |within: Within, level: AreaLevel| {
            let rows = count_by(&db.store, &asked(within), level).await.unwrap();
            rows.iter()
                .map(|r| {
                    format!(
                        "{} {} {} {}",
                        r.area.as_str(),
                        r.outcome.word(),
                        r.count,
                        r.late
                    )
                })
                .collect::<Vec<_>>()
        };
        let all = of(Within::Anywhere, AreaLevel::Township).await;
        let expected = [
            "990101001 confirmed 1 0",
            "990101001 lapsed 1 0",
            "990101001 open 2 1",
            "990101002 refuted 2 0",
        ];
        assert_eq!(all, expected);
        let one = of(Within::Place(area("990101001")), AreaLevel::Village).await;
        let expected = [
            "990101001 lapsed 1 0",
            "990101001001 open 1 1",
            "990101001002 confirmed 1 0",
            "990101001002 open 1 0",
        ];
        assert_eq!(one, expected);
        let only = of(Within::Only(area("990101001")), AreaLevel::Village).await;
        assert_eq!(only, ["990101001 lapsed 1 0"]);
        let ids = async |ends: &[Outcome], late: At, page: (u32, i64)| {
            let asked = Asked {
                late_before: late,
                ..asked(Within::Anywhere)
            };
            let rows = list(&db.store, &asked, ends, page).await.unwrap();
            rows.iter().map(|w| w.id.get()).collect::<Vec<_>>()
        };
        let ends = [Outcome::Confirmed, Outcome::Refuted];
        assert_eq!(ids(&ends, moment(7), (10, 0)).await, [3, 4, 6]);
        assert_eq!(ids(&ends, moment(7), (2, 2)).await, [6]);
        assert_eq!(ids(&[Outcome::Open], moment(2), (10, 0)).await, [1]);
        assert_eq!(ids(&Outcome::ALL, moment(7), (10, 0)).await.len(), 6);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_is_published_once_and_a_hidden_number_is_nowhere() {
    on_both(async |db| {
        let new = Publication {
            month: month("2026-08"),
            as_of: domain::Day::new(2026, 9, 14).unwrap(),
            least: 3,
            actor: "chen".to_owned(),
            at: moment(1),
        };
        let cell = |place: &str, numbers: Option<Numbers>| Cell {
            around: area("990101"),
            area: area(place),
            unplaced: false,
            figure: "dibao".to_owned(),
            title: "低保".to_owned(),
            name: "城东街道".to_owned(),
            numbers,
        };
        let shown = Numbers { whole: 12, part: None, amount: Some(Fen::new(500)) };
        let cells = [cell("990101001", Some(shown)), cell("990101002", None)];
        let publish = async |actor: &str| {
            let mut tx = db.writing().await;
            publications::add(&mut tx, &new, &cells).await?;
            tx.record(Act::new(&moment(1), actor, "figures.publish").on("publication", "2026-08"));
            tx.commit().await
        };
        publish("chen").await.unwrap();
        assert!(publish("zhou").await.is_err(), "a second version of a month");
        let kept = publications::cells(&db.store, new.month, &area("990101")).await.unwrap();
        assert_eq!(kept, cells);
        let newest = publications::newest(&db.store, 9).await.unwrap();
        assert_eq!(newest, std::slice::from_ref(&new));
        let half = "insert into published_figure (month, around, area, unplaced, figure, title, name, amount)
            values ('2026-08', '990101000000', '990101003000', 0, 'dibao', '低保', '云岭乡', 5)";
        let refused = format!("{:?}", db.raw(half).await.unwrap_err()).to_lowercase();
        assert!(refused.contains("check constraint"), "{refused}");
    })
    .await;
}
