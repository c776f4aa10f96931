//! Formulas back in the language's own words, with names or with numbers.

use crate::dict::Dict;
use crate::eval::{Evaluator, Place};
use crate::plan::{
    Aggregate, AggregateKind, Arith, Body, Compare, Expr, ExprKind, FileId, Home, ItemId, Moment,
    Program, RelId, Step, Type, Window,
};
use crate::show;
use crate::value::{Direction, Ratio, Rounding, Value};

/// How tightly a form binds; a looser one inside a tighter one is put in parentheses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binds {
    Choice,
    Logic,
    Test,
    Sum,
    Product,
    Sign,
    Name,
}

/// Prints the expressions of one file.
pub(super) struct Printer<'p> {
    pub(super) program: &'p Program,
    pub(super) file: Option<FileId>,
    pub(super) relation: Option<RelId>,
}

/// Where the numbers come from, when numbers stand for names.
type Numbers<'a, 'p> = Option<(&'a mut Evaluator<'p>, Place)>;

impl<'p> Printer<'p> {
    /// The formula in names.
    pub(super) fn names(&self, e: &'p Expr) -> String {
        self.print(e, Binds::Choice, &mut None)
    }

    /// The formula in numbers.
    pub(super) fn numbers(&self, e: &'p Expr, eval: &mut Evaluator<'p>, place: Place) -> String {
        self.print(e, Binds::Choice, &mut Some((eval, place)))
    }

    fn dict(&self) -> &'p Dict {
        &self.program.dict
    }

    fn print(&self, e: &'p Expr, outer: Binds, n: &mut Numbers<'_, 'p>) -> String {
        if let Some((eval, place)) = n
            && stands_as_number(&e.kind)
        {
            return show::value(eval.expr(e, *place), e.ty, self.dict());
        }
        let (text, binds) = self.form(e, outer, n);
        if binds < outer {
            format!("({text})")
        } else {
            text
        }
    }

    fn form(&self, e: &'p Expr, outer: Binds, n: &mut Numbers<'_, 'p>) -> (String, Binds) {
        match &e.kind {
            ExprKind::Literal(value) => (literal(*value, e.ty, self.dict()), Binds::Name),
            ExprKind::Moment(moment) => (moment_name(*moment).to_owned(), Binds::Name),
            ExprKind::Ref(item, step) => (self.reference(*item, *step), Binds::Name),
            ExprKind::Param(item, keys) => (self.param(*item, keys, n), Binds::Name),
            ExprKind::Not(a) => (format!("非 {}", self.print(a, Binds::Name, n)), Binds::Sign),
            ExprKind::And(parts) => (self.logic(parts, " 且 ", n), Binds::Logic),
            ExprKind::Or(parts) => (self.logic(parts, " 或 ", n), Binds::Logic),
            ExprKind::Compare(op, a, b) => {
                let (a, b) = (self.print(a, Binds::Sum, n), self.print(b, Binds::Sum, n));
                (format!("{a} {} {b}", sign(*op)), Binds::Test)
            }
            ExprKind::Arith(op, a, b) => self.arith(*op, a, b, n),
            ExprKind::Negate(a) => (format!("-{}", self.print(a, Binds::Name, n)), Binds::Sign),
            ExprKind::OneOf(x, set) => {
                let set = self.list(set, n);
                (
                    format!("{} 属于 {{{set}}}", self.print(x, Binds::Sum, n)),
                    Binds::Test,
                )
            }
            ExprKind::InClasses(x, set) => {
                let (x, set) = (self.print(x, Binds::Sum, n), self.print(set, Binds::Sum, n));
                (format!("{x} 属于 {set}"), Binds::Test)
            }
            ExprKind::Within(x, window) => {
                let x = self.print(x, Binds::Sum, n);
                (format!("{x} 属于 {}", self.window(window)), Binds::Test)
            }
            ExprKind::If(cond, yes, no) => self.choice(cond, yes, no, outer, n),
            ExprKind::Greatest(parts) => (self.extreme("最大", "不低于", parts, n), Binds::Name),
            ExprKind::Least(parts) => (self.extreme("最小", "不超过", parts, n), Binds::Name),
            ExprKind::Between(x, a, b) => {
                (format!("段内({})", self.three(x, a, b, n)), Binds::Name)
            }
            ExprKind::Aggregate(aggregate) => (self.aggregate(aggregate), Binds::Name),
            ExprKind::Known(x) => (
                format!("知道({})", self.print(x, Binds::Choice, n)),
                Binds::Name,
            ),
            ExprKind::AsOf(item, step, day) => {
                let day = self.print(day, Binds::Choice, n);
                (
                    format!("当时({}, {day})", self.reference(*item, *step)),
                    Binds::Name,
                )
            }
            ExprKind::Ever(item, step, from, to) => {
                let days = self.two(from, to, n);
                (
                    format!("曾({}, {days})", self.reference(*item, *step)),
                    Binds::Name,
                )
            }
            ExprKind::Age(a, b) => (format!("周岁({})", self.two(a, b, n)), Binds::Name),
            ExprKind::Days(a, b) => (format!("天数({})", self.two(a, b, n)), Binds::Name),
            ExprKind::FullMonths(a, b) => (format!("满月数({})", self.two(a, b, n)), Binds::Name),
            ExprKind::NextMonth(a) => (
                format!("次月初({})", self.print(a, Binds::Choice, n)),
                Binds::Name,
            ),
            ExprKind::PlusMonths(a, b) => {
                let (a, b) = (
                    self.print(a, Binds::Sum, n),
                    self.print(b, Binds::Product, n),
                );
                (format!("{a} + {b}"), Binds::Sum)
            }
        }
    }

    /// With numbers only the branch taken is shown.
    fn choice(
        &self,
        cond: &'p Expr,
        yes: &'p Expr,
        no: &'p Expr,
        outer: Binds,
        n: &mut Numbers<'_, 'p>,
    ) -> (String, Binds) {
        let taken = match n {
            Some((eval, place)) => eval.expr(cond, *place).truth(),
            None => None,
        };
        match taken {
            // Parentheses, if any are needed, are put inside.
            Some(true) => (self.print(yes, outer, n), Binds::Name),
            Some(false) => (self.print(no, outer, n), Binds::Name),
            None => {
                let cond = self.print(cond, Binds::Logic, n);
                let (yes, no) = (
                    self.print(yes, Binds::Logic, n),
                    self.print(no, Binds::Choice, n),
                );
                (format!("若 {cond} 则 {yes} 否则 {no}"), Binds::Choice)
            }
        }
    }

    fn logic(&self, parts: &'p [Expr], between: &str, n: &mut Numbers<'_, 'p>) -> String {
        // 且 beside 或 needs parentheses either way.
        let parts: Vec<String> = parts
            .iter()
            .map(|p| self.print(p, Binds::Test, n))
            .collect();
        parts.join(between)
    }

    fn arith(
        &self,
        op: Arith,
        a: &'p Expr,
        b: &'p Expr,
        n: &mut Numbers<'_, 'p>,
    ) -> (String, Binds) {
        let (sign, left, right, binds) = match op {
            Arith::Add => ("+", Binds::Sum, Binds::Sum, Binds::Sum),
            Arith::Sub => ("-", Binds::Sum, Binds::Product, Binds::Sum),
            Arith::Mul => ("*", Binds::Product, Binds::Product, Binds::Product),
            Arith::Div => ("/", Binds::Product, Binds::Sign, Binds::Product),
        };
        (
            format!(
                "{} {sign} {}",
                self.print(a, left, n),
                self.print(b, right, n)
            ),
            binds,
        )
    }

    fn list(&self, parts: &'p [Expr], n: &mut Numbers<'_, 'p>) -> String {
        let parts: Vec<String> = parts
            .iter()
            .map(|p| self.print(p, Binds::Choice, n))
            .collect();
        parts.join(", ")
    }

    /// Of two, the second is the limit: `不低于(人数, 1 人)`.
    fn extreme(
        &self,
        of_many: &str,
        of_two: &str,
        parts: &'p [Expr],
        n: &mut Numbers<'_, 'p>,
    ) -> String {
        let word = if parts.len() == 2 { of_two } else { of_many };
        format!("{word}({})", self.list(parts, n))
    }

    fn two(&self, a: &'p Expr, b: &'p Expr, n: &mut Numbers<'_, 'p>) -> String {
        format!(
            "{}, {}",
            self.print(a, Binds::Choice, n),
            self.print(b, Binds::Choice, n)
        )
    }

    fn three(&self, x: &'p Expr, a: &'p Expr, b: &'p Expr, n: &mut Numbers<'_, 'p>) -> String {
        format!("{}, {}", self.print(x, Binds::Choice, n), self.two(a, b, n))
    }

    fn window(&self, window: &'p Window) -> String {
        let count = |n: &'p Expr, unit: &str| {
            let text = self.names(n);
            let bare = text.strip_suffix(unit).unwrap_or(&text).trim();
            format!("近 {bare} {unit}")
        };
        match window {
            Window::ThisMonth => "本月".to_owned(),
            Window::LastMonth => "上月".to_owned(),
            Window::ThisYear => "本年".to_owned(),
            Window::PastMonths(n) => count(n, "月"),
            Window::PastDays(n) => count(n, "天"),
        }
    }

    /// An aggregate in names, whatever the numbers: its rows are told apart.
    pub(super) fn aggregate(&self, aggregate: &'p Aggregate) -> String {
        let word = match aggregate.kind {
            AggregateKind::Sum => "合计",
            AggregateKind::KnownSum => "已知合计",
            AggregateKind::Persons => "人数",
            AggregateKind::Rows => "条数",
            AggregateKind::Any => "任一",
            AggregateKind::All => "全部",
        };
        let inner = Printer {
            program: self.program,
            file: self.file,
            relation: Some(aggregate.relation),
        };
        let what = aggregate.value.as_ref().map_or_else(
            || self.relation_name(aggregate.relation).to_owned(),
            |value| inner.names(value),
        );
        match &aggregate.filter {
            Some(filter) => format!("{word}({what} : {})", inner.names(filter)),
            None => format!("{word}({what})"),
        }
    }

    fn relation_name(&self, relation: RelId) -> &'p str {
        self.dict()
            .relation_of(relation)
            .map_or("", |r| r.name.as_str())
    }

    fn param(&self, item: ItemId, keys: &'p [Option<Expr>], n: &mut Numbers<'_, 'p>) -> String {
        let name = self.reference(item, Step::Own);
        // A key that is the own fact of its enumeration's name need not be written.
        let written: Vec<String> = keys
            .iter()
            .flatten()
            .filter(|key| !self.is_own_fact(key))
            .map(|key| self.print(key, Binds::Choice, n))
            .collect();
        if written.is_empty() {
            name
        } else {
            format!("{name}[{}]", written.join(", "))
        }
    }

    fn is_own_fact(&self, key: &Expr) -> bool {
        let (ExprKind::Ref(item, Step::Own), Type::Enum(e)) = (&key.kind, key.ty) else {
            return false;
        };
        let name = self.dict().enum_of(e).map(|e| e.name.as_str());
        self.program
            .item(*item)
            .is_some_and(|i| matches!(i.body, Body::Fact) && Some(i.name.as_str()) == name)
    }

    /// The name of a quantity as the file at hand writes it.
    pub(super) fn reference(&self, item: ItemId, step: Step) -> String {
        let Some(it) = self.program.item(item) else {
            return show::UNKNOWN.to_owned();
        };
        let file = it.file.and_then(|f| self.program.files.get(f.at()));
        let foreign = match (file, it.file == self.file) {
            (Some(file), false) => Some(file.id.as_str()),
            _ => None,
        };
        let is_verdict = matches!(it.body, Body::Verdict(_));
        let qualified = match foreign {
            Some(id) => format!("{id}.{}", it.name),
            None => it.name.clone(),
        };
        match (step, it.home) {
            (_, Home::Rows(relation)) => format!("{}.{}", self.relation_name(relation), it.name),
            (Step::Row, _) => {
                let relation = self.relation.map_or("", |r| self.relation_name(r));
                format!("{relation}.{qualified}")
            }
            (Step::Household, _) => format!("本户.{qualified}"),
            (Step::Area, _) => format!("本地.{qualified}"),
            (Step::Own, _) if is_verdict => it.path.clone(),
            (Step::Own, _) => it.name.clone(),
        }
    }
}

/// Forms whose value alone is shown among numbers.
fn stands_as_number(kind: &ExprKind) -> bool {
    matches!(
        kind,
        ExprKind::Moment(_)
            | ExprKind::Ref(..)
            | ExprKind::Param(..)
            | ExprKind::Aggregate(_)
            | ExprKind::Known(_)
            | ExprKind::AsOf(..)
            | ExprKind::Ever(..)
            | ExprKind::Age(..)
            | ExprKind::Days(..)
            | ExprKind::FullMonths(..)
            | ExprKind::NextMonth(_)
    )
}

/// A literal as it is written: no thousands separators, no idle decimals.
fn literal(value: Value, ty: Type, dict: &Dict) -> String {
    let (Value::Num(n), Type::Num(unit)) = (value, ty) else {
        return show::value(value, ty, dict);
    };
    let text = show::plain(n, unit);
    if unit.is_ratio() {
        // `* 2`, but `* 30%` and `* 100%`.
        let counts = n.den() == 1 && n != Ratio::whole(1);
        return if counts { n.num().to_string() } else { text };
    }
    format!("{} {unit}", text.strip_suffix(".00").unwrap_or(&text))
}

/// The sign of a comparison.
pub(super) fn sign(op: Compare) -> &'static str {
    match op {
        Compare::Less => "<",
        Compare::AtMost => "<=",
        Compare::Equal => "=",
        Compare::Unequal => "≠",
        Compare::AtLeast => ">=",
        Compare::Greater => ">",
    }
}

fn moment_name(moment: Moment) -> &'static str {
    match moment {
        Moment::Base => "基准日",
        Moment::MonthStart => "月初",
        Moment::MonthEnd => "月末",
        Moment::LastMonthEnd => "上月末",
        Moment::YearStart => "年初",
        Moment::Acceptance => "受理日",
        Moment::Decision => "认定日",
    }
}

/// A written rounding: `四舍五入到分`.
pub(super) fn rounding(how: Rounding, ty: Type) -> String {
    let word = match how.direction {
        Direction::HalfUp => "四舍五入到",
        Direction::Up => "进到",
        Direction::Down => "舍到",
    };
    let is_money = matches!(ty, Type::Num(unit) if unit.money_power() == 1);
    let step = [("分", 1), ("角", 10), ("元", 100)]
        .into_iter()
        .find(|(_, fen)| is_money && how.step == Ratio::whole(*fen))
        .map(|(name, _)| name.to_owned());
    let step = step.unwrap_or_else(|| match ty {
        Type::Num(unit) => format!(" {}", show::number(how.step, unit)),
        _ => String::new(),
    });
    format!("{word}{step}")
}
