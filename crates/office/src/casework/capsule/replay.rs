//! 重演: a sealed decision — a first one, or a later one — evaluated again, and compared with what the rules of
//! today say.

use super::super::{CaseError, Done};
use super::{Capsule, Found, Shown, broken, judge, listed, rules_digest, texts};
use crate::office::Office;
use domain::Day;
use rules::explain::Mark;
use rules::situation::Moments;
use rules::{Rulebook, SourceText};
use std::collections::BTreeSet;
use std::fmt;
use store::digest::{hex, of_bytes};
use store::{Reads, decisions, reviews};

/// Which decision was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sealed {
    /// 审核确认决定.
    Decision(i64),
    /// 处理决定: change, gradual exit, stop, recovery.
    After(i64),
    /// 先行救助: help before the papers.
    First(i64),
}

impl Sealed {
    /// `3`, `decision:3`, `after-decision:3` or `first-help:3`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().split_once(':') {
            None => text.trim().parse().ok().map(Self::Decision),
            Some(("decision", no)) => no.parse().ok().map(Self::Decision),
            Some(("after-decision", no)) => no.parse().ok().map(Self::After),
            Some(("first-help", no)) => no.parse().ok().map(Self::First),
            Some(_) => None,
        }
    }

    /// The number.
    #[must_use]
    pub fn number(self) -> i64 {
        match self {
            Self::Decision(no) | Self::After(no) | Self::First(no) => no,
        }
    }
}

impl fmt::Display for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decision(no) => write!(f, "决定 {no}"),
            Self::After(no) => write!(f, "处理决定 {no}"),
            Self::First(no) => write!(f, "先行救助 {no}"),
        }
    }
}

/// 重演: what came of evaluating a decision again.
#[derive(Clone, Debug)]
pub struct Replay {
    /// Which decision.
    pub decision: Sealed,
    /// Number of the case.
    pub case: i64,
    /// SHA-256 of what was kept.
    pub digest: String,
    /// Whether the same bytes came out.
    pub same: bool,
    /// Where they do not: each place with what was kept and what came out.
    pub differs: Vec<String>,
    /// What was found then.
    pub then: Found,
    /// What the rules of today say of the same facts; says why when they cannot.
    pub now: Result<Found, String>,
    /// Reason by reason: where today's answer differs, and how.
    pub changed: Vec<String>,
    /// Whether the texts of the rules are the same today.
    pub rules_same: bool,
    /// The rules' files that have changed since.
    pub files: Vec<String>,
    /// Words of the facts today's rules no longer know.
    pub lost: Vec<String>,
}

/// Evaluates a decision again with the facts and rules it kept, and with the rules of today.
///
/// # Errors
/// No such decision, or what it kept cannot be read.
pub async fn replay(office: &Office, decision: i64) -> Done<Replay> {
    let found = decisions::find(&office.store, decision).await?;
    let kept = found
        .ok_or_else(|| CaseError::NotFound(format!("没有编号为 {decision} 的决定;请核对编号")))?;
    let whole = of_bytes(kept.content.capsule.as_bytes()) == kept.capsule_digest;
    let sealed = (kept.content.capsule.as_str(), kept.capsule_digest, whole);
    again(office, Sealed::Decision(decision), sealed).await
}

/// The same for a later decision: a change, a gradual exit, a stop, a recovery.
///
/// # Errors
/// No such decision, one that asked no rule, or what it kept cannot be read.
pub async fn replay_after(office: &Office, decision: i64) -> Done<Replay> {
    let found = reviews::find(&office.store, decision).await?;
    let kept = found.ok_or_else(|| {
        CaseError::NotFound(format!("没有编号为 {decision} 的处理决定;请核对编号"))
    })?;
    let capsule = kept.content.capsule.as_str();
    if capsule.is_empty() {
        let said = format!("处理决定 {decision} 没有按规则判断,没有封存可以重演;理由写在决定里");
        return Err(CaseError::Refused(said));
    }
    // A later decision has no digest of its capsule alone: the row's digest covers it.
    let whole = reviews::is_whole(&office.store, decision).await?;
    let sealed = (capsule, of_bytes(capsule.as_bytes()), whole);
    again(office, Sealed::After(decision), sealed).await
}

/// The same for help before the papers.
///
/// # Errors
/// No such help, or what it kept cannot be read.
pub async fn replay_first(office: &Office, help: i64) -> Done<Replay> {
    let found = store::prompt::find_help(&office.store, help).await?;
    let kept = found
        .ok_or_else(|| CaseError::NotFound(format!("没有编号为 {help} 的先行救助;请核对编号")))?;
    let whole = of_bytes(kept.content.capsule.as_bytes()) == kept.capsule_digest;
    let sealed = (kept.content.capsule.as_str(), kept.capsule_digest, whole);
    again(office, Sealed::First(help), sealed).await
}

/// What was sealed, computed again.
async fn again(
    office: &Office,
    decision: Sealed,
    (kept, digest, whole): (&str, [u8; 32], bool),
) -> Done<Replay> {
    let capsule = Capsule::read(kept)?;
    let then = rulebook_of(&office.store, &capsule.rules).await?;
    let day = |text: &str| Day::parse(text).map_err(|e| broken(&e.to_string()));
    let rules_day = day(&capsule.rules_day)?;
    let moments = Moments::case(day(&capsule.acceptance)?, Some(day(&capsule.decision)?));
    let program = then.program(&capsule.locality, rules_day).0;
    let about = (capsule.programme.as_str(), &capsule.subject);
    let again = Capsule {
        found: judge(&program, &capsule.facts, about, moments)?,
        rules: hex(&of_bytes(
            listed(&texts(&then, &capsule.locality)).as_bytes(),
        )),
        ..capsule.clone()
    };
    let mut differs = differences(&capsule, &again);
    if !whole {
        differs.insert(0, "封存的字节与决定里记的摘要不符".to_owned());
    }
    let same = whole && again.text()? == kept;
    let today = office.clock.today();
    let now = office.rules_on(today);
    let (_, lost) = capsule.facts.situation(&now);
    let judged = judge(
        &now,
        &capsule.facts,
        about,
        Moments::case(today, Some(today)),
    );
    let judged = judged.map_err(|why| why.to_string());
    let changed = match &judged {
        Ok(judged) => reasons(&capsule.found, judged),
        Err(why) => vec![why.clone()],
    };
    let files = changed_files(office, &then, &capsule.locality);
    Ok(Replay {
        decision,
        case: capsule.case,
        digest: hex(&digest),
        same,
        differs,
        then: capsule.found,
        now: judged,
        changed,
        rules_same: capsule.rules == rules_digest(office),
        files,
        lost: lost.into_iter().collect(),
    })
}

/// The rulebook a list of texts names.
async fn rulebook_of(on: &impl Reads, list: &str) -> Done<Rulebook> {
    let missing = |what: &str| broken(&format!("规则原文 {what} 不在了"));
    let list = text_of(on, list).await?.ok_or_else(|| missing(list))?;
    let mut sources = Vec::new();
    for line in list.lines() {
        let (digest, path) = line.split_once(' ').ok_or_else(|| missing(line))?;
        let text = text_of(on, digest).await?.ok_or_else(|| missing(path))?;
        sources.push(SourceText {
            path: path.to_owned(),
            text,
        });
    }
    Ok(Rulebook::read(sources))
}

async fn text_of(on: &impl Reads, digest: &str) -> Done<Option<String>> {
    let bytes: Option<Vec<u8>> = (0..digest.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(digest.get(at..at.saturating_add(2))?, 16).ok())
        .collect();
    let Some(digest) = bytes.and_then(|bytes| <[u8; 32]>::try_from(bytes).ok()) else {
        return Ok(None);
    };
    Ok(decisions::text(on, digest).await?)
}

fn changed_files(office: &Office, then: &Rulebook, locality: &str) -> Vec<String> {
    let (old, new) = (texts(then, locality), texts(&office.book, locality));
    let paths: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differs = |path: &&&String| old.get(**path) != new.get(**path);
    paths.iter().filter(differs).map(|p| (*p).clone()).collect()
}

/// Where what was kept and what came out differ.
fn differences(kept: &Capsule, again: &Capsule) -> Vec<String> {
    let mut out = Vec::new();
    if kept.rules != again.rules {
        out.push(format!("规则原文:{} → {}", kept.rules, again.rules));
    }
    if kept.found.verdict != again.found.verdict {
        let said = format!("结论:{} → {}", kept.found.verdict, again.found.verdict);
        out.push(said);
    }
    let pairs = kept.found.lines.iter().zip(&again.found.lines);
    for (a, b) in pairs.filter(|(a, b)| a != b) {
        out.push(format!("{}:{} → {}", a.name, a.result, b.result));
    }
    if kept.found.lines.len() != again.found.lines.len() {
        let (a, b) = (kept.found.lines.len(), again.found.lines.len());
        out.push(format!("说明的行数:{a} → {b}"));
    }
    if out.is_empty() && kept != again {
        out.push("条件、金额或者缺少的事实与封存的不同".to_owned());
    }
    out
}

/// Reason by reason, what today's rules see otherwise.
fn reasons(then: &Found, now: &Found) -> Vec<String> {
    let answer = |holds: Option<bool>| Mark::of(holds).sign();
    let mut out = Vec::new();
    if then.verdict != now.verdict {
        out.push(format!("结论:{} → {}", then.verdict, now.verdict));
    }
    for condition in &then.conditions {
        match now.conditions.iter().find(|c| c.name == condition.name) {
            None => out.push(format!("条件“{}”今天的规则里没有了", condition.name)),
            Some(other) if other.holds != condition.holds => {
                let why = [other.reason.as_str(), other.distance.as_str()];
                let why: Vec<&str> = why.into_iter().filter(|w| !w.is_empty()).collect();
                out.push(format!(
                    "条件“{}”:{} → {} {}",
                    condition.name,
                    answer(condition.holds),
                    answer(other.holds),
                    why.join(",")
                ));
            }
            Some(other) if other.cites != condition.cites => {
                let (a, b) = (condition.cites.join("、"), other.cites.join("、"));
                out.push(format!("条件“{}”的依据:{a} → {b}", condition.name));
            }
            Some(_) => {}
        }
    }
    for condition in &now.conditions {
        if !then.conditions.iter().any(|c| c.name == condition.name) {
            out.push(format!(
                "条件“{}”是后来加的:{}",
                condition.name,
                answer(condition.holds)
            ));
        }
    }
    for (name, words) in &then.benefits {
        let other = now.benefits.iter().find(|(n, _)| n == name);
        if other.is_none_or(|(_, w)| w != words) {
            let other = other.map_or("没有", |(_, w)| w.as_str());
            out.push(format!("给付“{name}”:{words} → {other}"));
        }
    }
    // The numbers behind it, where a parameter moved.
    for line in then.lines.iter().filter(|line| line.kind == "参数") {
        let same = |other: &&Shown| other.kind == "参数" && other.name == line.name;
        if let Some(other) = now.lines.iter().find(same)
            && other.result != line.result
        {
            let said = format!("参数“{}”:{} → {}", line.name, line.result, other.result);
            out.push(said);
        }
    }
    out
}
