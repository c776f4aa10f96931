//! Types, units and bounds of expressions.

use super::Builder;
use super::scope::Frame;
use crate::ast::{Ex, Expr as Written, Name, Path, SetText};
use crate::plan::{
    Aggregate, AggregateKind, Arith, Body, Bounds, Compare, Expr, ExprKind, Home, ItemId, Moment,
    ParamKey, RelId, Type, Window,
};
use crate::problem::Span;
use crate::unit::Unit;
use crate::value::{Ratio, Value};

impl Builder<'_> {
    /// Checks an expression; `want` helps a bare member of an enumeration find its type.
    pub(super) fn expr(&mut self, written: &Written, frame: Frame, want: Option<Type>) -> Option<Expr> {
        let span = written.span;
        match &written.kind {
            Ex::Number(digits, unit, percent) => self.number(digits, unit.as_ref(), *percent, span),
            Ex::Date(name) => {
                let Some(day) = super::day_of(name) else {
                    self.error("date-none", span, format!("没有 `{}` 这一天", name.text), "核对年月日");
                    return None;
                };
                Some(plain(ExprKind::Literal(Value::Day(day)), Type::Day, span))
            }
            Ex::Truth(b) => Some(plain(ExprKind::Literal(Value::Bool(*b)), Type::Bool, span)),
            Ex::Path(path) => self.path_expr(path, frame, want),
            Ex::Table(path, keys) => self.table(path, keys, frame),
            Ex::Call(name, args) => self.call(name, args, frame, span),
            Ex::Aggregate { function, over, filter } => self.aggregate(function, over, filter.as_deref(), frame, span),
            Ex::Not(inner) => {
                let inner = self.truth(inner, frame)?;
                Some(plain(ExprKind::Not(Box::new(inner)), Type::Bool, span))
            }
            Ex::And(parts) | Ex::Or(parts) => {
                let checked: Vec<Option<Expr>> = parts.iter().map(|p| self.truth(p, frame)).collect();
                let checked: Vec<Expr> = checked.into_iter().collect::<Option<_>>()?;
                let kind = if matches!(written.kind, Ex::And(_)) { ExprKind::And(checked) } else { ExprKind::Or(checked) };
                Some(plain(kind, Type::Bool, span))
            }
            Ex::Negate(inner) => {
                let inner = self.number_expr(inner, frame)?;
                let bounds = inner.bounds.and_then(Bounds::neg);
                Some(Expr { ty: inner.ty, bounds, span, kind: ExprKind::Negate(Box::new(inner)) })
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
            self.error("not-truth", written.span, said, "写成比较,如 人均月收入 < 低保标准");
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
        self.error("not-number", written.span, said, "换成有单位的量;是或否用 若 … 则 … 否则 … 变成数");
        None
    }

    fn day_expr(&mut self, written: &Written, frame: Frame) -> Option<Expr> {
        let expr = self.expr(written, frame, Some(Type::Day))?;
        if expr.ty == Type::Day {
            return Some(expr);
        }
        let said = format!("这里要一个日期,却是 {}", self.type_name(expr.ty));
        self.error("not-day", written.span, said, "写 月初、月末、基准日,或一个日期事实");
        None
    }

    fn number(&mut self, digits: &Name, unit: Option<&Name>, percent: bool, span: Span) -> Option<Expr> {
        let unit = unit.map_or(Some(Unit::RATIO), |u| Unit::parse(&u.text))?;
        let mut value = Self::scaled(&digits.text, unit);
        if percent {
            value = value.and_then(|v| v.div(Ratio::whole(100)));
        }
        let fits = value.map(Bounds::constant).filter(|b| b.fits());
        let (Some(value), Some(bounds)) = (value, fits) else {
            self.error("number-large", span, format!("`{}` 太大,放不下", digits.text), "核对数和单位");
            return None;
        };
        Some(Expr { kind: ExprKind::Literal(Value::Num(value)), ty: Type::Num(unit), bounds: Some(bounds), span })
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
            return Some(plain(ExprKind::Literal(Value::Sym(member)), Type::Enum(e), span));
        }
        if let (None, Some(Type::Enum(e)), 1) = (found, want, path.parts.len()) {
            let members = self.dict.enum_of(e).map(|x| x.members.clone()).unwrap_or_default();
            let near = crate::problem::nearest(&text, members.iter().map(String::as_str)).map(str::to_owned);
            let said = format!("`{}` 里没有 `{text}`", self.type_name(Type::Enum(e)));
            let help = near.map_or_else(|| format!("它的成员是:{}", members.join("、")), |n| format!("是不是 `{n}`?"));
            self.error("member-unknown", span, said, help);
            return None;
        }
        let (id, step) = self.resolve(path, frame)?;
        self.item_ref(id, step, span)
    }

    fn item_ref(&mut self, id: ItemId, step: crate::plan::Step, span: Span) -> Option<Expr> {
        let item = self.item(id)?;
        let (ty, bounds) = (item.ty, item.bounds);
        if let Body::Param(param) = &item.body {
            let keys = param.keys.clone();
            let keys = self.own_keys(&keys, span)?;
            return Some(Expr { kind: ExprKind::Param(id, keys), ty, bounds, span });
        }
        Some(Expr { kind: ExprKind::Ref(id, step), ty, bounds, span })
    }

    /// Keys not written: the entity's own fact (or this file's quantity) of that enumeration's name.
    fn own_keys(&mut self, keys: &[ParamKey], span: Span) -> Option<Vec<Option<Expr>>> {
        keys.iter().map(|key| self.own_key(*key, span)).collect()
    }

    #[expect(clippy::option_option, reason = "outer: told a problem; inner: 地区 needs no expression")]
    fn own_key(&mut self, key: ParamKey, span: Span) -> Option<Option<Expr>> {
        let ParamKey::Enum(e) = key else { return Some(None) };
        let name = self.type_name(Type::Enum(e));
        let path = Path { parts: vec![Name { text: name.clone(), span }] };
        let found = self.lookup(&path, Frame::default());
        let Some((id, step)) = found.filter(|(id, _)| self.item(*id).is_some_and(|i| i.ty == Type::Enum(e))) else {
            let said = format!("这个参数要按 `{name}` 查,这里没有叫 `{name}` 的事实");
            self.error("key-missing", span, said, format!("写成 参数名[{name}的值],或加一行 输入 {name} : {name}"));
            return None;
        };
        self.note_read(id);
        self.item_ref(id, step, span).map(Some)
    }

    fn table(&mut self, path: &Path, keys: &[Written], frame: Frame) -> Option<Expr> {
        let span = path.span();
        let (id, _) = self.resolve(path, frame)?;
        let item = self.item(id)?;
        let (ty, bounds) = (item.ty, item.bounds);
        let Body::Param(param) = &item.body else {
            self.error("not-table", span, format!("`{}` 不是参数,不能查表", path.text()), "去掉方括号");
            return None;
        };
        let wanted = param.keys.clone();
        let mut given: Vec<Option<Expr>> = wanted.iter().map(|_| None).collect();
        for key in keys {
            let at = self.key_place(&wanted, &given, key, frame);
            let Some(at) = at else {
                let names: Vec<String> = wanted.iter().map(|k| match k {
                    ParamKey::Area => "地区".to_owned(),
                    ParamKey::Enum(e) => self.type_name(Type::Enum(*e)),
                }).collect();
                let said = format!("`{}` 没有这样的键", path.text());
                self.error("key-wrong", key.span, said, format!("它的键是:{}", names.join("、")));
                return None;
            };
            let want = wanted.get(at).and_then(|k| match k {
                ParamKey::Enum(e) => Some(Type::Enum(*e)),
                ParamKey::Area => None,
            });
            let expr = self.expr(key, frame, want)?;
            if let Some(slot) = given.get_mut(at) {
                *slot = Some(expr);
            }
        }
        let mut out = Vec::new();
        for (key, expr) in wanted.iter().zip(given) {
            out.push(match expr {
                Some(expr) => Some(expr),
                None => self.own_key(*key, span)?,
            });
        }
        Some(Expr { kind: ExprKind::Param(id, out), ty, bounds, span })
    }

    /// Which key a written one fills: by its type, else a member's name; each only once.
    fn key_place(&mut self, wanted: &[ParamKey], given: &[Option<Expr>], key: &Written, frame: Frame) -> Option<usize> {
        let ty = match &key.kind {
            Ex::Path(path) => self.lookup(path, frame).and_then(|(id, _)| self.item(id)).map(|i| i.ty),
            _ => None,
        };
        let bare = match &key.kind {
            Ex::Path(path) if path.parts.len() == 1 => Some(path.text()),
            _ => None,
        };
        wanted.iter().enumerate().position(|(at, k)| {
            let ParamKey::Enum(e) = k else { return false };
            let free = given.get(at).is_some_and(Option::is_none);
            let by_type = ty == Some(Type::Enum(*e));
            let by_name = bare.as_ref().is_some_and(|b| self.dict.member(*e, b).is_some());
            free && (by_type || by_name || (ty.is_none() && bare.is_none()))
        })
    }

    fn compare(&mut self, sign: &str, a: &Written, b: &Written, frame: Frame, span: Span) -> Option<Expr> {
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
            self.error("no-order", span, said, "用 = 或 属于 {…};要比大小,先在 枚举 里用 < 排好");
            return None;
        }
        if matches!(a.ty, Type::Set(_)) {
            self.error("set-compare", span, "可以多类的量不能用 = 比较", "写成 老年 属于 家庭类型");
            return None;
        }
        self.never_varies(op, &a, &b, span);
        self.cross_fits(&a, &b, span);
        Some(plain(ExprKind::Compare(op, Box::new(a), Box::new(b)), Type::Bool, span))
    }

    /// Both sides of a comparison; a bare member takes its type from the other side.
    fn pair(&mut self, a: &Written, b: &Written, frame: Frame) -> Option<(Expr, Expr)> {
        let bare = match &a.kind {
            Ex::Path(path) => self.lookup(path, frame).is_none() && moment(&path.text()).is_none() && path.parts.len() == 1,
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

    fn same_type(&mut self, a: &Expr, b: &Expr, what: &str, span: Span) -> bool {
        if a.ty == b.ty {
            return true;
        }
        let (left, right) = (self.type_name(a.ty), self.type_name(b.ty));
        let help = match (a.ty, b.ty) {
            (Type::Num(x), Type::Num(y)) => unit_help(x, y),
            _ => "两边换成同一种量".to_owned(),
        };
        self.error("unit-mismatch", span, format!("{what}的两边单位不同:左边是 {left},右边是 {right}"), help);
        false
    }

    fn never_varies(&mut self, op: Compare, a: &Expr, b: &Expr, span: Span) {
        let (Some(x), Some(y)) = (a.bounds, b.bounds) else { return };
        if matches!((&a.kind, &b.kind), (ExprKind::Param(..) | ExprKind::Literal(_), ExprKind::Param(..) | ExprKind::Literal(_))) {
            return;
        }
        let ((a0, a1), (b0, b1)) = (x.worth(), y.worth());
        let always = match op {
            Compare::Less => if a1 < b0 { Some(true) } else if a0 >= b1 { Some(false) } else { None },
            Compare::AtMost => if a1 <= b0 { Some(true) } else if a0 > b1 { Some(false) } else { None },
            Compare::Greater => if a0 > b1 { Some(true) } else if a1 <= b0 { Some(false) } else { None },
            Compare::AtLeast => if a0 >= b1 { Some(true) } else if a1 < b0 { Some(false) } else { None },
            Compare::Equal | Compare::Unequal => None,
        };
        if let Some(always) = always {
            let word = if always { "是" } else { "否" };
            let said = format!("按事实和参数的范围,这个比较总是{word}");
            self.tell(crate::Problem::warning("never-varies", span, said).help("核对单位和范围,或删去这个比较"));
        }
    }

    /// Comparing cross-multiplies: the products must fit a column.
    fn cross_fits(&mut self, a: &Expr, b: &Expr, span: Span) {
        let (Some(x), Some(y)) = (a.bounds, b.bounds) else { return };
        let cross = x.neg().and_then(|n| n.add(y));
        if cross.is_none_or(|c| !c.fits()) {
            self.overflow(span);
        }
    }

    pub(super) fn overflow(&mut self, span: Span) {
        self.error("overflow", span, "按事实的范围,这个算式可能大到放不下", "把事实的范围写窄些,或在中间一步写上舍入,如 , 四舍五入到分");
    }

    fn arith(&mut self, sign: &str, a: &Written, b: &Written, frame: Frame, span: Span) -> Option<Expr> {
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
                    self.error("money-squared", span, "钱不能乘以钱", "其中一个换成比例或人数、月数");
                    return None;
                }
                self.unit_or_tell(x.times(y), span)?
            }
            Arith::Div => self.unit_or_tell(x.divide(y), span)?,
        };
        let bounds = self.arith_bounds(op, &left, &right, span);
        Some(Expr { kind: ExprKind::Arith(op, Box::new(left), Box::new(right)), ty: Type::Num(unit), bounds, span })
    }

    fn unit_or_tell(&mut self, unit: Option<Unit>, span: Span) -> Option<Unit> {
        if unit.is_none() {
            self.error("unit-power", span, "单位乘得太多,读不懂了", "拆成几条 计算");
        }
        unit
    }

    fn arith_bounds(&mut self, op: Arith, a: &Expr, b: &Expr, span: Span) -> Option<Bounds> {
        let (x, y) = (a.bounds?, b.bounds?);
        if op == Arith::Div && !y.never_zero() {
            let unit = self.type_name(b.ty);
            self.error("divisor-zero", b.span, "除数可能是零", format!("写成 / 不低于(除数, 1 {unit}),或先用 若 分开零的情形"));
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

    fn plus_months(&mut self, sign: &str, left: Expr, b: &Written, frame: Frame, span: Span) -> Option<Expr> {
        let right = self.number_expr(b, frame)?;
        if sign != "+" || Some(right.ty) != Unit::base("月").map(Type::Num) {
            self.error("date-arith", span, "日期只能加几个月", "写成 次月初(认定日) + 6 月;两个日期相差几天用 天数(前, 后)");
            return None;
        }
        Some(plain(ExprKind::PlusMonths(Box::new(left), Box::new(right)), Type::Day, span))
    }

    fn within(&mut self, inner: &Written, set: &SetText, frame: Frame, span: Span) -> Option<Expr> {
        match set {
            SetText::Members(members) => {
                let inner = self.expr(inner, frame, None)?;
                let list: Vec<Option<Expr>> = members.iter().map(|m| self.expr(m, frame, Some(inner.ty))).collect();
                let list: Vec<Expr> = list.into_iter().collect::<Option<_>>()?;
                for member in &list {
                    if !self.same_type(&inner, member, "属于", member.span) {
                        return None;
                    }
                }
                Some(plain(ExprKind::OneOf(Box::new(inner), list), Type::Bool, span))
            }
            SetText::Path(path) => {
                let (id, step) = self.resolve(path, frame)?;
                let set = self.item_ref(id, step, path.span())?;
                let Type::Set(e) = set.ty else {
                    self.error("not-set", path.span(), format!("`{}` 不是可以多类的量", path.text()), "归类 取每项 的量才能用 属于;一类的用 =");
                    return None;
                };
                let inner = self.expr(inner, frame, Some(Type::Enum(e)))?;
                Some(plain(ExprKind::InClasses(Box::new(inner), Box::new(set)), Type::Bool, span))
            }
            SetText::Named(name) => {
                let window = match name.text.as_str() {
                    "本月" => Window::ThisMonth,
                    "上月" => Window::LastMonth,
                    _ => Window::ThisYear,
                };
                let inner = self.day_expr(inner, frame)?;
                Some(plain(ExprKind::Within(Box::new(inner), window), Type::Bool, span))
            }
            SetText::Past(count, unit) => {
                let inner = self.day_expr(inner, frame)?;
                let months = unit.text == "月";
                if !months && unit.text != "天" {
                    self.error("past-unit", unit.span, format!("近 多少后面应写 月 或 天,却是 `{}`", unit.text), "如 近 12 月");
                    return None;
                }
                let count = Box::new(self.number_expr(count, frame)?);
                let window = if months { Window::PastMonths(count) } else { Window::PastDays(count) };
                Some(plain(ExprKind::Within(Box::new(inner), window), Type::Bool, span))
            }
        }
    }

    fn choice(&mut self, test: &Written, yes: &Written, no: &Written, frame: Frame, want: Option<Type>, span: Span) -> Option<Expr> {
        let test = self.truth(test, frame)?;
        let (yes, no) = match want {
            Some(_) => (self.expr(yes, frame, want)?, self.expr(no, frame, want)?),
            None => self.pair(yes, no, frame)?,
        };
        if !self.same_type(&yes, &no, "若 的", span) {
            return None;
        }
        let bounds = yes.bounds.zip(no.bounds).and_then(|(a, b)| a.aligned(b)).map(|(a, b)| a.union(b));
        let ty = yes.ty;
        Some(Expr { kind: ExprKind::If(Box::new(test), Box::new(yes), Box::new(no)), ty, bounds, span })
    }

    fn call(&mut self, name: &Name, args: &[Written], frame: Frame, span: Span) -> Option<Expr> {
        let arity = |n: usize| args.len() == n;
        let good = match name.text.as_str() {
            "最大" | "最小" => args.len() >= 2,
            "知道" | "次月初" => arity(1),
            "段内" | "曾" => arity(3),
            _ => arity(2),
        };
        if !good {
            let said = format!("`{}` 的括号里写了 {} 项", name.text, args.len());
            let want = match name.text.as_str() {
                "最大" | "最小" => "至少 2 项",
                "知道" | "次月初" => "1 项",
                "段内" | "曾" => "3 项",
                _ => "2 项",
            };
            self.error("arity", span, said, format!("它要 {want}"));
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

    fn day_difference(&mut self, name: &Name, args: &[Written], frame: Frame, span: Span) -> Option<Expr> {
        let from = Box::new(args.first().and_then(|a| self.day_expr(a, frame))?);
        let to = Box::new(args.get(1).and_then(|a| self.day_expr(a, frame))?);
        let (kind, unit, most) = match name.text.as_str() {
            "周岁" => (ExprKind::Age(from, to), "岁", 200),
            "天数" => (ExprKind::Days(from, to), "天", 100_000),
            _ => (ExprKind::FullMonths(from, to), "月", 4_000),
        };
        let bounds = Bounds { num_min: -most, num_max: most, den_min: 1, den_max: 1 };
        Some(Expr { kind, ty: Type::Num(Unit::base(unit)?), bounds: Some(bounds), span })
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
            bounds = bounds.zip(part.bounds).and_then(|(a, b)| a.aligned(b)).map(|(a, b)| extreme_bounds(a, b, most));
            self.cross_fits(&first, part, span);
        }
        let ty = first.ty;
        let kind = if most { ExprKind::Greatest(parts) } else { ExprKind::Least(parts) };
        Some(Expr { kind, ty, bounds, span })
    }

    fn between(&mut self, args: &[Written], frame: Frame, span: Span) -> Option<Expr> {
        let parts: Vec<Option<Expr>> = args.iter().map(|a| self.number_expr(a, frame)).collect();
        let parts: Vec<Expr> = parts.into_iter().collect::<Option<_>>()?;
        let [x, a, b] = parts.as_slice() else { return None };
        if !(self.same_type(x, a, "段内", span) && self.same_type(x, b, "段内", span)) {
            return None;
        }
        // The part lies between 0 and b - a.
        let zero = Bounds::constant(Ratio::ZERO);
        let bounds = b.bounds.zip(a.bounds).and_then(|(b, a)| b.add(a.neg()?)).and_then(|d| d.aligned(zero)).map(|(d, z)| d.union(z));
        let ty = x.ty;
        let boxed = |e: &Expr| Box::new(e.clone());
        Some(Expr { kind: ExprKind::Between(boxed(x), boxed(a), boxed(b)), ty, bounds, span })
    }

    fn history_item(&mut self, written: Option<&Written>, frame: Frame) -> Option<(ItemId, crate::plan::Step, Span)> {
        let written = written?;
        let Ex::Path(path) = &written.kind else {
            self.error("history-form", written.span, "当时、曾 的第一项要写一个量的名称", "如 当时(低保, 上月末)");
            return None;
        };
        let (id, step) = match self.lookup(path, frame) {
            Some(found) => found,
            None => self.whole_program_name(path, frame)?,
        };
        Some((id, step, path.span()))
    }

    /// 当时 may read any file's stored result, so its name need not be defined before.
    fn whole_program_name(&mut self, path: &Path, frame: Frame) -> Option<(ItemId, crate::plan::Step)> {
        self.resolve(path, frame)
    }

    fn as_of(&mut self, args: &[Written], frame: Frame, span: Span) -> Option<Expr> {
        let (id, step, _) = self.history_item(args.first(), frame)?;
        let day = Box::new(args.get(1).and_then(|a| self.day_expr(a, frame))?);
        let item = self.item(id)?;
        let (ty, bounds) = (item.ty, item.bounds);
        Some(Expr { kind: ExprKind::AsOf(id, step, day), ty, bounds, span })
    }

    fn ever(&mut self, args: &[Written], frame: Frame, span: Span) -> Option<Expr> {
        let (id, step, at) = self.history_item(args.first(), frame)?;
        if !matches!(self.item(id)?.body, Body::Status) {
            self.error("ever-status", at, "曾 只能问身份", "第一项写身份,如 曾(渐退, 年初, 上月末)");
            return None;
        }
        let from = Box::new(args.get(1).and_then(|a| self.day_expr(a, frame))?);
        let to = Box::new(args.get(2).and_then(|a| self.day_expr(a, frame))?);
        Some(plain(ExprKind::Ever(id, step, from, to), Type::Bool, span))
    }

    fn aggregate(&mut self, function: &Name, over: &Written, filter: Option<&Written>, frame: Frame, span: Span) -> Option<Expr> {
        let Some(rel) = self.relation_in(over) else {
            let said = format!("`{}` 的括号里要写一个关系", function.text);
            self.error("aggregate-relation", over.span, said, "如 合计(成员.月工资 : 成员.计入)、人数(成员)");
            return None;
        };
        let name = self.dict.relation_of(rel).map_or(String::new(), |r| r.name.clone());
        if frame.inside_aggregate {
            self.error("two-steps", span, "合计里面又有合计,一个文件只能看一步", "把里面的一步写成另一个文件的量,再引用它");
            return None;
        }
        if self.dict.relation_of(rel).map(|r| r.owner) != self.current.entity {
            let said = format!("`{name}` 不是这个文件的实体的关系");
            self.error("relation-owner", over.span, said, "换一个实体的文件来写,再用 本户.、本地. 引用");
            return None;
        }
        let inner = Frame { row: Some(rel), inside_aggregate: true };
        let kind = match function.text.as_str() {
            "合计" => AggregateKind::Sum,
            "已知合计" => AggregateKind::KnownSum,
            "人数" => AggregateKind::Persons,
            "条数" => AggregateKind::Rows,
            "任一" => AggregateKind::Any,
            _ => AggregateKind::All,
        };
        let sums = matches!(kind, AggregateKind::Sum | AggregateKind::KnownSum);
        let value = if sums { Some(self.number_expr(over, inner)?) } else { None };
        let filter = match filter {
            Some(f) => Some(self.truth(f, inner)?),
            None if matches!(kind, AggregateKind::Any | AggregateKind::All) => {
                let said = format!("`{}` 要写条件", function.text);
                self.error("aggregate-filter", span, said, format!("如 {}({name} : …)", function.text));
                return None;
            }
            None => None,
        };
        self.aggregate_rules(kind, rel, function)?;
        let rows = i128::from(self.dict.relation_of(rel).map_or(1, |r| r.at_most));
        let (ty, bounds) = match (&value, kind) {
            (Some(v), _) => (v.ty, self.sum_bounds(v, rows, span)),
            (None, AggregateKind::Any | AggregateKind::All) => (Type::Bool, None),
            (None, AggregateKind::Persons) => (Type::Num(Unit::base("人")?), Some(count_bounds(rows))),
            _ => (Type::Num(Unit::base("次")?), Some(count_bounds(rows))),
        };
        let aggregate = Aggregate { kind, relation: rel, value, filter };
        Some(Expr { kind: ExprKind::Aggregate(Box::new(aggregate)), ty, bounds, span })
    }

    fn aggregate_rules(&mut self, kind: AggregateKind, rel: RelId, function: &Name) -> Option<()> {
        use crate::plan::FileKind::{Feed, Indicator, Warning};
        if kind == AggregateKind::KnownSum && !matches!(self.current.kind, Some(Feed | Warning | Indicator)) {
            self.error("known-sum-place", function.span, "已知合计 只能写在预警、来文和指标里", "政策里用 合计:有一笔不知道,合计就是不知道");
            return None;
        }
        let persons = self.dict.entity("个人");
        if kind == AggregateKind::Persons && self.dict.relation_of(rel).is_some_and(|r| r.target != persons) {
            self.error("count-persons", function.span, "这个关系的行不是人,不能用 人数", "改用 条数");
            return None;
        }
        Some(())
    }

    fn sum_bounds(&mut self, value: &Expr, rows: i128, span: Span) -> Option<Bounds> {
        let bounds = value.bounds?;
        if bounds.fixed_den().is_none() {
            self.error("sum-fraction", span, "各行的分母不同,不能直接合计", "在每行的 计算 后面写上舍入,如 , 四舍五入到分");
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
            let alias = self.current.names.get(&parts.join(".")).and_then(|id| self.item(*id)).and_then(|i| match i.home {
                Home::Rows(rel) => Some(rel),
                Home::Entity(_) => None,
            });
            found = found.or(named).or(alias);
        }
        found
    }
}

fn plain(kind: ExprKind, ty: Type, span: Span) -> Expr {
    Expr { kind, ty, bounds: None, span }
}

fn count_bounds(rows: i128) -> Bounds {
    Bounds { num_min: 0, num_max: rows, den_min: 1, den_max: 1 }
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

fn unit_help(x: Unit, y: Unit) -> String {
    match (x.divide(y), y.divide(x)) {
        (Some(d), _) if Unit::base("人") == Some(d) || Unit::base("月") == Some(d) || Unit::base("年") == Some(d) => {
            format!("右边乘以一个 {d} 的量,如 * 1 {d}")
        }
        (_, Some(d)) if Unit::base("人") == Some(d) || Unit::base("月") == Some(d) || Unit::base("年") == Some(d) => {
            format!("左边乘以一个 {d} 的量,如 * 1 {d}")
        }
        _ => "两边换成同一个单位".to_owned(),
    }
}

fn moment(word: &str) -> Option<Moment> {
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
