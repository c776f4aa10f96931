//! 计数: numerators and denominators of everybody, summed by area and by group. Areas above add the
//! two numbers, never the rates; what nobody knows is counted apart and is never zero.

use super::spread::{Income, Spread, spread};
use crate::frames::{EntityFrame, Frames};
use crate::judged::{Judged, JudgedTable};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array};
use datafusion::arrow::datatypes::UInt16Type;
use domain::AreaCode;
use rules::plan::{EntityId, FileKind, FilePlan, ItemId, Measure, MeasureKind, Type};
use rules::value::{Ratio, Value};
use rules::{Program, show};
use std::collections::BTreeMap;

/// What a group is called whose members nobody could tell apart.
pub const UNKNOWN: &str = "不知道";

/// Sums over some households or persons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// 分子.
    pub part: Ratio,
    /// 分母.
    pub whole: Ratio,
    /// How many stand behind the numerator.
    pub part_rows: u64,
    /// How many stand behind the denominator.
    pub whole_rows: u64,
    /// Of how many nobody knows whether they count.
    pub unknown: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            part: Ratio::ZERO,
            whole: Ratio::ZERO,
            part_rows: 0,
            whole_rows: 0,
            unknown: 0,
        }
    }
}

impl Tally {
    /// The rate; none where the denominator is zero: 不适用.
    #[must_use]
    pub fn rate(&self) -> Option<Ratio> {
        (self.whole > Ratio::ZERO).then(|| self.part.div(self.whole))?
    }

    fn add(&mut self, read: Read) {
        let Read::Known { part, whole } = read else {
            self.unknown = self.unknown.saturating_add(1);
            return;
        };
        // A sum that leaves the machine's range is nobody's number.
        let sums = self.part.add(part).zip(self.whole.add(whole));
        let Some((parts, wholes)) = sums else {
            self.unknown = self.unknown.saturating_add(1);
            return;
        };
        (self.part, self.whole) = (parts, wholes);
        let counted = |n: Ratio| u64::from(n != Ratio::ZERO);
        self.part_rows = self.part_rows.saturating_add(counted(part));
        self.whole_rows = self.whole_rows.saturating_add(counted(whole));
    }

    /// What stands here and not in the other: those of a place nobody could place further.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        Self {
            part: self.part.sub(other.part).unwrap_or(Ratio::ZERO),
            whole: self.whole.sub(other.whole).unwrap_or(Ratio::ZERO),
            part_rows: self.part_rows.saturating_sub(other.part_rows),
            whole_rows: self.whole_rows.saturating_sub(other.whole_rows),
            unknown: self.unknown.saturating_sub(other.unknown),
        }
    }

    /// Whether nobody stands behind it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.part_rows == 0 && self.whole_rows == 0 && self.unknown == 0
    }

    /// Adds the figures of another place.
    pub fn merge(&mut self, other: &Self) {
        if let Some((part, whole)) = self.part.add(other.part).zip(self.whole.add(other.whole)) {
            (self.part, self.whole) = (part, whole);
        }
        self.part_rows = self.part_rows.saturating_add(other.part_rows);
        self.whole_rows = self.whole_rows.saturating_add(other.whole_rows);
        self.unknown = self.unknown.saturating_add(other.unknown);
    }
}

/// A figure of everybody, of each area and of each group.
#[derive(Clone, Debug, Default)]
pub struct Told<T> {
    /// Of all, wherever they live.
    pub all: T,
    /// Of each area and of all around it.
    pub areas: BTreeMap<AreaCode, T>,
}

/// The members of one group.
#[derive(Clone, Debug)]
pub struct Group {
    /// The quantity they are told apart by.
    pub title: String,
    /// Its values with their figures, in the order of the dictionary.
    pub rows: Vec<(String, Told<Tally>, Option<Spread>)>,
}

/// A figure as counted.
#[derive(Clone, Debug)]
pub struct Figure {
    /// The file's id: `coverage`.
    pub file: String,
    /// Which of its measures.
    pub measure: usize,
    /// What was counted: 家庭, 个人 or 地区.
    pub entity: EntityId,
    /// Numerator and denominator.
    pub tally: Told<Tally>,
    /// By group.
    pub groups: Vec<Group>,
    /// Poverty and inequality, for 分布.
    pub spread: Option<Told<Spread>>,
}

/// Which rows behind a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Those in the numerator.
    Counted,
    /// Those in the denominator.
    Among,
    /// Those in the denominator and not in the numerator.
    Rest,
    /// Those of whom nobody knows.
    Unknown,
}

/// Rows asked for.
#[derive(Clone, Debug)]
pub struct Behind {
    /// Which.
    pub part: Part,
    /// Inside this area.
    pub area: Option<AreaCode>,
    /// Of this group: its place among the file's groups, and the value's name.
    pub group: Option<(usize, String)>,
}

/// What a row says.
#[derive(Clone, Copy)]
enum Read {
    Known { part: Ratio, whole: Ratio },
    Unknown,
}

/// Where a measure's numbers stand.
enum Source<'a> {
    Rate([&'a Int64Array; 4]),
    Spread {
        table: &'a JudgedTable,
        items: [ItemId; 3],
        median: Option<ItemId>,
    },
}

/// A measure with the rows it reads.
struct Reader<'a> {
    program: &'a Program,
    plan: &'a FilePlan,
    frame: &'a EntityFrame,
    judged: &'a Judged,
    source: Source<'a>,
}

/// Every figure of the rules in force, in the order of the rulebook.
#[must_use]
pub fn figures(program: &Program, judged: &Judged, frames: &Frames) -> Vec<Figure> {
    let mut places: BTreeMap<EntityId, Places> = BTreeMap::new();
    let mut out = Vec::new();
    for plan in program
        .files
        .iter()
        .filter(|f| f.kind == FileKind::Indicator)
    {
        let Some(frame) = frames.entities.get(&plan.entity) else {
            continue;
        };
        let here = places
            .entry(plan.entity)
            .or_insert_with(|| Places::of(frame));
        for (at, measure) in plan.measures.iter().enumerate() {
            let Some(reader) = Reader::of(program, judged, frame, plan, measure) else {
                continue;
            };
            out.push(reader.figure(at, here));
        }
    }
    out
}

/// The households or persons behind a figure, by rising id.
#[must_use]
pub fn rows(
    program: &Program,
    judged: &Judged,
    frames: &Frames,
    (file, measure): (&str, usize),
    behind: &Behind,
) -> Vec<i64> {
    let found = || {
        let (_, plan) = program.file(file)?;
        let frame = frames.entities.get(&plan.entity)?;
        let reader = Reader::of(program, judged, frame, plan, plan.measures.get(measure)?)?;
        Some((frame, reader))
    };
    let Some((frame, reader)) = found() else {
        return Vec::new();
    };
    let wanted = behind.group.as_ref();
    let labels = wanted.map(|(group, _)| reader.labels(*group));
    let areas = frame.areas();
    let inside = |row: usize| match behind.area {
        None => true,
        Some(area) => {
            let code = areas.is_valid(row).then(|| areas.value(row));
            code.is_some_and(|code| code.starts_with(area.as_str()))
        }
    };
    let mut out: Vec<i64> = frame
        .ids()
        .values()
        .iter()
        .enumerate()
        .filter(|(row, _)| inside(*row))
        .filter(|(row, _)| match (&labels, wanted) {
            (Some(labels), Some((_, name))) => labels.name_of(*row) == name,
            _ => true,
        })
        .filter(|(row, _)| belongs(reader.read(*row), behind.part))
        .map(|(_, id)| *id)
        .collect();
    out.sort_unstable();
    out
}

fn belongs(read: Read, part: Part) -> bool {
    match read {
        Read::Unknown => part == Part::Unknown,
        Read::Known { part: n, whole: d } => {
            let (counted, among) = (n != Ratio::ZERO, d != Ratio::ZERO);
            match part {
                Part::Counted => counted,
                Part::Among => among,
                Part::Rest => among && !counted,
                Part::Unknown => false,
            }
        }
    }
}

impl<'a> Reader<'a> {
    fn of(
        program: &'a Program,
        judged: &'a Judged,
        frame: &'a EntityFrame,
        plan: &'a FilePlan,
        measure: &Measure,
    ) -> Option<Self> {
        let table = judged.table(&plan.id)?;
        let source = match measure.kind {
            MeasureKind::Rate(_) => {
                let (pn, pd) = table.numbers(&format!("{}.分子", measure.name))?;
                let (wn, wd) = table.numbers(&format!("{}.分母", measure.name))?;
                Source::Rate([pn, pd, wn, wd])
            }
            MeasureKind::Spread {
                value,
                weight,
                line,
                median,
            } => Source::Spread {
                table,
                items: [value, weight, line],
                median,
            },
        };
        Some(Self {
            program,
            plan,
            frame,
            judged,
            source,
        })
    }

    fn read(&self, row: usize) -> Read {
        match &self.source {
            Source::Rate([pn, pd, wn, wd]) => {
                let number = |n: &Int64Array, d: &Int64Array| {
                    let known = row < n.len() && n.is_valid(row) && d.is_valid(row);
                    let parts = known.then(|| (i128::from(n.value(row)), i128::from(d.value(row))));
                    parts.and_then(|(n, d)| Ratio::new(n, d))
                };
                match number(pn, pd).zip(number(wn, wd)) {
                    Some((part, whole)) => Read::Known { part, whole },
                    None => Read::Unknown,
                }
            }
            Source::Spread { .. } => match self.income(row) {
                Some((value, weight, line)) => Read::Known {
                    part: if value < line { weight } else { Ratio::ZERO },
                    whole: weight,
                },
                None => Read::Unknown,
            },
        }
    }

    /// Income, persons and line of a row.
    fn income(&self, row: usize) -> Option<(Ratio, Ratio, Ratio)> {
        let Source::Spread { table, items, .. } = &self.source else {
            return None;
        };
        let [value, weight, line] = items;
        let number = |item: &ItemId| match table.value(*item, row)? {
            Value::Num(n) => Some(n),
            _ => None,
        };
        // A household nobody counts needs no income to be left out.
        let weight = number(weight)?;
        if weight == Ratio::ZERO {
            return Some((Ratio::ZERO, weight, Ratio::ZERO));
        }
        Some((number(value)?, weight, number(line)?))
    }

    fn figure(&self, measure: usize, places: &Places) -> Figure {
        let count = self.frame.len();
        let reads: Vec<Read> = (0..count).map(|row| self.read(row)).collect();
        let tally = places.tallies(reads.iter().copied().enumerate());
        let incomes = self.incomes();
        let median = self.median_share();
        let told = incomes.as_ref().map(|all| Told {
            all: spread(
                all.iter().map(|(_, i)| *i).collect::<Vec<_>>().as_slice(),
                median,
            ),
            areas: places.spreads(all, median),
        });
        let groups = (0..self.plan.groups.len()).map(|group| {
            let labels = self.labels(group);
            let mut members: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
            for row in 0..count {
                members.entry(labels.key(row)).or_default().push(row);
            }
            let rows = members.into_iter().map(|(key, rows)| {
                let read = |row: &usize| reads.get(*row).map(|read| (*row, *read));
                let tally = places.tallies(rows.iter().filter_map(read));
                let own = incomes.as_ref().map(|all| {
                    let mine = all
                        .iter()
                        .filter(|(row, _)| rows.binary_search(row).is_ok());
                    spread(mine.map(|(_, i)| *i).collect::<Vec<_>>().as_slice(), median)
                });
                (labels.name(key).to_owned(), tally, own)
            });
            Group {
                title: labels.title.clone(),
                rows: rows.collect(),
            }
        });
        let groups = groups.collect();
        Figure {
            file: self.plan.id.clone(),
            measure,
            entity: self.plan.entity,
            tally,
            groups,
            spread: told,
        }
    }

    fn incomes(&self) -> Option<Vec<(usize, Income)>> {
        matches!(self.source, Source::Spread { .. }).then(|| {
            let one = |row: usize| {
                let (value, weight, line) = self.income(row)?;
                let income = Income {
                    value: float(value),
                    weight: float(weight),
                    line: float(line),
                };
                (income.weight > 0.0).then_some((row, income))
            };
            (0..self.frame.len()).filter_map(one).collect()
        })
    }

    /// The share of the median that is the relative line: one number for all.
    fn median_share(&self) -> Option<f64> {
        let Source::Spread { table, median, .. } = &self.source else {
            return None;
        };
        let item = (*median)?;
        (0..table.ids().len()).find_map(|row| match table.value(item, row)? {
            Value::Num(n) => Some(float(n)),
            _ => None,
        })
    }

    fn labels(&self, group: usize) -> Labels {
        let item = self.plan.groups.get(group).copied();
        let known = item.and_then(|item| self.program.item(item));
        let (Some(item), Some(known)) = (item, known) else {
            return Labels::default();
        };
        let named: Vec<String> = match known.ty {
            Type::Enum(e) => self
                .program
                .dict
                .enum_of(e)
                .map_or_else(Vec::new, |e| e.members.clone()),
            _ => vec!["否".to_owned(), "是".to_owned()],
        };
        let of_table = self.judged.table_of(item);
        let column = self.frame.column(item);
        let member = |row: usize| match (of_table, column) {
            (Some(table), _) => table.value(item, row).and_then(member_of),
            (None, Some(column)) => member_in(column, row),
            (None, None) => None,
        };
        Labels {
            title: known.name.clone(),
            names: named,
            members: (0..self.frame.len()).map(member).collect(),
        }
    }
}

fn member_of(value: Value) -> Option<u16> {
    match value {
        Value::Sym(member) => Some(member),
        Value::Bool(answer) => Some(u16::from(answer)),
        Value::Unknown | Value::Num(_) | Value::Day(_) | Value::Set(_) => None,
    }
}

fn member_in(column: &ArrayRef, row: usize) -> Option<u16> {
    if row >= column.len() || column.is_null(row) {
        return None;
    }
    if let Some(members) = column.as_primitive_opt::<UInt16Type>() {
        return Some(members.value(row));
    }
    column.as_boolean_opt().map(|a| u16::from(a.value(row)))
}

/// Which member each row is.
#[derive(Default)]
struct Labels {
    title: String,
    names: Vec<String>,
    members: Vec<Option<u16>>,
}

impl Labels {
    /// Nobody knows comes last.
    fn key(&self, row: usize) -> u16 {
        self.members.get(row).copied().flatten().unwrap_or(u16::MAX)
    }

    fn name(&self, key: u16) -> &str {
        self.names
            .get(usize::from(key))
            .map_or(UNKNOWN, String::as_str)
    }

    fn name_of(&self, row: usize) -> &str {
        self.name(self.key(row))
    }
}

/// Where each row of a table lives; the areas once.
struct Places {
    codes: Vec<AreaCode>,
    at: Vec<Option<usize>>,
}

impl Places {
    fn of(frame: &EntityFrame) -> Self {
        let mut known: BTreeMap<&str, Option<usize>> = BTreeMap::new();
        let mut codes = Vec::new();
        let areas = frame.areas();
        let at = (0..frame.len())
            .map(|row| {
                let text = areas.is_valid(row).then(|| areas.value(row))?;
                *known.entry(text).or_insert_with(|| {
                    let code = AreaCode::parse(text).ok()?;
                    codes.push(code);
                    codes.len().checked_sub(1)
                })
            })
            .collect();
        Self { codes, at }
    }

    fn tallies(&self, reads: impl Iterator<Item = (usize, Read)>) -> Told<Tally> {
        let mut all = Tally::default();
        let mut own = vec![Tally::default(); self.codes.len()];
        let mut lost = Tally::default();
        for (row, read) in reads {
            let place = self.at.get(row).copied().flatten();
            match place.and_then(|at| own.get_mut(at)) {
                Some(tally) => tally.add(read),
                None => lost.add(read),
            }
        }
        let mut areas: BTreeMap<AreaCode, Tally> = BTreeMap::new();
        for (code, tally) in self.codes.iter().zip(&own) {
            if *tally == Tally::default() {
                continue;
            }
            all.merge(tally);
            let mut next = Some(*code);
            while let Some(code) = next {
                areas.entry(code).or_default().merge(tally);
                next = code.parent();
            }
        }
        all.merge(&lost);
        Told { all, areas }
    }

    fn spreads(
        &self,
        incomes: &[(usize, Income)],
        median: Option<f64>,
    ) -> BTreeMap<AreaCode, Spread> {
        let mut by_place: BTreeMap<AreaCode, Vec<Income>> = BTreeMap::new();
        for (row, income) in incomes {
            let place = self.at.get(*row).copied().flatten();
            let mut next = place.and_then(|at| self.codes.get(at)).copied();
            while let Some(code) = next {
                by_place.entry(code).or_default().push(*income);
                next = code.parent();
            }
        }
        let spreads = by_place.into_iter();
        spreads
            .map(|(code, all)| (code, spread(&all, median)))
            .collect()
    }
}

/// A fraction as a float; poverty measures are not money.
pub(crate) fn float(n: Ratio) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        clippy::as_conversions,
        reason = "incomes stay far below 2^53, and a measure of inequality has no last digit"
    )]
    let (num, den) = (n.num() as f64, n.den() as f64);
    num / den
}

/// A rate in words: `35.20%`, `412.50 元/人月`; 不适用 where nobody is counted.
#[must_use]
pub fn words(program: &Program, measure: &Measure, tally: &Tally) -> String {
    let MeasureKind::Rate(item) = measure.kind else {
        return String::new();
    };
    match (tally.rate(), program.item(item).map(|i| i.ty)) {
        (Some(rate), Some(ty)) => show::value(Value::Num(rate), ty, &program.dict),
        _ => "不适用".to_owned(),
    }
}
