//! Functions: 不低于, 段内, 当时, 周岁 and their kin.

use super::Builder;
use super::exprs::plain;
use super::scope::Frame;
use crate::ast::{Ex, Expr as Written, Name, Path};
use crate::plan::{Body, Bounds, Expr, ExprKind, Type};
use crate::problem::Span;
use crate::unit::Unit;
use crate::value::Ratio;

impl Builder<'_> {
    pub(super) fn call(
        &mut self,
        name: &Name,
        args: &[Written],
        frame: Frame,
        span: Span,
    ) -> Option<Expr> {
        let arity = |n: usize| args.len() == n;
        let good = match name.text.as_str() {
            "最大" | "最小" => args.len() >= 2,
            "知道" | "次月初" => arity(1),
            "段内" | "曾" => arity(3),
            _ => arity(2),
        };
        if !good {
            let form = signature(&name.text);
            let said = format!("`{}` 的括号里写了 {} 项", name.text, args.len());
            self.error("arity", span, said, format!("写成 {form}"));
            return None;
        }
        match name.text.as_str() {
            "最大" | "最小" | "不低于" | "不超过" => {
                let most = matches!(name.text.as_str(), "最大" | "不低于");
                self.extreme(args, most, frame, span)
            }
            "段内" => self.between(args, frame, span),
            "知道" => {
                let inner = args.first().and_then(|a| self.expr(a, frame, None))?;
                Some(plain(ExprKind::Known(Box::new(inner)), Type::Bool, span))
            }
            "当时" => self.as_of(args, frame, span),
            "曾" => self.ever(args, frame, span),
            "次月初" => {
                let day = args.first().and_then(|a| self.day_expr(a, frame))?;
                Some(plain(ExprKind::NextMonth(Box::new(day)), Type::Day, span))
            }
            _ => self.day_difference(name, args, frame, span),
        }
    }

    fn day_difference(
        &mut self,
        name: &Name,
        args: &[Written],
        frame: Frame,
        span: Span,
    ) -> Option<Expr> {
        let from = Box::new(args.first().and_then(|a| self.day_expr(a, frame))?);
        let to = Box::new(args.get(1).and_then(|a| self.day_expr(a, frame))?);
        let (kind, unit, most) = match name.text.as_str() {
            "周岁" => (ExprKind::Age(from, to), "岁", 200),
            "天数" => (ExprKind::Days(from, to), "天", 100_000),
            _ => (ExprKind::FullMonths(from, to), "月", 4_000),
        };
        let bounds = Bounds {
            num_min: -most,
            num_max: most,
            den_min: 1,
            den_max: 1,
        };
        Some(Expr {
            kind,
            ty: Type::Num(Unit::base(unit)?),
            bounds: Some(bounds),
            span,
        })
    }

    fn extreme(&mut self, args: &[Written], most: bool, frame: Frame, span: Span) -> Option<Expr> {
        let parts: Vec<Option<Expr>> = args.iter().map(|a| self.number_expr(a, frame)).collect();
        let parts: Vec<Expr> = parts.into_iter().collect::<Option<_>>()?;
        let first = parts.first()?.clone();
        let mut bounds = first.bounds;
        for part in parts.iter().skip(1) {
            if !self.same_type(&first, part, "最大最小", part.span) {
                return None;
            }
            let parts = bounds.zip(part.bounds);
            let joined = parts.map(|(a, b)| either(a, b, most));
            bounds = self.fits_or_tell(joined, span);
            self.cross_fits(&first, part, span);
        }
        let ty = first.ty;
        let kind = if most {
            ExprKind::Greatest(parts)
        } else {
            ExprKind::Least(parts)
        };
        Some(Expr {
            kind,
            ty,
            bounds,
            span,
        })
    }

    pub(super) fn between(&mut self, args: &[Written], frame: Frame, span: Span) -> Option<Expr> {
        let parts: Vec<Option<Expr>> = args.iter().map(|a| self.number_expr(a, frame)).collect();
        let parts: Vec<Expr> = parts.into_iter().collect::<Option<_>>()?;
        let [x, a, b] = parts.as_slice() else {
            return None;
        };
        if !(self.same_type(x, a, "段内", span) && self.same_type(x, b, "段内", span)) {
            return None;
        }
        // As both evaluators take it: the lesser of x and b, less a, but not below 0.
        let zero = Bounds::constant(Ratio::ZERO);
        let known = x.bounds.zip(a.bounds).zip(b.bounds);
        let part = known.map(|((x, a), b)| either(x, b, false)?.add(a.neg()?));
        let bounds = self.fits_or_tell(part.map(|p| either(p?, zero, true)), span);
        let ty = x.ty;
        let boxed = |e: &Expr| Box::new(e.clone());
        Some(Expr {
            kind: ExprKind::Between(boxed(x), boxed(a), boxed(b)),
            ty,
            bounds,
            span,
        })
    }

    /// The path that 当时 or 曾 asks for.
    fn history_path<'w>(&mut self, written: Option<&'w Written>) -> Option<&'w Path> {
        let written = written?;
        if let Ex::Path(path) = &written.kind {
            return Some(path);
        }
        self.error(
            "history-form",
            written.span,
            "当时、曾 的第一项要写一个量的名称",
            "如 当时(低保, 上月末)",
        );
        None
    }

    /// 当时 reads what was recorded, so its quantity need not be defined before.
    fn as_of(&mut self, args: &[Written], frame: Frame, span: Span) -> Option<Expr> {
        let path = self.history_path(args.first())?;
        let day = Box::new(args.get(1).and_then(|a| self.day_expr(a, frame))?);
        if self.lookup(path, frame).is_none()
            && let Some(ahead) = self.ahead(path, frame)
        {
            let kind = ExprKind::AsOf(ahead.id, ahead.step, day);
            let (ty, bounds) = (ahead.ty, ahead.bounds);
            return Some(Expr {
                kind,
                ty,
                bounds,
                span,
            });
        }
        let (id, step) = self.resolve(path, frame)?;
        let item = self.item(id)?;
        let (ty, bounds) = (item.ty, item.bounds);
        Some(Expr {
            kind: ExprKind::AsOf(id, step, day),
            ty,
            bounds,
            span,
        })
    }

    fn ever(&mut self, args: &[Written], frame: Frame, span: Span) -> Option<Expr> {
        let path = self.history_path(args.first())?;
        let at = path.span();
        let (id, step) = self.resolve(path, frame)?;
        if !matches!(self.item(id)?.body, Body::Status) {
            self.error(
                "ever-status",
                at,
                "曾 只能问身份",
                "第一项写身份,如 曾(渐退, 年初, 上月末)",
            );
            return None;
        }
        let from = Box::new(args.get(1).and_then(|a| self.day_expr(a, frame))?);
        let to = Box::new(args.get(2).and_then(|a| self.day_expr(a, frame))?);
        Some(plain(ExprKind::Ever(id, step, from, to), Type::Bool, span))
    }
}

/// The bounds of the greater or the lesser of two.
pub(super) fn either(a: Bounds, b: Bounds, most: bool) -> Option<Bounds> {
    a.aligned(b).map(|(a, b)| extreme_bounds(a, b, most))
}

fn extreme_bounds(a: Bounds, b: Bounds, most: bool) -> Bounds {
    let mut out = a.union(b);
    if a.fixed_den().is_some() && a.fixed_den() == b.fixed_den() {
        if most {
            out.num_min = a.num_min.max(b.num_min);
        } else {
            out.num_max = a.num_max.min(b.num_max);
        }
    } else if most && (a.num_min > 0 || b.num_min > 0) {
        // At least the positive one of the two: the numerator is positive too.
        out.num_min = out.num_min.max(1);
    }
    out
}

fn signature(function: &str) -> &'static str {
    match function {
        "最大" => "最大(甲, 乙, …)",
        "最小" => "最小(甲, 乙, …)",
        "不低于" => "不低于(量, 下限)",
        "不超过" => "不超过(量, 上限)",
        "段内" => "段内(量, 从, 到)",
        "知道" => "知道(量)",
        "当时" => "当时(量, 日期)",
        "曾" => "曾(身份, 从, 到)",
        "周岁" => "周岁(出生日期, 某日)",
        "天数" => "天数(前一天, 后一天)",
        "满月数" => "满月数(前一天, 后一天)",
        _ => "次月初(日期)",
    }
}
