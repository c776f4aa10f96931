//! 把关 of the steps after a decision: no hearing step without the family's words, no decision step without its
//! decision, no delivery without its effect, whoever says so and through whichever page.

use super::super::guard::opened;
use super::super::{Case, CaseError, Done};
use domain::procedure::{Ground, Step};
use store::reviews::{self, AfterState};
use store::{JournalTx, hearings};

/// Refuses a completion that lacks the record it stands for.
pub(in super::super) async fn before(tx: &JournalTx, case: &Case, step: &Step) -> Done<()> {
    let since = opened(case);
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
        Some(Ground::Verification | Ground::Visit | Ground::Opinion | Ground::Decision) | None => {
            Ok(())
        }
    }
}
