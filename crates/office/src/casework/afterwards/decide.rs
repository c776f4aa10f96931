//! 处理决定: kept, raised, cut, exit, stopped or to be returned — signed by somebody who did not look into it,
//! with reasons, articles and remedy, after the family was heard or where the rulebook itself leads past the
//! hearing. Payments move with the delivery and never before; what was paid beyond becomes a recovery.

use super::super::capsule::{self, Capsule};
use super::super::decision::{letter_after, not_an_investigator, remedy};
use super::super::receivers::SignedBy;
use super::super::{
    Case, CaseError, Completion, DeliveryWay, Done, Holds, Outcome, Writing, circumstance,
    complete, receivers, recognised, without_numbers,
};
use super::bound::{Footing, footing, within_told};
use super::effect::hold;
use super::exit::{ExitPlan, plan};
use super::late::late;
use super::recognition::goes_on;
use super::weigh::{Weighed, weigh};
use super::{
    AfterKind, AfterPurpose, AfterState, DECIDED, about, effect, handed_over, kind_name,
    supplement, write_off,
};
use crate::access::{Acting, Right};
use crate::disbursement;
use crate::office::Office;
use domain::procedure::{Ground, RELATIVE, Step};
use domain::{CaseNo, Fen, Month};
use store::entitlements::Entitlement;
use store::notices::RuleResult;
use store::reviews::{self, AfterDecision, NewAfter, NewAfterDecision};
use store::{Act, Reads};

/// What a decider says.
#[derive(Clone, Debug)]
pub struct Ruling {
    /// What.
    pub kind: AfterKind,
    /// Another amount than the rules give; of a recovery, how much is to come back.
    pub amount: Option<Fen>,
    /// From which month; none for the month the rulebook leads to. Of a stop, the first month not paid.
    pub from: Option<Month>,
    /// What is added; needed to depart from the rules.
    pub because: String,
    /// Articles beside those the rules give, one each.
    pub articles: Vec<String>,
}

/// What may be decided in the open step.
pub(super) fn kinds(
    case: &Case,
    (after, help): (&NewAfter, &Entitlement),
    decided: &[AfterDecision],
) -> Vec<AfterKind> {
    let Some(step) = case
        .open_step()
        .filter(|step| step.ground == Some(Ground::Adjustment))
    else {
        return Vec::new();
    };
    let exiting = decided
        .iter()
        .any(|one| one.content.kind == AfterKind::Exit && one.state != AfterState::Replaced);
    let mut out = match after.purpose {
        AfterPurpose::Review => Vec::new(),
        AfterPurpose::Change if recognised::is_one(help) => vec![AfterKind::Restored],
        AfterPurpose::Change if help.to.is_some() => {
            vec![AfterKind::Restored, AfterKind::Raised, AfterKind::Cut]
        }
        AfterPurpose::Change => vec![AfterKind::Raised, AfterKind::Cut],
        AfterPurpose::GradualExit if exiting => vec![AfterKind::Stopped],
        AfterPurpose::GradualExit => vec![AfterKind::Exit],
        AfterPurpose::Ending => vec![AfterKind::Stopped],
        AfterPurpose::Recovery => vec![AfterKind::Recover],
    };
    if keeps(case, step).is_some() {
        out.push(AfterKind::Kept);
    }
    out
}

/// The circumstance by which the way of the open step leaves everything as it is.
fn keeps(case: &Case, step: &Step) -> Option<String> {
    let mut names = step.next.iter().flat_map(|next| &next.when.any_of);
    let stated = |name: &&String| {
        let mut known = case.procedure.circumstances.iter();
        known.any(|one| one.name == **name && one.always.is_none())
    };
    names.find(stated).cloned()
}

/// Who looked into it: whoever did the newest step that must be another person's, else the first step.
fn looked_by(case: &Case, step: &Step) -> Option<String> {
    let done = |name: &String| {
        case.standing
            .last_done(name)
            .and_then(|done| done.by.first())
    };
    let named = step.other_than.iter().rev().find_map(done);
    let first = case.standing.done.iter().find_map(|done| done.by.first());
    named.or(first).cloned()
}

/// Signs what is decided; answers the number of the decision, of several parts the first.
///
/// # Errors
/// The step decides nothing or is not this person's, the decider looked into it, nobody was heard, a fact is
/// missing, or something a decision must say is not said.
pub async fn sign(office: &Office, who: &Acting, no: CaseNo, ruling: &Ruling) -> Done<i64> {
    let tx = office.begin().await?;
    let case = super::file::within(office, &tx, who, (Right::DECISION, no)).await?;
    let (after, help) = about(&tx, &case).await?;
    let before = reviews::decisions(&tx, no).await?;
    if let Some(added) = supplement::added(&tx, &case).await? {
        return supplement::sign(office, tx, who, (&case, &added, &before), ruling).await;
    }
    match write_off::owed(&tx, &after, &before).await? {
        Some(owed) => write_off::sign(office, tx, who, &case, (owed, &before), ruling).await,
        None => in_step(office, tx, who, case, (&after, &help, &before), ruling).await,
    }
}

/// Cases of near relatives of staff are all looked into, and what was found is written.
fn looked_into(case: &Case, ruling: &Ruling) -> Done<()> {
    if case.standing.told.contains(RELATIVE) && ruling.because.trim().is_empty() {
        let said = "这一件涉及近亲属,全部抽查;请写明抽查核实的结果";
        return Err(CaseError::Refused(said.to_owned()));
    }
    Ok(())
}

/// Signs in the open step of the case, and does the step.
async fn in_step(
    office: &Office,
    mut tx: Writing,
    who: &Acting,
    mut case: Case,
    (after, help, before): (&NewAfter, &Entitlement, &[AfterDecision]),
    ruling: &Ruling,
) -> Done<i64> {
    let no = case.no();
    // Nobody is judged for good while a rule of the signed version is left out.
    office.may_judge()?;
    super::super::is_own(who, &case)?;
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    if !kinds(&case, (after, help), before).contains(&ruling.kind) {
        let kind = kind_name(ruling.kind);
        let said = format!("现在不能作“{kind}”的决定;请刷新页面,看看办到了哪一步");
        return Err(CaseError::Refused(said));
    }
    not_an_investigator(&tx, who, &case).await?;
    let step = case.open_step().cloned();
    let step = step.ok_or_else(|| refused("没有要办的步骤"))?;
    without_numbers(&ruling.because)?;
    looked_into(&case, ruling)?;
    let weighed = weigh(office, &tx, &case).await?;
    not_beyond(&tx, after, ruling).await?;
    let expiry = is_expiry(ruling, &weighed);
    let footing = footing(office, &tx, &case, (ruling.kind, expiry)).await?;
    let mut told = case.standing.told.clone();
    let keeping = keeps(&case, &step).filter(|_| ruling.kind == AfterKind::Kept);
    told.extend(keeping.clone());
    let said = say(office, &case, &weighed, (ruling, &footing))?;
    before_its_end(&tx, help, (ruling.kind, &said)).await?;
    within_told(&footing, ruling.kind, (&said.parts, said.last))?;
    let remedy = match ruling.kind {
        AfterKind::Kept => String::new(),
        _ => remedy(office, &case, letter_after(&case, &step.name, &told))?,
    };
    let looked_by = looked_by(&case, &step);
    let looked_by = looked_by.ok_or_else(|| refused("还没有人核实过,不能作决定"))?;
    let capsule = match &weighed.judged {
        Ok(judged) => {
            let rules = capsule::keep_rules(office, &mut tx).await?;
            let (facts, found) = (judged.facts.clone(), judged.found.clone());
            Capsule::of(office, &judged.question, rules, facts, found).text()?
        }
        Err(_) => String::new(),
    };
    let at = office.clock.at();
    for earlier in before.iter().filter(|one| one.state == AfterState::Signed) {
        reviews::replace(&mut tx, earlier.no).await?;
    }
    let mut first = None;
    for part in said.parts {
        let new = NewAfterDecision {
            case: no,
            entitlement: weighed.help.id,
            step: step.name.clone(),
            kind: ruling.kind,
            day: office.clock.today().max(case.standing.newest),
            before: weighed.before,
            after: part.1,
            from: part.0,
            last: said.last,
            reasons: said.reasons.join("\n"),
            articles: said.articles.join("\n"),
            remedy: remedy.clone(),
            looked_by: looked_by.clone(),
            heard: footing.heard.clone(),
            decider: who.login().to_owned(),
            capsule: capsule.clone(),
        };
        let decision = reviews::decide(&mut tx, &at, &new).await?;
        first = first.or(Some(decision));
        if let Some(recovery) = after.recovery {
            let what = (recovery, decision);
            disbursement::ruled_on(office, &mut tx, who.login(), what).await?;
        }
        tx.record(
            Act::new(&at, who.login(), "after.decide")
                .on(DECIDED, decision)
                .because(format!(
                    "{}:{}",
                    kind_name(ruling.kind),
                    ruling.because.trim()
                ))
                .under(new.articles.lines().next().unwrap_or_default()),
        );
    }
    let first = first.ok_or_else(|| refused("没有可以决定的内容"))?;
    if let Some(name) = &keeping
        && !case.standing.told.contains(name)
    {
        let why = format!("处理决定 {first}");
        circumstance(office, &mut tx, who, &mut case, (name, Holds::Yes), &why).await?;
    }
    let completion = Completion {
        step: &step.name,
        gave: step.gives.first().map_or("", String::as_str),
        decided: Some(match ruling.kind {
            AfterKind::Kept => Outcome::Refused,
            _ => Outcome::Granted,
        }),
        because: ruling.because.trim(),
        ..Completion::default()
    };
    complete(office, &mut tx, who, &mut case, completion).await?;
    crate::portal::decided(office, &mut tx, &case).await?;
    office.end(tx).await?;
    Ok(first)
}

/// No more is to come back than was found to be paid beyond.
async fn not_beyond(on: &impl Reads, after: &NewAfter, ruling: &Ruling) -> Done<()> {
    let (AfterKind::Recover, Some(id), Some(amount)) = (ruling.kind, after.recovery, ruling.amount)
    else {
        return Ok(());
    };
    let found = store::payments::find_recovery(on, id).await?;
    match found.filter(|found| found.content.amount < amount) {
        None => Ok(()),
        Some(found) => Err(CaseError::Refused(format!(
            "追回 {id} 登记多领 {} 元,不能决定追回 {amount} 元",
            found.content.amount
        ))),
    }
}

/// What a decision says, before it is written.
struct Said {
    /// From which month how much; several of a gradual exit.
    parts: Vec<(Option<Month>, Option<Fen>)>,
    last: Option<Month>,
    reasons: Vec<String>,
    articles: Vec<String>,
}

fn say(
    office: &Office,
    case: &Case,
    weighed: &Weighed,
    (ruling, footing): (&Ruling, &Footing),
) -> Done<Said> {
    let because = ruling.because.trim();
    let refused = |said: String| CaseError::Refused(said);
    let takes = matches!(
        ruling.kind,
        AfterKind::Cut | AfterKind::Stopped | AfterKind::Exit
    );
    let pending = weighed
        .result()
        .is_none_or(|result| result == RuleResult::Pending);
    if takes && pending && footing.past.is_none() && !is_expiry(ruling, weighed) {
        let missing = weighed.missing();
        let said = format!("{missing};没有查清以前,不能{}", kind_name(ruling.kind));
        return Err(refused(said));
    }
    let from = ruling.from.unwrap_or(weighed.from);
    let this = Month::containing(office.clock.today().max(case.standing.newest));
    let ruled = weighed.ruled();
    let mut last = None;
    let (parts, departs) = match ruling.kind {
        AfterKind::Kept => (vec![(None, Some(weighed.before))], false),
        AfterKind::Restored if recognised::is_one(&weighed.help) => {
            not_back(ruling.kind, weighed, (from, this))?;
            (
                vec![(Some(from), Some(Fen::ZERO))],
                goes_on(weighed, pending)?,
            )
        }
        AfterKind::Raised | AfterKind::Restored | AfterKind::Cut => {
            let amount = ruling.amount.or(ruled);
            let amount = amount.ok_or_else(|| {
                refused("规则没有给出金额;与规则不同的,请填月金额(元)和理由".to_owned())
            })?;
            let fits = match ruling.kind {
                AfterKind::Raised => amount > weighed.before,
                // In the months of a gradual exit it may have been the whole amount all along.
                AfterKind::Restored => amount >= weighed.before && amount.get() > 0,
                _ => amount < weighed.before && amount.get() > 0,
            };
            if !fits {
                let said = format!(
                    "原来每月 {} 元,{amount} 元不是{}",
                    weighed.before,
                    kind_name(ruling.kind)
                );
                return Err(refused(said));
            }
            if ruling.kind == AfterKind::Cut && from <= this {
                let said = format!("减发从下个月起,不能从 {from} 起;以前多领的另办追回");
                return Err(refused(said));
            }
            not_back(ruling.kind, weighed, (from, this))?;
            (vec![(Some(from), Some(amount))], Some(amount) != ruled)
        }
        AfterKind::Exit => {
            if from <= this {
                let said = format!("渐退从下个月起,不能从 {from} 起");
                return Err(refused(said));
            }
            let exit = plan(office, &weighed.help.area, weighed.before, from)?;
            let ExitPlan { parts, last: to } = exit.until(weighed.ends);
            last = Some(to);
            let parts = parts
                .into_iter()
                .map(|part| (Some(part.from), Some(part.amount)));
            (parts.collect(), ruled.is_some())
        }
        AfterKind::Stopped => {
            // The month after a death the record knows of.
            let died = footing.past.as_ref().and_then(|(_, month)| *month);
            let exits = weighed.after.purpose == AfterPurpose::GradualExit;
            let from = stops_from(weighed, (ruling.from, from), died);
            if exits && !is_expiry(ruling, weighed) {
                let said = "渐退只能期满停发;要提前停发的,请另立停发办件,听取意见以后再决定";
                return Err(refused(said.to_owned()));
            }
            if from <= this && because.is_empty() && weighed.ends.is_none() && died.is_none() {
                return Err(refused(format!(
                    "从已经过去的 {from} 起停发,请写明从哪天起不符合"
                )));
            }
            let eligible = weighed.result() == Some(RuleResult::Eligible);
            (vec![(Some(from), None)], eligible)
        }
        AfterKind::Recover => {
            let amount = ruling.amount.filter(|fen| fen.get() > 0);
            let amount = amount.ok_or_else(|| refused("请填要追回多少元".to_owned()))?;
            (vec![(None, Some(amount))], false)
        }
    };
    if departs && because.is_empty() {
        return Err(refused("与规则的结果不同的决定,请写明理由".to_owned()));
    }
    let (reasons, articles) = grounds(case, weighed, (ruling, from, last, footing))?;
    Ok(Said {
        parts,
        last,
        reasons,
        articles,
    })
}

/// The first month no longer given: as the decider says; as a death says; where it ends by itself by then, as that says.
fn stops_from(
    weighed: &Weighed,
    (said, from): (Option<Month>, Month),
    died: Option<Month>,
) -> Month {
    let exits = weighed.after.purpose == AfterPurpose::GradualExit;
    match (said, weighed.ends) {
        (Some(_), _) => from,
        (None, Some(to)) if exits || to < from => died.map_or(to, |month| month.min(to)),
        (None, _) => died.unwrap_or(from),
    }
}

/// Refuses to give more for months gone by; what has ended may go on from where it ended.
fn not_back(kind: AfterKind, weighed: &Weighed, (from, this): (Month, Month)) -> Done<()> {
    let ended = weighed.ends.is_some_and(|to| to <= from);
    let said = match kind {
        AfterKind::Raised if from < this => {
            format!("增发不能从已经过去的 {from} 起;从本月或者以后的月份起")
        }
        AfterKind::Restored if from < this && !ended => {
            format!("{from} 已经过去,那个月还在发;从本月或者停发的月份起恢复")
        }
        _ => return Ok(()),
    };
    Err(CaseError::Refused(said))
}

/// Refuses to give more or again what is over by then as it was decided: whoever still needs it applies.
async fn before_its_end(
    on: &impl Reads,
    help: &Entitlement,
    (kind, said): (AfterKind, &Said),
) -> Done<()> {
    let gives = matches!(kind, AfterKind::Raised | AfterKind::Restored);
    if !gives || recognised::is_one(help) {
        return Ok(());
    }
    let ends = effect::ends(on, help, kind).await?;
    let from = said.parts.first().and_then(|(from, _)| *from);
    match ends.zip(from).filter(|(ends, from)| ends <= from) {
        None => Ok(()),
        Some((ends, from)) => Err(CaseError::Refused(format!(
            "这项待遇按决定发到 {},不能从 {from} 起{};以后还要的,请重新申请",
            ends.prev(),
            kind_name(kind)
        ))),
    }
}

/// Every reason and article of a decision: what the rules say, what follows of the months, what the decider adds.
fn grounds(
    case: &Case,
    weighed: &Weighed,
    (ruling, from, last, footing): (&Ruling, Month, Option<Month>, &Footing),
) -> Done<(Vec<String>, Vec<String>)> {
    let because = ruling.because.trim();
    let mut reasons = Vec::new();
    let mut articles: Vec<String> = Vec::new();
    if let Ok(judged) = &weighed.judged {
        reasons.extend(judged.found.failing().map(|one| match one.reason.as_str() {
            "" => one.name.clone(),
            reason => reason.to_owned(),
        }));
        articles.extend(judged.found.articles());
    }
    if let Some(to) = last {
        reasons.push(format!("渐退期从 {from} 到 {to},期满自动停发"));
    }
    if !because.is_empty() {
        reasons.push(because.to_owned());
    }
    if is_expiry(ruling, weighed) {
        reasons.push("渐退期满".to_owned());
    }
    if let Some((name, _)) = &footing.past {
        reasons.push(name.clone());
    }
    let own = ruling.articles.iter().map(|one| one.trim().to_owned());
    articles.extend(own.filter(|one| !one.is_empty()));
    if articles.is_empty() {
        articles.clone_from(&case.procedure.cites);
    }
    articles.dedup();
    if reasons.is_empty() && ruling.kind == AfterKind::Kept {
        reasons.push("查明没有变化".to_owned());
    }
    let gives = matches!(ruling.kind, AfterKind::Raised | AfterKind::Restored);
    if reasons.is_empty() && !gives {
        return Err(CaseError::Refused(format!(
            "{}要写明全部理由",
            kind_name(ruling.kind)
        )));
    }
    Ok((reasons, articles))
}

/// A stop of help in the very month it ends by anyway is only written down.
fn is_expiry(ruling: &Ruling, weighed: &Weighed) -> bool {
    ruling.kind == AfterKind::Stopped
        && weighed.after.purpose == AfterPurpose::GradualExit
        && weighed.ends.is_some()
        && (ruling.from.is_none() || ruling.from == weighed.ends)
}

/// 送达: hands the newest decision over, lets it take effect on payments in the same write, and does the step.
///
/// # Errors
/// Nothing is signed, the open step hands nothing over or is not this person's, or the record.
pub async fn deliver(
    office: &Office,
    who: &Acting,
    no: CaseNo,
    (way, to): (DeliveryWay, SignedBy<'_>),
) -> Done<Option<i64>> {
    let mut tx = office.begin().await?;
    let mut case = super::file::within(office, &tx, who, (Right::CASE_HANDLE, no)).await?;
    let receiver = receivers::named(office, &tx, (who, &case), (way, to)).await?;
    let all = reviews::decisions(&tx, no).await?;
    let (after, _) = about(&tx, &case).await?;
    if let (Some(signed), Some(recovery)) = (write_off::signed(&all), after.recovery) {
        let what = (&case, signed, recovery);
        return write_off::deliver(office, tx, who, what, (way, &receiver)).await;
    }
    if let (Some(signed), Some(recovery)) = (supplement::signed(&all), after.recovery) {
        let what = (&case, signed, recovery);
        return supplement::deliver(office, tx, who, what, (way, &receiver)).await;
    }
    super::super::is_own(who, &case)?;
    let recovery = hand_over(office, &mut tx, who, &mut case, (way, &receiver)).await?;
    office.end(tx).await?;
    Ok(recovery)
}

/// The same once it is known that whoever hands it over may, and who signed for it; answers the recovery it opened.
pub(in super::super) async fn hand_over(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    case: &mut Case,
    (way, receiver): (DeliveryWay, &str),
) -> Done<Option<i64>> {
    let no = case.no();
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    let all = reviews::decisions(tx, no).await?;
    let (after, help) = about(tx, case).await?;
    let step = case
        .open_step()
        .filter(|step| step.ground == Some(Ground::Delivery));
    let step = step.cloned();
    let step = step.ok_or_else(|| refused("现在没有决定要送达"))?;
    let signed: Vec<&AfterDecision> = all
        .iter()
        .filter(|one| one.state == AfterState::Signed)
        .collect();
    if signed.is_empty() {
        return Err(refused("还没有签署的决定,不能送达"));
    }
    let late = late(office, &signed);
    let mut recovery = None;
    for decision in signed {
        let of = (&after, &help, decision);
        let (from, opened) = hold(office, tx, who.login(), of, late).await?;
        recovery = recovery.or(opened);
        let about = (no, decision, (from, opened));
        handed_over(office, tx, who, about, (way, receiver)).await?;
    }
    let letter = step
        .gives
        .iter()
        .find(|g| case.procedure.document(g).is_some());
    let completion = Completion {
        step: &step.name,
        gave: letter.map_or("", String::as_str),
        ..Completion::default()
    };
    super::super::finish(office, tx, who, case, completion).await?;
    Ok(recovery)
}
