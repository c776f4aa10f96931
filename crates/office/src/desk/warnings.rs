//! 预警: the list by filter, and one warning with its explanation, its causes and the way back to
//! the rows of the departments' files.

use super::ledger::{Entry, Record};
use super::month::Judgement;
use super::names::Names;
use super::paging::{choice, minute, page};
use super::traces::{Used, causes, trace};
use super::{Desk, Told, clusters, explained, facts};
use crate::access::{Acting, Scope, note_read};
use crate::views::{
    Behind, Cause, Choice, ExplainLine, ExplainPart, ViewError, WarningEvent, WarningFilter,
    WarningList, WarningRow, WarningView,
};
use domain::{HouseholdId, Month, WarningId};
use rules::Program;
use rules::eval::Evaluator;
use rules::explain::{Detail, Explanation, explain};
use rules::plan::{Body, FileId, FilePlan, Home, ItemId};
use rules::situation::{InstanceId, Moments};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use store::tasks::TaskEvent;
use store::warnings::{Entity, NewWarning};

const ROWS_ON_PAGE: usize = 50;

pub(super) async fn list(desk: &Desk, scope: &Scope, filter: WarningFilter) -> Told<WarningList> {
    let record = desk.record().await?;
    let selected = record.selected(scope, &filter);
    let start = match filter.cursor.as_deref().map(rank_of) {
        None => 0,
        Some(Some(rank)) => selected.partition_point(|e| e.rank() <= rank),
        Some(None) => {
            return Err(ViewError::NotAnswerable(
                "页码不对,请从第一页看起".to_owned(),
            ));
        }
    };
    let shown: Vec<&Entry> = selected
        .iter()
        .skip(start)
        .take(ROWS_ON_PAGE)
        .copied()
        .collect();
    let told = Subjects::of(desk, scope, &shown).await?;
    let page = page(
        &selected,
        start,
        ROWS_ON_PAGE,
        |e| key(e),
        |e| row(&record, e, &told),
    );
    Ok(WarningList {
        townships: record
            .townships(scope)
            .map(|a| choice(a.code.full(), &a.name))
            .collect(),
        kinds: record
            .kinds
            .values()
            .map(|k| choice(&k.view.id, &k.view.title))
            .collect(),
        programmes: programmes(&record),
        months: months(&record),
        page,
        filter,
    })
}

fn key(entry: &Entry) -> String {
    format!(
        "{}.{}",
        entry.warning.content.urgency,
        entry.warning.id.get()
    )
}

fn rank_of(cursor: &str) -> Option<(Reverse<i64>, i64)> {
    let (urgency, id) = cursor.split_once('.')?;
    Some((Reverse(urgency.parse().ok()?), id.parse().ok()?))
}

fn programmes(record: &Record) -> Vec<Choice> {
    let mut out: Vec<Choice> = Vec::new();
    for kind in record.kinds.values() {
        if let (Some(id), Some(title)) = (&kind.programme, &kind.programme_title)
            && !out.iter().any(|c| c.value == *id)
        {
            out.push(choice(id, title));
        }
    }
    out
}

fn months(record: &Record) -> Vec<Choice> {
    let months: BTreeSet<&str> = record.warnings.iter().map(|e| e.month.as_str()).collect();
    months.into_iter().rev().map(|m| choice(m, m)).collect()
}

/// Whom warnings are about, masked.
pub(super) struct Subjects {
    heads: HashMap<i64, String>,
    names: Names,
    /// Households registered outside the reader's places: a person lives here and is warned of here.
    elsewhere: HashSet<i64>,
}

impl Subjects {
    pub async fn of(desk: &Desk, scope: &Scope, entries: &[&Entry]) -> Told<Self> {
        let (households, persons) = (
            ids(entries, Entity::Household),
            ids(entries, Entity::Person),
        );
        let homes: BTreeSet<HouseholdId> = entries
            .iter()
            .filter_map(|e| e.warning.content.household)
            .collect();
        let homes: Vec<HouseholdId> = homes.into_iter().collect();
        let homes = store::households::get_many(&desk.office.store, &homes).await?;
        let outside = homes.iter().filter(|home| !scope.contains(&home.area));
        Ok(Self {
            heads: desk.heads(&households).await?,
            names: desk.names(&persons).await?,
            elsewhere: outside.map(|home| home.id.get()).collect(),
        })
    }
}

fn ids(entries: &[&Entry], entity: Entity) -> Vec<i64> {
    let found = entries
        .iter()
        .filter(|e| e.warning.content.entity == entity);
    found.map(|e| e.warning.content.entity_id).collect()
}

pub(super) fn row(record: &Record, entry: &Entry, told: &Subjects) -> WarningRow {
    let content = &entry.warning.content;
    let kind = record.kind(&content.rule);
    let (subject, about) = match content.entity {
        Entity::Household => {
            let head = told
                .heads
                .get(&content.entity_id)
                .map_or("没有成员", String::as_str);
            (format!("{head}户"), Behind::Household(content.entity_id))
        }
        Entity::Person => {
            let home = content.household.map(|h| h.get());
            let behind = match home {
                Some(home) if told.elsewhere.contains(&home) => Behind::Nothing,
                Some(home) => Behind::Household(home),
                None => Behind::Person(content.entity_id),
            };
            (told.names.name(content.entity_id), behind)
        }
        Entity::Area => (
            record.area_name(&content.area),
            Behind::Area(content.area.full().to_owned()),
        ),
    };
    WarningRow {
        id: entry.warning.id.get(),
        kind: kind.view,
        state: entry.state,
        urgency: u8::try_from(content.urgency.clamp(0, 100)).unwrap_or(100),
        subject,
        about,
        place: record.place(&content.area),
        programme: kind.programme_title,
        reason: content.text.clone(),
        amount: content.amount.map(|fen| format!("{fen} 元")),
        month: entry.month.clone(),
    }
}

/// Rows of warnings chosen by a test, in the order of the list.
pub(super) async fn rows_where(
    desk: &Desk,
    (record, scope): (&Record, &Scope),
    wanted: impl Fn(&Entry) -> bool,
) -> Told<Vec<WarningRow>> {
    let chosen: Vec<&Entry> = record.warnings.iter().filter(|e| wanted(e)).collect();
    let told = Subjects::of(desk, scope, &chosen).await?;
    Ok(chosen.into_iter().map(|e| row(record, e, &told)).collect())
}

pub(super) async fn one(
    desk: &Desk,
    (who, scope): (&Acting, &Scope),
    id: i64,
    explain: bool,
) -> Told<WarningView> {
    let record = desk.record().await?;
    let missing = || ViewError::NotFound(format!("没有编号为 {id} 的预警;请核对编号"));
    let entry = record.find(scope, id).ok_or_else(missing)?;
    let whose = &entry.warning.content;
    let own = whose.household.is_some_and(|h| who.is_kept_from(h));
    if own || whose.person.is_some_and(|p| who.is_kept_from_person(p)) {
        return Err(ViewError::kept_from());
    }
    note_read::warning(&desk.office, who, &entry.warning).await?;
    let told = Subjects::of(desk, scope, &[entry]).await?;
    let content = &entry.warning.content;
    let kind = record.kind(&content.rule);
    let household = content.household.map(|h| h.get());
    let judgement = judged(desk, content.month, explain).await?;
    let steps = match &judgement {
        Some(judgement) => steps(desk, judgement, content).await?,
        None => Steps::default(),
    };
    let nothing = facts::RowIndex::default();
    let index = match &judgement {
        Some(judgement) => desk.index(judgement).await?,
        None => &nothing,
    };
    let trace = trace(desk, entry, &kind, &steps.facts, index).await?;
    let others = match household {
        Some(home) => {
            let same = |e: &Entry| e.warning.content.household.map(|h| h.get()) == Some(home);
            rows_where(desk, (&record, scope), |e| {
                same(e) && e.warning.id.get() != id
            })
            .await?
        }
        None => Vec::new(),
    };
    let program = match &judgement {
        Some(judgement) => std::borrow::Cow::Borrowed(&judgement.data.program),
        None => std::borrow::Cow::Owned(desk.office.program_of(content.month)),
    };
    let plan = program.file(&content.rule).map(|(_, plan)| plan);
    let rule_title = plan.map_or_else(
        || content.rule.clone(),
        |plan| format!("预警 {} · {} 起施行", plan.title, plan.from),
    );
    Ok(WarningView {
        explained: judgement.is_some(),
        row: row(&record, entry, &told),
        advice: due(desk, entry, advice(plan)).await?,
        rule: if kind.path.is_empty() {
            Behind::Nothing
        } else {
            Behind::Rule(kind.path)
        },
        rule_title,
        lines: steps.lines,
        beneath: steps.beneath,
        facts: steps.facts.into_iter().map(|used| used.view).collect(),
        causes: steps.causes,
        trace,
        events: events(desk, entry).await?,
        others,
    })
}

/// What a judged month says of a warning.
#[derive(Default)]
struct Steps {
    lines: Vec<ExplainLine>,
    beneath: Vec<ExplainPart>,
    facts: Vec<Used>,
    causes: Vec<Cause>,
}

async fn steps(desk: &Desk, judgement: &Arc<Judgement>, content: &NewWarning) -> Told<Steps> {
    let index = desk.index(judgement).await?;
    let file = judgement.data.program.file(&content.rule);
    let household = content.household.map(|h| h.get());
    let person = content.person.map(|p| p.get());
    let sides = clusters::around(judgement, household, person);
    let mut members: Vec<i64> = household
        .into_iter()
        .flat_map(|h| judgement.members(h))
        .collect();
    members.extend(person.filter(|p| !members.contains(p)));
    let names = desk.names(&all_persons(judgement, &sides)).await?;
    let (lines, beneath, facts) = file.map_or_else(Default::default, |(at, plan)| {
        let about = (at, plan);
        let id = content.entity_id;
        explanation(judgement, &sides, about, id, &members, &names, index)
    });
    Ok(Steps {
        causes: causes(desk, judgement, index, &facts, &names),
        lines,
        beneath,
        facts,
    })
}

/// The month a warning was last true in, judged: the newest, one at hand, or whichever is asked for. A page
/// never judges a whole county for a warning that is over.
async fn judged(desk: &Desk, month: Month, explain: bool) -> Told<Option<Arc<Judgement>>> {
    if explain || desk.month_list().await?.first() == Some(&month) {
        return Ok(Some(desk.judgement(month).await?));
    }
    desk.judgement_at_hand(month).await
}

/// Everybody a situation holds.
pub(super) fn all_persons(judgement: &Judgement, sides: &engine::differential::Sides) -> Vec<i64> {
    let entity = judgement.entity("个人");
    entity
        .into_iter()
        .flat_map(|e| sides.instances(e))
        .map(|(id, _)| id)
        .collect()
}

fn advice(plan: Option<&FilePlan>) -> String {
    let Some(plan) = plan else {
        return "这条预警的规则已不在当前规则手册里,请按当时的说明核实".to_owned();
    };
    let Some(dispatch) = plan.dispatches.iter().min_by_key(|d| d.working_days) else {
        return "请核实".to_owned();
    };
    format!(
        "{} 个工作日内由{}上门核实;预警只是线索,不是认定",
        dispatch.working_days, dispatch.to
    )
}

/// The day the task of this warning is due, when there is one.
async fn due(desk: &Desk, entry: &Entry, advice: String) -> Told<String> {
    let store = &desk.office.store;
    for task in store::tasks::of_warning(store, entry.warning.id).await? {
        if let Some(task) = store::tasks::find(store, task).await?
            && let Some(due) = task.content.due
        {
            return Ok(format!("{advice};最迟 {due}"));
        }
    }
    Ok(advice)
}

/// The rule's steps, and the facts of the door that it rests on with the person they are of.
fn explanation(
    judgement: &Arc<Judgement>,
    sides: &engine::differential::Sides,
    (file, plan): (FileId, &FilePlan),
    id: i64,
    members: &[i64],
    names: &Names,
    index: &facts::RowIndex,
) -> (Vec<ExplainLine>, Vec<ExplainPart>, Vec<Used>) {
    let program = &judgement.data.program;
    let Some(at) = sides.situation.find(plan.entity, id) else {
        return Default::default();
    };
    let mut eval = Evaluator::new(
        program,
        &sides.situation,
        Moments::monthly(judgement.data.month),
    );
    let Some(told) = explain(&mut eval, file, at, Detail::Whole) else {
        return Default::default();
    };
    // First what the rule itself says; what other files say of it stands beneath, to be opened.
    let own = explain(&mut eval, file, at, Detail::File);
    let lines = own.as_ref().map_or_else(Vec::new, |own| {
        explained::lines(program, &sides.situation, own, names)
    });
    let beneath = beneath(program, sides, &told, own.as_ref(), names);
    let mut used = Vec::new();
    for line in &told.lines {
        let Some(item) = program.item(line.item) else {
            continue;
        };
        let Home::Entity(entity) = item.home else {
            continue;
        };
        let own = entity == plan.entity;
        let whose = if own {
            std::slice::from_ref(&id)
        } else {
            members
        };
        for person in whose {
            let Some(there) = sides.situation.find(entity, *person) else {
                continue;
            };
            let Some(mut found) = fact_or_status(&mut eval, there, line.item, *person, index)
            else {
                continue;
            };
            if !own {
                found.view.name = format!("{} · {}", found.view.name, names.name(*person));
            }
            if own || found.view.value.is_some() {
                used.push(found);
            }
        }
    }
    (lines, beneath, used)
}

/// The steps the whole explanation has beyond the rule's own, file by file in their order.
fn beneath(
    program: &Program,
    sides: &engine::differential::Sides,
    whole: &Explanation,
    own: Option<&Explanation>,
    names: &Names,
) -> Vec<ExplainPart> {
    let shown = |line: &rules::explain::Line| {
        own.is_some_and(|own| {
            let mut lines = own.lines.iter();
            lines.any(|l| l.item == line.item && l.scope == line.scope)
        })
    };
    let mut parts: Vec<(String, Explanation)> = Vec::new();
    for line in whole.lines.iter().filter(|line| !shown(line)) {
        let title = line.file.clone().unwrap_or_else(|| "事实和参数".to_owned());
        match parts.iter_mut().find(|(known, _)| *known == title) {
            Some((_, part)) => part.lines.push(line.clone()),
            None => {
                let part = Explanation {
                    lines: vec![line.clone()],
                    ..whole.clone()
                };
                parts.push((title, part));
            }
        }
    }
    let part = |(title, part): (String, Explanation)| ExplainPart {
        lines: explained::lines(program, &sides.situation, &part, names),
        title,
    };
    parts.into_iter().map(part).collect()
}

/// A fact or status of a person, with the feed it comes from.
fn fact_or_status(
    eval: &mut Evaluator<'_>,
    at: InstanceId,
    id: ItemId,
    person: i64,
    index: &facts::RowIndex,
) -> Option<Used> {
    let program = eval.program();
    let item = program.item(id)?;
    match &item.body {
        Body::Fact => {
            let Home::Entity(entity) = item.home else {
                return None;
            };
            let fact = program
                .dict
                .facts
                .iter()
                .find(|f| f.entity == entity && f.name == item.name)?;
            let view = facts::one(eval, at, fact, id, person, index);
            Some(Used {
                person,
                feed: fact.source.clone(),
                view,
            })
        }
        Body::Status => {
            let (view, feed) = facts::status(eval, at, id, person, index)?;
            Some(Used { person, feed, view })
        }
        _ => None,
    }
}

async fn events(desk: &Desk, entry: &Entry) -> Told<Vec<WarningEvent>> {
    use store::warnings::WarningEvent as Past;
    let store = &desk.office.store;
    let id: WarningId = entry.warning.id;
    let mut out = Vec::new();
    for event in store::warnings::list_events(store, id).await? {
        let did = match event.event {
            Past::Raised => format!("{} 月度运行发现,列入待处置", event.month),
            Past::SeenAgain => format!("{} 月度运行再次发现,仍待处置", event.month),
            Past::Closed => format!("关闭:{}", event.why),
        };
        out.push((minute(&event.at), "系统".to_owned(), did));
    }
    for task in store::tasks::of_warning(store, id).await? {
        for event in store::tasks::list_events(store, task).await? {
            let did = match event.event {
                TaskEvent::Raised => "列出上门任务",
                TaskEvent::Joined => "并入已有的上门任务",
                TaskEvent::Assigned => "派给经办人",
                TaskEvent::HandedOver => "转给别人",
                TaskEvent::Done => "任务办结",
                TaskEvent::Cancelled => "任务取消",
            };
            let did = if event.why.is_empty() {
                did.to_owned()
            } else {
                format!("{did}:{}", event.why)
            };
            let by = if event.actor == "system" {
                "系统".to_owned()
            } else {
                event.actor
            };
            out.push((minute(&event.at), by, did));
        }
    }
    // Newest first; of one moment, what was written last.
    out.reverse();
    out.sort_by(|a, b| b.0.cmp(&a.0));
    Ok(out
        .into_iter()
        .map(|(at, by, did)| WarningEvent { at, by, did })
        .collect())
}
