//! 触发 that are true become warnings; those no longer true are closed; each door gets one task.

use super::{MonthData, MonthRun};
use crate::error::Result;
use crate::office::Office;
use domain::{AreaCode, AreaLevel, HouseholdId, PersonId, WarningId};
use engine::arrow::array::Array;
use rules::plan::{Body, Dispatch, Expr, ExprKind, ItemId, Step, TextPart, Type};
use rules::value::Value;
use rules::{Program, show};
use std::collections::{BTreeMap, HashMap, HashSet};
use store::Act;
use store::manifest::LakeFile;
use store::runs::NewRun;
use store::tasks::NewTask;
use store::warnings::{self, Entity, NewWarning};

/// Raises, keeps and closes warnings; raises tasks; records the run with the figures and lists it made. One
/// transaction.
pub(super) async fn raise(
    office: &Office,
    data: &MonthData,
    figures: Vec<LakeFile>,
) -> Result<MonthRun> {
    let at = office.clock.at();
    let mut found = found(data);
    // 静默: what somebody looked into and found not to be so is not raised again for a while.
    let silent = store::visits::silenced(&office.store, office.clock.today()).await?;
    found.retain(|w| !silent.contains(&(w.rule.clone(), w.entity.word().to_owned(), w.entity_id)));
    let mut run = counts(data);
    // A month older than one already judged never overwrites what the newer one said.
    let runs = store::runs::list(&office.store, i64::MAX, 1_000).await?;
    if runs.iter().any(|r| r.content.month > data.month) {
        run.warnings_seen_again = u64::try_from(found.len()).unwrap_or(u64::MAX);
        // Its own figures and sums rest on nothing newer, and no page has to count them again.
        let mut tx = office.store.write().await?;
        store::manifest::replace(&mut tx, &figures, &at).await?;
        tx.record(
            Act::new(&at, "system", "monitoring.recount")
                .because("往月重算,只更新这个月的指标和合计")
                .under(data.month.to_string()),
        );
        tx.commit().await?;
        return Ok(run);
    }
    let keys: HashSet<(String, Entity, i64)> = found
        .iter()
        .map(|w| (w.rule.clone(), w.entity, w.entity_id))
        .collect();
    let mut kept = super::history::keep(office, data)?;
    kept.extend(figures);
    let mut tx = office.store.write().await?;
    store::manifest::replace(&mut tx, &kept, &at).await?;
    let opened = warnings::open_many(&mut tx, &at, &found).await?;
    run.warnings_raised = opened.raised;
    run.warnings_seen_again = opened.seen_again;
    let stale: Vec<WarningId> = warnings::list_open_keys(&tx)
        .await?
        .into_iter()
        .filter(|(key, _)| !keys.contains(&(key.rule.clone(), key.entity, key.entity_id)))
        .map(|(_, id)| id)
        .collect();
    run.warnings_closed = u64::try_from(stale.len()).unwrap_or(u64::MAX);
    warnings::close_many(&mut tx, &at, &stale, "触发的条件不再成立").await?;
    let mut tasks = tasks(office, data, &found, &opened.ids)?;
    drop_told(&tx, &mut tasks).await?;
    let raised = store::tasks::raise_many(&mut tx, &at, "system", &tasks).await?;
    run.tasks_raised = raised.raised;
    let why = "要核实的预警都已因条件不再成立而关闭";
    run.tasks_closed = store::tasks::close_answered(&mut tx, &at, "system", why).await?;
    let counts = run
        .verdicts
        .iter()
        .map(|(id, _, yes, no, open)| format!("{id}:{yes}/{no}/{open}"))
        .collect::<Vec<_>>()
        .join(" ");
    let record = NewRun {
        month: data.month,
        rules_digest: digest_of_rules(office),
        facts_digest: digest_of_facts(data),
        at: at.clone(),
        persons: run.persons,
        households: run.households,
        warnings: u64::try_from(found.len()).unwrap_or(u64::MAX),
        counts,
    };
    let run_no = store::runs::append(&mut tx, &record).await?;
    tx.record(
        Act::new(&at, "system", "monitoring.run")
            .on("run", run_no)
            .because("当月监测")
            .under(data.month.to_string()),
    );
    tx.commit().await?;
    Ok(run)
}

fn digest_of_rules(office: &Office) -> [u8; 32] {
    let mut all = Vec::new();
    for (path, text) in office.book.texts() {
        all.extend_from_slice(path.as_bytes());
        all.push(0);
        all.extend_from_slice(text.as_bytes());
        all.push(0);
    }
    store::digest::of_bytes(&all)
}

/// The facts are those of the batches read; the batches are named by content.
fn digest_of_facts(data: &MonthData) -> [u8; 32] {
    let batches = data.batches.iter();
    let mut all: Vec<String> = batches
        .map(|(feed, batch)| format!("{feed}={batch}"))
        .collect();
    let found = data.origins.iter().flat_map(|(item, of)| {
        of.iter()
            .map(move |(id, origin)| format!("{}@{id}={}", item.0, origin.record()))
    });
    let mut found: Vec<String> = found.collect();
    found.sort_unstable();
    all.append(&mut found);
    store::digest::of_bytes(all.join(";").as_bytes())
}

fn counts(data: &MonthData) -> MonthRun {
    let mut run = MonthRun::default();
    let size = |name: &str| {
        let entity = data.program.dict.entity(name);
        let len = entity
            .and_then(|e| data.frames.entities.get(&e))
            .map_or(0, engine::EntityFrame::len);
        u64::try_from(len).unwrap_or(u64::MAX)
    };
    run.persons = size("个人");
    run.households = size("家庭");
    for file in data.program.files.iter().filter(|f| f.verdict.is_some()) {
        let Some(verdicts) = data
            .judged
            .table(&file.id)
            .and_then(engine::JudgedTable::verdicts)
        else {
            continue;
        };
        let count = |want: Option<bool>| {
            let hits = verdicts.iter().filter(|v| *v == want).count();
            u64::try_from(hits).unwrap_or(u64::MAX)
        };
        run.verdicts.push((
            file.id.clone(),
            file.title.clone(),
            count(Some(true)),
            count(Some(false)),
            count(None),
        ));
    }
    run
}

/// A warning of a place has no door at which its task would be found again: what was told once is not
/// told again while the warning stands.
async fn drop_told(tx: &store::JournalTx, tasks: &mut Vec<NewTask>) -> Result<()> {
    for task in tasks.iter_mut() {
        if task.household.is_some() || task.person.is_some() {
            continue;
        }
        let mut open = Vec::with_capacity(task.warnings.len());
        for warning in &task.warnings {
            if store::tasks::of_warning(tx, *warning).await?.is_empty() {
                open.push(*warning);
            }
        }
        task.warnings = open;
    }
    tasks.retain(|task| !task.warnings.is_empty());
    Ok(())
}

/// All triggers that are true, with their words and places.
fn found(data: &MonthData) -> Vec<NewWarning> {
    let raised = engine::screening::screen(&data.program, &data.judged);
    raised.iter().filter_map(|one| warning(data, one)).collect()
}

/// A warning as the record keeps it; none where nobody knows the place, so nobody could be sent.
fn warning(data: &MonthData, raised: &engine::screening::Raised) -> Option<NewWarning> {
    let file = data.program.files.get(raised.file.at())?;
    let dispatch = file.dispatches.get(raised.dispatch)?;
    let frame = data.frames.entities.get(&raised.entity)?;
    let place = usize::try_from(frame.position(raised.id)?).ok()?;
    let area = frame.areas().is_valid(place);
    let area = area.then(|| frame.areas().value(place))?;
    let area = AreaCode::parse(area).ok()?;
    let entity = match data.program.dict.entity_name(raised.entity) {
        "家庭" => Entity::Household,
        "地区" => Entity::Area,
        _ => Entity::Person,
    };
    // The places around the county are known for their numbers; nobody here is sent for them.
    if entity == Entity::Area && area.level() < AreaLevel::County {
        return None;
    }
    let household = match entity {
        Entity::Household => Some(raised.id),
        Entity::Person => {
            let homes = frame.households();
            homes.is_valid(place).then(|| homes.value(place))
        }
        Entity::Area => None,
    };
    let urgency = raised.urgency.map(|n| n.num().div_euclid(n.den()));
    Some(NewWarning {
        rule: file.id.clone(),
        entity,
        entity_id: raised.id,
        household: household.map(HouseholdId::new),
        person: (entity == Entity::Person).then(|| PersonId::new(raised.id)),
        area,
        month: data.month,
        amount: None,
        urgency: urgency.and_then(|n| i64::try_from(n).ok()).unwrap_or(0),
        text: words(data, &dispatch.text, place, raised.id),
        explanation: String::new(),
    })
}

/// 说明 with its numbers.
fn words(data: &MonthData, parts: &[TextPart], place: usize, id: i64) -> String {
    let mut out = String::new();
    for part in parts {
        match part {
            TextPart::Words(words) => out.push_str(words),
            TextPart::Quote(expr) => {
                let value = quoted(data, expr, place, id);
                out.push_str(&show::value(value, expr.ty, &data.program.dict));
            }
        }
    }
    out
}

/// The value of a quoted name: from the results, the facts or the parameters of the month.
fn quoted(data: &MonthData, expr: &Expr, place: usize, id: i64) -> Value {
    match &expr.kind {
        ExprKind::Ref(item, Step::Own) => own(data, *item, place, id),
        ExprKind::Param(item, keys) => {
            let Some(Body::Param(param)) = data.program.item(*item).map(|i| &i.body) else {
                return Value::Unknown;
            };
            let entity = super::feeds::entity_of(&data.program, *item);
            let area = entity
                .and_then(|e| data.frames.entities.get(&e))
                .map_or("", |f| {
                    if f.areas().is_valid(place) {
                        f.areas().value(place)
                    } else {
                        ""
                    }
                });
            let members: Vec<Option<u16>> = keys
                .iter()
                .flatten()
                .map(|k| match quoted(data, k, place, id) {
                    Value::Sym(s) => Some(s),
                    _ => None,
                })
                .collect();
            param
                .lookup(area, &members, data.month.first())
                .map_or(Value::Unknown, |v| v.value)
        }
        _ => Value::Unknown,
    }
}

fn own(data: &MonthData, item: ItemId, place: usize, id: i64) -> Value {
    if let Some(table) = data.judged.table_of(item)
        && let Ok(row) = table.ids().binary_search(&id)
    {
        return table.value(item, row).unwrap_or(Value::Unknown);
    }
    let entity = super::feeds::entity_of(&data.program, item);
    let column = entity
        .and_then(|e| data.frames.entities.get(&e))
        .and_then(|f| f.column(item));
    column.map_or(Value::Unknown, |c| fact(&data.program, item, c, place))
}

fn fact(
    program: &Program,
    item: ItemId,
    column: &engine::arrow::array::ArrayRef,
    place: usize,
) -> Value {
    use engine::arrow::array::AsArray;
    use engine::arrow::datatypes::{Date32Type, Int64Type, UInt16Type};
    let Some(it) = program.item(item) else {
        return Value::Unknown;
    };
    if column.is_null(place) {
        return Value::Unknown;
    }
    match it.ty {
        Type::Bool => Value::Bool(column.as_boolean().value(place)),
        Type::Day => domain::Day::from_epoch_days(column.as_primitive::<Date32Type>().value(place))
            .map_or(Value::Unknown, Value::Day),
        Type::Enum(_) => Value::Sym(column.as_primitive::<UInt16Type>().value(place)),
        Type::Num(_) => {
            let den = it.bounds.map_or(1, |b| b.den_min);
            rules::Ratio::new(
                i128::from(column.as_primitive::<Int64Type>().value(place)),
                den,
            )
            .map_or(Value::Unknown, Value::Num)
        }
        Type::Set(_) | Type::Area => Value::Unknown,
    }
}

/// One task for each door with everything there is to ask at it, due by the rule that gives least time.
fn tasks(
    office: &Office,
    data: &MonthData,
    found: &[NewWarning],
    ids: &[WarningId],
) -> Result<Vec<NewTask>> {
    let mut doors: BTreeMap<(String, i64), NewTask> = BTreeMap::new();
    let dispatches: HashMap<&str, &Dispatch> = data
        .program
        .files
        .iter()
        .filter_map(|f| Some((f.id.as_str(), f.dispatches.first()?)))
        .collect();
    let calendar = crate::calendar::read(&office.book)?;
    let today = office.clock.today();
    for (warning, id) in found.iter().zip(ids) {
        let Some(dispatch) = dispatches.get(warning.rule.as_str()) else {
            continue;
        };
        let door = warning
            .household
            .map_or_else(|| -warning.entity_id, HouseholdId::get);
        // No calendar for the year of the day due: the task has no date until it is imported.
        let due = calendar
            .add_workdays(today, dispatch.working_days)
            .ok()
            .map(|(day, _)| day);
        let area = warning.area.at(AreaLevel::Township).unwrap_or(warning.area);
        let task = doors
            .entry((dispatch.procedure.clone(), door))
            .or_insert_with(|| NewTask {
                kind: dispatch.procedure.clone(),
                household: warning.household,
                person: warning.person.filter(|_| warning.household.is_none()),
                area,
                worker: None,
                due,
                urgency: warning.urgency,
                cause_kind: "warning".to_owned(),
                cause_id: id.get(),
                summary: warning.text.clone(),
                warnings: vec![],
            });
        task.urgency = task.urgency.max(warning.urgency);
        task.due = match (task.due, due) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        task.warnings.push(*id);
    }
    let mut out: Vec<NewTask> = doors.into_values().collect();
    // The most urgent door first; among equals the one first warned of.
    out.sort_by_key(|t| (std::cmp::Reverse(t.urgency), t.cause_id));
    Ok(out)
}
