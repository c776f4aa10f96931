//! `indicators`: every figure of a month, area by area and group by group; nothing is kept.

use super::months;
use crate::ended::{Ended, WrongUse};
use crate::folder::Folder;
use crate::progress::Step;
use crate::say;
use anyhow::Result;
use domain::AreaCode;
use office::indicators::{self, IndicatorReport, Seen, Truth, against_truth};
use office::views::{FigureValue, IndicatorView};
use std::path::PathBuf;

/// Which month, and for whose eyes.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi indicators --month 2026-08\n  doudi indicators --month 2026-08 --only poverty.收入分布\n  doudi indicators --month 2026-08 --seen-from 990101001 --json\n\n--seen-from 照那个地方的人看到的样子给:自己的数照给,别处的小数遮住,并且遮到不能用合计减出来。\n没有人送来数的指标写“没有数据来源”,不写零。"
)]
pub struct Args {
    /// 哪个月
    #[arg(long, value_name = "YYYY-MM")]
    month: String,
    /// 只看这一个指标,各地、各组都列出来:文件.名称
    #[arg(long, value_name = "指标")]
    only: Option<String>,
    /// 照这个地方的人看到的样子,可以写多次
    #[arg(long, value_name = "地区代码")]
    seen_from: Vec<String>,
    /// 另和真相比:doudi synth 写的 truth 文件夹
    #[arg(long, value_name = "DIR")]
    truth: Option<PathBuf>,
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Counts and shows.
pub async fn run(args: Args) -> Result<Ended> {
    let month = months::parse(&args.month)?;
    let mut places = Vec::new();
    for code in &args.seen_from {
        let place = AreaCode::parse(code)
            .map_err(|e| WrongUse(format!("地区代码 `{code}`:{e};请写成 990101001")))?;
        places.push(place);
    }
    let seen = if places.is_empty() {
        Seen::Everything
    } else {
        Seen::Places(places)
    };
    let office = args.folder.open().await?;
    let step = Step::begin("指标");
    let counted = indicators::report(&office, month, &seen, |what| step.with(what)).await;
    let truth = match &args.truth {
        Some(folder) => Some(against_truth(&office, month, folder).await),
        None => None,
    };
    office.close().await;
    let mut report = counted?;
    if let Some(only) = &args.only {
        if !report.views.iter().any(|view| view.row.id == *only) {
            let known: Vec<&str> = report.views.iter().map(|v| v.row.id.as_str()).collect();
            let said = format!("没有指标 `{only}`;有的是 {}", known.join("、"));
            return Err(WrongUse(said).into());
        }
        report.views.retain(|view| view.row.id == *only);
    }
    let truth = truth.transpose()?;
    step.done(&format!("{} 个指标", report.views.len()));
    if args.json {
        let mut value = serde_json::to_value(&report)?;
        if let (Some(object), Some(truth)) = (value.as_object_mut(), &truth) {
            object.insert("truth".to_owned(), serde_json::to_value(truth)?);
        }
        say::json(&value);
    } else if args.only.is_some() {
        report.views.iter().for_each(one);
    } else {
        show(&report);
    }
    if let Some(truth) = truth.filter(|_| !args.json) {
        beside_truth(&truth);
    }
    Ok(Ended::Good)
}

/// The three errors as counts, so that nobody has to trust a rounding.
fn beside_truth(truth: &Truth) {
    say::line(format!(
        "\n和真相比:{} 户,另有 {} 户对不上;只看收入,不看财产",
        say::count(truth.households),
        say::count(truth.unmatched)
    ));
    let rows = [
        ("覆盖率", truth.coverage()),
        ("漏保率", truth.exclusion()),
        ("错保率", truth.inclusion()),
    ];
    for (name, parts) in rows {
        let told = parts.map_or_else(
            || "不适用".to_owned(),
            |(part, whole)| format!("{} 户 ÷ {} 户", say::count(part), say::count(whole)),
        );
        say::line(format!("  {name} {told}"));
    }
}

fn show(report: &IndicatorReport) {
    say::line(format!("{}  {}", report.list.place, report.list.month));
    for file in &report.list.files {
        say::line(format!("\n{}", file.title));
        for row in &file.rows {
            say::line(format!("  {}({})  {}", row.name, row.id, words(&row.now)));
            if let Some(own) = &row.own {
                say::line(format!("    本辖区  {}", words(own)));
            }
            let then = |name: &str, value: &Option<FigureValue>| {
                let told = value.as_ref().map_or("没有数据", |v| v.text.as_str());
                format!("{name} {told}")
            };
            say::line(format!(
                "    {},{}",
                then("上月", &row.last_month),
                then("上年同月", &row.last_year)
            ));
        }
    }
}

fn one(view: &IndicatorView) {
    let row = &view.row;
    say::line(format!("{}({})  {}", row.name, row.id, words(&row.now)));
    say::line(format!("  分子 {}", row.words.part));
    say::line(format!("  分母 {}", row.words.whole));
    say::line(format!(
        "  来源 {}  {}  {}  依据 {}",
        row.words.source, row.words.period, row.words.levels, row.words.basis
    ));
    for area in &view.areas {
        let indent = "  ".repeat(area.depth.saturating_add(1));
        say::line(format!("{indent}{}  {}", area.name, words(&area.value)));
        if area.depth == 0 {
            for measure in &area.spread {
                say::line(format!("{indent}  {} {}", measure.name, measure.value));
            }
        }
    }
    for table in &view.groups {
        say::line(format!("  按{}", table.title));
        for group in &table.rows {
            say::line(format!("    {}  {}", group.label, words(&group.value)));
        }
    }
}

/// `35.20%(12 人 ÷ 300 人,不知道 4)`.
fn words(value: &FigureValue) -> String {
    let mut beside = Vec::new();
    match (&value.part, &value.whole) {
        (Some(part), Some(whole)) => beside.push(format!("{part} ÷ {whole}")),
        (Some(part), None) => beside.push(format!("分子 {part}")),
        _ => {}
    }
    if let Some(unknown) = value.unknown.filter(|n| *n > 0) {
        beside.push(format!("不知道 {}", say::count(unknown)));
    }
    if beside.is_empty() {
        value.text.clone()
    } else {
        format!("{}({})", value.text, beside.join(","))
    }
}
