//! Dice with a printed seed: the same seed rolls the same people, on every machine.

/// SplitMix64, small enough to be read and good enough for test people.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// 64 random bits.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 up to, not including, `end`; 0 when `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.roll().checked_rem(end).unwrap_or(0)
    }

    /// A place in a list of that length.
    pub fn place(&mut self, len: usize) -> usize {
        let end = u64::try_from(len).unwrap_or(u64::MAX);
        usize::try_from(self.below(end)).unwrap_or(0)
    }

    /// One of the values.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> Option<T> {
        of.get(self.place(of.len())).copied()
    }

    /// True so many times in a hundred.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// From `min` to `max`, often near the ends, near 0 or small.
    pub fn number(&mut self, min: i128, max: i128) -> i128 {
        let span = max.saturating_sub(min).max(0).unsigned_abs();
        let wide = u128::from(self.roll()) << 64 | u128::from(self.roll());
        // Fewer and fewer bits: thresholds of a few thousand are met as often as billions.
        let cut = u32::try_from(self.below(100)).unwrap_or(0);
        let free = wide.checked_shr(cut.saturating_add(20)).unwrap_or(0);
        let offset = free.checked_rem(span.saturating_add(1)).unwrap_or(0);
        let offset = i128::try_from(offset).unwrap_or(0);
        match self.below(10) {
            0 => min,
            1 => max,
            2 | 3 => 0_i128.clamp(min, max),
            4 => max.saturating_sub(offset),
            _ => 0_i128
                .clamp(min, max)
                .saturating_add(offset)
                .clamp(min, max),
        }
    }
}
