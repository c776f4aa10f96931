//! 初审意见: what the township proposes, from the rules' own answer, with a reason.

use super::capsule::{self, Found, Question, judge};
use super::facts::Facts;
use super::{
    Case, CaseError, Completion, Done, Holds, Writing, circumstance, complete, without_numbers,
};
use super::{gather, guard};
use crate::access::Acting;
use crate::disbursement::Level;
use crate::office::Office;
use domain::Day;
use rules::Program;
use rules::situation::Moments;
use rules::value::Value;
use std::sync::Arc;
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

impl Judged {
    /// What a quantity of the programme's rules is; none where they have none by that name.
    fn quantity(&self, office: &Office, name: &str) -> Option<Value> {
        let (program, moments) = asked(office, &self.question);
        let about = (self.question.programme.as_str(), &self.question.subject);
        capsule::quantity(&program, &self.facts, about, moments, name)
    }

    /// Whether a quantity holds: none while a fact is missing; nothing where there is none by that name.
    pub(crate) fn holds(&self, office: &Office, name: &str) -> Option<Option<bool>> {
        match self.quantity(office, name)? {
            Value::Bool(yes) => Some(Some(yes)),
            _ => Some(None),
        }
    }

    /// A quantity that is a whole number: money in 分.
    pub(crate) fn whole(&self, office: &Office, name: &str) -> Option<i64> {
        match self.quantity(office, name)? {
            Value::Num(n) if n.den() == 1 => i64::try_from(n.num()).ok(),
            _ => None,
        }
    }

    /// Whether a class of the rules is a member of it by name; none while it is not known.
    fn is_member(&self, office: &Office, (name, member): (&str, &str)) -> Option<bool> {
        let (program, _) = asked(office, &self.question);
        let path = format!("{}.{name}", self.question.programme);
        let item = program.find(&path).and_then(|item| program.item(item));
        let (item, value) = item.zip(self.quantity(office, name))?;
        let known = value != Value::Unknown;
        known.then(|| rules::show::value(value, item.ty, &program.dict) == member)
    }
}

/// The rules and named days a question is asked by.
fn asked(office: &Office, question: &Question) -> (Arc<Program>, Moments) {
    let moments = Moments::case(question.acceptance, Some(question.decision));
    (office.rules_on(question.rules_day), moments)
}

/// 审批层级: the circumstances the rules' own classes are told as, where whoever writes the opinion may say so.
async fn tell_level(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    case: &mut Case,
    judged: &Judged,
) -> Done<()> {
    let Ok(book) = crate::disbursement::book(office) else {
        return Ok(());
    };
    let own = |level: &&Level| level.programme == case.row.content.programme;
    let levels: Vec<Level> = book.levels.iter().filter(own).cloned().collect();
    for level in levels {
        let known = case.procedure.circumstances.iter();
        let mut known = known.filter(|one| one.name == level.told && one.always.is_none());
        let area = case.standing.area;
        let may = known.any(|one| {
            one.who.is_empty() || one.who.iter().any(|role| who.holds_role(role, &area))
        });
        let is = judged.is_member(office, (&level.rule, &level.member));
        let holds = match (is, case.standing.told.contains(&level.told)) {
            (Some(true), false) => Holds::Yes,
            (Some(false), true) => Holds::No,
            _ => continue,
        };
        if may {
            let why = format!("规则的{}是否“{}”", level.rule, level.member);
            circumstance(office, tx, who, case, (&level.told, holds), &why).await?;
        }
    }
    Ok(())
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
    let (program, moments) = asked(office, &question);
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
        // The only case in which an amount is proposed; recognition alone has none to propose.
        if judged.found.pays() && judged.found.amount().is_none() {
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
    tell_level(office, tx, who, case, judged).await?;
    let completion = Completion {
        step: &step.name,
        gave: gave.map_or("", String::as_str),
        because,
        ..Completion::default()
    };
    complete(office, tx, who, case, completion).await?;
    Ok(no)
}
