//! 听取意见: before a cut the family is told what is meant and why, and what they say is written down. Silence
//! counts only once the time to answer is over.

use super::super::{
    Case, CaseError, Completion, Done, Writing, complete, recognised, without_numbers,
};
use super::exit::plan;
use super::supplement;
use super::weigh::{Weighed, weigh};
use super::{AfterPurpose, purpose_name};
use crate::access::{Acting, Right};
use crate::office::Office;
use domain::procedure::{Ground, Length, Step};
use domain::{CaseNo, Day, Fen, Month};
use std::collections::BTreeSet;
use store::Act;
use store::hearings::{
    self, DeliveryWay, HeardAnswer, HeardAs, HearingNotice, NewHearing, NewHearingNotice,
};

/// The field that only a letter about a hearing names.
pub(super) const UNTIL: &str = "{{提出意见期限}}";

/// How a family was told.
#[derive(Clone, Debug)]
pub struct Told {
    /// How.
    pub way: DeliveryWay,
    /// What is added to what the rules say, without a name or number; may be empty.
    pub words: String,
    /// From which month; none for the month the rulebook leads to. Of a stop, the first month not paid.
    pub from: Option<Month>,
    /// Of a change, another amount than the rules give.
    pub amount: Option<Fen>,
}

/// What a family said.
#[derive(Clone, Debug)]
pub struct Heard {
    /// How.
    pub form: HeardAs,
    /// What they answered.
    pub answer: HeardAnswer,
    /// Their words, without a name or number; may be empty for silence.
    pub words: String,
    /// Who heard them too; empty for nobody.
    pub with: String,
    /// Circumstances that follow of it, such as 要求听证 or 本人不同意.
    pub follows: Vec<String>,
}

/// The letter of a hearing that a step gives.
fn letter(case: &Case, step: &Step) -> Option<String> {
    let mut gives = step.gives.iter();
    let is = |gives: &&String| {
        let document = case.procedure.document(gives);
        document.is_some_and(|document| document.template.contains(UNTIL))
    };
    gives.find(is).cloned()
}

/// Whether the family can be told in the open step.
pub(super) fn may_tell(case: &Case) -> bool {
    case.open_step()
        .is_some_and(|step| letter(case, step).is_some())
}

/// Whether the family is heard in the open step.
pub(super) fn may_hear(case: &Case) -> bool {
    case.open_step()
        .is_some_and(|step| step.ground == Some(Ground::Hearing))
}

/// How long the family has: the time of the step that hears.
pub(super) fn time_to_answer(case: &Case, step: &Step) -> Option<Length> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut at = Some(step);
    while let Some(here) = at {
        if here.ground == Some(Ground::Hearing) {
            return here.limit.as_ref().map(|limit| limit.length);
        }
        if !seen.insert(&here.name) {
            return None;
        }
        at = case.procedure.next_of(&here.name, &case.standing.told);
    }
    None
}

/// What is meant to be done: it binds the decision.
struct Meant {
    from: Option<Month>,
    last: Option<Month>,
    amount: Option<Fen>,
    /// In the words of the letter.
    words: String,
}

/// Works out what is meant, from the rules and what whoever tells adds.
fn meant(office: &Office, weighed: &Weighed, told: &Told, this: Month) -> Done<Meant> {
    let before = weighed.before;
    let from = told.from.unwrap_or(weighed.from);
    let refused = |said: String| CaseError::Refused(said);
    Ok(match weighed.after.purpose {
        AfterPurpose::Change => {
            let amount = told.amount.or(weighed.ruled());
            let amount = amount.ok_or_else(|| {
                refused("规则没有给出金额;请填准备每月发多少元,告知书要写明".to_owned())
            })?;
            if amount >= before || amount.get() <= 0 {
                return Err(refused(format!(
                    "原来每月 {before} 元,{amount} 元不是减发;请填准备减到每月多少元"
                )));
            }
            if from <= this {
                return Err(refused(format!("减发从下个月起,不能从 {from} 起")));
            }
            Meant {
                from: Some(from),
                last: None,
                amount: Some(amount),
                words: format!("拟从 {from} 起每月由 {before} 元调整为 {amount} 元"),
            }
        }
        AfterPurpose::GradualExit => {
            let exit = plan(office, &weighed.help.area, before, from)?.until(weighed.ends);
            let mut lines: Vec<String> = exit
                .parts
                .iter()
                .map(|part| format!("拟从 {} 起每月 {} 元", part.from, part.amount))
                .collect();
            lines.push(format!("发到 {},从 {} 起停发", exit.last, exit.last.next()));
            Meant {
                from: Some(from),
                last: Some(exit.last),
                amount: exit.parts.iter().map(|part| part.amount).min(),
                words: lines.join(","),
            }
        }
        AfterPurpose::Ending | AfterPurpose::Review => Meant {
            from: Some(from),
            last: None,
            amount: None,
            words: match recognised::is_one(&weighed.help) {
                true => format!("拟从 {from} 起不再认定"),
                false => format!("拟从 {from} 起停发每月 {before} 元的待遇"),
            },
        },
        AfterPurpose::Recovery => Meant {
            from: None,
            last: None,
            amount: None,
            words: "拟追回多领的待遇".to_owned(),
        },
    })
}

/// What the letter says, with every reason and article.
fn letter_lines(weighed: &Weighed, meant: &Meant, words: &str) -> (String, Vec<String>) {
    let mut lines = vec![meant.words.clone()];
    let mut articles = Vec::new();
    if let Ok(judged) = &weighed.judged {
        lines.extend(
            judged
                .found
                .failing()
                .map(|condition| match condition.reason.as_str() {
                    "" => condition.name.clone(),
                    reason => reason.to_owned(),
                }),
        );
        articles = judged.found.articles();
    }
    if !words.is_empty() {
        lines.push(words.to_owned());
    }
    (lines.join("\n"), articles)
}

/// Whether the open step tells the family of what they are then heard on.
pub(super) fn tells(case: &Case, step: &Step) -> bool {
    letter(case, step).is_some() && time_to_answer(case, step).is_some()
}

/// 告知: tells the family; where the step gives nothing but the letter, it is done by it.
///
/// # Errors
/// The open step gives no such letter or is not this person's, or the place says no time to answer.
pub async fn tell(office: &Office, who: &Acting, no: CaseNo, told: &Told) -> Done<i64> {
    let words = told.words.trim();
    without_numbers(words)?;
    super::super::receivers::by_hand(told.way)?;
    let mut tx = office.begin().await?;
    let mut case = super::file::within(office, &tx, who, (Right::CASE_HANDLE, no)).await?;
    if let Some(added) = supplement::added(&tx, &case).await? {
        return supplement::tell(office, tx, who, (&case, &added), told).await;
    }
    super::super::is_own(who, &case)?;
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    let step = case.open_step().cloned();
    let step = step.ok_or_else(|| refused("这一件已经办结"))?;
    let letter =
        letter(&case, &step).ok_or_else(|| refused("现在不告知;请刷新页面,看看办到了哪一步"))?;
    let length = time_to_answer(&case, &step)
        .ok_or_else(|| refused("流程没有写给多少天提意见;请管理规则的人补上"))?;
    let weighed = weigh(office, &tx, &case).await?;
    let this = Month::containing(office.clock.today().max(case.standing.newest));
    let meant = meant(office, &weighed, told, this)?;
    let (plan, mut articles) = letter_lines(&weighed, &meant, words);
    if articles.is_empty() {
        articles.clone_from(&case.procedure.cites);
    }
    let today = office.clock.today().max(case.standing.newest);
    let until = until(office, length, today)?;
    let at = office.clock.at();
    let new = NewHearingNotice {
        case: no,
        told: today,
        until,
        way: told.way,
        plan,
        from: meant.from,
        last: meant.last,
        amount: meant.amount,
        articles: articles.join("\n"),
        by: who.login().to_owned(),
    };
    let notice = hearings::tell(&mut tx, &at, &new).await?;
    tx.record(
        Act::new(&at, who.login(), "hearing.tell")
            .on("hearing-notice", notice)
            .because(format!("{}:{letter}", purpose_name(weighed.after.purpose)))
            .under(format!("case:{no}")),
    );
    let only_letters = step
        .gives
        .iter()
        .all(|g| case.procedure.document(g).is_some());
    if only_letters && step.ground != Some(Ground::Hearing) {
        let done = Completion {
            step: &step.name,
            gave: &letter,
            ..Completion::default()
        };
        complete(office, &mut tx, who, &mut case, done).await?;
    }
    office.end(tx).await?;
    Ok(notice)
}

pub(super) fn until(office: &Office, length: Length, today: Day) -> Done<Day> {
    let due = length.due(today, office.calendar()?, &[]);
    let due = due.map_err(|none| CaseError::Refused(none.to_string()))?;
    Ok(due.day)
}

/// 听取: writes down what the family said and does the step that hears.
///
/// # Errors
/// The open step does not hear or is not this person's, nobody was told, no words, silence before the time is
/// over, or a hearing by one person alone.
pub async fn hear(office: &Office, who: &Acting, no: CaseNo, heard: &Heard) -> Done<i64> {
    without_numbers(heard.words.trim())?;
    let mut tx = office.begin().await?;
    let mut case = super::file::within(office, &tx, who, (Right::CASE_HANDLE, no)).await?;
    if let Some(added) = supplement::added(&tx, &case).await? {
        return supplement::hear(office, tx, who, (&case, &added), heard).await;
    }
    super::super::is_own(who, &case)?;
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    let step = case
        .open_step()
        .filter(|step| step.ground == Some(Ground::Hearing));
    let step = step.cloned();
    let step = step.ok_or_else(|| refused("现在不听取意见;请刷新页面,看看办到了哪一步"))?;
    let all = hearings::notices(&tx, no).await?;
    // Told before the step was sent back, in a step that tells by itself, is not told again.
    let since = letter(&case, &step).and_then(|_| super::super::guard::opened(&case));
    let notice = all
        .last()
        .filter(|one| since.is_none_or(|since| one.at >= *since))
        .ok_or_else(|| refused("还没有告知本人准备怎么办,不能听取意见;请先告知"))?;
    let at = office.clock.at();
    let new = what_was_said(office, &tx, who, (&case, &step.name), (notice, heard)).await?;
    let with = new.with.clone();
    let hearing = hearings::hear(&mut tx, &at, &new).await?;
    tx.record(
        Act::new(&at, who.login(), "hearing.hear")
            .on("hearing", hearing)
            .because(heard.answer.word())
            .under(format!("hearing-notice:{}", notice.no)),
    );
    for name in &heard.follows {
        let told = (name.as_str(), super::super::Holds::Yes);
        let why = "本人陈述时提出";
        super::super::circumstance(office, &mut tx, who, &mut case, told, why).await?;
    }
    let others: Vec<String> = match step.persons {
        0 | 1 => Vec::new(),
        _ => vec![with],
    };
    let record = step
        .gives
        .iter()
        .find(|g| case.procedure.document(g).is_none());
    let done = Completion {
        step: &step.name,
        gave: record.map_or("", String::as_str),
        others: &others,
        ..Completion::default()
    };
    complete(office, &mut tx, who, &mut case, done).await?;
    office.end(tx).await?;
    Ok(hearing)
}

/// What is written down of what a family said to a notice.
///
/// # Errors
/// No words, silence before the time is over, or a hearing by one person alone.
pub(super) async fn what_was_said(
    office: &Office,
    on: &Writing,
    who: &Acting,
    (case, step): (&Case, &str),
    (notice, heard): (&HearingNotice, &Heard),
) -> Done<NewHearing> {
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    let mut words = heard.words.trim().to_owned();
    let today = office.clock.today().max(case.standing.newest);
    match heard.answer {
        HeardAnswer::Silent if heard.form != HeardAs::Nothing || today <= notice.content.until => {
            let said = format!(
                "提意见的时间到 {} 为止,第二天起才能记为没有提出",
                notice.content.until
            );
            return Err(CaseError::Refused(said));
        }
        HeardAnswer::Silent if words.is_empty() => words = "到期没有提出意见".to_owned(),
        HeardAnswer::Silent => {}
        HeardAnswer::Agrees | HeardAnswer::Objects => {
            if heard.form == HeardAs::Nothing || words.is_empty() {
                return Err(refused("请写明本人怎么说的,口头的还是书面的"));
            }
        }
    }
    let with = heard.with.trim();
    if heard.form == HeardAs::Hearing && with.is_empty() {
        return Err(refused("当面听证要两个人;请填另一位的账号"));
    }
    if with == who.login() {
        return Err(refused("另一位听取人不能填您自己"));
    }
    if !with.is_empty() {
        super::super::able::is_able(office, on, who, case, with).await?;
    }
    Ok(NewHearing {
        notice: (notice.no, notice.content.told, notice.content.until),
        case: case.no(),
        step: step.to_owned(),
        day: today,
        form: heard.form,
        answer: heard.answer,
        words,
        by: who.login().to_owned(),
        with: with.to_owned(),
    })
}
