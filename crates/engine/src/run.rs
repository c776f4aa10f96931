//! Runs compiled rules over the tables of a month, stage by stage; a stage goes through its table
//! block by block, on as many threads as it is given.
//!
//! Rows keep their order and places throughout: ids become places once, and every link is a list
//! of places. It decides nothing; what is unknown stays null.

mod block;
mod handed;
mod lookup;
mod memo;
mod places;
mod recorded;
mod totals;

use crate::compile::layout::{Link, Slot, Step};
use crate::compile::stages::{Stage, handing_over, inputs_read, stages};
use crate::compile::{Compiled, shown};
use crate::error::{EngineError, Result};
use crate::frames::{Frames, column_name};
use crate::judged::Judged;
use crate::sink::Open;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, UInt32Array, new_null_array,
};
use datafusion::arrow::compute::{cast, concat, take};
use datafusion::arrow::datatypes::{DataType, Int32Type, Int64Type};
use handed::Lane;
pub(crate) use lookup::column;
pub use memo::Memo;
use places::Places;
pub(crate) use places::used as lists;
use rules::plan::{EntityId, Home, ItemId};
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

impl Compiled {
    /// Judges everybody in the tables, on all processors.
    ///
    /// # Errors
    /// A column of another type, or a number that leaves the range the checker promised.
    pub fn run(&self, frames: &Frames) -> Result<Judged> {
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        self.run_on(frames, threads)
    }

    /// Judges everybody in the tables on so many threads. The results are the same for any number.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_on(&self, frames: &Frames, threads: NonZeroUsize) -> Result<Judged> {
        let mut run = Run::begin(self, &self.stages, frames)?;
        for stage in &self.stages {
            run.stage(stage, &[], threads)?;
            run.let_go(stage);
        }
        crate::judged::collect(&run)
    }

    /// Judges everybody as [`run`](Self::run) does, and keeps what was made for runs of other rules.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_keeping(&self, frames: &Frames, memo: &mut Memo) -> Result<Judged> {
        let prints = memo::prints(self, frames);
        let mut run = self.again(frames, memo, &prints)?;
        let inputs = self.steps.iter().filter_map(|step| match step {
            Step::Input { out, .. } => Some(*out),
            _ => None,
        });
        for slot in inputs {
            run.forget(slot);
        }
        let made = run.columns.iter().zip(prints);
        let made = made.filter_map(|(column, print)| Some((print?, Arc::clone(column.as_ref()?))));
        memo.keep(frames, made);
        run.take_inputs(&self.stages)?;
        crate::judged::collect(&run)
    }

    /// Judges everybody as [`run`](Self::run) does, but computes only what no earlier run made of the
    /// same tables by the same rules.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn run_after(&self, frames: &Frames, memo: &Memo) -> Result<Judged> {
        let prints = memo::prints(self, frames);
        crate::judged::collect(&self.again(frames, memo, &prints)?)
    }

    fn again<'a>(
        &'a self,
        frames: &'a Frames,
        memo: &Memo,
        prints: &[Option<memo::Print>],
    ) -> Result<Run<'a>> {
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let shown = shown(&self.tables);
        let slots = (0..prints.len()).map(Slot).zip(prints);
        let known: HashMap<Slot, &ArrayRef> = slots
            .filter_map(|(slot, print)| Some((slot, memo.column(*print)?)))
            .collect();
        let stages = stages(
            &self.steps,
            &self.slots,
            &shown,
            &known.keys().copied().collect(),
        );
        let mut run = Run::begin(self, &stages, frames)?;
        let read = inputs_read(&stages, &self.steps, &shown);
        for (slot, column) in known {
            if read.contains(&slot) {
                run.put(slot, Arc::clone(column))?;
            }
        }
        for stage in &stages {
            run.stage(stage, &[], threads)?;
        }
        Ok(run)
    }

    /// Judges everybody and hands the rows of each result table over as soon as its last column is
    /// there, block by block in their order: what is only shown is never held for everybody.
    ///
    /// # Errors
    /// As [`run`](Self::run), and what the takers say.
    pub fn run_into(&self, frames: &Frames, threads: NonZeroUsize, open: Open<'_>) -> Result<()> {
        let mut run = Run::begin(self, &self.stages, frames)?;
        let tables = self.tables.iter();
        let slots: Vec<_> = tables
            .map(|table| shown(std::slice::from_ref(table)))
            .collect();
        let (stages, rest) = handing_over(&self.stages, &self.steps, &slots);
        for stage in &stages {
            let lanes = run.lanes(&stage.give, open)?;
            run.stage(stage, &lanes, threads)?;
            run.let_go(stage);
            lanes.into_iter().try_for_each(Lane::end)?;
        }
        let lanes = run.lanes(&rest, open)?;
        run.hand_whole(&lanes)?;
        lanes.into_iter().try_for_each(Lane::end)
    }
}

/// A run under way.
pub(crate) struct Run<'a> {
    pub(crate) plan: &'a Compiled,
    pub(crate) frames: &'a Frames,
    pub(crate) places: Places<'a>,
    columns: Vec<Option<ArrayRef>>,
    periods: HashMap<ItemId, Arc<recorded::Periods>>,
}

impl<'a> Run<'a> {
    fn begin(plan: &'a Compiled, stages: &[Stage], frames: &'a Frames) -> Result<Self> {
        let mut run = Self {
            plan,
            frames,
            places: Places::new(plan, frames),
            columns: vec![None; plan.slots.len()],
            periods: HashMap::new(),
        };
        run.take_inputs(stages)?;
        Ok(run)
    }

    /// Columns given with the frames; one that is not given is unknown throughout.
    fn take_inputs(&mut self, stages: &[Stage]) -> Result<()> {
        let plan = self.plan;
        let read = inputs_read(stages, &plan.steps, &shown(&plan.tables));
        for step in &plan.steps {
            if let Step::Input { item, out } = step
                && read.contains(out)
            {
                let column = self.input(*item, *out)?;
                self.put(*out, column)?;
            }
        }
        Ok(())
    }

    /// Runs a stage and hands its result tables over.
    fn stage(&mut self, stage: &Stage, lanes: &[Lane<'_>], threads: NonZeroUsize) -> Result<()> {
        if stage.whole {
            for (at, _) in &stage.steps {
                if let Some(step) = self.plan.steps.get(*at) {
                    self.whole_step(step)?;
                }
            }
            self.hand_whole(lanes)?;
        } else {
            self.stage_in_blocks(stage, lanes, threads)?;
        }
        Ok(())
    }

    /// Lets the columns go that nobody reads after a stage.
    fn let_go(&mut self, stage: &Stage) {
        for slot in &stage.drop {
            self.forget(*slot);
        }
    }

    fn forget(&mut self, slot: Slot) {
        if let Some(column) = self.columns.get_mut(slot.0) {
            *column = None;
        }
    }

    fn stage_in_blocks(
        &mut self,
        stage: &Stage,
        lanes: &[Lane<'_>],
        threads: NonZeroUsize,
    ) -> Result<()> {
        let mut ready = HashMap::new();
        for (at, _) in &stage.steps {
            if let Some(step) = self.plan.steps.get(*at)
                && let Some(made) = self.prepare(step)?
            {
                ready.insert(*at, made);
            }
        }
        let blocks = self.blocks_of(self.places.count(stage.home));
        let mut kept = self.blocks(stage, (&ready, lanes), &blocks, threads)?;
        // The last column first: its parts go as soon as it is whole.
        for slot in stage.keep.iter().rev() {
            let parts: Vec<ArrayRef> = kept.iter_mut().filter_map(Vec::pop).collect();
            let parts: Vec<&dyn Array> = parts.iter().map(AsRef::as_ref).collect();
            let column = concat(&parts)?;
            self.put(*slot, column)?;
        }
        Ok(())
    }

    /// The rows of a table in blocks; one that is empty where there are none.
    fn blocks_of(&self, rows: usize) -> Vec<Range<usize>> {
        let most = self.plan.block.get();
        (0..rows.max(1))
            .step_by(most)
            .map(|start| start..start.saturating_add(most).min(rows))
            .collect()
    }

    /// The kept columns of each block, in the order of the blocks.
    fn blocks(
        &self,
        stage: &Stage,
        (ready, lanes): (&HashMap<usize, block::Ready>, &[Lane<'_>]),
        blocks: &[Range<usize>],
        threads: NonZeroUsize,
    ) -> Result<Vec<Vec<ArrayRef>>> {
        let next = AtomicUsize::new(0);
        let work = || -> Result<Vec<(usize, Vec<ArrayRef>)>> {
            let mut done = Vec::new();
            let mut columns = vec![None; self.plan.slots.len()];
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(rows) = blocks.get(at) else {
                    return Ok(done);
                };
                let block = block::Block::new(self, stage, ready, rows.clone(), &mut columns);
                let kept = block
                    .run(|block| self.hand(lanes, at, rows.clone(), &|slot| block.get(slot)))?;
                done.push((at, kept));
            }
        };
        let helpers = threads.get().min(blocks.len()).saturating_sub(1);
        let mut done = std::thread::scope(|scope| {
            let others: Vec<_> = (0..helpers).map(|_| scope.spawn(work)).collect();
            let mut done = work()?;
            for other in others {
                match other.join() {
                    Ok(part) => done.extend(part?),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            Ok::<_, EngineError>(done)
        })?;
        done.sort_unstable_by_key(|(at, _)| *at);
        Ok(done.into_iter().map(|(_, kept)| kept).collect())
    }

    /// Steps that read what was recorded, and 本地: over the whole table.
    fn whole_step(&mut self, step: &Step) -> Result<()> {
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
            Step::Gather {
                link,
                fact,
                from,
                out,
            } => {
                let places = self.gather_places(*link, *fact, from)?;
                for (from, out) in from.iter().zip(out) {
                    let column = take(self.get(*from)?, places.as_ref(), None)?;
                    self.put(*out, column)?;
                }
                Ok(())
            }
            Step::Input { .. }
            | Step::Project { .. }
            | Step::Aggregate(_)
            | Step::Lookup { .. } => Ok(()),
        }
    }

    /// What a step needs before its blocks can run side by side.
    fn prepare(&mut self, step: &Step) -> Result<Option<block::Ready>> {
        Ok(match step {
            Step::Gather {
                link, fact, from, ..
            } => Some(block::Ready::Places(
                self.gather_places(*link, *fact, from)?,
            )),
            Step::Lookup { values, out, .. } => {
                Some(block::Ready::Table(self.look_up(values, *out)?))
            }
            Step::Input { .. }
            | Step::Project { .. }
            | Step::Aggregate(_)
            | Step::Status { .. }
            | Step::Ever { .. }
            | Step::Recorded { .. } => None,
        })
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
            return Ok(column);
        }
        // Every smaller number fits, so none has to be tried.
        if let (Some(small), DataType::Int64) =
            (column.as_primitive_opt::<Int32Type>(), &info.data_type)
        {
            return Ok(Arc::new(small.unary::<_, Int64Type>(i64::from)));
        }
        Ok(cast(&column, &info.data_type)?)
    }

    /// 有户: whether the person belongs to a household.
    fn has_household(&self, entity: EntityId) -> ArrayRef {
        let frame = self.frames.entities.get(&entity);
        let answers = frame.map(|f| f.households().iter().map(|h| Some(h.is_some())).collect());
        Arc::new(answers.unwrap_or_else(|| BooleanArray::new_null(0)))
    }

    /// Places in the table a gather reads from, for each row of the table it fills.
    fn gather_places(&mut self, link: Link, fact: bool, from: &[Slot]) -> Result<Arc<UInt32Array>> {
        let owner = || EngineError::Column {
            column: "owner_id".to_owned(),
        };
        let source = self.home(*from.first().ok_or_else(owner)?)?;
        match (link, source) {
            (Link::Area(of), Home::Entity(to)) => {
                let columns: Vec<ArrayRef> = from
                    .iter()
                    .map(|slot| self.get(*slot).map(Arc::clone))
                    .collect::<Result<_>>()?;
                Ok(self
                    .places
                    .areas(of, to, fact.then_some(columns.as_slice())))
            }
            (_, Home::Entity(to)) => Ok(self.places.along(link, to)),
            (_, Home::Rows(_)) => Err(owner()),
        }
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
