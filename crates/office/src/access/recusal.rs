//! 回避: an official sees and handles nothing of their own household or a near relative's; what they
//! had in hand goes to somebody else (近亲属备案).

use super::acting::KeptFrom;
use super::{Access, AccessError, Acting, Done, Right, Visitor};
use crate::casework::{near, without_numbers};
use crate::error::Result;
use domain::{Day, HouseholdId, IdNumber, PersonId, WorkerId};
use std::collections::{BTreeMap, BTreeSet};
use store::recusals::{self, Ending, NewRecusal};
use store::tasks::{self, Filter, TaskState};
use store::tokens::{TokenField, Tokeniser, look_up_many};
use store::users::UserId;
use store::workers::Worker;
use store::{At, JournalTx};

pub use store::recusals::EndingState;

/// The relation of an official to themselves.
const SELF: &str = "self";
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
    /// Its number.
    pub id: i64,
    /// What was asked to end it and what became of that, newest last.
    pub endings: Vec<String>,
    /// Whether it may be asked now to end it.
    pub may_end: bool,
}

/// What somebody asks who no longer is a near relative: without whose relation it is. For another person to settle.
#[derive(Clone, Debug)]
pub struct EndingRow {
    /// Its number.
    pub no: i64,
    /// The account that asks.
    pub login: String,
    /// How related.
    pub relation: String,
    /// Since which day it no longer holds, why, and when it was asked.
    pub says: String,
    /// Whether this person may settle it.
    pub may_settle: bool,
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
        let mut declared = recusals::of_user(store, visitor.acting.user()).await?;
        let standing: BTreeSet<i64> = declared.iter().map(|one| one.id).collect();
        declared.extend(recusals::ended_of(store, visitor.acting.user()).await?);
        let mut endings: BTreeMap<i64, Vec<Ending>> = BTreeMap::new();
        for one in &declared {
            endings.insert(one.id, recusals::endings(store, one.id).await?);
        }
        let persons: Vec<PersonId> = declared.iter().map(|r| r.content.person).collect();
        let masked = store::identity::masked(store, &persons).await?;
        let of = |id: i64| endings.get(&id).map_or(&[][..], Vec::as_slice);
        let row = |recusal: &recusals::Recusal| RecusalRow {
            id: recusal.id,
            endings: of(recusal.id).iter().map(ending_words).collect(),
            may_end: standing.contains(&recusal.id)
                && recusal.content.relation != SELF
                && of(recusal.id)
                    .iter()
                    .all(|one| one.state != EndingState::Asked),
            person: masked
                .get(&recusal.content.person)
                .map_or_else(String::new, |m| {
                    let shown = [&m.name, &m.id_number];
                    let shown = shown.into_iter().flatten().cloned();
                    shown.collect::<Vec<_>>().join(" ")
                }),
            relation: self.relation(&recusal.content.relation),
            since: crate::desk::minute(&recusal.at),
        };
        Ok(declared.iter().map(row).collect())
    }

    fn relation(&self, code: &str) -> String {
        let named = self.book.relations().iter().find(|r| r.code == code);
        named.map_or_else(|| code.to_owned(), |r| r.title.clone())
    }

    /// Asks to end a declaration of one's own: since which day the relation no longer holds, and why. It stands until
    /// another person has confirmed it.
    ///
    /// # Errors
    /// It is not one's own or has ended, it is oneself, the day is to come, no reason, or it is asked already.
    pub async fn ask_end(
        &self,
        visitor: &Visitor,
        id: i64,
        (day, because): (&str, &str),
    ) -> Done<()> {
        visitor.acting.scope(Right::ACCOUNT)?;
        let said = |said: &str| AccessError::Refused(said.to_owned());
        let who = &visitor.acting;
        let none = || AccessError::NotFound(format!("没有编号为 {id} 的近亲属备案,或者已经终止"));
        let mut tx = self.office.store.write().await?;
        let known = recusals::find(&tx, id).await?;
        let known = known.filter(|one| one.content.user == who.user());
        let known = known.ok_or_else(none)?;
        if known.content.relation == SELF {
            return Err(said("本人的备案不能终止:自己的事永远不能自己办"));
        }
        let day = Day::parse(day.trim()).map_err(|_| said("不再是亲属的日期写成 2026-09-14"))?;
        if day > self.office.clock.today() {
            return Err(said("不再是亲属的日期还没有到"));
        }
        let because = because.trim();
        if because.is_empty() {
            return Err(said("请写明为什么终止,如 离婚,看过离婚证"));
        }
        without_numbers(because)?;
        let at = self.office.clock.at();
        let hand = (&at, who.login());
        if !recusals::ask_end(&mut tx, hand, id, (day, because)).await? {
            return Err(said("已经申请过终止,等另一位确认"));
        }
        tx.record(
            self.act(who.login(), "access.recusal-end-ask")
                .on("recusal", id)
                .because(because),
        );
        tx.commit().await?;
        Ok(())
    }

    /// What is asked and waits for another person; of the relative only how they are related is told.
    ///
    /// # Errors
    /// The right is missing, or the record cannot be read.
    pub async fn endings(&self, who: &Acting) -> Done<Vec<EndingRow>> {
        who.scope(Right::USER)?;
        let store = &self.office.store;
        let mut out = Vec::new();
        for one in recusals::endings_asked(store).await? {
            let Some(known) = recusals::find(store, one.recusal).await? else {
                continue;
            };
            out.push(EndingRow {
                no: one.no,
                relation: self.relation(&known.content.relation),
                says: format!(
                    "从 {} 起不再是,理由:{}({} 申请)",
                    one.day,
                    one.because,
                    crate::desk::minute(&one.at)
                ),
                may_settle: who.may(Right::ROLE_GRANT) && one.by != who.login(),
                login: one.by,
            });
        }
        Ok(out)
    }

    /// Another person confirms that a declared relation no longer holds, or does not. Cases that say they touch a
    /// near relative go on saying so.
    ///
    /// # Errors
    /// The right is missing, one's own, settled already, or not confirmed without a reason.
    pub async fn settle_end(
        &self,
        who: &Acting,
        no: i64,
        (state, because): (EndingState, &str),
    ) -> Done<()> {
        who.scope(Right::ROLE_GRANT)?;
        let mut tx = self.office.store.write().await?;
        let asked = recusals::endings_asked(&tx).await?;
        let none = || AccessError::NotFound(format!("没有编号为 {no} 的待确认的终止备案"));
        let asked = asked
            .into_iter()
            .find(|one| one.no == no)
            .ok_or_else(none)?;
        let same = recusals::same_person(&tx, who.user(), SELF).await?;
        let known = recusals::find(&tx, asked.recusal).await?.ok_or_else(none)?;
        if asked.by == who.login() || same.contains(&known.content.user) {
            let said = "自己申请的要由另一位确认".to_owned();
            return Err(AccessError::Refused(said));
        }
        let because = because.trim();
        without_numbers(because)?;
        if because.is_empty() {
            let said = "请写明看过什么凭证,或者为什么不同意".to_owned();
            return Err(AccessError::Refused(said));
        }
        let at = self.office.clock.at();
        recusals::settle_end(&mut tx, (&at, who.login()), &asked, (state, because)).await?;
        let act = match state {
            EndingState::Confirmed => "access.recusal-end",
            EndingState::Asked | EndingState::Refused => "access.recusal-keep",
        };
        tx.record(
            self.act(who.login(), act)
                .on("recusal", asked.recusal)
                .because(because),
        );
        tx.commit().await?;
        Ok(())
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

fn ending_words(one: &Ending) -> String {
    let asked = format!("从 {} 起不再是,理由:{}", one.day, one.because);
    let settled = one.settled_at.as_ref().map(crate::desk::minute);
    let settled = settled.unwrap_or_default();
    match one.state {
        EndingState::Asked => format!("申请终止,{asked};等另一位确认,确认以前照旧回避"),
        EndingState::Confirmed => format!(
            "已终止,{asked};{settled} {} 确认:{}",
            one.settled_by, one.settled_because
        ),
        EndingState::Refused => format!(
            "没有终止({asked});{settled} {}:{}",
            one.settled_by, one.settled_because
        ),
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
