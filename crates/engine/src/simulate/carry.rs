//! 名册随动: those a change lets in are put on the roll, those it puts out are taken from it, and the
//! programmes that read the roll are judged again, until nobody moves any more.
//!
//! Only the difference is carried. Somebody who is 符合 on both sides and not on the roll stays off
//! it: that is a matter for a visit, not an effect of the change.

use super::copies::World;
use super::{Roll, Words};
use crate::compile::Compiled;
use crate::error::Result;
use crate::frames::{Frames, StatusFrame};
use crate::judged::Judged;
use crate::payable::holders;
use crate::run::Memo;
use datafusion::arrow::array::{AsArray, Date32Array, Int64Array};
use datafusion::arrow::datatypes::Int64Type;
use domain::Day;
use rules::Program;
use rules::plan::{FileKind, Home, ItemId};
use rules::situation::Moments;
use std::collections::{BTreeMap, BTreeSet};

/// Whom the rules propose for a status; ids rise.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Proposed {
    yes: Vec<i64>,
    open: Vec<i64>,
}

impl Proposed {
    fn in_order(&mut self) {
        for ids in [&mut self.yes, &mut self.open] {
            ids.sort_unstable();
            ids.dedup();
        }
    }
}

fn has(ids: &[i64], id: i64) -> bool {
    ids.binary_search(&id).is_ok()
}

/// The proposals of all policies, by status. A status is the same on both sides when its name and
/// its entity are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Proposals(BTreeMap<Key, Proposed>);

/// Entity and status, by name.
type Key = (String, String);

fn key(program: &Program, status: ItemId) -> Option<Key> {
    let item = program.item(status)?;
    let Home::Entity(entity) = item.home else {
        return None;
    };
    let entity = program.dict.entity_name(entity).to_owned();
    Some((entity, item.name.clone()))
}

impl Proposals {
    pub(super) fn of(program: &Program, judged: &Judged) -> Self {
        let mut out = Self::default();
        let policies = program.files.iter().filter(|f| f.kind == FileKind::Policy);
        for plan in policies {
            for grant in &plan.grants {
                let (Some(key), Some(item)) =
                    (key(program, grant.status), program.item(grant.status))
                else {
                    continue;
                };
                let table = match grant.relation {
                    None => judged.table(&plan.id),
                    Some(relation) => judged.rows_table(&plan.id, relation),
                };
                let Some(table) = table else { continue };
                let Some(answers) = table.answers(&format!("给予.{}", item.name)) else {
                    continue;
                };
                // Of rows the status is that of the one the row leads to.
                let column = table.batch.column(usize::from(grant.relation.is_some()));
                let Some(ids) = column.as_primitive_opt::<Int64Type>() else {
                    continue;
                };
                let found = out.0.entry(key).or_default();
                for (id, answer) in ids.iter().zip(answers.iter()) {
                    match (id, answer) {
                        (Some(id), Some(true)) => found.yes.push(id),
                        (Some(id), None) => found.open.push(id),
                        (None, _) | (_, Some(false)) => {}
                    }
                }
            }
        }
        out.0.values_mut().for_each(Proposed::in_order);
        out
    }
}

impl Proposals {
    /// The proposals of some worlds, one copy each, for other copies of them: each copy with the
    /// place its world has among those.
    pub(super) fn copied(&self, copies: &[(usize, &World)], stride: i64, words: Words<'_>) -> Self {
        let shift = |place: usize| stride.saturating_mul(i64::try_from(place).unwrap_or(0));
        let each = self.0.iter().map(|(key, proposed)| {
            let all = |wanted: &[i64]| -> Vec<i64> {
                let mut out = Vec::new();
                for (copy, (source, world)) in copies.iter().enumerate() {
                    let ids = if key.0 == words.household {
                        &world.homes
                    } else {
                        &world.people
                    };
                    let (from, to) = (shift(*source), shift(copy));
                    let mine = ids.iter().filter(|id| has(wanted, id.saturating_add(from)));
                    out.extend(mine.map(|id| id.saturating_add(to)));
                }
                out
            };
            let mut proposed = Proposed {
                yes: all(&proposed.yes),
                open: all(&proposed.open),
            };
            proposed.in_order();
            (key.clone(), proposed)
        });
        Self(each.collect())
    }
}

/// Who goes on a roll and who goes off it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Moves {
    enter: BTreeSet<i64>,
    leave: BTreeSet<i64>,
}

fn moves(
    program: &Program,
    frames: &Frames,
    before: &Proposals,
    after: &Proposals,
    day: Day,
) -> BTreeMap<ItemId, Moves> {
    let none = Proposed::default();
    let mut out = BTreeMap::new();
    for (status, frame) in &frames.statuses {
        let Some(key) = key(program, *status) else {
            continue;
        };
        let (was, is) = (before.0.get(&key), after.0.get(&key));
        if was.is_none() && is.is_none() {
            continue;
        }
        let (was, is) = (was.unwrap_or(&none), is.unwrap_or(&none));
        let held = holders(frame, day);
        let enter: BTreeSet<i64> = is
            .yes
            .iter()
            .filter(|id| !has(&was.yes, **id) && !held.contains(id))
            .copied()
            .collect();
        // Whom nobody can decide about stays.
        let leave: BTreeSet<i64> = was
            .yes
            .iter()
            .filter(|id| held.contains(id) && !has(&is.yes, **id) && !has(&is.open, **id))
            .copied()
            .collect();
        if !enter.is_empty() || !leave.is_empty() {
            out.insert(*status, Moves { enter, leave });
        }
    }
    out
}

/// The roll with those who enter from the day on and without those who leave.
fn moved(frame: &StatusFrame, moves: &Moves, day: Day) -> Result<StatusFrame> {
    let (today, until) = (day.epoch_days(), day.epoch_days().saturating_sub(1));
    let (mut ids, mut from, mut to) = (Vec::new(), Vec::new(), Vec::new());
    for (id, start, end) in frame.periods() {
        let holds = start <= today && end.is_none_or(|end| today <= end);
        let end = if holds && moves.leave.contains(&id) {
            Some(until)
        } else {
            end
        };
        if end.is_none_or(|end| start <= end) {
            ids.push(id);
            from.push(start);
            to.push(end);
        }
    }
    for id in &moves.enter {
        ids.push(*id);
        from.push(today);
        to.push(None);
    }
    StatusFrame::new(
        Int64Array::from(ids),
        Date32Array::from(from),
        Date32Array::from(to),
        frame.complete().clone(),
    )
    .map(|after| after.known_from(frame.begins()))
}

/// The after side, judged on the roll as it would become.
pub(super) struct Carried {
    pub judged: Judged,
    pub frames: Frames,
    pub passes: u32,
    pub at_rest: bool,
}

pub(super) fn carried(
    before: &Proposals,
    after: &Program,
    compiled: &Compiled,
    frames: &Frames,
    moments: Moments,
    roll: Roll,
    memo: Option<&Memo>,
) -> Result<Carried> {
    // What the roll does not reach is judged once.
    let mut memo = memo.cloned();
    let mut judged = match &mut memo {
        Some(memo) => compiled.run_keeping(frames, memo)?,
        None => compiled.run(frames)?,
    };
    let mut out = frames.clone();
    let mut passes = 1;
    if roll == Roll::AsItIs {
        return Ok(Carried {
            judged,
            frames: out,
            passes,
            at_rest: true,
        });
    }
    // 给予 never leads in a circle, so a chain is no longer than there are policies.
    let passes_max = u32::try_from(after.files.len()).unwrap_or(u32::MAX);
    let mut last = BTreeMap::new();
    loop {
        let proposed = Proposals::of(after, &judged);
        let next = moves(after, frames, before, &proposed, moments.base);
        if next == last || passes >= passes_max {
            return Ok(Carried {
                at_rest: next == last,
                judged,
                frames: out,
                passes,
            });
        }
        for (status, frame) in &frames.statuses {
            let frame = match next.get(status) {
                Some(moves) => moved(frame, moves, moments.base)?,
                None => frame.clone(),
            };
            out.statuses.insert(*status, frame);
        }
        last = next;
        judged = match &memo {
            Some(memo) => compiled.run_after(&out, memo)?,
            None => compiled.run(&out)?,
        };
        passes = passes.saturating_add(1);
    }
}
