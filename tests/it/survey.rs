//! 住户调查: 24,238 real households and 157,775 real persons go the whole way as a locality, and what
//! comes out is counted again from the raw files. The files are never part of this repository.

mod raw;
mod shown;

use crate::staff::reviewer;
use domain::Month;
use engine::differential::{Cluster, Population, compare};
use flate2::Compression;
use flate2::write::GzEncoder;
use office::intake::{Intake, Received, State};
use office::monitoring::{self, MonthData, MonthRun};
use office::{Clock, Database, Office, Setting, desk::Desk};
use raw::Household;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const MONTH: &str = "2016-06";
const WARNING: &str = "spending_over_declared";

fn rulebook() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../rulebook")
}

fn month(text: &str) -> Month {
    Month::parse(text).unwrap()
}

/// An office of the survey; its rules are the program's own, or those of a folder.
async fn open(folder: &Path, rules: Option<PathBuf>) -> Office {
    let setting = Setting {
        folder: folder.to_owned(),
        database: Database::Sqlite,
        rulebook: rules,
        locality: "survey".to_owned(),
        clock: Clock::fixed("2026-09-14T09:00").unwrap(),
    };
    let office = Office::open(setting).await.unwrap();
    let areas = rulebook().join("localities/survey/areas.csv");
    office.load_areas(&areas).await.unwrap();
    office
}

async fn receive(office: &Office, folder: &Path) -> Vec<Received> {
    let mut intake = Intake::new(office);
    intake.receive_folder(folder, |_, _, _| {}).await.unwrap()
}

/// 符合, 不符合 and 待查 of a policy.
fn verdict(run: &MonthRun, id: &str) -> (u64, u64, u64) {
    let found = run.verdicts.iter().find(|v| v.0 == id);
    let (_, _, yes, no, open) = found.unwrap_or_else(|| panic!("{id} was not judged"));
    (*yes, *no, *open)
}

fn count<'a>(all: impl IntoIterator<Item = &'a Household>, is: impl Fn(&Household) -> bool) -> u64 {
    u64::try_from(all.into_iter().filter(|h| is(h)).count()).unwrap()
}

/// Hundredths of a percent, half up.
fn per_myriad(part: u64, whole: u64) -> u64 {
    (part * 20_000 + whole) / (2 * whole)
}

#[tokio::test(flavor = "multi_thread")]
async fn real_households_go_from_their_file_to_warnings_and_back() {
    let Some(files) = raw::folder() else { return };
    let raw = raw::households(&files);
    let folder = tempfile::tempdir().unwrap();
    let feeds = folder.path().join("feeds");
    std::fs::create_dir_all(feeds.join(MONTH)).unwrap();
    for (feed, file) in [("households", "households"), ("register", "members")] {
        let from = files.join(format!("pslm2015_{file}.csv.gz"));
        std::os::unix::fs::symlink(from, feeds.join(MONTH).join(format!("{feed}.csv.gz"))).unwrap();
    }
    let office = open(&folder.path().join("data"), None).await;
    let received = receive(&office, &feeds).await;
    rows_are_taken_or_refused_one_by_one(&received, &raw);
    let run = monitoring::run_month(&office, month(MONTH), |_| {})
        .await
        .unwrap();
    every_household_is_judged_as_by_hand(&run, &raw);
    both_evaluators_agree(&office).await;
    the_same_again_changes_nothing(&office, &feeds, &run).await;
    let office = Arc::new(office);
    let views = Desk::open(Arc::clone(&office)).await.unwrap();
    let (_staff, chen) = reviewer(&office, "990201").await;
    let seen = (views.as_ref(), &chen.who);
    shown::the_files_are_shown_with_what_went_back(seen, &raw).await;
    shown::the_pages_say_what_was_published(seen, &raw).await;
    shown::the_largest_household_is_shown_whole(seen, &raw).await;
    shown::a_warning_walks_back_to_its_row(&office, seen, &raw).await;
}

fn rows_are_taken_or_refused_one_by_one(received: &[Received], raw: &BTreeMap<String, Household>) {
    let persons = raw.values().flat_map(|h| &h.members);
    let mut wrong: Vec<u32> = persons
        .clone()
        .filter(|m| m.contradicts())
        .map(|m| m.row)
        .collect();
    wrong.sort_unstable();
    let persons = u64::try_from(persons.count()).unwrap();
    let [households, register] = received else {
        panic!("two files, {}", received.len())
    };
    let doors = u64::try_from(raw.len()).unwrap();
    assert_eq!(
        (households.feed.as_str(), households.state.clone()),
        ("households", State::Applied)
    );
    let counts = households.counts;
    assert_eq!(
        (counts.received, counts.applied, counts.refused),
        (doors, doors, 0)
    );
    assert_eq!(
        (register.feed.as_str(), register.state.clone()),
        ("register", State::Applied)
    );
    let counts = register.counts;
    let refused = u64::try_from(wrong.len()).unwrap();
    assert_eq!(
        (counts.received, counts.applied, counts.refused),
        (persons, persons - refused, refused)
    );
    let told: Vec<u32> = register.refusals.iter().map(|r| r.row_no).collect();
    assert_eq!(told, wrong);
    let why = |r: &store::batches::Refusal| r.message.contains("出生年份和年龄对不上");
    assert!(
        !told.is_empty() && register.refusals.iter().all(why),
        "{:?}",
        register.refusals
    );
    reported(&wrong.iter().map(|row| u64::from(*row)).collect::<Vec<_>>());
    println!("rows: {doors} households, {persons} persons, refused {refused}: {told:?}");
}

/// What the run says of everybody, and the same counted from the raw files.
fn every_household_is_judged_as_by_hand(run: &MonthRun, raw: &BTreeMap<String, Household>) {
    let all = || raw.values();
    let whole = || raw.values().filter(|h| !h.has_gap());
    let gaps = count(all(), Household::has_gap);
    let doors = count(all(), |_| true);
    let persons: usize = all()
        .map(|h| h.members.iter().filter(|m| !m.contradicts()).count())
        .sum();
    assert_eq!(
        (run.households, run.persons),
        (doors, u64::try_from(persons).unwrap())
    );
    let silent = count(whole(), |h| h.declared() == 0);
    assert_eq!(
        verdict(run, "declared_income"),
        (silent, doors - gaps - silent, gaps)
    );
    let poor = count(whole(), |h| h.is_below_line(h.spending));
    assert_eq!(
        verdict(run, "spending_poverty"),
        (poor, doors - gaps - poor, gaps)
    );
    let known = |h: &Household| h.income_known();
    let poor_by_income = count(whole(), |h| known(h) && h.is_below_line(h.declared()));
    let unknown = count(all(), |h| h.has_gap() || !known(h));
    let by_income = (poor_by_income, doors - unknown - poor_by_income, unknown);
    assert_eq!(verdict(run, "income_poverty"), by_income);
    let over = count(whole(), Household::spends_over_declared);
    assert_eq!((run.warnings_raised, run.tasks_raised), (over, over));
    println!("households with a refused member: {gaps}; with an income nobody knows: {unknown}");
    println!(
        "below the line by spending {poor} ({} of 10,000), by income {poor_by_income} ({})",
        per_myriad(poor, doors - gaps),
        per_myriad(poor_by_income, doors - unknown)
    );
    println!("declare nothing {silent}, warned of {over}");
    // With the refused rows, as the files were published.
    let published = count(all(), Household::spends_over_declared);
    println!("in the raw files spend over {published}");
    let sizes = [doors, run.persons, doors - gaps, doors - unknown];
    reported(&sizes);
    reported(&[unknown, poor, poor_by_income, silent, over, published]);
}

/// The report tells these figures.
fn reported(figures: &[u64]) {
    let report = std::fs::read_to_string(rulebook().join("../docs/survey.md")).unwrap();
    for figure in figures {
        let digits = figure.to_string();
        let (front, back) = digits.split_at(digits.len().saturating_sub(3));
        let text = if front.is_empty() {
            digits.clone()
        } else {
            format!("{front},{back}")
        };
        assert!(report.contains(&text), "docs/survey.md does not say {text}");
    }
}

async fn both_evaluators_agree(office: &Office) {
    let data = MonthData::load(office, month(MONTH)).await.unwrap();
    let dict = &data.program.dict;
    let (home, person) = (dict.entity("家庭").unwrap(), dict.entity("个人").unwrap());
    let members = &data.frames.relations[&dict.relation("成员").unwrap()];
    let mut clusters: BTreeMap<i64, Cluster> = BTreeMap::new();
    for id in data.frames.entities[&home].ids().values() {
        clusters.entry(*id).or_default().ids.insert(home, vec![*id]);
    }
    for (owner, target) in members
        .owners()
        .values()
        .iter()
        .zip(members.targets().values())
    {
        if let Some(cluster) = clusters.get_mut(owner) {
            cluster.ids.entry(person).or_default().push(*target);
        }
    }
    let people = Population {
        frames: data.frames.clone(),
        clusters: clusters.into_values().collect(),
    };
    let moments = rules::situation::Moments::monthly(data.month);
    let found = compare(&data.program, moments, &people, &data.judged);
    println!(
        "{} households by both evaluators: {} values, {} known",
        people.clusters.len(),
        found.compared,
        found.known
    );
    reported(&[found.compared, found.known]);
    assert_eq!(found.differences, []);
    assert!(
        found.known > 300_000,
        "too little known to say anything: {found:?}"
    );
}

async fn the_same_again_changes_nothing(office: &Office, feeds: &Path, run: &MonthRun) {
    for file in receive(office, feeds).await {
        assert_eq!(file.state, State::Repeated, "{}", file.file);
    }
    let again = monitoring::run_month(office, month(MONTH), |_| {})
        .await
        .unwrap();
    assert_eq!(
        (
            again.warnings_raised,
            again.tasks_raised,
            again.warnings_closed
        ),
        (0, 0, 0)
    );
    assert_eq!(again.warnings_seen_again, run.warnings_raised);
    assert_eq!(again.verdicts, run.verdicts);
    assert!(office::audit::verify(office).await.unwrap().is_whole());
    for check in office::doctor::examine(office).await.unwrap() {
        assert!(check.good, "{check:?}");
    }
}

/// The rulebook with one of the survey's files changed.
fn changed(folder: &Path, file: &str, from: &str, to: &str) -> PathBuf {
    let copy = folder.join("rulebook");
    copy_folder(&rulebook(), &copy);
    let path = copy.join("localities/survey").join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has no {from}");
    std::fs::write(&path, text.replace(from, to)).unwrap();
    copy
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            std::fs::copy(&path, target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_feed_that_does_not_say_so_still_sends_1e05_back() {
    let Some(files) = raw::folder() else { return };
    let folder = tempfile::tempdir().unwrap();
    let rules = changed(folder.path(), "feeds/households.md", " 科学计数", "");
    let office = open(&folder.path().join("data"), Some(rules)).await;
    let named = Some(("households", month(MONTH)));
    let file = files.join("pslm2015_households.csv.gz");
    let received = Intake::new(&office)
        .receive(&file, named, false)
        .await
        .unwrap();
    let scientific = |r: &store::batches::Refusal| r.code == "integer" && r.message.contains("e+0");
    assert!(
        received.refusals.iter().all(scientific),
        "{:?}",
        received.refusals
    );
    assert_eq!(
        (received.counts.refused, received.counts.applied),
        (42, 24_196)
    );
    office.close().await;
}

const DOORS: &str = "hh,province,region,exp_food,exp_restaurant,exp_furnishing,exp_misc,exp_tobacco,exp_housing,exp_clothing,exp_health,exp_transport,exp_communication,exp_recreation,exp_education,exp_nondurable_total";
const PEOPLE: &str =
    "hh,pid,relation,sex,age,birth_year,marital,work_income_year,pension_benefit_year";

/// Invented files in the survey's form, compressed as it sends them.
struct Invented {
    folder: tempfile::TempDir,
}

impl Invented {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn feeds(&self) -> PathBuf {
        self.folder.path().join("feeds")
    }

    fn file(&self, month: &str, feed: &str, header: &str, rows: &[String]) {
        let folder = self.feeds().join(month);
        std::fs::create_dir_all(&folder).unwrap();
        let file = std::fs::File::create(folder.join(format!("{feed}.csv.gz"))).unwrap();
        let mut packed = GzEncoder::new(file, Compression::fast());
        writeln!(packed, "{header}\n{}", rows.join("\n")).unwrap();
        packed.finish().unwrap();
    }

    fn doors(&self, month: &str, numbers: &[&str]) {
        let row = |n: &&str| format!("{n},Punjab,Rural,3e+04,0,0,0,0,0,0,0,0,0,0,0,30000");
        let rows: Vec<String> = numbers.iter().map(row).collect();
        self.file(month, "households", DOORS, &rows);
    }

    fn people(&self, month: &str, rows: &[String]) {
        self.file(month, "register", PEOPLE, rows);
    }

    async fn open(&self, rules: Option<PathBuf>) -> Office {
        open(&self.folder.path().join("data"), rules).await
    }
}

fn head(number: &str, person: &str, age: i32) -> String {
    format!(
        "{number},{person},Head,Male,{age},{},Currently Married,0,",
        2015 - age
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_without_a_number_is_the_same_next_month_and_a_refused_one_leaves_a_gap() {
    let invented = Invented::new();
    let office = invented.open(None).await;
    for (month, wrong_age) in [("2016-05", 40), ("2016-06", 30)] {
        invented.doors(month, &["A-1", "A1", "B"]);
        let mut wrong = head("B", "1", 40);
        wrong = wrong.replace(",40,", &format!(",{wrong_age},"));
        let rows = [
            head("A-1", "1", 50),
            head("A1", "1", 50),
            wrong,
            "B,2,Spouse,Female,35,1980,Currently Married,,".to_owned(),
            head("C", "1", 20),
        ];
        invented.people(month, &rows);
    }
    let received = receive(&office, &invented.feeds()).await;
    let refused = |at: usize| -> Vec<_> {
        received[at]
            .refusals
            .iter()
            .map(|r| (r.row_no, r.code.as_str()))
            .collect()
    };
    assert_eq!(refused(1), [(5, "household")], "nobody has told of C");
    assert_eq!(refused(3), [(3, "rule"), (5, "household")]);
    let may = monitoring::run_month(&office, month("2016-05"), |_| {})
        .await
        .unwrap();
    assert_eq!((may.households, may.persons), (3, 4), "A-1 and A1 are two");
    assert_eq!(verdict(&may, "declared_income"), (3, 0, 0));
    assert_eq!(
        verdict(&may, "income_poverty"),
        (2, 0, 1),
        "B's wife was not asked"
    );
    let june = monitoring::run_month(&office, month("2016-06"), |_| {})
        .await
        .unwrap();
    assert_eq!((june.households, june.persons), (3, 4), "nobody came twice");
    assert_eq!(
        verdict(&june, "declared_income"),
        (2, 0, 1),
        "a row of B went back"
    );
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_known_by_household_and_then_has_a_number_is_one_person() {
    let invented = Invented::new();
    let column = "列 pid → 人号 : 文本 必填\n列 cnic → 证件号码 : 证件号";
    let rules = changed(
        invented.folder.path(),
        "feeds/register.md",
        "列 pid → 人号 : 文本 必填",
        column,
    );
    let office = invented.open(Some(rules)).await;
    invented.doors("2016-05", &["A"]);
    let with = |number: &str| vec![format!("{},{number}", head("A", "1", 50))];
    let header = format!("{PEOPLE},cnic");
    for (month, number) in [
        ("2016-05", ""),
        ("2016-06", "990101195403121282"),
        ("2016-07", "990101195403121282"),
    ] {
        invented.file(month, "register", &header, &with(number));
    }
    for file in receive(&office, &invented.feeds()).await {
        assert_eq!(
            (file.state, file.counts.refused),
            (State::Applied, 0),
            "{}",
            file.file
        );
    }
    let run = monitoring::run_month(&office, month("2016-07"), |_| {})
        .await
        .unwrap();
    assert_eq!(run.persons, 1);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_longer_than_the_dictionary_allows_is_unknown_and_not_summed() {
    let invented = Invented::new();
    let rules = changed(invented.folder.path(), "facts.md", "至多 100", "至多 30");
    let office = invented.open(Some(rules)).await;
    invented.doors(MONTH, &["A", "B"]);
    let mut rows: Vec<String> = (1..=31).map(|n| head("A", &n.to_string(), 50)).collect();
    rows.extend((1..=30).map(|n| head("B", &n.to_string(), 50)));
    invented.people(MONTH, &rows);
    receive(&office, &invented.feeds()).await;
    let run = monitoring::run_month(&office, month(MONTH), |_| {})
        .await
        .unwrap();
    assert_eq!((run.households, run.persons), (2, 61));
    assert_eq!(verdict(&run, "declared_income"), (1, 0, 1));
    office.close().await;
}
