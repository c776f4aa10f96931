//! Intervals of numerator and denominator, by the convention both evaluators share.

use crate::plan::Bounds;
use crate::value::{Ratio, Rounding};

/// What a column of whole numbers can hold.
pub const LIMIT: i128 = 9_223_372_036_854_775_807;

#[expect(
    clippy::should_implement_trait,
    reason = "checked: none when the answer does not fit"
)]
impl Bounds {
    /// A constant.
    pub fn constant(value: Ratio) -> Self {
        Self {
            num_min: value.num(),
            num_max: value.num(),
            den_min: value.den(),
            den_max: value.den(),
        }
    }

    /// Numbers from `low` to `high`.
    pub fn between(low: Ratio, high: Ratio) -> Option<Self> {
        let den = lcm(low.den(), high.den())?;
        Some(Self {
            num_min: low.num().checked_mul(den / low.den())?,
            num_max: high.num().checked_mul(den / high.den())?,
            den_min: den,
            den_max: den,
        })
    }

    /// Whether the denominator is the same for all.
    pub fn fixed_den(self) -> Option<i128> {
        (self.den_min == self.den_max).then_some(self.den_min)
    }

    /// Whether numerator and denominator fit a column.
    pub fn fits(self) -> bool {
        self.num_min >= -LIMIT
            && self.num_max <= LIMIT
            && self.den_max <= LIMIT
            && self.den_min >= 1
    }

    /// Sum or difference.
    pub fn add(self, other: Self) -> Option<Self> {
        if let (Some(a), Some(b)) = (self.fixed_den(), other.fixed_den()) {
            let den = lcm(a, b)?;
            let (fa, fb) = (den / a, den / b);
            return Some(Self {
                num_min: self
                    .num_min
                    .checked_mul(fa)?
                    .checked_add(other.num_min.checked_mul(fb)?)?,
                num_max: self
                    .num_max
                    .checked_mul(fa)?
                    .checked_add(other.num_max.checked_mul(fb)?)?,
                den_min: den,
                den_max: den,
            });
        }
        let (a0, a1) = product(self.num_min, self.num_max, other.den_min, other.den_max)?;
        let (b0, b1) = product(other.num_min, other.num_max, self.den_min, self.den_max)?;
        Some(Self {
            num_min: a0.checked_add(b0)?,
            num_max: a1.checked_add(b1)?,
            den_min: self.den_min.checked_mul(other.den_min)?,
            den_max: self.den_max.checked_mul(other.den_max)?,
        })
    }

    /// The opposite.
    pub fn neg(self) -> Option<Self> {
        Some(Self {
            num_min: self.num_max.checked_neg()?,
            num_max: self.num_min.checked_neg()?,
            ..self
        })
    }

    /// Product.
    pub fn mul(self, other: Self) -> Option<Self> {
        let (num_min, num_max) = product(self.num_min, self.num_max, other.num_min, other.num_max)?;
        Some(Self {
            num_min,
            num_max,
            den_min: self.den_min.checked_mul(other.den_min)?,
            den_max: self.den_max.checked_mul(other.den_max)?,
        })
    }

    /// Whether a divisor with these bounds is never zero.
    pub fn never_zero(self) -> bool {
        self.num_min > 0 || self.num_max < 0
    }

    /// Quotient by something never zero.
    pub fn div(self, other: Self) -> Option<Self> {
        let (num, sign_den) = if other.num_min > 0 {
            (self, (other.num_min, other.num_max))
        } else {
            (
                self.neg()?,
                (other.num_max.checked_neg()?, other.num_min.checked_neg()?),
            )
        };
        let (num_min, num_max) = product(num.num_min, num.num_max, other.den_min, other.den_max)?;
        Some(Self {
            num_min,
            num_max,
            den_min: self.den_min.checked_mul(sign_den.0)?,
            den_max: self.den_max.checked_mul(sign_den.1)?,
        })
    }

    /// Either of two.
    pub fn union(self, other: Self) -> Self {
        Self {
            num_min: self.num_min.min(other.num_min),
            num_max: self.num_max.max(other.num_max),
            den_min: self.den_min.min(other.den_min),
            den_max: self.den_max.max(other.den_max),
        }
    }

    /// Brings both over one denominator when both are constant (as 若 and 最大 do).
    pub fn aligned(self, other: Self) -> Option<(Self, Self)> {
        let (Some(a), Some(b)) = (self.fixed_den(), other.fixed_den()) else {
            return Some((self, other));
        };
        let den = lcm(a, b)?;
        let scale = |x: Self, f: i128| -> Option<Self> {
            Some(Self {
                num_min: x.num_min.checked_mul(f)?,
                num_max: x.num_max.checked_mul(f)?,
                den_min: den,
                den_max: den,
            })
        };
        Some((scale(self, den / a)?, scale(other, den / b)?))
    }

    /// A sum of up to `rows` of these; `None` when the denominator varies.
    pub fn sum(self, rows: i128) -> Option<Self> {
        self.fixed_den()?;
        Some(Self {
            num_min: self.num_min.min(0).checked_mul(rows)?,
            num_max: self.num_max.max(0).checked_mul(rows)?,
            ..self
        })
    }

    /// After a written rounding: over the step's denominator.
    pub fn rounded(self, how: Rounding) -> Option<Self> {
        let (low, high) = self.worth();
        let step = how.step;
        let edge = |r: Ratio, up: bool| -> Option<i128> {
            let q = r.div(step)?;
            let f = q.num().div_euclid(q.den());
            let f = if up { f.checked_add(1)? } else { f };
            f.checked_mul(step.num())
        };
        Some(Self {
            num_min: edge(low, false)?,
            num_max: edge(high, true)?,
            den_min: step.den(),
            den_max: step.den(),
        })
    }

    /// Least and greatest worth.
    pub fn worth(self) -> (Ratio, Ratio) {
        let low_den = if self.num_min < 0 {
            self.den_min
        } else {
            self.den_max
        };
        let high_den = if self.num_max < 0 {
            self.den_max
        } else {
            self.den_min
        };
        (
            Ratio::new(self.num_min, low_den).unwrap_or(Ratio::ZERO),
            Ratio::new(self.num_max, high_den).unwrap_or(Ratio::ZERO),
        )
    }
}

/// Least common multiple of two positive numbers.
pub fn lcm(a: i128, b: i128) -> Option<i128> {
    let (mut x, mut y) = (a, b);
    while y != 0 {
        (x, y) = (y, x.checked_rem(y)?);
    }
    a.checked_div(x)?.checked_mul(b)
}

fn product(a0: i128, a1: i128, b0: i128, b1: i128) -> Option<(i128, i128)> {
    let all = [
        a0.checked_mul(b0)?,
        a0.checked_mul(b1)?,
        a1.checked_mul(b0)?,
        a1.checked_mul(b1)?,
    ];
    Some((all.into_iter().min()?, all.into_iter().max()?))
}
