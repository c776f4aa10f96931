//! The checked rules as steps over columns: nothing is looked up by name when they run.
//!
//! Every named quantity becomes a column (a number a numerator and a denominator) of the table it
//! lives in. Unknown is null; a formula is a DataFusion expression; what crosses tables (本户,
//! 本地, a relation, a total, a parameter, 当时) is a step of its own. It never reads a value.

mod calendar;
mod expr;
pub(crate) mod functions;
mod history;
mod items;
pub(crate) mod layout;
pub(crate) mod number;
pub(crate) mod params;
mod reach;
pub(crate) mod stages;

use crate::error::{EngineError, Result};
use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::physical_expr::expressions::Column as PhysicalColumn;
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use domain::Day;
use layout::{Col, Link, Slot, SlotInfo, Step, slot_name};
use number::{Den, Fraction};
use rules::plan::{Body, FileId, Home, Item, ItemId, Moment, Program, RelId, Type};
use rules::situation::Moments;
use stages::Stage;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::num::NonZeroUsize;
use std::sync::Arc;

/// Rows of a block: its columns stay in the processor's cache from step to step.
const BLOCK_MAX: NonZeroUsize = NonZeroUsize::MIN.saturating_add(16_383);

/// A quantity as columns of its table.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    /// A number.
    Num(Fraction),
    /// 是 or 否.
    Bool(Col),
    /// A day.
    Day(Col),
    /// A member of an enumeration.
    Sym(Col),
    /// Several members, one bit each.
    Set(Col),
}

/// A named column of a result table.
#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub(crate) name: String,
    pub(crate) item: Option<ItemId>,
    pub(crate) cell: Cell,
}

/// A result table: what one file says of its entity, or of the rows of one relation.
#[derive(Clone, Debug)]
pub(crate) struct TablePlan {
    pub(crate) file: FileId,
    pub(crate) file_id: String,
    pub(crate) home: Home,
    pub(crate) outputs: Vec<Output>,
}

/// The rules of a month as steps over columns.
#[derive(Clone, Debug)]
pub struct Compiled {
    pub(crate) moments: Moments,
    pub(crate) steps: Vec<Step>,
    pub(crate) stages: Vec<Stage>,
    pub(crate) slots: Vec<SlotInfo>,
    pub(crate) tables: Vec<TablePlan>,
    /// Facts that follow from the table itself when it does not bring them: 有户.
    pub(crate) has_household: Vec<ItemId>,
    /// 城乡: it says where something is, so an area with nothing else does not speak (本地).
    pub(crate) urban_rural: Vec<ItemId>,
    /// Which relation leads from whom to whom.
    pub(crate) relations: Vec<rules::dict::Relation>,
    /// Quantities 当时 reads, with the days that are known beforehand.
    pub(crate) history: Vec<(ItemId, Option<Day>)>,
    /// Rows of a block.
    pub(crate) block: NonZeroUsize,
}

impl Compiled {
    /// The quantities whose past values the frames should bring, with the day where it is known.
    pub fn history_wanted(&self) -> &[(ItemId, Option<Day>)] {
        &self.history
    }

    /// The named days of the run.
    pub fn moments(&self) -> Moments {
        self.moments
    }

    /// The same rules run in blocks of so many rows; the results are the same for any number.
    #[must_use]
    pub fn in_blocks_of(mut self, rows: NonZeroUsize) -> Self {
        self.block = rows;
        self
    }

    /// How many steps there are.
    pub fn step_count(&self) -> usize {
        self.steps.len()
    }

    /// How many columns the result tables have.
    pub fn column_count(&self) -> usize {
        let shapes = self.tables.iter().map(crate::judged::Shape::new);
        shapes.map(|shape| shape.width()).sum()
    }

    /// The facts and feed columns that what is shown rests on; what else is known of 地区 still says
    /// whether an area speaks.
    pub fn reads(&self) -> BTreeSet<ItemId> {
        let read = stages::inputs_read(&self.stages, &self.steps, &shown(&self.tables));
        let inputs = self.steps.iter().filter_map(|step| match step {
            Step::Input { item, out } => read.contains(out).then_some(*item),
            _ => None,
        });
        inputs.collect()
    }

    /// The lists it walks along, adds up or shows.
    pub fn lists(&self) -> BTreeSet<RelId> {
        crate::run::lists(self)
    }

    /// The same rules with only some results: `show` says of a file and a named quantity whether
    /// its column is wanted. What nothing shown rests on is not computed.
    #[must_use]
    pub fn showing(mut self, show: impl Fn(&str, &str) -> bool) -> Self {
        for table in &mut self.tables {
            let file = &table.file_id;
            table.outputs.retain(|output| show(file, &output.name));
        }
        self.tables.retain(|table| !table.outputs.is_empty());
        let shown = shown(&self.tables);
        self.stages = stages::stages(&self.steps, &self.slots, &shown, &HashSet::new());
        self
    }
}

/// The columns the result tables show.
pub(crate) fn shown(tables: &[TablePlan]) -> HashSet<Slot> {
    let outputs = tables.iter().flat_map(|table| &table.outputs);
    outputs
        .flat_map(|output| output.cell.parts())
        .filter_map(|(col, _)| col.slot)
        .collect()
}

/// Compiles the rules in force for the named days of a run.
///
/// # Errors
/// A form that has no columns; the checker should have refused it.
pub fn compile(program: &Program, moments: Moments) -> Result<Compiled> {
    let mut builder = Builder::new(program, moments);
    let mut tables = Vec::new();
    for (id, file) in (0..).map(FileId).zip(&program.files) {
        for item in file.items.iter().chain(&file.verdict) {
            builder.ensure(*item)?;
        }
        builder.tables_of(id, &mut tables)?;
    }
    Ok(builder.finish(tables))
}

/// Puts the steps together, item by item.
pub(crate) struct Builder<'p> {
    pub(crate) program: &'p Program,
    pub(crate) moments: Moments,
    slots: Vec<SlotInfo>,
    steps: Vec<Step>,
    cells: HashMap<ItemId, Cell>,
    gathers: HashMap<(Link, Slot), Slot>,
    history: Vec<(ItemId, Option<Day>)>,
    props: ExecutionProps,
    current: Option<ItemId>,
}

impl<'p> Builder<'p> {
    fn new(program: &'p Program, moments: Moments) -> Self {
        let mut props = ExecutionProps::new();
        props.config_options = Some(Arc::new(ConfigOptions::default()));
        Self {
            program,
            moments,
            slots: vec![],
            steps: vec![],
            cells: HashMap::new(),
            gathers: HashMap::new(),
            history: vec![],
            props,
            current: None,
        }
    }

    fn finish(self, tables: Vec<TablePlan>) -> Compiled {
        let named = |name: &str| {
            let found = self.numbered(|item| {
                (matches!(item.body, Body::Fact) && item.name == name).then_some(())
            });
            found.into_keys().collect()
        };
        let shown = shown(&tables);
        let stages = stages::stages(&self.steps, &self.slots, &shown, &HashSet::new());
        Compiled {
            stages,
            moments: self.moments,
            has_household: named("有户"),
            urban_rural: named("城乡"),
            relations: self.program.dict.relations.clone(),
            steps: self.steps,
            slots: self.slots,
            tables,
            history: self.history,
            block: BLOCK_MAX,
        }
    }

    fn numbered<T>(&self, pick: impl Fn(&Item) -> Option<T>) -> BTreeMap<ItemId, T> {
        let ids = (0..).map(ItemId);
        ids.zip(&self.program.items)
            .filter_map(|(id, item)| Some((id, pick(item)?)))
            .collect()
    }

    /// A form without columns, told with the quantity that has it.
    pub(crate) fn refuse<T>(&self, why: &'static str) -> Result<T> {
        let item = self.current.and_then(|id| self.program.item(id));
        Err(EngineError::Form {
            item: item.map_or(String::new(), |i| i.path.clone()),
            why,
        })
    }

    pub(crate) fn relation(&self, id: RelId) -> Result<&'p rules::dict::Relation> {
        match self.program.dict.relation_of(id) {
            Some(relation) => Ok(relation),
            None => self.refuse("没有这个关系"),
        }
    }

    /// A new column.
    pub(crate) fn slot(&mut self, home: Home, data_type: DataType) -> Slot {
        let slot = Slot(self.slots.len());
        self.slots.push(SlotInfo {
            home,
            data_type,
            name: slot_name(slot),
        });
        slot
    }

    pub(crate) fn type_of(&self, slot: Slot) -> DataType {
        self.slots
            .get(slot.0)
            .map_or(DataType::Null, |info| info.data_type.clone())
    }

    /// An expression as a column, unless reading it twice costs nothing anyway.
    pub(crate) fn settle(&mut self, place: Home, col: Col, data_type: DataType) -> Result<Col> {
        if col.is_leaf() {
            return Ok(col);
        }
        Ok(Col::slot(self.project(place, &col.expr, data_type)?))
    }

    /// An expression as a column, a constant too.
    pub(crate) fn column(&mut self, place: Home, col: Col, data_type: DataType) -> Result<Slot> {
        match col.slot {
            Some(slot) => Ok(slot),
            None => self.project(place, &col.expr, data_type),
        }
    }

    fn project(&mut self, place: Home, expr: &Expr, data_type: DataType) -> Result<Slot> {
        let mut inputs: Vec<Slot> = expr
            .column_refs()
            .iter()
            .filter_map(|column| column.name.strip_prefix('c')?.parse().ok().map(Slot))
            .collect();
        inputs.sort_unstable();
        let fields: Vec<Field> = inputs
            .iter()
            .filter_map(|slot| self.slots.get(slot.0))
            .map(|info| Field::new(&info.name, info.data_type.clone(), true))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        let named = DFSchema::try_from(Arc::clone(&schema))?;
        let context = PhysicalPlanningContext::default();
        let physical = create_physical_expr(expr, &named, &self.props, &context)?;
        let out = self.slot(place, data_type);
        self.steps.push(Step::Project {
            inputs,
            schema,
            expr: physical,
            out,
        });
        Ok(out)
    }

    pub(crate) fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// A named day of the run; none is unknown.
    pub(crate) fn moment(&self, moment: Moment) -> Option<Day> {
        let month = self.moments.month;
        match moment {
            Moment::Base => Some(self.moments.base),
            Moment::MonthStart => Some(month.first()),
            Moment::MonthEnd => Some(month.last()),
            Moment::LastMonthEnd => Some(month.prev().last()),
            Moment::YearStart => Day::new(month.year(), 1, 1),
            Moment::Acceptance => self.moments.acceptance,
            Moment::Decision => self.moments.decision,
        }
    }

    /// Reads the parts of a cell any number of times at no cost.
    pub(crate) fn settle_cell(&mut self, place: Home, cell: Cell) -> Result<Cell> {
        Ok(match cell {
            Cell::Num(x) => Cell::Num(self.settle_number(place, x)?),
            Cell::Bool(c) => Cell::Bool(self.settle(place, c, DataType::Boolean)?),
            Cell::Day(c) => Cell::Day(self.settle(place, c, DataType::Date32)?),
            Cell::Sym(c) => Cell::Sym(self.settle(place, c, DataType::UInt16)?),
            Cell::Set(c) => Cell::Set(self.settle(place, c, DataType::UInt64)?),
        })
    }
}

/// An expression with its columns named by their places alone, so that the same one over columns of
/// other numbers is the same.
pub(crate) fn column_place(expr: &Arc<dyn PhysicalExpr>) -> Option<Arc<dyn PhysicalExpr>> {
    let placed = Arc::clone(expr).transform_up(|node| {
        let any: &dyn std::any::Any = node.as_ref();
        Ok(match any.downcast_ref::<PhysicalColumn>() {
            Some(column) => {
                let placed: Arc<dyn PhysicalExpr> =
                    Arc::new(PhysicalColumn::new("", column.index()));
                Transformed::yes(placed)
            }
            None => Transformed::no(node),
        })
    });
    Some(placed.ok()?.data)
}

/// The column type of a type of the language; none for an area code, which is only a key.
pub(crate) fn column_type(ty: Type) -> Option<DataType> {
    match ty {
        Type::Num(_) => Some(DataType::Int64),
        Type::Bool => Some(DataType::Boolean),
        Type::Day => Some(DataType::Date32),
        Type::Enum(_) => Some(DataType::UInt16),
        Type::Set(_) => Some(DataType::UInt64),
        Type::Area => None,
    }
}

/// A day as a constant; none is unknown.
pub(crate) fn day_constant(day: Option<Day>) -> Col {
    Col::constant(ScalarValue::Date32(day.map(Day::epoch_days)))
}

/// A truth value as a constant.
pub(crate) fn truth_constant(answer: Option<bool>) -> Col {
    Col::constant(ScalarValue::Boolean(answer))
}

impl Cell {
    /// Nobody knows.
    pub(crate) fn unknown(ty: Type) -> Option<Self> {
        Some(match ty {
            Type::Num(_) => Self::Num(Fraction::unknown()),
            Type::Bool => Self::Bool(truth_constant(None)),
            Type::Day => Self::Day(day_constant(None)),
            Type::Enum(_) => Self::Sym(Col::constant(ScalarValue::UInt16(None))),
            Type::Set(_) => Self::Set(Col::constant(ScalarValue::UInt64(None))),
            Type::Area => return None,
        })
    }

    /// The columns it is made of, with their types.
    pub(crate) fn parts(&self) -> Vec<(Col, DataType)> {
        match self {
            Self::Num(x) => {
                let mut parts = vec![(x.num.clone(), DataType::Int64)];
                if let Den::Varies(den, _) = &x.den {
                    parts.push((den.clone(), DataType::Int64));
                }
                parts
            }
            Self::Bool(c) => vec![(c.clone(), DataType::Boolean)],
            Self::Day(c) => vec![(c.clone(), DataType::Date32)],
            Self::Sym(c) => vec![(c.clone(), DataType::UInt16)],
            Self::Set(c) => vec![(c.clone(), DataType::UInt64)],
        }
    }

    /// The same quantity in other columns.
    pub(crate) fn with_parts(&self, parts: &[Slot]) -> Option<Self> {
        let first = Col::slot(*parts.first()?);
        Some(match self {
            Self::Num(x) => {
                let den = match &x.den {
                    Den::Fixed(den) => Den::Fixed(*den),
                    Den::Varies(_, range) => Den::Varies(Col::slot(*parts.get(1)?), *range),
                };
                Self::Num(Fraction {
                    num: first,
                    den,
                    range: x.range,
                })
            }
            Self::Bool(_) => Self::Bool(first),
            Self::Day(_) => Self::Day(first),
            Self::Sym(_) => Self::Sym(first),
            Self::Set(_) => Self::Set(first),
        })
    }
}
