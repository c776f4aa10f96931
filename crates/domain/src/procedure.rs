//! 流程: the way a case moves from hand to hand, and how long each hand may take.
//!
//! Only the nouns and their arithmetic. What a procedure says stands in the rulebook; what a case has
//! gone through stands in the record. Never asks what day it is.

use std::collections::BTreeSet;

use crate::calendar::NoCalendar;
use crate::month::add_months;
use crate::{AreaCode, Day, Span, WorkCalendar};

/// 涉及近亲属: the circumstance a declaration of staff sets by itself. Every procedure that decides has it; the
/// program looks into all such cases, whatever way the procedure leads.
pub const RELATIVE: &str = "涉及近亲属";

/// 流程 as it holds in one place on one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Procedure {
    /// Its id: `dibao`. A later version of the same procedure has the same id.
    pub id: String,
    /// What it is called: 最低生活保障办理.
    pub title: String,
    /// The rulebook file it stands in.
    pub path: String,
    /// 起施行
    pub from: Day,
    /// 止
    pub to: Option<Day>,
    /// 依据 of the whole.
    pub cites: Vec<String>,
    /// 用于: what it is for.
    pub purpose: Purpose,
    /// 适用: ids of the policies it serves.
    pub programmes: Vec<String>,
    /// 步骤, the first one first. A step without a next one ends the case.
    pub steps: Vec<Step>,
    /// 情形 that may change the way or the time.
    pub circumstances: Vec<Circumstance>,
    /// 时限 of the law, over several steps.
    pub limits: Vec<TimeLimit>,
    /// 暂停: the only reasons for which the clock stops.
    pub pauses: Vec<Pause>,
    /// 公示 before the decision.
    pub notice: Option<PublicNotice>,
    /// 文书 it gives.
    pub documents: Vec<Document>,
    /// 公开字段: what may be shown after the decision (公布), and nothing else.
    pub published: Vec<String>,
    /// 起发: the first month paid.
    pub pays_from: Option<PaysFrom>,
    /// 核查: how often a granted case is looked at again.
    pub reviews: Vec<ReviewCycle>,
}

/// 用于
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Purpose {
    /// 认定: from the application to the decision.
    Admission,
    /// 核查: the regular look at a granted case.
    Review,
    /// 变更: more, less or other people.
    Change,
    /// 渐退: paid on for a while after a job.
    GradualExit,
    /// 停发: the end of a status.
    Ending,
    /// 追回: money to be returned.
    Recovery,
    /// 投诉: objections and real-name reports.
    Complaint,
    /// 走访: a knock at a door.
    Visit,
    /// 其他
    Other,
}

/// 步骤
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its name, once in a procedure: 初审.
    pub name: String,
    /// 谁: roles of access.md, any of which may do it.
    pub who: Vec<String>,
    /// How many persons it takes: 1, or 2 for 两人.
    pub persons: u32,
    /// 不同人: steps whose doer must not do this one.
    pub other_than: Vec<String>,
    /// 限: its own time.
    pub limit: Option<StepLimit>,
    /// 抽查: at least this share of the cases is looked into, in hundredths of a percent.
    pub sample: Option<u32>,
    /// 材料 it needs.
    pub papers: Vec<String>,
    /// 给出: the records and letters it leaves.
    pub gives: Vec<String>,
    /// 凭: what must stand in the record before it is done.
    pub ground: Option<Ground>,
    /// 下一步, in the order they are tried; none for an end.
    pub next: Vec<Next>,
}

/// 凭: a record that a step cannot be done without, through whichever page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// 核对: a report of verification used for this step.
    Verification,
    /// 走访: a visit done on this step, with its form filled in.
    Visit,
    /// 意见: a written opinion with its reasons.
    Opinion,
    /// 核实: what whoever does the step found and where it was seen, written down with it.
    Finding,
    /// 决定: a decision somebody signed, with its facts and rules.
    Decision,
    /// 听取意见: what the family said after they were told what is meant to be done.
    Hearing,
    /// 处理决定: a signed decision about help already given.
    Adjustment,
    /// 送达: the newest signed decision handed over.
    Delivery,
    /// 先行救助: a signed decision about help before the papers, with its money.
    FirstHelp,
    /// 交银行: what is to be paid at once was handed to the bank.
    Payment,
    /// 协办: what another department answered to what it was asked.
    Assist,
}

impl Ground {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Verification,
        Self::Visit,
        Self::Opinion,
        Self::Finding,
        Self::Decision,
        Self::Hearing,
        Self::Adjustment,
        Self::Delivery,
        Self::FirstHelp,
        Self::Payment,
        Self::Assist,
    ];

    /// Its word in the rulebook.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Verification => "核对",
            Self::Visit => "走访",
            Self::Opinion => "意见",
            Self::Finding => "核实",
            Self::Decision => "决定",
            Self::Hearing => "听取意见",
            Self::Adjustment => "处理决定",
            Self::Delivery => "送达",
            Self::FirstHelp => "先行救助",
            Self::Payment => "交银行",
            Self::Assist => "协办",
        }
    }
}

/// 下一步
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The step that opens.
    pub step: String,
    /// 当
    pub when: When,
}

/// 当: any of these circumstances; with none named, always.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct When {
    /// Names of 情形.
    pub any_of: Vec<String>,
}

/// 情形: what may be true of a case and changes its way or its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Circumstance {
    /// Its name: 公示有异议.
    pub name: String,
    /// 说明, for the person who ticks it.
    pub said: String,
    /// 谁 may state it of a case; none when the place or the system says it.
    pub who: Vec<String>,
    /// Set for a 情形 that the place says of all its cases (审核权下放乡镇).
    pub always: Option<bool>,
    /// Where in the place it is said otherwise: of an area and all inside it, the narrowest one counts.
    pub places: Vec<(AreaCode, bool)>,
}

/// How days are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Counted {
    /// 个工作日: by the work calendar.
    Workdays,
    /// 天
    Days,
    /// 个月
    Months,
}

/// 期限: a number of working days, days or months.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Length {
    /// How many.
    pub count: u32,
    /// Of what.
    pub counted: Counted,
}

/// 到期: the last day, and why it is not earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// The last day on which it is in time.
    pub day: Day,
    /// Announced holidays skipped on the way; weekends are not listed.
    pub skipped: Vec<Day>,
}

/// 限 of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepLimit {
    /// How long.
    pub length: Length,
    /// 自: an earlier step done, or a 情形 whose day counts; none from the day the step opens.
    pub from: Option<String>,
}

/// 时限 of the law.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeLimit {
    /// How long.
    pub length: Length,
    /// 自: the step, once done, or the 情形 from whose day it runs. That day itself is not counted.
    pub from: String,
    /// 至: the step that must be done by then.
    pub to: String,
    /// 当: it holds for such cases only.
    pub when: When,
    /// 延至: the longer time, and when.
    pub extended: Option<(Length, When)>,
    /// 不计: steps whose time does not count.
    pub without: Vec<String>,
    /// 依据
    pub cites: Vec<String>,
}

/// 暂停
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    /// The reason.
    pub reason: String,
    /// 最多; none where the rulebook says 不限.
    pub at_most: Option<Length>,
    /// 依据
    pub cites: Vec<String>,
}

/// 公示: shown before the decision so that others may object. Its days are the 限 of its steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicNotice {
    /// The steps during which it hangs.
    pub steps: Vec<String>,
    /// 字段: all it shows.
    pub fields: Vec<String>,
    /// 不公示 当: cases never shown; with none named, all are.
    pub unless: When,
    /// 依据
    pub cites: Vec<String>,
}

/// 文书: a letter or list with named fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its id: `acceptance_slip`.
    pub id: String,
    /// What it is called, as steps give it: 受理通知书.
    pub title: String,
    /// The rulebook file it stands in.
    pub path: String,
    /// 字段: all it may show.
    pub fields: Vec<String>,
    /// 依据
    pub cites: Vec<String>,
    /// Its text in Markdown, a field standing as `{{字段}}`.
    pub template: String,
}

/// 起发: the first month paid after the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PaysFrom {
    /// 当月
    SameMonth,
    /// 次月
    NextMonth,
}

/// 核查
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewCycle {
    /// At most so long after the last look.
    pub every: Length,
    /// 当: for such cases; the first that holds counts.
    pub when: When,
    /// 依据
    pub cites: Vec<String>,
}

impl Procedure {
    /// The procedure as it holds for a case of an area; none where every area of the place has the same.
    #[must_use]
    pub fn at(&self, area: &AreaCode) -> Option<Self> {
        if self.circumstances.iter().all(|one| one.places.is_empty()) {
            return None;
        }
        let mut own = self.clone();
        for one in &mut own.circumstances {
            let around = one.places.iter().filter(|(place, _)| place.contains(area));
            let narrowest = around.max_by_key(|(place, _)| place.as_str().len());
            if let Some((_, said)) = narrowest {
                one.always = Some(*said);
            }
        }
        Some(own)
    }

    /// A step by its name.
    #[must_use]
    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|s| s.name == name)
    }

    /// The step a case begins with.
    #[must_use]
    pub fn first(&self) -> Option<&Step> {
        self.steps.first()
    }

    /// A letter by the name a step gives it.
    #[must_use]
    pub fn document(&self, title: &str) -> Option<&Document> {
        self.documents.iter().find(|d| d.title == title)
    }

    /// A listed reason to pause.
    #[must_use]
    pub fn pause(&self, reason: &str) -> Option<&Pause> {
        self.pauses.iter().find(|p| p.reason == reason)
    }

    /// The circumstances the place says of every case.
    pub fn always(&self) -> impl Iterator<Item = &str> {
        let given = self.circumstances.iter().filter(|c| c.always == Some(true));
        given.map(|c| c.name.as_str())
    }

    /// The step that opens after `step`, given what is true of the case; none when it is an end or unknown.
    #[must_use]
    pub fn next_of(&self, step: &str, told: &BTreeSet<String>) -> Option<&Step> {
        let next = self.step(step)?.next.iter().find(|n| n.when.holds(told))?;
        self.step(&next.step)
    }

    /// The limits of the law that hold for a case, each with the time it then gives. Of several between the
    /// same steps, one made for such cases goes before the general one.
    #[must_use]
    pub fn limits_for(&self, told: &BTreeSet<String>) -> Vec<(&TimeLimit, Length)> {
        let mut out: Vec<(&TimeLimit, Length)> = Vec::new();
        let special = |l: &&TimeLimit| !l.when.any_of.is_empty();
        let (own, general): (Vec<_>, Vec<_>) = self.limits.iter().partition(special);
        let holding = own.into_iter().filter(|l| l.when.holds(told));
        for limit in holding.chain(general) {
            if !out
                .iter()
                .any(|(l, _)| l.from == limit.from && l.to == limit.to)
            {
                out.push((limit, limit.length_for(told)));
            }
        }
        out
    }

    /// How soon a granted case is looked at again, given what is true of it.
    #[must_use]
    pub fn review_for(&self, told: &BTreeSet<String>) -> Option<&ReviewCycle> {
        let special = self.reviews.iter().filter(|r| !r.when.any_of.is_empty());
        let general = self.reviews.iter().filter(|r| r.when.any_of.is_empty());
        special.chain(general).find(|r| r.when.holds(told))
    }
}

impl TimeLimit {
    /// The time it gives a case.
    #[must_use]
    pub fn length_for(&self, told: &BTreeSet<String>) -> Length {
        match &self.extended {
            Some((longer, when)) if when.holds(told) => *longer,
            _ => self.length,
        }
    }
}

impl When {
    /// Is it so for a case of which these circumstances are told?
    #[must_use]
    pub fn holds(&self, told: &BTreeSet<String>) -> bool {
        self.any_of.is_empty() || self.any_of.iter().any(|c| told.contains(c))
    }

    /// Does it name circumstances, and is one of them told?
    #[must_use]
    pub fn is_met(&self, told: &BTreeSet<String>) -> bool {
        !self.any_of.is_empty() && self.holds(told)
    }
}

impl Length {
    /// The last day when it begins to run on `start`, which itself is not counted; days within a pause
    /// are not counted either.
    ///
    /// # Errors
    /// [`NoCalendar`] when the way leads into a year whose calendar is not announced, or, for days and
    /// months, past the last day there is.
    pub fn due(
        self,
        start: Day,
        calendar: &WorkCalendar,
        pauses: &[Span],
    ) -> Result<Due, NoCalendar> {
        match self.counted {
            Counted::Workdays => {
                let (day, skipped) = calendar.due(start, self.count, pauses)?;
                Ok(Due { day, skipped })
            }
            Counted::Days => plain(start, self.count, pauses),
            Counted::Months => {
                let months = i32::try_from(self.count).unwrap_or(i32::MAX);
                let end = add_months(start, months).ok_or(NoCalendar { year: start.year() })?;
                let days = u32::try_from(start.days_until(end)).unwrap_or(0);
                plain(start, days, pauses)
            }
        }
    }
}

/// So many days after `start`, without the days of the pauses.
fn plain(start: Day, days: u32, pauses: &[Span]) -> Result<Due, NoCalendar> {
    let mut day = start;
    let mut left = days;
    while left > 0 {
        day = day.add_days(1).ok_or(NoCalendar {
            year: day.year().saturating_add(1),
        })?;
        left -= u32::from(!pauses.iter().any(|p| p.contains(day)));
    }
    Ok(Due {
        day,
        skipped: vec![],
    })
}
