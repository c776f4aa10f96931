//! Expressions as DataFusion expressions over the columns of one table, in Kleene's logic.

use super::functions::Function;
use super::layout::{AggregateStep, Col, Link, Step};
use super::number::{Den, Fraction, Range, operator, whole};
use super::{Builder, Cell, day_constant, truth_constant};
use crate::error::Result;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{self as df, Operator, binary_expr, lit};
use domain::{Day, Month};
use rules::plan::{Aggregate, AggregateKind, Arith, Compare, Expr, ExprKind, Home, Window};
use rules::value::Value;

impl Builder<'_> {
    /// The value of an expression over the table at hand.
    pub(crate) fn expr(&mut self, e: &Expr, place: Home) -> Result<Cell> {
        match &e.kind {
            ExprKind::Literal(value) => self.constant(*value, e.ty),
            ExprKind::Moment(moment) => Ok(Cell::Day(day_constant(self.moment(*moment)))),
            ExprKind::Ref(item, step) => self.read(*item, *step, place),
            ExprKind::Param(item, keys) => self.param(*item, keys, place),
            ExprKind::Not(_)
            | ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::Compare(..)
            | ExprKind::OneOf(..)
            | ExprKind::InClasses(..)
            | ExprKind::Within(..)
            | ExprKind::Known(_) => Ok(Cell::Bool(Col::tree(self.test(e, place)?))),
            ExprKind::Arith(op, a, b) => {
                let (a, b) = (self.number(a, place)?, self.number(b, place)?);
                self.arith(*op, a, b, place).map(Cell::Num)
            }
            ExprKind::Negate(a) => {
                let a = self.number(a, place)?;
                Ok(Cell::Num(self.negate(&a)))
            }
            ExprKind::If(when, yes, no) => {
                let when = self.truth(when, place)?;
                let (yes, no) = (self.expr(yes, place)?, self.expr(no, place)?);
                self.choose(when, yes, no, place)
            }
            ExprKind::Greatest(parts) => self.extreme_of(parts, true, place),
            ExprKind::Least(parts) => self.extreme_of(parts, false, place),
            ExprKind::Between(x, a, b) => self.between(x, a, b, place),
            ExprKind::Aggregate(aggregate) => self.aggregate(aggregate, place),
            ExprKind::AsOf(item, step, day) => self.as_of(*item, *step, day, place),
            ExprKind::Ever(item, step, from, to) => self.ever(*item, *step, from, to, place),
            ExprKind::Age(..) | ExprKind::Days(..) | ExprKind::FullMonths(..) => {
                self.count_of_time(e, place)
            }
            ExprKind::NextMonth(day) => {
                let day = self.day(day, place)?;
                let call = vec![day.expr, lit(1_i64), lit(1_i64)];
                Ok(Cell::Day(Col::tree(Function::MonthStart.call(call))))
            }
            ExprKind::PlusMonths(day, n) => {
                let (day, n) = (self.day(day, place)?, self.number(n, place)?);
                let call = vec![day.expr, n.num.expr, n.den.col().expr];
                Ok(Cell::Day(Col::tree(Function::PlusMonths.call(call))))
            }
        }
    }

    /// The answer of a yes-or-no expression.
    pub(crate) fn truth(&mut self, e: &Expr, place: Home) -> Result<df::Expr> {
        match self.expr(e, place)? {
            Cell::Bool(col) => Ok(col.expr),
            Cell::Num(_) | Cell::Day(_) | Cell::Sym(_) | Cell::Set(_) => self.refuse("不是是否"),
        }
    }

    /// A number.
    pub(crate) fn number(&mut self, e: &Expr, place: Home) -> Result<Fraction> {
        match self.expr(e, place)? {
            Cell::Num(number) => Ok(number),
            Cell::Bool(_) | Cell::Day(_) | Cell::Sym(_) | Cell::Set(_) => self.refuse("不是数"),
        }
    }

    fn day(&mut self, e: &Expr, place: Home) -> Result<Col> {
        match self.expr(e, place)? {
            Cell::Day(col) => Ok(col),
            Cell::Num(_) | Cell::Bool(_) | Cell::Sym(_) | Cell::Set(_) => self.refuse("不是日期"),
        }
    }

    fn test(&mut self, e: &Expr, place: Home) -> Result<df::Expr> {
        match &e.kind {
            ExprKind::Not(a) => Ok(df::Expr::Not(Box::new(self.truth(a, place)?))),
            ExprKind::And(parts) => self.join_tests(parts, Operator::And, true, place),
            ExprKind::Or(parts) => self.join_tests(parts, Operator::Or, false, place),
            ExprKind::Compare(op, a, b) => {
                let (a, b) = (self.expr(a, place)?, self.expr(b, place)?);
                self.compare(*op, a, b)
            }
            ExprKind::OneOf(x, set) => {
                let x = self.expr(x, place)?;
                let x = self.settle_cell(place, x)?;
                let mut answer = None;
                for member in set {
                    let member = self.expr(member, place)?;
                    let same = self.compare(Compare::Equal, x.clone(), member)?;
                    answer = Some(either(answer, same, Operator::Or));
                }
                Ok(answer.unwrap_or_else(|| lit(false)))
            }
            ExprKind::InClasses(x, set) => match (self.expr(x, place)?, self.expr(set, place)?) {
                (Cell::Sym(member), Cell::Set(set)) => {
                    Ok(Function::InSet.call(vec![member.expr, set.expr]))
                }
                _ => self.refuse("属于 的两边不是一个枚举"),
            },
            ExprKind::Within(x, window) => self.within(x, window, place),
            ExprKind::Known(x) => {
                let cell = self.expr(x, place)?;
                let known = cell
                    .parts()
                    .into_iter()
                    .map(|(col, _)| col.expr.is_not_null());
                Ok(known.reduce(df::Expr::and).unwrap_or_else(|| lit(false)))
            }
            _ => self.refuse("不是判断"),
        }
    }

    fn join_tests(
        &mut self,
        parts: &[Expr],
        op: Operator,
        of_none: bool,
        place: Home,
    ) -> Result<df::Expr> {
        let mut answer = None;
        for part in parts {
            let part = self.truth(part, place)?;
            answer = Some(either(answer, part, op));
        }
        Ok(answer.unwrap_or_else(|| lit(of_none)))
    }

    /// A comparison of two values of one type; unknown as soon as one of them is.
    pub(crate) fn compare(&mut self, op: Compare, a: Cell, b: Cell) -> Result<df::Expr> {
        Ok(match (a, b) {
            (Cell::Num(a), Cell::Num(b)) => self.compare_numbers(op, &a, &b),
            (Cell::Bool(a), Cell::Bool(b))
            | (Cell::Day(a), Cell::Day(b))
            | (Cell::Sym(a), Cell::Sym(b))
            | (Cell::Set(a), Cell::Set(b)) => binary_expr(a.expr, operator(op), b.expr),
            _ => return self.refuse("比较的两边不是一类"),
        })
    }

    pub(crate) fn arith(
        &mut self,
        op: Arith,
        a: Fraction,
        b: Fraction,
        place: Home,
    ) -> Result<Fraction> {
        match op {
            Arith::Add => self.add(place, a, b),
            Arith::Sub => {
                let b = self.negate(&b);
                self.add(place, a, b)
            }
            Arith::Mul => Ok(self.multiply(&a, &b)),
            Arith::Div => self.divide(place, a, b),
        }
    }

    /// 若 when 则 yes 否则 no; null when `when` is null.
    pub(crate) fn choose(
        &mut self,
        when: df::Expr,
        yes: Cell,
        no: Cell,
        place: Home,
    ) -> Result<Cell> {
        let pick = |yes: Col, no: Col| {
            Col::tree(Function::Choose.call(vec![when.clone(), yes.expr, no.expr]))
        };
        Ok(match (yes, no) {
            (Cell::Num(yes), Cell::Num(no)) => Cell::Num(self.choose_number(place, when, yes, no)?),
            (Cell::Bool(yes), Cell::Bool(no)) => Cell::Bool(pick(yes, no)),
            (Cell::Day(yes), Cell::Day(no)) => Cell::Day(pick(yes, no)),
            (Cell::Sym(yes), Cell::Sym(no)) => Cell::Sym(pick(yes, no)),
            (Cell::Set(yes), Cell::Set(no)) => Cell::Set(pick(yes, no)),
            _ => return self.refuse("两个分支不是一类"),
        })
    }

    fn extreme_of(&mut self, parts: &[Expr], greatest: bool, place: Home) -> Result<Cell> {
        let mut best: Option<Cell> = None;
        for part in parts {
            let value = self.expr(part, place)?;
            best = Some(match (best, value) {
                (None, value) => value,
                (Some(Cell::Num(a)), Cell::Num(b)) => {
                    Cell::Num(self.extreme(place, greatest, a, b)?)
                }
                (Some(a), b) => {
                    let (a, b) = (self.settle_cell(place, a)?, self.settle_cell(place, b)?);
                    let op = if greatest {
                        Compare::AtLeast
                    } else {
                        Compare::AtMost
                    };
                    let when = self.compare(op, a.clone(), b.clone())?;
                    self.choose(when, a, b, place)?
                }
            });
        }
        match best {
            Some(best) => Ok(best),
            None => self.refuse("最大、最小 里没有数"),
        }
    }

    /// The part of x between a and b: what of the lesser of x and b exceeds a, never below 0.
    fn between(&mut self, x: &Expr, a: &Expr, b: &Expr, place: Home) -> Result<Cell> {
        let (x, a, b) = (
            self.number(x, place)?,
            self.number(a, place)?,
            self.number(b, place)?,
        );
        let top = self.extreme(place, false, x, b)?;
        let less = self.negate(&a);
        let part = self.add(place, top, less)?;
        let zero = Fraction {
            num: whole(0),
            den: Den::Fixed(1),
            range: Range::one(0),
        };
        Ok(Cell::Num(self.extreme(place, true, part, zero)?))
    }

    fn count_of_time(&mut self, e: &Expr, place: Home) -> Result<Cell> {
        let (function, from, to) = match &e.kind {
            ExprKind::Age(birth, at) => (Function::Age, birth, at),
            ExprKind::Days(from, to) => (Function::Days, from, to),
            ExprKind::FullMonths(from, to) => (Function::FullMonths, from, to),
            _ => return self.refuse("不是时间的计数"),
        };
        let (from, to) = (self.day(from, place)?, self.day(to, place)?);
        // Any two days of the calendar are fewer than ten million days apart.
        let far = 10_000_000;
        Ok(Cell::Num(Fraction {
            num: Col::tree(function.call(vec![from.expr, to.expr])),
            den: Den::Fixed(1),
            range: Range {
                min: -far,
                max: far,
            },
        }))
    }

    fn within(&mut self, x: &Expr, window: &Window, place: Home) -> Result<df::Expr> {
        let x = self.day(x, place)?;
        let x = self.settle(place, x, DataType::Date32)?;
        let (from, to) = self.window(window, place)?;
        let after = binary_expr(x.expr.clone(), Operator::GtEq, from.expr);
        let before = binary_expr(x.expr, Operator::LtEq, day_constant(to).expr);
        // Not AND: a window whose start is unknown has no outside either.
        Ok(Function::Choose.call(vec![after, before, truth_constant(Some(false)).expr]))
    }

    fn window(&mut self, window: &Window, place: Home) -> Result<(Col, Option<Day>)> {
        let (base, month) = (self.moments.base, self.moments.month);
        let fixed = |from: Day, to: Day| (day_constant(Some(from)), Some(to));
        Ok(match window {
            Window::ThisMonth => fixed(month.first(), month.last()),
            Window::LastMonth => fixed(month.prev().first(), month.prev().last()),
            Window::ThisYear => (
                day_constant(Day::new(month.year(), 1, 1)),
                Day::new(month.year(), 12, 31),
            ),
            Window::PastMonths(n) => {
                let this = Month::containing(base);
                (
                    self.back(Function::MonthStart, n, place)?,
                    Some(this.prev().last()),
                )
            }
            Window::PastDays(n) => (self.back(Function::PlusDays, n, place)?, base.add_days(-1)),
        })
    }

    /// The day that far before 基准日.
    fn back(&mut self, function: Function, n: &Expr, place: Home) -> Result<Col> {
        let n = self.number(n, place)?;
        let n = self.negate(&n);
        let base = day_constant(Some(self.moments.base));
        let from = Col::tree(function.call(vec![base.expr, n.num.expr, n.den.col().expr]));
        self.settle(place, from, DataType::Date32)
    }

    /// A total over the rows of the owner; in a row, the owner's total.
    fn aggregate(&mut self, aggregate: &Aggregate, place: Home) -> Result<Cell> {
        let rows = Home::Rows(aggregate.relation);
        let owner = Home::Entity(self.relation(aggregate.relation)?.owner);
        let filter = match &aggregate.filter {
            None => None,
            Some(filter) => {
                let filter = self.truth(filter, rows)?;
                Some(self.column(rows, Col::tree(filter), DataType::Boolean)?)
            }
        };
        let value = match &aggregate.value {
            None => None,
            Some(value) => Some(self.number(value, rows)?),
        };
        let (value, den, range) = match value {
            None => (None, 1, Range::one(1)),
            Some(value) => {
                let Den::Fixed(den) = value.den else {
                    return self.refuse("合计的各行分母不同,请先写取整");
                };
                let slot = self.column(rows, value.num, DataType::Int64)?;
                (Some(slot), den, value.range)
            }
        };
        let at_most = i128::from(self.relation(aggregate.relation)?.at_most);
        let data_type = match aggregate.kind {
            AggregateKind::Any | AggregateKind::All => DataType::Boolean,
            AggregateKind::Sum
            | AggregateKind::KnownSum
            | AggregateKind::Persons
            | AggregateKind::Rows => DataType::Int64,
        };
        let out = self.slot(owner, data_type.clone());
        let kind = aggregate.kind;
        self.push(Step::Aggregate(AggregateStep {
            kind,
            relation: aggregate.relation,
            value,
            filter,
            out,
        }));
        let col = Col::slot(out);
        let cell = if data_type == DataType::Boolean {
            Cell::Bool(col)
        } else {
            let total = Range {
                min: range.min.min(0),
                max: range.max.max(0),
            };
            let range = total.times(Range {
                min: 0,
                max: at_most,
            });
            Cell::Num(Fraction {
                num: col,
                den: Den::Fixed(den),
                range,
            })
        };
        match place {
            Home::Rows(here) => self.bring(cell, owner, &[Link::Owner(here)], false),
            Home::Entity(_) => Ok(cell),
        }
    }

    /// The set with one member where the test holds, else the empty set.
    pub(crate) fn bit_when(&self, when: df::Expr, member: u16) -> df::Expr {
        let bit = 1_u64.checked_shl(u32::from(member)).unwrap_or(0);
        let constant = |bits: u64| Col::constant(ScalarValue::UInt64(Some(bits))).expr;
        Function::Choose.call(vec![when, constant(bit), constant(0)])
    }

    /// A literal of the language, where a step needs one without an expression.
    pub(crate) fn zero(&self) -> Result<Cell> {
        self.constant(
            Value::whole(0),
            rules::plan::Type::Num(rules::unit::Unit::RATIO),
        )
    }
}

fn either(so_far: Option<df::Expr>, next: df::Expr, op: Operator) -> df::Expr {
    match so_far {
        None => next,
        Some(before) => binary_expr(before, op, next),
    }
}
