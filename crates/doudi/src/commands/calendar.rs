//! `calendar`: the years of the work calendar there are, and a year taken in when it was announced. A wrong row
//! sends the file back; a good one becomes a proposal that two persons sign.

use super::rulebook::{mended, proposed, sent_back};
use super::signed_in::{Desk, Who};
use crate::ended::Ended;
use crate::folder::Folder;
use crate::say;
use anyhow::{Context, Result};
use office::rulebook::{self as changing, YearFile};
use serde_json::json;
use std::path::PathBuf;

const EXAMPLE: &str = "\
例:国务院办公厅公布 2027 年放假安排以后
  doudi calendar list                                       看有哪些年份、缺哪一年
  doudi calendar import 2027.csv --year 2027 --why \"国办发明电〔2026〕7 号\" --user admin
  doudi rulebook diff 1
  doudi rulebook sign 1 --user chen                         两个人签了才生效

文件是表(date,name,is_off_day,paper,一行一天),或者 holiday-cn 的年份文件(JSON)。
有一行不对,整份退回,逐行逐格写明;没有公布的年份不能导入,也不猜。";

/// 工作日历.
#[derive(clap::Subcommand)]
#[command(after_help = EXAMPLE)]
pub enum Calendar {
    /// 有哪些年份,缺哪一年
    List(List),
    /// 一年的放假安排成为一版改动
    Import(Import),
}

/// The years there are.
#[derive(clap::Args)]
pub struct List {
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// A year to be taken in.
#[derive(clap::Args)]
pub struct Import {
    /// 这一年的文件:CSV 或者 JSON
    file: PathBuf,
    /// 哪一年
    #[arg(long, value_parser = clap::value_parser!(i32).range(2000..=2100))]
    year: i32,
    /// 依据:国务院办公厅的通知
    #[arg(long)]
    why: String,
    #[command(flatten)]
    who: Who,
}

/// Does what is asked, and lets the folder go.
pub async fn run(what: Calendar) -> Result<Ended> {
    match what {
        Calendar::List(args) => list(args).await,
        Calendar::Import(args) => import(args).await,
    }
}

async fn list(args: List) -> Result<Ended> {
    let desk = Desk::at_the_machine(&args.folder).await?;
    let view = changing::years(&desk.office, &desk.who, None);
    let view = desk.close(view, mended).await?;
    if args.json {
        let years: Vec<_> = view
            .years
            .iter()
            .map(|row| {
                json!({ "year": row.year, "off": row.off, "worked": row.worked,
                    "papers": row.papers, "example": row.example })
            })
            .collect();
        say::json(&json!({ "years": years, "missing": view.missing }));
        return Ok(Ended::Good);
    }
    for row in view.years.iter().rev() {
        let example = if row.example { "(示例值)" } else { "" };
        say::line(format!(
            "{} 年{example} · 放假 {} 天,调休上班 {} 天",
            row.year, row.off, row.worked
        ));
    }
    for year in &view.missing {
        say::line(format!(
            "未导入 {year} 年;落到这一年的期限算不出来,公布以后导入"
        ));
    }
    Ok(Ended::Good)
}

async fn import(args: Import) -> Result<Ended> {
    let bytes = std::fs::read(&args.file).with_context(|| args.file.display().to_string())?;
    let desk = Desk::signed_in(&args.who, "doudi calendar").await?;
    let file = YearFile {
        year: args.year,
        bytes,
        because: args.why,
    };
    let done = changing::import_year(&desk.office, &desk.who, file).await;
    let done = done.map_err(|error| match error {
        changing::ChangeError::Refused(said) => sent_back(&said.lines().collect::<Vec<_>>()),
        other => other,
    });
    proposed(desk, done, args.who.json).await
}
