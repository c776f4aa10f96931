//! What somebody may do about a case after the decision, and why not what their role would let them: what the act
//! refuses is not offered.

use super::super::recusal::{against, said};
use super::super::{Case, Done};
use super::decide::kinds;
use super::hearing::{may_hear, may_tell};
use super::weigh::Weighed;
use super::{AfterKind, kind_named, supplement, write_off};
use crate::access::{Acting, Right};
use crate::office::Office;
use domain::procedure::Ground;
use store::Reads;
use store::reviews::AfterDecision;

/// What this person may do now.
#[derive(Clone, Debug, Default)]
pub struct MayAfter {
    /// Tell the family.
    pub tell: bool,
    /// Write down what they said.
    pub hear: bool,
    /// Sign, and what.
    pub kinds: Vec<(&'static str, &'static str)>,
    /// Hand the decision over.
    pub deliver: bool,
    /// What was added to a decided recovery, in yuan, where that is what is told, heard and decided now.
    pub added: Option<String>,
    /// Why this person stays away from what is to be done now, and who else does; empty where nothing is theirs.
    pub recused: String,
    /// Whether the open step is theirs and nothing of these.
    pub other: bool,
    /// Circumstances this person may state: name, what it means, whether it is told.
    pub circumstances: Vec<(String, String, bool)>,
}

/// What somebody may do now; and what is said of the recovery where something stands beside the steps.
pub(super) async fn may(
    office: &Office,
    who: &Acting,
    case: &Case,
    (weighed, decided): (&Weighed, &[AfterDecision]),
) -> Done<(MayAfter, String)> {
    let on = &office.store;
    let mut may = in_step(office, who, case, (weighed, decided)).await?;
    if let Some(added) = supplement::added(on, case).await? {
        beside(on, who, case, (&added, decided), &mut may).await?;
        let said = format!(",其中决定以后又多发 {} 元", added.amount);
        return Ok((may, said));
    }
    let Some(owed) = write_off::owed(on, &weighed.after, decided).await? else {
        return Ok((may, String::new()));
    };
    let given_up = write_off::signed(decided).is_some();
    let signs =
        !given_up && who.may(Right::DECISION) && write_off::is_for(who, case, Ground::Adjustment);
    if signs {
        let free = write_off::not_decided_before(on, who, case, decided).await;
        may.recused = said(free)?.unwrap_or_default();
        may.kinds = match may.recused.is_empty() {
            true => vec![(AfterKind::Recover.word(), write_off::NAME)],
            false => Vec::new(),
        };
    }
    may.deliver = given_up && write_off::is_for(who, case, Ground::Delivery);
    Ok((may, format!(",还差 {} 元", owed.rest)))
}

/// What somebody may do about what was added to a decided recovery; nothing else is done before.
async fn beside(
    on: &impl Reads,
    who: &Acting,
    case: &Case,
    (added, decided): (&supplement::Added, &[AfterDecision]),
    may: &mut MayAfter,
) -> Done<()> {
    let handles = who.may(Right::CASE_HANDLE);
    may.tell = handles && supplement::may_tell(who, case, added);
    may.hear = handles && supplement::may_hear(who, case, added);
    may.deliver = handles && added.signed && write_off::is_for(who, case, Ground::Delivery);
    let kinds = match who.may(Right::DECISION) {
        true => supplement::kinds(who, case, added),
        false => Vec::new(),
    };
    may.recused = match kinds.is_empty() {
        true => String::new(),
        false => {
            let free = supplement::not_looked_into(on, who, case, (added, decided)).await;
            said(free)?.unwrap_or_default()
        }
    };
    let kinds = kinds.into_iter().filter(|_| may.recused.is_empty());
    may.kinds = kinds
        .map(|kind| (kind.word(), supplement::kind_name(kind)))
        .collect();
    may.added = Some(added.amount.to_string());
    Ok(())
}

/// What somebody may do in the open step.
async fn in_step(
    office: &Office,
    who: &Acting,
    case: &Case,
    (weighed, decided): (&Weighed, &[AfterDecision]),
) -> Done<MayAfter> {
    let Some(step) = case.open_step() else {
        return Ok(MayAfter::default());
    };
    let recused = against(office, &office.store, who, case).await?;
    let own = case.is_for(who) && case.standing.paused().is_none() && recused.is_none();
    let area = &case.standing.area;
    let states = |one: &&domain::procedure::Circumstance| {
        one.always.is_none() && one.who.iter().any(|role| who.holds_role(role, area))
    };
    let signs = own && who.may(Right::DECISION);
    let kinds = match signs {
        true => kinds(case, (&weighed.after, &weighed.help), decided),
        false => Vec::new(),
    };
    let tell = own && may_tell(case);
    let hear = own && may_hear(case);
    let deliver = own && step.ground == Some(Ground::Delivery);
    Ok(MayAfter {
        added: None,
        recused: recused.unwrap_or_default(),
        other: own && !tell && !hear && !deliver && kinds.is_empty(),
        tell,
        hear,
        deliver,
        kinds: kinds
            .into_iter()
            .map(|kind| (kind.word(), kind_named(kind, &weighed.help)))
            .collect(),
        circumstances: case
            .procedure
            .circumstances
            .iter()
            .filter(states)
            .map(|one| {
                let told = case.standing.told.contains(&one.name);
                (one.name.clone(), one.said.clone(), told)
            })
            .collect(),
    })
}
