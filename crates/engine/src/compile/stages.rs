//! The order in which steps run: stages of one table each, so that a stage goes through its table
//! block by block and keeps only what is read outside it.
//!
//! A step that reads another table, or its own out of order, waits until that column is whole.

use super::layout::{Link, Slot, SlotInfo, Step};
use rules::plan::Home;
use std::collections::HashSet;

/// Some steps over one table, each over the same block of rows.
#[derive(Clone, Debug)]
pub(crate) struct Stage {
    pub(crate) home: Home,
    /// Which steps, and the columns nobody in the stage reads after each.
    pub(crate) steps: Vec<(usize, Vec<Slot>)>,
    /// The columns read after the stage.
    pub(crate) keep: Vec<Slot>,
    /// Whether its one step needs the whole table at once.
    pub(crate) whole: bool,
    /// Whole columns nobody reads after the stage.
    pub(crate) drop: Vec<Slot>,
    /// Result tables that are complete with this stage: their rows are handed over block by block.
    pub(crate) give: Vec<usize>,
}

/// What a step fills.
pub(crate) fn fills(step: &Step) -> Vec<Slot> {
    match step {
        Step::Input { out, .. }
        | Step::Project { out, .. }
        | Step::Lookup { out, .. }
        | Step::Status { out, .. }
        | Step::Ever { out, .. } => vec![*out],
        Step::Gather { out, .. } => out.clone(),
        Step::Aggregate(total) => vec![total.out],
        Step::Recorded { out, den, .. } => std::iter::once(*out).chain(*den).collect(),
    }
}

/// Whether a step goes block by block.
fn in_blocks(step: &Step) -> bool {
    match step {
        Step::Project { .. } | Step::Aggregate(_) | Step::Lookup { .. } => true,
        Step::Gather { link, .. } => !matches!(link, Link::Area(_)),
        // Status, 曾 and 当时 read places of other tables; they are few.
        Step::Input { .. } | Step::Status { .. } | Step::Ever { .. } | Step::Recorded { .. } => {
            false
        }
    }
}

/// Whether a step reads its columns at the rows it fills.
fn row_by_row(step: &Step) -> bool {
    matches!(step, Step::Project { .. } | Step::Lookup { .. })
}

/// Steps in stages, only those that something shown or a later step needs; columns that are known
/// already are not filled again.
pub(crate) fn stages(
    steps: &[Step],
    slots: &[SlotInfo],
    shown: &HashSet<Slot>,
    known: &HashSet<Slot>,
) -> Vec<Stage> {
    let needed = needed(steps, shown, known);
    let home = |step: &Step| {
        let first = fills(step).first().copied();
        first.and_then(|slot| slots.get(slot.0)).map(|s| s.home)
    };
    let mut plan = Plan {
        whole: vec![false; slots.len()],
        open: Vec::new(),
    };
    for (at, step) in steps.iter().enumerate() {
        if let (Step::Input { out, .. }, true) = (step, needed.contains(&at)) {
            plan.made(*out);
        }
    }
    known.iter().for_each(|slot| plan.made(*slot));
    plan.open = (0..steps.len())
        .filter(|at| needed.contains(at))
        .filter(|at| !matches!(steps.get(*at), Some(Step::Input { .. })))
        .collect();
    let mut out: Vec<Stage> = Vec::new();
    while !plan.open.is_empty() {
        let alone = plan.open.iter().copied().find(|at| {
            steps
                .get(*at)
                .is_some_and(|s| !in_blocks(s) && s.reads().iter().all(|r| plan.is_whole(*r)))
        });
        let (chosen, whole) = match alone {
            Some(at) => (vec![at], true),
            None => (plan.longest(steps, &home), false),
        };
        let Some(home) = chosen.first().and_then(|at| home(steps.get(*at)?)) else {
            // Nothing can run: the compiler writes a step after those it reads, so this is empty.
            break;
        };
        for at in &chosen {
            for slot in steps.get(*at).map(fills).unwrap_or_default() {
                plan.made(slot);
            }
        }
        plan.open.retain(|at| !chosen.contains(at));
        out.push(Stage {
            home,
            steps: chosen.into_iter().map(|at| (at, vec![])).collect(),
            keep: vec![],
            whole,
            drop: vec![],
            give: vec![],
        });
    }
    lifetimes(&mut out, steps, shown, &[]);
    out
}

/// The same stages, each handing over the result tables it completes, so that what is only shown is
/// never whole; and the tables no stage fills a column of.
pub(crate) fn handing_over(
    stages: &[Stage],
    steps: &[Step],
    tables: &[HashSet<Slot>],
) -> (Vec<Stage>, Vec<usize>) {
    let mut out = stages.to_vec();
    let mut rest = Vec::new();
    for (at, shown) in tables.iter().enumerate() {
        let makes = |stage: &Stage| {
            let filled = stage.steps.iter().filter_map(|(at, _)| steps.get(*at));
            filled.flat_map(fills).any(|slot| shown.contains(&slot))
        };
        match out.iter_mut().rev().find(|stage| makes(stage)) {
            Some(stage) => stage.give.push(at),
            None => rest.push(at),
        }
    }
    let last = rest.iter().filter_map(|at| tables.get(*at));
    let last: HashSet<Slot> = last.flatten().copied().collect();
    lifetimes(&mut out, steps, &last, tables);
    (out, rest)
}

/// The columns given with the tables that something shown or a step rests on.
pub(crate) fn inputs_read(
    stages: &[Stage],
    steps: &[Step],
    shown: &HashSet<Slot>,
) -> HashSet<Slot> {
    let run = stages.iter().flat_map(|stage| &stage.steps);
    let run = run.filter_map(|(at, _)| steps.get(*at));
    let mut read: HashSet<Slot> = run.flat_map(Step::reads).collect();
    read.extend(shown);
    read
}

/// The steps something shown rests on.
fn needed(steps: &[Step], shown: &HashSet<Slot>, known: &HashSet<Slot>) -> HashSet<usize> {
    let mut wanted = shown.clone();
    let mut needed = HashSet::new();
    for (at, step) in steps.iter().enumerate().rev() {
        let open = |slot: &Slot| wanted.contains(slot) && !known.contains(slot);
        if fills(step).iter().any(open) {
            needed.insert(at);
            wanted.extend(step.reads());
        }
    }
    needed
}

struct Plan {
    /// Columns that are whole, or are being made by the stage at hand.
    whole: Vec<bool>,
    open: Vec<usize>,
}

impl Plan {
    fn made(&mut self, slot: Slot) {
        if let Some(whole) = self.whole.get_mut(slot.0) {
            *whole = true;
        }
    }

    fn is_whole(&self, slot: Slot) -> bool {
        self.whole.get(slot.0).copied().unwrap_or(false)
    }

    /// The most steps of one table that can run together now, in their order.
    fn longest(&self, steps: &[Step], home: &impl Fn(&Step) -> Option<Home>) -> Vec<usize> {
        let mut homes: Vec<Home> = Vec::new();
        for at in &self.open {
            if let Some(home) = steps.get(*at).and_then(home)
                && !homes.contains(&home)
            {
                homes.push(home);
            }
        }
        let together = |of: Home| {
            let mut here = vec![false; self.whole.len()];
            let mut chosen = Vec::new();
            for at in &self.open {
                let Some(step) = steps
                    .get(*at)
                    .filter(|s| home(s) == Some(of) && in_blocks(s))
                else {
                    continue;
                };
                let local = row_by_row(step);
                let made = |slot: &Slot| here.get(slot.0).copied().unwrap_or(false);
                let ready = |slot: &Slot| self.is_whole(*slot) || (local && made(slot));
                if step.reads().iter().all(ready) {
                    for slot in fills(step) {
                        if let Some(here) = here.get_mut(slot.0) {
                            *here = true;
                        }
                    }
                    chosen.push(*at);
                }
            }
            chosen
        };
        let choices = homes.into_iter().map(together);
        choices.max_by_key(Vec::len).unwrap_or_default()
    }
}

/// What each stage keeps, and when a column can go. Columns `shown` are read when all is done, those
/// of `tables` by the stage that gives the table.
fn lifetimes(
    stages: &mut [Stage],
    steps: &[Step],
    shown: &HashSet<Slot>,
    tables: &[HashSet<Slot>],
) {
    // Columns read in later stages, gathered from the last stage to the first.
    let mut later: HashSet<Slot> = shown.clone();
    for stage in stages.iter_mut().rev() {
        let mut made: HashSet<Slot> = HashSet::new();
        let mut reads: HashSet<Slot> = HashSet::new();
        for (at, _) in &stage.steps {
            let Some(step) = steps.get(*at) else { continue };
            made.extend(fills(step));
            reads.extend(step.reads());
        }
        let given = stage.give.iter().filter_map(|at| tables.get(*at));
        let given: HashSet<Slot> = given.flatten().copied().collect();
        stage.keep = made.iter().copied().filter(|s| later.contains(s)).collect();
        stage.keep.sort_unstable();
        let whole = stage.whole;
        let read = reads.union(&given).copied();
        let gone = |s: &Slot| !later.contains(s) && (whole || !made.contains(s));
        stage.drop = read.filter(gone).collect();
        let mut read_on: HashSet<Slot> = stage.keep.iter().chain(&given).copied().collect();
        for (at, drops) in stage.steps.iter_mut().rev() {
            let Some(step) = steps.get(*at) else { continue };
            let mut touched = step.reads();
            touched.extend(fills(step));
            touched.sort_unstable();
            touched.dedup();
            *drops = touched.into_iter().filter(|s| read_on.insert(*s)).collect();
        }
        later.extend(reads);
        later.extend(given);
    }
}
