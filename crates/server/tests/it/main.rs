//! The pages over an office that exists only here.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a test that fails should stop where it failed"
)]

mod ask;
mod fixture;
mod guard;
mod house;
mod indicators;
mod pages;
mod show;
mod threats;
