//! Types, units and bounds of expressions.

use super::Builder;
use super::scope::Frame;
use crate::ast::{Ex, Expr as Written, Name, Path};
use crate::plan::{Arith, Body, Bounds, Expr, ExprKind, ItemId, Moment, Type};
use crate::problem::Span;
use crate::unit::Unit;
use crate::value::{Ratio, Value};

impl Builder<'_> {
    /// Checks an expression; `want` helps a bare member of an enumeration find its type.
    pub(super) fn expr(
        &mut self,
        written: &Written,
        frame: Frame,
        want: Option<Type>,
    ) -> Option<Expr> {
        let span = written.span;
        match &written.kind {
            Ex::Number(digits, unit, percent) => self.number(digits, unit.as_ref(), *percent, span),
            Ex::Date(name) => {
                let Some(day) = super::day_of(name) else {
                    self.error(
                        "date-none",
                        span,
                        format!("没有 `{}` 这一天", name.text),
                        "核对年月日",
                    );
                    return None;
                };
                Some(plain(ExprKind::Literal(Value::Day(day)), Type::Day, span))
            }
            Ex::Truth(b) => Some(plain(ExprKind::Literal(Value::Bool(*b)), Type::Bool, span)),
            Ex::Path(path) => self.path_expr(path, frame, want),
            Ex::Table(path, keys) => self.table(path, keys, frame),
            Ex::Call(name, args) => self.call(name, args, frame, span),
            Ex::Aggregate {
                function,
                over,
                filter,
            } => self.aggregate(function, over, filter.as_deref(), frame, span),
            Ex::Not(inner) => {
                let inner = self.truth(inner, frame)?;
                Some(plain(ExprKind::Not(Box::new(inner)), Type::Bool, span))
            }
            Ex::And(parts) | Ex::Or(parts) => {
                let checked: Vec<Option<Expr>> =
                    parts.iter().map(|p| self.truth(p, frame)).collect();
                let checked: Vec<Expr> = checked.into_iter().collect::<Option<_>>()?;
                let kind = if matches!(written.kind, Ex::And(_)) {
                    ExprKind::And(checked)
                } else {
                    ExprKind::Or(checked)
                };
                Some(plain(kind, Type::Bool, span))
            }
            Ex::Negate(inner) => {
                let inner = self.number_expr(inner, frame)?;
                let bounds = inner.bounds.and_then(Bounds::neg);
                Some(Expr {
                    ty: inner.ty,
                    bounds,
                    span,
                    kind: ExprKind::Negate(Box::new(inner)),
                })
            }
            Ex::Compare(sign, a, b) => self.compare(sign, a, b, frame, span),
            Ex::Arith(sign, a, b) => self.arith(sign, a, b, frame, span),
            Ex::In(inner, set) => self.within(inner, set, frame, span),
            Ex::If(test, yes, no) => self.choice(test, yes, no, frame, want, span),
        }
    }

    /// An expression that must be 是 or 否.
    pub(super) fn truth(&mut self, written: &Written, frame: Frame) -> Option<Expr> {
        let expr = self.expr(written, frame, Some(Type::Bool))?;
        if expr.ty != Type::Bool {
            let said = format!("这里要能回答是或否,却是 {}", self.type_name(expr.ty));
            self.error(
                "not-truth",
                written.span,
                said,
                "写成比较,如 人均月收入 < 低保标准",
            );
            return None;
        }
        Some(expr)
    }

    pub(super) fn number_expr(&mut self, written: &Written, frame: Frame) -> Option<Expr> {
        let expr = self.expr(written, frame, None)?;
        if matches!(expr.ty, Type::Num(_)) {
            return Some(expr);
        }
        let said = format!("这里要一个数,却是 {}", self.type_name(expr.ty));
        self.error(
            "not-number",
            written.span,
            said,
            "换成有单位的量;是或否用 若 … 则 … 否则 … 变成数",
        );
        None
    }

    pub(super) fn day_expr(&mut self, written: &Written, frame: Frame) -> Option<Expr> {
        let expr = self.expr(written, frame, Some(Type::Day))?;
        if expr.ty == Type::Day {
            return Some(expr);
        }
        let said = format!("这里要一个日期,却是 {}", self.type_name(expr.ty));
        self.error(
            "not-day",
            written.span,
            said,
            "写 月初、月末、基准日,或一个日期事实",
        );
        None
    }

    pub(super) fn number(
        &mut self,
        digits: &Name,
        unit: Option<&Name>,
        percent: bool,
        span: Span,
    ) -> Option<Expr> {
        let unit = unit.map_or(Some(Unit::RATIO), |u| Unit::parse(&u.text))?;
        let mut value = Self::scaled(&digits.text, unit);
        if percent {
            value = value.and_then(|v| v.div(Ratio::whole(100)));
        }
        let fits = value.map(Bounds::constant).filter(|b| b.fits());
        let (Some(value), Some(bounds)) = (value, fits) else {
            self.error(
                "number-large",
                span,
                format!("`{}` 太大,放不下", digits.text),
                "核对数和单位",
            );
            return None;
        };
        Some(Expr {
            kind: ExprKind::Literal(Value::Num(value)),
            ty: Type::Num(unit),
            bounds: Some(bounds),
            span,
        })
    }

    fn path_expr(&mut self, path: &Path, frame: Frame, want: Option<Type>) -> Option<Expr> {
        let span = path.span();
        let text = path.text();
        if let Some(moment) = moment(&text) {
            return Some(plain(ExprKind::Moment(moment), Type::Day, span));
        }
        let found = self.lookup(path, frame);
        if let Some(Type::Enum(e) | Type::Set(e)) = want
            && let Some(member) = self.dict.member(e, &text)
            && found.is_none_or(|(id, _)| self.item(id).is_none_or(|i| i.ty != Type::Enum(e)))
        {
            return Some(plain(
                ExprKind::Literal(Value::Sym(member)),
                Type::Enum(e),
                span,
            ));
        }
        if let (None, Some(Type::Enum(e)), 1) = (found, want, path.parts.len()) {
            let members = self
                .dict
                .enum_of(e)
                .map(|x| x.members.clone())
                .unwrap_or_default();
            let near = crate::problem::nearest(&text, members.iter().map(String::as_str))
                .map(str::to_owned);
            let said = format!("`{}` 里没有 `{text}`", self.type_name(Type::Enum(e)));
            let all = members.join("、");
            let help = near.map_or_else(
                || format!("它的成员是:{all}"),
                |n| format!("是不是 `{n}`?它的成员是:{all}"),
            );
            self.error("member-unknown", span, said, help);
            return None;
        }
        let (id, step) = self.resolve(path, frame)?;
        self.item_ref(id, step, span)
    }

    pub(super) fn item_ref(
        &mut self,
        id: ItemId,
        step: crate::plan::Step,
        span: Span,
    ) -> Option<Expr> {
        let item = self.item(id)?;
        let (ty, bounds) = (item.ty, item.bounds);
        if let Body::Param(param) = &item.body {
            let keys = param.keys.clone();
            let keys = self.own_keys(&keys, span)?;
            return Some(Expr {
                kind: ExprKind::Param(id, keys),
                ty,
                bounds,
                span,
            });
        }
        Some(Expr {
            kind: ExprKind::Ref(id, step),
            ty,
            bounds,
            span,
        })
    }

    fn arith(
        &mut self,
        sign: &str,
        a: &Written,
        b: &Written,
        frame: Frame,
        span: Span,
    ) -> Option<Expr> {
        let left = self.expr(a, frame, None)?;
        if left.ty == Type::Day {
            return self.plus_months(sign, left, b, frame, span);
        }
        let right = self.number_expr(b, frame)?;
        let (Type::Num(x), Type::Num(y)) = (left.ty, right.ty) else {
            let said = format!("这里要一个数,却是 {}", self.type_name(left.ty));
            self.error("not-number", left.span, said, "换成有单位的量");
            return None;
        };
        let op = match sign {
            "+" => Arith::Add,
            "-" => Arith::Sub,
            "*" => Arith::Mul,
            _ => Arith::Div,
        };
        let unit = match op {
            Arith::Add | Arith::Sub => self.same_type(&left, &right, "加减", span).then_some(x)?,
            Arith::Mul => {
                if x.money_power() > 0 && y.money_power() > 0 {
                    let said = format!("钱不能乘以钱:左边是 {x},右边也是 {y}");
                    self.error("money-squared", span, said, "其中一个换成比例或人数、月数");
                    return None;
                }
                self.unit_or_tell(x.times(y), span)?
            }
            Arith::Div => self.unit_or_tell(x.divide(y), span)?,
        };
        let divisor = match &b.kind {
            Ex::Path(path) => path.text(),
            _ => String::new(),
        };
        let bounds = self.arith_bounds(op, &left, &right, (span, &divisor));
        Some(Expr {
            kind: ExprKind::Arith(op, Box::new(left), Box::new(right)),
            ty: Type::Num(unit),
            bounds,
            span,
        })
    }

    /// Bounds that fit a column; outer `None` when a part's own bounds are not known.
    pub(super) fn fits_or_tell(
        &mut self,
        bounds: Option<Option<Bounds>>,
        span: Span,
    ) -> Option<Bounds> {
        let bounds = bounds?.filter(|b| b.fits());
        if bounds.is_none() {
            self.overflow(span);
        }
        bounds
    }

    /// A number of a type, for people.
    pub(super) fn shown(&self, n: Ratio, ty: Type) -> String {
        crate::show::value(Value::Num(n), ty, &self.dict)
    }

    pub(super) fn unit_or_tell(&mut self, unit: Option<Unit>, span: Span) -> Option<Unit> {
        if unit.is_none() {
            self.error("unit-power", span, "单位乘得太多,读不懂了", "拆成几条 计算");
        }
        unit
    }

    fn arith_bounds(
        &mut self,
        op: Arith,
        a: &Expr,
        b: &Expr,
        (span, divisor): (Span, &str),
    ) -> Option<Bounds> {
        let (x, y) = (a.bounds?, b.bounds?);
        if op == Arith::Div && !y.never_zero() {
            let unit = self.type_name(b.ty);
            let (low, high) = y.worth();
            let range = format!("{} 到 {}", self.shown(low, b.ty), self.shown(high, b.ty));
            let (named, word) = match divisor {
                "" => (String::new(), "除数"),
                name => (format!(" `{name}` "), name),
            };
            let said = format!("除数{named}可能是零:它的范围是 {range}");
            let help = format!("写成 / 不低于({word}, 1 {unit}),或先用 若 分开零的情形");
            self.error("divisor-zero", b.span, said, help);
            return None;
        }
        let bounds = match op {
            Arith::Add => x.add(y),
            Arith::Sub => y.neg().and_then(|n| x.add(n)),
            Arith::Mul => x.mul(y),
            Arith::Div => x.div(y),
        };
        if bounds.is_none_or(|b| !b.fits()) {
            self.overflow(span);
            return None;
        }
        bounds
    }

    fn plus_months(
        &mut self,
        sign: &str,
        left: Expr,
        b: &Written,
        frame: Frame,
        span: Span,
    ) -> Option<Expr> {
        let right = self.number_expr(b, frame)?;
        if sign != "+" || Some(right.ty) != Unit::base("月").map(Type::Num) {
            self.error(
                "date-arith",
                span,
                "日期只能加几个月",
                "写成 次月初(认定日) + 6 月;两个日期相差几天用 天数(前, 后)",
            );
            return None;
        }
        Some(plain(
            ExprKind::PlusMonths(Box::new(left), Box::new(right)),
            Type::Day,
            span,
        ))
    }

    fn choice(
        &mut self,
        test: &Written,
        yes: &Written,
        no: &Written,
        frame: Frame,
        want: Option<Type>,
        span: Span,
    ) -> Option<Expr> {
        let test = self.truth(test, frame)?;
        let (yes, no) = match want {
            Some(_) => (self.expr(yes, frame, want)?, self.expr(no, frame, want)?),
            None => self.pair(yes, no, frame)?,
        };
        if !self.same_type(&yes, &no, "若 的", span) {
            return None;
        }
        let parts = yes.bounds.zip(no.bounds);
        let joined = parts.map(|(a, b)| a.aligned(b).map(|(a, b)| a.union(b)));
        let bounds = self.fits_or_tell(joined, span);
        let ty = yes.ty;
        Some(Expr {
            kind: ExprKind::If(Box::new(test), Box::new(yes), Box::new(no)),
            ty,
            bounds,
            span,
        })
    }
}

pub(super) fn plain(kind: ExprKind, ty: Type, span: Span) -> Expr {
    Expr {
        kind,
        ty,
        bounds: None,
        span,
    }
}

pub(super) fn moment(word: &str) -> Option<Moment> {
    Some(match word {
        "基准日" => Moment::Base,
        "月初" => Moment::MonthStart,
        "月末" => Moment::MonthEnd,
        "上月末" => Moment::LastMonthEnd,
        "年初" => Moment::YearStart,
        "受理日" => Moment::Acceptance,
        "认定日" => Moment::Decision,
        _ => return None,
    })
}
