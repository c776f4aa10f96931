//! 认定: recognition without money — 低保边缘, 刚性支出困难 — stands in no entitlement. From when until when it
//! holds the policy says with 给予; here it is read off the decision, so that the registers know of it.

use super::capsule::{self, Capsule};
use super::{CaseError, DecidedAs, Done, decision};
use crate::office::Office;
use domain::{Day, HouseholdId};
use rules::eval::Evaluator;
use rules::situation::Moments;
use store::cases::{self, Subject};
use store::{Reads, decisions};

/// What a family is recognised as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recognised {
    /// The programme, by its policy's name.
    pub(crate) programme: String,
    /// What officials call it.
    pub(crate) title: String,
    /// Whom: the household, or one of its members by number.
    pub(crate) subject: Subject,
    /// The decision.
    pub(crate) decision: i64,
    /// From which day.
    pub(crate) from: Day,
    /// Until which day, that one included; none while no rule ends it.
    pub(crate) to: Option<Day>,
}

impl Recognised {
    /// Whether it holds on a day.
    pub(crate) fn holds(&self, day: Day) -> bool {
        self.from <= day && self.to.is_none_or(|to| day <= to)
    }
}

/// What a household and its members are recognised as by decisions that stand and give no money, newest first;
/// those that are over too.
pub(crate) async fn of_household(
    office: &Office,
    on: &impl Reads,
    household: HouseholdId,
) -> Done<Vec<Recognised>> {
    let mut out: Vec<Recognised> = Vec::new();
    for row in cases::of_household(on, household).await? {
        let Some(decided) = decision::newest(on, row.no).await? else {
            continue;
        };
        let content = &decided.content;
        let Some(month) = content
            .from
            .filter(|_| content.outcome == DecidedAs::Granted && content.amount.is_none())
        else {
            continue;
        };
        let again = |one: &Recognised| {
            one.programme == content.programme && one.subject == row.content.subject
        };
        // A later decision of the same stands for the earlier ones.
        if out.iter().any(again) {
            continue;
        }
        let program = office.rules_on(row.content.rules_day);
        let title = program.file(&content.programme);
        let (from, to) = span(office, &decided)?.unwrap_or((None, None));
        out.push(Recognised {
            programme: content.programme.clone(),
            title: title.map_or_else(|| content.programme.clone(), |(_, plan)| plan.title.clone()),
            subject: row.content.subject,
            decision: decided.no,
            from: from.unwrap_or_else(|| month.first()),
            to,
        });
    }
    Ok(out)
}

/// From which day until which the policy gives what was decided, by the facts the decision kept; none where its
/// rules do not say so, as when it departs from them.
fn span(
    office: &Office,
    decided: &decisions::Decision,
) -> Done<Option<(Option<Day>, Option<Day>)>> {
    let kept: Capsule = capsule::of_decision(decided)?;
    let day = |text: &str| {
        Day::parse(text).map_err(|error| {
            let said = format!("决定 {} 的日期读不懂:{error}", decided.no);
            CaseError::Office(crate::OfficeError::Other(said))
        })
    };
    let program = office.rules_on(day(&kept.rules_day)?);
    let (situation, _) = kept.facts.situation(&program);
    let entity = program.dict.entity(&kept.subject.0);
    let at = entity.and_then(|entity| situation.find(entity, kept.subject.1));
    let (Some(at), Some((file, _))) = (at, program.file(&kept.programme)) else {
        return Ok(None);
    };
    let moments = Moments::case(day(&kept.acceptance)?, Some(day(&kept.decision)?));
    let mut eval = Evaluator::new(&program, &situation, moments);
    let outcome = eval.outcome(file, at);
    let mut given = outcome.into_iter().flat_map(|outcome| outcome.grants);
    Ok(given
        .find(|grant| grant.at == at)
        .map(|one| (one.from, one.to)))
}
