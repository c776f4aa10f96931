//! Statuses on a day, 曾 and 当时: periods and records are read by place and day.
//!
//! Periods of one status never overlap, so at most one covers a day.

use super::Run;
use super::lookup::Days;
use crate::compile::layout::{DayPart, Slot, StatusRead};
use crate::error::{EngineError, Result};
use crate::frames::{Complete, EntityFrame, Record, column_name};
use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Int64Array, UInt32Array, new_null_array,
};
use datafusion::arrow::compute::{cast, interleave};
use datafusion::arrow::datatypes::DataType;
use domain::Day;
use rules::plan::{EntityId, ItemId};
use std::sync::Arc;

/// The periods of a status by the place of its holder.
pub(super) struct Periods {
    starts: Vec<usize>,
    periods: Vec<(i32, Option<i32>)>,
    complete: Vec<bool>,
    /// The day before which nothing is known.
    begins: Option<i32>,
}

impl Periods {
    fn new(run: &Run<'_>, status: ItemId, entity: EntityId) -> Self {
        let frame = run.frames.entities.get(&entity);
        let given = run.frames.statuses.get(&status);
        let mut placed: Vec<(u32, (i32, Option<i32>))> = given
            .into_iter()
            .flat_map(|s| s.periods())
            .filter_map(|(id, from, to)| Some((frame?.position(id)?, (from, to))))
            .collect();
        placed.sort_by_key(|(at, _)| *at);
        let count = frame.map_or(0, EntityFrame::len);
        let mut starts = Vec::with_capacity(count.saturating_add(1));
        let mut so_far = 0_usize;
        let mut rest = placed.iter().peekable();
        for at in 0..u32::try_from(count).unwrap_or(u32::MAX) {
            starts.push(so_far);
            while rest.next_if(|(holder, _)| *holder == at).is_some() {
                so_far = so_far.saturating_add(1);
            }
        }
        starts.push(so_far);
        let nobody = Complete::Nobody;
        let said = given.map_or(&nobody, |s| s.complete());
        let ids = frame.map(EntityFrame::ids);
        let complete = ids.map(|ids| ids.values().iter().map(|id| said.holds(*id)).collect());
        Self {
            starts,
            periods: placed.into_iter().map(|(_, period)| period).collect(),
            complete: complete.unwrap_or_default(),
            begins: given
                .and_then(crate::frames::StatusFrame::begins)
                .map(Day::epoch_days),
        }
    }

    fn of(&self, place: usize) -> &[(i32, Option<i32>)] {
        let ends = (
            self.starts.get(place),
            self.starts.get(place.saturating_add(1)),
        );
        match ends {
            (Some(start), Some(end)) => self.periods.get(*start..*end).unwrap_or(&[]),
            _ => &[],
        }
    }

    fn on(&self, place: usize, day: i32) -> Option<(i32, Option<i32>)> {
        let covers =
            |(from, to): &&(i32, Option<i32>)| *from <= day && to.is_none_or(|to| day <= to);
        self.of(place).iter().find(covers).copied()
    }

    /// Whether it was held, asked of the days from one on.
    fn held(&self, place: usize, found: bool, first: i32) -> Option<bool> {
        let reaches = self.begins.is_none_or(|begins| begins <= first);
        let complete = reaches && self.complete.get(place).copied().unwrap_or(false);
        if found {
            Some(true)
        } else {
            complete.then_some(false)
        }
    }
}

/// The place in the entity's table of each row at hand.
fn place_at(places: Option<&Arc<UInt32Array>>, row: usize) -> Option<usize> {
    match places {
        None => Some(row),
        Some(places) if row < places.len() && places.is_valid(row) => {
            usize::try_from(places.value(row)).ok()
        }
        Some(_) => None,
    }
}

impl Run<'_> {
    fn periods_of(&mut self, status: ItemId, entity: EntityId) -> Arc<Periods> {
        if let Some(known) = self.periods.get(&status) {
            return Arc::clone(known);
        }
        let periods = Arc::new(Periods::new(self, status, entity));
        self.periods.insert(status, Arc::clone(&periods));
        periods
    }

    /// A status on a day, or the first or last day of its period then.
    pub(super) fn status(
        &mut self,
        status: ItemId,
        entity: EntityId,
        read: StatusRead,
        places: Option<&Arc<UInt32Array>>,
        at: &DayPart,
        out: Slot,
    ) -> Result<ArrayRef> {
        let periods = self.periods_of(status, entity);
        let days = self.days(at)?;
        let rows = 0..self.places.count(self.home(out)?);
        let found = rows.map(|row| {
            let (place, day) = (place_at(places, row)?, days.at(row)?);
            Some((place, day, periods.on(place, day)))
        });
        Ok(match read {
            StatusRead::Held => {
                let held =
                    found.map(|f| f.and_then(|(at, day, p)| periods.held(at, p.is_some(), day)));
                Arc::new(held.collect::<BooleanArray>())
            }
            StatusRead::Start => Arc::new(found.map(|f| Some(f?.2?.0)).collect::<Date32Array>()),
            StatusRead::End => Arc::new(found.map(|f| f?.2?.1).collect::<Date32Array>()),
        })
    }

    /// 曾: whether a status was held on any day between.
    pub(super) fn ever(
        &mut self,
        status: ItemId,
        entity: EntityId,
        places: Option<&Arc<UInt32Array>>,
        (from, to): (&DayPart, &DayPart),
        out: Slot,
    ) -> Result<ArrayRef> {
        let periods = self.periods_of(status, entity);
        let (from, to) = (self.days(from)?, self.days(to)?);
        let rows = 0..self.places.count(self.home(out)?);
        let answers = rows.map(|row| {
            let (place, from, to) = (place_at(places, row)?, from.at(row)?, to.at(row)?);
            if to < from {
                return Some(false);
            }
            let touches = |(start, end): &(i32, Option<i32>)| {
                *start <= to && end.is_none_or(|end| from <= end)
            };
            periods.held(place, periods.of(place).iter().any(touches), from)
        });
        Ok(Arc::new(answers.collect::<BooleanArray>()))
    }

    /// 当时: what was recorded for a day, and denominators when they are asked for.
    pub(super) fn recorded(
        &self,
        (item, entity): (ItemId, EntityId),
        places: Option<&Arc<UInt32Array>>,
        at: &DayPart,
        scale: i64,
        out: Slot,
        with_dens: bool,
    ) -> Result<(ArrayRef, Option<ArrayRef>)> {
        let missing = || EngineError::Column {
            column: column_name(item),
        };
        let info = self.plan.slots.get(out.0).ok_or_else(missing)?;
        let count = self.places.count(info.home);
        let frame = self.frames.entities.get(&entity);
        let records: Vec<&Record> = frame
            .into_iter()
            .flat_map(|f| f.records())
            .filter(|r| r.item == item)
            .collect();
        let days = self.days(at)?;
        let chosen = choose(&records, places, &days, count);
        let mut values = vec![new_null_array(&info.data_type, 1)];
        let mut dens: Vec<ArrayRef> = vec![Arc::new(Int64Array::new_null(1))];
        for record in &records {
            let (value, den) =
                parts(record, &info.data_type, scale, with_dens).ok_or_else(missing)??;
            values.push(value);
            dens.push(den);
        }
        let column = |arrays: &[ArrayRef]| {
            let arrays: Vec<&dyn Array> = arrays.iter().map(AsRef::as_ref).collect();
            interleave(&arrays, &chosen)
        };
        let dens = with_dens.then(|| column(&dens)).transpose()?;
        Ok((column(&values)?, dens))
    }
}

/// For each row, which record speaks (0 for none) and at which place.
fn choose(
    records: &[&Record],
    places: Option<&Arc<UInt32Array>>,
    days: &Days<'_>,
    count: usize,
) -> Vec<(usize, usize)> {
    let of = |row: usize| -> Option<(usize, usize)> {
        let place = place_at(places, row)?;
        let day = Day::from_epoch_days(days.at(row)?)?;
        let latest = records.iter().rposition(|r| r.covers(day))?;
        let inside = records.get(latest).is_some_and(|r| place < r.values.len());
        inside.then_some((latest.saturating_add(1), place))
    };
    (0..count).map(|row| of(row).unwrap_or((0, 0))).collect()
}

/// Values and denominators of a record; without denominators wanted, all over `scale`.
fn parts(
    record: &Record,
    data_type: &DataType,
    scale: i64,
    with_dens: bool,
) -> Option<Result<(ArrayRef, ArrayRef)>> {
    let values = match cast(&record.values, data_type) {
        Ok(values) => values,
        Err(error) => return Some(Err(error.into())),
    };
    let ones: ArrayRef = Arc::new(Int64Array::from(vec![scale; values.len()]));
    let Some(dens) = &record.dens else {
        return Some(Ok((values, ones)));
    };
    if with_dens {
        return Some(Ok((values, Arc::clone(dens))));
    }
    let (tops, dens) = (
        crate::compile::functions::number(&values).ok()?,
        crate::compile::functions::number(dens).ok()?,
    );
    let exact = |(n, d): (Option<i64>, Option<i64>)| -> Option<Option<i64>> {
        let (Some(n), Some(d)) = (n, d) else {
            return Some(None);
        };
        let top = i128::from(n).checked_mul(i128::from(scale))?;
        let (d, rest) = (i128::from(d), top.checked_rem(i128::from(d))?);
        (rest == 0)
            .then(|| i64::try_from(top.checked_div(d)?).ok())
            .flatten()
            .map(Some)
    };
    let scaled: Int64Array = tops
        .iter()
        .zip(dens.iter())
        .map(exact)
        .collect::<Option<_>>()?;
    Some(Ok((Arc::new(scaled), ones)))
}
