//! A parameter's values as one column, written out when the rules are compiled: by area, then by
//! each key in turn.

use super::layout::{DayPart, KeyPart};
use crate::run::column;
use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::DataType;
use domain::Day;
use rules::plan::{Param, ParamValue};
use rules::value::Value;
use std::collections::{BTreeSet, HashMap};

/// Combinations of area and keys for which the values are written out beforehand.
const WRITTEN_OUT_MAX: usize = 65_536;

/// A parameter, ready to be looked up for whole tables.
#[derive(Clone, Debug)]
pub(crate) struct ParamTable {
    pub(crate) param: Param,
    pub(crate) den: i64,
    /// The areas it tells apart; the last is everywhere.
    pub(crate) told: Vec<String>,
    /// Which of them each is, by code.
    by_code: HashMap<String, u32>,
    /// Lengths of the told codes, the longest first.
    lengths: Vec<usize>,
    /// All values, when the day is the same for all and there are not too many.
    pub(crate) written: Option<WrittenOut>,
}

/// Values by area, then by each key in turn; the first is unknown.
#[derive(Clone, Debug)]
pub(crate) struct WrittenOut {
    pub(crate) values: ArrayRef,
    /// Members of each key.
    pub(crate) sizes: Vec<usize>,
    /// Values of an area.
    pub(crate) each: usize,
}

impl ParamTable {
    /// A parameter by its keys for a day; `den` is the denominator of its numbers.
    pub(crate) fn new(
        param: &Param,
        keys: &[KeyPart],
        at: &DayPart,
        den: i64,
        data_type: &DataType,
    ) -> Self {
        let everywhere = std::iter::once(String::new());
        let told: BTreeSet<String> = param.values.iter().map(|v| v.area.clone()).collect();
        let told: Vec<String> = told
            .into_iter()
            .filter(|code| !code.is_empty())
            .chain(everywhere)
            .collect();
        let lengths: BTreeSet<usize> = told.iter().map(String::len).collect();
        let mut table = Self {
            param: param.clone(),
            den,
            by_code: told.iter().cloned().zip(0..).collect(),
            lengths: lengths.into_iter().rev().collect(),
            told,
            written: None,
        };
        table.written = table.write_out(keys, at, data_type);
        table
    }

    /// The nearest told area a code lies in.
    pub(crate) fn nearest(&self, code: &str) -> u32 {
        let cut = |length: &usize| self.by_code.get(code.get(..*length)?).copied();
        self.lengths.iter().find_map(cut).unwrap_or_default()
    }

    fn write_out(&self, keys: &[KeyPart], at: &DayPart, ty: &DataType) -> Option<WrittenOut> {
        let DayPart::Fixed(day) = at else { return None };
        let size = |key: &KeyPart| match key {
            KeyPart::Fixed(_) => 1,
            KeyPart::Column(_, size) => (*size).max(1),
        };
        let sizes: Vec<usize> = keys.iter().map(size).collect();
        let each = sizes
            .iter()
            .try_fold(1_usize, |all, size| all.checked_mul(*size))?;
        if each.checked_mul(self.told.len())? > WRITTEN_OUT_MAX {
            return None;
        }
        let mut values = vec![Value::Unknown];
        for area in &self.told {
            let here = self.in_force(area, *day);
            for at in 0..each {
                let members = members(keys, &sizes, at);
                let found = day
                    .zip(members)
                    .and_then(|(day, members)| here.lookup(area, &members, day));
                values.push(found.map_or(Value::Unknown, |found| found.value));
            }
        }
        Some(WrittenOut {
            values: column(&values, ty, self.den)?,
            sizes,
            each,
        })
    }

    /// The parameter with only the values that can speak of an area on a day: many areas with many
    /// years would otherwise be read through once for each area.
    fn in_force(&self, area: &str, day: Option<Day>) -> Param {
        let covers = |v: &&ParamValue| {
            day.is_some_and(|day| v.from <= day && v.to.is_none_or(|to| day <= to))
        };
        let values = self.param.values.iter();
        Param {
            keys: self.param.keys.clone(),
            values: values
                .filter(|v| area.starts_with(v.area.as_str()))
                .filter(covers)
                .cloned()
                .collect(),
        }
    }
}

/// The members a place in a written-out table stands for; none when a fixed key is unknown.
fn members(keys: &[KeyPart], sizes: &[usize], at: usize) -> Option<Vec<Option<u16>>> {
    let mut rest = at;
    let mut members = Vec::with_capacity(keys.len());
    for (key, size) in keys.iter().zip(sizes).rev() {
        let digit = rest.checked_rem(*size)?;
        rest = rest.checked_div(*size)?;
        members.push(match key {
            KeyPart::Fixed(member) => Some((*member)?),
            KeyPart::Column(..) => u16::try_from(digit).ok(),
        });
    }
    members.reverse();
    Some(members)
}
