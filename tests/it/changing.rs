//! Changing the rulebook: what stands in the way says so, two persons sign, and whatever comes in
//! broken leaves the one in force as it was.

mod live;
mod preview;

use crate::postgres;
use crate::staff::Staff;
use domain::Day;
use office::access::{Access, Acting, By, NewAccount};
use office::rulebook::{self as changing, Changing, Proposal, Review, VersionRow};
use office::{Clock, Database, Office, OfficeError, Setting, Watch};
use rules::SourceText;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const AREAS: &str = "code,name,level,parent,urban_rural_code\n99,示例省,1,,\n9901,示例市,2,99,\n\
    990101,示例县,3,9901,\n";
const NUMBERS: &str = "localities/demo/parameters.csv";
const DIBAO: &str = "policies/dibao.md";

struct Bench {
    folder: tempfile::TempDir,
    database: Database,
    rulebook: Option<PathBuf>,
    office: Option<Arc<Office>>,
}

impl Bench {
    /// An office with two reviewers, and two accounts of the first of them.
    async fn new(database: Database, rulebook: Option<PathBuf>) -> Self {
        let mut bench = Self {
            folder: tempfile::tempdir().unwrap(),
            database,
            rulebook,
            office: None,
        };
        bench.reopen().await.unwrap();
        let areas = bench.folder.path().join("areas.csv");
        std::fs::write(&areas, AREAS).unwrap();
        let office = bench.office();
        office.load_areas(&areas).await.unwrap();
        let staff = Staff::of(&office, "990101").await;
        for login in ["chen", "zhou"] {
            staff.add(login, "县级审核", "990101").await;
        }
        staff.add("wang", "窗口经办", "990101").await;
        let again = NewAccount {
            login: "chen-b".to_owned(),
            name: "chen的姓名".to_owned(),
            organisation: "bureau".to_owned(),
        };
        staff.access.add_account(By::Machine, &again).await.unwrap();
        staff.give("chen-b", "县级审核", "990101").await;
        bench
    }

    /// The real rulebook with one place in a folder of its own, so that checking it is quick.
    async fn small() -> (Self, tempfile::TempDir) {
        let folder = small_rulebook();
        let at = Some(folder.path().to_owned());
        (Self::new(Database::Sqlite, at).await, folder)
    }

    fn setting(&self) -> Setting {
        Setting {
            folder: self.folder.path().join("data"),
            database: self.database.clone(),
            rulebook: self.rulebook.clone(),
            locality: "demo".to_owned(),
            clock: Clock::fixed("2026-09-14T09:00").unwrap(),
        }
    }

    async fn close(&mut self) {
        if let Some(office) = self.office.take() {
            Arc::into_inner(office).unwrap().close().await;
        }
    }

    async fn reopen(&mut self) -> Result<(), OfficeError> {
        self.close().await;
        self.office = Some(Arc::new(Office::open(self.setting()).await?));
        Ok(())
    }

    fn office(&self) -> Arc<Office> {
        Arc::clone(self.office.as_ref().unwrap())
    }

    fn text(&self, path: &str) -> String {
        self.office().book().texts()[path].clone()
    }

    async fn who(&self, login: &str) -> Acting {
        let access = Access::open(self.office(), Watch::by_hand(self.office().clock())).unwrap();
        let begun = access.session_at_the_machine(login, "测试").await.unwrap();
        let visitor = access.visitor(&begun.secret.text()).await.unwrap();
        visitor.unwrap().acting
    }

    async fn propose(
        &self,
        texts: &[(&str, String)],
        no: Option<i64>,
    ) -> Changing<(VersionRow, Review)> {
        let texts = texts.iter().map(|(path, text)| SourceText {
            path: (*path).to_owned(),
            text: text.clone(),
        });
        let proposal = Proposal {
            texts: texts.collect(),
            remove: Vec::new(),
            because: "示例民发〔2026〕1 号".to_owned(),
            no,
        };
        changing::propose(&self.office(), &self.who("chen").await, proposal).await
    }

    async fn sign(&self, login: &str, no: i64) -> Result<VersionRow, String> {
        let done = changing::sign(&self.office(), &self.who(login).await, no).await;
        done.map_err(|e| e.to_string())
    }
}

/// The real rulebook with one place.
fn small_rulebook() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in changing::read(None).unwrap().texts() {
        if path.starts_with("localities/") && !path.starts_with("localities/demo/") {
            continue;
        }
        let file = folder.path().join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    folder
}

/// The numbers of the place with a standard that rises on a day.
fn raised(numbers: &str, from: &str, last: &str) -> String {
    let mut out = String::new();
    for line in numbers.lines() {
        if line.contains(",低保标准,990101,城乡=城镇,2026-07-01,,820,") {
            out.push_str(&line.replace("2026-07-01,,820", &format!("2026-07-01,{last},820")));
            out.push('\n');
            out.push_str(&line.replace("2026-07-01,,820", &format!("{from},,900")));
        } else {
            out.push_str(line);
        }
        out.push('\n');
    }
    assert_ne!(
        out, numbers,
        "the standard of the demo is where the test looks for it"
    );
    out
}

async fn two_persons_sign(database: Database) {
    let mut bench = Bench::new(database, None).await;
    let before = bench.text(NUMBERS);
    let numbers = raised(&before, "2027-01-01", "2026-12-31");
    let (row, review) = bench
        .propose(&[(NUMBERS, numbers.clone())], None)
        .await
        .unwrap();
    assert_eq!(review.blockers, Vec::<String>::new());
    assert_eq!((row.no, row.state), (1, "待签"));
    assert_eq!(review.since.day, Day::new(2027, 1, 1));
    let files: Vec<&str> = review.changes.iter().map(|c| c.path.as_str()).collect();
    assert_eq!(files, [NUMBERS]);
    let told: Vec<&str> = review.changes[0]
        .differences
        .iter()
        .map(|d| d.is.as_str())
        .collect();
    assert!(
        told.iter()
            .any(|is| is.starts_with("2027-01-01 起 900 元/人月")),
        "{told:?}"
    );

    let again = bench
        .propose(&[(NUMBERS, numbers.clone())], None)
        .await
        .unwrap()
        .0;
    assert_eq!(again.no, 1, "the same texts are the same proposal");
    let other = raised(&before, "2027-02-01", "2027-01-31");
    let taken = bench.propose(&[(NUMBERS, other)], Some(1)).await;
    assert!(taken.unwrap_err().to_string().contains("摘要不同"));

    assert!(
        bench
            .sign("wang", 1)
            .await
            .unwrap_err()
            .contains("没有“签发规则”")
    );
    assert_eq!(bench.sign("chen", 1).await.unwrap().state, "待签");
    for same in ["chen", "chen-b"] {
        assert!(bench.sign(same, 1).await.unwrap_err().contains("另一个人"));
    }
    bench.reopen().await.unwrap();
    assert_eq!(
        bench.office().version(),
        0,
        "one signature puts nothing in force"
    );
    let signed = bench.sign("zhou", 1).await.unwrap();
    assert_eq!((signed.state, signed.signed.len()), ("生效", 2));
    assert_eq!(
        bench.text(NUMBERS),
        before,
        "what is at work goes on with what it began with"
    );

    bench.reopen().await.unwrap();
    assert_eq!(bench.office().version(), 1);
    assert_eq!(bench.text(NUMBERS), numbers);
    let who = bench.who("chen").await;
    let why = changing::withdraw(&bench.office(), &who, 1, "后悔").await;
    assert!(why.unwrap_err().to_string().contains("不能撤回"));

    bench.rulebook = Some(bench.folder.path().to_owned());
    assert!(
        bench
            .reopen()
            .await
            .unwrap_err()
            .to_string()
            .contains("两人签发")
    );
    bench.rulebook = None;
    let digest = store::digest::hex(&store::digest::of_bytes(numbers.as_bytes()));
    let held = bench.folder.path().join("data/rulebooks").join(digest);
    std::fs::write(&held, numbers.replace("900", "990")).unwrap();
    assert!(
        bench
            .reopen()
            .await
            .unwrap_err()
            .to_string()
            .contains("被改动过")
    );
    std::fs::write(&held, &numbers).unwrap();
    bench.reopen().await.unwrap();
    bench.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_is_in_force_from_the_next_opening_after_two_persons_signed() {
    two_persons_sign(Database::Sqlite).await;
    if let Some(address) = postgres::fresh_database().await {
        two_persons_sign(Database::Postgres { address }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_made_from_one_that_is_no_longer_in_force_cannot_be_signed() {
    let (mut bench, rulebook) = Bench::small().await;
    let before = bench.text(NUMBERS);
    for (from, last) in [("2027-01-01", "2026-12-31"), ("2027-02-01", "2027-01-31")] {
        let numbers = raised(&before, from, last);
        bench.propose(&[(NUMBERS, numbers)], None).await.unwrap();
    }
    for login in ["chen", "zhou"] {
        bench.sign(login, 1).await.unwrap();
    }
    let late = bench.sign("chen", 2).await;
    let late = match late {
        // The office still works with what it opened with: the record itself refuses the second name.
        Ok(_) => bench.sign("zhou", 2).await.unwrap_err(),
        Err(said) => said,
    };
    assert!(late.contains("规则版本 2"), "{late}");
    bench.close().await;
    bench.rulebook = None;
    bench.reopen().await.unwrap();
    assert_eq!(bench.office().version(), 1);
    let late = bench.sign("zhou", 2).await.unwrap_err();
    assert!(late.contains("现在运行的是第 1 版"), "{late}");
    bench.close().await;
    drop(rulebook);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_thing_in_the_way_is_told_and_keeps_a_proposal_from_being_signed() {
    let (mut bench, _rulebook) = Bench::small().await;
    let (dibao, numbers) = (bench.text(DIBAO), bench.text(NUMBERS));
    let without_standard: String = numbers
        .lines()
        .filter(|line| !line.contains("就业成本上限"))
        .map(|line| format!("{line}\n"))
        .collect();
    let formula = "= 低保标准 * 计入人数 - 认定年收入 / 12 月/年";
    let wrong = |to: &str| dibao.replace(formula, to);
    let table: Vec<(&str, String, &str)> = vec![
        (NUMBERS, without_standard, "就业成本上限"),
        (
            NUMBERS,
            raised(&numbers, "2027-03-01", "2026-12-31"),
            "param-gap",
        ),
        (
            DIBAO,
            dibao.replace("人均月收入 < 低保标准\n", "人均月收入 <= 低保标准\n"),
            "案例 `恰等于标准`",
        ),
        (
            NUMBERS,
            numbers.replace(",820,元/人月", ",820,元/人世纪"),
            "人世纪",
        ),
        (
            DIBAO,
            dibao.replace(
                "社会救助法 第十八条  否则 家里",
                "社会救助法 第九百条  否则 家里",
            ),
            "第九百条",
        ),
        (DIBAO, wrong("= 差额"), "差额"),
        (
            DIBAO,
            wrong("= 低保标准 * 计入人数 * 9000000000000000000 - 认定年收入 / 12 月/年"),
            "overflow",
        ),
        (
            "policies/dibao-2014.md",
            bench
                .text("policies/dibao-2014.md")
                .replace("2026-06-30 止", "2026-05-31 止"),
            "没有规则",
        ),
        (
            "channels/finds.md",
            bench
                .text("channels/finds.md")
                .replace("| dibao | 是 | 否 |", "| dibao | 是 | 是 |"),
            "`dibao` 不能改成依政策给予,要本人申请(最低生活保障审核确认办法 第二十八条)",
        ),
    ];
    for (no, (path, text, expected)) in (1_i64..).zip(table) {
        assert_ne!(
            text,
            bench.text(path),
            "{expected}: the text is where the test looks for it"
        );
        let (row, review) = bench.propose(&[(path, text)], None).await.unwrap();
        let all = review.blockers.join("\n");
        assert!(all.contains(expected), "{expected}: {all}");
        assert_eq!((row.no, row.state), (no, "草稿"));
        assert!(bench.sign("chen", no).await.unwrap_err().contains("草稿"));
    }
    bench.reopen().await.unwrap();
    assert_eq!(bench.office().version(), 0);
    assert_eq!(bench.text(DIBAO), dibao);
    bench.close().await;
}

fn zip(path: &Path, parts: &[(&str, &[u8])]) {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, bytes) in parts {
        zip.start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}

#[test]
fn a_hostile_file_is_refused_with_its_place_before_anything_is_kept() {
    let known = BTreeMap::from([(DIBAO.to_owned(), "# 低保\n".to_owned())]);
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    zip(&at("up.zip"), &[("../../etc/a.md", b"x")]);
    zip(
        &at("bomb.zip"),
        &[("policies/dibao.md", &vec![b'a'; 64 << 20])],
    );
    std::fs::write(
        at("cut.zip"),
        &std::fs::read(at("bomb.zip")).unwrap()[..2_000],
    )
    .unwrap();
    let folder_of = |name: &str, bytes: &[u8]| {
        let file = at(name).join(DIBAO);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, bytes).unwrap();
    };
    folder_of("long", &vec![b'a'; 10 << 20]);
    folder_of("gbk", &[0xB5, 0xCD, 0xB1, 0xA3]);
    folder_of(
        "line",
        format!("# 低保\n{}\n", "a".repeat(1_900_000)).as_bytes(),
    );
    std::fs::write(at("dibao.md"), "# 低保\n收\u{200B}入\n").unwrap();
    std::fs::write(at("nobody.md"), "# 新\n").unwrap();
    for (name, expected) in [
        ("up.zip", "指向压缩包以外"),
        ("bomb.zip", "policies/dibao.md: 太大"),
        ("cut.zip", "不完整或已损坏"),
        ("long", "policies/dibao.md: 太大"),
        ("gbk", "policies/dibao.md:1:1: 从这里起不是 UTF-8,像是 GBK"),
        ("line", "policies/dibao.md:2:1: 这一行有 1900000 字节"),
        ("dibao.md", "policies/dibao.md:2:2: 有看不见的字符 U+200B"),
        ("nobody.md", "手册里没有这个文件"),
    ] {
        let refused = changing::open(&at(name), &known).unwrap_err();
        let told = refused[0].to_string();
        assert!(told.contains(expected), "{name}: {told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_in_one_place_keeps_only_that_place_from_opening() {
    let folder = tempfile::tempdir().unwrap();
    let rulebook = folder.path().join("rulebook");
    for (path, text) in changing::read(None).unwrap().texts() {
        let file = rulebook.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    let numbers = rulebook.join("localities/weihai/parameters.csv");
    let mut broken = std::fs::read_to_string(&numbers).unwrap();
    broken.push_str("dibao,没有这个数,,,2026-07-01,,1,元,示例值,\n");
    std::fs::write(&numbers, broken).unwrap();
    for (locality, opens) in [("demo", true), ("weihai", false)] {
        let setting = Setting {
            folder: folder.path().join(locality),
            database: Database::Sqlite,
            rulebook: Some(rulebook.clone()),
            locality: locality.to_owned(),
            clock: Clock::fixed("2026-09-14T09:00").unwrap(),
        };
        match Office::open(setting).await {
            Ok(office) => {
                assert!(opens, "{locality}");
                office.close().await;
            }
            Err(error) => assert!(!opens && error.to_string().contains("weihai"), "{error}"),
        }
    }
}
