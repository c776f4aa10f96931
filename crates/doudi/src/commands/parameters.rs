//! `parameters`: 年度调标 by workbook. Out with what stands, back with what is to be; a sheet with a mistake
//! is sent back with its cells, and a good one becomes a proposal that two persons sign.

use super::rulebook::{proposed, sent_back};
use super::signed_in::{Desk, Who};
use crate::ended::Ended;
use crate::folder::Folder;
use crate::say;
use anyhow::{Context, Result};
use office::parameters as numbers;
use office::rulebook::{self as changing, ChangeError, Proposal};
use std::path::PathBuf;

const EXAMPLE: &str = "\
例:2027 年调标
  doudi parameters export --year 2027 --out 调标2027.xlsx
  在表里填 新值、新值起、新值来源;不改的留空
  doudi parameters import 调标2027.xlsx --why \"某民发〔2026〕30 号\" --user chen
  doudi rulebook diff 1

有一格不对,整张表退回,逐格写明;什么也不会改。没有不对的,成为一版改动,两个人签了才生效。";

/// Yearly adjustment.
#[derive(clap::Subcommand)]
#[command(after_help = EXAMPLE)]
pub enum Parameters {
    /// 现在的数写成工作簿,留出要填的格
    Export(Export),
    /// 填好的工作簿成为一版改动
    Import(Import),
}

/// A sheet to be written.
#[derive(clap::Args)]
pub struct Export {
    /// 调哪一年
    #[arg(long, value_parser = clap::value_parser!(u16).range(2000..=2100))]
    year: u16,
    /// 写到哪个文件
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    folder: Folder,
}

/// A sheet to be read.
#[derive(clap::Args)]
pub struct Import {
    /// 填好的工作簿
    sheet: PathBuf,
    /// 为什么改:文件、文号或会议
    #[arg(long)]
    why: String,
    #[command(flatten)]
    who: Who,
}

/// Does what is asked, and lets the folder go.
pub async fn run(what: Parameters) -> Result<Ended> {
    match what {
        Parameters::Export(args) => {
            let office = args.folder.open().await?;
            let sheet = numbers::export(&office, args.year);
            office.close().await;
            std::fs::write(&args.out, sheet?).with_context(|| args.out.display().to_string())?;
            say::line(format!("已写到 {}", args.out.display()));
            Ok(Ended::Good)
        }
        Parameters::Import(args) => import(args).await,
    }
}

async fn import(args: Import) -> Result<Ended> {
    let desk = Desk::signed_in(&args.who, "doudi parameters").await?;
    let done = match numbers::read(&desk.office, &args.sheet) {
        Ok(Ok(text)) => {
            let proposal = Proposal {
                texts: vec![text],
                remove: Vec::new(),
                because: args.why,
                no: None,
            };
            changing::propose(&desk.office, &desk.who, proposal).await
        }
        Ok(Err(cells)) => Err(sent_back(&cells)),
        Err(error) => Err(ChangeError::Office(error)),
    };
    proposed(desk, done, args.who.json).await
}
