//! 等待: how long somebody who guesses must wait. A delay, never a lock: the holder of an account is
//! not kept out by somebody else's guesses.

use super::book::Settings;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use store::sessions::{Attempt, Mark, Outcome};

/// How many places are remembered; past that the oldest minute is forgotten whole.
const PLACES_MAX: usize = 10_000;

/// The last hour's attempts on an account, newest first, and whether this place is one its holder
/// has signed in from before.
pub(super) struct Past {
    pub attempts: Vec<Attempt>,
    pub origin: Mark,
    pub known: bool,
}

/// Seconds to wait before the next attempt from a place is looked at.
pub(super) fn wait(settings: &Settings, past: &Past, now: Timestamp) -> i64 {
    let Past {
        attempts, origin, ..
    } = past;
    let origin = *origin;
    let from_here = || attempts.iter().filter(|a| a.origin == origin);
    let failures: Vec<&Attempt> = from_here()
        .take_while(|a| a.outcome == Outcome::Refused)
        .collect();
    let everywhere = attempts
        .iter()
        .take_while(|a| a.outcome == Outcome::Refused)
        .count();
    let here = failures
        .first()
        .map_or(0, |last| left(last, delay(settings, failures.len()), now));
    let there = attempts
        .first()
        .filter(|_| everywhere >= settings.many_failures && !past.known)
        .map_or(0, |last| left(last, settings.first_wait, now));
    here.max(there)
}

/// Nothing for the first few, then doubled each time up to the longest.
fn delay(settings: &Settings, failures: usize) -> i64 {
    let free = usize::try_from(settings.free_failures).unwrap_or(usize::MAX);
    let Some(over) = failures.checked_sub(free) else {
        return 0;
    };
    let doubled = u32::try_from(over)
        .ok()
        .and_then(|over| 2_i64.checked_pow(over))
        .and_then(|times| settings.first_wait.checked_mul(times));
    doubled.map_or(settings.longest_wait, |delay| {
        delay.min(settings.longest_wait)
    })
}

fn left(last: &Attempt, delay: i64, now: Timestamp) -> i64 {
    let Ok(then) = last.at.as_str().parse::<Timestamp>() else {
        return 0;
    };
    let until = then.as_second().saturating_add(delay);
    until.saturating_sub(now.as_second()).max(0)
}

/// How many a minute.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most {
    /// From one place, or by one program.
    pub each: u32,
    /// From all together.
    pub all: u32,
}

/// Counts tries by place and minute, in memory: what comes too fast is not even looked at.
#[derive(Default)]
pub(super) struct Counters(Mutex<Minute>);

#[derive(Default)]
struct Minute {
    minute: i64,
    all: u32,
    each: HashMap<Mark, u32>,
}

impl Counters {
    /// Counts a try; seconds to wait when there were too many this minute.
    pub fn count(&self, most: Most, origin: Mark, now: Timestamp) -> Option<i64> {
        let minute = now.as_second().div_euclid(60);
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.minute != minute {
            *held = Minute {
                minute,
                ..Minute::default()
            };
        }
        held.all = held.all.saturating_add(1);
        let known = held.each.len() < PLACES_MAX || held.each.contains_key(&origin);
        let each = if known {
            let each = held.each.entry(origin).or_default();
            *each = each.saturating_add(1);
            *each
        } else {
            0
        };
        let too_many = each > most.each || held.all > most.all;
        too_many.then(|| 60_i64.saturating_sub(now.as_second().rem_euclid(60)))
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that fails should stop where it failed"
    )]
    use super::*;
    use store::At;

    const HERE: Mark = [1; 16];
    const THERE: Mark = [2; 16];

    fn settings() -> Settings {
        Settings {
            free_failures: 3,
            first_wait: 10,
            longest_wait: 60,
            many_failures: 6,
            ..Settings::default()
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Attempts a second apart, oldest first: `x` refused here, `o` let in here, `X` `O` elsewhere.
    fn check(attempts: &str, now: i64, expected: i64) {
        let mut past: Vec<Attempt> = (0..)
            .zip(attempts.chars())
            .map(|(second, c)| Attempt {
                origin: if c.is_lowercase() { HERE } else { THERE },
                at: At::from(at(second)),
                outcome: if c.eq_ignore_ascii_case(&'x') {
                    Outcome::Refused
                } else {
                    Outcome::Good
                },
            })
            .collect();
        past.reverse();
        let known = past
            .iter()
            .any(|a| a.origin == HERE && a.outcome == Outcome::Good);
        let past = Past {
            attempts: past,
            origin: HERE,
            known,
        };
        let told = wait(&settings(), &past, at(now));
        assert_eq!(told, expected, "{attempts} at {now}");
    }

    #[test]
    fn each_further_failure_doubles_the_wait_and_time_or_success_ends_it() {
        check("", 0, 0);
        check("xx", 1, 0);
        check("xxx", 2, 10);
        check("xxx", 7, 5);
        check("xxx", 30, 0);
        check("xxxx", 3, 20);
        check("xxxxxxxxxxx", 10, 60);
        check("xxxo", 3, 0);
        check("xxxoxx", 5, 0);
    }

    #[test]
    fn guesses_from_elsewhere_do_not_keep_the_holder_waiting() {
        check("XXXXX", 4, 0);
        check("oXXXXXXXX", 8, 0);
        // A place nobody has signed in from waits while the account is under attack.
        check("XXXXXXXX", 7, 10);
    }

    #[test]
    fn what_comes_too_fast_is_not_looked_at_until_the_next_minute() {
        let counters = Counters::default();
        let most = Most { each: 2, all: 3 };
        let count = |origin, second| counters.count(most, origin, at(second));
        assert_eq!(count(HERE, 0), None);
        assert_eq!(count(HERE, 1), None);
        assert_eq!(count(HERE, 2), Some(58));
        // The place has used up what all may try.
        assert_eq!(count(THERE, 3), Some(57));
        assert_eq!(count(HERE, 60), None);
    }
}
