//! What a case brought beside the month's feeds: the answers of its verification and what was seen
//! at the door, what officials found out, and what was
//! established about kin elsewhere. Each comes with its record and day; a source that did not reply brings nothing, so its
//! facts stay unknown.

use super::facts::{Brought, Source};
use super::{Case, Done};
use crate::office::Office;
use crate::verification;
use store::Reads;

/// What the sources of a verification are called among the sources of facts.
pub(super) const VERIFICATION: &str = "核对";

/// All of it, the newest last.
pub(super) async fn of_case(office: &Office, on: &impl Reads, case: &Case) -> Done<Vec<Brought>> {
    let found = verification::found_of(on, case.row.content.application).await?;
    let one = |fact: verification::FoundFact| Brought {
        person: Some(fact.person.get()),
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
    all.extend(super::kin::brought(on, case).await?);
    Ok(all)
}
