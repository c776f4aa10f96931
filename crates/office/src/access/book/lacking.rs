//! What an access book that was signed under an older program does not say yet: rights and settings this
//! program came with. Nobody has such a right until it is written and signed; a setting counts as the
//! program's own file has it until then.

use super::{PATH, Right};
use std::collections::BTreeMap;

const RIGHTS: &str = "权限";
pub(super) const SETTINGS: &str = "设置";

/// A row that is not there yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// Which right; none for a setting.
    pub right: Option<Right>,
    /// The heading of its table.
    pub heading: &'static str,
    /// What it is called.
    pub title: String,
    /// The row as the program's own file has it.
    pub row: String,
}

/// The rows of the program's own access book.
pub(super) struct Own(Vec<(String, Vec<String>, String)>);

impl Own {
    /// Of the program itself.
    pub(super) fn of_the_program() -> Self {
        Self::of(&crate::rulebook::own(PATH).unwrap_or_default())
    }

    fn of(text: &str) -> Self {
        let mut heading = String::new();
        let mut rows = Vec::new();
        for line in text.lines() {
            if let Some(title) = line.strip_prefix("## ") {
                title.trim().clone_into(&mut heading);
            } else if let Some(row) = line.trim().strip_prefix('|') {
                let cells = row.split('|').map(|cell| cell.trim().to_owned());
                rows.push((heading.clone(), cells.collect(), line.trim().to_owned()));
            }
        }
        Self(rows)
    }

    fn row(&self, heading: &str, name: &str) -> Option<(&[String], &str)> {
        let mut rows = self.0.iter();
        let found =
            rows.find(|(of, cells, _)| of == heading && cells.first().is_some_and(|c| c == name));
        found.map(|(_, cells, line)| (cells.as_slice(), line.as_str()))
    }

    /// The rights nobody wrote down.
    pub(super) fn rights(&self, written: &BTreeMap<Right, super::Rule>) -> Vec<Lack> {
        let missing = Right::ALL
            .iter()
            .filter(|right| !written.contains_key(right));
        let lacks = missing.filter_map(|right| {
            let (cells, row) = self.row(RIGHTS, right.code())?;
            Some(Lack {
                right: Some(*right),
                heading: RIGHTS,
                title: cells.get(1)?.clone(),
                row: row.to_owned(),
            })
        });
        lacks.collect()
    }

    /// Fills in the settings nobody wrote down.
    pub(super) fn fill(&self, settings: &mut BTreeMap<String, String>) -> Vec<Lack> {
        let mut out = Vec::new();
        for (heading, cells, row) in &self.0 {
            let [name, value, ..] = cells.as_slice() else {
                continue;
            };
            let heads = name == SETTINGS || name.starts_with("--");
            if heading != SETTINGS || heads || settings.contains_key(name) {
                continue;
            }
            settings.insert(name.clone(), value.clone());
            out.push(Lack {
                right: None,
                heading: SETTINGS,
                title: name.clone(),
                row: row.clone(),
            });
        }
        out
    }
}

/// A text with rows added at the end of the tables they belong to.
pub(crate) fn with_rows(text: &str, lacks: &[Lack]) -> String {
    let mut out: Vec<&str> = Vec::new();
    let mut heading = "";
    // The last row of the table at hand, in `out`.
    let mut last = BTreeMap::new();
    for line in text.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            heading = title.trim();
        }
        out.push(line);
        if line.trim_start().starts_with('|') {
            last.insert(heading, out.len());
        }
    }
    let mut places: Vec<(usize, &str)> = lacks
        .iter()
        .filter_map(|lack| Some((*last.get(lack.heading)?, lack.row.as_str())))
        .collect();
    // From the end, so that what comes before keeps its place; several rows keep their order.
    places.reverse();
    places.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
    for (place, row) in places {
        out.insert(place.min(out.len()), row);
    }
    let mut text = out.join("\n");
    text.push('\n');
    text
}
