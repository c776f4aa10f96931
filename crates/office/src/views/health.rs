//! Whether the machine is well: what `doudi doctor` sees, for a page.

use serde::Serialize;

use super::Tone;

/// The state of the machine.
#[derive(Clone, Debug, Serialize)]
pub struct HealthView {
    /// Version of the program.
    pub version: String,
    /// Hash of the rulebook in force.
    pub rulebook: String,
    /// One line a check.
    pub checks: Vec<HealthCheck>,
}

/// One check.
#[derive(Clone, Debug, Serialize)]
pub struct HealthCheck {
    /// What is checked, e.g. 审计链.
    pub name: String,
    /// How it is.
    pub tone: Tone,
    /// What was found, e.g. 12,044 条,首尾相接.
    pub found: String,
    /// What to do, where something is to be done.
    pub advice: Option<String>,
}
