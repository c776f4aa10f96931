//! 性质: every `性质 x 随 y 不增|不减` is tried on generated households. Each gets facts within the ranges
//! of facts.md; then only y is moved, from its least to its greatest, and x must not move the wrong way.
//!
//! In half of the tries the quantities taken from other files are given directly, so that they take
//! every value; in the other half they follow from the facts. The seed is fixed: the same rulebook
//! gives the same findings. What is unknown shows nothing.

use super::{CaseResult, Programs, aliases, home_area};
use crate::ast::{Name, Stmt};
use crate::check::Parsed;
use crate::eval::Evaluator;
use crate::plan::{Body, EntityId, FilePlan, Home, Item, ItemId, Program, Property, RelId, Type};
use crate::show;
use crate::situation::{InstanceId, Moments, Situation};
use crate::value::{Ratio, Value};
use domain::{Day, Month};
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// Households for each property, day and place.
const TRIES: u32 = 24;
/// Days and places at the most.
const DAYS_MAX: usize = 4;
const PLACES_MAX: usize = 4;
/// Steps of a number from its least to its greatest value, beside those where the file may turn.
const STEPS: usize = 6;
const SEED: u64 = 20_260_701;

/// Tries every property of the rule files a place answers for; a result each.
pub(super) fn run_all(programs: &mut Programs<'_>) -> Vec<CaseResult> {
    let (book, locality) = (programs.book, programs.locality);
    let tried = book.tried_in(locality);
    let mut out = Vec::new();
    for parsed in book.parsed() {
        let stated = parsed.file.statements.iter().filter_map(|s| match &s.kind {
            Stmt::Property {
                item,
                along,
                rising,
            } => Some((item, along, *rising)),
            _ => None,
        });
        let stated: Vec<(&Name, &Name, bool)> = stated.collect();
        if stated.is_empty() || !tried.contains(parsed.path.as_str()) {
            continue;
        }
        for (at, (item, along, rising)) in stated.into_iter().enumerate() {
            let how = if rising { "不减" } else { "不增" };
            let failure = programs.try_one(parsed, at).err();
            out.push(CaseResult {
                path: parsed.path.clone(),
                heading: "性质".to_owned(),
                name: format!("{} 随 {} {how}", item.text, along.text),
                span: item.span,
                failures: failure.into_iter().collect(),
                explanation: String::new(),
            });
        }
    }
    out
}

impl Programs<'_> {
    /// Tries the property at a place of its file; what is wrong where it does not hold.
    fn try_one(&mut self, parsed: &Parsed, at: usize) -> Result<(), String> {
        let from = parsed.head().and_then(|head| head.from.as_ref());
        let from = from.and_then(|name| Day::parse(&name.text).ok());
        let Some(from) = from else {
            return Err("没有施行日期,性质没有试".to_owned());
        };
        let alias = aliases(self.book, &parsed.path);
        let mut open = vec![from];
        let mut seen = BTreeSet::new();
        let mut known = 0_u32;
        while let Some(day) = open.pop() {
            if seen.len() >= DAYS_MAX || !seen.insert(day) {
                continue;
            }
            let program = self.program(day);
            let Some(plan) = program.files.iter().find(|f| f.path == parsed.path) else {
                continue;
            };
            let Some(property) = plan.properties.get(at) else {
                return Err("性质里的名称没有读懂,没有试".to_owned());
            };
            let (days, places) = turning(&program, plan, &self.home());
            open.extend(days.into_iter().filter(|next| *next > from));
            let taken = alias.values().filter_map(|path| program.find(path));
            let taken = taken.filter(|id| is_taken(&program, plan, *id)).collect();
            let marks = marks(&program, plan, self.text(&parsed.path), property.along);
            for place in &places {
                let mut maker = Maker {
                    program: &program,
                    plan,
                    moments: Moments::monthly(Month::containing(day)),
                    area: place,
                    dice: Dice(SEED),
                    taken: &taken,
                    marks: &marks,
                };
                known += maker.try_all(property)?;
            }
        }
        match known {
            0 => Err("生成的户里一次也没有算出两个值,性质没有试出来;请看输入的范围".to_owned()),
            _ => Ok(()),
        }
    }

    fn text(&self, path: &str) -> &str {
        self.book.texts().get(path).map_or("", String::as_str)
    }

    fn home(&self) -> String {
        let places = self.book.localities().iter();
        let own = places.clone().find(|l| l.id == self.locality);
        own.map_or(String::new(), home_area)
    }
}

/// Days on which a number of the file changes, and the places with numbers of their own.
fn turning(program: &Program, plan: &FilePlan, home: &str) -> (BTreeSet<Day>, Vec<String>) {
    let mut days = BTreeSet::new();
    let mut places = vec![home.to_owned()];
    for item in plan.items.iter().filter_map(|id| program.item(*id)) {
        let Body::Param(param) = &item.body else {
            continue;
        };
        for value in &param.values {
            // The month in which it already holds from its first day.
            let month = Month::containing(value.from);
            let whole = month.first() == value.from;
            days.insert(if whole { month } else { month.add(1) }.first());
            if !value.area.is_empty() && !places.contains(&value.area) {
                places.push(value.area.clone());
            }
        }
    }
    places.truncate(PLACES_MAX);
    (days, places)
}

/// Where a number may turn: the numbers the file is written with, as values of the quantity, and just
/// beside them.
fn marks(program: &Program, plan: &FilePlan, text: &str, along: ItemId) -> Vec<Value> {
    let Some((item, bounds)) = program.item(along).and_then(|i| Some((i, i.bounds?))) else {
        return Vec::new();
    };
    let rules = text.split("```").filter(|block| block.starts_with("规则"));
    let written = rules.flat_map(|block| block.split(|c: char| !c.is_ascii_digit() && c != '.'));
    let written = written.filter(|word| !word.is_empty());
    let written = written.filter_map(|word| show::parse_cell(word, item.ty, &program.dict).ok());
    let filled = plan.items.iter().filter_map(|id| program.item(*id));
    let filled = filled.filter(|param| param.ty == item.ty);
    let filled = filled.flat_map(|param| match &param.body {
        Body::Param(param) => param.values.as_slice(),
        _ => &[],
    });
    let all = written.chain(filled.map(|value| value.value));
    let (den, least, most) = (bounds.den_min, bounds.num_min, bounds.num_max);
    let mut out = Vec::new();
    for value in all {
        let Value::Num(number) = value else { continue };
        let whole = number.num().saturating_mul(den).div_euclid(number.den());
        for beside in [-1, 0, 1] {
            let num = whole.saturating_add(beside).clamp(least, most);
            out.extend(Ratio::new(num, den).map(Value::Num));
        }
    }
    out
}

/// A quantity of another file about the same household, person or area.
fn is_taken(program: &Program, plan: &FilePlan, id: ItemId) -> bool {
    let fits = |item: &Item| {
        let own = item.home == Home::Entity(plan.entity);
        own && item.file.is_some() && !matches!(item.body, Body::Param(_))
    };
    program.item(id).is_some_and(fits)
}

/// Says what stands one step above somebody.
type Above = fn(&mut Situation, InstanceId, InstanceId);

/// Makes households and tries a property on them.
struct Maker<'a> {
    program: &'a Program,
    plan: &'a FilePlan,
    moments: Moments,
    area: &'a str,
    dice: Dice,
    taken: &'a Vec<ItemId>,
    marks: &'a [Value],
}

impl Maker<'_> {
    /// How often two known values were compared.
    fn try_all(&mut self, property: &Property) -> Result<u32, String> {
        let mut known = 0;
        for number in 1..=TRIES {
            let (mut situation, at) = self.household(number % 2 == 0);
            let steps = self.steps(property.along)?;
            let mut before: Option<(Value, Value)> = None;
            for step in steps {
                situation.set(at, property.along, step);
                let mut evaluator = Evaluator::new(self.program, &situation, self.moments);
                let value = evaluator.value(property.item, at);
                if !value.is_known() {
                    continue;
                }
                if let Some((low, was)) = before {
                    known += 1;
                    if wrong(was, value, property.rising) {
                        let moved = (low, step);
                        return Err(self.told(property, moved, (was, value), &situation, at));
                    }
                }
                before = Some((step, value));
            }
        }
        Ok(known)
    }

    /// What went wrong, with what else the file was given.
    fn told(
        &self,
        property: &Property,
        (low, high): (Value, Value),
        (was, is): (Value, Value),
        situation: &Situation,
        at: InstanceId,
    ) -> String {
        let text = |id: ItemId, value: Value| match self.program.item(id) {
            Some(item) => show::value(value, item.ty, &self.program.dict),
            None => String::new(),
        };
        let name = |id: ItemId| self.program.item(id).map_or("", |item| item.name.as_str());
        let (item, along) = (property.item, property.along);
        let given = self.plan.inputs.iter().chain(self.taken);
        let given = given.filter(|id| **id != along).filter_map(|id| {
            let given = situation.given(at, *id)?;
            Some(format!("{}={}", name(*id), text(*id, given.value)))
        });
        let given: Vec<String> = given.collect();
        format!(
            "{} 起,只把 {} 由 {} 改为 {},{} 由 {} 变成 {};别的不变:{}",
            self.moments.base,
            name(along),
            text(along, low),
            text(along, high),
            name(item),
            text(item, was),
            text(item, is),
            given.join(",")
        )
    }

    /// A household, person or area with everything that can be known of it.
    fn household(&mut self, taken: bool) -> (Situation, InstanceId) {
        let mut situation = Situation::new();
        let at = self.somebody(&mut situation, self.plan.entity);
        let above: [(&str, Above); 2] = [
            ("家庭", Situation::set_household),
            ("地区", Situation::set_home_area),
        ];
        for (entity, set) in above {
            let entity = self.program.dict.entity(entity);
            if let Some(entity) = entity.filter(|e| *e != self.plan.entity) {
                let around = self.somebody(&mut situation, entity);
                set(&mut situation, at, around);
            }
        }
        for (number, relation) in (0..).zip(&self.program.dict.relations) {
            if relation.owner != self.plan.entity {
                continue;
            }
            let list = situation.add_list(at, RelId(number), true);
            for _ in 0..self.dice.below(4) {
                let member = relation
                    .target
                    .map(|entity| self.somebody(&mut situation, entity));
                let row = situation.add_row(list, member);
                for (id, item) in columns(self.program, RelId(number)) {
                    let value = self.value(item);
                    situation.set_in_row(list, row, id, value);
                }
            }
        }
        if taken {
            for id in self.taken {
                if let Some(item) = self.program.item(*id) {
                    let value = self.value(item);
                    situation.set(at, *id, value);
                }
            }
        }
        (situation, at)
    }

    /// Somebody with all facts; nobody holds a status.
    fn somebody(&mut self, situation: &mut Situation, entity: EntityId) -> InstanceId {
        let at = situation.add(entity, 0);
        let zone = self.program.dict.enumeration("城乡");
        let zone = zone
            .and_then(|e| self.program.dict.enum_of(e))
            .map(|e| e.members.len());
        let member = zone.and_then(|len| u16::try_from(self.dice.below(len)).ok());
        situation.set_place(at, self.area, member);
        situation.complete_statuses(at);
        let program = self.program;
        for (id, item) in (0..).map(ItemId).zip(&program.items) {
            let built_in = matches!(item.name.as_str(), "有户" | "城乡");
            let fact = item.home == Home::Entity(entity) && matches!(item.body, Body::Fact);
            if fact && !built_in {
                let value = self.value(item);
                situation.set(at, id, value);
            }
        }
        at
    }

    /// Any value of a quantity; now and then unknown.
    fn value(&mut self, item: &Item) -> Value {
        if self.dice.below(20) == 0 {
            return Value::Unknown;
        }
        match item.ty {
            Type::Bool => Value::Bool(self.dice.below(2) == 1),
            Type::Day => {
                let back = i32::try_from(self.dice.below(36_500)).unwrap_or(0);
                let day = Day::from_epoch_days(self.moments.base.epoch_days() - back);
                day.map_or(Value::Unknown, Value::Day)
            }
            Type::Enum(of) => {
                let len = self.program.dict.enum_of(of).map_or(0, |e| e.members.len());
                u16::try_from(self.dice.below(len)).map_or(Value::Unknown, Value::Sym)
            }
            Type::Num(_) => self.number(item),
            Type::Set(_) | Type::Area => Value::Unknown,
        }
    }

    /// A number within its range, small ones as often as large ones.
    fn number(&mut self, item: &Item) -> Value {
        let Some(bounds) = item.bounds else {
            return Value::Unknown;
        };
        let (least, most) = (bounds.num_min, bounds.num_max);
        let span = most.saturating_sub(least).max(0).unsigned_abs();
        let shift = u32::try_from(self.dice.below(100)).unwrap_or(0);
        let wide = u128::from(self.dice.roll()) << 64 | u128::from(self.dice.roll());
        let offset = (wide >> 20_u32.saturating_add(shift)) % span.saturating_add(1).max(1);
        let offset = i128::try_from(offset).unwrap_or(0);
        let num = match self.dice.below(8) {
            0 => least,
            1 => most,
            2 => 0.max(least).min(most),
            _ => 0.max(least).saturating_add(offset).clamp(least, most),
        };
        Ratio::new(num, bounds.den_min).map_or(Value::Unknown, Value::Num)
    }

    /// The values a quantity is moved through, from least to greatest.
    fn steps(&mut self, along: ItemId) -> Result<Vec<Value>, String> {
        let Some(item) = self.program.item(along) else {
            return Ok(Vec::new());
        };
        match item.ty {
            Type::Bool => Ok(vec![Value::Bool(false), Value::Bool(true)]),
            Type::Enum(of) => match self.program.dict.enum_of(of) {
                Some(e) if e.ordered => {
                    let members = u16::try_from(e.members.len()).unwrap_or(0);
                    Ok((0..members).map(Value::Sym).collect())
                }
                _ => Err(format!(
                    "`{}` 的各项没有先后,说不上 不增、不减;在 facts.md 里用 < 写出先后",
                    item.name
                )),
            },
            Type::Num(_) | Type::Day => {
                let mut out: Vec<Value> = (0..STEPS).map(|_| self.value(item)).collect();
                out.extend(self.marks);
                out.retain(|value| value.is_known());
                out.sort_by(|a, b| order(*a, *b));
                out.dedup();
                Ok(out)
            }
            Type::Set(_) | Type::Area => Err(format!("`{}` 没有先后,性质没有试", item.name)),
        }
    }
}

/// The columns of a list's rows.
fn columns(program: &Program, relation: RelId) -> impl Iterator<Item = (ItemId, &Item)> {
    let all = (0..).map(ItemId).zip(&program.items);
    let own = Home::Rows(relation);
    all.filter(move |(_, item)| item.home == own && matches!(item.body, Body::Column))
}

fn wrong(was: Value, is: Value, rising: bool) -> bool {
    match order(was, is) {
        Ordering::Equal => false,
        Ordering::Less => !rising,
        Ordering::Greater => rising,
    }
}

/// The order of two values of one type.
fn order(a: Value, b: Value) -> Ordering {
    match (a, b) {
        (Value::Num(a), Value::Num(b)) => a.cmp(&b),
        (Value::Day(a), Value::Day(b)) => a.cmp(&b),
        (Value::Sym(a), Value::Sym(b)) => a.cmp(&b),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(&b),
        _ => Ordering::Equal,
    }
}

/// SplitMix64: the same seed gives the same households on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 up to, not including, `end`; 0 when `end` is 0.
    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX);
        let at = self.roll().checked_rem(end).unwrap_or(0);
        usize::try_from(at).unwrap_or(0)
    }
}
