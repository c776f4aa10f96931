//! 贫困人数 and 不平等: how many live on less than a stated line, and how unequally, with help and without.
//!
//! A head's means are the household's income and the help of the household and of those it counts,
//! shared among those it counts. A household whose income is not known is told apart, never counted
//! as poor or as not poor.

use super::{Door, Side, Words};
use crate::indicators::{Income, Spread, float, spread};
use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::Int64Type;
use rules::value::{Ratio, Value};
use std::collections::{BTreeMap, HashSet};

/// The line, in 分 a head and month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// One number for everybody.
    Fixed(Ratio),
    /// A number for each household; where there is none nobody can say who is poor.
    Each(BTreeMap<i64, Ratio>),
}

/// How many live under the line.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Headcount {
    /// Persons whose household's income and line are known.
    pub persons: u64,
    /// Persons for whom they are not.
    pub unknown: u64,
    /// Under the line without any help, by the income as recognised before.
    pub without_help: u64,
    /// Under the line with the help before.
    pub before: u64,
    /// Under the line with the help after.
    pub after: u64,
    /// What is missing to the line for all of them together a month in 分, before.
    pub gap_before: i64,
    /// The same after.
    pub gap_after: i64,
    /// Poverty and inequality of income a head without any help.
    pub spread_alone: Spread,
    /// The same of income and help, before.
    pub spread_before: Spread,
    /// The same after.
    pub spread_after: Spread,
}

/// Income and size of households.
struct Means {
    per_head: BTreeMap<i64, Ratio>,
    counted: BTreeMap<i64, i64>,
}

impl Means {
    fn of(side: &Side<'_>, words: Words<'_>) -> Self {
        let per_head = numbers(side, words.per_head);
        let counted = numbers(side, words.counted)
            .into_iter()
            .filter_map(|(id, n)| Some((id, i64::try_from(n.num()).ok()?)))
            .collect();
        Self { per_head, counted }
    }
}

/// A quantity of all households, where it is known.
fn numbers(side: &Side<'_>, path: &str) -> BTreeMap<i64, Ratio> {
    let mut out = BTreeMap::new();
    let Some(item) = side.program.find(path) else {
        return out;
    };
    let Some(table) = side.judged.table_of(item) else {
        return out;
    };
    for (row, id) in table.ids().iter().enumerate() {
        if let Some(Value::Num(number)) = table.value(item, row) {
            out.insert(*id, number);
        }
    }
    out
}

/// The members their households count.
fn counts(side: &Side<'_>, words: Words<'_>) -> HashSet<i64> {
    let table = side
        .program
        .find(words.counts)
        .and_then(|item| side.judged.table_of(item));
    let Some(table) = table else {
        return HashSet::new();
    };
    let name = words.counts.rsplit('.').next().unwrap_or_default();
    let (Some(answers), Some(ids)) = (
        table.answers(name),
        table
            .batch
            .column_by_name("target_id")
            .and_then(|c| c.as_primitive_opt::<Int64Type>().cloned()),
    ) else {
        return HashSet::new();
    };
    let rows = (0..ids.len())
        .filter(|row| ids.is_valid(*row) && answers.is_valid(*row) && answers.value(*row));
    rows.map(|row| ids.value(row)).collect()
}

/// Help that counts for the household's heads, in 分.
fn help(side: &Side<'_>, words: Words<'_>) -> BTreeMap<i64, i64> {
    let counted = counts(side, words);
    let household = side.program.dict.entity(words.household);
    let mut out: BTreeMap<i64, i64> = BTreeMap::new();
    side.each_paid(words, |door, (pay, id), fen| {
        let own = side
            .pay
            .get(pay)
            .is_some_and(|p| Some(p.entity) == household);
        if let (Door::Household(home), true) = (door, own || counted.contains(&id)) {
            let sum = out.entry(home).or_default();
            *sum = sum.saturating_add(fen);
        }
    });
    out
}

pub(super) fn headcount(
    base: &Side<'_>,
    after: &Side<'_>,
    line: &Line,
    words: Words<'_>,
) -> Headcount {
    let (was, is) = (Means::of(base, words), Means::of(after, words));
    let (help_was, help_is) = (help(base, words), help(after, words));
    let mut out = Headcount::default();
    let (mut alone_all, mut before_all, mut after_all) = (Vec::new(), Vec::new(), Vec::new());
    for (id, persons) in &was.counted {
        let line = match line {
            Line::Fixed(line) => Some(*line),
            Line::Each(lines) => lines.get(id).copied(),
        };
        let heads = u64::try_from(*persons).unwrap_or(0);
        let persons_after = is.counted.get(id).copied().unwrap_or(*persons);
        let known = line
            .zip(was.per_head.get(id).copied())
            .zip(is.per_head.get(id).copied());
        let Some(((line, income), income_after)) = known else {
            out.unknown = out.unknown.saturating_add(heads);
            continue;
        };
        out.persons = out.persons.saturating_add(heads);
        let gap = |income: Ratio, heads: i64, help: i64| missing(line, income, heads, help);
        let help_before = help_was.get(id).copied().unwrap_or(0);
        let help_after = help_is.get(id).copied().unwrap_or(0);
        let alone = gap(income, *persons, 0);
        let before = gap(income, *persons, help_before);
        let later = gap(income_after, persons_after, help_after);
        alone_all.extend(lived_on(line, income, *persons, 0));
        before_all.extend(lived_on(line, income, *persons, help_before));
        after_all.extend(lived_on(line, income_after, persons_after, help_after));
        let heads_after = u64::try_from(persons_after).unwrap_or(0);
        for (missing, heads, sum) in [
            (alone, heads, &mut out.without_help),
            (before, heads, &mut out.before),
            (later, heads_after, &mut out.after),
        ] {
            if missing > 0 {
                *sum = sum.saturating_add(heads);
            }
        }
        out.gap_before = out.gap_before.saturating_add(before);
        out.gap_after = out.gap_after.saturating_add(later);
    }
    out.spread_alone = spread(&alone_all, None);
    out.spread_before = spread(&before_all, None);
    out.spread_after = spread(&after_all, None);
    out
}

/// What a head of a household lives on a month; none where nobody counts.
fn lived_on(line: Ratio, income: Ratio, heads: i64, help: i64) -> Option<Income> {
    let (heads, help) = (i128::from(heads), i128::from(help));
    let each = Ratio::whole(help).div(Ratio::whole(heads))?;
    Some(Income {
        value: float(income.add(each)?),
        weight: float(Ratio::whole(heads)),
        line: float(line),
    })
}

/// What is missing to the line for a household a month, whole 分 upward; zero where nothing is.
fn missing(line: Ratio, income: Ratio, heads: i64, help: i64) -> i64 {
    let heads = Ratio::whole(i128::from(heads));
    let gap = line
        .sub(income)
        .and_then(|gap| gap.mul(heads))
        .and_then(|gap| gap.sub(Ratio::whole(i128::from(help))));
    let Some(gap) = gap.filter(|gap| *gap > Ratio::ZERO) else {
        return 0;
    };
    let up = gap.num().saturating_add(gap.den().saturating_sub(1));
    i64::try_from(up.div_euclid(gap.den())).unwrap_or(i64::MAX)
}
