//! 把关 of the steps after a decision: no hearing step without the family's words, no decision step without its
//! decision, no delivery without its effect, whoever says so and through whichever page.

use super::super::guard::opened;
use super::super::{Case, CaseError, Done};
use crate::access::Acting;
use crate::disbursement;
use crate::office::Office;
use domain::Month;
use domain::procedure::{Ground, Purpose, Step};
use store::reviews::{self, AfterDecision, AfterKind, AfterState};
use store::{JournalTx, hearings};

/// Refuses a completion that lacks the record it stands for.
pub(in super::super) async fn before(
    office: &Office,
    tx: &JournalTx,
    case: &Case,
    step: &Step,
) -> Done<()> {
    let since = opened(case);
    if step.ground != Some(Ground::Hearing) && super::hearing::tells(case, step) {
        let all = hearings::notices(tx, case.no()).await?;
        if !all.iter().any(|one| Some(&one.at) >= since) {
            let said = format!(
                "“{}”要先告知本人;请打开“后续”页 /reviews/{} 办",
                step.name,
                case.no()
            );
            return Err(CaseError::Refused(said));
        }
    }
    let page = format!("请打开“后续”页 /reviews/{} 办", case.no());
    match step.ground {
        Some(Ground::Hearing) => {
            let all = hearings::hearings(tx, case.no()).await?;
            let mut here = all.iter().filter(|one| one.content.step == step.name);
            if here.any(|one| Some(&one.at) >= since) {
                return Ok(());
            }
            let said = format!("“{}”要先记下本人说了什么;{page}", step.name);
            Err(CaseError::Refused(said))
        }
        Some(Ground::Adjustment) => {
            let all = reviews::decisions(tx, case.no()).await?;
            let mut here = all.iter().filter(|one| one.content.step == step.name);
            if here.any(|one| Some(&one.at) >= since && one.state != AfterState::Replaced) {
                return Ok(());
            }
            let said = format!("“{}”要有签署的处理决定;{page}", step.name);
            Err(CaseError::Refused(said))
        }
        Some(Ground::Delivery) => {
            let all = reviews::decisions(tx, case.no()).await?;
            let newest = all.last().map(|one| one.state);
            if newest == Some(AfterState::Effective) {
                return Ok(());
            }
            let said = format!("“{}”要先记下决定怎样送达;{page}", step.name);
            Err(CaseError::Refused(said))
        }
        None => last_month(office, tx, case, step).await,
        Some(
            Ground::Verification
            | Ground::Visit
            | Ground::Opinion
            | Ground::Finding
            | Ground::FirstHelp
            | Ground::Payment
            | Ground::Decision
            | Ground::Assist,
        ) => Ok(()),
    }
}

/// The wait of a gradual exit leads to its end only in the last month that is paid.
async fn last_month(office: &Office, tx: &JournalTx, case: &Case, step: &Step) -> Done<()> {
    let next = case.procedure.next_of(&step.name, &case.standing.told);
    if next.and_then(|next| next.ground) != Some(Ground::Adjustment) {
        return Ok(());
    }
    let Some(after) = reviews::of_case(tx, case.no()).await? else {
        return Ok(());
    };
    let decided = reviews::decisions(tx, case.no()).await?;
    let leaves = |one: &AfterDecision| {
        one.content.kind == AfterKind::Exit && one.state == AfterState::Effective
    };
    if !decided.iter().any(leaves) {
        return Ok(());
    }
    let help = store::entitlements::find(tx, after.entitlement).await?;
    let Some(to) = help.and_then(|help| help.to) else {
        return Ok(());
    };
    if Month::containing(office.clock.today()).next() >= to {
        return Ok(());
    }
    let said = format!(
        "渐退期到 {} 为止,期满以前不办期满停发;失去工作的请先登记,要提前停发的另立停发办件",
        to.prev()
    );
    Err(CaseError::Refused(said))
}

/// A case of a recovery that ends without a decision to ask anything back ends the recovery with it.
pub(in super::super) async fn ended(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    (case, step): (&Case, &str),
) -> Done<()> {
    if case.procedure.purpose != Purpose::Recovery || case.standing.open.is_some() {
        return Ok(());
    }
    let after = reviews::of_case(tx, case.no()).await?;
    let Some(recovery) = after.and_then(|after| after.recovery) else {
        return Ok(());
    };
    let decided = reviews::decisions(tx, case.no()).await?;
    let asks = |one: &AfterDecision| {
        one.content.kind == AfterKind::Recover && one.state == AfterState::Effective
    };
    if decided.iter().any(asks) {
        return Ok(());
    }
    let why = format!("办件 № {} {step}:没有多领", case.no());
    disbursement::nothing_beyond(office, tx, who.login(), recovery, &why).await?;
    Ok(())
}
