//! 条件, 给付, 给予 and 触发: what a file decides.

use super::Builder;
use super::scope::Frame;
use crate::ast::{self, Name, Path, RoundText, Text, TriggerStmt, TypeText};
use crate::plan::{Body, Dispatch, Expr, FilePlan, Grant, Home, TextPart, Type};
use crate::unit::Unit;
use crate::value::{Direction, Ratio, Rounding};

impl Builder<'_> {
    pub(super) fn condition(
        &mut self,
        name: &Name,
        expr: &ast::Expr,
        cites: &[Name],
        otherwise: Option<&Text>,
        plan: &mut FilePlan,
    ) -> Option<()> {
        let Some(text) = otherwise.filter(|t| !t.words.text.is_empty()) else {
            self.error(
                "condition-reason",
                name.span,
                format!("条件 `{}` 没有写 否则", name.text),
                "写上不符合时对人说的话,如 否则 人均月收入 {人均月收入} 不低于标准",
            );
            return None;
        };
        let cites = self.cites(cites, name, plan);
        let expr = self.truth(expr, Frame::default())?;
        let otherwise = self.text(text, plan);
        let home = (
            Home::Entity(plan.entity),
            name.text.clone(),
            name.text.clone(),
        );
        let id = self.put(
            home,
            Type::Bool,
            Body::Condition {
                expr,
                cites,
                otherwise,
            },
            None,
            name.span,
            plan,
        );
        plan.conditions.push(id);
        Some(())
    }

    pub(super) fn text(&mut self, text: &Text, plan: &FilePlan) -> Vec<TextPart> {
        let mut out = Vec::new();
        let whole = text.words.text.as_str();
        let base = text.words.span.start;
        let mut from = 0;
        for (span, expr) in &text.quotes {
            let open = span.start.saturating_sub(base).saturating_sub(1);
            out.push(TextPart::Words(
                whole.get(from..open).unwrap_or("").to_owned(),
            ));
            out.extend(self.expr(expr, Frame::default(), None).map(TextPart::Quote));
            from = span.end.saturating_sub(base).saturating_add(1);
        }
        out.push(TextPart::Words(whole.get(from..).unwrap_or("").to_owned()));
        let _ = plan;
        out
    }

    pub(super) fn benefit(
        &mut self,
        name: &Name,
        ty: &TypeText,
        expr: &ast::Expr,
        rounding: Option<&RoundText>,
        cites: &[Name],
        plan: &mut FilePlan,
    ) -> Option<()> {
        let ty = self.resolve_type(ty)?;
        let cites = self.cites(cites, name, plan);
        let expr = self.expr(expr, Frame::default(), Some(ty))?;
        self.declared(&name.text, ty, &expr, name.span)?;
        let money = matches!(ty, Type::Num(u) if u.money_power() == 1);
        let rounding = self.rounding(rounding, ty)?.or(money.then_some(Rounding {
            direction: Direction::HalfUp,
            step: Ratio::whole(1),
        }));
        let bounds = self.rounded_bounds(&expr, rounding);
        if bounds.is_some_and(|b| b.num_max < 0) {
            let said = format!("给付 `{}` 总是负数", name.text);
            let help = "给付是给出去的;要收回的钱走追回程序,要减的数用 不低于(…, 0 元)";
            self.error("benefit-negative", name.span, said, help);
        }
        let home = (
            Home::Entity(plan.entity),
            name.text.clone(),
            name.text.clone(),
        );
        let id = self.put(
            home,
            ty,
            Body::Formula { expr, rounding },
            bounds,
            name.span,
            plan,
        );
        plan.benefits.push((id, cites));
        Some(())
    }

    pub(super) fn grant(
        &mut self,
        path: &Path,
        parts: [Option<&ast::Expr>; 3],
        plan: &mut FilePlan,
    ) -> Option<()> {
        let words: Vec<&str> = path.parts.iter().map(|p| p.text.as_str()).collect();
        let (relation, entity, name) = match words.as_slice() {
            [name] => (None, plan.entity, *name),
            [rel, name] => {
                let id = self.dict.relation(rel);
                let target = id
                    .and_then(|i| self.dict.relation_of(i))
                    .and_then(|r| r.target);
                (id, target.unwrap_or(plan.entity), *name)
            }
            _ => (None, plan.entity, ""),
        };
        let status = self
            .entity_items
            .get(&(entity, name.to_owned()))
            .copied()
            .filter(|id| {
                self.item(*id)
                    .is_some_and(|i| matches!(i.body, Body::Status))
            });
        let Some(status) = status else {
            let known: Vec<String> = self.dict.statuses.iter().map(|s| s.name.clone()).collect();
            let near =
                crate::problem::nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
            let help = near.map_or_else(
                || "先在 facts.md 里写 身份".to_owned(),
                |n| format!("是不是 `{n}`?"),
            );
            self.error(
                "status-unknown",
                path.span(),
                format!("没有 `{}` 这个身份", path.text()),
                help,
            );
            return None;
        };
        let frame = Frame {
            row: relation,
            inside_aggregate: false,
        };
        let [when, from, to] = parts;
        let when = match when {
            Some(w) => Some(self.truth(w, frame)?),
            None => None,
        };
        let mut day = |e: Option<&ast::Expr>| -> Option<Option<Expr>> {
            let Some(e) = e else { return Some(None) };
            let day = self.expr(e, frame, Some(Type::Day))?;
            if day.ty != Type::Day {
                self.error(
                    "not-day",
                    e.span,
                    "起、止 后面要写日期",
                    "如 起 次月初(认定日)",
                );
                return None;
            }
            Some(Some(day))
        };
        let (from, to) = (day(from)?, day(to)?);
        plan.grants.push(Grant {
            status,
            relation,
            when,
            from,
            to,
        });
        Some(())
    }

    pub(super) fn trigger(&mut self, stmt: &TriggerStmt, plan: &mut FilePlan) -> Option<()> {
        let expr = self.truth(&stmt.expr, Frame::default())?;
        let text = stmt
            .text
            .as_ref()
            .map(|t| self.text(t, plan))
            .unwrap_or_default();
        let (Some(procedure), Some(to), Some(days)) =
            (&stmt.procedure, &stmt.to, &stmt.working_days)
        else {
            self.error(
                "trigger-dispatch",
                stmt.name.span,
                format!("触发 `{}` 没有写派发给谁、限几天", stmt.name.text),
                "如 派发 verify_visit 给 居住地乡镇 限 10 个工作日",
            );
            return None;
        };
        let urgency = match &stmt.urgency {
            Some(u) => {
                let u = self.number_expr(u, Frame::default())?;
                if Some(u.ty) != Unit::base("分值").map(Type::Num) {
                    self.error(
                        "urgency-unit",
                        u.span,
                        format!("紧急 要用 分值,却是 {}", self.type_name(u.ty)),
                        "除以一个同单位的量,再乘以分值,如 近三月自付 / 预警线 * 10 分值",
                    );
                    return None;
                }
                Some(u)
            }
            None => None,
        };
        let home = (
            Home::Entity(plan.entity),
            stmt.name.text.clone(),
            stmt.name.text.clone(),
        );
        let id = self.put(
            home,
            Type::Bool,
            Body::Trigger { expr },
            None,
            stmt.name.span,
            plan,
        );
        let number = |n: &Name| n.text.parse::<u32>().ok();
        plan.dispatches.push(Dispatch {
            trigger: id,
            text,
            procedure: procedure.text.clone(),
            to: to.text.clone(),
            working_days: number(days)?,
            silent_days: stmt.silent_days.as_ref().and_then(number),
            urgency,
        });
        Some(())
    }
}
