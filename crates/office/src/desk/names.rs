//! Whom a line is about: names and numbers as any page may show them, never in full.

use super::{Desk, Told};
use crate::views::Behind;
use domain::household::{Membership, Relation};
use domain::{Day, HouseholdId, PersonId};
use std::collections::HashMap;
use store::identity::Masked;

/// Masked identities by person.
#[derive(Default)]
pub(super) struct Names(HashMap<PersonId, Masked>);

impl Names {
    /// 王*英, or what to call somebody without a name.
    pub fn name(&self, person: i64) -> String {
        let masked = self.0.get(&PersonId::new(person));
        masked
            .and_then(|m| m.name.clone())
            .unwrap_or_else(|| "姓名未登记".to_owned())
    }

    /// 990101********128X, or that there is none.
    pub fn number(&self, person: i64) -> String {
        let masked = self.0.get(&PersonId::new(person));
        masked
            .and_then(|m| m.id_number.clone())
            .unwrap_or_else(|| "没有身份证号".to_owned())
    }

    /// A card, masked.
    pub fn card(&self, person: i64) -> String {
        let masked = self.0.get(&PersonId::new(person));
        masked
            .and_then(|m| m.card.clone())
            .unwrap_or_else(|| "未登记".to_owned())
    }
}

/// Who heads a household on a day, else whoever belongs to it.
fn head(members: &[Membership], day: Day) -> Option<PersonId> {
    let now = || members.iter().filter(|m| m.span.contains(day));
    let head = now().find(|m| m.relation == Relation::Head);
    head.or_else(|| now().next())
        .or_else(|| members.last())
        .map(|m| m.person)
}

impl Desk {
    pub(super) async fn names(&self, persons: &[i64]) -> Told<Names> {
        let mut ids: Vec<PersonId> = persons.iter().copied().map(PersonId::new).collect();
        ids.sort_unstable();
        ids.dedup();
        Ok(Names(
            store::identity::masked(&self.office.store, &ids).await?,
        ))
    }

    /// The head of each household, masked.
    pub(super) async fn heads(&self, households: &[i64]) -> Told<HashMap<i64, String>> {
        let today = self.office.clock.today();
        let mut heads = HashMap::new();
        for household in households.iter().copied() {
            if heads.contains_key(&household) {
                continue;
            }
            let members =
                store::households::members(&self.office.store, HouseholdId::new(household)).await?;
            heads.insert(household, head(&members, today).map(PersonId::get));
        }
        let known: Vec<i64> = heads.values().flatten().copied().collect();
        let names = self.names(&known).await?;
        let named =
            |person: Option<i64>| person.map_or_else(|| "没有成员".to_owned(), |p| names.name(p));
        Ok(heads
            .into_iter()
            .map(|(household, person)| (household, named(person)))
            .collect())
    }
}

/// What opens for a household or person.
pub(super) fn about(is_household: bool, id: i64) -> Behind {
    if is_household {
        Behind::Household(id)
    } else {
        Behind::Person(id)
    }
}
