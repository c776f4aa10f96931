//! Expressions, in Kleene's logic.

use super::{Evaluator, NoteKind, Place, num, order};
use crate::plan::{Arith, Expr, ExprKind, ItemId, Moment, Step, Window};
use crate::situation::InstanceId;
use crate::value::{Ratio, Value};
use domain::{Day, Month, add_months, age_in_years, full_months};
use std::cmp::Ordering;

/// The bit of a member in a set.
pub(crate) fn bit(member: u16) -> u64 {
    1_u64.checked_shl(u32::from(member)).unwrap_or(0)
}

fn whole_i32(value: Value) -> Option<i32> {
    match value {
        Value::Num(n) if n.den() == 1 => i32::try_from(n.num()).ok(),
        _ => None,
    }
}

impl<'p> Evaluator<'p> {
    /// The value of an expression at a place.
    pub(crate) fn expr(&mut self, e: &'p Expr, place: Place) -> Value {
        match &e.kind {
            ExprKind::Literal(value) => *value,
            ExprKind::Moment(moment) => self.moment(*moment).map_or(Value::Unknown, Value::Day),
            ExprKind::Ref(item, step) => self.reference(*item, *step, place),
            ExprKind::Param(item, keys) => self.param(*item, keys, place),
            ExprKind::Not(_)
            | ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::Compare(..)
            | ExprKind::OneOf(..)
            | ExprKind::InClasses(..)
            | ExprKind::Within(..)
            | ExprKind::Known(_)
            | ExprKind::Ever(..) => self.test(e, place).into(),
            ExprKind::Arith(op, a, b) => match (self.expr(a, place), self.expr(b, place)) {
                (Value::Num(a), Value::Num(b)) => self.arith(*op, a, b),
                _ => Value::Unknown,
            },
            ExprKind::Negate(a) => match self.expr(a, place) {
                Value::Num(a) => self.number(a.neg()),
                _ => Value::Unknown,
            },
            ExprKind::If(cond, yes, no) => match self.truth(cond, place) {
                Some(true) => self.expr(yes, place),
                Some(false) => self.expr(no, place),
                None => Value::Unknown,
            },
            ExprKind::Greatest(parts) => self.extreme(parts, Ordering::Greater, place),
            ExprKind::Least(parts) => self.extreme(parts, Ordering::Less, place),
            ExprKind::Between(x, a, b) => self.between(x, a, b, place),
            ExprKind::Aggregate(aggregate) => self.aggregate(aggregate, place),
            ExprKind::AsOf(item, step, day) => {
                match (self.expr(day, place), self.there(*item, *step, place)) {
                    (Value::Day(day), Some(at)) => self.as_of(*item, at, day),
                    _ => Value::Unknown,
                }
            }
            ExprKind::Age(..)
            | ExprKind::Days(..)
            | ExprKind::FullMonths(..)
            | ExprKind::NextMonth(_)
            | ExprKind::PlusMonths(..) => self.calendar(e, place),
        }
    }

    /// The answer of a yes-or-no expression.
    pub(crate) fn truth(&mut self, e: &'p Expr, place: Place) -> Option<bool> {
        self.expr(e, place).truth()
    }

    fn test(&mut self, e: &'p Expr, place: Place) -> Option<bool> {
        match &e.kind {
            ExprKind::Not(a) => self.truth(a, place).map(|a| !a),
            ExprKind::And(parts) => self.all(parts, place),
            ExprKind::Or(parts) => self.any(parts, place),
            ExprKind::Compare(op, a, b) => {
                let a = self.expr(a, place);
                if a.is_known() {
                    num::compare(*op, a, self.expr(b, place))
                } else {
                    None
                }
            }
            ExprKind::OneOf(x, set) => self.one_of(x, set, place),
            ExprKind::InClasses(x, set) => match (self.expr(x, place), self.expr(set, place)) {
                (Value::Sym(member), Value::Set(set)) => Some(set & bit(member) != 0),
                _ => None,
            },
            ExprKind::Within(x, window) => {
                let Value::Day(day) = self.expr(x, place) else {
                    return None;
                };
                let (from, to) = self.window(window, place)?;
                Some(from <= day && day <= to)
            }
            ExprKind::Known(x) => match self.expr(x, place).is_known() {
                false if self.is_open(x) => None,
                known => Some(known),
            },
            ExprKind::Ever(item, step, from, to) => {
                let at = self.there(*item, *step, place)?;
                match (self.expr(from, place), self.expr(to, place)) {
                    (Value::Day(from), Value::Day(to)) => self.ever(*item, at, from, to),
                    _ => self.given_ever(*item, at),
                }
            }
            _ => None,
        }
    }

    fn all(&mut self, parts: &'p [Expr], place: Place) -> Option<bool> {
        let mut answer = Some(true);
        for part in parts {
            match self.truth(part, place) {
                Some(true) => {}
                Some(false) => return Some(false),
                None => answer = None,
            }
        }
        answer
    }

    fn any(&mut self, parts: &'p [Expr], place: Place) -> Option<bool> {
        let mut answer = Some(false);
        for part in parts {
            match self.truth(part, place) {
                Some(false) => {}
                Some(true) => return Some(true),
                None => answer = None,
            }
        }
        answer
    }

    fn one_of(&mut self, x: &'p Expr, set: &'p [Expr], place: Place) -> Option<bool> {
        let x = self.expr(x, place);
        if !x.is_known() {
            return None;
        }
        let mut answer = Some(false);
        for member in set {
            match self.expr(member, place) {
                Value::Unknown => answer = None,
                value if value == x => return Some(true),
                _ => {}
            }
        }
        answer
    }

    fn extreme(&mut self, parts: &'p [Expr], toward: Ordering, place: Place) -> Value {
        let mut best: Option<Value> = None;
        for part in parts {
            let value = self.expr(part, place);
            let wins = match (best, value) {
                (None, v) => v.is_known(),
                (Some(Value::Num(b)), Value::Num(v)) => order(v, b) == toward,
                (Some(Value::Day(b)), Value::Day(v)) => v.cmp(&b) == toward,
                (Some(Value::Sym(b)), Value::Sym(v)) => v.cmp(&b) == toward,
                _ => return Value::Unknown,
            };
            match (wins, best) {
                (true, _) => best = Some(value),
                (false, None) => return Value::Unknown,
                (false, Some(_)) => {}
            }
        }
        best.unwrap_or(Value::Unknown)
    }

    fn between(&mut self, x: &'p Expr, a: &'p Expr, b: &'p Expr, place: Place) -> Value {
        let (Value::Num(x), Value::Num(a), Value::Num(b)) = (
            self.expr(x, place),
            self.expr(a, place),
            self.expr(b, place),
        ) else {
            return Value::Unknown;
        };
        let top = if order(x, b) == Ordering::Greater {
            b
        } else {
            x
        };
        if order(top, a) == Ordering::Greater {
            self.arith(Arith::Sub, top, a)
        } else {
            Value::Num(Ratio::ZERO)
        }
    }

    pub(super) fn arith(&mut self, op: Arith, a: Ratio, b: Ratio) -> Value {
        if op == Arith::Div && b == Ratio::ZERO {
            self.note(NoteKind::DivisionByZero);
            return Value::Unknown;
        }
        self.number(num::arith(op, a, b))
    }

    fn reference(&mut self, item: ItemId, step: Step, place: Place) -> Value {
        if step == Step::Row {
            let Some((list, row)) = place.row else {
                return Value::Unknown;
            };
            return self.row_value(item, list, usize::try_from(row).unwrap_or(usize::MAX));
        }
        match self.there(item, step, place) {
            Some(at) => self.item(
                item,
                Place {
                    owner: at,
                    row: place.row,
                },
            ),
            None => Value::Unknown,
        }
    }

    /// The instance a step leads to.
    pub(crate) fn there(&self, item: ItemId, step: Step, place: Place) -> Option<InstanceId> {
        match step {
            Step::Own => Some(place.owner),
            Step::Row => self.target(place),
            Step::Household => self.situation.instance(place.owner)?.household,
            Step::Area => self.area_of(item, place.owner),
        }
    }

    /// 本地: the nearest area upward of which the quantity, or anything at all, is known.
    fn area_of(&self, item: ItemId, at: InstanceId) -> Option<InstanceId> {
        let is_fact = self
            .program
            .item(item)
            .is_some_and(|i| matches!(i.body, crate::plan::Body::Fact));
        let nearest = self.situation.instance(at)?.home_area?;
        let mut here = nearest;
        // Areas have five levels; the bound only stops a situation that was built in a circle.
        for _ in 0..8 {
            let area = self.situation.instance(here)?;
            let speaks = area.given.iter().any(|g| !is_fact || g.item == item)
                || area.history.iter().any(|r| r.item == item);
            if speaks {
                return Some(here);
            }
            match area.home_area {
                Some(above) => here = above,
                None => break,
            }
        }
        Some(nearest)
    }

    /// A named day of the run.
    pub(crate) fn moment(&self, moment: Moment) -> Option<Day> {
        let month = self.moments.month;
        match moment {
            Moment::Base => Some(self.moments.base),
            Moment::MonthStart => Some(month.first()),
            Moment::MonthEnd => Some(month.last()),
            Moment::LastMonthEnd => Some(month.prev().last()),
            Moment::YearStart => Day::new(month.year(), 1, 1),
            Moment::Acceptance => self.moments.acceptance,
            Moment::Decision => self.moments.decision,
        }
    }

    /// First and last day of a window.
    pub(crate) fn window(&mut self, window: &'p Window, place: Place) -> Option<(Day, Day)> {
        let (base, month) = (self.moments.base, self.moments.month);
        match window {
            Window::ThisMonth => Some((month.first(), month.last())),
            Window::LastMonth => Some((month.prev().first(), month.prev().last())),
            Window::ThisYear => Some((
                Day::new(month.year(), 1, 1)?,
                Day::new(month.year(), 12, 31)?,
            )),
            Window::PastMonths(n) => {
                let n = whole_i32(self.expr(n, place))?;
                let this = Month::containing(base);
                Some((this.add(n.checked_neg()?).first(), this.prev().last()))
            }
            Window::PastDays(n) => {
                let n = whole_i32(self.expr(n, place))?;
                Some((
                    base.add_days(i64::from(n).checked_neg()?)?,
                    base.add_days(-1)?,
                ))
            }
        }
    }

    fn calendar(&mut self, e: &'p Expr, place: Place) -> Value {
        let answer = match &e.kind {
            ExprKind::Age(birth, at) => self
                .days(birth, at, place)
                .map(|(b, a)| Value::whole(i128::from(age_in_years(b, a)))),
            ExprKind::Days(from, to) => self
                .days(from, to, place)
                .map(|(f, t)| Value::whole(i128::from(f.days_until(t)))),
            ExprKind::FullMonths(from, to) => self
                .days(from, to, place)
                .map(|(f, t)| Value::whole(i128::from(full_months(f, t)))),
            ExprKind::NextMonth(day) => match self.expr(day, place) {
                Value::Day(day) => Some(Value::Day(Month::containing(day).next().first())),
                _ => None,
            },
            ExprKind::PlusMonths(day, n) => match (self.expr(day, place), self.expr(n, place)) {
                (Value::Day(day), n) => whole_i32(n)
                    .and_then(|n| add_months(day, n))
                    .map(Value::Day),
                _ => None,
            },
            _ => None,
        };
        answer.unwrap_or(Value::Unknown)
    }

    fn days(&mut self, a: &'p Expr, b: &'p Expr, place: Place) -> Option<(Day, Day)> {
        match (self.expr(a, place), self.expr(b, place)) {
            (Value::Day(a), Value::Day(b)) => Some((a, b)),
            _ => None,
        }
    }
}
