//! 晚送达: a decision that is handed over after the month it was signed for never reaches back.

use super::{AfterDecision, AfterKind};
use crate::office::Office;
use domain::{Day, Month};

/// By how many months a gradual exit that is handed over late begins late, with all its parts and its end.
pub(super) fn late(office: &Office, signed: &[&AfterDecision]) -> i32 {
    let this = Month::containing(office.clock.today());
    let mut exits = signed
        .iter()
        .filter(|one| one.content.kind == AfterKind::Exit);
    let first = exits.next().and_then(|first| first.content.from);
    first
        .filter(|from| *from <= this)
        .map_or(0, |from| from.months_until(this.next()))
}

/// A cut handed over late does not reach back: it holds from the month after.
pub(super) fn ahead(from: Month, signed: Day, this: Month) -> Month {
    match from > Month::containing(signed) && from <= this {
        true => this.next(),
        false => from,
    }
}
