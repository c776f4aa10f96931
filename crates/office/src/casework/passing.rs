//! 转办和移交: a case goes to another place, or its open step to one official; its clock goes on as it was.

use super::{Case, CaseError, Done, Standing, Told, What, able, happen, is_own, not_a_relative};
use crate::access::{Acting, Right};
use crate::office::Office;
use domain::AreaCode;
use store::JournalTx;

/// 转办 to another place; the day it was handed in stays.
///
/// # Errors
/// No reason, no such place, or the open step is not this person's.
pub async fn transfer<'c>(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    case: &'c mut Case,
    to: AreaCode,
    because: &str,
) -> Done<&'c Standing> {
    is_own(who, case)?;
    let today = office.clock.today();
    if store::areas::find(tx, &to, today).await?.is_none() {
        return Err(CaseError::Refused(format!(
            "没有代码为 {} 的地区",
            to.as_str()
        )));
    }
    let told = Told::plain("case.transfer", because);
    happen(office, tx, who, case, What::Transferred { to }, told).await
}

/// 移交 of the open step to one official, or to nobody by name with an empty account.
///
/// # Errors
/// That account may not do the step here.
pub async fn hand_over<'c>(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    case: &'c mut Case,
    to: &str,
    because: &str,
) -> Done<&'c Standing> {
    not_a_relative(who, case)?;
    let overseer = who.scope(Right::CASE_OVERSEE);
    if !case.is_for(who) && !overseer.is_ok_and(|scope| scope.contains(&case.standing.area)) {
        return Err(CaseError::Forbidden("这一步不归您办,不能移交".to_owned()));
    }
    let to = to.trim();
    if !to.is_empty() && case.standing.open.is_some() {
        able::is_able(office, tx, who, case, to).await?;
    }
    let what = What::HandedOver { to: to.to_owned() };
    let told = Told::plain("case.hand-over", because);
    happen(office, tx, who, case, what, told).await
}
