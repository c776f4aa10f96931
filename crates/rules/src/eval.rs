//! One household judged: lazy, memoised, exact, three-valued.
//!
//! It follows "Meaning" of the rule language to the letter and shares no arithmetic with the
//! columnar evaluator. It never guesses: what cannot be known is unknown, and a note says why.

mod aggregate;
mod exclusions;
mod expr;
mod gaps;
mod history;
mod num;
mod outcome;
mod param;
mod range;

pub use exclusions::{Claim, Resolution, Yield, claim, resolve_exclusions};
pub use gaps::Gap;
pub(crate) use num::{ends, order};
pub use outcome::{Fired, GrantProposal, Outcome, Verdict, evaluate, result_text};
pub use range::Range;

use crate::plan::{
    AmountRow, Arith, Body, ClassRow, FileId, Home, Item, ItemId, ItemiseMode, Program, Type,
};
use crate::situation::{InstanceId, ListId, Moments, Situation};
use crate::value::{Ratio, Value};
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

/// 为什么算不出: why a quantity is unknown although its parts are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NoteKind {
    /// No value of the parameter covers the day and the keys.
    NoParameter,
    /// A divisor was zero.
    DivisionByZero,
    /// A number left the machine's range.
    Overflow,
    /// A quantity needs itself.
    Loop,
}

/// A note of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Note {
    /// The quantity being computed.
    pub item: ItemId,
    /// Of whom.
    pub at: InstanceId,
    /// What happened.
    pub kind: NoteKind,
}

/// Where an expression is evaluated: an instance, and perhaps a row of one of its lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// The instance the file is about.
    pub owner: InstanceId,
    /// The row at hand.
    pub row: Option<(ListId, u32)>,
}

impl Place {
    /// At an instance.
    pub fn own(owner: InstanceId) -> Self {
        Self { owner, row: None }
    }

    /// At a row of one of the instance's lists.
    pub fn row(owner: InstanceId, list: ListId, row: usize) -> Self {
        Self {
            owner,
            row: Some((list, u32::try_from(row).unwrap_or(u32::MAX))),
        }
    }
}

#[derive(Clone, Copy)]
enum Cell {
    Empty,
    Busy,
    Done(Value),
}

/// Where each item keeps its cell: its place among the items of the same home.
struct Layout {
    slots: Vec<usize>,
    entities: Vec<usize>,
    relations: Vec<usize>,
    urban_rural: Vec<Option<usize>>,
}

fn next(counts: &mut Vec<usize>, at: usize) -> usize {
    if counts.len() <= at {
        counts.resize(at.saturating_add(1), 0);
    }
    counts.get_mut(at).map_or(0, |n| {
        let slot = *n;
        *n = slot.saturating_add(1);
        slot
    })
}

impl Layout {
    fn new(program: &Program) -> Self {
        let mut it = Self {
            slots: Vec::with_capacity(program.items.len()),
            entities: vec![0; program.dict.entities.len()],
            relations: vec![0; program.dict.relations.len()],
            urban_rural: vec![None; program.dict.entities.len()],
        };
        for item in &program.items {
            let slot = match item.home {
                Home::Entity(e) => {
                    let slot = next(&mut it.entities, e.at());
                    if matches!(item.body, Body::Fact)
                        && item.name == "城乡"
                        && let Some(place) = it.urban_rural.get_mut(e.at())
                    {
                        *place = Some(slot);
                    }
                    slot
                }
                Home::Rows(r) => next(&mut it.relations, r.at()),
            };
            it.slots.push(slot);
        }
        it
    }
}

/// The cells of a list, row after row.
#[derive(Default)]
struct ListCells {
    width: usize,
    cells: Vec<Cell>,
}

/// 求值: evaluates any quantity of any instance of a situation, each once.
pub struct Evaluator<'p> {
    program: &'p Program,
    situation: &'p Situation,
    moments: Moments,
    layout: Layout,
    instances: Vec<Vec<Cell>>,
    lists: Vec<ListCells>,
    notes: Vec<Note>,
    current: Option<(ItemId, InstanceId)>,
    ranges: HashMap<(ItemId, Place), Option<Range>>,
    open: HashSet<ItemId>,
}

impl<'p> Evaluator<'p> {
    /// An evaluator that has computed nothing yet.
    pub fn new(program: &'p Program, situation: &'p Situation, moments: Moments) -> Self {
        Self {
            program,
            situation,
            moments,
            layout: Layout::new(program),
            instances: vec![Vec::new(); situation.instances().len()],
            lists: situation
                .lists()
                .iter()
                .map(|_| ListCells::default())
                .collect(),
            notes: Vec::new(),
            current: None,
            ranges: HashMap::new(),
            open: HashSet::new(),
        }
    }

    /// The same while people can still be asked for these: 知道 of one that is unknown is unknown
    /// itself, and what is missing ends there instead of further down.
    #[must_use]
    pub fn asking(mut self, open: HashSet<ItemId>) -> Self {
        self.open = open;
        self
    }

    /// The program.
    pub fn program(&self) -> &'p Program {
        self.program
    }

    /// The situation.
    pub fn situation(&self) -> &'p Situation {
        self.situation
    }

    /// The named days.
    pub fn moments(&self) -> Moments {
        self.moments
    }

    /// Why quantities came out unknown although their parts are known.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The value of a quantity of an instance.
    pub fn value(&mut self, item: ItemId, at: InstanceId) -> Value {
        self.item(item, Place::own(at))
    }

    /// The value of a quantity of a row: its column, its computed quantity, or the fact of the
    /// instance it leads to.
    pub fn row_value(&mut self, item: ItemId, list: ListId, row: usize) -> Value {
        let situation = self.situation;
        let Some(rows) = situation.list(list) else {
            return Value::Unknown;
        };
        let place = Place::row(rows.owner, list, row);
        match self.program.item(item).map(|i| i.home) {
            Some(Home::Rows(_)) => self.item(item, place),
            Some(Home::Entity(_)) => match self.target(place) {
                Some(target) => self.item(item, Place::own(target)),
                None => Value::Unknown,
            },
            None => Value::Unknown,
        }
    }

    /// Whom the row at hand leads to.
    pub(crate) fn target(&self, place: Place) -> Option<InstanceId> {
        let (list, row) = place.row?;
        self.situation
            .list(list)?
            .rows
            .get(usize::try_from(row).ok()?)?
            .target
    }

    fn note(&mut self, kind: NoteKind) {
        if let Some((item, at)) = self.current {
            self.note_on(item, at, kind);
        }
    }

    fn note_on(&mut self, item: ItemId, at: InstanceId, kind: NoteKind) {
        let note = Note { item, at, kind };
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// The cell of an item, its instance or list filled with what was given at the first touch.
    fn cell(&mut self, id: ItemId, home: Home, place: Place) -> Option<&mut Cell> {
        let slot = *self.layout.slots.get(id.at())?;
        match home {
            Home::Entity(entity) => {
                let cells = self.instances.get_mut(place.owner.at())?;
                if cells.is_empty() {
                    fill_instance(
                        cells,
                        self.situation,
                        &self.layout,
                        self.program,
                        place.owner,
                    );
                }
                if self.situation.instance(place.owner)?.entity != entity {
                    return None;
                }
                cells.get_mut(slot)
            }
            Home::Rows(relation) => {
                let (list, row) = place.row?;
                let rows = self.situation.list(list)?;
                if rows.relation != relation {
                    return None;
                }
                let cells = self.lists.get_mut(list.at())?;
                if cells.cells.is_empty() {
                    cells.width = *self.layout.relations.get(relation.at())?;
                    fill_list(cells, self.situation, &self.layout, self.program, list);
                }
                let at = usize::try_from(row)
                    .ok()?
                    .checked_mul(cells.width)?
                    .checked_add(slot)?;
                cells.cells.get_mut(at)
            }
        }
    }

    /// The value of an item at a place.
    pub(crate) fn item(&mut self, id: ItemId, place: Place) -> Value {
        let program = self.program;
        let Some(item) = program.item(id) else {
            return Value::Unknown;
        };
        let Some(cell) = self.cell(id, item.home, place) else {
            return Value::Unknown;
        };
        match *cell {
            Cell::Done(value) => return value,
            Cell::Busy => {
                self.note(NoteKind::Loop);
                return Value::Unknown;
            }
            Cell::Empty => *cell = Cell::Busy,
        }
        let place = match item.home {
            Home::Entity(_) => Place::own(place.owner),
            Home::Rows(_) => place,
        };
        let before = self.current.replace((id, place.owner));
        let value = self.compute(id, item, place);
        self.current = before;
        if let Some(cell) = self.cell(id, item.home, place) {
            *cell = Cell::Done(value);
        }
        value
    }

    fn compute(&mut self, id: ItemId, item: &'p Item, place: Place) -> Value {
        match &item.body {
            Body::Fact => self.built_in(item, place),
            Body::Column => Value::Unknown,
            Body::Status => self.status_on(id, place.owner, self.moments.base).into(),
            Body::StatusStart(status) => self.status_start(*status, place.owner, self.moments.base),
            Body::StatusEnd(status) => self.status_end(*status, place.owner, self.moments.base),
            Body::Param(_) => self.param_on(id, place.owner, self.moments.base),
            Body::Formula { expr, rounding } => match (self.expr(expr, place), rounding) {
                (Value::Num(n), Some(how)) => self.number(n.round(*how)),
                (value, _) => value,
            },
            Body::Classify {
                rows,
                otherwise,
                first,
            } => {
                if *first {
                    self.first_class(rows, *otherwise, place)
                } else {
                    self.every_class(rows, *otherwise, place)
                }
            }
            Body::Itemise { mode, rows } => self.itemise(*mode, rows, place),
            Body::Condition { expr, .. } | Body::Trigger { expr } => self.truth(expr, place).into(),
            Body::Verdict(file) => self.verdict(*file, place.owner).into(),
            Body::Rate { num, den } => {
                match (self.expr(num, place), self.expr(den, place)) {
                    // 分母为零是不适用, not a fault.
                    (Value::Num(_), Value::Num(d)) if d == Ratio::ZERO => Value::Unknown,
                    (Value::Num(n), Value::Num(d)) => self.number(n.div(d)),
                    _ => Value::Unknown,
                }
            }
        }
    }

    /// A fact nobody gave: only 有户 follows from the situation itself.
    fn built_in(&self, item: &Item, place: Place) -> Value {
        if item.name == "有户" && item.ty == Type::Bool {
            let person = self.situation.instance(place.owner);
            return Value::Bool(person.is_some_and(|p| p.household.is_some()));
        }
        Value::Unknown
    }

    /// A result that may have overflowed.
    pub(crate) fn number(&mut self, n: Option<Ratio>) -> Value {
        match n {
            Some(n) => Value::Num(n),
            None => {
                self.note(NoteKind::Overflow);
                Value::Unknown
            }
        }
    }

    fn first_class(&mut self, rows: &'p [ClassRow], otherwise: Option<u16>, place: Place) -> Value {
        for row in rows {
            match self.truth(&row.when, place) {
                Some(true) => return Value::Sym(row.value),
                Some(false) => {}
                None => return Value::Unknown,
            }
        }
        otherwise.map_or(Value::Unknown, Value::Sym)
    }

    fn every_class(&mut self, rows: &'p [ClassRow], otherwise: Option<u16>, place: Place) -> Value {
        let mut set = 0_u64;
        for row in rows {
            match self.truth(&row.when, place) {
                Some(true) => set |= expr::bit(row.value),
                Some(false) => {}
                None => return Value::Unknown,
            }
        }
        if set == 0 {
            set = otherwise.map_or(0, expr::bit);
        }
        Value::Set(set)
    }

    /// What a row of 分项 counts: 0 when its 当 is false.
    pub(crate) fn amount(&mut self, row: &'p AmountRow, place: Place) -> Value {
        match row
            .when
            .as_ref()
            .map_or(Some(true), |when| self.truth(when, place))
        {
            None => return Value::Unknown,
            Some(false) => return Value::Num(Ratio::ZERO),
            Some(true) => {}
        }
        let amount = self.expr(&row.amount, place);
        let Some(cap) = &row.cap else {
            return amount;
        };
        match (amount, self.expr(cap, place)) {
            (Value::Num(a), Value::Num(c)) => Value::Num(if order(a, c) == Ordering::Greater {
                c
            } else {
                a
            }),
            _ => Value::Unknown,
        }
    }

    /// Whether a 分项 adds up (true) or takes the greatest; unknown while the place has not said.
    pub(crate) fn adds_up(&mut self, mode: ItemiseMode, place: Place) -> Option<bool> {
        match mode {
            ItemiseMode::Sum => Some(true),
            ItemiseMode::Max => Some(false),
            ItemiseMode::ByParam(param) => match self.item(param, Place::own(place.owner)) {
                Value::Sym(member) => Some(member == 0),
                _ => None,
            },
        }
    }

    fn itemise(&mut self, mode: ItemiseMode, rows: &'p [AmountRow], place: Place) -> Value {
        let Some(adds_up) = self.adds_up(mode, place) else {
            return Value::Unknown;
        };
        let mut total: Option<Ratio> = None;
        for row in rows {
            let Value::Num(amount) = self.amount(row, place) else {
                return Value::Unknown;
            };
            total = Some(match total {
                None => amount,
                Some(sum) if adds_up => match num::arith(Arith::Add, sum, amount) {
                    Some(sum) => sum,
                    None => return self.number(None),
                },
                Some(most) if order(amount, most) == Ordering::Greater => amount,
                Some(most) => most,
            });
        }
        Value::Num(total.unwrap_or(Ratio::ZERO))
    }

    /// What a file says of an instance; unknown is 待查.
    pub fn verdict(&mut self, file: FileId, at: InstanceId) -> Option<bool> {
        let program = self.program;
        let conditions = &program.files.get(file.at())?.conditions;
        let mut answer = Some(true);
        for condition in conditions {
            match self.item(*condition, Place::own(at)) {
                Value::Bool(true) => {}
                Value::Bool(false) => return Some(false),
                _ => answer = None,
            }
        }
        answer
    }
}

fn fill_instance(
    cells: &mut Vec<Cell>,
    situation: &Situation,
    layout: &Layout,
    program: &Program,
    at: InstanceId,
) {
    let Some(it) = situation.instance(at) else {
        return;
    };
    // One cell at least, so that a filled instance is not filled again.
    let width = layout
        .entities
        .get(it.entity.at())
        .copied()
        .unwrap_or(0)
        .max(1);
    cells.resize(width, Cell::Empty);
    let urban_rural = layout.urban_rural.get(it.entity.at()).copied().flatten();
    if let (Some(slot), Some(member)) = (urban_rural, it.urban_rural)
        && let Some(cell) = cells.get_mut(slot)
    {
        *cell = Cell::Done(Value::Sym(member));
    }
    for given in &it.given {
        let home = program.item(given.item).map(|i| i.home);
        if home == Some(Home::Entity(it.entity))
            && let Some(cell) = layout
                .slots
                .get(given.item.at())
                .and_then(|s| cells.get_mut(*s))
        {
            *cell = Cell::Done(given.value);
        }
    }
}

fn fill_list(
    cells: &mut ListCells,
    situation: &Situation,
    layout: &Layout,
    program: &Program,
    list: ListId,
) {
    let Some(rows) = situation.list(list) else {
        return;
    };
    cells.width = cells.width.max(1);
    cells
        .cells
        .resize(cells.width.saturating_mul(rows.rows.len()), Cell::Empty);
    for (row, chunk) in rows.rows.iter().zip(cells.cells.chunks_mut(cells.width)) {
        for given in &row.given {
            let home = program.item(given.item).map(|i| i.home);
            if home == Some(Home::Rows(rows.relation))
                && let Some(cell) = layout
                    .slots
                    .get(given.item.at())
                    .and_then(|s| chunk.get_mut(*s))
            {
                *cell = Cell::Done(given.value);
            }
        }
    }
}

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]
pub(crate) mod tests;
