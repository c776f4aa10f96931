//! What a trial came to, in plain numbers and words: for the page, the workbook, the printed sheet
//! and a program that reads JSON. Amounts are whole 分; people are ids of files.

use super::cliffs::Cliffs;
use engine::simulate::Door;
pub use engine::simulate::Headcount as Poverty;
use serde::{Deserialize, Serialize};

/// Scenarios on the people of one month, side by side.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The month.
    pub month: String,
    /// The place whose numbers hold.
    pub place: String,
    /// When it was tried.
    pub made: String,
    /// Households of the month.
    pub households: u64,
    /// Persons of the month.
    pub persons: u64,
    /// The poverty line in words.
    pub line: String,
    /// What is to be known before the numbers are read.
    pub notes: Vec<String>,
    /// The scenarios, in the order asked.
    pub scenarios: Vec<ScenarioReport>,
    /// The same scenarios month by month, where several months were asked for.
    pub months: Vec<MonthRow>,
}

/// The scenarios on one month of several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MonthRow {
    /// The month.
    pub month: String,
    /// Households of the month.
    pub households: u64,
    /// Why the scenarios cannot be tried on it; empty where they were.
    pub why: String,
    /// The scenarios, in the order asked.
    pub scenarios: Vec<MonthFigures>,
}

/// What a scenario comes to in one month.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MonthFigures {
    /// The scenario's name.
    pub name: String,
    /// Help of the month before, in 分.
    pub before: i64,
    /// After, in 分.
    pub after: i64,
    /// Doors by what happens to them.
    pub counts: Counts,
    /// By fund, where the place names funds.
    pub funds: Vec<GroupRow>,
}

/// What one scenario came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ScenarioReport {
    /// Its name.
    pub name: String,
    /// What it changes.
    pub changes: Vec<Change>,
    /// 每月支出 before, in 分.
    pub cost_before: i64,
    /// 每月支出 after.
    pub cost_after: i64,
    /// Households (and persons without one) by what happens to all their help together.
    pub counts: Counts,
    /// By programme.
    pub programmes: Vec<ProgrammeRow>,
    /// By fund, where the place names funds.
    pub funds: Vec<GroupRow>,
    /// By township.
    pub areas: Vec<GroupRow>,
    /// By kind of family.
    pub groups: Vec<Group>,
    /// How many are poor.
    pub poverty: Option<Poverty>,
    /// All doors for which the sum of help changes, the largest change first.
    pub doors: Vec<DoorRow>,
    /// Where the money ends.
    pub cap: Option<CapReport>,
    /// Where one yuan more leaves less.
    pub cliffs: Option<Cliffs>,
    /// How often everybody was judged until the roll came to rest.
    pub passes: u32,
    /// Whether it did.
    pub at_rest: bool,
}

/// A changed number or rule file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// What: `低保标准(990101 · 城镇)`.
    pub what: String,
    /// How it is now.
    pub was: String,
    /// What is tried.
    pub is: String,
    /// The unit.
    pub unit: String,
    /// Which files state it, where it is more than one: all change together.
    pub together: Vec<String>,
}

impl Change {
    /// `低保标准(990101 · 城镇) 由 820 改为 850 元/人月`.
    pub fn words(&self) -> String {
        let told = format!(
            "{} 由 {} 改为 {} {}",
            self.what, self.was, self.is, self.unit
        );
        let together = match self.together.as_slice() {
            [] => String::new(),
            files => format!("({} 里的同一个数一起改)", files.join("、")),
        };
        format!("{}{together}", told.trim_end())
    }
}

/// Doors by what happens to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Get more, those who enter included.
    pub gain: u64,
    /// Of these, had nothing before.
    pub enter: u64,
    /// Get less, those who leave included.
    pub lose: u64,
    /// Of these, have nothing after.
    pub leave: u64,
    /// Households for which nothing changes.
    pub same: u64,
    /// Behind which some programme cannot decide, before.
    pub unsettled_before: u64,
    /// The same after.
    pub unsettled_after: u64,
}

/// One programme before and after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgrammeRow {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// 户 or 人.
    pub unit: String,
    /// Whether it pays by the month.
    pub monthly: bool,
    /// 符合 before.
    pub entitled_before: u64,
    /// 符合 after.
    pub entitled_after: u64,
    /// 待查 before.
    pub pending_before: u64,
    /// 待查 after.
    pub pending_after: u64,
    /// 不并给 keeps something from them, after.
    pub cut: u64,
    /// 符合, but the amount is not known or not decided, after.
    pub unknown: u64,
    /// 每月支出 before in 分.
    pub cost_before: i64,
    /// 每月支出 after.
    pub cost_after: i64,
    /// 新进入.
    pub enter: u64,
    /// 退出.
    pub leave: u64,
    /// Of these, how many the roll has now.
    pub leave_on_roll: u64,
    /// 增加.
    pub gain: u64,
    /// 减少.
    pub lose: u64,
}

impl ProgrammeRow {
    /// Whether anybody is 符合 on either side.
    pub fn speaks(&self) -> bool {
        self.entitled_before > 0 || self.entitled_after > 0
    }
}

/// Effects told apart by one quantity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its name.
    pub title: String,
    /// Its whole name in the rulebook.
    pub path: String,
    /// Its values.
    pub rows: Vec<GroupRow>,
}

/// One group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRow {
    /// Its name.
    pub name: String,
    /// Its area code, for areas.
    pub code: String,
    /// Doors with help before or after.
    pub doors: u64,
    /// Get more.
    pub gain: u64,
    /// Get less.
    pub lose: u64,
    /// Help a month before in 分.
    pub before: i64,
    /// Help a month after.
    pub after: i64,
}

impl GroupRow {
    pub(super) fn named(name: String) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }

    pub(super) fn add(&mut self, before: i64, after: i64) {
        self.doors = self.doors.saturating_add(1);
        self.gain = self.gain.saturating_add(u64::from(after > before));
        self.lose = self.lose.saturating_add(u64::from(after < before));
        self.before = self.before.saturating_add(before);
        self.after = self.after.saturating_add(after);
    }
}

/// A door: the id of a household's file, or of a person's where there is no household.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DoorId {
    /// 家庭
    Household(i64),
    /// 个人
    Person(i64),
}

impl From<Door> for DoorId {
    fn from(door: Door) -> Self {
        match door {
            Door::Household(id) => Self::Household(id),
            Door::Person(id) => Self::Person(id),
        }
    }
}

impl From<DoorId> for Door {
    fn from(door: DoorId) -> Self {
        match door {
            DoorId::Household(id) => Self::Household(id),
            DoorId::Person(id) => Self::Person(id),
        }
    }
}

impl DoorId {
    /// `家庭 42`.
    pub fn word(self) -> String {
        match self {
            Self::Household(id) => format!("家庭 {id}"),
            Self::Person(id) => format!("个人 {id}"),
        }
    }
}

/// A door for which help changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DoorRow {
    /// Whose.
    pub door: DoorId,
    /// Township and village.
    pub place: String,
    /// Code of the township; empty where nobody knows it.
    pub area: String,
    /// What kind of family it is, group by group, where that was asked for.
    #[serde(skip)]
    pub kinds: Vec<(String, String)>,
    /// Whether somebody on the roll is behind it for whom some programme is answered otherwise, where that
    /// was asked for.
    #[serde(skip)]
    pub turned: bool,
    /// All help a month before in 分.
    pub before: i64,
    /// All help a month after.
    pub after: i64,
    /// Whether the roll has somebody behind it under a programme that changes.
    pub on_roll: bool,
    /// Why: the programme, then the condition, amount or exclusion that changed.
    pub reasons: Vec<String>,
}

/// Whom the money reaches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CapReport {
    /// The programme it is for; all together without.
    pub programme: Option<String>,
    /// The money in 分 a month.
    pub cap: i64,
    /// Doors it reaches.
    pub covered: u64,
    /// What they take.
    pub spent: i64,
    /// What those would take whom it does not reach.
    pub excluded_cost: i64,
    /// Those it does not reach, in order.
    pub excluded: Vec<CapRow>,
}

/// A door the money does not reach.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CapRow {
    /// Whose.
    pub door: DoorId,
    /// Township and village.
    pub place: String,
    /// Income a head in 分, cut to whole 分; none where nobody knows.
    pub per_head: Option<i64>,
    /// What the rules would give in 分.
    pub amount: i64,
}
