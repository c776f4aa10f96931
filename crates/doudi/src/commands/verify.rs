//! `verify`: requests to departments and their answers from the terminal. Whoever acts signs in with
//! account and password, as on the pages.

use super::signed_in::{Desk, Who};
use crate::ended::{Ended, RefusedInput, WrongUse};
use crate::say;
use anyhow::{Context, Result};
use office::access::Access;
use office::casework::CaseError;
use office::verification;
use office::{Office, Watch};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const EXAMPLE: &str = "\
例:一批核对
  doudi verify list --user zhao                          批次,哪些没有答复
  doudi verify export 1 --user zhao --out 请求           每个来源一份请求表(XLSX 和 CSV)
  doudi verify answer 1 vehicles 车辆答复.xlsx --user zhao
  doudi verify report 3 --user zhao                      一份核对报告的内容

口令从环境变量 DOUDI_PASSWORD 读,没有就从标准输入读一行;要动态口令的账号再加 --code。
答复文件有一处错就整份退回,逐条列出行和列;改好再交。同一份交两次,什么都不改动。";

/// Verification.
#[derive(clap::Subcommand)]
#[command(after_help = EXAMPLE)]
pub enum Verify {
    /// 批次清单
    List(List),
    /// 导出一批的请求表
    Export(Export),
    /// 交一个来源的答复
    Answer(Answer),
    /// 看一份核对报告
    Report(Report),
}

/// What to list.
#[derive(clap::Args)]
pub struct List {
    #[command(flatten)]
    who: Who,
}

/// What to export.
#[derive(clap::Args)]
pub struct Export {
    /// 批次号
    batch: i64,
    /// 写到哪个文件夹
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    who: Who,
}

/// A department's file.
#[derive(clap::Args)]
pub struct Answer {
    /// 批次号
    batch: i64,
    /// 来源的代号,如 vehicles
    source: String,
    /// 答复文件
    file: PathBuf,
    #[command(flatten)]
    who: Who,
}

/// A report.
#[derive(clap::Args)]
pub struct Report {
    /// 报告在系统里的编号
    report: i64,
    #[command(flatten)]
    who: Who,
}

/// Does one of them.
pub async fn run(what: Verify) -> Result<Ended> {
    match what {
        Verify::List(args) => list(args).await,
        Verify::Export(args) => export(args).await,
        Verify::Answer(args) => answer(args).await,
        Verify::Report(args) => report(args).await,
    }
}

fn told(error: CaseError) -> anyhow::Error {
    match error {
        CaseError::Office(error) => error.into(),
        other => RefusedInput(other.to_string()).into(),
    }
}

async fn list(args: List) -> Result<Ended> {
    let desk = Desk::signed_in(&args.who, "doudi verify").await?;
    let view = verification::list_view(&desk.office, &desk.who).await;
    let view = desk.close(view, told).await?;
    if args.who.json {
        let rows = view.batches.iter().map(|row| {
            json!({ "batch": row.no, "day": row.day, "asked": row.asked, "answered": row.answered,
                "late": row.late, "state": row.state.text })
        });
        say::json(&json!({ "waiting": view.waiting.len(), "batches": rows.collect::<Vec<_>>() }));
        return Ok(Ended::Good);
    }
    say::line(format!("等着核对的办件 {} 件", view.waiting.len()));
    for row in &view.batches {
        say::line(format!(
            "第 {} 批 {} 请求 {} 条,已答复 {} 条,逾期 {} 条 · {}",
            row.no, row.day, row.asked, row.answered, row.late, row.state.text
        ));
    }
    Ok(Ended::Good)
}

async fn export(args: Export) -> Result<Ended> {
    let desk = Desk::signed_in(&args.who, "doudi verify").await?;
    let made = files(&desk, args.batch).await;
    let (made, stopped) = desk.close(made, told).await?;
    std::fs::create_dir_all(&args.out).with_context(|| args.out.display().to_string())?;
    for (name, bytes) in &made {
        let path = args.out.join(name);
        if path.exists() {
            let said = format!("`{}` 已经在了;请换一个文件夹,不覆盖", path.display());
            return Err(WrongUse(said).into());
        }
        std::fs::write(&path, bytes).with_context(|| path.display().to_string())?;
        if !args.who.json {
            say::line(path.display().to_string());
        }
    }
    if args.who.json {
        let names: Vec<&String> = made.iter().map(|(name, _)| name).collect();
        say::json(&json!({ "batch": args.batch, "files": names, "stopped": stopped }));
    } else {
        for said in &stopped {
            say::line(said);
        }
    }
    Ok(Ended::with(!stopped.is_empty()))
}

/// What leaves, and what another person has to agree to first.
type Left = (Vec<(String, Vec<u8>)>, Vec<String>);

/// The requests of every source, as workbook and as CSV.
async fn files(desk: &Desk, batch: i64) -> Result<Left, CaseError> {
    let view = verification::batch_view(&desk.office, &desk.who, batch).await?;
    let (mut out, mut stopped) = (Vec::new(), Vec::new());
    for source in &view.sources {
        let (office, who) = (&desk.office, &desk.who);
        match verification::request_workbook(office, who, batch, &source.code).await {
            Ok(made) => out.push(made),
            // Each is asked for, so that another person sees them all at once.
            Err(CaseError::Forbidden(said)) => {
                stopped.push(said);
                continue;
            }
            Err(error) => return Err(error),
        }
        out.push(verification::request_csv(office, who, batch, &source.code).await?);
    }
    Ok((out, stopped))
}

async fn answer(args: Answer) -> Result<Ended> {
    let desk = Desk::signed_in(&args.who, "doudi verify").await?;
    let taken = taken(&desk, &args).await;
    let (taken, mistakes) = desk.close(taken, told).await?;
    if args.who.json {
        let rows = mistakes
            .iter()
            .map(|m| json!({ "line": m.line, "field": m.field, "message": m.message }));
        say::json(
            &json!({ "file": taken.file, "lines": taken.lines, "mistakes": taken.mistakes,
            "answered": taken.answered, "repeated": taken.repeated, "rows": rows.collect::<Vec<_>>() }),
        );
    } else if taken.repeated {
        say::line("这个文件以前交过,什么都没有改动");
    } else {
        say::line(format!(
            "№ {} {} 行,错误 {} 处,答复 {} 条",
            taken.file, taken.lines, taken.mistakes, taken.answered
        ));
        for one in &mistakes {
            say::line(format!(
                "  第 {} 行 {}:{}",
                one.line, one.field, one.message
            ));
        }
    }
    if taken.mistakes > 0 {
        let said = format!("整份退回,有 {} 处错误,什么都没有导入", taken.mistakes);
        return Err(RefusedInput(said).into());
    }
    Ok(Ended::Good)
}

async fn taken(
    desk: &Desk,
    args: &Answer,
) -> Result<(verification::Imported, Vec<verification::MistakeRow>), CaseError> {
    let (office, who) = (&desk.office, &desk.who);
    let taken =
        verification::import_file(office, who, args.batch, &args.source, &args.file).await?;
    let rows = match taken.mistakes {
        0 => Vec::new(),
        _ => verification::mistakes_view(office, who, args.batch, taken.file).await?,
    };
    Ok((taken, rows))
}

async fn report(args: Report) -> Result<Ended> {
    let desk = Desk::signed_in(&args.who, "doudi verify").await?;
    let view = verification::report_view(&desk.office, &desk.who, args.report).await;
    let view = desk.close(view, told).await?;
    if args.who.json {
        say::json(
            &json!({ "number": view.number, "version": view.version, "sha256": view.digest,
            "text": view.text }),
        );
    } else {
        say::line(view.text.trim_end());
        say::line(format!("摘要 sha256:{}", view.digest));
    }
    Ok(Ended::Good)
}

/// The department that stays silent in the demo.
const SILENT: &str = "medical_expense";
/// The month of the departments' own files in the demo, and the day they looked.
const OWN_MONTH: &str = "2026-08";
const LOOKED: &str = "2026-09-10";

/// Makes the demo's batch: the invented county's departments answer from their own files.
pub(super) async fn demo(office: &Arc<Office>, now: &str, feeds: &Path) -> Result<()> {
    let access = Access::open(Arc::clone(office), Watch::Machine)?;
    let answer = |source: &str, header: &[String], request: &str| {
        if source == SILENT {
            return None;
        }
        departments((feeds, LOOKED), source, header, request)
    };
    let made = verification::demo::fill(&access, now, answer).await?;
    say::line(format!(
        "演示核对一批:请求 {} 条,答复 {} 条,一个部门没有答复;打开页面后看“核对”。",
        made.asked, made.answered
    ));
    Ok(())
}

/// What a department of the invented county answers to a request, from its own file, looked into on a day.
pub(super) fn departments(
    (feeds, looked): (&Path, &str),
    source: &str,
    header: &[String],
    request: &str,
) -> Option<String> {
    let own = own_file(&feeds.join(OWN_MONTH), source)?;
    ::synth::department_answer(header, request, &own, looked).ok()
}

/// The bytes of a department's own file of a month; nothing where it has none.
fn own_file(folder: &Path, source: &str) -> Option<Vec<u8>> {
    let name = source.replace('_', "-");
    for entry in [name.as_str(), source] {
        let book = folder.join(format!("{entry}.xlsx"));
        if book.exists() {
            let mut text = Vec::new();
            office::intake::workbook::to_csv(&book, &mut text).ok()?;
            return Some(text);
        }
        if let Ok(bytes) = std::fs::read(folder.join(format!("{entry}.csv"))) {
            return Some(bytes);
        }
    }
    None
}
