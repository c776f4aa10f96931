//! Parameters by area and class: the values are written out once, or each distinct key is looked
//! up once.

use super::Run;
use super::block::Block;
use super::places::AreaCodes;
use crate::compile::functions::{boolean, day, typed};
use crate::compile::layout::{DayPart, KeyPart, Slot};
use crate::compile::params::{ParamTable, WrittenOut};
use crate::error::{EngineError, Result};
use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Int64Array, UInt16Array, UInt32Array, UInt64Array,
};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::{DataType, UInt16Type, UInt32Type};
use domain::Day;
use rules::plan::Home;
use rules::value::Value;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// A key for each row.
enum Keys<'a> {
    Fixed(Option<u16>),
    Members(&'a UInt16Array),
    Answers(&'a BooleanArray),
}

impl<'a> Keys<'a> {
    fn of(key: &KeyPart, column: Option<&'a ArrayRef>) -> Result<Self> {
        Ok(match (key, column) {
            (KeyPart::Fixed(member), _) => Self::Fixed(*member),
            (KeyPart::Column(..), Some(column)) if column.data_type() == &DataType::Boolean => {
                Self::Answers(boolean(column)?)
            }
            (KeyPart::Column(..), Some(column)) => Self::Members(typed::<UInt16Type>(column)?),
            (KeyPart::Column(..), None) => Self::Fixed(None),
        })
    }

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

/// The values of a parameter for the rows of a table.
pub(super) struct Table {
    values: Arc<ParamTable>,
    data_type: DataType,
    /// Which of the told areas each area code of the owners lies in.
    of_code: Vec<u32>,
    codes: Option<Arc<AreaCodes>>,
    owners: Option<Arc<UInt32Array>>,
}

impl Run<'_> {
    pub(super) fn days(&self, part: &DayPart) -> Result<Days<'_>> {
        Ok(match part {
            DayPart::Fixed(day) => Days::Fixed(day.map(Day::epoch_days)),
            DayPart::Column(slot) => Days::Each(day(self.get(*slot)?)?),
        })
    }

    /// A parameter's values by the area of the owners of a column's rows.
    pub(super) fn look_up(&self, values: &Arc<ParamTable>, out: Slot) -> Result<Table> {
        let info = self
            .plan
            .slots
            .get(out.0)
            .ok_or_else(|| EngineError::Column {
                column: format!("c{}", out.0),
            })?;
        let owner = match info.home {
            Home::Entity(entity) => Some(entity),
            Home::Rows(relation) => self.plan.relations.get(relation.at()).map(|r| r.owner),
        };
        let codes = owner.and_then(|owner| self.places.area_codes(owner));
        let nearest = |code: &String| values.nearest(code);
        Ok(Table {
            of_code: codes.iter().flat_map(|c| &c.codes).map(nearest).collect(),
            values: Arc::clone(values),
            data_type: info.data_type.clone(),
            codes,
            owners: self.places.owners(info.home),
        })
    }
}

impl Table {
    /// The values for the rows of a block.
    pub(super) fn look_up(
        &self,
        keys: &[KeyPart],
        at: &DayPart,
        block: &Block<'_>,
    ) -> Result<ArrayRef> {
        let columns: Vec<Option<ArrayRef>> = keys
            .iter()
            .map(|key| match key {
                KeyPart::Fixed(_) => Ok(None),
                KeyPart::Column(slot, _) => block.get(*slot).map(Some),
            })
            .collect::<Result<_>>()?;
        let keys: Vec<Keys<'_>> = keys
            .iter()
            .zip(&columns)
            .map(|(key, column)| Keys::of(key, column.as_ref()))
            .collect::<Result<_>>()?;
        match &self.values.written {
            Some(written) => {
                let places = self.places(written, &keys, block.rows());
                let values = &written.values;
                // Mostly all are known, and so is every value but the first.
                if values.null_count() <= 1 && !places.values().contains(&0) {
                    let known = values.slice(1, values.len().saturating_sub(1));
                    let places = places.unary::<_, UInt32Type>(|at| at.wrapping_sub(1));
                    return Ok(take(&known, &places, None)?);
                }
                Ok(take(values, &places, None)?)
            }
            None => self.one_by_one(&keys, at, block),
        }
    }

    fn places(&self, written: &WrittenOut, keys: &[Keys<'_>], rows: Range<usize>) -> UInt32Array {
        let each = u32::try_from(written.each).unwrap_or(u32::MAX);
        let first = |row: usize| self.area_at(row).wrapping_mul(each).wrapping_add(1);
        let moving: Vec<(&Keys<'_>, u32)> = keys
            .iter()
            .zip(&written.sizes)
            .filter(|(key, _)| !matches!(key, Keys::Fixed(_)))
            .map(|(key, size)| (key, u32::try_from(*size).unwrap_or(u32::MAX)))
            .collect();
        if moving.is_empty() {
            return UInt32Array::from_iter_values(rows.map(first));
        }
        let place = |(at, row): (usize, usize)| {
            let mut inner = 0_u32;
            for (key, size) in &moving {
                let member = key.at(at).map(u32::from).filter(|m| m < size);
                inner = match member {
                    Some(member) => inner.wrapping_mul(*size).wrapping_add(member),
                    None => return 0,
                };
            }
            first(row).wrapping_add(inner)
        };
        UInt32Array::from_iter_values(rows.enumerate().map(place))
    }

    /// Which of the told areas the owner of a row lies in.
    fn area_at(&self, row: usize) -> u32 {
        // The last one is everywhere.
        let everywhere = || u32::try_from(self.values.told.len().saturating_sub(1)).unwrap_or(0);
        let owner = match &self.owners {
            None => Some(row),
            Some(owners) => owners
                .values()
                .get(row)
                .and_then(|at| usize::try_from(*at).ok()),
        };
        let code = owner.and_then(|owner| self.codes.as_ref()?.of.get(owner));
        code.and_then(|code| usize::try_from(*code).ok())
            .and_then(|code| self.of_code.get(code).copied())
            .unwrap_or_else(everywhere)
    }

    /// Each distinct key is looked up once: a day for each row, or too many keys to write out.
    fn one_by_one(&self, keys: &[Keys<'_>], at: &DayPart, block: &Block<'_>) -> Result<ArrayRef> {
        let day_column = match at {
            DayPart::Fixed(_) => None,
            DayPart::Column(slot) => Some(block.get(*slot)?),
        };
        let days = match (at, &day_column) {
            (DayPart::Fixed(day), _) => Days::Fixed(day.map(Day::epoch_days)),
            (DayPart::Column(_), Some(column)) => Days::Each(day(column)?),
            (DayPart::Column(_), None) => Days::Fixed(None),
        };
        let mut known: HashMap<(u32, Vec<u16>, i32), u32> = HashMap::new();
        let mut values = vec![Value::Unknown];
        let mut places = Vec::with_capacity(block.rows().len());
        for (at, row) in block.rows().enumerate() {
            let members: Option<Vec<u16>> = keys.iter().map(|key| key.at(at)).collect();
            let (Some(members), Some(day)) = (members, days.at(at)) else {
                places.push(0);
                continue;
            };
            let area = self.area_at(row);
            let entry = (area, members, day);
            if let Some(place) = known.get(&entry) {
                places.push(*place);
                continue;
            }
            let members: Vec<Option<u16>> = entry.1.iter().copied().map(Some).collect();
            let code = usize::try_from(area)
                .ok()
                .and_then(|at| self.values.told.get(at));
            let code = code.map_or("", String::as_str);
            let found = Day::from_epoch_days(day)
                .and_then(|day| self.values.param.lookup(code, &members, day));
            let place = u32::try_from(values.len()).unwrap_or(0);
            values.push(found.map_or(Value::Unknown, |found| found.value));
            known.insert(entry, place);
            places.push(place);
        }
        let values = column(&values, &self.data_type, self.values.den).ok_or_else(|| {
            EngineError::Column {
                column: "参数".to_owned(),
            }
        })?;
        Ok(take(&values, &UInt32Array::from(places), None)?)
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
