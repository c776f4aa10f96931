//! `sample`: which cases of a month are looked into, drawn anew from the chain and compared with what was kept.

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

/// Which month.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi sample --month 2026-09     重算这个月的抽查,和决定时记下的比\n\n重算:printf '%s' '审计链那一条的摘要:办件编号' | sha256sum,前八个字节占全部的比例小于抽查比例的抽中,不够比例的补抽;涉及近亲属的全部核查。"
)]
pub struct Args {
    /// 月份
    #[arg(long, value_name = "YYYY-MM")]
    month: String,
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Draws anew and compares; what differs ends badly.
pub async fn run(args: Args) -> Result<Ended> {
    let month = office::disbursement::month(&args.month)
        .ok_or_else(|| RefusedInput(format!("`{}` 不是月份,写成 2026-09", args.month)))?;
    let office = Arc::new(args.folder.open().await?);
    let drawn = draw(&office, month).await;
    if let Some(office) = Arc::into_inner(office) {
        office.close().await;
    }
    let drawn = drawn.map_err(|error| match error {
        CaseError::Office(error) => anyhow::Error::from(error),
        other => RefusedInput(other.to_string()).into(),
    })?;
    let differs = |draw: &Draw| draw.rows.iter().any(|row| !row.differs.is_empty());
    let ended = match drawn.iter().any(differs) {
        true => Ended::Findings,
        false => Ended::Good,
    };
    if args.json {
        let all: Vec<Value> = drawn.iter().map(value).collect();
        say::json(&json!({ "draws": all }));
        return Ok(ended);
    }
    if drawn.is_empty() {
        say::line(format!("{month} 没有送到审核确认这一步、要抽查的办件"));
    }
    for one in &drawn {
        say::line(format!(
            "{} {} · 比例 {}% · {} 件,抽查 {} 件",
            one.month,
            one.programme,
            one.share / 100,
            one.rows.len(),
            one.drawn()
        ));
        for row in &one.rows {
            let ticket = &row.ticket;
            let entry = ticket.entry.map_or_else(String::new, |no| no.to_string());
            let told = match (row.differs.as_str(), row.is_decided) {
                ("", true) => "与决定时相同",
                ("", false) => "还没有决定",
                (differs, _) => differs,
            };
            say::line(format!(
                "  № {:<6} 审计链 {entry:<8} {} {} {told}",
                ticket.no, ticket.lot, row.why
            ));
        }
    }
    Ok(ended)
}

async fn draw(office: &Arc<Office>, month: domain::Month) -> Done<Vec<Draw>> {
    let access = Access::open(Arc::clone(office), Watch::Machine)?;
    let who = access.machine().await?;
    sample::look(office, &who, month).await
}

fn value(draw: &Draw) -> Value {
    let rows = draw.rows.iter().map(|row| {
        let ticket = &row.ticket;
        json!({
            "case": ticket.no.get(), "entry": ticket.entry, "seed": ticket.seed, "lot": ticket.lot,
            "why": ticket.why.word(), "shown": row.why, "found": row.found, "decided": row.is_decided,
            "differs": row.differs,
        })
    });
    json!({
        "month": draw.month.to_string(), "programme": draw.programme, "share": draw.share,
        "drawn": draw.drawn(), "cases": rows.collect::<Vec<_>>(),
    })
}
