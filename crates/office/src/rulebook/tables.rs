//! A table of the procedures' folder: the place's own before the general one.

use crate::office::Office;
use std::str::FromStr;

/// Its text; none where neither folder has it.
pub(crate) fn text<'o>(office: &'o Office, file: &str) -> Option<&'o str> {
    let texts = office.book.texts();
    let own = texts.get(&office.book.path_in(&office.locality, file));
    let text = own.or_else(|| texts.get(&format!("procedures/{file}")));
    text.map(String::as_str)
}

/// Its rows below the heading, as cells; none where neither folder has it.
pub(crate) fn rows(office: &Office, file: &str) -> impl Iterator<Item = Vec<String>> {
    let lines = text(office, file).unwrap_or_default().lines().skip(1);
    let lines = lines.filter(|line| !line.trim().is_empty());
    lines.map(rules::params::split)
}

/// What a setting, the first cell of its row, says in the second; none where it is not there or cannot be read.
pub(crate) fn setting<T: FromStr>(office: &Office, file: &str, name: &str) -> Option<T> {
    rows(office, file).find_map(|row| match row.as_slice() {
        [of, value, ..] if of.trim() == name => value.trim().parse().ok(),
        _ => None,
    })
}

/// How pressing a task is that no warning and no clock raises; 0, the least, where the rulebook does not say.
pub(crate) fn urgency(office: &Office, what: &str) -> i64 {
    setting(office, "task-urgency.csv", what).unwrap_or(0)
}
