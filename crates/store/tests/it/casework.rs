//! Applications and cases: what the database itself refuses.

use crate::databases::{Bench, area, day, moment, on_both, person, row};
use domain::{ApplicationNo, CaseNo, HouseholdId, PersonId, Relation};
use store::applications::{
    self, Cause, ClueSource, Declared, NewApplication, NewClue, Paper, PaperState, Taken,
};
use store::cases::{self, CaseState, Current, EventKind, NewCase, NewEvent, Subject, Wait};
use store::decisions::DeliveryWay;
use store::endings::{self, EndingDelivery};
use store::households::{self, NewHousehold};
use store::kin::{self, Family, NewKin, NewKinFact};
use store::{StoreError, persons};

async fn a_family(db: &Bench) -> (PersonId, HouseholdId) {
    let mut tx = db.writing().await;
    let people = vec![person(1, "王", "1"), person(2, "李", "2")];
    let ids = persons::create_many(&mut tx, &moment(1), people)
        .await
        .unwrap();
    let new = NewHousehold {
        number: "H1".to_owned(),
        area: area("990101001001"),
        urban_rural: None,
        row: row(1),
    };
    let homes = households::upsert_many(&mut tx, &moment(1), &[new])
        .await
        .unwrap();
    tx.commit().await.unwrap();
    (ids[0], homes[0])
}

fn application(form: &str, applicant: PersonId, household: HouseholdId) -> NewApplication {
    NewApplication {
        form_key: form.to_owned(),
        cause: Cause::Apply,
        cause_id: None,
        applicant,
        helper: None,
        household: Some(household),
        area: area("990101001001"),
        taken_area: area("990101001001"),
        received_at: moment(2),
        received_day: day("2026-09-14"),
        taken_by: "wang".to_owned(),
        members: vec![
            (applicant, Relation::Head),
            (PersonId::new(applicant.get() + 1), Relation::Spouse),
        ],
    }
}

fn event(kind: EventKind, name: &str) -> NewEvent {
    NewEvent {
        kind,
        step: "提交申请".to_owned(),
        name: name.to_owned(),
        others: String::new(),
        outcome: match kind {
            EventKind::Closed => "withdrawn".to_owned(),
            _ => String::new(),
        },
        because: match kind {
            EventKind::Closed => "撤回".to_owned(),
            _ => String::new(),
        },
        detail: String::new(),
        day: day("2026-09-14"),
        at: moment(3),
        actor: "wang".to_owned(),
    }
}

fn standing(step: &str, outcome: Option<&str>) -> Current {
    Current {
        area: area("990101001001"),
        step: step.to_owned(),
        since: day("2026-09-14"),
        due: Some(day("2026-09-15")),
        overall_due: None,
        no_calendar: None,
        paused: String::new(),
        pause_ends: None,
        marks: String::new(),
        outcome: outcome.map(str::to_owned),
        waits: vec![Wait {
            step: step.to_owned(),
            role: "窗口经办".to_owned(),
            area: area("990101001001"),
            owner: String::new(),
            not_by: String::new(),
        }],
    }
}

fn case(no: ApplicationNo, applicant: PersonId, household: HouseholdId) -> NewCase {
    NewCase {
        application: no,
        programme: "dibao".to_owned(),
        procedure: "dibao".to_owned(),
        rules_day: day("2026-09-14"),
        subject: Subject::Household(household),
        household: Some(household),
        applicant,
    }
}

async fn take(db: &Bench, new: &NewApplication) -> Taken {
    let mut tx = db.writing().await;
    let taken = applications::add(&mut tx, new).await.unwrap();
    tx.commit().await.unwrap();
    taken
}

async fn open(db: &Bench, new: &NewCase) -> Result<CaseNo, StoreError> {
    let mut tx = db.writing().await;
    let first = event(EventKind::Submitted, "");
    let no = cases::open(&mut tx, new, &first, &standing("提交申请", None)).await?;
    tx.commit().await?;
    Ok(no)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_form_twice_is_one_application() {
    on_both(async |db| {
        let (applicant, household) = a_family(&db).await;
        let new = application("form-1", applicant, household);
        let Taken::New(no) = take(&db, &new).await else {
            panic!("the first is new")
        };
        assert_eq!(take(&db, &new).await, Taken::Before(no));
        let found = applications::find(&db.store, no).await.unwrap().unwrap();
        assert_eq!(found.content, new);
        db.tamper("update applications set applicant = 2 where application_no = 1;")
            .await;
        assert!(applications::find(&db.store, no).await.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_household_has_one_open_case_of_a_programme() {
    on_both(async |db| {
        let (applicant, household) = a_family(&db).await;
        let mut numbers = Vec::new();
        for form in ["form-1", "form-2"] {
            match take(&db, &application(form, applicant, household)).await {
                Taken::New(no) => numbers.push(no),
                Taken::Before(_) => panic!("two forms"),
            }
        }
        let first = open(&db, &case(numbers[0], applicant, household))
            .await
            .unwrap();
        assert!(
            open(&db, &case(numbers[1], applicant, household))
                .await
                .is_err()
        );
        let subject = Subject::Household(household);
        let found = cases::open_of(&db.store, "dibao", subject).await.unwrap();
        assert_eq!(found.map(|row| row.no), Some(first));
        let mut tx = db.writing().await;
        let end = event(EventKind::Closed, "");
        cases::append(&mut tx, first, 1, &[end], &standing("", Some("withdrawn")))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        assert!(
            open(&db, &case(numbers[1], applicant, household))
                .await
                .is_ok()
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_gapless_and_only_the_newest_reader_writes() {
    on_both(async |db| {
        let (applicant, household) = a_family(&db).await;
        let Taken::New(no) = take(&db, &application("form-1", applicant, household)).await else {
            panic!("it is new")
        };
        let no = open(&db, &case(no, applicant, household)).await.unwrap();
        let done = [event(EventKind::Completed, "申请登记")];
        for (seen, taken) in [(1, true), (1, false), (2, true)] {
            let mut tx = db.writing().await;
            let after = standing("受理", None);
            let wrote = cases::append(&mut tx, no, seen, &done, &after).await;
            assert_eq!(wrote.is_ok(), taken, "seen {seen}");
            if taken {
                tx.commit().await.unwrap();
            }
        }
        let events = cases::events(&db.store, no).await.unwrap();
        let numbers: Vec<i64> = events.iter().map(|event| event.seq).collect();
        assert_eq!(numbers, [1, 2, 3]);
        let gap = "insert into case_events (case_no, seq, before_seq, kind, step, name, others,
                outcome, because, detail, day, at, actor, digest)
            select case_no, 9, 8, 'completed', step, name, others, outcome, because, detail, day,
                at, actor, digest from case_events where seq = 2;";
        assert!(db.raw(gap).await.is_err());
        let twice = "insert into case_events (case_no, seq, before_seq, kind, step, name, others,
                outcome, because, detail, day, at, actor, digest)
            select case_no, 4, 3, 'submitted', step, name, others, outcome, because, detail, day,
                at, actor, digest from case_events where seq = 2;";
        assert!(db.raw(twice).await.is_err());
        let around = area("990101001");
        let waiting = cases::waiting(&db.store, "窗口经办", Some(&around), 10).await;
        let steps: Vec<String> = waiting.unwrap().into_iter().map(|(_, w)| w.step).collect();
        assert_eq!(steps, ["受理"]);
        db.tamper("update case_events set because = 'x' where seq = 2;")
            .await;
        assert!(cases::events(&db.store, no).await.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_closed_case_takes_nothing_and_waits_for_nobody() {
    on_both(async |db| {
        let (applicant, household) = a_family(&db).await;
        let Taken::New(no) = take(&db, &application("form-1", applicant, household)).await else {
            panic!("it is new")
        };
        let no = open(&db, &case(no, applicant, household)).await.unwrap();
        let mut tx = db.writing().await;
        let end = event(EventKind::Closed, "");
        cases::append(&mut tx, no, 1, &[end], &standing("", Some("withdrawn")))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let found = cases::find(&db.store, no).await.unwrap().unwrap();
        assert_eq!((found.state, found.last_seq), (CaseState::Closed, 2));
        assert_eq!(cases::waits(&db.store, no).await.unwrap(), []);
        let mut tx = db.writing().await;
        let more = [event(EventKind::Completed, "")];
        let wrote = cases::append(&mut tx, no, 2, &more, &standing("受理", None)).await;
        assert!(wrote.is_err());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_declared_and_handed_in_stays_and_the_newest_counts() {
    on_both(async |db| {
        let (applicant, household) = a_family(&db).await;
        let Taken::New(no) = take(&db, &application("form-1", applicant, household)).await else {
            panic!("it is new")
        };
        let said = |value: &str| Declared {
            person: Some(applicant),
            fact: "月得赡养费".to_owned(),
            value: value.to_owned(),
            period: "2026-08".to_owned(),
        };
        let paper = |state| Paper {
            name: "离婚协议".to_owned(),
            state,
            because: String::new(),
        };
        for (value, state) in [("100", PaperState::Missing), ("200", PaperState::Given)] {
            let mut tx = db.writing().await;
            applications::declare(&mut tx, &moment(3), "wang", no, &[said(value)])
                .await
                .unwrap();
            applications::keep_papers(&mut tx, &moment(3), "wang", no, &[paper(state)])
                .await
                .unwrap();
            tx.commit().await.unwrap();
        }
        let declared = applications::declared(&db.store, no).await.unwrap();
        let values: Vec<&str> = declared.iter().map(|d| d.content.value.as_str()).collect();
        assert_eq!(values, ["100", "200"]);
        let papers = applications::papers(&db.store, no).await.unwrap();
        assert_eq!(papers, [paper(PaperState::Given)]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_reported_again_joins_the_open_clue() {
    on_both(async |db| {
        let (who, _) = a_family(&db).await;
        let clue = |urgent| NewClue {
            person: who,
            area: area("990101001001"),
            source: ClueSource::Worker,
            urgent,
            text: "突发重病".to_owned(),
        };
        let mut told = Vec::new();
        for urgent in [false, true] {
            let mut tx = db.writing().await;
            let added = applications::add_clue(&mut tx, &moment(3), "li", &clue(urgent)).await;
            told.push(added.unwrap());
            tx.commit().await.unwrap();
        }
        assert_eq!(told, [(1, None), (2, Some(1))]);
        let open = applications::open_clues(&db.store, None, 10).await.unwrap();
        let open: Vec<(i64, bool)> = open.iter().map(|c| (c.no, c.content.urgent)).collect();
        assert_eq!(open, [(1, true)]);
        let joined = applications::joined_clues(&db.store, 1).await.unwrap();
        assert_eq!(joined.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kin_elsewhere_and_what_was_established_are_added_and_never_half_said() {
    on_both(async |db| {
        let (member, household) = a_family(&db).await;
        let elsewhere = PersonId::new(member.get() + 1);
        let no = match take(&db, &application("form", member, household)).await {
            Taken::New(no) => no,
            Taken::Before(_) => panic!("a new form"),
        };
        let no = open(&db, &case(no, member, household)).await.unwrap();
        let named = NewKin {
            case: no,
            member,
            person: elsewhere,
            relation: "父母".to_owned(),
            withdrawn: false,
            because: String::new(),
            day: day("2026-09-14"),
            by: "wang".to_owned(),
        };
        let fact = NewKinFact {
            case: no,
            person: elsewhere,
            fact: "服刑".to_owned(),
            value: "是".to_owned(),
            way: "证明".to_owned(),
            paper: "判决书".to_owned(),
            paper_day: day("2026-09-14"),
            day: day("2026-09-14"),
            by: "wang".to_owned(),
        };
        let back = NewKin {
            withdrawn: true,
            ..named.clone()
        };
        let own = NewKin {
            person: member,
            ..named.clone()
        };
        let to_come = NewKinFact {
            paper_day: day("2026-09-15"),
            ..fact.clone()
        };
        for wrong in [&back, &own] {
            let mut tx = db.writing().await;
            assert!(kin::name(&mut tx, &moment(3), wrong).await.is_err());
        }
        let mut tx = db.writing().await;
        assert!(kin::establish(&mut tx, &moment(3), &to_come).await.is_err());
        drop(tx);
        let mut tx = db.writing().await;
        kin::name(&mut tx, &moment(3), &named).await.unwrap();
        kin::establish(&mut tx, &moment(3), &fact).await.unwrap();
        tx.commit().await.unwrap();
        let told = kin::of_case(&db.store, no).await.unwrap();
        assert_eq!(
            told.iter().map(|one| &one.content).collect::<Vec<_>>(),
            [&named]
        );
        let facts = kin::facts_of_case(&db.store, no).await.unwrap();
        assert_eq!(facts[0].content, fact);
        let before = kin::facts_of(&db.store, "服刑", day("2026-09-13"))
            .await
            .unwrap();
        assert!(before.is_empty());
        let until = kin::facts_of(&db.store, "服刑", day("2026-09-14"))
            .await
            .unwrap();
        assert_eq!(until, facts);
        let family = Family {
            household: Some(household),
            subject: None,
        };
        let stands = kin::of_family(&db.store, family).await.unwrap();
        assert_eq!(stands, told, "in every case of the household");
        let theirs = async |until: &str| {
            let (of, until) = ("服刑", day(until));
            let all = kin::facts_of(&db.store, of, until).await.unwrap();
            let about = kin::facts_of_person(&db.store, elsewhere, until).await;
            assert_eq!(about.unwrap(), all);
            all.len()
        };

        let back = NewKin {
            because: "写错了人".to_owned(),
            day: day("2026-09-15"),
            ..back
        };
        let mut tx = db.writing().await;
        kin::name(&mut tx, &moment(4), &back).await.unwrap();
        tx.commit().await.unwrap();
        assert!(kin::of_family(&db.store, family).await.unwrap().is_empty());
        let left = kin::facts_of_family(&db.store, family).await.unwrap();
        assert!(left.is_empty(), "{left:?}");
        assert_eq!(theirs("2026-09-15").await, 0, "taken back by then");
        assert_eq!(theirs("2026-09-14").await, 1, "it counted until then");
        let history = kin::facts_of_case(&db.store, no).await.unwrap();
        assert_eq!(history, facts, "what was written down stays");

        // A department lists them all the same: what is established from then on counts.
        let mut tx = db.writing().await;
        kin::establish(&mut tx, &moment(5), &fact).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(theirs("2026-09-15").await, 1);
        let mut tx = db.writing().await;
        kin::name(&mut tx, &moment(6), &named).await.unwrap();
        tx.commit().await.unwrap();
        let again = kin::facts_of_family(&db.store, family).await.unwrap();
        assert_eq!(again.len(), 2, "named again, all of it counts");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_of_endings_of_several_procedures_wait_newest_ended_first_until_handed_over() {
    on_both(async |db| {
        let (applicant, household) = a_family(&db).await;
        let mut ended = Vec::new();
        let all = [("1", "no-letter", 4), ("2", "dibao", 9), ("3", "edge", 6)];
        for (form, procedure, minutes) in all {
            let no = match take(&db, &application(form, applicant, household)).await {
                Taken::New(no) => no,
                Taken::Before(_) => panic!("a new form"),
            };
            let new = NewCase {
                procedure: procedure.to_owned(),
                ..case(no, applicant, household)
            };
            let no = open(&db, &new).await.unwrap();
            let mut tx = db.writing().await;
            let end = [NewEvent {
                at: moment(minutes),
                ..event(EventKind::Closed, "")
            }];
            let how = standing("", Some("ended"));
            cases::append(&mut tx, no, 1, &end, &how).await.unwrap();
            tx.commit().await.unwrap();
            ended.push(no);
        }
        let waiting = async |place: &str, limit: u32| {
            let within = |procedure| (procedure, area(place));
            // A place asked for beside the one it lies in changes nothing.
            let inside = ("dibao", area("990101001"));
            let of = [within("edge"), within("dibao"), inside];
            let of = if place == "990101" { &of[..] } else { &of[..2] };
            endings::waiting(&db.store, of, limit).await.unwrap()
        };
        let newest_first = [ended[1], ended[2]];
        assert_eq!(waiting("990101", 9).await, newest_first, "none without");
        let limited = waiting("990101", 1).await;
        assert_eq!(limited, [ended[1]], "the limit is for all together");
        assert!(waiting("990102", 9).await.is_empty());
        let given = EndingDelivery {
            case: ended[1],
            document: "终止办理通知书".to_owned(),
            way: DeliveryWay::InPerson,
            receiver: "本人".to_owned(),
            day: day("2026-09-15"),
            by: "wang".to_owned(),
        };
        let mut tx = db.writing().await;
        endings::deliver(&mut tx, &moment(5), &given).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(waiting("990101", 9).await, [ended[2]]);
    })
    .await;
}
