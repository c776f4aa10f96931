//! Comparisons and 属于: both sides of one type, one unit.

use super::Builder;
use super::exprs::{moment, plain};
use super::scope::Frame;
use crate::ast::{Ex, Expr as Written, Name, SetText};
use crate::plan::{Compare, Expr, ExprKind, Type, Window};
use crate::problem::Span;
use crate::unit::Unit;
use crate::value::Ratio;

impl Builder<'_> {
    pub(super) fn compare(
        &mut self,
        sign: &str,
        a: &Written,
        b: &Written,
        frame: Frame,
        span: Span,
    ) -> Option<Expr> {
        let (a, b) = self.pair(a, b, frame)?;
        let op = match sign {
            "<" => Compare::Less,
            "<=" => Compare::AtMost,
            ">" => Compare::Greater,
            ">=" => Compare::AtLeast,
            "=" => Compare::Equal,
            _ => Compare::Unequal,
        };
        if !self.same_type(&a, &b, "比较", span) {
            return None;
        }
        let ordering = !matches!(op, Compare::Equal | Compare::Unequal);
        let orderless = match a.ty {
            Type::Enum(e) => self.dict.enum_of(e).is_some_and(|e| !e.ordered),
            Type::Bool | Type::Set(_) | Type::Area => true,
            Type::Num(_) | Type::Day => false,
        };
        if ordering && orderless {
            let said = format!("`{}` 没有大小先后,不能用 `{sign}`", self.type_name(a.ty));
            self.error(
                "no-order",
                span,
                said,
                "用 = 或 属于 {…};要比大小,先在 枚举 里用 < 排好",
            );
            return None;
        }
        if matches!(a.ty, Type::Set(_)) {
            let said = format!("可以多类的 {} 不能用 {sign} 比较", self.type_name(a.ty));
            self.error(
                "set-compare",
                span,
                said,
                "问它有没有某一类:写成 老年 属于 家庭类型",
            );
            return None;
        }
        self.never_varies(op, &a, &b, span);
        self.cross_fits(&a, &b, span);
        Some(plain(
            ExprKind::Compare(op, Box::new(a), Box::new(b)),
            Type::Bool,
            span,
        ))
    }

    /// Both sides of a comparison; a bare member takes its type from the other side.
    pub(super) fn pair(&mut self, a: &Written, b: &Written, frame: Frame) -> Option<(Expr, Expr)> {
        let bare = match &a.kind {
            Ex::Path(path) => {
                self.lookup(path, frame).is_none()
                    && moment(&path.text()).is_none()
                    && path.parts.len() == 1
            }
            _ => false,
        };
        if bare {
            let right = self.expr(b, frame, None)?;
            let left = self.expr(a, frame, Some(right.ty))?;
            return Some((left, right));
        }
        let left = self.expr(a, frame, None)?;
        let right = self.expr(b, frame, Some(left.ty))?;
        Some((left, right))
    }

    pub(super) fn same_type(&mut self, a: &Expr, b: &Expr, what: &str, span: Span) -> bool {
        if a.ty == b.ty {
            return true;
        }
        let (left, right) = (self.type_name(a.ty), self.type_name(b.ty));
        let help = match (a.ty, b.ty) {
            (Type::Num(x), Type::Num(y)) => unit_help(x, y),
            _ => "两边换成同一种量".to_owned(),
        };
        self.error(
            "unit-mismatch",
            span,
            format!("{what}的两边单位不同:左边是 {left},右边是 {right}"),
            help,
        );
        false
    }

    fn never_varies(&mut self, op: Compare, a: &Expr, b: &Expr, span: Span) {
        let (Some(x), Some(y)) = (a.bounds, b.bounds) else {
            return;
        };
        if matches!(
            (&a.kind, &b.kind),
            (
                ExprKind::Param(..) | ExprKind::Literal(_),
                ExprKind::Param(..) | ExprKind::Literal(_)
            )
        ) {
            return;
        }
        let ((a0, a1), (b0, b1)) = (x.worth(), y.worth());
        let always = match op {
            Compare::Less => {
                if a1 < b0 {
                    Some(true)
                } else if a0 >= b1 {
                    Some(false)
                } else {
                    None
                }
            }
            Compare::AtMost => {
                if a1 <= b0 {
                    Some(true)
                } else if a0 > b1 {
                    Some(false)
                } else {
                    None
                }
            }
            Compare::Greater => {
                if a0 > b1 {
                    Some(true)
                } else if a1 <= b0 {
                    Some(false)
                } else {
                    None
                }
            }
            Compare::AtLeast => {
                if a0 >= b1 {
                    Some(true)
                } else if a1 < b0 {
                    Some(false)
                } else {
                    None
                }
            }
            Compare::Equal | Compare::Unequal => None,
        };
        if let Some(always) = always {
            let word = if always {
                "总是成立"
            } else {
                "总不成立"
            };
            let range = |(low, high): (Ratio, Ratio), ty| {
                let (least, most) = (self.shown(low, ty), self.shown(high, ty));
                if least == most {
                    least
                } else {
                    format!("{least} 到 {most}")
                }
            };
            let (left, right) = (range((a0, a1), a.ty), range((b0, b1), b.ty));
            let said = format!("这个比较{word}:左边是 {left},右边是 {right}");
            self.tell(
                crate::Problem::warning("never-varies", span, said)
                    .help("核对单位和范围,或删去这个比较"),
            );
        }
    }

    /// Comparing cross-multiplies: the products must fit a column.
    pub(super) fn cross_fits(&mut self, a: &Expr, b: &Expr, span: Span) {
        let (Some(x), Some(y)) = (a.bounds, b.bounds) else {
            return;
        };
        let cross = x.neg().and_then(|n| n.add(y));
        if cross.is_none_or(|c| !c.fits()) {
            self.overflow(span);
        }
    }

    pub(super) fn overflow(&mut self, span: Span) {
        self.error(
            "overflow",
            span,
            "按事实的范围,这个算式可能大到放不下",
            "把事实的范围写窄些,或在中间一步写上舍入,如 , 四舍五入到分",
        );
    }

    pub(super) fn within(
        &mut self,
        inner: &Written,
        set: &SetText,
        frame: Frame,
        span: Span,
    ) -> Option<Expr> {
        match set {
            SetText::Members(members) => {
                let inner = self.expr(inner, frame, None)?;
                let list: Vec<Option<Expr>> = members
                    .iter()
                    .map(|m| self.expr(m, frame, Some(inner.ty)))
                    .collect();
                let list: Vec<Expr> = list.into_iter().collect::<Option<_>>()?;
                for member in &list {
                    if !self.same_type(&inner, member, "属于", member.span) {
                        return None;
                    }
                }
                Some(plain(
                    ExprKind::OneOf(Box::new(inner), list),
                    Type::Bool,
                    span,
                ))
            }
            SetText::Path(path) => {
                let (id, step) = self.resolve(path, frame)?;
                let set = self.item_ref(id, step, path.span())?;
                let Type::Set(e) = set.ty else {
                    self.error(
                        "not-set",
                        path.span(),
                        format!("`{}` 不是可以多类的量", path.text()),
                        format!(
                            "归类 取每项 的量才能这样问;一类的写成 {0} = …,或 {0} 属于 {{…, …}}",
                            path.text()
                        ),
                    );
                    return None;
                };
                let inner = self.expr(inner, frame, Some(Type::Enum(e)))?;
                Some(plain(
                    ExprKind::InClasses(Box::new(inner), Box::new(set)),
                    Type::Bool,
                    span,
                ))
            }
            SetText::Named(name) => {
                let window = match name.text.as_str() {
                    "本月" => Window::ThisMonth,
                    "上月" => Window::LastMonth,
                    _ => Window::ThisYear,
                };
                let inner = self.day_expr(inner, frame)?;
                Some(plain(
                    ExprKind::Within(Box::new(inner), window),
                    Type::Bool,
                    span,
                ))
            }
            SetText::Past(count, unit) => {
                let inner = self.day_expr(inner, frame)?;
                let window = self.past(count, unit, frame)?;
                let kind = ExprKind::Within(Box::new(inner), window);
                Some(plain(kind, Type::Bool, span))
            }
        }
    }

    /// 近 n 月, 近 n 天: the number is bare, or a quantity in months or days.
    fn past(&mut self, count: &Written, unit: &Name, frame: Frame) -> Option<Window> {
        let months = unit.text == "月";
        if !months && unit.text != "天" {
            let said = format!("近 多少后面应写 月 或 天,却是 `{}`", unit.text);
            self.error("past-unit", unit.span, said, "如 近 12 月");
            return None;
        }
        let number = self.number_expr(count, frame)?;
        let fits = [Some(Unit::RATIO), Unit::base(&unit.text)];
        if !fits.iter().flatten().any(|u| number.ty == Type::Num(*u)) {
            let have = self.type_name(number.ty);
            let said = format!("近 … {0} 里要写 {0} 数,却是 {have}", unit.text);
            self.error(
                "past-unit",
                count.span,
                said,
                format!("换一个单位是 {} 的量", unit.text),
            );
            return None;
        }
        let number = Box::new(number);
        Some(if months {
            Window::PastMonths(number)
        } else {
            Window::PastDays(number)
        })
    }
}

fn unit_help(x: Unit, y: Unit) -> String {
    match (x.divide(y), y.divide(x)) {
        (Some(d), _)
            if Unit::base("人") == Some(d)
                || Unit::base("月") == Some(d)
                || Unit::base("年") == Some(d) =>
        {
            format!("右边乘以一个 {d} 的量,如 * 1 {d}")
        }
        (_, Some(d))
            if Unit::base("人") == Some(d)
                || Unit::base("月") == Some(d)
                || Unit::base("年") == Some(d) =>
        {
            format!("左边乘以一个 {d} 的量,如 * 1 {d}")
        }
        _ => "两边换成同一个单位".to_owned(),
    }
}
