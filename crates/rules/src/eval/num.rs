//! Arithmetic of exact fractions, with a short way for whole numbers.

use crate::plan::{Arith, Bounds, Compare};
use crate::value::{Ratio, Value};
use std::cmp::Ordering;

fn whole(a: Ratio, b: Ratio) -> bool {
    a.den() == 1 && b.den() == 1
}

/// `a` and `b` by the sign between them. `None` on overflow or division by zero.
pub(crate) fn arith(op: Arith, a: Ratio, b: Ratio) -> Option<Ratio> {
    match op {
        Arith::Add if whole(a, b) => a.num().checked_add(b.num()).map(Ratio::whole),
        Arith::Sub if whole(a, b) => a.num().checked_sub(b.num()).map(Ratio::whole),
        Arith::Mul if whole(a, b) => a.num().checked_mul(b.num()).map(Ratio::whole),
        Arith::Add => a.add(b),
        Arith::Sub => a.sub(b),
        Arith::Mul => a.mul(b),
        Arith::Div => a.div(b),
    }
}

/// The order of two numbers.
pub(crate) fn order(a: Ratio, b: Ratio) -> Ordering {
    if a.den() == b.den() {
        a.num().cmp(&b.num())
    } else {
        a.cmp(&b)
    }
}

/// Whether a comparison holds; unknown if either side is, or if the two are not of a kind.
pub(crate) fn compare(op: Compare, a: Value, b: Value) -> Option<bool> {
    let order = match (a, b) {
        (Value::Num(a), Value::Num(b)) => order(a, b),
        (Value::Day(a), Value::Day(b)) => a.cmp(&b),
        (Value::Sym(a), Value::Sym(b)) => a.cmp(&b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(&b),
        (Value::Set(a), Value::Set(b)) => a.cmp(&b),
        _ => return None,
    };
    Some(match op {
        Compare::Less => order.is_lt(),
        Compare::AtMost => order.is_le(),
        Compare::Equal => order.is_eq(),
        Compare::Unequal => order.is_ne(),
        Compare::AtLeast => order.is_ge(),
        Compare::Greater => order.is_gt(),
    })
}

/// Least and greatest value that bounds allow.
pub(crate) fn ends(bounds: Bounds) -> Option<(Ratio, Ratio)> {
    let low_den = if bounds.num_min >= 0 {
        bounds.den_max
    } else {
        bounds.den_min
    };
    let high_den = if bounds.num_max >= 0 {
        bounds.den_min
    } else {
        bounds.den_max
    };
    Some((
        Ratio::new(bounds.num_min, low_den)?,
        Ratio::new(bounds.num_max, high_den)?,
    ))
}
