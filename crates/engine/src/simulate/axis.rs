//! 收入轴: the same households with more income and nothing else changed. Where one yuan more leaves
//! less in the hand there is a cliff (悬崖).
//!
//! The rules must read the additional income as a fact of households; everybody is judged at once
//! for each point of the axis, all help counts, and those who lose a status lose with it what asks
//! for that status. It is sought to the yuan by halving the steps in which somebody enters or leaves
//! a programme, or help neither stays nor falls yuan for yuan; what happens and is undone again
//! within one step is not seen.

use super::carry::{self, Proposals};
use super::copies::{Mould, World};
use super::{Door, Roll, Side, Words, shown};
use crate::compile::{Compiled, compile};
use crate::error::Result;
use crate::frames::Frames;
use crate::payable::Cut;
use datafusion::arrow::array::Int64Array;
use rules::Program;
use rules::plan::{FileId, ItemId};
use rules::situation::Moments;
use rules::value::{Ratio, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One yuan, the smallest step there is on the axis.
const YUAN: i64 = 100;

/// Copies of households judged in one run: a bound of memory.
const COPIES_MAX: usize = 60_000;

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Axis<'a> {
    /// Rules that read the additional income.
    pub program: &'a Program,
    /// The fact that carries it, in 分 a month.
    pub fact: ItemId,
    /// The distance of two points in 分 a household and month, at least one yuan.
    pub step: i64,
    /// How many steps.
    pub steps: u32,
    /// The rulebook's words.
    pub words: Words<'a>,
}

/// Help along the axis.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sweep {
    /// Additional income at each point, in 分 a household and month, from zero.
    pub raises: Vec<i64>,
    /// All help of each household at each point, in 分.
    pub help: BTreeMap<i64, Vec<i64>>,
    /// Help at one yuan more, less the help at none.
    pub first_yuan: BTreeMap<i64, i64>,
    /// Where the additional yuan leaves less, by household and income.
    pub cliffs: Vec<Cliff>,
}

/// 悬崖: earning more leaves less.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cliff {
    /// The household.
    pub household: i64,
    /// Additional income before the step, in 分.
    pub from: i64,
    /// After it: one yuan more.
    pub to: i64,
    /// Income a head before the step, where known.
    pub per_head: Option<Ratio>,
    /// How much less income and help together are after it, in 分.
    pub lost: i64,
    /// What each programme pays before and after, where it differs: file id, 分, 分.
    pub parts: Vec<(Arc<str>, i64, i64)>,
}

/// A household at a point of the axis.
#[derive(Clone, Debug, Default)]
struct Point {
    help: i64,
    per_head: Option<Ratio>,
    parts: BTreeMap<Arc<str>, i64>,
    /// Who is 符合 for what, and what 不并给 makes of it.
    standing: BTreeSet<(FileId, i64, Option<Cut>)>,
}

impl Point {
    fn total(&self, raise: i64) -> i64 {
        self.help.saturating_add(raise)
    }
}

/// A stretch of the axis.
#[derive(Clone, Debug)]
struct Stretch {
    from: (i64, Point),
    to: (i64, Point),
}

impl Stretch {
    /// How much help changes over it.
    fn change(&self) -> i64 {
        self.to.1.help.saturating_sub(self.from.1.help)
    }

    /// Whether somebody enters or leaves, or less is in the hand at the end.
    fn breaks(&self) -> bool {
        let ((a, from), (b, to)) = (&self.from, &self.to);
        from.standing != to.standing || to.total(*b) < from.total(*a)
    }

    /// Whether something happens in it: help neither stays nor falls yuan for yuan.
    fn changes(&self) -> bool {
        let whole = self.from.0.saturating_sub(self.to.0);
        self.breaks() || (self.change() != 0 && self.change() != whole)
    }

    fn middle(&self) -> i64 {
        let yuan = self.to.0.saturating_sub(self.from.0).div_euclid(YUAN);
        self.from.0.saturating_add((yuan / 2).saturating_mul(YUAN))
    }

    fn is_step(&self) -> bool {
        self.to.0.saturating_sub(self.from.0) <= YUAN
    }
}

/// Judges the households along the axis, some thousands at a time.
///
/// # Errors
/// Rules that have no columns, or a number that leaves its range.
pub fn sweep(
    axis: &Axis<'_>,
    frames: &Frames,
    moments: Moments,
    wanted: &BTreeSet<i64>,
    mut told: impl FnMut(usize, usize),
) -> Result<Sweep> {
    let step = axis.step.max(YUAN);
    let raises: Vec<i64> = (0..=i64::from(axis.steps))
        .map(|at| step.saturating_mul(at))
        .collect();
    let mut out = Sweep {
        raises,
        ..Sweep::default()
    };
    let program = axis.program;
    let entities = program
        .dict
        .entity(axis.words.household)
        .zip(program.dict.entity(axis.words.person));
    let Some(entities) = entities else {
        return Ok(out);
    };
    let compiled = compile(program, moments)?.showing(shown(program, axis.words));
    let layers = out.raises.len().saturating_add(1);
    let at_once = COPIES_MAX.checked_div(layers).unwrap_or(1).max(1);
    let homes: Vec<i64> = wanted.iter().copied().collect();
    let mut plain = frames.clone();
    raise(axis, &mut plain, |_| 0);
    let mould = Mould::new(program, &plain, entities);
    for (at, homes) in homes.chunks(at_once).enumerate() {
        told(at.saturating_mul(at_once), wanted.len());
        let worlds: Vec<World> = homes.iter().map(|id| mould.world(*id)).collect();
        let some = mould.cast(&worlds.iter().collect::<Vec<_>>())?;
        let walk = Walk {
            axis,
            compiled: &compiled,
            base: Proposals::of(program, &compiled.run(&some)?),
            homes,
            worlds,
            mould: &mould,
            moments,
        };
        walk.sweep(&mut out)?;
    }
    out.cliffs.sort_by_key(|c| (c.household, c.from, c.to));
    Ok(out)
}

fn cliff(household: i64, stretch: &Stretch) -> Option<Cliff> {
    let ((from, before), (to, after)) = (&stretch.from, &stretch.to);
    let lost = before.total(*from).saturating_sub(after.total(*to));
    if lost <= 0 {
        return None;
    }
    let ids: BTreeSet<&Arc<str>> = before.parts.keys().chain(after.parts.keys()).collect();
    let paid = |point: &Point, id: &Arc<str>| point.parts.get(id).copied().unwrap_or(0);
    let parts = ids
        .into_iter()
        .map(|id| (Arc::clone(id), paid(before, id), paid(after, id)))
        .filter(|(_, was, is)| was != is)
        .collect();
    Some(Cliff {
        household,
        from: *from,
        to: *to,
        per_head: before.per_head,
        lost,
        parts,
    })
}

/// Households that can be judged at any points of the axis, each point in a world of its own.
struct Walk<'a> {
    axis: &'a Axis<'a>,
    compiled: &'a Compiled,
    /// The households and their worlds, by place.
    homes: &'a [i64],
    worlds: Vec<World>,
    /// What is proposed in each world without additional income.
    base: Proposals,
    mould: &'a Mould<'a>,
    moments: Moments,
}

impl Walk<'_> {
    fn sweep(&self, out: &mut Sweep) -> Result<()> {
        // The points of the drawing, and the first yuan.
        let raises: Vec<i64> = out.raises.iter().copied().chain([YUAN]).collect();
        let asked: Vec<(usize, i64)> = (0..self.homes.len())
            .flat_map(|home| raises.iter().map(move |raise| (home, *raise)))
            .collect();
        let points = self.at(&asked)?;
        let mut open: Vec<(usize, Stretch)> = Vec::new();
        for (at, own) in points.chunks(raises.len()).enumerate() {
            let (Some(home), Some((more, own))) = (self.homes.get(at), own.split_last()) else {
                continue;
            };
            let help = own.iter().map(|point| point.help).collect();
            out.help.insert(*home, help);
            if let Some(first) = own.first() {
                let change = more.help.saturating_sub(first.help);
                out.first_yuan.insert(*home, change);
            }
            let own: Vec<(i64, Point)> = raises.iter().copied().zip(own.iter().cloned()).collect();
            let pairs = own.iter().zip(own.iter().skip(1));
            let stretches = pairs.map(|(from, to)| Stretch {
                from: from.clone(),
                to: to.clone(),
            });
            open.extend(stretches.filter(Stretch::changes).map(|s| (at, s)));
        }
        self.search(open, out)
    }

    /// Halves all stretches at once until each is one yuan long.
    fn search(&self, mut open: Vec<(usize, Stretch)>, out: &mut Sweep) -> Result<()> {
        loop {
            let (done, rest): (Vec<_>, Vec<_>) = open.into_iter().partition(|(_, s)| s.is_step());
            for (at, stretch) in done {
                let home = self.homes.get(at);
                out.cliffs
                    .extend(home.and_then(|home| cliff(*home, &stretch)));
            }
            if rest.is_empty() {
                return Ok(());
            }
            let asked: Vec<(usize, i64)> = rest.iter().map(|(at, s)| (*at, s.middle())).collect();
            let points = self.at(&asked)?;
            open = Vec::new();
            for ((at, stretch), point) in rest.into_iter().zip(points) {
                let middle = (stretch.middle(), point);
                let halves = [
                    Stretch {
                        from: stretch.from,
                        to: middle.clone(),
                    },
                    Stretch {
                        from: middle,
                        to: stretch.to,
                    },
                ];
                let [first, last] = &halves;
                let apart = first.change().abs_diff(last.change());
                // Help that falls evenly, at whatever rate, hides no step.
                if !first.breaks() && !last.breaks() && apart <= YUAN.unsigned_abs() {
                    continue;
                }
                let changing = halves.into_iter().filter(Stretch::changes);
                open.extend(changing.map(|half| (at, half)));
            }
        }
    }

    /// Households by place, each with what it earns more, in the order asked.
    fn at(&self, asked: &[(usize, i64)]) -> Result<Vec<Point>> {
        let (axis, program, stride) = (self.axis, self.axis.program, self.mould.stride());
        let copies: Vec<(usize, &World)> = asked
            .iter()
            .filter_map(|(home, _)| Some((*home, self.worlds.get(*home)?)))
            .collect();
        let worlds: Vec<&World> = copies.iter().map(|(_, world)| *world).collect();
        let mut frames = self.mould.cast(&worlds)?;
        // Only the household of the world itself earns more.
        let whose = |id: i64| -> Option<usize> {
            let copy = usize::try_from(id.div_euclid(stride)).ok()?;
            let (home, _) = asked.get(copy)?;
            (self.homes.get(*home) == Some(&id.rem_euclid(stride))).then_some(copy)
        };
        raise(axis, &mut frames, |id| {
            let raise = whose(id).and_then(|copy| asked.get(copy));
            raise.map_or(0, |(_, raise)| *raise)
        });
        let base = self.base.copied(&copies, stride, axis.words);
        let carried = carry::carried(
            &base,
            program,
            self.compiled,
            &frames,
            self.moments,
            Roll::Follows,
            None,
        )?;
        let side = Side::new(program, &carried.frames, &carried.judged, self.moments);
        let mut out = vec![Point::default(); asked.len()];
        fill(&side, axis.words, stride, &whose, &mut out);
        Ok(out)
    }
}

/// What each household is paid in its world, and its income a head there.
fn fill(
    side: &Side<'_>,
    words: Words<'_>,
    stride: i64,
    whose: &dyn Fn(i64) -> Option<usize>,
    out: &mut [Point],
) {
    let names: Vec<Arc<str>> = side
        .pay
        .iter()
        .map(|pay| Arc::from(pay.file_id.as_str()))
        .collect();
    side.each_paid(words, |door, (at, id), fen| {
        let Door::Household(home) = door else { return };
        let point = whose(home).and_then(|copy| out.get_mut(copy));
        let (Some(point), Some(name), Some(pay)) = (point, names.get(at), side.pay.get(at)) else {
            return;
        };
        point.help = point.help.saturating_add(fen);
        let part = point.parts.entry(Arc::clone(name)).or_default();
        *part = part.saturating_add(fen);
        if let Some(paid) = pay.of(id) {
            let own = id.rem_euclid(stride);
            point.standing.insert((pay.file, own, paid.cut));
        }
    });
    let table = side
        .program
        .find(words.per_head)
        .and_then(|item| Some((item, side.judged.table_of(item)?)));
    let Some((item, table)) = table else { return };
    for (row, id) in table.ids().iter().enumerate() {
        let point = whose(*id).and_then(|copy| out.get_mut(copy));
        if let (Some(point), Some(Value::Num(number))) = (point, table.value(item, row)) {
            point.per_head = Some(number);
        }
    }
}

/// Gives households their additional income.
fn raise(axis: &Axis<'_>, frames: &mut Frames, more: impl Fn(i64) -> i64) {
    let household = axis.program.dict.entity(axis.words.household);
    if let Some(frame) = household.and_then(|e| frames.entities.get_mut(&e)) {
        let column: Int64Array = frame
            .ids()
            .values()
            .iter()
            .map(|id| Some(more(*id)))
            .collect();
        frame.set(axis.fact, Arc::new(column));
    }
}
