//! Whom a batch asks about: of a family of N exactly those who consent, once at each source.

use super::SOURCES;
use domain::{Day, PersonId};
use office::verification::{self, Signed as Way};
use store::At;
use store::consents::{Consent, NewConsent};

/// A consent in one of the states there are.
fn consent(no: i64, person: i64, source: &str, state: u64) -> Consent {
    let day = |text: &str| Day::parse(text).unwrap();
    let at = At::parse("2026-09-01T01:00:00Z").unwrap();
    let (given, until) = match state {
        1 => ("2025-01-01", "2025-12-31"),
        2 => ("2026-10-01", "2027-09-30"),
        _ => ("2026-09-01", "2027-08-31"),
    };
    Consent {
        no,
        content: NewConsent {
            person: PersonId::new(person),
            source: source.to_owned(),
            application: None,
            text_version: "1".to_owned(),
            signed: Way::Paper,
            given: day(given),
            until: day(until),
        },
        at: at.clone(),
        actor: "wang".to_owned(),
        withdrawn_at: (state == 3).then_some(at),
        withdrawn_why: String::new(),
    }
}

#[test]
fn of_a_family_of_n_exactly_those_who_consent_are_asked_about_once_at_each_source() {
    let today = Day::parse("2026-09-14").unwrap();
    for seed in 0..2_000_u64 {
        let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut dice = |sides: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % sides
        };
        let size = i64::try_from(dice(8)).unwrap();
        let mut members: Vec<PersonId> = (1..=size).map(PersonId::new).collect();
        // The same person twice in the list is one person.
        if size > 0 && dice(3) == 0 {
            members.push(PersonId::new(1));
        }
        let sources: Vec<(String, Day)> = SOURCES.map(|s| (s.to_owned(), today)).to_vec();
        let mut consents = Vec::new();
        // Also of somebody outside the family.
        for person in 1..=size + 1 {
            for source in SOURCES {
                for _ in 0..dice(3) {
                    let no = i64::try_from(consents.len()).unwrap() + 1;
                    consents.push(consent(no, person, source, dice(5)));
                }
            }
        }
        let plan = verification::plan(&members, &consents, &sources, today);
        for source in SOURCES {
            let mut expected: Vec<i64> = Vec::new();
            for person in 1..=size {
                let own = consents.iter().filter(|c| {
                    c.content.person == PersonId::new(person) && c.content.source == source
                });
                let valid = own.filter(|c| {
                    c.withdrawn_at.is_none() && c.content.given <= today && today <= c.content.until
                });
                if valid.count() > 0 {
                    expected.push(person);
                }
            }
            let of = |list: Vec<PersonId>| {
                let mut numbers: Vec<i64> = list.into_iter().map(PersonId::get).collect();
                numbers.sort_unstable();
                numbers
            };
            let asked = plan
                .asked
                .iter()
                .filter(|r| r.source == source)
                .map(|r| r.person);
            assert_eq!(of(asked.collect()), expected, "seed {seed} {source}");
            let left = plan
                .left_out
                .iter()
                .filter(|l| l.source == source)
                .map(|l| l.person);
            let others: Vec<i64> = (1..=size).filter(|p| !expected.contains(p)).collect();
            assert_eq!(of(left.collect()), others, "seed {seed} {source}");
        }
        for request in &plan.asked {
            let own = consents.iter().find(|c| c.no == request.consent).unwrap();
            assert!(
                own.holds(today)
                    && own.content.person == request.person
                    && own.content.source == request.source
            );
        }
    }
}
