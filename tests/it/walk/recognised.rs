//! 认定以后: a family recognised without money is looked at again, changed and ended like one that is paid, each with its
//! letter and its record, on both databases.

use super::*;
use office::casework::afterwards::{
    self as after, AfterKind, AfterPurpose, Begin, Heard, HeardAnswer, HeardAs, Ruling, Told,
};

fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

fn ruling(kind: AfterKind, from: Option<Month>) -> Ruling {
    Ruling {
        kind,
        amount: None,
        from,
        because: "入户和核对查明家里有变化".to_owned(),
        articles: Vec::new(),
    }
}

impl Bench {
    async fn begin(&self, purpose: AfterPurpose, entitlement: i64) -> Result<CaseNo, CaseError> {
        let new = Begin {
            purpose,
            entitlement,
            recovery: None,
            cause: after::by_hand(&self.office),
            because: String::new(),
        };
        after::begin(&self.office, &self.of("窗口经办").who, &new).await
    }

    /// The letter is whole, and what is handed over holds from then on.
    async fn handed(&self, no: CaseNo, title: &str) -> String {
        let clerk = &self.of("窗口经办").who;
        let letter = letters::letter(&self.office, clerk, no, title).await;
        let letter = letter.unwrap_or_else(|why| panic!("{title}: {why}"));
        assert!(!letter.text.contains("{{") && !letter.text.contains("元"));
        let way = (DeliveryWay::InPerson, "本人".into());
        after::deliver(&self.office, clerk, no, way).await.unwrap();
        letter.text
    }

    /// The first month in which some help no longer holds.
    async fn ends(&self, help: i64) -> Option<Month> {
        let tx = self.office.begin().await.unwrap();
        let held = store::entitlements::find(&tx, help).await.unwrap();
        held.unwrap().to
    }

    /// Whether a department that looks the family up is told of its recognition.
    async fn in_hardship(&self, household: HouseholdId) -> bool {
        let tx = self.office.begin().await.unwrap();
        let members = store::households::members(&tx, household).await.unwrap();
        drop(tx);
        let looks = &self.of("部门联络员").who;
        let of = vec!["edge".to_owned()];
        let found = self.views.hardship(looks, members[0].person, of).await;
        !found.unwrap().statuses.is_empty()
    }

    async fn stands(&self, household: HouseholdId) -> bool {
        let chen = &self.of("县级审核").who;
        let file = self.views.household(chen, household.get(), None).await;
        let marks = file.unwrap().marks;
        let holds = |text: &str| text.contains("有资格") && !text.contains("期满");
        marks.iter().any(|mark| holds(&mark.text))
    }
}

async fn changed_and_ended(database: Database) {
    let bench = Bench::on(database).await;
    let edge = WALKS.iter().find(|walk| walk.programme == "edge").unwrap();
    let carried = bench.first(edge).await;
    let (office, home) = (&bench.office, carried.household);
    let (clerk, chen) = (&bench.of("窗口经办").who, &bench.of("县级审核").who);
    let running = after::running_of(office, clerk, home.get()).await.unwrap();
    let own = running.iter().find(|one| one.words.contains("只认定身份"));
    let help = own.unwrap_or_else(|| panic!("{running:?}")).entitlement;
    let ends = bench.ends(help).await.unwrap();
    // It is paid nothing and counted among nobody who is paid, and it comes up for its yearly look.
    let tx = office.begin().await.unwrap();
    let paid = store::entitlements::amounts(&tx, help).await.unwrap();
    drop(tx);
    assert!(paid.is_empty());
    office.clock().set("2026-10-12T09:00");
    let due = after::due(office, clerk, month("2027-12")).await.unwrap();
    assert!(due.iter().any(|line| line.entitlement == help));

    // Somebody moved in: the county recognises the family as it is now, and says so by letter.
    let no = bench.begin(AfterPurpose::Change, help).await.unwrap();
    bench.complete(clerk, None, no).await;
    found_out::verified(office, clerk, &bench.of("核对员").who, no).await;
    let raise = after::sign(office, chen, no, &ruling(AfterKind::Raised, None)).await;
    assert!(raise.is_err(), "nothing is paid that could be raised");
    let sure = after::sign(office, chen, no, &ruling(AfterKind::Restored, None)).await;
    sure.unwrap();
    let text = bench.handed(no, "认定变更通知书").await;
    assert!(text.contains("2026 年 11 月"), "{text}");
    assert!(bench.load(no).await.standing.closed.is_some());
    assert!(bench.stands(home).await);
    // It is the same recognition with the same end, and over when that comes.
    let running = after::running_of(office, clerk, home.get()).await.unwrap();
    let newest = running.iter().map(|one| one.entitlement).max().unwrap();
    assert!(newest != help && bench.ends(newest).await == Some(ends));
    office.clock().set(&format!("{}T09:00", ends.first()));
    assert!(!bench.stands(home).await && !bench.in_hardship(home).await);
    office.clock().set("2026-10-12T09:00");
    assert!(bench.in_hardship(home).await);

    // No longer so: told, heard, decided by another, handed over; from the month told it is over.
    office.clock().set("2026-10-19T09:00");
    let running = after::running_of(office, clerk, home.get()).await.unwrap();
    let own = running
        .iter()
        .filter(|one| one.words.contains("只认定身份"));
    let help = own.map(|one| one.entitlement).max().unwrap();
    let no = bench.begin(AfterPurpose::Ending, help).await.unwrap();
    bench.complete(clerk, None, no).await;
    found_out::visited(office, clerk, &bench.of("网格员").who, no).await;
    let early = after::sign(office, chen, no, &ruling(AfterKind::Stopped, None)).await;
    assert!(early.is_err(), "nobody was heard");
    let told = Told {
        way: DeliveryWay::InPerson,
        words: "家里买了第二套房".to_owned(),
        from: Some(month("2026-12")),
        amount: None,
    };
    after::tell(office, clerk, no, &told).await.unwrap();
    let heard = Heard {
        form: HeardAs::Spoken,
        answer: HeardAnswer::Agrees,
        words: "同意".to_owned(),
        with: String::new(),
        follows: Vec::new(),
    };
    after::hear(office, clerk, no, &heard).await.unwrap();
    let sooner = ruling(AfterKind::Stopped, Some(month("2026-11")));
    let sooner = after::sign(office, chen, no, &sooner).await.unwrap_err();
    assert!(sooner.to_string().contains("比告知的早"), "{sooner}");
    let ending = ruling(AfterKind::Stopped, Some(month("2026-12")));
    after::sign(office, chen, no, &ending).await.unwrap();
    let text = bench.handed(no, "取消认定通知书").await;
    assert!(text.contains("2026 年 12 月"), "{text}");
    assert!(bench.stands(home).await, "until the month that was told");
    office.clock().set("2026-12-01T09:00");
    assert!(!bench.stands(home).await && !bench.in_hardship(home).await);
    let history = after::history(office, chen, home.get()).await.unwrap();
    let over = history.periods.iter().find(|one| one.amount == "不再认定");
    assert_eq!(over.unwrap().months, "2026-12 起");
    assert_eq!(history.decisions.len(), 2, "{:?}", history.decisions);
    let again = bench.begin(AfterPurpose::GradualExit, help).await;
    assert!(again.is_err(), "no money that could end by degrees");

    // The flat was another's: it holds again, and not for ever.
    office.clock().set("2026-12-02T09:00");
    if bench.load(no).await.standing.closed.is_none() {
        bench.complete(clerk, None, no).await;
    }
    let no = bench.begin(AfterPurpose::Change, help).await.unwrap();
    bench.complete(clerk, None, no).await;
    found_out::verified(office, clerk, &bench.of("核对员").who, no).await;
    let back = ruling(AfterKind::Restored, Some(month("2026-12")));
    after::sign(office, chen, no, &back).await.unwrap();
    bench.handed(no, "认定变更通知书").await;
    assert!(bench.stands(home).await);
    let running = after::running_of(office, clerk, home.get()).await.unwrap();
    let newest = running.iter().map(|one| one.entitlement).max().unwrap();
    let again = bench.ends(newest).await;
    assert!(
        newest > help && again.is_some_and(|to| to >= ends),
        "{again:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recognition_without_money_is_looked_at_changed_and_ended_with_letters() {
    changed_and_ended(Database::Sqlite).await;
    if let Some(address) = crate::postgres::fresh_database().await {
        changed_and_ended(Database::Postgres { address }).await;
    }
}
