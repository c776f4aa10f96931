//! What a change of the rules would do: cost, winners, losers and cliffs, on the same people.
//!
//! It compares two judgements of one month. It changes nothing and signs nothing.

use crate::judged::{Judged, JudgedTable};
use crate::screening::paid;
use rules::Program;
use rules::plan::{FileKind, ItemId};
use rules::value::Ratio;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// One of the two sides of a comparison.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// Its rules.
    pub program: &'a Program,
    /// What they say.
    pub judged: &'a Judged,
}

/// What happens to one of the judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// 新增: 符合 only after.
    Enters,
    /// 退出: 符合 only before.
    Leaves,
    /// 增加
    Gains,
    /// 减少
    Loses,
}

/// One of the judged for whom something changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// Id of the person or household.
    pub id: i64,
    /// What happens.
    pub effect: Effect,
    /// Paid before; none when not 符合 or not known.
    pub before: Option<Ratio>,
    /// Paid after.
    pub after: Option<Ratio>,
}

/// What the change does to one programme.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgrammeChange {
    /// The file's id.
    pub file_id: String,
    /// Its title.
    pub title: String,
    /// How many are 符合 before.
    pub entitled_before: u64,
    /// How many are 符合 after.
    pub entitled_after: u64,
    /// How many are 待查 before.
    pub pending_before: u64,
    /// How many are 待查 after.
    pub pending_after: u64,
    /// Cost of the month before, in the benefit's scale (分).
    pub cost_before: Option<Ratio>,
    /// Cost of the month after.
    pub cost_after: Option<Ratio>,
    /// How many there are of each effect.
    pub effects: BTreeMap<Effect, u64>,
    /// For whom something changes, by rising id.
    pub changed: Vec<Changed>,
}

/// Compares two judgements programme by programme, in the order of the rules after.
pub fn compare(before: Side<'_>, after: Side<'_>) -> Vec<ProgrammeChange> {
    let mut changes = Vec::new();
    for plan in after
        .program
        .files
        .iter()
        .filter(|f| f.kind == FileKind::Policy)
    {
        if plan.verdict.is_none() {
            continue;
        }
        let old = Ledger::new(before, &plan.id);
        let new = Ledger::new(after, &plan.id);
        let mut change = ProgrammeChange {
            file_id: plan.id.clone(),
            title: plan.title.clone(),
            entitled_before: old.entitled,
            entitled_after: new.entitled,
            pending_before: old.pending,
            pending_after: new.pending,
            cost_before: old.cost,
            cost_after: new.cost,
            ..ProgrammeChange::default()
        };
        let mut ids: Vec<i64> = old.paid.keys().chain(new.paid.keys()).copied().collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            let (was, is) = (old.paid.get(&id).copied(), new.paid.get(&id).copied());
            let effect = match (was, is) {
                (None, Some(_)) => Effect::Enters,
                (Some(_), None) => Effect::Leaves,
                (Some(Some(was)), Some(Some(is))) => match is.cmp(&was) {
                    Ordering::Greater => Effect::Gains,
                    Ordering::Less => Effect::Loses,
                    Ordering::Equal => continue,
                },
                (Some(_), Some(_)) | (None, None) => continue,
            };
            let count = change.effects.entry(effect).or_default();
            *count = count.saturating_add(1);
            let (before, after) = (was.flatten(), is.flatten());
            change.changed.push(Changed {
                id,
                effect,
                before,
                after,
            });
        }
        changes.push(change);
    }
    changes
}

/// What a programme pays, by id.
struct Ledger {
    entitled: u64,
    pending: u64,
    cost: Option<Ratio>,
    paid: BTreeMap<i64, Option<Ratio>>,
}

impl Ledger {
    fn new(side: Side<'_>, file_id: &str) -> Self {
        let mut it = Self {
            entitled: 0,
            pending: 0,
            cost: Some(Ratio::ZERO),
            paid: BTreeMap::new(),
        };
        let plan = side.program.file(file_id).map(|(_, plan)| plan);
        let (Some(plan), Some(table)) = (plan, side.judged.table(file_id)) else {
            return it;
        };
        let benefits: Vec<ItemId> = plan.benefits.iter().map(|(b, _)| *b).collect();
        it.fill(side.program, table, &benefits);
        it
    }

    fn fill(&mut self, program: &Program, table: &JudgedTable, benefits: &[ItemId]) {
        let Some(verdicts) = table.verdicts() else {
            return;
        };
        for (row, (id, verdict)) in table.ids().iter().zip(verdicts.iter()).enumerate() {
            match verdict {
                Some(true) => {}
                Some(false) => continue,
                None => {
                    self.pending = self.pending.saturating_add(1);
                    continue;
                }
            }
            self.entitled = self.entitled.saturating_add(1);
            let amount = paid(program, table, benefits.iter().copied(), row);
            if let Some(amount) = amount {
                self.cost = self.cost.and_then(|cost| cost.add(amount));
            }
            self.paid.insert(*id, amount);
        }
    }
}

/// 悬崖: earning more leaves less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cliff {
    /// Income before the step.
    pub from: Ratio,
    /// Income after the step.
    pub to: Ratio,
    /// How much less income and help together are after it.
    pub lost: Ratio,
}

/// Cliffs along an axis: incomes with the help at each. Steps at which the two together fall.
pub fn cliffs(points: &[(Ratio, Ratio)]) -> Vec<Cliff> {
    let mut points = points.to_vec();
    points.sort_by_key(|(income, _)| *income);
    let total = |(income, help): &(Ratio, Ratio)| income.add(*help);
    let steps = points.iter().zip(points.iter().skip(1));
    steps
        .filter_map(|(a, b)| {
            let lost = total(a)?.sub(total(b)?)?;
            (lost > Ratio::ZERO).then_some(Cliff {
                from: a.0,
                to: b.0,
                lost,
            })
        })
        .collect()
}
