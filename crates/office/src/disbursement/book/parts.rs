//! 金额组成: which quantities of a programme's rules its amount is made up of.

use super::Reader;

/// A part of a programme's amount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartRule {
    /// 项目, by its file.
    pub programme: String,
    /// What it is called.
    pub part: String,
    /// The quantity of the rules.
    pub quantity: String,
    /// The quantity of each member; empty where nobody has a share of their own.
    pub each: String,
}

impl Reader<'_> {
    pub(super) fn parts(&mut self) -> Vec<PartRule> {
        let rows = self.own_rows("金额组成", ["项目", "组成", "规则", "每人"]);
        rows.into_iter()
            .map(|[programme, part, quantity, each]| PartRule {
                programme,
                part,
                quantity,
                each,
            })
            .collect()
    }
}
