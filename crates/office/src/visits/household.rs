//! 住户签名: the form of a visit is signed by somebody of the household, or says why not. Investigators stand for it by
//! their own sessions; this is the family's word beside theirs.

use super::form::Form;
use crate::casework::{CaseError, Done};
use crate::office::Office;
use store::Reads;
use store::photos::{self, AboutKind, PhotoAbout, PhotoRole};
use store::visits::Visit;

/// What a signature of somebody of the household is labelled with.
const LABEL: &str = "住户";
const LIST: &str = "unsigned.csv";

/// Whether somebody of the household signed.
async fn is_signed(on: &impl Reads, no: i64) -> Done<bool> {
    let about = PhotoAbout::new(AboutKind::Visit, no);
    let kept = photos::of(on, &about).await?;
    let own = |one: &photos::Photo| one.role == PhotoRole::Signature && one.label == LABEL;
    Ok(kept.iter().any(own))
}

/// Why nobody may have signed, by the rulebook's list; the place's own before the general one. A version signed
/// before there was a list asks for nothing.
fn reasons(office: &Office) -> Vec<String> {
    let rows = crate::rulebook::tables::rows(office, LIST);
    let names = rows.filter_map(|row| row.into_iter().next());
    names.filter(|name| !name.is_empty()).collect()
}

/// The reasons a form asks to choose from, while nobody of the household has signed it.
pub(super) async fn asked(
    office: &Office,
    on: &impl Reads,
    (form, no): (&Form, i64),
) -> Done<Vec<String>> {
    match form.is_signed && !is_signed(on, no).await? {
        true => Ok(reasons(office)),
        false => Ok(Vec::new()),
    }
}

/// Why nobody signed, as it is kept: nothing where somebody did, or the form asks for no signature.
///
/// # Errors
/// Nobody signed, and no reason of the list was given.
pub(super) async fn signed_or_why(
    office: &Office,
    on: &impl Reads,
    what: (&Form, i64),
    why: &str,
) -> Done<String> {
    let reasons = asked(office, on, what).await?;
    if reasons.is_empty() || reasons.iter().any(|one| one == why) {
        return Ok(match reasons.is_empty() {
            true => String::new(),
            false => why.to_owned(),
        });
    }
    Err(CaseError::Refused(format!(
        "《{}》要有住户签名:请住户在下面签名,或者选没有签的原因({})",
        what.0.record,
        reasons.join("、")
    )))
}

/// What the form says of it, for the page and its print.
pub(super) async fn words(on: &impl Reads, visit: &Visit) -> Done<String> {
    Ok(
        match (is_signed(on, visit.no).await?, visit.not_signed.as_str()) {
            (true, _) => "住户已签名".to_owned(),
            (false, "") => "住户没有签名".to_owned(),
            (false, why) => format!("住户没有签名:{why}"),
        },
    )
}
