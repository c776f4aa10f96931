//! 归属: by what a row's owner is known where the row has no id number, and whose a refused row was.

use super::REGISTER;
use super::cells::Cell;
use super::sheet::Row;
use domain::IdNumber;
use rules::feed::FeedPlan;

/// Whose row was refused: what the department says of them is not all there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gap {
    /// The holder's number.
    pub id: Option<IdNumber>,
    /// 归属 of the row.
    pub key: Option<String>,
    /// 户号 of a row of the register: that household's list of members has a gap.
    pub household: Option<String>,
}

/// 归属: the columns' words, one behind the other.
pub(super) fn key(feed: &FeedPlan, row: &Row) -> Option<String> {
    let word = |name: &String| cell_text(feed, row, name);
    match feed.owner.as_slice() {
        [] => None,
        [one] => word(one).map(str::to_owned),
        several => {
            // The sign between the words stands in none of them.
            let words: Option<Vec<String>> = several
                .iter()
                .map(|name| word(name).map(|w| w.replace('/', "／")))
                .collect();
            words.map(|w| w.join("/"))
        }
    }
}

fn cell_text<'a>(feed: &FeedPlan, row: &'a Row, name: &str) -> Option<&'a str> {
    let at = feed.columns.iter().position(|c| c.name == name)?;
    match row.cells.get(at)? {
        Cell::Text(text) => Some(text),
        _ => None,
    }
}

pub(super) fn gap(feed: &FeedPlan, row: &Row) -> Gap {
    // Whoever stood in a refused row of the register may be a member nobody knows yet, so the
    // household's list of members has a gap until the row comes right.
    let household = (feed.id == REGISTER)
        .then(|| cell_text(feed, row, "户号").map(str::to_owned))
        .flatten();
    Gap {
        id: row.id,
        key: row.key.clone(),
        household,
    }
}
