//! `sample`: which cases of a month are looked into, by a seed told to everybody.

use crate::ended::{Ended, RefusedInput};
use crate::folder::Folder;
use crate::say;
use anyhow::Result;
use office::access::Access;
use office::casework::sample::{self, Draw};
use office::casework::{CaseError, Done};
use office::{Office, Watch};
use serde_json::{Value, json};
use std::sync::Arc;

/// Which month, by which seed.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi sample --month 2026-09 --seed 2026109期     看抽中哪些,不登记\n\n重算:printf '%s' '种子:办件编号' | sha256sum,从小到大排,前面的抽中;涉及近亲属的全部核查。"
)]
pub struct Args {
    /// 月份
    #[arg(long, value_name = "YYYY-MM")]
    month: String,
    /// 种子:公开的、事先不能挑的字
    #[arg(long)]
    seed: String,
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Shows the draw; it is kept on the page, by whoever decides.
pub async fn run(args: Args) -> Result<Ended> {
    let month = office::disbursement::month(&args.month)
        .ok_or_else(|| RefusedInput(format!("`{}` 不是月份,写成 2026-09", args.month)))?;
    let office = Arc::new(args.folder.open().await?);
    let drawn = draw(&office, month, &args.seed).await;
    if let Some(office) = Arc::into_inner(office) {
        office.close().await;
    }
    let drawn = drawn.map_err(|error| match error {
        CaseError::Office(error) => anyhow::Error::from(error),
        other => RefusedInput(other.to_string()).into(),
    })?;
    if args.json {
        let all: Vec<Value> = drawn.iter().map(value).collect();
        say::json(&json!({ "draws": all }));
        return Ok(Ended::Good);
    }
    if drawn.is_empty() {
        say::line(format!("{month} 没有到审核确认这一步、要抽查的办件"));
    }
    for one in &drawn {
        say::line(format!(
            "{} {} · 种子 {} · {} 件",
            one.month,
            one.programme,
            one.seed,
            one.tickets.len()
        ));
        for ticket in &one.tickets {
            let why = ticket.why.map_or("", |why| match why.word() {
                "relative" => "近亲属,必查",
                _ => "抽中",
            });
            say::line(format!("  {} № {:<6} {why}", ticket.digest, ticket.case));
        }
    }
    Ok(Ended::Good)
}

async fn draw(office: &Arc<Office>, month: domain::Month, seed: &str) -> Done<Vec<Draw>> {
    let access = Access::open(Arc::clone(office), Watch::Machine)?;
    let who = access.machine().await?;
    sample::look(office, &who, month, seed).await
}

fn value(draw: &Draw) -> Value {
    let tickets = draw.tickets.iter().map(|ticket| {
        json!({ "case": ticket.case.get(), "digest": ticket.digest, "why": ticket.why.map(|w| w.word()) })
    });
    json!({
        "month": draw.month.to_string(), "programme": draw.programme, "seed": draw.seed,
        "share": draw.share, "cases": tickets.collect::<Vec<_>>(),
    })
}
