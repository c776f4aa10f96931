//! What is photographed and signed at a door.

use super::{find, going_on};
use crate::access::Acting;
use crate::casework::{CaseError, Done};
use crate::office::Office;
use crate::photos::{self, AboutKind, Kept, NewPhoto, PhotoAbout, PhotoError, PhotoRole};
use store::visits::{Visit, VisitFor};

/// A photo or signature, as the form sends it. Has no printable form.
pub struct VisitPhoto<'a> {
    /// What for.
    pub role: PhotoRole,
    /// What it shows; for a signature the account of the investigator who signed, or 住户. It stands for the
    /// investigator only when their own session sends it.
    pub label: &'a str,
    /// The file's name as it was sent.
    pub name: &'a str,
    /// What the device's clock said; may be empty.
    pub said_at: &'a str,
    /// The file.
    pub bytes: Vec<u8>,
}

/// What a visit is part of, as photos are kept under it.
fn matter(visit: &Visit) -> String {
    match visit.content.about {
        VisitFor::Case(_, application) => format!("application:{application}"),
        VisitFor::Task(task) => format!("task:{task}"),
    }
}

/// Asks, before anything is read, whether this person may fill a visit in now.
///
/// # Errors
/// No right, no such visit, or it has ended.
pub async fn may_fill(office: &Office, who: &Acting, no: i64) -> Done<()> {
    let (visit, door) = find(office, who, no).await?;
    going_on(who, &visit, &door).map(|_| ())
}

/// Keeps a photo or a signature of a visit that goes on; the same once more is nothing new.
///
/// # Errors
/// No right, no such visit, it has ended, or the file is not taken.
pub async fn add_photo(
    office: &Office,
    who: &Acting,
    no: i64,
    photo: VisitPhoto<'_>,
) -> Result<Kept, PhotoError> {
    let (visit, door) = find(office, who, no).await?;
    going_on(who, &visit, &door)?;
    if photo.role == PhotoRole::Signature && photo.label.trim().is_empty() {
        return Err(PhotoError::Label(
            "请写明是谁签的名:调查人写账号,住户写“住户”",
        ));
    }
    let about = PhotoAbout::new(AboutKind::Visit, no);
    let under = matter(&visit);
    // Looked into before the turn to write is taken: nobody else waits while a picture is read.
    let bytes = photos::looked(office, &about, vec![photo.bytes]).await?;
    let mut tx = office.begin().await?;
    let new = NewPhoto {
        about: &about,
        under: &under,
        role: photo.role,
        label: photo.label,
        name: photo.name,
        said_at: photo.said_at,
        bytes: bytes.into_iter().next().unwrap_or_default(),
    };
    let kept = photos::keep(office, &mut tx, who.login(), new).await?;
    if !kept.again {
        office.end(tx).await?;
    }
    Ok(kept)
}

/// Takes a photo of a visit that goes on back, with a reason; only whoever brought it.
///
/// # Errors
/// As [`add_photo`]; it is somebody else's, or no reason is given.
pub async fn withdraw_photo(
    office: &Office,
    who: &Acting,
    (no, photo): (i64, i64),
    because: &str,
) -> Result<(), PhotoError> {
    let (visit, door) = find(office, who, no).await?;
    going_on(who, &visit, &door)?;
    let about = PhotoAbout::new(AboutKind::Visit, no);
    let found = store::photos::find(&office.store, photo).await?;
    let own = found.is_some_and(|one| one.actor == who.login());
    if !own {
        let said = "只能撤下自己传的照片";
        return Err(CaseError::Forbidden(said.to_owned()).into());
    }
    let mut tx = office.begin().await?;
    photos::withdraw(office, &mut tx, who.login(), &about, photo, because).await?;
    office.end(tx).await?;
    Ok(())
}
