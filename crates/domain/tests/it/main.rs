//! What the nouns promise, on the tables of the standards and on cells as departments send them.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod calendar;
#[expect(
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test that fails should stop where it failed; the dice are small numbers"
)]
mod casework;
mod days;
mod households;
mod identity;
mod money;
mod names;
mod payments;
mod places;
mod procedures;
#[expect(
    clippy::indexing_slicing,
    reason = "a test that fails should stop where it failed"
)]
mod recovery;
mod shared;
mod tasks;

use domain::Day;

/// The day every test is judged on.
fn today() -> Day {
    day("2026-11-30")
}

/// A day a test writes; a slip in the test itself shows as 1970.
fn day(text: &str) -> Day {
    Day::parse(text).unwrap_or_else(|_| Day::from_epoch_days(0).unwrap_or_else(today))
}
