//! What the rules say of everybody: for each file one table of its entity, and one for each
//! relation whose rows it judges. It holds ids and results, never a name.
//!
//! Columns: `id` (or `owner_id`, `target_id`), then every named quantity of the file by its short
//! name. A number is two columns, `x.n` and `x.d`; `符合` is Int8 (1 符合, 0 不符合, null 待查);
//! a proposed status is `给予.低保户` with `.起` and `.止`; urgency is `<trigger>.紧急`.

use crate::compile::functions::number;
use crate::compile::layout::{Col, Slot};
use crate::compile::number::Den;
use crate::compile::{Cell, TablePlan};
use crate::error::{EngineError, Result};
use crate::run::Run;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, RecordBatchOptions,
};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Field, Int8Type, Int64Type, Schema, UInt16Type, UInt64Type,
};
use datafusion::common::ScalarValue;
use domain::Day;
use rules::plan::{FileId, Home, ItemId, RelId};
use rules::value::{Ratio, Value};
use std::collections::HashMap;
use std::sync::Arc;

/// The column of a verdict.
pub const VERDICT: &str = "符合";

/// Where a quantity stands in a table.
#[derive(Clone, Copy, Debug)]
enum Held {
    /// Numerator and denominator.
    Num(usize, usize),
    /// 是 or 否, or the verdict.
    Bool(usize),
    Day(usize),
    Sym(usize),
    Set(usize),
}

/// What one file says of its entity, or of the rows of one relation.
#[derive(Clone, Debug)]
pub struct JudgedTable {
    /// The file.
    pub file: FileId,
    /// Its id: `dibao`.
    pub file_id: String,
    /// Whom the rows are about.
    pub home: Home,
    /// The results.
    pub batch: RecordBatch,
    items: HashMap<ItemId, Held>,
    names: HashMap<String, Held>,
}

/// What the rules say of everybody.
#[derive(Clone, Debug, Default)]
pub struct Judged {
    /// The tables, file by file in the order of the program.
    pub tables: Vec<JudgedTable>,
}

impl Judged {
    /// What a file says of its entity.
    pub fn table(&self, file: &str) -> Option<&JudgedTable> {
        self.tables
            .iter()
            .find(|t| t.file_id == file && matches!(t.home, Home::Entity(_)))
    }

    /// What a file says of the rows of a relation.
    pub fn rows_table(&self, file: &str, relation: RelId) -> Option<&JudgedTable> {
        self.tables
            .iter()
            .find(|t| t.file_id == file && t.home == Home::Rows(relation))
    }

    /// The table that holds a quantity.
    pub fn table_of(&self, item: ItemId) -> Option<&JudgedTable> {
        self.tables.iter().find(|t| t.items.contains_key(&item))
    }
}

impl JudgedTable {
    /// Ids of the entity, or of the owners of the rows.
    pub fn ids(&self) -> &[i64] {
        let ids = self.batch.column(0).as_primitive_opt::<Int64Type>();
        ids.map_or(&[], |ids| ids.values())
    }

    /// The quantities it holds.
    pub fn items(&self) -> impl Iterator<Item = ItemId> {
        self.items.keys().copied()
    }

    /// The value of a quantity in a row; none when the table does not hold it.
    pub fn value(&self, item: ItemId, row: usize) -> Option<Value> {
        self.read(*self.items.get(&item)?, row)
    }

    /// The value of a named column in a row: `符合`, `低保金`, `给予.低保户`, `费用过线.紧急`.
    pub fn named(&self, name: &str, row: usize) -> Option<Value> {
        self.read(*self.names.get(name)?, row)
    }

    /// The verdicts, when the file has conditions: 符合, 不符合, or null for 待查.
    pub fn verdicts(&self) -> Option<BooleanArray> {
        let column = self.batch.column_by_name(VERDICT)?;
        Some(
            cast(column, &DataType::Boolean)
                .ok()?
                .as_boolean_opt()?
                .clone(),
        )
    }

    /// A yes-or-no column by name.
    pub fn answers(&self, name: &str) -> Option<BooleanArray> {
        let Held::Bool(at) = *self.names.get(name)? else {
            return None;
        };
        Some(
            cast(self.batch.columns().get(at)?, &DataType::Boolean)
                .ok()?
                .as_boolean_opt()?
                .clone(),
        )
    }

    /// A quantity of all rows as a fact's column has it: numbers over `den`, unknown where they are
    /// finer than that.
    pub fn over(&self, item: ItemId, den: i64) -> Option<ArrayRef> {
        let columns = self.batch.columns();
        Some(match *self.items.get(&item)? {
            Held::Num(n, d) => {
                let (n, d) = (number(columns.get(n)?).ok()?, number(columns.get(d)?).ok()?);
                Arc::new(over(n, d, den))
            }
            Held::Bool(at) => cast(columns.get(at)?, &DataType::Boolean).ok()?,
            Held::Day(at) | Held::Sym(at) | Held::Set(at) => Arc::clone(columns.get(at)?),
        })
    }

    /// A number's numerators and denominators by name.
    pub fn numbers(&self, name: &str) -> Option<(&Int64Array, &Int64Array)> {
        let Held::Num(n, d) = *self.names.get(name)? else {
            return None;
        };
        let columns = self.batch.columns();
        Some((number(columns.get(n)?).ok()?, number(columns.get(d)?).ok()?))
    }

    fn read(&self, held: Held, row: usize) -> Option<Value> {
        let columns = self.batch.columns();
        let column = |at: usize| columns.get(at).filter(|c| row < c.len());
        let (Held::Num(at, _) | Held::Bool(at) | Held::Day(at) | Held::Sym(at) | Held::Set(at)) =
            held;
        if column(at)?.is_null(row) {
            return Some(Value::Unknown);
        }
        Some(match held {
            Held::Num(n, d) => {
                let n = column(n)?.as_primitive_opt::<Int64Type>()?.value(row);
                let d = column(d)?.as_primitive_opt::<Int64Type>()?.value(row);
                Value::Num(Ratio::new(i128::from(n), i128::from(d))?)
            }
            Held::Bool(at) => {
                let column = column(at)?;
                match column.as_boolean_opt() {
                    Some(answers) => Value::Bool(answers.value(row)),
                    // A verdict.
                    None => Value::Bool(column.as_primitive_opt::<Int8Type>()?.value(row) != 0),
                }
            }
            Held::Day(at) => {
                let day = column(at)?.as_primitive_opt::<Date32Type>()?.value(row);
                Value::Day(Day::from_epoch_days(day)?)
            }
            Held::Sym(at) => Value::Sym(column(at)?.as_primitive_opt::<UInt16Type>()?.value(row)),
            Held::Set(at) => Value::Set(column(at)?.as_primitive_opt::<UInt64Type>()?.value(row)),
        })
    }
}

/// Fractions as numerators over another denominator; null where that takes more than whole steps.
fn over(n: &Int64Array, d: &Int64Array, den: i64) -> Int64Array {
    if d.null_count() == 0 && d.values().iter().all(|d| *d == den) {
        return n.clone();
    }
    let scaled = |(n, d): (Option<i64>, Option<i64>)| {
        let (top, d) = (i128::from(n?).checked_mul(i128::from(den))?, i128::from(d?));
        let whole = top.checked_div(d)?;
        (top.checked_rem(d)? == 0).then(|| i64::try_from(whole).ok())?
    };
    n.iter().zip(d).map(scaled).collect()
}

/// What a result table looks like: made once, filled whole or block by block.
pub(crate) struct Shape {
    file: FileId,
    file_id: String,
    home: Home,
    fields: Vec<Field>,
    parts: Vec<Part>,
    items: HashMap<ItemId, Held>,
    names: HashMap<String, Held>,
}

/// How the columns of a quantity come about.
enum Part {
    /// As it stands.
    Own(Col),
    /// A verdict: a small number for whoever reads the file.
    Verdict(Col),
    /// Numerator and denominator, known together.
    Fraction(Col, Col),
}

/// Constants of some length, each once.
type Constants = HashMap<ScalarValue, ArrayRef>;

impl Shape {
    /// Of a table of the plan.
    pub(crate) fn new(plan: &TablePlan) -> Self {
        let keys: &[&str] = match plan.home {
            Home::Entity(_) => &["id"],
            Home::Rows(_) => &["owner_id", "target_id"],
        };
        let mut shape = Self {
            file: plan.file,
            file_id: plan.file_id.clone(),
            home: plan.home,
            fields: keys
                .iter()
                .map(|key| Field::new(*key, DataType::Int64, true))
                .collect(),
            parts: Vec::new(),
            items: HashMap::new(),
            names: HashMap::new(),
        };
        for output in &plan.outputs {
            let held = shape.push(&output.name, &output.cell);
            if let Some(item) = output.item {
                shape.items.insert(item, held);
            }
            shape.names.entry(output.name.clone()).or_insert(held);
        }
        shape
    }

    /// Whom the rows are about.
    pub(crate) fn home(&self) -> Home {
        self.home
    }

    /// How many columns it has.
    pub(crate) fn width(&self) -> usize {
        self.fields.len()
    }

    fn field(&mut self, name: &str, data_type: DataType) -> usize {
        let mut free = name.to_owned();
        let mut again = 2;
        while self.fields.iter().any(|field| *field.name() == free) {
            free = format!("{name}#{again}");
            again += 1;
        }
        self.fields.push(Field::new(free, data_type, true));
        self.fields.len().saturating_sub(1)
    }

    fn push(&mut self, name: &str, cell: &Cell) -> Held {
        match cell {
            Cell::Num(x) => {
                let den = x.den.col();
                match x.den {
                    Den::Fixed(_) => {
                        self.parts.push(Part::Own(x.num.clone()));
                        self.parts.push(Part::Own(den));
                    }
                    Den::Varies(..) => self.parts.push(Part::Fraction(x.num.clone(), den)),
                }
                let n = self.field(&format!("{name}.n"), DataType::Int64);
                Held::Num(n, self.field(&format!("{name}.d"), DataType::Int64))
            }
            Cell::Bool(col) if name == VERDICT => {
                self.parts.push(Part::Verdict(col.clone()));
                Held::Bool(self.field(name, DataType::Int8))
            }
            Cell::Bool(col) => Held::Bool(self.own(name, col, DataType::Boolean)),
            Cell::Day(col) => Held::Day(self.own(name, col, DataType::Date32)),
            Cell::Sym(col) => Held::Sym(self.own(name, col, DataType::UInt16)),
            Cell::Set(col) => Held::Set(self.own(name, col, DataType::UInt64)),
        }
    }

    fn own(&mut self, name: &str, col: &Col, data_type: DataType) -> usize {
        self.parts.push(Part::Own(col.clone()));
        self.field(name, data_type)
    }

    /// The table of some rows: their keys, and the columns as `get` has them for the same rows.
    pub(crate) fn fill(
        &self,
        keys: Vec<ArrayRef>,
        rows: usize,
        constants: &mut Constants,
        get: &dyn Fn(Slot) -> Result<ArrayRef>,
    ) -> Result<JudgedTable> {
        let mut array = |col: &Col| match (col.slot, col.literal()) {
            (Some(slot), _) => get(slot),
            (None, Some(value)) => match constants.get(value) {
                Some(known) => Ok(Arc::clone(known)),
                None => {
                    let made = value.to_array_of_size(rows)?;
                    constants.insert(value.clone(), Arc::clone(&made));
                    Ok(made)
                }
            },
            (None, None) => Err(EngineError::Column {
                column: "?".to_owned(),
            }),
        };
        let mut columns = keys;
        for part in &self.parts {
            match part {
                Part::Own(col) => columns.push(array(col)?),
                Part::Verdict(col) => columns.push(cast(&array(col)?, &DataType::Int8)?),
                Part::Fraction(num, den) => {
                    let (num, den) = known_together(&array(num)?, &array(den)?)?;
                    columns.extend([num, den]);
                }
            }
        }
        let schema = Arc::new(Schema::new(self.fields.clone()));
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        Ok(JudgedTable {
            file: self.file,
            file_id: self.file_id.clone(),
            home: self.home,
            batch: RecordBatch::try_new_with_options(schema, columns, &options)?,
            items: self.items.clone(),
            names: self.names.clone(),
        })
    }
}

/// Puts the tables of a finished run together.
pub(crate) fn collect(run: &Run<'_>) -> Result<Judged> {
    let mut tables = Vec::with_capacity(run.plan.tables.len());
    let mut constants: HashMap<Home, Constants> = HashMap::new();
    for plan in &run.plan.tables {
        let rows = run.places.count(plan.home);
        let constants = constants.entry(plan.home).or_default();
        let get = |slot| run.get(slot).map(Arc::clone);
        tables.push(Shape::new(plan).fill(keys(run, plan.home), rows, constants, &get)?);
    }
    Ok(Judged { tables })
}

/// The ids of a table's rows.
pub(crate) fn keys(run: &Run<'_>, home: Home) -> Vec<ArrayRef> {
    let none = || Int64Array::new_null(0);
    match home {
        Home::Entity(entity) => {
            let ids = run.frames.entities.get(&entity).map(|f| f.ids().clone());
            vec![Arc::new(ids.unwrap_or_else(none))]
        }
        Home::Rows(relation) => {
            let rows = run.places.rows(relation);
            let ids = rows.map(|r| (r.owner_ids.clone(), r.target_ids.clone()));
            let (owners, targets) = ids.unwrap_or_else(|| (none(), none()));
            vec![Arc::new(owners), Arc::new(targets)]
        }
    }
}

/// A fraction is known when both its parts are.
fn known_together(n: &ArrayRef, d: &ArrayRef) -> Result<(ArrayRef, ArrayRef)> {
    if n.null_count() == 0 && d.null_count() == 0 {
        return Ok((Arc::clone(n), Arc::clone(d)));
    }
    let known = NullBuffer::union(n.nulls(), d.nulls());
    let with = |array: &ArrayRef| -> Result<ArrayRef> {
        let values = number(array)?.values().clone();
        Ok(Arc::new(Int64Array::try_new(values, known.clone())?))
    };
    Ok((with(n)?, with(d)?))
}
