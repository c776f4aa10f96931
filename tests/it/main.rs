//! The story: from departments' files to the pages, the same twice, on both databases, with files
//! as bad as they come, and killed in the middle of the work.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that fails should stop where it failed"
)]

mod access;
mod accounts;
mod afterwards;
mod api;
mod areas;
mod ask;
mod backup;
mod blocks;
mod browse;
mod browser;
mod casework;
mod catalogue;
mod changing;
mod channels;
mod county;
mod crash;
mod decide;
mod door;
mod doubts;
mod exports;
mod figures;
mod files;
mod first_command;
mod found_out;
mod guide;
mod indicators;
mod inputs;
mod keeping;
mod kept;
mod kill;
mod laid_out;
mod matters;
mod money;
mod named;
mod pages;
mod places;
mod portal;
#[path = "../../crates/store/tests/it/postgres.rs"]
mod postgres;
mod relief;
mod sealed;
mod simulate;
mod staff;
mod story;
mod survey;
mod upgrade;
mod upload;
mod verify;
mod visits;
mod walk;
mod workbooks;
