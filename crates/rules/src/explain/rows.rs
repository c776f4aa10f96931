//! The rows under a line: members and bills, rows of 归类 and 分项, and which of them decide.

use super::order::{Entry, each_part};
use super::print::Printer;
use super::{Line, Mark, RowLine, formula, label, says_same};
use crate::eval::{Evaluator, Place};
use crate::plan::{
    Aggregate, AggregateKind, AmountRow, Body, ClassRow, Expr, ExprKind, Home, Item, ItemId,
    ItemiseMode, RelId, Type,
};
use crate::show;
use crate::situation::{InstanceId, ListId};
use crate::unit::Unit;
use crate::value::{Ratio, Value};

/// More rows than this are not told one by one (the residents of a township).
const MOST_ROWS: usize = 60;

fn row_line(label: String) -> RowLine {
    RowLine {
        label,
        mark: None,
        result: String::new(),
        formula: None,
        note: None,
        decides: false,
        row: None,
        source: None,
    }
}

/// A quantity of rows: its value in each row.
pub(super) fn of_relation<'p>(
    eval: &mut Evaluator<'p>,
    printer: &Printer<'p>,
    main: InstanceId,
    relation: RelId,
    item: &'p Item,
    line: &mut Line,
) {
    let situation = eval.situation();
    let Some(list) = situation.list_of(main, relation) else {
        line.result = "名单没有".to_owned();
        return;
    };
    let len = situation.list(list).map_or(0, |l| l.rows.len());
    for row in 0..len.min(MOST_ROWS) {
        let value = eval.row_value(line.item, list, row);
        let place = Place::row(main, list, row);
        let number = u32::try_from(row).unwrap_or(u32::MAX);
        let mut out = row_line(label::of_row(eval, main, list, number));
        out.row = Some((list, number));
        out.result = show::value(value, item.ty, &eval.program().dict);
        let given = match item.home {
            Home::Rows(_) => situation.given_in_row(list, row, line.item),
            Home::Entity(_) => eval
                .target(place)
                .and_then(|at| situation.given(at, line.item)),
        };
        out.source = given.and_then(|g| g.source.clone());
        if matches!(item.home, Home::Rows(_)) && given.is_none() {
            let numbers = formula(item).map(|e| printer.numbers(e, eval, place));
            out.formula = numbers.filter(|n| !says_same(n, &out.result));
            out.note = row_note(eval, item, value, place);
        }
        if item.ty == Type::Bool {
            out.mark = Some(Mark::of(value.truth()));
            out.result.clear();
        }
        line.rows.push(out);
    }
    rest(len, &mut line.rows);
}

fn rest(len: usize, rows: &mut Vec<RowLine>) {
    if len > MOST_ROWS {
        rows.push(row_line(format!(
            "另有 {} 行",
            len.saturating_sub(MOST_ROWS)
        )));
    }
}

/// Why a row fell in its class, or which amounts it has.
fn row_note<'p>(
    eval: &mut Evaluator<'p>,
    item: &'p Item,
    value: Value,
    place: Place,
) -> Option<String> {
    match &item.body {
        Body::Classify { rows, .. } => {
            let Value::Sym(member) = value else {
                return None;
            };
            let row = rows
                .iter()
                .find(|r| r.value == member && eval.expr(&r.when, place) == Value::Bool(true))?;
            row.note.clone()
        }
        Body::Itemise { rows, .. } => {
            let mut parts = Vec::new();
            for row in rows {
                let amount = eval.amount(row, place);
                if amount != Value::Num(Ratio::ZERO) {
                    let dict = &eval.program().dict;
                    parts.push(format!(
                        "{} {}",
                        row.label,
                        show::value(amount, item.ty, dict)
                    ));
                }
            }
            (!parts.is_empty()).then(|| parts.join(";"))
        }
        _ => None,
    }
}

/// The aggregates of a formula, with their rows.
pub(super) fn of_aggregates<'p>(
    eval: &mut Evaluator<'p>,
    printer: &Printer<'p>,
    e: &'p Expr,
    place: Place,
    out: &mut Vec<RowLine>,
) {
    let mut found: Vec<(&'p Expr, &'p Aggregate)> = Vec::new();
    collect(e, &mut found);
    let several = found.len() > 1;
    for (e, aggregate) in found {
        if several {
            let mut head = row_line(printer.aggregate(aggregate));
            head.result = show::value(eval.expr(e, place), e.ty, &eval.program().dict);
            out.push(head);
        }
        of_aggregate(eval, printer, e, aggregate, place, out);
    }
}

fn collect<'p>(e: &'p Expr, out: &mut Vec<(&'p Expr, &'p Aggregate)>) {
    if let ExprKind::Aggregate(aggregate) = &e.kind {
        out.push((e, aggregate));
    }
    each_part(e, &mut |part| collect(part, out));
}

fn of_aggregate<'p>(
    eval: &mut Evaluator<'p>,
    printer: &Printer<'p>,
    e: &'p Expr,
    aggregate: &'p Aggregate,
    place: Place,
    out: &mut Vec<RowLine>,
) {
    let situation = eval.situation();
    let list = situation.list_of(place.owner, aggregate.relation);
    let rows = list.and_then(|id| situation.list(id).map(|l| (id, l.rows.len(), l.complete)));
    let (list, len, complete) = rows.unwrap_or((ListId(u32::MAX), 0, false));
    let whole = eval.expr(e, place);
    for row in 0..len.min(MOST_ROWS) {
        let at = Place::row(place.owner, list, row);
        let counts = eval.counts(aggregate, at);
        let number = u32::try_from(row).unwrap_or(u32::MAX);
        let mut line = row_line(label::of_row(eval, place.owner, list, number));
        line.row = Some((list, number));
        line.mark = aggregate.filter.as_ref().map(|_| Mark::of(counts));
        let mut value = Value::Unknown;
        if let Some(e) = &aggregate.value {
            value = eval.expr(e, at);
            line.result = show::value(value, e.ty, &eval.program().dict);
        } else if let (Some(filter), AggregateKind::Any | AggregateKind::All) =
            (&aggregate.filter, aggregate.kind)
        {
            let inner = Printer {
                relation: Some(aggregate.relation),
                ..*printer
            };
            line.formula = Some(inner.numbers(filter, eval, at));
        }
        line.decides = decides(aggregate.kind, whole, counts, value);
        out.push(line);
    }
    rest(len, out);
    if !complete {
        let mut line = row_line("名单不完整,还有没有查到的".to_owned());
        line.decides = !whole.is_known();
        out.push(line);
    }
}

/// Whether a row decides what the whole came to.
fn decides(kind: AggregateKind, whole: Value, counts: Option<bool>, value: Value) -> bool {
    match (kind, whole) {
        (AggregateKind::Any, Value::Bool(true)) => counts == Some(true),
        (AggregateKind::All, Value::Bool(false)) => counts == Some(false),
        (AggregateKind::Sum, Value::Unknown) => {
            counts.is_none() || (counts == Some(true) && !value.is_known())
        }
        (AggregateKind::KnownSum, _) => false,
        (_, Value::Unknown) => counts.is_none(),
        _ => false,
    }
}

/// Whether a number is only what has come so far: 已知合计 over a list with holes.
pub(super) fn is_at_least<'p>(eval: &mut Evaluator<'p>, e: &'p Expr, place: Place) -> bool {
    let ExprKind::Aggregate(aggregate) = &e.kind else {
        return false;
    };
    let (AggregateKind::KnownSum, Some(value)) = (aggregate.kind, &aggregate.value) else {
        return false;
    };
    let situation = eval.situation();
    let list = situation.list_of(place.owner, aggregate.relation);
    let Some((id, list)) = list.and_then(|id| situation.list(id).map(|l| (id, l))) else {
        return true;
    };
    !list.complete
        || (0..list.rows.len()).any(|row| {
            let at = Place::row(place.owner, id, row);
            match eval.counts(aggregate, at) {
                Some(false) => false,
                Some(true) => !eval.expr(value, at).is_known(),
                None => true,
            }
        })
}

/// 归类: every row with its note and mark.
#[expect(
    clippy::too_many_arguments,
    reason = "the parts of one 归类, taken apart by the caller"
)]
pub(super) fn of_classes<'p>(
    eval: &mut Evaluator<'p>,
    printer: &Printer<'p>,
    rows: &'p [ClassRow],
    otherwise: Option<u16>,
    first: bool,
    ty: Type,
    place: Place,
    out: &mut Vec<RowLine>,
) {
    let dict = &eval.program().dict;
    let mut settled = false;
    for row in rows {
        let holds = eval.expr(&row.when, place).truth();
        let mut line = row_line(show::value(Value::Sym(row.value), ty, dict));
        line.mark = Some(Mark::of(holds));
        line.formula = Some(printer.names(&row.when));
        line.note.clone_from(&row.note);
        line.decides = !settled && holds != Some(false);
        settled = settled || (first && line.decides);
        out.push(line);
    }
    if let Some(member) = otherwise {
        let mut line = row_line(show::value(Value::Sym(member), ty, dict));
        line.formula = Some("其余".to_owned());
        line.decides = !settled && out.iter().all(|r| r.mark == Some(Mark::No));
        out.push(line);
    }
}

/// 分项: every row with its amount and mark.
pub(super) fn of_amounts<'p>(
    eval: &mut Evaluator<'p>,
    printer: &Printer<'p>,
    rows: &'p [AmountRow],
    mode: ItemiseMode,
    ty: Type,
    place: Place,
    out: &mut Vec<RowLine>,
) {
    let adds_up = eval.adds_up(mode, place);
    let amounts: Vec<Value> = rows.iter().map(|row| eval.amount(row, place)).collect();
    let most = amounts
        .iter()
        .filter_map(|v| match v {
            Value::Num(n) => Some(*n),
            _ => None,
        })
        .max();
    let all_known = amounts.iter().all(|v| v.is_known());
    for (row, amount) in rows.iter().zip(amounts) {
        let mut line = row_line(row.label.clone());
        line.mark = row
            .when
            .as_ref()
            .map(|w| Mark::of(eval.expr(w, place).truth()));
        let counted = line.mark != Some(Mark::No);
        if counted {
            line.formula = Some(printer.numbers(&row.amount, eval, place));
        }
        line.result = show::value(amount, ty, &eval.program().dict);
        line.note = row
            .cap
            .as_ref()
            .map(|cap| format!("封顶 {}", printer.numbers(cap, eval, place)));
        line.decides = match (all_known, adds_up) {
            (false, _) => !amount.is_known(),
            (true, Some(false)) => counted && most.map(Value::Num) == Some(amount),
            (true, _) => false,
        };
        out.push(line);
    }
}

/// 暂计: between which numbers an unknown quantity lies.
pub(super) fn tentative(
    eval: &mut Evaluator<'_>,
    item: ItemId,
    place: Place,
    unit: Unit,
) -> Option<String> {
    let range = eval.range_of(item, place)?;
    if range.low == range.high {
        return Some(format!("不论怎样都是 {}", show::number(range.low, unit)));
    }
    Some(format!(
        "暂计 {} 至 {}",
        show::number(range.low, unit),
        show::number(range.high, unit)
    ))
}

/// The document a parameter's number comes from, with its first day.
pub(super) fn parameter_source<'p>(
    eval: &mut Evaluator<'p>,
    entry: &Entry<'p>,
    at: InstanceId,
) -> Option<String> {
    if eval.situation().given_param(entry.item).is_some() {
        return Some("这个数是给定的".to_owned());
    }
    let found = eval.param_row(entry.item, entry.via, at)?;
    Some(format!("{}({} 起)", found.source, found.from))
}
