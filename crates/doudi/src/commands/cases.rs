//! `case`: cases as the record has them, for whoever holds the data folder; names are masked here too.

use crate::ended::{Ended, RefusedInput};
use crate::folder::Folder;
use crate::say;
use anyhow::Result;
use office::access::Access;
use office::casework::{self, CaseError};
use office::views::casework::{CaseLine, CaseView};
use office::{Office, Watch};
use serde_json::json;
use std::sync::Arc;

/// What to see.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi case list               最新的办件\n  doudi case show 12            一件办到哪一步、几号前、缺什么\n  doudi case show 12 --json"
)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// 列出办件,新的在前
    List {
        /// 最多几件
        #[arg(long, default_value_t = 50)]
        limit: u32,
        /// 给程序读
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        folder: Folder,
    },
    /// 一件的全部情况
    Show {
        /// 办件编号
        #[arg(value_name = "NO")]
        no: String,
        /// 给程序读
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        folder: Folder,
    },
}

/// Shows cases, as the machine.
pub async fn run(args: Args) -> Result<Ended> {
    let folder = match &args.what {
        What::List { folder, .. } | What::Show { folder, .. } => folder,
    };
    let office = Arc::new(folder.open().await?);
    let shown = show(&office, &args.what).await;
    if let Some(office) = Arc::into_inner(office) {
        office.close().await;
    }
    shown
}

async fn show(office: &Arc<Office>, what: &What) -> Result<Ended> {
    let access = Access::open(Arc::clone(office), Watch::Machine)?;
    let who = access.machine().await?;
    match what {
        What::List { limit, json, .. } => {
            let (rows, _) = told(casework::all_cases(office, &who, None, *limit).await)?;
            match json {
                true => say::json(&json!({ "cases": rows })),
                false => rows.iter().for_each(line),
            }
        }
        What::Show { no, json, .. } => {
            let no = told(casework::case_no(no))?;
            let view = told(casework::case_file(&access, &who, no).await)?;
            match json {
                true => say::json(&json!(view)),
                false => one(&view),
            }
        }
    }
    Ok(Ended::Good)
}

/// What an official would put right is no failure of the program.
fn told<T>(answer: Result<T, CaseError>) -> Result<T> {
    answer.map_err(|error| match error {
        CaseError::Office(error) => error.into(),
        other => RefusedInput(other.to_string()).into(),
    })
}

fn line(row: &CaseLine) {
    let step = if row.step.is_empty() {
        "—"
    } else {
        &row.step
    };
    say::line(format!(
        "№ {:<5} {} {} {} · {step} · 到期 {} · {}",
        row.no, row.title, row.applicant, row.place, row.due, row.group.text
    ));
}

fn one(view: &CaseView) {
    say::line(format!(
        "№ {} {} {} {}",
        view.no, view.title, view.applicant, view.state.text
    ));
    say::line(format!(
        "{} · {} · 收件 {}",
        view.place, view.cause, view.received
    ));
    say::line(&view.advice);
    for time in &view.law {
        say::line(format!("时限 {}:{}", time.title, time.due.text));
    }
    for step in &view.steps {
        say::line(format!(
            "  {} {} {} {}",
            step.state.text, step.name, step.who, step.when
        ));
    }
    for (name, state, because) in &view.papers {
        say::line(format!("材料 {name} {} {because}", state.text));
    }
    for event in &view.events {
        say::line(format!(
            "{} {} {} {}",
            event.at, event.by, event.did, event.because
        ));
    }
}
