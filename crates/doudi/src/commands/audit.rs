//! `audit verify`: the chain of all acts, computed again, and every row against its seal.

use crate::ended::Ended;
use crate::folder::Folder;
use crate::say;
use anyhow::Result;
use clap::Subcommand;
use office::audit::Verified;
use serde_json::{Value, json};

/// What to do with the chain.
#[derive(Subcommand)]
pub enum Audit {
    /// 从头重算审计链,逐行核对各表,找出被改、被删、被插、被换回的
    Verify(Args),
}

/// What to compare the chain with.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi audit verify                          与数据文件夹里的存证 audit-heads.txt 比对\n  doudi audit verify --kept U盘/audit-heads.txt  与抄到别处的存证比对\n  doudi audit verify --against 412:9f0c…      与抄在纸上的链头比对\n\n每次导入、每月监测、每天,链头都追加到数据文件夹的 audit-heads.txt。末尾被截、整条链被重写,\n只有库外的链头能看出来;能改数据文件夹的人两样都能改,所以把它抄到别处。\n\n各表逐行带印:绕过程序改了哪一行,就说出表和编号(不显示内容);删去的、放回旧样的按表说出。\n  doudi audit verify --note                   都对时在链里记一笔,以后查出不符就知道在哪一条之后\n\n有一处不对,退出码为 1。"
)]
pub struct Args {
    /// 以前抄在别处的链头;可以写几个
    #[arg(long, value_name = "SEQ:DIGEST")]
    against: Vec<String>,
    /// 抄到别处的存证文件
    #[arg(long, value_name = "FILE")]
    kept: Option<std::path::PathBuf>,
    /// 都对时在审计链里记一笔
    #[arg(long)]
    note: bool,
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
    let verified = office::audit::verify_against(&office, &kept, args.kept.as_deref()).await;
    let noted = match &verified {
        Ok(verified) if args.note && verified.is_whole() => {
            office::audit::note(&office, "system").await
        }
        Ok(_) | Err(_) => Ok(()),
    };
    office.close().await;
    let verified = verified?;
    noted?;
    if args.json {
        say::json(&value(&verified));
    } else {
        print(&verified);
    }
    Ok(Ended::with(!verified.is_whole()))
}

fn value(verified: &Verified) -> Value {
    let verdict = &verified.verdict;
    let breaks: Vec<Value> = verdict
        .breaks
        .iter()
        .map(|b| json!({ "seq": b.seq, "kind": b.kind.name() }))
        .collect();
    json!({
        "entries": verdict.entries, "whole": verified.is_whole(),
        "head": verdict.head.as_ref().map(office::audit::write_checkpoint), "breaks": breaks,
        "cut_off": verdict.cut_off.map(|(first, last)| json!({ "first": first, "last": last })),
        "kept": verified.heads.kept.len(), "kept_wrong_lines": verified.heads.wrong_lines,
        "tables": tables(verified),
    })
}

fn tables(verified: &Verified) -> Value {
    let tables = &verified.tables;
    let findings: Vec<Value> = tables
        .findings
        .iter()
        .map(|f| {
            json!({ "table": f.table, "key": f.key, "kind": f.broken.name(), "rows": f.rows,
                "written": f.written })
        })
        .collect();
    json!({
        "tables": tables.tables, "rows": tables.rows, "findings": findings,
        "since": tables.since.as_ref().map(|place| json!({ "seq": place.seq, "at": place.at })),
    })
}

fn print_tables(verified: &Verified) {
    let tables = &verified.tables;
    for found in &tables.findings {
        say::line(office::audit::said(found));
    }
    let state = if tables.is_whole() {
        "行行与印记相符".to_owned()
    } else {
        format!(
            "{} 处不符;请停止写入,与备份比对,报告审计人员",
            tables.findings.len()
        )
    };
    say::line(format!(
        "逐行核对 {} 张表 {} 行,{state}",
        tables.tables,
        say::count(tables.rows)
    ));
    if !tables.is_whole() {
        say::line(office::audit::since(tables));
    }
}

fn print(verified: &Verified) {
    print_tables(verified);
    let verdict = &verified.verdict;
    for found in &verdict.breaks {
        say::line(format!("第 {} 条:{}", found.seq, found.kind.name()));
    }
    if let Some((first, last)) = verdict.cut_off {
        let after = verified
            .cut_off_after()
            .map_or_else(|| "存证".to_owned(), |at| format!("{at} 的存证"));
        say::line(format!(
            "缺第 {first} 到第 {last} 条:{after}说链头到过第 {last} 条,库里只到第 {} 条;请停止写入,与备份比对,报告审计人员",
            first.saturating_sub(1)
        ));
    }
    for line in &verified.heads.wrong_lines {
        say::line(format!(
            "存证第 {line} 行:不是用本库密钥签记的链头,可能被改"
        ));
    }
    let state = if verdict.is_whole() {
        "首尾相接".to_owned()
    } else {
        format!("{} 处不对", verdict.breaks.len())
    };
    say::line(format!("审计链 {} 条,{state}", say::count(verdict.entries)));
    match verified.heads.kept.last() {
        None => say::line("没有库外存证:末尾若被截断,看不出来"),
        Some(last) => say::line(format!(
            "库外存证 {} 个,最新的到第 {} 条 {}",
            verified.heads.kept.len(),
            last.place.seq,
            last.at
        )),
    }
    if let Some(head) = &verdict.head {
        say::line(format!("链头 {}", office::audit::write_checkpoint(head)));
    }
}
