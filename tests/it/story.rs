//! From files to people, warnings and tasks; compared with what the files say, counted another way.

use crate::county::{County, Faults, open, run_months};
use crate::postgres;
use crate::staff::reviewer;
use office::access::Acting;
use office::intake::{Intake, Received, State};
use office::monitoring::{self, MonthRun};
use office::views::{Views, WarningFilter};
use office::{Database, Office, desk::Desk};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The warnings of a kind in a month that still stand.
async fn warnings(views: &dyn Views, who: &Acting, kind: &str) -> Vec<i64> {
    let mut filter = WarningFilter {
        kind: Some(kind.to_owned()),
        ..WarningFilter::default()
    };
    let mut ids = Vec::new();
    loop {
        let list = views.warnings(who, filter.clone()).await.unwrap();
        ids.extend(list.page.rows.iter().map(|r| r.id));
        match list.page.next {
            Some(next) => filter.cursor = Some(next),
            None => return ids,
        }
    }
}

fn applied(received: &[Received]) -> u64 {
    received.iter().map(|r| r.counts.applied).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn files_without_faults_are_taken_row_by_row() {
    let county = County::new(Faults::None);
    let office = county.office("data").await;
    let received = county.receive(&office).await;
    for file in &received {
        assert_eq!(file.state, State::Applied, "{} {}", file.period, file.file);
        assert_eq!(file.refusals, [], "{} {}", file.period, file.file);
    }
    let rows: usize = county
        .files("csv")
        .iter()
        .map(|f| crate::county::Table::read(f).len())
        .sum();
    assert_eq!(applied(&received), u64::try_from(rows).unwrap());
    // Everybody who ever stood in the register, and nobody twice.
    let mut numbers = BTreeSet::new();
    for month in ["2026-06", "2026-07", "2026-08"] {
        let register = county.feed(month, "register");
        numbers.extend(
            register
                .columns(["身份证号"])
                .into_iter()
                .map(|[n]| n.to_owned()),
        );
    }
    let runs = run_months(&office).await;
    let last = &runs.last().unwrap().1;
    assert_eq!(last.persons, u64::try_from(numbers.len()).unwrap());
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dead_who_are_still_paid_are_found_and_nobody_else() {
    let county = County::new(Faults::None);
    let office = county.judged(county.setting("data")).await;
    let mut died: BTreeMap<String, String> = BTreeMap::new();
    for month in ["2026-06", "2026-07", "2026-08"] {
        for [number, day] in county
            .feed(month, "deaths")
            .columns(["身份证号", "死亡日期"])
        {
            died.insert(number.to_owned(), day.to_owned());
        }
    }
    let roll = county.feed("2026-08", "roll");
    let paid: BTreeSet<&str> = roll
        .columns(["身份证号", "终止月份"])
        .into_iter()
        .filter(|[number, end]| {
            end.is_empty()
                && died
                    .get(*number)
                    .is_some_and(|day| day.as_str() < "2026-08-01")
        })
        .map(|[number, _]| number)
        .collect();
    let office = Arc::new(office);
    let views = Desk::open(Arc::clone(&office)).await.unwrap();
    let (_staff, chen) = reviewer(&office, "990101").await;
    let mut open = 0;
    for id in warnings(views.as_ref(), &chen.who, "paid_after_death").await {
        let warning = views.warning(&chen.who, id, true).await.unwrap();
        if warning.row.state == office::views::WarningState::Open {
            assert_eq!(warning.row.month, "2026-08");
            open += 1;
        }
    }
    assert!(
        !paid.is_empty(),
        "the county has none, so this test says nothing"
    );
    assert_eq!(open, paid.len());
}

/// How many warnings of a changed disability grade stand after the three months.
async fn grades_changed(county: &County) -> usize {
    let office = county.office("data").await;
    county.receive(&office).await;
    run_months(&office).await;
    let office = Arc::new(office);
    let views = Desk::open(Arc::clone(&office)).await.unwrap();
    let (_staff, chen) = reviewer(&office, "990101").await;
    warnings(views.as_ref(), &chen.who, "disability_grade_changed")
        .await
        .len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grade_that_differs_from_the_month_before_is_warned_of() {
    let before = grades_changed(&County::new(Faults::None)).await;
    let county = County::new(Faults::None);
    let in_july: BTreeSet<String> = county
        .feed("2026-07", "disability")
        .columns(["残疾人证号", "残疾等级", "证件状态"])
        .into_iter()
        .filter(|[_, grade, state]| *grade == "三级" && *state == "有效")
        .map(|[card, ..]| card.to_owned())
        .collect();
    county.rewrite("2026-08", "disability", |list| {
        let cards = list.columns(["残疾人证号", "残疾等级", "证件状态"]);
        let row = cards.iter().position(|[card, grade, state]| {
            *grade == "三级" && *state == "有效" && in_july.contains(*card)
        });
        list.set(row.unwrap() + 1, "残疾等级", "二级");
    });
    assert_eq!(grades_changed(&county).await, before + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_walks_back_to_the_row_of_the_file() {
    let county = County::new(Faults::None);
    let office = Arc::new(county.office("data").await);
    county.receive(&office).await;
    run_months(&office).await;
    let views = Desk::open(Arc::clone(&office)).await.unwrap();
    let (_staff, chen) = reviewer(&office, "990101").await;
    let ids = warnings(views.as_ref(), &chen.who, "paid_after_death").await;
    let steps = office::trace::trace(&office, &format!("warning:{}", ids[0]))
        .await
        .unwrap();
    let of = |what: &str| steps.iter().filter(|s| s.what == what).collect::<Vec<_>>();
    assert_eq!(of("监测").len(), 1);
    assert!(
        of("规则")[0]
            .where_
            .starts_with("warnings/paid-after-death.md")
    );
    assert!(
        of("规则")[0].says.contains("去世日期"),
        "{}",
        of("规则")[0].says
    );
    let row = steps
        .iter()
        .find(|s| s.what == "来文行" && s.where_.starts_with("死亡登记"))
        .expect("the row of the death register");
    let number: usize = row.record.rsplit('/').next().unwrap().parse().unwrap();
    let batch = steps
        .iter()
        .find(|s| s.record == row.cause)
        .expect("its batch");
    let month = &batch.says[..7];
    let day = county
        .feed(month, "deaths")
        .cell(number, "死亡日期")
        .to_owned();
    assert!(
        row.says.contains(&day),
        "{} says {}, the file {day}",
        row.record,
        row.says
    );
    assert!(batch.where_.contains("intake.receive"), "{}", batch.where_);
    // And the row knows the warning it led to.
    let forward = office::trace::trace(&office, &row.record).await.unwrap();
    assert!(
        forward
            .iter()
            .any(|s| s.record == format!("warning:{}", ids[0])),
        "{forward:#?}"
    );
}

async fn the_same_again_changes_nothing(database: Database) {
    let county = County::new(Faults::Planted);
    let office = open(&county.folder.path().join("data"), database).await;
    let first = county.receive(&office).await;
    let runs = run_months(&office).await;
    let before = entries(&office).await;
    for file in county.receive(&office).await {
        let was = first.iter().find(|f| f.batch_no == file.batch_no).unwrap();
        let taken = matches!(was.state, State::Applied | State::Repeated);
        assert!(
            !taken || file.state == State::Repeated,
            "{} {}: {:?}",
            file.period,
            file.file,
            file.state
        );
    }
    assert_eq!(
        entries(&office).await,
        before,
        "a file that is here already leaves no entry"
    );
    // The newest month first, then those before it: an older month judged again disturbs nothing.
    for (month, was) in runs.iter().rev() {
        let again = monitoring::run_month(&office, *month, |_| {})
            .await
            .unwrap();
        let done = (
            again.warnings_raised,
            again.warnings_closed,
            again.tasks_raised,
        );
        assert_eq!(done, (0, 0, 0), "{month}");
        assert_eq!(verdicts(&again), verdicts(was), "{month}");
    }
    assert!(office::audit::verify(&office).await.unwrap().is_whole());
    for check in office::doctor::examine(&office).await.unwrap() {
        // The test server is quick rather than safe: it writes no checksums, and doctor says so.
        let unsafe_server = check.found.contains("data_checksums");
        assert!(check.good || unsafe_server, "{check:?}");
    }
    office.close().await;
}

fn verdicts(run: &MonthRun) -> Vec<String> {
    run.verdicts.iter().map(|v| format!("{v:?}")).collect()
}

async fn entries(office: &Office) -> u64 {
    let verdict = office::audit::verify(office).await.unwrap();
    assert!(verdict.is_whole(), "{:?}", verdict.breaks);
    verdict.entries
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_files_and_months_again_change_nothing() {
    the_same_again_changes_nothing(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_files_and_months_again_change_nothing_on_postgresql() {
    if let Some(address) = postgres::fresh_database().await {
        the_same_again_changes_nothing(Database::Postgres { address }).await;
    }
}

/// Planted faults that must come back with their column, and those that must be read past.
#[tokio::test(flavor = "multi_thread")]
async fn every_planted_fault_is_refused_by_row_or_read_past() {
    let county = County::new(Faults::Planted);
    let office = county.office("data").await;
    let received = county.receive(&office).await;
    office.close().await;
    let refused = |file: &str, month: &str, row: &str| {
        let of_file = received
            .iter()
            .find(|r| r.file == file && r.period.to_string() == month);
        let found = of_file.unwrap_or_else(|| panic!("{month} {file}"));
        found
            .refusals
            .iter()
            // A total stands below the last row, where the truth counts none.
            .filter(|r| r.row_no.to_string() == row || row.is_empty() && r.code == "total-row")
            .map(|r| r.column.clone())
            .collect::<Vec<_>>()
    };
    let faults = county.truth("faults.csv");
    let mut counted: BTreeMap<&str, u32> = BTreeMap::new();
    for [month, file, row, kind, column] in
        faults.columns(["month", "file", "row", "kind", "column"])
    {
        // The workbook was turned into CSV, and a late file tells its own month.
        let file = file.replace(".xlsx", ".csv");
        let columns = match kind {
            "late-file" | "repeated-file" | "header-order" | "duplicate-row" => continue,
            _ => refused(&file, month, row),
        };
        *counted.entry(kind).or_default() += 1;
        match kind {
            "wrong-check-digit" | "scientific-number" | "invalid-date" | "money-with-text" => {
                assert!(
                    columns.iter().any(|c| c == column),
                    "{month} {file} row {row}: {kind} in {column} was taken, refused {columns:?}"
                );
            }
            // An amount below zero is refused by a rule of the feed, which names no column.
            "money-out-of-range" | "shifted-row" | "total-row" => assert!(
                !columns.is_empty(),
                "{month} {file} row {row}: {kind} was taken"
            ),
            "lower-case-x" | "fifteen-digits" | "number-spaces" | "zero-width-prefix"
            | "name-space" | "dot-variant" | "full-width-number" => {
                assert_eq!(
                    columns,
                    Vec::<String>::new(),
                    "{month} {file} row {row}: {kind} can be read"
                );
            }
            // The register takes people without a number; every other feed must name one.
            "missing-number" => assert_eq!(
                columns.is_empty(),
                file == "register.csv",
                "{month} {file} row {row}"
            ),
            other => panic!("a fault of a kind this test does not know: {other}"),
        }
    }
    println!("{counted:?}");
    assert!(
        counted.len() >= 10,
        "too few kinds to mean anything: {counted:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_changes_too_much_waits_until_somebody_confirms() {
    let county = County::new(Faults::None);
    let office = county.office("data").await;
    county.receive(&office).await;
    let whole = county.feeds().join("2026-08/disability.csv");
    let bytes = std::fs::read(&whole).unwrap();
    let lines = bytes.split_inclusive(|b| *b == b'\n').collect::<Vec<_>>();
    let half = county.folder.path().join("disability.csv");
    std::fs::write(&half, lines[..lines.len() / 2].concat()).unwrap();
    let named = Some(("disability", domain::Month::parse("2026-08").unwrap()));
    let mut intake = Intake::new(&office);
    for _ in 0..2 {
        let waiting = intake.receive(&half, named, false).await.unwrap();
        assert!(
            matches!(waiting.state, State::Waiting(_)),
            "{:?}",
            waiting.state
        );
    }
    let taken = intake.receive(&half, named, true).await.unwrap();
    assert_eq!(taken.state, State::Applied);
    assert_eq!(taken.counts.applied, taken.counts.received);
    let again = intake.receive(&half, named, true).await.unwrap();
    assert_eq!(again.state, State::Repeated);
    office.close().await;
}

/// The overview of every month as each of some officials sees it, at a desk that has read nothing yet.
async fn overviews(office: &Arc<Office>, officials: &[&Acting]) -> Vec<String> {
    let views = Desk::open(Arc::clone(office)).await.unwrap();
    let mut out = Vec::new();
    for who in officials {
        for month in ["2026-06", "2026-07", "2026-08"] {
            let seen = views.overview(who, Some(month.to_owned())).await.unwrap();
            out.push(serde_json::to_string(&(seen.figures, seen.programmes)).unwrap());
        }
    }
    out
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_run_kept_of_its_month_is_what_judging_it_anew_says() {
    let county = County::new(Faults::Planted);
    let office = Arc::new(county.office("data").await);
    county.receive(&office).await;
    run_months(&office).await;
    let (staff, chen) = reviewer(&office, "990101").await;
    let sun = staff.enter("sun", "乡镇审核", "990101001").await;
    let officials = [&chen.who, &sun.who];
    let kept = overviews(&office, &officials).await;
    assert_ne!(kept[0], kept[2], "the months are told apart");
    assert_ne!(kept[2], kept[5], "a township is told apart from the county");
    // It is what was read: without it there is no answer.
    let data = county.folder.path().join("data");
    for month in ["2026-06", "2026-07", "2026-08"] {
        let month = domain::Month::parse(month).unwrap();
        let tx = office.begin().await.unwrap();
        let files = store::manifest::list(&tx, "sums", month).await.unwrap();
        drop(tx);
        std::fs::remove_file(data.join("lake").join(&files[0].path)).unwrap();
    }
    let unread = Desk::open(Arc::clone(&office)).await.unwrap();
    assert!(unread.overview(&chen.who, None).await.is_err());
    // Kept under other rules it is not read, and every month is judged.
    let record = rusqlite::Connection::open(data.join("doudi.db")).unwrap();
    let stale = "update lake_manifest set cause = 'of other rules' where kind = 'sums'";
    assert_eq!(record.execute(stale, []).unwrap(), 3);
    assert_eq!(overviews(&office, &officials).await, kept);
    // Run again, an older month keeps what it counted, and raises nothing.
    let month = domain::Month::parse("2026-06").unwrap();
    monitoring::run_month(&office, month, |_| {}).await.unwrap();
    let left =
        "select count(*) from lake_manifest where kind = 'sums' and cause = 'of other rules'";
    let left: i64 = record.query_row(left, [], |row| row.get(0)).unwrap();
    assert_eq!(left, 2, "the months nobody ran again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_register_of_the_same_month_takes_the_place_of_the_first() {
    let county = County::new(Faults::None);
    let office = county.office("data").await;
    county.receive(&office).await;
    let runs = run_months(&office).await;
    let file = county.feeds().join("2026-08/register.csv");
    let text = std::fs::read_to_string(&file).unwrap();
    let corrected = county.folder.path().join("register.csv");
    // The department found out that somebody's marriage had not been entered.
    let changed = text.replacen("未婚", "已婚", 1);
    assert_ne!(changed, text);
    std::fs::write(&corrected, changed).unwrap();
    let named = Some(("register", domain::Month::parse("2026-08").unwrap()));
    let received = Intake::new(&office)
        .receive(&corrected, named, false)
        .await
        .unwrap();
    assert_eq!(received.state, State::Applied);
    let (month, was) = runs.last().unwrap();
    let again = monitoring::run_month(&office, *month, |_| {})
        .await
        .unwrap();
    assert_eq!(
        (again.persons, again.households),
        (was.persons, was.households)
    );
    for check in office::doctor::examine(&office).await.unwrap() {
        assert!(check.good, "{check:?}");
    }
    office.close().await;
}
