//! 定线: candidate lines by six methods, each with its formula, its numbers, what moves it and whence
//! it comes. It proposes; nobody can accept anything on it.

use serde::Serialize;

/// What is asked: numbers in the place of those of the rulebook, and the files of one's own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineAsk {
    /// Name and value, as typed: 人均消费支出, 2300.
    pub numbers: Vec<(String, String)>,
    /// A survey in the place of the example, as CSV.
    pub households: Option<String>,
    /// A basket in the place of the example, as CSV.
    pub basket: Option<String>,
}

/// A number the methods read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LineInput {
    /// Its name.
    pub name: String,
    /// As it is used: `2100`, `38%`.
    pub value: String,
    /// Its unit.
    pub unit: String,
    /// Document, or 示例值.
    pub source: String,
    /// What it is.
    pub note: String,
}

/// How a line moves with one of its inputs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LineSensitivity {
    /// The input.
    pub input: String,
    /// The line with a tenth less of it.
    pub less: String,
    /// The line with a hundredth more of it.
    pub little_more: String,
    /// The line with a tenth more of it.
    pub more: String,
}

/// Whom a line would reach, by the month's incomes as known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LineReach {
    /// Persons whose income is below it.
    pub persons: u64,
    /// Households.
    pub households: u64,
    /// What is missing to it for all of them a month.
    pub gap: String,
}

/// A candidate line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LineCandidate {
    /// The method.
    pub method: String,
    /// Its formula.
    pub formula: String,
    /// The formula with its numbers.
    pub worked: String,
    /// The line, `798.00 元/人月`, or why there is none.
    pub line: String,
    /// The line as a number; none where it cannot be worked out.
    pub yuan: Option<f64>,
    /// Its standard error.
    pub error: Option<String>,
    /// Whom it would reach.
    pub reach: Option<LineReach>,
    /// The same with a hundredth more of what moves it most.
    pub reach_little_more: Option<LineReach>,
    /// What moves it.
    pub sensitivity: Vec<LineSensitivity>,
    /// Whence the method comes.
    pub source: String,
}

/// A table beside a method.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LineTable {
    /// Its title.
    pub title: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// Its rows.
    pub rows: Vec<Vec<String>>,
}

/// Candidate lines.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LinePage {
    /// The numbers the methods read.
    pub inputs: Vec<LineInput>,
    /// What is wrong with the numbers asked for.
    pub problems: Vec<String>,
    /// The month whose incomes the reach is counted by.
    pub month: Option<String>,
    /// Persons whose income is not known; nobody can say whether a line reaches them.
    pub unknown: Option<u64>,
    /// The lines.
    pub candidates: Vec<LineCandidate>,
    /// Regressions and baskets.
    pub tables: Vec<LineTable>,
}
