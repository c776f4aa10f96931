//! 暂计: between which two numbers an unknown quantity lies, from what is known and from the
//! ranges of facts.md. Only for telling people; no judgement reads it.

use super::{Evaluator, Place, ends, num, order};
use crate::plan::{
    Aggregate, AggregateKind, AmountRow, Arith, Body, Bounds, Expr, ExprKind, ItemId, Step,
};
use crate::value::{Ratio, Value};
use std::cmp::Ordering;

/// 上下限: least and greatest possible value, in the machine's scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// Least.
    pub low: Ratio,
    /// Greatest.
    pub high: Ratio,
}

impl Range {
    const ZERO: Self = Self {
        low: Ratio::ZERO,
        high: Ratio::ZERO,
    };

    fn point(n: Ratio) -> Self {
        Self { low: n, high: n }
    }

    fn of(bounds: Option<Bounds>) -> Option<Self> {
        ends(bounds?).map(|(low, high)| Self { low, high })
    }

    fn union(self, other: Self) -> Self {
        Self {
            low: least(self.low, other.low),
            high: most(self.high, other.high),
        }
    }

    fn each(self, other: Self, f: impl Fn(Ratio, Ratio) -> Ratio) -> Self {
        Self {
            low: f(self.low, other.low),
            high: f(self.high, other.high),
        }
    }

    fn arith(self, op: Arith, other: Self) -> Option<Self> {
        let corners = match op {
            Arith::Add => [
                num::arith(op, self.low, other.low),
                num::arith(op, self.high, other.high),
            ],
            Arith::Sub => [
                num::arith(op, self.low, other.high),
                num::arith(op, self.high, other.low),
            ],
            Arith::Mul | Arith::Div => {
                let spans_zero = other.low <= Ratio::ZERO && Ratio::ZERO <= other.high;
                if op == Arith::Div && spans_zero {
                    return None;
                }
                let low = self.corner(op, other, least)?;
                [Some(low), self.corner(op, other, most)]
            }
        };
        let [low, high] = corners;
        Some(Self {
            low: low?,
            high: high?,
        })
    }

    fn corner(self, op: Arith, other: Self, pick: fn(Ratio, Ratio) -> Ratio) -> Option<Ratio> {
        let first = num::arith(op, self.low, other.low)?;
        let second = num::arith(op, self.low, other.high)?;
        let third = num::arith(op, self.high, other.low)?;
        let fourth = num::arith(op, self.high, other.high)?;
        Some(pick(pick(first, second), pick(third, fourth)))
    }
}

fn least(a: Ratio, b: Ratio) -> Ratio {
    if order(a, b) == Ordering::Greater {
        b
    } else {
        a
    }
}

fn most(a: Ratio, b: Ratio) -> Ratio {
    if order(a, b) == Ordering::Less { b } else { a }
}

impl<'p> Evaluator<'p> {
    /// Between which numbers a quantity lies; none when nothing bounds it.
    pub(crate) fn range_of(&mut self, id: ItemId, place: Place) -> Option<Range> {
        if let Value::Num(n) = self.item(id, place) {
            return Some(Range::point(n));
        }
        if let Some(range) = self.ranges.get(&(id, place)) {
            return *range;
        }
        let program = self.program;
        let item = program.item(id)?;
        let given = match place.row {
            Some((list, row)) => self
                .situation
                .given_in_row(list, usize::try_from(row).unwrap_or(usize::MAX), id)
                .is_some(),
            None => self.situation.given(place.owner, id).is_some(),
        };
        // The bounds stand in while the range is worked out, so that a loop ends.
        let outer = Range::of(item.bounds);
        self.ranges.insert((id, place), outer);
        let inner = match &item.body {
            Body::Formula { expr, rounding } if !given => {
                let exact = self.range(expr, place);
                match (exact, rounding) {
                    (Some(r), Some(how)) => r
                        .low
                        .round(*how)
                        .zip(r.high.round(*how))
                        .map(|(low, high)| Range { low, high }),
                    (exact, _) => exact,
                }
            }
            Body::Itemise { mode, rows } if !given => match self.adds_up(*mode, place) {
                Some(adds_up) => self.range_of_rows(rows, adds_up, place),
                None => None,
            },
            _ => None,
        };
        let range = tighter(inner, outer);
        self.ranges.insert((id, place), range);
        range
    }

    fn range_of_rows(
        &mut self,
        rows: &'p [AmountRow],
        adds_up: bool,
        place: Place,
    ) -> Option<Range> {
        let mut total: Option<Range> = None;
        for row in rows {
            let range = self.range_of_row(row, place)?;
            total = Some(match total {
                None => range,
                Some(sum) if adds_up => sum.arith(Arith::Add, range)?,
                Some(best) => best.each(range, most),
            });
        }
        Some(total.unwrap_or(Range::ZERO))
    }

    /// Between which numbers a row of 分项 lies.
    pub(crate) fn range_of_row(&mut self, row: &'p AmountRow, place: Place) -> Option<Range> {
        if let Value::Num(n) = self.amount(row, place) {
            return Some(Range::point(n));
        }
        let mut range = self.range(&row.amount, place)?;
        if let Some(cap) = &row.cap {
            range = range.each(self.range(cap, place)?, least);
        }
        let certain = row
            .when
            .as_ref()
            .is_none_or(|when| self.truth(when, place) == Some(true));
        Some(if certain {
            range
        } else {
            range.union(Range::ZERO)
        })
    }

    /// Between which numbers an expression lies.
    pub(crate) fn range(&mut self, e: &'p Expr, place: Place) -> Option<Range> {
        if let Value::Num(n) = self.expr(e, place) {
            return Some(Range::point(n));
        }
        let inner = match &e.kind {
            ExprKind::Ref(item, step) => self.range_of_reference(*item, *step, place),
            ExprKind::Arith(op, a, b) => match (self.range(a, place), self.range(b, place)) {
                (Some(a), Some(b)) => a.arith(*op, b),
                _ => None,
            },
            ExprKind::If(cond, yes, no) => match self.truth(cond, place) {
                Some(true) => self.range(yes, place),
                Some(false) => self.range(no, place),
                None => match (self.range(yes, place), self.range(no, place)) {
                    (Some(yes), Some(no)) => Some(yes.union(no)),
                    _ => None,
                },
            },
            ExprKind::Greatest(parts) => self.range_of_extreme(parts, most, place),
            ExprKind::Least(parts) => self.range_of_extreme(parts, least, place),
            ExprKind::Aggregate(aggregate) => self.range_of_sum(aggregate, place),
            _ => None,
        };
        tighter(inner, Range::of(e.bounds))
    }

    fn range_of_reference(&mut self, item: ItemId, step: Step, place: Place) -> Option<Range> {
        let is_row = matches!(self.program.item(item)?.home, crate::plan::Home::Rows(_));
        if is_row {
            return self.range_of(item, place);
        }
        let at = self.there(item, step, place)?;
        self.range_of(item, Place::own(at))
    }

    fn range_of_extreme(
        &mut self,
        parts: &'p [Expr],
        pick: fn(Ratio, Ratio) -> Ratio,
        place: Place,
    ) -> Option<Range> {
        let mut all: Option<Range> = None;
        for part in parts {
            let range = self.range(part, place)?;
            all = Some(all.map_or(range, |r| r.each(range, pick)));
        }
        all
    }

    /// The rows that have come, with what the unknown ones may be. None for an incomplete list.
    pub(crate) fn range_of_sum(&mut self, aggregate: &'p Aggregate, place: Place) -> Option<Range> {
        let situation = self.situation;
        let value = aggregate
            .value
            .as_ref()
            .filter(|_| aggregate.kind == AggregateKind::Sum)?;
        let list = situation.list_of(place.owner, aggregate.relation)?;
        let rows = situation.list(list).filter(|l| l.complete)?;
        let mut sum = Range::ZERO;
        for row in 0..rows.rows.len() {
            let at = Place::row(place.owner, list, row);
            let range = match self.counts(aggregate, at) {
                Some(false) => continue,
                Some(true) => self.range(value, at)?,
                None => self.range(value, at)?.union(Range::ZERO),
            };
            sum = sum.arith(Arith::Add, range)?;
        }
        Some(sum)
    }
}

fn tighter(inner: Option<Range>, outer: Option<Range>) -> Option<Range> {
    match (inner, outer) {
        (Some(inner), Some(outer)) => Some(Range {
            low: most(inner.low, outer.low),
            high: least(inner.high, outer.high),
        }),
        (inner, outer) => inner.or(outer),
    }
}
