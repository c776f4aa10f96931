//! Who gains and who loses, programme by programme, and which condition or amount it is that changed.

use super::{Door, Doors, Side, Words};
use crate::judged::JudgedTable;
use crate::payable::{Cut, Paid, Pay, holds};
use rules::plan::{FilePlan, ItemId};
use rules::value::{Ratio, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What happens to one of the judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// 新进入: 符合 only after.
    Enters,
    /// 退出: 符合 only before.
    Leaves,
    /// 增加
    Gains,
    /// 减少
    Loses,
}

/// Why it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A condition is answered otherwise; the outer `None` where a side has no such condition.
    Condition {
        /// Its name.
        name: Arc<str>,
        /// The answer before.
        was: Option<Option<bool>>,
        /// The answer after.
        is: Option<Option<bool>>,
    },
    /// A benefit is another number.
    Amount {
        /// Its name.
        name: Arc<str>,
        /// The number before, in the machine's scale.
        was: Option<Ratio>,
        /// The number after.
        is: Option<Ratio>,
    },
    /// 不并给 takes it, or no longer does: the title of the other programme.
    Exclusion {
        /// The programme for whose sake.
        other: Arc<str>,
        /// Whether it takes it now, or did before.
        takes: bool,
    },
    /// The programme stands on one side only.
    Programme {
        /// Whether it is there after.
        added: bool,
    },
}

/// One of the judged for whom something changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The programme, by its place in the outcome.
    pub programme: usize,
    /// Id of the person or household.
    pub id: i64,
    /// The door it is behind.
    pub door: Option<Door>,
    /// What happens.
    pub effect: Effect,
    /// Paid before in 分; none when not 符合, not known or not decided.
    pub before: Option<i64>,
    /// Paid after.
    pub after: Option<i64>,
    /// Whether the roll of the month has it under this programme; none where nobody knows.
    pub on_roll: Option<bool>,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// What the change does to one programme.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgrammeChange {
    /// The file's id.
    pub file_id: String,
    /// Its title.
    pub title: String,
    /// Whether it judges households; persons otherwise.
    pub of_households: bool,
    /// Whether it pays by the month.
    pub monthly: bool,
    /// How many are 符合: before and after.
    pub entitled: (u64, u64),
    /// How many are 待查.
    pub pending: (u64, u64),
    /// How many 不并给 keeps something from.
    pub cut: (u64, u64),
    /// For how many the amount is not known or not decided.
    pub unknown: (u64, u64),
    /// 每月支出 in 分, as far as known.
    pub cost: (i64, i64),
    /// How many there are of each effect.
    pub effects: BTreeMap<Effect, u64>,
}

pub(super) fn changes(
    base: &Side<'_>,
    after: &Side<'_>,
    words: Words<'_>,
) -> (Vec<ProgrammeChange>, Vec<Changed>) {
    let gone = base
        .pay
        .iter()
        .filter(|old| find(after, &old.file_id).is_none());
    let ids: Vec<&str> = after
        .pay
        .iter()
        .chain(gone)
        .map(|pay| pay.file_id.as_str())
        .collect();
    let doors = Doors::new(after.program, after.frames, words);
    let (mut programmes, mut changed) = (Vec::new(), Vec::new());
    for (at, id) in ids.into_iter().enumerate() {
        let pair = Pair {
            programme: at,
            before: Half::of(base, id),
            after: Half::of(after, id),
        };
        let Some(pay) = pair.after.pay.or(pair.before.pay) else {
            continue;
        };
        let mut told = pair.summary(pay, doors.household == Some(pay.entity));
        for id in pair.ids() {
            let Some(mut one) = pair.changed(id) else {
                continue;
            };
            one.door = doors.of(pay.entity, id);
            let count = told.effects.entry(one.effect).or_default();
            *count = count.saturating_add(1);
            changed.push(one);
        }
        programmes.push(told);
    }
    (programmes, changed)
}

fn find<'a>(side: &'a Side<'_>, file_id: &str) -> Option<&'a Pay> {
    side.pay.iter().find(|pay| pay.file_id == file_id)
}

/// A programme on one side.
struct Half<'a> {
    side: &'a Side<'a>,
    pay: Option<&'a Pay>,
    plan: Option<&'a FilePlan>,
    table: Option<&'a JudgedTable>,
}

impl<'a> Half<'a> {
    fn of(side: &'a Side<'_>, file_id: &str) -> Self {
        let pay = find(side, file_id);
        Half {
            side,
            pay,
            plan: pay.and_then(|pay| side.program.files.get(pay.file.at())),
            table: side.judged.table(file_id),
        }
    }

    fn paid(&self, id: i64) -> Option<Paid> {
        self.pay?.of(id).copied()
    }

    fn row(&self, id: i64) -> Option<usize> {
        self.table?.ids().binary_search(&id).ok()
    }

    /// Names of items of the file, in order.
    fn names(&self, of: impl Fn(&FilePlan) -> Vec<ItemId>) -> Vec<Arc<str>> {
        let items = self.plan.map(of).unwrap_or_default();
        let named = items.iter().filter_map(|i| self.side.program.item(*i));
        named.map(|item| Arc::from(item.name.as_str())).collect()
    }

    fn value(&self, name: &str, id: i64) -> Option<Value> {
        self.table?.named(name, self.row(id)?)
    }

    fn counts(&self) -> (u64, u64, u64, u64, i64) {
        let Some(pay) = self.pay else {
            return (0, 0, 0, 0, 0);
        };
        let count = |test: &dyn Fn(&Paid) -> bool| {
            let hits = pay.entitled.iter().filter(|p| test(p)).count();
            u64::try_from(hits).unwrap_or(u64::MAX)
        };
        let unknown = if pay.monthly {
            count(&|p| p.paid.is_none())
        } else {
            0
        };
        (
            count(&|_| true),
            pay.pending,
            count(&|p| p.cut.is_some()),
            unknown,
            if pay.monthly { pay.cost() } else { 0 },
        )
    }
}

/// A programme on both sides.
struct Pair<'a> {
    programme: usize,
    before: Half<'a>,
    after: Half<'a>,
}

impl Pair<'_> {
    fn summary(&self, pay: &Pay, of_households: bool) -> ProgrammeChange {
        let (was, is) = (self.before.counts(), self.after.counts());
        ProgrammeChange {
            file_id: pay.file_id.clone(),
            title: pay.title.clone(),
            of_households,
            monthly: pay.monthly,
            entitled: (was.0, is.0),
            pending: (was.1, is.1),
            cut: (was.2, is.2),
            unknown: (was.3, is.3),
            cost: (was.4, is.4),
            effects: BTreeMap::new(),
        }
    }

    /// Everybody who is 符合 on either side.
    fn ids(&self) -> BTreeSet<i64> {
        let sides = [self.before.pay, self.after.pay].into_iter().flatten();
        sides
            .flat_map(|pay| pay.entitled.iter().map(|p| p.id))
            .collect()
    }

    fn changed(&self, id: i64) -> Option<Changed> {
        let (was, is) = (self.before.paid(id), self.after.paid(id));
        let effect = match (was, is) {
            (None, Some(_)) => Effect::Enters,
            (Some(_), None) => Effect::Leaves,
            (Some(was), Some(is)) => match (was.paid, is.paid) {
                (Some(was), Some(is)) if was < is => Effect::Gains,
                (Some(was), Some(is)) if was > is => Effect::Loses,
                _ => return None,
            },
            (None, None) => return None,
        };
        let monthly = |half: &Half<'_>, paid: Option<Paid>| {
            paid.filter(|_| half.pay.is_some_and(|p| p.monthly))
                .and_then(|p| p.paid)
        };
        Some(Changed {
            programme: self.programme,
            id,
            door: None,
            effect,
            before: monthly(&self.before, was),
            after: monthly(&self.after, is),
            on_roll: self.on_roll(id),
            reasons: self.reasons(id, was, is),
        })
    }

    /// Whether the roll as it is has somebody under the programme.
    fn on_roll(&self, id: i64) -> Option<bool> {
        let plan = self.before.plan.or(self.after.plan)?;
        let frames = self.before.side.frames;
        let day = self.before.side.day;
        let own = plan.grants.iter().find(|g| g.relation.is_none())?;
        holds(frames.statuses.get(&own.status), id, day)
    }

    fn reasons(&self, id: i64, was: Option<Paid>, is: Option<Paid>) -> Vec<Reason> {
        match (self.before.pay, self.after.pay) {
            (None, Some(_)) => return vec![Reason::Programme { added: true }],
            (Some(_), None) => return vec![Reason::Programme { added: false }],
            _ => {}
        }
        let mut out = self.conditions(id);
        if was.is_some() && is.is_some() {
            out.extend(self.amounts(id));
        }
        let (was, is) = (was.and_then(|p| p.cut), is.and_then(|p| p.cut));
        if was != is {
            let told = |half: &Half<'_>, cut: Option<Cut>, takes: bool| {
                let other = half.side.program.files.get(cut?.other.at())?;
                let other = Arc::from(other.title.as_str());
                Some(Reason::Exclusion { other, takes })
            };
            out.extend(told(&self.after, is, true));
            if is.is_none() {
                out.extend(told(&self.before, was, false));
            }
        }
        out
    }

    /// Conditions that are answered otherwise.
    fn conditions(&self, id: i64) -> Vec<Reason> {
        let of = |plan: &FilePlan| plan.conditions.clone();
        let (old, new) = (self.before.names(of), self.after.names(of));
        let mut names = old.clone();
        names.extend(new.iter().filter(|n| !old.contains(n)).cloned());
        let answer = |half: &Half<'_>, has: &[Arc<str>], name: &Arc<str>| {
            has.contains(name)
                .then(|| half.value(name, id).and_then(Value::truth))
        };
        names
            .into_iter()
            .filter_map(|name| {
                let was = answer(&self.before, &old, &name);
                let is = answer(&self.after, &new, &name);
                // A condition only one side has is a reason where it fails there.
                let told = match (was, is) {
                    (Some(was), Some(is)) => was != is,
                    (only, None) | (None, only) => only != Some(Some(true)),
                };
                told.then_some(Reason::Condition { name, was, is })
            })
            .collect()
    }

    /// Benefits that are another number.
    fn amounts(&self, id: i64) -> Vec<Reason> {
        let of = |plan: &FilePlan| plan.benefits.iter().map(|(b, _)| *b).collect();
        let (old, new) = (self.before.names(of), self.after.names(of));
        let mut names = old;
        names.extend(
            new.into_iter()
                .filter(|n| !names.contains(n))
                .collect::<Vec<_>>(),
        );
        let number = |half: &Half<'_>, name: &str| match half.value(name, id) {
            Some(Value::Num(number)) => Some(number),
            _ => None,
        };
        names
            .into_iter()
            .filter_map(|name| {
                let (was, is) = (number(&self.before, &name), number(&self.after, &name));
                (was != is).then_some(Reason::Amount { name, was, is })
            })
            .collect()
    }
}
