//! 谁看过: a look at a case is in the chain before anything of it is shown.

use super::{Case, Done};
use crate::access::Acting;
use crate::office::Office;
use store::Act;

/// Writes down that somebody looks at a case, at the household's door where there is one, so that the household's file
/// tells who looked too.
///
/// # Errors
/// The record.
pub(super) async fn note_look(
    office: &Office,
    who: &Acting,
    case: &Case,
    because: &str,
) -> Done<()> {
    let look = Act::new(&office.clock.at(), who.login(), "read.case");
    let content = &case.application.content;
    let look = match case.row.content.household.or(content.household) {
        Some(home) => look
            .on("household", home)
            .under(format!("case:{}", case.no())),
        None => look.on("case", case.no()),
    };
    let look = look
        .because(because)
        .carrying(format!("{{\"channel\":\"{}\"}}", who.channel().word()));
    office.store.record_alone(look).await?;
    Ok(())
}
