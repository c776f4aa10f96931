//! 分组: the effects told apart by what kind of family it is. The kinds are quantities of the
//! rulebook; a family of several kinds is counted in each.

use super::WORDS;
use super::report::{Group, GroupRow};
use crate::monitoring::MonthData;
use engine::arrow::array::Array;
use engine::simulate::{Door, Outcome};
use rules::plan::{Body, EntityId, Home, ItemId, Type};
use rules::value::Value;
use rules::{Program, show};
use std::collections::BTreeMap;

/// The enumeration of family types, where the rulebook has one.
const TYPES: &str = "家庭六型";
/// The urban or rural register of a household.
const URBAN_RURAL: &str = "城乡";
const UNKNOWN: &str = "未知";

/// A quantity of households to tell groups by.
///
/// # Errors
/// What is wrong with the name.
pub(super) fn check(program: &Program, path: &str) -> Result<ItemId, String> {
    let household = program.dict.entity(WORDS.household);
    let Some(id) = find(program, path) else {
        let known = program.items.iter().filter(|i| {
            matches!(i.home, Home::Entity(e) if Some(e) == household)
                && !matches!(i.body, Body::Param(_))
        });
        let hint = rules::problem::nearest(path, known.map(|i| i.path.as_str()))
            .map_or(String::new(), |n| format!(",是不是 `{n}`?"));
        return Err(format!("手册里没有家庭的量 `{path}`{hint}"));
    };
    if matches!(program.item(id).map(|i| &i.body), Some(Body::Param(_))) {
        return Err(format!("`{path}` 是参数,不是每户各自的量"));
    }
    Ok(id)
}

/// A quantity of households by its whole name, or a fact by its own.
pub(super) fn find(program: &Program, path: &str) -> Option<ItemId> {
    let household = program.dict.entity(WORDS.household)?;
    let mut all = (0..).map(ItemId).zip(&program.items);
    all.find(|(_, item)| item.path == path && item.home == Home::Entity(household))
        .map(|(id, _)| id)
}

/// By which quantities the effects are told apart: the family types of the rulebook, 城乡, how many
/// persons count, and what was asked for.
fn quantities(program: &Program, by: &[String]) -> Vec<ItemId> {
    let household = program.dict.entity(WORDS.household);
    let typed = |ty: Type| match ty {
        Type::Enum(e) | Type::Set(e) => program.dict.enum_of(e).is_some_and(|e| e.name == TYPES),
        Type::Num(_) | Type::Bool | Type::Day | Type::Area => false,
    };
    let all = (0..).map(ItemId).zip(&program.items);
    let types = all.filter(|(_, item)| {
        matches!(item.home, Home::Entity(e) if Some(e) == household)
            && matches!(item.body, Body::Classify { .. })
            && typed(item.ty)
    });
    let mut out: Vec<ItemId> = types.map(|(id, _)| id).collect();
    out.extend(find(program, URBAN_RURAL));
    out.extend(program.find(WORDS.counted));
    for path in by {
        if let Some(item) = find(program, path)
            && !out.contains(&item)
        {
            out.push(item);
        }
    }
    out
}

/// What a household is by a quantity, in words; several for a set.
pub(super) fn value(data: &MonthData, household: EntityId, item: ItemId, id: i64) -> Value {
    if let Some(table) = data.judged.table_of(item) {
        let row = table.ids().binary_search(&id).ok();
        return row
            .and_then(|row| table.value(item, row))
            .unwrap_or(Value::Unknown);
    }
    let read = || {
        let frame = data.frames.entities.get(&household)?;
        let row = usize::try_from(frame.position(id)?).ok()?;
        let column = frame.column(item)?;
        let members = column
            .as_any()
            .downcast_ref::<engine::arrow::array::UInt16Array>();
        if let Some(members) = members {
            return members
                .is_valid(row)
                .then(|| Value::Sym(members.value(row)));
        }
        let answers = column
            .as_any()
            .downcast_ref::<engine::arrow::array::BooleanArray>()?;
        answers
            .is_valid(row)
            .then(|| Value::Bool(answers.value(row)))
    };
    read().unwrap_or(Value::Unknown)
}

fn labels(program: &Program, ty: Type, value: Value) -> Vec<String> {
    if let (Type::Set(e), Value::Set(bits)) = (ty, value) {
        let all = program.dict.enum_of(e);
        let members = all.map_or(&[][..], |e| e.members.as_slice());
        let named = members
            .iter()
            .enumerate()
            .filter(|(at, _)| {
                let at = u32::try_from(*at).unwrap_or(u32::MAX);
                bits.checked_shr(at).unwrap_or(0) & 1 == 1
            })
            .map(|(_, name)| name.clone());
        let named: Vec<String> = named.collect();
        return if named.is_empty() {
            vec!["都不是".to_owned()]
        } else {
            named
        };
    }
    if value.is_known() {
        vec![show::value(value, ty, &program.dict)]
    } else {
        vec![UNKNOWN.to_owned()]
    }
}

/// What kind of family each of some doors is: by which quantity, and its values, as [`groups`] titles them.
pub(super) fn kinds(data: &MonthData, doors: &[Door]) -> Vec<Vec<(String, String)>> {
    let program = &data.program;
    let Some(household) = program.dict.entity(WORDS.household) else {
        return vec![Vec::new(); doors.len()];
    };
    let items = quantities(program, &[]).into_iter();
    let items: Vec<_> = items
        .filter_map(|id| {
            program
                .item(id)
                .map(|item| (id, item.ty, title(program, id)))
        })
        .collect();
    let of = |door: &Door| {
        let Door::Household(id) = door else {
            return Vec::new();
        };
        let told = items.iter().flat_map(|(item, ty, title)| {
            let words = labels(program, *ty, value(data, household, *item, *id));
            words.into_iter().map(|word| (title.clone(), word))
        });
        told.collect()
    };
    doors.iter().map(of).collect()
}

/// 归类 is often called 类型 in its file; its enumeration says of what.
fn title(program: &Program, item: ItemId) -> String {
    let Some(known) = program.item(item) else {
        return String::new();
    };
    let named = match known.ty {
        Type::Enum(e) | Type::Set(e) => program.dict.enum_of(e).map(|e| e.name.clone()),
        Type::Num(_) | Type::Bool | Type::Day | Type::Area => None,
    };
    named
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| known.name.clone())
}

/// The effects by group.
pub(super) fn groups(data: &MonthData, outcome: &Outcome, by: &[String]) -> Vec<Group> {
    let program = &data.program;
    let Some(household) = program.dict.entity(WORDS.household) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    for item in quantities(program, by) {
        let Some(known) = program.item(item) else {
            continue;
        };
        // In the order of the values themselves: numbers rise, members as declared.
        let mut rows: BTreeMap<(u64, String), GroupRow> = BTreeMap::new();
        for (door, (before, after)) in &outcome.doors {
            let Door::Household(id) = door else { continue };
            let value = value(data, household, item, *id);
            for label in labels(program, known.ty, value) {
                let key = (rank(program, known.ty, value, &label), label.clone());
                let row = rows.entry(key).or_insert_with(|| GroupRow::named(label));
                row.add(*before, *after);
            }
        }
        out.push(Group {
            title: title(program, item),
            path: known.path.clone(),
            rows: rows.into_values().collect(),
        });
    }
    out
}

fn rank(program: &Program, ty: Type, value: Value, label: &str) -> u64 {
    let place = |e| {
        let all = program.dict.enum_of(e)?;
        let at = all.members.iter().position(|m| m == label)?;
        u64::try_from(at).ok()
    };
    match (ty, value) {
        (_, Value::Unknown) => u64::MAX,
        (Type::Enum(e) | Type::Set(e), _) => place(e).unwrap_or(u64::MAX - 1),
        (_, Value::Num(n)) => u64::try_from(n.num().div_euclid(n.den())).unwrap_or(0),
        (_, Value::Bool(answer)) => u64::from(!answer),
        (_, Value::Day(_) | Value::Sym(_) | Value::Set(_)) => 0,
    }
}
