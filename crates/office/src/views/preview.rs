//! 影响预览: the households a proposed version of the rulebook reaches, one by one.

use super::Behind;
use serde::Serialize;

/// The households asked for, the largest change first.
#[derive(Clone, Debug, Serialize)]
pub struct AffectedList {
    /// On the people of which month.
    pub month: String,
    /// How many there are.
    pub total: u64,
    /// Those shown.
    pub rows: Vec<AffectedRow>,
}

/// One of them.
#[derive(Clone, Debug, Serialize)]
pub struct AffectedRow {
    /// Whom, masked.
    pub subject: String,
    /// Their file.
    pub about: Behind,
    /// Township and village.
    pub place: String,
    /// Help a month before.
    pub before: String,
    /// Help a month after.
    pub after: String,
    /// The difference with its sign.
    pub change: String,
    /// Whether the roll has somebody behind it for whom some programme is answered otherwise.
    pub turned: bool,
    /// Why, one programme a line.
    pub reasons: Vec<String>,
}
