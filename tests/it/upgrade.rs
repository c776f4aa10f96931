//! J8.8: the binary is changed first and the new rulebook is signed later. An office that signed a version
//! under an older program opens, goes on by that version, refuses what needs the missing part and says how
//! to sign it; a record of a newer program is left alone.

use crate::browse::ask;
use crate::county::{County, Faults, run_months};
use crate::postgres;
use crate::staff::{Signed, Staff};
use axum::Router;
use domain::Month;
use office::access::{Access, Acting, Right};
use office::rulebook::{self as changing, Proposal};
use office::{Clock, Database, Office, Setting, Watch};
use rules::SourceText;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::digest::{hex, of_bytes};
use store::rulebooks::{self, NewVersion, Signature, VersionState};
use store::users::UserId;
use store::{Act, Opening, Store};
use tempfile::TempDir;

const AREAS: &str = "code,name,level,parent,urban_rural_code\n99,示例省,1,,\n9901,示例市,2,99,\n\
    990101,示例县,3,9901,\n";
const ACCESS: &str = "access/access.md";
const EDGE: &str = "procedures/edge.md";
const DEATHS: &str = "warnings/paid-after-death.md";

type Texts = BTreeMap<String, String>;

fn setting(folder: &Path, database: &Database) -> Setting {
    Setting {
        folder: folder.join("data"),
        database: database.clone(),
        rulebook: None,
        locality: "demo".to_owned(),
        clock: Clock::fixed("2026-09-14T09:00").unwrap(),
    }
}

/// The program's rulebook with one place, so that checking it is quick.
fn program() -> Texts {
    let book = changing::read(None).unwrap();
    let own = |path: &str| !path.starts_with("localities/") || path.starts_with("localities/demo/");
    let texts = book.texts().iter().filter(|(path, _)| own(path));
    texts
        .map(|(path, text)| (path.clone(), text.clone()))
        .collect()
}

fn without(texts: &mut Texts, path: &str, part: &str) {
    let text = texts.get_mut(path).unwrap();
    assert!(text.contains(part), "{path} no longer says {part}");
    *text = text.replacen(part, "", 1);
}

/// What an older program's rulebook did not say: a right, a setting, who does a step.
fn older() -> Texts {
    let mut texts = program();
    let lines: Vec<String> = texts[ACCESS]
        .lines()
        .filter(|l| l.starts_with("| photo.view |") || l.starts_with("| 平板离线 |"))
        .map(|l| format!("{l}\n"))
        .collect();
    assert_eq!(lines.len(), 2);
    for line in &lines {
        without(&mut texts, ACCESS, line);
    }
    without(&mut texts, EDGE, "  谁 窗口经办  限 3 个工作日  凭 意见");
    texts
}

/// Puts a version in force as it was signed when the program had nothing against it.
async fn signed_long_ago(folder: &Path, database: &Database, texts: &Texts) {
    let data = folder.join("data");
    let shelf = data.join("rulebooks");
    std::fs::create_dir_all(&shelf).unwrap();
    let mut digests = BTreeMap::new();
    let mut whole = String::from("doudi/rulebook/1\n");
    for (path, text) in texts {
        let digest = of_bytes(text.as_bytes());
        std::fs::write(shelf.join(hex(&digest)), text).unwrap();
        whole.push_str(&format!("{} {path}\n", hex(&digest)));
        digests.insert(path.clone(), digest);
    }
    let at = Clock::fixed("2026-09-14T09:00").unwrap().at();
    let opening = Opening {
        folder: data,
        database: database.clone(),
        at: at.clone(),
    };
    let store = Store::open(opening).await.unwrap();
    let users = store::users::list(&store).await.unwrap();
    let user = |login: &str| users.iter().find(|u| u.login == login).unwrap().id;
    let new = NewVersion {
        no: 1,
        digest: of_bytes(whole.as_bytes()),
        base: 0,
        base_digest: of_bytes(b"before"),
        effective: None,
        because: "示例民发〔2026〕1 号".to_owned(),
        state: VersionState::Waiting,
        proposed_by: user("chen"),
        proposed_at: at.clone(),
    };
    let hand = |user: UserId| Signature {
        user,
        person: user.get(),
        at: at.clone(),
    };
    let mut tx = store.write().await.unwrap();
    rulebooks::add(&mut tx, &new, &digests).await.unwrap();
    let (first, second) = (hand(user("chen")), hand(user("zhou")));
    rulebooks::sign_first(&mut tx, 1, new.digest, &first)
        .await
        .unwrap();
    rulebooks::sign_second(&mut tx, 1, new.digest, &second)
        .await
        .unwrap();
    tx.record(Act::new(&at, "zhou", "rulebook.activate").on("rulebook-version", 1));
    tx.commit().await.unwrap();
    store.close().await;
}

/// Two who sign; the office is closed again.
async fn staffed(office: Office) {
    let office = Arc::new(office);
    let staff = Staff::of(&office, "990101").await;
    for login in ["chen", "zhou"] {
        staff.add(login, "县级审核", "990101").await;
    }
    drop(staff);
    Arc::into_inner(office).unwrap().close().await;
}

/// An office with nothing in it but its places and two who sign.
async fn begun(database: &Database) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let office = Office::open(setting(folder.path(), database))
        .await
        .unwrap();
    let areas = folder.path().join("areas.csv");
    std::fs::write(&areas, AREAS).unwrap();
    office.load_areas(&areas).await.unwrap();
    staffed(office).await;
    folder
}

struct Pages {
    router: Router,
    clerk: Signed,
    admin: Signed,
}

impl Pages {
    async fn of(office: &Arc<Office>) -> Self {
        let staff = Staff::of_beside(office, "990101").await;
        let clerk = staff.enter("wang", "窗口经办", "990101").await;
        let admin = staff.admin().await;
        let router = staff.router(office).await;
        Self {
            router,
            clerk,
            admin,
        }
    }

    async fn get(&self, who: &Signed, path: &str) -> (u16, String) {
        let told = ask(&self.router, who, "GET", path, &[]).await;
        (told.status, told.body)
    }
}

fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word}: {text}");
    }
}

async fn acting(office: &Arc<Office>, login: &str) -> Acting {
    let access = Access::open(Arc::clone(office), Watch::by_hand(office.clock())).unwrap();
    let begun = access.session_at_the_machine(login, "测试").await.unwrap();
    let visitor = access.visitor(&begun.secret.text()).await.unwrap();
    visitor.unwrap().acting
}

async fn opens_and_says_what_is_missing(database: Database) {
    let county = County::new(Faults::None);
    let folder = county.folder.path();
    let office = Office::open(setting(folder, &database)).await.unwrap();
    county.receive(&office).await;
    staffed(office).await;
    signed_long_ago(folder, &database, &older()).await;
    let office = Office::open(setting(folder, &database)).await.unwrap();
    let office = Arc::new(office);
    assert_eq!(office.version(), 1);
    let line = office.missing_line().unwrap();
    let parts = [
        "规则手册第 1 版",
        "缺 3 处",
        "`photo.view`(看照片和扫描件)",
        "`平板离线`",
        "procedures/edge.md 第",
        "doudi rulebook missing",
    ];
    says(&line, &parts);
    let checks = office::doctor::examine(&office).await.unwrap();
    let bad: Vec<_> = checks.iter().filter(|c| !c.good).map(|c| c.name).collect();
    assert_eq!(bad, ["手册缺项"], "{checks:?}");

    // The signed version is judged by, and only the procedure with the gap is out.
    let day = office.clock().today();
    let known: Vec<String> = office
        .procedures(day)
        .iter()
        .map(|p| p.id.clone())
        .collect();
    assert!(known.iter().any(|id| id == "dibao") && !known.iter().any(|id| id == "edge"));
    let runs = run_months(&office).await;
    assert!(runs.iter().all(|(_, run)| run.persons > 0) && !runs.is_empty());

    let pages = Pages::of(&office).await;
    let (status, page) = pages.get(&pages.clerk, "/photos/1").await;
    assert_eq!(status, 403);
    says(&page, &["看照片和扫描件", "photo.view", "两人签发就能用"]);
    let (status, page) = pages.get(&pages.clerk, "/inbox").await;
    assert_eq!(status, 200, "{page}");
    for (who, path) in [
        (&pages.clerk, "/"),
        (&pages.admin, "/admin/users"),
        (&pages.admin, "/health"),
    ] {
        let (status, page) = pages.get(who, path).await;
        assert_eq!(status, 200, "{path}");
        says(&page, &["第 1 版", "photo.view", "doudi rulebook missing"]);
    }
    drop(pages);
    let again = mended(folder, &office).await;
    Arc::into_inner(office).unwrap().close().await;
    assert_eq!(again, Vec::<String>::new());
    let office = Office::open(setting(folder, &database)).await.unwrap();
    assert_eq!((office.version(), office.missing_line()), (2, None));
    let clerk = acting(&Arc::new(office), "wang").await;
    assert!(clerk.may(Right::PHOTO));
}

/// What is missing is written down, proposed as it is and signed by two; what stood in its way.
async fn mended(folder: &Path, office: &Arc<Office>) -> Vec<String> {
    let written = folder.join("missing");
    let paths = office.write_missing(&written).unwrap();
    assert_eq!(paths, [ACCESS, EDGE]);
    assert!(
        office.write_missing(&written).is_err(),
        "nothing is overwritten"
    );
    let texts = paths.into_iter().map(|path| {
        let text = std::fs::read_to_string(written.join(&path)).unwrap();
        SourceText { path, text }
    });
    let proposal = Proposal {
        texts: texts.collect(),
        remove: Vec::new(),
        because: "程序升级".to_owned(),
        no: None,
    };
    let (chen, zhou) = (acting(office, "chen").await, acting(office, "zhou").await);
    let (row, review) = changing::propose(office, &chen, proposal).await.unwrap();
    changing::preview(office, &chen, row.no, |_| {})
        .await
        .unwrap();
    changing::sign(office, &chen, row.no).await.unwrap();
    changing::sign(office, &zhou, row.no).await.unwrap();
    review.blockers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_of_an_older_program_stays_in_force_and_says_what_it_lacks() {
    opens_and_says_what_is_missing(Database::Sqlite).await;
    if let Some(address) = postgres::fresh_database().await {
        opens_and_says_what_is_missing(Database::Postgres { address }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rule_that_cannot_be_read_is_left_out_whole_and_nobody_is_judged_without_it() {
    let database = Database::Sqlite;
    let folder = begun(&database).await;
    let mut texts = program();
    without(&mut texts, DEATHS, "触发");
    signed_long_ago(folder.path(), &database, &texts).await;
    let office = Office::open(setting(folder.path(), &database))
        .await
        .unwrap();
    let line = office.missing_line().unwrap();
    says(&line, &[DEATHS, "当月监测、签决定、编制发放先停"]);
    let program = office.program(office.clock().today());
    assert!(program.file("paid_after_death").is_none());
    assert!(program.file("dibao").is_some());
    let month = Month::parse("2026-08").unwrap();
    let run = office::monitoring::run_month(&office, month, |_| {}).await;
    let said = run.unwrap_err().to_string();
    says(&said, &[DEATHS, "doudi rulebook propose"]);
    office.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_program_leaves_the_record_of_a_newer_one_alone() {
    let database = Database::Sqlite;
    let folder = begun(&database).await;
    let file = folder.path().join("data/doudi.db");
    let newer = store::newest_schema() + 1;
    let connection = rusqlite::Connection::open(&file).unwrap();
    let sql = "insert into schema_version (version, checksum, at) values (?1, 'x', 'y')";
    connection.execute(sql, [newer]).unwrap();
    drop(connection);
    let before = of_bytes(&std::fs::read(&file).unwrap());
    let refused = Office::open(setting(folder.path(), &database)).await;
    let said = refused.err().unwrap().to_string();
    says(&said, &[&format!("第 {newer} 版"), "没有打开,数据没有改动"]);
    assert_eq!(before, of_bytes(&std::fs::read(&file).unwrap()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_is_brought_up_to_date_step_by_step_and_each_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let told = std::sync::Mutex::new(Vec::new());
    let tell = |upgrade| told.lock().unwrap().push(upgrade);
    let open = || Office::open_telling(setting(folder.path(), &Database::Sqlite), &tell);
    open().await.unwrap().close().await;
    let new: Vec<office::Upgrade> = std::mem::take(&mut *told.lock().unwrap());
    assert!(new.iter().all(|step| step.from == 0));
    assert_eq!(new.last().map(|step| step.to), Some(store::newest_schema()));
    // As the program before 0018 left it.
    let file: PathBuf = folder.path().join("data/doudi.db");
    let connection = rusqlite::Connection::open(&file).unwrap();
    let before = "delete from schema_version where version = 18; drop table feed_undo";
    connection.execute_batch(before).unwrap();
    drop(connection);
    open().await.unwrap().close().await;
    let steps = std::mem::take(&mut *told.lock().unwrap());
    let [step] = steps.as_slice() else {
        panic!("{steps:?}")
    };
    assert_eq!((step.to, step.done, step.all), (18, 0, 1));
    assert!(step.from > 0);
    open().await.unwrap().close().await;
    assert!(told.lock().unwrap().is_empty());
}
