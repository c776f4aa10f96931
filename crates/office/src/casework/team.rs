//! Who could do a step: everybody with an account in use, the roles they hold now, and the cases they are kept from.

use super::Done;
use super::worklist::Doers;
use crate::access::{AccessBook, Acting, Right};
use crate::office::Office;
use domain::{AreaCode, CaseNo, Day, HouseholdId, PersonId};
use std::collections::{BTreeMap, BTreeSet};
use store::Reads;
use store::applications;
use store::cases::{self, CaseRow, Wait};
use store::users::UserState;

/// One role somebody holds.
pub(super) struct Held {
    title: String,
    pub(super) area: AreaCode,
    rights: BTreeSet<Right>,
}

impl Held {
    /// The rights a step is found by, of those the role has.
    fn of(book: &AccessBook, code: &str, (title, area): (String, AreaCode)) -> Self {
        let by = [Right::CASE_HANDLE, Right::VISIT_REPORT, Right::ASSIST];
        let rights = by.into_iter().filter(|right| book.allows(code, *right));
        Self {
            title,
            area,
            rights: rights.collect(),
        }
    }
}

/// Somebody with an account that is in use: their roles of this moment, and the cases they are kept from.
pub(super) struct Member {
    login: String,
    organisation: String,
    pub(super) roles: Vec<Held>,
    pub(super) kept: BTreeSet<CaseNo>,
}

impl Member {
    /// Whether this person could do the step, whoever it was handed to.
    pub(super) fn could(&self, row: &CaseRow, wait: &Wait, by: &Doers) -> bool {
        let area = &row.current.area;
        let holds = |held: &Held| {
            held.title == wait.role
                && held.area.contains(area)
                && by.rights.iter().any(|right| held.rights.contains(right))
        };
        let there = by.organisation.as_ref();
        there.is_none_or(|code| *code == self.organisation)
            && self.roles.iter().any(holds)
            && !self.kept.contains(&row.no)
            && !wait.not_by.split('、').any(|login| login == self.login)
    }

    pub(super) async fn of_acting(office: &Office, who: &Acting) -> Done<Self> {
        let held = who.roles_held().into_iter();
        let book = who.book();
        let roles = held.filter_map(|(title, area)| {
            let code = book.role_named(&title)?.code.clone();
            Some(Held::of(book, &code, (title, area)))
        });
        let own = BTreeMap::from([(who.user().get(), who.kept_persons())]);
        let kept = kept(office, &office.store, own).await?;
        Ok(Self {
            login: who.login().to_owned(),
            organisation: crate::portal::organisation(office, who).await?,
            roles: roles.collect(),
            kept: kept.into_values().flatten().collect(),
        })
    }
}

/// Everybody who works here.
pub(super) struct Team(pub(super) BTreeMap<String, Member>);

impl Team {
    /// Those of them whose accounts are wanted.
    pub(super) async fn read(
        office: &Office,
        store: &impl Reads,
        book: &AccessBook,
        wanted: impl Fn(&str) -> bool,
    ) -> Done<Self> {
        let at = office.clock.at();
        let mut roles: BTreeMap<i64, Vec<Held>> = BTreeMap::new();
        for grant in store::grants::list(store).await? {
            if grant.holds(&at)
                && let Some(role) = book.role(&grant.content.role)
            {
                let held = roles.entry(grant.content.user.get()).or_default();
                let own = (role.title.clone(), grant.content.area);
                held.push(Held::of(book, &role.code, own));
            }
        }
        let mut persons: BTreeMap<i64, Vec<PersonId>> = BTreeMap::new();
        for recusal in store::recusals::all(store).await? {
            let own = persons.entry(recusal.content.user.get()).or_default();
            own.push(recusal.content.person);
        }
        let organisations = store::organisations::list(store, None).await?;
        let mut users = store::users::list(store).await?;
        users.retain(|user| user.state == UserState::Active && wanted(&user.login));
        let here: BTreeSet<i64> = users.iter().map(|user| user.id.get()).collect();
        persons.retain(|official, _| here.contains(official));
        let mut kept = kept(office, store, persons).await?;
        let mut team = BTreeMap::new();
        for user in users {
            let mut organisations = organisations.iter();
            let own = organisations.find(|one| one.id == user.organisation);
            team.insert(
                user.login.clone(),
                Member {
                    login: user.login,
                    organisation: own.map_or_else(String::new, |one| one.content.code.clone()),
                    roles: roles.remove(&user.id.get()).unwrap_or_default(),
                    kept: kept.remove(&user.id.get()).unwrap_or_default(),
                },
            );
        }
        Ok(Self(team))
    }

    /// Whether a step is this person's: they could do it, and it was handed to nobody else who still could.
    pub(super) fn gives(&self, member: &Member, row: &CaseRow, wait: &Wait, by: &Doers) -> bool {
        if !member.could(row, wait, by) {
            return false;
        }
        if wait.owner.is_empty() || wait.owner == member.login {
            return true;
        }
        let owner = self.0.get(&wait.owner);
        !owner.is_some_and(|owner| owner.could(row, wait, by))
    }

    /// Whether the step stands in somebody's list.
    pub(super) fn has_for(&self, row: &CaseRow, wait: &Wait, by: &Doers) -> bool {
        let mut all = self.0.values();
        all.any(|member| self.gives(member, row, wait, by))
    }
}

/// The cases each of some officials is kept from: in which one of the persons declared for them stands, whoever lives
/// with one, or of a household they live in. Asked for all at once, however many officials there are.
async fn kept(
    office: &Office,
    store: &impl Reads,
    declared: BTreeMap<i64, Vec<PersonId>>,
) -> Done<BTreeMap<i64, BTreeSet<CaseNo>>> {
    let mut near: BTreeMap<i64, BTreeSet<PersonId>> = BTreeMap::new();
    for (official, persons) in declared {
        near.entry(official).or_default().extend(persons);
    }
    near.retain(|_, persons| !persons.is_empty());
    if near.is_empty() {
        return Ok(BTreeMap::new());
    }
    let today = office.clock.today();
    let homes = homes_of(store, &near, today).await?;
    let all: BTreeSet<HouseholdId> = homes.values().copied().collect();
    let all: Vec<HouseholdId> = all.into_iter().collect();
    let members = store::households::members_of(store, &all).await?;
    for persons in near.values_mut() {
        let own: BTreeSet<HouseholdId> = persons
            .iter()
            .filter_map(|one| homes.get(one))
            .copied()
            .collect();
        for home in own.iter().filter_map(|home| members.get(home)) {
            let now = home.iter().filter(|m| m.span.contains(today));
            persons.extend(now.map(|m| m.person));
        }
    }
    let persons: BTreeSet<PersonId> = near.values().flatten().copied().collect();
    let persons: Vec<PersonId> = persons.into_iter().collect();
    let mut stands_in: BTreeMap<PersonId, BTreeSet<CaseNo>> = BTreeMap::new();
    for one in applications::pending(store, &persons).await? {
        stands_in.entry(one.person).or_default().insert(one.case);
    }
    let homes = homes_of(store, &near, today).await?;
    let all: BTreeSet<HouseholdId> = homes.values().copied().collect();
    let all: Vec<HouseholdId> = all.into_iter().collect();
    let of_homes = cases::of_households(store, &all).await?;
    let mut out = BTreeMap::new();
    for (official, persons) in near {
        let mut own: BTreeSet<CaseNo> = BTreeSet::new();
        for person in &persons {
            own.extend(stands_in.get(person).into_iter().flatten());
            let home = homes.get(person).and_then(|home| of_homes.get(home));
            own.extend(home.into_iter().flatten());
        }
        out.insert(official, own);
    }
    Ok(out)
}

/// Where all these persons live.
async fn homes_of(
    store: &impl Reads,
    near: &BTreeMap<i64, BTreeSet<PersonId>>,
    today: Day,
) -> Done<BTreeMap<PersonId, HouseholdId>> {
    let persons: BTreeSet<PersonId> = near.values().flatten().copied().collect();
    let persons: Vec<PersonId> = persons.into_iter().collect();
    let homes = store::households::memberships_on(store, &persons, today).await?;
    let homes = homes.into_iter();
    Ok(homes.map(|(person, own)| (person, own.household)).collect())
}
