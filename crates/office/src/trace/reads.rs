//! What a rule reads: the facts its triggers rest on, and the feeds that bring them.

use rules::Program;
use rules::plan::{Body, Expr, ExprKind, ItemId, RelId, Window};
use std::collections::BTreeSet;

/// What a rule reads, at any depth.
#[derive(Debug, Default)]
pub(super) struct Reads {
    /// Names of facts and statuses.
    pub facts: BTreeSet<String>,
    /// Ids of feeds.
    pub feeds: BTreeSet<String>,
}

/// Everything the triggers of a rule rest on.
pub(super) fn of_rule(program: &Program, rule: &str) -> Reads {
    let file = program.file(rule).map(|(_, file)| file);
    let triggers = file.into_iter().flat_map(|file| &file.dispatches);
    from(program, triggers.map(|d| d.trigger).collect())
}

/// Everything the conditions and benefits of a policy rest on.
pub(super) fn of_policy(program: &Program, policy: &str) -> Reads {
    let mut begin = Vec::new();
    if let Some((_, file)) = program.file(policy) {
        begin.extend(&file.conditions);
        begin.extend(file.benefits.iter().map(|(item, _)| *item));
    }
    from(program, begin)
}

fn from(program: &Program, begin: Vec<ItemId>) -> Reads {
    let mut walk = Walk {
        program,
        items: BTreeSet::new(),
        relations: BTreeSet::new(),
    };
    begin.into_iter().for_each(|item| walk.item(item));
    walk.through_feeds();
    let mut reads = Reads::default();
    for id in &walk.items {
        let Some(item) = program.item(*id) else {
            continue;
        };
        if matches!(item.body, Body::Fact | Body::Status) {
            reads.facts.insert(item.name.clone());
        }
    }
    for feed in &program.feeds {
        let gives = |id: &ItemId| walk.items.contains(id);
        let by_fact = feed
            .columns
            .iter()
            .filter_map(|c| c.fact)
            .any(|f| gives(&f));
        let by_formula = feed.yields.iter().any(|(fact, _)| gives(fact));
        let by_status = feed.grants.iter().any(|g| gives(&g.status));
        let by_rows = feed.rows.is_some_and(|r| walk.relations.contains(&r));
        if by_fact || by_formula || by_status || by_rows {
            reads.feeds.insert(feed.id.clone());
        }
    }
    reads
}

struct Walk<'a> {
    program: &'a Program,
    items: BTreeSet<ItemId>,
    relations: BTreeSet<RelId>,
}

impl Walk<'_> {
    /// What a feed computes from its rows rests on those rows.
    fn through_feeds(&mut self) {
        let program = self.program;
        loop {
            let before = self.items.len();
            for feed in &program.feeds {
                for (fact, formula) in &feed.yields {
                    if self.items.contains(fact) {
                        self.item(*formula);
                    }
                }
            }
            if self.items.len() == before {
                return;
            }
        }
    }

    fn item(&mut self, id: ItemId) {
        if !self.items.insert(id) {
            return;
        }
        let program = self.program;
        match program.item(id).map(|i| &i.body) {
            Some(
                Body::Formula { expr, .. } | Body::Condition { expr, .. } | Body::Trigger { expr },
            ) => self.expr(expr),
            Some(Body::Rate { num, den }) => [num, den].into_iter().for_each(|e| self.expr(e)),
            Some(Body::Classify { rows, .. }) => rows.iter().for_each(|r| self.expr(&r.when)),
            Some(Body::Itemise { rows, .. }) => rows.iter().for_each(|r| {
                self.expr(&r.amount);
                r.when.iter().chain(&r.cap).for_each(|e| self.expr(e));
            }),
            Some(Body::StatusStart(status) | Body::StatusEnd(status)) => self.item(*status),
            Some(Body::Verdict(file)) => {
                let conditions = program.files.get(file.at()).map(|f| f.conditions.clone());
                conditions.into_iter().flatten().for_each(|c| self.item(c));
            }
            Some(Body::Fact | Body::Status | Body::Column | Body::Param(_)) | None => {}
        }
    }

    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Literal(_) | ExprKind::Moment(_) => {}
            ExprKind::Ref(item, _) => self.item(*item),
            ExprKind::Param(item, keys) => {
                self.item(*item);
                keys.iter().flatten().for_each(|k| self.expr(k));
            }
            ExprKind::Not(a)
            | ExprKind::Negate(a)
            | ExprKind::Known(a)
            | ExprKind::NextMonth(a) => self.expr(a),
            ExprKind::And(all)
            | ExprKind::Or(all)
            | ExprKind::Greatest(all)
            | ExprKind::Least(all) => {
                all.iter().for_each(|e| self.expr(e));
            }
            ExprKind::Compare(_, a, b) | ExprKind::Arith(_, a, b) => self.both(a, b),
            ExprKind::InClasses(a, b)
            | ExprKind::Age(a, b)
            | ExprKind::Days(a, b)
            | ExprKind::FullMonths(a, b)
            | ExprKind::PlusMonths(a, b) => {
                self.both(a, b);
            }
            ExprKind::OneOf(a, all) => {
                self.expr(a);
                all.iter().for_each(|e| self.expr(e));
            }
            ExprKind::Within(day, window) => {
                self.expr(day);
                match window {
                    Window::PastMonths(n) | Window::PastDays(n) => self.expr(n),
                    Window::ThisMonth | Window::LastMonth | Window::ThisYear => {}
                }
            }
            ExprKind::If(a, b, c) | ExprKind::Between(a, b, c) => {
                self.expr(a);
                self.both(b, c);
            }
            ExprKind::Aggregate(aggregate) => {
                self.relations.insert(aggregate.relation);
                aggregate
                    .value
                    .iter()
                    .chain(&aggregate.filter)
                    .for_each(|e| self.expr(e));
            }
            ExprKind::AsOf(item, _, day) => {
                self.item(*item);
                self.expr(day);
            }
            ExprKind::Ever(item, _, from, to) => {
                self.item(*item);
                self.both(from, to);
            }
        }
    }

    fn both(&mut self, a: &Expr, b: &Expr) {
        self.expr(a);
        self.expr(b);
    }
}
