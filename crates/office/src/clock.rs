//! The office's clock: the only place that asks what time it is.

use domain::Day;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;
use store::At;

/// 时钟: the real one, one that stands still (the demo and the tests), or one moved by hand (while the
/// demo's past is made).
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's.
    #[default]
    System,
    /// Always this moment.
    Fixed(Timestamp),
    /// Seconds since 1970, moved by hand.
    ByHand(Arc<AtomicI64>),
}

impl Clock {
    /// The same moment, to be moved by hand.
    #[must_use]
    pub fn by_hand(&self) -> Self {
        Self::ByHand(Arc::new(AtomicI64::new(self.now().as_second())))
    }

    /// Moves a clock that is moved by hand to a moment in Beijing time; the others go their own way.
    pub fn set(&self, text: &str) {
        if let (Self::ByHand(at), Some(Self::Fixed(moment))) = (self, Self::fixed(text)) {
            at.store(moment.as_second(), Ordering::SeqCst);
        }
    }

    /// A clock that stands at a moment written as `2026-09-14T09:00` in Beijing time.
    pub fn fixed(text: &str) -> Option<Self> {
        let civil: jiff::civil::DateTime = text.trim().parse().ok()?;
        Some(Self::Fixed(civil.to_zoned(beijing()).ok()?.timestamp()))
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::now(),
            Self::Fixed(at) => *at,
            Self::ByHand(at) => {
                Timestamp::from_second(at.load(Ordering::SeqCst)).unwrap_or_default()
            }
        }
    }

    /// Now, as the record writes it.
    pub fn at(&self) -> At {
        At::from(self.now())
    }

    /// Today in Beijing.
    pub fn today(&self) -> Day {
        // Whole days since 1970 on the clock of UTC+8; far outside any office's life it stops at 0.
        let seconds = self.now().as_second().saturating_add(8 * 3600);
        let days = i32::try_from(seconds.div_euclid(86_400)).unwrap_or(0);
        Day::from_epoch_days(days).unwrap_or_default()
    }

    /// `2026-09-14 09:00` in Beijing.
    pub fn minute(&self) -> String {
        self.now()
            .to_zoned(beijing())
            .strftime("%Y-%m-%d %H:%M")
            .to_string()
    }
}

/// Now, as the disk stamps what is written to it, whatever day the office works at.
pub(crate) fn of_the_disk() -> SystemTime {
    SystemTime::now()
}

/// 表: how long a session lasts and how long somebody must wait. It runs on where the clock stands
/// still, as in the demo; tests move it by hand.
#[derive(Clone, Debug, Default)]
pub enum Watch {
    /// The machine's.
    #[default]
    Machine,
    /// Seconds since 1970, moved by hand.
    ByHand(Arc<AtomicI64>),
}

impl Watch {
    /// A watch that stands at the clock's moment until it is moved.
    pub fn by_hand(clock: &Clock) -> Self {
        Self::ByHand(Arc::new(AtomicI64::new(clock.now().as_second())))
    }

    /// Moves a watch that is moved by hand; the machine's goes its own way.
    pub fn advance(&self, seconds: i64) {
        if let Self::ByHand(at) = self {
            at.fetch_add(seconds, Ordering::SeqCst);
        }
    }

    /// What it shows.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::Machine => Timestamp::now(),
            Self::ByHand(at) => {
                Timestamp::from_second(at.load(Ordering::SeqCst)).unwrap_or_default()
            }
        }
    }

    /// So many seconds later (or earlier) than now, as the record writes it.
    pub fn at(&self, seconds: i64) -> At {
        let later = self.now().checked_add(SignedDuration::from_secs(seconds));
        At::from(later.unwrap_or_default())
    }
}

fn beijing() -> TimeZone {
    // A fixed offset: the tz database may be missing on an office PC, and China keeps one time.
    TimeZone::fixed(jiff::tz::offset(8))
}
