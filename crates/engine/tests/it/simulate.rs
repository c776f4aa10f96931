//! What other rules would do to the same people, and what more income would.

use crate::differential::{book, demo, people_of, seed};
use domain::Month;
use engine::Frames;
use engine::arrow::array::Array;
use engine::differential::generate;
use engine::payable::{CutKind, payable};
use engine::simulate::axis::{Axis, sweep};
use engine::simulate::{
    Asked, Door, Effect, Line, Outcome, Reason, Roll, Side, Words, judge, refit, simulate,
};
use engine::situation::situation_of;
use rules::eval::{Claim, Evaluator, Yield, claim, resolve_exclusions};
use rules::plan::{Body, Exclusion, ExclusionRule, FileId};
use rules::situation::Moments;
use rules::value::{Ratio, Value};
use rules::{Program, SourceText};
use std::collections::{BTreeMap, BTreeSet};

pub const WORDS: Words<'static> = Words {
    household: "家庭",
    person: "个人",
    per_head: "household_means.人均月收入",
    counted: "composition.计入人数",
    counts: "composition.成员.计入",
};

fn august() -> Month {
    Month::new(2026, 8).unwrap()
}

fn moments() -> Moments {
    Moments::monthly(august())
}

fn asked(roll: Roll) -> Asked<'static> {
    Asked {
        words: WORDS,
        line: Some(Line::Fixed(Ratio::whole(82_000))),
        roll,
    }
}

/// Random people of the demo's rules in August.
fn people(clusters: usize) -> (Program, Frames) {
    let (program, _, frames) = people_of(demo(august()), august(), clusters);
    (program, frames)
}

/// The rules with a parameter times `percent`.
fn scaled(program: &Program, name: &str, percent: i128) -> Program {
    let mut program = program.clone();
    for item in program.items.iter_mut().filter(|i| i.name == name) {
        let Body::Param(param) = &mut item.body else {
            continue;
        };
        for value in &mut param.values {
            if let Value::Num(amount) = value.value {
                let by = Ratio::new(percent, 100).unwrap();
                value.value = Value::Num(amount.mul(by).unwrap());
            }
        }
    }
    program
}

fn tried(frames: &Frames, before: &Program, after: &Program, roll: Roll) -> Outcome {
    simulate(frames, moments(), before, after, &asked(roll)).unwrap()
}

#[test]
fn rules_compared_with_themselves_change_nothing() {
    let (program, frames) = people(100);
    let outcome = tried(&frames, &program, &program, Roll::Follows);
    assert!(outcome.changed.is_empty());
    assert_eq!((outcome.passes, outcome.at_rest), (1, true));
    for change in &outcome.programmes {
        assert_eq!(change.cost.0, change.cost.1, "{}", change.file_id);
        assert_eq!(change.entitled.0, change.entitled.1, "{}", change.file_id);
    }
    assert!(
        outcome
            .doors
            .values()
            .all(|(before, after)| before == after)
    );
    let poverty = outcome.poverty.unwrap();
    assert_eq!(poverty.before, poverty.after);
    assert_eq!(poverty.spread_before, poverty.spread_after);
    let (alone, helped) = (poverty.spread_alone, poverty.spread_before);
    assert!(
        helped.gini < alone.gini && helped.headcount <= alone.headcount,
        "help to the poor leaves incomes less unequal: {alone:?} {helped:?}"
    );
}

#[test]
fn a_higher_standard_costs_more_and_nobody_leaves_for_it() {
    let (before, frames) = people(400);
    let after = scaled(&before, "低保标准", 5_000);
    let outcome = tried(&frames, &before, &after, Roll::AsItIs);
    let dibao = outcome.programmes.iter().find(|c| c.file_id == "dibao");
    let dibao = dibao.unwrap();
    assert!(dibao.entitled.1 > dibao.entitled.0, "{dibao:?}");
    assert!(dibao.cost.1 > dibao.cost.0);
    assert_eq!(dibao.effects.get(&Effect::Leaves), None);
}

#[test]
fn who_enters_is_told_the_condition_that_let_him_in() {
    let (before, frames) = people(400);
    let after = scaled(&before, "低保标准", 5_000);
    let outcome = tried(&frames, &before, &after, Roll::AsItIs);
    let at = outcome.programmes.iter().position(|c| c.file_id == "dibao");
    let entered: Vec<_> = outcome
        .changed
        .iter()
        .filter(|c| Some(c.programme) == at && c.effect == Effect::Enters)
        .collect();
    assert!(!entered.is_empty());
    for one in entered {
        let income = one.reasons.iter().any(|reason| {
            matches!(reason, Reason::Condition { name, is: Some(Some(true)), .. } if
                ["收入低于标准", "存款未超限"].contains(&name.as_ref()))
        });
        assert!(income, "{one:?}");
    }
}

#[test]
fn the_doors_add_up_to_what_the_programmes_cost() {
    let (before, frames) = people(300);
    let after = scaled(&before, "低保标准", 300);
    let outcome = tried(&frames, &before, &after, Roll::Follows);
    let doors = outcome.doors.values();
    let (was, is) = doors.fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
    let costs = outcome.programmes.iter().map(|p| p.cost);
    let (cost_was, cost_is) = costs.fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
    assert_eq!((was, is), (cost_was, cost_is));
    assert!(is > was);
}

#[test]
fn what_reads_the_roll_follows_those_who_enter_it() {
    let (before, frames) = people(600);
    let after = scaled(&before, "低保标准", 5_000);
    let still = tried(&frames, &before, &after, Roll::AsItIs);
    let follows = tried(&frames, &before, &after, Roll::Follows);
    let living = |o: &Outcome| {
        let found = o
            .programmes
            .iter()
            .find(|p| p.file_id == "disability_living");
        found.unwrap().entitled
    };
    assert_eq!(living(&still).0, living(&still).1);
    assert!(
        living(&follows).1 > living(&follows).0,
        "{:?}",
        living(&follows)
    );
    assert!(follows.at_rest && follows.passes > 1);
}

/// The lines of the demo's matrix and one of each other kind.
fn with_every_kind(mut program: Program) -> Program {
    let line = |a: &str, b: &str, rule| Exclusion {
        a: a.to_owned(),
        b: b.to_owned(),
        rule,
        cites: vec![],
    };
    program.exclusions.push(line(
        "disability_care",
        "disability_living",
        ExclusionRule::TopUp,
    ));
    program.exclusions.push(line(
        "single_person_dibao",
        "price_subsidy",
        ExclusionRule::Choice("供养形式选择".to_owned()),
    ));
    program
}

#[test]
fn what_is_paid_after_exclusions_is_what_the_rules_say_of_each_person() {
    let program = with_every_kind(demo(august()));
    let compiled = engine::compile(&program, moments()).unwrap();
    let people = generate(&program, moments(), compiled.history_wanted(), 600, seed()).unwrap();
    let judged = compiled.run(&people.frames).unwrap();
    let pay = payable(&program, &judged, &people.frames, moments().base);
    let mut kinds = BTreeSet::new();
    for cluster in &people.clusters {
        let sides = situation_of(&program, &people.frames, cluster);
        let mut eval = Evaluator::new(&program, &sides.situation, moments());
        for entity in [WORDS.person, WORDS.household] {
            let entity = program.dict.entity(entity).unwrap();
            for (id, at) in sides.instances(entity) {
                let files: Vec<FileId> = pay
                    .iter()
                    .filter(|p| p.entity == entity)
                    .map(|p| p.file)
                    .collect();
                let claims: Vec<Claim> = files
                    .iter()
                    .filter_map(|file| claim(&mut eval, *file, at))
                    .collect();
                let choices: BTreeMap<&str, Value> = program
                    .exclusions
                    .iter()
                    .filter_map(|line| match &line.rule {
                        ExclusionRule::Choice(fact) => Some(fact.as_str()),
                        ExclusionRule::First(_) | ExclusionRule::TopUp => None,
                    })
                    .map(|fact| (fact, eval.value(program.find(fact).unwrap(), at)))
                    .collect();
                let found = resolve_exclusions(&program, &claims, |fact| choices[fact]);
                for paid in pay.iter().filter(|p| p.entity == entity) {
                    let Some(one) = paid.of(id) else { continue };
                    let mine: Vec<Yield> = found
                        .iter()
                        .filter(|f| f.file == paid.file)
                        .map(|f| f.outcome)
                        .collect();
                    let want = if mine.contains(&Yield::Withheld) {
                        Some(CutKind::Withheld)
                    } else if mine.contains(&Yield::Undecided) {
                        Some(CutKind::Undecided)
                    } else {
                        mine.first().map(|_| CutKind::Reduced)
                    };
                    assert_eq!(one.cut.map(|c| c.kind), want, "{} {id}", paid.file_id);
                    if let (None, true) = (want, paid.monthly) {
                        assert_eq!(one.paid, one.due);
                    }
                    if let [Yield::Reduced(rest)] = mine.as_slice() {
                        assert_eq!(one.paid.map(i128::from), Some(rest.num()));
                    }
                    kinds.extend(want);
                }
            }
        }
    }
    assert_eq!(kinds.len(), 3, "every kind of cut was met: {kinds:?}");
}

/// The rules with a household fact that adds to its yearly income.
fn with_more_income() -> Program {
    let plain = book();
    let texts = plain.texts().iter().map(|(path, text)| {
        let text = match path.as_str() {
            "facts.md" => format!(
                "{text}\n```规则\n事实 另加月收入 : 元/月 0..1000000 , 家庭 , 来源 申请 , 一般 , 保留 1 月\n```\n"
            ),
            "policies/household-means.md" => text
                .replace("引用 composition.成员.计入\n", "引用 composition.成员.计入\n输入 另加月收入 : 元/月\n")
                .replace("财产净收入 + 转移净收入\n", "财产净收入 + 转移净收入 + 另加月收入 * 12 月/年\n"),
            _ => text.clone(),
        };
        SourceText { path: path.clone(), text }
    });
    let book = rules::Rulebook::read(texts.collect());
    let (program, problems) = book.program("demo", august().first());
    let wrong = problems
        .iter()
        .find(|p| p.severity == rules::Severity::Error);
    assert!(wrong.is_none(), "{wrong:?}");
    program
}

/// Households of the random people that get something, the tables around them, and the rules.
fn walkers() -> (Program, Frames, BTreeSet<i64>, BTreeMap<i64, i64>) {
    let (plain, frames) = people(400);
    let program = with_more_income();
    let mut frames = refit(&frames, &plain, &program).unwrap().unwrap();
    let household = program.dict.entity(WORDS.household).unwrap();
    let fact = program.find("另加月收入").unwrap();
    let homes = frames.entities.get_mut(&household).unwrap();
    let none = engine::arrow::array::Int64Array::from(vec![0; homes.len()]);
    homes.set(fact, std::sync::Arc::new(none));
    let judged = judge(&program, moments(), &frames, WORDS).unwrap();
    let side = Side::new(&program, &frames, &judged, moments());
    let help: BTreeMap<i64, i64> = side
        .help(WORDS)
        .into_iter()
        .filter_map(|(door, fen)| match door {
            Door::Household(id) if fen > 0 => Some((id, fen)),
            Door::Household(_) | Door::Person(_) => None,
        })
        .collect();
    let wanted: BTreeSet<i64> = help.keys().copied().step_by(2).take(40).collect();
    (program, frames, wanted, help)
}

#[test]
fn the_same_people_are_found_under_the_numbers_of_other_rules() {
    let (plain, frames) = people(100);
    let program = with_more_income();
    let fitted = refit(&frames, &plain, &program).unwrap().unwrap();
    let back = refit(&fitted, &program, &plain).unwrap().unwrap();
    for (entity, frame) in &frames.entities {
        let again = back.entities.get(entity).unwrap();
        assert_eq!(frame.columns().len(), again.columns().len());
        for (item, column) in frame.columns() {
            assert_eq!(again.column(*item).unwrap().to_data(), column.to_data());
        }
    }
    assert_eq!(frames.statuses.len(), back.statuses.len());
}

#[test]
fn every_cliff_is_one_yuan_that_leaves_less_and_adds_up_from_its_programmes() {
    let (program, frames, wanted, help) = walkers();
    let axis = Axis {
        program: &program,
        fact: program.find("另加月收入").unwrap(),
        step: 6_400,
        steps: 40,
        words: WORDS,
    };
    let sweep = sweep(&axis, &frames, moments(), &wanted, |_, _| {}).unwrap();
    assert!(wanted.len() > 10);
    for id in &wanted {
        // In a world of its own a household gets what it gets among all.
        assert_eq!(sweep.help[id].first(), help.get(id), "{id}");
        assert_eq!(sweep.help[id].len(), sweep.raises.len());
    }
    assert!(!sweep.cliffs.is_empty(), "random people meet a cliff");
    for cliff in &sweep.cliffs {
        assert_eq!(cliff.to - cliff.from, 100, "{cliff:?}");
        let fallen: i64 = cliff.parts.iter().map(|(_, was, is)| was - is).sum();
        assert_eq!(fallen - 100, cliff.lost, "{cliff:?}");
    }
}
