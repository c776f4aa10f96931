//! 归属: by what a row's owner is known where the row has no id number, and whose a refused row was.

use super::REGISTER;
use super::block::Block;
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

/// 归属: the words of the columns at these places, one behind the other.
pub(super) fn key(places: &[usize], block: &Block, at: usize) -> Option<String> {
    let word = |place: &usize| block.text_at(*place, at);
    match places {
        [] => None,
        [one] => word(one).map(str::to_owned),
        several => {
            // The sign between the words stands in none of them.
            let words: Option<Vec<String>> = several
                .iter()
                .map(|place| word(place).map(|w| w.replace('/', "／")))
                .collect();
            words.map(|w| w.join("/"))
        }
    }
}

/// The gap that a row leaves; its cells may be put already and the rest not yet.
pub(super) fn gap(
    feed: &FeedPlan,
    block: &Block,
    at: usize,
    id: Option<IdNumber>,
    key: Option<String>,
) -> Gap {
    // Whoever stood in a refused row of the register may be a member nobody knows yet, so the
    // household's list of members has a gap until the row comes right.
    let household = (feed.id == REGISTER)
        .then(|| block.text_of("户号", at).map(str::to_owned))
        .flatten();
    Gap { id, key, household }
}
