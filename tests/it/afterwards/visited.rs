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
    let own = bench.staff.enter("wang2", "窗口经办", &code.as_str()[..9]);
    let own = bench.ledger(&own.await.who, LedgerShows::All).await;
    assert_eq!((own.total, own.towns.len()), (town.all, 1));

    // Two months later whoever is of high risk and was not visited is overdue, and the overseer is told.
    bench.at("2026-11-20T09:00");
    let late = bench.ledger(chen, LedgerShows::Late).await;
    assert!(late.total >= high.total);
    let told = visits::late(office, chen).await.unwrap();
    let most = u64::try_from(late.total).unwrap();
    assert!(told.late < most, "no run made tasks of all of them yet");
    let untold = visits::late(office, &bench.wang.who).await.unwrap();
    assert_eq!(untold.late, 0, "a clerk oversees nobody");
    let run = monitoring::run_month(office, august, |_| ()).await.unwrap();
    assert!(run.visits_due > 0);
    let again = monitoring::run_month(office, august, |_| ()).await.unwrap();
    assert_eq!((again.visits_due, again.visits_left), (0, 0));
    let told = visits::late(office, chen).await.unwrap();
    assert!(told.late > 0 && told.late <= most);
    let written = visits::ledger_workbook(office, chen, LedgerAsk::default()).await;
    assert!(written.unwrap().starts_with(b"PK"));

    // Nobody met: still overdue. Somebody met: from that day a month to the next.
    let late = bench.ledger(chen, LedgerShows::Late).await;
    let alone = late.rows.iter().find(|row| {
        let waits = row.why.contains("有未办预警");
        row.risk.text == "高风险" && !waits && row.task.is_some()
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
        row.household != home && !waits && row.task.is_some()
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
    let run = monitoring::run_month(office, august, |_| ()).await.unwrap();
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
