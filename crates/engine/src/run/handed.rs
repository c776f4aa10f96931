//! Finished rows on their way out: blocks are finished in any order and handed over in the order of
//! their rows, table by table.

use super::Run;
use crate::compile::layout::Slot;
use crate::error::Result;
use crate::judged::{JudgedTable, Shape, keys};
use crate::sink::{Open, Sink};
use datafusion::arrow::array::{Array, ArrayRef};
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// A result table on its way out.
pub(super) struct Lane<'s> {
    shape: Shape,
    keys: Vec<ArrayRef>,
    queue: Mutex<Queue<'s>>,
}

struct Queue<'s> {
    sink: Box<dyn Sink + 's>,
    /// The block that comes next.
    next: usize,
    /// Blocks finished before their turn.
    early: BTreeMap<usize, JudgedTable>,
}

impl Lane<'_> {
    /// All rows have been handed over.
    pub(super) fn end(self) -> Result<()> {
        let queue = self.queue.into_inner();
        queue.unwrap_or_else(PoisonError::into_inner).sink.end()
    }

    fn hand(&self, at: usize, part: JudgedTable) -> Result<()> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.early.insert(at, part);
        let mut next = queue.next;
        while let Some(part) = queue.early.remove(&next) {
            queue.sink.take(&part)?;
            next = next.saturating_add(1);
        }
        queue.next = next;
        Ok(())
    }
}

impl Run<'_> {
    /// Opens the ways out of some tables.
    pub(super) fn lanes<'s>(&self, tables: &[usize], open: Open<'s>) -> Result<Vec<Lane<'s>>> {
        let plans = tables.iter().filter_map(|at| self.plan.tables.get(*at));
        plans
            .map(|plan| {
                let shape = Shape::new(plan);
                Ok(Lane {
                    queue: Mutex::new(Queue {
                        sink: open(&plan.file_id, plan.home)?,
                        next: 0,
                        early: BTreeMap::new(),
                    }),
                    keys: keys(self, shape.home()),
                    shape,
                })
            })
            .collect()
    }

    /// Hands one block of rows over to its tables; `get` has the columns of the block.
    pub(super) fn hand(
        &self,
        lanes: &[Lane<'_>],
        at: usize,
        rows: Range<usize>,
        get: &dyn Fn(Slot) -> Result<ArrayRef>,
    ) -> Result<()> {
        let mut constants = HashMap::new();
        for lane in lanes {
            let cut = |key: &ArrayRef| key.slice(rows.start, rows.len());
            let keys = lane.keys.iter().map(cut).collect();
            let part = lane.shape.fill(keys, rows.len(), &mut constants, get)?;
            lane.hand(at, part)?;
        }
        Ok(())
    }

    /// Hands tables over whose columns are whole.
    pub(super) fn hand_whole(&self, lanes: &[Lane<'_>]) -> Result<()> {
        for lane in lanes {
            let count = self.places.count(lane.shape.home());
            for (at, rows) in self.blocks_of(count).into_iter().enumerate() {
                let get = |slot: Slot| Ok(self.get(slot)?.slice(rows.start, rows.len()));
                self.hand(std::slice::from_ref(lane), at, rows.clone(), &get)?;
            }
        }
        Ok(())
    }
}
