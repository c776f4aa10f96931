//! The crisis channel for those who are helped already: help that goes on, carers that are swept, and everybody who
//! came through it looked at again when it is over.

use super::counters::applies;
use super::*;
use domain::{AreaCode, Day, TaskId};
use office::casework::afterwards::{CrisisLists, Switch};
use office::monitoring;
use office::visits::{About, VisitOutcome};

fn switch(last: &str) -> Switch {
    Switch {
        title: "洪涝灾害".to_owned(),
        area: AreaCode::parse(COUNTY).unwrap(),
        programmes: vec!["dibao".to_owned()],
        because: "县应急响应通知".to_owned(),
        last: Day::parse(last).unwrap(),
    }
}

impl Bench {
    /// What ended was made up of one part.
    async fn made_up_of(&self, amount: Fen) {
        let at = self.office.clock().at();
        let part = store::entitlement_parts::Part {
            part: "差额".to_owned(),
            person: None,
            amount,
        };
        let mut tx = self.office.begin().await.unwrap();
        let cause = Cause::new("act", "test");
        let kept = store::entitlement_parts::keep(&mut tx, &at, &cause, &[part]).await;
        kept.unwrap();
        tx.record(store::Act::new(&at, "chen", "test.parts"));
        self.office.end(tx).await.unwrap();
    }

    /// What a channel's first extension is made up of in a month.
    async fn extension_parts(&self, no: i64, of: &str) -> Vec<(String, Fen)> {
        let tx = self.office.begin().await.unwrap();
        let all = store::crisis::care::extensions(&tx, no).await.unwrap();
        let help = all[0].content.entitlement;
        let parts = store::entitlement_parts::of_month(&tx, help, month(of)).await;
        let parts = parts.unwrap().into_iter();
        parts.map(|one| (one.part, one.amount)).collect()
    }

    /// At a door where nobody was met nothing was seen, whatever stood in the form.
    async fn nobody_said_anything(&self, task: TaskId) {
        let tx = self.office.begin().await.unwrap();
        let visits = store::visits::of_task(&tx, task).await.unwrap();
        let visit = visits.last().unwrap();
        let answers = store::visits::answers(&tx, visit.no).await.unwrap();
        assert!(!answers.is_empty());
        let day = Day::parse("2026-12-31").unwrap();
        let home = visit.content.household;
        let seen = store::visits::seen_of(&tx, home, None, day).await.unwrap();
        assert!(seen.iter().all(|one| one.visit != visit.no), "{seen:?}");
        let days = (Day::parse("2026-01-01").unwrap(), day);
        let all = store::visits::seen(&tx, 0, days, 100).await.unwrap();
        assert!(all.iter().all(|one| one.visit != visit.no));
        let people = store::visits::last_seen(&tx, day).await.unwrap();
        assert!(people.is_empty(), "{people:?}");
        for answer in answers {
            let told = store::reviews::answered(&tx, &answer.content.fact).await;
            let told = told.unwrap();
            assert!(told.iter().all(|(of, ..)| Some(*of) != home));
        }
    }

    /// Of a channel that was ended early the lists are there at once.
    async fn ended_early(&self) {
        let (office, chen) = (&self.office, &self.chen.who);
        let opened = after::switch_on(office, chen, &switch("2026-12-20")).await;
        let no = opened.unwrap();
        applies(self, "again", "dibao", 6).await.unwrap();
        after::end(office, chen, no, "水退了").await.unwrap();
        let lists = self.lists(no).await;
        assert!(!lists.runs && lists.rechecks.len() == 1);
    }

    async fn lists(&self, no: i64) -> CrisisLists {
        after::crisis_lists(&self.office, &self.chen.who, no)
            .await
            .unwrap()
    }

    /// The help of a household as a decision with an end gives it: the last month is given.
    pub(super) async fn ends_with(&self, entitlement: i64, last: &str) -> i64 {
        let office = &self.office;
        let mut tx = office.begin().await.unwrap();
        let help = store::entitlements::find(&tx, entitlement).await.unwrap();
        let help = help.unwrap();
        let amounts = store::entitlements::amounts(&tx, entitlement).await;
        let cause = Cause::new("act", "test");
        let stop = pay::stop(office, &mut tx, "chen", entitlement, help.from, &cause);
        stop.await.unwrap();
        let new = pay::Entitle {
            programme: help.programme.clone(),
            component: None,
            subject: help.subject,
            household: help.household,
            payee: help.payee,
            amount: amounts.unwrap()[0].amount,
            from: help.from,
            last: Some(month(last)),
            card: None,
            cause,
        };
        let id = pay::entitle(office, &mut tx, "chen", &new).await.unwrap();
        office.end(tx).await.unwrap();
        id
    }
}

async fn nobody_falls_out(database: Database) {
    let bench = Bench::open(database).await;
    let (office, chen) = (&bench.office, &bench.chen.who);
    bench.at("2026-09-14T09:00");
    let dibao = bench.dibao().await;
    // One ends in the crisis, one after it, and one was stopped by a decision.
    let (ending, home) = dibao[2];
    let amount = bench.amount(ending, month("2026-09")).await;
    let ending = bench.ends_with(ending, "2026-09").await;
    bench.made_up_of(amount).await;
    bench.ends_with(dibao[3].0, "2026-12").await;
    let mut tx = office.begin().await.unwrap();
    let cause = Cause::new("act", "test");
    let stop = pay::stop(
        office,
        &mut tx,
        "chen",
        dibao[4].0,
        month("2026-10"),
        &cause,
    );
    stop.await.unwrap();
    office.end(tx).await.unwrap();
    let opened = after::switch_on(office, chen, &switch("2026-10-20")).await;
    let no = opened.unwrap();
    let lists = bench.lists(no).await;
    let extended: Vec<_> = lists.extended.iter().map(|one| one.household).collect();
    assert_eq!(extended, [home.get()], "of {ending}");
    let line = &lists.extended[0];
    assert_eq!(line.months, "2026-10 至 2026-12");
    assert!(lists.rechecks.is_empty() && lists.runs);
    let again = after::refresh(office, chen, no).await.unwrap();
    assert_eq!(again, "延长 0 项,排查 0 户,复核 0 件");
    let letter = after::extension_letter(office, &bench.wang.who, (no, line.no)).await;
    let text = letter.unwrap().text;
    assert!(text.contains("2026 年 12 月") && text.contains("洪涝灾害") && !text.contains("{{"));

    // Every carer's door: nobody met, nobody cares for them, not gone to.
    assert!(!lists.sweep.is_empty() && lists.reached() == 0);
    assert!(lists.sweep.iter().all(|door| !door.carers.is_empty()));
    let doors: Vec<TaskId> = bench.tasks("特困人员照料人排查").await;
    assert!(!doors.is_empty() && doors.len() <= lists.sweep.len());
    bench.goes(doors[0], VisitOutcome::NotMet).await;
    assert_eq!(bench.lists(no).await.reached(), 0);
    bench.nobody_said_anything(doors[0]).await;
    let (li, wang) = (&bench.li.who, &bench.wang.who);
    let answers = [("生活照料已落实", "否")];
    let about = About::Task(doors[0]);
    bench
        .walks((li, wang), about, VisitOutcome::False, &answers)
        .await;
    let swept = bench.lists(no).await;
    let reached = swept.reached();
    assert!(reached > 0);
    let follow = swept.sweep.iter().filter(|door| door.follows);
    assert_eq!(follow.count(), reached);
    bench.at("2026-09-20T09:00");
    let late = after::late_doors(office, chen).await.unwrap();
    assert_eq!(late, u64::try_from(lists.sweep.len() - reached).unwrap());
    assert_eq!(after::late_doors(office, wang).await.unwrap(), 0);

    // Somebody is admitted without papers, and the help that goes on is paid.
    let during = applies(&bench, "during", "dibao", 1).await.unwrap();
    bench.at("2026-10-10T09:00");
    let (_, paid) = bench.drawn(month("2026-10"), home).await;
    assert_eq!(paid, Some(amount));

    // It is over: the normal rules hold, and both are looked at again, each with its day and its outcome.
    bench.at("2026-10-21T09:00");
    let past = applies(&bench, "past", "dibao", 5).await.unwrap();
    let past = casework::load(office, wang, past).await.unwrap();
    assert!(!past.missing().is_empty(), "papers are asked for again");
    let august = month("2026-08");
    monitoring::run_month(office, august, |_| ()).await.unwrap();
    let over = bench.lists(no).await;
    assert!(!over.runs && over.rechecks.len() == 2 && over.settled() == 0);
    let due = |door: &after::DoorLine| door.due.to_string() == "2026-11-20" && !door.late;
    assert!(over.rechecks.iter().all(due));
    let gap = format!("№ {during}");
    assert!(over.rechecks.iter().any(|door| door.about.contains(&gap)));
    monitoring::run_month(office, august, |_| ()).await.unwrap();
    assert_eq!(bench.lists(no).await.rechecks.len(), 2, "once");
    let doors = bench.tasks("紧急通道复核").await;
    bench.goes(doors[0], VisitOutcome::False).await;
    let seen = bench.lists(no).await;
    assert_eq!(seen.settled(), 1);
    let no_more = seen.rechecks.iter().find(|door| door.reached).unwrap();
    assert!(no_more.follows && no_more.state.contains("不属实"));
    bench.at("2026-11-21T09:00");
    let late = bench.lists(no).await;
    assert_eq!(late.rechecks.iter().filter(|door| door.late).count(), 1);

    // What was promised and is paid is not taken back by one person: it ends by a stop, with a hearing before it.
    let undo = async |who, because| after::undo(office, who, (no, line.no), because).await;
    refused(undo(wang, "不再受灾").await, "权限");
    refused(undo(chen, " ").await, "写明为什么");
    let way = format!("/reviews?household={home}");
    refused(undo(chen, "已经恢复收入").await, &way);
    assert!(bench.lists(no).await.extended[0].undone.is_empty());
    bench.at("2026-12-05T09:00");
    let (_, paid) = bench.drawn(month("2026-12"), home).await;
    assert_eq!(paid, Some(amount), "made up of parts or not");
    assert_eq!(
        bench.extension_parts(no, "2026-12").await,
        [("差额".to_owned(), amount)]
    );
    bench.ended_early().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_a_crisis_help_goes_on_carers_are_swept_and_afterwards_everybody_is_looked_at_again() {
    on_both(nobody_falls_out).await;
}
