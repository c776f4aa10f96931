//! Statuses on a day, 当时 and 曾: what was recorded, never a formula of this month.

use super::layout::{Col, DayPart, Link, StatusRead, Step};
use super::number::{Den, Fraction, Range};
use super::{Builder, Cell, column_type};
use crate::error::Result;
use datafusion::arrow::datatypes::DataType;
use domain::Day;
use rules::plan::{Body, EntityId, Expr, Home, Item, ItemId, Step as Reach, Type};

impl Builder<'_> {
    fn entity_of(&self, item: &Item) -> Result<EntityId> {
        match item.home {
            Home::Entity(entity) => Ok(entity),
            Home::Rows(_) => self.refuse("名单的一行没有历史"),
        }
    }

    fn read_path(&self, item: &Item, step: Reach, place: Home) -> Result<Vec<Link>> {
        if item.home == place {
            Ok(vec![])
        } else {
            self.path(step, place)
        }
    }

    /// A status, its first or its last day, on a day.
    pub(crate) fn status_on(
        &mut self,
        id: ItemId,
        item: &Item,
        at: DayPart,
        path: Vec<Link>,
        place: Home,
    ) -> Result<Cell> {
        let entity = self.entity_of(item)?;
        let (status, read) = match &item.body {
            Body::StatusStart(status) => (*status, StatusRead::Start),
            Body::StatusEnd(status) => (*status, StatusRead::End),
            _ => (id, StatusRead::Held),
        };
        let held = read == StatusRead::Held;
        let out = self.slot(
            place,
            if held {
                DataType::Boolean
            } else {
                DataType::Date32
            },
        );
        self.push(Step::Status {
            status,
            entity,
            read,
            path,
            at,
            out,
        });
        let col = Col::slot(out);
        Ok(if held {
            Cell::Bool(col)
        } else {
            Cell::Day(col)
        })
    }

    /// 当时(x, day)
    pub(crate) fn as_of(
        &mut self,
        id: ItemId,
        step: Reach,
        day: &Expr,
        place: Home,
    ) -> Result<Cell> {
        let Some(item) = self.program.item(id) else {
            return self.refuse("没有这个量");
        };
        let at = self.day_part(day, place)?;
        let path = self.read_path(item, step, place)?;
        match &item.body {
            Body::Status | Body::StatusStart(_) | Body::StatusEnd(_) => {
                self.status_on(id, item, at, path, place)
            }
            Body::Param(param) => {
                if matches!(at, DayPart::Column(_)) && !path.is_empty() {
                    return self.refuse("别处的参数只能按固定的日子读");
                }
                let there = if path.is_empty() { place } else { item.home };
                let cell = self.param_by_own_facts(item, param, there, at)?;
                self.bring(cell, there, &path, false)
            }
            Body::Fact
            | Body::Column
            | Body::Formula { .. }
            | Body::Classify { .. }
            | Body::Itemise { .. }
            | Body::Condition { .. }
            | Body::Verdict(_)
            | Body::Trigger { .. }
            | Body::Rate { .. } => self.recorded(id, item, at, path, place),
        }
    }

    fn recorded(
        &mut self,
        id: ItemId,
        item: &Item,
        at: DayPart,
        path: Vec<Link>,
        place: Home,
    ) -> Result<Cell> {
        let entity = self.entity_of(item)?;
        let wanted = match &at {
            DayPart::Fixed(None) => return self.unknown(item.ty),
            DayPart::Fixed(day) => *day,
            DayPart::Column(_) => None::<Day>,
        };
        if !self.history.contains(&(id, wanted)) {
            self.history.push((id, wanted));
        }
        let Some(data_type) = column_type(item.ty) else {
            return self.refuse("地区只能作键");
        };
        let out = self.slot(place, data_type);
        let den = matches!(item.ty, Type::Num(_)).then(|| self.slot(place, DataType::Int64));
        let fixed = item
            .bounds
            .filter(|b| b.den_min == b.den_max)
            .and_then(|b| i64::try_from(b.den_min).ok());
        let den = den.filter(|_| fixed.is_none());
        self.push(Step::Recorded {
            item: id,
            entity,
            path,
            at,
            scale: fixed.unwrap_or(1),
            out,
            den,
        });
        let col = Col::slot(out);
        Ok(match item.ty {
            Type::Num(_) => {
                let range = item.bounds.map_or(Range::ANY, |b| Range {
                    min: b.num_min,
                    max: b.num_max,
                });
                let den = match den {
                    None => Den::Fixed(fixed.unwrap_or(1)),
                    Some(den) => {
                        let most = item.bounds.map_or(Range::ANY.max, |b| b.den_max);
                        Den::Varies(Col::slot(den), Range { min: 1, max: most })
                    }
                };
                Cell::Num(Fraction {
                    num: col,
                    den,
                    range,
                })
            }
            Type::Bool => Cell::Bool(col),
            Type::Day => Cell::Day(col),
            Type::Enum(_) => Cell::Sym(col),
            Type::Set(_) | Type::Area => Cell::Set(col),
        })
    }

    /// 曾(status, from, to)
    pub(crate) fn ever(
        &mut self,
        id: ItemId,
        step: Reach,
        from: &Expr,
        to: &Expr,
        place: Home,
    ) -> Result<Cell> {
        let Some(item) = self.program.item(id) else {
            return self.refuse("没有这个身份");
        };
        let entity = self.entity_of(item)?;
        let (from, to) = (self.day_part(from, place)?, self.day_part(to, place)?);
        let path = self.read_path(item, step, place)?;
        let out = self.slot(place, DataType::Boolean);
        self.push(Step::Ever {
            status: id,
            entity,
            path,
            from,
            to,
            out,
        });
        Ok(Cell::Bool(Col::slot(out)))
    }
}
