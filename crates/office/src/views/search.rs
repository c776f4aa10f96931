//! 查找: by name or its first letters, household number, id number, warning number.

use serde::Serialize;

use super::Behind;

/// What is looked for; it never stands in an address, because it may be somebody's id number.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SearchAsk {
    /// The words as typed.
    pub words: String,
    /// How many rows stand before the page.
    pub after: u64,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct SearchResult {
    /// The words as typed.
    pub words: String,
    /// What was found, best first: one page.
    pub rows: Vec<SearchRow>,
    /// How many there are in all.
    pub total: u64,
    /// How many stand before these.
    pub before: u64,
    /// Where the next page begins.
    pub next: Option<u64>,
    /// Where the page before begins.
    pub previous: Option<u64>,
    /// What to try when nothing was found or too much.
    pub advice: Option<String>,
}

/// One thing found.
#[derive(Clone, Debug, Serialize)]
pub struct SearchRow {
    /// What it is: 家庭 个人 预警 规则.
    pub what: String,
    /// Its title, masked.
    pub title: String,
    /// Where it is, and what is known in a word.
    pub detail: String,
    /// What opens.
    pub behind: Behind,
}
