//! 办到哪里: where a case stands in words. The telephone and the office's page say it from here, so that they cannot
//! say two things.

use super::{Case, CaseError, Done};
use crate::office::Office;
use domain::casework as machine;

impl Case {
    /// Where it stands, as the applicant and the office both read it.
    #[must_use]
    pub fn stands(&self) -> String {
        let at = |said: &str| match &self.standing.open {
            Some(open) => format!("{said},正在“{}”", open.name),
            None => said.to_owned(),
        };
        match (self.standing.closed, self.standing.decided) {
            (Some((outcome, day)), _) => format!("{day} 办结:{}", outcome.name()),
            (None, Some(_)) => at("已作出决定"),
            (None, None) => at("受理中"),
        }
    }

    /// Whether the allowed time of a reason to pause is used up already.
    pub(super) fn is_pause_used_up(&self, office: &Office, reason: &str) -> Done<bool> {
        let Some(allowed) = self.procedure.pause(reason).and_then(|p| p.at_most) else {
            return Ok(false);
        };
        let from = office.clock.today().max(self.standing.newest);
        let calendar = office.calendar()?;
        let last = machine::pause_left(&self.standing, reason, allowed, calendar, from);
        let last = last.map_err(|none| CaseError::Refused(none.to_string()))?;
        Ok(last <= from)
    }
}
