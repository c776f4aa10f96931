//! Who needs us: the warnings that fire, and where results and the roll disagree.
//!
//! It lists; it sends nobody and stops nothing. A trigger fires only when true, and 待查 is never
//! listed as 应退.

use crate::frames::{Frames, StatusFrame};
use crate::judged::{Judged, JudgedTable};
use domain::Day;
use rules::Program;
use rules::plan::{EntityId, FileId, FileKind, Home, ItemId};
use rules::value::{Ratio, Value};
use std::collections::HashSet;

/// 预警: a warning that fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raised {
    /// The warning file.
    pub file: FileId,
    /// Its id.
    pub file_id: String,
    /// The trigger.
    pub trigger: ItemId,
    /// Its place in the file's dispatches.
    pub dispatch: usize,
    /// What the id is of.
    pub entity: EntityId,
    /// Of whom.
    pub id: i64,
    /// 紧急, in 分值; none when it is not written or unknown.
    pub urgency: Option<Ratio>,
}

/// The warnings that fire, file by file, by rising id.
pub fn screen(program: &Program, judged: &Judged) -> Vec<Raised> {
    let mut raised = Vec::new();
    for (file, plan) in (0..).map(FileId).zip(&program.files) {
        if plan.kind != FileKind::Warning {
            continue;
        }
        let Some(table) = judged.table(&plan.id) else {
            continue;
        };
        for (dispatch, said) in plan.dispatches.iter().enumerate() {
            let name = program.item(said.trigger).map_or("", |i| i.name.as_str());
            let Some(answers) = table.answers(name) else {
                continue;
            };
            for (row, (id, answer)) in table.ids().iter().zip(answers.iter()).enumerate() {
                if answer == Some(true) {
                    raised.push(Raised {
                        file,
                        file_id: plan.id.clone(),
                        trigger: said.trigger,
                        dispatch,
                        entity: plan.entity,
                        id: *id,
                        urgency: number(table, &format!("{name}.紧急"), row),
                    });
                }
            }
        }
    }
    raised
}

fn number(table: &JudgedTable, name: &str, row: usize) -> Option<Ratio> {
    match table.named(name, row) {
        Some(Value::Num(number)) => Some(number),
        _ => None,
    }
}

/// How a result and the roll disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Disagreement {
    /// 应享未享: 符合 and not on the roll.
    EntitledNotHeld,
    /// 应退未退: 不符合 and on the roll.
    HeldNotEntitled,
}

/// A result that disagrees with the roll.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OffRoll {
    /// The policy.
    pub file: FileId,
    /// Its id.
    pub file_id: String,
    /// The status it proposes.
    pub status: ItemId,
    /// Of whom.
    pub id: i64,
    /// How.
    pub kind: Disagreement,
    /// What the rules would pay, all benefits of the file together, when known.
    pub amount: Option<Ratio>,
}

/// Where results and roll disagree on a day: for the statuses a policy proposes for its own entity.
pub fn against_roll(program: &Program, judged: &Judged, frames: &Frames, day: Day) -> Vec<OffRoll> {
    let mut out = Vec::new();
    for (file, plan) in (0..).map(FileId).zip(&program.files) {
        if plan.kind != FileKind::Policy {
            continue;
        }
        let Some(table) = judged.table(&plan.id) else {
            continue;
        };
        let Some(verdicts) = table.verdicts() else {
            continue;
        };
        for grant in plan.grants.iter().filter(|g| g.relation.is_none()) {
            let Some(status) = frames.statuses.get(&grant.status) else {
                continue;
            };
            let holders = holders(status, day);
            for (row, (id, verdict)) in table.ids().iter().zip(verdicts.iter()).enumerate() {
                let held = holders.contains(id);
                let kind = match (verdict, held) {
                    (Some(true), false) if status.complete().holds(*id) => {
                        Disagreement::EntitledNotHeld
                    }
                    (Some(false), true) => Disagreement::HeldNotEntitled,
                    _ => continue,
                };
                let amount = paid(program, table, plan.benefits.iter().map(|(b, _)| *b), row);
                let file_id = plan.id.clone();
                out.push(OffRoll {
                    file,
                    file_id,
                    status: grant.status,
                    id: *id,
                    kind,
                    amount,
                });
            }
        }
    }
    out
}

/// Who holds a status on a day.
pub fn holders(status: &StatusFrame, day: Day) -> HashSet<i64> {
    let day = day.epoch_days();
    let covers = |from: i32, to: Option<i32>| from <= day && to.is_none_or(|to| day <= to);
    status
        .periods()
        .filter(|(_, from, to)| covers(*from, *to))
        .map(|(id, ..)| id)
        .collect()
}

/// All benefits of a row together; none when one is unknown or there is none.
pub(crate) fn paid(
    program: &Program,
    table: &JudgedTable,
    benefits: impl Iterator<Item = ItemId>,
    row: usize,
) -> Option<Ratio> {
    let mut total: Option<Ratio> = None;
    for benefit in benefits {
        if !matches!(program.item(benefit)?.home, Home::Entity(_)) {
            continue;
        }
        let Value::Num(amount) = table.value(benefit, row)? else {
            return None;
        };
        total = Some(match total {
            None => amount,
            Some(before) => before.add(amount)?,
        });
    }
    total
}
