//! From a warning back to the files: the rows that caused it, and one record a step on the way.

use super::facts::{RowIndex, row_words};
use super::ledger::{Entry, Kind};
use super::month::Judgement;
use super::names::Names;
use super::paging::{minute, word};
use super::{Desk, Told};
use crate::views::{Behind, Cause, FactView, Tone, TraceStep};
use rules::Program;
use rules::feed::{ColumnKind, FeedPlan};
use std::collections::HashSet;
use std::sync::Arc;
use store::RowId;

/// More rows than this explain nothing more.
const CAUSES_SHOWN: usize = 12;
/// Of a sum over several rows the newest are told.
const ROWS_OF_A_FACT: usize = 4;
/// Facts told one by one on the way back.
const FACTS_SHOWN: usize = 6;

/// A fact a warning rests on.
pub(super) struct Used {
    pub person: i64,
    /// The feed it comes from, or who is asked for it.
    pub feed: String,
    pub view: FactView,
}

/// The newest rows of each feed that the facts of a warning come from.
pub(super) fn causes(
    desk: &Desk,
    judgement: &Arc<Judgement>,
    index: &RowIndex,
    used: &[Used],
    names: &Names,
) -> Vec<Cause> {
    let program = &judgement.data.program;
    let mut out = Vec::new();
    for (person, row) in rows(used, index) {
        let Some(batch) = index.batch(row) else {
            continue;
        };
        let Some(feed) = program.feeds.iter().find(|f| f.id == batch.feed) else {
            continue;
        };
        let says = desk.row_sheet(index, row).map_or_else(
            || "这一行的内容已不在本机".to_owned(),
            |sheet| row_words(program, feed, &sheet, 0),
        );
        out.push(Cause {
            feed: format!("{} · {}", feed.title, feed.department),
            batch: batch.batch_no,
            file: batch.file_name.clone(),
            row: u64::from(row.row_no()),
            says,
            link: word(linked(program, feed, || names.name(person)), Tone::Good),
        });
    }
    out
}

/// By what a row was tied to its person or household.
fn linked(program: &Program, feed: &FeedPlan, name: impl Fn() -> String) -> String {
    let numbered = feed.columns.iter().any(|c| c.kind == ColumnKind::IdNumber);
    let key = feed.owner.join("、");
    let by = match (feed.owner.is_empty(), numbered) {
        (true, _) => "证件号".to_owned(),
        (false, true) => format!("证件号或{key}"),
        (false, false) => key,
    };
    if program.dict.entity_name(feed.entity) == "家庭" {
        return format!("{by}一致");
    }
    format!("{by}一致 · {}", name())
}

/// Rows behind the facts: of one person and feed the newest few, each once.
fn rows(used: &[Used], index: &RowIndex) -> Vec<(i64, RowId)> {
    let mut seen = HashSet::new();
    let mut out = Vec::new();
    for fact in used {
        for row in index.of(fact.person, &fact.feed).rev().take(ROWS_OF_A_FACT) {
            if seen.insert(row.get()) {
                out.push((fact.person, row));
            }
        }
    }
    out.truncate(CAUSES_SHOWN);
    out
}

/// 预警 → 判定 → 事实 → 来文行 → 批次.
pub(super) async fn trace(
    desk: &Desk,
    entry: &Entry,
    kind: &Kind,
    used: &[Used],
    index: &RowIndex,
) -> Told<Vec<TraceStep>> {
    let content = &entry.warning.content;
    let mut out = vec![step(
        "预警",
        format!("warning:{}", entry.warning.id.get()),
        format!("{},紧急 {}", kind.view.title, content.urgency),
        minute(&entry.warning.last_seen),
        Behind::Nothing,
    )];
    if let Some(run) = store::runs::newest(&desk.office.store, content.month).await? {
        let digest = short(&run.content.rules_digest);
        let home = content.household.map(|h| Behind::Household(h.get()));
        out.push(step(
            "判定",
            format!("run:{}", run.run_no),
            format!("{} 月度运行,规则版本 {digest}", content.month),
            minute(&run.content.at),
            home.unwrap_or(Behind::Nothing),
        ));
    }
    facts_and_batches(used, index, &mut out);
    Ok(out)
}

/// The facts with their rows, then the files the rows came in.
fn facts_and_batches(used: &[Used], index: &RowIndex, out: &mut Vec<TraceStep>) {
    let mut batches = Vec::new();
    let known = used.iter().filter(|f| f.view.value.is_some());
    for fact in known.take(FACTS_SHOWN) {
        let view = &fact.view;
        let Behind::Batch(batch) = view.behind else {
            continue;
        };
        let row = index.of(fact.person, &fact.feed).next_back();
        let record = row.map_or_else(
            || format!("batch:{batch}"),
            |r| format!("row:{}/{}", r.batch_no(), r.row_no()),
        );
        let value = view.value.clone().unwrap_or_default();
        let says = format!("{} {value} · {}", view.name, view.source);
        let behind = view.behind.clone();
        out.push(step("事实", record, says, view.known.clone(), behind));
        if !batches.contains(&batch) {
            batches.push(batch);
        }
    }
    for batch in batches.iter().filter_map(|b| index.batches.get(b)) {
        let digest = short(&batch.file_digest);
        out.push(step(
            "批次",
            format!("batch:{}", batch.batch_no),
            format!("{} · 内容指纹 {digest}", batch.file_name),
            minute(&batch.received_at),
            Behind::Batch(batch.batch_no),
        ));
    }
}

fn step(what: &str, record: String, says: String, at: String, behind: Behind) -> TraceStep {
    TraceStep {
        what: what.to_owned(),
        record,
        says,
        at,
        behind,
    }
}

fn short(digest: &[u8]) -> String {
    store::digest::hex(digest).chars().take(12).collect()
}
