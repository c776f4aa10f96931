//! 总览: what must be done now, and the month in numbers that open the list they count.

use serde::Serialize;

use super::{Behind, Count, KindView, Tone};

/// The first page of an office.
#[derive(Clone, Debug, Serialize)]
pub struct Overview {
    /// The month shown, e.g. `2026-08`.
    pub month: String,
    /// The months that were judged, newest first.
    pub months: Vec<String>,
    /// What must be done now, most urgent first; empty when nothing waits.
    pub todos: Vec<Todo>,
    /// The month in a few numbers.
    pub figures: Vec<Figure>,
    /// Open warnings by kind, most first.
    pub kinds: Vec<KindRow>,
    /// Open warnings by township, in the order of the areas; each with its parts by kind.
    pub townships: Vec<TownshipRow>,
    /// Who receives and who is entitled, programme by programme, oldest month first.
    pub programmes: Vec<ProgrammeRow>,
    /// What the place's own assessments say of everybody, value by value.
    pub assessments: Vec<AssessmentRow>,
    /// The run the numbers come from, if there was one.
    pub run: Option<RunView>,
}

/// One 归类 of an assessment.
#[derive(Clone, Debug, Serialize)]
pub struct AssessmentRow {
    /// The assessment's name.
    pub title: String,
    /// All who have a value.
    pub behind: Behind,
    /// 户, 人 or 处.
    pub unit: String,
    /// The quantity with its values and how many have them.
    pub quantity: super::AssessmentQuantity,
}

/// One thing that waits for a person.
#[derive(Clone, Debug, Serialize)]
pub struct Todo {
    /// What it is, e.g. 死亡后仍在发放.
    pub title: String,
    /// Why it matters and what to do, in one sentence.
    pub advice: String,
    /// How many, and which.
    pub count: Count,
    /// The unit of the count, e.g. 人.
    pub unit: String,
    /// How urgent.
    pub tone: Tone,
}

/// A number of the month.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// What is counted, e.g. 在册低保户.
    pub label: String,
    /// The number, ready to read, e.g. `2,014`.
    pub value: String,
    /// Its unit, e.g. 户.
    pub unit: String,
    /// A remark beneath, e.g. 比上月多 12 户.
    pub note: Option<String>,
    /// The list behind it.
    pub behind: Behind,
}

/// Open warnings of one kind.
#[derive(Clone, Debug, Serialize)]
pub struct KindRow {
    /// The kind.
    pub kind: KindView,
    /// How many, and which.
    pub count: Count,
}

/// Open warnings of one township.
#[derive(Clone, Debug, Serialize)]
pub struct TownshipRow {
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// All open warnings.
    pub count: Count,
    /// The same by kind, in the order of [`Overview::kinds`]; a kind without a warning has 0.
    pub parts: Vec<Count>,
}

/// One programme over the months.
#[derive(Clone, Debug, Serialize)]
pub struct ProgrammeRow {
    /// Its id, e.g. `dibao`.
    pub id: String,
    /// Its name, e.g. 最低生活保障.
    pub title: String,
    /// What is counted: 户 or 人.
    pub unit: String,
    /// Month by month, oldest first.
    pub months: Vec<ProgrammeMonth>,
    /// Open warnings: entitled and not receiving.
    pub missing: Count,
    /// Open warnings: receiving and no longer entitled.
    pub leaving: Count,
}

/// One programme in one month.
#[derive(Clone, Debug, Serialize)]
pub struct ProgrammeMonth {
    /// The month.
    pub month: String,
    /// 在册.
    pub on_roll: Count,
    /// 符合 by the rules.
    pub entitled: Count,
    /// 待查.
    pub unsettled: Count,
}

/// The monthly run behind the numbers.
#[derive(Clone, Debug, Serialize)]
pub struct RunView {
    /// The month judged.
    pub month: String,
    /// When it ended.
    pub finished: String,
    /// How long it took, e.g. 41 秒.
    pub took: String,
    /// How many persons were judged.
    pub persons: String,
    /// How many households.
    pub households: String,
    /// Hash of the rulebook it used.
    pub rulebook: String,
}
