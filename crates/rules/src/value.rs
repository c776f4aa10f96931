//! Values: exact fractions, three-valued answers, days and enumeration members.

use domain::Day;
use std::cmp::Ordering;

/// An exact fraction; the denominator is positive and the pair is reduced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ratio {
    num: i128,
    den: i128,
}

fn gcd(a: u128, b: u128) -> u128 {
    let (mut a, mut b) = (a, b);
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

#[expect(
    clippy::should_implement_trait,
    reason = "checked: none when the answer does not fit"
)]
impl Ratio {
    /// Zero.
    pub const ZERO: Self = Self { num: 0, den: 1 };

    /// A whole number.
    pub const fn whole(n: i128) -> Self {
        Self { num: n, den: 1 }
    }

    /// `num / den`. `None` when `den` is zero or the pair does not fit.
    pub fn new(num: i128, den: i128) -> Option<Self> {
        if den == 0 {
            return None;
        }
        let (num, den) = if den < 0 {
            (num.checked_neg()?, den.checked_neg()?)
        } else {
            (num, den)
        };
        let g = i128::try_from(gcd(num.unsigned_abs(), den.unsigned_abs())).ok()?;
        Some(Self {
            num: num / g,
            den: den / g,
        })
    }

    /// Numerator of the reduced fraction.
    pub fn num(self) -> i128 {
        self.num
    }

    /// Denominator of the reduced fraction, positive.
    pub fn den(self) -> i128 {
        self.den
    }

    /// Sum. `None` on overflow.
    pub fn add(self, other: Self) -> Option<Self> {
        let left = self.num.checked_mul(other.den)?;
        let right = other.num.checked_mul(self.den)?;
        Self::new(left.checked_add(right)?, self.den.checked_mul(other.den)?)
    }

    /// Difference. `None` on overflow.
    pub fn sub(self, other: Self) -> Option<Self> {
        self.add(other.neg()?)
    }

    /// The opposite number. `None` on overflow.
    pub fn neg(self) -> Option<Self> {
        Some(Self {
            num: self.num.checked_neg()?,
            den: self.den,
        })
    }

    /// Product. `None` on overflow.
    pub fn mul(self, other: Self) -> Option<Self> {
        Self::new(
            self.num.checked_mul(other.num)?,
            self.den.checked_mul(other.den)?,
        )
    }

    /// Quotient. `None` when `other` is zero or on overflow.
    pub fn div(self, other: Self) -> Option<Self> {
        Self::new(
            self.num.checked_mul(other.den)?,
            self.den.checked_mul(other.num)?,
        )
    }

    /// Rounds to a multiple of `step` (a positive fraction, in the same scale).
    pub fn round(self, how: Rounding) -> Option<Self> {
        let q = self.div(how.step)?;
        let floor = q.num.div_euclid(q.den);
        let rest = q.num.rem_euclid(q.den);
        let up = match how.direction {
            Direction::Down => false,
            Direction::Up => rest > 0,
            // Half goes away from zero, as offices round money.
            Direction::HalfUp => {
                let twice = rest.checked_mul(2)?;
                if q.num >= 0 {
                    twice >= q.den
                } else {
                    twice > q.den
                }
            }
        };
        Self::whole(if up { floor.checked_add(1)? } else { floor }).mul(how.step)
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> Ordering {
        match (
            self.num.checked_mul(other.den),
            other.num.checked_mul(self.den),
        ) {
            (Some(a), Some(b)) => a.cmp(&b),
            // Far apart or huge: compare whole parts first, then the rests by turning the fraction.
            _ => wide_cmp(*self, *other),
        }
    }
}

fn wide_cmp(a: Ratio, b: Ratio) -> Ordering {
    let (fa, fb) = (a.num.div_euclid(a.den), b.num.div_euclid(b.den));
    let (ra, rb) = (a.num.rem_euclid(a.den), b.num.rem_euclid(b.den));
    fa.cmp(&fb).then_with(|| match (ra, rb) {
        (0, 0) => Ordering::Equal,
        (0, _) => Ordering::Less,
        (_, 0) => Ordering::Greater,
        _ => wide_cmp(
            Ratio {
                num: b.den,
                den: rb,
            },
            Ratio {
                num: a.den,
                den: ra,
            },
        ),
    })
}

/// Which way a written rounding goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// 四舍五入
    HalfUp,
    /// 进
    Up,
    /// 舍
    Down,
}

/// A written rounding: to multiples of `step`, in the machine's scale (元 in 分).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rounding {
    /// Which way.
    pub direction: Direction,
    /// The step, positive, in the machine's scale.
    pub step: Ratio,
}

/// A value of a fact or of a formula. `Unknown` is never zero and never "no".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// Nobody has said; shown as ？.
    Unknown,
    /// 是 or 否.
    Bool(bool),
    /// A number in the machine's scale (元 in 分).
    Num(Ratio),
    /// A day.
    Day(Day),
    /// A member of an enumeration, by its place in the declaration.
    Sym(u16),
    /// Several members of an enumeration (归类 取每项), one bit each.
    Set(u64),
}

impl Value {
    /// Whether the value is known.
    pub fn is_known(self) -> bool {
        self != Self::Unknown
    }

    /// A whole number in the machine's scale.
    pub fn whole(n: i128) -> Self {
        Self::Num(Ratio::whole(n))
    }

    /// 是, 否 or unknown, as the language's third answer.
    pub fn truth(self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(b),
            _ => None,
        }
    }
}

impl From<Option<bool>> for Value {
    fn from(answer: Option<bool>) -> Self {
        answer.map_or(Self::Unknown, Self::Bool)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_keeps_its_worth_through_division_and_product() {
        let yearly = Ratio::whole(1_740_000);
        let a_person = yearly
            .div(Ratio::whole(12))
            .and_then(|r| r.div(Ratio::whole(3)));
        assert_eq!(
            a_person.and_then(|r| r.mul(Ratio::whole(3))),
            Some(Ratio::whole(145_000))
        );
    }

    #[test]
    fn half_is_rounded_away_from_zero_and_up_and_down_go_their_way() {
        let check = |num, direction, want: i128| {
            let how = Rounding {
                direction,
                step: Ratio::whole(100),
            };
            let got = Ratio::new(num, 2).and_then(|r| r.round(how));
            assert_eq!(got, Some(Ratio::whole(want)), "{num}/2 {direction:?}");
        };
        check(300, Direction::HalfUp, 200);
        check(299, Direction::HalfUp, 100);
        check(-300, Direction::HalfUp, -200);
        check(201, Direction::Up, 200);
        check(200, Direction::Up, 100);
        check(399, Direction::Down, 100);
    }

    #[test]
    fn huge_fractions_are_still_ordered() {
        let a = Ratio::new(i128::MAX, i128::MAX - 1).unwrap();
        let b = Ratio::new(i128::MAX - 1, i128::MAX - 2).unwrap();
        assert_eq!(a.cmp(&b), Ordering::Less);
    }
}
