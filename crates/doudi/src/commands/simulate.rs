//! `simulate`: changed numbers or replaced rules on the real people of a month; nothing is kept.

use super::months;
use crate::ended::{Ended, RefusedInput, WrongUse};
use crate::folder::Folder;
use crate::progress::Step;
use crate::say;
use anyhow::{Context, Result};
use domain::Month;
use office::OfficeError;
use office::desk::{trial_measures, trial_pdf, trial_without_names};
use office::simulate::{
    self, Ask, AxisAsk, Cap, GroupRow, Report, Roll, Scenario, ScenarioReport, yuan_of,
};
use office::views::WhatIfResult;
use rules::SourceText;
use std::path::{Path, PathBuf};

/// Months tried in one call: ten years.
const MONTHS_MAX: i32 = 120;

/// What to try, on whom.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi simulate --month 2026-08 --set 低保标准@990101/城镇=850\n  doudi simulate --month 2026-08 --scenario '小步=低保标准@城镇=850' --scenario '大步=低保标准@城镇=900;低保标准@农村=760'\n  doudi simulate --month 2026-08 --rules 新规则/ --cap 1000000 --line 900 --xlsx 试算.xlsx --pdf 试算.pdf\n\n参数写成 文件.参数@地区/类别=值,文件、地区、类别可以不写;同名的同一个数一起改。\n--rules 的文件夹照手册的样子放,只放要换的文件。\n退出码:0 算完了;1 算完了,有人失去或者减少,或者预算不够;3 写的看不懂,或者这个月没有数据"
)]
pub struct Args {
    /// 哪个月
    #[arg(long, value_name = "YYYY-MM")]
    month: String,
    /// 从 --month 起一直试到这个月,逐月列出
    #[arg(long, value_name = "YYYY-MM")]
    through: Option<String>,
    /// 改一个数,可以写多次:低保标准@990101/城镇=850
    #[arg(long, value_name = "参数=值")]
    set: Vec<String>,
    /// 换成这个文件夹里的规则文件
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    /// 并排比较的方案,可以写多次:名字=参数=值;参数=值;rules=文件夹
    #[arg(long, value_name = "名字=改动")]
    scenario: Vec<String>,
    /// 每月预算上限(元):1000000,或只管一个项目:dibao=500000
    #[arg(long, value_name = "元")]
    cap: Option<String>,
    /// 贫困线:元/人月,或家庭的一个量;不写就用各户现行的低保标准
    #[arg(long, value_name = "线")]
    line: Option<String>,
    /// 另外按这个量分组,可以写多次:dibao.档次
    #[arg(long, value_name = "量")]
    by: Vec<String>,
    /// 名册不动:看名册的项目不跟着新进入、退出的人变
    #[arg(long)]
    keep_roll: bool,
    /// 不找悬崖,快一些
    #[arg(long, conflicts_with_all = ["axis_step", "axis_steps", "household"])]
    no_cliffs: bool,
    /// 收入轴上每一步多挣多少(元,每户每月)
    #[arg(long, value_name = "元")]
    axis_step: Option<u32>,
    /// 收入轴走几步
    #[arg(long, value_name = "步数")]
    axis_steps: Option<u32>,
    /// 单看这一户的收入曲线,可以写多次
    #[arg(long, value_name = "ID")]
    household: Vec<i64>,
    /// 写成工作簿
    #[arg(long, value_name = "FILE")]
    xlsx: Option<PathBuf>,
    /// 写成 PDF
    #[arg(long, value_name = "FILE")]
    pdf: Option<PathBuf>,
    /// 写成可以打印的网页
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Tries the scenarios and tells what came of them.
pub async fn run(args: Args) -> Result<Ended> {
    let ask = ask(&args)?;
    let through = through(args.through.as_deref(), ask.month)?;
    let office = args.folder.open().await?;
    let step = Step::begin("试算");
    let tried = tried(&office, &ask, &through, &step).await;
    office.close().await;
    let report = tried?;
    step.done(&format!(
        "{} 户 {} 人,{} 个方案",
        say::count(report.households),
        say::count(report.persons),
        report.scenarios.len()
    ));
    if let Some(path) = &args.xlsx {
        let bytes = simulate::workbook(&report)?;
        std::fs::write(path, bytes).with_context(|| path.display().to_string())?;
        say::aside(format!("工作簿写在 {}", path.display()));
    }
    if let Some(path) = &args.pdf {
        let shown = trial_without_names(&report).await?;
        let bytes = trial_pdf(&shown)?;
        std::fs::write(path, bytes).with_context(|| path.display().to_string())?;
        say::aside(format!("PDF 写在 {}", path.display()));
    }
    if let Some(path) = &args.html {
        let shown = trial_without_names(&report).await?;
        let page = server::printed_trial(&shown).map_err(anyhow::Error::msg)?;
        std::fs::write(path, page).with_context(|| path.display().to_string())?;
        say::aside(format!("打印版写在 {}", path.display()));
    }
    if args.json {
        say::line(serde_json::to_string_pretty(&report)?);
    } else {
        show(&report);
        if report.scenarios.len() > 1 {
            side_by_side(&trial_without_names(&report).await?);
        }
    }
    let noted = |s: &ScenarioReport| {
        s.counts.lose > 0 || s.cap.as_ref().is_some_and(|c| !c.excluded.is_empty())
    };
    Ok(Ended::with(report.scenarios.iter().any(noted)))
}

async fn tried(
    office: &office::Office,
    ask: &Ask,
    through: &[Month],
    step: &Step,
) -> office::Result<Report> {
    // A trial takes long: what would refuse a later month is told before the first one.
    let known = office::monitoring::months(office).await?;
    if let Some(none) = through.iter().find(|month| !known.contains(month)) {
        return Err(OfficeError::NoRegister(*none));
    }
    let mut report = simulate::simulate(office, ask, |what| step.with(what)).await?;
    if !through.is_empty() {
        let told = |what: &str| step.with(what);
        report.months = simulate::by_month(office, (ask, &report), through, told).await?;
    }
    Ok(report)
}

/// The months from the first to the last asked for; more than can be tried in one call are refused, not cut.
fn through(last: Option<&str>, first: Month) -> Result<Vec<Month>> {
    let Some(last) = last else {
        return Ok(Vec::new());
    };
    let last = months::parse(last)?;
    if last < first {
        return Err(WrongUse(format!(
            "--through {last} 早于 --month {first};请写同一个月或者以后的月份"
        ))
        .into());
    }
    let farthest = first.add(MONTHS_MAX - 1);
    if last > farthest {
        return Err(WrongUse(format!(
            "--month {first} 到 --through {last} 多于 {MONTHS_MAX} 个月,一次试不了;请把 --through 写到 {farthest} 为止,以后的月份另外试"
        ))
        .into());
    }
    let all = (0..MONTHS_MAX).map(|after| first.add(after));
    Ok(all.take_while(|month| *month <= last).collect())
}

fn ask(args: &Args) -> Result<Ask> {
    let mut scenarios = Vec::new();
    if !args.set.is_empty() || args.rules.is_some() {
        scenarios.push(Scenario {
            name: "试算".to_owned(),
            settings: args.set.clone(),
            rules: texts(args.rules.as_deref())?,
        });
    }
    for written in &args.scenario {
        let scenario = scenario(written)?;
        if scenarios.iter().any(|s: &Scenario| s.name == scenario.name) {
            return Err(WrongUse(format!("有两个方案都叫 `{}`", scenario.name)).into());
        }
        scenarios.push(scenario);
    }
    if scenarios.is_empty() {
        let said = "要试什么?用 --set 改一个数,用 --rules 换规则文件,或者用 --scenario 并排比较";
        return Err(WrongUse(said.to_owned()).into());
    }
    let cap = args.cap.as_deref().map(Cap::parse).transpose();
    let usual = AxisAsk::default();
    let fen = |yuan: u32| i64::from(yuan).saturating_mul(100);
    let axis = AxisAsk {
        step: args.axis_step.map_or(usual.step, fen),
        steps: args.axis_steps.unwrap_or(usual.steps),
        chosen: args.household.clone(),
    };
    if axis.step <= 0 || axis.steps == 0 {
        return Err(WrongUse("收入轴的步长和步数都要大于零".to_owned()).into());
    }
    Ok(Ask {
        month: months::parse(&args.month)?,
        scenarios,
        cap: cap.map_err(WrongUse)?,
        line: args.line.clone(),
        by: args.by.clone(),
        roll: if args.keep_roll {
            Roll::AsItIs
        } else {
            Roll::Follows
        },
        axis: (!args.no_cliffs).then_some(axis),
    })
}

/// `名字=参数=值;参数=值;rules=文件夹`.
fn scenario(written: &str) -> Result<Scenario> {
    let wrong = || WrongUse(format!("方案 `{written}` 应写成 名字=参数=值;参数=值"));
    let (name, changes) = written.split_once('=').ok_or_else(wrong)?;
    let mut out = Scenario {
        name: name.trim().to_owned(),
        ..Scenario::default()
    };
    for change in changes.split([';', ';']).map(str::trim) {
        match change.strip_prefix("rules=") {
            Some(folder) => out.rules.extend(texts(Some(Path::new(folder)))?),
            None if change.is_empty() => {}
            None => out.settings.push(change.to_owned()),
        }
    }
    if out.name.is_empty() || (out.settings.is_empty() && out.rules.is_empty()) {
        return Err(wrong().into());
    }
    Ok(out)
}

/// The rule files of a folder, by their paths in it.
fn texts(folder: Option<&Path>) -> Result<Vec<SourceText>> {
    let Some(folder) = folder else {
        return Ok(Vec::new());
    };
    if !folder.is_dir() {
        return Err(RefusedInput(format!("没有规则文件夹 `{}`", folder.display())).into());
    }
    let book = office::rulebook::read(Some(folder))?;
    let texts = book.texts().iter().map(|(path, text)| SourceText {
        path: path.clone(),
        text: text.clone(),
    });
    let texts: Vec<SourceText> = texts.collect();
    if texts.is_empty() {
        let said = format!("规则文件夹 `{}` 里没有规则文件", folder.display());
        return Err(RefusedInput(said).into());
    }
    Ok(texts)
}

fn signed(before: i64, after: i64) -> String {
    let change = yuan_of(after.saturating_sub(before));
    if after > before {
        format!("+{change}")
    } else {
        change
    }
}

fn show(report: &Report) {
    say::line(format!(
        "{} {}  {} 户 {} 人  贫困线:{}",
        report.place,
        report.month,
        say::count(report.households),
        say::count(report.persons),
        report.line
    ));
    for one in &report.scenarios {
        show_scenario(one);
    }
    show_months(report);
    say::line("");
    for note in &report.notes {
        say::line(format!("注:{note}"));
    }
}

/// One indicator a line, one scenario after the other.
fn side_by_side(shown: &WhatIfResult) {
    say::line("");
    let names: Vec<&str> = shown
        .scenarios
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    say::line(format!("== 方案比较:{} ==", names.join(" · ")));
    for (title, cells) in &shown.compared {
        say::line(format!("  {title}  {}", cells.join(" · ")));
    }
}

fn show_scenario(one: &ScenarioReport) {
    say::line("");
    say::line(format!("== {} ==", one.name));
    for change in &one.changes {
        say::line(format!("  {}", change.words()));
    }
    say::line(format!(
        "每月支出 {} → {}  {}",
        yuan_of(one.cost_before),
        yuan_of(one.cost_after),
        signed(one.cost_before, one.cost_after)
    ));
    let c = one.counts;
    say::line(format!(
        "得到更多 {} 户(新得到 {}),失去或减少 {} 户(不再得到 {}),没有变化 {} 户,有待查的 {} 户",
        say::count(c.gain),
        say::count(c.enter),
        say::count(c.lose),
        say::count(c.leave),
        say::count(c.same),
        say::count(c.unsettled_after)
    ));
    if let Some(p) = &one.poverty {
        say::line(format!(
            "贫困人数 没有救助 {},现行 {},试算 {}(算得清 {} 人,收入不清 {} 人)",
            say::count(p.without_help),
            say::count(p.before),
            say::count(p.after),
            say::count(p.persons),
            say::count(p.unknown)
        ));
        for (name, alone, before, after) in trial_measures(p) {
            say::line(format!(
                "  {name}  没有救助 {alone},现行 {before},试算 {after}"
            ));
        }
    }
    say::line("各项救助  符合 · 新进入 退出 · 每月支出");
    for p in one.programmes.iter().filter(|p| p.speaks()) {
        let money = if p.monthly {
            format!(
                "{} → {}  {}",
                yuan_of(p.cost_before),
                yuan_of(p.cost_after),
                signed(p.cost_before, p.cost_after)
            )
        } else {
            "不按月发钱".to_owned()
        };
        let unknown = match p.unknown {
            0 => String::new(),
            n => format!("(另有 {} {}金额未知,没有计入)", say::count(n), p.unit),
        };
        say::line(format!(
            "  {}({})  {} → {} {} · +{} -{} · {money}{unknown}",
            p.title,
            p.id,
            say::count(p.entitled_before),
            say::count(p.entitled_after),
            p.unit,
            say::count(p.enter),
            say::count(p.leave)
        ));
    }
    let quiet = one.programmes.iter().filter(|p| !p.speaks()).count();
    if quiet > 0 {
        say::line(format!("  另有 {quiet} 项没有人符合"));
    }
    if !one.funds.is_empty() {
        groups("资金", &one.funds);
    }
    groups("乡镇", &one.areas);
    for group in &one.groups {
        groups(&group.title, &group.rows);
    }
    show_cliffs(one);
    show_people(one);
}

fn show_months(report: &Report) {
    if report.months.is_empty() {
        return;
    }
    say::line("");
    say::line("== 逐月 ==");
    for month in &report.months {
        if !month.why.is_empty() {
            say::line(format!("  {}  不能试:{}", month.month, month.why));
        }
        for one in &month.scenarios {
            say::line(format!(
                "  {}  {}  {} → {}  {}  得到更多 {} 户,失去或减少 {} 户",
                month.month,
                one.name,
                yuan_of(one.before),
                yuan_of(one.after),
                signed(one.before, one.after),
                say::count(one.counts.gain),
                say::count(one.counts.lose)
            ));
        }
    }
}

fn groups(title: &str, rows: &[GroupRow]) {
    // Money is paid from a fund, not to it: there nobody is counted.
    let counted = rows.iter().any(|row| row.doors > 0);
    let head = if counted { "  得到 失去 ·" } else { " " };
    say::line(format!("按{title}{head} 每月支出变化"));
    for row in rows {
        let doors = format!("  {} {} ·", say::count(row.gain), say::count(row.lose));
        let doors = if counted { doors.as_str() } else { " " };
        say::line(format!(
            "  {}{doors} {}",
            row.name,
            signed(row.before, row.after)
        ));
    }
}

/// Rows told on the terminal; the workbook has all.
const ROWS_TOLD: usize = 10;

fn show_cliffs(one: &ScenarioReport) {
    let Some(of) = &one.cliffs else { return };
    say::line(format!(
        "悬崖 现行 {} 处,试算 {} 处({} 户沿收入轴走过);多挣第一元:少领不止一元 {} → {} 户,正好一元 {} → {} 户",
        say::count(of.cliffs_now),
        of.cliffs.len(),
        say::count(of.households),
        say::count(of.first_now.more),
        say::count(of.first_then.more),
        say::count(of.first_now.all),
        say::count(of.first_then.all)
    ));
    for bucket in &of.histogram {
        say::line(format!(
            "  人均月收入 {} 到 {}:{} 处,最多少 {}",
            yuan_of(bucket.from),
            yuan_of(bucket.to),
            say::count(bucket.cliffs),
            yuan_of(bucket.lost_max)
        ));
    }
    for row in of.cliffs.iter().take(ROWS_TOLD) {
        let parts: Vec<String> = row
            .parts
            .iter()
            .map(|(title, was, is)| format!("{title} {} → {}", yuan_of(*was), yuan_of(*is)))
            .collect();
        let income = row.per_head.map_or_else(|| "未知".to_owned(), yuan_of);
        say::line(format!(
            "  {} {}  人均 {income} 再多挣 {},到手少 {}  {}",
            row.door().word(),
            row.place,
            yuan_of(row.to.saturating_sub(row.from)),
            yuan_of(row.lost),
            parts.join(";")
        ));
    }
    for curve in &of.chosen {
        say::line(format!(
            "  家庭 {} 的收入曲线  多挣:现行 / 试算",
            curve.household
        ));
        let both = curve.now.iter().zip(&curve.then);
        for (raise, (now, then)) in of.raises.iter().zip(both) {
            let told = format!("{}:{} / {}", yuan_of(*raise), yuan_of(*now), yuan_of(*then));
            say::line(format!("    {told}"));
        }
    }
}

fn show_people(one: &ScenarioReport) {
    if let Some(cap) = &one.cap {
        say::line(format!(
            "预算上限 {}:够 {} 户,用 {};落在外面 {} 户,差 {}",
            yuan_of(cap.cap),
            say::count(cap.covered),
            yuan_of(cap.spent),
            cap.excluded.len(),
            yuan_of(cap.excluded_cost)
        ));
        for row in cap.excluded.iter().take(ROWS_TOLD) {
            let income = row.per_head.map_or_else(|| "未知".to_owned(), yuan_of);
            say::line(format!(
                "  {} {}  人均 {income}  应得 {}",
                row.door.word(),
                row.place,
                yuan_of(row.amount)
            ));
        }
    }
    say::line(format!("变化最大的家庭(共 {} 户)", one.doors.len()));
    for row in one.doors.iter().take(ROWS_TOLD) {
        say::line(format!(
            "  {} {}  {} → {}  {}",
            row.door.word(),
            row.place,
            yuan_of(row.before),
            yuan_of(row.after),
            signed(row.before, row.after)
        ));
        for reason in &row.reasons {
            say::line(format!("      {reason}"));
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test")]
mod tests {
    use super::*;

    fn check(written: &str, expected: &str) {
        let told = match scenario(written) {
            Ok(s) => format!("{}: {}", s.name, s.settings.join(" + ")),
            Err(said) => said.to_string(),
        };
        assert_eq!(told, expected);
    }

    #[test]
    fn a_scenario_is_a_name_and_what_it_changes() {
        check(
            "大步=低保标准@城镇=900;低保标准@农村=760",
            "大步: 低保标准@城镇=900 + 低保标准@农村=760",
        );
        check("大步=", "方案 `大步=` 应写成 名字=参数=值;参数=值");
        check("大步", "方案 `大步` 应写成 名字=参数=值;参数=值");
    }

    #[test]
    fn a_span_is_every_month_of_it_and_one_of_more_than_ten_years_is_refused() {
        let told = |last: &str| {
            let first = Month::parse("2026-08").unwrap();
            match through(Some(last), first) {
                Ok(months) => format!("{} 个月", months.len()),
                Err(said) => said.to_string(),
            }
        };
        assert_eq!(told("2026-08"), "1 个月");
        assert_eq!(told("2036-07"), "120 个月");
        let refused = told("2036-08");
        assert!(
            refused.contains("多于 120 个月") && refused.contains("2036-07 为止"),
            "{refused}"
        );
        assert!(told("2026-07").contains("早于"));
    }
}
