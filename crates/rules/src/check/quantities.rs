//! 计算, 归类, 分项, 比率 and 性质: the quantities of a file.

use super::Builder;
use super::calls::extreme_bounds;
use super::scope::Frame;
use crate::ast::{self, Name, Path, RoundText, TypeText};
use crate::plan::{AmountRow, Body, Bounds, ClassRow, FilePlan, Home, ItemiseMode, Property, Type};
use crate::unit::Unit;
use crate::value::{Direction, Ratio, Rounding};

impl Builder<'_> {
    pub(super) fn compute(
        &mut self,
        name: &Path,
        ty: &TypeText,
        expr: &ast::Expr,
        rounding: Option<&RoundText>,
        plan: &mut FilePlan,
    ) -> Option<()> {
        let home = self.home(name, plan)?;
        let ty = self.resolve_type(ty)?;
        let expr = self.expr(expr, Self::frame(home.0), Some(ty));
        let rounding = self.rounding(rounding, ty);
        let (expr, rounding) = match (expr, rounding) {
            (Some(e), Some(r)) if self.declared(&name.text(), ty, &e, name.span()).is_some() => {
                (e, r)
            }
            _ => {
                // The name still counts as known, so that one mistake is told once.
                self.put_unusable(home, ty, name.span(), plan);
                return None;
            }
        };
        let bounds = match (expr.bounds, rounding) {
            (Some(b), Some(r)) => b.rounded(r),
            (b, _) => b,
        };
        self.put(
            home,
            ty,
            Body::Formula { expr, rounding },
            bounds,
            name.span(),
            plan,
        );
        Some(())
    }

    /// The step of a written rounding, in the machine's scale of the type.
    pub(super) fn step_of_rounding(&self, text: &RoundText, ty: Type) -> Option<Ratio> {
        let money = matches!(ty, Type::Num(u) if u.money_power() == 1);
        match (text.step.text.as_str(), &text.number) {
            ("分", None) if money => Some(Ratio::whole(1)),
            ("角", None) if money => Some(Ratio::whole(10)),
            ("元", None) if money => Some(Ratio::whole(100)),
            (unit, Some(number)) => match (Unit::parse(unit), ty) {
                (Some(u), Type::Num(mine)) if u == mine || (unit == "元" && money) => {
                    Self::scaled(&number.text, if u == mine { mine } else { u })
                }
                _ => None,
            },
            (unit, None) => (Unit::parse(unit).map(Type::Num) == Some(ty)).then(|| Ratio::whole(1)),
        }
    }

    pub(super) fn rounding(
        &mut self,
        text: Option<&RoundText>,
        ty: Type,
    ) -> Option<Option<Rounding>> {
        let Some(text) = text else { return Some(None) };
        let direction = match text.how.text.as_str() {
            "四舍五入" => Direction::HalfUp,
            "进" => Direction::Up,
            // The parser knows no fourth.
            _ => Direction::Down,
        };
        let step = self.step_of_rounding(text, ty);
        let Some(step) = step.filter(|s| *s > Ratio::ZERO) else {
            let said = format!(
                "不能舍入到 `{}`:这个量是 {}",
                text.step.text,
                self.type_name(ty)
            );
            self.error(
                "rounding-step",
                text.step.span,
                said,
                "钱舍入到 分、角、元;其他写数和单位,如 四舍五入 到 0.01 分值",
            );
            return None;
        };
        Some(Some(Rounding { direction, step }))
    }

    pub(super) fn classify(
        &mut self,
        name: &Path,
        ty: &TypeText,
        first: bool,
        rows: &[ast::ClassRow],
        otherwise: Option<&Name>,
        plan: &mut FilePlan,
    ) -> Option<()> {
        let home = self.home(name, plan)?;
        let ty = self.resolve_type(ty)?;
        let Type::Enum(e) = ty else {
            self.error(
                "classify-type",
                name.span(),
                format!(
                    "归类 `{}` 的类型要是枚举,却是 {}",
                    name.text(),
                    self.type_name(ty)
                ),
                "先在 facts.md 里写 枚举,或写 {甲, 乙}",
            );
            return None;
        };
        if first && otherwise.is_none() {
            self.error(
                "classify-rest",
                name.span(),
                format!("归类 `{}` 取首个,没有写 其余", name.text()),
                "在最后加一行 其余 : 类名",
            );
        }
        let mut out = Vec::new();
        for row in rows {
            let member = self.member(e, &row.value);
            let when = self.truth(&row.when, Self::frame(home.0));
            if let (Some(value), Some(when)) = (member, when) {
                out.push(ClassRow {
                    value,
                    when,
                    note: row.note.as_ref().map(|n| n.text.clone()),
                });
            }
        }
        let rest = otherwise.and_then(|o| self.member(e, o));
        let ty = if first { ty } else { Type::Set(e) };
        self.put(
            home,
            ty,
            Body::Classify {
                rows: out,
                otherwise: rest,
                first,
            },
            None,
            name.span(),
            plan,
        );
        Some(())
    }

    pub(super) fn member(&mut self, e: crate::plan::EnumId, name: &Name) -> Option<u16> {
        let found = self.dict.member(e, &name.text);
        if found.is_none() {
            let members = self
                .dict
                .enum_of(e)
                .map(|x| x.members.clone())
                .unwrap_or_default();
            let said = format!("`{}` 里没有 `{}`", self.type_name(Type::Enum(e)), name.text);
            self.error(
                "member-unknown",
                name.span,
                said,
                format!("它的成员是:{}", members.join("、")),
            );
        }
        found
    }

    pub(super) fn itemise(
        &mut self,
        name: &Path,
        ty: &TypeText,
        mode: &ast::ModeText,
        rows: &[ast::AmountRow],
        plan: &mut FilePlan,
    ) -> Option<()> {
        let home = self.home(name, plan)?;
        let ty = self.resolve_type(ty)?;
        let frame = Self::frame(home.0);
        let mode = match mode {
            ast::ModeText::Sum => ItemiseMode::Sum,
            ast::ModeText::Max => ItemiseMode::Max,
            ast::ModeText::Param(param) => self.mode_param(param)?,
        };
        let mut out: Vec<AmountRow> = Vec::new();
        let mut bounds: Option<Bounds> = Some(Bounds::constant(Ratio::ZERO));
        for row in rows {
            let Some((row, part)) = self.amount_row(name, ty, frame, row) else {
                continue;
            };
            bounds = bounds.zip(part).and_then(|(a, b)| {
                if mode == ItemiseMode::Max {
                    a.aligned(b).map(|(a, b)| a.union(b))
                } else {
                    a.add(b)
                }
            });
            out.push(row);
        }
        if out.len() < rows.len() {
            self.put_unusable(home, ty, name.span(), plan);
            return None;
        }
        if bounds.is_some_and(|b| !b.fits()) {
            self.overflow(name.span());
        }
        self.put(
            home,
            ty,
            Body::Itemise { mode, rows: out },
            bounds,
            name.span(),
            plan,
        );
        Some(())
    }

    /// A row of 分项 and the bounds of what it adds: nothing, or its amount up to its cap.
    fn amount_row(
        &mut self,
        name: &Path,
        ty: Type,
        frame: Frame,
        row: &ast::AmountRow,
    ) -> Option<(AmountRow, Option<Bounds>)> {
        let amount = self.number_expr(&row.amount, frame);
        let when = row.when.as_ref().map(|w| self.truth(w, frame));
        let cap = row.cap.as_ref().map(|c| self.number_expr(c, frame));
        let (amount, when, cap) = (amount?, when.map_or(Some(None), |w| w.map(Some))?, cap);
        let cap = cap.map_or(Some(None), |c| c.map(Some))?;
        for (part, what) in [(Some(&amount), "这一行"), (cap.as_ref(), "封顶")] {
            let Some(part) = part.filter(|p| p.ty != ty) else {
                continue;
            };
            let (want, have) = (self.type_name(ty), self.type_name(part.ty));
            let said = format!(
                "分项 `{}` 是 {want},`{}` {what}却是 {have}",
                name.text(),
                row.label.text
            );
            self.error(
                "row-unit",
                row.label.span,
                said,
                format!("把这一行换算成 {want}"),
            );
            return None;
        }
        let capped = match &cap {
            None => amount.bounds,
            Some(cap) => amount
                .bounds
                .zip(cap.bounds)
                .and_then(|(a, c)| a.aligned(c))
                .map(|(a, c)| extreme_bounds(a, c, false)),
        };
        let zero = Bounds::constant(Ratio::ZERO);
        let part = capped
            .and_then(|b| b.aligned(zero))
            .map(|(b, z)| b.union(z));
        let label = row.label.text.clone();
        Some((
            AmountRow {
                label,
                amount,
                when,
                cap,
            },
            part,
        ))
    }

    fn mode_param(&mut self, name: &Name) -> Option<ItemiseMode> {
        let path = Path {
            parts: vec![name.clone()],
        };
        let (id, _) = self.resolve(&path, Frame::default())?;
        let Type::Enum(e) = self.item(id)?.ty else {
            self.error(
                "itemise-mode",
                name.span,
                format!("`{}` 不是 {{取合计, 取最大}} 的参数", name.text),
                "写成 参数 叠加 : {取合计, 取最大} 按 地区",
            );
            return None;
        };
        if self.dict.member(e, "取合计") != Some(0) || self.dict.member(e, "取最大") != Some(1)
        {
            self.error(
                "itemise-mode",
                name.span,
                format!("`{}` 的成员要依次是 取合计、取最大", name.text),
                "改枚举的成员和次序",
            );
            return None;
        }
        Some(ItemiseMode::ByParam(id))
    }

    pub(super) fn rate(
        &mut self,
        name: &Name,
        num: &ast::Expr,
        den: &ast::Expr,
        plan: &mut FilePlan,
    ) -> Option<()> {
        let num = self.number_expr(num, Frame::default())?;
        let den = self.number_expr(den, Frame::default())?;
        let (Type::Num(x), Type::Num(y)) = (num.ty, den.ty) else {
            return None;
        };
        let ty = Type::Num(x.divide(y)?);
        let home = (
            Home::Entity(plan.entity),
            name.text.clone(),
            name.text.clone(),
        );
        self.put(home, ty, Body::Rate { num, den }, None, name.span, plan);
        Some(())
    }

    pub(super) fn property(
        &mut self,
        item: &Name,
        along: &Name,
        rising: bool,
        plan: &mut FilePlan,
    ) -> Option<()> {
        let mut find = |n: &Name| {
            self.resolve(
                &Path {
                    parts: vec![n.clone()],
                },
                Frame::default(),
            )
            .map(|(id, _)| id)
        };
        let (item, along) = (find(item)?, find(along)?);
        plan.properties.push(Property {
            item,
            along,
            rising,
        });
        Some(())
    }
}
