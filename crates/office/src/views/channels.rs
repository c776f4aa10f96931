//! 政策找人 and 困难家庭查询, as pages show them: what the rules find for a household that it does not get, and in
//! which registers of hardship somebody stands.

/// What the rules find possible for a household, before anybody ranked or confirmed it.
#[derive(Clone, Debug)]
pub struct FoundFor {
    /// The household.
    pub household: i64,
    /// Its number.
    pub number: String,
    /// Its head, masked.
    pub head: String,
    /// Where it lives, in words.
    pub place: String,
    /// The month whose facts were judged.
    pub month: domain::Month,
    /// The programmes, in the order of the rulebook.
    pub programmes: Vec<FoundProgramme>,
}

/// A programme the household or a member does not get.
#[derive(Clone, Debug)]
pub struct FoundProgramme {
    /// Its policy's name.
    pub programme: String,
    /// What officials call it.
    pub title: String,
    /// The member it is for; none for the household.
    pub person: Option<i64>,
    /// Whom it is for, masked.
    pub subject: String,
    /// Whether the rules say 符合; else 待查.
    pub met: bool,
    /// The conditions that hold, by name.
    pub holds: Vec<String>,
    /// What is still to be found out.
    pub asks: Vec<String>,
    /// The conditions met only by applying; these alone do not hold.
    pub lacks: Vec<String>,
    /// The file of the rulebook.
    pub rule: String,
}

/// Where somebody stands in the register of households in hardship.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hardship {
    /// The month whose rolls were read.
    pub month: String,
    /// The programmes of which the person, or the household, is on the roll or paid by a decision taken here.
    pub statuses: Vec<String>,
}
