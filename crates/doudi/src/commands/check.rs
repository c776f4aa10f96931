//! `check`: every finding of the rulebook, and its own cases.

use crate::ended::Ended;
use crate::say;
use anyhow::Result;
use office::Watch;
use rules::cases::CaseResult;
use rules::problem::line_column;
use rules::{Problem, Rulebook, Severity};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What to check.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi check                       检查程序自带的手册\n  doudi check rulebook --cases      检查一个文件夹,并跑全部案例\n  doudi check --summary             有多少内容,跑一遍多久\n  doudi check rulebook --watch      改一次存一次盘,就再查一次\n  doudi check rulebook --json | jq '.findings[].message'\n\n有错误或有案例不符时退出码为 1。"
)]
pub struct Args {
    /// 规则手册的文件夹;不写就是程序自带的
    rulebook: Option<PathBuf>,
    /// 同时跑手册里的全部案例
    #[arg(long)]
    cases: bool,
    /// 只跑这个地方的案例
    #[arg(long, value_name = "NAME")]
    locality: Option<String>,
    /// 只报总数和用时:项目、文件、案例、依据、参数、地方;案例全部跑
    #[arg(long, conflicts_with = "cases")]
    summary: bool,
    /// 守着文件夹,存一次盘就再查一次;Ctrl-C 停
    #[arg(long, requires = "rulebook", conflicts_with = "json")]
    watch: bool,
    /// 给程序读
    #[arg(long)]
    json: bool,
}

/// How long a saved file waits to be seen.
const WATCH_PAUSE: Duration = Duration::from_millis(500);

/// Tells all findings, errors and reminders, in the order of the files.
pub fn run(args: &Args) -> Result<Ended> {
    let Some(folder) = args.rulebook.as_deref().filter(|_| args.watch) else {
        return once(args);
    };
    let mut seen = None;
    loop {
        let now = saved(folder);
        if seen.as_ref() != Some(&now) {
            say::line("────");
            // A file that is half saved is read again a moment later.
            if let Err(error) = once(args) {
                say::line(format!("{error:#}"));
            }
            seen = Some(now);
        }
        std::thread::sleep(WATCH_PAUSE);
    }
}

/// When each file below a folder was saved last, and how long it is.
fn saved(folder: &Path) -> BTreeMap<PathBuf, (Option<SystemTime>, u64)> {
    let mut out = BTreeMap::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        match entry.metadata() {
            Ok(is) if is.is_dir() => out.extend(saved(&path)),
            Ok(is) => {
                out.insert(path, (is.modified().ok(), is.len()));
            }
            Err(_) => {}
        }
    }
    out
}

fn once(args: &Args) -> Result<Ended> {
    if args.summary {
        return summed(args);
    }
    let book = office::rulebook::read(args.rulebook.as_deref())?;
    let problems = book.check();
    let cases = if args.cases {
        office::rulebook::try_all(&book, args.locality.as_deref())
    } else {
        Vec::new()
    };
    let access = office::rulebook::own_findings(&book);
    let errors = problems
        .iter()
        .filter(|p| p.severity == Severity::Error)
        .count()
        .saturating_add(access.len());
    let failed = cases.iter().filter(|(_, c)| !c.passed()).count();
    if args.json {
        let mut findings: Vec<Value> = problems.iter().map(|p| finding(&book, p)).collect();
        findings.extend(access.iter().map(|said| {
            json!({ "path": said.split(':').next(), "severity": "error", "code": "office", "message": said })
        }));
        let failures: Vec<Value> = cases
            .iter()
            .filter(|(_, c)| !c.passed())
            .map(|(place, c)| failure(&book, place, c))
            .collect();
        say::json(
            &json!({ "files": book.texts().len(), "errors": errors, "findings": findings, "cases": cases.len(), "failures": failures }),
        );
    } else {
        show(&book, &problems, &cases, args.cases);
        access.iter().for_each(say::line);
        say::line(summary(
            book.texts().len(),
            errors,
            problems
                .iter()
                .filter(|p| p.severity != Severity::Error)
                .count(),
            args.cases.then_some((cases.len(), failed)),
        ));
    }
    Ok(Ended::with(errors > 0 || failed > 0))
}

/// Reads, checks and tries everything, and tells how much it was and how long it took.
fn summed(args: &Args) -> Result<Ended> {
    let now = || Watch::Machine.now().as_millisecond();
    let begun = now();
    let book = office::rulebook::read(args.rulebook.as_deref())?;
    let read = now();
    let problems = book.check();
    let access = office::rulebook::own_findings(&book);
    let checked = now();
    let cases = office::rulebook::try_all(&book, args.locality.as_deref());
    let tried = now();
    let millis = |from: i64, to: i64| to.saturating_sub(from);
    let of = office::rulebook::totals(&book);
    let severe = |p: &&Problem| p.severity == Severity::Error;
    let errors = problems.iter().filter(severe).count();
    let reminders = problems.len().saturating_sub(errors);
    let errors = errors.saturating_add(access.len());
    let failed = cases.iter().filter(|(_, c)| !c.passed()).count();
    if args.json {
        say::json(&json!({
            "programmes": of.programmes, "warnings": of.warnings, "files": of.files,
            "cases": cases.len(), "failed": failed, "citations": of.citations,
            "parameters": of.parameters, "localities": of.localities,
            "errors": errors, "reminders": reminders,
            "read_ms": millis(begun, read),
            "check_ms": millis(read, checked),
            "cases_ms": millis(checked, tried),
            "all_ms": millis(begun, tried),
        }));
    } else {
        say::line(format!(
            "{} 个救助项目,{} 条预警,{} 个文件,{} 个案例,{} 条依据,{} 个参数,{} 个地方",
            of.programmes,
            of.warnings,
            of.files,
            cases.len(),
            of.citations,
            of.parameters,
            of.localities
        ));
        say::line(format!(
            "{errors} 处错误,{reminders} 处提醒,{failed} 个案例不符"
        ));
        say::line(format!(
            "读 {} 毫秒,查 {} 毫秒,跑案例 {} 毫秒,一共 {} 毫秒",
            millis(begun, read),
            millis(read, checked),
            millis(checked, tried),
            millis(begun, tried)
        ));
    }
    Ok(Ended::with(errors > 0 || failed > 0))
}

fn text<'a>(book: &'a Rulebook, path: &str) -> &'a str {
    book.texts().get(path).map_or("", String::as_str)
}

fn show(book: &Rulebook, problems: &[Problem], cases: &[(String, CaseResult)], ran: bool) {
    for problem in problems {
        say::line(problem.show(text(book, &problem.path)));
        say::line("");
    }
    if !ran {
        return;
    }
    for (place, case) in cases.iter().filter(|(_, c)| !c.passed()) {
        let (line, _) = line_column(text(book, &case.path), case.span.start);
        say::line(format!(
            "{}:{line}: 案例不符 `{}`(「{}」,{place})",
            case.path, case.name, case.heading
        ));
        for failure in &case.failures {
            say::line(format!("  {failure}"));
        }
        for row in case.explanation.lines() {
            say::line(format!("  | {row}"));
        }
        say::line("");
    }
}

fn summary(files: usize, errors: usize, reminders: usize, cases: Option<(usize, usize)>) -> String {
    let mut said = format!("{files} 个文件,{errors} 处错误,{reminders} 处提醒");
    if let Some((all, failed)) = cases {
        said.push_str(&format!(";{all} 个案例,{failed} 个不符"));
    }
    said
}

fn finding(book: &Rulebook, problem: &Problem) -> Value {
    let (line, column) = line_column(text(book, &problem.path), problem.span.start);
    let severity = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    json!({ "path": problem.path, "line": line, "column": column, "severity": severity, "code": problem.code, "message": problem.message, "help": problem.help })
}

fn failure(book: &Rulebook, place: &str, case: &CaseResult) -> Value {
    let (line, _) = line_column(text(book, &case.path), case.span.start);
    json!({ "path": case.path, "line": line, "locality": place, "heading": case.heading, "case": case.name, "failures": case.failures, "explanation": case.explanation })
}
