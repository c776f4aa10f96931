//! 沿用: a place that stands on another takes what that one takes, and has its numbers where it has none
//! of its own. Such a number is never shown as the place's own: its source says whose it is.

use super::Locality;
use crate::ast::{File, Stmt};
use crate::params::Row;
use domain::Day;
use std::collections::{BTreeMap, BTreeSet};

/// The place a locality.md names after 沿用.
pub(super) fn named(file: &File) -> Option<String> {
    let mut blocks = file.statements.iter().filter_map(|s| match &s.kind {
        Stmt::Block(b) if b.keyword.text == "沿用" => b.head.first(),
        _ => None,
    });
    blocks.next().map(|name| name.text.clone())
}

/// Gives each place what the one it stands on takes, and that one's numbers beside its own.
pub(super) fn stand(places: &mut [Locality]) {
    let whole: Vec<Locality> = places.to_vec();
    for place in places {
        let base = place.base.as_ref();
        let Some(base) = base.and_then(|id| whole.iter().find(|l| l.id == *id)) else {
            continue;
        };
        let own: BTreeSet<&str> = place.adopts.iter().map(String::as_str).collect();
        let taken = base.adopts.iter().filter(|id| !own.contains(id.as_str()));
        let taken: Vec<String> = taken.cloned().collect();
        place.adopts.extend(taken);
        let mut first: BTreeMap<(&str, &str), Option<Day>> = BTreeMap::new();
        for row in &place.filled.rows {
            let of = (row.file.as_str(), row.name.as_str());
            let from = first.entry(of).or_insert(row.from);
            *from = (*from).min(row.from);
        }
        let rows = base.filled.rows.iter().filter_map(|row| {
            // The place's own number holds from its first day on, in every cell; before it the other's.
            let own = first.get(&(row.file.as_str(), row.name.as_str()));
            let mut row = row.clone();
            if let Some(own) = own {
                if row.from >= *own {
                    return None;
                }
                let last = own.and_then(|own| own.add_days(-1));
                row.to = row.to.map_or(last, |to| last.map(|last| last.min(to)));
            }
            row.source = format!("{}(沿用{})", row.source, base.title);
            Some(row)
        });
        let rows: Vec<Row> = rows.collect();
        place.filled.rows.extend(rows);
    }
}
