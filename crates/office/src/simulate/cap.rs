//! 预算上限: who is reached when the money ends, and, by name of their files, who is not.
//!
//! The order is the poorest first by income a head, one after the other; where the next in order is
//! no longer covered, nobody after is either, so that nobody less poor is served before him. The
//! rulebook states no order, and no law lets a budget refuse: this is a question, not a decision.

use super::report::{CapReport, CapRow};
use super::summary::Places;
use super::{WORDS, groups};
use crate::monitoring::MonthData;
use engine::simulate::{Door, Outcome};
use rules::plan::FileKind;
use rules::value::Value;
use rules::{Program, Ratio};
use std::collections::BTreeMap;

/// A budget for a month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cap {
    /// The programme it is for; all together without.
    pub programme: Option<String>,
    /// 分 a month.
    pub fen: i64,
}

impl Cap {
    /// Reads `1000000` or `dibao=500000`, in 元.
    ///
    /// # Errors
    /// What is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (programme, money) = match text.split_once(['=', '＝']) {
            Some((programme, money)) => (Some(programme.trim().to_owned()), money),
            None => (None, text),
        };
        let fen = domain::Fen::parse(money.trim())
            .map_err(|e| format!("预算上限 `{text}`:{e}"))?
            .get();
        if fen < 0 {
            return Err(format!("预算上限 `{text}` 不能是负数"));
        }
        Ok(Self { programme, fen })
    }

    pub(super) fn check(&self, program: &Program) -> Result<(), String> {
        let Some(id) = &self.programme else {
            return Ok(());
        };
        let policies = program
            .files
            .iter()
            .filter(|f| f.kind == FileKind::Policy && f.verdict.is_some());
        if policies.clone().any(|f| f.id == *id) {
            return Ok(());
        }
        let hint = rules::problem::nearest(id, policies.map(|f| f.id.as_str()))
            .map_or(String::new(), |n| format!(";是不是 `{n}`?"));
        Err(format!("预算上限:没有救助项目 `{id}`{hint}"))
    }
}

/// What the money reaches.
pub(super) fn capped(data: &MonthData, outcome: &Outcome, cap: &Cap, places: &Places) -> CapReport {
    let amounts: BTreeMap<Door, i64> = match &cap.programme {
        None => outcome
            .doors
            .iter()
            .map(|(d, (_, after))| (*d, *after))
            .collect(),
        Some(id) => of_programme(outcome, id),
    };
    let mut queue: Vec<(Option<Ratio>, Door, i64)> = amounts
        .into_iter()
        .filter(|(_, fen)| *fen > 0)
        .map(|(door, fen)| (per_head(data, door), door, fen))
        .collect();
    // Whose income nobody knows comes last: he cannot be said to be poorer.
    queue.sort_by_key(|(income, door, _)| (income.is_none(), *income, *door));
    let mut out = CapReport {
        programme: cap.programme.clone(),
        cap: cap.fen,
        covered: 0,
        spent: 0,
        excluded_cost: 0,
        excluded: Vec::new(),
    };
    let mut ended = false;
    for (income, door, fen) in queue {
        let next = out.spent.saturating_add(fen);
        if !ended && next <= cap.fen {
            out.spent = next;
            out.covered = out.covered.saturating_add(1);
            continue;
        }
        ended = true;
        out.excluded_cost = out.excluded_cost.saturating_add(fen);
        out.excluded.push(CapRow {
            door: door.into(),
            place: places.told(data, door),
            per_head: income.map(whole_fen),
            amount: fen,
        });
    }
    out
}

/// What one programme pays behind each door after the change.
fn of_programme(outcome: &Outcome, id: &str) -> BTreeMap<Door, i64> {
    outcome
        .by_programme
        .get(id)
        .map(|doors| doors.iter().map(|(door, fen)| (*door, *fen)).collect())
        .unwrap_or_default()
}

fn per_head(data: &MonthData, door: Door) -> Option<Ratio> {
    let household = data.program.dict.entity(WORDS.household)?;
    let Door::Household(id) = door else {
        return None;
    };
    let item = data.program.find(WORDS.per_head)?;
    match groups::value(data, household, item, id) {
        Value::Num(n) => Some(n),
        _ => None,
    }
}

/// A number in 分 for showing, cut to whole 分.
pub(super) fn whole_fen(number: Ratio) -> i64 {
    i64::try_from(number.num().div_euclid(number.den())).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let told = match Cap::parse(text) {
            Ok(cap) => format!("{} {}", cap.programme.unwrap_or_default(), cap.fen),
            Err(said) => said,
        };
        assert_eq!(told, expected);
    }

    #[test]
    fn a_cap_is_for_all_help_or_for_one_programme() {
        check("1000000", " 100000000");
        check("dibao=500000.50", "dibao 50000050");
        check("很多", "预算上限 `很多`:不是金额,请写成 1234.50");
        check("-1", "预算上限 `-1` 不能是负数");
    }
}
