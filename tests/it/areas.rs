//! The areas of the whole country, from real lists: taken in, found, summed upwards and shown. And the
//! audit chain whose end was cut off.
//!
//! The lists stand beside the repository under `DOUDI_SHARED`; without them a test says so and stops.

use crate::county::open;
use crate::postgres;
use crate::staff::reviewer;
use domain::{AreaCode, AreaLevel, Day, IdNumber, id_check_digit, roll_up};
use office::areas::{self, After, Ask, Extent, Found, Taken, Words};
use office::desk::Desk;
use office::intake::Intake;
use office::views::{AreaAsk, AreaRow};
use office::{Database, Office};
use std::collections::{BTreeSet, HashMap};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::audit::BreakKind;

const LEVELS: &str = "cn_divisions_l1_l4_2023.csv.gz";
const VILLAGES: &str = "cn_villages_l5_2023.csv.xz";
const YEARS: &str = "cn_code_history_1980_2024.csv.gz";
const NEWER: &str = "cn_l1_l3_2025.csv";

/// A list beside the repository; none, said loudly, where it is absent.
fn shared(name: &str) -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..");
    let shared = std::env::var("DOUDI_SHARED").unwrap_or_else(|_| "../shared".to_owned());
    let path = root.join(shared).join("data/divisions").join(name);
    if !path.is_file() {
        eprintln!("SKIPPED: {} is absent; set DOUDI_SHARED", path.display());
        return None;
    }
    Some(path)
}

fn code(text: &str) -> AreaCode {
    AreaCode::parse(text).unwrap()
}

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

async fn take(office: &Office, list: &Path, edition: Option<&str>, extent: Extent) -> Taken {
    let ask = Ask {
        edition: edition.map(day),
        extent,
        ..Ask::default()
    };
    areas::import(office, list, ask).await.unwrap()
}

/// All five levels, the years of the codes and the newer list; none where a list is absent.
async fn country(office: &Office) -> Option<[Taken; 4]> {
    let (levels, villages) = (shared(LEVELS)?, shared(VILLAGES)?);
    let (years, newer) = (shared(YEARS)?, shared(NEWER)?);
    let of_2023 = Some("2023-06-30");
    Some([
        take(office, &levels, of_2023, Extent::Part).await,
        take(office, &villages, of_2023, Extent::Part).await,
        take(office, &years, None, Extent::Part).await,
        take(office, &newer, None, Extent::Part).await,
    ])
}

/// What a list did, in one line.
fn told(taken: &Taken) -> String {
    format!(
        "{} of {}: +{} ~{} -{} ={} older {} above {} refused {}",
        taken.edition,
        taken.listed,
        taken.added,
        taken.changed,
        taken.ended,
        taken.unchanged,
        taken.older,
        taken.same_as_above.len(),
        taken.refused.len()
    )
}

async fn check_country(database: Database) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let office = open(&data, database.clone()).await;
    let Some(lists) = country(&office).await else {
        return;
    };
    assert_eq!(
        lists.each_ref().map(told),
        [
            "2023-06-30 of 44699: +44699 ~0 -0 =0 older 0 above 4 refused 0",
            "2023-06-30 of 620573: +620572 ~0 -0 =1 older 0 above 0 refused 0",
            "2024-12-31 of 7662: +4444 ~2574 -0 =632 older 0 above 0 refused 12",
            "2025-12-31 of 3420: +206 ~5 -0 =3209 older 0 above 0 refused 7",
        ]
    );
    // The same again: nothing changes, and no entry is added to the chain.
    let before = office::audit::verify(&office).await.unwrap();
    let again = country(&office).await.unwrap();
    let changed: Vec<&Taken> = again.iter().filter(|t| !t.repeated).collect();
    assert_eq!(changed, Vec::<&Taken>::new());
    let after = office::audit::verify(&office).await.unwrap();
    assert_eq!((after.entries, after.head), (before.entries, before.head));
    check_found(&office).await;
    office.close().await;
    // The sums are made beside the database: on one of the two is enough.
    if let Database::Sqlite = database {
        check_sums(&data).await;
    }
}

async fn check_found(office: &Office) {
    let counts = areas::count(office).await.unwrap();
    let villages = counts
        .iter()
        .find(|(level, _)| *level == AreaLevel::Village);
    assert_eq!(villages.map(|v| v.1), Some(620_572));
    let one = |found: Found| match found {
        Found::One(code) => code,
        Found::Several(rows) => panic!("{} places", rows.len()),
    };
    let abolished = one(areas::find(office, "110103").await.unwrap());
    let shown = areas::show(office, &abolished).await.unwrap();
    let names: Vec<String> = shown
        .names
        .iter()
        .map(|a| format!("{} {}", a.name, areas::span(a)))
        .collect();
    assert_eq!(names, ["崇文区 至2009年"]);
    let renamed = one(areas::find(office, "襄樊市").await.unwrap());
    let shown = areas::show(office, &renamed).await.unwrap();
    let names: Vec<String> = shown
        .names
        .iter()
        .map(|a| format!("{} {}", a.name, areas::span(a)))
        .collect();
    assert_eq!(names, ["襄樊市 至2009年", "襄阳市 2010年起"]);
    // A city without counties: its towns are directly below.
    let towns = areas::below(office, Some(&code("4419")), "", 100).await;
    assert_eq!(towns.unwrap().len(), 36);
    // 244 villages of one name, page after page.
    let (mut seen, mut after) = (BTreeSet::new(), After::default());
    loop {
        let words = Words::of("太平村委会");
        let page = areas::search(office, &words, &after, 50).await.unwrap();
        let Some(last) = page.last() else { break };
        after = After::of(&last.area);
        seen.extend(page.iter().map(|row| row.area.code));
    }
    assert_eq!(seen.len(), 244);
    let known = areas::prefixes(office).await.unwrap();
    assert!(known.knows("110103", day("1960-01-01")));
    assert!(!known.knows("110103", day("2015-01-01")));
    assert!(!known.knows("110199", day("1960-01-01")));
}

/// Something counted in every village is the same sum on every level, also by plain arithmetic on
/// the digits of the codes.
async fn check_sums(data: &Path) {
    let store = store::Store::open(store::Opening {
        folder: data.to_owned(),
        database: Database::Sqlite,
        at: store::At::parse("2026-09-14T01:00:00Z").unwrap(),
    })
    .await
    .unwrap();
    let (mut leaves, mut after) = (Vec::new(), String::new());
    loop {
        let page = store::areas::page(&store, &after, ":", 50_000).await;
        let page = page.unwrap();
        let Some(last) = page.last() else { break };
        after = last.area.code.full().to_owned();
        let villages = page.iter().filter(|k| k.area.level == AreaLevel::Village);
        leaves.extend(villages.map(|k| {
            let number: u64 = k.area.code.as_str().parse().unwrap();
            (k.area.code, [1, number % 7])
        }));
    }
    assert_eq!(leaves.len(), 620_572);
    let mut plain: HashMap<String, [u64; 2]> = HashMap::new();
    for (code, counts) in &leaves {
        for digits in [2, 4, 6, 9] {
            let sum = plain.entry(code.full()[..digits].to_owned()).or_default();
            *sum = [sum[0] + counts[0], sum[1] + counts[1]];
        }
    }
    let sums = roll_up(leaves.iter().copied());
    for (place, sum) in &sums {
        if place.level() < AreaLevel::Village {
            assert_eq!(plain.get(place.as_str()), Some(sum), "{place}");
        }
    }
    let provinces = sums.iter().filter(|(code, _)| code.parent().is_none());
    let all = provinces.fold([0; 2], |all, (_, s)| [all[0] + s[0], all[1] + s[1]]);
    let total = leaves
        .iter()
        .fold([0; 2], |all, (_, s)| [all[0] + s[0], all[1] + s[1]]);
    assert_eq!(all, total);
    assert_eq!(
        sums.iter().filter(|(c, _)| c.parent().is_none()).count(),
        31
    );
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_country_is_taken_in_found_and_summed_in_sqlite() {
    check_country(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_country_is_taken_in_found_and_summed_in_postgresql() {
    if let Some(address) = postgres::fresh_database().await {
        check_country(Database::Postgres { address }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whichever_list_comes_first_the_newer_one_stands() {
    let (Some(levels), Some(newer)) = (shared(LEVELS), shared(NEWER)) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut names = Vec::new();
    for newer_first in [true, false] {
        let office = open(
            &folder.path().join(newer_first.to_string()),
            Database::Sqlite,
        )
        .await;
        if newer_first {
            take(&office, &newer, None, Extent::Whole).await;
            take(&office, &levels, Some("2023-06-30"), Extent::Part).await;
        } else {
            take(&office, &levels, Some("2023-06-30"), Extent::Part).await;
            let taken = take(&office, &newer, None, Extent::Whole).await;
            assert_eq!(taken.ended, 133, "no longer listed");
        }
        let mut in_force = Vec::new();
        for row in areas::below(&office, Some(&code("50")), "", 100)
            .await
            .unwrap()
        {
            in_force.push(row.area.name.clone());
            let below = areas::below(&office, Some(&row.area.code), "", 2_000).await;
            in_force.extend(below.unwrap().into_iter().map(|row| row.area.name));
        }
        names.push(in_force);
        // A district that the newer list no longer has keeps its name and its streets.
        let gone = areas::show(&office, &code("500105")).await.unwrap();
        assert_eq!(gone.names[0].valid_to, Some(day("2025-12-31")));
        assert_eq!(gone.children, 12);
        office.close().await;
    }
    assert_eq!(names[0], names[1]);
    assert!(names[0].contains(&"重庆市".to_owned()), "not 市辖区");
    assert!(names[0].contains(&"华新街街道".to_owned()), "one level up");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_row_never_stops_the_others_and_its_children_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("areas.csv");
    let text = "code,name,level,parent,urban_rural_code
99,示例省,1,,
9901,示例市,2,99,
990101,,3,9901,
990101001,城东街道,4,990101,
990102,邻县,3,9901,
990102001,河湾镇,4,990102,
990102001001,河湾村,5,990102001,220
990102001001,河湾新村,5,990102001,220
";
    std::fs::write(&list, text).unwrap();
    let office = open(&folder.path().join("data"), Database::Sqlite).await;
    let taken = take(&office, &list, None, Extent::Part).await;
    let refused: Vec<String> = taken
        .refused
        .iter()
        .map(|t| format!("{} {}", t.line, t.reason))
        .collect();
    assert_eq!(
        refused,
        [
            "4 名称为空",
            "5 上级 990101 不在这份名单里,也不在库里;先导入上级",
            "9 第 8 行已有同一代码",
        ]
    );
    assert_eq!(taken.added, 5);
    // The demo's way in sends the whole list back instead.
    let other = open(&folder.path().join("other"), Database::Sqlite).await;
    let said = other.load_areas(&list).await.unwrap_err().to_string();
    assert!(said.contains("第 4 行"), "{said}");
    assert_eq!(areas::count(&other).await.unwrap(), []);
}

#[test]
fn an_identity_number_may_begin_with_any_code_that_was_ever_in_force() {
    let Some(path) = shared(YEARS) else { return };
    let mut text = String::new();
    let packed = std::fs::File::open(path).unwrap();
    flate2::read::GzDecoder::new(packed)
        .read_to_string(&mut text)
        .unwrap();
    let codes: BTreeSet<&str> = text.lines().skip(1).filter_map(|l| l.get(..6)).collect();
    assert_eq!(codes.len(), 6_757);
    for code in codes {
        let first17 = format!("{code}19600101001");
        let check = id_check_digit(&first17).unwrap();
        let read = IdNumber::parse(&format!("{first17}{check}"), day("2026-09-14"));
        assert!(read.is_ok(), "{code}");
    }
}

/// With the codes of the years at hand a number of no place is nobody's until somebody says whose; one of an
/// abolished place is good.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_begins_with_a_code_that_never_was_is_not_taken_for_its_holder() {
    let Some(years) = shared(YEARS) else { return };
    let folder = tempfile::tempdir().unwrap();
    let office = open(&folder.path().join("data"), Database::Sqlite).await;
    take(&office, &years, None, Extent::Part).await;
    let number = |code: &str| {
        let first17 = format!("{code}19600101001");
        format!("{first17}{}", id_check_digit(&first17).unwrap())
    };
    let row = |code: &str| format!("{},王桂英,2026-08-03,2026-08-05,公安注销\n", number(code));
    let rows = ["110103", "123456", "990101"].map(row).concat();
    let file = folder.path().join("deaths.2026-08.csv");
    std::fs::write(
        &file,
        format!("身份证号,姓名,死亡日期,登记日期,来源\n{rows}"),
    )
    .unwrap();
    let received = Intake::new(&office).receive(&file, None, false).await;
    let received = received.unwrap();
    let back: Vec<(u32, &str)> = received
        .refusals
        .iter()
        .map(|r| (r.row_no, r.code.as_str()))
        .collect();
    assert_eq!(back, [(2, "id-prefix")], "{:?}", received.refusals);
    let told = &received.refusals[0];
    assert!(told.message.contains("从来不是行政区划代码"));
    assert!(!told.masked.contains("19600101"), "{}", told.masked);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_walks_the_country_level_by_level_and_finds_a_village() {
    let folder = tempfile::tempdir().unwrap();
    let office = Arc::new(open(&folder.path().join("data"), Database::Sqlite).await);
    if country(&office).await.is_none() {
        return;
    }
    let views = Desk::open(Arc::clone(&office)).await.unwrap();
    let who = reviewer(&office, "44").await.1.who;
    let ask = async |code: Option<&str>, words: Option<&str>, after: Option<String>| {
        let ask = AreaAsk {
            code: code.map(str::to_owned),
            words: words.map(str::to_owned),
            after,
        };
        views.areas(&who, ask).await.unwrap()
    };
    let mut here = ask(Some(AreaRow::COUNTRY), None, None).await;
    assert_eq!(here.below.total, 34);
    for (name, total) in [("广东省", 21), ("东莞市", 36), ("石碣镇", 15)] {
        let row = here.below.rows.iter().find(|row| row.name == name).unwrap();
        let (code, children) = (row.code.clone(), row.children);
        here = ask(Some(&code), None, None).await;
        assert_eq!((here.below.total, children), (total, total), "{name}");
    }
    let trail: Vec<&str> = here.trail.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(trail, ["全部", "广东省", "东莞市", "石碣镇"]);
    // The township with the most villages takes two pages, and they make the whole.
    let first = ask(Some("370704008"), None, None).await;
    assert_eq!((first.below.total, first.below.rows.len()), (170, 100));
    let second = ask(Some("370704008"), None, first.below.next.clone()).await;
    assert_eq!((second.below.before, second.below.rows.len()), (100, 70));
    let (mut seen, mut after) = (0, None);
    loop {
        let found = ask(None, Some("太平村委会"), after).await.found.unwrap();
        seen += found.rows.len();
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, 244);
    let found = ask(None, Some("110103"), None).await.found.unwrap();
    assert_eq!(found.rows[0].validity, "至2009年");
    let gone = ask(Some("110103"), None, None).await;
    assert!(
        gone.notes.iter().any(|n| n.contains("已废止")),
        "{:?}",
        gone.notes
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_chain_cut_off_at_its_end_names_the_missing_entries() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let list = |n: u32| {
        let path = folder.path().join(format!("{n}.csv"));
        std::fs::write(&path, format!("code,name\n{},第{n}省\n", 10 + n)).unwrap();
        path
    };
    let office = open(&data, Database::Sqlite).await;
    take(&office, &list(1), None, Extent::Part).await;
    let end = office::audit::verify(&office).await.unwrap().entries;
    office.close().await;
    // The database of this moment comes back later, as a cut or an old backup would.
    let old = folder.path().join("old.db");
    std::fs::copy(data.join("doudi.db"), &old).unwrap();
    let office = open(&data, Database::Sqlite).await;
    for n in 2..5 {
        take(&office, &list(n), None, Extent::Part).await;
    }
    let whole = office::audit::verify_against(&office, &[], None)
        .await
        .unwrap();
    assert!(whole.is_whole(), "{whole:?}");
    office.close().await;
    std::fs::copy(&old, data.join("doudi.db")).unwrap();
    for beside in ["doudi.db-wal", "doudi.db-shm"] {
        let _ = std::fs::remove_file(data.join(beside));
    }
    let office = open(&data, Database::Sqlite).await;
    let cut = office::audit::verify_against(&office, &[], None)
        .await
        .unwrap();
    let (first, last) = (
        i64::try_from(end).unwrap() + 1,
        i64::try_from(end).unwrap() + 3,
    );
    assert_eq!(cut.verdict.cut_off, Some((first, last)));
    assert_eq!(cut.cut_off_after(), Some("2026-09-14T01:00:00.000Z"));
    // Whoever goes on writing hides nothing: the kept head says what stood there.
    for n in 5..9 {
        take(&office, &list(n), None, Extent::Part).await;
    }
    let later = office::audit::verify_against(&office, &[], None)
        .await
        .unwrap();
    let kinds: BTreeSet<BreakKind> = later.verdict.breaks.iter().map(|b| b.kind).collect();
    assert_eq!(kinds, BTreeSet::from([BreakKind::Rewritten]));
    // A line that somebody without the keys wrote is told.
    let heads = data.join(office::audit::HEADS_FILE);
    let text = std::fs::read_to_string(&heads).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let mut forged = lines.clone();
    let moved = forged[0].replacen("1:", "2:", 1);
    forged[0] = &moved;
    std::fs::write(&heads, forged.join("\n")).unwrap();
    let told = office::audit::verify_against(&office, &[], None)
        .await
        .unwrap();
    assert_eq!(told.heads.wrong_lines, [1]);
    office.close().await;
}
