//! 悬崖: every household with help walks up the income axis, and where one yuan more leaves less in
//! the hand the place, the loss and the programmes that end there are told.
//!
//! The additional income enters the rules as a fact of its own, added to the household's recognised
//! income in the text of the rules and checked like any other text.

use super::report::DoorId;
use super::summary::{Places, count};
use super::{WORDS, blocking, cap};
use crate::error::Result;
use crate::monitoring::MonthData;
use domain::Day;
use engine::Frames;
use engine::simulate::axis::{Axis, Sweep, sweep};
use engine::simulate::{Door, Outcome, refit};
use rules::ast::Stmt;
use rules::situation::Moments;
use rules::{Program, Rulebook, Severity, SourceText};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The rule file and the quantity that is a household's income before anything is taken off.
const AXIS: (&str, &str) = ("household_means", "家庭年收入");
/// The fact that carries additional income; no rulebook has one of this name.
const FACT: &str = "试算另加月收入";
/// The dictionary.
const FACTS: &str = "facts.md";
/// How the axis is cut for drawing and for the histogram, in 分 a head: a matter of reading.
const BUCKET_FEN: i64 = 10_000;

/// How the axis is walked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AxisAsk {
    /// The distance of two points in 分 a household and month.
    pub step: i64,
    /// How many steps.
    pub steps: u32,
    /// Households whose own curve is told.
    pub chosen: Vec<i64>,
}

impl Default for AxisAsk {
    /// Twenty-four steps of 200 元: a family without income crosses the lines of the demo. What lies
    /// between two points is sought to the yuan all the same.
    fn default() -> Self {
        Self {
            step: 20_000,
            steps: 24,
            chosen: Vec::new(),
        }
    }
}

/// What was found along the axis.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Cliffs {
    /// Households that walked it.
    pub households: u64,
    /// Additional income at each point, in 分 a household and month.
    pub raises: Vec<i64>,
    /// Help of all of them together at each point, in 分: rules as they are.
    pub now: Vec<i64>,
    /// The same under the scenario.
    pub then: Vec<i64>,
    /// The curves of the households chosen.
    pub chosen: Vec<Curve>,
    /// What the first additional yuan does: rules as they are.
    pub first_now: FirstYuan,
    /// The same under the scenario.
    pub first_then: FirstYuan,
    /// How many cliffs there are now.
    pub cliffs_now: u64,
    /// The cliffs under the scenario, the deepest first.
    pub cliffs: Vec<CliffRow>,
    /// Where they bite, by income a head before the step.
    pub histogram: Vec<Bucket>,
    /// Where they bite, by township.
    pub areas: Vec<CliffArea>,
}

/// One household's help along the axis.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Curve {
    /// The household.
    pub household: i64,
    /// Help at each point in 分: rules as they are.
    pub now: Vec<i64>,
    /// The same under the scenario.
    pub then: Vec<i64>,
    /// Whether the month knows it; a household without help has a flat curve.
    pub known: bool,
}

/// What one yuan more does to all help together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FirstYuan {
    /// Help stays or grows.
    pub keeps: u64,
    /// Help falls by less than the yuan.
    pub part: u64,
    /// Help falls by just the yuan: earning it brings nothing.
    pub all: u64,
    /// Help falls by more than the yuan.
    pub more: u64,
}

/// One cliff.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CliffRow {
    /// The household.
    pub household: i64,
    /// Township and village.
    pub place: String,
    /// Additional income before the step, in 分 a month.
    pub from: i64,
    /// After it.
    pub to: i64,
    /// Income a head before the step in 分, cut to whole 分.
    pub per_head: Option<i64>,
    /// How much less is in the hand after the step, in 分 a month.
    pub lost: i64,
    /// Which programmes pay otherwise: title, before, after.
    pub parts: Vec<(String, i64, i64)>,
}

/// A stretch of income a head.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Bucket {
    /// From, in 分 a head and month.
    pub from: i64,
    /// To, in 分.
    pub to: i64,
    /// Cliffs in it.
    pub cliffs: u64,
    /// Households that meet one in it.
    pub households: u64,
    /// The deepest.
    pub lost_max: i64,
}

/// A township's cliffs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CliffArea {
    /// Its name.
    pub name: String,
    /// Its code.
    pub code: String,
    /// Households that meet one.
    pub households: u64,
    /// Cliffs.
    pub cliffs: u64,
    /// What is lost at all of them together, in 分 a month.
    pub lost: i64,
}

/// Rules that read additional income.
#[derive(Clone)]
pub(super) struct AxisRules {
    program: Arc<Program>,
}

/// The rules of some texts with the axis in them; none where they have no such income.
pub(super) fn rules(
    texts: &BTreeMap<String, String>,
    locality: &str,
    day: Day,
) -> Option<AxisRules> {
    let plain = |(path, text): (&String, &String)| SourceText {
        path: path.clone(),
        text: text.clone(),
    };
    let book = Rulebook::read(texts.iter().map(plain).collect());
    let mut texts = texts.clone();
    let facts = texts.get_mut(FACTS)?;
    facts.push_str(&format!(
        "\n```规则\n事实 {FACT} : 元/月 0..1000000 , {} , 来源 申请 , 一般 , 保留 1 月\n```\n",
        WORDS.household
    ));
    let mut written = false;
    for parsed in book.parsed() {
        let head = parsed.head().filter(|h| h.id.text == AXIS.0);
        if head.is_none() {
            continue;
        }
        let formula = parsed.file.statements.iter().find_map(|s| match &s.kind {
            Stmt::Compute { name, ty, expr, .. }
                if name.parts.len() == 1 && name.parts.iter().all(|p| p.text == AXIS.1) =>
            {
                Some((expr.span, s.span, ty))
            }
            _ => None,
        });
        let Some((expr, statement, ty)) = formula else {
            continue;
        };
        let rules::ast::TypeText::Named(unit) = ty else {
            return None;
        };
        let factor = match unit.text.as_str() {
            "元/年" => " * 12 月/年",
            "元/月" => "",
            _ => return None,
        };
        let text = texts.get_mut(&parsed.path)?;
        let formula = text.get(expr.start..expr.end)?.to_owned();
        let new = format!("({formula}) + {FACT}{factor}");
        text.get(expr.start..expr.end)?;
        text.replace_range(expr.start..expr.end, &new);
        text.get(..statement.start)?;
        text.insert_str(statement.start, &format!("输入 {FACT} : 元/月\n"));
        written = true;
    }
    if !written {
        return None;
    }
    let book = Rulebook::read(texts.iter().map(plain).collect());
    let (program, problems) = book.program(locality, day);
    let wrong = problems.iter().find(|p| p.severity == Severity::Error);
    if let Some(problem) = wrong {
        tracing::warn!(message = %problem.message, "the rules have no income axis");
        return None;
    }
    Some(AxisRules {
        program: Arc::new(program),
    })
}

/// Households with help on either side, and those chosen.
pub(super) fn homes(outcome: &Outcome, chosen: &[i64]) -> BTreeSet<i64> {
    let with_help = outcome.doors.keys().filter_map(|door| match door {
        Door::Household(id) => Some(*id),
        Door::Person(_) => None,
    });
    with_help.chain(chosen.iter().copied()).collect()
}

/// A walk, with the titles of the programmes met.
pub(super) struct Walked {
    sweep: Sweep,
    titles: BTreeMap<String, String>,
}

/// The tables a walk starts from.
pub(super) enum Tables {
    /// The month's own.
    Month(Arc<MonthData>),
    /// Those of a scenario.
    Scenario(Arc<(Program, Frames)>),
}

impl Tables {
    fn parts(&self) -> (&Program, &Frames) {
        match self {
            Self::Month(data) => (&data.program, &data.frames),
            Self::Scenario(both) => (&both.0, &both.1),
        }
    }
}

/// Walks the axis with some households and everybody the rules look at from them.
pub(super) async fn walk(
    tables: Tables,
    rules: AxisRules,
    ask: AxisAsk,
    homes: Arc<BTreeSet<i64>>,
    moments: Moments,
) -> Result<Walked> {
    blocking(move || {
        let program = rules.program;
        let (from, frames) = tables.parts();
        let titles = program
            .files
            .iter()
            .map(|f| (f.id.clone(), f.title.clone()))
            .collect();
        let nothing = Walked {
            sweep: Sweep::default(),
            titles,
        };
        let Some(fact) = program.find(FACT) else {
            return Ok(nothing);
        };
        let Some(frames) = refit(frames, from, &program)? else {
            return Ok(nothing);
        };
        let axis = Axis {
            program: &program,
            fact,
            step: ask.step,
            steps: ask.steps,
            words: WORDS,
        };
        let sweep = sweep(&axis, &frames, moments, &homes, |_, _| {})?;
        Ok(Walked { sweep, ..nothing })
    })
    .await
}

/// What two walks say side by side.
pub(super) fn told(
    data: &MonthData,
    now: Option<&Walked>,
    then: &Walked,
    ask: &AxisAsk,
    places: &Places,
) -> Cliffs {
    let none = Sweep::default();
    let before = now.map_or(&none, |walked| &walked.sweep);
    let after = &then.sweep;
    let mut cliffs: Vec<CliffRow> = after
        .cliffs
        .iter()
        .map(|cliff| CliffRow {
            household: cliff.household,
            place: places.told(data, Door::Household(cliff.household)),
            from: cliff.from,
            to: cliff.to,
            per_head: cliff.per_head.map(cap::whole_fen),
            lost: cliff.lost,
            parts: cliff
                .parts
                .iter()
                .map(|(id, was, is)| {
                    let title = then.titles.get(id.as_ref());
                    let title = title.map_or_else(|| id.to_string(), Clone::clone);
                    (title, *was, *is)
                })
                .collect(),
        })
        .collect();
    cliffs.sort_by_key(|c| (std::cmp::Reverse(c.lost), c.household, c.from));
    let chosen = ask.chosen.iter().map(|id| Curve {
        household: *id,
        now: before.help.get(id).cloned().unwrap_or_default(),
        then: after.help.get(id).cloned().unwrap_or_default(),
        known: data
            .program
            .dict
            .entity(WORDS.household)
            .and_then(|e| data.frames.entities.get(&e)?.position(*id))
            .is_some(),
    });
    Cliffs {
        households: count(after.help.len()),
        raises: after.raises.clone(),
        now: summed(before),
        then: summed(after),
        chosen: chosen.collect(),
        first_now: first(before),
        first_then: first(after),
        cliffs_now: count(before.cliffs.len()),
        histogram: histogram(&cliffs),
        areas: by_area(data, &cliffs, places),
        cliffs,
    }
}

fn summed(sweep: &Sweep) -> Vec<i64> {
    (0..sweep.raises.len())
        .map(|at| {
            let all = sweep.help.values().filter_map(|help| help.get(at));
            all.fold(0_i64, |sum, fen| sum.saturating_add(*fen))
        })
        .collect()
}

fn first(sweep: &Sweep) -> FirstYuan {
    let yuan = 100;
    let mut out = FirstYuan::default();
    for fallen in sweep
        .first_yuan
        .values()
        .map(|change| change.saturating_neg())
    {
        let slot = if fallen <= 0 {
            &mut out.keeps
        } else if fallen < yuan {
            &mut out.part
        } else if fallen == yuan {
            &mut out.all
        } else {
            &mut out.more
        };
        *slot = slot.saturating_add(1);
    }
    out
}

fn histogram(cliffs: &[CliffRow]) -> Vec<Bucket> {
    let mut met: BTreeMap<i64, (Bucket, BTreeSet<i64>)> = BTreeMap::new();
    for cliff in cliffs {
        let Some(per_head) = cliff.per_head else {
            continue;
        };
        let from = per_head.div_euclid(BUCKET_FEN).saturating_mul(BUCKET_FEN);
        let (bucket, homes) = met.entry(from).or_default();
        bucket.from = from;
        bucket.to = from.saturating_add(BUCKET_FEN);
        bucket.cliffs = bucket.cliffs.saturating_add(1);
        bucket.lost_max = bucket.lost_max.max(cliff.lost);
        homes.insert(cliff.household);
    }
    met.into_values()
        .map(|(bucket, homes)| Bucket {
            households: count(homes.len()),
            ..bucket
        })
        .collect()
}

/// Cliffs by township, the most first.
fn by_area(data: &MonthData, cliffs: &[CliffRow], places: &Places) -> Vec<CliffArea> {
    let mut rows: BTreeMap<String, (CliffArea, BTreeSet<i64>)> = BTreeMap::new();
    for cliff in cliffs {
        let (code, name) = places.township(data, Door::Household(cliff.household));
        let (row, homes) = rows.entry(code.clone()).or_default();
        row.name = name;
        row.code = code;
        row.cliffs = row.cliffs.saturating_add(1);
        row.lost = row.lost.saturating_add(cliff.lost);
        homes.insert(cliff.household);
        row.households = count(homes.len());
    }
    let mut rows: Vec<CliffArea> = rows.into_values().map(|(row, _)| row).collect();
    rows.sort_by_key(|row| (std::cmp::Reverse(row.cliffs), row.code.clone()));
    rows
}

impl CliffRow {
    /// Whose it is.
    pub fn door(&self) -> DoorId {
        DoorId::Household(self.household)
    }
}
