//! 后续页: a case after the decision as its page shows it — before and after, who was told and heard, what was
//! decided and from when it holds.

use super::super::capsule::Found;
use super::super::receivers::way_word;
use super::super::{
    Case, CaseError, Done, Receiver, note_look, online, place_name, read, receivers, recognised,
};
use super::exit::plan;
use super::letters::printable;
use super::may::{MayAfter, may};
use super::similar::{Similar, similar};
use super::weigh::weigh;
use super::words::said;
use super::{AfterPurpose, AfterState, purpose_name};
use crate::access::{Acting, Right};
use crate::office::Office;
use domain::{CaseNo, Day};
use store::entitlements;
use store::hearings::{self, HeardAnswer, HeardAs, Hearing, HearingNotice};
use store::reviews::{self, AfterDecision};
use store::{Reads, cases};

/// Lines of a list.
const ROWS_MAX: u32 = 500;

/// What was told or heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HearingLine {
    /// 办件编号.
    pub case: i64,
    /// When, and how.
    pub when: String,
    /// What was said.
    pub words: String,
    /// Until when they may answer; empty for what was heard.
    pub until: String,
    /// Whether that is over without anybody heard.
    pub late: bool,
}

/// One decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionLine {
    /// Its number.
    pub no: i64,
    /// 办件编号.
    pub case: i64,
    /// What, on which day, by whom.
    pub what: String,
    /// How much before and after, and from when.
    pub amounts: String,
    /// Every reason.
    pub reasons: Vec<String>,
    /// The articles.
    pub articles: String,
    /// How to ask for review or sue.
    pub remedy: String,
    /// Heard, or why not.
    pub heard: String,
    /// Whether it holds, and since when.
    pub state: String,
}

/// 后续页.
#[derive(Clone, Debug)]
pub struct AfterFile {
    /// 办件编号.
    pub no: i64,
    /// What it is for.
    pub purpose: &'static str,
    /// Its procedure.
    pub procedure: String,
    /// The programme.
    pub programme: String,
    /// Whose, masked.
    pub payee: String,
    /// Whose file.
    pub household: i64,
    /// Where.
    pub place: String,
    /// What it came from.
    pub cause: String,
    /// The open step; empty when it is closed.
    pub step: String,
    /// By when; empty for none.
    pub due: String,
    /// How much a month now.
    pub before: String,
    /// What the rules give now, in words.
    pub after: String,
    /// From which month a decision of today holds.
    pub from: String,
    /// What the rules say; or why they could not be asked.
    pub found: Result<Found, String>,
    /// A gradual exit as it would be: month, amount.
    pub exit: Vec<(String, String)>,
    /// What was settled before about cases like it.
    pub similar: Vec<Similar>,
    /// What was told, then heard.
    pub hearings: Vec<HearingLine>,
    /// What was decided.
    pub decisions: Vec<DecisionLine>,
    /// What must come back; empty for nothing.
    pub recovery: String,
    /// The letters that can be printed by this person.
    pub letters: Vec<String>,
    /// Who may sign for what is handed over; empty while nothing is.
    pub receivers: Vec<Receiver>,
    /// That whoever it is to agreed to read it, and until when; empty where nothing waits for that.
    pub reading: String,
    /// What this person may do.
    pub may: MayAfter,
}

/// One case in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AfterLine {
    /// 办件编号.
    pub no: i64,
    /// What it is for.
    pub purpose: &'static str,
    /// The programme.
    pub programme: String,
    /// Whose, masked.
    pub payee: String,
    /// Where.
    pub place: String,
    /// The open step.
    pub step: String,
    /// By when.
    pub due: String,
    /// Whether that is over.
    pub late: bool,
}

/// A case within somebody's places, for a work of its own right, as it stands in a write.
pub(super) async fn within(
    office: &Office,
    on: &impl Reads,
    who: &Acting,
    (right, no): (Right, CaseNo),
) -> Done<Case> {
    let scope = who.scope(right)?;
    let missing = || CaseError::NotFound(format!("没有编号为 {no} 的办件;请核对编号"));
    let case = read(office, on, no).await?.ok_or_else(missing)?;
    if !scope.contains(&case.standing.area) {
        return Err(missing());
    }
    super::super::not_a_relative(who, &case)?;
    Ok(case)
}

/// One case.
///
/// # Errors
/// No right, no such case, one that leads to a first decision, or the record.
pub async fn after_file(office: &Office, who: &Acting, no: CaseNo) -> Done<AfterFile> {
    let store = &office.store;
    let case = within(office, store, who, (Right::CASE, no)).await?;
    let weighed = weigh(office, store, &case).await?;
    let help = &weighed.help;
    let decided = reviews::decisions(store, no).await?;
    let names = store::identity::masked(store, &[help.payee]).await?;
    let payee = names.into_values().next().and_then(|masked| masked.name);
    let today = office.clock.today();
    note_look(office, who, &case, "").await?;
    let exit = match weighed.after.purpose {
        AfterPurpose::GradualExit => {
            let plan = plan(office, &help.area, weighed.before, weighed.from);
            plan.map(|plan| plan.until(weighed.ends)).map_or_else(
                |_| Vec::new(),
                |plan| {
                    let mut out: Vec<(String, String)> = plan
                        .parts
                        .iter()
                        .map(|part| {
                            (
                                format!("{} 起", part.from),
                                format!("每月 {} 元", part.amount),
                            )
                        })
                        .collect();
                    out.push((format!("{} 起", plan.last.next()), "停发".to_owned()));
                    out
                },
            )
        }
        AfterPurpose::Review
        | AfterPurpose::Change
        | AfterPurpose::Ending
        | AfterPurpose::Recovery => Vec::new(),
    };
    let mut recovery = match weighed.after.recovery {
        None => String::new(),
        Some(id) => {
            let found = store::payments::find_recovery(store, id).await?;
            found.map_or_else(String::new, |one| {
                format!("追回 {id}:{} 元", one.content.amount)
            })
        }
    };
    let ruled = weighed.ruled();
    let (may, beside) = may(office, who, &case, (&weighed, &decided)).await?;
    recovery.push_str(&beside);
    let judged = weighed.judged.as_ref().map(|judged| judged.found.clone());
    let similar = similar(office, who, (&case, judged.as_ref().ok())).await?;
    Ok(AfterFile {
        no: no.get(),
        purpose: purpose_name(weighed.after.purpose),
        procedure: case.procedure.title.clone(),
        programme: office.title(&help.programme),
        payee: payee.unwrap_or_else(|| "姓名未登记".to_owned()),
        household: help.household.get(),
        place: place_name(office, &case.standing.area, today).await?,
        cause: cause_words(&weighed.after.cause),
        step: case
            .standing
            .open
            .as_ref()
            .map_or_else(String::new, |open| open.name.clone()),
        due: case
            .clock
            .next_due()
            .map_or_else(String::new, |due| due.to_string()),
        before: match recognised::is_one(help) {
            true => super::paid_words(help, weighed.before),
            false => format!("{} 元", weighed.before),
        },
        after: match (&weighed.judged, ruled) {
            (Ok(_), Some(after)) => format!("{after} 元"),
            (Ok(judged), None) => judged.found.verdict.clone(),
            (Err(why), _) => why.clone(),
        },
        from: weighed.from.to_string(),
        found: judged.map_err(Clone::clone),
        exit,
        similar,
        hearings: heard_lines(office, store, no).await?,
        decisions: decided.iter().map(decision_line).collect(),
        recovery,
        letters: match who.may(Right::CASE_HANDLE) {
            true => printable(store, &case).await?,
            false => Vec::new(),
        },
        receivers: match may.deliver {
            true => receivers::choices(office, store, &case).await?,
            false => Vec::new(),
        },
        reading: match may.deliver {
            true => online::waits(office, store, &case)
                .await?
                .map(online::Wait::words),
            false => None,
        }
        .unwrap_or_default(),
        may,
    })
}

fn cause_words(cause: &entitlements::Cause) -> String {
    match cause.kind.as_str() {
        "due" => {
            // After one of that day that was closed early, its number follows.
            let day = cause.id.split(':').next();
            format!("到期核查 {}", day.unwrap_or_default())
        }
        "warning" => format!("预警 № {}", cause.id),
        "case" => format!("办件 № {}", cause.id),
        "recovery" => format!("追回 {}", cause.id),
        _ => "直接登记".to_owned(),
    }
}

async fn heard_lines(office: &Office, on: &impl Reads, no: CaseNo) -> Done<Vec<HearingLine>> {
    let notices = hearings::notices(on, no).await?;
    let heard = hearings::hearings(on, no).await?;
    let today = office.clock.today();
    let mut out: Vec<HearingLine> = Vec::new();
    for notice in &notices {
        let answered = heard.iter().any(|one| one.content.notice.0 == notice.no);
        out.push(notice_line(notice, answered, today));
    }
    out.extend(heard.iter().map(hearing_line));
    Ok(out)
}

fn notice_line(notice: &HearingNotice, answered: bool, today: Day) -> HearingLine {
    let content = &notice.content;
    HearingLine {
        case: content.case.get(),
        when: format!("{} 告知({})", content.told, way_word(content.way)),
        words: content.plan.clone(),
        until: format!("可以在 {} 以前提意见", content.until),
        late: !answered && content.until < today,
    }
}

fn hearing_line(hearing: &Hearing) -> HearingLine {
    let content = &hearing.content;
    let form = match content.form {
        HeardAs::Spoken => "口头陈述",
        HeardAs::Written => "书面意见",
        HeardAs::Hearing => "当面听证",
        HeardAs::Nothing => "到期",
    };
    let answer = match content.answer {
        HeardAnswer::Agrees => "同意",
        HeardAnswer::Objects => "不同意",
        HeardAnswer::Silent => "没有提出",
    };
    HearingLine {
        case: content.case.get(),
        when: format!("{} {form},{answer}", content.day),
        words: content.words.clone(),
        until: String::new(),
        late: false,
    }
}

pub(in super::super) fn decision_line(one: &AfterDecision) -> DecisionLine {
    let content = &one.content;
    let (what, amounts) = said(content);
    DecisionLine {
        no: one.no,
        case: content.case.get(),
        what: format!("{} {what},{} 签署", content.day, content.decider),
        amounts,
        reasons: content.reasons.lines().map(str::to_owned).collect(),
        articles: content.articles.lines().collect::<Vec<_>>().join("、"),
        remedy: content.remedy.clone(),
        heard: match &content.heard {
            Ok(no) => format!("听取意见 {no}"),
            Err(why) => why.clone(),
        },
        state: match (one.state, &one.effect) {
            (AfterState::Signed, _) => "已签署,还没有送达,没有生效".to_owned(),
            (AfterState::Replaced, _) => "已被后来的决定代替".to_owned(),
            (AfterState::Effective, None) => "生效".to_owned(),
            (AfterState::Effective, Some(effect)) => format!(
                "{} {}送达({}){}",
                effect.day,
                way_word(effect.way),
                effect.receiver,
                match effect.from {
                    Some(from) => format!(",从 {from} 起执行"),
                    None => String::new(),
                }
            ),
        },
    }
}

/// The open cases of a purpose within somebody's places, the first due first.
///
/// # Errors
/// No right, or the record.
pub async fn list(office: &Office, who: &Acting, purpose: AfterPurpose) -> Done<Vec<AfterLine>> {
    let scope = who.scope(Right::CASE)?;
    let store = &office.store;
    let today = office.clock.today();
    let mut out = Vec::new();
    for place in scope.each_place() {
        for after in reviews::list_open(store, place.as_ref(), purpose, ROWS_MAX).await? {
            let Some(row) = cases::find(store, after.case).await? else {
                continue;
            };
            let content = &row.content;
            let near = who.is_kept_from_person(content.applicant)
                || content.household.is_some_and(|home| who.is_kept_from(home));
            if near {
                continue;
            }
            let names = store::identity::masked(store, &[content.applicant]).await?;
            let payee = names.into_values().next().and_then(|masked| masked.name);
            out.push(AfterLine {
                no: row.no.get(),
                purpose: purpose_name(purpose),
                programme: office.title(&content.programme),
                payee: payee.unwrap_or_else(|| "姓名未登记".to_owned()),
                place: place_name(office, &row.current.area, today).await?,
                step: row.current.step.clone(),
                due: row
                    .current
                    .due
                    .map_or_else(|| "不限".to_owned(), |due| due.to_string()),
                late: row.current.due.is_some_and(|due| due < today),
            });
        }
    }
    Ok(out)
}

/// Families that were told and whose time runs, within somebody's places.
///
/// # Errors
/// No right, or the record.
pub async fn running_hearings(office: &Office, who: &Acting) -> Done<Vec<HearingLine>> {
    let scope = who.scope(Right::CASE)?;
    let today = office.clock.today();
    let mut out = Vec::new();
    for place in scope.each_place() {
        let all = hearings::running(&office.store, place.as_ref(), ROWS_MAX).await?;
        for (notice, heard) in &all {
            let row = cases::find(&office.store, notice.content.case).await?;
            let near = row.is_none_or(|row| {
                who.is_kept_from_person(row.content.applicant)
                    || row
                        .content
                        .household
                        .is_some_and(|home| who.is_kept_from(home))
            });
            if !near {
                out.push(notice_line(notice, *heard > 0, today));
            }
        }
    }
    Ok(out)
}
