//! What a run made, for another run on the same tables: a column whose rule and inputs are the same is
//! not computed again. A trial that changes one number judges only what that number reaches.
//!
//! A column is known by its print: of the step that fills it, of what it reads, and of where in
//! memory the tables stand. A memo holds its tables, so no other table can come to stand there.

use crate::compile::layout::{DayPart, KeyPart, Link, Slot, Step};
use crate::compile::params::ParamTable;
use crate::compile::{Compiled, column_place};
use crate::frames::{Complete, EntityFrame, Frames};
use datafusion::arrow::array::{Array, ArrayRef, Int64Array};
use rules::plan::{EntityId, Home, ItemId, RelId};
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// What a run made.
#[derive(Clone, Debug, Default)]
pub struct Memo {
    columns: HashMap<Print, ArrayRef>,
    /// Tables the prints speak of: as long as they are held, nothing else stands in their place.
    held: Vec<Arc<Frames>>,
}

/// What tells a column from all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Print(u64, u64);

impl Memo {
    /// A column by its print.
    pub(super) fn column(&self, print: Option<Print>) -> Option<&ArrayRef> {
        self.columns.get(&print?)
    }

    /// Keeps what was made on some tables.
    pub(super) fn keep(&mut self, frames: &Frames, made: impl Iterator<Item = (Print, ArrayRef)>) {
        self.columns.extend(made);
        self.held.push(Arc::new(frames.clone()));
    }
}

/// Two hashes at once: one alone is too short to be sure of.
struct Press(DefaultHasher, DefaultHasher);

impl Hasher for Press {
    fn finish(&self) -> u64 {
        self.0.finish()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
        self.1.write(bytes);
    }
}

fn print(what: &str, tell: impl FnOnce(&mut Press)) -> Print {
    let mut press = Press(DefaultHasher::new(), DefaultHasher::new());
    press.1.write_u8(1);
    what.hash(&mut press);
    tell(&mut press);
    Print(press.0.finish(), press.1.finish())
}

/// The print of every column a plan fills on some tables; none where something it reads has none.
pub(super) fn prints(plan: &Compiled, frames: &Frames) -> Vec<Option<Print>> {
    let mut printer = Printer {
        plan,
        frames,
        entities: BTreeMap::new(),
        relations: BTreeMap::new(),
        prints: vec![None; plan.slots.len()],
    };
    for step in &plan.steps {
        for (part, slot) in crate::compile::stages::fills(step).into_iter().enumerate() {
            let made = printer.of(step, part, slot);
            if let Some(place) = printer.prints.get_mut(slot.0) {
                *place = made;
            }
        }
    }
    printer.prints
}

struct Printer<'a> {
    plan: &'a Compiled,
    frames: &'a Frames,
    entities: BTreeMap<EntityId, Print>,
    relations: BTreeMap<RelId, Print>,
    prints: Vec<Option<Print>>,
}

impl Printer<'_> {
    fn of(&mut self, step: &Step, part: usize, out: Slot) -> Option<Print> {
        let info = self.plan.slots.get(out.0)?;
        let home = self.home(info.home);
        let read: Option<Vec<Print>> = step.reads().iter().map(|slot| self.slot(*slot)).collect();
        let base = (part, home, &info.data_type, read?);
        Some(match step {
            Step::Input { item, .. } => {
                let given = self.given(info.home, *item);
                let follows = self.plan.has_household.contains(item);
                print("input", |p| (base, given, follows).hash(p))
            }
            Step::Project { expr, .. } => {
                // The same expression stands over other numbers of columns in other rules.
                let placed = column_place(expr)?;
                print("project", |p| (base, placed).hash(p))
            }
            Step::Gather { link, fact, .. } => {
                let way = self.link(*link, Some(self.source(step)?));
                print("gather", |p| (base, way, fact).hash(p))
            }
            Step::Aggregate(total) => {
                let rows = self.home(Home::Rows(total.relation));
                let kind = format!("{:?}", total.kind);
                let has = (total.value.is_some(), total.filter.is_some());
                print("total", |p| (base, rows, kind, has).hash(p))
            }
            Step::Lookup {
                values, keys, at, ..
            } => {
                let keys: Vec<_> = keys.iter().map(|key| self.key(key)).collect();
                let day = self.day(at);
                let table = table(values);
                print("parameter", |p| (base, keys, day, table).hash(p))
            }
            Step::Status {
                status,
                entity,
                read,
                path,
                at,
                ..
            } => {
                let of = (self.status(*status), self.home(Home::Entity(*entity)));
                let (path, day) = (self.path(path, *entity), self.day(at));
                let read = format!("{read:?}");
                print("status", |p| (base, of, path, day, read).hash(p))
            }
            Step::Ever {
                status,
                entity,
                path,
                from,
                to,
                ..
            } => {
                let of = (self.status(*status), self.home(Home::Entity(*entity)));
                let days = (self.day(from), self.day(to));
                let path = self.path(path, *entity);
                print("ever", |p| (base, of, path, days).hash(p))
            }
            Step::Recorded {
                item,
                entity,
                path,
                at,
                scale,
                den,
                ..
            } => {
                let frame = self.frames.entities.get(entity);
                let records = frame.into_iter().flat_map(EntityFrame::records);
                let records = records.filter(|record| record.item == *item).map(|record| {
                    let dens = record.dens.as_ref().map(place);
                    (record.from, record.to, place(&record.values), dens)
                });
                let records: Vec<_> = records.collect();
                let of = self.home(Home::Entity(*entity));
                let (path, day) = (self.path(path, *entity), self.day(at));
                let how = (scale, den.is_some());
                print("recorded", |p| (base, of, records, path, day, how).hash(p))
            }
        })
    }

    fn slot(&self, slot: Slot) -> Option<Print> {
        self.prints.get(slot.0).copied().flatten()
    }

    /// The entity a gather reads from.
    fn source(&self, step: &Step) -> Option<EntityId> {
        let first = step.reads().first().copied()?;
        match self.plan.slots.get(first.0)?.home {
            Home::Entity(entity) => Some(entity),
            Home::Rows(_) => None,
        }
    }

    /// Where a column given with the tables stands.
    fn given(&self, home: Home, item: ItemId) -> Option<usize> {
        match home {
            Home::Entity(e) => self.frames.entities.get(&e)?.column(item).map(place),
            Home::Rows(r) => self.frames.relations.get(&r)?.column(item).map(place),
        }
    }

    fn home(&mut self, home: Home) -> Print {
        match home {
            Home::Entity(entity) => self.entity(entity),
            Home::Rows(relation) => self.relation(relation),
        }
    }

    fn entity(&mut self, entity: EntityId) -> Print {
        if let Some(known) = self.entities.get(&entity) {
            return *known;
        }
        let frame = self.frames.entities.get(&entity);
        let made = print("entity", |p| {
            entity.hash(p);
            let Some(frame) = frame else { return };
            let areas = frame.areas();
            let words = (areas.value_data().as_ptr().addr(), areas.len());
            let offsets = areas.value_offsets().as_ptr().addr();
            (ints(frame.ids()), ints(frame.households())).hash(p);
            (words, offsets, areas.null_count()).hash(p);
        });
        self.entities.insert(entity, made);
        made
    }

    fn relation(&mut self, relation: RelId) -> Print {
        if let Some(known) = self.relations.get(&relation) {
            return *known;
        }
        let ends = self.plan.relations.get(relation.at());
        let ends = ends.map(|r| (r.owner, r.target));
        let ends = ends.map(|(owner, target)| (self.entity(owner), target.map(|t| self.entity(t))));
        let frame = self.frames.relations.get(&relation);
        let made = print("relation", |p| {
            (relation, ends).hash(p);
            let Some(frame) = frame else { return };
            (ints(frame.owners()), ints(frame.targets())).hash(p);
            complete(frame.complete(), p);
        });
        self.relations.insert(relation, made);
        made
    }

    fn status(&self, status: ItemId) -> Print {
        print("roll", |p| {
            let Some(frame) = self.frames.statuses.get(&status) else {
                return;
            };
            (frame.stands(), frame.begins()).hash(p);
            complete(frame.complete(), p);
        })
    }

    fn path(&mut self, path: &[Link], entity: EntityId) -> Vec<Print> {
        path.iter()
            .map(|link| self.link(*link, Some(entity)))
            .collect()
    }

    /// A link with the tables at both its ends; where an area speaks depends on all that is known
    /// of areas.
    fn link(&mut self, link: Link, to: Option<EntityId>) -> Print {
        let from = match link {
            Link::Owner(relation) | Link::Target(relation) => self.relation(relation),
            Link::Household(entity) | Link::Area(entity) => self.entity(entity),
        };
        let end = to.map(|to| self.entity(to));
        let frame = to.and_then(|to| self.frames.entities.get(&to));
        let speaks = frame.filter(|_| matches!(link, Link::Area(_)));
        let mut speaks: Vec<(usize, bool)> = speaks
            .into_iter()
            .flat_map(EntityFrame::columns)
            .map(|(item, column)| (place(column), self.plan.urban_rural.contains(item)))
            .collect();
        speaks.sort_unstable();
        print("link", |p| (link, from, end, speaks).hash(p))
    }

    fn day(&self, day: &DayPart) -> (Option<domain::Day>, Option<Print>) {
        match day {
            DayPart::Fixed(day) => (*day, None),
            DayPart::Column(slot) => (None, self.slot(*slot)),
        }
    }

    fn key(&self, key: &KeyPart) -> (Option<u16>, Option<(Option<Print>, usize)>) {
        match key {
            KeyPart::Fixed(member) => (*member, None),
            KeyPart::Column(slot, size) => (None, Some((self.slot(*slot), *size))),
        }
    }
}

/// Where a column stands in memory.
fn place(column: &ArrayRef) -> usize {
    Arc::as_ptr(column).addr()
}

fn ints(array: &Int64Array) -> (usize, usize, Option<usize>) {
    let nulls = array.nulls().map(|nulls| nulls.buffer().as_ptr().addr());
    (array.values().as_ptr().addr(), array.len(), nulls)
}

fn complete(complete: &Complete, press: &mut Press) {
    let (kind, ids) = match complete {
        Complete::Nobody => (0_u8, None),
        Complete::Everybody => (1, None),
        Complete::Of(ids) => (2, Some(ids)),
        Complete::Except(ids) => (3, Some(ids)),
    };
    (kind, ids).hash(press);
}

/// What a parameter says on the day of the run, or on all days.
fn table(values: &ParamTable) -> Print {
    print("table", |p| {
        (values.den, &values.told).hash(p);
        match &values.written {
            Some(written) => {
                (&written.sizes, written.each).hash(p);
                let data = written.values.to_data();
                for buffer in data.buffers() {
                    buffer.as_slice().hash(p);
                }
                let known: Vec<bool> = (0..data.len()).map(|at| data.is_valid(at)).collect();
                (data.data_type(), known).hash(p);
            }
            None => format!("{:?}", values.param).hash(p),
        }
    })
}
