//! 调阅: one case as whoever audits reads it — what happened, what was decided and on what, who looked — with nothing to do
//! on it. The look is in the chain first.

use super::afterwards::{DecisionLine, decision_line};
use super::shown::listed::{self, Happened};
use super::{DecidedAs, Done, load_with, note_look};
use crate::access::{Access, Acting, EntryRow, Right};
use domain::CaseNo;
use domain::casework::Outcome;
use store::audit::{self, About};
use store::decisions;

/// Entries of the chain that are shown.
const ENTRIES_SHOWN: u32 = 200;

/// One thing that happened, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// On which day.
    pub day: String,
    /// What, in which step.
    pub what: String,
    /// Which account.
    pub by: String,
    /// Why.
    pub because: String,
}

/// A first decision, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// Its number.
    pub no: i64,
    /// What, on which day, how much from when.
    pub what: String,
    /// What the rules said, and whether it departs from that.
    pub rules: String,
    /// Who proposed and who signed.
    pub by: String,
    /// Every reason.
    pub reasons: Vec<String>,
    /// The articles.
    pub articles: String,
}

/// 调阅档案.
#[derive(Clone, Debug)]
pub struct AuditedCase {
    /// 办件编号.
    pub no: i64,
    /// Its programme.
    pub title: String,
    /// Who applied, masked.
    pub applicant: String,
    /// Where.
    pub place: String,
    /// Where it stands.
    pub state: String,
    /// What is true of it.
    pub told: Vec<String>,
    /// What happened, oldest first.
    pub events: Vec<Event>,
    /// What was decided first.
    pub decisions: Vec<Decided>,
    /// What was decided afterwards.
    pub later: Vec<DecisionLine>,
    /// Who did or saw what of it, newest first.
    pub entries: Vec<EntryRow>,
}

/// One case for an audit.
///
/// # Errors
/// No right there, no such case, a near relative's, or the record.
pub async fn audited(access: &Access, who: &Acting, no: CaseNo) -> Done<AuditedCase> {
    let office = access.office();
    let case = load_with(office, who, Right::FLAGS, no).await?;
    note_look(office, who, &case, "审计调阅").await?;
    let line = listed::line(office, &case).await?;
    let first = decisions::of_case(&office.store, no).await?;
    let later = store::reviews::decisions(&office.store, no).await?;
    let about = About::Under {
        kind: "case".to_owned(),
        id: no.to_string(),
    };
    let entries = audit::list(&office.store, &about, i64::MAX, ENTRIES_SHOWN).await?;
    Ok(AuditedCase {
        no: no.get(),
        title: line.title,
        applicant: line.applicant,
        place: line.place,
        state: match (line.step.as_str(), line.outcome) {
            ("", outcome) => outcome
                .and_then(Outcome::from_word)
                .map_or("已经办结", Outcome::name)
                .to_owned(),
            (step, _) => format!("办到 {step}"),
        },
        told: case.standing.told.iter().cloned().collect(),
        events: listed::happened(&case).iter().map(event).collect(),
        decisions: first.iter().map(decided).collect(),
        later: later.iter().map(decision_line).collect(),
        entries: access.entry_rows(&entries).await?,
    })
}

fn event(one: &Happened) -> Event {
    let what = match one.kind {
        "submitted" => "收件",
        "completed" => "办完",
        "sent-back" => "退回",
        "paused" => "暂停",
        "resumed" => "恢复",
        "circumstance" => "登记情形",
        "transferred" => "转办",
        "handed-over" => "移交",
        "closed" => "办结",
        other => other,
    };
    Event {
        day: one.day.to_string(),
        what: [what, one.step.as_str(), one.name.as_str()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" · "),
        by: one.by.clone(),
        because: one.because.clone(),
    }
}

fn decided(one: &decisions::Decision) -> Decided {
    let content = &one.content;
    let outcome = match content.outcome {
        DecidedAs::Granted => "同意",
        DecidedAs::Refused => "不予",
    };
    let amount = content.amount.map(|amount| format!(",{amount} 元"));
    let from = content.from.map(|from| format!(",从 {from} 起"));
    let departs = match content.departs {
        true => format!("与规则不同:{}", content.because),
        false => "与规则相同".to_owned(),
    };
    Decided {
        no: one.no,
        what: format!(
            "{} {outcome}{}{}",
            content.day,
            amount.unwrap_or_default(),
            from.unwrap_or_default()
        ),
        rules: departs,
        by: format!("{} 提出,{} 签署", content.opinion.1, content.decider),
        reasons: content.reasons.lines().map(str::to_owned).collect(),
        articles: content.articles.lines().collect::<Vec<_>>().join("、"),
    }
}
