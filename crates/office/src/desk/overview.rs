//! 总览: what must be done now, and the month in numbers; each number is counted by the filter of
//! the list it opens.

use super::ledger::{Record, open};
use super::paging::{count, grouped, minute, signed_yuan, yuan};
use super::{Desk, Told};
use crate::access::{Acting, Right, Scope};
use crate::sums::{Programme, Sums};
use crate::views::{
    Behind, Count, Figure, KindRow, Overview, ProgrammeFilter, ProgrammeMonth, ProgrammeRow,
    RunView, Standing, Todo, Tone, TownshipRow, WarningFilter,
};
use domain::Month;
use rules::Ratio;
use std::cmp::Reverse;
use std::sync::Arc;
use store::batches::{Batch, BatchState};
use store::tasks::TaskState;

/// How many months the charts go back.
const MONTHS_SHOWN: usize = 6;
/// Warnings of 符合而不在册 and of 在册而不符合, beside a programme's numbers.
const MISSING: &str = "entitled_not_receiving";
const LEAVING: &str = "receiving_not_entitled";

/// Judges the months the charts show, so that nobody has to wait for them.
pub(super) async fn warm(desk: &Desk) -> Told<()> {
    for month in desk.month_list().await?.into_iter().take(MONTHS_SHOWN) {
        desk.sums(month).await?;
    }
    Ok(())
}

pub(super) async fn overview(
    desk: &Desk,
    who: &Acting,
    scope: &Scope,
    month: Option<String>,
) -> Told<Overview> {
    let record = desk.record().await?;
    let month = desk.chosen(month.as_deref()).await?;
    let all = desk.month_list().await?;
    let mut months = Vec::new();
    for shown in all.iter().filter(|m| **m <= month).take(MONTHS_SHOWN) {
        months.push(desk.sums(*shown).await?);
    }
    months.reverse();
    let kinds = kinds(&record, scope);
    Ok(Overview {
        month: month.to_string(),
        months: all.iter().map(Month::to_string).collect(),
        todos: todos(desk, who, &kinds).await?,
        figures: figures(desk, scope, &record, &months).await?,
        townships: townships(&record, scope, &kinds),
        kinds,
        programmes: programmes(&record, scope, &months),
        assessments: super::assessments::at_a_glance(desk, scope, month).await?,
        run: run(desk, month).await?,
    })
}

fn kinds(record: &Record, scope: &Scope) -> Vec<KindRow> {
    let mut out: Vec<KindRow> = record
        .kinds
        .values()
        .map(|kind| KindRow {
            kind: kind.view.clone(),
            count: record.count(
                scope,
                WarningFilter {
                    kind: Some(kind.view.id.clone()),
                    ..open()
                },
            ),
        })
        .collect();
    out.sort_by_key(|row| Reverse(row.count.value));
    out
}

fn townships(record: &Record, scope: &Scope, kinds: &[KindRow]) -> Vec<TownshipRow> {
    let row = |code: &str, name: &str| {
        let here = WarningFilter {
            township: Some(code.to_owned()),
            ..open()
        };
        let part = |kind: &KindRow| {
            record.count(
                scope,
                WarningFilter {
                    kind: Some(kind.kind.id.clone()),
                    ..here.clone()
                },
            )
        };
        TownshipRow {
            code: code.to_owned(),
            name: name.to_owned(),
            count: record.count(scope, here.clone()),
            parts: kinds.iter().map(part).collect(),
        }
    };
    record
        .townships(scope)
        .map(|area| row(area.code.full(), &area.name))
        .collect()
}

/// One line a kind with open warnings, and what the feeds wait for.
async fn todos(desk: &Desk, who: &Acting, kinds: &[KindRow]) -> Told<Vec<Todo>> {
    let program = super::month::program_today(&desk.office);
    let mut out = Vec::new();
    for row in kinds.iter().filter(|row| row.count.value > 0) {
        let file = program.files.iter().find(|f| f.id == row.kind.id);
        let days = file.and_then(|f| f.dispatches.iter().map(|d| d.working_days).min());
        let unit = file.map_or("条", |f| {
            if program.dict.entity_name(f.entity) == "家庭" {
                "户"
            } else {
                "人"
            }
        });
        let advice = days.map_or_else(
            || "请核实".to_owned(),
            |n| format!("请在 {n} 个工作日内上门核实;只提示,不作认定"),
        );
        out.push(Todo {
            title: row.kind.title.clone(),
            advice,
            count: row.count.clone(),
            unit: unit.to_owned(),
            tone: row.kind.tone,
        });
    }
    if who.may(Right::FEED) {
        out.extend(feed_todos(desk).await?);
    }
    out.extend(desk.missing().map(|missing| Todo {
        title: "规则手册缺项".to_owned(),
        advice: format!("{}。补法:{}", missing.found, missing.advice),
        count: Count {
            value: count(desk.office.gaps().len()),
            behind: Behind::Nothing,
        },
        unit: "处".to_owned(),
        tone: Tone::Notice,
    }));
    let weight = |tone: Tone| match tone {
        Tone::Urgent => 0_u8,
        Tone::Notice => 1,
        Tone::Unknown => 2,
        Tone::Calm => 3,
        Tone::Good => 4,
    };
    out.sort_by_key(|todo| weight(todo.tone));
    Ok(out)
}

async fn feed_todos(desk: &Desk) -> Told<Vec<Todo>> {
    let newest = newest_batches(desk).await?;
    let of = |state: BatchState| newest.iter().filter(move |b| b.state == state).count();
    let doubts = store::batches::count_doubts(&desk.office.store).await?;
    let line = |title: &str, advice: &str, value: u64, unit: &str, tone| Todo {
        title: title.to_owned(),
        advice: advice.to_owned(),
        count: Count {
            value,
            behind: Behind::Feeds,
        },
        unit: unit.to_owned(),
        tone,
    };
    let all = [
        line(
            "来文待人工确认",
            "打开看要核实什么,核实后确认入库",
            count(of(BatchState::Waiting)),
            "批",
            Tone::Notice,
        ),
        line(
            "来文整批退回",
            "请部门更正后重报",
            count(of(BatchState::Refused)),
            "批",
            Tone::Notice,
        ),
        line(
            "人员存疑的来文行",
            "证件号没有、写坏或者和姓名对不上,请逐条认定是谁",
            doubts,
            "行",
            Tone::Unknown,
        ),
    ];
    let mut all = all;
    if let Some(last) = all.last_mut() {
        last.count.behind = Behind::Doubts;
    }
    Ok(all
        .into_iter()
        .filter(|todo| todo.count.value > 0)
        .collect())
}

/// The newest file of each feed and month.
pub(super) async fn newest_batches(desk: &Desk) -> Told<Vec<Batch>> {
    let all = store::batches::list(&desk.office.store, None, i64::MAX, 5_000).await?;
    // What was taken back lets the batch before it show again.
    let undone = store::batches::list_undone(&desk.office.store).await?;
    let undone: std::collections::HashSet<i64> = undone.iter().map(|u| u.batch_no).collect();
    let mut seen = std::collections::HashSet::new();
    Ok(all
        .into_iter()
        .filter(|b| !undone.contains(&b.batch_no))
        .filter(|b| seen.insert((b.feed.clone(), b.period)))
        .collect())
}

async fn figures(
    desk: &Desk,
    scope: &Scope,
    record: &Record,
    months: &[Arc<Sums>],
) -> Told<Vec<Figure>> {
    let Some(now) = months.last() else {
        return Ok(Vec::new());
    };
    let before = months.iter().rev().nth(1);
    let figure = |label: &str, value: String, unit: &str, note: Option<String>, behind| Figure {
        label: label.to_owned(),
        value,
        unit: unit.to_owned(),
        note,
        behind,
    };
    let [persons, households] = now.people_in(scope);
    let mut out = vec![figure(
        "登记人口",
        grouped(persons),
        "人",
        Some(format!("{} 户", grouped(households))),
        Behind::Areas,
    )];
    for programme in &now.programmes {
        let [on_roll, ..] = programme.counts(scope);
        if on_roll == 0 {
            continue;
        }
        let was = before.and_then(|b| b.programme(&programme.id));
        let was = was.map(|p| p.counts(scope)).map(|[was, ..]| was);
        let label = format!("{}在册", programme.title);
        let value = grouped(on_roll);
        let note = was.map(|was| change(on_roll, was, programme.unit()));
        let behind = list(programme, now.month, Standing::OnRoll);
        out.push(figure(&label, value, programme.unit(), note, behind));
    }
    let waiting = record.count(scope, open());
    let raised = record.count(
        scope,
        WarningFilter {
            month: Some(now.month.to_string()),
            ..open()
        },
    );
    let note = format!("其中 {} 判断的 {} 条", now.month, grouped(raised.value));
    out.push(figure(
        "待处置预警",
        grouped(waiting.value),
        "条",
        Some(note),
        waiting.behind,
    ));
    let tasks = open_tasks(desk, scope).await?;
    out.push(figure(
        "未办任务",
        grouped(tasks),
        "件",
        None,
        Behind::Nothing,
    ));
    if let Some(note) = paid_note(scope, now, before) {
        out.push(figure(
            "本月名册发放",
            yuan(total(scope, now)).replace(" 元", ""),
            "元",
            Some(note),
            Behind::Nothing,
        ));
    }
    Ok(out)
}

/// Open tasks of the places of a scope.
async fn open_tasks(desk: &Desk, scope: &Scope) -> Told<u64> {
    let store = &desk.office.store;
    let Some(places) = scope.places() else {
        return Ok(store::tasks::count_all(store, TaskState::Open, None).await?);
    };
    let mut tasks = 0_u64;
    for place in places {
        let here = store::tasks::count_all(store, TaskState::Open, Some(place)).await?;
        tasks = tasks.saturating_add(here);
    }
    Ok(tasks)
}

fn total(scope: &Scope, sums: &Sums) -> Ratio {
    let [_, fen] = sums.paid_in(scope);
    Ratio::whole(i128::from(fen))
}

fn paid_note(scope: &Scope, now: &Sums, before: Option<&Arc<Sums>>) -> Option<String> {
    let [paid, _] = now.paid_in(scope);
    if paid == 0 {
        return None;
    }
    let people = format!("{} 人", grouped(paid));
    let change = before
        .and_then(|b| total(scope, now).sub(total(scope, b)))
        .map(signed_yuan);
    Some(change.map_or(people.clone(), |change| format!("{people};比上月 {change}")))
}

fn change(now: u64, was: u64, unit: &str) -> String {
    match now.cmp(&was) {
        std::cmp::Ordering::Greater => format!("比上月多 {} {unit}", now.saturating_sub(was)),
        std::cmp::Ordering::Less => format!("比上月少 {} {unit}", was.saturating_sub(now)),
        std::cmp::Ordering::Equal => "与上月相同".to_owned(),
    }
}

fn list(programme: &Programme, month: Month, standing: Standing) -> Behind {
    Behind::Programme(ProgrammeFilter {
        programme: programme.id.clone(),
        month: Some(month.to_string()),
        standing,
        township: None,
        cursor: None,
    })
}

fn programmes(record: &Record, scope: &Scope, months: &[Arc<Sums>]) -> Vec<ProgrammeRow> {
    let Some(now) = months.last() else {
        return Vec::new();
    };
    let row = |programme: &Programme| {
        let of_month = |sums: &Arc<Sums>| {
            let then = sums.programme(&programme.id)?;
            let [on_roll, entitled, unsettled] = then.counts(scope);
            let number = |value: u64, standing| Count {
                value,
                behind: list(then, sums.month, standing),
            };
            Some(ProgrammeMonth {
                month: sums.month.to_string(),
                on_roll: number(on_roll, Standing::OnRoll),
                entitled: number(entitled, Standing::Entitled),
                unsettled: number(unsettled, Standing::Unsettled),
            })
        };
        let warned = |kind: &str| {
            let programme = Some(programme.id.clone());
            record.count(
                scope,
                WarningFilter {
                    kind: Some(kind.to_owned()),
                    programme,
                    ..open()
                },
            )
        };
        ProgrammeRow {
            id: programme.id.clone(),
            title: programme.title.clone(),
            unit: programme.unit().to_owned(),
            months: months.iter().filter_map(of_month).collect(),
            missing: warned(MISSING),
            leaving: warned(LEAVING),
        }
    };
    now.programmes.iter().map(row).collect()
}

async fn run(desk: &Desk, month: Month) -> Told<Option<RunView>> {
    let run = store::runs::newest(&desk.office.store, month).await?;
    Ok(run.map(|run| RunView {
        month: run.content.month.to_string(),
        finished: minute(&run.content.at),
        took: "未记录".to_owned(),
        persons: grouped(run.content.persons),
        households: grouped(run.content.households),
        rulebook: store::digest::hex(&run.content.rules_digest)
            .chars()
            .take(12)
            .collect(),
    }))
}
