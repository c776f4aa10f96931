//! The columns against the household's evaluator, and the machine around them.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may stop where it stands"
)]

mod differential;
mod handed;
mod indicators;
mod lake;
mod linkage;
mod screening;
mod simulate;
