//! Lists leave through one door: written down first, under a number their file bears, and what is in full, long or more
//! than a day's share only when another person agreed. By page, by interface and by command the same. On both databases.

use crate::browse::{Told, ask};
use crate::county::{County, Faults, setting};
use crate::postgres;
use crate::staff::{Signed, Staff};
use domain::{AreaCode, Month};
use office::casework::{CaseError, Done};
use office::disbursement;
use office::exports::{self, ExportsView};
use office::visits::{self, LedgerAsk, LedgerShows};
use office::{Database, Office};
use std::path::Path;
use std::sync::Arc;
use store::audit::{self, About};

const COUNTY: &str = "990101";
/// So many that more households are helped than one file may hold.
const PERSONS: u64 = 12_000;

struct Bench {
    office: Arc<Office>,
    staff: Staff,
    chen: Signed,
    hu: Signed,
    auditor: Signed,
    county: County,
}

impl Bench {
    async fn open(database: Database) -> Self {
        let county = County::of(PERSONS, Faults::None);
        let folder = county.folder.path().join("data");
        let setting = setting(&folder, database, crate::county::NOW);
        let office = Arc::new(county.judged(setting).await);
        let staff = Staff::of(&office, COUNTY).await;
        let chen = staff.enter("chen", "县级审核", COUNTY).await;
        let august = Month::parse("2026-08").unwrap();
        disbursement::take_over(&office, &chen.who, august)
            .await
            .unwrap();
        Self {
            chen,
            hu: staff.enter("hu", "县级审核", COUNTY).await,
            auditor: staff.enter("shen", "审计监督", COUNTY).await,
            office,
            staff,
            county,
        }
    }

    async fn ask(&self, who: &Signed, path: &str, form: &[(&str, &str)]) -> Told {
        let router = self.staff.router(&self.office).await;
        let method = if form.is_empty() { "GET" } else { "POST" };
        ask(&router, who, method, path, form).await
    }

    async fn view(&self, who: &Signed) -> ExportsView {
        exports::shown(&self.office, &who.who, None).await.unwrap()
    }

    async fn ledger(&self, ask: LedgerAsk) -> Done<(String, Vec<u8>)> {
        visits::ledger_workbook(&self.office, &self.chen.who, ask).await
    }

    /// How many of an act the chain has, of an account.
    async fn acts(&self, login: &str, act: &str) -> usize {
        let tx = self.office.begin().await.unwrap();
        let all = audit::list(&tx, &About::Actor(login.to_owned()), i64::MAX, 10_000).await;
        all.unwrap().iter().filter(|one| one.act == act).count()
    }
}

fn stopped<T>(answer: Done<T>, words: &str) {
    match answer {
        Ok(_) => panic!("left, though another person should agree: {words}"),
        Err(CaseError::Forbidden(said)) => assert!(said.contains(words), "{said}"),
        Err(other) => panic!("{other} instead of {words}"),
    }
}

fn whole() -> LedgerAsk {
    LedgerAsk::default()
}

async fn a_long_list_waits_for_another_person(database: Database) {
    let bench = Bench::open(database).await;
    let (office, chen, hu) = (&bench.office, &bench.chen, &bench.hu);
    let all = visits::ledger(office, &chen.who, whole()).await.unwrap();
    assert!(all.total > 200, "{} households", all.total);
    // By the page: nothing leaves, and the page says where to go on.
    let page = bench.ask(chen, "/visits/ledger.xlsx", &[]).await;
    assert_eq!(page.status, 403);
    assert!(page.body.contains("要另一人同意") && page.body.contains("申请导出"));
    stopped(bench.ledger(whole()).await, "一份超过 100 行");
    let waits = bench.view(chen).await.own;
    assert_eq!(waits.len(), 1, "asked twice, it waits once: {waits:?}");
    let no = waits[0].no;
    let rows = waits[0].rows;
    assert_eq!(usize::try_from(rows).unwrap(), all.total);
    assert_eq!(bench.acts("chen", "export.stop").await, 2);
    assert_eq!(bench.acts("chen", "export.take").await, 0);

    // Nobody agrees before a purpose was said, nobody to their own, nobody to other rows than they saw.
    let agreed = exports::rule(office, &hu.who, (no, rows), (true, "看过")).await;
    assert!(agreed.unwrap_err().to_string().contains("写明用途"));
    let say = format!("/exports/{no}/purpose");
    let number = bench
        .ask(chen, &say, &[("purpose", "查 990101199003070038 一家")])
        .await;
    assert_eq!(
        number.status, 422,
        "no number of anybody goes into the chain"
    );
    let said = bench
        .ask(chen, &say, &[("purpose", "排下个月的走访")])
        .await;
    assert_eq!(said.status, 303);
    let own = exports::rule(office, &chen.who, (no, rows), (true, "自己看过")).await;
    assert!(own.unwrap_err().to_string().contains("不能自己同意"));
    let other = exports::rule(office, &hu.who, (no, rows - 1), (true, "看过")).await;
    assert!(other.unwrap_err().to_string().contains("再看一遍"));
    assert_eq!(bench.view(hu).await.to_rule.len(), 1);
    let rule = format!("/exports/{no}/rule");
    let seen = rows.to_string();
    let form = [
        ("rows", seen.as_str()),
        ("act", "agree"),
        ("because", "下月走访要用"),
    ];
    assert_eq!(bench.ask(chen, &rule, &form).await.status, 422);
    assert_eq!(bench.ask(&bench.auditor, &rule, &form).await.status, 403);
    assert_eq!(bench.ask(hu, &rule, &form).await.status, 303);

    // Now it may be taken, more than once where a line breaks off, and each time is written down.
    for _ in 0..2 {
        let page = bench.ask(chen, "/visits/ledger.xlsx", &[]).await;
        assert_eq!(page.status, 200);
    }
    assert_eq!(bench.acts("chen", "export.take").await, 2);
    // What was agreed is one account's and one list's.
    let late = LedgerAsk {
        shows: LedgerShows::Due,
        ..whole()
    };
    if visits::ledger(office, &chen.who, late).await.unwrap().total > 100 {
        stopped(bench.ledger(late).await, "一份超过 100 行");
    }
    let others = visits::ledger_workbook(office, &hu.who, whole()).await;
    stopped(others, "一份超过 100 行");
    // A day later it has to be asked for again.
    office.clock().set("2026-09-15T09:01");
    stopped(bench.ledger(whole()).await, "一份超过 100 行");
    // The auditor sees all that left, and who agreed.
    let seen = bench.view(&bench.auditor).await;
    assert!(seen.is_all && seen.taken.len() == 2);
    assert!(
        seen.taken
            .iter()
            .all(|row| row.agreed == "hu" && row.by == "chen")
    );
    // A no leaves nothing.
    let own = bench.view(chen).await.own;
    let again = own.iter().find(|row| row.waits).unwrap();
    exports::say(office, &chen.who, again.no, "还要一份")
        .await
        .unwrap();
    exports::rule(
        office,
        &hu.who,
        (again.no, again.rows),
        (false, "昨天导过了"),
    )
    .await
    .unwrap();
    stopped(bench.ledger(whole()).await, "一份超过 100 行");
    assert_eq!(bench.acts("chen", "export.take").await, 2);
    sound(office).await;
}

async fn small_lists_add_up(database: Database) {
    let bench = Bench::open(database).await;
    let (office, chen) = (&bench.office, &bench.chen);
    let all = visits::ledger(office, &chen.who, whole()).await.unwrap();
    // Township by township, each below what one file may have: a day's share ends it.
    let towns: Vec<_> = all.towns.iter().filter(|town| town.all <= 100).collect();
    let (mut taken, mut left) = (0, None);
    for town in towns.iter().cycle().take(400) {
        let ask = LedgerAsk {
            township: AreaCode::parse(&town.code).ok(),
            ..whole()
        };
        match bench.ledger(ask).await {
            Ok(_) => taken += town.all,
            Err(error) => {
                left = Some((town.all, error.to_string()));
                break;
            }
        }
    }
    let (more, said) = left.unwrap();
    assert!(said.contains("一天超过 300 行"), "{said}");
    assert!(taken <= 300 && taken + more > 300, "{taken} and {more}");
    assert_eq!(
        bench.view(chen).await.today,
        u64::try_from(taken).unwrap(),
        "the page says how many"
    );
    office.clock().set("2026-09-15T00:00");
    assert_eq!(bench.view(chen).await.today, 0, "the next day begins anew");
}

async fn a_list_tells_whose_it_is(database: Database) {
    let bench = Bench::open(database).await;
    let (office, chen, hu) = (&bench.office, &bench.chen.who, &bench.hu.who);
    let take = async || bench.ledger(whole()).await;
    for _ in 0..3 {
        exports::demo::with_another(office, (chen, hu), take)
            .await
            .unwrap();
    }
    let (name, bytes) = bench.ledger(whole()).await.unwrap();
    let no = bench.view(&bench.chen).await.taken[0].no;
    assert_eq!(no, 4);
    assert!(name.ends_with("-导出4.xlsx"), "{name}");
    let folder = bench.county.folder.path();
    let found = whose(office, &folder.join("all.xlsx"), &bytes).await;
    assert!(found[0].no == no && found[0].is_written && found[0].by == "chen");
    // Its rows alone, its head cut off and the first and last of them gone: their order still tells.
    let rows = rows_of(&folder.join("all.xlsx"));
    let piece: Vec<String> = rows[38..rows.len() - 5]
        .iter()
        .map(|row| row.join(","))
        .collect();
    let piece = piece.join("\n");
    let found = whose(office, &folder.join("piece.csv"), piece.as_bytes()).await;
    assert!(
        found[0].no == no && !found[0].is_written && found[0].blocks >= 1,
        "{found:?}"
    );
    // Every row is there once, whatever its place.
    let total = visits::ledger(office, chen, whole()).await.unwrap().total;
    let homes: std::collections::BTreeSet<&str> =
        rows[1..].iter().map(|row| row[0].as_str()).collect();
    assert_eq!(homes.len(), total);
    // Sorted again, or another list: nobody is named for it.
    let mut sorted: Vec<String> = rows[1..].iter().map(|row| row[0].clone()).collect();
    sorted.sort();
    let found = whose(
        office,
        &folder.join("sorted.csv"),
        sorted.join("\n").as_bytes(),
    )
    .await;
    assert_eq!(found, []);
}

/// The rows of the sheet that holds data.
fn rows_of(book: &Path) -> Vec<Vec<String>> {
    let mut text = Vec::new();
    office::intake::workbook::to_csv(book, &mut text).unwrap();
    let mut reader = csv::ReaderBuilder::new();
    let reader = reader.has_headers(false).flexible(true);
    let mut reader = reader.from_reader(text.as_slice());
    let rows = reader.records().map(Result::unwrap);
    rows.map(|row| row.iter().map(str::to_owned).collect())
        .collect()
}

async fn whose(office: &Office, path: &Path, bytes: &[u8]) -> Vec<exports::Found> {
    std::fs::write(path, bytes).unwrap();
    exports::whose(office, path).await.unwrap()
}

async fn sound(office: &Office) {
    let verdict = office::audit::verify_against(office, &[], None)
        .await
        .unwrap();
    assert!(verdict.verdict.breaks.is_empty() && verdict.tables.findings.is_empty());
}

/// Pages turned and things looked up end at the day's number, also after the program was started anew.
async fn ten_thousand_pages(database: Database) {
    let bench = Bench::open(database).await;
    let chen = &bench.chen;
    let router = bench.staff.router(&bench.office).await;
    let mut turned = 0;
    for page in 0..520 {
        let path = format!("/warnings?cursor={page}");
        let told = ask(&router, chen, "GET", &path, &[]).await;
        if told.status == 403 {
            assert!(told.body.contains("到了一天的上限"), "{}", told.body);
            break;
        }
        turned += 1;
    }
    assert_eq!(turned, 500);
    let looked = ask(&router, chen, "POST", "/search", &[("q", "张")]).await;
    assert_eq!(looked.status, 403, "looking up is turning");
    let first = ask(&router, chen, "GET", "/warnings", &[]).await;
    assert_eq!(first.status, 200, "work goes on");
    assert_eq!(bench.acts("chen", "list.turn").await, 10);
    assert_eq!(bench.acts("chen", "list.stop").await, 1);
    // Another program on the same record knows from the chain.
    let anew = Staff::of_beside(&bench.office, COUNTY).await;
    let router = anew.router(&bench.office).await;
    let again = ask(&router, chen, "GET", "/warnings?cursor=1", &[]).await;
    assert_eq!(again.status, 403);
    bench.office.clock().set("2026-09-15T08:00");
}

async fn on_both(test: impl AsyncFn(Database)) {
    test(Database::Sqlite).await;
    if let Some(address) = postgres::fresh_database().await {
        test(Database::Postgres { address }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_list_leaves_only_when_another_person_agreed_and_each_time_is_written_down() {
    on_both(a_long_list_waits_for_another_person).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_small_lists_are_no_way_around_it() {
    on_both(small_lists_add_up).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_came_to_light_tells_who_took_it_also_in_a_piece() {
    on_both(a_list_tells_whose_it_is).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn turning_pages_and_looking_up_end_at_the_days_number() {
    on_both(ten_thousand_pages).await;
}
