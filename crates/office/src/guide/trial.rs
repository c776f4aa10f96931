//! 问句试验: how often the tried questions of residents are answered right, and which are not.

use super::{Guide, QUESTIONS, cell, rows};
use rules::Rulebook;
use serde::Serialize;

/// A tried question.
#[derive(Clone, Debug)]
pub struct Tried {
    /// Its number in the table.
    pub number: String,
    /// Whether the words were never changed after it.
    pub held_out: bool,
    /// What a resident asks.
    pub text: String,
    /// The programmes it concerns; any of them is right.
    pub expected: Vec<String>,
}

/// A question that was answered wrong at the first place.
#[derive(Clone, Debug, Serialize)]
pub struct Missed {
    /// Its number.
    pub number: String,
    /// The question.
    pub text: String,
    /// What was expected.
    pub expected: Vec<String>,
    /// The first three that were answered.
    pub answered: Vec<String>,
    /// Whether one of these three is right.
    pub in_three: bool,
}

/// How often the answer was right.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Hits {
    /// Questions tried.
    pub tried: u64,
    /// The first answer is right.
    pub first: u64,
    /// One of the first three is right.
    pub three: u64,
    /// What failed at the first place.
    pub missed: Vec<Missed>,
}

/// The tried questions of the rulebook.
///
/// # Errors
/// What is wrong with the table.
pub fn tried(book: &Rulebook) -> Result<Vec<Tried>, Vec<String>> {
    let mut problems = Vec::new();
    let found = rows(book, QUESTIONS, &mut problems);
    let read = |(_, row): &(u64, Vec<String>)| Tried {
        number: cell(row, 0).to_owned(),
        held_out: cell(row, 1) == "留出",
        text: cell(row, 2).to_owned(),
        expected: cell(row, 3).split(';').map(str::to_owned).collect(),
    };
    let out = found.iter().map(read).collect();
    if problems.is_empty() {
        Ok(out)
    } else {
        Err(problems)
    }
}

/// Tries questions.
pub fn hits<'a>(guide: &Guide, questions: impl IntoIterator<Item = &'a Tried>) -> Hits {
    let mut out = Hits::default();
    for question in questions {
        let answered: Vec<String> = guide
            .ask(&question.text)
            .into_iter()
            .map(|h| h.id)
            .collect();
        let right = |id: &String| question.expected.contains(id);
        let first = answered.first().is_some_and(right);
        let three = answered.iter().take(3).any(right);
        out.tried = out.tried.saturating_add(1);
        out.first = out.first.saturating_add(u64::from(first));
        out.three = out.three.saturating_add(u64::from(three));
        if !first {
            out.missed.push(Missed {
                number: question.number.clone(),
                text: question.text.clone(),
                expected: question.expected.clone(),
                answered: answered.into_iter().take(3).collect(),
                in_three: three,
            });
        }
    }
    out
}
