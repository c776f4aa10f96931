//! The record, on both databases. PostgreSQL is started once and shared; without its programs its
//! half of every test is skipped, loudly.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails should stop where it failed"
)]

mod accounts;
mod areas;
mod audit;
mod bulk;
mod casework;
mod databases;
mod doubts;
mod feeds;
mod figures;
mod identity;
mod jobs;
mod late;
mod money;
mod names;
mod opening;
mod people;
mod photos;
mod portal;
mod postgres;
mod previews;
mod seals;
mod server_down;
mod work;
