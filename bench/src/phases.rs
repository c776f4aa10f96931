//! Where the time of a run went: wall time of the whole, and time of each phase over all threads.

use std::time::{Duration, Instant};

/// Times by phase, in the order the phases were first met.
#[derive(Clone, Debug, Default)]
pub struct Phases {
    times: Vec<(&'static str, Duration)>,
}

impl Phases {
    /// Runs a phase and adds its time.
    pub fn time<T>(&mut self, phase: &'static str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let done = work();
        self.add(phase, start.elapsed());
        done
    }

    /// Adds time to a phase.
    pub fn add(&mut self, phase: &'static str, time: Duration) {
        match self.times.iter_mut().find(|(name, _)| *name == phase) {
            Some((_, sum)) => *sum = sum.saturating_add(time),
            None => self.times.push((phase, time)),
        }
    }

    /// Adds the phases of another thread.
    pub fn join(&mut self, other: &Self) {
        for (phase, time) in &other.times {
            self.add(phase, *time);
        }
    }

    /// A line for each phase, in milliseconds.
    pub fn table(&self) -> String {
        let all: Duration = self.times.iter().map(|(_, time)| *time).sum();
        let whole = all.as_secs_f64().max(f64::MIN_POSITIVE);
        let line = |(phase, time): &(&'static str, Duration)| {
            let seconds = time.as_secs_f64();
            let share = 100.0 * seconds / whole;
            format!("{phase:<16}{:>10.1} ms {share:>5.1} %\n", seconds * 1000.0)
        };
        self.times.iter().map(line).collect()
    }
}
