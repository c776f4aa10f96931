//! 个案的办理: what happened to a case, folded with its procedure, tells whose it is, since and until when.
//!
//! Never asks what day it is, who somebody is or what a step is called: the caller says the day, the
//! record says the events, the rulebook says the steps. A deadline is worked out each time, never kept.

mod clock;

pub use clock::{Clock, Runs, clocks, kept_clock, pause_left};

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::procedure::{Procedure, Step};
use crate::{AreaCode, Day};

/// 结果: how a case ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// 同意: granted, changed or stopped as was proposed.
    Granted,
    /// 不予: refused, with its reasons.
    Refused,
    /// 撤回: the applicant takes it back.
    Withdrawn,
    /// 终止办理: it cannot go on.
    Ended,
    /// 并入: another case does it.
    Joined,
    /// 办结: all steps are done and nothing had to be decided.
    Done,
}

impl Outcome {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Granted,
        Self::Refused,
        Self::Withdrawn,
        Self::Ended,
        Self::Joined,
        Self::Done,
    ];

    /// The word the record keeps.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Ended => "ended",
            Self::Joined => "joined",
            Self::Done => "done",
        }
    }

    /// What officials call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Granted => "同意",
            Self::Refused => "不予确认",
            Self::Withdrawn => "申请人撤回",
            Self::Ended => "终止办理",
            Self::Joined => "并入另一件",
            Self::Done => "办结",
        }
    }

    /// Whether somebody may end a case so before its last step. What was decided comes with the last step only;
    /// so does 办结, but for a case whose end comes about by itself.
    #[must_use]
    pub const fn is_early(self) -> bool {
        match self {
            Self::Withdrawn | Self::Ended | Self::Joined => true,
            Self::Granted | Self::Refused | Self::Done => false,
        }
    }

    /// The outcome a kept word stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.word() == word)
    }
}

/// What happens to a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// 提交: it begins with the procedure's first step.
    Submitted,
    /// 步骤完成
    Completed {
        /// Which step.
        step: String,
        /// What it gave: a record or a letter.
        gave: String,
        /// Who else did it, where it takes two.
        others: Vec<String>,
        /// What was decided by it.
        decided: Option<Outcome>,
    },
    /// 退回 to a step that was done before.
    SentBack {
        /// To which.
        to: String,
    },
    /// 暂停, for a reason the procedure lists.
    Paused {
        /// The reason.
        reason: String,
    },
    /// 恢复
    Resumed,
    /// 情形: it is true of the case from now on.
    Told {
        /// Its name.
        circumstance: String,
    },
    /// 情形: it is no longer true.
    Untold {
        /// Its name.
        circumstance: String,
    },
    /// 转办 to another place; all days stay as they are.
    Transferred {
        /// Where it is handled from now on.
        to: AreaCode,
    },
    /// 移交 of the open step to one official.
    HandedOver {
        /// The account.
        to: String,
    },
    /// 办结
    Closed {
        /// How.
        outcome: Outcome,
    },
}

/// 经过: one thing that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// On which day it counts.
    pub day: Day,
    /// Who.
    pub actor: String,
    /// What.
    pub what: What,
    /// Why.
    pub because: String,
}

/// A step that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Its name.
    pub step: String,
    /// On which day it had opened.
    pub opened: Day,
    /// On which day it was done.
    pub day: Day,
    /// By whom, and who else.
    pub by: Vec<String>,
    /// What it gave.
    pub gave: String,
    /// Whether 退回 has undone it since; it was done all the same, and by whom stays known.
    pub undone: bool,
}

/// The open step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenStep {
    /// Its name.
    pub name: String,
    /// Since when.
    pub since: Day,
    /// The account it was handed to; none for whoever has the role.
    pub owner: Option<String>,
    /// Who sent the case back to it, and why.
    pub sent_back: Option<SentBack>,
}

/// Who sent a case back, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentBack {
    /// From which step.
    pub from: String,
    /// On which day.
    pub day: Day,
    /// Who.
    pub by: String,
    /// Why.
    pub because: String,
}

/// A pause, over or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paused {
    /// The listed reason.
    pub reason: String,
    /// On which day it began.
    pub from: Day,
    /// On which day work went on.
    pub to: Option<Day>,
    /// What was written down with it.
    pub because: String,
}

/// 现状: where a case stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// On which day it was handed in.
    pub submitted: Day,
    /// Where it is handled.
    pub area: AreaCode,
    /// The open step; none when it is closed.
    pub open: Option<OpenStep>,
    /// How it was closed, and when.
    pub closed: Option<(Outcome, Day)>,
    /// What was done, in order.
    pub done: Vec<Done>,
    /// The pauses, in order; the last may still go on.
    pub pauses: Vec<Paused>,
    /// What is true of it now.
    pub told: BTreeSet<String>,
    /// Since when each thing ever told is so; the first day counts.
    pub told_on: BTreeMap<String, Day>,
    /// What was decided.
    pub decided: Option<Outcome>,
    /// The day of the newest event.
    pub newest: Day,
}

/// Why something cannot happen to a case now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Nothing but 提交 begins a case, and only once.
    Beginning,
    /// The procedure has no step.
    NoSteps,
    /// The procedure has no such step.
    NoSuchStep(String),
    /// The step is not open.
    NotOpen(String),
    /// It is closed.
    Closed(Outcome),
    /// It is no way to end before the last step.
    NotAnEnding(Outcome),
    /// It is paused, for this reason.
    Paused(String),
    /// It is not paused.
    NotPaused,
    /// The procedure does not list the reason.
    NoSuchReason(String),
    /// The allowed time of this reason is used up.
    PauseUsedUp(String),
    /// The procedure does not know the circumstance.
    NoSuchCircumstance(String),
    /// The place says it of all its cases, or of none.
    PlaceSays(String),
    /// It is so already, or it was not so.
    NothingNew(String),
    /// It takes more people.
    TooFew {
        /// The step.
        step: String,
        /// How many it takes.
        persons: u32,
    },
    /// The same person did a step that somebody else must do.
    SamePerson {
        /// Who.
        login: String,
        /// What they did before.
        did: String,
    },
    /// It lies before what happened last.
    TooEarly(Day),
    /// It needs a reason.
    NoReason,
    /// It cannot be sent back there.
    NotDone(String),
    /// No step leads on from here, given what is true of the case.
    NoWayOn(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Beginning => f.write_str("一件事只提交一次,经过从提交开始"),
            Self::NoSteps => f.write_str("这个流程没有步骤;请管理规则的人补上"),
            Self::NoSuchStep(step) => write!(f, "流程里没有“{step}”这一步"),
            Self::NotOpen(step) => write!(f, "现在不办“{step}”;请刷新页面,看看办到了哪一步"),
            Self::Closed(outcome) => write!(f, "已经办结({}),不能再办", outcome.name()),
            Self::NotAnEnding(outcome) => {
                write!(
                    f,
                    "终止办理不能代替决定,不能办成“{}”;请走完流程",
                    outcome.name()
                )
            }
            Self::Paused(reason) => write!(f, "正在暂停({reason});请先恢复办理"),
            Self::NotPaused => f.write_str("没有暂停,不用恢复"),
            Self::NoSuchReason(reason) => {
                write!(f, "“{reason}”不是流程里列明的暂停事由,时限不能停")
            }
            Self::PauseUsedUp(reason) => write!(f, "“{reason}”允许暂停的天数已经用完,时限照算"),
            Self::NoSuchCircumstance(name) => write!(f, "流程里没有“{name}”这种情形"),
            Self::PlaceSays(name) => write!(f, "“{name}”由本地规则统一规定,不能逐件改"),
            Self::NothingNew(name) => write!(f, "“{name}”已经是这样,没有改动"),
            Self::TooFew { step, persons } => {
                write!(f, "“{step}”要 {persons} 个人一起办;请写明另外的人")
            }
            Self::SamePerson { login, did } => {
                write!(f, "{login} 办过“{did}”,这一步要由另外的人办")
            }
            Self::TooEarly(day) => write!(f, "日期不能早于上一次办理的 {day}"),
            Self::NoReason => f.write_str("要写明理由"),
            Self::NotDone(step) => write!(f, "“{step}”还没有办过,不能退回到那里"),
            Self::NoWayOn(step) => {
                write!(
                    f,
                    "“{step}”之后没有适用的下一步;请核对已登记的情形,或者改流程"
                )
            }
        }
    }
}

impl std::error::Error for Refusal {}

/// Folds what happened to a case; `area` is where it was handed in.
///
/// # Errors
/// The first event that the procedure does not allow, counted from 0, and why.
pub fn stand(
    procedure: &Procedure,
    area: AreaCode,
    events: &[Event],
) -> Result<Standing, (usize, Refusal)> {
    let mut rest = events.iter().enumerate();
    let (_, first) = rest.next().ok_or((0, Refusal::Beginning))?;
    let mut standing = begin(procedure, area, first).map_err(|why| (0, why))?;
    for (at, event) in rest {
        standing = standing.after(procedure, event).map_err(|why| (at, why))?;
    }
    Ok(standing)
}

fn begin(procedure: &Procedure, area: AreaCode, first: &Event) -> Result<Standing, Refusal> {
    if first.what != What::Submitted {
        return Err(Refusal::Beginning);
    }
    let step = procedure.first().ok_or(Refusal::NoSteps)?;
    let told: BTreeSet<String> = procedure.always().map(str::to_owned).collect();
    Ok(Standing {
        submitted: first.day,
        area,
        open: Some(OpenStep::new(step, first.day)),
        closed: None,
        done: Vec::new(),
        pauses: Vec::new(),
        told_on: told.iter().map(|c| (c.clone(), first.day)).collect(),
        told,
        decided: None,
        newest: first.day,
    })
}

impl OpenStep {
    fn new(step: &Step, since: Day) -> Self {
        Self {
            name: step.name.clone(),
            since,
            owner: None,
            sent_back: None,
        }
    }
}

impl Standing {
    /// Where it stands after one more event; the same event is refused or taken the same way always.
    ///
    /// # Errors
    /// The procedure does not allow it now.
    pub fn after(mut self, procedure: &Procedure, event: &Event) -> Result<Self, Refusal> {
        if let Some((outcome, _)) = self.closed {
            return Err(Refusal::Closed(outcome));
        }
        if event.day < self.newest {
            return Err(Refusal::TooEarly(self.newest));
        }
        match &event.what {
            What::Submitted => return Err(Refusal::Beginning),
            What::Completed {
                step,
                gave,
                others,
                decided,
            } => self.complete(procedure, event, step, (gave, others, *decided))?,
            What::SentBack { to } => self.send_back(procedure, event, to)?,
            What::Paused { reason } => self.pause(procedure, event, reason)?,
            What::Resumed => self.resume(event.day)?,
            What::Told { circumstance } => self.tell(procedure, event.day, circumstance)?,
            What::Untold { circumstance } => {
                own_words(procedure, circumstance)?;
                if !self.told.remove(circumstance) {
                    return Err(Refusal::NothingNew(circumstance.clone()));
                }
            }
            What::Transferred { to } => {
                needs_reason(event)?;
                self.area = *to;
                // Whoever had it there has it no longer.
                if let Some(open) = &mut self.open {
                    open.owner = None;
                }
            }
            What::HandedOver { to } => {
                if let Some(open) = &mut self.open {
                    open.owner = Some(to.clone()).filter(|to| !to.is_empty());
                }
            }
            What::Closed { outcome } => {
                needs_reason(event)?;
                if !outcome.is_early() && *outcome != Outcome::Done {
                    return Err(Refusal::NotAnEnding(*outcome));
                }
                self.close(*outcome, event.day);
            }
        }
        self.newest = event.day;
        Ok(self)
    }

    /// The pause that goes on.
    #[must_use]
    pub fn paused(&self) -> Option<&Paused> {
        self.pauses.last().filter(|pause| pause.to.is_none())
    }

    /// The newest time a step was done and not undone since.
    #[must_use]
    pub fn last_done(&self, step: &str) -> Option<&Done> {
        let mut newest = self.done.iter().rev();
        newest.find(|done| done.step == step && !done.undone)
    }

    /// Who must not do the open step because of what they did before, each with that.
    #[must_use]
    pub fn kept_from(&self, procedure: &Procedure) -> BTreeMap<String, String> {
        let step = self.open.as_ref().and_then(|o| procedure.step(&o.name));
        let mut out = BTreeMap::new();
        for other in step.into_iter().flat_map(|s| &s.other_than) {
            for done in self.done.iter().filter(|done| done.step == *other) {
                out.extend(done.by.iter().map(|who| (who.clone(), other.clone())));
            }
        }
        out
    }

    fn complete(
        &mut self,
        procedure: &Procedure,
        event: &Event,
        name: &str,
        (gave, others, decided): (&str, &[String], Option<Outcome>),
    ) -> Result<(), Refusal> {
        let step = procedure
            .step(name)
            .ok_or_else(|| Refusal::NoSuchStep(name.to_owned()))?;
        if let Some(pause) = self.paused() {
            return Err(Refusal::Paused(pause.reason.clone()));
        }
        let not_open = || Refusal::NotOpen(name.to_owned());
        let open = self.open.clone().filter(|open| open.name == name);
        let open = open.ok_or_else(not_open)?;
        let by: BTreeSet<&str> = std::iter::once(event.actor.as_str())
            .chain(others.iter().map(String::as_str))
            .filter(|who| !who.is_empty())
            .collect();
        if u32::try_from(by.len()).unwrap_or(u32::MAX) < step.persons {
            return Err(Refusal::TooFew {
                step: name.to_owned(),
                persons: step.persons,
            });
        }
        let kept = self.kept_from(procedure);
        if let Some((login, did)) = kept.iter().find(|(who, _)| by.contains(who.as_str())) {
            return Err(Refusal::SamePerson {
                login: login.clone(),
                did: did.clone(),
            });
        }
        let next = procedure.next_of(name, &self.told);
        if next.is_none() && !step.next.is_empty() {
            return Err(Refusal::NoWayOn(name.to_owned()));
        }
        self.decided = decided.or(self.decided);
        self.done.push(Done {
            step: name.to_owned(),
            opened: open.since,
            day: event.day,
            by: by.into_iter().map(str::to_owned).collect(),
            gave: gave.to_owned(),
            undone: false,
        });
        self.open = next.map(|step| OpenStep::new(step, event.day));
        if self.open.is_none() {
            let outcome = crate::letters::outcome_at(procedure, name);
            self.close(self.decided.unwrap_or(outcome), event.day);
        }
        Ok(())
    }

    fn send_back(&mut self, procedure: &Procedure, event: &Event, to: &str) -> Result<(), Refusal> {
        needs_reason(event)?;
        if let Some(pause) = self.paused() {
            return Err(Refusal::Paused(pause.reason.clone()));
        }
        let step = procedure
            .step(to)
            .ok_or_else(|| Refusal::NoSuchStep(to.to_owned()))?;
        let at = self.done.iter().rposition(|d| d.step == to && !d.undone);
        let at = at.ok_or_else(|| Refusal::NotDone(to.to_owned()))?;
        for done in self.done.iter_mut().skip(at) {
            done.undone = true;
        }
        self.decided = None;
        let from = self.open.take().map(|open| open.name).unwrap_or_default();
        let mut open = OpenStep::new(step, event.day);
        open.sent_back = Some(SentBack {
            from,
            day: event.day,
            by: event.actor.clone(),
            because: event.because.clone(),
        });
        self.open = Some(open);
        Ok(())
    }

    fn pause(&mut self, procedure: &Procedure, event: &Event, reason: &str) -> Result<(), Refusal> {
        needs_reason(event)?;
        if let Some(pause) = self.paused() {
            return Err(Refusal::Paused(pause.reason.clone()));
        }
        if procedure.pause(reason).is_none() {
            return Err(Refusal::NoSuchReason(reason.to_owned()));
        }
        self.pauses.push(Paused {
            reason: reason.to_owned(),
            from: event.day,
            to: None,
            because: event.because.clone(),
        });
        Ok(())
    }

    fn resume(&mut self, day: Day) -> Result<(), Refusal> {
        let last = self.pauses.last_mut().filter(|pause| pause.to.is_none());
        last.ok_or(Refusal::NotPaused)?.to = Some(day);
        Ok(())
    }

    fn tell(&mut self, procedure: &Procedure, day: Day, name: &str) -> Result<(), Refusal> {
        own_words(procedure, name)?;
        if !self.told.insert(name.to_owned()) {
            return Err(Refusal::NothingNew(name.to_owned()));
        }
        self.told_on.entry(name.to_owned()).or_insert(day);
        Ok(())
    }

    fn close(&mut self, outcome: Outcome, day: Day) {
        if let Some(last) = self.pauses.last_mut().filter(|pause| pause.to.is_none()) {
            last.to = Some(day);
        }
        self.open = None;
        self.closed = Some((outcome, day));
    }
}

fn needs_reason(event: &Event) -> Result<(), Refusal> {
    match event.because.trim().is_empty() {
        true => Err(Refusal::NoReason),
        false => Ok(()),
    }
}

/// A circumstance the procedure knows and leaves to each case.
fn own_words(procedure: &Procedure, name: &str) -> Result<(), Refusal> {
    let found = procedure.circumstances.iter().find(|c| c.name == name);
    match found {
        None => Err(Refusal::NoSuchCircumstance(name.to_owned())),
        Some(one) if one.always.is_some() => Err(Refusal::PlaceSays(name.to_owned())),
        Some(_) => Ok(()),
    }
}
