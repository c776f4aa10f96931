//! What a case brought beside the month's feeds: the answers of its verification and what was seen
//! at the door, what officials found out, and what was
//! established about kin elsewhere. Each comes with its record and day; a source that did not reply brings nothing, so its
//! facts stay unknown.

use super::facts::{
    APPLICATION, AREA, Brought, Fact, Facts, HOUSEHOLD, PERSON, Source, VISIT, Whose, told,
};
use super::{Case, Done};
use crate::office::Office;
use crate::verification;
use domain::Day;
use rules::Program;
use store::Reads;
use store::applications::Declared;

/// What the sources of a verification are called among the sources of facts.
pub(super) const VERIFICATION: &str = "核对";

/// All of it, the newest last.
pub(super) async fn of_case(office: &Office, on: &impl Reads, case: &Case) -> Done<Vec<Brought>> {
    let found = verification::found_of(on, case.row.content.application).await?;
    let one = |fact: verification::FoundFact| Brought {
        of: Whose::Person(fact.person.get()),
        fact: fact.fact,
        value: fact.value,
        source: Source {
            kind: VERIFICATION.to_owned(),
            name: fact.source,
            record: format!("answer:{}", fact.answer),
            period: fact.as_of.to_string(),
        },
    };
    let mut all: Vec<Brought> = found.into_iter().map(one).collect();
    all.extend(crate::visits::seen_for(on, case).await?);
    all.extend(super::recorded::of_case(office, on, case).await?);
    all.extend(super::kin::brought(office, on, case).await?);
    Ok(all)
}

/// What an application declares; where it does not say of when it speaks, it speaks of the day it came.
pub(super) fn declared(one: &Declared, record: &str, came: Day) -> Brought {
    Brought {
        of: Whose::person_or_home(one.person),
        fact: one.fact.clone(),
        value: one.value.clone(),
        source: Source {
            kind: APPLICATION.to_owned(),
            name: APPLICATION.to_owned(),
            record: record.to_owned(),
            period: match one.period.as_str() {
                "" => came.to_string(),
                told => told.to_owned(),
            },
        },
    }
}

impl Facts {
    /// Takes a value a case brought. One that does not read as the fact's type stays unknown.
    pub(super) fn bring(&mut self, program: &Program, home: Option<i64>, brought: &Brought) {
        let (entity, key) = match (brought.of, home) {
            (Whose::Person(person), _) => (PERSON, person),
            (Whose::Place(place), _) => (AREA, place),
            (Whose::Home, Some(home)) => (HOUSEHOLD, home),
            (Whose::Home, None) => return,
        };
        let Some(entity_id) = program.dict.entity(entity) else {
            return;
        };
        let facts = &program.dict.facts;
        let known = facts
            .iter()
            .find(|fact| fact.name == brought.fact && fact.entity == entity_id);
        let Some(known) = known else { return };
        // A department's answer to this case's own question counts for whatever a department tells.
        let asked = brought.source.kind == VERIFICATION
            && ![APPLICATION, VISIT].contains(&known.source.as_str());
        // What the rulebook lets be established about kin elsewhere was asked by its list when it was written down.
        let own =
            asked || known.source == brought.source.kind || brought.source.kind == super::kin::KIN;
        let Ok(value) = rules::show::parse_cell(&brought.value, known.ty, &program.dict) else {
            return;
        };
        let thing = self
            .things
            .iter_mut()
            .find(|thing| thing.entity == entity && thing.key == key);
        let Some(thing) = thing.filter(|_| own) else {
            return;
        };
        let before = thing.facts.iter().find(|fact| fact.name == brought.fact);
        let newer = before
            .and_then(|fact| fact.source.as_ref())
            .is_none_or(|source| source.period <= brought.source.period);
        if !newer {
            return;
        }
        thing.facts.retain(|fact| fact.name != brought.fact);
        thing.facts.push(Fact {
            name: brought.fact.clone(),
            value: told(value, known.ty, program),
            source: Some(brought.source.clone()),
        });
        thing.facts.sort_by(|a, b| a.name.cmp(&b.name));
    }
}
