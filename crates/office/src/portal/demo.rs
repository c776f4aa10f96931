//! 演示: a resident with an open case, whose codes are read on the outbox page. Only where all people are
//! invented.

use crate::access::Access;
use crate::casework::{CaseError, Done};
use crate::desk::minute;
use crate::office::Office;
use store::portal;
use store::tokens::Tokeniser;
use store::{Act, cases};

/// The telephone of the demo's resident; all telephones of the demo are invented.
pub const PHONE: &str = "19900000001";
/// Messages that are shown.
const SHOWN: u32 = 50;
/// Cases that are read to find one.
const CASES_READ: u32 = 500;

/// A message of the demo.
#[derive(Clone, Debug)]
pub struct Posted {
    /// When.
    pub at: String,
    /// To which telephone, masked.
    pub phone: String,
    /// What it says.
    pub body: String,
}

/// The messages a gateway would send; only where all people are invented.
///
/// # Errors
/// People here are real, or the record.
pub async fn outbox(access: &Access) -> Done<Vec<Posted>> {
    let none = || CaseError::NotFound("没有这个页面".to_owned());
    if !access.is_simple().await? {
        return Err(none());
    }
    let sent = portal::messages(&access.office().store, SHOWN).await?;
    let row = |one: portal::Message| Posted {
        at: minute(&one.at),
        phone: store::identity::mask_phone(&one.phone),
        body: one.body,
    };
    Ok(sent.into_iter().map(row).collect())
}

/// Binds the demo's resident to somebody with an open case; answers the number of the case, none where
/// there is none or it was done before.
///
/// # Errors
/// People here are real, or the record.
pub async fn fill(access: &Access) -> Done<Option<i64>> {
    let office: &Office = access.office();
    if !access.is_simple().await? {
        let said = "只有演示数据(99 开头的地区)可以建演示居民";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let store = &office.store;
    let token = Tokeniser::of(store).phone(PHONE);
    if portal::by_phone(store, token).await?.is_some() {
        return Ok(None);
    }
    // The newest come first: the oldest open one has most to show.
    let rows = cases::list(store, None, i64::MAX, CASES_READ).await?;
    let mut oldest = rows.iter().rev();
    let Some(row) = oldest.find(|row| row.state == cases::CaseState::Open) else {
        return Ok(None);
    };
    let at = office.clock.at();
    let mut tx = store.write().await?;
    let no = portal::open(&mut tx, &at, token, PHONE).await?;
    portal::bind(&mut tx, &at, "system", no, row.content.applicant).await?;
    let act = Act::new(&at, "system", "resident.bind").on("resident", no);
    tx.record(act.because("演示居民"));
    tx.commit().await?;
    Ok(Some(row.no.get()))
}
