//! What a rule read that no department sent: the visits at which it was answered, what was found out for a case.

use super::{Step, acted, not_there};
use crate::casework::recorded::{OFFICIAL, VISIT, beyond};
use crate::error::Result;
use crate::office::Office;
use domain::{HouseholdId, Month, PersonId};
use rules::Program;
use std::collections::{BTreeMap, BTreeSet};
use store::visits::{self, Seen, Visit, VisitFor};

/// One visit, and the case or task it was for.
pub(super) async fn of_visit(office: &Office, no: i64) -> Result<Vec<Step>> {
    let visit = visits::find(&office.store, no).await?;
    let visit = visit.ok_or_else(|| not_there("走访", no))?;
    Ok(vec![visit_step(office, &visit).await?])
}

/// 走访 as a step.
pub(super) async fn visit_step(office: &Office, visit: &Visit) -> Result<Step> {
    let answers = visits::answers(&office.store, visit.no).await?;
    let ended = match visit.done {
        Some(day) => format!("{day} {} 办完", visit.visitors.join("、")),
        None => "还没有办完".to_owned(),
    };
    Ok(Step {
        what: VISIT_STEP,
        record: format!("visit:{}", visit.no),
        says: format!("{} {ended},填 {} 项", visit.content.step, answers.len()),
        where_: acted(office, "visit", visit.no).await?,
        cause: match visit.content.about {
            VisitFor::Case(case, _) => format!("case:{case}"),
            VisitFor::Task(task) => format!("task:{task}"),
        },
    })
}

const VISIT_STEP: &str = "走访";

/// The visits and findings up to the end of a month that told these people or their household some of these facts.
pub(super) async fn steps_of(
    office: &Office,
    program: &Program,
    facts: &BTreeSet<String>,
    month: Month,
    (people, homes): (&BTreeSet<i64>, &BTreeSet<i64>),
) -> Result<Vec<Step>> {
    let from = |source: &str| {
        let all = program.dict.facts.iter();
        let own = all.filter(|fact| fact.source == source && facts.contains(&fact.name));
        own.map(|fact| fact.name.as_str())
            .collect::<BTreeSet<&str>>()
    };
    let (seen, found) = (from(VISIT), from(OFFICIAL));
    let mut steps = Vec::new();
    if !seen.is_empty() {
        let told = answers(office, month, (people, homes)).await?;
        let mut by_visit: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        for one in told.values().filter(|one| seen.contains(one.fact.as_str())) {
            let said = format!("{} {}", one.fact, one.value);
            by_visit.entry(one.visit).or_default().push(said);
        }
        for (no, said) in by_visit {
            for mut step in of_visit(office, no).await? {
                step.says = format!("{}:{}", step.says, said.join("、"));
                steps.push(step);
            }
        }
    }
    let beyond = beyond(office);
    for home in homes.iter().filter(|_| !found.is_empty()) {
        let all = store::found_facts::of_household(&office.store, HouseholdId::new(*home)).await?;
        for one in all {
            let content = one.content;
            let fact = content.fact.as_str();
            if found.contains(fact) && beyond.contains(fact) && content.day <= month.last() {
                steps.push(Step {
                    what: "经办查实",
                    record: format!("found:{}", one.no),
                    says: format!("{fact} {}:{}", content.value, content.because),
                    where_: format!("{} {}", content.day, content.evidence),
                    cause: format!("case:{}", content.case),
                });
            }
        }
    }
    Ok(steps)
}

/// The newest answer about each, by whom and fact.
async fn answers(
    office: &Office,
    month: Month,
    (people, homes): (&BTreeSet<i64>, &BTreeSet<i64>),
) -> Result<BTreeMap<(Option<PersonId>, String), Seen>> {
    let store = &office.store;
    let mut all = Vec::new();
    for home in homes {
        let home = Some(HouseholdId::new(*home));
        all.extend(visits::seen_of(store, home, None, month.last()).await?);
    }
    for person in people {
        let person = Some(PersonId::new(*person));
        all.extend(visits::seen_of(store, None, person, month.last()).await?);
    }
    all.sort_by_key(|one| (one.day, one.no));
    let key = |one: &Seen| (one.person, one.fact.clone());
    Ok(all.into_iter().map(|one| (key(&one), one)).collect())
}
