//! The few scalar functions DataFusion lacks: three-valued choice, exact rounding, civil months.
//!
//! Each gives null as soon as an argument it needs is null. Numbers are computed in 128 bits and
//! an answer outside 64 bits is an error, never a wrapped number.

use super::calendar;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Int64Array, PrimitiveArray,
};
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Int64Type, UInt16Type, UInt64Type,
};
use datafusion::common::{exec_datafusion_err, exec_err};
use datafusion::error::Result;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use rules::value::Direction;
use std::sync::Arc;

/// A function of the language that DataFusion lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Function {
    /// 若 c 则 a 否则 b; null when c is null, unlike CASE.
    Choose,
    /// Sum that is never wrapped.
    Add,
    /// Product that is never wrapped.
    Multiply,
    /// −1, 0 or 1 for an/ad against bn/bd.
    Order,
    /// The number itself, null instead of 0.
    NotZero,
    /// n/d rounded to multiples of p/q: the numerator over q.
    Round(Way, i64, i64),
    /// 周岁(birth, at)
    Age,
    /// 天数(from, to)
    Days,
    /// 满月数(from, to)
    FullMonths,
    /// day + n/d 月
    PlusMonths,
    /// The first day of the month n/d months away.
    MonthStart,
    /// day + n/d 天
    PlusDays,
    /// Whether the set of bits has the member.
    InSet,
}

/// Which way a rounding goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Way {
    /// 四舍五入, half away from zero.
    HalfUp,
    /// 进
    Up,
    /// 舍
    Down,
}

impl From<Direction> for Way {
    fn from(direction: Direction) -> Self {
        match direction {
            Direction::HalfUp => Self::HalfUp,
            Direction::Up => Self::Up,
            Direction::Down => Self::Down,
        }
    }
}

impl Function {
    /// The call as a logical expression.
    pub(crate) fn call(self, args: Vec<Expr>) -> Expr {
        let signature = Signature::any(args.len(), Volatility::Immutable);
        ScalarUDF::from(Udf {
            function: self,
            signature,
        })
        .call(args)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Choose => "choose",
            Self::Add => "add_exactly",
            Self::Multiply => "multiply_exactly",
            Self::Order => "order_of_fractions",
            Self::NotZero => "not_zero",
            Self::Round(..) => "round_fraction",
            Self::Age => "age_in_years",
            Self::Days => "days_between",
            Self::FullMonths => "full_months",
            Self::PlusMonths => "plus_months",
            Self::MonthStart => "month_start",
            Self::PlusDays => "plus_days",
            Self::InSet => "in_set",
        }
    }
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Udf {
    function: Function,
    signature: Signature,
}

impl ScalarUDFImpl for Udf {
    fn name(&self) -> &str {
        self.function.name()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, args: &[DataType]) -> Result<DataType> {
        Ok(match self.function {
            Function::Choose => match args.get(1) {
                Some(chosen) => chosen.clone(),
                None => return exec_err!("choose takes three arguments"),
            },
            Function::Add
            | Function::Multiply
            | Function::Order
            | Function::NotZero
            | Function::Round(..)
            | Function::Age
            | Function::Days
            | Function::FullMonths => DataType::Int64,
            Function::PlusMonths | Function::MonthStart | Function::PlusDays => DataType::Date32,
            Function::InSet => DataType::Boolean,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays: Vec<ArrayRef> = args
            .args
            .iter()
            .map(|value| value.to_array(args.number_rows))
            .collect::<Result<_>>()?;
        self.function.apply(&arrays).map(ColumnarValue::Array)
    }
}

impl Function {
    fn apply(self, args: &[ArrayRef]) -> Result<ArrayRef> {
        Ok(match (self, args) {
            (Self::Choose, [when, yes, no]) => return choose(boolean(when)?, yes, no),
            (Self::Add, [a, b]) => numbers2(a, b, |a, b| whole(a.checked_add(b)))?,
            (Self::Multiply, [a, b]) => numbers2(a, b, |a, b| whole(a.checked_mul(b)))?,
            (Self::Order, [an, ad, bn, bd]) => order(an, ad, bn, bd)?,
            (Self::NotZero, [n]) => {
                let n = number(n)?;
                Arc::new(
                    n.iter()
                        .map(|n| n.filter(|n| *n != 0))
                        .collect::<Int64Array>(),
                )
            }
            (Self::Round(way, p, q), [n, d]) => numbers2(n, d, |n, d| round(way, p, q, n, d))?,
            (Self::Age, [a, b]) => days2(a, b, calendar::age)?,
            (Self::Days, [a, b]) => days2(a, b, |a, b| i64::from(b) - i64::from(a))?,
            (Self::FullMonths, [a, b]) => days2(a, b, calendar::full_months)?,
            (Self::PlusMonths, [day, n, d]) => moved(day, n, d, calendar::add_months)?,
            (Self::MonthStart, [day, n, d]) => moved(day, n, d, calendar::month_start)?,
            (Self::PlusDays, [day, n, d]) => moved(day, n, d, |day, n| {
                i32::try_from(i64::from(day).checked_add(n)?).ok()
            })?,
            (Self::InSet, [member, set]) => in_set(member, set)?,
            (function, args) => {
                return exec_err!("{} was given {} arguments", function.name(), args.len());
            }
        })
    }
}

pub(crate) fn boolean(array: &ArrayRef) -> Result<&BooleanArray> {
    array
        .as_boolean_opt()
        .ok_or_else(|| wrong_type(array, &DataType::Boolean))
}

pub(crate) fn typed<T: ArrowPrimitiveType>(array: &ArrayRef) -> Result<&PrimitiveArray<T>> {
    array
        .as_primitive_opt::<T>()
        .ok_or_else(|| wrong_type(array, &T::DATA_TYPE))
}

pub(crate) fn number(array: &ArrayRef) -> Result<&Int64Array> {
    typed::<Int64Type>(array)
}

pub(crate) fn day(array: &ArrayRef) -> Result<&Date32Array> {
    typed::<Date32Type>(array)
}

fn wrong_type(array: &ArrayRef, want: &DataType) -> datafusion::error::DataFusionError {
    exec_datafusion_err!("a column of {want} was expected, not {}", array.data_type())
}

/// What does not fit 64 bits stops the run: the checker promised that it cannot happen.
pub(crate) fn whole(value: Option<i128>) -> Result<i64> {
    value
        .and_then(|v| i64::try_from(v).ok())
        .ok_or_else(|| exec_datafusion_err!("a number leaves the range of 64 bits"))
}

fn numbers2(
    a: &ArrayRef,
    b: &ArrayRef,
    op: impl Fn(i128, i128) -> Result<i64>,
) -> Result<ArrayRef> {
    let answers = number(a)?
        .iter()
        .zip(number(b)?.iter())
        .map(|pair| match pair {
            (Some(a), Some(b)) => op(i128::from(a), i128::from(b)).map(Some),
            _ => Ok(None),
        });
    Ok(Arc::new(answers.collect::<Result<Int64Array>>()?))
}

fn days2(a: &ArrayRef, b: &ArrayRef, op: impl Fn(i32, i32) -> i64) -> Result<ArrayRef> {
    let pairs = day(a)?.iter().zip(day(b)?.iter());
    Ok(Arc::new(
        pairs.map(|(a, b)| Some(op(a?, b?))).collect::<Int64Array>(),
    ))
}

/// A day moved by n/d; a count that is not whole has no answer.
fn moved(
    from: &ArrayRef,
    n: &ArrayRef,
    d: &ArrayRef,
    op: impl Fn(i32, i64) -> Option<i32>,
) -> Result<ArrayRef> {
    let rows = day(from)?
        .iter()
        .zip(number(n)?.iter().zip(number(d)?.iter()));
    let answers = rows.map(|(from, (n, d))| {
        let (from, n, d) = (from?, n?, d?);
        (n.checked_rem(d)? == 0)
            .then(|| op(from, n.checked_div(d)?))
            .flatten()
    });
    Ok(Arc::new(answers.collect::<Date32Array>()))
}

fn order(an: &ArrayRef, ad: &ArrayRef, bn: &ArrayRef, bd: &ArrayRef) -> Result<ArrayRef> {
    let left = number(an)?.iter().zip(number(ad)?.iter());
    let right = number(bn)?.iter().zip(number(bd)?.iter());
    let answers = left.zip(right).map(|((an, ad), (bn, bd))| {
        let a = i128::from(an?) * i128::from(bd?);
        let b = i128::from(bn?) * i128::from(ad?);
        Some(match a.cmp(&b) {
            std::cmp::Ordering::Less => -1,
            std::cmp::Ordering::Equal => 0,
            std::cmp::Ordering::Greater => 1,
        })
    });
    Ok(Arc::new(answers.collect::<Int64Array>()))
}

fn round(way: Way, p: i64, q: i64, n: i128, d: i128) -> Result<i64> {
    let (p, q) = (i128::from(p), i128::from(q));
    let rounded = || -> Option<i128> {
        let top = n.checked_mul(q)?;
        let below = d.checked_mul(p)?;
        let (floor, rest) = (
            top.checked_div_euclid(below)?,
            top.checked_rem_euclid(below)?,
        );
        let up = match way {
            Way::Down => false,
            Way::Up => rest != 0,
            Way::HalfUp if top >= 0 => rest.checked_mul(2)? >= below,
            Way::HalfUp => rest.checked_mul(2)? > below,
        };
        floor.checked_add(i128::from(up))?.checked_mul(p)
    };
    whole(rounded())
}

fn in_set(member: &ArrayRef, set: &ArrayRef) -> Result<ArrayRef> {
    let pairs = typed::<UInt16Type>(member)?
        .iter()
        .zip(typed::<UInt64Type>(set)?.iter());
    let answers = pairs.map(|(member, set)| {
        let bit = 1_u64.checked_shl(u32::from(member?)).unwrap_or(0);
        Some(set? & bit != 0)
    });
    Ok(Arc::new(answers.collect::<BooleanArray>()))
}

fn choose(when: &BooleanArray, yes: &ArrayRef, no: &ArrayRef) -> Result<ArrayRef> {
    match yes.data_type() {
        DataType::Boolean => {
            let rows = when
                .iter()
                .zip(boolean(yes)?.iter().zip(boolean(no)?.iter()));
            Ok(Arc::new(rows.map(pick).collect::<BooleanArray>()))
        }
        DataType::Int64 => choose_typed::<Int64Type>(when, yes, no),
        DataType::Date32 => choose_typed::<Date32Type>(when, yes, no),
        DataType::UInt16 => choose_typed::<UInt16Type>(when, yes, no),
        DataType::UInt64 => choose_typed::<UInt64Type>(when, yes, no),
        other => exec_err!("choose has no columns of {other}"),
    }
}

fn choose_typed<T: ArrowPrimitiveType>(
    when: &BooleanArray,
    yes: &ArrayRef,
    no: &ArrayRef,
) -> Result<ArrayRef> {
    let rows = when
        .iter()
        .zip(typed::<T>(yes)?.iter().zip(typed::<T>(no)?.iter()));
    Ok(Arc::new(rows.map(pick).collect::<PrimitiveArray<T>>()))
}

fn pick<V>((when, (yes, no)): (Option<bool>, (Option<V>, Option<V>))) -> Option<V> {
    if when? { yes } else { no }
}
