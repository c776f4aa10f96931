//! A few households of the tables as a `rules` situation, for one page or one comparison.
//!
//! Only who is named is there: whoever else a list leads to is nobody known.

use crate::compile::number::fact_den;
use crate::frames::{EntityFrame, Frames};
use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Date32Type, Int64Type, UInt16Type, UInt64Type};
use domain::Day;
use rules::Program;
use rules::plan::{EntityId, Home, Item, ItemId, RelId};
use rules::situation::{InstanceId, ListId, Situation};
use rules::value::{Ratio, Value};
use std::collections::BTreeMap;

/// Those who are looked at together.
#[derive(Clone, Debug, Default)]
pub struct Cluster {
    /// Ids by entity, areas above them too.
    pub ids: BTreeMap<EntityId, Vec<i64>>,
}

/// A cluster for the household's evaluator, and who is who in it.
#[derive(Clone, Debug)]
pub struct Sides {
    /// The situation.
    pub situation: Situation,
    instances: BTreeMap<(EntityId, i64), InstanceId>,
    lists: Vec<(RelId, i64, ListId)>,
}

impl Sides {
    /// Ids and instances of an entity.
    pub fn instances(&self, entity: EntityId) -> impl Iterator<Item = (i64, InstanceId)> + '_ {
        let found = self
            .instances
            .iter()
            .filter(move |((e, _), _)| *e == entity);
        found.map(|((_, id), at)| (*id, *at))
    }

    /// Owners and lists of a relation.
    pub fn lists(&self, relation: RelId) -> impl Iterator<Item = (i64, ListId)> + '_ {
        let found = self.lists.iter().filter(move |(r, ..)| *r == relation);
        found.map(|(_, owner, list)| (*owner, *list))
    }
}

/// A value of a column.
pub(crate) fn value_at(column: &ArrayRef, row: usize, den: i64) -> Option<Value> {
    if row >= column.len() || column.is_null(row) {
        return Some(Value::Unknown);
    }
    Some(match column.data_type() {
        DataType::Int64 => {
            let num = column.as_primitive_opt::<Int64Type>()?.value(row);
            Value::Num(Ratio::new(i128::from(num), i128::from(den))?)
        }
        DataType::Boolean => Value::Bool(column.as_boolean_opt()?.value(row)),
        DataType::UInt16 => Value::Sym(column.as_primitive_opt::<UInt16Type>()?.value(row)),
        DataType::UInt64 => Value::Set(column.as_primitive_opt::<UInt64Type>()?.value(row)),
        DataType::Date32 => {
            let day = column.as_primitive_opt::<Date32Type>()?.value(row);
            Value::Day(Day::from_epoch_days(day)?)
        }
        _ => return None,
    })
}

impl Frames {
    /// The values of a fact in the order of its entity's table; unknown where it is not given.
    pub fn values(&self, program: &Program, item: ItemId, entity: EntityId) -> Vec<Value> {
        let Some(frame) = self.entities.get(&entity) else {
            return vec![];
        };
        let den = program.item(item).map_or(1, |it| fact_den(it.bounds));
        let column = frame.column(item);
        let value = |row| column.and_then(|column| value_at(column, row, den));
        (0..frame.len())
            .map(|row| value(row).unwrap_or(Value::Unknown))
            .collect()
    }
}

/// The cluster as a situation.
pub fn situation_of(program: &Program, frames: &Frames, cluster: &Cluster) -> Sides {
    let mut sides = Sides {
        situation: Situation::new(),
        instances: BTreeMap::new(),
        lists: Vec::new(),
    };
    for (entity, ids) in &cluster.ids {
        for id in ids {
            let at = sides.situation.add(*entity, *id);
            sides.instances.insert((*entity, *id), at);
        }
    }
    let all: Vec<(EntityId, i64, InstanceId)> = sides
        .instances
        .iter()
        .map(|((e, id), at)| (*e, *id, *at))
        .collect();
    for (entity, id, at) in all {
        let Some(frame) = frames.entities.get(&entity) else {
            continue;
        };
        let Some(row) = frame.position(id).and_then(|r| usize::try_from(r).ok()) else {
            continue;
        };
        facts(program, &mut sides.situation, at, frame, row);
        surroundings(program, frames, &mut sides, (entity, at), frame, row);
        statuses(program, frames, &mut sides.situation, (entity, id, at));
        lists(program, frames, &mut sides, (entity, id, at));
    }
    sides
}

fn facts(
    program: &Program,
    situation: &mut Situation,
    at: InstanceId,
    frame: &EntityFrame,
    row: usize,
) {
    for (item, column) in frame.columns() {
        let known = program.item(*item);
        let Some(value) = known.and_then(|i| value_at(column, row, fact_den(i.bounds))) else {
            continue;
        };
        if value.is_known() && known.is_some_and(|i| i.name != "城乡") {
            situation.set(at, *item, value);
        }
    }
    for record in frame.records() {
        let Some(item) = program.item(record.item) else {
            continue;
        };
        let den = record.dens.as_ref().and_then(|d| value_at(d, row, 1));
        let value = match den {
            None => value_at(&record.values, row, fact_den(item.bounds)),
            Some(Value::Num(den)) => i64::try_from(den.num())
                .ok()
                .and_then(|den| value_at(&record.values, row, den)),
            Some(_) => None,
        };
        situation.record(
            at,
            record.item,
            record.from,
            record.to,
            value.unwrap_or(Value::Unknown),
        );
    }
}

/// Area, 城乡, 本户 and 本地.
fn surroundings(
    program: &Program,
    frames: &Frames,
    sides: &mut Sides,
    (entity, at): (EntityId, InstanceId),
    frame: &EntityFrame,
    row: usize,
) {
    let code = if frame.areas().is_valid(row) {
        frame.areas().value(row)
    } else {
        ""
    };
    let named = |i: &Item| i.name == "城乡" && i.home == Home::Entity(entity);
    let urban_rural = (0..)
        .map(ItemId)
        .zip(&program.items)
        .find(|(_, i)| named(i));
    let column = urban_rural.and_then(|(id, _)| frame.column(id));
    let urban_rural = match column.and_then(|c| value_at(c, row, 1)) {
        Some(Value::Sym(member)) => Some(member),
        _ => None,
    };
    sides.situation.set_place(at, code, urban_rural);
    if let (Some(household), true) = (
        program.dict.entity("家庭"),
        frame.households().is_valid(row),
    ) && let Some(there) = sides
        .instances
        .get(&(household, frame.households().value(row)))
    {
        sides.situation.set_household(at, *there);
    }
    let Some(area) = program.dict.entity("地区") else {
        return;
    };
    let Some(areas) = frames.entities.get(&area) else {
        return;
    };
    let longest = if entity == area {
        code.len().saturating_sub(1)
    } else {
        code.len()
    };
    let nearest = sides
        .instances(area)
        .filter_map(|(id, there)| {
            let at = usize::try_from(areas.position(id)?).ok()?;
            let own = areas.areas().value(at);
            (own.len() <= longest && code.starts_with(own)).then_some((own.len(), there))
        })
        .max_by_key(|(len, _)| *len);
    if let Some((_, there)) = nearest {
        sides.situation.set_home_area(at, there);
    }
}

fn statuses(
    program: &Program,
    frames: &Frames,
    situation: &mut Situation,
    (entity, id, at): (EntityId, i64, InstanceId),
) {
    for (status, frame) in &frames.statuses {
        let of = program.item(*status).map(|i| i.home);
        if of != Some(Home::Entity(entity)) {
            continue;
        }
        if frame.complete().holds(id) {
            match frame.begins() {
                Some(day) => situation.complete_status_from(at, *status, day),
                None => situation.complete_status(at, *status),
            }
        }
        for (from, to) in frame.periods_of(id) {
            if let Some(from) = Day::from_epoch_days(from) {
                situation.add_status(at, *status, from, to.and_then(Day::from_epoch_days));
            }
        }
    }
}

fn lists(
    program: &Program,
    frames: &Frames,
    sides: &mut Sides,
    (entity, id, at): (EntityId, i64, InstanceId),
) {
    for (relation, frame) in &frames.relations {
        let Some(known) = program
            .dict
            .relation_of(*relation)
            .filter(|r| r.owner == entity)
        else {
            continue;
        };
        let list = sides
            .situation
            .add_list(at, *relation, frame.complete().holds(id));
        sides.lists.push((*relation, id, list));
        let owners = frame.owners().values();
        let start = owners.partition_point(|owner| *owner < id);
        let end = owners.partition_point(|owner| *owner <= id);
        for row in start..end {
            let target = known
                .target
                .filter(|_| frame.targets().is_valid(row))
                .and_then(|target| {
                    sides
                        .instances
                        .get(&(target, frame.targets().value(row)))
                        .copied()
                });
            let place = sides.situation.add_row(list, target);
            for (item, column) in frame.columns() {
                let den = program.item(*item).map_or(1, |i| fact_den(i.bounds));
                if let Some(value) = value_at(column, row, den)
                    && value.is_known()
                {
                    sides.situation.set_in_row(list, place, *item, value);
                }
            }
        }
    }
}
