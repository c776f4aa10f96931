//! `bank-sim`: a bank that answers the file it was sent, with the faults real banks make. For demos and
//! tests only; it reads the file and the description of the bank, and nothing of the record.

use crate::ended::{Ended, RefusedInput, WrongUse};
use crate::say;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::path::PathBuf;
use synth::{BankFault, bank_answer};

/// What to answer.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi bank-sim --sent doudi-data/payments/1/DF00000001.txt --out 回盘\n  doudi bank-sim --sent DF00000001.txt --fault returned=2 --fault missing=1 --seed 7 --out 回盘\n\n--fault 可以是 returned 退票、missing 漏一行、doubled 重一行、unknown 多出一行、amount 金额错、card 账号错、code 结果码不认得、truncated 文件截断、digest 摘要不对。\n同一个种子总是得到同样的字节。"
)]
pub struct Args {
    /// 送盘文件
    #[arg(long, value_name = "FILE")]
    sent: PathBuf,
    /// 回盘文件写到哪个文件夹
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// 哪家银行:手册 banks/ 下的文件名
    #[arg(long, default_value = "demo")]
    bank: String,
    /// 用这个文件夹里的规则手册,代替程序自带的
    #[arg(long, value_name = "DIR")]
    rulebook: Option<PathBuf>,
    /// 随机种子
    #[arg(long, default_value_t = 990_101)]
    seed: u64,
    /// 出几处什么错,可以写多次:returned=2
    #[arg(long, value_name = "错=几处")]
    fault: Vec<String>,
    /// 给程序读
    #[arg(long)]
    json: bool,
}

/// Answers a file.
pub fn run(args: &Args) -> Result<Ended> {
    let book = office::rulebook::read(args.rulebook.as_deref())?;
    let path = format!("banks/{}.md", args.bank);
    let description = book.texts().get(&path).cloned();
    let description = description.ok_or_else(|| WrongUse(format!("规则手册里没有 `{path}`")))?;
    let faults: Result<Vec<(BankFault, u64)>> = args.fault.iter().map(|f| fault(f)).collect();
    let sent = std::fs::read(&args.sent).with_context(|| args.sent.display().to_string())?;
    let reply = bank_answer(&description, &sent, args.seed, &faults?)
        .map_err(|error| RefusedInput(format!("送盘文件读不懂:{error}")))?;
    std::fs::create_dir_all(&args.out).with_context(|| args.out.display().to_string())?;
    let file = args.out.join(&reply.name);
    std::fs::write(&file, &reply.bytes).with_context(|| file.display().to_string())?;
    if args.json {
        let planted: Vec<Value> = reply
            .planted
            .iter()
            .map(|(line, fault)| json!({ "line": line, "fault": fault.word() }))
            .collect();
        say::json(&json!({ "file": file.display().to_string(), "planted": planted }));
    } else {
        say::line(file.display());
        for (line, fault) in &reply.planted {
            say::line(format!("  第 {line} 行 {}", fault.word()));
        }
    }
    Ok(Ended::Good)
}

fn fault(text: &str) -> Result<(BankFault, u64)> {
    let wrong = || WrongUse(format!("--fault `{text}` 应写成 returned=2 这样"));
    let (word, many) = text.split_once('=').ok_or_else(wrong)?;
    let fault = BankFault::from_word(word).ok_or_else(wrong)?;
    Ok((fault, many.parse().map_err(|_| wrong())?))
}
