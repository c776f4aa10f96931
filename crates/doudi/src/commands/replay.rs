//! `replay`: a decision, first or later, once more, from the facts and rules it kept; and what today's rules would say.

use crate::ended::{Ended, RefusedInput};
use crate::folder::Folder;
use crate::say;
use anyhow::Result;
use office::casework::CaseError;
use office::casework::capsule::{self, Replay, Sealed};
use serde_json::json;

/// Which decision.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi replay 3            用当时的事实和规则重算第 3 号决定,再用今天的规则比一比\n  doudi replay after-decision:1     变更、渐退、停发、追回的处理决定也一样\n  doudi replay 3 --json"
)]
pub struct Args {
    /// 决定编号;处理决定写成 after-decision:1
    #[arg(value_name = "DECISION")]
    decision: String,
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Evaluates it again.
pub async fn run(args: Args) -> Result<Ended> {
    let office = args.folder.open().await?;
    let replayed = match Sealed::parse(&args.decision) {
        Some(Sealed::Decision(no)) => capsule::replay(&office, no).await,
        Some(Sealed::After(no)) => capsule::replay_after(&office, no).await,
        Some(Sealed::First(no)) => capsule::replay_first(&office, no).await,
        None => Err(CaseError::Refused(format!(
            "`{}` 不是决定编号;写成 3,或者 after-decision:1",
            args.decision
        ))),
    };
    office.close().await;
    let replayed = replayed.map_err(|error| match error {
        CaseError::Office(error) => anyhow::Error::from(error),
        other => RefusedInput(other.to_string()).into(),
    })?;
    match args.json {
        true => say::json(&json!({
            "decision": replayed.decision.number(),
            "later": matches!(replayed.decision, Sealed::After(_)),
            "case": replayed.case,
            "digest": replayed.digest,
            "same": replayed.same,
            "differs": replayed.differs,
            "then": replayed.then,
            "now": replayed.now.as_ref().ok(),
            "changed": replayed.changed,
            "rules_same": replayed.rules_same,
            "files": replayed.files,
            "unknown_today": replayed.lost,
        })),
        false => show(&replayed),
    }
    Ok(Ended::with(!replayed.same))
}

fn show(replay: &Replay) {
    say::line(format!(
        "{} · 办件 {} · SHA-256 {}",
        replay.decision, replay.case, replay.digest
    ));
    say::line(format!("当时:{}", replay.then.verdict));
    match replay.same {
        true => say::line("用封存的事实和规则重算:一个字节也不差"),
        false => say::line("用封存的事实和规则重算:与封存的不同"),
    }
    for place in &replay.differs {
        say::line(format!("  {place}"));
    }
    match (&replay.now, replay.rules_same) {
        (Ok(now), true) => say::line(format!("今天的规则没有变:{}", now.verdict)),
        (Ok(now), false) => say::line(format!(
            "今天的规则变了 {} 个文件:{}",
            replay.files.len(),
            now.verdict
        )),
        (Err(why), _) => say::line(format!("今天的规则不能判断:{why}")),
    }
    for reason in &replay.changed {
        say::line(format!("  {reason}"));
    }
    for file in &replay.files {
        say::line(format!("  改过 {file}"));
    }
    if !replay.lost.is_empty() {
        say::line(format!("  今天的词典没有:{}", replay.lost.join("、")));
    }
}
