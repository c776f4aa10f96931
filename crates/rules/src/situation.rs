//! What is known of one household, person or area, and of the few others its rules look at.
//!
//! It holds values and where they came from. It never judges, and never fills a gap: what nobody
//! said stays unknown, and a list that was not given is incomplete.

use crate::plan::{EntityId, ItemId, RelId};
use crate::value::Value;
use domain::{Day, Month};

macro_rules! place {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub struct $name(pub u32);
        impl $name {
            /// Place in its table.
            pub fn at(self) -> usize {
                usize::try_from(self.0).unwrap_or(usize::MAX)
            }
        }
    };
}
place!(
    /// A household, a person, an area of the situation.
    InstanceId
);
place!(
    /// A list of the situation: the rows of one relation of one owner.
    ListId
);

/// 来源: the record a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRef {
    /// Row of the lake: batch × 2^32 + row.
    pub row_id: i64,
    /// Feed id.
    pub feed: String,
    /// Period of the feed: `2026-08`.
    pub period: String,
}

/// 已知的值: a fact, or a quantity that somebody gave (a case table, an imported result).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The quantity.
    pub item: ItemId,
    /// Its value; may be unknown (？).
    pub value: Value,
    /// Where it came from.
    pub source: Option<SourceRef>,
}

/// 身份时段: a status held from one day to another (open when `to` is none).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusPeriod {
    /// The status.
    pub status: ItemId,
    /// First day.
    pub from: Day,
    /// Last day.
    pub to: Option<Day>,
}

/// 历史记录: what was recorded for the days from `from` to `to`; none is without end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// The quantity.
    pub item: ItemId,
    /// First day.
    pub from: Option<Day>,
    /// Last day.
    pub to: Option<Day>,
    /// What was recorded.
    pub value: Value,
}

impl Record {
    /// Whether it speaks of the day.
    pub fn covers(&self, day: Day) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}

/// 一个对象: a household, person or area with all that is known of it.
#[derive(Clone, Debug)]
pub struct Instance {
    /// What it is.
    pub entity: EntityId,
    /// The office's number for it (`PersonId`, `HouseholdId`); 0 in a case table.
    pub key: i64,
    /// Its area code; empty when unknown.
    pub area: String,
    /// 城乡, by the member's place; none when unknown.
    pub urban_rural: Option<u16>,
    /// 本户
    pub household: Option<InstanceId>,
    /// 本地: the nearest area.
    pub home_area: Option<InstanceId>,
    /// Facts and given quantities.
    pub given: Vec<Given>,
    /// Statuses held, now or in the past.
    pub periods: Vec<StatusPeriod>,
    /// Statuses for which `periods` is complete, and from which day on (none: always).
    pub complete_statuses: Vec<(ItemId, Option<Day>)>,
    /// Whether `periods` is complete for every status.
    pub all_statuses_complete: bool,
    /// What was recorded for other days (当时).
    pub history: Vec<Record>,
    /// Given answers to 曾, whatever the days.
    pub ever: Vec<(ItemId, Value)>,
    lists: Vec<(RelId, ListId)>,
}

/// 一行: a row of a list.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// The instance it leads to; none for the rows of a feed, or when nobody knows who it is.
    pub target: Option<InstanceId>,
    /// Its columns and given quantities.
    pub given: Vec<Given>,
}

/// 一份名单: the rows of one relation of one owner.
#[derive(Clone, Debug)]
pub struct Rows {
    /// The relation.
    pub relation: RelId,
    /// Whose rows.
    pub owner: InstanceId,
    /// The rows.
    pub rows: Vec<Row>,
    /// Whether the source answered for all of them.
    pub complete: bool,
}

/// 情况: all that the rules may look at for one judgement.
#[derive(Clone, Debug, Default)]
pub struct Situation {
    instances: Vec<Instance>,
    lists: Vec<Rows>,
    params: Vec<(ItemId, Value)>,
}

/// 日期: the named days of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moments {
    /// 基准日: 月初 in a monthly run, 受理日 in a case.
    pub base: Day,
    /// The month judged.
    pub month: Month,
    /// 受理日; unknown outside a case.
    pub acceptance: Option<Day>,
    /// 认定日; unknown outside a case.
    pub decision: Option<Day>,
}

impl Moments {
    /// A monthly run: 基准日 is the first of the month.
    pub fn monthly(month: Month) -> Self {
        Self {
            base: month.first(),
            month,
            acceptance: None,
            decision: None,
        }
    }

    /// A case: 基准日 is 受理日; the month is the one it falls in.
    pub fn case(acceptance: Day, decision: Option<Day>) -> Self {
        Self {
            base: acceptance,
            month: Month::containing(acceptance),
            acceptance: Some(acceptance),
            decision,
        }
    }
}

fn put(given: &mut Vec<Given>, item: ItemId, value: Value, source: Option<SourceRef>) {
    match given.iter_mut().find(|g| g.item == item) {
        Some(old) => (old.value, old.source) = (value, source),
        None => given.push(Given {
            item,
            value,
            source,
        }),
    }
}

impl Situation {
    /// Nothing known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a household, person or area; `key` is the office's number for it, 0 in a case table.
    pub fn add(&mut self, entity: EntityId, key: i64) -> InstanceId {
        let id = InstanceId(u32::try_from(self.instances.len()).unwrap_or(u32::MAX));
        self.instances.push(Instance {
            entity,
            key,
            area: String::new(),
            urban_rural: None,
            household: None,
            home_area: None,
            given: Vec::new(),
            periods: Vec::new(),
            complete_statuses: Vec::new(),
            all_statuses_complete: false,
            history: Vec::new(),
            ever: Vec::new(),
            lists: Vec::new(),
        });
        id
    }

    /// The instance of an entity with the office's number.
    pub fn find(&self, entity: EntityId, key: i64) -> Option<InstanceId> {
        let at = self
            .instances
            .iter()
            .position(|i| i.entity == entity && i.key == key)?;
        u32::try_from(at).ok().map(InstanceId)
    }

    /// Sets area code and 城乡.
    pub fn set_place(&mut self, at: InstanceId, area: &str, urban_rural: Option<u16>) {
        if let Some(it) = self.instances.get_mut(at.at()) {
            area.clone_into(&mut it.area);
            it.urban_rural = urban_rural;
        }
    }

    /// Sets 本户.
    pub fn set_household(&mut self, person: InstanceId, household: InstanceId) {
        if let Some(it) = self.instances.get_mut(person.at()) {
            it.household = Some(household);
        }
    }

    /// Sets 本地: for a household or person its nearest area, for an area the one above it.
    pub fn set_home_area(&mut self, at: InstanceId, area: InstanceId) {
        if let Some(it) = self.instances.get_mut(at.at()) {
            it.home_area = Some(area);
        }
    }

    /// Gives a fact, or any other quantity of the instance (it is then not computed).
    pub fn set(&mut self, at: InstanceId, item: ItemId, value: Value) {
        self.set_from(at, item, value, None);
    }

    /// Gives a fact with the record it came from.
    pub fn set_from(
        &mut self,
        at: InstanceId,
        item: ItemId,
        value: Value,
        source: Option<SourceRef>,
    ) {
        if let Some(it) = self.instances.get_mut(at.at()) {
            put(&mut it.given, item, value, source);
        }
    }

    /// Gives a parameter for everybody, whatever its keys (a case table, a simulation).
    pub fn set_param(&mut self, item: ItemId, value: Value) {
        self.params.retain(|(p, _)| *p != item);
        self.params.push((item, value));
    }

    /// Adds a list; a relation without a list is incomplete.
    pub fn add_list(&mut self, owner: InstanceId, relation: RelId, complete: bool) -> ListId {
        if let Some(old) = self.list_of(owner, relation) {
            if let Some(list) = self.lists.get_mut(old.at()) {
                list.complete = complete;
            }
            return old;
        }
        let id = ListId(u32::try_from(self.lists.len()).unwrap_or(u32::MAX));
        self.lists.push(Rows {
            relation,
            owner,
            rows: Vec::new(),
            complete,
        });
        if let Some(it) = self.instances.get_mut(owner.at()) {
            it.lists.push((relation, id));
        }
        id
    }

    /// Adds a row; returns its place in the list.
    pub fn add_row(&mut self, list: ListId, target: Option<InstanceId>) -> usize {
        self.lists.get_mut(list.at()).map_or(0, |l| {
            l.rows.push(Row {
                target,
                given: Vec::new(),
            });
            l.rows.len().saturating_sub(1)
        })
    }

    /// Gives a column of a row, or any other quantity of the row.
    pub fn set_in_row(&mut self, list: ListId, row: usize, item: ItemId, value: Value) {
        self.set_in_row_from(list, row, item, value, None);
    }

    /// Gives a column of a row with the record it came from.
    pub fn set_in_row_from(
        &mut self,
        list: ListId,
        row: usize,
        item: ItemId,
        value: Value,
        source: Option<SourceRef>,
    ) {
        if let Some(row) = self
            .lists
            .get_mut(list.at())
            .and_then(|l| l.rows.get_mut(row))
        {
            put(&mut row.given, item, value, source);
        }
    }

    /// Adds a period of a status.
    pub fn add_status(&mut self, at: InstanceId, status: ItemId, from: Day, to: Option<Day>) {
        if let Some(it) = self.instances.get_mut(at.at()) {
            it.periods.push(StatusPeriod { status, from, to });
        }
    }

    /// Says that the periods of this status are all there: outside them it is 否.
    pub fn complete_status(&mut self, at: InstanceId, status: ItemId) {
        if let Some(it) = self.instances.get_mut(at.at()) {
            it.complete_statuses.push((status, None));
        }
    }

    /// Says that the periods of this status are all there from a day on: outside them it is 否 from
    /// then on, and unknown before.
    pub fn complete_status_from(&mut self, at: InstanceId, status: ItemId, from: Day) {
        if let Some(it) = self.instances.get_mut(at.at()) {
            it.complete_statuses.push((status, Some(from)));
        }
    }

    /// Says that the periods of every status are all there (the roll was read).
    pub fn complete_statuses(&mut self, at: InstanceId) {
        if let Some(it) = self.instances.get_mut(at.at()) {
            it.all_statuses_complete = true;
        }
    }

    /// Adds what was recorded for the days from `from` to `to`; the later addition wins.
    pub fn record(
        &mut self,
        at: InstanceId,
        item: ItemId,
        from: Option<Day>,
        to: Option<Day>,
        value: Value,
    ) {
        if let Some(it) = self.instances.get_mut(at.at()) {
            it.history.push(Record {
                item,
                from,
                to,
                value,
            });
        }
    }

    /// Adds what was recorded for a month.
    pub fn record_month(&mut self, at: InstanceId, item: ItemId, month: Month, value: Value) {
        self.record(at, item, Some(month.first()), Some(month.last()), value);
    }

    /// Gives the answer to 曾(status, …), whatever the days.
    pub fn set_ever(&mut self, at: InstanceId, status: ItemId, value: Value) {
        if let Some(it) = self.instances.get_mut(at.at()) {
            it.ever.retain(|(s, _)| *s != status);
            it.ever.push((status, value));
        }
    }

    /// All instances, by place.
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// All lists, by place.
    pub fn lists(&self) -> &[Rows] {
        &self.lists
    }

    /// An instance.
    pub fn instance(&self, at: InstanceId) -> Option<&Instance> {
        self.instances.get(at.at())
    }

    /// An instance, to be changed.
    pub fn instance_mut(&mut self, at: InstanceId) -> Option<&mut Instance> {
        self.instances.get_mut(at.at())
    }

    /// A list.
    pub fn list(&self, id: ListId) -> Option<&Rows> {
        self.lists.get(id.at())
    }

    /// A list, to be changed.
    pub fn list_mut(&mut self, id: ListId) -> Option<&mut Rows> {
        self.lists.get_mut(id.at())
    }

    /// The list of a relation of an owner.
    pub fn list_of(&self, owner: InstanceId, relation: RelId) -> Option<ListId> {
        let lists = &self.instances.get(owner.at())?.lists;
        lists
            .iter()
            .find(|(r, _)| *r == relation)
            .map(|(_, id)| *id)
    }

    /// What was given for a quantity of an instance.
    pub fn given(&self, at: InstanceId, item: ItemId) -> Option<&Given> {
        self.instance(at)?.given.iter().find(|g| g.item == item)
    }

    /// What was given for a quantity of a row.
    pub fn given_in_row(&self, list: ListId, row: usize, item: ItemId) -> Option<&Given> {
        self.list(list)?
            .rows
            .get(row)?
            .given
            .iter()
            .find(|g| g.item == item)
    }

    /// What was given for a parameter.
    pub fn given_param(&self, item: ItemId) -> Option<Value> {
        self.params
            .iter()
            .find(|(p, _)| *p == item)
            .map(|(_, v)| *v)
    }
}
