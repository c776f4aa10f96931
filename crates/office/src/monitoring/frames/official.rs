//! What the office itself found out, in the month's run: 经办查实 that the rulebook lets count beyond its case, what
//! was seen at a door once the visit was done, what was declared in an application that was decided, and what was
//! established about kin elsewhere. Each
//! counts for the facts of its own source alone, as it stood at the end of the month and as long as the fact is
//! kept; of two the newer one. A department's word is never replaced, and of whom nothing was found out nothing
//! is known.

use crate::casework::recorded::{APPLICATION, OFFICIAL, Record, VISIT, beyond, newest_of, oldest};
use crate::casework::{KIN, kin_facts};
use crate::error::Result;
use crate::office::Office;
use domain::{Day, HouseholdId, Month, PersonId};
use engine::Frames;
use engine::arrow::array::{
    Array, ArrayRef, BooleanArray, Date32Array, Int64Array, UInt16Array, UInt64Array,
};
use engine::arrow::compute::{is_not_null, kernels::zip::zip};
use rules::Program;
use rules::dict::FactDef;
use rules::plan::{Body, EntityId, Home, ItemId, Type};
use rules::value::{Ratio, Value};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Answers that are read at once.
const PAGE: u32 = 20_000;

/// Where a fact comes from that no department sent, and of which day it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// 走访.
    Visit(i64, Day),
    /// 申请.
    Application(i64, Day),
    /// 经办查实.
    Official(i64, Day),
    /// What was established about kin elsewhere.
    Kin(i64, Day),
}

impl Origin {
    /// What it is, as the sources of facts are called.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Visit(..) => VISIT,
            Self::Application(..) => APPLICATION,
            Self::Official(..) => OFFICIAL,
            Self::Kin(..) => KIN,
        }
    }

    /// The record, as a trace takes it.
    pub(crate) fn record(self) -> String {
        match self {
            Self::Visit(no, _) => format!("visit:{no}"),
            Self::Application(no, _) => format!("application:{no}"),
            Self::Official(no, _) => format!("found:{no}"),
            Self::Kin(no, _) => format!("kin-fact:{no}"),
        }
    }

    /// Its day.
    pub(crate) const fn day(self) -> Day {
        match self {
            Self::Visit(_, day)
            | Self::Application(_, day)
            | Self::Official(_, day)
            | Self::Kin(_, day) => day,
        }
    }

    /// What a page says of it.
    pub(crate) fn words(self) -> String {
        match self {
            Self::Visit(no, _) => format!("走访 · 第 {no} 次走访"),
            Self::Application(no, _) => format!("申请 · 第 {no} 号申请申报"),
            Self::Official(no, _) => format!("经办查实 · 第 {no} 条"),
            Self::Kin(no, _) => format!("{KIN} · 第 {no} 条"),
        }
    }
}

/// Which value of which fact comes from where, of those no department told.
pub(crate) type Origins = HashMap<ItemId, HashMap<i64, Origin>>;

/// A fact, and whose it is with what.
pub(in crate::monitoring) struct Found {
    entity: EntityId,
    item: ItemId,
    told: HashMap<i64, (Value, Origin)>,
}

/// What counts in a month: of each fact one, whoever told it.
pub(super) async fn gather(office: &Office, program: &Program, month: Month) -> Result<Vec<Found>> {
    let mut beyond = beyond(office);
    // What a department tells each month is told by its file; the rest of what was established about kin lasts.
    let fed = |name: &str| program.feeds.iter().any(|feed| feed.id == name);
    let of_kin = kin_facts(&office.book);
    let lasting = program.dict.facts.iter();
    let lasting = lasting.filter(|f| of_kin.contains(&f.name) && !fed(&f.source));
    beyond.extend(lasting.map(|f| f.name.clone()));
    let mut telling = Telling {
        program,
        by_name: HashMap::new(),
        until: month.last(),
        told: BTreeMap::new(),
    };
    for fact in &program.dict.facts {
        let Some(item) = item_of(program, fact) else {
            continue;
        };
        if [VISIT, APPLICATION].contains(&fact.source.as_str()) {
            telling.by_name.insert(&fact.name, (fact, item));
        }
        if !beyond.contains(&fact.name) {
            continue;
        }
        let entity = program.dict.entity_name(fact.entity);
        let newest = newest_of(&office.store, (fact, entity), month.last()).await?;
        for (about, (value, record, day)) in newest {
            let origin = match record {
                Record::Found(no) => Origin::Official(no, day),
                Record::Kin(no) => Origin::Kin(no, day),
            };
            telling.keep((fact, item), about, &value, origin);
        }
    }
    telling.visits(office).await?;
    telling.declared(office).await?;
    Ok(telling.told.into_values().collect())
}

fn item_of(program: &Program, fact: &FactDef) -> Option<ItemId> {
    let home = Home::Entity(fact.entity);
    let is_it = |item: &rules::plan::Item| {
        item.name == fact.name && item.home == home && matches!(item.body, Body::Fact)
    };
    let at = program.items.iter().position(is_it)?;
    u32::try_from(at).ok().map(ItemId)
}

/// What people told, read page by page; of each fact of each no more than the newest value is held.
struct Telling<'p> {
    program: &'p Program,
    by_name: HashMap<&'p str, (&'p FactDef, ItemId)>,
    until: Day,
    told: BTreeMap<ItemId, Found>,
}

/// Something told: of whom, which fact, what, and where.
struct One<'t> {
    household: Option<HouseholdId>,
    person: Option<PersonId>,
    fact: &'t str,
    value: &'t str,
    origin: Origin,
}

impl Telling<'_> {
    /// The first day of which anything still counts.
    fn first(&self) -> Option<Day> {
        let facts = self.by_name.values();
        // One that is kept for ever counts from the first day there can be.
        let days = facts.map(|(fact, _)| oldest(fact, self.until).or_else(beginning));
        days.flatten().min()
    }

    async fn visits(&mut self, office: &Office) -> Result<()> {
        let Some(first) = self.first() else {
            return Ok(());
        };
        let (mut after, days) = (0, (first, self.until));
        loop {
            let page = store::visits::seen(&office.store, after, days, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.no;
            for seen in &page {
                self.take(&One {
                    household: seen.household,
                    person: seen.person,
                    fact: &seen.fact,
                    value: &seen.value,
                    origin: Origin::Visit(seen.visit, seen.day),
                });
            }
        }
    }

    async fn declared(&mut self, office: &Office) -> Result<()> {
        let Some(first) = self.first() else {
            return Ok(());
        };
        let (mut after, days) = (0, (first, self.until));
        loop {
            let page = store::applications::decided(&office.store, after, days, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.no;
            for said in &page {
                self.take(&One {
                    household: said.household,
                    person: said.person,
                    fact: &said.fact,
                    value: &said.value,
                    origin: Origin::Application(said.application, said.day),
                });
            }
        }
    }

    /// The newer of two counts; of one day the one that was written down later.
    fn take(&mut self, one: &One<'_>) {
        let Some((fact, item)) = self.by_name.get(one.fact).copied() else {
            return;
        };
        let day = one.origin.day();
        let own = fact.source == one.origin.kind();
        if !own || oldest(fact, self.until).is_some_and(|oldest| day < oldest) {
            return;
        }
        let about = match self.program.dict.entity_name(fact.entity) {
            "个人" => one.person.map(PersonId::get),
            "家庭" if one.person.is_none() => one.household.map(HouseholdId::get),
            _ => None,
        };
        if let Some(about) = about {
            self.keep((fact, item), about, one.value, one.origin);
        }
    }

    /// Keeps the newer of two, whatever told them; a value that does not read as the fact's type is none.
    fn keep(&mut self, (fact, item): (&FactDef, ItemId), about: i64, value: &str, origin: Origin) {
        let Ok(value) = rules::show::parse_cell(value, fact.ty, &self.program.dict) else {
            return;
        };
        let found = self.told.entry(item).or_insert_with(|| Found {
            entity: fact.entity,
            item,
            told: HashMap::new(),
        });
        let before = found.told.get(&about);
        if before.is_none_or(|(_, before)| before.day() <= origin.day()) {
            found.told.insert(about, (value, origin));
        }
    }
}

/// Before any record.
fn beginning() -> Option<Day> {
    Day::from_epoch_days(0)
}

/// Puts them into the tables of the month where no department told anything, and answers where each comes from.
pub(in crate::monitoring) fn take(
    program: &Program,
    found: &[Found],
    frames: &mut Frames,
) -> Origins {
    let mut origins = Origins::new();
    for one in found {
        let Some(item) = program.item(one.item) else {
            continue;
        };
        let den = item.bounds.map_or(1, |bounds| bounds.den_min);
        let Some(frame) = frames.entities.get_mut(&one.entity) else {
            continue;
        };
        let Some(own) = column(item.ty, den, frame.ids().values(), &one.told) else {
            continue;
        };
        let sent = frame.column(one.item).cloned();
        let mut from: HashMap<i64, Origin> = HashMap::new();
        for (at, id) in frame.ids().values().iter().enumerate() {
            let silent = sent.as_ref().is_none_or(|sent| sent.is_null(at));
            let told = one.told.get(id).filter(|_| silent && own.is_valid(at));
            from.extend(told.map(|(_, origin)| (*id, *origin)));
        }
        let whole = match &sent {
            None => Some(own),
            Some(sent) => {
                let known = is_not_null(sent.as_ref()).ok();
                known.and_then(|known| zip(&known, sent, &own).ok())
            }
        };
        if let Some(whole) = whole {
            frame.set(one.item, whole);
            origins.entry(one.item).or_default().extend(from);
        }
    }
    origins
}

/// The values in the order of the ids, as a column of the type; a number finer than its column is not known.
fn column(
    ty: Type,
    den: i128,
    ids: &[i64],
    told: &HashMap<i64, (Value, Origin)>,
) -> Option<ArrayRef> {
    let each = ids.iter().map(|id| told.get(id).map(|(value, _)| *value));
    Some(match ty {
        Type::Bool => Arc::new(BooleanArray::from_iter(each.map(|value| match value {
            Some(Value::Bool(yes)) => Some(yes),
            _ => None,
        }))),
        Type::Day => Arc::new(Date32Array::from_iter(each.map(|value| match value {
            Some(Value::Day(day)) => Some(day.epoch_days()),
            _ => None,
        }))),
        Type::Num(_) => Arc::new(Int64Array::from_iter(each.map(|value| match value {
            Some(Value::Num(n)) => scaled(n, den),
            _ => None,
        }))),
        Type::Enum(_) => Arc::new(UInt16Array::from_iter(each.map(|value| match value {
            Some(Value::Sym(member)) => Some(member),
            _ => None,
        }))),
        Type::Set(_) => Arc::new(UInt64Array::from_iter(each.map(|value| match value {
            Some(Value::Set(set)) => Some(set),
            _ => None,
        }))),
        Type::Area => return None,
    })
}

fn scaled(n: Ratio, den: i128) -> Option<i64> {
    let whole = n.num().checked_mul(den)?;
    (whole % n.den() == 0).then(|| i64::try_from(whole / n.den()).ok())?
}
