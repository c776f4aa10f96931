//! 问一件事: the rules that judge one matter at a time (每 事件): may it be received, may this adviser
//! take it, is there money left for it. An official states the matter; the rule answers with its
//! reasons and steps. Nothing is kept, and nothing is decided by it.
//!
//! The rules of the own place come first; those of other places can be tried and are in force there.

mod register;

pub use register::{Recorded, RegisterView, record, recorded};

use super::explained;
use super::names::Names;
use crate::office::Office;
use crate::views::{Behind, ExplainLine, ViewError};
use domain::{Day, Month};
use rules::check::Parsed;
use rules::eval::{Evaluator, Verdict};
use rules::explain::{Detail, LineKind, Scope, explain};
use rules::plan::{Body, FileId, FilePlan, Home, ItemId, Period, Type};
use rules::situation::{InstanceId, Moments, Situation};
use rules::value::Value;
use rules::{Program, show};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Of whom these rules are.
const MATTER: &str = "事件";
/// The place's own facts stand under this word in a form.
const PLACE: &str = "本地.";
/// The field with the day.
const DAY: &str = "日期";

/// The matters a place has rules for.
#[derive(Clone, Debug, Serialize)]
pub struct PlaceMatters {
    /// The locality: `demo`.
    pub locality: String,
    /// Its title.
    pub title: String,
    /// Whether it is the own one.
    pub own: bool,
    /// The matters.
    pub matters: Vec<MatterLink>,
}

/// A rule of a matter.
#[derive(Clone, Debug, Serialize)]
pub struct MatterLink {
    /// The file's id.
    pub id: String,
    /// The file's title.
    pub title: String,
    /// Its first lines, in plain words.
    pub gist: String,
}

/// A field of the form.
#[derive(Clone, Debug, Serialize)]
pub struct MatterField {
    /// Its name.
    pub name: String,
    /// What is asked.
    pub words: String,
    /// What helps: the unit, or how a day is written.
    pub help: String,
    /// What can be chosen; empty for what is typed.
    pub choices: Vec<String>,
    /// Whether a number is typed.
    pub number: bool,
    /// What was filled in.
    pub value: String,
    /// What is wrong with it; empty for nothing.
    pub slip: String,
}

/// What the rule says of a matter.
#[derive(Clone, Debug, Serialize)]
pub struct MatterAnswer {
    /// 符合, 不符合, 待查; empty for a rule that only works something out.
    pub verdict: String,
    /// Whether the rule says yes.
    pub yes: Option<bool>,
    /// Why not, with the articles.
    pub reasons: Vec<String>,
    /// What is missing.
    pub missing: Vec<String>,
    /// What comes of it: amounts, classes, days.
    pub results: Vec<(String, String)>,
    /// The steps.
    pub lines: Vec<ExplainLine>,
}

/// A matter as a page shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Matter {
    /// The locality.
    pub locality: String,
    /// Its title.
    pub place: String,
    /// Whether it is the own one.
    pub own: bool,
    /// The rule.
    pub link: MatterLink,
    /// The rule's page.
    pub rule: Behind,
    /// The day whose rules are asked.
    pub day: String,
    /// What is wrong with the day; empty for nothing.
    pub day_slip: String,
    /// What is asked.
    pub fields: Vec<MatterField>,
    /// The register it is judged over, where the rule names one.
    pub register: Option<RegisterView>,
    /// The answer, once the form was sent and could be read.
    pub answer: Option<MatterAnswer>,
}

/// Every matter the rulebook has rules for today, the own place first.
#[must_use]
pub fn matters(office: &Office) -> Vec<PlaceMatters> {
    let book = office.book();
    let today = office.clock().today();
    let mut out = Vec::new();
    for place in book.localities() {
        let tried = book.tried_in(&place.id);
        let own = place.id == office.locality;
        let folder = format!("localities/{}/", place.id);
        let mut matters = Vec::new();
        for parsed in book.parsed() {
            let fits = asks(parsed, today);
            // What all places share is asked in the own one.
            let here = own || parsed.path.starts_with(&folder);
            if let Some(head) = parsed.head().filter(|_| fits && here)
                && tried.contains(parsed.path.as_str())
            {
                matters.push(MatterLink {
                    id: head.id.text.clone(),
                    title: parsed.title.clone(),
                    gist: gist(office, &parsed.path),
                });
            }
        }
        if own || !matters.is_empty() {
            out.push(PlaceMatters {
                locality: place.id.clone(),
                title: place.title.clone(),
                own,
                matters,
            });
        }
    }
    out.sort_by_key(|place| !place.own);
    out
}

/// Whether a file judges single matters on a day.
fn asks(parsed: &Parsed, today: Day) -> bool {
    parsed.head().is_some_and(|head| {
        let day =
            |name: &Option<rules::ast::Name>| name.as_ref().and_then(|n| Day::parse(&n.text).ok());
        head.entity.text == MATTER
            && matches!(head.keyword.text.as_str(), "政策" | "评估")
            && day(&head.from).is_none_or(|from| from <= today)
            && day(&head.to).is_none_or(|to| today <= to)
    })
}

/// What the file says of itself before its rules.
fn gist(office: &Office, path: &str) -> String {
    let text = office.book().texts().get(path).map_or("", String::as_str);
    let said = text.lines().find_map(|line| line.strip_prefix("要旨:"));
    said.unwrap_or_default().to_owned()
}

/// One matter: its form, and the rule's answer once something was filled in. What is filled in stays
/// in the page.
///
/// # Errors
/// No such place or rule, or the rule is not in force on that day.
pub fn matter(
    office: &Office,
    (locality, id): (&str, &str),
    filled: Option<&BTreeMap<String, String>>,
    recorded: Option<&Recorded>,
) -> Result<Matter, ViewError> {
    let all = matters(office);
    let place = all.iter().find(|place| place.locality == locality);
    let link = place.and_then(|place| place.matters.iter().find(|matter| matter.id == id));
    let (Some(place), Some(link)) = (place, link) else {
        let said = format!("没有 `{locality}` 的 `{id}` 这一件;请从“问一件事”里选");
        return Err(ViewError::NotFound(said));
    };
    let today = office.clock().today();
    let given = filled.and_then(|f| f.get(DAY)).map(|text| text.trim());
    let given = given.filter(|text| !text.is_empty());
    let (day, day_slip) = match given.map(Day::parse) {
        None => (today, String::new()),
        Some(Ok(day)) => (day, String::new()),
        Some(Err(_)) => (today, "日期要写成 2026-09-01 这样".to_owned()),
    };
    let program = program(office, locality, day);
    let Some((file, plan)) = program.file(id) else {
        let said = format!("《{}》在 {day} 没有施行;请换一个日期", link.title);
        return Err(ViewError::NotAnswerable(said));
    };
    let mut asked = Asked::of(&program, plan, office, locality, day);
    asked.recorded = recorded;
    let fits = day_slip.is_empty();
    let slips = filled.map_or_else(BTreeMap::new, |filled| asked.fill(filled));
    let answer = filled.filter(|_| fits && slips.is_empty());
    let answer = answer.and_then(|_| asked.judge(file));
    let none = BTreeMap::new();
    let fields = asked.fields(filled.unwrap_or(&none), &slips, file);
    Ok(Matter {
        locality: locality.to_owned(),
        place: place.title.clone(),
        own: place.own,
        link: link.clone(),
        rule: Behind::Rule(plan.path.clone()),
        day: given.map_or_else(|| day.to_string(), str::to_owned),
        day_slip,
        fields,
        register: recorded.map(Recorded::view),
        answer,
    })
}

fn program(office: &Office, locality: &str, day: Day) -> Arc<Program> {
    if locality == office.locality {
        return office.rules_on(day);
    }
    Arc::new(office.book().program(locality, day).0)
}

/// A matter being asked about.
struct Asked<'a> {
    program: &'a Program,
    plan: &'a FilePlan,
    situation: Situation,
    matter: InstanceId,
    place: Option<InstanceId>,
    moments: Moments,
    /// What it is judged over, where that is recorded.
    recorded: Option<&'a Recorded>,
}

impl<'a> Asked<'a> {
    fn of(
        program: &'a Program,
        plan: &'a FilePlan,
        office: &Office,
        locality: &str,
        day: Day,
    ) -> Self {
        let mut situation = Situation::new();
        let matter = situation.add(plan.entity, 0);
        let area = crate::guide::area(office.book(), locality);
        situation.set_place(matter, &area, None);
        let around = program.dict.entity("地区");
        let place = around.map(|entity| {
            let place = situation.add(entity, 0);
            situation.set_place(place, &area, None);
            situation.set_home_area(matter, place);
            place
        });
        // A list nobody fills in on this page is none.
        for (number, relation) in (0..).zip(&program.dict.relations) {
            if relation.owner == plan.entity {
                situation.add_list(matter, rules::plan::RelId(number), true);
            }
        }
        let moments = match plan.period {
            Period::Occasion => Moments::case(day, None),
            Period::Month | Period::Quarter | Period::Year => {
                Moments::monthly(Month::containing(day))
            }
        };
        Self {
            program,
            plan,
            situation,
            matter,
            place,
            moments,
            recorded: None,
        }
    }

    /// A fact by its field: of the matter, or of the place.
    fn fact(&self, field: &str) -> Option<(ItemId, InstanceId)> {
        let (name, at) = match field.strip_prefix(PLACE) {
            Some(name) => (name, self.place?),
            None => (field, self.matter),
        };
        let entity = self.situation.instance(at)?.entity;
        let found = self.program.items.iter().position(|item| {
            item.name == name
                && item.home == Home::Entity(entity)
                && matches!(item.body, Body::Fact)
        });
        let item = ItemId(u32::try_from(found?).ok()?);
        Some((item, at))
    }

    /// Takes what was filled in; what is wrong with it, by field.
    fn fill(&mut self, filled: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut slips = BTreeMap::new();
        self.take_recorded(filled, &mut slips);
        for (field, text) in filled {
            let text = text.trim();
            // Whoever asks cannot say otherwise than the register.
            if self.is_recorded(field) {
                continue;
            }
            let Some((item, at)) = self.fact(field).filter(|_| !text.is_empty()) else {
                continue;
            };
            match self.read(item, text) {
                Ok(value) => self.situation.set(at, item, value),
                Err(said) => {
                    slips.insert(field.clone(), said);
                }
            }
        }
        slips
    }

    fn is_recorded(&self, field: &str) -> bool {
        let recorded = self.recorded;
        recorded.is_some_and(|recorded| recorded.shape.gives(field))
    }

    /// Takes what the register says of the thing that was chosen.
    fn take_recorded(
        &mut self,
        filled: &BTreeMap<String, String>,
        slips: &mut BTreeMap<String, String>,
    ) {
        let Some(recorded) = self.recorded else {
            return;
        };
        let field = recorded.shape.field();
        let Some(key) = filled.get(&field).filter(|key| !key.is_empty()) else {
            return;
        };
        let Some(facts) = recorded.facts(key) else {
            slips.insert(field, format!("`{key}` 没有登记"));
            return;
        };
        for (fact, text) in facts.into_iter().filter(|(_, text)| !text.is_empty()) {
            let Some((item, at)) = self.fact(fact) else {
                continue;
            };
            match self.read(item, text) {
                Ok(value) => self.situation.set(at, item, value),
                // The rule may have changed since the list was recorded.
                Err(said) => {
                    slips.insert(field.clone(), format!("登记的 {fact} 用不了:{said}"));
                }
            }
        }
    }

    /// The field in which the recorded thing is chosen.
    fn chosen(
        &self,
        filled: &BTreeMap<String, String>,
        slips: &BTreeMap<String, String>,
    ) -> Option<MatterField> {
        let recorded = self.recorded?;
        let name = recorded.shape.field();
        Some(MatterField {
            words: format!(
                "{}({}里登记的)",
                recorded.shape.key, recorded.shape.register
            ),
            help: String::new(),
            choices: recorded.rows.keys().cloned().collect(),
            number: false,
            value: filled.get(&name).cloned().unwrap_or_default(),
            slip: slips.get(&name).cloned().unwrap_or_default(),
            name,
        })
    }

    fn read(&self, item: ItemId, text: &str) -> Result<Value, String> {
        let known = self.program.item(item);
        let ty = known.map_or(Type::Bool, |item| item.ty);
        let value = show::parse_cell(text, ty, &self.program.dict)?;
        let name = known.map_or("", |item| item.name.as_str());
        let fact = self
            .program
            .dict
            .facts
            .iter()
            .find(|fact| fact.name == name);
        if let (Value::Num(number), Some((least, most))) = (value, fact.and_then(|f| f.range))
            && (number < least || most < number)
        {
            let told = |n| show::value(Value::Num(n), ty, &self.program.dict);
            return Err(format!("应在 {} 到 {} 之间", told(least), told(most)));
        }
        Ok(value)
    }

    /// What is asked: every fact the rule reads, of the matter and of the place.
    fn fields(
        &self,
        filled: &BTreeMap<String, String>,
        slips: &BTreeMap<String, String>,
        file: FileId,
    ) -> Vec<MatterField> {
        let mut eval = Evaluator::new(self.program, &self.situation, self.moments);
        let read = explain(&mut eval, file, self.matter, Detail::Whole);
        let lines = read.iter().flat_map(|told| &told.lines);
        let facts = lines.filter(|line| line.kind == LineKind::Fact);
        let names = facts.filter_map(|line| {
            let name = &self.program.item(line.item)?.name;
            match line.scope {
                Scope::Own => Some(name.clone()),
                Scope::Area => Some(format!("{PLACE}{name}")),
                Scope::Household | Scope::Rows(_) => None,
            }
        });
        let names: Vec<String> = names.filter(|name| !self.is_recorded(name)).collect();
        let field = |name: String| {
            let (item, _) = self.fact(&name)?;
            let ty = self.program.item(item)?.ty;
            let dict = &self.program.dict;
            let (choices, help) = match ty {
                Type::Bool => (vec!["是".to_owned(), "否".to_owned()], String::new()),
                Type::Enum(of) => {
                    let members = dict.enum_of(of).map(|e| e.members.clone());
                    (members.unwrap_or_default(), String::new())
                }
                Type::Num(unit) => (Vec::new(), format!("单位:{unit}")),
                Type::Day => (Vec::new(), "写成 2026-09-01 这样".to_owned()),
                Type::Set(_) | Type::Area => return None,
            };
            Some(MatterField {
                words: name.replace(PLACE, "本地"),
                help,
                choices,
                number: matches!(ty, Type::Num(_)),
                value: filled.get(&name).cloned().unwrap_or_default(),
                slip: slips.get(&name).cloned().unwrap_or_default(),
                name,
            })
        };
        let chosen = self.chosen(filled, slips).into_iter();
        chosen.chain(names.into_iter().filter_map(field)).collect()
    }

    /// What the rule says.
    fn judge(&self, file: FileId) -> Option<MatterAnswer> {
        let mut eval = Evaluator::new(self.program, &self.situation, self.moments);
        let told = explain(&mut eval, file, self.matter, Detail::Whole)?;
        let (verdict, yes) = match told.outcome.verdict {
            Some(Verdict::Eligible) => ("符合", Some(true)),
            Some(Verdict::Ineligible) => ("不符合", Some(false)),
            Some(Verdict::Pending) => ("待查", None),
            None => ("", None),
        };
        let failing: Vec<ItemId> = told.outcome.failing().collect();
        let reason = |condition: ItemId| {
            let cites = match self.program.item(condition).map(|item| &item.body) {
                Some(Body::Condition { cites, .. }) => cites.join("、"),
                _ => String::new(),
            };
            let said = eval.reason(condition, self.matter)?;
            Some(match cites.is_empty() {
                true => said,
                false => format!("{said}({cites})"),
            })
        };
        let reasons = failing.into_iter().filter_map(reason).collect();
        Some(MatterAnswer {
            verdict: verdict.to_owned(),
            yes,
            reasons,
            missing: told.missing.clone(),
            results: self.results(yes),
            lines: explained::lines(self.program, &self.situation, &told, &Names::default()),
        })
    }

    /// What comes of it: classes and formulas, and what is given where the rule says yes.
    fn results(&self, yes: Option<bool>) -> Vec<(String, String)> {
        let mut eval = Evaluator::new(self.program, &self.situation, self.moments);
        let given: Vec<ItemId> = self.plan.benefits.iter().map(|(item, _)| *item).collect();
        let mut out = Vec::new();
        for id in &self.plan.items {
            let Some(item) = self.program.item(*id) else {
                continue;
            };
            let formula = matches!(
                item.body,
                Body::Formula { .. } | Body::Classify { .. } | Body::Itemise { .. }
            );
            let own = item.home == Home::Entity(self.plan.entity);
            // A refused matter gives nothing, whatever the formula yields.
            let refused = given.contains(id) && yes == Some(false);
            if !formula || !own || refused {
                continue;
            }
            let value = eval.value(*id, self.matter);
            out.push((
                item.name.clone(),
                show::value(value, item.ty, &self.program.dict),
            ));
        }
        out
    }
}
