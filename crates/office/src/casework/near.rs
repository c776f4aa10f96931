//! 涉及近亲属: what staff declared of themselves and their relatives (近亲属备案) is a circumstance of every case
//! it touches, whoever handles it. It is set by the declaration and by the opening of a case, not by whoever
//! happens to know; then the procedure's own steps, the county's visit and the sample follow.

use super::{Case, CaseError, Done, Told, What, happen_as, read};
use crate::office::Office;
pub(super) use domain::procedure::RELATIVE;
use domain::{CaseNo, HouseholdId, PersonId};
use std::collections::BTreeSet;
use store::cases::CaseState;
use store::users::UserState;
use store::{JournalTx, Reads, applications, cases, recusals, users};

/// Who writes it down: a declaration, no person.
const BY: &str = "system";
const BECAUSE: &str = "近亲属备案";

/// Those some official must not work on: the declared, and the homes they live in.
#[derive(Default)]
struct Near {
    persons: BTreeSet<PersonId>,
    homes: BTreeSet<HouseholdId>,
}

impl Near {
    /// By the declarations of every account in use.
    async fn of_staff(office: &Office, on: &impl Reads) -> Done<Self> {
        let staff = users::list(on).await?.into_iter();
        let in_use: BTreeSet<i64> = staff
            .filter(|user| user.state == UserState::Active)
            .map(|user| user.id.get())
            .collect();
        let declared = recusals::all(on).await?.into_iter();
        let declared = declared.filter(|one| in_use.contains(&one.content.user.get()));
        let persons = declared.map(|one| one.content.person).collect();
        Self::living_today(office, on, persons).await
    }

    async fn living_today(
        office: &Office,
        on: &impl Reads,
        persons: BTreeSet<PersonId>,
    ) -> Done<Self> {
        let ids: Vec<PersonId> = persons.iter().copied().collect();
        let today = office.clock.today();
        let homes = store::households::memberships_on(on, &ids, today).await?;
        Ok(Self {
            homes: homes.values().map(|member| member.household).collect(),
            persons,
        })
    }

    /// Whether a case is of one of them, or of somebody who lives with one.
    async fn touches(&self, office: &Office, on: &impl Reads, case: &Case) -> Done<bool> {
        if self.persons.is_empty() {
            return Ok(false);
        }
        let content = &case.application.content;
        let mut people: Vec<PersonId> = content.members.iter().map(|(one, _)| *one).collect();
        people.push(content.applicant);
        let home = case.row.content.household.or(content.household);
        if home.is_some_and(|home| self.homes.contains(&home))
            || people.iter().any(|one| self.persons.contains(one))
        {
            return Ok(true);
        }
        let today = office.clock.today();
        let homes = store::households::memberships_on(on, &people, today).await?;
        let mut homes = homes.values().map(|member| member.household);
        Ok(homes.any(|home| self.homes.contains(&home)))
    }
}

fn can_be_told(case: &Case) -> bool {
    let known = &case.procedure.circumstances;
    case.standing.closed.is_none()
        && !case.standing.told.contains(RELATIVE)
        && known.iter().any(|one| one.name == RELATIVE)
}

async fn tell(office: &Office, tx: &mut JournalTx, case: &mut Case) -> Done<()> {
    let circumstance = RELATIVE.to_owned();
    let told = Told::plain("case.circumstance", BECAUSE);
    happen_as(office, tx, BY, case, What::Told { circumstance }, told).await?;
    Ok(())
}

/// Cases just opened, or whose family has just changed: each that staff declared something about says so.
pub(crate) async fn mark(office: &Office, tx: &mut JournalTx, numbers: &[CaseNo]) -> Done<()> {
    let near = Near::of_staff(office, tx).await?;
    if near.persons.is_empty() {
        return Ok(());
    }
    for no in numbers {
        let Some(mut case) = read(office, tx, *no).await? else {
            continue;
        };
        if can_be_told(&case) && near.touches(office, tx, &case).await? {
            tell(office, tx, &mut case).await?;
        }
    }
    Ok(())
}

/// Whether a declaration stands that is about a case.
pub(super) async fn is_declared(office: &Office, on: &impl Reads, case: &Case) -> Done<bool> {
    let near = Near::of_staff(office, on).await?;
    near.touches(office, on, case).await
}

/// An official declared a person: the open cases of that person and of whoever lives with them say so from
/// now on, and what of them was in the official's own hands is in nobody's. Answers how many cases were
/// handed over.
pub(crate) async fn declared(
    office: &Office,
    tx: &mut JournalTx,
    (login, person): (&str, PersonId),
) -> Done<u64> {
    let near = Near::living_today(office, tx, BTreeSet::from([person])).await?;
    let today = office.clock.today();
    let mut people = vec![person];
    let mut touched: BTreeSet<CaseNo> = BTreeSet::new();
    for home in &near.homes {
        let members = store::households::members(tx, *home).await?;
        let now = members.iter().filter(|one| one.span.contains(today));
        people.extend(now.map(|one| one.person));
        let rows = cases::of_household(tx, *home).await?;
        let open = rows.iter().filter(|row| row.state == CaseState::Open);
        touched.extend(open.map(|row| row.no));
    }
    for pending in applications::pending(tx, &people).await? {
        touched.insert(pending.case);
    }
    let mut handed = 0_u64;
    for no in touched {
        let Some(mut case) = read(office, tx, no).await? else {
            continue;
        };
        if can_be_told(&case) {
            tell(office, tx, &mut case).await?;
        }
        let open = case.standing.open.as_ref();
        if open.is_some_and(|open| open.owner.as_deref() == Some(login)) {
            let told = Told::plain("case.hand-over", BECAUSE);
            let what = What::HandedOver { to: String::new() };
            happen_as(office, tx, BY, &mut case, what, told).await?;
            handed = handed.saturating_add(1);
        }
    }
    Ok(handed)
}

impl From<CaseError> for crate::access::AccessError {
    fn from(error: CaseError) -> Self {
        match error {
            CaseError::Denied(denied) => Self::Denied(denied),
            CaseError::Forbidden(said) | CaseError::Refused(said) => Self::Refused(said),
            CaseError::Refusal(why) => Self::Refused(why.to_string()),
            CaseError::NotFound(said) => Self::NotFound(said),
            CaseError::Office(error) => Self::Office(error),
        }
    }
}
