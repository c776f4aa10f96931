//! Whose list has a gap: a refused row of theirs, or more rows than anything was proven for.

use engine::Complete;
use rules::Program;
use rules::plan::RelId;
use std::collections::BTreeSet;

/// Complete for all but these.
pub(super) fn except(gaps: BTreeSet<i64>) -> Complete {
    if gaps.is_empty() {
        Complete::Everybody
    } else {
        Complete::Except(gaps)
    }
}

/// Owners of more rows than 至多 allows. The checker proved sums for that many only, so no sum over
/// their lists is trusted: they are unknown until somebody has looked. `owners` rise.
pub(super) fn too_long(program: &Program, relation: RelId, owners: &[i64]) -> Vec<i64> {
    let most = program.dict.relation_of(relation).map_or(0, |r| r.at_most);
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let long = owners
        .chunk_by(|a, b| a == b)
        .filter(|rows| rows.len() > most);
    long.filter_map(|rows| rows.first().copied()).collect()
}
