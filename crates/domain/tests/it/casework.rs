//! What the machine of a case promises, on a procedure with a choice, a way back, a notice, two pauses and
//! two times of the law, over many histories drawn with a fixed seed.

use domain::casework::{Event, Outcome, Refusal, Standing, What, clocks, stand};
use domain::procedure::{
    Circumstance, Counted, Length, Next, Pause, Procedure, PublicNotice, Purpose, Step, StepLimit,
    TimeLimit, When,
};
use domain::{AreaCode, Day, WorkCalendar};

use crate::day;

const HISTORIES: u64 = 400;
const EVENTS: u64 = 40;

fn length(count: u32, counted: Counted) -> Length {
    Length { count, counted }
}

fn step(name: &str, who: &str, days: u32, from: Option<&str>, next: &[(&str, &[&str])]) -> Step {
    let next = next.iter().map(|(step, when)| Next {
        step: (*step).to_owned(),
        when: When {
            any_of: when.iter().map(|w| (*w).to_owned()).collect(),
        },
    });
    Step {
        name: name.to_owned(),
        who: vec![who.to_owned()],
        persons: 1,
        other_than: Vec::new(),
        limit: Some(StepLimit {
            length: length(days, Counted::Workdays),
            from: from.map(str::to_owned),
        }),
        sample: None,
        ground: None,
        papers: Vec::new(),
        gives: Vec::new(),
        next: next.collect(),
    }
}

fn procedure() -> Procedure {
    let mut visit = step("调查", "调查员", 3, Some("受理"), &[("公示", &[])]);
    visit.persons = 2;
    let mut decide = step("确认", "审核", 10, Some("公示"), &[("送达", &[])]);
    decide.other_than = vec!["受理".to_owned()];
    let mut notice = step(
        "公示",
        "窗口",
        7,
        None,
        &[("复查", &["有异议"]), ("确认", &[])],
    );
    notice.limit = Some(StepLimit {
        length: length(7, Counted::Days),
        from: None,
    });
    let pause = |reason: &str, count| Pause {
        reason: reason.to_owned(),
        at_most: Some(length(count, Counted::Workdays)),
        cites: Vec::new(),
    };
    let told = |name: &str, always| Circumstance {
        name: name.to_owned(),
        said: String::new(),
        who: Vec::new(),
        always,
        places: Vec::new(),
    };
    Procedure {
        id: "help".to_owned(),
        title: "办理".to_owned(),
        path: "procedures/help.md".to_owned(),
        from: day("2021-07-01"),
        to: None,
        cites: Vec::new(),
        purpose: Purpose::Admission,
        programmes: vec!["help".to_owned()],
        steps: vec![
            step(
                "申请",
                "窗口",
                1,
                None,
                &[("告知", &["材料不齐"]), ("受理", &[])],
            ),
            step("告知", "窗口", 1, None, &[("申请", &[])]),
            step("受理", "窗口", 1, None, &[("调查", &[])]),
            visit,
            notice,
            step("复查", "调查员", 5, None, &[("确认", &[])]),
            decide,
            step("送达", "窗口", 3, None, &[]),
        ],
        circumstances: vec![
            told("材料不齐", None),
            told("有异议", None),
            told("下放", Some(true)),
        ],
        limits: vec![TimeLimit {
            length: length(30, Counted::Workdays),
            from: "受理".to_owned(),
            to: "确认".to_owned(),
            when: When::default(),
            extended: Some((
                length(45, Counted::Workdays),
                When {
                    any_of: vec!["有异议".to_owned()],
                },
            )),
            without: Vec::new(),
            cites: Vec::new(),
        }],
        pauses: vec![pause("补正", 10), pause("协查", 15)],
        notice: Some(PublicNotice {
            steps: vec!["公示".to_owned()],
            fields: Vec::new(),
            unless: When::default(),
            cites: Vec::new(),
        }),
        documents: Vec::new(),
        published: Vec::new(),
        pays_from: None,
        reviews: Vec::new(),
    }
}

/// 2026 and 2027, with one holiday of a week and one make-up day.
fn calendar() -> WorkCalendar {
    let off = (1..=7).map(|d| (day(&format!("2026-10-{d:02}")), true));
    let rows = off.chain([(day("2026-10-10"), false)]);
    WorkCalendar::from_rows(rows, [2026, 2027])
}

fn place() -> AreaCode {
    AreaCode::parse("990101001001").unwrap_or_else(|_| panic!("the test's own area is one"))
}

fn event(on: Day, actor: &str, what: What) -> Event {
    Event {
        day: on,
        actor: actor.to_owned(),
        what,
        because: "理由".to_owned(),
    }
}

fn done(step: &str, others: &[&str]) -> What {
    What::Completed {
        step: step.to_owned(),
        gave: String::new(),
        others: others.iter().map(|o| (*o).to_owned()).collect(),
        decided: None,
    }
}

/// A number from the one before; the same on every machine.
fn roll(seed: &mut u64, below: u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed % below
}

/// Something that may or may not be allowed now.
fn attempt(seed: &mut u64, now: Day, procedure: &Procedure) -> Event {
    let names: Vec<&str> = procedure.steps.iter().map(|s| s.name.as_str()).collect();
    let at = usize::try_from(roll(seed, names.len() as u64)).unwrap_or(0);
    let step = names[at].to_owned();
    let told = ["材料不齐", "有异议", "下放", "没有这种"][roll(seed, 4) as usize].to_owned();
    let reason = ["补正", "协查", "想停"][roll(seed, 3) as usize].to_owned();
    let who = ["a", "b", "c"][roll(seed, 3) as usize];
    let what = match roll(seed, 14) {
        0..=5 => done(&step, &["a", "b", "c"][..roll(seed, 3) as usize]),
        6 => What::SentBack { to: step },
        7 => What::Paused { reason },
        8 | 9 => What::Resumed,
        10 => What::Told { circumstance: told },
        11 => What::Untold { circumstance: told },
        12 => What::HandedOver { to: who.to_owned() },
        _ if roll(seed, 12) == 0 => What::Closed {
            outcome: Outcome::Ended,
        },
        _ => What::Submitted,
    };
    let back = i64::try_from(roll(seed, 8)).unwrap_or(0);
    event(now.add_days(back - 1).unwrap_or(now), who, what)
}

/// Every history that the machine allows, with the events it refused left out.
fn histories(mut check: impl FnMut(&Procedure, &[Event], &Standing)) {
    let procedure = procedure();
    for history in 1..=HISTORIES {
        let mut seed = 0x9E37_79B9_7F4A_7C15_u64 ^ (history * 0x1000_0001);
        let mut events = vec![event(day("2026-09-14"), "a", What::Submitted)];
        for _ in 0..EVENTS {
            let Ok(now) = stand(&procedure, place(), &events) else {
                panic!("history {history}: what was allowed one by one is refused together");
            };
            check(&procedure, &events, &now);
            let next = attempt(&mut seed, now.newest, &procedure);
            if now.after(&procedure, &next).is_ok() {
                events.push(next);
            }
        }
    }
}

#[test]
fn an_open_case_has_one_open_step_of_the_procedure_with_somebody_to_do_it() {
    let (mut open, mut closed) = (0, 0);
    histories(|procedure, events, now| {
        assert_eq!(now.open.is_none(), now.closed.is_some(), "{events:?}");
        let Some(step) = &now.open else {
            closed += 1;
            return;
        };
        open += 1;
        let known = procedure.step(&step.name).map(|s| !s.who.is_empty());
        assert_eq!(known, Some(true), "{events:?}");
        // Exactly the step the procedure allows: the first, the next of the last done, or where it was
        // sent back to.
        let moved = events.iter().rev().find_map(|e| match &e.what {
            What::Completed { step, .. } => Some((step.clone(), true)),
            What::SentBack { to } => Some((to.clone(), false)),
            _ => None,
        });
        let leads = match moved {
            None => procedure.first().map(|s| s.name.as_str()) == Some(&step.name),
            Some((to, false)) => to == step.name,
            Some((from, true)) => procedure
                .step(&from)
                .is_some_and(|s| s.next.iter().any(|n| n.step == step.name)),
        };
        assert!(leads, "{events:?}");
    });
    assert!(open > 1_000 && closed > 100, "{open} open, {closed} closed");
}

#[test]
fn the_same_events_give_the_same_standing_and_the_same_clock() {
    let calendar = calendar();
    histories(|procedure, events, now| {
        let again = stand(procedure, place(), events);
        assert_eq!(again.as_ref(), Ok(now));
        let today = now.newest;
        let clock = clocks(now, procedure, &calendar, today);
        assert_eq!(clock, clocks(now, procedure, &calendar, today));
    });
}

#[test]
fn a_closed_case_takes_nothing_more() {
    histories(|procedure, events, now| {
        let Some((outcome, _)) = now.closed else {
            return;
        };
        let mut seed = events.len() as u64 + 77;
        for _ in 0..20 {
            let next = attempt(&mut seed, now.newest, procedure);
            let refused = now.clone().after(procedure, &next);
            assert_eq!(refused, Err(Refusal::Closed(outcome)), "{next:?}");
        }
    });
}

/// A case at 调查 since 2026-09-16, with its law's time running since 受理.
fn surveying() -> Vec<Event> {
    vec![
        event(day("2026-09-14"), "a", What::Submitted),
        event(day("2026-09-15"), "a", done("申请", &[])),
        event(day("2026-09-16"), "a", done("受理", &[])),
    ]
}

fn law_due(events: &[Event], today: &str) -> String {
    let procedure = procedure();
    let Ok(now) = stand(&procedure, place(), events) else {
        return "refused".to_owned();
    };
    let clock = clocks(&now, &procedure, &calendar(), day(today));
    let due = clock.law_due().map(|day| day.to_string());
    due.unwrap_or_else(|| format!("{:?}", clock.missing_year()))
}

#[test]
fn a_pause_of_n_working_days_moves_the_due_day_by_n_and_never_by_more_than_is_allowed() {
    let calendar = calendar();
    let unpaused = day(&law_due(&surveying(), "2026-09-16"));
    for days in 0..40 {
        let from = day("2026-09-18");
        let Some(to) = from.add_days(days) else {
            continue;
        };
        let mut events = surveying();
        let reason = "补正".to_owned();
        events.push(event(from, "a", What::Paused { reason }));
        events.push(event(to, "a", What::Resumed));
        let asked = calendar.workdays_between(from, to).unwrap_or(99);
        let moved = calendar.workdays_between(unpaused, day(&law_due(&events, "2026-12-01")));
        assert_eq!(moved, Ok(asked.min(10)), "paused {days} days");
    }
}

#[test]
fn two_pauses_for_one_reason_share_what_is_allowed() {
    let mut events = surveying();
    for (from, to) in [("2026-09-18", "2026-09-28"), ("2026-10-12", "2026-10-30")] {
        let reason = "补正".to_owned();
        events.push(event(day(from), "a", What::Paused { reason }));
        events.push(event(day(to), "a", What::Resumed));
    }
    let unpaused = day(&law_due(&surveying(), "2026-09-16"));
    let moved = calendar().workdays_between(unpaused, day(&law_due(&events, "2026-12-01")));
    assert_eq!(moved, Ok(10));
}

#[test]
fn a_pause_that_goes_on_stops_the_clock_until_its_time_is_used_up() {
    let mut events = surveying();
    let reason = "补正".to_owned();
    events.push(event(day("2026-09-18"), "a", What::Paused { reason }));
    let early = law_due(&events, "2026-09-18");
    let later = law_due(&events, "2026-09-22");
    let over = law_due(&events, "2026-11-30");
    assert!(early < later && later < over, "{early} {later} {over}");
    assert_eq!(over, law_due(&events, "2026-12-31"));
}

#[test]
fn a_circumstance_lengthens_the_time_of_the_law_and_a_missing_calendar_is_told() {
    let plain = law_due(&surveying(), "2026-09-16");
    let mut events = surveying();
    let circumstance = "有异议".to_owned();
    events.push(event(day("2026-09-17"), "a", What::Told { circumstance }));
    let longer = law_due(&events, "2026-09-17");
    let days = calendar().workdays_between(day(&plain), day(&longer));
    assert_eq!(days, Ok(15));
    let procedure = procedure();
    let only_2026 = WorkCalendar::from_rows([], [2026]);
    let mut late = surveying();
    for one in &mut late {
        one.day = day("2026-12-15");
    }
    let Ok(now) = stand(&procedure, place(), &late) else {
        panic!("a lawful history")
    };
    let clock = clocks(&now, &procedure, &only_2026, day("2026-12-15"));
    assert_eq!((clock.law_due(), clock.missing_year()), (None, Some(2027)));
}

#[test]
fn who_accepted_may_not_decide_and_one_alone_may_not_survey() {
    let procedure = procedure();
    let mut events = surveying();
    let alone = event(day("2026-09-17"), "b", done("调查", &[]));
    let told = stand(&procedure, place(), &events).map(|now| now.after(&procedure, &alone));
    let step = "调查".to_owned();
    assert_eq!(told, Ok(Err(Refusal::TooFew { step, persons: 2 })));
    let twice = event(day("2026-09-17"), "b", done("调查", &["b"]));
    let told = stand(&procedure, place(), &events).map(|now| now.after(&procedure, &twice).is_ok());
    assert_eq!(told, Ok(false));
    events.push(event(day("2026-09-17"), "b", done("调查", &["c"])));
    events.push(event(day("2026-09-25"), "a", done("公示", &[])));
    let own = event(day("2026-09-28"), "a", done("确认", &[]));
    let told = stand(&procedure, place(), &events).map(|now| now.after(&procedure, &own));
    let (login, did) = ("a".to_owned(), "受理".to_owned());
    assert_eq!(told, Ok(Err(Refusal::SamePerson { login, did })));
}

#[test]
fn what_was_sent_back_is_done_anew_and_the_time_of_the_law_runs_on() {
    let procedure = procedure();
    let mut events = surveying();
    events.push(event(day("2026-09-17"), "b", done("调查", &["c"])));
    let before = law_due(&events, "2026-09-18");
    let to = "调查".to_owned();
    events.push(event(day("2026-09-21"), "a", What::SentBack { to }));
    let Ok(now) = stand(&procedure, place(), &events) else {
        panic!("a lawful history")
    };
    assert!(now.last_done("调查").is_none() && now.last_done("受理").is_some());
    let clock = clocks(&now, &procedure, &calendar(), day("2026-09-21"));
    let own = clock.step.map(|runs| runs.from);
    assert_eq!(own, Some(day("2026-09-21")));
    assert_eq!(before, law_due(&events, "2026-09-21"));
}

#[test]
fn what_is_decided_comes_with_the_last_step_and_with_no_early_end() {
    let procedure = procedure();
    for outcome in Outcome::ALL {
        let mut events = surveying();
        let mut end = event(day("2026-09-18"), "a", What::Closed { outcome });
        end.because = "已核实".to_owned();
        events.push(end);
        let closed = stand(&procedure, place(), &events);
        match outcome {
            Outcome::Withdrawn | Outcome::Ended | Outcome::Joined | Outcome::Done => {
                assert_eq!(closed.unwrap().closed.map(|(how, _)| how), Some(outcome));
            }
            Outcome::Granted | Outcome::Refused => {
                let why = closed.unwrap_err().1;
                assert_eq!(why, Refusal::NotAnEnding(outcome));
            }
        }
    }
}
