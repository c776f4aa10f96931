//! A look at files before anything is written.

use super::{
    PHOTO_BYTES_MAX, PHOTO_FILES_MAX, PHOTOS_BYTES_MAX, PhotoAbout, PhotoError, mib, picture,
};
use crate::casework::CaseError;
use crate::error::OfficeError;
use crate::office::Office;
use store::photos as kept;

/// Looks at files that are to be kept with a thing, away from whoever writes and before the first is written;
/// answers them as they came. What [`super::keep`] would refuse is refused here, for all of them or none.
///
/// # Errors
/// One of them is none of what is taken or too large, there are too many, or the record cannot be read.
pub async fn looked(
    office: &Office,
    about: &PhotoAbout,
    files: Vec<Vec<u8>>,
) -> Result<Vec<Vec<u8>>, PhotoError> {
    let there = kept::of(&office.store, about).await?;
    let sizes = there
        .iter()
        .map(|one| usize::try_from(one.size).unwrap_or(0));
    let bytes = sizes
        .chain(files.iter().map(Vec::len))
        .fold(0_usize, usize::saturating_add);
    let most = there.len().saturating_add(files.len());
    // One alone may be the same once more, which takes no room: that is asked where it is kept.
    if files.len() > 1 && (most > PHOTO_FILES_MAX || bytes > PHOTOS_BYTES_MAX) {
        return Err(PhotoError::TooMany {
            files: most,
            bytes: mib(bytes),
            most: PHOTO_FILES_MAX,
            room: mib(PHOTOS_BYTES_MAX),
        });
    }
    let looking = tokio::task::spawn_blocking(move || {
        for one in &files {
            sized(one)?;
            picture::look(one)?;
        }
        Ok(files)
    });
    let broken = |_| CaseError::Office(OfficeError::Other("照片没有看完".to_owned()));
    looking.await.map_err(broken)?
}

/// It has bytes, and not too many.
pub(super) fn sized(bytes: &[u8]) -> Result<(), PhotoError> {
    if bytes.is_empty() {
        return Err(PhotoError::Empty);
    }
    if bytes.len() > PHOTO_BYTES_MAX {
        return Err(PhotoError::TooLarge {
            found: mib(bytes.len()),
            most: mib(PHOTO_BYTES_MAX),
        });
    }
    Ok(())
}
