//! What the rules find for a household that it does not get, and in which registers of hardship somebody stands.

use super::month::has;
use super::{Desk, Told, clusters};
use crate::access::{Acting, Scope, home_within, note_read};
use crate::casework::recognised::{self, Recognised};
use crate::channels::finds::one_step;
use crate::channels::here;
use crate::views::ViewError;
use crate::views::channels::{FoundFor, FoundProgramme, Hardship};
use domain::{HouseholdId, Month, PersonId};
use rules::eval::{Evaluator, Verdict};
use rules::plan::{FileId, FileKind};
use rules::situation::Moments;
use store::cases::Subject;
use store::entitlements::{self, Entitlement, SubjectKind};

/// Households and persons, by their names in the dictionary.
const HOUSEHOLD: &str = "家庭";
const PERSON: &str = "个人";
/// Whom a programme of the household is for.
const WHOLE: &str = "全户";

/// Judges a household and its members by every policy and leaves out what they get or cannot get.
pub(super) async fn finds(desk: &Desk, who: &Acting, scope: &Scope, id: i64) -> Told<FoundFor> {
    let store = &desk.office.store;
    let home = home_within(store, scope, id).await?;
    if who.is_kept_from(home.id) {
        return Err(ViewError::kept_from());
    }
    let judgement = desk.newest().await?;
    let sides = clusters::around(&judgement, Some(id), None);
    let members = judgement.members(id);
    let names = desk.names(&members).await?;
    let heads = desk.heads(&[id]).await?;
    let paid = paid_here(desk, home.id).await?;
    let known = desk.recognised(home.id).await?;
    let today = desk.office.clock.today();
    let month = judgement.data.month;
    let program = &judgement.data.program;
    let steps = one_step(here(&desk.office))?;
    let mut eval = Evaluator::new(program, &sides.situation, Moments::monthly(month));
    let mut programmes = Vec::new();
    for (file, plan) in (0..).map(FileId).zip(&program.files) {
        if plan.kind != FileKind::Policy || plan.verdict.is_none() {
            continue;
        }
        let of_household = match program.dict.entity_name(plan.entity) {
            HOUSEHOLD => true,
            PERSON => false,
            _ => continue,
        };
        let keys: &[i64] = if of_household { &[id] } else { &members };
        let sums = judgement.sums.programme(&plan.id);
        for key in keys.iter().copied() {
            let gets = sums.is_some_and(|sums| has(&sums.on_roll, key))
                || paid
                    .iter()
                    .any(|one| runs(one, &plan.id, month) && is_of(one, of_household, key))
                || known.iter().any(|one| {
                    let of = one.programme == plan.id && one.holds(today);
                    of && recognised_is(one, of_household, key)
                });
            let at = sides.situation.find(plan.entity, key).filter(|_| !gets);
            let Some(outcome) = at.and_then(|at| eval.outcome(file, at)) else {
                continue;
            };
            let named = |wanted: Option<bool>| {
                let fits = outcome
                    .conditions
                    .iter()
                    .filter(|(_, said)| *said == wanted);
                let items = fits.filter_map(|(item, _)| program.item(*item));
                items.map(|item| item.name.clone()).collect::<Vec<_>>()
            };
            let (lacks, open) = (named(Some(false)), named(None));
            let is_step = |name: &String| {
                let mut rows = steps.iter();
                rows.any(|[programme, condition]| *programme == plan.id && condition == name)
            };
            let met = match outcome.verdict {
                Some(Verdict::Eligible) => true,
                Some(Verdict::Pending) => false,
                // All but what applying brings about may hold already.
                Some(Verdict::Ineligible) if !lacks.is_empty() && lacks.iter().all(is_step) => {
                    open.is_empty()
                }
                Some(Verdict::Ineligible) | None => continue,
            };
            let gaps = outcome.missing.iter().map(|gap| gap.name(program));
            let mut asks: Vec<String> = Vec::new();
            // The same is asked of several members: it is told once.
            for ask in gaps {
                if !asks.contains(&ask) {
                    asks.push(ask);
                }
            }
            programmes.push(FoundProgramme {
                programme: plan.id.clone(),
                title: plan.title.clone(),
                person: (!of_household).then_some(key),
                subject: match of_household {
                    true => WHOLE.to_owned(),
                    false => names.name(key),
                },
                met,
                holds: named(Some(true)),
                asks: match asks.is_empty() {
                    true => open,
                    false => asks,
                },
                lacks,
                rule: plan.path.clone(),
            });
        }
    }
    note_read::household(&desk.office, who, id).await?;
    Ok(FoundFor {
        household: id,
        number: home.number.clone(),
        head: heads.get(&id).cloned().unwrap_or_default(),
        place: desk.record().await?.place(&home.area),
        month,
        programmes,
    })
}

/// What decisions taken here pay a household; a recognition pays nothing and tells its own days.
async fn paid_here(desk: &Desk, household: HouseholdId) -> Told<Vec<Entitlement>> {
    let mut paid = entitlements::of_household(&desk.office.store, household).await?;
    paid.retain(|one| !recognised::is_one(one));
    Ok(paid)
}

/// Whether a decision taken here pays a programme in a month.
fn runs(one: &Entitlement, programme: &str, month: Month) -> bool {
    one.programme == programme && one.to.is_none_or(|to| to > month)
}

/// Whose help it is.
fn is_of(one: &Entitlement, of_household: bool, key: i64) -> bool {
    let kind = match of_household {
        true => SubjectKind::Household,
        false => SubjectKind::Person,
    };
    one.subject.kind == kind && one.subject.id == key
}

/// Whose recognition it is.
fn recognised_is(one: &Recognised, of_household: bool, key: i64) -> bool {
    match one.subject {
        Subject::Household(of) => of_household && of.get() == key,
        Subject::Person(of) => !of_household && of.get() == key,
    }
}

impl Desk {
    /// As what a household and its members are recognised by decisions that give no money.
    pub(super) async fn recognised(&self, household: HouseholdId) -> Told<Vec<Recognised>> {
        let known = recognised::of_household(&self.office, &self.office.store, household).await;
        known.map_err(ViewError::from)
    }
}

/// The registers a person or their household stands in, of those the rulebook puts together.
pub(super) async fn hardship(
    desk: &Desk,
    scope: &Scope,
    person: PersonId,
    programmes: &[String],
) -> Told<Hardship> {
    let judgement = desk.newest().await?;
    let month = judgement.data.month;
    let mut out = Hardship {
        month: month.to_string(),
        statuses: Vec::new(),
    };
    let home = clusters::home_of(&judgement, person.get());
    let lives = match home {
        Some(home) => judgement.area_of(HOUSEHOLD, home),
        None => judgement.area_of(PERSON, person.get()),
    };
    // Who lives elsewhere stands in another office's register: told as if in none of ours.
    if !lives.is_some_and(|place| scope.contains(&place)) {
        return Ok(out);
    }
    let paid = match home {
        Some(home) => paid_here(desk, HouseholdId::new(home)).await?,
        None => Vec::new(),
    };
    let today = desk.office.clock.today();
    let known = match home {
        Some(home) => desk.recognised(HouseholdId::new(home)).await?,
        None => Vec::new(),
    };
    for id in programmes {
        let sums = judgement.sums.programme(id);
        let on_roll = sums.is_some_and(|sums| {
            let key = if sums.of_households {
                home
            } else {
                Some(person.get())
            };
            key.is_some_and(|key| has(&sums.on_roll, key))
        });
        let theirs = |one: &Entitlement| {
            home.is_some_and(|home| is_of(one, true, home)) || is_of(one, false, person.get())
        };
        let by_us = paid.iter().any(|one| runs(one, id, month) && theirs(one));
        let recognised = known.iter().any(|one| {
            let theirs = home.is_some_and(|home| recognised_is(one, true, home))
                || recognised_is(one, false, person.get());
            theirs && one.programme == *id && one.holds(today)
        });
        if on_roll || by_us || recognised {
            let title = judgement.data.program.file(id);
            out.statuses
                .push(title.map_or_else(|| id.clone(), |(_, plan)| plan.title.clone()));
        }
    }
    Ok(out)
}
