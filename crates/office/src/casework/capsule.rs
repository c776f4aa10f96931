//! 决定封存: what a decision rested on, whole: every fact with its source, the texts of the rules by what they
//! say, the parameters that were looked up, and the explanation. The same bytes come out of it years later,
//! or the place where they do not.

mod replay;

use super::facts::Facts;
use super::{CaseError, Done};
use crate::error::OfficeError;
use crate::office::Office;
use domain::{Day, Fen};
use rules::Rulebook;
use rules::eval::{Evaluator, Verdict};
use rules::explain::{self, Detail, LineKind, Mark};
use rules::plan::{Body, FileId, Period, Program};
use rules::situation::Moments;
use rules::value::Value;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::JournalTx;
use store::decisions::{self, Decision};
use store::digest::{hex, of_bytes};
use store::notices::RuleResult;

pub use replay::{Replay, Sealed, replay, replay_after, replay_first};

/// The form of what is kept; a later one gets another word.
const FORMAT: &str = "doudi-capsule/1";
/// Folders of the rulebook no judgement of a case reads.
const NOT_READ: [&str; 6] = [
    "areas/",
    "calendars/",
    "guide/",
    "indicators/",
    "line/",
    "localities/",
];

/// ✓, ✗ or ？ of a condition, with its words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Condition {
    /// Its name.
    pub name: String,
    /// Whether it holds; none while a fact is missing.
    pub holds: Option<bool>,
    /// The articles.
    pub cites: Vec<String>,
    /// What the person is told when it does not hold.
    pub reason: String,
    /// By how much.
    pub distance: String,
}

/// One line of the explanation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// What kind of quantity.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its formula in names.
    pub formula: String,
    /// The same in numbers.
    pub numbers: String,
    /// Its value.
    pub result: String,
    /// ✓ ✗ ？, or nothing.
    pub mark: String,
    /// The articles.
    pub cites: Vec<String>,
    /// Reason, distance, what an unknown number may be, the document of a parameter.
    pub notes: Vec<String>,
    /// Its rows: 成员 1, never a name.
    pub rows: Vec<String>,
}

/// What the rules say of the facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// 符合, 不符合 …, 待查 …
    pub verdict: String,
    /// Every condition.
    pub conditions: Vec<Condition>,
    /// The benefits by name with their words.
    pub benefits: Vec<(String, String)>,
    /// Their sum in 分; none while it is unknown or no whole number of 分.
    pub amount_fen: Option<i64>,
    /// Whether it is paid month by month.
    pub monthly: bool,
    /// What is missing.
    pub missing: Vec<String>,
    /// The explanation.
    pub lines: Vec<Shown>,
    result: String,
}

/// 决定封存.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capsule {
    format: String,
    /// Number of the case.
    pub case: i64,
    /// The programme, by its file's name.
    pub programme: String,
    locality: String,
    /// The day whose rules it follows.
    pub rules_day: String,
    /// 受理日.
    pub acceptance: String,
    /// 认定日.
    pub decision: String,
    /// Whom it is about: what it is, and the register's number.
    pub subject: (String, i64),
    /// SHA-256 of the list of the rules' texts.
    pub rules: String,
    /// All that was known.
    pub facts: Facts,
    /// What the rules say of it.
    pub found: Found,
}

/// What is judged, and when.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub case: i64,
    pub programme: String,
    pub rules_day: Day,
    pub acceptance: Day,
    pub decision: Day,
    pub subject: (String, i64),
}

impl Found {
    /// 符合, 不符合 or 待查.
    #[must_use]
    pub fn result(&self) -> RuleResult {
        RuleResult::from_word(&self.result).unwrap_or(RuleResult::Pending)
    }

    /// The benefits' sum.
    #[must_use]
    pub fn amount(&self) -> Option<Fen> {
        self.amount_fen.map(Fen::new)
    }

    /// Whether the programme gives money at all; recognition alone (低保边缘, 刚性支出) gives none.
    #[must_use]
    pub fn pays(&self) -> bool {
        !self.benefits.is_empty()
    }

    /// The conditions that do not hold.
    pub fn failing(&self) -> impl Iterator<Item = &Condition> {
        self.conditions.iter().filter(|c| c.holds == Some(false))
    }

    /// Every article cited, each once: of what does not hold, else of all.
    #[must_use]
    pub fn articles(&self) -> Vec<String> {
        let bad = self.failing().next().is_some();
        let read = self.conditions.iter();
        let read = read.filter(|c| !bad || c.holds == Some(false));
        let mut out: Vec<String> = Vec::new();
        for cite in read.flat_map(|c| &c.cites) {
            if !out.contains(cite) {
                out.push(cite.clone());
            }
        }
        out
    }
}

/// Judges the facts by a program.
pub(crate) fn judge(
    program: &Program,
    facts: &Facts,
    (programme, subject): (&str, &(String, i64)),
    moments: Moments,
) -> Done<Found> {
    let unknown = || CaseError::Refused(format!("规则手册里没有在那一天施行的政策 `{programme}`"));
    let (file, plan) = program.file(programme).ok_or_else(unknown)?;
    let (situation, _) = facts.situation(program);
    let entity = program.dict.entity(&subject.0);
    let at = entity.and_then(|entity| situation.find(entity, subject.1));
    let at = at.ok_or_else(|| {
        let said = "户籍登记里没有这一户(人),不能按规则判断;请先认人,或者等下个月的登记来文";
        CaseError::Refused(said.to_owned())
    })?;
    let mut eval = Evaluator::new(program, &situation, moments);
    let told = explain::explain(&mut eval, file, at, Detail::Whole).ok_or_else(unknown)?;
    let outcome = &told.outcome;
    let mut conditions = Vec::new();
    for (item, holds) in &outcome.conditions {
        let Some(known) = program.item(*item) else {
            continue;
        };
        let cites = match &known.body {
            Body::Condition { cites, .. } => cites.clone(),
            _ => Vec::new(),
        };
        let line = told.lines.iter().find(|line| line.item == *item);
        conditions.push(Condition {
            name: known.name.clone(),
            holds: *holds,
            cites,
            reason: match holds {
                Some(false) => eval.reason(*item, at).unwrap_or_default(),
                Some(true) | None => String::new(),
            },
            distance: line
                .and_then(|line| line.distance.clone())
                .unwrap_or_default(),
        });
    }
    let benefits = outcome.benefits.iter().filter_map(|(item, value)| {
        let item = program.item(*item)?;
        let words = rules::show::value(*value, item.ty, &program.dict);
        Some((item.name.clone(), words))
    });
    let verdict = match outcome.verdict {
        Some(Verdict::Eligible) => RuleResult::Eligible,
        Some(Verdict::Ineligible) => RuleResult::Ineligible,
        Some(Verdict::Pending) | None => RuleResult::Pending,
    };
    Ok(Found {
        verdict: told.verdict_text.clone(),
        conditions,
        benefits: benefits.collect(),
        amount_fen: sum(outcome),
        monthly: plan.period == Period::Month,
        missing: told.missing.clone(),
        lines: told.lines.iter().map(shown).collect(),
        result: verdict.word().to_owned(),
    })
}

/// What a quantity of a programme is for its subject; none where the rules have none by that name, or nobody like
/// that is known.
pub(crate) fn quantity(
    program: &Program,
    facts: &Facts,
    (programme, subject): (&str, &(String, i64)),
    moments: Moments,
    name: &str,
) -> Option<Value> {
    let item = program.find(&format!("{programme}.{name}"))?;
    let (situation, _) = facts.situation(program);
    let entity = program.dict.entity(&subject.0)?;
    let at = situation.find(entity, subject.1)?;
    let mut eval = Evaluator::new(program, &situation, moments);
    Some(eval.value(item, at))
}

/// The sum of the benefits in 分; none while one is unknown or no whole number.
fn sum(outcome: &rules::eval::Outcome) -> Option<i64> {
    let mut total = 0_i64;
    for (_, value) in &outcome.benefits {
        let Value::Num(n) = value else { return None };
        let whole = (n.den() == 1).then(|| i64::try_from(n.num()).ok())??;
        total = total.checked_add(whole)?;
    }
    (!outcome.benefits.is_empty()).then_some(total)
}

fn shown(line: &explain::Line) -> Shown {
    let kind = match line.kind {
        LineKind::Fact => "事实",
        LineKind::Status => "身份",
        LineKind::Parameter => "参数",
        LineKind::Formula => "计算",
        LineKind::Classify => "归类",
        LineKind::Itemise => "分项",
        LineKind::Condition => "条件",
        LineKind::Benefit => "给付",
        LineKind::Verdict => "结论",
        LineKind::Trigger => "触发",
        LineKind::Rate => "比率",
    };
    let mut result = line.result.clone();
    if let Some(rounding) = &line.rounding {
        result = format!("{result}({rounding})");
    }
    let notes = [
        line.reason.clone(),
        line.distance.clone(),
        line.tentative.clone(),
        line.note.clone(),
        line.file.as_ref().map(|file| format!("见《{file}》")),
    ];
    let rows = line.rows.iter().map(|row| {
        let mark = row.mark.map_or("", Mark::sign);
        let parts = [row.label.as_str(), mark, row.result.as_str()];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(" ")
    });
    Shown {
        kind: kind.to_owned(),
        name: line.name.clone(),
        formula: line.formula.clone().unwrap_or_default(),
        numbers: line.numbers.clone().unwrap_or_default(),
        result,
        mark: line.mark.map_or("", Mark::sign).to_owned(),
        cites: line.cites.clone(),
        notes: notes
            .into_iter()
            .flatten()
            .filter(|n| !n.is_empty())
            .collect(),
        rows: rows.collect(),
    }
}

/// The texts a judgement may read, by path.
fn texts(book: &Rulebook, locality: &str) -> BTreeMap<String, String> {
    let own = format!("localities/{locality}/");
    let base = book.base_of(locality);
    let base = base.map(|base| format!("localities/{base}/"));
    let read = |path: &String| {
        let of_base = base.as_ref().is_some_and(|base| path.starts_with(base));
        path.starts_with(&own) || of_base || !NOT_READ.iter().any(|folder| path.starts_with(folder))
    };
    let texts = book.texts().iter().filter(|(path, _)| read(path));
    texts.map(|(p, t)| (p.clone(), t.clone())).collect()
}

/// The list of texts: path and digest, one a line.
fn listed(texts: &BTreeMap<String, String>) -> String {
    let line =
        |(path, text): (&String, &String)| format!("{} {path}\n", hex(&of_bytes(text.as_bytes())));
    texts.iter().map(line).collect()
}

/// Keeps the texts a judgement may read; answers the digest of their list.
pub(crate) async fn keep_rules(office: &Office, tx: &mut JournalTx) -> Done<String> {
    let texts = texts(&office.book, &office.locality);
    let list = listed(&texts);
    let digest = of_bytes(list.as_bytes());
    if !decisions::has_text(tx, digest).await? {
        for text in texts.values() {
            decisions::keep_text(tx, text).await?;
        }
        decisions::keep_text(tx, &list).await?;
    }
    Ok(hex(&digest))
}

/// The digest the rules would be kept under now.
pub(crate) fn rules_digest(office: &Office) -> String {
    hex(&of_bytes(
        listed(&texts(&office.book, &office.locality)).as_bytes(),
    ))
}

impl Capsule {
    /// What is kept of a judgement.
    pub(crate) fn of(
        office: &Office,
        question: &Question,
        rules: String,
        facts: Facts,
        found: Found,
    ) -> Self {
        Self {
            format: FORMAT.to_owned(),
            case: question.case,
            programme: question.programme.clone(),
            locality: office.locality.clone(),
            rules_day: question.rules_day.to_string(),
            acceptance: question.acceptance.to_string(),
            decision: question.decision.to_string(),
            subject: question.subject.clone(),
            rules,
            facts,
            found,
        }
    }

    /// The bytes that are kept.
    pub(crate) fn text(&self) -> Done<String> {
        let text = serde_json::to_string(self);
        text.map_err(|error| CaseError::Office(OfficeError::Other(error.to_string())))
    }

    /// Reads what was kept.
    ///
    /// # Errors
    /// It is of another form.
    pub fn read(text: &str) -> Done<Self> {
        let read: Result<Self, _> = serde_json::from_str(text);
        match read {
            Ok(capsule) if capsule.format == FORMAT => Ok(capsule),
            Ok(other) => Err(broken(&format!("格式是 {}", other.format))),
            Err(error) => Err(broken(&error.to_string())),
        }
    }
}

fn broken(why: &str) -> CaseError {
    CaseError::Office(OfficeError::Other(format!("决定封存读不出来:{why}")))
}

/// The capsule of a decision.
///
/// # Errors
/// It is of another form.
pub fn of_decision(decision: &Decision) -> Done<Capsule> {
    Capsule::read(&decision.content.capsule)
}

/// A file of a program, for who asks whether a programme is judged at all.
#[must_use]
pub fn has_rules(program: &Program, programme: &str) -> Option<FileId> {
    let (id, plan) = program.file(programme)?;
    plan.verdict.map(|_| id)
}
