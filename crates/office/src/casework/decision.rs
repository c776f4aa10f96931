//! 决定: the facts left, the rules' answer right, and a person who signs or departs with a reason. Decision,
//! entitlement, sealed grounds and the step of the case are one write: all of it or nothing.
//!
//! What is not known can neither grant nor refuse. Nobody decides on what they investigated, under whatever
//! account or role.

use super::capsule::{self, Capsule, Found};
use super::fields::{self, Office as OfficeWords};
use super::opinion::{Judged, look_into};
use super::receivers::{self, SignedBy};
use super::{
    Case, CaseError, Completion, Done, Holds, Outcome, Writing, circumstance, complete, finish,
    guard, load_with, parts, paying, recognised, sample, without_numbers,
};
use crate::access::{Acting, Right};
use crate::disbursement::PayError;
use crate::office::Office;
use domain::procedure::Document;
use domain::{CaseNo, Fen};
use std::collections::BTreeSet;
use store::decisions::{
    self, DecidedAs, Decision, Delivery, DeliveryWay, NewDecision, Publication,
};
use store::entitlements::Cause;
use store::notices::{self, RuleResult};
use store::{Act, Reads};

/// The beginning of the circumstance a refusal is told as.
const REFUSED: &str = "不予";
/// The field that only the part of a letter about remedies names.
pub(super) const REMEDY: &str = "{{复议机关}}";

/// A decision in a word.
pub(crate) const fn decided_word(outcome: DecidedAs) -> &'static str {
    match outcome {
        DecidedAs::Granted => "同意",
        DecidedAs::Refused => "不予确认",
    }
}

/// What a decider says.
#[derive(Clone, Debug)]
pub struct Signing {
    /// Grant or refuse.
    pub outcome: DecidedAs,
    /// What is added; needed to depart from the rules, and where the check of the case found it otherwise.
    pub because: String,
    /// Another amount than the rules give.
    pub amount: Option<Fen>,
    /// The articles of a refusal the rules do not give.
    pub articles: Vec<String>,
}

impl From<PayError> for CaseError {
    fn from(error: PayError) -> Self {
        crate::views::ViewError::from(error).into()
    }
}

/// Signs the decision of a case; answers its number.
///
/// # Errors
/// The step is not open or not this person's, the notice has not run, an objection is open, a fact is missing,
/// the decider investigated, or something a decision must say is not said.
pub async fn sign(office: &Office, who: &Acting, no: CaseNo, signing: &Signing) -> Done<i64> {
    let case = load_with(office, who, Right::DECISION, no).await?;
    must_be_open(&case)?;
    office.may_judge()?;
    let judged = look_into(office, &case).await?;
    let mut tx = office.begin().await?;
    // Read again inside the write: what was judged is what is decided on.
    let mut case = super::read(office, &tx, no)
        .await?
        .filter(|now| now.row.last_seq == case.row.last_seq)
        .ok_or_else(|| CaseError::Refused("这一件刚有变化,请刷新后再签".to_owned()))?;
    let decision = decide(office, &mut tx, who, &mut case, (judged, signing)).await?;
    office.end(tx).await?;
    Ok(decision)
}

fn must_be_open(case: &Case) -> Done<()> {
    let step = case.open_step();
    match step.is_some_and(guard::is_decision) {
        true => Ok(()),
        false => {
            let said = "现在不到作决定这一步;请刷新页面,看看办到了哪一步";
            Err(CaseError::Refused(said.to_owned()))
        }
    }
}

/// The same inside a write of the office.
pub(crate) async fn decide(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    case: &mut Case,
    (judged, signing): (Judged, &Signing),
) -> Done<i64> {
    must_be_open(case)?;
    super::is_own(who, case)?;
    not_an_investigator(tx, who, case).await?;
    let today = office.clock.today().max(case.standing.newest);
    let notice = guard::heard(tx, case, today).await?;
    let all = notices::opinions(tx, case.no()).await?;
    let opinion = all
        .last()
        .ok_or_else(|| CaseError::Refused("还没有初审意见,不能作决定".to_owned()))?;
    super::first_help::not_a_finder(office, tx, who, case).await?;
    let because = signing.because.trim();
    without_numbers(because)?;
    let asked = sample::before(tx, case, because).await?;
    let weighed = weigh(case, &judged.found, signing)?;
    let step = case.open_step().cloned();
    let step = step.ok_or_else(|| CaseError::Refused("没有要办的步骤".to_owned()))?;
    let refusal = refusal_of(case);
    let mut told = case.standing.told.clone();
    if signing.outcome == DecidedAs::Refused {
        told.extend(refusal.clone());
    }
    let document = letter_after(case, &step.name, &told);
    let remedy = remedy(office, case, document)?;
    let granted = signing.outcome == DecidedAs::Granted;
    let plan = paying::plan(office, tx, case, &judged, (granted, weighed.amount)).await?;
    let from = plan.from();
    let rules = capsule::keep_rules(office, tx).await?;
    let monthly = judged.found.monthly;
    let capsule = Capsule::of(office, &judged.question, rules, judged.facts, judged.found);
    let new = NewDecision {
        case: case.no(),
        programme: case.row.content.programme.clone(),
        day: today,
        outcome: signing.outcome,
        result: capsule.found.result(),
        departs: weighed.departs,
        amount: weighed.amount,
        from,
        reasons: [weighed.reasons, plan.says()].concat().join("\n"),
        articles: weighed.articles.join("\n"),
        remedy,
        because: because.to_owned(),
        opinion: (opinion.no, opinion.content.by.clone()),
        notice,
        decider: who.login().to_owned(),
        capsule: capsule.text()?,
    };
    let at = office.clock.at();
    for earlier in decisions::of_case(tx, case.no()).await? {
        if earlier.state == decisions::DecisionState::Effective {
            decisions::replace(tx, earlier.no).await?;
        }
    }
    let no = decisions::decide(tx, &at, &new).await?;
    sample::keep(tx, case, no, &asked).await?;
    let outcome = match signing.outcome {
        DecidedAs::Granted => Outcome::Granted,
        DecidedAs::Refused => Outcome::Refused,
    };
    tx.record(
        Act::new(&at, who.login(), "case.decide")
            .on("decision", no)
            .because(format!("{}:{because}", outcome.name()))
            .under(new.articles.lines().next().unwrap_or_default()),
    );
    match (new.amount, from) {
        (Some(amount), _) => {
            paying::pay(office, tx, who, case, (no, amount, &plan, monthly)).await?;
            let cause = Cause::new("decision", no);
            parts::keep(office, tx, &capsule, (amount, &cause)).await?;
        }
        // 认定: nothing is paid, and what was recognised can be reviewed and ended.
        (None, Some(from)) if granted => {
            recognised::keep(office, tx, who, case, (no, from)).await?;
        }
        (None, _) => {}
    }
    if signing.outcome == DecidedAs::Refused
        && let Some(refusal) = refusal
        && !case.standing.told.contains(&refusal)
    {
        let why = format!("决定 {no}");
        circumstance(office, tx, who, case, (&refusal, Holds::Yes), &why).await?;
    }
    let completion = Completion {
        step: &step.name,
        gave: step.gives.first().map_or("", String::as_str),
        decided: Some(outcome),
        because,
        ..Completion::default()
    };
    complete(office, tx, who, case, completion).await?;
    crate::portal::decided(office, tx, case).await?;
    Ok(no)
}

/// Whoever took part in the investigation does not decide, whatever role or account they hold by now.
pub(super) async fn not_an_investigator(on: &impl Reads, who: &Acting, case: &Case) -> Done<()> {
    let deciding = case.open_step().map_or(&[][..], |step| &step.who);
    not_another_step(on, who, (case, deciding)).await
}

/// Refuses whoever did a step of a case that is not of the roles that decide.
pub(super) async fn not_another_step(
    on: &impl Reads,
    who: &Acting,
    (case, deciding): (&Case, &[String]),
) -> Done<()> {
    let same = store::recusals::same_person(on, who.user(), "self").await?;
    let mut mine: BTreeSet<String> = BTreeSet::from([who.login().to_owned()]);
    for user in same {
        mine.extend(store::users::get(on, user).await?.map(|user| user.login));
    }
    for done in &case.standing.done {
        let step = case.procedure.step(&done.step);
        let own = step.is_some_and(|step| step.who.iter().any(|role| deciding.contains(role)));
        if let Some(login) = done.by.iter().find(|by| !own && mine.contains(*by)) {
            let said = format!("{login} 办过这一件的“{}”,不能再由同一个人作决定", done.step);
            return Err(CaseError::Refused(said));
        }
    }
    Ok(())
}

/// What follows of an answer of the rules and a signature.
struct Weighed {
    departs: bool,
    amount: Option<Fen>,
    reasons: Vec<String>,
    articles: Vec<String>,
}

fn weigh(case: &Case, found: &Found, signing: &Signing) -> Done<Weighed> {
    let because = signing.because.trim();
    let result = found.result();
    if result == RuleResult::Pending {
        let said = format!(
            "还缺 {};没有查清以前,既不能同意,也不能不予。请退回补充核对",
            found.missing.join("、")
        );
        return Err(CaseError::Refused(said));
    }
    let eligible = result == RuleResult::Eligible;
    let granted = signing.outcome == DecidedAs::Granted;
    let pays = found.pays();
    let ruled = found.amount().filter(|fen| fen.get() > 0);
    let amount = match granted && pays {
        true => signing.amount.or(ruled.filter(|_| eligible)),
        false => None,
    };
    if granted && pays && amount.is_none_or(|fen| fen.get() <= 0) {
        let said = "规则没有给出金额;与规则不同的同意,请填月金额(元)";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let departs = granted != eligible || (granted && pays && amount != ruled);
    if departs && because.is_empty() {
        let said = format!("规则的结果是“{}”;与它不同的决定,请写明理由", found.verdict);
        return Err(CaseError::Refused(said));
    }
    let mut reasons: Vec<String> = Vec::new();
    let mut articles = match granted {
        true => found.articles(),
        false if eligible => signing.articles.clone(),
        false => found.articles(),
    };
    articles.retain(|article| !article.trim().is_empty());
    if !granted {
        let told = found.failing().map(|condition| {
            let words = match condition.reason.as_str() {
                "" => condition.name.as_str(),
                reason => reason,
            };
            match condition.distance.as_str() {
                "" => words.to_owned(),
                distance => format!("{words}({distance})"),
            }
        });
        reasons.extend(told);
    }
    if !because.is_empty() && (departs || !granted) {
        reasons.push(because.to_owned());
    }
    if !granted && (reasons.is_empty() || articles.is_empty()) {
        let said = "不予确认要写明全部理由和依据的条文";
        return Err(CaseError::Refused(said.to_owned()));
    }
    if articles.is_empty() {
        articles.clone_from(&case.procedure.cites);
    }
    Ok(Weighed {
        departs,
        amount,
        reasons,
        articles,
    })
}

/// The circumstance a refusal is told as in this procedure.
fn refusal_of(case: &Case) -> Option<String> {
    let mut known = case.procedure.circumstances.iter();
    known
        .find(|one| one.name.starts_with(REFUSED) && one.always.is_none())
        .map(|one| one.name.clone())
}

/// The letter the step after a decision gives.
pub(super) fn letter_after<'c>(
    case: &'c Case,
    step: &str,
    told: &BTreeSet<String>,
) -> Option<&'c Document> {
    let mut next = case.procedure.next_of(step, told);
    // A decision may be carried out before it is handed over.
    for _ in 0..3 {
        let step = next?;
        let letter = step.gives.iter().find_map(|g| case.procedure.document(g));
        if letter.is_some_and(|letter| letter.template.contains(REMEDY)) {
            return letter;
        }
        next = case.procedure.next_of(&step.name, told);
    }
    None
}

/// 救济途径 in the words of the letter, with the offices of the place.
pub(super) fn remedy(office: &Office, case: &Case, letter: Option<&Document>) -> Done<String> {
    let missing = |what: &str| {
        let said = format!("救济途径写不出来:{what};请管理规则的人补上,没有救济途径不能作决定");
        CaseError::Refused(said)
    };
    let letter = letter.ok_or_else(|| missing("流程里没有带救济途径的文书"))?;
    let words = OfficeWords::of(office, &case.standing.area).all();
    let part = letter.template.lines().find(|line| line.contains(REMEDY));
    let part = part.ok_or_else(|| missing("文书里没有这一段"))?;
    super::letters::fill(part, &words)
        .map_err(|field| missing(&format!("本地 letters.csv 没有“{field}”")))
}

/// The newest effective decision of a case.
///
/// # Errors
/// The record.
pub async fn newest(on: &impl Reads, case: CaseNo) -> Done<Option<Decision>> {
    let all = decisions::of_case(on, case).await?;
    let stands = |one: &Decision| one.state == decisions::DecisionState::Effective;
    Ok(all.into_iter().rev().find(stands))
}

/// 送达: hands the letter of the decision over and completes the step.
///
/// # Errors
/// Nothing is decided, the open step gives no letter, it is not this person's, or whoever signed may not.
pub async fn deliver(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    case: &mut Case,
    (way, to): (DeliveryWay, SignedBy<'_>),
) -> Done<()> {
    super::is_own(who, case)?;
    let receiver = receivers::named(office, tx, (who, case), (way, to)).await?;
    hand_over(office, tx, who, case, (way, &receiver)).await
}

/// The same once it is known that whoever hands it over may, and who signed for it.
pub(super) async fn hand_over(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    case: &mut Case,
    (way, receiver): (DeliveryWay, &str),
) -> Done<()> {
    let decision = newest(tx, case.no()).await?;
    let decision = decision.ok_or_else(|| CaseError::Refused("还没有决定,不能送达".to_owned()))?;
    let step = case.open_step().cloned();
    let letter = step.as_ref().and_then(|step| {
        let mut gives = step.gives.iter();
        gives
            .find(|g| case.procedure.document(g).is_some())
            .cloned()
    });
    let (Some(step), Some(letter)) = (step, letter) else {
        return Err(CaseError::Refused("现在没有文书要送达".to_owned()));
    };
    let at = office.clock.at();
    let new = Delivery {
        decision: decision.no,
        document: letter.clone(),
        way,
        receiver: receiver.to_owned(),
        day: office.clock.today(),
        by: who.login().to_owned(),
        at: at.clone(),
    };
    let no = decisions::deliver(tx, &new).await?;
    tx.record(
        Act::new(&at, who.login(), "letter.deliver")
            .on("delivery", no)
            .because(letter.as_str())
            .under(format!("decision:{}", decision.no)),
    );
    let completion = Completion {
        step: &step.name,
        gave: &letter,
        ..Completion::default()
    };
    finish(office, tx, who, case, completion).await?;
    Ok(())
}

/// 公布: makes a granted decision public, with the fields the procedure lists and no other.
///
/// # Errors
/// Nothing was granted, a field may not be public, or the step is not this person's.
pub async fn publish(office: &Office, tx: &mut Writing, who: &Acting, case: &mut Case) -> Done<()> {
    super::is_own(who, case)?;
    let step = case.open_step().cloned();
    let step = step.filter(guard::is_publication);
    let step = step.ok_or_else(|| CaseError::Refused("现在不公布".to_owned()))?;
    let decision = newest(tx, case.no()).await?;
    let decision = decision.filter(|one| one.content.outcome == DecidedAs::Granted);
    let decision =
        decision.ok_or_else(|| CaseError::Refused("没有同意的决定,不能公布".to_owned()))?;
    let shown = public_fields(office, tx, case, &decision).await?;
    let at = office.clock.at();
    // Of one family and programme the newest is public, and no other beside it.
    let content = &case.row.content;
    let subject = match content.subject {
        store::cases::Subject::Household(id) => ("household", id.get()),
        store::cases::Subject::Person(id) => ("person", id.get()),
    };
    for earlier in decisions::publications_of(tx, &content.programme, subject).await? {
        decisions::take_down(tx, &at, earlier, "另有新的公布").await?;
    }
    let new = Publication {
        decision: decision.no,
        area: case.standing.area,
        shown: fields::kept(&shown)?,
        from: office.clock.today(),
    };
    let no = decisions::publish(tx, &at, who.login(), &new).await?;
    tx.record(
        Act::new(&at, who.login(), "decision.publish")
            .on("publication", no)
            .because("审核确认后公布")
            .under(format!("decision:{}", decision.no)),
    );
    let completion = Completion {
        step: &step.name,
        gave: step.gives.first().map_or("", String::as_str),
        ..Completion::default()
    };
    complete(office, tx, who, case, completion).await?;
    Ok(())
}

/// The fields of the procedure's 公开字段, masked, checked once more.
async fn public_fields(
    office: &Office,
    on: &impl Reads,
    case: &Case,
    decision: &Decision,
) -> Done<Vec<(String, String)>> {
    let allowed = fields::Allowed::read(&office.book);
    let known = super::letters::values(office, on, case, decision).await?;
    let mut shown = Vec::new();
    let title = known.get("救助项目").cloned().unwrap_or_default();
    shown.push(("救助项目".to_owned(), title));
    for name in &case.procedure.published {
        if !allowed.is_public(name) {
            let said = format!("“{name}”不许公开;请管理规则的人改流程");
            return Err(CaseError::Refused(said));
        }
        let value = known.get(name).cloned().unwrap_or_else(|| "—".to_owned());
        shown.push((name.clone(), value));
    }
    fields::no_leak(&shown)?;
    Ok(shown)
}
