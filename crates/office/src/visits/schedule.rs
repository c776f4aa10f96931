//! 走访计划: who on the roll is to be visited by when. How often, the risk of the household decides, as the last run
//! of a month judged it; which risk means which interval stands in the rulebook. Nothing is remembered but visits
//! and tasks: the plan is worked out again whenever somebody asks, so that nobody falls out of it.

use super::findings::set_days;
use crate::access::Scope;
use crate::assessed::{self, UNSETTLED};
use crate::casework::{CaseError, Done, afterwards};
use crate::monitoring;
use crate::office::Office;
use crate::rulebook::tables;
use domain::procedure::{Counted, Length};
use domain::{AreaCode, AreaLevel, Day, HouseholdId, Month, TaskId};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use store::entitlements::Entitlement;
use store::tasks::{self, NewTask, TaskEnd};
use store::{Act, JournalTx};

/// What a task of the plan says it was caused by.
pub(crate) const CAUSE: &str = "entitlement";
/// The kind of task that is a knock at a door.
pub(crate) const VISIT_TASK: &str = "verify_visit";
/// The assessment that says the risk, and its class.
const ASSESSMENT: &str = "visit_risk";
const RISK: &str = "走访风险";
/// What the settings call the interval of a risk: 高风险走访.
const OF_RISK: &str = "走访";
const REGULAR: &str = "定期走访";
const WARNED: &str = "有未办预警走访";
const YES: &str = "是";

/// A household of the plan.
#[derive(Clone, Debug)]
pub(crate) struct Scheduled {
    /// Whose door.
    pub(crate) household: HouseholdId,
    /// Where.
    pub(crate) area: AreaCode,
    /// The first of its help.
    pub(crate) entitlement: i64,
    /// The payees of its help.
    pub(crate) payees: BTreeSet<domain::PersonId>,
    /// Its programmes, by their policies' names.
    pub(crate) programmes: BTreeSet<String>,
    /// The risk in words; 待查 where it is not known.
    pub(crate) risk: String,
    /// Whether it is the highest there is.
    pub(crate) is_high: bool,
    /// What of the assessment is true of it.
    pub(crate) why: Vec<String>,
    /// Whether an open warning is about it.
    pub(crate) warned: bool,
    /// When somebody was met there last; none since it is helped.
    pub(crate) last: Option<Day>,
    /// Months from one visit to the next.
    pub(crate) months: u32,
    /// By when it is to be visited next: as the interval says, or sooner where the task at its door is.
    pub(crate) next: Day,
    /// The task that is open at its door, and by when.
    pub(crate) task: Option<(TaskId, Option<Day>)>,
}

impl Scheduled {
    /// 逾期: its task is past its day. What is due and no task yet is not late: nobody was sent.
    pub(crate) fn is_late(&self, today: Day) -> bool {
        self.task
            .and_then(|(_, due)| due)
            .is_some_and(|due| due < today)
    }
}

/// A household of the plan that nobody visited in time.
#[derive(Clone, Debug)]
pub(crate) struct LateHome {
    /// Whose door.
    pub(crate) household: HouseholdId,
    /// Where.
    pub(crate) area: AreaCode,
    /// The payees of its help.
    pub(crate) payees: BTreeSet<domain::PersonId>,
}

/// What the month's run did with the plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Planned {
    /// Visits that became tasks now.
    pub(crate) raised: u64,
    /// Open tasks that became due sooner.
    pub(crate) sooner: u64,
    /// Tasks taken back: the household has left the roll.
    pub(crate) left: u64,
}

/// The plan of everybody.
async fn schedule(office: &Office) -> Done<Vec<Scheduled>> {
    let helps = afterwards::in_force(office).await?;
    of(office, &helps, &[None]).await
}

/// The plan within a scope, read from what concerns its places alone.
pub(crate) async fn within(office: &Office, scope: &Scope) -> Done<Vec<Scheduled>> {
    let mut all = match scope.places() {
        None => schedule(office).await?,
        Some(_) => {
            let helps = afterwards::in_force_around(office, scope).await?;
            of(office, &helps, &scope.each_place()).await?
        }
    };
    all.retain(|one| scope.contains(&one.area));
    Ok(all)
}

/// The households of the plan within a scope whose task is past its day: those of [`within`] that are late, without
/// working out the plan.
pub(crate) async fn late_within(office: &Office, scope: &Scope) -> Done<Vec<LateHome>> {
    let helps = afterwards::in_force_late(office, VISIT_TASK).await?;
    let homes = homes(office, &helps).into_iter();
    let late = homes.filter_map(|(household, helps)| {
        let area = first(&helps)?.area;
        scope.contains(&area).then(|| LateHome {
            household,
            area,
            payees: payees(&helps),
        })
    });
    Ok(late.collect())
}

/// The households of the plan with what they get: whoever has something that is looked at again.
fn homes<'h>(
    office: &Office,
    helps: &'h [Entitlement],
) -> BTreeMap<HouseholdId, Vec<&'h Entitlement>> {
    let today = office.clock.today();
    let mut reviewed: BTreeMap<&str, bool> = BTreeMap::new();
    let mut homes: BTreeMap<HouseholdId, Vec<&Entitlement>> = BTreeMap::new();
    for help in helps {
        let goes = *reviewed
            .entry(&help.programme)
            .or_insert_with(|| afterwards::is_reviewed(office, &help.programme, today));
        if goes {
            homes.entry(help.household).or_default().push(help);
        }
    }
    homes
}

fn first<'h>(helps: &[&'h Entitlement]) -> Option<&'h Entitlement> {
    helps
        .iter()
        .copied()
        .min_by_key(|help| (help.from, help.id))
}

fn payees(helps: &[&Entitlement]) -> BTreeSet<domain::PersonId> {
    helps.iter().map(|help| help.payee).collect()
}

/// What the record says about doors of some places.
#[derive(Default)]
struct Doors {
    visited: HashMap<HouseholdId, Day>,
    warned: HashSet<HouseholdId>,
    tasks: HashMap<HouseholdId, (TaskId, Option<Day>)>,
}

impl Doors {
    async fn of(office: &Office, places: &[Option<AreaCode>]) -> Done<Self> {
        let store = &office.store;
        let mut doors = Self::default();
        for place in places {
            let place = place.as_ref();
            doors
                .visited
                .extend(store::reviews::visited(store, place).await?);
            doors
                .warned
                .extend(store::warnings::open_doors(store, place).await?);
            let open = tasks::open_around(store, VISIT_TASK, place).await?;
            let open = open.into_iter().map(|(home, id, due)| (home, (id, due)));
            doors.tasks.extend(open);
        }
        Ok(doors)
    }
}

/// The plan of those who get some help in some places, the first due first.
pub(crate) async fn of(
    office: &Office,
    helps: &[Entitlement],
    places: &[Option<AreaCode>],
) -> Done<Vec<Scheduled>> {
    let homes = homes(office, helps);
    let doors = Doors::of(office, places).await?;
    let risks = Risks::last(office, &homes.keys().copied().collect()).await?;
    let mut intervals = Intervals::default();
    let mut out = Vec::new();
    for (household, helps) in homes {
        let Some(first) = first(&helps) else { continue };
        let (risk, why) = risks.of(household);
        let warned = doors.warned.contains(&household);
        let months = intervals.months(office, (&risk, warned))?;
        let last = doors.visited.get(&household).copied();
        let every = Length {
            count: months,
            counted: Counted::Months,
        };
        let since = last.unwrap_or_else(|| first.from.first());
        let next = every.due(since, office.calendar()?, &[]);
        let next = next.map_err(|none| CaseError::Refused(none.to_string()))?;
        let task = doors.tasks.get(&household).copied();
        let sooner = task.and_then(|(_, due)| due);
        out.push(Scheduled {
            household,
            area: first.area,
            entitlement: first.id,
            payees: payees(&helps),
            programmes: helps.iter().map(|help| help.programme.clone()).collect(),
            is_high: risks.highest.as_ref() == Some(&risk),
            risk,
            why,
            warned,
            last,
            months,
            next: sooner.map_or(next.day, |due| due.min(next.day)),
            task,
        });
    }
    out.sort_by_key(|one| (one.next, one.household));
    Ok(out)
}

/// Months by risk, each read once.
#[derive(Default)]
struct Intervals(BTreeMap<(String, bool), u32>);

impl Intervals {
    fn months(&mut self, office: &Office, (risk, warned): (&str, bool)) -> Done<u32> {
        let key = (risk.to_owned(), warned);
        if let Some(known) = self.0.get(&key) {
            return Ok(*known);
        }
        let own = set_days(office, &format!("{risk}{OF_RISK}"));
        let own = own.or_else(|| set_days(office, REGULAR));
        let own = own.filter(|months| *months > 0).ok_or_else(|| {
            let said =
                format!("规则手册 procedures/visits.csv 没有写“{REGULAR}”;请管理规则的人补上");
            CaseError::Refused(said)
        })?;
        let sooner = set_days(office, WARNED).filter(|months| warned && *months > 0);
        let months = sooner.map_or(own, |months| months.min(own));
        self.0.insert(key, months);
        Ok(months)
    }
}

/// The risk of households, as the last run of a month judged it.
#[derive(Default)]
struct Risks {
    of: HashMap<HouseholdId, (String, Vec<String>)>,
    highest: Option<String>,
}

impl Risks {
    /// Those of some households; nobody's, where the place does not take the assessment or no month was judged yet.
    async fn last(office: &Office, homes: &HashSet<HouseholdId>) -> Done<Self> {
        let months = monitoring::months(office).await?;
        for month in months.into_iter().rev() {
            let Some(path) = assessed::kept_last(office, ASSESSMENT, month).await? else {
                continue;
            };
            let shapes = assessed::shapes(&office.program_of(month));
            let shape = shapes.into_iter().find(|shape| shape.id == ASSESSMENT);
            let Some(shape) = shape else { continue };
            let Some(rows) = assessed::rows(office, &shape, &path)? else {
                continue;
            };
            let quantities = &shape.quantities;
            let Some(risk) = quantities.iter().position(|one| one.name == RISK) else {
                continue;
            };
            let words = quantities.get(risk).map(|one| one.words.as_slice());
            let highest = words.and_then(<[String]>::last).cloned();
            let reasons = |row: usize| -> Vec<String> {
                let named = quantities.iter().enumerate();
                let named = named.filter(|(at, one)| !one.classes && rows.words(*at, row) == YES);
                named.map(|(_, one)| one.name.clone()).collect()
            };
            let of = rows.ids.iter().map(|id| HouseholdId::new(*id)).enumerate();
            let of = of.filter(|(_, home)| homes.contains(home));
            let of = of.map(|(row, home)| (home, (rows.words(risk, row), reasons(row))));
            return Ok(Self {
                of: of.collect(),
                highest,
            });
        }
        Ok(Self::default())
    }

    fn of(&self, household: HouseholdId) -> (String, Vec<String>) {
        let known = self.of.get(&household).cloned();
        known.unwrap_or_else(|| (UNSETTLED.to_owned(), Vec::new()))
    }
}

/// Makes a task of each visit due by a day; at a door that has one already it joins that, which is then due as soon as
/// the visit: one knock is enough. A door that is gone to by then anyhow is left as it is.
pub(crate) async fn raise_due(
    office: &Office,
    tx: &mut JournalTx,
    actor: &str,
    (all, until): (&[Scheduled], Day),
) -> Done<tasks::Raised> {
    let open = tasks::open_doors(tx, VISIT_TASK).await?;
    let open: HashMap<HouseholdId, Option<Day>> = open
        .into_iter()
        .map(|door| (door.household, door.due))
        .collect();
    let goes_by = |one: &Scheduled| {
        let due = open.get(&one.household).copied().flatten();
        due.is_some_and(|due| due <= one.next)
    };
    let wanting = all.iter().filter(|one| one.next <= until && !goes_by(one));
    let urgency = tables::urgency(office, REGULAR);
    let mut new: Vec<NewTask> = wanting.map(|one| task(one, urgency)).collect();
    // In one order, so that a run done again after a kill leaves what it would have left.
    new.sort_by_key(|task| task.household);
    let at = office.clock.at();
    Ok(tasks::raise_many(tx, &at, actor, &new).await?)
}

fn task(one: &Scheduled, urgency: i64) -> NewTask {
    let months = one.months;
    let last = match one.last {
        Some(day) => format!("上次走访是 {day}"),
        None => "享受救助以来没有走访记录".to_owned(),
    };
    let warned = if one.warned { "、有未办预警" } else { "" };
    let risk = match one.risk.as_str() {
        UNSETTLED => format!("走访风险待查{warned}"),
        risk => format!("{risk}{warned}"),
    };
    NewTask {
        kind: VISIT_TASK.to_owned(),
        household: Some(one.household),
        person: None,
        area: one.area.at(AreaLevel::Township).unwrap_or(one.area),
        worker: None,
        due: Some(one.next),
        urgency,
        cause_kind: CAUSE.to_owned(),
        cause_id: one.entitlement,
        summary: format!("定期走访({risk}):{last},每 {months} 个月一次"),
        warnings: Vec::new(),
    }
}

/// 排走访: what is due by the end of this month becomes tasks; whoever left the roll leaves the plan. Run twice it
/// changes nothing the second time.
pub(crate) async fn plan(office: &Office) -> Done<Planned> {
    let all = schedule(office).await?;
    let mut tx = office.begin().await?;
    let until = Month::containing(office.clock.today()).last();
    let at = office.clock.at();
    let homes: HashSet<HouseholdId> = all.iter().map(|one| one.household).collect();
    let mut left = 0_u64;
    for door in tasks::open_doors(&tx, VISIT_TASK).await? {
        if door.cause_kind == CAUSE && !door.busy && !homes.contains(&door.household) {
            let why = "这一户不再享受救助,退出走访计划";
            tasks::close(&mut tx, &at, "system", door.id, TaskEnd::Cancelled, why).await?;
            left = left.saturating_add(1);
        }
    }
    let raised = raise_due(office, &mut tx, "system", (&all, until)).await?;
    let planned = Planned {
        raised: raised.raised,
        sooner: raised.joined,
        left,
    };
    if planned == Planned::default() {
        return Ok(planned);
    }
    tx.record(
        Act::new(&at, "system", "visit.schedule")
            .on("visit-plan", until)
            .because(format!(
                "按风险排走访:到期 {} 户,提前 {} 户,退出 {left} 户",
                raised.raised, raised.joined
            )),
    );
    office.end(tx).await?;
    Ok(planned)
}
