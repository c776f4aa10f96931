//! Warnings and tasks.

use crate::databases::{Bench, area, moment, month, on_both, person, row};
use domain::{Fen, HouseholdId, WarningId, WorkerId};
use store::households::{self, NewHousehold};
use store::persons;
use store::tasks::{self, NewTask, TaskEnd, TaskEvent, TaskState};
use store::warnings::{self, After, Entity, Filter, NewWarning, WarningEvent, WarningState};
use store::workers::{self, NewWorker};

async fn three_households(db: &Bench) -> Vec<HouseholdId> {
    let mut tx = db.writing().await;
    persons::create_many(&mut tx, &moment(1), vec![person(1, "王", "1")])
        .await
        .unwrap();
    let new = [
        ("H1", "990101001001"),
        ("H2", "990101001002"),
        ("H3", "990101002001"),
    ];
    let new = new.map(|(number, code)| NewHousehold {
        number: number.to_owned(),
        area: area(code),
        urban_rural: None,
        row: row(1),
    });
    let ids = households::upsert_many(&mut tx, &moment(1), &new)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    ids
}

fn warning(rule: &str, household: HouseholdId, code: &str, urgency: i64) -> NewWarning {
    NewWarning {
        rule: rule.to_owned(),
        entity: Entity::Household,
        entity_id: household.get(),
        household: Some(household),
        person: None,
        area: area(code),
        month: month("2026-08"),
        amount: Some(Fen::new(12_345)),
        urgency,
        text: "自付医疗费用突增".to_owned(),
        explanation: "{}".to_owned(),
    }
}

async fn raise(db: &Bench, found: &[NewWarning]) -> warnings::Opened {
    let mut tx = db.writing().await;
    let opened = warnings::open_many(&mut tx, &moment(2), found)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    opened
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_warning_found_again_is_the_same_until_it_is_closed() {
    on_both(async |db| {
        let households = three_households(&db).await;
        let first = warning("重病", households[0], "990101001001", 5);
        let opened = raise(&db, std::slice::from_ref(&first)).await;
        assert_eq!((opened.raised, opened.seen_again), (1, 0));
        let mut later = first.clone();
        (later.month, later.urgency) = (month("2026-09"), 9);
        let again = raise(&db, std::slice::from_ref(&later)).await;
        assert_eq!(
            (again.raised, again.seen_again, &again.ids),
            (0, 1, &opened.ids)
        );
        let now = warnings::find(&db.store, opened.ids[0])
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (now.content, now.state),
            (later.clone(), WarningState::Open)
        );

        let mut tx = db.writing().await;
        let ids = [opened.ids[0], opened.ids[0]];
        assert_eq!(
            warnings::close_many(&mut tx, &moment(3), &ids, "不属实")
                .await
                .unwrap(),
            1
        );
        tx.commit().await.unwrap();
        let third = raise(&db, &[later]).await;
        assert_ne!(
            third.ids, opened.ids,
            "a closed warning is not opened again"
        );
        let events = warnings::list_events(&db.store, opened.ids[0])
            .await
            .unwrap();
        let told: Vec<WarningEvent> = events.iter().map(|event| event.event).collect();
        let expected = [
            WarningEvent::Raised,
            WarningEvent::SeenAgain,
            WarningEvent::Closed,
        ];
        assert_eq!(told, expected);
        assert_eq!(events[2].why, "不属实");
        let keys = warnings::list_open_keys(&db.store).await.unwrap();
        assert_eq!((keys.len(), keys[0].1), (1, third.ids[0]));
        assert_eq!(
            warnings::of_household(&db.store, households[0])
                .await
                .unwrap()
                .len(),
            2
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_open_warning_of_a_rule_is_refused_even_around_the_program() {
    on_both(async |db| {
        let households = three_households(&db).await;
        raise(&db, &[warning("重病", households[0], "990101001001", 5)]).await;
        let copy = "insert into warning (warning_id, rule, entity_kind, entity_id, area, month,
                urgency, text, explanation, state, first_raised, last_seen, closed_why)
            select 99, rule, entity_kind, entity_id, area, month, urgency, text, explanation,
                state, first_raised, last_seen, closed_why from warning where warning_id = 1";
        assert!(db.raw(copy).await.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_warnings_show_each_once_the_most_urgent_first() {
    on_both(async |db| {
        let households = three_households(&db).await;
        let found: Vec<NewWarning> = (0..25_i64)
            .map(|number| {
                let rule = format!("规则{}", number % 5);
                let place = if number % 2 == 0 {
                    "990101001001"
                } else {
                    "990101002001"
                };
                let mut one = warning(&rule, households[0], place, number % 3);
                (one.entity, one.entity_id) = (Entity::Person, number + 1);
                one
            })
            .collect();
        raise(&db, &found).await;
        let filter = Filter::open_in(Some(area("990101")));
        let mut shown: Vec<(i64, WarningId)> = Vec::new();
        loop {
            let after = shown.last().map(|(urgency, id)| After {
                urgency: *urgency,
                id: *id,
            });
            let page = warnings::list(&db.store, &filter, after, 4).await.unwrap();
            if page.is_empty() {
                break;
            }
            shown.extend(page.iter().map(|one| (one.content.urgency, one.id)));
        }
        assert_eq!(shown.len(), 25);
        assert!(
            shown.is_sorted_by(|one, next| one.0 > next.0 || (one.0 == next.0 && one.1 < next.1))
        );

        let mut east = Filter::open_in(Some(area("990101002")));
        assert_eq!(warnings::count_all(&db.store, &east).await.unwrap(), 12);
        (east.rule, east.urgency_min) = (Some("规则1".to_owned()), 1);
        let some = warnings::list(&db.store, &east, None, 50).await.unwrap();
        let numbers: Vec<i64> = some.iter().map(|one| one.content.entity_id - 1).collect();
        assert_eq!(numbers, [11, 1], "odd, 1 of 5, not a multiple of three");
        let counts = warnings::count_by_township(&db.store, WarningState::Open, None)
            .await
            .unwrap();
        assert_eq!(counts.len(), 10);
        assert_eq!(counts.iter().map(|one| one.count).sum::<u64>(), 25);
        assert_eq!(
            (counts[0].township, counts[0].amount),
            (area("990101001"), Fen::new(37_035))
        );
    })
    .await;
}

fn visit(household: HouseholdId, worker: Option<WorkerId>, warnings: &[WarningId]) -> NewTask {
    NewTask {
        kind: "visit".to_owned(),
        household: Some(household),
        person: None,
        area: area("990101001001"),
        worker,
        due: None,
        urgency: 5,
        cause_kind: "warning".to_owned(),
        cause_id: 1,
        summary: "入户核实".to_owned(),
        warnings: warnings.to_vec(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_open_task_says_already_is_not_told_again_and_what_is_new_is() {
    on_both(async |db| {
        let homes = three_households(&db).await;
        let found = ["重病", "失业"].map(|rule| warning(rule, homes[0], "990101001001", 5));
        let ids = raise(&db, &found).await.ids;
        let first = visit(homes[0], None, &ids[..1]);
        let mut of_person = first.clone();
        of_person.household = None;
        of_person.person = Some(domain::PersonId::new(1));
        let due = |day: &str| Some(domain::Day::parse(day).unwrap());
        let mut news = Vec::new();
        let with = |change: &dyn Fn(&mut NewTask)| {
            let mut other = first.clone();
            change(&mut other);
            other
        };
        for task in [
            first.clone(),
            of_person.clone(),
            first.clone(),
            of_person.clone(),
            with(&|task| task.warnings.clone_from(&ids)),
            with(&|task| task.warnings.clone_from(&ids)),
            with(&|task| task.urgency = 7),
            with(&|task| task.urgency = 6),
            with(&|task| task.due = due("2026-09-20")),
            with(&|task| task.due = due("2026-09-18")),
            with(&|task| task.due = due("2026-09-19")),
        ] {
            let mut tx = db.writing().await;
            let raised = tasks::raise_many(&mut tx, &moment(3), "system", &[task]).await;
            let raised = raised.unwrap();
            tx.commit().await.unwrap();
            news.push((raised.raised, raised.joined));
        }
        let (new, joined, nothing) = ((1, 0), (0, 1), (0, 0));
        let told = [
            new, new, nothing, nothing, joined, nothing, joined, nothing, joined, joined, nothing,
        ];
        assert_eq!(news, told);
        let open = tasks::of_warning(&db.store, ids[0]).await.unwrap();
        let at_door = open[0];
        let now = tasks::find(&db.store, at_door).await.unwrap().unwrap();
        let pressing = (now.content.urgency, now.content.due);
        assert_eq!(pressing, (7, due("2026-09-18")));
        let events = tasks::list_events(&db.store, at_door).await.unwrap();
        let events = events.iter().map(|event| event.event);
        let joined = [TaskEvent::Joined; 4];
        assert!(events.eq([TaskEvent::Raised].into_iter().chain(joined)));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_door_with_an_open_visit_gets_no_second_one() {
    on_both(async |db| {
        let households = three_households(&db).await;
        let found = ["重病", "失业"].map(|rule| warning(rule, households[0], "990101001001", 5));
        let ids = raise(&db, &found).await.ids;
        let worker = NewWorker {
            login: "li".to_owned(),
            name: "李".to_owned(),
            role: "网格员".to_owned(),
            area: area("990101001001"),
            task_budget: 8,
        };
        let mut tx = db.writing().await;
        let li = workers::upsert_many(&mut tx, std::slice::from_ref(&worker))
            .await
            .unwrap()[0];
        let mut urgent = visit(households[0], Some(li), &ids[1..]);
        urgent.urgency = 9;
        let both = [
            visit(households[0], Some(li), &ids[..1]),
            urgent,
            visit(households[1], None, &[]),
        ];
        let raised = tasks::raise_many(&mut tx, &moment(3), "system", &both)
            .await
            .unwrap();
        assert_eq!((raised.raised, raised.joined), (2, 1));
        assert_eq!(raised.ids[0], raised.ids[1]);
        tasks::assign(&mut tx, &moment(4), "wang", raised.ids[2], li)
            .await
            .unwrap();
        tx.commit().await.unwrap();

        let task = tasks::find(&db.store, raised.ids[0])
            .await
            .unwrap()
            .unwrap();
        assert_eq!(task.content.urgency, 9, "the most urgent of what joined");
        assert_eq!(
            tasks::warnings(&db.store, raised.ids[0]).await.unwrap(),
            ids
        );
        assert_eq!(
            tasks::of_warning(&db.store, ids[1]).await.unwrap(),
            [raised.ids[0]]
        );
        assert_eq!(tasks::list_open(&db.store, "visit").await.unwrap().len(), 2);
        assert_eq!(
            workers::find(&db.store, "li")
                .await
                .unwrap()
                .unwrap()
                .content,
            worker
        );
        assert_eq!(
            workers::list(&db.store, Some(&area("990101")))
                .await
                .unwrap()
                .len(),
            1
        );

        let mut tx = db.writing().await;
        let (at, done) = (moment(5), TaskEnd::Done);
        tasks::close(&mut tx, &at, "li", raised.ids[0], done, "已入户")
            .await
            .unwrap();
        let next = tasks::raise_many(&mut tx, &at, "system", &both[..1])
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(next.raised, 1, "a done task is not opened again");
        let events = tasks::list_events(&db.store, raised.ids[0]).await.unwrap();
        let told: Vec<TaskEvent> = events.iter().map(|event| event.event).collect();
        assert_eq!(
            told,
            [TaskEvent::Raised, TaskEvent::Joined, TaskEvent::Done]
        );
        let filter = tasks::Filter {
            state: TaskState::Open,
            area: None,
            worker: Some(li),
        };
        let mine = tasks::list(&db.store, &filter, None, 1).await.unwrap();
        let after = tasks::After {
            urgency: mine[0].content.urgency,
            id: mine[0].id,
        };
        let rest = tasks::list(&db.store, &filter, Some(after), 10)
            .await
            .unwrap();
        assert_eq!(
            (mine[0].id, rest.len(), rest[0].id),
            (raised.ids[2], 1, next.ids[0])
        );
        let counts = tasks::count_by_township(&db.store, TaskState::Open, None)
            .await
            .unwrap();
        assert_eq!(counts, [("visit".to_owned(), area("990101001"), 2)]);
        assert_eq!(
            tasks::count_all(&db.store, TaskState::Done, None)
                .await
                .unwrap(),
            1
        );
        assert_eq!(
            tasks::of_household(&db.store, households[0])
                .await
                .unwrap()
                .len(),
            2
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_whose_every_warning_is_closed_is_taken_back_unless_somebody_has_it() {
    on_both(async |db| {
        let households = three_households(&db).await;
        let found: Vec<NewWarning> = [("重病", 0), ("失业", 0), ("重病", 1), ("重病", 2)]
            .into_iter()
            .map(|(rule, home): (&str, usize)| warning(rule, households[home], "990101001001", 5))
            .collect();
        let ids = raise(&db, &found).await.ids;
        let mut tx = db.writing().await;
        let worker = NewWorker {
            login: "li".to_owned(),
            name: "李".to_owned(),
            role: "网格员".to_owned(),
            area: area("990101001001"),
            task_budget: 8,
        };
        let li = workers::upsert_many(&mut tx, &[worker]).await.unwrap()[0];
        let doors = [
            visit(households[0], None, &ids[..2]),
            visit(households[1], None, &ids[2..3]),
            visit(households[2], Some(li), &ids[3..]),
        ];
        let tasks = tasks::raise_many(&mut tx, &moment(3), "system", &doors)
            .await
            .unwrap()
            .ids;
        // One of two warnings of the first door, and all of the others.
        let closed = [ids[0], ids[2], ids[3]];
        warnings::close_many(&mut tx, &moment(4), &closed, "不再成立")
            .await
            .unwrap();
        for expected in [1, 0] {
            let at = moment(4);
            let back = tasks::close_answered(&mut tx, &at, "system", "预警都已关闭");
            assert_eq!(back.await.unwrap(), expected);
        }
        tx.commit().await.unwrap();
        let mut told = Vec::new();
        for task in &tasks {
            let found = tasks::find(&db.store, *task).await.unwrap().unwrap();
            told.push(found.state);
        }
        let open = TaskState::Open;
        assert_eq!(told, [open, TaskState::Cancelled, open]);
        let events = tasks::list_events(&db.store, tasks[1]).await.unwrap();
        let last = events.last().unwrap();
        assert_eq!(
            (last.event, last.why.as_str()),
            (TaskEvent::Cancelled, "预警都已关闭")
        );
    })
    .await;
}
