//! The few scalar functions DataFusion lacks: three-valued choice, exact rounding, civil months.
//!
//! Each gives null as soon as an argument it needs is null. Numbers are computed in 128 bits and
//! an answer outside 64 bits is an error, never a wrapped number.

use super::calendar;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Date32Array, Int64Array, PrimitiveArray,
};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Int64Type, UInt16Type, UInt64Type,
};
use datafusion::common::{exec_datafusion_err, exec_err};
use datafusion::error::{DataFusionError, Result};
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
        self.function
            .apply(&args.args, args.number_rows)
            .map(ColumnarValue::Array)
    }
}

impl Function {
    fn apply(self, args: &[ColumnarValue], rows: usize) -> Result<ArrayRef> {
        let int = Arg::<Int64Type>::of;
        let date = Arg::<Date32Type>::of;
        Ok(match (self, args) {
            (Self::Choose, [when, yes, no]) => return choose(when, yes, no, rows),
            (Self::Add, [a, b]) => Arc::new(pairs::<_, _, Int64Type>(
                &int(a)?,
                &int(b)?,
                rows,
                |a, b| a.checked_add(b).ok_or_else(leaves_range),
            )?),
            (Self::Multiply, [a, b]) => Arc::new(pairs::<_, _, Int64Type>(
                &int(a)?,
                &int(b)?,
                rows,
                |a, b| a.checked_mul(b).ok_or_else(leaves_range),
            )?),
            (Self::Order, [an, ad, bn, bd]) => {
                let (an, ad, bn, bd) = (int(an)?, int(ad)?, int(bn)?, int(bd)?);
                if let (Arg::Same(Some(ad)), Arg::Same(Some(bd))) = (&ad, &bd) {
                    let order = |a, b| Ok(ordering(a, *ad, b, *bd));
                    return Ok(Arc::new(pairs::<_, _, Int64Type>(&an, &bn, rows, order)?));
                }
                let order =
                    |row| Some(ordering(an.at(row)?, ad.at(row)?, bn.at(row)?, bd.at(row)?));
                Arc::new((0..rows).map(order).collect::<Int64Array>())
            }
            (Self::NotZero, [n]) => {
                let n = int(n)?;
                let known = |row| n.at(row).filter(|n| *n != 0);
                Arc::new((0..rows).map(known).collect::<Int64Array>())
            }
            (Self::Round(way, p, q), [n, d]) => Arc::new(pairs::<_, _, Int64Type>(
                &int(n)?,
                &int(d)?,
                rows,
                |n, d| round(way, p, q, n, d),
            )?),
            (Self::Age, [birth, at]) => Arc::new(age(&date(birth)?, &date(at)?, rows)?),
            (Self::Days, [a, b]) => Arc::new(pairs::<_, _, Int64Type>(
                &date(a)?,
                &date(b)?,
                rows,
                |a, b| Ok(i64::from(b) - i64::from(a)),
            )?),
            (Self::FullMonths, [a, b]) => Arc::new(pairs::<_, _, Int64Type>(
                &date(a)?,
                &date(b)?,
                rows,
                |a, b| Ok(calendar::full_months(a, b)),
            )?),
            (Self::PlusMonths, [day, n, d]) => moved(day, n, d, rows, calendar::add_months)?,
            (Self::MonthStart, [day, n, d]) => moved(day, n, d, rows, calendar::month_start)?,
            (Self::PlusDays, [day, n, d]) => moved(day, n, d, rows, |day, n| {
                i32::try_from(i64::from(day).checked_add(n)?).ok()
            })?,
            (Self::InSet, [member, set]) => {
                let (member, set) = (Arg::<UInt16Type>::of(member)?, Arg::<UInt64Type>::of(set)?);
                let inside = |row| {
                    let bit = 1_u64.checked_shl(u32::from(member.at(row)?)).unwrap_or(0);
                    Some(set.at(row)? & bit != 0)
                };
                Arc::new((0..rows).map(inside).collect::<BooleanArray>())
            }
            (function, args) => {
                return exec_err!("{} was given {} arguments", function.name(), args.len());
            }
        })
    }
}

pub(crate) fn boolean(array: &ArrayRef) -> Result<&BooleanArray> {
    array
        .as_boolean_opt()
        .ok_or_else(|| wrong_type(array.data_type(), &DataType::Boolean))
}

pub(crate) fn typed<T: ArrowPrimitiveType>(array: &ArrayRef) -> Result<&PrimitiveArray<T>> {
    array
        .as_primitive_opt::<T>()
        .ok_or_else(|| wrong_type(array.data_type(), &T::DATA_TYPE))
}

pub(crate) fn number(array: &ArrayRef) -> Result<&Int64Array> {
    typed::<Int64Type>(array)
}

pub(crate) fn day(array: &ArrayRef) -> Result<&Date32Array> {
    typed::<Date32Type>(array)
}

fn wrong_type(found: &DataType, want: &DataType) -> DataFusionError {
    exec_datafusion_err!("a column of {want} was expected, not {found}")
}

/// What does not fit 64 bits stops the run: the checker promised that it cannot happen.
fn leaves_range() -> DataFusionError {
    exec_datafusion_err!("a number leaves the range of 64 bits")
}

/// A column, or one value for every row.
enum Arg<'a, T: ArrowPrimitiveType> {
    Each(&'a PrimitiveArray<T>),
    Same(Option<T::Native>),
}

impl<'a, T: ArrowPrimitiveType> Arg<'a, T> {
    fn of(value: &'a ColumnarValue) -> Result<Self> {
        match value {
            ColumnarValue::Array(array) => typed(array).map(Self::Each),
            ColumnarValue::Scalar(scalar) => {
                let array = scalar.to_array()?;
                let array = typed::<T>(&array)?;
                Ok(Self::Same(array.iter().next().flatten()))
            }
        }
    }

    /// The value of a row; none is unknown.
    fn at(&self, row: usize) -> Option<T::Native> {
        match self {
            Self::Each(array) if array.is_null(row) => None,
            Self::Each(array) => array.values().get(row).copied(),
            Self::Same(value) => *value,
        }
    }

    /// Which rows are known: none when all are.
    fn known(&self, rows: usize) -> Option<NullBuffer> {
        match self {
            Self::Each(array) => array.nulls().cloned(),
            Self::Same(Some(_)) => None,
            Self::Same(None) => Some(NullBuffer::new_null(rows)),
        }
    }

    /// Values in blocks of 64, whatever stands where they are unknown.
    fn blocks<'b>(
        &'b self,
        same: &'b [T::Native; 64],
    ) -> Box<dyn Iterator<Item = &'b [T::Native]> + 'b> {
        match self {
            Self::Each(array) => Box::new(array.values().chunks(64)),
            Self::Same(_) => Box::new(std::iter::repeat(same.as_slice())),
        }
    }

    fn filled(&self) -> [T::Native; 64] {
        match self {
            Self::Same(Some(value)) => [*value; 64],
            Self::Same(None) | Self::Each(_) => [T::Native::default(); 64],
        }
    }
}

/// One answer for each row where both are known; what comes of values that are unknown is dropped.
fn pairs<A: ArrowPrimitiveType, B: ArrowPrimitiveType, O: ArrowPrimitiveType>(
    a: &Arg<'_, A>,
    b: &Arg<'_, B>,
    rows: usize,
    op: impl Fn(A::Native, B::Native) -> Result<O::Native>,
) -> Result<PrimitiveArray<O>> {
    let nulls = NullBuffer::union(a.known(rows).as_ref(), b.known(rows).as_ref());
    if let Some(nulls) = nulls.filter(|n| n.null_count() > 0) {
        return known_pairs(a, b, nulls, op);
    }
    let values = match (a, b) {
        (Arg::Each(a), Arg::Each(b)) => {
            let both = a.values().iter().zip(b.values());
            both.map(|(a, b)| op(*a, *b)).collect::<Result<Vec<_>>>()?
        }
        (Arg::Each(a), Arg::Same(Some(b))) => {
            let each = a.values().iter();
            each.map(|a| op(*a, *b)).collect::<Result<Vec<_>>>()?
        }
        (Arg::Same(Some(a)), Arg::Each(b)) => {
            let each = b.values().iter();
            each.map(|b| op(*a, *b)).collect::<Result<Vec<_>>>()?
        }
        (Arg::Same(Some(a)), Arg::Same(Some(b))) if rows > 0 => vec![op(*a, *b)?; rows],
        (Arg::Same(_), _) | (_, Arg::Same(_)) => vec![O::Native::default(); rows],
    };
    Ok(PrimitiveArray::new(values.into(), None))
}

/// The same where some are unknown: whatever stands there cannot stop the run.
fn known_pairs<A: ArrowPrimitiveType, B: ArrowPrimitiveType, O: ArrowPrimitiveType>(
    a: &Arg<'_, A>,
    b: &Arg<'_, B>,
    nulls: NullBuffer,
    op: impl Fn(A::Native, B::Native) -> Result<O::Native>,
) -> Result<PrimitiveArray<O>> {
    let rows = nulls.len();
    if nulls.null_count() == rows {
        return Ok(PrimitiveArray::new_null(rows));
    }
    let answer = |(row, (a, b)): (usize, (A::Native, B::Native))| match op(a, b) {
        Err(error) if nulls.is_valid(row) => Err(error),
        answer => Ok(answer.unwrap_or_default()),
    };
    let values = match (a, b) {
        (Arg::Each(a), Arg::Each(b)) => {
            let both = a.values().iter().copied().zip(b.values().iter().copied());
            both.enumerate().map(answer).collect::<Result<Vec<_>>>()?
        }
        (Arg::Each(a), Arg::Same(Some(b))) => {
            let each = a.values().iter().map(|a| (*a, *b));
            each.enumerate().map(answer).collect::<Result<Vec<_>>>()?
        }
        (Arg::Same(Some(a)), Arg::Each(b)) => {
            let each = b.values().iter().map(|b| (*a, *b));
            each.enumerate().map(answer).collect::<Result<Vec<_>>>()?
        }
        (Arg::Same(_), _) | (_, Arg::Same(_)) => return Ok(PrimitiveArray::new_null(rows)),
    };
    Ok(PrimitiveArray::new(values.into(), Some(nulls)))
}

fn age(birth: &Arg<'_, Date32Type>, at: &Arg<'_, Date32Type>, rows: usize) -> Result<Int64Array> {
    if let Arg::Same(Some(at)) = at {
        // The same day for all is taken apart once.
        let day = calendar::civil(*at);
        let at = Arg::<Date32Type>::Same(Some(*at));
        return pairs(birth, &at, rows, |birth, _| {
            Ok(calendar::age_on(birth, day))
        });
    }
    pairs(birth, at, rows, |birth, at| Ok(calendar::age(birth, at)))
}

/// A day moved by n/d; a count that is not whole has no answer.
fn moved(
    from: &ColumnarValue,
    n: &ColumnarValue,
    d: &ColumnarValue,
    rows: usize,
    op: impl Fn(i32, i64) -> Option<i32>,
) -> Result<ArrayRef> {
    let from = Arg::<Date32Type>::of(from)?;
    let (n, d) = (Arg::<Int64Type>::of(n)?, Arg::<Int64Type>::of(d)?);
    let answer = |row| {
        let (from, n, d) = (from.at(row)?, n.at(row)?, d.at(row)?);
        (n.checked_rem(d)? == 0)
            .then(|| op(from, n.checked_div(d)?))
            .flatten()
    };
    Ok(Arc::new((0..rows).map(answer).collect::<Date32Array>()))
}

fn ordering(an: i64, ad: i64, bn: i64, bd: i64) -> i64 {
    let a = i128::from(an) * i128::from(bd);
    let b = i128::from(bn) * i128::from(ad);
    match a.cmp(&b) {
        std::cmp::Ordering::Less => -1,
        std::cmp::Ordering::Equal => 0,
        std::cmp::Ordering::Greater => 1,
    }
}

fn round(way: Way, p: i64, q: i64, n: i64, d: i64) -> Result<i64> {
    let small = || rounded(way, n.checked_mul(q)?, d.checked_mul(p)?)?.checked_mul(p);
    let wide = || {
        let (p, q) = (i128::from(p), i128::from(q));
        let (top, below) = (i128::from(n).checked_mul(q)?, i128::from(d).checked_mul(p)?);
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
        i64::try_from(floor.checked_add(i128::from(up))?.checked_mul(p)?).ok()
    };
    small().or_else(wide).ok_or_else(leaves_range)
}

/// top ÷ below, whole; the same as in 128 bits where everything fits 64.
fn rounded(way: Way, top: i64, below: i64) -> Option<i64> {
    let floor = top.checked_div_euclid(below)?;
    let rest = top.checked_sub(floor.checked_mul(below)?)?;
    let up = match way {
        Way::Down => false,
        Way::Up => rest != 0,
        Way::HalfUp if top >= 0 => rest.checked_mul(2)? >= below,
        Way::HalfUp => rest.checked_mul(2)? > below,
    };
    floor.checked_add(i64::from(up))
}

/// The answers of `when`: a constant as a column too, it is rare.
fn answers(when: &ColumnarValue, rows: usize) -> Result<BooleanArray> {
    Ok(boolean(&when.to_array(rows)?)?.clone())
}

fn choose(
    when: &ColumnarValue,
    yes: &ColumnarValue,
    no: &ColumnarValue,
    rows: usize,
) -> Result<ArrayRef> {
    let when = answers(when, rows)?;
    match yes.data_type() {
        DataType::Boolean => {
            let (yes, no) = (answers(yes, rows)?, answers(no, rows)?);
            let w = when.values();
            let values = &(w & yes.values()) | &(&!w & no.values());
            let known = known(&when, yes.nulls().cloned(), no.nulls().cloned());
            Ok(Arc::new(BooleanArray::new(values, known)))
        }
        DataType::Int64 => choose_typed::<Int64Type>(&when, yes, no),
        DataType::Date32 => choose_typed::<Date32Type>(&when, yes, no),
        DataType::UInt16 => choose_typed::<UInt16Type>(&when, yes, no),
        DataType::UInt64 => choose_typed::<UInt64Type>(&when, yes, no),
        other => exec_err!("choose has no columns of {other}"),
    }
}

fn choose_typed<T: ArrowPrimitiveType>(
    when: &BooleanArray,
    yes: &ColumnarValue,
    no: &ColumnarValue,
) -> Result<ArrayRef> {
    let (yes, no) = (Arg::<T>::of(yes)?, Arg::<T>::of(no)?);
    let rows = when.len();
    let (same_yes, same_no) = (yes.filled(), no.filled());
    let mut values: Vec<T::Native> = Vec::with_capacity(rows);
    let words = when.values().bit_chunks();
    let blocks = yes.blocks(&same_yes).zip(no.blocks(&same_no));
    for (word, (yes, no)) in words.iter_padded().zip(blocks) {
        let left = rows.saturating_sub(values.len());
        let pick = |(at, (yes, no)): (usize, (&T::Native, &T::Native))| {
            if word >> at & 1 == 1 { *yes } else { *no }
        };
        values.extend(yes.iter().zip(no).take(left).enumerate().map(pick));
    }
    let known = known(when, yes.known(rows), no.known(rows));
    Ok(Arc::new(PrimitiveArray::<T>::new(values.into(), known)))
}

/// Known where `when` is and what it chooses is.
fn known(
    when: &BooleanArray,
    yes: Option<NullBuffer>,
    no: Option<NullBuffer>,
) -> Option<NullBuffer> {
    let w = when.values();
    let chosen = match (yes, no) {
        (None, None) => None,
        (Some(yes), None) => Some(yes.inner() | &!w),
        (None, Some(no)) => Some(no.inner() | w),
        (Some(yes), Some(no)) => Some(&(w & yes.inner()) | &(&!w & no.inner())),
    };
    NullBuffer::union(when.nulls(), chosen.map(NullBuffer::new).as_ref())
        .filter(|n| n.null_count() > 0)
}
