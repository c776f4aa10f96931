//! 补充追回: what was added to a recovery after the county decided on it. It stands beside the case, in whichever
//! step that waits, and goes the way of the first decision: the family is told what was added and heard, another
//! official than whoever looked into it signs, and nothing of it is taken before it is handed over. Only the added
//! part is decided; the first decision stays as it is.

use super::super::decision::{not_another_step, remedy};
use super::super::{Case, CaseError, DeliveryWay, Done, Writing, without_numbers};
use super::hearing::{Heard, Told, tells, time_to_answer, until, what_was_said};
use super::write_off::{is_for, not_theirs};
use super::{AfterKind, AfterState, DECIDED, Ruling, handed_over, letters, open};
use crate::access::Acting;
use crate::disbursement;
use crate::office::Office;
use domain::Fen;
use domain::procedure::{Ground, Step};
use store::entitlements::Cause;
use store::hearings::{self, Hearing, HearingNotice, NewHearingNotice};
use store::reviews::{self, AfterDecision, NewAfterDecision};
use store::{Act, Reads};

/// What a decision on what was added is called.
pub(super) const NAME: &str = "补充追回";

/// What was added to a decided recovery, and how far it has come.
pub(super) struct Added {
    /// Which recovery.
    pub recovery: i64,
    /// How much was added that nobody decided on.
    pub amount: Fen,
    /// What the family was told of it, where all of it was.
    pub told: Option<HearingNotice>,
    /// What the family said to that.
    pub heard: Option<Hearing>,
    /// Whether it is signed and waits to be handed over.
    pub signed: bool,
}

/// The signed decision that waits to be handed over.
pub(super) fn signed(decided: &[AfterDecision]) -> Option<&AfterDecision> {
    let newest = decided.last()?;
    (newest.state == AfterState::Signed && newest.content.step == NAME).then_some(newest)
}

/// What was added to the recovery of a case since it was decided; none where nothing was.
pub(super) async fn added(on: &impl Reads, case: &Case) -> Done<Option<Added>> {
    let after = reviews::of_case(on, case.no()).await?;
    let Some(recovery) = after.and_then(|after| after.recovery) else {
        return Ok(None);
    };
    let amount = disbursement::undecided(on, recovery).await?;
    if amount == Fen::ZERO {
        return Ok(None);
    }
    let decided = reviews::decisions(on, case.no()).await?;
    let heard = hearings::hearings(on, case.no()).await?;
    // A notice that a decision in force rests on, or that came before it, is used up.
    let used = |notice: &HearingNotice| {
        let mut effective = decided
            .iter()
            .filter(|one| one.state == AfterState::Effective);
        effective.any(|one| {
            let hearing = one.content.heard.as_ref().ok();
            let hearing = heard.iter().find(|known| Some(&known.no) == hearing);
            notice.at < one.at || hearing.is_some_and(|one| one.content.notice.0 >= notice.no)
        })
    };
    let told = hearings::notices(on, case.no()).await?.pop();
    let told = told.filter(|one| {
        // More was added since: that is told anew.
        let whole = one.content.amount.is_some_and(|told| told >= amount);
        whole && !used(one)
    });
    let of_it = |one: &Hearing| Some(one.content.notice.0) == told.as_ref().map(|told| told.no);
    let heard = heard.into_iter().rev().find(of_it);
    Ok(Some(Added {
        recovery,
        amount,
        told,
        heard,
        signed: signed(&decided).is_some(),
    }))
}

/// The steps of a case that tell a family before it is heard.
fn telling(case: &Case) -> Option<&Step> {
    case.procedure.steps.iter().find(|step| tells(case, step))
}

/// Whether somebody may tell the family now.
pub(super) fn may_tell(who: &Acting, case: &Case, added: &Added) -> bool {
    let area = &case.standing.area;
    let own = |step: &Step| step.who.iter().any(|role| who.holds_role(role, area));
    added.told.is_none() && !added.signed && telling(case).is_some_and(own)
}

/// Whether somebody may write down now what the family said.
pub(super) fn may_hear(who: &Acting, case: &Case, added: &Added) -> bool {
    let open = added.told.is_some() && added.heard.is_none() && !added.signed;
    open && is_for(who, case, Ground::Hearing)
}

/// What somebody may sign now.
pub(super) fn kinds(who: &Acting, case: &Case, added: &Added) -> Vec<AfterKind> {
    if added.signed || !is_for(who, case, Ground::Adjustment) {
        return Vec::new();
    }
    match (&added.told, &added.heard) {
        (_, Some(_)) => vec![AfterKind::Recover, AfterKind::Kept],
        // What turns out not to have been paid beyond needs no hearing.
        (None, None) => vec![AfterKind::Kept],
        (Some(_), None) => Vec::new(),
    }
}

/// What a kind is called here.
pub(super) fn kind_name(kind: AfterKind) -> &'static str {
    match kind {
        AfterKind::Kept => "新增的不追回",
        _ => NAME,
    }
}

/// 告知: what was added, why, and until when the family may answer.
///
/// # Errors
/// Not this person's, it was told already, or the place says no time to answer.
pub(super) async fn tell(
    office: &Office,
    mut tx: Writing,
    who: &Acting,
    (case, added): (&Case, &Added),
    told: &Told,
) -> Done<i64> {
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    let none = || refused("流程没有告知和听取意见的步骤;请管理规则的人补上");
    let step = telling(case).ok_or_else(none)?;
    if added.told.is_some() || added.signed {
        return Err(refused(
            "后来又多发的已经告知本人;请刷新页面,看看办到了哪一步",
        ));
    }
    if !may_tell(who, case, added) {
        return Err(not_theirs(case, NAME, Ground::Hearing));
    }
    let length = time_to_answer(case, step).ok_or_else(none)?;
    let today = office.clock.today().max(case.standing.newest);
    let mut plan = vec![format!("拟追回决定以后又多发的 {} 元", added.amount)];
    let words = told.words.trim();
    plan.extend((!words.is_empty()).then(|| words.to_owned()));
    let at = office.clock.at();
    let new = NewHearingNotice {
        case: case.no(),
        told: today,
        until: until(office, length, today)?,
        way: told.way,
        plan: plan.join("\n"),
        from: None,
        last: None,
        amount: Some(added.amount),
        articles: case.procedure.cites.join("\n"),
        by: who.login().to_owned(),
    };
    let notice = hearings::tell(&mut tx, &at, &new).await?;
    tx.record(
        Act::new(&at, who.login(), "hearing.tell")
            .on("hearing-notice", notice)
            .because(format!("{NAME}:{} 元", added.amount))
            .under(format!("case:{}", case.no())),
    );
    office.end(tx).await?;
    Ok(notice)
}

/// 听取: what the family said to it.
///
/// # Errors
/// Not this person's, nobody was told, or as in the step that hears.
pub(super) async fn hear(
    office: &Office,
    mut tx: Writing,
    who: &Acting,
    (case, added): (&Case, &Added),
    heard: &Heard,
) -> Done<i64> {
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    let notice = added.told.as_ref();
    let none = || refused("后来又多发的还没有告知本人,不能听取意见;请先告知");
    let notice = notice.ok_or_else(none)?;
    if added.heard.is_some() || added.signed {
        return Err(refused(
            "后来又多发的已经听取过意见;请刷新页面,看看办到了哪一步",
        ));
    }
    if !is_for(who, case, Ground::Hearing) {
        return Err(not_theirs(case, NAME, Ground::Hearing));
    }
    let at = office.clock.at();
    let new = what_was_said(office, &tx, who, (case, NAME), (notice, heard)).await?;
    let hearing = hearings::hear(&mut tx, &at, &new).await?;
    tx.record(
        Act::new(&at, who.login(), "hearing.hear")
            .on("hearing", hearing)
            .because(heard.answer.word())
            .under(format!("hearing-notice:{}", notice.no)),
    );
    office.end(tx).await?;
    Ok(hearing)
}

/// Whoever signs neither told the family of what was added nor heard it; answers the decision it adds to, and who
/// looked into it.
async fn looked_into<'d>(
    on: &impl Reads,
    who: &Acting,
    case: &Case,
    (added, decided): (&Added, &'d [AfterDecision]),
) -> Done<(&'d AfterDecision, String)> {
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    let mut steps = case.procedure.steps.iter();
    let deciding = steps.find(|step| step.ground == Some(Ground::Adjustment));
    let deciding = deciding.map_or(&[][..], |step| &step.who);
    not_another_step(on, who, (case, deciding)).await?;
    let first = decided
        .iter()
        .rev()
        .find(|one| one.state == AfterState::Effective);
    let first = first.ok_or_else(|| refused("还没有送达的追回决定,不能补充"))?;
    let looked_by = match &added.told {
        Some(told) => told.content.by.clone(),
        None => first.content.looked_by.clone(),
    };
    let heard_by = added.heard.as_ref();
    let heard = |one: &Hearing| one.content.by == who.login() || one.content.with == who.login();
    if looked_by == who.login() || heard_by.is_some_and(heard) {
        return Err(refused("补充追回由告知和听取意见以外的人签署;请换一位同事"));
    }
    Ok((first, looked_by))
}

/// Refuses whoever told the family of what was added, or heard it.
pub(super) async fn not_looked_into(
    on: &impl Reads,
    who: &Acting,
    case: &Case,
    what: (&Added, &[AfterDecision]),
) -> Done<()> {
    looked_into(on, who, case, what).await.map(|_| ())
}

/// Signs how much of what was added is asked back; answers its number.
///
/// # Errors
/// Not this person's, who looked into it signs, nobody was heard, no reason, or more than was added.
pub(super) async fn sign(
    office: &Office,
    mut tx: Writing,
    who: &Acting,
    (case, added, decided): (&Case, &Added, &[AfterDecision]),
    ruling: &Ruling,
) -> Done<i64> {
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    if !is_for(who, case, Ground::Adjustment) {
        return Err(not_theirs(case, NAME, Ground::Adjustment));
    }
    if !kinds(who, case, added).contains(&ruling.kind) {
        let said = match (added.signed, &added.told, &added.heard) {
            (true, _, _) => "补充追回已经签署,还没有送达;请先送达".to_owned(),
            (false, None, _) => format!(
                "决定以后又多发的 {} 元还没有告知本人,不能决定追回,也不能核销;请先告知、听取意见",
                added.amount
            ),
            (false, Some(_), None) => "已经告知本人,还没有听取意见;听取以后再决定".to_owned(),
            (false, Some(_), Some(_)) => "现在只能决定新增的追回多少、还是不追回".to_owned(),
        };
        return Err(CaseError::Refused(said));
    }
    let (first, looked_by) = looked_into(&tx, who, case, (added, decided)).await?;
    let because = ruling.because.trim();
    if because.is_empty() {
        return Err(refused("请写明新增的为什么追回或者不追回,依据哪条记录"));
    }
    without_numbers(because)?;
    let amount = match ruling.kind {
        AfterKind::Kept => Fen::ZERO,
        _ => ruling.amount.unwrap_or(added.amount),
    };
    if amount > added.amount || (amount <= Fen::ZERO && ruling.kind != AfterKind::Kept) {
        return Err(CaseError::Refused(format!(
            "决定以后又多发 {} 元,不能决定补充追回 {amount} 元",
            added.amount
        )));
    }
    let own = ruling.articles.iter().map(|one| one.trim().to_owned());
    let mut articles: Vec<String> = own.filter(|one| !one.is_empty()).collect();
    if articles.is_empty() {
        articles.push(first.content.articles.clone());
    }
    let new = NewAfterDecision {
        step: NAME.to_owned(),
        kind: ruling.kind,
        day: office.clock.today().max(case.standing.newest),
        after: Some(amount),
        reasons: because.to_owned(),
        articles: articles.join("\n"),
        remedy: match ruling.kind {
            AfterKind::Kept => String::new(),
            _ => remedy(office, case, letters::beside(case, letters::ADDED))?,
        },
        looked_by,
        heard: match &added.heard {
            Some(heard) => Ok(heard.no),
            None => Err("新增的不追回,不用听取意见".to_owned()),
        },
        decider: who.login().to_owned(),
        capsule: String::new(),
        ..first.content.clone()
    };
    let at = office.clock.at();
    let no = reviews::decide(&mut tx, &at, &new).await?;
    disbursement::ruled_on(office, &mut tx, who.login(), (added.recovery, no)).await?;
    tx.record(
        Act::new(&at, who.login(), "after.decide")
            .on(DECIDED, no)
            .because(format!("{}:{because}", kind_name(ruling.kind)))
            .under(new.articles.lines().next().unwrap_or_default()),
    );
    office.end(tx).await?;
    Ok(no)
}

/// Hands it over: from now on the added part may come back.
///
/// # Errors
/// Not this person's, or less is left of it than was decided.
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
    let cause = Cause::new(DECIDED, decision.no);
    let amount = decision.content.after.unwrap_or(Fen::ZERO);
    let by = who.login();
    let with = (recovery, amount);
    let ends = disbursement::decided(office, &mut tx, by, with, (decision.no, &cause)).await?;
    let about = (case.no(), decision, (None, Some(recovery)));
    handed_over(office, &mut tx, who, about, (way, receiver)).await?;
    if ends {
        let because = format!("{NAME}决定 {} 已经送达,没有再要退的", decision.no);
        open::settled(office, &mut tx, who, recovery, &because).await?;
    }
    office.end(tx).await?;
    Ok(Some(recovery))
}
