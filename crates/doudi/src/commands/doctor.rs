//! `doctor`: whether all is well, and what to do where it is not.

use crate::ended::Ended;
use crate::folder::Folder;
use crate::say;
use anyhow::Result;
use office::doctor::Check;
use serde_json::{Value, json};

/// What to examine.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi doctor\n  doudi doctor --json | jq '.checks[] | select(.good | not)'\n\n有一项不好,退出码就是 1。它什么都不改。"
)]
pub struct Args {
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Examines and tells one line a check.
pub async fn run(args: Args) -> Result<Ended> {
    let office = args.folder.open().await?;
    let checks = office::doctor::examine(&office).await;
    let machine = office::doctor::machine(&office);
    office.close().await;
    let mut checks = checks?;
    checks.extend(machine);
    let bad = checks.iter().filter(|c| !c.good).count();
    if args.json {
        let all: Vec<Value> = checks.iter().map(value).collect();
        say::json(
            &json!({ "version": env!("CARGO_PKG_VERSION"), "good": bad == 0, "checks": all }),
        );
    } else {
        checks.iter().for_each(show);
        say::line(if bad == 0 {
            "都好".to_owned()
        } else {
            format!("{bad} 项要处理")
        });
    }
    Ok(Ended::with(bad > 0))
}

fn show(check: &Check) {
    let mark = if check.good { '✓' } else { '✗' };
    say::line(format!("{mark} {}:{}", check.name, check.found));
    if !check.advice.is_empty() {
        say::line(format!("    {}", check.advice));
    }
}

fn value(check: &Check) -> Value {
    json!({ "name": check.name, "good": check.good, "found": check.found, "advice": check.advice })
}
