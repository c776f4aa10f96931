//! Whose list has a gap: a refused row of theirs, or more rows than anything was proven for.

use engine::Complete;
use rules::Program;
use rules::plan::RelId;
use std::collections::{BTreeMap, BTreeSet};

/// Complete for all but these.
pub(super) fn except(gaps: BTreeSet<i64>) -> Complete {
    if gaps.is_empty() {
        Complete::Everybody
    } else {
        Complete::Except(gaps)
    }
}

/// Owners of more rows than 至多 allows. The checker proved sums for that many only, so no sum over
/// their lists is trusted: they are unknown until somebody has looked.
pub(super) fn too_long(
    program: &Program,
    relation: RelId,
    owners: impl Iterator<Item = i64>,
) -> Vec<i64> {
    let most = program.dict.relation_of(relation).map_or(0, |r| r.at_most);
    let mut rows: BTreeMap<i64, u32> = BTreeMap::new();
    for owner in owners {
        let count = rows.entry(owner).or_default();
        *count = count.saturating_add(1);
    }
    let long = rows.into_iter().filter(|(_, count)| *count > most);
    long.map(|(owner, _)| owner).collect()
}
