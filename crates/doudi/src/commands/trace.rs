//! `trace`: from a record back to the row of the file it came from; a payment to the warning it began with.

use crate::ended::Ended;
use crate::folder::Folder;
use crate::say;
use anyhow::Result;
use office::trace::Step;
use serde_json::{Value, json};

/// What to trace.
#[derive(clap::Args)]
#[command(
    after_help = "例:\n  doudi trace warning:12        一条预警,走回来文的那一行\n  doudi trace row:7/214         第 7 批第 214 行,它引出了什么\n  doudi trace batch:7\n  doudi trace kin-fact:2        查实的户外亲属的事实,走回办件;found:5、kin:1、application:6 同样\n  doudi trace decision:3        一个决定,走回事实、规则、核对、走访和来文\n  doudi trace after-decision:1  变更、渐退、停发、追回的处理决定,同样走回\n  doudi trace payment:1/14      一笔钱,走回批次、待遇、决定和来文"
)]
pub struct Args {
    /// 记录编号:warning:12、task:3、visit:4、found:5、kin:1、kin-fact:2、application:6、run:2、row:7/214、batch:7、decision:3、after-decision:1、payment:1/14
    #[arg(value_name = "RECORD")]
    record: String,
    /// 给程序读
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    folder: Folder,
}

/// Walks back, one record a paragraph.
pub async fn run(args: Args) -> Result<Ended> {
    let office = args.folder.open().await?;
    let steps = office::trace::trace(&office, &args.record).await;
    office.close().await;
    let steps = steps?;
    if args.json {
        let all: Vec<Value> = steps.iter().map(value).collect();
        say::json(&json!({ "record": args.record, "steps": all }));
    } else {
        steps.iter().for_each(show);
    }
    Ok(Ended::Good)
}

fn show(step: &Step) {
    say::line(format!("{} {}", step.what, step.record).trim_end());
    for (name, text) in [
        ("", &step.says),
        ("在:", &step.where_),
        ("来自:", &step.cause),
    ] {
        if !text.is_empty() {
            say::line(format!("    {name}{text}"));
        }
    }
}

fn value(step: &Step) -> Value {
    json!({ "what": step.what, "record": step.record, "says": step.says, "where": step.where_, "cause": step.cause })
}
