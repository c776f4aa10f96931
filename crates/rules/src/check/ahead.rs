//! 当时 against the order of the files: it reads what was recorded, so the quantity may be defined
//! further on, in this file or a later one. Its place is kept open and filled at the end.

use super::scope::Frame;
use super::{Builder, Parsed};
use crate::ast::{Path, RoundText, Stmt, TypeText};
use crate::plan::{
    Body, Bounds, EntityId, Expr, ExprKind, Grant, ItemId, Program, Step, TextPart, Type, Window,
};
use std::collections::HashMap;

/// A recorded amount may be so large, in the least unit.
const RECORDED_MAX: i128 = 1_000_000_000_000;

/// A quantity not yet defined: its open place, its type and bounds.
pub(super) struct Ahead {
    pub id: ItemId,
    pub step: Step,
    pub ty: Type,
    pub bounds: Option<Bounds>,
}

impl Builder<'_> {
    /// The quantity further on that a path means; `None` when there is none, or after a problem
    /// was told.
    pub(super) fn ahead(&mut self, path: &Path, frame: Frame) -> Option<Ahead> {
        let words: Vec<&str> = path.parts.iter().map(|p| p.text.as_str()).collect();
        let own = self.current.entity?;
        let (file, name, entity, step) = match words.as_slice() {
            [name] => (self.current.id.clone(), *name, own, Step::Own),
            [file, name] => ((*file).to_owned(), *name, own, Step::Own),
            [first, file, name] => {
                let (entity, step) = self.back(first).or_else(|| self.led_to(first, frame))?;
                ((*file).to_owned(), *name, entity, step)
            }
            _ => return None,
        };
        let parsed = self.parsed_file(&file)?;
        let head = parsed.head()?;
        if self.dict.entity(&head.entity.text) != Some(entity) {
            return None;
        }
        let (ty, bounds) = self.recorded(parsed, name)?;
        if matches!(ty, Type::Num(_)) && bounds.is_none() {
            let said = format!(
                "`{}` 没有写舍入,记下来的可能是分数,当时 不能往后看它",
                path.text()
            );
            let help = "给它写上舍入,如 , 四舍五入到分;或引用算它的那些量";
            self.error("history-exact", path.span(), said, help);
            self.current.broken.insert(path.text());
            return None;
        }
        let whole = format!("{file}.{name}");
        let at = self
            .ahead
            .iter()
            .position(|p| *p == whole)
            .unwrap_or_else(|| {
                self.ahead.push(whole);
                self.ahead.len().saturating_sub(1)
            });
        let id = ItemId(u32::MAX.saturating_sub(u32::try_from(at).ok()?));
        Some(Ahead {
            id,
            step,
            ty,
            bounds,
        })
    }

    fn led_to(&self, relation: &str, frame: Frame) -> Option<(EntityId, Step)> {
        let rel = self
            .dict
            .relation(relation)
            .filter(|r| frame.row == Some(*r))?;
        Some((self.dict.relation_of(rel)?.target?, Step::Row))
    }

    fn parsed_file(&self, id: &str) -> Option<&Parsed> {
        let files = self.source.files.iter().copied();
        files
            .into_iter()
            .find(|f| f.head().is_some_and(|h| h.id.text == id))
    }

    /// The type of a quantity by its declaration, and the bounds of what is recorded of it.
    fn recorded(&self, parsed: &Parsed, name: &str) -> Option<(Type, Option<Bounds>)> {
        if name == "符合" {
            return Some((Type::Bool, None));
        }
        parsed.file.statements.iter().find_map(|s| match &s.kind {
            Stmt::Compute {
                name: n,
                ty,
                rounding,
                ..
            } if n.text() == name => {
                let ty = self.declared_type(ty)?;
                Some((
                    ty,
                    rounding.as_ref().and_then(|r| self.recorded_bounds(r, ty)),
                ))
            }
            Stmt::Benefit {
                name: n,
                ty,
                rounding,
                ..
            } if n.text == name => {
                let ty = self.declared_type(ty)?;
                let by_default = Bounds {
                    num_min: -RECORDED_MAX,
                    num_max: RECORDED_MAX,
                    den_min: 1,
                    den_max: 1,
                };
                match rounding {
                    None => Some((ty, Some(by_default))),
                    Some(r) => Some((ty, self.recorded_bounds(r, ty))),
                }
            }
            Stmt::Classify {
                name: n, ty, first, ..
            } if n.text() == name => {
                let Type::Enum(e) = self.declared_type(ty)? else {
                    return None;
                };
                Some((if *first { Type::Enum(e) } else { Type::Set(e) }, None))
            }
            Stmt::Itemise { name: n, ty, .. } if n.text() == name => {
                Some((self.declared_type(ty)?, None))
            }
            Stmt::Condition { name: n, .. } if n.text == name => Some((Type::Bool, None)),
            Stmt::Trigger(t) if t.name.text == name => Some((Type::Bool, None)),
            _ => None,
        })
    }

    /// A declared type, without telling a problem: its own statement does.
    fn declared_type(&self, ty: &TypeText) -> Option<Type> {
        match ty {
            TypeText::Named(name) => self.named_type(&name.text),
            TypeText::Members(members, _) => {
                let names: Vec<&str> = members.iter().map(|m| m.text.as_str()).collect();
                let at = self
                    .dict
                    .enums
                    .iter()
                    .position(|e| e.name.is_empty() && e.members == names)?;
                u32::try_from(at)
                    .ok()
                    .map(|i| Type::Enum(crate::plan::EnumId(i)))
            }
        }
    }

    fn recorded_bounds(&self, rounding: &RoundText, ty: Type) -> Option<Bounds> {
        let den = self.step_of_rounding(rounding, ty)?.den();
        Some(Bounds {
            num_min: -RECORDED_MAX,
            num_max: RECORDED_MAX,
            den_min: den,
            den_max: den,
        })
    }
}

/// Puts the real quantities into the places kept open.
pub(super) fn fill(program: &mut Program, paths: &[String]) {
    let mut real = HashMap::new();
    for (at, path) in paths.iter().enumerate() {
        let open = u32::try_from(at).map(|a| ItemId(u32::MAX.saturating_sub(a)));
        if let (Ok(open), Some(id)) = (open, program.find(path)) {
            real.insert(open, id);
        }
    }
    if real.is_empty() {
        return;
    }
    let mut change = |expr: &mut Expr| {
        if let ExprKind::AsOf(id, ..) = &mut expr.kind
            && let Some(found) = real.get(id)
        {
            *id = *found;
        }
    };
    for item in &mut program.items {
        in_body(&mut item.body, &mut change);
    }
    for file in &mut program.files {
        file.grants
            .iter_mut()
            .for_each(|g| in_grant(g, &mut change));
        for dispatch in &mut file.dispatches {
            in_text(&mut dispatch.text, &mut change);
            dispatch
                .urgency
                .iter_mut()
                .for_each(|e| walk(e, &mut change));
        }
    }
    for feed in &mut program.feeds {
        feed.grants
            .iter_mut()
            .for_each(|g| in_grant(g, &mut change));
    }
}

fn in_grant(grant: &mut Grant, change: &mut impl FnMut(&mut Expr)) {
    let parts = grant
        .when
        .iter_mut()
        .chain(&mut grant.from)
        .chain(&mut grant.to);
    parts.for_each(|e| walk(e, change));
}

fn in_text(parts: &mut [TextPart], change: &mut impl FnMut(&mut Expr)) {
    for part in parts {
        if let TextPart::Quote(expr) = part {
            walk(expr, change);
        }
    }
}

fn in_body(body: &mut Body, change: &mut impl FnMut(&mut Expr)) {
    match body {
        Body::Formula { expr, .. } | Body::Trigger { expr } => walk(expr, change),
        Body::Classify { rows, .. } => rows.iter_mut().for_each(|r| walk(&mut r.when, change)),
        Body::Itemise { rows, .. } => {
            for row in rows {
                walk(&mut row.amount, change);
                row.when
                    .iter_mut()
                    .chain(&mut row.cap)
                    .for_each(|e| walk(e, change));
            }
        }
        Body::Condition {
            expr, otherwise, ..
        } => {
            walk(expr, change);
            in_text(otherwise, change);
        }
        Body::Rate { num, den } => {
            walk(num, change);
            walk(den, change);
        }
        Body::Fact
        | Body::Status
        | Body::StatusStart(_)
        | Body::StatusEnd(_)
        | Body::Column
        | Body::Param(_)
        | Body::Verdict(_) => {}
    }
}

/// An expression and all inside it.
fn walk(expr: &mut Expr, change: &mut impl FnMut(&mut Expr)) {
    change(expr);
    match &mut expr.kind {
        ExprKind::Literal(_) | ExprKind::Moment(_) | ExprKind::Ref(..) => {}
        ExprKind::Param(_, keys) => keys.iter_mut().flatten().for_each(|k| walk(k, change)),
        ExprKind::Not(e)
        | ExprKind::Negate(e)
        | ExprKind::Known(e)
        | ExprKind::NextMonth(e)
        | ExprKind::AsOf(_, _, e) => walk(e, change),
        ExprKind::And(list)
        | ExprKind::Or(list)
        | ExprKind::Greatest(list)
        | ExprKind::Least(list) => list.iter_mut().for_each(|e| walk(e, change)),
        ExprKind::Compare(_, a, b)
        | ExprKind::Arith(_, a, b)
        | ExprKind::InClasses(a, b)
        | ExprKind::Age(a, b)
        | ExprKind::Days(a, b)
        | ExprKind::FullMonths(a, b)
        | ExprKind::PlusMonths(a, b)
        | ExprKind::Ever(_, _, a, b) => {
            walk(a, change);
            walk(b, change);
        }
        ExprKind::OneOf(e, list) => {
            walk(e, change);
            list.iter_mut().for_each(|e| walk(e, change));
        }
        ExprKind::Within(e, window) => {
            walk(e, change);
            if let Window::PastMonths(n) | Window::PastDays(n) = window {
                walk(n, change);
            }
        }
        ExprKind::If(a, b, c) | ExprKind::Between(a, b, c) => {
            [a, b, c].into_iter().for_each(|e| walk(e, change));
        }
        ExprKind::Aggregate(aggregate) => {
            let parts = aggregate.value.iter_mut().chain(&mut aggregate.filter);
            parts.for_each(|e| walk(e, change));
        }
    }
}
