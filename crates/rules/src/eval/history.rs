//! Statuses on a day, 当时 and 曾: what was recorded, never a formula of this month.

use super::Evaluator;
use crate::plan::{Body, ItemId};
use crate::situation::{Instance, InstanceId, StatusPeriod};
use crate::value::Value;
use domain::Day;

fn period_on(it: &Instance, status: ItemId, day: Day) -> Option<StatusPeriod> {
    it.periods
        .iter()
        .find(|p| p.status == status && p.from <= day && p.to.is_none_or(|to| day <= to))
        .copied()
}

/// Whether the periods of a status are all there from a day on.
fn is_complete(it: &Instance, status: ItemId, from: Day) -> bool {
    let said = |(of, since): &(ItemId, Option<Day>)| {
        *of == status && since.is_none_or(|since| since <= from)
    };
    it.all_statuses_complete || it.complete_statuses.iter().any(said)
}

impl<'p> Evaluator<'p> {
    /// Whether a status was held on a day; a status nobody reported is 否 only when the roll was
    /// read.
    pub(crate) fn status_on(&self, status: ItemId, at: InstanceId, day: Day) -> Option<bool> {
        let it = self.situation.instance(at)?;
        if period_on(it, status, day).is_some() {
            return Some(true);
        }
        is_complete(it, status, day).then_some(false)
    }

    pub(super) fn status_start(&self, status: ItemId, at: InstanceId, day: Day) -> Value {
        let period = self
            .situation
            .instance(at)
            .and_then(|it| period_on(it, status, day));
        period.map_or(Value::Unknown, |p| Value::Day(p.from))
    }

    pub(super) fn status_end(&self, status: ItemId, at: InstanceId, day: Day) -> Value {
        let period = self
            .situation
            .instance(at)
            .and_then(|it| period_on(it, status, day));
        period.and_then(|p| p.to).map_or(Value::Unknown, Value::Day)
    }

    /// 当时(item, day) of an instance.
    pub fn as_of(&mut self, item: ItemId, at: InstanceId, day: Day) -> Value {
        let (program, situation) = (self.program, self.situation);
        let Some(it) = situation.instance(at) else {
            return Value::Unknown;
        };
        if let Some(record) = it
            .history
            .iter()
            .rev()
            .find(|r| r.item == item && r.covers(day))
        {
            return record.value;
        }
        match program.item(item).map(|i| &i.body) {
            Some(Body::Status) => self.status_on(item, at, day).into(),
            Some(Body::StatusStart(status)) => self.status_start(*status, at, day),
            Some(Body::StatusEnd(status)) => self.status_end(*status, at, day),
            Some(Body::Param(_)) => self.param_on(item, at, day),
            _ => Value::Unknown,
        }
    }

    pub(super) fn given_ever(&self, status: ItemId, at: InstanceId) -> Option<bool> {
        let it = self.situation.instance(at)?;
        it.ever
            .iter()
            .find(|(s, _)| *s == status)
            .and_then(|(_, v)| v.truth())
    }

    /// 曾(status, from, to) of an instance: whether it was held on any day between.
    pub fn ever(&self, status: ItemId, at: InstanceId, from: Day, to: Day) -> Option<bool> {
        let it = self.situation.instance(at)?;
        if let Some((_, value)) = it.ever.iter().find(|(s, _)| *s == status) {
            return value.truth();
        }
        if to < from {
            return Some(false);
        }
        let overlaps = |start: Option<Day>, end: Option<Day>| {
            start.is_none_or(|s| s <= to) && end.is_none_or(|e| from <= e)
        };
        let held = it
            .periods
            .iter()
            .any(|p| p.status == status && overlaps(Some(p.from), p.to))
            || it.history.iter().any(|r| {
                r.item == status && r.value == Value::Bool(true) && overlaps(r.from, r.to)
            });
        if held {
            return Some(true);
        }
        is_complete(it, status, from).then_some(false)
    }
}
