//! Where columns stand and the steps that fill them.
//!
//! The plan is a list of small relational steps (project, gather along a link, group by owner,
//! look up): the same steps can later be written as one Ballista plan.

use super::params::ParamTable;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::{Column, ScalarValue};
use datafusion::logical_expr::Expr;
use datafusion::physical_expr::PhysicalExpr;
use domain::Day;
use rules::plan::{AggregateKind, EntityId, Home, ItemId, RelId};
use std::sync::Arc;

/// A column of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Slot(pub(crate) usize);

/// What a column holds.
#[derive(Clone, Debug)]
pub(crate) struct SlotInfo {
    pub(crate) home: Home,
    pub(crate) data_type: DataType,
    /// Its name in a step's batch: `c12`.
    pub(crate) name: String,
}

/// A link from the rows of one table to the rows of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Link {
    /// From a row to its owner.
    Owner(RelId),
    /// From a row to the entity it leads to.
    Target(RelId),
    /// From a person to the household.
    Household(EntityId),
    /// From an entity to its area, or the nearest above with a known value.
    Area(EntityId),
}

/// An expression with the column it stands in, when it is one.
#[derive(Clone, Debug)]
pub(crate) struct Col {
    pub(crate) expr: Expr,
    pub(crate) slot: Option<Slot>,
}

impl Col {
    /// A column.
    pub(crate) fn slot(slot: Slot) -> Self {
        Self {
            expr: Expr::Column(Column::from_name(slot_name(slot))),
            slot: Some(slot),
        }
    }

    /// A constant; null is unknown.
    pub(crate) fn constant(value: ScalarValue) -> Self {
        Self {
            expr: Expr::Literal(value, None),
            slot: None,
        }
    }

    /// Anything else.
    pub(crate) fn tree(expr: Expr) -> Self {
        Self { expr, slot: None }
    }

    /// Whether reading it twice costs nothing.
    pub(crate) fn is_leaf(&self) -> bool {
        self.slot.is_some() || matches!(self.expr, Expr::Literal(..))
    }

    /// The constant, when it is one.
    pub(crate) fn literal(&self) -> Option<&ScalarValue> {
        match &self.expr {
            Expr::Literal(value, _) => Some(value),
            _ => None,
        }
    }
}

/// The name of a column in a step's batch.
pub(crate) fn slot_name(slot: Slot) -> String {
    format!("c{}", slot.0)
}

/// A day that is the same for all rows, or a column.
#[derive(Clone, Debug)]
pub(crate) enum DayPart {
    /// The same day for all; none is unknown.
    Fixed(Option<Day>),
    /// A day for each row.
    Column(Slot),
}

/// A key of a parameter's table.
#[derive(Clone, Debug)]
pub(crate) enum KeyPart {
    /// The same member for all; none is unknown.
    Fixed(Option<u16>),
    /// A member for each row, and how many members there are.
    Column(Slot, usize),
}

/// What is read of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StatusRead {
    /// Whether it is held.
    Held,
    /// Its first day.
    Start,
    /// Its last day.
    End,
}

/// One filling of columns.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A column given with the frames; null where it is not given.
    Input { item: ItemId, out: Slot },
    /// An expression over columns of one table.
    Project {
        inputs: Vec<Slot>,
        /// The table of the inputs, in their order.
        schema: SchemaRef,
        expr: Arc<dyn PhysicalExpr>,
        out: Slot,
    },
    /// Columns of another table along a link; they are known or unknown together. For 本地, a
    /// fact is read from the nearest area that knows it, a result from the nearest that speaks.
    Gather {
        link: Link,
        fact: bool,
        from: Vec<Slot>,
        out: Vec<Slot>,
    },
    /// A total over the rows of each owner.
    Aggregate(AggregateStep),
    /// A parameter by area and keys.
    Lookup {
        values: Arc<ParamTable>,
        keys: Vec<KeyPart>,
        at: DayPart,
        out: Slot,
    },
    /// A status on a day, along links from the table at hand to the status's entity.
    Status {
        status: ItemId,
        entity: EntityId,
        read: StatusRead,
        path: Vec<Link>,
        at: DayPart,
        out: Slot,
    },
    /// Whether a status was held on any day between.
    Ever {
        status: ItemId,
        entity: EntityId,
        path: Vec<Link>,
        from: DayPart,
        to: DayPart,
        out: Slot,
    },
    /// What was recorded of a quantity for a day: value or numerator, and denominator; without a
    /// column for it the denominator is `scale`.
    Recorded {
        item: ItemId,
        entity: EntityId,
        path: Vec<Link>,
        at: DayPart,
        scale: i64,
        out: Slot,
        den: Option<Slot>,
    },
}

/// A total over the rows of each owner.
#[derive(Clone, Debug)]
pub(crate) struct AggregateStep {
    pub(crate) kind: AggregateKind,
    pub(crate) relation: RelId,
    pub(crate) value: Option<Slot>,
    pub(crate) filter: Option<Slot>,
    pub(crate) out: Slot,
}

impl Step {
    /// The columns it reads.
    pub(crate) fn reads(&self) -> Vec<Slot> {
        let day = |part: &DayPart| match part {
            DayPart::Fixed(_) => None,
            DayPart::Column(slot) => Some(*slot),
        };
        match self {
            Self::Input { .. } => vec![],
            Self::Project { inputs, .. } => inputs.clone(),
            Self::Gather { from, .. } => from.clone(),
            Self::Aggregate(step) => step.value.into_iter().chain(step.filter).collect(),
            Self::Lookup { keys, at, .. } => keys
                .iter()
                .filter_map(|key| match key {
                    KeyPart::Fixed(_) => None,
                    KeyPart::Column(slot, _) => Some(*slot),
                })
                .chain(day(at))
                .collect(),
            Self::Status { at, .. } | Self::Recorded { at, .. } => day(at).into_iter().collect(),
            Self::Ever { from, to, .. } => day(from).into_iter().chain(day(to)).collect(),
        }
    }
}
