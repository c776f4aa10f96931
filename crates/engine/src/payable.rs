//! 应发: what every programme pays in a month after 不并给, for everybody the rules find 符合.
//!
//! The matrix is resolved by the rules' own `resolve_exclusions`; here are only the claims, read from
//! columns. Nobody is paid by it and nothing is rounded; an amount that is not known stays unknown.

use crate::frames::{Frames, StatusFrame};
use crate::judged::{Judged, JudgedTable};
use crate::situation::value_at;
use datafusion::arrow::array::{Array, BooleanArray};
use domain::Day;
use rules::Program;
use rules::eval::{Claim, Yield, resolve_exclusions};
use rules::plan::{EntityId, Exclusion, FileId, FileKind, FilePlan, Home, ItemId, Period, Type};
use rules::unit::Unit;
use rules::value::{Ratio, Value};
use std::collections::{BTreeSet, HashSet};

/// What 不并给 does to a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CutKind {
    /// 先享受另一种: nothing of it is paid.
    Withheld,
    /// 补差: only what exceeds the other.
    Reduced,
    /// 自选 or a status nobody knows: a person must say first.
    Undecided,
}

/// 不并给 as it touches one claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cut {
    /// How.
    pub kind: CutKind,
    /// For whose sake.
    pub other: FileId,
    /// The line of the matrix.
    pub exclusion: usize,
}

/// One of those a programme finds 符合.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paid {
    /// Id of the person or household.
    pub id: i64,
    /// 给付 of the month in 分, before 不并给; none when not known.
    pub due: Option<i64>,
    /// What is left of it; none when not known or not decided.
    pub paid: Option<i64>,
    /// What took the rest.
    pub cut: Option<Cut>,
}

/// What one programme pays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pay {
    /// The file.
    pub file: FileId,
    /// Its id.
    pub file_id: String,
    /// Its title.
    pub title: String,
    /// Of whom the ids are.
    pub entity: EntityId,
    /// Whether it has money for a month at all.
    pub monthly: bool,
    /// How many are 待查.
    pub pending: u64,
    /// Those who are 符合, by rising id.
    pub entitled: Vec<Paid>,
}

impl Pay {
    /// One of the 符合.
    pub fn of(&self, id: i64) -> Option<&Paid> {
        let at = self.entitled.binary_search_by_key(&id, |p| p.id).ok()?;
        self.entitled.get(at)
    }

    /// 每月支出 in 分, as far as it is known.
    pub fn cost(&self) -> i64 {
        let known = self.entitled.iter().filter_map(|p| p.paid);
        known.fold(0, i64::saturating_add)
    }
}

/// The benefits of a file that are money of a month: 元/月, or 元 of a programme judged every month.
pub fn monthly_benefits(program: &Program, file: &FilePlan) -> Vec<ItemId> {
    let (a_month, once) = (Unit::parse("元/月"), Unit::parse("元"));
    let is_monthly = |item: &ItemId| {
        let Some(item) = program.item(*item) else {
            return false;
        };
        let Type::Num(unit) = item.ty else {
            return false;
        };
        let of_month =
            Some(unit) == a_month || (Some(unit) == once && file.period == Period::Month);
        of_month && matches!(item.home, Home::Entity(_))
    };
    let benefits = file.benefits.iter().map(|(item, _)| *item);
    benefits.filter(is_monthly).collect()
}

/// What every policy with a verdict pays on a day, in the order of the rules.
pub fn payable(program: &Program, judged: &Judged, frames: &Frames, day: Day) -> Vec<Pay> {
    let files = (0..).map(FileId).zip(&program.files);
    let mut all: Vec<Pay> = files
        .filter(|(_, plan)| plan.kind == FileKind::Policy && plan.verdict.is_some())
        .filter_map(|(file, plan)| pay(program, judged, file, plan))
        .collect();
    let entities: BTreeSet<EntityId> = all.iter().map(|p| p.entity).collect();
    for entity in entities {
        resolve(program, judged, frames, day, entity, &mut all);
    }
    all
}

fn pay(program: &Program, judged: &Judged, file: FileId, plan: &FilePlan) -> Option<Pay> {
    let table = judged.table(&plan.id)?;
    let verdicts = table.verdicts()?;
    let benefits = monthly_benefits(program, plan);
    let rows = table.ids().iter().zip(verdicts.iter()).enumerate();
    let entitled = rows.filter(|(_, (_, verdict))| *verdict == Some(true));
    let entitled = entitled
        .map(|(row, (id, _))| {
            let due = sum(table, &benefits, row);
            Paid {
                id: *id,
                due,
                paid: due,
                cut: None,
            }
        })
        .collect();
    Some(Pay {
        file,
        file_id: plan.id.clone(),
        title: plan.title.clone(),
        entity: plan.entity,
        monthly: !benefits.is_empty(),
        pending: u64::try_from(verdicts.null_count()).unwrap_or(u64::MAX),
        entitled,
    })
}

/// The benefits of a row together, in 分.
fn sum(table: &JudgedTable, benefits: &[ItemId], row: usize) -> Option<i64> {
    benefits.iter().try_fold(0_i64, |sum, benefit| {
        let Some(Value::Num(amount)) = table.value(*benefit, row) else {
            return None;
        };
        // 给付 is rounded to 分 where it is written, so a fraction is not an amount.
        let fen = (amount.den() == 1).then(|| i64::try_from(amount.num()).ok())??;
        sum.checked_add(fen)
    })
}

/// A file of the matrix with what the columns say of it.
struct Party<'a> {
    /// Its place among the pays.
    at: usize,
    file: FileId,
    plan: &'a FilePlan,
    table: &'a JudgedTable,
    verdicts: BooleanArray,
}

/// Resolves the matrix for all persons, or for all households.
fn resolve(
    program: &Program,
    judged: &Judged,
    frames: &Frames,
    day: Day,
    entity: EntityId,
    all: &mut [Pay],
) {
    let named = |line: &Exclusion, id: &str| line.a == id || line.b == id;
    let mut parties = Vec::new();
    for (at, pay) in all.iter().enumerate().filter(|(_, p)| p.entity == entity) {
        let in_matrix = program.exclusions.iter().any(|l| named(l, &pay.file_id));
        let plan = program.files.get(pay.file.at());
        let table = judged.table(&pay.file_id);
        if let (true, Some(plan), Some(table)) = (in_matrix, plan, table)
            && let Some(verdicts) = table.verdicts()
        {
            parties.push(Party {
                at,
                file: pay.file,
                plan,
                table,
                verdicts,
            });
        }
    }
    // Only a claim that would be paid can give way.
    let ids: BTreeSet<i64> = parties
        .iter()
        .filter_map(|party| all.get(party.at))
        .flat_map(|pay| pay.entitled.iter().map(|p| p.id))
        .collect();
    for id in ids {
        let claims: Vec<Claim> = parties
            .iter()
            .map(|party| claim(frames, day, party, id))
            .collect();
        let choice = |fact: &str| chosen(program, frames, entity, fact, id);
        for found in resolve_exclusions(program, &claims, choice) {
            let Some(party) = parties.iter().find(|p| p.file == found.file) else {
                continue;
            };
            let paid = all.get_mut(party.at).and_then(|pay| {
                let row = pay.entitled.binary_search_by_key(&id, |p| p.id).ok()?;
                pay.entitled.get_mut(row)
            });
            if let Some(paid) = paid {
                apply(paid, found.outcome, found.other, found.exclusion);
            }
        }
    }
}

fn claim(frames: &Frames, day: Day, party: &Party<'_>, id: i64) -> Claim {
    let row = party.table.ids().binary_search(&id).ok();
    let verdict = row
        .filter(|row| party.verdicts.is_valid(*row))
        .map(|row| party.verdicts.value(row));
    let own = party.plan.grants.iter().filter(|g| g.relation.is_none());
    let held = own.fold(None, |held: Option<Option<bool>>, grant| {
        let answer = holds(frames.statuses.get(&grant.status), id, day);
        Some(match held {
            Some(Some(true)) => Some(true),
            None | Some(Some(false)) => answer,
            Some(None) => answer.filter(|a| *a),
        })
    });
    let amount = row.and_then(|row| {
        let benefits = party.plan.benefits.iter().map(|(benefit, _)| *benefit);
        let all = benefits.map(|benefit| match party.table.value(benefit, row) {
            Some(Value::Num(amount)) => Some(amount),
            _ => None,
        });
        let mut sum = Ratio::ZERO;
        for amount in all {
            sum = sum.add(amount?)?;
        }
        Some(Value::Num(sum))
    });
    Claim {
        file: party.file,
        verdict,
        held: held.unwrap_or(verdict),
        amount: amount.unwrap_or(Value::Unknown),
    }
}

/// Whether somebody holds a status on a day; unknown where the roll is not whole.
pub fn holds(status: Option<&StatusFrame>, id: i64, day: Day) -> Option<bool> {
    let status = status?;
    let day = day.epoch_days();
    let covers = |(from, to): (i32, Option<i32>)| from <= day && to.is_none_or(|to| day <= to);
    if status.periods_of(id).any(covers) {
        return Some(true);
    }
    status.complete().holds(id).then_some(false)
}

/// What a person has chosen, where 自选 asks.
fn chosen(program: &Program, frames: &Frames, entity: EntityId, fact: &str, id: i64) -> Value {
    let items = (0..).map(ItemId).zip(&program.items);
    let found = items
        .filter(|(_, item)| item.home == Home::Entity(entity) && item.file.is_none())
        .find(|(_, item)| item.name == fact);
    let frame = frames.entities.get(&entity);
    let read = || {
        let (item, _) = found?;
        let frame = frame?;
        let row = usize::try_from(frame.position(id)?).ok()?;
        value_at(frame.column(item)?, row, 1)
    };
    read().unwrap_or(Value::Unknown)
}

/// Several lines may touch one claim: 不发 goes before a question, a question before a part.
fn apply(paid: &mut Paid, outcome: Yield, other: FileId, exclusion: usize) {
    let (kind, left) = match outcome {
        Yield::Withheld => (CutKind::Withheld, Some(0)),
        Yield::Reduced(rest) => {
            let whole = (rest.den() == 1).then(|| i64::try_from(rest.num()).ok());
            (CutKind::Reduced, whole.flatten())
        }
        Yield::Undecided => (CutKind::Undecided, None),
    };
    let stronger = match (paid.cut.map(|c| c.kind), kind) {
        (None, _) => true,
        (Some(CutKind::Withheld), _) => false,
        (Some(_), CutKind::Withheld) => true,
        (Some(CutKind::Undecided), CutKind::Reduced | CutKind::Undecided) => false,
        (Some(CutKind::Reduced), CutKind::Undecided) => true,
        (Some(CutKind::Reduced), CutKind::Reduced) => left < paid.paid,
    };
    if stronger {
        paid.paid = left;
        paid.cut = Some(Cut {
            kind,
            other,
            exclusion,
        });
    }
}

/// Who holds a status on a day.
pub fn holders(status: &StatusFrame, day: Day) -> HashSet<i64> {
    let day = day.epoch_days();
    let covers = |from: i32, to: Option<i32>| from <= day && to.is_none_or(|to| day <= to);
    let held = status.periods().filter(|(_, from, to)| covers(*from, *to));
    held.map(|(id, ..)| id).collect()
}
