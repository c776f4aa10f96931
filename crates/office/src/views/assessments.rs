//! 评估名单: the persons, households or places behind a value of an assessment, such as a watch list, a pool
//! or a level.

use serde::Serialize;

use super::{Behind, Choice, Count, Page};

/// Which list of which assessment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AssessmentFilter {
    /// Id of the assessment, e.g. `resilience`; empty asks for the place's own first one.
    pub assessment: String,
    /// The quantity, e.g. 级; empty asks for the first 归类.
    pub quantity: String,
    /// Its value, e.g. 一级; empty asks for all who have one, in the order of the values.
    pub value: String,
    /// The month; the newest where it is not given.
    pub month: Option<String>,
    /// Code of a township.
    pub township: Option<String>,
    /// The page, as [`Page::next`] gave it.
    pub cursor: Option<String>,
}

/// One page of an assessment's list.
#[derive(Clone, Debug, Serialize)]
pub struct AssessmentList {
    /// The filter as understood.
    pub filter: AssessmentFilter,
    /// The assessment's name.
    pub title: String,
    /// Its file in the rulebook.
    pub rule: Behind,
    /// What is counted: 户, 人 or 处.
    pub unit: String,
    /// Assessments to choose from, the place's own first.
    pub assessments: Vec<Choice>,
    /// Months to choose from, newest first.
    pub months: Vec<Choice>,
    /// Townships to choose from.
    pub townships: Vec<Choice>,
    /// Its quantities, each value with how many have it.
    pub quantities: Vec<AssessmentQuantity>,
    /// The rows.
    pub page: Page<AssessedRow>,
}

/// A quantity of an assessment.
#[derive(Clone, Debug, Serialize)]
pub struct AssessmentQuantity {
    /// Its name.
    pub name: String,
    /// Its values, in the order the rulebook declares them, 待查 last; those nobody has are left out.
    pub values: Vec<AssessedValue>,
}

/// How many have a value.
#[derive(Clone, Debug, Serialize)]
pub struct AssessedValue {
    /// The value.
    pub word: String,
    /// How many, and their list.
    pub count: Count,
    /// Whether it is the list shown.
    pub chosen: bool,
}

/// One person, household or place.
#[derive(Clone, Debug, Serialize)]
pub struct AssessedRow {
    /// Whom, masked.
    pub subject: String,
    /// Their file.
    pub about: Behind,
    /// Village and township.
    pub place: String,
    /// Every quantity with what it is.
    pub values: Vec<(String, String)>,
}
