//! What a locality's own departments send beside the national ones: lists made from the register that was
//! written before, with the same seed the same bytes. Who is on them is invented as everything else is.

use crate::dice::{Dice, Stream};
use crate::error::Error;
use std::path::{Path, PathBuf};

/// How many of a hundred persons or households a list has, and what a row says of one.
struct List {
    /// The feed's file, without ending.
    file: &'static str,
    /// The locality.
    place: &'static str,
    /// One row a household, not a person.
    of_households: bool,
    /// How many of a hundred.
    share: u64,
    /// The headers behind 身份证号 and 姓名, or behind 户号.
    headers: &'static [&'static str],
    /// The cells under them, in a month written `2026-08`.
    cells: fn(&mut Dice, &str) -> Vec<String>,
}

/// Shares and amounts are choices of the model, not figures of any place.
static LISTS: [List; 6] = [
    List {
        file: "jilin-at-risk",
        place: "jilin",
        of_households: false,
        share: 2,
        headers: &["纳入日期", "风险消除日期"],
        cells: |dice, month| {
            let over = dice.below(4) == 0;
            let ended = if over {
                format!("{month}-01")
            } else {
                String::new()
            };
            vec![format!("2025-{:02}-01", dice.int(1, 12)), ended]
        },
    },
    List {
        file: "hangzhou-walks",
        place: "hangzhou",
        of_households: true,
        share: 97,
        headers: &["走访日期", "住房安全", "社会参与"],
        cells: |dice, month| {
            let safe = if dice.below(20) == 0 { "否" } else { "是" };
            let takes_part = pick(dice, &["弱", "中", "强", "强"]);
            vec![
                format!("{month}-{:02}", dice.int(1, 28)),
                safe.to_owned(),
                takes_part,
            ]
        },
    },
    List {
        file: "xiamen-bills",
        place: "xiamen",
        of_households: false,
        share: 5,
        headers: &["票据号", "类别", "开票日期", "总额", "政府承担"],
        cells: |dice, month| {
            let number = format!("PJ{}{:07}", month.replace('-', ""), dice.int(1, 9_999_999));
            let kind = pick(dice, &["医疗", "医疗", "教育", "其他刚性"]);
            let whole = dice.int(2, 120) * 100;
            let borne = if dice.below(2) == 0 { whole / 2 } else { 0 };
            let day = format!("{month}-{:02}", dice.int(1, 28));
            vec![number, kind, day, whole.to_string(), borne.to_string()]
        },
    },
    List {
        file: "guangzhou-station",
        place: "guangzhou",
        of_households: false,
        share: 4,
        headers: &["圈层", "紧急程度", "评定日期"],
        cells: |dice, month| {
            let circle = pick(dice, &["第一圈层", "第二圈层", "第三圈层"]);
            let urgency = pick(dice, &["很急", "较急", "不急", "不急"]);
            vec![circle, urgency, format!("{month}-{:02}", dice.int(1, 28))]
        },
    },
    List {
        file: "weihai-volunteers",
        place: "weihai",
        of_households: false,
        share: 8,
        headers: &["平台编号", "累计时数", "累计捐赠", "已兑分"],
        cells: |dice, _| {
            let hours = dice.int(1, 260);
            let gift = if dice.below(3) == 0 {
                dice.int(1, 80) * 50
            } else {
                0
            };
            vec![
                format!("HB{:08}", dice.int(1, 99_999_999)),
                hours.to_string(),
                gift.to_string(),
                dice.int(0, hours.min(20)).to_string(),
            ]
        },
    },
    List {
        file: "xiangcheng-households",
        place: "xiangcheng",
        of_households: false,
        share: 3,
        headers: &["发现日期", "建档日期", "订策日期"],
        cells: |dice, _| {
            let filed = dice.below(5) > 0;
            let planned = filed && dice.below(3) > 0;
            vec![
                format!("2026-{:02}-{:02}", dice.int(1, 4), dice.int(1, 28)),
                if filed {
                    "2026-05-10".to_owned()
                } else {
                    String::new()
                },
                if planned {
                    "2026-05-20".to_owned()
                } else {
                    String::new()
                },
            ]
        },
    },
];

fn pick(dice: &mut Dice, words: &[&str]) -> String {
    let at = dice.index(words.len());
    words
        .get(at)
        .map_or_else(String::new, |word| (*word).to_owned())
}

/// 本地来文: writes what the departments of a locality send, into the months under `feeds`, each of which
/// has its register as CSV; answers the files written. A locality without such lists has none.
///
/// # Errors
/// A month's register is missing or damaged; a file cannot be written.
pub fn local(feeds: &Path, place: &str, seed: u64) -> Result<Vec<PathBuf>, Error> {
    let mut months = Vec::new();
    for entry in std::fs::read_dir(feeds).map_err(|e| Error::io(feeds, e))? {
        months.push(entry.map_err(|e| Error::io(feeds, e))?.path());
    }
    months.sort();
    let mut written = Vec::new();
    if place == RUNS_OF {
        for folder in &months {
            written.push(runs(folder)?);
        }
    }
    for list in LISTS.iter().filter(|list| list.place == place) {
        for folder in &months {
            written.push(write(list, folder, seed)?);
        }
    }
    Ok(written)
}

fn write(list: &List, folder: &Path, seed: u64) -> Result<PathBuf, Error> {
    let register = folder.join("register.csv");
    let mut reader = csv::Reader::from_path(&register).map_err(|e| Error::csv(&register, e))?;
    let header = reader
        .headers()
        .map_err(|e| Error::csv(&register, e))?
        .clone();
    let column = |name: &str| {
        header
            .iter()
            .position(|cell| cell.trim_start_matches('\u{FEFF}') == name)
    };
    let (number, name, home) = (column("身份证号"), column("姓名"), column("户号"));
    let month = month_of(folder);
    let path = folder.join(format!("{}.csv", list.file));
    let mut out = csv::Writer::from_path(&path).map_err(|e| Error::csv(&path, e))?;
    let keys: &[&str] = if list.of_households {
        &["户号"]
    } else {
        &["身份证号", "姓名"]
    };
    let heads = keys.iter().chain(list.headers);
    out.write_record(heads).map_err(|e| Error::csv(&path, e))?;
    let mut told = std::collections::BTreeSet::new();
    for record in reader.records() {
        // A row its own department damaged is nobody's here.
        let Ok(record) = record else { continue };
        let cell = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or("").to_owned();
        let whose = match list.of_households {
            true => vec![cell(home)],
            false => vec![cell(number), cell(name)],
        };
        let key = whose.first().cloned().unwrap_or_default();
        let fits = list.of_households || key.len() == 18;
        if key.is_empty() || !fits || !told.insert(key.clone()) {
            continue;
        }
        // The same person has the same luck in every month.
        let dice = &mut Dice::new(seed, Stream::Local, digits(&key));
        if dice.below(100) >= list.share {
            continue;
        }
        let cells = whose.into_iter().chain((list.cells)(dice, &month));
        out.write_record(cells).map_err(|e| Error::csv(&path, e))?;
    }
    out.flush().map_err(|e| Error::io(&path, e))?;
    Ok(path)
}

/// The locality that logs its comparisons with other departments.
const RUNS_OF: &str = "jilin";
/// The last month in which the medical insurance answered: later its data are stale.
const LAST_ANSWER: &str = "2026-06";

/// 部门比对运行记录: one run a department and month.
fn runs(folder: &Path) -> Result<PathBuf, Error> {
    let register = folder.join("register.csv");
    let mut reader = csv::Reader::from_path(&register).map_err(|e| Error::csv(&register, e))?;
    let header = reader
        .headers()
        .map_err(|e| Error::csv(&register, e))?
        .clone();
    let place = header.iter().position(|cell| cell == "居住地区");
    let codes = reader.records().filter_map(Result::ok);
    let codes = codes.filter_map(|row| Some(row.get(place?)?.get(..6)?.to_owned()));
    let counties: std::collections::BTreeSet<String> = codes
        .filter(|code| code.bytes().all(|b| b.is_ascii_digit()))
        .collect();
    let month = month_of(folder);
    let path = folder.join("jilin-source-log.csv");
    let mut out = csv::Writer::from_path(&path).map_err(|e| Error::csv(&path, e))?;
    let heads = [
        "地区",
        "运行编号",
        "部门",
        "日期",
        "成功",
        "命中人数",
        "不一致人数",
        "没有回音人数",
    ];
    out.write_record(heads).map_err(|e| Error::csv(&path, e))?;
    for county in &counties {
        for (n, department) in ["公安", "医保", "残联"].into_iter().enumerate() {
            let answered = department != "医保" || month.as_str() <= LAST_ANSWER;
            let (number, day) = (format!("{county}-{month}-{n}"), format!("{month}-2{n}"));
            let row = [
                county.as_str(),
                &number,
                department,
                &day,
                if answered { "是" } else { "否" },
                if answered { "30" } else { "0" },
                "1",
                "2",
            ];
            out.write_record(row).map_err(|e| Error::csv(&path, e))?;
        }
    }
    out.flush().map_err(|e| Error::io(&path, e))?;
    Ok(path)
}

fn month_of(folder: &Path) -> String {
    let name = folder.file_name();
    name.map_or_else(String::new, |n| n.to_string_lossy().into_owned())
}

/// The digits of a number, as a number.
fn digits(key: &str) -> u64 {
    let digits = key.bytes().filter(u8::is_ascii_digit);
    digits.fold(0, |sum, d| {
        sum.wrapping_mul(10).wrapping_add(u64::from(d - b'0'))
    })
}
