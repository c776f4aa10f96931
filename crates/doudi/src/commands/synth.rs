//! `synth`: an invented county and its departments' files.

use crate::ended::{Ended, WrongUse};
use crate::progress::Step;
use crate::say;
use anyhow::Result;
use domain::Month;
use serde_json::json;
use std::path::PathBuf;
use synth::{Config, Summary};

/// What to make.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi synth --persons 2000 --out county\n  doudi import county/feeds\n\n同一个种子总是得到同样的字节。人都是编的:证件号在 9901 号段,银行卡在 6299 号段。"
)]
pub struct Args {
    /// 常住人口;超过 12 万时分成几个县
    #[arg(long, default_value_t = 100_000)]
    persons: u64,
    /// 分在几个县;不写就是每 12 万人一个县
    #[arg(long, value_name = "N")]
    counties: Option<u64>,
    /// 随机种子
    #[arg(long, default_value_t = 990_101)]
    seed: u64,
    /// 几个月
    #[arg(long, default_value_t = 3)]
    months: i32,
    /// 第一个月
    #[arg(long, value_name = "YYYY-MM", default_value = "2026-06")]
    from: String,
    /// 写到哪个文件夹
    #[arg(long, value_name = "DIR", default_value = "county")]
    out: PathBuf,
    /// 来文里不放错误
    #[arg(long)]
    clean: bool,
    /// 给程序读
    #[arg(long)]
    json: bool,
}

/// Makes a county and compares it with published figures.
pub fn run(args: &Args) -> Result<Ended> {
    let first =
        Month::parse(&args.from).map_err(|e| WrongUse(format!("--from `{}`:{e}", args.from)))?;
    let mut config = Config::new(args.out.clone());
    config.persons = args.persons;
    config.counties = args.counties;
    config.seed = args.seed;
    config.months = (0..args.months).map(|m| first.add(m)).collect();
    config.faults = !args.clean;
    let summary = generate(&config)?;
    if args.json {
        let rows: Vec<_> = summary
            .rows
            .iter()
            .map(|(feed, month, n)| json!({ "feed": feed, "month": month.to_string(), "rows": n }))
            .collect();
        let faults: Vec<_> = summary
            .faults
            .iter()
            .map(|(kind, n)| json!({ "kind": kind, "rows": n }))
            .collect();
        say::json(
            &json!({ "persons": summary.persons, "households": summary.households, "feeds": rows, "faults": faults }),
        );
    } else {
        show(&args.out, &summary);
    }
    Ok(Ended::Good)
}

/// Generates with a bar.
pub fn generate(config: &Config) -> Result<Summary> {
    let step = Step::begin("合成一个县");
    let summary = synth::generate(config, &mut |what, done, all| step.at(done, all, what))?;
    step.done(&format!(
        "{} 人 {} 户",
        say::count(summary.persons),
        say::count(summary.households)
    ));
    Ok(summary)
}

fn show(out: &std::path::Path, summary: &Summary) {
    say::line("与公开数字对照(公开值为 0 的没有公开数字):");
    for c in &summary.comparison {
        say::line(format!(
            "  {}  合成 {:.2}  公开 {:.2} {}",
            c.figure, c.generated, c.published, c.unit
        ));
    }
    let rows: u64 = summary.rows.iter().map(|(_, _, n)| n).sum();
    let faults: u64 = summary.faults.iter().map(|(_, n)| n).sum();
    say::line(format!(
        "来文 {} 行,其中放了 {} 处错误;真相在 {}",
        say::count(rows),
        say::count(faults),
        out.join("truth").display()
    ));
    say::line(format!(
        "下一步:doudi import {}",
        out.join("feeds").display()
    ));
}
