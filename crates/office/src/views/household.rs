//! 家庭档案: members, facts with their sources, every programme's result with its reasons, history.

use serde::Serialize;

use super::{Behind, Mark, WarningRow, Word};

/// A household as of a month.
#[derive(Clone, Debug, Serialize)]
pub struct HouseholdFile {
    /// Its id.
    pub id: i64,
    /// 户号, e.g. `H0000123`.
    pub number: String,
    /// Its head, masked.
    pub head: String,
    /// Township and village.
    pub place: String,
    /// 城镇 or 农村.
    pub urban_rural: String,
    /// The month shown.
    pub month: String,
    /// Months to choose from, newest first.
    pub months: Vec<String>,
    /// What it receives and how it stands, e.g. 低保在册, 待查 2 项.
    pub marks: Vec<Word>,
    /// Members, the head first.
    pub members: Vec<MemberView>,
    /// Facts of the household.
    pub facts: Vec<FactView>,
    /// What officials found out for its cases, newest first.
    pub found: Vec<FoundRow>,
    /// Results of the household and of its members, 符合 first.
    pub results: Vec<ProgrammeResult>,
    /// What the assessments say of the household and of its members, the place's own first.
    pub assessments: Vec<AssessmentResult>,
    /// What is paid by the roll.
    pub roll: Vec<RollEntry>,
    /// Warnings, newest first.
    pub warnings: Vec<WarningRow>,
    /// Month by month, newest first.
    pub history: Vec<HistoryRow>,
}

/// 经办查实: what an official found out for a case.
#[derive(Clone, Debug, Serialize)]
pub struct FoundRow {
    /// Of whom, masked; or the household.
    pub who: String,
    /// Which fact.
    pub fact: String,
    /// Its value.
    pub value: String,
    /// Why.
    pub because: String,
    /// What it was seen in.
    pub evidence: String,
    /// Who wrote it down and when.
    pub by: String,
    /// 办件编号.
    pub case: i64,
    /// Whether a newer one took its place.
    pub old: bool,
}

/// A person who belongs to no household.
#[derive(Clone, Debug, Serialize)]
pub struct PersonFile {
    /// The household the person belongs to, if any; the page then goes there.
    pub household: Option<i64>,
    /// The month shown.
    pub month: String,
    /// The person.
    pub member: MemberView,
    /// Township and village.
    pub place: String,
    /// Results of the person.
    pub results: Vec<ProgrammeResult>,
    /// What the assessments say of the person.
    pub assessments: Vec<AssessmentResult>,
    /// What is paid by the roll.
    pub roll: Vec<RollEntry>,
    /// Warnings, newest first.
    pub warnings: Vec<WarningRow>,
    /// Month by month, newest first.
    pub history: Vec<HistoryRow>,
}

/// A member of a household.
#[derive(Clone, Debug, Serialize)]
pub struct MemberView {
    /// Person id.
    pub id: i64,
    /// Name, masked, e.g. 王*英.
    pub name: String,
    /// Id number, masked, or why there is none.
    pub number: String,
    /// 男 or 女; 未知 where it is not known.
    pub sex: String,
    /// Age in full years, e.g. 67 岁.
    pub age: String,
    /// 户主, 配偶, 子女 …
    pub relation: String,
    /// Whether the member counts in the household, and why not.
    pub counted: Counted,
    /// What is known about the person in a word, e.g. 残疾二级, 重病, 已死亡.
    pub marks: Vec<Word>,
    /// Facts of the person.
    pub facts: Vec<FactView>,
}

/// Whether a member counts in the household.
#[derive(Clone, Debug, Serialize)]
pub struct Counted {
    /// ✓ counted, ✗ not counted, ？ not settled.
    pub mark: Mark,
    /// Why, with the article, e.g. 服刑人员不计入(第六条).
    pub reason: String,
}

/// A fact of a month.
#[derive(Clone, Debug, Serialize)]
pub struct FactView {
    /// Its name in the rulebook's dictionary.
    pub name: String,
    /// Value with unit; `None` is unknown, which is neither zero nor no.
    pub value: Option<String>,
    /// Where it comes from, e.g. 养老金发放 · 人社局 · 第 214 行, or what would make it known.
    pub source: String,
    /// The batch it came with.
    pub behind: Behind,
    /// What span it is about, e.g. `2026-08`.
    pub period: String,
    /// When it became known.
    pub known: String,
}

/// What one programme says about a household or a member.
#[derive(Clone, Debug, Serialize)]
pub struct ProgrammeResult {
    /// Id of the programme.
    pub id: String,
    /// Its name.
    pub title: String,
    /// Whom it judges: the household, or a member by masked name.
    pub subject: String,
    /// The member, by their number in the register; none for the household.
    pub person: Option<i64>,
    /// 符合, 不符合 or 待查.
    pub verdict: Verdict,
    /// Whether it is on the roll.
    pub on_roll: bool,
    /// What the rules give, e.g. `1,240.00 元/月`.
    pub benefit: Option<String>,
    /// Every reason of a refusal, each with its article.
    pub reasons: Vec<String>,
    /// The facts to ask for.
    pub ask: Vec<String>,
    /// Its file in the rulebook.
    pub rule: Behind,
    /// The version judged by, e.g. 2026-07-01 起施行 · 3f9a2c.
    pub version: String,
    /// Step by step.
    pub lines: Vec<ExplainLine>,
}

/// What one assessment says of a household or a member.
#[derive(Clone, Debug, Serialize)]
pub struct AssessmentResult {
    /// Id of the assessment.
    pub id: String,
    /// Its name.
    pub title: String,
    /// Whom it is about: the household, or a member by masked name.
    pub subject: String,
    /// Its 归类 with what they are, e.g. 级 一级; 待查 where a fact is missing.
    pub answers: Vec<(String, String)>,
    /// Whether one of them is not known.
    pub unsettled: bool,
    /// The facts to ask for.
    pub ask: Vec<String>,
    /// Its file in the rulebook.
    pub rule: Behind,
    /// The version judged by.
    pub version: String,
    /// Step by step.
    pub lines: Vec<ExplainLine>,
}

/// The three answers of a programme.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// 符合.
    Met,
    /// 不符合.
    NotMet,
    /// 待查.
    Unsettled,
}

/// One step of an explanation.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainLine {
    /// What kind of step.
    pub kind: LineKind,
    /// The name, e.g. 人均月收入.
    pub name: String,
    /// The formula in Chinese names; empty for an input.
    pub formula: String,
    /// The formula with numbers; empty for an input.
    pub with_numbers: String,
    /// The result with its unit and rounding, ≈ before a fraction; ？ where it is unknown.
    pub result: String,
    /// The answer of a condition.
    pub mark: Option<Mark>,
    /// The article it rests on, or the source of a fact.
    pub article: String,
    /// How far from the threshold.
    pub distance: Option<Distance>,
}

/// What a step of an explanation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// 事实: given by a source.
    Fact,
    /// 参数: a number of the locality.
    Parameter,
    /// 计算, 归类, 分项.
    Quantity,
    /// 条件 or 触发.
    Condition,
    /// 给付.
    Benefit,
}

/// How far a quantity is from its threshold.
#[derive(Clone, Debug, Serialize)]
pub struct Distance {
    /// In words, e.g. 还差 46.50 元/人月 or 超出 120.00 元.
    pub text: String,
    /// The threshold with its unit.
    pub limit: String,
    /// The quantity as a part of the threshold in percent, where that makes sense.
    pub percent: Option<u32>,
}

/// A line of the roll: what somebody signed.
#[derive(Clone, Debug, Serialize)]
pub struct RollEntry {
    /// The programme's name.
    pub title: String,
    /// Whom it is paid for, masked.
    pub subject: String,
    /// Since, and until if it ended.
    pub period: String,
    /// What is paid a month.
    pub amount: String,
    /// Card, masked.
    pub card: String,
    /// Row of the roll it comes from.
    pub behind: Behind,
}

/// One month of a household's history.
#[derive(Clone, Debug, Serialize)]
pub struct HistoryRow {
    /// The month.
    pub month: String,
    /// What the rules said, e.g. 低保 符合 · 残疾人护理补贴 符合.
    pub result: String,
    /// What was paid, e.g. `1,240.00 元`.
    pub paid: String,
    /// What happened, e.g. 新增成员 1 人; 预警 1 条.
    pub events: String,
}

impl Verdict {
    /// The word of the law.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Met => "符合",
            Verdict::NotMet => "不符合",
            Verdict::Unsettled => "待查",
        }
    }

    /// The same as ✓ ✗ ？.
    pub fn mark(self) -> Mark {
        match self {
            Verdict::Met => Mark::Holds,
            Verdict::NotMet => Mark::Fails,
            Verdict::Unsettled => Mark::Unknown,
        }
    }
}

impl LineKind {
    /// The rule language's word.
    pub fn word(self) -> &'static str {
        match self {
            LineKind::Fact => "事实",
            LineKind::Parameter => "参数",
            LineKind::Quantity => "计算",
            LineKind::Condition => "条件",
            LineKind::Benefit => "给付",
        }
    }
}
