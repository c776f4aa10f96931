//! 期间: days from a first one up to, not including, an end; open when nothing has ended yet.

use crate::Day;

/// 期间: never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    from: Day,
    to: Option<Day>,
}

impl Span {
    /// From the first day up to, not including, `to`; none when that leaves no day.
    #[must_use]
    pub fn new(from: Day, to: Option<Day>) -> Option<Self> {
        to.is_none_or(|to| from < to).then_some(Self { from, to })
    }

    /// From that day on.
    #[must_use]
    pub const fn since(from: Day) -> Self {
        Self { from, to: None }
    }

    /// The first day.
    #[must_use]
    pub const fn from(self) -> Day {
        self.from
    }

    /// The first day no longer in it; none while it runs.
    #[must_use]
    pub const fn to(self) -> Option<Day> {
        self.to
    }

    /// Is the day in it?
    #[must_use]
    pub fn contains(self, day: Day) -> bool {
        self.from <= day && self.to.is_none_or(|to| day < to)
    }

    /// Is any day in both?
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.to.is_none_or(|to| other.from < to) && other.to.is_none_or(|to| self.from < to)
    }

    /// The same start with an end, when that leaves a day.
    #[must_use]
    pub fn ended(self, to: Day) -> Option<Self> {
        Self::new(
            self.from,
            Some(self.to.map_or(to, |earlier| earlier.min(to))),
        )
    }
}
