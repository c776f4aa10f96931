//! What the rulebook says about paying without the month's batch: grants that are paid at once, help before the
//! papers, and who approves which of them. A place may go without these tables.

use super::super::Paid;
use super::{PayBook, Reader, Source};

/// Between a component and the case whose grant it is.
const OF_CASE: char = '·';

/// 即时发放: how a programme that is granted once is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AtOnce {
    /// Its file in the rulebook.
    pub programme: String,
    /// In batches of which kind.
    pub kind: String,
    /// The rule's quantity for the number of parts; empty where there is one part.
    pub count: String,
    /// The rule's quantity for each part but the last.
    pub each: String,
    /// The rule's quantity for the last part.
    pub last: String,
    /// The circumstance of a case that is paid in parts.
    pub staged: String,
    /// Working days until the money is with the bank.
    pub days: u32,
}

/// 先行救助: how a programme helps before the papers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpFirst {
    /// Its file in the rulebook.
    pub programme: String,
    /// The rule's quantities of which one says that help goes first.
    pub rules: Vec<String>,
    /// In batches of which kind.
    pub kind: String,
    /// Working days until the money is with the bank.
    pub days: u32,
    /// The fact that tells on which day somebody was helped first.
    pub helped: String,
    /// The fact that tells that the papers came.
    pub papers: String,
}

/// 审批层级: which circumstance of a case a class of the rule is told as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Level {
    /// Its file in the rulebook.
    pub programme: String,
    /// The rule's quantity.
    pub rule: String,
    /// Its member.
    pub member: String,
    /// The circumstance.
    pub told: String,
}

impl PayBook {
    /// How a programme that is granted once is paid; none where it is paid with the month.
    #[must_use]
    pub fn at_once(&self, programme: &str) -> Option<&AtOnce> {
        self.at_once.iter().find(|one| one.programme == programme)
    }

    /// How a programme helps before the papers.
    #[must_use]
    pub fn help_first(&self, programme: &str) -> Option<&HelpFirst> {
        let mut all = self.help_first.iter();
        all.find(|one| one.programme == programme)
    }

    /// Working days of a kind of batch until its money is with the bank.
    #[must_use]
    pub fn days_of(&self, kind: &str) -> Option<u32> {
        let once = self.at_once.iter().map(|one| (&one.kind, one.days));
        let first = self.help_first.iter().map(|one| (&one.kind, one.days));
        let mut all = once.chain(first);
        all.find(|(code, _)| *code == kind).map(|(_, days)| days)
    }

    /// The component of one grant that is paid at once: each grant has its own.
    pub(in super::super) fn component_of(&self, kind: &str, case: domain::CaseNo) -> Paid<String> {
        let kind = self.kind(kind)?;
        Ok(format!("{}{OF_CASE}{case}", kind.component))
    }

    /// Whether a component is of a grant that is paid at once.
    pub(in super::super) fn is_at_once(&self, component: &str) -> bool {
        let Some((of_kind, _)) = component.split_once(OF_CASE) else {
            return false;
        };
        let mut kinds = self.kinds.iter();
        kinds.any(|kind| kind.source == Source::AtOnce && kind.component == of_kind)
    }
}

impl Reader<'_> {
    /// The rows of a table a place may go without.
    pub(super) fn own_rows<const N: usize>(
        &mut self,
        heading: &str,
        columns: [&str; N],
    ) -> Vec<[String; N]> {
        match self.tables.iter().any(|table| table.heading == heading) {
            true => self.rows(heading, columns),
            false => Vec::new(),
        }
    }

    fn days(&mut self, heading: &str, programme: &str, written: &str) -> u32 {
        written.parse().unwrap_or_else(|_| {
            self.say(format!(
                "“{heading}”里 `{programme}` 的工作日 `{written}` 应是整数"
            ));
            0
        })
    }

    pub(super) fn at_once(&mut self) -> Vec<AtOnce> {
        const TABLE: &str = "即时发放";
        let columns = ["项目", "批次", "期数", "每期", "末期", "分次情形", "工作日"];
        let mut out = Vec::new();
        for [programme, kind, count, each, last, staged, days] in self.own_rows(TABLE, columns) {
            let days = self.days(TABLE, &programme, &days);
            out.push(AtOnce {
                programme,
                kind,
                count,
                each,
                last,
                staged,
                days,
            });
        }
        out
    }

    pub(super) fn help_first(&mut self) -> Vec<HelpFirst> {
        const TABLE: &str = "先行救助";
        let columns = ["项目", "规则", "批次", "工作日", "记哪天", "记补齐"];
        let mut out = Vec::new();
        for [programme, rules, kind, days, helped, papers] in self.own_rows(TABLE, columns) {
            let days = self.days(TABLE, &programme, &days);
            out.push(HelpFirst {
                programme,
                rules: rules.split('、').map(|one| one.trim().to_owned()).collect(),
                kind,
                days,
                helped,
                papers,
            });
        }
        out
    }

    pub(super) fn levels(&mut self) -> Vec<Level> {
        let rows = self.own_rows("审批层级", ["项目", "规则", "值", "情形"]);
        rows.into_iter()
            .map(|[programme, rule, member, told]| Level {
                programme,
                rule,
                member,
                told,
            })
            .collect()
    }
}
