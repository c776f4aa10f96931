//! What nobody holds any longer goes: pictures of a thing that was dropped, and files no row opens.

use super::PhotoAbout;
use crate::casework::{CaseError, Done};
use crate::error::OfficeError;
use crate::office::Office;
use store::photos as kept;
use store::{Act, JournalTx};

/// What belonged to a thing goes with it, and nobody opens it again.
///
/// # Errors
/// The record cannot be written.
pub(crate) async fn destroy(
    office: &Office,
    tx: &mut JournalTx,
    actor: &str,
    about: &PhotoAbout,
    because: &str,
) -> Done<()> {
    let at = office.clock.at();
    let many = kept::destroy(tx, (&at, actor), about, because).await?;
    if many > 0 {
        let act = Act::new(&at, actor, "photo.drop").on(about.kind.word(), &about.key);
        tx.record(act.because(format!("{because},共 {many} 份")));
    }
    Ok(())
}

/// Removes files without a row from the data folder, a day after they were written: a write that came to
/// nothing left them. To be called when the program starts, before anything is taken in.
///
/// # Errors
/// The record or the folder cannot be read.
pub async fn sweep(office: &Office) -> Done<usize> {
    let day = jiff::SignedDuration::from_hours(24);
    let before = office.clock.now().checked_sub(day);
    let before =
        before.map_err(|_| CaseError::Office(OfficeError::Other("时钟不对".to_owned())))?;
    let folder = office.store.folder();
    Ok(kept::sweep(&office.store, folder, before.into()).await?)
}

/// Files in the data folder that are not what the record says, at most some; and how many were looked at.
///
/// # Errors
/// The record cannot be read.
pub(crate) async fn unsound(office: &Office) -> crate::Result<(Vec<String>, u64)> {
    const TOLD_MAX: usize = 20;
    let folder = office.store.folder();
    Ok(kept::unsound(&office.store, folder, TOLD_MAX).await?)
}
