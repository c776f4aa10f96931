//! 核销: what a delivered 追回 asks and the family cannot give back is given up, by a decision of its own: signed by
//! another official of the county than the one who decided and the one who looked into it, with its reason, and
//! handed over. It stands beside the case, in whichever step that waits, also where it has made room for another.

use super::super::decision::not_an_investigator;
use super::super::{Case, CaseError, DeliveryWay, Done, Writing, without_numbers};
use super::{AfterKind, AfterState, DECIDED, Ruling, handed_over, open};
use crate::access::Acting;
use crate::disbursement;
use crate::office::Office;
use domain::Fen;
use domain::procedure::Ground;
use store::entitlements::Cause;
use store::reviews::{self, AfterDecision, NewAfter, NewAfterDecision};
use store::{Act, Reads};

/// What a decision to write off is called.
pub(crate) const NAME: &str = "核销";

/// What is still owed on a recovery that a delivered decision asks back.
pub(super) struct Owed {
    /// What came back.
    back: Fen,
    /// What did not.
    pub rest: Fen,
}

/// What could be written off; none before the decision was handed over and once nothing is owed.
pub(super) async fn owed(
    on: &impl Reads,
    after: &NewAfter,
    decided: &[AfterDecision],
) -> Done<Option<Owed>> {
    let Some(recovery) = after.recovery else {
        return Ok(None);
    };
    if !decided.iter().any(asks) {
        return Ok(None);
    }
    let owed = disbursement::owed(on, recovery).await?;
    Ok(owed.map(|(back, rest)| Owed { back, rest }))
}

/// A delivered decision that asks back.
fn asks(one: &AfterDecision) -> bool {
    one.content.kind == AfterKind::Recover
        && one.state == AfterState::Effective
        && one.content.step != NAME
}

/// The signed decision that waits to be handed over.
pub(super) fn signed(decided: &[AfterDecision]) -> Option<&AfterDecision> {
    let newest = decided.last()?;
    (newest.state == AfterState::Signed && newest.content.step == NAME).then_some(newest)
}

/// Whether somebody has the role of the steps of a kind.
pub(super) fn is_for(who: &Acting, case: &Case, ground: Ground) -> bool {
    let mut steps = case.procedure.steps.iter();
    steps.any(|step| {
        let mut roles = step.who.iter();
        step.ground == Some(ground) && roles.any(|role| who.holds_role(role, &case.standing.area))
    })
}

/// What somebody is told to whom a decision beside the steps does not belong.
pub(super) fn not_theirs(case: &Case, name: &str, ground: Ground) -> CaseError {
    let steps = case.procedure.steps.iter();
    let roles = steps
        .filter(|step| step.ground == Some(ground))
        .flat_map(|step| step.who.clone());
    CaseError::Forbidden(format!(
        "{name}由{}办",
        roles.collect::<Vec<_>>().join("、")
    ))
}

/// Refuses whoever looked into what is owed or decided on it.
pub(super) async fn not_decided_before(
    on: &impl Reads,
    who: &Acting,
    case: &Case,
    decided: &[AfterDecision],
) -> Done<()> {
    not_an_investigator(on, who, case).await?;
    let mut asked = decided.iter().filter(|one| asks(one));
    if asked.any(|one| one.content.decider == who.login() || one.content.looked_by == who.login()) {
        let said = "核销由核实和作追回决定以外的人签署;请换一位同事";
        return Err(CaseError::Refused(said.to_owned()));
    }
    Ok(())
}

/// Signs it; answers its number.
///
/// # Errors
/// Not this person's, who decided or looked into it signs, no reason, or another decision is wanted.
pub(super) async fn sign(
    office: &Office,
    mut tx: Writing,
    who: &Acting,
    case: &Case,
    (owed, decided): (Owed, &[AfterDecision]),
    ruling: &Ruling,
) -> Done<i64> {
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    if !is_for(who, case, Ground::Adjustment) {
        return Err(not_theirs(case, NAME, Ground::Adjustment));
    }
    let first = decided.iter().find(|one| asks(one));
    let first = first.filter(|_| ruling.kind == AfterKind::Recover);
    let first = first.ok_or_else(|| refused("追回决定已经送达,现在只能核销其余的"))?;
    not_decided_before(&tx, who, case, decided).await?;
    let because = ruling.because.trim();
    if because.is_empty() {
        return Err(refused("请写明为什么其余的不再追回,依据哪份批准文件"));
    }
    without_numbers(because)?;
    for earlier in decided.iter().filter(|one| one.state == AfterState::Signed) {
        reviews::replace(&mut tx, earlier.no).await?;
    }
    let own = ruling.articles.iter().map(|one| one.trim().to_owned());
    let mut articles: Vec<String> = own.filter(|one| !one.is_empty()).collect();
    if articles.is_empty() {
        articles.push(first.content.articles.clone());
    }
    let new = NewAfterDecision {
        step: NAME.to_owned(),
        day: office.clock.today().max(case.standing.newest),
        after: Some(owed.back),
        reasons: format!("{NAME}其余 {} 元\n{because}", owed.rest),
        articles: articles.join("\n"),
        decider: who.login().to_owned(),
        capsule: String::new(),
        ..first.content.clone()
    };
    let at = office.clock.at();
    let no = reviews::decide(&mut tx, &at, &new).await?;
    tx.record(
        Act::new(&at, who.login(), "after.decide")
            .on(DECIDED, no)
            .because(format!("{NAME}:{because}"))
            .under(new.articles.lines().next().unwrap_or_default()),
    );
    office.end(tx).await?;
    Ok(no)
}

/// Hands it over: the recovery ends in the same write, and its case with it.
///
/// # Errors
/// Not this person's, or all came back meanwhile.
pub(super) async fn deliver(
    office: &Office,
    mut tx: Writing,
    who: &Acting,
    (case, decision, recovery): (&Case, &AfterDecision, i64),
    (way, receiver): (DeliveryWay, &str),
) -> Done<Option<i64>> {
    if !is_for(who, case, Ground::Delivery) {
        return Err(not_theirs(case, NAME, Ground::Delivery));
    }
    // What came back since it was signed is not given up as well.
    if let Some((back, _)) = disbursement::owed(&tx, recovery).await?
        && Some(back) != decision.content.after
    {
        let said = "签署核销以后又退回了钱,其余的数变了;请重新签署核销";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let cause = Cause::new(DECIDED, decision.no);
    disbursement::written_off(office, &mut tx, who.login(), recovery, &cause).await?;
    let about = (case.no(), decision, (None, Some(recovery)));
    handed_over(office, &mut tx, who, about, (way, receiver)).await?;
    let because = format!("{NAME}决定 {} 已经送达", decision.no);
    open::settled(office, &mut tx, who, recovery, &because).await?;
    office.end(tx).await?;
    Ok(Some(recovery))
}
