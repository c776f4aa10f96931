//! One batch: how good it was, which rows were refused and why, whose rows are in doubt.

use super::facts::row_words;
use super::feeds::{counts, rule_of, state};
use super::paging::{count, minute, page, word};
use super::{Desk, Told};
use crate::intake::ASKED;
use crate::views::{
    BatchState, Behind, ColumnQuality, DoubtfulRow, FeedBatchView, ReasonCount, RefusalRow,
    RemarkRow, Tone, ViewError,
};
use domain::PersonId;
use engine::{Column, Sheet};
use rules::Program;
use rules::feed::FeedPlan;
use std::cmp::Reverse;
use store::RowId;
use store::batches::{self, Batch, DoubtState, Refusal, Remark};

const ROWS_ON_PAGE: usize = 50;
const READ: u32 = 5_000;
const DOUBTS_SHOWN: u32 = 20;
const REMARKS_SHOWN: usize = 50;

/// A batch with its feed and all it was refused for.
pub(super) struct Found {
    pub batch: Batch,
    pub program: Program,
    pub refusals: Vec<Refusal>,
    pub remarks: Vec<Remark>,
    /// Why it waits for a person, or did.
    pub asked: Vec<String>,
}

impl Found {
    pub fn feed(&self) -> Option<&FeedPlan> {
        self.program.feeds.iter().find(|f| f.id == self.batch.feed)
    }

    pub fn title(&self) -> String {
        self.feed()
            .map_or_else(|| self.batch.feed.clone(), |f| f.title.clone())
    }
}

pub(super) async fn find(desk: &Desk, id: i64) -> Told<Found> {
    let store = &desk.office.store;
    let missing = || ViewError::NotFound(format!("没有第 {id} 批来文;请从来文清单打开"));
    let batch = batches::find(store, id).await?.ok_or_else(missing)?;
    let mut refusals = Vec::new();
    let mut after = 0;
    loop {
        let page = batches::list_refusals(store, id, after, READ).await?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        refusals.extend(page.into_iter().map(|(_, r)| r));
    }
    let mut remarks = Vec::new();
    let mut after = 0;
    loop {
        let page = batches::list_remarks(store, id, after, READ).await?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        remarks.extend(page.into_iter().map(|(_, r)| r));
    }
    let (asked, remarks): (Vec<Remark>, _) = remarks.into_iter().partition(|r| r.code == ASKED);
    let program = desk.office.program_of(batch.period);
    Ok(Found {
        batch,
        program,
        refusals,
        remarks,
        asked: asked.into_iter().map(|remark| remark.message).collect(),
    })
}

pub(super) async fn view(desk: &Desk, id: i64, cursor: Option<String>) -> Told<FeedBatchView> {
    let found = find(desk, id).await?;
    // Refusals of a batch never change, so a place in the list is a key.
    let start = match cursor.as_deref().map(str::parse::<usize>) {
        None => 0,
        Some(Ok(last)) => last.saturating_add(1),
        Some(Err(_)) => {
            return Err(ViewError::NotAnswerable(
                "页码不对,请从第一页看起".to_owned(),
            ));
        }
    };
    let numbered: Vec<(usize, &Refusal)> = found.refusals.iter().enumerate().collect();
    let refusals = page(
        &numbered,
        start,
        ROWS_ON_PAGE,
        |(at, _)| at.to_string(),
        |(_, r)| refusal(r),
    );
    let sheet = row_sheet(desk, &found.batch).await?;
    let doubtful = doubts(desk, &found, sheet.as_ref()).await?;
    let batch = &found.batch;
    let undone = batches::undone(&desk.office.store, id).await?;
    let applied = match undone {
        Some(_) => BatchState::Undone,
        None => state(batch),
    };
    Ok(FeedBatchView {
        id,
        title: found.title(),
        department: found
            .feed()
            .map_or_else(|| "部门未写".to_owned(), |f| f.department.clone()),
        month: batch.period.to_string(),
        state: applied,
        advice: match undone {
            Some(undone) => Some(format!(
                "{}由 {} 撤回:{};更正以后可以再报送",
                minute(&undone.at),
                undone.actor,
                undone.reason
            )),
            None => advice(applied, batch, &found),
        },
        asked: found.asked.clone(),
        file: batch.file_name.clone(),
        format: format_of(&batch.file_name),
        hash: store::digest::hex(&batch.file_digest),
        received_at: minute(&batch.received_at),
        kept: crate::keeping::of_batch(&desk.office, batch).await?,
        rule: rule_of(desk, &batch.feed),
        counts: counts(batch),
        columns: columns(&found, sheet.as_ref()),
        reasons: reasons(&found.refusals),
        refusals,
        remarks: tallied(found.remarks.iter().map(|r| r.message.as_str())),
        remarked: found
            .remarks
            .iter()
            .take(REMARKS_SHOWN)
            .map(remark)
            .collect(),
        doubtful,
    })
}

fn format_of(name: &str) -> String {
    match name
        .rsplit_once('.')
        .map(|(_, end)| end.to_ascii_lowercase())
        .as_deref()
    {
        Some("xlsx") => "Excel 工作簿".to_owned(),
        Some("csv") => "CSV,编码自动辨认".to_owned(),
        Some("txt") => "文本,编码自动辨认".to_owned(),
        _ => "格式未记录".to_owned(),
    }
}

fn advice(state: BatchState, batch: &Batch, found: &Found) -> Option<String> {
    let department = found.feed().map_or("报送部门", |f| f.department.as_str());
    match state {
        BatchState::Waiting => Some(format!(
            "没有入库,要核实:{};请向{department}核实,都是真的就再报送一次并勾选核实过了,或者导入时加 --confirm",
            found.asked.join(";")
        )),
        BatchState::Refused => Some(format!("整批没有入库;请把原因告诉{department},更正后重报")),
        BatchState::Applied if batch.counts.refused > 0 => Some(format!(
            "退回 {} 行,请下载明细表发还{department}更正后重报",
            batch.counts.refused
        )),
        BatchState::Applied | BatchState::Missing | BatchState::Repeated | BatchState::Undone => {
            None
        }
    }
}

/// Why a cell was refused, and what the department should do.
pub(crate) fn refusal(refusal: &Refusal) -> RefusalRow {
    RefusalRow {
        // The record counts from the first row below the header; a spreadsheet counts the header too.
        row: u64::from(refusal.row_no).saturating_add(1),
        column: refusal.column.clone(),
        value: hidden(&refusal.masked),
        reason: shown_reason(refusal),
        advice: next_step(&refusal.code).to_owned(),
    }
}

/// A row whose cells slipped has a name where a code should be: what may be a name or a number is
/// hidden once more, whatever the column says.
fn hidden(value: &str) -> String {
    let size = value.chars().count();
    let is_han = |c: char| ('\u{3400}'..='\u{9FFF}').contains(&c) || matches!(c, '·' | '\u{3007}');
    let digits = value.chars().filter(char::is_ascii_digit).count();
    if (2..=8).contains(&size) && value.chars().all(is_han) {
        store::identity::mask_name(value)
    } else if size == 11 && digits == 11 {
        store::identity::mask_phone(value)
    } else if digits >= 15 {
        store::identity::mask_number(value)
    } else {
        value.to_owned()
    }
}

fn shown_reason(refusal: &Refusal) -> String {
    let written = format!("`{}`", refusal.masked);
    refusal
        .message
        .replace(&written, &format!("`{}`", hidden(&refusal.masked)))
}

/// What a kind of refusal is called, and what to do about it.
fn kind_of(code: &str) -> (&str, &'static str) {
    match code {
        "id-number" => (
            "证件号不对",
            "请按户口簿或身份证核对,并把该列设为文本后重新导出",
        ),
        "card" => ("银行卡号不对", "请核对卡号,并把该列设为文本后重新导出"),
        "money" => ("金额读不懂", "请写成 1234.50 的样子,单位元"),
        "number" | "integer" => ("数读不懂", "请只写数字"),
        "date" => ("日期读不懂", "请写成 2026-08-03 的样子"),
        "month" => ("月份读不懂", "请写成 2026-08 的样子"),
        "bool" => ("不是是或否", "请写 是 或 否"),
        "code" => ("代码不在码表里", "请按来文说明里的码表填写"),
        "missing" => ("必填而空着", "请补上这一格"),
        "rule" => ("与规则不符", "请核实后更正"),
        "file" => ("整个文件退回", "请更正后重报整个文件"),
        other => (other, "请核对这一格"),
    }
}

fn next_step(code: &str) -> &'static str {
    kind_of(code).1
}

fn reasons(refusals: &[Refusal]) -> Vec<ReasonCount> {
    tallied(refusals.iter().map(|refusal| kind_of(&refusal.code).0))
}

/// How often each word comes, most first.
fn tallied<'a>(words: impl Iterator<Item = &'a str>) -> Vec<ReasonCount> {
    let mut counts: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
    for word in words {
        let rows = counts.entry(word).or_default();
        *rows = rows.saturating_add(1);
    }
    let mut out: Vec<ReasonCount> = counts
        .into_iter()
        .map(|(reason, rows)| ReasonCount {
            reason: reason.to_owned(),
            rows,
        })
        .collect();
    out.sort_by_key(|r| Reverse(r.rows));
    out
}

/// What was noticed, as its sender finds it.
pub(super) fn remark(remark: &Remark) -> RemarkRow {
    RemarkRow {
        row: u64::from(remark.row_no).saturating_add(1),
        column: remark.column.clone(),
        message: remark.message.clone(),
    }
}

/// The rows of a batch in the lake; none when it was not taken.
async fn row_sheet(desk: &Desk, batch: &Batch) -> Told<Option<Sheet>> {
    let kind = format!("row-{}", batch.feed);
    let files = store::manifest::list(&desk.office.store, &kind, batch.period).await?;
    let Some(file) = files
        .into_iter()
        .find(|f| f.cause == batch.batch_no.to_string())
    else {
        return Ok(None);
    };
    let lake = desk.office.lake.clone();
    let read = tokio::task::spawn_blocking(move || lake.read(&file.path)).await;
    Ok(Some(read.map_err(|e| ViewError::Failed(e.to_string()))??))
}

/// How well the columns that reached the lake are filled; identity columns never reach it.
fn columns(found: &Found, sheet: Option<&Sheet>) -> Vec<ColumnQuality> {
    let (Some(feed), Some(sheet)) = (found.feed(), sheet) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    for column in &feed.columns {
        let Some(values) = sheet.column(&column.name) else {
            continue;
        };
        let header = column.headers.first().unwrap_or(&column.name);
        let refused = found
            .refusals
            .iter()
            .filter(|r| r.column == *header)
            .count();
        let filled = filled(values)
            .saturating_mul(1_000)
            .checked_div(values.len())
            .unwrap_or(0);
        out.push(ColumnQuality {
            header: header.clone(),
            fact: column.name.clone(),
            filled_per_mille: u32::try_from(filled).unwrap_or(1_000),
            refused: count(refused),
        });
    }
    out
}

fn filled(column: &Column) -> usize {
    match column {
        Column::Int(v) => v.iter().flatten().count(),
        Column::Day(v) => v.iter().flatten().count(),
        Column::Bool(v) => v.iter().flatten().count(),
        Column::Text(v) => v.iter().flatten().count(),
    }
}

/// Rows of the batch whose person is in doubt, the first few.
async fn doubts(desk: &Desk, found: &Found, sheet: Option<&Sheet>) -> Told<Vec<DoubtfulRow>> {
    let store = &desk.office.store;
    let batch_no = found.batch.batch_no;
    let before = RowId::new(batch_no, 1).map(|r| RowId::from_get(r.get().saturating_sub(1)));
    let all = batches::list_doubts(store, DoubtState::Open, before, DOUBTS_SHOWN).await?;
    let record = desk.record().await?;
    let mut out = Vec::new();
    for doubt in all.into_iter().filter(|d| d.row.batch_no() == batch_no) {
        let candidates: Vec<i64> = doubt
            .candidates
            .split(',')
            .filter_map(|c| c.trim().parse().ok())
            .collect();
        let Some(first) = candidates.first().copied() else {
            continue;
        };
        let names = desk.names(&[first]).await?;
        let person = store::persons::get_many(store, &[PersonId::new(first)]).await?;
        let place = person
            .first()
            .and_then(|p| p.area)
            .map_or(String::new(), |a| format!(" · {}", record.place(&a)));
        let more = if candidates.len() > 1 {
            format!(" 等 {} 人", candidates.len())
        } else {
            String::new()
        };
        let at = sheet.and_then(|s| {
            s.ints("row_id")
                .iter()
                .position(|id| *id == Some(doubt.row.get()))
        });
        let says = match (sheet, at, found.feed()) {
            (Some(sheet), Some(at), Some(feed)) => row_words(&found.program, feed, sheet, at),
            _ => "这一行的内容不在本机".to_owned(),
        };
        let asked = store::doubts::find(store, doubt.row).await?;
        out.push(DoubtfulRow {
            row: u64::from(doubt.row.row_no()).saturating_add(1),
            says,
            candidate: format!("{}{place}{more}", names.name(first)),
            about: Behind::Doubt(doubt.row.get()),
            evidence: asked.map_or("", |q| crate::doubts::why(&q)).to_owned(),
            degree: word("存疑", Tone::Unknown),
        });
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_name_or_a_number_is_hidden_whatever_its_column() {
        let check = |value: &str, expected: &str| assert_eq!(hidden(value), expected);
        check("王秀英", "王*英");
        check("990101195103081283", "990101********1283");
        check("13800008000", "138****8000");
        check("283.00元左右", "283.00元左右");
        check("2026-13-01", "2026-13-01");
    }
}
