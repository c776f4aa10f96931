//! `run-month`: everybody judged by every rule of a month; warnings and tasks follow.

use crate::ended::{Ended, WrongUse};
use crate::folder::Folder;
use crate::progress::Step;
use crate::say;
use anyhow::Result;
use domain::Month;
use office::Office;
use office::monitoring::{self, MonthRun};
use serde_json::{Value, json};

/// Which month.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi run-month 2026-08\n  doudi run-month 2026-08 --json | jq .warnings_raised\n\n同一个月再做一遍,只更新,不重复。"
)]
pub struct Args {
    /// 哪个月
    #[arg(value_name = "YYYY-MM")]
    month: String,
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Runs a month and tells what came of it.
pub async fn run(args: Args) -> Result<Ended> {
    let month = parse(&args.month)?;
    let office = args.folder.open().await?;
    let ran = run_month(&office, month).await;
    office.close().await;
    let ran = ran?;
    if args.json {
        say::json(&value(month, &ran));
    } else {
        show(month, &ran);
    }
    Ok(Ended::Good)
}

/// A month as the command line writes it.
pub fn parse(text: &str) -> Result<Month> {
    Ok(Month::parse(text).map_err(|e| WrongUse(format!("月份 `{text}`:{e};请写成 2026-08")))?)
}

/// Runs a month with a bar.
pub async fn run_month(office: &Office, month: Month) -> Result<MonthRun> {
    let step = Step::begin(&format!("监测 {month}"));
    let ran = monitoring::run_month(office, month, |what| step.with(what)).await?;
    step.done(&format!(
        "{} 人 {} 户,预警 新增 {} 仍在 {} 消除 {},任务 {}",
        say::count(ran.persons),
        say::count(ran.households),
        say::count(ran.warnings_raised),
        say::count(ran.warnings_seen_again),
        say::count(ran.warnings_closed),
        say::count(ran.tasks_raised)
    ));
    Ok(ran)
}

fn show(month: Month, ran: &MonthRun) {
    say::line(format!("{month}  符合 / 不符合 / 待查"));
    for (id, title, eligible, ineligible, pending) in &ran.verdicts {
        say::line(format!(
            "  {title}({id})  {} / {} / {}",
            say::count(*eligible),
            say::count(*ineligible),
            say::count(*pending)
        ));
    }
}

fn value(month: Month, ran: &MonthRun) -> Value {
    let verdicts: Vec<Value> = ran
        .verdicts
        .iter()
        .map(|(id, title, yes, no, open)| json!({ "file": id, "title": title, "eligible": yes, "ineligible": no, "pending": open }))
        .collect();
    json!({
        "month": month.to_string(), "persons": ran.persons, "households": ran.households,
        "warnings_raised": ran.warnings_raised, "warnings_seen_again": ran.warnings_seen_again,
        "warnings_closed": ran.warnings_closed, "tasks_raised": ran.tasks_raised, "verdicts": verdicts,
    })
}
