//! Which quantities an explanation has a line for, each after those it uses.

use super::print::Printer;
use super::{Detail, Scope};
use crate::plan::{
    Aggregate, Body, Expr, ExprKind, FileId, Home, Item, ItemId, ItemiseMode, Program, RelId, Step,
    Window,
};
use std::collections::HashSet;

/// One line to come.
#[derive(Clone, Copy)]
pub(super) struct Entry<'p> {
    /// The quantity.
    pub(super) item: ItemId,
    /// Whose.
    pub(super) scope: Scope,
    /// How the file reads it.
    pub(super) step: Step,
    /// The expression that reads it, for a parameter with keys.
    pub(super) via: Option<&'p Expr>,
}

struct Order<'p> {
    program: &'p Program,
    file: FileId,
    detail: Detail,
    seen: HashSet<(ItemId, Scope)>,
    entries: Vec<Entry<'p>>,
}

/// The lines of a file, in order.
pub(super) fn entries(program: &Program, file: FileId, detail: Detail) -> Vec<Entry<'_>> {
    let mut order = Order {
        program,
        file,
        detail,
        seen: HashSet::new(),
        entries: Vec::new(),
    };
    let Some(plan) = program.files.get(file.at()) else {
        return Vec::new();
    };
    for id in &plan.items {
        let Some(item) = program.item(*id) else {
            continue;
        };
        // A parameter has its line where it is read, with the keys it is read by.
        if matches!(item.body, Body::Param(_) | Body::Verdict(_)) {
            continue;
        }
        let (scope, step) = match item.home {
            Home::Entity(_) => (Scope::Own, Step::Own),
            Home::Rows(relation) => (Scope::Rows(relation), Step::Row),
        };
        order.visit(Entry {
            item: *id,
            scope,
            step,
            via: None,
        });
    }
    order.entries
}

impl<'p> Order<'p> {
    fn visit(&mut self, entry: Entry<'p>) {
        if !self.seen.insert((entry.item, entry.scope)) {
            return;
        }
        let Some(item) = self.program.item(entry.item) else {
            return;
        };
        // The facts of another household or of a row's person are told there, not here.
        let is_here = match (entry.scope, item.home) {
            (Scope::Own, _) | (Scope::Rows(_), Home::Rows(_)) => true,
            (Scope::Rows(_) | Scope::Household | Scope::Area, _) => false,
        };
        let is_told = self.detail == Detail::Whole || item.file == Some(self.file);
        if is_here && is_told && !matches!(item.body, Body::Verdict(_)) {
            let relation = match entry.scope {
                Scope::Rows(relation) => Some(relation),
                Scope::Own | Scope::Household | Scope::Area => None,
            };
            each_expr(&item.body, &mut |e| self.expr(e, relation));
            if let Body::Itemise {
                mode: ItemiseMode::ByParam(param),
                ..
            } = item.body
            {
                self.visit(Entry {
                    item: param,
                    scope: Scope::Own,
                    step: Step::Own,
                    via: None,
                });
            }
        }
        self.entries.push(entry);
    }

    fn expr(&mut self, e: &'p Expr, relation: Option<RelId>) {
        match &e.kind {
            ExprKind::Ref(item, step) => self.reference(*item, *step, relation, None),
            ExprKind::Param(item, keys) => {
                for key in keys.iter().flatten() {
                    self.expr(key, relation);
                }
                // Within rows the keys may differ from row to row: then there is no one number.
                let via = relation.is_none().then_some(e);
                self.reference(*item, Step::Own, relation, via);
            }
            ExprKind::Aggregate(aggregate) => self.aggregate(aggregate),
            _ => each_part(e, &mut |part| self.expr(part, relation)),
        }
    }

    fn aggregate(&mut self, aggregate: &'p Aggregate) {
        for part in aggregate.value.iter().chain(&aggregate.filter) {
            self.expr(part, Some(aggregate.relation));
        }
    }

    fn reference(
        &mut self,
        item: ItemId,
        step: Step,
        relation: Option<RelId>,
        via: Option<&'p Expr>,
    ) {
        let home = self.program.item(item).map(|i| i.home);
        let scope = match (home, step, relation) {
            (Some(Home::Rows(relation)), _, _) | (_, Step::Row, Some(relation)) => {
                Scope::Rows(relation)
            }
            (_, Step::Own | Step::Row, _) => Scope::Own,
            (_, Step::Household, _) => Scope::Household,
            (_, Step::Area, _) => Scope::Area,
        };
        self.visit(Entry {
            item,
            scope,
            step,
            via,
        });
    }
}

/// Every expression written in a body.
fn each_expr<'p>(body: &'p Body, f: &mut dyn FnMut(&'p Expr)) {
    match body {
        Body::Fact
        | Body::Status
        | Body::StatusStart(_)
        | Body::StatusEnd(_)
        | Body::Column
        | Body::Param(_)
        | Body::Verdict(_) => {}
        Body::Formula { expr, .. } | Body::Condition { expr, .. } | Body::Trigger { expr } => {
            f(expr);
        }
        Body::Classify { rows, .. } => rows.iter().for_each(|row| f(&row.when)),
        Body::Itemise { rows, .. } => {
            for row in rows {
                row.when.iter().for_each(&mut *f);
                f(&row.amount);
                row.cap.iter().for_each(&mut *f);
            }
        }
        Body::Rate { num, den } => {
            f(num);
            f(den);
        }
    }
}

/// The parts of an expression, aggregates and references left alone.
pub(super) fn each_part<'p>(e: &'p Expr, f: &mut dyn FnMut(&'p Expr)) {
    match &e.kind {
        ExprKind::Literal(_) | ExprKind::Moment(_) | ExprKind::Ref(..) | ExprKind::Aggregate(_) => {
        }
        ExprKind::Param(_, keys) => keys.iter().flatten().for_each(f),
        ExprKind::Not(a) | ExprKind::Negate(a) | ExprKind::NextMonth(a) | ExprKind::Known(a) => {
            f(a)
        }
        ExprKind::And(parts)
        | ExprKind::Or(parts)
        | ExprKind::Greatest(parts)
        | ExprKind::Least(parts) => parts.iter().for_each(f),
        ExprKind::Compare(_, a, b)
        | ExprKind::Arith(_, a, b)
        | ExprKind::InClasses(a, b)
        | ExprKind::Ever(_, _, a, b)
        | ExprKind::Age(a, b)
        | ExprKind::Days(a, b)
        | ExprKind::FullMonths(a, b)
        | ExprKind::PlusMonths(a, b) => {
            f(a);
            f(b);
        }
        ExprKind::OneOf(x, set) => {
            f(x);
            set.iter().for_each(f);
        }
        ExprKind::Within(x, window) => {
            f(x);
            if let Window::PastMonths(n) | Window::PastDays(n) = window {
                f(n);
            }
        }
        ExprKind::If(a, b, c) | ExprKind::Between(a, b, c) => {
            f(a);
            f(b);
            f(c);
        }
        ExprKind::AsOf(_, _, day) => f(day),
    }
}

/// The formula of an item in names; 归类 and 分项 have rows instead.
pub(super) fn formula_text<'p>(printer: &Printer<'p>, item: &'p Item) -> Option<String> {
    match &item.body {
        Body::Formula { expr, .. } | Body::Condition { expr, .. } | Body::Trigger { expr } => {
            Some(printer.names(expr))
        }
        Body::Rate { num, den } => Some(format!("{} / {}", printer.names(num), printer.names(den))),
        Body::Classify { first: true, .. } => Some("取首个".to_owned()),
        Body::Classify { first: false, .. } => Some("取每项".to_owned()),
        Body::Itemise {
            mode: ItemiseMode::Sum,
            ..
        } => Some("取合计".to_owned()),
        Body::Itemise {
            mode: ItemiseMode::Max,
            ..
        } => Some("取最大".to_owned()),
        Body::Itemise {
            mode: ItemiseMode::ByParam(param),
            ..
        } => Some(format!("取 {}", printer.reference(*param, Step::Own))),
        Body::Fact
        | Body::Status
        | Body::StatusStart(_)
        | Body::StatusEnd(_)
        | Body::Column
        | Body::Param(_)
        | Body::Verdict(_) => None,
    }
}
