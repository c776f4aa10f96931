//! Runs compiled rules over the tables of a month, step by step, each over a whole table.
//!
//! Rows keep their order and places throughout: ids become places once, and every link is a list
//! of places. It decides nothing; what is unknown stays null.

mod lookup;
mod places;
mod recorded;
mod totals;

use crate::compile::Compiled;
use crate::compile::layout::{Link, Slot, Step};
use crate::error::{EngineError, Result};
use crate::frames::{Frames, column_name};
use crate::judged::Judged;
use datafusion::arrow::array::{
    Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, UInt32Array, new_null_array,
};
use datafusion::arrow::compute::{cast, take};
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::physical_expr::PhysicalExpr;
pub(crate) use lookup::column;
use places::Places;
use rules::plan::{EntityId, Home, ItemId};
use std::collections::HashMap;
use std::sync::Arc;

impl Compiled {
    /// Judges everybody in the tables.
    ///
    /// # Errors
    /// A column of another type, or a number that leaves the range the checker promised.
    pub fn run(&self, frames: &Frames) -> Result<Judged> {
        let last_use = last_use(self);
        let mut run = Run {
            plan: self,
            frames,
            places: Places::new(self, frames),
            columns: vec![None; self.slots.len()],
            periods: HashMap::new(),
        };
        for (at, step) in self.steps.iter().enumerate() {
            run.step(step)?;
            for slot in step.reads() {
                if last_use.get(slot.0) == Some(&Some(at))
                    && let Some(column) = run.columns.get_mut(slot.0)
                {
                    *column = None;
                }
            }
        }
        crate::judged::collect(&run)
    }
}

/// The last step that reads each column; none for what is shown at the end.
fn last_use(plan: &Compiled) -> Vec<Option<usize>> {
    let mut last = vec![None; plan.slots.len()];
    for (at, step) in plan.steps.iter().enumerate() {
        for slot in step.reads() {
            if let Some(last) = last.get_mut(slot.0) {
                *last = Some(at);
            }
        }
    }
    for output in plan.tables.iter().flat_map(|table| &table.outputs) {
        for (col, _) in output.cell.parts() {
            if let Some(last) = col.slot.and_then(|slot| last.get_mut(slot.0)) {
                *last = None;
            }
        }
    }
    last
}

/// A run under way.
pub(crate) struct Run<'a> {
    pub(crate) plan: &'a Compiled,
    pub(crate) frames: &'a Frames,
    pub(crate) places: Places<'a>,
    columns: Vec<Option<ArrayRef>>,
    periods: HashMap<ItemId, Arc<recorded::Periods>>,
}

impl Run<'_> {
    fn step(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Input { item, out } => {
                let column = self.input(*item, *out)?;
                self.put(*out, column)
            }
            Step::Project { inputs, expr, out } => {
                let column = self.project(inputs, expr.as_ref(), *out)?;
                self.put(*out, column)
            }
            Step::Gather {
                link,
                fact,
                from,
                out,
            } => self.gather(*link, *fact, from, out),
            Step::Aggregate(total) => {
                let column = self.total(total)?;
                self.put(total.out, column)
            }
            Step::Lookup {
                param,
                keys,
                at,
                den,
                out,
            } => {
                let column = self.look_up(*param, keys, at, *den, *out)?;
                self.put(*out, column)
            }
            Step::Status { .. } | Step::Ever { .. } | Step::Recorded { .. } => self.history(step),
        }
    }

    /// Steps that read what was recorded.
    fn history(&mut self, step: &Step) -> Result<()> {
        match step {
            Step::Status {
                status,
                entity,
                read,
                path,
                at,
                out,
            } => {
                let places = self.along(path, *entity)?;
                let column = self.status(*status, *entity, *read, places.as_ref(), at, *out)?;
                self.put(*out, column)
            }
            Step::Ever {
                status,
                entity,
                path,
                from,
                to,
                out,
            } => {
                let places = self.along(path, *entity)?;
                let column = self.ever(*status, *entity, places.as_ref(), (from, to), *out)?;
                self.put(*out, column)
            }
            Step::Recorded {
                item,
                entity,
                path,
                at,
                scale,
                out,
                den,
            } => {
                let places = self.along(path, *entity)?;
                let of = (*item, *entity);
                let (column, dens) =
                    self.recorded(of, places.as_ref(), at, *scale, *out, den.is_some())?;
                self.put(*out, column)?;
                match (den, dens) {
                    (Some(den), Some(dens)) => self.put(*den, dens),
                    _ => Ok(()),
                }
            }
            Step::Input { .. }
            | Step::Project { .. }
            | Step::Gather { .. }
            | Step::Aggregate(_)
            | Step::Lookup { .. } => Ok(()),
        }
    }

    fn put(&mut self, slot: Slot, column: ArrayRef) -> Result<()> {
        let name = || EngineError::Column {
            column: format!("c{}", slot.0),
        };
        let info = self.plan.slots.get(slot.0).ok_or_else(name)?;
        let right =
            column.data_type() == &info.data_type && column.len() == self.places.count(info.home);
        let place = self.columns.get_mut(slot.0).ok_or_else(name)?;
        if !right {
            return Err(name());
        }
        *place = Some(column);
        Ok(())
    }

    /// A filled column.
    pub(crate) fn get(&self, slot: Slot) -> Result<&ArrayRef> {
        self.columns
            .get(slot.0)
            .and_then(Option::as_ref)
            .ok_or_else(|| EngineError::Column {
                column: format!("c{}", slot.0),
            })
    }

    pub(crate) fn home(&self, slot: Slot) -> Result<Home> {
        let info = self.plan.slots.get(slot.0);
        info.map(|i| i.home).ok_or_else(|| EngineError::Column {
            column: format!("c{}", slot.0),
        })
    }

    /// A column as given with the frames; unknown throughout where it is not given.
    fn input(&self, item: ItemId, out: Slot) -> Result<ArrayRef> {
        let Some(info) = self.plan.slots.get(out.0) else {
            return Err(EngineError::Column {
                column: column_name(item),
            });
        };
        let count = self.places.count(info.home);
        let given = match info.home {
            Home::Entity(e) => self
                .frames
                .entities
                .get(&e)
                .and_then(|f| f.column(item))
                .cloned(),
            Home::Rows(r) => match self.frames.relations.get(&r).and_then(|f| f.column(item)) {
                Some(column) => Some(self.places.rows_kept(r, column)?),
                None => None,
            },
        };
        let column = match (given, info.home) {
            (Some(column), _) => column,
            (None, Home::Entity(e)) if self.plan.has_household.contains(&item) => {
                self.has_household(e)
            }
            (None, _) => new_null_array(&info.data_type, count),
        };
        if column.len() != count {
            return Err(EngineError::Column {
                column: column_name(item),
            });
        }
        if column.data_type() == &info.data_type {
            Ok(column)
        } else {
            Ok(cast(&column, &info.data_type)?)
        }
    }

    /// 有户: whether the person belongs to a household.
    fn has_household(&self, entity: EntityId) -> ArrayRef {
        let frame = self.frames.entities.get(&entity);
        let answers = frame.map(|f| f.households().iter().map(|h| Some(h.is_some())).collect());
        Arc::new(answers.unwrap_or_else(|| BooleanArray::new_null(0)))
    }

    fn project(&self, inputs: &[Slot], expr: &dyn PhysicalExpr, out: Slot) -> Result<ArrayRef> {
        let mut fields = Vec::with_capacity(inputs.len());
        let mut columns = Vec::with_capacity(inputs.len());
        for slot in inputs {
            let column = self.get(*slot)?;
            let name = self
                .plan
                .slots
                .get(slot.0)
                .map_or("", |info| info.name.as_str());
            fields.push(Field::new(name, column.data_type().clone(), true));
            columns.push(Arc::clone(column));
        }
        let count = self.places.count(self.home(out)?);
        let options = RecordBatchOptions::new().with_row_count(Some(count));
        let schema = Arc::new(Schema::new(fields));
        let batch = RecordBatch::try_new_with_options(schema, columns, &options)?;
        Ok(expr.evaluate(&batch)?.into_array(count)?)
    }

    fn gather(&mut self, link: Link, fact: bool, from: &[Slot], out: &[Slot]) -> Result<()> {
        let Some(first) = from.first() else {
            return Ok(());
        };
        let source = self.home(*first)?;
        let columns: Vec<ArrayRef> = from
            .iter()
            .map(|slot| self.get(*slot).map(Arc::clone))
            .collect::<Result<_>>()?;
        let places = match (link, source) {
            (Link::Area(of), Home::Entity(to)) => {
                self.places
                    .areas(of, to, fact.then_some(columns.as_slice()))
            }
            (_, Home::Entity(to)) => self.places.along(link, to),
            (_, Home::Rows(_)) => {
                return Err(EngineError::Column {
                    column: "owner_id".to_owned(),
                });
            }
        };
        for (column, out) in columns.iter().zip(out) {
            self.put(*out, take(column, places.as_ref(), None)?)?;
        }
        Ok(())
    }

    /// Places in the entity's table for each row of the table at hand; none when it is the same.
    fn along(&mut self, path: &[Link], entity: EntityId) -> Result<Option<Arc<UInt32Array>>> {
        let mut places: Option<Arc<UInt32Array>> = None;
        for (at, link) in path.iter().enumerate() {
            let last = at.saturating_add(1) == path.len();
            let to = if last {
                entity
            } else {
                self.places.leads_to(*link, entity)
            };
            let next = match link {
                Link::Area(of) => self.places.areas(*of, to, None),
                Link::Owner(_) | Link::Target(_) | Link::Household(_) => {
                    self.places.along(*link, to)
                }
            };
            places = Some(match places {
                None => next,
                Some(before) => Arc::new(compose(&before, &next)),
            });
        }
        Ok(places)
    }
}

/// First along `first`, then along `then`.
fn compose(first: &UInt32Array, then: &UInt32Array) -> UInt32Array {
    let step = |at: u32| {
        let at = usize::try_from(at)
            .ok()
            .filter(|at| *at < then.len() && then.is_valid(*at))?;
        Some(then.value(at))
    };
    first.iter().map(|at| step(at?)).collect()
}
