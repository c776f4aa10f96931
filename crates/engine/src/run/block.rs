//! One stage over one block of rows: every column of the block is short enough to stay in cache.

use super::Run;
use super::lookup::Table;
use crate::compile::layout::{Slot, Step};
use crate::compile::stages::Stage;
use crate::error::{EngineError, Result};
use datafusion::arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, UInt32Array};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::physical_expr::PhysicalExpr;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// What a step brings to all its blocks.
pub(super) enum Ready {
    /// Places in another table.
    Places(Arc<UInt32Array>),
    /// A parameter's values.
    Table(Table),
}

/// A block under way.
pub(super) struct Block<'b> {
    run: &'b Run<'b>,
    stage: &'b Stage,
    ready: &'b HashMap<usize, Ready>,
    rows: Range<usize>,
    columns: &'b mut Vec<Option<ArrayRef>>,
}

impl<'b> Block<'b> {
    /// A block of a stage; `columns` is as long as the run's and empty.
    pub(super) fn new(
        run: &'b Run<'b>,
        stage: &'b Stage,
        ready: &'b HashMap<usize, Ready>,
        rows: Range<usize>,
        columns: &'b mut Vec<Option<ArrayRef>>,
    ) -> Self {
        Self {
            run,
            stage,
            ready,
            rows,
            columns,
        }
    }

    /// Runs the steps, shows the finished block, and takes the kept columns out.
    pub(super) fn run(mut self, show: impl FnOnce(&Self) -> Result<()>) -> Result<Vec<ArrayRef>> {
        for (at, drops) in &self.stage.steps {
            if let Some(step) = self.run.plan.steps.get(*at) {
                self.step(*at, step)?;
            }
            for slot in drops {
                if let Some(column) = self.columns.get_mut(slot.0) {
                    *column = None;
                }
            }
        }
        show(&self)?;
        let mut kept = Vec::with_capacity(self.stage.keep.len());
        for slot in &self.stage.keep {
            let column = self.columns.get_mut(slot.0).and_then(Option::take);
            kept.push(column.ok_or_else(|| missing(*slot))?);
        }
        if !self.stage.give.is_empty() {
            self.columns.fill(None);
        }
        Ok(kept)
    }

    fn step(&mut self, at: usize, step: &Step) -> Result<()> {
        match step {
            Step::Project {
                inputs,
                schema,
                expr,
                out,
            } => {
                let column = self.project(inputs, schema, expr.as_ref())?;
                self.put(*out, column)
            }
            Step::Gather { from, out, .. } => {
                let Some(Ready::Places(places)) = self.ready.get(&at) else {
                    return Ok(());
                };
                let places = places.slice(self.rows.start, self.rows.len());
                for (from, out) in from.iter().zip(out) {
                    let column = take(self.run.get(*from)?, &places, None)?;
                    self.put(*out, column)?;
                }
                Ok(())
            }
            Step::Aggregate(total) => {
                let column = self.run.total(total, self.rows.clone())?;
                self.put(total.out, column)
            }
            Step::Lookup {
                keys, at: day, out, ..
            } => {
                let Some(Ready::Table(table)) = self.ready.get(&at) else {
                    return Ok(());
                };
                let column = table.look_up(keys, day, self)?;
                self.put(*out, column)
            }
            Step::Input { .. }
            | Step::Status { .. }
            | Step::Ever { .. }
            | Step::Recorded { .. } => Ok(()),
        }
    }

    fn project(
        &self,
        inputs: &[Slot],
        schema: &SchemaRef,
        expr: &dyn PhysicalExpr,
    ) -> Result<ArrayRef> {
        let columns = inputs
            .iter()
            .map(|slot| self.get(*slot))
            .collect::<Result<_>>()?;
        let count = self.rows.len();
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let batch = RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)?;
        Ok(expr.evaluate(&batch)?.into_array(count)?)
    }

    /// The rows of the block in its table.
    pub(super) fn rows(&self) -> Range<usize> {
        self.rows.clone()
    }

    /// A column of the block: made in it, or cut out of a whole one.
    pub(super) fn get(&self, slot: Slot) -> Result<ArrayRef> {
        match self.columns.get(slot.0) {
            Some(Some(column)) => Ok(Arc::clone(column)),
            Some(None) | None => {
                let whole = self.run.get(slot)?;
                Ok(whole.slice(self.rows.start, self.rows.len()))
            }
        }
    }

    fn put(&mut self, slot: Slot, column: ArrayRef) -> Result<()> {
        let info = self.run.plan.slots.get(slot.0);
        let right = column.len() == self.rows.len()
            && info.is_some_and(|info| column.data_type() == &info.data_type);
        match self.columns.get_mut(slot.0).filter(|_| right) {
            Some(place) => {
                *place = Some(column);
                Ok(())
            }
            None => Err(missing(slot)),
        }
    }
}

fn missing(slot: Slot) -> EngineError {
    EngineError::Column {
        column: format!("c{}", slot.0),
    }
}
