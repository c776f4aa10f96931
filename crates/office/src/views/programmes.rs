//! 名册: the households or persons behind a programme's number of a month.

use serde::Serialize;

use super::{Behind, Choice, Page, Verdict};

/// Which part of a programme's list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProgrammeFilter {
    /// Id of the programme, e.g. `dibao`; empty asks for the first.
    pub programme: String,
    /// The month; the newest where it is not given.
    pub month: Option<String>,
    /// Who: on the roll, entitled, or unsettled.
    pub standing: Standing,
    /// Code of a township.
    pub township: Option<String>,
    /// The page, as [`Page::next`] gave it.
    pub cursor: Option<String>,
}

/// How somebody stands to a programme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// 在册: somebody signed, help is paid.
    #[default]
    OnRoll,
    /// 符合: the rules say yes.
    Entitled,
    /// 待查: a fact is missing.
    Unsettled,
}

/// One page of a programme's list.
#[derive(Clone, Debug, Serialize)]
pub struct ProgrammeList {
    /// The filter as understood, with its month.
    pub filter: ProgrammeFilter,
    /// The programme's name.
    pub title: String,
    /// Its file in the rulebook.
    pub rule: Behind,
    /// What is counted: 户 or 人.
    pub unit: String,
    /// Programmes to choose from.
    pub programmes: Vec<Choice>,
    /// Months to choose from, newest first.
    pub months: Vec<Choice>,
    /// Townships to choose from.
    pub townships: Vec<Choice>,
    /// The rows.
    pub page: Page<StandingRow>,
}

/// One household or person in the list.
#[derive(Clone, Debug, Serialize)]
pub struct StandingRow {
    /// Whom, masked.
    pub subject: String,
    /// Their file.
    pub about: Behind,
    /// Village and township.
    pub place: String,
    /// How many members, e.g. 3 人; empty for a person.
    pub members: String,
    /// What the rules say this month.
    pub verdict: Verdict,
    /// What the rules give, e.g. `1,240.00 元/月`.
    pub benefit: Option<String>,
    /// What the roll pays.
    pub paid: Option<String>,
    /// On the roll since, e.g. `2024-03`.
    pub since: Option<String>,
}

impl Standing {
    /// Every standing.
    pub const ALL: [Standing; 3] = [Standing::OnRoll, Standing::Entitled, Standing::Unsettled];

    /// As an address carries it.
    pub fn code(self) -> &'static str {
        match self {
            Standing::OnRoll => "on-roll",
            Standing::Entitled => "entitled",
            Standing::Unsettled => "unsettled",
        }
    }

    /// The standing an address carries.
    pub fn from_code(code: &str) -> Option<Standing> {
        Standing::ALL
            .into_iter()
            .find(|standing| standing.code() == code)
    }

    /// The office's word.
    pub fn word(self) -> &'static str {
        match self {
            Standing::OnRoll => "在册",
            Standing::Entitled => "符合条件",
            Standing::Unsettled => "待查",
        }
    }
}
