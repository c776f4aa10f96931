//! The story: from departments' files to the pages, the same twice, on both databases, with files
//! as bad as they come, and killed in the middle of the work.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails should stop where it failed"
)]

mod county;
mod files;
mod guide;
mod inputs;
mod kill;
mod pages;
#[path = "../../crates/store/tests/it/postgres.rs"]
mod postgres;
mod story;
