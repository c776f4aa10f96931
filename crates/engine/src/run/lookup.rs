//! Parameters by area and class: each distinct key is looked up once.

use super::Run;
use crate::compile::functions::{boolean, day, typed};
use crate::compile::layout::{DayPart, KeyPart, Slot};
use crate::error::{EngineError, Result};
use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Int64Array, UInt16Array, UInt64Array,
};
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
        let missing = || EngineError::Column { column: format!("i{}", id.0) };
        let param = self.plan.params.get(&id).ok_or_else(missing)?;
        let info = self.plan.slots.get(out.0).ok_or_else(missing)?;
        let keys: Vec<Keys<'_>> = keys.iter().map(|key| self.keys(key)).collect::<Result<_>>()?;
        let days = self.days(at)?;
        let areas = self.areas_of(info.home)?;
        let count = self.places.count(info.home);
        let mut found: HashMap<(usize, Vec<u16>, i32), Value> = HashMap::new();
        let mut values = Vec::with_capacity(count);
        let mut key = Vec::with_capacity(keys.len());
        for row in 0..count {
            key.clear();
            key.extend(keys.iter().map_while(|k| k.at(row)));
            let (area, code) = areas.at(row);
            let value = match days.at(row) {
                Some(day) if key.len() == keys.len() => {
                    let full = (area, key.clone(), day);
                    *found.entry(full).or_insert_with(|| value_of(param, code, &key, day))
                }
                _ => Value::Unknown,
            };
            values.push(value);
        }
        column(&values, &info.data_type, den).ok_or_else(missing)
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

    fn areas_of(&self, home: Home) -> Result<Areas<'_>> {
        let owner = match home {
            Home::Entity(entity) => Some(entity),
            Home::Rows(relation) => self.plan.relations.get(relation.at()).map(|r| r.owner),
        };
        let codes = owner.and_then(|owner| self.places.area_codes(owner));
        Ok(Areas { codes, owners: self.places.owners(home) })
    }
}

/// The area of each row's owner.
struct Areas<'a> {
    codes: Option<&'a super::places::AreaCodes>,
    owners: Option<Arc<datafusion::arrow::array::UInt32Array>>,
}

impl Areas<'_> {
    fn at(&self, row: usize) -> (usize, &str) {
        let owner = match &self.owners {
            None => Some(row),
            Some(owners) if row < owners.len() => usize::try_from(owners.value(row)).ok(),
            Some(_) => None,
        };
        let found = owner.and_then(|owner| {
            let codes = self.codes?;
            let code = *codes.of.get(owner)?;
            Some((code, codes.codes.get(code)?.as_str()))
        });
        found.unwrap_or((usize::MAX, ""))
    }
}

fn value_of(param: &Param, area: &str, keys: &[u16], day: i32) -> Value {
    let keys: Vec<Option<u16>> = keys.iter().copied().map(Some).collect();
    let found = Day::from_epoch_days(day).and_then(|day| param.lookup(area, &keys, day));
    found.map_or(Value::Unknown, |found| found.value)
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
