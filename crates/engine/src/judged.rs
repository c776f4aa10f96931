//! What the rules say of everybody: for each file one table of its entity, and one for each
//! relation whose rows it judges. It holds ids and results, never a name.
//!
//! Columns: `id` (or `owner_id`, `target_id`), then every named quantity of the file by its short
//! name. A number is two columns, `x.n` and `x.d`; `符合` is Int8 (1 符合, 0 不符合, null 待查);
//! a proposed status is `给予.低保户` with `.起` and `.止`; urgency is `<trigger>.紧急`.

use crate::compile::Cell;
use crate::compile::functions::number;
use crate::compile::layout::Col;
use crate::compile::number::Den;
use crate::error::Result;
use crate::run::Run;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch};
use datafusion::arrow::compute::{cast, nullif};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Int8Type, Int64Type, UInt16Type, UInt64Type,
};
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

/// Puts the tables of a finished run together.
pub(crate) fn collect(run: &Run<'_>) -> Result<Judged> {
    let mut tables = Vec::with_capacity(run.plan.tables.len());
    for plan in &run.plan.tables {
        let mut table = Columns {
            run,
            home: plan.home,
            columns: keys(run, plan.home),
        };
        let (mut items, mut names) = (HashMap::new(), HashMap::new());
        for output in &plan.outputs {
            let held = table.push(&output.name, &output.cell)?;
            if let Some(item) = output.item {
                items.insert(item, held);
            }
            names.entry(output.name.clone()).or_insert(held);
        }
        let columns = table
            .columns
            .into_iter()
            .map(|(name, array)| (name, array, true));
        let batch = RecordBatch::try_from_iter_with_nullable(columns)?;
        tables.push(JudgedTable {
            file: plan.file,
            file_id: plan.file_id.clone(),
            home: plan.home,
            batch,
            items,
            names,
        });
    }
    Ok(Judged { tables })
}

fn keys(run: &Run<'_>, home: Home) -> Vec<(String, ArrayRef)> {
    match home {
        Home::Entity(entity) => {
            let ids = run.frames.entities.get(&entity).map(|f| f.ids().clone());
            let ids: ArrayRef = Arc::new(ids.unwrap_or_else(|| Int64Array::new_null(0)));
            vec![("id".to_owned(), ids)]
        }
        Home::Rows(relation) => {
            let ids = run
                .places
                .rows(relation)
                .map(|r| (r.owner_ids.clone(), r.target_ids.clone()));
            let none = || Int64Array::new_null(0);
            let (owners, targets) = ids.unwrap_or_else(|| (none(), none()));
            vec![
                ("owner_id".to_owned(), Arc::new(owners)),
                ("target_id".to_owned(), Arc::new(targets)),
            ]
        }
    }
}

struct Columns<'a> {
    run: &'a Run<'a>,
    home: Home,
    columns: Vec<(String, ArrayRef)>,
}

impl Columns<'_> {
    fn array(&self, col: &Col) -> Result<ArrayRef> {
        match (col.slot, col.literal()) {
            (Some(slot), _) => self.run.get(slot).map(Arc::clone),
            (None, Some(value)) => Ok(value.to_array_of_size(self.run.places.count(self.home))?),
            (None, None) => Err(crate::EngineError::Column {
                column: "?".to_owned(),
            }),
        }
    }

    fn add(&mut self, name: String, array: ArrayRef) -> usize {
        let mut free = name.clone();
        let mut again = 2;
        while self.columns.iter().any(|(taken, _)| *taken == free) {
            free = format!("{name}#{again}");
            again += 1;
        }
        self.columns.push((free, array));
        self.columns.len().saturating_sub(1)
    }

    fn push(&mut self, name: &str, cell: &Cell) -> Result<Held> {
        Ok(match cell {
            Cell::Num(x) => {
                let (n, d) = (self.array(&x.num)?, self.array(&x.den.col())?);
                let (n, d) = match x.den {
                    Den::Fixed(_) => (n, d),
                    Den::Varies(..) => known_together(&n, &d)?,
                };
                let n = self.add(format!("{name}.n"), n);
                Held::Num(n, self.add(format!("{name}.d"), d))
            }
            Cell::Bool(col) => {
                let array = self.array(col)?;
                let array = if name == VERDICT {
                    cast(&array, &DataType::Int8)?
                } else {
                    array
                };
                Held::Bool(self.add(name.to_owned(), array))
            }
            Cell::Day(col) => Held::Day(self.add(name.to_owned(), self.array(col)?)),
            Cell::Sym(col) => Held::Sym(self.add(name.to_owned(), self.array(col)?)),
            Cell::Set(col) => Held::Set(self.add(name.to_owned(), self.array(col)?)),
        })
    }
}

/// A fraction is known when both its parts are.
fn known_together(n: &ArrayRef, d: &ArrayRef) -> Result<(ArrayRef, ArrayRef)> {
    let unknown: BooleanArray = (0..n.len())
        .map(|row| Some(n.is_null(row) || d.is_null(row)))
        .collect();
    Ok((nullif(n, &unknown)?, nullif(d, &unknown)?))
}
