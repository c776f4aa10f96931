//! Named quantities: 计算, 归类, 分项, 条件, 给付, 触发, 比率, 给予; and the tables that show them.

use super::functions::Function;
use super::layout::Col;
use super::number::Fraction;
use super::{Builder, Cell, Output, TablePlan, truth_constant};
use crate::error::Result;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{self as df, Operator, binary_expr, lit};
use rules::plan::{
    AmountRow, Arith, Body, ClassRow, Compare, FileId, FilePlan, Grant, Home, Item, ItemId,
    ItemiseMode, Step as Reach, Type,
};
use rules::value::Value;

impl Builder<'_> {
    /// Computes a named quantity, and before it what it reads, once.
    pub(crate) fn ensure(&mut self, id: ItemId) -> Result<()> {
        let Some(item) = self.program.item(id) else {
            return self.refuse("没有这个量");
        };
        if self.kept(id).is_some() {
            return Ok(());
        }
        let before = self.current.replace(id);
        self.define(id, item)?;
        self.current = before;
        Ok(())
    }

    /// Computes a named quantity and keeps it as columns of its table.
    fn define(&mut self, id: ItemId, item: &Item) -> Result<()> {
        let place = item.home;
        let cell = match &item.body {
            // Given with the frames, or looked up where they are read.
            Body::Fact
            | Body::Column
            | Body::Status
            | Body::StatusStart(_)
            | Body::StatusEnd(_)
            | Body::Param(_) => return Ok(()),
            Body::Formula { expr, rounding } => {
                let cell = self.expr(expr, place)?;
                match (cell, rounding) {
                    (Cell::Num(x), Some(how)) => match self.round(&x, *how) {
                        Some(rounded) => Cell::Num(rounded),
                        None => return self.refuse("取整的步长太大"),
                    },
                    (cell, _) => cell,
                }
            }
            Body::Classify {
                rows,
                otherwise,
                first: true,
            } => self.first_class(rows, *otherwise, item.ty, place)?,
            Body::Classify {
                rows,
                otherwise,
                first: false,
            } => self.every_class(rows, *otherwise, place)?,
            Body::Itemise { mode, rows } => self.itemise(*mode, rows, place)?,
            Body::Condition { expr, .. } | Body::Trigger { expr } => {
                Cell::Bool(Col::tree(self.truth(expr, place)?))
            }
            Body::Verdict(file) => Cell::Bool(Col::tree(self.verdict(*file, place)?)),
            Body::Rate { num, den } => {
                let (num, den) = (self.number(num, place)?, self.number(den, place)?);
                let den = self.never_zero(den);
                Cell::Num(self.divide(place, num, den)?)
            }
        };
        let cell = self.settle_cell(place, cell)?;
        self.keep(id, cell);
        Ok(())
    }

    /// 分母为零是不适用.
    fn never_zero(&self, x: Fraction) -> Fraction {
        if x.range.min > 0 {
            return x;
        }
        let num = Col::tree(Function::NotZero.call(vec![x.num.expr]));
        Fraction { num, ..x }
    }

    fn first_class(
        &mut self,
        rows: &[ClassRow],
        otherwise: Option<u16>,
        ty: Type,
        place: Home,
    ) -> Result<Cell> {
        let member = |member| Cell::Sym(Col::constant(ScalarValue::UInt16(member)));
        let mut answer = match otherwise {
            None => self.unknown(ty)?,
            some => member(some),
        };
        for row in rows.iter().rev() {
            let when = self.truth(&row.when, place)?;
            answer = self.choose(when, member(Some(row.value)), answer, place)?;
        }
        Ok(answer)
    }

    fn every_class(
        &mut self,
        rows: &[ClassRow],
        otherwise: Option<u16>,
        place: Home,
    ) -> Result<Cell> {
        let mut set = Col::constant(ScalarValue::UInt64(Some(0))).expr;
        for row in rows {
            let when = self.truth(&row.when, place)?;
            let bit = self.bit_when(when, row.value);
            set = binary_expr(set, Operator::BitwiseOr, bit);
        }
        let set = self.settle(place, Col::tree(set), DataType::UInt64)?;
        let Some(other) = otherwise else {
            return Ok(Cell::Set(set));
        };
        let none = binary_expr(set.expr.clone(), Operator::Eq, lit(0_u64));
        let other = self.constant(
            Value::Set(1_u64.checked_shl(u32::from(other)).unwrap_or(0)),
            Type::Bool,
        )?;
        self.choose(none, other, Cell::Set(set), place)
    }

    fn itemise(&mut self, mode: ItemiseMode, rows: &[AmountRow], place: Home) -> Result<Cell> {
        let mut amounts = Vec::new();
        for row in rows {
            let amount = self.amount(row, place)?;
            amounts.push(match mode {
                ItemiseMode::ByParam(_) => self.settle_number(place, amount)?,
                ItemiseMode::Sum | ItemiseMode::Max => amount,
            });
        }
        match mode {
            ItemiseMode::Sum => self.total(&amounts, true, place).map(Cell::Num),
            ItemiseMode::Max => self.total(&amounts, false, place).map(Cell::Num),
            ItemiseMode::ByParam(param) => {
                let (sum, max) = (
                    self.total(&amounts, true, place)?,
                    self.total(&amounts, false, place)?,
                );
                let mode = self.read(param, Reach::Own, place)?;
                let adds = self.constant(Value::Sym(0), Type::Bool)?;
                let adds = self.compare(Compare::Equal, mode, adds)?;
                self.choose(adds, Cell::Num(sum), Cell::Num(max), place)
            }
        }
    }

    fn total(&mut self, amounts: &[Fraction], adds: bool, place: Home) -> Result<Fraction> {
        let mut total: Option<Fraction> = None;
        for amount in amounts {
            total = Some(match total {
                None => amount.clone(),
                Some(so_far) if adds => self.arith(Arith::Add, so_far, amount.clone(), place)?,
                Some(so_far) => self.extreme(place, true, so_far, amount.clone())?,
            });
        }
        match (total, self.zero()?) {
            (Some(total), _) | (None, Cell::Num(total)) => Ok(total),
            (None, _) => self.refuse("分项没有行"),
        }
    }

    /// What a row of 分项 counts: 0 when its 当 is false.
    fn amount(&mut self, row: &AmountRow, place: Home) -> Result<Fraction> {
        let mut amount = self.number(&row.amount, place)?;
        if let Some(cap) = &row.cap {
            let cap = self.number(cap, place)?;
            amount = self.extreme(place, false, amount, cap)?;
        }
        let Some(when) = &row.when else {
            return Ok(amount);
        };
        let when = self.truth(when, place)?;
        let zero = self.zero()?;
        match self.choose(when, Cell::Num(amount), zero, place)? {
            Cell::Num(amount) => Ok(amount),
            _ => self.refuse("分项的一行不是数"),
        }
    }

    /// 不符合 if any condition is false; else 待查 if any is unknown; else 符合.
    fn verdict(&mut self, file: FileId, place: Home) -> Result<df::Expr> {
        let Some(file) = self.program.files.get(file.at()) else {
            return self.refuse("没有这个文件");
        };
        let mut answer: Option<df::Expr> = None;
        for condition in &file.conditions {
            let Cell::Bool(next) = self.read(*condition, Reach::Own, place)? else {
                return self.refuse("条件不是是否");
            };
            answer = Some(match answer {
                None => next.expr,
                Some(before) => binary_expr(before, Operator::And, next.expr),
            });
        }
        Ok(answer.unwrap_or_else(|| truth_constant(Some(true)).expr))
    }

    /// The tables of a file: one for its entity, one for each relation whose rows it judges.
    pub(crate) fn tables_of(&mut self, id: FileId, tables: &mut Vec<TablePlan>) -> Result<()> {
        let Some(file) = self.program.files.get(id.at()) else {
            return Ok(());
        };
        let own = Home::Entity(file.entity);
        let mut found = vec![TablePlan {
            file: id,
            file_id: file.id.clone(),
            home: own,
            outputs: vec![],
        }];
        for at in &file.items {
            let (Some(item), Some(cell)) = (self.program.item(*at), self.kept(*at)) else {
                continue;
            };
            if matches!(item.body, Body::Param(_)) || item.file != Some(id) {
                continue;
            }
            let output = Output {
                name: item.name.clone(),
                item: Some(*at),
                cell: cell.clone(),
            };
            place_output(&mut found, item.home, output);
            if let Body::Rate { num, den } = &item.body {
                self.current = Some(*at);
                // Areas above add the two numbers, never the rates.
                for (part, expr) in [("分子", num), ("分母", den)] {
                    let number = self.number(expr, item.home)?;
                    let cell = self.settle_cell(item.home, Cell::Num(number))?;
                    let name = format!("{}.{part}", item.name);
                    let output = Output {
                        name,
                        item: None,
                        cell,
                    };
                    place_output(&mut found, item.home, output);
                }
            }
        }
        if let Some(verdict) = file.verdict
            && let Some(cell) = self.kept(verdict)
            && !file.items.contains(&verdict)
        {
            let output = Output {
                name: "符合".to_owned(),
                item: Some(verdict),
                cell: cell.clone(),
            };
            place_output(&mut found, own, output);
        }
        for grant in &file.grants {
            self.current = file.verdict;
            self.grant(file, grant, &mut found)?;
        }
        for dispatch in &file.dispatches {
            self.current = Some(dispatch.trigger);
            let name = self
                .program
                .item(dispatch.trigger)
                .map_or("", |i| i.name.as_str());
            let Some(urgency) = &dispatch.urgency else {
                continue;
            };
            let urgency = self.expr(urgency, own)?;
            let cell = self.settle_cell(own, urgency)?;
            place_output(
                &mut found,
                own,
                Output {
                    name: format!("{name}.紧急"),
                    item: None,
                    cell,
                },
            );
        }
        tables.extend(found.into_iter().filter(|table| !table.outputs.is_empty()));
        Ok(())
    }

    /// The status proposed: only where 符合 and 当.
    fn grant(&mut self, file: &FilePlan, grant: &Grant, tables: &mut Vec<TablePlan>) -> Result<()> {
        let place = grant.relation.map_or(Home::Entity(file.entity), Home::Rows);
        let name = self
            .program
            .item(grant.status)
            .map_or("", |i| i.name.as_str());
        let mut proposed = match file.verdict {
            Some(verdict) => match self.read(verdict, Reach::Own, place)? {
                Cell::Bool(col) => col.expr,
                _ => return self.refuse("结论不是是否"),
            },
            None => truth_constant(Some(true)).expr,
        };
        if let Some(when) = &grant.when {
            proposed = binary_expr(proposed, Operator::And, self.truth(when, place)?);
        }
        let cell = self.settle_cell(place, Cell::Bool(Col::tree(proposed)))?;
        place_output(
            tables,
            place,
            Output {
                name: format!("给予.{name}"),
                item: None,
                cell,
            },
        );
        for (part, day) in [("起", &grant.from), ("止", &grant.to)] {
            let Some(day) = day else { continue };
            let cell = self.expr(day, place)?;
            let cell = self.settle_cell(place, cell)?;
            let name = format!("给予.{name}.{part}");
            place_output(
                tables,
                place,
                Output {
                    name,
                    item: None,
                    cell,
                },
            );
        }
        Ok(())
    }
}

fn place_output(tables: &mut Vec<TablePlan>, home: Home, output: Output) {
    if let Some(table) = tables.iter_mut().find(|table| table.home == home) {
        table.outputs.push(output);
        return;
    }
    if let Some(first) = tables.first() {
        let (file, file_id) = (first.file, first.file_id.clone());
        tables.push(TablePlan {
            file,
            file_id,
            home,
            outputs: vec![output],
        });
    }
}
