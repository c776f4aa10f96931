//! What is missing: from an unknown answer down to the facts, lists and days that cause it.

use super::{Evaluator, Place};
use crate::plan::{
    Aggregate, AggregateKind, Body, Expr, ExprKind, Home, ItemId, Moment, Program, RelId, Step,
    Window,
};
use crate::situation::{InstanceId, ListId};
use crate::value::Value;
use domain::Day;
use std::collections::HashSet;

/// 缺什么: one thing to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gap {
    /// A fact (or a quantity given as ？) of an instance.
    Fact {
        /// The fact.
        item: ItemId,
        /// Whose.
        at: InstanceId,
    },
    /// A column or given quantity of a row.
    Cell {
        /// The column.
        item: ItemId,
        /// The list.
        list: ListId,
        /// The row, from 0.
        row: u32,
    },
    /// A status nobody reported.
    Status {
        /// The status.
        item: ItemId,
        /// Whose.
        at: InstanceId,
    },
    /// A list that is not complete.
    List {
        /// The relation.
        relation: RelId,
        /// Whose.
        at: InstanceId,
    },
    /// What was recorded for a day.
    History {
        /// The quantity.
        item: ItemId,
        /// Whose.
        at: InstanceId,
        /// The day, where it is known.
        day: Option<Day>,
    },
    /// A parameter without a number.
    Parameter {
        /// The parameter.
        item: ItemId,
        /// For whom.
        at: InstanceId,
    },
    /// A person without a household.
    Household {
        /// The person.
        at: InstanceId,
    },
    /// No area is given.
    Area {
        /// For whom.
        at: InstanceId,
    },
    /// A row that leads to nobody known.
    Target {
        /// The list.
        list: ListId,
        /// The row, from 0.
        row: u32,
    },
    /// 受理日 or 认定日, outside a case.
    Moment(Moment),
    /// A number that cannot be computed: see the notes.
    Arithmetic {
        /// The quantity.
        item: ItemId,
        /// Of whom.
        at: InstanceId,
    },
}

impl Gap {
    /// What to ask for, in words: `存款余额`, `成员名单`, `低保(2026-07-31)`.
    pub fn name(&self, program: &Program) -> String {
        let name = |item: &ItemId| program.item(*item).map_or("？", |i| i.name.as_str());
        match self {
            Self::Fact { item, .. } | Self::Cell { item, .. } | Self::Status { item, .. } => {
                name(item).to_owned()
            }
            Self::List { relation, .. } => {
                let relation = program.dict.relation_of(*relation);
                format!("完整的{}名单", relation.map_or("", |r| r.name.as_str()))
            }
            Self::History {
                item,
                day: Some(day),
                ..
            } => format!("{day} 的{}", name(item)),
            Self::History {
                item, day: None, ..
            } => format!("以往的{}", name(item)),
            Self::Parameter { item, .. } => format!("参数 {} 的数", name(item)),
            Self::Household { .. } => "所在的户".to_owned(),
            Self::Area { .. } => "所在地区".to_owned(),
            Self::Target { .. } => "这一行是谁".to_owned(),
            Self::Moment(Moment::Acceptance) => "受理日".to_owned(),
            Self::Moment(_) => "认定日".to_owned(),
            Self::Arithmetic { item, .. } => format!("{} 算不出(除数为零或者数太大)", name(item)),
        }
    }

    /// Whose gap it is, when it is an instance's.
    pub fn at(&self) -> Option<InstanceId> {
        match self {
            Self::Fact { at, .. }
            | Self::Status { at, .. }
            | Self::List { at, .. }
            | Self::History { at, .. }
            | Self::Parameter { at, .. }
            | Self::Household { at }
            | Self::Area { at }
            | Self::Arithmetic { at, .. } => Some(*at),
            Self::Cell { .. } | Self::Target { .. } | Self::Moment(_) => None,
        }
    }
}

/// The walk down from one unknown answer.
struct Walk<'e, 'p> {
    eval: &'e mut Evaluator<'p>,
    seen: HashSet<(ItemId, Place)>,
    gaps: Vec<Gap>,
}

impl<'p> Evaluator<'p> {
    /// Whether people can still be asked for what an expression names.
    pub(super) fn is_open(&self, e: &Expr) -> bool {
        matches!(&e.kind, ExprKind::Ref(item, _) if self.open.contains(item))
    }

    /// What to ask for so that these quantities of an instance become known, each once, in the
    /// order found.
    pub fn gaps(&mut self, items: &[ItemId], at: InstanceId) -> Vec<Gap> {
        let mut walk = Walk {
            eval: self,
            seen: HashSet::new(),
            gaps: Vec::new(),
        };
        for item in items {
            walk.item(*item, Place::own(at));
        }
        walk.gaps
    }
}

impl<'p> Walk<'_, 'p> {
    fn add(&mut self, gap: Gap) {
        if !self.gaps.contains(&gap) {
            self.gaps.push(gap);
        }
    }

    fn item(&mut self, id: ItemId, place: Place) {
        let program = self.eval.program;
        let Some(item) = program.item(id) else {
            return;
        };
        let place = match item.home {
            Home::Entity(_) => Place::own(place.owner),
            Home::Rows(_) => place,
        };
        if self.eval.item(id, place).is_known() || !self.seen.insert((id, place)) {
            return;
        }
        let at = place.owner;
        if let Some(gap) = self.given_unknown(id, place) {
            return self.add(gap);
        }
        if self.eval.open.contains(&id) {
            return self.add(match place.row {
                Some((list, row)) => Gap::Cell {
                    item: id,
                    list,
                    row,
                },
                None => Gap::Fact { item: id, at },
            });
        }
        let before = self.gaps.len();
        match &item.body {
            Body::Fact => self.add(Gap::Fact { item: id, at }),
            Body::Column => {
                if let Some((list, row)) = place.row {
                    self.add(Gap::Cell {
                        item: id,
                        list,
                        row,
                    });
                }
            }
            Body::Status => self.add(Gap::Status { item: id, at }),
            Body::StatusStart(status) | Body::StatusEnd(status) => {
                self.add(Gap::Status { item: *status, at });
            }
            Body::Param(_) => self.add(Gap::Parameter { item: id, at }),
            Body::Formula { expr, .. } | Body::Condition { expr, .. } | Body::Trigger { expr } => {
                self.expr(expr, place);
            }
            Body::Classify { rows, first, .. } => {
                for row in rows {
                    match self.eval.truth(&row.when, place) {
                        Some(true) if *first => break,
                        Some(_) => {}
                        None => self.expr(&row.when, place),
                    }
                }
            }
            Body::Itemise { mode, rows } => {
                if let crate::plan::ItemiseMode::ByParam(param) = mode {
                    self.item(*param, place);
                }
                for row in rows {
                    match row.when.as_ref().map(|w| (w, self.eval.truth(w, place))) {
                        Some((_, Some(false))) => {}
                        Some((when, None)) => self.expr(when, place),
                        Some((_, Some(true))) | None => {
                            self.expr(&row.amount, place);
                            if let Some(cap) = &row.cap {
                                self.expr(cap, place);
                            }
                        }
                    }
                }
            }
            Body::Verdict(file) => {
                if let Some(file) = program.files.get(file.at()) {
                    for condition in &file.conditions {
                        self.item(*condition, place);
                    }
                }
            }
            Body::Rate { num, den } => {
                self.expr(num, place);
                self.expr(den, place);
            }
        }
        // Nothing below is unknown, so the arithmetic itself failed.
        let is_rate = matches!(item.body, Body::Rate { .. });
        if self.gaps.len() == before && !is_rate && self.eval.notes.iter().any(|n| n.item == id) {
            self.add(Gap::Arithmetic { item: id, at });
        }
    }

    fn given_unknown(&self, id: ItemId, place: Place) -> Option<Gap> {
        match place.row {
            Some((list, row)) => {
                let at = usize::try_from(row).ok()?;
                self.eval.situation.given_in_row(list, at, id)?;
                Some(Gap::Cell {
                    item: id,
                    list,
                    row,
                })
            }
            None => {
                self.eval.situation.given(place.owner, id)?;
                Some(Gap::Fact {
                    item: id,
                    at: place.owner,
                })
            }
        }
    }

    fn all(&mut self, parts: &'p [Expr], place: Place) {
        for part in parts {
            self.expr(part, place);
        }
    }

    fn expr(&mut self, e: &'p Expr, place: Place) {
        if self.eval.expr(e, place).is_known() {
            return;
        }
        match &e.kind {
            ExprKind::Literal(_) => {}
            // Unknown only while it can still be asked for.
            ExprKind::Known(x) => self.expr(x, place),
            ExprKind::Moment(moment) => self.add(Gap::Moment(*moment)),
            ExprKind::Ref(item, step) => self.reference(*item, *step, place),
            ExprKind::Param(item, keys) => {
                let before = self.gaps.len();
                for key in keys.iter().flatten() {
                    self.expr(key, place);
                }
                if self.gaps.len() == before {
                    self.add(Gap::Parameter {
                        item: *item,
                        at: place.owner,
                    });
                }
            }
            ExprKind::Not(a) | ExprKind::Negate(a) | ExprKind::NextMonth(a) => self.expr(a, place),
            ExprKind::And(parts)
            | ExprKind::Or(parts)
            | ExprKind::Greatest(parts)
            | ExprKind::Least(parts) => self.all(parts, place),
            ExprKind::Compare(_, a, b)
            | ExprKind::Arith(_, a, b)
            | ExprKind::InClasses(a, b)
            | ExprKind::Age(a, b)
            | ExprKind::Days(a, b)
            | ExprKind::FullMonths(a, b)
            | ExprKind::PlusMonths(a, b) => {
                self.expr(a, place);
                self.expr(b, place);
            }
            ExprKind::OneOf(x, set) => {
                self.expr(x, place);
                self.all(set, place);
            }
            ExprKind::Within(x, window) => {
                self.expr(x, place);
                if let Window::PastMonths(n) | Window::PastDays(n) = window {
                    self.expr(n, place);
                }
            }
            ExprKind::If(cond, yes, no) => match self.eval.truth(cond, place) {
                Some(true) => self.expr(yes, place),
                Some(false) => self.expr(no, place),
                None => self.expr(cond, place),
            },
            ExprKind::Between(x, a, b) => {
                self.expr(x, place);
                self.expr(a, place);
                self.expr(b, place);
            }
            ExprKind::Aggregate(aggregate) => self.aggregate(aggregate, place),
            ExprKind::AsOf(item, step, day) => {
                self.history(*item, *step, place, std::slice::from_ref(&**day));
            }
            ExprKind::Ever(item, step, from, to) => {
                let before = self.gaps.len();
                self.expr(from, place);
                self.expr(to, place);
                if self.gaps.len() == before {
                    self.history(*item, *step, place, &[]);
                }
            }
        }
    }

    fn history(&mut self, item: ItemId, step: Step, place: Place, days: &'p [Expr]) {
        let before = self.gaps.len();
        self.all(days, place);
        if self.gaps.len() > before {
            return;
        }
        let day = days.first().and_then(|d| match self.eval.expr(d, place) {
            Value::Day(day) => Some(day),
            _ => None,
        });
        match self.eval.there(item, step, place) {
            Some(at) => self.add(Gap::History { item, at, day }),
            None => self.no_way(step, place),
        }
    }

    fn reference(&mut self, item: ItemId, step: Step, place: Place) {
        let home = self.eval.program.item(item).map(|i| i.home);
        if let Some(Home::Rows(_)) = home {
            return self.item(item, place);
        }
        match self.eval.there(item, step, place) {
            Some(at) => self.item(item, Place::own(at)),
            None => self.no_way(step, place),
        }
    }

    fn no_way(&mut self, step: Step, place: Place) {
        match (step, place.row) {
            (Step::Household, _) => self.add(Gap::Household { at: place.owner }),
            (Step::Area, _) => self.add(Gap::Area { at: place.owner }),
            (Step::Row, Some((list, row))) => self.add(Gap::Target { list, row }),
            (Step::Row | Step::Own, _) => {}
        }
    }

    fn aggregate(&mut self, aggregate: &'p Aggregate, place: Place) {
        let situation = self.eval.situation;
        let list = situation.list_of(place.owner, aggregate.relation);
        let rows = list.and_then(|id| situation.list(id).map(|l| (id, l)));
        if rows.is_none_or(|(_, l)| !l.complete) {
            self.add(Gap::List {
                relation: aggregate.relation,
                at: place.owner,
            });
        }
        let Some((id, list)) = rows else {
            return;
        };
        for row in 0..list.rows.len() {
            let at = Place::row(place.owner, id, row);
            match (self.eval.counts(aggregate, at), &aggregate.filter) {
                (None, Some(filter)) => self.expr(filter, at),
                (Some(true), _) if aggregate.kind == AggregateKind::Sum => {
                    if let Some(value) = &aggregate.value {
                        self.expr(value, at);
                    }
                }
                _ => {}
            }
        }
    }
}
