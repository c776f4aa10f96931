//! 初审意见: what the township proposes, from the rules' own answer, with a reason.

use super::capsule::{Found, Question, judge};
use super::facts::Facts;
use super::{Case, CaseError, Completion, Done, Writing, complete, without_numbers};
use super::{gather, guard};
use crate::access::Acting;
use crate::office::Office;
use domain::Day;
use rules::situation::Moments;
use store::Act;
use store::cases::Subject;
use store::notices::{self, NewOpinion, Proposal, RuleResult};

/// What somebody proposes.
#[derive(Clone, Debug)]
pub struct Proposed {
    /// Grant or refuse.
    pub proposes: Proposal,
    /// Why.
    pub because: String,
}

/// What is known of a case and what the rules say of it on a day.
#[derive(Clone, Debug)]
pub struct Judged {
    /// All facts with their sources.
    pub facts: Facts,
    /// What the rules say.
    pub found: Found,
    pub(crate) question: Question,
}

/// 受理日: from which the time of the law runs; before it, the day it was handed in.
fn acceptance(case: &Case) -> Day {
    let running = case.clock.law.first().map(|runs| runs.from);
    running.unwrap_or(case.standing.submitted)
}

/// Gathers the facts of a case and asks the rules of its day.
///
/// # Errors
/// No month's facts, or the programme has no rules.
pub async fn look_into(office: &Office, case: &Case) -> Done<Judged> {
    let facts = gather::gather(office, &office.store, case).await?;
    let content = &case.row.content;
    let question = Question {
        case: case.no().get(),
        programme: content.programme.clone(),
        rules_day: content.rules_day,
        acceptance: acceptance(case),
        decision: office.clock.today(),
        subject: match content.subject {
            Subject::Household(id) => ("家庭".to_owned(), id.get()),
            Subject::Person(id) => ("个人".to_owned(), id.get()),
        },
    };
    let program = office.rules_on(question.rules_day);
    let moments = Moments::case(question.acceptance, Some(question.decision));
    let about = (question.programme.as_str(), &question.subject);
    let found = judge(&program, &facts, about, moments)?;
    Ok(Judged {
        facts,
        found,
        question,
    })
}

/// Writes the opinion and completes its step.
///
/// # Errors
/// The open step writes no opinion or is not this person's, or no reason is told.
pub async fn give(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    case: &mut Case,
    (judged, proposed): (&Judged, &Proposed),
) -> Done<i64> {
    let step = case.open_step().filter(|step| guard::is_opinion(step));
    let step = step.cloned().ok_or_else(|| {
        CaseError::Refused("现在不写初审意见;请刷新页面,看看办到了哪一步".to_owned())
    })?;
    super::is_own(who, case)?;
    let because = proposed.because.trim();
    if because.is_empty() {
        return Err(CaseError::Refused("请写明提出这个意见的理由".to_owned()));
    }
    without_numbers(because)?;
    let result = judged.found.result();
    if proposed.proposes == Proposal::Grant && result == RuleResult::Eligible {
        // The only case in which an amount is proposed.
        if judged.found.amount().is_none() {
            let said = "规则算不出拟保障金额;请核对缺少的事实";
            return Err(CaseError::Refused(said.to_owned()));
        }
    }
    let opinion = NewOpinion {
        case: case.no(),
        step: step.name.clone(),
        result,
        proposes: proposed.proposes,
        amount: judged
            .found
            .amount()
            .filter(|fen| proposed.proposes == Proposal::Grant && fen.get() > 0),
        because: because.to_owned(),
        by: who.login().to_owned(),
        day: office.clock.today().max(case.standing.newest),
    };
    let at = office.clock.at();
    let no = notices::add_opinion(tx, &at, &opinion).await?;
    tx.record(
        Act::new(&at, who.login(), "case.opinion")
            .on("opinion", no)
            .because(because)
            .under(format!("case:{}", case.no())),
    );
    let gave = step.gives.iter().find(|gives| gives.ends_with("意见"));
    let completion = Completion {
        step: &step.name,
        gave: gave.map_or("", String::as_str),
        because,
        ..Completion::default()
    };
    complete(office, tx, who, case, completion).await?;
    Ok(no)
}
