//! The trial's report as the page shows it: ready words, names masked, tables of a length a person
//! reads; the workbook has the whole.

use super::month::Judgement;
use super::paging::{grouped, signed_yuan, yuan};
use super::{Desk, Told, trial_curve};
use crate::access::{Acting, Right, Scope};
use crate::simulate::{
    CapReport, DoorId, DoorRow, GroupRow, Poverty, ProgrammeRow, Report, ScenarioReport,
};
use crate::views::{
    Behind, ViewError, WhatIfCap, WhatIfExcluded, WhatIfGroup, WhatIfHousehold, WhatIfPoverty,
    WhatIfProgramme, WhatIfResult, WhatIfScenario,
};
use domain::{HouseholdId, Month, PersonId};
use engine::indicators::Spread;
use rules::Ratio;
use std::collections::HashMap;
use std::sync::Arc;

/// Households shown, those that change most first.
const HOUSEHOLDS_SHOWN: usize = 20;
/// Households shown that the money does not reach.
const EXCLUDED_SHOWN: usize = 50;

pub(super) fn money(fen: i64) -> String {
    yuan(Ratio::whole(i128::from(fen)))
}

pub(super) fn signed(before: i64, after: i64) -> String {
    signed_yuan(Ratio::whole(i128::from(after.saturating_sub(before))))
}

/// Whose files the one who asks may open; the trial itself counts everybody.
pub(super) enum Sight<'a> {
    /// Nobody's: a file that leaves the office names nobody.
    Nobody,
    /// Those of an official's places.
    Official {
        desk: &'a Desk,
        who: &'a Acting,
        scope: Option<Scope>,
        judgement: Arc<Judgement>,
    },
}

impl Sight<'_> {
    /// Whom doors belong to, masked; those that may not be seen stay numbers.
    pub(super) async fn subjects(&self, doors: &[DoorId]) -> Told<Subjects> {
        let Self::Official {
            desk,
            who,
            scope,
            judgement,
        } = self
        else {
            return Ok(Subjects::default());
        };
        let sees = |place| scope.as_ref().is_some_and(|scope| scope.holds(place));
        let (mut homes, mut people) = (Vec::new(), Vec::new());
        for door in doors {
            match door {
                DoorId::Household(id) => {
                    let kept = who.is_kept_from(HouseholdId::new(*id));
                    if !kept && sees(judgement.area_of("家庭", *id)) {
                        homes.push(*id);
                    }
                }
                DoorId::Person(id) => {
                    let kept = who.is_kept_from_person(PersonId::new(*id));
                    if !kept && sees(judgement.area_of("个人", *id)) {
                        people.push(*id);
                    }
                }
            }
        }
        homes.sort_unstable();
        homes.dedup();
        let names = desk.names(&people).await?;
        let persons = people.iter().map(|id| (*id, names.name(*id))).collect();
        let heads = desk.heads(&homes).await?;
        let heads = homes
            .into_iter()
            .map(|id| {
                let head = heads.get(&id).map_or("没有成员", String::as_str);
                (id, format!("{head}户"))
            })
            .collect();
        Ok(Subjects { heads, persons })
    }
}

/// Whom doors belong to, masked.
#[derive(Default)]
pub(super) struct Subjects {
    heads: HashMap<i64, String>,
    persons: HashMap<i64, String>,
}

impl Subjects {
    pub(super) fn name(&self, door: DoorId) -> String {
        let known = match door {
            DoorId::Household(id) => self.heads.get(&id),
            DoorId::Person(id) => self.persons.get(&id),
        };
        known.map_or_else(|| door.word(), Clone::clone)
    }

    pub(super) fn behind(&self, door: DoorId) -> Behind {
        match door {
            DoorId::Household(id) if self.heads.contains_key(&id) => Behind::Household(id),
            DoorId::Person(id) if self.persons.contains_key(&id) => Behind::Person(id),
            DoorId::Household(_) | DoorId::Person(_) => Behind::Nothing,
        }
    }
}

/// The report as the page shows it.
pub(super) async fn result(
    desk: &Desk,
    who: &Acting,
    report: &Report,
    month: Month,
) -> Told<WhatIfResult> {
    let sight = Sight::Official {
        desk,
        who,
        scope: who.scope(Right::HOUSEHOLD).ok(),
        judgement: desk.judgement(month).await?,
    };
    shown(&sight, report).await
}

/// The report in words that name nobody: for a file that leaves the office.
///
/// # Errors
/// Never: nobody's name is asked for.
pub async fn without_names(report: &Report) -> Result<WhatIfResult, ViewError> {
    shown(&Sight::Nobody, report).await
}

async fn shown(sight: &Sight<'_>, report: &Report) -> Told<WhatIfResult> {
    let mut scenarios = Vec::new();
    for one in &report.scenarios {
        scenarios.push(scenario(sight, report, one).await?);
    }
    Ok(WhatIfResult {
        compared: compared(report),
        scenarios,
        months: super::trial_months::rows(&report.months),
        notes: report.notes.clone(),
        about: format!(
            "{} · {} · {} 户 {} 人 · {} 试算",
            report.place,
            report.month,
            grouped(report.households),
            grouped(report.persons),
            report.made
        ),
    })
}

async fn scenario(
    sight: &Sight<'_>,
    report: &Report,
    one: &ScenarioReport,
) -> Told<WhatIfScenario> {
    let changes = one.changes.iter().map(crate::simulate::Change::words);
    let mut groups = vec![("乡镇".to_owned(), one.areas.iter().map(group).collect())];
    for of in &one.groups {
        groups.push((of.title.clone(), of.rows.iter().map(group).collect()));
    }
    let cap = match &one.cap {
        Some(cap) => Some(capped(sight, cap, one).await?),
        None => None,
    };
    let cliffs = match &one.cliffs {
        Some(cliffs) => Some(trial_curve::cliffs(sight, cliffs).await?),
        None => None,
    };
    Ok(WhatIfScenario {
        name: one.name.clone(),
        changes: changes.collect(),
        cost_before: money(one.cost_before),
        cost_after: money(one.cost_after),
        cost_change: signed(one.cost_before, one.cost_after),
        gain: one.counts.gain,
        enter: one.counts.enter,
        lose: one.counts.lose,
        leave: one.counts.leave,
        same: one.counts.same,
        unsettled: one.counts.unsettled_after,
        programmes: one
            .programmes
            .iter()
            .filter(|p| p.speaks())
            .map(programme)
            .collect(),
        quiet: super::paging::count(one.programmes.iter().filter(|p| !p.speaks()).count()),
        funds: one.funds.iter().map(group).collect(),
        groups,
        poverty: one.poverty.map(|p| poverty(report, p)),
        households: households(sight, &one.doors).await?,
        changed: super::paging::count(one.doors.len()),
        cap,
        cliffs,
    })
}

/// The scenarios side by side, one indicator a row.
fn compared(report: &Report) -> Vec<(String, Vec<String>)> {
    let row = |title: &str, of: &dyn Fn(&ScenarioReport) -> String| {
        let told = report.scenarios.iter().map(of).collect();
        (title.to_owned(), told)
    };
    let poor = |of: fn(&Poverty) -> u64| {
        move |s: &ScenarioReport| {
            s.poverty
                .as_ref()
                .map_or_else(String::new, |p| grouped(of(p)))
        }
    };
    let gini = |of: fn(&Poverty) -> Option<f64>| {
        move |s: &ScenarioReport| {
            let told = s.poverty.as_ref().and_then(of);
            told.map_or_else(String::new, |n| format!("{n:.4}"))
        }
    };
    let mut rows = vec![
        row("每月支出", &|s| money(s.cost_after)),
        row("比现行", &|s| signed(s.cost_before, s.cost_after)),
        row("得到更多(户)", &|s| grouped(s.counts.gain)),
        row("其中新得到", &|s| grouped(s.counts.enter)),
        row("失去或减少(户)", &|s| grouped(s.counts.lose)),
        row("其中不再得到", &|s| grouped(s.counts.leave)),
        row("贫困人数", &poor(|p| p.after)),
        row("贫困人数(现行)", &poor(|p| p.before)),
        row("基尼系数", &gini(|p| p.spread_after.gini)),
        row("基尼系数(现行)", &gini(|p| p.spread_before.gini)),
        row("悬崖(处)", &|s| {
            s.cliffs.as_ref().map_or_else(String::new, |c| {
                grouped(super::paging::count(c.cliffs.len()))
            })
        }),
        row("悬崖(现行)", &|s| {
            s.cliffs
                .as_ref()
                .map_or_else(String::new, |c| grouped(c.cliffs_now))
        }),
    ];
    if report.scenarios.iter().any(|s| s.cap.is_some()) {
        rows.push(row("预算外(户)", &|s| {
            s.cap.as_ref().map_or_else(String::new, |c| {
                grouped(super::paging::count(c.excluded.len()))
            })
        }));
    }
    rows
}

fn programme(row: &ProgrammeRow) -> WhatIfProgramme {
    let money = |fen: i64| {
        if row.monthly {
            money(fen)
        } else {
            String::new()
        }
    };
    WhatIfProgramme {
        title: row.title.clone(),
        unit: row.unit.clone(),
        entitled_before: row.entitled_before,
        entitled_after: row.entitled_after,
        enter: row.enter,
        leave: row.leave,
        leave_on_roll: row.leave_on_roll,
        cut: row.cut,
        unknown: row.unknown,
        cost_before: money(row.cost_before),
        cost_after: money(row.cost_after),
        cost_change: if row.monthly {
            signed(row.cost_before, row.cost_after)
        } else {
            String::new()
        },
    }
}

fn group(row: &GroupRow) -> WhatIfGroup {
    WhatIfGroup {
        name: row.name.clone(),
        doors: row.doors,
        gain: row.gain,
        lose: row.lose,
        before: money(row.before),
        after: money(row.after),
        change: signed(row.before, row.after),
        size_fen: row.after.abs_diff(row.before),
        less: row.after < row.before,
    }
}

fn poverty(report: &Report, p: Poverty) -> WhatIfPoverty {
    WhatIfPoverty {
        line: report.line.clone(),
        persons: p.persons,
        unknown: p.unknown,
        without_help: p.without_help,
        before: p.before,
        after: p.after,
        gap_before: money(p.gap_before),
        gap_after: money(p.gap_after),
        measures: measures(&p),
    }
}

/// A measure of poverty or inequality, by its name.
type Named = (&'static str, fn(&Spread) -> Option<f64>);

/// The measures told, with help and without; shares of one, except the ratio of fifths.
const MEASURES: [Named; 8] = [
    ("贫困发生率 H", |s| s.headcount),
    ("贫困距指数 FGT(1)", |s| s.gap),
    ("平方贫困距 FGT(2)", |s| s.severity),
    ("森指数(1976)", |s| s.sen_1976),
    ("森指数(极限)", |s| s.sen_limit),
    ("瓦茨指数", |s| s.watts),
    ("基尼系数", |s| s.gini),
    ("五等分收入比 S80/S20", |s| s.quintile_ratio),
];

/// Poverty and inequality of income and help a head, in words.
pub fn measures(p: &Poverty) -> Vec<(String, String, String, String)> {
    let told = |of: Option<f64>| of.map_or_else(|| "不适用".to_owned(), |n| format!("{n:.4}"));
    let all = MEASURES.iter().map(|(name, of)| {
        let [alone, before, after] = [&p.spread_alone, &p.spread_before, &p.spread_after];
        (
            (*name).to_owned(),
            told(of(alone)),
            told(of(before)),
            told(of(after)),
        )
    });
    all.collect()
}

async fn households(sight: &Sight<'_>, doors: &[DoorRow]) -> Told<Vec<WhatIfHousehold>> {
    let shown = doors.get(..HOUSEHOLDS_SHOWN).unwrap_or(doors);
    let ids: Vec<DoorId> = shown.iter().map(|d| d.door).collect();
    let subjects = sight.subjects(&ids).await?;
    let row = |one: &DoorRow| WhatIfHousehold {
        subject: subjects.name(one.door),
        about: subjects.behind(one.door),
        household: match one.door {
            DoorId::Household(id) => Some(id),
            DoorId::Person(_) => None,
        },
        place: one.place.clone(),
        before: money(one.before),
        after: money(one.after),
        change: signed(one.before, one.after),
        reasons: one.reasons.clone(),
    };
    Ok(shown.iter().map(row).collect())
}

async fn capped(sight: &Sight<'_>, cap: &CapReport, one: &ScenarioReport) -> Told<WhatIfCap> {
    let shown = cap.excluded.get(..EXCLUDED_SHOWN).unwrap_or(&cap.excluded);
    let ids: Vec<DoorId> = shown.iter().map(|d| d.door).collect();
    let subjects = sight.subjects(&ids).await?;
    let of = match &cap.programme {
        None => "各项救助合计".to_owned(),
        Some(id) => one
            .programmes
            .iter()
            .find(|p| p.id == *id)
            .map_or_else(|| id.clone(), |p| p.title.clone()),
    };
    let rows = (1_u64..).zip(shown).map(|(at, row)| WhatIfExcluded {
        rank: cap.covered.saturating_add(at),
        subject: subjects.name(row.door),
        about: subjects.behind(row.door),
        place: row.place.clone(),
        per_head: row
            .per_head
            .map_or_else(|| super::paging::UNKNOWN.to_owned(), money),
        amount: money(row.amount),
    });
    Ok(WhatIfCap {
        title: format!("{of}每月 {}", money(cap.cap)),
        covered: cap.covered,
        spent: money(cap.spent),
        excluded: super::paging::count(cap.excluded.len()),
        excluded_cost: money(cap.excluded_cost),
        rows: rows.collect(),
    })
}
