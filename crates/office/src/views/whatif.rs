//! 试算: changed parameters against the real people of a month, before anyone signs them.

use serde::Serialize;

use super::{Behind, Choice};

/// The form, and the result where something was asked.
#[derive(Clone, Debug, Serialize)]
pub struct WhatIf {
    /// Parameters that may be changed.
    pub parameters: Vec<ParameterChoice>,
    /// Months it may be tried on, newest first.
    pub months: Vec<Choice>,
    /// Programmes a budget may be for.
    pub programmes: Vec<Choice>,
    /// Versions of the rules that are proposed and not signed, to be tried.
    pub versions: Vec<Choice>,
    /// What was asked, as understood.
    pub ask: Option<WhatIfAsk>,
    /// What is wrong with what was asked; each names the field.
    pub problems: Vec<String>,
    /// The result.
    pub result: Option<WhatIfResult>,
}

/// A parameter of the locality.
#[derive(Clone, Debug, Serialize)]
pub struct ParameterChoice {
    /// Its id as the address carries it, e.g. `低保标准@990101/城镇`.
    pub id: String,
    /// Its name with its keys, e.g. 低保标准 · 城镇.
    pub title: String,
    /// Its value now, with unit.
    pub now: String,
    /// Where the number comes from.
    pub source: String,
}

/// What is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WhatIfAsk {
    /// What is changed, in the order written.
    pub changes: Vec<WhatIfChange>,
    /// The proposed version of the rules that is tried beside them, by its number; none where empty.
    pub version: String,
    /// The month.
    pub month: String,
    /// The poverty line: 元 a head and month, or a quantity's name; the standard now where empty.
    pub line: String,
    /// 预算上限 in 元 a month; none where empty.
    pub cap: String,
    /// The programme the budget is for; all together where empty.
    pub cap_for: String,
    /// Ids of household files whose own curve is shown, as typed.
    pub households: String,
    /// Whether the roll stays as it is for those who enter and leave.
    pub keep_roll: bool,
    /// Whether the other months with data are tried too.
    pub every_month: bool,
}

/// A changed number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WhatIfChange {
    /// Id of the parameter.
    pub parameter: String,
    /// The new value as typed.
    pub value: String,
    /// The scenario it belongs to: 一, 二, 三.
    pub scenario: String,
}

/// What would change.
#[derive(Clone, Debug, Serialize)]
pub struct WhatIfResult {
    /// Scenarios side by side: the indicator, and its value under each.
    pub compared: Vec<(String, Vec<String>)>,
    /// The scenarios.
    pub scenarios: Vec<WhatIfScenario>,
    /// Month by month and then together, where several months were asked for.
    pub months: Vec<WhatIfMonth>,
    /// What is to be known before the numbers are read.
    pub notes: Vec<String>,
    /// The month, the place and when it was tried.
    pub about: String,
}

/// A scenario in one month, or what it comes to over all of them.
#[derive(Clone, Debug, Default, Serialize)]
pub struct WhatIfMonth {
    /// The month; 合计, or the fund of a sum.
    pub month: String,
    /// The scenario's name.
    pub scenario: String,
    /// Cost of the month before.
    pub before: String,
    /// Cost after.
    pub after: String,
    /// The difference with its sign.
    pub change: String,
    /// Households that get more; empty for a sum, which would count a household twice.
    pub gain: String,
    /// Households that get less.
    pub lose: String,
    /// Why the scenarios cannot be tried on the month; empty where they were.
    pub why: String,
}

/// One scenario.
#[derive(Clone, Debug, Serialize)]
pub struct WhatIfScenario {
    /// Its name, e.g. 方案一.
    pub name: String,
    /// What it changes, one change a line.
    pub changes: Vec<String>,
    /// Cost a month before, with unit.
    pub cost_before: String,
    /// Cost a month after.
    pub cost_after: String,
    /// The difference with its sign.
    pub cost_change: String,
    /// Households that get more, those that enter included.
    pub gain: u64,
    /// Of these, how many had nothing before.
    pub enter: u64,
    /// Households that get less, those that leave included.
    pub lose: u64,
    /// Of these, how many have nothing after.
    pub leave: u64,
    /// Households for which nothing changes.
    pub same: u64,
    /// Households some programme cannot decide about because a fact is missing.
    pub unsettled: u64,
    /// By programme.
    pub programmes: Vec<WhatIfProgramme>,
    /// How many programmes find nobody 符合 on either side.
    pub quiet: u64,
    /// By fund.
    pub funds: Vec<WhatIfGroup>,
    /// By township and by kind of family: title and rows.
    pub groups: Vec<(String, Vec<WhatIfGroup>)>,
    /// Poverty.
    pub poverty: Option<WhatIfPoverty>,
    /// The households that change most.
    pub households: Vec<WhatIfHousehold>,
    /// How many change.
    pub changed: u64,
    /// Where the money ends.
    pub cap: Option<WhatIfCap>,
    /// Where one yuan more leaves less.
    pub cliffs: Option<WhatIfCliffs>,
}

/// A programme before and after.
#[derive(Clone, Debug, Serialize)]
pub struct WhatIfProgramme {
    /// Its title.
    pub title: String,
    /// 户 or 人.
    pub unit: String,
    /// 符合 before.
    pub entitled_before: u64,
    /// 符合 after.
    pub entitled_after: u64,
    /// 新进入.
    pub enter: u64,
    /// 退出.
    pub leave: u64,
    /// Of these, how many the roll has.
    pub leave_on_roll: u64,
    /// 不并给 keeps something from them.
    pub cut: u64,
    /// 符合, but the amount is not known yet and not counted.
    pub unknown: u64,
    /// Cost before; empty where it pays nothing by the month.
    pub cost_before: String,
    /// Cost after.
    pub cost_after: String,
    /// The difference with its sign.
    pub cost_change: String,
}

/// A group before and after.
#[derive(Clone, Debug, Serialize)]
pub struct WhatIfGroup {
    /// Its name.
    pub name: String,
    /// Households with help.
    pub doors: u64,
    /// Households that gain.
    pub gain: u64,
    /// Households that lose.
    pub lose: u64,
    /// Cost before.
    pub before: String,
    /// Cost after.
    pub after: String,
    /// Difference of cost a month with its sign.
    pub change: String,
    /// Size of the difference in fen, for drawing only.
    pub size_fen: u64,
    /// Whether the difference is a saving.
    pub less: bool,
}

/// 贫困人数.
#[derive(Clone, Debug, Serialize)]
pub struct WhatIfPoverty {
    /// The line in words.
    pub line: String,
    /// Persons whose income is known.
    pub persons: u64,
    /// Persons for whom it is not.
    pub unknown: u64,
    /// Poor without any help.
    pub without_help: u64,
    /// Poor before.
    pub before: u64,
    /// Poor after.
    pub after: u64,
    /// What is missing to the line, before.
    pub gap_before: String,
    /// The same after.
    pub gap_after: String,
    /// Poverty and inequality: the measure, without help, before and after.
    pub measures: Vec<(String, String, String, String)>,
}

/// A household that changes.
#[derive(Clone, Debug, Serialize)]
pub struct WhatIfHousehold {
    /// Whom, masked.
    pub subject: String,
    /// Their file.
    pub about: Behind,
    /// The household's id, to choose it for its own curve; none for a person alone.
    pub household: Option<i64>,
    /// Township and village.
    pub place: String,
    /// Before.
    pub before: String,
    /// After.
    pub after: String,
    /// The difference with its sign.
    pub change: String,
    /// Why, one programme a line.
    pub reasons: Vec<String>,
}

/// 预算上限.
#[derive(Clone, Debug, Serialize)]
pub struct WhatIfCap {
    /// For what, and how much.
    pub title: String,
    /// Households it reaches.
    pub covered: u64,
    /// What they take.
    pub spent: String,
    /// Households it does not reach.
    pub excluded: u64,
    /// What they would take.
    pub excluded_cost: String,
    /// The first of those it does not reach, in order.
    pub rows: Vec<WhatIfExcluded>,
}

/// A household the money does not reach.
#[derive(Clone, Debug, Serialize)]
pub struct WhatIfExcluded {
    /// Its place in the order.
    pub rank: u64,
    /// Whom, masked.
    pub subject: String,
    /// Their file.
    pub about: Behind,
    /// Township and village.
    pub place: String,
    /// Income a head.
    pub per_head: String,
    /// What the rules would give.
    pub amount: String,
}

/// 悬崖.
#[derive(Clone, Debug, Serialize)]
pub struct WhatIfCliffs {
    /// Households that walked the axis.
    pub households: u64,
    /// Their help together along the axis.
    pub curve: Vec<CurvePoint>,
    /// Each household chosen.
    pub chosen: Vec<WhatIfCurve>,
    /// What the first yuan does: words, now, then.
    pub first: Vec<(String, u64, u64)>,
    /// How many cliffs there are now.
    pub cliffs_now: u64,
    /// How many under the scenario.
    pub cliffs_then: u64,
    /// The deepest cliffs.
    pub rows: Vec<Cliff>,
    /// Where they bite along the axis.
    pub histogram: Vec<CliffBucket>,
    /// Where they bite on the map.
    pub areas: Vec<CliffBucket>,
}

/// A household's own curve.
#[derive(Clone, Debug, Serialize)]
pub struct WhatIfCurve {
    /// Whose, masked.
    pub subject: String,
    /// Their file.
    pub about: Behind,
    /// The points; none where there is no such household.
    pub points: Vec<CurvePoint>,
}

/// A place on the income axis where one yuan more costs more than one yuan.
#[derive(Clone, Debug, Serialize)]
pub struct Cliff {
    /// Whose, masked.
    pub subject: String,
    /// Their file.
    pub about: Behind,
    /// Township and village.
    pub place: String,
    /// Where, e.g. 人均月收入 1,229.67 元,再多挣 1 元.
    pub at: String,
    /// What is lost there, e.g. 每月少 412.00 元.
    pub drop: String,
    /// Which programmes pay otherwise.
    pub parts: Vec<String>,
}

/// A stretch of income or a township, and the cliffs in it.
#[derive(Clone, Debug, Serialize)]
pub struct CliffBucket {
    /// Its name, e.g. 1,200–1,300 元.
    pub name: String,
    /// Households that meet a cliff in it.
    pub households: u64,
    /// Cliffs in it.
    pub cliffs: u64,
    /// The deepest, or all of them together.
    pub lost: String,
}

/// A point of a curve, in fen, for drawing only.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CurvePoint {
    /// Additional income a household and month.
    pub income_fen: i64,
    /// Help a month before.
    pub before_fen: i64,
    /// Help a month after.
    pub after_fen: i64,
}
