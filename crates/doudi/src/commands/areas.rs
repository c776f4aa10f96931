//! `areas`: lists of areas are taken in, and a place is shown with what is around and below it.

use crate::ended::{Ended, RefusedInput, WrongUse};
use crate::folder::Folder;
use crate::say;
use anyhow::Result;
use clap::Subcommand;
use domain::{Area, AreaCode, Day};
use office::Office;
use office::areas::{self, After, Ask, Extent, Found, Row, Shown, Taken, Told};
use serde_json::{Value, json};
use std::path::PathBuf;

/// How many refused rows of a list are shown without `--json`.
const SHOWN_MAX: usize = 20;

/// What to do with the areas.
#[derive(Subcommand)]
pub enum Areas {
    /// 导入区划名单:本地区划表、全国四级名单、村居名单、历年代码,.csv .gz .xz 都可以
    Import(ImportArgs),
    /// 看一个地方:上级、历年名称、废止与后继、下级个数
    Show(ShowArgs),
    /// 看一个地方的下级
    Tree(TreeArgs),
}

/// Which lists to take.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi areas import areas.csv --data 数据                                 本地区划表 code,name,level,parent,urban_rural_code\n  doudi areas import 四级_2023.csv.gz 村居_2023.csv.xz --edition 2023-06-30   先上级后下级\n  doudi areas import 历年代码_1980_2024.csv.gz                             adcode,name,…,first_year,last_year\n  doudi areas import 县级以上_2025.csv --whole                            名单是全的:没列的从版本日起废止\n\n同一份名单再导入,什么都不变;旧版名单不改新版的名称。一份名单一次入库,有行被退回时退出码为 1,一行都不能用时为 3。\n不写 --edition 时,版本日取名单里或文件名里最后的年份的年底,没有年份就取今天。"
)]
pub struct ImportArgs {
    /// 名单,可以写几个
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// 名单的版本日,如 2023-06-30
    #[arg(long, value_name = "YYYY-MM-DD")]
    edition: Option<String>,
    /// 名单是全的:它的范围和级别里没列的地方,从版本日起废止
    #[arg(long)]
    whole: bool,
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Which place to show.
#[derive(clap::Args)]
pub struct ShowArgs {
    /// 代码(2、4、6、9、12 位,已废止的也可以)、名称,或名称的开头
    #[arg(value_name = "CODE|NAME")]
    place: String,
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Below which place to look.
#[derive(clap::Args)]
pub struct TreeArgs {
    /// 代码或名称;不写就列出各省
    #[arg(value_name = "CODE|NAME")]
    place: Option<String>,
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Does what was asked.
pub async fn run(what: Areas) -> Result<Ended> {
    match what {
        Areas::Import(args) => import(args).await,
        Areas::Show(args) => show(args).await,
        Areas::Tree(args) => tree(args).await,
    }
}

async fn import(args: ImportArgs) -> Result<Ended> {
    let edition = args.edition.as_deref().map(Day::parse).transpose();
    let edition = edition.map_err(|e| WrongUse(format!("--edition:{}", e.message())))?;
    let extent = if args.whole {
        Extent::Whole
    } else {
        Extent::Part
    };
    let office = args.folder.open_or_make().await?;
    let mut all = Vec::new();
    for file in &args.files {
        let ask = Ask {
            edition,
            extent,
            ..Ask::default()
        };
        match areas::import(&office, file, ask).await {
            Ok(taken) => all.push(taken),
            Err(error) => {
                // What was taken before stays, and is told before the file that was not.
                told(&all, args.json);
                office.close().await;
                return Err(error.into());
            }
        }
    }
    office.close().await;
    told(&all, args.json);
    let used = |t: &Taken| t.listed > u64::try_from(t.refused.len()).unwrap_or(u64::MAX);
    Ok(if all.iter().any(|t| !used(t) && !t.refused.is_empty()) {
        Ended::Refused
    } else {
        Ended::with(all.iter().any(|t| !t.refused.is_empty()))
    })
}

fn told(all: &[Taken], json: bool) {
    if json {
        let files: Vec<Value> = all.iter().map(value).collect();
        say::json(&json!({ "files": files }));
    } else {
        all.iter().for_each(print);
    }
}

fn print(taken: &Taken) {
    let state = if taken.repeated {
        "已有,未变"
    } else {
        "已入库"
    };
    say::line(format!(
        "{}(版本 {}):{state},读到 {},新增 {},改名或补日期 {},废止 {},未变 {},已有较新名单 {},与上级同一处 {},退回 {}",
        taken.file,
        taken.edition,
        say::count(taken.listed),
        say::count(taken.added),
        say::count(taken.changed),
        say::count(taken.ended),
        say::count(taken.unchanged),
        say::count(taken.older),
        taken.same_as_above.len(),
        taken.refused.len(),
    ));
    for told in taken.refused.iter().take(SHOWN_MAX) {
        say::line(format!(
            "  第 {} 行 {}:{}",
            told.line, told.code, told.reason
        ));
    }
    let rest = taken.refused.len().saturating_sub(SHOWN_MAX);
    if rest > 0 {
        say::line(format!("  … 还有 {rest} 行,加 --json 看全部"));
    }
}

fn value(taken: &Taken) -> Value {
    let rows = |told: &[Told]| -> Vec<Value> {
        told.iter()
            .map(|t| json!({ "line": t.line, "code": t.code, "reason": t.reason }))
            .collect()
    };
    json!({
        "file": taken.file, "edition": taken.edition.to_string(), "repeated": taken.repeated,
        "listed": taken.listed, "added": taken.added, "changed": taken.changed, "ended": taken.ended,
        "unchanged": taken.unchanged, "older": taken.older, "refused": rows(&taken.refused),
        "same_as_above": rows(&taken.same_as_above),
    })
}

async fn show(args: ShowArgs) -> Result<Ended> {
    let office = args.folder.open().await?;
    let answer = find(&office, &args.place).await;
    office.close().await;
    match answer? {
        Answer::Shown(shown) if args.json => say::json(&shown_value(&shown)),
        Answer::Shown(shown) => print_shown(&shown),
        Answer::Several(rows) => {
            say::line(format!("「{}」不止一处,请用代码:", args.place));
            rows.iter().for_each(print_row);
            return Ok(Ended::Findings);
        }
    }
    Ok(Ended::Good)
}

enum Answer {
    Shown(Shown),
    Several(Vec<Row>),
}

async fn find(office: &Office, place: &str) -> Result<Answer> {
    Ok(match areas::find(office, place).await? {
        Found::One(code) => Answer::Shown(areas::show(office, &code).await?),
        Found::Several(rows) => Answer::Several(rows),
    })
}

fn print_shown(shown: &Shown) {
    let Some(newest) = shown.names.last() else {
        return;
    };
    for (code, name) in &shown.around {
        say::line(format!(
            "{code:<12} {} {}",
            code.level().name(),
            name.as_deref().unwrap_or("(没有名单列过)")
        ));
    }
    for area in &shown.names {
        let class = area.urban_rural.map_or("", domain::UrbanRural::name);
        say::line(format!(
            "{:<12} {} {} {} {class}",
            area.code,
            area.level.name(),
            area.name,
            areas::span(area)
        ));
    }
    if newest.valid_to.is_some() {
        let names: Vec<String> = shown
            .successors
            .iter()
            .map(|a| format!("{} {}", a.code, a.name))
            .collect();
        say::line(if names.is_empty() {
            "已废止;名单没有写后继".to_owned()
        } else {
            format!("已废止;同省同名、同日启用,可能是后继:{}", names.join("、"))
        });
    }
    say::line(format!("下级 {} 个", say::count(shown.children)));
}

fn area_value(area: &Area) -> Value {
    json!({
        "code": area.code.as_str(), "name": area.name, "level": area.level.name(),
        "valid_from": area.valid_from.map(|d| d.to_string()),
        "valid_to": area.valid_to.map(|d| d.to_string()),
    })
}

fn shown_value(shown: &Shown) -> Value {
    let around: Vec<Value> = shown
        .around
        .iter()
        .map(|(code, name)| json!({ "code": code.as_str(), "name": name }))
        .collect();
    let names: Vec<Value> = shown.names.iter().map(area_value).collect();
    let successors: Vec<Value> = shown.successors.iter().map(area_value).collect();
    json!({ "around": around, "names": names, "successors": successors, "children": shown.children })
}

async fn tree(args: TreeArgs) -> Result<Ended> {
    let office = args.folder.open().await?;
    let rows = children(&office, args.place.as_deref()).await;
    office.close().await;
    let rows = rows?;
    if args.json {
        let row = |r: &Row| {
            let mut value = area_value(&r.area);
            if let Some(fields) = value.as_object_mut() {
                fields.insert("children".to_owned(), r.children.into());
            }
            value
        };
        let rows: Vec<Value> = rows.iter().map(row).collect();
        say::json(&json!({ "below": rows }));
    } else {
        rows.iter().for_each(print_below);
        say::line(format!("共 {} 个", rows.len()));
    }
    Ok(Ended::Good)
}

async fn children(office: &Office, place: Option<&str>) -> Result<Vec<Row>> {
    let around: Option<AreaCode> = match place {
        None => None,
        Some(text) => match areas::find(office, text).await? {
            Found::One(code) => Some(code),
            Found::Several(rows) => {
                let codes: Vec<&str> = rows.iter().map(|r| r.area.code.as_str()).collect();
                let said = format!("「{text}」不止一处,请用代码:{}", codes.join("、"));
                return Err(RefusedInput(said).into());
            }
        },
    };
    let mut all: Vec<Row> = Vec::new();
    loop {
        let after = all
            .last()
            .map_or(String::new(), |r| After::of(&r.area).code);
        let page = areas::below(office, around.as_ref(), &after, areas::PAGE_ROWS).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

fn print_below(row: &Row) {
    let area = &row.area;
    let below = if row.children == 0 {
        String::new()
    } else {
        format!(",下级 {} 个", say::count(row.children))
    };
    say::line(format!(
        "{:<12} {} {}{below}",
        area.code,
        area.level.name(),
        area.name
    ));
}

fn print_row(row: &Row) {
    say::line(format!(
        "{:<12} {} / {}({})",
        row.area.code,
        row.path,
        row.area.name,
        areas::span(&row.area)
    ));
}
