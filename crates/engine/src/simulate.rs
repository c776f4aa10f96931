//! 试算: the same people under the rules as they are and as they might be.
//!
//! It compares two judgements of one month: what each programme costs after 不并给, who gains and who
//! loses and by which condition, how many are poor at a stated line. It changes nothing and signs
//! nothing. Of each side only verdicts, conditions and benefits are held, so two sides of a city fit
//! where one whole judgement would.

pub mod axis;
mod carry;
mod change;
mod copies;
mod poverty;
mod refit;

use crate::compile::compile;
use crate::error::Result;
use crate::frames::Frames;
use crate::judged::Judged;
use crate::payable::{Pay, payable};
use crate::run::Memo;
use carry::Proposals;
pub use change::{Changed, Effect, ProgrammeChange, Reason};
use domain::Day;
pub use poverty::{Headcount, Line};
pub use refit::refit;
use rules::Program;
use rules::plan::{EntityId, FileKind};
use rules::situation::Moments;
use std::collections::{BTreeMap, BTreeSet};

/// A door at which help arrives: a household, or a person who belongs to none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Door {
    /// 家庭
    Household(i64),
    /// 个人 without a household.
    Person(i64),
}

/// What the rulebook calls the quantities a trial reads; whole names.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// 家庭.
    pub household: &'a str,
    /// 个人.
    pub person: &'a str,
    /// Income a head and month, of a household: 元/人月.
    pub per_head: &'a str,
    /// How many persons the household counts: 人.
    pub counted: &'a str,
    /// Which members it counts, on the rows of a relation: 是否.
    pub counts: &'a str,
}

/// What is asked of a trial.
#[derive(Clone, Debug)]
pub struct Asked<'a> {
    /// The rulebook's words.
    pub words: Words<'a>,
    /// The poverty line, where one is stated.
    pub line: Option<Line>,
    /// Whether those who enter and leave are put on the roll and taken from it before the
    /// programmes that read the roll are judged.
    pub roll: Roll,
}

/// What the programmes read that ask for a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roll {
    /// The roll with those who enter and without those who leave.
    Follows,
    /// The roll of the month as it is.
    AsItIs,
}

/// One side judged: rules, results and what they pay.
pub struct Side<'a> {
    /// The rules.
    pub program: &'a Program,
    /// The tables it was judged on.
    pub frames: &'a Frames,
    /// The results; at least verdicts, conditions, benefits and the words asked for.
    pub judged: &'a Judged,
    day: Day,
    pay: Vec<Pay>,
    proposed: Proposals,
    memo: Option<&'a Memo>,
}

/// What a change of the rules does.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// Programme by programme, in the order of the rules after; those that are gone come last.
    pub programmes: Vec<ProgrammeChange>,
    /// For whom something changes, programme by programme, by rising id.
    pub changed: Vec<Changed>,
    /// All help of a month by door, in 分, before and after; doors that have some on either side.
    pub doors: BTreeMap<Door, (i64, i64)>,
    /// What each programme pays by door after, in 分.
    pub by_programme: BTreeMap<String, BTreeMap<Door, i64>>,
    /// Poverty at the stated line.
    pub poverty: Option<Headcount>,
    /// Doors some programme cannot decide about: before and after.
    pub unsettled: (u64, u64),
    /// How often everybody was judged for the after side.
    pub passes: u32,
    /// Whether the roll came to rest.
    pub at_rest: bool,
}

impl<'a> Side<'a> {
    /// A side from results that are there already.
    pub fn new(
        program: &'a Program,
        frames: &'a Frames,
        judged: &'a Judged,
        moments: Moments,
    ) -> Self {
        Self {
            program,
            frames,
            judged,
            day: moments.base,
            pay: payable(program, judged, frames, moments.base),
            proposed: Proposals::of(program, judged),
            memo: None,
        }
    }

    /// With what was made when it was judged: another side computes only what it has otherwise.
    #[must_use]
    pub fn remembering(mut self, memo: &'a Memo) -> Self {
        self.memo = Some(memo);
        self
    }

    /// What each programme pays.
    pub fn pay(&self) -> &[Pay] {
        &self.pay
    }

    /// All help by door in 分, as far as it is known.
    pub fn help(&self, words: Words<'_>) -> BTreeMap<Door, i64> {
        let mut out = BTreeMap::new();
        self.each_paid(words, |door, _, fen| {
            let sum: &mut i64 = out.entry(door).or_default();
            *sum = sum.saturating_add(fen);
        });
        out
    }

    /// Every amount that is paid: at which door, of which pay and row, how much.
    fn each_paid(&self, words: Words<'_>, mut told: impl FnMut(Door, (usize, i64), i64)) {
        let doors = Doors::new(self.program, self.frames, words);
        for (at, pay) in self.pay.iter().enumerate().filter(|(_, p)| p.monthly) {
            for paid in &pay.entitled {
                if let (Some(door), Some(fen)) = (doors.of(pay.entity, paid.id), paid.paid) {
                    told(door, (at, paid.id), fen);
                }
            }
        }
    }

    /// Doors with a programme nobody can decide about yet.
    fn unsettled(&self, words: Words<'_>) -> u64 {
        let doors = Doors::new(self.program, self.frames, words);
        let mut out = BTreeSet::new();
        for pay in self.pay.iter().filter(|p| p.monthly) {
            let Some(table) = self.judged.table(&pay.file_id) else {
                continue;
            };
            let Some(verdicts) = table.verdicts() else {
                continue;
            };
            let open = table.ids().iter().zip(verdicts.iter());
            let open = open.filter(|(_, verdict)| verdict.is_none());
            out.extend(open.filter_map(|(id, _)| doors.of(pay.entity, *id)));
        }
        u64::try_from(out.len()).unwrap_or(u64::MAX)
    }
}

/// Which door a person or household is behind.
struct Doors<'a> {
    household: Option<EntityId>,
    person: Option<EntityId>,
    frames: &'a Frames,
}

impl<'a> Doors<'a> {
    fn new(program: &Program, frames: &'a Frames, words: Words<'_>) -> Self {
        Self {
            household: program.dict.entity(words.household),
            person: program.dict.entity(words.person),
            frames,
        }
    }

    fn of(&self, entity: EntityId, id: i64) -> Option<Door> {
        use datafusion::arrow::array::Array;
        if Some(entity) == self.household {
            return Some(Door::Household(id));
        }
        if Some(entity) != self.person {
            return None;
        }
        let frame = self.frames.entities.get(&entity)?;
        let row = usize::try_from(frame.position(id)?).ok()?;
        let homes = frame.households();
        Some(if homes.is_valid(row) {
            Door::Household(homes.value(row))
        } else {
            Door::Person(id)
        })
    }
}

/// Judges everybody and keeps only what a trial reads.
///
/// # Errors
/// Rules that have no columns, or a number that leaves its range.
pub fn judge(
    program: &Program,
    moments: Moments,
    frames: &Frames,
    words: Words<'_>,
) -> Result<Judged> {
    compile(program, moments)?
        .showing(shown(program, words))
        .run(frames)
}

/// Whether a result is read by a trial: by file and name.
fn shown(program: &Program, words: Words<'_>) -> impl Fn(&str, &str) -> bool {
    let mut wanted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for plan in &program.files {
        if plan.kind != FileKind::Policy {
            continue;
        }
        let names = wanted.entry(plan.id.clone()).or_default();
        let items = plan.conditions.iter().chain(&plan.verdict).copied();
        let benefits = plan.benefits.iter().map(|(item, _)| *item);
        for item in items.chain(benefits) {
            names.extend(program.item(item).map(|i| i.name.clone()));
        }
        names.insert(crate::judged::VERDICT.to_owned());
        for grant in &plan.grants {
            let status = program.item(grant.status);
            names.extend(status.map(|s| format!("给予.{}", s.name)));
        }
    }
    for path in [words.per_head, words.counted, words.counts] {
        let file = path.split('.').next().unwrap_or_default();
        let name = path.rsplit('.').next().unwrap_or_default();
        let names = wanted.entry(file.to_owned()).or_default();
        names.insert(name.to_owned());
    }
    move |file: &str, name: &str| wanted.get(file).is_some_and(|names| names.contains(name))
}

/// What other rules would do to the people of these tables.
///
/// # Errors
/// Rules that have no columns, or a number that leaves its range.
pub fn simulate(
    frames: &Frames,
    moments: Moments,
    before: &Program,
    after: &Program,
    asked: &Asked<'_>,
) -> Result<Outcome> {
    let compiled = compile(before, moments)?.showing(shown(before, asked.words));
    let mut memo = Memo::default();
    let judged = compiled.run_keeping(frames, &mut memo)?;
    let base = Side::new(before, frames, &judged, moments).remembering(&memo);
    against(&base, after, frames, moments, asked)
}

/// The same against a side that is judged already; `frames` are those of the rules after.
///
/// # Errors
/// Rules that have no columns, or a number that leaves its range.
pub fn against(
    base: &Side<'_>,
    after: &Program,
    frames: &Frames,
    moments: Moments,
    asked: &Asked<'_>,
) -> Result<Outcome> {
    let compiled = compile(after, moments)?.showing(shown(after, asked.words));
    let nothing = Memo::default();
    let carried = carry::carried(
        &base.proposed,
        after,
        &compiled,
        frames,
        moments,
        asked.roll,
        base.memo.or(Some(&nothing)),
    )?;
    let side = Side::new(after, &carried.frames, &carried.judged, moments);
    let (programmes, changed) = change::changes(base, &side, asked.words);
    let mut doors: BTreeMap<Door, (i64, i64)> = BTreeMap::new();
    base.each_paid(asked.words, |door, _, fen| {
        let sum = &mut doors.entry(door).or_default().0;
        *sum = sum.saturating_add(fen);
    });
    let mut by_programme: BTreeMap<String, BTreeMap<Door, i64>> = BTreeMap::new();
    side.each_paid(asked.words, |door, (pay, _), fen| {
        let sum = &mut doors.entry(door).or_default().1;
        *sum = sum.saturating_add(fen);
        if let Some(pay) = side.pay.get(pay) {
            let doors = match by_programme.get_mut(&pay.file_id) {
                Some(doors) => doors,
                None => by_programme.entry(pay.file_id.clone()).or_default(),
            };
            let sum = doors.entry(door).or_default();
            *sum = sum.saturating_add(fen);
        }
    });
    let poverty = asked
        .line
        .as_ref()
        .map(|line| poverty::headcount(base, &side, line, asked.words));
    Ok(Outcome {
        programmes,
        changed,
        doors,
        by_programme,
        poverty,
        unsettled: (base.unsettled(asked.words), side.unsettled(asked.words)),
        passes: carried.passes,
        at_rest: carried.at_rest,
    })
}
