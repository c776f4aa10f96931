//! What is past its day beside cases, and which warnings wait for somebody.

use crate::databases::{Bench, area, day, moment, month, on_both, person, row};
use domain::{HouseholdId, TaskId};
use store::applications::{ClueSource, NewClue, add_clue, close_clue};
use store::channels::{self, FindOutcome, FindVerdict, NewFind};
use store::households::{self, NewHousehold};
use store::late::{self, LateKind};
use store::persons;
use store::portal::{self, NewHelp};
use store::tasks::{self, NewTask};
use store::warnings::{self, Entity, NewWarning};
use store::workers::{self, NewWorker};

const TOWN: &str = "990101001";
const HERE: &str = "990101001001";
const ELSEWHERE: &str = "990101002001";

async fn home(db: &Bench) -> HouseholdId {
    let mut tx = db.writing().await;
    let one = vec![person(1, "王", "1")];
    persons::create_many(&mut tx, &moment(1), one)
        .await
        .unwrap();
    let new = NewHousehold {
        number: "H1".to_owned(),
        area: area(HERE),
        urban_rural: None,
        row: row(1),
    };
    let ids = households::upsert_many(&mut tx, &moment(1), &[new]).await;
    tx.commit().await.unwrap();
    ids.unwrap()[0]
}

fn help(key: &str, code: &str, came: &str) -> NewHelp {
    NewHelp {
        form_key: key.to_owned(),
        area: area(code),
        content: "求助".to_owned(),
        origin: [7; 16],
        at: moment(1),
        day: day(came),
    }
}

fn task(home: HouseholdId, due: &str) -> NewTask {
    NewTask {
        kind: "payment-returned".to_owned(),
        household: Some(home),
        person: None,
        area: area(HERE),
        worker: None,
        due: Some(day(due)),
        urgency: 1,
        cause_kind: "payment".to_owned(),
        cause_id: 1,
        summary: "退票".to_owned(),
        warnings: Vec::new(),
    }
}

fn find(home: HouseholdId, programme: &str) -> NewFind {
    NewFind {
        household: home,
        person: None,
        programme: programme.to_owned(),
        month: month("2026-08"),
        place: 1,
        verdict: FindVerdict::Met,
        because: "收入".to_owned(),
        department: "民政".to_owned(),
        office: String::new(),
        area: area(HERE),
        day: day("2026-08-01"),
        due: day("2026-08-10"),
        by: "chen".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_open_and_past_its_day_in_a_place_is_listed_the_longest_first() {
    on_both(async |db| {
        let home = home(&db).await;
        let mut tx = db.writing().await;
        for (key, code, came) in [
            ("a", HERE, "2026-08-11"),
            ("b", HERE, "2026-08-03"),
            ("c", HERE, "2026-08-12"),
            ("d", ELSEWHERE, "2026-08-01"),
        ] {
            portal::seek_help(&mut tx, &help(key, code, came))
                .await
                .unwrap();
        }
        let late = task(home, "2026-08-11");
        tasks::raise_many(&mut tx, &moment(1), "system", &[late])
            .await
            .unwrap();
        let open = channels::add_find(&mut tx, &moment(1), &find(home, "dibao")).await;
        let answered = channels::add_find(&mut tx, &moment(1), &find(home, "tekun")).await;
        let end = (FindOutcome::Already, "已在享受");
        channels::answer_find(&mut tx, &moment(2), "chen", answered.unwrap(), end)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let town = area(TOWN);
        let listed = async |kind: LateKind, limit: u32| {
            let asked = (day("2026-08-12"), limit);
            let rows = late::due_before(&db.store, kind, Some(&town), asked).await;
            let rows = rows.unwrap().into_iter();
            rows.map(|row| (row.no, row.due.to_string(), row.household))
                .collect::<Vec<_>>()
        };
        let helps = listed(LateKind::Help, 10).await;
        let days: Vec<&str> = helps.iter().map(|(_, due, _)| due.as_str()).collect();
        assert_eq!(
            days,
            ["2026-08-03", "2026-08-11"],
            "today is no day too late"
        );
        assert_eq!(listed(LateKind::Help, 1).await, helps[..1]);
        let returned = listed(LateKind::Returned, 10).await;
        assert_eq!(returned.len(), 1);
        assert_eq!(returned[0].2, Some(home));
        let finds = listed(LateKind::Find, 10).await;
        assert_eq!(
            finds,
            [(open.unwrap(), "2026-08-10".to_owned(), Some(home))]
        );
        for kind in [LateKind::Ticket, LateKind::Rating, LateKind::Correction] {
            assert!(listed(kind, 10).await.is_empty(), "{kind:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_clues_of_a_class_that_came_before_a_moment_are_listed() {
    on_both(async |db| {
        home(&db).await;
        let mut tx = db.writing().await;
        let clue = NewClue {
            person: domain::PersonId::new(1),
            area: area(HERE),
            source: ClueSource::Worker,
            urgent: true,
            text: "没有吃的".to_owned(),
        };
        let (no, _) = add_clue(&mut tx, &moment(2), "li", &clue).await.unwrap();
        tx.commit().await.unwrap();
        let before = async |urgent: bool, at: u32| {
            let at = moment(at);
            let rows = late::clues_before(&db.store, urgent, None, (&at, 10)).await;
            rows.unwrap()
                .into_iter()
                .map(|(no, ..)| no)
                .collect::<Vec<i64>>()
        };
        assert_eq!(before(true, 3).await, [no]);
        assert!(before(true, 2).await.is_empty());
        assert!(before(false, 3).await.is_empty());
        let mut tx = db.writing().await;
        close_clue(&mut tx, no).await.unwrap();
        tx.commit().await.unwrap();
        assert!(before(true, 3).await.is_empty(), "it came to an end");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_warning_somebody_was_named_for_waits_no_longer() {
    on_both(async |db| {
        let home = home(&db).await;
        let mut tx = db.writing().await;
        let new = |rule: &str| NewWarning {
            rule: rule.to_owned(),
            entity: Entity::Household,
            entity_id: home.get(),
            household: Some(home),
            person: None,
            area: area(HERE),
            month: month("2026-08"),
            amount: None,
            urgency: 5,
            text: "漏了".to_owned(),
            explanation: "{}".to_owned(),
        };
        let found = [new("漏救"), new("漏享")];
        let opened = warnings::open_many(&mut tx, &moment(2), &found)
            .await
            .unwrap();
        let worker = NewWorker {
            login: "li".to_owned(),
            name: "李".to_owned(),
            role: "网格员".to_owned(),
            area: area(HERE),
            task_budget: 10,
        };
        let worker = workers::upsert_many(&mut tx, &[worker]).await.unwrap();
        let visit = NewTask {
            kind: "verify_visit".to_owned(),
            warnings: vec![opened.ids[0]],
            ..task(home, "2026-08-20")
        };
        let raised = tasks::raise_many(&mut tx, &moment(2), "system", &[visit])
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let waiting = async |code: &str| {
            warnings::count_waiting(&db.store, Some(&area(code)))
                .await
                .unwrap()
        };
        let both = [("漏享".to_owned(), 1), ("漏救".to_owned(), 1)];
        let mut told = waiting(TOWN).await;
        told.sort_by(|one, other| other.cmp(one));
        let mut both = both.to_vec();
        both.sort_by(|one, other| other.cmp(one));
        assert_eq!(told, both);
        assert!(waiting(ELSEWHERE).await.is_empty());
        let due = tasks::waiting_at(&db.store, &[home]).await.unwrap();
        assert_eq!(due, [(home, Some(day("2026-08-20")))]);
        let mut tx = db.writing().await;
        let task: TaskId = raised.ids[0];
        tasks::assign(&mut tx, &moment(3), "chen", task, worker[0])
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert_eq!(waiting(TOWN).await, [("漏享".to_owned(), 1)]);
    })
    .await;
}
