//! `import`: departments' files are received, and what was not taken is told by row and column.

use crate::ended::{Ended, WrongUse};
use crate::folder::Folder;
use crate::progress::Step;
use crate::say;
use anyhow::Result;
use domain::Month;
use office::Office;
use office::intake::{Intake, Received, State};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// How many refused rows of a file are shown; the pages have all.
const SHOWN_MAX: usize = 8;

/// What to receive.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi import county/feeds                                    一个文件夹,按月、先户籍后其他\n  doudi import county/feeds/2026-08/deaths.csv                 月份取自文件夹名\n  doudi import 死亡名单.xlsx --feed deaths --month 2026-08      自己说明是什么\n\n同一份文件再导入,什么都不变。有行被退回时退出码为 1,整个文件被退回时为 3。"
)]
pub struct Args {
    /// 文件或文件夹
    #[arg(value_name = "FILE|FOLDER")]
    path: PathBuf,
    /// 是哪种来文,如 deaths;不写就取自文件名
    #[arg(long, value_name = "ID", requires = "month")]
    feed: Option<String>,
    /// 是哪个月的;不写就取自文件夹名
    #[arg(long, value_name = "YYYY-MM", requires = "feed")]
    month: Option<String>,
    /// 我看过了:变动虽大,是真的
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
    if args.path.is_dir() && args.feed.is_some() {
        return Err(WrongUse(
            "--feed 和 --month 说的是一个文件;文件夹里的文件按各自的名字认".to_owned(),
        )
        .into());
    }
    let office = args.folder.open_or_make().await?;
    let received = receive(&args, &office).await;
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

async fn receive(args: &Args, office: &Office) -> Result<Vec<Received>> {
    if let Some(areas) = args.areas.clone().or_else(|| areas_beside(&args.path)) {
        office.load_areas(&areas).await?;
    }
    if args.path.is_dir() {
        return receive_folder(office, &args.path).await;
    }
    let month = args.month.as_deref().map(Month::parse).transpose();
    let month = month.map_err(|e| WrongUse(format!("--month:{e}")))?;
    let named = args.feed.as_deref().zip(month);
    Ok(vec![
        Intake::new(office)
            .receive(&args.path, named, args.confirm)
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
    json!({
        "batch": received.batch_no, "feed": received.feed, "month": received.period.to_string(), "file": received.file,
        "state": state, "said": said, "received": c.received, "applied": c.applied, "unchanged": c.unchanged,
        "refused": c.refused, "doubtful": c.doubtful, "refusals": refusals,
    })
}
