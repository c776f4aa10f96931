//! 演示: a few dozen cases of an invented county with a past of some weeks, made through the same acts as
//! any other, by the demo's own accounts. Where a case stops, somebody has real work to do.

use super::fields;
use super::{
    Case, CaseError, Cause, Completion, Done, For, Opening, Paper, PaperState, Wanted, because,
    complete, correct, hand_in, load, open, pause, reasons, send_back,
};
use crate::access::{Access, Acting};
use crate::office::Office;
use crate::verification::Unsigned;
use domain::{AreaCode, CaseNo, Day, HouseholdId, PersonId, Relation};
use std::collections::BTreeSet;
use store::warnings::{self, Filter};

/// Warnings read to find doors.
const WARNINGS_READ: u32 = 400;
/// Households read to find doors without a warning.
const HOUSEHOLDS_READ: u32 = 200;

/// What happens to a case, in order.
#[derive(Clone, Copy)]
enum Then {
    /// The open step is done by whoever takes applications there.
    Next(&'static str),
    /// What is missing is told.
    Told(&'static str),
    /// A paper may follow later.
    Later(&'static str),
    /// The clock is stopped for the first listed reason.
    Paused(&'static str),
    /// It is sent back to the step before by whoever has it.
    Back(&'static str, &'static str),
}

/// What was handed in with the application.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Papers {
    All,
    AllButOne,
}

/// One past.
struct Past {
    opened: &'static str,
    papers: Papers,
    then: &'static [Then],
}

use Then::{Back, Later, Next, Paused, Told};

/// The pasts, taken in turn: handed in today, waiting, told what is missing, accepted, late, paused, sent
/// back.
const PASTS: [Past; 12] = [
    past("2026-09-14T08:40", Papers::All, &[]),
    past("2026-09-11T15:10", Papers::All, &[]),
    past(
        "2026-09-08T10:00",
        Papers::AllButOne,
        &[Told("2026-09-08T10:20"), Next("2026-09-08T10:40")],
    ),
    past("2026-09-14T08:50", Papers::AllButOne, &[]),
    past(
        "2026-09-10T09:20",
        Papers::AllButOne,
        &[Later("2026-09-10T09:30"), Next("2026-09-10T09:40")],
    ),
    past(
        "2026-09-09T14:00",
        Papers::All,
        &[Next("2026-09-09T14:30"), Next("2026-09-09T15:00")],
    ),
    past(
        "2026-09-01T16:00",
        Papers::All,
        &[
            Next("2026-09-01T16:20"),
            Next("2026-09-02T09:00"),
            Paused("2026-09-03T09:00"),
        ],
    ),
    past(
        "2026-09-03T09:10",
        Papers::All,
        &[Next("2026-09-03T09:40"), Next("2026-09-03T10:10")],
    ),
    past(
        "2026-08-27T10:30",
        Papers::All,
        &[
            Next("2026-08-27T11:00"),
            Next("2026-08-27T14:00"),
            Next("2026-08-31T09:00"),
            Back("zhao", "2026-09-11T10:00"),
        ],
    ),
    past(
        "2026-08-24T09:00",
        Papers::All,
        &[
            Next("2026-08-24T09:30"),
            Next("2026-08-24T10:00"),
            Next("2026-08-26T09:00"),
        ],
    ),
    past(
        "2026-09-07T11:00",
        Papers::All,
        &[
            Next("2026-09-07T11:20"),
            Next("2026-09-07T14:00"),
            Next("2026-09-09T09:00"),
        ],
    ),
    past(
        "2026-09-11T09:00",
        Papers::All,
        &[Next("2026-09-11T09:30"), Next("2026-09-11T10:00")],
    ),
];

const fn past(opened: &'static str, papers: Papers, then: &'static [Then]) -> Past {
    Past {
        opened,
        papers,
        then,
    }
}

/// Clerks of the demo, with how many applications each has taken.
const CLERKS: [(&str, usize); 2] = [("wang", 24), ("wang2", 8)];

/// Somebody with a door to start from.
struct Door {
    household: HouseholdId,
    applicant: PersonId,
    /// Number of the warning that led there.
    warning: Option<i64>,
}

/// Makes the cases that are not there yet; answers how many. The clock is moved through their past and
/// ends where it stood.
///
/// # Errors
/// The record, or an act that the procedures do not allow.
pub async fn fill(access: &Access, now: &str) -> Done<usize> {
    let office = access.office();
    let made = all(access, now).await;
    office.clock.set(now);
    made
}

async fn all(access: &Access, now: &str) -> Done<usize> {
    let office = access.office();
    let today = office.clock.today();
    let programmes = programmes(office, today);
    let mut made = 0;
    for (login, count) in CLERKS {
        let Some(clerk) = acting(access, login, now).await? else {
            continue;
        };
        let Some(area) = clerk.scope(crate::access::Right::CASE_ACCEPT)?.start() else {
            continue;
        };
        let doors = doors(office, &clerk, &area, count, today).await?;
        for (at, door) in doors.iter().enumerate() {
            // Every second one asks for what most ask for.
            let which = match at % 2 {
                0 => 0,
                _ => (at / 2) % programmes.len().max(1),
            };
            let (Some(past), Some(programme)) =
                (PASTS.get(at % PASTS.len()), programmes.get(which))
            else {
                continue;
            };
            let form = format!("demo-{login}-{at}");
            office.clock.set(past.opened);
            let wanted = match at % 5 {
                // Some apply for two things at once.
                4 => programmes
                    .iter()
                    .skip(at % programmes.len().max(1))
                    .take(2)
                    .cloned()
                    .collect(),
                _ => vec![programme.clone()],
            };
            let clerk = (&clerk, now);
            made += one(access, clerk, door, past, (form, wanted)).await?;
        }
    }
    Ok(made)
}

/// What households apply for most: programmes of households, in the order of the rulebook.
fn programmes(office: &Office, day: Day) -> Vec<String> {
    let program = office.rules_on(day);
    let files = program.files.iter();
    let of_homes = files.filter(|file| program.dict.entity_name(file.entity) == "家庭");
    let open = of_homes.filter(|file| office.admission(&file.id, day).is_some());
    open.map(|file| file.id.clone()).collect()
}

/// Somebody with the roles they hold today: in the past that is made they held none yet.
pub(crate) async fn acting(access: &Access, login: &str, now: &str) -> Done<Option<Acting>> {
    access.office().clock.set(now);
    let Ok(begun) = access.session_at_the_machine(login, "演示办件").await else {
        return Ok(None);
    };
    let visitor = access.visitor(&begun.secret.text()).await?;
    Ok(visitor.map(|visitor| visitor.acting))
}

/// Doors of a place with a grown-up head: those warned of first.
async fn doors(
    office: &Office,
    who: &Acting,
    area: &AreaCode,
    count: usize,
    today: Day,
) -> Done<Vec<Door>> {
    let store = &office.store;
    let filter = Filter::open_in(Some(*area));
    let warned = warnings::list(store, &filter, None, WARNINGS_READ).await?;
    let mut homes: Vec<(HouseholdId, Option<i64>)> = warned
        .iter()
        .filter_map(|w| Some((w.content.household?, Some(w.id.get()))))
        .collect();
    let others = store::households::list(store, Some(area), 0, HOUSEHOLDS_READ).await?;
    homes.extend(others.iter().map(|home| (home.id, None)));
    let years = fields::grown_up_years(&office.book);
    let mut seen = BTreeSet::new();
    let mut doors = Vec::new();
    for (household, warning) in homes {
        // A third of the applications come by themselves.
        if warning.is_some() && doors.len() * 3 >= count * 2 {
            continue;
        }
        if doors.len() >= count || !seen.insert(household) || who.is_kept_from(household) {
            continue;
        }
        let members = store::households::members(store, household).await?;
        let head = members
            .iter()
            .find(|m| m.relation == Relation::Head && m.span.contains(today));
        let Some(head) = head else { continue };
        let person = store::persons::get_many(store, &[head.person]).await?.pop();
        let grown = person.is_some_and(|person| {
            let age = person.birth.map(|birth| domain::age_in_years(birth, today));
            person.death.is_none() && age.is_some_and(|age| years.is_some_and(|years| age >= years))
        });
        if grown {
            doors.push(Door {
                household,
                applicant: head.person,
                warning,
            });
        }
    }
    Ok(doors)
}

async fn one(
    access: &Access,
    (clerk, now): (&Acting, &str),
    door: &Door,
    past: &Past,
    (form_key, programmes): (String, Vec<String>),
) -> Done<usize> {
    let office = access.office();
    let today = office.clock.today();
    let store = &office.store;
    let members = store::households::members(store, door.household).await?;
    let living = members.iter().filter(|m| m.span.contains(today));
    let mut papers: Vec<Paper> = Vec::new();
    for programme in &programmes {
        let procedure = office.admission(programme, today);
        let first = procedure.as_ref().and_then(|p| p.first());
        let asked = first.map_or(&[][..], |step| &step.papers);
        let handed = asked
            .len()
            .saturating_sub(usize::from(past.papers == Papers::AllButOne));
        papers.extend(asked.iter().take(handed).map(|name| Paper {
            name: name.clone(),
            state: PaperState::Given,
            because: String::new(),
        }));
    }
    let opening = Opening {
        form_key,
        cause: match door.warning {
            Some(_) => Cause::Warning,
            None => Cause::Apply,
        },
        cause_id: door.warning,
        applicant: door.applicant,
        helper: None,
        members: living.map(|m| (m.person, m.relation)).collect(),
        wanted: programmes
            .into_iter()
            .map(|programme| Wanted {
                programme,
                person: None,
            })
            .collect(),
        declared: Vec::new(),
        papers,
        going_on: "已向对方经办核实,不是同一种救助".to_owned(),
    };
    let opened = match open(office, clerk, &opening).await {
        Ok(opened) if !opened.again => opened,
        // Taken the time before, or somebody of the family has a case already.
        Ok(_) | Err(CaseError::Refused(_)) => return Ok(0),
        Err(error) => return Err(error),
    };
    for no in &opened.cases {
        walk(access, (clerk, now), *no, past.then).await?;
    }
    Ok(opened.cases.len())
}

/// Walks a case through its past, as far as the one who takes applications can.
async fn walk(
    access: &Access,
    (clerk, now): (&Acting, &str),
    no: CaseNo,
    then: &[Then],
) -> Done<()> {
    let office = access.office();
    for what in then {
        let done = match what {
            Next(at) => {
                office.clock.set(at);
                next(office, clerk, no).await
            }
            Told(at) => {
                office.clock.set(at);
                told(office, clerk, no).await
            }
            Later(at) => {
                office.clock.set(at);
                later(office, clerk, no).await
            }
            Paused(at) => {
                office.clock.set(at);
                stop(office, clerk, no).await
            }
            Back(login, at) => match acting(access, login, now).await? {
                Some(who) => {
                    office.clock.set(at);
                    back(office, &who, no).await
                }
                None => Ok(()),
            },
        };
        match done {
            Ok(()) => {}
            // The procedure of this programme goes another way here; the case stays where it is.
            Err(CaseError::Refused(_) | CaseError::Refusal(_) | CaseError::Forbidden(_)) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

async fn next(office: &Office, clerk: &Acting, no: CaseNo) -> Done<()> {
    let mut case = load(office, clerk, no).await?;
    // What takes two, or another role, has its own page and its own record.
    let own = |case: &Case| {
        let step = case.open_step()?;
        let plain = step.persons == 1 && case.is_for(clerk);
        plain.then(|| {
            (
                step.name.clone(),
                step.gives.first().cloned().unwrap_or_default(),
            )
        })
    };
    let Some((step, gave)) = own(&case) else {
        return Err(CaseError::Refused("这一步由别人办".to_owned()));
    };
    let mut tx = office.begin().await?;
    let completion = Completion {
        step: &step,
        gave: &gave,
        unsigned: Unsigned::AskTheOthers,
        ..Completion::default()
    };
    complete(office, &mut tx, clerk, &mut case, completion).await?;
    office.end(tx).await
}

async fn told(office: &Office, clerk: &Acting, no: CaseNo) -> Done<()> {
    let mut case = load(office, clerk, no).await?;
    let mut tx = office.begin().await?;
    correct(office, &mut tx, clerk, &mut case).await?;
    office.end(tx).await
}

async fn later(office: &Office, clerk: &Acting, no: CaseNo) -> Done<()> {
    let mut case = load(office, clerk, no).await?;
    let papers: Vec<Paper> = case
        .missing()
        .into_iter()
        .map(|name| Paper {
            name,
            state: PaperState::Later,
            because: "证件在补办,先办后补".to_owned(),
        })
        .collect();
    let mut tx = office.begin().await?;
    hand_in(office, &mut tx, clerk, &mut case, &papers).await?;
    office.end(tx).await
}

async fn stop(office: &Office, clerk: &Acting, no: CaseNo) -> Done<()> {
    let mut case = load(office, clerk, no).await?;
    let reason = case
        .procedure
        .pauses
        .last()
        .map(|pause| pause.reason.clone());
    let reason = reason.ok_or_else(|| CaseError::Refused("没有暂停事由".to_owned()))?;
    let mut tx = office.begin().await?;
    pause(office, &mut tx, clerk, &mut case, &reason, "等对方回复").await?;
    office.end(tx).await
}

async fn back(office: &Office, who: &Acting, no: CaseNo) -> Done<()> {
    let mut case = load(office, who, no).await?;
    let to = case.standing.done.last().map(|done| done.step.clone());
    let to = to.ok_or_else(|| CaseError::Refused("还没有办过".to_owned()))?;
    let listed = reasons(office, For::SendBack);
    let title = listed.first().map(|reason| reason.title.clone());
    let why = because(
        office,
        For::SendBack,
        &title.unwrap_or_default(),
        "成员人数对不上",
    )?;
    let mut tx = office.begin().await?;
    send_back(office, &mut tx, who, &mut case, &to, &why).await?;
    office.end(tx).await
}
