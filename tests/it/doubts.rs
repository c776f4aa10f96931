//! Whose a row is when its number does not say: linked for certain, asked about, answered.

use crate::county::{County, Faults, Table};
use crate::staff::reviewer;
use domain::{IdNumber, Month};
use engine::Lake;
use office::access::Acting;
use office::doubts::{self, DoubtAnswer, DoubtView};
use office::intake::{Intake, Received};
use office::views::{Tone, ViewError};
use office::{Database, Office};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

const FEED: &str = "medical-expense";

/// The same number with another last digit: its check fails.
fn spoilt(number: &str) -> String {
    let (most, last) = number.split_at(17);
    let other = if last == "1" { "2" } else { "1" };
    format!("{most}{other}")
}

/// The number of a patient of two months, and their row in each.
fn patient(county: &County, months: [&str; 2]) -> (String, [usize; 2]) {
    let [first, second] = months.map(|m| county.feed(m, FEED));
    let once = |table: &Table| -> BTreeMap<String, usize> {
        let mut rows: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (at, [number]) in table.columns(["身份证号"]).into_iter().enumerate() {
            rows.entry(number.to_owned()).or_default().push(at + 1);
        }
        let single = rows.into_iter().filter(|(_, rows)| rows.len() == 1);
        single.map(|(number, rows)| (number, rows[0])).collect()
    };
    let (first, second) = (once(&first), once(&second));
    let both = first
        .iter()
        .find(|(number, _)| second.contains_key(*number));
    let (number, row) = both.expect("somebody who was at the doctor's in both months");
    (number.clone(), [*row, second[number]])
}

async fn receive(office: &Office, county: &County, month: &str, feed: &str) -> Received {
    let file = county.feeds().join(month).join(format!("{feed}.csv"));
    let received = Intake::new(office).receive(&file, None, true).await;
    received.unwrap()
}

/// Whom the rows of a feed and month are linked to, by number of the row; the office is closed.
async fn links(county: &County, feed: &str, month: &str) -> BTreeMap<u32, i64> {
    let folder = county.folder.path().join("data");
    let opening = store::Opening {
        folder: folder.clone(),
        database: Database::Sqlite,
        at: store::At::parse("2026-09-14T01:00:00Z").unwrap(),
    };
    let store = store::Store::open(opening).await.unwrap();
    let kind = format!("link-{feed}");
    let day = Month::parse(month).unwrap();
    let files = store::manifest::list(&store, &kind, day).await.unwrap();
    let lake = Lake::open(folder.join("lake")).unwrap();
    let mut found = BTreeMap::new();
    for file in &files {
        let sheet = lake.read(&file.path).unwrap();
        for (row, person) in sheet.ints("row_id").iter().zip(sheet.ints("person_id")) {
            let row = store::RowId::from_get(row.unwrap()).row_no();
            found.extend(person.map(|person| (row, person)));
        }
    }
    store.close().await;
    found
}

async fn only_question(office: &Office, who: &Acting) -> DoubtView {
    let list = doubts::list(office, who, 0).await.unwrap();
    assert_eq!((list.rows.len(), list.total), (1, 1));
    let view = doubts::one(office, who, list.rows[0].row).await;
    view.unwrap()
}

fn answer(verdict: &str, person: Option<i64>, reason: &str) -> DoubtAnswer {
    DoubtAnswer {
        verdict: verdict.to_owned(),
        person,
        reason: reason.to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_number_is_asked_about_once_and_its_answer_is_used_again() {
    let county = County::new(Faults::None);
    let (number, rows) = patient(&county, ["2026-07", "2026-08"]);
    let bad = spoilt(&number);
    county.rewrite("2026-07", FEED, |t| t.set(rows[0], "身份证号", &bad));
    county.rewrite("2026-08", FEED, |t| t.set(rows[1], "身份证号", &bad));
    // August comes after the answer.
    let august = county.feeds().join("2026-08").join(format!("{FEED}.csv"));
    let later = county.folder.path().join(format!("{FEED}.csv"));
    std::fs::rename(&august, &later).unwrap();
    let office = Arc::new(county.office("data").await);
    let received = county.receive(&office).await;
    let july = received
        .iter()
        .find(|r| r.feed == "medical_expense" && r.period.to_string() == "2026-07")
        .unwrap();
    assert_eq!((july.counts.doubtful, july.counts.refused), (1, 0));
    let told: Vec<_> = july
        .refusals
        .iter()
        .map(|r| (r.row_no, r.code.as_str()))
        .collect();
    let row = u32::try_from(rows[0]).unwrap();
    assert_eq!(
        told,
        [(row, "id-number")],
        "its sender is told all the same"
    );

    let (staff, chen) = reviewer(&office, "990101").await;
    let view = only_question(&office, &chen.who).await;
    let one = &view.candidates[0];
    let tones: Vec<Tone> = one.parts.iter().map(|p| p.word.tone).collect();
    assert_eq!(tones, [Tone::Good, Tone::Good, Tone::Notice]);
    assert_eq!(one.parts[2].word.text, "有 1 位不同");
    let shown = format!("{view:?}");
    assert!(!shown.contains(&number) && !shown.contains(&bad), "{shown}");

    for (wrong, what) in [
        (answer("same", Some(one.person), " "), "no reason"),
        (
            answer("same", Some(one.person + 1), "核实"),
            "somebody else",
        ),
        (answer("perhaps", None, "核实"), "no verdict"),
    ] {
        let told = doubts::answer(&office, &chen.who, view.line.row, &wrong).await;
        assert!(matches!(told, Err(ViewError::NotAnswerable(_))), "{what}");
    }
    let said = answer("same", Some(one.person), "已打电话核实");
    let told = doubts::answer(&office, &chen.who, view.line.row, &said).await;
    assert_eq!(told.unwrap().map(|p| p.get()), Some(one.person));
    let list = doubts::list(&office, &chen.who, 0).await.unwrap();
    assert_eq!((list.rows.len(), list.total), (0, 0));

    std::fs::rename(&later, &august).unwrap();
    let received = Intake::new(&office)
        .receive(&august, None, true)
        .await
        .unwrap();
    assert_eq!((received.counts.doubtful, received.counts.refused), (0, 1));
    assert!(office::audit::verify(&office).await.unwrap().is_whole());
    for check in office::doctor::examine(&office).await.unwrap() {
        assert!(check.good, "{check:?}");
    }
    let person = one.person;
    drop(staff);
    Arc::try_unwrap(office).ok().unwrap().close().await;
    let july = links(&county, "medical_expense", "2026-07").await;
    assert_eq!(july.get(&row), Some(&person));
    let august = links(&county, "medical_expense", "2026-08").await;
    let row = u32::try_from(rows[1]).unwrap();
    assert_eq!(august.get(&row), Some(&person), "not asked a second time");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_under_another_name_is_nobodys_until_somebody_says_whose() {
    let county = County::new(Faults::None);
    let (_, rows) = patient(&county, ["2026-07", "2026-08"]);
    county.rewrite("2026-08", FEED, |t| t.set(rows[1], "姓名", "欧阳修平"));
    let office = Arc::new(county.office("data").await);
    county.receive(&office).await;
    let (staff, chen) = reviewer(&office, "990101").await;
    let view = only_question(&office, &chen.who).await;
    assert_eq!(view.line.why, "证件号一致,姓名不一致");
    let said = answer("new", None, "号码是别人的,本人没有登记");
    let new = doubts::answer(&office, &chen.who, view.line.row, &said).await;
    let new = new.unwrap().unwrap();
    assert!(view.candidates.iter().all(|c| c.person != new.get()));
    // And answered otherwise: the newest counts, the older one stays.
    let owner = view.candidates[0].person;
    let said = answer("same", Some(owner), "本人改过名字");
    doubts::answer(&office, &chen.who, view.line.row, &said)
        .await
        .unwrap();
    let view = doubts::one(&office, &chen.who, view.line.row)
        .await
        .unwrap();
    let past: Vec<&str> = view.answers.iter().map(|a| a.reason.as_str()).collect();
    assert_eq!(past, ["本人改过名字", "号码是别人的,本人没有登记"]);
    assert!(!view.open);
    drop(staff);
    drop(chen);
    Arc::try_unwrap(office).ok().unwrap().close().await;
    let row = u32::try_from(rows[1]).unwrap();
    let august = links(&county, "medical_expense", "2026-08").await;
    assert_eq!(august.get(&row), Some(&owner));
}

/// Every dirty form of the shared table against a register that has the people it tells of.
#[tokio::test(flavor = "multi_thread")]
async fn every_dirty_form_of_a_number_finds_its_person_or_nobody() {
    let shared = std::env::var("DOUDI_SHARED").unwrap_or_else(|_| "../shared".to_owned());
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("..")
        .join(shared);
    let path = root.join("data/ids/id_number_cases.csv");
    if !path.is_file() {
        eprintln!("SKIPPED: {} is absent; set DOUDI_SHARED", path.display());
        return;
    }
    let cases = Table::read(&path);
    let cases: Vec<[&str; 2]> = cases.columns(["id_number", "valid"]);
    let today = domain::Day::new(2026, 9, 14).unwrap();
    let read = |cell: &str| IdNumber::parse(cell, today).ok().map(|p| p.number);
    let county = County::new(Faults::None);
    // The register of one month has each of them once, under the whole number, named by it.
    let people: BTreeSet<String> = cases
        .iter()
        .filter_map(|[cell, _]| Some(read(cell)?.as_str().to_owned()))
        .collect();
    let name = |place: usize| {
        format!(
            "郑{}",
            char::from_u32(0x4E00 + u32::try_from(place).unwrap()).unwrap()
        )
    };
    let named: BTreeMap<&str, String> = people
        .iter()
        .enumerate()
        .map(|(place, number)| (number.as_str(), name(place)))
        .collect();
    county.rewrite("2026-06", "register", |table| {
        for (at, (number, name)) in named.iter().enumerate() {
            table.set(at + 1, "身份证号", number);
            table.set(at + 1, "姓名", name);
            let birth = read(number).unwrap().birth().to_string();
            table.set(at + 1, "出生日期", &birth);
        }
    });
    county.rewrite("2026-06", FEED, |table| {
        for (at, [cell, _]) in cases.iter().enumerate() {
            let own = read(cell).map(|n| named[n.as_str()].clone());
            table.set(at + 1, "身份证号", cell);
            table.set(at + 1, "姓名", own.as_deref().unwrap_or("钱三"));
        }
    });
    let office = county.office("data").await;
    office
        .load_areas(&county.folder.path().join("county/areas.csv"))
        .await
        .unwrap();
    let register = receive(&office, &county, "2026-06", "register").await;
    let received = receive(&office, &county, "2026-06", FEED).await;
    assert_eq!(register.counts.refused, 0, "{:?}", register.refusals);
    let refused: BTreeSet<u32> = received.refusals.iter().map(|r| r.row_no).collect();
    office.close().await;
    let persons = links(&county, "register", "2026-06").await;
    let found = links(&county, "medical_expense", "2026-06").await;
    for (at, [cell, valid]) in cases.iter().enumerate() {
        let row = u32::try_from(at + 1).unwrap();
        let number = read(cell);
        let want = number.map(|n| {
            let place = people.iter().position(|p| p == n.as_str()).unwrap();
            persons[&u32::try_from(place + 1).unwrap()]
        });
        assert_eq!(found.get(&row).copied(), want, "`{cell}`, valid {valid}");
        assert_eq!(refused.contains(&row), want.is_none(), "`{cell}`");
    }
}
