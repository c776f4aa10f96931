//! 合计 人数 条数 任一 全部 已知合计: the rows of one owner stand together, so a total is one pass.
//!
//! Unknown rows and incomplete lists are counted beside the total, not skipped.

use super::Run;
use crate::compile::functions::{boolean, number};
use crate::compile::layout::AggregateStep;
use crate::error::{EngineError, Result};
use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, Int64Builder};
use datafusion::common::exec_datafusion_err;
use rules::plan::AggregateKind;
use std::ops::Range;
use std::sync::Arc;

/// Which rows count: true, false, or unknown.
struct Filter<'a>(Option<&'a BooleanArray>);

impl Filter<'_> {
    fn at(&self, row: usize) -> Option<bool> {
        match self.0 {
            None => Some(true),
            Some(answers) if row < answers.len() && answers.is_valid(row) => {
                Some(answers.value(row))
            }
            Some(_) => None,
        }
    }
}

impl Run<'_> {
    /// One total for each of some owners.
    pub(super) fn total(&self, step: &AggregateStep, of: Range<usize>) -> Result<ArrayRef> {
        let missing = || EngineError::Column {
            column: "owner_id".to_owned(),
        };
        let rows = self.places.rows(step.relation).ok_or_else(missing)?;
        let filter = step.filter.map(|slot| self.get(slot)).transpose()?;
        let filter = Filter(filter.map(boolean).transpose()?);
        let value = step.value.map(|slot| self.get(slot)).transpose()?;
        let value = value.map(number).transpose()?;
        let starts = rows.starts.get(of.start..=of.end).unwrap_or(&[]);
        let complete = rows.complete.get(of).unwrap_or(&[]);
        let place = |at: &u32| usize::try_from(*at).unwrap_or(usize::MAX);
        let owners = starts
            .iter()
            .zip(starts.iter().skip(1))
            .map(|(a, b)| place(a)..place(b));
        let owners = owners.zip(complete.iter().copied());
        Ok(match step.kind {
            AggregateKind::Any => Arc::new(settled(owners, &filter, true)),
            AggregateKind::All => Arc::new(settled(owners, &filter, false)),
            AggregateKind::Sum => Arc::new(sums(owners, &filter, value, false)?),
            AggregateKind::KnownSum => Arc::new(sums(owners, &filter, value, true)?),
            AggregateKind::Rows => {
                let counts = owners.map(|(rows, complete)| count(rows, complete, &filter, |_| {}));
                Arc::new(counts.collect::<Int64Array>())
            }
            AggregateKind::Persons => Arc::new(persons(owners, &filter, &rows.target_ids)),
        })
    }
}

/// 任一 is settled by one true row, 全部 by one false row.
fn settled(
    owners: impl Iterator<Item = (Range<usize>, bool)>,
    filter: &Filter<'_>,
    by: bool,
) -> BooleanArray {
    owners
        .map(|(rows, complete)| {
            let mut all_known = complete;
            for row in rows {
                match filter.at(row) {
                    Some(answer) if answer == by => return Some(by),
                    Some(_) => {}
                    None => all_known = false,
                }
            }
            all_known.then_some(!by)
        })
        .collect()
}

fn sums(
    owners: impl Iterator<Item = (Range<usize>, bool)>,
    filter: &Filter<'_>,
    value: Option<&Int64Array>,
    only_known: bool,
) -> Result<Int64Array> {
    let Some(value) = value else {
        return Err(EngineError::Column {
            column: "合计".to_owned(),
        });
    };
    let overflow = || exec_datafusion_err!("a total leaves the range of 64 bits");
    let known = value.nulls().filter(|n| n.null_count() > 0);
    let plain = filter.0.is_none() && known.is_none();
    let mut sums = Int64Builder::with_capacity(owners.size_hint().0);
    'owners: for (rows, complete) in owners {
        if !complete && !only_known {
            sums.append_null();
            continue;
        }
        let mut sum = 0_i64;
        if plain {
            for amount in value.values().get(rows).unwrap_or(&[]) {
                sum = sum.checked_add(*amount).ok_or_else(overflow)?;
            }
            sums.append_value(sum);
            continue;
        }
        for row in rows {
            let amount = match filter.at(row) {
                Some(false) => continue,
                Some(true) if known.is_none_or(|k| k.is_valid(row)) => {
                    value.values().get(row).copied()
                }
                Some(true) | None => None,
            };
            match amount {
                Some(amount) => sum = sum.checked_add(amount).ok_or_else(overflow)?,
                None if only_known => {}
                None => {
                    sums.append_null();
                    continue 'owners;
                }
            }
        }
        sums.append_value(sum);
    }
    Ok(sums.finish())
}

fn count(
    rows: Range<usize>,
    complete: bool,
    filter: &Filter<'_>,
    mut each: impl FnMut(usize),
) -> Option<i64> {
    if !complete {
        return None;
    }
    let mut count = 0_i64;
    for row in rows {
        if filter.at(row)? {
            count = count.saturating_add(1);
            each(row);
        }
    }
    Some(count)
}

/// Persons are counted once, however many rows lead to them; a row that leads to nobody known is a
/// person of its own.
fn persons(
    owners: impl Iterator<Item = (Range<usize>, bool)>,
    filter: &Filter<'_>,
    targets: &Int64Array,
) -> Int64Array {
    let mut seen: Vec<i64> = Vec::new();
    owners
        .map(|(rows, complete)| {
            seen.clear();
            let all = count(rows, complete, filter, |row| {
                if row < targets.len() && targets.is_valid(row) {
                    seen.push(targets.value(row));
                }
            })?;
            let named = seen.len();
            seen.sort_unstable();
            seen.dedup();
            let again = i64::try_from(named.saturating_sub(seen.len())).unwrap_or(0);
            Some(all.saturating_sub(again))
        })
        .collect()
}
