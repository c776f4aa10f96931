//! `audit verify`: the chain of all acts, computed again.

use crate::ended::Ended;
use crate::folder::Folder;
use crate::say;
use anyhow::Result;
use clap::Subcommand;
use serde_json::{Value, json};

/// What to do with the chain.
#[derive(Subcommand)]
pub enum Audit {
    /// 从头重算审计链,找出被改、被删、被插、被移的条目
    Verify(Args),
}

/// What to compare the chain with.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi audit verify\n  doudi audit verify --against 412:9f0c…      与上次抄下的链头比对\n\n把打印的链头抄到别处(纸上也行):整条链被重写,只有别处的链头能看出来。\n链不完整时退出码为 1。"
)]
pub struct Args {
    /// 以前抄在别处的链头;可以写几个
    #[arg(long, value_name = "SEQ:DIGEST")]
    against: Vec<String>,
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Verifies and names every entry that is not as it was written.
pub async fn run(args: Args) -> Result<Ended> {
    let kept = args
        .against
        .iter()
        .map(|line| office::audit::read_checkpoint(line))
        .collect::<Result<Vec<_>, _>>()?;
    let office = args.folder.open().await?;
    let verdict = office::audit::verify_against(&office, &kept).await;
    office.close().await;
    let verdict = verdict?;
    let head = verdict.head.as_ref().map(office::audit::write_checkpoint);
    if args.json {
        let breaks: Vec<Value> = verdict
            .breaks
            .iter()
            .map(|b| json!({ "seq": b.seq, "kind": b.kind.name() }))
            .collect();
        say::json(
            &json!({ "entries": verdict.entries, "whole": verdict.is_whole(), "head": head, "breaks": breaks }),
        );
    } else {
        for found in &verdict.breaks {
            say::line(format!("第 {} 条:{}", found.seq, found.kind.name()));
        }
        let state = if verdict.is_whole() {
            "首尾相接".to_owned()
        } else {
            format!("{} 处不对", verdict.breaks.len())
        };
        say::line(format!("审计链 {} 条,{state}", say::count(verdict.entries)));
        if let Some(head) = head {
            say::line(format!("链头 {head}"));
        }
    }
    Ok(Ended::with(!verdict.is_whole()))
}
