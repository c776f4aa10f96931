//! 结果: what a file says of one instance — verdict, conditions, benefits, proposals, warnings.

use super::{Evaluator, Gap, Place};
use crate::plan::{Body, FileId, FilePlan, Grant, ItemId, Program, TextPart};
use crate::show;
use crate::situation::{InstanceId, Moments, Situation};
use crate::value::Value;
use domain::Day;

/// 符合, 不符合 or 待查.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// 符合
    Eligible,
    /// 不符合: some condition is false.
    Ineligible,
    /// 待查: no condition is false, some is unknown.
    Pending,
}

impl Verdict {
    /// From the three-valued answer of `file.符合`.
    pub fn from_answer(answer: Option<bool>) -> Self {
        match answer {
            Some(true) => Self::Eligible,
            Some(false) => Self::Ineligible,
            None => Self::Pending,
        }
    }

    /// The word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Eligible => "符合",
            Self::Ineligible => "不符合",
            Self::Pending => "待查",
        }
    }
}

/// 拟给予: a status proposed; it exists once a person signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantProposal {
    /// The status.
    pub status: ItemId,
    /// To whom.
    pub at: InstanceId,
    /// First day; none where 起 is not written or not known yet (no 认定日).
    pub from: Option<Day>,
    /// Last day; none where 止 is not written or not known yet.
    pub to: Option<Day>,
}

/// 触发: a warning that fired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fired {
    /// The trigger.
    pub trigger: ItemId,
    /// Its place in the file's dispatches.
    pub dispatch: usize,
    /// 说明 with its numbers.
    pub text: String,
    /// 紧急, in 分值; unknown when not written.
    pub urgency: Value,
}

/// 结果 of one file for one instance.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The file.
    pub file: FileId,
    /// Whom it is about.
    pub at: InstanceId,
    /// 符合, 不符合 or 待查; none for a file without conditions.
    pub verdict: Option<Verdict>,
    /// Every condition with its answer.
    pub conditions: Vec<(ItemId, Option<bool>)>,
    /// Every benefit with its amount, whatever the verdict.
    pub benefits: Vec<(ItemId, Value)>,
    /// What to ask for: the causes of the unknown conditions, or of unknown benefits when 符合.
    pub missing: Vec<Gap>,
    /// Statuses proposed; only when 符合.
    pub grants: Vec<GrantProposal>,
    /// Warnings that fired.
    pub fired: Vec<Fired>,
}

impl Outcome {
    /// The conditions that are false.
    pub fn failing(&self) -> impl Iterator<Item = ItemId> {
        self.conditions
            .iter()
            .filter(|(_, a)| *a == Some(false))
            .map(|(c, _)| *c)
    }

    /// The conditions that are unknown.
    pub fn unknown(&self) -> impl Iterator<Item = ItemId> {
        self.conditions
            .iter()
            .filter(|(_, a)| a.is_none())
            .map(|(c, _)| *c)
    }
}

/// Judges one instance by one file.
pub fn evaluate(
    program: &Program,
    situation: &Situation,
    moments: Moments,
    at: InstanceId,
    file: FileId,
) -> Option<Outcome> {
    Evaluator::new(program, situation, moments).outcome(file, at)
}

/// 结果 as a case table writes it: `符合`, `不符合 甲、乙`, `待查 丙`.
pub fn result_text(program: &Program, outcome: &Outcome) -> String {
    let names = |items: &mut dyn Iterator<Item = ItemId>| -> String {
        let names: Vec<&str> = items
            .filter_map(|i| program.item(i))
            .map(|i| i.name.as_str())
            .collect();
        names.join("、")
    };
    match outcome.verdict {
        None => String::new(),
        Some(Verdict::Eligible) => Verdict::Eligible.word().to_owned(),
        Some(Verdict::Ineligible) => format!("不符合 {}", names(&mut outcome.failing())),
        Some(Verdict::Pending) => format!("待查 {}", names(&mut outcome.unknown())),
    }
}

impl<'p> Evaluator<'p> {
    /// What a file says of an instance; none when there is no such file.
    pub fn outcome(&mut self, file_id: FileId, at: InstanceId) -> Option<Outcome> {
        let program = self.program;
        let file = program.files.get(file_id.at())?;
        let place = Place::own(at);
        let conditions: Vec<(ItemId, Option<bool>)> = file
            .conditions
            .iter()
            .map(|c| (*c, self.item(*c, place).truth()))
            .collect();
        let benefits: Vec<(ItemId, Value)> = file
            .benefits
            .iter()
            .map(|(b, _)| (*b, self.item(*b, place)))
            .collect();
        let verdict =
            (!conditions.is_empty()).then(|| Verdict::from_answer(self.verdict(file_id, at)));
        let missing = self.missing(verdict, &conditions, &benefits, at);
        let grants = if verdict == Some(Verdict::Eligible) {
            self.grants(file, at)
        } else {
            Vec::new()
        };
        let fired = self.fired(file, at);
        Some(Outcome {
            file: file_id,
            at,
            verdict,
            conditions,
            benefits,
            missing,
            grants,
            fired,
        })
    }

    /// Nobody is asked for anything that cannot change a refusal.
    fn missing(
        &mut self,
        verdict: Option<Verdict>,
        conditions: &[(ItemId, Option<bool>)],
        benefits: &[(ItemId, Value)],
        at: InstanceId,
    ) -> Vec<Gap> {
        if verdict == Some(Verdict::Ineligible) {
            return Vec::new();
        }
        let unknown: Vec<ItemId> = conditions
            .iter()
            .filter(|(_, answer)| answer.is_none())
            .map(|(c, _)| *c)
            .chain(
                benefits
                    .iter()
                    .filter(|(_, v)| !v.is_known())
                    .map(|(b, _)| *b),
            )
            .collect();
        if unknown.is_empty() {
            Vec::new()
        } else {
            self.gaps(&unknown, at)
        }
    }

    fn grants(&mut self, file: &'p FilePlan, at: InstanceId) -> Vec<GrantProposal> {
        let situation = self.situation;
        let mut proposals = Vec::new();
        for grant in &file.grants {
            match grant.relation {
                None => {
                    proposals.extend(self.proposal(grant, Place::own(at), Some(at)));
                }
                Some(relation) => {
                    let Some(list) = situation.list_of(at, relation) else {
                        continue;
                    };
                    let len = situation.list(list).map_or(0, |l| l.rows.len());
                    for row in 0..len {
                        let place = Place::row(at, list, row);
                        proposals.extend(self.proposal(grant, place, self.target(place)));
                    }
                }
            }
        }
        proposals
    }

    fn proposal(
        &mut self,
        grant: &'p Grant,
        place: Place,
        to_whom: Option<InstanceId>,
    ) -> Option<GrantProposal> {
        let holds = grant
            .when
            .as_ref()
            .map_or(Some(true), |when| self.truth(when, place));
        if holds != Some(true) {
            return None;
        }
        let mut day = |e: &'p Option<crate::plan::Expr>| match self.expr(e.as_ref()?, place) {
            Value::Day(day) => Some(day),
            _ => None,
        };
        Some(GrantProposal {
            status: grant.status,
            at: to_whom?,
            from: day(&grant.from),
            to: day(&grant.to),
        })
    }

    fn fired(&mut self, file: &'p FilePlan, at: InstanceId) -> Vec<Fired> {
        let mut fired = Vec::new();
        for (place, dispatch) in file.dispatches.iter().enumerate() {
            if self.item(dispatch.trigger, Place::own(at)) != Value::Bool(true) {
                continue;
            }
            let text = self.text(&dispatch.text, at);
            let urgency = dispatch
                .urgency
                .as_ref()
                .map_or(Value::Unknown, |e| self.expr(e, Place::own(at)));
            fired.push(Fired {
                trigger: dispatch.trigger,
                dispatch: place,
                text,
                urgency,
            });
        }
        fired
    }

    /// A text with its {names} filled in.
    pub fn text(&mut self, parts: &'p [TextPart], at: InstanceId) -> String {
        let program = self.program;
        let mut out = String::new();
        for part in parts {
            match part {
                TextPart::Words(words) => out.push_str(words),
                TextPart::Quote(e) => {
                    let value = self.expr(e, Place::own(at));
                    out.push_str(&show::value(value, e.ty, &program.dict));
                }
            }
        }
        out
    }

    /// What the person is told when a condition is false.
    pub fn reason(&mut self, condition: ItemId, at: InstanceId) -> Option<String> {
        match &self.program.item(condition)?.body {
            Body::Condition { otherwise, .. } => Some(self.text(otherwise, at)),
            _ => None,
        }
    }
}
