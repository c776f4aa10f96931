//! `keeping`: what is kept until when, what goes next and what is gone; and the daily pass by hand, for a folder nobody
//! serves.

use super::signed_in::Desk;
use crate::ended::{Ended, RefusedInput};
use crate::folder::Folder;
use crate::say;
use anyhow::Result;
use office::casework::CaseError;
use office::keeping::{self, KeepingView};
use serde_json::json;

/// What to tell, or to do.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi keeping\n  doudi keeping --now                                       现在就过一遍:到期的列出来,列了够天数的销毁\n  doudi keeping --json | jq '.materials[] | select(.goes_on)'\n\ndoudi serve 启动时和以后每天自己过一遍。暂停和恢复销毁在页面 /keeping 上办,两个人各办一半。"
)]
pub struct Args {
    /// 现在就过一遍
    #[arg(long)]
    now: bool,
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

fn mended(error: CaseError) -> anyhow::Error {
    match error {
        CaseError::Refused(said) => RefusedInput(said).into(),
        other => other.into(),
    }
}

/// Tells what there is; goes through it first where that is asked.
pub async fn run(args: Args) -> Result<Ended> {
    let desk = Desk::at_the_machine(&args.folder).await?;
    let view = told(&desk, args.now).await;
    let (view, passed) = desk.close(view, mended).await?;
    if args.json {
        say::json(&value(&view, passed));
        return Ok(Ended::Good);
    }
    if let Some(passed) = passed {
        say::line(format!(
            "过了一遍:新到期 {} 个文件,收回 {} 个,销毁 {} 个({} 行),没有登记的删去 {} 个",
            passed.noted,
            passed.taken_back,
            passed.destroyed,
            say::count(passed.rows),
            passed.nobodys
        ));
    }
    show(&view);
    Ok(Ended::Good)
}

async fn told(desk: &Desk, now: bool) -> Result<(KeepingView, Option<keeping::Passed>), CaseError> {
    let passed = match now {
        true => Some(keeping::pass(&desk.office).await?),
        false => None,
    };
    Ok((keeping::shown(&desk.office, &desk.who).await?, passed))
}

fn show(view: &KeepingView) {
    for row in &view.materials {
        let (from, to) = row.months;
        let next = match (row.goes_on, row.over) {
            (Some(day), _) => format!("{} 行已到期,{day} 销毁", say::count(row.going)),
            (None, Some(day)) => format!("最早的 {day} 到期"),
            (None, None) => "不到期".to_owned(),
        };
        let held = if row.is_held {
            ",有月份暂停了销毁"
        } else {
            ""
        };
        say::line(format!(
            "{}  保留 {}  {from} 到 {to}  {} 行  {next}{held}",
            row.title,
            row.term,
            say::count(row.rows)
        ));
    }
    for hold in view.holds.iter().filter(|hold| hold.ended.is_empty()) {
        let (from, to) = hold.months;
        say::line(format!(
            "暂停销毁 {}  {} {from} 到 {to}  {}  {}",
            hold.no, hold.title, hold.asked, hold.because
        ));
    }
    for gone in &view.destroyed {
        say::line(format!(
            "已销毁  {} {}  {} 个文件 {} 行  {}",
            gone.title,
            gone.month,
            gone.files,
            say::count(gone.rows),
            gone.at
        ));
    }
}

fn value(view: &KeepingView, passed: Option<keeping::Passed>) -> serde_json::Value {
    let day = |day: Option<domain::Day>| day.map(|day| day.to_string());
    let materials = view.materials.iter().map(|row| {
        json!({ "material": row.id, "title": row.title, "department": row.department, "term": row.term,
            "from": row.months.0.to_string(), "to": row.months.1.to_string(), "files": row.files,
            "rows": row.rows, "over": day(row.over), "goes_on": day(row.goes_on), "going": row.going,
            "held": row.is_held })
    });
    let holds = view.holds.iter().map(|hold| {
        json!({ "hold": hold.no, "title": hold.title, "from": hold.months.0.to_string(),
            "to": hold.months.1.to_string(), "because": hold.because, "asked": hold.asked,
            "ended": hold.ended })
    });
    let destroyed = view.destroyed.iter().map(|gone| {
        json!({ "title": gone.title, "month": gone.month.to_string(), "files": gone.files,
            "rows": gone.rows, "at": gone.at })
    });
    let passed = passed.map(|done| {
        json!({ "noted": done.noted, "taken_back": done.taken_back, "destroyed": done.destroyed,
            "rows": done.rows, "refused": done.refused, "nobodys": done.nobodys })
    });
    json!({ "wait_days": view.wait, "passed": passed, "materials": materials.collect::<Vec<_>>(),
        "holds": holds.collect::<Vec<_>>(), "destroyed": destroyed.collect::<Vec<_>>() })
}
