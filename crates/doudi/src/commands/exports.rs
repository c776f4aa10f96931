//! `exports`: whose a list is that came to light somewhere, and asking for, agreeing to or refusing an export at the
//! terminal.

use super::signed_in::{Desk, Who};
use crate::ended::{Ended, RefusedInput};
use crate::folder::Folder;
use crate::say;
use anyhow::Result;
use office::casework::CaseError;
use office::exports::{self, ExportsView, Found};
use serde_json::json;
use std::path::PathBuf;

/// What to do.
#[derive(clap::Subcommand)]
#[command(
    after_help = "例:\n  doudi exports whose 流出的名单.csv\n  doudi exports list --user chen\n  doudi exports say --user zhao --no 3 --because \"交民政部核对中心查第 3 批\"\n  doudi exports agree --user chen --no 3 --rows 120 --because \"看过批次,是本月的复核\""
)]
pub enum Exports {
    /// 一份名单(xlsx、csv,或者截下来的一段)是哪一次导出的
    Whose(Whose),
    /// 自己导出过的、申请的,等自己看的
    List(List),
    /// 写明一份导出去做什么
    Say(Say),
    /// 同意别人的导出
    Agree(Rule),
    /// 不同意别人的导出
    Refuse(Rule),
}

/// A list that came to light.
#[derive(clap::Args)]
pub struct Whose {
    /// 名单
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Whose list.
#[derive(clap::Args)]
pub struct List {
    #[command(flatten)]
    who: Who,
}

/// What an export is for.
#[derive(clap::Args)]
pub struct Say {
    /// 申请的编号
    #[arg(long)]
    no: i64,
    /// 导出去做什么、交给谁
    #[arg(long)]
    because: String,
    #[command(flatten)]
    who: Who,
}

/// What somebody says of another's export.
#[derive(clap::Args)]
pub struct Rule {
    /// 申请的编号
    #[arg(long)]
    no: i64,
    /// 看见的是多少行
    #[arg(long)]
    rows: u64,
    /// 为什么
    #[arg(long)]
    because: String,
    #[command(flatten)]
    who: Who,
}

fn told(error: CaseError) -> anyhow::Error {
    match error {
        CaseError::Refused(said) | CaseError::NotFound(said) | CaseError::Forbidden(said) => {
            RefusedInput(said).into()
        }
        other => other.into(),
    }
}

/// Does it.
pub async fn run(what: Exports) -> Result<Ended> {
    match what {
        Exports::Whose(args) => whose(args).await,
        Exports::List(args) => list(args).await,
        Exports::Say(args) => {
            let desk = Desk::signed_in(&args.who, "doudi exports").await?;
            let done = exports::say(&desk.office, &desk.who, args.no, &args.because).await;
            desk.close(done, told).await?;
            say::line("写明了,等另一人看");
            Ok(Ended::Good)
        }
        Exports::Agree(args) => rule(args, true).await,
        Exports::Refuse(args) => rule(args, false).await,
    }
}

async fn rule(args: Rule, agrees: bool) -> Result<Ended> {
    let desk = Desk::signed_in(&args.who, "doudi exports").await?;
    let answer = (agrees, args.because.as_str());
    let done = exports::rule(&desk.office, &desk.who, (args.no, args.rows), answer).await;
    desk.close(done, told).await?;
    say::line(if agrees { "同意了" } else { "没有同意" });
    Ok(Ended::Good)
}

async fn list(args: List) -> Result<Ended> {
    let desk = Desk::signed_in(&args.who, "doudi exports").await?;
    let view = exports::shown(&desk.office, &desk.who, None).await;
    let view = desk.close(view, told).await?;
    if args.who.json {
        say::json(&value(&view));
        return Ok(Ended::Good);
    }
    for (word, rows) in [("申请", &view.own), ("等您看", &view.to_rule)] {
        for row in rows {
            let stands = match (row.ruled.as_str(), row.purpose.as_str()) {
                ("", "") => "等写明用途",
                ("", _) => "等另一人看",
                (ruled, _) => ruled,
            };
            say::line(format!(
                "{word} {}:{} {} 行,{}({}),{stands}",
                row.no,
                row.title,
                say::count(row.rows),
                row.because,
                row.asked
            ));
        }
    }
    for row in &view.taken {
        let agreed = match row.agreed.as_str() {
            "" => String::new(),
            by => format!(",{by} 同意"),
        };
        say::line(format!(
            "导出 {}:{} {} 行,{} {}{agreed}",
            row.no,
            row.title,
            say::count(row.rows),
            row.at,
            row.by
        ));
    }
    Ok(Ended::Good)
}

fn value(view: &ExportsView) -> serde_json::Value {
    let asks = |rows: &[exports::AskRow]| {
        let each = rows.iter().map(|row| {
            json!({ "no": row.no, "title": row.title, "rows": row.rows, "because": row.because,
                "purpose": row.purpose, "asked": row.asked, "ruled": row.ruled, "open": row.is_open })
        });
        each.collect::<Vec<_>>()
    };
    let taken = view.taken.iter().map(|row| {
        json!({ "no": row.no, "title": row.title, "rows": row.rows, "by": row.by, "at": row.at,
            "agreed": row.agreed })
    });
    json!({ "own": asks(&view.own), "to_rule": asks(&view.to_rule),
        "taken": taken.collect::<Vec<_>>(), "alone_today": view.today })
}

async fn whose(args: Whose) -> Result<Ended> {
    let desk = Desk::at_the_machine(&args.folder).await?;
    let found = exports::whose(&desk.office, &args.file).await;
    let found = desk.close(found, told).await?;
    if args.json {
        let rows = found.iter().map(|one| {
            json!({ "no": one.no, "title": one.title, "rows": one.rows, "by": one.by, "at": one.at,
                "written": one.is_written, "blocks": one.blocks })
        });
        say::json(&json!({ "found": rows.collect::<Vec<_>>() }));
    } else if found.is_empty() {
        say::line("认不出:文件里没有导出编号,行的先后里也没有(不足 80 行,或者重新排过序)");
    }
    for one in found.iter().filter(|_| !args.json) {
        say::line(line(one));
    }
    Ok(Ended::with(found.is_empty()))
}

fn line(one: &Found) -> String {
    let by = match (one.is_written, one.blocks) {
        (true, 0) => "文件里写着".to_owned(),
        (true, blocks) => format!("文件里写着,行的先后里也有 {blocks} 处"),
        (false, blocks) => format!("行的先后里有 {blocks} 处"),
    };
    format!(
        "导出 {}:{} {} 行,{} {};{by}",
        one.no,
        one.title,
        say::count(one.rows),
        one.at,
        one.by
    )
}
