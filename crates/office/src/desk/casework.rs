//! Before an application is taken: what the state knows of the family, with its source, and what the rules
//! of the programmes still lack. The same evaluator that will judge the case says what is lacking, so
//! there is no second list of questions.

use super::paging::word;
use super::{Desk, Told, clusters, facts};
use crate::access::Scope;
use crate::views::casework::{Family, FamilyAsk, Question};
use crate::views::{Tone, Word};
use domain::AreaCode;
use rules::eval::{self, Evaluator, Gap};
use rules::plan::{EntityId, FileId, ItemId, Type};
use rules::situation::{InstanceId, Moments};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Where a fact comes from that only the applicant can tell.
const APPLICATION: &str = "申请";
/// Households, by their name in the dictionary.
const HOUSEHOLD: &str = "家庭";
const PERSON: &str = "个人";
/// What separates a fact from its person in the name of a field.
const OF: char = '@';

pub(super) async fn family(desk: &Desk, scope: &Scope, ask: FamilyAsk) -> Told<Family> {
    let judgement = desk.newest().await?;
    let home = clusters::home_of(&judgement, ask.applicant);
    let lives: Option<AreaCode> = match home {
        Some(home) => judgement.area_of(HOUSEHOLD, home),
        None => judgement.area_of(PERSON, ask.applicant),
    };
    // Of people who live elsewhere nothing is shown; they are asked, and their own office looks.
    if !lives.is_some_and(|place| scope.contains(&place)) {
        return Ok(Family::default());
    }
    let sides = clusters::around(&judgement, home, Some(ask.applicant));
    let index_of = Arc::clone(&judgement);
    let index = desk.index(&index_of).await?;
    let names = desk.names(&ask.members).await?;
    let program = &judgement.data.program;
    let month = judgement.data.month;
    let mut eval = Evaluator::new(program, &sides.situation, Moments::monthly(month));
    let mut out = Family {
        month: month.to_string(),
        ..Family::default()
    };
    let person = program.dict.entity(PERSON);
    for id in &ask.members {
        let Some((entity, at)) = person.and_then(|e| Some((e, sides.situation.find(e, *id)?)))
        else {
            continue;
        };
        let mut known = facts::of_instance(&mut eval, at, entity, *id, index);
        known.retain(|fact| fact.value.is_some());
        out.provided.push((names.name(*id), known));
    }
    let mut asked: BTreeMap<(ItemId, i64), Question> = BTreeMap::new();
    let mut awaited: Vec<String> = Vec::new();
    for (file, plan) in (0..).map(FileId).zip(&program.files) {
        if !ask.programmes.contains(&plan.id) {
            continue;
        }
        let mut outcomes = Vec::new();
        for (key, title) in asked_of(&ask, (program, plan), home, &names) {
            let found = key.and_then(|key| sides.situation.find(plan.entity, key));
            let Some(outcome) = found.and_then(|at| eval.outcome(file, at)) else {
                // Nobody knows anything yet of somebody who was only typed.
                if key.is_none() && person == Some(plan.entity) {
                    let unknown = word("待查", Tone::Unknown);
                    out.answers.push((title, unknown, Vec::new()));
                }
                continue;
            };
            out.answers.push(answer(&mut eval, &title, &outcome));
            outcomes.push(outcome);
        }
        for gap in outcomes.iter().flat_map(|outcome| &outcome.missing) {
            let Some((item, at)) = fact_of(gap) else {
                let said = gap.name(program);
                if !awaited.contains(&said) {
                    awaited.push(said);
                }
                continue;
            };
            let Some(instance) = sides.situation.instance(at) else {
                continue;
            };
            let (entity, key) = (instance.entity, instance.key);
            let who = whose(program, entity, key, &names);
            match question(program, item, entity, key) {
                Some(mut question) => {
                    let known = asked.entry((item, key)).or_insert_with(|| {
                        question.who.clone_from(&who);
                        question
                    });
                    if !known.programmes.contains(&plan.title) {
                        let mark = if known.programmes.is_empty() {
                            ""
                        } else {
                            "、"
                        };
                        known.programmes = format!("{}{mark}{}", known.programmes, plan.title);
                    }
                }
                None => {
                    let said = waits_for(program, item, &who);
                    if !awaited.contains(&said) {
                        awaited.push(said);
                    }
                }
            }
        }
    }
    out.questions = asked.into_values().collect();
    out.awaited = awaited;
    Ok(out)
}

/// Whom a programme is judged for, each with the title of its answer: the household, those who were chosen, or the
/// applicant.
fn asked_of(
    ask: &FamilyAsk,
    (program, plan): (&rules::Program, &rules::plan::FilePlan),
    home: Option<i64>,
    names: &super::names::Names,
) -> Vec<(Option<i64>, String)> {
    if program.dict.entity_name(plan.entity) == HOUSEHOLD {
        return vec![(home, plan.title.clone())];
    }
    let chosen = ask.whom.iter().filter(|(of, _)| *of == plan.id);
    let chosen: Vec<(Option<i64>, String)> = chosen
        .map(|(_, person)| {
            let name = person.map_or("还没有登记的家人".to_owned(), |id| names.name(id));
            (*person, format!("{}({name})", plan.title))
        })
        .collect();
    match chosen.is_empty() {
        true => vec![(Some(ask.applicant), plan.title.clone())],
        false => chosen,
    }
}

fn answer(
    eval: &mut Evaluator<'_>,
    title: &str,
    outcome: &eval::Outcome,
) -> (String, Word, Vec<String>) {
    let told = match outcome.verdict {
        Some(eval::Verdict::Eligible) => word("现有数据符合", Tone::Good),
        Some(eval::Verdict::Ineligible) => word("现有数据不符合", Tone::Notice),
        Some(eval::Verdict::Pending) | None => word("待查", Tone::Unknown),
    };
    let failing: Vec<ItemId> = outcome.failing().collect();
    let reasons = failing
        .into_iter()
        .filter_map(|condition| eval.reason(condition, outcome.at))
        .collect();
    (title.to_owned(), told, reasons)
}

fn fact_of(gap: &Gap) -> Option<(ItemId, InstanceId)> {
    match gap {
        Gap::Fact { item, at } => Some((*item, *at)),
        _ => None,
    }
}

fn whose(
    program: &rules::Program,
    entity: EntityId,
    key: i64,
    names: &super::names::Names,
) -> String {
    match program.dict.entity_name(entity) {
        PERSON => names.name(key),
        other => other.to_owned(),
    }
}

/// A fact that only the applicant can tell, as a question; others are waited for.
fn question(
    program: &rules::Program,
    item: ItemId,
    entity: EntityId,
    key: i64,
) -> Option<Question> {
    let name = &program.item(item)?.name;
    let fact = program
        .dict
        .facts
        .iter()
        .find(|f| f.name == *name && f.entity == entity)?;
    if fact.source != APPLICATION {
        return None;
    }
    let of_home = program.dict.entity_name(entity) == HOUSEHOLD;
    let (mut hint, choices) = way(program, fact.ty);
    if let Some(asking) = &fact.ask {
        hint = format!("{}({hint})", asking.words);
    }
    Some(Question {
        field: match of_home {
            true => name.clone(),
            false => format!("{name}{OF}{key}"),
        },
        who: String::new(),
        fact: name.clone(),
        hint,
        choices,
        programmes: String::new(),
    })
}

/// How a fact is answered.
fn way(program: &rules::Program, ty: Type) -> (String, Vec<String>) {
    match ty {
        Type::Bool => (
            "是或者否".to_owned(),
            vec!["是".to_owned(), "否".to_owned()],
        ),
        Type::Day => ("日期,如 2026-08-01".to_owned(), Vec::new()),
        Type::Enum(one) | Type::Set(one) => {
            let members = program.dict.enum_of(one).map(|e| e.members.clone());
            ("选一种".to_owned(), members.unwrap_or_default())
        }
        Type::Num(unit) => (format!("数字,单位 {unit}"), Vec::new()),
        Type::Area => ("地区代码".to_owned(), Vec::new()),
    }
}

fn waits_for(program: &rules::Program, item: ItemId, who: &str) -> String {
    let name = program.item(item).map_or("", |item| item.name.as_str());
    let fact = program.dict.facts.iter().find(|fact| fact.name == name);
    let source = fact.map_or("", |fact| fact.source.as_str());
    let feed = program.feeds.iter().find(|feed| feed.id == source);
    let from = feed.map_or_else(|| source.to_owned(), |feed| feed.department.clone());
    format!("{who}的{name}(由{from}提供)")
}
