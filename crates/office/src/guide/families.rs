//! The families of a month on record, walked through the questions: how many pages until everything is
//! decided, asking what decides most against asking in the order of the table.

use super::check::{Order, State};
use super::walk::Record;
use super::{Guide, Walk};
use crate::error::{OfficeError, Result};
use crate::monitoring::MonthData;
use crate::office::Office;
use domain::Month;
use engine::differential::{Cluster, Sides, situation_of};
use rules::eval::Evaluator;
use rules::situation::{InstanceId, Moments};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Walks of the same families in two orders.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Measured {
    /// Families walked.
    pub families: usize,
    /// Programmes each time.
    pub programmes: usize,
    /// Pages in the whole table, the first with all that is ticked counted as one.
    pub table: usize,
    /// Asking what most programmes wait for.
    pub deciding: Pages,
    /// Asking in the order of the table what some programme still waits for.
    pub in_order: Pages,
    /// Times the decision says 符合 on the same record.
    pub entitled: usize,
    /// Of these, times the check says 可能符合.
    pub told: usize,
    /// Of these, times it says 不符合: the programme and what it said.
    pub wrongly_refused: BTreeMap<String, Vec<String>>,
}

/// How many pages.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Pages {
    /// On average, in hundredths.
    pub mean_hundredths: usize,
    /// Nine of ten families are through.
    pub p90: usize,
    /// The most.
    pub most: usize,
    /// Programmes decided after each page on average, in hundredths.
    pub decided_hundredths: Vec<usize>,
}

impl Pages {
    fn of(walks: &[Walk]) -> Self {
        let mut pages: Vec<usize> = walks.iter().map(|w| w.pages).collect();
        pages.sort_unstable();
        let many = pages.len().max(1);
        let sum: usize = pages.iter().sum();
        let most = pages.last().copied().unwrap_or(0);
        let after = |page: usize| {
            let of = |w: &Walk| {
                let last = w.decided.last().copied().unwrap_or(0);
                w.decided.get(page).copied().unwrap_or(last)
            };
            let sum: usize = walks.iter().map(of).sum();
            sum.saturating_mul(100) / many
        };
        let ninth = many.saturating_mul(9).div_ceil(10).saturating_sub(1);
        Self {
            mean_hundredths: sum.saturating_mul(100) / many,
            p90: pages.get(ninth).copied().unwrap_or(0),
            most,
            decided_hundredths: (0..most).map(after).collect(),
        }
    }
}

/// Walks families spread over all of a month's.
///
/// # Errors
/// The month has no register, or the guide's tables are wrong.
pub async fn measure(office: &Office, month: Month, families: usize) -> Result<Measured> {
    let data = MonthData::for_pages(office, month).await?;
    let guide = Guide::open(office.book(), &office.locality, month.last());
    let guide = guide.map_err(|wrong| OfficeError::Other(wrong.join("\n")))?;
    let mut out = Measured {
        programmes: guide.cards().len(),
        table: guide.pages(),
        ..Measured::default()
    };
    let (mut deciding, mut in_order) = (Vec::new(), Vec::new());
    for household in chosen(&data, families) {
        let Some(family) = Known::of(&data, household) else {
            continue;
        };
        let walk = family.walk(&guide, Order::Deciding);
        family.compare(&walk, &mut out);
        deciding.push(walk);
        in_order.push(family.walk(&guide, Order::Table));
    }
    out.families = deciding.len();
    out.deciding = Pages::of(&deciding);
    out.in_order = Pages::of(&in_order);
    Ok(out)
}

fn chosen(data: &MonthData, families: usize) -> Vec<i64> {
    let home = data.program.dict.entity("家庭");
    let Some(frame) = home.and_then(|e| data.frames.entities.get(&e)) else {
        return Vec::new();
    };
    let ids = frame.ids().values();
    let step = (ids.len() / families.max(1)).max(1);
    ids.iter().step_by(step).take(families).copied().collect()
}

fn list(data: &MonthData, relation: &str, owner: i64) -> Vec<i64> {
    let relation = data.program.dict.relation(relation);
    let frame = relation.and_then(|r| data.frames.relations.get(&r));
    frame.map_or_else(Vec::new, |frame| frame.targets_of(owner))
}

/// A family of the month with all its facts.
struct Known<'a> {
    data: &'a MonthData,
    sides: Sides,
    household: InstanceId,
    members: Vec<InstanceId>,
}

impl<'a> Known<'a> {
    /// None where nobody of the household lives.
    fn of(data: &'a MonthData, household: i64) -> Option<Self> {
        let program = &data.program;
        let (home, person) = (program.dict.entity("家庭")?, program.dict.entity("个人")?);
        let members = list(data, "成员", household);
        let mut persons: BTreeSet<i64> = members.iter().copied().collect();
        for member in &members {
            persons.extend(list(data, "义务人", *member));
        }
        let mut cluster = Cluster::default();
        cluster.ids.insert(home, vec![household]);
        cluster.ids.insert(person, persons.into_iter().collect());
        let sides = situation_of(program, &data.frames, &cluster);
        let at = |entity, id: i64| {
            let mut all = sides.instances(entity);
            all.find(|(of, _)| *of == id).map(|(_, at)| at)
        };
        let household = at(home, household)?;
        let members: Vec<InstanceId> = members.iter().filter_map(|m| at(person, *m)).collect();
        let mut known = Self {
            data,
            household,
            members: Vec::new(),
            sides,
        };
        let dead = program.find("已去世");
        let mut eval = known.evaluator();
        let lives =
            |who: &InstanceId| dead.is_none_or(|d| eval.value(d, *who).truth() != Some(true));
        let living: Vec<InstanceId> = members.into_iter().filter(lives).collect();
        known.members = living;
        (!known.members.is_empty()).then_some(known)
    }

    fn evaluator(&self) -> Evaluator<'_> {
        let moments = Moments::monthly(self.data.month);
        Evaluator::new(&self.data.program, &self.sides.situation, moments)
    }

    fn walk(&self, guide: &Guide, order: Order) -> Walk {
        let mut eval = self.evaluator();
        guide.walk(
            &mut Record {
                eval: &mut eval,
                household: self.household,
                members: self.members.clone(),
            },
            order,
        )
    }

    /// The end of a walk beside what the decision says of the same family.
    fn compare(&self, walk: &Walk, out: &mut Measured) {
        let mut eval = self.evaluator();
        for finding in &walk.standing.findings {
            let Some((id, file)) = self.data.program.file(&finding.id) else {
                continue;
            };
            let of_home = Some(file.entity) == self.data.program.dict.entity("家庭");
            let whom = match of_home {
                true => vec![self.household],
                false => self.members.clone(),
            };
            if !whom.iter().any(|who| eval.verdict(id, *who) == Some(true)) {
                continue;
            }
            out.entitled = out.entitled.saturating_add(1);
            match finding.state {
                State::Possible => out.told = out.told.saturating_add(1),
                State::Refused => {
                    let said = out.wrongly_refused.entry(finding.id.clone()).or_default();
                    said.push(finding.reasons.join(";"));
                }
                State::Wants => {}
            }
        }
    }
}
