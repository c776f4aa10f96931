//! 合计 人数 条数 任一 全部 已知合计: a list has an answer too ("Meaning" 7).

use super::{Evaluator, Place, num};
use crate::plan::{Aggregate, AggregateKind, Arith};
use crate::situation::{InstanceId, ListId};
use crate::value::{Ratio, Value};

impl<'p> Evaluator<'p> {
    pub(super) fn aggregate(&mut self, aggregate: &'p Aggregate, place: Place) -> Value {
        let situation = self.situation;
        let list = situation.list_of(place.owner, aggregate.relation);
        let rows = list.and_then(|id| situation.list(id).map(|l| (id, l.rows.len(), l.complete)));
        // A relation nobody asked for is an incomplete list without rows.
        let (list, len, complete) = rows.unwrap_or((ListId(u32::MAX), 0, false));
        match aggregate.kind {
            AggregateKind::Any => self.decide(aggregate, place.owner, list, len, complete, true),
            AggregateKind::All => self.decide(aggregate, place.owner, list, len, complete, false),
            AggregateKind::KnownSum => self.sum(aggregate, place.owner, list, len, true),
            _ if !complete => Value::Unknown,
            AggregateKind::Sum => self.sum(aggregate, place.owner, list, len, false),
            AggregateKind::Rows => self.count(aggregate, place.owner, list, len),
            AggregateKind::Persons => self.persons(aggregate, place.owner, list, len),
        }
    }

    /// Whether a row counts.
    pub(crate) fn counts(&mut self, aggregate: &'p Aggregate, place: Place) -> Option<bool> {
        aggregate
            .filter
            .as_ref()
            .map_or(Some(true), |filter| self.truth(filter, place))
    }

    /// 任一 is settled by one true row, 全部 by one false row.
    fn decide(
        &mut self,
        aggregate: &'p Aggregate,
        owner: InstanceId,
        list: ListId,
        len: usize,
        complete: bool,
        settled_by: bool,
    ) -> Value {
        let mut all_known = complete;
        for row in 0..len {
            match self.counts(aggregate, Place::row(owner, list, row)) {
                Some(answer) if answer == settled_by => return Value::Bool(settled_by),
                Some(_) => {}
                None => all_known = false,
            }
        }
        if all_known {
            Value::Bool(!settled_by)
        } else {
            Value::Unknown
        }
    }

    fn sum(
        &mut self,
        aggregate: &'p Aggregate,
        owner: InstanceId,
        list: ListId,
        len: usize,
        only_known: bool,
    ) -> Value {
        let Some(value) = &aggregate.value else {
            return Value::Unknown;
        };
        let mut sum = Ratio::ZERO;
        for row in 0..len {
            let place = Place::row(owner, list, row);
            let amount = match self.counts(aggregate, place) {
                Some(false) => continue,
                Some(true) => self.expr(value, place),
                None => Value::Unknown,
            };
            let Value::Num(amount) = amount else {
                if only_known {
                    continue;
                }
                return Value::Unknown;
            };
            match num::arith(Arith::Add, sum, amount) {
                Some(total) => sum = total,
                None => return self.number(None),
            }
        }
        Value::Num(sum)
    }

    fn count(
        &mut self,
        aggregate: &'p Aggregate,
        owner: InstanceId,
        list: ListId,
        len: usize,
    ) -> Value {
        let mut count = 0_i128;
        for row in 0..len {
            match self.counts(aggregate, Place::row(owner, list, row)) {
                Some(true) => count = count.saturating_add(1),
                Some(false) => {}
                None => return Value::Unknown,
            }
        }
        Value::whole(count)
    }

    /// Persons are counted once, however many rows lead to them; a row that leads to nobody known
    /// is a person of its own.
    fn persons(
        &mut self,
        aggregate: &'p Aggregate,
        owner: InstanceId,
        list: ListId,
        len: usize,
    ) -> Value {
        let mut nameless = 0_i128;
        let mut persons: Vec<InstanceId> = Vec::with_capacity(len);
        for row in 0..len {
            let place = Place::row(owner, list, row);
            match (self.counts(aggregate, place), self.target(place)) {
                (Some(true), Some(target)) => persons.push(target),
                (Some(true), None) => nameless = nameless.saturating_add(1),
                (Some(false), _) => {}
                (None, _) => return Value::Unknown,
            }
        }
        persons.sort_unstable();
        persons.dedup();
        Value::whole(nameless.saturating_add(i128::try_from(persons.len()).unwrap_or(0)))
    }
}
