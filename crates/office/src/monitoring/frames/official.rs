//! 经办查实 in the month's run: facts officials found out for a case that the rulebook lets count beyond it, as they
//! stood at the end of the month. Of whom nothing was found out, nothing is known.

use crate::casework::{beyond, newest_of};
use crate::error::Result;
use crate::office::Office;
use domain::Month;
use engine::Frames;
use engine::arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int64Array, UInt16Array, UInt64Array,
};
use rules::Program;
use rules::plan::{Body, EntityId, Home, ItemId, Type};
use rules::value::{Ratio, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// A fact, and whose it is with what.
pub(super) struct Found {
    entity: EntityId,
    item: ItemId,
    values: HashMap<i64, Value>,
}

/// What counts in a month.
pub(super) async fn gather(office: &Office, program: &Program, month: Month) -> Result<Vec<Found>> {
    let mut out = Vec::new();
    let beyond = beyond(&office.book);
    for fact in program
        .dict
        .facts
        .iter()
        .filter(|f| beyond.contains(&f.name))
    {
        let home = Home::Entity(fact.entity);
        let is_it = |item: &rules::plan::Item| {
            item.name == fact.name && item.home == home && matches!(item.body, Body::Fact)
        };
        let at = program.items.iter().position(is_it);
        let Some(item) = at.and_then(|at| u32::try_from(at).ok()).map(ItemId) else {
            continue;
        };
        let newest = newest_of(&office.store, fact, month.last()).await?;
        let read = |(id, value): (i64, String)| {
            let value = rules::show::parse_cell(&value, fact.ty, &program.dict).ok()?;
            Some((id, value))
        };
        let values: HashMap<i64, Value> = newest.into_iter().filter_map(read).collect();
        if !values.is_empty() {
            out.push(Found {
                entity: fact.entity,
                item,
                values,
            });
        }
    }
    Ok(out)
}

/// Puts them into the tables of the month.
pub(super) fn take(program: &Program, found: &[Found], frames: &mut Frames) {
    for one in found {
        let Some(item) = program.item(one.item) else {
            continue;
        };
        let den = item.bounds.map_or(1, |bounds| bounds.den_min);
        let Some(frame) = frames.entities.get_mut(&one.entity) else {
            continue;
        };
        let column = column(item.ty, den, frame.ids().values(), &one.values);
        if let Some(column) = column {
            frame.set(one.item, column);
        }
    }
}

/// The values in the order of the ids, as a column of the type; a number finer than its column is not known.
fn column(ty: Type, den: i128, ids: &[i64], values: &HashMap<i64, Value>) -> Option<ArrayRef> {
    let each = ids.iter().map(|id| values.get(id).copied());
    Some(match ty {
        Type::Bool => Arc::new(BooleanArray::from_iter(each.map(|value| match value {
            Some(Value::Bool(yes)) => Some(yes),
            _ => None,
        }))),
        Type::Day => Arc::new(Date32Array::from_iter(each.map(|value| match value {
            Some(Value::Day(day)) => Some(day.epoch_days()),
            _ => None,
        }))),
        Type::Num(_) => Arc::new(Int64Array::from_iter(each.map(|value| match value {
            Some(Value::Num(n)) => scaled(n, den),
            _ => None,
        }))),
        Type::Enum(_) => Arc::new(UInt16Array::from_iter(each.map(|value| match value {
            Some(Value::Sym(member)) => Some(member),
            _ => None,
        }))),
        Type::Set(_) => Arc::new(UInt64Array::from_iter(each.map(|value| match value {
            Some(Value::Set(set)) => Some(set),
            _ => None,
        }))),
        Type::Area => return None,
    })
}

fn scaled(n: Ratio, den: i128) -> Option<i64> {
    let whole = n.num().checked_mul(den)?;
    (whole % n.den() == 0).then(|| i64::try_from(whole / n.den()).ok())?
}
