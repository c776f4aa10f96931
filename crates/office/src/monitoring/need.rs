//! What of a month's facts and results somebody reads: the rest is neither read nor computed nor
//! held. It judges nothing; what is read is judged as if all were.

use super::frames::Needed;
use crate::simulate::WORDS;
use engine::Compiled;
use engine::judged::VERDICT;
use rules::Program;
use rules::plan::{Expr, ExprKind, FileKind, Home, ItemId, MeasureKind, Step, TextPart, Type};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Everything that is known and everything that follows.
    Everything,
    /// All facts, and results as pages and trials read them.
    Pages,
    /// All facts, no results.
    Facts,
    /// Every result, and the facts these rest on.
    Results,
    /// What warnings, their words, the counts, the indicators and later months need.
    Run,
    /// What the indicators count.
    Figures,
}

/// The rules with what is shown, and the facts they rest on; without, all facts.
pub(super) struct Cut {
    pub yielding: Compiled,
    pub judging: Compiled,
    pub needed: Option<Needed>,
}

/// Leaves out what nobody reads.
pub(super) fn cut(
    program: &Program,
    need: Need,
    (yielding, judging): (Compiled, Compiled),
    asked: &BTreeSet<ItemId>,
) -> Cut {
    match need {
        Need::Everything => Cut {
            yielding,
            judging,
            needed: None,
        },
        Need::Pages | Need::Facts => Cut {
            yielding: yielding.showing(yielded(program, |_| true)),
            judging: judging.showing(pages(program)),
            needed: None,
        },
        Need::Results | Need::Run | Need::Figures => {
            let mut items = asked.clone();
            let judging = match need {
                Need::Run => {
                    items.extend(quoted(program));
                    items.extend(grouped(program));
                    items.extend(program.find(crate::sums::PAID));
                    judging.showing(run(program, &items))
                }
                Need::Figures => {
                    items = grouped(program);
                    let counted = counted(program);
                    judging.showing(move |file, name| has(&counted, file, name))
                }
                Need::Everything | Need::Pages | Need::Facts | Need::Results => judging,
            };
            items.extend(judging.reads());
            let areas = program.dict.entity("地区").map(Home::Entity);
            let wanted =
                |fact: ItemId| items.contains(&fact) || program.item(fact).map(|i| i.home) == areas;
            let yielding = yielding.showing(yielded(program, wanted));
            items.extend(yielding.reads());
            let lists = [&yielding, &judging];
            let lists = lists.iter().flat_map(|c| c.lists()).collect();
            Cut {
                yielding,
                judging,
                needed: Some(Needed { items, lists }),
            }
        }
    }
}

/// The results of feeds that become facts and statuses.
fn yielded<W: Fn(ItemId) -> bool>(
    program: &Program,
    wanted: W,
) -> impl Fn(&str, &str) -> bool + use<W> {
    let mut names: HashMap<String, HashSet<String>> = HashMap::new();
    for feed in &program.feeds {
        let shown = names.entry(feed.id.clone()).or_default();
        let formulas = feed.yields.iter().filter(|(fact, _)| wanted(*fact));
        let formulas = formulas.filter_map(|(_, formula)| program.item(*formula));
        shown.extend(formulas.map(|item| item.name.clone()));
        let statuses = feed.grants.iter().filter_map(|g| program.item(g.status));
        shown.extend(statuses.map(|status| format!("给予.{}", status.name)));
    }
    move |file, name| names.get(file).is_some_and(|names| names.contains(name))
}

/// Answers, classes and days of everybody; numbers of households, and of others those that are given
/// or counted.
fn pages(program: &Program) -> impl Fn(&str, &str) -> bool + use<> {
    let household = program.dict.entity(WORDS.household).map(Home::Entity);
    let counted = [WORDS.per_head, WORDS.counted, WORDS.counts];
    let mut hidden: HashMap<String, HashSet<String>> = HashMap::new();
    for file in &program.files {
        let shown = |item: &ItemId| {
            let path = program.item(*item).map(|i| i.path.as_str());
            file.benefits.iter().any(|(benefit, _)| benefit == item)
                || path.is_some_and(|path| counted.contains(&path))
        };
        let numbers = file.items.iter().filter(|item| !shown(item));
        let numbers = numbers
            .filter_map(|item| program.item(*item))
            .filter(|item| matches!(item.ty, Type::Num(_)) && Some(item.home) != household);
        let numbers = numbers.map(|item| item.name.clone());
        hidden.insert(file.id.clone(), numbers.collect());
    }
    move |file, name| hidden.get(file).is_none_or(|names| !names.contains(name))
}

/// Verdicts to count, triggers with their urgency, and quantities that are read by name.
fn run(program: &Program, items: &BTreeSet<ItemId>) -> impl Fn(&str, &str) -> bool + use<> {
    let mut names = counted(program);
    for file in &program.files {
        let shown = names.entry(file.id.clone()).or_default();
        if file.verdict.is_some() {
            shown.insert(VERDICT.to_owned());
        }
        if file.kind == FileKind::Warning {
            let triggers = file
                .dispatches
                .iter()
                .filter_map(|d| program.item(d.trigger));
            for trigger in triggers {
                shown.insert(trigger.name.clone());
                shown.insert(format!("{}.紧急", trigger.name));
            }
        }
    }
    for shape in crate::assessed::shapes(program) {
        let shown = names.entry(shape.id).or_default();
        shown.extend(shape.quantities.into_iter().map(|quantity| quantity.name));
    }
    for item in items.iter().filter_map(|item| program.item(*item)) {
        let file = item.file.and_then(|file| program.files.get(file.at()));
        if let Some(shown) = file.and_then(|file| names.get_mut(&file.id)) {
            shown.insert(item.name.clone());
        }
    }
    move |file, name| has(&names, file, name)
}

fn has(names: &HashMap<String, HashSet<String>>, file: &str, name: &str) -> bool {
    names.get(file).is_some_and(|names| names.contains(name))
}

/// What the indicators count: numerators and denominators, distributions, and what tells groups apart.
fn counted(program: &Program) -> HashMap<String, HashSet<String>> {
    let mut names: HashMap<String, HashSet<String>> = HashMap::new();
    let own = |item: ItemId| {
        let item = program.item(item)?;
        let file = program.files.get(item.file?.at())?;
        Some((file.id.clone(), item.name.clone()))
    };
    for plan in &program.files {
        let mut items: Vec<ItemId> = plan.groups.clone();
        for measure in &plan.measures {
            match measure.kind {
                MeasureKind::Rate(_) => {
                    let shown = names.entry(plan.id.clone()).or_default();
                    shown.insert(format!("{}.分子", measure.name));
                    shown.insert(format!("{}.分母", measure.name));
                }
                MeasureKind::Spread {
                    value,
                    weight,
                    line,
                    median,
                } => items.extend([value, weight, line].into_iter().chain(median)),
            }
        }
        for (file, name) in items.into_iter().filter_map(own) {
            names.entry(file).or_default().insert(name);
        }
    }
    names
}

/// The facts that tell the groups of indicators apart.
fn grouped(program: &Program) -> BTreeSet<ItemId> {
    let groups = program.files.iter().flat_map(|plan| &plan.groups);
    groups.copied().collect()
}

/// What the words of warnings quote.
fn quoted(program: &Program) -> BTreeSet<ItemId> {
    let mut out = BTreeSet::new();
    let warnings = program.files.iter().filter(|f| f.kind == FileKind::Warning);
    let parts = warnings
        .flat_map(|file| &file.dispatches)
        .flat_map(|dispatch| &dispatch.text);
    for part in parts {
        if let TextPart::Quote(expr) = part {
            reads(expr, &mut out);
        }
    }
    out
}

fn reads(expr: &Expr, out: &mut BTreeSet<ItemId>) {
    match &expr.kind {
        ExprKind::Ref(item, Step::Own) => {
            out.insert(*item);
        }
        ExprKind::Param(_, keys) => keys.iter().flatten().for_each(|key| reads(key, out)),
        _ => {}
    }
}
