//! The catalogue of bad cells: `inputs/*.md`, tables that anybody may read and add to.
//!
//! `来文 deaths,列 身份证号` names the feed and the column; each row of the table below it is one cell
//! and the answer it must get: `入库`; `提醒` where it is taken and its sender told that it deserves a look; or
//! `退回`; the two with the code and words of the message.

use crate::county::open;
use office::Database;
use office::intake::{Intake, State};
use std::path::{Path, PathBuf};

/// Good rows in front of the bad ones, so that the share of refusals condemns no file.
const GOOD_ROWS: usize = 400;

struct Input {
    id: String,
    cell: String,
    answer: String,
}

struct Group {
    feed: String,
    column: String,
    inputs: Vec<Input>,
}

/// A row of each feed that nothing is wrong with.
fn good_row(feed: &str) -> Vec<(&'static str, &'static str)> {
    match feed {
        "deaths" => vec![
            ("身份证号", "990101195403121282"),
            ("姓名", "王桂英"),
            ("死亡日期", "2026-08-03"),
            ("登记日期", "2026-08-05"),
            ("来源", "公安注销"),
        ],
        "social-insurance" => vec![
            ("身份证号", "990101195403121282"),
            ("姓名", "王桂英"),
            ("单位名称", "示例厂"),
            ("统一社会信用代码", ""),
            ("险种", "职工养老"),
            ("参保月份", "2026-08"),
            ("缴费基数", "4000"),
            ("申报工资", "4000"),
        ],
        "roll" => vec![
            ("身份证号", "990101195403121282"),
            ("姓名", "王桂英"),
            ("户编号", "H1"),
            ("救助类型", "低保"),
            ("起始月份", "2026-01"),
            ("月发放额", "400"),
            ("银行卡号", ""),
        ],
        "business" => vec![
            ("统一社会信用代码", "91350100M000100Y43"),
            ("名称", "示例店"),
            ("类型", "个体工商户"),
            ("身份证号", "990101195403121282"),
            ("姓名", "王桂英"),
            ("状态", "存续"),
        ],
        other => panic!("no good row of {other}"),
    }
}

fn read(path: &Path) -> Vec<Group> {
    let text = std::fs::read_to_string(path).unwrap();
    let mut groups: Vec<Group> = Vec::new();
    for line in text.lines() {
        if let Some((feed, column)) = line
            .strip_prefix("来文 ")
            .and_then(|rest| rest.split_once(",列 "))
        {
            groups.push(Group {
                feed: feed.to_owned(),
                column: column.trim().to_owned(),
                inputs: vec![],
            });
            continue;
        }
        // The cell stands between backticks, so that blanks and signs of the table can be written.
        let Some((before, after)) = line.strip_prefix("| ").and_then(|l| l.split_once(" | `"))
        else {
            continue;
        };
        let (cell, answer) = after
            .rsplit_once("` | ")
            .unwrap_or_else(|| panic!("{line}"));
        let input = Input {
            id: before.to_owned(),
            cell: unescape(cell),
            answer: answer.trim_end_matches('|').trim().to_owned(),
        };
        groups
            .last_mut()
            .unwrap_or_else(|| panic!("no 来文 above {line}"))
            .inputs
            .push(input);
    }
    groups
}

/// `\u{200B}` is what cannot be seen in a table; the one of D19 is five thousand characters.
fn unescape(cell: &str) -> String {
    if cell == "\\u{D19}" {
        return "长".repeat(5_000);
    }
    let mut out = String::new();
    let mut rest = cell;
    while let Some((before, after)) = rest.split_once("\\u{") {
        let (code, later) = after.split_once('}').unwrap();
        out.push_str(before);
        out.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
        rest = later;
    }
    out.push_str(rest);
    out
}

/// What the import answers to each cell of a group.
async fn answers(group: &Group) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(format!("{}.2026-08.csv", group.feed));
    let row = good_row(&group.feed);
    let mut writer = csv::Writer::from_path(&file).unwrap();
    writer.write_record(row.iter().map(|(h, _)| *h)).unwrap();
    let with = |cell: Option<&str>| -> Vec<String> {
        let cells = row.iter().map(|(h, good)| match cell {
            Some(bad) if *h == group.column => bad.to_owned(),
            _ => (*good).to_owned(),
        });
        cells.collect()
    };
    for _ in 0..GOOD_ROWS {
        writer.write_record(with(None)).unwrap();
    }
    for input in &group.inputs {
        writer.write_record(with(Some(&input.cell))).unwrap();
    }
    drop(writer);
    let office = open(&folder.path().join("data"), Database::Sqlite).await;
    let received = Intake::new(&office)
        .receive(&file, None, true)
        .await
        .unwrap();
    office.close().await;
    assert_eq!(received.state, State::Applied, "{}", group.feed);
    let of_row = |at: usize| {
        let number = GOOD_ROWS + at + 1;
        let refusal = received
            .refusals
            .iter()
            .find(|r| usize::try_from(r.row_no).unwrap() == number);
        let remark = received
            .remarks
            .iter()
            .find(|r| usize::try_from(r.row_no).unwrap() == number);
        match (refusal, remark) {
            (Some(r), _) => format!("退回 {} {}", r.code, r.message),
            (None, Some(r)) => format!("提醒 {} {}", r.code, r.message),
            (None, None) => "入库".to_owned(),
        }
    };
    (0..group.inputs.len()).map(of_row).collect()
}

/// `退回 date 不是日期` asks for the code and for words that stand in the message.
fn fits(expected: &str, got: &str) -> bool {
    let mut words = expected.split_whitespace();
    let head: Vec<&str> = words.by_ref().take(2).collect();
    got.starts_with(&head.join(" ")) && words.all(|w| got.contains(w))
}

async fn check(name: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("inputs")
        .join(name);
    let mut wrong = Vec::new();
    let mut seen = 0;
    for group in read(&path) {
        let answers = answers(&group).await;
        for (input, got) in group.inputs.iter().zip(&answers) {
            seen += 1;
            if !fits(&input.answer, got) {
                wrong.push(format!(
                    "{} {} `{}`: wanted {}, got {got}",
                    input.id,
                    group.column,
                    input.cell.escape_debug(),
                    input.answer
                ));
            }
        }
    }
    assert!(seen > 10, "{name} has only {seen} inputs");
    assert!(
        wrong.is_empty(),
        "{} of {seen}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_get_the_answer_of_the_catalogue() {
    check("numbers.md").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn dates_get_the_answer_of_the_catalogue() {
    check("dates.md").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn money_gets_the_answer_of_the_catalogue() {
    check("money.md").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_get_the_answer_of_the_catalogue() {
    check("names.md").await;
}

fn inputs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("inputs")
}

/// What becomes of a whole file, with what is said of it and of its rows.
async fn answer_to(feed: &str, file: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let office = open(folder.path(), Database::Sqlite).await;
    let path = inputs().join("files").join(file);
    let month = domain::Month::parse("2026-08").unwrap();
    let received = Intake::new(&office)
        .receive(&path, Some((feed, month)), true)
        .await
        .unwrap();
    office.close().await;
    let c = received.counts;
    let mut said = match &received.state {
        State::Applied => format!("入库 {} 重复 {} 退回 {}", c.applied, c.unchanged, c.refused),
        State::Refused(said) => format!("整个退回 {said}"),
        State::Repeated | State::Waiting(_) => format!("{:?}", received.state),
    };
    let rows = received.refusals.iter();
    let rows = rows.map(|r| format!(" {} {}", r.code, r.message));
    let noted = received.remarks.iter();
    let noted = noted.map(|r| format!(" 提醒 {} {}", r.code, r.message));
    said.extend(rows.chain(noted));
    if matches!(received.state, State::Refused(_)) {
        assert_eq!(c.applied, 0, "{file}");
    }
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn whole_files_get_the_answer_of_the_catalogue() {
    let text = std::fs::read_to_string(inputs().join("files.md")).unwrap();
    let (mut wrong, mut seen) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, id, feed, file, expected, _] = cells.as_slice() else {
            continue;
        };
        let Some(file) = file.strip_prefix('`').and_then(|f| f.strip_suffix('`')) else {
            continue;
        };
        assert!(file.starts_with(&format!("{id}-")), "{file} is not of {id}");
        seen.push(file.to_owned());
        let got = answer_to(feed, file).await;
        let mut words = expected.split_whitespace();
        let begins = words.next().unwrap();
        if !got.starts_with(begins) || !words.all(|w| got.contains(w)) {
            wrong.push(format!("{file}: wanted {expected}\n  got {got}"));
        }
        assert!(!got.contains("桂英") && !got.contains("0312128"), "{got}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // No file lies there that no row of the table asks about.
    for entry in std::fs::read_dir(inputs().join("files")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        let asked = seen.iter().any(|file| name.starts_with(file.as_str()));
        assert!(asked, "{name} is in no row of files.md");
    }
}

/// A feed that says 随附 校验文件 takes no file alone.
#[tokio::test(flavor = "multi_thread")]
async fn e25_a_feed_that_asks_for_a_companion_takes_no_file_without_one() {
    let folder = tempfile::tempdir().unwrap();
    let book = folder.path().join("rulebook");
    copy(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../rulebook"),
        &book,
    );
    let feed = book.join("feeds/deaths.md");
    let text = std::fs::read_to_string(&feed).unwrap();
    std::fs::write(
        &feed,
        text.replace("错行上限 1%", "错行上限 1%  随附 校验文件"),
    )
    .unwrap();
    let office = office::Office::open(office::Setting {
        folder: folder.path().join("data"),
        database: Database::Sqlite,
        rulebook: Some(book),
        locality: "demo".to_owned(),
        clock: office::Clock::fixed("2026-09-14T09:00").unwrap(),
    })
    .await
    .unwrap();
    let file = folder.path().join("deaths.2026-08.csv");
    std::fs::copy(inputs().join("files/E3-gb18030.csv"), &file).unwrap();
    let alone = Intake::new(&office).receive(&file, None, true).await;
    let State::Refused(said) = alone.unwrap().state else {
        panic!("a file without its companion was taken")
    };
    assert!(said.contains("没有随附校验文件"), "{said}");
    std::fs::write(folder.path().join("deaths.2026-08.csv.ok"), "").unwrap();
    let both = Intake::new(&office).receive(&file, None, true).await;
    assert_eq!(both.unwrap().state, State::Applied);
    office.close().await;
}

/// One that is there and cannot be read is not one that is not there, and none is as long as a file of rows.
#[tokio::test(flavor = "multi_thread")]
async fn e25_a_companion_that_cannot_be_opened_or_is_too_long_lets_no_file_through() {
    let folder = tempfile::tempdir().unwrap();
    let office = open(&folder.path().join("data"), Database::Sqlite).await;
    let file = folder.path().join("deaths.2026-08.csv");
    std::fs::copy(inputs().join("files/E3-gb18030.csv"), &file).unwrap();
    let beside = folder.path().join("deaths.2026-08.csv.ok");
    std::os::unix::fs::symlink(&beside, &beside).unwrap();
    let unopened = Intake::new(&office).receive(&file, None, true).await;
    let said = unopened.map(|r| r.state).unwrap_err().to_string();
    assert!(said.contains("deaths.2026-08.csv.ok"), "{said}");
    std::fs::remove_file(&beside).unwrap();
    // What stands past 64 KiB would say otherwise.
    let long = format!("{}行数 99\n", "\n".repeat(1 << 16));
    std::fs::write(&beside, long).unwrap();
    let long = Intake::new(&office).receive(&file, None, true).await;
    let State::Refused(said) = long.unwrap().state else {
        panic!("a companion was read in part")
    };
    assert!(said.contains("超过 64 KB"), "{said}");
    office.close().await;
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let place = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &place),
            false => {
                std::fs::copy(&path, &place).unwrap();
            }
        }
    }
}
