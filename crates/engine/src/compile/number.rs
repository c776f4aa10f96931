//! Exact fractions as columns: a numerator, and a denominator that is a constant or a column.
//!
//! Ranges are carried along, so that plain 64-bit operators are used where they cannot overflow and
//! the checked functions elsewhere. Denominators are positive.

use super::Builder;
use super::functions::{Function, Way};
use super::layout::Col;
use crate::error::Result;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, Operator, binary_expr, lit};
use rules::plan::{Bounds, Compare, Home};
use rules::value::{Ratio, Rounding};

/// Least and greatest value of a column of whole numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Range {
    pub(crate) min: i128,
    pub(crate) max: i128,
}

impl Range {
    /// Anything 64 bits hold.
    pub(crate) const ANY: Self = Self {
        min: -9_223_372_036_854_775_808,
        max: 9_223_372_036_854_775_807,
    };

    pub(crate) fn one(value: i128) -> Self {
        Self {
            min: value,
            max: value,
        }
    }

    pub(crate) fn times(self, other: Self) -> Self {
        let ends = [
            self.min.saturating_mul(other.min),
            self.min.saturating_mul(other.max),
            self.max.saturating_mul(other.min),
            self.max.saturating_mul(other.max),
        ];
        let (min, max) = ends
            .iter()
            .fold((ends[0], ends[0]), |(lo, hi), e| (lo.min(*e), hi.max(*e)));
        Self { min, max }
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            min: self.min.saturating_add(other.min),
            max: self.max.saturating_add(other.max),
        }
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self {
            min: self.min.min(other.min),
            max: self.max.max(other.max),
        }
    }

    fn fits(self) -> bool {
        self.min >= Self::ANY.min && self.max <= Self::ANY.max
    }

    /// What a column can hold at all: a checked function keeps it there.
    fn held(self) -> Self {
        Self {
            min: self.min.clamp(Self::ANY.min, Self::ANY.max),
            max: self.max.clamp(Self::ANY.min, Self::ANY.max),
        }
    }
}

/// A denominator.
#[derive(Clone, Debug)]
pub(crate) enum Den {
    /// The same for all rows, at least 1.
    Fixed(i64),
    /// A column of positive numbers.
    Varies(Col, Range),
}

impl Den {
    pub(crate) fn col(&self) -> Col {
        match self {
            Self::Fixed(den) => whole(*den),
            Self::Varies(col, _) => col.clone(),
        }
    }

    fn range(&self) -> Range {
        match self {
            Self::Fixed(den) => Range::one(i128::from(*den)),
            Self::Varies(_, range) => *range,
        }
    }
}

/// An exact number as columns.
#[derive(Clone, Debug)]
pub(crate) struct Fraction {
    pub(crate) num: Col,
    pub(crate) den: Den,
    /// Of the numerator.
    pub(crate) range: Range,
}

/// A whole number, the same for all rows.
pub(crate) fn whole(value: i64) -> Col {
    Col::constant(ScalarValue::Int64(Some(value)))
}

fn literal(col: &Col) -> Option<i64> {
    match col.literal() {
        Some(ScalarValue::Int64(value)) => *value,
        _ => None,
    }
}

fn product(a: &Col, b: &Col, range: Range) -> Col {
    match (literal(a), literal(b)) {
        (Some(1), _) => b.clone(),
        (_, Some(1)) => a.clone(),
        (Some(a), Some(b)) if a.checked_mul(b).is_some() => whole(a.wrapping_mul(b)),
        _ if range.fits() => Col::tree(binary_expr(
            a.expr.clone(),
            Operator::Multiply,
            b.expr.clone(),
        )),
        _ => Col::tree(Function::Multiply.call(vec![a.expr.clone(), b.expr.clone()])),
    }
}

fn sum(a: &Col, b: &Col, range: Range) -> Col {
    match (literal(a), literal(b)) {
        (Some(0), _) => b.clone(),
        (_, Some(0)) => a.clone(),
        _ if range.fits() => Col::tree(binary_expr(a.expr.clone(), Operator::Plus, b.expr.clone())),
        _ => Col::tree(Function::Add.call(vec![a.expr.clone(), b.expr.clone()])),
    }
}

fn gcd(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a.checked_rem(b).unwrap_or(0));
    }
    i64::try_from(a.max(1)).unwrap_or(1)
}

/// Least common multiple, when it fits.
pub(crate) fn lcm(a: i64, b: i64) -> Option<i64> {
    a.checked_div(gcd(a, b))?.checked_mul(b)
}

fn scaled(of: &Fraction, factor: i64) -> Fraction {
    let range = of.range.times(Range::one(i128::from(factor)));
    Fraction {
        num: product(&of.num, &whole(factor), range),
        den: of.den.clone(),
        range: range.held(),
    }
}

/// How a comparison is written.
pub(crate) fn operator(op: Compare) -> Operator {
    match op {
        Compare::Less => Operator::Lt,
        Compare::AtMost => Operator::LtEq,
        Compare::Equal => Operator::Eq,
        Compare::Unequal => Operator::NotEq,
        Compare::AtLeast => Operator::GtEq,
        Compare::Greater => Operator::Gt,
    }
}

impl Fraction {
    /// A constant, when it fits 64 bits.
    pub(crate) fn constant(value: Ratio) -> Option<Self> {
        Some(Self {
            num: whole(i64::try_from(value.num()).ok()?),
            den: Den::Fixed(i64::try_from(value.den()).ok()?),
            range: Range::one(value.num()),
        })
    }

    /// Nobody knows.
    pub(crate) fn unknown() -> Self {
        Self {
            num: Col::constant(ScalarValue::Int64(None)),
            den: Den::Fixed(1),
            range: Range::one(0),
        }
    }

    /// A column of numerators within bounds, over their constant denominator (1 without bounds).
    pub(crate) fn column(num: Col, bounds: Option<Bounds>) -> Self {
        let den = fact_den(bounds);
        let range = bounds.map_or(Range::ANY, |b| Range {
            min: b.num_min,
            max: b.num_max,
        });
        Self {
            num,
            den: Den::Fixed(den),
            range: range.held(),
        }
    }
}

/// The constant denominator of a fact's column.
pub(crate) fn fact_den(bounds: Option<Bounds>) -> i64 {
    let fixed = bounds.filter(|b| b.den_min == b.den_max);
    fixed
        .and_then(|b| i64::try_from(b.den_min).ok())
        .unwrap_or(1)
}

/// Two fractions over one constant denominator, when both denominators are constant.
pub(crate) fn over_one(a: &Fraction, b: &Fraction) -> Option<(Fraction, Fraction, i64)> {
    let (Den::Fixed(ad), Den::Fixed(bd)) = (&a.den, &b.den) else {
        return None;
    };
    let den = lcm(*ad, *bd)?;
    let mut left = scaled(a, den.checked_div(*ad)?);
    let mut right = scaled(b, den.checked_div(*bd)?);
    left.den = Den::Fixed(den);
    right.den = Den::Fixed(den);
    Some((left, right, den))
}

impl Builder<'_> {
    /// Reads its parts any number of times at no cost.
    pub(crate) fn settle_number(&mut self, place: Home, x: Fraction) -> Result<Fraction> {
        let num = self.settle(place, x.num, DataType::Int64)?;
        let den = match x.den {
            Den::Fixed(den) => Den::Fixed(den),
            Den::Varies(col, range) => {
                Den::Varies(self.settle(place, col, DataType::Int64)?, range)
            }
        };
        Ok(Fraction {
            num,
            den,
            range: x.range,
        })
    }

    /// a + b
    pub(crate) fn add(&mut self, place: Home, a: Fraction, b: Fraction) -> Result<Fraction> {
        if let Some((a, b, den)) = over_one(&a, &b) {
            let range = a.range.plus(b.range);
            let num = sum(&a.num, &b.num, range);
            return Ok(Fraction {
                num,
                den: Den::Fixed(den),
                range: range.held(),
            });
        }
        let (a, b) = (self.settle_den(place, a)?, self.settle_den(place, b)?);
        let (ad, bd) = (a.den.col(), b.den.col());
        if ad.expr == bd.expr {
            let range = a.range.plus(b.range);
            return Ok(Fraction {
                num: sum(&a.num, &b.num, range),
                den: a.den,
                range: range.held(),
            });
        }
        let (ra, rb) = (a.range.times(b.den.range()), b.range.times(a.den.range()));
        let range = ra.plus(rb);
        let num = sum(&product(&a.num, &bd, ra), &product(&b.num, &ad, rb), range);
        Ok(Fraction {
            num,
            den: times_den(&a.den, &b.den),
            range: range.held(),
        })
    }

    fn settle_den(&mut self, place: Home, x: Fraction) -> Result<Fraction> {
        let den = match x.den {
            Den::Fixed(den) => Den::Fixed(den),
            Den::Varies(col, range) => {
                Den::Varies(self.settle(place, col, DataType::Int64)?, range)
            }
        };
        Ok(Fraction { den, ..x })
    }

    /// −a
    pub(crate) fn negate(&mut self, a: &Fraction) -> Fraction {
        scaled(a, -1)
    }

    /// a × b
    pub(crate) fn multiply(&mut self, a: &Fraction, b: &Fraction) -> Fraction {
        let (a, b) = (reduced(a, b), reduced(b, a));
        let range = a.range.times(b.range);
        Fraction {
            num: product(&a.num, &b.num, range),
            den: times_den(&a.den, &b.den),
            range: range.held(),
        }
    }

    /// a ÷ b; unknown where b is zero.
    pub(crate) fn divide(&mut self, place: Home, a: Fraction, b: Fraction) -> Result<Fraction> {
        let range = a.range.times(b.den.range());
        let (mut num, mut range) = (product(&a.num, &b.den.col(), range), range);
        let (mut below, mut below_range) = (b.num.clone(), b.range);
        if b.range.min <= 0 {
            let may_be_zero = b.range.max >= 0;
            let divisor = if may_be_zero {
                Col::tree(Function::NotZero.call(vec![below.expr]))
            } else {
                below
            };
            let divisor = self.settle(place, divisor, DataType::Int64)?;
            let turned = Range::one(-1);
            let top = self.settle(place, num, DataType::Int64)?;
            let minus = |col: &Col, r: Range| product(col, &whole(-1), r.times(turned));
            let negative = divisor.expr.clone().lt(lit(0_i64));
            let pick = |col: &Col, r: Range| {
                Col::tree(Function::Choose.call(vec![
                    negative.clone(),
                    minus(col, r).expr,
                    col.expr.clone(),
                ]))
            };
            (num, below) = (pick(&top, range), pick(&divisor, below_range));
            range = range.union(range.times(turned));
            let far = below_range.min.saturating_neg().max(below_range.max);
            below_range = Range { min: 1, max: far };
        }
        let divisor = match literal(&below) {
            Some(value) => Den::Fixed(value),
            None => Den::Varies(below, below_range.held()),
        };
        Ok(Fraction {
            num,
            den: times_den(&a.den, &divisor),
            range: range.held(),
        })
    }

    /// A comparison by cross-multiplication.
    pub(crate) fn compare_numbers(&mut self, op: Compare, a: &Fraction, b: &Fraction) -> Expr {
        let (ra, rb) = (a.range.times(b.den.range()), b.range.times(a.den.range()));
        let fixed = over_one(a, b).filter(|(a, b, _)| {
            // A checked product would refuse what a comparison can still answer.
            a.range.fits() && b.range.fits() && ra.fits() && rb.fits()
        });
        if let Some((a, b, _)) = fixed {
            return binary_expr(a.num.expr, operator(op), b.num.expr);
        }
        let (ad, bd) = (a.den.col(), b.den.col());
        if ra.fits() && rb.fits() {
            let (left, right) = (product(&a.num, &bd, ra), product(&b.num, &ad, rb));
            return binary_expr(left.expr, operator(op), right.expr);
        }
        let order = Function::Order.call(vec![
            a.num.expr.clone(),
            ad.expr,
            b.num.expr.clone(),
            bd.expr,
        ]);
        binary_expr(order, operator(op), lit(0_i64))
    }

    /// 若 when 则 a 否则 b, null when `when` is null.
    pub(crate) fn choose_number(
        &mut self,
        place: Home,
        when: Expr,
        a: Fraction,
        b: Fraction,
    ) -> Result<Fraction> {
        let choose = |yes: &Col, no: &Col, when: &Expr| {
            Col::tree(Function::Choose.call(vec![when.clone(), yes.expr.clone(), no.expr.clone()]))
        };
        if let Some((a, b, den)) = over_one(&a, &b) {
            let num = choose(&a.num, &b.num, &when);
            return Ok(Fraction {
                num,
                den: Den::Fixed(den),
                range: a.range.union(b.range),
            });
        }
        let when = self.settle(place, Col::tree(when), DataType::Boolean)?.expr;
        let den = choose(&a.den.col(), &b.den.col(), &when);
        Ok(Fraction {
            num: choose(&a.num, &b.num, &when),
            den: Den::Varies(den, a.den.range().union(b.den.range())),
            range: a.range.union(b.range),
        })
    }

    /// The greater (or the lesser) of two.
    pub(crate) fn extreme(
        &mut self,
        place: Home,
        greatest: bool,
        a: Fraction,
        b: Fraction,
    ) -> Result<Fraction> {
        let a = self.settle_number(place, a)?;
        let b = self.settle_number(place, b)?;
        let op = if greatest {
            Compare::AtLeast
        } else {
            Compare::AtMost
        };
        let when = self.compare_numbers(op, &a, &b);
        let (ra, rb) = (a.range, b.range);
        let fixed = over_one(&a, &b).map(|(a, b, _)| (a.range, b.range));
        let mut out = self.choose_number(place, when, a, b)?;
        // 不低于(x, 1 人) proves that what it gives is at least 1.
        let (ra, rb) = fixed.unwrap_or((ra, rb));
        if fixed.is_some() {
            out.range = if greatest {
                Range {
                    min: ra.min.max(rb.min),
                    max: ra.max.max(rb.max),
                }
            } else {
                Range {
                    min: ra.min.min(rb.min),
                    max: ra.max.min(rb.max),
                }
            };
        }
        Ok(out)
    }

    /// A written rounding.
    pub(crate) fn round(&mut self, x: &Fraction, how: Rounding) -> Option<Fraction> {
        let p = i64::try_from(how.step.num()).ok()?;
        let q = i64::try_from(how.step.den()).ok()?;
        if let Den::Fixed(den) = x.den
            && p.checked_mul(den)? == q
        {
            return Some(x.clone());
        }
        let function = Function::Round(Way::from(how.direction), p, q);
        let num = function.call(vec![x.num.expr.clone(), x.den.col().expr]);
        let least = x.den.range().min.max(1);
        let grown = |edge: i128| {
            edge.saturating_mul(how.step.den())
                .checked_div(least)
                .unwrap_or(edge)
        };
        let step = how.step.num();
        let range = Range {
            min: grown(x.range.min.min(0)).saturating_sub(step),
            max: grown(x.range.max.max(0)).saturating_add(step),
        };
        Some(Fraction {
            num: Col::tree(num),
            den: Den::Fixed(q),
            range: range.held(),
        })
    }
}

fn times_den(a: &Den, b: &Den) -> Den {
    if let (Den::Fixed(a), Den::Fixed(b)) = (a, b)
        && let Some(den) = a.checked_mul(*b)
    {
        return Den::Fixed(den);
    }
    let range = a.range().times(b.range());
    Den::Varies(product(&a.col(), &b.col(), range), range.held())
}

/// `a` with what its constant numerator and the other's constant denominator share taken out is
/// left for `b`: 12 × (x ÷ 12) stays x.
fn reduced(a: &Fraction, b: &Fraction) -> Fraction {
    let mut out = a.clone();
    if let (Some(num), Den::Fixed(den)) = (literal(&a.num), &b.den) {
        let shared = gcd(num, *den);
        let rest = num.checked_div(shared).unwrap_or(num);
        out.num = whole(rest);
        out.range = Range::one(i128::from(rest));
    }
    if let (Den::Fixed(den), Some(num)) = (&a.den, literal(&b.num)) {
        out.den = Den::Fixed(den.checked_div(gcd(num, *den)).unwrap_or(*den));
    }
    out
}
