//! 金额组成: of what a decided amount is made up, by the quantities the rulebook names for it (`banks/payments.md`,
//! 金额组成); kept with the entitlement, told in the letter and on the roster. An amount that is not the rules' own
//! has no parts, and whatever cannot be worked out to the last 分 is not told.

use super::capsule::Capsule;
use super::{Done, Writing};
use crate::disbursement::{self, PartRule};
use crate::office::Office;
use domain::{Day, Fen, PersonId};
use rules::Program;
use rules::eval::Evaluator;
use rules::situation::{InstanceId, Moments, Situation};
use rules::value::Value;
use store::Reads;
use store::entitlement_parts::{self, Part};
use store::entitlements::Cause;

/// Keeps the parts of a decided amount with what it gives.
pub(super) async fn keep(
    office: &Office,
    tx: &mut Writing,
    capsule: &Capsule,
    (amount, cause): (Fen, &Cause),
) -> Done<()> {
    let parts = worked_out(office, capsule).unwrap_or_default();
    let whole = parts.iter().filter(|part| part.person.is_none());
    if parts.is_empty() || Fen::total(whole.map(|part| part.amount)) != Some(amount) {
        return Ok(());
    }
    entitlement_parts::keep(tx, &office.clock.at(), cause, &parts).await?;
    Ok(())
}

/// The same for a decision after the first, by what it sealed; one that asked no rules has no parts.
pub(super) async fn keep_sealed(
    office: &Office,
    tx: &mut Writing,
    sealed: &str,
    (amount, cause): (Fen, &Cause),
) -> Done<()> {
    match Capsule::read(sealed) {
        Ok(capsule) => keep(office, tx, &capsule, (amount, cause)).await,
        Err(_) => Ok(()),
    }
}

/// The parts as the rules of the decision's day give them; none where one of them is not known.
fn worked_out(office: &Office, capsule: &Capsule) -> Option<Vec<Part>> {
    let book = disbursement::book(office).ok()?;
    let rules: Vec<&PartRule> = book
        .parts
        .iter()
        .filter(|rule| rule.programme == capsule.programme)
        .collect();
    if rules.is_empty() {
        return None;
    }
    let day = |text: &str| Day::parse(text).ok();
    let program = office.rules_on(day(&capsule.rules_day)?);
    let moments = Moments::case(day(&capsule.acceptance)?, Some(day(&capsule.decision)?));
    let (situation, _) = capsule.facts.situation(&program);
    let entity = program.dict.entity(&capsule.subject.0)?;
    let at = situation.find(entity, capsule.subject.1)?;
    let mut eval = Evaluator::new(&program, &situation, moments);
    let mut out = Vec::new();
    for rule in rules {
        let item = program.find(&format!("{}.{}", rule.programme, rule.quantity))?;
        let amount = fen(eval.value(item, at))?;
        out.push(Part {
            part: rule.part.clone(),
            person: None,
            amount,
        });
        if !rule.each.is_empty() {
            out.extend(each(&program, (&mut eval, &situation), at, rule)?);
        }
    }
    Some(out)
}

/// The share of each row of a list that has one.
fn each(
    program: &Program,
    (eval, situation): (&mut Evaluator<'_>, &Situation),
    at: InstanceId,
    rule: &PartRule,
) -> Option<Vec<Part>> {
    let (relation, _) = rule.each.split_once('.')?;
    let list = situation.list_of(at, program.dict.relation(relation)?)?;
    let item = program.find(&format!("{}.{}", rule.programme, rule.each))?;
    let mut out = Vec::new();
    for (row, of) in situation.list(list)?.rows.iter().enumerate() {
        let amount = fen(eval.row_value(item, list, row))?;
        if amount > Fen::ZERO {
            let person = situation.instance(of.target?)?.key;
            out.push(Part {
                part: rule.part.clone(),
                person: Some(PersonId::new(person)),
                amount,
            });
        }
    }
    Some(out)
}

fn fen(value: Value) -> Option<Fen> {
    match value {
        Value::Num(n) if n.den() == 1 => i64::try_from(n.num()).ok().map(Fen::new),
        _ => None,
    }
}

/// The parts of what a decision gives, in a sentence; that there are none where there are none.
pub(super) async fn told(on: &impl Reads, decision: i64) -> Done<String> {
    let parts = entitlement_parts::of_cause(on, &Cause::new("decision", decision)).await?;
    let whole = parts.iter().filter(|part| part.person.is_none());
    let said: Vec<String> = whole
        .map(|whole| {
            let shares = parts.iter();
            let shares = shares.filter(|one| one.person.is_some() && one.part == whole.part);
            match shares.count() {
                0 => format!("{} {} 元", whole.part, whole.amount),
                persons => format!("{} {} 元({persons} 人)", whole.part, whole.amount),
            }
        })
        .collect();
    Ok(match said.is_empty() {
        true => "这笔钱不分项".to_owned(),
        false => format!("其中{}", said.join(",")),
    })
}
