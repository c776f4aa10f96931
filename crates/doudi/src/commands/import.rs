//! `import`: departments' files are received, and what was not taken is told by row and column; a batch taken by
//! mistake is taken back.

use super::signed_in::{Desk, Who};
use crate::ended::{Ended, RefusedInput, WrongUse};
use crate::folder::Folder;
use crate::progress::Step;
use crate::say;
use anyhow::Result;
use domain::Month;
use office::Office;
use office::casework::CaseError;
use office::intake::{Intake, Received, State, Undone};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// How many refused rows of a file are shown; the pages have all.
const SHOWN_MAX: usize = 8;

/// What to receive.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi import county/feeds                                    一个文件夹,按月、先户籍后其他\n  doudi import county/feeds/2026-08/deaths.csv                 月份取自文件夹名\n  doudi import 死亡名单.xlsx --feed deaths --month 2026-08      自己说明是什么\n\n  doudi import --undo 12 --because 报错了文件 --user chen        撤回第 12 批,口令写在 DOUDI_PASSWORD 里或者从输入读\n\n同一份文件再导入,什么都不变;撤回以后可以再导入。有行被退回时退出码为 1,整个文件被退回时为 3。"
)]
pub struct Args {
    /// 文件或文件夹
    #[arg(value_name = "FILE|FOLDER", required_unless_present = "undo")]
    path: Option<PathBuf>,
    /// 撤回这一批:它的行不再算数,以前的那一份重新算数,已经监测过的月份保留原样
    #[arg(long, value_name = "BATCH", conflicts_with_all = ["path", "feed", "confirm", "areas"], requires_all = ["because", "user"])]
    undo: Option<i64>,
    /// 为什么撤回;记入审计
    #[arg(long, value_name = "TEXT", requires = "undo")]
    because: Option<String>,
    /// 谁撤回:账号
    #[arg(long, value_name = "LOGIN", requires = "undo")]
    user: Option<String>,
    /// 动态口令
    #[arg(long, requires = "undo")]
    code: Option<String>,
    /// 是哪种来文,如 deaths;不写就取自文件名
    #[arg(long, value_name = "ID", requires = "month")]
    feed: Option<String>,
    /// 是哪个月的;不写就取自文件夹名
    #[arg(long, value_name = "YYYY-MM", requires = "feed")]
    month: Option<String>,
    /// 核实过了:这份文件待确认的每一条(行数变动、外地的行、金额像是换了单位)都是真的
    #[arg(long)]
    confirm: bool,
    /// 区划表(code,name,level,parent,urban_rural_code);合成的县会自己找到
    #[arg(long, value_name = "FILE")]
    areas: Option<PathBuf>,
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Receives a file or a folder.
pub async fn run(args: Args) -> Result<Ended> {
    if let Some(batch) = args.undo {
        return undo(batch, args).await;
    }
    let Some(path) = args.path.clone() else {
        return Err(WrongUse("要写明导入哪个文件或文件夹".to_owned()).into());
    };
    if path.is_dir() && args.feed.is_some() {
        return Err(WrongUse(
            "--feed 和 --month 说的是一个文件;文件夹里的文件按各自的名字认".to_owned(),
        )
        .into());
    }
    let office = args.folder.open_or_make().await?;
    let received = receive(&args, &path, &office).await;
    office.close().await;
    let received = received?;
    if args.json {
        let files: Vec<Value> = received.iter().map(value).collect();
        say::json(&json!({ "files": files }));
    } else {
        received.iter().for_each(show);
    }
    Ok(ended(&received))
}

/// Takes a batch back in the name of whoever signs in.
async fn undo(batch: i64, args: Args) -> Result<Ended> {
    let who = Who::of(args.user.unwrap_or_default(), args.code, args.folder);
    let desk = Desk::signed_in(&who, "doudi import --undo").await?;
    let because = args.because.unwrap_or_default();
    let undone = office::intake::undo(&desk.office, &desk.who, batch, &because).await;
    let undone = desk.close(undone, told).await?;
    match args.json {
        true => say::json(&json!({
            "batch": undone.batch_no, "month": undone.period.to_string(), "file": undone.file, "rows": undone.rows,
            "stands": undone.stands, "doubts": undone.doubts,
            "judged": undone.judged.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })),
        false => show_undone(&undone),
    }
    Ok(Ended::Good)
}

fn told(error: CaseError) -> anyhow::Error {
    match error {
        CaseError::Office(error) => error.into(),
        other => RefusedInput(other.to_string()).into(),
    }
}

fn show_undone(undone: &Undone) {
    say::line(format!(
        "已撤回第 {} 批 {} {} {}:{} 行不再算数",
        undone.batch_no,
        undone.period,
        undone.title,
        undone.file,
        say::count(undone.rows)
    ));
    if let Some(stands) = undone.stands {
        say::line(format!("  第 {stands} 批重新算数"));
    }
    if undone.doubts > 0 {
        say::line(format!("  {} 行不用再认人", say::count(undone.doubts)));
    }
    if !undone.judged.is_empty() {
        let months: Vec<String> = undone.judged.iter().map(ToString::to_string).collect();
        say::line(format!(
            "  {} 已经监测过,结果保留;要按撤回以后的来文算,请再运行 doudi run-month",
            months.join("、")
        ));
    }
}

async fn receive(args: &Args, path: &Path, office: &Office) -> Result<Vec<Received>> {
    if let Some(areas) = args.areas.clone().or_else(|| areas_beside(path)) {
        office.load_areas(&areas).await?;
    }
    if path.is_dir() {
        return receive_folder(office, path).await;
    }
    let month = args.month.as_deref().map(Month::parse).transpose();
    let month = month.map_err(|e| WrongUse(format!("--month:{e}")))?;
    let named = args.feed.as_deref().zip(month);
    Ok(vec![
        Intake::new(office)
            .receive(path, named, args.confirm)
            .await?,
    ])
}

/// Receives a folder with a bar.
pub async fn receive_folder(office: &Office, folder: &Path) -> Result<Vec<Received>> {
    let step = Step::begin("导入来文");
    let told = |at: usize, all: usize, file: &Path| {
        let name = file
            .file_name()
            .map_or(String::new(), |n| n.to_string_lossy().into_owned());
        step.at(
            u64::try_from(at).unwrap_or(0),
            u64::try_from(all).unwrap_or(0),
            &name,
        );
    };
    let received = Intake::new(office).receive_folder(folder, told).await?;
    let rows: u64 = received
        .iter()
        .filter(|r| r.state == State::Applied)
        .map(|r| r.counts.applied)
        .sum();
    let refused: u64 = received.iter().map(|r| r.counts.refused).sum();
    step.done(&format!(
        "{} 个文件,入库 {} 行,退回 {} 行",
        received.len(),
        say::count(rows),
        say::count(refused)
    ));
    Ok(received)
}

/// The list of areas that `doudi synth` leaves above the feeds.
fn areas_beside(path: &Path) -> Option<PathBuf> {
    path.ancestors()
        .take(4)
        .map(|folder| folder.join("areas.csv"))
        .find(|file| file.is_file())
}

fn ended(received: &[Received]) -> Ended {
    let back = |r: &Received| matches!(r.state, State::Refused(_) | State::Waiting(_));
    if received
        .iter()
        .any(|r| matches!(r.state, State::Applied | State::Repeated))
        || received.is_empty()
    {
        Ended::with(received.iter().any(|r| back(r) || r.counts.refused > 0))
    } else {
        Ended::Refused
    }
}

fn word(state: &State) -> (&'static str, &str) {
    match state {
        State::Applied => ("已入库", ""),
        State::Repeated => ("已有,未变", ""),
        State::Waiting(said) => ("待确认", said),
        State::Refused(said) => ("整个退回", said),
    }
}

fn show(received: &Received) {
    let (state, said) = word(&received.state);
    let c = &received.counts;
    let mut line = format!(
        "{} {} {}:{state}",
        received.period, received.title, received.file
    );
    if matches!(received.state, State::Applied) {
        line.push_str(&format!(
            ",收到 {},入库 {},重复 {},退回 {},待认人 {}",
            c.received, c.applied, c.unchanged, c.refused, c.doubtful
        ));
    }
    if !said.is_empty() {
        line.push_str(&format!(":{said}"));
    }
    say::line(line);
    if received.unknown > 0 {
        say::line(format!(
            "  其中 {} 行的人或户,户籍里没有;先导入户籍(register),再撤回这一批重新导入,就认得出来",
            say::count(received.unknown)
        ));
    }
    for (message, cells) in noticed(received) {
        say::line(format!("  提醒 {} 处:{message}", say::count(cells)));
    }
    for r in received.refusals.iter().take(SHOWN_MAX) {
        let column = if r.column.is_empty() {
            String::new()
        } else {
            format!(" {}", r.column)
        };
        say::line(format!("  第 {} 行{column}:{}", r.row_no, r.message));
    }
    let rest = received.refusals.len().saturating_sub(SHOWN_MAX);
    if rest > 0 {
        say::line(format!("  … 还有 {rest} 处,见页面「部门来文」里的错误表"));
    }
}

/// How often each thing was noticed in rows that were taken, most first.
fn noticed(received: &Received) -> Vec<(&str, u64)> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for remark in &received.remarks {
        let cells = counts.entry(remark.message.as_str()).or_default();
        *cells = cells.saturating_add(1);
    }
    let mut out: Vec<(&str, u64)> = counts.into_iter().collect();
    out.sort_by_key(|(_, cells)| std::cmp::Reverse(*cells));
    out
}

fn value(received: &Received) -> Value {
    let (_, said) = word(&received.state);
    let state = match received.state {
        State::Applied => "applied",
        State::Repeated => "repeated",
        State::Waiting(_) => "waiting",
        State::Refused(_) => "refused",
    };
    let c = &received.counts;
    let refusals: Vec<Value> = received.refusals.iter().map(|r| json!({ "row": r.row_no, "column": r.column, "code": r.code, "message": r.message })).collect();
    let remarks: Vec<Value> = received.remarks.iter().map(|r| json!({ "row": r.row_no, "column": r.column, "code": r.code, "message": r.message })).collect();
    json!({
        "batch": received.batch_no, "feed": received.feed, "month": received.period.to_string(), "file": received.file,
        "state": state, "said": said, "received": c.received, "applied": c.applied, "unchanged": c.unchanged,
        "refused": c.refused, "doubtful": c.doubtful, "unknown": received.unknown, "refusals": refusals, "remarks": remarks,
    })
}
