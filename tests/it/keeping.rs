//! What departments sent and what was worked out of it goes when its term is over: noted first, some days later gone from
//! the disk and from every page, unless somebody holds it; and nothing of it is taken or judged again. On both databases.

use crate::browse::{Told, ask};
use crate::county::{County, Faults, Table, setting};
use crate::postgres;
use crate::staff::{Signed, Staff};
use domain::Month;
use office::casework::CaseError;
use office::intake::{Intake, State};
use office::keeping::{self, HoldAsk, KeepingView, Passed};
use office::{Database, Office, doctor, monitoring};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use store::Act;
use store::batches::Refusal;

const COUNTY: &str = "990101";
/// A feed kept for 24 months, and the first of its months.
const FEED: &str = "medical_expense";
const JUNE: &str = "2026-06";
/// After the term of June, the day before it goes, and the day it goes.
const NOTED: &str = "2028-07-02T09:00";
const ALMOST: &str = "2028-07-16T09:00";
const GOES: &str = "2028-07-17T09:00";

struct Bench {
    office: Arc<Office>,
    staff: Staff,
    chen: Signed,
    hu: Signed,
    county: County,
}

impl Bench {
    async fn open(database: Database) -> Self {
        let county = County::new(Faults::Planted);
        let folder = county.folder.path().join("data");
        let setting = setting(&folder, database, crate::county::NOW);
        let office = Arc::new(county.judged(setting).await);
        let staff = Staff::of(&office, COUNTY).await;
        Self {
            chen: staff.enter("chen", "县级审核", COUNTY).await,
            hu: staff.enter("hu", "县级审核", COUNTY).await,
            office,
            staff,
            county,
        }
    }

    async fn pass_at(&self, moment: &str) -> Passed {
        self.office.clock().set(moment);
        keeping::pass(&self.office).await.unwrap()
    }

    async fn view(&self) -> KeepingView {
        keeping::shown(&self.office, &self.chen.who).await.unwrap()
    }

    /// The files on the disk of a kind and month.
    fn files(&self, kind: &str, month: &str) -> Vec<PathBuf> {
        let lake = self.county.folder.path().join("data/lake");
        let Ok(counties) = std::fs::read_dir(lake.join(kind).join(month)) else {
            return Vec::new();
        };
        let of = |county: PathBuf| {
            std::fs::read_dir(county)
                .unwrap()
                .map(|e| e.unwrap().path())
        };
        counties.flat_map(|c| of(c.unwrap().path())).collect()
    }

    /// The batch of a feed and month.
    async fn batch(&self, feed: &str, month: &str) -> i64 {
        let tx = self.office.begin().await.unwrap();
        let all = store::batches::list(&tx, Some(feed), i64::MAX, 100).await;
        let mut all = all.unwrap().into_iter();
        let is_of = |b: &store::batches::Batch| b.period.to_string() == month;
        all.find(|b| is_of(b) && b.counts.applied > 0)
            .unwrap()
            .batch_no
    }

    /// Feeds and months of which cells sent back still say what was written in them.
    async fn sent_back(&self) -> Vec<(String, Month)> {
        let tx = self.office.begin().await.unwrap();
        let all = store::keeping::refused(&tx).await.unwrap();
        all.into_iter().map(|one| (one.feed, one.period)).collect()
    }

    async fn refusals(&self, batch: i64) -> Vec<(i64, Refusal)> {
        let tx = self.office.begin().await.unwrap();
        store::batches::list_refusals(&tx, batch, 0, 1_000)
            .await
            .unwrap()
    }

    async fn page(&self, path: &str) -> Told {
        let router = self.staff.router(&self.office).await;
        ask(&router, &self.chen, "GET", path, &[]).await
    }

    /// The chain, every seal and every table are what they say.
    async fn sound(&self) {
        let verdict = office::audit::verify_against(&self.office, &[], None)
            .await
            .unwrap();
        assert!(verdict.verdict.breaks.is_empty() && verdict.tables.findings.is_empty());
        let bad: Vec<String> = doctor::examine(&self.office)
            .await
            .unwrap()
            .into_iter()
            .filter(|check| !check.good && ["数据湖", "记录", "保存期限"].contains(&check.name))
            .map(|check| format!("{}:{}", check.name, check.found))
            .collect();
        assert!(bad.is_empty(), "{bad:?}");
    }
}

fn ask_of(material: &str, from: &str, to: &str, because: &str) -> HoldAsk {
    HoldAsk {
        material: material.to_owned(),
        from: from.to_owned(),
        to: to.to_owned(),
        because: because.to_owned(),
    }
}

fn refused<T>(answer: Result<T, CaseError>, words: &str) {
    match answer {
        Ok(_) => panic!("taken, though it should be refused with {words}"),
        Err(why) => assert!(why.to_string().contains(words), "{why} instead of {words}"),
    }
}

async fn noted_first_then_gone(database: Database) {
    let bench = Bench::open(database).await;
    let (row, link) = (format!("row-{FEED}"), format!("link-{FEED}"));
    let batch = bench.batch(FEED, JUNE).await;
    assert_eq!(
        bench.pass_at("2028-06-30T23:00").await,
        Passed::default(),
        "the last day of its term"
    );
    assert!(!bench.files(&row, JUNE).is_empty());
    let noted = bench.pass_at(NOTED).await;
    assert!(noted.noted >= 2 && noted.destroyed == 0, "{noted:?}");
    assert!(!bench.files(&row, JUNE).is_empty(), "noted is not gone");
    let view = bench.view().await;
    let of_feed = view.materials.iter().find(|one| one.id == FEED).unwrap();
    assert_eq!(of_feed.goes_on.unwrap().to_string(), "2028-07-17");
    assert_eq!(bench.pass_at(ALMOST).await, Passed::default());
    let gone = bench.pass_at(GOES).await;
    assert_eq!((gone.noted, gone.destroyed), (0, noted.noted));
    assert!(bench.files(&row, JUNE).is_empty() && bench.files(&link, JUNE).is_empty());
    assert!(
        !bench.files(&row, "2026-07").is_empty(),
        "July's term is not over"
    );
    assert_eq!(
        bench.pass_at(GOES).await,
        Passed::default(),
        "once is enough"
    );
    let view = bench.view().await;
    assert!(
        view.destroyed
            .iter()
            .any(|one| one.month.to_string() == JUNE && one.rows > 0)
    );
    // What it was stays known; what stood in it does not.
    let page = bench.page(&format!("/feeds/{batch}")).await;
    assert!(page.body.contains("按保存期限销毁") && page.body.contains("文件指纹"));
    let trace = office::trace::trace(&bench.office, &format!("row:{batch}/1")).await;
    assert!(trace.unwrap_err().to_string().contains("按保存期限销毁"));
    bench.sound().await;
    nothing_of_it_comes_back(&bench).await;
}

/// A file of a month past its term is not taken, and the month is not judged without what is gone.
async fn nothing_of_it_comes_back(bench: &Bench) {
    let file = bench.county.feeds().join(JUNE).join("medical-expense.csv");
    let mut table = Table::read(&file);
    table.set(1, "总费用", "12.34");
    table.write(&file);
    let taken = Intake::new(&bench.office)
        .receive(&file, None, false)
        .await
        .unwrap();
    assert!(
        matches!(&taken.state, State::Refused(said) if said.contains("只保留 24 个月")),
        "{:?}",
        taken.state
    );
    assert!(bench.files(&format!("row-{FEED}"), JUNE).is_empty());
    let again = monitoring::run_month(&bench.office, Month::parse(JUNE).unwrap(), |_| {}).await;
    assert!(again.unwrap_err().to_string().contains("按保存期限销毁"));
}

async fn held_by_one_ended_by_another(database: Database) {
    let bench = Bench::open(database).await;
    let row = format!("row-{FEED}");
    bench.pass_at(NOTED).await;
    let (chen, hu) = (&bench.chen.who, &bench.hu.who);
    let office = &bench.office;
    refused(
        keeping::hold(office, chen, &ask_of(FEED, JUNE, "", " ")).await,
        "请写明",
    );
    refused(
        keeping::hold(office, chen, &ask_of(FEED, "六月", "", "复议")).await,
        "2026-09",
    );
    refused(
        keeping::hold(office, chen, &ask_of(FEED, JUNE, "2026-05", "复议")).await,
        "早于",
    );
    refused(
        keeping::hold(office, chen, &ask_of("medical", JUNE, "", "复议")).await,
        "从清单里选",
    );
    let no = keeping::hold(
        office,
        chen,
        &ask_of(FEED, JUNE, "2026-08", "行政复议第 8 号"),
    )
    .await;
    let no = no.unwrap();
    let held = bench.pass_at(GOES).await;
    assert!(held.destroyed > 0, "what is not held goes: {held:?}");
    assert!(!bench.files(&row, JUNE).is_empty(), "what is held stays");
    assert!(!bench.files(&format!("link-{FEED}"), JUNE).is_empty());
    bench.sound().await;
    refused(
        keeping::end_hold(office, chen, no, "复议结束").await,
        "不能自己恢复",
    );
    keeping::end_hold(office, hu, no, "复议结束").await.unwrap();
    refused(
        keeping::end_hold(office, hu, no, "复议结束").await,
        "已经恢复过",
    );
    // Its days of waiting begin anew.
    assert!(bench.pass_at(GOES).await.noted > 0);
    assert!(!bench.files(&row, JUNE).is_empty());
    assert!(bench.pass_at("2028-08-01T09:00").await.destroyed > 0);
    assert!(bench.files(&row, JUNE).is_empty());
    bench.sound().await;
}

async fn a_clock_that_ran_ahead(database: Database) {
    let bench = Bench::open(database).await;
    let before: BTreeSet<PathBuf> = bench
        .files(&format!("row-{FEED}"), JUNE)
        .into_iter()
        .collect();
    let cells = bench.sent_back().await;
    let noted = bench.pass_at("2099-01-01T09:00").await;
    assert!(noted.noted > 20 && noted.destroyed == 0, "{noted:?}");
    let back = bench.pass_at(crate::county::NOW).await;
    assert_eq!(back.taken_back, noted.noted);
    assert!(
        bench
            .view()
            .await
            .materials
            .iter()
            .all(|one| one.goes_on.is_none())
    );
    assert_eq!(
        before,
        bench
            .files(&format!("row-{FEED}"), JUNE)
            .into_iter()
            .collect()
    );
    // Having run ahead, set right and run ahead again, its days begin anew.
    let ahead = bench.pass_at("2099-01-20T09:00").await;
    assert_eq!((ahead.noted, ahead.destroyed), (noted.noted, 0));
    bench.pass_at(crate::county::NOW).await;
    assert_eq!(cells, bench.sent_back().await);
    // Judged again it is as it was.
    monitoring::run_month(&bench.office, Month::parse(JUNE).unwrap(), |_| {})
        .await
        .unwrap();
}

/// Killed after the record says so and before the files are removed, or before the record names a file at all.
async fn ended_by_the_next_pass(database: Database) {
    let bench = Bench::open(database).await;
    bench.pass_at(NOTED).await;
    bench.office.clock().set(GOES);
    let row = format!("row-{FEED}");
    let mut tx = bench.office.begin().await.unwrap();
    let kept = store::keeping::files(&tx).await.unwrap();
    let noted: Vec<i64> = kept
        .iter()
        .filter(|f| f.goes_on.is_some())
        .map(|f| f.no)
        .collect();
    let at = bench.office.clock().at();
    let today = bench.office.clock().today();
    store::keeping::destroy(&mut tx, &at, &noted, today)
        .await
        .unwrap();
    tx.record(Act::new(&at, "system", "keeping.destroy"));
    bench.office.end(tx).await.unwrap();
    assert!(!bench.files(&row, JUNE).is_empty(), "killed here");
    let lake = bench.county.folder.path().join("data/lake");
    let nobodys = lake
        .join(&row)
        .join(JUNE)
        .join(COUNTY)
        .join(format!("{}.parquet", "0".repeat(64)));
    std::fs::create_dir_all(nobodys.parent().unwrap()).unwrap();
    std::fs::write(&nobodys, b"half an import").unwrap();
    let young = nobodys.with_file_name(format!("{}.parquet", "1".repeat(64)));
    std::fs::write(&young, b"an import going on").unwrap();
    let written = nobodys.metadata().unwrap().modified().unwrap();
    let old = written - std::time::Duration::from_hours(25);
    let file = std::fs::File::options().write(true).open(&nobodys).unwrap();
    file.set_modified(old).unwrap();
    let passed = bench.pass_at(GOES).await;
    assert_eq!((passed.destroyed, passed.nobodys), (0, 1), "{passed:?}");
    assert_eq!(bench.files(&row, JUNE), [young]);
    bench.sound().await;
    // A lake of which the record names next to nothing is another record's: nobody's or not, nothing of it goes.
    let strange = bench
        .county
        .folder
        .path()
        .join("data/lake/row-strange/2026-06/990101");
    std::fs::create_dir_all(&strange).unwrap();
    for number in 0..2_000 {
        let file = strange.join(format!("{number:064}.parquet"));
        std::fs::write(&file, b"of another record").unwrap();
        let file = std::fs::File::options().write(true).open(&file).unwrap();
        file.set_modified(old).unwrap();
    }
    assert_eq!(bench.pass_at(GOES).await, Passed::default());
    assert_eq!(std::fs::read_dir(&strange).unwrap().count(), 2_000);
}

/// What was written in a cell that was sent back goes with its file; that it was sent back, and why, stays.
async fn cells_sent_back(database: Database) {
    let bench = Bench::open(database).await;
    let (feed, period) = bench
        .sent_back()
        .await
        .into_iter()
        .find(|(feed, period)| feed == "social_insurance" && period.to_string() == JUNE)
        .expect("the county's files have faults");
    let batch = bench.batch(&feed, JUNE).await;
    let before = bench.refusals(batch).await;
    assert!(before.iter().any(|(_, one)| !one.masked.is_empty()));
    let noted = bench.pass_at("2099-01-01T09:00").await;
    assert_eq!(noted.refused, 0, "noted first");
    assert_eq!(before, bench.refusals(batch).await);
    let passed = bench.pass_at("2099-01-16T09:00").await;
    assert!(passed.refused > 0, "{passed:?}");
    let after = bench.refusals(batch).await;
    assert_eq!(before.len(), after.len());
    for ((_, before), (_, after)) in before.iter().zip(&after) {
        assert_eq!(
            (before.row_no, &before.column, &before.code),
            (after.row_no, &after.column, &after.code)
        );
        assert!(
            after.masked.is_empty()
                && (before.masked.is_empty() || !after.message.contains(&before.masked))
        );
    }
    assert!(!bench.sent_back().await.contains(&(feed, period)));
    bench.sound().await;
}

async fn on_both(test: impl AsyncFn(Database)) {
    test(Database::Sqlite).await;
    if let Some(address) = postgres::fresh_database().await {
        test(Database::Postgres { address }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_past_its_term_is_noted_first_goes_days_later_and_does_not_come_back() {
    on_both(noted_first_then_gone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_official_holds_stays_beyond_its_term_until_another_ends_it() {
    on_both(held_by_one_ended_by_another).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_ran_ahead_destroys_nothing_once_it_is_set_right() {
    on_both(a_clock_that_ran_ahead).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_between_the_record_and_the_disk_the_next_pass_removes_what_was_destroyed_and_what_is_nobodys()
 {
    on_both(ended_by_the_next_pass).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_in_cells_sent_back_goes_with_their_file_and_that_they_were_stays() {
    on_both(cells_sent_back).await;
}
