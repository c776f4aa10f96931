//! 后续文书: what the family is sent after the first decision — the notice before a hearing, and the letter of a
//! change, a gradual exit, a stop, a recovery — field by field from what was told and signed. Months stand in
//! it as they hold: of a decision handed over late, as moved by that.

use super::super::decision::letter_after;
use super::super::fields::{self, Office as OfficeWords};
use super::super::{Case, CaseError, Done};
use super::hearing::UNTIL;
use super::late::{ahead, late};
use super::{AfterDecision, AfterKind, AfterState, about, supplement, write_off};
use crate::office::Office;
use domain::procedure::{Document, Ground};
use domain::{Day, Fen, Month};
use std::collections::BTreeMap;
use store::Reads;
use store::entitlements::Entitlement;
use store::hearings::{self, HearingNotice};
use store::payments::{self, Recovery};
use store::reviews::{self, NewAfter};

/// The field that only the letter about what was added to a recovery names.
pub(super) const ADDED: &str = "{{补充追回金额}}";
/// The field that only the letter about what is given up names.
const GIVEN_UP: &str = "{{核销金额}}";

/// What a letter is written from.
enum Rests {
    /// What the family was told before it is heard.
    Notice(Box<HearingNotice>),
    /// What was signed; several parts of a gradual exit.
    Decision(Vec<AfterDecision>),
}

/// What a letter of a case rests on; none while nothing was told or signed that it could tell of.
async fn rests(on: &impl Reads, case: &Case, title: &str) -> Done<Option<Rests>> {
    let Some(document) = case.procedure.document(title) else {
        return Ok(None);
    };
    if document.template.contains(UNTIL) {
        let told = hearings::notices(on, case.no()).await?.pop();
        return Ok(told.map(|told| Rests::Notice(Box::new(told))));
    }
    let decided = reviews::decisions(on, case.no()).await?;
    let of_this = |one: &AfterDecision| {
        let letter = match one.content.step.as_str() {
            supplement::NAME => beside(case, ADDED),
            write_off::NAME => beside(case, GIVEN_UP),
            step => letter_after(case, step, &case.standing.told),
        };
        one.state != AfterState::Replaced
            && one.content.kind != AfterKind::Kept
            && letter.is_some_and(|letter| letter.title == title)
    };
    let mut own: Vec<AfterDecision> = decided.into_iter().filter(of_this).collect();
    let Some(newest) = own.last().map(|one| one.at.clone()) else {
        return Ok(None);
    };
    own.retain(|one| one.at == newest);
    Ok(Some(Rests::Decision(own)))
}

/// The newest of what was signed that a letter tells of, with how it was handed over.
pub(in super::super) async fn signed_for(
    on: &impl Reads,
    case: &Case,
    title: &str,
) -> Done<Option<AfterDecision>> {
    Ok(match rests(on, case, title).await? {
        Some(Rests::Decision(mut own)) => own.pop(),
        Some(Rests::Notice(_)) | None => None,
    })
}

/// The letter of a decision beside the steps, by the field only it names.
pub(super) fn beside<'c>(case: &'c Case, field: &str) -> Option<&'c Document> {
    let mut all = case.procedure.documents.iter();
    all.find(|one| one.template.contains(field))
}

/// Whether a letter is of a decision beside the steps.
pub(in super::super) fn is_beside(case: &Case, title: &str) -> bool {
    let letters = [ADDED, GIVEN_UP].map(|field| beside(case, field));
    letters.into_iter().flatten().any(|one| one.title == title)
}

/// The letters of a case that can be printed now, in the order of its steps; those beside them last.
pub(in super::super) async fn printable(on: &impl Reads, case: &Case) -> Done<Vec<String>> {
    let mut out = Vec::new();
    let letters = [ADDED, GIVEN_UP].map(|field| beside(case, field));
    let letters = letters.into_iter().flatten().map(|one| one.title.clone());
    for title in super::super::letters::of_case(case)
        .into_iter()
        .chain(letters)
    {
        if rests(on, case, &title).await?.is_some() {
            out.push(title);
        }
    }
    Ok(out)
}

/// What a letter of a later decision may say, names masked, and the record it rests on; none for a case that
/// leads to a first decision.
pub(in super::super) async fn values(
    office: &Office,
    on: &impl Reads,
    case: &Case,
    title: &str,
) -> Done<Option<(BTreeMap<String, String>, String)>> {
    if reviews::of_case(on, case.no()).await?.is_none() {
        return Ok(None);
    }
    let rests = rests(on, case, title).await?.ok_or_else(|| {
        CaseError::Refused(format!(
            "“{title}”还没有内容:告知书在告知以后、决定的文书在签署以后才能打印"
        ))
    })?;
    let mut out = OfficeWords::of(office, &case.standing.area).all();
    out.extend(fields::of_case(office, on, case).await?);
    let record = match rests {
        Rests::Notice(told) => notice_words(&told, &mut out),
        Rests::Decision(parts) => {
            let (after, help) = about(on, case).await?;
            let of = (&after, &help, parts.as_slice());
            decision_words(office, on, case, of, &mut out).await?
        }
    };
    Ok(Some((out, record)))
}

fn notice_words(told: &HearingNotice, out: &mut BTreeMap<String, String>) -> String {
    let content = &told.content;
    let lines: Vec<&str> = content.plan.lines().collect();
    let mut say = |name: &str, value: String| out.insert(name.to_owned(), value);
    say(
        "文书编号",
        format!("〔{}〕告知第 {} 号", content.told.year(), told.no),
    );
    say("变更事由", lines.join(";"));
    say("全部理由", bullets(&content.plan));
    say(
        "依据条文",
        content.articles.lines().collect::<Vec<_>>().join("、"),
    );
    say("提出意见期限", content.until.to_string());
    say("决定日期", content.told.to_string());
    format!("hearing-notice:{}", told.no)
}

fn bullets(text: &str) -> String {
    let lines = text.lines().map(|line| format!("- {line}"));
    lines.collect::<Vec<_>>().join("\n")
}

fn written(month: Month) -> String {
    format!("{} 年 {} 月", month.year(), month.month())
}

async fn decision_words(
    office: &Office,
    on: &impl Reads,
    case: &Case,
    (after, help, parts): (&NewAfter, &Entitlement, &[AfterDecision]),
    out: &mut BTreeMap<String, String>,
) -> Done<String> {
    let none = || CaseError::Refused("还没有签署的决定,这份文书写不出来".to_owned());
    let first = parts.first().ok_or_else(none)?;
    let content = &first.content;
    let mut say = |name: &str, value: String| out.insert(name.to_owned(), value);
    say(
        "文书编号",
        format!("〔{}〕处理第 {} 号", content.day.year(), first.no),
    );
    say("决定日期", content.day.to_string());
    let why = match content.reasons.as_str() {
        // What gives more may rest on the rules alone.
        "" => "按现在的事实和规则重新计算".to_owned(),
        reasons => reasons.to_owned(),
    };
    say("全部理由", bullets(&why));
    let why = why.lines().collect::<Vec<_>>().join(";");
    say("变更事由", why.clone());
    say("终止事由", why);
    let mut articles: Vec<&str> = content.articles.lines().collect();
    articles.dedup();
    say("依据条文", articles.join("、"));
    say("变更前金额", format!("{} 元", content.before));
    let held = held(office, help, parts);
    if let Some((from, _)) = held.first() {
        let from = from.map(written);
        if let Some(from) = from {
            say("起始月份", from.clone());
            say("停发月份", from);
        }
    }
    if let Some(last) = held.first().and_then(|(_, last)| *last) {
        say("渐退期截止月份", written(last));
    }
    let amounts = parts.iter().zip(&held).filter_map(|(part, (from, _))| {
        let amount = part.content.after?;
        Some(match (parts.len() > 1, from) {
            (true, Some(from)) => format!("{} 起 {amount} 元", written(*from)),
            _ => format!("{amount} 元"),
        })
    });
    let amounts: Vec<String> = amounts.collect();
    if !amounts.is_empty() {
        say("变更后金额", amounts.join(","));
    }
    if content.kind == AfterKind::Recover {
        recovery_words(office, on, case, (after, first), out).await?;
    }
    Ok(format!("after-decision:{}", first.no))
}

/// From which month each part holds, and to which: as handed over, or as it would be if handed over today.
fn held(
    office: &Office,
    help: &Entitlement,
    parts: &[AfterDecision],
) -> Vec<(Option<Month>, Option<Month>)> {
    let signed: Vec<&AfterDecision> = parts
        .iter()
        .filter(|one| one.state == AfterState::Signed)
        .collect();
    let months = late(office, &signed);
    let this = Month::containing(office.clock.today());
    let one = |part: &AfterDecision| {
        let content = &part.content;
        let from = match (&part.effect, content.from) {
            (Some(effect), _) => effect.from,
            (None, None) => None,
            (None, Some(from)) => Some(match content.kind {
                AfterKind::Cut => ahead(from, content.day, this),
                AfterKind::Stopped => {
                    let from = ahead(from, content.day, this);
                    help.to.map_or(from, |to| to.min(from))
                }
                AfterKind::Exit => from.add(months),
                AfterKind::Kept | AfterKind::Raised | AfterKind::Restored | AfterKind::Recover => {
                    from
                }
            }),
        };
        let moved = content.from.zip(from);
        let moved = moved.map_or(0, |(signed, held)| signed.months_until(held));
        (from, content.last.map(|last| last.add(moved)))
    };
    parts.iter().map(one).collect()
}

/// How much of which months comes back until when; of what is given up, how much came back and how much does not.
async fn recovery_words(
    office: &Office,
    on: &impl Reads,
    case: &Case,
    (after, one): (&NewAfter, &AfterDecision),
    out: &mut BTreeMap<String, String>,
) -> Done<()> {
    let found = match after.recovery {
        Some(recovery) => payments::find_recovery(on, recovery).await?,
        None => None,
    };
    let (Some(found), Some(amount)) = (found, one.content.after) else {
        return Ok(());
    };
    let mut say = |name: &str, value: String| out.insert(name.to_owned(), value);
    let added = one.content.step == supplement::NAME;
    if let Some(months) = months_of(on, case, (&found, one)).await? {
        say("追回期间", months);
    }
    if one.content.step == write_off::NAME {
        let whole = found.content.amount;
        let rest = whole.checked_sub(amount).unwrap_or(Fen::ZERO);
        say("追回金额", format!("{whole} 元"));
        say("已退金额", format!("{amount} 元"));
        say("核销金额", format!("{rest} 元"));
        return Ok(());
    }
    let name = if added {
        "补充追回金额"
    } else {
        "追回金额"
    };
    say(name, format!("{amount} 元"));
    let from = one.effect.as_ref().map(|effect| effect.day);
    let from = from.unwrap_or_else(|| office.clock.today().max(one.content.day));
    say("退回期限", give_back_by(office, case, from)?.to_string());
    Ok(())
}

/// The months that were paid beyond, first to last: of a decision on what was added, those that were added.
async fn months_of(
    on: &impl Reads,
    case: &Case,
    (recovery, one): (&Recovery, &AfterDecision),
) -> Done<Option<String>> {
    let lines = match one.content.step.as_str() {
        supplement::NAME => {
            let decided = reviews::decisions(on, case.no()).await?;
            let before = decided.iter().rev().find(|earlier| {
                earlier.no < one.no
                    && earlier.content.step != write_off::NAME
                    && earlier.state == AfterState::Effective
            });
            let added = match before {
                None => None,
                Some(before) => {
                    let between = (before.no, Some(one.no));
                    payments::added_since(on, recovery.id, between).await?
                }
            };
            match added {
                Some(lines) => lines,
                None => payments::recovery_lines(on, recovery).await?,
            }
        }
        _ => {
            // What was added since it was signed is not of it.
            let later = payments::added_since(on, recovery.id, (one.no, None)).await?;
            let later: BTreeMap<i64, Fen> = later.unwrap_or_default().into_iter().collect();
            let mut all = payments::recovery_lines(on, recovery).await?;
            all.retain(|(line, asked)| later.get(line).is_none_or(|added| asked > added));
            all
        }
    };
    let mut months: Vec<Month> = Vec::new();
    for (line, _) in lines {
        let line = payments::find_line(on, line).await?;
        months.extend(line.map(|line| line.content.month));
    }
    let (first, last) = (months.iter().min(), months.iter().max());
    Ok(first.zip(last).map(|(first, last)| match first == last {
        true => written(*first),
        false => format!("{} 至 {}", written(*first), written(*last)),
    }))
}

/// Until when what was paid beyond is to be given back: the time of the step after it was handed over.
fn give_back_by(office: &Office, case: &Case, from: Day) -> Done<Day> {
    let none = || {
        CaseError::Refused("流程没有写退回的期限;请管理规则的人在送达以后的步骤写上“限”".to_owned())
    };
    let mut steps = case.procedure.steps.iter();
    let handing = steps.find(|step| step.ground == Some(Ground::Delivery));
    let next = handing.and_then(|step| case.procedure.next_of(&step.name, &case.standing.told));
    let limit = next.and_then(|step| step.limit.as_ref()).ok_or_else(none)?;
    let due = limit.length.due(from, office.calendar()?, &[]);
    let due = due.map_err(|none| CaseError::Refused(none.to_string()))?;
    Ok(due.day)
}
