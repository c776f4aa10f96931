//! 监护人姓名 and 受益人姓名: of a case for one person, who gets the help and who stands for them. Letters to a
//! child's family name both; masked until the letter itself is written.

use super::{Case, Done};
use crate::office::Office;
use domain::PersonId;
use domain::procedure::Document;
use std::collections::BTreeMap;
use store::Reads;
use store::cases::Subject;
use store::identity::{self, Field, Grant};

const BENEFICIARY: &str = "受益人姓名";
const GUARDIAN: &str = "监护人姓名";

/// Who gets the help of a case for one person.
fn beneficiary(case: &Case) -> Option<PersonId> {
    match case.row.content.subject {
        Subject::Person(person) => Some(person),
        Subject::Household(_) => None,
    }
}

/// Who applied for somebody else; where they applied themselves, who helped.
fn guardian(case: &Case) -> Option<PersonId> {
    let content = &case.application.content;
    let own = beneficiary(case)?;
    match own == content.applicant {
        true => content.helper,
        false => Some(content.applicant),
    }
}

fn fields(case: &Case) -> Vec<(&'static str, PersonId)> {
    let fields = [(BENEFICIARY, beneficiary(case)), (GUARDIAN, guardian(case))];
    let known = fields.into_iter();
    known.filter_map(|(name, who)| Some((name, who?))).collect()
}

/// Both, masked.
pub(super) async fn masked(on: &impl Reads, case: &Case) -> Done<Vec<(String, String)>> {
    let fields = fields(case);
    let ids: Vec<PersonId> = fields.iter().map(|(_, person)| *person).collect();
    let known = identity::masked(on, &ids).await?;
    let named = fields.into_iter().filter_map(|(name, person)| {
        let masked = known.get(&person)?.name.clone()?;
        Some((name.to_owned(), masked))
    });
    Ok(named.collect())
}

/// Those a letter names, in full: the reading of each is in the chain before the letter leaves.
pub(super) async fn in_full(
    office: &Office,
    actor: &str,
    case: &Case,
    (document, authority): (&Document, &str),
    known: &mut BTreeMap<String, String>,
) -> Done<()> {
    for (name, person) in fields(case) {
        if !document.fields.iter().any(|field| field == name) {
            continue;
        }
        let grant = Grant {
            at: office.clock.at(),
            actor: actor.to_owned(),
            purpose: "制作和送达文书".to_owned(),
            authority: authority.to_owned(),
            channel: "print".to_owned(),
            fields: vec![Field::Name],
        };
        let sealed = identity::sealed(&office.store, &[person]).await?;
        let opened = identity::reveal(&office.store, &grant, sealed).await?;
        if let Some(full) = opened.into_iter().next().and_then(|one| one.name) {
            known.insert(name.to_owned(), full);
        }
    }
    Ok(())
}
