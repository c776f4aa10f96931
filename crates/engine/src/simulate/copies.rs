//! Copies of households in one set of tables, each copy a world of its own: so that many points of
//! an axis are judged in one run, and nobody's additional income is seen from another household.
//!
//! A world is a household with everybody the rules look at from it: its members, whom these lead to
//! (义务人), the households of those and their people; nothing further, because a file looks one step
//! only. Copy `n` carries the ids of its people plus `n` times the stride. Areas are shared.

use crate::error::Result;
use crate::frames::{Complete, EntityFrame, Frames, Record, RelationFrame, StatusFrame};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Int64Array, RecordBatch, UInt32Array,
};
use datafusion::arrow::compute::take;
use datafusion::arrow::datatypes::Int64Type;
use rules::Program;
use rules::plan::{EntityId, Home, RelId};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A household and everybody the rules look at from it.
#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub homes: BTreeSet<i64>,
    pub people: BTreeSet<i64>,
}

/// What every copy is made from.
pub(super) struct Mould<'a> {
    program: &'a Program,
    frames: &'a Frames,
    household: EntityId,
    person: EntityId,
    members: Vec<RelId>,
    kin: Vec<RelId>,
    /// Household and person, by rising household.
    residents: Vec<(i64, i64)>,
    stride: i64,
}

impl<'a> Mould<'a> {
    pub(super) fn new(
        program: &'a Program,
        frames: &'a Frames,
        (household, person): (EntityId, EntityId),
    ) -> Self {
        let leading = |owner: EntityId| -> Vec<RelId> {
            let all = (0..).map(RelId).zip(&program.dict.relations);
            all.filter(|(_, r)| r.owner == owner && r.target == Some(person))
                .map(|(id, _)| id)
                .collect()
        };
        let mut residents = Vec::new();
        let mut greatest = 0;
        for entity in [household, person] {
            let last = frames
                .entities
                .get(&entity)
                .and_then(|f| f.ids().values().last());
            greatest = greatest.max(last.copied().unwrap_or(0));
        }
        if let Some(frame) = frames.entities.get(&person) {
            let rows = frame.ids().values().iter().zip(frame.households().iter());
            residents.extend(rows.filter_map(|(id, home)| Some((home?, *id))));
        }
        residents.sort_unstable();
        Self {
            program,
            frames,
            household,
            person,
            members: leading(household),
            kin: leading(person),
            residents,
            stride: greatest.saturating_add(1),
        }
    }

    /// How far the ids of one copy are from those of the next.
    pub(super) fn stride(&self) -> i64 {
        self.stride
    }

    /// The world around a household.
    pub(super) fn world(&self, home: i64) -> World {
        let mut homes = BTreeSet::from([home]);
        let mut people = self.people_of(home);
        let mut related = BTreeSet::new();
        for person in &people {
            for relation in &self.kin {
                related.extend(self.targets(*relation, *person));
            }
        }
        homes.extend(related.iter().filter_map(|id| self.home_of(*id)));
        people.extend(related);
        for home in &homes {
            people.extend(self.people_of(*home));
        }
        World { homes, people }
    }

    /// Those a household lists, and those who say they belong to it.
    fn people_of(&self, home: i64) -> BTreeSet<i64> {
        let start = self.residents.partition_point(|(h, _)| *h < home);
        let end = self.residents.partition_point(|(h, _)| *h <= home);
        let own = self.residents.get(start..end).unwrap_or_default();
        let listed = self.members.iter().flat_map(|r| self.targets(*r, home));
        own.iter().map(|(_, id)| *id).chain(listed).collect()
    }

    fn home_of(&self, person: i64) -> Option<i64> {
        let frame = self.frames.entities.get(&self.person)?;
        let row = usize::try_from(frame.position(person)?).ok()?;
        let homes = frame.households();
        homes.is_valid(row).then(|| homes.value(row))
    }

    fn targets(&self, relation: RelId, owner: i64) -> Vec<i64> {
        let Some(frame) = self.frames.relations.get(&relation) else {
            return Vec::new();
        };
        let targets = frame.targets();
        let rows = rows_of(frame, owner);
        rows.filter(|row| targets.is_valid(*row))
            .map(|row| targets.value(row))
            .collect()
    }

    /// One copy of each world, in the order given.
    pub(super) fn cast(&self, worlds: &[&World]) -> Result<Frames> {
        let mut out = Frames::default();
        for (entity, frame) in &self.frames.entities {
            let frame = match self.ids(*entity) {
                Some(ids) => self.entity(frame, worlds, ids)?,
                None => frame.clone(),
            };
            out.entities.insert(*entity, frame);
        }
        for (relation, frame) in &self.frames.relations {
            let known = self.program.dict.relation_of(*relation);
            let ids = known.and_then(|r| self.ids(r.owner));
            let frame = match (known, ids) {
                (Some(known), Some(ids)) => {
                    let shifted = known.target.and_then(|t| self.ids(t)).is_some();
                    let by = if shifted { self.stride } else { 0 };
                    self.relation(frame, worlds, ids, by)?
                }
                _ => frame.clone(),
            };
            out.relations.insert(*relation, frame);
        }
        for (status, frame) in &self.frames.statuses {
            let ids = match self.program.item(*status).map(|i| i.home) {
                Some(Home::Entity(entity)) => self.ids(entity),
                Some(Home::Rows(_)) | None => None,
            };
            let frame = match ids {
                Some(ids) => self.status(frame, worlds, ids)?,
                None => frame.clone(),
            };
            out.statuses.insert(*status, frame);
        }
        Ok(out)
    }

    /// Which ids of a world an entity's are; none for those that are shared.
    fn ids(&self, entity: EntityId) -> Option<fn(&World) -> &BTreeSet<i64>> {
        match entity {
            e if e == self.household => Some(|world| &world.homes),
            e if e == self.person => Some(|world| &world.people),
            _ => None,
        }
    }

    /// Every id of every copy with its shift.
    fn each<'w>(
        &self,
        worlds: &'w [&World],
        ids: fn(&World) -> &BTreeSet<i64>,
    ) -> impl Iterator<Item = (i64, i64)> + 'w {
        let stride = self.stride;
        (0_i64..).zip(worlds).flat_map(move |(copy, world)| {
            let shift = stride.saturating_mul(copy);
            ids(world).iter().map(move |id| (*id, shift))
        })
    }

    fn entity(
        &self,
        frame: &EntityFrame,
        worlds: &[&World],
        ids: fn(&World) -> &BTreeSet<i64>,
    ) -> Result<EntityFrame> {
        let (mut rows, mut new, mut shifts) = (Vec::new(), Vec::new(), Vec::new());
        for (id, shift) in self.each(worlds, ids) {
            // Whom a list names and the tables do not know is nobody in a copy too.
            if let Some(row) = frame.position(id) {
                rows.push(row);
                new.push(id.saturating_add(shift));
                shifts.push(shift);
            }
        }
        let rows = UInt32Array::from(rows);
        let some = |array: &ArrayRef| take(array, &rows, None);
        let areas = take(frame.areas(), &rows, None)?;
        let homes = take(frame.households(), &rows, None)?;
        let homes = homes.as_primitive::<Int64Type>().iter().zip(&shifts);
        let homes: Int64Array = homes
            .map(|(home, shift)| home.map(|home| home.saturating_add(*shift)))
            .collect();
        let mut out = EntityFrame::new(new)?
            .with_areas(areas.as_string::<i32>().clone())
            .with_households(homes);
        for (item, column) in frame.columns() {
            out.set(*item, some(column)?);
        }
        for record in frame.records() {
            out.record(Record {
                values: some(&record.values)?,
                dens: record.dens.as_ref().map(some).transpose()?,
                ..record.clone()
            });
        }
        Ok(out)
    }

    fn relation(
        &self,
        frame: &RelationFrame,
        worlds: &[&World],
        ids: fn(&World) -> &BTreeSet<i64>,
        by: i64,
    ) -> Result<RelationFrame> {
        let (mut rows, mut owners, mut targets) = (Vec::new(), Vec::new(), Vec::new());
        for (id, shift) in self.each(worlds, ids) {
            let shift_target = if by == 0 { 0 } else { shift };
            for row in rows_of(frame, id) {
                let target = frame.targets();
                let target = target.is_valid(row).then(|| target.value(row));
                rows.push(u32::try_from(row).unwrap_or(u32::MAX));
                owners.push(Some(id.saturating_add(shift)));
                targets.push(target.map(|t| t.saturating_add(shift_target)));
            }
        }
        let rows = UInt32Array::from(rows);
        let owners: ArrayRef = Arc::new(Int64Array::from(owners));
        let targets: ArrayRef = Arc::new(Int64Array::from(targets));
        let ends = [("owner_id", owners, true), ("target_id", targets, true)];
        let batch = RecordBatch::try_from_iter_with_nullable(ends)?;
        let complete = self.complete(frame.complete(), worlds, ids);
        let mut out = RelationFrame::from_batch(&batch, complete)?;
        for (item, column) in frame.columns() {
            out.set(*item, take(column, &rows, None)?);
        }
        Ok(out)
    }

    fn status(
        &self,
        frame: &StatusFrame,
        worlds: &[&World],
        ids: fn(&World) -> &BTreeSet<i64>,
    ) -> Result<StatusFrame> {
        let (mut holders, mut from, mut to) = (Vec::new(), Vec::new(), Vec::new());
        for (id, shift) in self.each(worlds, ids) {
            for (start, end) in frame.periods_of(id) {
                holders.push(id.saturating_add(shift));
                from.push(start);
                to.push(end);
            }
        }
        StatusFrame::new(
            Int64Array::from(holders),
            Date32Array::from(from),
            Date32Array::from(to),
            self.complete(frame.complete(), worlds, ids),
        )
        .map(|copy| copy.known_from(frame.begins()))
    }

    /// Whose list is complete in the copies.
    fn complete(
        &self,
        of: &Complete,
        worlds: &[&World],
        ids: fn(&World) -> &BTreeSet<i64>,
    ) -> Complete {
        let copied = |wanted: &BTreeSet<i64>| {
            let each = self.each(worlds, ids);
            each.filter(|(id, _)| wanted.contains(id))
                .map(|(id, shift)| id.saturating_add(shift))
                .collect()
        };
        match of {
            Complete::Nobody => Complete::Nobody,
            Complete::Everybody => Complete::Everybody,
            Complete::Of(wanted) => Complete::Of(copied(wanted)),
            Complete::Except(wanted) => Complete::Except(copied(wanted)),
        }
    }
}

/// Rows of an owner, in their order.
fn rows_of(frame: &RelationFrame, owner: i64) -> std::ops::Range<usize> {
    let owners = frame.owners().values();
    let start = owners.partition_point(|o| *o < owner);
    start..owners.partition_point(|o| *o <= owner)
}
