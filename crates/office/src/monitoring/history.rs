//! What the rules of the next months may ask about this one (当时): a run keeps those values in the
//! lake as kind `fact-<entity>`, and a later month reads them back. A month nobody ran is unknown.
//!
//! Columns: `id`, then one for each quantity by its path. A number is two, numerator and `<path>÷`;
//! members of enumerations are words, because their places may change with the dictionary.

use super::MonthData;
use crate::error::Result;
use crate::office::Office;
use domain::{Day, Month};
use engine::arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Int64Array, UInt16Array, UInt64Array,
};
use engine::{Column, Compiled, Frames, Lake, Record, Sheet};
use rules::plan::{EntityId, Home, Item, ItemId, Type};
use rules::value::Value;
use rules::{Program, Ratio};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use store::manifest::LakeFile;

/// The county column of a file that is of no one county.
const ALL: &str = "000000";
/// Between the members of a set.
const AND: char = '、';

/// The files that tell of earlier months.
pub(super) struct Past {
    lake: Lake,
    files: Vec<(String, Month, String)>,
}

impl Past {
    /// Lists what was kept before a month.
    pub(super) async fn list(office: &Office, program: &Program, month: Month) -> Result<Self> {
        let mut files = Vec::new();
        for entity in &program.dict.entities {
            let kind = kind(entity);
            let kept = store::manifest::list_up_to(&office.store, &kind, month.prev()).await?;
            files.extend(kept.into_iter().map(|f| (kind.clone(), f.month, f.path)));
        }
        Ok(Self {
            lake: office.lake.clone(),
            files,
        })
    }

    /// Gives the tables what was kept of the quantities the rules ask about.
    pub(super) fn remember(
        &self,
        program: &Program,
        rules: &[&Compiled],
        frames: &mut Frames,
    ) -> Result<()> {
        for (entity, name) in entities(program) {
            let of_entity: Vec<(ItemId, Option<Day>)> = rules
                .iter()
                .flat_map(|compiled| compiled.history_wanted())
                .copied()
                .filter(|(item, _)| home(program, *item) == Some(entity))
                .collect();
            let kind = kind(name);
            for (_, month, path) in self.files.iter().filter(|(k, ..)| *k == kind) {
                let asked: BTreeSet<ItemId> = of_entity
                    .iter()
                    .filter(|(_, day)| day.is_none_or(|day| Month::containing(day) == *month))
                    .map(|(item, _)| *item)
                    .collect();
                let Some(frame) = frames
                    .entities
                    .get_mut(&entity)
                    .filter(|_| !asked.is_empty())
                else {
                    continue;
                };
                let sheet = self.lake.read(path)?;
                let places = places(&sheet, frame.ids());
                for item in asked {
                    let Some(it) = program.item(item) else {
                        continue;
                    };
                    if let Some((values, dens)) = read(program, it, &sheet, &places) {
                        frame.record(Record {
                            item,
                            from: Some(month.first()),
                            to: Some(month.last()),
                            values,
                            dens,
                        });
                    }
                }
            }
        }
        Ok(())
    }
}

/// Writes what later months may ask about; the files for the manifest.
pub(super) fn keep(office: &Office, data: &MonthData) -> Result<Vec<LakeFile>> {
    let mut files = Vec::new();
    for (entity, name) in entities(&data.program) {
        let Some(frame) = data.frames.entities.get(&entity) else {
            continue;
        };
        let wanted: BTreeSet<ItemId> = data
            .asked
            .iter()
            .copied()
            .filter(|item| home(&data.program, *item) == Some(entity))
            .collect();
        if wanted.is_empty() || frame.is_empty() {
            continue;
        }
        let ids = frame.ids().values().iter().map(|id| Some(*id)).collect();
        let mut sheet = Sheet {
            columns: vec![("id".to_owned(), Column::Int(ids))],
        };
        for item in wanted {
            if let Some(it) = data.program.item(item) {
                sheet.columns.extend(columns(data, item, it, entity));
            }
        }
        let kind = kind(name);
        let written = office.lake.write(&kind, data.month, ALL, &sheet)?;
        files.push(LakeFile {
            kind,
            month: data.month,
            county: ALL.to_owned(),
            path: written.path,
            rows: written.rows,
            digest: crate::intake::unhex(&written.sha256),
            cause: format!("month {}", data.month),
        });
    }
    Ok(files)
}

/// The lake names its folders in plain letters, so the entity's name is written in hexadecimal.
fn kind(entity: &str) -> String {
    let name: String = entity.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("fact-{name}")
}

fn entities(program: &Program) -> impl Iterator<Item = (EntityId, &str)> {
    let names = program.dict.entities.iter();
    names.filter_map(|name| Some((program.dict.entity(name)?, name.as_str())))
}

fn home(program: &Program, item: ItemId) -> Option<EntityId> {
    match program.item(item)?.home {
        Home::Entity(entity) => Some(entity),
        Home::Rows(_) => None,
    }
}

/// A quantity's column, or two for a number.
fn columns(data: &MonthData, id: ItemId, item: &Item, entity: EntityId) -> Vec<(String, Column)> {
    let values = values(data, id, entity);
    let path = item.path.clone();
    let members = |of| data.program.dict.enum_of(of).map(|e| e.members.as_slice());
    let column = match item.ty {
        Type::Num(_) => {
            let part = |pick: fn(Ratio) -> i128| {
                let part = values.iter().map(|v| match v {
                    Value::Num(n) => i64::try_from(pick(*n)).ok(),
                    _ => None,
                });
                Column::Int(part.collect())
            };
            let dens = (format!("{path}÷"), part(Ratio::den));
            return vec![(path, part(Ratio::num)), dens];
        }
        Type::Bool => Column::Bool(values.iter().map(|v| v.truth()).collect()),
        Type::Day => Column::Day(values.iter().map(|v| day(*v)).collect()),
        Type::Enum(of) => {
            let members = members(of).unwrap_or_default();
            let word = |v: &Value| match v {
                Value::Sym(at) => members.get(usize::from(*at)).cloned(),
                _ => None,
            };
            Column::Text(values.iter().map(word).collect())
        }
        Type::Set(of) => {
            let members = members(of).unwrap_or_default();
            let words = |v: &Value| match v {
                Value::Set(set) => Some(of_set(members, *set)),
                _ => None,
            };
            Column::Text(values.iter().map(words).collect())
        }
        Type::Area => return vec![],
    };
    vec![(path, column)]
}

fn of_set(members: &[String], set: u64) -> String {
    let bits = (0_u32..).zip(members);
    let inside = bits.filter(|(bit, _)| set.checked_shr(*bit).unwrap_or(0) & 1 == 1);
    let words: Vec<&str> = inside.map(|(_, word)| word.as_str()).collect();
    words.join(&AND.to_string())
}

fn day(value: Value) -> Option<i32> {
    match value {
        Value::Day(day) => Some(day.epoch_days()),
        _ => None,
    }
}

/// The values of a quantity in the order of its entity's table: a fact's, or what a file said.
fn values(data: &MonthData, id: ItemId, entity: EntityId) -> Vec<Value> {
    let count = data
        .frames
        .entities
        .get(&entity)
        .map_or(0, engine::EntityFrame::len);
    let said = [&data.judged, &data.feeds];
    if let Some(table) = said.iter().find_map(|judged| judged.table_of(id)) {
        let of_row = |row| table.value(id, row).unwrap_or(Value::Unknown);
        return (0..count).map(of_row).collect();
    }
    data.frames.values(&data.program, id, entity)
}

/// Where each id of the table stands in what was kept.
fn places(sheet: &Sheet, ids: &Int64Array) -> Vec<Option<usize>> {
    let kept: HashMap<i64, usize> = sheet
        .ints("id")
        .iter()
        .enumerate()
        .filter_map(|(at, id)| Some(((*id)?, at)))
        .collect();
    ids.values()
        .iter()
        .map(|id| kept.get(id).copied())
        .collect()
}

/// What was kept of a quantity, in the shape it has today; none when it was kept in another.
fn read(
    program: &Program,
    item: &Item,
    sheet: &Sheet,
    places: &[Option<usize>],
) -> Option<(ArrayRef, Option<ArrayRef>)> {
    let column = sheet.column(&item.path)?;
    let words = |of| -> BTreeMap<&str, u16> {
        let members = program.dict.enum_of(of).map(|e| e.members.as_slice());
        let members = members.unwrap_or_default().iter().map(String::as_str);
        members.zip(0..).collect()
    };
    Some(match (item.ty, column) {
        (Type::Num(_), Column::Int(tops)) => {
            let Some(Column::Int(dens)) = sheet.column(&format!("{}÷", item.path)) else {
                return None;
            };
            numbers(item, &at_places(tops, places), &at_places(dens, places))
        }
        (Type::Bool, Column::Bool(kept)) => {
            (Arc::new(BooleanArray::from(at_places(kept, places))), None)
        }
        (Type::Day, Column::Day(kept)) => {
            (Arc::new(Date32Array::from(at_places(kept, places))), None)
        }
        (Type::Enum(of), Column::Text(kept)) => {
            let words = words(of);
            let member = |word: Option<String>| words.get(word?.as_str()).copied();
            let members = at_places(kept, places).into_iter().map(member);
            (Arc::new(members.collect::<UInt16Array>()), None)
        }
        (Type::Set(of), Column::Text(kept)) => {
            let words = words(of);
            let set = |text: Option<String>| {
                let text = text?;
                let members = text.split(AND).filter(|word| !word.is_empty());
                members
                    .map(|word| 1_u64.checked_shl(u32::from(*words.get(word)?)))
                    .try_fold(0_u64, |set, bit| Some(set | bit?))
            };
            let sets = at_places(kept, places).into_iter().map(set);
            (Arc::new(sets.collect::<UInt64Array>()), None)
        }
        _ => return None,
    })
}

fn at_places<T: Clone>(kept: &[Option<T>], places: &[Option<usize>]) -> Vec<Option<T>> {
    let at = |place: &Option<usize>| kept.get((*place)?).cloned().flatten();
    places.iter().map(at).collect()
}

/// Numerators over the denominator the quantity has today, or beside their own denominators.
fn numbers(
    item: &Item,
    tops: &[Option<i64>],
    dens: &[Option<i64>],
) -> (ArrayRef, Option<ArrayRef>) {
    let fixed = item.bounds.filter(|b| b.den_min == b.den_max);
    let Some(fixed) = fixed else {
        return (
            Arc::new(Int64Array::from(tops.to_vec())),
            Some(Arc::new(Int64Array::from(dens.to_vec()))),
        );
    };
    // What does not fit the quantity of today is unknown, never rounded.
    let over = |(top, den): (&Option<i64>, &Option<i64>)| {
        let scaled = i128::from((*top)?).checked_mul(fixed.den_min)?;
        let den = i128::from((*den)?);
        (scaled.checked_rem(den)? == 0)
            .then(|| i64::try_from(scaled.checked_div(den)?).ok())
            .flatten()
    };
    let tops = tops.iter().zip(dens).map(over);
    (Arc::new(tops.collect::<Int64Array>()), None)
}
