//! Where a name is read from: the own instance, the row at hand, 本户, 本地; and what facts are.

use super::layout::{Col, KeyPart, Link, Slot, Step};
use super::number::{Den, Fraction, Range, lcm};
use super::params::ParamTable;
use super::{Builder, Cell, column_type};
use crate::compile::layout::DayPart;
use crate::error::Result;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use domain::Day;
use rules::plan::{
    Body, EntityId, EnumId, Expr, Home, Item, ItemId, Param, ParamKey, Step as Reach, Type,
};
use rules::value::Value;
use std::sync::Arc;

impl Builder<'_> {
    /// The entity a table is about: in a row, still the owner.
    pub(crate) fn owner_of(&self, place: Home) -> Result<EntityId> {
        match place {
            Home::Entity(entity) => Ok(entity),
            Home::Rows(relation) => Ok(self.relation(relation)?.owner),
        }
    }

    /// The links from the table at hand to where a step leads, first link first.
    pub(crate) fn path(&self, step: Reach, place: Home) -> Result<Vec<Link>> {
        let mut path = match (place, step) {
            (Home::Entity(_), Reach::Row) => return self.refuse("不在名单的一行里"),
            (Home::Rows(relation), Reach::Row) => return Ok(vec![Link::Target(relation)]),
            (Home::Entity(_), _) => vec![],
            (Home::Rows(relation), _) => vec![Link::Owner(relation)],
        };
        let owner = self.owner_of(place)?;
        match step {
            Reach::Own | Reach::Row => {}
            Reach::Household => path.push(Link::Household(owner)),
            Reach::Area => path.push(Link::Area(owner)),
        }
        Ok(path)
    }

    /// The value of an item where a step leads.
    pub(crate) fn read(&mut self, id: ItemId, step: Reach, place: Home) -> Result<Cell> {
        let Some(item) = self.program.item(id) else {
            return self.refuse("没有这个量");
        };
        if item.home == place {
            return self.own_cell(id, item);
        }
        if let Home::Rows(_) = item.home {
            return self.refuse("读的是别的名单的一行");
        }
        let cell = self.own_cell(id, item)?;
        let path = self.path(step, place)?;
        let fact = matches!(item.body, Body::Fact);
        self.bring(cell, item.home, &path, fact)
    }

    /// Brings a quantity along the links to the table at hand, the last link first.
    pub(crate) fn bring(
        &mut self,
        cell: Cell,
        from: Home,
        path: &[Link],
        fact: bool,
    ) -> Result<Cell> {
        let mut here = (cell, from);
        for link in path.iter().rev() {
            let to = match link {
                Link::Owner(r) | Link::Target(r) => Home::Rows(*r),
                Link::Household(e) | Link::Area(e) => Home::Entity(*e),
            };
            here = (self.gather(&here.0, here.1, *link, to, fact)?, to);
        }
        Ok(here.0)
    }

    fn gather(
        &mut self,
        cell: &Cell,
        from: Home,
        link: Link,
        to: Home,
        fact: bool,
    ) -> Result<Cell> {
        // Every row has its owner, so a constant stays one; elsewhere there may be nobody.
        let constant = cell.parts().iter().all(|(col, _)| col.literal().is_some());
        if constant && matches!(link, Link::Owner(_)) {
            return Ok(cell.clone());
        }
        let mut sources = Vec::new();
        for (col, data_type) in cell.parts() {
            sources.push(self.column(from, col, data_type)?);
        }
        let known: Option<Vec<Slot>> = sources
            .iter()
            .map(|slot| self.gathers.get(&(link, *slot)).copied())
            .collect();
        let out = match known {
            Some(out) => out,
            None => {
                let out: Vec<Slot> = sources
                    .iter()
                    .map(|slot| self.slot(to, self.type_of(*slot)))
                    .collect();
                for (slot, out) in sources.iter().zip(&out) {
                    self.gathers.insert((link, *slot), *out);
                }
                self.push(Step::Gather {
                    link,
                    fact,
                    from: sources,
                    out: out.clone(),
                });
                out
            }
        };
        match cell.with_parts(&out) {
            Some(cell) => Ok(cell),
            None => self.refuse("没有列"),
        }
    }

    /// The value of an item in its own table.
    fn own_cell(&mut self, id: ItemId, item: &Item) -> Result<Cell> {
        if let Some(cell) = self.cells.get(&id) {
            return Ok(cell.clone());
        }
        let cell = match &item.body {
            Body::Fact | Body::Column => self.input(id, item)?,
            Body::Status | Body::StatusStart(_) | Body::StatusEnd(_) => self.status_on(
                id,
                item,
                DayPart::Fixed(Some(self.moments.base)),
                vec![],
                item.home,
            )?,
            Body::Param(param) => {
                let day = DayPart::Fixed(Some(self.moments.base));
                self.param_by_own_facts(item, param, item.home, day)?
            }
            Body::Formula { .. }
            | Body::Classify { .. }
            | Body::Itemise { .. }
            | Body::Condition { .. }
            | Body::Verdict(_)
            | Body::Trigger { .. }
            | Body::Rate { .. } => {
                // Of another file, or above in this one: the checker has ruled out rings.
                self.ensure(id)?;
                match self.kept(id) {
                    Some(cell) => return Ok(cell.clone()),
                    None => return self.refuse("用到了还没有算出的量"),
                }
            }
        };
        self.cells.insert(id, cell.clone());
        Ok(cell)
    }

    /// Keeps a computed quantity for those that read it.
    pub(crate) fn keep(&mut self, id: ItemId, cell: Cell) {
        self.cells.insert(id, cell);
    }

    /// A computed quantity, when it is there.
    pub(crate) fn kept(&self, id: ItemId) -> Option<&Cell> {
        self.cells.get(&id)
    }

    fn input(&mut self, id: ItemId, item: &Item) -> Result<Cell> {
        let Some(data_type) = column_type(item.ty) else {
            return self.refuse("地区只能作键");
        };
        let out = self.slot(item.home, data_type);
        self.push(Step::Input { item: id, out });
        let col = Col::slot(out);
        Ok(match item.ty {
            Type::Num(_) => Cell::Num(Fraction::column(col, item.bounds)),
            Type::Bool => Cell::Bool(col),
            Type::Day => Cell::Day(col),
            Type::Enum(_) => Cell::Sym(col),
            Type::Set(_) | Type::Area => Cell::Set(col),
        })
    }

    /// A parameter whose keys were not written: they are the own facts of that name.
    pub(crate) fn param_by_own_facts(
        &mut self,
        item: &Item,
        param: &Param,
        place: Home,
        day: DayPart,
    ) -> Result<Cell> {
        let owner = Home::Entity(self.owner_of(place)?);
        let mut keys = Vec::new();
        for key in &param.keys {
            let ParamKey::Enum(e) = key else { continue };
            let e = *e;
            let name = self.program.dict.enum_of(e).map_or("", |e| e.name.as_str());
            let found =
                self.program.items.iter().position(|i| {
                    i.home == owner && matches!(i.body, Body::Fact) && i.name == name
                });
            let Some(fact) = found.and_then(|at| u32::try_from(at).ok()).map(ItemId) else {
                return self.unknown(item.ty);
            };
            let cell = self.read(fact, Reach::Own, place)?;
            keys.push(self.key(cell, e, place)?);
        }
        self.look_up(item, param, keys, place, day)
    }

    /// A parameter by its written keys (none stands for 地区).
    pub(crate) fn param(&mut self, id: ItemId, keys: &[Option<Expr>], place: Home) -> Result<Cell> {
        let Some(item) = self.program.item(id) else {
            return self.refuse("没有这个参数");
        };
        let Body::Param(param) = &item.body else {
            return self.refuse("不是参数");
        };
        let mut parts = Vec::new();
        let enums = param.keys.iter().filter_map(|key| match key {
            ParamKey::Enum(e) => Some(*e),
            ParamKey::Area => None,
        });
        for (key, of) in keys.iter().flatten().zip(enums) {
            let cell = self.expr(key, place)?;
            parts.push(self.key(cell, of, place)?);
        }
        let day = DayPart::Fixed(Some(self.moments.base));
        self.look_up(item, param, parts, place, day)
    }

    fn key(&mut self, cell: Cell, of: EnumId, place: Home) -> Result<KeyPart> {
        let (col, data_type) = match cell {
            Cell::Sym(col) => (col, DataType::UInt16),
            Cell::Bool(col) => (col, DataType::Boolean),
            Cell::Num(_) | Cell::Day(_) | Cell::Set(_) => return self.refuse("参数的键不是枚举"),
        };
        Ok(match col.literal() {
            Some(ScalarValue::UInt16(member)) => KeyPart::Fixed(*member),
            Some(ScalarValue::Boolean(answer)) => KeyPart::Fixed(answer.map(u16::from)),
            _ => {
                let members = self.program.dict.enum_of(of).map_or(0, |e| e.members.len());
                let size = if data_type == DataType::Boolean {
                    2
                } else {
                    members
                };
                KeyPart::Column(self.column(place, col, data_type)?, size)
            }
        })
    }

    fn look_up(
        &mut self,
        item: &Item,
        param: &Param,
        keys: Vec<KeyPart>,
        place: Home,
        day: DayPart,
    ) -> Result<Cell> {
        if let (true, DayPart::Fixed(Some(day)), Some(fixed)) = (
            param.values.iter().all(|v| v.area.is_empty()),
            &day,
            fixed(&keys),
        ) {
            let value = param
                .lookup("", &fixed, *day)
                .map_or(Value::Unknown, |found| found.value);
            return self.constant(value, item.ty);
        }
        let Some(data_type) = column_type(item.ty) else {
            return self.refuse("参数不能是地区");
        };
        let Some(den) = common_den(param) else {
            return self.refuse("参数的分母太大");
        };
        let values = Arc::new(ParamTable::new(param, &keys, &day, den, &data_type));
        let out = self.slot(place, data_type);
        self.push(Step::Lookup {
            values,
            keys,
            at: day,
            out,
        });
        let col = Col::slot(out);
        Ok(match item.ty {
            Type::Num(_) => Cell::Num(Fraction {
                num: col,
                den: Den::Fixed(den),
                range: range_of(param, den),
            }),
            Type::Bool => Cell::Bool(col),
            Type::Day => Cell::Day(col),
            Type::Enum(_) => Cell::Sym(col),
            Type::Set(_) | Type::Area => Cell::Set(col),
        })
    }

    /// A value that is the same for all rows.
    pub(crate) fn constant(&self, value: Value, ty: Type) -> Result<Cell> {
        Ok(match value {
            Value::Unknown => return self.unknown(ty),
            Value::Bool(answer) => Cell::Bool(super::truth_constant(Some(answer))),
            Value::Num(number) => match Fraction::constant(number) {
                Some(number) => Cell::Num(number),
                None => return self.refuse("数太大"),
            },
            Value::Day(day) => Cell::Day(super::day_constant(Some(day))),
            Value::Sym(member) => Cell::Sym(Col::constant(ScalarValue::UInt16(Some(member)))),
            Value::Set(set) => Cell::Set(Col::constant(ScalarValue::UInt64(Some(set)))),
        })
    }

    /// Unknown for all rows.
    pub(crate) fn unknown(&self, ty: Type) -> Result<Cell> {
        match Cell::unknown(ty) {
            Some(cell) => Ok(cell),
            None => self.refuse("地区只能作键"),
        }
    }

    /// A day that is the same for all, or a column of the table at hand.
    pub(crate) fn day_part(&mut self, e: &Expr, place: Home) -> Result<DayPart> {
        let Cell::Day(col) = self.expr(e, place)? else {
            return self.refuse("不是日期");
        };
        Ok(match col.literal() {
            Some(ScalarValue::Date32(day)) => DayPart::Fixed(day.and_then(Day::from_epoch_days)),
            _ => DayPart::Column(self.column(place, col, DataType::Date32)?),
        })
    }
}

fn fixed(keys: &[KeyPart]) -> Option<Vec<Option<u16>>> {
    keys.iter()
        .map(|key| match key {
            KeyPart::Fixed(Some(member)) => Some(Some(*member)),
            KeyPart::Fixed(None) | KeyPart::Column(..) => None,
        })
        .collect()
}

fn numbers(param: &Param) -> impl Iterator<Item = rules::Ratio> {
    param.values.iter().filter_map(|v| match v.value {
        Value::Num(number) => Some(number),
        Value::Unknown | Value::Bool(_) | Value::Day(_) | Value::Sym(_) | Value::Set(_) => None,
    })
}

fn common_den(param: &Param) -> Option<i64> {
    numbers(param).try_fold(1, |den, n| lcm(den, i64::try_from(n.den()).ok()?))
}

fn range_of(param: &Param, den: i64) -> Range {
    let den = i128::from(den);
    let tops = numbers(param).filter_map(|n| n.num().checked_mul(den.checked_div(n.den())?));
    tops.map(Range::one)
        .reduce(Range::union)
        .unwrap_or(Range::one(0))
}
