//! What a rule read that no department sent: the visits at which it was answered, what was declared in an application,
//! found out for a case, or established about kin elsewhere.

use super::{Step, acted, not_there};
use crate::casework::recorded::{APPLICATION, OFFICIAL, VISIT, beyond};
use crate::casework::{KIN, kin_facts};
use crate::error::Result;
use crate::office::Office;
use domain::{ApplicationNo, Day, HouseholdId, Month, PersonId};
use rules::Program;
use std::collections::{BTreeMap, BTreeSet};
use store::applications;
use store::found_facts::{self, Found};
use store::kin::{self, KinFact};
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

/// The visits, declarations and findings up to the end of a month that told these people or their household some of these facts.
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
    let theirs = Theirs {
        office,
        until: month.last(),
        people,
        homes,
    };
    steps.extend(theirs.found(&found).await?);
    steps.extend(theirs.declared(&from(APPLICATION)).await?);
    let of_kin = kin_facts(&office.book);
    let of_kin: BTreeSet<&str> = of_kin.iter().map(String::as_str).collect();
    let of_kin = of_kin.into_iter().filter(|fact| facts.contains(*fact));
    steps.extend(theirs.established(&of_kin.collect()).await?);
    Ok(steps)
}

/// Of whom, and until when.
struct Theirs<'a> {
    office: &'a Office,
    until: Day,
    people: &'a BTreeSet<i64>,
    homes: &'a BTreeSet<i64>,
}

impl Theirs<'_> {
    /// What was found out for cases of the household, and about these people in whatever case.
    async fn found(&self, facts: &BTreeSet<&str>) -> Result<Vec<Step>> {
        if facts.is_empty() {
            return Ok(Vec::new());
        }
        let (store, beyond) = (&self.office.store, beyond(self.office));
        let mut all: BTreeMap<i64, Found> = BTreeMap::new();
        for home in self.homes {
            let of_home = found_facts::of_household(store, HouseholdId::new(*home)).await?;
            all.extend(of_home.into_iter().map(|one| (one.no, one)));
        }
        for person in self.people {
            let own = found_facts::of_person(store, PersonId::new(*person)).await?;
            all.extend(own.into_iter().map(|one| (one.no, one)));
        }
        let counts = |one: &&Found| {
            let fact = one.content.fact.as_str();
            facts.contains(fact) && beyond.contains(fact) && one.content.day <= self.until
        };
        Ok(all.values().filter(counts).map(found_step).collect())
    }

    /// What was declared in applications that were decided, one step an application.
    async fn declared(&self, facts: &BTreeSet<&str>) -> Result<Vec<Step>> {
        if facts.is_empty() {
            return Ok(Vec::new());
        }
        let store = &self.office.store;
        let mut all = BTreeMap::new();
        for home in self.homes {
            let home = Some(HouseholdId::new(*home));
            let rows = applications::decided_of(store, home, None, self.until).await?;
            all.extend(rows.into_iter().map(|one| (one.no, one)));
        }
        for person in self.people {
            let person = Some(PersonId::new(*person));
            let rows = applications::decided_of(store, None, person, self.until).await?;
            all.extend(rows.into_iter().map(|one| (one.no, one)));
        }
        let mut said: BTreeMap<i64, Vec<String>> = BTreeMap::new();
        for one in all.values().filter(|one| facts.contains(one.fact.as_str())) {
            let words = format!("{} {}", one.fact, one.value);
            said.entry(one.application).or_default().push(words);
        }
        let mut steps = Vec::new();
        for (no, said) in said {
            for mut step in of_application(self.office, no).await? {
                step.says = format!("{}:{}", step.says, said.join("、"));
                steps.push(step);
            }
        }
        Ok(steps)
    }

    /// What counts of what was established about these people as kin elsewhere.
    async fn established(&self, facts: &BTreeSet<&str>) -> Result<Vec<Step>> {
        let mut steps = Vec::new();
        for person in self.people.iter().filter(|_| !facts.is_empty()) {
            let person = PersonId::new(*person);
            let all = kin::facts_of_person(&self.office.store, person, self.until).await?;
            let read = all.iter();
            let read = read.filter(|one| facts.contains(one.content.fact.as_str()));
            steps.extend(read.map(kin_fact_step));
        }
        Ok(steps)
    }
}

/// One thing an official found out, and the case it was for.
pub(super) async fn of_found(office: &Office, no: i64) -> Result<Vec<Step>> {
    let found = found_facts::find(&office.store, no).await?;
    let found = found.ok_or_else(|| not_there("经办查实", no))?;
    Ok(vec![found_step(&found)])
}

fn found_step(one: &Found) -> Step {
    let content = &one.content;
    Step {
        what: "经办查实",
        record: format!("found:{}", one.no),
        says: format!("{} {}:{}", content.fact, content.value, content.because),
        where_: format!("{} {}", content.day, content.evidence),
        cause: format!("case:{}", content.case),
    }
}

/// Whom a member has elsewhere, as it was written down, and the case it was for.
pub(super) async fn of_kin(office: &Office, no: i64) -> Result<Vec<Step>> {
    let kin = kin::find(&office.store, no).await?;
    let kin = kin.ok_or_else(|| not_there(KIN, no))?.content;
    Ok(vec![Step {
        what: KIN,
        record: format!("kin:{no}"),
        says: match kin.withdrawn {
            false => format!(
                "人员 {} 登记为人员 {} 的{}",
                kin.person, kin.member, kin.relation
            ),
            true => format!(
                "人员 {} 不再是人员 {} 的{}",
                kin.person, kin.member, kin.relation
            ),
        },
        where_: format!("{} {}", kin.day, kin.because),
        cause: format!("case:{}", kin.case),
    }])
}

/// What was established about kin elsewhere, and the case it was for.
pub(super) async fn of_kin_fact(office: &Office, no: i64) -> Result<Vec<Step>> {
    let fact = kin::find_fact(&office.store, no).await?;
    let fact = fact.ok_or_else(|| not_there(KIN, no))?;
    Ok(vec![kin_fact_step(&fact)])
}

fn kin_fact_step(one: &KinFact) -> Step {
    let content = &one.content;
    Step {
        what: KIN,
        record: format!("kin-fact:{}", one.no),
        says: format!("{} {}:{}", content.fact, content.value, content.way),
        where_: format!("{} {}({})", content.day, content.paper, content.paper_day),
        cause: format!("case:{}", content.case),
    }
}

/// An application, and its cases.
pub(super) async fn of_application(office: &Office, no: i64) -> Result<Vec<Step>> {
    let store = &office.store;
    let number = ApplicationNo::new(no);
    let known = applications::find(store, number).await?;
    let content = known.ok_or_else(|| not_there(APPLICATION, no))?.content;
    let cases = store::cases::of_application(store, number).await?;
    let cases: Vec<String> = cases.iter().map(|row| format!("case:{}", row.no)).collect();
    Ok(vec![Step {
        what: APPLICATION,
        record: format!("application:{no}"),
        says: format!("{} 收件,{}", content.received_day, content.cause.name()),
        where_: acted(office, "application", no).await?,
        cause: cases.join(" "),
    }])
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
