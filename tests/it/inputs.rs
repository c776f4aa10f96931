//! The catalogue of bad cells: `inputs/*.md`, tables that anybody may read and add to.
//!
//! `来文 deaths,列 身份证号` names the feed and the column; each row of the table below it is one cell
//! and the answer it must get: `入库`; `提醒` where it is taken and its sender told that it deserves a look; or
//! `退回`; the two with the code and words of the message.

use crate::county::open;
use office::Database;
use office::intake::{Intake, State};
use std::path::Path;

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

/// `\u{200B}` is what cannot be seen in a table.
fn unescape(cell: &str) -> String {
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
