//! Random people of a program: every fact, list, roll and record that its rules may read.

use super::{Cluster, Dice};
use crate::compile::column_type;
use crate::compile::number::fact_den;
use crate::error::Result;
use crate::frames::{Complete, EntityFrame, Frames, Record, RelationFrame, StatusFrame};
use crate::run::column;
use datafusion::arrow::array::{ArrayRef, Date32Array, Int64Array, StringArray};
use domain::{Day, Month};
use rules::Program;
use rules::plan::{Body, EntityId, Home, Item, ItemId, RelId, Type};
use rules::situation::Moments;
use rules::value::{Ratio, Value};
use std::collections::{BTreeMap, BTreeSet};

/// Random people.
#[derive(Clone, Debug)]
pub struct Population {
    /// As tables.
    pub frames: Frames,
    /// Who knows whom.
    pub clusters: Vec<Cluster>,
}

/// Id and code of the area above all clusters.
const COUNTY: (i64, &str) = (990_101, "990101");

/// Random people for a program: `clusters` of them, with what `history` asks for.
///
/// # Errors
/// Never for a checked program.
pub fn generate(
    program: &Program,
    moments: Moments,
    history: &[(ItemId, Option<Day>)],
    clusters: usize,
    seed: u64,
) -> Result<Population> {
    let mut maker = Maker {
        program,
        moments,
        dice: Dice::new(seed),
    };
    let clusters: Vec<Cluster> = (1..).take(clusters).map(|no| maker.cluster(no)).collect();
    let mut frames = Frames::default();
    for at in 0..program.dict.entities.len() {
        let entity = EntityId(u32::try_from(at).unwrap_or(u32::MAX));
        let frame = maker.entity(entity, &clusters, history)?;
        frames.entities.insert(entity, frame);
    }
    for at in 0..program.dict.relations.len() {
        let relation = RelId(u32::try_from(at).unwrap_or(u32::MAX));
        if let Some(frame) = maker.relation(relation, &clusters)? {
            frames.relations.insert(relation, frame);
        }
    }
    for (id, item) in (0..).map(ItemId).zip(&program.items) {
        if let (Body::Status, Home::Entity(entity)) = (&item.body, item.home) {
            frames.statuses.insert(id, maker.status(entity, &clusters)?);
        }
    }
    Ok(Population { frames, clusters })
}

struct Maker<'p> {
    program: &'p Program,
    moments: Moments,
    dice: Dice,
}

impl Maker<'_> {
    fn cluster(&mut self, number: i64) -> Cluster {
        let mut ids = BTreeMap::new();
        for (at, name) in self.program.dict.entities.iter().enumerate() {
            let entity = EntityId(u32::try_from(at).unwrap_or(u32::MAX));
            let count = match name.as_str() {
                "个人" => 1 + self.dice.below(6),
                "家庭" => 1 + self.dice.below(2),
                "地区" => 2,
                _ => 1,
            };
            let first = number.saturating_mul(100);
            let ids_of = (0..i64::try_from(count).unwrap_or(1)).map(|k| first.saturating_add(k));
            let ids_of: Vec<i64> = if name == "地区" {
                let area = |id: i64| COUNTY.0.saturating_mul(1_000_000_000).saturating_add(id);
                std::iter::once(COUNTY.0).chain(ids_of.map(area)).collect()
            } else {
                ids_of.collect()
            };
            ids.insert(entity, ids_of);
        }
        Cluster { ids }
    }

    fn is(&self, entity: EntityId, name: &str) -> bool {
        self.program.dict.entity_name(entity) == name
    }

    /// The code of an area of a cluster: each lies in the one before.
    fn code(&self, id: i64) -> String {
        if id == COUNTY.0 {
            return COUNTY.1.to_owned();
        }
        let own = id.rem_euclid(1_000_000_000);
        let cluster = own.div_euclid(100);
        // Beyond a thousand clusters there are no codes left; any text no other begins with will do.
        let township = if cluster < 1_000 {
            format!("{}{cluster:03}", COUNTY.1)
        } else {
            format!("{}x{cluster:07}", COUNTY.1)
        };
        if own.rem_euclid(100) == 0 {
            township
        } else {
            format!("{township}{:03}", own.rem_euclid(100))
        }
    }

    /// Id, area code and household of the instances of a cluster.
    fn places(
        &mut self,
        entity: EntityId,
        cluster: &Cluster,
        rows: &mut Vec<(i64, String, Option<i64>)>,
    ) {
        let (is_area, is_person) = (self.is(entity, "地区"), self.is(entity, "个人"));
        let of = |name: &str| {
            let ids = self
                .program
                .dict
                .entity(name)
                .and_then(|e| cluster.ids.get(&e));
            ids.map_or(&[][..], Vec::as_slice)
        };
        let (areas, households) = (of("地区"), of("家庭"));
        for id in cluster.ids.get(&entity).into_iter().flatten() {
            let area = if is_area {
                self.code(*id)
            } else if !is_calm(*id) && self.dice.chance(8) {
                String::new()
            } else {
                self.dice
                    .pick(areas)
                    .map_or(String::new(), |area| self.code(area))
            };
            let housed = is_person && self.dice.chance(88);
            let household = if housed {
                self.dice.pick(households)
            } else {
                None
            };
            rows.push((*id, area, household));
        }
    }

    fn entity(
        &mut self,
        entity: EntityId,
        clusters: &[Cluster],
        history: &[(ItemId, Option<Day>)],
    ) -> Result<EntityFrame> {
        let mut rows = Vec::new();
        for cluster in clusters {
            self.places(entity, cluster, &mut rows);
        }
        rows.sort_by_key(|(id, ..)| *id);
        // Every cluster lies in the one county.
        rows.dedup_by_key(|(id, ..)| *id);
        let mut frame = EntityFrame::new(rows.iter().map(|(id, ..)| *id).collect())?
            .with_areas(
                rows.iter()
                    .map(|(_, a, _)| (!a.is_empty()).then_some(a))
                    .collect::<StringArray>(),
            )
            .with_households(rows.iter().map(|(.., h)| *h).collect::<Int64Array>());
        let program = self.program;
        for (id, item) in (0..).map(ItemId).zip(&program.items) {
            let built_in = item.name == "有户" || item.ty == Type::Area;
            let is_fact = item.home == Home::Entity(entity) && matches!(item.body, Body::Fact);
            if is_fact
                && !built_in
                && let Some(column) = self.column(item, frame.ids().values())
            {
                frame.set(id, column);
            }
        }
        for (id, day) in history {
            self.records(&mut frame, entity, *id, *day);
        }
        Ok(frame)
    }

    fn records(&mut self, frame: &mut EntityFrame, entity: EntityId, id: ItemId, day: Option<Day>) {
        let Some(item) = self
            .program
            .item(id)
            .filter(|i| i.home == Home::Entity(entity))
        else {
            return;
        };
        let days = match day {
            Some(day) => vec![day],
            None => vec![
                self.moments.month.prev().last(),
                self.moments.month.add(-2).last(),
            ],
        };
        for day in days {
            if let Some(values) = self.column(item, frame.ids().values()) {
                let month = Month::containing(day);
                let (from, to) = (Some(month.first()), Some(month.last()));
                frame.record(Record {
                    item: id,
                    from,
                    to,
                    values,
                    dens: None,
                });
            }
        }
    }

    fn relation(&mut self, id: RelId, clusters: &[Cluster]) -> Result<Option<RelationFrame>> {
        let program = self.program;
        let Some(relation) = program.dict.relation_of(id) else {
            return Ok(None);
        };
        let (mut owners, mut targets) = (Vec::new(), Vec::new());
        let mut incomplete = BTreeSet::new();
        for cluster in clusters {
            let owners_here = cluster.ids.get(&relation.owner).into_iter().flatten();
            for owner in owners_here.filter(|id| **id != COUNTY.0) {
                let most = u64::from(relation.at_most).min(6);
                let none = if is_calm(*owner) && relation.target.is_none() {
                    85
                } else {
                    15
                };
                let rows = if self.dice.chance(none) {
                    0
                } else {
                    self.dice.below(most.saturating_add(1))
                };
                let known = relation.target.and_then(|t| cluster.ids.get(&t));
                for _ in 0..rows {
                    let target = known.and_then(|ids| self.dice.pick(ids));
                    owners.push(*owner);
                    targets.push(target.filter(|_| self.dice.chance(92)));
                }
                if self.dice.chance(if is_calm(*owner) { 0 } else { 20 }) {
                    incomplete.insert(*owner);
                }
            }
        }
        if self.program.dict.entity("地区") == Some(relation.owner) {
            incomplete.insert(COUNTY.0);
        }
        let ids = owners.clone();
        let complete = Complete::Except(incomplete);
        let (owners, targets) = (Int64Array::from(owners), Int64Array::from(targets));
        let mut frame = RelationFrame::new(owners, targets, complete)?;
        for (item_id, item) in (0..).map(ItemId).zip(&program.items) {
            if item.home == Home::Rows(id)
                && matches!(item.body, Body::Column)
                && let Some(column) = self.column(item, &ids)
            {
                frame.set(item_id, column);
            }
        }
        Ok(Some(frame))
    }

    fn status(&mut self, entity: EntityId, clusters: &[Cluster]) -> Result<StatusFrame> {
        let (mut holders, mut froms, mut tos) = (Vec::new(), Vec::new(), Vec::new());
        let mut complete = BTreeSet::new();
        let all = clusters.iter().flat_map(|c| c.ids.get(&entity)).flatten();
        for id in all.filter(|id| **id != COUNTY.0) {
            if self.dice.chance(if is_calm(*id) { 100 } else { 80 }) {
                complete.insert(*id);
            }
            let mut day = self
                .moments
                .base
                .epoch_days()
                .saturating_sub(self.days_up_to(900));
            let none = is_calm(*id) && self.dice.chance(80);
            for _ in 0..if none { 0 } else { self.dice.below(4) } {
                let last = day.saturating_add(self.days_up_to(500));
                let open = self.dice.chance(15);
                holders.push(*id);
                froms.push(day);
                tos.push((!open).then_some(last));
                if open {
                    break;
                }
                day = last.saturating_add(1).saturating_add(self.days_up_to(200));
            }
        }
        let known_from = self.dice.chance(50).then(|| {
            let days = self.days_up_to(900);
            Day::from_epoch_days(self.moments.base.epoch_days().saturating_sub(days))
        });
        let known_from = known_from.flatten();
        let (froms, tos) = (Date32Array::from(froms), Date32Array::from(tos));
        StatusFrame::new(
            Int64Array::from(holders),
            froms,
            tos,
            Complete::Of(complete),
        )
        .map(|frame| frame.known_from(known_from))
    }

    fn days_up_to(&mut self, most: u64) -> i32 {
        i32::try_from(self.dice.below(most)).unwrap_or(0)
    }

    fn column(&mut self, item: &Item, ids: &[i64]) -> Option<ArrayRef> {
        let missing = self.dice.pick(&[0, 2, 5, 15, 60])?;
        let values: Vec<Value> = ids
            .iter()
            .map(|id| {
                let calm = is_calm(*id);
                let missing = if calm { 0 } else { missing };
                if self.dice.chance(missing) {
                    Value::Unknown
                } else {
                    self.value(item, calm)
                }
            })
            .collect();
        column(&values, &column_type(item.ty)?, fact_den(item.bounds))
    }

    fn value(&mut self, item: &Item, calm: bool) -> Value {
        let members = |e| self.program.dict.enum_of(e).map_or(0, |e| e.members.len());
        match item.ty {
            Type::Num(_) => {
                let (min, max) = item
                    .bounds
                    .map_or((0, 1_000_000), |b| (b.num_min, b.num_max));
                let den = i128::from(fact_den(item.bounds));
                let num = if calm && self.dice.chance(60) {
                    0_i128.clamp(min, max)
                } else if calm {
                    let few = den.saturating_mul(100_000);
                    self.dice.number(min.max(0).min(max), max.min(few).max(min))
                } else {
                    self.dice.number(min, max)
                };
                Ratio::new(num, den).map_or(Value::Unknown, Value::Num)
            }
            Type::Bool => Value::Bool(self.dice.chance(if calm { 15 } else { 50 })),
            Type::Day => Value::Day(self.day()),
            Type::Enum(e) => {
                let names = self
                    .program
                    .dict
                    .enum_of(e)
                    .map_or(&[][..], |e| e.members.as_slice());
                let usual = names.iter().position(|name| name == "无").unwrap_or(0);
                let at = if calm && self.dice.chance(60) {
                    usual
                } else {
                    self.dice.place(names.len())
                };
                Value::Sym(u16::try_from(at).unwrap_or(0))
            }
            Type::Set(e) => {
                let end = 1_u64
                    .checked_shl(u32::try_from(members(e)).unwrap_or(64))
                    .unwrap_or(0);
                Value::Set(self.dice.below(end))
            }
            Type::Area => Value::Unknown,
        }
    }

    /// Days near the run, at the ends of months, birthdays of ages that matter.
    fn day(&mut self) -> Day {
        let base = self.moments.base;
        let near = |days: i64| base.add_days(days).unwrap_or(base);
        match self.dice.below(6) {
            0 => near(i64::from(self.days_up_to(70)) - 35),
            1 => near(-i64::from(self.days_up_to(400))),
            2 => Month::containing(base).add(-self.days_up_to(1_000)).last(),
            3 => Month::containing(base).add(-self.days_up_to(1_000)).first(),
            _ => near(-i64::from(self.days_up_to(36_500))),
        }
    }
}

/// Every other cluster is calm: nothing is missing, most is zero, 否 or 无, so that some are 符合.
fn is_calm(id: i64) -> bool {
    id.div_euclid(100).rem_euclid(2) == 0
}
