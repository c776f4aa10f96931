//! A place's share of the rulebook: the files it uses, its law and its numbers, whatever the day.

use super::{Locality, Rulebook, taken};
use crate::check::{Instrument, Parsed, Source};
use domain::Day;
use std::borrow::Cow;
use std::collections::BTreeSet;

/// What a place goes by. Taken once for all its days: which files it uses is a walk over all of them.
pub(crate) struct Place<'a> {
    locality: Cow<'a, Locality>,
    files: Vec<&'a Parsed>,
    law: Vec<Instrument>,
}

impl<'a> Place<'a> {
    pub(super) fn of(book: &'a Rulebook, locality: &str) -> Self {
        let known = book.localities.iter().find(|l| l.id == locality);
        let none = || Locality {
            id: locality.to_owned(),
            ..Locality::default()
        };
        let locality = known.map_or_else(|| Cow::Owned(none()), Cow::Borrowed);
        let taken = taken::files(book, &locality);
        let files = book.parsed.iter();
        let files = files.filter(|p| taken.contains(p.path.as_str())).collect();
        let law = book.law.iter().chain(&locality.law).cloned().collect();
        Self {
            locality,
            files,
            law,
        }
    }

    /// What its program of a day is built from: the files in force.
    pub(crate) fn source(&self, day: Day) -> Source<'_> {
        let holds = |p: &&&Parsed| {
            p.head().is_none_or(|h| {
                let day_of = |d: &crate::ast::Name| Day::parse(&d.text).ok();
                let starts = h.from.as_ref().and_then(day_of);
                let ends = h.to.as_ref().and_then(day_of);
                // A head without a date is checked, so that the mistake is told.
                starts.is_none_or(|s| s <= day) && ends.is_none_or(|e| day <= e)
            })
        };
        Source {
            files: self.files.iter().filter(holds).copied().collect(),
            day,
            filled: &self.locality.filled,
            adopted: &self.locality.adopts,
            place: &self.locality.title,
            law: &self.law,
        }
    }

    /// Days on which the set of its files in force changes.
    pub(super) fn turning_days(&self) -> BTreeSet<Day> {
        turning_days(self.files.iter().copied())
    }
}

/// Days on which the set of files and procedures in force changes.
pub(super) fn turning_days<'a>(files: impl Iterator<Item = &'a Parsed> + Clone) -> BTreeSet<Day> {
    let mut days = crate::procedure::turning_days_of(files.clone());
    for head in files.filter_map(Parsed::head) {
        days.extend(head.from.as_ref().and_then(|d| Day::parse(&d.text).ok()));
        let last = head.to.as_ref().and_then(|d| Day::parse(&d.text).ok());
        days.extend(last.and_then(|d| d.add_days(1)));
    }
    days
}
