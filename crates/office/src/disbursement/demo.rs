//! 演示: the roll of an invented county opened as accounts, one month paid through the hands of three
//! people with some of it coming back from the bank, and the reissue waiting for whoever checks it.

use super::{Paid, PayError, answer, approve, check, prepare, release, seal, take_over};
use crate::access::{Access, Acting};
use crate::casework::demo::acting;
use crate::monitoring;
use domain::Month;
use std::path::Path;

/// What was made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Made {
    /// The batch that was paid.
    pub paid: i64,
    /// Its lines the bank sent back.
    pub returned: u64,
}

/// Makes them. `bank` answers the file it is given: the answer's name and bytes.
///
/// # Errors
/// The record, or a roll that has not come. An account the demo lacks makes nothing.
pub async fn fill(
    access: &Access,
    now: &str,
    bank: impl Fn(&Path) -> Option<(String, Vec<u8>)>,
) -> Paid<Made> {
    let office = access.office();
    let newest = monitoring::months(office).await?.pop();
    let (Some(rolled), Some(maker), Some(checker), Some(releaser)) = (
        newest,
        hand(access, "chen", now).await?,
        hand(access, "chen2", now).await?,
        hand(access, "chen3", now).await?,
    ) else {
        return Ok(Made::default());
    };
    take_over(office, &maker, rolled).await?;
    let Some(month) = Month::from_index(rolled.index().saturating_add(1)) else {
        return Ok(Made::default());
    };
    let paid = prepare(office, &maker, "monthly", month, |_| ())
        .await?
        .batch;
    check(office, &checker, paid).await?;
    approve(office, &releaser, paid).await?;
    seal(office, &releaser, paid).await?;
    let sent = release(office, &releaser, paid, |_| ()).await?;
    let Some((name, bytes)) = bank(&sent) else {
        return Ok(Made { paid, returned: 0 });
    };
    let answered = answer(office, &checker, paid, &name, &bytes).await?;
    if answered.returned > 0 {
        prepare(office, &maker, "reissue", month, |_| ()).await?;
    }
    Ok(Made {
        paid,
        returned: answered.returned,
    })
}

/// A demo account at the machine.
async fn hand(access: &Access, login: &str, now: &str) -> Paid<Option<Acting>> {
    let acting = acting(access, login, now).await;
    acting.map_err(|error| PayError::Refused(error.to_string()))
}
