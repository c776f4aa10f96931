//! From an outcome of the engine to the report: whom, where, by which condition, in words.

use super::Ask;
use super::line::Stated;
use super::report::{Change, Counts, DoorRow, GroupRow, ProgrammeRow, Report, ScenarioReport};
use crate::error::Result;
use crate::monitoring::MonthData;
use crate::office::Office;
use domain::{AreaCode, AreaLevel, Month};
use engine::arrow::array::Array;
use engine::simulate::{Changed, Door, Effect, Outcome, Reason, Roll};
use rules::plan::Type;
use rules::value::Ratio;
use rules::{Program, show};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The names of places in a month.
pub(crate) struct Places {
    names: HashMap<String, String>,
    townships: Vec<(String, String)>,
}

impl Places {
    pub(super) async fn of(office: &Office, month: Month) -> Result<Self> {
        let areas = crate::areas::own(office, month.first()).await?;
        let mut townships: Vec<(String, String)> = areas
            .iter()
            .filter(|a| a.level == AreaLevel::Township)
            .map(|a| (a.code.full().to_owned(), a.name.clone()))
            .collect();
        townships.sort();
        let names = areas
            .into_iter()
            .map(|a| (a.code.full().to_owned(), a.name))
            .collect();
        Ok(Self { names, townships })
    }

    fn name(&self, code: &AreaCode) -> String {
        let name = self.names.get(code.full());
        name.map_or_else(|| code.as_str().to_owned(), Clone::clone)
    }

    /// Code and name of the township a door is in.
    pub(super) fn township(&self, data: &MonthData, door: Door) -> (String, String) {
        let town = area(data, door).and_then(|a| a.at(AreaLevel::Township));
        town.map_or_else(
            || (String::new(), "地区未知".to_owned()),
            |t| (t.full().to_owned(), self.name(&t)),
        )
    }

    /// `城东街道 · 河湾村`.
    pub(super) fn told(&self, data: &MonthData, door: Door) -> String {
        let Some(code) = area(data, door) else {
            return "地区未知".to_owned();
        };
        let levels = [AreaLevel::Township, AreaLevel::Village];
        let parts = levels.into_iter().filter_map(|level| code.at(level));
        let names: Vec<String> = parts.map(|c| self.name(&c)).collect();
        if names.is_empty() {
            self.name(&code)
        } else {
            names.join(" · ")
        }
    }
}

/// Where a door is.
fn area(data: &MonthData, door: Door) -> Option<AreaCode> {
    let (name, id) = match door {
        Door::Household(id) => (super::WORDS.household, id),
        Door::Person(id) => (super::WORDS.person, id),
    };
    let frame = data.frames.entities.get(&data.program.dict.entity(name)?)?;
    let row = usize::try_from(frame.position(id)?).ok()?;
    let areas = frame.areas();
    let code = areas.is_valid(row).then(|| areas.value(row))?;
    AreaCode::parse(code).ok()
}

impl Report {
    pub(super) fn new(office: &Office, data: &MonthData, ask: &Ask, line: &Stated) -> Self {
        let size = |name: &str| {
            let entity = data.program.dict.entity(name);
            let frame = entity.and_then(|e| data.frames.entities.get(&e));
            count(frame.map_or(0, engine::EntityFrame::len))
        };
        let place = office
            .book
            .localities()
            .iter()
            .find(|l| l.id == office.locality);
        let roll = match ask.roll {
            Roll::Follows => {
                "因改动而新进入、退出的人,看名册的项目(如残疾人生活补贴)跟着算;其余的人名册照旧"
            }
            Roll::AsItIs => "名册不动:看名册的项目不跟着新进入、退出的人变",
        };
        Self {
            month: ask.month.to_string(),
            place: place.map_or_else(|| office.locality.clone(), |l| l.title.clone()),
            made: office.clock.minute(),
            households: size(super::WORDS.household),
            persons: size(super::WORDS.person),
            line: line.words(),
            notes: vec![
                format!(
                    "按 {} 的事实和名册重新判断每一户每一人;只算不存,不影响任何人的待遇",
                    ask.month
                ),
                "支出是不并给以后的合计;待查的、金额要等本人选择的,没有计入".to_owned(),
                roll.to_owned(),
                "贫困人数:人均收入加救助低于贫困线的人;收入不清的家庭另列,不算贫困,也不算不贫困"
                    .to_owned(),
            ],
            scenarios: Vec::new(),
            months: Vec::new(),
        }
    }
}

/// What an outcome says, without groups, cap and cliffs.
pub(super) fn scenario(
    data: &MonthData,
    (name, changes): (&str, &[Change]),
    outcome: &Outcome,
    places: &Places,
) -> ScenarioReport {
    let sum = |of: fn(&(i64, i64)) -> i64| {
        let all = outcome.doors.values().map(of);
        all.fold(0, i64::saturating_add)
    };
    ScenarioReport {
        name: name.to_owned(),
        changes: changes.to_vec(),
        cost_before: sum(|d| d.0),
        cost_after: sum(|d| d.1),
        counts: counts(data, outcome),
        programmes: programmes(outcome),
        areas: areas(data, outcome, places),
        poverty: outcome.poverty,
        doors: doors(data, outcome, places, &BTreeSet::new()),
        passes: outcome.passes,
        at_rest: outcome.at_rest,
        ..ScenarioReport::default()
    }
}

fn counts(data: &MonthData, outcome: &Outcome) -> Counts {
    let hits = |test: fn(i64, i64) -> bool| {
        count(outcome.doors.values().filter(|(a, b)| test(*a, *b)).count())
    };
    let changed = outcome
        .doors
        .iter()
        .filter(|(door, (a, b))| a != b && matches!(door, Door::Household(_)))
        .count();
    let household = data.program.dict.entity(super::WORDS.household);
    let all = household
        .and_then(|e| data.frames.entities.get(&e))
        .map_or(0, engine::EntityFrame::len);
    Counts {
        gain: hits(|a, b| a < b),
        enter: hits(|a, b| a == 0 && b > 0),
        lose: hits(|a, b| a > b),
        leave: hits(|a, b| a > 0 && b == 0),
        same: count(all.saturating_sub(changed)),
        unsettled_before: outcome.unsettled.0,
        unsettled_after: outcome.unsettled.1,
    }
}

fn programmes(outcome: &Outcome) -> Vec<ProgrammeRow> {
    let mut on_roll: HashMap<usize, u64> = HashMap::new();
    for one in &outcome.changed {
        if one.effect == Effect::Leaves && one.on_roll == Some(true) {
            let count = on_roll.entry(one.programme).or_default();
            *count = count.saturating_add(1);
        }
    }
    let rows = outcome.programmes.iter().enumerate();
    rows.map(|(at, p)| {
        let effect = |effect| p.effects.get(&effect).copied().unwrap_or(0);
        ProgrammeRow {
            id: p.file_id.clone(),
            title: p.title.clone(),
            unit: if p.of_households { "户" } else { "人" }.to_owned(),
            monthly: p.monthly,
            entitled_before: p.entitled.0,
            entitled_after: p.entitled.1,
            pending_before: p.pending.0,
            pending_after: p.pending.1,
            cut: p.cut.1,
            unknown: p.unknown.1,
            cost_before: p.cost.0,
            cost_after: p.cost.1,
            enter: effect(Effect::Enters),
            leave: effect(Effect::Leaves),
            leave_on_roll: on_roll.get(&at).copied().unwrap_or(0),
            gain: effect(Effect::Gains),
            lose: effect(Effect::Loses),
        }
    })
    .collect()
}

/// By township, every one of the place.
fn areas(data: &MonthData, outcome: &Outcome, places: &Places) -> Vec<GroupRow> {
    let mut rows: BTreeMap<String, GroupRow> = BTreeMap::new();
    for (code, name) in &places.townships {
        let mut row = GroupRow::named(name.clone());
        row.code.clone_from(code);
        rows.insert(code.clone(), row);
    }
    for (door, (before, after)) in &outcome.doors {
        // Where nobody knows the place the money is counted all the same.
        let (code, name) = places.township(data, *door);
        let row = rows.entry(code.clone()).or_insert_with(|| GroupRow {
            code,
            ..GroupRow::named(name)
        });
        row.add(*before, *after);
    }
    rows.into_values().collect()
}

/// By fund: a table of the place says which money a programme is paid from.
pub(super) fn funds(office: &Office, outcome: &Outcome) -> Vec<GroupRow> {
    let path = office.book.path_in(&office.locality, "funds.csv");
    let Some(text) = crate::rulebook::table(&office.book, &path) else {
        return Vec::new();
    };
    let text = text.trim_start_matches('\u{FEFF}');
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let funds: HashMap<String, String> = reader
        .records()
        .filter_map(|record| {
            let record = record.ok()?;
            Some((
                record.get(0)?.trim().to_owned(),
                record.get(1)?.trim().to_owned(),
            ))
        })
        .collect();
    let mut rows: BTreeMap<String, GroupRow> = BTreeMap::new();
    for programme in outcome.programmes.iter().filter(|p| p.monthly) {
        let fund = funds
            .get(&programme.file_id)
            .map_or("没有写明资金", String::as_str);
        let row = rows
            .entry(fund.to_owned())
            .or_insert_with(|| GroupRow::named(fund.to_owned()));
        row.before = row.before.saturating_add(programme.cost.0);
        row.after = row.after.saturating_add(programme.cost.1);
    }
    rows.into_values().collect()
}

/// Doors for which the sum of help changes, with all reasons behind them; and these besides.
pub(super) fn doors(
    data: &MonthData,
    outcome: &Outcome,
    places: &Places,
    besides: &BTreeSet<Door>,
) -> Vec<DoorRow> {
    let mut behind: HashMap<Door, Vec<&Changed>> = HashMap::new();
    for one in &outcome.changed {
        if let Some(door) = one.door {
            behind.entry(door).or_default().push(one);
        }
    }
    let none = Vec::new();
    let help = |door: &Door| outcome.doors.get(door).copied().unwrap_or_default();
    let changes = outcome.doors.iter().filter(|(_, (was, is))| was != is);
    let wanted: BTreeSet<Door> = changes
        .map(|(door, _)| *door)
        .chain(besides.iter().copied())
        .collect();
    let mut rows: Vec<DoorRow> = wanted
        .iter()
        .map(|door| {
            let changed = behind.get(door).unwrap_or(&none);
            let (before, after) = help(door);
            DoorRow {
                door: (*door).into(),
                place: places.told(data, *door),
                area: places.township(data, *door).0,
                kinds: Vec::new(),
                turned: besides.contains(door),
                before,
                after,
                on_roll: changed.iter().any(|c| c.on_roll == Some(true)),
                reasons: reasons(&data.program, outcome, changed),
            }
        })
        .collect();
    rows.sort_by_key(|row| {
        let size = row.after.saturating_sub(row.before).saturating_abs();
        (std::cmp::Reverse(size), row.door.word())
    });
    rows
}

/// `最低生活保障 新进入:收入低于标准 由不符合变为符合`; the same said of several members is said once.
fn reasons(program: &Program, outcome: &Outcome, changed: &[&Changed]) -> Vec<String> {
    let mut out: Vec<(String, u64)> = Vec::new();
    for one in changed {
        let Some(programme) = outcome.programmes.get(one.programme) else {
            continue;
        };
        let parts: Vec<String> = one
            .reasons
            .iter()
            .map(|r| reason(program, &programme.file_id, r))
            .collect();
        let effect = effect_word(one.effect);
        let told = if parts.is_empty() {
            format!("{} {effect}", programme.title)
        } else {
            format!("{} {effect}:{}", programme.title, parts.join(";"))
        };
        match out.iter_mut().find(|(text, _)| *text == told) {
            Some((_, times)) => *times = times.saturating_add(1),
            None => out.push((told, 1)),
        }
    }
    out.into_iter()
        .map(|(text, times)| match times {
            1 => text,
            n => format!("{text}({n} 人)"),
        })
        .collect()
}

/// The office's word for an effect.
pub(super) fn effect_word(effect: Effect) -> &'static str {
    match effect {
        Effect::Enters => "新进入",
        Effect::Leaves => "退出",
        Effect::Gains => "增加",
        Effect::Loses => "减少",
    }
}

fn answer(answer: Option<bool>) -> &'static str {
    match answer {
        Some(true) => "符合",
        Some(false) => "不符合",
        None => "待查",
    }
}

fn reason(program: &Program, file: &str, reason: &Reason) -> String {
    match reason {
        Reason::Condition { name, was, is } => match (was, is) {
            (Some(was), Some(is)) => {
                format!("{name} 由{}变为{}", answer(*was), answer(*is))
            }
            (Some(was), None) => format!("取消了条件 {name}(原为{})", answer(*was)),
            (None, Some(is)) => format!("新设了条件 {name}({})", answer(*is)),
            (None, None) => name.to_string(),
        },
        Reason::Amount { name, was, is } => {
            let item = program.find(&format!("{file}.{name}"));
            let unit = item.and_then(|i| program.item(i)).map(|i| i.ty);
            let told = |amount: &Option<Ratio>| match (amount, unit) {
                (Some(n), Some(Type::Num(unit))) => show::number(*n, unit),
                (Some(n), _) => yuan(*n),
                (None, _) => "未知".to_owned(),
            };
            format!("{name} {} → {}", told(was), told(is))
        }
        Reason::Exclusion { other, takes } => {
            let takes = if *takes { "开始" } else { "不再" };
            format!("{takes}因不并给让位于 {other}")
        }
        Reason::Programme { added: true } => "新设的项目".to_owned(),
        Reason::Programme { added: false } => "取消的项目".to_owned(),
    }
}

pub(super) fn yuan(fen: Ratio) -> String {
    rules::unit::Unit::parse("元").map_or_else(String::new, |unit| show::number(fen, unit))
}

/// 分 as `1,240.00 元`.
pub fn yuan_of(fen: i64) -> String {
    yuan(Ratio::whole(i128::from(fen)))
}

/// A size as reports count.
pub(super) fn count(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}
