//! Ids become places once: who owns a row, whom it leads to, which household, which area.

use crate::compile::layout::{Link, Step};
use crate::compile::stages::inputs_read;
use crate::compile::{Compiled, shown};
use crate::error::Result;
use crate::frames::{Complete, EntityFrame, Frames};
use datafusion::arrow::array::{Array, ArrayRef, Int64Array, StringArray, UInt32Array};
use datafusion::arrow::compute::take;
use rules::plan::{EntityId, Home, RelId};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The rows of a relation whose owner is in its table.
pub(crate) struct RowPlaces {
    /// Rows left when some had to be dropped.
    kept: Option<UInt32Array>,
    /// Ids of the owners and of whom the rows lead to.
    pub(crate) owner_ids: Int64Array,
    pub(crate) target_ids: Int64Array,
    owners: Arc<UInt32Array>,
    targets: Arc<UInt32Array>,
    /// Where the rows of each owner begin; one more for the end.
    pub(crate) starts: Vec<u32>,
    /// Whether the list of each owner is complete.
    pub(crate) complete: Vec<bool>,
}

/// Area codes of a table, each text once.
pub(crate) struct AreaCodes {
    pub(crate) codes: Vec<String>,
    /// Which code each row has.
    pub(crate) of: Vec<u32>,
}

/// Places of everything in a run.
pub(crate) struct Places<'a> {
    frames: &'a Frames,
    rows: BTreeMap<RelId, RowPlaces>,
    areas: BTreeMap<EntityId, Arc<AreaCodes>>,
    along: HashMap<(Link, EntityId), Arc<UInt32Array>>,
    above: HashMap<(EntityId, EntityId), Vec<Vec<u32>>>,
    speaks: HashMap<EntityId, Vec<bool>>,
    silent: Vec<rules::plan::ItemId>,
    owners: Vec<(EntityId, Option<EntityId>)>,
}

impl<'a> Places<'a> {
    /// Of the tables of a run.
    pub(crate) fn new(plan: &Compiled, frames: &'a Frames) -> Self {
        let used = used(plan);
        let mut rows = BTreeMap::new();
        for (at, relation) in plan.relations.iter().enumerate() {
            let id = RelId(u32::try_from(at).unwrap_or(u32::MAX));
            if used.contains(&id) {
                rows.insert(id, row_places(frames, id, relation.owner, relation.target));
            }
        }
        let areas = frames
            .entities
            .iter()
            .map(|(id, f)| (*id, Arc::new(area_codes(f.areas()))))
            .collect();
        let owners = plan.relations.iter().map(|r| (r.owner, r.target)).collect();
        Self {
            frames,
            rows,
            areas,
            along: HashMap::new(),
            above: HashMap::new(),
            speaks: HashMap::new(),
            silent: plan.urban_rural.clone(),
            owners,
        }
    }

    /// How many rows a table has.
    pub(crate) fn count(&self, home: Home) -> usize {
        match home {
            Home::Entity(e) => self.frames.entities.get(&e).map_or(0, EntityFrame::len),
            Home::Rows(r) => self.rows.get(&r).map_or(0, |rows| rows.owner_ids.len()),
        }
    }

    /// A column of a relation, without the rows whose owner is in no table.
    pub(crate) fn rows_kept(&self, id: RelId, column: &ArrayRef) -> Result<ArrayRef> {
        match self.rows.get(&id).and_then(|rows| rows.kept.as_ref()) {
            Some(kept) => Ok(take(column, kept, None)?),
            None => Ok(Arc::clone(column)),
        }
    }

    pub(crate) fn rows(&self, id: RelId) -> Option<&RowPlaces> {
        self.rows.get(&id)
    }

    pub(crate) fn area_codes(&self, entity: EntityId) -> Option<Arc<AreaCodes>> {
        self.areas.get(&entity).cloned()
    }

    /// Places of the owners of a table's rows; none when the table is an entity's.
    pub(crate) fn owners(&self, home: Home) -> Option<Arc<UInt32Array>> {
        match home {
            Home::Entity(_) => None,
            Home::Rows(r) => self.rows.get(&r).map(|rows| Arc::clone(&rows.owners)),
        }
    }

    /// The entity an inner link leads to; the last link of a path leads to `last`.
    pub(crate) fn leads_to(&self, link: Link, last: EntityId) -> EntityId {
        let ends = |r: RelId| self.owners.get(r.at());
        match link {
            Link::Owner(r) => ends(r).map_or(last, |(owner, _)| *owner),
            Link::Target(r) => ends(r).and_then(|(_, target)| *target).unwrap_or(last),
            Link::Household(_) | Link::Area(_) => last,
        }
    }

    /// Places along a link in the table it leads to; null where there is nobody.
    pub(crate) fn along(&mut self, link: Link, to: EntityId) -> Arc<UInt32Array> {
        let none = || Arc::new(UInt32Array::new_null(0));
        match link {
            Link::Owner(r) => self
                .rows
                .get(&r)
                .map_or_else(none, |rows| Arc::clone(&rows.owners)),
            Link::Target(r) => self
                .rows
                .get(&r)
                .map_or_else(none, |rows| Arc::clone(&rows.targets)),
            Link::Household(of) => {
                if let Some(known) = self.along.get(&(link, to)) {
                    return Arc::clone(known);
                }
                let households = self.frames.entities.get(&of).map(EntityFrame::households);
                let places = households.map(|ids| places_of(ids, self.frames.entities.get(&to)));
                let places = Arc::new(places.unwrap_or_else(|| UInt32Array::new_null(0)));
                self.along.insert((link, to), Arc::clone(&places));
                places
            }
            Link::Area(of) => self.areas(of, to, None),
        }
    }

    /// 本地: the place of the nearest area upward that knows all of `columns`, or, without columns,
    /// of the nearest that says anything at all; else of the nearest.
    pub(crate) fn areas(
        &mut self,
        of: EntityId,
        to: EntityId,
        columns: Option<&[ArrayRef]>,
    ) -> Arc<UInt32Array> {
        if columns.is_none()
            && let Some(known) = self.along.get(&(Link::Area(of), to))
        {
            return Arc::clone(known);
        }
        self.look_upward(of, to);
        let (Some(codes), Some(above)) = (self.areas.get(&of), self.above.get(&(of, to))) else {
            return Arc::new(UInt32Array::new_null(0));
        };
        let speaks = self.speaks.get(&to);
        let suits = |at: u32| -> bool {
            let at = usize::try_from(at).unwrap_or(usize::MAX);
            match columns {
                Some(columns) => columns.iter().all(|c| at < c.len() && c.is_valid(at)),
                None => speaks.and_then(|s| s.get(at)).copied().unwrap_or(false),
            }
        };
        let chosen: Vec<Option<u32>> = above
            .iter()
            .map(|up| {
                up.iter()
                    .copied()
                    .find(|at| suits(*at))
                    .or_else(|| up.first().copied())
            })
            .collect();
        let places: UInt32Array = codes
            .of
            .iter()
            .map(|code| chosen.get(usize::try_from(*code).ok()?).copied().flatten())
            .collect();
        let places = Arc::new(places);
        if columns.is_none() {
            self.along.insert((Link::Area(of), to), Arc::clone(&places));
        }
        places
    }

    /// For each code of a table, the areas it lies in, the nearest first; an area lies in those
    /// above it.
    fn look_upward(&mut self, of: EntityId, to: EntityId) {
        if self.above.contains_key(&(of, to)) {
            return;
        }
        let (Some(codes), Some(frame)) = (self.areas.get(&of), self.frames.entities.get(&to))
        else {
            return;
        };
        let known: HashMap<&str, u32> = frame
            .areas()
            .iter()
            .zip(0_u32..)
            .filter_map(|(code, at)| Some((code.filter(|c| !c.is_empty())?, at)))
            .collect();
        let upward = |code: &String| {
            let longest = if of == to {
                code.len().saturating_sub(1)
            } else {
                code.len()
            };
            let ends = (1..=longest).rev();
            ends.filter_map(|end| known.get(code.get(..end)?).copied())
                .collect()
        };
        let above = codes.codes.iter().map(upward).collect();
        let mut speaks = vec![false; frame.len()];
        for (item, column) in frame.columns() {
            if self.silent.contains(item) {
                continue;
            }
            for (at, speaks) in speaks.iter_mut().enumerate() {
                *speaks |= at < column.len() && column.is_valid(at);
            }
        }
        self.above.insert((of, to), above);
        self.speaks.insert(to, speaks);
    }
}

/// The relations a run walks along, adds up or shows.
pub(crate) fn used(plan: &Compiled) -> BTreeSet<RelId> {
    let mut used = BTreeSet::new();
    let mut of_home = |home: Home| {
        if let Home::Rows(relation) = home {
            used.insert(relation);
        }
    };
    plan.tables.iter().for_each(|table| of_home(table.home));
    let read = inputs_read(&plan.stages, &plan.steps, &shown(&plan.tables));
    let read = read.iter().filter_map(|slot| plan.slots.get(slot.0));
    read.for_each(|slot| of_home(slot.home));
    let mut of_links = |links: &[Link]| {
        for link in links {
            if let Link::Owner(relation) | Link::Target(relation) = link {
                of_home(Home::Rows(*relation));
            }
        }
    };
    let run = plan.stages.iter().flat_map(|stage| &stage.steps);
    let mut totals = Vec::new();
    for step in run.filter_map(|(at, _)| plan.steps.get(*at)) {
        match step {
            Step::Gather { link, .. } => of_links(std::slice::from_ref(link)),
            Step::Status { path, .. } | Step::Ever { path, .. } | Step::Recorded { path, .. } => {
                of_links(path);
            }
            Step::Aggregate(total) => totals.push(total.relation),
            Step::Input { .. } | Step::Project { .. } | Step::Lookup { .. } => {}
        }
    }
    plan.stages.iter().for_each(|stage| of_home(stage.home));
    used.extend(totals);
    used
}

/// Where ids stand in a table. Ids mostly come in the table's own order, so the place after the
/// last one found is tried before the table is searched.
fn places_of(ids: &Int64Array, frame: Option<&EntityFrame>) -> UInt32Array {
    let Some(frame) = frame else {
        return UInt32Array::new_null(ids.len());
    };
    let known = frame.ids().values();
    let mut near = 0_usize;
    ids.iter()
        .map(|id| {
            let id = id?;
            let next = near.saturating_add(1);
            if known.get(near) != Some(&id) {
                near = if known.get(next) == Some(&id) {
                    next
                } else {
                    known.binary_search(&id).ok()?
                };
            }
            u32::try_from(near).ok()
        })
        .collect()
}

fn area_codes(areas: &StringArray) -> AreaCodes {
    let mut known: HashMap<Code<'_>, u32> = HashMap::new();
    let mut codes = Vec::new();
    let mut of = Vec::with_capacity(areas.len());
    let mut last: Option<(Code<'_>, u32)> = None;
    for area in areas {
        let text = area.unwrap_or("");
        let code = Code::of(text);
        let at = match last {
            Some((before, at)) if before == code => at,
            Some(_) | None => {
                let next = u32::try_from(codes.len()).unwrap_or(u32::MAX);
                let at = *known.entry(code).or_insert(next);
                if at == next {
                    codes.push(text.to_owned());
                }
                at
            }
        };
        last = Some((code, at));
        of.push(at);
    }
    AreaCodes { codes, of }
}

/// An area code to compare: as one number where it is short, which all real ones are.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Code<'a> {
    Short(u128),
    Long(&'a str),
}

impl<'a> Code<'a> {
    fn of(text: &'a str) -> Self {
        let bytes = text.as_bytes();
        // The length is part of the number, so that no two texts share one.
        match u8::try_from(bytes.len()) {
            Ok(length) if length < 16 => {
                let packed = bytes.iter().fold(0_u128, |n, b| n << 8 | u128::from(*b));
                Self::Short(packed << 8 | u128::from(length))
            }
            Ok(_) | Err(_) => Self::Long(text),
        }
    }
}

fn row_places(frames: &Frames, id: RelId, owner: EntityId, target: Option<EntityId>) -> RowPlaces {
    let owners = frames.entities.get(&owner);
    let count = owners.map_or(0, EntityFrame::len);
    let nobody = || Int64Array::new_null(0);
    let frame = frames.relations.get(&id);
    let owner_ids = frame.map_or_else(nobody, |f| f.owners().clone());
    let target_ids = frame.map_or_else(nobody, |f| f.targets().clone());
    let places = places_of(&owner_ids, owners);
    let (kept, places, owner_ids, target_ids) = if places.null_count() == 0 {
        (None, places, owner_ids, target_ids)
    } else {
        let kept: UInt32Array = (0_u32..)
            .zip(places.iter())
            .filter_map(|(at, place)| place.map(|_| at))
            .collect();
        let ids = |ids: &Int64Array| -> Int64Array {
            ids.iter()
                .zip(places.iter())
                .filter_map(|(id, place)| place.map(|_| id))
                .collect()
        };
        let (owner_ids, target_ids) = (ids(&owner_ids), ids(&target_ids));
        (
            Some(kept),
            places.iter().flatten().collect(),
            owner_ids,
            target_ids,
        )
    };
    let mut starts = vec![0_u32; count.saturating_add(1)];
    for place in places.values() {
        let next = usize::try_from(*place)
            .unwrap_or(usize::MAX)
            .saturating_add(1);
        if let Some(rows) = starts.get_mut(next) {
            *rows = rows.saturating_add(1);
        }
    }
    let mut so_far = 0_u32;
    for start in &mut starts {
        so_far = so_far.saturating_add(*start);
        *start = so_far;
    }
    let targets = places_of(&target_ids, target.and_then(|t| frames.entities.get(&t)));
    let nobody = Complete::Nobody;
    let said = frame.map_or(&nobody, |f| f.complete());
    let complete = match said {
        Complete::Everybody => vec![true; count],
        Complete::Nobody => vec![false; count],
        Complete::Of(_) | Complete::Except(_) => owners
            .map(|f| f.ids().values().iter().map(|id| said.holds(*id)).collect())
            .unwrap_or_default(),
    };
    RowPlaces {
        kept,
        owner_ids,
        target_ids,
        owners: Arc::new(places),
        targets: Arc::new(targets),
        starts,
        complete,
    }
}
