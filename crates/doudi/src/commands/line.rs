//! `line`: candidate lines by six methods; it proposes and writes nothing.

use super::months;
use crate::ended::{Ended, WrongUse};
use crate::folder::Folder;
use crate::progress::Step;
use crate::say;
use anyhow::{Context, Result};
use office::line::propose_on;
use office::views::{LineAsk, LineCandidate, LinePage};
use std::path::{Path, PathBuf};

/// The numbers, and on whom.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi line\n  doudi line --set 人均消费支出=2300 --set 消费比例=40%\n  doudi line --households 住户调查.csv --month 2026-08\n  doudi line --json | jq '.candidates[] | {method, yuan}'\n\n住户文件一行一户:第一列人口,第二列每月收入,后面每列一类每月支出,食品一列叫“食品”。\n只提方案,不作决定,什么也不写。"
)]
pub struct Args {
    /// 换一个数,可以写多次:人均消费支出=2300
    #[arg(long, value_name = "名称=值")]
    set: Vec<String>,
    /// 用这个住户调查,代替手册里的例子
    #[arg(long, value_name = "FILE")]
    households: Option<PathBuf>,
    /// 用这个菜篮子,代替手册里的例子
    #[arg(long, value_name = "FILE")]
    basket: Option<PathBuf>,
    /// 按这个月的收入,数每条线以下有多少人
    #[arg(long, value_name = "YYYY-MM")]
    month: Option<String>,
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Works the lines out and shows them.
pub async fn run(args: Args) -> Result<Ended> {
    let mut numbers = Vec::new();
    for set in &args.set {
        let wrong = || WrongUse(format!("`{set}` 看不懂;请写成 人均消费支出=2300"));
        let (name, value) = set.split_once('=').ok_or_else(wrong)?;
        numbers.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    let ask = LineAsk {
        numbers,
        households: text(args.households.as_deref())?,
        basket: text(args.basket.as_deref())?,
    };
    let month = args.month.as_deref().map(months::parse).transpose()?;
    let office = args.folder.open().await?;
    let step = Step::begin("定线");
    let proposed = propose_on(&office, month, &ask).await;
    office.close().await;
    let page = proposed?;
    step.done(&format!("{} 条候选线", page.candidates.len()));
    if let Some(problem) = page.problems.first() {
        return Err(WrongUse(problem.clone()).into());
    }
    if args.json {
        say::line(serde_json::to_string_pretty(&page)?);
    } else {
        show(&page);
    }
    Ok(Ended::Good)
}

fn text(path: Option<&Path>) -> Result<Option<String>> {
    let read =
        |path: &Path| std::fs::read_to_string(path).with_context(|| path.display().to_string());
    path.map(read).transpose()
}

fn show(page: &LinePage) {
    say::line("低保标准候选线(只供参考,标准由有权的机关确定)");
    for input in &page.inputs {
        say::line(format!(
            "  {} {} {}({})",
            input.name, input.value, input.unit, input.source
        ));
    }
    page.candidates.iter().for_each(candidate);
    for table in &page.tables {
        say::line(format!("\n{}", table.title));
        say::line(format!("  {}", table.columns.join(" | ")));
        for row in &table.rows {
            say::line(format!("  {}", row.join(" | ")));
        }
    }
}

fn candidate(one: &LineCandidate) {
    let error = one.error.as_ref();
    let error = error.map_or_else(String::new, |error| format!(",标准误 {error}"));
    say::line(format!("\n{}  {}{error}", one.method, one.line));
    say::line(format!("  {}", one.formula));
    if !one.worked.is_empty() {
        say::line(format!("  {}", one.worked));
    }
    if let Some(reach) = &one.reach {
        say::line(format!(
            "  收入低于它的 {} 人 {} 户,每月差 {}",
            say::count(reach.persons),
            say::count(reach.households),
            reach.gap
        ));
    }
    for row in &one.sensitivity {
        say::line(format!(
            "  {}  少一成 {}  多百分之一 {}  多一成 {}",
            row.input, row.less, row.little_more, row.more
        ));
    }
    say::line(format!("  出处 {}", one.source));
}
