//! What a changed number does to households: cost, who gains, who loses; on the same people.

use super::month::Judgement;
use super::paging::{count, signed_yuan, yuan};
use super::trial_curve::Curve;
use super::{Desk, Told};
use crate::views::{Behind, ViewError, WhatIfHousehold, WhatIfResult, WhatIfTownship};
use domain::AreaLevel;
use engine::Judged;
use rules::plan::{FileKind, FilePlan, Type};
use rules::value::Value;
use rules::{Program, Ratio};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Households shown, those that change most first.
const HOUSEHOLDS_SHOWN: usize = 20;

/// Help of each household before and after.
pub(super) struct Trial {
    before: HashMap<i64, Ratio>,
    after: HashMap<i64, Ratio>,
    /// Households some programme cannot be decided for afterwards.
    unsettled: BTreeSet<i64>,
    households: u64,
}

impl Trial {
    pub fn of(judgement: &Judgement, program: &Program, judged: &Judged) -> Self {
        let mut unsettled = BTreeSet::new();
        let before = help(
            judgement,
            &judgement.data.program,
            &judgement.data.judged,
            None,
        );
        let after = help(judgement, program, judged, Some(&mut unsettled));
        Self {
            before,
            after,
            unsettled,
            households: judgement.sums.households,
        }
    }
}

/// Policies that pay money by the month.
pub(super) fn paying(program: &Program) -> impl Iterator<Item = &FilePlan> {
    let pays =
        |f: &&FilePlan| f.kind == FileKind::Policy && f.verdict.is_some() && !f.benefits.is_empty();
    program.files.iter().filter(pays)
}

fn is_money(program: &Program, item: rules::plan::ItemId) -> bool {
    matches!(program.item(item).map(|i| i.ty), Some(Type::Num(unit)) if unit.money_power() == 1)
}

/// What all programmes together give each household a month, where it is known.
fn help(
    judgement: &Judgement,
    program: &Program,
    judged: &Judged,
    mut unsettled: Option<&mut BTreeSet<i64>>,
) -> HashMap<i64, Ratio> {
    let household = program.dict.entity("家庭");
    let homes: HashMap<i64, i64> = judgement.frame("个人").map_or_else(HashMap::new, |frame| {
        let pairs = frame.ids().values().iter().zip(frame.households().iter());
        pairs
            .filter_map(|(person, home)| Some((*person, home?)))
            .collect()
    });
    let mut out: HashMap<i64, Ratio> = HashMap::new();
    for file in paying(program) {
        let Some(table) = judged.table(&file.id) else {
            continue;
        };
        let Some(verdicts) = table.verdicts() else {
            continue;
        };
        for (row, (id, verdict)) in table.ids().iter().zip(verdicts.iter()).enumerate() {
            let home = if Some(file.entity) == household {
                Some(*id)
            } else {
                homes.get(id).copied()
            };
            let Some(home) = home else { continue };
            match verdict {
                Some(false) => continue,
                None => {
                    if let Some(unsettled) = &mut unsettled
                        && Some(file.entity) == household
                    {
                        unsettled.insert(home);
                    }
                    continue;
                }
                Some(true) => {}
            }
            for (item, _) in file
                .benefits
                .iter()
                .filter(|(item, _)| is_money(program, *item))
            {
                if let Some(Value::Num(amount)) = table.value(*item, row) {
                    let sum = out.entry(home).or_insert(Ratio::ZERO);
                    *sum = sum.add(amount).unwrap_or(*sum);
                }
            }
        }
    }
    out
}

/// One household that changes.
struct Changed {
    id: i64,
    before: Ratio,
    after: Ratio,
    change: Ratio,
}

pub(super) async fn result(
    desk: &Desk,
    judgement: &Judgement,
    trial: Trial,
    curve: Option<Curve>,
    summary: String,
    note: String,
) -> Told<WhatIfResult> {
    let ids: BTreeSet<i64> = trial
        .before
        .keys()
        .chain(trial.after.keys())
        .copied()
        .collect();
    let of = |side: &HashMap<i64, Ratio>, id: i64| side.get(&id).copied().unwrap_or(Ratio::ZERO);
    let too_large = || ViewError::Failed("试算的合计超出范围".to_owned());
    let mut changed = Vec::new();
    for id in ids {
        let (before, after) = (of(&trial.before, id), of(&trial.after, id));
        let change = after.sub(before).ok_or_else(too_large)?;
        if change != Ratio::ZERO {
            changed.push(Changed {
                id,
                before,
                after,
                change,
            });
        }
    }
    let total =
        |side: &HashMap<i64, Ratio>| side.values().try_fold(Ratio::ZERO, |sum, x| sum.add(*x));
    let before = total(&trial.before).ok_or_else(too_large)?;
    let after = total(&trial.after).ok_or_else(too_large)?;
    let hits = |test: &dyn Fn(&Changed) -> bool| count(changed.iter().filter(|c| test(c)).count());
    let townships = townships(desk, judgement, &changed).await?;
    let gain = hits(&|c| c.change > Ratio::ZERO);
    let lose = hits(&|c| c.change < Ratio::ZERO);
    let enter = hits(&|c| c.before == Ratio::ZERO);
    let leave = hits(&|c| c.after == Ratio::ZERO);
    let unsettled = count(trial.unsettled.len());
    let settled = trial
        .unsettled
        .iter()
        .filter(|id| !changed.iter().any(|c| c.id == **id))
        .count();
    let same = trial
        .households
        .saturating_sub(count(changed.len()))
        .saturating_sub(count(settled));
    let households = households(desk, judgement, changed).await?;
    let curve = curve.unwrap_or_default();
    Ok(WhatIfResult {
        summary,
        cost_before: yuan(before),
        cost_after: yuan(after),
        cost_change: signed_yuan(after.sub(before).ok_or_else(too_large)?),
        gain,
        enter,
        lose,
        leave,
        same,
        unsettled,
        cliffs: curve.cliffs,
        curve: curve.points,
        curve_title: curve.title,
        townships,
        households,
        note,
    })
}

async fn townships(
    desk: &Desk,
    judgement: &Judgement,
    changed: &[Changed],
) -> Told<Vec<WhatIfTownship>> {
    let record = desk.record().await?;
    let mut sums: BTreeMap<String, (u64, u64, Ratio)> = BTreeMap::new();
    for one in changed {
        let area = judgement
            .area_of("家庭", one.id)
            .and_then(|a| a.at(AreaLevel::Township));
        let Some(area) = area else { continue };
        let sum = sums
            .entry(area.full().to_owned())
            .or_insert((0, 0, Ratio::ZERO));
        let slot = if one.change > Ratio::ZERO {
            &mut sum.0
        } else {
            &mut sum.1
        };
        *slot = slot.saturating_add(1);
        sum.2 = sum.2.add(one.change).unwrap_or(sum.2);
    }
    let row = |area: &domain::Area| {
        let (gain, lose, change) =
            sums.get(area.code.full())
                .copied()
                .unwrap_or((0, 0, Ratio::ZERO));
        WhatIfTownship {
            name: area.name.clone(),
            gain,
            lose,
            cost_change: signed_yuan(change),
        }
    };
    Ok(record.townships().map(row).collect())
}

async fn households(
    desk: &Desk,
    judgement: &Judgement,
    mut changed: Vec<Changed>,
) -> Told<Vec<WhatIfHousehold>> {
    let size = |change: Ratio| {
        if change < Ratio::ZERO {
            change.neg().unwrap_or(change)
        } else {
            change
        }
    };
    changed.sort_by_key(|c| (Reverse(size(c.change)), c.id));
    changed.truncate(HOUSEHOLDS_SHOWN);
    let record = desk.record().await?;
    let ids: Vec<i64> = changed.iter().map(|c| c.id).collect();
    let heads = desk.heads(&ids).await?;
    let row = |one: &Changed| WhatIfHousehold {
        subject: heads
            .get(&one.id)
            .map_or_else(|| "没有成员".to_owned(), |head| format!("{head}户")),
        about: Behind::Household(one.id),
        place: judgement
            .area_of("家庭", one.id)
            .map_or_else(|| "地区未知".to_owned(), |a| record.place(&a)),
        before: yuan(one.before),
        after: yuan(one.after),
        change: signed_yuan(one.change),
    };
    Ok(changed.iter().map(row).collect())
}
