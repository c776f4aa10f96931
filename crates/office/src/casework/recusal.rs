//! 由谁回避: whoever looked into a case, found its facts out or led its hearing leaves what follows to somebody
//! else. A page asks here before it offers anything, so that it says in words what the act would refuse.

use super::{Case, CaseError, Done, decision, first_help, guard, is_own};
use crate::access::Acting;
use crate::office::Office;
use domain::procedure::Ground;
use store::Reads;

/// Between two who stay away.
const BETWEEN: &str = "、";

/// Why somebody whose role does the open step does not do it, and who else stays away; none where nothing stands
/// against it, or where the step is another role's anyway.
pub(super) async fn against(
    office: &Office,
    on: &impl Reads,
    who: &Acting,
    case: &Case,
) -> Done<Option<String>> {
    let Some(step) = case.open_step().filter(|_| case.is_for(who)) else {
        return Ok(None);
    };
    if let Some(why) = said(is_own(who, case))? {
        return Ok(Some(why));
    }
    let kept = case.standing.kept_from(&case.procedure);
    if let Some(did) = kept.get(who.login()) {
        let all = kept.iter().map(|(login, did)| format!("{login}({did})"));
        let all: Vec<String> = all.collect();
        return Ok(Some(format!(
            "您办过这一件的“{did}”,请回避:“{}”由另外的人办;要回避的有 {}",
            step.name,
            all.join(BETWEEN)
        )));
    }
    if matches!(step.ground, Some(Ground::Decision | Ground::Adjustment))
        && let Some(why) = said(decision::not_an_investigator(on, who, case).await)?
    {
        return Ok(Some(why));
    }
    if guard::is_decision(step) || first_help::is_first_help(case) {
        return said(first_help::not_a_finder(office, on, who, case).await);
    }
    Ok(None)
}

/// The words of a refusal; what is broken stays broken.
pub(super) fn said(answer: Done<()>) -> Done<Option<String>> {
    match answer {
        Ok(()) => Ok(None),
        Err(CaseError::Office(error)) => Err(CaseError::Office(error)),
        Err(why) => Ok(Some(why.to_string())),
    }
}
