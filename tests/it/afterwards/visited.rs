//! Visits by risk: who is on the plan and by when, what a visit, a warning and the end of help do to it.

use super::*;
use domain::{AreaCode, AreaLevel, PersonId, TaskId};
use office::monitoring;
use office::visits::{
    self, About, Ending, Ledger, LedgerAsk, LedgerRow, LedgerShows, Said, VisitOutcome,
};

impl Bench {
    async fn ledger(&self, who: &Acting, shows: LedgerShows) -> Ledger {
        let ask = LedgerAsk {
            township: None,
            shows,
        };
        visits::ledger(&self.office, who, ask).await.unwrap()
    }

    async fn row(&self, household: i64) -> Option<LedgerRow> {
        let all = self.ledger(&self.chen.who, LedgerShows::All).await;
        all.rows.into_iter().find(|row| row.household == household)
    }

    /// How many the overseer is told are late: in all and by township as many as the ledger lists.
    async fn late_everywhere(&self) -> usize {
        let chen = &self.chen.who;
        let told = visits::late(&self.office, chen).await.unwrap();
        let listed = self.ledger(chen, LedgerShows::Late).await;
        assert_eq!(told.late, u64::try_from(listed.total).unwrap());
        for (code, _, late) in &told.towns {
            let town = listed.towns.iter().find(|town| town.code == *code);
            assert_eq!(town.unwrap().late, usize::try_from(*late).unwrap());
        }
        listed.total
    }

    /// Something else wants somebody to go to a door, by next summer.
    async fn sends_later(&self, household: i64) {
        let at = store::At::parse("2026-11-20T09:00:00+08:00").unwrap();
        let mut tx = self.office.begin().await.unwrap();
        let home = HouseholdId::new(household);
        let home = store::households::get_many(&tx, &[home]).await.unwrap();
        let task = store::tasks::NewTask {
            kind: "verify_visit".to_owned(),
            household: Some(home[0].id),
            person: None,
            area: home[0].area,
            worker: None,
            due: Some("2027-06-30".parse().unwrap()),
            urgency: 1,
            cause_kind: "warning".to_owned(),
            cause_id: 1,
            summary: "核实".to_owned(),
            warnings: Vec::new(),
        };
        let raised = store::tasks::raise_many(&mut tx, &at, "system", &[task]).await;
        assert_eq!(raised.unwrap().raised, 1);
        tx.record(store::Act::new(&at, "system", "test.send").on("household", household));
        self.office.end(tx).await.unwrap();
    }

    /// Two go to the door of a task and find what they find.
    pub(super) async fn goes(&self, task: TaskId, outcome: VisitOutcome) -> i64 {
        let (li, wang) = (&self.li.who, &self.wang.who);
        self.walks((li, wang), About::Task(task), outcome, &[])
            .await
    }

    /// Somebody and a second one go to a door; what is not said is answered with 是.
    pub(super) async fn walks(
        &self,
        (who, other): (&Acting, &Acting),
        about: About,
        outcome: VisitOutcome,
        more: &[(&str, &str)],
    ) -> i64 {
        let office = &self.office;
        let none = visits::Typed::default();
        let visit = visits::begin(office, who, about).await.unwrap();
        let form = visits::visit_view(office, who, visit, &none).await.unwrap();
        let mut said = Vec::new();
        for field in form.people.iter().flat_map(|one| &one.fields) {
            let (person, fact) = field.key.split_once(':').unwrap();
            let person: i64 = person.parse().unwrap();
            let own = more.iter().find(|(name, _)| *name == fact);
            let value = own.map_or("是", |(_, value)| value);
            if field.required || own.is_some() {
                said.push(Said {
                    person: (person > 0).then(|| PersonId::new(person)),
                    fact: fact.to_owned(),
                    value: value.to_owned(),
                    base: field.base,
                });
            }
        }
        visits::save(office, who, visit, &said).await.unwrap();
        let shown = visits::visit_view(office, other, visit, &none);
        let shown = shown.await.unwrap().shown;
        if form.two {
            let seen = visits::confirm_seen(office, other, visit, shown).await;
            seen.unwrap();
        }
        let ending = Ending {
            outcome: matches!(about, About::Task(_)).then_some(outcome),
            because: "看过了".to_owned(),
            not_signed: "不在场".to_owned(),
            ..Ending::default()
        };
        let done = visits::finish(office, who, visit, (&[], &ending)).await;
        done.unwrap();
        visit
    }

    /// The doors somebody has to go to for a procedure.
    pub(super) async fn tasks(&self, title: &str) -> Vec<TaskId> {
        let list = visits::visit_list(&self.office, &self.li.who)
            .await
            .unwrap();
        let own = list.rows.iter().filter(|row| row.title == title);
        own.filter_map(|row| match row.about {
            About::Task(id) => Some(id),
            About::Case(_) => None,
        })
        .collect()
    }
}

fn told_rows(ledger: &Ledger) -> Vec<String> {
    ledger.rows.iter().map(|row| format!("{row:?}")).collect()
}

async fn risk_decides_when(database: Database) {
    let bench = Bench::open(database).await;
    let (office, chen) = (&bench.office, &bench.chen.who);
    let august = month("2026-08");
    // Nobody judged a month yet: the risk is not known, and not low.
    let before = bench.ledger(chen, LedgerShows::All).await;
    assert!(before.total > 20, "{}", before.total);
    let waits = |row: &LedgerRow| row.risk.text == "待查" && row.every == "每 3 个月";
    assert!(before.rows.iter().all(waits));
    monitoring::run_month(office, august, |_| ()).await.unwrap();
    let all = bench.ledger(chen, LedgerShows::All).await;
    assert_eq!(all.total, before.total);
    let every = |row: &LedgerRow, months: &str| row.every == format!("每 {months} 个月");
    let high = bench.ledger(chen, LedgerShows::High).await;
    assert!(high.total > 2 && high.rows.iter().all(|row| every(row, "1")));
    assert!(high.rows.iter().all(|row| !row.why.is_empty()));
    let low = all.rows.iter().filter(|row| row.risk.text == "低风险");
    let low: Vec<_> = low.collect();
    assert!(!low.is_empty());
    let spaced = |row: &&LedgerRow| match row.why.contains("有未办预警") {
        true => every(row, "1"),
        false => every(row, "6"),
    };
    assert!(low.iter().all(spaced));
    // Counts lead to their rows, and a township's clerk has the township alone.
    let sum: usize = all.towns.iter().map(|town| town.high).sum();
    assert_eq!(sum, high.total);
    let town = &all.towns[0];
    let code = AreaCode::parse(&town.code).unwrap();
    let ask = LedgerAsk {
        township: Some(code),
        shows: LedgerShows::All,
    };
    let here = visits::ledger(office, chen, ask).await.unwrap();
    assert_eq!(here.total, town.all);
    let clerk = bench.staff.enter("wang2", "窗口经办", &code.as_str()[..9]);
    let clerk = clerk.await.who;
    let own = bench.ledger(&clerk, LedgerShows::All).await;
    assert_eq!((own.total, own.towns.len()), (town.all, 1));
    assert_eq!(told_rows(&own), told_rows(&here));

    // Two months later whoever is of high risk and was not visited is due; nobody was sent yet, so nobody is late
    // but where a warning sent somebody, and the overseer's number is that of the list.
    bench.at("2026-11-20T09:00");
    let before_run = bench.late_everywhere().await;
    let due = bench.ledger(chen, LedgerShows::Due).await;
    assert!(due.total >= high.total && before_run < due.total);
    let untold = visits::late(office, &bench.wang.who).await.unwrap();
    assert_eq!(untold.late, 0, "a clerk oversees nobody");
    // Something else sends somebody to one of these doors, but much later: the visit does not wait for that.
    let waits = |row: &&LedgerRow| row.task.is_none() && row.next.text.ends_with("还没有派任务");
    let other = due.rows.iter().find(waits).unwrap().household;
    bench.sends_later(other).await;
    assert!(!bench.row(other).await.unwrap().late);
    assert_eq!(bench.late_everywhere().await, before_run);
    let run = monitoring::run_month(office, august, |_| ()).await.unwrap();
    assert!(run.visits_due > 0);
    let row = bench.row(other).await.unwrap();
    assert!(row.late && row.next.text.ends_with("已逾期"), "{row:?}");
    let again = monitoring::run_month(office, august, |_| ()).await.unwrap();
    assert_eq!((again.visits_due, again.visits_left), (0, 0));
    let late = bench.late_everywhere().await;
    assert!(late > before_run && late >= high.total);
    let warned = bench.ledger(chen, LedgerShows::Late).await;
    let mut warned = warned.rows.iter();
    assert!(warned.any(|row| row.why.contains("有未办预警")));
    // What happens in another township leaves a township's own list as it is.
    let own = bench.ledger(&clerk, LedgerShows::All).await;
    let elsewhere = bench.ledger(chen, LedgerShows::All).await;
    let elsewhere = elsewhere.rows.iter().find(|row| {
        let own = own.rows.iter().any(|one| one.household == row.household);
        !own && row.task.is_none()
    });
    bench.sends_later(elsewhere.unwrap().household).await;
    let again = bench.ledger(&clerk, LedgerShows::All).await;
    assert_eq!(told_rows(&again), told_rows(&own));
    let written = visits::ledger_workbook(office, chen, LedgerAsk::default()).await;
    assert!(written.unwrap().1.starts_with(b"PK"));

    met_and_left(&bench, other).await;
}

/// A visit that meets somebody, and the end of help; not at the door where something else sent somebody too.
async fn met_and_left(bench: &Bench, other: i64) {
    let (office, chen) = (&bench.office, &bench.chen.who);
    let before = bench.ledger(chen, LedgerShows::All).await;
    // Nobody met: still overdue. Somebody met: from that day a month to the next.
    let late = bench.ledger(chen, LedgerShows::Late).await;
    let alone = late.rows.iter().find(|row| {
        let waits = row.why.contains("有未办预警");
        row.household != other && row.risk.text == "高风险" && !waits && row.task.is_some()
    });
    let alone = alone.unwrap();
    let (home, task) = (alone.household, TaskId::new(alone.task.unwrap()));
    bench.goes(task, VisitOutcome::NotMet).await;
    assert!(bench.row(home).await.unwrap().late);
    bench.goes(task, VisitOutcome::True).await;
    let row = bench.row(home).await;
    if let Some(row) = row {
        assert!(!row.late && row.task.is_none());
        assert_eq!(row.last, "2026-11-20");
        assert!(row.next.text.starts_with("2026-12-20"));
    }

    // Who gets nothing any more is visited no more.
    let gone = late.rows.iter().find(|row| {
        let waits = row.why.contains("有未办预警");
        ![home, other].contains(&row.household) && !waits && row.task.is_some()
    });
    let gone = gone.unwrap().household;
    let mut tx = office.begin().await.unwrap();
    let at = store::At::parse("2026-11-20T09:00:00+08:00").unwrap();
    let helps = store::entitlements::of_household(&tx, HouseholdId::new(gone)).await;
    for help in helps.unwrap().iter().filter(|help| help.to.is_none()) {
        let stop = store::entitlements::stop(&mut tx, &at, help.id, month("2026-11"), "迁出");
        stop.await.unwrap();
    }
    tx.record(store::Act::new(&at, "chen", "test.stop").on("household", gone));
    office.end(tx).await.unwrap();
    let run = monitoring::run_month(office, month("2026-08"), |_| ())
        .await
        .unwrap();
    assert_eq!(run.visits_left, 1);
    let all = bench.ledger(chen, LedgerShows::All).await;
    assert_eq!(all.total, before.total - 1);
    assert!(all.rows.iter().all(|row| row.household != gone));
    let place = all.towns.iter().map(|town| AreaCode::parse(&town.code));
    assert!(
        place
            .flatten()
            .all(|code| code.level() == AreaLevel::Township)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn risk_decides_how_soon_a_door_is_visited_and_whoever_is_not_visited_in_time_is_told_of() {
    on_both(risk_decides_when).await;
}
