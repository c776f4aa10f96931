//! 事实: all a decision may rest on, by the names of the dictionary, each with its source. Written by name so
//! that rules of another day can read it; what nobody said is not there and stays unknown.
//!
//! Which source counts for a fact stands in facts.md: one of a feed is what the department sent, one of
//! the application is what the applicant declared. A declaration never takes the place of a department's
//! answer, and a missing answer is never filled.

use crate::monitoring::Origins;
use domain::{AreaCode, Day, PersonId};
use rules::Program;
use rules::plan::{Home, ItemId, Type};
use rules::situation::{InstanceId, Situation};
use rules::value::{Ratio, Value};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use store::kin::Kin;

pub(super) const HOUSEHOLD: &str = "家庭";
pub(super) const PERSON: &str = "个人";
pub(super) const AREA: &str = "地区";
/// The enumeration a place is one of.
const URBAN_RURAL: &str = "城乡";
/// Where a fact comes from that only the applicant can tell.
pub(crate) const APPLICATION: &str = "申请";
/// Where a fact comes from that only a visit tells.
pub(crate) const VISIT: &str = "走访";

/// What a row of the list of those obliged says of the person it leads to.
const RELATED: &str = "亲属身份";

/// That column of a list, as facts write its name, and its type; none where the rules have no such list.
pub(super) fn related(program: &Program, relation: &str) -> Option<(String, Type)> {
    let home = Home::Rows(program.dict.relation(relation)?);
    let named = |item: &&rules::plan::Item| {
        let last = item.name.rsplit('.').next();
        item.home == home && last == Some(RELATED)
    };
    let item = program.items.iter().find(named)?;
    Some((item.path.clone(), item.ty))
}

/// A value by the names of the dictionary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// 是 or 否.
    Yes(bool),
    /// A fraction in the machine's scale (money in 分): `numerator/denominator`.
    Number(String),
    /// A day.
    Day(String),
    /// A member of an enumeration.
    One(String),
    /// Members of an enumeration.
    Many(Vec<String>),
    /// Somebody said that it is not known.
    Unknown,
}

/// 来源: where a value came from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Source {
    /// feed, application, or what else found it.
    pub kind: String,
    /// The feed, or the name of what found it.
    pub name: String,
    /// The record: `batch:12`, `application:3`.
    pub record: String,
    /// The month or day it speaks of.
    pub period: String,
}

/// One known value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Its name.
    pub name: String,
    /// The value.
    pub value: Told,
    /// Where it came from; none for what the record itself keeps.
    pub source: Option<Source>,
}

/// A status held from one day to another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    status: String,
    from: String,
    to: Option<String>,
}

/// What was recorded for other days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorded {
    name: String,
    from: Option<String>,
    to: Option<String>,
    value: Told,
}

/// A household, person or area with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thing {
    /// What it is.
    pub entity: String,
    /// The register's number of it.
    pub key: i64,
    area: String,
    urban_rural: Option<String>,
    household: Option<usize>,
    home_area: Option<usize>,
    /// What is known.
    pub facts: Vec<Fact>,
    statuses: Vec<Held>,
    complete: Vec<(String, Option<String>)>,
    all_complete: bool,
    history: Vec<Recorded>,
}

/// One row of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListRow {
    /// Whom it leads to, by place among the things.
    pub target: Option<usize>,
    /// What it says.
    pub facts: Vec<Fact>,
}

/// The rows of a relation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct List {
    /// The relation.
    pub relation: String,
    /// Whose, by place among the things.
    pub owner: usize,
    complete: bool,
    /// The rows.
    pub rows: Vec<ListRow>,
}

/// All that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Households, persons, areas.
    pub things: Vec<Thing>,
    /// Lists.
    pub lists: Vec<List>,
}

/// Whom a value is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The household of the case.
    Home,
    /// A person, by number.
    Person(i64),
    /// A place, by the number of its code.
    Place(i64),
}

impl Whose {
    /// A person's, or else the household's.
    pub(crate) fn person_or_home(person: Option<PersonId>) -> Self {
        person.map_or(Self::Home, |person| Self::Person(person.get()))
    }
}

/// A value of a case that did not come with the month's feeds.
#[derive(Clone, Debug)]
pub struct Brought {
    /// Whose.
    pub of: Whose,
    /// Which fact.
    pub fact: String,
    /// As it was written down.
    pub value: String,
    /// Where from.
    pub source: Source,
}

pub(super) fn told(value: Value, ty: Type, program: &Program) -> Told {
    let member = |one: u16| match ty {
        Type::Enum(e) | Type::Set(e) => program.dict.member_name(e, one).to_owned(),
        Type::Num(_) | Type::Bool | Type::Day | Type::Area => one.to_string(),
    };
    match value {
        Value::Unknown => Told::Unknown,
        Value::Bool(yes) => Told::Yes(yes),
        Value::Num(n) => Told::Number(format!("{}/{}", n.num(), n.den())),
        Value::Day(day) => Told::Day(day.to_string()),
        Value::Sym(one) => Told::One(member(one)),
        Value::Set(set) => {
            let held = (0_u16..64).filter(|at| set >> at & 1 == 1);
            Told::Many(held.map(member).collect())
        }
    }
}

impl Told {
    /// The value as rules of a day understand it; none when they no longer know the word.
    fn read(&self, ty: Type, program: &Program) -> Option<Value> {
        let member = |name: &str| match ty {
            Type::Enum(e) | Type::Set(e) => program.dict.member(e, name),
            Type::Num(_) | Type::Bool | Type::Day | Type::Area => None,
        };
        Some(match self {
            Self::Unknown => Value::Unknown,
            Self::Yes(yes) => Value::Bool(*yes),
            Self::Number(text) => {
                let (num, den) = text.split_once('/')?;
                Value::Num(Ratio::new(num.parse().ok()?, den.parse().ok()?)?)
            }
            Self::Day(day) => Value::Day(Day::parse(day).ok()?),
            Self::One(name) => Value::Sym(member(name)?),
            Self::Many(names) => {
                let mut set = 0_u64;
                for name in names {
                    set |= 1_u64.checked_shl(u32::from(member(name)?))?;
                }
                Value::Set(set)
            }
        })
    }

    /// The value in words.
    #[must_use]
    pub fn words(&self, name: &str, entity: &str, program: &Program) -> String {
        let item = program.dict.entity(entity).and_then(|entity| {
            let own = |item: &&rules::plan::Item| {
                item.name == name && item.home == Home::Entity(entity) && item.file.is_none()
            };
            program.items.iter().find(own)
        });
        match item.and_then(|item| Some((self.read(item.ty, program)?, item.ty))) {
            Some((value, ty)) => rules::show::value(value, ty, &program.dict),
            None => match self {
                Self::One(word) | Self::Day(word) | Self::Number(word) => word.clone(),
                Self::Many(words) => words.join("、"),
                Self::Yes(true) => "是".to_owned(),
                Self::Yes(false) => "否".to_owned(),
                Self::Unknown => rules::show::UNKNOWN.to_owned(),
            },
        }
    }
}

/// The quantities of a program by name and home.
struct Words<'p> {
    program: &'p Program,
    items: HashMap<(&'p str, Home), ItemId>,
    urban_rural: Option<rules::plan::EnumId>,
}

impl<'p> Words<'p> {
    fn of(program: &'p Program) -> Self {
        let mut items = HashMap::new();
        for (id, item) in (0..).map(ItemId).zip(&program.items) {
            // A fact goes before a quantity of a file that bears its name.
            items.entry((item.path.as_str(), item.home)).or_insert(id);
        }
        Self {
            program,
            items,
            urban_rural: program.dict.enumeration(URBAN_RURAL),
        }
    }

    fn name(&self, item: ItemId) -> String {
        let item = self.program.item(item);
        item.map_or_else(String::new, |item| item.path.clone())
    }

    fn ty(&self, item: ItemId) -> Type {
        self.program.item(item).map_or(Type::Bool, |item| item.ty)
    }

    fn fact(&self, given: &rules::situation::Given, sources: &Sources) -> Fact {
        let name = self.name(given.item);
        Fact {
            value: told(given.value, self.ty(given.item), self.program),
            source: sources.of(self.program, &name),
            name,
        }
    }
}

/// Which batch of each feed was read.
#[derive(Clone, Debug, Default)]
pub(super) struct Sources {
    pub(super) month: String,
    pub(super) batches: BTreeMap<String, i64>,
}

impl Sources {
    fn of(&self, program: &Program, fact: &str) -> Option<Source> {
        let known = program.dict.facts.iter().find(|f| f.name == fact)?;
        let batch = self.batches.get(&known.source)?;
        Some(Source {
            kind: "feed".to_owned(),
            name: known.source.clone(),
            record: format!("batch:{batch}"),
            period: self.month.clone(),
        })
    }
}

impl Facts {
    /// A situation by name.
    pub(super) fn of(program: &Program, situation: &Situation, sources: &Sources) -> Self {
        let words = Words::of(program);
        let at = |id: InstanceId| id.at();
        let day = |day: Option<Day>| day.map(|day| day.to_string());
        let things = situation.instances().iter().map(|one| {
            let mut facts: Vec<Fact> = one.given.iter().map(|g| words.fact(g, sources)).collect();
            facts.sort_by(|a, b| a.name.cmp(&b.name));
            let mut statuses: Vec<Held> = one
                .periods
                .iter()
                .map(|period| Held {
                    status: words.name(period.status),
                    from: period.from.to_string(),
                    to: day(period.to),
                })
                .collect();
            statuses.sort_by(|a, b| (&a.status, &a.from).cmp(&(&b.status, &b.from)));
            let mut complete: Vec<(String, Option<String>)> = one
                .complete_statuses
                .iter()
                .map(|(status, from)| (words.name(*status), day(*from)))
                .collect();
            complete.sort();
            let member = |member| {
                words
                    .urban_rural
                    .map(|e| program.dict.member_name(e, member).to_owned())
            };
            Thing {
                entity: program.dict.entity_name(one.entity).to_owned(),
                key: one.key,
                area: one.area.clone(),
                urban_rural: one.urban_rural.and_then(member),
                household: one.household.map(at),
                home_area: one.home_area.map(at),
                facts,
                statuses,
                complete,
                all_complete: one.all_statuses_complete,
                history: one
                    .history
                    .iter()
                    .map(|record| Recorded {
                        name: words.name(record.item),
                        from: day(record.from),
                        to: day(record.to),
                        value: told(record.value, words.ty(record.item), program),
                    })
                    .collect(),
            }
        });
        let lists = situation.lists().iter().map(|list| {
            let relation = program.dict.relation_of(list.relation);
            let rows = list.rows.iter().map(|row| {
                let mut facts: Vec<Fact> =
                    row.given.iter().map(|g| words.fact(g, sources)).collect();
                facts.sort_by(|a, b| a.name.cmp(&b.name));
                ListRow {
                    target: row.target.map(at),
                    facts,
                }
            });
            List {
                relation: relation.map_or_else(String::new, |r| r.name.clone()),
                owner: at(list.owner),
                complete: list.complete,
                rows: rows.collect(),
            }
        });
        let mut lists: Vec<List> = lists.collect();
        lists.sort_by(|a, b| (a.owner, &a.relation).cmp(&(b.owner, &b.relation)));
        Self {
            things: things.collect(),
            lists,
        }
    }

    /// The same for rules of some day, with the words these no longer know.
    pub(crate) fn situation(&self, program: &Program) -> (Situation, BTreeSet<String>) {
        let words = Words::of(program);
        let mut lost = BTreeSet::new();
        let mut out = Situation::new();
        let dict = &program.dict;
        let mut places: Vec<Option<InstanceId>> = Vec::new();
        for thing in &self.things {
            let entity = dict.entity(&thing.entity);
            if entity.is_none() {
                lost.insert(thing.entity.clone());
            }
            places.push(entity.map(|entity| out.add(entity, thing.key)));
        }
        let place = |at: Option<usize>| at.and_then(|at| places.get(at).copied().flatten());
        let day = |text: &Option<String>| text.as_deref().and_then(|t| Day::parse(t).ok());
        for (at, thing) in self.things.iter().enumerate() {
            let Some((here, entity)) = place(Some(at)).zip(dict.entity(&thing.entity)) else {
                continue;
            };
            let home = Home::Entity(entity);
            let member = thing.urban_rural.as_ref().zip(words.urban_rural);
            let member = member.and_then(|(name, e)| dict.member(e, name));
            out.set_place(here, &thing.area, member);
            if let Some(household) = place(thing.household) {
                out.set_household(here, household);
            }
            if let Some(area) = place(thing.home_area) {
                out.set_home_area(here, area);
            }
            let mut find = |name: &str| {
                let found = words.items.get(&(name, home)).copied();
                if found.is_none() {
                    lost.insert(name.to_owned());
                }
                found
            };
            for fact in &thing.facts {
                let item = find(&fact.name);
                let value = item.and_then(|i| Some((i, fact.value.read(words.ty(i), program)?)));
                if let Some((item, value)) = value {
                    out.set(here, item, value);
                }
            }
            for held in &thing.statuses {
                if let (Some(status), Ok(from)) = (find(&held.status), Day::parse(&held.from)) {
                    out.add_status(here, status, from, day(&held.to));
                }
            }
            for (status, from) in &thing.complete {
                match (find(status), day(from)) {
                    (Some(status), Some(from)) => out.complete_status_from(here, status, from),
                    (Some(status), None) => out.complete_status(here, status),
                    (None, _) => {}
                }
            }
            if thing.all_complete {
                out.complete_statuses(here);
            }
            for record in &thing.history {
                let item = find(&record.name);
                let value = item.and_then(|i| Some((i, record.value.read(words.ty(i), program)?)));
                if let Some((item, value)) = value {
                    out.record(here, item, day(&record.from), day(&record.to), value);
                }
            }
        }
        for list in &self.lists {
            let relation = dict.relation(&list.relation);
            let Some((owner, relation)) = place(Some(list.owner)).zip(relation) else {
                lost.insert(list.relation.clone());
                continue;
            };
            let made = out.add_list(owner, relation, list.complete);
            for row in &list.rows {
                let number = out.add_row(made, place(row.target));
                for fact in &row.facts {
                    let item = words
                        .items
                        .get(&(fact.name.as_str(), Home::Rows(relation)))
                        .copied();
                    let value =
                        item.and_then(|i| Some((i, fact.value.read(words.ty(i), program)?)));
                    match value {
                        Some((item, value)) => out.set_in_row(made, number, item, value),
                        None => {
                            lost.insert(fact.name.clone());
                        }
                    }
                }
            }
        }
        (out, lost)
    }

    /// Somebody a clerk named as obliged to support a member stands in the member's list once. Whom the month's
    /// files do not know is judged by the rules of the place the case is handled at, and nothing is known of them
    /// but what was established.
    pub(super) fn oblige(
        &mut self,
        program: &Program,
        relation: &str,
        (here, one): (&AreaCode, &Kin),
    ) {
        let Some((column, _)) = related(program, relation) else {
            return;
        };
        let place = |things: &[Thing], key: i64| {
            let is_it = |thing: &Thing| thing.entity == PERSON && thing.key == key;
            things.iter().position(is_it)
        };
        let content = &one.content;
        let Some(owner) = place(&self.things, content.member.get()) else {
            return;
        };
        let Some(kin) = place(&self.things, content.person.get()) else {
            return;
        };
        let home_area = self.things.get(owner).and_then(|owner| owner.home_area);
        if let Some(thing) = self.things.get_mut(kin).filter(|one| one.area.is_empty()) {
            here.full().clone_into(&mut thing.area);
            thing.home_area = home_area;
        }
        let row = ListRow {
            target: Some(kin),
            facts: vec![Fact {
                name: column,
                value: Told::One(content.relation.clone()),
                source: Some(Source {
                    kind: super::kin::KIN.to_owned(),
                    name: super::kin::KIN.to_owned(),
                    record: format!("kin:{}", one.no),
                    period: content.day.to_string(),
                }),
            }],
        };
        let mut lists = self.lists.iter_mut();
        let list = lists.find(|list| list.owner == owner && list.relation == relation);
        match list {
            Some(list) if list.rows.iter().any(|row| row.target == Some(kin)) => {}
            Some(list) => list.rows.push(row),
            None => {
                self.lists.push(List {
                    relation: relation.to_owned(),
                    owner,
                    complete: false,
                    rows: vec![row],
                });
                self.lists
                    .sort_by(|a, b| (a.owner, &a.relation).cmp(&(b.owner, &b.relation)));
            }
        }
    }

    /// Names the visit, application or finding of every value no department told.
    pub(super) fn come_from(&mut self, program: &Program, origins: &Origins) {
        for (item, of) in origins {
            let Some(item) = program.item(*item) else {
                continue;
            };
            let Home::Entity(entity) = item.home else {
                continue;
            };
            let entity = program.dict.entity_name(entity);
            for thing in self.things.iter_mut().filter(|one| one.entity == entity) {
                let Some(origin) = of.get(&thing.key) else {
                    continue;
                };
                let fact = thing.facts.iter_mut().find(|fact| fact.name == item.name);
                if let Some(fact) = fact {
                    fact.source = Some(Source {
                        kind: origin.kind().to_owned(),
                        name: origin.kind().to_owned(),
                        record: origin.record(),
                        period: origin.day().to_string(),
                    });
                }
            }
        }
    }
}
