//! Parameters by area and class: each distinct key is looked up once.

use super::Run;
use crate::compile::functions::{boolean, day, typed};
use crate::compile::layout::{DayPart, KeyPart, Slot};
use crate::error::{EngineError, Result};
use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Int64Array, UInt16Array, UInt32Array, UInt64Array,
};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{DataType, UInt16Type};
use domain::Day;
use rules::plan::{Home, ItemId, Param};
use rules::value::Value;
use std::collections::HashMap;
use std::sync::Arc;

/// A key for each row.
enum Keys<'a> {
    Fixed(Option<u16>),
    Members(&'a UInt16Array),
    Answers(&'a BooleanArray),
}

impl Keys<'_> {
    fn at(&self, row: usize) -> Option<u16> {
        match self {
            Self::Fixed(member) => *member,
            Self::Members(members) => members.is_valid(row).then(|| members.value(row)),
            Self::Answers(answers) => answers.is_valid(row).then(|| u16::from(answers.value(row))),
        }
    }
}

/// A day for each row.
pub(super) enum Days<'a> {
    Fixed(Option<i32>),
    Each(&'a Date32Array),
}

impl Days<'_> {
    pub(super) fn at(&self, row: usize) -> Option<i32> {
        match self {
            Self::Fixed(day) => *day,
            Self::Each(days) => days.is_valid(row).then(|| days.value(row)),
        }
    }
}

impl Run<'_> {
    pub(super) fn days(&self, part: &DayPart) -> Result<Days<'_>> {
        Ok(match part {
            DayPart::Fixed(day) => Days::Fixed(day.map(Day::epoch_days)),
            DayPart::Column(slot) => Days::Each(day(self.get(*slot)?)?),
        })
    }

    /// The value of a parameter for each row of the table at hand: by the owner's area, its keys
    /// and the day. An unknown key has no value.
    pub(super) fn look_up(
        &self,
        id: ItemId,
        keys: &[KeyPart],
        at: &DayPart,
        den: i64,
        out: Slot,
    ) -> Result<ArrayRef> {
        let missing = || EngineError::Column {
            column: format!("i{}", id.0),
        };
        let param = self.plan.params.get(&id).ok_or_else(missing)?;
        let info = self.plan.slots.get(out.0).ok_or_else(missing)?;
        let keys: Vec<Keys<'_>> = keys
            .iter()
            .map(|key| self.keys(key))
            .collect::<Result<_>>()?;
        let days = self.days(at)?;
        let areas = self.areas_of(info.home, param);
        let mut table = Table {
            param,
            entries: HashMap::new(),
            values: vec![Value::Unknown],
        };
        let mut last: Option<(Entry, u32)> = None;
        let places: UInt32Array = (0..self.places.count(info.home))
            .map(|row| {
                let Some(entry) = entry(&keys, &days, areas.at(row), row) else {
                    return Some(0);
                };
                if let Some((before, at)) = last
                    && before == entry
                {
                    return Some(at);
                }
                let at = table.place(entry, &areas, keys.len());
                last = Some((entry, at));
                Some(at)
            })
            .collect();
        let values = column(&table.values, &info.data_type, den).ok_or_else(missing)?;
        Ok(take(&values, &places, None)?)
    }

    fn keys(&self, key: &KeyPart) -> Result<Keys<'_>> {
        Ok(match key {
            KeyPart::Fixed(member) => Keys::Fixed(*member),
            KeyPart::Column(slot) => {
                let column = self.get(*slot)?;
                if column.data_type() == &DataType::Boolean {
                    Keys::Answers(boolean(column)?)
                } else {
                    Keys::Members(typed::<UInt16Type>(column)?)
                }
            }
        })
    }

    /// The areas a parameter tells apart, and which of them each row's owner lies in.
    fn areas_of<'a>(&self, home: Home, param: &'a Param) -> Areas<'a> {
        let owner = match home {
            Home::Entity(entity) => Some(entity),
            Home::Rows(relation) => self.plan.relations.get(relation.at()).map(|r| r.owner),
        };
        let mut told: Vec<&str> = param.values.iter().map(|v| v.area.as_str()).collect();
        told.push("");
        // The longest first: it decides which of the shorter ones match too.
        told.sort_unstable_by_key(|area| (std::cmp::Reverse(area.len()), *area));
        told.dedup();
        let codes = owner.and_then(|owner| self.places.area_codes(owner));
        let lies_in = |code: &String| told.iter().position(|area| code.starts_with(area));
        let of_code: Vec<usize> = codes
            .map(|c| {
                c.codes
                    .iter()
                    .map(|code| lies_in(code).unwrap_or(0))
                    .collect()
            })
            .unwrap_or_default();
        let of_owner = codes.map_or(&[][..], |c| c.of.as_slice());
        let of_owner = of_owner
            .iter()
            .map(|code| of_code.get(*code).copied().unwrap_or(0))
            .collect();
        Areas {
            told,
            of_owner,
            owners: self.places.owners(home),
        }
    }
}

/// Area, keys and day of a row.
type Entry = (usize, u128, i32);

fn entry(keys: &[Keys<'_>], days: &Days<'_>, area: usize, row: usize) -> Option<Entry> {
    let mut packed = 0_u128;
    for key in keys {
        packed = packed
            .checked_mul(65_536)?
            .checked_add(u128::from(key.at(row)?))?;
    }
    Some((area, packed, days.at(row)?))
}

/// The distinct values met so far; the first is unknown.
struct Table<'a> {
    param: &'a Param,
    entries: HashMap<Entry, u32>,
    values: Vec<Value>,
}

impl Table<'_> {
    fn place(&mut self, entry: Entry, areas: &Areas<'_>, keys: usize) -> u32 {
        if let Some(at) = self.entries.get(&entry) {
            return *at;
        }
        let (area, packed, day) = entry;
        let member = |at: usize| {
            let shift = u32::try_from(keys.saturating_sub(at).saturating_sub(1)).unwrap_or(0);
            let rest = packed.checked_shr(shift.saturating_mul(16)).unwrap_or(0);
            u16::try_from(rest & 0xFFFF).ok()
        };
        let members: Vec<Option<u16>> = (0..keys).map(member).collect();
        let code = areas.told.get(area).copied().unwrap_or("");
        let found =
            Day::from_epoch_days(day).and_then(|day| self.param.lookup(code, &members, day));
        let at = u32::try_from(self.values.len()).unwrap_or(0);
        self.values
            .push(found.map_or(Value::Unknown, |found| found.value));
        self.entries.insert(entry, at);
        at
    }
}

/// Areas a parameter tells apart.
struct Areas<'a> {
    told: Vec<&'a str>,
    of_owner: Vec<usize>,
    owners: Option<Arc<UInt32Array>>,
}

impl Areas<'_> {
    fn at(&self, row: usize) -> usize {
        let owner = match &self.owners {
            None => Some(row),
            Some(owners) if row < owners.len() => usize::try_from(owners.value(row)).ok(),
            Some(_) => None,
        };
        // The last one is everywhere.
        let everywhere = self.told.len().saturating_sub(1);
        owner
            .and_then(|owner| self.of_owner.get(owner))
            .copied()
            .unwrap_or(everywhere)
    }
}

/// Values as a column; numbers over one denominator.
pub(crate) fn column(values: &[Value], data_type: &DataType, den: i64) -> Option<ArrayRef> {
    let values = values.iter().copied();
    Some(match data_type {
        DataType::Int64 => {
            let top = |value: Value| match value {
                Value::Num(n) => {
                    let scale = i128::from(den).checked_div(n.den())?;
                    i64::try_from(n.num().checked_mul(scale)?).ok()
                }
                _ => None,
            };
            Arc::new(values.map(top).collect::<Int64Array>())
        }
        DataType::Boolean => Arc::new(values.map(Value::truth).collect::<BooleanArray>()),
        DataType::UInt16 => {
            let member = |value: Value| match value {
                Value::Sym(member) => Some(member),
                _ => None,
            };
            Arc::new(values.map(member).collect::<UInt16Array>())
        }
        DataType::UInt64 => {
            let set = |value: Value| match value {
                Value::Set(set) => Some(set),
                _ => None,
            };
            Arc::new(values.map(set).collect::<UInt64Array>())
        }
        DataType::Date32 => {
            let day = |value: Value| match value {
                Value::Day(day) => Some(day.epoch_days()),
                _ => None,
            };
            Arc::new(values.map(day).collect::<Date32Array>())
        }
        _ => return None,
    })
}
