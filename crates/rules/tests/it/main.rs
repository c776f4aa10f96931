//! The language as its authors meet it: literate tests, formatting, robustness, the own rulebook.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod documented;
mod format;
mod literate;
mod own_rulebook;
mod properties;
mod robust;
