//! `pay`: the month's batch from the terminal. Whoever acts signs in with account and password, as on
//! the pages: three persons are three persons here too.

use super::months;
use super::signed_in::{Desk, Who};
use crate::ended::{Ended, RefusedInput, WrongUse};
use crate::folder::Folder;
use crate::say;
use anyhow::{Context, Result};
use domain::{Day, Month};
use office::disbursement::{self as pay, PayError};
use serde_json::{Value, json};
use std::path::PathBuf;

const EXAMPLE: &str = "\
例:一个月的发放,三个人
  doudi pay open    2026-08 --user chen          在册名册开账
  doudi pay prepare 2026-09 --user chen          编制
  doudi pay check   1 --user chen2               核查
  doudi pay approve 1 --user chen3               批准
  doudi pay seal    1 --user chen3               封存
  doudi pay release 1 --user chen3               交银行
  doudi pay answer  1 回盘/HP00000001.txt --user chen2
  doudi pay list

口令从环境变量 DOUDI_PASSWORD 读,没有就从标准输入读一行;要动态口令的账号再加 --code。
编制、核查、批准要三个不同的人;交银行的人不能是编制和核查的人。";

/// Paying.
#[derive(clap::Subcommand)]
#[command(after_help = EXAMPLE)]
pub enum Pay {
    /// 在册名册开账:名册上的人从这个月起按名册的钱数发
    Open(OfMonth),
    /// 编制一个月的批次
    Prepare(Prepare),
    /// 核查:有问题的行剔出来,写明原因
    Check(One),
    /// 批准
    Approve(One),
    /// 封存
    Seal(One),
    /// 交银行:写出代发文件
    Release(One),
    /// 接收银行的回盘文件
    Answer(Answer),
    /// 办结
    Close(One),
    /// 花名册写成工作簿
    Roster(Roster),
    /// 一站式结算身份名单
    Medical(Medical),
    /// 批次清单
    List(List),
    /// 对账:总账、批次、摘要是不是都平
    Verify(List),
}

/// A month.
#[derive(clap::Args)]
pub struct OfMonth {
    /// 哪个月
    #[arg(value_name = "YYYY-MM")]
    month: String,
    #[command(flatten)]
    who: Who,
}

/// A batch to be drawn up.
#[derive(clap::Args)]
pub struct Prepare {
    /// 哪个月
    #[arg(value_name = "YYYY-MM")]
    month: String,
    /// 批次种类:monthly 按月、price 价格补贴、holiday 节日、reissue 退票补发
    #[arg(long, default_value = "monthly")]
    kind: String,
    #[command(flatten)]
    who: Who,
}

/// A batch.
#[derive(clap::Args)]
pub struct One {
    /// 批次号
    batch: i64,
    #[command(flatten)]
    who: Who,
}

/// The bank's file.
#[derive(clap::Args)]
pub struct Answer {
    /// 批次号
    batch: i64,
    /// 回盘文件
    file: PathBuf,
    #[command(flatten)]
    who: Who,
}

/// A roster.
#[derive(clap::Args)]
pub struct Roster {
    /// 批次号
    batch: i64,
    /// 写到哪个文件
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    #[command(flatten)]
    who: Who,
}

/// The list for hospitals.
#[derive(clap::Args)]
pub struct Medical {
    /// 哪一天,不写就是今天
    #[arg(long, value_name = "YYYY-MM-DD")]
    day: Option<String>,
    /// 写到哪个文件夹
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    who: Who,
}

/// What to list.
#[derive(clap::Args)]
pub struct List {
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Does one step.
pub async fn run(what: Pay) -> Result<Ended> {
    match what {
        Pay::Open(args) => open(args).await,
        Pay::Prepare(args) => prepare(args).await,
        Pay::Check(args) => check(args).await,
        Pay::Approve(args) => simple(args, Step::Approve).await,
        Pay::Seal(args) => simple(args, Step::Seal).await,
        Pay::Release(args) => simple(args, Step::Release).await,
        Pay::Close(args) => simple(args, Step::Close).await,
        Pay::Answer(args) => answer(args).await,
        Pay::Roster(args) => roster(args).await,
        Pay::Medical(args) => medical(args).await,
        Pay::List(args) => list(args).await,
        Pay::Verify(args) => verify(args).await,
    }
}

fn told(error: PayError) -> anyhow::Error {
    match error {
        PayError::Denied(_) | PayError::Refused(_) | PayError::NotFound(_) => {
            RefusedInput(error.to_string()).into()
        }
        PayError::Office(error) => error.into(),
    }
}

fn show(json: bool, value: &Value, line: &str) {
    if json {
        say::json(value);
    } else {
        say::line(line);
    }
}

async fn open(args: OfMonth) -> Result<Ended> {
    let month = months::parse(&args.month)?;
    let desk = Desk::signed_in(&args.who, "doudi pay").await?;
    let done = pay::take_over(&desk.office, &desk.who, month).await;
    let done = desk.close(done, told).await?;
    let value = json!({ "month": month.to_string(), "rows": done.rows, "made": done.made,
        "fen": done.amount.get(), "already": done.already, "without_money": done.without_money,
        "unknown": done.unknown, "without_card": done.without_card, "several_cards": done.several_cards });
    let line = format!(
        "{month} 开账:名册 {} 行,新立待遇 {} 项,每月 {} 元;已有 {} 项,不发钱 {} 行,认不出 {} 行,没有卡 {} 户,几张卡 {} 户",
        say::count(done.rows),
        say::count(done.made),
        done.amount,
        say::count(done.already),
        say::count(done.without_money),
        say::count(done.unknown),
        done.without_card.len(),
        done.several_cards.len()
    );
    show(args.who.json, &value, &line);
    Ok(Ended::with(
        done.unknown > 0 || !done.without_card.is_empty() || !done.several_cards.is_empty(),
    ))
}

async fn prepare(args: Prepare) -> Result<Ended> {
    let month: Month = months::parse(&args.month)?;
    let desk = Desk::signed_in(&args.who, "doudi pay").await?;
    let progress = |step: &str| say::aside(format!("step {step}"));
    let done = pay::prepare(&desk.office, &desk.who, &args.kind, month, progress).await;
    let done = desk.close(done, told).await?;
    let value = json!({ "batch": done.batch, "lines": done.lines, "fen": done.amount.get() });
    let line = format!(
        "第 {} 批:{} 行,{} 元",
        done.batch,
        say::count(done.lines),
        done.amount
    );
    show(args.who.json, &value, &line);
    Ok(Ended::Good)
}

async fn check(args: One) -> Result<Ended> {
    let desk = Desk::signed_in(&args.who, "doudi pay").await?;
    let done = pay::check(&desk.office, &desk.who, args.batch).await;
    let findings = desk.close(done, told).await?;
    if args.who.json {
        let all: Vec<Value> = findings
            .iter()
            .map(|f| json!({ "line": f.line_no, "code": f.code, "says": f.says }))
            .collect();
        say::json(&json!({ "batch": args.batch, "findings": all }));
    } else {
        for finding in &findings {
            say::line(format!("  第 {} 行 剔出:{}", finding.line_no, finding.says));
        }
        say::line(format!("第 {} 批核查完,{} 处", args.batch, findings.len()));
    }
    Ok(Ended::with(!findings.is_empty()))
}

/// Steps that answer little.
enum Step {
    Approve,
    Seal,
    Release,
    Close,
}

async fn simple(args: One, step: Step) -> Result<Ended> {
    let desk = Desk::signed_in(&args.who, "doudi pay").await?;
    let (office, who, batch) = (&desk.office, &desk.who, args.batch);
    let done = match step {
        Step::Approve => pay::approve(office, who, batch)
            .await
            .map(|()| "已批准".to_owned()),
        Step::Seal => {
            let sealed = pay::seal(office, who, batch).await;
            sealed.map(|digest| {
                let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("已封存,摘要 {digest}")
            })
        }
        Step::Release => {
            let progress = |step: &str| say::aside(format!("step {step}"));
            let released = pay::release(office, who, batch, progress).await;
            released.map(|path| format!("已交银行,文件 {}", path.display()))
        }
        Step::Close => pay::close(office, who, batch)
            .await
            .map(|()| "已办结".to_owned()),
    };
    let said = desk.close(done, told).await?;
    let value = json!({ "batch": args.batch, "says": said });
    show(
        args.who.json,
        &value,
        &format!("第 {} 批{said}", args.batch),
    );
    Ok(Ended::Good)
}

async fn answer(args: Answer) -> Result<Ended> {
    let bytes = std::fs::read(&args.file).with_context(|| args.file.display().to_string())?;
    let name = args.file.file_name();
    let name = name.map_or(String::new(), |name| name.to_string_lossy().into_owned());
    let desk = Desk::signed_in(&args.who, "doudi pay").await?;
    let done = pay::answer(&desk.office, &desk.who, args.batch, &name, &bytes).await;
    let done = desk.close(done, told).await?;
    if args.who.json {
        let parked: Vec<Value> = done
            .parked
            .iter()
            .map(|(row, why)| json!({ "row": row, "why": why }))
            .collect();
        say::json(
            &json!({ "batch": args.batch, "repeated": done.repeated, "paid": done.paid,
            "paid_fen": done.paid_amount.get(), "returned": done.returned,
            "returned_fen": done.returned_amount.get(), "unknown": done.unknown, "parked": parked }),
        );
    } else if done.repeated {
        say::line("同一份回盘文件已经收过,什么都没有改");
    } else {
        say::line(format!(
            "成功 {} 行 {} 元,退票 {} 行 {} 元,结果不明 {} 行,搁置 {} 行",
            say::count(done.paid),
            done.paid_amount,
            say::count(done.returned),
            done.returned_amount,
            say::count(done.unknown),
            done.parked.len()
        ));
        for (row, why) in &done.parked {
            say::line(format!("  回盘第 {row} 行 搁置:{why}"));
        }
    }
    Ok(Ended::with(
        done.returned > 0 || done.unknown > 0 || !done.parked.is_empty(),
    ))
}

async fn roster(args: Roster) -> Result<Ended> {
    let desk = Desk::signed_in(&args.who, "doudi pay").await?;
    let done = pay::roster_of(&desk.office, &desk.who, args.batch).await;
    let (_, bytes) = desk.close(done, told).await?;
    write_private(&args.out, &bytes)?;
    say::line(args.out.display());
    Ok(Ended::Good)
}

async fn medical(args: Medical) -> Result<Ended> {
    let desk = Desk::signed_in(&args.who, "doudi pay").await?;
    let day = match &args.day {
        Some(text) => Day::parse(text).map_err(|e| WrongUse(format!("--day `{text}`:{e}")))?,
        None => desk.office.clock().today(),
    };
    let done = pay::status_list(&desk.office, &desk.who, day).await;
    let list = desk.close(done, told).await?;
    std::fs::create_dir_all(&args.out).with_context(|| args.out.display().to_string())?;
    let path = args.out.join(&list.file_name);
    write_private(&path, &list.bytes)?;
    let line = format!(
        "{day} {} 人,新增 {},退出 {}:{}",
        say::count(list.persons),
        list.added,
        list.removed,
        path.display()
    );
    let value = json!({ "day": day.to_string(), "persons": list.persons, "added": list.added,
        "removed": list.removed, "file": path.display().to_string() });
    show(args.who.json, &value, &line);
    Ok(Ended::Good)
}

/// Full names and cards: for the one who asked alone.
fn write_private(path: &std::path::Path, bytes: &[u8]) -> Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let mut file = options
        .open(path)
        .with_context(|| path.display().to_string())?;
    file.write_all(bytes)
        .with_context(|| path.display().to_string())
}

async fn list(args: List) -> Result<Ended> {
    let office = args.folder.open().await?;
    let rows = pay::batches(&office).await;
    office.close().await;
    let rows = rows.map_err(told)?;
    if args.json {
        say::line(serde_json::to_string_pretty(&rows)?);
        return Ok(Ended::Good);
    }
    for row in &rows {
        say::line(format!(
            "第 {} 批 {} {} {}:{} 行 {} 元,剔出 {} 行",
            row.no, row.month, row.kind, row.state.text, row.lines, row.amount, row.apart
        ));
    }
    Ok(Ended::Good)
}

async fn verify(args: List) -> Result<Ended> {
    let office = args.folder.open().await?;
    let found = pay::verify(&office).await;
    office.close().await;
    let found = found.map_err(told)?;
    if args.json {
        say::json(&json!({ "findings": found }));
    } else if found.is_empty() {
        say::line("总账合计为零,批次、行和摘要都对得上");
    } else {
        found.iter().for_each(say::line);
    }
    Ok(Ended::with(!found.is_empty()))
}
