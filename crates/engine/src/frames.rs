//! The input of a run: one table for each entity and each relation, as known for a month.
//!
//! A column belongs to a fact or a feed column and is named `i<ItemId>` where it has a name:
//!
//! | type | column |
//! |---|---|
//! | number | Int64: numerators over the constant denominator of the item's bounds (1 for most), money in 分 |
//! | 是否 | Boolean |
//! | enumeration | `UInt16`: place in the declaration |
//! | several members | `UInt64`: one bit each |
//! | date | Date32 |
//!
//! Null is unknown, and a column that is not given is unknown throughout. The table never fills a
//! gap: completeness of lists and rolls is said, not inferred.

use crate::error::{EngineError, Result};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Int64Array, RecordBatch, StringArray, UInt32Array,
};
use datafusion::arrow::compute::{cast, sort_to_indices, take};
use datafusion::arrow::datatypes::{DataType, Date32Type, Int64Type};
use domain::Day;
use rules::plan::{EntityId, ItemId, RelId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Whose list or roll is complete.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Complete {
    /// Nobody's: the source was not asked, or has not answered.
    #[default]
    Nobody,
    /// Everybody's: no row means none.
    Everybody,
    /// Of these ids only.
    Of(BTreeSet<i64>),
    /// Of all but these ids.
    Except(BTreeSet<i64>),
}

impl Complete {
    /// Whether it is complete for this one.
    pub fn holds(&self, id: i64) -> bool {
        match self {
            Self::Nobody => false,
            Self::Everybody => true,
            Self::Of(ids) => ids.contains(&id),
            Self::Except(ids) => !ids.contains(&id),
        }
    }
}

/// What was recorded of a quantity for the days from `from` to `to`; none is without end.
#[derive(Clone, Debug)]
pub struct Record {
    /// The quantity.
    pub item: ItemId,
    /// First day.
    pub from: Option<Day>,
    /// Last day.
    pub to: Option<Day>,
    /// Values, or numerators; in the order of the table.
    pub values: ArrayRef,
    /// Denominators of numbers; 1 without it.
    pub dens: Option<ArrayRef>,
}

impl Record {
    /// Whether it speaks of the day.
    pub fn covers(&self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}

/// The table of an entity, by rising id.
#[derive(Clone, Debug)]
pub struct EntityFrame {
    ids: Int64Array,
    areas: StringArray,
    households: Int64Array,
    columns: BTreeMap<ItemId, ArrayRef>,
    records: Vec<Record>,
}

impl EntityFrame {
    /// Persons, households or areas by id, each once; nothing is known of them yet.
    ///
    /// # Errors
    /// An id that stands twice.
    pub fn new(ids: Vec<i64>) -> Result<Self> {
        let mut ids = ids;
        ids.sort_unstable();
        if ids.windows(2).any(|pair| pair.first() == pair.last()) {
            return Err(EngineError::Column {
                column: "id".to_owned(),
            });
        }
        let count = ids.len();
        Ok(Self {
            ids: Int64Array::from(ids),
            areas: StringArray::new_null(count),
            households: Int64Array::new_null(count),
            columns: BTreeMap::new(),
            records: Vec::new(),
        })
    }

    /// From a batch with the columns `id`, `area` (text), `household_id` and `i<ItemId>`.
    ///
    /// # Errors
    /// No `id`, an id twice, or a column of another type.
    pub fn from_batch(batch: &RecordBatch) -> Result<Self> {
        let column = |name: &str| batch.column_by_name(name);
        let missing = || EngineError::Column {
            column: "id".to_owned(),
        };
        let ids = cast(column("id").ok_or_else(missing)?, &DataType::Int64)?;
        let rising = ids.null_count() == 0 && ids.as_primitive::<Int64Type>().values().is_sorted();
        let order = if rising {
            None
        } else {
            Some(sort_to_indices(&ids, None, None)?)
        };
        let sorted = |array: &ArrayRef| in_order(array, order.as_ref());
        let ids = sorted(&ids)?;
        let mut frame = Self::new(ids.as_primitive::<Int64Type>().values().to_vec())?;
        if let Some(areas) = column("area") {
            frame.areas = sorted(&cast(areas, &DataType::Utf8)?)?
                .as_string::<i32>()
                .clone();
        }
        if let Some(households) = column("household_id") {
            let households = sorted(&cast(households, &DataType::Int64)?)?;
            frame.households = households.as_primitive::<Int64Type>().clone();
        }
        for (item, array) in item_columns(batch) {
            frame.columns.insert(item, sorted(array)?);
        }
        Ok(frame)
    }

    /// The ids, rising: the order of every column given after.
    pub fn ids(&self) -> &Int64Array {
        &self.ids
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Area codes, in the order of [`ids`](Self::ids).
    #[must_use]
    pub fn with_areas(mut self, areas: StringArray) -> Self {
        self.areas = areas;
        self
    }

    /// 本户 of persons, in the order of [`ids`](Self::ids).
    #[must_use]
    pub fn with_households(mut self, households: Int64Array) -> Self {
        self.households = households;
        self
    }

    /// A fact, in the order of [`ids`](Self::ids).
    #[must_use]
    pub fn with(mut self, item: ItemId, values: ArrayRef) -> Self {
        self.columns.insert(item, values);
        self
    }

    /// The same table with its columns under other numbers; none when one of them has none. What was
    /// recorded of a quantity that is gone is read by nobody.
    pub(crate) fn renumbered(&self, place: &dyn Fn(ItemId) -> Option<ItemId>) -> Option<Self> {
        let columns = self.columns.iter();
        let columns = columns.map(|(item, column)| Some((place(*item)?, Arc::clone(column))));
        let records = self.records.iter().filter_map(|record| {
            let item = place(record.item)?;
            Some(Record {
                item,
                ..record.clone()
            })
        });
        Some(Self {
            ids: self.ids.clone(),
            areas: self.areas.clone(),
            households: self.households.clone(),
            columns: columns.collect::<Option<_>>()?,
            records: records.collect(),
        })
    }

    /// Gives or replaces a fact.
    pub fn set(&mut self, item: ItemId, values: ArrayRef) {
        self.columns.insert(item, values);
    }

    /// What was recorded for other days, in the order of [`ids`](Self::ids); the later wins.
    pub fn record(&mut self, record: Record) {
        self.records.push(record);
    }

    /// Area codes.
    pub fn areas(&self) -> &StringArray {
        &self.areas
    }

    /// 本户 of persons.
    pub fn households(&self) -> &Int64Array {
        &self.households
    }

    /// The values of a fact.
    pub fn column(&self, item: ItemId) -> Option<&ArrayRef> {
        self.columns.get(&item)
    }

    /// All facts given.
    pub fn columns(&self) -> &BTreeMap<ItemId, ArrayRef> {
        &self.columns
    }

    /// What was recorded for other days.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// The record that speaks of a quantity on a day.
    pub fn recorded(&self, item: ItemId, day: Day) -> Option<&Record> {
        self.records
            .iter()
            .rev()
            .find(|r| r.item == item && r.covers(day))
    }

    /// Where an id stands.
    pub fn position(&self, id: i64) -> Option<u32> {
        let at = self.ids.values().binary_search(&id).ok()?;
        u32::try_from(at).ok()
    }
}

/// The rows of a relation: those of one owner stand together, in the order given.
#[derive(Clone, Debug)]
pub struct RelationFrame {
    owners: Int64Array,
    targets: Int64Array,
    columns: BTreeMap<ItemId, ArrayRef>,
    complete: Complete,
}

impl RelationFrame {
    /// Rows by owner and the one each leads to (null: nobody knows who).
    ///
    /// # Errors
    /// Owners and targets of different length.
    pub fn new(owners: Int64Array, targets: Int64Array, complete: Complete) -> Result<Self> {
        let ids: ArrayRef = Arc::new(owners);
        let mut batch = vec![("owner_id", ids)];
        batch.push(("target_id", Arc::new(targets)));
        Self::from_batch(
            &RecordBatch::try_from_iter_with_nullable(
                batch.into_iter().map(|(name, array)| (name, array, true)),
            )?,
            complete,
        )
    }

    /// From a batch with the columns `owner_id`, `target_id` (for relations to an entity) and
    /// `i<ItemId>`.
    ///
    /// # Errors
    /// No `owner_id`, or a column of another type.
    pub fn from_batch(batch: &RecordBatch, complete: Complete) -> Result<Self> {
        let missing = || EngineError::Column {
            column: "owner_id".to_owned(),
        };
        let owners = cast(
            batch.column_by_name("owner_id").ok_or_else(missing)?,
            &DataType::Int64,
        )?;
        let order = stable_order(owners.as_primitive::<Int64Type>());
        let sorted = |array: &ArrayRef| in_order(array, order.as_ref());
        let targets = match batch.column_by_name("target_id") {
            Some(targets) => sorted(&cast(targets, &DataType::Int64)?)?,
            None => Arc::new(Int64Array::new_null(batch.num_rows())),
        };
        let mut columns = BTreeMap::new();
        for (item, array) in item_columns(batch) {
            columns.insert(item, sorted(array)?);
        }
        Ok(Self {
            owners: sorted(&owners)?.as_primitive::<Int64Type>().clone(),
            targets: targets.as_primitive::<Int64Type>().clone(),
            columns,
            complete,
        })
    }

    /// The ones the rows of an owner lead to, those nobody knows left out.
    #[must_use]
    pub fn targets_of(&self, owner: i64) -> Vec<i64> {
        let owners = self.owners().values();
        let start = owners.partition_point(|o| *o < owner);
        let end = owners.partition_point(|o| *o <= owner);
        let targets = self.targets();
        (start..end)
            .filter(|row| targets.is_valid(*row))
            .map(|row| targets.value(row))
            .collect()
    }

    /// Owners of the rows, rising.
    pub fn owners(&self) -> &Int64Array {
        &self.owners
    }

    /// Whom the rows lead to.
    pub fn targets(&self) -> &Int64Array {
        &self.targets
    }

    /// The values of a column.
    pub fn column(&self, item: ItemId) -> Option<&ArrayRef> {
        self.columns.get(&item)
    }

    /// All columns given.
    pub fn columns(&self) -> &BTreeMap<ItemId, ArrayRef> {
        &self.columns
    }

    /// Gives or replaces a column, in the order of [`owners`](Self::owners).
    pub fn set(&mut self, item: ItemId, values: ArrayRef) {
        self.columns.insert(item, values);
    }

    /// Whose list is complete.
    pub fn complete(&self) -> &Complete {
        &self.complete
    }

    /// The same rows, their lists complete for others.
    #[must_use]
    pub fn complete_for(mut self, complete: Complete) -> Self {
        self.complete = complete;
        self
    }
}

/// Periods of a status, by rising holder; those of one holder never overlap.
#[derive(Clone, Debug)]
pub struct StatusFrame {
    holders: Int64Array,
    from: Date32Array,
    to: Date32Array,
    complete: Complete,
    known_from: Option<Day>,
}

impl StatusFrame {
    /// Periods by holder: first day, and last day where there is one.
    ///
    /// # Errors
    /// Columns of different length.
    pub fn new(
        holders: Int64Array,
        from: Date32Array,
        to: Date32Array,
        complete: Complete,
    ) -> Result<Self> {
        if holders.len() != from.len() || holders.len() != to.len() {
            return Err(EngineError::Column {
                column: "from".to_owned(),
            });
        }
        let order = stable_order(&holders);
        let sorted = |array: ArrayRef| in_order(&array, order.as_ref());
        let (from, to) = (sorted(Arc::new(from))?, sorted(Arc::new(to))?);
        let holders = sorted(Arc::new(holders))?;
        Ok(Self {
            from: from.as_primitive::<Date32Type>().clone(),
            to: to.as_primitive::<Date32Type>().clone(),
            holders: holders.as_primitive::<Int64Type>().clone(),
            complete,
            known_from: None,
        })
    }

    /// Says that nothing is known of the days before one: who held it then, nobody can tell from
    /// these periods.
    #[must_use]
    pub fn known_from(mut self, day: Option<Day>) -> Self {
        self.known_from = day;
        self
    }

    /// Where its columns stand in memory, and how many periods there are.
    pub(crate) fn stands(&self) -> ([usize; 4], usize) {
        let nulls = self.to.nulls().map_or(0, |n| n.buffer().as_ptr().addr());
        let places = [
            self.holders.values().as_ptr().addr(),
            self.from.values().as_ptr().addr(),
            self.to.values().as_ptr().addr(),
            nulls,
        ];
        (places, self.holders.len())
    }

    /// The day before which nothing is known; none when the periods reach back without end.
    pub fn begins(&self) -> Option<Day> {
        self.known_from
    }

    /// First and last day of each period of a holder.
    pub fn periods_of(&self, id: i64) -> impl Iterator<Item = (i32, Option<i32>)> + '_ {
        let holders = self.holders.values();
        let start = holders.partition_point(|holder| *holder < id);
        let end = holders.partition_point(|holder| *holder <= id);
        let days = |days: &Date32Array| days.slice(start, end.saturating_sub(start));
        let (from, to) = (days(&self.from), days(&self.to));
        let pairs: Vec<_> = from.iter().zip(to.iter()).collect();
        pairs.into_iter().filter_map(|(from, to)| Some((from?, to)))
    }

    /// Holder, first day and last day of each period.
    pub fn periods(&self) -> impl Iterator<Item = (i64, i32, Option<i32>)> {
        let days = self.from.iter().zip(self.to.iter());
        self.holders
            .iter()
            .zip(days)
            .filter_map(|(id, (from, to))| Some((id?, from?, to)))
    }

    /// Whose periods are all there.
    pub fn complete(&self) -> &Complete {
        &self.complete
    }
}

/// The tables of a month.
#[derive(Clone, Debug, Default)]
pub struct Frames {
    /// Entities.
    pub entities: BTreeMap<EntityId, EntityFrame>,
    /// Relations; one that is missing is incomplete for everybody.
    pub relations: BTreeMap<RelId, RelationFrame>,
    /// Statuses; one that is missing is unknown for everybody.
    pub statuses: BTreeMap<ItemId, StatusFrame>,
}

/// The name of a column: `i12`.
pub fn column_name(item: ItemId) -> String {
    format!("i{}", item.0)
}

fn item_columns(batch: &RecordBatch) -> impl Iterator<Item = (ItemId, &ArrayRef)> {
    batch
        .schema_ref()
        .fields()
        .iter()
        .zip(batch.columns())
        .filter_map(|(field, array)| {
            let number = field.name().strip_prefix('i')?.parse().ok()?;
            Some((ItemId(number), array))
        })
}

/// Rows by rising owner, rows of one owner in their order; none when they stand so already.
fn stable_order(owners: &Int64Array) -> Option<UInt32Array> {
    let values = owners.values();
    if values.is_sorted() {
        return None;
    }
    let mut order: Vec<u32> = (0..u32::try_from(owners.len()).unwrap_or(u32::MAX)).collect();
    order.sort_by_key(|at| {
        usize::try_from(*at)
            .ok()
            .and_then(|at| values.get(at).copied())
    });
    Some(UInt32Array::from(order))
}

fn in_order(array: &ArrayRef, order: Option<&UInt32Array>) -> Result<ArrayRef> {
    match order {
        Some(order) => Ok(take(array, order, None)?),
        None => Ok(Arc::clone(array)),
    }
}
