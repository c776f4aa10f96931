//! Files are read in blocks of rows, and no block's end can be seen in what comes of them.
//!
//! The sizes come from a printed seed; set `DOUDI_SEED` to walk them again.

use crate::county::{County, Faults, open};
use engine::{Lake, Sheet};
use office::Database;
use office::intake::{Intake, State};
use std::path::Path;
use store::{At, Opening, Store};

/// All that files leave behind.
#[derive(Debug, PartialEq)]
struct Left {
    answers: Vec<String>,
    batches: Vec<String>,
    refusals: Vec<String>,
    lake: Vec<(String, Sheet)>,
    persons: u64,
    households: Vec<String>,
    memberships: Vec<String>,
}

impl Left {
    async fn read(folder: &Path, answers: Vec<String>) -> Self {
        let opening = Opening {
            folder: folder.to_owned(),
            database: Database::Sqlite,
            at: At::parse("2026-09-14T01:00:00Z").unwrap(),
        };
        let store = Store::open(opening).await.unwrap();
        let mut refusals = Vec::new();
        let mut batches = Vec::new();
        for batch in store::batches::list(&store, None, i64::MAX, 10_000)
            .await
            .unwrap()
        {
            let number = batch.batch_no;
            let told = store::batches::list_refusals(&store, number, 0, 100_000)
                .await
                .unwrap();
            refusals.extend(told.iter().map(|r| format!("{number} {r:?}")));
            batches.push(format!("{batch:?}"));
        }
        let lake = Lake::open(folder.join("lake")).unwrap();
        let files = store::manifest::list_all(&store).await.unwrap();
        let sheets = files.iter().map(|f| {
            let named = format!("{} {} {} {}", f.kind, f.month, f.county, f.cause);
            (named, lake.read(&f.path).unwrap())
        });
        let homes = store::households::list(&store, None, 0, 100_000)
            .await
            .unwrap();
        let day = domain::Day::new(2026, 8, 31).unwrap();
        let members = store::households::list_memberships_on(&store, day)
            .await
            .unwrap();
        let left = Self {
            answers,
            batches,
            refusals,
            lake: sheets.collect(),
            persons: store::persons::count(&store).await.unwrap(),
            households: homes.iter().map(|h| format!("{h:?}")).collect(),
            memberships: members.iter().map(|m| format!("{m:?}")).collect(),
        };
        store.close().await;
        left
    }

    /// Where it differs from another, without the names and numbers in it.
    fn differs(&self, other: &Self) -> Vec<String> {
        fn first<T: PartialEq>(what: &str, a: &[T], b: &[T]) -> Option<String> {
            let at = a.iter().zip(b).position(|(a, b)| a != b);
            let at = at.or_else(|| (a.len() != b.len()).then_some(a.len().min(b.len())))?;
            Some(format!("{what}: {} and {}, from {at} on", a.len(), b.len()))
        }
        let mut out = vec![
            first("answers", &self.answers, &other.answers),
            first("batches", &self.batches, &other.batches),
            first("refusals", &self.refusals, &other.refusals),
            first("households", &self.households, &other.households),
            first("memberships", &self.memberships, &other.memberships),
            first("lake", &self.lake, &other.lake),
        ];
        out.push((self.persons != other.persons).then(|| "persons".to_owned()));
        out.into_iter().flatten().collect()
    }
}

/// Receives the county's files and an older register behind them, some rows at a time.
async fn receive(county: &County, name: &str, rows: usize) -> Left {
    let office = county.office(name).await;
    office
        .load_areas(&county.folder.path().join("county/areas.csv"))
        .await
        .unwrap();
    let mut intake = Intake::new(&office).in_blocks_of(rows);
    let mut received = intake
        .receive_folder(&county.feeds(), |_, _, _| {})
        .await
        .unwrap();
    // A confirmed list, and an older one behind a newer one.
    let waiting: Vec<_> = county.files("csv").into_iter().collect();
    for (file, answer) in waiting.iter().zip(received.clone()) {
        if matches!(answer.state, State::Waiting(_)) {
            received.push(intake.receive(file, None, true).await.unwrap());
        }
    }
    let told = |r: &office::intake::Received| {
        format!(
            "{} {} {:?} {:?} {:?}",
            r.feed,
            r.period,
            r.state,
            r.counts,
            r.refusals.len()
        )
    };
    let answers = received.iter().map(told).collect();
    office.close().await;
    Left::read(&county.folder.path().join(name), answers).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_of_files_is_the_same_whatever_the_size_of_a_block() {
    let seed = std::env::var("DOUDI_SEED").ok();
    let seed: usize = seed.and_then(|s| s.parse().ok()).unwrap_or(20_260_914);
    println!("DOUDI_SEED={seed}");
    let county = County::new(Faults::Planted);
    let whole = receive(&county, "whole", 1 << 20).await;
    assert!(whole.refusals.len() > 20, "nothing was refused");
    assert!(whole.lake.iter().any(|(name, _)| name.starts_with("gap-")));
    for rows in [1 + seed % 7, 8 + seed % 97, 512 + seed % 1_009] {
        let parts = receive(&county, &format!("blocks-of-{rows}"), rows).await;
        let differs = parts.differs(&whole);
        assert!(
            differs.is_empty(),
            "blocks of {rows}: {}",
            differs.join("; ")
        );
    }
}

const HEADER: &str = "身份证号,姓名,死亡日期,登记日期,来源";
const ROW: &str = "990101195403121282,王桂英,2026-08-03,2026-08-05,公安注销";

fn left_in_lake(folder: &Path) -> Vec<String> {
    let mut folders = vec![folder.join("lake")];
    let mut files = Vec::new();
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path.clone());
            }
            files.push(path.to_string_lossy().into_owned());
        }
    }
    files
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_sent_back_at_its_last_block_leaves_nothing_in_the_lake() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let office = open(&data, Database::Sqlite).await;
    let good = ROW.to_owned() + "\n";
    let bad = "9.90101E+17,王桂英,2026-13-03,2026-08-05,公安注销\n";
    let file = folder.path().join("deaths.2026-08.csv");
    let text = format!("{HEADER}\n{}{}", good.repeat(70), bad.repeat(30));
    std::fs::write(&file, &text).unwrap();
    let mut intake = Intake::new(&office).in_blocks_of(10);
    let received = intake.receive(&file, None, false).await.unwrap();
    assert!(matches!(&received.state, State::Refused(said) if said.contains("20%")));
    assert_eq!(left_in_lake(&data), Vec::<String>::new());
    // Broken behind blocks that were read well.
    let mut broken = encoding_rs::GB18030.encode(&text).0.into_owned();
    broken.truncate(broken.len() - 20);
    broken.extend([0x81, 0x30, 0x81]);
    broken.extend(b"\n".repeat(1 << 18));
    std::fs::write(&file, &broken).unwrap();
    let received = intake.receive(&file, None, false).await.unwrap();
    assert!(matches!(&received.state, State::Refused(said) if said.contains("GB18030")));
    assert_eq!(left_in_lake(&data), Vec::<String>::new());
    office.close().await;
}
