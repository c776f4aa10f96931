//! 回避: an official sees and handles nothing of their own household or a near relative's; what they
//! had in hand goes to somebody else (近亲属备案).

use super::acting::KeptFrom;
use super::{Access, AccessError, Done, Right, Visitor};
use crate::casework::near;
use crate::error::Result;
use domain::{HouseholdId, IdNumber, PersonId, WorkerId};
use std::collections::BTreeSet;
use store::recusals::{self, NewRecusal};
use store::tasks::{self, Filter, TaskState};
use store::tokens::{TokenField, Tokeniser, look_up_many};
use store::users::UserId;
use store::workers::Worker;
use store::{At, JournalTx};

/// Open tasks of a colleague that are counted.
const TASKS_COUNTED_MAX: u32 = 1_000;

/// A declared relation, as its official sees it: the person masked.
#[derive(Clone, Debug)]
pub struct RecusalRow {
    /// Whom, masked.
    pub person: String,
    /// How related.
    pub relation: String,
    /// Since when.
    pub since: String,
}

impl Access {
    /// Whom an official must not work on: the declared, and whoever lives with them.
    pub(super) async fn kept_from(&self, user: UserId) -> Result<KeptFrom> {
        let store = &self.office.store;
        let declared = recusals::of_user(store, user).await?;
        let mut kept = KeptFrom::default();
        kept.persons
            .extend(declared.iter().map(|r| r.content.person));
        let today = self.office.clock.today();
        let homes: BTreeSet<HouseholdId> = self.homes(&kept.persons).await?;
        for home in &homes {
            let members = store::households::members(store, *home).await?;
            let now = members.iter().filter(|m| m.span.contains(today));
            kept.persons.extend(now.map(|m| m.person));
        }
        kept.households = homes;
        Ok(kept)
    }

    async fn homes(&self, persons: &BTreeSet<PersonId>) -> Result<BTreeSet<HouseholdId>> {
        let persons: Vec<PersonId> = persons.iter().copied().collect();
        let today = self.office.clock.today();
        let found = store::households::memberships_on(&self.office.store, &persons, today).await?;
        Ok(found.values().map(|m| m.household).collect())
    }

    /// One's own declarations.
    ///
    /// # Errors
    /// The right is missing, or the record cannot be read.
    pub async fn recusals(&self, visitor: &Visitor) -> Done<Vec<RecusalRow>> {
        visitor.acting.scope(Right::ACCOUNT)?;
        let store = &self.office.store;
        let declared = recusals::of_user(store, visitor.acting.user()).await?;
        let persons: Vec<PersonId> = declared.iter().map(|r| r.content.person).collect();
        let masked = store::identity::masked(store, &persons).await?;
        let word = |code: &str| {
            let named = self.book.relations().iter().find(|r| r.code == code);
            named.map_or_else(|| code.to_owned(), |r| r.title.clone())
        };
        let row = |recusal: &recusals::Recusal| RecusalRow {
            person: masked
                .get(&recusal.content.person)
                .map_or_else(String::new, |m| {
                    let shown = [&m.name, &m.id_number];
                    let shown = shown.into_iter().flatten().cloned();
                    shown.collect::<Vec<_>>().join(" ")
                }),
            relation: word(&recusal.content.relation),
            since: crate::desk::minute(&recusal.at),
        };
        Ok(declared.iter().map(row).collect())
    }

    /// Declares oneself or a near relative by their id number; open tasks at their door go to
    /// somebody else. A number that is on no register says so the same way as one that is declared,
    /// so that nobody learns from it who is on the register.
    ///
    /// # Errors
    /// The number or relation is none, or the record cannot be written.
    pub async fn declare(&self, visitor: &Visitor, number: &str, relation: &str) -> Done<()> {
        visitor.acting.scope(Right::ACCOUNT)?;
        let store = &self.office.store;
        let said = |said: &str| AccessError::Refused(said.to_owned());
        if !self.book.relations().iter().any(|r| r.code == relation) {
            return Err(said("请选一种关系"));
        }
        let parsed = IdNumber::parse(number, self.office.clock.today())
            .map_err(|error| AccessError::Refused(format!("身份证号:{error}")))?;
        let token = Tokeniser::of(store).id_number(&parsed.number);
        let found = look_up_many(store, TokenField::IdNumber, &[token]).await?;
        let who = &visitor.acting;
        let at = self.office.clock.at();
        let mut tx = store.write().await?;
        let mut handed_over = 0;
        if let Some(person) = found.into_values().flatten().next() {
            let new = NewRecusal {
                user: who.user(),
                person,
                relation: relation.to_owned(),
                declared_by: who.login().to_owned(),
            };
            recusals::add(&mut tx, &at, &new).await?;
            handed_over = self.hand_over(&mut tx, &at, who.login(), person).await?;
            let about = (who.login(), person);
            let cases = near::declared(&self.office, &mut tx, about).await?;
            handed_over = handed_over.saturating_add(cases);
        }
        tx.record(
            self.act(who.login(), "access.recusal")
                .on("account", who.user())
                .because("近亲属备案")
                .carrying(format!("{{\"handed_over\":{handed_over}}}")),
        );
        tx.commit().await?;
        Ok(())
    }

    /// Gives the open tasks of an official at a person's door to the colleague of the same place who
    /// has the fewest; with no such colleague nobody is named, and the task waits for one.
    async fn hand_over(
        &self,
        tx: &mut JournalTx,
        at: &At,
        login: &str,
        person: PersonId,
    ) -> Result<u64> {
        let Some(worker) = store::workers::find(tx, login).await? else {
            return Ok(0);
        };
        let today = self.office.clock.today();
        let homes = store::households::memberships_on(tx, &[person], today).await?;
        let mut moved = 0_u64;
        for home in homes.values().map(|m| m.household) {
            for task in tasks::of_household(tx, home).await? {
                let mine = task.content.worker == Some(worker.id);
                if task.state != TaskState::Open || !mine {
                    continue;
                }
                let next = colleague(tx, &worker).await?;
                tasks::hand_over(tx, at, "system", task.id, next, "近亲属回避").await?;
                moved = moved.saturating_add(1);
            }
        }
        Ok(moved)
    }
}

/// Who serves the same place in the same role and has the fewest open tasks.
async fn colleague(tx: &JournalTx, of: &Worker) -> Result<Option<WorkerId>> {
    let mut least: Option<(usize, WorkerId)> = None;
    for other in store::workers::list(tx, Some(&of.content.area)).await? {
        if other.id == of.id || other.content.role != of.content.role {
            continue;
        }
        let filter = Filter {
            state: TaskState::Open,
            area: None,
            worker: Some(other.id),
        };
        let open = tasks::list(tx, &filter, None, TASKS_COUNTED_MAX).await?;
        if least.is_none_or(|(fewest, _)| open.len() < fewest) {
            least = Some((open.len(), other.id));
        }
    }
    Ok(least.map(|(_, id)| id))
}
