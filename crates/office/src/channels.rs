//! 渠道: whatever way somebody comes by, there is one ticket, one queue, one receipt and one answer; what the rules
//! find goes to the department that owns it once a person confirmed it; and departments look a household up in one
//! register before help of their own. Whoever is at the rescue station and nobody can name is counted by days.
//!
//! Which desk handles what, in how many days, which department owns a programme and what must be looked up first
//! stands in `rulebook/channels/`. Nothing here decides about help: a ticket becomes a clue or an application by
//! casework's own doors.

pub mod assists;
mod book;
pub mod demo;
pub mod finds;
pub mod lookup;
pub mod stays;
pub mod tickets;

pub use book::{ABOUT_CHILD, ABOUT_ELDER, Choices, For, choices};
pub(crate) use book::{due, here, number, table};
pub(crate) use tickets::{with_answer, with_record};

use crate::casework::Done;
use rules::Rulebook;

/// Reads all that `rulebook/channels/` says for a place, so that a version that cannot be read is not signed.
///
/// # Errors
/// A table is missing, a value is no number, or a programme is to be given by policy that must be applied for.
pub(crate) fn read(book: &Rulebook, place: &str) -> Done<()> {
    let from = (book, place);
    assists::read(from)?;
    book::ChannelBook::read(from)?;
    finds::owners(from)?;
    finds::shifts(from)?;
    finds::one_step(from)?;
    lookup::LookupBook::read(from)?;
    stays::StayBook::read(from)?;
    Ok(())
}
