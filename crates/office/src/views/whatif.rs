//! 试算: a changed parameter against the real roll, before anyone signs it.

use serde::Serialize;

use super::{Behind, Choice};

/// The form, and the result where something was asked.
#[derive(Clone, Debug, Serialize)]
pub struct WhatIf {
    /// Parameters that may be changed.
    pub parameters: Vec<ParameterChoice>,
    /// Months it may be tried on, newest first.
    pub months: Vec<Choice>,
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
    /// Its id as the address carries it, e.g. `低保标准@城镇`.
    pub id: String,
    /// Its name with its keys, e.g. 低保标准 · 城镇.
    pub title: String,
    /// Its value now, with unit.
    pub now: String,
    /// Its unit, e.g. 元/人月.
    pub unit: String,
    /// Where the number comes from.
    pub source: String,
}

/// What is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct WhatIfAsk {
    /// Id of the parameter.
    pub parameter: String,
    /// The new value as typed.
    pub value: String,
    /// The month.
    pub month: String,
}

/// What would change.
#[derive(Clone, Debug, Serialize)]
pub struct WhatIfResult {
    /// In one sentence, e.g. 低保标准·城镇 由 1,180.00 调到 1,260.00 元/人月.
    pub summary: String,
    /// Cost a month before, with unit.
    pub cost_before: String,
    /// Cost a month after.
    pub cost_after: String,
    /// The difference with its sign.
    pub cost_change: String,
    /// Households that get more, those that enter included.
    pub gain: u64,
    /// Of these, how many enter.
    pub enter: u64,
    /// Households that get less, those that leave included.
    pub lose: u64,
    /// Of these, how many leave.
    pub leave: u64,
    /// Households for which nothing changes.
    pub same: u64,
    /// Households that cannot be judged because a fact is missing.
    pub unsettled: u64,
    /// Where more income means less in the hand.
    pub cliffs: Vec<Cliff>,
    /// Benefit of an example household along the income axis.
    pub curve: Vec<CurvePoint>,
    /// What the curve is about, e.g. 三口之家,城镇.
    pub curve_title: String,
    /// By township.
    pub townships: Vec<WhatIfTownship>,
    /// The households that change most.
    pub households: Vec<WhatIfHousehold>,
    /// How long it took, and on what data.
    pub note: String,
}

/// A place on the income axis where one yuan more costs more than one yuan.
#[derive(Clone, Debug, Serialize)]
pub struct Cliff {
    /// Where, e.g. 人均月收入 1,260.00 元.
    pub at: String,
    /// What is lost there, e.g. 每月少 412.00 元.
    pub drop: String,
    /// How many households stand near it.
    pub households: u64,
}

/// A point of the curve, in fen, for drawing only.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CurvePoint {
    /// Income per head and month.
    pub income_fen: i64,
    /// Help a month before.
    pub before_fen: i64,
    /// Help a month after.
    pub after_fen: i64,
}

/// What changes in a township.
#[derive(Clone, Debug, Serialize)]
pub struct WhatIfTownship {
    /// Its name.
    pub name: String,
    /// Households that gain.
    pub gain: u64,
    /// Households that lose.
    pub lose: u64,
    /// Difference of cost a month with its sign.
    pub cost_change: String,
}

/// A household that changes.
#[derive(Clone, Debug, Serialize)]
pub struct WhatIfHousehold {
    /// Whom, masked.
    pub subject: String,
    /// Their file.
    pub about: Behind,
    /// Township and village.
    pub place: String,
    /// Before.
    pub before: String,
    /// After.
    pub after: String,
    /// The difference with its sign.
    pub change: String,
}
