//! 计算, 归类, 分项, 比率 and 性质: the quantities of a file.

use super::Builder;
use super::calls::either;
use super::scope::Frame;
use crate::ast::{self, Name, Path, RoundText, TypeText};
use crate::plan::{
    AmountRow, Body, Bounds, ClassRow, Expr, FilePlan, Home, ItemiseMode, MeasureKind, Property,
    Type,
};
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
        let bounds = self.rounded_bounds(&expr, rounding);
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

    /// The bounds of a formula after its rounding.
    pub(super) fn rounded_bounds(
        &mut self,
        expr: &Expr,
        rounding: Option<Rounding>,
    ) -> Option<Bounds> {
        let bounds = expr.bounds.map(|b| match rounding {
            Some(r) => b.rounded(r),
            None => Some(b),
        });
        self.fits_or_tell(bounds, expr.span)
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
            let total = bounds.zip(part).map(|(a, b)| match mode {
                ItemiseMode::Max => a.aligned(b).map(|(a, b)| a.union(b)),
                ItemiseMode::Sum | ItemiseMode::ByParam(_) => a.add(b),
            });
            bounds = self.fits_or_tell(total, name.span());
            out.push(row);
        }
        if out.len() < rows.len() {
            self.put_unusable(home, ty, name.span(), plan);
            return None;
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
        let zero = Bounds::constant(Ratio::ZERO);
        let most = match &cap {
            None => amount.bounds.map(Some),
            Some(cap) => amount
                .bounds
                .zip(cap.bounds)
                .map(|(a, c)| either(a, c, false)),
        };
        let part = most.map(|m| m.and_then(|m| m.aligned(zero)).map(|(m, z)| m.union(z)));
        let part = self.fits_or_tell(part, row.label.span);
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
        words: &ast::MeasureWords,
        plan: &mut FilePlan,
    ) -> Option<()> {
        let num = self.number_expr(num, Frame::default())?;
        let den = self.number_expr(den, Frame::default())?;
        let (Type::Num(x), Type::Num(y)) = (num.ty, den.ty) else {
            return None;
        };
        let ty = Type::Num(self.unit_or_tell(x.divide(y), name.span)?);
        // A denominator of 0 is 不适用, so the quotient is by 1 at least.
        let parts = num.bounds.zip(den.bounds.filter(|d| d.num_min >= 0));
        let quotient = parts.map(|(n, d)| {
            let divisor = Bounds {
                num_min: d.num_min.max(1),
                num_max: d.num_max.max(1),
                ..d
            };
            n.div(divisor)
        });
        let bounds = self.fits_or_tell(quotient, name.span);
        let home = (
            Home::Entity(plan.entity),
            name.text.clone(),
            name.text.clone(),
        );
        let id = self.put(home, ty, Body::Rate { num, den }, bounds, name.span, plan);
        self.measure(name, MeasureKind::Rate(id), words, plan)
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
