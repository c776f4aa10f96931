//! The only source of chance: a ChaCha stream per family, so that a family is the same
//! whatever was generated before it. Never reads the clock or the system's randomness.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What a stream of chance is used for; two uses never share numbers.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    /// Who lives where, on what, and what happens to them.
    Truth,
    /// How the departments damage their files.
    Faults,
    /// What people need beside money and what the medical aid paid.
    Services,
    /// How the files of the two are damaged.
    ServiceFaults,
    /// Whom a locality's own lists have.
    Local,
    /// What the other departments keep of their programmes.
    Programmes,
    /// How the files of those are damaged.
    ProgrammeFaults,
}

/// One stream of chance.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of family `no` under `seed`.
    pub(crate) fn new(seed: u64, stream: Stream, no: u64) -> Self {
        let tag: u64 = match stream {
            Stream::Truth => 1,
            Stream::Faults => 2,
            Stream::Services => 3,
            Stream::ServiceFaults => 4,
            Stream::Local => 5,
            Stream::Programmes => 6,
            Stream::ProgrammeFaults => 7,
        };
        let mut key = [0u8; 32];
        for (to, from) in key.iter_mut().zip(
            seed.to_le_bytes()
                .into_iter()
                .chain(no.to_le_bytes())
                .chain(tag.to_le_bytes()),
        ) {
            *to = from;
        }
        Self(ChaCha8Rng::from_seed(key))
    }

    /// A number in `0..n`; 0 when `n` is 0.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        let wide = u128::from(self.0.next_u64()) * u128::from(n);
        u64::try_from(wide >> 64).unwrap_or(0)
    }

    /// A position in a slice of `n` items.
    pub(crate) fn index(&mut self, n: usize) -> usize {
        usize::try_from(self.below(u64::try_from(n).unwrap_or(0))).unwrap_or(0)
    }

    /// A whole number in `lo..=hi`.
    pub(crate) fn int(&mut self, lo: i64, hi: i64) -> i64 {
        let span = u64::try_from(hi.saturating_sub(lo).max(0)).unwrap_or(0);
        lo.saturating_add(i64::try_from(self.below(span.saturating_add(1))).unwrap_or(0))
    }

    /// As [`Dice::int`], for small numbers such as ages and days.
    pub(crate) fn small(&mut self, lo: i32, hi: i32) -> i32 {
        i32::try_from(self.int(i64::from(lo), i64::from(hi))).unwrap_or(lo)
    }

    /// True `rate` times in a million.
    pub(crate) fn ppm(&mut self, rate: u32) -> bool {
        self.below(1_000_000) < u64::from(rate)
    }

    /// True `rate` times in a hundred.
    pub(crate) fn percent(&mut self, rate: u32) -> bool {
        self.ppm(rate.saturating_mul(10_000))
    }

    /// A fraction in `0.0..1.0`.
    pub(crate) fn unit(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / 4_294_967_296.0
    }

    /// A fraction in `lo..hi`.
    pub(crate) fn between(&mut self, lo: f64, hi: f64) -> f64 {
        lo + (hi - lo) * self.unit()
    }

    /// A standard normal deviate (Box and Muller).
    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.unit()).cos()
    }

    /// A log-normal deviate with this mean and spread.
    pub(crate) fn lognormal(&mut self, mean: f64, sigma: f64) -> f64 {
        mean * (sigma * self.normal() - sigma * sigma / 2.0).exp()
    }

    /// One of the items; the type's default when there are none.
    pub(crate) fn pick<T: Copy + Default>(&mut self, items: &[T]) -> T {
        let at = self.index(items.len());
        items.get(at).copied().unwrap_or_default()
    }

    /// One of the items by weight; `otherwise` when the table is empty.
    pub(crate) fn weighted<T: Copy>(&mut self, table: &[(u32, T)], otherwise: T) -> T {
        let total: u64 = table.iter().map(|(w, _)| u64::from(*w)).sum();
        let mut left = self.below(total);
        for (weight, item) in table {
            let weight = u64::from(*weight);
            if left < weight {
                return *item;
            }
            left -= weight;
        }
        otherwise
    }
}

/// Yuan as a fraction to whole fen; amounts beyond ±9×10¹³ yuan do not occur.
#[expect(
    clippy::as_conversions,
    reason = "no checked conversion from f64 exists; `as` saturates"
)]
pub(crate) fn fen(yuan: f64) -> i64 {
    (yuan * 100.0).round() as i64
}

/// Yuan as a fraction to fen, rounded to whole yuan as offices write it.
pub(crate) fn whole_yuan(yuan: f64) -> i64 {
    fen(yuan.round())
}

/// Fen to yuan as a fraction, for shaping distributions only.
#[expect(
    clippy::as_conversions,
    reason = "no lossless conversion from i64 exists; amounts stay below 2^53"
)]
pub(crate) fn yuan(fen: i64) -> f64 {
    fen as f64 / 100.0
}

/// A count as a fraction, for shares only.
#[expect(
    clippy::as_conversions,
    reason = "no lossless conversion from u64 exists; counts stay below 2^53"
)]
pub(crate) fn count(n: u64) -> f64 {
    n as f64
}
