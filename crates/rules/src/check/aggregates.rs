//! 合计, 人数 and their kin over the rows of a relation.

use super::Builder;
use super::scope::Frame;
use crate::ast::{Ex, Expr as Written, Name};
use crate::plan::{Aggregate, AggregateKind, Bounds, Expr, ExprKind, Home, RelId, Type};
use crate::problem::Span;
use crate::unit::Unit;

impl Builder<'_> {
    pub(super) fn aggregate(
        &mut self,
        function: &Name,
        over: &Written,
        filter: Option<&Written>,
        frame: Frame,
        span: Span,
    ) -> Option<Expr> {
        let (rel, name) = self.aggregated(function, over, frame, span)?;
        let inner = Frame {
            row: Some(rel),
            inside_aggregate: true,
        };
        let kind = match function.text.as_str() {
            "合计" => AggregateKind::Sum,
            "已知合计" => AggregateKind::KnownSum,
            "人数" => AggregateKind::Persons,
            "条数" => AggregateKind::Rows,
            "任一" => AggregateKind::Any,
            _ => AggregateKind::All,
        };
        let sums = matches!(kind, AggregateKind::Sum | AggregateKind::KnownSum);
        let value = if sums {
            Some(self.number_expr(over, inner)?)
        } else {
            None
        };
        let filter = match filter {
            Some(f) => Some(self.truth(f, inner)?),
            None if matches!(kind, AggregateKind::Any | AggregateKind::All) => {
                let said = format!("`{}` 要写条件", function.text);
                self.error(
                    "aggregate-filter",
                    span,
                    said,
                    format!("如 {}({name} : …)", function.text),
                );
                return None;
            }
            None => None,
        };
        self.aggregate_rules(kind, rel, function)?;
        let rows = i128::from(self.dict.relation_of(rel).map_or(1, |r| r.at_most));
        let (ty, bounds) = match (&value, kind) {
            (Some(v), _) => (v.ty, self.sum_bounds(v, rows, span)),
            (None, AggregateKind::Any | AggregateKind::All) => (Type::Bool, None),
            (None, AggregateKind::Persons) => {
                (Type::Num(Unit::base("人")?), Some(count_bounds(rows)))
            }
            _ => (Type::Num(Unit::base("次")?), Some(count_bounds(rows))),
        };
        let aggregate = Aggregate {
            kind,
            relation: rel,
            value,
            filter,
        };
        Some(Expr {
            kind: ExprKind::Aggregate(Box::new(aggregate)),
            ty,
            bounds,
            span,
        })
    }

    /// The relation an aggregate goes over, one step from the file's entity, and its name.
    fn aggregated(
        &mut self,
        function: &Name,
        over: &Written,
        frame: Frame,
        span: Span,
    ) -> Option<(RelId, String)> {
        let Some(rel) = self.relation_in(over) else {
            let said = format!("`{}` 的括号里要写一个关系", function.text);
            self.error(
                "aggregate-relation",
                over.span,
                said,
                "如 合计(成员.月工资 : 成员.计入)、人数(成员)",
            );
            return None;
        };
        let name = self
            .dict
            .relation_of(rel)
            .map_or(String::new(), |r| r.name.clone());
        if frame.inside_aggregate {
            self.error(
                "two-steps",
                span,
                "合计里面又有合计,一个文件只能看一步",
                "把里面的一步写成另一个文件的量,再引用它",
            );
            return None;
        }
        if self.dict.relation_of(rel).map(|r| r.owner) != self.current.entity {
            let (said, help) = self.wrong_owner(rel);
            self.error("relation-owner", over.span, said, help);
            return None;
        }
        Some((rel, name))
    }

    fn aggregate_rules(&mut self, kind: AggregateKind, rel: RelId, function: &Name) -> Option<()> {
        use crate::plan::FileKind::{Feed, Indicator, Warning};
        if kind == AggregateKind::KnownSum
            && !matches!(self.current.kind, Some(Feed | Warning | Indicator))
        {
            self.error(
                "known-sum-place",
                function.span,
                "已知合计 只能写在预警、来文和指标里",
                "政策里用 合计:有一笔不知道,合计就是不知道",
            );
            return None;
        }
        let persons = self.dict.entity("个人");
        if kind == AggregateKind::Persons
            && self
                .dict
                .relation_of(rel)
                .is_some_and(|r| r.target != persons)
        {
            let name = self.dict.relation_of(rel).map_or("", |r| r.name.as_str());
            let said = format!("`{name}` 一行不是一个人,不能用 人数");
            let help = format!("改用 条数({name})");
            self.error("count-persons", function.span, said, help);
            return None;
        }
        Some(())
    }

    fn sum_bounds(&mut self, value: &Expr, rows: i128, span: Span) -> Option<Bounds> {
        let bounds = value.bounds?;
        if bounds.fixed_den().is_none() {
            self.error(
                "sum-fraction",
                span,
                "各行的分母不同,不能直接合计",
                "在每行的 计算 后面写上舍入,如 , 四舍五入到分",
            );
            return None;
        }
        let sum = bounds.sum(rows);
        if sum.is_none_or(|s| !s.fits()) {
            self.overflow(span);
            return None;
        }
        sum
    }

    /// The relation an aggregate goes over: the first relation named in it.
    fn relation_in(&self, over: &Written) -> Option<RelId> {
        let mut found = None;
        let mut paths = Vec::new();
        super::expr_paths(over, &mut paths);
        if let Ex::Path(path) = &over.kind {
            paths.insert(0, super::parts(path));
        }
        for (parts, _) in paths {
            let named = parts.iter().take(2).find_map(|p| self.dict.relation(p));
            let alias = self
                .current
                .names
                .get(&parts.join("."))
                .and_then(|id| self.item(*id))
                .and_then(|i| match i.home {
                    Home::Rows(rel) => Some(rel),
                    Home::Entity(_) => None,
                });
            found = found.or(named).or(alias);
        }
        found
    }
}

fn count_bounds(rows: i128) -> Bounds {
    Bounds {
        num_min: 0,
        num_max: rows,
        den_min: 1,
        den_max: 1,
    }
}
