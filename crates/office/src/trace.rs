//! 追溯: from a record back to the row of the file it came from, and forward to what it led to.
//!
//! Reads only. What a row says is shown without name and number, as the lake has it.

mod decisions;
mod payments;
mod reads;
mod seen;

use crate::error::{OfficeError, Result};
use crate::office::Office;
use domain::{Day, Month, TaskId, WarningId};
use engine::{Column, Sheet};
use rules::feed::{ColumnKind, FeedPlan};
use rules::{Program, Ratio, Value, show};
use std::collections::BTreeSet;
use store::RowId;
use store::audit::About;
use store::batches::Batch;
use store::digest::hex;
use store::warnings::Warning;

/// Rows of one feed that are shown; the step says how many there are.
const ROWS_SHOWN_MAX: usize = 12;

/// One record on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What kind of record: 预警 任务 监测 规则 来文行 批次 发放行 待遇 决定 办件 核对报告 走访 …
    pub what: &'static str,
    /// Its number, as `trace` takes it; empty for what has none.
    pub record: String,
    /// What it says.
    pub says: String,
    /// Where it stands: a file of the rulebook, a row of a file, an entry of the audit chain.
    pub where_: String,
    /// The records it came from.
    pub cause: String,
}

/// Walks back from `warning:12`, `task:3`, `visit:4`, `found:5`, `kin:1`, `kin-fact:2`, `application:6`, `run:2`,
/// `row:7/214`, `batch:7`, `decision:3`, `after-decision:1` or `payment:1/14`.
///
/// # Errors
/// There is no such record; the record or the lake cannot be read.
pub async fn trace(office: &Office, record: &str) -> Result<Vec<Step>> {
    let unknown = || {
        let said = format!(
            "`{record}` 不是记录编号;可以是 warning:12、task:3、visit:4、found:5、kin:1、kin-fact:2、application:6、run:2、row:7/214、batch:7、decision:3、after-decision:1、payment:1/14"
        );
        OfficeError::NotFound(said)
    };
    let (kind, rest) = record.trim().split_once(':').ok_or_else(unknown)?;
    let number = || rest.parse::<i64>().map_err(|_| unknown());
    match kind {
        "warning" => of_warning(office, WarningId::new(number()?)).await,
        "task" => of_task(office, TaskId::new(number()?)).await,
        "visit" => seen::of_visit(office, number()?).await,
        "found" => seen::of_found(office, number()?).await,
        "kin" => seen::of_kin(office, number()?).await,
        "kin-fact" => seen::of_kin_fact(office, number()?).await,
        "application" => seen::of_application(office, number()?).await,
        "run" => of_run(office, number()?).await,
        "row" => of_row(office, row_id(rest).ok_or_else(unknown)?).await,
        "batch" => Ok(vec![batch_step(office, number()?).await?]),
        "decision" => decisions::of_decision(office, number()?).await,
        "after-decision" => decisions::of_after(office, number()?).await,
        "payment" => payments::of_line(office, rest).await,
        _ => Err(unknown()),
    }
}

/// `7/214`, or the id as the lake writes it.
fn row_id(text: &str) -> Option<RowId> {
    match text.split_once('/') {
        Some((batch, row)) => RowId::new(batch.parse().ok()?, row.parse().ok()?),
        None => text.parse().ok().map(RowId::from_get),
    }
}

fn not_there(what: &str, id: impl std::fmt::Display) -> OfficeError {
    OfficeError::NotFound(format!("没有编号为 {id} 的{what}"))
}

async fn of_task(office: &Office, id: TaskId) -> Result<Vec<Step>> {
    let task = store::tasks::find(&office.store, id)
        .await?
        .ok_or_else(|| not_there("任务", id))?;
    let warnings = store::tasks::warnings(&office.store, id).await?;
    let causes: Vec<String> = warnings.iter().map(|w| format!("warning:{w}")).collect();
    let mut steps = vec![Step {
        what: "任务",
        record: format!("task:{id}"),
        says: task.content.summary.clone(),
        where_: acted(office, "task", id.get()).await?,
        cause: causes.join(" "),
    }];
    for warning in warnings {
        steps.extend(
            of_warning(office, warning)
                .await?
                .into_iter()
                .filter(|s| s.what != "任务"),
        );
    }
    Ok(steps)
}

async fn of_warning(office: &Office, id: WarningId) -> Result<Vec<Step>> {
    let warning = store::warnings::find(&office.store, id)
        .await?
        .ok_or_else(|| not_there("预警", id))?;
    let content = &warning.content;
    let month = content.month;
    let program = office.program_of(month);
    let mut steps = Vec::new();
    for task in store::tasks::of_warning(&office.store, id).await? {
        steps.push(Step {
            what: "任务",
            record: format!("task:{task}"),
            says: "由这条预警派出".to_owned(),
            where_: String::new(),
            cause: format!("warning:{id}"),
        });
    }
    let run = store::runs::newest(&office.store, month).await?;
    steps.push(Step {
        what: "预警",
        record: format!("warning:{id}"),
        says: content.text.clone(),
        where_: format!("{month},地区 {}", content.area.as_str()),
        cause: run
            .as_ref()
            .map_or(String::new(), |r| format!("run:{}", r.run_no)),
    });
    if let Some(run) = run {
        steps.push(run_step(office, &run).await?);
    }
    let reads = reads::of_rule(&program, &content.rule);
    steps.push(rule_step(&program, &content.rule, &reads));
    let people = people(office, &warning).await?;
    let home: BTreeSet<i64> = content.household.map(|h| h.get()).into_iter().collect();
    for feed in program.feeds.iter().filter(|f| reads.feeds.contains(&f.id)) {
        steps.extend(rows_of(office, &program, feed, month, (&people, &home)).await?);
    }
    steps.extend(seen::steps_of(office, &program, &reads.facts, month, (&people, &home)).await?);
    steps.extend(batches_of(office, &steps).await?);
    Ok(steps)
}

async fn of_run(office: &Office, run_no: i64) -> Result<Vec<Step>> {
    let run = store::runs::find(&office.store, run_no)
        .await?
        .ok_or_else(|| not_there("监测运行", run_no))?;
    Ok(vec![run_step(office, &run).await?])
}

async fn run_step(office: &Office, run: &store::runs::Run) -> Result<Step> {
    let c = &run.content;
    let short = |digest: &[u8]| hex(digest).chars().take(12).collect::<String>();
    Ok(Step {
        what: "监测",
        record: format!("run:{}", run.run_no),
        says: format!(
            "{} 判断 {} 人 {} 户,预警 {} 条;规则 {},事实 {}",
            c.month,
            c.persons,
            c.households,
            c.warnings,
            short(&c.rules_digest),
            short(&c.facts_digest)
        ),
        where_: acted(office, "run", run.run_no).await?,
        cause: format!("{} 的来文和规则手册", c.month),
    })
}

fn rule_step(program: &Program, rule: &str, reads: &reads::Reads) -> Step {
    let file = program.file(rule).map(|(_, f)| f);
    Step {
        what: "规则",
        record: String::new(),
        says: format!(
            "读了事实:{}",
            reads.facts.iter().cloned().collect::<Vec<_>>().join("、")
        ),
        where_: file.map_or_else(
            || rule.to_owned(),
            |f| format!("{}「{}」{} 起施行", f.path, f.title, f.from),
        ),
        cause: reads
            .feeds
            .iter()
            .map(|f| format!("feeds/{f}"))
            .collect::<Vec<_>>()
            .join(" "),
    }
}

/// The person concerned, or everybody in the household in that month.
async fn people(office: &Office, warning: &Warning) -> Result<BTreeSet<i64>> {
    if let Some(person) = warning.content.person {
        return Ok([person.get()].into());
    }
    let Some(household) = warning.content.household else {
        return Ok(BTreeSet::new());
    };
    let members = store::households::members(&office.store, household).await?;
    let (first, last) = (warning.content.month.first(), warning.content.month.last());
    let then = members
        .into_iter()
        .filter(|m| m.span.from() <= last && m.span.to().is_none_or(|to| to > first));
    Ok(then.map(|m| m.person.get()).collect())
}

/// The rows of a feed that told of these people or of their household, up to the month.
async fn rows_of(
    office: &Office,
    program: &Program,
    feed: &FeedPlan,
    month: Month,
    (people, home): (&BTreeSet<i64>, &BTreeSet<i64>),
) -> Result<Vec<Step>> {
    let links =
        store::manifest::list_up_to(&office.store, &format!("link-{}", feed.id), month).await?;
    let rows =
        store::manifest::list_up_to(&office.store, &format!("row-{}", feed.id), month).await?;
    let newest = links.iter().map(|f| f.month).max();
    let mut steps: Vec<Step> = destroyed(office, feed, month).await?.into_iter().collect();
    for file in links
        .iter()
        .filter(|f| !feed.whole || Some(f.month) == newest)
    {
        let link = office.lake.read(&file.path)?;
        let theirs = |column: &str, at: usize, whose: &BTreeSet<i64>| {
            link.ints(column)
                .get(at)
                .copied()
                .flatten()
                .is_some_and(|id| whose.contains(&id))
        };
        let places: Vec<usize> = (0..link.len())
            .filter(|at| {
                theirs("person_id", *at, people)
                    || theirs("target_id", *at, people)
                    || theirs("household_id", *at, home)
            })
            .collect();
        let Some(row_file) = rows
            .iter()
            .find(|r| r.cause == file.cause)
            .filter(|_| !places.is_empty())
        else {
            continue;
        };
        let sheet = office.lake.read(&row_file.path)?;
        for at in places {
            let Some(id) = link
                .ints("row_id")
                .get(at)
                .copied()
                .flatten()
                .map(RowId::from_get)
            else {
                continue;
            };
            steps.push(Step {
                what: "来文行",
                record: format!("row:{}/{}", id.batch_no(), id.row_no()),
                says: says(program, feed, &sheet, at),
                where_: format!("{}({})第 {} 行", feed.title, feed.department, id.row_no()),
                cause: format!("batch:{}", id.batch_no()),
            });
        }
    }
    let more = steps.len().saturating_sub(ROWS_SHOWN_MAX);
    steps.truncate(ROWS_SHOWN_MAX);
    if let (true, Some(last)) = (more > 0, steps.last_mut()) {
        last.says.push_str(&format!("(这一来文还有 {more} 行)"));
    }
    Ok(steps)
}

/// That rows of a feed up to a month are gone, where some are.
async fn destroyed(office: &Office, feed: &FeedPlan, month: Month) -> Result<Option<Step>> {
    let kind = format!("row-{}", feed.id);
    let all = store::keeping::destroyed(&office.store).await?;
    let theirs = all
        .into_iter()
        .rfind(|one| one.kind == kind && one.month <= month);
    Ok(theirs.map(|last| Step {
        what: "来文",
        record: format!("feed:{}", feed.id),
        says: format!("{} 和更早的已按保存期限销毁", last.month),
        where_: format!("{}({})", feed.title, feed.department),
        cause: String::new(),
    }))
}

/// What a row says, column by column.
fn says(program: &Program, feed: &FeedPlan, sheet: &Sheet, at: usize) -> String {
    let cells = sheet.columns.iter().filter(|(name, _)| name != "row_id");
    let said = cells.filter_map(|(name, column)| {
        let known = feed.columns.iter().find(|c| c.name == *name);
        let item = known.and_then(|c| c.item).and_then(|i| program.item(i));
        let text = match (column, item) {
            (Column::Text(v), _) => v.get(at)?.clone()?,
            (Column::Bool(v), _) => if (*v.get(at)?)? { "是" } else { "否" }.to_owned(),
            (Column::Day(v), _) => Day::from_epoch_days((*v.get(at)?)?)?.to_string(),
            (Column::Int(v), Some(item))
                if known.is_some_and(|c| c.kind != ColumnKind::Integer) =>
            {
                let den = item.bounds.map_or(1, |b| b.den_min);
                let number = Value::Num(Ratio::new(i128::from((*v.get(at)?)?), den)?);
                show::value(number, item.ty, &program.dict)
            }
            (Column::Int(v), _) => (*v.get(at)?)?.to_string(),
        };
        Some(format!("{name} {text}"))
    });
    said.collect::<Vec<_>>().join(",")
}

async fn of_row(office: &Office, id: RowId) -> Result<Vec<Step>> {
    let batch = find_batch(office, id.batch_no()).await?;
    let program = office.program_of(batch.period);
    let gone = || not_there("来文行", format!("{}/{}", id.batch_no(), id.row_no()));
    let feed = program
        .feeds
        .iter()
        .find(|f| f.id == batch.feed)
        .ok_or_else(gone)?;
    let file = |kind: String| async move {
        let files = store::manifest::list(&office.store, &kind, batch.period).await?;
        let file = files
            .into_iter()
            .find(|f| f.cause == id.batch_no().to_string());
        file.map(|f| office.lake.read(&f.path))
            .transpose()
            .map_err(OfficeError::from)
    };
    let kind = format!("row-{}", feed.id);
    let cause = id.batch_no().to_string();
    if let Some(at) = store::keeping::destroyed_of(&office.store, &kind, &cause).await? {
        return Err(OfficeError::NotFound(format!(
            "来文行 {}/{} 已于 {} 按保存期限销毁;那一批的行数、指纹和报送的人还在",
            id.batch_no(),
            id.row_no(),
            crate::desk::minute(&at)
        )));
    }
    let sheet = file(kind).await?.ok_or_else(gone)?;
    let link = file(format!("link-{}", feed.id)).await?.ok_or_else(gone)?;
    let at = sheet
        .ints("row_id")
        .iter()
        .position(|r| *r == Some(id.get()))
        .ok_or_else(gone)?;
    let whose = |column: &str| link.ints(column).get(at).copied().flatten();
    let (person, home) = (whose("person_id"), whose("household_id"));
    let mut steps = Vec::new();
    let store = &office.store;
    let warnings = match (person, home) {
        (Some(person), _) => {
            store::warnings::of_person(store, domain::PersonId::new(person)).await?
        }
        (None, Some(home)) => {
            store::warnings::of_household(store, domain::HouseholdId::new(home)).await?
        }
        (None, None) => vec![],
    };
    for warning in warnings {
        let c = warning.content;
        steps.push(Step {
            what: "预警",
            record: format!("warning:{}", warning.id),
            says: c.text,
            where_: c.month.to_string(),
            cause: c.rule,
        });
    }
    steps.push(Step {
        what: "来文行",
        record: format!("row:{}/{}", id.batch_no(), id.row_no()),
        says: says(&program, feed, &sheet, at),
        where_: match (person, home) {
            (Some(person), _) => format!("认作人员 {person}"),
            (None, Some(home)) => format!("认作家庭 {home}"),
            (None, None) => "还没有认出是谁".to_owned(),
        },
        cause: format!("batch:{}", id.batch_no()),
    });
    steps.push(batch_step(office, id.batch_no()).await?);
    Ok(steps)
}

/// The batches named as causes by the steps so far, each once.
async fn batches_of(office: &Office, steps: &[Step]) -> Result<Vec<Step>> {
    let named: BTreeSet<i64> = steps
        .iter()
        .filter_map(|s| s.cause.strip_prefix("batch:")?.parse().ok())
        .collect();
    let mut out = Vec::new();
    for batch in named {
        out.push(batch_step(office, batch).await?);
    }
    Ok(out)
}

async fn find_batch(office: &Office, batch_no: i64) -> Result<Batch> {
    store::batches::find(&office.store, batch_no)
        .await?
        .ok_or_else(|| not_there("批次", batch_no))
}

async fn batch_step(office: &Office, batch_no: i64) -> Result<Step> {
    let batch = find_batch(office, batch_no).await?;
    let digest: String = hex(&batch.file_digest).chars().take(12).collect();
    Ok(Step {
        what: "批次",
        record: format!("batch:{batch_no}"),
        says: format!(
            "{} {} {},收到 {} 行,入库 {} 行,退回 {} 行,文件指纹 {digest}",
            batch.period,
            batch.feed,
            batch.file_name,
            batch.counts.received,
            batch.counts.applied,
            batch.counts.refused
        ),
        where_: acted(office, "batch", batch_no).await?,
        cause: "部门报送".to_owned(),
    })
}

/// The newest entry of the audit chain about a thing.
async fn acted(office: &Office, kind: &str, id: i64) -> Result<String> {
    let about = About::Object {
        kind: kind.to_owned(),
        id: id.to_string(),
    };
    let entries = store::audit::list(&office.store, &about, i64::MAX, 1).await?;
    Ok(entries.first().map_or(String::new(), |e| {
        format!(
            "审计第 {} 条,{} 由 {} 于 {}",
            e.seq,
            e.act,
            e.actor,
            e.at.as_str()
        )
    }))
}
